/* SPDX-License-Identifier: Apache-2.0 */
/* As somebody with a board of his own wrote it, from the names and signatures alone. */
#include "v1_port.h"

#include "esp_loader.h"
#include "esp_loader_io.h"

v1_port_t v1_port;

static const uint64_t ns_per_ms = 1000000;

void v1_port_start(espsim_t *sim)
{
    v1_port = (v1_port_t){.sim = sim, .baud = 115200};
}

static void pass_ns(uint64_t ns)
{
    espsim_advance(v1_port.sim, espsim_now(v1_port.sim) + ns);
}

esp_loader_error_t loader_port_write(const uint8_t *data, uint16_t size, uint32_t timeout)
{
    (void)timeout;
    for (uint16_t at = 0; at < size; at++) {
        pass_ns(UINT64_C(10000000000) / v1_port.baud);
        espsim_receive(v1_port.sim, data[at], v1_port.baud);
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t loader_port_read(uint8_t *data, uint16_t size, uint32_t timeout)
{
    const uint64_t deadline_ns = espsim_now(v1_port.sim) + timeout * ns_per_ms;
    for (uint16_t at = 0; at < size;) {
        const uint64_t next_ns = espsim_next_event(v1_port.sim);
        if (espsim_transmit(v1_port.sim, &data[at], v1_port.baud)) {
            at++;
        } else if (espsim_now(v1_port.sim) >= deadline_ns) {
            return ESP_LOADER_ERROR_TIMEOUT;
        } else {
            espsim_advance(v1_port.sim, next_ns < deadline_ns ? next_ns : deadline_ns);
        }
    }
    return ESP_LOADER_SUCCESS;
}

void loader_port_reset_target(void)
{
    uint8_t stale;
    v1_port.resets++;
    espsim_set_lines(v1_port.sim, true, false);
    loader_port_delay_ms(100);
    while (espsim_transmit(v1_port.sim, &stale, v1_port.baud)) {
    }
    espsim_set_lines(v1_port.sim, false, false);
}

void loader_port_enter_bootloader(void)
{
    uint8_t stale;
    espsim_set_lines(v1_port.sim, true, true);
    loader_port_delay_ms(100);
    while (espsim_transmit(v1_port.sim, &stale, v1_port.baud)) {
    }
    espsim_set_lines(v1_port.sim, false, true);
    loader_port_delay_ms(50);
    espsim_set_lines(v1_port.sim, false, false);
}

void loader_port_delay_ms(uint32_t ms)
{
    pass_ns(ms * ns_per_ms);
}

void loader_port_start_timer(uint32_t ms)
{
    v1_port.deadline_ns = espsim_now(v1_port.sim) + ms * ns_per_ms;
}

uint32_t loader_port_remaining_time(void)
{
    const uint64_t now_ns = espsim_now(v1_port.sim);
    return now_ns < v1_port.deadline_ns ? (uint32_t)((v1_port.deadline_ns - now_ns + ns_per_ms - 1) / ns_per_ms) : 0;
}

#ifndef WITHOUT_OPTIONAL_FUNCTIONS
esp_loader_error_t loader_port_change_transmission_rate(uint32_t transmission_rate)
{
    v1_port.rate_changes++;
    if (v1_port.has_no_rate) {
        return ESP_LOADER_ERROR_UNSUPPORTED_FUNC;
    }
    v1_port.baud = transmission_rate;
    return ESP_LOADER_SUCCESS;
}

void loader_port_debug_print(const char *str)
{
    (void)str;
}
#endif
