/* SPDX-License-Identifier: Apache-2.0 */
/* Boot and reset on lines of a GPIO chip: what the serial port of a Linux host makes of them, by a libgpiod that only
 * takes notes. The device is a pseudo-terminal. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gpiod.h"
#include "linux_port.h"

enum { RESET_PIN = 5, BOOT_PIN = 6 };

typedef struct {
    int master;
    char device[64];
    linux_port_t port;
} board_t;

static void wire(board_t *board)
{
    fake_gpiod = (fake_gpiod_t){.busy_line = -1};
    *board = (board_t){.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    assert_true(board->master >= 0);
    assert_int_equal(grantpt(board->master), 0);
    assert_int_equal(unlockpt(board->master), 0);
    assert_int_equal(ptsname_r(board->master, board->device, sizeof(board->device)), 0);
    board->port = (linux_port_t){.port = {&linux_uart_ops},
                                 .device = board->device,
                                 .baudrate = 115200,
                                 .gpio_mode = LINUX_GPIO_GPIOD,
                                 .gpio_chip_path = "/dev/gpiochip0",
                                 .reset_pin = RESET_PIN,
                                 .boot_pin = BOOT_PIN};
}

static void unwire(board_t *board)
{
    linux_uart_ops.deinit(&board->port.port);
    assert_int_equal(fake_gpiod.open_chips, 0);
    assert_int_equal(close(board->master), 0);
}

static void both_lines_are_taken_released(void **state)
{
    (void)state;
    board_t board;
    wire(&board);
    assert_int_equal(linux_uart_ops.init(&board.port.port), ESP_LOADER_SUCCESS);
    assert_string_equal(fake_gpiod.played, "6=H 5=H ");
    assert_int_equal(fake_gpiod.open_chips, 1);
    unwire(&board);
}

/* The other one is a button, or a strap that is always there. */
static void one_line_alone_is_moved_in_the_same_way(void **state)
{
    (void)state;
    for (unsigned alone = 0; alone < 2; alone++) {
        board_t board;
        wire(&board);
        *(alone == 0 ? &board.port.boot_pin : &board.port.reset_pin) = REFLASH_GPIOD_NO_LINE;
        assert_int_equal(linux_uart_ops.init(&board.port.port), ESP_LOADER_SUCCESS);
        linux_uart_ops.enter_bootloader(&board.port.port);
        assert_string_equal(fake_gpiod.played, alone == 0 ? "5=H 5=L 5=H 5=H " : "6=H 6=H 6=L 6=H ");
        unwire(&board);
    }
}

static void boot_is_low_as_reset_rises_and_is_let_go_afterwards(void **state)
{
    (void)state;
    board_t board;
    wire(&board);
    assert_int_equal(linux_uart_ops.init(&board.port.port), ESP_LOADER_SUCCESS);
    fake_gpiod.played[0] = '\0';
    linux_uart_ops.enter_bootloader(&board.port.port);
    assert_string_equal(fake_gpiod.played, "6=H 5=L 6=L 5=H 6=H 5=H ");
    unwire(&board);
}

static void what_came_before_the_reset_is_forgotten_and_its_banner_is_not(void **state)
{
    (void)state;
    board_t board;
    uint8_t byte;
    wire(&board);
    assert_int_equal(linux_uart_ops.init(&board.port.port), ESP_LOADER_SUCCESS);
    assert_int_equal(write(board.master, "x", 1), 1);
    linux_uart_ops.enter_bootloader(&board.port.port);
    assert_int_equal(linux_uart_ops.read(&board.port.port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
    unwire(&board);
}

static void a_reset_into_the_application_leaves_boot_alone(void **state)
{
    (void)state;
    board_t board;
    wire(&board);
    assert_int_equal(linux_uart_ops.init(&board.port.port), ESP_LOADER_SUCCESS);
    fake_gpiod.played[0] = '\0';
    linux_uart_ops.reset_target(&board.port.port);
    assert_string_equal(fake_gpiod.played, "6=H 5=L 6=H 5=H ");
    unwire(&board);
}

static void a_line_that_the_board_turns_over_is_turned_over(void **state)
{
    (void)state;
    board_t board;
    wire(&board);
    board.port.lines.invert_reset = true;
    assert_int_equal(linux_uart_ops.init(&board.port.port), ESP_LOADER_SUCCESS);
    assert_string_equal(fake_gpiod.played, "6=H 5=H 6=H 5=L "); /* or the target would stay in reset */
    fake_gpiod.played[0] = '\0';
    linux_uart_ops.reset_target(&board.port.port);
    assert_string_equal(fake_gpiod.played, "6=H 5=H 6=H 5=L ");
    unwire(&board);
}

static void a_chip_or_line_that_cannot_be_had_is_told_by_errno(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        uint32_t reset_pin, boot_pin;
        int busy_line, reason;
    } rows[] = {
        {"/dev/gpiochip7", RESET_PIN, BOOT_PIN, -1, ENOENT},
        {"/dev/gpiochip0", FAKE_LINES, BOOT_PIN, -1, EINVAL},
        {"/dev/gpiochip0", RESET_PIN, FAKE_LINES, -1, EINVAL},
        {"/dev/gpiochip0", RESET_PIN, BOOT_PIN, RESET_PIN, EBUSY},
        {"/dev/gpiochip0", RESET_PIN, BOOT_PIN, BOOT_PIN, EBUSY},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        board_t board;
        wire(&board);
        fake_gpiod.busy_line = rows[row].busy_line;
        board.port.gpio_chip_path = rows[row].path;
        board.port.reset_pin = rows[row].reset_pin;
        board.port.boot_pin = rows[row].boot_pin;
        errno = 0;
        assert_int_equal(linux_uart_ops.init(&board.port.port), ESP_LOADER_ERROR_FAIL);
        assert_int_equal(errno, rows[row].reason);
        unwire(&board);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_lines_are_taken_released),
        cmocka_unit_test(one_line_alone_is_moved_in_the_same_way),
        cmocka_unit_test(boot_is_low_as_reset_rises_and_is_let_go_afterwards),
        cmocka_unit_test(what_came_before_the_reset_is_forgotten_and_its_banner_is_not),
        cmocka_unit_test(a_reset_into_the_application_leaves_boot_alone),
        cmocka_unit_test(a_line_that_the_board_turns_over_is_turned_over),
        cmocka_unit_test(a_chip_or_line_that_cannot_be_had_is_told_by_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
