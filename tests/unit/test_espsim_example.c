/* SPDX-License-Identifier: Apache-2.0 */
/* The example of docs/espsim.md: it compiles, it works, and the document shows exactly this. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* example begins */
#include "espsim.h"

/* Send `request` to the chip at 115200 baud and store what it answers. Returns how many bytes that were. */
static size_t ask(espsim_t *sim, const uint8_t *request, size_t request_bytes, uint8_t *answer, size_t capacity)
{
    for (size_t at = 0; at < request_bytes; at++) {
        espsim_advance(sim, espsim_now(sim) + 86806); /* ns: ten bits */
        espsim_receive(sim, request[at], 115200);
    }
    size_t count = 0;
    for (uint64_t next_ns; (next_ns = espsim_next_event(sim)) != UINT64_MAX;) { /* until it has no more to do */
        espsim_advance(sim, next_ns);
        while (count < capacity && espsim_transmit(sim, &answer[count], 115200)) {
            count++;
        }
    }
    return count;
}

/* A new chip, waiting in its loader. `flash` has to stay until espsim_destroy(). */
static espsim_t *chip_in_loader(uint8_t *flash, uint32_t flash_bytes)
{
    espsim_t *sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name("esp32"),
                                                     .flash = flash,
                                                     .flash_bytes = flash_bytes,
                                                     .trained = true, /* answers the first SYNC; see "Getting in" */
                                                     .timing = espsim_timing_typical()});
    if (sim != NULL) {
        espsim_set_lines(sim, false, true); /* it was created in reset; let go while the boot pin is low */
    }
    return sim;
}
/* example ends */

static void the_example_gets_a_banner_and_an_answer(void **state)
{
    (void)state;
    enum { FLASH_BYTES = 1 << 18, SYNC_BYTES = 46, SYNC_ANSWER_BYTES = 8 * 14 };
    uint8_t *flash = malloc(FLASH_BYTES);
    uint8_t heard[1024] = {0};
    assert_non_null(flash);
    memset(flash, 0xFF, FLASH_BYTES);
    espsim_t *sim = chip_in_loader(flash, FLASH_BYTES);
    assert_non_null(sim);
    assert_true(ask(sim, NULL, 0, heard, sizeof(heard)) > 0);
    assert_non_null(strstr((const char *)heard, "waiting for download\r\n"));

    uint8_t sync[SYNC_BYTES] = {0xC0, 0x00, 0x08, 0x24, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x07, 0x12, 0x20};
    memset(sync + 13, 0x55, 32);
    sync[SYNC_BYTES - 1] = 0xC0;
    const uint8_t answer[] = {0xC0, 0x01, 0x08, 0x04, 0x00, 0x07, 0x07, 0x12, 0x20, 0x00, 0x00, 0x00, 0x00, 0xC0};
    assert_int_equal(ask(sim, sync, sizeof(sync), heard, sizeof(heard)), SYNC_ANSWER_BYTES);
    assert_memory_equal(heard, answer, sizeof(answer));
    espsim_destroy(sim);
    free(flash);
}

static char *text_of(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s cannot be read", path);
    }
    char *text = calloc(1, 1 << 17);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 17) - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void the_document_shows_exactly_this_example(void **state)
{
    (void)state;
    static const char begin[] = "/* example begins */\n";
    char path[1024];
    char *code = text_of(__FILE__);
    (void)snprintf(path, sizeof(path), "%.*s../../docs/espsim.md", (int)(strrchr(__FILE__, '/') + 1 - __FILE__),
                   __FILE__);
    char *document = text_of(path);
    char *example = strstr(code, begin);
    assert_non_null(example);
    example += strlen(begin);
    char *end = strstr(example, "/* example ends */");
    assert_non_null(end);
    *end = '\0';
    const char *shown = strstr(document, example);
    if (shown == NULL || shown - document < 5 || strncmp(shown - 5, "```c\n", 5) != 0 ||
        strncmp(shown + strlen(example), "```\n", 4) != 0) {
        fail_msg("%s does not show, as a block of its own:\n%s", path, example);
    }
    free(code);
    free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_gets_a_banner_and_an_answer),
        cmocka_unit_test(the_document_shows_exactly_this_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
