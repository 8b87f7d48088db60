/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_MODELS_SIMULATION_STATE_H
#define SPIKEKIT_MODELS_SIMULATION_STATE_H

#include <spikekit/random.h>
#include <spikekit/simulation.h>

/** One unit's purposes for random numbers; each pair (unit, purpose) is a stream. */
typedef enum spk__simulation_purpose {
    SPK__DRAW_TRAITS = 0,
    SPK__DRAW_TRAIN = 1,
    SPK__DRAW_DRIFT = 2,
    SPK__DRAW_WIRING = 3,
    SPK__DRAW_INHIBITION = 4,
    SPK__DRAW_EXCITATION = 5,
    SPK__DRAW_SORTER = 6,
    SPK__DRAW_FOREIGN = 7,
    SPK__DRAW_PURPOSES = 8
} spk__simulation_purpose;

/** The stream of spike amplitudes and positions, three draws a row of the table. */
#define SPK__DRAW_MARKS UINT32_MAX

/** What groups of units share has streams far from those of units: each modulation, each
 *  common input's source, and each unit's part in a common input. */
#define SPK__DRAW_MODULATION 0x20000000U
#define SPK__DRAW_COMMON_SOURCE 0x40000000U
#define SPK__DRAW_COMMON_INPUT 0x80000000U

/** What a unit is, besides its public truth. */
typedef struct spk__simulation_traits {
    double missed;        /**< share asked for, before rounding to whole spikes */
    double contamination; /**< likewise */
    int32_t inhibitory;
} spk__simulation_traits;

/** A list of samples that grows. */
typedef struct spk__train {
    int64_t *samples;
    int64_t n;
    int64_t capacity;
    uint8_t
        *removed; /**< [n] nonzero: by inhibition; NULL if the unit has no such input */
} spk__train;

/** The simulation while it runs and after; what only the run needs is freed by then. */
struct spk_simulation {
    spk_simulation_options options;
    spk_simulation_unit *units;
    spk_simulation_connection *connections;
    int64_t n_connections;
    spk_simulation_common_input *commons;
    int64_t n_commons;
    spk_spikes spikes;
    int64_t *samples;
    int32_t *unit_of;
    double *amplitudes;
    float *positions;
    uint8_t *foreign;

    int64_t refractory;             /**< R [samples] */
    spk__simulation_traits *traits; /**< [n_units] */
    int64_t *input_offsets;         /**< [n_units + 1] */
    int64_t *inputs;                /**< connections by target, then source */
    int64_t *common_offsets;        /**< [n_units + 1] */
    int64_t *common_of;             /**< common inputs by unit, then group */
    spk__train *backgrounds;        /**< [n_units] step 1, marked by step 2 */
    spk__train *finals;             /**< [n_units] 2 * sample + foreign, after step 4 */
};

/** A draw's stream, from its first draw on. */
static inline spk_random spk__simulation_random(const spk_simulation *s, int64_t unit,
                                                spk__simulation_purpose purpose)
{
    return (spk_random){.seed = s->options.seed,
                        .stream = (uint32_t)(unit * SPK__DRAW_PURPOSES + purpose)};
}

/** Seconds to the nearest sample. */
int64_t spk__simulation_samples(const spk_simulation *s, double seconds);

/** Draws who each unit is and who drives whom. */
spk_status spk__simulation_draw_units(spk_context *ctx, spk_simulation *s);

/** Draws who is in which group of common input; part of draw_units. */
spk_status spk__simulation_draw_commons(spk_context *ctx, spk_simulation *s);

/** An extra spike that is due in a unit. */
typedef struct spk__due_spike {
    int64_t sample;
    int64_t input; /**< a connection, or n_connections + a common input */
} spk__due_spike;

/** A list of them that grows. */
typedef struct spk__due_spikes {
    spk__due_spike *items;
    int64_t n;
    int64_t capacity;
} spk__due_spikes;

/** Appends one that is in the recording; others are passed over. */
spk_status spk__simulation_add_due(spk_context *ctx, const spk_simulation *s,
                                   spk__due_spikes *due, int64_t sample, int64_t input);

/** Appends what the common inputs of a unit send it. */
spk_status spk__simulation_collect_common(spk_context *ctx, const spk_simulation *s,
                                          int64_t unit, spk__due_spikes *due);

/** Sets extra_pairs of the inhibitory connections to a unit, before the sorter: step 2
 *  has been done for every unit. */
void spk__simulation_count_taken(spk_simulation *s, int64_t unit);

/** Fills `finals`: steps 1 to 4 of the header, and the counts in `units`. */
spk_status spk__simulation_fire(spk_context *ctx, spk_simulation *s);

/** Moves `finals` into one table in order of time, and draws amplitudes and positions. */
spk_status spk__simulation_gather(spk_context *ctx, spk_simulation *s);

/** Room for at least n samples in all. */
spk_status spk__train_reserve(spk_context *ctx, spk__train *train, int64_t n);

/** Appends a sample, growing when needed. */
spk_status spk__train_append(spk_context *ctx, spk__train *train, int64_t sample);

/** Frees and empties. */
void spk__train_clear(spk__train *train);

/** A template of each unit on the channels nearest to it. */
typedef struct spk__simulation_templates {
    int64_t n_samples, n_local;
    float *waveforms;  /**< [n_units][n_samples][n_local] */
    int32_t *channels; /**< [n_units][n_local] */
} spk__simulation_templates;

/** Draws the shapes and lays them over the probe; free both arrays.
 *  @param[in] positions  [n_channels][2] */
spk_status spk__simulation_make_templates(spk_context *ctx, const spk_simulation *s,
                                          int64_t n_channels, const double *positions,
                                          spk__simulation_templates *templates);

#endif
