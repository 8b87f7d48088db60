/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/isolation_panels.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

enum {
    AHEAD = 12, /* spikes whose features are asked for before they are needed */
    LINE = 64   /* bytes */
};

spk_status spk__isolation_panels_make(spk_context *ctx, const spk__feature_rows *reader,
                                      const int64_t *counts,
                                      const uint32_t *const *spikes, int64_t n_units,
                                      int64_t n_spikes, int32_t n_workers,
                                      spk__isolation_panels *panels)
{
    const spk_features *f = reader->features;
    *panels = (spk__isolation_panels){
        .reader = reader, .counts = counts, .spikes = spikes, .n_units = n_units};
    panels->stride = f->n_components * f->n_local + 1;
    if (!reader->is_plain_float)
        return SPK_OK;
    panels->capacity =
        SPK__ISOLATION_PANELS_BYTES / (int64_t)sizeof *panels->values / n_workers;
    if (n_spikes < panels->capacity / panels->stride)
        panels->capacity = n_spikes * panels->stride;
    panels->values = spk__alloc(ctx, panels->capacity, sizeof *panels->values);
    panels->places = spk__alloc(ctx, n_units, sizeof *panels->places);
    panels->held = spk__alloc(ctx, n_units, sizeof *panels->held);
    if (panels->values == NULL || panels->places == NULL || panels->held == NULL) {
        spk__isolation_panels_free(panels);
        return spk__fail_memory(ctx);
    }
    for (int64_t u = 0; u < n_units; u++)
        panels->places[u] = -1;
    return SPK_OK;
}

void spk__isolation_panels_free(spk__isolation_panels *panels)
{
    spk__free(panels->values);
    spk__free(panels->places);
    spk__free(panels->held);
    *panels = (spk__isolation_panels){.capacity = 0};
}

static const uint8_t *features_of(const spk__feature_rows *reader, uint32_t spike)
{
    const int64_t *order = reader->features->order;
    return (const uint8_t *)reader->features->values->data +
           (order == NULL ? (int64_t)spike : order[spike]) * reader->spike_stride;
}

static void copy_features(const spk__isolation_panels *panels, int64_t unit, float *out)
{
    const spk__feature_rows *reader = panels->reader;
    const spk_features *f = reader->features;
    const uint32_t *spikes = panels->spikes[unit];
    const int64_t n = panels->counts[unit], n_values = panels->stride - 1;
    const int is_packed =
        reader->local_stride == (ptrdiff_t)sizeof(float) &&
        reader->component_stride == (ptrdiff_t)(f->n_local * (int64_t)sizeof(float));
    for (int64_t i = 0; i < n; i++, out += panels->stride) {
        if (i + AHEAD < n) {
            const uint8_t *ahead = features_of(reader, spikes[i + AHEAD]);
            for (int64_t line = 0; line < n_values && is_packed;
                 line += LINE / (int64_t)sizeof(float))
                __builtin_prefetch(ahead + line * (int64_t)sizeof(float));
        }
        const uint8_t *at = features_of(reader, spikes[i]);
        if (is_packed)
            memcpy(out, at, (size_t)n_values * sizeof *out);
        else
            for (int64_t p = 0; p < f->n_components; p++)
                for (int64_t k = 0; k < f->n_local; k++)
                    memcpy(out + p * f->n_local + k,
                           at + p * reader->component_stride + k * reader->local_stride,
                           sizeof *out);
        for (int64_t k = 0; k < n_values; k++)
            out[k] = isnan(out[k]) ? 0 : out[k];
        out[n_values] = 0;
    }
}

/* Drops the oldest while it begins in [first, stop). */
static void drop(spk__isolation_panels *panels, int64_t first, int64_t stop)
{
    while (panels->n_held > 0) {
        const int32_t unit = panels->held[panels->oldest];
        if (panels->places[unit] < first || panels->places[unit] >= stop)
            return;
        panels->places[unit] = -1;
        panels->oldest = (panels->oldest + 1) % panels->n_units;
        panels->n_held--;
    }
}

const float *spk__isolation_panel(spk__isolation_panels *panels, int64_t unit)
{
    const int64_t n = panels->counts[unit] * panels->stride;
    if (panels->capacity == 0 || n == 0 || n > panels->capacity)
        return NULL;
    if (panels->places[unit] >= 0)
        return panels->values + panels->places[unit];
    if (n > panels->capacity - panels->next) {
        drop(panels, panels->next, panels->capacity);
        panels->next = 0;
    }
    drop(panels, panels->next, panels->next + n);
    copy_features(panels, unit, panels->values + panels->next);
    panels->places[unit] = panels->next;
    panels->held[(panels->oldest + panels->n_held++) % panels->n_units] = (int32_t)unit;
    panels->next += n;
    return panels->values + panels->places[unit];
}
