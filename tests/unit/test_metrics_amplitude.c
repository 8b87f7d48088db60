/* SPDX-License-Identifier: BSD-3-Clause */
#include "amplitude_golden.h"
#include "suite.h"

#include <float.h>
#include <spikekit/random.h>

static const char *const group[] = {"amplitude"};

static spk_array vector(const double *values, int64_t n)
{
    return (spk_array){.dtype = SPK_DTYPE_FLOAT64,
                       .n_dimensions = 1,
                       .shape = {n, 1, 1, 1, 1, 1, 1, 1},
                       .n_elements = n,
                       .item_size = 8,
                       .data = values};
}

static spk_status compute(spk_context *ctx, const spk_spikes *spikes,
                          const spk_array *amplitudes, const spk_epochs *epochs,
                          spk_metrics **metrics)
{
    spk_metrics_input input;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = spikes;
    input.amplitudes = amplitudes;
    spk_metrics_options options;
    spk_metrics_options_init(&options, sizeof options);
    options.names = group;
    options.n_names = 1;
    options.epochs = epochs;
    return spk_metrics_compute(ctx, &input, &options, metrics);
}

static spk_metrics *computed(const spk_spikes *spikes, const spk_array *amplitudes,
                             const spk_epochs *epochs)
{
    spk_metrics *metrics = NULL;
    CU_ASSERT_EQUAL_FATAL(compute(NULL, spikes, amplitudes, epochs, &metrics), SPK_OK);
    return metrics;
}

static double value(const spk_metrics *metrics, const char *name, int64_t unit)
{
    const double *values = spk_metrics_values(metrics, spk_metrics_find(metrics, name));
    CU_ASSERT_FATAL(values != NULL);
    return values[unit];
}

/* Equal bits, NaN to NaN; but not the columns of a name, if one is given. */
static void check_same(const spk_metrics *a, int64_t unit_a, const spk_metrics *b,
                       int64_t unit_b, const char *except)
{
    for (int64_t c = 0; c < spk_metrics_n_columns(a); c++) {
        const double x = spk_metrics_values(a, c)[unit_a],
                     y = spk_metrics_values(b, c)[unit_b];
        if (except != NULL && strcmp(spk_metrics_name(a, c), except) == 0)
            continue;
        CU_ASSERT(x == y || (isnan(x) && isnan(y)));
    }
}

/* Counts and orders are equal; what is left is the rounding of sums of up to 3000 terms. */
static void equal_to_the_peers(void)
{
    static const char *const columns[] = {
        "amplitude_median",    "amplitude_cutoff",       "noise_cutoff",
        "noise_ratio",         "amplitude_cv_median",    "amplitude_cv_range",
        "amplitude_sd_robust", "amplitude_cutoff_allen", "amplitude_cutoff_ibl",
        "noise_cutoff_ibl",    "amplitude_median_ibl",   "amplitude_std_db"};
    const int n_columns = sizeof columns / sizeof columns[0];
    golden g = golden_open();
    spk_metrics *metrics = computed(&g.spikes, &g.amplitudes, NULL);
    double difference = golden_compare(metrics, "golden/amplitude/metrics_float64.tsv",
                                       columns, n_columns);
    CU_ASSERT(difference <= 1e-12);
    spk_metrics_destroy(metrics);
    /* the peers' sums are in 32 bits too */
    metrics = computed(&g.spikes, &g.float_amplitudes, NULL);
    difference = golden_compare(metrics, "golden/amplitude/metrics_float32.tsv", columns,
                                n_columns);
    CU_ASSERT(difference <= 2e-6);
    static const char *const counted[] = {"amplitude_cutoff", "noise_ratio"};
    CU_ASSERT_EQUAL(
        golden_compare(metrics, "golden/amplitude/metrics_float32.tsv", counted, 2), 0);
    spk_metrics_destroy(metrics);
    golden_close(&g);
}

/* bombcell gives 100 where the peak is cut; its own fit stops early, with 60 spikes at 0 where
 * 6.6 is the optimum. */
static void missed_spikes_as_bombcell(void)
{
    golden g = golden_open();
    spk_table *table = NULL;
    spk_metrics *metrics = computed(&g.spikes, &g.amplitudes, NULL);
    CU_ASSERT_EQUAL_FATAL(
        spk_table_read(NULL, "golden/amplitude/metrics_float64.tsv", &table), SPK_OK);
    int n_fits = 0, n_cut = 0;
    for (int64_t u = 0; u < GOLDEN_UNITS; u++) {
        double at_rest, own, symmetric;
        const struct {
            const char *name;
            double *value;
        } columns[] = {{"percent_missing_bombcell", &at_rest},
                       {"percent_missing_bombcell_own", &own},
                       {"percent_missing_symmetric_bombcell", &symmetric}};
        for (int c = 0; c < 3; c++)
            CU_ASSERT_EQUAL(
                spk_table_number(NULL, table, u,
                                 spk_table_find_column(table, columns[c].name),
                                 columns[c].value),
                SPK_OK);
        const double fitted = value(metrics, "percent_missing_bombcell", u);
        const double is_cut = value(metrics, "missing_beyond_fit_bombcell", u);
        const double mirrored = value(metrics, "percent_missing_symmetric_bombcell", u);
        if (own == 100) {
            n_cut++;
            CU_ASSERT_EQUAL(is_cut, 1);
            CU_ASSERT(isnan(fitted));
        } else if (isnan(own)) {
            CU_ASSERT(isnan(fitted) && isnan(is_cut));
        } else {
            n_fits++;
            CU_ASSERT_EQUAL(is_cut, 0);
            CU_ASSERT(fabs(fitted - at_rest) <= 1e-6 * at_rest);
            if (value(metrics, "amplitude_cutoff", u) >= 0) /* 500 spikes and more */
                CU_ASSERT(fabs(fitted - own) <= 0.05 * own + 0.01);
        }
        const int agrees = isnan(mirrored)
                               ? isnan(symmetric) || symmetric == 0
                               : fabs(mirrored - symmetric) <= 1e-12 * symmetric;
        CU_ASSERT(agrees);
    }
    CU_ASSERT(n_fits >= 6 && n_cut >= 1);
    spk_table_destroy(table);
    spk_metrics_destroy(metrics);
    golden_close(&g);
}

/* A file of bombcell's toy recording as int64; NULL, said on the terminal, where there is none. */
static void *open_toy(const char *name, spk_npy **file)
{
    const char *data = getenv("SPK_DATA");
    char path[600];
    snprintf(path, sizeof path, "%s/bombcell_toy_ks2/%s",
             data == NULL ? "../../shared/data" : data, name);
    if (spk_npy_open(NULL, path, file) != SPK_OK) {
        printf("skipped: no %s\n", path);
        return NULL;
    }
    const spk_array *array = spk_npy_array(*file);
    int64_t *out = malloc((size_t)array->n_elements * sizeof *out);
    if (array->dtype != SPK_DTYPE_FLOAT64)
        CU_ASSERT_EQUAL_FATAL(spk_array_to_int64(NULL, array, out), SPK_OK);
    return out;
}

static double reference(const spk_table *table, int64_t row, const char *column)
{
    double number = NAN;
    CU_ASSERT_EQUAL_FATAL(
        spk_table_number(NULL, table, row, spk_table_find_column(table, column), &number),
        SPK_OK);
    return number;
}

/* bombcell's own table of a real recording: 9 of 15 units have a percentage, within 1 % of it
 * or 0.001; the other six are 99 or 100 there. The mirror image differs by the last spike. */
static void bombcell_recording(void)
{
    spk_npy *times = NULL, *clusters = NULL, *amplitudes = NULL;
    int64_t *samples = open_toy("spike_times.npy", &times);
    int64_t *ids = open_toy("spike_clusters.npy", &clusters);
    int64_t *unused = open_toy("amplitudes.npy", &amplitudes);
    const char *data = getenv("SPK_DATA");
    char path[600];
    spk_table *table = NULL;
    snprintf(path, sizeof path,
             "%s/bombcell_toy_ks2/reference_bombcell_python_qMetrics_2026-02.csv",
             data == NULL ? "../../shared/data" : data);
    if (samples != NULL && ids != NULL && unused != NULL) {
        const int64_t n = spk_npy_array(times)->n_elements;
        int32_t *units = malloc((size_t)n * sizeof *units);
        for (int64_t i = 0; i < n; i++)
            units[i] = (int32_t)ids[i];
        CU_ASSERT_EQUAL_FATAL(spk_table_read(NULL, path, &table), SPK_OK);
        const spk_spikes spikes = {n, 15, samples, units, 30000, 0, samples[n - 1] + 1};
        spk_metrics *m = computed(&spikes, spk_npy_array(amplitudes), NULL);
        int n_fits = 0;
        for (int64_t u = 0; u < 15; u++) {
            const double own = reference(table, u, "percentageSpikesMissing_gaussian");
            const double mirrored =
                reference(table, u, "percentageSpikesMissing_symmetric");
            const double fitted = value(m, "percent_missing_bombcell", u);
            const int is_beyond = value(m, "missing_beyond_fit_bombcell", u) != 0;
            const double got = value(m, "percent_missing_symmetric_bombcell", u);
            n_fits += !is_beyond;
            CU_ASSERT_EQUAL(is_beyond, own > 99);
            CU_ASSERT_EQUAL(is_beyond, isnan(fitted) != 0);
            CU_ASSERT(is_beyond || fabs(fitted - own) <= 0.01 * own + 0.001);
            CU_ASSERT(fabs(got - mirrored) <= 0.01 || (isnan(got) && mirrored == 0));
        }
        CU_ASSERT_EQUAL(n_fits, 9);
        spk_metrics_destroy(m);
        spk_table_destroy(table);
        free(units);
    }
    free(samples);
    free(ids);
    free(unused);
    spk_npy_close(times);
    spk_npy_close(clusters);
    spk_npy_close(amplitudes);
}

/* Four spikes of unit 0, one of unit 2, none of unit 1. */
static void hand_worked(void)
{
    const int64_t samples[] = {0, 10, 500, 1000, 1300};
    const int32_t units[] = {0, 0, 2, 0, 0};
    const double values[] = {1, 100, 5, 10, 1000};
    const spk_spikes spikes = {5, 3, samples, units, 1000, 0, 2000};
    const spk_array amplitudes = vector(values, 5);
    spk_metrics *m = computed(&spikes, &amplitudes, NULL);
    CU_ASSERT_EQUAL(value(m, "n_amplitudes_missing", 0), 0);
    CU_ASSERT_EQUAL(value(m, "amplitude_median", 0), 55);
    CU_ASSERT_EQUAL(value(m, "amplitude_min", 0), 1);
    CU_ASSERT_EQUAL(value(m, "amplitude_max", 0), 1000);
    CU_ASSERT(fabs(value(m, "amplitude_median_ibl", 0) - sqrt(1000)) < 1e-13);
    /* 0, 40, 20, 60 dB: squares of 30, 10, 10, 30 over 3 */
    CU_ASSERT(fabs(value(m, "amplitude_std_db", 0) - sqrt(2000.0 / 3)) < 1e-13);
    /* 4 ms are 4 samples: nothing is dropped; differences 99, -90, 990 */
    const double mean = 333;
    CU_ASSERT(fabs(value(m, "amplitude_sd_robust", 0) -
                   sqrt(((99 - mean) * (99 - mean) + (-90 - mean) * (-90 - mean) +
                         (990 - mean) * (990 - mean)) /
                        6)) < 1e-12);
    for (int64_t c = 0; c < spk_metrics_n_columns(m); c++)
        CU_ASSERT(isnan(spk_metrics_values(m, c)[1]) ||
                  strcmp(spk_metrics_name(m, c), "n_amplitudes_missing") == 0);
    CU_ASSERT_EQUAL(value(m, "n_amplitudes_missing", 1), 0);
    CU_ASSERT_EQUAL(value(m, "amplitude_median", 2), 5);
    CU_ASSERT_EQUAL(value(m, "amplitude_sd", 2), 0);
    CU_ASSERT(isnan(value(m, "amplitude_std_db", 2)));
    CU_ASSERT(isnan(value(m, "amplitude_sd_robust", 2)));
    CU_ASSERT(isnan(value(m, "amplitude_cv_median", 2)));
    CU_ASSERT(isnan(value(m, "noise_cutoff_ibl", 2)));
    spk_metrics_destroy(m);
}

/* Bins of time by the definition, one spike at a time, in two epochs that leave remainders. */
static void variation_in_epochs(void)
{
    enum {
        N = 3000
    };
    static int64_t samples[N];
    static int32_t units[N];
    static double values[N], cvs[N];
    spk_random random = {.seed = 4};
    for (int i = 0; i < N; i++) {
        samples[i] = 7 * i - 1000;
        values[i] = -30 - 5 * spk_random_uniform(&random);
    }
    const spk_spikes spikes = {N, 1, samples, units, 1000, -1000, 7 * N};
    const int64_t starts[] = {-990, 9000}, stops[] = {8003, 19005};
    const spk_epochs epochs = {2, starts, stops};
    const spk_array amplitudes = vector(values, N);
    spk_metrics *m = computed(&spikes, &amplitudes, &epochs);

    double n = 0, sum = 0;
    for (int e = 0; e < 2; e++)
        for (int i = 0; i < N; i++)
            if (samples[i] >= starts[e] && samples[i] < stops[e]) {
                n++;
                sum += values[i];
            }
    const double duration = (double)(stops[0] - starts[0] + stops[1] - starts[1]) / 1000;
    const int64_t bin = (int64_t)(50 / (n / duration) * 1000);
    int64_t n_bins = 0;
    for (int e = 0; e < 2; e++)
        for (int64_t from = starts[e]; from + bin <= stops[e]; from += bin) {
            double in = 0, total = 0, squares = 0;
            for (int i = 0; i < N; i++)
                if (samples[i] >= from && samples[i] < from + bin) {
                    in++;
                    total += values[i];
                    squares += values[i] * values[i];
                }
            cvs[n_bins++] =
                sqrt(squares / in - total * total / (in * in)) / fabs(sum / n);
        }
    CU_ASSERT_FATAL(n_bins > 20);
    int64_t below = 0, above = 0;
    const double median = value(m, "amplitude_cv_median", 0);
    for (int64_t b = 0; b < n_bins; b++) {
        below += cvs[b] < median - 1e-9;
        above += cvs[b] > median + 1e-9;
    }
    CU_ASSERT(below <= n_bins / 2 && above <= n_bins / 2);
    CU_ASSERT(value(m, "amplitude_cv_range", 0) > 0);
    spk_metrics_destroy(m);
    /* with a bin that has no spike there is no such number */
    const spk_spikes longer = {N, 1, samples, units, 1000, -1000, 14 * N};
    m = computed(&longer, &amplitudes, NULL);
    CU_ASSERT(isnan(value(m, "amplitude_cv_median", 0)));
    CU_ASSERT(value(m, "amplitude_sd", 0) > 0);
    spk_metrics_destroy(m);
}

/* A spike without an amplitude counts as no spike. */
/* Epochs of one bin and a half: amplitudes are equal in the bins and larger in what is left,
 * which no bin of the next epoch takes. */
static void remainders_stay_out_of_bins(void)
{
    enum {
        N_EPOCHS = 12,
        IN_EPOCH = 75, /* 50 of them in the bin of 500 samples */
        N = N_EPOCHS * IN_EPOCH
    };
    static int64_t samples[N];
    static int32_t units[N];
    static double values[N];
    int64_t starts[N_EPOCHS], stops[N_EPOCHS];
    for (int i = 0; i < N; i++) {
        samples[i] = 10 * i;
        values[i] = i % IN_EPOCH < 50 ? 10 : 20 + i % 3;
    }
    for (int e = 0; e < N_EPOCHS; e++) {
        starts[e] = (int64_t)10 * IN_EPOCH * e;
        stops[e] = starts[e] + (int64_t)10 * IN_EPOCH;
    }
    const spk_spikes spikes = {N, 1, samples, units, 1000, 0, (int64_t)10 * N};
    const spk_epochs epochs = {N_EPOCHS, starts, stops};
    const spk_array amplitudes = vector(values, N);
    spk_metrics *m = computed(&spikes, &amplitudes, &epochs);
    CU_ASSERT_EQUAL(value(m, "amplitude_cv_median", 0), 0);
    CU_ASSERT_EQUAL(value(m, "amplitude_cv_range", 0), 0);
    spk_metrics_destroy(m);
}

static void missing_amplitudes_are_left_out(void)
{
    golden g = golden_open();
    const int64_t n = g.spikes.n_spikes;
    double *values = malloc((size_t)n * sizeof *values),
           *kept_values = malloc((size_t)n * sizeof *values);
    int64_t *samples = malloc((size_t)n * sizeof *samples), kept = 0;
    int32_t *units = malloc((size_t)n * sizeof *units);
    int64_t missing[GOLDEN_UNITS] = {0};
    for (int64_t i = 0; i < n; i++) {
        const int is_bad = i % 10 == 3 || g.units[i] == 3;
        values[i] = ((const double *)g.amplitudes.data)[i];
        if (!is_bad) {
            samples[kept] = g.samples[i];
            units[kept] = g.units[i];
            kept_values[kept++] = values[i];
            continue;
        }
        missing[g.units[i]]++;
        values[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -INFINITY;
    }
    spk_spikes fewer = g.spikes;
    fewer.n_spikes = kept;
    fewer.samples = samples;
    fewer.units = units;
    const spk_array bad = vector(values, n), good = vector(kept_values, kept);
    spk_metrics *a = computed(&g.spikes, &bad, NULL), *b = computed(&fewer, &good, NULL);
    for (int64_t u = 0; u < GOLDEN_UNITS; u++) {
        check_same(a, u, b, u, "n_amplitudes_missing");
        CU_ASSERT_EQUAL(value(a, "n_amplitudes_missing", u), (double)missing[u]);
        CU_ASSERT_EQUAL(value(b, "n_amplitudes_missing", u), 0);
    }
    CU_ASSERT(isnan(value(a, "amplitude_median", 3)));
    spk_metrics_destroy(a);
    spk_metrics_destroy(b);
    free(values);
    free(kept_values);
    free(samples);
    free(units);
    golden_close(&g);
}

/* Estimates of missed spikes do not depend on the unit of amplitude, nor on its sign. */
static void unit_and_sign_of_amplitude(void)
{
    static const char *const free_of_scale[] = {
        "amplitude_cutoff",     "amplitude_cutoff_allen",
        "amplitude_cutoff_ibl", "noise_cutoff",
        "noise_ratio",          "noise_cutoff_ibl",
        "amplitude_cv_median"};
    golden g = golden_open();
    const int64_t n = g.spikes.n_spikes;
    double *values = malloc((size_t)n * sizeof *values);
    for (int64_t i = 0; i < n; i++)
        values[i] = -4 * ((const double *)g.amplitudes.data)[i];
    const spk_array scaled = vector(values, n);
    spk_metrics *a = computed(&g.spikes, &g.amplitudes, NULL),
                *b = computed(&g.spikes, &scaled, NULL);
    for (int64_t u = 0; u < GOLDEN_UNITS; u++) {
        for (size_t k = 0; k < sizeof free_of_scale / sizeof free_of_scale[0]; k++) {
            const double x = value(a, free_of_scale[k], u),
                         y = value(b, free_of_scale[k], u);
            CU_ASSERT(x == y || (isnan(x) && isnan(y)));
        }
        const double median = value(a, "amplitude_median", u);
        CU_ASSERT(value(b, "amplitude_median", u) == -4 * median || isnan(median));
    }
    spk_metrics_destroy(a);
    spk_metrics_destroy(b);
    free(values);
    golden_close(&g);
}

static void same_bits_for_any_number_of_threads(void)
{
    golden g = golden_open();
    spk_metrics *one = computed(&g.spikes, &g.amplitudes, NULL);
    for (int32_t threads = 2; threads <= 4; threads += 2) {
        spk_context *ctx = NULL;
        spk_metrics *many = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(compute(ctx, &g.spikes, &g.amplitudes, NULL, &many),
                              SPK_OK);
        for (int64_t u = 0; u < GOLDEN_UNITS; u++)
            check_same(one, u, many, u, NULL);
        spk_metrics_destroy(many);
        spk_context_destroy(ctx);
    }
    spk_metrics_destroy(one);
    golden_close(&g);
}

/* All simultaneous, all equal, huge times, no units: nothing but numbers and NaN. */
static void degenerate_trains(void)
{
    enum {
        N = 1200
    };
    static int64_t samples[N];
    static int32_t units[N];
    static double values[N];
    for (int i = 0; i < N; i++) {
        samples[i] = INT64_MAX / 2;
        values[i] = 3;
    }
    const spk_array amplitudes = vector(values, N);
    spk_spikes spikes = {
        N, 1, samples, units, 30000, INT64_MAX / 2 - 1, INT64_MAX / 2 + 1};
    spk_metrics *m = computed(&spikes, &amplitudes, NULL);
    CU_ASSERT_EQUAL(value(m, "amplitude_median", 0), 3);
    CU_ASSERT_EQUAL(value(m, "amplitude_sd", 0), 0);
    CU_ASSERT(isnan(value(m, "amplitude_sd_robust", 0)));
    CU_ASSERT(isnan(value(m, "amplitude_cv_median", 0)));
    /* one bin in the middle of 100 holds all: nothing above it that is not below it */
    CU_ASSERT(value(m, "amplitude_cutoff", 0) >= 0);
    CU_ASSERT(isnan(value(m, "percent_missing_bombcell", 0)));
    spk_metrics_destroy(m);
    for (int i = 0; i < N; i++)
        values[i] = -1 + (i % 2) * DBL_EPSILON; /* no room for bins */
    m = computed(&spikes, &amplitudes, NULL);
    CU_ASSERT(isnan(value(m, "amplitude_cutoff", 0)));
    CU_ASSERT(isnan(value(m, "noise_cutoff", 0)));
    CU_ASSERT(isnan(value(m, "percent_missing_bombcell", 0)));
    spk_metrics_destroy(m);
    spikes.n_spikes = 0;
    spikes.n_units = 0;
    const spk_array none = vector(NULL, 0);
    m = computed(&spikes, &none, NULL);
    CU_ASSERT_EQUAL(spk_metrics_n_units(m), 0);
    spk_metrics_destroy(m);
}

static void amplitudes_of_another_length_are_refused(void)
{
    golden g = golden_open();
    spk_context *ctx = NULL;
    spk_metrics *m = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    const spk_array fewer = vector(g.amplitudes.data, 100);
    CU_ASSERT_EQUAL(compute(ctx, &g.spikes, &fewer, NULL, &m), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(
        spk_context_message(ctx),
        "amplitudes: expected a row for each of 12094 spikes, found shape (100,)");
    CU_ASSERT_PTR_NULL(m);
    spk_context_destroy(ctx);
    golden_close(&g);
}

static spk_status compute_golden(spk_context *ctx, void *argument)
{
    golden *g = argument;
    spk_metrics *m = NULL;
    const spk_status status = compute(ctx, &g->spikes, &g->amplitudes, NULL, &m);
    spk_metrics_destroy(m);
    return status;
}

static void every_allocation_may_fail(void)
{
    golden g = golden_open();
    CU_ASSERT(suite_fail_allocations(compute_golden, &g) > 10);
    golden_close(&g);
}

/*
 * Normal amplitudes of which those below a threshold, a tenth, are missed: the mean over units
 * of each estimate against the truth, within four standard errors of the bias that the
 * definition has. The histograms are noisy, and their first bin, or the bin most like it, is
 * chosen for it: all estimates are somewhat high.
 */
static void missed_spikes_of_which_the_truth_is_known(void)
{
    enum {
        UNITS = 40,
        EACH = 3000
    };
    static const struct {
        const char *name;
        double scale, bias; /* bias from 4000 units, its standard error a tenth of ours */
    } cases[] = {
        {"amplitude_cutoff", 1, 0.0097},
        {"amplitude_cutoff_allen", 1, 0.0274},
        {"amplitude_cutoff_ibl", 1, 0.0281},
        {"percent_missing_bombcell", 0.01, 0.0105},
        {"percent_missing_symmetric_bombcell", 0.01, 0.0140},
    };
    const int64_t n = (int64_t)UNITS * EACH;
    int64_t *samples = malloc((size_t)n * sizeof *samples);
    int32_t *units = malloc((size_t)n * sizeof *units);
    double *values = malloc((size_t)n * sizeof *values);
    spk_random random = {.seed = 6};
    for (int64_t i = 0; i < n; i++) {
        samples[i] = i;
        units[i] = (int32_t)(i % UNITS);
        do
            values[i] = 50 + 10 * spk_random_normal(&random);
        while (values[i] < 50 - 10 * 1.2815515655446004);
    }
    const spk_spikes spikes = {n, UNITS, samples, units, 30000, 0, n};
    const spk_array amplitudes = vector(values, n);
    spk_metrics *m = computed(&spikes, &amplitudes, NULL);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        double sum = 0, squares = 0;
        for (int64_t u = 0; u < UNITS; u++) {
            const double missed = cases[k].scale * value(m, cases[k].name, u) - 0.1;
            sum += missed;
            squares += missed * missed;
        }
        const double mean = sum / UNITS,
                     se = sqrt((squares / UNITS - mean * mean) / (UNITS - 1));
        CU_ASSERT(fabs(mean - cases[k].bias) <= 4 * se);
        if (k > 0)
            continue;
        /* its standard error is the spread that was, which 40 units tell to 11 % */
        double variance = 0;
        for (int64_t u = 0; u < UNITS; u++) {
            const double chance = value(m, "amplitude_cutoff_se", u);
            variance += chance * chance / UNITS;
        }
        const double ratio = sqrt(variance) / (se * sqrt(UNITS - 1));
        CU_ASSERT(ratio > 1 - 0.45 && ratio < 1 + 0.45);
    }
    spk_metrics_destroy(m);
    free(samples);
    free(units);
    free(values);
}

static const suite_test tests[] = {
    {"hand worked", hand_worked},
    {"equal to the peers", equal_to_the_peers},
    {"missed spikes as bombcell", missed_spikes_as_bombcell},
    {"bombcell recording", bombcell_recording},
    {"variation in epochs", variation_in_epochs},
    {"remainders stay out of bins", remainders_stay_out_of_bins},
    {"missing amplitudes are left out", missing_amplitudes_are_left_out},
    {"unit and sign of amplitude", unit_and_sign_of_amplitude},
    {"same bits for any number of threads", same_bits_for_any_number_of_threads},
    {"degenerate trains", degenerate_trains},
    {"amplitudes of another length are refused",
     amplitudes_of_another_length_are_refused},
    {"every allocation may fail", every_allocation_may_fail},
    {"missed spikes of which the truth is known",
     missed_spikes_of_which_the_truth_is_known},
};

SUITE_MAIN("metrics_amplitude", tests)
