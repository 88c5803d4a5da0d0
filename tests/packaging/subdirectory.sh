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
