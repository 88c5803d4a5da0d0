/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of bundles: whatever is in the file, nothing beyond it is read, and what was opened can be read to its end
 * or is told to be inconsistent. Most inputs get the size that they claim put right, and a read that fails. What can be
 * opened is also applied, to a target that takes everything and has nothing of it. */
#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "support/bundle_source.h"
#include "support/liar.h"

enum { SIZE_AT = 12, HEADER_BYTES = 64 };

/* An answer without fault, but for digests. */
static uint8_t draw_denial(void *context)
{
    (void)context;
    return 0xFC;
}

/* What comes of it says nothing: the digests of what is told are learned soon. */
static void apply(reflash_bundle_t *bundle)
{
    for (unsigned target = 0; target < LIAR_TARGETS; target++) {
        (void)liar_run_bundle((liar_target_t)target, bundle, draw_denial, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t input = {data, size};
    const uint8_t how = input_byte(&input);
    const bool claims_its_size = how % 8 != 0;
    uint8_t *file = malloc(input.left + 1); /* of exactly its size, for the sanitizer, but never of none */
    if (file == NULL) {
        abort();
    }
    memcpy(file, input.at, input.left);
    if (claims_its_size && input.left >= HEADER_BYTES) {
        for (unsigned byte = 0; byte < 4; byte++) {
            file[SIZE_AT + byte] = (uint8_t)(input.left >> (8 * byte));
        }
    }
    bundle_memory_t memory = {.data = file, .bytes = (uint32_t)input.left, .failing_read = how / 8};
    const reflash_source_t source = bundle_source(&memory);
    reflash_bundle_t bundle;
    if (reflash_bundle_open(&bundle, &source) == REFLASH_BUNDLE_GOOD) {
        const reflash_bundle_error_t read = bundle_read_all(&bundle);
        const reflash_bundle_error_t checked = reflash_bundle_check(&bundle);
        const bool failed = memory.failing_read > 0 && memory.reads >= memory.failing_read;
        const bool told = read == REFLASH_BUNDLE_UNREADABLE || checked == REFLASH_BUNDLE_UNREADABLE;
        if ((read != REFLASH_BUNDLE_GOOD && read != REFLASH_BUNDLE_INCONSISTENT && !told) ||
            (checked != REFLASH_BUNDLE_GOOD && checked != REFLASH_BUNDLE_DAMAGED && !told) || failed != told) {
            abort();
        }
        apply(&bundle);
    }
    free(file);
    return 0;
}
