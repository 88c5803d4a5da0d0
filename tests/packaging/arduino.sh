#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The library for Arduino: each file is compiled as Arduino does, with src/ as the only folder of headers, and its sketches
# are linked with all of it, against the core of tests/ports/arduino. Then library.json in the same way.
# shellcheck disable=SC1091,SC2046
set -euo pipefail
source "$SOURCE/tests/packaging/_common.sh"

# Compile the files $2.., each by itself, to folder $1; the flags are in `flags`.
compile() {
    local folder=$1
    shift
    mkdir "$folder"
    printf '%s\n' "$@" >files
    cat >one.sh <<'END'
file=$1
object=$2/$(echo "$file" | tr / _).o
shift 2
case $file in
*.c) exec cc -std=gnu11 -Wall -Wextra -Werror -ffunction-sections -c "$@" "$file" -o "$object" ;;
*) exec c++ -std=gnu++11 -x c++ -Wall -Wextra -Werror -ffunction-sections -c "$@" "$file" -o "$object" ;;
esac
END
    xargs -P 2 -I FILE bash one.sh FILE "$folder" "${flags[@]}" <files >out 2>err || fail "$folder"
}

# --- Arduino ------------------------------------------------------------------------------------------------

quietly "$SOURCE/scripts/arduino_library.sh" "$PWD/library"
for field in name author maintainer sentence paragraph category architectures; do
    grep -qE "^$field=." library/library.properties || fail "library.properties has no $field"
done
grep -qxF "version=$version" library/library.properties || fail "library.properties is of another version"
for header in $(sed -n 's/^includes=//p' library/library.properties | tr , ' '); do
    [ -f "library/src/$header" ] || fail "there is no $header"
done
python3 -m zipfile -l "reflash-$version.zip" >out
grep -q '^library/src/esp_loader.h ' out || fail "the archive has no library"

core=$SOURCE/tests/ports/arduino
flags=(-I"$core" -Ilibrary/src)
compile library_objects $(find library/src -name '*.c' -o -name '*.cpp') $(find library/examples -name '*.ino')
cat >core.cpp <<'END'
#include <Arduino.h>
HardwareSerial Serial, Serial1;
void HardwareSerial::begin(unsigned long) {}
void HardwareSerial::end() {}
int HardwareSerial::available() { return 0; }
int HardwareSerial::read() { return -1; }
size_t HardwareSerial::write(const uint8_t *, size_t size) { return size; }
void HardwareSerial::flush() {}
size_t HardwareSerial::print(const char *text) { return puts(text) < 0 ? 0 : 1; }
size_t HardwareSerial::println(const char *text) { return print(text); }
size_t HardwareSerial::print(int, int) { return 1; }
size_t HardwareSerial::println(int, int) { return 1; }
void pinMode(uint8_t, uint8_t) {}
void digitalWrite(uint8_t, uint8_t) {}
static unsigned long now_ms;
unsigned long millis() { return now_ms++; }
void delay(unsigned long ms) { now_ms += ms; }
void yield() {}
void setup();
void loop();
int main() { setup(); loop(); }
END
flags+=(-include cstdio)
compile core_objects core.cpp
quietly c++ -Wl,--gc-sections -o sketch library_objects/*.o core_objects/*.o
expect_status 0 ./sketch
expect_line "No target answers"

# --- library.json -------------------------------------------------------------------------------------------

from_json() { jq -r "$1" "$SOURCE/library.json"; }
[ "$(from_json .version)" = "$version" ] || fail "library.json is of another version"
mapfile -t flags < <(from_json '.build.flags[], "-I" + .build.includeDir' | sed "s,^-I,-I$SOURCE/,")
mapfile -t filters < <(from_json '.build.srcFilter[]' | sed -n 's/^+<\(.*\)>$/\1/p')
files=()
for filter in "${filters[@]}"; do
    mapfile -t -O "${#files[@]}" files < <(find "$SOURCE/$filter" -name '*.c')
done
compile json_objects "${files[@]}"
for header in $(from_json '.headers[]'); do
    [ -f "$SOURCE/$(from_json .build.includeDir)/$header" ] || fail "there is no $header"
done
ld -r -o all.o json_objects/*.o
nm -u all.o | sed 's/^ *U //' | grep -vxE 'mem(cpy|set|cmp|move)|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail' >out || :
[ ! -s out ] || fail "these are missing"
