/* SPDX-License-Identifier: Apache-2.0 */
#include "wires.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"

enum { FIRST_BAUD = 115200, BITS_PER_BYTE = 10, FLASH_BYTES = 4 << 20, QUEUE_BYTES = 1 << 16, FAR_QUEUE_BYTES = 4096 };
#define FIRST_NS ((UINT64_C(0x100000000) - 1000) * WIRES_MS)
#define NS_PER_S UINT64_C(1000000000)

static struct {
    espsim_t *sim;
    uint8_t *flash;
    wires_receive_t receive;
    wires_sent_t sent;
    wires_tick_t tick;
    uint64_t now_ns;
    bool in_callback, unplugged, boot_low, reset_low;
    uint32_t baud;
    /* The transmitter: `queue` from `first`, whose first byte has left at `left_ns`. */
    uint8_t queue[QUEUE_BYTES];
    uint32_t first, count, sending_baud;
    uint64_t left_ns;
    /* The far end, and what it sends. */
    const wires_far_end_t *far_end;
    struct {
        uint8_t byte;
        uint64_t arrives_ns;
        uint32_t baud;
    } far_queue[FAR_QUEUE_BYTES];
    uint32_t far_first, far_count;
} wires;

/* --- Callbacks --------------------------------------------------------------------------------------------- */

void wires_on_receive(wires_receive_t receive)
{
    wires.receive = receive;
}

void wires_on_sent(wires_sent_t sent)
{
    wires.sent = sent;
}

void wires_on_tick(wires_tick_t tick)
{
    wires.tick = tick;
}

/* --- Time -------------------------------------------------------------------------------------------------- */

static void start_sending(void)
{
    wires.sending_baud = wires.baud;
    wires.left_ns = wires.now_ns + NS_PER_S * BITS_PER_BYTE / wires.baud;
}

static void finish_sending(void)
{
    const uint8_t byte = wires.queue[wires.first];
    wires.first = (wires.first + 1) % QUEUE_BYTES;
    wires.count--;
    if (wires.far_end != NULL && !wires.unplugged) {
        wires.far_end->receive(byte, wires.sending_baud);
    } else if (!wires.unplugged) {
        espsim_receive(wires.sim, byte, wires.sending_baud);
    }
    if (wires.count > 0) {
        start_sending();
    }
    if (wires.sent != NULL) {
        wires.sent();
    }
}

static void arrive(uint8_t byte)
{
    if (wires.receive != NULL && !wires.unplugged) {
        wires.receive(byte);
    }
}

static uint64_t next_arrival_ns(void)
{
    return wires.far_count > 0 ? wires.far_queue[wires.far_first].arrives_ns : UINT64_MAX;
}

static void hear(void)
{
    uint8_t byte;
    while (espsim_transmit(wires.sim, &byte, wires.baud)) {
        if (wires.far_end == NULL) {
            arrive(byte);
        }
    }
    while (next_arrival_ns() <= wires.now_ns) {
        byte = wires.far_queue[wires.far_first].byte;
        const bool fits = wires_rates_fit(wires.far_queue[wires.far_first].baud, wires.baud);
        wires.far_first = (wires.far_first + 1) % FAR_QUEUE_BYTES;
        wires.far_count--;
        arrive(fits ? byte : (uint8_t)(byte ^ 0xA5));
    }
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* The chip's clock begins at 0. */
static void go_to(uint64_t now_ns)
{
    const bool ticks = now_ns / WIRES_MS != wires.now_ns / WIRES_MS;
    wires.now_ns = now_ns;
    espsim_advance(wires.sim, now_ns - FIRST_NS);
    hear();
    if (ticks && wires.tick != NULL) {
        wires.tick();
    }
    if (wires.count > 0 && wires.left_ns <= now_ns) {
        finish_sending();
    }
}

uint64_t wires_now_ns(void)
{
    return wires.now_ns;
}

void wires_pass_ns(uint64_t ns)
{
    if (wires.in_callback) {
        return;
    }
    wires.in_callback = true;
    const uint64_t end_ns = wires.now_ns + ns;
    while (wires.now_ns < end_ns) {
        const uint64_t chip_ns = espsim_next_event(wires.sim);
        uint64_t next_ns = earlier(end_ns, (wires.now_ns / WIRES_MS + 1) * WIRES_MS);
        next_ns = chip_ns == UINT64_MAX ? next_ns : earlier(next_ns, FIRST_NS + chip_ns);
        next_ns = earlier(next_ns, next_arrival_ns());
        next_ns = wires.count == 0 ? next_ns : earlier(next_ns, wires.left_ns);
        go_to(next_ns > wires.now_ns ? next_ns : wires.now_ns);
    }
    wires.in_callback = false;
}

/* --- Sending ----------------------------------------------------------------------------------------------- */

void wires_send(uint8_t byte)
{
    assert_true(wires.count < QUEUE_BYTES);
    wires.queue[(wires.first + wires.count) % QUEUE_BYTES] = byte;
    wires.count++;
    if (wires.count == 1) {
        start_sending();
    }
}

uint32_t wires_unsent_bytes(void)
{
    return wires.count;
}

void wires_drain(void)
{
    assert_false(wires.in_callback);
    while (wires.count > 0) {
        wires_pass_ns(wires.left_ns - wires.now_ns);
    }
}

void wires_set_baud(uint32_t baud)
{
    assert_true(baud > 0);
    wires.baud = baud;
}

bool wires_rates_fit(uint32_t baud, uint32_t other_baud)
{
    enum { TOLERANCE_PERCENT = 3 };
    const uint64_t difference_baud = baud > other_baud ? baud - other_baud : other_baud - baud;
    return difference_baud * 100 <= (uint64_t)other_baud * TOLERANCE_PERCENT;
}

uint32_t wires_baud(void)
{
    return wires.baud;
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static void move_lines(void)
{
    if (wires.far_end != NULL && !wires.unplugged) {
        wires.far_end->lines(wires.boot_low, wires.reset_low);
    } else if (!wires.unplugged) {
        espsim_set_lines(wires.sim, wires.reset_low, wires.boot_low);
    }
}

void wires_set_boot(bool low)
{
    wires.boot_low = low;
    move_lines();
}

void wires_set_reset(bool low)
{
    wires.reset_low = low;
    move_lines();
}

void wires_unplug(bool unplugged)
{
    wires.unplugged = unplugged;
    move_lines();
}

bool wires_are_unplugged(void)
{
    return wires.unplugged;
}

/* --- The far end ------------------------------------------------------------------------------------------- */

void wires_set_far_end(const wires_far_end_t *far_end)
{
    wires.far_end = far_end;
}

void wires_far_send(uint8_t byte, uint64_t at_ns, uint32_t baud)
{
    assert_true(wires.far_count < FAR_QUEUE_BYTES);
    const uint32_t last = (wires.far_first + wires.far_count + FAR_QUEUE_BYTES - 1) % FAR_QUEUE_BYTES;
    if (wires.far_count > 0 && wires.far_queue[last].arrives_ns > at_ns) {
        at_ns = wires.far_queue[last].arrives_ns;
    }
    if (at_ns < wires.now_ns) {
        at_ns = wires.now_ns;
    }
    const uint32_t at = (wires.far_first + wires.far_count) % FAR_QUEUE_BYTES;
    wires.far_queue[at].byte = byte;
    wires.far_queue[at].arrives_ns = at_ns + NS_PER_S * BITS_PER_BYTE / baud;
    wires.far_queue[at].baud = baud;
    wires.far_count++;
}

/* --- The target -------------------------------------------------------------------------------------------- */

void wires_begin(espsim_t *sim)
{
    memset(&wires, 0, sizeof(wires));
    wires.baud = FIRST_BAUD;
    wires.now_ns = FIRST_NS;
    wires.sim = sim;
    move_lines();
}

int job_set_up(void **state)
{
    (void)state;
    uint8_t *flash = malloc(FLASH_BYTES);
    if (flash == NULL) {
        return -1;
    }
    memset(flash, 0xFF, FLASH_BYTES);
    espsim_t *sim = espsim_create(&(espsim_config_t){
        .rom = &reflash_rom_esp32, .flash = flash, .flash_bytes = FLASH_BYTES, .timing = espsim_timing_typical()});
    if (sim == NULL) {
        free(flash);
        return -1;
    }
    wires_begin(sim);
    wires.flash = flash;
    return 0;
}

int job_tear_down(void **state)
{
    (void)state;
    espsim_destroy(wires.sim);
    free(wires.flash);
    return 0;
}

espsim_t *job_target(void)
{
    return wires.sim;
}

uint8_t *job_flash(void)
{
    return wires.flash;
}
