#!/usr/bin/env bash
# Let clients that we did not write do their normal jobs on espsim: tests/interop/*.sh, once per chip, all at a time.
# The pinned clients are installed into build/interop.
set -euo pipefail
cd "$(dirname "$0")/.."

esptool_version=5.3.1

scripts/build.sh sanitize espsim make_images
folder=$PWD/build/interop
mkdir -p "$folder"
if [ "$("$folder/venv/bin/esptool" version 2>/dev/null | tail -n 1)" != "$esptool_version" ]; then
    rm -rf "$folder/venv"
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "esptool==$esptool_version"
fi
export ESPTOOL=$folder/venv/bin/esptool ESPSIM=$PWD/build/sanitize/espsim MAKE_IMAGES=$PWD/build/sanitize/make_images

running=()
for script in tests/interop/*.sh; do
    for chip in esp32 esp32c3; do
        tests/run_in_empty_folder.sh "$PWD/$script" "$chip" &
        running+=("$!")
    done
done
status=0
for process in "${running[@]}"; do
    wait "$process" || status=1
done
[ "$status" -eq 0 ] && echo "Interop: all passed"
exit "$status"
