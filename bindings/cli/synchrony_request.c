/* SPDX-License-Identifier: BSD-3-Clause */
#include "synchrony_request.h"

#include <errno.h>
#include <math.h>
#include <spikekit/complexity.h>
#include <spikekit/count_correlation.h>
#include <spikekit/synchrony.h>
#include <stdlib.h>
#include <string.h>

static const char NAME[] = "synchrony";

static int fail_memory(void)
{
    command_say(NAME, "not enough memory");
    return COMMAND_FAILED;
}

int synchrony_ends_with(const char *path, const char *ending)
{
    const size_t n = strlen(path), m = strlen(ending);
    return n >= m && strcmp(path + n - m, ending) == 0;
}

/* A width in whole samples; at least one, and nearly what was asked for. */
static int samples_of_ms(const char *what, double ms, double rate_hz, int64_t *samples)
{
    const double exact = ms * 1e-3 * rate_hz, nearest = rint(exact);
    if (!(ms > 0) || !(exact < 9e15))
        return command_fail_usage(NAME, "%s: expected a width above 0 [ms], found %g",
                                  what, ms);
    if (nearest < 1) {
        command_say(NAME, "%s: %g ms is less than a sample at %g Hz", what, ms, rate_hz);
        return COMMAND_USAGE;
    }
    if (fabs(nearest - exact) > 1e-6 * exact)
        command_note(NAME, "%s: %g ms is taken as %.0f samples, %g ms", what, ms, nearest,
                     nearest / rate_hz * 1e3);
    *samples = (int64_t)nearest;
    return COMMAND_OK;
}

static int parse_bins(synchrony_request *r)
{
    const char *rest = r->arguments->bins_ms;
    const double rate_hz = r->selection.spikes.sampling_rate_hz;
    int64_t room = 1;
    for (const char *c = rest; *c != '\0'; c++)
        room += *c == ',';
    r->bin_samples = malloc((size_t)room * sizeof *r->bin_samples);
    r->n_bins = malloc((size_t)room * sizeof *r->n_bins);
    if (r->bin_samples == NULL || r->n_bins == NULL)
        return fail_memory();
    if (strcmp(rest, "none") == 0)
        return COMMAND_OK;
    for (int64_t k = 0; k < room; k++) {
        char *end = NULL;
        errno = 0;
        const double ms = strtod(rest, &end);
        if (end == rest || errno != 0 || *end != (k + 1 < room ? ',' : '\0'))
            return command_fail_usage(
                NAME, "--bins-ms: expected widths like 1,10,100 or none, found '%s'",
                r->arguments->bins_ms);
        const int code = samples_of_ms("--bins-ms", ms, rate_hz, &r->bin_samples[k]);
        if (code != COMMAND_OK)
            return code;
        r->n_widths = k + 1;
        rest = end + 1;
    }
    return COMMAND_OK;
}

static int parse_tiling(const char *text, int32_t *tiling)
{
    if (strcmp(text, "time") != 0 && strcmp(text, "samples") != 0)
        return command_fail_usage(NAME, "--tiling: expected time or samples, found '%s'",
                                  text);
    *tiling = strcmp(text, "time") == 0 ? SPK_STTC_TIME : SPK_STTC_SAMPLES;
    return COMMAND_OK;
}

static int parse_window(synchrony_request *r)
{
    spk_sttc_options options;
    spk_sttc_options_init(&options, sizeof options);
    options.window_s = r->arguments->window_ms * 1e-3;
    options.tiling = r->tiling;
    if (r->arguments->window_ms == 0.0)
        options.window_samples = 0;
    if (spk_sttc_window(r->ctx, &options, r->selection.spikes.sampling_rate_hz,
                        &r->window_samples) == SPK_OK) {
        const spk_spikes *spikes = &r->selection.spikes;
        const int64_t length = spikes->stop_sample - spikes->start_sample;
        if (spikes->n_spikes > 0 && r->window_samples >= length)
            return command_fail_usage(
                NAME, "--window-ms: expected less than the recording, %g ms, found %g",
                1e3 * (double)length / spikes->sampling_rate_hz, r->arguments->window_ms);
        return COMMAND_OK;
    }
    command_say(NAME, "--window-ms %g: %s", r->arguments->window_ms,
                spk_context_message(r->ctx));
    return COMMAND_USAGE;
}

/* Positions of the chosen units; it is no failure that there are none. */
static int read_positions(synchrony_request *r)
{
    const int64_t n = r->selection.spikes.n_units;
    const int64_t n_all = spk_session_spikes(r->session)->n_units;
    double *positions = malloc(((size_t)n_all + 1) * 2 * sizeof *positions);
    if (positions == NULL)
        return fail_memory();
    const spk_status status = spk_session_unit_positions(r->ctx, r->session, positions);
    if (status != SPK_OK) {
        free(positions);
        if (status != SPK_ERR_NOT_FOUND)
            return command_fail(NAME, r->ctx, status);
        if (r->arguments->near_um < 0)
            return COMMAND_OK;
        command_say(NAME, "--near: %s", spk_context_message(r->ctx));
        return COMMAND_FAILED;
    }
    /* places rise, so this moves every position down or not at all */
    for (int64_t u = 0; u < n; u++)
        memmove(positions + 2 * u, positions + 2 * r->selection.places[u],
                2 * sizeof *positions);
    r->positions = positions;
    return COMMAND_OK;
}

static int list_pairs(synchrony_request *r)
{
    const int64_t n = r->selection.spikes.n_units;
    const double near_um = r->arguments->near_um;
    r->pairs = malloc(((size_t)(n * (n - 1) / 2) + 1) * sizeof *r->pairs);
    if (r->pairs == NULL)
        return fail_memory();
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = i + 1; j < n; j++) {
            if (near_um >= 0 &&
                !(hypot(r->positions[2 * i] - r->positions[2 * j],
                        r->positions[2 * i + 1] - r->positions[2 * j + 1]) <= near_um))
                continue;
            r->pairs[r->n_pairs][0] = i;
            r->pairs[r->n_pairs++][1] = j;
        }
    return COMMAND_OK;
}

static spk_status tile_pairs(synchrony_request *r, spk_sttc_options *options)
{
    spk_trains_options grouping;
    spk_trains *trains = NULL;
    spk_trains_options_init(&grouping, sizeof grouping);
    grouping.epochs = r->within;
    spk_status status =
        spk_trains_create(r->ctx, &r->selection.spikes, &grouping, &trains);
    if (status == SPK_OK)
        status = spk_sttc_estimate_pairs(r->ctx, trains, (const int32_t(*)[2])r->pairs,
                                         r->n_pairs, options, r->sttc);
    spk_trains_destroy(trains);
    return status;
}

/* All pairs against surrogates. */
static spk_status test_pairs(synchrony_request *r, const spk_sttc_options *options)
{
    const spk_sttc_significance found = {.values = r->sttc,
                                         .means = r->expected_sttc,
                                         .p_upper = r->p_upper,
                                         .p_lower = r->p_lower};
    spk_trains_options grouping;
    spk_surrogates_options drawing;
    spk_trains *trains = NULL;
    spk_surrogates *surrogates = NULL;
    spk_trains_options_init(&grouping, sizeof grouping);
    spk_surrogates_options_init(&drawing, sizeof drawing);
    grouping.epochs = r->within;
    drawing.method = SPK_SURROGATE_JITTER;
    drawing.width_s = r->arguments->jitter_ms * 1e-3;
    drawing.seed = r->arguments->seed;
    spk_status status =
        spk_trains_create(r->ctx, &r->selection.spikes, &grouping, &trains);
    if (status == SPK_OK)
        status = spk_surrogates_create(r->ctx, trains, &drawing, &surrogates);
    if (status == SPK_OK)
        status = spk_sttc_test(r->ctx, &r->selection.spikes, surrogates, 0,
                               r->arguments->surrogates, options, &found);
    spk_surrogates_destroy(surrogates);
    spk_trains_destroy(trains);
    return status;
}

static int compute_pairs(synchrony_request *r)
{
    const size_t n = (size_t)r->selection.spikes.n_units;
    const int is_tested = r->arguments->surrogates > 0;
    const int is_near = r->arguments->near_um >= 0 && !is_tested;
    const int is_npz =
        r->arguments->output != NULL && synchrony_ends_with(r->arguments->output, ".npz");
    spk_sttc_options options;
    spk_count_correlation_options counting;
    spk_sttc_options_init(&options, sizeof options);
    spk_count_correlation_options_init(&counting, sizeof counting);
    options.window_samples = r->window_samples;
    options.tiling = r->tiling;
    counting.epochs = r->within;
    r->sttc = malloc(((is_near ? (size_t)r->n_pairs : n * n) + 1) * sizeof *r->sttc);
    r->correlations = malloc(((size_t)r->n_widths * n * n + 1) * sizeof *r->correlations);
    if (is_npz)
        r->covariances = malloc(((size_t)r->n_widths * n * n + 1) * sizeof(double));
    if (r->sttc == NULL || r->correlations == NULL || (is_npz && r->covariances == NULL))
        return fail_memory();
    if (is_tested) {
        r->expected_sttc = malloc((n * n + 1) * sizeof(double));
        r->p_upper = malloc((n * n + 1) * sizeof(double));
        r->p_lower = malloc((n * n + 1) * sizeof(double));
        if (r->expected_sttc == NULL || r->p_upper == NULL || r->p_lower == NULL)
            return fail_memory();
    }
    spk_status status = SPK_OK;
    if (is_tested) {
        options.epochs = r->within;
        status = test_pairs(r, &options);
    } else if (is_near) {
        status = tile_pairs(r, &options);
    } else {
        options.epochs = r->within;
        status = spk_sttc_estimate(r->ctx, &r->selection.spikes, &options, r->sttc);
    }
    if (status == SPK_OK && r->n_widths > 0)
        status = spk_count_correlation_estimate(
            r->ctx, &r->selection.spikes, r->bin_samples, r->n_widths, &counting,
            r->correlations, r->covariances, NULL, r->n_bins);
    for (int64_t k = 0; status == SPK_OK && k < r->n_widths; k++)
        if (r->n_bins[k] < 2)
            command_note(NAME,
                         "warning: --bins-ms: fewer than two bins of %g ms fit the "
                         "recording; there is no correlation",
                         1e3 * (double)r->bin_samples[k] /
                             r->selection.spikes.sampling_rate_hz);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, r->ctx, status);
}

static int compute_complexity(synchrony_request *r)
{
    const double rate_hz = r->selection.spikes.sampling_rate_hz;
    const spk_spikes *spikes = &r->selection.spikes;
    spk_complexity_options options;
    int code = samples_of_ms("--complexity-bin-ms", r->arguments->complexity_bin_ms,
                             rate_hz, &r->complexity_bin_samples);
    if (code != COMMAND_OK)
        return code;
    const double bins =
        r->arguments->block_s * rate_hz / (double)r->complexity_bin_samples;
    if (!(bins < 9e15) || (bins > 0 && bins < 1))
        return command_fail_usage(NAME,
                                  "--block-s: expected 0, or at least a bin, found %g",
                                  r->arguments->block_s);
    r->block_bins = (int64_t)rint(bins);
    spk_complexity_options_init(&options, sizeof options);
    options.bin_samples = r->complexity_bin_samples;
    options.block_bins = r->block_bins;
    options.epochs = r->within;
    spk_status status = spk_complexity_length(r->ctx, spikes, &options, &r->n_sizes);
    if (status == SPK_OK) {
        r->n_sizes++; /* what is expected of more units than ever fired */
        r->sizes = malloc((size_t)r->n_sizes * sizeof *r->sizes);
        r->expected = malloc((size_t)r->n_sizes * sizeof *r->expected);
        if (r->sizes == NULL || r->expected == NULL)
            return fail_memory();
        status = spk_complexity_count(r->ctx, spikes, &options, r->n_sizes, r->sizes);
    }
    if (status == SPK_OK)
        status = spk_complexity_expect(r->ctx, spikes, &options, r->n_sizes, r->expected);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, r->ctx, status);
}

int synchrony_request_make(synchrony_request *r)
{
    const synchrony_arguments *a = r->arguments;
    int code = parse_tiling(a->tiling, &r->tiling);
    if (code != COMMAND_OK ||
        (code = session_argument_open(NAME, r->ctx, &a->session, &a->operands,
                                      &r->session)) != COMMAND_OK ||
        (code = unit_selection_make(NAME, r->session, a->units, &r->selection)) !=
            COMMAND_OK)
        return code;
    const spk_spikes *spikes = &r->selection.spikes;
    if (a->epochs != NULL) {
        code = epochs_argument_read(NAME, r->ctx, a->epochs, spikes->sampling_rate_hz,
                                    &r->epochs);
        if (code != COMMAND_OK)
            return code;
        epochs_argument_note_outside(NAME, a->epochs, &r->epochs, spikes);
        epochs_argument_clip(&r->epochs, spikes);
        r->within = &r->epochs.epochs;
    }
    const int is_npz = a->output != NULL && synchrony_ends_with(a->output, ".npz");
    if ((a->complexity || is_npz) && (code = compute_complexity(r)) != COMMAND_OK)
        return code;
    if (a->complexity)
        return COMMAND_OK;
    if ((code = parse_window(r)) != COMMAND_OK || (code = parse_bins(r)) != COMMAND_OK ||
        (code = read_positions(r)) != COMMAND_OK || (code = list_pairs(r)) != COMMAND_OK)
        return code;
    return compute_pairs(r);
}

void synchrony_request_clear(synchrony_request *r)
{
    free(r->expected);
    free(r->sizes);
    free(r->covariances);
    free(r->correlations);
    free(r->expected_sttc);
    free(r->p_upper);
    free(r->p_lower);
    free(r->sttc);
    free(r->pairs);
    free(r->n_bins);
    free(r->bin_samples);
    free(r->positions);
    epochs_argument_clear(&r->epochs);
    unit_selection_clear(&r->selection);
    spk_session_close(r->session);
}
