/* SPDX-License-Identifier: BSD-3-Clause */
/* What elephant makes of the same trains, from golden/synchrony/. */
#include "suite.h"

#include <math.h>
#include <spikekit/array.h>
#include <spikekit/complexity.h>
#include <spikekit/count_correlation.h>
#include <spikekit/synchrony.h>
#include <stdlib.h>

enum {
    N_UNITS = 8,
    N_PAIRS = N_UNITS * N_UNITS,
    LENGTH = 20000,
    N_WIDTHS = 4
};

static spk_npz *npz;

static const spk_array *array_of(const char *name)
{
    const spk_array *array = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_npz_array(NULL, npz, name, &array), SPK_OK);
    return array;
}

static spk_spikes table(void)
{
    const spk_array *samples = array_of("samples");
    return (spk_spikes){samples->n_elements,
                        N_UNITS,
                        samples->data,
                        array_of("units")->data,
                        1000.0,
                        0,
                        LENGTH};
}

static void tiling(void)
{
    const spk_spikes spikes = table();
    const double *expected = array_of("sttc")->data;
    const int64_t *windows = array_of("windows")->data;
    double values[N_PAIRS], largest = 0;
    for (int k = 0; k < 3; k++) {
        spk_sttc_options options;
        spk_sttc_options_init(&options, sizeof options);
        options.window_s = (double)windows[k] / 1000;
        CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, &options, values), SPK_OK);
        for (int p = 0; p < N_PAIRS; p++)
            largest = fmax(largest, fabs(values[p] - expected[k * N_PAIRS + p]));
    }
    CU_ASSERT(largest < 1e-12);
}

/* A day later elephant finds nearly all trains to be one: its window has grown with the clock.
 * The definition knows no clock. */
static void tiling_a_day_later(void)
{
    const int64_t late = (int64_t)86400 * 1000;
    spk_spikes spikes = table();
    const double *early = (const double *)array_of("sttc")->data + N_PAIRS; /* of 5 ms */
    const double *elephants = array_of("sttc_late")->data;
    int64_t *moved = malloc((size_t)spikes.n_spikes * sizeof *moved);
    double values[N_PAIRS], most = 0;
    for (int64_t i = 0; i < spikes.n_spikes; i++)
        moved[i] = spikes.samples[i] + late;
    spikes.samples = moved;
    spikes.start_sample = late;
    spikes.stop_sample = late + LENGTH;
    CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &spikes, NULL, values), SPK_OK);
    for (int p = 0; p < N_PAIRS; p++) {
        CU_ASSERT_DOUBLE_EQUAL(values[p], early[p], 1e-12);
        most = fmax(most, fabs(values[p] - elephants[p]));
    }
    CU_ASSERT(most > 0.5);
    free(moved);
}

static void counts(void)
{
    const spk_spikes spikes = table();
    const double *covariances = array_of("covariances")->data;
    const double *correlations = array_of("correlations")->data;
    double found[2][N_WIDTHS * N_PAIRS];
    CU_ASSERT_EQUAL(spk_count_correlation_estimate(NULL, &spikes,
                                                   array_of("widths")->data, N_WIDTHS,
                                                   NULL, found[0], found[1], NULL, NULL),
                    SPK_OK);
    for (int p = 0; p < N_WIDTHS * N_PAIRS; p++) {
        CU_ASSERT_DOUBLE_EQUAL(found[0][p], correlations[p], 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(found[1][p], covariances[p],
                               1e-12 * fmax(1, fabs(covariances[p])));
    }
}

static void complexities(void)
{
    static const char *const names[] = {"units", "spikes"};
    static const int64_t spreads[] = {0, 1, 3}, widths[] = {1, 4};
    const spk_spikes spikes = table();
    for (int k = 0; k < 12; k++) {
        char name[64];
        int64_t length, histogram[64];
        spk_complexity_options options;
        spk_complexity_options_init(&options, sizeof options);
        options.counted = k % 2;
        options.bin_samples = widths[k / 2 % 2];
        options.spread = spreads[k / 4];
        snprintf(name, sizeof name, "complexity_%d_%s_%d", (int)options.bin_samples,
                 names[k % 2], (int)options.spread);
        const spk_array *expected = array_of(name);
        CU_ASSERT_EQUAL(spk_complexity_length(NULL, &spikes, &options, &length), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(length, expected->n_elements);
        CU_ASSERT_EQUAL_FATAL(
            spk_complexity_count(NULL, &spikes, &options, length, histogram), SPK_OK);
        CU_ASSERT_EQUAL(
            memcmp(histogram, expected->data, (size_t)length * sizeof *histogram), 0);
    }
}

static const suite_test tests[] = {
    {"tiling", tiling},
    {"tiling a day later", tiling_a_day_later},
    {"counts", counts},
    {"complexities", complexities},
};

int main(void)
{
    if (spk_npz_open(NULL, "golden/synchrony/synchrony.npz", &npz) != SPK_OK)
        return 1;
    const int result =
        suite_run("synchrony_golden", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_npz_close(npz);
    return result;
}
