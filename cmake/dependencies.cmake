# SPDX-License-Identifier: BSD-3-Clause
# Every library that Spikekit links, found in one place. Reasons are in lib/README.md.
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(fftw REQUIRED IMPORTED_TARGET fftw3)
find_library(SPK_RMATH NAMES Rmath REQUIRED)
find_library(SPK_MATH NAMES m REQUIRED)
