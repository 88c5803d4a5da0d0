/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual chip answers byte for byte as the official RAM stubs did. One test per scenario of traces/CHIP-STUB.txt.
 *
 *     test_stub_traces CHIP-STUB [PATTERN]      PATTERN: only the tests whose name it matches, with * and ? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios.h"

int main(int argc, char **argv)
{
    char chip[32];
    const char *const dash = argc == 2 || argc == 3 ? strrchr(argv[1], '-') : NULL;
    if (dash == NULL || (size_t)(dash - argv[1]) >= sizeof(chip)) {
        fprintf(stderr, "usage: %s CHIP-STUB [PATTERN]\n", argv[0]);
        return EXIT_FAILURE;
    }
    snprintf(chip, sizeof(chip), "%.*s", (int)(dash - argv[1]), argv[1]);
    const char *const topic = dash + 1;
    const bool passed = scenarios_pass("stub_traces", chip, &topic, 1, argc == 3 ? argv[2] : NULL);
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
