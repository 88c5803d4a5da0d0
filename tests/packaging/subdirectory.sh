#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Another project has reflash in a folder and builds it along, for one chip; it installs its own program only.
# shellcheck disable=SC1091
set -euo pipefail
source "$SOURCE/tests/packaging/_common.sh"

quietly cmake -S "$consumer" -B consumer -DREFLASH_SOURCE="$SOURCE" -DREFLASH_CHIPS=esp32c3 -DREFLASH_GPIOD=OFF \
    -DCMAKE_COMPILE_WARNING_AS_ERROR=ON
quietly cmake --build consumer --parallel 2
expect_consumer_works consumer
quietly cmake --install consumer --prefix "$PWD/installed"
[ "$(cd installed && find . -type f)" = ./bin/program_c ] || fail "it installs $(find installed -type f)"

# Options by the names that projects of the field set; with them it works as well.
quietly cmake -S "$consumer" -B options -DREFLASH_SOURCE="$SOURCE" -DREFLASH_CHIPS=esp32c3 -DREFLASH_GPIOD=OFF \
    -DCMAKE_COMPILE_WARNING_AS_ERROR=ON -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DSERIAL_FLASHER_LOG_LEVEL=DEBUG \
    -DSERIAL_FLASHER_RESET_INVERT=true -DSERIAL_FLASHER_BOOT_INVERT=OFF -DSERIAL_FLASHER_RESET_HOLD_TIME_MS=7 \
    -DSERIAL_FLASHER_WRITE_BLOCK_RETRIES=5
for words in LOG_LEVEL=ESP_LOADER_LOG_DEBUG RESET_INVERT=1 BOOT_INVERT=0 RESET_HOLD_TIME_MS=7 WRITE_BLOCK_RETRIES=5; do
    for file in src/loader/blocks.c ports/common/reset_lines.c; do
        grep -A2 "SERIAL_FLASHER_$words " options/compile_commands.json | grep "$file" >found ||
            fail "$file is compiled without SERIAL_FLASHER_$words"
    done
done
! grep -q SERIAL_FLASHER_BOOT_HOLD options/compile_commands.json || fail "what was not set is defined"
quietly cmake --build options --parallel 2
for chips in esp99 ESP32 esp32,esp32c3 chips; do
    ! cmake -S "$consumer" -B wrong -DREFLASH_SOURCE="$SOURCE" -DREFLASH_CHIPS=$chips >out 2>err ||
        fail "REFLASH_CHIPS=$chips is taken"
    expect_complaint "there is no chip \"$chips\""
    rm -r wrong
done
! cmake -S "$consumer" -B wrong -DREFLASH_SOURCE="$SOURCE" -DSERIAL_FLASHER_RESET_HOLD_TIME_MS=long >out 2>&1 ||
    fail "a hold time that is no number is taken"

# A project of the field as it is: PORT names a port, which comes along with `flasher`, and that takes options.
mkdir field
cat >field/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.22)
project(field C)
foreach(library hardware_gpio hardware_irq hardware_uart pico_time)
    add_library(${library} INTERFACE)
endforeach()
add_library(app OBJECT app.c)
target_include_directories(app PRIVATE ${FAKES})
set(PORT ${WANTED})
add_subdirectory(${REFLASH_SOURCE} flasher)
target_compile_options(flasher PRIVATE -Wunused-parameter -Wshadow)
target_compile_definitions(flasher PUBLIC OF_THE_PROJECT)
target_link_libraries(app PRIVATE flasher)
CMAKE
# It builds with port $1, header $2 and ops $3; more options behind these.
expect_field_builds() {
    cat >field/app.c <<END
#include "esp_loader.h"
#include "$2"
#ifndef OF_THE_PROJECT
#error "what the project defined for flasher is not defined"
#endif
const esp_loader_port_ops_t *ops(void);
const esp_loader_port_ops_t *ops(void) { return $3; }
END
    quietly cmake -S field -B field_built "-DWANTED=$1" -DREFLASH_SOURCE="$SOURCE" -DREFLASH_CHIPS=esp32c3 \
        -DREFLASH_GPIOD=OFF -DREFLASH_STUBS=OFF -DCMAKE_COMPILE_WARNING_AS_ERROR=ON "${@:4}"
    [ ! -s err ] || fail "PORT=$1 is complained of"
    quietly cmake --build field_built --parallel 2
}
expect_field_builds LINUX linux_port.h '&linux_uart_ops'
expect_field_builds PI_PICO pi_pico_port.h '&pi_pico_uart_ops' -DFAKES="$SOURCE/tests/ports/pico"
[ -n "$(find field_built -name pi_pico_port.c.o)" ] || fail "the port for the Pico is not compiled"
expect_field_builds STM32 stm32_port.h '&stm32_uart_ops' -DFAKES="$SOURCE/tests/ports/stm32"
[ -n "$(find field_built -name stm32_port.c.o)" ] || fail "the port for the STM32 is not compiled"
expect_field_builds USER_DEFINED esp_loader_io.h NULL
quietly cmake -S field -B field_built -DWANTED=PALM
grep -q 'PORT is PALM' err || fail "nothing is said of a port that there is not"

# One of generation 1.8, whose functions that compare are switched on by MD5_ENABLED.
cat >field/app.c <<'END'
#include "esp_loader.h"
esp_loader_error_t verify(void);
esp_loader_error_t verify(void) { return esp_loader_flash_verify(); }
END
sed -i 's/^target_link_libraries(app .*/target_link_libraries(app PRIVATE flasher_v1)/' field/CMakeLists.txt
quietly cmake -S field -B field_built -DWANTED= -DMD5_ENABLED=1
quietly cmake --build field_built --parallel 2 --target app
