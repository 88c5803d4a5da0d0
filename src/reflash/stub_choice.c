/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a job gets a RAM stub. In an object of its own: a program that never asks for a stub links nothing of this. */
#include "loader/command.h"
#include "reflash/engine.h"

/* Of what was not asked about yet so much is expected to differ. */
enum { WRITTEN_SHARE = 16 };

esp_loader_error_t reflash_stub_if_shorter(esp_loader_t *loader, reflash_engine_t *engine)
{
    if (engine == NULL) {
        return reflash_stub_start(loader);
    }
    if (engine->facts.stub) {
        return ESP_LOADER_SUCCESS;
    }
    const uint32_t hashed = engine->unhashed;
    const uint32_t written = engine->unwritten > 0 ? engine->unwritten : hashed / WRITTEN_SHARE;
    /* There is something to write, and a mask ROM cannot unpack it. */
    const bool needed = engine->unwritten > 0 && !engine->bundle->has_plain && !engine->facts.packed;
    const uint32_t rom_ms = reflash_job_ms(&engine->model, hashed, written);
    reflash_engine_set_prices(engine, true);
    if (needed || reflash_job_ms(&engine->model, hashed, written) + reflash_stub_ms(&engine->facts) < rom_ms) {
        const esp_loader_error_t err = reflash_stub_start(loader);
        if (err == ESP_LOADER_SUCCESS) {
            return reflash_engine_tell(engine, REFLASH_APPLY_STUB, false);
        }
        if (err != ESP_LOADER_ERROR_UNSUPPORTED_FUNC || needed) {
            return err;
        }
        engine->job->start_stub = NULL; /* not on this target */
    }
    reflash_engine_set_prices(engine, false);
    return ESP_LOADER_SUCCESS;
}

bool reflash_stub_pays(const esp_loader_t *loader, uint32_t sectors)
{
    if (loader->_chip == NULL || loader->_stub != NULL) {
        return false;
    }
    uint32_t ms[2];
    reflash_facts_t facts = {.byte_ns = UINT32_C(1000000000) / (loader->_baud / 10),
                             .turnaround_us = 2000 + reflash_link(loader)->round_trip_ms * 1000u,
                             REFLASH_NEW_PART};
    for (unsigned stub = 0; stub <= 1; stub++) {
        reflash_model_t model;
        reflash_facts_of_loader(&facts, loader->_chip, stub != 0, true);
        reflash_model(&model, &facts);
        ms[stub] = reflash_job_ms(&model, sectors, sectors / WRITTEN_SHARE);
    }
    return ms[1] + reflash_stub_ms(&facts) < ms[0];
}
