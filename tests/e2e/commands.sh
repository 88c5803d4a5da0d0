#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# read, erase, run, partitions by name, stubs and rates, on a virtual chip in the same process.
# shellcheck disable=SC1091,SC2119
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"

unset REFLASH_PORT
make_builds
port="sim:esp32?flash=board.bin"
expect_status 0 "$REFLASH" flash -p "$port" old
cp board.bin flashed.bin

expect_summary() {
    tail -n 1 out | jq -e "$1" >jq.out || fail "$1 does not hold for: $(tail -n 1 out)"
}

# The last command left no file of this name, nor a part of one.
expect_no_file() {
    ! compgen -G "$1*" >/dev/null || fail "$1 or a part of it is there"
}

# --- read ---------------------------------------------------------------------------------------------------------

expect_status 0 "$REFLASH" read -p "$port" 0x1000 24K -o part.bin
expect_order "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 460800 baud, RAM stub" \
    "part.bin: 0x6000 bytes from 0x1000 on, as the target's own MD5s prove; MD5 of all $(md5sum <part.bin | cut -d ' ' -f 1)"
cmp part.bin <(tail -c +4097 flashed.bin | head -c 24576) || fail "read something else"
[ ! -e part.bin.part ] || fail "the part is left over"

# The ROM tells no more than 64 bytes at a time, and the same.
expect_status 0 "$REFLASH" read -p "$port" --no-stub 0xfffe 4099 -o rom.bin
expect_order "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 460800 baud"
cmp rom.bin <(tail -c +65535 flashed.bin | head -c 4099) || fail "the ROM read something else"

expect_status 0 "$REFLASH" read -p "sim:esp32?flash-size=1MB" --all -o all.bin --json
[ "$(stat -c %s all.bin)" -eq 1048576 ] || fail "not all"
[ "$(tr -d '\377' <all.bin | wc -c)" -eq 0 ] || fail "not blank"
expect_summary ".ok and .address == 0 and .bytes == 1048576 and .md5 == \"$(md5sum <all.bin | cut -d ' ' -f 1)\""
jq -e -s 'map(select(.event == "progress")) | length == 11 and .[0].done_bytes == 0 and
    .[-1].done_bytes == .[-1].total_bytes and all(.name == "read")' out >jq.out || fail "progress"

expect_status 0 "$REFLASH" read -p "$port" --partition factory -o app.bin
expect_line "Partition factory: 0x180000 bytes at 0x10000"
cmp -n 262144 app.bin old/hello_world.bin || fail "the partition holds something else"
[ "$(stat -c %s app.bin)" -eq 1572864 ] || fail "not the whole partition"

# What cannot be read leaves the file of before as it was.
echo precious >kept.bin
expect_status 3 "$REFLASH" read -p "$port" --partition factoy -o kept.bin
expect_complaint "the target's partition table has no 'factoy'; it has nvs, phy_init, factory"
expect_status 3 "$REFLASH" read -p "$port" --partition nvs --partition-table-offset 0x9000 -o kept.bin
expect_complaint "the target has no partition table at 0x9000: the bytes at offset 0x0 are not AA 50"
expect_complaint "say where with --partition-table-offset"
expect_status 3 "$REFLASH" read -p "$port" 0x3ff000 8K -o kept.bin
expect_complaint "0x2000 bytes from 0x3ff000 on leave the flash, which ends at 0x400000; at most 0x1000 are there"
expect_status 3 "$REFLASH" read -p "$port" 0x400000 1 -o kept.bin
expect_complaint "0x400000 is beyond the flash, which ends at 0x400000"
expect_status 5 "$REFLASH" read -p "$port&fault=lying-md5@every=1" 0 64K -o kept.bin
expect_complaint "reflash: what went over the line is not what the target says that it holds; try a lower rate with -b"
[ "$(cat kept.bin)" = precious ] || fail "the file of before is gone"
expect_no_file kept.bin.part
expect_status 3 "$REFLASH" read -p "$port" 0 4K -o nowhere/x.bin
expect_complaint "nowhere/x.bin: cannot be written: No such file or directory."
mkdir folder
mkfifo device # stands for one: a file would take its place
for name in folder device; do
    expect_status 3 "$REFLASH" read -p "$port" 0 4K -o "$name"
    expect_complaint "and the file that is written takes the place of what has that name. Name a file."
    expect_status 3 "$REFLASH" pack old -o "$name"
    expect_complaint "$name: cannot be written: it is "
done
[ -p device ] || fail "a device was replaced by a file"
expect_no_file folder.part

expect_status 2 "$REFLASH" read -p "$port" 0 4K
expect_complaint "read writes a file: name it with -o, such as -o flash.bin"
expect_status 2 "$REFLASH" read -p "$port" -o x.bin
expect_complaint "say which part of the flash: ADDR SIZE (0x10000 64K), --partition NAME or --all"
expect_status 2 "$REFLASH" read -p "$port" --all --partition nvs -o x.bin
expect_complaint "ADDR SIZE, --partition and --all exclude each other"
for size in 0 4Q -1 4G 5000M 0x; do
    expect_status 2 "$REFLASH" read -p "$port" -o x.bin 0 -- "$size"
    expect_complaint "the size \"$size\" is none"
done
expect_status 2 "$REFLASH" read -p "$port" -o x.bin 0x 4K
expect_complaint 'the address "0x" is no number; give ADDR SIZE such as 0x10000 64K'
expect_no_file x.bin

# A stub that arrives damaged at the wanted rate, and a disturbed line later on.
expect_status 0 "$REFLASH" read -p "$port&fault=drop-to-target@byte=5000" 0x10000 64K -o part.bin
cmp part.bin <(tail -c +65537 flashed.bin | head -c 65536) || fail "a disturbed line delivered something else"

# Ctrl-C in the middle, on a chip in real time: nothing is left that could be taken for the flash.
start_espsim_with --rfc2217 127.0.0.1:0 --realtime --flash board.bin
"$REFLASH" read -p "$address" --all -o x.bin >raw 2>err </dev/null &
reflash=$!
for ((turn = 0; turn < 400 && $(stat -c %s x.bin.part 2>/dev/null || echo 0) == 0; turn++)); do
    sleep 0.05
done
kill -INT "$reflash"
status=0
wait "$reflash" || status=$?
reflash=
stop_espsim
[ "$status" -eq 130 ] || fail "exit status $status after Ctrl-C"
expect_complaint "reflash: interrupted; the target waits in its loader. No file was written; the same command begins again."
expect_no_file x.bin

# --- erase --------------------------------------------------------------------------------------------------------

expect_status 2 "$REFLASH" erase -p "$port" 0x10800 100
expect_complaint "flash is erased in sectors of 0x1000 bytes, and 0x64 bytes at 0x10800 are no whole ones. To erase all \
sectors that they are in: reflash erase 0x10000 0x1000"
expect_status 2 "$REFLASH" erase -p "$port" 0x10800 4K
expect_complaint "reflash erase 0x10000 0x2000"
expect_status 3 "$REFLASH" erase -p "$port" 0x3ff000 8K
expect_status 2 "$REFLASH" erase -p "$port"
cmp board.bin flashed.bin || fail "a refused erase changed the flash"

expect_status 0 "$REFLASH" erase -p "$port" 0x20000 8K
expect_order "Erasing 0x2000 bytes at 0x20000..." "Erased and verified blank"
expect_status 0 "$REFLASH" erase -p "$port" --no-stub 0x24000 4K --json
expect_summary '.ok and .verified and .erased_bytes == 4096'
cp flashed.bin expected.bin
for sector in 32 33 36; do
    head -c 4096 all.bin | dd of=expected.bin bs=4096 seek=$sector conv=notrunc status=none
done
cmp board.bin expected.bin || fail "something else was erased"
expect_status 0 "$REFLASH" erase -p "$port" --partition factory
expect_order "Partition factory: 0x180000 bytes at 0x10000" "Erasing 0x180000 bytes at 0x10000..." \
    "Erased and verified blank"
expect_status 5 "$REFLASH" erase -p "$port&fault=sector-unerasable@addr=0x8000" 0x8000 4K
expect_complaint "the flash is not blank after it was erased; it is worn, or protected against writing"
expect_status 0 "$REFLASH" erase -p "$port" --all
expect_order "Erasing the whole flash, 0x400000 bytes at 0x0, with everything that is on it..." \
    "Erased and verified blank"
[ "$(tr -d '\377' <board.bin | wc -c)" -eq 0 ] || fail "not blank"
expect_status 0 "$REFLASH" erase -p "sim:esp8266" --no-stub 0x10000 64K
expect_line "Erased; this loader cannot compare, so it is not verified"

# --- flash and verify by partition ----------------------------------------------------------------------------------

expect_status 0 "$REFLASH" flash -p "$port" old
expect_status 0 "$REFLASH" flash -p "$port" --partition factory new/hello_world.bin
expect_order "Partition factory: 0x180000 bytes at 0x10000" \
    "Application MD5 differs, flashing $(all_of "$app_bytes") at 0x10000..." "Done!"
expect_status 0 "$REFLASH" verify -p "$port" --partition factory new/hello_world.bin
expect_line "Application at 0x10000: matches"
expect_status 1 "$REFLASH" verify -p "$port" --partition factory old/hello_world.bin
expect_status 3 "$REFLASH" flash -p "$port" --partition nvs new/hello_world.bin
expect_complaint "new/hello_world.bin: its $app_bytes bytes do not fit into partition nvs, which has 24576"
expect_status 3 "$REFLASH" flash -p "$port" --partition factory nowhere.bin
expect_complaint "nowhere.bin: "
[ ! -s out ] || fail "it connected for a file that is not there"
expect_status 2 "$REFLASH" flash -p "$port" --partition factory 0x10000 new/hello_world.bin
expect_complaint "--partition takes one FILE, which is for that partition"

# --- Stubs and rates ------------------------------------------------------------------------------------------------

expect_status 0 "$REFLASH" info -p "$port" --stub -b 115200
expect_order "Connected to target" "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 115200 baud, RAM stub"
expect_status 0 "$REFLASH" flash -p "$port" --stub old
expect_order "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 460800 baud, RAM stub" "Done!"
expect_status 0 "$REFLASH" info -p "$port" -b auto
expect_line "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 2000000 baud"
expect_status 0 "$REFLASH" info -p sim:esp8266 --stub -b auto --json
jq -e -s '.[0].loader == "stub" and .[0].baud == 2000000' out >jq.out || fail "the stub of an ESP8266 raises its rate"
# A chip that takes no stub: what can do without does.
expect_status 4 "$REFLASH" info -p "sim:esp32c3?security=secure-boot" --stub
expect_complaint "reflash: no RAM stub can be started on this target"
expect_status 0 "$REFLASH" read -p "sim:esp32c3?security=secure-boot" 0 1K -o part.bin
expect_line "ESP32-C3, MAC c4:0a:24:fe:10:01, 4096 KiB flash, 460800 baud"
expect_status 4 "$REFLASH" read -p "sim:esp32c3?security=secure-download" 0 1K -o x.bin
expect_complaint "the target is in secure download mode: its loader neither reads nor compares flash"
expect_no_file x.bin

# --- run ------------------------------------------------------------------------------------------------------------

# Images for an ESP32: two segments of RAM, and one that belongs to mapped flash.
python3 - <<'PYTHON'
import struct
def image(name, entry, segments, chip=0):
    body = struct.pack("<BBBBI", 0xE9, len(segments), 2, 0x20, entry)
    body += struct.pack("<B3sHB8sB", 0xEE, bytes(3), chip, 0, bytes(8), 0)
    checksum = 0xEF
    for address, data in segments:
        body += struct.pack("<II", address, len(data)) + data
        for byte in data:
            checksum ^= byte
    body += bytes(15 - len(body) % 16) + bytes([checksum])
    open(name, "wb").write(body)
code, data = bytes(range(256)) * 30, b"data" * 5
image("ram.bin", 0x40080400, [(0x40080000, code), (0x3FFB0000, data)])
image("c3.bin", 0x40380400, [(0x40380000, code)], chip=5)
image("flash.bin", 0x40080400, [(0x40080000, code), (0x400D0020, data)])
PYTHON
expect_status 0 "$REFLASH" run -p sim:esp32 ram.bin
expect_order "Connected to target" "ESP32, MAC 24:0a:c4:12:34:56, 115200 baud" \
    "Loaded 7700 bytes in 2 segments, started at 0x40080400"
expect_status 0 "$REFLASH" run -p sim:esp32 ram.bin --json --monitor -b 460800
expect_summary '.ok and .loaded_bytes == 7700'
# Where a RAM stub of an earlier job works nothing is loaded.
start_espsim_with --rfc2217 127.0.0.1:0
expect_status 0 "$REFLASH" info -p "$address" --stub --after no-reset
expect_status 4 "$REFLASH" run -p "$address" --before no-reset ram.bin
expect_complaint "a RAM stub of an earlier job answers, where this needs its mask ROM"
stop_espsim
expect_status 3 "$REFLASH" run -p sim:esp32 flash.bin
expect_complaint "flash.bin: a program for the flash, not for RAM: its segment 2 of 2 belongs to 0x400d0020, where the \
flash is mapped. Use 'reflash flash'."
expect_status 3 "$REFLASH" run -p sim:esp32 c3.bin
expect_complaint "c3.bin: the image header names ESP32-C3 (chip id 5 at offset 0xc), not ESP32."
expect_status 3 "$REFLASH" run -p sim:esp32 made
expect_complaint "made: the byte at offset 0x0 is not 0xe9, the mark of a program image."
head -c 4000 ram.bin >short.bin
expect_status 3 "$REFLASH" run -p sim:esp32 short.bin
expect_complaint "short.bin: segment 1 of 2 at offset 0x18 (0x1e00 bytes) runs past the end of the file at 0xfa0."
expect_status 2 "$REFLASH" run -p sim:esp32
expect_complaint "run takes one program for the target's RAM, such as ram_program.bin"

# What the chip was told, by a chip of its own: all of both segments, and where to start.
start_espsim_with --listen 127.0.0.1:0 --auto-download --trace trace.txt
expect_status 0 "$REFLASH" run -p "socket://$address" ram.bin
stop_espsim
sed -n 's/^[0-9.]* > \(MEM_[A-Z]* .*\) < ok .*/\1/p' trace.txt >told
diff - told <<'TOLD' || fail "it was told something else"
MEM_BEGIN size=7680 blocks=2 block=6144 addr=0x40080000
MEM_DATA size=6144 seq=0
MEM_DATA size=1536 seq=1
MEM_BEGIN size=20 blocks=1 block=6144 addr=0x3ffb0000
MEM_DATA size=20 seq=0
MEM_END stay=0 entry=0x40080400
TOLD

# --- ports, and lines of a single-board computer ----------------------------------------------------------------------

expect_status 0 "$REFLASH" ports --json
expect_summary '.event == "summary" and .ok'
expect_status 2 "$REFLASH" ports /dev/ttyUSB0
expect_complaint "ports takes no input, but '/dev/ttyUSB0' was given"
expect_status 2 "$REFLASH" info -p /dev/null --boot-line gpiochip0:17 --reset-line gpiochip1:27
expect_complaint "--reset-line gpiochip1:27: both lines have to be on one chip"
for line in 17 gpiochip0 gpiochip0: gpiochip0:x gpiochip0:1024 gpiochip0:-1 :17; do
    expect_status 2 "$REFLASH" info -p /dev/null --boot-line "$line"
    expect_complaint "--boot-line $line: a line is given as CHIP:NUMBER, such as gpiochip0:17"
done
expect_status 2 "$REFLASH" info -p sim:esp32 --boot-line gpiochip0:17 --reset-line gpiochip0:27
expect_complaint "port sim:esp32: --boot-line and --reset-line go with a serial device of this computer"
expect_status 4 "$REFLASH" info -p /dev/null --boot-line nochip:17 --reset-line /dev/nochip:27
expect_complaint "cannot open /dev/nochip: No such file or directory; 'gpiodetect' lists those that there are"
