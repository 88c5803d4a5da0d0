#!/usr/bin/env bash
# What libreflash costs on a Cortex-M: links bench/size/reflash_three_images.c against it and reports flash, RAM
# and stack. Fails when a promise is broken:
#   - more text and constants of the library than the budget in scripts/footprint.py
#   - more RAM of the engine than 2 KiB, one bit a sector, and the caller's transfer buffer
#   - a byte of .data or .bss anywhere in the library
#   - a libc function beyond the plain ones of <string.h> (and reflash_stub_find(), which another library or the program
#     has)
#   - a global symbol that begins with neither esp_loader_ nor reflash_
#   - recursion, or a stack frame without a bound
set -euo pipefail
cd "$(dirname "$0")/.."

targets=(cortex-m0plus cortex-m4)
two_chips='-DREFLASH_CHIP_LIST(X)=X(esp32) X(esp32c3)'
gcc=arm-none-eabi-gcc
flags=(-mthumb -std=c11 -Os -ffunction-sections -fdata-sections -fcallgraph-info=su -Wall -Wextra -Werror -Iinclude)

failed=0

# Whatever $2 lists breaks the promise $1.
expect_none() {
    if [ -n "$2" ]; then
        echo "FAILED: $1"
        printf '    %s\n' "${2//$'\n'/$'\n'    }"
        failed=1
    fi
}

# Arguments: processor, folder below build/size, the program's source and what goes with it, flags.
build() {
    local cpu=$1 out=build/size/$2 sources=$3
    shift 3
    local library_objects=() program_objects=() source object
    rm -rf "$out"
    mkdir -p "$out/library" "$out/program"
    while read -r source; do
        object=$out/library/$(tr / . <<<"${source#src/}")
        object=${object%.c}.o
        "$gcc" -mcpu="$cpu" "${flags[@]}" "$@" -Isrc -c "$source" -o "$object"
        library_objects+=("$object")
    done < <(find src -name '*.c' | sort)
    for source in $sources bench/size/null_port.c; do
        object=$out/program/$(basename "$source" .c).o
        "$gcc" -mcpu="$cpu" "${flags[@]}" "$@" -c "$source" -o "$object"
        program_objects+=("$object")
    done
    arm-none-eabi-ar rcs "$out/libreflash.a" "${library_objects[@]}"
    "$gcc" -mcpu="$cpu" -mthumb --specs=nano.specs -nostartfiles -Wl,--gc-sections,--entry=main,-Map="$out/map" \
        "${program_objects[@]}" "$out/libreflash.a" -o "$out/program.elf"
}

check_library() {
    local library=build/size/$1/libreflash.a
    local variables globals strangers needs
    variables=$(arm-none-eabi-nm -A "$library" | awk '$(NF - 1) ~ /^[bBdDCsSgG]$/')
    globals=$(arm-none-eabi-nm -g --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort -u)
    strangers=$(awk '!/^(esp_loader|reflash)_/' <<<"$globals")
    needs=$(arm-none-eabi-nm -u "$library" | awk '$1 == "U" { print $2 }' | sort -u | comm -23 - <(echo "$globals") |
        awk '!/^(reflash_stub_find|mem(cpy|move|set|cmp|chr)|str(len|cmp|ncmp|chr)|__(aeabi|gnu)_[a-z0-9_]+)$/')
    expect_none "$1: the library has variables" "$variables"
    expect_none "$1: global names without a prefix" "$strangers"
    expect_none "$1: the library needs functions it must not use" "$needs"
}

for cpu in "${targets[@]}"; do
    build "$cpu" "$cpu" bench/size/reflash_three_images.c "$two_chips"
    check_library "$cpu"
done
scripts/make_stubs.py --fetch --out build/size/stubs esp32
mv build/size/stubs/esp32.c build/size/stubs/stub_of_esp32.c
for cpu in "${targets[@]}"; do
    build "$cpu" "$cpu-bundle-engine" bench/size/bundle_engine.c
done
python3 scripts/size_report.py "${targets[@]}" || failed=1
echo
python3 scripts/size_report.py --engine "${targets[@]/%/-bundle-engine}" || failed=1
python3 scripts/footprint.py || failed=1
exit $failed
