/* SPDX-License-Identifier: Apache-2.0 */
/* The loader and the flash: attaching it, plain writes block by block, erases and digests. Bytes to and from the
 * target are recorded from mask-ROM code or follow the protocol text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conversation.h"
#include "hex.h"

static conversation_t talk;

#define expect_fault(code, cause, command, reason) conversation_expect_fault(&talk, code, cause, command, reason)
#define expect_no_fault() conversation_expect_no_fault(&talk)
#define play(script) scripted_port_play(&talk.port, script)

/* --- Attaching the flash --------------------------------------------------------------------------- */

static void the_flash_is_attached_within_ten_questions_after_sync(void **state)
{
    (void)state;
    conversation_attach(&talk);
    assert_in_range(talk.port.requests - 1, 1, 10);
}

static void the_flash_of_an_esp32c3_is_attached_through_its_own_registers(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    conversation_connect_c3(&talk);
    play(ATTACHED " >c0000a04000000000018200060c0 <c0010a04000403028100000000c0"
                  " >c0000a04000000000020200060c0 <c0010a04000500007000000000c0"
                  " >c00009500000000000"
                  "2820006017000000ffffffff00000000"
                  "1820006000000090ffffffff00000000"
                  "202000609f000070ffffffff00000000"
                  "5820006000000000ffffffff00000000"
                  "0020006000000400ffffffff00000000c0 <" RECORDED_WRITE_REG_ANSWER
                  " >c0000a04000000000000200060c0 <c0010a04000000000000000000c0"
                  " >c0000a04000000000058200060c0 <c0010a0400c840160000000000c0"
                  " >c00009200000000000"
                  "1820006004030281ffffffff00000000"
                  "2020006005000070ffffffff00000000c0 <" RECORDED_WRITE_REG_ANSWER SET_PARAMS("00004000"));
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    expect_no_fault();
    assert_in_range(talk.port.requests - 1, 1, 10);
}

/* Attach a flash with this id; the script expects its size to be told if it is not 0. */
static esp_loader_error_t detect(const char *id_hex, uint32_t expected_bytes, uint32_t *flash_bytes)
{
    char script[200];
    conversation_connect(&talk);
    play(ATTACHED READ_ID_STARTS READ_CMD_DONE);
    (void)snprintf(script, sizeof(script), READ_W0("%s"), id_hex);
    play(script);
    play(READ_ID_ENDS);
    if (expected_bytes > 0) {
        char size_hex[9];
        (void)snprintf(size_hex, sizeof(size_hex), "%02x%02x%02x%02x", (unsigned)(expected_bytes & 0xFF),
                       (unsigned)(expected_bytes >> 8 & 0xFF), (unsigned)(expected_bytes >> 16 & 0xFF),
                       (unsigned)(expected_bytes >> 24));
        (void)snprintf(script, sizeof(script), SET_PARAMS("%s"), size_hex);
        play(script);
    }
    return esp_loader_flash_detect_size(&talk.loader, flash_bytes);
}

static void every_jedec_id_that_tells_a_size_is_understood(void **state)
{
    (void)state;
    static const struct {
        const char *id_hex; /* vendor, type, size code */
        uint32_t kib;
    } parts[] = {
        /* most vendors: log2 of the size */
        {"ef401200", 256},
        {"ef401300", 512},
        {"ef401400", 1024},
        {"c8401500", 2048},
        {"c8401600", 4096},
        {"20401700", 8192},
        {"ef401800", 16384},
        {"ef401900", 32768},
        {"c2201a00", 65536},
        {"c2201b00", 131072},
        {"c2201c00", 262144},
        /* beyond 32 MiB in another count */
        {"ef402000", 65536},
        {"ef402100", 131072},
        {"ef402200", 262144},
        /* some low-voltage parts */
        {"c2253200", 256},
        {"c2253300", 512},
        {"c2253400", 1024},
        {"c2253500", 2048},
        {"c2253600", 4096},
        {"c2253700", 8192},
        {"c2253800", 16384},
        {"c2253900", 32768},
        {"c2253a00", 65536},
        /* Adesto: in the low bits of the type */
        {"1f840100", 512},
        {"1f450100", 1024},
        {"1f460100", 2048},
        {"1f470100", 4096},
        {"1f480100", 8192},
        {"1f890100", 16384},
        /* a fourth byte is not part of it */
        {"c84016ff", 4096},
    };
    for (size_t row = 0; row < sizeof(parts) / sizeof(parts[0]); row++) {
        uint32_t flash_bytes = 0;
        assert_int_equal(detect(parts[row].id_hex, parts[row].kib * 1024, &flash_bytes), ESP_LOADER_SUCCESS);
        expect_no_fault();
        assert_int_equal(flash_bytes, parts[row].kib * 1024);
    }
}

static void an_id_that_tells_no_size_is_an_unsupported_chip_and_no_size_is_guessed(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "ffffff00", "00000000", "3fffff00", "ef401100", "ef401d00", "ef401f00",
        "ef402300", "ef403100", "ef403b00", "ef408000", "1f400100", "1f420100",
    };
    for (size_t row = 0; row < sizeof(ids) / sizeof(ids[0]); row++) {
        uint32_t flash_bytes = 0x5A5A5A5A;
        assert_int_equal(detect(ids[row], 0, &flash_bytes), ESP_LOADER_ERROR_UNSUPPORTED_CHIP);
        expect_fault(ESP_LOADER_ERROR_UNSUPPORTED_CHIP, REFLASH_CAUSE_UNKNOWN_FLASH, 0, 0);
        assert_int_equal(flash_bytes, 0x5A5A5A5A);
    }
}

static void a_flash_that_did_not_answer_is_asked_again_by_the_next_call(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    assert_int_equal(detect("ffffff00", 0, &flash_bytes), ESP_LOADER_ERROR_UNSUPPORTED_CHIP);
    play(ATTACH_4_MB);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    expect_no_fault();
}

static void an_attached_flash_is_not_attached_again(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    uint8_t digest[16];
    conversation_attach(&talk);
    conversation_play_times(&talk, 3, " >" RECORDED_MD5); /* a fault in between changes nothing */
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    expect_no_fault();
}

static void a_busy_spi_controller_is_polled(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    conversation_connect(&talk);
    play(ATTACHED READ_ID_STARTS);
    conversation_play_times(&talk, 9, READ_CMD_BUSY);
    play(READ_CMD_DONE READ_W0("c8401600") READ_ID_ENDS SET_PARAMS("00004000"));
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    assert_int_equal(flash_bytes, 0x400000);
    expect_no_fault();
}

static void an_spi_controller_that_stays_busy_is_a_timeout_and_gets_its_registers_back(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    conversation_connect(&talk);
    play(ATTACHED READ_ID_STARTS);
    conversation_play_times(&talk, 10, READ_CMD_BUSY);
    play(READ_W0("00000000") READ_ID_ENDS);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_ERROR_TIMEOUT);
    scripted_port_expect_end(&talk.port);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_UNKNOWN_FLASH);
}

static void refused_flash_parameters_leave_the_flash_unattached(void **state)
{
    (void)state;
    uint32_t flash_bytes = 0;
    conversation_connect(&talk);
    play(ATTACHED READ_ID("c8401600"));
    conversation_play_times(&talk, 3, " >" RECORDED_SPI_SET_PARAMS " <c0010b0400831df00001050000c0");
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x0B, 0x05);
    play(ATTACH_4_MB);
    assert_int_equal(esp_loader_flash_detect_size(&talk.loader, &flash_bytes), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

/* --- Writing --------------------------------------------------------------------------------------- */

#define MD5_ANSWER(digits_hex) "c00113240000000000" digits_hex "00000000c0"
/* MD5 of the two recorded blocks and of 11 22 .. 88, as ASCII digits. */
#define DIGITS_OF_RECORDED_BLOCKS "6339303233653930316164323764313564393166656437616664353334326435"
#define DIGITS_OF_ELEVEN_TO_88 "6464323534636463393538653533616261613637646139663739373132356635"

static void recorded_block(uint8_t data[256], unsigned block)
{
    for (unsigned i = 0; i < 256; i++) {
        data[i] = (uint8_t)(7 * i + (i * i >> 4) + 31 * (block + 1));
    }
}

static void write_recorded_image(esp_loader_flash_cfg_t *cfg, bool skip_verify)
{
    uint8_t data[256];
    *cfg = (esp_loader_flash_cfg_t){.offset = 0x1000, .image_size = 512, .block_size = 256, .skip_verify = skip_verify};
    assert_int_equal(esp_loader_flash_start(&talk.loader, cfg), ESP_LOADER_SUCCESS);
    for (unsigned block = 0; block < 2; block++) {
        recorded_block(data, block);
        assert_int_equal(esp_loader_flash_write(&talk.loader, cfg, data, sizeof(data)), ESP_LOADER_SUCCESS);
    }
    expect_no_fault();
}

#define WRITE_RECORDED_IMAGE                                                                                           \
    " >" RECORDED_FLASH_BEGIN " <" RECORDED_FLASH_BEGIN_ANSWER " >" RECORDED_BLOCK_0 " <" RECORDED_FLASH_DATA_ANSWER   \
    " >" RECORDED_BLOCK_1 " <" RECORDED_FLASH_DATA_ANSWER

static void a_write_sends_the_recorded_bytes_and_is_proved_by_its_md5(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg;
    conversation_attach(&talk);
    play(WRITE_RECORDED_IMAGE);
    write_recorded_image(&cfg, false);
    play(">c0001310000000000000100000000200000000000000000000c0 <" MD5_ANSWER(DIGITS_OF_RECORDED_BLOCKS));
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void an_esp32c3_wants_five_words_to_begin(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 512, .block_size = 256};
    conversation_connect_c3(&talk);
    talk.loader._flash_bytes = 0x400000; /* as if attached: that is another test */
    play(">" RECORDED_FLASH_BEGIN_C3 " <c0010204006f50311b00000000c0");
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_write_that_the_flash_does_not_hold_is_an_invalid_md5(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg;
    conversation_attach(&talk);
    play(WRITE_RECORDED_IMAGE);
    write_recorded_image(&cfg, false);
    play(">c0001310000000000000100000000200000000000000000000c0 <" RECORDED_MD5_ANSWER);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_MD5);
    expect_fault(ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH, 0, 0);
}

static void a_write_without_verification_ends_without_a_question(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg;
    conversation_attach(&talk);
    play(WRITE_RECORDED_IMAGE);
    write_recorded_image(&cfg, true);
    assert_int_equal(esp_loader_flash_start(&talk.loader, NULL), ESP_LOADER_ERROR_INVALID_PARAM); /* forgotten by: */
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void the_same_configuration_can_be_used_for_another_write(void **state)
{
    (void)state;
    uint8_t data[256];
    esp_loader_flash_cfg_t cfg;
    conversation_attach(&talk);
    play(WRITE_RECORDED_IMAGE);
    write_recorded_image(&cfg, false);
    play(WRITE_RECORDED_IMAGE
         " >c0001310000000000000100000000200000000000000000000c0 <" MD5_ANSWER(DIGITS_OF_RECORDED_BLOCKS));
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    for (unsigned block = 0; block < 2; block++) {
        recorded_block(data, block);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, data, sizeof(data)), ESP_LOADER_SUCCESS);
    }
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

/* A block's payload: header (length, number, 0, 0) and four bytes. */
#define BLOCK(checksum, number, data) "c000031400" checksum "00000004000000" number "0000000000000000000000" data "c0"
#define BEGIN_BYTES(count) " >c00002100000000000" count "000000010000000400000000000000c0 <" RECORDED_FLASH_BEGIN_ANSWER

static void only_the_end_of_an_image_is_padded_and_with_ff(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        uint8_t data[4];
        uint32_t bytes;
    } cases[] = {
        {BEGIN_BYTES("01") " >" BLOCK("bb", "00", "abffffff"), {0xAB}, 1},
        {BEGIN_BYTES("02") " >" BLOCK("89", "00", "abcdffff"), {0xAB, 0xCD}, 2},
        {BEGIN_BYTES("03") " >" BLOCK("10", "00", "010203ff"), {1, 2, 3}, 3},
        {BEGIN_BYTES("04") " >" BLOCK("eb", "00", "01020304"), {1, 2, 3, 4}, 4},
    };
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        esp_loader_flash_cfg_t cfg = {
            .offset = 0, .image_size = cases[row].bytes, .block_size = 4, .skip_verify = true};
        conversation_attach(&talk);
        play(cases[row].script);
        play("<" RECORDED_FLASH_DATA_ANSWER);
        assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, cases[row].data, cases[row].bytes),
                         ESP_LOADER_SUCCESS);
        expect_no_fault();
    }
}

static void end_and_escape_bytes_are_escaped_in_address_checksum_and_data(void **state)
{
    (void)state;
    static const uint8_t ends[] = {0xC0, 0xDB, 0xC0, 0xDB};
    static const uint8_t with_checksum_c0[] = {0x2F, 0, 0, 0};
    esp_loader_flash_cfg_t cfg = {.offset = 0xDBC000, .image_size = 8, .block_size = 4, .skip_verify = true};
    uint32_t flash_bytes = 0;
    assert_int_equal(detect("ef401800", 16u << 20, &flash_bytes), ESP_LOADER_SUCCESS);
    play(">c0000210000000000008000000020000000400000000dbdcdbdd00c0 <" RECORDED_FLASH_BEGIN_ANSWER
         " >" BLOCK("ef", "00", "dbdcdbdddbdcdbdd") " <" RECORDED_FLASH_DATA_ANSWER " >" BLOCK(
             "dbdc", "01", "2f000000") " <" RECORDED_FLASH_DATA_ANSWER);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, ends, 4), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, with_checksum_c0, 4), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

/* Escaped bytes are gathered before they are sent: wherever a gathered piece ends, nothing is lost or doubled. */
static void a_block_of_any_length_and_any_escapes_is_sent_whole(void **state)
{
    (void)state;
    conversation_attach(&talk);
    for (unsigned bytes = 4; bytes <= 160; bytes += 4) {
        for (unsigned zeros = 0; zeros <= 3; zeros++) {
            char script[1000];
            uint8_t data[160] = {0};
            esp_loader_flash_cfg_t cfg = {.offset = 0, .image_size = bytes, .block_size = bytes, .skip_verify = true};
            int length = snprintf(script, sizeof(script),
                                  ">c000021000"
                                  "00000000"
                                  "%02x000000"
                                  "01000000"
                                  "%02x000000"
                                  "00000000c0 <%s "
                                  ">c00003%02x00"
                                  "%s000000"
                                  "%02x000000"
                                  "00000000"
                                  "0000000000000000"
                                  "%.*s",
                                  bytes, bytes, RECORDED_FLASH_BEGIN_ANSWER, 16 + bytes,
                                  (bytes - zeros) % 2 != 0 ? "2f" : "ef", bytes, 2 * (int)zeros, "000000");
            for (unsigned at = zeros; at < bytes; at++) {
                data[at] = 0xC0;
                length += snprintf(&script[length], sizeof(script) - (size_t)length, "dbdc");
            }
            (void)snprintf(&script[length], sizeof(script) - (size_t)length, "c0 <%s", RECORDED_FLASH_DATA_ANSWER);
            scripted_port_rewind(&talk.port);
            play(script);
            assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
            assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, data, bytes), ESP_LOADER_SUCCESS);
            expect_no_fault();
        }
    }
}

static void the_largest_block_of_a_rom_is_6144_bytes(void **state)
{
    (void)state;
    static char script[2 * 6300];
    static const uint8_t zeros[0x1800];
    esp_loader_flash_cfg_t cfg = {.offset = 0, .image_size = 0x1800, .block_size = 0x1800, .skip_verify = true};
    conversation_attach(&talk);
    play(">c0000210000000000000180000010000000018000000000000c0 <" RECORDED_FLASH_BEGIN_ANSWER);
    int length = snprintf(script, sizeof(script), ">c000031018ef00000000180000%s", "000000000000000000000000");
    for (unsigned byte = 0; byte < sizeof(zeros); byte++) {
        length += snprintf(&script[length], sizeof(script) - (size_t)length, "00");
    }
    (void)snprintf(&script[length], sizeof(script) - (size_t)length, "c0 <" RECORDED_FLASH_DATA_ANSWER);
    play(script);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, zeros, sizeof(zeros)), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_refused_begin_is_told_with_its_reason(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 512, .block_size = 256};
    conversation_attach(&talk);
    conversation_play_times(&talk, 3, " >" RECORDED_FLASH_BEGIN " <" RECORDED_FLASH_BEGIN_REFUSED);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x02, 0x06);
}

static const uint8_t block_data[8] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};

static void a_write_that_was_not_begun_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 512, .block_size = 256};
    conversation_attach(&talk);
    conversation_play_times(&talk, 3, " >" RECORDED_FLASH_BEGIN " <" RECORDED_FLASH_BEGIN_REFUSED);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_RESPONSE);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, block_data, 4), ESP_LOADER_ERROR_INVALID_PARAM);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
    expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
}

static void a_write_that_ends_before_all_was_written_is_no_success(void **state)
{
    (void)state;
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 512, .block_size = 256, .skip_verify = true};
    conversation_attach(&talk);
    play(" >" RECORDED_FLASH_BEGIN " <" RECORDED_FLASH_BEGIN_ANSWER);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_IMAGE_SIZE);
    assert_int_equal(esp_loader_flash_finish(&talk.loader, &cfg), ESP_LOADER_ERROR_INVALID_PARAM);
}

/* --- Blocks that go wrong -------------------------------------------------------------------------- */

#define FIRST(number) " >" BLOCK("ab", number, "11223344")
#define SECOND(number) " >" BLOCK("23", number, "55667788")
#define TAKEN " <" RECORDED_FLASH_DATA_ANSWER
#define BAD_CHECKSUM " <" RECORDED_FLASH_DATA_BAD_CHECKSUM
#define WRONG_NUMBER " <" RECORDED_FLASH_DATA_WRONG_SEQUENCE
#define NOT_WRITTEN " <" RECORDED_FLASH_DATA_NOT_WRITTEN
#define NOISE " <c00103040083"

static esp_loader_flash_cfg_t block_cfg;

/* Begin an image of two blocks of four bytes and write the first one. */
static esp_loader_error_t write_first_block(const char *script)
{
    block_cfg = (esp_loader_flash_cfg_t){.offset = 0, .image_size = 8, .block_size = 4};
    conversation_attach(&talk);
    play(">c0000210000000000008000000020000000400000000000000c0 <" RECORDED_FLASH_BEGIN_ANSWER);
    play(script);
    assert_int_equal(esp_loader_flash_start(&talk.loader, &block_cfg), ESP_LOADER_SUCCESS);
    return esp_loader_flash_write(&talk.loader, &block_cfg, block_data, 4);
}

static void a_block_that_goes_wrong_is_repeated_as_the_rom_counts(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        /* A wrong checksum uses up the number. */
        FIRST("00") BAD_CHECKSUM FIRST("01") TAKEN SECOND("02") TAKEN,
        FIRST("00") BAD_CHECKSUM FIRST("01") BAD_CHECKSUM FIRST("02") BAD_CHECKSUM FIRST("03") TAKEN SECOND("04") TAKEN,
        /* The question was lost: its number is still free. */
        FIRST("00") FIRST("00") TAKEN SECOND("01") TAKEN,
        FIRST("00") FIRST("00") FIRST("00") FIRST("00") TAKEN SECOND("01") TAKEN,
        /* The answer was lost: the number is refused, so the block is there. */
        FIRST("00") FIRST("00") WRONG_NUMBER SECOND("01") TAKEN,
        FIRST("00") NOISE FIRST("00") WRONG_NUMBER SECOND("01") TAKEN,
        FIRST("00") FIRST("00") NOISE FIRST("00") WRONG_NUMBER SECOND("01") TAKEN,
        /* The question was lost, and then damaged. */
        FIRST("00") FIRST("00") BAD_CHECKSUM FIRST("01") TAKEN SECOND("02") TAKEN,
        /* An answer to something else is not an answer. */
        FIRST("00") " <" RECORDED_SYNC_ANSWER FIRST("00") TAKEN SECOND("01") TAKEN,
        /* The same for a later block. */
        FIRST("00") TAKEN SECOND("01") BAD_CHECKSUM SECOND("02") TAKEN,
        FIRST("00") TAKEN SECOND("01") SECOND("01") WRONG_NUMBER,
    };
    for (size_t row = 0; row < sizeof(scripts) / sizeof(scripts[0]); row++) {
        assert_int_equal(write_first_block(scripts[row]), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, &block_data[4], 4), ESP_LOADER_SUCCESS);
        expect_no_fault();
        /* The digest covers each block once. */
        play(">c0001310000000000000000000080000000000000000000000c0 <" MD5_ANSWER(DIGITS_OF_ELEVEN_TO_88));
        assert_int_equal(esp_loader_flash_finish(&talk.loader, &block_cfg), ESP_LOADER_SUCCESS);
        expect_no_fault();
    }
}

static void a_block_that_cannot_be_written_is_told_with_the_last_reason(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        esp_loader_error_t expected;
        reflash_cause_t cause;
        uint8_t reason;
    } cases[] = {
        /* refused for good */
        {FIRST("00") WRONG_NUMBER, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x05},
        {FIRST("00") NOT_WRITTEN, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x08},
        {FIRST("00") " <c001030400831df00001060000c0", ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x06},
        {FIRST("00") FIRST("00") NOT_WRITTEN, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x08},
        {FIRST("00") BAD_CHECKSUM FIRST("01") WRONG_NUMBER, ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED,
         0x05},
        /* four times in a row */
        {FIRST("00") FIRST("00") FIRST("00") FIRST("00"), ESP_LOADER_ERROR_TIMEOUT, REFLASH_CAUSE_SILENCE, 0},
        {FIRST("00") NOISE FIRST("00") NOISE FIRST("00") NOISE FIRST("00") NOISE, ESP_LOADER_ERROR_INVALID_RESPONSE,
         REFLASH_CAUSE_NONSENSE, 0},
        {FIRST("00") BAD_CHECKSUM FIRST("01") BAD_CHECKSUM FIRST("02") BAD_CHECKSUM FIRST("03") BAD_CHECKSUM,
         ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x07},
    };
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        assert_int_equal(write_first_block(cases[row].script), cases[row].expected);
        expect_fault(cases[row].expected, cases[row].cause, 0x03, cases[row].reason);
    }
}

static void a_block_that_failed_may_be_written_again(void **state)
{
    (void)state;
    assert_int_equal(write_first_block(FIRST("00") FIRST("00") FIRST("00") FIRST("00")), ESP_LOADER_ERROR_TIMEOUT);
    play(FIRST("00") TAKEN SECOND("01") TAKEN);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, block_data, 4), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, &block_data[4], 4), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_broken_port_ends_a_block_at_once(void **state)
{
    (void)state;
    for (unsigned reading = 0; reading < 2; reading++) {
        block_cfg = (esp_loader_flash_cfg_t){.offset = 0, .image_size = 8, .block_size = 4};
        conversation_attach(&talk);
        play(">c0000210000000000008000000020000000400000000000000c0 <" RECORDED_FLASH_BEGIN_ANSWER);
        assert_int_equal(esp_loader_flash_start(&talk.loader, &block_cfg), ESP_LOADER_SUCCESS);
        talk.port.write_error = ESP_LOADER_ERROR_FAIL;
        talk.port.read_error = ESP_LOADER_ERROR_FAIL;
        if (reading != 0) {
            talk.port.fail_read_call = talk.port.read_calls + 1;
            play(FIRST("00"));
        } else {
            talk.port.fail_write_call = talk.port.write_calls + 1;
        }
        assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, block_data, 4), ESP_LOADER_ERROR_FAIL);
        expect_fault(ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_PORT, 0x03, 0);
    }
}

static void a_port_that_breaks_in_the_middle_of_a_block_is_not_asked_again(void **state)
{
    (void)state;
    uint8_t data[256];
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = 512, .block_size = 256};
    for (uint32_t call = 1; call <= 4; call++) {
        conversation_attach(&talk);
        play(">" RECORDED_FLASH_BEGIN " <" RECORDED_FLASH_BEGIN_ANSWER " >" RECORDED_BLOCK_0);
        assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_SUCCESS);
        talk.port.write_error = ESP_LOADER_ERROR_FAIL;
        talk.port.fail_write_call = talk.port.write_calls + call;
        recorded_block(data, 0);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &cfg, data, sizeof(data)), ESP_LOADER_ERROR_FAIL);
        assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_PORT);
        assert_int_equal(talk.port.write_calls, talk.port.fail_write_call);
    }
}

/* --- Erasing --------------------------------------------------------------------------------------- */

static void a_region_is_erased_by_beginning_a_write(void **state)
{
    (void)state;
    conversation_attach(&talk);
    play(">c0000210000000000000200000020000000018000000300000c0 <" RECORDED_FLASH_BEGIN_ANSWER);
    assert_int_equal(esp_loader_flash_erase_region(&talk.loader, 0x3000, 0x2000), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void the_whole_flash_is_erased_by_its_size(void **state)
{
    (void)state;
    conversation_connect(&talk);
    play(ATTACH_4_MB " >c0000210000000000000004000ab0200000018000000000000c0 <" RECORDED_FLASH_BEGIN_ANSWER);
    assert_int_equal(esp_loader_flash_erase(&talk.loader), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void an_erase_is_given_the_time_of_a_worn_part(void **state)
{
    (void)state;
    enum { WORN_BLOCK_MS = 2000, BLOCK_BYTES = 1 << 16 };
    static const struct {
        const char *id_hex, *begin;
        uint32_t bytes;
    } parts[] = {
        {"c8401600", ">c0000210000000000000004000ab0200000018000000000000c0", 4u << 20},
        {"ef401800", ">c0000210000000000000000001ab0a00000018000000000000c0", 16u << 20},
        /* A mask ROM does not reach the end of the others; a stub erases all at once. */
        {"c2201a00", ">c000d0000000000000c0", 64u << 20},
        {"c2201b00", ">c000d0000000000000c0", 128u << 20},
        {"c2201c00", ">c000d0000000000000c0", 256u << 20},
    };
    static const reflash_stub_t stub;
    for (size_t row = 0; row < sizeof(parts) / sizeof(parts[0]); row++) {
        uint32_t flash_bytes = 0;
        assert_int_equal(detect(parts[row].id_hex, parts[row].bytes, &flash_bytes), ESP_LOADER_SUCCESS);
        const bool by_stub = parts[row].bytes > 16u << 20;
        talk.loader._stub = by_stub ? &stub : NULL;
        talk.loader._status_bytes = by_stub ? 2 : 4;
        play(parts[row].begin);
        play(by_stub ? "<c001d0020000000000"
                       "0000c0"
                     : "<" RECORDED_FLASH_BEGIN_ANSWER);
        assert_int_equal(esp_loader_flash_erase(&talk.loader), ESP_LOADER_SUCCESS);
        expect_no_fault();
        const uint32_t worn_ms = parts[row].bytes / BLOCK_BYTES * WORN_BLOCK_MS;
        assert_in_range(talk.port.timer_ms, worn_ms, 2 * worn_ms);
    }
}

/* --- Digests --------------------------------------------------------------------------------------- */

#define RECORDED_DIGEST "105353c36255133d3adbf3bfe692c3a5"

static const uint8_t *text(const char *digits)
{
    return (const uint8_t *)digits;
}

static void a_known_md5_matches_in_any_case(void **state)
{
    (void)state;
    static const char *const digits[] = {RECORDED_DIGEST, "105353C36255133D3ADBF3BFE692C3A5",
                                         "105353C36255133d3aDbF3bFe692c3A5"};
    conversation_attach(&talk);
    for (size_t row = 0; row < sizeof(digits) / sizeof(digits[0]); row++) {
        uint8_t unterminated[32];
        memcpy(unterminated, digits[row], sizeof(unterminated));
        play(">" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
        assert_int_equal(esp_loader_flash_verify_known_md5(&talk.loader, 0, 256, unterminated), ESP_LOADER_SUCCESS);
        expect_no_fault();
    }
}

static void a_known_md5_that_differs_in_any_digit_is_told(void **state)
{
    (void)state;
    conversation_attach(&talk);
    for (unsigned digit = 0; digit < 32; digit++) {
        char digits[33] = RECORDED_DIGEST;
        digits[digit] = digits[digit] == '0' ? '1' : '0';
        play(">" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
        assert_int_equal(esp_loader_flash_verify_known_md5(&talk.loader, 0, 256, text(digits)),
                         ESP_LOADER_ERROR_INVALID_MD5);
        expect_fault(ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH, 0, 0);
    }
}

static void a_known_md5_that_is_no_hex_text_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    static const char not_digits[] = "gG/:@`xX \n\x7f";
    conversation_attach(&talk);
    for (unsigned digit = 0; digit < 32; digit++) {
        for (size_t at = 0; at < sizeof(not_digits); at++) { /* the zero at its end as well */
            char digits[33] = RECORDED_DIGEST;
            digits[digit] = not_digits[at];
            assert_int_equal(esp_loader_flash_verify_known_md5(&talk.loader, 0, 256, text(digits)),
                             ESP_LOADER_ERROR_INVALID_PARAM);
            expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
        }
    }
}

static void raw_digests_are_the_same_bytes(void **state)
{
    (void)state;
    uint8_t digest[17] = {[16] = 0xAA};
    conversation_attach(&talk);
    play(">" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_SUCCESS);
    assert_bytes(digest, sizeof(digest), RECORDED_DIGEST "aa");
    play(">" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
    assert_int_equal(reflash_flash_verify_md5(&talk.loader, 0, 256, digest), ESP_LOADER_SUCCESS);
    expect_no_fault();
    for (unsigned byte = 0; byte < 16; byte++) {
        digest[byte] ^= 0x01;
        play(">" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
        assert_int_equal(reflash_flash_verify_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_INVALID_MD5);
        expect_fault(ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH, 0, 0);
        digest[byte] ^= 0x01;
    }
}

static void a_digest_is_asked_for_with_the_flash_attached(void **state)
{
    (void)state;
    conversation_connect(&talk);
    play(ATTACH_4_MB " >" RECORDED_MD5 " <" RECORDED_MD5_ANSWER);
    assert_int_equal(esp_loader_flash_verify_known_md5(&talk.loader, 0, 256, text(RECORDED_DIGEST)),
                     ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_refused_digest_is_no_mismatch(void **state)
{
    (void)state;
    uint8_t digest[16];
    conversation_attach(&talk);
    conversation_play_times(&talk, 3, " >" RECORDED_MD5 " <" RECORDED_MD5_REFUSED);
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_REFUSED, 0x13, 0x09);
}

static void a_digest_that_is_no_hex_text_is_nonsense(void **state)
{
    (void)state;
    uint8_t digest[16];
    conversation_attach(&talk);
    play(">" RECORDED_MD5 " <c001132400000000003130353335336333363235353133336433616462663362666536393263336167"
         "00000000c0");
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_INVALID_RESPONSE);
    scripted_port_expect_end(&talk.port);
    assert_int_equal(reflash_last_fault(&talk.loader).cause, REFLASH_CAUSE_NONSENSE);
}

static void a_digest_of_another_length_is_not_taken(void **state)
{
    (void)state;
    uint8_t digest[16];
    conversation_attach(&talk);
    /* Seen from a real stub: 16 raw bytes and two of status. */
    conversation_play_times(&talk, 3, " >" RECORDED_MD5 " <c00113120000000000cdd4ffc5dc711fb48d033ccfa4154e300000c0");
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0x13, 0);
}

static void a_digest_is_given_the_time_of_the_slowest_rom(void **state)
{
    (void)state;
    enum { SLOWEST_MS_PER_MIB = 6000 };
    uint8_t digest[16];
    conversation_attach(&talk);
    play(">c0001310000000000000000000000040000000000000000000c0 <" RECORDED_MD5_ANSWER);
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 4u << 20, digest), ESP_LOADER_SUCCESS);
    expect_no_fault();
    assert_in_range(talk.port.timer_ms, 4 * SLOWEST_MS_PER_MIB, 8 * SLOWEST_MS_PER_MIB);
}

/* --- Ranges and arguments -------------------------------------------------------------------------- */

static void a_range_up_to_the_end_of_the_flash_is_asked_for(void **state)
{
    (void)state;
    uint8_t digest[16];
    conversation_attach(&talk);
    play(">c00013100000000000ffff3f00010000000000000000000000c0 <" RECORDED_MD5_ANSWER);
    assert_int_equal(reflash_flash_md5(&talk.loader, 0x3FFFFF, 1, digest), ESP_LOADER_SUCCESS);
    play(">c0001310000000000000004000000000000000000000000000c0 <" RECORDED_MD5_ANSWER);
    assert_int_equal(reflash_flash_md5(&talk.loader, 0x400000, 0, digest), ESP_LOADER_SUCCESS);
    play(">c0000210000000000000100000010000000018000000f03f00c0 <" RECORDED_FLASH_BEGIN_ANSWER);
    assert_int_equal(esp_loader_flash_erase_region(&talk.loader, 0x3FF000, 0x1000), ESP_LOADER_SUCCESS);
    expect_no_fault();
}

static void a_range_beyond_the_flash_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    static const struct {
        uint32_t flash_addr, bytes;
    } ranges[] = {
        {0x3FF000, 0x2000},   {0x400000, 0x1000},       {0, 0x401000},
        {0x1000, 0x400000},   {0xFFFFF000, 0x1000},     {0xFFFFF000, 0x2000}, /* the sum wraps */
        {0x1000, 0xFFFFF000}, {0xFFFFF000, 0xFFFFF000}, {0x80000000, 0x80000000},
    };
    conversation_attach(&talk);
    for (size_t row = 0; row < sizeof(ranges) / sizeof(ranges[0]); row++) {
        const uint32_t flash_addr = ranges[row].flash_addr;
        const uint32_t bytes = ranges[row].bytes;
        uint8_t digest[16] = {0};
        esp_loader_flash_cfg_t cfg = {.offset = flash_addr, .image_size = bytes, .block_size = 1024};
        assert_int_equal(esp_loader_flash_start(&talk.loader, &cfg), ESP_LOADER_ERROR_IMAGE_SIZE);
        assert_int_equal(esp_loader_flash_erase_region(&talk.loader, flash_addr, bytes), ESP_LOADER_ERROR_IMAGE_SIZE);
        assert_int_equal(reflash_flash_md5(&talk.loader, flash_addr, bytes, digest), ESP_LOADER_ERROR_IMAGE_SIZE);
        assert_int_equal(reflash_flash_verify_md5(&talk.loader, flash_addr, bytes, digest),
                         ESP_LOADER_ERROR_IMAGE_SIZE);
        assert_int_equal(esp_loader_flash_verify_known_md5(&talk.loader, flash_addr, bytes, text(RECORDED_DIGEST)),
                         ESP_LOADER_ERROR_IMAGE_SIZE);
        expect_fault(ESP_LOADER_ERROR_IMAGE_SIZE, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
}

static esp_loader_error_t start_with(uint32_t offset, uint32_t image_size, uint32_t block_size)
{
    esp_loader_flash_cfg_t cfg = {.offset = offset, .image_size = image_size, .block_size = block_size};
    return esp_loader_flash_start(&talk.loader, &cfg);
}

/* Calls whose arguments are outside their range whatever the flash holds; the script being empty, none of them
 * may send a byte. False: there is no call of this number. */
static bool call_badly(unsigned number, esp_loader_error_t *err)
{
    esp_loader_t *loader = &talk.loader;
    reflash_image_t image = {.bytes = 8, .data = block_data};
    reflash_job_t job = {.block_bytes = 0};
    switch (number) {
    case 0:
        *err = esp_loader_flash_start(loader, NULL);
        return true;
    case 1:
        *err = start_with(0, 0, 1024);
        return true;
    case 2:
        *err = start_with(1, 4096, 1024);
        return true;
    case 3:
        *err = start_with(0x800, 4096, 1024);
        return true;
    case 4:
        *err = start_with(0, 4096, 0);
        return true;
    case 5:
        *err = start_with(0, 4096, 1026);
        return true;
    case 6:
        *err = start_with(0, 4096, 0x1804);
        return true;
    case 7:
        *err = esp_loader_flash_finish(loader, NULL);
        return true;
    case 8:
        *err = esp_loader_flash_detect_size(loader, NULL);
        return true;
    case 9:
        *err = esp_loader_flash_verify_known_md5(loader, 0, 256, NULL);
        return true;
    case 10:
        *err = esp_loader_flash_erase_region(loader, 0x800, 0x1000);
        return true;
    case 11:
        *err = esp_loader_flash_erase_region(loader, 0x1000, 0x800);
        return true;
    case 12:
        *err = esp_loader_flash_erase_region(loader, 0x1000, 0);
        return true;
    case 13:
        *err = reflash_update(loader, NULL, 1, &job);
        return true;
    case 14:
        *err = reflash_update(loader, &image, 0, &job);
        return true;
    case 15:
        *err = reflash_update(loader, &image, 1, NULL);
        return true;
    case 16:
        *err = reflash_flash_md5(loader, 0, 256, NULL);
        return true;
    case 17:
        *err = reflash_flash_verify_md5(loader, 0, 256, NULL);
        return true;
    default:
        return false;
    }
}

static void a_bad_argument_is_refused_and_nothing_is_sent(void **state)
{
    (void)state;
    esp_loader_error_t err;
    conversation_attach(&talk);
    for (unsigned number = 0; call_badly(number, &err); number++) {
        assert_int_equal(err, ESP_LOADER_ERROR_INVALID_PARAM);
        expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
}

static void a_bad_argument_does_not_even_attach_the_flash(void **state)
{
    (void)state;
    esp_loader_error_t err;
    conversation_connect(&talk);
    for (unsigned number = 0; call_badly(number, &err); number++) {
        assert_int_equal(err, ESP_LOADER_ERROR_INVALID_PARAM);
        expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
}

static void a_bad_argument_is_not_told_with_the_command_and_reason_of_the_fault_before(void **state)
{
    (void)state;
    esp_loader_error_t err = ESP_LOADER_SUCCESS;
    uint8_t digest[16];
    conversation_attach(&talk);
    for (unsigned number = 0; call_badly(number, &err); number++) {
        conversation_play_times(&talk, 3, " >" RECORDED_MD5 " <" RECORDED_MD5_REFUSED);
        assert_int_equal(reflash_flash_md5(&talk.loader, 0, 256, digest), ESP_LOADER_ERROR_INVALID_RESPONSE);
        (void)call_badly(number, &err);
        expect_fault(ESP_LOADER_ERROR_INVALID_PARAM, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
}

static void a_piece_that_does_not_fit_is_refused_and_the_next_one_is_taken(void **state)
{
    (void)state;
    static const struct {
        const void *payload;
        uint32_t bytes;
        esp_loader_error_t expected;
    } cases[] = {
        {NULL, 4, ESP_LOADER_ERROR_INVALID_PARAM},
        {block_data, 0, ESP_LOADER_ERROR_INVALID_PARAM},
        {block_data, 8, ESP_LOADER_ERROR_INVALID_PARAM}, /* more than the block */
        {block_data, 0xFFFFFFFC, ESP_LOADER_ERROR_INVALID_PARAM},
        {block_data, 3, ESP_LOADER_ERROR_INVALID_PARAM}, /* no multiple of 4, and not the end */
    };
    for (size_t row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
        assert_int_equal(write_first_block(FIRST("00") TAKEN), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, cases[row].payload, cases[row].bytes),
                         cases[row].expected);
        expect_fault(cases[row].expected, REFLASH_CAUSE_ARGUMENT, 0, 0);
        play(SECOND("01") TAKEN);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, &block_data[4], 4), ESP_LOADER_SUCCESS);
        assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, block_data, 4), ESP_LOADER_ERROR_IMAGE_SIZE);
        expect_fault(ESP_LOADER_ERROR_IMAGE_SIZE, REFLASH_CAUSE_ARGUMENT, 0, 0);
    }
    assert_int_equal(esp_loader_flash_write(&talk.loader, NULL, block_data, 4), ESP_LOADER_ERROR_INVALID_PARAM);
}

/* --- A line that never pauses ---------------------------------------------------------------------- */

static void a_babbling_line_holds_up_neither_a_block_nor_a_digest(void **state)
{
    (void)state;
    static uint8_t answers[20];
    uint8_t digest[16];
    assert_int_equal(write_first_block(FIRST("00") TAKEN), ESP_LOADER_SUCCESS);
    talk.port.babble_bytes = bytes_of_hex(RECORDED_SYNC_ANSWER, answers, sizeof(answers));
    talk.port.babble = answers;
    talk.port.now_us = 0;
    assert_int_equal(esp_loader_flash_write(&talk.loader, &block_cfg, &block_data[4], 4),
                     ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0x03, 0);
    assert_in_range(talk.port.now_us, 0, 4 * 3100000); /* four tries of three seconds */

    talk.port.now_us = 0;
    assert_int_equal(reflash_flash_md5(&talk.loader, 0, 4096, digest), ESP_LOADER_ERROR_INVALID_RESPONSE);
    expect_fault(ESP_LOADER_ERROR_INVALID_RESPONSE, REFLASH_CAUSE_NONSENSE, 0x13, 0);
    assert_in_range(talk.port.now_us, 0, 5 * 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_flash_is_attached_within_ten_questions_after_sync),
        cmocka_unit_test(the_flash_of_an_esp32c3_is_attached_through_its_own_registers),
        cmocka_unit_test(every_jedec_id_that_tells_a_size_is_understood),
        cmocka_unit_test(an_id_that_tells_no_size_is_an_unsupported_chip_and_no_size_is_guessed),
        cmocka_unit_test(a_flash_that_did_not_answer_is_asked_again_by_the_next_call),
        cmocka_unit_test(an_attached_flash_is_not_attached_again),
        cmocka_unit_test(a_busy_spi_controller_is_polled),
        cmocka_unit_test(an_spi_controller_that_stays_busy_is_a_timeout_and_gets_its_registers_back),
        cmocka_unit_test(refused_flash_parameters_leave_the_flash_unattached),
        cmocka_unit_test(a_write_sends_the_recorded_bytes_and_is_proved_by_its_md5),
        cmocka_unit_test(an_esp32c3_wants_five_words_to_begin),
        cmocka_unit_test(a_write_that_the_flash_does_not_hold_is_an_invalid_md5),
        cmocka_unit_test(a_write_without_verification_ends_without_a_question),
        cmocka_unit_test(the_same_configuration_can_be_used_for_another_write),
        cmocka_unit_test(only_the_end_of_an_image_is_padded_and_with_ff),
        cmocka_unit_test(end_and_escape_bytes_are_escaped_in_address_checksum_and_data),
        cmocka_unit_test(a_block_of_any_length_and_any_escapes_is_sent_whole),
        cmocka_unit_test(the_largest_block_of_a_rom_is_6144_bytes),
        cmocka_unit_test(a_refused_begin_is_told_with_its_reason),
        cmocka_unit_test(a_write_that_was_not_begun_is_refused_and_nothing_is_sent),
        cmocka_unit_test(a_write_that_ends_before_all_was_written_is_no_success),
        cmocka_unit_test(a_block_that_goes_wrong_is_repeated_as_the_rom_counts),
        cmocka_unit_test(a_block_that_cannot_be_written_is_told_with_the_last_reason),
        cmocka_unit_test(a_block_that_failed_may_be_written_again),
        cmocka_unit_test(a_broken_port_ends_a_block_at_once),
        cmocka_unit_test(a_port_that_breaks_in_the_middle_of_a_block_is_not_asked_again),
        cmocka_unit_test(a_region_is_erased_by_beginning_a_write),
        cmocka_unit_test(the_whole_flash_is_erased_by_its_size),
        cmocka_unit_test(an_erase_is_given_the_time_of_a_worn_part),
        cmocka_unit_test(a_known_md5_matches_in_any_case),
        cmocka_unit_test(a_known_md5_that_differs_in_any_digit_is_told),
        cmocka_unit_test(a_known_md5_that_is_no_hex_text_is_refused_and_nothing_is_sent),
        cmocka_unit_test(raw_digests_are_the_same_bytes),
        cmocka_unit_test(a_digest_is_asked_for_with_the_flash_attached),
        cmocka_unit_test(a_refused_digest_is_no_mismatch),
        cmocka_unit_test(a_digest_that_is_no_hex_text_is_nonsense),
        cmocka_unit_test(a_digest_of_another_length_is_not_taken),
        cmocka_unit_test(a_digest_is_given_the_time_of_the_slowest_rom),
        cmocka_unit_test(a_range_up_to_the_end_of_the_flash_is_asked_for),
        cmocka_unit_test(a_range_beyond_the_flash_is_refused_and_nothing_is_sent),
        cmocka_unit_test(a_bad_argument_is_refused_and_nothing_is_sent),
        cmocka_unit_test(a_bad_argument_does_not_even_attach_the_flash),
        cmocka_unit_test(a_bad_argument_is_not_told_with_the_command_and_reason_of_the_fault_before),
        cmocka_unit_test(a_piece_that_does_not_fit_is_refused_and_the_next_one_is_taken),
        cmocka_unit_test(a_babbling_line_holds_up_neither_a_block_nor_a_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
