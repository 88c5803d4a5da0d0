#!/usr/bin/env bash
# One fault at every place of small jobs, optimised; with sanitizers, ten times as slow, at one in ten of these places;
# and at $2 random places of large jobs. $1 seeds what is drawn.
set -euo pipefail
cd "$(dirname "$0")/.."

seed=$1 runs=$2
programs=(test_sweeps test_loader_sweeps test_engine_sweeps)
scripts/build.sh sweep "${programs[@]}"
scripts/build.sh sanitize "${programs[@]}"

run_one() {
    local log
    log=$(mktemp)
    echo "$*" >"$log"
    local status=0
    ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 timeout 600 "$@" >>"$log" 2>&1 || status=$?
    [ $status -eq 0 ] || echo "FAILED: $*, exit status $status" >>"$log"
    cat "$log"
    rm "$log"
    return $status
}
export -f run_one

# The longest first.
xargs -P "$(getconf _NPROCESSORS_ONLN)" -L 1 bash -c 'set -euo pipefail; run_one "$@"' _ <<END
build/sweep/tests/test_sweeps
build/sweep/tests/test_sweeps large $seed $runs
build/sweep/tests/test_loader_sweeps
build/sweep/tests/test_engine_sweeps large $seed $runs
build/sanitize/tests/test_sweeps slice $seed 10
build/sanitize/tests/test_loader_sweeps slice $seed 10
build/sweep/tests/test_engine_sweeps
build/sanitize/tests/test_sweeps large $seed $((runs / 20 + 1))
build/sanitize/tests/test_engine_sweeps slice $seed 10
build/sanitize/tests/test_engine_sweeps large $seed $((runs / 40 + 1))
END
echo "Sweeps: every job ended as it should"
