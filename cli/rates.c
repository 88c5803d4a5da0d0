/* SPDX-License-Identifier: Apache-2.0 */
#include "rates.h"

#include "chip_formats.h"
#include "commands.h"

enum {
    MAC_QUESTIONS = 2,
    MAC_WIRE_MS = 7,           /* both, at the first rate */
    SET_UP_QUESTIONS = 11,     /* that tell of the flash */
    QUESTIONS_OF_AN_IMAGE = 2, /* if it is there */
    CHANGE_QUESTIONS = 3,      /* what the ROM takes its clock for, the rate, SYNC */
    CHANGE_WIRE_MS = 10,
    PROOF_QUESTIONS = 32 /* of a rate that nobody asked for */
};

esp_loader_error_t rates_measure(target_t *target, uint8_t mac[6])
{
    const double begun = target_seconds(target);
    RETURN_ON_ERROR(esp_loader_read_mac(&target->loader, mac));
    const double took_ms = (target_seconds(target) - begun) * 1000 - MAC_WIRE_MS;
    target->turnaround_ms = took_ms < MAC_QUESTIONS ? 1 : (uint32_t)(took_ms / MAC_QUESTIONS);
    if (!target_is_near(target)) {
        target->link = (reflash_link_t)REFLASH_LINK_DEFAULT();
        target->link.round_trip_ms = (uint16_t)(target->turnaround_ms < 1000 ? target->turnaround_ms : 1000);
        reflash_set_link(&target->loader, &target->link);
    }
    return ESP_LOADER_SUCCESS;
}

static uint32_t choose(const rates_t *rates, const target_t *target, const reflash_work_t *least,
                       const reflash_work_t *most)
{
    reflash_target_t chip = {.chip_id = 0};
    (void)reflash_describe_target(&target->loader, &chip);
    const reflash_line_t line = {.chip = chip_format_row((int)chip.chip_id),
                                 .baud = target->baud,
                                 .turnaround_us = target->turnaround_ms * 1000,
                                 .stub = target->has_stub,
                                 .may_stub = rates->may_stub,
                                 .has_packed = rates->has_packed};
    const uint32_t questions = CHANGE_QUESTIONS + (target_is_near(target) ? 0u : 1u); /* a server answers, too */
    const uint32_t change_ms = CHANGE_WIRE_MS + 2 * target_settle_ms(target) + questions * target->turnaround_ms;
    const uint32_t proof_ms = PROOF_QUESTIONS * (target->turnaround_ms + 1);
    const reflash_rate_t choices[] = {{USUAL_BAUD, change_ms},
                                      {target_baud_below(TARGET_HIGHEST_BAUD), change_ms + proof_ms}};
    const uint32_t count = rates->search ? 2 : 1;
    const reflash_rate_t *chosen =
        line.chip != NULL ? reflash_choose_rate(&line, choices, count, least, most) : &choices[count - 1];
    return chosen == NULL ? target->baud : chosen == &choices[1] ? TARGET_HIGHEST_BAUD : chosen->baud;
}

uint32_t rates_begin(rates_t *rates, const target_t *target)
{
    reflash_work_t least = {.questions = SET_UP_QUESTIONS + QUESTIONS_OF_AN_IMAGE * rates->images,
                            .hashed = rates->job == RATES_REWRITE ? 0 : rates->sectors,
                            .written = rates->job == RATES_REWRITE ? rates->sectors : 0};
    reflash_work_t most = least;
    most.written = rates->job >= RATES_FLASH ? rates->sectors : 0;
    rates->open = true;
    return choose(rates, target, &least, &most);
}

uint32_t rates_for_data(const rates_t *rates, const target_t *target, uint32_t sectors)
{
    const reflash_work_t work = {.questions = rates->images, .hashed = sectors, .written = sectors};
    return rates->open ? choose(rates, target, &work, &work) : target->baud;
}
