/* SPDX-License-Identifier: BSD-3-Clause */
#include "files/unit_index.h"

#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/sort.h"

#include <string.h>

enum {
    BLOCK = 2048
};

/* A file of n ids may use a table of this many entries. */
static const int64_t TABLE_PER_SPIKE = 4, TABLE_LEAST = 1 << 16, TABLE_MOST = 1 << 28;

typedef struct source {
    spk_context *ctx;
    const char *name;
    const spk_array *ids;
    int64_t block[BLOCK];
} source;

static int64_t block_length(const source *s, int64_t first)
{
    int64_t left = s->ids->n_elements - first;
    return left < BLOCK ? left : BLOCK;
}

static spk_status read_block(source *s, int64_t first)
{
    return spk__array_read_int64(s->ctx, s->name, s->ids, first, block_length(s, first),
                                 s->block);
}

static spk_status find_range(source *s, int64_t *lowest, int64_t *highest)
{
    int64_t low = INT64_MAX, high = INT64_MIN;
    for (int64_t first = 0; first < s->ids->n_elements; first += BLOCK) {
        spk_status status = read_block(s, first);
        if (status != SPK_OK)
            return status;
        int64_t n = block_length(s, first);
        for (int64_t k = 0; k < n; k++) {
            low = s->block[k] < low ? s->block[k] : low;
            high = s->block[k] > high ? s->block[k] : high;
        }
    }
    *lowest = low;
    *highest = high;
    return SPK_OK;
}

static spk_status make_ids(spk_context *ctx, spk__unit_index *index, int64_t n_units)
{
    if (n_units > INT32_MAX)
        return spk__fail(ctx, SPK_ERR_OVERFLOW,
                         "expected fewer than 2^31 units, found %lld",
                         (long long)n_units);
    index->n_units = n_units;
    index->unit_ids = spk__alloc(ctx, n_units, sizeof *index->unit_ids);
    return index->unit_ids == NULL ? spk__fail_memory(ctx) : SPK_OK;
}

static spk_status make_units(spk_context *ctx, spk__unit_index *index, int64_t n)
{
    index->block = spk__alloc(ctx, n, sizeof *index->block);
    index->units = index->block;
    return index->block == NULL ? spk__fail_memory(ctx) : SPK_OK;
}

/* ---- ids close together ---- */

static spk_status index_by_table(source *s, int64_t lowest, int64_t range,
                                 spk__unit_index *index)
{
    const int64_t n = s->ids->n_elements;
    int32_t *place = spk__alloc_zero(s->ctx, range, sizeof *place);
    spk_status status = SPK_OK;
    if (place == NULL)
        return spk__fail_memory(s->ctx);
    for (int64_t first = 0; first < n && status == SPK_OK; first += BLOCK) {
        status = read_block(s, first);
        for (int64_t k = 0; k < block_length(s, first) && status == SPK_OK; k++)
            place[s->block[k] - lowest] = 1;
    }
    int64_t n_units = 0;
    for (int64_t k = 0; k < range; k++)
        n_units += place[k];
    if (status == SPK_OK)
        status = make_ids(s->ctx, index, n_units);
    if (status != SPK_OK)
        goto cleanup;
    n_units = 0;
    for (int64_t k = 0; k < range; k++)
        if (place[k]) {
            place[k] = (int32_t)n_units;
            index->unit_ids[n_units++] = lowest + k;
        }

    int is_dense = lowest == 0 && n_units == range;
    int is_32_bit = s->ids->dtype == SPK_DTYPE_INT32 || s->ids->dtype == SPK_DTYPE_UINT32;
    if (is_dense && is_32_bit && spk__array_is_plain(s->ids)) {
        index->units = s->ids->data; /* signed and unsigned are one below 2^31 */
        goto cleanup;
    }
    if ((status = make_units(s->ctx, index, n)) != SPK_OK)
        goto cleanup;
    for (int64_t first = 0; first < n && status == SPK_OK; first += BLOCK) {
        status = read_block(s, first);
        for (int64_t k = 0; k < block_length(s, first) && status == SPK_OK; k++)
            index->block[first + k] = place[s->block[k] - lowest];
    }
cleanup:
    spk__free(place);
    return status;
}

/* ---- ids far apart ---- */

typedef struct hash {
    int64_t *keys;
    int32_t *values;  /* 0: empty */
    int64_t capacity; /* a power of two */
    int64_t n;
} hash;

static int64_t hash_find(const hash *h, int64_t key)
{
    uint64_t x = (uint64_t)key;
    x = (x ^ x >> 32) * 0x9e3779b97f4a7c15u;
    x ^= x >> 29;
    int64_t at = (int64_t)(x & (uint64_t)(h->capacity - 1));
    while (h->values[at] != 0 && h->keys[at] != key)
        at = (at + 1) & (h->capacity - 1);
    return at;
}

static spk_status hash_grow(spk_context *ctx, hash *h)
{
    hash larger = {.capacity = h->capacity == 0 ? 1024 : 2 * h->capacity, .n = h->n};
    larger.keys = spk__alloc(ctx, larger.capacity, sizeof *larger.keys);
    larger.values = spk__alloc_zero(ctx, larger.capacity, sizeof *larger.values);
    if (larger.keys == NULL || larger.values == NULL) {
        spk__free(larger.keys);
        spk__free(larger.values);
        return spk__fail_memory(ctx);
    }
    for (int64_t k = 0; k < h->capacity; k++)
        if (h->values[k] != 0) {
            int64_t at = hash_find(&larger, h->keys[k]);
            larger.keys[at] = h->keys[k];
            larger.values[at] = h->values[k];
        }
    spk__free(h->keys);
    spk__free(h->values);
    *h = larger;
    return SPK_OK;
}

static spk_status hash_add(spk_context *ctx, hash *h, int64_t key)
{
    if (2 * h->n >= h->capacity) {
        spk_status status = hash_grow(ctx, h);
        if (status != SPK_OK)
            return status;
    }
    int64_t at = hash_find(h, key);
    if (h->values[at] == 0) {
        h->keys[at] = key;
        h->values[at] = 1;
        h->n++;
    }
    return SPK_OK;
}

static spk_status index_by_hash(source *s, spk__unit_index *index)
{
    const int64_t n = s->ids->n_elements;
    hash h = {0};
    spk_status status = SPK_OK;
    for (int64_t first = 0; first < n && status == SPK_OK; first += BLOCK) {
        status = read_block(s, first);
        for (int64_t k = 0; k < block_length(s, first) && status == SPK_OK; k++)
            status = hash_add(s->ctx, &h, s->block[k]);
    }
    if (status != SPK_OK || (status = make_ids(s->ctx, index, h.n)) != SPK_OK ||
        (status = make_units(s->ctx, index, n)) != SPK_OK)
        goto cleanup;
    int64_t n_units = 0;
    for (int64_t k = 0; k < h.capacity; k++)
        if (h.values[k] != 0)
            index->unit_ids[n_units++] = h.keys[k];
    spk__sort_int64(index->unit_ids, n_units);
    for (int64_t u = 0; u < n_units; u++)
        h.values[hash_find(&h, index->unit_ids[u])] = (int32_t)u + 1;
    for (int64_t first = 0; first < n && status == SPK_OK; first += BLOCK) {
        status = read_block(s, first);
        for (int64_t k = 0; k < block_length(s, first) && status == SPK_OK; k++)
            index->block[first + k] = h.values[hash_find(&h, s->block[k])] - 1;
    }
cleanup:
    spk__free(h.keys);
    spk__free(h.values);
    return status;
}

spk_status spk__unit_index_make(spk_context *ctx, const char *name, const spk_array *ids,
                                spk__unit_index *out)
{
    source s = {.ctx = ctx, .name = name, .ids = ids};
    spk__unit_index index = {0};
    int64_t lowest, highest, n = ids->n_elements, range;
    spk_status status = find_range(&s, &lowest, &highest);
    if (status != SPK_OK)
        return status;
    int64_t limit = n > TABLE_MOST / TABLE_PER_SPIKE ? TABLE_MOST : n * TABLE_PER_SPIKE;
    limit = limit < TABLE_LEAST ? TABLE_LEAST : limit;
    if (n == 0)
        status = index_by_table(&s, 0, 0, &index);
    else if (!__builtin_sub_overflow(highest, lowest, &range) && range < limit)
        status = index_by_table(&s, lowest, range + 1, &index);
    else
        status = index_by_hash(&s, &index);
    if (status != SPK_OK) {
        spk__free(index.unit_ids);
        spk__free(index.block);
        return status;
    }
    *out = index;
    return SPK_OK;
}
