#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The smallest complete port as docs/porting.md prints it: a stranger who copies its three files, and gives it what
# begins with chip_, has a firmware.
# shellcheck disable=SC1091
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/_common.sh"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Block number $1 of C in that section.
block() {
    sed -n '/^## The smallest complete port/,/^## Time/p' "$root/docs/porting.md" |
        awk -v wanted="$1" '/^```c$/ { number++; inside = 1; next } /^```$/ { inside = 0 } inside && number == wanted'
}
block 1 >baremetal_port.h
block 2 >baremetal_port.c
block 3 >main.c
cat >chip.c <<'END'
#include <stdbool.h>
#include <stdint.h>
bool chip_uart_has_room(void) { return true; }
void chip_uart_send(uint8_t byte) { (void)byte; }
bool chip_uart_take(uint8_t *byte) { (void)byte; return false; }
void chip_uart_set_rate(uint32_t rate) { (void)rate; }
void chip_set_pin(int pin, bool level) { (void)pin, (void)level; }
END
# Of the library no more than it calls.
mapfile -t library < <(find "$root"/src/{md5.c,chips,loader,transport,wire} "$root/ports/common" -name '*.c' -not -path '*/rom/*')
# What a vector table would name is named here.
arm-none-eabi-gcc -mcpu=cortex-m0plus -mthumb --specs=nano.specs -nostartfiles -Wl,--gc-sections,--entry=main \
    -Wl,--undefined=SysTick_Handler,--undefined=UART_Handler -ffunction-sections -fdata-sections -std=c11 -Wall -Wextra -Wconversion -Wshadow -Werror -I"$root/include" -I"$root/src" \
    -I"$root/ports/common" -I. baremetal_port.c main.c chip.c "${library[@]}" -o firmware.elf >out 2>err ||
    fail "the guide's port does not compile"
arm-none-eabi-nm firmware.elf >out
for function in SysTick_Handler UART_Handler esp_loader_connect; do
    grep -q " T $function$" out || fail "there is no $function"
done
