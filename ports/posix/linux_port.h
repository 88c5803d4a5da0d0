/* SPDX-License-Identifier: Apache-2.0 */
/** A serial device of a Linux host, with boot and reset on DTR and RTS, or on two GPIO lines of a single-board computer. */
#pragma once

#include "esp_loader_io.h"
#include "gpiod_lines.h"
#include "reset_lines.h"
#include "stream.h"

/** What drives the target's boot and reset pins. */
typedef enum {
    LINUX_GPIO_NONE,   /*!< Nothing: the target is put into its loader by hand. */
    LINUX_GPIO_GPIOD,  /*!< Lines of a GPIO chip, wired directly. Built without libgpiod (REFLASH_GPIOD): `init` answers
                            UNSUPPORTED_FUNC, with ENOTSUP in errno. */
    LINUX_GPIO_DTR_RTS /*!< The modem lines, wired as on development boards: DTR to boot, RTS to reset. */
} linux_gpio_mode_t;

typedef struct {
    union {
        esp_loader_port_t port;   /*!< .ops = &linux_uart_ops */
        reflash_stream_t _stream; /*!< Private. */
    };
    const char *device; /*!< "/dev/ttyUSB0". */
    uint32_t baudrate;  /*!< To open it with; any rate the hardware can divide. */
    linux_gpio_mode_t gpio_mode;
    const char *gpio_chip_path;   /*!< LINUX_GPIO_GPIOD only: "/dev/gpiochip0". */
    uint32_t reset_pin, boot_pin; /*!< LINUX_GPIO_GPIOD only: numbers of its lines. REFLASH_GPIOD_NO_LINE: not wired. */
    reflash_lines_t lines;        /*!< How they are moved; all 0: a development board. */
    reflash_gpiod_lines_t _gpiod; /*!< Private. */
} linux_port_t;

/** `init` opens the device for this process alone, and takes the GPIO lines; FAIL leaves the reason in errno. `deinit` closes it. A
 *  device without modem lines works as with LINUX_GPIO_NONE. A device that vanishes - an adapter that is unplugged - is FAIL
 *  at the next read or write. */
extern const esp_loader_port_ops_t linux_uart_ops;
