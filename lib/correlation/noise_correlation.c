/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each unit's deviations are laid out once, condition after condition, so that a pair is one
 * product of two rows. A condition in which a unit does not vary leaves zeros there; which
 * conditions a pair has is told by a row of flags.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spikes/trial_windows.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/count_correlation.h>
#include <spikekit/noise_correlation.h>
#include <spikekit/random.h>
#include <string.h>

void spk_noise_correlation_options_init(spk_noise_correlation_options *options,
                                        size_t struct_size)
{
    spk_noise_correlation_options defaults = {
        .struct_size = struct_size,
        .pooling = SPK_NOISE_RESIDUAL,
        .control = SPK_NOISE_NONE,
        .shift = 1,
        .min_trials = 2,
        .confidence = 0.95,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static spk_status read_options(spk_context *ctx,
                               const spk_noise_correlation_options *options,
                               spk_noise_correlation_options *read)
{
    spk_noise_correlation_options_init(read, sizeof *read);
    if (options != NULL) {
        SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                    "options: not filled by spk_noise_correlation_options_init()");
        *read = *options;
    }
    SPK_REQUIRE(ctx,
                read->pooling == SPK_NOISE_ZSCORE || read->pooling == SPK_NOISE_RESIDUAL,
                SPK_ERR_ARGUMENT, "pooling must be 0 or 1, got %d", (int)read->pooling);
    SPK_REQUIRE(
        ctx, read->control >= SPK_NOISE_NONE && read->control <= SPK_NOISE_SHUFFLE,
        SPK_ERR_ARGUMENT, "control must be in 0 .. 2, got %d", (int)read->control);
    SPK_REQUIRE(ctx, read->min_trials >= 2, SPK_ERR_ARGUMENT,
                "min_trials must be >= 2, got %" PRId64, read->min_trials);
    SPK_REQUIRE(ctx, read->confidence > 0 && read->confidence < 1, SPK_ERR_ARGUMENT,
                "confidence must be between 0 and 1, got %g", read->confidence);
    return SPK_OK;
}

typedef struct noise_job {
    const spk_trials *trials;
    spk_noise_correlation_options options;
    int64_t n_used;   /* trials, in conditions that are used */
    int64_t n_blocks; /* conditions that are used */
    int64_t *members; /* [n_used] trials by condition */
    int64_t *firsts;  /* [n_blocks + 1] */
    double *rows;     /* [n_units][n_used] deviations or z-scores */
    double *partners; /* the same, of columns; rows unless shifted */
    double *varies;   /* [n_units][n_blocks] 1 if a unit varies */
    double *squares;  /* [n_units] sum over a row, 0 if it does not vary */
    const spk_noise_correlation *out;
} noise_job;

/* Sums in a fixed order, eight side by side. */
static double product(const double *a, const double *b, int64_t n)
{
    double sums[8] = {0};
    int64_t k = 0;
    for (; k + 8 <= n; k += 8)
        for (int lane = 0; lane < 8; lane++)
            sums[lane] += a[k + lane] * b[k + lane];
    for (int lane = 0; k < n; k++, lane++)
        sums[lane] += a[k] * b[k];
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
           ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

/* Whole trials of conditions that have enough of them. */
static void find_members(noise_job *job)
{
    const int64_t n_conditions = job->trials->n_conditions;
    int64_t first = 0;
    spk__trials_group(job->trials, 1, job->members, job->firsts);
    for (int64_t c = 0; c < n_conditions;
         c++) { /* moved to the front, as are their ends */
        const int64_t stop = job->firsts[c + 1], size = stop - first;
        if (size >= job->options.min_trials &&
            (job->options.control != SPK_NOISE_SHIFT || job->options.shift % size != 0)) {
            memmove(job->members + job->n_used, job->members + first,
                    (size_t)size * sizeof *job->members);
            job->n_used += size;
            job->firsts[++job->n_blocks] = job->n_used;
        }
        first = stop;
    }
}

static void shuffle(spk_random *random, double *values, int64_t n)
{
    for (int64_t k = n - 1; k > 0; k--) {
        const int64_t other = (int64_t)(spk_random_uniform(random) * (double)(k + 1));
        const double kept = values[k];
        values[k] = values[other];
        values[other] = kept;
    }
}

/* One condition of a unit: counts become deviations. Whole numbers are summed exactly. */
static void deviate(const noise_job *job, int64_t unit, int64_t block, double *row)
{
    const int64_t n = job->firsts[block + 1] - job->firsts[block];
    double sum = 0.0, squares = 0.0;
    for (int64_t k = 0; k < n; k++)
        sum += row[k];
    for (int64_t k = 0; k < n; k++) {
        row[k] = (row[k] * (double)n - sum) / (double)n;
        squares += row[k] * row[k];
    }
    job->varies[unit * job->n_blocks + block] = squares > 0.0;
    if (job->options.pooling == SPK_NOISE_ZSCORE && squares > 0.0)
        for (int64_t k = 0; k < n; k++)
            row[k] /= sqrt(squares / (double)(n - 1));
}

static spk_status prepare_unit(void *state, int64_t unit, int32_t worker)
{
    const noise_job *job = state;
    const spk_trials *trials = job->trials;
    const spk__trial_windows all = {trials->n_bins, 1, 1};
    double *row = job->rows + unit * job->n_used, total = 0.0;
    spk_random random = {.seed = job->options.seed, .stream = (uint32_t)unit};
    (void)worker;
    for (int64_t k = 0; k < job->n_used; k++) {
        row[k] = (double)spk__trial_windows_count(&all, trials, job->members[k], unit, 0);
        total += row[k];
    }
    if (job->out->rates_hz != NULL)
        job->out->rates_hz[unit] =
            total / ((double)job->n_used * (double)trials->n_bins *
                     ((double)trials->bin_samples / trials->sampling_rate_hz));
    for (int64_t b = 0; b < job->n_blocks; b++) {
        const int64_t first = job->firsts[b], n = job->firsts[b + 1] - first;
        if (job->options.control == SPK_NOISE_SHUFFLE)
            shuffle(&random, row + first, n);
        deviate(job, unit, b, row + first);
        if (job->options.control == SPK_NOISE_SHIFT) {
            double *partner = job->partners + unit * job->n_used + first;
            int64_t shift = job->options.shift % n;
            shift += shift < 0 ? n : 0;
            for (int64_t k = 0; k < n; k++)
                partner[k] = row[first + (k + shift) % n];
        }
    }
    job->squares[unit] = product(row, row, job->n_used);
    return SPK_OK;
}

static int64_t dof_of(const noise_job *job, int64_t i, int64_t j)
{
    const double *a = job->varies + i * job->n_blocks,
                 *b = job->varies + j * job->n_blocks;
    int64_t dof = 0;
    for (int64_t k = 0; k < job->n_blocks; k++)
        if (job->options.pooling == SPK_NOISE_RESIDUAL || a[k] * b[k] > 0.0)
            dof += job->firsts[k + 1] - job->firsts[k] - 1;
    return dof;
}

static void write_pair(const noise_job *job, int64_t at, double r, int64_t dof)
{
    const spk_noise_correlation *out = job->out;
    double lower, upper;
    if (out->correlations != NULL)
        out->correlations[at] = r;
    if (out->dof != NULL)
        out->dof[at] = dof;
    if (out->lower == NULL && out->upper == NULL)
        return;
    spk_correlation_limits(r, (double)(dof + 1), job->options.confidence, &lower, &upper);
    if (out->lower != NULL)
        out->lower[at] = lower;
    if (out->upper != NULL)
        out->upper[at] = upper;
}

static spk_status run_row(void *state, int64_t i, int32_t worker)
{
    const noise_job *job = state;
    const int64_t n = job->trials->n_units;
    const int is_square = job->options.control == SPK_NOISE_SHIFT;
    (void)worker;
    for (int64_t j = is_square ? 0 : i; j < n; j++) {
        const int64_t dof = dof_of(job, i, j);
        double r = NAN;
        if (dof >= 2 && job->squares[i] > 0.0 && job->squares[j] > 0.0) {
            const double sum = product(job->rows + i * job->n_used,
                                       job->partners + j * job->n_used, job->n_used);
            r = job->options.pooling == SPK_NOISE_ZSCORE
                    ? sum / (double)dof
                    : sum / sqrt(job->squares[i] * job->squares[j]);
            r = i == j && !is_square ? 1.0 : r > 1.0 ? 1.0 : r < -1.0 ? -1.0 : r;
        }
        write_pair(job, i * n + j, r, dof);
        if (!is_square && j > i)
            write_pair(job, j * n + i, r, dof);
    }
    return SPK_OK;
}

spk_status spk_noise_correlation_estimate(spk_context *ctx, const spk_trials *trials,
                                          const spk_noise_correlation_options *options,
                                          spk_noise_correlation *noise)
{
    SPK_REQUIRE(ctx, noise != NULL, SPK_ERR_ARGUMENT, "noise is NULL");
    noise_job job = {.trials = trials, .out = noise};
    spk_status status = spk_trials_check(ctx, trials);
    if (status == SPK_OK)
        status = read_options(ctx, options, &job.options);
    if (status != SPK_OK)
        return status;
    const int64_t n_units = trials->n_units;
    const int is_shifted = job.options.control == SPK_NOISE_SHIFT;
    job.members = spk__alloc(ctx, trials->n_trials, sizeof *job.members);
    job.firsts = spk__alloc(ctx, trials->n_conditions + 1, sizeof *job.firsts);
    if (job.members == NULL || job.firsts == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    find_members(&job);
    job.rows = spk__alloc(ctx, n_units * job.n_used, sizeof *job.rows);
    job.partners = is_shifted
                       ? spk__alloc(ctx, n_units * job.n_used, sizeof *job.partners)
                       : job.rows;
    job.varies = spk__alloc(ctx, n_units * job.n_blocks, sizeof *job.varies);
    job.squares = spk__alloc(ctx, n_units, sizeof *job.squares);
    if (job.rows == NULL || job.partners == NULL || job.varies == NULL ||
        job.squares == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = spk__parallel_for_part(ctx, n_units, prepare_unit, &job,
                                         "noise correlation", 0.0, 0.1)) == SPK_OK)
        status = spk__parallel_for_part(ctx, n_units, run_row, &job, "noise correlation",
                                        0.1, 1.0);
cleanup:
    spk__free(job.squares);
    spk__free(job.varies);
    if (is_shifted)
        spk__free(job.partners);
    spk__free(job.rows);
    spk__free(job.firsts);
    spk__free(job.members);
    return status;
}

/* ---- signal ---- */

typedef struct signal_job {
    const spk_trials *trials;
    int64_t n_means;  /* conditions with a trial */
    int64_t *members; /* trials by condition */
    int64_t *firsts;  /* [n_conditions + 1] */
    double *means;    /* [n_units][n_means] less their mean */
    double *squares;  /* [n_units] */
    double *correlations;
} signal_job;

static spk_status signal_unit(void *state, int64_t unit, int32_t worker)
{
    const signal_job *job = state;
    const spk_trials *trials = job->trials;
    const spk__trial_windows all = {trials->n_bins, 1, 1};
    double *means = job->means + unit * job->n_means, total = 0.0;
    int64_t n = 0, is_flat = 1;
    (void)worker;
    for (int64_t c = 0; c < trials->n_conditions; c++) {
        const int64_t first = job->firsts[c], size = job->firsts[c + 1] - first;
        double sum = 0.0;
        if (size == 0)
            continue;
        for (int64_t k = first; k < first + size; k++)
            sum +=
                (double)spk__trial_windows_count(&all, trials, job->members[k], unit, 0);
        means[n] = sum / (double)size;
        is_flat &= means[n] == means[0];
        total += means[n++];
    }
    for (int64_t k = 0; k < n; k++)
        means[k] -= total / (double)n;
    job->squares[unit] = is_flat ? 0.0 : product(means, means, n);
    return SPK_OK;
}

static spk_status signal_row(void *state, int64_t i, int32_t worker)
{
    const signal_job *job = state;
    const int64_t n = job->trials->n_units;
    (void)worker;
    for (int64_t j = i; j < n; j++) {
        double r = NAN;
        if (job->n_means >= 3 && job->squares[i] > 0.0 && job->squares[j] > 0.0) {
            r = product(job->means + i * job->n_means, job->means + j * job->n_means,
                        job->n_means) /
                sqrt(job->squares[i] * job->squares[j]);
            r = i == j || r > 1.0 ? 1.0 : r < -1.0 ? -1.0 : r;
        }
        job->correlations[i * n + j] = job->correlations[j * n + i] = r;
    }
    return SPK_OK;
}

spk_status spk_signal_correlation_estimate(spk_context *ctx, const spk_trials *trials,
                                           double *correlations)
{
    signal_job job = {.trials = trials, .correlations = correlations};
    spk_status status = spk_trials_check(ctx, trials);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, trials->n_units == 0 || correlations != NULL, SPK_ERR_ARGUMENT,
                "correlations is NULL");
    job.members = spk__alloc(ctx, trials->n_trials, sizeof *job.members);
    job.firsts = spk__alloc(ctx, trials->n_conditions + 1, sizeof *job.firsts);
    if (job.members == NULL || job.firsts == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    spk__trials_group(trials, 1, job.members, job.firsts);
    for (int64_t c = 0; c < trials->n_conditions; c++)
        job.n_means += job.firsts[c + 1] > job.firsts[c];
    job.means = spk__alloc(ctx, trials->n_units * job.n_means, sizeof *job.means);
    job.squares = spk__alloc(ctx, trials->n_units, sizeof *job.squares);
    if (job.means == NULL || job.squares == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    if ((status = spk__parallel_for(ctx, trials->n_units, signal_unit, &job, NULL)) ==
        SPK_OK)
        status = spk__parallel_for(ctx, trials->n_units, signal_row, &job,
                                   "signal correlation");
cleanup:
    spk__free(job.squares);
    spk__free(job.means);
    spk__free(job.firsts);
    spk__free(job.members);
    return status;
}
