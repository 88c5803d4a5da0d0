#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A chip on which things go wrong, as somebody asks for it on the command line: what the flasher makes of it, and that
# the same job without the fault finishes.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

make_builds

# What is fatal for one run: the flasher says so, and the next run finishes. In the same process, and over TCP where
# nobody has to wait for silence to be over.
for fault in power-cut@op=5 port-gone@byte=2000 bit-stuck@addr=0x10004:bit=0 sector-unerasable@addr=0x10000 \
    wrong-chip-id@id=0x1234; do
    rm -f board.bin
    expect_status 0 "$REFLASH" flash -p "sim:esp32?flash=board.bin" new
    status=0
    "$REFLASH" flash -p "sim:esp32?flash=board.bin&fault=$fault" old >raw 2>err || status=$?
    [ "$status" -ne 0 ] || fail "success with $fault in the same process"
    [ -s err ] || fail "no word about $fault in the same process"

    if [ "$fault" != power-cut@op=5 ]; then
        start_espsim --auto-download --flash board.bin --fault "$fault"
        [ "$(wc -l <espsim.out)" -eq 1 ] || fail "more than one line: $(cat espsim.out)"
        status=0
        "$REFLASH" flash -p "socket://$address" old >raw 2>err || status=$?
        [ "$status" -ne 0 ] || fail "success with $fault over TCP"
        stop_espsim
    fi

    expect_status 0 "$REFLASH" flash -p "sim:esp32?flash=board.bin" old
    expect_status 0 "$REFLASH" verify -p "sim:esp32?flash=board.bin" old
done

# After a port disappeared it can be opened again, and the job goes on with the same chip.
rm -f board.bin
start_espsim --auto-download --flash board.bin --fault port-gone@byte=3000
status=0
"$REFLASH" flash -p "socket://$address" new >raw 2>err || status=$?
[ "$status" -ne 0 ] || fail "success on a port that disappeared"
expect_status 0 "$REFLASH" flash -p "socket://$address" new
stop_espsim
expect_flash board.bin new

# The same for a serial port over TCP and a pseudo-terminal, which gets another name behind its link.
rm -f board.bin
start_espsim_with --rfc2217 127.0.0.1:0 --flash board.bin --fault port-gone@byte=3000
status=0
"$REFLASH" flash -p "$address" old >raw 2>err || status=$?
[ "$status" -ne 0 ] || fail "success on an RFC 2217 port that disappeared"
expect_status 0 "$REFLASH" flash -p "$address" old
stop_espsim
expect_flash board.bin old
start_espsim_with --pty ./board --auto-download --flash board.bin --fault port-gone@byte=3000
before=$(readlink board)
status=0
"$REFLASH" flash -p ./board new >raw 2>err || status=$?
[ "$status" -ne 0 ] || fail "success on a terminal that disappeared"
for ((turn = 0; turn < 100; turn++)); do
    [ ! -e board ] || break
    sleep 0.05
done
[ -e board ] || fail "the terminal did not return ($before)"
expect_status 0 "$REFLASH" flash -p ./board new
stop_espsim
expect_flash board.bin new

# A lie that denies costs time; one that confirms is believed, as nobody else can tell what the flash holds.
rm -f board.bin
expect_status 0 "$REFLASH" flash -p "sim:esp32?flash=board.bin" old
expect_status 0 "$REFLASH" flash -p "sim:esp32?flash=board.bin&fault=lying-md5@md5=1&fault=lying-md5@md5=2" old
expect_order "Bootloader MD5 differs, flashing 2 of 7 sectors at 0x1000..." "Bootloader flashed and verified" "Done!"
expect_flash board.bin old
digest=$(md5sum old/partition_table/partition-table.bin | cut -d ' ' -f 1)
printf 'X' | dd of=board.bin bs=1 seek=$((0x8000)) conv=notrunc 2>/dev/null
expect_status 0 "$REFLASH" flash -p "sim:esp32?flash=board.bin&fault=lying-md5@md5=3:digest=$digest" old
expect_order "${skip_all[1]}" "Done!"
[ "$(dd if=board.bin bs=1 skip=$((0x8000)) count=1 2>/dev/null)" = X ] || fail "the partition table was written"

# Chance: the seed is told, and repeats the run. Without one there is another each time.
losses='fault=drop-to-target@every=3000&fault=flip-from-target@every=700'
run_of() {
    rm -f board.bin
    "$REFLASH" flash -p "sim:esp32?flash=board.bin&$losses$1" new >"$2" 2>&1 || :
}
run_of '' first
seed=$(sed -n 's/^espsim: seed //p' first)
[ -n "$seed" ] || fail "no seed: $(cat first)"
run_of "&seed=$seed" second
cmp first second || fail "seed $seed does not repeat its run"
run_of '&seed=1' third
! cmp -s first third || [ "$seed" -eq 1 ] || fail "seed 1 is no other run than seed $seed"
start_espsim --auto-download --fault drop-to-target@every=3000 --seed 7
grep -qx "espsim: seed 7" espsim.out || fail "$(cat espsim.out)"
stop_espsim
start_espsim --auto-download --fault noise-to-target@byte=3000:bytes=5
grep -qE "^espsim: seed [1-9][0-9]*$" espsim.out || fail "$(cat espsim.out)"
stop_espsim

# Two at once on one run, which a flasher that tries again survives.
rm -f board.bin
expect_status 0 "$REFLASH" flash -p "sim:esp32?flash=board.bin&fault=brown-out@op=9&fault=drop-to-target@byte=700" old
expect_order "Application flashed and verified" "Done!"
grep -q "^Trouble: " out || fail "no trouble"
expect_flash board.bin old
rm -f board.bin
start_espsim --auto-download --flash board.bin --fault delay-to-target@byte=5000:ms=900 --fault stall@op=9:ms=900
expect_status 0 "$REFLASH" flash -p "socket://$address" old
expect_order "Application flashed and verified" "Done!"
stop_espsim
expect_flash board.bin old

# What makes no sense is refused, with what would.
expect_status 2 "$ESPSIM" --fault drop-to-target
expect_complaint "fault 'drop-to-target': it wants one of byte, every"
expect_status 2 "$ESPSIM" --fault drop@byte=1
expect_complaint "there is no kind 'drop'; there are drop-to-target, "
expect_status 2 "$ESPSIM" --seed 0
expect_complaint "seed takes a number from 1 to 4294967295, not '0'"
expect_status 2 "$REFLASH" info -p 'sim:esp32?fault=reset@byte=x'
expect_complaint "sim:esp32: fault 'reset@byte=x': byte takes a number from 1 to 4294967295, not 'x'"
expect_status 0 "$ESPSIM" --help
grep -q '^  bit-stuck  *@addr=N:bit=N ' out || fail "no word about bit-stuck in the help"
