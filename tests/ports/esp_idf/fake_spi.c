/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_spi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "driver/spi_master.h"
#include "fake_host.h"

enum { PIECE_BYTES_MAX = 4092, TIMEOUT_MS = 1000 };

struct spi_device_t {
    bool is_added;
};

static fake_spi_t spi;
static espsim_spi_t *slave;
static struct spi_device_t handle;

void fake_spi_start(espsim_spi_t *new_slave)
{
    memset(&spi, 0, sizeof(spi));
    handle.is_added = false;
    slave = new_slave;
}

const fake_spi_t *fake_spi(void)
{
    return &spi;
}

void fake_spi_select(bool level)
{
    assert_true(level || spi.is_acquired); /* others might clock */
    slave->ops.spi_set_cs(&slave->base.port, level);
}

static void lend_pins(bool lent)
{
    const int pins[] = {spi.clk, spi.miso, spi.mosi, spi.wp, spi.hd};
    for (size_t at = 0; at < sizeof(pins) / sizeof(pins[0]); at++) {
        fake_lend_pin(pins[at], lent);
    }
}

esp_err_t spi_bus_initialize(spi_host_device_t host, const spi_bus_config_t *config, spi_dma_chan_t dma)
{
    assert_int_equal(host, SPI2_HOST);
    assert_int_equal(dma, SPI_DMA_CH_AUTO);
    assert_int_equal(config->data4_io_num & config->data5_io_num & config->data6_io_num & config->data7_io_num, -1);
    if (spi.is_on || fake_fails()) {
        return ESP_ERR_INVALID_STATE;
    }
    spi = (fake_spi_t){.is_on = true,
                       .clk = config->sclk_io_num,
                       .miso = config->miso_io_num,
                       .mosi = config->mosi_io_num,
                       .wp = config->quadwp_io_num,
                       .hd = config->quadhd_io_num,
                       .transactions = spi.transactions};
    lend_pins(true);
    fake_hold(1);
    return ESP_OK;
}

esp_err_t spi_bus_free(spi_host_device_t host)
{
    assert_int_equal(host, SPI2_HOST);
    assert_true(spi.is_on);
    assert_int_equal(spi.devices, 0);
    spi.is_on = false;
    lend_pins(false);
    fake_hold(-1);
    return ESP_OK;
}

esp_err_t spi_bus_add_device(spi_host_device_t host, const spi_device_interface_config_t *config,
                             spi_device_handle_t *device)
{
    assert_int_equal(host, SPI2_HOST);
    if (!spi.is_on || config->clock_speed_hz <= 0 || fake_fails()) {
        return ESP_ERR_INVALID_ARG;
    }
    assert_int_equal(config->spics_io_num, -1);
    assert_true((config->flags & SPI_DEVICE_HALFDUPLEX) != 0 && config->queue_size > 0);
    assert_false(handle.is_added);
    handle.is_added = true;
    spi.devices++;
    spi.clock_hz = config->clock_speed_hz;
    spi.mode = config->mode;
    fake_hold(1);
    *device = &handle;
    return ESP_OK;
}

esp_err_t spi_bus_remove_device(spi_device_handle_t device)
{
    assert_ptr_equal(device, &handle);
    assert_true(handle.is_added);
    assert_false(spi.is_acquired);
    handle.is_added = false;
    spi.devices--;
    fake_hold(-1);
    return ESP_OK;
}

esp_err_t spi_device_acquire_bus(spi_device_handle_t device, TickType_t wait)
{
    assert_ptr_equal(device, &handle);
    assert_true(handle.is_added && wait == portMAX_DELAY);
    assert_false(spi.is_acquired);
    if (fake_fails()) {
        return ESP_ERR_INVALID_ARG;
    }
    spi.is_acquired = true;
    return ESP_OK;
}

void spi_device_release_bus(spi_device_handle_t device)
{
    assert_ptr_equal(device, &handle);
    assert_true(handle.is_added && spi.is_acquired);
    spi.is_acquired = false;
}

static esp_err_t error_of(esp_loader_error_t err)
{
    return err == ESP_LOADER_SUCCESS ? ESP_OK : ESP_FAIL;
}

/* One direction in each: the ESP32 cannot do both by DMA in half-duplex mode. */
esp_err_t spi_device_polling_transmit(spi_device_handle_t device, spi_transaction_t *transaction)
{
    assert_ptr_equal(device, &handle);
    assert_true(handle.is_added);
    const size_t tx_bytes = transaction->length / 8;
    const size_t rx_bytes = transaction->rxlength / 8;
    assert_int_equal((transaction->length | transaction->rxlength) % 8, 0);
    if (tx_bytes > PIECE_BYTES_MAX || rx_bytes > PIECE_BYTES_MAX || (tx_bytes > 0) == (rx_bytes > 0)) {
        return ESP_ERR_INVALID_ARG;
    }
    if (fake_fails()) {
        slave->port_failed = true; /* and does not wonder about half a message */
        return ESP_ERR_INVALID_STATE;
    }
    spi.transactions++;
    if (tx_bytes > 0) {
        assert_non_null(transaction->tx_buffer);
        return error_of(slave->ops.write(&slave->base.port, transaction->tx_buffer, (uint16_t)tx_bytes, TIMEOUT_MS));
    }
    uint8_t received[PIECE_BYTES_MAX];
    const esp_loader_error_t err = slave->ops.read(&slave->base.port, received, (uint16_t)rx_bytes, TIMEOUT_MS);
    if ((transaction->flags & SPI_TRANS_USE_RXDATA) != 0) {
        assert_true(rx_bytes <= sizeof(transaction->rx_data));
        memcpy(transaction->rx_data, received, rx_bytes);
    } else { /* as DMA does: whole words */
        memset((uint8_t *)transaction->rx_buffer + rx_bytes, 0xDD, (4 - rx_bytes % 4) % 4);
        memcpy(transaction->rx_buffer, received, rx_bytes);
    }
    return error_of(err);
}
