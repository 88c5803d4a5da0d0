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

/* Both in one call, or a moment between would boot the application. */
static void set_lines(esp_loader_port_t *base, bool dtr, bool rts)
{
    const linux_port_t *port = self(base);
    int lines = 0;
    if (ioctl(port->_stream.fd, TIOCMGET, &lines) != 0) {
        return; /* a device without modem lines */
    }
    lines &= ~(TIOCM_DTR | TIOCM_RTS);
    lines |= (dtr ? TIOCM_DTR : 0) | (rts ? TIOCM_RTS : 0);
    (void)ioctl(port->_stream.fd, TIOCMSET, &lines);
}

static void set_gpiod_lines(esp_loader_port_t *base, bool boot, bool reset)
{
    reflash_gpiod_lines_set(&self(base)->_gpiod, boot, reset);
}

static void flush(esp_loader_port_t *base)
{
    linux_port_t *port = self(base);
    (void)ioctl(port->_stream.fd, TCFLSH, TCIFLUSH);
    reflash_stream_forget(&port->_stream);
}

static void play(linux_port_t *port, reflash_line_dance_t dance)
{
    static const reflash_line_moves_t moves = {set_lines, flush};
    static const reflash_line_moves_t gpiod_moves = {set_gpiod_lines, flush};
    int lines;
    if (port->gpio_mode == LINUX_GPIO_DTR_RTS && ioctl(port->_stream.fd, TIOCMGET, &lines) == 0) {
        reflash_lines_play(&port->port, &port->lines, dance, &moves);
    } else if (port->_gpiod.chip != NULL) {
        reflash_lines_play(&port->port, &port->lines, dance, &gpiod_moves);
    }
}

static void enter_bootloader(esp_loader_port_t *base)
{
    linux_port_t *port = self(base);
    flush(base); /* and again while the target is in reset: its banner is kept */
    if (port->gpio_mode == LINUX_GPIO_DTR_RTS && port->lines.style != REFLASH_LINES_USB) {
        play(port, reflash_lines_from_anywhere());
    }
    play(port, reflash_lines_into_loader(port->lines.style));
}

static void reset_target(esp_loader_port_t *base)
{
    linux_port_t *port = self(base);
    flush(base);
    play(port, reflash_lines_into_application(port->lines.style));
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
    reflash_stream_begin(&port->_stream);
    port->_gpiod = (reflash_gpiod_lines_t){NULL, NULL, NULL};
    if (port->gpio_mode == LINUX_GPIO_GPIOD) {
        const esp_loader_error_t err =
            reflash_gpiod_lines_open(&port->_gpiod, port->gpio_chip_path, port->boot_pin, port->reset_pin);
        if (err != ESP_LOADER_SUCCESS) {
            return err;
        }
        if (port->lines.invert_boot || port->lines.invert_reset) {
            set_gpiod_lines(base, port->lines.invert_boot, port->lines.invert_reset); /* released, as they are wired */
        }
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
    reflash_gpiod_lines_close(&port->_gpiod);
}

static esp_loader_error_t change_transmission_rate(esp_loader_port_t *base, uint32_t rate)
{
    return set_rate(self(base)->_stream.fd, rate);
}

const esp_loader_port_ops_t linux_uart_ops = {
    .init = init,
    .deinit = deinit,
    .enter_bootloader = enter_bootloader,
    .reset_target = reset_target,
    .start_timer = reflash_stream_start_timer,
    .remaining_time = reflash_stream_remaining_time,
    .delay_ms = reflash_stream_delay_ms,
    .change_transmission_rate = change_transmission_rate,
    .write = reflash_stream_write,
    .read = reflash_stream_read,
    .read_some = reflash_stream_read_some,
    .flush = flush,
};
