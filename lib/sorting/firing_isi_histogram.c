/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The edges become whole numbers of samples once: the least length at or past each. A bin is
 * then found among integers by halving.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/firing.h>
#include <spikekit/spikes.h>
#include <string.h>

void spk_isi_histogram_options_init(spk_isi_histogram_options *options,
                                    size_t struct_size)
{
    const spk_isi_histogram_options defaults = {.struct_size = struct_size,
                                                .n_bins = 125,
                                                .log10_first_s = -3,
                                                .log10_width = 0.04};
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static spk_status read_options(spk_context *ctx, const spk_isi_histogram_options *options,
                               spk_isi_histogram_options *out)
{
    spk_isi_histogram_options_init(out, sizeof *out);
    if (options == NULL)
        return SPK_OK;
    SPK_REQUIRE(ctx, options->struct_size >= sizeof *out, SPK_ERR_ARGUMENT,
                "options: not filled by spk_isi_histogram_options_init()");
    *out = *options;
    SPK_REQUIRE(ctx, out->n_bins >= 1 && out->n_bins <= 100000, SPK_ERR_ARGUMENT,
                "n_bins must be 1 .. 100000, got %" PRId64, out->n_bins);
    SPK_REQUIRE(ctx, out->log10_first_s >= -12 && out->log10_first_s <= 12,
                SPK_ERR_ARGUMENT, "log10_first_s must be -12 .. 12, got %g",
                out->log10_first_s);
    SPK_REQUIRE(ctx, out->log10_width > 0 && isfinite(out->log10_width), SPK_ERR_ARGUMENT,
                "log10_width must be > 0, got %g", out->log10_width);
    SPK_REQUIRE(ctx, out->log10_first_s + (double)out->n_bins * out->log10_width < 18,
                SPK_ERR_ARGUMENT, "the last edge must lie below 10^18 s, got 10^%g",
                out->log10_first_s + (double)out->n_bins * out->log10_width);
    return SPK_OK;
}

static double log10_edge(const spk_isi_histogram_options *o, int64_t k)
{
    return o->log10_first_s + (double)k * o->log10_width;
}

spk_status spk_isi_histogram_length(spk_context *ctx, const spk_trains *trains,
                                    const spk_isi_histogram_options *options,
                                    int64_t *length)
{
    spk_isi_histogram_options o;
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, length != NULL, SPK_ERR_ARGUMENT, "length is NULL");
    spk_status status = read_options(ctx, options, &o);
    if (status != SPK_OK)
        return status;
    const int64_t n_units = spk_trains_spikes(trains)->n_units; /* below 2^31 */
    *length = n_units * o.n_bins;
    return SPK_OK;
}

spk_status spk_isi_histogram_edges(spk_context *ctx,
                                   const spk_isi_histogram_options *options,
                                   double *edges_s)
{
    spk_isi_histogram_options o;
    SPK_REQUIRE(ctx, edges_s != NULL, SPK_ERR_ARGUMENT, "edges_s is NULL");
    spk_status status = read_options(ctx, options, &o);
    if (status != SPK_OK)
        return status;
    for (int64_t k = 0; k <= o.n_bins; k++)
        edges_s[k] = pow(10, log10_edge(&o, k));
    return SPK_OK;
}

spk_status spk_isi_histogram_density(spk_context *ctx,
                                     const spk_isi_histogram_options *options,
                                     int64_t n_spikes, const int64_t *counts,
                                     double *density)
{
    spk_isi_histogram_options o;
    SPK_REQUIRE(ctx, n_spikes >= 0, SPK_ERR_ARGUMENT,
                "n_spikes must be >= 0, got %" PRId64, n_spikes);
    SPK_REQUIRE(ctx, counts != NULL, SPK_ERR_ARGUMENT, "counts is NULL");
    SPK_REQUIRE(ctx, density != NULL, SPK_ERR_ARGUMENT, "density is NULL");
    spk_status status = read_options(ctx, options, &o);
    if (status != SPK_OK)
        return status;
    for (int64_t k = 0; k < o.n_bins; k++) {
        const double width_s =
            pow(10, log10_edge(&o, k + 1)) - pow(10, log10_edge(&o, k));
        density[k] = n_spikes == 0 ? NAN : (double)counts[k] / width_s / (double)n_spikes;
    }
    return SPK_OK;
}

/* The least number of samples, at least 1, whose logarithm is at or past an edge; just past
 * it where `beyond` says so. */
static int64_t first_at(double edge, double rate_hz, int beyond)
{
    const double guess = pow(10, edge) * rate_hz;
    if (!(guess < 9e18))
        return INT64_MAX;
    int64_t d = guess < 2 ? 1 : (int64_t)guess - 1;
    for (int k = 0; k < 4; k++) {
        const double at = log10((double)d / rate_hz);
        if (beyond ? at > edge : at >= edge)
            break;
        d++;
    }
    return d;
}

typedef struct histogram_job {
    const spk_trains *trains;
    int64_t n_bins;
    const int64_t
        *firsts; /* [n_bins + 1] least length of bin k, one past that of the last */
    int64_t *counts;
} histogram_job;

static spk_status histogram_task(void *state, int64_t task, int32_t worker)
{
    const histogram_job *job = state;
    const spk_train train = spk_trains_unit(job->trains, task);
    int64_t *counts = job->counts + task * job->n_bins;
    int64_t bin = 0;
    (void)worker;
    memset(counts, 0, (size_t)job->n_bins * sizeof *counts);
    for (int64_t r = 0; r < train.n_runs; r++)
        for (int64_t k = train.run_offsets[r] + 1; k < train.run_offsets[r + 1]; k++) {
            const int64_t d = train.samples[k] - train.samples[k - 1];
            if (d < job->firsts[0] || d >= job->firsts[job->n_bins])
                continue;
            int64_t low = 0, high = job->n_bins; /* firsts[low] <= d < firsts[high] */
            if (d >= job->firsts[bin])
                low = bin;
            else
                high = bin;
            while (high - low > 1) {
                const int64_t middle = low + (high - low) / 2;
                if (d >= job->firsts[middle])
                    low = middle;
                else
                    high = middle;
            }
            bin = low;
            counts[bin]++;
        }
    return SPK_OK;
}

spk_status spk_isi_histogram_count(spk_context *ctx, const spk_trains *trains,
                                   const spk_isi_histogram_options *options,
                                   int64_t *counts)
{
    spk_isi_histogram_options o;
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, counts != NULL, SPK_ERR_ARGUMENT, "counts is NULL");
    spk_status status = read_options(ctx, options, &o);
    if (status != SPK_OK)
        return status;
    const spk_spikes *spikes = spk_trains_spikes(trains);
    int64_t *firsts = spk__alloc(ctx, o.n_bins + 1, sizeof *firsts);
    if (firsts == NULL)
        return spk__fail_memory(ctx);
    for (int64_t k = 0; k <= o.n_bins; k++) {
        firsts[k] = first_at(log10_edge(&o, k), spikes->sampling_rate_hz, k == o.n_bins);
        if (k > 0 && firsts[k] < firsts[k - 1])
            firsts[k] = firsts[k - 1];
    }
    histogram_job job = {trains, o.n_bins, firsts, counts};
    status = spk__parallel_for(ctx, spikes->n_units, histogram_task, &job,
                               "interspike intervals");
    spk__free(firsts);
    return status;
}
