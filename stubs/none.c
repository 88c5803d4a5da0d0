/* SPDX-License-Identifier: Apache-2.0 */
/* reflash-stubs of a build without stubs (REFLASH_STUBS=OFF). */
#include <stddef.h>

#include "reflash.h"

const reflash_stub_t *reflash_stub_find(target_chip_t chip, uint32_t revision)
{
    (void)chip;
    (void)revision;
    return NULL;
}
