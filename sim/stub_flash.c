/* SPDX-License-Identifier: Apache-2.0 */
/* What the RAM stubs do to the flash part. They program and read through the ROM's functions, but start erases
 * without waiting for their end. */
#include "chip.h"

#include <mbedtls/md.h>
#include <string.h>

enum {
    SPI_WRITE_ENABLE = 0x06,
    SPI_ERASE_SECTOR = 0x20,
    SPI_ERASE_BLOCK = 0xD8,
    SPI_ERASE_CHIP = 0xC7,
    SECTOR_BYTES = 0x1000,
    BLOCK_BYTES = 0x10000,
    SECTORS_PER_BLOCK = 16,
    PIECE_BYTES = 4096,
    DIGEST_BYTES = 16
};

bool espsim_stub_beyond_flash(const espsim_t *sim, uint32_t addr, uint32_t bytes)
{
    return (uint64_t)addr + bytes > sim->stub.flash_bytes;
}

void espsim_stub_wait_flash(espsim_t *sim)
{
    const uint64_t now_ns = sim->now_ns + sim->rom.work_ns;
    if (sim->stub.flash_free_ns > now_ns) {
        espsim_take_time(sim, ESPSIM_CAUSE_ERASE, sim->stub.flash_free_ns - now_ns);
    }
}

/* --- Erase ----------------------------------------------------------------------------------------------- */

static void start_erase(espsim_t *sim, uint8_t opcode, uint32_t addr, uint32_t bytes)
{
    espsim_stub_wait_flash(sim);
    espsim_spi(sim, SPI_WRITE_ENABLE, addr, NULL, 0, 0);
    const espsim_work_t before = espsim_work(sim);
    espsim_flash_transact(sim, opcode, addr, NULL, 0, bytes);
    sim->stub.flash_free_ns = sim->now_ns + sim->rom.work_ns;
    espsim_set_work(sim, &before);
}

void espsim_stub_erase_sector(espsim_t *sim, uint32_t addr)
{
    start_erase(sim, SPI_ERASE_SECTOR, addr, SECTOR_BYTES);
}

void espsim_stub_erase_block(espsim_t *sim, uint32_t addr)
{
    start_erase(sim, SPI_ERASE_BLOCK, addr, BLOCK_BYTES);
}

void espsim_stub_erase_chip(espsim_t *sim)
{
    start_erase(sim, SPI_ERASE_CHIP, 0, sim->nor.bytes);
    espsim_stub_wait_flash(sim);
}

static bool is_blank(espsim_t *sim, uint32_t addr)
{
    uint8_t content[SECTOR_BYTES];
    espsim_flash_read(sim, addr, content, sizeof(content));
    for (uint32_t at = 0; at < sizeof(content); at++) {
        if (content[at] != 0xFF) {
            return false;
        }
    }
    return true;
}

void espsim_stub_erase_next(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    const uint32_t addr = stub->flash.erase_sector * SECTOR_BYTES;
    uint32_t sectors = 1;
    if (stub->flash.erase_sectors == 0 || stub->flash_free_ns > sim->now_ns + sim->rom.work_ns) {
        return;
    }
    if (stub->row->skips_blank && !stub->flash.dirty_seen && is_blank(sim, addr)) {
        stub->flash.erase_sector += 1;
        stub->flash.erase_sectors -= 1;
        return;
    }
    stub->flash.dirty_seen = true;
    if (stub->flash.erase_sector % SECTORS_PER_BLOCK == 0 && stub->flash.erase_sectors >= SECTORS_PER_BLOCK) {
        espsim_stub_erase_block(sim, addr);
        sectors = SECTORS_PER_BLOCK;
    } else {
        espsim_stub_erase_sector(sim, addr);
    }
    stub->flash.erase_sector += sectors;
    stub->flash.erase_sectors -= sectors;
}

/* --- Write ----------------------------------------------------------------------------------------------- */

void espsim_stub_begin(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    const uint32_t bytes = espsim_stub_word(sim, 0);
    const uint32_t addr = espsim_stub_word(sim, 3);
    const uint64_t end = (uint64_t)addr % SECTOR_BYTES + bytes + SECTOR_BYTES - 1;
    memset(&stub->flash, 0, sizeof(stub->flash));
    stub->flash.begun = true;
    stub->flash.addr = addr;
    stub->flash.left_bytes = bytes;
    stub->flash.compressed_left_bytes = espsim_stub_word(sim, 1) * espsim_stub_word(sim, 2);
    stub->flash.erase_sector = addr / SECTOR_BYTES;
    stub->flash.erase_sectors = (uint32_t)(end / SECTOR_BYTES);
    espsim_stub_wait_flash(sim);
    espsim_flash_unlock(sim);
}

bool espsim_stub_program(espsim_t *sim, uint32_t addr, uint8_t *data, uint32_t bytes)
{
    if (espsim_stub_beyond_flash(sim, addr, bytes)) {
        return false;
    }
    if (sim->stub.flash.encrypts &&
        (sim->config.security.no_manual_encryption || !espsim_flash_crypt(sim, false, addr, data, bytes))) {
        return false;
    }
    espsim_stub_wait_flash(sim);
    espsim_flash_program(sim, addr, data, bytes);
    return true;
}

void espsim_stub_unpacked(espsim_t *sim, uint32_t bytes)
{
    const bool first = sim->stub.row->stub == ESPSIM_STUB_1;
    const uint32_t rate = first ? sim->rom_row->stub1_inflate_ns_per_byte : sim->rom_row->stub2_inflate_ns_per_byte;
    espsim_take_chip_time(sim, ESPSIM_CAUSE_INFLATE, bytes * (uint64_t)rate);
}

/* --- Read ------------------------------------------------------------------------------------------------ */

/* What its addresses tell apart. */
static uint32_t reached_bytes(const espsim_t *sim)
{
    enum { NARROW_BITS = 24 };
    const uint32_t bytes = UINT32_C(1) << (sim->stub.addr_bits != 0 ? sim->stub.addr_bits : NARROW_BITS);
    return bytes < sim->nor.bytes ? bytes : sim->nor.bytes;
}

/* Reading again is only the simulation's way to know what went out. */
static void digest_of(const espsim_t *sim, uint32_t addr, uint32_t bytes, uint8_t *digest)
{
    mbedtls_md_context_t md5;
    mbedtls_md_init(&md5);
    bool hashed =
        mbedtls_md_setup(&md5, mbedtls_md_info_from_type(MBEDTLS_MD_MD5), 0) == 0 && mbedtls_md_starts(&md5) == 0;
    for (uint32_t done = 0; done < bytes && hashed;) {
        const uint32_t start = (addr + done) % reached_bytes(sim);
        const uint32_t left = reached_bytes(sim) - start;
        const uint32_t count = bytes - done < left ? bytes - done : left;
        hashed = mbedtls_md_update(&md5, &sim->nor.cells[start], count) == 0;
        done += count;
    }
    if (!hashed || mbedtls_md_finish(&md5, digest) != 0) {
        memset(digest, 0, DIGEST_BYTES);
    }
    mbedtls_md_free(&md5);
}

bool espsim_stub_md5(espsim_t *sim, uint32_t addr, uint32_t bytes, uint8_t *digest)
{
    if (bytes > 0 && espsim_stub_beyond_flash(sim, addr, bytes)) {
        return false;
    }
    espsim_stub_wait_flash(sim);
    if (bytes > ESPSIM_STUB_RANGE_BYTES_MAX) {
        espsim_stub_hang(sim);
        return true;
    }
    const espsim_work_t before = espsim_work(sim);
    uint8_t piece[PIECE_BYTES];
    for (uint32_t done = 0; done < bytes; done += sizeof(piece)) {
        espsim_flash_read(sim, addr + done, piece, bytes - done < PIECE_BYTES ? bytes - done : PIECE_BYTES);
    }
    digest_of(sim, addr, bytes, digest);
    espsim_faults_digest(&sim->faults, digest);
    espsim_set_work(sim, &before); /* the rate below is that of reading and hashing together */
    const bool first = sim->stub.row->stub == ESPSIM_STUB_1;
    const uint32_t rate = first ? sim->rom_row->stub1_md5_ns_per_byte : sim->rom_row->stub2_md5_ns_per_byte;
    espsim_take_chip_time(sim, ESPSIM_CAUSE_MD5, bytes * (uint64_t)rate);
    return true;
}

bool espsim_stub_send_packet(espsim_t *sim)
{
    espsim_stub_state_t *stub = &sim->stub;
    uint8_t packet[PIECE_BYTES];
    const uint32_t left = stub->reading.total_bytes - stub->reading.sent_bytes;
    const uint32_t bytes = left < stub->reading.packet_bytes ? left : stub->reading.packet_bytes;
    const uint32_t addr = stub->reading.start + stub->reading.sent_bytes;
    if (espsim_stub_beyond_flash(sim, addr, bytes)) {
        return false;
    }
    espsim_stub_wait_flash(sim);
    espsim_flash_read(sim, addr, packet, bytes);
    espsim_stub_send_frame(sim, packet, bytes);
    stub->reading.sent_bytes += bytes;
    stub->reading.sent_packets++;
    return true;
}

void espsim_stub_end_reading(espsim_t *sim)
{
    uint8_t digest[DIGEST_BYTES];
    digest_of(sim, sim->stub.reading.start, sim->stub.reading.sent_bytes, digest);
    espsim_stub_send_frame(sim, digest, sizeof(digest));
    memset(&sim->stub.reading, 0, sizeof(sim->stub.reading));
}
