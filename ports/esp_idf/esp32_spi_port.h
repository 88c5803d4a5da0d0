/* SPDX-License-Identifier: Apache-2.0 */
/** A target whose mask ROM is an SPI slave - ESP32-S2, S3, C2, C3, H2 - on an SPI bus of an ESP-IDF host. Such a target
 *  takes programs into its RAM and register accesses, no flash: esp_loader_init_spi().
 *
 *  ESP-IDF 5.1 to 6.0; driver/spi_master.h, driver/gpio.h and esp_timer.
 *
 *  Wiring, host -> target: CLK, MOSI, MISO and CS to the pins of the target's SPI2 (FSPI), WP and HD only if they are
 *  wired, RESET (EN), the pins behind bits 0 to 3 of the target's strapping word, and GND. Which pins these are tells "boot
 *  mode" in the target's manual. One of them may be a pin of the bus as well, as the ESP32-C3's bit 0 is its MISO: then give the
 *  same pin of the host for both.
 *
 *  Buffers: none. The driver sends from where the data is, so a task that flashes has its stack in internal RAM; what it cannot
 *  send from there it copies to the heap first, at most 128 bytes at a time. */
#pragma once

#include "deadline.h"
#include "driver/gpio.h"
#include "driver/spi_master.h"
#include "esp_loader_io.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A pin that is not wired is GPIO_NUM_NC. Other members that are not set have to be 0. */
typedef struct {
    esp_loader_port_t port;    /*!< .ops = &esp32_spi_ops */
    spi_host_device_t spi_bus; /*!< SPI2_HOST */
    uint32_t frequency;        /*!< Hz. Begin with 1 MHz; on wires of 10 cm 10 MHz are well possible. */
    gpio_num_t spi_clk_pin, spi_miso_pin, spi_mosi_pin, spi_cs_pin, spi_quadwp_pin, spi_quadhd_pin; /*!< Of the host. */
    gpio_num_t reset_pin;                                                      /*!< To the target's reset. */
    gpio_num_t strap_bit0_pin, strap_bit1_pin, strap_bit2_pin, strap_bit3_pin; /*!< To its strapping pins. */
    bool dont_initialize_bus; /*!< The program has initialized the bus, keeps it, and may have other devices on it. */
    bool _bus_is_ours;        /*!< Private, as what follows. */
    bool _straps_are_driven;
    bool _is_selected;
    spi_device_handle_t _device;
    reflash_deadline_t _deadline;
} esp32_spi_port_t;

/** `init` takes the bus, a device on it without a pin for chip select, that pin, and reset. INVALID_PARAM: a strapping
 *  pin is one of the bus, which the program has initialized; FAIL: the driver refuses something. Either leaves nothing taken. `deinit`
 *  gives it all back; reset stays released.
 *
 *  To enter the loader the port holds the straps at 0001 while it resets the target; for that time it gives the bus back, if it is
 *  its own. While the target is selected the bus is locked for other devices. */
extern const esp_loader_port_ops_t esp32_spi_ops;

#ifdef __cplusplus
}
#endif
