/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_sdio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "fake_host.h"
#include "sdmmc_cmd.h"

enum { BLOCK_BYTES = 512, FIRST_TIMEOUT_MS = 1000 };

static fake_sdio_t sdio;
static espsim_sdio_t *card_behind;

void fake_sdio_start(espsim_sdio_t *card)
{
    memset(&sdio, 0, sizeof(sdio));
    card_behind = card;
}

const fake_sdio_t *fake_sdio(void)
{
    return &sdio;
}

/* --- Host and slot ----------------------------------------------------------------------------------------- */

esp_err_t sdmmc_host_init(void)
{
    if (sdio.host_is_on || fake_fails()) {
        return ESP_ERR_INVALID_STATE;
    }
    sdio.host_is_on = true;
    fake_hold(1);
    return ESP_OK;
}

esp_err_t sdmmc_host_init_slot(int slot, const sdmmc_slot_config_t *config)
{
    if (!sdio.host_is_on || fake_fails()) {
        return ESP_ERR_INVALID_STATE;
    }
    sdio.slot_is_on = true;
    sdio.slot = slot;
    sdio.width = config->width;
    sdio.clk = config->clk;
    sdio.cmd = config->cmd;
    sdio.d0 = config->d0;
    sdio.d1 = config->d1;
    sdio.d2 = config->d2;
    sdio.d3 = config->d3;
    sdio.slot_flags = config->flags;
    return ESP_OK;
}

esp_err_t sdmmc_host_deinit(void)
{
    assert_true(sdio.host_is_on);
    sdio.host_is_on = false;
    sdio.slot_is_on = false;
    fake_hold(-1);
    return ESP_OK;
}

esp_err_t sdmmc_host_deinit_slot(int slot)
{
    assert_true(sdio.slot_is_on);
    assert_int_equal(slot, sdio.slot);
    return sdmmc_host_deinit();
}

/* --- The card ---------------------------------------------------------------------------------------------- */

static esp_err_t error_of(esp_loader_error_t err)
{
    switch (err) {
    case ESP_LOADER_SUCCESS:
        return ESP_OK;
    case ESP_LOADER_ERROR_TIMEOUT:
        return ESP_ERR_TIMEOUT;
    default:
        return ESP_ERR_INVALID_RESPONSE;
    }
}

/* As the driver it forgets a buffer that the card had before, and leaves one behind also where it fails. */
esp_err_t sdmmc_card_init(const sdmmc_host_t *host, sdmmc_card_t *card)
{
    assert_true(sdio.slot_is_on && host->slot == sdio.slot);
    memset(card, 0, sizeof(*card));
    card->host = *host;
    sdio.host_flags = host->flags;
    sdio.freq_khz = host->max_freq_khz;
    if (fake_fails()) {
        return ESP_FAIL;
    }
    if ((host->flags & SDMMC_HOST_FLAG_ALLOC_ALIGNED_BUF) != 0) {
        card->host.dma_aligned_buffer = malloc(BLOCK_BYTES);
        assert_non_null(card->host.dma_aligned_buffer);
    }
    return error_of(card_behind->ops.sdio_card_init(&card_behind->base.port));
}

static uint32_t timeout_of(const sdmmc_card_t *card)
{
    const int timeout_ms = card->host.command_timeout_ms;
    assert_true(timeout_ms >= 0);
    return timeout_ms != 0 ? (uint32_t)timeout_ms : FIRST_TIMEOUT_MS;
}

static esp_err_t move(const sdmmc_card_t *card, bool write, uint32_t function, uint32_t addr, uint8_t *data,
                      size_t size)
{
    esp_loader_port_t *port = &card_behind->base.port;
    if (fake_fails()) {
        return ESP_ERR_INVALID_RESPONSE;
    }
    return error_of(write ? card_behind->ops.sdio_write(port, function, addr, data, (uint16_t)size, timeout_of(card))
                          : card_behind->ops.sdio_read(port, function, addr, data, (uint16_t)size, timeout_of(card)));
}

esp_err_t sdmmc_io_read_byte(sdmmc_card_t *card, uint32_t function, uint32_t addr, uint8_t *byte)
{
    sdio.cmd52++;
    return move(card, false, function, addr, byte, 1);
}

esp_err_t sdmmc_io_write_byte(sdmmc_card_t *card, uint32_t function, uint32_t addr, uint8_t byte, uint8_t *read_back)
{
    sdio.cmd52++;
    assert_null(read_back);
    return move(card, true, function, addr, &byte, 1);
}

/* As the driver: whole words by DMA, and what is left of a word in a transfer of its own. */
static esp_err_t move_bytes(const sdmmc_card_t *card, bool write, uint32_t function, uint32_t addr, uint8_t *data,
                            size_t size)
{
    if (size == 0 || size > BLOCK_BYTES) {
        return ESP_ERR_INVALID_SIZE;
    }
    if ((uintptr_t)data % 4 != 0) {
        return ESP_ERR_INVALID_ARG;
    }
    const size_t whole = size & ~(size_t)3;
    esp_err_t err = ESP_OK;
    if (whole > 0) {
        sdio.cmd53++;
        err = move(card, write, function, addr, data, whole);
    }
    if (err == ESP_OK && size > whole) {
        sdio.cmd53++;
        err = move(card, write, function, addr + (uint32_t)whole, data + whole, size - whole);
    }
    return err;
}

esp_err_t sdmmc_io_read_bytes(sdmmc_card_t *card, uint32_t function, uint32_t addr, void *data, size_t size)
{
    return move_bytes(card, false, function, addr, data, size);
}

esp_err_t sdmmc_io_write_bytes(sdmmc_card_t *card, uint32_t function, uint32_t addr, const void *data, size_t size)
{
    uint8_t copy[BLOCK_BYTES] __attribute__((aligned(4)));
    if (size > sizeof(copy) || (uintptr_t)data % 4 != 0) {
        return ESP_ERR_INVALID_ARG;
    }
    memcpy(copy, data, size);
    return move_bytes(card, true, function, addr, copy, size);
}
