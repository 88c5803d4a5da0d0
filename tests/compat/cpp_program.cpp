// SPDX-License-Identifier: Apache-2.0
// A C++17 program with a port of its own: the usual job, through both headers. It ends with 0 if that worked.
#include <cstdint>
#include <cstdio>

#include "esp_loader.h"
#include "reflash.h"

extern "C" {
#include "bench.h"
}

int v1_from_cpp(espsim_t *sim);

namespace
{

constexpr std::uint64_t ns_per_ms = 1000000;

struct SimPort {
    esp_loader_port_t port;
    espsim_t *sim;
    std::uint32_t baud;
    std::uint64_t deadline_ns;
};

SimPort *self(esp_loader_port_t *port)
{
    // cppcheck-suppress cstyleCast ; the macro is C
    return container_of(port, SimPort, port);
}

void delay_ms(esp_loader_port_t *port, std::uint32_t ms)
{
    espsim_advance(self(port)->sim, espsim_now(self(port)->sim) + ms * ns_per_ms);
}

void reset(esp_loader_port_t *port, bool boot_low)
{
    std::uint8_t stale;
    espsim_set_lines(self(port)->sim, true, boot_low);
    delay_ms(port, 100);
    while (espsim_transmit(self(port)->sim, &stale, self(port)->baud)) {
    }
    espsim_set_lines(self(port)->sim, false, boot_low);
    delay_ms(port, 50);
    espsim_set_lines(self(port)->sim, false, false);
}

esp_loader_port_ops_t make_ops()
{
    esp_loader_port_ops_t ops = {}; // what is not set is NULL
    ops.enter_bootloader = [](esp_loader_port_t *port) { reset(port, true); };
    ops.reset_target = [](esp_loader_port_t *port) { reset(port, false); };
    ops.start_timer = [](esp_loader_port_t *port, std::uint32_t ms) {
        self(port)->deadline_ns = espsim_now(self(port)->sim) + ms * ns_per_ms;
    };
    ops.remaining_time = [](esp_loader_port_t *port) {
        const std::uint64_t now_ns = espsim_now(self(port)->sim);
        const std::uint64_t deadline_ns = self(port)->deadline_ns;
        return deadline_ns > now_ns ? static_cast<std::uint32_t>((deadline_ns - now_ns + ns_per_ms - 1) / ns_per_ms)
                                    : 0;
    };
    ops.delay_ms = delay_ms;
    ops.write = [](esp_loader_port_t *port, const std::uint8_t *data, std::uint16_t size, std::uint32_t) {
        for (std::uint16_t at = 0; at < size; at++) {
            espsim_advance(self(port)->sim, espsim_now(self(port)->sim) + UINT64_C(10000000000) / self(port)->baud);
            espsim_receive(self(port)->sim, data[at], self(port)->baud);
        }
        return ESP_LOADER_SUCCESS;
    };
    ops.read = [](esp_loader_port_t *port, std::uint8_t *data, std::uint16_t size, std::uint32_t timeout) {
        espsim_t *sim = self(port)->sim;
        const std::uint64_t deadline_ns = espsim_now(sim) + timeout * ns_per_ms;
        for (std::uint16_t at = 0; at < size;) {
            const std::uint64_t next_ns = espsim_next_event(sim);
            if (espsim_transmit(sim, &data[at], self(port)->baud)) {
                at++;
            } else if (espsim_now(sim) >= deadline_ns) {
                return ESP_LOADER_ERROR_TIMEOUT;
            } else {
                espsim_advance(sim, next_ns < deadline_ns ? next_ns : deadline_ns);
            }
        }
        return ESP_LOADER_SUCCESS;
    };
    return ops;
}

esp_loader_error_t update(esp_loader_t *loader, const bench_image_t *images)
{
    esp_loader_connect_args_t args = ESP_LOADER_CONNECT_DEFAULT();
    RETURN_ON_ERROR(esp_loader_connect(loader, &args));
    reflash_image_t wanted[BENCH_IMAGES] = {};
    for (unsigned at = 0; at < BENCH_IMAGES; at++) {
        wanted[at].flash_addr = images[at].flash_addr;
        wanted[at].bytes = images[at].size;
        wanted[at].data = images[at].data;
        for (unsigned byte = 0; byte < 16; byte++) {
            unsigned value = 0;
            (void)std::sscanf(reinterpret_cast<const char *>(images[at].md5) + 2 * byte, "%2x", &value);
            wanted[at].md5[byte] = static_cast<std::uint8_t>(value);
        }
    }
    reflash_job_t job = {};
    return reflash_update(loader, wanted, BENCH_IMAGES, &job);
}

} // namespace

int main()
{
    static bench_t bench;
    const esp_loader_port_ops_t ops = make_ops();
    bench_start(&bench, "esp32c3");
    SimPort port = {{&ops}, bench.sim, 115200, 0};
    esp_loader_t loader;
    int failures = esp_loader_init_serial(&loader, &port.port) == ESP_LOADER_SUCCESS ? 0 : 1;
    failures += update(&loader, bench.images) == ESP_LOADER_SUCCESS ? 0 : 1;
    failures += bench_holds_images(&bench) ? 0 : 1;
    esp_loader_deinit(&loader);
    failures += v1_from_cpp(bench.sim);
    bench_end(&bench);
    std::printf("%d failures\n", failures);
    return failures;
}
