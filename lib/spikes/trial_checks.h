/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_TRIAL_CHECKS_H
#define SPIKEKIT_SPIKES_TRIAL_CHECKS_H

#include <spikekit/trials.h>
#include <stddef.h>

/** The part of spk_trials_check() that reads no array. */
spk_status spk__trials_check_sizes(spk_context *ctx, const spk_trials *trials);

/** Whether the condition of each of n trials is -1 .. n_conditions - 1; NULL is fine. */
spk_status spk__trials_check_conditions(spk_context *ctx, int64_t n,
                                        const int32_t *conditions, int64_t n_conditions);

/** Whether a bin was wholly observed in a trial. */
static inline int spk__trials_sees(const spk_trials *trials, int64_t trial, int64_t bin)
{
    return trials->exposure == NULL ||
           trials->exposure[trial * trials->n_bins + bin] == trials->bin_samples;
}

/**
 * Trials by condition, in order: those of condition c are members[firsts[c]] ..
 * members[firsts[c + 1] - 1]. `whole` takes only trials observed in all bins. `members` has room
 * for n_trials, `firsts` for n_conditions + 1.
 */
void spk__trials_group(const spk_trials *trials, int whole, int64_t *members,
                       int64_t *firsts);

/** The condition of a trial, -1 if it is left out. */
static inline int32_t spk__trials_condition(const spk_trials *trials, int64_t trial)
{
    return trials->conditions == NULL ? 0 : trials->conditions[trial];
}

#endif
