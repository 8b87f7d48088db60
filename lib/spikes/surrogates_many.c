/* SPDX-License-Identifier: BSD-3-Clause */
/* Surrogates of many units, and of all as one table. */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spikes/surrogates_state.h"

#include <inttypes.h>

static const int64_t INDEX_END = (int64_t)1 << 48;
static const int64_t MOST_SPIKES = (int64_t)1 << 60;

typedef struct many {
    spk_context *ctx;
    const spk_surrogates *surrogates;
    int64_t first_unit, first, n_draws;
    int64_t *rooms;
    const int64_t *offsets;
    int64_t *samples, *counts;
} many;

static spk_status check_range(spk_context *ctx, const spk_surrogates *surrogates,
                              int64_t first_unit, int64_t last_unit, int64_t first,
                              int64_t last)
{
    SPK_REQUIRE(ctx, surrogates != NULL, SPK_ERR_ARGUMENT, "surrogates is NULL");
    SPK_REQUIRE(ctx,
                first_unit >= 0 && first_unit <= last_unit &&
                    last_unit <= surrogates->n_units,
                SPK_ERR_ARGUMENT,
                "first_unit, last_unit must be within 0 .. %" PRId64 ", got %" PRId64
                ", %" PRId64,
                surrogates->n_units, first_unit, last_unit);
    SPK_REQUIRE(ctx, first >= 0 && first <= last && last <= INDEX_END, SPK_ERR_ARGUMENT,
                "first, last must be within 0 .. 2^48, got %" PRId64 ", %" PRId64, first,
                last);
    SPK_REQUIRE(ctx,
                last_unit == first_unit ||
                    last - first < INT64_MAX / 16 / (last_unit - first_unit),
                SPK_ERR_OVERFLOW, "too many units and surrogates together");
    return SPK_OK;
}

static spk_status find_room(void *state, int64_t task, int32_t worker)
{
    const many *m = state;
    (void)worker;
    m->rooms[task] = spk_surrogates_room(m->surrogates, m->first_unit + task / m->n_draws,
                                         m->first + task % m->n_draws);
    return SPK_OK;
}

spk_status spk_surrogates_offsets(spk_context *ctx, const spk_surrogates *surrogates,
                                  int64_t first_unit, int64_t last_unit, int64_t first,
                                  int64_t last, int64_t *offsets)
{
    SPK_REQUIRE(ctx, offsets != NULL, SPK_ERR_ARGUMENT, "offsets is NULL");
    spk_status status = check_range(ctx, surrogates, first_unit, last_unit, first, last);
    if (status != SPK_OK)
        return status;
    const int64_t n = (last_unit - first_unit) * (last - first);
    many m = {.surrogates = surrogates,
              .first_unit = first_unit,
              .first = first,
              .n_draws = last - first,
              .rooms = offsets + 1};
    if ((status = spk__parallel_for(ctx, n, find_room, &m, NULL)) != SPK_OK)
        return status;
    offsets[0] = 0;
    for (int64_t k = 0; k < n; k++) {
        if (offsets[k + 1] > MOST_SPIKES - offsets[k])
            return spk__fail(ctx, SPK_ERR_OVERFLOW,
                             "the surrogates have more than 2^60 spikes");
        offsets[k + 1] += offsets[k];
    }
    return SPK_OK;
}

static spk_status draw_one(void *state, int64_t task, int32_t worker)
{
    const many *m = state;
    int64_t n;
    (void)worker;
    /* nothing may be written to, not even by name, where there is no room */
    int64_t *samples = m->samples == NULL ? NULL : m->samples + m->offsets[task];
    const spk_status status =
        spk_surrogates_draw(m->ctx, m->surrogates, m->first_unit + task / m->n_draws,
                            m->first + task % m->n_draws, samples, &n);
    if (status == SPK_OK && m->counts != NULL)
        m->counts[task] = n;
    return status;
}

spk_status spk_surrogates_draw_many(spk_context *ctx, const spk_surrogates *surrogates,
                                    int64_t first_unit, int64_t last_unit, int64_t first,
                                    int64_t last, const int64_t *offsets,
                                    int64_t *samples, int64_t *counts)
{
    SPK_REQUIRE(ctx, offsets != NULL, SPK_ERR_ARGUMENT, "offsets is NULL");
    const spk_status status =
        check_range(ctx, surrogates, first_unit, last_unit, first, last);
    if (status != SPK_OK)
        return status;
    const int64_t n = (last_unit - first_unit) * (last - first);
    SPK_REQUIRE(ctx, samples != NULL || offsets[n] == 0, SPK_ERR_ARGUMENT,
                "samples is NULL");
    many m = {.ctx = ctx,
              .surrogates = surrogates,
              .first_unit = first_unit,
              .first = first,
              .n_draws = last - first,
              .offsets = offsets,
              .samples = samples,
              .counts = counts};
    return spk__parallel_for(ctx, n, draw_one, &m, "surrogates");
}

int64_t spk_surrogates_table_room(const spk_surrogates *surrogates, int64_t index)
{
    int64_t room = 0;
    for (int64_t u = 0; surrogates != NULL && u < surrogates->n_units; u++)
        room += spk_surrogates_room(surrogates, u, index);
    return room;
}

/* The surrogates, one unit behind the other, without gaps. */
static int64_t close_gaps(const many *m, int64_t n_units, int32_t *units)
{
    int64_t n = 0;
    for (int64_t u = 0; u < n_units; u++)
        for (int64_t k = 0; k < m->counts[u]; k++) {
            m->samples[n] = m->samples[m->offsets[u] + k];
            units[n++] = (int32_t)u;
        }
    return n;
}

spk_status spk_surrogates_table(spk_context *ctx, const spk_surrogates *surrogates,
                                int64_t index, int64_t *samples, int32_t *units,
                                spk_spikes *table)
{
    SPK_REQUIRE(ctx, surrogates != NULL, SPK_ERR_ARGUMENT, "surrogates is NULL");
    SPK_REQUIRE(ctx, table != NULL, SPK_ERR_ARGUMENT, "table is NULL");
    SPK_REQUIRE(ctx, index >= 0 && index < INDEX_END, SPK_ERR_ARGUMENT,
                "index must be in 0 .. 2^48 - 1, got %" PRId64, index);
    const int64_t n_units = surrogates->n_units;
    int64_t *offsets = spk__alloc(ctx, n_units + 1, sizeof *offsets);
    int64_t *counts = spk__alloc(ctx, n_units, sizeof *counts);
    int64_t *drawn = NULL, *order = NULL;
    int32_t *drawn_units = NULL;
    spk_status status = SPK_OK;
    if (offsets == NULL || counts == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = spk_surrogates_offsets(ctx, surrogates, 0, n_units, index, index + 1,
                                         offsets)) != SPK_OK)
        goto cleanup;
    if (offsets[n_units] > 0 && (samples == NULL || units == NULL)) {
        status = spk__fail(ctx, SPK_ERR_ARGUMENT, "samples or units is NULL");
        goto cleanup;
    }
    drawn = spk__alloc(ctx, offsets[n_units], sizeof *drawn);
    drawn_units = spk__alloc(ctx, offsets[n_units], sizeof *drawn_units);
    order = spk__alloc(ctx, offsets[n_units], sizeof *order);
    if (drawn == NULL || drawn_units == NULL || order == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = spk_surrogates_draw_many(ctx, surrogates, 0, n_units, index, index + 1,
                                           offsets, drawn, counts)) != SPK_OK)
        goto cleanup;
    const many m = {.offsets = offsets, .samples = drawn, .counts = counts};
    const int64_t n = close_gaps(&m, n_units, drawn_units);
    if ((status = spk_spikes_order(ctx, n, drawn, order)) != SPK_OK)
        goto cleanup;
    for (int64_t k = 0; k < n; k++) {
        samples[k] = drawn[order[k]];
        units[k] = drawn_units[order[k]];
    }
    *table = *spk_trains_spikes(surrogates->trains);
    table->n_spikes = n;
    table->samples = samples;
    table->units = units;
cleanup:
    spk__free(order);
    spk__free(drawn_units);
    spk__free(drawn);
    spk__free(counts);
    spk__free(offsets);
    return status;
}
