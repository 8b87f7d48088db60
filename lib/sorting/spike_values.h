/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_SPIKE_VALUES_H
#define SPIKEKIT_SORTING_SPIKE_VALUES_H

#include <spikekit/array.h>

/**
 * Reads one column of an array with a row for each spike, as doubles: out[i] is the value of
 * spike indices[i]. Any numeric type, either byte order, row- or column-major; what sorters
 * write, float32 and float64 in the machine's byte order, is quick.
 *
 * @param[in]  array    [rows] or [rows][columns], valid (spk__array_check())
 * @param[in]  column   0 .. columns - 1; 0 of a vector
 * @param[in]  indices  [n] rows, below the number of rows, not checked; NULL: rows 0 .. n - 1
 * @param[out] out      [n]
 * @return SPK_OK; SPK_ERR_ARGUMENT (text, another shape, no such column)
 */
spk_status spk__spike_values(spk_context *ctx, const spk_array *array, int64_t column,
                             const uint32_t *indices, int64_t n, double *out);

#endif
