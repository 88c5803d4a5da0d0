/* SPDX-License-Identifier: Apache-2.0 */
/** guards: reasons why a target must not get these images, though they are sound and for its chip. */
#pragma once

#include "inputs.h"
#include "job.h"
#include "locks.h"
#include "partition_table.h"

/** Whether the loader could encrypt image `index` and shall: it was told for all images, or the build wants it. */
bool guards_encrypts(const job_t *job, const locks_t *locks, uint32_t index);

/** Look at all images of a connected job before anything is erased, and ask the target what that takes. OK: nothing
 *  speaks against writing them, or --force was given, which overrules what a user may know better: all but an encryption that
 *  is not possible. INPUT: told why, where, and what to try. Other values: the target could not be asked, and that was
 *  told. `locks` is filled in by OK. */
status_t guards_check(job_t *job, locks_t *locks);

/* --- The checks, pure ---------------------------------------------------------------------------------------------- */
/* False: `why` says what speaks against image `index`, cut to `why_bytes`. */

bool guards_fit_encryption(const inputs_t *in, uint32_t index, bool encrypts_all, const locks_t *locks,
                           const char *chip_name, char *why, size_t why_bytes);
bool guards_fit_secure_boot(const inputs_t *in, uint32_t index, const locks_t *locks, char *why, size_t why_bytes);
bool guards_fit_revision(const inputs_t *in, uint32_t index, const locks_t *locks, char *why, size_t why_bytes);
/** The size in a bootloader's header is not more than the flash has; `flash_bytes` 0: not known. */
bool guards_fit_flash_size(const inputs_t *in, uint32_t index, uint32_t flash_bytes, char *why, size_t why_bytes);
/** The image and the rest of its last sector stay within the partition that it begins in, or outside of all. */
bool guards_fit_partitions(const inputs_t *in, uint32_t index, const partition_table_t *table, char *why,
                           size_t why_bytes);
