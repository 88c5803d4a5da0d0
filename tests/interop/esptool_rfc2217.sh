#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# esptool does its normal jobs on a virtual chip $1 behind RFC 2217: identify, write, verify, at raised rates, with the
# mask ROM alone and with its RAM stub. Every run resets the chip into its loader through DTR and RTS, and afterwards
# into its application.
# ESPTOOL, ESPSIM and MAKE_IMAGES name the programs.
# shellcheck disable=SC1091,SC2119,SC2154
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../e2e/_common.sh"

chip=$1
declare -A bootloader_addr=([esp32]=0x1000 [esp32c3]=0x0)
declare -A mac=([esp32]=24:0a:c4:12:34:56 [esp32c3]=c4:0a:24:fe:10:01)

"$MAKE_IMAGES" --chip "$chip" -o build >made
head -c 20000 build/hello_world.bin >data.bin # not a whole application: the client needs 0.2 s for 1 KB
files=("${bootloader_addr[$chip]}" build/bootloader/bootloader.bin
    0x8000 build/partition_table/partition-table.bin 0x200000 data.bin)

start_espsim_with --chip "$chip" --rfc2217 127.0.0.1:0 --flash board.bin
esptool() {
    local status=0
    timeout 300 "$ESPTOOL" -p "$address" --before default-reset "$@" >out 2>err || status=$?
    [ "$status" -eq 0 ] || fail "esptool ended with $status: $*"
    echo "  $chip: esptool ${*%% 0x*} passed"
}

esptool --no-stub chip-id
grep -q "MAC: *${mac[$chip]}" out || fail "no MAC"
esptool --no-stub flash-id
grep -q "Detected flash size: 4MB" out || fail "no flash size"
esptool --no-stub read-mac
grep -q "Hard resetting via RTS pin" out || fail "no reset"
esptool --no-stub -b 460800 write-flash --no-compress "${files[@]}"
[ "$(grep -ac "Hash of data verified" out)" -eq 3 ] || fail "not verified"
esptool --no-stub verify-flash --diff "${files[@]}"
[ "$(grep -ac "Verification successful" out)" -eq 3 ] || fail "not verified"
esptool --no-stub erase-region 0x200000 0x8000
esptool --no-stub -b 921600 write-flash "${files[@]}" # compressed
[ "$(grep -ac "Hash of data verified" out)" -eq 3 ] || fail "not verified"

# The same with the RAM stub that it uploads.
esptool --no-stub erase-region 0x200000 0x8000
esptool -b 921600 write-flash "${files[@]}"
grep -q "Stub flasher running" out || fail "no stub"
[ "$(grep -ac "Hash of data verified" out)" -eq 3 ] || fail "not verified"
esptool read-flash 0x200000 20000 read.bin
cmp read.bin data.bin || fail "read back differently"
stop_espsim TERM

for ((at = 0; at < ${#files[@]}; at += 2)); do
    cmp -n "$(stat -c %s "${files[at + 1]}")" -i "$((files[at])):0" board.bin "${files[at + 1]}" ||
        fail "the flash does not hold ${files[at + 1]}"
done
