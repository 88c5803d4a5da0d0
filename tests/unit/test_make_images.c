/* SPDX-License-Identifier: Apache-2.0 */
/* What make_images writes is what a build of ESP-IDF leaves, read here by its own rules. Runs the program itself,
 * each test in an empty folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <mbedtls/md.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image_check.h"
#include "inputs.h"

#define PAGE_BYTES 0x10000u
#define SECTOR_BYTES 4096u
#define APP "hello_world.bin"
#define BOOTLOADER "bootloader/bootloader.bin"
#define TABLE "partition_table/partition-table.bin"
#define FLASHER_ARGS "flasher_args.json"

typedef struct {
    uint32_t addr, offset, bytes; /* offset of the data in the file */
} segment_t;

typedef struct {
    uint8_t *data;
    size_t bytes;
} content_t;

/* --- A folder and the program ---------------------------------------------------------------------- */

static int set_up(void **state)
{
    char folder[] = "/tmp/test_make_images.XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        return -1;
    }
    *state = strdup(folder);
    return *state == NULL ? -1 : 0;
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
    const int result = chdir("/") != 0 || nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0 ? -1 : 0;
    free(*state);
    return result;
}

/* Runs it with these words, separated by spaces; its output goes to the file `output`, and so do its complaints.
 * Returns its exit status. */
static int run(const char *words)
{
    char text[200];
    char program[] = MAKE_IMAGES;
    char *argv[20] = {program};
    int argc = 1;
    (void)snprintf(text, sizeof(text), "%s", words);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, 1, "output", O_WRONLY | O_CREAT | O_TRUNC, 0666), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, 1, 2), 0);
    pid_t process = 0;
    assert_int_equal(posix_spawn(&process, program, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static content_t content_of(const char *folder, const char *name)
{
    char path[200];
    struct stat status;
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    content_t content = {malloc((size_t)status.st_size + 1), (size_t)status.st_size};
    assert_non_null(content.data);
    assert_int_equal(fread(content.data, 1, content.bytes, file), content.bytes);
    assert_int_equal(fclose(file), 0);
    content.data[content.bytes] = '\0'; /* so that texts are strings */
    return content;
}

static bool same_file(const char *folder_a, const char *folder_b, const char *name)
{
    content_t a = content_of(folder_a, name);
    content_t b = content_of(folder_b, name);
    const bool same = a.bytes == b.bytes && memcmp(a.data, b.data, a.bytes) == 0;
    free(a.data);
    free(b.data);
    return same;
}

static void expect_output(const char *part)
{
    content_t output = content_of(".", "output");
    if (strstr((const char *)output.data, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, (const char *)output.data);
    }
    free(output.data);
}

/* --- Reading an image ------------------------------------------------------------------------------ */

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Wants segments, checksum and digest to fill the file exactly. Returns the number of segments. */
static unsigned read_image(const content_t *image, segment_t segments[16])
{
    uint8_t checksum = 0xEF;
    uint32_t offset = 24;
    assert_in_range(image->data[1], 1, 16);
    for (unsigned i = 0; i < image->data[1]; i++) {
        assert_true(offset + 8 <= image->bytes);
        segments[i] = (segment_t){le32(image->data + offset), offset + 8, le32(image->data + offset + 4)};
        assert_true(segments[i].bytes <= image->bytes - offset - 8);
        for (uint32_t byte = 0; byte < segments[i].bytes; byte++) {
            checksum ^= image->data[segments[i].offset + byte];
        }
        offset = segments[i].offset + segments[i].bytes;
    }
    while (offset % 16 != 15) {
        assert_int_equal(image->data[offset++], 0);
    }
    assert_int_equal(image->data[offset++], checksum);
    uint8_t digest[32];
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), image->data, offset, digest), 0);
    assert_int_equal(offset + sizeof(digest), image->bytes);
    assert_memory_equal(image->data + offset, digest, sizeof(digest));
    return image->data[1];
}

static void expect_header(const content_t *image, uint8_t chip_id, uint8_t size_and_frequency)
{
    const uint8_t *header = image->data;
    assert_int_equal(header[0], 0xE9);
    assert_int_equal(header[2], 2); /* DIO */
    assert_int_equal(header[3], size_and_frequency);
    assert_int_equal(header[8], 0xEE);
    assert_int_equal(header[12] | header[13] << 8, chip_id);
    assert_int_equal(header[23], 1);
    char why[200];
    if (image_check(image->data, image->bytes, chip_id, why, sizeof(why)) != IMAGE_SOUND) {
        fail_msg("%s", why);
    }
}

/* --- The tests ------------------------------------------------------------------------------------- */

static void expect_bootloader(const char *folder, uint8_t chip_id, uint8_t size_and_frequency, const uint32_t addrs[3])
{
    content_t image = content_of(folder, BOOTLOADER);
    segment_t segments[16];
    expect_header(&image, chip_id, size_and_frequency);
    assert_int_equal(read_image(&image, segments), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(segments[i].addr, addrs[i]);
    }
    assert_in_range(image.bytes, 20 * 1024, 28 * 1024);
    assert_int_equal(le32(image.data + 0x20), 0x50); /* the bootloader's description */
    free(image.data);
}

static void expect_app(const char *folder, uint8_t chip_id, uint8_t size_and_frequency, uint32_t app_bytes,
                       const char *version, const uint32_t addrs[6])
{
    content_t image = content_of(folder, APP);
    segment_t segments[16];
    expect_header(&image, chip_id, size_and_frequency);
    assert_int_equal(image.bytes, app_bytes);
    assert_int_equal(read_image(&image, segments), 6);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(segments[i].addr & 0xFFF00000, addrs[i] & 0xFFF00000);
    }
    assert_int_equal(segments[3].addr, addrs[3]);
    for (unsigned i = 0; i < 6; i += 3) { /* what is mapped lies in the file as in the page */
        assert_int_equal(segments[i].offset % PAGE_BYTES, segments[i].addr % PAGE_BYTES);
    }
    assert_int_equal(segments[4].addr, segments[2].addr + segments[2].bytes); /* the same code, cut in two */

    const uint8_t *description = image.data + 0x20;
    assert_int_equal(le32(description), 0xABCD5432);
    assert_string_equal((const char *)description + 16, version);
    assert_string_equal((const char *)description + 48, "hello_world");
    assert_string_equal((const char *)description + 80, "12:00:00");
    assert_string_equal((const char *)description + 96, "Jan  1 2025");
    assert_string_equal((const char *)description + 112, "v5.3.2");
    free(image.data);
}

static const uint32_t esp32_boot[3] = {0x3fff0030, 0x40078000, 0x40080400};
static const uint32_t esp32_app[6] = {0x3f400020, 0x3ffb0000, 0x40080000, 0x400d0020, 0x40080000, 0x50000000};
static const uint32_t esp32c3_boot[3] = {0x3fcd5820, 0x403cc710, 0x403ce710};
static const uint32_t esp32c3_app[6] = {0x3c000020, 0x3fc90000, 0x40380000, 0x42000020, 0x40380000, 0x50000000};

static void images_for_the_esp32_are_valid(void **state)
{
    (void)state;
    assert_int_equal(run("-o build"), 0);
    expect_bootloader("build", 0, 0x10, esp32_boot);
    expect_app("build", 0, 0x10, 1048576, "1.0.0", esp32_app);
}

static void images_for_the_esp32c3_are_valid(void **state)
{
    (void)state;
    assert_int_equal(run("-o build --chip esp32c3 --version 2.3.4"), 0);
    expect_bootloader("build", 5, 0x1F, esp32c3_boot);
    expect_app("build", 5, 0x1F, 1048576, "2.3.4", esp32c3_app);
}

static void images_for_all_other_chips_are_valid(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        uint8_t chip_id, size_and_frequency;
        uint32_t boot[3], app[6];
    } chips[] = {
        {"-o build --chip esp32s2",
         2,
         0x1F,
         {0x3ffe6108, 0x4004c000, 0x40050000},
         {0x3f000020, 0x3ffbf000, 0x40024000, 0x40080020, 0x40024000, 0x50000000}},
        {"-o build --chip esp32s3",
         9,
         0x1F,
         {0x3fce3808, 0x403c9700, 0x403cc700},
         {0x3c000020, 0x3fc98000, 0x40374000, 0x42000020, 0x40374000, 0x600fe000}},
        {"-o build --chip esp32c2",
         12,
         0x1F,
         {0x3fcd6108, 0x403ae000, 0x403b0000},
         {0x3c000020, 0x3fca8000, 0x40380000, 0x42000020, 0x40380000, 0x3fcb8000}},
        {"-o build --chip esp32c5",
         23,
         0x1F,
         {0x40855ab0, 0x4084bfa0, 0x4084e9a0},
         {0x42000020, 0x40820000, 0x40800000, 0x42000020, 0x40800000, 0x50000000}},
        {"-o build --chip esp32c6",
         13,
         0x10,
         {0x40875730, 0x4086b910, 0x4086e610},
         {0x42000020, 0x40820000, 0x40800000, 0x42000020, 0x40800000, 0x50000000}},
        {"-o build --chip esp32c61",
         20,
         0x1F,
         {0x40845c00, 0x4083bd60, 0x4083e960},
         {0x42000020, 0x40820000, 0x40800000, 0x42000020, 0x40800000, 0x40828000}},
        {"-o build --chip esp32h2",
         16,
         0x1F,
         {0x408460e0, 0x4083cad0, 0x4083efd0},
         {0x42000020, 0x40820000, 0x40800000, 0x42000020, 0x40800000, 0x50000000}},
        {"-o build --chip esp32p4",
         18,
         0x1F,
         {0x4ff33ce0, 0x4ff2abd0, 0x4ff2cbd0},
         {0x40000020, 0x4ff50000, 0x4ff00000, 0x40000020, 0x4ff00000, 0x50108000}},
    };
    for (size_t row = 0; row < sizeof(chips) / sizeof(chips[0]); row++) {
        assert_int_equal(run(chips[row].words), 0);
        expect_bootloader("build", chips[row].chip_id, chips[row].size_and_frequency, chips[row].boot);
        expect_app("build", chips[row].chip_id, chips[row].size_and_frequency, 1048576, "1.0.0", chips[row].app);
    }
}

static void every_size_that_is_offered_works(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        uint32_t app_bytes;
        uint8_t size_and_frequency;
    } sizes[] = {
        {"-o build --app-bytes 131072", 131072, 0x10},
        {"-o build --app-bytes 131088", 131088, 0x10},
        {"-o build --app-bytes 1000000", 1000000, 0x10},
        {"-o build --app-bytes 0x300000", 0x300000, 0x20},
    };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(run(sizes[i].words), 0);
        expect_app("build", 0, sizes[i].size_and_frequency, sizes[i].app_bytes, "1.0.0", esp32_app);
    }
}

static void the_partition_table_holds_three_partitions_and_an_md5(void **state)
{
    (void)state;
    static const uint8_t rows[] = {
        0xAA, 0x50, 1,   2,   0x00, 0x90, 0, 0, 0x00, 0x60, 0x00, 0, 'n', 'v', 's', 0,   /* nvs, 24 KiB */
        0,    0,    0,   0,   0,    0,    0, 0, 0,    0,    0,    0, 0,   0,   0,   0,   /* */
        0xAA, 0x50, 1,   1,   0x00, 0xF0, 0, 0, 0x00, 0x10, 0x00, 0, 'p', 'h', 'y', '_', /* phy_init, 4 KiB */
        'i',  'n',  'i', 't', 0,    0,    0, 0, 0,    0,    0,    0, 0,   0,   0,   0,   /* */
        0xAA, 0x50, 0,   0,   0x00, 0x00, 1, 0, 0x00, 0x00, 0x18, 0, 'f', 'a', 'c', 't', /* factory, 1.5 MiB */
        'o',  'r',  'y', 0,   0,    0,    0, 0, 0,    0,    0,    0, 0,   0,   0,   0,   /* */
        0xEB, 0xEB,
    };
    assert_int_equal(run("-o build"), 0);
    content_t table = content_of("build", TABLE);
    assert_int_equal(table.bytes, 3072);
    assert_memory_equal(table.data, rows, sizeof(rows));
    uint8_t digest[16];
    assert_int_equal(mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_MD5), table.data, 96, digest), 0);
    assert_memory_equal(table.data + 112, digest, sizeof(digest));
    for (size_t offset = 128; offset < table.bytes; offset++) {
        assert_int_equal(table.data[offset], 0xFF);
    }
    free(table.data);
}

static void a_large_application_gets_a_partition_that_holds_it(void **state)
{
    (void)state;
    assert_int_equal(run("-o build --app-bytes 0x200000"), 0);
    content_t table = content_of("build", TABLE);
    assert_true(le32(table.data + 72) >= 0x200000);
    free(table.data);
}

static void the_folder_is_an_input_like_that_of_a_real_build(void **state)
{
    (void)state;
    static const struct {
        const char *words, *chip;
        uint32_t boot_addr;
    } chips[] = {{"-o build", "esp32", 0x1000},
                 {"-o build --chip esp32s2", "esp32s2", 0x1000},
                 {"-o build --chip esp32s3", "esp32s3", 0x0},
                 {"-o build --chip esp32c2", "esp32c2", 0x0},
                 {"-o build --chip esp32c3", "esp32c3", 0x0},
                 {"-o build --chip esp32c5", "esp32c5", 0x2000},
                 {"-o build --chip esp32c6", "esp32c6", 0x0},
                 {"-o build --chip esp32c61", "esp32c61", 0x0},
                 {"-o build --chip esp32h2", "esp32h2", 0x0},
                 {"-o build --chip esp32p4", "esp32p4", 0x2000}};
    for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
        assert_int_equal(run(chips[i].words), 0);
        char message[400];
        char folder[] = "build";
        char *const argv[] = {folder};
        inputs_t in;
        if (inputs_load(&in, NULL, 1, argv, message, sizeof(message)) != INPUTS_OK) {
            fail_msg("%s", message);
        }
        assert_int_equal(in.count, 3);
        assert_string_equal(in.chip, chips[i].chip);
        assert_string_equal(in.names[0], "bootloader");
        assert_int_equal(in.images[0].flash_addr, chips[i].boot_addr);
        assert_string_equal(in.names[1], "partition-table");
        assert_int_equal(in.images[1].flash_addr, 0x8000);
        assert_string_equal(in.names[2], "app");
        assert_int_equal(in.images[2].flash_addr, 0x10000);
        inputs_free(&in);
    }
}

static void two_runs_give_the_same_bytes(void **state)
{
    (void)state;
    static const char *const files[] = {APP, BOOTLOADER, TABLE, FLASHER_ARGS};
    assert_int_equal(run("-o a --change 3"), 0);
    assert_int_equal(run("-o b --change 3"), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_true(same_file("a", "b", files[i]));
    }
}

static void a_change_alters_the_application_alone(void **state)
{
    (void)state;
    assert_int_equal(run("-o old"), 0);
    assert_int_equal(run("-o new --change 1"), 0);
    assert_int_equal(run("-o newer --change 2"), 0);
    assert_true(same_file("old", "new", BOOTLOADER));
    assert_true(same_file("old", "new", TABLE));
    assert_true(same_file("old", "new", FLASHER_ARGS));
    assert_false(same_file("old", "new", APP));
    assert_false(same_file("new", "newer", APP));

    content_t image = content_of("new", APP);
    segment_t segments[16];
    expect_header(&image, 0, 0x10);
    assert_int_equal(read_image(&image, segments), 6);
    assert_string_equal((const char *)image.data + 0x30, "1.0.0");
    assert_int_equal(segments[3].offset % PAGE_BYTES, segments[3].addr % PAGE_BYTES);
    free(image.data);
}

static void a_change_shows_in_nearly_every_sector(void **state)
{
    (void)state;
    assert_int_equal(run("-o old"), 0);
    assert_int_equal(run("-o new --change 1"), 0);
    content_t before = content_of("old", APP);
    content_t after = content_of("new", APP);
    assert_in_range(after.bytes, before.bytes + 16, before.bytes + 512);
    size_t changed = 0, sectors = before.bytes / SECTOR_BYTES;
    for (size_t i = 0; i < sectors; i++) {
        changed += memcmp(before.data + i * SECTOR_BYTES, after.data + i * SECTOR_BYTES, SECTOR_BYTES) != 0;
    }
    assert_true(changed >= sectors * 9 / 10);
    free(before.data);
    free(after.data);
}

static void each_file_is_reported_with_its_size(void **state)
{
    (void)state;
    assert_int_equal(run("-o deep/er/build"), 0);
    expect_output("deep/er/build/bootloader/bootloader.bin 26384 bytes\n");
    expect_output("deep/er/build/partition_table/partition-table.bin 3072 bytes\n");
    expect_output("deep/er/build/hello_world.bin 1048576 bytes\n");
    expect_output("deep/er/build/flasher_args.json ");
}

static void wrong_usage_ends_with_2_and_writes_nothing(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"", "say where to write"},
        {"-o", "Try make_images --help"},
        {"-o build --frobnicate", "Try make_images --help"},
        {"-o build extra", "\"extra\" is one word too many"},
        {"-o build --chip esp8266", "\"esp8266\" is unknown"},
        {"-o build --app-bytes 131056", "no number from 131072"},
        {"-o build --app-bytes 3145744", "no number from 131072"},
        {"-o build --app-bytes 1000001", "no multiple of 16"},
        {"-o build --app-bytes many", "no number"},
        {"-o build --change -1", "no number"},
        {"-o build --change 4294967296", "no number"},
        {"-o build --version 12345678901234567890123456789012", "more than 31"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(run(bad[i][0]), 2);
        expect_output(bad[i][1]);
        assert_int_not_equal(access("build", F_OK), 0);
    }
}

static void what_cannot_be_written_ends_with_1(void **state)
{
    (void)state;
    assert_int_equal(run("--help"), 0); /* makes the file `output` */
    expect_output("Usage: make_images -o DIR");
    assert_int_equal(symlink("output", "file"), 0);
    assert_int_equal(run("-o file/build"), 1);
    expect_output("file/build: cannot make the folder: Not a directory");
    assert_int_equal(mkdir("build", 0777), 0);
    assert_int_equal(mkdir("build/" APP, 0777), 0);
    assert_int_equal(run("-o build"), 1);
    expect_output("build/" APP ": cannot be written: Is a directory");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(images_for_the_esp32_are_valid),
        TEST(images_for_the_esp32c3_are_valid),
        TEST(images_for_all_other_chips_are_valid),
        TEST(every_size_that_is_offered_works),
        TEST(the_partition_table_holds_three_partitions_and_an_md5),
        TEST(a_large_application_gets_a_partition_that_holds_it),
        TEST(the_folder_is_an_input_like_that_of_a_real_build),
        TEST(two_runs_give_the_same_bytes),
        TEST(a_change_alters_the_application_alone),
        TEST(a_change_shows_in_nearly_every_sector),
        TEST(each_file_is_reported_with_its_size),
        TEST(wrong_usage_ends_with_2_and_writes_nothing),
        TEST(what_cannot_be_written_ends_with_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
