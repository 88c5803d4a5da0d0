#!/usr/bin/env bash
# Install other people's flashers, pinned, into build/interop. Arguments: esptool (pip), esptool-js (npm), espflash (cargo);
# plots: what the benchmark draws and compresses with, beside esptool.
set -euo pipefail
cd "$(dirname "$0")/.."

esptool_version=5.3.1
esptool_js_version=0.7.0
deflate_version=0.9.0
matplotlib_version=3.11.2

folder=$PWD/build/interop
mkdir -p "$folder/npm" "$folder/espflash"

for client in "$@"; do
    case $client in
    esptool)
        if [ "$("$folder/venv/bin/esptool" version 2>/dev/null | tail -n 1)" != "$esptool_version" ]; then
            rm -rf "$folder/venv"
            python3 -m venv "$folder/venv"
            "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "esptool==$esptool_version"
        fi
        ;;
    plots)
        if ! "$folder/venv/bin/python" -c "import deflate, matplotlib" 2>/dev/null; then
            "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "deflate==$deflate_version" \
                "matplotlib==$matplotlib_version"
        fi
        ;;
    esptool-js)
        if ! grep -qs "\"version\": \"$esptool_js_version\"" "$folder/npm/node_modules/esptool-js/package.json"; then
            npm install --prefix "$folder/npm" --no-package-lock --no-audit --no-fund --loglevel=error \
                "esptool-js@$esptool_js_version"
        fi
        ;;
    espflash) # a copy, as cargo writes a lock file beside the source
        cp -rp tests/interop/espflash/. "$folder/espflash"
        CARGO_TARGET_DIR=$folder/espflash/target cargo build --quiet --manifest-path "$folder/espflash/Cargo.toml"
        ;;
    *)
        echo "clients.sh: no client named $client" >&2
        exit 2
        ;;
    esac
done
