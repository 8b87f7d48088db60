/* SPDX-License-Identifier: BSD-3-Clause */
/* How far a unit's spikes stand apart from those around it, in principal components. */
#include "sorting/isolation_mahalanobis.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/isolation_neighbors.h"
#include "sorting/isolation_silhouette.h"
#include "sorting/order_statistics.h"

#include <math.h>

enum {
    ISOLATION_DISTANCE,
    L_RATIO,
    L_RATIO_COLONELL,
    D_PRIME,
    NN_HIT_RATE,
    NN_MISS_RATE,
    NN_HIT_RATE_ALLEN,
    NN_MISS_RATE_ALLEN,
    SILHOUETTE,
    SILHOUETTE_FULL,
    SILHOUETTE_ALLEN,
    ISOLATION_DISTANCE_BOMBCELL,
    L_RATIO_BOMBCELL,
    N_METRICS
};

#define GROUP "isolation"
#define NEEDS SPK_METRIC_NEEDS_FEATURES
#define SINGULAR                                                                         \
    "no other spikes, or a covariance that is singular (N <= features, or a feature "    \
    "that does not vary)"

static const spk_metric metrics[N_METRICS] = {
    [ISOLATION_DISTANCE] =
        {"isolation_distance",
         "spikeinterface:isolation_distance allen:isolation_distance", GROUP, "1",
         "The n-th smallest squared Mahalanobis distance of the spikes around from the "
         "unit, (x - mean)^T S^-1 (x - mean) with the mean and covariance S of the "
         "unit's "
         "N spikes; n = min(N, spikes around). The space is all components on the "
         "channels of the unit's template; the spikes around are those of units whose "
         "main channel is among them, 0 where they have no feature.",
         SINGULAR "; n < 2", NEEDS, 0},
    [L_RATIO] = {"l_ratio", "spikeinterface:l_ratio allen:l_ratio", GROUP, "1",
                 "Sum over the spikes around of 1 - F(d^2), divided by N: d^2 as in "
                 "isolation_distance, F the chi-square distribution with as many degrees "
                 "of freedom as there are features.",
                 SINGULAR "; n < 2", NEEDS, 0},
    [L_RATIO_COLONELL] = {"l_ratio_colonell", "", GROUP, "1",
                          "As l_ratio, divided by the number of spikes around: what some "
                          "versions of the Allen Institute's ecephys_spike_sorting do.",
                          SINGULAR "; n < 2", NEEDS, 0},
    [D_PRIME] =
        {"d_prime", "spikeinterface:d_prime allen:d_prime", GROUP, "1",
         "(m1 - m2) / sqrt((v1 + v2) / 2), means and variances of the unit's spikes and "
         "of the spikes around along Fisher's linear discriminant W^-1 (M1 - M2), W the "
         "covariance within both; space and spikes as in isolation_distance. The sign is "
         "that of m1 > m2.",
         "no other spikes, or a covariance within both that is singular", NEEDS, 0},
    [NN_HIT_RATE] =
        {"nn_hit_rate", "spikeinterface:nn_hit_rate", GROUP, "1",
         "Of the nn_neighbors nearest neighbours of the unit's spikes, itself excluded, "
         "the fraction that are the unit's; space and spikes as in isolation_distance. "
         "Of "
         "more than nn_max_spikes in all, the unit's before the others, in order of "
         "time, spikes at equal steps are used.",
         "no other spikes (SpikeInterface: 1), no more spikes than neighbours, or none "
         "of the unit used",
         NEEDS, 0},
    [NN_MISS_RATE] = {"nn_miss_rate", "spikeinterface:nn_miss_rate", GROUP, "1",
                      "Of the nearest neighbours of the spikes around, the fraction that "
                      "are the unit's; otherwise as nn_hit_rate.",
                      "as nn_hit_rate (SpikeInterface: 0 without other spikes)", NEEDS,
                      0},
    [NN_HIT_RATE_ALLEN] =
        {"nn_hit_rate_allen", "allen:nn_hit_rate", GROUP, "1",
         "As nn_hit_rate with nn_neighbors_allen - 1 neighbours: the Allen Institute's "
         "nn_neighbors_allen count the spike itself, which is then left out.",
         "as nn_hit_rate", NEEDS, 0},
    [NN_MISS_RATE_ALLEN] = {"nn_miss_rate_allen", "allen:nn_miss_rate", GROUP, "1",
                            "As nn_miss_rate with nn_neighbors_allen - 1 neighbours.",
                            "as nn_hit_rate", NEEDS, 0},
    [SILHOUETTE] =
        {"silhouette", "spikeinterface:silhouette", GROUP, "1",
         "Mean over the unit's spikes of (b - a) / max(a, b), a the distance to the "
         "unit's centroid, b that to the centroid of the unit around whose centroid is "
         "nearest to the spikes on average (simplified silhouette); space and units as "
         "in isolation_distance.",
         "no other spikes", NEEDS, 0},
    [SILHOUETTE_FULL] =
        {"silhouette_full", "", GROUP, "1",
         "Mean over the unit's spikes of (b - a) / max(a, b), a the mean distance to the "
         "unit's other spikes, b the smallest mean distance to the spikes of a unit "
         "around; of units with more than silhouette_max_spikes a random sample. "
         "SpikeInterface's method 'full' works for units of one size only, and is not "
         "this.",
         "no other spikes, or one spike", NEEDS, 1},
    [SILHOUETTE_ALLEN] =
        {"silhouette_allen", "allen:silhouette_score", GROUP, "1",
         "The smallest, over the units around, of the silhouette of two units: the mean "
         "over the spikes of both, a the mean distance within a unit, b that to the "
         "other; samples as in silhouette_full.",
         "no other spikes, or fewer than three of both", NEEDS, 1},
    [ISOLATION_DISTANCE_BOMBCELL] =
        {"isolation_distance_bombcell", "bombcell:isolationDistance", GROUP, "1",
         "As isolation_distance on the first isolation_channels_bombcell channels of the "
         "unit's template, with 1e-10 added to the diagonal of the covariance, the "
         "spikes around being those of units whose template has the first of these "
         "channels; the (N + 1)-th smallest.",
         "N <= features, or no more than N spikes around", NEEDS, 0},
    [L_RATIO_BOMBCELL] =
        {"l_ratio_bombcell", "bombcell:Lratio", GROUP, "1",
         "As l_ratio, with the distances of isolation_distance_bombcell.",
         "N <= features, or no spikes around", NEEDS, 0},
};

enum {
    MAX_SPIKES,
    MAX_CHANNELS,
    RADIUS_UM,
    SEED,
    NN_NEIGHBORS,
    NN_NEIGHBORS_ALLEN,
    NN_MAX_SPIKES,
    SILHOUETTE_MAX_SPIKES,
    CHANNELS_BOMBCELL,
    N_PARAMETERS
};

static const spk_metrics_parameter parameters[N_PARAMETERS] = {
    [MAX_SPIKES] = {"isolation_max_spikes", GROUP, "spikes",
                    "Of units with more, a random sample of so many is used.",
                    4294967295.0, 2, 4294967295.0},
    [MAX_CHANNELS] = {"isolation_max_channels", GROUP, "channels",
                      "So many first channels of a unit's template make its space.", 1e6,
                      1, 1e6},
    [RADIUS_UM] = {"isolation_radius_um", GROUP, "um",
                   "Of them only those this near to the unit's main channel; 1e6: all.",
                   1e6, 0, 1e6},
    [SEED] = {"isolation_seed", GROUP, "1", "Chooses the random samples.", 0, 0,
              9007199254740992.0},
    [NN_NEIGHBORS] = {"nn_neighbors", GROUP, "spikes",
                      "Nearest neighbours that are looked at.", 5, 1, 1000},
    [NN_NEIGHBORS_ALLEN] = {"nn_neighbors_allen", GROUP, "spikes",
                            "The same with the spike itself, for the _allen rates.", 4, 2,
                            1000},
    [NN_MAX_SPIKES] = {"nn_max_spikes", GROUP, "spikes",
                       "Most spikes whose neighbours are looked for; the time grows with "
                       "the square.",
                       10000, 2, 1e7},
    [SILHOUETTE_MAX_SPIKES] = {"silhouette_max_spikes", GROUP, "spikes",
                               "Spikes of a unit that silhouette_full and _allen use at "
                               "most.",
                               1000, 2, 1e7},
    [CHANNELS_BOMBCELL] = {"isolation_channels_bombcell", GROUP, "channels",
                           "Channels of the _bombcell distances.", 4, 1, 1e6},
};

/* ---- one unit ---- */

typedef struct isolation_worker {
    spk__isolation_space space;
    spk__isolation_moments moments;
    spk__isolation_neighbors neighbors;
    spk__isolation_silhouette silhouette;
} isolation_worker;

typedef struct isolation_job {
    spk_context *ctx;
    const spk__isolation_units *units;
    double *const *values;
    double settings[N_PARAMETERS];
    isolation_worker *workers;
} isolation_job;

static int wants(const isolation_job *job, int metric)
{
    return job->values[metric] != NULL;
}

static int wants_distances(const isolation_job *job)
{
    return wants(job, ISOLATION_DISTANCE) || wants(job, L_RATIO) ||
           wants(job, L_RATIO_COLONELL);
}

static int wants_bombcell(const isolation_job *job)
{
    return wants(job, ISOLATION_DISTANCE_BOMBCELL) || wants(job, L_RATIO_BOMBCELL);
}

static void set(const isolation_job *job, int metric, int64_t unit, double value)
{
    if (job->values[metric] != NULL)
        job->values[metric][unit] = value;
}

static spk_status find_distances(const isolation_job *job, int64_t unit,
                                 isolation_worker *w)
{
    spk__isolation_result r;
    int has = 0;
    const int want = wants_distances(job);
    if (!want && !wants(job, D_PRIME))
        return SPK_OK;
    const spk_status status = spk__isolation_distances(
        job->ctx, &w->space, &w->moments, 0, want, wants(job, D_PRIME), &r, &has);
    if (status != SPK_OK)
        return status;
    set(job, D_PRIME, unit, r.d_prime);
    const int64_t n = r.n_own < r.n_others ? r.n_own : r.n_others;
    if (!has || n < 2)
        return SPK_OK;
    set(job, L_RATIO, unit, r.tail / (double)r.n_own);
    set(job, L_RATIO_COLONELL, unit, r.tail / (double)r.n_others);
    if (wants(job, ISOLATION_DISTANCE))
        set(job, ISOLATION_DISTANCE, unit,
            spk__select(w->moments.distances, r.n_others, n - 1));
    return SPK_OK;
}

static spk_status find_bombcell(const isolation_job *job, int64_t unit,
                                isolation_worker *w)
{
    spk__isolation_result r;
    int has = 0;
    if (!wants_bombcell(job))
        return SPK_OK;
    spk__isolation_space_of_bombcell(&w->space, unit,
                                     (int64_t)job->settings[CHANNELS_BOMBCELL]);
    if (job->units->counts[unit] <= w->space.n_dimensions || w->space.n_others == 0)
        return SPK_OK;
    spk__isolation_space_centre(&w->space, w->moments.block);
    const spk_status status =
        spk__isolation_distances(job->ctx, &w->space, &w->moments, 1e-10, 1, 0, &r, &has);
    if (status != SPK_OK || !has)
        return status;
    set(job, L_RATIO_BOMBCELL, unit, r.tail / (double)r.n_own);
    if (r.n_others > r.n_own)
        set(job, ISOLATION_DISTANCE_BOMBCELL, unit,
            spk__select(w->moments.distances, r.n_others, r.n_own));
    return SPK_OK;
}

static spk_status find_rates(const isolation_job *job, int64_t unit, isolation_worker *w)
{
    spk__isolation_rates rates;
    if (!wants(job, NN_HIT_RATE) && !wants(job, NN_MISS_RATE) &&
        !wants(job, NN_HIT_RATE_ALLEN) && !wants(job, NN_MISS_RATE_ALLEN))
        return SPK_OK;
    const spk_status status =
        spk__isolation_rates_find(job->ctx, &w->space, &w->neighbors, &rates);
    if (status != SPK_OK)
        return status;
    set(job, NN_HIT_RATE, unit, rates.hit);
    set(job, NN_MISS_RATE, unit, rates.miss);
    set(job, NN_HIT_RATE_ALLEN, unit, rates.hit_allen);
    set(job, NN_MISS_RATE_ALLEN, unit, rates.miss_allen);
    return SPK_OK;
}

static spk_status find_silhouettes(const isolation_job *job, int64_t unit,
                                   isolation_worker *w)
{
    double value = NAN, full = NAN, worst_pair = NAN;
    spk_status status = SPK_OK;
    if (wants(job, SILHOUETTE))
        status = spk__isolation_simplified(job->ctx, &w->space, &w->silhouette, &value);
    if (status == SPK_OK && (wants(job, SILHOUETTE_FULL) || wants(job, SILHOUETTE_ALLEN)))
        status = spk__isolation_full(
            job->ctx, &w->space, (int64_t)job->settings[SILHOUETTE_MAX_SPIKES],
            (uint64_t)job->settings[SEED], wants(job, SILHOUETTE_ALLEN), &w->silhouette,
            &full, &worst_pair);
    if (status != SPK_OK)
        return status;
    set(job, SILHOUETTE, unit, value);
    set(job, SILHOUETTE_FULL, unit, full);
    set(job, SILHOUETTE_ALLEN, unit, worst_pair);
    return SPK_OK;
}

static spk_status find_unit(void *state, int64_t task, int32_t worker)
{
    const isolation_job *job = state;
    const int64_t unit = job->units->order[task];
    isolation_worker *w = &job->workers[worker];
    if (job->units->counts[unit] == 0)
        return SPK_OK;
    const double radius_um = job->settings[RADIUS_UM];
    spk__isolation_space_of(&w->space, unit, (int64_t)job->settings[MAX_CHANNELS],
                            radius_um < 1e6 ? radius_um : INFINITY);
    spk__isolation_space_centre(&w->space, w->moments.block);
    spk_status status = find_distances(job, unit, w);
    if (status == SPK_OK)
        status = find_rates(job, unit, w);
    if (status == SPK_OK)
        status = find_silhouettes(job, unit, w);
    if (status == SPK_OK)
        status = find_bombcell(job, unit, w); /* in a space of its own: last */
    return status;
}

/* ---- all units ---- */

static spk_status make_worker(const isolation_job *job, int32_t n_workers,
                              isolation_worker *w)
{
    spk_status status =
        spk__isolation_space_make(job->ctx, job->units, n_workers, &w->space);
    w->neighbors.max_spikes = (int64_t)job->settings[NN_MAX_SPIKES];
    w->neighbors.n_nearest = (int64_t)job->settings[NN_NEIGHBORS];
    w->neighbors.n_nearest_allen = (int64_t)job->settings[NN_NEIGHBORS_ALLEN] - 1;
    if (status == SPK_OK)
        status = spk__isolation_moments_make(job->ctx, job->units->features, &w->moments);
    if (status == SPK_OK)
        status = spk__isolation_silhouette_make(job->ctx, job->units, &w->silhouette);
    return status;
}

static void free_worker(isolation_worker *w)
{
    spk__isolation_space_free(&w->space);
    spk__isolation_moments_free(&w->moments);
    spk__isolation_neighbors_free(&w->neighbors);
    spk__isolation_silhouette_free(&w->silhouette);
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const spk_features *f = work->input->features;
    const int64_t n_units = work->input->spikes->n_units;
    spk_status status = spk__features_check(ctx, f, work->input->spikes->n_spikes);
    if (status != SPK_OK)
        return status;
    isolation_job job = {.ctx = ctx, .values = values};
    for (int p = 0; p < N_PARAMETERS; p++)
        job.settings[p] = spk__metrics_parameter(work, parameters[p].name);
    SPK_REQUIRE(ctx, job.settings[RADIUS_UM] >= 1e6 || f->channel_positions_um != NULL,
                SPK_ERR_NOT_FOUND,
                "isolation_radius_um is given, but positions of the channels are not "
                "known");

    spk__isolation_units units;
    const int32_t n_workers = spk__parallel_workers(ctx, n_units);
    status = spk__isolation_units_make(
        ctx, work, (int64_t)job.settings[MAX_SPIKES], (uint64_t)job.settings[SEED],
        wants_distances(&job) || wants(&job, D_PRIME) || wants_bombcell(&job), &units);
    if (status != SPK_OK)
        goto cleanup;
    job.units = &units;
    job.workers = spk__alloc_zero(ctx, n_workers, sizeof *job.workers);
    if (job.workers == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int32_t w = 0; w < n_workers && status == SPK_OK; w++)
        status = make_worker(&job, n_workers, &job.workers[w]);
    if (status == SPK_OK)
        status =
            spk__parallel_for_part(ctx, n_units, find_unit, &job, "isolation", 0.05, 1);
cleanup:
    for (int32_t w = 0; job.workers != NULL && w < n_workers; w++)
        free_worker(&job.workers[w]);
    spk__free(job.workers);
    spk__isolation_units_free(&units);
    return status;
}

const spk__metric_group spk__metrics_isolation = {
    .name = "isolation",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .parameters = parameters,
    .n_parameters = N_PARAMETERS,
    .compute = compute,
};
