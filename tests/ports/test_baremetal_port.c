/* SPDX-License-Identifier: Apache-2.0 */
/* The bare-metal port on a board whose time passes while somebody waits: a millisecond at each look that was in vain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "baremetal_port.h"

volatile uint32_t fake_systick[3];
void SysTick_Handler(void);

void fake_wait(void)
{
    SysTick_Handler();
}

/* --- The board --------------------------------------------------------------------------------------------- */

/* A move of a line: what is low behind it, and when. */
typedef struct {
    bool boot, reset;
    uint32_t at_ms;
} move_t;

static struct {
    uint8_t incoming[16], sent[16];
    size_t incoming_bytes, taken_bytes, sent_bytes, room_bytes;
    uint32_t rate;
    move_t moves[8];
    size_t move_count;
    size_t taken_at_release; /* bytes that had been taken when reset was let go */
} fake;

static bool put(uint8_t byte)
{
    if (fake.sent_bytes == fake.room_bytes) {
        SysTick_Handler();
        return false;
    }
    fake.sent[fake.sent_bytes++] = byte;
    return true;
}

static bool get(uint8_t *byte)
{
    if (fake.taken_bytes == fake.incoming_bytes) {
        SysTick_Handler();
        return false;
    }
    *byte = fake.incoming[fake.taken_bytes++];
    return true;
}

static esp_loader_error_t set_rate(uint32_t rate)
{
    fake.rate = rate;
    return rate == 1 ? ESP_LOADER_ERROR_INVALID_PARAM : ESP_LOADER_SUCCESS;
}

static void move(bool boot, bool reset)
{
    const move_t last = fake.move_count > 0 ? fake.moves[fake.move_count - 1] : (move_t){.boot = false};
    if (boot == last.boot && reset == last.reset) {
        return;
    }
    assert_true(fake.move_count < sizeof(fake.moves) / sizeof(fake.moves[0]));
    fake.moves[fake.move_count++] = (move_t){boot, reset, baremetal_now_ms()};
}

static void set_boot(bool low)
{
    move(low, fake.move_count > 0 && fake.moves[fake.move_count - 1].reset);
}

static void set_reset(bool low)
{
    move(fake.move_count > 0 && fake.moves[fake.move_count - 1].boot, low);
    if (!low) {
        fake.taken_at_release = fake.taken_bytes;
        fake.incoming[fake.incoming_bytes++] = 'b'; /* the banner */
    }
}

static const baremetal_board_t board = {
    .cpu_hz = 48000000, .put = put, .get = get, .set_rate = set_rate, .set_boot = set_boot, .set_reset = set_reset};

static baremetal_port_t under_test;
static esp_loader_port_t *const port = &under_test.port;

static int open_port(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof(fake));
    fake.room_bytes = sizeof(fake.sent);
    under_test = (baremetal_port_t){
        .port.ops = &baremetal_ops, .board = &board, .baudrate = 115200, .lines = REFLASH_LINES_OF_BUILD()};
    return port->ops->init(port) == ESP_LOADER_SUCCESS ? 0 : -1;
}

static void receive(const char *text)
{
    memcpy(fake.incoming, text, strlen(text));
    fake.incoming_bytes = strlen(text);
}

/* --- Opening ----------------------------------------------------------------------------------------------- */

static void opening_it_starts_a_tick_of_one_millisecond_and_sets_the_first_rate(void **state)
{
    (void)state;
    assert_int_equal(fake_systick[0], 7); /* on, with interrupt, from the processor's clock */
    assert_int_equal(fake_systick[1], 47999);
    assert_int_equal(fake.rate, 115200);
}

static void a_rate_that_the_uart_does_not_know_is_refused(void **state)
{
    (void)state;
    assert_int_equal(port->ops->change_transmission_rate(port, 230400), ESP_LOADER_SUCCESS);
    assert_int_equal(fake.rate, 230400);
    assert_int_equal(port->ops->change_transmission_rate(port, 1), ESP_LOADER_ERROR_INVALID_PARAM);
}

/* --- Time -------------------------------------------------------------------------------------------------- */

/* The first test whose time passes. */
static void a_clock_that_wraps_disturbs_neither_the_timer_nor_a_wait(void **state)
{
    (void)state;
    uint8_t byte;
    assert_int_equal(baremetal_now_ms(), UINT32_MAX - 2);
    port->ops->start_timer(port, 12);
    assert_int_equal(port->ops->read(port, &byte, 1, 2), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(baremetal_now_ms(), UINT32_MAX);
    assert_int_equal(port->ops->remaining_time(port), 10);
    assert_int_equal(port->ops->read(port, &byte, 1, 3), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(baremetal_now_ms(), 2);
    assert_int_equal(port->ops->remaining_time(port), 7);
    port->ops->delay_ms(port, 6);
    assert_int_equal(port->ops->remaining_time(port), 0);
}

static void a_delay_is_never_shorter_than_asked_for(void **state)
{
    (void)state;
    const uint32_t before_ms = baremetal_now_ms();
    port->ops->delay_ms(port, 5);
    assert_int_equal(baremetal_now_ms() - before_ms, 6); /* the running millisecond may be nearly over */
}

static void a_timer_counts_down_to_zero_and_stays_there(void **state)
{
    (void)state;
    port->ops->start_timer(port, 3);
    assert_int_equal(port->ops->remaining_time(port), 3);
    SysTick_Handler();
    assert_int_equal(port->ops->remaining_time(port), 2);
    for (int tick = 0; tick < 10; tick++) {
        SysTick_Handler();
    }
    assert_int_equal(port->ops->remaining_time(port), 0);
    port->ops->start_timer(port, 2);
    assert_int_equal(port->ops->remaining_time(port), 2);
}

/* --- Bytes ------------------------------------------------------------------------------------------------- */

static void a_read_takes_what_it_was_asked_for_and_leaves_the_rest(void **state)
{
    (void)state;
    uint8_t bytes[4] = "";
    receive("abcd");
    assert_int_equal(port->ops->read(port, bytes, 3, 10), ESP_LOADER_SUCCESS);
    assert_memory_equal(bytes, "abc\0", 4);
    assert_int_equal(port->ops->read(port, bytes, 1, 0), ESP_LOADER_SUCCESS); /* there already: no time is needed */
    assert_int_equal(bytes[0], 'd');
}

static void a_read_gives_up_when_its_time_is_over(void **state)
{
    (void)state;
    uint8_t bytes[4];
    receive("ab");
    uint32_t before_ms = baremetal_now_ms();
    assert_int_equal(port->ops->read(port, bytes, 3, 10), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(baremetal_now_ms() - before_ms, 10);
    before_ms = baremetal_now_ms();
    assert_int_equal(port->ops->read(port, bytes, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(baremetal_now_ms() - before_ms, 1); /* one look */
}

static void a_write_hands_over_everything_or_gives_up_when_its_time_is_over(void **state)
{
    (void)state;
    assert_int_equal(port->ops->write(port, (const uint8_t *)"abc", 3, 10), ESP_LOADER_SUCCESS);
    assert_int_equal(fake.sent_bytes, 3);
    assert_memory_equal(fake.sent, "abc", 3);
    fake.room_bytes = 4;
    const uint32_t before_ms = baremetal_now_ms();
    assert_int_equal(port->ops->write(port, (const uint8_t *)"de", 2, 10), ESP_LOADER_ERROR_TIMEOUT);
    assert_int_equal(baremetal_now_ms() - before_ms, 10);
}

/* --- Lines ------------------------------------------------------------------------------------------------- */

static void entering_the_loader_holds_boot_while_reset_rises(void **state)
{
    (void)state;
    static const struct {
        bool boot, reset;
        uint32_t for_ms; /* at least, until the next */
    } wanted[] = {{true, false, 0}, {true, true, 100}, {true, false, 50}, {false, false, 0}};
    port->ops->enter_bootloader(port);
    assert_int_equal(fake.move_count, 4);
    for (size_t at = 0; at < 4; at++) {
        assert_int_equal(fake.moves[at].boot, wanted[at].boot);
        assert_int_equal(fake.moves[at].reset, wanted[at].reset);
        assert_true(at == 3 || fake.moves[at + 1].at_ms - fake.moves[at].at_ms >= wanted[at].for_ms);
    }
}

static void what_came_before_the_reset_is_forgotten_and_the_banner_is_kept(void **state)
{
    (void)state;
    uint8_t byte = 0;
    receive("old");
    port->ops->enter_bootloader(port);
    assert_int_equal(fake.taken_at_release, 3);
    assert_int_equal(port->ops->read(port, &byte, 1, 0), ESP_LOADER_SUCCESS);
    assert_int_equal(byte, 'b');
}

static void resetting_the_target_leaves_boot_alone(void **state)
{
    (void)state;
    port->ops->reset_target(port);
    assert_int_equal(fake.move_count, 2);
    assert_true(fake.moves[0].reset && !fake.moves[0].boot);
    assert_true(!fake.moves[1].reset && !fake.moves[1].boot);
    assert_true(fake.moves[1].at_ms - fake.moves[0].at_ms >= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(opening_it_starts_a_tick_of_one_millisecond_and_sets_the_first_rate, open_port),
        cmocka_unit_test_setup(a_rate_that_the_uart_does_not_know_is_refused, open_port),
        cmocka_unit_test_setup(a_clock_that_wraps_disturbs_neither_the_timer_nor_a_wait, open_port),
        cmocka_unit_test_setup(a_delay_is_never_shorter_than_asked_for, open_port),
        cmocka_unit_test_setup(a_timer_counts_down_to_zero_and_stays_there, open_port),
        cmocka_unit_test_setup(a_read_takes_what_it_was_asked_for_and_leaves_the_rest, open_port),
        cmocka_unit_test_setup(a_read_gives_up_when_its_time_is_over, open_port),
        cmocka_unit_test_setup(a_write_hands_over_everything_or_gives_up_when_its_time_is_over, open_port),
        cmocka_unit_test_setup(entering_the_loader_holds_boot_while_reset_rises, open_port),
        cmocka_unit_test_setup(what_came_before_the_reset_is_forgotten_and_the_banner_is_kept, open_port),
        cmocka_unit_test_setup(resetting_the_target_leaves_boot_alone, open_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
