/* SPDX-License-Identifier: Apache-2.0 */
/* The check of ports for SPI and SDIO is checked: a port that is right keeps every promise, and one with a mistake is found
 * out at the promise that it breaks. Their countdowns are checked as those of serial ports; test_check_promises.c breaks
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "deadline.h"
#include "port_check.h"

/* --- A slave and a card, and time -------------------------------------------------------------------------- */

enum { US_PER_MS = 1000 };

static struct {
    uint64_t clock_us;
    port_check_spi_seen_t seen;
    const uint8_t *answer;
    size_t answer_bytes;
    uint8_t memory[2][PORT_CHECK_SDIO_BYTES + 8];
    port_check_card_t card;
    port_check_move_t moves[16];
    size_t move_count;
} far;

static uint64_t now_us(void *context)
{
    (void)context;
    return far.clock_us;
}

static uint32_t now_ms(void)
{
    return (uint32_t)(far.clock_us / US_PER_MS);
}

static uint32_t ms_to_wrap(void *context)
{
    (void)context;
    return UINT32_MAX - now_ms();
}

static void slave_select(bool is_selected)
{
    far.seen.selections += is_selected && !far.seen.is_selected ? 1 : 0;
    far.seen.is_selected = is_selected;
}

static void slave_take(uint8_t byte)
{
    if (far.seen.is_selected) {
        assert_true(far.seen.written_bytes < PORT_CHECK_SPI_BYTES);
        far.seen.written[far.seen.written_bytes++] = byte;
    } else {
        far.seen.stray_bytes++;
    }
}

static uint8_t slave_give(void)
{
    far.seen.stray_bytes += far.seen.is_selected ? 0 : 1;
    if (far.answer_bytes == 0) {
        return 0xFF;
    }
    far.answer_bytes--;
    return *far.answer++;
}

static void spi_seen(void *context, port_check_spi_seen_t *seen)
{
    (void)context;
    const bool is_selected = far.seen.is_selected;
    *seen = far.seen;
    far.seen = (port_check_spi_seen_t){.is_selected = is_selected};
}

static void spi_answer(void *context, const uint8_t *data, size_t bytes)
{
    (void)context;
    far.answer = data;
    far.answer_bytes = bytes;
}

static uint8_t *sdio_memory(void *context, uint32_t function)
{
    (void)context;
    return far.memory[function];
}

static void sdio_card(void *context, port_check_card_t card)
{
    (void)context;
    far.card = card;
}

static size_t take_moves(void *context, port_check_move_t *moves, size_t capacity)
{
    (void)context;
    assert_true(far.move_count <= capacity);
    memcpy(moves, far.moves, far.move_count * sizeof(*moves));
    const size_t count = far.move_count;
    far.move_count = 0;
    return count;
}

/* --- A port, right but for one mistake --------------------------------------------------------------------- */

typedef enum {
    NO_MISTAKE,
    NO_SELECT,
    NO_OPENING,
    OPENS_ONCE,
    SELECTS_WITH_1,
    STAYS_SELECTED,
    LETS_GO_BETWEEN,
    CLOCKS_BEFORE_SELECTING,
    SENDS_LSB_FIRST,
    DROPS_LAST_BYTE,
    SENDS_WORDS,
    READS_WORDS,
    READS_FIRST_BYTE_TWICE,
    READS_ALIGNED,
    READS_AT_MOST_64,
    NO_CARD_INIT,
    FINDS_CARD_ONCE,
    ALWAYS_FINDS_CARD,
    NEVER_FINDS_CARD_AGAIN,
    ONE_FUNCTION,
    ONE_ADDRESS,
    WRITES_WORDS,
    WRITES_NO_SINGLE_BYTES,
    CARD_READS_WORDS,
    CARD_READS_AT_MOST_256,
    SILENT_CARD_IS_SUCCESS,
    SILENT_CARD_IS_FAIL,
    SILENT_CARD_TAKES_LONG,
    BOOT_IS_HIGH,
    RESET_HOLDS_BOOT,
} mistake_t;

static struct {
    mistake_t mistake;
    esp_loader_port_t port;
    reflash_deadline_t timer;
    unsigned inits, deinits, card_inits;
    bool missed_card;
} my;

static bool has(mistake_t mistake)
{
    return my.mistake == mistake;
}

static void start_timer(esp_loader_port_t *port, uint32_t ms)
{
    (void)port;
    my.timer = reflash_deadline(now_ms(), ms);
}

static uint32_t remaining_time(esp_loader_port_t *port)
{
    (void)port;
    return reflash_deadline_left_ms(&my.timer, now_ms());
}

static void delay_ms(esp_loader_port_t *port, uint32_t ms)
{
    (void)port;
    far.clock_us += (uint64_t)ms * US_PER_MS;
}

static void move_lines(bool boot_low, bool reset_low, uint32_t hold_ms)
{
    far.moves[far.move_count++ % 16] = (port_check_move_t){boot_low, reset_low, far.clock_us};
    delay_ms(NULL, hold_ms);
}

static void enter_bootloader(esp_loader_port_t *port)
{
    (void)port;
    far.move_count = 0;
    move_lines(!has(BOOT_IS_HIGH), true, 100);
    move_lines(!has(BOOT_IS_HIGH), false, 50);
    move_lines(false, false, 0);
}

static void reset_target(esp_loader_port_t *port)
{
    (void)port;
    move_lines(has(RESET_HOLDS_BOOT), true, 100);
    move_lines(has(RESET_HOLDS_BOOT), false, 50);
    move_lines(false, false, 0);
}

static esp_loader_error_t init(esp_loader_port_t *port)
{
    (void)port;
    my.inits++;
    return has(NO_OPENING) || (has(OPENS_ONCE) && my.inits > 1) ? ESP_LOADER_ERROR_FAIL : ESP_LOADER_SUCCESS;
}

static void deinit(esp_loader_port_t *port)
{
    (void)port;
    my.deinits++;
}

/* --- SPI --- */

static void spi_set_cs(esp_loader_port_t *port, uint32_t level)
{
    (void)port;
    if (has(CLOCKS_BEFORE_SELECTING) && level == 0) {
        slave_take(0);
    }
    if (!has(STAYS_SELECTED) || level == 0) {
        slave_select((level == 0) != has(SELECTS_WITH_1));
    }
}

static uint8_t turned_over(uint8_t byte)
{
    uint8_t turned = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        turned = (uint8_t)(turned << 1 | (byte >> bit & 1));
    }
    return turned;
}

static esp_loader_error_t write_bytes(esp_loader_port_t *port, const uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)port;
    (void)timeout;
    const uint16_t end = has(DROPS_LAST_BYTE) && size > 1 ? (uint16_t)(size - 1) : size;
    for (uint16_t at = 0; at < end; at++) {
        slave_take(has(SENDS_LSB_FIRST) ? turned_over(data[at]) : data[at]);
    }
    for (uint16_t at = size; has(SENDS_WORDS) && at % 4 != 0 && size > 3; at++) {
        slave_take(0);
    }
    if (has(LETS_GO_BETWEEN)) {
        slave_select(false);
        slave_select(true);
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t read_bytes(esp_loader_port_t *port, uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)port;
    (void)timeout;
    uint32_t end = has(READS_WORDS) ? (size + 3u) / 4 * 4 : size;
    if (has(READS_AT_MOST_64) && end > 64) {
        end = 64;
    }
    uint8_t *to = has(READS_ALIGNED) ? data - (uintptr_t)data % 4 : data;
    for (uint32_t at = 0; at < end; at++) {
        to[at] = slave_give();
        if (has(READS_FIRST_BYTE_TWICE) && at == 0 && size > 1) {
            to[++at] = to[0];
        }
    }
    return ESP_LOADER_SUCCESS;
}

static const esp_loader_port_ops_t spi_ops = {.init = init,
                                              .deinit = deinit,
                                              .enter_bootloader = enter_bootloader,
                                              .reset_target = reset_target,
                                              .start_timer = start_timer,
                                              .remaining_time = remaining_time,
                                              .delay_ms = delay_ms,
                                              .write = write_bytes,
                                              .read = read_bytes,
                                              .spi_set_cs = spi_set_cs};

/* --- SDIO --- */

static esp_loader_error_t sdio_card_init(esp_loader_port_t *port)
{
    (void)port;
    my.card_inits++;
    const bool is_there = far.card != PORT_CHECK_CARD_MISSING;
    my.missed_card = my.missed_card || !is_there;
    if ((has(FINDS_CARD_ONCE) && my.card_inits > 1) || (has(NEVER_FINDS_CARD_AGAIN) && my.missed_card)) {
        return ESP_LOADER_ERROR_FAIL;
    }
    return is_there || has(ALWAYS_FINDS_CARD) ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_TIMEOUT;
}

static esp_loader_error_t wait_for_card(uint32_t timeout_ms)
{
    if (has(SILENT_CARD_IS_FAIL)) {
        return ESP_LOADER_ERROR_FAIL;
    }
    delay_ms(NULL, has(SILENT_CARD_TAKES_LONG) ? timeout_ms + 1000 : timeout_ms);
    return has(SILENT_CARD_IS_SUCCESS) ? ESP_LOADER_SUCCESS : ESP_LOADER_ERROR_TIMEOUT;
}

static esp_loader_error_t sdio_write(esp_loader_port_t *port, uint32_t function, uint32_t addr, const uint8_t *data,
                                     uint16_t size, uint32_t timeout)
{
    (void)port;
    if (far.card == PORT_CHECK_CARD_SILENT) {
        return wait_for_card(timeout);
    }
    uint8_t *to = far.memory[has(ONE_FUNCTION) ? 1 : function] + addr;
    for (uint16_t at = 0; at < size && !(has(WRITES_NO_SINGLE_BYTES) && size == 1); at++) {
        to[has(ONE_ADDRESS) ? 0 : at] = data[at];
    }
    for (uint16_t at = size; has(WRITES_WORDS) && at % 4 != 0; at++) {
        to[at] = 0;
    }
    return ESP_LOADER_SUCCESS;
}

static esp_loader_error_t sdio_read(esp_loader_port_t *port, uint32_t function, uint32_t addr, uint8_t *data,
                                    uint16_t size, uint32_t timeout)
{
    (void)port;
    if (far.card == PORT_CHECK_CARD_SILENT) {
        return wait_for_card(timeout);
    }
    uint32_t end = has(CARD_READS_WORDS) ? (size + 3u) / 4 * 4 : size;
    if (has(CARD_READS_AT_MOST_256) && end > 256) {
        end = 256;
    }
    memcpy(data, far.memory[function] + addr, end);
    return ESP_LOADER_SUCCESS;
}

static const esp_loader_port_ops_t sdio_ops = {.init = init,
                                               .deinit = deinit,
                                               .enter_bootloader = enter_bootloader,
                                               .reset_target = reset_target,
                                               .start_timer = start_timer,
                                               .remaining_time = remaining_time,
                                               .delay_ms = delay_ms,
                                               .sdio_write = sdio_write,
                                               .sdio_read = sdio_read,
                                               .sdio_card_init = sdio_card_init};

/* --- The check --------------------------------------------------------------------------------------------- */

typedef struct {
    const esp_loader_port_ops_t *ops;
    unsigned (*check)(esp_loader_port_t *port, const port_check_bench_t *bench, port_check_report_t report,
                      void *report_context);
} link_t;
static const link_t spi = {&spi_ops, port_check_spi_promises};
static const link_t sdio = {&sdio_ops, port_check_sdio_promises};

enum { PROMISES_MAX = 24 };

static struct {
    port_check_result_t results[PROMISES_MAX];
    size_t count;
} seen;

static void keep(void *context, const port_check_result_t *result)
{
    (void)context;
    assert_true(seen.count < PROMISES_MAX);
    seen.results[seen.count++] = *result;
}

static unsigned check_port(const link_t *link, mistake_t mistake)
{
    enum { BEFORE_WRAP_MS = 2000 };
    const port_check_bench_t bench = {.now_us = now_us,
                                      .slack_ms = 2,
                                      .take_moves = take_moves,
                                      .ms_to_wrap = ms_to_wrap,
                                      .spi_seen = spi_seen,
                                      .spi_answer = spi_answer,
                                      .sdio_memory = sdio_memory,
                                      .sdio_card = sdio_card};
    esp_loader_port_ops_t ops = *link->ops;
    memset(&far, 0, sizeof(far));
    memset(&my, 0, sizeof(my));
    seen.count = 0;
    far.clock_us = ((UINT64_C(1) << 32) - BEFORE_WRAP_MS) * US_PER_MS;
    my.mistake = mistake;
    ops.spi_set_cs = has(NO_SELECT) ? NULL : ops.spi_set_cs;
    ops.sdio_card_init = has(NO_CARD_INIT) ? NULL : ops.sdio_card_init;
    my.port.ops = &ops;
    const unsigned broken = link->check(&my.port, &bench, keep, NULL);
    my.port.ops = NULL;
    return broken;
}

static void a_port_that_is_right_keeps_every_promise(void **state)
{
    (void)state;
    const link_t *const links[] = {&spi, &sdio};
    for (size_t at = 0; at < 2; at++) {
        assert_int_equal(check_port(links[at], NO_MISTAKE), 0);
        size_t kept = 0;
        for (size_t row = 0; row < seen.count; row++) {
            kept += seen.results[row].outcome == PORT_CHECK_KEPT ? 1 : 0;
        }
        assert_int_equal(kept, seen.count - 2); /* it has no log */
        assert_int_equal(my.inits, my.deinits);
    }
}

static const struct {
    const link_t *link;
    mistake_t mistake;
    const char *breaks;
} mistakes[] = {
    {&spi, NO_SELECT, "It has the members that an SPI link needs"},
    {&spi, NO_OPENING, "It opens"},
    {&spi, SELECTS_WITH_1, "spi_set_cs selects with 0 and releases with 1"},
    {&spi, STAYS_SELECTED, "spi_set_cs selects with 0 and releases with 1"},
    {&spi, CLOCKS_BEFORE_SELECTING, "spi_set_cs selects with 0 and releases with 1"},
    {&spi, LETS_GO_BETWEEN, "What is written between both is one transaction"},
    {&spi, SENDS_LSB_FIRST, "What is written between both is one transaction"},
    {&spi, DROPS_LAST_BYTE, "What is written between both is one transaction"},
    {&spi, SENDS_WORDS, "What is written between both is one transaction"},
    {&spi, READS_WORDS, "What is read behind it belongs to that, and is no byte more"},
    {&spi, READS_FIRST_BYTE_TWICE, "What is read behind it belongs to that, and is no byte more"},
    {&spi, READS_ALIGNED, "What is read behind it belongs to that, and is no byte more"},
    {&spi, READS_AT_MOST_64, "What is read behind it belongs to that, and is no byte more"},
    {&spi, OPENS_ONCE, "It can be closed and opened again"},
    {&sdio, NO_CARD_INIT, "It has the members that an SDIO link needs"},
    {&sdio, NO_OPENING, "It opens"},
    {&sdio, BOOT_IS_HIGH, "enter_bootloader holds boot while reset rises"},
    {&sdio, RESET_HOLDS_BOOT, "reset_target does not hold boot while reset rises"},
    {&sdio, FINDS_CARD_ONCE, "sdio_card_init finds the card as often as asked"},
    {&sdio, ONE_FUNCTION, "sdio_write moves all bytes to the function and addresses it is told"},
    {&sdio, ONE_ADDRESS, "sdio_write moves all bytes to the function and addresses it is told"},
    {&sdio, WRITES_WORDS, "sdio_write moves all bytes to the function and addresses it is told"},
    {&sdio, WRITES_NO_SINGLE_BYTES, "sdio_write moves all bytes to the function and addresses it is told"},
    {&sdio, CARD_READS_WORDS, "sdio_read moves all bytes from there, and none beside"},
    {&sdio, CARD_READS_AT_MOST_256, "sdio_read moves all bytes from there, and none beside"},
    {&sdio, SILENT_CARD_IS_SUCCESS, "A card that does not react is TIMEOUT, in time"},
    {&sdio, SILENT_CARD_IS_FAIL, "A card that does not react is TIMEOUT, in time"},
    {&sdio, SILENT_CARD_TAKES_LONG, "A card that does not react is TIMEOUT, in time"},
    {&sdio, ALWAYS_FINDS_CARD, "A card that is not there is not found, until it is back"},
    {&sdio, NEVER_FINDS_CARD_AGAIN, "A card that is not there is not found, until it is back"},
    {&sdio, OPENS_ONCE, "It can be closed and opened again"},
};

static void a_mistake_is_found_at_the_promise_that_it_breaks(void **state)
{
    (void)state;
    unsigned missed = 0;
    for (size_t row = 0; row < sizeof(mistakes) / sizeof(mistakes[0]); row++) {
        bool is_found = false;
        (void)check_port(mistakes[row].link, mistakes[row].mistake);
        for (size_t at = 0; at < seen.count; at++) {
            is_found = is_found || (seen.results[at].outcome == PORT_CHECK_BROKEN &&
                                    strcmp(seen.results[at].promise, mistakes[row].breaks) == 0);
        }
        if (!is_found) {
            print_error("mistake %d does not break: %s\n", mistakes[row].mistake, mistakes[row].breaks);
            missed++;
        }
    }
    assert_int_equal(missed, 0);
}

static void what_a_bench_does_not_have_is_not_checked(void **state)
{
    (void)state;
    const port_check_bench_t poorest = {.now_us = now_us, .slack_ms = 2};
    const link_t *const links[] = {&spi, &sdio};
    for (size_t link = 0; link < 2; link++) {
        memset(&my, 0, sizeof(my));
        seen.count = 0;
        my.port.ops = links[link]->ops;
        assert_int_equal(links[link]->check(&my.port, &poorest, keep, NULL), 0);
        size_t kept = 0;
        for (size_t at = 0; at < seen.count; at++) {
            kept += seen.results[at].outcome == PORT_CHECK_KEPT ? 1 : 0;
        }
        assert_int_equal(kept, 9); /* members, opening twice, closing, five of time */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_that_is_right_keeps_every_promise),
        cmocka_unit_test(a_mistake_is_found_at_the_promise_that_it_breaks),
        cmocka_unit_test(what_a_bench_does_not_have_is_not_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
