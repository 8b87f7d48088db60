/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_COMPLEXITY_H
#define SPIKEKIT_COMPLEXITY_H

/*
 * Complexity: in how many bins k units fire together, k = 0, 1, 2 ...; and in how many they
 * would, were they independent. With bins of one sample an excess far above what is expected
 * speaks of artefacts or of spikes found twice; with bins of milliseconds, of synchrony.
 */

#include <spikekit/context.h>
#include <spikekit/epochs.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is counted in a bin. */
typedef enum spk_complexity_unit {
    /** Units with at least one spike (elephant: binary=True). */
    SPK_COMPLEXITY_UNITS = 0,
    /** Spikes of all units (elephant: binary=False; SpikeInterface's synchrony sizes, with
     *  bins of one sample). */
    SPK_COMPLEXITY_SPIKES = 1
} spk_complexity_unit;

/** Fill with spk_complexity_options_init(&options, sizeof options), then change fields. */
typedef struct spk_complexity_options {
    size_t struct_size; /**< set by init */
    int64_t
        bin_samples; /**< bin width [samples], >= 1; default 0: the nearest number to 1 ms,
                          *   at least 1 */
    int32_t counted; /**< an spk_complexity_unit; default UNITS */
    int64_t spread;  /**< default 0: each bin is an event of its own. Otherwise bins with
                          *   spikes that are at most so many bins apart are one event (1:
                          *   neighbours, 2: one empty bin between them), and its complexity
                          *   is the sum over its bins. No event bridges two epochs */
    int64_t
        block_bins; /**< of spk_complexity_expect(): rates are taken as constant within
                          *   blocks of so many bins, cut from the start of each epoch;
                          *   default 0: within the whole recording. Blocks keep what slow,
                          *   common changes of the rates do out of the excess */
    const spk_epochs *epochs; /**< default NULL: the whole recording */
} spk_complexity_options;

SPK_API void spk_complexity_options_init(spk_complexity_options *options,
                                         size_t struct_size);

/**
 * The number of elements that spk_complexity_count() writes: one more than the largest
 * complexity there is, at least 1.
 * @return SPK_OK; the errors of spk_complexity_count()
 * Cost: as spk_complexity_count()
 */
SPK_API SPK_MUST_CHECK spk_status
spk_complexity_length(spk_context *ctx, const spk_spikes *spikes,
                      const spk_complexity_options *options, int64_t *length);

/**
 * Counts bins, or with a spread events, by their complexity.
 *
 * Bins are those of spk_spikes_bin_length(). counts[0] is the number of bins in no event: of
 * spread 0 the empty ones; with a spread the empty bins inside an event belong to it.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  spikes   valid spike table
 * @param[in]  options  NULL for the defaults
 * @param[in]  length   elements of counts, >= 1; larger complexities go to the last one
 * @param[out] counts   [length] overwritten
 * @return SPK_OK; the errors of spk_spikes_check() and spk_spikes_bin_length();
 *         SPK_ERR_ARGUMENT (NULL, a field out of range, length < 1); SPK_ERR_MEMORY
 * Cost:   O(n_spikes + n_units) time, 8 bytes a unit
 * Source: Gruen, Abeles & Diesmann (2008) in Dynamic Brain, LNCS 5286:96-114; elephant's
 *         Complexity
 */
SPK_API SPK_MUST_CHECK spk_status spk_complexity_count(
    spk_context *ctx, const spk_spikes *spikes, const spk_complexity_options *options,
    int64_t length, int64_t *counts);

/**
 * The number of bins in which k units are expected to fire if units are independent.
 *
 * In a block of B bins of which unit u has spikes in m_u, let each unit's bins be drawn anew
 * from all of them. The number of units in a bin then has the Poisson binomial distribution
 * of the probabilities m_u / B, and B times that is the exact mean of the count, summed over
 * blocks.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  spikes   valid spike table
 * @param[in]  options  NULL for the defaults; counted must be UNITS and spread 0
 * @param[in]  length   elements of expected, >= 1; larger complexities go to the last one
 * @param[out] expected [length] bins; adds up to all of them
 * @return as spk_complexity_count(); SPK_ERR_UNSUPPORTED (SPIKES or a spread)
 * Cost:   O(n_spikes + n_blocks * units firing in each * length) time, 24 bytes a unit and 8
 *         an element
 * Source: Wang (1993) Statistica Sinica 3:295-312
 */
SPK_API SPK_MUST_CHECK spk_status spk_complexity_expect(
    spk_context *ctx, const spk_spikes *spikes, const spk_complexity_options *options,
    int64_t length, double *expected);

#ifdef __cplusplus
}
#endif
#endif
