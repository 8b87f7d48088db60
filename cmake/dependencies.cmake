# SPDX-License-Identifier: BSD-3-Clause
# Every library that Spikekit links, found in one place; reasons are in lib/README.md. Projects
# that link the installed static library run this file too.
#
# The result is spikekit::dependencies, what a program that holds Spikekit's objects links, and
# spikekit::openblas within it, whose headers only lib/linalg sees.
if(TARGET spikekit::dependencies)
    return()
endif()
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(spk_jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(spk_xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(spk_fftw REQUIRED IMPORTED_TARGET fftw3)
find_library(SPK_RMATH NAMES Rmath REQUIRED)
find_library(SPK_MATH NAMES m REQUIRED)

# The serial build, as an archive: nothing of it is seen outside, and a process that also holds
# numpy's OpenBLAS runs both undisturbed. Debian keeps it in openblas-serial/.
# --wrap: its work space is not locked, see lib/linalg/blas_memory.c, which --undefined fetches.
find_library(SPK_OPENBLAS NAMES libopenblas.a PATH_SUFFIXES openblas-serial REQUIRED)
find_path(SPK_OPENBLAS_INCLUDE NAMES openblas_config.h PATH_SUFFIXES openblas-serial REQUIRED)
mark_as_advanced(SPK_RMATH SPK_MATH SPK_OPENBLAS SPK_OPENBLAS_INCLUDE)
add_library(spikekit::openblas UNKNOWN IMPORTED)
set_target_properties(spikekit::openblas PROPERTIES
                      IMPORTED_LOCATION ${SPK_OPENBLAS}
                      INTERFACE_INCLUDE_DIRECTORIES ${SPK_OPENBLAS_INCLUDE}
                      INTERFACE_LINK_OPTIONS "LINKER:--wrap=blas_memory_alloc,--wrap=blas_memory_free,--undefined=__wrap_blas_memory_alloc"
                      INTERFACE_LINK_LIBRARIES "${SPK_MATH};Threads::Threads")

add_library(spikekit::dependencies INTERFACE IMPORTED)
target_link_libraries(spikekit::dependencies INTERFACE
                      ZLIB::ZLIB PkgConfig::spk_jansson PkgConfig::spk_xxhash
                      PkgConfig::spk_fftw ${SPK_RMATH} spikekit::openblas ${SPK_MATH}
                      Threads::Threads)
