#!/usr/bin/env bash
# Everything a change has to pass besides `make test`. All steps run, also after one failed; the list at the
# end says which did.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

failed=()
step() {
    local began=$SECONDS
    printf '\n=== make %s\n' "$1"
    if make --no-print-directory "$1"; then
        echo "=== make $1: passed, $((SECONDS - began)) s"
    else
        echo "=== make $1: FAILED, $((SECONDS - began)) s"
        failed+=("$1")
    fi
}

for name in test-clang test-tsan lint docs size bench-speed sweep fuzz mutate-sample coverage stub-codes source-release interop-ci; do
    step "$name"
done

if [ ${#failed[@]} -gt 0 ]; then
    printf '\nFailed: %s\n' "${failed[*]}"
    exit 1
fi
printf '\nAll passed in %d s\n' "$SECONDS"
