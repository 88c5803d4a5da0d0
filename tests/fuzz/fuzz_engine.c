/* SPDX-License-Identifier: Apache-2.0 */
/* The engine against a hostile target: whatever it answers, the job ends in bounded time, and is no success unless the
 * target has said of every sector, in so many digits, that it is there. The input draws the answers; where it ends the
 * target falls silent. */
#include <stdlib.h>

#include "input.h"
#include "support/liar.h"

static uint8_t draw(void *context)
{
    return input_byte(context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t took_us_max = UINT64_C(600) * 1000000;
    input_t input = {data, size};
    const uint8_t how = input_byte(&input);
    const liar_target_t target = (liar_target_t)(how % LIAR_TARGETS);
    const bool packs = how >= 0xE0; /* which takes long */
    const liar_source_t source = packs ? LIAR_MEMORY : (liar_source_t)(how / LIAR_TARGETS % 2);
    if (liar_run(target, source, draw, &input).took_us > took_us_max) {
        abort();
    }
    return 0;
}
