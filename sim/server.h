/* SPDX-License-Identifier: Apache-2.0 */
/** The one loop of all front ends: a chip on its rig, a link to one client at a time, and time between them. What the
 *  bytes of a client mean is the link's business: tcp.h, rfc2217_link.h, pty.h. */
#pragma once

#include "rig.h"

struct espsim_control_socket;
typedef struct espsim_server espsim_server_t;

/** One kind of link, as the loop sees it. Functions may be NULL unless it says required. */
typedef struct {
    /** A new client's descriptor, non-blocking; -1: there is none. Required. */
    int (*take_client)(espsim_server_t *server);
    /** It is there now. */
    void (*opened)(espsim_server_t *server);
    /** It sent this. Required. */
    void (*received)(espsim_server_t *server, const uint8_t *bytes, size_t count);
    /** It closed its sending half; what the chip still says will be sent. NULL: then it is gone. */
    void (*ended)(espsim_server_t *server);
    /** It is gone: give its descriptor back. Required. */
    void (*closed)(espsim_server_t *server, int client);
    /** Behind closed(): the port was unplugged and plugged in again. */
    void (*replugged)(espsim_server_t *server);
    /** Before the chip's time moves on. */
    void (*before_run)(espsim_server_t *server);
    /** A byte of the chip as it goes over this link, one or two bytes. NULL: as it is. */
    unsigned (*escape)(uint8_t byte, uint8_t escaped[2]);
    /** True while the client wants no bytes of the chip. */
    bool (*is_suspended)(espsim_server_t *server);
} espsim_link_t;

enum { ESPSIM_SERVER_OUTPUT_BYTES = 32768 };

struct espsim_server {
    espsim_rig_t *rig;
    const espsim_link_t *link;
    void *link_state;
    int listener;       /* readable when a client may be there; -1: ask take_client() every now and then */
    bool auto_download; /* a new client finds the chip in its loader */
    struct espsim_control_socket *control; /* NULL: none */
    int client;                            /* -1 at first: none */
    /* Private. */
    bool has_ended, end_is_told;
    uint8_t output[ESPSIM_SERVER_OUTPUT_BYTES];
    size_t output_at, output_end;
};

/** Serve clients until a byte can be read from `stop_fd`; may be called again, and goes on then. The rig is powered on. */
void espsim_serve(espsim_server_t *server, int stop_fd);

/* --- For links ------------------------------------------------------------------------------------------------ */

/** The clock of the rig. */
uint64_t espsim_server_now_ns(void);

/** Queue bytes for the client as they are. From inside received(): at most four for each byte of it. */
void espsim_server_send(espsim_server_t *server, const uint8_t *bytes, size_t count);

/** Take what the client has sent by now, and let the chip deal with it. With a REAL clock: begin to. */
void espsim_server_catch_up(espsim_server_t *server);

/** Let the chip deal with what was fed, before a line or a rate changes. With a REAL clock that is not waited for. */
void espsim_server_settle(espsim_server_t *server);
