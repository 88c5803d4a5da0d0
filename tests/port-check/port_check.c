/* SPDX-License-Identifier: Apache-2.0 */
#include "port_check.h"

#include <string.h>

#include "reflash.h"

typedef struct check {
    esp_loader_port_t *port;
    const port_check_bench_t *bench;
    bool is_open;
    void (*settle)(const struct check *check); /* behind each promise; NULL: nothing */
    port_check_result_t result;
} check_t;

/* --- Findings ---------------------------------------------------------------------------------------------- */

static bool is_broken(const check_t *check)
{
    return check->result.outcome == PORT_CHECK_BROKEN;
}

/* The first finding of a promise stays. */
static void find(check_t *check, bool is_kept, const char *found, uint32_t got, uint32_t want)
{
    if (!is_kept && !is_broken(check)) {
        check->result.outcome = PORT_CHECK_BROKEN;
        check->result.found = found;
        check->result.got = got;
        check->result.want = want;
    }
}

static void expect(check_t *check, const char *found, uint32_t got, uint32_t want)
{
    find(check, got == want, found, got, want);
}

static void expect_at_least(check_t *check, const char *found, uint32_t got, uint32_t want)
{
    find(check, got >= want, found, got, want);
}

static void expect_at_most(check_t *check, const char *found, uint32_t got, uint32_t want)
{
    find(check, got <= want, found, got, want);
}

static void not_checked(check_t *check)
{
    if (!is_broken(check)) {
        check->result.outcome = PORT_CHECK_NOT_CHECKED;
    }
}

static void expect_bytes(check_t *check, const char *found, const uint8_t *got, const uint8_t *want, size_t bytes)
{
    for (size_t at = 0; at < bytes && !is_broken(check); at++) {
        expect(check, found, got[at], want[at]);
    }
}

/* --- The port and its bench -------------------------------------------------------------------------------- */

enum { US_PER_MS = 1000, CHUNK_BYTES = 1024, PAUSE_MS = 60, LATE_MS = 40 };

static uint64_t now_us(const check_t *check)
{
    return check->bench->now_us(check->bench->context);
}

static uint32_t ms_since(const check_t *check, uint64_t start_us)
{
    return (uint32_t)((now_us(check) - start_us) / US_PER_MS);
}

static void delay(const check_t *check, uint32_t ms)
{
    check->port->ops->delay_ms(check->port, ms);
}

static uint32_t remaining(const check_t *check)
{
    return check->port->ops->remaining_time(check->port);
}

static void start_timer(const check_t *check, uint32_t ms)
{
    check->port->ops->start_timer(check->port, ms);
}

static void send(const check_t *check, uint32_t delay_ms, const void *data, size_t bytes)
{
    check->bench->send(check->bench->context, delay_ms, data, bytes);
}

static size_t receive(const check_t *check, uint8_t *data, size_t bytes)
{
    return check->bench->receive(check->bench->context, data, bytes);
}

static esp_loader_error_t read(const check_t *check, uint8_t *data, uint16_t bytes, uint32_t timeout_ms)
{
    return check->port->ops->read(check->port, data, bytes, timeout_ms);
}

static esp_loader_error_t write(const check_t *check, const uint8_t *data, uint16_t bytes, uint32_t timeout_ms)
{
    return check->port->ops->write(check->port, data, bytes, timeout_ms);
}

static esp_loader_error_t open_port(check_t *check)
{
    const esp_loader_error_t err =
        check->port->ops->init != NULL ? check->port->ops->init(check->port) : ESP_LOADER_SUCCESS;
    check->is_open = err == ESP_LOADER_SUCCESS;
    return err;
}

static void close_port(check_t *check)
{
    if (check->is_open && check->port->ops->deinit != NULL) {
        check->port->ops->deinit(check->port);
    }
    check->is_open = false;
}

/* All values, and none that repeats in a way which a lost or doubled byte would not show. */
static void fill(uint8_t *data, size_t bytes, uint32_t first)
{
    for (size_t at = 0; at < bytes; at++) {
        data[at] = (uint8_t)(first + at + at / 256);
    }
}

/* Between two promises: nothing is on its way, and nothing is left. */
static void settle(const check_t *check)
{
    enum { SETTLE_MS_MAX = 500 }; /* for a port that always reads something */
    uint8_t byte;
    if (check->bench->receive != NULL) {
        uint8_t data[CHUNK_BYTES];
        while (receive(check, data, sizeof(data)) == sizeof(data)) {
        }
    }
    const uint64_t start_us = now_us(check);
    while (read(check, &byte, 1, LATE_MS) == ESP_LOADER_SUCCESS && ms_since(check, start_us) < SETTLE_MS_MAX) {
    }
    if (check->bench->take_moves != NULL) {
        port_check_move_t move;
        (void)check->bench->take_moves(check->bench->context, &move, 1);
    }
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

/* Those of all links, and three of this one. */
static void expect_members(check_t *check, bool first, bool second, bool third)
{
    const esp_loader_port_ops_t *ops = check->port->ops;
    const bool is_there[] = {ops->enter_bootloader != NULL,
                             ops->reset_target != NULL,
                             ops->start_timer != NULL,
                             ops->remaining_time != NULL,
                             ops->delay_ms != NULL,
                             first,
                             second,
                             third};
    uint32_t count = 0;
    for (size_t at = 0; at < sizeof(is_there); at++) {
        count += is_there[at] ? 1 : 0;
    }
    expect(check, "members that are there", count, sizeof(is_there));
}

static void has_members(check_t *check)
{
    expect_members(check, check->port->ops->write != NULL, check->port->ops->read != NULL, true);
}

static void has_spi_members(check_t *check)
{
    const esp_loader_port_ops_t *ops = check->port->ops;
    expect_members(check, ops->write != NULL, ops->read != NULL, ops->spi_set_cs != NULL);
}

static void has_sdio_members(check_t *check)
{
    const esp_loader_port_ops_t *ops = check->port->ops;
    expect_members(check, ops->sdio_write != NULL, ops->sdio_read != NULL, ops->sdio_card_init != NULL);
}

static void opens(check_t *check)
{
    expect(check, "result of init", open_port(check), ESP_LOADER_SUCCESS);
}

/* --- Time -------------------------------------------------------------------------------------------------- */

/* It began between two times of our clock: another program may have run meanwhile. */
typedef struct {
    uint32_t ms;
    uint64_t before_us, behind_us;
} countdown_t;

static countdown_t begin_countdown(const check_t *check, uint32_t ms)
{
    countdown_t countdown = {.ms = ms, .before_us = now_us(check)};
    start_timer(check, ms);
    countdown.behind_us = now_us(check);
    return countdown;
}

/* What is left of it. A port may count the running millisecond or not. */
static void expect_remaining(check_t *check, const char *found, const countdown_t *countdown)
{
    const uint32_t ms = countdown->ms;
    const uint32_t shortest_ms = ms_since(check, countdown->behind_us);
    const uint32_t left_ms = remaining(check);
    const uint32_t longest_ms = ms_since(check, countdown->before_us) + check->bench->slack_ms;
    expect_at_least(check, found, left_ms, ms > longest_ms ? ms - longest_ms : 0);
    expect_at_most(check, found, left_ms, ms > shortest_ms ? ms - shortest_ms + 1 : 0);
}

/* First of all, before the clock wraps by itself. */
static void survives_wrap(check_t *check)
{
    enum { COUNTDOWN_MS = 300, BEFORE_MS = 100, TOO_FAR_MS = 10000 };
    const uint32_t to_wrap_ms = check->bench->ms_to_wrap(check->bench->context);
    if (to_wrap_ms > TOO_FAR_MS || to_wrap_ms < BEFORE_MS) {
        not_checked(check);
        return;
    }
    delay(check, to_wrap_ms - BEFORE_MS);
    const countdown_t countdown = begin_countdown(check, COUNTDOWN_MS);
    expect_remaining(check, "ms left before the clock wraps", &countdown);
    delay(check, 2 * BEFORE_MS);
    expect_remaining(check, "ms left behind the wrap", &countdown);
    delay(check, 2 * BEFORE_MS);
    expect(check, "ms left of a countdown that is over", remaining(check), 0);
}

static void counts_down(check_t *check)
{
    enum { COUNTDOWN_MS = 1000, STEP_MS = 7, STEPS = 9 }; /* in step with no tick */
    const countdown_t countdown = begin_countdown(check, COUNTDOWN_MS);
    for (unsigned step = 0; step < STEPS; step++) {
        expect_remaining(check, "ms left", &countdown);
        delay(check, STEP_MS);
    }
}

static void ends_at_zero(check_t *check)
{
    enum { COUNTDOWN_MS = 10 };
    start_timer(check, COUNTDOWN_MS);
    for (unsigned look = 0; look < 3; look++) {
        delay(check, 2 * COUNTDOWN_MS);
        expect(check, "ms left of a countdown that is over", remaining(check), 0);
    }
    start_timer(check, 0);
    expect(check, "ms left of a countdown of 0", remaining(check), 0);
}

static void replaces(check_t *check)
{
    enum { LONG_MS = 5000, SHORT_MS = 10 };
    start_timer(check, SHORT_MS);
    countdown_t countdown = begin_countdown(check, LONG_MS);
    expect_remaining(check, "ms left of the second countdown", &countdown);
    countdown = begin_countdown(check, SHORT_MS);
    delay(check, 2 * SHORT_MS);
    expect_remaining(check, "ms left of the third countdown", &countdown);
}

/* 47 hours are what the library asks for at most. Tables of ticks, or microseconds in 32 bits, end before. */
static void counts_hours(check_t *check)
{
    static const uint32_t countdowns_ms[] = {70000, 4300000, 47 * 3600000};
    for (size_t at = 0; at < sizeof(countdowns_ms) / sizeof(countdowns_ms[0]); at++) {
        const countdown_t countdown = begin_countdown(check, countdowns_ms[at]);
        expect_remaining(check, "ms left of a long countdown", &countdown);
    }
}

static void waits_long_enough(check_t *check)
{
    static const uint32_t delays_ms[] = {1, 2, 5, 10, 50, 100};
    for (size_t at = 0; at < sizeof(delays_ms) / sizeof(delays_ms[0]); at++) {
        const uint64_t start_us = now_us(check);
        delay(check, delays_ms[at]);
        expect_at_least(check, "us that a delay took", (uint32_t)(now_us(check) - start_us), delays_ms[at] * US_PER_MS);
        expect_at_most(check, "ms that a delay took", ms_since(check, start_us),
                       delays_ms[at] + delays_ms[at] / 4 + check->bench->slack_ms);
    }
}

/* --- Reading ----------------------------------------------------------------------------------------------- */

/* A wait of `timeout_ms` that found nothing: not before its time, by more than the millisecond that was running, and
 * not long behind it. */
static void expect_wait(check_t *check, uint64_t start_us, uint32_t timeout_ms)
{
    const uint32_t took_ms = ms_since(check, start_us);
    expect_at_least(check, "ms until TIMEOUT", took_ms + 1, timeout_ms);
    expect_at_most(check, "ms until TIMEOUT", took_ms, timeout_ms + check->bench->slack_ms);
}

static void silence_is_timeout(check_t *check)
{
    static const uint32_t timeouts_ms[] = {0, 1, 10, 100};
    for (size_t at = 0; at < sizeof(timeouts_ms) / sizeof(timeouts_ms[0]); at++) {
        uint8_t byte;
        const uint64_t start_us = now_us(check);
        expect(check, "result of a read with nothing there", read(check, &byte, 1, timeouts_ms[at]),
               ESP_LOADER_ERROR_TIMEOUT);
        expect_wait(check, start_us, timeouts_ms[at]);
    }
}

static void reads_exactly(check_t *check)
{
    uint8_t got[8] = "";
    send(check, 0, "abcdef", 6);
    delay(check, PAUSE_MS);
    expect(check, "result of a read of 4 bytes out of 6", read(check, got, 4, LATE_MS), ESP_LOADER_SUCCESS);
    expect_bytes(check, "byte read, or behind them", got, (const uint8_t *)"abcd\0\0", 6);
    expect(check, "result of a read of the other 2", read(check, got, 2, LATE_MS), ESP_LOADER_SUCCESS);
    expect_bytes(check, "byte read", got, (const uint8_t *)"efcd", 4);
}

static void looks_without_waiting(check_t *check)
{
    uint8_t byte = 0;
    send(check, 0, "x", 1);
    delay(check, PAUSE_MS);
    expect(check, "result of a read with a byte there and no time", read(check, &byte, 1, 0), ESP_LOADER_SUCCESS);
    expect(check, "byte read", byte, 'x');
}

static void waits_for_late_bytes(check_t *check)
{
    enum { MUCH_MS = 5000 };
    uint8_t got[3] = "";
    const uint64_t start_us = now_us(check);
    send(check, LATE_MS, "xyz", 3);
    expect(check, "result of a read of what comes later", read(check, got, 3, MUCH_MS), ESP_LOADER_SUCCESS);
    expect_bytes(check, "byte read", got, (const uint8_t *)"xyz", 3);
    expect_at_most(check, "ms until what came was told", ms_since(check, start_us),
                   LATE_MS + 10 + check->bench->slack_ms);
}

static void too_few_are_timeout(check_t *check)
{
    enum { WAIT_MS = 100 };
    uint8_t got[3];
    send(check, 0, "ab", 2);
    delay(check, PAUSE_MS);
    const uint64_t start_us = now_us(check);
    expect(check, "result of a read of 3 bytes out of 2", read(check, got, 3, WAIT_MS), ESP_LOADER_ERROR_TIMEOUT);
    expect_wait(check, start_us, WAIT_MS);
}

/* One byte every 40 ms, so that a limit which starts anew at each of them is never reached. */
static void bytes_do_not_prolong(check_t *check)
{
    enum { DRIPS = 20, WAIT_MS = 100 };
    uint8_t got[DRIPS];
    for (uint32_t drip = 1; drip <= DRIPS; drip++) {
        send(check, drip * LATE_MS, "d", 1);
    }
    const uint64_t start_us = now_us(check);
    expect(check, "result of a read of 20 bytes, one every 40 ms, in 100 ms", read(check, got, DRIPS, WAIT_MS),
           ESP_LOADER_ERROR_TIMEOUT);
    expect_wait(check, start_us, WAIT_MS);
    delay(check, (DRIPS + 1) * LATE_MS);
}

static void reads_all_values(check_t *check)
{
    uint8_t sent[256];
    uint8_t got[256] = {0};
    fill(sent, sizeof(sent), 0);
    send(check, 0, sent, sizeof(sent));
    expect(check, "result of a read of all byte values", read(check, got, sizeof(got), 1000), ESP_LOADER_SUCCESS);
    expect_bytes(check, "byte read", got, sent, sizeof(sent));
}

/* 50 ms at 115200 baud are 576 bytes. */
static void keeps_what_nobody_reads(check_t *check)
{
    enum { BYTES = 576 };
    uint8_t sent[BYTES];
    uint8_t got[BYTES] = {0};
    fill(sent, sizeof(sent), 7);
    send(check, 0, sent, sizeof(sent));
    delay(check, 2 * PAUSE_MS);
    expect(check, "result of a read of 576 bytes that came while nobody read", read(check, got, sizeof(got), LATE_MS),
           ESP_LOADER_SUCCESS);
    expect_bytes(check, "byte read", got, sent, sizeof(sent));
}

static void reads_some(check_t *check)
{
    enum { MUCH_MS = 5000, WAIT_MS = 50 };
    const esp_loader_port_ops_t *ops = check->port->ops;
    uint8_t got[8] = "";
    uint16_t got_bytes = 0;
    uint16_t count = 0;
    send(check, 0, "abcde", 5);
    delay(check, PAUSE_MS);
    uint64_t start_us = now_us(check);
    expect(check, "result of read_some with 5 bytes there", ops->read_some(check->port, got, 3, &got_bytes, MUCH_MS),
           ESP_LOADER_SUCCESS);
    find(check, got_bytes >= 1 && got_bytes <= 3, "bytes that read_some told, of 3 asked for", got_bytes, 3);
    expect_bytes(check, "byte behind those", got + 3, (const uint8_t *)"\0\0", 2);
    while (!is_broken(check) && got_bytes > 0 && count + got_bytes < 5) {
        count = (uint16_t)(count + got_bytes);
        got_bytes = 0;
        expect(check, "result of read_some with bytes left",
               ops->read_some(check->port, got + count, (uint16_t)(sizeof(got) - count), &got_bytes, MUCH_MS),
               ESP_LOADER_SUCCESS);
    }
    expect_bytes(check, "byte read", got, (const uint8_t *)"abcde\0", 6);
    expect_at_most(check, "ms until what was there was told", ms_since(check, start_us), check->bench->slack_ms);
    start_us = now_us(check);
    expect(check, "result of read_some with nothing there",
           ops->read_some(check->port, got, sizeof(got), &got_bytes, WAIT_MS), ESP_LOADER_ERROR_TIMEOUT);
    expect_wait(check, start_us, WAIT_MS);
    send(check, LATE_MS, "z", 1);
    expect(check, "result of read_some of what comes later",
           ops->read_some(check->port, got, sizeof(got), &got_bytes, MUCH_MS), ESP_LOADER_SUCCESS);
    expect(check, "bytes that read_some told", got_bytes, 1);
    expect(check, "byte read", got[0], 'z');
}

static void flushes(check_t *check)
{
    uint8_t byte = 0;
    send(check, 0, "old", 3);
    delay(check, PAUSE_MS);
    check->port->ops->flush(check->port);
    expect(check, "result of a read behind a flush", read(check, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
    send(check, 0, "n", 1);
    expect(check, "result of a read of what came behind it", read(check, &byte, 1, 1000), ESP_LOADER_SUCCESS);
    expect(check, "byte read", byte, 'n');
}

/* --- Writing ----------------------------------------------------------------------------------------------- */

static void expect_exchange(check_t *check, uint32_t first)
{
    uint8_t sent[64];
    uint8_t got[64] = {0};
    fill(sent, sizeof(sent), first);
    expect(check, "result of a write", write(check, sent, sizeof(sent), 1000), ESP_LOADER_SUCCESS);
    expect(check, "bytes that came to the other end", (uint32_t)receive(check, got, sizeof(got)), sizeof(got));
    expect_bytes(check, "byte that came to the other end", got, sent, sizeof(sent));
    memset(got, 0, sizeof(got));
    send(check, 0, sent, sizeof(sent));
    expect(check, "result of a read", read(check, got, sizeof(got), 1000), ESP_LOADER_SUCCESS);
    expect_bytes(check, "byte read", got, sent, sizeof(sent));
}

static void writes_all(check_t *check)
{
    static const uint16_t sizes[] = {1, 2, 255, CHUNK_BYTES};
    uint8_t sent[CHUNK_BYTES];
    uint8_t got[CHUNK_BYTES];
    for (uint32_t at = 0; at < sizeof(sizes) / sizeof(sizes[0]); at++) {
        fill(sent, sizes[at], 3 * at);
        expect(check, "result of a write", write(check, sent, sizes[at], 1000), ESP_LOADER_SUCCESS);
        expect(check, "bytes that came to the other end", (uint32_t)receive(check, got, sizes[at]), sizes[at]);
        expect_bytes(check, "byte that came to the other end", got, sent, sizes[at]);
        expect(check, "bytes too many", (uint32_t)receive(check, got, 1), 0);
    }
}

static void writes_end_in_time(check_t *check)
{
    enum { TRIES = 8192, WAIT_MS = 1 };
    uint8_t sent[CHUNK_BYTES];
    esp_loader_error_t err = ESP_LOADER_SUCCESS;
    fill(sent, sizeof(sent), 0);
    for (uint32_t at = 0; at < TRIES && err == ESP_LOADER_SUCCESS && !is_broken(check); at++) {
        const uint64_t start_us = now_us(check);
        err = write(check, sent, sizeof(sent), WAIT_MS);
        expect_at_most(check, "ms that a write took, limit 1", ms_since(check, start_us),
                       WAIT_MS + check->bench->slack_ms);
    }
    expect(check, "result of writes that nobody takes, each a KiB in 1 ms", err, ESP_LOADER_ERROR_TIMEOUT);
}

/* --- The rate ---------------------------------------------------------------------------------------------- */

static void set_rates(check_t *check, uint32_t rate)
{
    expect(check, "result of the change of rate", check->port->ops->change_transmission_rate(check->port, rate),
           ESP_LOADER_SUCCESS);
    check->bench->set_rate(check->bench->context, rate);
}

static void changes_rate(check_t *check)
{
    const port_check_bench_t *bench = check->bench;
    expect_exchange(check, 0);
    set_rates(check, bench->other_rate);
    expect_exchange(check, 50);
    set_rates(check, bench->first_rate);
    expect_exchange(check, 100);
}

static void begins_at_first_rate(check_t *check)
{
    if (check->port->ops->change_transmission_rate != NULL && check->bench->set_rate != NULL) {
        set_rates(check, check->bench->other_rate);
        check->bench->set_rate(check->bench->context, check->bench->first_rate);
    }
    close_port(check);
    expect(check, "result of the second init", open_port(check), ESP_LOADER_SUCCESS);
    if (check->is_open) {
        expect_exchange(check, 150);
    }
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

enum { MOVES_MAX = 16 };

/* Exactly one time reset is low for at least a millisecond and rises; boot is what it should be then, and some time behind;
 * in the end neither is held. */
static void expect_dance(check_t *check, bool boot_low, void (*dance)(esp_loader_port_t *port))
{
    enum { LOW_US_MIN = 1000, HOLD_US_MIN = 1000 };
    const port_check_bench_t *bench = check->bench;
    port_check_move_t moves[MOVES_MAX];
    dance(check->port);
    const size_t count = bench->take_moves(bench->context, moves, MOVES_MAX);
    find(check, count >= 2 && count <= MOVES_MAX, "moves of the lines", (uint32_t)count, MOVES_MAX);
    uint32_t rises = 0;
    uint64_t fell_us = 0;
    uint64_t rose_us = 0;
    for (size_t at = 0; at < count && at < MOVES_MAX; at++) {
        const bool was_low = at > 0 && moves[at - 1].reset_low;
        if (!was_low && moves[at].reset_low) {
            fell_us = moves[at].at_us;
        }
        if (was_low && !moves[at].reset_low) {
            rises++;
            rose_us = moves[at].at_us;
            expect(check, "whether boot is low as reset rises", moves[at].boot_low, boot_low);
            expect(check, "whether boot is low in front of it", moves[at - 1].boot_low, boot_low);
            expect_at_least(check, "us that reset is low", (uint32_t)(rose_us - fell_us), LOW_US_MIN);
        } else if (rises > 0 && boot_low) {
            expect_at_least(check, "us that boot stays low behind it", (uint32_t)(moves[at].at_us - rose_us),
                            HOLD_US_MIN);
        }
    }
    expect(check, "rises of reset", rises, 1);
    if (!is_broken(check)) {
        expect(check, "whether boot is held in the end", moves[count - 1].boot_low, false);
        expect(check, "whether reset is held in the end", moves[count - 1].reset_low, false);
    }
}

static void enters_loader(check_t *check)
{
    expect_dance(check, true, check->port->ops->enter_bootloader);
    expect_dance(check, true, check->port->ops->enter_bootloader);
}

static void resets(check_t *check)
{
    expect_dance(check, false, check->port->ops->reset_target);
    expect_dance(check, false, check->port->ops->reset_target);
}

static void keeps_banner(check_t *check)
{
    static const uint8_t banner[] = "waiting for download\r\n";
    const port_check_bench_t *bench = check->bench;
    void (*const dances[])(esp_loader_port_t * port) = {check->port->ops->enter_bootloader,
                                                        check->port->ops->reset_target};
    for (size_t at = 0; at < 2; at++) {
        uint8_t got[sizeof(banner)] = {0};
        bench->say_at_reset(bench->context, banner, sizeof(banner));
        dances[at](check->port);
        expect(check, "result of a read of what the target says behind reset", read(check, got, sizeof(got), 1000),
               ESP_LOADER_SUCCESS);
        expect_bytes(check, "byte read", got, banner, sizeof(banner));
        bench->say_at_reset(bench->context, NULL, 0);
    }
}

/* Of a buffer that was GUARD all over only `bytes` from `offset` on are read to. */
enum { GUARD = 0xEE };
static void expect_untouched(check_t *check, const uint8_t *buffer, size_t capacity, size_t offset, size_t bytes)
{
    for (size_t at = 0; at < capacity; at++) {
        if (at < offset || at >= offset + bytes) {
            expect(check, "byte beside those that were read", buffer[at], GUARD);
        }
    }
}

/* --- SPI --------------------------------------------------------------------------------------------------- */

enum { SELECTED = 0, RELEASED = 1, PREAMBLE_BYTES = 3, BUS_MS = 1000 };

static port_check_spi_seen_t seen_by_slave(const check_t *check)
{
    port_check_spi_seen_t seen = {0};
    check->bench->spi_seen(check->bench->context, &seen);
    return seen;
}

static void expect_selected(check_t *check, bool is_selected, uint32_t selections)
{
    const port_check_spi_seen_t seen = seen_by_slave(check);
    expect(check, "whether the slave is selected", seen.is_selected, is_selected);
    expect(check, "how often it was selected", seen.selections, selections);
    expect(check, "bytes that were clocked meanwhile", seen.stray_bytes + (uint32_t)seen.written_bytes, 0);
}

static void selects(check_t *check)
{
    const esp_loader_port_ops_t *ops = check->port->ops;
    ops->enter_bootloader(check->port);
    (void)seen_by_slave(check);
    for (unsigned times = 0; times < 2; times++) {
        ops->spi_set_cs(check->port, SELECTED);
        expect_selected(check, true, 1);
        ops->spi_set_cs(check->port, RELEASED);
        expect_selected(check, false, 0);
    }
}

static void expect_one_transaction(check_t *check, const port_check_spi_seen_t *seen)
{
    expect(check, "how often the slave was selected", seen->selections, 1);
    expect(check, "bytes clocked while it was not", seen->stray_bytes, 0);
}

static void writes_in_one_transaction(check_t *check)
{
    static const uint16_t sizes[] = {1, 2, 4, 63, 128, CHUNK_BYTES};
    uint8_t sent[PREAMBLE_BYTES + CHUNK_BYTES];
    for (uint32_t at = 0; at < sizeof(sizes) / sizeof(sizes[0]); at++) {
        const uint16_t bytes = sizes[at];
        fill(sent, sizeof(sent), 0xA1 + at);
        (void)seen_by_slave(check);
        check->port->ops->spi_set_cs(check->port, SELECTED);
        expect(check, "result of a write", write(check, sent, PREAMBLE_BYTES, BUS_MS), ESP_LOADER_SUCCESS);
        expect(check, "result of a write", write(check, sent + PREAMBLE_BYTES, bytes, BUS_MS), ESP_LOADER_SUCCESS);
        check->port->ops->spi_set_cs(check->port, RELEASED);
        const port_check_spi_seen_t seen = seen_by_slave(check);
        expect_one_transaction(check, &seen);
        expect(check, "bytes written", (uint32_t)seen.written_bytes, PREAMBLE_BYTES + bytes);
        expect_bytes(check, "byte written", seen.written, sent, PREAMBLE_BYTES + bytes);
    }
}

/* To any address, and not a byte more: a transport reads into the middle of what it has. */
static void reads_in_one_transaction(check_t *check)
{
    static const uint16_t sizes[] = {1, 2, 3, 4, 5, 7, 10, 128};
    enum { BYTES_MAX = 128 };
    uint8_t answer[BYTES_MAX];
    const uint8_t preamble[PREAMBLE_BYTES] = {0x04, 0x00, 0x00};
    for (uint32_t at = 0; at < sizeof(sizes) / sizeof(sizes[0]); at++) {
        const uint16_t bytes = sizes[at];
        const size_t offset = at % 4;
        uint8_t got[BYTES_MAX + 8];
        memset(got, GUARD, sizeof(got));
        fill(answer, sizeof(answer), 0x81 + at);
        check->bench->spi_answer(check->bench->context, answer, bytes);
        (void)seen_by_slave(check);
        check->port->ops->spi_set_cs(check->port, SELECTED);
        expect(check, "result of a write", write(check, preamble, PREAMBLE_BYTES, BUS_MS), ESP_LOADER_SUCCESS);
        expect(check, "result of a read", read(check, got + offset, bytes, BUS_MS), ESP_LOADER_SUCCESS);
        check->port->ops->spi_set_cs(check->port, RELEASED);
        const port_check_spi_seen_t seen = seen_by_slave(check);
        expect_one_transaction(check, &seen);
        expect_bytes(check, "byte read", got + offset, answer, bytes);
        expect_untouched(check, got, sizeof(got), offset, bytes);
    }
}

/* --- SDIO -------------------------------------------------------------------------------------------------- */

static void finds_card(check_t *check)
{
    const esp_loader_port_ops_t *ops = check->port->ops;
    for (unsigned times = 0; times < 3; times++) {
        ops->enter_bootloader(check->port);
        delay(check, PAUSE_MS);
        expect(check, "result of sdio_card_init", ops->sdio_card_init(check->port), ESP_LOADER_SUCCESS);
        expect(check, "result of sdio_card_init with the card selected", ops->sdio_card_init(check->port),
               ESP_LOADER_SUCCESS);
    }
}

static void misses_card(check_t *check)
{
    const esp_loader_port_ops_t *ops = check->port->ops;
    const port_check_bench_t *bench = check->bench;
    bench->sdio_card(bench->context, PORT_CHECK_CARD_MISSING);
    find(check, ops->sdio_card_init(check->port) != ESP_LOADER_SUCCESS, "result of sdio_card_init with no card",
         ESP_LOADER_SUCCESS, ESP_LOADER_ERROR_TIMEOUT);
    bench->sdio_card(bench->context, PORT_CHECK_CARD_THERE);
    expect(check, "result of sdio_card_init with the card back", ops->sdio_card_init(check->port), ESP_LOADER_SUCCESS);
}

enum { SDIO_ADDR = 0x40, SDIO_BYTES_MAX = 512 };
static const uint16_t sdio_sizes[] = {1, 2, 3, 4, 5, 20, 63, 256, 511, SDIO_BYTES_MAX};
enum { SDIO_SIZE_COUNT = sizeof(sdio_sizes) / sizeof(sdio_sizes[0]) };

static void fill_card(const check_t *check)
{
    for (uint32_t function = 0; function < 2; function++) {
        fill(check->bench->sdio_memory(check->bench->context, function), PORT_CHECK_SDIO_BYTES, 0x11 + 0x55 * function);
    }
}

/* Both functions hold what fill_card() left, but for `bytes` bytes of `data` at SDIO_ADDR of one. */
static void expect_card(check_t *check, uint32_t function, const uint8_t *data, size_t bytes)
{
    uint8_t wanted[PORT_CHECK_SDIO_BYTES];
    for (uint32_t at = 0; at < 2; at++) {
        fill(wanted, sizeof(wanted), 0x11 + 0x55 * at);
        if (at == function) {
            memcpy(wanted + SDIO_ADDR, data, bytes);
        }
        expect_bytes(check, "byte of the card", check->bench->sdio_memory(check->bench->context, at), wanted,
                     sizeof(wanted));
    }
}

static void writes_to_card(check_t *check)
{
    uint8_t data[SDIO_BYTES_MAX + 4];
    for (uint32_t at = 0; at < 2 * SDIO_SIZE_COUNT && !is_broken(check); at++) {
        const uint16_t bytes = sdio_sizes[at / 2];
        const uint8_t *sent = data + at % 4;
        fill_card(check);
        fill(data, sizeof(data), 0xC3 + at);
        expect(check, "result of sdio_write",
               check->port->ops->sdio_write(check->port, at % 2, SDIO_ADDR, sent, bytes, BUS_MS), ESP_LOADER_SUCCESS);
        expect_card(check, at % 2, sent, bytes);
    }
}

static void reads_from_card(check_t *check)
{
    for (uint32_t at = 0; at < 2 * SDIO_SIZE_COUNT && !is_broken(check); at++) {
        const uint16_t bytes = sdio_sizes[at / 2];
        const size_t offset = at % 4;
        uint8_t got[SDIO_BYTES_MAX + 8];
        memset(got, GUARD, sizeof(got));
        fill_card(check);
        const uint8_t *wanted = check->bench->sdio_memory(check->bench->context, at % 2) + SDIO_ADDR;
        expect(check, "result of sdio_read",
               check->port->ops->sdio_read(check->port, at % 2, SDIO_ADDR, got + offset, bytes, BUS_MS),
               ESP_LOADER_SUCCESS);
        expect_bytes(check, "byte read", got + offset, wanted, bytes);
        expect_untouched(check, got, sizeof(got), offset, bytes);
    }
}

static void silent_card_is_timeout(check_t *check)
{
    static const uint32_t timeouts_ms[] = {1, 30, 300};
    const esp_loader_port_ops_t *ops = check->port->ops;
    const port_check_bench_t *bench = check->bench;
    uint8_t data[4] = {0};
    bench->sdio_card(bench->context, PORT_CHECK_CARD_SILENT);
    for (size_t at = 0; at < sizeof(timeouts_ms) / sizeof(timeouts_ms[0]); at++) {
        uint64_t start_us = now_us(check);
        expect(check, "result of sdio_read from a card that does not react",
               ops->sdio_read(check->port, 1, SDIO_ADDR, data, sizeof(data), timeouts_ms[at]),
               ESP_LOADER_ERROR_TIMEOUT);
        expect_wait(check, start_us, timeouts_ms[at]);
        start_us = now_us(check);
        expect(check, "result of sdio_write to a card that does not react",
               ops->sdio_write(check->port, 1, SDIO_ADDR, data, sizeof(data), timeouts_ms[at]),
               ESP_LOADER_ERROR_TIMEOUT);
        expect_wait(check, start_us, timeouts_ms[at]);
    }
    bench->sdio_card(bench->context, PORT_CHECK_CARD_THERE);
}

static void opens_again(check_t *check)
{
    close_port(check);
    expect(check, "result of the second init", open_port(check), ESP_LOADER_SUCCESS);
}

/* --- The rest ---------------------------------------------------------------------------------------------- */

static void log_text(const check_t *check, esp_loader_log_level_t level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    check->port->ops->log(check->port, level, fmt, args);
    va_end(args);
}

static void logs(check_t *check)
{
    log_text(check, ESP_LOADER_LOG_LEVEL_WARN, "port %s %d %08x", "check", -5, 0xBEEFu);
    expect(check, "where the text \"port check -5 0000beef\" is in the log",
           strstr(check->bench->logged(check->bench->context), "port check -5 0000beef") != NULL, true);
}

static void takes_traffic(check_t *check)
{
    static const uint8_t data[] = {0xC0, 0x00, 0xFF};
    check->port->ops->log_hex(check->port, ESP_LOADER_LOG_LEVEL_DEBUG, "TX", data, sizeof(data));
    check->port->ops->log_hex(check->port, ESP_LOADER_LOG_LEVEL_DEBUG, "RX", data, 0);
}

/* Last: there is no way back. */
static void notices_unplugging(check_t *check)
{
    enum { TRIES = 100, WAIT_MS = 20 };
    uint8_t byte = 0;
    esp_loader_error_t written = ESP_LOADER_SUCCESS;
    esp_loader_error_t was_read = ESP_LOADER_SUCCESS;
    check->bench->unplug(check->bench->context);
    for (unsigned at = 0; at < TRIES && (written != ESP_LOADER_ERROR_FAIL || was_read != ESP_LOADER_ERROR_FAIL); at++) {
        written = write(check, &byte, 1, WAIT_MS);
        was_read = read(check, &byte, 1, WAIT_MS);
    }
    expect(check, "result of a write to a line that is gone", written, ESP_LOADER_ERROR_FAIL);
    expect(check, "result of a read from a line that is gone", was_read, ESP_LOADER_ERROR_FAIL);
}

static void closes(check_t *check)
{
    close_port(check);
}

/* --- All of them ------------------------------------------------------------------------------------------- */

/* What a promise needs of bench and port to be checked. */
enum {
    SEND = 1 << 0,
    RECEIVE = 1 << 1,
    RATE = 1 << 2,
    MOVES = 1 << 3,
    BANNER = 1 << 4,
    WRAP = 1 << 5,
    UNPLUG = 1 << 6,
    READ_SOME = 1 << 7,
    FLUSH = 1 << 8,
    LOG = 1 << 9,
    LOG_HEX = 1 << 10,
    SLAVE = 1 << 11,
    CARD = 1 << 12,
    CARD_STATE = 1 << 13,
    BOTH_WAYS = SEND | RECEIVE,
};

typedef struct {
    const char *text;
    unsigned needs;
    void (*check)(check_t *check);
} promise_t;

static const promise_t promises[] = {
    {"It has the members that a serial link needs", 0, has_members},
    {"It opens", 0, opens},
    {"A clock that wraps does not show in the countdown", WRAP, survives_wrap},
    {"A countdown counts milliseconds", 0, counts_down},
    {"A countdown ends at 0 and stays there", 0, ends_at_zero},
    {"A countdown replaces the one before", 0, replaces},
    {"A countdown may last 47 hours", 0, counts_hours},
    {"A delay is as long as asked for", 0, waits_long_enough},
    {"A read with nothing there is TIMEOUT, in time", 0, silence_is_timeout},
    {"A read takes what it was asked for and leaves the rest", SEND, reads_exactly},
    {"A read without time takes what is there", SEND, looks_without_waiting},
    {"A read waits for bytes, and no longer", SEND, waits_for_late_bytes},
    {"A read of more than comes is TIMEOUT, in time", SEND, too_few_are_timeout},
    {"A byte that comes does not prolong a read", SEND, bytes_do_not_prolong},
    {"Bytes of all values can be read", SEND, reads_all_values},
    {"What comes while nobody reads is kept", SEND, keeps_what_nobody_reads},
    {"read_some takes what is there", SEND | READ_SOME, reads_some},
    {"flush throws away what was received", SEND | FLUSH, flushes},
    {"A write sends all bytes, in order", RECEIVE, writes_all},
    {"A write that nobody takes is TIMEOUT, in time", RECEIVE, writes_end_in_time},
    {"A change of rate is one in both directions", BOTH_WAYS | RATE, changes_rate},
    {"It can be closed and opened again, at the first rate", BOTH_WAYS, begins_at_first_rate},
    {"enter_bootloader holds boot while reset rises", MOVES, enters_loader},
    {"reset_target does not hold boot while reset rises", MOVES, resets},
    {"What the target says as reset rises can be read", BANNER, keeps_banner},
    {"log takes a format and its arguments", LOG, logs},
    {"log_hex takes traffic", LOG_HEX, takes_traffic},
    {"A line that is gone is FAIL", UNPLUG, notices_unplugging},
    {"It closes", 0, closes},
};

static const promise_t spi_promises[] = {
    {"It has the members that an SPI link needs", 0, has_spi_members},
    {"It opens", 0, opens},
    {"A clock that wraps does not show in the countdown", WRAP, survives_wrap},
    {"A countdown counts milliseconds", 0, counts_down},
    {"A countdown ends at 0 and stays there", 0, ends_at_zero},
    {"A countdown replaces the one before", 0, replaces},
    {"A countdown may last 47 hours", 0, counts_hours},
    {"A delay is as long as asked for", 0, waits_long_enough},
    {"spi_set_cs selects with 0 and releases with 1", SLAVE, selects},
    {"What is written between both is one transaction", SLAVE, writes_in_one_transaction},
    {"What is read behind it belongs to that, and is no byte more", SLAVE, reads_in_one_transaction},
    {"It can be closed and opened again", 0, opens_again},
    {"log takes a format and its arguments", LOG, logs},
    {"log_hex takes traffic", LOG_HEX, takes_traffic},
    {"It closes", 0, closes},
};

static const promise_t sdio_promises[] = {
    {"It has the members that an SDIO link needs", 0, has_sdio_members},
    {"It opens", 0, opens},
    {"A clock that wraps does not show in the countdown", WRAP, survives_wrap},
    {"A countdown counts milliseconds", 0, counts_down},
    {"A countdown ends at 0 and stays there", 0, ends_at_zero},
    {"A countdown replaces the one before", 0, replaces},
    {"A countdown may last 47 hours", 0, counts_hours},
    {"A delay is as long as asked for", 0, waits_long_enough},
    {"enter_bootloader holds boot while reset rises", MOVES, enters_loader},
    {"reset_target does not hold boot while reset rises", MOVES, resets},
    {"sdio_card_init finds the card as often as asked", CARD, finds_card},
    {"sdio_write moves all bytes to the function and addresses it is told", CARD, writes_to_card},
    {"sdio_read moves all bytes from there, and none beside", CARD, reads_from_card},
    {"A card that does not react is TIMEOUT, in time", CARD | CARD_STATE, silent_card_is_timeout},
    {"A card that is not there is not found, until it is back", CARD | CARD_STATE, misses_card},
    {"It can be closed and opened again", 0, opens_again},
    {"log takes a format and its arguments", LOG, logs},
    {"log_hex takes traffic", LOG_HEX, takes_traffic},
    {"It closes", 0, closes},
};

static unsigned bit(bool is_there, unsigned what)
{
    return is_there ? what : 0;
}

static unsigned what_there_is(const esp_loader_port_ops_t *ops, const port_check_bench_t *bench)
{
    return bit(bench->send != NULL, SEND) | bit(bench->receive != NULL, RECEIVE) |
           bit(bench->set_rate != NULL && ops->change_transmission_rate != NULL, RATE) |
           bit(bench->take_moves != NULL, MOVES) | bit(bench->say_at_reset != NULL, BANNER) |
           bit(bench->ms_to_wrap != NULL, WRAP) | bit(bench->unplug != NULL, UNPLUG) |
           bit(ops->read_some != NULL, READ_SOME) | bit(ops->flush != NULL, FLUSH) |
           bit(ops->log != NULL && bench->logged != NULL, LOG) | bit(ops->log_hex != NULL, LOG_HEX) |
           bit(bench->spi_seen != NULL && bench->spi_answer != NULL, SLAVE) | bit(bench->sdio_memory != NULL, CARD) |
           bit(bench->sdio_card != NULL, CARD_STATE);
}

/* The first two decide whether there is anything to check. */
enum { HAS_MEMBERS, OPENS };

static unsigned check_all(check_t check, const promise_t *all, size_t count, port_check_report_t report,
                          void *report_context)
{
    const unsigned there = what_there_is(check.port->ops, check.bench);
    unsigned broken = 0;
    for (size_t at = 0; at < count; at++) {
        const promise_t *promise = &all[at];
        const bool is_possible = at == HAS_MEMBERS || (at == OPENS ? broken == 0 : check.is_open);
        check.result = (port_check_result_t){.promise = promise->text, .outcome = PORT_CHECK_KEPT};
        if (!is_possible || (promise->needs & ~there) != 0) {
            not_checked(&check);
        } else {
            promise->check(&check);
            if (check.is_open && check.settle != NULL && promise->check != notices_unplugging) {
                check.settle(&check);
            }
        }
        broken += is_broken(&check) ? 1 : 0;
        report(report_context, &check.result);
    }
    return broken;
}

unsigned port_check_promises(esp_loader_port_t *port, const port_check_bench_t *bench, port_check_report_t report,
                             void *report_context)
{
    const check_t check = {.port = port, .bench = bench, .settle = settle};
    return check_all(check, promises, sizeof(promises) / sizeof(promises[0]), report, report_context);
}

unsigned port_check_spi_promises(esp_loader_port_t *port, const port_check_bench_t *bench, port_check_report_t report,
                                 void *report_context)
{
    const check_t check = {.port = port, .bench = bench};
    return check_all(check, spi_promises, sizeof(spi_promises) / sizeof(spi_promises[0]), report, report_context);
}

unsigned port_check_sdio_promises(esp_loader_port_t *port, const port_check_bench_t *bench, port_check_report_t report,
                                  void *report_context)
{
    const check_t check = {.port = port, .bench = bench};
    return check_all(check, sdio_promises, sizeof(sdio_promises) / sizeof(sdio_promises[0]), report, report_context);
}

/* --- At work ----------------------------------------------------------------------------------------------- */

enum { FIRST_BAUD = 115200, WORK_BYTES = 64 * 1024 };

typedef struct {
    check_t check;
    esp_loader_t loader;
    uint32_t baud, flash_addr;
} work_t;

static void connects(work_t *work)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    esp_loader_error_t err = esp_loader_init_serial(&work->loader, work->check.port);
    expect(&work->check, "result of esp_loader_init_serial", err, ESP_LOADER_SUCCESS);
    work->check.is_open = err == ESP_LOADER_SUCCESS;
    if (work->check.is_open) {
        err = esp_loader_connect(&work->loader, &args);
        expect(&work->check, "result of esp_loader_connect", err, ESP_LOADER_SUCCESS);
    }
}

static void talks_faster(work_t *work)
{
    uint8_t mac[6];
    if (work->baud == 0) {
        not_checked(&work->check);
        return;
    }
    expect(&work->check, "result of esp_loader_change_transmission_rate",
           esp_loader_change_transmission_rate(&work->loader, work->baud), ESP_LOADER_SUCCESS);
    expect(&work->check, "result of esp_loader_read_mac at that rate", esp_loader_read_mac(&work->loader, mac),
           ESP_LOADER_SUCCESS);
}

static void writes_flash(work_t *work)
{
    reflash_target_t target = {0};
    (void)reflash_describe_target(&work->loader, &target);
    esp_loader_flash_cfg_t cfg = {.offset = work->flash_addr,
                                  .image_size = WORK_BYTES,
                                  .block_size = CHUNK_BYTES,
                                  .skip_verify = !target.has_digests};
    uint8_t data[CHUNK_BYTES];
    esp_loader_error_t err = esp_loader_flash_start(&work->loader, &cfg);
    for (uint32_t at = 0; at < WORK_BYTES && err == ESP_LOADER_SUCCESS; at += CHUNK_BYTES) {
        fill(data, sizeof(data), at / CHUNK_BYTES);
        err = esp_loader_flash_write(&work->loader, &cfg, data, sizeof(data));
    }
    expect(&work->check, "result of writing 64 KiB", err, ESP_LOADER_SUCCESS);
    if (err == ESP_LOADER_SUCCESS) {
        expect(&work->check, "result of proving them", esp_loader_flash_finish(&work->loader, &cfg),
               ESP_LOADER_SUCCESS);
    }
}

static void reads_flash(work_t *work)
{
    uint8_t wanted[CHUNK_BYTES];
    uint8_t got[CHUNK_BYTES] = {0};
    fill(wanted, sizeof(wanted), 1); /* the second that was written */
    expect(&work->check, "result of reading a KiB",
           esp_loader_flash_read(&work->loader, got, work->flash_addr + CHUNK_BYTES, sizeof(got)), ESP_LOADER_SUCCESS);
    expect_bytes(&work->check, "byte of the flash", got, wanted, sizeof(wanted));
}

/* Whatever a target is to do without its loader, its ROM says something, and that at the first rate. */
static void hears_text(work_t *work)
{
    enum { QUIET_MS = 1000, CHARS_MIN = 16, BYTES_MAX = 4096 };
    esp_loader_port_t *port = work->check.port;
    uint32_t chars = 0;
    uint8_t byte = 0;
    if (work->baud > 0) {
        expect(&work->check, "result of the change back to 115200 baud",
               port->ops->change_transmission_rate(port, FIRST_BAUD), ESP_LOADER_SUCCESS);
    }
    esp_loader_reset_target(&work->loader);
    for (uint32_t at = 0; at < BYTES_MAX && chars < CHARS_MIN; at++) {
        if (read(&work->check, &byte, 1, QUIET_MS) != ESP_LOADER_SUCCESS) {
            break;
        }
        chars = byte >= ' ' && byte <= '~' ? chars + 1 : 0;
    }
    expect_at_least(&work->check, "printable characters in a row behind reset_target", chars, CHARS_MIN);
}

unsigned port_check_target(esp_loader_port_t *port, const port_check_bench_t *bench, uint32_t baud, uint32_t flash_addr,
                           port_check_report_t report, void *report_context)
{
    static const struct {
        const char *text;
        void (*check)(work_t *work);
    } steps[] = {
        {"The target's loader answers", connects},
        {"It answers at a higher rate", talks_faster},
        {"What is written to it arrives", writes_flash},
        {"What is read from it arrives", reads_flash},
        {"Its text can be read behind reset_target", hears_text},
    };
    work_t work = {.check = {.port = port, .bench = bench}, .baud = baud, .flash_addr = flash_addr};
    unsigned broken = 0;
    for (size_t at = 0; at < sizeof(steps) / sizeof(steps[0]); at++) {
        work.check.result = (port_check_result_t){.promise = steps[at].text, .outcome = PORT_CHECK_KEPT};
        if (broken == 0) {
            steps[at].check(&work);
        } else {
            not_checked(&work.check);
        }
        broken += is_broken(&work.check) ? 1 : 0;
        report(report_context, &work.check.result);
    }
    if (work.check.is_open) {
        esp_loader_deinit(&work.loader);
    }
    return broken;
}
