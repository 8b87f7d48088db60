/* SPDX-License-Identifier: BSD-3-Clause */
/* Autocorrelograms divided out of correlograms, and the transform that it takes. */
#include "correlation/deconvolution.h"
#include "correlation/pair_tests.h"
#include "correlation/significance_window.h"
#include "golden.h"

#include <math.h>
#include <spikekit/distributions.h>
#include <spikekit/random.h>
#include <spikekit/significance.h>

/* ---- the transform ---- */

static void transform_by_definition(void)
{
    static const int64_t lengths[] = {1, 2, 3, 8, 51, 60, 97, 201};
    spk_random random = {.seed = 4};
    for (int l = 0; l < 8; l++) {
        const int64_t n = lengths[l];
        double x[201], back[201], spectrum[101][2];
        spk__real_transform *transform = NULL;
        CU_ASSERT_EQUAL_FATAL(spk__real_transform_create(NULL, n, &transform), SPK_OK);
        for (int64_t j = 0; j < n; j++)
            back[j] = x[j] = spk_random_normal(&random);
        spk__real_transform_forward(transform, x, spectrum);
        CU_ASSERT(memcmp(x, back, (size_t)n * sizeof *x) == 0);
        for (int64_t k = 0; k <= n / 2; k++) {
            double re = 0.0, im = 0.0;
            for (int64_t j = 0; j < n; j++) {
                const double angle = 2 * acos(-1.0) * (double)(j * k % n) / (double)n;
                re += x[j] * cos(angle);
                im -= x[j] * sin(angle);
            }
            CU_ASSERT(fabs(re - spectrum[k][0]) <= 1e-12 &&
                      fabs(im - spectrum[k][1]) <= 1e-12);
        }
        spk__real_transform_backward(transform, spectrum, back);
        for (int64_t j = 0; j < n; j++)
            CU_ASSERT_DOUBLE_EQUAL(back[j], (double)n * x[j], 1e-12 * (double)n);
        spk__real_transform_destroy(transform);
    }
    spk__real_transform *none = NULL;
    CU_ASSERT_EQUAL(spk__real_transform_create(NULL, 0, &none), SPK_ERR_ARGUMENT);
    spk__real_transform_destroy(NULL);
}

/* ---- by definition ---- */

enum {
    N = 31
};

static int64_t circle(int64_t k)
{
    return (k % N + N) % N;
}

/* A' of an autocorrelogram, by lag from -15 on. */
static void scaled(const int64_t *counts, double n_spikes, double *out)
{
    double sum = 0.0, others = 0.0;
    for (int k = 0; k < N; k++)
        sum += k == N / 2 ? 0.0 : (double)counts[k];
    for (int k = 0; k < N; k++) {
        out[k] = ((double)counts[k] - sum / N) / n_spikes;
        others += k == N / 2 ? 0.0 : out[k];
    }
    out[N / 2] = 1 - others;
}

/* Convolved with both again, a quotient that was nowhere negative is the correlogram. */
static void undone_by_convolution(void)
{
    int64_t counts[N], autos[2][N];
    const int64_t n_source = 4000, n_target = 9000;
    double divided[N], once[N], twice[N], a[N];
    spk_random random = {.seed = 8};
    for (int k = 0; k < N; k++)
        counts[k] = 100 + spk_random_poisson(&random, 20);
    for (int u = 0; u < 2; u++)
        for (int k = 0; k <= N / 2; k++)
            autos[u][k] = autos[u][N - 1 - k] =
                spk_random_poisson(&random, 20 * exp(k / 5.0));
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_deconvolve(NULL, 1, N, counts, autos[0],
                                                     &n_source, autos[1], &n_target,
                                                     divided),
                          SPK_OK);
    for (int k = 0; k < N; k++)
        CU_ASSERT(divided[k] > 0.0);
    scaled(autos[0], (double)n_source, a);
    for (int k = 0; k < N; k++) {
        once[k] = 0.0;
        for (int d = 0; d < N; d++)
            once[k] += divided[circle(k - (d - N / 2))] * a[d];
    }
    scaled(autos[1], (double)n_target, a);
    for (int k = 0; k < N; k++) {
        twice[k] = 0.0;
        for (int d = 0; d < N; d++)
            twice[k] += once[circle(k - (d - N / 2))] * a[d];
        CU_ASSERT_DOUBLE_EQUAL(twice[k], (double)counts[k], 1e-10);
    }
    /* with empty autocorrelograms nothing happens */
    memset(autos, 0, sizeof autos);
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_deconvolve(NULL, 1, N, counts, autos[0],
                                                     &n_source, autos[1], &n_target,
                                                     divided),
                          SPK_OK);
    for (int k = 0; k < N; k++)
        CU_ASSERT_DOUBLE_EQUAL(divided[k], (double)counts[k], 1e-11);
}

static void equals_cchdeconv(void)
{
    enum {
        BINS = 51,
        PAIRS = 24
    };
    int64_t *triples =
        golden_integers("pair_tests/deconvolution_counts", (int64_t)PAIRS * 3 * BINS);
    double *values =
        golden_doubles("pair_tests/deconvolution_values", (int64_t)PAIRS * 2 * BINS);
    double *rows = golden_doubles("pair_tests/deconvolution", (int64_t)PAIRS * 6);
    static int64_t counts[3][PAIRS * BINS];
    static double divided[PAIRS * BINS];
    int64_t n_source[PAIRS], n_target[PAIRS];
    for (int p = 0; p < PAIRS; p++) {
        n_source[p] = (int64_t)rows[6 * p];
        n_target[p] = (int64_t)rows[6 * p + 1];
        for (int t = 0; t < 3; t++)
            memcpy(&counts[t][p * BINS], triples + (3 * p + t) * BINS,
                   BINS * sizeof(int64_t));
    }
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
        spk_context *ctx = NULL;
        CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
        CU_ASSERT_FATAL(spk_context_set_threads(ctx, threads) == SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_correlogram_deconvolve(ctx, PAIRS, BINS, counts[0],
                                                         counts[1], n_source, counts[2],
                                                         n_target, divided),
                              SPK_OK);
        spk_context_destroy(ctx);
    }
    spk_predictor_options options;
    spk_predictor_options_init(&options, sizeof options);
    options.kernel = SPK_PREDICTOR_MEDIAN;
    options.window_bins = 11;
    spk__predictor predictor;
    CU_ASSERT_EQUAL_FATAL(spk__predictor_create(NULL, &options, &predictor), SPK_OK);
    double scratch[200], predicted[BINS], rate[BINS];
    CU_ASSERT_FATAL(spk__predictor_room(&predictor, BINS) <= 200);
    const spk__pair_bins bins = {BINS, 26, 31};
    for (int p = 0; p < PAIRS; p++) {
        const double *expected = values + (size_t)2 * p * BINS;
        spk__predict_values(&predictor, divided + (size_t)p * BINS, BINS, 0, BINS,
                            scratch, predicted);
        for (int k = 0; k < BINS; k++) {
            const double found = divided[p * BINS + k];
            CU_ASSERT_DOUBLE_EQUAL(found, expected[k], 1e-9);
            CU_ASSERT_DOUBLE_EQUAL(predicted[k], expected[BINS + k], 1e-9);
            rate[k] = (found - predicted[k]) / ((double)n_source[p] * 0.001);
        }
        /* their verdicts: at the quantile, around the most or least predicted, or beyond it */
        double most = 0.0, least = INFINITY;
        for (int64_t k = bins.first; k < bins.last; k++) {
            most = fmax(most, predicted[k]);
            least = fmin(least, predicted[k]);
        }
        int excited = 0, silenced = 0;
        for (int64_t k = bins.first; k < bins.last; k++) {
            const double value = divided[p * BINS + k];
            excited |= value >= (double)spk_poisson_quantile_upper(log(0.001 / 5), most);
            silenced |= value <= (double)spk_poisson_quantile(0.001 / 5, least);
        }
        CU_ASSERT(excited == (int)rows[6 * p + 2] && silenced == (int)rows[6 * p + 3]);
        for (int s = 0; s < 2; s++) {
            const double gain =
                spk__transmission_gain(&bins, rate, s == 0 ? 1 : -1, 0.001);
            const double wanted = rows[6 * p + 4 + s];
            CU_ASSERT(isnan(wanted) ? isnan(gain) : fabs(gain - wanted) <= 1e-9);
        }
    }
    spk__predictor_free(&predictor);
    free(triples);
    free(values);
    free(rows);
}

/* ---- errors ---- */

static void errors(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    int64_t counts[5] = {1, 2, 3, 2, 1}, n = 10, none = 0, below = -1;
    double out[5];
    CU_ASSERT_EQUAL(
        spk_correlogram_deconvolve(ctx, 1, 4, counts, counts, &n, counts, &n, out),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "n_bins must be odd and at least 3, got 4");
    CU_ASSERT_EQUAL(
        spk_correlogram_deconvolve(ctx, 1, 1, counts, counts, &n, counts, &n, out),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk_correlogram_deconvolve(ctx, -1, 5, counts, counts, &n, counts, &n, out),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk_correlogram_deconvolve(ctx, 1, 5, counts, counts, &below, counts, &n, out),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk_correlogram_deconvolve(ctx, 1, 5, counts, NULL, &n, counts, &n, out),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk_correlogram_deconvolve(ctx, 1, 5, counts, counts, &n, counts, &n, NULL),
        SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(
        spk_correlogram_deconvolve(ctx, 0, 5, NULL, NULL, NULL, NULL, NULL, NULL),
        SPK_OK);
    CU_ASSERT_EQUAL(
        spk_correlogram_deconvolve(ctx, 1, 5, counts, counts, &none, counts, &n, out),
        SPK_OK);
    for (int k = 0; k < 5; k++)
        CU_ASSERT(isnan(out[k]));
    spk_context_destroy(ctx);
}

static spk_status divide(spk_context *ctx, void *argument)
{
    const int64_t *counts = argument, n = 10;
    double out[5];
    return spk_correlogram_deconvolve(ctx, 1, 5, counts, counts, &n, counts, &n, out);
}

static void failed_allocations(void)
{
    int64_t counts[5] = {1, 2, 3, 2, 1};
    CU_ASSERT_EQUAL(suite_fail_allocations(divide, counts), 4);
}

static const suite_test tests[] = {
    {"transform by definition", transform_by_definition},
    {"undone by convolution", undone_by_convolution},
    {"equals cchdeconv", equals_cchdeconv},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("deconvolution", tests)
