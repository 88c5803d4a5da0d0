/* SPDX-License-Identifier: Apache-2.0 */
/** partitions: where things are, by the partition table in the target's own flash. */
#pragma once

#include "job.h"
#include "partition_table.h"

/** The partition that --partition names, by the table of the connected target, and tell where it is. OK and `*found`,
 *  in whose label what is no printable ASCII is '?'; any other value was told: no table (INPUT), none of that name
 *  (INPUT), it leaves the flash (INPUT), or the loader cannot read (TARGET). */
status_t partitions_find_named(job_t *job, partition_t *found);
