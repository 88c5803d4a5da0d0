/* SPDX-License-Identifier: Apache-2.0 */
/* What not knowing costs: the engine's plan, in random cases, against that fixed strategy that turns out to be the best
 * for all of them together; and, which no strategy can keep up with, against the best one for each. All are priced by
 * the true costs of the case, which the plan does not know; nothing is sent anywhere.
 *
 *     regret [SEED [CASES]]   the report, as Markdown; exit status 1: a limit was exceeded
 *     regret -v SEED          one case, in detail
 *
 * The case of a seed is that seed's alone: a report names its worst ones. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs.h"

enum { CASES_MAX = 100000 };

/* Against what a case is held. */
typedef enum { ONE_FOR_ALL, BEST_OF_EACH, RIVAL_COUNT } rival_t;
static const char *const rival_titles[RIVAL_COUNT] = {"Of the best fixed strategy",
                                                      "Of the best strategy for each case"};

/* Of the median, the 99th percentile and the worst case: what is promised of the one, and beyond what something got lost. */
enum { FIGURE_COUNT = 3 };
static const char *const figure_names[FIGURE_COUNT] = {"median", "99th percentile", "most"};
static const double limits[RIVAL_COUNT][FIGURE_COUNT] = {{1.03, 1.15, 1.5}, {1.03, 1.4, 2.2}};

typedef struct {
    double regret[RIVAL_COUNT];
    double ours_us;
    double fixed_us[STRATEGY_COUNT];
    uint64_t seed;
    unsigned class;
    unsigned latency, size; /* classes of these */
} result_t;

static result_t results[CASES_MAX];
static double values[CASES_MAX];

static double best_of_case_us(const result_t *result)
{
    double best_us = HUGE_VAL;
    for (unsigned strategy = 0; strategy < STRATEGY_COUNT; strategy++) {
        best_us = fmin(best_us, result->fixed_us[strategy]);
    }
    return best_us;
}

static result_t run_case(uint64_t seed, bool tell)
{
    static case_t drawn;
    const case_t *c = &drawn;
    draw_case(&drawn, seed);
    uint32_t sectors = 0;
    for (unsigned index = 0; index < c->image_count; index++) {
        sectors += c->images[index].sectors;
    }
    const double ms = c->turnaround_us / 1000;
    result_t result = {.seed = seed,
                       .class = c->class,
                       .latency = ms < 4    ? 0
                                  : ms < 16 ? 1
                                  : ms < 60 ? 2
                                            : 3,
                       .size = sectors <= 16    ? 0
                               : sectors <= 128 ? 1
                               : sectors <= 512 ? 2
                                                : 3};
    if (tell) {
        (void)printf("%llu: %s, %s, %u baud, %.1f ms (told %u), sector %.1f us/md5 %.0f/%.0f, erase %.0f/%.0f ms\n",
                     (unsigned long long)seed, class_names[c->class], c->chip->name, c->baud, ms, c->told_ms,
                     c->program_us, c->md5_us[0] * 4096, c->md5_us[1] * 4096, c->erase_sector_us / 1000,
                     c->erase_block_us / 1000);
    }
    for (unsigned strategy = 0; strategy < STRATEGY_COUNT; strategy++) {
        result.fixed_us[strategy] = connect_us(c) + strategy_us(c, strategy);
        if (tell && (strategy / 2 % 2 == 0 || c->stub)) {
            (void)printf("    %-46s %9.1f ms\n", strategy_name(strategy), result.fixed_us[strategy] / 1000);
        }
    }
    result.ours_us = connect_us(c) + our_us(c, tell);
    result.regret[BEST_OF_EACH] = result.ours_us / best_of_case_us(&result);
    if (tell) {
        (void)printf("    connecting, in all of these, %.1f ms; ours %.1f ms, %.3f of the best\n", connect_us(c) / 1000,
                     result.ours_us / 1000, result.regret[BEST_OF_EACH]);
    }
    return result;
}

/* The one with the least seconds for all cases together. */
static unsigned find_best_strategy(unsigned count)
{
    unsigned best = 0;
    double best_us = HUGE_VAL;
    for (unsigned strategy = 0; strategy < STRATEGY_COUNT; strategy++) {
        double total_us = 0;
        for (unsigned at = 0; at < count; at++) {
            total_us += results[at].fixed_us[strategy];
        }
        best = total_us < best_us ? strategy : best;
        best_us = fmin(best_us, total_us);
    }
    return best;
}

static int by_first_regret(const void *a, const void *b)
{
    const double difference = ((const result_t *)a)->regret[ONE_FOR_ALL] - ((const result_t *)b)->regret[ONE_FOR_ALL];
    return (difference > 0) - (difference < 0);
}

static int by_second_regret(const void *a, const void *b)
{
    const double difference = ((const result_t *)a)->regret[BEST_OF_EACH] - ((const result_t *)b)->regret[BEST_OF_EACH];
    return (difference > 0) - (difference < 0);
}

static int (*const orders[RIVAL_COUNT])(const void *, const void *) = {by_first_regret, by_second_regret};

/* A line of a table: the cases in which `what` (where in a result) is `is`; what: 0, all. The results are sorted. */
static void print_row(rival_t rival, const char *name, unsigned count, size_t what, unsigned is)
{
    static const double borders[] = {0.9, 1.001, 1.03, 1.15, 1.5};
    enum { BIN_COUNT = 1 + sizeof(borders) / sizeof(borders[0]) };
    unsigned bins[BIN_COUNT] = {0};
    unsigned found = 0;
    for (unsigned at = 0; at < count; at++) {
        if (what == 0 || *(const unsigned *)(const void *)((const char *)&results[at] + what) == is) {
            const double regret = results[at].regret[rival];
            unsigned bin = 0;
            while (bin < BIN_COUNT - 1 && regret > borders[bin]) {
                bin++;
            }
            bins[bin]++;
            values[found++] = regret;
        }
    }
    if (found == 0) {
        return;
    }
    (void)printf("| %s | %u | %.3f | %.3f | %.3f | %.3f |", name, found, values[found / 2], values[found * 9 / 10],
                 values[found * 99 / 100], values[found - 1]);
    for (unsigned bin = 0; bin < BIN_COUNT; bin++) {
        (void)printf(" %.1f |", 100.0 * bins[bin] / found);
    }
    (void)printf("\n");
}

static void print_head(const char *what)
{
    (void)printf("\n| %s | cases | median | 90 %% | 99 %% | most | %% to 0.9 | to 1.001 | to 1.03 | to 1.15 | to 1.5 | "
                 "more |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
                 what);
}

static void print_cases(uint64_t seed, unsigned count)
{
    (void)printf("# Regret\n\nWritten by `make regret`; not edited by hand. Seeds %llu to %llu, a case each.\n\n",
                 (unsigned long long)seed, (unsigned long long)(seed + count - 1));
    (void)fputs(
        "What it costs that the engine does not know beforehand what the target holds: its plan, which asks, in "
        "random\n"
        "cases. The regret of a case is the seconds of the job as planned, through those of a fixed strategy; both "
        "include\n"
        "connecting. Nothing is sent: `bench/regret/` drives the plan as the engine does and prices what it asks and\n"
        "writes by the true costs of the case, which the plan does not know: every byte both ways, turnarounds, "
        "hashes,\n"
        "erases as mask ROMs and stubs do them, programs, unpacking, what a stub does while it receives, its upload, "
        "the\n"
        "proof.\n\n"
        "Fixed strategies: write all unasked; ask about whole images, 64 KiB blocks or sectors and write the ones "
        "that\n"
        "differ; each by the mask ROM or by a stub, with plain or compressed data, as far as the case has these: 16 in "
        "all.\n\n"
        "The *best fixed strategy* is that one of them with which all cases together take the least seconds: what "
        "somebody\n"
        "would choose who had to choose one, and knew all cases beforehand. The *best strategy for each case* would "
        "have\n"
        "to know each target's content beforehand, and its speed; nobody can keep up with that. Of two contents that "
        "look\n"
        "the same at first, such as an image that is unchanged and one with a single changed sector, one wants the "
        "digest\n"
        "of the whole image and the other those of its blocks, and whoever guesses wrong pays for both.\n\n"
        "## Cases\n\n"
        "| what | how often |\n| --- | --- |\n"
        "| chip | ESP32, S2, S3, C3, C6, P4 alike; hashes and unpacks 0.7 to 1.4 times as long as believed |\n"
        "| baud | 115200, 230400, 460800, 921600, 1500000, 2000000 alike |\n"
        "| latency | 1 to 200 ms by logarithm; up to 16 ms (USB) nobody told the host, beyond it was told with 20 % "
        "error |\n"
        "| flash | erases take 1 to 4 times as long as a new part's, by logarithm, and +- 25 %; programming 0.8 to 2 "
        "times |\n"
        "| stub, compressed data | 75 %, 80 % of the cases have them |\n"
        "| images | 1 to 4 alike, of 1 to 1024 sectors by logarithm; compressed 35 to 100 % is left |\n",
        stdout);
    (void)printf("| content | ");
    for (unsigned pattern = 0; pattern < PATTERN_COUNT; pattern++) {
        (void)printf("%s%s %u %%", pattern == 0 ? "" : ", ", class_names[pattern], pattern_weights[pattern]);
    }
    (void)fputs("; the same for all images, or by chance for each (\"mixed\") |\n\n"
                "A code change leaves what is in front of it: in half of the cases less than 1.3 % of the image.\n",
                stdout);
}

static void print_distribution(rival_t rival, unsigned count)
{
    static const char *const latencies[] = {"1 to 4 ms", "4 to 16 ms", "16 to 60 ms", "60 to 200 ms"};
    static const char *const sizes[] = {"to 64 KiB", "to 512 KiB", "to 2 MiB", "to 16 MiB"};
    (void)printf("\n## %s\n", rival_titles[rival]);
    print_head("regret");
    print_row(rival, "all", count, 0, 0);
    print_head("content");
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        print_row(rival, class_names[class], count, offsetof(result_t, class), class);
    }
    print_head("latency");
    for (unsigned latency = 0; latency < sizeof(latencies) / sizeof(latencies[0]); latency++) {
        print_row(rival, latencies[latency], count, offsetof(result_t, latency), latency);
    }
    print_head("all images");
    for (unsigned size = 0; size < sizeof(sizes) / sizeof(sizes[0]); size++) {
        print_row(rival, sizes[size], count, offsetof(result_t, size), size);
    }
    (void)printf("\nSeeds of the worst, each with its regret (`bench_regret -v SEED` tells of one):");
    for (unsigned at = count; at > 0 && at + 10 > count; at--) {
        (void)printf(" %llu (%.2f)", (unsigned long long)results[at - 1].seed, results[at - 1].regret[rival]);
    }
    (void)printf(".\n");
}

static int report(uint64_t seed, unsigned count)
{
    double found[RIVAL_COUNT][FIGURE_COUNT];
    double ours_us = 0;
    double its_us = 0;
    for (unsigned at = 0; at < count; at++) {
        results[at] = run_case(seed + at, false);
    }
    const unsigned strategy = find_best_strategy(count);
    for (unsigned at = 0; at < count; at++) {
        results[at].regret[ONE_FOR_ALL] = results[at].ours_us / results[at].fixed_us[strategy];
        ours_us += results[at].ours_us;
        its_us += results[at].fixed_us[strategy];
    }
    bool failed = false;
    for (rival_t rival = 0; rival < RIVAL_COUNT; rival++) {
        qsort(results, count, sizeof(results[0]), orders[rival]);
        const unsigned ranks[FIGURE_COUNT] = {count / 2, count * 99 / 100, count - 1};
        for (unsigned figure = 0; figure < FIGURE_COUNT; figure++) {
            found[rival][figure] = results[ranks[figure]].regret[rival];
            failed = failed || found[rival][figure] > limits[rival][figure];
        }
    }
    print_cases(seed, count);
    (void)printf("\n## Figures\n\nThe best fixed strategy is: %s. All cases together take the engine %.2f of its "
                 "seconds.\n\n"
                 "| regret | of the best fixed strategy | promised | of the best for each case | the test fails beyond "
                 "|\n| --- | ---: | ---: | ---: | ---: |\n",
                 strategy_name(strategy), ours_us / its_us);
    for (unsigned figure = 0; figure < FIGURE_COUNT; figure++) {
        (void)printf("| %s | %.3f | %.2f | %.3f | %.2f |\n", figure_names[figure], found[ONE_FOR_ALL][figure],
                     limits[ONE_FOR_ALL][figure], found[BEST_OF_EACH][figure], limits[BEST_OF_EACH][figure]);
    }
    (void)printf(
        "\nThe chances in `src/reflash/plan.c` and the usual flash part in `model.h` were chosen on other seeds "
        "(2000000 on).\n");
    for (rival_t rival = 0; rival < RIVAL_COUNT; rival++) {
        qsort(results, count, sizeof(results[0]), orders[rival]);
        print_distribution(rival, count);
    }
    if (failed) {
        (void)fprintf(stderr, "seed %llu: a figure is beyond its limit\n", (unsigned long long)seed);
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "-v") == 0) {
        (void)run_case(strtoull(argv[2], NULL, 10), true);
        return EXIT_SUCCESS;
    }
    const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    const unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
    return report(seed, count > 0 && count <= CASES_MAX ? (unsigned)count : CASES_MAX);
}
