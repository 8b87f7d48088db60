/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_UNIT_INDEX_H
#define SPIKEKIT_FILES_UNIT_INDEX_H

#include <spikekit/array.h>

/** Unit ids, rising, and the place of each spike's among them. */
typedef struct spk__unit_index {
    int64_t n_units;
    int64_t *unit_ids;    /**< [n_units], to be freed */
    const int32_t *units; /**< [n] */
    int32_t *block;       /**< to be freed; NULL where units are the file's own */
} spk__unit_index;

/**
 * Makes dense indices of the ids of a vector. Ids that are 0 .. n_units - 1 already, in 32
 * bits, are used in place. A table finds the place of an id, or a hash where ids are so far
 * apart that a table would be large.
 * @return SPK_OK; SPK_ERR_FORMAT, SPK_ERR_OVERFLOW (as spk_array_to_int64(); more than
 *         2^31 - 1 units); SPK_ERR_MEMORY
 * Cost: O(n), 4 n bytes unless in place
 */
spk_status spk__unit_index_make(spk_context *ctx, const char *name, const spk_array *ids,
                                spk__unit_index *index);

#endif
