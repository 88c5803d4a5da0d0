/* SPDX-License-Identifier: Apache-2.0 */
/* A conversation with a mask ROM as SPI slave: registers and RAM, no flash. */
#include "loader/command.h"
#include "transport/spi.h"

/* Security info, which tells the chip elsewhere, is not carried: its answer has data. So the magic word has to do,
 * of all revisions of the chips that have this loader. */
static const uint32_t magics[] = {
    0x00000009,                                     /* ESP32-S3 */
    0x6F51306F, 0x7C41A06F, 0x0C21E06F,             /* ESP32-C2 */
    0x6921506F, 0x1B31506F, 0x4881606F, 0x4361606F, /* ESP32-C3 */
    0xD7B73E80,                                     /* ESP32-H2 */
};
static const uint8_t chip_ids[] = {9, 12, 12, 12, 5, 5, 5, 5, 16};
_Static_assert(sizeof(magics) == 4 * sizeof(chip_ids), "one for each");

static const reflash_chip_t *chip_of(uint32_t magic)
{
    for (unsigned row = 0; row < sizeof(magics) / sizeof(magics[0]); row++) {
        if (magics[row] == magic) {
            return reflash_chip_by_id(chip_ids[row]);
        }
    }
    return reflash_chip_by_magic((uint16_t)magic);
}

static esp_loader_error_t connect_once(esp_loader_t *loader)
{
    enum { TIMEOUTS_PER_RESET = 5, STATUS_BYTES = 2 };

    esp_loader_port_t *port = loader->_port;
    port->ops->enter_bootloader(port);
    port->ops->start_timer(port, TIMEOUTS_PER_RESET * loader->_sync_ms);
    RETURN_ON_ERROR(reflash_fail_to_receive(loader, reflash_spi_handshake(loader)));
    loader->_status_bytes = STATUS_BYTES;
    uint32_t magic;
    RETURN_ON_ERROR(reflash_read_register(loader, REFLASH_MAGIC_ADDR, &magic));
    loader->_chip = chip_of(magic);
    return loader->_chip != NULL ? ESP_LOADER_SUCCESS
                                 : reflash_fail(loader, ESP_LOADER_ERROR_INVALID_TARGET, REFLASH_CAUSE_UNKNOWN_CHIP);
}

static esp_loader_error_t send(esp_loader_t *loader, const reflash_request_t *request, uint32_t at)
{
    (void)at;
    return reflash_fail_to_send(loader, reflash_spi_send(loader, request));
}

static const reflash_transport_t spi = {
    .needed_slots = REFLASH_COMMON_SLOTS | REFLASH_SLOT(write) | REFLASH_SLOT(read) | REFLASH_SLOT(spi_set_cs),
    .connect = connect_once,
    .send = send,
    .receive = reflash_spi_receive,
};

esp_loader_error_t esp_loader_init_spi(esp_loader_t *loader, esp_loader_port_t *port)
{
    return reflash_bind(loader, port, &spi);
}
