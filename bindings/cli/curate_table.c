/* SPDX-License-Identifier: BSD-3-Clause */
/* The spikes that are left, with what is known of each. */
#include "curate.h"

#include <stdlib.h>
#include <string.h>

void curate_clear_table(unit_table *t)
{
    free(t->ids);
    free(t->kept);
    free(t->samples);
    free(t->units);
    free(t->amplitudes);
    free(t->positions);
    free(t->templates_of);
    memset(t, 0, sizeof *t);
}

/* Columns 0 .. n_wanted - 1 of the rows that are kept. NULL in *values when not known. */
static int gather(spk_context *ctx, const spk_array *array, const unit_table *t,
                  int64_t n_wanted, double **values)
{
    const int64_t n_columns =
        array != NULL && array->n_dimensions == 2 ? array->shape[1] : 1;
    if (array == NULL || n_columns < n_wanted)
        return COMMAND_OK;
    double *all = malloc(((size_t)array->n_elements + 1) * sizeof *all);
    double *some = malloc(((size_t)(n_wanted * t->spikes.n_spikes) + 1) * sizeof *some);
    spk_status status = SPK_OK;
    if (all != NULL && some != NULL)
        status = spk_array_to_double(ctx, array, all);
    const int failed = all == NULL || some == NULL || status != SPK_OK;
    for (int64_t i = 0; i < t->spikes.n_spikes && !failed; i++)
        for (int64_t c = 0; c < n_wanted; c++)
            some[n_wanted * i + c] = all[n_columns * t->kept[i] + c];
    const int no_memory = all == NULL || some == NULL;
    free(all);
    if (!failed) {
        *values = some;
        return COMMAND_OK;
    }
    free(some);
    return no_memory ? curate_fail_memory() : command_fail(CURATE_NAME, ctx, status);
}

int curate_make_table(spk_context *ctx, const curate_state *s, unit_table *t)
{
    const spk_spikes *all = s->input.spikes;
    const int64_t n = spk_curation_n_spikes(s->curation);
    const int64_t n_units = spk_curation_n_units(s->curation);
    memset(t, 0, sizeof *t);
    t->ids = malloc(((size_t)n_units + 1) * sizeof *t->ids);
    t->kept = malloc(((size_t)n + 1) * sizeof *t->kept);
    t->samples = malloc(((size_t)n + 1) * sizeof *t->samples);
    t->units = malloc(((size_t)n + 1) * sizeof *t->units);
    if (t->ids == NULL || t->kept == NULL || t->samples == NULL || t->units == NULL)
        return curate_fail_memory();
    spk_curation_unit_ids(s->curation, t->ids);
    const spk_status status = spk_curation_spikes(ctx, s->curation, t->kept, t->units);
    if (status != SPK_OK)
        return command_fail(CURATE_NAME, ctx, status);
    for (int64_t i = 0; i < n; i++)
        t->samples[i] = all->samples[t->kept[i]];
    t->spikes = *all;
    t->spikes.n_spikes = n;
    t->spikes.n_units = n_units;
    t->spikes.samples = t->samples;
    t->spikes.units = t->units;
    if (s->input.templates != NULL) {
        t->templates_of = malloc(((size_t)n + 1) * sizeof *t->templates_of);
        if (t->templates_of == NULL)
            return curate_fail_memory();
        for (int64_t i = 0; i < n; i++)
            t->templates_of[i] = s->input.templates->spike_templates[t->kept[i]];
    }
    const int code = gather(ctx, s->input.amplitudes, t, 1, &t->amplitudes);
    return code != COMMAND_OK
               ? code
               : gather(ctx, s->input.spike_positions, t, 2, &t->positions);
}

static spk_array view(const double *data, int64_t n_rows, int64_t n_columns)
{
    return (spk_array){.dtype = SPK_DTYPE_FLOAT64,
                       .n_dimensions = n_columns == 1 ? 1 : 2,
                       .shape = {n_rows, n_columns, 1, 1, 1, 1, 1, 1},
                       .n_elements = n_rows * n_columns,
                       .item_size = (int32_t)sizeof *data,
                       .data = data};
}

spk_array curate_amplitudes(const unit_table *t)
{
    return view(t->amplitudes, t->spikes.n_spikes, 1);
}

spk_array curate_positions(const unit_table *t)
{
    return view(t->positions, t->spikes.n_spikes, 2);
}
