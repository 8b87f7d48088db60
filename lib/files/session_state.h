/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_SESSION_STATE_H
#define SPIKEKIT_FILES_SESSION_STATE_H

#include "files/folder.h"

#include <spikekit/features.h>
#include <spikekit/session.h>
#include <spikekit/table.h>

enum {
    SPK__SESSION_FILES = 24,
    SPK__SESSION_BLOCKS = 48
};

/** A table of labels and, for each unit, its row there or -1. */
typedef struct spk__label_table {
    spk_table *table;
    int64_t *rows;
} spk__label_table;

typedef struct spk__label {
    int64_t table;
    int64_t column;
} spk__label;

/** Nanoseconds, where a source has seconds and no rate. */
#define SPK__NANOSECONDS_HZ 1e9

struct spk_session {
    const char *format;
    char *path;
    spk_session_options options;
    spk_spikes spikes;
    int64_t *unit_ids;

    /* NULL where absent; others point into `arrays`. */
    const spk_array *amplitudes, *spike_positions, *spike_templates;
    const spk_array *channel_positions, *channel_map;
    const spk_array *unit_depths, *unit_channels; /* of ALF, a row for each id */
    double *unit_positions;                       /* [n_units][2] once asked for */

    int64_t *order; /* where spikes were sorted: row in the files of each; else NULL */
    const int32_t *template_rows; /* [n_spikes] once asked for, checked to be >= 0 */
    spk_features *features;       /* once found */
    int looked_for_features;
    spk_templates *templates; /* once found */
    int looked_for_templates;

    spk_npy *files[SPK__SESSION_FILES];
    spk_array arrays[SPK__SESSION_FILES]; /* of the same files, permuted when sorted */
    int n_files;
    void *blocks[SPK__SESSION_BLOCKS]; /* whatever else is freed at the end */
    int n_blocks;

    char **inputs;
    int64_t n_inputs, input_capacity;
    spk__label_table *label_tables;
    int64_t n_label_tables, label_table_capacity;
    spk__label *labels;
    int64_t n_labels, label_capacity;
};

/* session.c: */

/** An empty session with checked options. */
spk_status spk__session_start(spk_context *ctx, const char *format, const char *path,
                              const spk_session_options *options, spk_session **session);
/** Hands a block over to the session, freeing it when that fails. NULL: no memory. */
spk_status spk__session_keep(spk_context *ctx, spk_session *session, void *block);
/** Notes a file that was read. */
spk_status spk__session_add_input(spk_context *ctx, spk_session *session,
                                  const char *path);
/** Maps folder/name, or name alone when folder is NULL. The array lives in the session, its
 *  path, kept too, goes to *path when that is not NULL. */
spk_status spk__session_map(spk_context *ctx, spk_session *session, const char *folder,
                            const char *name, const spk_array **array, const char **path);
/** The same for an array of one row a spike, of n_columns columns (0: a vector). */
spk_status spk__session_map_rows(spk_context *ctx, spk_session *session,
                                 const char *folder, const char *name, int64_t n_rows,
                                 int64_t n_columns, const spk_array **array);

/** How much a session holds, so that an opening that fails part of the way can be undone. */
typedef struct spk__session_mark {
    int n_files;
    int n_blocks;
    int64_t n_inputs;
} spk__session_mark;

spk__session_mark spk__session_mark_now(const spk_session *session);
/** Closes and frees what came after the mark. */
void spk__session_undo(spk_session *session, spk__session_mark mark);
/** Positions of the channels as [n_channels][2] double, kept by the session; NULL if there are
 *  none. */
spk_status spk__session_channel_xy(spk_context *ctx, spk_session *session,
                                   const double **positions_um);

/* session_spikes.c: */

/** The template of each spike in the order of the table, all of them in 0 .. n_rows - 1. The
 *  session must have spike_templates.
 *  @param[in] table  the file whose rows they are, for the message */
spk_status spk__session_template_rows(spk_context *ctx, spk_session *session,
                                      const char *table, int64_t n_rows,
                                      const int32_t **rows);

/** Fails unless the array is (n,) or (n, 1). */
spk_status spk__session_check_vector(spk_context *ctx, const char *path,
                                     const spk_array *array);
/** Sets samples from whole numbers, in place if the type allows. */
spk_status spk__session_set_samples(spk_context *ctx, spk_session *session,
                                    const char *path, const spk_array *times);
/** Sets samples from seconds: the nearest at rate_hz. */
spk_status spk__session_set_seconds(spk_context *ctx, spk_session *session,
                                    const char *path, const spk_array *times,
                                    double rate_hz);
/** Sets units from ids, as many as there are samples. */
spk_status spk__session_set_units(spk_context *ctx, spk_session *session,
                                  const char *path, const spk_array *ids);
/** With all arrays of a spike set: checks the order or sorts, and sets the extent.
 *  @param[in] n_raw_samples  length of the recording, -1: not known */
spk_status spk__session_finish_spikes(spk_context *ctx, spk_session *session,
                                      const char *times_path, int64_t n_raw_samples);

/* session_labels.c: */

/** Reads the label tables among the names of a folder. */
spk_status spk__session_read_labels(spk_context *ctx, spk_session *session,
                                    const char *path, const spk__folder *folder);

/* One opener a format; the folder is the session's path: */
spk_status spk__session_open_kilosort(spk_context *ctx, const char *path,
                                      const spk__folder *folder,
                                      const spk_session_options *options,
                                      spk_session **session);
spk_status spk__session_open_alf(spk_context *ctx, const char *path,
                                 const spk__folder *folder,
                                 const spk_session_options *options,
                                 spk_session **session);
/** Nonzero: the folder has ALF spikes. */
int spk__is_alf(const spk__folder *folder);
/** The file of a part ("spikes.times"), NULL if there is none. The plain name comes before
 *  labelled ones. */
const char *spk__alf_find(const spk__folder *folder, const char *part);

#endif
