#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A flasher in one process and a virtual chip in another: blank, unchanged, changed; and the front end's own habits.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

make_builds
start_espsim --auto-download --flash board.bin
port=socket://$address
grep -qxF "espsim: ESP32 with 4096 KiB flash (board.bin) on $address" espsim.out || fail "$(cat espsim.out)"

# Blank: everything is written. In the order that leaves the best chance of a target that boots.
expect_status 0 "$REFLASH" flash -p "$port" --monitor old
expect_order "Connected to target" \
    "Application MD5 differs, flashing $(all_of 262144) at 0x10000..." \
    "Partition table MD5 differs, flashing $(all_of 3072) at 0x8000..." \
    "Bootloader MD5 differs, flashing $(all_of 26384) at 0x1000..." \
    "Bootloader flashed and verified" "Partition table flashed and verified" "Application flashed and verified" \
    "Done!" "${log_head[@]}" \
    "I (31) boot: Loaded app from partition at offset 0x10000" \
    "I (31) app_init: App version:      1.0.0" "Hello world!"
expect_last_line "Hello world!"
expect_flash board.bin old
[ ! -s err ] || fail "complaints"

# Unchanged: nothing is.
expect_status 0 "$REFLASH" flash -p "$port" --monitor old
expect_order "Connected to target" "${skip_all[@]}" "Done!" "${log_head[@]}" "Hello world!"
! grep -q flashing out || fail "something was flashed"
expect_last_line "Hello world!"
expect_flash board.bin old

# Changed application: only that.
expect_status 0 "$REFLASH" flash -p "$port" --monitor new
expect_order "Connected to target" "Bootloader MD5 match, skipping..." "Partition table MD5 match, skipping..." \
    "Application MD5 differs, flashing $(all_of "$app_bytes") at 0x10000..." "Application flashed and verified" \
    "Done!" "${log_head[@]}" "I (31) app_init: App version:      1.1.0" "Hello world!"
[ "$(grep -c flashing out)" -eq 1 ] || fail "more than the application was flashed"
expect_last_line "Hello world!"
expect_flash board.bin new
stop_espsim TERM

# The content outlives the process, and the summary tells what really went over the line.
start_espsim --auto-download --flash board.bin
expect_status 0 "$REFLASH" verify -p "socket://$address" new
expect_status 1 "$REFLASH" verify -p "socket://$address" old
expect_status 0 "$REFLASH" flash -p "socket://$address" --no-stub --json new
tail -n 1 out | jq -e '.ok and .bytes_sent > 0 and .bytes_received > 0 and .bytes_sent + .bytes_received < 2048' \
    >jq.out || fail "summary: $(tail -n 1 out)"
stop_espsim INT

# Without --auto-download a connection resets the chip into its flash, and no loader answers.
start_espsim
exec 3<>"/dev/tcp/${address/://}"
for wanted in "ets Jul 29 2019 12:21:46" "" "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)" \
    "invalid header: 0xffffffff"; do
    IFS= read -r -t 20 line <&3 || fail "nothing more came; wanted: $wanted"
    [ "$line" = "$wanted"$'\r' ] || fail "\"$line\" came; wanted: $wanted"
done
exec 3>&-
expect_status 4 "$REFLASH" info -p "socket://$address"
expect_complaint "holds no program, instead of its loader"
expect_complaint "(GPIO0) [boot:0x13]"
stop_espsim

# A client that closes its sending half gets the log of a reset into the application, then the end.
start_espsim --auto-download
python3 - "${address#*:}" >half.out <<'PYTHON'
import socket, sys
line = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
text = b""
while b"waiting for download\r\n" not in text:
    text += line.recv(1000) or sys.exit("closed too early")
line.shutdown(socket.SHUT_WR)
for piece in iter(lambda: line.recv(1000), b""):
    text += piece
sys.stdout.buffer.write(text)
PYTHON
[ "$(tr -d '\r' <half.out | grep -c '^rst:0x1')" -eq 2 ] || fail "not two resets: $(cat half.out)"
[ "$(tail -n 1 half.out)" = "invalid header: 0xffffffff"$'\r' ] || fail "not the end of it: $(cat half.out)"

# SIGTERM ends it also while a client is there.
exec 3<>"/dev/tcp/${address/://}"
IFS= read -r -t 20 line <&3 || fail "no banner"
stop_espsim
exec 3>&-
