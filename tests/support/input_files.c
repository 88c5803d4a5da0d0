/* SPDX-License-Identifier: Apache-2.0 */
#include "input_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "golden_images.h"

void put_file(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

void put_text(const char *path, const char *text)
{
    put_file(path, text, strlen(text));
}

void put_program(const char *path, uint8_t chip_id)
{
    uint8_t program[GOLDEN_PROGRAM_BYTES];
    golden_program_for(program, chip_id);
    put_file(path, program, sizeof(program));
}

void put_zeros(const char *path, off_t bytes)
{
    put_text(path, "");
    assert_int_equal(truncate(path, bytes), 0);
}

void put_build_files(void)
{
    put_program("boot.bin", CHIP_ESP32C3);
    put_program("app.bin", CHIP_ESP32C3);
    put_file("table.bin", golden_table, GOLDEN_TABLE_BYTES);
    put_zeros("ota.bin", 0x2000);
}

int inputs_set_up(void **state)
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

int inputs_tear_down(void **state)
{
    fixture_t *f = *state;
    inputs_free(&f->in);
    const int result = chdir("/") != 0 || nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0 ? -1 : 0;
    free(f);
    return result;
}

inputs_result_t load(fixture_t *f, const char *words)
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

void expect_loaded(fixture_t *f, const char *words, uint32_t count)
{
    if (load(f, words) != INPUTS_OK) {
        fail_msg("%s", f->message);
    }
    assert_int_equal(f->in.count, count);
}

void expect_text(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, text);
    }
}

void expect_refused(fixture_t *f, const char *words, inputs_result_t result, const char *part)
{
    const inputs_result_t got = load(f, words);
    expect_text(f->message, part);
    assert_int_equal(got, result);
    assert_int_equal(f->in.count, 0);
    assert_null(f->in.images);
}

void expect_image(const fixture_t *f, uint32_t i, const char *name, const char *title, const char *path,
                  reflash_kind_t kind, uint32_t flash_addr)
{
    assert_string_equal(f->in.names[i], name);
    assert_string_equal(f->in.titles[i], title);
    assert_string_equal(f->in.paths[i], path);
    assert_int_equal(f->in.images[i].kind, kind);
    assert_int_equal(f->in.images[i].flash_addr, flash_addr);
}
