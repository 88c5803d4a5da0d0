#!/usr/bin/env bash
# Make an Arduino library in the folder $1 (build/arduino/reflash), and an archive of it beside: everything in src/, as
# Arduino adds no other folder, with the RAM stubs as C. PlatformIO takes it as well.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "${1:-$project/build/arduino/reflash}"
out=$(cd "${1:-$project/build/arduino/reflash}" && pwd)

version=$(sed -n 's/^#define REFLASH_VERSION "\(.*\)"$/\1/p' "$project/include/reflash.h")
rm -rf "$out"
mkdir -p "$out/src/stubs" "$out/examples"
cp -r "$project/src/." "$project"/include/*.h "$project"/ports/common/*.[ch] "$project"/ports/arduino/*.{h,cpp} "$out/src/"
cp "$project/stubs/find.c" "$out/src/stubs/"
cp -r "$project/examples/arduino/." "$out/examples/"
cp "$project/LICENSE" "$project/CHANGELOG.md" "$out/"
chips=()
for file in "$project"/src/chips/esp*.c; do
    chips+=("$(basename "$file" .c)")
done
"$project/scripts/make_stubs.py" --fetch --licence --out "$out/src/stubs" "${chips[@]}"

cat >"$out/library.properties" <<END
name=reflash
version=$version
author=The authors of reflash
maintainer=The authors of reflash
sentence=Brings Espressif chips to a known flash content through their serial loader.
paragraph=Asks an ESP32, ESP8266 or their relatives what they hold, sends what differs, and proves what was written. This board is the host: a serial port and two pins go to the target.
category=Communication
url=
architectures=*
includes=arduino_port.h,esp_loader.h,reflash.h
END
(cd "$out/.." && rm -f "reflash-$version.zip" && python3 -m zipfile -c "reflash-$version.zip" "$(basename "$out")")
echo "$out"
