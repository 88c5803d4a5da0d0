# The first reading of a component's CMakeLists.txt, as a script: there is no project, no target and no configuration,
# and registering ends it.
cmake_minimum_required(VERSION 3.22)

set(CMAKE_BUILD_EARLY_EXPANSION 1)
set(IDF_VERSION_MAJOR 5)
set(IDF_VERSION_MINOR 4)

# Components of ESP-IDF 5.4.
set(known driver esp_driver_gpio esp_driver_sdmmc esp_driver_spi esp_driver_uart esp_timer freertos sdmmc)

macro(idf_component_register)
    cmake_parse_arguments(arg "" "" "SRCS;INCLUDE_DIRS;PRIV_INCLUDE_DIRS;REQUIRES;PRIV_REQUIRES" ${ARGN})
    set(registered TRUE)
    return()
endmacro()

include(${COMPONENT_DIR}/CMakeLists.txt)

if(NOT registered)
    message(FATAL_ERROR "${COMPONENT_DIR} does not register")
endif()
foreach(name IN LISTS arg_REQUIRES arg_PRIV_REQUIRES)
    if(NOT name IN_LIST known)
        message(FATAL_ERROR "${COMPONENT_DIR} requires ${name}")
    endif()
endforeach()
