#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What flash would write, as a map, and that it then writes just that.
# shellcheck disable=SC1091,SC2119,SC2154
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"
unset REFLASH_PORT

make_builds
port='sim:esp32?flash=board.bin'
expect_status 0 "$REFLASH" flash -p "$port" old
expect_status 0 "$REFLASH" diff -p "$port" old
expect_order "Application MD5 match" "0 KiB to write, about 0.0 s; nothing was changed"

# Sectors 3, 4 and 40 of the application.
for sector in 3 4 40; do
    printf 'X' | dd of=board.bin bs=1 seek=$((0x10000 + sector * 4096 + 9)) conv=notrunc 2>/dev/null
done
cp board.bin before.bin
expect_status 1 "$REFLASH" diff -p "$port" old
expect_order "Bootloader MD5 match" "Partition table MD5 match" \
    "Application: 3 of 64 sectors at 0x10000 would be written (#)" \
    "  00000000                   ...##........... ................ ........#......." \
    "  00040000  ................" "12 KiB to write, about 0.2 s; nothing was changed"
cmp board.bin before.bin || fail "diff changed the flash"

expect_status 0 "$REFLASH" flash --dry-run --json -p "$port" old
jq -e -s 'map(select(.event == "plan"))[2] == {event: "plan", name: "app", address: 65536, sectors: 64, to_write: 3,
    runs: [[19, 2], [56, 1]]}' out >jq.out || fail "plan: $(cat out)"
cmp board.bin before.bin || fail "a dry run changed the flash"

expect_status 0 "$REFLASH" flash --json -p "$port" old
jq -e -s '.[-1] | .ok and .erased_bytes == 12288 and .images[2].result == "flashed" and .images[2].sectors_written == 3' \
    out >jq.out || fail "summary: $(tail -n 1 out)"
expect_flash board.bin old

expect_status 2 "$REFLASH" diff --monitor -p "$port" old
expect_complaint "--monitor shows what follows a reset behind a job; leave it out"
