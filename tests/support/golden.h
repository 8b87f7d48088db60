/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays of golden/, as doubles. */
#ifndef SPIKEKIT_TESTS_GOLDEN_H
#define SPIKEKIT_TESTS_GOLDEN_H

#include "suite.h"

#include <spikekit/array.h>
#include <stdlib.h>

/* golden/<name>.npy, which must hold n values; for free(). */
static inline double *golden_doubles(const char *name, int64_t n)
{
    char path[200];
    spk_npy *npy = NULL;
    snprintf(path, sizeof path, "golden/%s.npy", name);
    CU_ASSERT_EQUAL_FATAL(spk_npy_open(NULL, path, &npy), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_npy_array(npy)->n_elements, n);
    double *values = malloc((size_t)n * sizeof *values);
    CU_ASSERT_EQUAL_FATAL(spk_array_to_double(NULL, spk_npy_array(npy), values), SPK_OK);
    spk_npy_close(npy);
    return values;
}

/* The same as whole numbers. */
static inline int64_t *golden_integers(const char *name, int64_t n)
{
    double *values = golden_doubles(name, n);
    int64_t *integers = malloc((size_t)n * sizeof *integers);
    for (int64_t k = 0; k < n; k++)
        integers[k] = (int64_t)values[k];
    free(values);
    return integers;
}

#endif
