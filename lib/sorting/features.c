/* SPDX-License-Identifier: BSD-3-Clause */
#include <spikekit/features.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/feature_rows.h"

#include <math.h>

enum {
    BLOCK = 16384
};

typedef struct depth_job {
    spk__feature_rows rows;
    int32_t weight;
    double *components; /* [workers][n_local] */
    double *depth_um;
} depth_job;

static double depth_of(const spk_features *f, const int32_t *channels, int32_t weight,
                       const double *components)
{
    double sum = 0, weighted = 0;
    for (int64_t k = 0; k < f->n_local; k++) {
        const double c = components[k];
        if (channels[k] < 0 || c == 0 || (weight == SPK_DEPTH_POSITIVE_PC1 && c < 0))
            continue;
        const double y = f->channel_positions_um[2 * (int64_t)channels[k] + 1];
        sum += c * c;
        weighted += c * c * y;
    }
    return sum > 0 ? weighted / sum : NAN;
}

static spk_status find_depths(void *state, int64_t task, int32_t worker)
{
    const depth_job *job = state;
    const spk_features *f = job->rows.features;
    const int64_t n = f->values->shape[0], first = task * BLOCK;
    const int64_t stop = n - first < BLOCK ? n : first + BLOCK;
    double *components = job->components + worker * f->n_local;
    for (int64_t s = first; s < stop; s++) {
        spk__feature_rows_read(&job->rows, s, 0, components);
        const int32_t *channels = f->channels + f->rows[s] * f->n_local;
        job->depth_um[s] = depth_of(f, channels, job->weight, components);
    }
    return SPK_OK;
}

spk_status spk_features_depths(spk_context *ctx, const spk_features *features,
                               int32_t weight, double *depth_um)
{
    SPK_REQUIRE(ctx, weight == SPK_DEPTH_POSITIVE_PC1 || weight == SPK_DEPTH_PC1,
                SPK_ERR_ARGUMENT, "weight must be an spk_depth_weight, got %d",
                (int)weight);
    spk_status status = spk__features_check(ctx, features, -1);
    if (status != SPK_OK)
        return status;
    const int64_t n = features->values->shape[0];
    SPK_REQUIRE(ctx, features->channel_positions_um != NULL, SPK_ERR_ARGUMENT,
                "features: positions of the channels are not known");
    SPK_REQUIRE(ctx, depth_um != NULL || n == 0, SPK_ERR_ARGUMENT, "depth_um is NULL");

    const int64_t n_blocks = (n + BLOCK - 1) / BLOCK;
    depth_job job = {
        .rows = spk__feature_rows_of(features), .weight = weight, .depth_um = depth_um};
    job.components = spk__alloc(ctx, spk__parallel_workers(ctx, n_blocks),
                                (size_t)features->n_local * sizeof *job.components);
    if (job.components == NULL)
        return spk__fail_memory(ctx);
    status = spk__parallel_for(ctx, n_blocks, find_depths, &job, "depths of spikes");
    spk__free(job.components);
    return status;
}
