/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real recordings, when the folder of data is there.
 *
 * Retinal waves: synchrony must fall with distance. Cockroach: its spikes were sorted by
 * taking superpositions apart, of which its authors warn that it leaves artefacts at lag zero;
 * lags of two units below a millisecond are nearly all odd numbers of samples, and zero itself
 * is nearly empty between two neighbours that are overfull.
 */
#define _POSIX_C_SOURCE 200809L
#include "suite.h"

#include <math.h>
#include <spikekit/array.h>
#include <spikekit/correlogram.h>
#include <spikekit/distributions.h>
#include <spikekit/session.h>
#include <spikekit/synchrony.h>
#include <spikekit/table.h>
#include <stdlib.h>
#include <unistd.h>

static spk_context *ctx;
static const char *data;
static char paths[2][1024];

static const char *place(int slot, const char *name)
{
    snprintf(paths[slot], sizeof paths[slot], "%s/%s", data, name);
    return paths[slot];
}

static int is_there(const char *name)
{
    if (access(place(0, name), R_OK) == 0)
        return 1;
    printf("skipped: %s is not there\n", place(0, name));
    return 0;
}

/* ---- retinal waves ---- */

typedef struct ranked {
    double value;
    int32_t index;
} ranked;

static int by_value(const void *a, const void *b)
{
    const double x = ((const ranked *)a)->value, y = ((const ranked *)b)->value;
    return (x > y) - (x < y);
}

/* Replaces values by their ranks less the mean rank; ties share theirs. */
static void rank(double *values, int64_t n)
{
    ranked *order = malloc((size_t)n * sizeof *order);
    for (int64_t k = 0; k < n; k++)
        order[k] = (ranked){values[k], (int32_t)k};
    qsort(order, (size_t)n, sizeof *order, by_value);
    for (int64_t k = 0, end; k < n; k = end) {
        for (end = k + 1; end < n && order[end].value == order[k].value;)
            end++;
        for (int64_t i = k; i < end; i++)
            values[order[i].index] = 0.5 * (double)(k + end - 1) - 0.5 * (double)(n - 1);
    }
    free(order);
}

static double spearman(double *x, double *y, int64_t n)
{
    double xy = 0, xx = 0, yy = 0;
    rank(x, n);
    rank(y, n);
    for (int64_t k = 0; k < n; k++) {
        xy += x[k] * y[k];
        xx += x[k] * x[k];
        yy += y[k] * y[k];
    }
    return xy / sqrt(xx * yy);
}

/* Spearman's coefficient of STTC at 100 ms and distance, and mean STTC by steps of distance. */
static double fall(const char *name, double step_um, int n_steps, double *means)
{
    char times[128], units[128], positions[128];
    spk_session *s = NULL;
    spk_npy *npy = NULL;
    spk_sttc_options options;
    snprintf(times, sizeof times, "%s.spike_times_s.npy", name);
    snprintf(units, sizeof units, "%s.spike_clusters.npy", name);
    snprintf(positions, sizeof positions, "%s.electrode_xy_um.npy", name);
    CU_ASSERT_FATAL(spk_session_open_arrays(ctx, place(0, times), place(1, units), NULL,
                                            &s) == SPK_OK);
    CU_ASSERT_FATAL(spk_npy_open(ctx, place(0, positions), &npy) == SPK_OK);
    const double *xy = spk_npy_array(npy)->data;
    const int64_t n = spk_session_spikes(s)->n_units;
    CU_ASSERT_FATAL(spk_npy_array(npy)->shape[0] == n);
    const int by_column = spk_npy_array(npy)->fortran_order;
    const int64_t across = by_column ? 1 : 2, along = by_column ? n : 1;
    double *values = malloc((size_t)(n * n) * sizeof *values);
    double *x = malloc((size_t)(n * n / 2) * sizeof *x);
    double *y = malloc((size_t)(n * n / 2) * sizeof *y);
    int64_t n_pairs = 0, *counts = calloc((size_t)n_steps, sizeof *counts);
    spk_sttc_options_init(&options, sizeof options);
    options.window_s = 0.1;
    CU_ASSERT_EQUAL_FATAL(spk_sttc_estimate(ctx, spk_session_spikes(s), &options, values),
                          SPK_OK);
    for (int k = 0; k < n_steps; k++)
        means[k] = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++) {
            x[n_pairs] = hypot(xy[across * i] - xy[across * j],
                               xy[across * i + along] - xy[across * j + along]);
            y[n_pairs] = values[i * n + j];
            CU_ASSERT(fabs(y[n_pairs]) <= 1);
            const int at = (int)(x[n_pairs] / step_um);
            if (at < n_steps) {
                means[at] += y[n_pairs];
                counts[at]++;
            }
            n_pairs++;
        }
    for (int k = 0; k < n_steps; k++)
        means[k] /= (double)counts[k];
    const double rho = spearman(x, y, n_pairs);
    free(counts);
    free(y);
    free(x);
    free(values);
    spk_npy_close(npy);
    spk_session_close(s);
    return rho;
}

static void retinal_waves(void)
{
    double means[6];
    if (!is_there("retinal_waves_hdmea"))
        return;
    const double mouse = fall("retinal_waves_hdmea/Maccione2014_P11_m1r2", 300, 6, means);
    CU_ASSERT_DOUBLE_EQUAL(mouse, -0.3844, 0.0001);
    for (int k = 1; k < 5; k++)
        CU_ASSERT(means[k] < 0.5 * means[k - 1]);
    CU_ASSERT_DOUBLE_EQUAL(means[0], 0.2128, 0.0001);
    CU_ASSERT(fabs(means[5]) < 0.005);
    const double ferret = fall("retinal_waves_hdmea/Wong1993_P0", 100, 4, means);
    CU_ASSERT(ferret < -0.5 && means[0] > means[1] && means[1] > means[2]);
}

/* ---- cockroach ---- */

enum {
    RATE = 12800, /* of the recordings: all times are multiples of 1 / 12800 s */
    REACH = 80,
    N_LAGS = 2 * REACH + 1,
    MOST = 20000,
    TRIAL = 30 * RATE /* a trial is shorter: no lag bridges two */
};

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

/* Adds the lags [samples] of all pairs of neurons, lower number first. */
static void add_lags(const char *name, int64_t sums[N_LAGS])
{
    char path[128];
    spk_table *table = NULL;
    static int64_t spikes[MOST][2], samples[MOST];
    static int32_t units[MOST];
    snprintf(path, sizeof path, "star_cockroach_al/%s.csv", name);
    CU_ASSERT_EQUAL_FATAL(spk_table_read(ctx, place(0, path), &table), SPK_OK);
    const int64_t n = spk_table_n_rows(table);
    const int64_t neuron = spk_table_find_column(table, "neuron");
    const int64_t trial = spk_table_find_column(table, "trial");
    const int64_t time = spk_table_find_column(table, "time_s");
    int64_t n_units = 0;
    CU_ASSERT_FATAL(n > 0 && n <= MOST && neuron >= 0 && trial >= 0 && time >= 0);
    for (int64_t i = 0; i < n; i++) {
        int64_t number, unit;
        double time_s;
        CU_ASSERT_EQUAL_FATAL(spk_table_integer(ctx, table, i, trial, &number), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_table_integer(ctx, table, i, neuron, &unit), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_table_number(ctx, table, i, time, &time_s), SPK_OK);
        CU_ASSERT(fabs(time_s * RATE - rint(time_s * RATE)) < 0.01);
        spikes[i][0] = 4 * number * TRIAL + (int64_t)rint(time_s * RATE);
        spikes[i][1] = unit - 1;
        n_units = unit > n_units ? unit : n_units;
    }
    spk_table_destroy(table);
    qsort(spikes, (size_t)n, sizeof spikes[0], by_time);
    for (int64_t i = 0; i < n; i++) {
        samples[i] = spikes[i][0];
        units[i] = (int32_t)spikes[i][1];
    }
    const spk_spikes all = {n,    n_units,    samples,           units,
                            RATE, samples[0], samples[n - 1] + 1};
    spk_correlogram_options options;
    spk_correlogram_options_init(&options, sizeof options);
    options.n_bins = N_LAGS;
    options.bin_samples = 1;
    int64_t *counts = malloc((size_t)(n_units * n_units) * N_LAGS * sizeof *counts);
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_count(ctx, &all, &options, counts), SPK_OK);
    for (int64_t i = 0; i < n_units; i++)
        for (int64_t j = i + 1; j < n_units; j++)
            for (int k = 0; k < N_LAGS; k++)
                sums[k] += counts[(i * n_units + j) * N_LAGS + k];
    free(counts);
}

static void cockroach(void)
{
    static const char *const names[] = {"CAL1S",
                                        "CAL1V",
                                        "CAL2C",
                                        "CAL2S",
                                        "e060517ionon",
                                        "e060517spont",
                                        "e060817citron",
                                        "e060817mix",
                                        "e060817spont",
                                        "e060817terpi",
                                        "e060824citral",
                                        "e060824spont",
                                        "e070528citronellal",
                                        "e070528spont"};
    int64_t lags[N_LAGS] = {0}, flank = 0, odd = 0, even = 0;
    if (!is_there("star_cockroach_al"))
        return;
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        add_lags(names[k], lags);
    for (int lag = 20; lag <= REACH; lag++)
        flank += lags[REACH - lag] + lags[REACH + lag];
    const double mean = (double)flank / (2 * (REACH - 19));
    const int64_t centre = lags[REACH], beside = lags[REACH - 1] + lags[REACH + 1];
    CU_ASSERT(centre == 25 && beside == 999);
    CU_ASSERT(mean > 110 && mean < 140);
    /* too few at zero, too many beside it, were lags near zero like those of milliseconds */
    CU_ASSERT(spk_poisson_log_lower(centre, mean) < log(1e-20));
    CU_ASSERT(spk_poisson_log_upper(beside, 2 * mean) < log(1e-200));
    /* and whatever the flanks: of three neighbouring lags each would have a third */
    double lower, upper;
    spk_binomial_limits(centre, centre + beside, 1 - 1e-12, &lower, &upper);
    CU_ASSERT(upper < 0.1);
    /* up to 8 samples, 0.6 ms: nearly none is even */
    for (int lag = 1; lag <= 8; lag++)
        *(lag % 2 ? &odd : &even) += lags[REACH - lag] + lags[REACH + lag];
    CU_ASSERT(even < odd / 20);
    /* a millisecond away lags are even as often as odd */
    odd = even = 0;
    for (int lag = 40; lag < REACH; lag++)
        *(lag % 2 ? &odd : &even) += lags[REACH - lag] + lags[REACH + lag];
    spk_binomial_limits(odd, odd + even, 0.9999, &lower, &upper);
    CU_ASSERT(lower < 0.5 && 0.5 < upper);
}

static const suite_test tests[] = {
    {"retinal waves", retinal_waves},
    {"cockroach", cockroach},
};

int main(void)
{
    data = getenv("SPK_DATA");
    if (data == NULL)
        data = "../../shared/data"; /* from tests/ */
    if (spk_context_create(&ctx) != SPK_OK)
        return 1;
    const int result =
        suite_run("synchrony_recordings", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_context_destroy(ctx);
    return result;
}
