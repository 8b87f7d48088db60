/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_UNIT_TEMPLATES_H
#define SPIKEKIT_SORTING_UNIT_TEMPLATES_H

#include <spikekit/templates.h>

/* templates.c: */

/** Fails unless the description is consistent in itself. */
spk_status spk__templates_check(spk_context *ctx, const spk_templates *templates);

/** Doubles of scratch that reading asks for. */
int64_t spk__templates_scratch(const spk_templates *templates);

/** Adds weight * the template, unwhitened if it is stored on some channels only, as stored
 *  otherwise. @param[in,out] sum [n_samples][n_channels] */
void spk__templates_add(const spk_templates *templates, int64_t template_index,
                        double weight, double *scratch, double *sum);

/** Unwhitens such a sum in place: nothing to do where spk__templates_add() did it. */
void spk__templates_finish(const spk_templates *templates, double *scratch, double *sum);

/* unit_templates.c: */

struct spk_unit_templates {
    spk_templates templates;
    int64_t n_units;
    int64_t *offsets; /* [n_units + 1] into the two below */
    int32_t *ids;     /* templates of a unit, rising */
    int64_t *counts;  /* spikes of each */
};

/** As spk_templates_unit(), with scratch of spk__templates_scratch() doubles. */
void spk__unit_template(const spk_unit_templates *u, int64_t unit, double *scratch,
                        double *waveform);

/** Largest minus smallest of each channel; NaN where a sample is NaN.
 *  @param[out] peak_to_peak [n_channels] */
void spk__peak_to_peak(const double *waveform, int64_t n_samples, int64_t n_channels,
                       double *peak_to_peak);

/** The first channel of the largest value, -1 if all are 0 or any is NaN. */
int32_t spk__largest_channel(const double *values, int64_t n_channels);

/** Nonzero: the channel is within radius_um of the other. Always with radius 0, or where
 *  positions are not known. */
int spk__channel_is_near(const spk_templates *templates, int64_t channel, int64_t other,
                         double radius_um);

#endif
