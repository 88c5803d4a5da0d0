/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a job gets a RAM stub. In an object of its own: a program that never asks for a stub links nothing of this. */
#include "loader/command.h"
#include "reflash/engine.h"

/* Of what was not asked about yet so much is expected to differ. */
enum { WRITTEN_SHARE = 8 };

bool reflash_stub_is_shorter(const reflash_facts_t *facts, const reflash_chip_t *chip, bool has_packed, uint32_t hashed,
                             uint32_t written)
{
    /* Half as much again: of a slow flash part a stub loses less, as it works while it receives. */
    written = written > 0 ? written + written / 2 : hashed / WRITTEN_SHARE;
    reflash_facts_t with_stub = *facts;
    reflash_model_t model;
    reflash_model(&model, facts);
    const uint32_t rom_ms = reflash_job_ms(&model, hashed, written);
    reflash_facts_of_loader(&with_stub, chip, true, has_packed);
    reflash_model(&model, &with_stub);
    return reflash_job_ms(&model, hashed, written) + reflash_stub_ms(&with_stub) < rom_ms;
}

esp_loader_error_t reflash_stub_if_shorter(esp_loader_t *loader, reflash_engine_t *engine)
{
    if (engine == NULL) {
        return reflash_stub_start(loader);
    }
    const bool has_packed = engine->bundle->has_packed;
    /* There is something to write, and a mask ROM cannot unpack it. */
    const bool needed = engine->unwritten > 0 && !engine->bundle->has_plain && !engine->facts.packed;
    if (engine->facts.stub || !(needed || reflash_stub_is_shorter(&engine->facts, loader->_chip, has_packed,
                                                                  engine->unhashed, engine->unwritten))) {
        return ESP_LOADER_SUCCESS;
    }
    const esp_loader_error_t err = reflash_stub_start(loader);
    if (err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC && !needed) {
        engine->job->start_stub = NULL; /* not on this target */
        return ESP_LOADER_SUCCESS;
    }
    RETURN_ON_ERROR(err);
    reflash_engine_set_prices(engine, true);
    return reflash_engine_tell(engine, REFLASH_APPLY_STUB, false);
}

bool reflash_stub_pays(const esp_loader_t *loader, uint32_t sectors)
{
    if (loader->_chip == NULL || loader->_stub != NULL) {
        return false;
    }
    reflash_facts_t facts = {.byte_ns = UINT32_C(1000000000) / (loader->_baud / 10),
                             .turnaround_us = 2000 + reflash_link(loader)->round_trip_ms * 1000u,
                             REFLASH_USUAL_PART};
    reflash_facts_of_loader(&facts, loader->_chip, false, true);
    return reflash_stub_is_shorter(&facts, loader->_chip, true, sectors, 0);
}
