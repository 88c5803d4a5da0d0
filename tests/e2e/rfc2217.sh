#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A flasher and a virtual chip with a serial server between them: reset by DTR and RTS, rates that have to fit.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT
make_builds

# Blank, unchanged, changed. Nothing but DTR and RTS puts the chip into its loader, and into its application.
start_espsim_with --rfc2217 127.0.0.1:0 --flash board.bin
[[ $address == rfc2217://127.0.0.1:* ]] || fail "$address"
expect_log_until_hello flash -p "$address" old
expect_order "Connected to target" "Transmission rate changed." \
    "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 460800 baud, RAM stub" \
    "Application MD5 differs, flashing $(all_of 262144) at 0x10000..." "Application flashed and verified" "Done!" \
    "${log_head[@]}" "I (31) app_init: App version:      1.0.0" "Hello world!"
expect_flash board.bin old
[ ! -s err ] || fail "complaints"

expect_log_until_hello flash -p "$address" -b 921600 old
expect_order "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 921600 baud, RAM stub" "${skip_all[@]}" "Done!" "${log_head[@]}" \
    "Hello world!"
! grep -q flashing out || fail "something was flashed"

expect_log_until_hello flash -p "$address" new
expect_order "Partition table MD5 match, skipping..." "Application MD5 differs, flashing $(all_of "$app_bytes") at 0x10000..." \
    "Done!" "I (31) app_init: App version:      1.1.0" "Hello world!"
[ "$(grep -c flashing out)" -eq 1 ] || fail "more than the application was flashed"
expect_flash board.bin new
expect_status 0 "$REFLASH" verify -p "$address" new
expect_status 1 "$REFLASH" verify -p "$address" -b 115200 old
stop_espsim

# A board whose DTR and RTS go straight to the pins works with the same sequence.
start_espsim_with --rfc2217 127.0.0.1:0 --wiring direct --chip esp32c3
expect_status 0 "$REFLASH" info -p "$address"
expect_line "ESP32-C3, MAC c4:0a:24:fe:10:01, 4096 KiB flash, 460800 baud"
stop_espsim

seq 3000 >read_me
# A target that stays in its loader is found there again, as on a board whose reset is a button.
start_espsim_with --rfc2217 127.0.0.1:0 --chip esp32c3
expect_status 0 "$REFLASH" info -p "$address" --no-stub --no-reset
for after in no-reset reset; do
    expect_status 0 "$REFLASH" info -p "$address" --no-stub --before no-reset --after "$after"
    expect_line "ESP32-C3, MAC c4:0a:24:fe:10:01, 4096 KiB flash, 460800 baud"
done
expect_status 0 "$REFLASH" info -p "$address" --no-stub --before no-reset
# So is one that stays in a RAM stub, which is used, and is not taken for the mask ROM.
expect_status 0 "$REFLASH" info -p "$address" --stub --before no-reset --after no-reset
expect_status 0 "$REFLASH" info -p "$address" --before no-reset --after no-reset
expect_line "ESP32-C3, MAC c4:0a:24:fe:10:01, 4096 KiB flash, 460800 baud, RAM stub"
expect_status 4 "$REFLASH" info -p "$address" --no-stub --before no-reset --after no-reset
expect_complaint "a RAM stub of an earlier job answers"
expect_status 0 "$REFLASH" flash -p "$address" --before no-reset 0x9000 read_me
expect_line "read_me flashed and verified"
stop_espsim

# A client at another rate than the chip's reads nonsense, and one at the right rate reads the log.
start_espsim_with --rfc2217 127.0.0.1:0 --flash board.bin
cat >read_log.py <<'PYTHON'
import socket, struct, sys
host, port = sys.argv[1].removeprefix("rfc2217://").split(":")
baud = int(sys.argv[2])
COM = b"\xff\xfa\x2c"
END = b"\xff\xf0"
line = socket.create_connection((host, int(port)), timeout=20)
line.sendall(b"\xff\xfb\x2c\xff\xfb\x00\xff\xfd\x00")                 # WILL COM-PORT, WILL and DO BINARY
line.sendall(COM + b"\x01" + struct.pack(">I", baud) + END)           # SET-BAUDRATE
line.sendall(COM + b"\x05\x0b" + END)                                 # RTS on: reset
line.sendall(COM + b"\x05\x0c" + END)                                 # RTS off
text = b""
released = COM + b"\x69\x0c" + END
while len(text.partition(released)[2]) < 400:
    text += line.recv(1000) or sys.exit("closed")
assert COM + b"\x65" + struct.pack(">I", baud) + END in text, text
sys.stdout.buffer.write(text.partition(released)[2])
PYTHON
python3 read_log.py "$address" 115200 | tr -d '\r' >right.out
grep -qxF "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)" right.out || fail "no log: $(cat right.out)"
python3 read_log.py "$address" 57600 >wrong.out
! grep -qa "POWERON" wrong.out || fail "readable at the wrong rate"
stop_espsim

# A server of plain bytes is not taken for a serial port.
start_espsim --auto-download
expect_status 4 "$REFLASH" info -p "rfc2217://$address"
expect_complaint "cannot open rfc2217://$address"
expect_complaint "socket://"
stop_espsim
expect_status 2 "$REFLASH" info -p rfc2217://localhost
expect_complaint "it takes HOST:PORT"
expect_status 2 "$ESPSIM" --rfc2217 127.0.0.1:0 --listen 127.0.0.1:0
expect_status 2 "$ESPSIM" --rfc2217 5331
expect_status 2 "$ESPSIM" --wiring loose

# A client that opens and closes leaves the chip as it is, and the next one is served.
start_espsim_with --rfc2217 127.0.0.1:0
for _ in 1 2 3; do
    tcp=${address#rfc2217://}
    exec 3<>"/dev/tcp/${tcp/://}"
    exec 3>&-
done
expect_status 0 "$REFLASH" info -p "$address"
stop_espsim
