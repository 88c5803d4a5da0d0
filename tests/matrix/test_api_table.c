/* SPDX-License-Identifier: Apache-2.0 */
/* Every function of the API, on every chip, talking to its ROM and to the RAM stub, to that over SDIO too: it works, the
 * target refuses, the target is silent. What came out is docs/api-table.md; started as `test_api_table write`, this program writes it.
 *
 * A row of `rows` is a function. What a chip cannot do is said there, not learned: a function that answers
 * UNSUPPORTED_FUNC although its row says that the chip can do it is `missing` in the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <mbedtls/md.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bundle_writer.h"
#include "port.h"
#include "reflash_engine.h"
#include "sdio_slave.h"

enum { FLASH_BYTES = 1 << 18, DATA_BYTES = 512, FLASH_ADDR = 0x3000, BAUD = 230400 };

static const struct {
    const char *name, *title;
    uint32_t ram_addr; /* neither ROM nor stub uses it */
} chips[] = {
    [ESP8266_CHIP] = {"esp8266", "8266", 0x3FFE8000},  [ESP32_CHIP] = {"esp32", "32", 0x3FFB0000},
    [ESP32S2_CHIP] = {"esp32s2", "S2", 0x3FFC8000},    [ESP32C3_CHIP] = {"esp32c3", "C3", 0x3FC90000},
    [ESP32S3_CHIP] = {"esp32s3", "S3", 0x3FCA0000},    [ESP32C2_CHIP] = {"esp32c2", "C2", 0x3FCB0000},
    [ESP32C5_CHIP] = {"esp32c5", "C5", 0x40810000},    [ESP32H2_CHIP] = {"esp32h2", "H2", 0x40810000},
    [ESP32C6_CHIP] = {"esp32c6", "C6", 0x40810000},    [ESP32P4_CHIP] = {"esp32p4", "P4", 0x4FF80000},
    [ESP32C61_CHIP] = {"esp32c61", "C61", 0x40810000},
};
enum { CHIP_COUNT = sizeof(chips) / sizeof(chips[0]) };
_Static_assert(CHIP_COUNT == (int)ESP_MAX_CHIP, "a chip of the API is missing");

typedef enum { ROM, STUB, SDIO_STUB, MODE_COUNT } talk_t;
static const char *const mode_titles[MODE_COUNT] = {"Talking to the mask ROM", "Talking to the RAM stub",
                                                    "Talking to the RAM stub over SDIO"};

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

static bool has(target_chip_t chip, talk_t mode)
{
    return mode != SDIO_STUB || card_of(chip) < CARD_COUNT;
}

/* --- A target behind a port that can make its answers refusals ------------------------------------- */

typedef struct {
    esp_loader_port_t port;
    espsim_port_t inner;
    bool refuses;
    uint8_t refused_opcode; /* the only one whose answers become refusals; 0: all but SYNC's */
    bool spoils_questions;  /* to write registers, so that the target itself refuses them */
    uint64_t sent_bytes;
    unsigned status_bytes; /* at the end of an answer */
    uint8_t refusal;       /* its first: a stub's is the reason */
    uint8_t header[8];
    unsigned frame_at; /* bytes of the answer that went by */
    bool was_refused;
} refusing_port_t;

static esp_loader_port_t *inner_of(esp_loader_port_t *port)
{
    return &container_of(port, refusing_port_t, port)->inner.port;
}

static void enter_bootloader(esp_loader_port_t *port)
{
    espsim_port_ops.enter_bootloader(inner_of(port));
}

static void reset_target(esp_loader_port_t *port)
{
    espsim_port_ops.reset_target(inner_of(port));
}

static void start_timer(esp_loader_port_t *port, uint32_t ms)
{
    espsim_port_ops.start_timer(inner_of(port), ms);
}

static uint32_t remaining_time(esp_loader_port_t *port)
{
    return espsim_port_ops.remaining_time(inner_of(port));
}

static void delay_ms(esp_loader_port_t *port, uint32_t ms)
{
    espsim_port_ops.delay_ms(inner_of(port), ms);
}

static esp_loader_error_t change_rate(esp_loader_port_t *port, uint32_t rate)
{
    return espsim_port_ops.change_transmission_rate(inner_of(port), rate);
}

static esp_loader_error_t write_bytes(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    enum { SLIP_END = 0xC0, REQUEST = 0x00, WRITE_REG = 0x09, UNKNOWN = 0x7F, PIECE_BYTES_MAX = 64 };
    refusing_port_t *my = container_of(port, refusing_port_t, port);
    assert_true(size > 0);
    my->sent_bytes += size;
    if (my->spoils_questions && my->refuses && size > 2 && data[0] == SLIP_END && data[1] == REQUEST &&
        data[2] == WRITE_REG) {
        uint8_t spoilt[PIECE_BYTES_MAX];
        assert_true(size <= sizeof(spoilt));
        memcpy(spoilt, data, size);
        spoilt[2] = UNKNOWN;
        return espsim_port_ops.write(inner_of(port), spoilt, size, timeout);
    }
    return espsim_port_ops.write(inner_of(port), data, size, timeout);
}

/* Status and reason of an answer become "refused, 6", except of SYNC's. None of these bytes is ever escaped. */
static uint8_t altered_byte(refusing_port_t *my, uint8_t byte)
{
    enum { SYNC = 0x08, REASON_FAILED = 0x06 };
    const unsigned at = my->frame_at++;
    if (at < sizeof(my->header)) {
        my->header[at] = byte;
        return byte;
    }
    const unsigned payload_bytes = (unsigned)(my->header[2] | my->header[3] << 8);
    const unsigned status_at = (unsigned)sizeof(my->header) + payload_bytes - my->status_bytes;
    const bool is_meant = my->refused_opcode != 0 ? my->header[1] == my->refused_opcode : my->header[1] != SYNC;
    if (!my->refuses || my->header[0] != 0x01 || !is_meant) {
        return byte;
    }
    if (at == status_at) {
        my->was_refused = byte != 0; /* by the target itself, for a reason of its own */
        return my->refusal;
    }
    return at == status_at + 1 && !my->was_refused ? REASON_FAILED : byte;
}

static uint8_t altered(refusing_port_t *my, uint8_t byte)
{
    enum { SLIP_END = 0xC0 };
    if (byte == SLIP_END) {
        my->frame_at = 0;
        return byte;
    }
    return altered_byte(my, byte);
}

static esp_loader_error_t read_bytes(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout)
{
    assert_true(size > 0 && timeout > 0);
    const esp_loader_error_t err = espsim_port_ops.read(inner_of(port), data, size, timeout);
    for (uint16_t at = 0; at < size && err == ESP_LOADER_SUCCESS; at++) {
        data[at] = altered(container_of(port, refusing_port_t, port), data[at]);
    }
    return err;
}

/* What is not needed is NULL. */
static const esp_loader_port_ops_t ops = {
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .change_transmission_rate = change_rate,
    .write = write_bytes,
    .read = read_bytes,
};

static void set_cs(esp_loader_port_t *port, uint32_t level)
{
    (void)port;
    (void)level;
}

static esp_loader_error_t sdio_write(esp_loader_port_t *port, uint32_t function, uint32_t addr, const uint8_t *data,
                                     uint16_t size, uint32_t timeout)
{
    (void)function;
    (void)addr;
    return write_bytes(port, data, size, timeout);
}

static esp_loader_error_t sdio_read(esp_loader_port_t *port, uint32_t function, uint32_t addr, uint8_t *data,
                                    uint16_t size, uint32_t timeout)
{
    (void)function;
    (void)addr;
    return read_bytes(port, data, size, timeout);
}

static esp_loader_error_t sdio_card_init(esp_loader_port_t *port)
{
    (void)port;
    return ESP_LOADER_SUCCESS;
}

/* What SPI and SDIO look for when they are bound. */
static const esp_loader_port_ops_t ops_of_every_link = {
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .write = write_bytes,
    .read = read_bytes,
    .spi_set_cs = set_cs,
    .sdio_write = sdio_write,
    .sdio_read = sdio_read,
    .sdio_card_init = sdio_card_init,
};

/* The same for a card: a message passes in pieces, without anything around it. */
typedef struct {
    espsim_sdio_t card;
    esp_loader_port_ops_t ops;
} refusing_card_t;

static refusing_port_t *refusals_of_card(void);

static esp_loader_error_t write_card(esp_loader_port_t *port, uint32_t function, uint32_t addr, const uint8_t *data,
                                     uint16_t size, uint32_t timeout)
{
    enum { WINDOW = 0x10000, REQUEST = 0x00, WRITE_REG = 0x09, UNKNOWN = 0x7F, PIECE_BYTES_MAX = 512 };
    const refusing_port_t *my = refusals_of_card();
    uint8_t piece[PIECE_BYTES_MAX];
    assert_in_range(size, 1, sizeof(piece));
    memcpy(piece, data, size);
    if (my->spoils_questions && my->refuses && addr > WINDOW && size > 2 && data[0] == REQUEST &&
        data[1] == WRITE_REG) {
        piece[1] = UNKNOWN;
    }
    const espsim_sdio_t *card = (const espsim_sdio_t *)(const void *)container_of(port, espsim_port_t, port);
    return card->ops.sdio_write(port, function, addr, piece, size, timeout);
}

static esp_loader_error_t read_card(esp_loader_port_t *port, uint32_t function, uint32_t addr, uint8_t *data,
                                    uint16_t size, uint32_t timeout)
{
    enum { WINDOW = 0x10000, WINDOW_END = 0x1F800, PACKET_BYTES = 0x6C };
    refusing_port_t *my = refusals_of_card();
    const espsim_sdio_t *card = (const espsim_sdio_t *)(const void *)container_of(port, espsim_port_t, port);
    const esp_loader_error_t err = card->ops.sdio_read(port, function, addr, data, size, timeout);
    if (function != 1 || err != ESP_LOADER_SUCCESS) {
        return err;
    }
    if (addr == PACKET_BYTES) {
        my->frame_at = 0;
    }
    for (uint16_t at = 0; at < size && addr > WINDOW; at++) {
        data[at] = altered_byte(my, data[at]);
    }
    return ESP_LOADER_SUCCESS;
}

/* --- The bench -------------------------------------------------------------------------------------- */

typedef struct {
    target_chip_t chip;
    talk_t talks_to;
    espsim_t *sim;
    uint8_t *flash;
    refusing_port_t port;
    refusing_card_t card; /* in its place, over SDIO */
    esp_loader_t loader;
    esp_loader_connect_args_t args;
    /* What the calls work on. */
    esp_loader_flash_cfg_t write;
    esp_loader_flash_deflate_cfg_t deflate;
    esp_loader_mem_cfg_t load;
    uint8_t data[DATA_BYTES], packed[2 * DATA_BYTES], answer[DATA_BYTES];
    uint32_t value;
    esp_loader_target_security_info_t info;
    reflash_target_t target;
    bundle_t bundle;
} bench_t;

static bench_t bench;

static refusing_port_t *refusals_of_card(void)
{
    return &bench.port;
}

static void bench_start_card(void)
{
    espsim_sdio_init(&bench.card.card, bench.sim, cards[card_of(bench.chip)].device);
    bench.card.ops = bench.card.card.ops;
    bench.card.ops.sdio_write = write_card;
    bench.card.ops.sdio_read = read_card;
    bench.card.card.base.port.ops = &bench.card.ops;
}

/* Of what passed, more after every question. */
static uint64_t sent(void)
{
    return bench.port.sent_bytes + bench.card.card.base.calls;
}

static void bench_start(target_chip_t chip, talk_t talks_to, bool over_sdio, bool is_locked)
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
        .port = {.ops = &ops},
        .inner = {.port = {.ops = &espsim_port_ops}, .sim = bench.sim, .baud = 115200},
        .refusal = talks_to != ROM ? 0xC4 : 0x01,
        .status_bytes = talks_to != ROM || chip == ESP8266_CHIP ? 2 : 4,
    };
    if (over_sdio) {
        bench_start_card();
    }
    bench.args = (esp_loader_connect_args_t){.sync_timeout = 100, .trials = 3};
    for (unsigned at = 0; at < DATA_BYTES; at++) {
        bench.data[at] = (uint8_t)(at * 7 + (at >> 8));
    }
}

static void bench_end(void)
{
    assert_int_equal(bench.card.card.violations, 0);
    espsim_destroy(bench.sim);
    free(bench.flash);
    free(bench.bundle.data);
}

/* --- The functions ---------------------------------------------------------------------------------- */
/* A call returns what the function returned; `holds_*` looks whether it did what it is for. */

static bool holds_data(void)
{
    return memcmp(bench.flash + FLASH_ADDR, bench.data, DATA_BYTES) == 0;
}

static bool holds_erased_sector(void)
{
    return bench.flash[FLASH_ADDR] == 0xFF && bench.flash[FLASH_ADDR + 0xFFF] == 0xFF &&
           bench.flash[FLASH_ADDR - 1] == 0x00;
}

/* A stub erases as it writes. */
static bool holds_room(void)
{
    return bench.talks_to != ROM || holds_erased_sector();
}

/* A stub has answered, and may still be at it. */
static bool holds_unpacked(void)
{
    return bench.talks_to != ROM || holds_data();
}

static bool holds_erased_part(void)
{
    return bench.flash[0] == 0xFF && bench.flash[FLASH_BYTES - 1] == 0xFF;
}

static esp_loader_error_t init_serial(void)
{
    return esp_loader_init_serial(&bench.loader, &bench.port.port);
}

static esp_loader_error_t init_link(void)
{
    return bench.card.card.base.sim == NULL ? init_serial()
                                            : esp_loader_init_sdio(&bench.loader, &bench.card.card.base.port);
}

static esp_loader_error_t init_spi(void)
{
    bench.port.port.ops = &ops_of_every_link;
    return esp_loader_init_spi(&bench.loader, &bench.port.port);
}

static esp_loader_error_t init_sdio(void)
{
    bench.port.port.ops = &ops_of_every_link;
    return esp_loader_init_sdio(&bench.loader, &bench.port.port);
}

static bool holds_no_chip(void)
{
    return esp_loader_get_target(&bench.loader) == ESP_UNKNOWN_CHIP;
}

static esp_loader_error_t deinit(void)
{
    esp_loader_deinit(&bench.loader);
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t connect_rom(void)
{
    return esp_loader_connect(&bench.loader, &bench.args);
}

static esp_loader_error_t connect_stub(void)
{
    return esp_loader_connect_with_stub(&bench.loader, &bench.args);
}

static esp_loader_error_t connect_secure_download_mode(void)
{
    return esp_loader_connect_secure_download_mode(&bench.loader, &bench.args, FLASH_BYTES);
}

static esp_loader_error_t get_target(void)
{
    bench.value = (uint32_t)esp_loader_get_target(&bench.loader);
    return ESP_LOADER_SUCCESS;
}

static bool holds_chip(void)
{
    return esp_loader_get_target(&bench.loader) == bench.chip;
}

static esp_loader_error_t reset_target_call(void)
{
    esp_loader_reset_target(&bench.loader);
    return ESP_LOADER_SUCCESS;
}

static bool holds_no_loader(void)
{
    return !espsim_in_loader(bench.sim);
}

static esp_loader_error_t change_transmission_rate(void)
{
    return esp_loader_change_transmission_rate(&bench.loader, BAUD);
}

static bool holds_baud(void)
{
    const uint32_t baud = espsim_baud(bench.sim);
    return bench.port.inner.baud == BAUD && baud > BAUD - BAUD / 50 && baud < BAUD + BAUD / 50;
}

/* So that the call's own question is the first to be refused, or not to be answered. */
static esp_loader_error_t attach_flash(void)
{
    return esp_loader_flash_detect_size(&bench.loader, &bench.value);
}

static esp_loader_error_t flash_start(void)
{
    bench.write = (esp_loader_flash_cfg_t){.offset = FLASH_ADDR, .image_size = DATA_BYTES, .block_size = DATA_BYTES};
    bench.write.skip_verify = bench.chip == ESP8266_CHIP;
    return esp_loader_flash_start(&bench.loader, &bench.write);
}

static esp_loader_error_t flash_write(void)
{
    return esp_loader_flash_write(&bench.loader, &bench.write, bench.data, DATA_BYTES);
}

static esp_loader_error_t flash_started_and_written(void)
{
    RETURN_ON_ERROR(flash_start());
    bench.write.skip_verify = false;
    return flash_write();
}

static esp_loader_error_t flash_finish(void)
{
    return esp_loader_flash_finish(&bench.loader, &bench.write);
}

static uint32_t packed_bytes(void)
{
    uLongf bytes = sizeof(bench.packed);
    assert_int_equal(compress(bench.packed, &bytes, bench.data, DATA_BYTES), Z_OK);
    return (uint32_t)bytes;
}

static esp_loader_error_t flash_deflate_start(void)
{
    bench.deflate = (esp_loader_flash_deflate_cfg_t){.offset = FLASH_ADDR,
                                                     .image_size = DATA_BYTES,
                                                     .compressed_size = packed_bytes(),
                                                     .block_size = sizeof(bench.packed)};
    return esp_loader_flash_deflate_start(&bench.loader, &bench.deflate);
}

static esp_loader_error_t flash_deflate_write(void)
{
    return esp_loader_flash_deflate_write(&bench.loader, &bench.deflate, bench.packed, bench.deflate.compressed_size);
}

static esp_loader_error_t flash_deflate_started_and_written(void)
{
    RETURN_ON_ERROR(flash_deflate_start());
    return flash_deflate_write();
}

static esp_loader_error_t flash_deflate_finish(void)
{
    return esp_loader_flash_deflate_finish(&bench.loader, &bench.deflate);
}

static esp_loader_error_t flash_detect_size(void)
{
    return esp_loader_flash_detect_size(&bench.loader, &bench.value);
}

static bool holds_flash_size(void)
{
    return bench.value == FLASH_BYTES;
}

static esp_loader_error_t flash_read(void)
{
    memcpy(bench.flash + FLASH_ADDR, bench.data, DATA_BYTES);
    return esp_loader_flash_read(&bench.loader, bench.answer, FLASH_ADDR, DATA_BYTES);
}

static bool holds_answer(void)
{
    return memcmp(bench.answer, bench.data, DATA_BYTES) == 0;
}

static esp_loader_error_t flash_erase(void)
{
    return esp_loader_flash_erase(&bench.loader);
}

static esp_loader_error_t flash_erase_region(void)
{
    return esp_loader_flash_erase_region(&bench.loader, FLASH_ADDR, 0x1000);
}

/* md5 of 4096 bytes 0, which the flash holds everywhere. */
static esp_loader_error_t flash_verify_known_md5(void)
{
    static const char digits[] = "620f0b67a91f7f74151bc5be745b7110";
    return esp_loader_flash_verify_known_md5(&bench.loader, 0, 4096, (const uint8_t *)digits);
}

static esp_loader_error_t mem_start(void)
{
    bench.load =
        (esp_loader_mem_cfg_t){.offset = chips[bench.chip].ram_addr, .size = DATA_BYTES, .block_size = DATA_BYTES};
    return esp_loader_mem_start(&bench.loader, &bench.load);
}

static esp_loader_error_t mem_write(void)
{
    return esp_loader_mem_write(&bench.loader, &bench.load, bench.data, DATA_BYTES);
}

static esp_loader_error_t mem_started_and_written(void)
{
    RETURN_ON_ERROR(mem_start());
    return mem_write();
}

static esp_loader_error_t mem_finish(void)
{
    return esp_loader_mem_finish(&bench.loader, &bench.load, 0);
}

static bool holds_loaded(void)
{
    for (uint32_t at = 0; at < DATA_BYTES; at += 4) {
        uint8_t bytes[4];
        if (esp_loader_read_register(&bench.loader, chips[bench.chip].ram_addr + at, &bench.value) !=
            ESP_LOADER_SUCCESS) {
            return false;
        }
        for (unsigned byte = 0; byte < 4; byte++) {
            bytes[byte] = (uint8_t)(bench.value >> (8 * byte));
        }
        if (memcmp(bytes, bench.data + at, sizeof(bytes)) != 0) {
            return false;
        }
    }
    return true;
}

static esp_loader_error_t read_mac(void)
{
    return esp_loader_read_mac(&bench.loader, bench.answer);
}

static bool holds_mac(void)
{
    static const uint8_t none[6];
    return memcmp(bench.answer, none, sizeof(none)) != 0 && bench.answer[6] == 0;
}

static esp_loader_error_t write_register(void)
{
    return esp_loader_write_register(&bench.loader, chips[bench.chip].ram_addr, 0x12345678);
}

static esp_loader_error_t read_register(void)
{
    return esp_loader_read_register(&bench.loader, chips[bench.chip].ram_addr, &bench.value);
}

static bool holds_word(void)
{
    bench.value = 0;
    return read_register() == ESP_LOADER_SUCCESS && bench.value == 0x12345678;
}

static bool holds_value(void)
{
    return bench.value == 0x12345678;
}

static esp_loader_error_t get_security_info(void)
{
    memset(&bench.info, 0xA5, sizeof(bench.info));
    return esp_loader_get_security_info(&bench.loader, &bench.info);
}

static bool holds_info(void)
{
    return bench.info.target_chip == bench.chip && !bench.info.secure_boot_enabled;
}

/* --- Ours ------------------------------------------------------------------------------------------- */

static esp_loader_error_t last_fault(void)
{
    return reflash_last_fault(&bench.loader).code;
}

static esp_loader_error_t describe_target(void)
{
    return reflash_describe_target(&bench.loader, &bench.target) ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_FAIL;
}

static bool holds_description(void)
{
    return bench.target.target == bench.chip && bench.target.boot_pin != REFLASH_NO_PIN &&
           bench.target.has_digests == (bench.talks_to != ROM || bench.chip != ESP8266_CHIP);
}

static esp_loader_error_t reset_by_watchdog(void)
{
    return reflash_reset_by_watchdog(&bench.loader);
}

static esp_loader_error_t disable_watchdogs(void)
{
    return reflash_disable_watchdogs(&bench.loader);
}

static esp_loader_error_t allow_new_chips(void)
{
    reflash_allow_new_chips(&bench.loader);
    return ESP_LOADER_SUCCESS;
}

enum { OP_READ_REG = 0x0A, SHORT_LIMIT_MS = 20 };

static esp_loader_error_t set_link(void)
{
    static const reflash_time_limit_t limit = {.command = OP_READ_REG, .timeout_ms = SHORT_LIMIT_MS};
    static reflash_link_t link = REFLASH_LINK_DEFAULT();
    link.limit_count = 1;
    link.limits = &limit;
    reflash_set_link(&bench.loader, &link);
    return ESP_LOADER_SUCCESS;
}

/* Asked three times, and listened for silence in between; it would be 3 s. */
static bool holds_short_limit(void)
{
    espsim_power_off(bench.sim);
    const uint64_t start_ns = espsim_now(bench.sim);
    return read_register() == ESP_LOADER_ERROR_TIMEOUT && espsim_now(bench.sim) - start_ns < UINT64_C(500000000);
}

static esp_loader_error_t init_and_connect(void)
{
    RETURN_ON_ERROR(init_link());
    return connect_rom();
}

static esp_loader_error_t stub_start(void)
{
    return reflash_stub_start(&bench.loader);
}

/* A mask ROM does not know this way to read. */
static bool holds_stub(void)
{
    enum { OP_READ_FAST = 0xD2 };
    return flash_read() == ESP_LOADER_SUCCESS && holds_answer() &&
           espsim_stats(bench.sim)->commands[OP_READ_FAST].count > 0;
}

static esp_loader_error_t flash_start_encrypted(void)
{
    bench.write = (esp_loader_flash_cfg_t){
        .offset = FLASH_ADDR, .image_size = DATA_BYTES, .block_size = DATA_BYTES, .skip_verify = true};
    return reflash_flash_start_encrypted(&bench.loader, &bench.write);
}

/* md5 of 4096 bytes 0, which the flash holds everywhere. */
static const uint8_t digest_of_zeros[16] = {0x62, 0x0F, 0x0B, 0x67, 0xA9, 0x1F, 0x7F, 0x74,
                                            0x15, 0x1B, 0xC5, 0xBE, 0x74, 0x5B, 0x71, 0x10};

static esp_loader_error_t flash_md5(void)
{
    return reflash_flash_md5(&bench.loader, 0, 4096, bench.answer);
}

static bool holds_digest(void)
{
    return memcmp(bench.answer, digest_of_zeros, sizeof(digest_of_zeros)) == 0;
}

static esp_loader_error_t flash_verify_md5(void)
{
    return reflash_flash_verify_md5(&bench.loader, 0, 4096, digest_of_zeros);
}

static reflash_image_t image_of_data(void)
{
    reflash_image_t image = {.flash_addr = FLASH_ADDR, .bytes = DATA_BYTES, .data = bench.data};
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), bench.data, DATA_BYTES, image.md5), 0);
    return image;
}

static esp_loader_error_t update(void)
{
    reflash_image_t image = image_of_data();
    reflash_job_t job = {0};
    return reflash_update(&bench.loader, &image, 1, &job);
}

static bool read_bundle(void *context, uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    (void)context;
    memcpy(buf, bench.bundle.data + offset, bytes);
    return true;
}

static esp_loader_error_t apply(void)
{
    enum { CHIP_ID_ESP8266 = 0xFFFF };
    static uint8_t memory[REFLASH_APPLY_MEMORY_BYTES(FLASH_BYTES)], buffer[REFLASH_APPLY_BUFFER_BYTES];
    char *name = "app";
    bool is_program = false;
    reflash_bundle_t bundle;
    reflash_image_t image = image_of_data();
    const inputs_t in = {.images = &image, .names = &name, .programs = &is_program, .count = 1};
    assert_int_equal(describe_target(), ESP_LOADER_SUCCESS);
    const uint32_t chip_id = bench.target.chip_id == REFLASH_NO_CHIP_ID ? CHIP_ID_ESP8266 : bench.target.chip_id;
    bench.bundle = bundle_make(
        &in,
        &(bundle_facts_t){
            .chip_id = (uint16_t)chip_id, .flash_mode = 0xFF, .flash_size_freq = 0xFF, .plain = true, .packed = true},
        NULL);
    assert_int_equal(
        reflash_bundle_open(&bundle, &(reflash_source_t){.read = read_bundle, .bytes = bench.bundle.bytes}),
        REFLASH_BUNDLE_GOOD);
    reflash_apply_t job = {
        .memory = memory, .memory_bytes = sizeof(memory), .buffer = buffer, .buffer_bytes = sizeof(buffer)};
    return reflash_apply(&bench.loader, &(reflash_content_t){&reflash_bundle_ops, &bundle}, &job);
}

/* --- The rows --------------------------------------------------------------------------------------- */

enum {
    BIT_8266 = 1 << ESP8266_CHIP,
    BIT_32 = 1 << ESP32_CHIP,
    BIT_S2 = 1 << ESP32S2_CHIP,
    BIT_C2 = 1 << ESP32C2_CHIP,
    BIT_C6 = 1 << ESP32C6_CHIP,
    BIT_H2 = 1 << ESP32H2_CHIP,
    ALL_CHIPS = (1 << CHIP_COUNT) - 1
};

typedef struct {
    const char *name;
    esp_loader_error_t (*before)(void); /* has to succeed first; may be NULL */
    esp_loader_error_t (*call)(void);
    bool (*holds)(void);          /* afterwards; may be NULL */
    unsigned lacking[MODE_COUNT]; /* bits of the chips that cannot do it, or not over that link */
    uint8_t asks[STUB + 1];       /* opcode of the question refused or not answered; 0: whichever is the first */
    bool looks_first;             /* on some chips registers are read in front of that question */
    bool is_first;                /* called on a context that is not connected, ... */
    bool only_in[MODE_COUNT];     /* ... and in one of the tables only; none: in both */
    bool locked;                  /* the chip is in secure download mode */
    const char *never_asks;       /* why no target can refuse or be silent; NULL: it can */
    bool acts_at_once;            /* what it asks takes effect whatever is answered: only a question can be spoilt */
    bool is_ours;                 /* its name begins with reflash_ */
} row_t;

static const char asks_nothing[] = "asks the target nothing";

static const row_t rows[] = {
    {.name = "init_serial",
     .call = init_serial,
     .holds = holds_no_chip,
     .is_first = true,
     .only_in[ROM] = true,
     .never_asks = asks_nothing},
    {.name = "init_spi",
     .call = init_spi,
     .holds = holds_no_chip,
     .is_first = true,
     .only_in[ROM] = true,
     .never_asks = asks_nothing},
    {.name = "init_sdio",
     .call = init_sdio,
     .holds = holds_no_chip,
     .is_first = true,
     .only_in[ROM] = true,
     .never_asks = asks_nothing},
    {.name = "deinit", .call = deinit, .holds = holds_no_chip, .never_asks = asks_nothing},
    {.name = "connect",
     .before = init_serial,
     .call = connect_rom,
     .holds = holds_chip,
     .is_first = true,
     .only_in[ROM] = true},
    {.name = "connect_with_stub",
     .before = init_link,
     .call = connect_stub,
     .holds = holds_stub,
     .is_first = true,
     .only_in[STUB] = true},
    {.name = "connect_secure_download_mode",
     .before = init_serial,
     .call = connect_secure_download_mode,
     .locked = true,
     .holds = holds_chip,
     .is_first = true,
     .only_in[ROM] = true},
    {.name = "get_target", .call = get_target, .holds = holds_chip, .never_asks = asks_nothing},
    {.name = "reset_target", .call = reset_target_call, .holds = holds_no_loader, .never_asks = asks_nothing},
    {.name = "change_transmission_rate",
     .call = change_transmission_rate,
     .asks = {0x0F, 0x0F},
     .looks_first = true,
     .holds = holds_baud,
     .lacking = {[ROM] = BIT_8266, [SDIO_STUB] = ALL_CHIPS}},
    {.name = "flash_start", .before = attach_flash, .call = flash_start, .asks = {0x02, 0x02}, .holds = holds_room},
    {.name = "flash_write", .before = flash_start, .call = flash_write, .asks = {0x03, 0x03}, .holds = holds_data},
    {.name = "flash_finish (comparing)",
     .before = flash_started_and_written,
     .call = flash_finish,
     .asks = {0x13, 0x04},
     .holds = holds_data,
     .lacking[ROM] = BIT_8266},
    {.name = "flash_deflate_start",
     .before = attach_flash,
     .call = flash_deflate_start,
     .asks = {0x10, 0x10},
     .holds = holds_room,
     .lacking[ROM] = BIT_8266 | BIT_32},
    {.name = "flash_deflate_write",
     .before = flash_deflate_start,
     .call = flash_deflate_write,
     .asks = {0x11, 0x11},
     .holds = holds_unpacked,
     .lacking[ROM] = BIT_8266 | BIT_32},
    {.name = "flash_deflate_finish",
     .before = flash_deflate_started_and_written,
     .call = flash_deflate_finish,
     .asks = {0, 0x12},
     .holds = holds_data,
     .lacking[ROM] = BIT_8266 | BIT_32},
    {.name = "flash_detect_size", .call = flash_detect_size, .holds = holds_flash_size},
    {.name = "flash_read",
     .before = attach_flash,
     .call = flash_read,
     .asks = {0x0E, 0xD2},
     .holds = holds_answer,
     .lacking[ROM] = BIT_8266},
    {.name = "flash_erase",
     .before = attach_flash,
     .call = flash_erase,
     .asks = {0x02, 0xD0},
     .holds = holds_erased_part},
    {.name = "flash_erase_region",
     .before = attach_flash,
     .call = flash_erase_region,
     .asks = {0x02, 0xD1},
     .holds = holds_erased_sector},
    {.name = "flash_verify_known_md5",
     .before = attach_flash,
     .call = flash_verify_known_md5,
     .asks = {0x13, 0x13},
     .lacking[ROM] = BIT_8266},
    {.name = "mem_start", .call = mem_start, .asks = {0x05, 0x05}},
    {.name = "mem_write", .before = mem_start, .call = mem_write, .asks = {0x07, 0x07}, .holds = holds_loaded},
    {.name = "mem_finish",
     .before = mem_started_and_written,
     .call = mem_finish,
     .asks = {0x06, 0x06},
     .holds = holds_loaded},
    {.name = "read_mac", .call = read_mac, .asks = {0x0A, 0x0A}, .holds = holds_mac},
    {.name = "write_register", .call = write_register, .asks = {0x09, 0x09}, .holds = holds_word},
    {.name = "read_register",
     .before = write_register,
     .call = read_register,
     .asks = {0x0A, 0x0A},
     .holds = holds_value},
    {.name = "get_security_info",
     .call = get_security_info,
     .asks = {0x14, 0x14},
     .holds = holds_info,
     .lacking = {BIT_8266 | BIT_32, BIT_8266 | BIT_32, BIT_32}},
    {.name = "last_fault", .call = last_fault, .never_asks = asks_nothing, .is_ours = true},
    {.name = "describe_target",
     .call = describe_target,
     .holds = holds_description,
     .never_asks = asks_nothing,
     .is_ours = true},
    {.name = "reset_by_watchdog",
     .call = reset_by_watchdog,
     .acts_at_once = true,
     .holds = holds_no_loader,
     .lacking = {BIT_8266 | BIT_32 | BIT_C6 | BIT_H2, BIT_8266 | BIT_32 | BIT_C6 | BIT_H2, BIT_32 | BIT_C6},
     .is_ours = true},
    {.name = "disable_watchdogs",
     .call = disable_watchdogs,
     .asks = {0x09, 0},
     .lacking[ROM] = BIT_8266 | BIT_32 | BIT_S2 | BIT_C2,
     .is_ours = true},
    {.name = "allow_new_chips",
     .call = allow_new_chips,
     .holds = holds_chip,
     .never_asks = asks_nothing,
     .is_ours = true},
    {.name = "set_link", .call = set_link, .holds = holds_short_limit, .never_asks = asks_nothing, .is_ours = true},
    {.name = "stub_start",
     .before = init_and_connect,
     .call = stub_start,
     .holds = holds_stub,
     .is_first = true,
     .only_in[STUB] = true,
     .is_ours = true},
    {.name = "flash_start_encrypted",
     .before = attach_flash,
     .call = flash_start_encrypted,
     .asks = {0x02, 0x02},
     .holds = holds_room,
     .lacking = {BIT_8266 | BIT_32, BIT_8266 | BIT_32, BIT_32},
     .is_ours = true},
    {.name = "flash_md5",
     .before = attach_flash,
     .call = flash_md5,
     .asks = {0x13, 0x13},
     .holds = holds_digest,
     .lacking[ROM] = BIT_8266,
     .is_ours = true},
    {.name = "flash_verify_md5",
     .before = attach_flash,
     .call = flash_verify_md5,
     .asks = {0x13, 0x13},
     .lacking[ROM] = BIT_8266,
     .is_ours = true},
    {.name = "update",
     .before = attach_flash,
     .call = update,
     .asks = {0x13, 0x13},
     .holds = holds_data,
     .lacking[ROM] = BIT_8266,
     .is_ours = true},
    {.name = "apply",
     .before = attach_flash,
     .call = apply,
     .asks = {0x13, 0x13},
     .holds = holds_data,
     .lacking[ROM] = BIT_8266,
     .is_ours = true},
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

/* --- One cell --------------------------------------------------------------------------------------- */

typedef enum { SUCCESS, REFUSAL, SILENCE, PATH_COUNT } path_t;
typedef enum { ABSENT, TESTED, IMPOSSIBLE, UNSUPPORTED, MISSING } cell_t;
static const char *const cell_texts[] = {
    [ABSENT] = "", [TESTED] = "tested", [IMPOSSIBLE] = "impossible", [UNSUPPORTED] = "-", [MISSING] = "missing"};

static cell_t table[MODE_COUNT][ROW_COUNT][CHIP_COUNT][PATH_COUNT];

static bool is_in(const row_t *row, talk_t mode)
{
    const talk_t talks_to = mode == ROM ? ROM : STUB;
    return row->only_in[talks_to] || !row->only_in[talks_to == ROM ? STUB : ROM];
}

/* A call that is refused here has sent nothing, and says so. */
static bool is_not_available(esp_loader_error_t err, uint64_t sent_before, bool is_bound)
{
    if (err != ESP_LOADER_ERROR_UNSUPPORTED_FUNC) {
        return false;
    }
    assert_int_equal(sent(), sent_before);
    if (is_bound) {
        assert_int_equal(reflash_last_fault(&bench.loader).cause, REFLASH_CAUSE_ARGUMENT);
    }
    return true;
}

/* Bring the context to where the row's call is next. MISSING: this version cannot. */
static cell_t get_ready(const row_t *row, talk_t mode)
{
    const uint64_t sent_bytes = sent();
    if (!row->is_first) {
        assert_int_equal(init_link(), ESP_LOADER_SUCCESS);
        const esp_loader_error_t err = mode == ROM ? connect_rom() : connect_stub();
        if (is_not_available(err, sent_bytes, true)) {
            return MISSING;
        }
        assert_int_equal(err, ESP_LOADER_SUCCESS);
    }
    const uint64_t sent_before_bytes = sent();
    const esp_loader_error_t err = row->before != NULL ? row->before() : ESP_LOADER_SUCCESS;
    if (is_not_available(err, sent_before_bytes, true)) {
        return MISSING;
    }
    assert_int_equal(err, ESP_LOADER_SUCCESS);
    return TESTED;
}

/* A stub is asked the same over any link. */
static uint8_t asked_by(const row_t *row, talk_t mode)
{
    return row->asks[mode == ROM ? ROM : STUB];
}

static void expect_failure(const row_t *row, talk_t mode, esp_loader_error_t err, path_t path)
{
    const reflash_fault_t fault = reflash_last_fault(&bench.loader);
    assert_int_equal(err, path == REFUSAL ? ESP_LOADER_ERROR_INVALID_RESPONSE : ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(fault.code, err);
    assert_int_equal(fault.cause, path == REFUSAL ? REFLASH_CAUSE_REFUSED : REFLASH_CAUSE_SILENCE);
    assert_int_equal(fault.target_reason != 0, path == REFUSAL);
    if (asked_by(row, mode) != 0 && !(row->looks_first && path == SILENCE)) {
        assert_int_equal(fault.command, asked_by(row, mode));
    }
    /* Afterwards the target can be had again. */
    if (path == REFUSAL) {
        bench.port.refuses = false;
    } else {
        espsim_power_cycle(bench.sim);
    }
    bench.port.inner.baud = 115200;
    assert_int_equal(connect_rom(), ESP_LOADER_SUCCESS);
}

static cell_t walk(const row_t *row, target_chip_t chip, talk_t mode, path_t path)
{
    if (mode == SDIO_STUB && row->is_first && path == REFUSAL) {
        return IMPOSSIBLE; /* the ROM of a card answers nothing */
    }
    if (get_ready(row, mode) == MISSING) {
        return (row->lacking[mode] >> chip & 1) != 0 ? UNSUPPORTED : MISSING;
    }
    bench.port.refuses = path == REFUSAL;
    bench.port.refused_opcode = asked_by(row, mode);
    bench.port.spoils_questions = row->acts_at_once;
    if (path == SILENCE) {
        espsim_power_off(bench.sim);
    }
    const uint64_t sent_bytes = sent();
    const esp_loader_error_t err = row->call();
    assert_in_range(err, ESP_LOADER_SUCCESS, ESP_LOADER_ERROR_INVALID_RESPONSE);
    if (is_not_available(err, sent_bytes, !row->is_first || row->before != NULL)) {
        return (row->lacking[mode] >> chip & 1) != 0 ? UNSUPPORTED : MISSING;
    }
    if ((row->lacking[mode] >> chip & 1) != 0) {
        fail_msg("the chip cannot do it, but it was tried");
    }
    if (path != SUCCESS && err == ESP_LOADER_SUCCESS && sent() == sent_bytes) {
        return IMPOSSIBLE; /* it asked this loader nothing */
    }
    if (path == SUCCESS) {
        assert_int_equal(err, ESP_LOADER_SUCCESS);
        assert_true(row->holds == NULL || row->holds());
    } else {
        expect_failure(row, mode, err, path);
    }
    return TESTED;
}

static void every_function_works_is_refused_and_times_out_on_every_chip(void **state)
{
    (void)state;
    for (talk_t mode = ROM; mode < MODE_COUNT; mode++) {
        for (size_t row = 0; row < ROW_COUNT; row++) {
            for (target_chip_t chip = 0; (int)chip < CHIP_COUNT && is_in(&rows[row], mode); chip++) {
                for (path_t path = SUCCESS; path < PATH_COUNT && has(chip, mode); path++) {
                    cell_t *cell = &table[mode][row][chip][path];
                    *cell = IMPOSSIBLE;
                    if (path != SUCCESS && rows[row].never_asks != NULL) {
                        continue;
                    }
                    print_message("%s %s, mode %d, path %d\n", chips[chip].name, rows[row].name, (int)mode, (int)path);
                    /* A stub is uploaded by asking the ROM. */
                    bench_start(chip, rows[row].is_first ? ROM : mode, mode == SDIO_STUB,
                                rows[row].locked && (rows[row].lacking[mode] >> chip & 1) == 0);
                    *cell = walk(&rows[row], chip, mode, path);
                    bench_end();
                }
            }
        }
    }
}

/* --- The document ----------------------------------------------------------------------------------- */

static char document[1 << 16];
static size_t document_bytes;

static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int bytes = vsnprintf(document + document_bytes, sizeof(document) - document_bytes, format, args);
    va_end(args);
    assert_true(bytes >= 0 && (size_t)bytes < sizeof(document) - document_bytes);
    document_bytes += (size_t)bytes;
}

static void say_row(talk_t mode, size_t row)
{
    say("| `%s` |", rows[row].name);
    for (size_t chip = 0; chip < CHIP_COUNT; chip++) {
        const cell_t *cell = table[mode][row][chip];
        if (!has((target_chip_t)chip, mode)) {
            continue;
        }
        if (cell[SUCCESS] == TESTED && cell[REFUSAL] == TESTED && cell[SILENCE] == TESTED) {
            say(" all |");
        } else if (cell[SUCCESS] == TESTED && cell[REFUSAL] == IMPOSSIBLE && cell[SILENCE] == IMPOSSIBLE) {
            say(" works |");
        } else if (cell[SUCCESS] == TESTED && cell[REFUSAL] == IMPOSSIBLE && cell[SILENCE] == TESTED) {
            say(" unanswered |");
        } else {
            assert_true(cell[SUCCESS] == cell[REFUSAL] || cell[REFUSAL] == IMPOSSIBLE);
            assert_true(cell[REFUSAL] == cell[SILENCE]);
            say(" %s |", cell_texts[cell[SUCCESS]]);
        }
    }
    say("\n");
}

static bool is_missing_everywhere(talk_t mode)
{
    for (size_t row = 0; row < ROW_COUNT; row++) {
        for (size_t chip = 0; chip < CHIP_COUNT && is_in(&rows[row], mode); chip++) {
            if (table[mode][row][chip][SUCCESS] == TESTED) {
                return false;
            }
        }
    }
    return true;
}

static void say_table(talk_t mode, const char *prefix, bool is_ours)
{
    say("| `%s` |", prefix);
    for (size_t chip = 0; chip < CHIP_COUNT; chip++) {
        if (has((target_chip_t)chip, mode)) {
            say(" %s |", chips[chip].title);
        }
    }
    say("\n| --- |");
    for (size_t chip = 0; chip < CHIP_COUNT; chip++) {
        if (has((target_chip_t)chip, mode)) {
            say(" --- |");
        }
    }
    say("\n");
    for (size_t row = 0; row < ROW_COUNT; row++) {
        if (rows[row].is_ours == is_ours && is_in(&rows[row], mode)) {
            say_row(mode, row);
        }
    }
}

static void say_all(void)
{
    say("# What is tested of the API\n\n"
        "Generated by `make api-table` from tests/matrix/test_api_table.c, which fails where this differs.\n\n"
        "| cell | meaning |\n| --- | --- |\n"
        "| all | tested on a virtual chip: it works, the target refuses, the target is silent |\n"
        "| works | tested that it works; a refusal or silence is impossible, because it asks the target nothing |\n"
        "| unanswered | tested that it works, and that the target is silent; a card's mask ROM answers nothing, so it "
        "cannot "
        "refuse |\n"
        "| - | the chip's loader, or its link, cannot do it: UNSUPPORTED_FUNC, tested that nothing is sent |\n"
        "| missing | this version cannot do it: UNSUPPORTED_FUNC, tested that nothing is sent |\n");
    for (talk_t mode = ROM; mode < MODE_COUNT; mode++) {
        say("\n## %s\n\n", mode_titles[mode]);
        if (is_missing_everywhere(mode)) {
            say("All of it is missing.\n");
            continue;
        }
        say_table(mode, "esp_loader_", false);
        say("\n");
        say_table(mode, "reflash_", true);
    }
}

static void the_committed_table_is_the_generated_one(void **state)
{
    (void)state;
    static char committed[sizeof(document)];
    say_all();
    FILE *file = fopen(API_TABLE, "rb");
    assert_non_null(file);
    const size_t bytes = fread(committed, 1, sizeof(committed) - 1, file);
    assert_int_equal(fclose(file), 0);
    committed[bytes] = '\0';
    if (strcmp(committed, document) != 0) {
        fail_msg("%s is not what the tests found; `make api-table` writes it anew:\n%s", API_TABLE, document);
    }
}

static void write_the_table(void **state)
{
    (void)state;
    say_all();
    FILE *file = fopen(API_TABLE, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(document, 1, document_bytes, file), document_bytes);
    assert_int_equal(fclose(file), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_works_is_refused_and_times_out_on_every_chip),
        cmocka_unit_test(the_committed_table_is_the_generated_one),
    };
    const struct CMUnitTest writing[] = {
        cmocka_unit_test(every_function_works_is_refused_and_times_out_on_every_chip),
        cmocka_unit_test(write_the_table),
    };
    if (argc == 2 && strcmp(argv[1], "write") == 0) {
        return cmocka_run_group_tests(writing, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
