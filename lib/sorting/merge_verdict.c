/* SPDX-License-Identifier: BSD-3-Clause */
/* What the values are, the defaults and ranges of all options, and who passes. */
#include "base/check.h"
#include "sorting/merge_work.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const spk_merge_value_info values[SPK_MERGE_N_VALUES] = {
    [SPK_MERGE_VALUE_NUM_SPIKES] = {"num_spikes", "spikes", SPK_MERGE_NUM_SPIKES, 1},
    [SPK_MERGE_VALUE_SNR] = {"snr", "1", SPK_MERGE_SNR, 1},
    [SPK_MERGE_VALUE_CONTAMINATION] = {"contamination", "1", SPK_MERGE_CONTAMINATION, 1},
    [SPK_MERGE_VALUE_DISTANCE] = {"distance", "um", SPK_MERGE_DISTANCE, 1},
    [SPK_MERGE_VALUE_SIMILARITY] = {"similarity", "1", SPK_MERGE_SIMILARITY, 1},
    [SPK_MERGE_VALUE_CORRELOGRAM_DIFFERENCE] = {"correlogram_difference", "1",
                                                SPK_MERGE_CORRELOGRAM, 1},
    [SPK_MERGE_VALUE_PRESENCE_DISTANCE] = {"presence_distance", "s", SPK_MERGE_PRESENCE,
                                           1},
    [SPK_MERGE_VALUE_NEIGHBORS] = {"neighbors", "spikes", SPK_MERGE_NEIGHBORS, 1},
    [SPK_MERGE_VALUE_CROSS_CONTAMINATION] = {"cross_contamination", "1",
                                             SPK_MERGE_CROSS_CONTAMINATION, 0},
    [SPK_MERGE_VALUE_CROSS_P] = {"cross_p", "1", SPK_MERGE_CROSS_CONTAMINATION, 1},
    [SPK_MERGE_VALUE_QUALITY_GAIN] = {"quality_gain", "Hz", SPK_MERGE_QUALITY, 1},
    [SPK_MERGE_VALUE_SLAY] = {"slay", "1", SPK_MERGE_SLAY, 1},
    [SPK_MERGE_VALUE_SLAY_RHO] = {"slay_rho", "1", SPK_MERGE_SLAY, 0},
    [SPK_MERGE_VALUE_SLAY_ETA] = {"slay_eta", "1", SPK_MERGE_SLAY, 0},
    [SPK_MERGE_VALUE_REFRACTORY_RATIO] = {"refractory_ratio", "1",
                                          SPK_MERGE_CROSS_REFRACTORY, 0},
    [SPK_MERGE_VALUE_REFRACTORY_P] = {"refractory_p", "1", SPK_MERGE_CROSS_REFRACTORY, 0},
    [SPK_MERGE_VALUE_REFRACTORY_HOLM] = {"refractory_holm", "1",
                                         SPK_MERGE_CROSS_REFRACTORY, 1},
};

const spk_merge_value_info *spk_merge_value_describe(int32_t value)
{
    return value >= 0 && value < SPK_MERGE_N_VALUES ? values + value : NULL;
}

void spk_merging_options_init(spk_merging_options *options, size_t struct_size)
{
    spk_merging_options defaults = {
        .struct_size = struct_size,
        .preset = SPK_MERGE_SPIKEKIT,
        .min_spikes = 100,
        .min_snr = 2,
        .max_contamination = 0.2,
        .refractory_ms = 1,
        .censored_ms = 0.3,
        .max_distance_um = 150,
        .max_dissimilarity = 0.25,
        .correlogram_window_ms = 50,
        .correlogram_bin_ms = 1,
        .correlogram_censor_ms = 0.15,
        .correlogram_sigma_ms = 0.6,
        .correlogram_peak_share = 0.5,
        .max_correlogram_difference = 0.16,
        .presence_bin_s = 2,
        .min_presence_distance_s = 100,
        .n_neighbors = 10,
        .min_neighbors = 1,
        .max_cross_contamination = 0.1,
        .min_cross_p = 0.2,
        .quality_balance = 1.5,
        .slay_k1 = 0.25,
        .slay_k2 = 1,
        .slay_threshold = 0.5,
        .flank_from_ms = 5,
        .flank_to_ms = 25,
        .refractory_null = 1,
        .max_refractory_ratio = 0.3,
        .refractory_level = 0.01,
        .with_unit = -1,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

spk_status spk__merge_check_options(spk_context *ctx, const spk_merging_options *o)
{
    const struct {
        const char *name;
        double value, least, most;
    } ranges[] = {
        {"min_snr", o->min_snr, -INFINITY, INFINITY},
        {"max_contamination", o->max_contamination, -INFINITY, INFINITY},
        {"refractory_ms", o->refractory_ms, 0, 1e4},
        {"censored_ms", o->censored_ms, 0, 1e4},
        {"max_distance_um", o->max_distance_um, 0, INFINITY},
        {"max_dissimilarity", o->max_dissimilarity, -INFINITY, INFINITY},
        {"correlogram_window_ms", o->correlogram_window_ms, 1e-6, 1e6},
        {"correlogram_bin_ms", o->correlogram_bin_ms, 1e-6, 1e6},
        {"correlogram_censor_ms", o->correlogram_censor_ms, 0, 1e6},
        {"correlogram_sigma_ms", o->correlogram_sigma_ms, 1e-6, 1e6},
        {"correlogram_peak_share", o->correlogram_peak_share, 0, 1},
        {"max_correlogram_difference", o->max_correlogram_difference, -INFINITY,
         INFINITY},
        {"presence_bin_s", o->presence_bin_s, 1e-6, 1e9},
        {"min_presence_distance_s", o->min_presence_distance_s, -INFINITY, INFINITY},
        {"n_neighbors", (double)o->n_neighbors, 1, 1000},
        {"max_cross_contamination", o->max_cross_contamination, 0, 1},
        {"min_cross_p", o->min_cross_p, -INFINITY, INFINITY},
        {"quality_balance", o->quality_balance, -INFINITY, INFINITY},
        {"slay_k1", o->slay_k1, -INFINITY, INFINITY},
        {"slay_k2", o->slay_k2, -INFINITY, INFINITY},
        {"slay_threshold", o->slay_threshold, -INFINITY, INFINITY},
        {"flank_from_ms", o->flank_from_ms, o->refractory_ms, 1e4},
        {"flank_to_ms", o->flank_to_ms, o->flank_from_ms, 1e4},
        {"refractory_null", o->refractory_null, 1e-9, 1e9},
        {"max_refractory_ratio", o->max_refractory_ratio, -INFINITY, INFINITY},
        {"refractory_level", o->refractory_level, 0, 1},
    };
    for (size_t k = 0; k < sizeof ranges / sizeof ranges[0]; k++)
        SPK_REQUIRE(
            ctx, ranges[k].value >= ranges[k].least && ranges[k].value <= ranges[k].most,
            SPK_ERR_ARGUMENT, "%s must be in %g .. %g, got %g", ranges[k].name,
            ranges[k].least, ranges[k].most, ranges[k].value);
    return SPK_OK;
}

/* Comparisons are written as SpikeInterface writes them, for what happens to NaN. */
int spk__merge_passes(const spk_merging_options *o, int32_t step, const double *v)
{
    switch (step) {
    case SPK_MERGE_NUM_SPIKES:
        return !(v[SPK_MERGE_VALUE_NUM_SPIKES] < (double)o->min_spikes);
    case SPK_MERGE_SNR:
        return !(v[SPK_MERGE_VALUE_SNR] < o->min_snr);
    case SPK_MERGE_CONTAMINATION:
        return !(v[SPK_MERGE_VALUE_CONTAMINATION] > o->max_contamination);
    case SPK_MERGE_DISTANCE:
        return v[SPK_MERGE_VALUE_DISTANCE] <= o->max_distance_um;
    case SPK_MERGE_SIMILARITY:
        return 1 - v[SPK_MERGE_VALUE_SIMILARITY] < o->max_dissimilarity;
    case SPK_MERGE_CORRELOGRAM:
        return v[SPK_MERGE_VALUE_CORRELOGRAM_DIFFERENCE] < o->max_correlogram_difference;
    case SPK_MERGE_PRESENCE:
        return v[SPK_MERGE_VALUE_PRESENCE_DISTANCE] > o->min_presence_distance_s;
    case SPK_MERGE_NEIGHBORS:
        return v[SPK_MERGE_VALUE_NEIGHBORS] >= (double)o->min_neighbors;
    case SPK_MERGE_CROSS_CONTAMINATION:
        return v[SPK_MERGE_VALUE_CROSS_P] > o->min_cross_p;
    case SPK_MERGE_QUALITY:
        return !(v[SPK_MERGE_VALUE_QUALITY_GAIN] < 0);
    case SPK_MERGE_SLAY:
        return v[SPK_MERGE_VALUE_SLAY] > o->slay_threshold;
    default: /* SPK_MERGE_CROSS_REFRACTORY */
        return v[SPK_MERGE_VALUE_REFRACTORY_HOLM] <= o->refractory_level &&
               v[SPK_MERGE_VALUE_REFRACTORY_RATIO] <= o->max_refractory_ratio;
    }
}
