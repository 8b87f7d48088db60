/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spikes and bins both rise in time, so one walk through the epochs gives each spike its
 * bin. All sums stay within an epoch's extent, which fits int64 once the epochs are
 * checked.
 */
#include "base/check.h"
#include "base/memory.h"
#include "spikes/bin_walk.h"
#include "spikes/table_checks.h"

#include <inttypes.h>
#include <string.h>

void spk_binning_options_init(spk_binning_options *options, size_t struct_size)
{
    if (options == NULL)
        return;
    spk_binning_options defaults = {.struct_size = sizeof defaults, .bin_samples = 300};
    if (struct_size < sizeof defaults)
        defaults.struct_size = struct_size;
    memcpy(options, &defaults, defaults.struct_size);
}

spk_status spk__bin_layout_make(spk_context *ctx, const spk_spikes *spikes,
                                const spk_binning_options *options,
                                spk__bin_layout *layout)
{
    spk_status status = spk__spikes_check_sizes(ctx, spikes);
    if (status != SPK_OK)
        return status;
    spk_binning_options defaults;
    spk_binning_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    SPK_REQUIRE(
        ctx, options->struct_size == sizeof *options, SPK_ERR_ARGUMENT,
        "options.struct_size is %zu, not the %zu set by spk_binning_options_init()",
        options->struct_size, sizeof *options);
    SPK_REQUIRE(ctx, options->bin_samples >= 1, SPK_ERR_ARGUMENT,
                "bin_samples must be >= 1, got %" PRId64, options->bin_samples);

    layout->bin_samples = options->bin_samples;
    if (options->epochs != NULL) {
        layout->epochs = *options->epochs;
    } else {
        int64_t length;
        SPK_REQUIRE(
            ctx,
            !__builtin_sub_overflow(spikes->stop_sample, spikes->start_sample, &length),
            SPK_ERR_OVERFLOW,
            "the recording, %" PRId64 " .. %" PRId64 ", is longer than 2^63 - 1 samples",
            spikes->start_sample, spikes->stop_sample);
        layout->whole[0] = spikes->start_sample;
        layout->whole[1] = spikes->stop_sample;
        layout->epochs = (spk_epochs){length > 0, &layout->whole[0], &layout->whole[1]};
    }
    if ((status = spk_epochs_check(ctx, &layout->epochs)) != SPK_OK)
        return status;
    layout->n_bins = 0;
    for (int64_t e = 0; e < layout->epochs.n_epochs; e++)
        layout->n_bins +=
            (layout->epochs.stops[e] - layout->epochs.starts[e]) / layout->bin_samples;
    return SPK_OK;
}

spk_status spk_spikes_bin_length(spk_context *ctx, const spk_spikes *spikes,
                                 const spk_binning_options *options, int64_t *n_bins)
{
    SPK_REQUIRE(ctx, n_bins != NULL, SPK_ERR_ARGUMENT, "n_bins is NULL");
    spk__bin_layout layout;
    spk_status status = spk__bin_layout_make(ctx, spikes, options, &layout);
    if (status == SPK_OK)
        *n_bins = layout.n_bins;
    return status;
}

spk_status spk_spikes_bin_dense(spk_context *ctx, const spk_spikes *spikes,
                                const spk_binning_options *options, int32_t *counts)
{
    spk__bin_layout layout;
    spk_status status;
    if ((status = spk__bin_layout_make(ctx, spikes, options, &layout)) != SPK_OK ||
        (status = spk_spikes_check(ctx, spikes)) != SPK_OK)
        return status;
    size_t n_counts, n_bytes;
    SPK_REQUIRE(ctx,
                !__builtin_mul_overflow(spikes->n_units, layout.n_bins, &n_counts) &&
                    !__builtin_mul_overflow(n_counts, sizeof *counts, &n_bytes) &&
                    n_bytes <= PTRDIFF_MAX,
                SPK_ERR_OVERFLOW,
                "counts of %" PRId64 " units in %" PRId64
                " bins are more than memory holds",
                spikes->n_units, layout.n_bins);
    SPK_REQUIRE(ctx, n_bytes == 0 || counts != NULL, SPK_ERR_ARGUMENT, "counts is NULL");

    if (n_bytes == 0)
        return SPK_OK;
    memset(counts, 0, n_bytes);
    spk__bin_walk walk = spk__bin_walk_start(&layout);
    for (int64_t i = 0; i < spikes->n_spikes; i++) {
        int64_t bin = spk__bin_walk_to(&walk, spikes->samples[i]);
        if (bin < 0)
            continue;
        int32_t *count = &counts[spikes->units[i] * layout.n_bins + bin];
        SPK_REQUIRE(ctx, *count < INT32_MAX, SPK_ERR_OVERFLOW,
                    "unit %d has more than 2^31 - 1 spikes in bin %" PRId64,
                    (int)spikes->units[i], bin);
        ++*count;
    }
    return SPK_OK;
}

/* First walk: offsets[u + 1] becomes the number of bins in which unit u has spikes. */
static void count_filled(const spk_spikes *spikes, const spk__bin_layout *layout,
                         int64_t *last_bin, int64_t *offsets)
{
    spk__bin_walk walk = spk__bin_walk_start(layout);
    for (int64_t i = 0; i < spikes->n_spikes; i++) {
        int64_t bin = spk__bin_walk_to(&walk, spikes->samples[i]);
        int32_t unit = spikes->units[i];
        if (bin >= 0 && last_bin[unit] != bin) {
            last_bin[unit] = bin;
            offsets[unit + (int64_t)1]++;
        }
    }
}

/* Second walk: fills the rows. offsets[u] is one past the last filled place of row u;
 * at the end it has become offsets[u + 1]. */
static spk_status fill_rows(spk_context *ctx, const spk_spikes *spikes,
                            const spk__bin_layout *layout, int64_t *last_bin,
                            int64_t *offsets, int64_t *bins, int32_t *counts)
{
    spk__bin_walk walk = spk__bin_walk_start(layout);
    for (int64_t i = 0; i < spikes->n_spikes; i++) {
        int64_t bin = spk__bin_walk_to(&walk, spikes->samples[i]);
        int32_t unit = spikes->units[i];
        if (bin < 0)
            continue;
        if (last_bin[unit] != bin) {
            last_bin[unit] = bin;
            bins[offsets[unit]] = bin;
            counts[offsets[unit]] = 0;
            offsets[unit]++;
        }
        int32_t *count = &counts[offsets[unit] - 1];
        SPK_REQUIRE(ctx, *count < INT32_MAX, SPK_ERR_OVERFLOW,
                    "unit %d has more than 2^31 - 1 spikes in bin %" PRId64, (int)unit,
                    bin);
        ++*count;
    }
    return SPK_OK;
}

spk_status spk_spikes_bin_sparse(spk_context *ctx, const spk_spikes *spikes,
                                 const spk_binning_options *options, int64_t *offsets,
                                 int64_t *bins, int32_t *counts)
{
    spk__bin_layout layout;
    spk_status status;
    if ((status = spk__bin_layout_make(ctx, spikes, options, &layout)) != SPK_OK ||
        (status = spk_spikes_check(ctx, spikes)) != SPK_OK)
        return status;
    int64_t n_units = spikes->n_units;
    SPK_REQUIRE(ctx, offsets != NULL, SPK_ERR_ARGUMENT, "offsets is NULL");
    SPK_REQUIRE(ctx, spikes->n_spikes == 0 || bins != NULL, SPK_ERR_ARGUMENT,
                "bins is NULL");
    SPK_REQUIRE(ctx, spikes->n_spikes == 0 || counts != NULL, SPK_ERR_ARGUMENT,
                "counts is NULL");

    int64_t *last_bin = spk__alloc(ctx, n_units, sizeof *last_bin);
    if (last_bin == NULL)
        return spk__fail_memory(ctx);
    for (int64_t u = 0; u < n_units; u++)
        last_bin[u] = -1;
    for (int64_t u = 0; u <= n_units; u++)
        offsets[u] = 0;
    count_filled(spikes, &layout, last_bin, offsets);
    for (int64_t u = 0; u < n_units; u++) {
        offsets[u + 1] += offsets[u];
        last_bin[u] = -1;
    }
    if ((status = fill_rows(ctx, spikes, &layout, last_bin, offsets, bins, counts)) !=
        SPK_OK)
        goto cleanup;
    memmove(offsets + 1, offsets, (size_t)n_units * sizeof *offsets);
    offsets[0] = 0;
cleanup:
    spk__free(last_bin);
    return status;
}
