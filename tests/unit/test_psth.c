/* SPDX-License-Identifier: BSD-3-Clause */
#include "aligned_oracle.h"
#include "suite.h"

#include <math.h>
#include <spikekit/distributions.h>
#include <spikekit/psth.h>

enum {
    TRIALS = 12,
    UNITS = 3,
    BINS = 7,
    CONDITIONS = 3, /* the last has no trial */
    CELLS = CONDITIONS * UNITS * BINS
};

/* Random counts; exposure is incomplete in some bins. */
typedef struct psth_case {
    int32_t counts[TRIALS * UNITS * BINS];
    int64_t exposure[TRIALS * BINS];
    int32_t conditions[TRIALS];
    spk_trials trials;
} psth_case;

static void make_case(psth_case *c, uint64_t seed)
{
    spk_random random = {.seed = seed};
    for (int i = 0; i < TRIALS * UNITS * BINS; i++)
        c->counts[i] =
            (int32_t)spk_random_poisson(&random, i / BINS % UNITS == 2 ? 0 : 2.5);
    for (int i = 0; i < TRIALS * BINS; i++)
        c->exposure[i] =
            seed > 0 && aligned_below(&random, 15) == 0 ? aligned_below(&random, 20) : 20;
    for (int t = 0; t < TRIALS; t++)
        c->conditions[t] = (int32_t)aligned_below(&random, 3) - 1;
    c->trials = (spk_trials){.n_trials = TRIALS,
                             .n_units = UNITS,
                             .n_bins = BINS,
                             .counts = c->counts,
                             .exposure = c->exposure,
                             .bin_samples = 20,
                             .sampling_rate_hz = 1000,
                             .n_conditions = CONDITIONS,
                             .conditions = c->conditions};
}

typedef struct psth_arrays {
    int64_t n_trials[CONDITIONS * BINS], counts[CELLS];
    double rates[CELLS], lower[CELLS], upper[CELLS];
    spk_psth psth;
} psth_arrays;

static spk_psth *arrays_of(psth_arrays *a)
{
    memset(a, 0xff, sizeof *a);
    a->psth = (spk_psth){a->n_trials, a->counts, a->rates, a->lower, a->upper};
    return &a->psth;
}

static spk_psth_options options_of(int32_t limits, double smooth_s, int32_t kernel)
{
    spk_psth_options o;
    spk_psth_options_init(&o, sizeof o);
    o.limits = limits;
    o.smooth_s = smooth_s;
    o.kernel = kernel;
    return o;
}

static int close_to(double a, double b, double relative)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= relative * (fabs(a) + fabs(b));
}

/* Three trials, one unit, two bins of 0.1 s: 1 2 3 and 0 0 0 spikes. */
static void by_hand(void)
{
    const int32_t counts[] = {1, 0, 2, 0, 3, 0};
    const spk_trials trials = {.n_trials = 3,
                               .n_units = 1,
                               .n_bins = 2,
                               .counts = counts,
                               .bin_samples = 100,
                               .sampling_rate_hz = 1000,
                               .n_conditions = 1};
    int64_t n[2], sums[2];
    double rates[2], lower[2], upper[2];
    spk_psth psth = {n, sums, rates, lower, upper};
    CU_ASSERT_EQUAL_FATAL(spk_psth_estimate(NULL, &trials, NULL, &psth), SPK_OK);
    CU_ASSERT(n[0] == 3 && n[1] == 3 && sums[0] == 6 && sums[1] == 0);
    CU_ASSERT(close_to(rates[0], 20, 1e-15) && rates[1] == 0);
    /* Garwood's limits of 6: 2.20189 and 13.05947; of 0: 0 and 3.68888 */
    CU_ASSERT(close_to(lower[0], 2.2018942534908508 / 0.3, 1e-10));
    CU_ASSERT(close_to(upper[0], 13.059474022518685 / 0.3, 1e-10));
    CU_ASSERT(lower[1] == 0 && close_to(upper[1], 3.6888794541139354 / 0.3, 1e-10));
    /* mean 20 Hz, standard error 10 / sqrt(3), t(0.975, 2) = 4.30265 */
    spk_psth_options o = options_of(SPK_PSTH_STUDENT, 0, 0);
    CU_ASSERT_EQUAL_FATAL(spk_psth_estimate(NULL, &trials, &o, &psth), SPK_OK);
    CU_ASSERT(close_to(upper[0] - 20, 4.302652729749462 * 10 / sqrt(3), 1e-11));
    CU_ASSERT(close_to(20 - lower[0], 4.302652729749462 * 10 / sqrt(3), 1e-11));
    CU_ASSERT(isnan(lower[1]) && isnan(upper[1]) && rates[1] == 0);
    o.limits = SPK_PSTH_BOOTSTRAP;
    CU_ASSERT_EQUAL_FATAL(spk_psth_estimate(NULL, &trials, &o, &psth), SPK_OK);
    CU_ASSERT(lower[0] >= 10 && lower[0] < upper[0] && upper[0] <= 30);
    CU_ASSERT(isnan(lower[1]) && isnan(upper[1]));
    /* nor is there a spread where trials are the same but not silent */
    const int32_t same[] = {1, 7, 2, 7, 3, 7};
    const spk_trials regular = {.n_trials = 3,
                                .n_units = 1,
                                .n_bins = 2,
                                .counts = same,
                                .bin_samples = 100,
                                .sampling_rate_hz = 1000,
                                .n_conditions = 1};
    for (o.limits = SPK_PSTH_STUDENT; o.limits <= SPK_PSTH_BOOTSTRAP; o.limits++) {
        CU_ASSERT_EQUAL_FATAL(spk_psth_estimate(NULL, &regular, &o, &psth), SPK_OK);
        CU_ASSERT(upper[0] > lower[0] && isnan(lower[1]) && isnan(upper[1]));
    }
}

/* ---- by definition ---- */

static double weight(const spk_psth_options *o, int64_t from, int64_t to)
{
    const double x = (double)(to - from) * 0.02 / o->smooth_s;
    if (o->smooth_s == 0)
        return from == to;
    if (o->kernel == SPK_PSTH_GAUSSIAN)
        return fabs(x) <= 4 + 1e-9 ? exp(-x * x / 2) : 0;
    if (o->kernel == SPK_PSTH_BOXCAR)
        return fabs(x) <= 0.5 + 1e-9;
    return x <= 0 && x >= -8 - 1e-9 ? exp(x) : 0;
}

static int uses(const psth_case *c, const spk_psth_options *o, int t, int b)
{
    for (int k = 0; o->trials == SPK_PSTH_WHOLE && k < BINS; k++)
        if (c->exposure[t * BINS + k] < 20)
            return 0;
    return c->exposure[t * BINS + b] == 20;
}

/* Smoothed values from the number of trials and their counts in each bin; n 0: not seen. */
static double smooth(const spk_psth_options *o, int b, const double *n, const double *sum)
{
    double total = 0, value = 0;
    for (int k = 0; k < BINS; k++)
        if (n[k] > 0) {
            total += weight(o, b, k);
            value += weight(o, b, k) * sum[k] / (n[k] * 0.02);
        }
    return n[b] > 0 ? value / total : NAN;
}

static void check_cell(const psth_case *c, const spk_psth_options *o,
                       const psth_arrays *a, int condition, int unit)
{
    double n[BINS] = {0}, sum[BINS] = {0}, own[TRIALS][BINS];
    for (int t = 0; t < TRIALS; t++) {
        double seen[BINS], counts[BINS];
        for (int b = 0; b < BINS; b++) {
            seen[b] = c->conditions[t] == condition && uses(c, o, t, b);
            counts[b] = seen[b] * c->counts[(t * UNITS + unit) * BINS + b];
            n[b] += seen[b];
            sum[b] += counts[b];
        }
        for (int b = 0; b < BINS; b++)
            own[t][b] = smooth(o, b, seen, counts);
    }
    for (int b = 0; b < BINS; b++) {
        const int k = (condition * UNITS + unit) * BINS + b;
        CU_ASSERT(a->n_trials[condition * BINS + b] == (int64_t)n[b]);
        CU_ASSERT(a->counts[k] == (int64_t)sum[b]);
        CU_ASSERT(close_to(a->rates[k], smooth(o, b, n, sum), 1e-14));
        double mean = 0, squares = 0;
        for (int t = 0; t < TRIALS; t++)
            mean += isnan(own[t][b]) ? 0 : own[t][b] / n[b];
        for (int t = 0; t < TRIALS; t++)
            squares += isnan(own[t][b]) ? 0 : (own[t][b] - mean) * (own[t][b] - mean);
        /* Student's 0.975 quantiles for 1 .. 11 degrees of freedom */
        static const double t975[] = {
            12.706204736174694, 4.302652729749462,  3.1824463052837078,
            2.7764451051977934, 2.5705818356363146, 2.4469118511449786,
            2.364624251592784,  2.306004135204166,  2.262157162798205,
            2.228138851986274,  2.200985160091639};
        const double reach =
            n[b] < 2 || squares < 1e-9
                ? NAN
                : t975[(int)n[b] - 2] * sqrt(squares / (n[b] - 1) / n[b]);
        if (o->limits == SPK_PSTH_STUDENT) {
            CU_ASSERT(close_to(a->upper[k], a->rates[k] + reach, 1e-10));
            CU_ASSERT(close_to(a->lower[k], a->rates[k] - reach, 1e-8));
        } else if (o->limits == SPK_PSTH_POISSON && o->smooth_s == 0) {
            CU_ASSERT(close_to(a->lower[k],
                               n[b] == 0 ? NAN
                                         : spk_poisson_mean((int64_t)sum[b] - 1, 0.975) /
                                               (n[b] * 0.02),
                               1e-12));
            CU_ASSERT(close_to(a->upper[k],
                               n[b] == 0 ? NAN
                                         : spk_poisson_mean((int64_t)sum[b], 0.025) /
                                               (n[b] * 0.02),
                               1e-12));
        }
    }
}

static void equals_the_definition(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (uint64_t seed = 0; seed < 36; seed++) {
        psth_case c;
        psth_arrays a;
        make_case(&c, seed);
        spk_psth_options o = options_of((int32_t)(seed / 3 % 2), seed % 4 == 0 ? 0 : 0.04,
                                        (int32_t)(seed % 3));
        if (o.kernel == SPK_PSTH_BOXCAR)
            o.smooth_s *= 2.5; /* five bins */
        o.trials = (int32_t)(seed / 2 % 2);
        CU_ASSERT_EQUAL_FATAL(spk_psth_estimate(ctx, &c.trials, &o, arrays_of(&a)),
                              SPK_OK);
        for (int condition = 0; condition < CONDITIONS; condition++)
            for (int unit = 0; unit < UNITS; unit++)
                check_cell(&c, &o, &a, condition, unit);
    }
    spk_context_destroy(ctx);
}

/* With one bin's weight the gamma limits are Garwood's. */
static void gamma_limits_are_garwoods(void)
{
    psth_case c;
    psth_arrays plain, smoothed;
    make_case(&c, 0);
    spk_psth_options o = options_of(SPK_PSTH_POISSON, 0, 0);
    CU_ASSERT_EQUAL_FATAL(spk_psth_estimate(NULL, &c.trials, &o, arrays_of(&plain)),
                          SPK_OK);
    o = options_of(SPK_PSTH_POISSON, 0.001,
                   SPK_PSTH_GAUSSIAN); /* cut before the next bin */
    CU_ASSERT_EQUAL_FATAL(spk_psth_estimate(NULL, &c.trials, &o, arrays_of(&smoothed)),
                          SPK_OK);
    for (int k = 0; k < CELLS; k++) {
        CU_ASSERT(close_to(plain.rates[k], smoothed.rates[k], 1e-14));
        CU_ASSERT(close_to(plain.lower[k], smoothed.lower[k], 1e-11));
        CU_ASSERT(close_to(plain.upper[k], smoothed.upper[k], 1e-11));
    }
}

/* ---- coverage: the truth lies within 95 % limits in 95 % of draws ---- */

static double coverage(int32_t limits, double smooth_s, int n_trials, double mean)
{
    enum {
        DRAWS = 300
    };
    spk_random random = {.seed = 11, .stream = (uint32_t)limits};
    int32_t *counts = malloc((size_t)n_trials * DRAWS * 5 * sizeof *counts);
    double *limits_of = malloc((size_t)DRAWS * 5 * 2 * sizeof *limits_of);
    for (int i = 0; i < n_trials * DRAWS * 5; i++)
        counts[i] = (int32_t)spk_random_poisson(&random, mean);
    const spk_trials trials = {.n_trials = n_trials,
                               .n_units = DRAWS,
                               .n_bins = 5,
                               .counts = counts,
                               .bin_samples = 10,
                               .sampling_rate_hz = 1000,
                               .n_conditions = 1};
    spk_psth psth = {.lower = limits_of, .upper = limits_of + (ptrdiff_t)DRAWS * 5};
    spk_psth_options o = options_of(limits, smooth_s, SPK_PSTH_GAUSSIAN);
    o.n_resamples = 200;
    CU_ASSERT_EQUAL_FATAL(spk_psth_estimate(NULL, &trials, &o, &psth), SPK_OK);
    int inside = 0;
    for (int u = 0; u < DRAWS; u++)
        inside +=
            psth.lower[u * 5 + 2] <= mean / 0.01 && mean / 0.01 <= psth.upper[u * 5 + 2];
    free(limits_of);
    free(counts);
    return (double)inside / DRAWS;
}

static void limits_cover(void)
{
    /* standard error of a coverage of 0.95: 0.0126, four of them 0.05 */
    const double garwood = coverage(SPK_PSTH_POISSON, 0, 10, 0.4);
    const double gamma = coverage(SPK_PSTH_POISSON, 0.01, 10, 0.4);
    const double student = coverage(SPK_PSTH_STUDENT, 0, 20, 3);
    const double bootstrap = coverage(SPK_PSTH_BOOTSTRAP, 0, 20, 3);
    CU_ASSERT(garwood >= 0.95 - 0.05); /* exact limits hold it or more */
    CU_ASSERT(gamma >= 0.95 - 0.05 && gamma <= 0.999);
    CU_ASSERT(fabs(student - 0.95) <= 0.05);
    CU_ASSERT(bootstrap >= 0.88 && bootstrap <= 0.975); /* percentiles of 20 are narrow */
}

/* The bootstrap by definition, and no matter how many threads or units. */
static void bootstrap(void)
{
    psth_case c;
    psth_arrays a, b;
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    make_case(&c, 5);
    spk_psth_options o = options_of(SPK_PSTH_BOOTSTRAP, 0, 0);
    o.n_resamples = 3;
    o.seed = 17;
    o.trials = SPK_PSTH_PER_BIN;
    CU_ASSERT_EQUAL_FATAL(spk_psth_estimate(NULL, &c.trials, &o, arrays_of(&a)), SPK_OK);
    for (int32_t threads = 2; threads <= 4; threads += 2) {
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL(spk_psth_estimate(ctx, &c.trials, &o, arrays_of(&b)), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(&a, &b, offsetof(psth_arrays, psth)), 0);
    }
    int members[TRIALS], n = 0;
    for (int t = 0; t < TRIALS; t++)
        if (c.conditions[t] == 1)
            members[n++] = t;
    spk_random random = {.seed = 17, .stream = 1};
    double means[3];
    for (int r = 0; r < 3; r++) {
        double sum = 0, seen = 0;
        for (int k = 0; k < n; k++) {
            const int t = members[(int)(spk_random_uniform(&random) * n)];
            const int used = c.exposure[t * BINS + 4] == 20;
            sum += used * c.counts[(t * UNITS + 1) * BINS + 4] / 0.02;
            seen += used;
        }
        means[r] = sum / seen;
    }
    double low = fmin(means[0], fmin(means[1], means[2]));
    double high = fmax(means[0], fmax(means[1], means[2]));
    const double middle = means[0] + means[1] + means[2] - low - high;
    low += 0.05 * (middle - low);
    high -= 0.05 * (high - middle);
    CU_ASSERT(close_to(a.lower[(1 * UNITS + 1) * BINS + 4], low, 1e-13));
    CU_ASSERT(close_to(a.upper[(1 * UNITS + 1) * BINS + 4], high, 1e-13));
    spk_context_destroy(ctx);
}

/* From spikes and events the same as from the array of counts. */
static void align_equals_estimate(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (uint64_t seed = 0; seed < 8; seed++) {
        aligned_case *c = malloc(sizeof *c);
        int32_t conditions[ALIGNED_EVENTS];
        aligned_case_make(c, seed);
        for (int e = 0; e < ALIGNED_EVENTS; e++)
            conditions[e] = e % 3 - (e % 7 == 0);
        spk_alignment_window w;
        CU_ASSERT_EQUAL_FATAL(spk_alignment_find_window(NULL, 1000, &c->options, &w),
                              SPK_OK);
        enum {
            ROOM = 3 * ALIGNED_UNITS * 10
        };
        int32_t *counts = calloc(ALIGNED_EVENTS * ALIGNED_UNITS * 10, sizeof *counts);
        int64_t *exposure = calloc(ALIGNED_EVENTS * 10, sizeof *exposure);
        double *values = calloc(6 * ROOM, sizeof *values);
        int64_t *sums = calloc(2 * ROOM, sizeof *sums);
        CU_ASSERT_EQUAL(spk_alignment_count(NULL, &c->spikes, ALIGNED_EVENTS, c->events,
                                            &c->options, counts),
                        SPK_OK);
        CU_ASSERT_EQUAL(spk_alignment_exposure(NULL, &c->spikes, ALIGNED_EVENTS,
                                               c->events, &c->options, exposure, NULL),
                        SPK_OK);
        const spk_trials trials = {ALIGNED_EVENTS, ALIGNED_UNITS, w.n_bins, counts,
                                   exposure,       w.bin_samples, 1000,     3,
                                   conditions};
        spk_psth_options o =
            options_of((int32_t)(seed % 3), 0.01 * (double)(seed % 2), 0);
        o.trials = (int32_t)(seed / 4);
        o.n_resamples = 20;
        spk_psth first = {NULL, sums, values, values + ROOM, values + 2 * ROOM};
        spk_psth second = {NULL, sums + ROOM, values + 3 * ROOM, values + 4 * ROOM,
                           values + 5 * ROOM};
        CU_ASSERT_EQUAL(spk_psth_estimate(NULL, &trials, &o, &first), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 3), SPK_OK);
        CU_ASSERT_EQUAL(spk_psth_align(ctx, &c->spikes, ALIGNED_EVENTS, c->events, 3,
                                       conditions, &c->options, &o, &second),
                        SPK_OK);
        CU_ASSERT_EQUAL(memcmp(values, values + 3 * ROOM, 3 * ROOM * sizeof *values), 0);
        CU_ASSERT_EQUAL(memcmp(sums, sums + ROOM, ROOM * sizeof *sums), 0);
        free(sums);
        free(values);
        free(exposure);
        free(counts);
        free(c);
    }
    spk_context_destroy(ctx);
}

static void errors(void)
{
    static const char *const messages[] = {
        "trials is NULL",
        "psth is NULL",
        "n_trials must be >= 0, got -1",
        "n_units must be in 0 .. 2147483647, got -2",
        "n_bins must be >= 1, got 0",
        "n_conditions must be >= 1, got 0",
        "bin_samples must be >= 1, got 0",
        "sampling_rate_hz must be positive and finite, got nan",
        "counts is NULL",
        "count of trial 1, unit 0, bin 1 must be >= 0, got -1",
        "condition 3 of trial 2 is not in -1 .. 2",
        "exposure of trial 0, bin 1 must be in 0 .. 20, got 21",
        "options: not filled by spk_psth_options_init()",
        "trials must be 0 or 1, got 2",
        "limits must be in 0 .. 2, got 3",
        "confidence must be between 0 and 1, got 1",
        "kernel must be in 0 .. 2, got -1",
        "smooth_s must be >= 0, got nan",
        "n_resamples must be in 2 .. 1000000, got 1",
    };
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int k = 0; k < 19; k++) {
        psth_case c;
        psth_arrays a;
        make_case(&c, 0);
        spk_psth_options o = options_of(0, 0, 0);
        spk_trials *t = &c.trials;
        t->n_trials = k == 2 ? -1 : t->n_trials;
        t->n_units = k == 3 ? -2 : t->n_units;
        t->n_bins = k == 4 ? 0 : t->n_bins;
        t->n_conditions = k == 5 ? 0 : t->n_conditions;
        t->bin_samples = k == 6 ? 0 : t->bin_samples;
        t->sampling_rate_hz = k == 7 ? NAN : t->sampling_rate_hz;
        t->counts = k == 8 ? NULL : t->counts;
        c.counts[UNITS * BINS + 1] = k == 9 ? -1 : 0;
        c.conditions[2] = k == 10 ? 3 : 0;
        c.exposure[1] = k == 11 ? 21 : 20;
        o.struct_size = k == 12 ? 4 : o.struct_size;
        o.trials = k == 13 ? 2 : 0;
        o.limits = k == 14 ? 3 : 0;
        o.confidence = k == 15 ? 1 : 0.9;
        o.kernel = k == 16 ? -1 : 0;
        o.smooth_s = k == 17 ? NAN : 0;
        o.n_resamples = k == 18 ? 1 : 2;
        CU_ASSERT_EQUAL(
            spk_psth_estimate(ctx, k == 0 ? NULL : t, &o, k == 1 ? NULL : arrays_of(&a)),
            SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), messages[k]);
    }
    const spk_trials vast = {.n_trials = INT64_MAX / 4,
                             .n_units = 100,
                             .n_bins = 1,
                             .bin_samples = 1,
                             .sampling_rate_hz = 1,
                             .n_conditions = 1};
    CU_ASSERT_EQUAL(spk_trials_check(ctx, &vast), SPK_ERR_OVERFLOW);
    spk_context_destroy(ctx);
}

static spk_status both_calls(spk_context *ctx, void *argument)
{
    const aligned_case *c = argument;
    static psth_case p;
    psth_arrays a;
    spk_psth_options o = options_of(SPK_PSTH_BOOTSTRAP, 0.03, 0);
    o.n_resamples = 5;
    make_case(&p, 1);
    const spk_status status = spk_psth_estimate(ctx, &p.trials, &o, arrays_of(&a));
    spk_psth none = {0};
    none.lower = calloc(ALIGNED_UNITS * 10, sizeof(double));
    const spk_status second =
        status != SPK_OK ? status
                         : spk_psth_align(ctx, &c->spikes, ALIGNED_EVENTS, c->events, 1,
                                          NULL, &c->options, &o, &none);
    free(none.lower);
    return second;
}

static void failed_allocations(void)
{
    aligned_case *c = malloc(sizeof *c);
    aligned_case_make(c, 4);
    CU_ASSERT(suite_fail_allocations(both_calls, c) >= 30);
    free(c);
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"equals the definition", equals_the_definition},
    {"gamma limits are Garwood's", gamma_limits_are_garwoods},
    {"limits cover", limits_cover},
    {"bootstrap", bootstrap},
    {"align equals estimate", align_equals_estimate},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("psth", tests)
