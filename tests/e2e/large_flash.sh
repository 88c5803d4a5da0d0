#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Flash beyond the 16 MiB that a mask ROM addresses: with a stub where the chip has one that goes on, refused elsewhere.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT

large="sim:esp32s3?flash=board.bin&flash-size=32MB"
far=0x1100000
# A row of a partition table in data, subtype 0x40: $1 and $2 are address and size as eight hexadecimal digits, low byte
# first, $3 a label.
row() {
    local label
    label=$(printf '%s' "$3" | od -An -tx1 | tr -d ' \n')
    printf 'aa500140%s%s%-40s' "$1" "$2" "$label" | tr ' ' 0 | sed 's/../\\x&/g' | xargs -0 printf
}

"$MAKE_IMAGES" -o build --chip esp32s3 --app-bytes 131072 >made
head -c 300000 /dev/urandom >far.bin
head -c 70000 far.bin >far.part
head -c 5000 /dev/zero >zeros

# --- An ESP32-S3 with 32 MB ---------------------------------------------------------------------------------

expect_status 0 "$REFLASH" flash -p "$large" 0x10000 build/hello_world.bin "$far" far.bin
expect_order "Connected to target" "ESP32-S3, MAC 34:85:18:0a:0b:0c, 32768 KiB flash, 460800 baud, RAM stub" \
    "far.bin flashed and verified" "Done!"
[ "$(stat -c %s board.bin)" -eq 33554432 ] || fail "the file is not as large as the flash"
cmp -n 300000 -i $((far)):0 board.bin far.bin || fail "the flash does not hold it"
cmp -n 131072 -i 65536:0 board.bin build/hello_world.bin || fail "the flash does not hold what is below 16 MiB"
# It did not come round to the start either.
[ "$(head -c 65536 board.bin | tr -d '\377' | wc -c)" -eq 0 ] || fail "something was written at the start"
expect_status 0 "$REFLASH" flash -p "$large" --json 0x10000 build/hello_world.bin "$far" far.bin
tail -n 1 out | jq -e '.erased_bytes == 0 and all(.images[]; .result == "skipped")' >jq.out || fail "$(tail -n 1 out)"

expect_status 0 "$REFLASH" verify -p "$large" "$far" far.bin
expect_line "far.bin at $far: matches"
expect_status 0 "$REFLASH" diff -p "$large" "$far" far.bin
expect_status 1 "$REFLASH" diff -p "$large" 0x1f00000 zeros
expect_order "ESP32-S3, MAC 34:85:18:0a:0b:0c, 32768 KiB flash, 460800 baud, RAM stub" \
    "zeros: 2 of 2 sectors at 0x1f00000 would be written (#)" # of so little a stub does not pay
expect_status 0 "$REFLASH" read -p "$large" "$far" 300000 -o back.bin
cmp back.bin far.bin || fail "something else was read"
# Across the border.
expect_status 0 "$REFLASH" flash -p "$large" 0xff0000 far.bin
cmp -n 300000 -i $((0xff0000)):0 board.bin far.bin || fail "the flash does not hold it across the border"
expect_status 0 "$REFLASH" erase -p "$large" "$far" 64K
expect_line "Erased and verified blank"
[ "$(tail -c +$((far + 1)) board.bin | head -c 65536 | tr -d '\377' | wc -c)" -eq 0 ] || fail "it is not blank"
cmp -n 234464 -i $((far + 65536)):65536 board.bin far.bin || fail "more was erased"

# --- Refused before anything is changed ---------------------------------------------------------------------

cp board.bin before.bin
expect_status 3 "$REFLASH" flash -p "$large" --no-stub 0x10000 far.bin "$far" far.bin
expect_complaint "this job goes up to 0x11493e0 of the flash, and the loader in the ROM of the ESP32-S3 addresses 16 MiB. \
A RAM stub addresses all of it: leave --no-stub out. Nothing was changed."
expect_status 3 "$REFLASH" erase -p "$large" --no-stub "$far" 64K
expect_status 3 "$REFLASH" read -p "$large" --no-stub 0xff0000 0x10001 -o none.bin
expect_status 3 "$REFLASH" verify -p "$large" --no-stub "$far" far.bin
expect_status 3 "$REFLASH" flash -p "$large" 0x1fff000 zeros
expect_complaint "lies beyond the end of the target's flash"
cmp board.bin before.bin || fail "something was changed"
[ ! -e none.bin ] || fail "a file was written"
# What ends at the border needs no stub.
expect_status 0 "$REFLASH" read -p "$large" --no-stub 0xfff000 4K -o last.bin

expect_status 3 "$REFLASH" flash -p "sim:esp32?flash=esp32.bin&flash-size=32MB" 0x10000 zeros "$far" far.bin
expect_complaint "this job goes up to 0x11493e0 of the flash, and no loader of the ESP32 addresses more than 16 MiB. \
Stay below 0x1000000. Nothing was changed."
[ "$(tr -d '\377' <esp32.bin | wc -c)" -eq 0 ] || fail "something was written"
expect_status 3 "$REFLASH" flash -p "sim:esp32?flash-size=32MB" --erase-all 0x10000 zeros
expect_status 3 "$REFLASH" erase -p "sim:esp32c5?flash-size=64MB" 0x2000000 4K
expect_complaint "no loader of the ESP32-C5 addresses more than 32 MiB"
expect_status 3 "$REFLASH" flash -p "sim:esp32s3?flash-size=32MB&security=secure-boot" "$far" far.bin
expect_complaint "none can be started on this target: secure boot or secure download mode forbids it"
expect_status 3 "$REFLASH" flash -p "sim:esp32s3?flash-size=16MB" "$far" far.bin
expect_complaint "which has 16384 KiB"

# --- A partition, and the whole flash -----------------------------------------------------------------------

{
    row 00900000 00600000 nvs
    row 00001001 00000400 far
    head -c 3008 /dev/zero | tr '\0' '\377'
} >table.bin
expect_status 0 "$REFLASH" flash -p "$large" 0x0 build/bootloader/bootloader.bin 0x8000 table.bin
expect_line "ESP32-S3, MAC 34:85:18:0a:0b:0c, 32768 KiB flash, 460800 baud" # a small job, within reach of the ROM
expect_status 0 "$REFLASH" flash -p "$large" --partition far zeros
expect_order "Partition far: 0x40000 bytes at 0x1100000" "RAM stub started." "zeros flashed and verified" "Done!"
cmp -n 5000 -i $((far)):0 board.bin zeros || fail "the partition does not hold it"
# The chip resets while the stub is uploaded.
expect_status 0 "$REFLASH" flash -p "$large&fault=reset@byte=4000" --partition far far.part
grep -q "^Trouble: .* Connecting again" out || fail "the stub was not disturbed"
cmp -n 70000 -i $((far)):0 board.bin far.part || fail "the partition does not hold it after a reset"
expect_status 0 "$REFLASH" flash -p "$large" --partition far zeros
expect_status 3 "$REFLASH" flash -p "$large" --partition far --no-stub zeros
expect_complaint "leave --no-stub out"
expect_status 0 "$REFLASH" read -p "$large" --all -o merged.bin
cmp merged.bin board.bin || fail "something else was read"
expect_status 0 "$REFLASH" flash -p "sim:esp32s3?flash=other.bin&flash-size=32MB" merged.bin
expect_line "far flashed and verified"
cmp -n 5000 -i $((far)):0 other.bin zeros || fail "the merged image did not arrive"
expect_status 0 "$REFLASH" flash -p "$large" --erase-all 0x10000 zeros
[ "$(tail -c +131073 board.bin | tr -d '\377' | wc -c)" -eq 0 ] || fail "something was left"

# --- Bundles ------------------------------------------------------------------------------------------------

expect_status 0 "$REFLASH" pack --chip esp32s3 "$far" far.bin -o far.rfb
expect_status 0 "$REFLASH" flash -p "$large" far.rfb
cmp -n 300000 -i $((far)):0 board.bin far.bin || fail "the flash does not hold what was in the bundle"
expect_status 3 "$REFLASH" pack --chip esp32s3 --for rom "$far" far.bin -o none.rfb
expect_complaint "The images go up to 0x11493e0 of the flash, and no ROM of the ESP32-S3 addresses more than 16 MiB."
expect_status 3 "$REFLASH" pack --chip esp32c3 "$far" far.bin -o none.rfb
expect_complaint "no loader of the ESP32-C3 addresses more than 16 MiB"
