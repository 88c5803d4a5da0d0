/* SPDX-License-Identifier: Apache-2.0 */
/* The job with bundles: only the sectors that differ are written. */
#include <inttypes.h>
#include <string.h>

#include "esp_log.h"
#include "job.h"
#include "reflash_engine.h"
#include "target_bundles.h"

enum { FLASH_BYTES = 16 << 20, BUFFER_BYTES = 4096 }; /* no target's flash is larger */

static const char *const TAG = "serial_flasher";

/* --- What is told ------------------------------------------------------------------------------------------ */

static const char *const titles[REFLASH_KIND_COUNT] = {
    [REFLASH_KIND_APPLICATION] = "Application",
    [REFLASH_KIND_OTADATA] = "OTA data",
    [REFLASH_KIND_PARTITION_TABLE] = "Partition table",
    [REFLASH_KIND_BOOTLOADER] = "Bootloader",
};

static void tell_asked(const char *title, const reflash_apply_progress_t *progress)
{
    if (progress->sectors == 0) {
        ESP_LOGI(TAG, "%s MD5 match, skipping...", title);
        return;
    }
    ESP_LOGI(TAG, "%s MD5 differs, flashing %" PRIu32 " of %" PRIu32 " sectors at 0x%" PRIx32 "...", title,
             progress->sectors, reflash_bundle_sector_count(progress->image), progress->image->flash_addr);
}

/* `told_tenths` of the image were told before. */
static void tell_written(const char *title, uint32_t *told_tenths, const reflash_apply_progress_t *progress)
{
    const uint32_t tenths = progress->done_sectors * 10 / progress->sectors;
    if (progress->done_sectors == 0) {
        *told_tenths = 0;
    }
    if (tenths != *told_tenths) {
        *told_tenths = tenths;
        ESP_LOGI(TAG, "%s: %" PRIu32 " %%", title, tenths * 10);
    }
}

static bool on_step(void *context, const reflash_apply_progress_t *progress)
{
    const char *title = progress->image != NULL ? titles[progress->image->kind] : "";
    switch (progress->step) {
    case REFLASH_APPLY_STUB:
        ESP_LOGI(TAG, "RAM stub started");
        break;
    case REFLASH_APPLY_ASKED:
        tell_asked(title, progress);
        break;
    case REFLASH_APPLY_WRITING:
        tell_written(title, context, progress);
        break;
    case REFLASH_APPLY_PROVED:
        if (!progress->proved) {
            ESP_LOGE(TAG, "%s is NOT what was sent", title);
        } else if (progress->sectors > 0) {
            ESP_LOGI(TAG, "%s flashed and verified", title);
        }
        break;
    }
    return true;
}

/* --- Public ------------------------------------------------------------------------------------------------ */

static const target_bundle_t *bundle_for(target_chip_t chip)
{
    for (uint32_t at = 0; at < target_bundles_count; at++) {
        if (target_bundles[at].chip == chip) {
            return &target_bundles[at];
        }
    }
    return NULL;
}

static bool read_bundle(void *context, uint32_t offset, uint8_t *buf, uint32_t bytes)
{
    const target_bundle_t *of_chip = context;
    memcpy(buf, of_chip->bundle + offset, bytes);
    return true;
}

bool job_is_there_for(target_chip_t chip)
{
    return bundle_for(chip) != NULL;
}

esp_loader_error_t job_run(esp_loader_t *loader, target_chip_t chip)
{
    static uint8_t memory[REFLASH_APPLY_MEMORY_BYTES(FLASH_BYTES)];
    static uint8_t buffer[BUFFER_BYTES];
    target_bundle_t of_chip = *bundle_for(chip);
    const reflash_source_t source = {.read = read_bundle, .context = &of_chip, .bytes = *of_chip.bundle_bytes};
    reflash_bundle_t bundle;
    if (reflash_bundle_open(&bundle, &source) != REFLASH_BUNDLE_GOOD) {
        ESP_LOGE(TAG, "The bundle in this firmware is damaged");
        return ESP_LOADER_ERROR_FAIL;
    }
    uint32_t told_tenths = 0;
    reflash_apply_t job = {.memory = memory,
                           .memory_bytes = sizeof(memory),
                           .buffer = buffer,
                           .buffer_bytes = sizeof(buffer),
                           .start_stub = reflash_stub_if_shorter,
                           .progress = on_step,
                           .progress_context = &told_tenths};
    return reflash_apply(loader, &(reflash_content_t){&reflash_bundle_ops, &bundle}, &job);
}
