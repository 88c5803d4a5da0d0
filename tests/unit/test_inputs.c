/* SPDX-License-Identifier: Apache-2.0 */
/* What the INPUT words of a command line may be, and what is refused with which words: folders of builds and pairs of
 * an address and a file, words that make no sense, and files that cannot be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input_files.h"

#define NOBODY 65534

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

static void a_file_name_that_is_no_utf8_gives_a_name_that_is(void **state)
{
    fixture_t *f = *state;
    put_text("caf\xE9.bin", "latin");
    put_text("caf\xE8.bin", "latin");
    put_text("caf\xC3\xA9.bin", "utf8");
    expect_loaded(f, "0x9000 caf\xE9.bin 0xa000 caf\xE8.bin 0xb000 caf\xC3\xA9.bin", 3);
    assert_string_equal(f->in.names[0], "caf?.bin");
    assert_string_equal(f->in.names[1], "caf?.bin@0xa000");
    assert_string_equal(f->in.names[2], "caf\xC3\xA9.bin");
    assert_string_equal(f->in.paths[0], "caf\xE9.bin");
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

/* esptool_py_flash_project_args(partition_table ...) of ESP-IDF's early 4.x, which wrote no "encrypted" either. */
static void a_partition_table_under_its_early_name_is_one(void **state)
{
    fixture_t *f = *state;
    put_build_files();
    put_text("flasher_args.json", WITH("\"partition_table\" : { \"offset\" : \"0x8000\", \"file\" : \"table.bin\" }"));
    expect_loaded(f, ".", 4);
    expect_image(f, 1, "partition-table", "Partition table", "./table.bin", REFLASH_KIND_PARTITION_TABLE, 0x8000);
    put_text("table.bin", "damaged");
    expect_refused(f, ".", INPUTS_CONTENT, "table.bin (Partition table): ");
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
        {"0x10000000 a.bin", "beyond 256 MiB"},
        {"0x100000000 a.bin", "beyond 256 MiB"},
        {"0xfffffffffffffffff0 a.bin", "beyond 256 MiB"},
        {"99999999999999999999999 a.bin", "beyond 256 MiB"},
    };
    put_text("a.bin", "a");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect_refused(*state, bad[i][0], INPUTS_USAGE, bad[i][1]);
    }
}

/* Whether the target has so much flash, and a loader that reaches it, only the target can tell. */
static void an_address_beyond_what_a_mask_rom_reaches_is_one(void **state)
{
    fixture_t *f = *state;
    put_zeros("a.bin", 0x1001);
    expect_loaded(f, "0x10000 a.bin 0xfffe000 a.bin", 2);
    assert_int_equal(f->in.images[1].flash_addr, 0xFFFE000);
    assert_int_equal(inputs_end(&f->in), 0xFFFF001);
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
    put_zeros("huge.bin", 256 * MIB + 1);
    expect_refused(*state, "0x0 huge.bin", INPUTS_FILE, "huge.bin: has 268435457 bytes");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        INPUT_TEST(a_build_folder_gives_its_images_by_address),
        INPUT_TEST(a_flasher_args_file_may_be_named_itself),
        INPUT_TEST(a_path_in_flasher_args_may_be_absolute),
        INPUT_TEST(images_carry_the_whole_file_and_its_md5),
        INPUT_TEST(pairs_come_sorted_with_a_role_by_content),
        INPUT_TEST(a_program_where_a_bootloader_starts_is_a_bootloader),
        INPUT_TEST(a_second_image_of_the_same_name_gets_its_address),
        INPUT_TEST(a_file_name_that_is_no_utf8_gives_a_name_that_is),
        INPUT_TEST(an_image_without_an_object_is_known_by_its_content),
        INPUT_TEST(a_partition_table_under_its_early_name_is_one),
        INPUT_TEST(another_chips_program_may_be_stored_under_a_name_of_its_own),
        INPUT_TEST(an_image_that_is_named_but_not_listed_is_left_out),
        INPUT_TEST(neighbouring_sectors_are_no_overlap),
        INPUT_TEST(no_words_are_refused),
        INPUT_TEST(an_address_without_a_file_is_refused),
        INPUT_TEST(what_is_no_address_is_refused),
        INPUT_TEST(an_address_beyond_what_a_mask_rom_reaches_is_one),
        INPUT_TEST(an_image_without_an_address_is_refused),
        INPUT_TEST(missing_things_are_told_by_name),
        INPUT_TEST(a_folder_without_flasher_args_is_refused),
        INPUT_TEST(a_missing_file_of_a_build_is_told_by_its_path),
        INPUT_TEST(a_file_that_may_not_be_read_is_refused),
        INPUT_TEST(a_path_that_leads_nowhere_is_refused),
        INPUT_TEST(a_folder_in_place_of_a_file_is_refused),
        INPUT_TEST(a_pipe_is_refused_and_not_waited_for),
        INPUT_TEST(an_empty_file_is_refused),
        INPUT_TEST(a_file_larger_than_the_flash_can_be_is_refused),
        INPUT_TEST(a_file_that_changes_while_it_is_read_is_refused),
        INPUT_TEST(flasher_args_that_change_while_they_are_read_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
