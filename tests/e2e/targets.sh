#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One command on several targets at once, and on those that are found.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT
make_builds
a="sim:esp32?flash=a.bin"
b="sim:esp32?flash=b.bin"
c="sim:esp32?flash=c.bin&fault=lying-md5@every=1"
missing=/dev/no-such-port

# --- All well ---------------------------------------------------------------------------------------------------------

expect_status 0 "$REFLASH" flash -p "$a" -p "$b" old
expect_flash a.bin old
expect_flash b.bin old
for port in "$a" "$b"; do
    expect_order "[$port] Connected to target" "[$port] ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 460800 baud, RAM stub" \
        "[$port] Application flashed and verified" "[$port] Done!" "2 of 2 targets done"
done
expect_last_line "2 of 2 targets done"
[ ! -s err ] || fail "complaints"
[ "$(grep -cvE '^\[sim:esp32\?flash=[ab].bin\] |^2 of 2 ' out)" -eq 0 ] || fail "a line without its port"

expect_status 0 "$REFLASH" flash -p "$a" -p "$b" --monitor --until "Hello world!" old
for port in "$a" "$b"; do
    expect_order "[$port] Application MD5 match, skipping..." "[$port] I (31) app_init: App version:      1.0.0" \
        "[$port] Hello world!"
done

# --- One of them is not what it should be, one is not there ---------------------------------------------------------------

expect_status 0 "$REFLASH" flash -p "$b" new
expect_status 1 "$REFLASH" verify -p "$a" -p "$b" old
expect_order "[$b] Application at 0x10000: DIFFERS" "1 of 2 targets done" "  not $b (exit status 1)"
expect_order "[$a] Application at 0x10000: matches"
expect_status 5 "$REFLASH" flash -p "$a" -p "$c" -p "$missing" old
expect_order "[$a] Done!" "1 of 3 targets done" "  not $c (exit status 5)" "  not $missing (exit status 4)"
expect_complaint "reflash: $missing: cannot open $missing: No such file or directory"
expect_complaint "reflash: $c: "

expect_status 4 "$REFLASH" info -p "$a" -p "$missing" --json
tail -n 1 out | jq -e '. == {event: "targets", ok: false, targets: 2, failed: 1}' >jq.out || fail "$(tail -n 1 out)"
jq -e -s '.[:-1] | all(.port == "sim:esp32?flash=a.bin" or .port == "/dev/no-such-port")' out >jq.out ||
    fail "an event without its port"
jq -e -s 'map(select(.event == "summary")) | length == 2' out >jq.out || fail "not one summary for each"
[ ! -s err ] || fail "complaints beside the --json lines"

# --- Usage ------------------------------------------------------------------------------------------------------------

expect_status 2 "$REFLASH" read -p "$a" -p "$b" 0 4K -o x.bin
expect_complaint "read works on one target; name one port with -p"
expect_status 2 "$REFLASH" flash -p "$a" --all old
expect_complaint "--all stands for every USB serial port; leave -p out"
for words in "read 0 4096 -o x -p sim:esp32 -p sim:esp32c3" "flash old --all -p sim:esp32" "ports sim:esp32"; do
    # shellcheck disable=SC2086
    expect_status 2 "$REFLASH" --json $words
    jq -e -s 'map(.event) == ["error", "summary"] and .[1].ok == false' out >jq.out || fail "no summary: $(cat out)"
done
ports=()
for ((turn = 0; turn < 65; turn++)); do
    ports+=(-p "$missing")
done
expect_status 2 "$REFLASH" info "${ports[@]}"
expect_complaint "too many ports, from here on: $missing"

# What there is on this computer is not known here; where there is nothing it is said.
if ! "$REFLASH" ports --json | jq -e -s 'any(.usb)' >jq.out; then
    expect_status 4 "$REFLASH" info -p auto
    expect_complaint "this computer has no USB serial port; is the board plugged in, by a cable with data wires?"
    expect_status 4 "$REFLASH" info --all
    expect_status 0 env REFLASH_PORT=auto "$REFLASH" pack old -o old.rfb
fi
