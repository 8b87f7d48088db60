/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/surrogates_state.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    N_METHODS = SPK_SURROGATE_RATE + 1,
    MOST_BINS = 4096,
    MOST_WINDOW_BINS = 1 << 20
};

static const double LARGEST = 9007199254740992.0; /* 2^53 */
static const double MOST_MEAN = 1e9;              /* spikes expected of a unit */
static const int64_t INDEX_END = (int64_t)1 << 48;

void spk_surrogates_options_init(spk_surrogates_options *options, size_t struct_size)
{
    spk_surrogates_options defaults = {
        .struct_size = struct_size,
        .method = SPK_SURROGATE_DITHER,
        .edges = SPK_SURROGATE_KEEP,
        .width_s = NAN,
        .refractory_s = NAN,
        .bin_s = 0.001,
        .truncation_s = 0.1,
        .n_bins = 100,
        .sigma_s = 0.002,
        .is_windowed = 1,
        .has_cutoff = 1,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static int is_shift(int32_t method)
{
    return method == SPK_SURROGATE_TRAIN_DITHER || method == SPK_SURROGATE_TRIAL_SHIFT;
}

static int is_joint(int32_t method)
{
    return method == SPK_SURROGATE_ISI_DITHER || method == SPK_SURROGATE_JOINT_ISI;
}

/* NaN: the default of the method. */
static void set_defaults(spk_surrogates_options *o)
{
    if (isnan(o->width_s))
        o->width_s =
            o->method == SPK_SURROGATE_JITTER || o->method == SPK_SURROGATE_BIN_SHUFFLE
                ? 0.025
            : o->method == SPK_SURROGATE_POISSON ? 0.1
                                                 : 0.015;
    if (isnan(o->refractory_s))
        o->refractory_s = is_joint(o->method) ? 0.004 : 0.0;
}

static spk_status check_options(spk_context *ctx, const spk_surrogates_options *o)
{
    SPK_REQUIRE(ctx, o->method >= 0 && o->method < N_METHODS, SPK_ERR_ARGUMENT,
                "method must be in 0 .. %d, got %d", (int)N_METHODS - 1, (int)o->method);
    SPK_REQUIRE(ctx, o->edges == SPK_SURROGATE_KEEP || o->edges == SPK_SURROGATE_DROP,
                SPK_ERR_ARGUMENT, "edges must be 0 or 1, got %d", (int)o->edges);
    SPK_REQUIRE(ctx, o->width_s > 0, SPK_ERR_ARGUMENT, "width_s must be above 0, got %g",
                o->width_s);
    SPK_REQUIRE(
        ctx,
        isfinite(o->width_s) || (is_shift(o->method) && o->edges == SPK_SURROGATE_KEEP),
        SPK_ERR_ARGUMENT, "width_s may be infinite for shifts that keep all spikes only");
    SPK_REQUIRE(ctx, o->least_s >= 0 && o->least_s <= o->width_s && isfinite(o->least_s),
                SPK_ERR_ARGUMENT, "least_s must be in 0 .. width_s, got %g", o->least_s);
    SPK_REQUIRE(ctx, o->refractory_s >= 0 && isfinite(o->refractory_s), SPK_ERR_ARGUMENT,
                "refractory_s must be >= 0, got %g", o->refractory_s);
    SPK_REQUIRE(ctx,
                o->method != SPK_SURROGATE_DITHER || o->edges == SPK_SURROGATE_KEEP ||
                    o->refractory_s == 0.0,
                SPK_ERR_ARGUMENT, "edges must be 0 with a refractory period");
    SPK_REQUIRE(ctx, o->bin_s > 0 && isfinite(o->bin_s), SPK_ERR_ARGUMENT,
                "bin_s must be above 0, got %g", o->bin_s);
    SPK_REQUIRE(ctx,
                o->method != SPK_SURROGATE_BIN_SHUFFLE ||
                    o->width_s / o->bin_s < (double)MOST_WINDOW_BINS,
                SPK_ERR_ARGUMENT, "width_s must be below %d bins, got %g",
                (int)MOST_WINDOW_BINS, o->width_s / o->bin_s);
    SPK_REQUIRE(ctx, o->truncation_s > 0 && isfinite(o->truncation_s), SPK_ERR_ARGUMENT,
                "truncation_s must be above 0, got %g", o->truncation_s);
    SPK_REQUIRE(ctx, o->n_bins >= 1 && o->n_bins <= MOST_BINS, SPK_ERR_ARGUMENT,
                "n_bins must be in 1 .. %d, got %" PRId64, (int)MOST_BINS, o->n_bins);
    SPK_REQUIRE(ctx, o->sigma_s >= 0 && isfinite(o->sigma_s), SPK_ERR_ARGUMENT,
                "sigma_s must be >= 0, got %g", o->sigma_s);
    SPK_REQUIRE(
        ctx,
        o->method != SPK_SURROGATE_RATE ||
            (o->rates_hz != NULL && o->n_rate_bins >= 1 && o->rate_bin_samples >= 1),
        SPK_ERR_ARGUMENT,
        "rates_hz must be given with n_rate_bins and rate_bin_samples >= 1, got %" PRId64
        " and %" PRId64,
        o->n_rate_bins, o->rate_bin_samples);
    return SPK_OK;
}

static int64_t whole(double samples, double least)
{
    return (int64_t)fmin(fmax(rint(samples), least), LARGEST);
}

static void set_samples(spk_surrogates *s, double rate_hz)
{
    const spk_surrogates_options *o = &s->options;
    s->width = isfinite(o->width_s) ? whole(o->width_s * rate_hz, 1.0) : INT64_MAX;
    s->least = whole(o->least_s * rate_hz, 0.0);
    s->refractory = whole(o->refractory_s * rate_hz, 0.0);
    s->sigma = fmin(o->sigma_s * rate_hz, LARGEST);
    if (is_joint(o->method))
        s->bin = whole(o->truncation_s * rate_hz / (double)o->n_bins, 1.0);
    if (o->method == SPK_SURROGATE_BIN_SHUFFLE) {
        s->bin = whole(o->bin_s * rate_hz, 1.0);
        s->bin = s->bin < (int64_t)1 << 40 ? s->bin : (int64_t)1 << 40;
        s->width = whole(o->width_s / o->bin_s, 1.0) * s->bin;
    }
    if (o->method == SPK_SURROGATE_POISSON)
        s->sigma = fmin(o->width_s * rate_hz, LARGEST);
}

/* ---- what is prepared for each unit ---- */

typedef struct preparation {
    spk_context *ctx;
    spk_surrogates *surrogates;
    int64_t first_unit;
} preparation;

static spk_status find_windows(spk_context *ctx, spk_surrogates *s, int64_t unit)
{
    const spk_train train = spk_trains_unit(s->trains, unit);
    const uint64_t width = (uint64_t)s->width;
    int64_t *starts = spk__alloc(ctx, train.n_spikes, sizeof *starts);
    if (starts == NULL)
        return spk__fail_memory(ctx);
    for (int64_t r = 0; r < train.n_runs; r++)
        for (int64_t i = train.run_offsets[r]; i < train.run_offsets[r + 1]; i++)
            starts[i] =
                (int64_t)((uint64_t)train.samples[i] -
                          ((uint64_t)train.samples[i] - (uint64_t)train.run_starts[r]) %
                              width);
    s->window_starts[unit] = starts;
    return SPK_OK;
}

static spk_status prepare_unit(void *state, int64_t task, int32_t worker)
{
    const preparation *p = state;
    const int64_t unit = p->first_unit + task;
    (void)worker;
    if (p->surrogates->joint != NULL)
        return spk__joint_table_make(p->ctx, p->surrogates, unit,
                                     &p->surrogates->joint[unit]);
    return find_windows(p->ctx, p->surrogates, unit);
}

static spk__surrogate_draw begin(spk_context *ctx, const spk_surrogates *s, int64_t unit,
                                 int64_t index)
{
    return (spk__surrogate_draw){
        .ctx = ctx,
        .plan = s,
        .train = spk_trains_unit(s->trains, unit),
        .unit = unit,
        .at = spk__surrogate_place(s, unit, index, 0),
        .second = spk__surrogate_place(s, unit, index, 1),
    };
}

static spk_status copy_rates(spk_context *ctx, spk_surrogates *s)
{
    const int64_t n_bins = s->options.n_rate_bins;
    if (n_bins > INT64_MAX / 16 / (s->n_units + 1))
        return spk__fail(ctx, SPK_ERR_OVERFLOW, "n_rate_bins is too large: %" PRId64,
                         n_bins);
    s->rates = spk__alloc(ctx, s->n_units * n_bins, sizeof *s->rates);
    if (s->rates == NULL)
        return spk__fail_memory(ctx);
    for (int64_t k = 0; k < s->n_units * n_bins; k++) {
        s->rates[k] = s->options.rates_hz[k];
        if (!(s->rates[k] >= 0 && isfinite(s->rates[k])))
            return spk__fail(ctx, SPK_ERR_ARGUMENT,
                             "rates_hz must be >= 0, found %g for unit %" PRId64,
                             s->rates[k], k / n_bins);
    }
    for (int64_t u = 0; u < s->n_units; u++) {
        const spk__surrogate_draw draw = begin(ctx, s, u, 0);
        const double mean = spk__surrogate_rate_mean(&draw);
        if (!(mean <= MOST_MEAN))
            return spk__fail(ctx, SPK_ERR_ARGUMENT,
                             "rates_hz: expected at most 1e9 spikes of a unit, found %g "
                             "for unit %" PRId64,
                             mean, u);
    }
    s->options.rates_hz = NULL;
    return SPK_OK;
}

static spk_status prepare(spk_context *ctx, spk_surrogates *s, int64_t first_unit,
                          int64_t last_unit)
{
    preparation p = {ctx, s, first_unit};
    if (s->options.method == SPK_SURROGATE_RATE)
        return copy_rates(ctx, s);
    if (is_joint(s->options.method)) {
        s->joint = spk__alloc_zero(ctx, s->n_units, sizeof *s->joint);
        if (s->joint == NULL)
            return spk__fail_memory(ctx);
    } else if (s->options.method == SPK_SURROGATE_JITTER) {
        s->window_starts = spk__alloc_zero(ctx, s->n_units, sizeof *s->window_starts);
        if (s->window_starts == NULL)
            return spk__fail_memory(ctx);
    } else {
        return SPK_OK;
    }
    return spk__parallel_for(ctx, last_unit - first_unit, prepare_unit, &p, NULL);
}

spk_status spk__surrogates_create_units(spk_context *ctx, const spk_trains *trains,
                                        const spk_surrogates_options *options,
                                        int64_t first_unit, int64_t last_unit,
                                        spk_surrogates **surrogates)
{
    SPK_REQUIRE(ctx, surrogates != NULL, SPK_ERR_ARGUMENT, "surrogates is NULL");
    spk_surrogates_options used;
    spk_surrogates_options_init(&used, sizeof used);
    if (options != NULL) {
        SPK_REQUIRE(ctx, options->struct_size >= sizeof used, SPK_ERR_ARGUMENT,
                    "options: not filled by spk_surrogates_options_init()");
        used = *options;
    }
    set_defaults(&used);
    spk_status status = check_options(ctx, &used);
    if (status != SPK_OK)
        return status;
    spk_surrogates *s = spk__alloc_zero(ctx, 1, sizeof *s);
    if (s == NULL)
        return spk__fail_memory(ctx);
    s->trains = trains;
    s->options = used;
    s->n_units = spk_trains_spikes(trains)->n_units;
    set_samples(s, spk_trains_spikes(trains)->sampling_rate_hz);
    if ((status = prepare(ctx, s, first_unit, last_unit)) == SPK_OK)
        *surrogates = s;
    else
        spk_surrogates_destroy(s);
    return status;
}

spk_status spk_surrogates_create(spk_context *ctx, const spk_trains *trains,
                                 const spk_surrogates_options *options,
                                 spk_surrogates **surrogates)
{
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    return spk__surrogates_create_units(ctx, trains, options, 0,
                                        spk_trains_spikes(trains)->n_units, surrogates);
}

void spk_surrogates_destroy(spk_surrogates *surrogates)
{
    if (surrogates == NULL)
        return;
    for (int64_t u = 0; u < surrogates->n_units; u++) {
        if (surrogates->joint != NULL)
            spk__free(surrogates->joint[u].sums);
        if (surrogates->window_starts != NULL)
            spk__free(surrogates->window_starts[u]);
    }
    spk__free(surrogates->joint);
    spk__free(surrogates->rates);
    spk__free(surrogates->window_starts);
    spk__free(surrogates);
}

/* ---- one surrogate ---- */

int64_t spk_surrogates_room(const spk_surrogates *surrogates, int64_t unit, int64_t index)
{
    if (surrogates == NULL || unit < 0 || unit >= surrogates->n_units)
        return 0;
    const spk__surrogate_draw draw = begin(NULL, surrogates, unit, index);
    if (surrogates->options.method == SPK_SURROGATE_RATE)
        return spk__surrogate_rate_room(&draw);
    return surrogates->options.method == SPK_SURROGATE_POISSON
               ? spk__surrogate_poisson_room(&draw)
               : draw.train.n_spikes;
}

spk_status spk_surrogates_draw(spk_context *ctx, const spk_surrogates *surrogates,
                               int64_t unit, int64_t index, int64_t *samples,
                               int64_t *n_spikes)
{
    static spk_status (*const methods[N_METHODS])(const spk__surrogate_draw *, int64_t *,
                                                  int64_t *) = {
        [SPK_SURROGATE_DITHER] = spk__surrogate_dither,
        [SPK_SURROGATE_TRAIN_DITHER] = spk__surrogate_shift,
        [SPK_SURROGATE_JITTER] = spk__surrogate_jitter,
        [SPK_SURROGATE_ISI_SHUFFLE] = spk__surrogate_shuffle,
        [SPK_SURROGATE_INTERVAL_SHUFFLE] = spk__surrogate_shuffle,
        [SPK_SURROGATE_ISI_DITHER] = spk__surrogate_joint,
        [SPK_SURROGATE_JOINT_ISI] = spk__surrogate_joint,
        [SPK_SURROGATE_TRIAL_SHIFT] = spk__surrogate_shift,
        [SPK_SURROGATE_BIN_SHUFFLE] = spk__surrogate_shuffle_bins,
        [SPK_SURROGATE_RANDOMISE] = spk__surrogate_randomise,
        [SPK_SURROGATE_POISSON] = spk__surrogate_poisson,
        [SPK_SURROGATE_RATE] = spk__surrogate_rate,
    };
    SPK_REQUIRE(ctx, surrogates != NULL, SPK_ERR_ARGUMENT, "surrogates is NULL");
    SPK_REQUIRE(ctx, unit >= 0 && unit < surrogates->n_units, SPK_ERR_ARGUMENT,
                "unit must be in 0 .. %" PRId64 ", got %" PRId64, surrogates->n_units - 1,
                unit);
    SPK_REQUIRE(ctx, index >= 0 && index < INDEX_END, SPK_ERR_ARGUMENT,
                "index must be in 0 .. 2^48 - 1, got %" PRId64, index);
    const spk__surrogate_draw draw = begin(ctx, surrogates, unit, index);
    int64_t n = 0;
    if (draw.train.n_spikes > 0 || surrogates->options.method == SPK_SURROGATE_RATE) {
        SPK_REQUIRE(ctx,
                    samples != NULL || spk_surrogates_room(surrogates, unit, index) == 0,
                    SPK_ERR_ARGUMENT, "samples is NULL");
        const spk_status status = methods[surrogates->options.method](&draw, samples, &n);
        if (status != SPK_OK)
            return status;
    }
    if (n_spikes != NULL)
        *n_spikes = n;
    return SPK_OK;
}
