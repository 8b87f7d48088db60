/* SPDX-License-Identifier: BSD-3-Clause */
/* How rows are counted. A whole cube in memory meets each pair of spikes once, but its pages
 * must be had from the system; row by row meets each pair twice and holds only a few rows,
 * while those that are done are being written. Both give the same numbers: only time depends
 * on the choice. */
#define _DEFAULT_SOURCE

#include "correlogram_request.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Pairs that are not held are counted in batches of about this many elements. */
enum {
    BATCH_ELEMENTS = 1 << 22
};

typedef struct copy_state {
    correlogram_request *request;
    size_t row_elements;
} copy_state;

static spk_status copy_row(void *user, int64_t row, const int64_t *counts)
{
    const copy_state *state = user;
    memcpy(state->request->held +
               (size_t)(row - state->request->first) * state->row_elements,
           counts, state->row_elements * sizeof *counts);
    return SPK_OK;
}

/* Autocorrelograms of some units, or some of the chosen pairs. */
static spk_status count_listed(correlogram_request *request, int64_t first, int64_t last,
                               int64_t *counts)
{
    if (request->layout == CORRELOGRAM_PAIRS)
        return spk_correlogram_count_pairs(
            request->ctx, &request->selection.spikes, &request->options,
            (const int32_t(*)[2])(request->pairs + first), last - first, counts);
    if (first == 0 && last == request->n_rows)
        return spk_correlogram_count_auto(request->ctx, &request->selection.spikes,
                                          &request->options, counts);
    int32_t(*pairs)[2] = malloc(((size_t)(last - first) + 1) * sizeof *pairs);
    if (pairs == NULL)
        return SPK_ERR_MEMORY;
    for (int64_t u = first; u < last; u++) {
        pairs[u - first][0] = (int32_t)u;
        pairs[u - first][1] = (int32_t)u;
    }
    const spk_status status = spk_correlogram_count_pairs(
        request->ctx, &request->selection.spikes, &request->options,
        (const int32_t(*)[2])pairs, last - first, counts);
    free(pairs);
    return status;
}

static spk_status count_held(correlogram_request *request, size_t row_elements)
{
    if (request->layout != CORRELOGRAM_CUBE)
        return count_listed(request, request->first, request->last, request->held);
    if (request->n_shards == 1)
        return spk_correlogram_count(request->ctx, &request->selection.spikes,
                                     &request->options, request->held);
    copy_state state = {request, row_elements};
    return spk_correlogram_count_rows(request->ctx, &request->selection.spikes,
                                      &request->options, request->first, request->last,
                                      copy_row, &state);
}

/* Whether holding a cube of some bytes is quicker than counting row by row: whether the pairs
 * that are then met a second time cost more than the pages. A nanosecond a pair
 * stands against some half a nanosecond a byte. */
static int is_worth_holding(const correlogram_request *request, double bytes)
{
    const spk_spikes *spikes = &request->selection.spikes;
    const double window = (double)request->options.n_bins *
                          (request->options.convention == SPK_CORRELOGRAM_PYNAPPLE
                               ? request->options.bin_s * spikes->sampling_rate_hz
                               : (double)request->options.bin_samples);
    const double samples = (double)spikes->stop_sample - (double)spikes->start_sample;
    const double pairs =
        (double)spikes->n_spikes * (double)spikes->n_spikes * window / samples;
    return 0.5 * pairs > 0.5 * bytes;
}

/* Memory for the rows of this run if they are worth holding and fit; else held stays NULL. */
static void allocate_held(correlogram_request *request, size_t row_elements)
{
    enum {
        HUGE_PAGE = 1 << 21
    };
    const double bytes =
        (double)(request->last - request->first) * (double)row_elements * 8.0;
    if (bytes == 0.0 || bytes > request->arguments->memory_gb * 1e9)
        return;
    if (request->layout == CORRELOGRAM_CUBE &&
        request->normalization == SPK_CORRELOGRAM_COUNT &&
        (request->n_shards > 1 || !is_worth_holding(request, bytes)))
        return;
    const size_t size = ((size_t)bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    request->held = aligned_alloc(HUGE_PAGE, size);
#ifdef MADV_HUGEPAGE
    if (request->held != NULL)
        (void)madvise(request->held, size, MADV_HUGEPAGE); /* fewer page faults by far */
#endif
}

static spk_status hand_over(const int64_t *counts, int64_t first, int64_t last,
                            size_t row_elements, spk_correlogram_row_callback callback,
                            void *user)
{
    for (int64_t row = first; row < last; row++) {
        if (command_interrupted())
            return SPK_ERR_CANCELLED;
        const spk_status status =
            callback(user, row, counts + (size_t)(row - first) * row_elements);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

static spk_status count_batches(correlogram_request *request, size_t row_elements,
                                spk_correlogram_row_callback callback, void *user)
{
    int64_t batch = (int64_t)(BATCH_ELEMENTS / row_elements);
    if (batch < 1)
        batch = 1;
    int64_t *counts = malloc((size_t)batch * row_elements * sizeof *counts);
    if (counts == NULL)
        return SPK_ERR_MEMORY;
    spk_status status = SPK_OK;
    for (int64_t first = request->first; first < request->last && status == SPK_OK;
         first += batch) {
        const int64_t last =
            request->last - first > batch ? first + batch : request->last;
        status = count_listed(request, first, last, counts);
        if (status == SPK_OK)
            status = hand_over(counts, first, last, row_elements, callback, user);
    }
    free(counts);
    return status;
}

spk_status correlogram_request_rows(correlogram_request *request,
                                    spk_correlogram_row_callback callback, void *user)
{
    const size_t row_elements =
        (size_t)request->n_columns * (size_t)request->options.n_bins;
    if (request->first == request->last || row_elements == 0)
        return SPK_OK;
    if (request->held == NULL) {
        allocate_held(request, row_elements);
        if (request->held != NULL) {
            const spk_status status = count_held(request, row_elements);
            if (status != SPK_OK)
                return status;
        }
    }
    if (request->held != NULL)
        return hand_over(request->held, request->first, request->last, row_elements,
                         callback, user);
    if (request->layout == CORRELOGRAM_CUBE)
        return spk_correlogram_count_rows(request->ctx, &request->selection.spikes,
                                          &request->options, request->first,
                                          request->last, callback, user);
    return count_batches(request, row_elements, callback, user);
}
