/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each unit's template is reduced to its channels and kept as float, a channel's samples
 * together, so that a shift is another first sample. A row of the result is one task; pairs
 * without a common channel cost only the comparison of two short lists.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/unit_templates.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void spk_templates_similarity_options_init(spk_templates_similarity_options *options,
                                           size_t struct_size)
{
    spk_templates_similarity_options defaults = {.struct_size = struct_size,
                                                 .method = SPK_SIMILARITY_COSINE,
                                                 .support = SPK_SIMILARITY_UNION,
                                                 .radius_um = 100};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* A unit's template on its channels. */
typedef struct local_template {
    int64_t n_channels;
    int32_t *channels; /* rising */
    float *samples;    /* [n_channels][n_samples] */
} local_template;

typedef struct similarity_job {
    spk_context *ctx;
    const spk_unit_templates *units;
    spk_templates_similarity_options options;
    int64_t n_scratch;
    int32_t *channels;     /* [workers][n_channels] */
    double *scratch;       /* [workers][n_scratch] */
    local_template *local; /* [n_units] */
    double *similarity;
    int32_t *lags;
} similarity_job;

/* The channels near the main one where anything is stored at all; none without a main one. */
static int64_t choose_channels(const similarity_job *job, const double *amplitudes,
                               int32_t *channels)
{
    const spk_templates *t = &job->units->templates;
    const int32_t main_channel = spk__largest_channel(amplitudes, t->n_channels);
    int64_t n = 0;
    for (int64_t c = 0; c < t->n_channels && main_channel >= 0; c++)
        if (spk__channel_is_near(t, c, main_channel, job->options.radius_um) &&
            (t->channels == NULL || amplitudes[c] > 0))
            channels[n++] = (int32_t)c;
    return n;
}

static spk_status reduce_unit(void *state, int64_t unit, int32_t worker)
{
    similarity_job *job = state;
    const spk_templates *t = &job->units->templates;
    double *scratch = job->scratch + worker * job->n_scratch;
    double *waveform = scratch + spk__templates_scratch(t);
    double *amplitudes = waveform + t->n_samples * t->n_channels;
    int32_t *channels = job->channels + worker * t->n_channels;
    local_template *local = &job->local[unit];
    spk__unit_template(job->units, unit, scratch, waveform);
    spk__peak_to_peak(waveform, t->n_samples, t->n_channels, amplitudes);
    const int64_t n = choose_channels(job, amplitudes, channels);
    local->channels = spk__alloc(job->ctx, n, sizeof *local->channels);
    local->samples = spk__alloc(job->ctx, n * t->n_samples, sizeof *local->samples);
    if (local->channels == NULL || local->samples == NULL)
        return spk__fail_memory(job->ctx);
    local->n_channels = n;
    for (int64_t k = 0; k < n; k++) {
        local->channels[k] = channels[k];
        for (int64_t s = 0; s < t->n_samples; s++)
            local->samples[k * t->n_samples + s] =
                (float)waveform[s * t->n_channels + channels[k]];
    }
    return SPK_OK;
}

/* Sums over samples and channels; what they are of depends on the method. */
typedef struct pair_sums {
    double a, b; /* |a| or a^2, |b| or b^2 */
    double both; /* |a - b|, (a - b)^2 or a b */
} pair_sums;

/* Adds a channel of both, a or b NULL where it is not the unit's. */
static void add_channel(int32_t method, const float *a, const float *b, int64_t n,
                        pair_sums *sums)
{
    double sum_a = 0, sum_b = 0, both = 0;
    for (int64_t s = 0; s < n; s++) {
        const double x = a == NULL ? 0.0 : a[s], y = b == NULL ? 0.0 : b[s];
        if (method == SPK_SIMILARITY_L1) {
            sum_a += fabs(x);
            sum_b += fabs(y);
            both += fabs(x - y);
        } else {
            sum_a += x * x;
            sum_b += y * y;
            both += method == SPK_SIMILARITY_L2 ? (x - y) * (x - y) : x * y;
        }
    }
    sums->a += sum_a;
    sums->b += sum_b;
    sums->both += both;
}

static double similarity_of(int32_t method, const pair_sums *sums)
{
    if (!(sums->a > 0) || !(sums->b > 0))
        return NAN;
    if (method == SPK_SIMILARITY_L1)
        return 1.0 - sums->both / (sums->a + sums->b);
    if (method == SPK_SIMILARITY_L2)
        return 1.0 - sqrt(sums->both) / (sqrt(sums->a) + sqrt(sums->b));
    return sums->both / (sqrt(sums->a) * sqrt(sums->b));
}

/* The similarity at one shift; *common: channels of both. */
static double compare(const similarity_job *job, const local_template *a,
                      const local_template *b, int64_t shift, int64_t *common)
{
    const int64_t n_samples = job->units->templates.n_samples;
    const int64_t first = job->options.max_lag_samples, n = n_samples - 2 * first;
    pair_sums sums = {0, 0, 0};
    int64_t i = 0, j = 0;
    *common = 0;
    while (i < a->n_channels || j < b->n_channels) {
        const int has_a =
            i < a->n_channels && (j == b->n_channels || a->channels[i] <= b->channels[j]);
        const int has_b =
            j < b->n_channels && (i == a->n_channels || b->channels[j] <= a->channels[i]);
        if ((has_a && has_b) || job->options.support == SPK_SIMILARITY_UNION)
            add_channel(
                job->options.method, has_a ? a->samples + i * n_samples + first : NULL,
                has_b ? b->samples + j * n_samples + first + shift : NULL, n, &sums);
        *common += has_a && has_b;
        i += has_a;
        j += has_b;
    }
    return similarity_of(job->options.method, &sums);
}

static int have_common(const local_template *a, const local_template *b)
{
    for (int64_t i = 0, j = 0; i < a->n_channels && j < b->n_channels;) {
        if (a->channels[i] == b->channels[j])
            return 1;
        if (a->channels[i] < b->channels[j])
            i++;
        else
            j++;
    }
    return 0;
}

/* The best over shifts. */
static double compare_pair(const similarity_job *job, int64_t i, int64_t j, int32_t *lag)
{
    const local_template *a = &job->local[i], *b = &job->local[j];
    const int64_t max_lag = job->options.max_lag_samples;
    double best = NAN;
    *lag = 0;
    if (a->n_channels == 0 || b->n_channels == 0)
        return NAN;
    if (!have_common(a, b))
        return 0.0;
    for (int64_t shift = -max_lag; shift <= max_lag; shift++) {
        int64_t common;
        const double value = compare(job, a, b, shift, &common);
        if (value > best || (isnan(best) && !isnan(value))) {
            best = value;
            *lag = (int32_t)shift;
        }
    }
    return best;
}

static spk_status compare_row(void *state, int64_t i, int32_t worker)
{
    const similarity_job *job = state;
    const int64_t n = job->units->n_units;
    (void)worker;
    for (int64_t j = i; j < n; j++) {
        int32_t lag;
        const double value = compare_pair(job, i, j, &lag);
        job->similarity[i * n + j] = job->similarity[j * n + i] = value;
        if (job->lags != NULL) {
            job->lags[j * n + i] = -lag;
            job->lags[i * n + j] = lag;
        }
    }
    return SPK_OK;
}

static spk_status check_options(spk_context *ctx,
                                const spk_templates_similarity_options *options,
                                int64_t n_samples)
{
    SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                "options: not filled by spk_templates_similarity_options_init()");
    SPK_REQUIRE(
        ctx,
        options->method >= SPK_SIMILARITY_COSINE && options->method <= SPK_SIMILARITY_L2,
        SPK_ERR_ARGUMENT, "method must be in 0 .. 2, got %" PRId32, options->method);
    SPK_REQUIRE(ctx,
                options->support == SPK_SIMILARITY_UNION ||
                    options->support == SPK_SIMILARITY_INTERSECTION,
                SPK_ERR_ARGUMENT, "support must be 0 or 1, got %" PRId32,
                options->support);
    SPK_REQUIRE(ctx, options->radius_um >= 0, SPK_ERR_ARGUMENT,
                "radius_um must be >= 0, got %g", options->radius_um);
    SPK_REQUIRE(ctx,
                options->max_lag_samples >= 0 &&
                    options->max_lag_samples <= (n_samples - 1) / 2,
                SPK_ERR_ARGUMENT,
                "max_lag_samples must be in 0 .. %" PRId64 " for templates of %" PRId64
                " samples, got %" PRId64,
                (n_samples - 1) / 2, n_samples, options->max_lag_samples);
    return SPK_OK;
}

spk_status spk_templates_similarity(spk_context *ctx,
                                    const spk_unit_templates *unit_templates,
                                    const spk_templates_similarity_options *options,
                                    double *similarity, int32_t *lags)
{
    SPK_REQUIRE(ctx, unit_templates != NULL, SPK_ERR_ARGUMENT, "unit_templates is NULL");
    const spk_templates *t = &unit_templates->templates;
    const int64_t n_units = unit_templates->n_units;
    similarity_job job = {
        .ctx = ctx, .units = unit_templates, .similarity = similarity, .lags = lags};
    spk_templates_similarity_options_init(&job.options, sizeof job.options);
    if (options != NULL)
        job.options = *options;
    spk_status status = check_options(ctx, &job.options, t->n_samples);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, similarity != NULL || n_units == 0, SPK_ERR_ARGUMENT,
                "similarity is NULL");
    job.n_scratch = spk__templates_scratch(t) + (t->n_samples + 1) * t->n_channels;
    job.scratch = spk__alloc(ctx, job.n_scratch * spk__parallel_workers(ctx, n_units),
                             sizeof *job.scratch);
    job.local = spk__alloc_zero(ctx, n_units, sizeof *job.local);
    job.channels = spk__alloc(ctx, t->n_channels * spk__parallel_workers(ctx, n_units),
                              sizeof *job.channels);
    if (job.scratch == NULL || job.local == NULL || job.channels == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    status =
        spk__parallel_for_part(ctx, n_units, reduce_unit, &job, "similarity", 0, 0.5);
    if (status == SPK_OK)
        status =
            spk__parallel_for_part(ctx, n_units, compare_row, &job, "similarity", 0.5, 1);
cleanup:
    for (int64_t u = 0; job.local != NULL && u < n_units; u++) {
        spk__free(job.local[u].channels);
        spk__free(job.local[u].samples);
    }
    spk__free(job.local);
    spk__free(job.channels);
    spk__free(job.scratch);
    return status;
}
