/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loop in which nearly all time is spent: for each reference spike, walk its neighbours
 * in the table a block of 16 at a time, find each one's counter with vector arithmetic, then
 * do 16 scalar increments. What makes it fast, in the order of effect:
 *
 *  - one row of counters, units x classes, stays in the second-level cache;
 *  - neighbours are 4 bytes each and contiguous; those of the reference 16 ahead are
 *    prefetched, since references of one unit are far apart;
 *  - a whole block is always counted: partners out of reach go to counters that are thrown
 *    away, one for each lane, so the only branch that can be mispredicted is the last block;
 *  - indices of counters go from vector to scalar registers without touching memory.
 *
 * The division by the bin width multiplies by its reciprocal: (x + 1/2) / bin is at least
 * 1/(2 bin) away from a whole number, while two roundings in single precision move it by at
 * most (x + 1/2) / bin * 2^-23, which is less for all x < 2^21.
 */
#include "correlation/correlogram_kernel.h"

#include "base/check.h"
#include "correlation/clones.h"

#include <string.h>

/* Half a block. A vector type, because only its elements can be named while they are in a
 * register: through an array in memory the whole loop takes twice as long. */
typedef uint32_t lanes __attribute__((vector_size(32)));
typedef int32_t signed_lanes __attribute__((vector_size(32)));
typedef float float_lanes __attribute__((vector_size(32)));
#pragma GCC diagnostic ignored "-Wpsabi" /* vectors never leave this file */
#define INLINE static inline __attribute__((always_inline))

enum {
    BLOCK = SPK__KERNEL_BLOCK,
    LINE = 64,
    MOST_LINES = 12,
    CACHE_BYTES = 4 << 20 /* a table below this needs no prefetch */
};

spk_status spk__kernel_init(spk_context *ctx, spk__kernel *kernel,
                            const spk__partner_table *table, int32_t n_columns,
                            const spk__correlogram_bins *bins)
{
    int64_t n_used = n_columns;
    if (n_columns < table->n_slots)
        n_used++;
    SPK_REQUIRE(ctx, bins->stride <= ((int64_t)1 << 31) / (n_used + 1), SPK_ERR_OVERFLOW,
                "%lld units with %lld bins each need more than 2^31 counters",
                (long long)n_columns, (long long)bins->n_bins);
    int64_t n = n_used * bins->stride + BLOCK;
    kernel->table = table;
    kernel->n_columns = (uint32_t)n_columns;
    kernel->stride = (uint32_t)bins->stride;
    kernel->discard = (uint32_t)(n_used * bins->stride);
    kernel->n_counters = (uint32_t)((n + 15) / 16 * 16);
    kernel->bin = (uint32_t)bins->bin;
    kernel->offset = (uint32_t)bins->offset;
    kernel->reach = (uint32_t)bins->reach;
    kernel->n_quotients = (uint32_t)bins->n_quotients;
    kernel->has_edge = bins->has_edge;

    /* Lines that hold the neighbours of an average reference, and one for their place. */
    int64_t entry_bytes = table->narrow != NULL ? 4 : 8;
    kernel->prefetch_lines = 0;
    if (table->n * entry_bytes > CACHE_BYTES) {
        double neighbours = (double)table->n * (double)bins->reach / (double)table->span;
        double lines = neighbours * (double)entry_bytes / LINE + 1.5;
        kernel->prefetch_lines = lines < MOST_LINES ? (int32_t)lines : MOST_LINES;
    }
    return SPK_OK;
}

/* What a block needs to know, each value in every lane. */
typedef struct constants {
    uint32_t mask, bits, offset, reach, bin, edge_shift, n_columns, stride;
    float reciprocal;
} constants;

INLINE lanes choose(signed_lanes where, lanes yes, lanes no)
{
    return ((lanes)where & yes) | (~(lanes)where & no);
}

/* The counter of each of eight partners at time differences d in slots. */
INLINE lanes find_counters(const constants *c, lanes d, lanes slot, lanes discard,
                           int has_edge)
{
    signed_lanes within = d <= c->reach;
    const lanes zero = {0};
    lanes x = choose(within, d, zero) + c->offset;
    float_lanes quotient =
        (__builtin_convertvector((signed_lanes)x, float_lanes) + 0.5F) * c->reciprocal;
    lanes index = (lanes) __builtin_convertvector(quotient, signed_lanes);
    if (has_edge)
        index += (lanes)(x == index * c->bin) & c->edge_shift;
    signed_lanes is_column = slot < c->n_columns;
    slot = choose(is_column, slot, zero + c->n_columns);
    return choose(within, index + slot * c->stride, discard);
}

INLINE void increment(lanes index, uint32_t *counters)
{
    counters[index[0]]++;
    counters[index[1]]++;
    counters[index[2]]++;
    counters[index[3]]++;
    counters[index[4]]++;
    counters[index[5]]++;
    counters[index[6]]++;
    counters[index[7]]++;
}

/* One body for both directions; every call gives constants for `later` and `has_edge`. */
INLINE void count_narrow(const spk__kernel *k, const uint32_t *references, int64_t n,
                         uint32_t *counters, int later, int has_edge)
{
    const uint32_t bits = (uint32_t)k->table->time_bits;
    const constants c = {.mask = (uint32_t)((1ull << bits) - 1),
                         .bits = bits,
                         .offset = k->offset,
                         .reach = k->reach,
                         .bin = k->bin,
                         .edge_shift = k->n_quotients,
                         .n_columns = k->n_columns,
                         .stride = k->stride,
                         .reciprocal = 1.0F / (float)k->bin};
    const uint32_t *table = k->table->narrow + SPK__TABLE_PADDING;
    const int32_t n_lines = k->prefetch_lines;
    const lanes first_discard = (lanes){0, 1, 2, 3, 4, 5, 6, 7} + k->discard;
    const lanes second_discard = first_discard + BLOCK / 2;

    for (int64_t r = 0; r < n; r++) {
        const char *line = (const char *)(table + references[r + SPK__KERNEL_LOOKAHEAD]);
        for (int32_t l = 0; l < n_lines; l++)
            __builtin_prefetch(line + (later ? l : -l) * (int64_t)LINE);

        const uint32_t *block = table + references[r];
        const uint32_t time = *block & c.mask;
        uint32_t farthest;
        block += later ? 1 : -BLOCK;
        do {
            lanes first, second, d;
            memcpy(&first, block, sizeof first);
            memcpy(&second, block + BLOCK / 2, sizeof second);
            farthest = later ? block[BLOCK - 1] - time : time - block[0];
            d = (later ? first - time : time - first) & c.mask;
            first = find_counters(&c, d, first >> c.bits, first_discard, has_edge);
            d = (later ? second - time : time - second) & c.mask;
            second = find_counters(&c, d, second >> c.bits, second_discard, has_edge);
            increment(first, counters);
            increment(second, counters);
            block += later ? BLOCK : -BLOCK;
        } while ((farthest & c.mask) <= c.reach);
    }
}

/* Where slot and time need 64 bits: many units, or windows of minutes. Plain code. */
INLINE void count_wide(const spk__kernel *k, const uint32_t *references, int64_t n,
                       uint32_t *counters, int later)
{
    const uint64_t *table = k->table->wide + SPK__TABLE_PADDING;
    const spk__kernel fixed = *k; /* counters may not alias a copy */
    for (int64_t r = 0; r < n; r++) {
        const uint64_t *entry = table + references[r];
        const uint32_t time = (uint32_t)*entry;
        for (;;) {
            entry += later ? 1 : -1;
            uint32_t d = later ? (uint32_t)*entry - time : time - (uint32_t)*entry;
            if (d > fixed.reach)
                break;
            uint32_t slot = (uint32_t)(*entry >> 32);
            uint32_t x = d + fixed.offset;
            uint32_t index = x / fixed.bin;
            if (fixed.has_edge && index * fixed.bin == x)
                index += fixed.n_quotients;
            slot = slot < fixed.n_columns ? slot : fixed.n_columns;
            counters[slot * fixed.stride + index]++;
        }
    }
}

#define NARROW_KERNEL(name, later, has_edge)                                             \
    SPK__CLONES static void name(const spk__kernel *k, const uint32_t *references,       \
                                 int64_t n, uint32_t *counters)                          \
    {                                                                                    \
        count_narrow(k, references, n, counters, later, has_edge);                       \
    }
NARROW_KERNEL(narrow_later, 1, 0)
NARROW_KERNEL(narrow_later_edge, 1, 1)
NARROW_KERNEL(narrow_earlier, 0, 0)
NARROW_KERNEL(narrow_earlier_edge, 0, 1)

void spk__kernel_count_later(const spk__kernel *kernel, const uint32_t *references,
                             int64_t n, uint32_t *counters)
{
    if (kernel->table->wide != NULL)
        count_wide(kernel, references, n, counters, 1);
    else if (kernel->has_edge)
        narrow_later_edge(kernel, references, n, counters);
    else
        narrow_later(kernel, references, n, counters);
}

void spk__kernel_count_earlier(const spk__kernel *kernel, const uint32_t *references,
                               int64_t n, uint32_t *counters)
{
    if (kernel->table->wide != NULL)
        count_wide(kernel, references, n, counters, 0);
    else if (kernel->has_edge)
        narrow_earlier_edge(kernel, references, n, counters);
    else
        narrow_earlier(kernel, references, n, counters);
}
