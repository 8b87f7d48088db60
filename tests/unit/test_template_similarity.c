/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <math.h>
#include <spikekit/random.h>
#include <spikekit/templates.h>
#include <stdlib.h>

enum {
    N_SAMPLES = 12,
    N_CHANNELS = 6,
    N_UNITS = 7
};

/* Seven units of one spike each; unit 5 has no spikes, template 6 is all zero. */
typedef struct fixture {
    double stored[N_UNITS * N_SAMPLES * N_CHANNELS];
    double positions[2 * N_CHANNELS];
    int64_t samples[N_UNITS];
    int32_t units[N_UNITS], ids[N_UNITS];
    spk_array values;
    spk_templates templates;
    spk_spikes spikes;
} fixture;

static void make(fixture *f, uint64_t seed)
{
    spk_random random = {.seed = seed};
    memset(f, 0, sizeof *f);
    for (int k = 0; k < 6 * N_SAMPLES * N_CHANNELS; k++)
        f->stored[k] = spk_random_normal(&random);
    for (int c = 0; c < N_CHANNELS; c++)
        f->positions[2 * c + 1] = 20.0 * c;
    for (int u = 0; u < N_UNITS; u++) {
        f->samples[u] = u;
        f->units[u] = u == 5 ? 4 : u;
        f->ids[u] = u == 5 ? 4 : u;
    }
    f->values = (spk_array){.dtype = SPK_DTYPE_FLOAT64,
                            .n_dimensions = 3,
                            .shape = {N_UNITS, N_SAMPLES, N_CHANNELS, 1, 1, 1, 1, 1},
                            .n_elements = N_UNITS * N_SAMPLES * N_CHANNELS,
                            .item_size = 8,
                            .data = f->stored};
    f->templates = (spk_templates){.values = &f->values,
                                   .n_templates = N_UNITS,
                                   .n_samples = N_SAMPLES,
                                   .n_local = N_CHANNELS,
                                   .n_channels = N_CHANNELS,
                                   .channel_positions_um = f->positions,
                                   .spike_templates = f->ids,
                                   .sampling_rate_hz = 30000};
    f->spikes = (spk_spikes){.n_spikes = N_UNITS,
                             .n_units = N_UNITS,
                             .samples = f->samples,
                             .units = f->units,
                             .sampling_rate_hz = 30000,
                             .stop_sample = 10};
}

static spk_unit_templates *unit_templates(const fixture *f)
{
    spk_unit_templates *u = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_unit_templates_create(NULL, &f->templates, &f->spikes, &u),
                          SPK_OK);
    return u;
}

/* ---- the definition ---- */

static double at(const fixture *f, const int *mask, int unit, int s, int c)
{
    return mask[unit * N_CHANNELS + c]
               ? (float)f->stored[(unit * N_SAMPLES + s) * N_CHANNELS + c]
               : 0.0;
}

static double at_shift(const fixture *f, const int *mask, int i, int j, int shift,
                       const spk_templates_similarity_options *o)
{
    double a = 0, b = 0, both = 0;
    int common = 0;
    for (int c = 0; c < N_CHANNELS; c++) {
        const int has_i = mask[i * N_CHANNELS + c], has_j = mask[j * N_CHANNELS + c];
        common += has_i && has_j;
        if (o->support == SPK_SIMILARITY_INTERSECTION && !(has_i && has_j))
            continue;
        for (int s = (int)o->max_lag_samples; s < N_SAMPLES - o->max_lag_samples; s++) {
            const double x = at(f, mask, i, s, c), y = at(f, mask, j, s + shift, c);
            a += o->method == SPK_SIMILARITY_L1 ? fabs(x) : x * x;
            b += o->method == SPK_SIMILARITY_L1 ? fabs(y) : y * y;
            both += o->method == SPK_SIMILARITY_L1   ? fabs(x - y)
                    : o->method == SPK_SIMILARITY_L2 ? (x - y) * (x - y)
                                                     : x * y;
        }
    }
    if (common == 0)
        return 0;
    if (o->method == SPK_SIMILARITY_COSINE)
        return both / sqrt(a * b);
    if (o->method == SPK_SIMILARITY_L1)
        return 1 - both / (a + b);
    return 1 - sqrt(both) / (sqrt(a) + sqrt(b));
}

static void find_mask(const fixture *f, double radius, int *mask)
{
    for (int u = 0; u < N_UNITS; u++) {
        double largest = -1;
        int main_channel = 0;
        for (int c = 0; c < N_CHANNELS; c++) {
            double low = INFINITY, high = -INFINITY;
            for (int s = 0; s < N_SAMPLES; s++) {
                const double x = f->stored[(u * N_SAMPLES + s) * N_CHANNELS + c];
                low = fmin(low, x);
                high = fmax(high, x);
            }
            if (high - low > largest) {
                largest = high - low;
                main_channel = c;
            }
        }
        for (int c = 0; c < N_CHANNELS; c++)
            mask[u * N_CHANNELS + c] =
                radius == 0 || 20 * abs(c - main_channel) <= radius;
    }
}

static void equals_definition(void)
{
    fixture f;
    double found[N_UNITS * N_UNITS];
    int32_t lags[N_UNITS * N_UNITS];
    int mask[N_UNITS * N_CHANNELS];
    for (int round = 0; round < 24; round++) {
        make(&f, (uint64_t)round);
        spk_unit_templates *u = unit_templates(&f);
        spk_templates_similarity_options o;
        spk_templates_similarity_options_init(&o, sizeof o);
        o.method = round % 3;
        o.support = round / 3 % 2;
        o.max_lag_samples = round / 6 % 2 * 3;
        o.radius_um = round < 12 ? 25 : 0;
        CU_ASSERT_EQUAL(spk_templates_similarity(NULL, u, &o, found, lags), SPK_OK);
        find_mask(&f, o.radius_um, mask);
        for (int i = 0; i < 5; i++)
            for (int j = i; j < 5; j++) {
                double best = -INFINITY;
                int lag = 0;
                for (int s = -(int)o.max_lag_samples; s <= o.max_lag_samples; s++) {
                    const double value = at_shift(&f, mask, i, j, s, &o);
                    if (value > best) {
                        best = value;
                        lag = s;
                    }
                }
                /* sums of at most 72 products, in another order */
                CU_ASSERT_DOUBLE_EQUAL(found[i * N_UNITS + j], best, 72 * 2.3e-16);
                CU_ASSERT_EQUAL(found[j * N_UNITS + i], found[i * N_UNITS + j]);
                if (best != 0) {
                    CU_ASSERT_EQUAL(lags[i * N_UNITS + j], lag);
                    CU_ASSERT_EQUAL(lags[j * N_UNITS + i], -lag);
                }
            }
        spk_unit_templates_destroy(u);
    }
}

static void nothing_to_compare_is_nan(void)
{
    fixture f;
    double found[N_UNITS * N_UNITS];
    make(&f, 1);
    f.stored[2 * N_SAMPLES * N_CHANNELS] = NAN;
    spk_unit_templates *u = unit_templates(&f);
    CU_ASSERT_EQUAL(spk_templates_similarity(NULL, u, NULL, found, NULL), SPK_OK);
    for (int k = 0; k < N_UNITS; k++) {
        CU_ASSERT(isnan(found[2 * N_UNITS + k]) && isnan(found[k * N_UNITS + 2]));
        CU_ASSERT(isnan(found[5 * N_UNITS + k])); /* no spikes */
        CU_ASSERT(isnan(found[k * N_UNITS + 6])); /* all zero */
    }
    CU_ASSERT_DOUBLE_EQUAL(found[0], 1.0, 1e-15);
    spk_unit_templates_destroy(u);
}

/* The same shape three samples later: found at lag 3, similarity 1. */
static void shift_is_found(void)
{
    fixture f;
    double found[N_UNITS * N_UNITS];
    int32_t lags[N_UNITS * N_UNITS];
    make(&f, 3);
    for (int s = 3; s < N_SAMPLES; s++)
        for (int c = 0; c < N_CHANNELS; c++)
            f.stored[(N_SAMPLES + s) * N_CHANNELS + c] =
                f.stored[(s - 3) * N_CHANNELS + c];
    spk_unit_templates *u = unit_templates(&f);
    spk_templates_similarity_options o;
    spk_templates_similarity_options_init(&o, sizeof o);
    o.max_lag_samples = 3;
    o.radius_um = 0;
    for (o.method = 0; o.method < 3; o.method++) {
        CU_ASSERT_EQUAL(spk_templates_similarity(NULL, u, &o, found, lags), SPK_OK);
        CU_ASSERT_DOUBLE_EQUAL(found[1], 1.0, 1e-15);
        CU_ASSERT_EQUAL(lags[1], 3);
        CU_ASSERT_EQUAL(lags[N_UNITS], -3);
    }
    spk_unit_templates_destroy(u);
}

/* ---- SpikeInterface ---- */

static void equals_spikeinterface(void)
{
    spk_npy *stored = NULL, *places = NULL, *expected = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_npy_open(NULL, "golden/templates/templates.npy", &stored),
                          0);
    CU_ASSERT_EQUAL_FATAL(
        spk_npy_open(NULL, "golden/templates/channel_positions.npy", &places), 0);
    CU_ASSERT_EQUAL_FATAL(
        spk_npy_open(NULL, "golden/templates/similarity.npy", &expected), 0);
    const spk_array *values = spk_npy_array(stored);
    const int n = (int)values->shape[0];
    int64_t *samples = calloc((size_t)n, sizeof *samples);
    int32_t *ids = calloc((size_t)n, sizeof *ids);
    for (int u = 0; u < n; u++)
        ids[u] = u;
    const spk_templates t = {.values = values,
                             .n_templates = n,
                             .n_samples = values->shape[1],
                             .n_local = values->shape[2],
                             .n_channels = values->shape[2],
                             .channel_positions_um = spk_npy_array(places)->data,
                             .spike_templates = ids,
                             .sampling_rate_hz = 30000};
    const spk_spikes spikes = {.n_spikes = n,
                               .n_units = n,
                               .samples = samples,
                               .units = ids,
                               .sampling_rate_hz = 30000,
                               .stop_sample = 1};
    spk_unit_templates *u = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_unit_templates_create(NULL, &t, &spikes, &u), SPK_OK);
    double *found = calloc((size_t)(n * n), sizeof *found);
    double largest = 0;
    for (int which = 0; which < 12; which++) {
        spk_templates_similarity_options o;
        spk_templates_similarity_options_init(&o, sizeof o);
        o.method = which / 4;
        o.support = which / 2 % 2;
        o.max_lag_samples = which % 2 * 3;
        o.radius_um = 60;
        CU_ASSERT_EQUAL(spk_templates_similarity(NULL, u, &o, found, NULL), SPK_OK);
        const double *golden =
            (const double *)spk_npy_array(expected)->data + which * (n - 1) * n;
        for (int i = 0; i < n - 1; i++)
            for (int j = i; j < n; j++) {
                const double difference = fabs(found[i * n + j] - golden[i * n + j]);
                if (isnan(found[i * n + j])) { /* nothing on the compared channels */
                    CU_ASSERT(isnan(golden[i * n + j]) || golden[i * n + j] == 0);
                } else {
                    largest = difference > largest ? difference : largest;
                }
            }
    }
    /* SpikeInterface sums float32: 61 * 24 terms of relative error 2^-24 */
    CU_ASSERT(largest < 1e-5);
    printf("largest difference %g\n", largest);
    free(found);
    free(samples);
    free(ids);
    spk_unit_templates_destroy(u);
    spk_npy_close(stored);
    spk_npy_close(places);
    spk_npy_close(expected);
}

/* ---- errors, threads, memory ---- */

static void bad_options_are_named(void)
{
    fixture f;
    double found[N_UNITS * N_UNITS];
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    make(&f, 1);
    spk_unit_templates *u = unit_templates(&f);
    const struct {
        spk_templates_similarity_options options;
        const char *message;
    } cases[] = {
        {{0}, "options: not filled by spk_templates_similarity_options_init()"},
        {{sizeof cases[0].options, 3, 0, 100, 0}, "method must be in 0 .. 2, got 3"},
        {{sizeof cases[0].options, 0, 2, 100, 0}, "support must be 0 or 1, got 2"},
        {{sizeof cases[0].options, 0, 0, -1, 0}, "radius_um must be >= 0, got -1"},
        {{sizeof cases[0].options, 0, 0, NAN, 0}, "radius_um must be >= 0, got nan"},
        {{sizeof cases[0].options, 0, 0, 100, 6},
         "max_lag_samples must be in 0 .. 5 for templates of 12 samples, got 6"},
        {{sizeof cases[0].options, 0, 0, 100, -1},
         "max_lag_samples must be in 0 .. 5 for templates of 12 samples, got -1"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        CU_ASSERT_EQUAL(spk_templates_similarity(ctx, u, &cases[k].options, found, NULL),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), cases[k].message);
    }
    CU_ASSERT_EQUAL(spk_templates_similarity(ctx, NULL, NULL, found, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_templates_similarity(ctx, u, NULL, NULL, NULL), SPK_ERR_ARGUMENT);
    spk_unit_templates_destroy(u);
    spk_context_destroy(ctx);
}

static void threads_give_the_same_bits(void)
{
    fixture f;
    double found[3][N_UNITS * N_UNITS];
    make(&f, 8);
    spk_unit_templates *u = unit_templates(&f);
    for (int k = 0; k < 3; k++) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 << k), SPK_OK);
        CU_ASSERT_EQUAL(spk_templates_similarity(ctx, u, NULL, found[k], NULL), SPK_OK);
        spk_context_destroy(ctx);
    }
    const void *const one = found[0], *const two = found[1], *const four = found[2];
    CU_ASSERT(memcmp(one, two, sizeof found[0]) == 0);
    CU_ASSERT(memcmp(one, four, sizeof found[0]) == 0);
    spk_unit_templates_destroy(u);
}

static spk_status compare_all(spk_context *ctx, void *argument)
{
    const fixture *f = argument;
    double found[N_UNITS * N_UNITS];
    spk_unit_templates *u = NULL;
    spk_status status = spk_unit_templates_create(ctx, &f->templates, &f->spikes, &u);
    if (status == SPK_OK)
        status = spk_templates_similarity(ctx, u, NULL, found, NULL);
    spk_unit_templates_destroy(u);
    return status;
}

static void failed_allocations(void)
{
    fixture f;
    make(&f, 1);
    CU_ASSERT(suite_fail_allocations(compare_all, &f) > 10);
}

static const suite_test tests[] = {
    {"equals its definition", equals_definition},
    {"NaN where there is nothing to compare", nothing_to_compare_is_nan},
    {"a shift is found", shift_is_found},
    {"equals SpikeInterface", equals_spikeinterface},
    {"bad options are named", bad_options_are_named},
    {"threads give the same bits", threads_give_the_same_bits},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("template similarity", tests)
