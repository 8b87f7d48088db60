/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/comparison_pairs.h"

#include "base/memory.h"

#include <stdlib.h>

enum {
    FIRST_CAPACITY = 1024
};

/* The place of a key, or the empty one it would take. */
static int64_t find_place(const spk__pair_count *entries, int64_t capacity, uint64_t key)
{
    const uint64_t mask = (uint64_t)capacity - 1;
    uint64_t place = key * UINT64_C(0x9e3779b97f4a7c15) >> 20 & mask;
    while (entries[place].key != 0 && entries[place].key != key)
        place = (place + 1) & mask;
    return (int64_t)place;
}

static int grow(spk__pair_table *table)
{
    const int64_t capacity = table->capacity == 0 ? FIRST_CAPACITY : 2 * table->capacity;
    if (capacity > table->most && capacity > FIRST_CAPACITY) {
        table->is_full = 1;
        return 0;
    }
    spk__pair_count *grown = spk__alloc_zero(table->ctx, capacity, sizeof *grown);
    if (grown == NULL) {
        table->has_failed = 1;
        return 0;
    }
    for (int64_t i = 0; i < table->capacity; i++)
        if (table->entries[i].key != 0)
            grown[find_place(grown, capacity, table->entries[i].key)] = table->entries[i];
    spk__free(table->entries);
    table->entries = grown;
    table->capacity = capacity;
    return 1;
}

spk__pair_count *spk__pair_table_at(spk__pair_table *table, uint64_t key)
{
    if (table->is_full || table->has_failed)
        return &table->spare;
    if (table->n >= table->capacity / 2 && !grow(table))
        return &table->spare;
    spk__pair_count *entry =
        &table->entries[find_place(table->entries, table->capacity, key + 1)];
    if (entry->key == 0) {
        entry->key = key + 1;
        table->n++;
    }
    return entry;
}

void spk__pair_table_merge(spk__pair_table *table, const spk__pair_table *from)
{
    for (int64_t i = 0; i < from->capacity; i++) {
        const spk__pair_count *other = &from->entries[i];
        if (other->key == 0)
            continue;
        spk__pair_count *entry = spk__pair_table_at(table, other->key - 1);
        entry->product += other->product;
        entry->count += other->count;
        for (int k = 0; k < 2; k++)
            entry->swept[k] += other->swept[k];
    }
}

static int compare_keys(const void *one, const void *two)
{
    const uint64_t a = ((const spk__pair_count *)one)->key;
    const uint64_t b = ((const spk__pair_count *)two)->key;
    return (a > b) - (a < b);
}

void spk__pair_table_sort(spk__pair_table *table)
{
    int64_t n = 0;
    for (int64_t i = 0; i < table->capacity; i++)
        if (table->entries[i].key != 0)
            table->entries[n++] = table->entries[i];
    if (n > 1)
        qsort(table->entries, (size_t)n, sizeof *table->entries, compare_keys);
}

void spk__pair_table_clear(spk__pair_table *table)
{
    spk__free(table->entries);
    table->entries = NULL;
    table->capacity = table->n = 0;
    table->is_full = table->has_failed = 0;
}
