/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_MERGE_WORK_H
#define SPIKEKIT_SORTING_MERGE_WORK_H

#include <math.h>
#include <spikekit/correlogram.h>
#include <spikekit/merging.h>
#include <spikekit/trains.h>

/** Trains that somebody has already. */
typedef struct spk__merge_given {
    const spk_train *trains;         /* [n_units] */
    const int64_t *refractory_pairs; /* [n_units] within each; NULL: not known */
} spk__merge_given;

/*
 * What the steps of merging.c share. A step fills its values of the pairs `todo`; whether
 * they pass is decided in one place, merge_verdict.c.
 */
typedef struct spk__merge_work {
    const spk_merging_input *input;
    const spk_merging_options *options;
    spk_spikes spikes; /* in epochs, if there are any: each epoch moved to where the one
                          before ended, and a gap wider than any window between them */
    int64_t gap;       /* [samples] */
    const spk_epochs *epochs; /* cut to the recording; NULL: the whole recording */
    int64_t *places;    /* [spikes.n_spikes] place in the whole table; NULL: the same */
    spk_trains *trains; /* of spikes; NULL: given */
    const spk__merge_given *given;
    int64_t duration;       /* observed [samples] */
    double *contaminations; /* [n_units] */
    spk_merge_pair *pairs;  /* [n_pairs] */
    int64_t n_pairs;
    int64_t *todo; /* [n_todo] which pairs to evaluate */
    int64_t n_todo;
    int64_t n_alive; /* of these, the first so many have not failed */
} spk__merge_work;

static inline spk_train spk__merge_train(const spk__merge_work *work, int64_t unit)
{
    return work->given != NULL ? work->given->trains[unit]
                               : spk_trains_unit(work->trains, unit);
}

enum {
    SPK__MERGE_MOST_BINS = 4096 /* of a correlogram */
};

/* SpikeInterface multiplies in two orders: 0.3 ms at 25 kHz are 8 samples for contamination
 * and 7 for cross-contamination. */
static inline int64_t spk__merge_samples(double ms, double rate_hz)
{
    return (int64_t)rint(ms * rate_hz * 1e-3);
}

static inline int64_t spk__merge_samples_across(double ms, double rate_hz)
{
    return (int64_t)rint(ms * 1e-3 * rate_hz);
}

/* merging.c: */
/**
 * spk_merging_find() without the checks of its arguments. With trains given, the samples and
 * units of input->spikes are not read: no epochs then, and none of the steps that read the
 * table, which are correlogram, slay_score and knn.
 */
spk_status spk__merging_find_given(spk_context *ctx, const spk_merging_input *input,
                                   const spk__merge_given *given,
                                   const spk_merging_options *options,
                                   spk_merge_candidates **candidates);

/* merge_steps.c: */
/** Fills contaminations. */
spk_status spk__merge_contaminations(spk_context *ctx, spk__merge_work *work);
spk_status spk__merge_cross_contamination(spk_context *ctx, spk__merge_work *work);
spk_status spk__merge_cross_refractory(spk_context *ctx, spk__merge_work *work);
spk_status spk__merge_quality(spk_context *ctx, spk__merge_work *work);

/* merge_presence.c: */
spk_status spk__merge_presence(spk_context *ctx, spk__merge_work *work);

/* merge_correlogram.c: */
spk_status spk__merge_correlogram(spk_context *ctx, spk__merge_work *work);

/* merge_slay.c: */
spk_status spk__merge_slay(spk_context *ctx, spk__merge_work *work);

/* merge_neighbors.c: */
spk_status spk__merge_neighbors(spk_context *ctx, spk__merge_work *work);

/** The options of both correlogram steps, and the cross-correlograms of the pairs to do.
 *  @param[out] counts  [n_todo][n_bins], to be freed with spk__free() */
spk_status spk__merge_correlogram_options(spk_context *ctx, const spk__merge_work *work,
                                          spk_correlogram_options *correlogram);
spk_status spk__merge_count_pairs(spk_context *ctx, const spk__merge_work *work,
                                  const spk_correlogram_options *correlogram,
                                  int64_t **counts);

/* merge_verdict.c: */
/** Nonzero: the pair passes the step, by its values. */
int spk__merge_passes(const spk_merging_options *options, int32_t step,
                      const double *values);
/** Range of every option. */
spk_status spk__merge_check_options(spk_context *ctx, const spk_merging_options *options);

/* merge_groups.c: */
/** The recipe of a preset; its length is the result, 0 for no such preset. */
int64_t spk__merge_recipe(int32_t preset, const int32_t **steps);

#endif
