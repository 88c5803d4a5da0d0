#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What espsim writes about a job: a line for each command, and an account as JSON at every wish and at the end.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT
make_builds
head -c 20480 new/hello_world.bin >data.bin

# jq filter $1 holds for the report.
expect_report() {
    jq -e "$1" report.json >jq.out || fail "$1 does not hold for: $(cat report.json)"
}

for way in --listen --rfc2217; do
    head -c 4194304 /dev/zero >board.bin # a blank one is not erased
    start_espsim_with "$way" 127.0.0.1:0 --flash board.bin --control 127.0.0.1:0 --clock accounting --auto-download \
        --trace trace.txt --report report.json
    control=$(sed -n 's/^espsim: control on //p' espsim.out)
    port=$address
    [ "$way" = --rfc2217 ] || port=socket://$address
    expect_report '.now_ns == 0 and .commands == {}'
    expect_status 0 "$REFLASH" flash -p "$port" --no-stub --force --no-reset 0x100000 data.bin
    exec 4<>"/dev/tcp/${control/://}"
    echo report >&4
    IFS= read -r -t 20 answer <&4
    exec 4>&-
    [ "$answer" = ok ] || fail "report is answered: $answer"
    expect_report '.chip == "ESP32" and .flash.bytes == 4194304'
    expect_report '.commands.FLASH_BEGIN == {"count": 1, "refused": 0} and .commands.SPI_FLASH_MD5.count > 1'
    digests=$(jq .commands.SPI_FLASH_MD5.count report.json)
    expect_report '.flash.erases == {"4096": 5, "32768": 0, "65536": 0, "chip": 0}'
    expect_report '.flash.programmed_bytes == 20480 and .flash.pages_programmed == 80'
    expect_report '.flash.wear == {"0x100000": 1, "0x101000": 1, "0x102000": 1, "0x103000": 1, "0x104000": 1}'
    expect_report '.time_ns.erase == 225000000 and ([.time_ns[]] | add) == .now_ns'
    expect_report '.link.bytes_to_target > 20480 and .link.bytes_from_target > 100'

    # A signal asks for one, too; espsim goes on.
    rm report.json
    kill -USR1 "$espsim"
    for ((turn = 0; turn < 200; turn++)); do
        [ ! -s report.json ] || break
        sleep 0.05
    done
    expect_report '.flash.erases["4096"] == 5'
    expect_status 0 "$REFLASH" verify -p "$port" --force 0x100000 data.bin
    stop_espsim
    expect_report '.flash.erases["4096"] == 5 and .commands.SPI_FLASH_MD5.count == '$((digests + 1))

    grep -qE '^[0-9]+\.[0-9]{9} > FLASH_BEGIN size=20480 .* addr=0x100000 < ok 225\.200 ms$' trace.txt ||
        fail "$(cat trace.txt)"
    [ "$(grep -cE '^[0-9.]+ > FLASH_DATA size=[0-9]+ seq=[0-9]+ < ok [0-9.]+ ms$' trace.txt)" -ge 2 ] || fail "no data"
    grep -qE '^[0-9.]+ \* reset cause=0x1 strapping=0x3 after [0-9]+ bytes in, [0-9]+ out$' trace.txt || fail "no reset"
    tail -n 1 trace.txt | grep -qE '^[0-9.]+ \* end after [0-9]+ bytes in, [0-9]+ out$' || fail "no end"
done
grep -qE '^[0-9.]+ \* baud 46[0-9]{4} after ' trace.txt || fail "no change of rate"

# Over the chip's own USB its watchdogs are switched off first.
start_espsim --auto-download --chip esp32c3 --trace trace.txt
expect_status 0 "$REFLASH" info -p "socket://$address" --before usb
stop_espsim
grep -m 1 WRITE_REG trace.txt | grep -qi "600080a8" || fail "$(cat trace.txt)"
start_espsim --auto-download --chip esp32c3 --trace trace.txt
expect_status 0 "$REFLASH" info -p "socket://$address"
stop_espsim
! grep -qi 600080a8 trace.txt || fail "they are switched off without need"

# Both to the standard output; and where they cannot be written, nothing is served.
start_espsim_with --rfc2217 127.0.0.1:0 --trace - --report -
stop_espsim
grep -qE '^0\.[0-9]+ \* end after 0 bytes in, [0-9]+ out$' espsim.out || fail "$(cat espsim.out)"
sed -n '/^{/,$p' espsim.out | jq -e '.chip == "ESP32"' >jq.out || fail "$(cat espsim.out)"
expect_status 1 "$ESPSIM" --rfc2217 127.0.0.1:0 --trace nowhere/trace.txt
expect_complaint "nowhere/trace.txt: No such file or directory"
expect_status 1 "$ESPSIM" --rfc2217 127.0.0.1:0 --report nowhere/report.json
expect_complaint "nowhere/report.json: No such file or directory"
expect_status 2 "$ESPSIM" --clock slow
