#!/usr/bin/env bash
# Everything a change has to pass besides `make test`. All steps run, also after one failed; the list at the
# end says which did.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

failed=()
# finished NAME SECONDS STATUS
finished() {
    if [ "$3" -eq 0 ]; then
        echo "=== make $1: passed, $2 s"
    else
        echo "=== make $1: FAILED, $2 s"
        failed+=("$1")
    fi
}
step() {
    local began=$SECONDS
    printf '\n=== make %s\n' "$1"
    make --no-print-directory "$1"
    finished "$1" $((SECONDS - began)) $?
}

# Other people's flashers mostly wait: beside everything else, and told of at the end. Built before, so that no two
# builds meet.
scripts/build.sh sanitize espsim espsim_lines
make --no-print-directory interop-ci >build/interop-ci.log 2>&1 &
interop=$!

for name in test-clang test-tsan lint docs size bench-speed sweep fuzz mutate-sample coverage stub-codes source-release package-check; do
    step "$name"
done

printf '\n=== make interop-ci (began with the first)\n'
wait "$interop"
status=$?
cat build/interop-ci.log
finished interop-ci "$SECONDS" "$status"

if [ ${#failed[@]} -gt 0 ]; then
    printf '\nFailed: %s\n' "${failed[*]}"
    exit 1
fi
printf '\nAll passed in %d s\n' "$SECONDS"
