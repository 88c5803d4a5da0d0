#!/usr/bin/env bash
# Everything a change has to pass besides `make test`, in two lanes: beside the steps that keep all processors busy run
# those that wait, or use one. All steps run, also after one failed; a table at the end says which did, and how long
# each took.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

busy=(lint test-clang test-tsan sweep coverage mutate-sample fuzz)
beside=(docs bench-speed source-release stub-codes size package-check interop-ci)

export FUZZ_SECONDS=${FUZZ_SECONDS:-20} # a third of what `make fuzz` takes by itself
results=build/ci-extra
rm -rf $results
mkdir -p $results
# Each step leaves a file with the verdict and the seconds.
lane() {
    local name began verdict
    for name in "$@"; do
        began=$SECONDS verdict=passed
        printf '\n=== make %s\n' "$name"
        make --no-print-directory "$name" || verdict=FAILED
        echo "=== make $name: $verdict, $((SECONDS - began)) s"
        echo "$verdict $((SECONDS - began))" >"$results/$name"
    done
}

scripts/build.sh sanitize # that both lanes use
lane "${beside[@]}" >$results/beside.log 2>&1 &
other=$!
lane "${busy[@]}"
wait $other
cat $results/beside.log

printf '\n%-16s %8s\n' step seconds
failed=()
for name in "${busy[@]}" "${beside[@]}"; do
    read -r verdict seconds <"$results/$name"
    [ "$verdict" = passed ] || failed+=("$name")
    printf '%-16s %8s  %s\n' "$name" "$seconds" "$verdict"
done
if [ ${#failed[@]} -gt 0 ]; then
    printf '\nFailed: %s\n' "${failed[*]}"
    exit 1
fi
printf '\nAll passed in %d s\n' "$SECONDS"
