#!/usr/bin/env bash
# Which lines the fuzzers' corpus reaches in what it is meant to reach: wire/, the virtual chip's command
# handling, the reader of bundles, and those of files that people flash. Fewer than 90 % of the lines of one fail.
set -euo pipefail
cd "$(dirname "$0")/.."

limit=90
scripts/build.sh fuzz-coverage

build=build/fuzz-coverage
profiles=$build/profiles
rm -rf "$profiles"
mkdir -p "$profiles"
objects=()
for program in "$build"/tests/fuzz/fuzz_*; do
    [ -f "$program" ] || continue
    name=$(basename "$program")
    folders=()
    for folder in "build/fuzz/corpus/$name" "tests/fuzz/seeds/${name%%-*}"; do
        if [ -d "$folder" ]; then
            folders+=("$folder")
        fi
    done
    LLVM_PROFILE_FILE=$profiles/$name.profraw "$program" -runs=0 "${folders[@]}" 2>/dev/null
    objects+=(${objects[0]:+-object} "$program")
done
# The tools of the same LLVM as the compiler.
tools=$(dirname "$(readlink -f "$(command -v clang)")")
"$tools/llvm-profdata" merge -o "$profiles/all.profdata" "$profiles"/*.profraw

status=0
for part in "src/wire" "sim/rom.c sim/rom_flash.c" "sim/stub.c sim/stub_v1.c sim/stub_v2.c sim/stub_rx.c sim/stub_flash.c sim/unpack.c" \
    "src/reflash/bundle.c src/reflash/run.c" "src/reflash/engine.c" "cli/bundle_reader.c" \
    "cli/intel_hex.c cli/flash_args.c" "cli/elf_image.c" \
    "cli/partition_table.c cli/merged_image.c cli/image_check.c cli/explain.c"; do
    # shellcheck disable=SC2086 # a list of names without spaces
    files=$(find $part -name '*.c')
    # shellcheck disable=SC2086
    percent=$("$tools/llvm-cov" export -summary-only -instr-profile "$profiles/all.profdata" "${objects[@]}" $files |
        python3 -c 'import json, sys; print("%.1f" % json.load(sys.stdin)["data"][0]["totals"]["lines"]["percent"])')
    verdict=ok
    if python3 -c "import sys; sys.exit(float(sys.argv[1]) >= $limit)" "$percent"; then
        verdict="FAILED: less than $limit %"
        status=1
    fi
    printf '  %-28s %s %% of lines reached, %s\n' "$part" "$percent" "$verdict"
done
exit $status
