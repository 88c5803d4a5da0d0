# What Kconfig chose, for builds that have it: ESP-IDF and Zephyr include this file. Afterwards
#
#     chips                the chips that are switched on
#     library_sources      src/ without what is switched off
#     stub_sources         the RAM stubs for them, or the look-up that has none
#     kconfig_options      for the compiler: the list of chips
#     kconfig_definitions  numbers, and the log level, that the sources know by the same name
#
# ESP-IDF reads its component twice: the first time, CMAKE_BUILD_EARLY_EXPANSION, there is no configuration.

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH reflash_dir)

# What Kconfig says about `prefix`NAME for these NAMEs: those that are switched on.
function(find_switched_on out prefix)
    set(found)
    foreach(name IN LISTS ARGN)
        string(TOUPPER ${name} option)
        if(CONFIG_${prefix}${option})
            list(APPEND found ${name})
        endif()
    endforeach()
    set(${out} ${found} PARENT_SCOPE)
endfunction()

file(GLOB all_chips RELATIVE ${reflash_dir}/src/chips ${reflash_dir}/src/chips/esp*.c)
list(TRANSFORM all_chips REPLACE "\\.c$" "")
find_switched_on(chips SERIAL_FLASHER_CHIP_ ${all_chips})

if(CMAKE_BUILD_EARLY_EXPANSION)
    set(stub_sources)
elseif(NOT chips)
    message(FATAL_ERROR "No chip is switched on: reflash, Chips, in menuconfig")
elseif(CONFIG_SERIAL_FLASHER_STUBS)
    include(${reflash_dir}/cmake/stub_sources.cmake)
    find_stub_sources(stub_sources ${chips})
else()
    set(stub_sources ${reflash_dir}/stubs/none.c)
endif()

include(${reflash_dir}/cmake/library_sources.cmake)
find_switched_on(parts SERIAL_FLASHER_ SPI SDIO MD5)
find_library_sources(library_sources ${parts})

# As an option: CMake takes no macro with an argument as a definition.
list(TRANSFORM chips REPLACE "(.+)" "X(\\1)" OUTPUT_VARIABLE chip_list)
list(JOIN chip_list " " chip_list)
set(kconfig_options "-DREFLASH_CHIP_LIST(X)=${chip_list}")

find_switched_on(log_level SERIAL_FLASHER_LOG_LEVEL_ NONE ERROR WARN INFO DEBUG)
set(kconfig_definitions SERIAL_FLASHER_LOG_LEVEL=ESP_LOADER_LOG_${log_level})
list(APPEND kconfig_definitions REFLASH_MD5=$<BOOL:${CONFIG_SERIAL_FLASHER_MD5}>)
foreach(option RESET_HOLD_TIME_MS BOOT_HOLD_TIME_MS WRITE_BLOCK_RETRIES)
    list(APPEND kconfig_definitions SERIAL_FLASHER_${option}=${CONFIG_SERIAL_FLASHER_${option}})
endforeach()
