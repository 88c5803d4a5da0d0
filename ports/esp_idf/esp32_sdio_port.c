/* SPDX-License-Identifier: Apache-2.0 */
#include "esp32_sdio_port.h"

#include <stdlib.h>
#include <string.h>

#include "idf_host.h"
#include "reset_lines.h"
#include "sdkconfig.h"

static esp32_sdio_port_t *self(esp_loader_port_t *port)
{
    return container_of(port, esp32_sdio_port_t, port);
}

/* --- Time -------------------------------------------------------------------------------------------------- */

static void start_timer(esp_loader_port_t *port, uint32_t ms)
{
    self(port)->_deadline = reflash_deadline(reflash_idf_now_ms(), ms);
}

static uint32_t remaining_time(esp_loader_port_t *port)
{
    return reflash_deadline_left_ms(&self(port)->_deadline, reflash_idf_now_ms());
}

/* --- The card ---------------------------------------------------------------------------------------------- */

/* The driver makes a buffer each time a card is initialized, and leaves it to the program to free it. */
static void forget_card(esp32_sdio_port_t *port)
{
#ifdef SDMMC_HOST_FLAG_ALLOC_ALIGNED_BUF
    free(port->_card.host.dma_aligned_buffer);
#endif
    memset(&port->_card, 0, sizeof(port->_card));
}

static esp_loader_error_t sdio_card_init(esp_loader_port_t *base)
{
    esp32_sdio_port_t *port = self(base);
    forget_card(port);
    return reflash_idf_error(sdmmc_card_init(&port->_host, &port->_card));
}

static void limit_time(esp32_sdio_port_t *port, uint32_t timeout_ms)
{
    const uint32_t limit_ms = timeout_ms < INT32_MAX ? timeout_ms : INT32_MAX;
    port->_card.host.command_timeout_ms = (int)(limit_ms > 0 ? limit_ms : 1); /* 0 is the driver's own limit */
}

/* A single byte goes by CMD52, which all functions know. More go through the buffer: the caller's has no alignment. */
static esp_loader_error_t sdio_write(esp_loader_port_t *base, uint32_t function, uint32_t addr, const uint8_t *data,
                                     uint16_t size, uint32_t timeout)
{
    esp32_sdio_port_t *port = self(base);
    if (size > sizeof(port->_buffer)) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    limit_time(port, timeout);
    if (size == 1) {
        return reflash_idf_error(sdmmc_io_write_byte(&port->_card, function, addr, data[0], NULL));
    }
    memcpy(port->_buffer, data, size);
    return reflash_idf_error(sdmmc_io_write_bytes(&port->_card, function, addr, port->_buffer, size));
}

static esp_loader_error_t sdio_read(esp_loader_port_t *base, uint32_t function, uint32_t addr, uint8_t *data,
                                    uint16_t size, uint32_t timeout)
{
    esp32_sdio_port_t *port = self(base);
    if (size > sizeof(port->_buffer)) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    limit_time(port, timeout);
    if (size == 1) {
        return reflash_idf_error(sdmmc_io_read_byte(&port->_card, function, addr, data));
    }
    const esp_err_t err = sdmmc_io_read_bytes(&port->_card, function, addr, port->_buffer, size);
    if (err == ESP_OK) {
        memcpy(data, port->_buffer, size);
    }
    return reflash_idf_error(err);
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static void set_lines(esp_loader_port_t *port, bool boot, bool reset)
{
    reflash_idf_set_pin(self(port)->boot_pin, !boot);
    reflash_idf_set_pin(self(port)->reset_pin, !reset);
}

static void forget(esp_loader_port_t *port)
{
    (void)port; /* nothing comes in unasked */
}

static const reflash_lines_t lines = REFLASH_LINES_OF_BUILD();
static const reflash_line_moves_t moves = {.set = set_lines, .forget = forget};

static void enter_bootloader(esp_loader_port_t *port)
{
    reflash_lines_enter_bootloader(port, &lines, &moves);
}

static void reset_target(esp_loader_port_t *port)
{
    reflash_lines_reset_target(port, &lines, &moves);
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static esp_err_t release_slot(const esp32_sdio_port_t *port)
{
    return (port->_host.flags & SDMMC_HOST_FLAG_DEINIT_ARG) != 0 ? port->_host.deinit_p(port->slot)
                                                                 : port->_host.deinit();
}

static esp_err_t take_slot(esp32_sdio_port_t *port)
{
    sdmmc_slot_config_t slot = SDMMC_SLOT_CONFIG_DEFAULT();
    slot.width = port->bus_width == SDIO_1BIT ? 1 : 4;
    slot.flags |= SDMMC_SLOT_FLAG_INTERNAL_PULLUP;
#if !CONFIG_IDF_TARGET_ESP32 /* which has no choice */
    slot.clk = port->sdio_clk_pin;
    slot.cmd = port->sdio_cmd_pin;
    slot.d0 = port->sdio_d0_pin;
    slot.d1 = port->sdio_d1_pin;
    slot.d2 = port->sdio_d2_pin;
    slot.d3 = port->sdio_d3_pin;
#endif
    esp_err_t err = sdmmc_host_init();
    if (err != ESP_OK) {
        return err;
    }
    err = sdmmc_host_init_slot(port->slot, &slot);
    port->_slot_is_ours = err == ESP_OK;
    if (err != ESP_OK) {
        (void)sdmmc_host_deinit();
    }
    return err;
}

static void deinit(esp_loader_port_t *base)
{
    esp32_sdio_port_t *port = self(base);
    forget_card(port);
    if (port->_slot_is_ours) {
        (void)release_slot(port);
        port->_slot_is_ours = false;
    }
}

static esp_loader_error_t init(esp_loader_port_t *base)
{
    esp32_sdio_port_t *port = self(base);
    port->_slot_is_ours = false;
    memset(&port->_card, 0, sizeof(port->_card));
    port->_host = (sdmmc_host_t)SDMMC_HOST_DEFAULT();
    port->_host.slot = port->slot;
    port->_host.max_freq_khz = (int)port->max_freq_khz;
    port->_host.flags &=
        ~(uint32_t)(SDMMC_HOST_FLAG_1BIT | SDMMC_HOST_FLAG_4BIT | SDMMC_HOST_FLAG_8BIT | SDMMC_HOST_FLAG_DDR);
    port->_host.flags |= port->bus_width == SDIO_1BIT ? SDMMC_HOST_FLAG_1BIT : SDMMC_HOST_FLAG_4BIT;
#ifdef SDMMC_HOST_FLAG_ALLOC_ALIGNED_BUF
    port->_host.flags |= SDMMC_HOST_FLAG_ALLOC_ALIGNED_BUF; /* the driver sees to the cache */
#endif
    esp_err_t err = port->dont_initialize_host_driver ? ESP_OK : take_slot(port);
    if (err == ESP_OK) {
        err = reflash_idf_take_pin(port->boot_pin, !lines.invert_boot);
    }
    if (err == ESP_OK) {
        err = reflash_idf_take_pin(port->reset_pin, !lines.invert_reset);
    }
    if (err != ESP_OK) {
        deinit(base);
    }
    return reflash_idf_error(err);
}

const esp_loader_port_ops_t esp32_sdio_ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = reflash_idf_delay_ms,
    .log = reflash_idf_log,
    .log_hex = reflash_idf_log_hex,
    .sdio_write = sdio_write,
    .sdio_read = sdio_read,
    .sdio_card_init = sdio_card_init,
};
