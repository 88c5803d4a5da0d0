#!/usr/bin/env bash
# Let clients that we did not write do their normal jobs on espsim, see tests/interop/run.py, which takes the arguments.
# The pinned clients are installed into build/interop, by pip, npm and cargo. With --ci, espflash is left out.
set -euo pipefail
cd "$(dirname "$0")/.."

esptool_version=5.3.1
esptool_js_version=0.7.0

scripts/build.sh sanitize espsim espsim_lines
folder=$PWD/build/interop
mkdir -p "$folder/npm" "$folder/espflash"
if [ "$("$folder/venv/bin/esptool" version 2>/dev/null | tail -n 1)" != "$esptool_version" ]; then
    rm -rf "$folder/venv"
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "esptool==$esptool_version"
fi
if ! grep -qs "\"version\": \"$esptool_js_version\"" "$folder/npm/node_modules/esptool-js/package.json"; then
    npm install --prefix "$folder/npm" --no-package-lock --no-audit --no-fund --loglevel=error \
        "esptool-js@$esptool_js_version"
fi
if [[ " $* " != *" --ci "* ]]; then
    cp -rp tests/interop/espflash/. "$folder/espflash" # a copy, as cargo writes a lock file beside the source
    CARGO_TARGET_DIR=$folder/espflash/target cargo build --quiet --manifest-path "$folder/espflash/Cargo.toml"
fi

export ESPSIM=$PWD/build/sanitize/espsim ESPSIM_LINES=$PWD/build/sanitize/libespsim-lines.so CLIENTS=$folder
exec python3 tests/interop/run.py "$@"
