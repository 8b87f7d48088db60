/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_SPIKE_VALUES_H
#define SPIKEKIT_SORTING_SPIKE_VALUES_H

#include <spikekit/array.h>
#include <spikekit/trains.h>

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

/**
 * Checks an array from a caller: valid, a row for each spike, of numbers, with that column.
 * @param[in] name  for the message
 * @return SPK_OK; SPK_ERR_ARGUMENT
 */
spk_status spk__spike_values_check(spk_context *ctx, const char *name,
                                   const spk_array *array, int64_t n_spikes,
                                   int64_t column);

/**
 * Reads a column for the spikes of a unit and keeps those where it is a finite number.
 * @param[out] samples  [train->n_spikes] room; the times of the spikes kept
 * @param[out] out      [train->n_spikes] room; their values
 * @param[out] n        how many
 * @return as spk__spike_values()
 */
spk_status spk__finite_values(spk_context *ctx, const spk_array *array, int64_t column,
                              const spk_train *train, int64_t *samples, double *out,
                              int64_t *n);

/** Keeps the values that are finite, with the times of their spikes; returns how many. */
int64_t spk__keep_finite(const spk_train *train, int64_t *samples, double *values);

#endif
