/* SPDX-License-Identifier: Apache-2.0 */
/** A target that is an SDIO card - ESP32, C5, C6, C61 - on the SDMMC peripheral of an ESP-IDF host: ESP32, ESP32-S3,
 *  ESP32-P4. Its mask ROM takes programs into RAM: esp_loader_init_sdio().
 *
 *  ESP-IDF 5.1 to 6.0; driver/sdmmc_host.h, sdmmc_cmd.h, driver/gpio.h and esp_timer.
 *
 *  Wiring, host -> target: CLK, CMD, D0 (and D1 to D3 for a bus of four lines) to its SDIO pins, RESET (EN), its boot strap,
 *  and GND. CMD and all data lines, wired or not, have pull-ups of 10 to 47 kOhm at the target; those inside of the host are
 *  too weak. An ESP32 as host has fixed pins for each slot, and the pins given here do not matter; so has an ESP32-P4 for
 *  slot 0, where they have to be those. Otherwise any will do.
 *
 *  Buffers: 512 bytes in the port, which the driver moves from and to; the port has to be in internal RAM. On hosts whose
 *  internal RAM is behind a cache (ESP32-P4) the driver has a buffer of 512 bytes on the heap besides. */
#pragma once

#include "deadline.h"
#include "driver/gpio.h"
#include "driver/sdmmc_host.h"
#include "esp_loader_io.h"
#include "sdmmc_cmd.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ESP32_SDIO_BUFFER_BYTES = 512 /*!< What one access moves at most. */ };

typedef enum {
    SDIO_4BIT = 0, /*!< D0 to D3. */
    SDIO_1BIT      /*!< D0 only. */
} sdio_bus_width_t;

/** Members that are not set have to be 0. */
typedef struct {
    esp_loader_port_t port; /*!< .ops = &esp32_sdio_ops */
    int slot;               /*!< SDMMC_HOST_SLOT_0 or SDMMC_HOST_SLOT_1. */
    uint32_t max_freq_khz;  /*!< SDMMC_FREQ_DEFAULT; less on long wires. */
    gpio_num_t sdio_clk_pin, sdio_d0_pin, sdio_d1_pin, sdio_d2_pin, sdio_d3_pin, sdio_cmd_pin; /*!< Of the host. */
    gpio_num_t reset_pin, boot_pin;   /*!< To the target's reset and boot strap; GPIO_NUM_NC: not wired. */
    bool dont_initialize_host_driver; /*!< The program has initialized the peripheral and the slot, and keeps them. */
    sdio_bus_width_t bus_width;
    bool _slot_is_ours; /*!< Private, as what follows. */
    sdmmc_host_t _host;
    sdmmc_card_t _card;
    uint32_t _buffer[ESP32_SDIO_BUFFER_BYTES / 4];
    reflash_deadline_t _deadline;
} esp32_sdio_port_t;

/** `init` takes the peripheral and the slot, and releases both lines. FAIL: the driver refuses something; then nothing is
 *  taken. `deinit` gives them back. No card has to be there before `sdio_card_init`.
 *
 *  With `dont_initialize_host_driver` neither touches the peripheral or the slot, and the pins, the bus width of the slot and its
 *  pull-ups are the program's: it has called sdmmc_host_init() and sdmmc_host_init_slot() before, and nobody else talks on that
 *  slot. `slot`, `max_freq_khz` and `bus_width` have to be given as well. */
extern const esp_loader_port_ops_t esp32_sdio_ops;

#ifdef __cplusplus
}
#endif
