/* SPDX-License-Identifier: BSD-3-Clause */
#include "spikes/burst_find.h"

#include "base/check.h"
#include "base/durations.h"
#include "base/memory.h"

#include <math.h>
#include <spikekit/distributions.h>

spk_status spk__burst_append(spk__burst_list *list, int64_t first, int64_t last)
{
    if (list->n == list->room) {
        const int64_t room = list->room == 0 ? 64 : 2 * list->room;
        spk_burst *items = spk__realloc(list->ctx, list->items, room, sizeof *items);
        if (items == NULL)
            return spk__fail_memory(list->ctx);
        list->items = items;
        list->room = room;
    }
    list->items[list->n++] =
        (spk_burst){.first_spike = first, .n_spikes = last - first + 1};
    return SPK_OK;
}

double spk__burst_mean_interval(const spk_train *train)
{
    double sum = 0.0, n = 0.0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t first = train->run_offsets[r], last = train->run_offsets[r + 1] - 1;
        if (last > first) {
            sum += (double)(train->samples[last] - train->samples[first]);
            n += (double)(last - first);
        }
    }
    return sum > 0.0 ? sum / n : NAN;
}

double spk__burst_surprise(int64_t n_spikes, double duration, double mean_interval)
{
    return -spk_poisson_log_upper(n_spikes - 1, duration / mean_interval);
}

/* ---- maximum intervals ---- */

/* Appends spikes first .. last if they are enough of a burst. */
static spk_status append_if(spk__burst_list *list, const spk_train *train,
                            const spk_bursts_options *options, double rate_hz,
                            int64_t first, int64_t last)
{
    const double duration = (double)(train->samples[last] - train->samples[first]);
    if (last - first + 1 < options->min_spikes ||
        duration < options->min_duration_s * rate_hz)
        return SPK_OK;
    return spk__burst_append(list, first, last);
}

spk_status spk__bursts_max_interval(const spk_train *train,
                                    const spk_bursts_options *options, double rate_hz,
                                    spk__burst_list *list)
{
    const int64_t *t = train->samples;
    const int64_t start = spk__lag_at_most(options->start_interval_s, rate_hz);
    const int64_t inside = spk__lag_at_most(options->interval_s, rate_hz);
    const int64_t merged = spk__lag_below(options->gap_s, rate_hz);
    spk_status status = SPK_OK;
    for (int64_t r = 0; r < train->n_runs && status == SPK_OK; r++) {
        const int64_t stop = train->run_offsets[r + 1];
        int64_t first = -1,
                last = -1; /* the burst that may still be joined by the next */
        for (int64_t k = train->run_offsets[r] + 1; k < stop && status == SPK_OK; k++) {
            if (t[k] - t[k - 1] > start)
                continue;
            const int64_t next = k - 1;
            while (k < stop && t[k] - t[k - 1] <= inside)
                k++;
            if (first >= 0 && t[next] - t[last] > merged) {
                status = append_if(list, train, options, rate_hz, first, last);
                first = -1;
            }
            first = first < 0 ? next : first;
            last = k - 1;
        }
        if (status == SPK_OK && first >= 0)
            status = append_if(list, train, options, rate_hz, first, last);
    }
    return status;
}

/* ---- Poisson surprise ---- */

enum {
    LOOK_AHEAD = 10
};

/* A search from spike `first`; the spikes of the run end before `stop`. */
typedef struct surprise_search {
    const int64_t *t;
    int64_t stop;
    double mean;
} surprise_search;

static double surprise_of(const surprise_search *s, int64_t first, int64_t last)
{
    return spk__burst_surprise(last - first + 1, (double)(s->t[last] - s->t[first]),
                               s->mean);
}

/* Returns the surprise; first and last are moved. */
static double grow(const surprise_search *s, int64_t *first, int64_t *last)
{
    double best = surprise_of(s, *first, *last);
    for (int rises = 1; rises;) {
        rises = 0;
        for (int64_t k = *last + 1; k < s->stop && k <= *last + LOOK_AHEAD; k++) {
            const double next = surprise_of(s, *first, k);
            if (next > best) {
                best = next;
                *last = k;
                rises = 1;
                break;
            }
            if ((double)(s->t[k] - s->t[k - 1]) > 2.0 * s->mean)
                break;
        }
    }
    while (*last - *first + 1 > 3) {
        const double next = surprise_of(s, *first + 1, *last);
        if (!(next > best))
            break;
        best = next;
        ++*first;
    }
    return best;
}

spk_status spk__bursts_surprise(const spk_train *train, const spk_bursts_options *options,
                                spk__burst_list *list)
{
    surprise_search s = {.t = train->samples, .mean = spk__burst_mean_interval(train)};
    spk_status status = SPK_OK;
    if (isnan(s.mean))
        return status;
    for (int64_t r = 0; r < train->n_runs && status == SPK_OK; r++) {
        s.stop = train->run_offsets[r + 1];
        for (int64_t k = train->run_offsets[r]; k + 2 < s.stop && status == SPK_OK;) {
            int64_t first = k, last = k + 2;
            if (!((double)(s.t[k + 1] - s.t[k]) < s.mean / 2.0 &&
                  (double)(s.t[k + 2] - s.t[k + 1]) < s.mean / 2.0) ||
                !(grow(&s, &first, &last) > options->min_surprise)) {
                k++;
                continue;
            }
            status = spk__burst_append(list, first, last);
            k = last + 1;
        }
    }
    return status;
}
