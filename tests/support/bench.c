/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

void bench_start(bench_t *bench, const reflash_rom_t *rom, uint32_t flash_bytes, const espsim_program_t *program)
{
    *bench = (bench_t){.rom = rom, .flash_bytes = flash_bytes, .flash = calloc(flash_bytes, 1)};
    assert_non_null(bench->flash);
    bench->sim = espsim_create(&(espsim_config_t){.rom = rom,
                                                  .flash = bench->flash,
                                                  .flash_bytes = flash_bytes,
                                                  .timing = espsim_timing_typical(),
                                                  .programs = program,
                                                  .program_count = program != NULL ? 1 : 0});
    assert_non_null(bench->sim);
    bench->port = (espsim_port_t){.port = {.ops = &espsim_port_ops}, .sim = bench->sim, .baud = 115200};
    assert_int_equal(esp_loader_init_serial(&bench->loader, &bench->port.port), ESP_LOADER_SUCCESS);
}

void bench_connect(bench_t *bench, const reflash_rom_t *rom, uint32_t flash_bytes)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    bench_start(bench, rom, flash_bytes, NULL);
    assert_int_equal(esp_loader_connect(&bench->loader, &args), ESP_LOADER_SUCCESS);
}

void bench_free(bench_t *bench)
{
    esp_loader_deinit(&bench->loader);
    espsim_destroy(bench->sim);
    free(bench->flash);
}

uint64_t bench_sent_bytes(const bench_t *bench)
{
    return espsim_stats(bench->sim)->bytes_to_target;
}

void fill_at_random(uint8_t *bytes, uint32_t count, uint32_t seed)
{
    uint32_t state = seed * UINT32_C(2654435761) + 1;
    for (uint32_t at = 0; at < count; at++) {
        state = state * UINT32_C(1664525) + UINT32_C(1013904223);
        bytes[at] = (uint8_t)(state >> 24);
    }
}
