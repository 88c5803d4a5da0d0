/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  A Zephyr host: a UART by interrupt and two GPIO pins, as a node of the devicetree says (zephyr/dts/bindings). Meant for
 *  Zephyr 3.7 to 4.4.
 *
 *  Each node is a device with a loader of its own, open from boot on, so the UART must be nobody else's and the pins keep
 *  the target running:
 *
 *      const struct device *dev = DEVICE_DT_GET(DT_CHOSEN(zephyr_esp_loader));
 *      esp_loader_t *loader = esp_loader_from_device(dev);
 *      esp_loader_connect_args_t args = *esp_loader_connect_args_from_device(dev);
 *      if (device_is_ready(dev) && esp_loader_connect(loader, &args) == ESP_LOADER_SUCCESS) ...
 *
 *  With `zephyr,deferred-init` in the node it is opened by device_init() when the program wants it. To lend the UART to somebody
 *  else, close it with esp_loader_deinit(loader) and open it with esp_loader_init_serial(loader, zephyr_port_from_device(dev)). */
#pragma once

#include <zephyr/device.h>
#include <zephyr/drivers/gpio.h>
#include <zephyr/kernel.h>

#include "deadline.h"
#include "esp_loader.h"
#include "esp_loader_io.h"
#include "ring.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a node says. */
typedef struct {
    const struct device *uart_dev;
    struct gpio_dt_spec enable_spec; /*!< Active: the target is in reset. GPIO_ACTIVE_LOW when wired directly. */
    struct gpio_dt_spec boot_spec;   /*!< Active: the target is told to run its loader. */
    uint32_t baud_rate;              /*!< To begin with: 115200. */
    uint32_t baud_rate_high;         /*!< To go to when connected, if the program wants to; 0: none. */
} esp_loader_config_t;

/** Belongs to the device, or to a program that does without the devicetree: it fills in `port` and `config`. */
typedef struct {
    esp_loader_port_t port;            /*!< .ops = &zephyr_uart_ops */
    const esp_loader_config_t *config; /*!< Must outlive the port. */

    /* Private. */
    reflash_deadline_t _timer;
    struct k_spinlock _lock; /* of what the interrupt and the program both change: */
    reflash_ring_t _ring;    /* received */
    const uint8_t *_unsent;  /* of the write that is waited for */
    uint32_t _unsent_bytes;
    struct k_sem _came, _sent; /* given by the interrupt */
    uint8_t _ring_bytes[CONFIG_ESP_SERIAL_FLASHER_UART_BUFSIZE];
} zephyr_port_t;

/** `init` takes the UART's interrupt and both pins, sets 8N1 at `baud_rate` and lets the target run. FAIL: a device is not
 *  ready, or cannot do what is needed; the log says which, and pins that were taken stay so. `deinit` gives the interrupt back and makes the pins inputs. What
 *  the target sends while nobody reads is kept up to the size of the buffer and lost behind that; the log tells how much. The
 *  read that comes next throws away what there is and returns INVALID_RESPONSE, and the library asks again. */
extern const esp_loader_port_ops_t zephyr_uart_ops;

/** The loader of a device, initialised by esp_loader_init_serial() when the device was. */
esp_loader_t *esp_loader_from_device(const struct device *dev);
/** What its node says. */
const esp_loader_config_t *esp_loader_config_from_device(const struct device *dev);
/** For esp_loader_connect(), which takes a copy that may be written to. */
const esp_loader_connect_args_t *esp_loader_connect_args_from_device(const struct device *dev);
/** Its port, to open it with esp_loader_init_serial(). */
esp_loader_port_t *zephyr_port_from_device(const struct device *dev);

/** Set the host's UART to `rate` baud, and not the target's: when the target went back to its first rate by a reset.
 *  INVALID_PARAM: `loader` is NULL, or `rate` is 0. UNSUPPORTED_FUNC: the UART has one rate. FAIL: not that rate. */
esp_loader_error_t esp_loader_host_baudrate(esp_loader_t *loader, uint32_t rate);

#ifdef __cplusplus
}
#endif
