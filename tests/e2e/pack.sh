#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# reflash pack: what it writes for whom, as a file and as C; what it refuses leaves the file that was there.
set -euo pipefail
. "$(dirname "$0")/_common.sh"

# Bytes $2 to $2 + $3 of bundle $1, in hex.
field() {
    od -An -v -tx1 -j "$2" -N "$3" "$1" | tr -d ' \n'
}

make_builds
"$MAKE_IMAGES" -o c3 --chip esp32c3 --app-bytes 262144 >made

# Both forms, if nothing else is asked for; the bootloader's header tells how the flash is used.
expect_status 0 "$REFLASH" pack old -o both.rfb
[ "$(field both.rfb 0 8)" = 895246420d0a1a0a ] || fail "no bundle"
grep -qE '^Application at 0x10000: [0-9]+ bytes, packed [0-9]+$' out || fail "nothing about the application"
expect_line "both.rfb: $(stat -c %s both.rfb) bytes, plain and packed"
expect_last_line "Done!"
[ "$(field both.rfb 32 2)" = 0000 ] || fail "the chip is not ESP32"
[ "$(field both.rfb 34 2)" = "$(field old/bootloader/bootloader.bin 2 2)" ] || fail "not the bootloader's flash settings"
[ "$(field both.rfb 40 2)" = 0300 ] || fail "not both forms"
expect_status 0 "$REFLASH" pack old -o again.rfb
cmp both.rfb again.rfb || fail "the same images give another bundle"

# For hosts with the ROM alone it depends on the chip: an ESP32's does not unpack rightly.
expect_status 0 "$REFLASH" pack old -o rom.rfb --for rom
[ "$(field rom.rfb 40 2)" = 0100 ] || fail "not plain for an ESP32's ROM"
expect_status 0 "$REFLASH" pack c3 -o rom-c3.rfb --for rom
[ "$(field rom-c3.rfb 40 2)" = 0200 ] || fail "not packed for an ESP32-C3's ROM"
[ "$(field rom-c3.rfb 32 2)" = 0500 ] || fail "the chip is not ESP32-C3"
expect_status 0 "$REFLASH" pack old -o stub.rfb --for stub
[ "$(field stub.rfb 40 2)" = 0200 ] || fail "not packed for a stub"
[ "$(stat -c %s stub.rfb)" -lt "$(stat -c %s rom.rfb)" ] || fail "packed is not smaller than plain"

# The plain data are the images.
tail -c "$(stat -c %s old/hello_world.bin)" rom.rfb | cmp - old/hello_world.bin || fail "the application is not in the plain bundle"

# As C: the same bytes.
expect_status 0 "$REFLASH" pack old -o my-app.c --c-array --for stub
cat >dump.c <<'END'
#include <stdint.h>
#include <stdio.h>
extern const uint8_t my_app[];
extern const uint32_t my_app_bytes;
int main(void) { return fwrite(my_app, 1, my_app_bytes, stdout) == my_app_bytes ? 0 : 1; }
END
"${CC:-cc}" -Wall -Wextra -Werror dump.c my-app.c -o dump
./dump | cmp - stub.rfb || fail "the array in C is another bundle"
# A word of C gets something in front.
for word in for uint8_t main 8051; do
    expect_status 0 "$REFLASH" pack old -o $word.c --c-array --for stub
    sed "s/my_app/bundle_$word/g" dump.c >dump_word.c
    "${CC:-cc}" -Wall -Wextra -Werror dump_word.c $word.c -o dump || fail "$word.c does not compile"
done

# Data alone do not tell the chip.
printf 'some data' >data.bin
expect_status 2 "$REFLASH" pack 0x3f000 data.bin -o data.rfb
expect_complaint "Name one with --chip"
expect_status 0 "$REFLASH" pack 0x3f000 data.bin -o data.rfb --chip esp8266 --for rom
[ "$(field data.rfb 32 4)" = ffffffff ] || fail "not an ESP8266 with untold flash settings"

# JSON: one line, with ok.
expect_status 0 "$REFLASH" pack --json old -o json.rfb
cmp json.rfb both.rfb || fail "--json changes the bundle"
[ "$(wc -l <out)" -eq 1 ] || fail "more than one line of JSON"
grep -q '"event":"summary","ok":true,"bytes":'"$(stat -c %s both.rfb)"',"plain":true,"packed":true' out ||
    fail "no summary"

# What is refused leaves the file that was there, and no other.
cp both.rfb kept.rfb
head -c 100000 old/hello_world.bin >cut.bin
refused() {
    local status=$1 complaint=$2
    shift 2
    expect_status "$status" "$REFLASH" pack "$@"
    expect_complaint "$complaint"
    cmp kept.rfb both.rfb || fail "kept.rfb was changed"
    [ ! -e kept.rfb.part ] || fail "kept.rfb.part was left"
}
refused 2 "name it with -o" old
refused 2 "There is nothing to flash" -o kept.rfb
refused 2 "--for takes rom, stub or both (pack), or seconds (monitor), not agent" old -o kept.rfb --for agent
refused 2 "no chip this program knows" old -o kept.rfb --chip esp99
refused 3 "The build is for esp32, but the target is ESP32-C3" old -o kept.rfb --chip esp32c3
refused 3 "does not exist" nothing -o kept.rfb
refused 3 "runs past the end of the file" 0x10000 cut.bin -o kept.rfb
refused 3 "overlap" 0x10000 old/hello_world.bin 0x11000 new/hello_world.bin -o kept.rfb
refused 3 "nowhere/x.rfb: cannot be written" old -o nowhere/x.rfb
mkdir folder
refused 3 "folder: cannot be written" old -o folder
expect_status 3 "$REFLASH" pack --json 0x10000 cut.bin -o kept.rfb
grep -q '"event":"summary","ok":false' out || fail "no summary of a failure"

# --force packs it all the same.
expect_status 0 "$REFLASH" pack --force 0x10000 cut.bin -o cut.rfb
[ "$(field cut.rfb 0 8)" = 895246420d0a1a0a ] || fail "no bundle"

# Too many images for one bundle.
words=()
for ((at = 0; at < 65; at++)); do
    words+=("$((at * 4096))" data.bin)
done
refused 3 "A bundle holds at most 64 images, not 65" "${words[@]}" -o kept.rfb --chip esp32
