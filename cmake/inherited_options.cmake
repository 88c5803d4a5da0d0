# Build options by the names that projects of the field set, as variables in front of add_subdirectory() or with -D:
#
#     SERIAL_FLASHER_LOG_LEVEL                               NONE, ERROR, WARN, INFO, DEBUG, or 0 to 4
#     SERIAL_FLASHER_RESET_INVERT, _BOOT_INVERT              ON or OFF
#     SERIAL_FLASHER_RESET_HOLD_TIME_MS, _BOOT_HOLD_TIME_MS  milliseconds
#     SERIAL_FLASHER_WRITE_BLOCK_RETRIES                     how often
#     PORT                                                   LINUX, PI_PICO or STM32: linked along with `flasher`;
#                                                            USER_DEFINED: the project brings its own
#     MD5_ENABLED                                            programs of generation 1.8: with the functions that compare
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

# Whoever links `target` gets the port that PORT names, too; but for what is part of reflash itself, as sources would be compiled
# there.
function(take_inherited_port target)
    if("${PORT}" STREQUAL "LINUX" AND TARGET reflash_port_posix)
        set(library reflash_port_posix)
    elseif("${PORT}" STREQUAL "PI_PICO")
        set(library reflash_port_pico)
        add_subdirectory(ports/pico)
    elseif("${PORT}" STREQUAL "STM32")
        set(library reflash_port_stm32)
        add_subdirectory(ports/stm32)
    elseif("${PORT}" MATCHES "^(USER_DEFINED)?$")
        return()
    else()
        message(WARNING "PORT is ${PORT}, of which reflash has no port: LINUX, PI_PICO, STM32 or USER_DEFINED")
        return()
    endif()
    foreach(part flasher_v1 reflash_port_common reflash_port_posix)
        if(TARGET ${part})
            set_target_properties(${part} PROPERTIES REFLASH_PART ON)
        endif()
    endforeach()
    set(is_part $<BOOL:$<TARGET_PROPERTY:REFLASH_PART>>)
    target_link_libraries(${target} INTERFACE $<BUILD_INTERFACE:$<$<NOT:${is_part}>:${library}>>)
endfunction()
