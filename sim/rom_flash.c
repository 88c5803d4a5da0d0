/* SPDX-License-Identifier: Apache-2.0 */
/* The mask ROM's flash commands, down to the SPI transactions they cause. */
#include "chip.h"

#include <mbedtls/md.h>
#include <string.h>

enum {
    SPI_PROGRAM = 0x02,
    SPI_READ = 0x03,
    SPI_READ_STATUS = 0x05,
    SPI_WRITE_ENABLE = 0x06,
    SPI_WRITE_STATUS = 0x01,
    SPI_READ_STATUS_2 = 0x35,
    SPI_ERASE_SECTOR = 0x20,
    SPI_ERASE_BLOCK = 0xD8,
    SPI_WAKE_UP = 0xAB,
    SECTOR_BYTES = 0x1000,
    SECTORS_PER_BLOCK = 16,
    PAGE_BYTES = 256,
    BURST_BYTES = 32,
    MD5_PIECE_BYTES = 128,
    BLOCK_BYTES_MAX = 0x1800,
    RANGE_BYTES_MAX = 1 << 26, /* more, where a sum wraps or the set size lies, keeps a ROM busy for hours */
    REASON_FORMAT = 0x05,
    REASON_FAILED = 0x06,
    REASON_WRITE = 0x08,
    REASON_READ = 0x09,
    REASON_READ_LENGTH = 0x0A,
    REASON_INFLATE = 0x0B,
    REASON_ADLER = 0x0C,
    REASON_PARAMETER = 0x64
};

/* --- SPI --------------------------------------------------------------------------------------------- */

static bool does(uint8_t opcode, uint8_t narrow)
{
    return opcode == narrow || opcode == espsim_nor_wide(narrow);
}

static espsim_cause_t cause_of(uint8_t opcode)
{
    return does(opcode, SPI_READ)      ? ESPSIM_CAUSE_READ
           : does(opcode, SPI_PROGRAM) ? ESPSIM_CAUSE_PROGRAM
                                       : ESPSIM_CAUSE_ERASE;
}

void espsim_spi(espsim_t *sim, uint8_t opcode, uint32_t addr, uint8_t *data, uint32_t bytes, uint32_t shown_bytes)
{
    if (sim->config.spi_watch != NULL) {
        sim->config.spi_watch(sim->config.spi_watch_context, opcode, addr, shown_bytes);
    }
    espsim_take_time(sim, cause_of(opcode), espsim_nor_transact(&sim->nor, opcode, addr, data, bytes));
    sim->rom.work_ns += sim->faults.stall_ns;
    sim->faults.stall_ns = 0;
}

/* The ROM has three bytes of address, whatever it is asked for: the part then takes it for what is left of it. */
void espsim_flash_transact(espsim_t *sim, uint8_t opcode, uint32_t addr, uint8_t *data, uint32_t bytes,
                           uint32_t shown_bytes)
{
    if (sim->stub.addr_bits != 0) {
        opcode = espsim_nor_wide(opcode);
        addr &= (UINT32_C(1) << sim->stub.addr_bits) - 1;
    }
    espsim_spi(sim, opcode, addr, data, bytes, shown_bytes);
}

static void spi_short(espsim_t *sim, uint8_t opcode)
{
    uint8_t answer[1];
    const bool reads = opcode == SPI_READ_STATUS || opcode == SPI_READ_STATUS_2;
    espsim_spi(sim, opcode, sim->rom.last_spi_addr, answer, reads ? 1 : 0, 0);
}

static void spi_sequence(espsim_t *sim, const uint8_t *opcodes, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        spi_short(sim, opcodes[at]);
    }
}
#define SPI_SEQUENCE(sim, ...) spi_sequence(sim, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* The recording part kept the address and the byte of WRITE_STATUS in one register, so that is what it noted. */
static void write_status(espsim_t *sim, uint8_t status)
{
    const uint32_t seen = (uint32_t)status << 16 | (sim->rom.last_spi_addr & 0xFFFF);
    SPI_SEQUENCE(sim, 0x05, 0x06, 0x05, 0x05);
    espsim_spi(sim, SPI_WRITE_STATUS, seen, &status, 1, 0);
    spi_short(sim, SPI_READ_STATUS);
}

void espsim_flash_unlock(espsim_t *sim)
{
    SPI_SEQUENCE(sim, 0x05, 0x35, 0x05, 0x35);
    write_status(sim, 0x00);
}

/* Sets the part's block-protect bits again. */
static void lock(espsim_t *sim)
{
    SPI_SEQUENCE(sim, 0x05, 0x35);
    write_status(sim, 0x1C);
}

static void erase(espsim_t *sim, uint8_t opcode, uint32_t addr, uint32_t unit_bytes)
{
    SPI_SEQUENCE(sim, 0x05, 0x06, 0x05, 0x05);
    sim->rom.last_spi_addr = addr;
    espsim_flash_transact(sim, opcode, addr, NULL, 0, unit_bytes);
    spi_short(sim, SPI_READ_STATUS);
}

/* 32 bytes at a time, never across a page. */
void espsim_flash_program(espsim_t *sim, uint32_t addr, uint8_t *data, uint32_t bytes)
{
    for (uint32_t done = 0; done < bytes && !sim->nor.cut_off;) {
        const uint32_t at = addr + done;
        const uint32_t left_in_page = PAGE_BYTES - at % PAGE_BYTES;
        uint32_t burst = bytes - done;
        burst = burst < BURST_BYTES ? burst : BURST_BYTES;
        burst = burst < left_in_page ? burst : left_in_page;
        if (done == 0 || at % PAGE_BYTES == 0) {
            spi_short(sim, SPI_READ_STATUS);
        }
        SPI_SEQUENCE(sim, 0x05, 0x06, 0x05);
        sim->rom.last_spi_addr = at;
        espsim_flash_transact(sim, SPI_PROGRAM, at, data + done, burst, burst);
        spi_short(sim, SPI_READ_STATUS);
        done += burst;
    }
    /* Each page is a call that begins with a look at the status. Behind the last page border comes one more
     * call for the rest, even if there is none. */
    if ((addr + bytes) % PAGE_BYTES == 0) {
        spi_short(sim, SPI_READ_STATUS);
    }
}

/* Whole transactions only: what is read too much is dropped. */
void espsim_flash_read(espsim_t *sim, uint32_t addr, uint8_t *data, uint32_t bytes)
{
    const uint32_t unit = sim->rom_row->flash_read_bytes;
    uint8_t piece[64];
    spi_short(sim, SPI_READ_STATUS);
    for (uint32_t done = 0; done < bytes; done += unit) {
        const uint32_t wanted = bytes - done < unit ? bytes - done : unit;
        sim->rom.last_spi_addr = addr + done;
        espsim_flash_transact(sim, SPI_READ, addr + done, piece, unit, unit);
        memcpy(data + done, piece, wanted);
    }
}

/* The ROM is busy for ever, or for hours. */
static void hang(espsim_t *sim)
{
    sim->state = ESPSIM_GONE;
}

/* As the ROM sums it: 32 bits, which can wrap. */
static bool beyond_flash(const espsim_t *sim, uint32_t addr, uint32_t bytes)
{
    return (uint32_t)(addr + bytes) > sim->rom.flash_bytes;
}

void espsim_rom_spi_attach(espsim_t *sim)
{
    spi_short(sim, SPI_WAKE_UP);
}

void espsim_rom_spi_user_command(espsim_t *sim)
{
    enum {
        W0_WORDS = 16,
        HAS_MISO = 1 << 28,
        HAS_MOSI = 1 << 27,
        HAS_ADDRESS = 1 << 30,
        HAS_COMMAND_BIT = 31,
        DATA_BITS_MAX = 512
    };

    const reflash_chip_t *chip = sim->rom_row->chip;
    const reflash_spi_layout_t *layout = chip->spi;
    espsim_memory_t *memory = &sim->memory;
    const uint32_t base = chip->spi_base;
    const uint32_t usr = espsim_memory_get_word(memory, base + layout->usr);
    const uint8_t opcode = (uint8_t)espsim_memory_get_word(memory, base + layout->usr2);
    uint32_t addr = (usr & HAS_ADDRESS) != 0 ? espsim_memory_get_word(memory, base + 4) : 0;
    addr = layout->address_at_top ? addr >> 8 : addr;

    uint8_t data[4 * W0_WORDS] = {0};
    const bool reads = (usr & HAS_MISO) != 0;
    const uint32_t length_reg = base + (reads ? layout->miso_dlen : layout->mosi_dlen);
    const uint32_t bits =
        espsim_memory_get_word(memory, length_reg) >> (reads ? layout->miso_shift : layout->mosi_shift);
    uint32_t bytes = reads || (usr & HAS_MOSI) != 0 ? bits % DATA_BITS_MAX / 8 + 1 : 0;

    for (uint32_t at = 0; at < bytes && !reads; at++) {
        data[at] = espsim_memory_get(memory, base + layout->w0 + at);
    }
    if ((usr >> HAS_COMMAND_BIT) != 0) {
        espsim_spi(sim, opcode, addr, data, bytes, bytes);
    }
    bool stored = espsim_memory_put_word(memory, base, 0); /* done: the bit clears itself */
    for (uint32_t at = 0; at < bytes && reads; at++) {
        stored = espsim_memory_put(memory, base + layout->w0 + at, data[at]) && stored;
    }
    sim->out_of_memory = sim->out_of_memory || !stored;
}

/* --- Erase and plain writes ---------------------------------------------------------------------------- */

/* Up to 16 single sectors to the next block border - 16 of them even from a border -, then blocks while more
 * than 16 sectors are left, then single sectors. */
static uint8_t erase_range(espsim_t *sim, uint32_t addr, uint32_t bytes)
{
    espsim_flash_unlock(sim);
    if (addr % SECTOR_BYTES != 0 || beyond_flash(sim, addr, bytes)) {
        return REASON_FAILED;
    }
    uint32_t sectors = bytes / SECTOR_BYTES + (bytes % SECTOR_BYTES != 0 ? 1 : 0);
    uint32_t sector = addr / SECTOR_BYTES;
    uint32_t head = SECTORS_PER_BLOCK - sector % SECTORS_PER_BLOCK;
    head = head < sectors ? head : sectors;
    sectors += sim->rom_row->chip->erases_head_twice ? head : 0; /* goes through the head without counting it */
    if (bytes > RANGE_BYTES_MAX) {
        sectors = sim->nor.bytes / SECTOR_BYTES; /* all is erased, again and again */
        hang(sim);
    }
    while (sectors > 0 && !sim->nor.cut_off) {
        const bool block = head == 0 && sectors > SECTORS_PER_BLOCK;
        const uint32_t step = block ? SECTORS_PER_BLOCK : 1;
        erase(sim, block ? SPI_ERASE_BLOCK : SPI_ERASE_SECTOR, sector * SECTOR_BYTES, step * SECTOR_BYTES);
        head -= head > 0 ? 1 : 0;
        sector += step;
        sectors -= step;
    }
    return 0;
}

static uint8_t begin(espsim_t *sim, espsim_transfer_t *transfer)
{
    if (espsim_rom_size_field(sim) != 4 * sim->rom_row->chip->begin_words ||
        espsim_rom_word(sim, 2) > BLOCK_BYTES_MAX) {
        return REASON_FORMAT;
    }
    espsim_rom_begin_transfer(sim, transfer); /* also when the erase is refused */
    return erase_range(sim, transfer->addr, transfer->left_bytes);
}

static bool asks_for_encryption(const espsim_t *sim)
{
    return sim->rom_row->chip->begin_words == 5 && espsim_rom_size_field(sim) == 20 && espsim_rom_word(sim, 4) != 0;
}

uint8_t espsim_rom_flash_begin(espsim_t *sim)
{
    enum { ALIGNMENT = 16 };

    const bool encrypts = asks_for_encryption(sim);
    if (encrypts && (sim->config.security.no_manual_encryption || espsim_rom_word(sim, 3) % ALIGNMENT != 0)) {
        return REASON_PARAMETER;
    }
    const uint8_t reason = begin(sim, &sim->rom.flash);
    sim->rom.flash.encrypts = encrypts && sim->config.security.flash_key_bytes != 0;
    return reason;
}

static bool program_unless_beyond(espsim_t *sim, uint32_t addr, uint8_t *data, uint32_t bytes)
{
    if (beyond_flash(sim, addr, bytes)) {
        return false;
    }
    espsim_flash_program(sim, addr, data, bytes);
    return true;
}

uint8_t espsim_rom_flash_data(espsim_t *sim)
{
    const uint8_t *checked;
    uint32_t bytes;
    espsim_transfer_t *flash = &sim->rom.flash;
    const uint8_t reason = espsim_rom_check_block(sim, flash, 4, &checked, &bytes);
    if (reason != 0) {
        return reason;
    }
    /* The read-back goes where the data was. Where write and read are refused, the data still lies there, so
     * that the comparison below finds nothing wrong. */
    uint8_t *data = espsim_rom_payload(sim) + 16;
    if (flash->encrypts && !espsim_flash_crypt(sim, false, flash->addr, data, bytes)) {
        return REASON_PARAMETER;
    }
    if (program_unless_beyond(sim, flash->addr, data, bytes) && !sim->nor.cut_off && !flash->encrypts) {
        espsim_flash_read(sim, flash->addr, data, bytes);
    }
    flash->addr += bytes;
    flash->left_bytes -= bytes;
    if (flash->encrypts) {
        return 0; /* reading back would tell nothing */
    }
    uint8_t checksum = 0xEF;
    for (uint32_t at = 0; at < bytes; at++) {
        checksum ^= data[at];
    }
    return checksum == sim->rom.rx[4] ? 0 : REASON_WRITE;
}

/* --- Compressed writes ----------------------------------------------------------------------------------- */

uint8_t espsim_rom_deflate_begin(espsim_t *sim)
{
    espsim_rom_state_t *rom = &sim->rom;
    if (asks_for_encryption(sim)) {
        return REASON_PARAMETER;
    }
    const uint8_t reason = begin(sim, &rom->deflate);
    if (rom->inflater_ready) {
        (void)inflateEnd(&rom->inflater);
    }
    memset(&rom->inflater, 0, sizeof(rom->inflater));
    rom->inflater_ready = inflateInit(&rom->inflater) == Z_OK;
    sim->out_of_memory = sim->out_of_memory || !rom->inflater_ready;
    rom->stream_ended = false;
    rom->window_bytes = 0;
    return reason;
}

/* Write errors are not noticed. */
static void flush_window(espsim_t *sim, uint32_t bytes)
{
    espsim_rom_state_t *rom = &sim->rom;
    (void)program_unless_beyond(sim, rom->deflate.addr, rom->window, bytes);
    rom->deflate.addr += bytes;
    rom->window_bytes = 0;
}

/* Unpack into the window, programming it whenever it is full. */
static int unpack(espsim_t *sim, const uint8_t *data, uint32_t bytes)
{
    espsim_rom_state_t *rom = &sim->rom;
    z_stream *inflater = &rom->inflater;
    inflater->next_in = (z_const Bytef *)data;
    inflater->avail_in = bytes;
    for (;;) { /* ends when the input is used up: each turn fills a window or takes all there is */
        const uint32_t before_bytes = rom->window_bytes;
        inflater->next_out = rom->window + rom->window_bytes;
        inflater->avail_out = (uInt)(sizeof(rom->window) - rom->window_bytes);
        const int result = inflate(inflater, Z_SYNC_FLUSH);
        rom->window_bytes = (uint32_t)(sizeof(rom->window) - inflater->avail_out);
        espsim_take_chip_time(sim, ESPSIM_CAUSE_INFLATE,
                              (rom->window_bytes - before_bytes) * (uint64_t)sim->rom_row->inflate_ns_per_byte);
        const bool full = inflater->avail_out == 0;
        if (full) {
            flush_window(sim, sizeof(rom->window));
        }
        if ((result != Z_OK && result != Z_BUF_ERROR) || !full) {
            return result;
        }
    }
}

/* Out of input, the unpacker goes on with zeros. */
static int unpack_past_the_end(espsim_t *sim)
{
    enum { PATIENCE = 4 };
    static const uint8_t zeros[65536];
    int result = Z_OK;
    for (unsigned turn = 0; turn < PATIENCE && (result == Z_OK || result == Z_BUF_ERROR); turn++) {
        result = unpack(sim, zeros, sizeof(zeros));
    }
    return result;
}

static uint8_t reason_of(const z_stream *inflater, int result)
{
    const bool only_adler = inflater->msg != NULL && strcmp(inflater->msg, "incorrect data check") == 0;
    return result != Z_DATA_ERROR ? 0 : only_adler ? REASON_ADLER : REASON_INFLATE;
}

uint8_t espsim_rom_deflate_data(espsim_t *sim)
{
    const uint8_t *data;
    uint32_t bytes;
    espsim_rom_state_t *rom = &sim->rom;
    espsim_transfer_t *deflate = &rom->deflate;
    const uint8_t reason = espsim_rom_check_block(sim, deflate, 1, &data, &bytes);
    if (reason != 0) {
        return reason;
    }
    deflate->left_blocks--;
    if (rom->stream_ended) {
        hang(sim); /* waits for ever for the unpacker to take a byte of it */
        return 0;
    }
    const bool last = deflate->sequence == deflate->block_count;
    int result = unpack(sim, data, bytes);
    if (result == Z_STREAM_END && rom->inflater.avail_in > 0) {
        hang(sim);
        return 0;
    }
    if (last && result != Z_STREAM_END && result != Z_DATA_ERROR) {
        result = unpack_past_the_end(sim);
    }
    rom->stream_ended = result == Z_STREAM_END;
    const uint8_t unpack_reason = reason_of(&rom->inflater, result);
    if (unpack_reason == 0 && last) {
        flush_window(sim, sim->rom_row->deflate_ends_with_whole_window ? sizeof(rom->window)
                                                                       : (rom->window_bytes + 3) & ~3u);
    }
    return unpack_reason;
}

uint8_t espsim_rom_deflate_end(espsim_t *sim)
{
    lock(sim);
    return sim->rom.deflate.left_blocks == 0 ? 0 : REASON_FAILED;
}

/* --- Reading and hashing ----------------------------------------------------------------------------------- */

uint8_t espsim_rom_read_slow(espsim_t *sim)
{
    const uint32_t addr = espsim_rom_word(sim, 0);
    const uint32_t bytes = espsim_rom_word(sim, 1);
    if (bytes > 64) {
        return REASON_READ_LENGTH;
    }
    if (beyond_flash(sim, addr, bytes)) {
        return REASON_READ;
    }
    espsim_flash_read(sim, addr, espsim_rom_reply_data(sim), bytes);
    return 0;
}

uint8_t espsim_rom_md5(espsim_t *sim)
{
    enum { DIGEST_BYTES = 16 };
    static const char digits[] = "0123456789abcdef";

    const uint32_t addr = espsim_rom_word(sim, 0);
    uint32_t bytes = espsim_rom_word(sim, 1);
    bytes = bytes >> 31 != 0 ? 0 : bytes; /* the ROM counts with a sign */
    if (beyond_flash(sim, addr, bytes)) {
        return REASON_READ;
    }
    if (bytes > RANGE_BYTES_MAX) {
        hang(sim);
        return 0;
    }
    uint8_t digest[DIGEST_BYTES];
    mbedtls_md_context_t md5;
    mbedtls_md_init(&md5);
    sim->out_of_memory =
        mbedtls_md_setup(&md5, mbedtls_md_info_from_type(MBEDTLS_MD_MD5), 0) != 0 || sim->out_of_memory;
    (void)mbedtls_md_starts(&md5);
    const espsim_work_t before = espsim_work(sim);
    for (uint32_t done = 0; done < bytes; done += MD5_PIECE_BYTES) {
        uint8_t piece[MD5_PIECE_BYTES];
        const uint32_t piece_bytes = bytes - done < MD5_PIECE_BYTES ? bytes - done : MD5_PIECE_BYTES;
        espsim_flash_read(sim, addr + done, piece, piece_bytes);
        (void)mbedtls_md_update(&md5, piece, piece_bytes);
    }
    (void)mbedtls_md_finish(&md5, digest);
    mbedtls_md_free(&md5);
    espsim_faults_digest(&sim->faults, digest);
    espsim_set_work(sim, &before); /* the rate below is that of reading and hashing together */
    espsim_take_chip_time(sim, ESPSIM_CAUSE_MD5, bytes * (uint64_t)sim->rom_row->md5_ns_per_byte);

    uint8_t *text = espsim_rom_reply_data(sim);
    for (unsigned byte = 0; byte < DIGEST_BYTES; byte++) {
        text[2 * byte] = (uint8_t)digits[digest[byte] >> 4];
        text[2 * byte + 1] = (uint8_t)digits[digest[byte] & 0xF];
    }
    return 0;
}
