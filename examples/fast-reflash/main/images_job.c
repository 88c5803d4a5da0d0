/* SPDX-License-Identifier: Apache-2.0 */
/* The job with plain images: those that differ are written as a whole. */
#include <inttypes.h>

#include "esp_log.h"
#include "job.h"
#include "target_images.h"

enum { BLOCK_BYTES = 4096 };

static const char *const TAG = "serial_flasher";

/* --- What is told ------------------------------------------------------------------------------------------ */

static void tell_flashing(const char *title, const reflash_image_t *image, const char *why)
{
    ESP_LOGI(TAG, "%s%s, flashing %" PRIu32 " bytes at 0x%" PRIx32 "...", title, why, image->bytes, image->flash_addr);
}

/* `told_tenths` of the image were told before. */
static void tell_written(const char *title, uint32_t *told_tenths, uint32_t done_bytes, uint32_t bytes)
{
    const uint32_t tenths = (uint32_t)((uint64_t)done_bytes * 10 / bytes);
    if (done_bytes == 0) {
        *told_tenths = 0;
    }
    if (tenths != *told_tenths) {
        *told_tenths = tenths;
        ESP_LOGI(TAG, "%s: %" PRIu32 " %%", title, tenths * 10);
    }
}

/* --- By MD5: write what differs ---------------------------------------------------------------------------- */

typedef struct {
    const titled_image_t *titled;  /* what each of ... */
    const reflash_image_t *images; /* ... these is called */
    uint32_t told_tenths;
} console_t;

static bool on_step(void *context, reflash_step_t step, const reflash_image_t *image, uint32_t done_bytes)
{
    console_t *console = context;
    const char *title = console->titled[image - console->images].title;
    switch (step) {
    case REFLASH_STEP_CHECKED:
        if (image->result == REFLASH_RESULT_SKIPPED) {
            ESP_LOGI(TAG, "%s MD5 match, skipping...", title);
        } else {
            tell_flashing(title, image, " MD5 differs");
        }
        break;
    case REFLASH_STEP_WRITING:
        tell_written(title, &console->told_tenths, done_bytes, image->bytes);
        break;
    case REFLASH_STEP_VERIFIED:
        if (image->result == REFLASH_RESULT_FLASHED) {
            ESP_LOGI(TAG, "%s flashed and verified", title);
        } else if (image->result == REFLASH_RESULT_FAILED) {
            ESP_LOGE(TAG, "%s is NOT what was sent", title);
        }
        break;
    }
    return true;
}

static esp_loader_error_t update(esp_loader_t *loader, const titled_image_t *titled)
{
    reflash_image_t images[TARGET_IMAGES_MAX];
    uint32_t count = 0;
    for (; titled[count].title != NULL; count++) {
        images[count] = *titled[count].image;
    }
    console_t console = {.titled = titled, .images = images};
    reflash_job_t job = {.block_bytes = BLOCK_BYTES, .progress = on_step, .progress_context = &console};
    return reflash_update(loader, images, count, &job);
}

/* --- Without: write everything ----------------------------------------------------------------------------- */

static esp_loader_error_t write_image(esp_loader_t *loader, const titled_image_t *titled)
{
    const reflash_image_t *image = titled->image;
    esp_loader_flash_cfg_t cfg = {
        .offset = image->flash_addr, .image_size = image->bytes, .block_size = BLOCK_BYTES, .skip_verify = true};
    uint32_t told_tenths = 0;
    tell_flashing(titled->title, image, "");
    RETURN_ON_ERROR(esp_loader_flash_start(loader, &cfg));
    for (uint32_t done_bytes = 0; done_bytes < image->bytes;) {
        const uint32_t left_bytes = image->bytes - done_bytes;
        const uint32_t block_bytes = left_bytes < BLOCK_BYTES ? left_bytes : BLOCK_BYTES;
        RETURN_ON_ERROR(esp_loader_flash_write(loader, &cfg, image->data + done_bytes, block_bytes));
        done_bytes += block_bytes;
        tell_written(titled->title, &told_tenths, done_bytes, image->bytes);
    }
    return esp_loader_flash_finish(loader, &cfg);
}

/* What others need to boot comes first in the table, so last here: a job that is cut short leaves no bootloader that
 * starts half an application. */
static esp_loader_error_t write_all(esp_loader_t *loader, const titled_image_t *titled)
{
    uint32_t left = 0;
    while (titled[left].title != NULL) {
        left++;
    }
    while (left > 0) {
        left--;
        RETURN_ON_ERROR(write_image(loader, &titled[left]));
    }
    return ESP_LOADER_SUCCESS;
}

/* --- Public ------------------------------------------------------------------------------------------------ */

static const titled_image_t *images_for(target_chip_t chip)
{
    for (uint32_t at = 0; at < target_images_count; at++) {
        if (target_images[at].chip == chip) {
            return target_images[at].images;
        }
    }
    return NULL;
}

bool job_is_there_for(target_chip_t chip)
{
    return images_for(chip) != NULL;
}

esp_loader_error_t job_run(esp_loader_t *loader, target_chip_t chip)
{
    const titled_image_t *titled = images_for(chip);
    return MD5_ENABLED ? update(loader, titled) : write_all(loader, titled);
}
