/* SPDX-License-Identifier: BSD-3-Clause */
/* The input of golden/amplitude/, and the columns of its tables. */
#ifndef SPIKEKIT_TESTS_AMPLITUDE_GOLDEN_H
#define SPIKEKIT_TESTS_AMPLITUDE_GOLDEN_H

#include <CUnit/CUnit.h>
#include <math.h>
#include <spikekit/metrics.h>
#include <spikekit/table.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    GOLDEN_UNITS = 12
};

typedef struct golden {
    spk_npy *files[4];
    int64_t *samples;
    int32_t *units;
    float *singles; /* amplitudes in 32 bits */
    spk_array amplitudes, float_amplitudes, positions;
    spk_spikes spikes;
} golden;

static inline const spk_array *golden_file(golden *g, int file)
{
    static const char *const names[] = {"samples", "units", "amplitudes", "positions"};
    char path[128];
    snprintf(path, sizeof path, "golden/amplitude/%s.npy", names[file]);
    CU_ASSERT_EQUAL_FATAL(spk_npy_open(NULL, path, &g->files[file]), SPK_OK);
    return spk_npy_array(g->files[file]);
}

static inline golden golden_open(void)
{
    golden g = {0};
    const spk_array *samples = golden_file(&g, 0), *units = golden_file(&g, 1);
    const int64_t n = samples->n_elements;
    int64_t *wide = malloc((size_t)n * sizeof *wide);
    g.amplitudes = *golden_file(&g, 2);
    g.positions = *golden_file(&g, 3);
    g.samples = malloc((size_t)n * sizeof *g.samples);
    g.units = malloc((size_t)n * sizeof *g.units);
    g.singles = malloc((size_t)n * sizeof *g.singles);
    CU_ASSERT_EQUAL_FATAL(spk_array_to_int64(NULL, samples, g.samples), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_array_to_int64(NULL, units, wide), SPK_OK);
    for (int64_t i = 0; i < n; i++) {
        g.units[i] = (int32_t)wide[i];
        g.singles[i] = (float)((const double *)g.amplitudes.data)[i];
    }
    free(wide);
    g.float_amplitudes = g.amplitudes;
    g.float_amplitudes.dtype = SPK_DTYPE_FLOAT32;
    g.float_amplitudes.item_size = sizeof *g.singles;
    g.float_amplitudes.data = g.singles;
    g.spikes = (spk_spikes){n, GOLDEN_UNITS, g.samples, g.units, 30000, 0, 600 * 30000};
    return g;
}

static inline void golden_close(golden *g)
{
    for (int file = 0; file < 4; file++)
        spk_npy_close(g->files[file]);
    free(g->samples);
    free(g->units);
    free(g->singles);
}

/* Compares the columns named with those of a table; NaN must meet NaN. Returns the largest
 * difference relative to the expected number. */
static inline double golden_compare(const spk_metrics *metrics, const char *path,
                                    const char *const *names, int n_names)
{
    spk_table *table = NULL;
    double largest = 0;
    CU_ASSERT_EQUAL_FATAL(spk_table_read(NULL, path, &table), SPK_OK);
    for (int k = 0; k < n_names; k++) {
        const double *values =
            spk_metrics_values(metrics, spk_metrics_find(metrics, names[k]));
        const int64_t column = spk_table_find_column(table, names[k]);
        CU_ASSERT_FATAL(values != NULL && column >= 0);
        for (int64_t u = 0; u < GOLDEN_UNITS; u++) {
            double expected = 0;
            CU_ASSERT_EQUAL(spk_table_number(NULL, table, u, column, &expected), SPK_OK);
            const int agrees = isnan(expected) == isnan(values[u]);
            CU_ASSERT(agrees);
            if (!agrees)
                printf("%s unit %d: expected %g, got %g\n", names[k], (int)u, expected,
                       values[u]);
            const double difference = fabs(values[u] - expected);
            if (difference > largest * fabs(expected))
                largest = difference / fabs(expected);
        }
    }
    spk_table_destroy(table);
    return largest;
}

#endif
