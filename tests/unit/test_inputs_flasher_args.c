/* SPDX-License-Identifier: Apache-2.0 */
/* What flasher_args.json may say, and how the place of what is wrong in it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "input_files.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        INPUT_TEST(malformed_json_is_told_with_line_and_column),
        INPUT_TEST(flasher_args_with_a_wrong_field_are_refused_by_its_name),
        INPUT_TEST(images_to_be_encrypted_are_marked),
        INPUT_TEST(the_parser_needs_no_files),
        INPUT_TEST(flasher_args_cut_anywhere_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
