#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run the firmware $1 on an emulated board: console here, the target's UART on TCP at $2 (espsim --listen), its wires at
# the Unix socket $3 (espsim --control). Ends with Ctrl-C or a signal: a firmware does not.
set -euo pipefail

exec qemu-system-arm -M mps2-an385 -display none -monitor none -kernel "$1" \
    -serial stdio -serial "tcp:$2,nodelay=on" -serial "unix:$3"
