# libreflash as a component of ESP-IDF: the library, the ports for ESP32 hosts, and what Kconfig chose of both.
#
# ESP-IDF reads it twice: as a script, to learn what is required, when there is no configuration and no target; and to
# build. A new file in a room needs no edit here.
#
# MD5_ENABLED, from idf.py's command line or the project, gives programs of generation 1.8 the functions that compare.

include(${CMAKE_CURRENT_LIST_DIR}/kconfig.cmake)

file(GLOB port_sources ${reflash_dir}/ports/common/*.c ${reflash_dir}/ports/esp_idf/*.c)

# Each port is a file, and takes drivers that not all hosts have; what is left is shared.
set(ports "UART esp32_port" "SPI esp32_spi_port" "SDIO esp32_sdio_port" "USB_CDC_ACM esp32_usb_cdc_acm_port")
foreach(row IN LISTS ports)
    separate_arguments(row)
    list(GET row 0 option)
    list(GET row 1 file)
    if(NOT CONFIG_SERIAL_FLASHER_PORT_${option})
        list(FILTER port_sources EXCLUDE REGEX "/${file}\\.c$")
    endif()
endforeach()

# Programs of generation 1.8: their library and port. Its sources see the headers of 2.x first, programs the other ones.
set(v1_sources)
set(v1_private_includes)
if(CONFIG_SERIAL_FLASHER_API_V1)
    set(v1_private_includes ${reflash_dir}/compat/v1/include)
    file(GLOB v1_sources ${reflash_dir}/compat/v1/*.c)
    if(CONFIG_SERIAL_FLASHER_PORT_UART)
        list(APPEND v1_sources ${reflash_dir}/compat/v1/esp_idf/esp32_port.c)
    endif()
endif()

# The drivers have been one component, and are one each since 5.3.
if("${IDF_VERSION_MAJOR}.${IDF_VERSION_MINOR}" VERSION_GREATER_EQUAL 5.3)
    set(drivers esp_driver_uart esp_driver_gpio esp_driver_spi esp_driver_sdmmc)
else()
    set(drivers driver)
endif()

idf_component_register(
    SRCS ${library_sources} ${port_sources} ${stub_sources} ${v1_sources}
    INCLUDE_DIRS ${reflash_dir}/include ${reflash_dir}/ports/common ${reflash_dir}/ports/esp_idf
    PRIV_INCLUDE_DIRS ${reflash_dir}/src ${v1_private_includes}
    REQUIRES ${drivers} sdmmc
    PRIV_REQUIRES esp_timer)

target_compile_options(${COMPONENT_LIB} PRIVATE ${kconfig_options})
target_compile_definitions(${COMPONENT_LIB} PRIVATE ${kconfig_definitions})
# The switches are 0 or 1, as Kconfig's are y or nothing.
foreach(option RESET_INVERT BOOT_INVERT)
    target_compile_definitions(${COMPONENT_LIB} PRIVATE
        SERIAL_FLASHER_${option}=$<BOOL:${CONFIG_SERIAL_FLASHER_${option}}>)
endforeach()

if(CONFIG_SERIAL_FLASHER_API_V1)
    target_include_directories(${COMPONENT_LIB} BEFORE INTERFACE
        ${reflash_dir}/compat/v1/esp_idf ${reflash_dir}/compat/v1/include)
    if(NOT DEFINED MD5_ENABLED)
        set(MD5_ENABLED ${CONFIG_SERIAL_FLASHER_MD5_ENABLED})
    endif()
    target_compile_definitions(${COMPONENT_LIB} PUBLIC SERIAL_FLASHER_INTERFACE_UART MD5_ENABLED=$<BOOL:${MD5_ENABLED}>)
endif()
