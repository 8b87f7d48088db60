/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_MODELS_SIMULATION_HAZARD_H
#define SPIKEKIT_MODELS_SIMULATION_HAZARD_H

#include "models/simulation_state.h"

/** One of the two modulations of a hazard, in steps. */
typedef struct spk__hazard_part {
    spk_random random;
    double log_sd;       /**< s.d. of ln hazard; 0: this part does not move */
    double decay;        /**< correlation with the value a step before, without turning */
    double cosine, sine; /**< of the turn in a step; sine 0 if it does not turn */
    double value, beside; /**< real and imaginary parts, s.d. log_sd */
    int64_t step;
    int64_t stop; /**< the value holds until here */
} spk__hazard_part;

/** The hazard of one unit along time: constant since the last change, until `stop`. */
typedef struct spk__hazard_walk {
    spk__hazard_part drift;  /**< its own */
    spk__hazard_part shared; /**< its group's; log_sd is |w|, and w's sign in `sign` */
    double sign;
    double base; /**< hazard a sample without either */
    double hazard;
    int64_t stop;
    int64_t n_samples;
} spk__hazard_walk;

spk__hazard_walk spk__hazard_walk_start(const spk_simulation *s, int64_t unit);

/** The first sample k >= from at which the hazard of from .. k adds up to more than
 *  `spend`; n_samples if there is none. */
int64_t spk__hazard_walk_next(spk__hazard_walk *walk, int64_t from, double spend);

#endif
