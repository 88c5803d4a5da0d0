# SPDX-License-Identifier: Apache-2.0
# Sourced by the other scripts: what they check with. Programs come as REFLASH, ESPSIM and MAKE_IMAGES.
# Variables set here are used there, and the programs' names are set by CTest.
# shellcheck shell=bash disable=SC2034,SC2153

fail() {
    echo "FAILED: $*" >&2
    for file in out err; do
        [ ! -s "$file" ] || { echo "--- $file" >&2 && tail -n 40 "$file" >&2; }
    done
    exit 1
}

# Run a command and want exit status $1; its output is in the files out and err, log lines without their CR.
expect_status() {
    local wanted=$1 status=0
    shift
    "$@" >raw 2>err </dev/null || status=$?
    tr -d '\r' <raw >out
    [ "$status" -eq "$wanted" ] || fail "exit status $status instead of $wanted: $*"
}

# Line $1 is in the output, as a whole.
expect_line() {
    grep -qxF -- "$1" out || fail "the output lacks the line: $1"
}

# Text $1 is among the complaints.
expect_complaint() {
    grep -qF -- "$1" err || fail "stderr lacks: $1"
}

# The output has these lines in this order, with or without others between them.
expect_order() {
    local line number before=0
    for line in "$@"; do
        number=$(tail -n "+$((before + 1))" out | grep -nxF -m 1 -- "$line" | cut -d : -f 1) || true
        [ -n "$number" ] || fail "behind line $before the output lacks the line: $line"
        before=$((before + number))
    done
}

expect_last_line() {
    [ "$(tail -n 1 out)" = "$1" ] || fail "the last line is not: $1"
}

# Flash file $1 holds the images of build folder $2 and is blank everywhere else.
expect_flash() {
    local bytes
    bytes=$(stat -c %s "$1")
    head -c "$bytes" /dev/zero | tr '\0' '\377' >expected.bin
    dd if="$2/bootloader/bootloader.bin" of=expected.bin bs=4096 seek=1 conv=notrunc status=none
    dd if="$2/partition_table/partition-table.bin" of=expected.bin bs=4096 seek=8 conv=notrunc status=none
    dd if="$2/hello_world.bin" of=expected.bin bs=4096 seek=16 conv=notrunc status=none
    cmp "$1" expected.bin || fail "the flash does not hold what is in $2"
}

# Builds: old/ and, with another application, new/.
make_builds() {
    "$MAKE_IMAGES" -o old --version 1.0.0 --app-bytes 262144 >made
    "$MAKE_IMAGES" -o new --version 1.1.0 --app-bytes 262144 --change 1 >made
    app_bytes=$(stat -c %s new/hello_world.bin)
}

# An image of $1 bytes, as reflash tells about all of it.
all_of() { echo "$((($1 + 4095) / 4096)) of $((($1 + 4095) / 4096)) sectors"; }

# espsim with these options in the background: its process in $espsim, where it is reached in $address.
start_espsim_with() {
    : >espsim.out # an earlier one has said something else
    "$ESPSIM" "$@" >espsim.out 2>espsim.err &
    espsim=$!
    for ((turn = 0; turn < 200; turn++)); do
        address=$(sed -n 's/^espsim: .* flash .* on \([^ ]*\)$/\1/p' espsim.out)
        [ -z "$address" ] || return 0
        sleep 0.05
    done
    fail "espsim does not say where it listens: $(cat espsim.out espsim.err)"
}

# The same on a free TCP port.
start_espsim() {
    start_espsim_with --listen 127.0.0.1:0 "$@"
}

# reflash with these arguments shows the log of a line that never ends by itself, until Hello world!; its output is in
# the file out.
expect_log_until_hello() {
    local status=0
    : >raw # or what an earlier one said is taken for this one's before the shell has opened it
    "$REFLASH" "$@" --monitor >raw 2>err </dev/null &
    reflash=$!
    for ((turn = 0; turn < 600; turn++)); do
        ! grep -q "^Hello world!" raw || break
        kill -0 "$reflash" 2>/dev/null || break
        sleep 0.05
    done
    kill -INT "$reflash" 2>/dev/null || :
    wait "$reflash" || status=$?
    reflash=
    tr -d '\r' <raw >out
    [ "$status" -eq 0 ] || fail "exit status $status: $*"
}

# SIGTERM or $1 ends espsim, with status 0.
stop_espsim() {
    local status=0
    kill "-${1:-TERM}" "$espsim"
    wait "$espsim" || status=$?
    espsim=
    [ "$status" -eq 0 ] || fail "espsim ended with $status"
    [ ! -s espsim.err ] || fail "espsim complained: $(cat espsim.err)"
}

espsim=
reflash=
trap '[ -z "$espsim$reflash" ] || kill $espsim $reflash' EXIT

skip_all=(
    "Bootloader MD5 match, skipping..."
    "Partition table MD5 match, skipping..."
    "Application MD5 match, skipping..."
)
log_head=(
    "*** Logs below are print from slave .... ***"
    "ets Jul 29 2019 12:21:46"
    "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)"
)
