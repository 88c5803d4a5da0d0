/* SPDX-License-Identifier: Apache-2.0 */
/** Bring the target to what this firmware has for it: images_job.c with plain images, or bundle_job.c with bundles. */
#pragma once

#include "reflash.h"

bool job_is_there_for(target_chip_t chip);

/** Of a connected target for which something is there. Success: it holds that, and unless MD5_ENABLED is 0 this is proved.
 *  What a failure leaves is finished by the next call. */
esp_loader_error_t job_run(esp_loader_t *loader, target_chip_t chip);
