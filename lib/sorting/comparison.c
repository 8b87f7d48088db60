/* SPDX-License-Identifier: BSD-3-Clause */
/* From match counts to agreements, matches of units, performance and classes. */
#include "base/check.h"
#include "base/memory.h"
#include "sorting/comparison_assignment.h"
#include "sorting/comparison_counts.h"
#include "spikes/table_checks.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/comparison.h>
#include <spikekit/distributions.h>
#include <spikekit/trains.h>
#include <string.h>

struct spk_comparison {
    spk_comparison_options options;
    int64_t delta;
    int64_t n_units[2];
    spk__matches matches;
    double *agreements; /* [matches.n] */
    spk_comparison_unit *units[2];
    spk_comparison_performance *performance;
};

void spk_comparison_options_init(spk_comparison_options *options, size_t struct_size)
{
    const spk_comparison_options defaults = {
        .struct_size = struct_size,
        .delta_ms = 0.4,
        .delta_samples = -1,
        .symmetric = -1,
        .match_score = 0.5,
        .chance_score = 0.1,
        .well_detected_score = 0.8,
        .redundant_score = 0.2,
        .overmerged_score = 0.2,
        .confidence_level = 0.95,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static spk_status check_options(spk_context *ctx, const spk_comparison_options *o)
{
    const struct {
        const char *name;
        double value;
    } scores[] = {{"match_score", o->match_score},
                  {"chance_score", o->chance_score},
                  {"well_detected_score", o->well_detected_score},
                  {"redundant_score", o->redundant_score},
                  {"overmerged_score", o->overmerged_score}};
    for (size_t i = 0; i < sizeof scores / sizeof scores[0]; i++)
        SPK_REQUIRE(ctx, scores[i].value > 0.0 && scores[i].value <= 1.0,
                    SPK_ERR_ARGUMENT, "%s must be above 0 and at most 1, got %g",
                    scores[i].name, scores[i].value);
    SPK_REQUIRE(ctx, o->delta_samples >= -1, SPK_ERR_ARGUMENT,
                "delta_samples must be >= 0, or -1 to use delta_ms, got %" PRId64,
                o->delta_samples);
    SPK_REQUIRE(
        ctx, o->delta_samples >= 0 || (o->delta_ms >= 0.0 && isfinite(o->delta_ms)),
        SPK_ERR_ARGUMENT, "delta_ms must be >= 0 and finite, got %g", o->delta_ms);
    SPK_REQUIRE(ctx, o->symmetric >= -1 && o->symmetric <= 1, SPK_ERR_ARGUMENT,
                "symmetric must be -1, 0 or 1, got %d", (int)o->symmetric);
    SPK_REQUIRE(ctx,
                o->score >= SPK_COMPARISON_COUNT && o->score <= SPK_COMPARISON_DISTANCE,
                SPK_ERR_ARGUMENT, "score must be 0 or 1, got %d", (int)o->score);
    SPK_REQUIRE(
        ctx, o->matching >= SPK_COMPARISON_ASSIGNED && o->matching <= SPK_COMPARISON_BEST,
        SPK_ERR_ARGUMENT, "matching must be 0 or 1, got %d", (int)o->matching);
    SPK_REQUIRE(ctx, o->confidence_level > 0.0 && o->confidence_level < 1.0,
                SPK_ERR_ARGUMENT, "confidence_level must be between 0 and 1, got %g",
                o->confidence_level);
    return SPK_OK;
}

static spk_status check_recordings(spk_context *ctx, const spk_spikes *a,
                                   const spk_spikes *b)
{
    const double rate = a->sampling_rate_hz;
    SPK_REQUIRE(ctx, fabs(b->sampling_rate_hz - rate) < 1e-3 * rate, SPK_ERR_ARGUMENT,
                "a is sampled at %g Hz, b at %g Hz: not the same samples", rate,
                b->sampling_rate_hz);
    SPK_REQUIRE(
        ctx,
        a->n_spikes == 0 || b->n_spikes == 0 ||
            (a->start_sample < b->stop_sample && b->start_sample < a->stop_sample),
        SPK_ERR_ARGUMENT,
        "a is samples %" PRId64 " to %" PRId64 ", b %" PRId64 " to %" PRId64
        ": not the same recording",
        a->start_sample, a->stop_sample, b->start_sample, b->stop_sample);
    const double length_a = (double)a->stop_sample - (double)a->start_sample;
    const double length_b = (double)b->stop_sample - (double)b->start_sample;
    const double differ = fabs(length_a - length_b);
    if (differ > rate && differ > 0.01 * fmax(length_a, length_b))
        spk__log(
            ctx, SPK_LOG_WARNING,
            "the first lasts %.1f s, the second %.1f s: compared as one recording all "
            "the same",
            length_a / rate, length_b / rate);
    return SPK_OK;
}

static spk_status find_delta(spk_context *ctx, const spk_comparison_options *o,
                             double rate_hz, int64_t *delta)
{
    /* As SpikeInterface has it, in this order, cut toward zero. */
    const double samples =
        o->delta_samples >= 0 ? (double)o->delta_samples : o->delta_ms / 1000.0 * rate_hz;
    SPK_REQUIRE(ctx, samples <= (double)SPK__COMPARISON_MAX_DELTA, SPK_ERR_OVERFLOW,
                "delta is %g samples, at most %d are possible", samples,
                (int)SPK__COMPARISON_MAX_DELTA);
    *delta = (int64_t)samples;
    return SPK_OK;
}

/* Squared length of each unit's train of boxes. */
static spk_status square_lengths(spk_context *ctx, const spk_spikes *table,
                                 const spk_epochs *epochs, int64_t delta,
                                 uint64_t *squares)
{
    spk_trains_options options;
    spk_trains *trains = NULL;
    spk_trains_options_init(&options, sizeof options);
    options.epochs = epochs;
    spk_status status = spk_trains_create(ctx, table, &options, &trains);
    if (status != SPK_OK)
        return status;
    for (int64_t u = 0; u < table->n_units; u++) {
        const spk_train train = spk_trains_unit(trains, u);
        uint64_t pairs = 0;
        for (int64_t r = 0; r < train.n_runs; r++) {
            const int64_t start = train.run_offsets[r];
            /* Of spikes first .. t - 1, less than delta before t: the sum of their lags. */
            uint64_t lags = 0;
            for (int64_t t = start, first = start; t < train.run_offsets[r + 1]; t++) {
                const int64_t time = train.samples[t];
                if (t > start)
                    lags += (uint64_t)(t - first) *
                            ((uint64_t)time - (uint64_t)train.samples[t - 1]);
                for (; first < t && time - train.samples[first] >= delta; first++)
                    lags -= (uint64_t)(time - train.samples[first]);
                pairs += (uint64_t)(t - first) * (uint64_t)delta - lags;
            }
        }
        squares[u] = (uint64_t)train.n_spikes * (uint64_t)delta + 2 * pairs;
    }
    spk_trains_destroy(trains);
    return SPK_OK;
}

static spk_status score_distances(spk_context *ctx, spk_comparison *c,
                                  const spk_spikes *a, const spk_spikes *b)
{
    const spk__matches *m = &c->matches;
    spk_status status = SPK_OK;
    uint64_t *squares_a = spk__alloc(ctx, a->n_units, sizeof *squares_a);
    uint64_t *squares_b = spk__alloc(ctx, b->n_units, sizeof *squares_b);
    if (squares_a == NULL || squares_b == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    const spk_epochs *epochs = c->options.epochs;
    if ((status = square_lengths(ctx, a, epochs, c->delta, squares_a)) != SPK_OK ||
        (status = square_lengths(ctx, b, epochs, c->delta, squares_b)) != SPK_OK)
        goto cleanup;
    for (int64_t i = 0; i < a->n_units; i++)
        for (int64_t e = m->offsets[i]; e < m->offsets[i + 1]; e++) {
            const uint64_t p = m->products[e];
            const double distance =
                sqrt((double)(squares_a[i] + squares_b[m->partners[e]] - 2 * p));
            /* 0 / 0 with delta 0, where boxes have no width. */
            c->agreements[e] = 1.0 / (distance * distance / (double)p + 1.0);
        }
cleanup:
    spk__free(squares_b);
    spk__free(squares_a);
    return status;
}

static void score_counts(spk_comparison *c)
{
    const spk__matches *m = &c->matches;
    for (int64_t i = 0; i < c->n_units[0]; i++)
        for (int64_t e = m->offsets[i]; e < m->offsets[i + 1]; e++) {
            const int64_t n = m->n_spikes[0][i] + m->n_spikes[1][m->partners[e]];
            c->agreements[e] = (double)m->counts[e] / (double)(n - m->counts[e]);
        }
}

static void note_pair(spk_comparison_unit *unit, int64_t partner, double agreement,
                      double chance)
{
    if (agreement > unit->best_agreement) {
        unit->best_agreement = agreement;
        if (agreement >= chance)
            unit->best_match = (int32_t)partner;
    }
    unit->n_possible += agreement >= chance;
}

static spk_status match_units(spk_context *ctx, spk_comparison *c)
{
    const spk__matches *m = &c->matches;
    spk_comparison_unit *a = c->units[0], *b = c->units[1];
    for (int k = 0; k < 2; k++)
        for (int64_t u = 0; u < c->n_units[k]; u++)
            c->units[k][u] = (spk_comparison_unit){.n_spikes = m->n_spikes[k][u],
                                                   .best_match = -1,
                                                   .assigned_match = -1,
                                                   .assigned_agreement = NAN};
    for (int64_t i = 0; i < c->n_units[0]; i++)
        for (int64_t e = m->offsets[i]; e < m->offsets[i + 1]; e++) {
            note_pair(&a[i], m->partners[e], c->agreements[e], c->options.chance_score);
            note_pair(&b[m->partners[e]], i, c->agreements[e], c->options.chance_score);
        }
    int32_t *assigned = spk__alloc(ctx, c->n_units[0], sizeof *assigned);
    if (assigned == NULL)
        return spk__fail_memory(ctx);
    const spk__scores scores = {c->n_units[0], c->n_units[1], m->offsets, m->partners,
                                c->agreements};
    spk_status status = spk__assign(ctx, &scores, c->options.match_score, assigned);
    for (int64_t i = 0; status == SPK_OK && i < c->n_units[0]; i++) {
        if (assigned[i] < 0)
            continue;
        const double agreement = spk_comparison_agreement(c, i, assigned[i]);
        a[i].assigned_match = assigned[i];
        b[assigned[i]].assigned_match = (int32_t)i;
        a[i].assigned_agreement = b[assigned[i]].assigned_agreement = agreement;
    }
    spk__free(assigned);
    return status;
}

static void classify(spk_comparison *c)
{
    const spk__matches *m = &c->matches;
    const spk_comparison_options *o = &c->options;
    spk_comparison_unit *a = c->units[0], *b = c->units[1];
    /* The number of units that each unit of b agrees with, kept in `classes` for a while. */
    for (int64_t e = 0; e < m->n; e++)
        if (c->agreements[e] > o->overmerged_score)
            b[m->partners[e]].classes++;
    for (int64_t u = 0; u < c->n_units[1]; u++) {
        spk_comparison_unit *unit = &b[u];
        const int well = unit->assigned_match >= 0 &&
                         unit->assigned_agreement >= o->well_detected_score;
        unit->classes = unit->classes > 1 ? SPK_COMPARISON_OVERMERGED : 0;
        if (well) {
            unit->classes |= SPK_COMPARISON_WELL_DETECTED;
            a[unit->assigned_match].classes |= SPK_COMPARISON_WELL_DETECTED;
        }
        if (unit->assigned_match >= 0)
            continue;
        unit->classes |= SPK_COMPARISON_BAD;
        if (unit->best_match < 0 || unit->best_agreement < o->redundant_score)
            unit->classes |= SPK_COMPARISON_FALSE_POSITIVE;
        else if (a[unit->best_match].best_match != (int32_t)u)
            unit->classes |= SPK_COMPARISON_REDUNDANT;
    }
}

static double ratio(int64_t part, int64_t whole)
{
    return whole == 0 ? NAN : (double)part / (double)whole;
}

static void measure_performance(spk_comparison *c)
{
    for (int64_t i = 0; i < c->n_units[0]; i++) {
        const spk_comparison_unit *unit = &c->units[0][i];
        spk_comparison_performance *p = &c->performance[i];
        *p = (spk_comparison_performance){
            .match = c->options.matching == SPK_COMPARISON_BEST ? unit->best_match
                                                                : unit->assigned_match,
            .fn = unit->n_spikes,
        };
        if (p->match >= 0) {
            p->tp = spk_comparison_matches(c, i, p->match);
            p->fn = unit->n_spikes - p->tp;
            p->fp = c->units[1][p->match].n_spikes - p->tp;
        }
        p->accuracy = ratio(p->tp, p->tp + p->fn + p->fp);
        p->recall = ratio(p->tp, p->tp + p->fn);
        p->precision = ratio(p->tp, p->tp + p->fp);
        p->false_discovery = ratio(p->fp, p->tp + p->fp);
        p->miss_rate = ratio(p->fn, p->tp + p->fn);
        spk_binomial_limits(p->tp, p->tp + p->fn, c->options.confidence_level,
                            &p->recall_lower, &p->recall_upper);
        spk_binomial_limits(p->tp, p->tp + p->fp, c->options.confidence_level,
                            &p->precision_lower, &p->precision_upper);
    }
}

static spk_status compare(spk_context *ctx, spk_comparison *c, const spk_spikes *a,
                          const spk_spikes *b)
{
    const spk_comparison_options *o = &c->options;
    const int symmetric = o->symmetric < 0 ? !o->truth : o->symmetric;
    const int distance = o->score == SPK_COMPARISON_DISTANCE;
    spk_status status = spk__matches_count(ctx, a, b, o->epochs, c->delta, symmetric,
                                           distance, &c->matches);
    if (status != SPK_OK)
        return status;
    c->agreements = spk__alloc(ctx, c->matches.n, sizeof *c->agreements);
    c->performance = spk__alloc(ctx, a->n_units, sizeof *c->performance);
    for (int k = 0; k < 2; k++)
        c->units[k] = spk__alloc(ctx, c->n_units[k], sizeof *c->units[k]);
    if (c->agreements == NULL || c->performance == NULL || c->units[0] == NULL ||
        c->units[1] == NULL)
        return spk__fail_memory(ctx);
    if (distance)
        status = score_distances(ctx, c, a, b);
    else
        score_counts(c);
    if (status == SPK_OK)
        status = match_units(ctx, c);
    if (status == SPK_OK) {
        classify(c);
        measure_performance(c);
    }
    return status;
}

spk_status spk_comparison_create(spk_context *ctx, const spk_spikes *a,
                                 const spk_spikes *b,
                                 const spk_comparison_options *options,
                                 spk_comparison **comparison)
{
    spk_comparison_options o;
    int64_t delta = 0;
    SPK_REQUIRE(ctx, comparison != NULL, SPK_ERR_ARGUMENT, "comparison is NULL");
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof *options,
                SPK_ERR_ARGUMENT, "options: not filled by spk_comparison_options_init()");
    if (options == NULL)
        spk_comparison_options_init(&o, sizeof o);
    else
        o = *options;
    spk_status status = check_options(ctx, &o);
    if (status == SPK_OK)
        status = spk_spikes_check(ctx, a);
    if (status == SPK_OK)
        status = spk_spikes_check(ctx, b);
    if (status == SPK_OK && o.epochs != NULL)
        status = spk_epochs_check(ctx, o.epochs);
    if (status == SPK_OK)
        status = check_recordings(ctx, a, b);
    if (status == SPK_OK)
        status = find_delta(ctx, &o, a->sampling_rate_hz, &delta);
    if (status != SPK_OK)
        return status;

    spk_comparison *c = spk__alloc_zero(ctx, 1, sizeof *c);
    if (c == NULL)
        return spk__fail_memory(ctx);
    c->options = o;
    c->delta = delta;
    c->n_units[0] = a->n_units;
    c->n_units[1] = b->n_units;
    status = compare(ctx, c, a, b);
    c->options.epochs = NULL;
    if (status == SPK_OK)
        *comparison = c;
    else
        spk_comparison_destroy(c);
    return status;
}

void spk_comparison_destroy(spk_comparison *comparison)
{
    if (comparison == NULL)
        return;
    spk__matches_free(&comparison->matches);
    spk__free(comparison->agreements);
    spk__free(comparison->units[0]);
    spk__free(comparison->units[1]);
    spk__free(comparison->performance);
    spk__free(comparison);
}

int64_t spk_comparison_delta(const spk_comparison *comparison)
{
    return comparison == NULL ? 0 : comparison->delta;
}

spk_comparison_pairs spk_comparison_get_pairs(const spk_comparison *comparison)
{
    if (comparison == NULL)
        return (spk_comparison_pairs){0};
    const spk__matches *m = &comparison->matches;
    return (spk_comparison_pairs){comparison->n_units[0],
                                  comparison->n_units[1],
                                  m->n,
                                  m->offsets,
                                  m->partners,
                                  m->counts,
                                  comparison->agreements};
}

const spk_comparison_unit *spk_comparison_units_a(const spk_comparison *comparison)
{
    return comparison == NULL ? NULL : comparison->units[0];
}

const spk_comparison_unit *spk_comparison_units_b(const spk_comparison *comparison)
{
    return comparison == NULL ? NULL : comparison->units[1];
}

const spk_comparison_performance *
spk_comparison_get_performance(const spk_comparison *comparison)
{
    return comparison == NULL ? NULL : comparison->performance;
}

/* The entry of a pair, -1 if it has no match. */
static int64_t find_pair(const spk_comparison *c, int64_t i, int64_t j)
{
    if (c == NULL || i < 0 || i >= c->n_units[0])
        return -1;
    int64_t first = c->matches.offsets[i], last = c->matches.offsets[i + 1];
    while (first < last) {
        const int64_t middle = first + (last - first) / 2;
        if (c->matches.partners[middle] < j)
            first = middle + 1;
        else
            last = middle;
    }
    return first < c->matches.offsets[i + 1] && c->matches.partners[first] == j ? first
                                                                                : -1;
}

int64_t spk_comparison_matches(const spk_comparison *comparison, int64_t i, int64_t j)
{
    const int64_t pair = find_pair(comparison, i, j);
    return pair < 0 ? 0 : comparison->matches.counts[pair];
}

double spk_comparison_agreement(const spk_comparison *comparison, int64_t i, int64_t j)
{
    const int64_t pair = find_pair(comparison, i, j);
    return pair < 0 ? 0.0 : comparison->agreements[pair];
}

/* Units with an assigned match first, in the order of the unit of a; then the others. */
static void order_units(const spk_comparison *c, int32_t *order_a, int32_t *order_b)
{
    int64_t n = 0, n_a = 0, n_b = 0;
    for (int64_t i = 0; i < c->n_units[0]; i++)
        if (c->units[0][i].assigned_match >= 0) {
            order_a[n] = (int32_t)i;
            order_b[n++] = c->units[0][i].assigned_match;
        }
    n_a = n_b = n;
    for (int64_t i = 0; i < c->n_units[0]; i++)
        if (c->units[0][i].assigned_match < 0)
            order_a[n_a++] = (int32_t)i;
    for (int64_t j = 0; j < c->n_units[1]; j++)
        if (c->units[1][j].assigned_match < 0)
            order_b[n_b++] = (int32_t)j;
}

spk_status spk_comparison_confusion(spk_context *ctx, const spk_comparison *comparison,
                                    int32_t *order_a, int32_t *order_b, int64_t *counts)
{
    SPK_REQUIRE(ctx, comparison != NULL, SPK_ERR_ARGUMENT, "comparison is NULL");
    SPK_REQUIRE(ctx, order_a != NULL || comparison->n_units[0] == 0, SPK_ERR_ARGUMENT,
                "order_a is NULL");
    SPK_REQUIRE(ctx, order_b != NULL || comparison->n_units[1] == 0, SPK_ERR_ARGUMENT,
                "order_b is NULL");
    SPK_REQUIRE(ctx, counts != NULL, SPK_ERR_ARGUMENT, "counts is NULL");
    const int64_t n_a = comparison->n_units[0], n_b = comparison->n_units[1];
    order_units(comparison, order_a, order_b);
    memset(counts, 0, (size_t)(n_a + 1) * (size_t)(n_b + 1) * sizeof *counts);
    for (int64_t j = 0; j < n_b; j++)
        counts[n_a * (n_b + 1) + j] = comparison->units[1][order_b[j]].n_spikes;
    for (int64_t i = 0; i < n_a; i++) {
        const spk_comparison_unit *unit = &comparison->units[0][order_a[i]];
        int64_t *row = counts + i * (n_b + 1);
        row[n_b] = unit->n_spikes;
        if (unit->assigned_match < 0)
            continue;
        const int64_t m =
            spk_comparison_matches(comparison, order_a[i], unit->assigned_match);
        row[i] = m;
        row[n_b] -= m;
        counts[n_a * (n_b + 1) + i] -= m;
    }
    return SPK_OK;
}
