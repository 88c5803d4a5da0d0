/* SPDX-License-Identifier: Apache-2.0 */
/* A program of generation 1.8 whose port has only what its library called, and that compares nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench.h"
#include "esp_loader.h"
#include "v1_port.h"

#if MD5_ENABLED || defined(esp_loader_flash_verify)
#error "functions that compare are for those who ask for them"
#endif

static void without_a_function_for_the_rate_nothing_is_sent(void **state)
{
    (void)state;
    bench_t bench;
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    bench_start(&bench, "esp32");
    v1_port_start(bench.sim);
    assert_int_equal(esp_loader_connect(&args), ESP_LOADER_SUCCESS);
    const uint64_t sent_bytes = espsim_stats(bench.sim)->bytes_to_target;
    assert_int_equal(esp_loader_change_transmission_rate(230400), ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    assert_int_equal(espsim_stats(bench.sim)->bytes_to_target, sent_bytes);
    bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_a_function_for_the_rate_nothing_is_sent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
