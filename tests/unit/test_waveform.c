/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700
#include "suite.h"

#include <math.h>
#include <spikekit/array.h>
#include <spikekit/table.h>
#include <spikekit/waveform.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static spk_context *ctx;

/* Two channels; the peak of 6 has a trough of -4, which becomes the peak. */
static void hand_worked(void)
{
    static const double wave[] = {0,  0, 1, 1, 6, 2, 0, NAN, -4, 0,
                                  -1, 0, 2, 0, 3, 0, 1, 0,   0,  0};
    static const double places[] = {0, 0, 3, 4};
    spk_waveform_options o;
    spk_waveform_features f;
    spk_waveform_options_init(&o, sizeof o);
    o.sampling_rate_hz = 1000;
    o.recovery_s = 2e-3;
    o.channel_positions_um = places;
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, wave, 10, 2, &o, &f), SPK_OK);
    CU_ASSERT(f.peak_channel == 0 && f.peak_sample == 4 && f.peak == -4);
    CU_ASSERT(f.is_swapped && !f.is_inverted);
    CU_ASSERT(f.trough_sample == 7 && f.trough == 3);
    CU_ASSERT(f.tip_sample == 2 && f.tip == 6);
    CU_ASSERT(f.half_peak_before_sample == 3 && f.half_peak_before == 0);
    CU_ASSERT(f.half_peak_after_sample == 5 && f.half_peak_after == -1);
    CU_ASSERT(f.recovery_sample == 9 && f.recovery == 0);
    CU_ASSERT_DOUBLE_EQUAL(f.peak_to_trough_ratio, 4 / 3.0, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(f.peak_to_trough_ratio_log, log(4 / 3.0), 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(f.peak_to_trough_duration_s, 3e-3, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(f.half_peak_duration_s, 2e-3, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(f.depolarisation_slope, -5000, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(f.repolarisation_slope, 7000 / 3.0, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(f.recovery_slope, -1500, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(f.spatial_spread_um, 2 * 5 / 8.0, 1e-15);

    o.swap_ratio = 1.4; /* 6 / 4 is more: the positive peak stays, turned */
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, wave, 10, 2, &o, &f), SPK_OK);
    CU_ASSERT(f.peak_sample == 2 && f.peak == 6 && f.is_inverted && !f.is_swapped);
    CU_ASSERT(f.trough_sample == 4 && f.trough == -4 && f.tip_sample == 0 && f.tip == 0);
    CU_ASSERT(f.half_peak_before_sample == 1 && f.half_peak_after_sample == 3);
}

/* The sign of a waveform turns all values and no sample, but for the swap. */
static void sign_does_not_matter(void)
{
    double wave[12] = {0, 1, -2, -9, -3, 1, 4, 2, 1, 0.5, 0, 0}, minus[12];
    spk_waveform_features a, b;
    for (int k = 0; k < 12; k++)
        minus[k] = -wave[k];
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, wave, 12, 1, NULL, &a), SPK_OK);
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, minus, 12, 1, NULL, &b), SPK_OK);
    CU_ASSERT(a.peak_sample == 3 && a.trough_sample == 6 && a.recovery_sample == 11);
    CU_ASSERT(b.peak_sample == 3 && b.trough_sample == 6 && b.recovery_sample == 11);
    CU_ASSERT(!a.is_inverted && b.is_inverted);
    CU_ASSERT_EQUAL(a.tip_sample, b.tip_sample);
    CU_ASSERT_EQUAL(a.half_peak_duration_s, b.half_peak_duration_s);
    CU_ASSERT_EQUAL(a.depolarisation_slope, -b.depolarisation_slope);
    CU_ASSERT_EQUAL(a.recovery_slope, -b.recovery_slope);
}

static void what_is_not_there_is_nan(void)
{
    static const double falling[] = {-9, -8, -7}, none[] = {0, NAN, 0}, one[] = {-1};
    spk_waveform_features f;
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, falling, 3, 1, NULL, &f), SPK_OK);
    CU_ASSERT(f.peak_sample == 0 && f.tip_sample == -1 && isnan(f.tip));
    CU_ASSERT(f.half_peak_before_sample == -1 && isnan(f.half_peak_before));
    CU_ASSERT(f.half_peak_after_sample == -1 && isnan(f.half_peak_duration_s));
    CU_ASSERT(isnan(f.depolarisation_slope) && isnan(f.recovery_slope));
    CU_ASSERT(f.trough == -7 && isnan(f.spatial_spread_um));
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, one, 1, 1, NULL, &f), SPK_OK);
    CU_ASSERT(f.trough_sample == 0 && isnan(f.repolarisation_slope));
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, none, 3, 1, NULL, &f), SPK_OK);
    CU_ASSERT(f.peak_channel == -1 && f.recovery_sample == -1 && isnan(f.peak));
}

static void errors(void)
{
    static const double wave[] = {-1};
    spk_waveform_features f;
    spk_waveform_options o;
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, NULL, 1, 1, NULL, &f), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, wave, 1, 1, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, wave, 0, 1, NULL, &f), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "n_samples and n_channels must be >= 1, got 0 and 1");
    memset(&o, 0, sizeof o);
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, wave, 1, 1, &o, &f), SPK_ERR_ARGUMENT);
    spk_waveform_options_init(&o, sizeof o);
    o.sampling_rate_hz = 0;
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, wave, 1, 1, &o, &f), SPK_ERR_ARGUMENT);
    spk_waveform_options_init(&o, sizeof o);
    o.recovery_s = NAN;
    CU_ASSERT_EQUAL(spk_waveform_measure(ctx, wave, 1, 1, &o, &f), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "recovery_s must be >= 0, got nan");
}

/* Six spikes of a real recording and what ibldsp makes of them. */
static void equals_ibl(void)
{
    static const char waveforms[] =
        "../../shared/data/ibl_waveform_features/test_arr_in.npy";
    static const char expected[] = "../../shared/data/ibl_waveform_features/test_df.csv";
#define SAMPLE(column, field)                                                            \
    {                                                                                    \
        column, offsetof(spk_waveform_features, field), 1                                \
    }
#define VALUE(column, field)                                                             \
    {                                                                                    \
        column, offsetof(spk_waveform_features, field), 0                                \
    }
    static const struct {
        const char *column;
        size_t offset;
        int is_sample;
    } columns[] = {
        SAMPLE("peak_trace_idx", peak_channel),
        SAMPLE("peak_time_idx", peak_sample),
        SAMPLE("trough_time_idx", trough_sample),
        SAMPLE("tip_time_idx", tip_sample),
        SAMPLE("half_peak_post_time_idx", half_peak_after_sample),
        SAMPLE("half_peak_pre_time_idx", half_peak_before_sample),
        SAMPLE("recovery_time_idx", recovery_sample),
        VALUE("peak_val", peak),
        VALUE("trough_val", trough),
        VALUE("tip_val", tip),
        VALUE("half_peak_post_val", half_peak_after),
        VALUE("half_peak_pre_val", half_peak_before),
        VALUE("recovery_val", recovery),
        VALUE("peak_to_trough_ratio", peak_to_trough_ratio),
        VALUE("peak_to_trough_ratio_log", peak_to_trough_ratio_log),
        VALUE("peak_to_trough_duration", peak_to_trough_duration_s),
        VALUE("half_peak_duration", half_peak_duration_s),
        VALUE("depolarisation_slope", depolarisation_slope),
        VALUE("repolarisation_slope", repolarisation_slope),
        VALUE("recovery_slope", recovery_slope),
    };
#undef SAMPLE
#undef VALUE
    if (access(waveforms, R_OK) != 0) {
        printf("skipped: %s is not there\n", waveforms);
        return;
    }
    spk_npy *npy = NULL;
    spk_table *table = NULL;
    double largest = 0;
    CU_ASSERT_EQUAL_FATAL(spk_npy_open(ctx, waveforms, &npy), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_table_read(ctx, expected, &table), SPK_OK);
    const spk_array *array = spk_npy_array(npy);
    CU_ASSERT_FATAL(array->shape[0] == 6 && array->shape[1] == 121);
    double *all = calloc((size_t)array->n_elements, sizeof *all);
    CU_ASSERT_EQUAL_FATAL(spk_array_to_double(ctx, array, all), SPK_OK);
    for (int64_t k = 0; k < 6; k++) {
        spk_waveform_features f;
        CU_ASSERT_EQUAL(spk_waveform_measure(ctx, all + k * 121 * 40, 121, 40, NULL, &f),
                        SPK_OK);
        for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
            const char *at = (const char *)&f + columns[c].offset;
            double wanted, found;
            int64_t sample;
            CU_ASSERT_EQUAL_FATAL(
                spk_table_number(ctx, table, k,
                                 spk_table_find_column(table, columns[c].column),
                                 &wanted),
                SPK_OK);
            memcpy(&found, at, sizeof found);
            memcpy(&sample, at, sizeof sample);
            if (columns[c].is_sample) {
                CU_ASSERT_EQUAL((double)sample, wanted);
            } else {
                largest = fmax(largest, fabs(found / wanted - 1));
            }
        }
    }
    printf("largest relative difference %.1e\n", largest);
    CU_ASSERT(largest < 5e-7); /* ratios and differences of float32 in float32 */
    free(all);
    spk_table_destroy(table);
    spk_npy_close(npy);
}

static const suite_test tests[] = {
    {"by hand", hand_worked},
    {"the sign does not matter", sign_does_not_matter},
    {"what is not there is NaN", what_is_not_there_is_nan},
    {"errors", errors},
    {"equals ibldsp", equals_ibl},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK)
        return 1;
    const int result =
        suite_run("waveform", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_context_destroy(ctx);
    return result;
}
