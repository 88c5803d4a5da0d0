/* SPDX-License-Identifier: Apache-2.0 */
/** The account of a chip's life as a JSON object: link, commands, flash, and what its time went with. */
#pragma once

#include <stdio.h>

#include "espsim.h"

/** Write one object and a line end. docs/espsim.md lists its members. */
void espsim_report_write(const espsim_t *sim, FILE *file);

/** The same to the file `path`, which is replaced; "-": to the standard output. False: errno says why. */
bool espsim_report_to(const espsim_t *sim, const char *path);
