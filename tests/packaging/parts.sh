#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The library without each of its parts: what is left out is named by the linker, and what stays works.
# shellcheck disable=SC1091
set -euo pipefail
source "$SOURCE/tests/packaging/_common.sh"

# The library with these options, and no more, in folder $1; its sources, in the file $1.files.
configure() {
    quietly cmake -S "$SOURCE" -B "$1" -DREFLASH_PROGRAMS=OFF -DREFLASH_INSTALL=OFF -DREFLASH_GPIOD=OFF \
        -DREFLASH_STUBS=OFF -DREFLASH_CHIPS=esp32c3 -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "${@:2}"
    jq -r '.[].file' "$1/compile_commands.json" | sed -n "s,^$SOURCE/src/,,p" | sort >"$1.files"
}

# --- What is left out ---------------------------------------------------------------------------------------

# Option $1 leaves out these sources and no others.
expect_left_out() {
    configure "$1" "-DREFLASH_$1=OFF"
    printf '%s\n' "${@:2}" | diff - <(comm -23 all.files "$1.files") >err || fail "REFLASH_$1=OFF leaves out other files"
}

configure all
(cd "$SOURCE/src" && find . -name '*.c' | sed 's,^\./,,' | sort) | diff - all.files >err || fail "not all sources are there"
expect_left_out SPI loader/connect_spi.c transport/spi.c
expect_left_out SDIO loader/connect_sdio.c transport/sdio.c
expect_left_out MD5 loader/read.c
for part in SPI SDIO MD5; do
    ! cmake -S "$SOURCE" -B programs -DREFLASH_$part=OFF >out 2>err || fail "the programs are built without $part"
    tr -s ' \n' ' ' <err >flat && mv flat err # it breaks lines
    expect_complaint "REFLASH_$part=OFF goes with REFLASH_PROGRAMS=OFF"
    rm -r programs
done

# --- What calls it ------------------------------------------------------------------------------------------

configure less -DREFLASH_SPI=OFF -DREFLASH_SDIO=OFF -DREFLASH_MD5=OFF -DSERIAL_FLASHER_LOG_LEVEL=ERROR
quietly cmake --build less --parallel 2

# Link program $1.c with the library in folder less.
link() {
    cc -Wall -Wextra -Werror -I"$SOURCE/include" -I"$SOURCE/ports/posix" -I"$SOURCE/ports/common" -o "$1" "$1.c" \
        -Lless -lreflash-posix -lreflash-common -lreflash -lreflash-stubs >out 2>err
}

for function in esp_loader_init_spi esp_loader_init_sdio esp_loader_flash_read; do
    printf '#include "esp_loader.h"\nint main(void) { return *(volatile char *)%s; }\n' $function >calls.c
    ! link calls || fail "$function is there"
    grep -q "undefined reference to .$function'" err || fail "the linker does not name $function"
done

# --- What stays ---------------------------------------------------------------------------------------------

# A write that is not to be proved succeeds; one that is says that it was not, also in the log.
cat >program.c <<'END'
#include <stdarg.h>
#include <stdio.h>
#include "reflash.h"
#include "socket_port.h"
static esp_loader_error_t write_flash(esp_loader_t *loader, bool skip_verify)
{
    static uint8_t data[4096];
    esp_loader_flash_cfg_t cfg = {
        .offset = 0x10000, .image_size = sizeof(data), .block_size = 1024, .skip_verify = skip_verify};
    RETURN_ON_ERROR(esp_loader_flash_start(loader, &cfg));
    for (unsigned at = 0; at < sizeof(data); at += 1024) {
        RETURN_ON_ERROR(esp_loader_flash_write(loader, &cfg, data + at, 1024));
    }
    return esp_loader_flash_finish(loader, &cfg);
}
static bool connected;
static void print_log(esp_loader_port_t *port, esp_loader_log_level_t level, const char *format, va_list args)
{
    (void)port;
    (void)format;
    (void)args;
    if (connected) {
        printf("logged at %d\n", level);
    }
}
int main(int argc, char **argv)
{
    static esp_loader_t loader;
    esp_loader_port_ops_t ops = socket_port_ops;
    ops.log = print_log;
    socket_port_t port = {.port.ops = &ops, .host = argv[1], .service = argv[2]};
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    if (argc != 3 || esp_loader_init_serial(&loader, &port.port) != ESP_LOADER_SUCCESS ||
        esp_loader_connect(&loader, &args) != ESP_LOADER_SUCCESS) {
        return 1;
    }
    connected = true;
    printf("%d\n", write_flash(&loader, true) == ESP_LOADER_SUCCESS);
    printf("%d\n", write_flash(&loader, false) == ESP_LOADER_ERROR_INVALID_MD5);
    printf("%d\n", reflash_last_fault(&loader).cause == REFLASH_CAUSE_DIGEST_MISMATCH);
    esp_loader_deinit(&loader);
    return 0;
}
END
link program || fail "it does not link"
start_espsim --chip esp32c3 --auto-download
expect_status 0 ./program "${address%:*}" "${address##*:}"
printf '1\nlogged at 1\n1\n1\n' | diff - out >err || fail "it does something else"
stop_espsim
