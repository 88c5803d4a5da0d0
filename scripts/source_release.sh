#!/usr/bin/env bash
# Make build/reflash-VERSION.tar.gz: the committed sources and, in stubs/generated/, the RAM stubs as C with their
# licence, so that whoever builds it fetches nothing. Then build the library from it, as they would.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^#define REFLASH_VERSION "\(.*\)"$/\1/p' include/reflash.h)
name=reflash-$version
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git archive --prefix="$name/" HEAD | tar -x -C "$work"
chips=()
for file in src/chips/esp*.c; do
    chips+=("$(basename "$file" .c)")
done
scripts/make_stubs.py --fetch --licence --out "$work/$name/stubs/generated" "${chips[@]}"
tar -c -z -f "build/$name.tar.gz" -C "$work" "$name"

if ! { cmake -S "$work/$name" -B "$work/build" -DREFLASH_PROGRAMS=OFF -DREFLASH_STUBS_PACKAGE=/none &&
    cmake --build "$work/build"; } >"$work/log" 2>&1; then
    cat "$work/log" >&2
    exit 1
fi
echo "build/$name.tar.gz"
