/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SPIKES_ALIGNED_EVENTS_H
#define SPIKEKIT_SPIKES_ALIGNED_EVENTS_H

#include <spikekit/alignment.h>
#include <spikekit/trains.h>

/* One event: where it stands in the caller's array, where its window begins, and the part
 * of the window that was observed. */
typedef struct spk__aligned_event {
    int64_t place;
    int64_t origin; /* first sample of bin 0; defined where something was observed */
    int64_t start;  /* start == stop: nothing was observed */
    int64_t stop;
} spk__aligned_event;

/* Events in order of time: start never falls, nor does stop, over those observed. */
typedef struct spk__aligned_events {
    spk_alignment_window window;
    int64_t n_events;
    spk__aligned_event *events;
} spk__aligned_events;

/* Checks all but the spikes themselves; free with spk__aligned_events_free(). */
spk_status spk__aligned_events_create(spk_context *ctx, const spk_spikes *spikes,
                                      int64_t n_events, const int64_t *events,
                                      const spk_alignment_options *options,
                                      spk__aligned_events *aligned);
void spk__aligned_events_free(spk__aligned_events *aligned);

/* Adds the spikes of a unit: those of event e go to counts[e * stride], bins side by side. */
void spk__aligned_events_count(const spk__aligned_events *aligned, const spk_train *train,
                               int64_t stride, int32_t *counts);

/* The samples of each bin that were observed, [n_bins]. */
void spk__aligned_event_exposure(const spk__aligned_events *aligned,
                                 const spk__aligned_event *event, int64_t *exposure);

#endif
