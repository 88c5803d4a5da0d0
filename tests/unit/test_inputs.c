/* SPDX-License-Identifier: Apache-2.0 */
/* What the INPUT words of a command line may be, and what is refused with which words. Each test has an empty
 * folder of its own as current folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "golden_images.h"
#include "image_check.h"
#include "inputs.h"

#define CHIP_ESP32 0
#define CHIP_ESP32C3 5
#define MIB (1024u * 1024)
#define NOBODY 65534

/* As builds of ESP-IDF 5 leave it; the parts that tests replace are parameters. */
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

/* --- A folder, and what is in it ------------------------------------------------------------------- */

typedef struct {
    char folder[32];
    inputs_options_t options;
    inputs_t in;
    char message[600];
} fixture_t;

static void put_file(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

static void put_text(const char *path, const char *text)
{
    put_file(path, text, strlen(text));
}

static void put_program(const char *path, uint8_t chip_id)
{
    uint8_t program[GOLDEN_PROGRAM_BYTES];
    golden_program_for(program, chip_id);
    put_file(path, program, sizeof(program));
}

static void put_zeros(const char *path, off_t bytes)
{
    put_text(path, "");
    assert_int_equal(truncate(path, bytes), 0);
}

/* A file for each line of FILES, for an ESP32-C3. */
static void put_build_files(void)
{
    put_program("boot.bin", CHIP_ESP32C3);
    put_program("app.bin", CHIP_ESP32C3);
    put_file("table.bin", golden_table, GOLDEN_TABLE_BYTES);
    put_zeros("ota.bin", 0x2000);
}

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        return -1;
    }
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/test_inputs.XXXXXX");
    *state = f;
    return mkdtemp(f->folder) == NULL || chdir(f->folder) != 0 ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int tear_down(void **state)
{
    fixture_t *f = *state;
    inputs_free(&f->in);
    const int result = chdir("/") != 0 || nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0 ? -1 : 0;
    free(f);
    return result;
}

/* Words in one string, separated by spaces. */
static inputs_result_t load(fixture_t *f, const char *words)
{
    char text[200];
    char *argv[20];
    int argc = 0;
    (void)snprintf(text, sizeof(text), "%s", words);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    inputs_free(&f->in);
    f->message[0] = '\0';
    return inputs_load(&f->in, &f->options, argc, argv, f->message, sizeof(f->message));
}

static void expect_loaded(fixture_t *f, const char *words, uint32_t count)
{
    if (load(f, words) != INPUTS_OK) {
        fail_msg("%s", f->message);
    }
    assert_int_equal(f->in.count, count);
}

static void expect_text(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, text);
    }
}

static void expect_refused(fixture_t *f, const char *words, inputs_result_t result, const char *part)
{
    const inputs_result_t got = load(f, words);
    expect_text(f->message, part);
    assert_int_equal(got, result);
    assert_int_equal(f->in.count, 0);
    assert_null(f->in.images);
}

static void expect_image(const fixture_t *f, uint32_t i, const char *name, const char *title, const char *path,
                         reflash_kind_t kind, uint32_t flash_addr)
{
    assert_string_equal(f->in.names[i], name);
    assert_string_equal(f->in.titles[i], title);
    assert_string_equal(f->in.paths[i], path);
    assert_int_equal(f->in.images[i].kind, kind);
    assert_int_equal(f->in.images[i].flash_addr, flash_addr);
}

/* --- Good inputs ----------------------------------------------------------------------------------- */

static void a_build_folder_gives_its_images_by_address(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(mkdir("build", 0777), 0);
    assert_int_equal(chdir("build"), 0);
    put_build_files();
    put_text("flasher_args.json", COMPLETE);
    assert_int_equal(chdir(".."), 0);
    expect_loaded(f, "build", 4);
    expect_image(f, 0, "bootloader", "Bootloader", "build/boot.bin", REFLASH_KIND_BOOTLOADER, 0x0);
    expect_image(f, 1, "partition-table", "Partition table", "build/table.bin", REFLASH_KIND_PARTITION_TABLE, 0x8000);
    expect_image(f, 2, "otadata", "OTA data", "build/ota.bin", REFLASH_KIND_OTADATA, 0xd000);
    expect_image(f, 3, "app", "Application", "build/app.bin", REFLASH_KIND_APPLICATION, 0x10000);
    assert_string_equal(f->in.chip, "esp32c3");
    expect_loaded(f, "build/", 4);
}

static void a_flasher_args_file_may_be_named_itself(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    put_text("flasher_args.json", COMPLETE);
    expect_loaded(f, "flasher_args.json", 4);
    expect_image(f, 3, "app", "Application", "app.bin", REFLASH_KIND_APPLICATION, 0x10000);
    put_text("renamed", "\n " COMPLETE);
    expect_loaded(f, "./renamed", 4);
}

static void a_path_in_flasher_args_may_be_absolute(void **state)
{
    fixture_t *f = *state;
    char text[200];
    put_build_files();
    assert_int_equal(mkdir("build", 0777), 0);
    (void)snprintf(text, sizeof(text), WITH_FILES("\"0x10000\" : \"%s/app.bin\""), f->folder);
    put_text("build/flasher_args.json", text);
    expect_loaded(f, "build", 1);
}

static void images_carry_the_whole_file_and_its_md5(void **state)
{
    static const uint8_t md5_of_abc[16] = {0x90, 0x01, 0x50, 0x98, 0x3C, 0xD2, 0x4F, 0xB0,
                                           0xD6, 0x96, 0x3F, 0x7D, 0x28, 0xE1, 0x7F, 0x72};
    fixture_t *f = *state;
    put_text("data.bin", "abc");
    expect_loaded(f, "0x9000 data.bin", 1);
    assert_int_equal(f->in.images[0].bytes, 3);
    assert_memory_equal(f->in.images[0].data, "abc", 3);
    assert_memory_equal(f->in.images[0].md5, md5_of_abc, 16);
    assert_int_equal(f->in.images[0].result, REFLASH_RESULT_PENDING);
}

static void pairs_come_sorted_with_a_role_by_content(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    put_text("notes.txt", "hello");
    expect_loaded(f, "0x10000 app.bin 36864 ./notes.txt 0x0 boot.bin 0X8000 table.bin", 4);
    expect_image(f, 0, "bootloader", "Bootloader", "boot.bin", REFLASH_KIND_BOOTLOADER, 0x0);
    expect_image(f, 1, "partition-table", "Partition table", "table.bin", REFLASH_KIND_PARTITION_TABLE, 0x8000);
    expect_image(f, 2, "notes.txt", "notes.txt", "./notes.txt", REFLASH_KIND_APPLICATION, 0x9000);
    expect_image(f, 3, "app", "Application", "app.bin", REFLASH_KIND_APPLICATION, 0x10000);
    assert_false(f->in.programs[2]);
    assert_true(f->in.programs[3]);
    assert_string_equal(f->in.chip, "");
}

static void a_program_where_a_bootloader_starts_is_a_bootloader(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    const char *const addrs[] = {"0x0", "0x1000", "0x2000"};
    for (size_t i = 0; i < 3; i++) {
        char words[40];
        (void)snprintf(words, sizeof(words), "%s boot.bin", addrs[i]);
        expect_loaded(f, words, 1);
        assert_int_equal(f->in.images[0].kind, REFLASH_KIND_BOOTLOADER);
    }
    expect_loaded(f, "0x3000 boot.bin", 1);
    assert_int_equal(f->in.images[0].kind, REFLASH_KIND_APPLICATION);
}

static void a_second_image_of_the_same_name_gets_its_address(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    expect_loaded(f, "0x110000 app.bin 0x10000 app.bin", 2);
    assert_string_equal(f->in.names[0], "app");
    assert_string_equal(f->in.names[1], "app@0x110000");
}

static void an_image_without_an_object_is_known_by_its_content(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    put_text("flasher_args.json", WITH(BOOTLOADER));
    expect_loaded(f, ".", 4);
    assert_string_equal(f->in.names[1], "partition-table");
    assert_string_equal(f->in.names[2], "ota.bin");
    assert_string_equal(f->in.names[3], "app");
    assert_string_equal(f->in.chip, "");
}

static void another_chips_program_may_be_stored_under_a_name_of_its_own(void **state)
{
    fixture_t *f = *state;
    put_program("slave.bin", CHIP_ESP32);
    put_text("flasher_args.json",
             "{ \"flash_files\" : { \"0x200000\" : \"slave.bin\" }, \"slave_fw\" : { \"offset\" : \"0x200000\", "
             "\"file\" : \"slave.bin\" }, " EXTRA " }");
    expect_loaded(f, ".", 1);
    expect_image(f, 0, "slave_fw", "slave.bin", "./slave.bin", REFLASH_KIND_APPLICATION, 0x200000);
    assert_int_equal(inputs_check_chip(&f->in, CHIP_ESP32C3, "ESP32-C3", 0, f->message, sizeof(f->message)), INPUTS_OK);
}

static void an_image_that_is_named_but_not_listed_is_left_out(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    put_text("flasher_args.json", "{ \"flash_files\" : { \"0x10000\" : \"app.bin\" }, " APP ", " BOOTLOADER " }");
    expect_loaded(f, ".", 1);
    assert_string_equal(f->in.names[0], "app");
}

static void neighbouring_sectors_are_no_overlap(void **state)
{
    fixture_t *f = *state;
    put_zeros("sector.bin", 4096);
    expect_loaded(f, "0x9000 sector.bin 0xa000 sector.bin", 2);
    put_zeros("half.bin", 8 * MIB);
    expect_loaded(f, "0x0 half.bin 0x800000 half.bin", 2); /* up to the last byte of the address space */
}

/* --- Lists and folders of other builds ------------------------------------------------------------- */

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

/* --- Words that make no sense ---------------------------------------------------------------------- */

static void no_words_are_refused(void **state)
{
    expect_refused(*state, "", INPUTS_USAGE, "nothing to flash");
}

static void an_address_without_a_file_is_refused(void **state)
{
    put_text("a.bin", "a");
    expect_refused(*state, "0x1000", INPUTS_USAGE, "address 0x1000 has no file");
    expect_refused(*state, "0x1000 a.bin 0x2000", INPUTS_USAGE, "address 0x2000 has no file");
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const bad[][2] = {
        {"a.bin 0x1000", "\"a.bin\" is no number"},
        {"0x a.bin", "is no number"},
        {"0x10zz a.bin", "is no number"},
        {"0x-1000 a.bin", "is no number"},
        {"+4096 a.bin", "is no number"},
        {"4096k a.bin", "is no number"},
        {"-0x1000 a.bin", "is negative"},
        {"-1 a.bin", "is negative"},
        {"0x1000000 a.bin", "beyond the 16 MiB"},
        {"0x100000000 a.bin", "beyond the 16 MiB"},
        {"0xfffffffffffffffff0 a.bin", "beyond the"},
        {"99999999999999999999999 a.bin", "beyond the 16 MiB"},
    };
    put_text("a.bin", "a");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect_refused(*state, bad[i][0], INPUTS_USAGE, bad[i][1]);
    }
}

static void an_image_without_an_address_is_refused(void **state)
{
    put_program("app.bin", CHIP_ESP32);
    expect_refused(*state, "app.bin", INPUTS_USAGE, "put its address before it");
}

/* --- Files that cannot be had ---------------------------------------------------------------------- */

static void missing_things_are_told_by_name(void **state)
{
    expect_refused(*state, "nowhere", INPUTS_FILE, "nowhere: does not exist");
    expect_refused(*state, "0x1000 nowhere.bin", INPUTS_FILE, "nowhere.bin: cannot be opened: No such file");
    assert_int_equal(symlink("nowhere.bin", "dangling"), 0);
    expect_refused(*state, "0x1000 dangling", INPUTS_FILE, "dangling: cannot be opened: No such file");
}

static void a_folder_without_flasher_args_is_refused(void **state)
{
    assert_int_equal(mkdir("build", 0777), 0);
    expect_refused(*state, "build", INPUTS_FILE, "build: has no flasher_args.json");
}

static void a_missing_file_of_a_build_is_told_by_its_path(void **state)
{
    assert_int_equal(mkdir("build", 0777), 0);
    put_text("build/flasher_args.json", WITH_FILES("\"0x0\" : \"bootloader/bootloader.bin\""));
    expect_refused(*state, "build", INPUTS_FILE, "build/bootloader/bootloader.bin: cannot be opened: No such file");
}

static void a_file_that_may_not_be_read_is_refused(void **state)
{
    put_text("secret.bin", "x");
    assert_int_equal(chmod("secret.bin", 0), 0);
    assert_int_equal(chmod(".", 0755), 0);
    const uid_t me = geteuid(); /* nothing is unreadable to root, so be somebody else for a moment */
    if (me == 0) {
        assert_int_equal(seteuid(NOBODY), 0);
    }
    const inputs_result_t result = load(*state, "0x1000 secret.bin");
    assert_int_equal(seteuid(me), 0);
    const fixture_t *f = *state;
    assert_int_equal(result, INPUTS_FILE);
    expect_text(f->message, "secret.bin: cannot be opened: Permission denied. Check its owner");
}

static void a_path_that_leads_nowhere_is_refused(void **state)
{
    assert_int_equal(symlink("loop", "loop"), 0);
    expect_refused(*state, "0x1000 loop", INPUTS_FILE, "loop: cannot be opened: Too many levels");
    expect_refused(*state, "loop", INPUTS_FILE, "loop: cannot be opened: Too many levels");
}

static void a_folder_in_place_of_a_file_is_refused(void **state)
{
    assert_int_equal(mkdir("folder", 0777), 0);
    expect_refused(*state, "0x1000 folder", INPUTS_FILE, "folder: is a folder");
}

static void a_pipe_is_refused_and_not_waited_for(void **state)
{
    assert_int_equal(mkfifo("pipe", 0666), 0);
    expect_refused(*state, "0x1000 pipe", INPUTS_FILE, "pipe: is no regular file");
}

static void an_empty_file_is_refused(void **state)
{
    put_text("empty.bin", "");
    expect_refused(*state, "0x1000 empty.bin", INPUTS_FILE, "empty.bin: is empty");
}

static void a_file_larger_than_the_flash_can_be_is_refused(void **state)
{
    put_zeros("huge.bin", 16 * MIB + 1);
    expect_refused(*state, "0x0 huge.bin", INPUTS_FILE, "huge.bin: has 16777217 bytes");
}

/* --- Files that change while they are read --------------------------------------------------------- */

static void grow(void *context, const char *path)
{
    (void)context;
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    assert_int_equal(fputc('x', file), 'x');
    assert_int_equal(fclose(file), 0);
}

static void shrink(void *context, const char *path)
{
    (void)context;
    assert_int_equal(truncate(path, 1), 0);
}

/* Same size, other bytes. The time is set by hand, because two writes may fall on one tick of the clock. */
static void rewrite(void *context, const char *path)
{
    (void)context;
    put_text(path, "xyz");
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void a_file_that_changes_while_it_is_read_is_refused(void **state)
{
    fixture_t *f = *state;
    void (*const changes[])(void *, const char *) = {grow, shrink, rewrite};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        put_text("data.bin", "abc");
        f->options.after_read = changes[i];
        expect_refused(f, "0x1000 data.bin", INPUTS_FILE, "data.bin: changed while it was read");
        f->options.after_read = NULL;
        expect_loaded(f, "0x1000 data.bin", 1); /* and once it rests, it is read */
    }
}

static void flasher_args_that_change_while_they_are_read_are_refused(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    put_text("flasher_args.json", COMPLETE);
    f->options.after_read = grow;
    expect_refused(f, ".", INPUTS_FILE, "./flasher_args.json: changed while it was read");
}

/* --- flasher_args.json that is wrong --------------------------------------------------------------- */

static void malformed_json_is_told_with_line_and_column(void **state)
{
    put_text("flasher_args.json", "{\n    \"flash_files\" : {\n        \"0x0\" ; \"boot.bin\"\n    }\n}\n");
    expect_refused(*state, ".", INPUTS_CONTENT, "./flasher_args.json:3:15: ':' expected");
    put_text("flasher_args.json", "{ \"flash_files\" : {");
    expect_refused(*state, ".", INPUTS_CONTENT, "./flasher_args.json:1:19: ");
    put_text("flasher_args.json", "not json");
    expect_refused(*state, ".", INPUTS_CONTENT, "./flasher_args.json:1:");
}

static void flasher_args_with_a_wrong_field_are_refused_by_its_name(void **state)
{
    static const char *const bad[][2] = {
        {"[]", "is no JSON object"},
        {"{}", "the key \"flash_files\" is missing"},
        {"{ \"flash_files\" : [] }", "\"flash_files\" is no JSON object"},
        {"{ \"flash_files\" : {} }", "\"flash_files\" is empty"},
        {WITH_FILES("\"0x0\" : 7"), "the file for \"0x0\" in \"flash_files\" is no text"},
        {WITH_FILES("\"0x0\" : \"\""), "the file for \"0x0\" in \"flash_files\" is no text, or empty"},
        {WITH_FILES("\"zero\" : \"boot.bin\""), "the address \"zero\" in \"flash_files\" is no number"},
        {WITH_FILES("\"-0x1000\" : \"boot.bin\""), "the address \"-0x1000\" in \"flash_files\" is negative"},
        {WITH_FILES("\"0x100000000\" : \"boot.bin\""), "the address \"0x100000000\" in \"flash_files\" is beyond"},
        {WITH_FILES("\"0x0\" : \"boot.bin\", \"0x0\" : \"app.bin\""), "duplicate object key"},
        {WITH(APP ", " APP), "duplicate object key"},
        {WITH("\"app\" : 5"), "\"app\" has no \"offset\""},
        {WITH("\"app\" : {}"), "\"app\" has no \"offset\""},
        {WITH("\"app\" : { \"offset\" : 65536, \"file\" : \"app.bin\" }"),
         "\"app\" has no \"offset\", or it is no text"},
        {WITH("\"app\" : { \"offset\" : \"0x10000\" }"), "\"app\" has no \"file\""},
        {WITH("\"storage\" : { \"file\" : \"ota.bin\" }"), "\"storage\" has no \"offset\""},
        {WITH("\"app\" : { \"offset\" : \"ten\", \"file\" : \"app.bin\" }"),
         "\"offset\" of \"app\", \"ten\", is no number"},
        {WITH("\"app\" : { \"offset\" : \"0x10000\", \"file\" : \"app.bin\", \"encrypted\" : \"maybe\" }"),
         "\"encrypted\" of \"app\" is neither"},
        {WITH("\"app\" : { \"offset\" : \"0x10000\", \"file\" : \"app.bin\", \"encrypted\" : 0 }"),
         "\"encrypted\" of \"app\" is neither"},
        {WITH("\"app\" : { \"offset\" : \"0x10000\", \"file\" : \"other.bin\" }"),
         "for 0x10000 \"flash_files\" says \"app.bin\", but \"app\" says \"other.bin\""},
        {WITH(APP ", \"twin\" : { \"offset\" : \"0x10000\", \"file\" : \"app.bin\" }"),
         "\"app\" and \"twin\" both have the offset 0x10000"},
        {WITH("\"write_flash_args\" : {}"), "\"write_flash_args\" is no JSON array"},
        {WITH("\"extra_esptool_args\" : []"), "\"extra_esptool_args\" is no JSON object"},
        {WITH("\"extra_esptool_args\" : { \"chip\" : 5 }"), "\"chip\" in \"extra_esptool_args\" is no chip's name"},
        {WITH("\"extra_esptool_args\" : { \"chip\" : \"esp32-with-a-long-name\" }"), "is no chip's name"},
        {WITH("\"extra_esptool_args\" : { \"chip\" : \"esp33\" }"), "the chip \"esp33\", which is unknown here"},
    };
    put_build_files();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put_text("flasher_args.json", bad[i][0]);
        expect_refused(*state, ".", INPUTS_CONTENT, bad[i][1]);
        expect_refused(*state, ".", INPUTS_CONTENT, "./flasher_args.json:");
    }
}

static void images_to_be_encrypted_are_marked(void **state)
{
    static const char *const encrypted[] = {
        WITH("\"app\" : { \"offset\" : \"0x10000\", \"file\" : \"app.bin\", \"encrypted\" : \"true\" }"),
        WITH("\"app\" : { \"offset\" : \"0x10000\", \"file\" : \"app.bin\", \"encrypted\" : true }"),
        WITH("\"write_flash_args\" : [ \"--flash_mode\", \"dio\", \"--encrypt\" ]"),
    };
    fixture_t *f = *state;
    put_build_files();
    for (size_t i = 0; i < sizeof(encrypted) / sizeof(encrypted[0]); i++) {
        put_text("flasher_args.json", encrypted[i]);
        expect_loaded(f, ".", 4);
        assert_true(f->in.encrypted[3]);
        assert_int_equal(f->in.encrypted[0], i == 2);
        assert_int_equal(inputs_refuse_encrypted(&f->in, "Advice.", f->message, sizeof(f->message)), INPUTS_CONTENT);
        expect_text(f->message, i == 2 ? "./boot.bin (Bootloader): the build wants it encrypted"
                                       : "./app.bin (Application): the build wants it encrypted");
        expect_text(f->message, "only the target can do. Advice.");
    }
}

static void the_parser_needs_no_files(void **state)
{
    fixture_t *f = *state;
    inputs_listing_t listing;
    assert_int_equal(
        inputs_parse_flasher_args(COMPLETE, strlen(COMPLETE), "text", &listing, f->message, sizeof(f->message)),
        INPUTS_OK);
    assert_int_equal(listing.count, 4);
    assert_string_equal(listing.entries[1].name, "app");
    assert_string_equal(listing.entries[1].path, "app.bin");
    assert_int_equal(listing.entries[1].flash_addr, 0x10000);
    assert_false(listing.entries[1].encrypted);
    assert_string_equal(listing.chip, "esp32c3");
    inputs_listing_free(&listing);
}

static void flasher_args_cut_anywhere_are_refused(void **state)
{
    fixture_t *f = *state;
    for (size_t bytes = 0; bytes < strlen(COMPLETE); bytes++) {
        inputs_listing_t listing;
        assert_int_equal(inputs_parse_flasher_args(COMPLETE, bytes, "text", &listing, f->message, sizeof(f->message)),
                         INPUTS_CONTENT);
        assert_int_equal(listing.count, 0);
        expect_text(f->message, "text:1:");
    }
}

/* --- Layouts that would do harm -------------------------------------------------------------------- */

static void an_address_inside_a_sector_is_refused(void **state)
{
    put_text("a.bin", "a");
    expect_refused(*state, "0x1001 a.bin", INPUTS_CONTENT, "a.bin: the address 0x1001 is no multiple of 0x1000");
    expect_refused(*state, "0x1800 a.bin", INPUTS_CONTENT, "a.bin: the address 0x1800 is no multiple of 0x1000");
}

static void overlapping_images_are_refused_with_both_ranges(void **state)
{
    put_zeros("long.bin", 0x2001);
    put_text("short.bin", "a");
    expect_refused(*state, "0x9000 short.bin 0x8000 long.bin", INPUTS_CONTENT,
                   "long.bin (0x8000 to 0xa000) and short.bin (0x9000 to 0x9000) overlap");
    expect_refused(*state, "0x8000 short.bin 0x8000 long.bin", INPUTS_CONTENT, "overlap");
}

static void overlaps_are_refused_even_by_force(void **state)
{
    fixture_t *f = *state;
    f->options.force = true;
    put_zeros("long.bin", 0x2001);
    expect_refused(f, "0x8000 long.bin 0x9000 long.bin", INPUTS_CONTENT, "overlap");
}

static void an_image_beyond_the_address_space_is_refused(void **state)
{
    put_zeros("a.bin", 0x1001);
    expect_refused(*state, "0xfff000 a.bin", INPUTS_CONTENT, "a.bin: 0x1001 bytes at 0xfff000 end at 0x1000000");
}

/* --- Images that are damaged or for another chip --------------------------------------------------- */

static void a_truncated_application_is_refused_unless_forced(void **state)
{
    fixture_t *f = *state;
    put_file("app.bin", golden_program, 50);
    expect_refused(f, "0x10000 app.bin", INPUTS_CONTENT, "app.bin (Application): segment 2 of 2 at offset 0x24");
    expect_text(f->message, "build again, or use --force");
    f->options.force = true;
    expect_loaded(f, "0x10000 app.bin", 1);
}

static void a_damaged_bootloader_is_refused(void **state)
{
    uint8_t program[GOLDEN_PROGRAM_BYTES];
    golden_program_for(program, CHIP_ESP32);
    program[GOLDEN_DIGEST_OFFSET] ^= 1;
    put_file("boot.bin", program, sizeof(program));
    expect_refused(*state, "0x1000 boot.bin", INPUTS_CONTENT, "boot.bin (Bootloader): the SHA-256 at offset 0x40");
}

static void an_application_by_name_that_is_none_is_refused(void **state)
{
    put_build_files();
    put_text("app.bin", "not a program");
    put_text("flasher_args.json", COMPLETE);
    expect_refused(*state, ".", INPUTS_CONTENT, "./app.bin (Application): the byte at offset 0x0 is not 0xe9");
}

static void a_damaged_partition_table_is_refused(void **state)
{
    uint8_t table[GOLDEN_TABLE_BYTES];
    memcpy(table, golden_table, sizeof(table));
    table[4] ^= 0x10;
    put_file("table.bin", table, sizeof(table));
    expect_refused(*state, "0x8000 table.bin", INPUTS_CONTENT,
                   "table.bin (Partition table): the MD5 row at offset 0x40");
}

static void an_image_for_another_chip_than_the_build_is_refused(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    put_program("app.bin", CHIP_ESP32);
    put_text("flasher_args.json", COMPLETE);
    expect_refused(f, ".", INPUTS_CONTENT,
                   "./app.bin (Application): the image header names ESP32 (chip id 0 at offset 0xc), not ESP32-C3");
    f->options.force = true;
    expect_loaded(f, ".", 4);
}

/* --- After connecting ------------------------------------------------------------------------------ */

static inputs_result_t check_chip(fixture_t *f, uint16_t chip_id, const char *chip_name, uint32_t flash_bytes)
{
    f->message[0] = '\0';
    return inputs_check_chip(&f->in, chip_id, chip_name, flash_bytes, f->message, sizeof(f->message));
}

static void images_for_the_connected_chip_pass(void **state)
{
    fixture_t *f = *state;
    put_program("boot.bin", CHIP_ESP32);
    put_program("app.bin", CHIP_ESP32);
    expect_loaded(f, "0x1000 boot.bin 0x10000 app.bin", 2);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_OK);
}

static void a_build_for_another_chip_than_the_target_is_refused(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    put_text("flasher_args.json", COMPLETE);
    expect_loaded(f, ".", 4);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_CONTENT);
    expect_text(f->message, "The build is for esp32c3, but the target is ESP32");
}

static void an_image_for_another_chip_than_the_target_is_refused(void **state)
{
    fixture_t *f = *state;
    put_program("app.bin", CHIP_ESP32C3);
    expect_loaded(f, "0x10000 app.bin", 1);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_CONTENT);
    expect_text(f->message,
                "app.bin (Application): is for ESP32-C3 (chip id 5), but the target is ESP32. Connect the right "
                "target, build for this one, or use --force.");
    f->in.force = true;
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_OK);
}

static void an_image_of_the_esp8266_is_told_from_one_of_the_esp32(void **state)
{
    fixture_t *f = *state;
    put_file("app.bin", golden_esp8266, GOLDEN_ESP8266_BYTES);
    expect_loaded(f, "0x10000 app.bin", 1);
    assert_int_equal(check_chip(f, 0, "ESP8266", 2 * MIB), INPUTS_OK);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_CONTENT);
}

static void a_bootloader_where_the_chip_does_not_look_is_refused(void **state)
{
    fixture_t *f = *state;
    put_program("boot.bin", CHIP_ESP32);
    expect_loaded(f, "0x0 boot.bin", 1);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_CONTENT);
    expect_text(f->message, "boot.bin (Bootloader): its address is 0x0, but ESP32 looks for its bootloader at 0x1000");
}

static void an_image_beyond_the_end_of_the_flash_is_refused(void **state)
{
    fixture_t *f = *state;
    put_zeros("data.bin", 0x1001);
    expect_loaded(f, "0x1ff000 data.bin", 1);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 4 * MIB), INPUTS_OK);
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 0), INPUTS_OK); /* size unknown */
    f->in.force = true;                                                 /* does not make the flash larger */
    assert_int_equal(check_chip(f, CHIP_ESP32, "ESP32", 2 * MIB), INPUTS_CONTENT);
    expect_text(f->message, "data.bin (data.bin): 0x1ff000 to 0x200000 lies beyond the end");
    expect_text(f->message, "2048 KiB (0x200000 bytes)");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_build_folder_gives_its_images_by_address),
        TEST(a_flasher_args_file_may_be_named_itself),
        TEST(a_path_in_flasher_args_may_be_absolute),
        TEST(images_carry_the_whole_file_and_its_md5),
        TEST(pairs_come_sorted_with_a_role_by_content),
        TEST(a_program_where_a_bootloader_starts_is_a_bootloader),
        TEST(a_second_image_of_the_same_name_gets_its_address),
        TEST(an_image_without_an_object_is_known_by_its_content),
        TEST(another_chips_program_may_be_stored_under_a_name_of_its_own),
        TEST(an_image_that_is_named_but_not_listed_is_left_out),
        TEST(neighbouring_sectors_are_no_overlap),
        TEST(flash_args_list_options_and_files),
        TEST(flash_args_that_make_no_sense_are_told_with_their_line),
        TEST(idedata_that_makes_no_sense_is_refused),
        TEST(a_folder_of_the_esp8266_has_one_image),
        TEST(a_sketch_goes_where_its_table_says),
        TEST(a_merged_image_is_taken_apart),
        TEST(a_bootloader_without_a_table_is_no_merged_image),
        TEST(otadata_is_known_by_its_place),
        TEST(what_does_not_fit_its_partition_is_refused_unless_forced),
        TEST(intel_hex_brings_its_addresses_along),
        TEST(an_elf_file_needs_an_address_and_a_chip),
        TEST(flash_settings_go_into_bootloaders_alone),
        TEST(flash_settings_may_be_told_as_options_alone),
        TEST(no_words_are_refused),
        TEST(an_address_without_a_file_is_refused),
        TEST(what_is_no_address_is_refused),
        TEST(an_image_without_an_address_is_refused),
        TEST(missing_things_are_told_by_name),
        TEST(a_folder_without_flasher_args_is_refused),
        TEST(a_missing_file_of_a_build_is_told_by_its_path),
        TEST(a_file_that_may_not_be_read_is_refused),
        TEST(a_path_that_leads_nowhere_is_refused),
        TEST(a_folder_in_place_of_a_file_is_refused),
        TEST(a_pipe_is_refused_and_not_waited_for),
        TEST(an_empty_file_is_refused),
        TEST(a_file_larger_than_the_flash_can_be_is_refused),
        TEST(a_file_that_changes_while_it_is_read_is_refused),
        TEST(flasher_args_that_change_while_they_are_read_are_refused),
        TEST(malformed_json_is_told_with_line_and_column),
        TEST(flasher_args_with_a_wrong_field_are_refused_by_its_name),
        TEST(images_to_be_encrypted_are_marked),
        TEST(the_parser_needs_no_files),
        TEST(flasher_args_cut_anywhere_are_refused),
        TEST(an_address_inside_a_sector_is_refused),
        TEST(overlapping_images_are_refused_with_both_ranges),
        TEST(overlaps_are_refused_even_by_force),
        TEST(an_image_beyond_the_address_space_is_refused),
        TEST(a_truncated_application_is_refused_unless_forced),
        TEST(a_damaged_bootloader_is_refused),
        TEST(an_application_by_name_that_is_none_is_refused),
        TEST(a_damaged_partition_table_is_refused),
        TEST(an_image_for_another_chip_than_the_build_is_refused),
        TEST(images_for_the_connected_chip_pass),
        TEST(a_build_for_another_chip_than_the_target_is_refused),
        TEST(an_image_for_another_chip_than_the_target_is_refused),
        TEST(an_image_of_the_esp8266_is_told_from_one_of_the_esp32),
        TEST(a_bootloader_where_the_chip_does_not_look_is_refused),
        TEST(an_image_beyond_the_end_of_the_flash_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
