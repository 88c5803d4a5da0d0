/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual chip answers byte for byte as the mask ROM did. One test per scenario of traces/CHIP-*.txt.
 *
 *     test_rom_traces CHIP [PATTERN]      PATTERN: only the tests whose name it matches, with * and ? */
#include <stdio.h>
#include <stdlib.h>

#include "scenarios.h"

static const char *const topics[] = {"basic", "boot", "framing", "mem", "flash", "deflate", "md5", "extra"};

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s CHIP [PATTERN]\n", argv[0]);
        return EXIT_FAILURE;
    }
    const char *const pattern = argc == 3 ? argv[2] : NULL;
    const bool passed = scenarios_pass("rom_traces", argv[1], topics, sizeof(topics) / sizeof(topics[0]), pattern);
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
