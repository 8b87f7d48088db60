/* SPDX-License-Identifier: BSD-3-Clause */
/* Metrics of spike trains, each straight from its definition, on random trains with empty and
 * simultaneous units, in epochs and periods. */
#include "sorting/order_statistics.h"
#include "suite.h"

#include <math.h>
#include <spikekit/distributions.h>
#include <spikekit/metrics.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    N_UNITS = 8,
    MOST_SPIKES = 4000
};

static const double RATE_HZ = 1000; /* so that a few seconds are few samples */

static int64_t draw_below(spk_random *random, int64_t n)
{
    return (int64_t)(spk_random_uniform(random) * (double)n);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- percentiles ---- */

static void percentiles(void)
{
    spk_random random = {.seed = 3};
    for (int repeat = 0; repeat < 200; repeat++) {
        double values[60], all[70];
        const int64_t n = draw_below(&random, 50), n_zeros = draw_below(&random, 10);
        const double percent =
            repeat % 10 == 0 ? 100 : 10 * (double)draw_below(&random, 11);
        for (int64_t i = 0; i < n; i++)
            all[i] = values[i] = 1 + (double)draw_below(&random, repeat % 2 ? 4 : 1000);
        for (int64_t i = 0; i < n_zeros; i++)
            all[n + i] = 0;
        qsort(all, (size_t)(n + n_zeros), sizeof all[0], compare_doubles);
        const double found = spk__percentile(values, n, n_zeros, percent);
        if (n + n_zeros == 0) {
            CU_ASSERT(isnan(found));
            continue;
        }
        const double place = percent / 100 * (double)(n + n_zeros - 1);
        const int64_t k = (int64_t)place;
        const double next = k + 1 < n + n_zeros ? all[k + 1] : all[k];
        CU_ASSERT(fabs(found - (all[k] + (next - all[k]) * (place - (double)k))) <=
                  1e-12);
        qsort(values, (size_t)n, sizeof values[0], compare_doubles);
        for (int64_t i = 0; i < n; i++) /* nothing is lost */
            CU_ASSERT_EQUAL(values[i], all[n_zeros + i]);
    }
}

/* ---- random trains ---- */

typedef struct random_table {
    int64_t samples[MOST_SPIKES];
    int32_t units[MOST_SPIKES];
    spk_spikes spikes;
} random_table;

/* Unit 0 has no spike, unit 1 one, unit 2 all its spikes at one time. */
static void draw_table(spk_random *random, random_table *table)
{
    const int64_t n = 500 + draw_below(random, MOST_SPIKES - 500);
    int64_t at = -5000;
    for (int64_t i = 0; i < n; i++) {
        if (draw_below(random, 3) != 0)
            at += draw_below(random, draw_below(random, 50) == 0 ? 3000 : 60);
        table->samples[i] = at;
        table->units[i] = 3 + (int32_t)draw_below(random, N_UNITS - 3);
    }
    table->units[n / 3] = 1;
    for (int64_t i = n / 2; i < n / 2 + 4; i++) {
        table->samples[i] = table->samples[n / 2 + 4];
        table->units[i] = 2;
    }
    table->spikes = (spk_spikes){.n_spikes = n,
                                 .n_units = N_UNITS,
                                 .samples = table->samples,
                                 .units = table->units,
                                 .sampling_rate_hz = RATE_HZ,
                                 .start_sample = -5321,
                                 .stop_sample = at + 1 + draw_below(random, 4000)};
}

static const spk_metrics_setting settings[] = {
    {"presence_bin_s", 2.5},
    {"presence_rate_share", 0.6},
    {"presence_allen_edges", 13},
    {"presence_ibl_bin_s", 3.7},
    {"presence_bombcell_bin_s", 2},
    {"firing_range_bin_s", 1.3},
    {"isi_threshold_ms", 7},
    {"isi_minimum_ms", 1},
    {"isi_threshold_allen_ms", 6},
    {"isi_minimum_allen_ms", 2},
    {"isi_threshold_ibl_ms", 8},
    {"isi_minimum_ibl_ms", 1},
    {"refractory_cellexplorer_ms", 9},
    {"rp_period_ms", 5},
    {"rp_censored_ms", 1},
    {"contamination_confidence", 0.9},
    {"rpv_censored_ms", 2},
    {"rpv_shortest_ms", 4},
    {"rpv_longest_ms", 6},
    {"rpv_step_ms", 1},
    {"colonell_refractory_ms", 4},
};

static spk_metrics *compute(spk_context *ctx, const spk_spikes *spikes,
                            const spk_epochs *epochs, const spk_periods *periods)
{
    spk_metrics_input input;
    spk_metrics_options options;
    spk_metrics *metrics = NULL;
    spk_metrics_input_init(&input, sizeof input);
    spk_metrics_options_init(&options, sizeof options);
    input.spikes = spikes;
    options.settings = settings;
    options.n_settings = sizeof settings / sizeof settings[0];
    options.epochs = epochs;
    options.periods = periods;
    CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(ctx, &input, &options, &metrics), SPK_OK);
    return metrics;
}

static const double *column(const spk_metrics *metrics, const char *name)
{
    const int64_t at = spk_metrics_find(metrics, name);
    if (at < 0)
        printf("no metric %s\n", name);
    CU_ASSERT_FATAL(at >= 0);
    return spk_metrics_values(metrics, at);
}

static void expect(const spk_metrics *metrics, const char *name, int64_t unit,
                   double expected)
{
    const double value = column(metrics, name)[unit];
    const int equal = isnan(expected)
                          ? isnan(value)
                          : fabs(value - expected) <= 1e-12 * fmax(1, fabs(expected));
    if (!equal)
        printf("\n  %s of unit %d: %.17g, by definition %.17g", name, (int)unit, value,
               expected);
    CU_ASSERT(equal);
}

/* ---- the definitions; s in samples of 1 ms, one unit ---- */

typedef struct definition {
    const spk_spikes *spikes;
    spk_train train;
    double first, last; /* of all units */
    double n;
    double time_s;
} definition;

static double count_intervals(const definition *d, double lag, double duplicate,
                              double *n_left)
{
    double count = 0;
    *n_left = 0;
    for (int64_t r = 0; r < d->train.n_runs; r++) {
        double before = -INFINITY;
        for (int64_t i = d->train.run_offsets[r]; i < d->train.run_offsets[r + 1]; i++) {
            const double s = (double)d->train.samples[i];
            if (i > d->train.run_offsets[r] &&
                s - (double)d->train.samples[i - 1] <= duplicate)
                continue;
            count += s - before < lag;
            before = s;
            ++*n_left;
        }
    }
    return count;
}

static double count_pairs(const definition *d, double from, double to)
{
    double count = 0;
    for (int64_t r = 0; r < d->train.n_runs; r++)
        for (int64_t i = d->train.run_offsets[r]; i < d->train.run_offsets[r + 1]; i++)
            for (int64_t j = i + 1; j < d->train.run_offsets[r + 1]; j++) {
                const double lag =
                    (double)d->train.samples[j] - (double)d->train.samples[i];
                count += lag >= from && lag <= to;
            }
    return count;
}

static double hill(double ratio)
{
    return ratio > 0.25 ? 1 : (1 - sqrt(1 - 4 * ratio)) / 2;
}

static double llobet(double pairs, double n, double time, double r, double c)
{
    const double root = 1 - pairs * (time - 2 * n * c) / (n * n * (r - c));
    return root < 0 ? 1 : 1 - sqrt(root);
}

static void check_isi(const spk_metrics *m, const definition *d, int64_t u)
{
    double n_left;
    const double nan = NAN, time = d->time_s, n = d->n, none = d->n == 0;
    const double v = count_intervals(d, 7, -1, &n_left);
    const double ratio = none ? nan : v * time / (2 * n * n * 0.006);
    expect(m, "isi_violations_count", u, none ? nan : v);
    expect(m, "isi_violations_ratio", u, ratio);
    expect(m, "contamination_hill", u, none ? nan : hill(ratio));
    expect(
        m, "contamination_hill_low", u,
        none ? nan
             : hill(spk_poisson_mean((int64_t)v - 1, 0.95) * time / (2 * n * n * 0.006)));
    expect(m, "contamination_hill_high", u,
           none ? nan
                : hill(spk_poisson_mean((int64_t)v, 0.05) * time / (2 * n * n * 0.006)));
    const double allen = count_intervals(d, 6, 2, &n_left);
    const double span_s = (d->last - d->first) / RATE_HZ;
    const double allen_ratio = allen * span_s / (2 * n_left * n_left * 0.004);
    expect(m, "isi_violations_count_allen", u, none ? nan : allen);
    expect(m, "isi_violations_ratio_allen", u, none ? nan : allen_ratio);
    expect(m, "contamination_hill_colonell", u, none ? nan : hill(allen_ratio));
    const double ibl = count_intervals(d, 8, 1, &n_left);
    expect(m, "contamination_ibl", u,
           none ? nan : ibl * span_s / (2 * n_left * n_left * 0.007));
    double own_span = 0;
    for (int64_t r = 0; r < d->train.n_runs; r++)
        if (d->train.run_offsets[r + 1] > d->train.run_offsets[r])
            own_span += (double)(d->train.samples[d->train.run_offsets[r + 1] - 1] -
                                 d->train.samples[d->train.run_offsets[r]]);
    const double c =
        count_intervals(d, 8, -1, &n_left) * own_span / RATE_HZ / (2 * n * n * 0.008);
    expect(m, "contamination_alt_ibl", u, n < 2 ? nan : (sqrt(1 + 4 * c) - 1) / 2);
    expect(m, "refractory_violations_cellexplorer", u,
           none ? nan : 1000 * count_intervals(d, 9, -1, &n_left) / n);
}

static void check_pairs(const spk_metrics *m, const definition *d, int64_t u)
{
    const double nan = NAN, pairs = count_pairs(d, 0, 5), n = d->n;
    const double time = d->time_s * RATE_HZ;
    expect(m, "rp_violations", u, n == 0 ? nan : pairs);
    expect(m, "rp_contamination", u, n < 2 ? nan : llobet(pairs, n, time, 5, 1));
    expect(m, "rp_contamination_low", u,
           n < 2 ? nan
                 : llobet(spk_poisson_mean((int64_t)pairs - 1, 0.95), n, time, 5, 1));
    expect(m, "rp_contamination_high", u,
           n < 2 ? nan : llobet(spk_poisson_mean((int64_t)pairs, 0.05), n, time, 5, 1));
}

/* bombcell: without spikes at the last sample of all, in the time from the first to it. */
static void check_rpv(const spk_metrics *m, const definition *d, int64_t u)
{
    definition cut = *d;
    int64_t offsets[64];
    double time = 0, least_hill = INFINITY, least_llobet = INFINITY;
    while (cut.train.n_spikes > 0 &&
           (double)cut.train.samples[cut.train.n_spikes - 1] == d->last)
        cut.train.n_spikes--;
    for (int64_t r = 0; r <= cut.train.n_runs; r++)
        offsets[r] =
            (int64_t)fmin((double)cut.train.run_offsets[r], (double)cut.train.n_spikes);
    cut.train.run_offsets = offsets;
    for (int64_t r = 0; r < cut.train.n_runs; r++)
        time += fmax(0, fmin((double)cut.train.run_stops[r], d->last) -
                            fmax((double)cut.train.run_starts[r], d->first));
    const double n = (double)cut.train.n_spikes;
    for (double r = 4; r <= 6; r++) {
        double n_left;
        const double v = count_intervals(&cut, r + 0.5, -1, &n_left);
        least_hill = fmin(least_hill, hill(v * time / (2 * (r - 2) * n * n)));
        least_llobet = fmin(least_llobet, llobet(count_pairs(&cut, 2, r), n, time, r, 2));
    }
    expect(m, "rpv_hill_bombcell", u, n < 2 ? NAN : least_hill);
    expect(m, "rpv_llobet_bombcell", u, n < 2 ? NAN : least_llobet);
}

/* Whole bins of each run: counts, and how many. */
static int64_t whole_bins(const definition *d, int64_t width, double *counts)
{
    int64_t n = 0;
    for (int64_t r = 0; r < d->train.n_runs; r++)
        for (int64_t at = d->train.run_starts[r]; at + width <= d->train.run_stops[r];
             at += width, n++) {
            counts[n] = 0;
            for (int64_t i = 0; i < d->train.n_spikes; i++)
                counts[n] +=
                    d->train.samples[i] >= at && d->train.samples[i] < at + width;
        }
    return n;
}

/* Bins of a grid that the unit was observed in; edges are first + k width. */
static int64_t grid_bins(const definition *d, int64_t n_bins, double width,
                         int last_closed, double *counts)
{
    int64_t n = 0;
    for (int64_t k = 0; k < n_bins; k++) {
        const double low = d->first + (double)k * width - 1e-7;
        const double high = d->first + (double)(k + 1) * width - 1e-7;
        int is_seen = 0;
        for (int64_t r = 0; r < d->train.n_runs; r++) {
            const double stop = (double)d->train.run_stops[r] > d->last
                                    ? INFINITY
                                    : (double)d->train.run_stops[r] - 1;
            is_seen |= (double)d->train.run_starts[r] < high && stop >= low;
        }
        if (!is_seen)
            continue;
        counts[n] = 0;
        for (int64_t i = 0; i < d->train.n_spikes; i++) {
            const double s = (double)d->train.samples[i];
            counts[n] += (s >= low && s < high) ||
                         (last_closed && k == n_bins - 1 && s == d->last);
        }
        n++;
    }
    return n;
}

static double count_above(const double *counts, int64_t n, double least)
{
    double above = 0;
    for (int64_t i = 0; i < n; i++)
        above += counts[i] > least;
    return above;
}

static double percentile(double *counts, int64_t n, double percent)
{
    qsort(counts, (size_t)n, sizeof counts[0], compare_doubles);
    const double place = percent / 100 * (double)(n - 1);
    const int64_t k = (int64_t)place;
    return counts[k] +
           (k + 1 < n ? (counts[k + 1] - counts[k]) * (place - (double)k) : 0);
}

static void check_bins(const spk_metrics *m, const definition *d, int64_t u)
{
    static double counts[4096];
    const double length = d->last - d->first, none = d->n == 0;
    int64_t n = whole_bins(d, 2500, counts);
    expect(m, "presence_ratio", u,
           none || n == 0
               ? NAN
               : count_above(counts, n, floor(d->n / d->time_s * 2.5 * 0.6)) / (double)n);
    n = whole_bins(d, 1300, counts);
    for (int64_t i = 0; i < n; i++)
        counts[i] /= 1.3;
    expect(m, "firing_range", u,
           none || n == 0 ? NAN : percentile(counts, n, 95) - percentile(counts, n, 5));
    n = grid_bins(d, 12, length / 12, 1, counts);
    expect(m, "presence_ratio_allen", u,
           none ? NAN : count_above(counts, n, 0) / (double)(n + 1));
    expect(m, "presence_ratio_allen_fixed", u,
           none ? NAN : count_above(counts, n, 0) / (double)n);
    n = grid_bins(d, (int64_t)ceil(length / 3700 + 0.5), 3700, 0, counts);
    expect(m, "presence_ratio_ibl", u,
           none ? NAN : count_above(counts, n, 0) / (double)n);
    double squares = 0;
    for (int64_t i = 0; i < n; i++)
        squares += (counts[i] - d->n / (double)n) * (counts[i] - d->n / (double)n);
    expect(m, "presence_ratio_std_ibl", u, none ? NAN : sqrt(squares / (double)n));
    n = grid_bins(d, (int64_t)ceil(length / 2000) - 1, 2000, 0, counts);
    double enough = n == 0 ? 0 : 0.05 * percentile(counts, n, 90), present = 0;
    for (int64_t i = 0; i < n; i++)
        present += counts[i] >= enough && counts[i] > 0;
    expect(m, "presence_ratio_bombcell", u, none || n == 0 ? NAN : present / (double)n);
}

static int is_kept(const spk_train *train, int64_t spike)
{
    for (int64_t i = 0; i < train->n_spikes; i++)
        if (train->indices[i] == spike)
            return 1;
    return 0;
}

static void check_synchrony(const spk_metrics *m, const spk_spikes *spikes,
                            const spk_trains *trains)
{
    static char kept[MOST_SPIKES];
    static const char *const names[] = {"sync_spike_2", "sync_spike_4", "sync_spike_8"};
    for (int64_t i = 0; i < spikes->n_spikes; i++) {
        const spk_train train = spk_trains_unit(trains, spikes->units[i]);
        kept[i] = (char)is_kept(&train, i);
    }
    for (int64_t u = 0; u < N_UNITS; u++) {
        const double n = (double)spk_trains_unit(trains, u).n_spikes;
        double counts[3] = {0};
        for (int64_t i = 0, end; i < spikes->n_spikes; i = end) {
            int64_t size = 0, has = 0;
            for (end = i;
                 end < spikes->n_spikes && spikes->samples[end] == spikes->samples[i];
                 end++) {
                size += kept[end];
                has |= kept[end] && spikes->units[end] == u;
            }
            for (int k = 0; k < 3; k++)
                counts[k] += has && size >= 2 << k;
        }
        for (int k = 0; k < 3; k++)
            expect(m, names[k], u, n == 0 ? NAN : counts[k] / n);
    }
}

static void check_table(const spk_spikes *spikes, const spk_epochs *epochs,
                        const spk_periods *periods)
{
    spk_trains_options options;
    spk_trains *trains = NULL;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    options.periods = periods;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, spikes, &options, &trains), SPK_OK);
    spk_metrics *metrics = compute(NULL, spikes, epochs, periods);
    definition d = {.spikes = spikes, .first = INFINITY, .last = -INFINITY};
    for (int64_t u = 0; u < N_UNITS; u++) {
        const spk_train train = spk_trains_unit(trains, u);
        for (int64_t i = 0; i < train.n_spikes; i++) {
            d.first = fmin(d.first, (double)train.samples[i]);
            d.last = fmax(d.last, (double)train.samples[i]);
        }
    }
    for (int64_t u = 0; u < N_UNITS; u++) {
        d.train = spk_trains_unit(trains, u);
        d.n = (double)d.train.n_spikes;
        d.time_s = (double)d.train.duration_samples / RATE_HZ;
        expect(metrics, "num_spikes", u, d.n);
        expect(metrics, "firing_rate", u, d.n == 0 ? NAN : d.n / d.time_s);
        expect(metrics, "firing_rate_span", u, d.n / (d.last - d.first) * RATE_HZ);
        check_isi(metrics, &d, u);
        check_pairs(metrics, &d, u);
        check_rpv(metrics, &d, u);
        check_bins(metrics, &d, u);
    }
    check_synchrony(metrics, spikes, trains);
    spk_metrics_destroy(metrics);
    spk_trains_destroy(trains);
}

static void equal_their_definitions(void)
{
    static random_table table;
    spk_random random = {.seed = 21};
    for (int repeat = 0; repeat < 4; repeat++) {
        draw_table(&random, &table);
        const int64_t stop = table.spikes.stop_sample;
        const int64_t epoch_starts[] = {-6000, 8000, 17000},
                      epoch_stops[] = {7000, 17000, stop - 100};
        const spk_epochs epochs = {3, epoch_starts, epoch_stops};
        const int64_t offsets[N_UNITS + 1] = {0, 1, 2, 3, 5, 5, 6, 7, 8};
        const int64_t starts[] = {-5000, -5000, -5000, -4000, 9000, 100, -5000, 6000};
        const int64_t stops[] = {stop, stop, stop, 5000, stop, 12000, stop, 30000};
        const spk_periods periods = {N_UNITS, offsets, starts, stops};
        check_table(&table.spikes, repeat & 1 ? &epochs : NULL,
                    repeat & 2 ? &periods : NULL);
    }
}

/* ---- by hand ---- */

static void by_hand(void)
{
    /* 10 s at 1 kHz; ten spikes, two of them 1 ms, one 3 ms after the one before */
    static const int64_t samples[] = {0,    1,    1000, 2000, 2001,
                                      4000, 6000, 7000, 7003, 9999};
    static const int32_t units[10];
    const spk_spikes spikes = {10, 1, samples, units, 1000, 0, 10000};
    static const spk_metrics_setting by_two[] = {{"isi_threshold_ms", 2},
                                                 {"rp_period_ms", 3},
                                                 {"presence_bin_s", 1},
                                                 {"presence_allen_edges", 11}};
    spk_metrics_input input;
    spk_metrics_options options;
    spk_metrics *metrics = NULL;
    spk_metrics_input_init(&input, sizeof input);
    spk_metrics_options_init(&options, sizeof options);
    input.spikes = &spikes;
    options.settings = by_two;
    options.n_settings = 4;
    CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(NULL, &input, &options, &metrics), SPK_OK);
    /* 2 violations * 10 s / (2 * 10^2 * 2 ms) */
    expect(metrics, "isi_violations_count", 0, 2);
    expect(metrics, "isi_violations_ratio", 0, 50);
    expect(metrics, "contamination_hill", 0, 1);
    /* 3 pairs: 1 - 3 * 10000 / (100 * 3) < 0 */
    expect(metrics, "rp_violations", 0, 3);
    expect(metrics, "rp_contamination", 0, 1);
    expect(metrics, "rp_contamination_high", 0, 1);
    /* seconds 3, 5, 8 are empty */
    expect(metrics, "presence_ratio", 0, 0.7);
    expect(metrics, "presence_ratio_allen", 0, 7.0 / 11);
    expect(metrics, "sync_spike_2", 0, 0);
    expect(metrics, "refractory_kilosort", 0, NAN); /* 10 spikes are too few */
    /* c = 0.2 in IBL's equation and in Hill's */
    CU_ASSERT(fabs((sqrt(1 + 4 * 0.2) - 1) / 2 - 0.171) < 5e-4);
    CU_ASSERT(fabs(hill(0.2) - 0.276) < 5e-4);
    spk_metrics_destroy(metrics);
}

/* Epochs that touch: neither an interval nor a pair goes from one into the next. */
static void touching_epochs(void)
{
    static const int64_t samples[] = {0, 998, 1001, 1004, 1998, 2001, 2500};
    static const int32_t units[7];
    static const int64_t starts[] = {0, 1000, 2000}, stops[] = {1000, 2000, 3000};
    const spk_spikes spikes = {7, 1, samples, units, 1000, 0, 3000};
    const spk_epochs epochs = {3, starts, stops};
    for (int apart = 0; apart < 2; apart++) {
        spk_metrics *metrics = compute(NULL, &spikes, apart ? &epochs : NULL, NULL);
        const double close = apart ? 1 : 3; /* 1001 and 1004; those across the borders */
        expect(metrics, "isi_violations_count", 0, close);
        expect(metrics, "isi_violations_count_allen", 0, close);
        expect(metrics, "refractory_violations_cellexplorer", 0, 1000 * close / 7);
        expect(metrics, "rp_violations", 0, close);
        spk_metrics_destroy(metrics);
    }
}

/* Spikes of four units at one sample, in the middle of a table that two tasks share. */
static void synchrony_across_blocks(void)
{
    enum {
        N = 1 << 18
    };
    static const char *const names[] = {"sync_spike_2", "sync_spike_4", "sync_spike_8"};
    int64_t *samples = malloc(N * sizeof *samples);
    int32_t *units = calloc(N, sizeof *units);
    CU_ASSERT_FATAL(samples != NULL && units != NULL);
    for (int64_t i = 0; i < N; i++)
        samples[i] = i;
    for (int32_t u = 0; u < 4; u++) {
        samples[N / 2 - 2 + u] = N / 2;
        units[N / 2 - 2 + u] = u;
    }
    samples[N / 2 + 2] = N / 2 + 1; /* and no other two at one sample */
    const spk_spikes spikes = {N, 4, samples, units, 1000, 0, N};
    spk_metrics_input input;
    spk_metrics_options options;
    spk_metrics *metrics = NULL;
    spk_metrics_input_init(&input, sizeof input);
    spk_metrics_options_init(&options, sizeof options);
    input.spikes = &spikes;
    options.names = names;
    options.n_names = 3;
    CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(NULL, &input, &options, &metrics), SPK_OK);
    for (int64_t u = 0; u < 4; u++) {
        const double share = u == 0 ? 1.0 / (N - 3) : 1;
        expect(metrics, names[0], u, share);
        expect(metrics, names[1], u, share);
        expect(metrics, names[2], u, 0);
    }
    spk_metrics_destroy(metrics);
    free(units);
    free(samples);
}

/* The four metrics from the pairs in each bin of 1 ms. Returns which shoulder is highest. */
static int check_kilosort(const spk_spikes *spikes, const double counts[500])
{
    double least = INFINITY, probability = INFINITY, sum = 0, sums[3] = {0};
    for (int k = 10; k < 500; k++) {
        sums[0] += k >= 11 && k <= 50 ? counts[k] / 40 : 0;
        sums[1] += k <= 49 ? counts[k] / 40 : 0;
        sums[2] += k >= 250 ? counts[k] * (k >= 251 ? 2 : 1) / 499 : 0;
    }
    const double shoulder = fmax(fmax(sums[0], sums[1]), sums[2]);
    for (int i = 1; i <= 10; i++) {
        sum += counts[i];
        least = fmin(least, sum / i / shoulder);
        probability = fmin(
            probability, 0.5 + 0.5 * erf((sum - i * shoulder) / sqrt(2 * i * shoulder)));
    }
    spk_metrics *metrics = compute(NULL, spikes, NULL, NULL);
    expect(metrics, "contamination_kilosort", 0, 100 * least);
    expect(metrics, "refractory_probability_kilosort", 0, probability);
    expect(metrics, "refractory_kilosort", 0, least < 0.2 && probability < 0.2);
    const double tail = sums[2] * 499 - counts[499];
    const double colonell = fmax(fmax(sums[0], sums[1]), tail / 498);
    double central = counts[4]; /* bins -4 .. 3 */
    for (int k = 0; k < 4; k++)
        central += 2 * counts[k];
    expect(metrics, "contamination_acg_colonell", 0, central / 8 / colonell);
    spk_metrics_destroy(metrics);
    return sums[2] == shoulder ? 2 : sums[1] == shoulder ? 1 : 0;
}

/* Kilosort's bins on trains without pairs half way between two of them: one with a shoulder
 * near the centre, and one that fires in doublets 245 to 255 ms apart. */
static void kilosort_by_definition(void)
{
    enum {
        N = 700
    };
    static int64_t samples[N];
    static int32_t units[N];
    spk_random random = {.seed = 8};
    for (int regular = 0; regular < 2; regular++) {
        double counts[500] = {0};
        for (int i = 1; i < N; i++)
            samples[i] =
                samples[i - 1] +
                4 * (!regular     ? (int64_t)(8 + 40 * spk_random_exponential(&random))
                     : i % 2 != 0 ? 1
                                  : 245 + draw_below(&random, 10));
        const spk_spikes spikes = {N, 1, samples, units, 4000, 0, samples[N - 1] + 1};
        for (int i = 0; i < N; i++)
            for (int j = i + 1; j < N; j++)
                if (samples[j] - samples[i] < 2000)
                    counts[(samples[j] - samples[i]) / 4]++;
        CU_ASSERT_EQUAL(check_kilosort(&spikes, counts) == 2, regular);
    }
}

/* More pairs than can be looked at one by one, all in four volleys: a pair half way between
 * two bins is half in each. */
static void kilosort_volleys(void)
{
    enum {
        N_VOLLEYS = 4,
        SIZE = 500,
        N = N_VOLLEYS * SIZE
    };
    static int64_t samples[N];
    static int32_t units[N];
    /* at 2 kHz; apart by 4.5, 7.5, 12, 21.5, 29, and 33.5 ms */
    static const int64_t at[N_VOLLEYS] = {0, 9, 24, 67};
    double counts[500] = {0};
    for (int v = 0; v < N_VOLLEYS; v++) {
        for (int i = 0; i < SIZE; i++)
            samples[v * SIZE + i] = at[v];
        counts[0] += SIZE * (SIZE - 1) / 2;
        for (int w = v + 1; w < N_VOLLEYS; w++) {
            const int64_t lag = at[w] - at[v];
            counts[lag / 2] += SIZE * SIZE / 2;
            counts[(lag + 1) / 2] += SIZE * SIZE / 2;
        }
    }
    const spk_spikes spikes = {N, 1, samples, units, 2000, 0, 100};
    check_kilosort(&spikes, counts);
}

static void threads_change_nothing(void)
{
    static random_table table;
    spk_random random = {.seed = 22};
    spk_metrics *metrics[3];
    draw_table(&random, &table);
    for (int k = 0; k < 3; k++) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 << k), SPK_OK);
        metrics[k] = compute(ctx, &table.spikes, NULL, NULL);
        spk_context_destroy(ctx);
    }
    for (int64_t c = 0; c < spk_metrics_n_columns(metrics[0]); c++)
        for (int k = 1; k < 3; k++)
            CU_ASSERT_EQUAL(memcmp(spk_metrics_values(metrics[0], c),
                                   spk_metrics_values(metrics[k], c),
                                   N_UNITS * sizeof(double)),
                            0);
    for (int k = 0; k < 3; k++)
        spk_metrics_destroy(metrics[k]);
}

static spk_status compute_groups(spk_context *ctx, void *spikes)
{
    static const char *const groups[] = {
        "activity",      "presence", "synchrony",  "isi_violations",
        "rp_violations", "rpv",      "sliding_rp", "kilosort_refractory"};
    static const int64_t start = -5321, stop = 2000;
    const spk_epochs epochs = {1, &start, &stop};
    spk_metrics_input input;
    spk_metrics_options options;
    spk_metrics *metrics = NULL;
    spk_metrics_input_init(&input, sizeof input);
    spk_metrics_options_init(&options, sizeof options);
    input.spikes = spikes;
    options.names = groups;
    options.n_names = sizeof groups / sizeof groups[0];
    options.epochs = &epochs;
    const spk_status status = spk_metrics_compute(ctx, &input, &options, &metrics);
    if (status == SPK_OK)
        spk_metrics_destroy(metrics);
    return status;
}

static void failed_allocations(void)
{
    static random_table table;
    spk_random random = {.seed = 23};
    draw_table(&random, &table);
    CU_ASSERT(suite_fail_allocations(compute_groups, &table.spikes) >= 30);
}

/* A recording as long as can be, with spikes at both ends. */
static void huge_times(void)
{
    static const int64_t samples[] = {INT64_MIN / 2, INT64_MIN / 2 + 1, 0, 0,
                                      INT64_MAX / 2 - 1};
    static const int32_t units[] = {0, 0, 1, 0, 0};
    spk_spikes spikes = {5, 2, samples, units, 30000, INT64_MIN / 2, INT64_MAX / 2};
    spk_metrics *metrics = compute(NULL, &spikes, NULL, NULL);
    expect(metrics, "rp_violations", 0, 1);
    expect(metrics, "sync_spike_2", 1, 1);
    expect(metrics, "presence_ratio_allen_fixed", 0, 3.0 / 12);
    CU_ASSERT(column(metrics, "presence_ratio")[0] > 0 &&
              column(metrics, "presence_ratio")[0] < 1e-12);
    CU_ASSERT_EQUAL(column(metrics, "firing_range")[0], 0);
    spk_metrics_destroy(metrics);
    spk_metrics_input input;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = &spikes;
    spikes.start_sample = INT64_MIN;
    CU_ASSERT_EQUAL(spk_metrics_compute(NULL, &input, NULL, &metrics), SPK_ERR_OVERFLOW);
}

static const suite_test tests[] = {
    {"percentiles", percentiles},
    {"by hand", by_hand},
    {"equal their definitions", equal_their_definitions},
    {"touching epochs", touching_epochs},
    {"synchrony across blocks", synchrony_across_blocks},
    {"Kilosort by definition", kilosort_by_definition},
    {"Kilosort: volleys", kilosort_volleys},
    {"threads change nothing", threads_change_nothing},
    {"failed allocations", failed_allocations},
    {"huge times", huge_times},
};

SUITE_MAIN("train_metrics", tests)
