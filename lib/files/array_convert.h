/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_ARRAY_CONVERT_H
#define SPIKEKIT_FILES_ARRAY_CONVERT_H

#include <spikekit/array.h>

/* array.c: */

/** Checks that an array from a caller keeps what spk_array promises. */
spk_status spk__array_check(spk_context *ctx, const spk_array *array);

/** Fills dtype, shape, n_elements and item_size of a row-major array; data stays NULL.
 *  item_size is read for text only. @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_OVERFLOW */
spk_status spk__array_describe(spk_context *ctx, int32_t dtype, int32_t item_size,
                               int32_t n_dimensions, const int64_t *shape,
                               spk_array *array);

/** Bytes of all elements; an array that exists has no more than PTRDIFF_MAX. */
size_t spk__array_bytes(const spk_array *array);

/** Nonzero: (n,) or (n, 1) or (1, n): its elements follow one another in any order flag. */
int spk__array_is_vector(const spk_array *array);

/** Nonzero: elements can be read in place as a C array of its type. */
int spk__array_is_plain(const spk_array *array);

/** "(3,)", "(10, 2)", "()" as numpy prints it. */
void spk__array_shape_text(const spk_array *array, char text[128]);

/** As spk_array_to_int64() and _to_double(), elements [first, first + n) of the row-major
 *  order, messages naming the file. */
spk_status spk__array_read_int64(spk_context *ctx, const char *name,
                                 const spk_array *array, int64_t first, int64_t n,
                                 int64_t *out);
spk_status spk__array_read_double(spk_context *ctx, const char *name,
                                  const spk_array *array, int64_t first, int64_t n,
                                  double *out);

/** The number at an address within an array that is not text. */
double spk__array_element_double(const spk_array *array, const void *element);

/** Copies all elements in row-major order and the machine's byte order, keeping the type.
 *  @param[out] out  [spk__array_bytes()] bytes */
void spk__array_copy_plain(const spk_array *array, void *out);

/** Row k of the result is row order[k]: row-major, in the machine's byte order.
 *  @param[in] order  [shape[0]] */
void spk__array_take_rows(const spk_array *array, const int64_t *order, void *out);

#endif
