#!/usr/bin/env bash
# Configure and build the preset $1; the remaining arguments are targets. Silent unless something is wrong.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=$1
shift
targets=()
if [ $# -gt 0 ]; then
    targets=(--target "$@")
fi

mkdir -p build
# Two builds of one preset at the same time take turns.
if command -v flock >/dev/null; then
    exec 9>"build/$preset.lock"
    flock 9
fi
log=build/$preset.configure.log
if ! cmake --preset "$preset" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
echo "Building $preset"
cmake --build --preset "$preset" "${targets[@]}" -- --quiet
