/* SPDX-License-Identifier: Apache-2.0 */
#include "arduino_port.h"

#include "polled.h"
#include "reset_lines.h"

static arduino_port_t *self(esp_loader_port_t *base)
{
    // cppcheck-suppress cstyleCast // it is C's
    return container_of(base, arduino_port_t, port);
}

/* --- Time -------------------------------------------------------------------------------------------------- */

static uint32_t now_ms()
{
    return static_cast<uint32_t>(millis());
}

static void start_timer(esp_loader_port_t *base, uint32_t ms)
{
    self(base)->_timer = reflash_deadline(now_ms(), ms);
}

static uint32_t remaining_time(esp_loader_port_t *base)
{
    return reflash_deadline_left_ms(&self(base)->_timer, now_ms());
}

static void delay_ms(esp_loader_port_t *base, uint32_t ms)
{
    (void)base;
    delay(ms);
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

/* Not all cores tell how much room there is: a write waits for it. One byte takes no longer than its time on the line. */
static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    const reflash_deadline_t deadline = reflash_deadline(now_ms(), timeout);
    for (uint16_t at = 0; at < size; at++) {
        if (reflash_deadline_is_over(&deadline, now_ms()) || self(base)->serial->write(&data[at], 1) != 1) {
            return ESP_LOADER_ERROR_TIMEOUT;
        }
    }
    return ESP_LOADER_SUCCESS;
}

static bool get(esp_loader_port_t *base, uint8_t *byte)
{
    HardwareSerial *serial = self(base)->serial;
    if (serial->available() <= 0) {
        yield(); /* cores with a network or a watchdog live on this */
        return false;
    }
    *byte = static_cast<uint8_t>(serial->read());
    return true;
}

static const reflash_polled_t polled = {now_ms, nullptr, get, nullptr};

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    return reflash_polled_read(base, &polled, data, size, timeout);
}

static esp_loader_error_t read_some(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                    uint32_t timeout)
{
    return reflash_polled_read_some(base, &polled, data, size, got_bytes, timeout);
}

static void forget(esp_loader_port_t *base)
{
    reflash_polled_flush(base, &polled);
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    HardwareSerial *serial = self(base)->serial;
    serial->flush(); /* waits until all was sent */
    serial->begin(rate);
    return ESP_LOADER_SUCCESS;
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static void set_lines(esp_loader_port_t *base, bool boot, bool reset)
{
    digitalWrite(self(base)->boot_pin, boot ? LOW : HIGH);
    digitalWrite(self(base)->reset_pin, reset ? LOW : HIGH);
}

static const reflash_lines_t lines = REFLASH_LINES_OF_BUILD();
static const reflash_line_moves_t moves = {set_lines, forget};

static void enter_bootloader(esp_loader_port_t *base)
{
    reflash_lines_enter_bootloader(base, &lines, &moves);
}

static void reset_target(esp_loader_port_t *base)
{
    reflash_lines_reset_target(base, &lines, &moves);
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static esp_loader_error_t open_port(esp_loader_port_t *base)
{
    arduino_port_t *port = self(base);
    set_lines(base, lines.invert_boot, lines.invert_reset); /* before: an output must not begin by pulling */
    pinMode(port->boot_pin, OUTPUT);
    pinMode(port->reset_pin, OUTPUT);
    set_lines(base, lines.invert_boot, lines.invert_reset); /* and behind: not all cores keep the level of an input */
    port->serial->begin(port->baudrate);
    return ESP_LOADER_SUCCESS;
}

static void close_port(esp_loader_port_t *base)
{
    arduino_port_t *port = self(base);
    port->serial->end();
    pinMode(port->boot_pin, INPUT);
    pinMode(port->reset_pin, INPUT);
}

const esp_loader_port_ops_t arduino_uart_ops = {
    open_port,
    close_port,
    enter_bootloader,
    reset_target,
    start_timer,
    remaining_time,
    delay_ms,
    nullptr, /* log */
    nullptr, /* log_hex */
    change_transmission_rate,
    write_bytes,
    read_bytes,
    nullptr, /* spi_set_cs */
    nullptr, /* sdio_write */
    nullptr, /* sdio_read */
    nullptr, /* sdio_card_init */
    read_some,
    forget,
    nullptr, /* cancelled */
    nullptr, /* progress */
};
