/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/connection_state.h"
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"

static void count_in_epochs(const spk_spikes *spikes, const spk_epochs *epochs,
                            int64_t *n_spikes)
{
    int64_t e = 0;
    for (int64_t s = 0; s < spikes->n_spikes; s++) {
        if (epochs != NULL) {
            while (e < epochs->n_epochs && epochs->stops[e] <= spikes->samples[s])
                e++;
            if (e == epochs->n_epochs)
                break;
            if (spikes->samples[s] < epochs->starts[e])
                continue;
        }
        n_spikes[spikes->units[s]]++;
    }
}

spk_status spk__connection_prepare(spk_context *ctx, spk__connection_state *state)
{
    spk_status status;
    spk__connection_work *work = &state->work;
    const spk_spikes *spikes = work->spikes;
    state->n_spikes = spk__alloc_zero(ctx, spikes->n_units, sizeof *state->n_spikes);
    if (state->n_spikes == NULL)
        return spk__fail_memory(ctx);
    count_in_epochs(spikes, work->options->epochs, state->n_spikes);
    work->n_spikes = state->n_spikes;
    if (state->method->needs_trains) {
        spk_trains_options options;
        spk_trains_options_init(&options, sizeof options);
        options.epochs = work->options->epochs;
        if ((status = spk_trains_create(ctx, spikes, &options, &state->trains)) != SPK_OK)
            return status;
        work->trains = state->trains;
    }
    if (state->method->needs_auto) {
        int64_t length;
        if (!__builtin_mul_overflow(spikes->n_units, work->n_bins, &length))
            state->auto_counts = spk__alloc(ctx, length, sizeof *state->auto_counts);
        if (state->auto_counts == NULL)
            return spk__fail_memory(ctx);
        status =
            spk_correlogram_count_auto(ctx, spikes, &state->bins, state->auto_counts);
        if (status != SPK_OK)
            return status;
        work->auto_counts = state->auto_counts;
    }
    if (state->method->prepare != NULL) {
        status = state->method->prepare(ctx, work, &state->shared);
        if (status != SPK_OK)
            return status;
        work->shared = state->shared;
    }
    return SPK_OK;
}

spk_status spk__connection_create_workers(spk_context *ctx, spk__connection_state *state,
                                          int64_t n_tasks)
{
    state->n_workers = spk__parallel_workers(ctx, n_tasks);
    state->workers = spk__alloc_zero(ctx, state->n_workers, sizeof *state->workers);
    if (state->workers == NULL)
        return spk__fail_memory(ctx);
    if (state->method->scratch_bytes == NULL)
        return SPK_OK;
    const int64_t n_bytes = state->method->scratch_bytes(&state->work);
    for (int32_t w = 0; w < state->n_workers; w++)
        if ((state->workers[w].scratch = spk__alloc(ctx, n_bytes, 1)) == NULL)
            return spk__fail_memory(ctx);
    return SPK_OK;
}

void spk__connection_state_clear(spk__connection_state *state)
{
    for (int32_t w = 0; w < state->n_workers && state->workers != NULL; w++) {
        spk__free(state->workers[w].rows);
        spk__free(state->workers[w].scratch);
    }
    spk__free(state->workers);
    if (state->shared != NULL && state->method->destroy != NULL)
        state->method->destroy(state->shared);
    spk__free(state->auto_counts);
    spk_trains_destroy(state->trains);
    spk__free(state->n_spikes);
}
