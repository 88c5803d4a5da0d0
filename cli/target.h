/* SPDX-License-Identifier: Apache-2.0 */
/** target: what -p names, opened: a serial device, a TCP connection or a virtual chip in this process. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "espsim.h"
#include "flash_file.h"
#include "linux_port.h"
#include "port.h"
#include "reflash.h"
#include "rfc2217_port.h"
#include "settings.h"
#include "socket_port.h"
#include "tcp.h"

/** Every loader is met at this rate, and applications log at it. */
#define TARGET_FIRST_BAUD 115200u

typedef struct {
    esp_loader_t loader;
    esp_loader_port_t *port;   /* one of those below */
    esp_loader_port_ops_t ops; /* its functions, and `cancelled` */
    linux_port_t tty;
    socket_port_t socket;
    rfc2217_port_t rfc2217;
    espsim_port_t sim_port;
    espsim_t *sim; /* NULL unless the target is virtual */
    espsim_flash_t flash;
    reflash_stream_t *stream; /* NULL for a virtual target */
    uint64_t opened_ms;
    uint32_t baud;  /* what both ends talk at */
    char text[256]; /* the parts of the port's name */
    char host[256], service[8];
} target_t;

typedef enum { TARGET_OK, TARGET_USAGE, TARGET_FAILED } target_result_t;

/** Open `name`: "/dev/ttyUSB0", "rfc2217://HOST:PORT", "socket://HOST:PORT" or
 *  "sim:CHIP[?NAME=VALUE&...]" (see settings.h). `lines`: how DTR and RTS of a device or RFC 2217 server are moved.
 *  USAGE: the name makes
 *  no sense; FAILED: it cannot be opened. Both with a message, and nothing is left open. */
target_result_t target_open(target_t *target, const char *name, reflash_lines_style_t lines, char *message,
                            size_t message_bytes);
/** While `cancelled` says so whatever waits for the target ends with FAIL. Not for a virtual one, which never waits. */
void target_let_cancel(target_t *target, bool (*cancelled)(esp_loader_port_t *port));
void target_close(target_t *target);

/** Connect at the first rate, then raise it to `baud` where the port can; `raised` tells. Gives up between two
 *  trials once `*stop` is set. */
esp_loader_error_t target_connect(target_t *target, uint32_t baud, const volatile int *stop, bool *raised);

/** Reset the target into its application, at the rate applications log at. */
void target_reset(target_t *target);

/** The same by the target's own watchdog: see reflash_reset_by_watchdog(). */
esp_loader_error_t target_reset_by_watchdog(target_t *target);

/** Wait for what the target says by itself. 0: it ended (`*ended`), or nothing came for a while. */
size_t target_listen(target_t *target, uint8_t *buf, size_t capacity, bool *ended);

/** Since opening: seconds (virtual ones for a virtual target) and bytes on the wire. */
double target_seconds(const target_t *target);
uint64_t target_bytes_sent(const target_t *target);
uint64_t target_bytes_received(const target_t *target);

/** Say in words why `err` happened: what, where, what to try. */
void target_explain(target_t *target, esp_loader_error_t err, char *message, size_t message_bytes);
