/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "sorting/coincidences.h"
#include "sorting/curation_state.h"
#include "sorting/spike_values.h"

#include <math.h>
#include <string.h>

int64_t spk__curation_short_intervals(const spk_curation *c,
                                      const spk__curation_slot *slot)
{
    int64_t n = 0;
    for (int64_t i = 1; i < slot->n_spikes; i++)
        n += slot->samples[i] - slot->samples[i - 1] < c->refractory_samples;
    return n;
}

int64_t spk__curation_cross_pairs(const spk_curation *c, const spk__curation_slot *a,
                                  const spk__curation_slot *b)
{
    int64_t n = 0, first = 0, last = 0;
    for (int64_t i = 0; i < a->n_spikes; i++) {
        while (first < b->n_spikes &&
               b->samples[first] < a->samples[i] - c->refractory_samples)
            first++;
        if (last < first)
            last = first;
        while (last < b->n_spikes &&
               b->samples[last] <= a->samples[i] + c->refractory_samples)
            last++;
        n += last - first;
    }
    return n;
}

static void sum_presence(const spk_curation *c, spk__curation_slot *slot)
{
    const int64_t start = c->spikes.start_sample;
    for (int64_t i = 0; i < slot->n_spikes; i++) {
        const int64_t bin = (slot->samples[i] - start) / c->presence_samples;
        if (slot->samples[i] >= start && bin < c->n_presence_bins)
            slot->counts[bin]++;
    }
}

static void sum_amplitudes(const spk_curation *c, spk__curation_slot *slot,
                           const double *amplitudes)
{
    int64_t *counts = slot->counts + c->n_presence_bins;
    const double width =
        (c->amplitude_high - c->amplitude_low) / (double)c->n_amplitude_bins;
    for (int64_t i = 0; i < slot->n_spikes; i++) {
        const double a = amplitudes[i];
        if (!isfinite(a))
            continue;
        const double d = a - c->amplitude_origin;
        int64_t bin = width > 0 ? (int64_t)((a - c->amplitude_low) / width) : 0;
        if (bin >= c->n_amplitude_bins)
            bin = c->n_amplitude_bins - 1;
        counts[bin]++;
        slot->n_amplitudes++;
        slot->amplitude_sum += d;
        slot->amplitude_squares += d * d;
        slot->amplitude_min = a < slot->amplitude_min ? a : slot->amplitude_min;
        slot->amplitude_max = a > slot->amplitude_max ? a : slot->amplitude_max;
    }
}

static void sum_positions(spk__curation_slot *slot, const double *x, const double *y)
{
    for (int64_t i = 0; i < slot->n_spikes; i++)
        if (isfinite(x[i]) && isfinite(y[i])) {
            slot->n_positions++;
            slot->x_sum += x[i];
            slot->y_sum += y[i];
        }
}

spk_status spk__curation_sum(spk_context *ctx, const spk_curation *c,
                             spk__curation_slot *slot)
{
    const int64_t n_counts = c->n_presence_bins + c->n_amplitude_bins;
    spk_status status = SPK_OK;
    double *values = NULL;
    memset(slot->counts, 0, (size_t)n_counts * sizeof *slot->counts);
    slot->n_short_intervals = spk__curation_short_intervals(c, slot);
    /* Each pair twice, and every spike with itself. */
    slot->n_refractory_pairs =
        (spk__curation_cross_pairs(c, slot, slot) - slot->n_spikes) / 2;
    slot->n_merging_pairs =
        spk__coincidences_within(slot->samples, slot->n_spikes, c->merging_samples);
    slot->n_amplitudes = slot->n_positions = 0;
    slot->amplitude_sum = slot->amplitude_squares = slot->x_sum = slot->y_sum = 0;
    slot->amplitude_min = INFINITY;
    slot->amplitude_max = -INFINITY;
    sum_presence(c, slot);
    const spk_array *amplitudes = c->options.amplitudes;
    const spk_array *positions = c->options.spike_positions;
    if (amplitudes == NULL && positions == NULL)
        return SPK_OK;
    values = spk__alloc(ctx, 2 * slot->n_spikes, sizeof *values);
    if (values == NULL)
        return spk__fail_memory(ctx);
    if (amplitudes != NULL) {
        status =
            spk__spike_values(ctx, amplitudes, 0, slot->indices, slot->n_spikes, values);
        if (status != SPK_OK)
            goto cleanup;
        sum_amplitudes(c, slot, values);
    }
    if (positions != NULL) {
        for (int axis = 0; axis < 2 && status == SPK_OK; axis++)
            status = spk__spike_values(ctx, positions, axis, slot->indices,
                                       slot->n_spikes, values + axis * slot->n_spikes);
        if (status == SPK_OK)
            sum_positions(slot, values, values + slot->n_spikes);
    }
cleanup:
    spk__free(values);
    return status;
}

void spk__curation_add_sums(const spk_curation *c, const spk__curation_slot *from,
                            spk__curation_slot *to)
{
    for (int64_t k = 0; k < c->n_presence_bins + c->n_amplitude_bins; k++)
        to->counts[k] += from->counts[k];
    to->n_amplitudes += from->n_amplitudes;
    to->amplitude_sum += from->amplitude_sum;
    to->amplitude_squares += from->amplitude_squares;
    to->amplitude_min =
        from->amplitude_min < to->amplitude_min ? from->amplitude_min : to->amplitude_min;
    to->amplitude_max =
        from->amplitude_max > to->amplitude_max ? from->amplitude_max : to->amplitude_max;
    to->n_positions += from->n_positions;
    to->x_sum += from->x_sum;
    to->y_sum += from->y_sum;
}
