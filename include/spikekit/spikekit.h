/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKEKIT_H
#define SPIKEKIT_SPIKEKIT_H

/*
 * Spikekit: spike-train analysis of Neuropixels-scale recordings. This header includes all
 * others. The usual path:
 *
 *   spk_session_open()      what a sorter left behind, mapped
 *   spk_session_spikes()    the spike table, which every analysis takes
 *   spk_correlogram_count() and others: arrays in, arrays out
 *
 * Functions return spk_status; the words of an error are in the context. Times are integer
 * samples. Results are the same bits for any number of threads. The caller allocates result
 * arrays; *_length() tells the size. Options structs are filled by *_options_init().
 */

#include <spikekit/alignment.h>
#include <spikekit/array.h>
#include <spikekit/bursts.h>
#include <spikekit/comparison.h>
#include <spikekit/complexity.h>
#include <spikekit/connections.h>
#include <spikekit/consensus.h>
#include <spikekit/context.h>
#include <spikekit/correlogram.h>
#include <spikekit/count_correlation.h>
#include <spikekit/curation.h>
#include <spikekit/distributions.h>
#include <spikekit/drift.h>
#include <spikekit/duplicates.h>
#include <spikekit/epochs.h>
#include <spikekit/fano.h>
#include <spikekit/features.h>
#include <spikekit/firing.h>
#include <spikekit/glmcc.h>
#include <spikekit/information.h>
#include <spikekit/intervals.h>
#include <spikekit/jitter.h>
#include <spikekit/jpsth.h>
#include <spikekit/json.h>
#include <spikekit/labels.h>
#include <spikekit/merging.h>
#include <spikekit/metrics.h>
#include <spikekit/noise_correlation.h>
#include <spikekit/periods.h>
#include <spikekit/psth.h>
#include <spikekit/random.h>
#include <spikekit/rates.h>
#include <spikekit/refractory.h>
#include <spikekit/session.h>
#include <spikekit/significance.h>
#include <spikekit/simulation.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <spikekit/surrogates.h>
#include <spikekit/synchrony.h>
#include <spikekit/table.h>
#include <spikekit/templates.h>
#include <spikekit/timescale.h>
#include <spikekit/trains.h>
#include <spikekit/trial_fano.h>
#include <spikekit/trials.h>
#include <spikekit/version.h>
#include <spikekit/waveform.h>

#endif
