# Build options by the names that projects of the field set, as variables in front of add_subdirectory() or with -D:
#
#     SERIAL_FLASHER_LOG_LEVEL                               NONE, ERROR, WARN, INFO, DEBUG, or 0 to 4
#     SERIAL_FLASHER_RESET_INVERT, _BOOT_INVERT              ON or OFF
#     SERIAL_FLASHER_RESET_HOLD_TIME_MS, _BOOT_HOLD_TIME_MS  milliseconds
#     SERIAL_FLASHER_WRITE_BLOCK_RETRIES                     how often
#
# What is not set keeps the default that the sources have.

function(take_inherited_options target)
    foreach(option LOG_LEVEL RESET_INVERT BOOT_INVERT RESET_HOLD_TIME_MS BOOT_HOLD_TIME_MS WRITE_BLOCK_RETRIES)
        set(value "${SERIAL_FLASHER_${option}}")
        if(value STREQUAL "")
            continue()
        elseif(option STREQUAL "LOG_LEVEL" AND value MATCHES "^(NONE|ERROR|WARN|INFO|DEBUG)$")
            set(value ESP_LOADER_LOG_${value})
        elseif(option MATCHES "INVERT$")
            set(value $<BOOL:${value}>)
        elseif(NOT value MATCHES "^[0-9]+$")
            message(FATAL_ERROR "SERIAL_FLASHER_${option} is no number: ${value}")
        endif()
        target_compile_definitions(${target} PUBLIC $<BUILD_INTERFACE:SERIAL_FLASHER_${option}=${value}>)
    endforeach()
endfunction()
