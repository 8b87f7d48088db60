/* SPDX-License-Identifier: BSD-3-Clause */
/* Metrics of spike trains against three peers, from golden/train_metrics/. */
#include "suite.h"

#include <math.h>
#include <spikekit/array.h>
#include <spikekit/metrics.h>
#include <spikekit/table.h>
#include <stdlib.h>

/* What a peer gives for "could not compute" besides NaN; ours is NaN. */
static const struct {
    const char *name;
    double undefined;
} columns[] = {
    {"num_spikes", NAN},
    {"firing_rate", NAN},
    {"presence_ratio", NAN},
    {"firing_range", NAN},
    {"isi_violations_ratio", NAN},
    {"isi_violations_count", -1},
    {"rp_contamination", NAN},
    {"rp_violations", -1},
    {"sync_spike_2", -1},
    {"sync_spike_4", -1},
    {"sync_spike_8", -1},
    {"sliding_rp_violation", NAN},
    {"presence_ratio_bombcell", NAN},
    {"sliding_rp_max_confidence_ibl", NAN},
    {"sliding_rp_min_contamination_ibl", NAN},
    {"sliding_rp_period_ibl", NAN},
    {"sliding_rp_n_below_2ms_ibl", NAN},
    {"sliding_rp_pass_ibl", NAN},
    {"sliding_rp_pass_forced_ibl", NAN},
    {"rpv_hill_bombcell", NAN},
    {"rpv_llobet_bombcell", NAN},
    {"rpv_sliding_bombcell", NAN},
    {"rpv_status_bombcell", NAN},
};

static spk_npy *open_array(const char *name, const char *ending)
{
    char path[512];
    spk_npy *npy = NULL;
    snprintf(path, sizeof path, "golden/train_metrics/%s.%s.npy", name, ending);
    CU_ASSERT_EQUAL_FATAL(spk_npy_open(NULL, path, &npy), SPK_OK);
    return npy;
}

static double number(const spk_table *table, int64_t row, const char *column)
{
    double value = 0;
    const int64_t at = spk_table_find_column(table, column);
    if (at < 0)
        printf("no column %s\n", column);
    CU_ASSERT_FATAL(at >= 0);
    if (strcmp(spk_table_text(table, row, at), "nan") == 0)
        return NAN;
    CU_ASSERT_EQUAL_FATAL(spk_table_number(NULL, table, row, at, &value), SPK_OK);
    return value;
}

/* The largest relative difference; infinite where only one is NaN. */
static double difference(double ours, double theirs, double undefined)
{
    if (theirs == undefined)
        theirs = NAN;
    if (isnan(ours) || isnan(theirs))
        return isnan(ours) && isnan(theirs) ? 0 : INFINITY;
    return fabs(ours - theirs) / fmax(fabs(theirs), 1e-3);
}

static void check_case(const spk_table *expected, int64_t first_row, int64_t n_units)
{
    const char *name = spk_table_text(expected, first_row, 0);
    spk_npy *samples = open_array(name, "samples");
    spk_npy *units = open_array(name, "units");
    const spk_spikes spikes = {
        .n_spikes = spk_npy_array(samples)->n_elements,
        .n_units = n_units,
        .samples = spk_npy_array(samples)->data,
        .units = spk_npy_array(units)->data,
        .sampling_rate_hz = number(expected, first_row, "sampling_rate_hz"),
        .start_sample = 0,
        .stop_sample = (int64_t)number(expected, first_row, "stop_sample"),
    };
    spk_metrics_input input;
    spk_metrics *metrics = NULL;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = &spikes;
    CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(NULL, &input, NULL, &metrics), SPK_OK);
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        const int64_t column = spk_metrics_find(metrics, columns[c].name);
        CU_ASSERT_FATAL(column >= 0);
        double largest = 0;
        for (int64_t u = 0; u < n_units; u++) {
            const double ours = spk_metrics_values(metrics, column)[u];
            const double theirs = number(expected, first_row + u, columns[c].name);
            const double d = difference(ours, theirs, columns[c].undefined);
            if (d > 1e-12)
                printf("\n  %s, %s of unit %d: %.17g, golden %.17g", name,
                       columns[c].name, (int)u, ours, theirs);
            largest = fmax(largest, d);
        }
        CU_ASSERT(largest <= 1e-12);
    }
    spk_metrics_destroy(metrics);
    spk_npy_close(units);
    spk_npy_close(samples);
}

static void peers(void)
{
    spk_table *expected = NULL;
    CU_ASSERT_EQUAL_FATAL(
        spk_table_read(NULL, "golden/train_metrics/expected.tsv", &expected), SPK_OK);
    const int64_t n_rows = spk_table_n_rows(expected);
    int n_cases = 0;
    for (int64_t first = 0; first < n_rows; n_cases++) {
        int64_t end = first + 1;
        while (end < n_rows && strcmp(spk_table_text(expected, end, 0),
                                      spk_table_text(expected, first, 0)) == 0)
            end++;
        check_case(expected, first, end - first);
        first = end;
    }
    CU_ASSERT_EQUAL(n_cases, 2);
    spk_table_destroy(expected);
}

static const suite_test tests[] = {
    {"SpikeInterface, slidingRP, bombcell", peers},
};

SUITE_MAIN("train_metrics_golden", tests)
