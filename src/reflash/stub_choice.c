/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a stub pays, before the flash is looked at. In an object of its own: the engine asks itself. */
#include "loader/command.h"
#include "reflash/model.h"
#include "reflash_engine.h"

bool reflash_stub_pays(const esp_loader_t *loader, uint32_t sectors)
{
    if (loader->_chip == NULL || loader->_stub != NULL) {
        return false;
    }
    uint32_t ms[2];
    reflash_facts_t facts = REFLASH_FACTS_AT_FIRST(loader->_baud, reflash_link(loader)->round_trip_ms);
    for (unsigned stub = 0; stub <= 1; stub++) {
        reflash_model_t model;
        reflash_facts_of_loader(&facts, loader->_chip, stub != 0, true);
        reflash_model(&model, &facts);
        ms[stub] = reflash_job_ms(&model, sectors, sectors / REFLASH_STUB_WRITTEN_SHARE);
    }
    return ms[1] + reflash_stub_ms(&facts) < ms[0];
}
