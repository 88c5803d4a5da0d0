/* SPDX-License-Identifier: Apache-2.0 */
#include "erase.h"

#include <mbedtls/md5.h>
#include <string.h>

#include "job.h"
#include "range.h"

/* Part of a sector cannot be erased, and what else is in it is not ours. */
static status_t check_sectors(job_t *job, const range_t *range)
{
    const uint32_t mask = REFLASH_SECTOR_BYTES - 1;
    if (((range->flash_addr | range->bytes) & mask) == 0) {
        return STATUS_OK;
    }
    const uint64_t first = range->flash_addr & ~mask;
    const uint64_t end = ((uint64_t)range->flash_addr + range->bytes + mask) & ~(uint64_t)mask;
    return job_refuse(
        job, STATUS_USAGE,
        "flash is erased in sectors of 0x1000 bytes, and 0x%x bytes at 0x%x are no whole ones. To erase all "
        "sectors that they are in: reflash erase 0x%llx 0x%llx",
        range->bytes, range->flash_addr, (unsigned long long)first, (unsigned long long)(end - first));
}

static void digest_of_blank(uint32_t bytes, uint8_t digest[16])
{
    uint8_t blank[REFLASH_SECTOR_BYTES];
    memset(blank, 0xFF, sizeof(blank));
    mbedtls_md5_context md5;
    mbedtls_md5_init(&md5);
    (void)mbedtls_md5_starts_ret(&md5);
    for (uint32_t done = 0; done < bytes; done += sizeof(blank)) {
        (void)mbedtls_md5_update_ret(&md5, blank, sizeof(blank));
    }
    (void)mbedtls_md5_finish_ret(&md5, digest);
    mbedtls_md5_free(&md5);
}

static status_t prove(job_t *job, const range_t *range, bool *proved)
{
    uint8_t digest[16];
    digest_of_blank(range->bytes, digest);
    const esp_loader_error_t err =
        reflash_flash_verify_md5(&job->target.loader, range->flash_addr, range->bytes, digest);
    *proved = err == ESP_LOADER_SUCCESS;
    if (err == ESP_LOADER_ERROR_INVALID_MD5) {
        return job_refuse(job, STATUS_TARGET,
                          "the flash is not blank after it was erased; it is worn, or protected against writing");
    }
    /* An ESP8266 without a stub has no digests. */
    return err == ESP_LOADER_SUCCESS || err == ESP_LOADER_ERROR_UNSUPPORTED_FUNC
               ? STATUS_OK
               : job_give_up_on_target(job, STATUS_TARGET, err);
}

static status_t erase_connected(job_t *job, range_t *range, bool *proved)
{
    status_t status = range_resolve(job, range);
    status = status == STATUS_OK ? check_sectors(job, range) : status; /* a partition may be any */
    if (status != STATUS_OK) {
        return status;
    }
    const bool all = range->kind == RANGE_ALL;
    output_line(&job->output, "Erasing %s0x%x bytes at 0x%x%s...", all ? "the whole flash, " : "", range->bytes,
                range->flash_addr, all ? ", with everything that is on it" : "");
    const esp_loader_error_t err =
        all ? esp_loader_flash_erase(&job->target.loader)
            : esp_loader_flash_erase_region(&job->target.loader, range->flash_addr, range->bytes);
    if (err != ESP_LOADER_SUCCESS || commands_interrupted) {
        return job_give_up_on_target(job, STATUS_TARGET, err);
    }
    job->erased_bytes = range->bytes;
    return prove(job, range, proved);
}

status_t erase_run(const options_t *options, int word_count, char *const *words)
{
    static const job_needs_t needs = {.loader = TARGET_STUB_IF_POSSIBLE};
    job_t job;
    range_t range;
    bool proved = false;
    job_begin(&job, options);
    status_t status = range_parse(&job, word_count, words, &range);
    if (status == STATUS_OK && range.kind == RANGE_GIVEN) {
        status = check_sectors(&job, &range);
    }
    status = status == STATUS_OK ? job_connect(&job, &needs) : status;
    status = status == STATUS_OK ? erase_connected(&job, &range, &proved) : status;
    if (status == STATUS_OK) {
        output_line(&job.output,
                    proved ? "Erased and verified blank" : "Erased; this loader cannot compare, so it is not verified");
        job_tell_cost(&job);
        status = job_leave(&job);
    }
    job_summarise(&job, status,
                  json_pack("{s:I, s:b}", "erased_bytes", (json_int_t)job.erased_bytes, "verified", proved));
    return job_end(&job, status);
}
