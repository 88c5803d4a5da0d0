/* SPDX-License-Identifier: Apache-2.0 */
#include "esp32_spi_port.h"

#include <string.h>

#include "idf_host.h"
#include "reset_lines.h"

enum { PIECE_BYTES = 4092 /* the driver's limit, if nobody says another */, RX_BYTES = 4, NO_PIN = -1 };
enum { STRAP_COUNT = 4, BUS_PIN_COUNT = 6 };

static esp32_spi_port_t *self(esp_loader_port_t *port)
{
    return container_of(port, esp32_spi_port_t, port);
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

/* --- The bus ----------------------------------------------------------------------------------------------- */

static void give_bus_back(esp32_spi_port_t *port)
{
    if (port->_device != NULL) {
        (void)spi_bus_remove_device(port->_device);
        port->_device = NULL;
    }
    if (port->_bus_is_ours) {
        (void)spi_bus_free(port->spi_bus);
        port->_bus_is_ours = false;
    }
}

static esp_err_t initialize_bus(esp32_spi_port_t *port)
{
    const spi_bus_config_t bus = {
        .mosi_io_num = port->spi_mosi_pin,
        .miso_io_num = port->spi_miso_pin,
        .sclk_io_num = port->spi_clk_pin,
        .quadwp_io_num = port->spi_quadwp_pin,
        .quadhd_io_num = port->spi_quadhd_pin,
        .data4_io_num = NO_PIN,
        .data5_io_num = NO_PIN,
        .data6_io_num = NO_PIN,
        .data7_io_num = NO_PIN,
    };
    const esp_err_t err = spi_bus_initialize(port->spi_bus, &bus, SPI_DMA_CH_AUTO);
    port->_bus_is_ours = err == ESP_OK;
    return err;
}

static esp_err_t take_bus(esp32_spi_port_t *port)
{
    const spi_device_interface_config_t device = {
        .mode = 0,
        .clock_speed_hz = (int)port->frequency,
        .spics_io_num = NO_PIN, /* a transaction of the target's is several of the driver's */
        .flags = SPI_DEVICE_HALFDUPLEX,
        .queue_size = 1,
    };
    esp_err_t err = port->dont_initialize_bus ? ESP_OK : initialize_bus(port);
    if (err == ESP_OK) {
        err = spi_bus_add_device(port->spi_bus, &device, &port->_device);
    }
    if (err == ESP_OK) {
        err = reflash_idf_take_pin(port->spi_cs_pin, true);
    }
    if (err != ESP_OK) {
        give_bus_back(port);
    }
    return err;
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

/* While the target is selected nobody else may clock. */
static void set_cs(esp_loader_port_t *base, uint32_t level)
{
    esp32_spi_port_t *port = self(base);
    const bool select = level == 0;
    if (select && port->_device != NULL) {
        port->_is_selected = spi_device_acquire_bus(port->_device, portMAX_DELAY) == ESP_OK;
    }
    if (port->_is_selected || !select) {
        reflash_idf_set_pin(port->spi_cs_pin, !select);
    }
    if (!select && port->_is_selected) {
        spi_device_release_bus(port->_device);
        port->_is_selected = false;
    }
}

static esp_loader_error_t transmit(const esp32_spi_port_t *port, spi_transaction_t *transaction)
{
    return port->_is_selected ? reflash_idf_error(spi_device_polling_transmit(port->_device, transaction))
                              : ESP_LOADER_ERROR_FAIL;
}

static uint16_t smaller(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)timeout; /* the host clocks: it takes as long as it takes */
    for (uint16_t done = 0; done < size;) {
        const uint16_t bytes = smaller((uint16_t)(size - done), PIECE_BYTES);
        spi_transaction_t transaction = {.length = 8u * bytes, .tx_buffer = data + done};
        const esp_loader_error_t err = transmit(self(base), &transaction);
        if (err != ESP_LOADER_SUCCESS) {
            return err;
        }
        done = (uint16_t)(done + bytes);
    }
    return ESP_LOADER_SUCCESS;
}

/* DMA writes whole words to aligned memory, beyond the end of a buffer. All reads are short, so they go through the four
 * bytes that a transaction brings along. */
static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)timeout;
    for (uint16_t done = 0; done < size;) {
        const uint16_t bytes = smaller((uint16_t)(size - done), RX_BYTES);
        spi_transaction_t transaction = {.flags = SPI_TRANS_USE_RXDATA, .rxlength = 8u * bytes};
        const esp_loader_error_t err = transmit(self(base), &transaction);
        if (err != ESP_LOADER_SUCCESS) {
            return err;
        }
        memcpy(data + done, transaction.rx_data, bytes);
        done = (uint16_t)(done + bytes);
    }
    return ESP_LOADER_SUCCESS;
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

/* The straps while reset rises, which choose the SPI slave, and behind that. */
static const bool straps_for_loader[STRAP_COUNT] = {true, false, false, false};
static const bool straps_afterwards[STRAP_COUNT] = {false, false, false, true};

static void list_straps(const esp32_spi_port_t *port, gpio_num_t straps[STRAP_COUNT])
{
    straps[0] = port->strap_bit0_pin;
    straps[1] = port->strap_bit1_pin;
    straps[2] = port->strap_bit2_pin;
    straps[3] = port->strap_bit3_pin;
}

/* What the lines' boot is to others are all straps here. */
static void set_lines(esp_loader_port_t *base, bool boot, bool reset)
{
    const esp32_spi_port_t *port = self(base);
    gpio_num_t straps[STRAP_COUNT];
    list_straps(port, straps);
    for (unsigned bit = 0; bit < STRAP_COUNT && port->_straps_are_driven; bit++) {
        reflash_idf_set_pin(straps[bit], (boot ? straps_for_loader : straps_afterwards)[bit]);
    }
    reflash_idf_set_pin(port->reset_pin, !reset);
}

static void forget(esp_loader_port_t *base)
{
    (void)base; /* nothing comes in unasked */
}

static const reflash_lines_t lines = {.style = REFLASH_LINES_PINS, .invert_reset = SERIAL_FLASHER_RESET_INVERT};
static const reflash_line_moves_t moves = {.set = set_lines, .forget = forget};

/* The bus first: some of its pins may be straps, too. */
static void enter_bootloader(esp_loader_port_t *base)
{
    esp32_spi_port_t *port = self(base);
    gpio_num_t straps[STRAP_COUNT];
    list_straps(port, straps);
    give_bus_back(port);
    for (unsigned bit = 0; bit < STRAP_COUNT; bit++) {
        (void)reflash_idf_take_pin(straps[bit], straps_for_loader[bit]);
    }
    port->_straps_are_driven = true;
    reflash_lines_enter_bootloader(base, &lines, &moves);
    port->_straps_are_driven = false;
    for (unsigned bit = 0; bit < STRAP_COUNT; bit++) {
        if (straps[bit] != GPIO_NUM_NC) {
            (void)gpio_reset_pin(straps[bit]);
        }
    }
    (void)take_bus(port); /* without it there is no device, and the next write fails */
}

static void reset_target(esp_loader_port_t *base)
{
    reflash_lines_reset_target(base, &lines, &moves);
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static bool is_bus_pin(const esp32_spi_port_t *port, gpio_num_t pin)
{
    const gpio_num_t bus_pins[BUS_PIN_COUNT] = {port->spi_clk_pin, port->spi_miso_pin,   port->spi_mosi_pin,
                                                port->spi_cs_pin,  port->spi_quadwp_pin, port->spi_quadhd_pin};
    for (unsigned at = 0; at < BUS_PIN_COUNT; at++) {
        if (bus_pins[at] == pin && pin != GPIO_NUM_NC) {
            return true;
        }
    }
    return false;
}

static bool shares_pins(const esp32_spi_port_t *port)
{
    gpio_num_t straps[STRAP_COUNT];
    list_straps(port, straps);
    for (unsigned bit = 0; bit < STRAP_COUNT; bit++) {
        if (is_bus_pin(port, straps[bit])) {
            return true;
        }
    }
    return false;
}

static void deinit(esp_loader_port_t *base)
{
    set_cs(base, 1);
    give_bus_back(self(base));
}

static esp_loader_error_t init(esp_loader_port_t *base)
{
    esp32_spi_port_t *port = self(base);
    port->_device = NULL;
    port->_bus_is_ours = false;
    port->_straps_are_driven = false;
    port->_is_selected = false;
    if (port->dont_initialize_bus && shares_pins(port)) {
        return ESP_LOADER_ERROR_INVALID_PARAM;
    }
    esp_err_t err = take_bus(port);
    if (err == ESP_OK) {
        err = reflash_idf_take_pin(port->reset_pin, !lines.invert_reset);
    }
    if (err != ESP_OK) {
        give_bus_back(port);
    }
    return reflash_idf_error(err);
}

const esp_loader_port_ops_t esp32_spi_ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = reflash_idf_delay_ms,
    .log = reflash_idf_log,
    .log_hex = reflash_idf_log_hex,
    .write = write_bytes,
    .read = read_bytes,
    .spi_set_cs = set_cs,
};
