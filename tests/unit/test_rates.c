/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates by kernel: from the definition, beside elephant's, at edges, and their band. */
#include "distributions/quantiles.h"
#include "point_processes.h"
#include "suite.h"

#include <math.h>
#include <spikekit/rates.h>
#include <stdlib.h>

static const double PI = 3.14159265358979323846;

static spk_rates_options plain(void)
{
    spk_rates_options o;
    spk_rates_options_init(&o, sizeof o);
    return o;
}

/* K as the header defines it. */
static double kernel(int k, double u, double s)
{
    const double r2 = sqrt(2.0), w = s / r2;
    switch (k) {
    case 0:
        return fabs(u) < sqrt(3.0) * s ? 1 / (2 * sqrt(3.0) * s) : 0;
    case 1:
        return fmax(0, 1 - fabs(u) / (sqrt(6.0) * s)) / (sqrt(6.0) * s);
    case 2:
        return fmax(0, 3 * (1 - u * u / (5 * s * s)) / (4 * sqrt(5.0) * s));
    case 3:
        return fabs(u) <= 5 * s ? exp(-u * u / (2 * s * s)) / (sqrt(2 * PI) * s) : 0;
    case 4:
        return exp(-fabs(u) / w) / (2 * w);
    case 5:
        return u >= 0 ? exp(-u / s) / s : 0;
    default:
        return u >= 0 ? u * exp(-u / w) / (w * w) : 0;
    }
}

static void equals_the_definition(void)
{
    enum {
        N = 150,
        POINTS = 400
    };
    spk_random random = {.seed = 21};
    static double rates[POINTS], times[POINTS];
    for (int repeat = 0; repeat < 28; repeat++) {
        const int k = repeat % 7, inverted = repeat / 7 % 2, centred = repeat / 14;
        int64_t samples[N], at = -700;
        for (int i = 0; i < N; i++)
            samples[i] = at += (int64_t)(9 * spk_random_exponential(&random));
        /* steps of 7 samples: places in a step from a table; of 333: one by one */
        const int64_t step = repeat % 2 ? 7 : 333;
        const int64_t starts[] = {-700, 200, 700}, stops[] = {100, 700, 2000};
        const spk_epochs epochs = {3, starts, stops};
        process p = process_start(1, 1000, 2000);
        p.table.start_sample = -800;
        for (int i = 0; i < N; i++)
            process_add(&p, samples[i], 0);
        process_group(&p, &epochs);
        spk_rates_options o = plain();
        int64_t n = 0;
        o.kernel = k;
        o.inverted = inverted;
        o.centred = centred;
        o.step_s = (double)step / 1000;
        o.sigma_s = 0.031;
        CU_ASSERT_EQUAL(spk_rates_length(NULL, p.trains, &o, &n), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(n, 2800 / step);
        CU_ASSERT_EQUAL(spk_rates_times(NULL, p.trains, &o, times), SPK_OK);
        CU_ASSERT_EQUAL(spk_rates_estimate(NULL, p.trains, 0, 1, &o, rates, NULL, NULL),
                        SPK_OK);
        double shift = 0;
        if (centred && k == 5)
            shift = log(2.0) * 0.031;
        if (centred && k == 6)
            shift = 1.6783469900166608 * 0.031 / sqrt(2.0);
        int n_wrong = 0;
        for (int64_t j = 0; j < n; j++) {
            const double t = times[j] * 1000;
            double expected = NAN;
            CU_ASSERT(fabs(t - (-800 + ((double)j + 0.5) * (double)step)) < 1e-9);
            for (int r = 0; r < 3; r++)
                if (t >= (double)starts[r] && t < (double)stops[r]) {
                    expected = 0;
                    for (int i = 0; i < N; i++)
                        if (samples[i] >= starts[r] && samples[i] < stops[r]) {
                            const double u = (t - (double)samples[i]) / 1000;
                            expected += inverted ? kernel(k, -u + shift, 0.031)
                                                 : kernel(k, u + shift, 0.031);
                        }
                }
            n_wrong +=
                isnan(expected) ? !isnan(rates[j]) : !(fabs(rates[j] - expected) < 1e-9);
        }
        CU_ASSERT_EQUAL(n_wrong, 0);
        process_end(&p);
    }
}

/* elephant 1.2.1: instantaneous_rate(sampling_period=10 ms, sigma=50 ms) of 60 spikes, summed
 * with the weights 1 .. 7 over its points. Columns: center_kernel False; True; True with
 * invert. */
static void equals_elephant(void)
{
    static const double golden[7][3] = {
        {23688.681544850348, 23688.681544850348, 23688.681544850348},
        {24052.667308716853, 24052.667308716853, 24052.667308716853},
        {24013.545446878106, 24013.545446878106, 24013.545446878106},
        {24000.018907692363, 24000.018907692363, 24000.018907692363},
        {24253.062837967707, 24253.062837967707, 24253.062837967707},
        {26679.28472134577, 23741.70137617252, 24290.43904126223},
        {23627.813912957456, 23767.92190644181, 23803.72001390453}};
    int64_t samples[60], n = 0;
    for (int64_t sample = 0; sample < 200000; sample++)
        for (int64_t i = 1; i <= 60; i++)
            if (i * i * 7919 % 200000 == sample)
                samples[n++] = sample;
    CU_ASSERT_EQUAL_FATAL(n, 60);
    process p = process_of(samples, 60, 10000, 200000, NULL);
    static double rates[2000];
    for (int k = 0; k < 7; k++)
        for (int column = 0; column < 3; column++) {
            spk_rates_options o = plain();
            double sum = 0;
            o.kernel = k;
            o.binned = 1;
            o.centred = column > 0;
            o.inverted = column == 2;
            CU_ASSERT_EQUAL(
                spk_rates_estimate(NULL, p.trains, 0, 1, &o, rates, NULL, NULL), SPK_OK);
            for (int j = 0; j < 2000; j++)
                sum += rates[j] * (j % 7 + 1);
            CU_ASSERT(fabs(sum / golden[k][column] - 1) < 1e-13);
        }
    process_end(&p);
}

/* A train as regular as can be has its rate everywhere, edges corrected; as it is, half of it
 * at the ends. With SPK_RATES_EDGES_COUNT the points carry all spikes. elephant's
 * border_correction does the same with the mass at the beginning of each step in place of its
 * middle: with steps of 10 ms and a sigma of 50 ms up to 3 % of the rate apart. */
static void edges(void)
{
    enum {
        N = 2000
    };
    static int64_t samples[N];
    static double rates[200];
    for (int k = 0; k < N; k++)
        samples[k] = 10 * k + 5;
    process p = process_of(samples, N, 10000, 20000, NULL);
    for (int kernel = 0; kernel < 7; kernel++) {
        spk_rates_options o = plain();
        o.kernel = kernel;
        o.centred = 1;
        CU_ASSERT_EQUAL(spk_rates_estimate(NULL, p.trains, 0, 1, &o, rates, NULL, NULL),
                        SPK_OK);
        CU_ASSERT(rates[0] < 650 && fabs(rates[100] - 1000) < 8);
        o.edges = SPK_RATES_EDGES_MASS;
        CU_ASSERT_EQUAL(spk_rates_estimate(NULL, p.trains, 0, 1, &o, rates, NULL, NULL),
                        SPK_OK);
        double sum = 0;
        for (int j = 0; j < 200; j++)
            CU_ASSERT(fabs(rates[j] - 1000) < 20);
        o.edges = SPK_RATES_EDGES_COUNT;
        CU_ASSERT_EQUAL(spk_rates_estimate(NULL, p.trains, 0, 1, &o, rates, NULL, NULL),
                        SPK_OK);
        for (int j = 0; j < 200; j++)
            sum += rates[j] * 0.01;
        CU_ASSERT(fabs(sum - N) < 1e-8);
    }
    process_end(&p);
}

/* The band holds the rate of a Poisson train, which smoothing leaves as it is. */
static void band_holds_the_rate(void)
{
    enum {
        POINTS = 400,
        REPEATS = 40
    };
    static double rates[POINTS], lower[POINTS], upper[POINTS];
    for (int kernel = 0; kernel < 7; kernel += 3) {
        int64_t n_below = 0, n_above = 0;
        for (int repeat = 0; repeat < REPEATS; repeat++) {
            spk_random random = {.seed = 31, .stream = (uint32_t)(repeat + 100 * kernel)};
            process p = process_gamma(&random, 30, 1, 40, 1000);
            spk_rates_options o = plain();
            o.kernel = kernel;
            o.step_s = 0.1;
            o.sigma_s = 0.1;
            o.edges = SPK_RATES_EDGES_MASS;
            CU_ASSERT_EQUAL(
                spk_rates_estimate(NULL, p.trains, 0, 1, &o, rates, lower, upper),
                SPK_OK);
            for (int j = 0; j < POINTS; j++) {
                n_below += upper[j] < 30;
                n_above += lower[j] > 30;
                CU_ASSERT(lower[j] <= rates[j] && rates[j] <= upper[j]);
            }
            process_end(&p);
        }
        const double n = POINTS * REPEATS;
        /* never less than nominal, by the method; correlated points, so 4 SE of n / 5 */
        const double coverage = 1 - (double)(n_below + n_above) / n;
        CU_ASSERT(coverage > 0.95 - 4 * sqrt(0.05 * 0.95 / (n / 5)) && coverage < 0.99);
        printf("kernel %d: coverage %.4f\n", kernel, coverage);
    }
}

/* The level of the band: of a rectangular kernel the limits are those of the count of spikes
 * within it, as of a Poisson mean. */
static void band_of_a_count(void)
{
    enum {
        POINTS = 40
    };
    static const double width_s = 0.5, tail = 0.05;
    double rates[POINTS], lower[POINTS], upper[POINTS];
    spk_random random = {.seed = 33};
    process p = process_gamma(&random, 6, 1, 4, 1000);
    spk_rates_options o = plain();
    o.kernel = SPK_KERNEL_RECTANGULAR;
    o.step_s = 0.1;
    o.sigma_s = width_s / 2 / sqrt(3.0);
    o.confidence = 1 - 2 * tail;
    CU_ASSERT_EQUAL(spk_rates_estimate(NULL, p.trains, 0, 1, &o, rates, lower, upper),
                    SPK_OK);
    int n_empty = 0;
    for (int j = 3; j < POINTS - 3; j++) {
        const double n = rint(rates[j] * width_s);
        CU_ASSERT(fabs(rates[j] * width_s - n) < 1e-9);
        CU_ASSERT(fabs(upper[j] * width_s - spk__gamma_quantile(1 - tail, n + 1)) < 1e-9);
        CU_ASSERT(n == 0
                      ? lower[j] == 0
                      : fabs(lower[j] * width_s - spk__gamma_quantile(tail, n)) < 1e-9);
        n_empty += n == 0;
    }
    CU_ASSERT(n_empty < POINTS / 2);
    process_end(&p);
}

static void mean_rate(void)
{
    const int64_t samples[] = {100, 200, 900};
    process p = process_of(samples, 3, 1000, 10000, NULL);
    spk_rate r;
    CU_ASSERT_EQUAL(spk_rates_mean(NULL, p.trains, 0.95, &r), SPK_OK);
    CU_ASSERT(r.n_spikes == 3 && r.duration_s == 10 && r.rate_hz == 0.3);
    /* Garwood's limits of 3 */
    CU_ASSERT(fabs(r.lower_hz - 0.061867212) < 1e-8);
    CU_ASSERT(fabs(r.upper_hz - 0.876727307) < 1e-8);
    process_end(&p);
    p = process_of(samples, 0, 1000, 10000, NULL);
    CU_ASSERT_EQUAL(spk_rates_mean(NULL, p.trains, 0.95, &r), SPK_OK);
    CU_ASSERT(r.rate_hz == 0 && r.lower_hz == 0 && fabs(r.upper_hz - 0.36888795) < 1e-8 &&
              isnan(r.dispersion) && isnan(r.wide_upper_hz));
    process_end(&p);
    p = process_of(samples, 0, 1000, 0, NULL);
    CU_ASSERT_EQUAL(spk_rates_mean(NULL, p.trains, 0.95, &r), SPK_OK);
    CU_ASSERT(isnan(r.rate_hz) && isnan(r.upper_hz));
    process_end(&p);
    /* a train whose rate is 5 or 15 for 3 s each, at random: the Poisson limits miss the
     * mean too often, the wide ones do not */
    int64_t holds[2] = {0, 0};
    for (int repeat = 0; repeat < 100; repeat++) {
        spk_random random = {.seed = 5, .stream = (uint32_t)repeat};
        p = process_start(1, 1000, 150000);
        double rate = 5;
        int64_t n = 0;
        for (int64_t t = 0; t < 150000; t++) {
            if (t % 3000 == 0)
                rate = spk_random_uniform(&random) < 0.5 ? 5 : 15;
            if (spk_random_uniform(&random) < rate / 1000) {
                process_add(&p, t, 0);
                n++;
            }
        }
        process_group(&p, NULL);
        CU_ASSERT_EQUAL(spk_rates_mean(NULL, p.trains, 0.95, &r), SPK_OK);
        holds[0] += r.lower_hz <= 10 && 10 <= r.upper_hz;
        holds[1] += r.wide_lower_hz <= 10 && 10 <= r.wide_upper_hz;
        process_end(&p);
    }
    CU_ASSERT(holds[0] < 75 && holds[1] > 84);
    printf("rate limits hold %.3f (Poisson) and %.3f (wide)\n", (double)holds[0] / 100,
           (double)holds[1] / 100);
}

static void same_for_any_threads(void)
{
    process p = process_start(5, 1000, 20000);
    spk_random random = {.seed = 1};
    for (int64_t t = 0; t < 20000; t++)
        for (int32_t u = 0; u < 4; u++)
            if (spk_random_uniform(&random) < 0.02)
                process_add(&p, t, u);
    process_group(&p, NULL);
    static double rates[3][5 * 2000];
    for (int k = 0; k < 3; k++) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 << k), SPK_OK);
        CU_ASSERT_EQUAL(
            spk_rates_estimate(ctx, p.trains, 0, 5, NULL, rates[k], NULL, NULL), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(rates[k], rates[0], sizeof rates[0]), 0);
        spk_context_destroy(ctx);
    }
    double widths[3][5];
    for (int k = 0; k < 6; k++) {
        spk_bandwidth_options b;
        spk_bandwidth_options_init(&b, sizeof b);
        b.method = k / 3;
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 << k % 3), SPK_OK);
        CU_ASSERT_EQUAL(spk_bandwidth_estimate(ctx, p.trains, &b, widths[k % 3]), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(widths[k % 3], widths[0], sizeof widths[0]), 0);
        spk_context_destroy(ctx);
    }
    /* a shard is those rows; a unit without spikes has rate 0; NaN widths give NaN */
    const double sigmas[] = {0.05, 0.05, 0.05, NAN, 0.05};
    spk_rates_options o = plain();
    o.sigmas_s = sigmas;
    CU_ASSERT_EQUAL(spk_rates_estimate(NULL, p.trains, 2, 5, &o, rates[1], NULL, NULL),
                    SPK_OK);
    CU_ASSERT_EQUAL(memcmp(rates[1], rates[0] + 2 * 2000, 2000 * sizeof(double)), 0);
    CU_ASSERT(isnan(rates[1][2000]) && rates[1][4000] == 0 && rates[0][9999] == 0);
    process_end(&p);
}

/* ---- widths ---- */

static void cost_by_definition(void)
{
    spk_random random = {.seed = 9};
    process p = process_gamma(&random, 20, 0.5, 60, 10000);
    const spk_train train = spk_trains_unit(p.trains, 0);
    static const double sigmas[] = {0.0005, 0.004, 0.05, 0.5, 5, 40};
    double costs[6];
    CU_ASSERT_EQUAL(spk_bandwidth_cost(NULL, p.trains, 0, 6, sigmas, costs), SPK_OK);
    for (int k = 0; k < 6; k++) {
        const double s = sigmas[k], n = (double)train.n_spikes;
        double wide = 0, narrow = 0;
        for (int64_t i = 0; i < train.n_spikes; i++)
            for (int64_t j = i + 1; j < train.n_spikes; j++) {
                const double d = (double)(train.samples[j] - train.samples[i]) / 10000;
                wide += exp(-d * d / (4 * s * s));
                narrow += 2 * sqrt(2.0) * exp(-d * d / (2 * s * s));
            }
        const double expected = n / (2 * sqrt(PI) * s) + (wide - narrow) / (sqrt(PI) * s);
        CU_ASSERT(fabs(costs[k] - expected) <
                  3e-5 * (n / 2 + wide + narrow) / (sqrt(PI) * s));
    }
    process_end(&p);
}

/* Trains that grids and classes of lag do not like, in two runs, at widths from a tenth of a
 * sample to the whole recording and far beyond; and one width at a time is as good as many. */
static void cost_of_awkward_trains(void)
{
    enum {
        N = 600,
        WIDTHS = 33
    };
    for (int kind = 0; kind < 8; kind++) {
        static int64_t samples[N];
        spk_random random = {.seed = 31, .stream = (uint32_t)kind};
        int64_t at = 3;
        for (int i = 0; i < N; i++) {
            const double e = spk_random_exponential(&random);
            at += kind == 0   ? (int64_t)(i % 10 ? 30 * e : 30000 * e) /* bursts */
                  : kind == 1 ? 32 * (int64_t)ceil(40 * e)             /* a lattice */
                  : kind == 2 ? 1024 * (int64_t)ceil(2 * e)
                  : kind == 3 ? 7 * (int64_t)ceil(3 * e)
                  : kind == 4 ? (i == N / 2) * 100000         /* two times */
                  : kind == 5 ? 4096                          /* a clock */
                  : kind == 6 ? (i % 200 ? i % 3 : 300000000) /* crowds far apart */
                              : (int64_t)(3000 * e);
            samples[i] = at;
        }
        const int64_t cut = (samples[N / 3] + samples[N / 3 - 1]) / 2;
        const int64_t starts[] = {0, cut + 1}, stops[] = {cut + 1, at + 1};
        const spk_epochs two = {.n_epochs = 2, .starts = starts, .stops = stops};
        process p = process_of(samples, N, 1, at + 1, &two);
        const spk_train train = spk_trains_unit(p.trains, 0);
        CU_ASSERT_EQUAL_FATAL(train.n_runs, 2);
        double sigmas[WIDTHS], costs[WIDTHS], one;
        for (int k = 0; k < WIDTHS; k++)
            sigmas[k] = 0.1 * pow((double)at * 1000, k / (WIDTHS - 2.0));
        CU_ASSERT_EQUAL(spk_bandwidth_cost(NULL, p.trains, 0, WIDTHS, sigmas, costs),
                        SPK_OK);
        for (int k = 0; k < WIDTHS; k++) {
            const double s = sigmas[k];
            double wide = 0, narrow = 0;
            for (int64_t r = 0; r < 2; r++)
                for (int64_t i = train.run_offsets[r]; i < train.run_offsets[r + 1]; i++)
                    for (int64_t j = i + 1; j < train.run_offsets[r + 1]; j++) {
                        const double d =
                            (double)(train.samples[j] - train.samples[i]) / s;
                        if (d > 12)
                            break;
                        const double e = exp(-d * d / 4);
                        wide += e;
                        narrow += 2 * sqrt(2.0) * e * e;
                    }
            const double unit = 1 / (sqrt(PI) * s);
            const double bound = 3e-5 * (N / 2.0 + wide + narrow) * unit;
            CU_ASSERT(fabs(costs[k] - (N / 2.0 + wide - narrow) * unit) < bound);
            CU_ASSERT_EQUAL(spk_bandwidth_cost(NULL, p.trains, 0, 1, &s, &one), SPK_OK);
            CU_ASSERT(fabs(one - (N / 2.0 + wide - narrow) * unit) < bound);
        }
        process_end(&p);
    }
}

static void bandwidth_equals_elephant(void)
{
    int64_t samples[60], n = 0;
    for (int64_t sample = 0; sample < 200000; sample++)
        for (int64_t i = 1; i <= 60; i++)
            if (i * i * 7919 % 200000 == sample && (n == 0 || samples[n - 1] != sample))
                samples[n++] = sample;
    spk_bandwidth_options o;
    spk_bandwidth_options_init(&o, sizeof o);
    o.method = SPK_BANDWIDTH_ELEPHANT;
    double sigma;
    process p = process_of(samples, n, 10000, 200000, NULL);
    CU_ASSERT_EQUAL(spk_bandwidth_estimate(NULL, p.trains, &o, &sigma), SPK_OK);
    CU_ASSERT(fabs(sigma / 2.4158066207332713 - 1) < 1e-12);
    process_end(&p);
    p = process_of(samples, 9, 10000, 200000, NULL);
    CU_ASSERT_EQUAL(spk_bandwidth_estimate(NULL, p.trains, &o, &sigma), SPK_OK);
    CU_ASSERT(fabs(sigma / 0.45312652669611614 - 1) < 1e-12);
    process_end(&p);
}

/* The width found is nearly the best there is, which the known rate tells: a rate that swings
 * every 2 s. elephant's 1000 points would not see it in an hour. */
static void bandwidth_is_the_best(void)
{
    enum {
        T = 200000
    };
    static double rates[T / 20];
    double loss[3] = {0, 0, 0}, found = 0;
    for (int repeat = 0; repeat < 3; repeat++) {
        spk_random random = {.seed = 3, .stream = (uint32_t)repeat};
        process p = process_start(1, 1000, T);
        for (int64_t t = 0; t < T; t++)
            if (spk_random_uniform(&random) < 0.02 * (1 + 0.9 * sin(t * PI / 1000)))
                process_add(&p, t, 0);
        process_group(&p, NULL);
        double sigma;
        CU_ASSERT_EQUAL(spk_bandwidth_estimate(NULL, p.trains, NULL, &sigma), SPK_OK);
        found += sigma / 3;
        for (int k = 0; k < 3; k++) {
            spk_rates_options o = plain();
            int64_t n = 0;
            o.step_s = 0.02;
            o.sigma_s = sigma * (k == 0 ? 1 : k == 1 ? 1.7 : 1 / 1.7);
            CU_ASSERT_EQUAL(spk_rates_length(NULL, p.trains, &o, &n), SPK_OK);
            CU_ASSERT_EQUAL(
                spk_rates_estimate(NULL, p.trains, 0, 1, &o, rates, NULL, NULL), SPK_OK);
            for (int64_t j = 50; j < n - 50; j++) {
                const double truth =
                    20 * (1 + 0.9 * sin(((double)j + 0.5) * 20 * PI / 1000));
                loss[k] += (rates[j] - truth) * (rates[j] - truth);
            }
        }
        double bin;
        CU_ASSERT_EQUAL(spk_bin_width_estimate(NULL, p.trains, NULL, &bin), SPK_OK);
        CU_ASSERT(bin > 0.1 && bin < 0.6);
        process_end(&p);
    }
    CU_ASSERT(loss[0] < loss[1] && loss[0] < loss[2] && found > 0.1 && found < 0.3);
}

/* The cost of a width of bins, straight from its definition. */
static void bin_width_by_definition(void)
{
    int64_t samples[200], at = 0;
    spk_random random = {.seed = 6};
    for (int k = 0; k < 200; k++)
        samples[k] = at +=
            (int64_t)(20 * spk_random_exponential(&random) * (k / 20 % 2 ? 0.2 : 2));
    process p = process_of(samples, 200, 1000, at + 1, NULL);
    spk_bandwidth_options o;
    spk_bandwidth_options_init(&o, sizeof o);
    o.min_s = 0.01;
    o.max_s = 0.5;
    double found, least = INFINITY, best = 0;
    CU_ASSERT_EQUAL(spk_bin_width_estimate(NULL, p.trains, &o, &found), SPK_OK);
    for (int k = 0; k < 100; k++) {
        const int64_t b = llrint(10 * pow(50, k / 99.0));
        double cost = 0;
        for (int shift = 0; shift < 16; shift++) {
            double sum = 0, squares = 0, n = 0;
            for (int64_t a = b * shift / 16; a + b <= at + 1; a += b, n++) {
                double count = 0;
                for (int i = 0; i < 200; i++)
                    count += samples[i] >= a && samples[i] < a + b;
                sum += count;
                squares += count * count;
            }
            const double mean = sum / n;
            cost += (2 * mean - (squares / n - mean * mean)) / (double)(b * b);
        }
        if (cost < least) {
            least = cost;
            best = (double)b / 1000;
        }
    }
    CU_ASSERT_EQUAL(found, best);
    process_end(&p);
}

static void no_width(void)
{
    const int64_t samples[] = {5, 5, 5};
    spk_bandwidth_options o;
    spk_bandwidth_options_init(&o, sizeof o);
    double width = 0;
    for (int64_t n = 0; n < 4; n++)
        for (int method = 0; method < 2; method++) {
            process p = process_of(samples, n, 1000, 10, NULL);
            o.method = method;
            CU_ASSERT_EQUAL(spk_bandwidth_estimate(NULL, p.trains, &o, &width), SPK_OK);
            CU_ASSERT(isnan(width));
            process_end(&p);
        }
    process p = process_of(samples, 0, 1000, 10, NULL);
    CU_ASSERT_EQUAL(spk_bin_width_estimate(NULL, p.trains, &o, &width), SPK_OK);
    CU_ASSERT(isnan(width));
    process_end(&p);
}

/* ---- bad input ---- */

static void errors(void)
{
    spk_context *ctx = NULL;
    const int64_t samples[] = {1, 4};
    const double sigmas[] = {-1};
    process p = process_of(samples, 2, 1000, 1000, NULL);
    double out[100];
    int64_t n;
    spk_rate rate;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    static const char *const names[] = {"options", "kernel",   "sigma_s",
                                        "step_s",  "cutoff",   "edges",
                                        "confid",  "sigmas_s", "sigma_s: a kernel of"};
    for (int k = 0; k < 9; k++) {
        spk_rates_options o = plain();
        if (k == 0)
            o.struct_size = 1;
        else if (k == 1)
            o.kernel = 7;
        else if (k == 2)
            o.sigma_s = 0;
        else if (k == 3)
            o.step_s = NAN;
        else if (k == 4)
            o.cutoff = 0.5;
        else if (k == 5)
            o.edges = 3;
        else if (k == 6)
            o.confidence = 1;
        else if (k == 7)
            o.sigmas_s = sigmas;
        else
            o.sigma_s = 1e15;
        CU_ASSERT_EQUAL(spk_rates_estimate(ctx, p.trains, 0, 1, &o, out, NULL, NULL),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_EQUAL(strncmp(spk_context_message(ctx), names[k], strlen(names[k])), 0);
    }
    CU_ASSERT_EQUAL(spk_rates_estimate(ctx, NULL, 0, 1, NULL, out, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_rates_estimate(ctx, p.trains, 0, 2, NULL, out, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_rates_estimate(ctx, p.trains, 0, 1, NULL, NULL, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_rates_estimate(ctx, p.trains, 0, 1, NULL, out, out, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_rates_length(ctx, NULL, NULL, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_rates_length(ctx, p.trains, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_rates_times(ctx, p.trains, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_rates_mean(ctx, p.trains, 0, &rate), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_rates_mean(ctx, NULL, 0.5, &rate), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_rates_mean(ctx, p.trains, 0.5, NULL), SPK_ERR_ARGUMENT);
    for (int k = 0; k < 4; k++) {
        spk_bandwidth_options o;
        spk_bandwidth_options_init(&o, sizeof o);
        if (k == 0)
            o.struct_size = 1;
        else if (k == 1)
            o.method = 2;
        else if (k == 2)
            o.min_s = 0;
        else
            o.max_s = 1e-9;
        CU_ASSERT_EQUAL(spk_bandwidth_estimate(ctx, p.trains, &o, out), SPK_ERR_ARGUMENT);
        CU_ASSERT_EQUAL(spk_bin_width_estimate(ctx, p.trains, &o, out), SPK_ERR_ARGUMENT);
    }
    CU_ASSERT_EQUAL(spk_bandwidth_cost(ctx, p.trains, 1, 1, out, out), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_bandwidth_cost(ctx, p.trains, 0, -1, out, out), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_bandwidth_cost(ctx, p.trains, 0, 1, sigmas, out),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT(spk_kernel_name(7) == NULL && spk_kernel_name(-1) == NULL);
    CU_ASSERT_STRING_EQUAL(spk_kernel_name(SPK_KERNEL_ALPHA), "alpha");
    process_end(&p);
    spk_context_destroy(ctx);
}

static spk_status band(spk_context *ctx, void *trains)
{
    double r[100], l[100], u[100];
    return spk_rates_estimate(ctx, trains, 0, 1, NULL, r, l, u);
}

static spk_status both_widths(spk_context *ctx, void *trains)
{
    spk_bandwidth_options o;
    spk_bandwidth_options_init(&o, sizeof o);
    double sigma;
    spk_status status = spk_bandwidth_estimate(ctx, trains, &o, &sigma);
    o.method = SPK_BANDWIDTH_ELEPHANT;
    return status == SPK_OK ? spk_bandwidth_estimate(ctx, trains, &o, &sigma) : status;
}

static spk_status mean(spk_context *ctx, void *trains)
{
    spk_rate rate;
    return spk_rates_mean(ctx, trains, 0.9, &rate);
}

static void failed_allocations(void)
{
    const int64_t samples[] = {5, 300, 310, 900};
    process p = process_of(samples, 4, 1000, 1000, NULL);
    CU_ASSERT(suite_fail_allocations(band, p.trains) >= 3);
    CU_ASSERT(suite_fail_allocations(both_widths, p.trains) >= 3);
    CU_ASSERT(suite_fail_allocations(mean, p.trains) >= 3);
    process_end(&p);
}

static const suite_test tests[] = {
    {"equals the definition", equals_the_definition},
    {"equals elephant", equals_elephant},
    {"edges", edges},
    {"the band holds the rate", band_holds_the_rate},
    {"band of a count", band_of_a_count},
    {"mean rate", mean_rate},
    {"same for any threads", same_for_any_threads},
    {"cost by definition", cost_by_definition},
    {"cost of awkward trains", cost_of_awkward_trains},
    {"bandwidth equals elephant", bandwidth_equals_elephant},
    {"bandwidth is the best", bandwidth_is_the_best},
    {"bin width by definition", bin_width_by_definition},
    {"no width", no_width},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("rates", tests)
