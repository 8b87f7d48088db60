/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SESSION_H
#define SPIKEKIT_SESSION_H

/*
 * A session is what a sorter left behind, whatever its format: spikes, and what is known of
 * units, spikes and probe. What a format lacks is absent (NULL), never invented.
 *
 *   kilosort  Kilosort 2 / 2.5 / 3 / 4 and phy folders: spike_times.npy in samples
 *   alf       IBL folders: spikes.times.npy (seconds) or spikes.samples.npy
 *   arrays    a bare pair of .npy files, times and unit of each spike
 *
 * params.py is parsed as text and never executed; pickles are never read.
 */

#include <spikekit/array.h>
#include <spikekit/context.h>
#include <spikekit/features.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <spikekit/templates.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct spk_session spk_session;

/** Fill with spk_session_options_init(&options, sizeof options), then change fields. */
typedef struct spk_session_options {
    size_t struct_size;      /**< set by init */
    double sampling_rate_hz; /**< default 0: as the folder says. Required where it does
                              *   not say (arrays); otherwise overrides it */
    double duration_s;       /**< default 0: from the raw file's size when it is there,
                              *   otherwise to the last spike */
    int32_t sort;            /**< default 0: unsorted times are an error; 1: sort them */
    int32_t clusters; /**< default 1: spike_clusters.npy (after curation) when there;
                              *   0: spike_templates.npy (as sorted) */
} spk_session_options;

SPK_API void spk_session_options_init(spk_session_options *options, size_t struct_size);

/**
 * Opens a folder, recognising its format from the files in it. A path to params.py or
 * spike_times.npy opens the folder that holds it.
 *
 * Times in samples are used as they are (uint64, int64, (n,) or (n, 1), negative times of
 * Kilosort 4 included). Times in seconds become samples at the nearest nanosecond: the
 * session's rate is then 1e9 Hz, unless spikes.samples.npy gives the samples themselves.
 *
 * Units are the ids that have spikes; ids that only tables list are ignored. The recording
 * starts at sample 0, or at the first spike if that is before, and stops where duration_s, the
 * raw files of params.py, or n_samples_dat in it (which spk_phy_write() notes) say, in this
 * order; spikes after that extend it, with a warning in the log.
 *
 * Kilosort: the rate is sample_rate of params.py; without that file, imSampRate of the only
 * *.ap.meta in the folder; otherwise it must be given. ALF: names may have a namespace before
 * (_ibl_spikes.times.npy) and a label or uuid behind (spikes.times.<uuid>.npy). With
 * spikes.samples the rate is the option, or is derived from spikes.times: the span of samples
 * divided by that of seconds, rounded to 1e-6 Hz.
 *
 * @param[in]  ctx      holds the message on error; the log callback hears of oddities
 * @param[in]  path     folder or file
 * @param[in]  options  NULL for the defaults
 * @param[out] session  close with spk_session_close()
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND (path, or a required file);
 *         SPK_ERR_IO; SPK_ERR_FORMAT (wrong dtype or shape, lengths that differ, NaN time);
 *         SPK_ERR_UNSORTED; SPK_ERR_OVERFLOW; SPK_ERR_UNSUPPORTED; SPK_ERR_MEMORY; the
 *         message has path, expected and found
 * Cost: files are mapped; times and units are copied only when their type or unit ids ask
 *       for it (12 bytes a spike at most)
 */
SPK_API SPK_MUST_CHECK spk_status spk_session_open(spk_context *ctx, const char *path,
                                                   const spk_session_options *options,
                                                   spk_session **session);

/**
 * Opens a pair of .npy files: times, integer samples or float seconds, and the unit id of
 * each spike. Float times need no rate (they go to the nanosecond grid) unless
 * options->sampling_rate_hz is given: then sample = nearest integer of time * rate, a half
 * going to the even one. Integer times need the rate.
 * @return as spk_session_open(); SPK_ERR_ARGUMENT also for integer times without a rate
 */
SPK_API SPK_MUST_CHECK spk_status
spk_session_open_arrays(spk_context *ctx, const char *times_path, const char *units_path,
                        const spk_session_options *options, spk_session **session);

/**
 * Makes a session from arrays in memory, copying them: the way in for simulators and tests.
 * @param[in] spikes    valid spike table
 * @param[in] unit_ids  [n_units] rising; NULL for 0 .. n_units - 1
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_UNSORTED; SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_session_create(spk_context *ctx,
                                                     const spk_spikes *spikes,
                                                     const int64_t *unit_ids,
                                                     spk_session **session);

/** Frees the session and all views of it. NULL is fine. */
SPK_API void spk_session_close(spk_session *session);

/** The spike table, valid until close. Units are 0 .. n_units - 1 in rising order of id. */
SPK_API const spk_spikes *spk_session_spikes(const spk_session *session);
/** [n_units] the id of each unit in the files: rising, may be sparse and large. */
SPK_API const int64_t *spk_session_unit_ids(const spk_session *session);
/** "kilosort", "alf", "arrays" or "memory". */
SPK_API const char *spk_session_format(const spk_session *session);
/** The path as opened; "" for memory. */
SPK_API const char *spk_session_path(const spk_session *session);

/* What is known of each spike; NULL if absent. The first dimension is n_spikes, in the order
 * of the spike table. */
/** [n_spikes], or [n_spikes][1] as KS2 writes, in the sorter's unit (Kilosort: a scaling factor, not uV; ALF: volt). */
SPK_API const spk_array *spk_session_amplitudes(const spk_session *session);
/** [n_spikes][2] x, y [um]. */
SPK_API const spk_array *spk_session_spike_positions(const spk_session *session);
/** [n_spikes] template of each spike. */
SPK_API const spk_array *spk_session_spike_templates(const spk_session *session);

/* Probe geometry; NULL if absent. */
/** [n_channels][2] x, y [um]. */
SPK_API const spk_array *spk_session_channel_positions(const spk_session *session);
/** [n_channels] row of each channel in the raw file. */
SPK_API const spk_array *spk_session_channel_map(const spk_session *session);

/**
 * Position of each unit [um]: the median of its spike positions, spikes without one left out
 * (ALF: x of the peak channel, y of clusters.depths or else of the peak channel), NaN where
 * that is not known. Estimated on first call and kept.
 * @param[out] positions_um  [n_units][2] x, y
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL); SPK_ERR_NOT_FOUND (the format gives no positions);
 *         SPK_ERR_MEMORY
 * Cost:   O(n_spikes + n_units) on average; 24 n_spikes + 8 n_units bytes during the call
 */
SPK_API SPK_MUST_CHECK spk_status spk_session_unit_positions(spk_context *ctx,
                                                             spk_session *session,
                                                             double *positions_um);

/**
 * Principal-component features of the spikes: pc_features.npy and pc_feature_ind.npy of a
 * Kilosort folder. Opened on first call and kept. The features themselves, which may be larger
 * than memory, are mapped and never copied; the row of each spike is its template's, from
 * spike_templates.npy, whatever its unit is now. Channels number 0 .. n_channels - 1 as in
 * channel_positions.npy, or channel_map.npy without that.
 *
 * @param[in]  ctx       holds the message on error
 * @param[in]  session   owns the features
 * @param[out] features  valid until spk_session_close(); NULL where the session has none: no
 *                       pc_features.npy, or one without pc_feature_ind.npy or
 *                       spike_templates.npy beside it, which the log callback hears of
 * @return SPK_OK, also where there are none; SPK_ERR_ARGUMENT (NULL); SPK_ERR_FORMAT (another
 *         number of spikes, not floats, shapes that do not fit, a template without a row, a
 *         channel out of range); otherwise as spk_npy_open(); the message has path, expected
 *         and found
 * Cost: reads spike_templates.npy and the small files; 4 bytes a spike where templates are
 *       not 32-bit integers; 8 bytes a spike since opening where the session was sorted
 */
SPK_API SPK_MUST_CHECK spk_status spk_session_features(spk_context *ctx,
                                                       spk_session *session,
                                                       const spk_features **features);

/**
 * The sorter's templates. They are opened on first call and kept; their files are neither
 * opened nor checked by spk_session_open().
 *
 * Kilosort and phy: templates.npy, float32 or float64, of either order (MATLAB's is
 * Fortran's); dense, unless template_ind.npy tells the channels of each (the plural
 * templates_ind.npy only counts channels and is ignored, as phy does). `unwhiten` is
 * whitening_mat_inv.npy, or else the inverse of whitening_mat.npy, or else none, with a remark
 * in the log. Where it is a multiple of the identity, as early Kilosort 4 wrote for phy, and
 * whitening_mat_dat.npy has the matrix itself, that is inverted, with 1e-5 on its diagonal as
 * Kilosort does. ALF: templates.waveforms and templates.waveformsChannels, which are not
 * whitened. A channel of -1, or of the number of channels, is padding. sampling_rate_hz is 0
 * for a session on the nanosecond grid.
 *
 * @param[out] templates  valid until close; NULL if the session has none
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL); SPK_ERR_FORMAT (wrong shape or type, channels that
 *         disagree with the whitening matrix or the channel positions, a spike of a template
 *         that is not there, a whitening matrix without inverse); SPK_ERR_IO;
 *         SPK_ERR_MEMORY; the message has path, expected and found
 * Cost:   O(n_spikes + n_channels^2), and n_channels^3 for an inverse; the waveforms are
 *         mapped; 8 n_channels^2 bytes, and 4 bytes a spike where spike templates are not
 *         32-bit integers
 */
SPK_API SPK_MUST_CHECK spk_status spk_session_templates(spk_context *ctx,
                                                        spk_session *session,
                                                        const spk_templates **templates);

/* Labels: the columns of cluster_*.tsv / .csv and ALF clusters.metrics tables, one text per
 * unit. A column is named after its header (a cluster_group.tsv whose header says KSLabel
 * gives "KSLabel"); of two with one name the first file's counts, in the order of file names,
 * cluster_info last. Tables without a column cluster_id (or id) are ignored, and logged. */
SPK_API int64_t spk_session_n_labels(const spk_session *session);
/** NULL out of range. */
SPK_API const char *spk_session_label_name(const spk_session *session, int64_t label);
/** The text of a label for a unit, "" where the table has no row for it; NULL if out of
 *  range. */
SPK_API const char *spk_session_label_text(const spk_session *session, int64_t label,
                                           int64_t unit);
/** The column of a name, -1 if there is none. */
SPK_API int64_t spk_session_find_label(const spk_session *session, const char *name);
/**
 * The quality of a unit: the manual "group" when it says good, mua or noise, otherwise
 * "KSLabel"; "unsorted" when neither says anything. Never NULL for a valid unit.
 */
SPK_API const char *spk_session_quality(const spk_session *session, int64_t unit);

/** Input files that were read: number, path, and XXH3 128-bit digest in hexadecimal (as
 *  `xxh128sum` prints it) of what the file holds at the time of the call. */
SPK_API int64_t spk_session_n_inputs(const spk_session *session);
SPK_API const char *spk_session_input_path(const spk_session *session, int64_t input);
SPK_API SPK_MUST_CHECK spk_status spk_session_input_digest(spk_context *ctx,
                                                           const spk_session *session,
                                                           int64_t input,
                                                           char digest[33]);

/** What goes beside the spikes into a phy folder; fill with init, set what is known. */
typedef struct spk_phy_extras {
    size_t struct_size;                 /**< set by init */
    const double *amplitudes;           /**< [n_spikes] or NULL */
    const float *spike_positions_um;    /**< [n_spikes][2] or NULL */
    const double *channel_positions_um; /**< [n_channels][2] or NULL */
    int64_t n_channels;                 /**< read when channel positions are given */
    const char *const *labels;          /**< [n_units] for cluster_group.tsv, or NULL */
    const float
        *templates; /**< [n_units][n_template_samples][n_template_channels] a template
                             *   of each unit, not whitened; or NULL */
    int64_t n_template_samples;  /**< read when templates are given, >= 1 */
    int64_t n_template_channels; /**< read when templates are given, >= 1 */
    const int32_t
        *template_channels; /**< [n_units][n_template_channels] channel of each, -1:
                                       *   padding; required with templates */
} spk_phy_extras;

SPK_API void spk_phy_extras_init(spk_phy_extras *extras, size_t struct_size);

/**
 * Writes a phy folder: params.py, spike_times.npy (int64), spike_clusters.npy and
 * spike_templates.npy (int32), and what extras give: templates go to templates.npy and
 * template_ind.npy, and spike_templates.npy then has the index of each spike's unit, otherwise
 * its id. The folder is made if absent, not its
 * parents; a file of these names that is already there is an error unless overwrite is
 * nonzero. All files are written beside their places first and renamed when all are whole: if
 * one fails, the folder stays as it was. A folder that holds a sorter's other files
 * (templates.npy, cluster_KSLabel.tsv ...) is refused even then: they would not fit.
 *
 * There is no raw file, so dat_path is [] and n_samples_dat = stop_sample keeps the length.
 * start_sample is not kept: a reader takes 0, or the first spike if that is before.
 *
 * @param[in] unit_ids  [n_units] distinct, 0 <= id < 2^31; NULL for 0 .. n_units - 1
 * @param[in] extras    NULL for none
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_UNSORTED; SPK_ERR_NOT_FOUND (no parent folder);
 *         SPK_ERR_IO ("path: File exists" for one); SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_phy_write(spk_context *ctx, const char *folder,
                                                const spk_spikes *spikes,
                                                const int64_t *unit_ids,
                                                const spk_phy_extras *extras,
                                                int32_t overwrite);

/**
 * Adds to a folder that spk_phy_write() made of some spikes of a session what the session's own
 * folder knows of them, replacing what is there: spike_templates.npy, amplitudes.npy and
 * spike_positions.npy in their own type; of a Kilosort or phy folder also templates.npy and
 * template_ind.npy, the whitening matrices, pc_features.npy and template_features.npy with
 * their channels, the files of the probe, and in params.py the raw files, by their whole
 * paths. Of an ALF folder the templates. Of other sessions nothing. Templates stay those of
 * the sorter, whatever the units are now, as after a curation in phy.
 *
 * Each file is written beside its place and renamed; on error some may have been. Give a folder
 * that nobody reads yet.
 *
 * @param[in] folder      is there
 * @param[in] session     opened from a folder
 * @param[in] n_spikes    spikes that are left
 * @param[in] kept        [n_spikes] the place of each in the session's table
 * @param[in] same_units  nonzero: units are still the sorter's, and similar_templates.npy,
 *                        which compares these, is copied too
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND (no such folder); SPK_ERR_IO;
 *         SPK_ERR_FORMAT (a file that cannot be read); SPK_ERR_MEMORY
 * Cost: reads and writes these files once; memory does not grow with them
 */
SPK_API SPK_MUST_CHECK spk_status spk_phy_carry(spk_context *ctx, const char *folder,
                                                const spk_session *session,
                                                int64_t n_spikes, const int64_t *kept,
                                                int32_t same_units);

/**
 * Writes columns for phy into a folder that is there: for each field a cluster_<field>.tsv
 * with the header "cluster_id<TAB>field" and a line for each unit; an empty text is "not
 * known" to phy. All files are written beside their places first and renamed when all are
 * whole; a name that is taken is an error unless overwrite is nonzero, and nothing is changed.
 *
 * @param[in] n_units    >= 0
 * @param[in] unit_ids   [n_units]; NULL for 0 .. n_units - 1
 * @param[in] n_columns  >= 0
 * @param[in] fields     [n_columns] distinct names of letters, digits and _; not "info" or
 *                       "id", which phy passes over
 * @param[in] texts      [n_columns][n_units] without tabs and line breaks; NULL for ""
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND (no such folder); SPK_ERR_IO
 *         ("path: File exists", folder not writable); SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_phy_write_columns(
    spk_context *ctx, const char *folder, int64_t n_units, const int64_t *unit_ids,
    int64_t n_columns, const char *const *fields, const char *const *texts,
    int32_t overwrite);

#ifdef __cplusplus
}
#endif
#endif
