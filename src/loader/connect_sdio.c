/* SPDX-License-Identifier: Apache-2.0 */
/* A conversation with a chip as SDIO card. */
#include "loader/command.h"
#include "transport/sdio.h"

enum { VENDOR_ESPRESSIF = 0x0092 };

typedef struct {
    uint16_t device;
    uint8_t target;                  /* target_chip_t */
    uint8_t conf1_reg, len_conf_reg; /* of the link controller, behind its window */
} card_t;

static const card_t cards[] = {
    {0x0000, ESP32_CHIP, 0x60, 0xE4},
    {0x1017, ESP32C5_CHIP, 0x70, 0xF4},
    {0x100D, ESP32C6_CHIP, 0x70, 0xF4},
    {0x1014, ESP32C61_CHIP, 0x70, 0xF4},
};
enum { CARD_COUNT = sizeof(cards) / sizeof(cards[0]) };

/* After a reset a card takes its time to be one. */
static esp_loader_error_t find_card(esp_loader_port_t *port, uint32_t sync_timeout_ms)
{
    enum { TRIES_PER_RESET = 5 };

    for (unsigned tries = 0; tries < TRIES_PER_RESET; tries++) {
        if (port->ops->sdio_card_init(port) == ESP_LOADER_SUCCESS) {
            return ESP_LOADER_SUCCESS;
        }
        port->ops->delay_ms(port, sync_timeout_ms);
    }
    return ESP_LOADER_ERROR_TIMEOUT;
}

static esp_loader_error_t set_up(esp_loader_t *loader)
{
    enum { TIMEOUTS_PER_RESET = 5 };

    uint32_t id;
    RETURN_ON_ERROR(find_card(loader->_port, loader->_sync_ms));
    loader->_port->ops->start_timer(loader->_port, TIMEOUTS_PER_RESET * loader->_sync_ms);
    RETURN_ON_ERROR(reflash_sdio_enable(loader));
    RETURN_ON_ERROR(reflash_sdio_read_id(loader, &id));
    const card_t *card = cards;
    while (id != (VENDOR_ESPRESSIF | (uint32_t)card->device << 16)) {
        card++;
        if (card == cards + CARD_COUNT) {
            return ESP_LOADER_ERROR_INVALID_TARGET;
        }
    }
    const reflash_chip_t *chip = reflash_chip_by_target((target_chip_t)card->target);
    if (chip == NULL) {
        return ESP_LOADER_ERROR_INVALID_TARGET;
    }
    RETURN_ON_ERROR(reflash_sdio_set_up(loader, card->conf1_reg, card->len_conf_reg));
    loader->_chip = chip;
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t connect_once(esp_loader_t *loader)
{
    enum { STATUS_BYTES = 2 };

    loader->_sdio_sequence = 0;
    loader->_transfer.sdio.owed_answer = 0;
    loader->_transfer.sdio.left_rom = false;
    loader->_status_bytes = STATUS_BYTES;
    loader->_port->ops->enter_bootloader(loader->_port);
    const esp_loader_error_t err = set_up(loader);
    if (err == ESP_LOADER_ERROR_INVALID_TARGET) {
        return reflash_fail(loader, err, REFLASH_CAUSE_UNKNOWN_CHIP);
    }
    return reflash_fail_to_receive(loader, err);
}

static esp_loader_error_t send(esp_loader_t *loader, const reflash_request_t *request, uint32_t at)
{
    return reflash_fail_to_send(loader, reflash_sdio_send(loader, request, at));
}

static const reflash_transport_t sdio = {
    .needed_slots =
        REFLASH_COMMON_SLOTS | REFLASH_SLOT(sdio_write) | REFLASH_SLOT(sdio_read) | REFLASH_SLOT(sdio_card_init),
    .stub_block_bytes_max = REFLASH_SDIO_STUB_BLOCK_BYTES_MAX,
    .connect = connect_once,
    .send = send,
    .receive = reflash_sdio_receive,
};

esp_loader_error_t esp_loader_init_sdio(esp_loader_t *loader, esp_loader_port_t *port)
{
    return reflash_bind(loader, port, &sdio);
}
