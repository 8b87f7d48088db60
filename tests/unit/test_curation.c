/* SPDX-License-Identifier: BSD-3-Clause */
/* After any steps, what a curation keeps is what a new one of the resulting table counts. */
#include "suite.h"

#include <math.h>
#include <spikekit/correlogram.h>
#include <spikekit/curation.h>
#include <spikekit/merging.h>
#include <stdlib.h>

enum {
    N = 1200,
    N_UNITS = 6,
    N_BINS = 11
};

static spk_context *ctx;
static uint64_t seed;

static int64_t draw(int64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((seed >> 33) % (uint64_t)below);
}

typedef struct recording {
    int64_t samples[N];
    int32_t units[N];
    double amplitudes[N];
    float positions[2 * N];
    int32_t spike_templates[N];
    float waveforms[N_UNITS * 4 * 2];
    spk_spikes spikes;
    spk_array amplitude_array;
    spk_array position_array;
    spk_array waveform_array;
    spk_templates templates;
    int64_t unit_ids[N_UNITS];
    spk_curation_options options;
} recording;

static spk_array array_of(int32_t dtype, int64_t rows, int64_t columns, const void *data)
{
    return (spk_array){.dtype = dtype,
                       .n_dimensions = columns == 1 ? 1 : 2,
                       .shape = {rows, columns, 1, 1, 1, 1, 1, 1},
                       .n_elements = rows * columns,
                       .item_size = spk_dtype_size(dtype),
                       .data = data};
}

/* Times crowd together: ties, duplicates between units, bursts, a silent unit 4. */
static recording *make_recording(uint64_t with_seed, int64_t n_spikes)
{
    static const int64_t ids[N_UNITS] = {7, 2, 30, 4, 5, 11};
    recording *r = calloc(1, sizeof *r);
    seed = with_seed;
    int64_t at = -40;
    for (int64_t i = 0; i < n_spikes; i++) {
        at += draw(3) == 0 ? draw(60) : draw(5);
        r->samples[i] = at;
        r->units[i] = (int32_t)draw(N_UNITS);
        if (r->units[i] == 4)
            r->units[i] = 1;
        r->amplitudes[i] = draw(40) == 0 ? NAN : (double)draw(1000) / 7 - 20;
        if (draw(60) == 0)
            r->amplitudes[i] = INFINITY;
        r->positions[2 * i] = draw(50) == 0 ? NAN : (float)draw(100);
        r->positions[2 * i + 1] = (float)draw(4000);
        r->spike_templates[i] = r->units[i];
    }
    for (int k = 0; k < N_UNITS * 8; k++)
        r->waveforms[k] = (float)draw(100) - 50;
    memcpy(r->unit_ids, ids, sizeof ids);
    r->spikes =
        (spk_spikes){n_spikes, N_UNITS, r->samples, r->units, 1000, -50, at + 500};
    r->amplitude_array = array_of(SPK_DTYPE_FLOAT64, n_spikes, 1, r->amplitudes);
    r->position_array = array_of(SPK_DTYPE_FLOAT32, n_spikes, 2, r->positions);
    r->waveform_array = array_of(SPK_DTYPE_FLOAT32, N_UNITS, 4, r->waveforms);
    r->waveform_array.n_dimensions = 3;
    r->waveform_array.shape[2] = 2;
    r->waveform_array.n_elements = N_UNITS * 8;
    r->templates = (spk_templates){.values = &r->waveform_array,
                                   .n_templates = N_UNITS,
                                   .n_samples = 4,
                                   .n_local = 2,
                                   .n_channels = 2,
                                   .spike_templates = r->spike_templates,
                                   .sampling_rate_hz = 1000};
    spk_curation_options_init(&r->options, sizeof r->options);
    r->options.unit_ids = r->unit_ids;
    r->options.amplitudes = &r->amplitude_array;
    r->options.spike_positions = &r->position_array;
    r->options.templates = &r->templates;
    r->options.refractory_s = 0.004;
    r->options.presence_bin_s = 0.7;
    r->options.amplitude_bins = 13;
    r->options.n_bins = N_BINS;
    r->options.bin_s = draw(2) ? 0.004 : 0.003; /* even and odd widths */
    return r;
}

static spk_curation *start(const recording *r)
{
    spk_curation *c = NULL;
    if (spk_curation_create(ctx, &r->spikes, &r->options, &c) != SPK_OK)
        printf("%s\n", spk_context_message(ctx));
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    return c;
}

/* ---- equality with a new count ---- */

static int near(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-12 * (1 + fabs(b));
}

static void same_unit(const spk_curation *a, const spk_curation *b, int64_t id,
                      const int64_t *kept)
{
    spk_curation_unit u, v;
    CU_ASSERT_FATAL(spk_curation_unit_get(ctx, a, id, &u) == SPK_OK);
    CU_ASSERT_FATAL(spk_curation_unit_get(ctx, b, id, &v) == SPK_OK);
    CU_ASSERT_EQUAL_FATAL(u.n_spikes, v.n_spikes);
    for (int64_t i = 0; i < u.n_spikes; i++) {
        CU_ASSERT_EQUAL(u.samples[i], v.samples[i]);
        CU_ASSERT_EQUAL((int64_t)u.indices[i], kept[v.indices[i]]);
    }
    CU_ASSERT_EQUAL(u.n_short_intervals, v.n_short_intervals);
    CU_ASSERT_EQUAL(u.n_refractory_pairs, v.n_refractory_pairs);
    CU_ASSERT_EQUAL_FATAL(u.n_presence_bins, v.n_presence_bins);
    CU_ASSERT(memcmp(u.presence, v.presence,
                     (size_t)u.n_presence_bins * sizeof *u.presence) == 0);
    CU_ASSERT_EQUAL(u.n_amplitude_bins, v.n_amplitude_bins);
    if (u.amplitude_low == v.amplitude_low && u.amplitude_high == v.amplitude_high)
        CU_ASSERT(memcmp(u.amplitude_counts, v.amplitude_counts,
                         (size_t)u.n_amplitude_bins * sizeof *u.amplitude_counts) == 0);
    CU_ASSERT_EQUAL(u.n_amplitudes, v.n_amplitudes);
    CU_ASSERT_EQUAL(u.n_positions, v.n_positions);
    CU_ASSERT(near(u.amplitude_mean, v.amplitude_mean));
    CU_ASSERT(near(u.amplitude_std, v.amplitude_std));
    CU_ASSERT(u.n_amplitudes == 0 ||
              (u.amplitude_min == v.amplitude_min && u.amplitude_max == v.amplitude_max));
    CU_ASSERT(near(u.x_um, v.x_um) && near(u.y_um, v.y_um));
}

static void same_correlograms(const spk_curation *a, const spk_curation *b,
                              const int64_t *ids, int64_t n_units)
{
    const int64_t n = n_units * N_BINS;
    int64_t *counts = calloc((size_t)(2 * n + 1), sizeof *counts);
    for (int64_t u = 0; u < n_units; u++) {
        CU_ASSERT_EQUAL(spk_curation_correlograms(ctx, a, ids[u], n_units, NULL, counts),
                        SPK_OK);
        CU_ASSERT_EQUAL(
            spk_curation_correlograms(ctx, b, ids[u], n_units, NULL, counts + n), SPK_OK);
        CU_ASSERT(memcmp(counts, counts + n, (size_t)n * sizeof *counts) == 0);
    }
    free(counts);
}

/* All metrics of a unit alone are those that the whole table gives it. */
static void same_metrics(const recording *r, const spk_curation *c, const int64_t *ids,
                         int64_t n_units, const spk_spikes *spikes)
{
    spk_metrics_input input;
    spk_metrics *alone = NULL, *together = NULL;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = spikes;
    input.amplitudes = r->options.amplitudes;
    input.spike_positions = r->options.spike_positions;
    input.templates = r->options.templates;
    CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(ctx, &input, NULL, &together), SPK_OK);
    for (int64_t u = 0; u < n_units; u++) {
        CU_ASSERT_EQUAL_FATAL(spk_curation_metrics(ctx, c, 1, &ids[u], NULL, &alone),
                              SPK_OK);
        CU_ASSERT(spk_metrics_n_columns(alone) > 3);
        for (int64_t k = 0; k < spk_metrics_n_columns(alone); k++) {
            const char *name = spk_metrics_name(alone, k);
            const int64_t column = spk_metrics_find(together, name);
            CU_ASSERT_FATAL(column >= 0);
            const double x = spk_metrics_values(alone, k)[0];
            const double y = spk_metrics_values(together, column)[u];
            if (!(x == y || (isnan(x) && isnan(y)))) {
                printf("%s of unit %d: %.17g alone, %.17g together\n", name, (int)ids[u],
                       x, y);
                CU_FAIL("a metric that takes other units");
            }
        }
        spk_metrics_destroy(alone);
    }
    spk_metrics_destroy(together);
}

/* Makes the table that the curation stands for, and counts it anew. */
static void is_recount(const recording *r, const spk_curation *c, int with_metrics)
{
    const int64_t n = spk_curation_n_spikes(c), n_units = spk_curation_n_units(c);
    recording *now = malloc(sizeof *now);
    int64_t *kept = malloc((size_t)(n + 1) * sizeof *kept);
    int64_t *ids = malloc((size_t)(n_units + 1) * sizeof *ids);
    *now = *r;
    CU_ASSERT_EQUAL_FATAL(spk_curation_spikes(ctx, c, kept, now->units), SPK_OK);
    spk_curation_unit_ids(c, ids);
    for (int64_t i = 0; i < n; i++) {
        now->samples[i] = r->samples[kept[i]];
        now->amplitudes[i] = r->amplitudes[kept[i]];
        now->spike_templates[i] = r->spike_templates[kept[i]];
        memcpy(now->positions + 2 * i, r->positions + 2 * kept[i], 2 * sizeof(float));
    }
    now->spikes.n_spikes = n;
    now->spikes.n_units = n_units;
    now->spikes.samples = now->samples;
    now->spikes.units = now->units;
    now->amplitude_array = array_of(SPK_DTYPE_FLOAT64, n, 1, now->amplitudes);
    now->position_array = array_of(SPK_DTYPE_FLOAT32, n, 2, now->positions);
    now->templates.spike_templates = now->spike_templates;
    now->options.unit_ids = ids;
    now->options.amplitudes = &now->amplitude_array;
    now->options.spike_positions = &now->position_array;
    now->options.templates = &now->templates;
    spk_curation *again = start(now);
    for (int64_t u = 0; u < n_units; u++)
        same_unit(c, again, ids[u], kept);
    same_correlograms(c, again, ids, n_units);
    if (with_metrics)
        same_metrics(now, c, ids, n_units, &now->spikes);
    spk_curation_destroy(again);
    free(ids);
    free(kept);
    free(now);
}

static void fails(spk_status found, spk_status wanted, const char *words)
{
    CU_ASSERT_EQUAL(found, wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

/* ---- random steps ---- */

static int64_t any_unit(const spk_curation *c)
{
    int64_t ids[64];
    CU_ASSERT_FATAL(spk_curation_n_units(c) <= 64);
    spk_curation_unit_ids(c, ids);
    return ids[draw(spk_curation_n_units(c))];
}

static void split_any(spk_curation *c, int64_t n_labels)
{
    int32_t labels[N];
    spk_curation_unit unit;
    int64_t n_parts, ids[N];
    CU_ASSERT_FATAL(spk_curation_unit_get(ctx, c, any_unit(c), &unit) == SPK_OK);
    for (int64_t i = 0; i < unit.n_spikes; i++)
        labels[i] = (int32_t)(draw(n_labels) * draw(3)) - 1;
    const spk_status status =
        spk_curation_split(ctx, c, unit.unit_id, labels, 0, NULL, &n_parts, ids);
    CU_ASSERT(status == SPK_OK || status == SPK_ERR_ARGUMENT); /* one label */
    CU_ASSERT(status != SPK_OK || n_parts <= 2 * n_labels);
}

static void random_steps(void)
{
    for (uint64_t round = 0; round < 5; round++) {
        recording *r = make_recording(100 + round, 400);
        spk_curation *c = start(r);
        int64_t kinds[5] = {0};
        is_recount(r, c, 0);
        for (int step = 0; step < 24; step++) {
            const int64_t kind = draw(9), a = any_unit(c), b = any_unit(c);
            const int64_t pair[2] = {a, b};
            if (kind < 3 && a != b && spk_curation_n_units(c) > 2) {
                kinds[0]++;
                CU_ASSERT_EQUAL(spk_curation_merge(ctx, c, 2, pair,
                                                   draw(2) ? (double)draw(5) : 0, -1,
                                                   NULL),
                                SPK_OK);
            } else if (kind < 6 && spk_curation_n_units(c) < 30) {
                kinds[1]++;
                split_any(c, 1 + draw(3));
            } else if (kind == 6) {
                kinds[2]++;
                CU_ASSERT_EQUAL(spk_curation_censor(ctx, c, a, (double)draw(4), NULL),
                                SPK_OK);
            } else if (kind == 7 && spk_curation_n_units(c) > 3) {
                kinds[3]++;
                CU_ASSERT_EQUAL(spk_curation_remove(ctx, c, a), SPK_OK);
            } else if (spk_curation_n_steps(c) > 0) {
                kinds[4]++;
                CU_ASSERT_EQUAL(spk_curation_undo(ctx, c), SPK_OK);
            }
            is_recount(r, c, step == 23 && round < 2);
        }
        CU_ASSERT(kinds[0] > 0 && kinds[1] > 0 && kinds[4] > 0);
        while (spk_curation_n_steps(c) > 0)
            CU_ASSERT_EQUAL(spk_curation_undo(ctx, c), SPK_OK);
        CU_ASSERT_EQUAL(spk_curation_n_units(c), N_UNITS);
        CU_ASSERT_EQUAL(spk_curation_n_spikes(c), 400);
        is_recount(r, c, 0);
        spk_curation_destroy(c);
        free(r);
    }
}

/* ---- by hand ---- */

/* Three units, a spike a line; merging 0 and 1 with 3 ms censored drops the spike at 12 (2 after
 * 10) and the one at 13 (1 after 12, although 12 goes). */
static void by_hand(void)
{
    static const int64_t samples[] = {0, 10, 12, 13, 20, 20, 31};
    static const int32_t units[] = {0, 0, 1, 0, 1, 2, 0};
    static const spk_spikes spikes = {7, 3, samples, units, 1000, 0, 40};
    static const int64_t pair[] = {0, 1};
    static const int32_t labels[] = {5, -2, 5, 5};
    spk_curation_options o;
    spk_curation *c = NULL;
    spk_curation_unit u;
    int64_t merged = 0, counts[3 * 5], indices[7], ids[3], n_parts = 0;
    int32_t now[7];
    spk_curation_options_init(&o, sizeof o);
    o.refractory_s = 0.003;
    o.presence_bin_s = 0.015;
    o.n_bins = 5;
    o.bin_s = 0.003;
    CU_ASSERT_EQUAL_FATAL(spk_curation_create(ctx, &spikes, &o, &c), SPK_OK);
    CU_ASSERT_EQUAL(spk_curation_merge(ctx, c, 2, pair, 0, -1, &merged), SPK_OK);
    CU_ASSERT_EQUAL(merged, 3);
    CU_ASSERT_EQUAL(spk_curation_unit_get(ctx, c, 3, &u), SPK_OK);
    CU_ASSERT(u.n_spikes == 6 && u.n_short_intervals == 2 && u.n_refractory_pairs == 3);
    CU_ASSERT(u.n_presence_bins == 2 && u.presence[0] == 4 && u.presence[1] == 1);
    CU_ASSERT(u.n_amplitudes == 0 && isnan(u.amplitude_mean) && isnan(u.x_um));
    /* Bins [-7.5, -4.5) [-4.5, -1.5) [-1.5, 1.5) [1.5, 4.5) [4.5, 7.5). */
    CU_ASSERT_EQUAL(spk_curation_correlograms(ctx, c, 3, 2, NULL, counts), SPK_OK);
    static const int64_t with_2[5] = {0, 0, 1, 0, 1}, own[5] = {1, 2, 2, 2, 1};
    CU_ASSERT(memcmp(counts, with_2, sizeof with_2) == 0);
    CU_ASSERT(memcmp(counts + 5, own, sizeof own) == 0);
    CU_ASSERT_EQUAL(spk_curation_undo(ctx, c), SPK_OK);
    CU_ASSERT_EQUAL(spk_curation_merge(ctx, c, 2, pair, 3, 1, &merged), SPK_OK);
    CU_ASSERT_EQUAL(merged, 1);
    CU_ASSERT_EQUAL(spk_curation_n_spikes(c), 5);
    CU_ASSERT_EQUAL(spk_curation_spikes(ctx, c, indices, now), SPK_OK);
    static const int64_t kept[] = {0, 1, 4, 5, 6};
    static const int32_t kept_units[] = {0, 0, 0, 1, 0};
    CU_ASSERT(memcmp(indices, kept, sizeof kept) == 0);
    CU_ASSERT(memcmp(now, kept_units, sizeof kept_units) == 0);
    const spk_curation_step step = spk_curation_step_at(c, 0);
    CU_ASSERT(step.kind == SPK_CURATION_MERGE && step.n_old == 2 && step.n_new == 1);
    CU_ASSERT(step.old_ids[0] == 0 && step.old_ids[1] == 1 && step.new_ids[0] == 1);
    CU_ASSERT(step.n_spikes_removed == 2 && step.censor_samples == 3);
    CU_ASSERT_EQUAL(spk_curation_split(ctx, c, 1, labels, 0, NULL, &n_parts, ids),
                    SPK_OK);
    CU_ASSERT(n_parts == 2 && ids[0] == 3 && ids[1] == 4);
    CU_ASSERT_EQUAL(spk_curation_unit_get(ctx, c, 3, &u), SPK_OK);
    CU_ASSERT(u.n_spikes == 1 && u.samples[0] == 10);
    spk_curation_destroy(c);
}

/* Many units at once are those one after the other. */
static void many_at_once(void)
{
    for (int64_t n = 2; n <= 6; n++) {
        recording *r = make_recording(7, 500);
        spk_curation *c = start(r);
        CU_ASSERT_EQUAL(spk_curation_merge(ctx, c, n, r->unit_ids, 2, -1, NULL), SPK_OK);
        CU_ASSERT_EQUAL(spk_curation_n_units(c), N_UNITS - n + 1);
        is_recount(r, c, n == 4);
        spk_curation_destroy(c);
        free(r);
    }
}

/* The first count, straight from the definition. */
static void first_count(void)
{
    recording *r = make_recording(3, 300);
    spk_curation *c = start(r);
    const int64_t b = (int64_t)round(1000 * r->options.bin_s);
    for (int ref = 0; ref < N_UNITS; ref++) {
        int64_t wanted[N_UNITS][N_BINS], found[N_UNITS * N_BINS];
        memset(wanted, 0, sizeof wanted);
        for (int i = 0; i < 300; i++)
            for (int j = 0; j < 300; j++) {
                const double lag = (double)(r->samples[j] - r->samples[i]);
                const int64_t k = (int64_t)floor(lag / (double)b + N_BINS / 2.);
                if (i != j && r->units[i] == ref && k >= 0 && k < N_BINS)
                    wanted[r->units[j]][k]++;
            }
        CU_ASSERT_EQUAL(spk_curation_correlograms(ctx, c, r->unit_ids[ref], N_UNITS,
                                                  r->unit_ids, found),
                        SPK_OK);
        CU_ASSERT(memcmp(found, wanted, sizeof wanted) == 0);
        spk_curation_unit u;
        int64_t n_short = 0, n_pairs = 0, before = INT64_MIN / 2;
        for (int i = 0; i < 300; i++) {
            if (r->units[i] != ref)
                continue;
            n_short += r->samples[i] - before < 4;
            before = r->samples[i];
            for (int j = i + 1; j < 300; j++)
                n_pairs += r->units[j] == ref && r->samples[j] - r->samples[i] <= 4;
        }
        CU_ASSERT_EQUAL(spk_curation_unit_get(ctx, c, r->unit_ids[ref], &u), SPK_OK);
        CU_ASSERT_EQUAL(u.n_short_intervals, n_short);
        CU_ASSERT_EQUAL(u.n_refractory_pairs, n_pairs);
    }
    spk_curation_destroy(c);
    free(r);
}

/* The scores of one unit are those of its pairs among all, Holm's adjustment aside; those by
 * the refractory period of the defaults, counted beforehand, too. */
static void compare_candidates(double refractory_ms, double censor_ms)
{
    static const int64_t pair[] = {7, 30};
    int32_t labels[N];
    recording *r = make_recording(11, 900);
    if (refractory_ms == 1) { /* a contamination below 1 needs spikes that keep away */
        for (int64_t i = 0; i < 900; i++)
            r->samples[i] = 2 * i + (draw(12) == 0);
        r->spikes.start_sample = 0;
        r->spikes.stop_sample = 1801;
    }
    r->options.spike_positions = NULL;
    spk_curation *c = start(r);
    int64_t merged = 0, ids[N_UNITS], looked[N_UNITS], n_units = 0, kept[N];
    int64_t samples[N];
    int32_t units[N];
    double similarity[N_UNITS * N_UNITS], to_others[N_UNITS];
    for (int64_t i = 0; i < N; i++)
        labels[i] = i % 3 == 0;
    CU_ASSERT_EQUAL(spk_curation_split(ctx, c, 2, labels, 0, NULL, NULL, NULL), SPK_OK);
    CU_ASSERT_EQUAL(spk_curation_merge(ctx, c, 2, pair, censor_ms, -1, &merged), SPK_OK);
    spk_curation_unit_ids(c, ids);
    const int64_t n = spk_curation_n_units(c), n_spikes = spk_curation_n_spikes(c);
    CU_ASSERT_EQUAL_FATAL(spk_curation_spikes(ctx, c, kept, units), SPK_OK);
    for (int64_t i = 0; i < n_spikes; i++)
        samples[i] = r->samples[kept[i]];
    for (int64_t k = 0; k < n * n; k++)
        similarity[k] = (double)(draw(25) + 75) / 100;
    for (int64_t a = 0; a < n; a++)
        for (int64_t b = 0; b < a; b++)
            similarity[a * n + b] = similarity[b * n + a];
    for (int preset = SPK_MERGE_SPIKEKIT; preset <= SPK_MERGE_SLAY_PRESET; preset++) {
        if (preset == SPK_MERGE_FEATURE_NEIGHBORS)
            continue;
        spk_spikes now = r->spikes;
        now.n_spikes = n_spikes;
        now.n_units = n;
        now.samples = samples;
        now.units = units;
        spk_merging_input input;
        spk_merging_options o;
        spk_merge_candidates *all = NULL, *own = NULL;
        spk_merging_input_init(&input, sizeof input);
        spk_merging_options_init(&o, sizeof o);
        input.spikes = &now;
        input.similarity = similarity;
        o.preset = preset;
        o.evaluate_all = 1;
        o.refractory_ms = refractory_ms;
        o.censored_ms = refractory_ms / 4;
        o.presence_bin_s = 0.2;
        const int64_t me = n - 1; /* the merged unit has the largest id */
        for (int64_t k = 0; k < me; k++)
            to_others[k] = similarity[me * n + k];
        CU_ASSERT_EQUAL_FATAL(spk_merging_find(ctx, &input, &o, &all), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(spk_curation_candidates(ctx, c, merged, me, ids, to_others,
                                                      &o, looked, &n_units, &own),
                              SPK_OK);
        CU_ASSERT(n_units == n && memcmp(looked, ids, (size_t)n * sizeof *ids) == 0);
        const spk_merge_pair *pairs = spk_merge_candidates_pairs(all);
        const spk_merge_pair *mine = spk_merge_candidates_pairs(own);
        int64_t found = 0, n_below = 0;
        for (int64_t p = 0; p < spk_merge_candidates_n_pairs(all); p++) {
            if (pairs[p].b != me)
                continue;
            CU_ASSERT_FATAL(found < spk_merge_candidates_n_pairs(own));
            CU_ASSERT(mine[found].a == pairs[p].a && mine[found].b == me);
            for (int v = 0; v < SPK_MERGE_VALUE_REFRACTORY_HOLM; v++) {
                const double x = mine[found].values[v], y = pairs[p].values[v];
                CU_ASSERT(x == y || (isnan(x) && isnan(y)));
            }
            n_below += pairs[p].values[SPK_MERGE_VALUE_CONTAMINATION] < 1;
            found++;
        }
        CU_ASSERT(found > 0 && found == spk_merge_candidates_n_pairs(own));
        CU_ASSERT(refractory_ms != 1 || n_below > 0);
        spk_merge_candidates_destroy(all);
        spk_merge_candidates_destroy(own);
    }
    spk_curation_destroy(c);
    free(r);
}

static void candidates(void)
{
    spk_merging_options o;
    spk_merging_options_init(&o, sizeof o);
    CU_ASSERT_EQUAL(o.refractory_ms, 1);
    compare_candidates(4, 0);
    compare_candidates(1, 0);
    compare_candidates(1, 3);
}

/* Without a list of others: those whose mean position is near. */
static void candidates_nearby(void)
{
    recording *r = make_recording(12, 600);
    for (int i = 0; i < 600; i++) {
        r->positions[2 * i] = 0;
        r->positions[2 * i + 1] = (float)(100 * r->units[i]);
    }
    spk_curation *c = start(r);
    spk_merging_options o;
    spk_merge_candidates *found = NULL;
    int64_t ids[N_UNITS], n = 0;
    const int64_t other = 2, strange = 99;
    const double one = 1;
    spk_merging_options_init(&o, sizeof o);
    o.preset = SPK_MERGE_TEMPORAL_SPLITS;
    CU_ASSERT_EQUAL(
        spk_curation_candidates(ctx, c, 30, 0, NULL, NULL, &o, ids, &n, &found), SPK_OK);
    CU_ASSERT(n == 3 && ids[0] == 2 && ids[1] == 4 && ids[2] == 30);
    CU_ASSERT_EQUAL(spk_merge_candidates_n_pairs(found), 2);
    spk_merge_candidates_destroy(found);
    fails(spk_curation_candidates(ctx, c, 99, 0, NULL, NULL, &o, ids, &n, &found),
          SPK_ERR_NOT_FOUND, "no unit 99");
    fails(spk_curation_candidates(ctx, c, 30, 1, &strange, NULL, &o, ids, &n, &found),
          SPK_ERR_NOT_FOUND, "no unit 99");
    fails(spk_curation_candidates(ctx, c, 2, 1, &other, NULL, &o, ids, &n, &found),
          SPK_ERR_ARGUMENT, "unit 2 is the one that is scored");
    fails(spk_curation_candidates(ctx, c, 2, 0, NULL, &one, &o, ids, &n, &found),
          SPK_ERR_ARGUMENT, "to which others?");
    o.preset = SPK_MERGE_FEATURE_NEIGHBORS;
    fails(spk_curation_candidates(ctx, c, 2, 0, NULL, NULL, &o, ids, &n, &found),
          SPK_ERR_ARGUMENT, "snr takes all units");
    spk_curation_destroy(c);
    free(r);
}

static void threads(void)
{
    recording *r = make_recording(9, 1000);
    spk_curation *c[3];
    int64_t ids[N_UNITS], kept[N];
    for (int64_t i = 0; i < N; i++)
        kept[i] = i;
    for (int k = 0; k < 3; k++) {
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 << k), SPK_OK);
        c[k] = start(r);
    }
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1), SPK_OK);
    spk_curation_unit_ids(c[0], ids);
    for (int k = 1; k < 3; k++) {
        for (int u = 0; u < N_UNITS; u++)
            same_unit(c[k], c[0], ids[u], kept);
        same_correlograms(c[k], c[0], ids, N_UNITS);
    }
    for (int k = 0; k < 3; k++)
        spk_curation_destroy(c[k]);
    free(r);
}

static void nothing(void)
{
    static const spk_spikes none = {0, 0, NULL, NULL, 30000, 0, 0};
    spk_curation *c = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_curation_create(ctx, &none, NULL, &c), SPK_OK);
    CU_ASSERT(spk_curation_n_units(c) == 0 && spk_curation_n_spikes(c) == 0);
    CU_ASSERT_EQUAL(spk_curation_spikes(ctx, c, NULL, NULL), SPK_OK);
    spk_curation_destroy(c);
    spk_curation_destroy(NULL);
    CU_ASSERT_EQUAL(spk_curation_n_units(NULL), 0);
    CU_ASSERT_EQUAL(spk_curation_step_at(NULL, 0).n_old, 0);
}

/* ---- errors ---- */

static void creation_errors(void)
{
    recording *r = make_recording(1, 50);
    spk_curation *c = NULL;
    const int64_t twice[] = {1, 2, 3, 2, 5, 6}, negative[] = {1, 2, 3, -4, 5, 6};
    const spk_curation_options good = r->options;
    spk_curation_options o;
#define BAD(change, words)                                                               \
    o = good;                                                                            \
    o.change;                                                                            \
    fails(spk_curation_create(ctx, &r->spikes, &o, &c), SPK_ERR_ARGUMENT, words);        \
    CU_ASSERT_PTR_NULL(c)
    BAD(struct_size = 8, "options: not filled");
    BAD(unit_ids = twice, "unit_ids must be distinct, got 2 twice");
    BAD(unit_ids = negative, "unit_ids must be in 0 .. 2^62 - 1, got -4");
    BAD(refractory_s = NAN, "refractory_s must be in 0 .. 1, got nan");
    BAD(presence_bin_s = 0.0001, "presence_bin_s must be a sample or more");
    BAD(amplitude_bins = 0, "amplitude_bins");
    BAD(n_bins = 4, "n_bins must be 0 or odd and below 2^20, got 4");
    BAD(bin_s = 0, "bin_s");
    BAD(amplitudes = &r->position_array, "amplitudes: expected 1 number for each of 50 "
                                         "spikes, found float32 of shape (50, 2)");
    BAD(spike_positions = &r->amplitude_array, "spike_positions: expected 2 numbers");
    fails(spk_curation_create(ctx, NULL, NULL, &c), SPK_ERR_ARGUMENT, "spikes");
    fails(spk_curation_create(ctx, &r->spikes, &good, NULL), SPK_ERR_ARGUMENT,
          "curation is NULL");
    free(r);
}

static double count(const recording *r, int32_t unit)
{
    int n = 0;
    for (int64_t i = 0; i < r->spikes.n_spikes; i++)
        n += r->units[i] == unit;
    return n;
}

static void step_errors(void)
{
    recording *r = make_recording(1, 200);
    spk_curation *c = start(r);
    const int64_t pair[] = {7, 2}, unknown[] = {7, 8}, same[] = {7, 7};
    const int64_t new_ids[] = {40, 40}, taken[] = {41, 30};
    int32_t labels[200] = {0};
    int64_t counts[N_BINS];
    spk_metrics *metrics = NULL;
    fails(spk_curation_merge(ctx, c, 1, pair, 0, -1, NULL), SPK_ERR_ARGUMENT, "got 1");
    fails(spk_curation_merge(ctx, c, 2, unknown, 0, -1, NULL), SPK_ERR_NOT_FOUND,
          "no unit 8");
    fails(spk_curation_merge(ctx, c, 2, same, 0, -1, NULL), SPK_ERR_ARGUMENT,
          "got 7 twice");
    fails(spk_curation_merge(ctx, c, 2, pair, -1, -1, NULL), SPK_ERR_ARGUMENT,
          "censor_ms must be in 0 .. 1e6, got -1");
    fails(spk_curation_merge(ctx, c, 2, pair, 0, 30, NULL), SPK_ERR_ARGUMENT,
          "unit 30 is there already");
    fails(spk_curation_merge(ctx, c, 2, pair, 0, -5, NULL), SPK_ERR_ARGUMENT, "got -5");
    fails(spk_curation_merge(ctx, c, 2, pair, 0, INT64_MAX, NULL), SPK_ERR_ARGUMENT,
          "new id must be in 0 .. 2^62 - 1");
    fails(spk_curation_split(ctx, c, 7, labels, 0, NULL, NULL, NULL), SPK_ERR_ARGUMENT,
          "two distinct labels or more, got 1");
    fails(spk_curation_split(ctx, c, 5, labels, 0, NULL, NULL, NULL), SPK_ERR_ARGUMENT,
          "got 0");
    labels[0] = 3;
    fails(spk_curation_split(ctx, c, 7, labels, 1, new_ids, NULL, NULL), SPK_ERR_ARGUMENT,
          "one for each of 2 parts, got 1");
    fails(spk_curation_split(ctx, c, 7, labels, 2, new_ids, NULL, NULL), SPK_ERR_ARGUMENT,
          "got 40 twice");
    fails(spk_curation_split(ctx, c, 7, labels, 2, taken, NULL, NULL), SPK_ERR_ARGUMENT,
          "unit 30 is there already");
    fails(spk_curation_remove(ctx, c, 8), SPK_ERR_NOT_FOUND, "no unit 8");
    fails(spk_curation_censor(ctx, c, 8, 1, NULL), SPK_ERR_NOT_FOUND, "no unit 8");
    fails(spk_curation_undo(ctx, c), SPK_ERR_NOT_FOUND, "no step to take back");
    fails(spk_curation_correlograms(ctx, c, 7, 3, NULL, counts), SPK_ERR_ARGUMENT,
          "expected all 6 units, got 3");
    fails(spk_curation_correlograms(ctx, c, 7, 1, unknown + 1, counts), SPK_ERR_NOT_FOUND,
          "no unit 8");
    const char *const wrong[] = {"sync_spike_2"};
    const char *const names[] = {"activity", "presence_ratio", "num_spikes"};
    const char *const strange[] = {"qwerty"};
    spk_metrics_options o;
    spk_metrics_options_init(&o, sizeof o);
    o.names = wrong;
    o.n_names = 1;
    fails(spk_curation_metrics(ctx, c, 1, pair, &o, &metrics), SPK_ERR_NOT_FOUND,
          "sync_spike_2 takes the spikes of other units");
    o.names = names;
    o.n_names = 3;
    CU_ASSERT_EQUAL_FATAL(spk_curation_metrics(ctx, c, 2, pair, &o, &metrics), SPK_OK);
    CU_ASSERT_EQUAL(spk_metrics_n_units(metrics), 2);
    CU_ASSERT(spk_metrics_find(metrics, "presence_ratio") >= 0);
    CU_ASSERT(spk_metrics_find(metrics, "firing_rate") >= 0);
    CU_ASSERT(spk_metrics_find(metrics, "amplitude_median") < 0);
    CU_ASSERT_EQUAL(spk_metrics_values(metrics, 0)[1], count(r, 1));
    spk_metrics_destroy(metrics);
    o.n_names = 1;
    o.names = strange;
    fails(spk_curation_metrics(ctx, c, 1, pair, &o, &metrics), SPK_ERR_NOT_FOUND,
          "qwerty");
    fails(spk_curation_metrics(ctx, c, 1, unknown + 1, NULL, &metrics), SPK_ERR_NOT_FOUND,
          "no unit 8");
    fails(spk_curation_merge(ctx, NULL, 2, pair, 0, -1, NULL), SPK_ERR_ARGUMENT,
          "curation");
    CU_ASSERT_EQUAL(spk_curation_n_steps(c), 0);
    is_recount(r, c, 1);
    spk_curation_destroy(c);
    free(r);
}

/* All the steps; after each failure the curation is what it was. */
static spk_status all_steps(spk_context *one, void *argument)
{
    const recording *r = argument;
    const int64_t pair[] = {7, 2};
    int32_t labels[N];
    int64_t merged = 0;
    spk_curation *c = NULL;
    spk_metrics *metrics = NULL;
    for (int i = 0; i < N; i++)
        labels[i] = i % 3;
    spk_status status = spk_curation_create(one, &r->spikes, &r->options, &c);
    if (status == SPK_OK)
        status = spk_curation_merge(one, c, 2, pair, 2, -1, &merged);
    if (status == SPK_OK)
        status = spk_curation_split(one, c, merged, labels, 0, NULL, NULL, NULL);
    if (status == SPK_OK)
        status = spk_curation_remove(one, c, 30);
    if (status == SPK_OK)
        status = spk_curation_metrics(one, c, 1, &(int64_t){4}, NULL, &metrics);
    spk_metrics_destroy(metrics);
    if (c != NULL)
        is_recount(r, c, 0);
    spk_curation_destroy(c);
    return status;
}

static void allocation_failures(void)
{
    recording *r = make_recording(5, 60);
    CU_ASSERT(suite_fail_allocations(all_steps, r) > 60);
    free(r);
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"first count", first_count},
    {"random steps", random_steps},
    {"many at once", many_at_once},
    {"threads", threads},
    {"candidates", candidates},
    {"candidates nearby", candidates_nearby},
    {"nothing", nothing},
    {"creation errors", creation_errors},
    {"step errors", step_errors},
    {"allocation failures", allocation_failures},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK)
        return 1;
    int result = suite_run("curation", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_context_destroy(ctx);
    return result;
}
