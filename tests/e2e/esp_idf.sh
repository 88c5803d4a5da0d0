#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The examples for ESP-IDF as projects of their own, copied as their users copy them, and one for generation 1.8 of the API:
# built by their own CMakeLists.txt with tests/idf in place of the SDK, component and port included, and run against a
# virtual chip.
# shellcheck disable=SC1091,SC2153
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

export IDF_PATH=$root/tests/idf REFLASH_COMPONENT=$root ESPSIM_CORE
export CC=$HOST_CC CFLAGS="$HOST_CFLAGS -O0"

# Copy example $1 to folder $2.
copy_example() {
    cp -r "$root/examples/$1" "$2"
    rm -rf "$2"/images/esp* # whatever somebody left there
}

# CMake on folder $1 with the further arguments, then a build.
configure() {
    cmake -S "$1" -B "$1/build" -G Ninja -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "${@:2}" >out 2>err
}
build() {
    configure "$@" || fail "$1 does not configure"
    cmake --build "$1/build" >out 2>err || fail "$1 does not build"
}

# CMake on folder $1 has to refuse with the complaint $2; further arguments go to CMake.
refuse() {
    ! configure "$1" "${@:3}" || fail "CMake takes $1"
    tr -s ' \n' ' ' <err >flat && mv flat err # it breaks lines
    expect_complaint "$2"
}

# Run an example: out gets one time for all lines.
run() {
    expect_status 0 "$@"
    sed -i 's/^\([EWI]\) ([0-9]*)/\1 (0)/' out
}

log() { printf '%s\n' "${@/#/I (0) serial_flasher: }"; }
# The output begins with exactly these lines.
expect_head() {
    printf '%s\n' "$@" >wanted
    head -n "$(wc -l <wanted)" out | diff wanted - >err || fail "the output begins otherwise"
}
expect_output() {
    printf '%s\n' "$@" | diff - out >err || fail "the output is another"
}
progress() {
    local percent
    for percent in "${@:2}"; do
        log "$1: $percent %"
    done
}
mapfile -t skipped < <(log "${skip_all[@]}")
connected=("Connected to target" "Transmission rate changed.")
slave=(
    "********************************************"
    "*** Logs below are print from slave .... ***"
    "********************************************"
)

# --- fast-reflash ---------------------------------------------------------------------------------------------

copy_example fast-reflash fast
app=fast/build/fast_reflash.elf
refuse fast 'There is nothing for any chip in'
"$MAKE_IMAGES" -o fast/images/esp32c3 --app-bytes 131072 >made
refuse fast "\"$PWD/fast/main/../images/esp32c3\" is for another chip: its flasher_args.json says \"esp32\""
"$MAKE_IMAGES" -o fast/images/esp32c3 --chip esp32c3 --app-bytes 131072 >made
"$MAKE_IMAGES" -o fast/images/esp32 --app-bytes 131072 >made
"$MAKE_IMAGES" -o fast/images/esp8266 --app-bytes 131072 >made
sed -i 's/"esp32"/"esp8266"/' fast/images/esp8266/flasher_args.json
cp -r fast/images/esp32 old
build fast -DMD5_ENABLED=1

# Blank: everything is written, what boots last.
mapfile -t told < <(
    log "Bootloader MD5 differs, flashing 26384 bytes at 0x1000..."
    log "Partition table MD5 differs, flashing 3072 bytes at 0x8000..."
    log "Application MD5 differs, flashing 131072 bytes at 0x10000..."
    progress Application 10 20 30 40 50 60 70 80 90 100
    progress "Partition table" 100
    progress Bootloader 10 30 40 60 70 90 100
    log "Bootloader flashed and verified" "Partition table flashed and verified" "Application flashed and verified"
    log "Done!"
)
run "$app" flash=board.bin "until=Hello world!"
expect_head "${connected[@]}" "${told[@]}" "${slave[@]}" "ets Jul 29 2019 12:21:46" ""
expect_order "I (0) app_init: App version:      1.0.0" "Hello world!"
expect_last_line "Hello world!"
expect_flash board.bin old

# Unchanged: nothing is.
run "$app" flash=board.bin "until=Hello world!"
expect_head "${connected[@]}" "${skipped[@]}" "$(log "Done!")" "${slave[@]}" "ets Jul 29 2019 12:21:46"
expect_last_line "Hello world!"
expect_flash board.bin old

# Changed application: it alone is converted, and written. The power fails in the middle of that; the next run
# finishes it.
"$MAKE_IMAGES" -o new --version 1.1.0 --app-bytes 131072 --change 1 >made
cp new/hello_world.bin fast/images/esp32
build fast
[ "$(grep -c Converting out)" -eq 1 ] || fail "more, or less, than the application was converted"
app_bytes=$(stat -c %s fast/images/esp32/hello_world.bin)
differs=$(log "Application MD5 differs, flashing $app_bytes bytes at 0x10000...")
run "$app" flash=board.bin "until=Application: 50 %"
expect_head "${connected[@]}" "${skipped[@]:0:2}" "$differs"
! cmp -s -n "$app_bytes" -i 65536:0 board.bin fast/images/esp32/hello_world.bin || fail "it was written before"
run "$app" flash=board.bin "until=Hello world!"
expect_head "${connected[@]}" "${skipped[@]:0:2}" "$differs"
expect_order "$(log "Application flashed and verified")" "$(log "Done!")" "I (0) app_init: App version:      1.1.0"
[ "$(grep -c flashing out)" -eq 1 ] || fail "more than the application was flashed"
cmp -n "$app_bytes" -i 65536:0 board.bin fast/images/esp32/hello_world.bin || fail "it does not hold the new application"

# The same firmware knows other chips. An ESP8266's ROM has no digests: a RAM stub has.
run "$app" chip=esp32c3 flash=c3.bin "until=Hello world!"
expect_order "${connected[@]}" "$(log "Bootloader MD5 differs, flashing 26384 bytes at 0x0...")" "$(log "Done!")" \
    "Hello world!"
run "$app" chip=esp8266 flash=8266.bin "until=Done!"
expect_order "${connected[@]}" "$(log "Bootloader flashed and verified")"
cmp -n 131072 -i 65536:0 8266.bin fast/images/esp8266/hello_world.bin || fail "the ESP8266 does not hold the application"
run "$app" chip=esp8266 flash=8266.bin "until=Done!"
expect_output "${connected[@]}" "${skipped[@]}" "$(log "Done!")"
run "$app" chip=esp32s3
expect_order "Connected to target" "E (0) serial_flasher: There are no images for an ESP32-S3" \
    "E (0) serial_flasher: Gave up."

# A chip may have eight images; of one more the build tells.
args=fast/images/esp32/flasher_args.json
cp "$args" three_images.json
head -c 4096 fast/images/esp32/hello_world.bin >fast/images/esp32/data.bin
for ((count = 4; count <= 9; count++)); do
    jq --arg name "data $count" --arg offset "0x1${count}0000" \
        '.[$name] = {offset: $offset, file: "data.bin", encrypted: "false"}' "$args" >more.json
    mv more.json "$args"
    [ "$count" -ne 8 ] || build fast
done
[ "$(grep -c Converting out)" -ge 5 ] || fail "five more images were not converted"
run "$app" flash=eight.bin "until=Done!"
expect_order "$(log "data 8 flashed and verified")" "$(log "Done!")"
configure fast || fail "fast does not configure"
! cmake --build fast/build >out 2>err || fail "nine images are taken"
grep -q "esp32 has 9 images, more than target_images_t of target_images.h has room for" out || fail "it does not say why"
cp three_images.json "$args"

# Without MD5 everything is written each time, and nothing asked.
build fast -DMD5_ENABLED=0
run "$app" flash=board.bin "until=Hello world!"
expect_order "${connected[@]}" "$(log "Application, flashing $app_bytes bytes at 0x10000...")" \
    "$(log "Partition table, flashing 3072 bytes at 0x8000...")" \
    "$(log "Bootloader, flashing 26384 bytes at 0x1000...")" \
    "$(log "Bootloader: 100 %")" "$(log "Done!")" "Hello world!"
! grep -q MD5 out || fail "MD5s were asked for"
run "$app" chip=esp8266 flash=8266.bin "until=Done!"
expect_order "Connected to target" "W (0) serial_flasher: ESP8266 stays at 115200 baud" "$(log "Bootloader: 100 %")"

# As bundles, packed by this program: blank, unchanged, another version, of which two sectors travel, and cut off in
# the middle. Two forms: with RAM stubs in the firmware compressed ones; without, what each mask ROM takes.
rm -r fast/images/esp8266
cp -r old/. fast/images/esp32
refuse fast "Bundles are packed by the program reflash, which is not found on this computer." -DMD5_ENABLED=1 -DBUNDLE=1
refuse fast "BUNDLE=1 does not go with MD5_ENABLED=0" -DMD5_ENABLED=0
build fast -DMD5_ENABLED=1 -DREFLASH="$REFLASH"
[ "$(grep -c Packing out)" -eq 2 ] || fail "not one bundle for each chip"
run "$app" flash=sectors.bin "until=Hello world!"
expect_head "${connected[@]}" "$(log "RAM stub started")" \
    "$(log "Bootloader MD5 differs, flashing 7 of 7 sectors at 0x1000...")" \
    "$(log "Partition table MD5 differs, flashing 1 of 1 sectors at 0x8000...")" \
    "$(log "Application MD5 differs, flashing 32 of 32 sectors at 0x10000...")"
expect_order "$(log "Application: 100 %")" "$(log "Partition table: 100 %")" "$(log "Bootloader: 100 %")" \
    "$(log "Bootloader flashed and verified")" "$(log "Partition table flashed and verified")" \
    "$(log "Application flashed and verified")" "$(log "Done!")" "${slave[@]}" "Hello world!"
expect_flash sectors.bin old
run "$app" flash=sectors.bin "until=Hello world!"
expect_head "${connected[@]}" "$(log "RAM stub started")" "${skipped[@]}" "$(log "Done!")" "${slave[@]}"
expect_flash sectors.bin old
"$MAKE_IMAGES" -o renamed --version 1.0.1 --app-bytes 131072 >made
cp -r renamed/. fast/images/esp32
build fast
[ "$(grep -c Packing out)" -eq 1 ] || fail "more, or less, than the bundle of the ESP32 was packed"
run "$app" flash=sectors.bin "until=Hello world!"
expect_order "${skipped[@]:0:2}" "$(log "Application MD5 differs, flashing 2 of 32 sectors at 0x10000...")" \
    "$(log "Application flashed and verified")" "I (0) app_init: App version:      1.0.1" "Hello world!"
[ "$(grep -c flashing out)" -eq 1 ] || fail "more than the application was flashed"
expect_flash sectors.bin renamed
run "$app" chip=esp32c3 flash=c3.bin "until=Hello world!"
expect_order "${skipped[@]}" "$(log "Done!")" "Hello world!"
run "$app" chip=esp32s3
expect_order "E (0) serial_flasher: There are no images for an ESP32-S3"
echo CONFIG_SERIAL_FLASHER_STUBS=n >>fast/sdkconfig.defaults
cp -r new/. fast/images/esp32
build fast
run "$app" flash=sectors.bin "until=Application: 50 %"
run "$app" flash=sectors.bin "until=Hello world!"
expect_order "${skipped[@]:0:2}" "$(log "Application flashed and verified")" "I (0) app_init: App version:      1.1.0"
expect_flash sectors.bin new
! grep -q stub out || fail "a stub was started"

# --- load-ram -------------------------------------------------------------------------------------------------

export BUILT_COMPONENT=$PWD/fast/build/reflash/lib__idf_reflash.a

copy_example load-ram ram
app=ram/build/load_ram.elf
mkdir -p ram/images/esp32
refuse ram 'has to hold one RAM image, a file *.bin; it holds 0'
seq 1000 | head -c 256 >code.bin
{
    printf '\xE9\x02\x00\x00\x00\x00\x09\x40' && head -c 16 /dev/zero # two segments, the entry point
    printf '\x00\x80\xFE\x3F\x14\x00\x00\x00' && head -c 20 /dev/zero
    printf '\x00\x00\x09\x40\x00\x01\x00\x00' && cat code.bin
} >ram/images/esp32/blink.bin
build ram
run "$app" program=code.bin "until=Hello from RAM!"
expect_output "Connected to target" "$(log "Loading 20 bytes to 0x3ffe8000...")" \
    "$(log "Loading 256 bytes to 0x40090000...")" "$(log "Starting at 0x40090000")" "$(log "Done!")" "${slave[@]}" \
    "Hello from RAM!"
truncate -s -1 ram/images/esp32/blink.bin # a segment leaves the file
build ram
run "$app"
expect_order "Connected to target" "E (0) serial_flasher: blink is no program" "E (0) serial_flasher: Gave up."

# --- target-info ----------------------------------------------------------------------------------------------

copy_example target-info info
app=info/build/target_info.elf
build info
run "$app"
expect_output "Connected to target" "$(log "Chip: ESP32" "Bootloader: at 0x1000" "MAC: 24:0a:c4:12:34:56" \
    "Flash: 4096 KB" "Security: its loader does not tell" "Done!")"
run "$app" chip=esp32c3 flash-size=8MB
expect_output "Connected to target" "$(log "Chip: ESP32-C3" "Bootloader: at 0x0" "MAC: c4:0a:24:fe:10:01" \
    "Flash: 8192 KB" "ROM revision: 3" "Secure boot: off" "Flash encryption: off" "Secure download mode: off" \
    "JTAG: on" "USB: on" "Done!")"
run "$app" chip=esp32c3 security=secure-download
expect_order "W (0) serial_flasher: It is in secure download mode, and tells little" "$(log "Secure download mode: on")"

# --- The component --------------------------------------------------------------------------------------------

# What Kconfig says arrives at the compiler: at first all chips, one way to the target, the stubs ...
commands=info/build/compile_commands.json
grep -q 'REFLASH_CHIP_LIST(X)=X(esp32) X(esp32c2) .*X(esp8266)' $commands || fail "not all chips are there"
grep -q '/ports/esp_idf/esp32_port.c"' $commands || fail "the port for UARTs is missing"
! grep -q '/ports/esp_idf/esp32_spi_port.c"' $commands || fail "the port for SPI is there"
[ "$(grep -c '"file": .*/stubs/.*esp.*\.c"' $commands)" -eq 11 ] || fail "not all stubs are there"
for file in loader/connect_spi loader/connect_sdio loader/read; do
    grep -q "\"file\": .*/src/$file\.c\"" $commands || fail "$file.c is missing"
done
grep -q 'SERIAL_FLASHER_RESET_HOLD_TIME_MS=100 .*SERIAL_FLASHER_RESET_INVERT=0 .*LOG_LEVEL=ESP_LOADER_LOG_NONE' \
    $commands || grep -m 1 SERIAL $commands >err || fail "the defaults do not arrive"

# ... then as chosen.
chips=()
for file in "$root"/src/chips/esp*.c; do
    chip=$(basename "$file" .c)
    [ "$chip" = esp32 ] || [ "$chip" = esp32c3 ] || chips+=("CONFIG_SERIAL_FLASHER_CHIP_${chip^^}=n")
done
printf '%s\n' "${chips[@]}" CONFIG_SERIAL_FLASHER_STUBS=n CONFIG_SERIAL_FLASHER_PORT_UART=n \
    CONFIG_SERIAL_FLASHER_PORT_SPI=y CONFIG_SERIAL_FLASHER_PORT_SDIO=y CONFIG_SERIAL_FLASHER_PORT_USB_CDC_ACM=y \
    CONFIG_SERIAL_FLASHER_RESET_INVERT=y CONFIG_SERIAL_FLASHER_BOOT_HOLD_TIME_MS=550 \
    CONFIG_SERIAL_FLASHER_LOG_LEVEL_NONE=n CONFIG_SERIAL_FLASHER_LOG_LEVEL_DEBUG=y >info/sdkconfig.defaults
configure info
grep -q 'REFLASH_CHIP_LIST(X)=X(esp32) X(esp32c3)[^ ]' $commands || fail "other chips are there"
! grep -q '/ports/esp_idf/esp32_port.c"' $commands || fail "the port for UARTs is there"
[ "$(grep -c '"file": .*/ports/esp_idf/esp32_.*_port\.c"' $commands)" -eq 3 ] || fail "other ports are there"
[ "$(grep -c '"file": .*/stubs/none\.c"' $commands)" -eq 1 ] || fail "there are stubs"
for definition in RESET_INVERT=1 BOOT_INVERT=0 BOOT_HOLD_TIME_MS=550 LOG_LEVEL=ESP_LOADER_LOG_DEBUG; do
    grep -q "SERIAL_FLASHER_$definition " $commands || fail "$definition does not arrive"
done
printf 'CONFIG_SERIAL_FLASHER_%s=n\n' SPI SDIO MD5 STUBS >info/sdkconfig.defaults
configure info
! grep -E '"file": .*/src/(transport/|loader/connect_)(spi|sdio)|"file": .*/src/loader/read\.c' $commands ||
    fail "these were switched off"
grep -q 'DREFLASH_MD5=0' $commands || fail "MD5 was switched off"

# --- A program of generation 1.8 ------------------------------------------------------------------------------

# Print image $1 at $2, which is file $3, as an initializer; its bytes as an array go to the file arrays.
image_row() {
    local name=image_$2
    {
        echo "static const uint8_t ${name}[] = {"
        od -An -v -tx1 "$3" | sed 's/ \(..\)/0x\1,/g'
        echo "};"
    } >>arrays
    printf '{"%s", %s, sizeof(%s), %s, (const uint8_t *)"%s"},\n' "$1" "$2" "$name" "$name" "$(md5sum "$3" | cut -c 1-32)"
}

told_v1() { printf 'I (0) v1_program: %s\n' "$@"; }

cp -r "$root/tests/idf/v1_program" v1
app=v1/build/v1_program.elf
{
    image_row Application 0x10000 old/hello_world.bin
    image_row "Partition table" 0x8000 old/partition_table/partition-table.bin
    image_row Bootloader 0x1000 old/bootloader/bootloader.bin
} >rows
{
    echo '#include "images.h"'
    cat arrays
    echo 'const image_t images[IMAGE_COUNT] = {'
    cat rows
    echo '};'
} >v1/main/images.c
printf '%s\n' "${chips[@]}" CONFIG_SERIAL_FLASHER_STUBS=n >>v1/sdkconfig.defaults
unset BUILT_COMPONENT # that one is without these functions

# With MD5s: blank, and unchanged.
build v1 -DMD5_ENABLED=1
run "$app" flash=v1.bin
expect_head "${connected[@]}" "$(told_v1 "Application: written and verified" "Partition table: written and verified" \
    "Bootloader: written and verified" "Done!")"
expect_order "$(told_v1 "Done!")" "I (0) app_init: App version:      1.0.0" "Hello world!"
expect_flash v1.bin old
run "$app" flash=v1.bin
expect_head "${connected[@]}" "$(told_v1 "Application: the same" "Partition table: the same" "Bootloader: the same" "Done!")"
expect_order "Hello world!"
expect_flash v1.bin old

# Without: MD5_ENABLED is 0, and everything is written. What the target already holds is no question.
build v1 -DMD5_ENABLED=0
run "$app" flash=v1.bin
expect_head "${connected[@]}" "$(told_v1 "Application: written" "Partition table: written" "Bootloader: written" "Done!")"
expect_order "Hello world!"
expect_flash v1.bin old

# Nobody says: it is 0. Or menuconfig does. Where nothing is switched on nobody is told of it.
commands=v1/build/compile_commands.json
expect_md5_enabled() {
    configure v1 "${@:2}" || fail "v1 does not configure"
    jq -r '.[] | select(.file | test("/v1/main/main.c$|/compat/v1/v1.c$")) | .command' $commands >told
    [ "$(grep -c -- " -DMD5_ENABLED=$1 " told)" -eq 2 ] || fail "MD5_ENABLED is not $1"
}
expect_md5_enabled 0 -UMD5_ENABLED
echo CONFIG_SERIAL_FLASHER_MD5_ENABLED=y >>v1/sdkconfig.defaults
expect_md5_enabled 1
expect_md5_enabled 0 -DMD5_ENABLED=0
! grep -E 'MD5_ENABLED|INTERFACE_UART|compat/v1' info/build/compile_commands.json || fail "a program of 2.x is told"

# What the manifest leaves out of the component is not needed.
sed -n 's,^ *- "\(.*\)/\*\*/\*"$,\1,p' "$root/idf_component.yml" | grep -vx tests >left_out
while read -r folder; do
    ! grep -E "(\"file\": \"|-I)$root/$folder/" $commands || fail "the registry's component has no $folder"
done <left_out

# --- The compiler of the host ---------------------------------------------------------------------------------

# As on an ESP32 an uint32_t is a long there, which formats have to respect.
for source in {fast,ram,info}/main/*.c "$root"/ports/esp_idf/*.c; do
    arm-none-eabi-gcc -fsyntax-only -std=gnu17 -Wall -Wextra -Wconversion -Wshadow -Werror -DMD5_ENABLED=1 \
        -I"$root/tests/ports/esp_idf" -I"$root/ports/esp_idf" -I"$root/ports/common" -I"$root/include" "$source" 2>err ||
        fail "$source does not compile for a microcontroller"
done

for source in v1/main/main.c "$root"/compat/v1/esp_idf/*.c; do
    includes=("-I$root/compat/v1/esp_idf" "-I$root/compat/v1/include" "-I$root/include")
    [ "$source" = v1/main/main.c ] || includes=("-I$root/include" "-I$root/compat/v1/include")
    arm-none-eabi-gcc -fsyntax-only -std=gnu17 -Wall -Wextra -Wconversion -Wshadow -Werror -DMD5_ENABLED=1 \
        -DSERIAL_FLASHER_INTERFACE_UART -I"$root/tests/ports/esp_idf" "${includes[@]}" -I"$root/ports/common" \
        "$source" 2>err || fail "$source does not compile for a microcontroller"
done

# --- The manifests --------------------------------------------------------------------------------------------

version=$(sed -n 's/^#define REFLASH_VERSION "\(.*\)"$/\1/p' "$root/include/reflash.h")
grep -q "^version: \"$version\"" "$root/idf_component.yml" || fail "idf_component.yml has another version"
for example in fast ram info; do
    grep -qF "version: \"^$version\"" $example/main/idf_component.yml || fail "$example takes another version"
done
