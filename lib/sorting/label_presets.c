/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/label_presets.h"

#define HEADER "label\tmetric\tminimum\tmaximum\tnan\ttogether\n"

/* bombcell 0.94: get_quality_unit_type() with the parameters it takes by default. Drift and
 * distance metrics are off there; they would be MUA rows on maxDriftEstimate (at most 100),
 * isolationDistance (at least 20) and Lratio (at most 0.3). Where so much is missing that no
 * percentage can be told, bombcell's is 100 or near it and ours NaN, with a column that says
 * so. Where no contamination can be told, bombcell's is 1 and ours NaN: then RPV_status is not 1
 * (with keepUncertainRPVUnits, at least 0). */
static const char bombcell[] =
    HEADER "none\tbombcell:nSpikes\t1\t\tignore\t\n"
           "NOISE\tbombcell:nPeaks\t\t2\tfail\t\n"
           "NOISE\tbombcell:nTroughs\t\t1\tignore\t\n"
           "NOISE\tbombcell:waveformDuration_peakTrough\t100\t1150\tignore\t\n"
           "NOISE\tbombcell:waveformBaselineFlatness\t\t0.3\tignore\t\n"
           "NOISE\tbombcell:scndPeakToTroughRatio\t\t0.8\tignore\t\n"
           "NOISE\tbombcell:spatialDecaySlope\t0.01\t0.1\tignore\t\n"
           "NON-SOMA\tbombcell:troughToPeak2Ratio\t5\t\tignore\tnarrow\n"
           "NON-SOMA\tbombcell:mainPeak_before_width\t4\t\tignore\tnarrow\n"
           "NON-SOMA\tbombcell:mainTrough_width\t5\t\tignore\tnarrow\n"
           "NON-SOMA\tbombcell:peak1ToPeak2Ratio\t\t3\tignore\tnarrow\n"
           "NON-SOMA\tbombcell:mainPeakToTroughRatio\t\t0.8\tignore\t\n"
           "MUA\tbombcell:percentageSpikesMissing_gaussian\t\t20\tignore\t\n"
           "MUA\tmissing_beyond_fit_bombcell\t\t0\tignore\t\n"
           "MUA\tbombcell:nSpikes\t300\t\tignore\t\n"
           "MUA\tbombcell:fractionRPVs_estimatedTauR\t\t0.1\tignore\t\n"
           "MUA\tbombcell:RPV_status\t1\t\tignore\t\n"
           "MUA\tbombcell:presenceRatio\t0.7\t\tignore\t\n"
           "MUA\tbombcell:rawAmplitude\t40\t\tignore\t\n"
           "MUA\tbombcell:signalToNoiseRatio\t5\t\tignore\t\n"
           "GOOD\t\t\t\t\t\n";

/* SpikeInterface 0.105: bombcell_label_units(). Its non-somatic condition is two narrow widths
 * (a width that is NaN counts as narrow) with either of two large ratios, or a large main
 * peak. */
static const char spikeinterface[] = HEADER
    "noise\tspikeinterface:num_positive_peaks\t\t2\tfail\t\n"
    "noise\tspikeinterface:num_negative_peaks\t\t1\tfail\t\n"
    "noise\tspikeinterface:peak_to_trough_duration\t0.0001\t0.00115\tfail\t\n"
    "noise\tspikeinterface:waveform_baseline_flatness\t\t0.5\tfail\t\n"
    "noise\tspikeinterface:peak_after_to_trough_ratio\t\t0.8\tfail\t\n"
    "noise\tspikeinterface:exp_decay\t0.01\t0.1\tfail\t\n"
    "non_soma\tspikeinterface:peak_before_width\t0.00015\t\tfail\tbefore trough\n"
    "non_soma\tspikeinterface:trough_width\t0.0002\t\tfail\tbefore trough\n"
    "non_soma\tspikeinterface:peak_before_to_trough_ratio\t\t3\tignore\tbefore trough\n"
    "non_soma\tspikeinterface:peak_before_width\t0.00015\t\tfail\tbefore after\n"
    "non_soma\tspikeinterface:trough_width\t0.0002\t\tfail\tbefore after\n"
    "non_soma\tspikeinterface:peak_before_to_peak_after_ratio\t\t3\tignore\tbefore "
    "after\n"
    "non_soma\tspikeinterface:main_peak_to_trough_ratio\t\t0.8\tignore\t\n"
    "mua\tabs(spikeinterface:amplitude_median)\t30\t\tignore\t\n"
    "mua\tspikeinterface:snr\t5\t\tignore\t\n"
    "mua\tspikeinterface:amplitude_cutoff\t\t0.2\tignore\t\n"
    "mua\tspikeinterface:num_spikes\t300\t\tignore\t\n"
    "mua\tspikeinterface:sliding_rp_violation\t\t0.1\tfail\t\n"
    "mua\tspikeinterface:presence_ratio\t0.7\t\tignore\t\n"
    "mua\tspikeinterface:drift_ptp\t\t100\tignore\t\n"
    "mua\tspikeinterface:isolation_distance\t20\t\tignore\t\n"
    "mua\tspikeinterface:l_ratio\t\t0.3\tignore\t\n"
    "good\t\t\t\t\t\n";

/* ibllib: quick_unit_metrics(), whose `label` is the share of three tests that a unit passes.
 * Amplitudes are in volts. */
static const char ibl[] = HEADER "fail\tibl:slidingRP_viol\t1\t\tfail\t\n"
                                 "fail\tibl:noise_cutoff\t\t<5\tfail\t\n"
                                 "fail\tibl:amp_median\t>0.00005\t\tfail\t\n"
                                 "good\t\t\t\t\t\n";

/* Kilosort 4: good when the autocorrelogram shows a refractory period, otherwise mua. */
static const char kilosort[] = HEADER "mua\tkilosort:is_refractory\t1\t\tfail\t\n"
                                      "good\t\t\t\t\t\n";

const spk__label_preset spk__label_presets[] = {
    {"bombcell", "bombcell's own thresholds: NOISE, NON-SOMA, MUA, GOOD", bombcell},
    {"spikeinterface",
     "SpikeInterface's port of bombcell: noise, non_soma, mua, good; amplitudes in "
     "microvolts",
     spikeinterface},
    {"ibl", "the International Brain Laboratory's three tests: good passes all", ibl},
    {"kilosort", "Kilosort 4's good and mua, by the refractory period", kilosort},
};
const int64_t spk__n_label_presets =
    (int64_t)(sizeof spk__label_presets / sizeof spk__label_presets[0]);
