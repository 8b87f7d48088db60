/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_BASE_DURATIONS_H
#define SPIKEKIT_BASE_DURATIONS_H

#include <stdint.h>

/*
 * From seconds to samples. Times are compared as whole samples; a threshold in seconds becomes
 * the largest lag that keeps it, so that no rounding of a difference decides. Results are at
 * most 2^53.
 */

/** Whole samples in a duration, at least 1. */
int64_t spk__samples_in(double seconds, double rate_hz);

/** The nearest number of samples to so many milliseconds; of two as near, the even one. */
int64_t spk__samples_near(double milliseconds, double rate_hz);

/** The largest lag d >= 0 with d / rate_hz < seconds; -1 if there is none. */
int64_t spk__lag_below(double seconds, double rate_hz);

/** The largest lag d >= 0 with d / rate_hz <= seconds; -1 if there is none. */
int64_t spk__lag_at_most(double seconds, double rate_hz);

#endif
