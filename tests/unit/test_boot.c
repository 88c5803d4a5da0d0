/* SPDX-License-Identifier: Apache-2.0 */
/* What a chip prints when it boots from its flash, and which application it chooses. The images are those of
 * make_images, put into the flash byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board.h"

enum { BOOTLOADER_ADDR = 0x1000, TABLE_ADDR = 0x8000, OTADATA_ADDR = 0xD000, FACTORY_ADDR = 0x10000 };
enum { OTA_0_ADDR = 0x110000, OTA_1_ADDR = 0x210000, SECTOR_BYTES = 0x1000, ROW_BYTES = 32 };
enum { IMAGE_HEADER_BYTES = 24, DIGEST_BYTES = 32 };

static const char banner[] = "ets Jul 29 2019 12:21:46\r\n\r\n"
                             "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n";
static const char no_app[] = "E (31) boot: No bootable app partitions in the partition table\r\n";
static const char last_line[] = "Hello world!\r\n";

typedef struct {
    uint8_t data[0x40000];
    size_t bytes;
} file_t;

/* Builds for the ESP32, told apart by their versions, and what they have in common; and one for the ESP32-C3. */
enum { BUILD_COUNT = 3 };
static file_t bootloader, table, apps[BUILD_COUNT];
static const char *const versions[BUILD_COUNT] = {"1.0.0", "2.1.0-rc3", "3.0.0"};
static file_t c3_bootloader, c3_app;

/* --- Files ------------------------------------------------------------------------------------------------- */

static void read_file(file_t *file, const char *folder, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    file->bytes = fread(file->data, 1, sizeof(file->data), stream);
    assert_true(file->bytes > 0 && file->bytes < sizeof(file->data));
    assert_int_equal(fclose(stream), 0);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static void make_build(const char *chip, const char *version, file_t *boot, file_t *app)
{
    char folder[] = "/tmp/test_boot_XXXXXX";
    assert_non_null(mkdtemp(folder));
    char command[] = MAKE_IMAGES;
    char chip_option[32];
    char version_option[32];
    (void)snprintf(chip_option, sizeof(chip_option), "--chip=%s", chip);
    (void)snprintf(version_option, sizeof(version_option), "--version=%s", version);
    char *arguments[] = {command, chip_option, version_option, (char[]){"--app-bytes=131072"}, (char[]){"-o"},
                         folder,  NULL};
    pid_t process;
    int status;
    posix_spawn_file_actions_t quiet;
    assert_int_equal(posix_spawn_file_actions_init(&quiet), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0), 0);
    assert_int_equal(posix_spawn(&process, command, &quiet, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_int_equal(status, 0);
    (void)posix_spawn_file_actions_destroy(&quiet);
    read_file(boot, folder, "bootloader/bootloader.bin");
    read_file(&table, folder, "partition_table/partition-table.bin");
    read_file(app, folder, "hello_world.bin");
    assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static int make_files(void **state)
{
    (void)state;
    make_build("esp32c3", "1.0.0", &c3_bootloader, &c3_app);
    for (size_t build = 0; build < BUILD_COUNT; build++) {
        make_build("esp32", versions[build], &bootloader, &apps[build]);
    }
    return 0;
}

/* --- Boards ------------------------------------------------------------------------------------------------ */

static void put_file(board_t *board, uint32_t addr, const file_t *file)
{
    memcpy(board->flash + addr, file->data, file->bytes);
}

static board_t board_with_nothing(void)
{
    board_t board = board_blank();
    board_power_on(&board);
    return board;
}

static board_t board_flashed(void)
{
    board_t board = board_with_nothing();
    put_file(&board, BOOTLOADER_ADDR, &bootloader);
    put_file(&board, TABLE_ADDR, &table);
    put_file(&board, FACTORY_ADDR, &apps[0]);
    return board;
}

/* Boots, and returns what is printed behind the banner. */
static const char *boot(board_t *board)
{
    board_forget(board);
    board_reset(board, false);
    board_settle(board);
    const char *text = board_text(board);
    assert_int_equal(strlen(text), board->heard_count);
    assert_memory_equal(text, banner, sizeof(banner) - 1);
    return text + sizeof(banner) - 1;
}

static void assert_ends_with(const char *text, const char *end)
{
    const size_t text_bytes = strlen(text);
    assert_true(text_bytes >= strlen(end));
    assert_string_equal(text + text_bytes - strlen(end), end);
}

static void assert_holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, text);
    }
}

static uint32_t word(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The lines about the bootloader's segments, from its file. Returns where the last segment ends. */
static size_t list_segments(const file_t *file, bool in_hex, char *text, size_t text_bytes)
{
    size_t offset = IMAGE_HEADER_BYTES;
    text[0] = '\0';
    for (unsigned segment = 0; segment < file->data[1]; segment++) {
        const size_t used = strlen(text);
        char *line = text + used;
        const unsigned addr = word(file->data + offset);
        const unsigned bytes = word(file->data + offset + 4);
        (void)(in_hex ? snprintf(line, text_bytes - used, "load:0x%08x,len:0x%x\r\n", addr, bytes)
                      : snprintf(line, text_bytes - used, "load:0x%08x,len:%u\r\n", addr, bytes));
        offset += 8 + word(file->data + offset + 4);
    }
    return offset;
}

/* --- A good boot ------------------------------------------------------------------------------------------- */

static void a_flashed_chip_lists_the_segments_and_runs_the_application(void **state)
{
    (void)state;
    board_t board = board_flashed();
    char segments[512];
    char expected[2048];
    (void)list_segments(&bootloader, false, segments, sizeof(segments));
    (void)snprintf(expected, sizeof(expected),
                   "configsip: 0, SPIWP:0xee\r\n"
                   "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00\r\n"
                   "mode:DIO, clock div:2\r\n"
                   "%sentry 0x%08x\r\n"
                   "I (31) boot: Loaded app from partition at offset 0x10000\r\n"
                   "I (31) app_init: Project name:     hello_world\r\n"
                   "I (31) app_init: App version:      1.0.0\r\n"
                   "Hello world!\r\n",
                   segments, (unsigned)word(bootloader.data + 4));
    assert_string_equal(boot(&board), expected);
    board_free(&board);
}

static void a_flashed_c3_does_so_in_its_own_words(void **state)
{
    (void)state;
    board_t board = board_blank();
    board.config.rom = &reflash_rom_esp32c3;
    board_power_on(&board);
    put_file(&board, 0, &c3_bootloader);
    put_file(&board, TABLE_ADDR, &table);
    put_file(&board, FACTORY_ADDR, &c3_app);
    board_reset(&board, false);
    board_settle(&board);
    char segments[512];
    char expected[2048];
    (void)list_segments(&c3_bootloader, true, segments, sizeof(segments));
    (void)snprintf(expected, sizeof(expected),
                   "ESP-ROM:esp32c3-api1-20210207\r\n"
                   "Build:Feb  7 2021\r\n"
                   "rst:0x1 (POWERON),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n"
                   "SPIWP:0xee\r\n"
                   "mode:DIO, clock div:2\r\n"
                   "%sentry 0x%08x\r\n"
                   "I (31) boot: Loaded app from partition at offset 0x10000\r\n"
                   "I (31) app_init: Project name:     hello_world\r\n"
                   "I (31) app_init: App version:      1.0.0\r\n"
                   "Hello world!\r\n",
                   segments, (unsigned)word(c3_bootloader.data + 4));
    assert_string_equal(board_text(&board), expected);
    board_free(&board);
}

static void every_line_ends_with_cr_lf(void **state)
{
    (void)state;
    board_t board = board_flashed();
    for (unsigned round = 0; round < 4; round++) {
        const char *text = boot(&board);
        for (const char *at = text; *at != '\0'; at++) {
            assert_int_equal(*at == '\r', at[1] == '\n');
        }
        assert_ends_with(text, "\r\n");
        memset(board.flash + (const uint32_t[]){FACTORY_ADDR, TABLE_ADDR, BOOTLOADER_ADDR, 0}[round], 0xFF, 4096);
    }
    board_free(&board);
}

static void the_flash_mode_is_that_of_the_header(void **state)
{
    (void)state;
    static const char *const lines[] = {"mode:QIO, ",  "mode:QOUT, ",      "mode:DIO, ",
                                        "mode:DOUT, ", "mode:FAST READ, ", "mode:SLOW READ, "};
    for (uint8_t mode = 0; mode < 6; mode++) {
        board_t board = board_flashed();
        board.flash[BOOTLOADER_ADDR + 2] = mode;
        assert_holds(boot(&board), lines[mode]);
        board_free(&board);
    }
}

static void a_booted_chip_hears_nothing(void **state)
{
    (void)state;
    board_t board = board_flashed();
    (void)boot(&board);
    board_forget(&board);
    board_sync(&board);
    board_settle(&board);
    assert_int_equal(board.heard_count, 0);
    board_free(&board);
}

/* --- First stage refuses ----------------------------------------------------------------------------------- */

static void a_blank_flash_is_an_invalid_header(void **state)
{
    (void)state;
    board_t board = board_with_nothing();
    assert_string_equal(boot(&board), "invalid header: 0xffffffff\r\n");
    board_free(&board);
}

static void a_blank_c3_complains_until_its_watchdog_would_bite(void **state)
{
    (void)state;
    static const char line[] = "invalid header: 0xffffffff\r\n";
    board_t board = board_blank();
    board.config.rom = &reflash_rom_esp32c3;
    board_power_on(&board);
    board_reset(&board, false);
    board_settle(&board);
    const char *text = strstr(board_text(&board), line);
    unsigned lines = 0;
    for (; text != NULL && strncmp(text, line, strlen(line)) == 0; text += strlen(line)) {
        lines++;
    }
    assert_int_equal(lines, 722);
    assert_string_equal(text, "");
    board_free(&board);
}

static void another_first_byte_is_an_invalid_header(void **state)
{
    (void)state;
    board_t board = board_flashed();
    memcpy(board.flash + BOOTLOADER_ADDR, (const uint8_t[]){0xEA, 0x04, 0x02, 0x20}, 4);
    assert_string_equal(boot(&board), "invalid header: 0x200204ea\r\n");
    board_free(&board);
}

static void more_than_16_segments_are_an_invalid_header(void **state)
{
    (void)state;
    board_t board = board_flashed();
    board.flash[BOOTLOADER_ADDR + 1] = 17;
    assert_memory_equal(boot(&board), "invalid header: ", 16);
    board.flash[BOOTLOADER_ADDR + 1] = 16; /* as many there may be, but there are no such */
    assert_holds(boot(&board), "load:");
    board_free(&board);
}

static void a_bootloader_with_a_wrong_checksum_is_listed_and_not_run(void **state)
{
    (void)state;
    board_t board = board_flashed();
    char segments[512];
    char complaint[64];
    const size_t end = list_segments(&bootloader, false, segments, sizeof(segments));
    const size_t checksum_offset = end | 15;
    const uint8_t right = bootloader.data[checksum_offset];
    board.flash[BOOTLOADER_ADDR + checksum_offset] = (uint8_t)~right;
    (void)snprintf(complaint, sizeof(complaint), "csum err:0x%02x!=0x%02x\r\n", (uint8_t)~right, right);
    const char *text = boot(&board);
    assert_holds(text, segments);
    assert_ends_with(text, complaint);
    board_free(&board);
}

static void a_changed_segment_byte_shows_in_the_checksum(void **state)
{
    (void)state;
    board_t board = board_flashed();
    board.flash[BOOTLOADER_ADDR + IMAGE_HEADER_BYTES + 8] ^= 0x10;
    assert_holds(boot(&board), "\r\ncsum err:0x");
    board_free(&board);
}

static void a_bootloader_with_a_wrong_digest_is_not_run(void **state)
{
    (void)state;
    board_t board = board_flashed();
    board.flash[BOOTLOADER_ADDR + bootloader.bytes - 1] ^= 0x01;
    assert_ends_with(boot(&board), "\r\nhash err\r\n");
    board.flash[BOOTLOADER_ADDR + 23] = 0; /* says that there is none: nothing to compare */
    assert_ends_with(boot(&board), last_line);
    board_free(&board);
}

static void a_segment_beyond_the_flash_is_a_load_error(void **state)
{
    (void)state;
    static const uint8_t lengths[][4] = {{0xFF, 0xFF, 0xFF, 0xFF}, {0x00, 0x00, 0x40, 0x00}};
    for (size_t row = 0; row < 2; row++) {
        board_t board = board_flashed();
        memcpy(board.flash + BOOTLOADER_ADDR + IMAGE_HEADER_BYTES + 4, lengths[row], 4);
        assert_ends_with(boot(&board), "\r\nload err\r\n");
        board_free(&board);
    }
}

/* --- Second stage refuses ---------------------------------------------------------------------------------- */

static void without_a_partition_table_no_application_runs(void **state)
{
    (void)state;
    board_t board = board_flashed();
    memset(board.flash + TABLE_ADDR, 0xFF, table.bytes);
    const char *text = boot(&board);
    assert_holds(text, "entry 0x");
    assert_ends_with(text, "\r\nE (31) boot: no partition table at 0x8000\r\n");
    board_free(&board);
}

static void a_table_begins_with_both_bytes_of_its_magic(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 2; at++) {
        board_t board = board_flashed();
        board.flash[TABLE_ADDR + at] ^= 0x01;
        assert_holds(boot(&board), "no partition table at 0x8000");
        board_free(&board);
    }
}

static void a_damaged_application_does_not_run(void **state)
{
    (void)state;
    const uint32_t offsets[] = {0, 0x40, (uint32_t)apps[0].bytes - DIGEST_BYTES - 1, (uint32_t)apps[0].bytes - 1};
    for (size_t row = 0; row < sizeof(offsets) / sizeof(offsets[0]); row++) {
        board_t board = board_flashed();
        board.flash[FACTORY_ADDR + offsets[row]] ^= 0x01;
        assert_ends_with(boot(&board), no_app);
        board_free(&board);
    }
}

static void an_application_without_a_description_runs_without_a_name(void **state)
{
    (void)state;
    board_t board = board_flashed();
    board.flash[FACTORY_ADDR + 0x20] ^= 0x01;                                       /* its magic word ... */
    board.flash[FACTORY_ADDR + ((apps[0].bytes - DIGEST_BYTES) | 15) - 16] ^= 0x01; /* ... and the checksum */
    board.flash[FACTORY_ADDR + 23] = 0;                                             /* ... and no digest */
    const char *text = boot(&board);
    assert_holds(text, "Project name:     (no descriptor)\r\n");
    assert_holds(text, "App version:      (no descriptor)\r\n");
    assert_ends_with(text, last_line);
    board_free(&board);
}

/* --- Choice of the application ----------------------------------------------------------------------------- */

static void put_word(uint8_t *at, uint32_t value)
{
    for (unsigned byte = 0; byte < 4; byte++) {
        at[byte] = (uint8_t)(value >> (8 * byte));
    }
}

static void put_row(uint8_t *row, uint8_t type, uint8_t subtype, uint32_t addr, uint32_t bytes, const char *label)
{
    memset(row, 0, ROW_BYTES);
    memcpy(row, (const uint8_t[]){0xAA, 0x50, type, subtype}, 4);
    put_word(row + 4, addr);
    put_word(row + 8, bytes);
    (void)snprintf((char *)row + 12, 16, "%s", label);
}

/* The layout with two slots for updates. The order of rows does not matter. */
static board_t board_with_slots(bool with_factory)
{
    board_t board = board_flashed();
    uint8_t *rows = board.flash + TABLE_ADDR;
    memset(rows, 0xFF, 0xC00);
    put_row(rows, 1, 0x02, 0x9000, 0x4000, "nvs");
    put_row(rows + ROW_BYTES, 1, 0x00, OTADATA_ADDR, 0x2000, "otadata");
    put_row(rows + 2 * ROW_BYTES, 1, 0x01, 0xF000, 0x1000, "phy_init");
    put_row(rows + 3 * ROW_BYTES, 0, 0x10, OTA_0_ADDR, 0x100000, "ota_0");
    put_row(rows + 4 * ROW_BYTES, 0, 0x11, OTA_1_ADDR, 0x100000, "ota_1");
    if (with_factory) {
        put_row(rows + 5 * ROW_BYTES, 0, 0x00, FACTORY_ADDR, 0x100000, "factory");
    }
    put_file(&board, OTA_0_ADDR, &apps[1]);
    put_file(&board, OTA_1_ADDR, &apps[2]);
    return board;
}

enum { NEW = 0, PENDING = 1, VALID = 2, INVALID = 3, ABORTED = 4 };
#define UNDEFINED 0xFFFFFFFFu

/* CRC-32 of the sequence number's four bytes; those of 1 and 2 are found in many devices. */
static const uint32_t no_sequence_crc = 0x2144DF1C; /* of UINT32_MAX, which is no sequence number */
static const uint32_t sequence_crc[] = {0, 0x4743989A, 0x55F63774, 0xED4A5011, 0x709D68A8, 0xC8210FCD};

typedef struct {
    uint32_t sequence, state;
    bool wrong_crc;
} record_t;

static void put_record(board_t *board, unsigned copy, record_t record)
{
    uint8_t *at = board->flash + OTADATA_ADDR + copy * SECTOR_BYTES;
    if (record.sequence == 0) {
        return; /* blank */
    }
    put_word(at, record.sequence);
    put_word(at + 24, record.state);
    put_word(at + 28, (record.sequence == UINT32_MAX ? no_sequence_crc : sequence_crc[record.sequence]) ^
                          (record.wrong_crc ? 1 : 0));
}

static void otadata_chooses_the_application(void **state)
{
    (void)state;
    enum { FACTORY, OTA_0, OTA_1 };
    static const struct {
        record_t records[2];
        unsigned with_factory, without_factory; /* what boots */
    } rows[] = {
        {{{0}, {0}}, FACTORY, OTA_0},
        {{{1, VALID, false}, {0}}, OTA_0, OTA_0},
        {{{0}, {2, VALID, false}}, OTA_1, OTA_1},
        {{{1, VALID, false}, {2, VALID, false}}, OTA_1, OTA_1},
        {{{3, VALID, false}, {2, VALID, false}}, OTA_0, OTA_0},
        {{{3, VALID, false}, {4, VALID, false}}, OTA_1, OTA_1},
        {{{5, UNDEFINED, false}, {4, NEW, false}}, OTA_0, OTA_0},
        {{{1, NEW, false}, {2, PENDING, false}}, OTA_1, OTA_1},
        {{{1, VALID, false}, {2, VALID, true}}, OTA_0, OTA_0},
        {{{1, VALID, false}, {2, INVALID, false}}, OTA_0, OTA_0},
        {{{1, VALID, false}, {2, ABORTED, false}}, OTA_0, OTA_0},
        {{{1, VALID, true}, {2, ABORTED, false}}, FACTORY, OTA_0},
        {{{UINT32_MAX, VALID, false}, {2, VALID, false}}, OTA_1, OTA_1},
    };
    for (size_t row = 0; row < 2 * sizeof(rows) / sizeof(rows[0]); row++) {
        const bool with_factory = row % 2 == 0;
        board_t board = board_with_slots(with_factory);
        put_record(&board, 0, rows[row / 2].records[0]);
        put_record(&board, 1, rows[row / 2].records[1]);
        const unsigned chosen = with_factory ? rows[row / 2].with_factory : rows[row / 2].without_factory;
        char expected[256];
        (void)snprintf(expected, sizeof(expected),
                       "I (31) boot: Loaded app from partition at offset 0x%x\r\n"
                       "I (31) app_init: Project name:     hello_world\r\n"
                       "I (31) app_init: App version:      %s\r\n"
                       "Hello world!\r\n",
                       (const unsigned[]){FACTORY_ADDR, OTA_0_ADDR, OTA_1_ADDR}[chosen], versions[chosen]);
        assert_ends_with(boot(&board), expected);
        board_free(&board);
    }
}

static void without_slots_otadata_does_not_matter(void **state)
{
    (void)state;
    board_t board = board_with_slots(true);
    put_record(&board, 0, (record_t){2, VALID, false});
    put_row(board.flash + TABLE_ADDR + 3 * ROW_BYTES, 1, 0x81, OTA_0_ADDR, 0x100000, "fat");
    put_row(board.flash + TABLE_ADDR + 4 * ROW_BYTES, 1, 0x82, OTA_1_ADDR, 0x100000, "spiffs");
    assert_holds(boot(&board), "App version:      1.0.0\r\n");
    board_free(&board);
}

static void a_table_without_applications_boots_none(void **state)
{
    (void)state;
    board_t board = board_with_slots(false);
    memset(board.flash + TABLE_ADDR + 3 * ROW_BYTES, 0xFF, (size_t)2 * ROW_BYTES);
    assert_ends_with(boot(&board), no_app);
    board_free(&board);
}

static void an_application_beyond_the_flash_is_none(void **state)
{
    (void)state;
    board_t board = board_flashed();
    put_row(board.flash + TABLE_ADDR, 0, 0x00, BOARD_FLASH_BYTES, 0x100000, "factory");
    memset(board.flash + TABLE_ADDR + ROW_BYTES, 0xFF, ROW_BYTES);
    assert_ends_with(boot(&board), no_app);
    put_row(board.flash + TABLE_ADDR, 0, 0x00, 0xFFFFFFF0, 0x100000, "factory");
    assert_ends_with(boot(&board), no_app);
    board_free(&board);
}

/* --- Other applications in place of a damaged one ---------------------------------------------------------------- */

/* One character for each application that is tried, in order: f for factory, 0 and 1 for the slots. */
static void assert_tried(board_t *board, const char *tried)
{
    const char *text = boot(board);
    for (; tried[1] != '\0'; tried++) {
        char line[80] = "E (31) boot: Factory app partition is not bootable\r\n";
        if (*tried != 'f') {
            (void)snprintf(line, sizeof(line), "E (31) boot: OTA app partition slot %c is not bootable\r\n", *tried);
        }
        text = strstr(text, line);
        assert_non_null(text);
        text += strlen(line);
    }
    assert_null(strstr(text, "is not bootable"));
    static const char *const offsets[] = {"0x10000", "0x110000", "0x210000"};
    char line[80];
    (void)snprintf(line, sizeof(line), "I (31) boot: Loaded app from partition at offset %s\r\n",
                   offsets[*tried == 'f' ? 0 : *tried - '0' + 1]);
    assert_holds(text, line);
    assert_ends_with(text, last_line);
}

static void a_damaged_slot_gives_way_to_lower_slots_factory_then_higher_ones(void **state)
{
    (void)state;
    enum { DAMAGED_FACTORY = 1, DAMAGED_OTA_0 = 2, DAMAGED_OTA_1 = 4 };
    static const struct {
        uint32_t sequence; /* 0: no record */
        unsigned damaged;
        const char *tried;
    } rows[] = {
        {0, 0, "f"},
        {0, DAMAGED_FACTORY, "f0"},
        {0, DAMAGED_FACTORY | DAMAGED_OTA_0, "f01"},
        {1, DAMAGED_OTA_0, "0f"},
        {1, DAMAGED_OTA_0 | DAMAGED_FACTORY, "0f1"},
        {2, DAMAGED_OTA_1, "10"},
        {2, DAMAGED_OTA_1 | DAMAGED_OTA_0, "10f"},
        {2, DAMAGED_OTA_0, "1"},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        board_t board = board_with_slots(true);
        put_record(&board, 0, (record_t){rows[row].sequence, VALID, false});
        static const uint32_t addrs[] = {FACTORY_ADDR, OTA_0_ADDR, OTA_1_ADDR};
        for (unsigned app = 0; app < 3; app++) {
            board.flash[addrs[app] + 0x400] ^= (rows[row].damaged >> app & 1) != 0 ? 0x10 : 0;
        }
        assert_tried(&board, rows[row].tried);
        board_free(&board);
    }
}

static void with_all_applications_damaged_each_is_complained_about(void **state)
{
    (void)state;
    board_t board = board_with_slots(true);
    board.flash[FACTORY_ADDR] = 0x00;
    board.flash[OTA_0_ADDR + apps[1].bytes - 1] ^= 0x01; /* digest */
    board.flash[OTA_1_ADDR + 0x400] ^= 0x01;
    const char *text = boot(&board);
    assert_holds(text, "E (31) esp_image: image at 0x10000 has invalid magic byte\r\n"
                       "E (31) boot: Factory app partition is not bootable\r\n"
                       "E (31) esp_image: Image hash failed - image is corrupt\r\n"
                       "E (31) boot: OTA app partition slot 0 is not bootable\r\n"
                       "E (31) esp_image: Checksum failed. Calculated 0x");
    assert_ends_with(text, "E (31) boot: OTA app partition slot 1 is not bootable\r\n"
                           "E (31) boot: No bootable app partitions in the partition table\r\n");
    board_free(&board);
}

static void a_test_application_is_the_last_resort(void **state)
{
    (void)state;
    board_t board = board_with_slots(true);
    put_row(board.flash + TABLE_ADDR + 3 * ROW_BYTES, 0, 0x20, OTA_0_ADDR, 0x100000, "test");
    assert_holds(boot(&board), "offset 0x10000\r\n");
    board.flash[FACTORY_ADDR + 0x400] ^= 0x01;
    board.flash[OTA_1_ADDR + 0x400] ^= 0x01;
    assert_holds(boot(&board), "offset 0x110000\r\n");
    board_free(&board);
}

static void an_application_longer_than_its_partition_does_not_run(void **state)
{
    (void)state;
    board_t board = board_with_slots(true);
    put_row(board.flash + TABLE_ADDR + 5 * ROW_BYTES, 0, 0x00, FACTORY_ADDR, 0x10000, "factory");
    assert_true(apps[0].bytes > 0x10000);
    const char *text = boot(&board);
    assert_holds(text, "E (31) esp_image: image at 0x10000 does not fit\r\n");
    assert_holds(text, "offset 0x110000\r\n");
    board_free(&board);
}

static void an_application_for_another_chip_does_not_run(void **state)
{
    (void)state;
    board_t board = board_with_slots(true);
    put_file(&board, FACTORY_ADDR, &c3_app);
    const char *text = boot(&board);
    assert_holds(text, "E (31) boot_comm: mismatch chip ID, expected 0, found 5\r\n"
                       "E (31) boot: Factory app partition is not bootable\r\n");
    assert_holds(text, "offset 0x110000\r\n");
    board_free(&board);
}

static void a_bootloader_for_another_chip_does_not_get_far(void **state)
{
    (void)state;
    board_t board = board_flashed();
    put_file(&board, BOOTLOADER_ADDR, &c3_bootloader);
    assert_ends_with(boot(&board), "E (31) boot_comm: mismatch chip ID, expected 0, found 5\r\n");
    board_free(&board);
}

static void a_table_that_does_not_agree_with_its_md5_is_refused(void **state)
{
    (void)state;
    static const uint32_t offsets[] = {8, 12};
    for (size_t row = 0; row < sizeof(offsets) / sizeof(offsets[0]); row++) {
        board_t board = board_flashed();
        assert_ends_with(boot(&board), last_line);
        board.flash[TABLE_ADDR + offsets[row]] ^= 0x01;
        assert_ends_with(boot(&board), "E (31) flash_parts: Incorrect MD5 checksum\r\n"
                                       "E (31) boot: Failed to verify partition table\r\n");
        board_free(&board);
    }
    board_t board = board_flashed();
    uint32_t at = TABLE_ADDR;
    while (at < TABLE_ADDR + (uint32_t)table.bytes && board.flash[at] != 0xEB) {
        at += ROW_BYTES;
    }
    assert_int_equal(board.flash[at], 0xEB);
    board.flash[at + 31] ^= 0x80;
    assert_holds(boot(&board), "Incorrect MD5 checksum\r\n");
    memset(board.flash + at, 0xFF, ROW_BYTES); /* a table may have none */
    assert_ends_with(boot(&board), last_line);
    board_free(&board);
}

static void a_slot_that_is_listed_often_is_one_slot(void **state)
{
    (void)state;
    board_t board = board_with_slots(false);
    for (unsigned row = 3; row < 95; row++) {
        put_row(board.flash + TABLE_ADDR + row * ROW_BYTES, 0, 0x10, OTA_0_ADDR, 0x100000, "ota_0");
    }
    put_record(&board, 0, (record_t){5, VALID, false});
    assert_holds(boot(&board), "offset 0x110000\r\n");
    board_free(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flashed_chip_lists_the_segments_and_runs_the_application),
        cmocka_unit_test(a_flashed_c3_does_so_in_its_own_words),
        cmocka_unit_test(every_line_ends_with_cr_lf),
        cmocka_unit_test(the_flash_mode_is_that_of_the_header),
        cmocka_unit_test(a_booted_chip_hears_nothing),
        cmocka_unit_test(a_blank_flash_is_an_invalid_header),
        cmocka_unit_test(a_blank_c3_complains_until_its_watchdog_would_bite),
        cmocka_unit_test(another_first_byte_is_an_invalid_header),
        cmocka_unit_test(more_than_16_segments_are_an_invalid_header),
        cmocka_unit_test(a_bootloader_with_a_wrong_checksum_is_listed_and_not_run),
        cmocka_unit_test(a_changed_segment_byte_shows_in_the_checksum),
        cmocka_unit_test(a_bootloader_with_a_wrong_digest_is_not_run),
        cmocka_unit_test(a_segment_beyond_the_flash_is_a_load_error),
        cmocka_unit_test(without_a_partition_table_no_application_runs),
        cmocka_unit_test(a_table_begins_with_both_bytes_of_its_magic),
        cmocka_unit_test(a_damaged_application_does_not_run),
        cmocka_unit_test(an_application_without_a_description_runs_without_a_name),
        cmocka_unit_test(otadata_chooses_the_application),
        cmocka_unit_test(without_slots_otadata_does_not_matter),
        cmocka_unit_test(a_table_without_applications_boots_none),
        cmocka_unit_test(an_application_beyond_the_flash_is_none),
        cmocka_unit_test(a_damaged_slot_gives_way_to_lower_slots_factory_then_higher_ones),
        cmocka_unit_test(with_all_applications_damaged_each_is_complained_about),
        cmocka_unit_test(a_test_application_is_the_last_resort),
        cmocka_unit_test(an_application_longer_than_its_partition_does_not_run),
        cmocka_unit_test(an_application_for_another_chip_does_not_run),
        cmocka_unit_test(a_bootloader_for_another_chip_does_not_get_far),
        cmocka_unit_test(a_table_that_does_not_agree_with_its_md5_is_refused),
        cmocka_unit_test(a_slot_that_is_listed_often_is_one_slot),
    };
    return cmocka_run_group_tests(tests, make_files, NULL);
}
