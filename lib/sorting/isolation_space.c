/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/isolation_space.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "linalg/rank_update.h"

#include <math.h>
#include <spikekit/random.h>
#include <string.h>

enum {
    AHEAD = 12, /* spikes whose features are asked for before they are needed */
    SCATTERS_BYTES = 1 << 28 /* most that the moments of all units may take */
};

/* Selection sampling: each place is taken with the probability that fills the sample. */
void spk__isolation_choose(const uint32_t *from, int64_t n, int64_t k, uint64_t seed,
                           uint32_t stream, uint32_t *out)
{
    spk_random random = {.seed = seed, .stream = stream};
    int64_t taken = 0;
    for (int64_t i = 0; i < n && taken < k; i++)
        if (spk_random_uniform(&random) * (double)(n - i) < (double)(k - taken))
            out[taken++] = from == NULL ? (uint32_t)i : from[i];
}

/* ---- units ---- */

static spk_status choose_spikes(spk_context *ctx, const spk__metrics_work *work,
                                int64_t max_spikes, uint64_t seed,
                                spk__isolation_units *units)
{
    int64_t n_chosen = 0;
    for (int64_t u = 0; u < units->n_units; u++)
        if (spk_trains_unit(work->trains, u).n_spikes > max_spikes)
            n_chosen += max_spikes;
    units->chosen = spk__alloc(ctx, n_chosen, sizeof *units->chosen);
    if (units->chosen == NULL)
        return spk__fail_memory(ctx);
    uint32_t *next = units->chosen;
    for (int64_t u = 0; u < units->n_units; u++) {
        const spk_train train = spk_trains_unit(work->trains, u);
        units->counts[u] = train.n_spikes;
        units->spikes[u] = train.indices;
        if (train.n_spikes <= max_spikes)
            continue;
        spk__isolation_choose(train.indices, train.n_spikes, max_spikes, seed,
                              (uint32_t)u, next);
        units->counts[u] = max_spikes;
        units->spikes[u] = next;
        next += max_spikes;
    }
    return SPK_OK;
}

/* The row that most of the spikes have, the lowest of several; counts are 0 and stay so. */
static int32_t dominant_row(const spk_features *f, const uint32_t *spikes, int64_t n,
                            int64_t *counts, uint8_t *is_only)
{
    int32_t best = -1;
    for (int64_t i = 0; i < n; i++)
        counts[f->rows[spikes[i]]]++;
    for (int64_t i = 0; i < n; i++) {
        const int32_t row = f->rows[spikes[i]];
        if (best < 0 || counts[row] > counts[best] ||
            (row < best && counts[row] == counts[best]))
            best = row;
    }
    *is_only = best >= 0 && counts[best] == n;
    for (int64_t i = 0; i < n; i++)
        counts[f->rows[spikes[i]]] = 0;
    return best;
}

/* The channel of the space on which the centre is longest, the first of several. */
static int32_t main_channel(const spk__isolation_space *space)
{
    const int64_t n_components = space->units->features->n_components;
    int32_t best = -1;
    double longest = -1;
    for (int64_t k = 0; k < space->n_channels; k++) {
        double length = 0;
        for (int64_t p = 0; p < n_components; p++) {
            const double mean = space->centre[p * space->n_channels + k];
            length += mean * mean;
        }
        if (length > longest) {
            longest = length;
            best = space->channels[k];
        }
    }
    return best;
}

typedef struct unit_job {
    spk_context *ctx;
    spk__isolation_units *units;
    spk__isolation_space *spaces; /* [workers] */
    double **blocks;              /* [workers] */
} unit_job;

static void set_channels(spk__isolation_space *space, int64_t unit, int64_t max_channels);

/* The centre is the unit's mean. */
static spk_status find_scatter(spk_context *ctx, spk__isolation_space *space,
                               double *block, double *scatter)
{
    const int64_t n = space->units->counts[space->unit], n_d = space->n_dimensions;
    spk_status status = SPK_OK;
    memset(scatter, 0, (size_t)(n_d * n_d) * sizeof *scatter);
    for (int64_t first = 0; first < n && status == SPK_OK;
         first += SPK__ISOLATION_BLOCK) {
        const int64_t m =
            n - first < SPK__ISOLATION_BLOCK ? n - first : SPK__ISOLATION_BLOCK;
        spk__isolation_load_unit(space, space->unit, first, m, block);
        status = spk__linalg_rank_update(ctx, m, n_d, 1.0, block, scatter);
    }
    return status;
}

static void measure_centre(spk__isolation_space *space, double *block);

static spk_status find_main_channel(void *state, int64_t unit, int32_t worker)
{
    const unit_job *job = state;
    spk__isolation_space *space = &job->spaces[worker];
    const spk_features *f = job->units->features;
    const int64_t n_d = f->n_components * f->n_local;
    if (job->units->counts[unit] == 0)
        return SPK_OK;
    set_channels(space, unit, INT64_MAX);
    measure_centre(space, job->blocks[worker]);
    job->units->main_channels[unit] = main_channel(space);
    memcpy(job->units->means + unit * n_d, space->centre,
           (size_t)space->n_dimensions * sizeof *space->centre);
    if (job->units->scatters == NULL || !job->units->has_one_row[unit])
        return SPK_OK;
    return find_scatter(job->ctx, space, job->blocks[worker],
                        job->units->scatters + unit * n_d * n_d);
}

static spk_status find_main_channels(spk_context *ctx, spk__isolation_units *units)
{
    const spk_features *f = units->features;
    const int32_t n_workers = spk__parallel_workers(ctx, units->n_units);
    spk_status status = SPK_OK;
    unit_job job = {.ctx = ctx, .units = units};
    job.spaces = spk__alloc_zero(ctx, n_workers, sizeof *job.spaces);
    job.blocks = spk__alloc_zero(ctx, n_workers, sizeof *job.blocks);
    if (job.spaces == NULL || job.blocks == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int32_t w = 0; w < n_workers; w++) {
        if ((status = spk__isolation_space_make(ctx, units, n_workers, &job.spaces[w])) !=
            SPK_OK)
            goto cleanup;
        job.blocks[w] = spk__alloc(ctx, f->n_components * f->n_local,
                                   SPK__ISOLATION_BLOCK * sizeof **job.blocks);
        if (job.blocks[w] == NULL) {
            status = spk__fail_memory(ctx);
            goto cleanup;
        }
    }
    status = spk__parallel_for_part(ctx, units->n_units, find_main_channel, &job,
                                    "isolation", 0, 0.05);
cleanup:
    for (int32_t w = 0; job.spaces != NULL && w < n_workers; w++)
        spk__isolation_space_free(&job.spaces[w]);
    for (int32_t w = 0; job.blocks != NULL && w < n_workers; w++)
        spk__free(job.blocks[w]);
    spk__free(job.spaces);
    spk__free(job.blocks);
    return status;
}

/* Units by main channel, of one channel in their own order. */
static spk_status order_units(spk_context *ctx, spk__isolation_units *units)
{
    const int64_t n_channels = units->features->n_channels;
    int64_t *starts = spk__alloc_zero(ctx, n_channels + 2, sizeof *starts);
    if (starts == NULL)
        return spk__fail_memory(ctx);
    for (int64_t u = 0; u < units->n_units; u++)
        starts[units->main_channels[u] + 2]++; /* -1: none */
    for (int64_t c = 0; c < n_channels; c++)
        starts[c + 2] += starts[c + 1];
    starts[0] = 0;
    for (int64_t u = 0; u < units->n_units; u++)
        units->order[starts[units->main_channels[u] + 1]++] = (int32_t)u;
    spk__free(starts);
    return SPK_OK;
}

/* Spikes of a unit and of those whose main channel is in its row. */
static int64_t count_together(const spk__isolation_units *units, int64_t unit,
                              const int64_t *channel_counts)
{
    const spk_features *f = units->features;
    const int32_t *row = f->channels + units->rows[unit] * f->n_local;
    int64_t n = units->counts[unit];
    for (int64_t k = 0; k < f->n_local; k++)
        n += row[k] < 0 ? 0 : channel_counts[row[k]];
    return n;
}

static spk_status find_together(spk_context *ctx, spk__isolation_units *units)
{
    int64_t *counts = spk__alloc_zero(ctx, units->features->n_channels, sizeof *counts);
    if (counts == NULL)
        return spk__fail_memory(ctx);
    for (int64_t u = 0; u < units->n_units; u++)
        if (units->main_channels[u] >= 0)
            counts[units->main_channels[u]] += units->counts[u];
    for (int64_t u = 0; u < units->n_units; u++) {
        if (units->rows[u] < 0)
            continue;
        const int64_t n = count_together(units, u, counts);
        units->n_together = n > units->n_together ? n : units->n_together;
    }
    spk__free(counts);
    return SPK_OK;
}

static spk_status reserve_scatters(spk_context *ctx, spk__isolation_units *units)
{
    const int64_t n_d = units->features->n_components * units->features->n_local;
    const double bytes =
        (double)units->n_units * (double)n_d * (double)n_d * sizeof *units->scatters;
    if (bytes > SCATTERS_BYTES)
        return SPK_OK;
    units->scatters =
        spk__alloc(ctx, units->n_units, (size_t)(n_d * n_d) * sizeof *units->scatters);
    return units->scatters == NULL ? spk__fail_memory(ctx) : SPK_OK;
}

spk_status spk__isolation_units_make(spk_context *ctx, const spk__metrics_work *work,
                                     int64_t max_spikes, uint64_t seed, int want_scatters,
                                     spk__isolation_units *units)
{
    const spk_features *f = work->input->features;
    const int64_t n_units = work->input->spikes->n_units;
    *units = (spk__isolation_units){.features = f, .n_units = n_units};
    units->reader = spk__feature_rows_of(f);
    units->labels = work->input->spikes->units;
    units->counts = spk__alloc(ctx, n_units, sizeof *units->counts);
    units->spikes = spk__alloc(ctx, n_units, sizeof *units->spikes);
    units->rows = spk__alloc(ctx, n_units, sizeof *units->rows);
    units->order = spk__alloc(ctx, n_units, sizeof *units->order);
    units->main_channels = spk__alloc(ctx, n_units, sizeof *units->main_channels);
    units->means = spk__alloc(
        ctx, n_units, (size_t)(f->n_components * f->n_local) * sizeof *units->means);
    units->has_one_row = spk__alloc(ctx, n_units, sizeof *units->has_one_row);
    int64_t *counts = spk__alloc_zero(ctx, f->n_rows, sizeof *counts);
    spk_status status = SPK_OK;
    if (units->counts == NULL || units->spikes == NULL || units->rows == NULL ||
        units->main_channels == NULL || units->means == NULL ||
        units->has_one_row == NULL || units->order == NULL || counts == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = choose_spikes(ctx, work, max_spikes, seed, units)) != SPK_OK)
        goto cleanup;
    for (int64_t u = 0; u < n_units; u++) {
        units->rows[u] = dominant_row(f, units->spikes[u], units->counts[u], counts,
                                      &units->has_one_row[u]);
        units->main_channels[u] = -1;
        if (units->counts[u] > units->n_together)
            units->n_together = units->counts[u];
    }
    if (want_scatters && (status = reserve_scatters(ctx, units)) != SPK_OK)
        goto cleanup;
    status = find_main_channels(ctx, units);
    if (status == SPK_OK)
        status = order_units(ctx, units);
    if (status == SPK_OK)
        status = find_together(ctx, units);
cleanup:
    spk__free(counts);
    return status;
}

void spk__isolation_units_free(spk__isolation_units *units)
{
    spk__free(units->counts);
    spk__free(units->spikes);
    spk__free(units->rows);
    spk__free(units->order);
    spk__free(units->scatters);
    spk__free(units->main_channels);
    spk__free(units->means);
    spk__free(units->has_one_row);
    spk__free(units->chosen);
}

/* ---- spaces ---- */

spk_status spk__isolation_space_make(spk_context *ctx, const spk__isolation_units *units,
                                     int32_t n_workers, spk__isolation_space *space)
{
    const spk_features *f = units->features;
    *space = (spk__isolation_space){.units = units, .map_row = -1};
    space->channels = spk__alloc(ctx, f->n_local, sizeof *space->channels);
    space->centre = spk__alloc(ctx, f->n_components * f->n_local, sizeof *space->centre);
    space->neighbours = spk__alloc(ctx, units->n_units, sizeof *space->neighbours);
    space->place = spk__alloc(ctx, f->n_channels, sizeof *space->place);
    space->local = spk__alloc(ctx, f->n_local, sizeof *space->local);
    space->from = spk__alloc(ctx, f->n_components * f->n_local, sizeof *space->from);
    space->to = spk__alloc(ctx, f->n_components * f->n_local, sizeof *space->to);
    space->values = spk__alloc(ctx, f->n_local, sizeof *space->values);
    space->sums = spk__alloc(ctx, f->n_components * f->n_local, sizeof *space->sums);
    space->pick = spk__alloc(ctx, f->n_components * f->n_local, sizeof *space->pick);
    space->known = spk__alloc(ctx, f->n_components * f->n_local, sizeof *space->known);
    if (space->channels == NULL || space->centre == NULL || space->neighbours == NULL ||
        space->place == NULL || space->local == NULL || space->from == NULL ||
        space->to == NULL || space->values == NULL || space->sums == NULL ||
        space->pick == NULL || space->known == NULL) {
        spk__isolation_space_free(space);
        return spk__fail_memory(ctx);
    }
    const spk_status status = spk__isolation_panels_make(
        ctx, &units->reader, units->counts, units->spikes, units->n_units,
        units->n_together, n_workers, &space->panels);
    if (status != SPK_OK) {
        spk__isolation_space_free(space);
        return status;
    }
    for (int64_t c = 0; c < f->n_channels; c++)
        space->place[c] = -1;
    return SPK_OK;
}

void spk__isolation_space_free(spk__isolation_space *space)
{
    spk__free(space->channels);
    spk__free(space->centre);
    spk__free(space->neighbours);
    spk__free(space->place);
    spk__free(space->local);
    spk__free(space->from);
    spk__free(space->to);
    spk__free(space->values);
    spk__free(space->sums);
    spk__free(space->pick);
    spk__free(space->known);
    spk__isolation_panels_free(&space->panels);
    *space = (spk__isolation_space){.units = NULL};
}

static void add_channel(spk__isolation_space *space, int32_t channel)
{
    if (channel < 0 || space->place[channel] >= 0)
        return;
    space->place[channel] = (int32_t)space->n_channels;
    space->channels[space->n_channels++] = channel;
}

static void clear_channels(spk__isolation_space *space)
{
    for (int64_t k = 0; k < space->n_channels; k++)
        space->place[space->channels[k]] = -1;
    space->n_channels = 0;
    space->map_row = -1;
}

static void reset_centre(spk__isolation_space *space)
{
    space->n_dimensions = space->n_channels * space->units->features->n_components;
    for (int64_t d = 0; d < space->n_dimensions; d++)
        space->centre[d] = 0;
}

/* The first channels of the unit's row. */
static void set_channels(spk__isolation_space *space, int64_t unit, int64_t max_channels)
{
    const spk_features *f = space->units->features;
    const int32_t *row = f->channels + space->units->rows[unit] * f->n_local;
    clear_channels(space);
    space->unit = unit;
    for (int64_t k = 0; k < f->n_local && space->n_channels < max_channels; k++)
        add_channel(space, row[k]);
    reset_centre(space);
}

static void keep_near(spk__isolation_space *space, double radius_um)
{
    const double *xy = space->units->features->channel_positions_um;
    const int32_t centre = space->units->main_channels[space->unit];
    const int64_t n = space->n_channels;
    for (int64_t k = 0; k < n; k++)
        space->place[space->channels[k]] = -1;
    space->n_channels = 0;
    for (int64_t k = 0; k < n; k++) {
        const int32_t channel = space->channels[k];
        if (hypot(xy[2 * (int64_t)channel] - xy[2 * (int64_t)centre],
                  xy[2 * (int64_t)channel + 1] - xy[2 * (int64_t)centre + 1]) <=
            radius_um)
            add_channel(space, channel);
    }
    reset_centre(space);
}

static void add_neighbour(spk__isolation_space *space, int64_t unit)
{
    space->neighbours[space->n_neighbours++] = (int32_t)unit;
    space->n_others += space->units->counts[unit];
}

void spk__isolation_space_of(spk__isolation_space *space, int64_t unit,
                             int64_t max_channels, double radius_um)
{
    const spk__isolation_units *units = space->units;
    set_channels(space, unit, max_channels);
    if (isfinite(radius_um) && units->main_channels[unit] >= 0)
        keep_near(space, radius_um);
    space->n_neighbours = 0;
    space->n_others = 0;
    for (int64_t v = 0; v < units->n_units; v++)
        if (v != unit && units->main_channels[v] >= 0 &&
            space->place[units->main_channels[v]] >= 0)
            add_neighbour(space, v);
}

void spk__isolation_space_of_bombcell(spk__isolation_space *space, int64_t unit,
                                      int64_t max_channels)
{
    const spk__isolation_units *units = space->units;
    const spk_features *f = units->features;
    set_channels(space, unit, max_channels);
    space->n_neighbours = 0;
    space->n_others = 0;
    for (int64_t v = 0; v < units->n_units && space->n_channels > 0; v++) {
        if (v == unit || units->rows[v] < 0)
            continue;
        const int32_t *row = f->channels + units->rows[v] * f->n_local;
        int has = 0;
        for (int64_t k = 0; k < f->n_local; k++)
            has |= row[k] == space->channels[0];
        if (has)
            add_neighbour(space, v);
    }
}

/* The sum of a unit's spikes, from the centre. */
static void add_spikes(spk__isolation_space *space, int64_t unit, double *block,
                       double *sums)
{
    const int64_t n = space->units->counts[unit], n_d = space->n_dimensions;
    for (int64_t d = 0; d < n_d; d++)
        sums[d] = 0;
    for (int64_t first = 0; first < n; first += SPK__ISOLATION_BLOCK) {
        const int64_t m =
            n - first < SPK__ISOLATION_BLOCK ? n - first : SPK__ISOLATION_BLOCK;
        spk__isolation_load_unit(space, unit, first, m, block);
        for (int64_t i = 0; i < m; i++)
            for (int64_t d = 0; d < n_d; d++)
                sums[d] += block[i * n_d + d];
    }
}

static void measure_centre(spk__isolation_space *space, double *block)
{
    reset_centre(space);
    add_spikes(space, space->unit, block, space->sums);
    for (int64_t d = 0; d < space->n_dimensions; d++)
        space->centre[d] = space->sums[d] / (double)space->units->counts[space->unit];
}

/* Where the dimensions of the space of all channels of a unit's row go in this one, -1:
 * nowhere. Returns their number. */
static int64_t map_known(spk__isolation_space *space, int64_t unit)
{
    const spk_features *f = space->units->features;
    const int32_t *row = f->channels + space->units->rows[unit] * f->n_local;
    int64_t n = 0;
    for (int64_t k = 0; k < f->n_local; k++) {
        int is_new = row[k] >= 0;
        for (int64_t before = 0; before < k; before++)
            is_new &= row[before] != row[k];
        if (is_new)
            space->local[n++] = space->place[row[k]];
    }
    for (int64_t p = 0; p < f->n_components; p++)
        for (int64_t k = 0; k < n; k++)
            space->known[p * n + k] =
                space->local[k] < 0 ? -1
                                    : (int32_t)(p * space->n_channels + space->local[k]);
    space->map_row = -1; /* `local` was overwritten */
    return n * f->n_components;
}

void spk__isolation_space_centre(spk__isolation_space *space, double *block)
{
    const spk__isolation_units *units = space->units;
    if (!units->has_one_row[space->unit]) {
        measure_centre(space, block);
        return;
    }
    reset_centre(space);
    spk__isolation_space_mean(space, space->unit, block, space->centre);
}

void spk__isolation_space_mean(spk__isolation_space *space, int64_t unit, double *block,
                               double *mean)
{
    const spk__isolation_units *units = space->units;
    const spk_features *f = units->features;
    if (units->has_one_row[unit]) {
        const double *known = units->means + unit * f->n_components * f->n_local;
        const int64_t n = map_known(space, unit);
        for (int64_t d = 0; d < space->n_dimensions; d++)
            mean[d] = -space->centre[d];
        for (int64_t d = 0; d < n; d++)
            if (space->known[d] >= 0)
                mean[space->known[d]] += known[d];
        return;
    }
    add_spikes(space, unit, block, mean);
    for (int64_t d = 0; d < space->n_dimensions; d++)
        mean[d] /= (double)units->counts[unit];
}

int spk__isolation_space_add_scatter(spk__isolation_space *space, int64_t unit,
                                     double *sums)
{
    const spk__isolation_units *units = space->units;
    const spk_features *f = units->features;
    const int64_t n_most = f->n_components * f->n_local, n_d = space->n_dimensions;
    if (units->scatters == NULL || !units->has_one_row[unit])
        return 0;
    const double *known = units->scatters + unit * n_most * n_most;
    const int64_t n = map_known(space, unit);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            if (space->known[i] >= 0 && space->known[j] >= 0)
                sums[space->known[i] * n_d + space->known[j]] += known[i * n + j];
    return 1;
}

/* ---- spikes in a space ---- */

/* Which features of a row lie in the space, and where: all components of a channel that is
 * named twice go to its first place only. */
static void map_row(spk__isolation_space *space, int32_t row)
{
    const spk_features *f = space->units->features;
    const spk__feature_rows *reader = &space->units->reader;
    const int32_t *channels = f->channels + row * f->n_local;
    int64_t n = 0;
    for (int64_t k = 0; k < f->n_local; k++) {
        int is_new = channels[k] >= 0 && space->place[channels[k]] >= 0;
        for (int64_t before = 0; before < k && is_new; before++)
            is_new = channels[before] != channels[k];
        if (is_new)
            space->local[n++] = (int32_t)k;
    }
    space->n_map = n * f->n_components;
    for (int64_t p = 0; p < f->n_components; p++)
        for (int64_t k = 0; k < n; k++) {
            const int32_t local = space->local[k];
            space->from[p * n + k] =
                p * reader->component_stride + local * reader->local_stride;
            space->to[p * n + k] =
                (int32_t)(p * space->n_channels + space->place[channels[local]]);
        }
    for (int64_t d = 0; d < space->n_dimensions; d++)
        space->pick[d] = (int32_t)(f->n_components * f->n_local); /* the panel's 0 */
    for (int64_t p = 0; p < f->n_components; p++)
        for (int64_t k = 0; k < n; k++)
            space->pick[space->to[p * n + k]] =
                (int32_t)(p * f->n_local + space->local[k]);
    space->map_row = row;
}

static const uint8_t *features_at(const spk__feature_rows *reader, uint32_t spike)
{
    const int64_t *order = reader->features->order;
    return (const uint8_t *)reader->features->values->data +
           (order == NULL ? (int64_t)spike : order[spike]) * reader->spike_stride;
}

/* Features of a spike, float32, into their places; NaN is 0. */
static void place_floats(const spk__isolation_space *space, const uint8_t *at, double *x)
{
    const double *centre = space->centre;
    for (int64_t k = 0; k < space->n_map; k++) {
        const int32_t to = space->to[k];
        float value;
        memcpy(&value, at + space->from[k], sizeof value);
        x[to] = (isnan(value) ? 0 : (double)value) - centre[to];
    }
}

static void place_any(const spk__isolation_space *space, uint32_t spike, double *x)
{
    const int64_t n_components = space->units->features->n_components;
    const int64_t n = space->n_map / n_components;
    for (int64_t p = 0; p < n_components; p++) {
        spk__feature_rows_read(&space->units->reader, spike, p, space->values);
        for (int64_t k = 0; k < n; k++) {
            const int32_t to = space->to[p * n + k];
            x[to] = space->values[space->local[k]] - space->centre[to];
        }
    }
}

void spk__isolation_load(spk__isolation_space *space, const uint32_t *spikes, int64_t n,
                         double *block)
{
    const spk__feature_rows *reader = &space->units->reader;
    const int64_t n_d = space->n_dimensions;
    for (int64_t i = 0; i < n; i++) {
        double *x = block + i * n_d;
        const int32_t row = space->units->features->rows[spikes[i]];
        if (row != space->map_row)
            map_row(space, row);
        if (space->n_map < n_d)
            for (int64_t d = 0; d < n_d; d++)
                x[d] = 0 - space->centre[d];
        if (!reader->is_plain_float) {
            place_any(space, spikes[i], x);
            continue;
        }
        if (i + AHEAD < n) {
            const uint8_t *ahead = features_at(reader, spikes[i + AHEAD]);
            __builtin_prefetch(ahead);
            __builtin_prefetch(ahead + 64);
        }
        place_floats(space, features_at(reader, spikes[i]), x);
    }
}

void spk__isolation_load_unit(spk__isolation_space *space, int64_t unit, int64_t first,
                              int64_t n, double *block)
{
    const uint32_t *spikes = space->units->spikes[unit] + first;
    const int32_t *rows = space->units->features->rows;
    const float *at = spk__isolation_panel(&space->panels, unit);
    const int64_t n_d = space->n_dimensions;
    const int one_row = space->units->has_one_row[unit];
    if (at == NULL) {
        spk__isolation_load(space, spikes, n, block);
        return;
    }
    at += first * space->panels.stride;
    for (int64_t i = 0; i < n; i++, at += space->panels.stride, block += n_d) {
        const int32_t row = one_row ? space->units->rows[unit] : rows[spikes[i]];
        if (row != space->map_row)
            map_row(space, row);
        for (int64_t d = 0; d < n_d; d++)
            block[d] = (double)at[space->pick[d]] - space->centre[d];
    }
}
