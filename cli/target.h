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
#include "wiring.h"

/** Every loader is met at this rate, and applications log at it. */
#define TARGET_FIRST_BAUD 115200u
/** The highest that the line bears. */
#define TARGET_HIGHEST_BAUD UINT32_MAX

/** What to talk to. */
typedef enum {
    TARGET_ROM,               /* the loader in the chip's mask ROM                      */
    TARGET_ROM_THAT_COMPARES, /* the same, or a RAM stub if that has no digests (ESP8266) */
    TARGET_STUB_IF_POSSIBLE,  /* a RAM stub, or the ROM's where no stub can be started  */
    TARGET_STUB               /* a RAM stub or nothing                                  */
} target_loader_t;

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
    uint32_t baud;               /* what both ends talk at */
    uint32_t turnaround_ms;      /* from a question to its answer, as measured */
    reflash_link_t link;         /* of a network, as measured */
    uint32_t secure_flash_bytes; /* connect by esp_loader_connect_secure_download_mode(); 0: not */
    bool takes_stub;             /* one that runs already, where nothing resets the target, will do */
    bool has_stub;               /* it was started at the end of target_start_stub(), or ran already */
    char text[256];              /* the parts of the port's name */
    char host[256], service[8];
} target_t;

typedef enum { TARGET_OK, TARGET_USAGE, TARGET_FAILED } target_result_t;

/** Open `name`: "/dev/ttyUSB0", "rfc2217://HOST:PORT", "socket://HOST:PORT" or
 *  "sim:CHIP[?NAME=VALUE&...]" (see settings.h). `wiring`: how boot and reset of a device or RFC 2217 server are moved;
 *  it must stay. USAGE: the name makes no sense, or has no such lines; FAILED: it cannot be opened. Both with a message,
 *  and nothing is left open. */
target_result_t target_open(target_t *target, const char *name, const wiring_t *wiring, char *message,
                            size_t message_bytes);
/** While `cancelled` says so whatever waits for the target ends with FAIL. Not for a virtual one, which never waits. */
void target_let_cancel(target_t *target, bool (*cancelled)(esp_loader_port_t *port));
void target_close(target_t *target);
/** No network lies in between. */
bool target_is_near(const target_t *target);

/** Reset the target into its loader and connect at the first rate. Gives up between two trials once `*stop` is set. */
esp_loader_error_t target_connect(target_t *target, const volatile int *stop);
/** Raise the rate of a connected target to `baud`, or to TARGET_HIGHEST_BAUD: the highest of some usual rates at which
 *  questions are answered. Success: target->baud tells what became of it; where the port, the loader or the line cannot,
 *  it stays. A stub may be gone if it did. Errors: the target is no longer connected. */
esp_loader_error_t target_raise_baud(target_t *target, uint32_t baud);
/** The next lower of the rates that TARGET_HIGHEST_BAUD tries, at last the first rate. */
uint32_t target_baud_below(uint32_t baud);
/** What is waited before and behind a change of the rate. */
uint32_t target_settle_ms(const target_t *target);
/** reflash_stub_start(). */
esp_loader_error_t target_start_stub(target_t *target);

/** Reset the target into its application, at the rate applications log at. */
void target_reset(target_t *target);

/** The same by the target's own watchdog: see reflash_reset_by_watchdog(). */
esp_loader_error_t target_reset_by_watchdog(target_t *target);

/** Listen at `baud`. False: the port keeps the rate it has. */
bool target_listen_at(target_t *target, uint32_t baud);

/** Wait for what the target says by itself. 0: it ended (`*ended`), or nothing came for a while. */
size_t target_listen(target_t *target, uint8_t *buf, size_t capacity, bool *ended);

/** Since opening: seconds (virtual ones for a virtual target) and bytes on the wire. */
double target_seconds(const target_t *target);
uint64_t target_bytes_sent(const target_t *target);
uint64_t target_bytes_received(const target_t *target);

/** Say in words why `err` happened: what, where, what to try. */
void target_explain(target_t *target, esp_loader_error_t err, char *message, size_t message_bytes);
