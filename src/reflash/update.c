/* SPDX-License-Identifier: Apache-2.0 */
/* The job: make the target hold a set of images. Check all, write what differs, prove all. */
#include "loader/command.h"
#include "reflash.h"

/* The largest block that ROM code was seen to program, and so the fewest answers to wait for. */
enum { DEFAULT_BLOCK_BYTES = 4096 };

static bool report(const reflash_job_t *job, reflash_step_t step, const reflash_image_t *image, uint32_t done_bytes)
{
    return job->progress == NULL || job->progress(job->progress_context, step, image, done_bytes);
}

static esp_loader_error_t stopped(esp_loader_t *loader)
{
    return reflash_fail(loader, ESP_LOADER_ERROR_FAIL, REFLASH_CAUSE_STOPPED);
}

/* Of an image that has bytes; of none: more than any flash has. */
static uint32_t sectors_of(const reflash_image_t *image)
{
    return (image->bytes - 1) / REFLASH_SECTOR_BYTES + 1;
}

/* Images that keep the range check of the loader share a sector exactly if one starts before the other ends. */
static bool share_a_sector(const reflash_image_t *a, const reflash_image_t *b)
{
    const uint32_t first_a = a->flash_addr / REFLASH_SECTOR_BYTES;
    const uint32_t first_b = b->flash_addr / REFLASH_SECTOR_BYTES;
    return first_a < first_b + sectors_of(b) && first_b < first_a + sectors_of(a);
}

static esp_loader_error_t check_images(esp_loader_t *loader, const reflash_image_t *images, uint32_t image_count)
{
    for (uint32_t at = 0; at < image_count; at++) {
        bool good = images[at].data != NULL && images[at].bytes > 0 &&
                    images[at].flash_addr % REFLASH_SECTOR_BYTES == 0 && images[at].kind < REFLASH_KIND_COUNT;
        for (uint32_t before = 0; before < at; before++) {
            good = good && !share_a_sector(&images[before], &images[at]);
        }
        if (!good) {
            return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
        }
    }
    for (uint32_t at = 0; at < image_count; at++) {
        RETURN_ON_ERROR(reflash_flash_range(loader, images[at].flash_addr, images[at].bytes));
    }
    return ESP_LOADER_SUCCESS;
}

/* Ask of every image whether the target holds it, even if one is wrong, so that the report is right about each. Those
 * that it does not hold are `otherwise`. INVALID_MD5: there are such. */
static esp_loader_error_t compare_all(esp_loader_t *loader, reflash_image_t *images, uint32_t image_count,
                                      const reflash_job_t *job, reflash_result_t otherwise)
{
    const bool proving = otherwise == REFLASH_RESULT_FAILED;
    bool all_match = true;
    for (uint32_t at = 0; at < image_count; at++) {
        reflash_image_t *image = &images[at];
        image->result = otherwise;
        const esp_loader_error_t err = reflash_flash_verify_md5(loader, image->flash_addr, image->bytes, image->md5);
        if (err == ESP_LOADER_SUCCESS) {
            image->result = image->sectors_written > 0 ? REFLASH_RESULT_FLASHED : REFLASH_RESULT_SKIPPED;
        } else if (err == ESP_LOADER_ERROR_INVALID_MD5) {
            all_match = false;
        } else {
            return err;
        }
        if (!report(job, proving ? REFLASH_STEP_VERIFIED : REFLASH_STEP_CHECKED, image, proving ? image->bytes : 0)) {
            return stopped(loader);
        }
    }
    return all_match ? ESP_LOADER_SUCCESS
                     : reflash_fail(loader, ESP_LOADER_ERROR_INVALID_MD5, REFLASH_CAUSE_DIGEST_MISMATCH);
}

static esp_loader_error_t write_image(esp_loader_t *loader, reflash_image_t *image, reflash_job_t *job)
{
    esp_loader_flash_cfg_t cfg = {
        .offset = image->flash_addr,
        .image_size = image->bytes,
        .block_size = job->block_bytes != 0 ? job->block_bytes : DEFAULT_BLOCK_BYTES,
        .skip_verify = true, /* proved with all the others, after the last write of the job */
    };
    image->result = REFLASH_RESULT_FAILED; /* until it is proved */
    if (!report(job, REFLASH_STEP_WRITING, image, 0)) {
        return stopped(loader);
    }
    job->erased_bytes += sectors_of(image) * REFLASH_SECTOR_BYTES;
    image->sectors_written = sectors_of(image);
    RETURN_ON_ERROR(esp_loader_flash_start(loader, &cfg));
    for (uint32_t done_bytes = 0; done_bytes < image->bytes;) {
        const uint32_t left_bytes = image->bytes - done_bytes;
        const uint32_t block_bytes = left_bytes < cfg.block_size ? left_bytes : cfg.block_size;
        RETURN_ON_ERROR(esp_loader_flash_write(loader, &cfg, image->data + done_bytes, block_bytes));
        done_bytes += block_bytes;
        if (!report(job, REFLASH_STEP_WRITING, image, done_bytes)) {
            return stopped(loader);
        }
    }
    return esp_loader_flash_finish(loader, &cfg);
}

static esp_loader_error_t write_differences(esp_loader_t *loader, reflash_image_t *images, uint32_t image_count,
                                            reflash_job_t *job)
{
    for (unsigned kind = 0; kind < REFLASH_KIND_COUNT; kind++) {
        for (uint32_t at = 0; at < image_count; at++) {
            if (images[at].kind == kind && images[at].result == REFLASH_RESULT_PENDING) {
                RETURN_ON_ERROR(write_image(loader, &images[at], job));
            }
        }
    }
    return ESP_LOADER_SUCCESS;
}

esp_loader_error_t reflash_update(esp_loader_t *loader, reflash_image_t *images, uint32_t image_count,
                                  reflash_job_t *job)
{
    reflash_begin(loader);
    if (images == NULL || image_count == 0 || job == NULL ||
        (job->block_bytes != 0 && !reflash_is_block_size(loader, job->block_bytes))) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_INVALID_PARAM);
    }
    if (loader->_chip != NULL && !reflash_knows(loader, REFLASH_SPI_FLASH_MD5)) {
        return reflash_refuse(loader, ESP_LOADER_ERROR_UNSUPPORTED_FUNC);
    }
    job->erased_bytes = 0;
    for (uint32_t at = 0; at < image_count; at++) {
        images[at].result = REFLASH_RESULT_PENDING;
        images[at].sectors_written = 0;
    }
    RETURN_ON_ERROR(check_images(loader, images, image_count));
    const esp_loader_error_t err = compare_all(loader, images, image_count, job, REFLASH_RESULT_PENDING);
    if (err != ESP_LOADER_ERROR_INVALID_MD5) {
        return err; /* if it is success, nothing was written since they were asked */
    }
    RETURN_ON_ERROR(write_differences(loader, images, image_count, job));
    /* Commands carry no checksum: one that was damaged may have erased or written a neighbour. So everything is asked
     * again once nothing more will be written, and an image counts as there only now. */
    return compare_all(loader, images, image_count, job, REFLASH_RESULT_FAILED);
}
