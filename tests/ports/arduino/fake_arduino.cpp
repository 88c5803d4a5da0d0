/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_arduino.h"

#include "arduino_port.h"

extern "C" {
#include "wires.h"
}

enum { LOOK_NS = 2000, WAIT_NS = 20000, CORE_BUFFER_BYTES = 64 };

HardwareSerial Serial1;

static struct {
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

void HardwareSerial::power_on(unsigned buffer_bytes)
{
    *this = HardwareSerial();
    _buffer_bytes = buffer_bytes;
}

bool HardwareSerial::is_open() const
{
    return _is_open;
}

unsigned HardwareSerial::lost_bytes() const
{
    return _lost_bytes;
}

void HardwareSerial::receive(uint8_t byte)
{
    if (!_is_open || _count == _buffer_bytes) {
        _lost_bytes++;
        return;
    }
    _received[(_first + _count) % FAKE_BUFFER_BYTES] = byte;
    _count++;
}

static void on_receive(uint8_t byte)
{
    Serial1.receive(byte);
}

void HardwareSerial::begin(unsigned long baud)
{
    _is_open = true;
    wires_set_baud(static_cast<uint32_t>(baud));
}

void HardwareSerial::end()
{
    _is_open = false;
}

// NOLINTBEGIN(readability-make-member-function-const,readability-convert-member-functions-to-static): as in a core
int HardwareSerial::available()
{
    return static_cast<int>(_count);
}

int HardwareSerial::read()
{
    if (_count == 0) {
        return -1;
    }
    const uint8_t byte = _received[_first];
    _first = (_first + 1) % FAKE_BUFFER_BYTES;
    _count--;
    return byte;
}

/* Waits for room. */
size_t HardwareSerial::write(const uint8_t *data, size_t size)
{
    if (!_is_open) {
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
// NOLINTEND(readability-make-member-function-const,readability-convert-member-functions-to-static)

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
    Serial1.power_on(buffer_bytes);
    board = {};
    wires_on_receive(on_receive);
    return &port.port;
}

bool fake_arduino_serial_is_open(void)
{
    return Serial1.is_open();
}

bool fake_arduino_pins_are_outputs(void)
{
    return board.is_output[FAKE_BOOT_PIN] && board.is_output[FAKE_RESET_PIN];
}

unsigned fake_arduino_lost_bytes(void)
{
    return Serial1.lost_bytes();
}
