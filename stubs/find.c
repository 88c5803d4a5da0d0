/* SPDX-License-Identifier: Apache-2.0 */
/* The look-up of reflash-stubs: the stub of a chip of this build, for its revision. */
#include <stddef.h>

#include "chips/chips.h"
#include "reflash.h"

/* In an object of its own each, written at build time by scripts/make_stubs.py: that of the latest revisions. */
#define DECLARE(name) extern const reflash_stub_t reflash_stub_##name;
REFLASH_CHIPS(DECLARE)

#define ROW(name) &reflash_stub_##name,
static const reflash_stub_t *const rows[] = {REFLASH_CHIPS(ROW)};

const reflash_stub_t *reflash_stub_find(target_chip_t chip, uint32_t revision)
{
    const reflash_stub_t *stub = NULL;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        if (rows[row]->chip == chip) {
            stub = rows[row];
        }
    }
    while (stub != NULL && stub->from_revision > revision) {
        stub = stub->next;
    }
    return stub;
}
