#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `reflash image`: what it says about each kind of file, to the letter, and what it says of damaged ones.
set -euo pipefail
# shellcheck source=tests/e2e/_common.sh
. "$(dirname "$0")/_common.sh"

"$MAKE_IMAGES" -o build --chip esp32c3 --app-bytes 131072 >/dev/null
boot=build/bootloader/bootloader.bin
table=build/partition_table/partition-table.bin
app=build/hello_world.bin

# says STATUS FILE...: standard input is what it prints. Digests are those that other programs compute.
says() {
    local status=$1
    shift
    cat >wanted
    expect_status "$status" "$REFLASH" image "$@"
    diff wanted out || fail "other words for: $*"
}
digest_at() { # SHA-256 of the first $2 bytes of $1
    head -c "$2" "$1" | sha256sum | cut -d ' ' -f 1
}

says 0 "$boot" <<END
$boot: bootloader for ESP32-C3, 26384 bytes
  chip            ESP32-C3 (chip id 5)
  goes to         0x0
  chip revisions  from v0.0 to v1.99
  flash           dio, 80m, 2MB
  entry           0x403cc718
  segments          offset     address     bytes  memory
                  0x000020  0x3fcd5820      6924  DRAM
                  0x001b34  0x403cc710     15488  IRAM
                  0x0057bc  0x403ce710      3876  IRAM
  checksum        0x$(od -An -tx1 -j 26351 -N 1 "$boot" | tr -d " "), right
  SHA-256         $(digest_at "$boot" 26352), right
  version         1
  ESP-IDF         v5.3.2
  compiled        Jan  1 2025 12:00:00
  secure version  0
END

says 0 "$table" <<END
$table: partition table with 3 partitions, 3072 bytes
  name              type             subtype    address     bytes
  nvs               data             nvs        0x00009000  0x00006000      24 KiB
  phy_init          data             phy        0x0000f000  0x00001000       4 KiB
  factory           app              factory    0x00010000  0x00180000    1536 KiB
  ends at         0x190000: the flash has at least 1600 KiB
  MD5             $(head -c 96 "$table" | md5sum | cut -d ' ' -f 1), right
END

expect_status 0 "$REFLASH" image "$app"
expect_order "$app: application for ESP32-C3, 131072 bytes" '  project         hello_world' '  version         1.0.0' \
    '  ESP-IDF         v5.3.2' '  compiled        Jan  1 2025 12:00:00' '  secure version  0'
! grep -q 'goes to' out || fail "an application goes where its partition is"

# A merged image, and what is in it.
"$REFLASH" flash -p 'sim:esp32c3?flash=board.bin&flash-size=2MB' build >/dev/null
head -c $((0x10000 + 131072)) board.bin >merged.bin
expect_status 0 "$REFLASH" image merged.bin
head -n 8 out >first_lines
diff - first_lines <<'END' || fail "other words for a merged image"
merged.bin: merged image for ESP32-C3, 196608 bytes
  chip            ESP32-C3
  goes to         0x0
  offset            address     bytes       what
  0x00000000        0x00000000       32768  bootloader
  0x00008000        0x00008000        4096  partition table
  0x00009000        0x00009000       24576  nvs, blank
  0x0000f000        0x0000f000        4096  phy_init, blank
END
expect_order 'bootloader at 0x0: bootloader for ESP32-C3, 32768 bytes' '  behind it       6384 blank bytes' \
    'partition table at 0x8000: partition table with 3 partitions, 4096 bytes' \
    'factory at 0x10000: application for ESP32-C3, 131072 bytes'

# A bundle.
"$REFLASH" pack build -o app.rfb --for rom >/dev/null
expect_status 0 "$REFLASH" image app.rfb
expect_order "app.rfb: bundle of 3 images, $(stat -c %s app.rfb) bytes" '  chip            ESP32-C3 (chip id 5)' \
    '  data            packed' '  flash           192 KiB are needed' \
    '  flash settings  dio, 80m, 2MB' \
    "  MD5             $(tail -c +33 app.rfb | md5sum | cut -d ' ' -f 1), right"
grep -qF "MD5 $(md5sum <"$app" | cut -d ' ' -f 1)" out || fail "no digest of the application"

# OTA data. The CRCs of sequence numbers 1 and 2 are found in many devices; the first file is Arduino's boot_app0.bin.
blank() { # BYTES
    head -c "$1" /dev/zero | tr '\0' '\377'
}
bytes() { # DIGITS
    # shellcheck disable=SC2001,SC2059 # these are its escapes; a pattern of the shell knows no & before bash 5.2
    printf "$(sed 's/../\\x&/g' <<<"$1")"
}
record() { # SEQUENCE STATE CRC, 8 digits each as they are in the flash: a sector
    bytes "$1ffffffffffffffffffffffffffffffffffffffff$2$3"
    blank 4064
}
{
    record 01000000 ffffffff 9a984347
    blank 4096
} >boot_app0.bin
says 0 boot_app0.bin <<'END'
boot_app0.bin: OTA data, 8192 bytes
  record 1        sequence 1, undefined, CRC 0x4743989a, right
  record 2        blank
  boots           ota_0 if there are two slots, by record 1
END
{
    record 01000000 02000000 9a984347
    record 02000000 01000000 7437f655
} >second.bin
says 0 second.bin <<'END'
second.bin: OTA data, 8192 bytes
  record 1        sequence 1, valid, CRC 0x4743989a, right
  record 2        sequence 2, pending verify, CRC 0x55f63774, right
  boots           ota_1 if there are two slots, by record 2; not if its bootloader rolls back
END
{
    record 01000000 04000000 9a984347
    record 02000000 02000000 7537f655
} >torn.bin
says 3 torn.bin <<'END'
torn.bin: OTA data, 8192 bytes
  record 1        sequence 1, aborted, CRC 0x4743989a, right; does not count
  record 2        WRONG: sequence 2, valid; CRC 0x55f63775 does not fit the sequence number
  boots           factory, or ota_0 without one: no record counts
END
blank 8192 >ota_data_initial.bin
says 0 ota_data_initial.bin <<'END'
ota_data_initial.bin: OTA data, 8192 bytes
  record 1        blank
  record 2        blank
  boots           factory, or ota_0 without one: no record counts
END
expect_status 3 "$REFLASH" image --json torn.bin
expect_line '{"event":"image","file":"torn.bin","kind":"otadata","bytes":8192,"wrong":["sequence 2, valid; CRC 0x55f63775 does not fit the sequence number"],"records":[{"sequence":1,"state":"aborted","crc":1195612314,"crc_right":true,"counts":false},{"sequence":2,"state":"valid","crc":1442199413,"crc_right":false,"counts":false}],"boots":"factory","sound":false}'

# The same in a merged image, an Intel HEX file and a bundle. A table tells the slots.
row() { # TYPE SUBTYPE ADDRESS BYTES LABEL, numbers as digits in the flash
    bytes "aa50$1$2$3$4"
    printf '%s' "$5"
    head -c $((20 - ${#5})) /dev/zero
}
merged_with() { # TABLE OTADATA
    cat "$boot"
    blank $((0x8000 - $(stat -c %s "$boot")))
    cat "$1"
    blank $((0xd000 - 0x8000 - $(stat -c %s "$1")))
    cat "$2"
    blank $((0x10000 - 0xf000))
    cat "$app"
}
{
    row 01 00 00d00000 00200000 otadata
    row 00 10 00000100 00000200 ota_0
    row 00 11 00000300 00000200 ota_1
    blank 32
} >two_slots.bin
{
    row 01 00 00d00000 00200000 otadata
    row 00 10 00000100 00000200 ota_0
    blank 32
} >one_slot.bin
{
    row 01 00 00d00000 00200000 otadata
    row 00 00 00000100 00000200 factory
    blank 32
} >no_slot.bin
merged_with two_slots.bin second.bin >slots.bin
expect_status 0 "$REFLASH" image slots.bin
expect_order 'otadata at 0xd000: OTA data, 8192 bytes' \
    '  record 2        sequence 2, pending verify, CRC 0x55f63774, right' \
    '  boots           ota_1 at 0x30000, by record 2; not if its bootloader rolls back'
"$REFLASH" image --json slots.bin >out
grep -qF '"boots_address":196608,"boots":"ota_1"' out || fail "where it boots from is missing"
merged_with one_slot.bin second.bin >slots.bin
expect_status 0 "$REFLASH" image slots.bin
expect_order '  boots           ota_0 at 0x10000, by record 2; not if its bootloader rolls back'
merged_with one_slot.bin torn.bin >slots.bin
expect_status 3 "$REFLASH" image slots.bin
expect_order '  boots           ota_0 at 0x10000: no record counts'
merged_with no_slot.bin boot_app0.bin >slots.bin
expect_status 0 "$REFLASH" image slots.bin
expect_order '  boots           factory at 0x10000: there are no OTA slots'
objcopy -I binary -O ihex --change-addresses 0xd000 boot_app0.bin otadata.hex
expect_status 0 "$REFLASH" image otadata.hex
expect_order 'bytes at 0xd000: OTA data, 8192 bytes' '  boots           ota_0 if there are two slots, by record 1'
for loader in rom both; do
    "$REFLASH" pack 0x8000 two_slots.bin 0xd000 second.bin --chip esp32 --for "$loader" -o slots.rfb >/dev/null
    expect_status 0 "$REFLASH" image slots.rfb
    expect_order 'otadata at 0xd000: OTA data, 8192 bytes' \
        '  boots           ota_1 at 0x30000, by record 2; not if its bootloader rolls back'
done

# Intel HEX, and an ELF file as the image that it becomes.
objcopy -I binary -O ihex --change-addresses 0x8000 "$table" table.hex
expect_status 0 "$REFLASH" image table.hex
expect_order "table.hex: Intel HEX with 1 piece, $(stat -c %s table.hex) bytes" \
    'bytes at 0x8000: partition table with 3 partitions, 3072 bytes'

# JSON: one line for each file and a summary.
expect_status 0 "$REFLASH" image --json "$boot" "$table"
[ "$(wc -l <out)" -eq 3 ] || fail "not three lines"
grep -q '"event":"image","file":"'"$boot"'","kind":"bootloader","bytes":26384,"chip":"ESP32-C3","address":0,' out ||
    fail "no object for the bootloader"
grep -q '"partitions":\[{"name":"nvs","type":"data","subtype":"nvs","address":36864,"bytes":24576,"encrypted":false,' out ||
    fail "no object for the table"
expect_line '{"event":"summary","ok":true}'

# Damaged: what and where, and status 3.
wrong() {
    local words=$1
    shift
    expect_status 3 "$REFLASH" image "$@"
    grep -qF -- "$words" out || fail "no '$words' for $*"
}
head -c 5000 "$app" >cut.bin
wrong 'structure       WRONG: segment 1 of 6 at offset 0x18' cut.bin
expect_order 'cut.bin: program for ESP32-C3, 5000 bytes'
cp "$app" flipped.bin
printf 'x' | dd of=flipped.bin bs=1 seek=100000 conv=notrunc status=none
wrong 'checksum        WRONG: it is 0x' flipped.bin
wrong 'SHA-256         WRONG: that at offset 0x1ffe0 does not fit the bytes before it' flipped.bin
cp "$table" shifted.bin
printf '\x00\x00\x02' | dd of=shifted.bin bs=1 seek=40 conv=notrunc status=none # phy_init has 128 KiB
wrong 'overlap         WRONG: "factory" at 0x10000 begins before the end of "phy_init" at 0x2f000' shifted.bin
wrong 'MD5             WRONG: that at offset 0x70 does not fit the rows before it' shifted.bin
cp "$table" gap.bin
printf '\x00\x00\x05' | dd of=gap.bin bs=1 seek=68 conv=notrunc status=none # factory at 0x50000
wrong 'gap             0x10000 to 0x4ffff, 256 KiB' gap.bin
printf '\x00\x10\x05' | dd of=gap.bin bs=1 seek=68 conv=notrunc status=none
wrong 'alignment       WRONG: "factory" begins at 0x51000, which is no multiple of 0x10000' gap.bin
head -c 50000 app.rfb >cut.rfb
wrong 'structure       WRONG: its header tells another size than the file has: it is cut off' cut.rfb
cp app.rfb flipped.rfb
printf 'x' | dd of=flipped.rfb bs=1 seek=50000 conv=notrunc status=none
wrong 'MD5             WRONG: the MD5 in its header does not fit its content' flipped.rfb
printf '\xaa\x50\x01\x02\x00\x90\x00\x00\x00\x60\x00\x00\x1b[31m\x07bad\0\0\0\0\0\0\0\0\0\0\0' >escape.bin
head -c 32 /dev/zero | tr '\0' '\377' >>escape.bin
expect_status 0 "$REFLASH" image escape.bin
grep -qF '?[31m?bad ' out || fail "control characters are shown as they are"

# What is none of this.
printf 'hello' >hello.bin
expect_status 3 "$REFLASH" image hello.bin
expect_complaint 'hello.bin: begins with 68 65, unlike every image, partition table, OTA data, merged image, bundle, ELF and Intel HEX file.'
expect_status 3 "$REFLASH" image nothing.bin
expect_complaint 'nothing.bin: cannot be opened: No such file or directory.'
expect_status 2 "$REFLASH" image
expect_complaint 'image explains files: name one'
expect_status 2 "$REFLASH" image "$REFLASH"
expect_complaint 'is an ELF file, which does not tell its chip. Name it with --chip'
expect_status 3 "$REFLASH" image "$REFLASH" --chip esp32c3
expect_complaint 'the ELF file is not of 32 bits and little-endian'
