/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_METRICS_H
#define SPIKEKIT_METRICS_H

/*
 * Metrics of sorted units: how well each was isolated, how much of it was missed, whether it
 * was there throughout, and how it fires.
 *
 * Tools disagree under one name. Here every definition is a metric with a name of its own,
 * listed in the catalogue with its formula, its unit, what it is computed from and when it is
 * NaN: presence_ratio is SpikeInterface's, presence_ratio_allen that of the Allen Institute.
 * A definition ("spikeinterface", "allen", "ibl", "bombcell", "kilosort", "cellexplorer")
 * selects the metrics of one tool under that tool's own names.
 *
 * The catalogue is in three parts: spk_metrics_catalog() for metrics,
 * spk_metrics_parameter_catalog() for what can be set (bin widths, refractory periods),
 * and the groups that name both. spk_metrics_compute() computes; only what is asked for, and
 * what it needs, costs time.
 */

#include <spikekit/array.h>
#include <spikekit/context.h>
#include <spikekit/epochs.h>
#include <spikekit/features.h>
#include <spikekit/session.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <spikekit/templates.h>
#include <spikekit/trains.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a metric is computed from besides spike times; flags that add up. */
typedef enum spk_metric_needs {
    SPK_METRIC_NEEDS_AMPLITUDES = 1, /**< an amplitude of each spike */
    SPK_METRIC_NEEDS_POSITIONS = 2,  /**< a position of each spike */
    SPK_METRIC_NEEDS_TEMPLATES = 4,  /**< the sorter's templates */
    SPK_METRIC_NEEDS_FEATURES = 8    /**< principal-component features of each spike */
} spk_metric_needs;

/** One metric of the catalogue. All texts are constant, and ASCII. */
typedef struct spk_metric {
    const char *name;    /**< unique: "presence_ratio_allen" */
    const char *peers;   /**< tools that compute just this and their names for it:
                            *   "allen:presence_ratio ibl:presence_ratio"; "" for none */
    const char *group;   /**< metrics computed together: "presence" */
    const char *unit;    /**< "Hz", "um", "spikes"; "1" for a plain number or fraction */
    const char *summary; /**< the definition, as a sentence with its formula */
    const char *undefined; /**< when the value is NaN: "no spikes"; "never" */
    int32_t needs;         /**< spk_metric_needs, added up; 0: spike times only */
    int32_t is_slow;       /**< nonzero: only computed when asked for by name */
} spk_metric;

/** Number of metrics in the catalogue. */
SPK_API int64_t spk_metrics_catalog_length(void);
/** A metric of the catalogue, by group; NULL out of range. */
SPK_API const spk_metric *spk_metrics_catalog(int64_t index);

/**
 * A tool's own name of a metric, out of spk_metric.peers.
 * @param[in]  metric      of the catalogue
 * @param[in]  definition  a tool, "allen" say
 * @param[out] name        the name
 * @return nonzero if the tool computes this metric; 0 if it does not, or for NULL
 */
SPK_API int32_t spk_metrics_peer_name(const spk_metric *metric, const char *definition,
                                      char name[64]);

/** A word for several groups: all that estimate one thing, by whatever definition. */
typedef struct spk_metrics_topic {
    const char *name;    /**< unique, also among metrics and groups: "contamination" */
    const char *groups;  /**< names of its groups, separated by spaces */
    const char *summary; /**< what they estimate, as a sentence */
} spk_metrics_topic;

/**
 * Number of topics. They are contamination (the groups isi_violations, rp_violations,
 * sliding_rp, rpv and kilosort_refractory) and completeness (presence and amplitude).
 */
SPK_API int64_t spk_metrics_topic_catalog_length(void);
/** A topic; NULL out of range. */
SPK_API const spk_metrics_topic *spk_metrics_topic_catalog(int64_t index);

/**
 * Whether a word, as spk_metrics_options.names takes them, chooses a metric.
 * @param[in]  metric      of the catalogue
 * @param[in]  definition  whose names are spoken; NULL: ours
 * @param[in]  word        a name, "tool:name" with a tool's own name, a group or a topic
 * @return 1 if it names the metric; 2 if it names its group or topic; 0 if neither, if
 *         the definition does not have the metric, or for NULL
 */
SPK_API int32_t spk_metrics_match(const spk_metric *metric, const char *definition,
                                  const char *word);

/** Something that can be set: a width, a threshold. */
typedef struct spk_metrics_parameter {
    const char *name;    /**< unique: "presence_bin_s" */
    const char *group;   /**< the group of metrics that it concerns */
    const char *unit;    /**< as in spk_metric */
    const char *summary; /**< what it does */
    double default_value;
    double minimum; /**< values below are an error */
    double maximum; /**< values above are an error */
} spk_metrics_parameter;

/** Number of parameters that can be set. */
SPK_API int64_t spk_metrics_parameter_catalog_length(void);
/** A parameter, by group; NULL out of range. */
SPK_API const spk_metrics_parameter *spk_metrics_parameter_catalog(int64_t index);

/** What is known of a recording; fill with spk_metrics_input_init(), or from a session. */
typedef struct spk_metrics_input {
    size_t struct_size;               /**< set by init */
    const spk_spikes *spikes;         /**< valid spike table; required */
    const spk_array *amplitudes;      /**< [n_spikes] or [n_spikes][1]; NULL: not known */
    const spk_array *spike_positions; /**< [n_spikes][2 or more] x, y [um]; NULL */
    const spk_templates *templates;   /**< NULL: not known */
    const spk_features *features;     /**< NULL: not known */
} spk_metrics_input;

SPK_API void spk_metrics_input_init(spk_metrics_input *input, size_t struct_size);

/**
 * Fills the input from a session: spikes, and whatever else is in its folder.
 * @param[in]     ctx      holds the message on error
 * @param[in]     session  owns all that the input points to
 * @param[in]     needs    spk_metric_needs to open, added up: files that no metric asked for
 *                         needs are neither opened nor checked
 * @param[in,out] input    filled by init before
 * @return SPK_OK, also where the session has no such file; the errors of
 *         spk_session_templates() and spk_session_features()
 */
SPK_API SPK_MUST_CHECK spk_status spk_metrics_input_from_session(
    spk_context *ctx, spk_session *session, int32_t needs, spk_metrics_input *input);

/** A parameter with the value it shall have. */
typedef struct spk_metrics_setting {
    const char *name;
    double value;
} spk_metrics_setting;

/** Fill with spk_metrics_options_init(&options, sizeof options), then change fields. */
typedef struct spk_metrics_options {
    size_t struct_size;     /**< set by init */
    const char *definition; /**< default NULL: all metrics under our names; otherwise the
                              *   metrics of one tool under its own names */
    const char *const *names; /**< [n_names] metrics, groups or topics wanted, as
                               *   spk_metrics_match() takes them; default NULL: all that
                               *   the input allows and that are not slow */
    int64_t n_names;          /**< read when names is not NULL */
    const spk_metrics_setting *settings; /**< [n_settings]; default NULL: the defaults */
    int64_t n_settings;                  /**< read when settings is not NULL */
    const spk_epochs *epochs;            /**< default NULL: the whole recording */
    const spk_periods *periods;          /**< default NULL: every unit all the time */
} spk_metrics_options;

SPK_API void spk_metrics_options_init(spk_metrics_options *options, size_t struct_size);

/**
 * What the chosen metrics need, spk_metric_needs added up.
 * @return SPK_OK; SPK_ERR_NOT_FOUND (no such metric, group or definition); SPK_ERR_ARGUMENT
 */
SPK_API SPK_MUST_CHECK spk_status spk_metrics_needs(spk_context *ctx,
                                                    const spk_metrics_options *options,
                                                    int32_t *needs);

/** Computed metrics: a column of n_units numbers for each. */
typedef struct spk_metrics spk_metrics;

/**
 * Computes metrics for every unit of a spike table.
 *
 * @param[in]  ctx      threads, progress, cancel; holds the message on error
 * @param[in]  input    borrowed for the call
 * @param[in]  options  NULL for the defaults
 * @param[out] metrics  destroy with spk_metrics_destroy()
 * @return SPK_OK; SPK_ERR_ARGUMENT (bad input or options, amplitudes or positions of another
 *         length than the spikes, a parameter out of range); SPK_ERR_NOT_FOUND (no such
 *         metric, group, definition or parameter; or a metric asked for by name whose input
 *         is missing); the errors of spk_trains_create(); SPK_ERR_OVERFLOW (a
 *         recording longer than 2^63 - 1 samples); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    O(n_spikes) for most metrics, see each; memory 12 bytes a spike and 8 bytes a
 *          column and unit, and for each thread a few times the largest unit's spikes
 * Threads: workers own units; same bits for any number of threads
 */
SPK_API SPK_MUST_CHECK spk_status spk_metrics_compute(spk_context *ctx,
                                                      const spk_metrics_input *input,
                                                      const spk_metrics_options *options,
                                                      spk_metrics **metrics);

/** Frees. NULL is fine. */
SPK_API void spk_metrics_destroy(spk_metrics *metrics);

SPK_API int64_t spk_metrics_n_units(const spk_metrics *metrics);
SPK_API int64_t spk_metrics_n_columns(const spk_metrics *metrics);
/** The name of a column: ours, or the tool's with a definition; NULL out of range. */
SPK_API const char *spk_metrics_name(const spk_metrics *metrics, int64_t column);
/** The metric in a column; NULL out of range. */
SPK_API const spk_metric *spk_metrics_metric(const spk_metrics *metrics, int64_t column);
/** [n_units] the values of a column; NULL out of range. */
SPK_API const double *spk_metrics_values(const spk_metrics *metrics, int64_t column);
/** The column of a name (as spk_metrics_name() gives them), -1 if there is none. */
SPK_API int64_t spk_metrics_find(const spk_metrics *metrics, const char *name);

#ifdef __cplusplus
}
#endif
#endif
