/* SPDX-License-Identifier: BSD-3-Clause */
#include "compare_output.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    MOST_NAMED = 20 /* ids in a list */
};

static void print_sessions(const compare_work *work)
{
    for (int64_t k = 0; k < work->n; k++) {
        const spk_spikes *s = &work->sortings[k];
        const char *role = work->n > 2               ? "sorter"
                           : !work->arguments->truth ? (k == 0 ? "first" : "second")
                           : k == 0                  ? "truth"
                                                     : "tested";
        printf("%-7s %s: %" PRId64 " units, %" PRId64 " spikes\n", role, work->paths[k],
               s->n_units, s->n_spikes);
    }
}

/* A count of units, and the ids of the first of them. */
static void print_units(const char *what, int64_t n_all, const compare_work *work, int k,
                        int32_t class, const char *explanation)
{
    const spk_comparison_unit *units = k == 0 ? spk_comparison_units_a(work->comparison)
                                              : spk_comparison_units_b(work->comparison);
    const int64_t *ids = work->selections[k].unit_ids;
    int64_t n = 0;
    for (int64_t u = 0; u < n_all; u++)
        n += class == 0 ? units[u].assigned_match < 0 : (units[u].classes & class) != 0;
    printf("%-15s %" PRId64 " of %" PRId64 " units%s%s", what, n, n_all,
           explanation[0] == '\0' ? "" : " ", explanation);
    int64_t named = 0;
    for (int64_t u = 0; u < n_all && class != SPK_COMPARISON_WELL_DETECTED; u++) {
        if (class == 0 ? units[u].assigned_match >= 0 : (units[u].classes & class) == 0)
            continue;
        if (named < MOST_NAMED)
            printf("%s %" PRId64, named == 0 ? ":" : ",", ids[u]);
        else if (named == MOST_NAMED)
            printf(", ...");
        named++;
    }
    printf("\n");
}

static void print_mean(const char *what, double sum, int64_t n)
{
    if (n == 0)
        printf("  %-10s -\n", what);
    else
        printf("  %-10s %.4f\n", what, sum / (double)n);
}

static void print_truth(const compare_work *work)
{
    const spk_comparison_options *o = &work->arguments->comparison;
    const spk_comparison_performance *p =
        spk_comparison_get_performance(work->comparison);
    const int64_t n_truth = work->sortings[0].n_units,
                  n_tested = work->sortings[1].n_units;
    char text[160];
    snprintf(text, sizeof text, "of the truth (agreement >= %g)", o->well_detected_score);
    print_units("well detected", n_truth, work, 0, SPK_COMPARISON_WELL_DETECTED, text);
    snprintf(text, sizeof text, "of the truth (no match with agreement >= %g)",
             o->match_score);
    print_units("not found", n_truth, work, 0, 0, text);
    if (work->arguments->exhaustive) {
        snprintf(text, sizeof text, "tested (best agreement < %g)", o->redundant_score);
        print_units("false positive", n_tested, work, 1, SPK_COMPARISON_FALSE_POSITIVE,
                    text);
        print_units("redundant", n_tested, work, 1, SPK_COMPARISON_REDUNDANT,
                    "tested (another matches the same unit better)");
        snprintf(text, sizeof text, "tested (agreement > %g with two or more)",
                 o->overmerged_score);
        print_units("over-merged", n_tested, work, 1, SPK_COMPARISON_OVERMERGED, text);
        print_units("bad", n_tested, work, 1, SPK_COMPARISON_BAD,
                    "tested (matched to no unit of the truth)");
    }
    double sums[3] = {0};
    int64_t n[2] = {0};
    for (int64_t i = 0; i < n_truth; i++) {
        if (p[i].tp + p[i].fn > 0) {
            sums[0] += p[i].accuracy;
            sums[1] += p[i].recall;
            n[0]++;
        }
        if (p[i].tp + p[i].fp > 0) {
            sums[2] += p[i].precision;
            n[1]++;
        }
    }
    printf("mean of the units of the truth (precision: of those with a match)\n");
    print_mean("accuracy", sums[0], n[0]);
    print_mean("recall", sums[1], n[0]);
    print_mean("precision", sums[2], n[1]);
}

static void print_pair(const compare_work *work)
{
    const spk_comparison_unit *units = spk_comparison_units_a(work->comparison);
    const spk_comparison_options *o = &work->arguments->comparison;
    double sum = 0.0;
    int64_t n = 0;
    for (int64_t i = 0; i < work->sortings[0].n_units; i++)
        if (units[i].assigned_match >= 0) {
            sum += units[i].assigned_agreement;
            n++;
        }
    printf("matched         %" PRId64 " pairs of units (agreement >= %g)", n,
           o->match_score);
    if (n > 0)
        printf(", mean agreement %.4f", sum / (double)n);
    printf("\n");
    print_units("only in first", work->sortings[0].n_units, work, 0, 0, "");
    print_units("only in second", work->sortings[1].n_units, work, 1, 0, "");
}

static void print_consensus(const compare_work *work)
{
    const int64_t n = spk_consensus_n_units(work->consensus);
    const int32_t *n_members = spk_consensus_n_members(work->consensus);
    printf("%" PRId64 " units in all\n", n);
    for (int64_t m = work->n; m >= 1; m--) {
        int64_t found = 0;
        for (int64_t u = 0; u < n; u++)
            found += n_members[u] == m;
        printf("found by %" PRId64 " of %" PRId64 "   %" PRId64 "\n", m, work->n, found);
    }
}

void compare_summary_print(const compare_work *work)
{
    const double rate = work->sortings[0].sampling_rate_hz;
    print_sessions(work);
    if (work->comparison != NULL) {
        const int64_t delta = spk_comparison_delta(work->comparison);
        printf("spikes match within %" PRId64 " samples, %.4g ms\n\n", delta,
               1e3 * (double)delta / rate);
        if (work->arguments->truth)
            print_truth(work);
        else
            print_pair(work);
    } else {
        printf("\n");
        print_consensus(work);
    }
}
