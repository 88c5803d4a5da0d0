/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_arduino.h"

#include "arduino_port.h"

extern "C" {
#include "wires.h"
}

enum { LOOK_NS = 2000, WAIT_NS = 20000, CORE_BUFFER_BYTES = 64 };

HardwareSerial Serial1;

static struct {
    uint8_t received[FAKE_BUFFER_BYTES];
    unsigned buffer_bytes, first, count, lost;
    bool is_output[4], is_high[4];
} board;

/* --- Pins -------------------------------------------------------------------------------------------------- */

/* An input is pulled up by the target. */
static void follow(uint8_t pin)
{
    const bool low = board.is_output[pin] && !board.is_high[pin];
    if (pin == FAKE_BOOT_PIN) {
        wires_set_boot(low);
    } else if (pin == FAKE_RESET_PIN) {
        wires_set_reset(low);
    }
}

void pinMode(uint8_t pin, uint8_t mode)
{
    board.is_output[pin] = mode == OUTPUT;
    follow(pin);
}

void digitalWrite(uint8_t pin, uint8_t value)
{
    board.is_high[pin] = value == HIGH;
    follow(pin);
}

/* --- Time -------------------------------------------------------------------------------------------------- */

unsigned long millis()
{
    wires_pass_ns(LOOK_NS);
    return static_cast<uint32_t>(wires_now_ns() / WIRES_MS); /* as where a long has 32 bits */
}

void delay(unsigned long ms)
{
    wires_pass_ns(ms * WIRES_MS);
}

void yield()
{
    wires_pass_ns(LOOK_NS);
}

/* --- Serial ------------------------------------------------------------------------------------------------ */

static void on_receive(uint8_t byte)
{
    if (!Serial1.is_open || board.count == board.buffer_bytes) {
        board.lost++;
        return;
    }
    board.received[(board.first + board.count) % FAKE_BUFFER_BYTES] = byte;
    board.count++;
}

void HardwareSerial::begin(unsigned long baud)
{
    is_open = true;
    wires_set_baud(static_cast<uint32_t>(baud));
}

void HardwareSerial::end()
{
    is_open = false;
}

int HardwareSerial::available()
{
    return static_cast<int>(board.count);
}

int HardwareSerial::read()
{
    if (board.count == 0) {
        return -1;
    }
    const uint8_t byte = board.received[board.first];
    board.first = (board.first + 1) % FAKE_BUFFER_BYTES;
    board.count--;
    return byte;
}

/* Waits for room. */
size_t HardwareSerial::write(const uint8_t *data, size_t size)
{
    if (!is_open) {
        return 0;
    }
    for (size_t at = 0; at < size; at++) {
        while (wires_unsent_bytes() >= CORE_BUFFER_BYTES) {
            wires_pass_ns(WAIT_NS);
        }
        wires_send(data[at]);
    }
    return size;
}

void HardwareSerial::flush()
{
    wires_drain();
}

/* --- The board --------------------------------------------------------------------------------------------- */

esp_loader_port_t *fake_arduino_port(unsigned buffer_bytes)
{
    static arduino_port_t port;
    port = arduino_port_t();
    port.port.ops = &arduino_uart_ops;
    port.serial = &Serial1;
    port.baudrate = 115200;
    port.boot_pin = FAKE_BOOT_PIN;
    port.reset_pin = FAKE_RESET_PIN;
    Serial1 = HardwareSerial();
    board = {};
    board.buffer_bytes = buffer_bytes;
    wires_on_receive(on_receive);
    return &port.port;
}

bool fake_arduino_serial_is_open(void)
{
    return Serial1.is_open;
}

bool fake_arduino_pins_are_outputs(void)
{
    return board.is_output[FAKE_BOOT_PIN] && board.is_output[FAKE_RESET_PIN];
}

unsigned fake_arduino_lost_bytes(void)
{
    return board.lost;
}
