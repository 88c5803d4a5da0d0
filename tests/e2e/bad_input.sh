#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whatever is wrong with an input: the error names the file and what to do, the status is 3, and the flash of
# the target stays as it was, to the byte.
set -euo pipefail
# shellcheck source=tests/e2e/_common.sh
. "$(dirname "$0")/_common.sh"

"$MAKE_IMAGES" -o build >/dev/null
"$MAKE_IMAGES" -o c3 --chip esp32c3 >/dev/null
"$REFLASH" flash -p 'sim:esp32?flash=board.bin' build >/dev/null
cp board.bin before.bin

# refuse WORDS... -- INPUT...: the message holds each of the words.
refuse() {
    local words=()
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    local status=0
    "$REFLASH" flash -p 'sim:esp32?flash=board.bin' "$@" >out.txt 2>err.txt || status=$?
    [ "$status" -eq 3 ] || fail "status $status for: $*; $(cat err.txt)"
    for word in "${words[@]}"; do
        grep -qF -- "$word" err.txt || fail "no '$word' in the message for $*: $(cat err.txt)"
    done
    cmp -s board.bin before.bin || fail "the flash was changed by: $*"
}

app=build/hello_world.bin
head -c 500000 "$app" >truncated.bin
refuse truncated.bin -- 0x10000 truncated.bin
: >empty.bin
refuse empty.bin -- 0x10000 empty.bin
truncate -s 17M huge.bin
refuse huge.bin -- 0x10000 huge.bin
refuse "$app" bootloader.bin -- 0x1000 build/bootloader/bootloader.bin 0x5000 "$app"
refuse "$app" 0x10100 -- 0x10100 "$app"
refuse c3/hello_world.bin ESP32-C3 -- 0x10000 c3/hello_world.bin
refuse esp32c3 -- c3
refuse "$app" flash -- 0x3f0000 "$app"
refuse missing.bin -- 0x10000 missing.bin
refuse build -- 0x10000 build
cp -r build broken
printf '{ "flash_files": { "0x1000": 7 }' >broken/flasher_args.json
refuse broken/flasher_args.json -- broken
printf '{ "flash_files": { "0x1000": 7 } }' >broken/flasher_args.json
refuse broken/flasher_args.json flash_files -- broken
sed 's/"encrypted" : "false"/"encrypted" : "true"/' build/flasher_args.json >broken/flasher_args.json
refuse encrypt -- broken
printf '\x00' | dd of="broken/hello_world.bin" bs=1 seek=70000 conv=notrunc status=none
cp build/flasher_args.json broken/
refuse broken/hello_world.bin -- broken

# Nothing of this hindered the right job.
expect_status 0 "$REFLASH" flash -p 'sim:esp32?flash=board.bin' build
expect_line 'Application MD5 match, skipping...'
