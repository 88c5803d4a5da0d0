#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The same job on a virtual chip of each kind, and what becomes of it where the ROM cannot compare flash content.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT

for chip in esp32 esp32s2 esp32s3 esp32c2 esp32c3 esp32c5 esp32c6 esp32c61 esp32h2 esp32p4; do
    "$MAKE_IMAGES" -o "$chip" --chip "$chip" --app-bytes 131072 >made
    expect_status 0 "$REFLASH" flash -p "sim:$chip?flash=$chip.bin" --monitor "$chip"
    expect_order "Connected to target" "Transmission rate changed." "Bootloader flashed and verified" "Done!" \
        "I (31) app_init: Project name:     hello_world" "Hello world!"
    expect_status 0 "$REFLASH" flash -p "sim:$chip?flash=$chip.bin" --monitor "$chip"
    expect_order "${skip_all[@]}" "Done!" "Hello world!"
done

# --- A build for another chip -------------------------------------------------------------------------------

expect_status 3 "$REFLASH" flash -p "sim:esp32c6?flash=esp32c6.bin" esp32c5
expect_complaint "esp32c5"

# --- An ESP8266 ---------------------------------------------------------------------------------------------

expect_status 0 "$REFLASH" info -p sim:esp8266
expect_order "Connected to target" "ESP8266, MAC 5c:cf:7f:a1:b2:c3, 4096 KiB flash, 115200 baud"
! grep -q "Transmission rate changed" out || fail "its ROM cannot change the rate"

head -c 5000 /dev/zero >zeros
expect_status 5 "$REFLASH" diff -p "sim:esp8266?flash=esp8266.bin" --no-stub 0x10000 zeros
expect_complaint "no command to read or compare flash content"
[ "$(tr -d '\377' <esp8266.bin | wc -c)" -eq 0 ] || fail "something was written"
# Without a stub all is written, and it is said that nobody looked.
expect_status 0 "$REFLASH" flash -p "sim:esp8266?flash=rom.bin" --no-stub 0x10000 zeros
expect_order "zeros: writing all 2 sectors at 0x10000..." \
    "zeros written, not verifiable: the loader in the ROM of this chip compares nothing" "Done!"
cmp -n 5000 -i 65536:0 rom.bin zeros || fail "the flash does not hold it"
# With a RAM stub, which can change the rate as well, it is a chip as any other.
expect_status 0 "$REFLASH" flash -p "sim:esp8266?flash=esp8266.bin" 0x10000 zeros
expect_order "ESP8266, MAC 5c:cf:7f:a1:b2:c3, 4096 KiB flash, 460800 baud, RAM stub" "zeros flashed and verified" "Done!"
cmp -n 5000 -i 65536:0 esp8266.bin zeros || fail "the flash does not hold it"
