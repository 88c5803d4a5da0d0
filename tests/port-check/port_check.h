/* SPDX-License-Identifier: Apache-2.0 */
/** Tells which promise of include/esp_loader_io.h a port breaks. To be compiled together with the port, on the
 *  microcontroller it is for or on a fake of its SDK; knows the library's public headers and nothing of the host.
 *  docs/porting.md shows how. Uses about 3 KiB of stack, no heap and no variables. */
#pragma once

#include "esp_loader_io.h"

/** How one of the target's pins was moved. */
typedef struct {
    bool boot_low, reset_low; /* what both are behind it */
    uint64_t at_us;           /* by `now_us` */
} port_check_move_t;

enum { PORT_CHECK_SPI_BYTES = 1024 + 8, PORT_CHECK_SDIO_BYTES = 1024 };

/** What an SPI slave saw. */
typedef struct {
    bool is_selected;                      /* now */
    uint32_t selections;                   /* since the last look */
    uint32_t stray_bytes;                  /* in either direction while it was not selected */
    uint8_t written[PORT_CHECK_SPI_BYTES]; /* while it was */
    size_t written_bytes;
} port_check_spi_seen_t;

typedef enum {
    PORT_CHECK_CARD_THERE,
    PORT_CHECK_CARD_MISSING,
    PORT_CHECK_CARD_SILENT /* behind sdio_card_init */
} port_check_card_t;

/** What is at the other end of the port's wires, as the caller provides it, and a clock that is not the port's. What is
 *  NULL or 0 is missing, and the promises that need it are not checked. */
typedef struct {
    void *context; /* given to all */
    /** Microseconds since whenever; never wraps. Required. */
    uint64_t (*now_us)(void *context);
    /** How much later than asked for a wait may end, because the host is busy or its ticks are long. At least 2. */
    uint32_t slack_ms;
    /** Send to the port, beginning in `delay_ms`, at the rate of the other end; does not wait for it. Goes out behind what is
     *  still to be sent. */
    void (*send)(void *context, uint32_t delay_ms, const uint8_t *data, size_t bytes);
    /** Take what the port has sent, waiting for it until all `bytes` have come or no more do. Returns how many. In between
     *  nothing is taken off the line, if it is one that can be held up. */
    size_t (*receive)(void *context, uint8_t *data, size_t bytes);
    /** Use another rate, both ways. */
    void (*set_rate)(void *context, uint32_t rate);
    uint32_t first_rate, other_rate; /* those the port is opened at, and can change to */
    /** Store the moves of the lines since the last call, at most `capacity`. Returns how many there were. */
    size_t (*take_moves)(void *context, port_check_move_t *moves, size_t capacity);
    /** Send these bytes each time that reset rises. `data` stays. `bytes` 0: no longer. */
    void (*say_at_reset)(void *context, const uint8_t *data, size_t bytes);
    /** Milliseconds until the clock behind the port wraps; above 10000: too far away to wait for. */
    uint32_t (*ms_to_wrap)(void *context);
    /** Make the line break as it does when somebody pulls the plug; it stays so. */
    void (*unplug)(void *context);
    /** The text of what the port's `log` took last. */
    const char *(*logged)(void *context);
    /** SPI: what the slave saw since the last call. */
    void (*spi_seen)(void *context, port_check_spi_seen_t *seen);
    /** SPI: what the slave sends, from now on, when it is selected and clocked to be read. `data` stays. */
    void (*spi_answer)(void *context, const uint8_t *data, size_t bytes);
    /** SDIO: the PORT_CHECK_SDIO_BYTES bytes that the card has from address 0 of function 0 or 1, where all can be read and
     *  written. */
    uint8_t *(*sdio_memory)(void *context, uint32_t function);
    /** SDIO: from now on the card is like this; at first it is there. NULL: it cannot be taken out. */
    void (*sdio_card)(void *context, port_check_card_t card);
} port_check_bench_t;

typedef enum {
    PORT_CHECK_KEPT,
    PORT_CHECK_BROKEN,
    PORT_CHECK_NOT_CHECKED /* the port does not have the member, or the bench cannot tell */
} port_check_outcome_t;

/** One promise. Texts live for ever. */
typedef struct {
    const char *promise;
    port_check_outcome_t outcome;
    const char *found;  /* BROKEN: what was looked at, with its unit */
    uint32_t got, want; /* BROKEN: the number found, and the bound or value it should have kept */
} port_check_result_t;

typedef void (*port_check_report_t)(void *context, const port_check_result_t *result);

/** Open the port, run it through every promise, report each, and close it. Returns how many are broken. The port is as for
 *  esp_loader_init_serial(): filled in, not open. */
unsigned port_check_promises(esp_loader_port_t *port, const port_check_bench_t *bench, port_check_report_t report,
                             void *report_context);

/** The same for a port of esp_loader_init_spi(). Its bench is the SPI half of the struct; `send`, `receive` and what follows
 *  up to `first_rate` are not looked at. */
unsigned port_check_spi_promises(esp_loader_port_t *port, const port_check_bench_t *bench, port_check_report_t report,
                                 void *report_context);

/** The same for a port of esp_loader_init_sdio(). */
unsigned port_check_sdio_promises(esp_loader_port_t *port, const port_check_bench_t *bench, port_check_report_t report,
                                  void *report_context);

/** The same for the port at work: a target - espsim, or a chip whose flash may be overwritten from `flash_addr`, 64 KiB - is
 *  connected to, talked to at `baud` (0: at the first rate only), written, proved and reset. What follows a broken one is not
 *  checked. `bench` is not looked at; it may be NULL. */
unsigned port_check_target(esp_loader_port_t *port, const port_check_bench_t *bench, uint32_t baud, uint32_t flash_addr,
                           port_check_report_t report, void *report_context);
