/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SLAy's measures of a cross-correlogram. Both look at it through a Butterworth low-pass of
 * order 4, run forwards and backwards over an odd extension at both ends, each section started
 * in the steady state of the first value. The edges of the dip are peaks of the negative second
 * difference, found at one scale of a Ricker wavelet and held against the 90th percentile of
 * their surroundings.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/merge_work.h"

#include <math.h>
#include <spikekit/distributions.h>

enum {
    N_SECTIONS = 2,
    PADDING = 15, /* values that the filter adds at each end */
    MOST = SPK__MERGE_MOST_BINS + 2 * PADDING
};

static const double PI = 3.14159265358979323846;

typedef struct section {
    double gain; /* of 1 + 2 z^-1 + z^-2 */
    double a1;
    double a2;
} section;

typedef struct slay_job {
    const spk__merge_work *work;
    int64_t n_bins;
    double bin_s;
    int64_t *counts; /* [n_todo][n_bins] */
} slay_job;

/* Low-pass of order 4 by the bilinear transform; the cutoff is a share of the Nyquist rate. */
static void design(double cutoff, section *sections)
{
    const double k = tan(PI * cutoff / 2);
    for (int s = 0; s < N_SECTIONS; s++) {
        const double damping = 2 * cos(PI * (2 * s + 1) / (4 * N_SECTIONS));
        const double scale = 1 + damping * k + k * k;
        sections[s] = (section){k * k / scale, 2 * (k * k - 1) / scale,
                                (1 - damping * k + k * k) / scale};
    }
}

static void filter_once(const section *sections, int64_t n, double *values)
{
    for (int s = 0; s < N_SECTIONS; s++) {
        const section q = sections[s];
        /* Its gain for a constant is 1: the state that gives back the first value. */
        double z0 = (1 - q.gain) * values[0], z1 = (q.gain - q.a2) * values[0];
        for (int64_t i = 0; i < n; i++) {
            const double x = values[i], y = q.gain * x + z0;
            z0 = 2 * q.gain * x - q.a1 * y + z1;
            z1 = q.gain * x - q.a2 * y;
            values[i] = y;
        }
    }
}

static void reverse(int64_t n, double *values)
{
    for (int64_t i = 0; i < n / 2; i++) {
        const double kept = values[i];
        values[i] = values[n - 1 - i];
        values[n - 1 - i] = kept;
    }
}

/* In place; n > PADDING. */
static void low_pass(double cutoff, int64_t n, double *values)
{
    section sections[N_SECTIONS];
    double extended[MOST];
    const int64_t length = n + 2 * PADDING;
    design(cutoff, sections);
    for (int64_t i = 0; i < n; i++)
        extended[PADDING + i] = values[i];
    for (int64_t i = 1; i <= PADDING; i++) {
        extended[PADDING - i] = 2 * values[0] - values[i];
        extended[PADDING + n - 1 + i] = 2 * values[n - 1] - values[n - 1 - i];
    }
    for (int pass = 0; pass < 2; pass++) {
        filter_once(sections, length, extended);
        reverse(length, extended);
    }
    for (int64_t i = 0; i < n; i++)
        values[i] = extended[PADDING + i];
}

/* The transform at one scale, cut to the middle n values. */
static void ricker(double width, int64_t n, const double *values, double *transformed)
{
    const double points = fmin(10 * width, (double)n);
    const int64_t length = (int64_t)ceil(points);
    double wavelet[SPK__MERGE_MOST_BINS];
    for (int64_t i = 0; i < length; i++) {
        const double x = (double)i - (points - 1) / 2;
        const double share = x * x / (width * width);
        wavelet[length - 1 - i] = (1 - share) * exp(-share / 2);
    }
    const int64_t shift = (length - 1) / 2;
    for (int64_t k = 0; k < n; k++) {
        double sum = 0;
        for (int64_t i = 0; i < length; i++) {
            const int64_t j = k + shift - i;
            if (j >= 0 && j < n)
                sum += values[j] * wavelet[i];
        }
        transformed[k] = sum;
    }
}

/* The 90th percentile of values [first, end), sorted into scratch. */
static double percentile(const double *values, int64_t first, int64_t end,
                         double *scratch)
{
    int64_t n = 0;
    for (int64_t k = first; k < end; k++) {
        int64_t place = n++;
        for (; place > 0 && scratch[place - 1] > values[k]; place--)
            scratch[place] = scratch[place - 1];
        scratch[place] = values[k];
    }
    const double rank = 0.9 * (double)(n - 1);
    const int64_t below = (int64_t)rank;
    const double beyond = rank - (double)below;
    return beyond > 0 ? scratch[below] + (scratch[below + 1] - scratch[below]) * beyond
                      : scratch[below];
}

/* The distance [bins] from the middle of the peak nearest to it, but further than `least`;
 * NaN: there is none. */
static double nearest_edge(int64_t n, const double *transformed, int64_t n_bins,
                           double least)
{
    const int64_t surroundings = (int64_t)ceil((double)n / 20);
    double nearest = NAN, scratch[SPK__MERGE_MOST_BINS / 20 + 2];
    for (int64_t k = 1; k + 1 < n; k++) {
        if (!(transformed[k] > transformed[k - 1] && transformed[k] > transformed[k + 1]))
            continue;
        const int64_t half = surroundings / 2;
        const int64_t first = k < half ? 0 : k - half;
        const int64_t end =
            k + half + surroundings % 2 < n ? k + half + surroundings % 2 : n;
        const double noise = percentile(transformed, first, end, scratch);
        if (fabs(transformed[k] / noise) < 1)
            continue;
        const double distance = fabs((double)(k + 1) - (double)n_bins / 2);
        if (distance > least && !(distance >= nearest))
            nearest = distance;
    }
    return nearest;
}

/* 4 times the Wasserstein distance of counts from a flat histogram on 0 .. 1. */
static double distance_from_flat(int64_t n, const int64_t *counts)
{
    int64_t total = 0, sum = 0;
    double distance = 0;
    for (int64_t k = 0; k < n; k++)
        total += counts[k];
    if (total == 0)
        return 0;
    for (int64_t k = 0; k + 1 < n; k++) {
        sum += counts[k];
        distance += fabs((double)sum / (double)total - (double)(k + 1) / (double)n) *
                    ((double)(k + 1) / (double)n - (double)k / (double)n);
    }
    return 4 * distance;
}

static double rho(const slay_job *job, const int64_t *counts)
{
    const int64_t n_bins = job->n_bins, n = n_bins - 2;
    const double rate_hz = 1 / job->bin_s, width = 0.002 / job->bin_s;
    double bent[SPK__MERGE_MOST_BINS], transformed[SPK__MERGE_MOST_BINS];
    int64_t total = 0;
    for (int64_t k = 0; k < n_bins; k++)
        total += counts[k];
    if (total == 0)
        return 0;
    for (int64_t k = 0; k < n; k++)
        bent[k] = (double)(counts[k + 2] - 2 * counts[k + 1] + counts[k]);
    low_pass(100 / (rate_hz / 2), n, bent);
    for (int64_t k = 0; k < n; k++)
        bent[k] = -bent[k];
    ricker(width, n, bent, transformed);
    const double edge = nearest_edge(n, transformed, n_bins, width / 2);
    if (isnan(edge))
        return -4;
    const double middle = (double)n_bins / 2;
    const int64_t first = (int64_t)fmax(middle - 1.5 * edge, 0);
    const int64_t end = (int64_t)(fmin(middle + 1.5 * edge, (double)(n_bins - 1)) + 1);
    return distance_from_flat(end - first, counts + first);
}

static double eta(const slay_job *job, const int64_t *counts)
{
    static const int64_t periods[] = {1, 2, 4, 6, 8, 12, 16, 20}; /* bins */
    const int64_t half = job->n_bins / 2;
    double folded[SPK__MERGE_MOST_BINS], sums[20], sum = 0, highest = -INFINITY,
                                                   lowest = 1;
    for (int64_t k = 0; k < half; k++) {
        folded[k] = (double)(counts[half + k] + counts[half - 1 - k]) / 2;
        sum += folded[k];
        if (k < 20)
            sums[k] = sum;
    }
    low_pass(250 / (1 / job->bin_s / 2), half, folded);
    for (int64_t k = 0; k < half; k++)
        highest = fmax(highest, folded[k]);
    if (!(highest >= 0))
        return NAN;
    for (int p = 0; p < 8; p++) {
        const double expected = (double)periods[p] * (highest * 0.15);
        const int64_t observed = (int64_t)floor(sums[periods[p] - 1]);
        lowest = fmin(lowest, exp(spk_poisson_log_lower(observed, expected)));
    }
    return lowest;
}

static spk_status slay_of_pair(void *state, int64_t task, int32_t worker)
{
    (void)worker;
    const slay_job *job = state;
    const spk_merging_options *o = job->work->options;
    spk_merge_pair *pair = job->work->pairs + job->work->todo[task];
    const int64_t *counts = job->counts + task * job->n_bins;
    const double r = rho(job, counts), e = eta(job, counts);
    pair->values[SPK_MERGE_VALUE_SLAY_RHO] = r;
    pair->values[SPK_MERGE_VALUE_SLAY_ETA] = e;
    pair->values[SPK_MERGE_VALUE_SLAY] =
        pair->values[SPK_MERGE_VALUE_SIMILARITY] + o->slay_k1 * r - o->slay_k2 * e;
    return SPK_OK;
}

spk_status spk__merge_slay(spk_context *ctx, spk__merge_work *work)
{
    slay_job job = {.work = work};
    spk_correlogram_options correlogram;
    spk_status status = spk__merge_correlogram_options(ctx, work, &correlogram);
    if (status != SPK_OK)
        return status;
    job.n_bins = correlogram.n_bins;
    job.bin_s = work->options->correlogram_bin_ms / 1000;
    /* Too short to judge, or too coarse for the filters. */
    if (job.n_bins < 40 || !(job.bin_s < 0.002))
        return SPK_OK;
    if ((status = spk__merge_count_pairs(ctx, work, &correlogram, &job.counts)) == SPK_OK)
        status = spk__parallel_for(ctx, work->n_todo, slay_of_pair, &job, "slay");
    spk__free(job.counts);
    return status;
}
