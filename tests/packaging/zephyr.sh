#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# reflash as a module of Zephyr: its Kconfig as Zephyr reads it, and its CMakeLists.txt with the few functions of Zephyr
# that it calls; compiled against the headers of tests/ports/zephyr.
# shellcheck disable=SC1091,SC2013
set -euo pipefail
source "$SOURCE/tests/packaging/_common.sh"

python=python3
"$python" -c 'import kconfiglib' 2>out || python=/usr/bin/python3 # Debian's, where another comes first

# What zephyr/module.yml says of $1.
said() { sed -n "s/^ *$1: \(.*\)$/\1/p" "$SOURCE/zephyr/module.yml"; }
export MODULE_KCONFIG
MODULE_KCONFIG=$SOURCE/$(said kconfig)
[ -n "$(find "$SOURCE/$(said dts_root)/dts/bindings" -name 'espressif,esp-loader.yaml')" ] || fail "no binding"

# Kconfig with the options $2.. goes to config.cmake, and the application is configured with it in folder $1.
configure_with() {
    local folder=$1
    shift
    "$python" "$SOURCE/tests/packaging/zephyr/kconfig.py" "$@" >config.cmake 2>err || fail "Kconfig"
    quietly cmake -S "$SOURCE/tests/packaging/zephyr" -B "$folder" -DCONFIG_FILE="$PWD/config.cmake" \
        -DMODULE="$SOURCE/$(said cmake)" -DFAKES="$SOURCE/tests/ports/zephyr" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
}

# The library of folder $1 needs nothing but C's memory functions and what the headers declare.
expect_complete() {
    ld -r -o all.o --whole-archive "$1/module/libreflash.a"
    nm -u all.o | sed 's/^ *U //' >undefined
    for name in $(grep -vxE 'mem(cpy|set|cmp|move)|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail' undefined); do
        grep -qwF "$name" "$SOURCE/tests/ports/zephyr/fake_zephyr.h" || fail "$name is missing"
    done
}

configure_with off
! grep -sq reflash off/compile_commands.json || fail "it is built unasked"

configure_with all ESP_SERIAL_FLASHER=y
quietly cmake --build all --parallel 2
for option in SERIAL GPIO UART_INTERRUPT_DRIVEN UART_USE_RUNTIME_CONFIGURE; do
    grep -qxF "set(CONFIG_$option y)" config.cmake || fail "$option is not selected"
done
! grep -E 'SERIAL_FLASHER_(PORT_|RESET_INVERT|BOOT_INVERT)' config.cmake || fail "these are not for Zephyr"
expect_complete all

configure_with one ESP_SERIAL_FLASHER=y SERIAL_FLASHER_STUBS=n SERIAL_FLASHER_LOG_LEVEL_DEBUG=y \
    SERIAL_FLASHER_RESET_HOLD_TIME_MS=7 SERIAL_FLASHER_CHIP_ESP{8266,32S2,32S3,32C2,32C5,32C6,32C61,32H2,32P4}=n
tr -d '\134' <one/compile_commands.json >commands
for words in 'REFLASH_CHIP_LIST(X)=X(esp32) X(esp32c3)' SERIAL_FLASHER_LOG_LEVEL=ESP_LOADER_LOG_DEBUG \
    SERIAL_FLASHER_RESET_HOLD_TIME_MS=7; do
    grep -qF -- "-D$words" commands || fail "nobody is told $words"
done
grep -q '/stubs/none.c"' one/compile_commands.json || fail "a program that wants a stub does not link"
! grep 'stubs/esp\|stubs/generated\|stubs/find' one/compile_commands.json || fail "stubs were switched off"

# Parts of the library that are switched off are not built.
configure_with less ESP_SERIAL_FLASHER=y SERIAL_FLASHER_{STUBS,SPI,SDIO,MD5}=n
! grep -E '"file": .*/src/(transport/|loader/connect_)(spi|sdio)|"file": .*/src/loader/read\.c' less/compile_commands.json ||
    fail "these were switched off"
grep -q 'DREFLASH_MD5=0' less/compile_commands.json || fail "MD5 was switched off"
grep -q 'DREFLASH_MD5=1' one/compile_commands.json || fail "MD5 was not switched off"

# A buffer that no ring can be made of.
compile_port() {
    cc -fsyntax-only -I"$SOURCE/tests/ports/zephyr" -I"$SOURCE/include" -I"$SOURCE/ports/common" \
        -DCONFIG_KERNEL_INIT_PRIORITY_DEVICE=50 -DCONFIG_ESP_SERIAL_FLASHER_UART_BUFSIZE="$1" \
        "$SOURCE/ports/zephyr/zephyr_port.c"
}
quietly compile_port 512
! compile_port 1000 >out 2>err || fail "a buffer of 1000 bytes is taken"
expect_complaint "ESP_SERIAL_FLASHER_UART_BUFSIZE has to be a power of two"
