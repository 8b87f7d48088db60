/* SPDX-License-Identifier: BSD-3-Clause */
/* Every value of every pair, and the groups of every preset, of SpikeInterface. */
#include "suite.h"

#include <math.h>
#include <spikekit/array.h>
#include <spikekit/merging.h>
#include <spikekit/table.h>
#include <stdlib.h>

typedef struct session {
    spk_npy *files[5];
    spk_spikes spikes;
    int64_t *samples;
    int32_t *units;
    double *positions;
    double *snr;
    double *similarity;
    spk_array amplitudes;
    spk_array spike_positions;
    double *columns; /* [n_spikes] amplitudes, then [n_spikes][2] positions */
    spk_merging_input input;
} session;

static const char *path_of(const char *name, const char *ending)
{
    static char path[256];
    snprintf(path, sizeof path, "golden/merging/%s.%s", name, ending);
    return path;
}

static double *read_doubles(const char *name, const char *ending, int64_t *n)
{
    spk_npy *npy = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_npy_open(NULL, path_of(name, ending), &npy), SPK_OK);
    *n = spk_npy_array(npy)->n_elements;
    double *values = malloc((size_t)*n * sizeof *values);
    CU_ASSERT_EQUAL_FATAL(spk_array_to_double(NULL, spk_npy_array(npy), values), SPK_OK);
    spk_npy_close(npy);
    return values;
}

static spk_array plain_array(const double *data, int64_t n_rows, int64_t n_columns)
{
    return (spk_array){.data = data,
                       .dtype = SPK_DTYPE_FLOAT64,
                       .item_size = 8,
                       .n_dimensions = 2,
                       .shape = {n_rows, n_columns},
                       .n_elements = n_rows * n_columns};
}

static session open_session(const char *name, double rate_hz, double seconds)
{
    session s = {0};
    int64_t n, n_units, unused;
    double *samples = read_doubles(name, "samples.npy", &n);
    double *units = read_doubles(name, "units.npy", &unused);
    double *per_spike = read_doubles(name, "per_spike.npy", &unused);
    double *per_unit = read_doubles(name, "per_unit.npy", &n_units);
    n_units /= 3;
    s.similarity = read_doubles(name, "similarity.npy", &unused);
    s.samples = malloc((size_t)n * sizeof *s.samples);
    s.units = malloc((size_t)n * sizeof *s.units);
    s.columns = malloc(3 * (size_t)n * sizeof *s.columns);
    s.positions = malloc(2 * (size_t)n_units * sizeof *s.positions);
    s.snr = malloc((size_t)n_units * sizeof *s.snr);
    for (int64_t i = 0; i < n; i++) {
        s.samples[i] = (int64_t)samples[i];
        s.units[i] = (int32_t)units[i];
        s.columns[i] = per_spike[3 * i];
        s.columns[n + 2 * i] = per_spike[3 * i + 1];
        s.columns[n + 2 * i + 1] = per_spike[3 * i + 2];
    }
    for (int64_t u = 0; u < n_units; u++) {
        s.positions[2 * u] = per_unit[3 * u];
        s.positions[2 * u + 1] = per_unit[3 * u + 1];
        s.snr[u] = per_unit[3 * u + 2];
    }
    s.spikes = (spk_spikes){
        n, n_units, s.samples, s.units, rate_hz, 0, (int64_t)(rate_hz * seconds)};
    free(per_unit);
    free(per_spike);
    free(units);
    free(samples);
    return s;
}

/* Once the session stands where it stays. */
static void fill_input(session *s)
{
    const int64_t n = s->spikes.n_spikes;
    s->amplitudes = plain_array(s->columns, n, 1);
    s->spike_positions = plain_array(s->columns + n, n, 2);
    spk_merging_input_init(&s->input, sizeof s->input);
    s->input.spikes = &s->spikes;
    s->input.positions_um = s->positions;
    s->input.similarity = s->similarity;
    s->input.snr = s->snr;
    s->input.amplitudes = &s->amplitudes;
    s->input.spike_positions = &s->spike_positions;
}

static void close_session(session *s)
{
    free(s->snr);
    free(s->positions);
    free(s->columns);
    free(s->units);
    free(s->samples);
    free(s->similarity);
}

/* Largest difference of a column from the table, relative to 1 + |value|. */
static double largest_difference(const spk_table *table, const spk_merge_pair *pairs,
                                 int64_t n_pairs, int32_t value)
{
    const int64_t column =
        spk_table_find_column(table, spk_merge_value_describe(value)->name);
    double largest = 0;
    CU_ASSERT_FATAL(column >= 0);
    for (int64_t p = 0; p < n_pairs; p++) {
        double expected = NAN;
        CU_ASSERT_EQUAL(spk_table_number(NULL, table, p, column, &expected), SPK_OK);
        const double ours = pairs[p].values[value];
        if (isnan(expected) || isnan(ours) || isinf(expected))
            largest = fmax(largest, isnan(expected) == isnan(ours) &&
                                            (isnan(ours) || ours == expected)
                                        ? 0
                                        : INFINITY);
        else
            largest = fmax(largest, fabs(ours - expected) / (1 + fabs(expected)));
    }
    return largest;
}

static void check_values(session *s, const char *name)
{
    /* Sums of 50 bins or of 10^4 spikes in doubles are within 10^-12; what SpikeInterface
     * keeps as float32 within 2^-24. */
    static const struct {
        int32_t value;
        double tolerance;
    } columns[] = {
        {SPK_MERGE_VALUE_CONTAMINATION, 1e-15},
        {SPK_MERGE_VALUE_CROSS_CONTAMINATION, 6e-8},
        {SPK_MERGE_VALUE_CROSS_P, 6e-8},
        {SPK_MERGE_VALUE_CORRELOGRAM_DIFFERENCE, 1e-13},
        {SPK_MERGE_VALUE_PRESENCE_DISTANCE, 1e-13},
        {SPK_MERGE_VALUE_QUALITY_GAIN, 1e-13},
        {SPK_MERGE_VALUE_NEIGHBORS, 0},
        {SPK_MERGE_VALUE_SLAY_RHO, 1e-13},
        {SPK_MERGE_VALUE_SLAY_ETA, 1e-12},
    };
    static const int32_t steps[] = {
        SPK_MERGE_CORRELOGRAM, SPK_MERGE_PRESENCE,  SPK_MERGE_CROSS_CONTAMINATION,
        SPK_MERGE_QUALITY,     SPK_MERGE_NEIGHBORS, SPK_MERGE_SLAY,
    };
    spk_table *table = NULL;
    spk_merge_candidates *candidates = NULL;
    spk_merging_options options;
    spk_merging_options_init(&options, sizeof options);
    options.steps = steps;
    options.n_steps = sizeof steps / sizeof steps[0];
    options.evaluate_all = 1;
    CU_ASSERT_EQUAL_FATAL(spk_table_read(NULL, path_of(name, "values.tsv"), &table),
                          SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_merging_find(NULL, &s->input, &options, &candidates),
                          SPK_OK);
    const spk_merge_pair *pairs = spk_merge_candidates_pairs(candidates);
    const int64_t n_pairs = spk_merge_candidates_n_pairs(candidates);
    CU_ASSERT_EQUAL_FATAL(n_pairs, spk_table_n_rows(table));
    for (int64_t p = 0; p < n_pairs; p++)
        CU_ASSERT(atoi(spk_table_text(table, p, 0)) == pairs[p].a &&
                  atoi(spk_table_text(table, p, 1)) == pairs[p].b);
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        const double difference =
            largest_difference(table, pairs, n_pairs, columns[c].value);
        CU_ASSERT(difference <= columns[c].tolerance);
        printf("\n  %-7s %-22s differs by %.1e", name,
               spk_merge_value_describe(columns[c].value)->name, difference);
    }
    spk_merge_candidates_destroy(candidates);
    spk_table_destroy(table);
}

static void check_groups(session *s, const char *name)
{
    spk_table *table = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_table_read(NULL, path_of(name, "groups.tsv"), &table),
                          SPK_OK);
    CU_ASSERT_EQUAL(spk_table_n_rows(table), 5);
    for (int64_t row = 0; row < spk_table_n_rows(table); row++) {
        char text[512] = "";
        size_t length = 0;
        spk_merge_candidates *candidates = NULL;
        spk_merging_options options;
        spk_merging_options_init(&options, sizeof options);
        CU_ASSERT_EQUAL(spk_merge_preset_from_name(NULL, spk_table_text(table, row, 0),
                                                   &options.preset),
                        SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_merging_find(NULL, &s->input, &options, &candidates),
                              SPK_OK);
        const int64_t *offsets = spk_merge_candidates_group_offsets(candidates);
        const int32_t *units = spk_merge_candidates_group_units(candidates);
        for (int64_t g = 0; g < spk_merge_candidates_n_groups(candidates); g++)
            for (int64_t k = offsets[g]; k < offsets[g + 1]; k++)
                length += (size_t)snprintf(text + length, sizeof text - length, "%s%d",
                                           k > offsets[g] ? ","
                                           : g > 0        ? ";"
                                                          : "",
                                           units[k]);
        CU_ASSERT_STRING_EQUAL(text, spk_table_text(table, row, 1));
        spk_merge_candidates_destroy(candidates);
    }
    spk_table_destroy(table);
}

static void check_session(const char *name, double rate_hz, double seconds)
{
    session s = open_session(name, rate_hz, seconds);
    fill_input(&s);
    check_values(&s, name);
    check_groups(&s, name);
    close_session(&s);
}

static void plain(void)
{
    check_session("plain", 30000, 240);
}

static void sparse(void)
{
    check_session("sparse", 25000, 120);
}

static const suite_test tests[] = {
    {"plain", plain},
    {"sparse", sparse},
};

SUITE_MAIN("merging: SpikeInterface", tests)
