# libreflash as a component of ESP-IDF: the library, the ports for ESP32 hosts, and what Kconfig chose of both.
#
# ESP-IDF reads it twice: as a script, to learn what is required, when there is no configuration and no target; and to
# build. A new file in a room needs no edit here.

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

# The drivers have been one component, and are one each since 5.3.
if("${IDF_VERSION_MAJOR}.${IDF_VERSION_MINOR}" VERSION_GREATER_EQUAL 5.3)
    set(drivers esp_driver_uart esp_driver_gpio esp_driver_spi esp_driver_sdmmc)
else()
    set(drivers driver)
endif()

idf_component_register(
    SRCS ${library_sources} ${port_sources} ${stub_sources}
    INCLUDE_DIRS ${reflash_dir}/include ${reflash_dir}/ports/common ${reflash_dir}/ports/esp_idf
    PRIV_INCLUDE_DIRS ${reflash_dir}/src
    REQUIRES ${drivers} sdmmc
    PRIV_REQUIRES esp_timer)

target_compile_options(${COMPONENT_LIB} PRIVATE ${kconfig_options})
target_compile_definitions(${COMPONENT_LIB} PRIVATE ${kconfig_definitions})
# The switches are 0 or 1, as Kconfig's are y or nothing.
foreach(option RESET_INVERT BOOT_INVERT)
    target_compile_definitions(${COMPONENT_LIB} PRIVATE
        SERIAL_FLASHER_${option}=$<BOOL:${CONFIG_SERIAL_FLASHER_${option}}>)
endforeach()
