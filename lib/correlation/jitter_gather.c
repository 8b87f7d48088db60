/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nearly all terms are coins of whole intervals, up at so many of its samples: they are
 * tallied by that number, so that a sum has a few dozen kinds of term however many spikes
 * there are.
 */
#include "correlation/jitter_gather.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

enum {
    MOST_TALLIES =
        4096 /* coins of longer intervals go straight to the sum, which merges them */
};

static int64_t tallies_of(const spk__jitter_bins *bins)
{
    return bins->interval > MOST_TALLIES ? 0 : bins->interval;
}

int64_t spk__jitter_room(const spk__jitter_bins *bins)
{
    return SPK__JITTER_WORK * (int64_t)sizeof(double) +
           bins->n * (int64_t)(2 * sizeof(int64_t) +
                               (size_t)(tallies_of(bins) + 1) * sizeof(int32_t));
}

spk_status spk__jitter_gather_create(spk_context *ctx, const spk__jitter_bins *bins,
                                     void *room, spk__jitter_gather *gather)
{
    *gather = (spk__jitter_gather){
        .ctx = ctx, .bins = *bins, .n_tallies = tallies_of(bins), .work = room};
    void *after = gather->work + SPK__JITTER_WORK;
    gather->counts = after;
    gather->most = gather->counts + bins->n;
    after = gather->most + bins->n;
    gather->tallies = after;
    memset(gather->tallies, 0,
           (size_t)(bins->n * (gather->n_tallies + 1)) * sizeof *gather->tallies);
    gather->sums = spk__alloc_zero(ctx, bins->n, sizeof *gather->sums);
    return gather->sums == NULL ? spk__fail_memory(ctx) : SPK_OK;
}

void spk__jitter_gather_free(spk__jitter_gather *gather)
{
    for (int64_t k = 0; gather->sums != NULL && k < gather->bins.n; k++)
        spk__jitter_sum_free(&gather->sums[k]);
    spk__free(gather->sums);
    spk__free(gather->weights);
    spk__free(gather->values);
    spk__free(gather->packed);
}

static spk_status make_levels(spk__jitter_gather *gather, int64_t n)
{
    if (n <= gather->levels_room)
        return SPK_OK;
    const int64_t room = 2 * n;
    spk__free(gather->weights);
    spk__free(gather->values);
    spk__free(gather->packed);
    gather->levels_room = 0;
    gather->weights = spk__alloc_zero(gather->ctx, room, sizeof *gather->weights);
    gather->values = spk__alloc(gather->ctx, room, sizeof *gather->values);
    gather->packed = spk__alloc(gather->ctx, room, sizeof *gather->packed);
    if (gather->weights == NULL || gather->values == NULL || gather->packed == NULL)
        return spk__fail_memory(gather->ctx);
    gather->levels_room = room;
    return SPK_OK;
}

/* The spikes of an interval are coins of bin k that are up at so many places. */
static spk_status add_coins(spk__jitter_gather *gather, int64_t k, int64_t places,
                            const spk__jitter_interval *interval)
{
    if (places > gather->n_tallies || interval->length != gather->bins.interval)
        return spk__jitter_sum_add_coin(gather->ctx, &gather->sums[k], places,
                                        interval->length, interval->n_moved);
    int32_t *tally = gather->tallies + k * (gather->n_tallies + 1) + places;
    if (*tally > INT32_MAX / 2 || interval->n_moved > INT32_MAX / 2)
        return spk__jitter_sum_add_coin(gather->ctx, &gather->sums[k], places,
                                        interval->length, interval->n_moved);
    *tally += (int32_t)interval->n_moved;
    gather->most[k] = places > gather->most[k] ? places : gather->most[k];
    return SPK_OK;
}

/* How many places of the interval make how many pairs in bin k: the edges of what each fixed
 * spike reaches are passed in order. Returns the largest number of pairs. */
static int64_t weigh(const spk__jitter_bins *bins, const spk__jitter_interval *interval,
                     int64_t k, double *weights)
{
    const int64_t low = bins->first + k * bins->width, n = interval->n_fixed;
    const int64_t stop = interval->start + interval->length;
    const int64_t *s = interval->fixed;
    int64_t in = 0, out = 0, most = 0, at = interval->start;
    while (at < stop) {
        while (in < n && s[in] + low <= at)
            in++;
        while (out < n && s[out] + low + bins->width <= at)
            out++;
        int64_t next = stop;
        if (in < n && s[in] + low < next)
            next = s[in] + low;
        if (out < n && s[out] + low + bins->width < next)
            next = s[out] + low + bins->width;
        const int64_t pairs = in - out;
        weights[pairs] += (double)(next - at);
        most = pairs > most ? pairs : most;
        at = next;
    }
    return most;
}

static spk_status add_terms(spk__jitter_gather *gather,
                            const spk__jitter_interval *interval)
{
    const spk__jitter_bins *bins = &gather->bins;
    spk_status status = SPK_OK;
    if (interval->n_fixed == 1) {
        for (int64_t k = 0; k < bins->n && status == SPK_OK; k++) {
            const int64_t places =
                spk__jitter_overlap(bins, interval, interval->fixed[0], k);
            if (places > 0)
                status = add_coins(gather, k, places, interval);
        }
        return status;
    }
    status = make_levels(gather, interval->n_fixed + 1);
    for (int64_t k = 0; k < bins->n && status == SPK_OK; k++) {
        double *weights = gather->weights;
        const int64_t most = weigh(bins, interval, k, weights);
        if (most == 1) {
            status = add_coins(gather, k, (int64_t)weights[1], interval);
        } else if (most > 1) {
            int64_t n = 0;
            for (int64_t v = 0; v <= most; v++)
                if (weights[v] > 0.0) {
                    gather->values[n] = v;
                    gather->packed[n++] = weights[v];
                }
            status =
                spk__jitter_sum_add_die(gather->ctx, &gather->sums[k], gather->values,
                                        gather->packed, n, interval->n_moved);
        }
        memset(weights, 0, (size_t)(most + 1) * sizeof *weights);
    }
    return status;
}

/* Moves the tallies of all bins to their sums. */
static spk_status add_tallies(spk__jitter_gather *gather)
{
    spk_status status = SPK_OK;
    for (int64_t k = 0; k < gather->bins.n; k++) {
        int32_t *tallies = gather->tallies + k * (gather->n_tallies + 1);
        for (int64_t i = 1; i <= gather->most[k] && status == SPK_OK; i++)
            if (tallies[i] > 0) {
                status = spk__jitter_sum_add_coin(gather->ctx, &gather->sums[k], i,
                                                  gather->bins.interval, tallies[i]);
                tallies[i] = 0;
            }
    }
    return status;
}

spk_status spk__jitter_gather_pair(spk__jitter_gather *gather, const spk_trains *trains,
                                   int32_t reference, int32_t target)
{
    const int is_mirrored = gather->bins.is_mirrored;
    const spk_train moved = spk_trains_unit(trains, is_mirrored ? reference : target);
    const spk_train fixed = spk_trains_unit(trains, is_mirrored ? target : reference);
    spk__jitter_cursor cursor = {0, 0};
    spk__jitter_run run;
    spk_status status = SPK_OK;
    for (int64_t k = 0; k < gather->bins.n; k++) {
        spk__jitter_sum_clear(&gather->sums[k]);
        gather->counts[k] = gather->most[k] = 0;
    }
    while (status == SPK_OK && spk__jitter_next_run(&moved, &fixed, &cursor, &run)) {
        spk__jitter_interval interval;
        while (status == SPK_OK &&
               spk__jitter_next_interval(&gather->bins, &run, &interval)) {
            spk__jitter_count(&gather->bins, &interval, gather->counts);
            status = add_terms(gather, &interval);
        }
    }
    return status == SPK_OK ? add_tallies(gather) : status;
}

spk_jitter_result spk__jitter_locate(spk__jitter_sum *sum, int64_t count, double *work)
{
    const double log_half = -0.693147180559945309;
    const spk__jitter_tails tails =
        spk__jitter_sum_tails(sum, count, SPK__JITTER_CHEAPER, work);
    spk_jitter_result result = {
        .count = count,
        .log_equal = tails.log_equal,
        .log_upper = fmin(spk__log_add(tails.log_above, tails.log_equal), 0.0),
        .log_lower = fmin(spk__log_add(tails.log_below, tails.log_equal), 0.0),
        .log_mid_upper = spk__log_add(tails.log_above, tails.log_equal + log_half),
        .log_mid_lower = spk__log_add(tails.log_below, tails.log_equal + log_half),
    };
    spk__jitter_sum_moments(sum, &result.expected, &result.variance);
    return result;
}

spk_jitter_result spk__jitter_conclude(spk__jitter_gather *gather, int64_t k)
{
    return spk__jitter_locate(&gather->sums[k], gather->counts[k], gather->work);
}

/* ln of the chance of more (sign 1) or less (-1) than c. */
static double log_beyond(spk__jitter_gather *gather, int64_t k, int64_t c, int sign)
{
    const spk__jitter_tails tails =
        spk__jitter_sum_tails(&gather->sums[k], c, SPK__JITTER_CHEAPER, gather->work);
    return sign > 0 ? tails.log_above : tails.log_below;
}

int64_t spk__jitter_limit(spk__jitter_gather *gather, int64_t k, double log_level,
                          int sign)
{
    double mean, variance;
    int64_t least, most;
    spk__jitter_sum_moments(&gather->sums[k], &mean, &variance);
    spk__jitter_sum_range(&gather->sums[k], &least, &most);
    /* `inside` is not beyond the limit, `outside` is; both as distances from the middle */
    const int64_t middle = (int64_t)fmin(fmax(rint(mean), (double)least), (double)most);
    const int64_t end = sign > 0 ? most - middle : middle - least;
    int64_t inside = -1, outside = 0;
    while (outside < end &&
           log_beyond(gather, k, middle + sign * outside, sign) > log_level) {
        inside = outside;
        outside = 2 * outside + 1 < end ? 2 * outside + 1 : end;
    }
    while (outside - inside > 1) {
        const int64_t half = inside + (outside - inside) / 2;
        if (log_beyond(gather, k, middle + sign * half, sign) > log_level)
            inside = half;
        else
            outside = half;
    }
    return middle + sign * outside;
}
