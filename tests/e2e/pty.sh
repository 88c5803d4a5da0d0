#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A virtual chip behind a pseudo-terminal, as a board behind a serial adapter: with modem lines by a preloaded library,
# and with hands at a control socket. And a chip in real time.
# shellcheck disable=SC1091,SC2119,SC2154
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT
make_builds

# Commands, one answer each, to the control socket.
control() {
    python3 - "$control" "$@" <<'PYTHON'
import socket, sys
where, commands = sys.argv[1], sys.argv[2:]
if "/" in where:
    line = socket.socket(socket.AF_UNIX)
    line.connect(where)
else:
    host, port = where.split(":")
    line = socket.create_connection((host, int(port)))
line.settimeout(20)
answers = line.makefile()
for command in commands:
    line.sendall(command.encode() + b"\n")
    print(answers.readline(), end="")
PYTHON
}
expect_control() {
    local wanted=$1
    shift
    [ "$(control "$@" | tail -n 1)" = "$wanted" ] || fail "not \"$wanted\": $(control "$@" | tail -n 1)"
}

# --- Modem lines: our own port resets the chip as it does a board ---------------------------------------------

# A sanitized program wants its runtime before any preloaded library.
with_lines() {
    ESPSIM_CONTROL=$control ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 LD_PRELOAD=$ESPSIM_LINES "$@"
}
reflash_program=$REFLASH
reflash_with_lines() {
    exec env "ESPSIM_CONTROL=$control" "ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0" \
        "LD_PRELOAD=$ESPSIM_LINES" "$reflash_program" "$@"
}

start_espsim_with --pty ./board --control ./control.sock --flash board.bin
control=$PWD/control.sock
grep -qxF "espsim: control on ./control.sock" espsim.out || fail "$(cat espsim.out)"
[ "$(readlink board)" = "$address" ] || fail "board is not $address"
[ -c "$address" ] || fail "$address is no device"

REFLASH=reflash_with_lines
expect_log_until_hello flash -p ./board old
expect_order "Connected to target" "Transmission rate changed." \
    "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 460800 baud, RAM stub" "Application flashed and verified" "Done!" \
    "${log_head[@]}" "I (31) app_init: App version:      1.0.0" "Hello world!"
expect_flash board.bin old
expect_log_until_hello flash -p "$address" -b 921600 old
expect_order "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 921600 baud, RAM stub" "${skip_all[@]}" "Done!" "Hello world!"
! grep -q flashing out || fail "something was flashed"
expect_log_until_hello flash -p ./board new
expect_order "Application MD5 differs, flashing $(all_of "$app_bytes") at 0x10000..." "Done!" "Hello world!"
expect_flash board.bin new
REFLASH=$reflash_program

# Any program's requests reach the chip, one line at a time as well as both at once.
with_lines python3 - ./board >lines.out <<'PYTHON'
import fcntl, os, struct, sys, termios
line = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
def request(number, value):
    return struct.unpack("I", fcntl.ioctl(line, number, struct.pack("I", value)))[0]
def told():
    lines = request(termios.TIOCMGET, 0)
    return (bool(lines & termios.TIOCM_DTR), bool(lines & termios.TIOCM_RTS))
request(termios.TIOCMSET, termios.TIOCM_RTS)
assert told() == (False, True), told()
request(termios.TIOCMBIS, termios.TIOCM_DTR)
assert told() == (True, True), told()
request(termios.TIOCMBIC, termios.TIOCM_RTS)
assert told() == (True, False), told()
text = b""
while b"waiting for download\r\n" not in text:
    text += os.read(line, 1000)
print("in its loader")
try:
    fcntl.ioctl(line, termios.TIOCMIWAIT, 0)
except OSError as error:
    print(error.errno == 25 or error.errno == 22)   # what it does not know stays refused
PYTHON
[ "$(cat lines.out)" = $'in its loader\nTrue' ] || fail "$(cat lines.out)"
# Without the library a pseudo-terminal has none, and a terminal by itself resets nothing: the chip still waits.
expect_status 0 "$REFLASH" info -p ./board
stop_espsim
[ ! -e control.sock ] || fail "the socket was left behind"
[ ! -L board ] || fail "the link was left behind"

# --- Hands ------------------------------------------------------------------------------------------------------

start_espsim_with --pty --control 127.0.0.1:0 --flash board.bin --strap boot=low
control=$(sed -n 's/^espsim: control on //p' espsim.out)
expect_status 0 "$REFLASH" info -p "$address"
expect_line "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 460800 baud"
expect_control "ok power=on reset=high boot=high dtr=0 rts=0 baud=115200 host-baud=460800 loader=no" \
    "boot high" reset status
expect_status 4 "$REFLASH" info -p "$address"
expect_control "ok power=off reset=high boot=low dtr=0 rts=0 baud=115200 host-baud=115200 loader=no" \
    "boot low" "power off" status
expect_status 4 "$REFLASH" info -p "$address"
expect_control ok "power on"
expect_status 0 "$REFLASH" info -p "$address"
expect_control ok reset "baud 9600"
expect_status 4 "$REFLASH" info -p "$address" # the loader learns 9600, and 460800 is none of it
expect_control ok "baud auto" reset
expect_status 0 "$REFLASH" info -p "$address"
expect_control "error the line is too long" "$(printf 'x%.0s' {1..200})"
expect_control "error it is: power off|on" "power up"
stop_espsim

# --- Every new client in the loader; and real time -----------------------------------------------------------------

start_espsim_with --pty --auto-download --chip esp32c3
for _ in 1 2; do
    expect_status 0 "$REFLASH" info -p "$address"
    expect_line "ESP32-C3, MAC c4:0a:24:fe:10:01, 4096 KiB flash, 460800 baud"
done
stop_espsim

started_ms=$(date +%s%3N)
start_espsim --realtime --auto-download --flash slow.bin
head -c 65536 new/hello_world.bin >data.bin
expect_status 0 "$REFLASH" flash -p "socket://$address" --no-stub --force --no-reset 0x100000 data.bin
# 64 KiB at 115200 baud, where plain TCP stays, take 5.7 s on the wire, and 16 sectors 0.7 s to erase.
took_ms=$(($(date +%s%3N) - started_ms))
[ "$took_ms" -ge 6400 ] || fail "real time took $took_ms ms"
cmp -n 65536 -i 1048576:0 slow.bin data.bin || fail "the flash does not hold it"
stop_espsim

# --- Wrong usage ----------------------------------------------------------------------------------------------------

for options in "--pty --listen 127.0.0.1:0" "--pty ./a b" "--strap boot" "--strap reset=low" "word"; do
    # shellcheck disable=SC2086
    expect_status 2 "$ESPSIM" $options
    expect_complaint "Try 'espsim --help'."
done
expect_status 1 "$ESPSIM" --pty ./nowhere/board
expect_complaint "nowhere/board"
expect_status 1 "$ESPSIM" --control nowhere
touch file
expect_status 1 "$ESPSIM" --control ./file
expect_status 1 "$ESPSIM" --pty ./file
[ -f file ] || fail "a file was replaced"
