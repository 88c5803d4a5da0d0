#!/usr/bin/env bash
# Let clients that we did not write do their normal jobs on espsim, see tests/interop/run.py, which takes the arguments.
# With --ci, espflash is left out.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/build.sh sanitize espsim espsim_lines reflash_program
scripts/clients.sh esptool esptool-js
[[ " $* " == *" --ci "* ]] || scripts/clients.sh espflash

export ESPSIM=$PWD/build/sanitize/espsim ESPSIM_LINES=$PWD/build/sanitize/libespsim-lines.so CLIENTS=$PWD/build/interop
python3 tests/interop/run.py "$@"
# Only where nothing is picked: it knows no clients and no jobs.
if [ $# -eq 0 ] || [ "$*" = --ci ]; then
    REFLASH=$PWD/build/sanitize/reflash build/interop/venv/bin/python tests/interop/elf2image.py
fi
