# SPDX-License-Identifier: BSD-3-Clause
# What `cmake --install` puts where: library, headers, spikekitConfig.cmake and spikekit.pc.
# The install components are runtime (library, command) and development (the rest).
include(CMakePackageConfigHelpers)
set(spk_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/spikekit)

# Two export sets, so that whoever links the shared library needs none of its dependencies.
install(TARGETS spikekit EXPORT spikekit_shared
        LIBRARY COMPONENT runtime NAMELINK_COMPONENT development)
install(TARGETS spikekit_static EXPORT spikekit_static ARCHIVE COMPONENT development)
foreach(kind shared static)
    install(EXPORT spikekit_${kind} NAMESPACE spikekit:: FILE spikekit-${kind}.cmake
            DESTINATION ${spk_package_dir} COMPONENT development)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/spikekit COMPONENT development
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/spikekitConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/spikekitConfig.cmake
                              INSTALL_DESTINATION ${spk_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/spikekitConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/spikekitConfig.cmake
              ${PROJECT_BINARY_DIR}/spikekitConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/dependencies.cmake
        DESTINATION ${spk_package_dir} COMPONENT development)

# The prefix is where spikekit.pc stands, so that an installed tree can be moved.
set(spk_pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH spk_pc_to_prefix /prefix/${spk_pkgconfig_dir} /prefix)
string(REGEX REPLACE "/$" "" spk_pc_to_prefix "${spk_pc_to_prefix}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/spikekit.pc.in ${PROJECT_BINARY_DIR}/spikekit.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/spikekit.pc DESTINATION ${spk_pkgconfig_dir}
        COMPONENT development)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
