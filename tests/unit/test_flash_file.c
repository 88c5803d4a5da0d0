/* SPDX-License-Identifier: Apache-2.0 */
/* Flash content in memory or in a file that always holds it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flash_file.h"

enum { SMALLEST_BYTES = 1 << 18 };

static char path[64]; /* of a file that does not exist when a test begins */
static char message[256];

static int make_folder(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_flash_file_XXXXXX";
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/flash.bin", folder);
    message[0] = '\0';
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    *strrchr(path, '/') = '\0';
    return rmdir(path);
}

static bool open_flash(espsim_flash_t *flash, const char *name, uint32_t bytes)
{
    return espsim_flash_open(flash, name, bytes, message, sizeof(message));
}

static void assert_blank(const espsim_flash_t *flash)
{
    for (uint32_t at = 0; at < flash->bytes; at++) {
        assert_int_equal(flash->cells[at], 0xFF);
    }
}

static long file_bytes(void)
{
    struct stat status;
    return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

static void make_file(long bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), bytes), 0);
    assert_int_equal(fclose(file), 0);
}

static void without_a_file_the_flash_is_blank_memory(void **state)
{
    (void)state;
    espsim_flash_t flash;
    assert_true(open_flash(&flash, NULL, SMALLEST_BYTES));
    assert_int_equal(flash.bytes, SMALLEST_BYTES);
    assert_blank(&flash);
    flash.cells[SMALLEST_BYTES - 1] = 0;
    espsim_flash_close(&flash);
    assert_null(flash.cells);
    espsim_flash_close(&flash); /* harmless */
}

static void a_new_file_is_made_blank(void **state)
{
    (void)state;
    espsim_flash_t flash;
    assert_true(open_flash(&flash, path, SMALLEST_BYTES));
    assert_int_equal(flash.bytes, SMALLEST_BYTES);
    assert_blank(&flash);
    assert_int_equal(file_bytes(), SMALLEST_BYTES);
    espsim_flash_close(&flash);
}

static void an_empty_file_counts_as_new(void **state)
{
    (void)state;
    espsim_flash_t flash;
    make_file(0);
    assert_true(open_flash(&flash, path, SMALLEST_BYTES));
    assert_blank(&flash);
    espsim_flash_close(&flash);
}

static void the_file_holds_what_the_flash_holds_even_while_it_is_open(void **state)
{
    (void)state;
    espsim_flash_t flash;
    assert_true(open_flash(&flash, path, SMALLEST_BYTES));
    flash.cells[0x1234] = 0x42;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0x1234, SEEK_SET), 0);
    assert_int_equal(fgetc(file), 0x42);
    assert_int_equal(fclose(file), 0);
    espsim_flash_close(&flash);
}

static void content_is_kept_from_one_opening_to_the_next(void **state)
{
    (void)state;
    espsim_flash_t flash;
    assert_true(open_flash(&flash, path, SMALLEST_BYTES));
    flash.cells[7] = 0x42;
    espsim_flash_close(&flash);
    assert_true(open_flash(&flash, path, SMALLEST_BYTES));
    assert_int_equal(flash.cells[7], 0x42);
    assert_int_equal(flash.cells[8], 0xFF);
    espsim_flash_close(&flash);
}

static void a_file_keeps_its_size_and_another_is_refused(void **state)
{
    (void)state;
    espsim_flash_t flash;
    make_file(2 * SMALLEST_BYTES);
    assert_false(open_flash(&flash, path, SMALLEST_BYTES));
    assert_non_null(strstr(message, "512 KiB, not of 256"));
    assert_true(open_flash(&flash, path, 2 * SMALLEST_BYTES));
    espsim_flash_close(&flash);
    assert_true(open_flash(&flash, path, 0));
    assert_int_equal(flash.bytes, 2 * SMALLEST_BYTES);
    assert_int_equal(flash.cells[2 * SMALLEST_BYTES - 1], 0x00);
    espsim_flash_close(&flash);
    assert_int_equal(file_bytes(), 2 * SMALLEST_BYTES);
}

static void a_new_flash_of_no_given_size_has_4_mib(void **state)
{
    (void)state;
    espsim_flash_t flash;
    assert_true(open_flash(&flash, path, 0));
    assert_int_equal(flash.bytes, 4 << 20);
    espsim_flash_close(&flash);
    assert_true(open_flash(&flash, NULL, 0));
    assert_int_equal(flash.bytes, 4 << 20);
    espsim_flash_close(&flash);
}

static void a_file_of_no_flash_size_is_refused_and_left_alone(void **state)
{
    (void)state;
    static const long sizes[] = {1, SMALLEST_BYTES / 2, SMALLEST_BYTES - 1, SMALLEST_BYTES + 1, 3 << 20, 1 << 28};
    for (size_t row = 0; row < sizeof(sizes) / sizeof(sizes[0]); row++) {
        espsim_flash_t flash;
        char number[24];
        make_file(sizes[row]);
        assert_false(open_flash(&flash, path, SMALLEST_BYTES));
        (void)snprintf(number, sizeof(number), "%ld bytes", sizes[row]);
        assert_non_null(strstr(message, path));
        assert_non_null(strstr(message, number));
        assert_non_null(strstr(message, "a power of two from 256 KiB to 128 MiB"));
        assert_null(flash.cells);
        assert_int_equal(file_bytes(), sizes[row]);
    }
}

static void a_size_that_no_flash_has_is_refused(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, SMALLEST_BYTES / 2, SMALLEST_BYTES + 1, 3 << 20, 1 << 28, UINT32_MAX};
    for (size_t row = 0; row < sizeof(sizes) / sizeof(sizes[0]); row++) {
        espsim_flash_t flash;
        char number[24];
        (void)snprintf(number, sizeof(number), "%u bytes", sizes[row]);
        assert_false(open_flash(&flash, NULL, sizes[row]));
        assert_non_null(strstr(message, number));
        assert_false(open_flash(&flash, path, sizes[row]));
        assert_int_equal(file_bytes(), -1); /* and no file is left behind */
    }
}

static void a_file_that_cannot_be_opened_is_told_with_its_name(void **state)
{
    (void)state;
    espsim_flash_t flash;
    assert_false(open_flash(&flash, "/nowhere/flash.bin", SMALLEST_BYTES));
    assert_non_null(strstr(message, "/nowhere/flash.bin: No such file or directory"));
    assert_false(open_flash(&flash, "/tmp", SMALLEST_BYTES));
    assert_non_null(strstr(message, "/tmp: Is a directory"));
    assert_null(flash.cells);
}

static void sizes_are_read_with_and_without_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t bytes;
    } rows[] = {
        {"4MB", 4 << 20},
        {"4mb", 4 << 20},
        {"4M", 4 << 20},
        {"16MB", 16 << 20},
        {"32MB", 32 << 20},
        {"64MB", 64 << 20},
        {"128MB", 128 << 20},
        {"1MB", 1 << 20},
        {"256KB", 256 << 10},
        {"512K", 512 << 10},
        {"512kB", 512 << 10},
        {"4096KB", 4 << 20},
        {"16384K", 16 << 20},
        {"4194304", 4 << 20},
        {"262144", 1 << 18},
        {"16777216", 1 << 24},
        {"0x400000", 4 << 20},
        {"", 0},
        {"MB", 0},
        {"4GB", 0},
        {"4 MB", 0},
        {"4MB ", 0},
        {"4MiB", 0},
        {"4B", 0},
        {"3MB", 0},
        {"128KB", 0},
        {"256MB", 0},
        {"0", 0},
        {"-4MB", 0},
        {"4.0MB", 0},
        {"4194303", 0},
        {"4294967296MB", 0},
        {"4398046511104", 0},
        {"-18446744073705357312", 0},
        {"17592186044420MB", 0},
        {"99999999999999999999", 0},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (espsim_flash_size_parse(rows[row].text) != rows[row].bytes) {
            fail_msg("\"%s\" is read as %u", rows[row].text, espsim_flash_size_parse(rows[row].text));
        }
    }
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(without_a_file_the_flash_is_blank_memory),
        IN_A_FOLDER(a_new_file_is_made_blank),
        IN_A_FOLDER(an_empty_file_counts_as_new),
        IN_A_FOLDER(the_file_holds_what_the_flash_holds_even_while_it_is_open),
        IN_A_FOLDER(content_is_kept_from_one_opening_to_the_next),
        IN_A_FOLDER(a_file_keeps_its_size_and_another_is_refused),
        IN_A_FOLDER(a_new_flash_of_no_given_size_has_4_mib),
        IN_A_FOLDER(a_file_of_no_flash_size_is_refused_and_left_alone),
        IN_A_FOLDER(a_size_that_no_flash_has_is_refused),
        IN_A_FOLDER(a_file_that_cannot_be_opened_is_told_with_its_name),
        IN_A_FOLDER(sizes_are_read_with_and_without_a_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
