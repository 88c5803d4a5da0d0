/* SPDX-License-Identifier: Apache-2.0 */
/* The commands for a chip on its rig: what docs/espsim.md says of them, line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"

enum { FLASH_BYTES = 1 << 18 };

static uint8_t flash[FLASH_BYTES];
static espsim_rig_t rig;

static int set_up(void **state)
{
    (void)state;
    memset(flash, 0xFF, sizeof(flash));
    memset(&rig, 0, sizeof(rig));
    rig.sim = espsim_create(&(espsim_config_t){.rom = espsim_rom_by_name("esp32c3"),
                                               .flash = flash,
                                               .flash_bytes = sizeof(flash),
                                               .timing = espsim_timing_typical()});
    espsim_rig_power_on(&rig, 0);
    return rig.sim != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    espsim_destroy(rig.sim);
    return 0;
}

static void settle(void)
{
    uint8_t bytes[512];
    while (espsim_rig_run(&rig, 0, bytes, sizeof(bytes)) == sizeof(bytes)) {
        /* it complains about its flash at length */
    }
}

/* `line` is answered with `wanted`. */
static void expect(const char *line, const char *wanted)
{
    char answer[ESPSIM_CONTROL_ANSWER_BYTES];
    espsim_control(&rig, line, 0, answer);
    assert_string_equal(answer, wanted);
    settle();
}

static void pins_are_held_and_let_go(void **state)
{
    (void)state;
    expect("status", "ok power=on reset=high boot=high dtr=0 rts=0 baud=115200 host-baud=auto loader=no");
    expect("boot low", "ok");
    expect("reset low", "ok");
    expect("status", "ok power=on reset=low boot=low dtr=0 rts=0 baud=115200 host-baud=auto loader=no");
    expect("reset high", "ok");
    expect("status", "ok power=on reset=high boot=low dtr=0 rts=0 baud=115200 host-baud=auto loader=yes");
    expect("boot high", "ok");
    expect("status", "ok power=on reset=high boot=high dtr=0 rts=0 baud=115200 host-baud=auto loader=yes");
    expect("reset", "ok");
    expect("status", "ok power=on reset=high boot=high dtr=0 rts=0 baud=115200 host-baud=auto loader=no");
}

static void modem_lines_go_through_the_wiring(void **state)
{
    (void)state;
    expect("lines 0 1", "ok");
    expect("status", "ok power=on reset=low boot=high dtr=0 rts=1 baud=115200 host-baud=auto loader=no");
    expect("lines 1 0", "ok");
    expect("status", "ok power=on reset=high boot=low dtr=1 rts=0 baud=115200 host-baud=auto loader=yes");
    expect("reset", "ok"); /* DTR still pulls boot */
    expect("lines 0 0", "ok");
    expect("status", "ok power=on reset=high boot=high dtr=0 rts=0 baud=115200 host-baud=auto loader=yes");
}

static void power_goes_and_comes_back(void **state)
{
    (void)state;
    expect("power off", "ok");
    expect("boot low", "ok");
    expect("status", "ok power=off reset=high boot=low dtr=0 rts=0 baud=115200 host-baud=auto loader=no");
    expect("power on", "ok");
    expect("status", "ok power=on reset=high boot=low dtr=0 rts=0 baud=115200 host-baud=auto loader=yes");
    expect("boot high", "ok");
    expect("power on", "ok"); /* it is on: nothing happens */
    expect("status", "ok power=on reset=high boot=high dtr=0 rts=0 baud=115200 host-baud=auto loader=yes");
}

static void a_rate_by_hand_goes_before_that_of_the_link(void **state)
{
    (void)state;
    rig.host_baud = 460800;
    expect("baud 9600", "ok");
    assert_int_equal(espsim_rig_host_baud(&rig), 9600);
    expect("status", "ok power=on reset=high boot=high dtr=0 rts=0 baud=115200 host-baud=9600 loader=no");
    expect("baud auto", "ok");
    assert_int_equal(espsim_rig_host_baud(&rig), 460800);
}

static void what_is_not_understood_changes_nothing(void **state)
{
    (void)state;
    static const char general[] = "error there are boot, reset, lines, power, baud, status, time and report";
    expect("", general);
    expect("  ", general);
    expect("Boot low", general);
    expect("status now", general);
    expect("boot", "error it is: boot low|high");
    expect("boot down", "error it is: boot low|high");
    expect("boot low high", "error it is: boot low|high");
    expect("reset 1", "error it is: reset [low|high]");
    expect("reset low now please", "error it is: reset [low|high]");
    expect("lines 1", "error it is: lines DTR RTS (0 or 1 each)");
    expect("lines 1 2", "error it is: lines DTR RTS (0 or 1 each)");
    expect("power cycle", "error it is: power off|on");
    expect("baud 49", "error it is: baud RATE|auto (50 to 5000000)");
    expect("baud 5000001", "error it is: baud RATE|auto (50 to 5000000)");
    expect("baud -115200", "error it is: baud RATE|auto (50 to 5000000)");
    expect("baud 9600x", "error it is: baud RATE|auto (50 to 5000000)");
    expect("status", "ok power=on reset=high boot=high dtr=0 rts=0 baud=115200 host-baud=auto loader=no");
    expect("\tboot \t low\r", "ok"); /* blanks do not matter */
}

static void the_time_is_told_by_cause(void **state)
{
    (void)state;
    rig.strap_boot = true;
    espsim_rig_power_on(&rig, 0);
    espsim_clear_stats(rig.sim);
    expect("power off", "ok");
    expect("power on", "ok"); /* boots for 40 ms and says 124 bytes at 115200 baud */
    char answer[ESPSIM_CONTROL_ANSWER_BYTES];
    espsim_control(&rig, "time", 0, answer);
    assert_string_equal(answer, "ok now=50763820 boot=40000000 command=0 erase=0 program=0 read=0 md5=0 inflate=0 "
                                "wire_from=10763820 wire_to=0 bridge=0 host=0 nobody=0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pins_are_held_and_let_go),  TEST(modem_lines_go_through_the_wiring),
        TEST(power_goes_and_comes_back), TEST(a_rate_by_hand_goes_before_that_of_the_link),
        TEST(the_time_is_told_by_cause), TEST(what_is_not_understood_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
