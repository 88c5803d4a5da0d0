# What `cmake --install` and `cpack` put where. Two parts: `programs`, and `dev` with what other programs are built
# against: headers, static libraries, find_package(reflash) and pkg-config.
include(CMakePackageConfigHelpers)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME programs)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/reflash)
set(package_libraries flasher reflash_stubs flasher_v1)
set(package_modules reflash reflash-v1)
foreach(port common posix)
    if(TARGET reflash_port_${port})
        list(APPEND package_libraries reflash_port_${port})
        file(GLOB port_headers CONFIGURE_DEPENDS ports/${port}/*.h)
        install(FILES ${port_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/reflash/${port} COMPONENT dev)
    endif()
endforeach()
if(TARGET reflash_port_posix)
    list(APPEND package_modules reflash-posix)
endif()

write_basic_package_version_file(reflash-config-version.cmake COMPATIBILITY SameMinorVersion)
install(TARGETS ${package_libraries} EXPORT reflash ARCHIVE COMPONENT dev)
install(FILES ${headers} TYPE INCLUDE COMPONENT dev)
install(FILES ${v1_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/reflash/v1 COMPONENT dev)
install(EXPORT reflash FILE reflash-config.cmake NAMESPACE reflash:: DESTINATION ${package_dir} COMPONENT dev)
install(FILES ${PROJECT_BINARY_DIR}/reflash-config-version.cmake DESTINATION ${package_dir} COMPONENT dev)

# --- pkg-config ------------------------------------------------------------------------------------------

# Folders as seen from the .pc file itself, so that what is installed may be moved as a whole; those that somebody gave
# as absolute paths stay where they are.
file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_to_prefix ${pc_to_prefix})
foreach(folder LIBDIR INCLUDEDIR)
    set(pc_${folder} "\${prefix}")
    cmake_path(APPEND pc_${folder} ${CMAKE_INSTALL_${folder}})
endforeach()
set(pc_posix_libs "-lreflash-posix -lreflash-common")
if(REFLASH_GPIOD_IS_1)
    string(APPEND pc_posix_libs " -lgpiod")
endif()
foreach(module IN LISTS package_modules)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/pkgconfig/${module}.pc.in ${module}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${module}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endforeach()
