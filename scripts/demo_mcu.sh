#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A microcontroller, emulated by QEMU, keeps a virtual ESP32 at the images in its firmware: a blank chip, an unchanged one,
# and a firmware with another application.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$PWD/build/release
example=$PWD/examples/baremetal-qemu
work=$(mktemp -d)
espsim=
qemu=
trap '[ -z "$espsim$qemu" ] || kill $espsim $qemu 2>/dev/null || :; rm -rf "$work"' EXIT
cd "$work"

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
plain() { printf '\n== %s\n' "$*"; }
[ -t 1 ] || say() { plain "$@"; }

# A firmware never ends: show its console up to the target's first words, then switch it off.
run() {
    local line=
    exec 3< <(exec "$example/run.sh" firmware/firmware.elf "$address" ./control.sock </dev/null 2>qemu.err)
    qemu=$!
    while [[ $line != "Hello world!"* ]]; do
        IFS= read -r -t 30 line <&3 || {
            cat qemu.err >&2
            echo "The target does not say hello" >&2
            exit 1
        }
        printf '%s\n' "${line%$'\r'}"
    done
    kill "$qemu"
    exec 3<&-
    qemu=
}

say "Firmware for a Cortex-M3: start-up code, UART driver, libreflash, a bundle of three images"
"$bin/make_images" -o images --app-bytes 262144
cmake -S "$example" -B firmware -G Ninja -DIMAGES="$PWD/images" -DREFLASH="$bin/reflash" >cmake.log || { cat cmake.log && exit 1; }
cmake --build firmware >cmake.log || { cat cmake.log && exit 1; }
arm-none-eabi-size firmware/firmware.elf

say "The target: a virtual ESP32. Its UART is a socket, the control socket stands for the wires"
: >espsim.log
"$bin/espsim" --flash board.bin --listen 127.0.0.1:0 --control ./control.sock >espsim.log &
espsim=$!
for _ in $(seq 100); do
    grep -q ' flash ' espsim.log && break
    sleep 0.05
done
cat espsim.log
address=$(sed -n 's/.* flash .* on //p' espsim.log)

say "1. A blank chip: everything is flashed"
run
say "2. The same again: everything matches"
run
say "3. Another version of the application: two images match, two sectors of the third are flashed"
"$bin/make_images" -o images --app-bytes 262144 --version 1.1.0 >/dev/null
cmake --build firmware >cmake.log || { cat cmake.log && exit 1; }
run
