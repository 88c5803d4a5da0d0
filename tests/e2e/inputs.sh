#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever form an input has - folders of ESP-IDF, Arduino and PlatformIO, lists, merged images, Intel HEX - the flash
# gets the same content; flash settings are what esptool would write.
set -euo pipefail
# shellcheck source=tests/e2e/_common.sh
. "$(dirname "$0")/_common.sh"

"$MAKE_IMAGES" -o build --app-bytes 131072 >/dev/null
boot=build/bootloader/bootloader.bin
table=build/partition_table/partition-table.bin
app=build/hello_world.bin

# flashes INPUT...: a blank target holds exactly the build afterwards.
flashes() {
    rm -f board.bin
    expect_status 0 "$REFLASH" flash -p 'sim:esp32?flash=board.bin&flash-size=2MB' "$@"
    expect_flash board.bin build
}

flashes build
flashes 0x1000 "$boot" 0x8000 "$table" 0x10000 "$app"

# Argument files, of both spellings.
mkdir idf arduino
cp "$boot" idf/boot.bin
cp "$table" idf/table.bin
cp "$app" "idf/my app.bin"
printf -- '--flash_mode dio --flash_freq 40m --flash_size 2MB\n0x1000 boot.bin\n0x8000 table.bin\n0x10000 my app.bin\n' >idf/flash_args
flashes idf
flashes idf/flash_args
sed -i 's/flash_/flash-/g' idf/flash_args
flashes idf

# Arduino: the folder, and the sketch alone.
cp "$boot" arduino/blink.ino.bootloader.bin
cp "$table" arduino/blink.ino.partitions.bin
cp "$app" arduino/blink.ino.bin
flashes arduino
expect_line "Application MD5 differs, flashing $(all_of 131072) at 0x10000..."
flashes arduino/blink.ino.bin

# PlatformIO: the environment, the project with one of them, and where idedata.json says what is where.
mkdir -p pio/.pio/build/devkit
cp "$boot" pio/.pio/build/devkit/bootloader.bin
cp "$table" pio/.pio/build/devkit/partitions.bin
cp "$app" pio/.pio/build/devkit/firmware.bin
flashes pio/.pio/build/devkit
flashes pio
cat >pio/.pio/build/devkit/idedata.json <<END
{ "env_name": "devkit", "extra": { "flash_images": [
    { "offset": "0x1000", "path": "$PWD/$boot" }, { "offset": "0x8000", "path": "$PWD/$table" } ],
  "application_offset": "0x10000" } }
END
flashes pio

# Merged, from 0 and from the bootloader. Of the blank space between nothing is sent.
head -c $((0x10000 + 131072)) board.bin >merged.bin
flashes merged.bin
expect_line "Bootloader MD5 differs, flashing $(all_of 28672) at 0x1000..."
expect_line 'nvs MD5 match, skipping...'
tail -c +4097 merged.bin >merged-from-boot.bin
flashes merged-from-boot.bin
flashes 0x0 merged.bin
flashes 0x1000 merged-from-boot.bin

# Intel HEX as binutils write it, with gaps.
for part in "0x1000 $boot" "0x8000 $table" "0x10000 $app"; do
    objcopy -I binary -O ihex --change-addresses "${part% *}" "${part#* }" part.hex
    grep -v '^:00000001FF' part.hex >>all.hex || :
done
printf ':00000001FF\r\n' >>all.hex
flashes all.hex
flashes 0x0 all.hex
sed 's/^:10\(....\)00/:10\100/; 100s/..\r*$/00/' all.hex >bad.hex
expect_status 3 "$REFLASH" flash -p sim:esp32 bad.hex
expect_complaint 'bad.hex: line 100 has the checksum 00 instead of'

# A two-slot table: the first slot is filled, and otadata says so.
{
    printf '\xaa\x50\x01\x00\x00\xe0\x00\x00\x00\x20\x00\x00otadata\0\0\0\0\0\0\0\0\0\0\0\0\0'
    printf '\xaa\x50\x00\x10\x00\x00\x01\x00\x00\x00\x08\x00app0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
    printf '\xaa\x50\x00\x11\x00\x00\x09\x00\x00\x00\x08\x00app1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
} >rows.bin
mkdir slots
cp "$boot" slots/a.ino.bootloader.bin
cp "$app" slots/a.ino.bin
{ cat rows.bin && head -c 2976 /dev/zero | tr '\0' '\377'; } >slots/a.ino.partitions.bin
rm -f board.bin
expect_status 0 "$REFLASH" flash -p 'sim:esp32?flash=board.bin&flash-size=2MB' slots
expect_line "OTA data MD5 differs, flashing 1 of 2 sectors at 0xe000..."
[ "$(od -An -tx1 -j $((0xe000)) -N 32 board.bin | tr -d ' \n')" = \
    01000000ffffffffffffffffffffffffffffffffffffffffffffffff9a984347 ] || fail "otadata is not that of the first slot"

# Flash settings: those of the command line before those of the build, and the digest in the header follows.
sed -e 's/"flash_mode": "dio"/"flash_mode": "qio"/' -e 's/"flash_size": "2MB"/"flash_size": "detect"/' \
    build/flasher_args.json >build/args.json
header_of() {
    rm -f board.bin
    expect_status 0 "$REFLASH" flash -p 'sim:esp32?flash=board.bin&flash-size=4MB' "$@"
    dd if=board.bin of=boot.bin bs=4096 skip=1 count=7 status=none
    "$REFLASH" image boot.bin >explained || fail "the bootloader is damaged: $(cat explained)"
    sed -n 's/^  flash  *//p' explained
}
[ "$(header_of build)" = 'dio, 40m, 2MB' ] || fail "settings of the build"
[ "$(header_of build/args.json)" = 'qio, 40m, 4MB' ] || fail "detected size"
[ "$(header_of build/args.json --flash-mode dout --flash-freq 80m --flash-size 1MB)" = 'dout, 80m, 1MB' ] ||
    fail "settings of the command line"
[ "$(header_of build/args.json --flash-mode keep --flash-size keep)" = 'dio, 40m, 2MB' ] || fail "kept settings"
expect_status 2 "$REFLASH" flash -p sim:esp32 build --flash-size 3MB
expect_complaint 'ESP32 has no flash size "3MB"; possible are 1MB 2MB 4MB 8MB 16MB 32MB 64MB 128MB. Give one of these, or keep.'
expect_status 2 "$REFLASH" pack build -o x.rfb --flash-size detect
expect_complaint 'pack has no target whose flash size could be detected'

# What does not fit its partition.
"$MAKE_IMAGES" -o large --app-bytes 1638400 >/dev/null
expect_status 3 "$REFLASH" flash -p sim:esp32 0x8000 "$table" 0x10000 large/hello_world.bin
expect_complaint 'large/hello_world.bin (Application): has 0x190000 bytes (1600 KiB), but the partition "factory" at 0x10000 has 0x180000 (1536 KiB)'

# Encryption is for those who can.
sed 's/"encrypted" : "false"/"encrypted" : "true"/' build/flasher_args.json >build/encrypted.json
expect_status 3 "$REFLASH" pack build/encrypted.json -o x.rfb
expect_complaint 'the build wants it encrypted on its way into the flash, which only the target can do. Hosts that send bundles'

# Names that tell no address, folders with too much in them.
expect_status 2 "$REFLASH" flash -p sim:esp32 "$app"
expect_complaint "$app: is an application, which does not tell where it goes. To flash it, put its address before it; the usual one is 0x10000."
expect_status 2 "$REFLASH" flash -p sim:esp32 "$boot"
expect_complaint "is a bootloader, which does not tell where it goes. To flash it, put its address before it; the usual one is 0x1000."
cp -r pio/.pio/build/devkit pio/.pio/build/other
expect_status 2 "$REFLASH" flash -p sim:esp32 pio
expect_complaint 'pio/.pio/build: has 2 environments. Name one, such as pio/.pio/build/devkit.'
cp arduino/blink.ino.bin arduino/fade.ino.bin
expect_status 2 "$REFLASH" flash -p sim:esp32 arduino
expect_complaint 'arduino: has 2 sketches. Name one, such as arduino/blink.ino.bin.'
expect_status 3 "$REFLASH" flash -p sim:esp32 arduino/fade.ino.bin
expect_complaint 'arduino/fade.ino.bootloader.bin: cannot be opened'
mkdir -p project
cp -r build project/build
expect_status 3 "$REFLASH" flash -p sim:esp32 project
expect_complaint 'project: has no flasher_args.json, and nothing that Arduino or PlatformIO leave. Give project/build.'

# JSON is UTF-8 whatever a file or a port is called, and says no less than it would otherwise.
printf 'latin' >$'caf\xe9.bin'
expect_status 0 "$REFLASH" flash --json -p sim:esp32 0x9000 $'caf\xe9.bin'
jq -e -s 'map(.name // empty) | unique == ["caf?.bin"]' out >jq.out || fail "events: $(cat out)"
jq -e -s '.[-1] | .ok and .images[0].name == "caf?.bin"' out >jq.out || fail "summary: $(cat out)"
expect_status 3 "$REFLASH" flash --json -p sim:esp32 0x9000 $'th\xe9.bin'
jq -e -s '.[0].message | startswith("th?.bin: cannot be opened: ")' out >jq.out || fail "complaint: $(cat out)"
expect_status 3 "$REFLASH" image --json $'caf\xe9.bin'
jq -e -s '.[0].message | startswith("caf?.bin: begins with 6c 61")' out >jq.out || fail "complaint: $(cat out)"
