/* SPDX-License-Identifier: Apache-2.0 */
#include "api_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

const api_chip_t chips[] = {
    [ESP8266_CHIP] = {"esp8266", "8266", 0x3FFE8000},  [ESP32_CHIP] = {"esp32", "32", 0x3FFB0000},
    [ESP32S2_CHIP] = {"esp32s2", "S2", 0x3FFC8000},    [ESP32C3_CHIP] = {"esp32c3", "C3", 0x3FC90000},
    [ESP32S3_CHIP] = {"esp32s3", "S3", 0x3FCA0000},    [ESP32C2_CHIP] = {"esp32c2", "C2", 0x3FCB0000},
    [ESP32C5_CHIP] = {"esp32c5", "C5", 0x40810000},    [ESP32H2_CHIP] = {"esp32h2", "H2", 0x40810000},
    [ESP32C6_CHIP] = {"esp32c6", "C6", 0x40810000},    [ESP32P4_CHIP] = {"esp32p4", "P4", 0x4FF80000},
    [ESP32C61_CHIP] = {"esp32c61", "C61", 0x40810000},
};
_Static_assert(sizeof(chips) / sizeof(chips[0]) == CHIP_COUNT, "a chip of the API is missing");

/* What calls itself how as a card. */
static const struct {
    target_chip_t chip;
    uint16_t device;
} cards[] = {{ESP32_CHIP, 0x0000}, {ESP32C5_CHIP, 0x1017}, {ESP32C6_CHIP, 0x100D}, {ESP32C61_CHIP, 0x1014}};
enum { CARD_COUNT = sizeof(cards) / sizeof(cards[0]) };

/* Where this chip stands in `cards`; CARD_COUNT: it is none. */
static size_t card_of(target_chip_t chip)
{
    size_t card = 0;
    while (card < CARD_COUNT && cards[card].chip != chip) {
        card++;
    }
    return card;
}

bool chip_has(target_chip_t chip, talk_t mode)
{
    return mode != SDIO_STUB || card_of(chip) < CARD_COUNT;
}

bench_t bench;

uint64_t bench_sent(void)
{
    return bench.port.sent_bytes + bench.card.card.base.calls;
}

void bench_start(target_chip_t chip, talk_t talks_to, bool over_sdio, bool is_locked)
{
    const bool can_be_locked = chip != ESP8266_CHIP && chip != ESP32_CHIP;
    memset(&bench, 0, sizeof(bench));
    memset(&bench.loader, 0xA5, sizeof(bench.loader)); /* programs do not initialise it */
    bench.chip = chip;
    bench.talks_to = talks_to;
    bench.flash = calloc(FLASH_BYTES, 1); /* all 0: what was not erased cannot be written */
    assert_non_null(bench.flash);
    bench.sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name(chips[chip].name),
                                                 .flash = bench.flash,
                                                 .flash_bytes = FLASH_BYTES,
                                                 .timing = espsim_timing_typical(),
                                                 .security = {.secure_download = is_locked && can_be_locked}});
    assert_non_null(bench.sim);
    bench.port = (refusing_port_t){
        .port = {.ops = &refusing_port_ops},
        .inner = {.port = {.ops = &espsim_port_ops}, .sim = bench.sim, .baud = 115200},
        .refusal = talks_to != ROM ? 0xC4 : 0x01,
        .status_bytes = talks_to != ROM || chip == ESP8266_CHIP ? 2 : 4,
    };
    if (over_sdio) {
        refusing_card_init(&bench.card, bench.sim, cards[card_of(chip)].device, &bench.port);
    }
    bench.args = (esp_loader_connect_args_t){.sync_timeout = 100, .trials = 3};
    for (unsigned at = 0; at < DATA_BYTES; at++) {
        bench.data[at] = (uint8_t)(at * 7 + (at >> 8));
    }
}

void bench_end(void)
{
    assert_int_equal(bench.card.card.violations, 0);
    espsim_destroy(bench.sim);
    free(bench.flash);
    free(bench.bundle.data);
}
