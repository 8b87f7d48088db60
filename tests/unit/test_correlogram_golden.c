/* SPDX-License-Identifier: BSD-3-Clause */
/* The counts of four peers on adversarial trains, from golden/correlogram/: equal, element by
 * element, from seconds as the peer takes them to the peer's own array. */
#include "suite.h"

#include <spikekit/array.h>
#include <spikekit/correlogram.h>
#include <spikekit/table.h>
#include <stdlib.h>

static spk_npy *open_array(const char *name, const char *ending)
{
    char path[512];
    spk_npy *npy = NULL;
    snprintf(path, sizeof path, "golden/correlogram/%s.%s.npy", name, ending);
    CU_ASSERT_EQUAL_FATAL(spk_npy_open(NULL, path, &npy), SPK_OK);
    return npy;
}

static double number(const spk_table *cases, int64_t row, const char *column)
{
    double value = 0;
    CU_ASSERT_EQUAL_FATAL(
        spk_table_number(NULL, cases, row, spk_table_find_column(cases, column), &value),
        SPK_OK);
    return value;
}

static int64_t count_differences(const int64_t *a, const int64_t *b, int64_t n)
{
    int64_t differences = 0;
    for (int64_t k = 0; k < n; k++)
        differences += a[k] != b[k];
    return differences;
}

static void check_case(const spk_table *cases, int64_t row)
{
    const char *name = spk_table_text(cases, row, spk_table_find_column(cases, "case"));
    const char *peer = spk_table_text(cases, row, spk_table_find_column(cases, "peer"));
    spk_npy *samples = open_array(name, "samples");
    spk_npy *units = open_array(name, "units");
    spk_npy *golden = open_array(name, peer);
    const spk_array *expected = spk_npy_array(golden);
    int64_t n_units = (int64_t)number(cases, row, "n_units");
    spk_spikes spikes = {.n_spikes = spk_npy_array(samples)->n_elements,
                         .n_units = n_units,
                         .samples = spk_npy_array(samples)->data,
                         .units = spk_npy_array(units)->data,
                         .sampling_rate_hz = number(cases, row, "sampling_rate_hz"),
                         .start_sample = INT64_MIN,
                         .stop_sample = INT64_MAX};
    spk_correlogram_options options;
    int32_t convention = -1;
    spk_context *ctx = NULL;

    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_correlogram_convention_from_name(ctx, peer, &convention),
                          SPK_OK);
    spk_correlogram_options_init(&options, sizeof options);
    spk_status status = spk_correlogram_options_set_window(
        ctx, &options, convention, spikes.sampling_rate_hz,
        number(cases, row, "window_s"), number(cases, row, "bin_s"));
    CU_ASSERT_EQUAL(status, SPK_OK);
    CU_ASSERT_EQUAL(options.n_bins, (int64_t)number(cases, row, "n_bins"));
    CU_ASSERT_EQUAL_FATAL(expected->n_elements, n_units * n_units * options.n_bins);

    int64_t *counts = malloc((size_t)expected->n_elements * sizeof *counts);
    CU_ASSERT_EQUAL(spk_correlogram_count(ctx, &spikes, &options, counts), SPK_OK);
    int64_t differences = count_differences(expected->data, counts, expected->n_elements);
    CU_ASSERT_EQUAL(differences, 0);
    if (differences != 0)
        printf("\n  %s, %s: %lld of %lld counts differ", name, peer,
               (long long)differences, (long long)expected->n_elements);
    free(counts);
    spk_npy_close(golden);
    spk_npy_close(units);
    spk_npy_close(samples);
    spk_context_destroy(ctx);
}

static void test_peers(void)
{
    spk_table *cases = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_table_read(NULL, "golden/correlogram/cases.tsv", &cases),
                          SPK_OK);
    CU_ASSERT(spk_table_n_rows(cases) >= 119);
    for (int64_t row = 0; row < spk_table_n_rows(cases); row++)
        check_case(cases, row);
    spk_table_destroy(cases);
}

static const suite_test TESTS[] = {{"equal to each peer", test_peers}};
SUITE_MAIN("correlogram, golden", TESTS)
