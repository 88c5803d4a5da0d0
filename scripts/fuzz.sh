#!/usr/bin/env bash
# Run every fuzzer, as many at a time as there are processors: those of the virtual chip for $1 s (60), the engine's for
# half of that, the others, which are fifty times as fast, for a sixth. What was found before is kept in
# build/fuzz/corpus; tests/fuzz/seeds/<source>/ is where each starts from, if it exists.
# An input that breaks something stays in build/fuzz/crashes, and the exit code is 1.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
scripts/build.sh fuzz

crashes=build/fuzz/crashes
rm -rf "$crashes"
mkdir -p "$crashes"

run_one() {
    local name=$1 seconds=$2 crashes=$3
    local corpus=build/fuzz/corpus/$name log=build/fuzz/$name.log
    local folders=("$corpus")
    case $name in
    fuzz_espsim-*) ;;
    fuzz_engine) seconds=$(((seconds + 1) / 2)) ;;
    *) seconds=$(((seconds + 5) / 6)) ;;
    esac
    mkdir -p "$corpus"
    if [ -d "tests/fuzz/seeds/${name%%-*}" ]; then
        folders+=("tests/fuzz/seeds/${name%%-*}")
    fi
    if ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 \
        "build/fuzz/tests/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -artifact_prefix="$crashes/$name-" "${folders[@]}" </dev/null >"$log" 2>&1; then
        printf '  %-28s %s runs, %s inputs kept\n' "$name" \
            "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$(find "$corpus" -type f | wc -l)"
    else
        tail -n 60 "$log"
        printf '  %-28s FAILED; see %s and %s\n' "$name" "$log" "$crashes"
        return 1
    fi
}
export -f run_one

fuzzers=$(find build/fuzz/tests/fuzz -maxdepth 1 -name 'fuzz_*' -type f -executable -printf '%f\n' | sort -r)
if [ -z "$fuzzers" ]; then
    echo "No fuzzers in build/fuzz/tests/fuzz." >&2
    exit 1
fi
echo "Fuzzing, $seconds s for each kind of chip"
printf '%s\n' "$fuzzers" |
    xargs -P "$(getconf _NPROCESSORS_ONLN)" -I{} bash -c 'set -euo pipefail; run_one "$@"' _ {} "$seconds" "$crashes"
