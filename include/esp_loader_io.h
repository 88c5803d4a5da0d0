/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 *  The port: what a host platform gives the library.
 *
 *  A port is a struct of yours whose member `port` is an esp_loader_port_t; `ops` points to a table of
 *  functions, and each function finds your struct again with container_of(). The library calls a port
 *  only from inside an esp_loader_* or reflash_* call, never from an interrupt and never concurrently
 *  for one context. Slots that a transport does not need may be NULL.
 *
 *  A port ends the call that is running by returning FAIL from whatever moves bytes: nothing is repeated after it, and
 *  the caller is told FAIL. That is the way to stop a job from outside; `cancelled` is a more convenient one. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_loader_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Log levels ------------------------------------------------------------------------------------ */

#define ESP_LOADER_LOG_NONE 0  /**< Nothing. */
#define ESP_LOADER_LOG_ERROR 1 /**< What failed. */
#define ESP_LOADER_LOG_WARN 2  /**< What may be wrong. */
#define ESP_LOADER_LOG_INFO 3  /**< What goes on. */
#define ESP_LOADER_LOG_DEBUG 4 /**< Everything. */

/** Messages above this level are left out when the library is compiled. The library itself has one for each fault
 *  (ERROR) and the bytes of a serial line (DEBUG); the other levels are for ports and programs. */
#ifndef SERIAL_FLASHER_LOG_LEVEL
#define SERIAL_FLASHER_LOG_LEVEL ESP_LOADER_LOG_NONE
#endif

/** The same levels for programs. */
typedef enum {
    ESP_LOADER_LOG_LEVEL_NONE = ESP_LOADER_LOG_NONE,   /*!< See ESP_LOADER_LOG_NONE. */
    ESP_LOADER_LOG_LEVEL_ERROR = ESP_LOADER_LOG_ERROR, /*!< See ESP_LOADER_LOG_ERROR. */
    ESP_LOADER_LOG_LEVEL_WARN = ESP_LOADER_LOG_WARN,   /*!< See ESP_LOADER_LOG_WARN. */
    ESP_LOADER_LOG_LEVEL_INFO = ESP_LOADER_LOG_INFO,   /*!< See ESP_LOADER_LOG_INFO. */
    ESP_LOADER_LOG_LEVEL_DEBUG = ESP_LOADER_LOG_DEBUG  /*!< See ESP_LOADER_LOG_DEBUG. */
} esp_loader_log_level_t;

/* --- The port -------------------------------------------------------------------------------------- */

typedef struct esp_loader_port_s esp_loader_port_t;

/** Every function gets the port it was found through. Timeouts and delays are in milliseconds; sizes are in bytes, at
 *  most 65535 of them a call. Buffers have no alignment and are the library's. Where nothing else is said a function
 *  that returns a code returns SUCCESS, TIMEOUT or FAIL; one that returns none and fails lets the next `write` fail.
 *  */
typedef struct {
    /** Get the hardware ready. May be NULL. Called by esp_loader_init_*(); what it returns is returned. */
    esp_loader_error_t (*init)(esp_loader_port_t *port);
    /** Give back what `init` took. May be NULL. */
    void (*deinit)(esp_loader_port_t *port);
    /** Reset the target with its boot strap held, so that its serial loader runs. Required. */
    void (*enter_bootloader)(esp_loader_port_t *port);
    /** Reset the target into its application. Required. */
    void (*reset_target)(esp_loader_port_t *port);
    /** Start a countdown of `ms`. One at a time: a new one replaces the old. The clock behind it may wrap, the
     *  countdown must not show it. Required. */
    void (*start_timer)(esp_loader_port_t *port, uint32_t ms);
    /** What is left of the countdown; 0 once it ran out. Required. */
    uint32_t (*remaining_time)(esp_loader_port_t *port);
    /** Wait, at least as long. Required. */
    void (*delay_ms)(esp_loader_port_t *port, uint32_t ms);
    /** Take one log message. May be NULL. */
    void (*log)(esp_loader_port_t *port, esp_loader_log_level_t level, const char *fmt, va_list args);
    /** Take `size` bytes of a serial line's traffic for the log, at level DEBUG: "sent" is what goes to `write`, escaped,
     *  "received" a whole frame, unescaped. May be NULL. */
    void (*log_hex)(esp_loader_port_t *port, esp_loader_log_level_t level, const char *label, const uint8_t *data,
                    uint32_t size);
    /** Switch the host's UART to `rate` baud. Anything but SUCCESS: it could not. May be NULL where
     *  the rate means nothing. */
    esp_loader_error_t (*change_transmission_rate)(esp_loader_port_t *port, uint32_t rate);
    /** Send all `size` bytes. SUCCESS: they are on their way, in order. TIMEOUT: not all could be handed over
     *  in time. FAIL: the line is broken. Required for serial. */
    esp_loader_error_t (*write)(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout);
    /** Receive exactly `size` bytes. TIMEOUT: fewer came in time (`timeout` 0: look, do not wait); what came
     *  may be lost. INVALID_RESPONSE: bytes were lost on the host's side since the last call, and the rest was thrown
     *  away; the library goes on with the next whole frame. FAIL: the line is broken. Required for serial. */
    esp_loader_error_t (*read)(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout);
    /** Drive the target's chip select: 0 selects it. Required for SPI, where `write` and `read` are halves of one
     *  transaction between 0 and 1, MSB first. */
    void (*spi_set_cs)(esp_loader_port_t *port, uint32_t level);
    /** Write, or read, `size` bytes (at most 512) of the card's function 0 or 1 to, or from, `addr` and the addresses
     *  after it. SUCCESS: all of them were moved. TIMEOUT: the card did not react in time. FAIL: the bus is broken.
     *  Required for SDIO. */
    esp_loader_error_t (*sdio_write)(esp_loader_port_t *port, uint32_t function, uint32_t addr, const uint8_t *data,
                                     uint16_t size, uint32_t timeout);
    /** Read: see `sdio_write`. */
    esp_loader_error_t (*sdio_read)(esp_loader_port_t *port, uint32_t function, uint32_t addr, uint8_t *data,
                                    uint16_t size, uint32_t timeout);
    /** Bring the bus up and select the card, as often as asked. Anything but SUCCESS: no card answers. Required for
     *  SDIO. */
    esp_loader_error_t (*sdio_card_init)(esp_loader_port_t *port);

    /* --- Ours, after what ports of the field have; each may be NULL --- */

    /** Serial: receive what is there, at least one byte and at most `size`, and tell how many; called instead of
     *  `read`, about once a frame and not once a byte. TIMEOUT: none came in time. INVALID_RESPONSE: as for `read`.
     *  FAIL: the line is broken. */
    esp_loader_error_t (*read_some)(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint16_t *got_bytes,
                                    uint32_t timeout);
    /** Throw away what was received and not read. Called before a reset and after a change of rate. */
    void (*flush)(esp_loader_port_t *port);
    /** Serial: whether to give up. Asked every 50 ms at least while something is waited for. True: the call
     *  returns FAIL with REFLASH_CAUSE_STOPPED, as do others while it stays true. */
    bool (*cancelled)(esp_loader_port_t *port);
    /** How far the call is that runs, from time to time; total_bytes is that of the range, or of the part of a stub.
     *  Called by esp_loader_flash_read() and reflash_stub_start(), which take long and have no caller in between. */
    void (*progress)(esp_loader_port_t *port, uint32_t done_bytes, uint32_t total_bytes);
} esp_loader_port_ops_t;

/** First member of every concrete port. */
struct esp_loader_port_s {
    const esp_loader_port_ops_t *ops; /*!< Not owned; must outlive the port. */
};

#ifndef container_of
/** The struct that `ptr` is the member `member` of. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#endif

#ifdef __cplusplus
}
#endif
