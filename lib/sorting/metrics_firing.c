/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How units fire: interspike intervals, bursts, rhythm and the shape of the autocorrelogram.
 * One task a unit; a worker's scratch memory holds the lags of one unit at a time.
 */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "sorting/acg_fit.h"
#include "sorting/firing_lags.h"
#include "sorting/firing_sliding.h"
#include "sorting/firing_theta.h"
#include "sorting/firing_windows.h"
#include "sorting/metric_group.h"
#include "spikes/firing_intervals.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    ISI_MEAN,
    ISI_MEDIAN,
    FIRING_RATE_ISI,
    ISI_CV,
    ISI_SKEWNESS,
    CV2,
    CV2_CELLEXPLORER,
    LV,
    LVR,
    LONG_ISI_FRACTION,
    LONG_ISI_TIME_FRACTION,
    BURST_INDEX_MIZUSEKI,
    BURST_INDEX_ROYER,
    BURST_INDEX_DOUBLETS,
    THETA_MODULATION,
    THETA_POWER_RATIO,
    FANO_FACTOR,
    FANO_FACTOR_BOMBCELL,
    FIRING_RATE_CV_IBL,
    FANO_FACTOR_IBL,
    FIRING_RATE_CV,
    FIRING_RATE_GINI,
    FIRING_RATE_INSTABILITY,
    SUPPRESSION_RATIO,
    SUPPRESSION_MS,
    TAU_RISE_BOMBCELL,
    TAU_DECAY_BOMBCELL,
    ACG_TAU_DECAY,
    ACG_TAU_RISE,
    ACG_DECAY_AMPLITUDE,
    ACG_RISE_RATIO,
    ACG_ASYMPTOTE,
    ACG_REFRACTORY,
    ACG_TAU_BURST,
    ACG_BURST_AMPLITUDE,
    ACG_FIT_R_SQUARE,
    N_METRICS
};

#define NO_WIDE_BINS "a sampling rate below 1 kHz"
#define NO_FIT                                                                           \
    "fewer than 2 spikes, a flat autocorrelogram (such as no pair of spikes within "     \
    "50 ms), or a sampling rate below 2 kHz"
#define RATE_BINS                                                                        \
    "Spike counts c of whole bins of firing_rate_bin_s, laid from the start of each "    \
    "run up to the last spike of any unit; "
#define SLIDING                                                                          \
    "Of the rate in a window of 0.5 s moved in steps of 10 ms from the first to the "    \
    "last spike of each run, in ten parts of equal length: "
#define NO_SLIDING "no spikes in one of the parts, or no run of more than 0.7 s"
#define FIT_OF                                                                           \
    "Of max(0, c (e^(-(x-f)/a) - d e^(-(x-f)/b)) + h e^(-(x-f)/g) + e), fitted to the "  \
    "autocorrelogram [Hz] at lags x = 0.5, 1, ... 50 ms: "
#define BOMBCELL_ACG                                                                     \
    "With A(k) the number of pairs of spikes k <= lag < k + 1 ms apart, A(0) = 0: "
#define NO_BOMBCELL_ACG "fewer than 10 spikes, no pair 1 to 501 ms apart, " NO_WIDE_BINS

static const spk_metric metrics[N_METRICS] = {
    [ISI_MEAN] = {"isi_mean", "", "firing", "s",
                  "Mean of the interspike intervals; no interval bridges two runs.",
                  "fewer than 2 spikes in any run", 0, 0},
    [ISI_MEDIAN] = {"isi_median", "", "firing", "s",
                    "Median of the interspike intervals.",
                    "fewer than 2 spikes in any run", 0, 0},
    [FIRING_RATE_ISI] = {"firing_rate_isi", "cellexplorer:firingRateISI", "firing", "Hz",
                         "1 / median of the interspike intervals.",
                         "fewer than 2 spikes in any run, or a median of 0", 0, 0},
    [ISI_CV] = {"isi_cv", "bombcell:isi_cv", "firing", "1",
                "Coefficient of variation of the interspike intervals: standard "
                "deviation (divided by n) / mean. 1 for a Poisson train, 0 for a regular "
                "one. bombcell gives 0 for one interval.",
                "fewer than 2 intervals, or all of them 0", 0, 0},
    [ISI_SKEWNESS] = {"isi_skewness", "bombcell:isi_skewness", "firing", "1",
                      "Skewness of the interspike intervals: m3 / m2^(3/2), mk the k-th "
                      "central moment. 2 for a Poisson train.",
                      "fewer than 2 intervals, or all of them equal", 0, 0},
    [CV2] = {"cv2", "bombcell:isi_cv2", "firing", "1",
             "Mean of 2 |I - J| / (I + J) over neighbouring interspike intervals I and J "
             "(Holt et al. 1996), not both 0. 1 for a Poisson train.",
             "no two neighbouring intervals", 0, 0},
    [CV2_CELLEXPLORER] =
        {"cv2_cellexplorer", "cellexplorer:cv2", "firing", "1",
         "As cv2, over the pairs where it is below cv2_limit only, which "
         "lowers it by what the most unequal pairs add.",
         "no two neighbouring intervals, or none below the limit", 0, 0},
    [LV] =
        {"lv", "", "firing", "1",
         "Local variation (Shinomoto et al. 2003): mean of 3 ((I - J) / (I + J))^2 over "
         "neighbouring interspike intervals, not both 0. 1 for a Poisson train.",
         "no two neighbouring intervals", 0, 0},
    [LVR] =
        {"lvr", "", "firing", "1",
         "Revised local variation (Shinomoto et al. 2009): mean of 3 (1 - 4 I J / (I + "
         "J)^2) (1 + 4 R / (I + J)) over neighbouring interspike intervals, not both "
         "0, with R = lvr_refractory_s.",
         "no two neighbouring intervals", 0, 0},
    [LONG_ISI_FRACTION] = {"long_isi_fraction", "bombcell:propLongISI", "firing", "1",
                           "Fraction of the interspike intervals that are longer than "
                           "long_isi_s (the Python bombcell's propLongISI).",
                           "fewer than 2 spikes in any run", 0, 0},
    [LONG_ISI_TIME_FRACTION] =
        {"long_isi_time_fraction", "", "firing", "1",
         "Total length of the interspike intervals longer than long_isi_s / total length "
         "of all: the share of time in long silences.",
         "fewer than 2 spikes in any run, or all intervals 0", 0, 0},
    [BURST_INDEX_MIZUSEKI] =
        {"burst_index_mizuseki", "cellexplorer:burstIndex_Mizuseki2012", "firing", "1",
         "Spikes between two others of their run with an interval before or after them "
         "shorter than burst_isi_s / number of interspike intervals (Mizuseki et al. "
         "2012).",
         "fewer than 2 spikes in any run", 0, 0},
    [BURST_INDEX_ROYER] =
        {"burst_index_royer", "cellexplorer:burstIndex_Royer2012", "firing", "1",
         "Mean count of bins 3 .. 5 ms / mean count of bins 200 .. 300 ms of the "
         "autocorrelogram in bins of 1 ms, bin k being k - 1/2 < lag <= k + 1/2 ms "
         "(Royer et al. 2012). CellExplorer before October 2020 summed the first three: "
         "3 "
         "times this.",
         "no pair of spikes 199.5 to 300.5 ms apart, or " NO_WIDE_BINS, 0, 0},
    [BURST_INDEX_DOUBLETS] =
        {"burst_index_doublets", "cellexplorer:burstIndex_Doublets", "firing", "1",
         "Largest count of bins 2.5 .. 8 ms / mean count of bins 8 .. 11.5 ms of the "
         "autocorrelogram in bins of 0.5 ms, centred, closed on the right.",
         "no pair of spikes 7.75 to 11.75 ms apart, or a sampling rate below 2 kHz", 0,
         0},
    [THETA_MODULATION] =
        {"theta_modulation", "cellexplorer:thetaModulationIndex", "firing", "1",
         "(p - t) / (p + t), p the mean count of bins 100 .. 140 ms and t that of bins "
         "50 .. "
         "70 ms of the autocorrelogram in bins of 1 ms, centred, closed on the right "
         "(after Cacucci et al. 2004). CellExplorer before October 2020: the other sign.",
         "no pair of spikes at such lags, or " NO_WIDE_BINS, 0, 0},
    [THETA_POWER_RATIO] =
        {"theta_power_ratio", "", "firing", "1",
         "Mean power within 1 Hz of the highest peak of 5 .. 11 Hz / mean power of 0 .. "
         "125 "
         "Hz, in steps of 0.25 Hz, of the autocorrelogram to 500 ms either side in bins "
         "of 1 ms, less its mean, its centre empty, under a Hamming window (after "
         "Langston et al. 2010; above 5 is called theta modulated).",
         "a flat autocorrelogram, or " NO_WIDE_BINS, 0, 0},
    [FANO_FACTOR] = {"fano_factor", "", "firing", "1",
                     "Variance (divided by n - 1) / mean of the spike counts of whole "
                     "windows of fano_window_s, laid from the start of each run. 1 for a "
                     "Poisson train.",
                     "fewer than 2 windows, or no spikes in them", 0, 0},
    [FANO_FACTOR_BOMBCELL] =
        {"fano_factor_bombcell", "bombcell:fano_factor", "firing", "1",
         "Variance (divided by n) / mean of the rates in n = floor(span / 1 s) bins of "
         "equal "
         "width between the first and the last spike of each run; 10000 bins at most.",
         "fewer than 2 bins", 0, 0},
    [FIRING_RATE_CV_IBL] =
        {"firing_rate_cv_ibl", "ibl:firing_rate_coeff_var", "firing", "1",
         SLIDING "its standard deviation (divided by n) / mean within each, on average.",
         NO_SLIDING, 0, 1},
    [FANO_FACTOR_IBL] = {"fano_factor_ibl", "ibl:firing_rate_fano_factor", "firing", "Hz",
                         SLIDING
                         "its variance (divided by n) / mean within each, on average.",
                         NO_SLIDING, 0, 1},
    [FIRING_RATE_CV] = {"firing_rate_cv", "cellexplorer:firingRateCV", "firing", "1",
                        RATE_BINS
                        "standard deviation (divided by n - 1) of c / mean of c "
                        "(firingRateStd of older CellExplorer).",
                        "fewer than 2 bins, or no spikes in them", 0, 0},
    [FIRING_RATE_GINI] =
        {"firing_rate_gini", "cellexplorer:firingRateGiniCoeff", "firing", "1",
         RATE_BINS
         "1 - 2 mean of S, S being the cumulative sum of sorted c divided by the "
         "sum of c. 0 would be an even rate, less 1 / bins.",
         "fewer than 2 bins, or no spikes in them", 0, 0},
    [FIRING_RATE_INSTABILITY] =
        {"firing_rate_instability", "cellexplorer:firingRateInstability", "firing", "1",
         RATE_BINS
         "median of |c(k + 1) - c(k)| / mean of c, bins k and k + 1 in one run.",
         "fewer than 2 bins in any run, or no spikes in them", 0, 0},
    [SUPPRESSION_RATIO] = {"post_spike_suppression_bombcell",
                           "bombcell:postSpikeSuppression", "firing", "1",
                           BOMBCELL_ACG
                           "least of A(1 .. 10) / mean of A(11 .. 50) and A(50 .. 500).",
                           NO_BOMBCELL_ACG ", or none at the lags divided by", 0, 0},
    [SUPPRESSION_MS] = {"post_spike_suppression_ms_bombcell",
                        "bombcell:postSpikeSuppression_ms", "firing", "ms",
                        BOMBCELL_ACG
                        "first k of 0 .. 499 with A(k) >= mean of A(100 .. 399).",
                        NO_BOMBCELL_ACG
                        ", none at 11 to 501 ms, or none of A is as large",
                        0, 0},
    [TAU_RISE_BOMBCELL] =
        {"acg_tau_rise_bombcell", "bombcell:acg_tau_rise", "firing", "ms",
         BOMBCELL_ACG "k - 1 for the first k of 1 .. 19 with A(k) >= half the largest of "
                      "them.",
         NO_BOMBCELL_ACG ", or no pair 1 to 20 ms apart", 0, 0},
    [TAU_DECAY_BOMBCELL] =
        {"acg_tau_decay_bombcell", "bombcell:acg_tau_decay", "firing", "ms",
         BOMBCELL_ACG "-1 / slope of the straight line through log A(10 .. 19) over k, A "
                      "not below 1 % of its largest there.",
         NO_BOMBCELL_ACG ", no pair 10 to 20 ms apart, or a slope that does not fall", 0,
         0},
    [ACG_TAU_DECAY] = {"acg_tau_decay", "cellexplorer:acg_tau_decay", "firing", "ms",
                       FIT_OF "a.", NO_FIT, 0, 0},
    [ACG_TAU_RISE] = {"acg_tau_rise", "cellexplorer:acg_tau_rise", "firing", "ms",
                      FIT_OF "b.", NO_FIT, 0, 0},
    [ACG_DECAY_AMPLITUDE] = {"acg_decay_amplitude", "cellexplorer:acg_c", "firing", "Hz",
                             FIT_OF "c.", NO_FIT, 0, 0},
    [ACG_RISE_RATIO] = {"acg_rise_ratio", "cellexplorer:acg_d", "firing", "1",
                        FIT_OF "d.", NO_FIT, 0, 0},
    [ACG_ASYMPTOTE] = {"acg_asymptote", "cellexplorer:acg_asymptote", "firing", "Hz",
                       FIT_OF "e.", NO_FIT, 0, 0},
    [ACG_REFRACTORY] = {"acg_refractory", "cellexplorer:acg_refrac", "firing", "ms",
                        FIT_OF "f.", NO_FIT, 0, 0},
    [ACG_TAU_BURST] = {"acg_tau_burst", "cellexplorer:acg_tau_burst", "firing", "ms",
                       FIT_OF "g.", NO_FIT, 0, 0},
    [ACG_BURST_AMPLITUDE] = {"acg_burst_amplitude", "cellexplorer:acg_h", "firing", "Hz",
                             FIT_OF "h.", NO_FIT, 0, 0},
    [ACG_FIT_R_SQUARE] =
        {"acg_fit_r_square", "cellexplorer:acg_fit_rsquare", "firing", "1",
         FIT_OF "1 - residual / total sum of squares. Another minimum may fit as well: "
                "where this is low, the parameters say little.",
         NO_FIT, 0, 0},
};

static const spk_metrics_parameter parameters[] = {
    {"cv2_limit", "firing", "1",
     "Pairs of intervals count for cv2_cellexplorer when 2 |I - J| / (I + J) is below it "
     "(1.9 before 2020).",
     1.95, 0, 3},
    {"lvr_refractory_s", "firing", "s", "R of lvr.", 0.005, 0, 10},
    {"burst_isi_s", "firing", "s",
     "Intervals below it are bursts for burst_index_mizuseki.", 0.006, 0, 10},
    {"long_isi_s", "firing", "s", "Intervals above it are long.", 2, 0, 1e6},
    {"fano_window_s", "firing", "s", "Width of the windows of fano_factor.", 1, 1e-9,
     1e9},
    {"firing_rate_bin_s", "firing", "s",
     "Width of the bins of firing_rate_cv, _gini and _instability; 0: as CellExplorer, "
     "180 "
     "s, or for recordings of less than 40 such bins a fortieth, rounded up to 10 s.",
     0, 0, 1e9},
    {"acg_fit_blank_ms", "firing", "ms",
     "The autocorrelogram that is fitted is set to 0 up to this lag; 0 before the "
     "CellExplorer of August 2020.",
     0.5, 0, 10},
};

enum {
    NARROW,  /* bins of 0.5 ms, centred */
    WIDE,    /* of 1 ms, centred */
    FLOORED, /* of 1 ms from 0 on, bombcell's */
    N_BIN_SETS,
    FIT_BINS = 100
};

/* The scratch memory of a worker. */
typedef struct firing_scratch {
    int64_t *buckets;
    spk__lags *lags;
    int64_t *counts[N_BIN_SETS]; /* NULL: not counted */
    double *values;              /* an autocorrelogram as doubles */
    double *fit_work;
    spk__windows windows;
    int64_t *changes;
} firing_scratch;

typedef struct firing_job {
    const spk_trains *trains;
    double *const *values;
    double rate_hz;
    double cv2_limit;
    double lvr_refractory_samples;
    int64_t burst_samples, long_samples;
    int64_t fano_samples, rate_bin_samples, rate_stop;
    double fit_blank_ms;
    int64_t n_bin_sets;
    spk__lag_bins bins[N_BIN_SETS]; /* those in use, */
    int which[N_BIN_SETS];          /* and which each is */
    int has[N_BIN_SETS];
    spk__theta *theta;
    spk__acg_starts *starts;
    firing_scratch *scratches;
} firing_job;

/* Whether one of metrics first .. last is wanted. */
static int wants(const firing_job *job, int first, int last)
{
    int wanted = 0;
    for (int m = first; m <= last; m++)
        wanted |= job->values[m] != NULL;
    return wanted;
}

static void set(const firing_job *job, int metric, int64_t unit, double value)
{
    if (job->values[metric] != NULL)
        job->values[metric][unit] = value;
}

static double ratio(double above, double below)
{
    return below > 0 ? above / below : NAN;
}

static void set_intervals(const firing_job *job, const spk_train *train, int64_t unit,
                          const firing_scratch *scratch)
{
    const double n = (double)spk__intervals_number(train);
    if (wants(job, ISI_MEDIAN, FIRING_RATE_ISI)) {
        const double median =
            spk__intervals_median(train, scratch->buckets) / job->rate_hz;
        set(job, ISI_MEDIAN, unit, median);
        set(job, FIRING_RATE_ISI, unit, ratio(1, median));
    }
    if (wants(job, ISI_MEAN, ISI_MEAN) || wants(job, ISI_CV, ISI_SKEWNESS)) {
        const spk__interval_moments moments = spk__intervals_moments(train);
        set(job, ISI_MEAN, unit, moments.mean / job->rate_hz);
        set(job, ISI_CV, unit, moments.cv);
        set(job, ISI_SKEWNESS, unit, moments.skewness);
    }
    if (wants(job, CV2, LVR)) {
        const spk__interval_changes changes =
            spk__intervals_changes(train, job->cv2_limit, job->lvr_refractory_samples);
        set(job, CV2, unit, changes.cv2);
        set(job, CV2_CELLEXPLORER, unit, changes.cv2_below);
        set(job, LV, unit, changes.lv);
        set(job, LVR, unit, changes.lvr);
    }
    if (wants(job, LONG_ISI_FRACTION, BURST_INDEX_MIZUSEKI)) {
        const spk__interval_counts counts =
            spk__intervals_count(train, job->burst_samples, job->long_samples);
        set(job, LONG_ISI_FRACTION, unit, ratio((double)counts.n_long, n));
        set(job, LONG_ISI_TIME_FRACTION, unit,
            ratio(counts.long_samples, counts.all_samples));
        set(job, BURST_INDEX_MIZUSEKI, unit, ratio((double)counts.n_burst, n));
    }
}

static void set_windows(const firing_job *job, const spk_train *train, int64_t unit,
                        firing_scratch *scratch)
{
    if (wants(job, FANO_FACTOR, FANO_FACTOR))
        set(job, FANO_FACTOR, unit, spk__windows_fano(train, job->fano_samples));
    if (wants(job, FANO_FACTOR_BOMBCELL, FANO_FACTOR_BOMBCELL))
        set(job, FANO_FACTOR_BOMBCELL, unit,
            spk__windows_fano_of_span(train, job->rate_hz, 10000));
    if (wants(job, FIRING_RATE_CV_IBL, FANO_FACTOR_IBL)) {
        const spk__sliding_rates rates = spk__sliding_rates_find(train, job->rate_hz);
        set(job, FIRING_RATE_CV_IBL, unit, rates.cv);
        set(job, FANO_FACTOR_IBL, unit, rates.fano);
    }
    if (wants(job, FIRING_RATE_CV, FIRING_RATE_INSTABILITY)) {
        spk__windows_count(train, job->rate_bin_samples, job->rate_stop,
                           &scratch->windows);
        const spk__window_rates rates =
            spk__windows_rates(train, &scratch->windows, job->rate_bin_samples,
                               job->rate_stop, scratch->changes);
        set(job, FIRING_RATE_CV, unit, rates.cv);
        set(job, FIRING_RATE_GINI, unit, rates.gini);
        set(job, FIRING_RATE_INSTABILITY, unit, rates.instability);
    }
}

/* Mean count of bins first .. last. */
static double mean_of(const int64_t *counts, int64_t first, int64_t last)
{
    int64_t sum = 0;
    for (int64_t k = first; k <= last; k++)
        sum += counts[k];
    return (double)sum / (double)(last - first + 1);
}

static void set_centred(const firing_job *job, int64_t unit,
                        const firing_scratch *scratch)
{
    const int64_t *wide = scratch->counts[WIDE], *narrow = scratch->counts[NARROW];
    if (wants(job, BURST_INDEX_ROYER, BURST_INDEX_ROYER) && job->has[WIDE])
        set(job, BURST_INDEX_ROYER, unit,
            ratio(mean_of(wide, 3, 5), mean_of(wide, 200, 300)));
    if (wants(job, THETA_MODULATION, THETA_MODULATION) && job->has[WIDE]) {
        const double trough = mean_of(wide, 50, 70), peak = mean_of(wide, 100, 140);
        set(job, THETA_MODULATION, unit, ratio(peak - trough, peak + trough));
    }
    if (wants(job, THETA_POWER_RATIO, THETA_POWER_RATIO) && job->has[WIDE])
        set(job, THETA_POWER_RATIO, unit,
            spk__theta_ratio(job->theta, wide + 1, scratch->values));
    if (wants(job, BURST_INDEX_DOUBLETS, BURST_INDEX_DOUBLETS) && job->has[NARROW]) {
        int64_t most = 0;
        for (int64_t k = 5; k <= 16; k++)
            most = narrow[k] > most ? narrow[k] : most;
        set(job, BURST_INDEX_DOUBLETS, unit,
            ratio((double)most, mean_of(narrow, 16, 23)));
    }
}

static void set_fit(const firing_job *job, const spk_train *train, int64_t unit,
                    const firing_scratch *scratch)
{
    spk_acg_fit fit;
    if (!job->has[NARROW] || train->n_spikes < 2)
        return;
    for (int64_t k = 0; k < FIT_BINS; k++)
        scratch->values[k] = 0.5 * (double)(k + 1) <= job->fit_blank_ms
                                 ? 0
                                 : (double)scratch->counts[NARROW][k + 1] /
                                       (double)train->n_spikes / 0.0005;
    spk__acg_fit(job->starts, 0.5, FIT_BINS, scratch->values, scratch->fit_work, &fit);
    if (isnan(fit.r_square))
        return;
    set(job, ACG_TAU_DECAY, unit, fit.tau_decay_ms);
    set(job, ACG_TAU_RISE, unit, fit.tau_rise_ms);
    set(job, ACG_DECAY_AMPLITUDE, unit, fit.decay_hz);
    set(job, ACG_RISE_RATIO, unit, fit.rise_ratio);
    set(job, ACG_ASYMPTOTE, unit, fit.asymptote_hz);
    set(job, ACG_REFRACTORY, unit, fit.refractory_ms);
    set(job, ACG_TAU_BURST, unit, fit.tau_burst_ms);
    set(job, ACG_BURST_AMPLITUDE, unit, fit.burst_hz);
    set(job, ACG_FIT_R_SQUARE, unit, fit.r_square);
}

/* The straight line through log counts of 10 .. 19 ms: -1 / slope. */
static double decay_time(const int64_t *counts)
{
    int64_t most = 0;
    for (int64_t k = 10; k <= 19; k++)
        most = counts[k] > most ? counts[k] : most;
    if (most == 0)
        return NAN;
    double sum = 0, weighted = 0; /* of squares, of products with k */
    double size = 0;              /* of the products, which rounding is relative to */
    for (int64_t k = 10; k <= 19; k++) {
        const double x = (double)k - 14.5;
        sum += x * x;
        const double product = x * log(fmax((double)counts[k], 0.01 * (double)most));
        weighted += product;
        size += fabs(product);
    }
    return weighted < -10 * DBL_EPSILON * size ? -sum / weighted : NAN;
}

static void set_bombcell(const firing_job *job, const spk_train *train, int64_t unit,
                         const firing_scratch *scratch)
{
    if (!job->has[FLOORED] || train->n_spikes < 10)
        return;
    int64_t *counts = scratch->counts[FLOORED];
    counts[0] = 0;
    int64_t least = INT64_MAX, most = 0, recovered = 0;
    for (int64_t k = 1; k <= 10; k++)
        least = counts[k] < least ? counts[k] : least;
    const double far =
        (40 * mean_of(counts, 11, 50) + 451 * mean_of(counts, 50, 500)) / 491;
    if (far > 0) {
        const double level = mean_of(counts, 100, 399);
        set(job, SUPPRESSION_RATIO, unit, (double)least / far);
        while (recovered < 500 && (double)counts[recovered] < level)
            recovered++;
        if (recovered < 500)
            set(job, SUPPRESSION_MS, unit, (double)recovered);
    }
    for (int64_t k = 1; k <= 19; k++)
        most = counts[k] > most ? counts[k] : most;
    for (int64_t k = 19; k >= 1 && most > 0; k--)
        if (2 * counts[k] >= most)
            set(job, TAU_RISE_BOMBCELL, unit, (double)(k - 1));
    set(job, TAU_DECAY_BOMBCELL, unit, decay_time(counts));
}

static spk_status run_unit(void *state, int64_t unit, int32_t worker)
{
    const firing_job *job = state;
    firing_scratch *scratch = &job->scratches[worker];
    const spk_train train = spk_trains_unit(job->trains, unit);
    set_intervals(job, &train, unit, scratch);
    set_windows(job, &train, unit, scratch);
    if (job->n_bin_sets > 0) {
        int64_t *counts[N_BIN_SETS] = {NULL};
        for (int64_t b = 0; b < job->n_bin_sets; b++)
            counts[b] = scratch->counts[job->which[b]];
        spk__lags_count(scratch->lags, &train, counts);
        set_centred(job, unit, scratch);
    }
    if (wants(job, ACG_TAU_DECAY, ACG_FIT_R_SQUARE))
        set_fit(job, &train, unit, scratch);
    if (wants(job, SUPPRESSION_RATIO, TAU_DECAY_BOMBCELL))
        set_bombcell(job, &train, unit, scratch);
    return SPK_OK;
}

/* ---- setting up ---- */

/* The least whole number of samples that is not below a time; a time that is a whole number
 * but for rounding is that number. */
static int64_t samples_at_least(double time_s, double rate_hz)
{
    const double samples = time_s * rate_hz;
    return samples < 9e18 ? (int64_t)ceil(samples * (1 - 1e-12)) : INT64_MAX;
}

static int64_t samples_at_most(double time_s, double rate_hz)
{
    const double samples = time_s * rate_hz;
    return samples < 9e18 ? (int64_t)floor(samples * (1 + 1e-12)) : INT64_MAX;
}

static int64_t samples_nearest(double time_s, double rate_hz)
{
    const double samples = fmin(round(time_s * rate_hz), 9e18);
    return samples < 1 ? 1 : (int64_t)samples;
}

static void add_bins(firing_job *job, int which, int wanted, double bin_s, int64_t last)
{
    const double samples = bin_s * job->rate_hz;
    if (!wanted || samples < 1 || samples > (double)(1 << 30))
        return;
    job->has[which] = 1;
    job->which[job->n_bin_sets] = which;
    job->bins[job->n_bin_sets++] = (spk__lag_bins){
        .width = which == FLOORED ? (int64_t)ceil(samples * (1 - 1e-12))
                                  : (int64_t)round(samples),
        .last = last,
        .centred = which != FLOORED,
    };
}

static void choose_bins(firing_job *job)
{
    int64_t last = 140;
    if (wants(job, BURST_INDEX_ROYER, BURST_INDEX_ROYER))
        last = 300;
    if (wants(job, THETA_POWER_RATIO, THETA_POWER_RATIO))
        last = 500;
    add_bins(job, WIDE,
             wants(job, BURST_INDEX_ROYER, BURST_INDEX_ROYER) ||
                 wants(job, THETA_MODULATION, THETA_POWER_RATIO),
             0.001, last);
    add_bins(job, NARROW,
             wants(job, BURST_INDEX_DOUBLETS, BURST_INDEX_DOUBLETS) ||
                 wants(job, ACG_TAU_DECAY, ACG_FIT_R_SQUARE),
             0.0005, FIT_BINS);
    add_bins(job, FLOORED, wants(job, SUPPRESSION_RATIO, TAU_DECAY_BOMBCELL), 0.001, 500);
}

/* CellExplorer's bins of the rate, and where they end. */
static void choose_rate_bins(firing_job *job, double bin_s)
{
    const spk_spikes *spikes = spk_trains_spikes(job->trains);
    int64_t last = spikes->start_sample;
    for (int64_t u = 0; u < spikes->n_units; u++) {
        const spk_train train = spk_trains_unit(job->trains, u);
        if (train.n_spikes > 0 && train.samples[train.n_spikes - 1] > last)
            last = train.samples[train.n_spikes - 1];
    }
    const double length_s = ((double)last - (double)spikes->start_sample) / job->rate_hz;
    if (!(bin_s > 0))
        bin_s = length_s / 180 < 40 ? fmax(10, ceil(length_s / 400) * 10) : 180;
    job->rate_bin_samples = samples_nearest(bin_s, job->rate_hz);
    job->rate_stop = last;
}

static void read_parameters(firing_job *job, const spk__metrics_work *work)
{
    const double rate_hz = job->rate_hz;
    job->cv2_limit = spk__metrics_parameter(work, "cv2_limit");
    job->lvr_refractory_samples =
        spk__metrics_parameter(work, "lvr_refractory_s") * rate_hz;
    job->burst_samples =
        samples_at_least(spk__metrics_parameter(work, "burst_isi_s"), rate_hz);
    job->long_samples =
        samples_at_most(spk__metrics_parameter(work, "long_isi_s"), rate_hz);
    job->fano_samples =
        samples_nearest(spk__metrics_parameter(work, "fano_window_s"), rate_hz);
    job->fit_blank_ms = spk__metrics_parameter(work, "acg_fit_blank_ms");
    choose_rate_bins(job, spk__metrics_parameter(work, "firing_rate_bin_s"));
}

static void free_scratch(firing_scratch *scratch)
{
    spk__free(scratch->buckets);
    spk__lags_destroy(scratch->lags);
    for (int b = 0; b < N_BIN_SETS; b++)
        spk__free(scratch->counts[b]);
    spk__free(scratch->values);
    spk__free(scratch->fit_work);
    spk__free(scratch->windows.places);
    spk__free(scratch->windows.counts);
    spk__free(scratch->changes);
}

static spk_status make_scratch(spk_context *ctx, const firing_job *job, int64_t room,
                               firing_scratch *scratch)
{
    int failed = 0;
    scratch->buckets = spk__alloc(ctx, SPK__INTERVAL_BUCKETS, sizeof(int64_t));
    scratch->values = spk__alloc(ctx, 512, sizeof(double));
    scratch->fit_work =
        spk__alloc(ctx, spk__acg_fit_work_length(FIT_BINS), sizeof(double));
    scratch->windows.places = spk__alloc(ctx, room, sizeof(int64_t));
    scratch->windows.counts = spk__alloc(ctx, room, sizeof(int64_t));
    scratch->changes = spk__alloc(ctx, 2 * room + 1, sizeof(int64_t));
    failed = scratch->buckets == NULL || scratch->values == NULL ||
             scratch->fit_work == NULL || scratch->windows.places == NULL ||
             scratch->windows.counts == NULL || scratch->changes == NULL;
    for (int64_t b = 0; b < job->n_bin_sets; b++) {
        scratch->counts[job->which[b]] =
            spk__alloc(ctx, job->bins[b].last + 1, sizeof(int64_t));
        failed |= scratch->counts[job->which[b]] == NULL;
    }
    if (failed)
        return spk__fail_memory(ctx);
    return job->n_bin_sets == 0
               ? SPK_OK
               : spk__lags_create(ctx, job->bins, job->n_bin_sets, &scratch->lags);
}

static spk_status compute(spk_context *ctx, const spk__metrics_work *work,
                          double *const *values)
{
    const int64_t n_units = work->input->spikes->n_units;
    const int32_t n_workers = spk__parallel_workers(ctx, n_units);
    firing_job job = {.trains = work->trains,
                      .values = values,
                      .rate_hz = work->input->spikes->sampling_rate_hz};
    spk_status status = SPK_OK;
    int64_t room = 0;
    read_parameters(&job, work);
    choose_bins(&job);
    for (int64_t u = 0;
         u < n_units && wants(&job, FIRING_RATE_CV, FIRING_RATE_INSTABILITY); u++) {
        const spk_train train = spk_trains_unit(job.trains, u);
        const int64_t wanted =
            spk__windows_room(&train, job.rate_bin_samples, job.rate_stop);
        room = wanted > room ? wanted : room;
    }
    job.scratches = spk__alloc_zero(ctx, n_workers, sizeof *job.scratches);
    if (job.scratches == NULL)
        return spk__fail_memory(ctx);
    for (int32_t w = 0; w < n_workers && status == SPK_OK; w++)
        status = make_scratch(ctx, &job, room, &job.scratches[w]);
    if (status == SPK_OK && wants(&job, THETA_POWER_RATIO, THETA_POWER_RATIO))
        status = spk__theta_create(ctx, 500, &job.theta);
    if (status == SPK_OK && wants(&job, ACG_TAU_DECAY, ACG_FIT_R_SQUARE))
        status = spk__acg_starts_create(ctx, 0.5, FIT_BINS, &job.starts);
    if (status == SPK_OK)
        status = spk__parallel_for(ctx, n_units, run_unit, &job, "firing patterns");
    spk__theta_destroy(job.theta);
    spk__acg_starts_destroy(job.starts);
    for (int32_t w = 0; w < n_workers; w++)
        free_scratch(&job.scratches[w]);
    spk__free(job.scratches);
    return status;
}

const spk__metric_group spk__metrics_firing = {
    .name = "firing",
    .metrics = metrics,
    .n_metrics = N_METRICS,
    .parameters = parameters,
    .n_parameters = sizeof parameters / sizeof parameters[0],
    .compute = compute,
};
