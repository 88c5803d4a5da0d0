#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The accounting clock: a flasher in another process is done at once, and the chip tells how long a board had taken.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT
make_builds
head -c 1048576 /dev/zero | tr '\0' '\377' >blank.bin
head -c 262144 new/hello_world.bin >data.bin # of this length, whatever the application has

# What the control socket says the chip's time went with: into $now, $erase, ... in nanoseconds.
ask_time() {
    local answer cause
    exec 4<>"/dev/tcp/${control/://}"
    echo time >&4
    IFS= read -r -t 20 answer <&4
    exec 4>&-
    [[ $answer == "ok now="* ]] || fail "time is answered: $answer"
    for cause in ${answer#ok }; do
        printf -v "${cause%=*}" %d "${cause#*=}"
    done
    # shellcheck disable=SC2154
    [ "$now" -eq $((boot + command + erase + program + read + md5 + inflate + wire_from + wire_to + bridge + host + nobody)) ] ||
        fail "causes do not add up: $answer"
}

# $2 <= $1 <= $3, or $4 is complained about.
expect_between() {
    if [ "$1" -lt "$2" ] || [ "$1" -gt "$3" ]; then
        fail "$4: $1 is not from $2 to $3"
    fi
}

# The job of $1 and more arguments: how long it took here in $here_ms, and the chip in $chip_ms.
measure() {
    local began_ns began_ms
    ask_time
    began_ns=$now
    began_ms=$(date +%s%3N)
    expect_status 0 "$@"
    here_ms=$(($(date +%s%3N) - began_ms))
    sleep 0.5 # nobody is there: not counted
    ask_time
    chip_ms=$(((now - began_ns) / 1000000))
}

# 256 KiB in 64 KiB-aligned sectors: by the ROM's rule 16 single ones, two blocks less than there are, 16 single ones.
erase_ms=$((32 * 45 + 2 * 150))
for way in --listen --rfc2217; do
    rm -f board.bin
    start_espsim_with "$way" 127.0.0.1:0 --control 127.0.0.1:0 --clock accounting --auto-download --flash board.bin
    control=$(sed -n 's/^espsim: control on //p' espsim.out)
    port=$address
    [ "$way" = --rfc2217 ] || port=socket://$address
    measure "$REFLASH" flash -p "$port" -b 115200 --no-stub --force --no-reset 0x100000 data.bin
    [ "$erase" -eq $((erase_ms * 1000000)) ] || fail "erasing took $erase ns"
    # Bytes at 115200 baud; what was sent besides the data are requests.
    sent=$(sed -n 's/^Sent \([0-9]*\) bytes.*/\1/p' out)
    expect_between "$sent" 262144 275000 "bytes sent"
    wire_ms=$((sent * 10000 / 115200))
    expect_between $((wire_to / 1000000)) $((wire_ms * 99 / 100)) $((wire_ms * 101 / 100)) "ms of the wire"
    # Programming takes 0.86 s, MD5 0.6 s twice, reset and boot 0.2 s; the rest is what two programs talk to each other.
    expect_between "$chip_ms" $((erase_ms + wire_ms)) $((erase_ms + wire_ms + 10000)) "$way: ms of the chip"
    [ "$here_ms" -le 15000 ] || fail "$way: a clock that only adds up took $here_ms ms"
    cmp -n 262144 -i 1048576:0 board.bin data.bin || fail "the flash does not hold it"

    # What a client takes for itself counts one to one; the boot that its connection started goes on beside it.
    measure sleep 0.1
    [ "$chip_ms" -eq 0 ] || fail "the chip took $chip_ms ms for nobody"
    address=${address##*/}
    exec 5<>"/dev/tcp/${address/://}"
    measure sleep 0.7
    exec 5>&-
    expect_between "$chip_ms" 1000 3000 "$way: ms of the chip for a client that does nothing for 1.2 s"
    stop_espsim
done

# --- A client that sees the chip's clock ------------------------------------------------------------------------------

# Hashing 1 MiB takes 2.4 s by the chip's clock, and next to nothing here.
start_espsim_with --pty ./board --control ./control.sock --clock accounting
seconds_of() {
    sed -n 's/.* in \([0-9]*\)\.[0-9]* s$/\1/p' "$1"
}
for clock in "" chip; do
    expect_status 0 env "ESPSIM_CONTROL=$PWD/control.sock" ESPSIM_CLOCK=$clock LD_PRELOAD="$ESPSIM_LINES" \
        "ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0" "$REFLASH" diff -p ./board -b 115200 --no-stub \
        0x100000 blank.bin
    cp out "seconds$clock"
done
[ "$(seconds_of secondschip)" -ge 2 ] || fail "the chip's clock was not seen: $(cat secondschip)"
[ "$(seconds_of seconds)" -lt "$(seconds_of secondschip)" ] || fail "it is this computer's: $(cat seconds)"
stop_espsim
