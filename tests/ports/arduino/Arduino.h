/* SPDX-License-Identifier: Apache-2.0 */
/** What the port takes of an Arduino core, on the wires of tests/ports, with
 *  pins 2 (boot) and 3 (reset). A pin that is no output moves nothing. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LOW = 0, HIGH = 1, INPUT = 0, OUTPUT = 1 };
enum { FAKE_BOOT_PIN = 2, FAKE_RESET_PIN = 3, FAKE_BUFFER_BYTES = 1024 };

enum { DEC = 10, HEX = 16 };

class HardwareSerial
{
  public:
    void begin(unsigned long baud);
    void end();
    int available();
    int read();
    size_t write(const uint8_t *data, size_t size);
    void flush();
    size_t print(const char *text);
    size_t println(const char *text);
    size_t print(int number, int base = DEC);
    size_t println(int number, int base = DEC);

    /* What the fake adds. */
    void power_on(unsigned buffer_bytes);
    void receive(uint8_t byte);
    bool is_open() const;
    unsigned lost_bytes() const;

  private:
    uint8_t _received[FAKE_BUFFER_BYTES] = {};
    unsigned _buffer_bytes = 0, _first = 0, _count = 0, _lost_bytes = 0;
    bool _is_open = false;
};

extern HardwareSerial Serial, Serial1;

void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t value);
unsigned long millis();
void delay(unsigned long ms);
void yield();
