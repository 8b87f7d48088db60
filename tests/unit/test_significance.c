/* SPDX-License-Identifier: BSD-3-Clause */
/* The hollow predictor of correlograms, its tails and bounds. */
#include "correlation/significance_window.h"
#include "golden.h"

#include <float.h>
#include <math.h>
#include <spikekit/distributions.h>
#include <spikekit/random.h>
#include <spikekit/significance.h>

static spk_predictor_options options_of(int32_t kernel, int64_t window_bins)
{
    spk_predictor_options options;
    spk_predictor_options_init(&options, sizeof options);
    options.kernel = kernel;
    options.window_bins = window_bins;
    return options;
}

/* ---- by definition ---- */

static int compare_values(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The bin that stands at k when a correlogram goes on as its mirror image. */
static double mirrored(const double *values, int64_t n, int64_t k)
{
    return values[k < 0 ? -1 - k : k >= n ? 2 * n - 1 - k : k];
}

static double expected_at(const spk_predictor_options *options, const double *values,
                          int64_t n, int64_t k)
{
    static const double defaults[] = {0.6, 0.42, 0.63, 1.0};
    const double hollow = isnan(options->hollow_fraction) ? defaults[options->kernel]
                                                          : options->hollow_fraction;
    const int64_t w = options->window_bins;
    if (options->kernel == SPK_PREDICTOR_MEDIAN) {
        double others[200];
        int64_t m = 0;
        for (int64_t d = -(w / 2); d <= w / 2; d++)
            if (d != 0 || hollow <= 0.5)
                others[m++] = mirrored(values, n, k + d);
        qsort(others, (size_t)m, sizeof *others, compare_values);
        return (others[(m - 1) / 2] + others[m / 2]) / 2;
    }
    const int64_t reach = 2 * w + 3;
    double sum = 0.0, weights = 0.0;
    for (int64_t d = -reach; d <= reach; d++) {
        double weight = 0.0;
        const int64_t length = w % 2 == 0 ? 3 * w + 1 : 3 * w + 2;
        if (options->kernel == SPK_PREDICTOR_GAUSSIAN && llabs(d) <= length / 2)
            weight = exp(-2.0 * (double)(d * d) / (double)(w * w));
        if (options->kernel == SPK_PREDICTOR_RECTANGULAR && llabs(d) <= w / 2)
            weight = 1.0;
        const int64_t peak = w % 2 == 0 ? w + 1 : w;
        if (options->kernel == SPK_PREDICTOR_TRIANGULAR && llabs(d) < peak)
            weight = (double)(peak - llabs(d));
        if (d == 0)
            weight *= 1.0 - hollow;
        weights += weight;
        if (weight > 0.0)
            sum += weight * mirrored(values, n, k + d);
    }
    return sum / weights;
}

enum {
    MOST_BINS = 301
};

static void draw_counts(int64_t *counts, int64_t n, double mean, uint32_t stream)
{
    spk_random random = {.seed = 21, .stream = stream};
    for (int64_t k = 0; k < n; k++)
        counts[k] = spk_random_poisson(&random, mean * (1 + (double)k / (double)n));
}

/* Whole and in parts, both kinds of values, with and without the centre. */
static void check_prediction(const spk_predictor_options *options, const int64_t *counts,
                             int64_t n)
{
    double kept[MOST_BINS], values[MOST_BINS], predicted[MOST_BINS], part[MOST_BINS];
    int64_t m = 0;
    for (int64_t k = 0; k < n; k++) {
        values[k] = (double)counts[k];
        if (!options->skip_center || k != n / 2)
            kept[m++] = (double)counts[k];
    }
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_predict(NULL, 1, n, counts, options, predicted),
                          SPK_OK);
    double worst = 0.0;
    for (int64_t k = 0; k < n; k++) {
        if (options->skip_center && k == n / 2) {
            CU_ASSERT(isnan(predicted[k]));
            continue;
        }
        const double e =
            expected_at(options, kept, m, k - (options->skip_center && k > n / 2));
        worst = fmax(worst, fabs(predicted[k] - e) / (e + 1e-300));
    }
    CU_ASSERT(worst <= 1e-12);
    spk__predictor predictor;
    CU_ASSERT_EQUAL_FATAL(spk__predictor_create(NULL, options, &predictor), SPK_OK);
    double *scratch =
        malloc((size_t)spk__predictor_room(&predictor, n) * sizeof *scratch);
    for (int64_t first = 0; first < n; first += 7)
        for (int64_t last = first; last <= n; last += 5) {
            const size_t size = (size_t)(last - first) * sizeof *part;
            spk__predict_range(&predictor, counts, n, first, last, scratch, part);
            CU_ASSERT(memcmp(part, predicted + first, size) == 0);
            spk__predict_values(&predictor, values, n, first, last, scratch, part);
            CU_ASSERT(memcmp(part, predicted + first, size) == 0);
        }
    free(scratch);
    spk__predictor_free(&predictor);
    int64_t backwards[MOST_BINS];
    for (int64_t k = 0; k < n; k++)
        backwards[k] = counts[n - 1 - k];
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_predict(NULL, 1, n, backwards, options, part),
                          SPK_OK);
    for (int64_t k = 0; k < n; k++)
        CU_ASSERT(part[k] == predicted[n - 1 - k] || isnan(predicted[n - 1 - k]));
}

static void predictions_by_definition(void)
{
    int64_t counts[MOST_BINS];
    uint32_t stream = 0;
    for (int32_t kernel = 0; kernel < 4; kernel++)
        for (int64_t w = 1; w <= 25; w += w < 8 ? 1 : 8) {
            for (int variant = 0; variant < 4; variant++) {
                spk_predictor_options options = options_of(kernel, w);
                options.skip_center = variant % 2;
                if (variant >= 2)
                    options.hollow_fraction = 0.3;
                if (kernel != SPK_PREDICTOR_GAUSSIAN && w == 1 && variant < 2)
                    continue; /* of one bin, and for a median hollow: refused */
                int64_t length;
                CU_ASSERT_EQUAL_FATAL(spk_predictor_length(NULL, &options, &length),
                                      SPK_OK);
                const int64_t n = (length * 3 / 2 + 2) | 1;
                draw_counts(counts, n, variant == 3 ? 0.4 : 30.0, stream++);
                check_prediction(&options, counts, n);
            }
        }
}

/* Weights 3 : 3 : 1.2 : 3 : 3 of a rectangle of five, hollow 0.6. */
static void hand_worked(void)
{
    spk_predictor_options options = options_of(SPK_PREDICTOR_RECTANGULAR, 5);
    options.hollow_fraction = 0.6;
    const int64_t counts[] = {1, 0, 2, 5, 0, 0, 3, 4};
    double predicted[8], weights[5];
    CU_ASSERT_EQUAL_FATAL(spk_predictor_weights(NULL, &options, weights), SPK_OK);
    for (int d = 0; d < 5; d++)
        CU_ASSERT_DOUBLE_EQUAL(weights[d], d == 2 ? 0.4 / 4.4 : 1 / 4.4, 1e-16);
    CU_ASSERT_EQUAL_FATAL(
        spk_correlogram_predict(NULL, 1, 8, counts, &options, predicted), SPK_OK);
    /* bins -2, -1 are 0, 1 again; 8, 9 are 7, 6 */
    CU_ASSERT_DOUBLE_EQUAL(predicted[0], (0 + 1 + 0.4 * 1 + 0 + 2) / 4.4, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(predicted[3], (0 + 2 + 0.4 * 5 + 0 + 0) / 4.4, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(predicted[7], (0 + 3 + 0.4 * 4 + 4 + 3) / 4.4, 1e-15);
    options = options_of(SPK_PREDICTOR_MEDIAN, 5);
    CU_ASSERT_EQUAL_FATAL(
        spk_correlogram_predict(NULL, 1, 8, counts, &options, predicted), SPK_OK);
    CU_ASSERT_EQUAL(predicted[3], 0.0); /* of 0 2 0 0 */
    CU_ASSERT_EQUAL(predicted[4], 2.5); /* of 2 5 0 3 */
    int64_t length = 0;
    static const int64_t lengths[4][2] = {{17, 19}, {5, 7}, {9, 13}, {5, 7}};
    for (int32_t kernel = 0; kernel < 4; kernel++)
        for (int64_t w = 5; w <= 6; w++) {
            options = options_of(kernel, w);
            CU_ASSERT_EQUAL(spk_predictor_length(NULL, &options, &length), SPK_OK);
            CU_ASSERT_EQUAL(length, lengths[kernel][w - 5]);
        }
}

/* A constant is its own prediction; predictions add, but for the median. */
static void identities(void)
{
    enum {
        N = 101
    };
    int64_t a[N], b[N], sum[N], flat[N];
    double pa[N], pb[N], ps[N], pf[N];
    draw_counts(a, N, 12, 90);
    draw_counts(b, N, 50, 91);
    for (int k = 0; k < N; k++) {
        sum[k] = a[k] + b[k];
        flat[k] = 7;
    }
    for (int32_t kernel = 0; kernel < 4; kernel++) {
        const spk_predictor_options options = options_of(kernel, 9);
        CU_ASSERT_EQUAL(spk_correlogram_predict(NULL, 1, N, a, &options, pa), SPK_OK);
        CU_ASSERT_EQUAL(spk_correlogram_predict(NULL, 1, N, b, &options, pb), SPK_OK);
        CU_ASSERT_EQUAL(spk_correlogram_predict(NULL, 1, N, sum, &options, ps), SPK_OK);
        CU_ASSERT_EQUAL(spk_correlogram_predict(NULL, 1, N, flat, &options, pf), SPK_OK);
        for (int k = 0; k < N; k++) {
            CU_ASSERT_DOUBLE_EQUAL(pf[k], 7.0, 1e-13);
            if (kernel != SPK_PREDICTOR_MEDIAN)
                CU_ASSERT_DOUBLE_EQUAL(pa[k] + pb[k], ps[k], 1e-11);
        }
    }
}

/* ---- the numbers of cch_conv ---- */

static void equals_cch_conv(void)
{
    double predicted[45], *expected = golden_doubles("significance/predicted", 8 * 45);
    int64_t *counts = golden_integers("significance/counts", 45);
    for (int row = 0; row < 8; row++) {
        const spk_predictor_options options = options_of(row % 4, 5 + row / 4);
        CU_ASSERT_EQUAL_FATAL(
            spk_correlogram_predict(NULL, 1, 45, counts, &options, predicted), SPK_OK);
        for (int k = 0; k < 45; k++)
            CU_ASSERT(fabs(predicted[k] - expected[row * 45 + k]) <=
                      1e-12 * expected[row * 45 + k]);
    }
    free(counts);
    free(expected);
}

/* ---- tails and bounds ---- */

static void tails_and_bounds(void)
{
    const int64_t counts[] = {3, 0, 12, 5, -1};
    const double predicted[] = {2.5, 4.0, 2.5, NAN, -1.0};
    double upper[5], lower[5], low[5], high[5];
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_tails(NULL, 5, counts, predicted, upper, lower),
                          SPK_OK);
    for (int k = 0; k < 3; k++) {
        CU_ASSERT_EQUAL(upper[k], spk_poisson_log_mid_upper(counts[k], predicted[k]));
        CU_ASSERT_EQUAL(lower[k], spk_poisson_log_mid_lower(counts[k], predicted[k]));
    }
    CU_ASSERT(isnan(upper[3]) && isnan(lower[3]) && isnan(upper[4]) && isnan(lower[4]));
    CU_ASSERT_EQUAL(spk_correlogram_tails(NULL, 5, counts, predicted, NULL, NULL),
                    SPK_OK);
    CU_ASSERT_EQUAL_FATAL(
        spk_correlogram_bounds(NULL, 5, predicted, 0.001, 20, low, high), SPK_OK);
    for (int k = 0; k < 3; k++) {
        CU_ASSERT_EQUAL(low[k], (double)spk_poisson_quantile(5e-5, predicted[k]));
        CU_ASSERT_EQUAL(high[k], (double)spk_poisson_quantile(1 - 5e-5, predicted[k]));
    }
    CU_ASSERT(isnan(low[3]) && isnan(high[3]) && isnan(low[4]) && isnan(high[4]));
    CU_ASSERT_EQUAL(spk_correlogram_bounds(NULL, 5, predicted, 0.5, 1, NULL, NULL),
                    SPK_OK);
}

/* Counts of independent trains are Poisson around a flat mean: the mid-p of a bin, given its
 * prediction from the others, is below a level as often as the level says. Hollow 1 keeps the
 * bin out; the noise of the prediction is small beside that of the bin. */
static void false_positives_at_the_level(void)
{
    enum {
        N = 201,
        N_CORRELOGRAMS = 400
    };
    static int64_t counts[N_CORRELOGRAMS * N];
    static double predicted[N_CORRELOGRAMS * N], upper[N_CORRELOGRAMS * N],
        lower[N_CORRELOGRAMS * N];
    draw_counts(counts, N_CORRELOGRAMS * N, 40, 200);
    const spk_predictor_options options = options_of(SPK_PREDICTOR_GAUSSIAN, 20);
    const int64_t n = (int64_t)N_CORRELOGRAMS * N;
    CU_ASSERT_EQUAL_FATAL(
        spk_correlogram_predict(NULL, N_CORRELOGRAMS, N, counts, &options, predicted),
        SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_tails(NULL, n, counts, predicted, upper, lower),
                          SPK_OK);
    static const double levels[] = {0.5, 0.05, 0.01, 0.001};
    for (int l = 0; l < 4; l++) {
        double above = 0, below = 0;
        const double expected = levels[l] * (double)n;
        for (int64_t i = 0; i < n; i++) {
            above += upper[i] <= log(levels[l]);
            below += lower[i] <= log(levels[l]);
        }
        const double bound = 4 * sqrt(expected * (1 - levels[l]));
        if (fabs(above - expected) > bound || fabs(below - expected) > bound)
            printf("  level %g: %g and %g of %g +- %g\n", levels[l], above, below,
                   expected, bound);
        CU_ASSERT(fabs(above - expected) <= bound && fabs(below - expected) <= bound);
    }
}

static void threads_give_the_same_bits(void)
{
    enum {
        N = 61,
        N_CORRELOGRAMS = 500
    };
    static int64_t counts[N_CORRELOGRAMS * N];
    static double one[2][N_CORRELOGRAMS * N], more[2][N_CORRELOGRAMS * N];
    draw_counts(counts, N_CORRELOGRAMS * N, 5, 300);
    const spk_predictor_options options = options_of(SPK_PREDICTOR_GAUSSIAN, 7);
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
        spk_context *ctx = NULL;
        CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
        CU_ASSERT_FATAL(spk_context_set_threads(ctx, threads) == SPK_OK);
        double *predicted = threads == 1 ? one[0] : more[0];
        double *upper = threads == 1 ? one[1] : more[1];
        CU_ASSERT_EQUAL(
            spk_correlogram_predict(ctx, N_CORRELOGRAMS, N, counts, &options, predicted),
            SPK_OK);
        CU_ASSERT_EQUAL(spk_correlogram_tails(ctx, (int64_t)N_CORRELOGRAMS * N, counts,
                                              predicted, upper, NULL),
                        SPK_OK);
        if (threads > 1)
            CU_ASSERT(memcmp(one, more, sizeof one) == 0);
        spk_context_destroy(ctx);
    }
}

/* ---- errors ---- */

static const char *predict_fails(spk_context *ctx, int64_t n_bins,
                                 const spk_predictor_options *options)
{
    static int64_t counts[500];
    static double predicted[500];
    CU_ASSERT_EQUAL(spk_correlogram_predict(ctx, 1, n_bins, counts, options, predicted),
                    SPK_ERR_ARGUMENT);
    return spk_context_message(ctx);
}

static void errors(void)
{
    spk_context *ctx = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    spk_predictor_options options = options_of(0, 20);
    CU_ASSERT_STRING_EQUAL(predict_fails(ctx, 86, NULL),
                           "n_bins must be at least sqrt(2) times the 61 bins of the "
                           "window, got 86");
    CU_ASSERT(strstr(predict_fails(ctx, 0, NULL), "n_bins must be in 1 ..") != NULL);
    CU_ASSERT(strstr(predict_fails(ctx, -5, NULL), "got -5") != NULL);
    options.skip_center = 1;
    CU_ASSERT_STRING_EQUAL(predict_fails(ctx, 100, &options),
                           "n_bins must be odd to skip its center, got 100");
    CU_ASSERT(strstr(predict_fails(ctx, 87, &options), "got 86") != NULL);
    options.skip_center = 2;
    CU_ASSERT_STRING_EQUAL(predict_fails(ctx, 101, &options),
                           "skip_center must be 0 or 1, got 2");
    options = options_of(4, 20);
    CU_ASSERT_STRING_EQUAL(predict_fails(ctx, 101, &options),
                           "kernel must be in 0 .. 3, got 4");
    options = options_of(0, 0);
    CU_ASSERT(strstr(predict_fails(ctx, 101, &options), "window_bins") != NULL);
    options = options_of(0, 5);
    options.hollow_fraction = 1.5;
    CU_ASSERT_STRING_EQUAL(predict_fails(ctx, 101, &options),
                           "hollow_fraction must be in 0 .. 1, or NaN, got 1.5");
    options.struct_size = 8;
    CU_ASSERT(strstr(predict_fails(ctx, 101, &options), "options_init") != NULL);
    options = options_of(SPK_PREDICTOR_RECTANGULAR, 1);
    options.hollow_fraction = 1.0;
    CU_ASSERT(strstr(predict_fails(ctx, 101, &options), "hollowed out") != NULL);
    options = options_of(SPK_PREDICTOR_MEDIAN, 1);
    CU_ASSERT(strstr(predict_fails(ctx, 101, &options), "hollowed out") != NULL);

    int64_t counts[100] = {0}, length;
    double values[100] = {0};
    counts[3] = -2;
    CU_ASSERT_EQUAL(spk_correlogram_predict(ctx, 1, 100, counts, NULL, values),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "counts[0][3] must be >= 0, got -2");
    CU_ASSERT_EQUAL(spk_correlogram_predict(ctx, -1, 100, counts, NULL, values),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_predict(ctx, 1, 100, NULL, NULL, values),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_predict(ctx, 1, 100, counts, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_predict(ctx, 0, 100, NULL, NULL, NULL), SPK_OK);
    CU_ASSERT_EQUAL(spk_correlogram_tails(ctx, -1, counts, values, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_tails(ctx, 1, NULL, values, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_tails(ctx, 1, counts, NULL, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    static const double alphas[] = {0.0, 1.0, -0.1, NAN, INFINITY};
    for (int k = 0; k < 5; k++)
        CU_ASSERT_EQUAL(spk_correlogram_bounds(ctx, 1, values, alphas[k], 1, NULL, NULL),
                        SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "alpha must be above 0 and below 1, got inf");
    CU_ASSERT_EQUAL(spk_correlogram_bounds(ctx, 1, values, 0.1, 0, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_bounds(ctx, 1, NULL, 0.1, 1, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_correlogram_bounds(ctx, -1, values, 0.1, 1, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_predictor_length(ctx, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT(spk_predictor_length(ctx, NULL, &length) == SPK_OK && length == 61);
    CU_ASSERT_EQUAL(spk_predictor_weights(ctx, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_predictor_weights(ctx, &options, values), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "a median has no weights");

    int32_t kernel = -1;
    for (int32_t k = 0; k < 4; k++)
        CU_ASSERT(spk_predictor_kernel_from_name(ctx, spk_predictor_kernel_name(k),
                                                 &kernel) == SPK_OK &&
                  kernel == k);
    CU_ASSERT_EQUAL(spk_predictor_kernel_from_name(ctx, "gauss", &kernel),
                    SPK_ERR_NOT_FOUND);
    CU_ASSERT(spk_predictor_kernel_name(4) == NULL &&
              spk_predictor_kernel_name(-1) == NULL);
    spk_context_destroy(ctx);
}

static spk_status predict_flat(spk_context *ctx, void *argument)
{
    const int64_t *counts = argument;
    double predicted[200], weights[61];
    spk_status status = spk_correlogram_predict(ctx, 2, 100, counts, NULL, predicted);
    return status == SPK_OK ? spk_predictor_weights(ctx, NULL, weights) : status;
}

static void failed_allocations(void)
{
    int64_t counts[200] = {0};
    CU_ASSERT_EQUAL(suite_fail_allocations(predict_flat, counts), 3);
}

static const suite_test tests[] = {
    {"predictions by definition", predictions_by_definition},
    {"hand worked", hand_worked},
    {"identities", identities},
    {"equals cch_conv", equals_cch_conv},
    {"tails and bounds", tails_and_bounds},
    {"false positives at the level", false_positives_at_the_level},
    {"threads give the same bits", threads_give_the_same_bits},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("significance", tests)
