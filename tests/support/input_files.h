/* SPDX-License-Identifier: Apache-2.0 */
/** A folder with the files that a command line may name, and what inputs_load() makes of them. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "inputs.h"

#define CHIP_ESP32 0
#define CHIP_ESP32C3 5
#define MIB (1024u * 1024)

/** As builds of ESP-IDF 5 leave it; the parts that tests replace are parameters. */
#define FILES "\"0x0\" : \"boot.bin\", \"0x10000\" : \"app.bin\", \"0x8000\" : \"table.bin\", \"0xd000\" : \"ota.bin\""
#define BOOTLOADER "\"bootloader\" : { \"offset\" : \"0x0\", \"file\" : \"boot.bin\", \"encrypted\" : \"false\" }"
#define APP "\"app\" : { \"offset\" : \"0x10000\", \"file\" : \"app.bin\", \"encrypted\" : \"false\" }"
#define TABLE "\"partition-table\" : { \"offset\" : \"0x8000\", \"file\" : \"table.bin\", \"encrypted\" : \"false\" }"
#define OTADATA "\"otadata\" : { \"offset\" : \"0xd000\", \"file\" : \"ota.bin\", \"encrypted\" : \"false\" }"
#define EXTRA "\"extra_esptool_args\" : { \"after\" : \"hard_reset\", \"stub\" : true, \"chip\" : \"esp32c3\" }"
#define WITH_FILES(files) "{ \"flash_files\" : { " files " } }"
#define WITH(more) "{ \"flash_files\" : { " FILES " }, " more " }"
#define COMPLETE                                                                                                       \
    WITH("\"write_flash_args\" : [ \"--flash_mode\", \"dio\" ], \"flash_settings\" : { \"flash_mode\" : \"dio\" "      \
         "}, " BOOTLOADER ", " APP ", " TABLE ", " OTADATA ", " EXTRA)

typedef struct {
    char folder[32];
    inputs_options_t options;
    inputs_t in;
    char message[600];
} fixture_t;

/** For each test an empty folder of its own as current folder, and a zeroed fixture_t as `*state`;
 *  then the end of both. */
int inputs_set_up(void **state);
int inputs_tear_down(void **state);
#define INPUT_TEST(name) cmocka_unit_test_setup_teardown(name, inputs_set_up, inputs_tear_down)

/** Files, anew if they were there. */
void put_file(const char *path, const void *data, size_t bytes);
void put_text(const char *path, const char *text);
/** A sound program for the chip. */
void put_program(const char *path, uint8_t chip_id);
void put_zeros(const char *path, off_t bytes);
/** A file for each line of FILES, for an ESP32-C3. */
void put_build_files(void);

/** Load these words, separated by spaces; what was loaded before is given back. */
inputs_result_t load(fixture_t *f, const char *words);
/** The same, and fail the test unless it succeeds with `count` images. */
void expect_loaded(fixture_t *f, const char *words, uint32_t count);
/** Or unless it is refused with `result`, no image, and `part` in its message. */
void expect_refused(fixture_t *f, const char *words, inputs_result_t result, const char *part);
/** Fail the test unless `part` is in `text`. */
void expect_text(const char *text, const char *part);
/** Fail the test unless this is image `i`. */
void expect_image(const fixture_t *f, uint32_t i, const char *name, const char *title, const char *path,
                  reflash_kind_t kind, uint32_t flash_addr);
