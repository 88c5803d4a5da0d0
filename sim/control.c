/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

enum { BAUD_MIN = 50, BAUD_MAX = 5000000, WORDS_MAX = 3, LINE_BYTES = 128 };

static const char *level(bool low)
{
    return low ? "low" : "high";
}

/* One of two words. */
static bool choose(const char *word, const char *no, const char *yes, bool *value)
{
    *value = strcmp(word, yes) == 0;
    return *value || strcmp(word, no) == 0;
}

static bool set_boot(espsim_rig_t *rig, char *const *words, uint64_t now_ns)
{
    bool low;
    (void)now_ns;
    if (!choose(words[1], "high", "low", &low)) {
        return false;
    }
    espsim_rig_hold(rig, rig->strap_reset, low);
    return true;
}

static bool set_reset(espsim_rig_t *rig, char *const *words, uint64_t now_ns)
{
    bool low;
    (void)now_ns;
    if (!choose(words[1], "high", "low", &low)) {
        return false;
    }
    espsim_rig_hold(rig, low, rig->strap_boot);
    return true;
}

static bool pulse_reset(espsim_rig_t *rig, char *const *words, uint64_t now_ns)
{
    (void)words;
    (void)now_ns;
    espsim_rig_reset(rig, rig->strap_boot || rig->wire_boot);
    return true;
}

static bool set_lines(espsim_rig_t *rig, char *const *words, uint64_t now_ns)
{
    bool dtr;
    bool rts;
    if (!choose(words[1], "0", "1", &dtr) || !choose(words[2], "0", "1", &rts)) {
        return false;
    }
    espsim_rig_set_lines(rig, dtr, rts, now_ns);
    return true;
}

static bool set_power(espsim_rig_t *rig, char *const *words, uint64_t now_ns)
{
    bool on;
    (void)now_ns;
    if (!choose(words[1], "off", "on", &on)) {
        return false;
    }
    espsim_rig_power(rig, on);
    return true;
}

static bool set_baud(espsim_rig_t *rig, char *const *words, uint64_t now_ns)
{
    enum { BASE = 10 };
    char *end;
    const unsigned long baud = strtoul(words[1], &end, BASE);
    (void)now_ns;
    if (strcmp(words[1], "auto") == 0) {
        rig->forced_baud = 0;
        return true;
    }
    if (*end != '\0' || words[1][0] == '-' || baud < BAUD_MIN || baud > BAUD_MAX) {
        return false;
    }
    rig->forced_baud = (uint32_t)baud;
    return true;
}

static bool report(espsim_rig_t *rig, char *const *words, uint64_t now_ns)
{
    (void)words;
    (void)now_ns;
    return rig->report_path != NULL && espsim_report_to(rig->sim, rig->report_path);
}

static const struct {
    const char *name;
    unsigned word_count;
    bool (*run)(espsim_rig_t *rig, char *const *words, uint64_t now_ns);
    const char *usage;
} commands[] = {
    {"report", 1, report, "report, with --report FILE that can be written"},
    {"boot", 2, set_boot, "boot low|high"},
    {"reset", 1, pulse_reset, "reset [low|high]"},
    {"reset", 2, set_reset, "reset [low|high]"},
    {"lines", 3, set_lines, "lines DTR RTS (0 or 1 each)"},
    {"power", 2, set_power, "power off|on"},
    {"baud", 2, set_baud, "baud RATE|auto (50 to 5000000)"},
};

static void tell(const espsim_rig_t *rig, char answer[ESPSIM_CONTROL_ANSWER_BYTES])
{
    char host[16] = "auto";
    const uint32_t baud = espsim_rig_host_baud(rig);
    if (baud != 0) {
        (void)snprintf(host, sizeof(host), "%u", baud);
    }
    (void)snprintf(answer, ESPSIM_CONTROL_ANSWER_BYTES,
                   "ok power=%s reset=%s boot=%s dtr=%d rts=%d baud=%u host-baud=%s loader=%s",
                   espsim_is_off(rig->sim) ? "off" : "on", level(rig->strap_reset || rig->wire_reset),
                   level(rig->strap_boot || rig->wire_boot), rig->dtr, rig->rts, espsim_baud(rig->sim), host,
                   espsim_in_loader(rig->sim) ? "yes" : "no");
}

static void tell_time(const espsim_rig_t *rig, char answer[ESPSIM_CONTROL_ANSWER_BYTES])
{
    const espsim_stats_t *stats = espsim_stats(rig->sim);
    int used = snprintf(answer, ESPSIM_CONTROL_ANSWER_BYTES, "ok now=%" PRIu64, espsim_now(rig->sim));
    for (unsigned cause = 0; cause < ESPSIM_CAUSE_COUNT; cause++) {
        used += snprintf(answer + used, ESPSIM_CONTROL_ANSWER_BYTES - (size_t)used, " %s=%" PRIu64,
                         espsim_cause_name(cause), stats->spent_ns[cause]);
    }
}

static const struct {
    const char *name;
    void (*tell)(const espsim_rig_t *rig, char answer[ESPSIM_CONTROL_ANSWER_BYTES]);
} questions[] = {{"status", tell}, {"time", tell_time}};

void espsim_control(espsim_rig_t *rig, const char *line, uint64_t now_ns, char answer[ESPSIM_CONTROL_ANSWER_BYTES])
{
    char text[LINE_BYTES];
    char *words[WORDS_MAX + 1] = {NULL};
    char *state = NULL;
    unsigned count = 0;
    const char *usage = NULL;
    (void)snprintf(text, sizeof(text), "%s", line);
    for (char *word = strtok_r(text, " \t\r", &state); word != NULL && count <= WORDS_MAX;
         word = strtok_r(NULL, " \t\r", &state)) {
        words[count++] = word;
    }
    espsim_rig_count(rig, now_ns);
    for (size_t row = 0; row < sizeof(questions) / sizeof(questions[0]) && count == 1; row++) {
        if (strcmp(words[0], questions[row].name) == 0) {
            questions[row].tell(rig, answer);
            return;
        }
    }
    for (size_t row = 0; row < sizeof(commands) / sizeof(commands[0]); row++) {
        if (count == 0 || strcmp(words[0], commands[row].name) != 0) {
            continue;
        }
        usage = commands[row].usage;
        if (count == commands[row].word_count && commands[row].run(rig, words, now_ns)) {
            (void)snprintf(answer, ESPSIM_CONTROL_ANSWER_BYTES, "ok");
            return;
        }
    }
    (void)snprintf(answer, ESPSIM_CONTROL_ANSWER_BYTES, "error %s%s", usage != NULL ? "it is: " : "",
                   usage != NULL ? usage : "there are boot, reset, lines, power, baud, status, time and report");
}
