#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A microcontroller as host, examples/baremetal-qemu in QEMU: blank, unchanged and changed, and killed in the middle.
# shellcheck disable=SC1091,SC2119,SC2154
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"
example=$(dirname "${BASH_SOURCE[0]}")/../../examples/baremetal-qemu

qemu=
trap '[ -z "$espsim$qemu" ] || kill -9 $espsim $qemu' EXIT

# The firmware that holds the images of build folder $1 becomes $1.elf.
build_firmware() {
    cmake -S "$example" -B firmware -G Ninja -DIMAGES="$PWD/$1" -DREFLASH="$REFLASH" >out 2>err || fail "cmake does not configure"
    cmake --build firmware >out 2>err || fail "the firmware does not build"
    cp firmware/firmware.elf "$1.elf"
}

# Run firmware $1 until its output has a line that begins with $2, then kill the emulator: a power cut.
run_until() {
    : >raw # here, or what the run before said might still be read
    "$example/run.sh" "$1" "$address" ./control.sock >raw 2>err </dev/null &
    qemu=$!
    for ((turn = 0; turn < 600; turn++)); do
        ! grep -q "^$2" raw || break
        kill -0 "$qemu" 2>/dev/null || break
        sleep 0.05
    done
    kill -9 "$qemu" 2>/dev/null || :
    wait "$qemu" 2>/dev/null || :
    qemu=
    sed 's/\r//; s/^\([IE]\) ([0-9]*)/\1 (0)/' raw >out # one time for all lines
    grep -q "^$2" raw || fail "no line begins with \"$2\""
}

log() { printf 'I (0) serial_flasher: %s\n' "$1"; }
commands() { grep -c "> $1 " trace.txt || :; }

# Small: for QEMU each byte is a message of its own.
"$MAKE_IMAGES" -o old --version 1.0.0 --app-bytes 131072 >made
"$MAKE_IMAGES" -o new --version 1.1.0 --app-bytes 131072 --change 1 >made
# Another version only: its description in the first sector, its hash in the last one.
"$MAKE_IMAGES" -o renamed --version 1.0.1 --app-bytes 131072 >made
build_firmware old
! arm-none-eabi-nm old.elf | grep -E '[ _](malloc|_sbrk|printf)' || fail "the firmware has more of the C library"
build_firmware new
build_firmware renamed

start_espsim_with --listen 127.0.0.1:0 --control ./control.sock --flash board.bin --trace trace.txt

# Blank: everything is written, at the higher rate.
run_until old.elf "Hello world!"
expect_order "Connected to target" "Transmission rate changed." \
    "$(log "Bootloader MD5 differs, flashing 7 of 7 sectors at 0x1000...")" \
    "$(log "Partition table MD5 differs, flashing 1 of 1 sectors at 0x8000...")" \
    "$(log "Application MD5 differs, flashing 32 of 32 sectors at 0x10000...")" \
    "$(log "Application: 50 %")" "$(log "Application: 100 %")" "$(log "Bootloader: 100 %")" \
    "$(log "Application flashed and verified")" "$(log "Done!")" "${log_head[@]}" \
    "I (0) app_init: App version:      1.0.0" "Hello world!"
expect_flash board.bin old
grep -q "> CHANGE_BAUDRATE baud=230[0-9]* old=0 < ok" trace.txt || fail "the rate stayed: $(grep BAUD trace.txt)"

# Unchanged: nothing is.
written=$(commands FLASH_DATA)
run_until old.elf "Hello world!"
expect_order "Connected to target" "Transmission rate changed." "$(log "${skip_all[0]}")" "$(log "${skip_all[1]}")" \
    "$(log "${skip_all[2]}")" "$(log "Done!")" "${log_head[@]}" "Hello world!"
[ "$(commands FLASH_DATA)" -eq "$written" ] || fail "something was written"
expect_flash board.bin old

# Changed application: only the sectors that differ travel.
run_until renamed.elf "Hello world!"
expect_order "$(log "${skip_all[0]}")" "$(log "${skip_all[1]}")" \
    "$(log "Application MD5 differs, flashing 2 of 32 sectors at 0x10000...")" \
    "$(log "Application flashed and verified")" "$(log "Done!")" "I (0) app_init: App version:      1.0.1" "Hello world!"
[ "$(grep -c flashing out)" -eq 1 ] || fail "more than the application was flashed"
[ "$(commands FLASH_DATA)" -eq $((written + 2)) ] || fail "more than two sectors were sent"
expect_flash board.bin renamed

# All of it changed.
run_until new.elf "Hello world!"
expect_order "$(log "${skip_all[0]}")" "$(log "${skip_all[1]}")" "$(log "Application flashed and verified")" \
    "$(log "Done!")" "I (0) app_init: App version:      1.1.0" "Hello world!"
expect_flash board.bin new

# Killed while it writes: neither application is there. Started again it finishes. (Behind the old one, which is
# shorter, the end of the new one stays.)
holds_application() { cmp -s -n "$(stat -c %s "$1/hello_world.bin")" -i 65536:0 board.bin "$1/hello_world.bin"; }
run_until old.elf "I ([0-9]*) serial_flasher: Application: 10 %"
! holds_application new || fail "nothing was written before it was killed"
! holds_application old || fail "all was written before it was killed"
run_until old.elf "Hello world!"
expect_order "$(log "${skip_all[0]}")" "$(log "${skip_all[1]}")" \
    "$(log "Application flashed and verified")" "$(log "Done!")" "I (0) app_init: App version:      1.0.0" "Hello world!"
holds_application old || fail "the old application is not back"
stop_espsim

# An application far up in a large flash.
cp -r old far
sed -i 's/0x10000/0x500000/; s/2MB/8MB/' far/flasher_args.json
build_firmware far
start_espsim_with --listen 127.0.0.1:0 --control ./control.sock --flash-size 8MB --flash far.bin
run_until far.elf "I ([0-9]*) serial_flasher: Done!"
cmp -i $((0x500000)):0 -n 131072 far.bin far/hello_world.bin || fail "the application is not there"
stop_espsim
