# Debian packages by CPack, from a build that scripts/deb.sh configures: reflash with the programs, libreflash-dev with
# what other programs are built against.
set(CPACK_PACKAGE_NAME reflash)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "reflash maintainers <maintainers@reflash.invalid>" CACHE STRING "Who made the packages")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_COMPONENTS_ALL programs dev)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME reflash)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SECTION electronics)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SHLIBDEPS ON)
set(CPACK_COMPONENT_PROGRAMS_DESCRIPTION "flasher for Espressif chips, and a virtual chip
reflash brings an Espressif chip to a known flash content over its serial
loader: it asks what the chip already holds, sends what differs, and proves
what was written. espsim is a virtual chip that any flasher can talk to.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libreflash-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_DEV_DESCRIPTION "flasher library for Espressif chips, for development
Headers, static libraries and files for CMake and pkg-config: the library
itself, its port for POSIX hosts, the RAM stubs of the chips, and the API of
generation 1.8.")
if(REFLASH_GPIOD_IS_1)
    set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS libgpiod-dev)
endif()

# What Debian wants to be told: licences, and what changed in the project and in the package.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC) # heeds SOURCE_DATE_EPOCH
configure_file(${PROJECT_SOURCE_DIR}/cmake/debian/changelog.in debian/changelog.Debian @ONLY)
configure_file(${PROJECT_SOURCE_DIR}/CHANGELOG.md debian/changelog COPYONLY)
execute_process(COMMAND gzip -9nf changelog changelog.Debian WORKING_DIRECTORY ${PROJECT_BINARY_DIR}/debian
    COMMAND_ERROR_IS_FATAL ANY)
foreach(part "programs reflash" "dev libreflash-dev")
    separate_arguments(part)
    list(GET part 0 component)
    list(GET part 1 package)
    install(FILES ${PROJECT_SOURCE_DIR}/cmake/debian/copyright
        ${PROJECT_BINARY_DIR}/debian/changelog.gz ${PROJECT_BINARY_DIR}/debian/changelog.Debian.gz
        DESTINATION share/doc/${package} COMPONENT ${component})
endforeach()

include(CPack)
