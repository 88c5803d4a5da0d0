/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of generations 1.8 and 2, neither changed for us, linked into one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench.h"

typedef job_result_t (*program_t)(espsim_t *sim, const bench_image_t *images, unsigned image_count);

static void expect_job(bench_t *bench, program_t program, unsigned skipped, unsigned written)
{
    const job_result_t result = program(bench->sim, bench->images, BENCH_IMAGES);
    assert_int_equal(result.error, 0);
    assert_int_equal(result.skipped, skipped);
    assert_int_equal(result.written, written);
    assert_true(bench_holds_images(bench));
    assert_false(espsim_in_loader(bench->sim)); /* it was reset into its application */
}

static void expect_update(program_t program)
{
    static const char *const chips[] = {"esp32", "esp32s2", "esp32c3", "esp32p4"};
    for (unsigned chip = 0; chip < sizeof(chips) / sizeof(chips[0]); chip++) {
        bench_t bench;
        bench_start(&bench, chips[chip]);
        expect_job(&bench, program, 0, 3);
        expect_job(&bench, program, 3, 0);
        bench.flash[bench.images[1].flash_addr] ^= 0x01;
        expect_job(&bench, program, 2, 1);
        bench_end(&bench);
    }
}

static void a_program_of_generation_1_8_sends_what_differs_and_nothing_else(void **state)
{
    (void)state;
    expect_update(v1_program);
}

static void a_program_of_generation_2_sends_what_differs_and_nothing_else(void **state)
{
    (void)state;
    expect_update(v2_program);
}

static void what_one_generation_wrote_the_other_finds(void **state)
{
    (void)state;
    bench_t bench;
    bench_start(&bench, "esp32");
    expect_job(&bench, v1_program, 0, 3);
    expect_job(&bench, v2_program, 3, 0);
    bench.flash[bench.images[2].flash_addr] ^= 0x01;
    expect_job(&bench, v2_program, 2, 1);
    expect_job(&bench, v1_program, 3, 0);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_of_generation_1_8_sends_what_differs_and_nothing_else),
        cmocka_unit_test(a_program_of_generation_2_sends_what_differs_and_nothing_else),
        cmocka_unit_test(what_one_generation_wrote_the_other_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
