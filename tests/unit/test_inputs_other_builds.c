/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, folders and files of builds other than ESP-IDF's, what is taken out of them, and the flash settings that go
 * into bootloaders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "golden_images.h"
#include "image_check.h"
#include "input_files.h"

static void flash_args_list_options_and_files(void **state)
{
    static const char text[] = "--flash_mode dio --flash-freq 80m -fs 4MB\r\n0x0 boot.bin\n\n"
                               "  0x10000   my sketch.bin  \n0x20000 \"a b\"\n--encrypt-files 0x30000 key.bin\n";
    fixture_t *f = *state;
    inputs_listing_t listing;
    assert_int_equal(inputs_parse_flash_args(text, strlen(text), "list", &listing, f->message, sizeof(f->message)),
                     INPUTS_OK);
    assert_int_equal(listing.count, 4);
    assert_string_equal(listing.flash_mode, "dio");
    assert_string_equal(listing.flash_freq, "80m");
    assert_string_equal(listing.flash_size, "4MB");
    assert_string_equal(listing.entries[0].path, "boot.bin");
    assert_string_equal(listing.entries[1].path, "my sketch.bin");
    assert_string_equal(listing.entries[2].path, "a b");
    assert_int_equal(listing.entries[3].flash_addr, 0x30000);
    assert_false(listing.entries[2].encrypted);
    assert_true(listing.entries[3].encrypted);
    inputs_listing_free(&listing);
}

static void flash_args_that_make_no_sense_are_told_with_their_line(void **state)
{
    static const char *const bad[][2] = {
        {"\n", "list: names no file"},
        {"--flash_mode dio\n", "list: names no file"},
        {"0x0 a.bin\n--magic 0x0 a.bin", "list:2: \"--magic\" is an option that is not known here"},
        {"--flash_size", "list:1: \"--flash_size\" has no value behind it"},
        {"0x1000\n", "list:1: \"0x1000\" has no file behind it"},
        {"0x1000 \"\"\n", "list:1: \"0x1000\" has no file behind it"},
        {"a.bin 0x1000", "list:1: \"a.bin\" is no number"},
    };
    fixture_t *f = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        inputs_listing_t listing;
        assert_int_equal(
            inputs_parse_flash_args(bad[i][0], strlen(bad[i][0]), "list", &listing, f->message, sizeof(f->message)),
            INPUTS_CONTENT);
        expect_text(f->message, bad[i][1]);
        assert_int_equal(listing.count, 0);
    }
}

static void idedata_that_makes_no_sense_is_refused(void **state)
{
    static const char *const bad[][2] = {
        {"{", "data:1:1:"},
        {"{\"extra\":{\"flash_images\":[{\"path\":\"a\"}]}}",
         "the \"offset\" of image 1 in \"flash_images\" is missing"},
        {"{\"extra\":{\"flash_images\":[{\"offset\":\"x\",\"path\":\"a\"}]}}",
         "the \"offset\" of image 1 in \"flash_images\" is no number"},
        {"{\"extra\":{\"flash_images\":[{\"offset\":\"0x0\"}]}}",
         "the \"path\" of image 1 in \"flash_images\" is missing"},
        {"{\"extra\":{\"application_offset\":\"-1\"}}", "\"application_offset\", \"-1\", is negative"},
    };
    fixture_t *f = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        inputs_listing_t listing;
        uint32_t app_addr = 0;
        assert_int_equal(inputs_parse_idedata(bad[i][0], strlen(bad[i][0]), "data", &listing, &app_addr, f->message,
                                              sizeof(f->message)),
                         INPUTS_CONTENT);
        expect_text(f->message, bad[i][1]);
    }
}

static void a_folder_of_the_esp8266_has_one_image(void **state)
{
    fixture_t *f = *state;
    put_file("firmware.bin", golden_esp8266, GOLDEN_ESP8266_BYTES);
    expect_loaded(f, ".", 1);
    assert_int_equal(f->in.images[0].flash_addr, 0);
    assert_int_equal(remove("firmware.bin"), 0);
    put_file("blink.ino.bin", golden_esp8266, GOLDEN_ESP8266_BYTES);
    expect_loaded(f, ".", 1);
    assert_int_equal(f->in.images[0].flash_addr, 0);
}

static void a_sketch_goes_where_its_table_says(void **state)
{
    fixture_t *f = *state;
    put_program("a.ino.bin", CHIP_ESP32C3);
    put_program("a.ino.bootloader.bin", CHIP_ESP32C3);
    put_file("a.ino.partitions.bin", golden_table, GOLDEN_TABLE_BYTES);
    expect_loaded(f, ".", 3);
    expect_image(f, 0, "bootloader", "Bootloader", "./a.ino.bootloader.bin", REFLASH_KIND_BOOTLOADER, 0x0);
    expect_image(f, 1, "partition-table", "Partition table", "./a.ino.partitions.bin", REFLASH_KIND_PARTITION_TABLE,
                 0x8000);
    expect_image(f, 2, "app", "Application", "./a.ino.bin", REFLASH_KIND_APPLICATION, 0x10000);
    put_file("a.ino.partitions.bin", golden_table, 32); /* nvs alone, without an end */
    expect_refused(f, ".", INPUTS_CONTENT, "./a.ino.partitions.bin: no row of FF and no MD5 row ends the table");
    put_program("a.ino.bootloader.bin", 99);
    expect_refused(f, ".", INPUTS_CONTENT, "./a.ino.bootloader.bin: is for an unknown chip, whose bootloader has no");
}

/* A merged image for an ESP32-C3: bootloader at 0, table at 0x8000, application at 0x10000, blank between. */
static void put_merged(const char *path, uint32_t from, uint32_t to)
{
    static uint8_t merged[0x11000];
    memset(merged, 0xFF, sizeof(merged));
    golden_program_for(merged, CHIP_ESP32C3);
    memcpy(merged + 0x8000, golden_table, GOLDEN_TABLE_BYTES);
    golden_program_for(merged + 0x10000, CHIP_ESP32C3);
    put_file(path, merged + from, to - from);
}

static void a_merged_image_is_taken_apart(void **state)
{
    fixture_t *f = *state;
    put_merged("merged.bin", 0, 0x10060);
    expect_loaded(f, "merged.bin", 4);
    expect_image(f, 0, "bootloader", "Bootloader", "merged.bin", REFLASH_KIND_BOOTLOADER, 0x0);
    expect_image(f, 1, "partition-table", "Partition table", "merged.bin", REFLASH_KIND_PARTITION_TABLE, 0x8000);
    expect_image(f, 2, "nvs", "nvs", "merged.bin", REFLASH_KIND_APPLICATION, 0x9000);
    expect_image(f, 3, "app", "Application", "merged.bin", REFLASH_KIND_APPLICATION, 0x10000);
    assert_int_equal(f->in.images[2].bytes, 0x6000);
    assert_int_equal(f->in.images[3].bytes, GOLDEN_PROGRAM_BYTES);
    expect_loaded(f, "0x0 merged.bin", 4);
    expect_loaded(f, "0x100000 merged.bin", 1); /* not where it would start from: somebody's data */
}

static void a_bootloader_without_a_table_is_no_merged_image(void **state)
{
    fixture_t *f = *state;
    put_merged("merged.bin", 0, 0x8000);
    expect_refused(f, "merged.bin", INPUTS_USAGE, "merged.bin: is a bootloader, which does not tell where it goes");
    put_merged("table.bin", 0x8000, 0x8100);
    expect_refused(f, "table.bin", INPUTS_USAGE,
                   "table.bin: is a partition table, which does not tell where it goes. To flash it, put its address "
                   "before it; the usual one is 0x8000.");
}

static void otadata_is_known_by_its_place(void **state)
{
    uint8_t table[GOLDEN_TABLE_BYTES];
    fixture_t *f = *state;
    memset(table, 0xFF, sizeof(table));
    memcpy(table, golden_table, 64);
    table[3] = 0; /* nvs becomes ota */
    put_file("table.bin", table, sizeof(table));
    put_zeros("boot_app0.bin", 0x2000);
    expect_loaded(f, "0x8000 table.bin 0x9000 boot_app0.bin", 2);
    expect_image(f, 1, "otadata", "OTA data", "boot_app0.bin", REFLASH_KIND_OTADATA, 0x9000);
}

static void what_does_not_fit_its_partition_is_refused_unless_forced(void **state)
{
    fixture_t *f = *state;
    put_file("table.bin", golden_table, GOLDEN_TABLE_BYTES);
    put_zeros("data.bin", 0x6001);
    expect_refused(f, "0x8000 table.bin 0x9000 data.bin", INPUTS_CONTENT,
                   "data.bin (data.bin): has 0x6001 bytes (25 KiB), but the partition \"nvs\" at 0x9000 has 0x6000 (24 "
                   "KiB). Make the image smaller or the partition larger, or use --force.");
    put_zeros("tail.bin", 0x1000);
    expect_loaded(f, "0x8000 table.bin 0xe000 tail.bin", 2); /* its last sector */
    put_zeros("tail.bin", 0x1001);
    expect_refused(f, "0x8000 table.bin 0xe000 tail.bin", INPUTS_CONTENT, "but the partition \"nvs\"");
    f->options.force = true;
    expect_loaded(f, "0x8000 table.bin 0x9000 data.bin", 2);
}

static void intel_hex_brings_its_addresses_along(void **state)
{
    fixture_t *f = *state;
    put_text("a.hex", ":0200000400FFFB\n:01E00000AA75\n:00000001FF\n");
    expect_loaded(f, "a.hex", 1);
    assert_int_equal(f->in.images[0].flash_addr, 0xFFE000);
    expect_loaded(f, "0xffe000 a.hex", 1);
    expect_refused(f, "0x1000 a.hex", INPUTS_USAGE,
                   "a.hex: is Intel HEX, whose bytes begin at 0xffe000, not at 0x1000");
    put_text("a.hex", ":0200000400FFFB\n:01E00100AA74\n:00000001FF\n");
    expect_refused(f, "a.hex", INPUTS_CONTENT, "a.hex: the address 0xffe001 is no multiple of 0x1000");
    put_text("a.hex", ":00000001FE\n");
    expect_refused(f, "a.hex", INPUTS_CONTENT, "a.hex: line 1 has the checksum FE instead of FF. The file is damaged");
}

static void an_elf_file_needs_an_address_and_a_chip(void **state)
{
    fixture_t *f = *state;
    put_file("app.elf",
             "\x7f"
             "ELF\1\1\1",
             7);
    expect_refused(f, "app.elf", INPUTS_USAGE, "app.elf: is an ELF file, which does not tell where it goes");
    expect_refused(f, "0x10000 app.elf", INPUTS_USAGE, "app.elf: is an ELF file, which does not tell its chip");
    f->options.chip = "esp32c3";
    expect_refused(f, "0x10000 app.elf", INPUTS_CONTENT, "app.elf: the file is shorter than an ELF header");
    f->options.chip = NULL;
    put_program("boot.bin", CHIP_ESP32C3); /* tells the chip */
    expect_refused(f, "0x0 boot.bin 0x10000 app.elf", INPUTS_CONTENT, "app.elf: the file is shorter than");
}

static void flash_settings_go_into_bootloaders_alone(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    put_text("flasher_args.json", WITH("\"flash_settings\" : { \"flash_mode\" : \"qio\", \"flash_freq\" : \"80m\", "
                                       "\"flash_size\" : \"detect\" }, " BOOTLOADER ", " APP ", " TABLE ", " OTADATA));
    expect_loaded(f, ".", 4);
    assert_int_equal(f->in.images[0].data[2], 0);
    assert_int_equal(f->in.images[0].data[3], 0x2F);
    assert_int_equal(f->in.images[3].data[2], 2);
    uint8_t md5[16];
    memcpy(md5, f->in.images[0].md5, sizeof(md5));
    inputs_set_flash_size(&f->in, 8 * MIB);
    assert_int_equal(f->in.images[0].data[3], 0x3F);
    assert_memory_not_equal(f->in.images[0].md5, md5, sizeof(md5));
    assert_int_equal(image_check(f->in.images[0].data, f->in.images[0].bytes, CHIP_ESP32C3, NULL, 0), IMAGE_SOUND);
    f->options.flash = (flash_settings_t){"keep", "20m", "2MB"};
    expect_loaded(f, ".", 4);
    assert_int_equal(f->in.images[0].data[2], 2);
    assert_int_equal(f->in.images[0].data[3], 0x12);
    inputs_set_flash_size(&f->in, 8 * MIB); /* nobody asked for it */
    assert_int_equal(f->in.images[0].data[3], 0x12);
    f->options.flash = (flash_settings_t){.freq = "60m"};
    expect_refused(f, ".", INPUTS_USAGE, "ESP32-C3 has no flash frequency \"60m\"; possible are 80m 40m 26m 20m. Give");
    f->options.flash = (flash_settings_t){.freq = NULL};
    put_text("flasher_args.json", WITH("\"flash_settings\" : { \"flash_freq\" : \"60m\" }, " BOOTLOADER));
    expect_refused(f, ".", INPUTS_CONTENT, "The build's flash settings: ESP32-C3 has no flash frequency \"60m\"");
    put_text("flasher_args.json", WITH("\"flash_settings\" : { \"flash_freq\" : 60 }"));
    expect_refused(f, ".", INPUTS_CONTENT, "\"flash_freq\" in \"flash_settings\" is no text");
}

static void flash_settings_may_be_told_as_options_alone(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    static const char *const spellings[] = {
        WITH("\"write_flash_args\" : [ \"--flash_mode\", \"qio\", \"--flash_size\", \"8MB\", \"--flash_freq\", \"80m\" "
             "], " BOOTLOADER),
        WITH("\"write_flash_args\" : [ \"--flash-mode\", \"qio\", \"--flash-size\", \"8MB\", \"--flash-freq\", \"80m\" "
             "], " BOOTLOADER),
        WITH("\"write_flash_args\" : [ \"--flash-size\", \"2MB\", \"--flash-freq\", \"80m\", \"--flash-mode\", \"qio\" "
             "], \"flash_settings\" : { \"flash_size\" : \"8MB\" }, " BOOTLOADER),
    };
    for (size_t at = 0; at < sizeof(spellings) / sizeof(spellings[0]); at++) {
        put_text("flasher_args.json", spellings[at]);
        expect_loaded(f, ".", 4);
        assert_int_equal(f->in.images[0].data[2], 0);
        assert_int_equal(f->in.images[0].data[3], 0x3F);
    }
    put_text("flasher_args.json", WITH("\"write_flash_args\" : [ \"--flash-mode\", 5 ], " BOOTLOADER));
    expect_refused(f, ".", INPUTS_CONTENT, "\"flash_mode\" in \"write_flash_args\" is no text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        INPUT_TEST(flash_args_list_options_and_files),
        INPUT_TEST(flash_args_that_make_no_sense_are_told_with_their_line),
        INPUT_TEST(idedata_that_makes_no_sense_is_refused),
        INPUT_TEST(a_folder_of_the_esp8266_has_one_image),
        INPUT_TEST(a_sketch_goes_where_its_table_says),
        INPUT_TEST(a_merged_image_is_taken_apart),
        INPUT_TEST(a_bootloader_without_a_table_is_no_merged_image),
        INPUT_TEST(otadata_is_known_by_its_place),
        INPUT_TEST(what_does_not_fit_its_partition_is_refused_unless_forced),
        INPUT_TEST(intel_hex_brings_its_addresses_along),
        INPUT_TEST(an_elf_file_needs_an_address_and_a_chip),
        INPUT_TEST(flash_settings_go_into_bootloaders_alone),
        INPUT_TEST(flash_settings_may_be_told_as_options_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
