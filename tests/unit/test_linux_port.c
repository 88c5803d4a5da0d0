/* SPDX-License-Identifier: Apache-2.0 */
/* The serial port of a Linux host, on a pseudo-terminal whose other end is a virtual chip in a child process. */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "espsim.h"
#include "linux_port.h"
#include "reflash.h"

enum { FLASH_BYTES = 1 << 18 };

typedef struct {
    int master;
    char device[64];
    pid_t chip; /* 0: none */
    linux_port_t port;
    esp_loader_t loader;
} board_t;

static void open_terminal(board_t *board)
{
    *board = (board_t){.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    assert_true(board->master >= 0);
    assert_int_equal(grantpt(board->master), 0);
    assert_int_equal(unlockpt(board->master), 0);
    assert_int_equal(ptsname_r(board->master, board->device, sizeof(board->device)), 0);
    board->port = (linux_port_t){
        .port = {&linux_uart_ops}, .device = board->device, .baudrate = 115200, .gpio_mode = LINUX_GPIO_DTR_RTS};
}

/* A chip that waits in its loader: a pseudo-terminal has no modem lines to put it there. */
static void be_a_chip(int master)
{
    static uint8_t flash[FLASH_BYTES];
    memset(flash, 0xFF, sizeof(flash));
    espsim_t *sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name("esp32"),
                                                     .flash = flash,
                                                     .flash_bytes = sizeof(flash),
                                                     .timing = espsim_timing_typical()});
    espsim_set_lines(sim, false, true);
    for (;;) { /* until the parent ends this process */
        uint8_t bytes[512];
        const ssize_t got = read(master, bytes, sizeof(bytes));
        for (ssize_t at = 0; at < got; at++) {
            espsim_advance(sim, espsim_now(sim) + 100000);
            espsim_receive(sim, bytes[at], 0);
        }
        for (uint64_t next_ns; (next_ns = espsim_next_event(sim)) != UINT64_MAX;) {
            espsim_advance(sim, next_ns);
            while (espsim_transmit(sim, bytes, 0)) {
                if (write(master, bytes, 1) != 1) {
                    _exit(1);
                }
            }
        }
    }
}

static void attach_chip(board_t *board)
{
    board->chip = fork();
    assert_true(board->chip >= 0);
    if (board->chip == 0) {
        be_a_chip(board->master);
    }
}

static void close_board(board_t *board)
{
    esp_loader_deinit(&board->loader);
    if (board->chip > 0) {
        (void)kill(board->chip, SIGKILL);
        (void)waitpid(board->chip, NULL, 0);
    }
    if (board->master >= 0) {
        (void)close(board->master);
    }
}

static void a_board_without_modem_lines_is_flashed_over_a_terminal(void **state)
{
    (void)state;
    static uint8_t data[9000];
    board_t board;
    open_terminal(&board);
    /* Opened first: a terminal whose other end nobody holds would hang up. */
    assert_int_equal(esp_loader_init_serial(&board.loader, &board.port.port), ESP_LOADER_SUCCESS);
    attach_chip(&board);
    for (size_t at = 0; at < sizeof(data); at++) {
        data[at] = (uint8_t)(at * 7 + at / 256); /* XON, XOFF, CR, LF and all other bytes */
    }
    esp_loader_connect_args_t args = {.sync_timeout = 500, .trials = 3};
    assert_int_equal(esp_loader_connect(&board.loader, &args), ESP_LOADER_SUCCESS);
    assert_int_equal(esp_loader_get_target(&board.loader), ESP32_CHIP);
    assert_int_equal(esp_loader_change_transmission_rate(&board.loader, 921600), ESP_LOADER_SUCCESS);
    esp_loader_flash_cfg_t cfg = {.offset = 0x1000, .image_size = sizeof(data), .block_size = 4096};
    assert_int_equal(esp_loader_flash_start(&board.loader, &cfg), ESP_LOADER_SUCCESS);
    for (uint32_t done = 0; done < sizeof(data); done += cfg.block_size) {
        const uint32_t left = (uint32_t)sizeof(data) - done;
        assert_int_equal(
            esp_loader_flash_write(&board.loader, &cfg, data + done, left < cfg.block_size ? left : cfg.block_size),
            ESP_LOADER_SUCCESS);
    }
    assert_int_equal(esp_loader_flash_finish(&board.loader, &cfg), ESP_LOADER_SUCCESS);
    close_board(&board);
}

static void the_line_is_raw_without_flow_control_and_at_the_wanted_rate(void **state)
{
    (void)state;
    board_t board;
    struct termios2 settings;
    open_terminal(&board);
    assert_int_equal(esp_loader_init_serial(&board.loader, &board.port.port), ESP_LOADER_SUCCESS);
    assert_int_equal(ioctl(board.master, TCGETS2, &settings), 0);
    assert_int_equal(settings.c_iflag, 0);
    assert_int_equal(settings.c_oflag, 0);
    assert_int_equal(settings.c_lflag, 0);
    assert_int_equal(settings.c_cflag & (tcflag_t)(CSIZE | PARENB | CRTSCTS | CSTOPB), CS8);
    assert_int_equal(settings.c_ospeed, 115200);
    assert_int_equal(linux_uart_ops.change_transmission_rate(&board.port.port, 921600), ESP_LOADER_SUCCESS);
    assert_int_equal(ioctl(board.master, TCGETS2, &settings), 0);
    assert_int_equal(settings.c_ospeed, 921600);
    close_board(&board);
}

static void silence_ends_with_the_timeout(void **state)
{
    (void)state;
    uint8_t byte;
    board_t board;
    open_terminal(&board);
    assert_int_equal(esp_loader_init_serial(&board.loader, &board.port.port), ESP_LOADER_SUCCESS);
    const uint64_t before_ms = reflash_stream_now_ms();
    assert_int_equal(linux_uart_ops.read(&board.port.port, &byte, 1, 60), ESP_LOADER_ERROR_TIMEOUT);
    assert_true(reflash_stream_now_ms() - before_ms >= 59);
    assert_int_equal(linux_uart_ops.read(&board.port.port, &byte, 1, 0), ESP_LOADER_ERROR_TIMEOUT);
    close_board(&board);
}

static void an_adapter_that_is_unplugged_is_an_error_and_not_a_wait(void **state)
{
    (void)state;
    uint8_t byte;
    board_t board;
    open_terminal(&board);
    assert_int_equal(esp_loader_init_serial(&board.loader, &board.port.port), ESP_LOADER_SUCCESS);
    assert_int_equal(close(board.master), 0);
    board.master = -1;
    const uint64_t before_ms = reflash_stream_now_ms();
    assert_int_equal(linux_uart_ops.read(&board.port.port, &byte, 1, 10000), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(linux_uart_ops.write(&board.port.port, (const uint8_t *)"x", 1, 10000), ESP_LOADER_ERROR_FAIL);
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    assert_int_equal(esp_loader_connect(&board.loader, &args), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(reflash_last_fault(&board.loader).cause, REFLASH_CAUSE_PORT);
    assert_true(reflash_stream_now_ms() - before_ms < 5000);
    close_board(&board);
}

static void an_adapter_that_is_unplugged_while_an_answer_is_awaited_ends_the_wait(void **state)
{
    enum { PLUGGED_MS = 150 };
    (void)state;
    board_t board;
    open_terminal(&board);
    assert_int_equal(esp_loader_init_serial(&board.loader, &board.port.port), ESP_LOADER_SUCCESS);
    board.chip = fork();
    assert_true(board.chip >= 0);
    if (board.chip == 0) { /* the last one that holds the other end */
        reflash_stream_sleep_ms(PLUGGED_MS);
        _exit(0);
    }
    assert_int_equal(close(board.master), 0);
    board.master = -1;
    const uint64_t before_ms = reflash_stream_now_ms();
    esp_loader_connect_args_t args = {.sync_timeout = 20000, .trials = 3};
    assert_int_equal(esp_loader_connect(&board.loader, &args), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(reflash_last_fault(&board.loader).cause, REFLASH_CAUSE_PORT);
    assert_in_range(reflash_stream_now_ms() - before_ms, 0, 10000);
    close_board(&board);
}

static void a_device_that_is_missing_is_told_by_errno(void **state)
{
    (void)state;
    linux_port_t port = {.port = {&linux_uart_ops}, .device = "/dev/there-is-no-such-device", .baudrate = 115200};
    esp_loader_t loader;
    errno = 0;
    assert_int_equal(esp_loader_init_serial(&loader, &port.port), ESP_LOADER_ERROR_FAIL);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(reflash_last_fault(&loader).cause, REFLASH_CAUSE_PORT);
    esp_loader_deinit(&loader);
}

/* Either way it is told, and nothing hangs or is left open. */
static void lines_of_a_gpio_chip_that_is_not_there_are_refused(void **state)
{
    (void)state;
    linux_port_t port = {.port = {&linux_uart_ops},
                         .device = "/dev/null",
                         .baudrate = 115200,
                         .gpio_mode = LINUX_GPIO_GPIOD,
                         .gpio_chip_path = "/dev/there-is-no-such-chip"};
    esp_loader_t loader;
    errno = 0;
    const esp_loader_error_t err = esp_loader_init_serial(&loader, &port.port);
    assert_int_equal(errno, err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC ? ENOTSUP : ENOENT);
    assert_true(err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC || err == ESP_LOADER_ERROR_FAIL);
    esp_loader_deinit(&loader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_board_without_modem_lines_is_flashed_over_a_terminal),
        cmocka_unit_test(the_line_is_raw_without_flow_control_and_at_the_wanted_rate),
        cmocka_unit_test(silence_ends_with_the_timeout),
        cmocka_unit_test(an_adapter_that_is_unplugged_is_an_error_and_not_a_wait),
        cmocka_unit_test(an_adapter_that_is_unplugged_while_an_answer_is_awaited_ends_the_wait),
        cmocka_unit_test(a_device_that_is_missing_is_told_by_errno),
        cmocka_unit_test(lines_of_a_gpio_chip_that_is_not_there_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
