/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A unit's amplitudes are gathered and sorted once; medians, quantiles and every histogram
 * are then cut from the sorted list.
 */
#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/amplitude_cutoff.h"
#include "sorting/amplitude_histogram.h"
#include "sorting/amplitude_spread.h"
#include "sorting/metric_columns.h"
#include "sorting/metric_group.h"
#include "sorting/spike_values.h"
#include "sorting/train_bins.h"
#include "sorting/value_order.h"

#include <math.h>
#include <string.h>

enum {
    N_MISSING,
    MEDIAN,
    MINIMUM,
    MAXIMUM,
    MEDIAN_IBL,
    STD_DB,
    SD,
    SD_ROBUST,
    CV_MEDIAN,
    CV_RANGE,
    CUTOFF,
    CUTOFF_SE,
    CUTOFF_ALLEN,
    CUTOFF_IBL,
    PERCENT_GAUSSIAN,
    IS_BEYOND,
    PERCENT_SYMMETRIC,
    NOISE_CUTOFF,
    NOISE_RATIO,
    NOISE_CUTOFF_IBL,
    N_METRICS
};

#define ROW(name, peers, unit, summary, undefined)                                       \
    {                                                                                    \
        name, peers, "amplitude", unit, summary, undefined, SPK_METRIC_NEEDS_AMPLITUDES, \
            0                                                                            \
    }

static const spk_metric metrics[N_METRICS] = {
    [N_MISSING] = ROW("n_amplitudes_missing", "", "spikes",
                      "Spikes whose amplitude is NaN or infinite. All other metrics of "
                      "amplitude leave them out.",
                      "never"),
    [MEDIAN] = ROW("amplitude_median", "spikeinterface:amplitude_median", "amplitude",
                   "Median amplitude, with its sign.", "no amplitudes"),
    [MINIMUM] = ROW("amplitude_min", "ibl:amp_min", "amplitude", "Least amplitude.",
                    "no amplitudes"),
    [MAXIMUM] = ROW("amplitude_max", "ibl:amp_max", "amplitude", "Greatest amplitude.",
                    "no amplitudes"),
    [MEDIAN_IBL] = ROW("amplitude_median_ibl", "ibl:amp_median", "amplitude",
                       "10^(m / 20), m the median of 20 log10(amplitude): of an even "
                       "number of spikes the geometric mean of the middle two.",
                       "no amplitudes, or one <= 0"),
    [STD_DB] = ROW("amplitude_std_db", "ibl:amp_std_dB", "dB",
                   "Standard deviation of 20 log10(amplitude), with N - 1.",
                   "fewer than two amplitudes, or one <= 0"),
    [SD] = ROW("amplitude_sd", "", "amplitude",
               "Standard deviation of the amplitudes, with N.", "no amplitudes"),
    [SD_ROBUST] = ROW(
        "amplitude_sd_robust", "", "amplitude",
        "Standard deviation of the difference of amplitude from a spike to the next, "
        "divided by sqrt(2), which slow drift does not widen. A spike within 4 ms "
        "(amplitude_sd_censored_ms, rounded to samples) of one kept before is dropped "
        "first. The numerator of SpikeInterface's sd_ratio; differences do not bridge "
        "runs.",
        "fewer than two differences"),
    [CV_MEDIAN] = ROW(
        "amplitude_cv_median", "spikeinterface:amplitude_cv_median", "1",
        "Median over bins of time of the amplitudes' standard deviation in a bin, "
        "divided by the magnitude of their mean over all bins. Bins are int(50 / rate "
        "* fs) samples (amplitude_cv_spikes_per_bin); each run is cut from its start "
        "into whole bins.",
        "no amplitudes, a mean of 0, fewer than 10 bins (amplitude_cv_min_bins), or "
        "a bin without spikes"),
    [CV_RANGE] =
        ROW("amplitude_cv_range", "spikeinterface:amplitude_cv_range", "1",
            "The 95 % quantile less the 5 % quantile of what amplitude_cv_median is the "
            "median of.",
            "as amplitude_cv_median"),
    [CUTOFF] =
        ROW("amplitude_cutoff", "spikeinterface:amplitude_cutoff", "1",
            "Share of spikes missed, if the distribution of amplitudes is symmetric but "
            "cut. h: histogram of 100 equal bins (amplitude_cutoff_bins), smoothed by a "
            "Gaussian of 3 bins, the end bins continued, and truncated to whole numbers. "
            "g: the last bin with h[g] >= h[0]; m: the sum of h above g; m / (N + m), at "
            "most 0.5. All estimates of missed spikes turn the sign of amplitudes whose "
            "median is negative.",
            "fewer than 5 amplitudes a bin (amplitude_cutoff_min_spikes_per_bin)"),
    [CUTOFF_SE] = ROW(
        "amplitude_cutoff_se", "", "1",
        "Standard error of amplitude_cutoff by chance alone, its counts being Poisson: "
        "to first order, from the tail above g and from how far g moves. Not of its "
        "bias: of normal amplitudes it makes 0.11 of 0.10 missed.",
        "amplitude_cutoff is NaN or 0.5, no bin lies above g or below it, or h does not "
        "fall around g"),
    [CUTOFF_ALLEN] = ROW(
        "amplitude_cutoff_allen", "allen:amplitude_cutoff", "1",
        "As amplitude_cutoff, but: 500 bins (amplitude_cutoff_allen_bins) as a "
        "density, mirrored at its ends to smooth it; g: the bin from the peak on whose "
        "density is closest to that of bin 0; the density summed from g on times the "
        "width of a bin, at most 0.5.",
        "no amplitudes"),
    [CUTOFF_IBL] = ROW(
        "amplitude_cutoff_ibl", "ibl:missed_spikes_est", "1",
        "As amplitude_cutoff_allen, but int(N / 10) bins "
        "(amplitude_cutoff_ibl_spikes_per_bin), a Gaussian of 4 bins, and the sum from "
        "g on divided by the whole sum.",
        "not more than 10 * 50 amplitudes (amplitude_cutoff_ibl_min_bins)"),
    [PERCENT_GAUSSIAN] = ROW(
        "percent_missing_bombcell", "bombcell:percentageSpikesMissing_gaussian", "%",
        "Percentage of spikes missed, 100 (1 - Phi((mean - c) / sd)). A Gaussian, 0 "
        "below c, is fitted by least squares to a histogram of 50 equal bins "
        "(percent_missing_bins); c is the 1 % quantile; amplitudes above q99 + 10 "
        "(q99 - q01) are dropped first. Here the fit runs until it rests: bombcell's "
        "stops at a tolerance of 1e-3 and is off by 0.5 % of the value as a rule, by any "
        "amount with few spikes; it leaves out the last spike of the recording.",
        "fewer than 6 amplitudes, or missing_beyond_fit_bombcell (bombcell: 100, or what "
        "its fit had come to, near 100)"),
    [IS_BEYOND] = ROW(
        "missing_beyond_fit_bombcell", "", "1",
        "1 if more spikes are missing than percent_missing_bombcell can tell: a bin of "
        "its histogram rises from 0 to the maximum, or the sum of squares falls as the "
        "mean goes below all amplitudes; otherwise 0.",
        "fewer than 6 amplitudes"),
    [PERCENT_SYMMETRIC] = ROW(
        "percent_missing_symmetric_bombcell",
        "bombcell:percentageSpikesMissing_symmetric", "%",
        "Percentage of spikes missed, 100 (S - N) / S, at least 0. S: sum of the part "
        "above its peak of the histogram of percent_missing_bombcell, after a median of "
        "five bins, and of its mirror image as far as that is not below amplitude 0.",
        "fewer than 6 amplitudes, or nothing above the peak (bombcell: 0)"),
    [NOISE_CUTOFF] =
        ROW("noise_cutoff", "spikeinterface:noise_cutoff", "1",
            "(mean of the low bins - mean of the high bins) / standard deviation of the "
            "high bins, of a histogram of 100 equal bins (noise_cutoff_bins). Low: right "
            "edge <= the 10 % quantile; high: left edge >= the 75 % quantile.",
            "no amplitudes, no low bin, fewer than two high bins, or these all equal"),
    [NOISE_RATIO] = ROW("noise_ratio", "spikeinterface:noise_ratio", "1",
                        "Mean of the low bins of noise_cutoff / the highest bin.",
                        "no amplitudes, or no low bin"),
    [NOISE_CUTOFF_IBL] = ROW(
        "noise_cutoff_ibl", "ibl:noise_cutoff", "1",
        "(second nonempty bin - mean of the high bins) / standard deviation of the "
        "high bins, of 99 equal bins (noise_cutoff_ibl_edges - 1) from 0 to the "
        "greatest amplitude. High: nonempty bins from ceil(2 * 0.25 k) after the peak "
        "on, k the number of nonempty bins from the peak to the last but one "
        "(noise_cutoff_high_quantile).",
        "fewer than two amplitudes, none above 0, no high bin, or these all equal"),
};

static const spk_metrics_parameter parameters[] = {
    {"amplitude_sd_censored_ms", "amplitude", "ms",
     "amplitude_sd_robust: spikes this close to one before are dropped.", 4, 0, 1e6},
    {"amplitude_cv_spikes_per_bin", "amplitude", "spikes",
     "amplitude_cv: spikes in a bin on average.", 50, 1, 1e9},
    {"amplitude_cv_min_bins", "amplitude", "bins", "amplitude_cv: fewest bins.", 10, 1,
     1e9},
    {"amplitude_cv_low_quantile", "amplitude", "1",
     "amplitude_cv_range: the lower quantile.", 0.05, 0, 1},
    {"amplitude_cv_high_quantile", "amplitude", "1",
     "amplitude_cv_range: the upper quantile.", 0.95, 0, 1},
    {"amplitude_cutoff_bins", "amplitude", "bins", "amplitude_cutoff: bins.", 100, 1,
     1e5},
    {"amplitude_cutoff_smoothing_bins", "amplitude", "bins",
     "amplitude_cutoff and _allen: standard deviation of the kernel.", 3, 0.1,
     SPK__SMOOTHING_MAX},
    {"amplitude_cutoff_min_spikes_per_bin", "amplitude", "spikes",
     "amplitude_cutoff: fewest amplitudes, as a multiple of the bins.", 5, 0, 1e9},
    {"amplitude_cutoff_allen_bins", "amplitude", "bins", "amplitude_cutoff_allen: bins.",
     500, 2, 1e5},
    {"amplitude_cutoff_ibl_spikes_per_bin", "amplitude", "spikes",
     "amplitude_cutoff_ibl: amplitudes in a bin on average.", 10, 1, 1e9},
    {"amplitude_cutoff_ibl_smoothing_bins", "amplitude", "bins",
     "amplitude_cutoff_ibl: standard deviation of the kernel.", 4, 0.1,
     SPK__SMOOTHING_MAX},
    {"amplitude_cutoff_ibl_min_bins", "amplitude", "bins",
     "amplitude_cutoff_ibl: fewest bins.", 50, 1, 1e9},
    {"percent_missing_bins", "amplitude", "bins",
     "percent_missing_bombcell and _symmetric: bins.", 50, 5, 1e4},
    {"noise_cutoff_bins", "amplitude", "bins", "noise_cutoff and noise_ratio: bins.", 100,
     2, 1e5},
    {"noise_cutoff_ibl_edges", "amplitude", "edges", "noise_cutoff_ibl: bins + 1.", 100,
     3, 1e5},
    {"noise_cutoff_low_quantile", "amplitude", "1",
     "noise_cutoff: bins below this quantile are low.", 0.1, 0, 1},
    {"noise_cutoff_high_quantile", "amplitude", "1",
     "noise_cutoff and _ibl: share of the distribution that is high.", 0.25, 0, 1},
};

/* Parameters with their types. */
typedef struct settings {
    int64_t censored; /* samples */
    double cv_spikes, cv_bins, cv_low, cv_high;
    int64_t cutoff_bins, allen_bins, percent_bins, noise_bins, ibl_edges;
    double cutoff_sigma, cutoff_least;
    double ibl_spikes, ibl_sigma, ibl_bins;
    double noise_low, noise_high;
} settings;

static settings read_settings(const spk__metrics_work *work)
{
    const double rate_hz = work->input->spikes->sampling_rate_hz;
#define VALUE(name) spk__metrics_parameter(work, name)
    return (settings){
        .censored = spk__samples_near(VALUE("amplitude_sd_censored_ms"), rate_hz),
        .cv_spikes = VALUE("amplitude_cv_spikes_per_bin"),
        .cv_bins = VALUE("amplitude_cv_min_bins"),
        .cv_low = VALUE("amplitude_cv_low_quantile"),
        .cv_high = VALUE("amplitude_cv_high_quantile"),
        .cutoff_bins = (int64_t)VALUE("amplitude_cutoff_bins"),
        .allen_bins = (int64_t)VALUE("amplitude_cutoff_allen_bins"),
        .percent_bins = (int64_t)VALUE("percent_missing_bins"),
        .noise_bins = (int64_t)VALUE("noise_cutoff_bins"),
        .ibl_edges = (int64_t)VALUE("noise_cutoff_ibl_edges"),
        .cutoff_sigma = VALUE("amplitude_cutoff_smoothing_bins"),
        .cutoff_least = VALUE("amplitude_cutoff_min_spikes_per_bin"),
        .ibl_spikes = VALUE("amplitude_cutoff_ibl_spikes_per_bin"),
        .ibl_sigma = VALUE("amplitude_cutoff_ibl_smoothing_bins"),
        .ibl_bins = VALUE("amplitude_cutoff_ibl_min_bins"),
        .noise_low = VALUE("noise_cutoff_low_quantile"),
        .noise_high = VALUE("noise_cutoff_high_quantile"),
    };
#undef VALUE
}

/* One worker's memory. */
typedef struct scratch {
    double *values;   /* [n] amplitudes in order of time */
    double *sorted;   /* [n + 1] */
    int64_t *samples; /* [n] their times */
    uint64_t *keys;   /* [2 n + 2] */
    spk__histogram_room room;
} scratch;

typedef struct job {
    const spk__metrics_work *work;
    double *const *values;
    settings set;
    int is_float;
    int sorts; /* some metric wants sorted amplitudes */
    spk_context *ctx;
    scratch *workers;
} job;

/* Puts decibels in the place of the amplitudes. */
static void metrics_of_decibels(const job *j, int64_t unit, double *sorted, int64_t n)
{
    const int64_t middle = n / 2;
    if (!(sorted[0] > 0))
        return;
    spk__columns_put(j->values, MEDIAN_IBL, unit,
                     n % 2 != 0 ? sorted[middle]
                                : sqrt(sorted[middle - 1]) * sqrt(sorted[middle]));
    if (j->values[STD_DB] == NULL || n < 2)
        return;
    const double scale = 20 / log(10), n_all = (double)n;
    for (int64_t i = 0; i < n; i++)
        sorted[i] = scale * log(sorted[i]);
    j->values[STD_DB][unit] =
        spk__standard_deviation(sorted, n) * sqrt(n_all / (n_all - 1));
}

static void metrics_of_missed(const job *j, int64_t unit, const double *sorted, int64_t n,
                              spk__histogram_room *room)
{
    const settings *s = &j->set;
    if (spk__columns_want(j->values, CUTOFF, CUTOFF_SE)) {
        double se;
        spk__columns_put(j->values, CUTOFF, unit,
                         spk__amplitude_cutoff(sorted, n, j->is_float, s->cutoff_bins,
                                               s->cutoff_sigma, s->cutoff_least, room,
                                               &se));
        spk__columns_put(j->values, CUTOFF_SE, unit, se);
    }
    if (spk__columns_want(j->values, CUTOFF_ALLEN, CUTOFF_ALLEN))
        j->values[CUTOFF_ALLEN][unit] = spk__amplitude_cutoff_symmetric(
            sorted, n, j->is_float, s->allen_bins, s->cutoff_sigma, 0, room);
    if (spk__columns_want(j->values, CUTOFF_IBL, CUTOFF_IBL) &&
        (double)n > s->ibl_spikes * s->ibl_bins)
        j->values[CUTOFF_IBL][unit] = spk__amplitude_cutoff_symmetric(
            sorted, n, j->is_float, (int64_t)((double)n / s->ibl_spikes), s->ibl_sigma, 1,
            room);
    if (spk__columns_want(j->values, PERCENT_GAUSSIAN, PERCENT_SYMMETRIC)) {
        double gaussian, is_beyond, symmetric;
        spk__percent_missing(sorted, n, j->is_float, s->percent_bins, room, &gaussian,
                             &is_beyond, &symmetric);
        spk__columns_put(j->values, PERCENT_GAUSSIAN, unit, gaussian);
        spk__columns_put(j->values, IS_BEYOND, unit, is_beyond);
        spk__columns_put(j->values, PERCENT_SYMMETRIC, unit, symmetric);
    }
    if (spk__columns_want(j->values, NOISE_CUTOFF, NOISE_RATIO)) {
        double ratio;
        spk__columns_put(j->values, NOISE_CUTOFF, unit,
                         spk__noise_cutoff(sorted, n, j->is_float, s->noise_bins,
                                           s->noise_high, s->noise_low, room, &ratio));
        spk__columns_put(j->values, NOISE_RATIO, unit, ratio);
    }
    if (spk__columns_want(j->values, NOISE_CUTOFF_IBL, NOISE_CUTOFF_IBL))
        j->values[NOISE_CUTOFF_IBL][unit] =
            spk__noise_cutoff_ibl(sorted, n, s->ibl_edges, s->noise_high, room);
}

/* Of n > 0 amplitudes. */
static void metrics_of_sorted(const job *j, int64_t unit, double *sorted, int64_t n,
                              scratch *mine)
{
    spk__sort_values(sorted, n, mine->keys);
    const double median = spk__sorted_median(sorted, n);
    spk__columns_put(j->values, MEDIAN, unit, median);
    spk__columns_put(j->values, MINIMUM, unit, sorted[0]);
    spk__columns_put(j->values, MAXIMUM, unit, sorted[n - 1]);
    if (spk__columns_want(j->values, CUTOFF, NOISE_CUTOFF_IBL)) {
        for (int64_t i = 0, k = n - 1; median < 0 && i <= k; i++, k--) {
            const double low = sorted[i];
            sorted[i] = -sorted[k];
            sorted[k] = -low;
        }
        metrics_of_missed(j, unit, sorted, n, &mine->room);
    }
    if (median > 0 && spk__columns_want(j->values, MEDIAN_IBL, STD_DB))
        metrics_of_decibels(j, unit, sorted, n);
}

static void metrics_of_time(const job *j, int64_t unit,
                            const spk__amplitude_train *amplitudes, scratch *mine)
{
    const int64_t n = amplitudes->n;
    const settings *s = &j->set;
    if (n > 0 && j->values[SD] != NULL)
        j->values[SD][unit] = spk__standard_deviation(amplitudes->values, n);
    if (j->values[SD_ROBUST] != NULL)
        j->values[SD_ROBUST][unit] =
            spk__amplitude_sd_robust(amplitudes, s->censored, mine->sorted);
    if (n == 0 || !spk__columns_want(j->values, CV_MEDIAN, CV_RANGE))
        return;
    double *cvs = mine->sorted;
    const int64_t n_bins = spk__amplitude_variations(
        amplitudes, j->work->input->spikes->sampling_rate_hz, s->cv_spikes, cvs);
    if (n_bins < 1 || (double)n_bins < s->cv_bins)
        return;
    spk__sort_values(cvs, n_bins, mine->keys);
    spk__columns_put(j->values, CV_MEDIAN, unit, spk__sorted_median(cvs, n_bins));
    spk__columns_put(j->values, CV_RANGE, unit,
                     spk__sorted_quantile(cvs, n_bins, s->cv_high) -
                         spk__sorted_quantile(cvs, n_bins, s->cv_low));
}

static spk_status run_unit(void *state, int64_t unit, int32_t worker)
{
    const job *j = state;
    scratch *mine = &j->workers[worker];
    const spk_train train = spk_trains_unit(j->work->trains, unit);
    int64_t n = 0;
    const spk_status status = spk__finite_values(j->ctx, j->work->input->amplitudes, 0,
                                                 &train, mine->samples, mine->values, &n);
    if (status != SPK_OK)
        return status;
    spk__columns_put(j->values, N_MISSING, unit, (double)(train.n_spikes - n));
    if (j->sorts && n > 0) {
        memcpy(mine->sorted, mine->values, (size_t)n * sizeof *mine->sorted);
        metrics_of_sorted(j, unit, mine->sorted, n, mine);
    }
    const spk__amplitude_train amplitudes = {n, mine->samples, mine->values, &train};
    metrics_of_time(j, unit, &amplitudes, mine);
    return SPK_OK;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int allocate(spk_context *ctx, scratch *mine, int64_t n, int64_t n_bins,
                    int64_t n_fit)
{
    mine->values = spk__alloc(ctx, n, sizeof *mine->values);
    mine->sorted = spk__alloc(ctx, n + 1, sizeof *mine->sorted);
    mine->samples = spk__alloc(ctx, n, sizeof *mine->samples);
    mine->keys = spk__alloc(ctx, 2 * (n + 1), sizeof *mine->keys);
    return spk__histogram_room_allocate(ctx, n_bins, n_fit, &mine->room) &&
           mine->values != NULL && mine->sorted != NULL && mine->samples != NULL &&
           mine->keys != NULL;
}

static void release(scratch *mine)
{
    spk__free(mine->values);
    spk__free(mine->sorted);
    spk__free(mine->samples);
    spk__free(mine->keys);
    spk__histogram_room_free(&mine->room);
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const int64_t n_units = work->input->spikes->n_units;
    const int32_t n_workers = spk__parallel_workers(ctx, n_units);
    job j = {.work = work,
             .values = values,
             .set = read_settings(work),
             .is_float = work->input->amplitudes->dtype == SPK_DTYPE_FLOAT32,
             .ctx = ctx};
    j.sorts = spk__columns_want(values, MEDIAN, STD_DB) ||
              spk__columns_want(values, CUTOFF, NOISE_CUTOFF_IBL);
    const int64_t largest = spk__trains_largest(work->trains);
    int64_t n_bins = most(most(j.set.cutoff_bins, j.set.allen_bins),
                          most(j.set.percent_bins, j.set.noise_bins));
    n_bins = most(n_bins, j.set.ibl_edges);
    if (values[CUTOFF_IBL] != NULL)
        n_bins = most(n_bins, (int64_t)((double)largest / j.set.ibl_spikes));
    spk_status status = SPK_OK;
    j.workers = spk__alloc_zero(ctx, n_workers, sizeof *j.workers);
    if (j.workers == NULL)
        return spk__fail_memory(ctx);
    for (int32_t w = 0; w < n_workers; w++)
        if (!allocate(ctx, &j.workers[w], largest, n_bins, j.set.percent_bins)) {
            status = spk__fail_memory(ctx);
            goto cleanup;
        }
    status = spk__parallel_for(ctx, n_units, run_unit, &j, "amplitude metrics");
cleanup:
    for (int32_t w = 0; w < n_workers; w++)
        release(&j.workers[w]);
    spk__free(j.workers);
    return status;
}

const spk__metric_group spk__metrics_amplitude = {
    .name = "amplitude",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .parameters = parameters,
    .n_parameters = sizeof parameters / sizeof parameters[0],
    .compute = compute,
};
