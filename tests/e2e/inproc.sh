#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The whole command line on a virtual chip in its own process: three runs, the --json lines, every exit status.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT
make_builds
port="sim:esp32?flash=board.bin"

# jq filter $1 holds for the last line.
expect_summary() {
    tail -n 1 out | jq -e "$1" >jq.out || fail "$1 does not hold for: $(tail -n 1 out)"
}

# --- For people ---------------------------------------------------------------------------------------------

expect_status 0 "$REFLASH" flash -p "$port" --monitor old
expect_order "Connected to target" "Transmission rate changed." \
    "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 460800 baud, RAM stub" \
    "Application MD5 differs, flashing $(all_of 262144) at 0x10000..." \
    "Partition table MD5 differs, flashing $(all_of 3072) at 0x8000..." \
    "Bootloader MD5 differs, flashing $(all_of 26384) at 0x1000..." \
    "Bootloader flashed and verified" "Partition table flashed and verified" "Application flashed and verified" \
    "Done!" "${log_head[@]}" "I (31) app_init: App version:      1.0.0" "Hello world!"
expect_last_line "Hello world!"
expect_flash board.bin old
[ "$(grep -c flashing out)" -eq 3 ] || fail "an image is said to be written more than once"

expect_status 0 "$REFLASH" flash -p "$port" --monitor old
expect_order "Connected to target" "Transmission rate changed." "${skip_all[@]}" "Done!" "${log_head[@]}" "Hello world!"
expect_last_line "Hello world!"
! grep -q flashing out || fail "something was flashed"

expect_status 0 "$REFLASH" flash -p "$port" --monitor new
expect_order "Bootloader MD5 match, skipping..." "Partition table MD5 match, skipping..." \
    "Application MD5 differs, flashing $(all_of "$app_bytes") at 0x10000..." \
    "Application flashed and verified" "Done!" "I (31) app_init: App version:      1.1.0" "Hello world!"
expect_last_line "Hello world!"
expect_flash board.bin new

# --- Another chip -------------------------------------------------------------------------------------------

"$MAKE_IMAGES" -o c3 --chip esp32c3 --app-bytes 131072 >made
expect_status 0 "$REFLASH" flash -p "sim:esp32c3?flash=c3.bin" --monitor c3
expect_order "Connected to target" "ESP32-C3, MAC c4:0a:24:fe:10:01, 4096 KiB flash, 460800 baud, RAM stub" \
    "Bootloader MD5 differs, flashing $(all_of "$(stat -c %s c3/bootloader/bootloader.bin)") at 0x0..." "Done!" \
    "ESP-ROM:esp32c3-api1-20210207" "Hello world!"
expect_status 0 "$REFLASH" flash -p "sim:esp32c3?flash=c3.bin" --monitor c3
expect_order "${skip_all[@]}" "Done!" "Hello world!"
expect_last_line "Hello world!"

# --- Resets by the chip's own watchdog ----------------------------------------------------------------------

expect_status 0 "$REFLASH" flash -p "sim:esp32c3?flash=c3.bin" --after watchdog --monitor c3
expect_order "${skip_all[@]}" "Done!" "ESP-ROM:esp32c3-api1-20210207" "Hello world!"
expect_last_line "Hello world!"
expect_status 0 "$REFLASH" info -p "sim:esp32c3?flash=c3.bin" --after watchdog
expect_status 5 "$REFLASH" info -p "$port" --after watchdog
expect_complaint "the watchdog of this chip does not do for a reset"
expect_status 0 "$REFLASH" info -p sim:esp32s2 --before usb
expect_status 2 "$REFLASH" info -p "$port" --after lunch
expect_complaint "--after takes reset, no-reset or watchdog"

# --- For programs -------------------------------------------------------------------------------------------

keys='["bytes_received","bytes_sent","erased_bytes","event","images","ok","seconds"]'
image_keys='["address","name","result","sectors_written"]'

# Every line is an object with an event, the summary is the last and only one, and has these keys and no others.
expect_json() {
    jq -e -s 'all(type == "object" and (.event | type == "string"))' out >jq.out || fail "not one object a line"
    [ "$(wc -l <out)" -eq "$(jq -s length out)" ] || fail "not one object a line"
    [ "$(jq -s 'map(select(.event == "summary")) | length' out)" -eq 1 ] || fail "not one summary"
    expect_summary ".event == \"summary\" and keys == $keys and all(.images[]; keys == $image_keys)"
    [ ! -s err ] || fail "complaints beside the --json lines"
}

expect_status 0 "$REFLASH" flash -p "$port" --no-stub --json --monitor new
expect_json
expect_summary '.ok and .bytes_sent + .bytes_received < 4096 and .erased_bytes == 0'
expect_summary '.seconds > 0 and .seconds < 10'
expect_summary '[.images[] | [.name, .address, .result, .sectors_written]] ==
    [["bootloader", 4096, "skipped", 0], ["partition-table", 32768, "skipped", 0], ["app", 65536, "skipped", 0]]'
jq -e -s 'map(select(.event == "connected"))[0] == {event: "connected", chip: "ESP32", mac: "24:0a:c4:12:34:56",
    flash_bytes: 4194304, baud: 460800, loader: "rom"}' out >jq.out || fail "connected"
[ "$(jq -r 'select(.event == "log") | .text' out | tail -n 1)" = "Hello world!" ] || fail "the log's last line"

expect_status 0 "$REFLASH" flash -p "$port" --no-stub --json old
expect_json
sectors=$((262144 / 4096))
expect_summary ".ok and .erased_bytes == $((sectors * 4096)) and .bytes_sent > 262144"
expect_summary ".images[2].result == \"flashed\" and .images[2].sectors_written == $sectors"
expect_summary '.images[0].result == "skipped" and .images[1].result == "skipped"'
jq -e -s 'map(select(.event == "progress")) | .[0].done_bytes == 0 and .[-1].done_bytes == .[-1].total_bytes and
    (map(.done_bytes) | . == sort)' out >jq.out || fail "progress"
cmp -n 262144 -i 65536:0 board.bin old/hello_world.bin || fail "the application is not the old one"

# --- verify, info, help -------------------------------------------------------------------------------------

cp board.bin before.bin
expect_status 0 "$REFLASH" verify -p "$port" old
expect_order "Bootloader at 0x1000: matches" "Partition table at 0x8000: matches" "Application at 0x10000: matches"
expect_status 1 "$REFLASH" verify -p "$port" new
expect_order "Bootloader at 0x1000: matches" "Partition table at 0x8000: matches" "Application at 0x10000: DIFFERS"
expect_status 1 "$REFLASH" verify -p "$port" --json new
expect_json
expect_summary '(.ok | not) and [.images[].result] == ["match", "match", "differ"]'
cmp board.bin before.bin || fail "verify changed the flash"

expect_status 0 "$REFLASH" info -p "$port"
expect_line "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 460800 baud"
expect_status 0 "$REFLASH" info -p "sim:esp32?flash-size=16MB" -b 115200
expect_line "ESP32, MAC 24:0a:c4:12:34:56, 16384 KiB flash, 115200 baud"
expect_status 0 env "REFLASH_PORT=$port" "$REFLASH" info

for program in "$REFLASH" "$ESPSIM"; do
    expect_status 0 "$program" --help
    grep -q '^Usage: ' out || fail "help without usage"
    grep -q '^Exit status: 0 ' out || fail "help without exit statuses"
    expect_status 0 "$program" --version
    grep -qE "^$(basename "$program") [0-9]+\.[0-9]+\.[0-9]+$" out || fail "version"
    [ ! -s err ] || fail "complaints"
done

# --- Exit status 2: wrong usage -----------------------------------------------------------------------------

expect_status 2 "$REFLASH"
expect_complaint "no command"
expect_status 2 "$REFLASH" fly
expect_complaint "no such command: fly"
expect_status 2 "$REFLASH" flash --bogus
expect_complaint "reflash: --bogus is no option"
expect_status 2 "$REFLASH" flash -x
expect_complaint "reflash: -x is no option"
expect_status 2 "$REFLASH" flash -p
expect_complaint "reflash: -p lacks its value"
expect_status 2 "$REFLASH" flash --until
expect_complaint "reflash: --until lacks its value"
expect_status 2 "$REFLASH" flash -p "$port" old --chip esp99
expect_complaint "reflash: --chip esp99: no chip this program knows"

# Dropped in silence, each of these would do what nobody asked for, or seem to have done it.
cp board.bin before.bin
for words in "erase --all --dry-run" "read --all -o x.bin --encrypt" "verify old --erase-all" "info --partition nvs" \
    "flash old -o x.bin" "flash old --c-array" "verify old --monitor" "flash old --monitor --for rom" \
    "monitor --for stub"; do
    # shellcheck disable=SC2086
    expect_status 2 "$REFLASH" $words -p "$port"
    expect_complaint " does not go with ${words%% *}"
done
cmp board.bin before.bin || fail "the flash was changed"
for words in "--until Hello" "--for 5"; do
    # shellcheck disable=SC2086
    expect_status 2 "$REFLASH" flash -p "$port" old $words
    expect_complaint "does not go with flash; it is for monitor, or beside --monitor"
done

# What nobody could read was not told.
status=0
"$REFLASH" image old/hello_world.bin >/dev/full 2>err || status=$?
[ "$status" -eq 3 ] || fail "status $status with a full disk"
expect_complaint "what was told could not be written"

# Whoever reads objects gets objects.
for words in "" "fly" "flash --bogus" "flash -b 12" "erase --dry-run --all"; do
    # shellcheck disable=SC2086
    expect_status 2 "$REFLASH" $words --json
    [ ! -s err ] || fail "complaints beside the objects: $words"
    jq -e -s '[.[].event] == ["error", "summary"] and (.[0].message | length > 0) and .[1].ok == false' out >jq.out ||
        fail "$words: $(cat out)"
done
expect_status 2 "$REFLASH" flash -p "$port"
expect_complaint "There is nothing to flash"
expect_status 2 "$REFLASH" flash -p "$port" 0x1000
expect_status 2 "$REFLASH" flash old
expect_complaint "no port"
expect_status 2 "$REFLASH" flash -p COM3 old
expect_complaint "of no known kind"
expect_status 2 "$REFLASH" flash -p socket://localhost old
expect_complaint "it takes HOST:PORT"
expect_status 2 "$REFLASH" flash -p sim:z80 old
expect_complaint "there is no chip"
expect_status 2 "$REFLASH" flash -p "sim:esp32?flash-size=3MB" old
expect_complaint "not '3MB'"
expect_status 2 "$REFLASH" info -p "$port" old
for rate in 0 1199 5000001 fast 115200x -1; do
    expect_status 2 "$REFLASH" info -p "$port" -b "$rate"
    expect_complaint "-b takes a rate"
done
for options in "--chip z80" "--flash-size 3MB" "--listen 5331" "--bogus" "word"; do
    # shellcheck disable=SC2086
    expect_status 2 "$ESPSIM" $options
    expect_complaint "Try 'espsim --help'."
done

# --- Exit status 3: inputs that are missing, damaged or do not fit ------------------------------------------

expect_status 3 "$REFLASH" flash -p "$port" nowhere
expect_complaint "nowhere: "
expect_status 3 "$REFLASH" flash -p "$port" 0x10000 nowhere.bin
cp -r new damaged
printf 'X' | dd of=damaged/hello_world.bin bs=1 seek=70000 conv=notrunc status=none
expect_status 3 "$REFLASH" flash -p "$port" damaged
expect_complaint "damaged/hello_world.bin"
expect_status 3 "$REFLASH" flash -p "$port" c3
expect_complaint "The build is for esp32c3, but the target is ESP32. Connect the right target, build for this one, or use \
--force. Nothing was changed."
expect_status 3 "$REFLASH" flash -p "$port" --chip esp32s3 new
expect_complaint "nothing was changed"
expect_status 3 "$REFLASH" flash -p "$port" 0x3FF000 new/hello_world.bin
expect_status 3 "$REFLASH" flash -p "$port" 0x10800 new/hello_world.bin
expect_status 3 "$REFLASH" flash -p "$port" --json damaged
expect_json
expect_summary '.ok | not'
jq -e -s 'map(select(.event == "error")) | length == 1 and (.[0].message | contains("damaged/hello_world.bin"))' \
    out >jq.out || fail "no error line"
cmp board.bin before.bin || fail "a refused input changed the flash"

# With --force it is flashed as it is, and the chip says what it thinks of it.
expect_status 0 "$REFLASH" flash -p "$port" --force --monitor damaged
expect_last_line "E (31) boot: No bootable app partitions in the partition table"
expect_flash board.bin damaged

# --- Exit status 4: no connection ---------------------------------------------------------------------------

start_espsim
closed=$address
stop_espsim
expect_status 4 "$REFLASH" info -p "socket://$closed"
expect_complaint "cannot open socket://$closed: Connection refused"
expect_status 4 "$REFLASH" info -p /dev/no-such-port
expect_complaint "cannot open /dev/no-such-port: No such file or directory; is the board plugged in?"
expect_status 4 "$REFLASH" info -p "sim:esp32?flash=/nowhere/board.bin"
expect_complaint "/nowhere/board.bin: No such file or directory"
printf 'too short' >short.bin
expect_status 4 "$REFLASH" info -p "sim:esp32?flash=short.bin"
expect_complaint "short.bin: 9 bytes is no flash size"
expect_status 1 "$ESPSIM" --flash short.bin --listen 127.0.0.1:0
expect_complaint "short.bin: 9 bytes is no flash size"
expect_status 1 "$ESPSIM" --listen 256.0.0.1:0
