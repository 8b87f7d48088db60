/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "spikes/burst_find.h"

#include <math.h>
#include <spikekit/bursts.h>
#include <string.h>

struct spk_bursts {
    int64_t *offsets; /* [n_units + 1] */
    spk_burst *list;  /* [offsets[n_units]] */
    spk_bursts_summary *summaries;
};

const char *spk_burst_method_name(int32_t method)
{
    static const char *const names[] = {"max_interval", "log_isi", "poisson_surprise"};
    return method >= 0 && method <= SPK_BURST_POISSON_SURPRISE ? names[method] : NULL;
}

void spk_bursts_options_init(spk_bursts_options *options, size_t struct_size)
{
    spk_bursts_options defaults = {
        .struct_size = struct_size,
        .method = SPK_BURST_POISSON_SURPRISE,
        .min_spikes = 3,
        .start_interval_s = 0.17,
        .interval_s = 0.3,
        .gap_s = 0.2,
        .min_duration_s = 0.01,
        .cap_s = 0.1,
        .void_parameter = 0.7,
        .min_surprise = 5.0,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static spk_status check_options(spk_context *ctx, const spk_bursts_options *o)
{
    SPK_REQUIRE(ctx, o->struct_size >= sizeof *o, SPK_ERR_ARGUMENT,
                "options: not filled by spk_bursts_options_init()");
    SPK_REQUIRE(ctx, spk_burst_method_name(o->method) != NULL, SPK_ERR_ARGUMENT,
                "method must be in 0 .. 2, got %d", (int)o->method);
    SPK_REQUIRE(ctx, o->min_spikes >= 2, SPK_ERR_ARGUMENT,
                "min_spikes must be >= 2, got %d", (int)o->min_spikes);
    SPK_REQUIRE(ctx, o->start_interval_s > 0 && isfinite(o->start_interval_s),
                SPK_ERR_ARGUMENT, "start_interval_s must be above 0, got %g",
                o->start_interval_s);
    SPK_REQUIRE(ctx, o->interval_s >= o->start_interval_s && isfinite(o->interval_s),
                SPK_ERR_ARGUMENT, "interval_s must be at least start_interval_s, got %g",
                o->interval_s);
    SPK_REQUIRE(ctx, o->gap_s >= 0 && isfinite(o->gap_s), SPK_ERR_ARGUMENT,
                "gap_s must be >= 0, got %g", o->gap_s);
    SPK_REQUIRE(ctx, o->min_duration_s >= 0 && isfinite(o->min_duration_s),
                SPK_ERR_ARGUMENT, "min_duration_s must be >= 0, got %g",
                o->min_duration_s);
    SPK_REQUIRE(ctx, o->cap_s >= 0.001 && o->cap_s <= 1, SPK_ERR_ARGUMENT,
                "cap_s must be in 0.001 .. 1, got %g", o->cap_s);
    SPK_REQUIRE(ctx, o->void_parameter >= 0 && o->void_parameter <= 1, SPK_ERR_ARGUMENT,
                "void_parameter must be in 0 .. 1, got %g", o->void_parameter);
    SPK_REQUIRE(ctx, o->min_surprise >= 0 && isfinite(o->min_surprise), SPK_ERR_ARGUMENT,
                "min_surprise must be >= 0, got %g", o->min_surprise);
    return SPK_OK;
}

typedef struct bursts_work {
    spk_context *ctx;
    const spk_trains *trains;
    const spk_bursts_options *options;
    double rate_hz;
    spk__burst_list *lists; /* [n_units] */
    spk_bursts_summary *summaries;
} bursts_work;

static void summarize(const bursts_work *work, const spk_train *train,
                      const spk__burst_list *list, spk_bursts_summary *s)
{
    const double rate = work->rate_hz, n = (double)list->n;
    double duration = 0.0, gaps = 0.0, n_gaps = 0.0;
    int64_t run = 0, run_before = -1;
    *s =
        (spk_bursts_summary){list->n, 0, NAN, NAN, NAN, NAN, NAN, NAN, list->threshold_s};
    for (int64_t k = 0; k < list->n; k++) {
        const spk_burst *b = &list->items[k];
        while (b->first_spike >= train->run_offsets[run + 1])
            run++;
        s->n_burst_spikes += b->n_spikes;
        duration += (double)(b->stop_sample - b->start_sample);
        if (run == run_before) {
            gaps += (double)(b->start_sample - b[-1].stop_sample);
            n_gaps += 1.0;
        }
        run_before = run;
    }
    if (train->n_spikes > 0)
        s->spike_share = (double)s->n_burst_spikes / (double)train->n_spikes;
    if (train->duration_samples > 0)
        s->bursts_per_min = n / ((double)train->duration_samples / rate / 60.0);
    if (list->n == 0)
        return;
    s->mean_spikes = (double)s->n_burst_spikes / n;
    s->mean_duration_s = duration / n / rate;
    s->mean_interval_s = duration / ((double)s->n_burst_spikes - n) / rate;
    if (n_gaps > 0)
        s->mean_gap_s = gaps / n_gaps / rate;
}

static spk_status detect_unit(void *state, int64_t unit, int32_t worker)
{
    (void)worker;
    bursts_work *work = state;
    const spk_train train = spk_trains_unit(work->trains, unit);
    spk__burst_list *list = &work->lists[unit];
    const double mean = spk__burst_mean_interval(&train);
    spk_status status = SPK_OK;
    list->ctx = work->ctx;
    list->threshold_s = NAN;
    if (work->options->method == SPK_BURST_MAX_INTERVAL)
        status = spk__bursts_max_interval(&train, work->options, work->rate_hz, list);
    else if (work->options->method == SPK_BURST_LOG_ISI)
        status = spk__bursts_log_isi(&train, work->options, work->rate_hz, list);
    else
        status = spk__bursts_surprise(&train, work->options, list);
    if (status != SPK_OK)
        return status;
    for (int64_t k = 0; k < list->n; k++) {
        spk_burst *b = &list->items[k];
        b->start_sample = train.samples[b->first_spike];
        b->stop_sample = train.samples[b->first_spike + b->n_spikes - 1];
        b->surprise = spk__burst_surprise(
            b->n_spikes, (double)(b->stop_sample - b->start_sample), mean);
    }
    summarize(work, &train, list, &work->summaries[unit]);
    return SPK_OK;
}

spk_status spk_bursts_detect(spk_context *ctx, const spk_trains *trains,
                             const spk_bursts_options *options, spk_bursts **bursts)
{
    spk_bursts_options defaults;
    spk_bursts_options_init(&defaults, sizeof defaults);
    if (options == NULL)
        options = &defaults;
    SPK_REQUIRE(ctx, trains != NULL, SPK_ERR_ARGUMENT, "trains is NULL");
    SPK_REQUIRE(ctx, bursts != NULL, SPK_ERR_ARGUMENT, "bursts is NULL");
    spk_status status = check_options(ctx, options);
    if (status != SPK_OK)
        return status;
    const spk_spikes *spikes = spk_trains_spikes(trains);
    const int64_t n_units = spikes->n_units;
    bursts_work work = {.ctx = ctx,
                        .trains = trains,
                        .options = options,
                        .rate_hz = spikes->sampling_rate_hz};
    spk_bursts *made = spk__alloc_zero(ctx, 1, sizeof *made);
    work.lists = spk__alloc_zero(ctx, n_units, sizeof *work.lists);
    if (made == NULL || work.lists == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    made->offsets = spk__alloc(ctx, n_units + 1, sizeof *made->offsets);
    made->summaries = spk__alloc(ctx, n_units, sizeof *made->summaries);
    if (made->offsets == NULL || made->summaries == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    work.summaries = made->summaries;
    status = spk__parallel_for(ctx, n_units, detect_unit, &work, "bursts");
    if (status != SPK_OK)
        goto cleanup;
    made->offsets[0] = 0;
    for (int64_t u = 0; u < n_units; u++)
        made->offsets[u + 1] = made->offsets[u] + work.lists[u].n;
    made->list = spk__alloc(ctx, made->offsets[n_units], sizeof *made->list);
    if (made->list == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int64_t u = 0; u < n_units; u++)
        if (work.lists[u].n > 0)
            memcpy(made->list + made->offsets[u], work.lists[u].items,
                   (size_t)work.lists[u].n * sizeof *made->list);
cleanup:
    for (int64_t u = 0; work.lists != NULL && u < n_units; u++)
        spk__free(work.lists[u].items);
    spk__free(work.lists);
    if (status == SPK_OK)
        *bursts = made;
    else
        spk_bursts_destroy(made);
    return status;
}

void spk_bursts_destroy(spk_bursts *bursts)
{
    if (bursts == NULL)
        return;
    spk__free(bursts->offsets);
    spk__free(bursts->list);
    spk__free(bursts->summaries);
    spk__free(bursts);
}

const int64_t *spk_bursts_offsets(const spk_bursts *bursts)
{
    return bursts->offsets;
}

const spk_burst *spk_bursts_list(const spk_bursts *bursts)
{
    return bursts->list;
}

const spk_bursts_summary *spk_bursts_summaries(const spk_bursts *bursts)
{
    return bursts->summaries;
}
