/* SPDX-License-Identifier: BSD-3-Clause */
/* Bursts: by hand, from the definition, and against trains whose bursts are known. */
#include "point_processes.h"
#include "suite.h"

#include <math.h>
#include <spikekit/bursts.h>
#include <spikekit/distributions.h>

static spk_bursts_options plain(int method)
{
    spk_bursts_options o;
    spk_bursts_options_init(&o, sizeof o);
    o.method = method;
    return o;
}

static spk_bursts *detect(const process *p, const spk_bursts_options *o)
{
    spk_bursts *bursts = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_bursts_detect(NULL, p->trains, o, &bursts), SPK_OK);
    return bursts;
}

/* Samples of 1 ms. */
static void max_interval_by_hand(void)
{
    /* 0 begins nothing (interval 250 > 170). 250 300 600 601: 50, 300, 1. Then 201 later: a
     * new burst, 802 803 804, not merged (gap 201 >= 200), lasts 2 ms: dropped. 1100: 296
     * apart, no start. 1300 1310 1320; 199 later 1519 1520 1530: merged. 2000 2010: two. */
    const int64_t samples[] = {0,    250,  300,  600,  601,  902,  903,  904,
                               1300, 1310, 1320, 1621, 1622, 1632, 2400, 2410};
    process p = process_of(samples, 16, 1000, 3000, NULL);
    spk_bursts_options o = plain(SPK_BURST_MAX_INTERVAL);
    spk_bursts *b = detect(&p, &o);
    const spk_burst *list = spk_bursts_list(b);
    CU_ASSERT_EQUAL_FATAL(spk_bursts_offsets(b)[1], 3);
    CU_ASSERT(list[0].first_spike == 1 && list[0].n_spikes == 4 &&
              list[0].start_sample == 250 && list[0].stop_sample == 601);
    CU_ASSERT(list[1].first_spike == 8 && list[1].n_spikes == 3);
    CU_ASSERT(list[2].first_spike == 11 && list[2].stop_sample == 1632);
    const spk_bursts_summary *s = spk_bursts_summaries(b);
    CU_ASSERT(s->n_bursts == 3 && s->n_burst_spikes == 10 && s->spike_share == 10.0 / 16);
    CU_ASSERT(s->bursts_per_min == 60 && fabs(s->mean_spikes - 10.0 / 3) < 1e-15);
    CU_ASSERT(fabs(s->mean_duration_s - (351 + 20 + 11) / 3e3) < 1e-15);
    CU_ASSERT(fabs(s->mean_interval_s - (351 + 20 + 11) / 7e3) < 1e-15);
    CU_ASSERT(fabs(s->mean_gap_s - (699 + 301) / 2e3) < 1e-15 && isnan(s->threshold_s));
    /* the surprise of spikes 8 .. 10: two more in 20 ms at a mean interval of 2410 / 15 */
    CU_ASSERT(fabs(list[1].surprise + spk_poisson_log_upper(2, 20 * 15.0 / 2410)) <
              1e-12);
    spk_bursts_destroy(b);
    o.gap_s = 0.302; /* 301 apart become one, 302 do not */
    b = detect(&p, &o);
    CU_ASSERT(spk_bursts_offsets(b)[1] == 2);
    CU_ASSERT(spk_bursts_list(b)[0].n_spikes == 7 && spk_bursts_list(b)[1].n_spikes == 6);
    spk_bursts_destroy(b);
    process_end(&p);
}

/* Two runs cut one burst in two. */
static void runs_are_not_bridged(void)
{
    int64_t samples[40];
    for (int k = 0; k < 40; k++)
        samples[k] = 1000 + 5 * k + (k >= 20 ? 3000 : 0);
    for (int k = 20; k < 40; k++)
        samples[k] = 1000 + 5 * k;
    const int64_t starts[] = {0, 1100}, stops[] = {1100, 9000};
    const spk_epochs epochs = {2, starts, stops};
    process whole = process_of(samples, 40, 1000, 9000, NULL);
    process cut = process_of(samples, 40, 1000, 9000, &epochs);
    for (int method = 0; method < 3; method++) {
        spk_bursts_options o = plain(method);
        if (method == 2)
            o.min_surprise = 0;
        spk_bursts *a = detect(&whole, &o), *b = detect(&cut, &o);
        if (method < 2) {
            CU_ASSERT_EQUAL(spk_bursts_offsets(a)[1], 1);
            CU_ASSERT_EQUAL(spk_bursts_offsets(b)[1], 2);
            CU_ASSERT_EQUAL(spk_bursts_list(b)[1].first_spike, 20);
            CU_ASSERT(isnan(spk_bursts_summaries(b)->mean_gap_s));
        } else { /* no interval below half of the mean */
            CU_ASSERT_EQUAL(spk_bursts_offsets(a)[1] + spk_bursts_offsets(b)[1], 0);
        }
        spk_bursts_destroy(a);
        spk_bursts_destroy(b);
    }
    process_end(&whole);
    process_end(&cut);
}

static void log_isi_by_hand(void)
{
    /* intervals of 5 ms in fours, 1000 ms between: peaks in bins 6 (5.01 ms is its upper
     * neighbour's edge: 5 ms is in 3.98 .. 5.01) and 30 */
    int64_t samples[400], at = 0;
    for (int k = 0; k < 400; k++)
        samples[k] = at += k % 4 == 0 ? 1000 : 5;
    process p = process_of(samples, 400, 1000, at + 1, NULL);
    spk_bursts_options o = plain(SPK_BURST_LOG_ISI);
    spk_bursts *b = detect(&p, &o);
    CU_ASSERT_EQUAL(spk_bursts_offsets(b)[1], 100);
    CU_ASSERT(spk_bursts_list(b)[99].n_spikes == 4);
    /* the first empty bin after the smoothed peak in bin 6 is bin 8 */
    CU_ASSERT(fabs(spk_bursts_summaries(b)->threshold_s - 1e-3 * pow(10, 0.85)) < 1e-12);
    o.min_spikes = 5;
    spk_bursts_destroy(b);
    b = detect(&p, &o);
    CU_ASSERT_EQUAL(spk_bursts_offsets(b)[1], 0);
    spk_bursts_destroy(b);
    process_end(&p);
    /* 150 and 20 ms within, 9 s between: the threshold, above the cap, takes in the first and
     * last spikes of bursts, which cores do not have */
    at = 0;
    for (int k = 0; k < 400; k++) {
        static const int64_t intervals[] = {9000, 150, 20, 20, 20, 150};
        samples[k] = at += intervals[k % 6];
    }
    p = process_of(samples, 396, 1000, at + 1, NULL);
    o.min_spikes = 3;
    o.void_parameter = 0.9;
    b = detect(&p, &o);
    CU_ASSERT(spk_bursts_offsets(b)[1] == 66);
    const double threshold = spk_bursts_summaries(b)->threshold_s;
    const int64_t n = spk_bursts_list(b)[3].n_spikes;
    CU_ASSERT(threshold < 0.1 ? n == 4 : n == 6);
    spk_bursts_destroy(b);
    process_end(&p);
    /* regular at 2 s: no peak below the cap, no bursts */
    for (int k = 0; k < 400; k++)
        samples[k] = 2000 * k;
    p = process_of(samples, 400, 1000, 900000, NULL);
    b = detect(&p, &o);
    CU_ASSERT(spk_bursts_offsets(b)[1] == 0 &&
              isnan(spk_bursts_summaries(b)->threshold_s));
    spk_bursts_destroy(b);
    process_end(&p);
}

/* What counts as a void: heights of 56.25 at both peaks and 25 between, 1 - 25 / 56.25. */
static void log_isi_void(void)
{
    int64_t samples[700], at = 0, n = 0;
    samples[n++] = at;
    for (int bin = 6; bin <= 26; bin++)
        for (int k = 0; k < (bin == 6 || bin == 26 ? 100 : 25); k++)
            samples[n++] = at += (int64_t)(1e3 * pow(10, (bin + 0.5) / 10));
    process p = process_of(samples, n, 1e6, at + 1, NULL);
    for (int k = 0; k < 2; k++) {
        spk_bursts_options o = plain(SPK_BURST_LOG_ISI);
        o.void_parameter = k == 0 ? 0.555 : 0.556;
        spk_bursts *b = detect(&p, &o);
        const double threshold_s = spk_bursts_summaries(b)->threshold_s;
        CU_ASSERT(k == 0 ? fabs(threshold_s - 1e-3 * pow(10, 0.85)) < 1e-12
                         : isnan(threshold_s));
        spk_bursts_destroy(b);
    }
    process_end(&p);
}

/* The default is surprise, and what it finds where there is nothing: a tenth of the spikes of
 * a Poisson train at any rate, hardly any of S above 10. */
static void poisson_trains(void)
{
    spk_bursts_options o;
    spk_bursts_options_init(&o, sizeof o);
    CU_ASSERT_EQUAL(o.method, SPK_BURST_POISSON_SURPRISE);
    for (int k = 0; k < 4; k++) {
        spk_random random = {.seed = 31, .stream = (uint32_t)k};
        process p = process_gamma(&random, k < 2 ? 5 : 20, 1, k < 2 ? 2000 : 500, 30000);
        o.min_surprise = k % 2 == 0 ? 5 : 10;
        spk_bursts *b = detect(&p, &o);
        const spk_bursts_summary *s = spk_bursts_summaries(b);
        printf("S > %g: %.2f bursts a minute, %.4f of spikes\n", o.min_surprise,
               s->bursts_per_min, s->spike_share);
        CU_ASSERT(k % 2 == 0 ? s->spike_share > 0.08 && s->spike_share < 0.12
                             : s->spike_share < 0.015);
        spk_bursts_destroy(b);
        process_end(&p);
    }
}

/* The surprise search once more, from the words of the header. */
static double tail(const int64_t *t, int64_t a, int64_t n, double mean)
{
    return -spk_poisson_log_upper(n - 1, (double)(t[a + n - 1] - t[a]) / mean);
}

static void surprise_by_definition(void)
{
    enum {
        N = 400
    };
    for (int repeat = 0; repeat < 20; repeat++) {
        spk_random random = {.seed = 17, .stream = (uint32_t)repeat};
        int64_t t[N], at = 0;
        for (int k = 0; k < N; k++)
            t[k] = at += (int64_t)(spk_random_exponential(&random) *
                                   (spk_random_uniform(&random) < 0.6 ? 10 : 300));
        process p = process_of(t, N, 1000, at + 1, NULL);
        spk_bursts_options o = plain(SPK_BURST_POISSON_SURPRISE);
        spk_bursts *b = detect(&p, &o);
        const double mean = (double)(t[N - 1] - t[0]) / (N - 1);
        int64_t found = 0;
        for (int64_t k = 0; k + 2 < N;) {
            if ((double)(t[k + 1] - t[k]) >= mean / 2 ||
                (double)(t[k + 2] - t[k + 1]) >= mean / 2) {
                k++;
                continue;
            }
            int64_t a = k, n = 3;
            double s = tail(t, a, n, mean);
            for (int again = 1; again;) {
                again = 0;
                for (int64_t more = 1; more <= 10 && a + n + more <= N; more++) {
                    if (tail(t, a, n + more, mean) > s) {
                        s = tail(t, a, n += more, mean);
                        again = 1;
                        break;
                    }
                    if ((double)(t[a + n + more - 1] - t[a + n + more - 2]) > 2 * mean)
                        break;
                }
            }
            while (n > 3 && tail(t, a + 1, n - 1, mean) > s)
                s = tail(t, ++a, --n, mean);
            if (s > 5) {
                const spk_burst *burst = &spk_bursts_list(b)[found++];
                CU_ASSERT(burst->first_spike == a && burst->n_spikes == n &&
                          (burst->surprise == s || fabs(burst->surprise - s) < 1e-12));
                k = a + n;
            } else {
                k++;
            }
        }
        CU_ASSERT(found > 5 && found == spk_bursts_offsets(b)[1]);
        spk_bursts_destroy(b);
        process_end(&p);
    }
}

/* A train of isolated Poisson spikes and bursts, each spike marked. */
typedef struct marked {
    process p;
    char *in_burst;
} marked;

static marked bursting(uint32_t stream, double single_hz, double burst_hz)
{
    spk_random random = {.seed = 41, .stream = stream};
    const int64_t stop = 600 * 10000;
    marked m = {process_start(1, 10000, stop), calloc(100000, 1)};
    double single = spk_random_exponential(&random) / single_hz;
    double burst = spk_random_exponential(&random) / burst_hz;
    while (fmin(single, burst) < 590) {
        if (single < burst) {
            process_add(&m.p, (int64_t)(single * 10000), 0);
            single += spk_random_exponential(&random) / single_hz;
            continue;
        }
        const int64_t n = 4 + spk_random_poisson(&random, 3);
        for (int64_t k = 0; k < n; k++) {
            process_add(&m.p, (int64_t)(burst * 10000), 0);
            m.in_burst[m.p.table.n_spikes - 1] = 1;
            burst += 0.002 + spk_random_exponential(&random) * 0.003;
        }
        single = fmax(single, burst + spk_random_exponential(&random) / single_hz);
        burst += 0.3 + spk_random_exponential(&random) / burst_hz;
    }
    process_group(&m.p, NULL);
    return m;
}

static void known_bursts_are_found(void)
{
    double recall[3] = {0}, precision[3] = {0};
    for (uint32_t stream = 0; stream < 5; stream++) {
        marked m = bursting(stream, 1, 0.5);
        for (int method = 0; method < 3; method++) {
            spk_bursts_options o = plain(method);
            if (method == 0) { /* for bursts of 5 ms */
                o.start_interval_s = 0.01;
                o.interval_s = 0.02;
                o.gap_s = 0.02;
                o.min_duration_s = 0;
            }
            spk_bursts *b = detect(&m.p, &o);
            double hits = 0, found = 0, all = 0;
            for (int64_t k = 0; k < spk_bursts_offsets(b)[1]; k++) {
                const spk_burst *burst = &spk_bursts_list(b)[k];
                for (int64_t i = 0; i < burst->n_spikes; i++) {
                    found++;
                    hits += m.in_burst[burst->first_spike + i];
                }
            }
            for (int64_t i = 0; i < m.p.table.n_spikes; i++)
                all += m.in_burst[i];
            recall[method] += hits / all / 5;
            precision[method] += hits / found / 5;
            spk_bursts_destroy(b);
        }
        process_end(&m.p);
        free(m.in_burst);
    }
    for (int method = 0; method < 3; method++) {
        printf("%s: recall %.3f, precision %.3f\n", spk_burst_method_name(method),
               recall[method], precision[method]);
        CU_ASSERT(recall[method] > 0.93 && precision[method] > 0.93);
    }
}

/* In a Poisson train surprise finds little. */
static void poisson_trains_hardly_burst(void)
{
    double share = 0;
    for (uint32_t stream = 0; stream < 10; stream++) {
        spk_random random = {.seed = 2, .stream = stream};
        process p = process_gamma(&random, 10, 1, 200, 10000);
        spk_bursts_options o = plain(SPK_BURST_POISSON_SURPRISE);
        o.min_surprise = 10;
        spk_bursts *b = detect(&p, &o);
        share += spk_bursts_summaries(b)->spike_share / 10;
        spk_bursts_destroy(b);
        process_end(&p);
    }
    CU_ASSERT(share < 0.01);
}

static void nothing_to_find(void)
{
    const int64_t samples[] = {7, 7, 7, 7};
    for (int64_t n = 0; n < 5; n++)
        for (int method = 0; method < 3; method++) {
            process p = process_of(samples, n, 1000, 10, NULL);
            spk_bursts_options o = plain(method);
            spk_bursts *b = detect(&p, &o);
            const spk_bursts_summary *s = spk_bursts_summaries(b);
            CU_ASSERT(s->n_bursts == 0 && isnan(s->mean_spikes) &&
                      s->bursts_per_min == 0);
            CU_ASSERT(n == 0 ? isnan(s->spike_share) : s->spike_share == 0);
            spk_bursts_destroy(b);
            /* at one sample, but with no least duration */
            o.min_duration_s = 0;
            b = detect(&p, &o);
            CU_ASSERT_EQUAL(spk_bursts_offsets(b)[1], method == 0 && n >= 3);
            if (method == 0 && n >= 3)
                CU_ASSERT(isnan(spk_bursts_list(b)->surprise));
            spk_bursts_destroy(b);
            process_end(&p);
        }
}

static void errors(void)
{
    spk_context *ctx = NULL;
    spk_bursts *b = NULL;
    process p = process_of(NULL, 0, 1000, 10, NULL);
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    static const char *const names[] = {
        "options", "method",  "min_spikes", "start_int", "interv",
        "gap_s",   "min_dur", "cap_s",      "void_",     "min_surprise"};
    for (int k = 0; k < 10; k++) {
        spk_bursts_options o = plain(0);
        if (k == 0)
            o.struct_size = 8;
        else if (k == 1)
            o.method = 3;
        else if (k == 2)
            o.min_spikes = 1;
        else if (k == 3)
            o.start_interval_s = 0;
        else if (k == 4)
            o.interval_s = 0.1;
        else if (k == 5)
            o.gap_s = -1;
        else if (k == 6)
            o.min_duration_s = NAN;
        else if (k == 7)
            o.cap_s = 2;
        else if (k == 8)
            o.void_parameter = 1.5;
        else
            o.min_surprise = -1;
        CU_ASSERT_EQUAL(spk_bursts_detect(ctx, p.trains, &o, &b), SPK_ERR_ARGUMENT);
        CU_ASSERT_EQUAL(strncmp(spk_context_message(ctx), names[k], strlen(names[k])), 0);
    }
    CU_ASSERT_EQUAL(spk_bursts_detect(ctx, NULL, NULL, &b), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_bursts_detect(ctx, p.trains, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT(b == NULL && spk_burst_method_name(3) == NULL);
    process_end(&p);
    spk_context_destroy(ctx);
}

static spk_status detect_all(spk_context *ctx, void *trains)
{
    spk_bursts *b = NULL;
    const spk_bursts_options o = plain(SPK_BURST_MAX_INTERVAL); /* finds one */
    const spk_status status = spk_bursts_detect(ctx, trains, &o, &b);
    spk_bursts_destroy(b);
    return status;
}

static void failed_allocations(void)
{
    const int64_t samples[] = {5, 10, 20, 30};
    process p = process_of(samples, 4, 1000, 1000, NULL);
    CU_ASSERT_EQUAL(suite_fail_allocations(detect_all, p.trains), 6);
    process_end(&p);
}

static const suite_test tests[] = {
    {"maximum intervals by hand", max_interval_by_hand},
    {"runs are not bridged", runs_are_not_bridged},
    {"log-ISI by hand", log_isi_by_hand},
    {"surprise by definition", surprise_by_definition},
    {"known bursts are found", known_bursts_are_found},
    {"Poisson trains hardly burst", poisson_trains_hardly_burst},
    {"nothing to find", nothing_to_find},
    {"errors", errors},
    {"failed allocations", failed_allocations},
    {"log-ISI: what is a void", log_isi_void},
    {"Poisson trains", poisson_trains},
};

SUITE_MAIN("bursts", tests)
