#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What speaks against writing is told before anything is erased: locks of the chip, its revision, its flash, and what is
# in it already. And what can be written where nothing can be compared is, and is not called verified.
# shellcheck disable=SC1091,SC2154
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"
unset REFLASH_PORT

make_builds
"$MAKE_IMAGES" -o c3 --chip esp32c3 --app-bytes 131072 >made
key=$(printf '%064d' 0 | tr 0 b)
again="Use --encrypt to let the target encrypt it, or --force if the file is encrypted already"

# refuse TEXT PORT WORDS...: status 3, exactly this complaint, and nothing is in the flash, which is board.bin.
refuse() {
    local text=$1 port=$2
    shift 2
    cp board.bin before.bin
    expect_status 3 "$REFLASH" flash -p "$port" "$@"
    [ "$(cat err)" = "reflash: $text; nothing was changed" ] || fail "another complaint: $(cat err)"
    cmp board.bin before.bin || fail "the flash was changed"
}

blank() {
    head -c "${1:-4194304}" /dev/zero | tr '\0' '\377' >board.bin
}

# --- Flash encryption -----------------------------------------------------------------------------------------------

blank
c3="sim:esp32c3?flash=board.bin&security=flash-encryption=$key"
boot=c3/bootloader/bootloader.bin
decrypts="flash encryption is on, and this target decrypts what it reads there: plain data would not start."
refuse "$boot (Bootloader at 0x0): $decrypts $again" "$c3" c3
refuse "c3/hello_world.bin (Application at 0x10000): $decrypts $again" "$c3" 0x10000 c3/hello_world.bin
cannot="no loader of the ESP32 encrypts what it writes. Encrypt the files with the chip's key and use --force, or update \
it over the air"
esp32="sim:esp32?flash=board.bin&security=flash-encryption=$key"
refuse "old/bootloader/bootloader.bin (Bootloader at 0x1000): $decrypts It cannot be encrypted either: $cannot" "$esp32" old
refuse "old/bootloader/bootloader.bin (Bootloader at 0x1000): cannot be encrypted: $cannot" "$esp32" old --encrypt
refuse "$boot (Bootloader at 0x0): cannot be encrypted: the efuses of this target forbid its loader to encrypt (release \
mode). Encrypt the files with the chip's key and use --force, or update it over the air" "$c3,no-manual-encryption" c3 --encrypt
refuse "$boot (Bootloader at 0x0): cannot be encrypted: flash encryption is off on this target, so it would not decrypt \
what it starts. Leave --encrypt out" "sim:esp32c3?flash=board.bin" c3 --encrypt --force
expect_status 3 "$REFLASH" flash --dry-run -p "$c3" c3
expect_complaint "$decrypts"

# Data are nobody's but the application's.
head -c 3000 /dev/zero >zeros
expect_status 0 "$REFLASH" flash -p "$c3" 0x200000 zeros
expect_line "zeros flashed and verified"

# Encrypted, it starts; nothing of it is in the flash as it was.
blank
expect_status 0 "$REFLASH" flash -p "$c3" c3 --encrypt --monitor
expect_order "Application: writing all 32 sectors at 0x10000..." "Application written, not verifiable: encrypted" \
    "Partition table written, not verifiable: encrypted" "Bootloader written, not verifiable: encrypted" "Done!" "Hello world!"
! cmp -s -n 4096 -i 65536:0 board.bin c3/hello_world.bin || fail "the application is plain"

# A build marks what is to be encrypted; the rest is compared. Both together in the order of kinds.
mkdir marked
cp -r c3/. marked
sed '/"partition-table"/!s/"encrypted" : "false"/"encrypted" : "true"/' c3/flasher_args.json >marked/flasher_args.json
blank
expect_status 0 "$REFLASH" flash --json --force -p "$c3" marked
jq -e -s '[.[] | select(.event == "written" or .event == "verified") | .name] == ["app", "partition-table", "bootloader"]' \
    out >jq.out || fail "order: $(cat out)"
jq -e -s '.[-1] | .ok and [.images[].result] == ["written", "flashed", "written"]' out >jq.out || fail "summary: $(cat out)"
jq -e -s 'map(select(.event == "written"))[0] == {event: "written", name: "app", verifiable: false, reason: "encrypted"}' \
    out >jq.out || fail "written: $(cat out)"
expect_status 1 "$REFLASH" diff --json --force -p "$c3" marked
jq -e -s '[.[] | select(.event == "plan") | [.to_write, .encrypted]] == [[7, true], [0, null], [32, true]]' out >jq.out ||
    fail "plan: $(cat out)"
expect_status 3 "$REFLASH" verify -p "$c3" marked
expect_complaint "What lies in the flash then cannot be compared with it"
blank
refuse "marked/bootloader/bootloader.bin (Bootloader at 0x0): the build wants it encrypted, but flash encryption is off on \
this target. With --force it is written as it is, for a bootloader that encrypts the flash when it first starts" \
    "sim:esp32c3?flash=board.bin" marked
expect_status 0 "$REFLASH" flash -p "sim:esp32c3?flash=board.bin" --force marked
expect_line "Bootloader flashed and verified"

# --- Secure boot ----------------------------------------------------------------------------------------------------

# A signature sector as secure boot version 2 has it: mark, digest, CRC; nobody looks at key and signature.
sign() {
    python3 - "$1" "$2" <<'PYTHON'
import hashlib, struct, sys, zlib
data = open(sys.argv[1], "rb").read()
data += b"\xff" * (-len(data) % 4096)
block = bytearray(1216)
block[0:4] = bytes((0xE7, 2, 0, 0))
block[4:36] = hashlib.sha256(data).digest()
block[1196:1200] = struct.pack("<I", zlib.crc32(bytes(block[:1196])))
open(sys.argv[2], "wb").write(data + block + b"\xff" * (4096 - len(block)))
PYTHON
}

blank
secure="sim:esp32c3?flash=board.bin&security=secure-boot"
refuse "$boot (Bootloader at 0x0): secure boot is on, and it is not signed, so the target would not start it. Sign it, or \
use --force" "$secure" c3
mkdir signed
cp -r c3/. signed
sign "$boot" signed/bootloader/bootloader.bin
sign c3/hello_world.bin signed/hello_world.bin
expect_status 0 "$REFLASH" flash -p "$secure" signed --flash-mode qio --monitor
expect_order "Bootloader flashed and verified" "secure boot verification succeeded" "Hello world!"
cp signed/bootloader/bootloader.bin altered.bin
printf X | dd of=altered.bin bs=1 seek=27000 conv=notrunc status=none # behind the program, in front of the signature
blank
refuse "altered.bin (Bootloader at 0x0): secure boot is on, and the signature behind it is for other bytes: it was altered \
after it was signed, so the target would not start it. Sign it again, or use --force" "$secure" 0x0 altered.bin
refuse "--erase-all would erase a bootloader that a target with secure boot needs. If the images hold all that it takes to \
start, use --force" "$secure" signed --erase-all

# --- Secure download mode -------------------------------------------------------------------------------------------

expect_status 0 "$REFLASH" info -p "sim:esp32c3?security=secure-download"
expect_order "ESP32-C3, secure download mode, 460800 baud" "Locked by secure download mode"
expect_status 0 "$REFLASH" info --json -p "sim:esp32c3?security=secure-boot"
jq -e -s '.[1] == {event: "locks", revision: "0.3", flash_encryption: false, secure_boot: true, secure_download: false}' \
    out >jq.out || fail "locks: $(cat out)"
blank
download="sim:esp32c3?flash=board.bin&security=secure-download"
expect_status 4 "$REFLASH" flash -p "$download" 0x200000 zeros
expect_complaint "for flash and erase say --flash-size, such as --flash-size 4MB"
expect_status 0 "$REFLASH" flash -p "$download" 0x200000 zeros --flash-size 4MB
expect_order "ESP32-C3, secure download mode, 4096 KiB flash, 460800 baud" \
    "zeros written, not verifiable: the loader compares nothing in secure download mode" "Done!"
cmp -n 3000 -i 2097152:0 board.bin zeros || fail "the flash does not hold it"
expect_status 0 "$REFLASH" flash -p "$download" c3 --monitor # its bootloader tells the size
expect_order "ESP32-C3, secure download mode, 2048 KiB flash, 460800 baud" "Bootloader written, not verifiable: the loader \
compares nothing in secure download mode" "Hello world!"
expect_status 0 "$REFLASH" erase -p "$download" 0x200000 4K --flash-size 4MB
expect_line "Erased; this loader cannot compare, so it is not verified"
expect_status 5 "$REFLASH" verify -p "$download" c3
expect_complaint "its loader neither reads nor compares flash"
expect_status 5 "$REFLASH" flash -p "$download,flash-encryption=$key,no-manual-encryption" c3 --encrypt
expect_complaint "Application: the target refused to encrypt; its efuses forbid that to its loader (release mode)"

# --- Revision and flash of the chip ---------------------------------------------------------------------------------

# with NAME OFFSET BYTES...: the bootloader with other bytes in its header, and its SHA-256 again. Needs no --force.
with() {
    python3 - "$@" <<'PYTHON'
import hashlib, sys
data = bytearray(open("old/bootloader/bootloader.bin", "rb").read())
data[int(sys.argv[2]):int(sys.argv[2]) + len(sys.argv[3:])] = bytes(int(byte) for byte in sys.argv[3:])
if data[23] == 1:
    data[-32:] = hashlib.sha256(data[:-32]).digest()
open(sys.argv[1], "wb").write(data)
PYTHON
}

blank
with newer.bin 15 145 1 # 401
refuse "newer.bin (Bootloader at 0x1000): it is for chip revision 4.1 or later, and this one is 3.0, on which it would not \
start. Build for older revisions, or use --force" "sim:esp32?flash=board.bin" 0x1000 newer.bin
with older.bin 17 199 0
refuse "older.bin (Application at 0x20000): it is for chip revisions up to 1.99, and this one is 3.0, on which it would not \
start. Build for newer revisions, or use --force" "sim:esp32?flash=board.bin" 0x20000 older.bin
expect_status 0 "$REFLASH" flash -p "sim:esp32" 0x20000 older.bin --force
blank 1048576
refuse "old/bootloader/bootloader.bin (Bootloader at 0x1000): its header says 2MB of flash, and this target has 1024 KiB. \
Use --flash-size detect to put that into the header, or build for a smaller flash, or use --force" "sim:esp32?flash=board.bin" old
expect_status 0 "$REFLASH" flash -p "sim:esp32?flash=board.bin" old --flash-size detect
expect_line "Bootloader flashed and verified"

# --- What is there already ------------------------------------------------------------------------------------------

blank
port="sim:esp32?flash=board.bin"
expect_status 0 "$REFLASH" flash -p "$port" old
head -c 5000 /dev/zero >five
refuse "five (five at 0xf000): it has 0x1388 bytes, and partition phy_init of the target's table has room for 0x1000 from \
there. Use a smaller image, write a new partition table along with it, or use --force" "$port" 0xf000 five
refuse "five (five at 0x8000): 0x8000 to 0x9387 runs into partition nvs at 0x9000 of the target's table. Check the address, \
write a new partition table along with it, or use --force" "$port" 0x8000 five
# A table made by hand: a partition begins in the sector in which another one ends.
python3 - <<'PYTHON'
import struct
rows = b"".join(struct.pack("<HBBII16sI", 0x50AA, 1, 2, start, size, name, 0)
                for start, size, name in ((0x20000, 0x1800, b"first"), (0x21800, 0x800, b"second\x1b[1m")))
with open("board.bin", "r+b") as flash:
    flash.seek(0x8000)
    flash.write(rows + b"\xff" * (0xC00 - len(rows)))
PYTHON
refuse "five (five at 0x20000): its last sector, which is erased to its end at 0x22000, holds the beginning of partition \
second?[1m at 0x21800 of the target's table. Move one of them, or use --force" "$port" 0x20000 five
expect_status 0 "$REFLASH" flash -p "$port" 0x20000 five --force
expect_line "five flashed and verified"

# --- The whole flash ------------------------------------------------------------------------------------------------

expect_status 0 "$REFLASH" flash -p "$port" old --erase-all
expect_order "Erasing the whole flash, 0x400000 bytes, with everything that is on it..." \
    "Application MD5 differs, flashing 64 of 64 sectors at 0x10000..." "Application flashed and verified" "Done!"
expect_flash board.bin old
expect_status 0 "$REFLASH" flash -p "$port" old --erase-all --json
jq -e -s '(map(select(.event == "erase")) == [{event: "erase", address: 0, bytes: 4194304}]) and
    .[-1].erased_bytes >= 4194304' out >jq.out || fail "erase: $(cat out)"
expect_status 2 "$REFLASH" flash -p "$port" old --erase-all --dry-run
expect_complaint "--erase-all changes the flash, and then every sector would be written; leave it out"

# --- Bundles --------------------------------------------------------------------------------------------------------

for form in rom stub both; do
    expect_status 0 "$REFLASH" pack new -o "$form.rfb" --for "$form"
    blank
    expect_status 0 "$REFLASH" flash -p "$port" "$form.rfb"
    expect_order "Application flashed and verified" "Done!"
    expect_flash board.bin new
    expect_status 0 "$REFLASH" verify -p "$port" "$form.rfb"
    expect_status 0 "$REFLASH" diff -p "$port" "$form.rfb"
done
expect_status 3 "$REFLASH" flash -p "sim:esp32c3" rom.rfb
expect_complaint "The build is for ESP32, but the target is ESP32-C3."
printf X | dd of=both.rfb bs=1 seek=5000 conv=notrunc status=none
expect_status 3 "$REFLASH" flash -p "$port" both.rfb
[ "$(cat err)" = "reflash: both.rfb: is a bundle, but the MD5 in its header does not fit its content. Make it again, with \
the reflash pack of this version." ] || fail "another complaint: $(cat err)"
printf '\002' | dd of=stub.rfb bs=1 seek=8 conv=notrunc status=none
expect_status 3 "$REFLASH" flash -p "$port" stub.rfb
expect_complaint "it has a version that this program does not know"
expect_status 2 "$REFLASH" flash -p "$port" 0x10000 rom.rfb
expect_complaint "rom.rfb: is a bundle, which tells its own addresses. Give it alone, without an address."
