/* SPDX-License-Identifier: Apache-2.0 */
#include "linux_port.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

static linux_port_t *self(esp_loader_port_t *port)
{
    return container_of(port, linux_port_t, port);
}

/* --- Lines --------------------------------------------------------------------------------------------- */

/* On boards with two transistors only (DTR, RTS) = (1, 0) pulls boot and (0, 1) pulls reset. Both change in
 * one call, or a moment between would boot the application. */
typedef struct {
    bool dtr, rts;
    uint16_t hold_ms;
} line_step_t;

static const line_step_t into_bootloader[] = {
    {.dtr = false, .rts = false},
    {.dtr = true, .rts = true},
    {.dtr = false, .rts = true, .hold_ms = 100}, /* in reset                                 */
    {.dtr = true, .rts = false, .hold_ms = 50},  /* the ROM looks at boot as reset rises     */
    {.dtr = false, .rts = false},
};

static const line_step_t into_application[] = {
    {.dtr = false, .rts = true, .hold_ms = 100},
    {.dtr = false, .rts = false},
};

static void play(linux_port_t *port, const line_step_t *steps, size_t step_count)
{
    if (port->gpio_mode != LINUX_GPIO_DTR_RTS) {
        return;
    }
    for (size_t step = 0; step < step_count; step++) {
        int lines = 0;
        if (ioctl(port->_stream.fd, TIOCMGET, &lines) != 0) {
            return; /* a device without modem lines */
        }
        lines &= ~(TIOCM_DTR | TIOCM_RTS);
        lines |= (steps[step].dtr ? TIOCM_DTR : 0) | (steps[step].rts ? TIOCM_RTS : 0);
        (void)ioctl(port->_stream.fd, TIOCMSET, &lines);
        reflash_stream_delay_ms(steps[step].hold_ms);
    }
}

static void forget_input(linux_port_t *port)
{
    (void)ioctl(port->_stream.fd, TCFLSH, TCIFLUSH);
    reflash_stream_forget(&port->_stream);
}

static void enter_bootloader(esp_loader_port_t *base)
{
    linux_port_t *port = self(base);
    play(port, into_bootloader, sizeof(into_bootloader) / sizeof(into_bootloader[0]));
    forget_input(port);
}

static void reset_target(esp_loader_port_t *base)
{
    linux_port_t *port = self(base);
    forget_input(port);
    play(port, into_application, sizeof(into_application) / sizeof(into_application[0]));
}

/* --- The device ------------------------------------------------------------------------------------------ */

static esp_loader_error_t set_rate(int fd, uint32_t rate)
{
    struct termios2 settings;
    if (ioctl(fd, TCGETS2, &settings) != 0) {
        return ESP_LOADER_ERROR_FAIL;
    }
    /* Raw bytes, eight bits, no parity. No flow control: some opcodes and replies hold XON and XOFF. */
    settings.c_iflag = 0;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    settings.c_cflag = CS8 | CREAD | CLOCAL | BOTHER;
    settings.c_ispeed = rate;
    settings.c_ospeed = rate;
    settings.c_cc[VMIN] = 0;
    settings.c_cc[VTIME] = 0;
    return ioctl(fd, TCSETSW2, &settings) == 0 ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_FAIL;
}

static esp_loader_error_t init(esp_loader_port_t *base)
{
    linux_port_t *port = self(base);
    port->_stream = (reflash_stream_t){.fd = -1};
    if (port->gpio_mode == LINUX_GPIO_GPIOD) {
        return ESP_LOADER_ERROR_UNSUPPORTED_FUNC;
    }
    port->_stream.fd = open(port->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port->_stream.fd < 0) {
        return ESP_LOADER_ERROR_FAIL;
    }
    if (ioctl(port->_stream.fd, TIOCEXCL) != 0) {
        return ESP_LOADER_ERROR_FAIL;
    }
    return set_rate(port->_stream.fd, port->baudrate);
}

static void deinit(esp_loader_port_t *base)
{
    linux_port_t *port = self(base);
    /* Where something else holds the device open as well, as the other end of a pseudo-terminal does, it stays locked. */
    (void)ioctl(port->_stream.fd, TIOCNXCL);
    reflash_stream_close(&port->_stream);
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    return set_rate(self(base)->_stream.fd, rate);
}

static void start_timer(esp_loader_port_t *base, uint32_t ms)
{
    reflash_stream_start_timer(&self(base)->_stream, ms);
}

static uint32_t remaining_time(esp_loader_port_t *base)
{
    return reflash_stream_remaining_ms(&self(base)->_stream);
}

static void delay_ms(esp_loader_port_t *base, uint32_t ms)
{
    (void)base;
    reflash_stream_delay_ms(ms);
}

static esp_loader_error_t write_bytes(esp_loader_port_t *base, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    return reflash_stream_write(&self(base)->_stream, data, size, timeout);
}

static esp_loader_error_t read_bytes(esp_loader_port_t *base, uint8_t *data, uint16_t size, uint32_t timeout)
{
    return reflash_stream_read(&self(base)->_stream, data, size, timeout);
}

const esp_loader_port_ops_t linux_uart_ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = start_timer,
    .remaining_time = remaining_time,
    .delay_ms = delay_ms,
    .change_transmission_rate = change_transmission_rate,
    .write = write_bytes,
    .read = read_bytes,
};
