/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods that put intervals, or bins, in another order: Fisher & Yates, from inside out. */
#include "base/check.h"
#include "base/memory.h"
#include "spikes/sample_sort.h"
#include "spikes/surrogates_state.h"

/* Words of rising spikes. */
typedef struct word_reader {
    spk_random at;
    int64_t first; /* of the chunk */
    uint32_t words[SPK__SURROGATE_CHUNK] __attribute__((aligned(64)));
} word_reader;

static void read_chunk(word_reader *reader, int64_t i, int64_t end)
{
    const int64_t left = end - i / 4 * 4;
    reader->first = i / 4 * 4;
    spk__surrogate_words(&reader->at, reader->first,
                         left < SPK__SURROGATE_CHUNK ? left : SPK__SURROGATE_CHUNK,
                         reader->words);
}

/* Intervals first + k, the first one from `from`, in random order, as times. */
static void shuffle(word_reader *reader, const int64_t *samples, int64_t first,
                    int64_t end, int64_t from, int64_t *out)
{
    uint64_t before = (uint64_t)from;
    int64_t i = first;
    while (i < end) {
        read_chunk(reader, i, end);
        int64_t stop = reader->first + SPK__SURROGATE_CHUNK;
        stop = stop < end ? stop : end;
        for (; i < stop; i++) {
            const uint32_t word = reader->words[i - reader->first];
            const uint64_t m = (uint64_t)(i - first) + 1;
            const uint64_t product = word * m;
            uint64_t j = product >> 32;
            if (__builtin_expect((uint32_t)product < m, 0))
                j = spk__surrogate_below(&reader->at, i, word, m);
            out[i] = out[first + (int64_t)j];
            out[first + (int64_t)j] = (int64_t)((uint64_t)samples[i] - before);
            before = (uint64_t)samples[i];
        }
    }
    uint64_t at = (uint64_t)from;
    for (i = first; i < end; i++) {
        at += (uint64_t)out[i];
        out[i] = (int64_t)at;
    }
}

spk_status spk__surrogate_shuffle(const spk__surrogate_draw *draw, int64_t *samples,
                                  int64_t *n)
{
    const spk_train *train = &draw->train;
    const int stays = draw->plan->options.method == SPK_SURROGATE_INTERVAL_SHUFFLE;
    word_reader reader;
    reader.at = draw->at;
    *n = train->n_spikes;
    for (int64_t r = 0; r < train->n_runs; r++) {
        int64_t first = train->run_offsets[r];
        int64_t from = train->run_starts[r];
        if (first == train->run_offsets[r + 1])
            continue;
        if (stays) {
            from = train->samples[first];
            samples[first++] = from;
        }
        shuffle(&reader, train->samples, first, train->run_offsets[r + 1], from, samples);
    }
    return SPK_OK;
}

/* ---- bins ---- */

typedef struct bin_order {
    int64_t n_bins; /* of a window */
    int32_t *places;
    int32_t *swaps; /* of the bins placed so far, to be undone */
} bin_order;

/* Where the k-th bin with spikes of a window of n bins goes; its first spike is i. */
static int32_t place_bin(const spk_random *at, bin_order *order, int64_t n, int32_t k,
                         int64_t i)
{
    const int32_t j =
        k + (int32_t)spk__surrogate_offset(at, i, (uint64_t)n - (uint64_t)k);
    const int32_t place = order->places[j];
    order->places[j] = order->places[k];
    order->places[k] = place;
    order->swaps[k] = j;
    return place;
}

static void undo(bin_order *order, int32_t n)
{
    for (int32_t k = n - 1; k >= 0; k--) {
        const int32_t j = order->swaps[k], place = order->places[j];
        order->places[j] = order->places[k];
        order->places[k] = place;
    }
}

static void shuffle_bins(const spk__surrogate_draw *draw, int64_t run, bin_order *order,
                         int64_t *samples)
{
    const spk_train *train = &draw->train;
    const uint64_t bin = (uint64_t)draw->plan->bin;
    const uint64_t start = (uint64_t)train->run_starts[run];
    const uint64_t length = (uint64_t)train->run_stops[run] - start;
    const uint64_t n_whole = length / bin, n_bins = (uint64_t)order->n_bins;
    const int64_t end = train->run_offsets[run + 1];
    uint64_t window = 0, old = UINT64_MAX, at = 0;
    int32_t n_placed = 0;
    for (int64_t i = train->run_offsets[run]; i < end; i++) {
        const uint64_t b = ((uint64_t)train->samples[i] - start) / bin;
        if (b != old) {
            old = b;
            if (b / n_bins != window) {
                undo(order, n_placed);
                n_placed = 0;
                window = b / n_bins;
            }
            const uint64_t first = window * n_bins;
            const uint64_t n = n_whole - first < n_bins ? n_whole - first : n_bins;
            at = b == n_whole ? b
                              : first + (uint64_t)place_bin(&draw->second, order,
                                                            (int64_t)n, n_placed++, i);
        }
        const uint64_t width = at == n_whole ? length - n_whole * bin : bin;
        samples[i] =
            (int64_t)(start + at * bin + spk__surrogate_offset(&draw->at, i, width));
    }
    undo(order, n_placed);
}

spk_status spk__surrogate_shuffle_bins(const spk__surrogate_draw *draw, int64_t *samples,
                                       int64_t *n)
{
    const int64_t n_bins = draw->plan->width / draw->plan->bin;
    bin_order order = {.n_bins = n_bins};
    spk_status status = SPK_OK;
    *n = draw->train.n_spikes;
    order.places = spk__alloc(draw->ctx, n_bins, sizeof *order.places);
    order.swaps = spk__alloc(draw->ctx, n_bins, sizeof *order.swaps);
    if (order.places == NULL || order.swaps == NULL) {
        status = spk__fail_memory(draw->ctx);
        goto cleanup;
    }
    for (int32_t k = 0; k < n_bins; k++)
        order.places[k] = k;
    for (int64_t r = 0; r < draw->train.n_runs; r++)
        shuffle_bins(draw, r, &order, samples);
    status = spk__samples_sort_near(draw->ctx, *n, samples);
cleanup:
    spk__free(order.swaps);
    spk__free(order.places);
    return status;
}
