/* SPDX-License-Identifier: Apache-2.0 */
#include "range.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inputs_support.h"
#include "partitions.h"

bool range_parse_size(const char *text, uint32_t *bytes)
{
    static const struct {
        const char *name;
        unsigned shift;
    } units[] = {{"", 0}, {"K", 10}, {"k", 10}, {"KB", 10}, {"M", 20}, {"MB", 20}};
    const bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    if (isdigit((unsigned char)text[0]) == 0) {
        return false;
    }
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, hexadecimal ? 16 : 10);
    for (unsigned row = 0; errno == 0 && row < sizeof(units) / sizeof(units[0]); row++) {
        if (strcmp(end, units[row].name) == 0) {
            *bytes = (uint32_t)(number << units[row].shift);
            return number > 0 && number <= UINT32_MAX >> units[row].shift;
        }
    }
    return false;
}

static status_t parse_words(job_t *job, int word_count, char *const *words, range_t *range)
{
    if (word_count != 2) {
        return job_refuse(job, STATUS_USAGE,
                          "say which part of the flash: ADDR SIZE (0x10000 64K), --partition NAME or --all");
    }
    const char *wrong = inputs_parse_addr(words[0], &range->flash_addr);
    if (wrong != NULL) {
        return job_refuse(job, STATUS_USAGE, "the address \"%s\" %s; give ADDR SIZE such as 0x10000 64K", words[0],
                          wrong);
    }
    if (!range_parse_size(words[1], &range->bytes)) {
        return job_refuse(job, STATUS_USAGE, "the size \"%s\" is none; give ADDR SIZE such as 0x10000 64K", words[1]);
    }
    return STATUS_OK;
}

status_t range_parse(job_t *job, int word_count, char *const *words, range_t *range)
{
    const options_t *options = job->options;
    *range = (range_t){.kind = options->partition != NULL ? RANGE_PARTITION : options->all ? RANGE_ALL : RANGE_GIVEN};
    if (range->kind == RANGE_GIVEN) {
        return parse_words(job, word_count, words, range);
    }
    if (word_count > 0 || (options->all && options->partition != NULL)) {
        return job_refuse(job, STATUS_USAGE, "ADDR SIZE, --partition and --all exclude each other");
    }
    return STATUS_OK;
}

status_t range_resolve(job_t *job, range_t *range)
{
    if (range->kind == RANGE_ALL) {
        range->bytes = job->flash_bytes;
    } else if (range->kind == RANGE_PARTITION) {
        partition_t partition;
        const status_t status = partitions_find_named(job, &partition);
        if (status != STATUS_OK) {
            return status;
        }
        range->flash_addr = partition.flash_addr;
        range->bytes = partition.bytes;
    }
    const uint32_t flash_bytes = job->flash_bytes;
    if (range->flash_addr >= flash_bytes) {
        return job_refuse(job, STATUS_INPUT, "0x%x is beyond the flash, which ends at 0x%x", range->flash_addr,
                          flash_bytes);
    }
    if (range->bytes > flash_bytes - range->flash_addr) {
        return job_refuse(job, STATUS_INPUT,
                          "0x%x bytes from 0x%x on leave the flash, which ends at 0x%x; at most 0x%x are there",
                          range->bytes, range->flash_addr, flash_bytes, flash_bytes - range->flash_addr);
    }
    return job_reach(job, range->flash_addr + range->bytes);
}
