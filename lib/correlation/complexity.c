/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One walk along the table in order of time: spikes of one bin make its size, bins near each
 * other an event. For what is expected the walk counts the bins of each unit in a block, and
 * at its end a distribution is built from them, unit by unit.
 */
#include "base/check.h"
#include "base/memory.h"
#include "spikes/bin_walk.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/complexity.h>
#include <string.h>

void spk_complexity_options_init(spk_complexity_options *options, size_t struct_size)
{
    spk_complexity_options defaults = {.struct_size = struct_size};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

typedef struct complexity_scan {
    const spk_spikes *spikes;
    spk_complexity_options options;
    spk__bin_layout layout;
    int64_t *last_bins; /* [n_units] */
    int64_t length;     /* of counts */
    int64_t *counts;    /* or NULL */
    int64_t largest;    /* complexity seen */
    int64_t covered;    /* bins in events */
} complexity_scan;

static spk_status scan_create(spk_context *ctx, const spk_spikes *spikes,
                              const spk_complexity_options *options,
                              complexity_scan *scan)
{
    spk_binning_options binning;
    memset(scan, 0, sizeof *scan);
    spk_binning_options_init(&binning, sizeof binning);
    spk_complexity_options_init(&scan->options, sizeof scan->options);
    spk_status status = spk_spikes_check(ctx, spikes);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT, "options: not filled by spk_complexity_options_init()");
    if (options != NULL)
        scan->options = *options;
    SPK_REQUIRE(ctx,
                scan->options.counted == SPK_COMPLEXITY_UNITS ||
                    scan->options.counted == SPK_COMPLEXITY_SPIKES,
                SPK_ERR_ARGUMENT, "counted must be 0 or 1, got %d",
                (int)scan->options.counted);
    SPK_REQUIRE(ctx, scan->options.spread >= 0, SPK_ERR_ARGUMENT,
                "spread must be >= 0, got %" PRId64, scan->options.spread);
    SPK_REQUIRE(ctx, scan->options.block_bins >= 0, SPK_ERR_ARGUMENT,
                "block_bins must be >= 0, got %" PRId64, scan->options.block_bins);
    if (scan->options.bin_samples == 0)
        scan->options.bin_samples =
            (int64_t)fmin(fmax(rint(0.001 * spikes->sampling_rate_hz), 1.0), 0x1p53);
    binning.bin_samples = scan->options.bin_samples;
    binning.epochs = scan->options.epochs;
    scan->spikes = spikes;
    if ((status = spk__bin_layout_make(ctx, spikes, &binning, &scan->layout)) != SPK_OK)
        return status;
    scan->last_bins = spk__alloc(ctx, spikes->n_units, sizeof *scan->last_bins);
    if (scan->last_bins == NULL)
        return spk__fail_memory(ctx);
    for (int64_t u = 0; u < spikes->n_units; u++)
        scan->last_bins[u] = -1;
    return SPK_OK;
}

typedef struct event {
    int64_t first_bin, last_bin; /* first_bin -1: none */
    int64_t epoch;
    int64_t size;
} event;

static void end_event(complexity_scan *scan, const event *e)
{
    if (e->first_bin < 0)
        return;
    scan->largest = e->size > scan->largest ? e->size : scan->largest;
    scan->covered += e->last_bin - e->first_bin + 1;
    if (scan->counts != NULL)
        scan->counts[e->size < scan->length ? e->size : scan->length - 1]++;
}

static void run_scan(complexity_scan *scan)
{
    const spk_spikes *s = scan->spikes;
    spk__bin_walk walk = spk__bin_walk_start(&scan->layout);
    event current = {.first_bin = -1};
    for (int64_t i = 0; i < s->n_spikes; i++) {
        const int64_t bin = spk__bin_walk_to(&walk, s->samples[i]);
        if (bin < 0)
            continue;
        const int joins = current.first_bin >= 0 && walk.epoch == current.epoch &&
                          bin - current.last_bin <= scan->options.spread;
        if (!joins) {
            end_event(scan, &current);
            current = (event){.first_bin = bin, .epoch = walk.epoch};
        }
        current.last_bin = bin;
        const int is_again = scan->last_bins[s->units[i]] == bin;
        scan->last_bins[s->units[i]] = bin;
        current.size += scan->options.counted == SPK_COMPLEXITY_SPIKES || !is_again;
    }
    end_event(scan, &current);
    if (scan->counts != NULL)
        scan->counts[0] += scan->layout.n_bins - scan->covered;
}

spk_status spk_complexity_length(spk_context *ctx, const spk_spikes *spikes,
                                 const spk_complexity_options *options, int64_t *length)
{
    complexity_scan scan;
    SPK_REQUIRE(ctx, length != NULL, SPK_ERR_ARGUMENT, "length is NULL");
    const spk_status status = scan_create(ctx, spikes, options, &scan);
    if (status == SPK_OK) {
        run_scan(&scan);
        *length = scan.largest + 1;
    }
    spk__free(scan.last_bins);
    return status;
}

spk_status spk_complexity_count(spk_context *ctx, const spk_spikes *spikes,
                                const spk_complexity_options *options, int64_t length,
                                int64_t *counts)
{
    complexity_scan scan;
    SPK_REQUIRE(ctx, length >= 1, SPK_ERR_ARGUMENT, "length must be >= 1, got %" PRId64,
                length);
    SPK_REQUIRE(ctx, counts != NULL, SPK_ERR_ARGUMENT, "counts is NULL");
    const spk_status status = scan_create(ctx, spikes, options, &scan);
    if (status == SPK_OK) {
        memset(counts, 0, (size_t)length * sizeof *counts);
        scan.counts = counts;
        scan.length = length;
        run_scan(&scan);
    }
    spk__free(scan.last_bins);
    return status;
}

/* Bins of each unit in the current block. */
typedef struct block {
    int64_t epoch, number; /* epoch -1: none */
    int64_t n_bins;
    int64_t n_active;
    int32_t *active; /* [n_units] units with spikes in the block */
    int64_t *counts; /* [n_units] bins in which they have them, 0 of others */
    double *chances; /* [length] */
    int64_t bins_done;
} block;

/* The distribution of the number of units in a bin, times the bins. What is beyond the length
 * is gathered in the last element, which a unit does not leave. */
static void end_block(block *b, int64_t length, double *expected)
{
    if (b->epoch < 0)
        return;
    memset(b->chances, 0, (size_t)length * sizeof *b->chances);
    b->chances[0] = 1.0;
    for (int64_t a = 0; a < b->n_active; a++) {
        const double p = (double)b->counts[b->active[a]] / (double)b->n_bins;
        const int64_t top = a + 1 < length - 1 ? a + 1 : length - 1;
        if (length > 1)
            b->chances[top] = top == length - 1
                                  ? b->chances[top] + b->chances[top - 1] * p
                                  : b->chances[top - 1] * p;
        for (int64_t k = top - 1; k > 0; k--)
            b->chances[k] = b->chances[k] * (1.0 - p) + b->chances[k - 1] * p;
        if (length > 1)
            b->chances[0] *= 1.0 - p;
        b->counts[b->active[a]] = 0;
    }
    for (int64_t k = 0; k < length; k++)
        expected[k] += (double)b->n_bins * b->chances[k];
    b->bins_done += b->n_bins;
    b->n_active = 0;
}

static void begin_block(const complexity_scan *scan, block *b, int64_t epoch,
                        int64_t number)
{
    const spk_epochs *epochs = &scan->layout.epochs;
    const int64_t size = scan->options.block_bins;
    b->epoch = epoch;
    b->number = number;
    b->n_bins = scan->layout.n_bins;
    if (size > 0) {
        const int64_t left =
            (epochs->stops[epoch] - epochs->starts[epoch]) / scan->layout.bin_samples -
            number * size;
        b->n_bins = left < size ? left : size;
    }
}

static void run_expectation(complexity_scan *scan, block *b, int64_t length,
                            double *expected)
{
    const spk_spikes *s = scan->spikes;
    const int64_t size = scan->options.block_bins;
    spk__bin_walk walk = spk__bin_walk_start(&scan->layout);
    for (int64_t i = 0; i < s->n_spikes; i++) {
        const int64_t bin = spk__bin_walk_to(&walk, s->samples[i]);
        const int32_t unit = s->units[i];
        if (bin < 0 || scan->last_bins[unit] == bin)
            continue;
        scan->last_bins[unit] = bin;
        const int64_t epoch = size > 0 ? walk.epoch : 0;
        const int64_t number = size > 0 ? (bin - walk.bins_before) / size : 0;
        if (epoch != b->epoch || number != b->number) {
            end_block(b, length, expected);
            begin_block(scan, b, epoch, number);
        }
        if (b->counts[unit]++ == 0)
            b->active[b->n_active++] = unit;
    }
    end_block(b, length, expected);
    expected[0] += (double)(scan->layout.n_bins - b->bins_done);
}

spk_status spk_complexity_expect(spk_context *ctx, const spk_spikes *spikes,
                                 const spk_complexity_options *options, int64_t length,
                                 double *expected)
{
    complexity_scan scan;
    block b = {.epoch = -1};
    SPK_REQUIRE(ctx, length >= 1, SPK_ERR_ARGUMENT, "length must be >= 1, got %" PRId64,
                length);
    SPK_REQUIRE(ctx, expected != NULL, SPK_ERR_ARGUMENT, "expected is NULL");
    spk_status status = scan_create(ctx, spikes, options, &scan);
    if (status != SPK_OK)
        goto cleanup;
    if (scan.options.counted != SPK_COMPLEXITY_UNITS || scan.options.spread != 0) {
        status = spk__fail(ctx, SPK_ERR_UNSUPPORTED,
                           "what is expected is known of units and of spread 0 only");
        goto cleanup;
    }
    b.active = spk__alloc(ctx, spikes->n_units, sizeof *b.active);
    b.counts = spk__alloc_zero(ctx, spikes->n_units, sizeof *b.counts);
    b.chances = spk__alloc(ctx, length, sizeof *b.chances);
    if (b.active == NULL || b.counts == NULL || b.chances == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    memset(expected, 0, (size_t)length * sizeof *expected);
    run_expectation(&scan, &b, length, expected);
cleanup:
    spk__free(b.chances);
    spk__free(b.counts);
    spk__free(b.active);
    spk__free(scan.last_bins);
    return status;
}
