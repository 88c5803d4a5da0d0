/* SPDX-License-Identifier: Apache-2.0 */
/* What a target prints instead of answering, understood: literal texts of boards, every virtual chip, and noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"
#include "reflash.h"
#include "wire/boot_text.h"

static reflash_boot_text_t heard(const char *said)
{
    reflash_boot_text_t text = {0};
    for (size_t at = 0; said[at] != '\0'; at++) {
        reflash_boot_text_push(&text, (uint8_t)said[at]);
    }
    return text;
}

static reflash_boot_t finding_of(const char *said)
{
    const reflash_boot_text_t text = heard(said);
    return reflash_boot_text_finding(&text);
}

/* --- Texts of boards ------------------------------------------------------------------------------------- */

static const struct {
    const char *said;
    reflash_boot_t finding;
    uint32_t strapping;
    const char *chip;
} logs[] = {
    {"", REFLASH_BOOT_SILENT, 0, ""},
    {"ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nconfigsip: 0, "
     "SPIWP:0xee\r\n",
     REFLASH_BOOT_FROM_FLASH, 0x13, ""},
    {"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n"
     "waiting for download\r\n",
     REFLASH_BOOT_DEAF, 0x3, ""},
    {"ESP-ROM:esp32c6-20220919\r\nBuild:Sep 19 2022\r\nrst:0x1 (POWERON),boot:0x4 "
     "(DOWNLOAD(USB/UART0/SDIO_FEI_FEO))\r\n"
     "waiting for download\r\n",
     REFLASH_BOOT_DEAF, 0x4, "c6"},
    {"ESP-ROM:esp32s2-rc4-20191025\r\nBuild:Oct 25 2019\r\nrst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n",
     REFLASH_BOOT_FROM_FLASH, 0x8, "s2"},
    {"ESP-ROM:esp32c61-20231113\r\nrst:0x1 (POWERON),boot:0xC (SPI_FAST_FLASH_BOOT)\r\n", REFLASH_BOOT_FROM_FLASH, 0xC,
     "c61"},
    {"ESP-ROM:esp32p4-eco1-20240205\r\nBuild:Feb  5 2024\r\nrst:0x1 (POWERON),boot:0x30f (SPI_FAST_FLASH_BOOT)\r\n",
     REFLASH_BOOT_FROM_FLASH, 0x30F, "p4"},
    {"ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\nrst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n"
     "invalid header: 0xffffffff\r\ninvalid header: 0xffffffff\r\n",
     REFLASH_BOOT_NO_PROGRAM, 0x8, "c3"},
    {"rst:0x10 (RTCWDT_RTC_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nflash read err, 1000\r\nets_main.c 371 \r\n",
     REFLASH_BOOT_NO_PROGRAM, 0x13, ""},
    {"ets Jun  8 2016 00:22:57\r\n\r\nrst:0x10 (RTCWDT_RTC_RESET),boot:0x33 (SPI_FAST_FLASH_BOOT)\r\n"
     "flash read err, 1000\r\nets_main.c 371 \r\nets Jun  8 2016 00:22:57\r\n\r\n"
     "rst:0x10 (RTCWDT_RTC_RESET),boot:0x33 (SPI_FAST_FLASH_BOOT)\r\n",
     REFLASH_BOOT_LOOP, 0x33, ""},
    {"rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nBrownout detector was triggered\r\n",
     REFLASH_BOOT_BROWN_OUT, 0x13, ""},
    {"ESP-ROM:esp32s3-20210327\r\nrst:0xf (BROWNOUT_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n", REFLASH_BOOT_BROWN_OUT,
     0x8, "s3"},
    {"rst:0xf (RTCWDT_BROWN_OUT_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n", REFLASH_BOOT_BROWN_OUT, 0x13, ""},
    {"ESP-ROM:esp32c3-api1-20210207\r\nrst:0x1 (POWERON),boot:0x5 (DOWNLOAD(USB/UART0/1))\r\nDownload boot modes "
     "disabled\r\n",
     REFLASH_BOOT_DISABLED, 0x5, "c3"},
    {"rst:0x1 (POWERON),boot:0x5 (DOWNLOAD(USB/UART0/1))\r\nwait uart download(secure mode)\r\n", REFLASH_BOOT_DEAF,
     0x5, ""},
    {"rst:0x1 (POWERON_RESET),boot:0x16 (UART_BOOT(UART0))\r\n", REFLASH_BOOT_OTHER_MODE, 0x16, ""},
    {"\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\n", REFLASH_BOOT_FROM_FLASH, 0, ""},
    {"\r\n ets Jan  8 2013,rst cause:2, boot mode:(1,7)\r\n\r\n", REFLASH_BOOT_DEAF, 0, ""},
    {"\r\n ets Jan  8 2013,rst cause:2, boot mode:(7,7)\r\n\r\nwaiting for host\r\n", REFLASH_BOOT_OTHER_MODE, 0, ""},
    {"I (2031) wifi: connected\r\nHello world!\r\n", REFLASH_BOOT_NO_BANNER, 0, ""},
    {"\x80\xFE\x1Fl\x8E\xE4\xFE\xFE", REFLASH_BOOT_UNREADABLE, 0, ""},
};
enum { LOG_COUNT = sizeof(logs) / sizeof(logs[0]) };

static uint32_t letters(const char *text)
{
    uint32_t number = 0;
    while (*text != '\0') {
        number = number << 8 | (uint8_t)*text++;
    }
    return number;
}

static void texts_of_boards_are_understood(void **state)
{
    (void)state;
    for (size_t row = 0; row < LOG_COUNT; row++) {
        const reflash_boot_text_t text = heard(logs[row].said);
        assert_int_equal(reflash_boot_text_finding(&text), logs[row].finding);
        assert_int_equal(text.strapping, logs[row].strapping);
        assert_int_equal(text.chip, letters(logs[row].chip));
    }
}

static void a_text_that_begins_in_the_middle_of_another_is_understood(void **state)
{
    (void)state;
    for (size_t row = 0; row < LOG_COUNT; row++) {
        for (size_t cut = 0; cut < strlen(logs[row].said) && logs[row].finding > REFLASH_BOOT_NO_BANNER; cut++) {
            reflash_boot_text_t text = {0};
            for (size_t at = 0; at < cut; at++) { /* an end that never came: bytes were lost */
                if (logs[row].said[at] != ':' && logs[row].said[at] != ' ') {
                    reflash_boot_text_push(&text, (uint8_t)(logs[row].said[at] & 0x5F));
                }
            }
            const reflash_boot_t before = reflash_boot_text_finding(&text);
            for (size_t at = 0; logs[row].said[at] != '\0'; at++) {
                reflash_boot_text_push(&text, (uint8_t)logs[row].said[at]);
            }
            assert_true(reflash_boot_text_finding(&text) >= (before > logs[row].finding ? before : logs[row].finding));
        }
    }
}

static void a_doubled_first_letter_hides_nothing(void **state)
{
    (void)state;
    assert_int_equal(finding_of("rrst:0x1 bboot:0x13 (FFLASH_BOOT)"), REFLASH_BOOT_FROM_FLASH);
    assert_int_equal(finding_of("rrst:0x1 DDOWNLOAD"), REFLASH_BOOT_DEAF);
    assert_int_equal(finding_of("invinvalid header"), REFLASH_BOOT_NO_PROGRAM);
}

static void counters_do_not_wrap(void **state)
{
    (void)state;
    reflash_boot_text_t text = {0};
    for (unsigned banner = 0; banner < 300; banner++) {
        for (const char *at = "rst:0x1 "; *at != '\0'; at++) {
            reflash_boot_text_push(&text, (uint8_t)*at);
        }
    }
    assert_int_equal(reflash_boot_text_finding(&text), REFLASH_BOOT_LOOP);
    for (unsigned byte = 0; byte < 70000; byte++) {
        reflash_boot_text_push(&text, 0xFF);
    }
    assert_int_equal(text.heard, 300 * 8 + 70000);
    assert_int_equal(text.unreadable, 70000);
}

static void no_bytes_are_too_odd(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (unsigned run = 0; run < 2000; run++) {
        reflash_boot_text_t text = {0};
        for (unsigned byte = 0; byte < 300; byte++) {
            seed = seed * 1664525 + 1013904223;
            /* mostly pieces of the texts above, so that patterns and names are met and broken off */
            const char *said = logs[seed >> 8 & 0xF].said;
            const size_t length = strlen(said);
            reflash_boot_text_push(&text, (seed >> 30) == 0 || length == 0 ? (uint8_t)(seed >> 16)
                                                                           : (uint8_t)said[(seed >> 12) % length]);
        }
        assert_in_range(reflash_boot_text_finding(&text), REFLASH_BOOT_SILENT, REFLASH_BOOT_BROWN_OUT);
    }
}

static void a_long_name_is_nobody_s(void **state)
{
    (void)state;
    const reflash_boot_text_t text = heard("ESP-ROM:esp32abcdefghijklmnop-");
    assert_null(reflash_chip_by_suffix(text.chip));
    const reflash_boot_text_t ends_as_a_chip_s = heard("ESP-ROM:esp32abcdefghijklmnopc3-");
    assert_null(reflash_chip_by_suffix(ends_as_a_chip_s.chip));
}

/* --- Virtual chips ----------------------------------------------------------------------------------------- */

/* A port whose line to the target may be cut, and which may have no line to its boot pin. */
typedef struct {
    esp_loader_port_ops_t ops;
    espsim_port_t inner;
} bent_port_t;

static esp_loader_error_t say_nothing(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)port;
    (void)data;
    (void)size;
    (void)timeout;
    return ESP_LOADER_SUCCESS;
}

typedef struct {
    const reflash_rom_t *rom;
    uint32_t baud;
    uint16_t strapping; /* 0: by the boot pin */
    bool deaf, program;
} set_up_t;

static reflash_fault_t fail_to_connect(const set_up_t *set_up)
{
    enum { FLASH_BYTES = 1 << 20 };
    uint8_t *flash = malloc(FLASH_BYTES);
    assert_non_null(flash);
    memset(flash, 0xFF, FLASH_BYTES);
    if (set_up->program) { /* no segments; the checksum of nothing */
        const uint8_t image[32] = {
            0xE9, 0, 2, 0x20, [8] = 0, [15] = set_up->rom->image_header_bytes == 8 ? 0xEF : 0, [31] = 0xEF};
        memcpy(flash + set_up->rom->chip->boot_addr, image, sizeof(image));
    }
    espsim_t *sim = espsim_create(&(espsim_config_t){.rom = set_up->rom,
                                                     .flash = flash,
                                                     .flash_bytes = FLASH_BYTES,
                                                     .strapping = set_up->strapping,
                                                     .timing = espsim_timing_typical()});
    assert_non_null(sim);
    bent_port_t port = {.ops = espsim_port_ops, .inner = {.sim = sim, .baud = set_up->baud}};
    port.ops.write = set_up->deaf ? say_nothing : port.ops.write;
    port.inner.port.ops = &port.ops;
    esp_loader_t loader;
    esp_loader_connect_args_t args = {.sync_timeout = 100, .trials = 2};
    assert_int_equal(esp_loader_init_serial(&loader, &port.inner.port), ESP_LOADER_SUCCESS);
    assert_int_not_equal(esp_loader_connect(&loader, &args), ESP_LOADER_SUCCESS);
    const reflash_fault_t fault = reflash_last_fault(&loader);
    espsim_destroy(sim);
    free(flash);
    return fault;
}

/* The strapping pins of the collected facts. */
static const struct {
    const reflash_rom_t *rom;
    uint8_t boot_pin;
} chips[] = {
    {&reflash_rom_esp8266, 0},  {&reflash_rom_esp32, 0},   {&reflash_rom_esp32s2, 0},  {&reflash_rom_esp32s3, 0},
    {&reflash_rom_esp32c2, 9},  {&reflash_rom_esp32c3, 9}, {&reflash_rom_esp32c5, 28}, {&reflash_rom_esp32c6, 9},
    {&reflash_rom_esp32c61, 9}, {&reflash_rom_esp32h2, 9}, {&reflash_rom_esp32p4, 35},
};
enum { CHIP_COUNT = sizeof(chips) / sizeof(chips[0]) };
_Static_assert(CHIP_COUNT == (int)ESP_MAX_CHIP, "a chip is missing");

static void a_chip_that_boots_its_flash_is_found_out_and_its_pin_is_named(void **state)
{
    (void)state;
    for (size_t row = 0; row < CHIP_COUNT; row++) {
        const reflash_rom_t *rom = chips[row].rom;
        const set_up_t set_up = {
            .rom = rom, .baud = rom->boot_baud, .strapping = rom->strapping_normal, .program = true};
        const reflash_fault_t fault = fail_to_connect(&set_up);
        assert_int_equal(fault.boot, REFLASH_BOOT_FROM_FLASH);
        assert_int_equal(fault.boot_pin, chips[row].boot_pin);
        assert_int_equal(fault.strapping, rom == &reflash_rom_esp8266 ? 0 : rom->strapping_normal);
    }
}

static void a_blank_flash_is_told_from_one_with_a_program(void **state)
{
    (void)state;
    for (size_t row = 0; row < CHIP_COUNT; row++) {
        const reflash_rom_t *rom = chips[row].rom;
        const set_up_t set_up = {.rom = rom, .baud = rom->boot_baud, .strapping = rom->strapping_normal};
        const reflash_fault_t fault = fail_to_connect(&set_up);
        assert_int_equal(fault.boot, REFLASH_BOOT_NO_PROGRAM);
        assert_int_equal(fault.boot_pin, chips[row].boot_pin);
    }
}

static void a_loader_that_does_not_hear_the_host_is_told_from_silence(void **state)
{
    (void)state;
    for (size_t row = 0; row < CHIP_COUNT; row++) {
        const set_up_t set_up = {.rom = chips[row].rom, .baud = chips[row].rom->boot_baud, .deaf = true};
        assert_int_equal(fail_to_connect(&set_up).boot, REFLASH_BOOT_DEAF);
    }
}

/* --- Another rate ------------------------------------------------------------------------------------------- */

/* The level of a line on which `said` is sent without pauses, `bit` bits after the first start bit began. */
static bool line_level(const char *said, size_t chars, uint64_t bit)
{
    enum { BITS = 10 };
    const uint64_t at = bit / BITS;
    const unsigned place = (unsigned)(bit % BITS);
    if (at >= chars || place == BITS - 1) {
        return true; /* idle, stop bit */
    }
    return place != 0 && ((uint8_t)said[at] >> (place - 1) & 1) != 0;
}

/* What a receiver of `host_baud` makes of it: it waits for a falling edge and samples in the middle of its bits. */
static reflash_boot_text_t heard_at(const char *said, uint64_t chip_baud, uint64_t host_baud)
{
    enum { STEPS = 16 };
    reflash_boot_text_t text = {0};
    const size_t chars = strlen(said);
    const uint64_t end = 10 * chars * host_baud * STEPS / chip_baud; /* in steps of 1/16 host bit */
#define LEVEL(step) line_level(said, chars, (step)*chip_baud / (host_baud * STEPS))
    for (uint64_t step = 1; step < end; step++) {
        if (!LEVEL(step - 1) || LEVEL(step)) {
            continue;
        }
        uint8_t byte = 0;
        for (unsigned bit = 0; bit < 8; bit++) {
            byte |= (uint8_t)(LEVEL(step + STEPS * (bit + 1) + STEPS / 2) ? 1u << bit : 0);
        }
        reflash_boot_text_push(&text, byte);
        step += 9 * STEPS + STEPS / 2;
    }
#undef LEVEL
    return text;
}

static void another_rate_is_found_out(void **state)
{
    (void)state;
    static const uint32_t rates[] = {9600, 57600, 74880, 115200, 230400, 460800, 921600};
    enum { RATE_COUNT = sizeof(rates) / sizeof(rates[0]) };
    const char *said =
        "\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\nload 0x4010f000, len 3584, room 16 \r\n"
        "tail 0\r\nchksum 0xb4\r\ncsum 0xb4\r\nv3969889e\r\n~ld\r\n";
    for (unsigned chip = 0; chip < RATE_COUNT; chip++) {
        for (unsigned host = 0; host < RATE_COUNT; host++) {
            const reflash_boot_text_t text = heard_at(said, rates[chip], rates[host]);
            assert_int_equal(reflash_boot_text_finding(&text),
                             chip == host ? REFLASH_BOOT_FROM_FLASH : REFLASH_BOOT_UNREADABLE);
        }
    }
}

/* As it is with every ESP8266: its host opens the port at 115200 baud, and its ROM prints at 74880. */
static void a_virtual_chip_that_prints_at_another_rate_is_unreadable_too(void **state)
{
    (void)state;
    const reflash_rom_t *rom = &reflash_rom_esp8266;
    const set_up_t set_up = {.rom = rom, .baud = 115200, .strapping = rom->strapping_normal, .program = true};
    assert_int_equal(fail_to_connect(&set_up).boot, REFLASH_BOOT_UNREADABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_boards_are_understood),
        cmocka_unit_test(a_text_that_begins_in_the_middle_of_another_is_understood),
        cmocka_unit_test(a_doubled_first_letter_hides_nothing),
        cmocka_unit_test(counters_do_not_wrap),
        cmocka_unit_test(no_bytes_are_too_odd),
        cmocka_unit_test(a_long_name_is_nobody_s),
        cmocka_unit_test(a_chip_that_boots_its_flash_is_found_out_and_its_pin_is_named),
        cmocka_unit_test(a_blank_flash_is_told_from_one_with_a_program),
        cmocka_unit_test(a_loader_that_does_not_hear_the_host_is_told_from_silence),
        cmocka_unit_test(another_rate_is_found_out),
        cmocka_unit_test(a_virtual_chip_that_prints_at_another_rate_is_unreadable_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
