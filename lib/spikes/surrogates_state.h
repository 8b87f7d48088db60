/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_SURROGATES_STATE_H
#define SPIKEKIT_SPIKES_SURROGATES_STATE_H

#include <spikekit/random.h>
#include <spikekit/surrogates.h>
#include <stdint.h>

enum {
    SPK__SURROGATE_CHUNK = 1024 /* random words made at a time */
};

/** Of one unit, for ISI_DITHER and JOINT_ISI. */
typedef struct spk__joint_table {
    int64_t refractory; /* no interval becomes shorter */
    /* [n_bins (n_bins + 3) / 2] sums along the diagonals p + q = 0 .. n_bins - 1: that of
     * diagonal d starts at d (d + 3) / 2 and has d + 2 elements, from 0 */
    double *sums;
} spk__joint_table;

struct spk_surrogates {
    const spk_trains *trains;
    spk_surrogates_options options;
    int64_t width; /* samples; INT64_MAX: the circle */
    int64_t least;
    int64_t refractory;
    int64_t bin;
    double sigma; /* samples */
    int64_t n_units;
    double *rates;           /* [n_units][n_rate_bins], of RATE, or NULL */
    spk__joint_table *joint; /* [n_units] or NULL */
    int64_t **window_starts; /* [n_units][spikes], of JITTER, or NULL */
};

/** As spk_surrogates_create(), for surrogates of units first_unit .. last_unit - 1 only. */
spk_status spk__surrogates_create_units(spk_context *ctx, const spk_trains *trains,
                                        const spk_surrogates_options *options,
                                        int64_t first_unit, int64_t last_unit,
                                        spk_surrogates **surrogates);

/** One surrogate being drawn. */
typedef struct spk__surrogate_draw {
    spk_context *ctx;
    const spk_surrogates *plan;
    spk_train train;
    int64_t unit;
    spk_random at;     /* seed, unit, and index with the kind of the first number */
    spk_random second; /* the same of the second number */
} spk__surrogate_draw;

/** The trains that the surrogates were made of. */
static inline const spk_trains *spk__surrogates_trains(const spk_surrogates *surrogates)
{
    return surrogates->trains;
}

/** Whether two units were observed for the same time. */
static inline int spk__trains_same_runs(const spk_train *a, const spk_train *b)
{
    int is_same = a->n_runs == b->n_runs;
    for (int64_t r = 0; is_same && r < a->n_runs; r++)
        is_same =
            a->run_starts[r] == b->run_starts[r] && a->run_stops[r] == b->run_stops[r];
    return is_same;
}

/** Where the numbers of a surrogate are: the first ones (0) or the second ones (1). */
spk_random spk__surrogate_place(const spk_surrogates *plan, int64_t unit, int64_t index,
                                int second);

/** The word of spike i. */
uint32_t spk__surrogate_word(const spk_random *at, int64_t i);

/** The words of spikes first .. first + n - 1, first a multiple of 4, n at most the chunk;
 *  words has room for the whole chunk. */
void spk__surrogate_words(const spk_random *at, int64_t first, int64_t n,
                          uint32_t *words);

/** An offset of spike i below m, m >= 1, from its word. */
uint64_t spk__surrogate_below(const spk_random *at, int64_t i, uint32_t word, uint64_t m);

/** The same, all of it. */
uint64_t spk__surrogate_offset(const spk_random *at, int64_t i, uint64_t m);

/* The methods. Each writes samples, sorted, and how many. */
spk_status spk__surrogate_dither(const spk__surrogate_draw *draw, int64_t *samples,
                                 int64_t *n);
spk_status spk__surrogate_jitter(const spk__surrogate_draw *draw, int64_t *samples,
                                 int64_t *n);
spk_status spk__surrogate_randomise(const spk__surrogate_draw *draw, int64_t *samples,
                                    int64_t *n);
spk_status spk__surrogate_shift(const spk__surrogate_draw *draw, int64_t *samples,
                                int64_t *n);
spk_status spk__surrogate_shuffle(const spk__surrogate_draw *draw, int64_t *samples,
                                  int64_t *n);
spk_status spk__surrogate_shuffle_bins(const spk__surrogate_draw *draw, int64_t *samples,
                                       int64_t *n);
spk_status spk__surrogate_joint(const spk__surrogate_draw *draw, int64_t *samples,
                                int64_t *n);
spk_status spk__surrogate_poisson(const spk__surrogate_draw *draw, int64_t *samples,
                                  int64_t *n);
int64_t spk__surrogate_poisson_room(const spk__surrogate_draw *draw);
spk_status spk__surrogate_rate(const spk__surrogate_draw *draw, int64_t *samples,
                               int64_t *n);
int64_t spk__surrogate_rate_room(const spk__surrogate_draw *draw);

/** The expected number of spikes of RATE. */
double spk__surrogate_rate_mean(const spk__surrogate_draw *draw);

/** The shortest interval of a unit, at most `most`. */
int64_t spk__surrogate_shortest(const spk_train *train, int64_t most);

spk_status spk__joint_table_make(spk_context *ctx, const spk_surrogates *plan,
                                 int64_t unit, spk__joint_table *table);

#endif
