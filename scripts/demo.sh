#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job, shown: a virtual ESP32 is flashed, found up to date, and given a changed application; first
# with the chip inside reflash, then with espsim in another process.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$PWD/build/release
work=$(mktemp -d)
espsim_pid=
trap '[ -z "$espsim_pid" ] || kill "$espsim_pid" 2>/dev/null || :; rm -rf "$work"' EXIT
cd "$work"

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
plain() { printf '\n== %s\n' "$*"; }
[ -t 1 ] || say() { plain "$@"; }

three_runs() { # PORT
    "$bin/make_images" -o build >/dev/null
    say "1. A blank chip: everything is flashed"
    "$bin/reflash" flash -p "$1" --monitor build
    say "2. The same again: everything matches"
    "$bin/reflash" flash -p "$1" --monitor build
    say "3. Another application: two images match, one is flashed"
    "$bin/make_images" -o build --version 1.1.0 --change 1 >/dev/null
    "$bin/reflash" flash -p "$1" --monitor build
}

say "Build folder (bootloader, partition table, application)"
"$bin/make_images" -o build
three_runs 'sim:esp32?flash=board.bin'

say "The same three runs with the chip in another process, over TCP"
: >espsim.log
"$bin/espsim" --chip esp32 --flash other.bin --listen 127.0.0.1:0 --auto-download >espsim.log &
espsim_pid=$!
for _ in $(seq 100); do
    grep -q ' on ' espsim.log && break
    sleep 0.05
done
cat espsim.log
address=$(sed -n 's/.* on //p' espsim.log)
three_runs "socket://$address"

cmp board.bin other.bin
say "Both chips hold the same, byte for byte"
