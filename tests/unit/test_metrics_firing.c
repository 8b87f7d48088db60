/* SPDX-License-Identifier: BSD-3-Clause */
#include "metric_columns.h"
#include "simulated_trains.h"

#include <math.h>
#include <spikekit/firing.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    ROOM = 4000
};

static void expect(const spk_metrics *m, const char *name, int64_t unit, double expected)
{
    const double value = metric_value(m, name, unit);
    if (!metric_is_near(value, expected, 1e-12)) {
        printf("%s of unit %d: %.17g, expected %.17g\n", name, (int)unit, value,
               expected);
        CU_FAIL("a metric differs");
    }
}

/* Four pairs of spikes 10 ms apart and four of 19 ms: the line through the logarithms is level but
 * for rounding. With one more at 10 ms its slope is -4.5 log(5 / 4) / 82.5 but for the
 * counts of 0, which are 5 / 100 in place of 4 / 100 and in balance. */
static void flat_decay(void)
{
    int64_t samples[18];
    int32_t units[18] = {0};
    for (int k = 0; k < 9; k++) {
        samples[2 * k] = 1000 * k;
        samples[2 * k + 1] = 1000 * k + (k < 4 || k == 8 ? 10 : 19);
    }
    for (int n = 16; n <= 18; n += 2) {
        const spk_spikes spikes = {n, 1, samples, units, 1000, 0, 10000};
        spk_metrics *m = metric_columns(&spikes, "firing", NULL, 1);
        expect(m, "acg_tau_decay_bombcell", 0, n == 16 ? NAN : 82.5 / (4.5 * log(1.25)));
        spk_metrics_destroy(m);
    }
}

static void hand_worked(void)
{
    /* At 1 kHz: intervals of 1, 2 and 1 s; a unit with one spike, one without. */
    const int64_t samples[] = {0, 1000, 2500, 3000, 4000};
    const int32_t units[] = {0, 0, 1, 0, 0};
    const spk_spikes spikes = {5, 3, samples, units, 1000, 0, 5000};
    spk_metrics *m = metric_columns(&spikes, "firing", NULL, 1);
    expect(m, "isi_mean", 0, 4.0 / 3);
    expect(m, "isi_median", 0, 1);
    expect(m, "firing_rate_isi", 0, 1);
    expect(m, "isi_cv", 0, sqrt(2.0 / 9) / (4.0 / 3));
    expect(m, "isi_skewness", 0, (2.0 / 27) / pow(2.0 / 9, 1.5));
    expect(m, "cv2", 0, 2.0 / 3);
    expect(m, "cv2_cellexplorer", 0, 2.0 / 3);
    expect(m, "lv", 0, 1.0 / 3);
    expect(m, "lvr", 0, (1.0 / 3) * (1 + 4 * 0.005 / 3));
    expect(m, "long_isi_fraction", 0, 0); /* not longer than 2 s */
    expect(m, "long_isi_time_fraction", 0, 0);
    expect(m, "burst_index_mizuseki", 0, 0);
    expect(m, "fano_factor", 0, 0.2 / 0.8); /* 1 1 0 1 1 */
    /* 4 bins of 1 s from 0 to 4 s, the last closed: 1 1 0 2. */
    expect(m, "fano_factor_bombcell", 0, 0.5 / 1);
    /* Bins of 10 s do not fit. */
    expect(m, "firing_rate_cv", 0, NAN);
    expect(m, "firing_rate_gini", 0, NAN);
    expect(m, "burst_index_royer", 0, NAN);
    expect(m, "acg_tau_rise", 0, NAN);
    expect(m, "theta_power_ratio", 0, NAN);
    for (int64_t u = 1; u < 3; u++)
        for (int64_t c = 0; c < spk_metrics_n_columns(m); c++) {
            const char *name = spk_metrics_name(m, c);
            /* One spike in five windows: mean 0.2, variance 0.2. */
            const double fano = strcmp(name, "fano_factor") == 0 ? 1 : NAN;
            expect(m, name, u, u == 1 ? fano : NAN);
        }
    spk_metrics_destroy(m);

    spk_metrics_setting settings[] = {{"long_isi_s", 1.5},
                                      {"burst_isi_s", 1.5},
                                      {"firing_rate_bin_s", 1},
                                      {"fano_window_s", 2},
                                      {"cv2_limit", 0.5}};
    spk_metrics_options o;
    spk_metrics_options_init(&o, sizeof o);
    o.settings = settings;
    o.n_settings = sizeof settings / sizeof settings[0];
    m = metric_columns(&spikes, "firing", &o, 1);
    expect(m, "long_isi_fraction", 0, 1.0 / 3);
    expect(m, "long_isi_time_fraction", 0, 0.5);
    expect(m, "burst_index_mizuseki", 0, 2.0 / 3);
    expect(m, "cv2_cellexplorer", 0, NAN);
    expect(m, "fano_factor", 0, 0.5 / 1.5); /* 2 1 */
    /* Bins up to the last spike at 4 s: 1 1 0 1. Sorted 0 1 1 1, cumulative / 3. */
    expect(m, "firing_rate_cv", 0, 0.5 / 0.75);
    expect(m, "firing_rate_gini", 0, 1 - 2 * (0 + 1 + 2 + 3) / 3.0 / 4);
    expect(m, "firing_rate_instability", 0, 1 / 0.75); /* 0 1 1 */
    spk_metrics_destroy(m);
}

/* ---- straight from the definitions ---- */

typedef struct definition {
    int64_t n;
    const int64_t *t; /* spikes of the unit in time, runs given by */
    const int *run;   /* the run that each lies in */
    double rate_hz;
} definition;

/* All differences within a run that are above 0 and below 0.6 s, in samples. */
static double lags[ROOM * ROOM / 16];
static int64_t n_lags;

static void list_lags(const definition *d)
{
    n_lags = 0;
    for (int64_t i = 0; i < d->n; i++)
        for (int64_t j = i + 1; j < d->n; j++) {
            const double lag = (double)(d->t[j] - d->t[i]);
            if (d->run[i] == d->run[j] && lag > 0 && lag < 0.6 * d->rate_hz)
                lags[n_lags++] = lag;
        }
}

/* How many with low < lag <= high, or low <= lag < high. */
static double pairs_within(double low, double high, int closed_right)
{
    double n = 0;
    for (int64_t k = 0; k < n_lags; k++)
        n += closed_right ? lags[k] > low && lags[k] <= high
                          : lags[k] >= low && lags[k] < high;
    return n;
}

/* Mean of the centred bins first .. last of b samples. */
static double centred(double b, int first, int last)
{
    return pairs_within((first - 0.5) * b, (last + 0.5) * b, 1) / (last - first + 1);
}

static double over(double above, double below)
{
    return below > 0 ? above / below : NAN;
}

static void check_pairs(const spk_metrics *m, int64_t u, const definition *d)
{
    const double ms = d->rate_hz / 1000, half = d->rate_hz / 2000;
    list_lags(d);
    const double p = centred(ms, 100, 140), t = centred(ms, 50, 70);
    expect(m, "burst_index_royer", u, over(centred(ms, 3, 5), centred(ms, 200, 300)));
    expect(m, "theta_modulation", u, over(p - t, p + t));
    double most = 0, far = 0, level = 0, least = INFINITY, a[501] = {0};
    for (int k = 5; k <= 16; k++)
        most = fmax(most, centred(half, k, k));
    expect(m, "burst_index_doublets", u, over(most, centred(half, 16, 23)));
    for (int k = 1; k <= 500; k++) {
        a[k] = pairs_within(k * ms, (k + 1) * ms, 0);
        if (k <= 10)
            least = fmin(least, a[k]);
        if (k >= 11 && k <= 50)
            far += a[k] / 491;
        if (k >= 50)
            far += a[k] / 491;
        if (k >= 100 && k < 400)
            level += a[k] / 300;
    }
    const int enough = d->n >= 10 && far > 0;
    expect(m, "post_spike_suppression_bombcell", u, enough ? least / far : NAN);
    int k = 0;
    while (k < 500 && a[k] < level * (1 - 1e-12))
        k++;
    expect(m, "post_spike_suppression_ms_bombcell", u, enough && k < 500 ? k : NAN);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check_intervals(const spk_metrics *m, int64_t u, const definition *d)
{
    double isi[ROOM], mean = 0, m2 = 0, m3 = 0, n_long = 0, all = 0, long_time = 0;
    int run[ROOM], n = 0;
    for (int64_t i = 1; i < d->n; i++)
        if (d->run[i] == d->run[i - 1]) {
            run[n] = d->run[i];
            isi[n++] = (double)(d->t[i] - d->t[i - 1]) / d->rate_hz;
        }
    for (int i = 0; i < n; i++) {
        mean += isi[i] / n;
        all += isi[i];
        n_long += isi[i] > 2;
        long_time += isi[i] > 2 ? isi[i] : 0;
    }
    for (int i = 0; i < n; i++) {
        m2 += pow(isi[i] - mean, 2) / n;
        m3 += pow(isi[i] - mean, 3) / n;
    }
    double cv2 = 0, below = 0, lv = 0, lvr = 0, bursts = 0;
    int pairs = 0, n_below = 0;
    for (int i = 1; i < n; i++) {
        if (run[i] != run[i - 1])
            continue;
        bursts += isi[i] < 0.006 - 1e-9 || isi[i - 1] < 0.006 - 1e-9;
        const double sum = isi[i] + isi[i - 1], c = 2 * fabs(isi[i] - isi[i - 1]) / sum;
        if (sum == 0)
            continue;
        pairs++;
        cv2 += c;
        if (c < 1.95) {
            below += c;
            n_below++;
        }
        const double term = 1 - 4 * isi[i] * isi[i - 1] / (sum * sum);
        lv += 3 * term;
        lvr += 3 * term * (1 + 4 * 0.005 / sum);
    }
    expect(m, "isi_mean", u, n > 0 ? mean : NAN);
    expect(m, "isi_cv", u, n > 1 && mean > 0 ? sqrt(m2) / mean : NAN);
    if (m2 > 1e-12 * mean * mean) /* rounding of the definition itself */
        expect(m, "isi_skewness", u, n > 1 ? m3 / pow(m2, 1.5) : NAN);
    expect(m, "cv2", u, pairs > 0 ? cv2 / pairs : NAN);
    expect(m, "cv2_cellexplorer", u, n_below > 0 ? below / n_below : NAN);
    expect(m, "lv", u, pairs > 0 ? lv / pairs : NAN);
    expect(m, "lvr", u, pairs > 0 ? lvr / pairs : NAN);
    expect(m, "long_isi_fraction", u, n > 0 ? n_long / n : NAN);
    expect(m, "long_isi_time_fraction", u, all > 0 ? long_time / all : NAN);
    expect(m, "burst_index_mizuseki", u, n > 0 ? bursts / n : NAN);
    qsort(isi, (size_t)n, sizeof *isi, by_value);
    const double median = n > 0 ? (isi[n / 2] + isi[(n - 1) / 2]) / 2 : NAN;
    expect(m, "isi_median", u, median);
    expect(m, "firing_rate_isi", u, median > 0 ? 1 / median : NAN);
}

static void check_windows(const spk_metrics *m, int64_t u, const definition *d,
                          const spk_train *train, int64_t last, double bin_s)
{
    double c[ROOM], changes[ROOM], sum = 0, squares = 0, cumulative = 0, area = 0;
    int n = 0, n_changes = 0;
    const double b = bin_s * d->rate_hz;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const double stop =
            (double)(train->run_stops[r] < last ? train->run_stops[r] : last);
        int in_run = 0;
        const double start = (double)train->run_starts[r];
        for (int k = 0; start + (k + 1) * b <= stop; k++) {
            const double from = start + k * b;
            c[n] = 0;
            for (int64_t i = 0; i < d->n; i++)
                c[n] += (double)d->t[i] >= from && (double)d->t[i] < from + b;
            if (in_run++ > 0)
                changes[n_changes++] = fabs(c[n] - c[n - 1]);
            sum += c[n++];
        }
    }
    for (int k = 0; k < n; k++)
        squares += pow(c[k] - sum / n, 2);
    const double mean = n > 1 && sum > 0 ? sum / n : NAN;
    expect(m, "firing_rate_cv", u, sqrt(squares / (n - 1)) / mean);
    qsort(changes, (size_t)n_changes, sizeof *changes, by_value);
    expect(m, "firing_rate_instability", u,
           n_changes > 0
               ? (changes[n_changes / 2] + changes[(n_changes - 1) / 2]) / 2 / mean
               : NAN);
    qsort(c, (size_t)n, sizeof *c, by_value);
    for (int k = 0; k < n; k++)
        area += cumulative += c[k];
    expect(m, "firing_rate_gini", u, 1 - 2 * area / sum / n + 0 * mean);
}

/* Every bin and every place of the window. */
static void check_sliding(const spk_metrics *cvs, const spk_metrics *fanos, int64_t u,
                          const definition *d)
{
    static double counts[ROOM * 4], rate[ROOM * 4];
    double cv = 0, fano = 0;
    int n_parts = 0;
    for (int64_t first = 0, end; first < d->n; first = end) {
        for (end = first; end < d->n && d->run[end] == d->run[first];)
            end++;
        const double span = (double)(d->t[end - 1] - d->t[first]) / d->rate_hz;
        const int n = (int)(span / 0.01), windows = (int)(span / 0.5);
        const int step = windows > 0 ? n / windows : n, part = (n - step) / 10;
        if (part < 1)
            continue;
        memset(counts, 0, sizeof counts);
        for (int64_t k = first; k < end; k++) {
            const int bin = (int)((double)(d->t[k] - d->t[first]) * n /
                                  (double)(d->t[end - 1] - d->t[first]));
            counts[bin < n ? bin : n - 1]++;
        }
        for (int p = 0; p < 10; p++) {
            double mean = 0, squares = 0;
            for (int i = p * part; i < (p + 1) * part; i++) {
                rate[i] = 0;
                for (int k = 0; k < step; k++)
                    rate[i] += counts[i + k] / 0.5;
                mean += rate[i] / part;
            }
            for (int i = p * part; i < (p + 1) * part; i++)
                squares += pow(rate[i] - mean, 2) / part;
            cv += sqrt(squares) / mean;
            fano += squares / mean;
            n_parts++;
        }
    }
    const double value = metric_value(cvs, "firing_rate_cv_ibl", u);
    /* Differences of squares lose up to half the digits where the rate hardly varies. */
    CU_ASSERT(metric_is_near(value, n_parts > 0 ? cv / n_parts : NAN, 1e-7));
    expect(fanos, "fano_factor_ibl", u, n_parts > 0 ? fano / n_parts : NAN);
}

/* Random trains of several kinds, in order of time: Poisson, bursts, doubled spikes, all at
 * one time, none. */
static int64_t fill(spk_random *random, int64_t start, int64_t stop, int64_t *samples,
                    int32_t *units)
{
    int64_t n = 0;
    const double span = (double)(stop - start);
    for (int64_t k = 0; k < 700; k++) {
        samples[n] = start + (int64_t)(spk_random_uniform(random) * span);
        units[n++] = 0;
    }
    for (int64_t k = 0; k < 150; k++) {
        const int64_t at = start + (int64_t)(spk_random_uniform(random) * (span - 3000));
        for (int64_t j = 0; j < 4; j++) {
            samples[n] =
                at + (int64_t)(60 * j + 300 * spk_random_uniform(random) * (double)j);
            units[n++] = 1;
        }
    }
    for (int64_t k = 0; k < 60; k++) {
        samples[n] = samples[k];
        samples[n + 1] = samples[k];
        units[n] = units[n + 1] = 2;
        n += 2;
        samples[n] = start + (stop - start) / 2;
        units[n++] = 3;
    }
    samples[n] = stop - 1;
    units[n++] = 5;
    return n;
}

static void sort_table(int64_t n, int64_t *samples, int32_t *units)
{
    int64_t *order = malloc((size_t)n * sizeof *order),
            *s = malloc((size_t)n * sizeof *s);
    int32_t *u = malloc((size_t)n * sizeof *u);
    CU_ASSERT_EQUAL_FATAL(spk_spikes_order(NULL, n, samples, order), SPK_OK);
    for (int64_t k = 0; k < n; k++) {
        s[k] = samples[order[k]];
        u[k] = units[order[k]];
    }
    memcpy(samples, s, (size_t)n * sizeof *s);
    memcpy(units, u, (size_t)n * sizeof *u);
    free(order);
    free(s);
    free(u);
}

static void equals_the_definition(void)
{
    enum {
        N_UNITS = 6
    };
    static int64_t samples[ROOM];
    static int32_t units[ROOM];
    static int run[ROOM];
    spk_random random = {.seed = 11};
    const int64_t start = -100000, stop = 1000000;
    const int64_t starts[] = {-90001, 200000, 500000}, stops[] = {150000, 499999, 990000};
    const spk_epochs epochs = {3, starts, stops};
    const int64_t offsets[] = {0, 2, 3, 4, 5, 6, 7};
    const int64_t period_starts[] = {-100000, 300000, 0, 0, 0, 0, 999998},
                  period_stops[] = {250000, 700000, 900000, 900000, 900000, 1, 999999};
    const spk_periods periods = {N_UNITS, offsets, period_starts, period_stops};
    for (int trial = 0; trial < 4; trial++) {
        const int64_t n = fill(&random, start, stop, samples, units);
        sort_table(n, samples, units);
        const spk_spikes spikes = {n, N_UNITS, samples, units, 20000, start, stop};
        spk_metrics_setting settings[] = {{"firing_rate_bin_s", 0.75}};
        spk_metrics_options o;
        spk_metrics_options_init(&o, sizeof o);
        spk_trains_options cut;
        spk_trains_options_init(&cut, sizeof cut);
        cut.epochs = o.epochs = trial & 1 ? &epochs : NULL;
        cut.periods = o.periods = trial & 2 ? &periods : NULL;
        o.settings = settings;
        o.n_settings = 1;
        spk_trains *grouped;
        CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &spikes, &cut, &grouped), SPK_OK);
        spk_metrics *m = metric_columns(&spikes, "firing", &o, 1),
                    *cvs = metric_columns(&spikes, "firing_rate_cv_ibl", &o, 1),
                    *fanos = metric_columns(&spikes, "fano_factor_ibl", &o, 1);
        int64_t last = start;
        for (int64_t u = 0; u < N_UNITS; u++) {
            const spk_train train = spk_trains_unit(grouped, u);
            if (train.n_spikes > 0 && train.samples[train.n_spikes - 1] > last)
                last = train.samples[train.n_spikes - 1];
        }
        for (int64_t u = 0; u < N_UNITS; u++) {
            const spk_train train = spk_trains_unit(grouped, u);
            for (int64_t r = 0; r < train.n_runs; r++)
                for (int64_t k = train.run_offsets[r]; k < train.run_offsets[r + 1]; k++)
                    run[k] = (int)r;
            const definition d = {train.n_spikes, train.samples, run, 20000};
            check_intervals(m, u, &d);
            check_windows(m, u, &d, &train, last, 0.75);
            check_sliding(cvs, fanos, u, &d);
            check_pairs(m, u, &d);
        }
        spk_metrics_destroy(m);
        spk_metrics_destroy(cvs);
        spk_metrics_destroy(fanos);
        spk_trains_destroy(grouped);
    }
}

static void threads_give_the_same_bits(void)
{
    static int64_t samples[ROOM];
    static int32_t units[ROOM];
    spk_random random = {.seed = 3};
    const int64_t n = fill(&random, 0, 900000, samples, units);
    sort_table(n, samples, units);
    const spk_spikes spikes = {n, 6, samples, units, 30000, 0, 900000};
    spk_metrics *one = metric_columns(&spikes, "firing", NULL, 1);
    for (int32_t threads = 2; threads <= 4; threads += 2) {
        spk_metrics *more = metric_columns(&spikes, "firing", NULL, threads);
        for (int64_t c = 0; c < spk_metrics_n_columns(one); c++)
            CU_ASSERT(memcmp((const void *)spk_metrics_values(one, c),
                             (const void *)spk_metrics_values(more, c),
                             6 * sizeof(double)) == 0);
        spk_metrics_destroy(more);
    }
    /* A clock so fine that lags have no counter each gives the same counts. */
    for (int64_t k = 0; k < n; k++)
        samples[k] *= 100000;
    const spk_spikes fine = {n, 6, samples, units, 3e9, 0, 90000000000};
    spk_metrics *scaled = metric_columns(&fine, "firing", NULL, 1);
    for (int64_t c = 0; c < spk_metrics_n_columns(one); c++)
        for (int64_t u = 0; u < 6; u++)
            expect(scaled, spk_metrics_name(one, c), u, spk_metrics_values(one, c)[u]);
    spk_metrics_destroy(scaled);
    spk_metrics_destroy(one);
}

/* Renewal trains of which the values are known: regular, Poisson, gamma with a dead time. */
static void known_trains(void)
{
    enum {
        N = 20000
    };
    int64_t *samples = malloc(3 * N * sizeof *samples);
    int32_t *units = malloc(3 * N * sizeof *units);
    spk_random random = {.seed = 8};
    double poisson = 0, gamma = 0;
    for (int64_t k = 0; k < N; k++) {
        samples[3 * k] = 1000 * k;
        poisson += 30000 * 0.1 * spk_random_exponential(&random);
        gamma += 30000 * (0.005 + 0.05 * spk_random_gamma(&random, 2));
        samples[3 * k + 1] = (int64_t)poisson;
        samples[3 * k + 2] = (int64_t)gamma;
        for (int32_t u = 0; u < 3; u++)
            units[3 * k + u] = u;
    }
    sort_table(3 * N, samples, units);
    const spk_spikes spikes = {3 * N, 3, samples, units, 30000, 0, (int64_t)1 << 40};
    const int64_t from = 0, to = 1000 * (int64_t)N;
    const spk_epochs first = {1, &from, &to};
    spk_metrics_options o;
    spk_metrics_options_init(&o, sizeof o);
    spk_metrics *m = metric_columns(&spikes, "firing", NULL, 1);
    expect(m, "isi_cv", 0, 0);
    expect(m, "isi_skewness", 0, NAN);
    expect(m, "cv2", 0, 0);
    expect(m, "lv", 0, 0);
    expect(m, "lvr", 0, 0);
    expect(m, "firing_rate_isi", 0, 30);
    /* Means of N values of known variance, neighbours sharing an interval: within five
     * standard errors. CV of n exponential intervals: sd 1 / sqrt(n). 2 |q| is uniform on
     * 0 .. 2 and 3 q^2 has mean 1, variance 4 / 5; sums of neighbours are correlated, which
     * less than doubles the variance. */
    CU_ASSERT(fabs(metric_value(m, "isi_cv", 1) - 1) < 5 / sqrt(N));
    CU_ASSERT(fabs(metric_value(m, "cv2", 1) - 1) < 5 * sqrt(2.0 / 3 / N));
    CU_ASSERT(fabs(metric_value(m, "lv", 1) - 1) < 5 * sqrt(1.6 / N));
    CU_ASSERT(fabs(metric_value(m, "isi_skewness", 1) - 2) < 0.5);
    /* Gamma of shape k: LV = 3 / (2 k + 1), lowered by a dead time of R to which LvR adds
     * it again to first order (Shinomoto 2009). */
    const double lv = metric_value(m, "lv", 2), lvr = metric_value(m, "lvr", 2);
    CU_ASSERT(lv < 0.6 - 5 * sqrt(1.0 / N));
    CU_ASSERT(fabs(lvr - 0.6) < 0.015 && fabs(lvr - 0.6) < fabs(lv - 0.6));
    spk_metrics_destroy(m);

    o.epochs = &first;
    m = metric_columns(&spikes, "firing", &o, 1);
    expect(m, "fano_factor", 0, 0); /* 30 spikes in every second */
    /* Var(F) of n windows is 2 / n. */
    CU_ASSERT(fabs(metric_value(m, "fano_factor", 1) - 1) < 5 * sqrt(2.0 / (N / 30.0)));
    spk_metrics_destroy(m);
    free(samples);
    free(units);
}

static void bursting_units_have_higher_burst_indices(void)
{
    double index[2][3];
    static const char *const names[] = {"burst_index_mizuseki", "burst_index_royer",
                                        "burst_index_doublets"};
    /* The last compares lags that are all within bursts, so it rises least. */
    static const double factors[] = {5, 3, 1.2};
    for (int bursting = 0; bursting < 2; bursting++) {
        spk_simulation_options o = plain_options(1, 3000, 5);
        o.burst_share = bursting;
        spk_simulation *simulation;
        CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, &o, &simulation), SPK_OK);
        spk_metrics *m =
            metric_columns(spk_simulation_spikes(simulation), "firing", NULL, 1);
        for (int k = 0; k < 3; k++)
            index[bursting][k] = metric_value(m, names[k], 0);
        spk_metrics_destroy(m);
        spk_simulation_destroy(simulation);
    }
    for (int k = 0; k < 3; k++)
        CU_ASSERT(index[1][k] > factors[k] * index[0][k]);
}

/* A rate that follows an 8 Hz cosine: both measures of theta see it, and not in a plain one. */
static void theta_is_seen(void)
{
    enum {
        N = 12000
    };
    int64_t *samples = malloc(2 * N * sizeof *samples), n = 0;
    int32_t *units = malloc(2 * N * sizeof *units);
    spk_random random = {.seed = 21};
    for (int32_t unit = 0; unit < 2; unit++) {
        double t = 0;
        for (int64_t k = 0; k < N;) {
            t += spk_random_exponential(&random) / 40;
            const double wave = cos(2 * 3.14159265358979 * 8 * t);
            if (spk_random_uniform(&random) < (unit ? 0.5 : 0.5 + 0.5 * wave)) {
                samples[n] = (int64_t)(30000 * t);
                units[n++] = unit;
                k++;
            }
        }
    }
    sort_table(n, samples, units);
    const spk_spikes spikes = {n, 2, samples, units, 30000, 0, samples[n - 1] + 1};
    spk_metrics *m = metric_columns(&spikes, "firing", NULL, 1);
    CU_ASSERT(metric_value(m, "theta_power_ratio", 0) > 20);
    CU_ASSERT(metric_value(m, "theta_power_ratio", 1) < 8);
    CU_ASSERT(metric_value(m, "theta_modulation", 0) > 0.1);
    CU_ASSERT(fabs(metric_value(m, "theta_modulation", 1)) < 0.05);
    spk_metrics_destroy(m);
    free(samples);
    free(units);
}

static spk_status compute_firing(spk_context *ctx, void *argument)
{
    const char *name = "firing";
    spk_metrics_input input;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = argument;
    spk_metrics_options o;
    spk_metrics_options_init(&o, sizeof o);
    o.names = &name;
    o.n_names = 1;
    spk_metrics *metrics;
    spk_status status = spk_metrics_compute(ctx, &input, &o, &metrics);
    if (status == SPK_OK)
        spk_metrics_destroy(metrics);
    return status;
}

static void every_allocation_can_fail(void)
{
    const int64_t samples[] = {0, 100, 250, 300};
    const int32_t units[] = {0, 0, 0, 0};
    spk_spikes spikes = {4, 1, samples, units, 30000, 0, 500};
    CU_ASSERT(suite_fail_allocations(compute_firing, &spikes) > 15);
}

/* Rates at which bins are less than a sample: nothing is made up. No units, no spikes. */
static void degenerate_tables(void)
{
    const int64_t samples[] = {0, 2, 3, 9, 11, 12, 20, 22, 23, 25, 26, 28};
    const int32_t units[12] = {0};
    const spk_spikes slow = {12, 1, samples, units, 10, 0, 30};
    spk_metrics *m = metric_columns(&slow, "firing", NULL, 1);
    static const char *const undefined[] = {
        "burst_index_royer", "burst_index_doublets", "theta_modulation",
        "theta_power_ratio", "acg_tau_rise",         "post_spike_suppression_bombcell"};
    for (size_t k = 0; k < sizeof undefined / sizeof undefined[0]; k++)
        CU_ASSERT(isnan(metric_value(m, undefined[k], 0)));
    expect(m, "isi_median", 0, 0.2);
    spk_metrics_destroy(m);
    const spk_spikes nothing = {0, 2, NULL, NULL, 30000, 0, 0};
    m = metric_columns(&nothing, "firing", NULL, 1);
    for (int64_t c = 0; c < spk_metrics_n_columns(m); c++)
        CU_ASSERT(isnan(spk_metrics_values(m, c)[1]));
    spk_metrics_destroy(m);
    const spk_spikes nobody = {0, 0, NULL, NULL, 30000, 0, 10};
    spk_metrics_destroy(metric_columns(&nobody, "firing", NULL, 1));
}

/* Times from end to end of what an int64 can hold in one recording. */
static void huge_times(void)
{
    const int64_t samples[] = {INT64_MIN, INT64_MIN + 30, -30 * 1000000000LL, -5, -2};
    const int32_t units[] = {0, 0, 0, 0, 0};
    const spk_spikes spikes = {5, 1, samples, units, 30000, INT64_MIN, -1};
    spk_metrics *m = metric_columns(&spikes, "firing", NULL, 1);
    expect(m, "isi_median", 0, (30000000000.0 - 5) / 30000 / 2 + 30 / 30000.0 / 2);
    expect(m, "burst_index_mizuseki", 0, 2.0 / 4);
    expect(m, "long_isi_fraction", 0, 2.0 / 4);
    CU_ASSERT(metric_value(m, "isi_cv", 0) > 1);
    CU_ASSERT(metric_value(m, "fano_factor", 0) >= 1);
    spk_metrics_destroy(m);
    spk_metrics_destroy(metric_columns(&spikes, "firing_rate_cv_ibl", NULL, 1));
}

static const suite_test tests[] = {
    {"hand-worked", hand_worked},
    {"flat decay", flat_decay},
    {"equals the definition", equals_the_definition},
    {"threads give the same bits", threads_give_the_same_bits},
    {"known trains", known_trains},
    {"bursting units have higher burst indices",
     bursting_units_have_higher_burst_indices},
    {"theta is seen", theta_is_seen},
    {"every allocation can fail", every_allocation_can_fail},
    {"degenerate tables", degenerate_tables},
    {"huge times", huge_times},
};
SUITE_MAIN("metrics_firing", tests)
