/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700 /* mkdir, rmdir, unlink */
/*
 * Each file is written beside its name and renamed. When one fails, those written by this call
 * are removed again, so that no half folder stays.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/folder.h"
#include "files/map.h"
#include "files/number_text.h"
#include "files/sort.h"
#include "files/write_file.h"

#include <errno.h>
#include <math.h>
#include <spikekit/session.h>
#include <spikekit/table.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOCK = 4096
};

typedef enum phy_file {
    PARAMS,
    TIMES,
    CLUSTERS,
    TEMPLATES,
    AMPLITUDES,
    SPIKE_POSITIONS,
    CHANNEL_POSITIONS,
    CHANNEL_MAP,
    GROUPS,
    TEMPLATE_WAVEFORMS,
    TEMPLATE_CHANNELS,
    N_PHY_FILES
} phy_file;

static const char *const file_names[N_PHY_FILES] = {"params.py",
                                                    "spike_times.npy",
                                                    "spike_clusters.npy",
                                                    "spike_templates.npy",
                                                    "amplitudes.npy",
                                                    "spike_positions.npy",
                                                    "channel_positions.npy",
                                                    "channel_map.npy",
                                                    "cluster_group.tsv",
                                                    "templates.npy",
                                                    "template_ind.npy"};

typedef struct writer {
    spk_context *ctx;
    const char *folder;
    const spk_spikes *spikes;
    const int64_t *unit_ids;
    spk_phy_extras extras;
} writer;

void spk_phy_extras_init(spk_phy_extras *extras, size_t struct_size)
{
    if (extras == NULL || struct_size < sizeof(size_t))
        return;
    memset(extras, 0, struct_size);
    extras->struct_size = struct_size;
}

static int is_wanted(const writer *w, phy_file file)
{
    switch (file) {
    case AMPLITUDES:
        return w->extras.amplitudes != NULL;
    case SPIKE_POSITIONS:
        return w->extras.spike_positions_um != NULL;
    case CHANNEL_POSITIONS:
    case CHANNEL_MAP:
        return w->extras.channel_positions_um != NULL;
    case GROUPS:
        return w->extras.labels != NULL;
    case TEMPLATE_WAVEFORMS:
    case TEMPLATE_CHANNELS:
        return w->extras.templates != NULL;
    default:
        return 1;
    }
}

/* ---- contents ---- */

/* There is no raw file, so dat_path is an empty list, and the length that a raw file would
 * tell is noted under a name of its own, which other programs pass over. */
static spk_status write_params(const writer *w, const char *path)
{
    char rate[32], text[512];
    spk__double_to_text(w->spikes->sampling_rate_hz, rate);
    int64_t stop = w->spikes->stop_sample > 0 ? w->spikes->stop_sample : 0;
    int n = snprintf(
        text, sizeof text,
        "dat_path = []\n"
        "n_channels_dat = %lld\n"
        "dtype = 'int16'\n"
        "offset = 0\n"
        "sample_rate = %s%s\n"
        "hp_filtered = False\n"
        "n_samples_dat = %lld\n",
        (long long)(w->extras.channel_positions_um != NULL ? w->extras.n_channels : 0),
        rate, strpbrk(rate, ".e") == NULL ? "." : "", (long long)stop);
    return spk__write_whole(w->ctx, path, text, (size_t)n);
}

static spk_status write_rows(const writer *w, const char *path, int32_t dtype,
                             int64_t n_rows, int64_t n_columns, const void *data)
{
    const int64_t shape[2] = {n_rows, n_columns};
    spk_npy_writer *npy = NULL;
    spk_status status =
        spk_npy_writer_create(w->ctx, path, dtype, n_columns == 1 ? 1 : 2, shape, &npy);
    if (status == SPK_OK)
        status = spk_npy_writer_append(
            w->ctx, npy, data, (size_t)(n_rows * n_columns * spk_dtype_size(dtype)));
    if (status == SPK_OK)
        status = spk_npy_writer_finish(w->ctx, npy);
    spk_npy_writer_destroy(npy);
    return status;
}

/* Of each spike the id of its unit; without ids its index. */
static spk_status write_ids(const writer *w, const int64_t *unit_ids, const char *path)
{
    int64_t n = w->spikes->n_spikes;
    int32_t block[BLOCK];
    spk_npy_writer *npy = NULL;
    spk_status status = spk_npy_writer_create(w->ctx, path, SPK_DTYPE_INT32, 1, &n, &npy);
    for (int64_t first = 0; first < n && status == SPK_OK; first += BLOCK) {
        int64_t length = n - first < BLOCK ? n - first : BLOCK;
        for (int64_t k = 0; k < length; k++) {
            int32_t unit = w->spikes->units[first + k];
            block[k] = unit_ids == NULL ? unit : (int32_t)unit_ids[unit];
        }
        status =
            spk_npy_writer_append(w->ctx, npy, block, (size_t)length * sizeof block[0]);
    }
    if (status == SPK_OK)
        status = spk_npy_writer_finish(w->ctx, npy);
    spk_npy_writer_destroy(npy);
    return status;
}

static spk_status write_channel_map(const writer *w, const char *path)
{
    int64_t n = w->extras.n_channels;
    int32_t *map = spk__alloc(w->ctx, n, sizeof *map);
    if (map == NULL)
        return spk__fail_memory(w->ctx);
    for (int64_t k = 0; k < n; k++)
        map[k] = (int32_t)k;
    spk_status status = write_rows(w, path, SPK_DTYPE_INT32, n, 1, map);
    spk__free(map);
    return status;
}

static spk_status write_groups(const writer *w, const char *path)
{
    static const char *const columns[] = {"cluster_id", "group"};
    spk_table *table = NULL;
    spk_status status = spk_table_create(w->ctx, 2, columns, &table);
    for (int64_t u = 0; u < w->spikes->n_units && status == SPK_OK; u++) {
        char id[24];
        snprintf(id, sizeof id, "%lld",
                 (long long)(w->unit_ids == NULL ? u : w->unit_ids[u]));
        const char *cells[] = {id, w->extras.labels[u]};
        status = spk_table_append(w->ctx, table, cells);
    }
    if (status == SPK_OK)
        status = spk_table_write(w->ctx, path, table);
    spk_table_destroy(table);
    return status;
}

/* Of any shape, all at once. */
static spk_status write_array(const writer *w, const char *path, int32_t dtype,
                              int32_t n_dimensions, const int64_t shape[3],
                              const void *data)
{
    spk_array array;
    const spk_status status =
        spk__array_describe(w->ctx, dtype, 0, n_dimensions, shape, &array);
    array.data = data;
    return status == SPK_OK ? spk_npy_write(w->ctx, path, &array) : status;
}

static spk_status write_templates(const writer *w, const char *path)
{
    const int64_t shape[3] = {w->spikes->n_units, w->extras.n_template_samples,
                              w->extras.n_template_channels};
    return write_array(w, path, SPK_DTYPE_FLOAT32, 3, shape, w->extras.templates);
}

static spk_status write_template_channels(const writer *w, const char *path)
{
    const int64_t shape[3] = {w->spikes->n_units, w->extras.n_template_channels, 1};
    return write_array(w, path, SPK_DTYPE_INT32, 2, shape, w->extras.template_channels);
}

static spk_status write_file(const writer *w, phy_file file, const char *path)
{
    const spk_phy_extras *e = &w->extras;
    int64_t n = w->spikes->n_spikes;
    switch (file) {
    case PARAMS:
        return write_params(w, path);
    case TIMES:
        return write_rows(w, path, SPK_DTYPE_INT64, n, 1, w->spikes->samples);
    case CLUSTERS:
        return write_ids(w, w->unit_ids, path);
    case TEMPLATES: /* rows of the templates, where there are any */
        return write_ids(w, e->templates != NULL ? NULL : w->unit_ids, path);
    case TEMPLATE_WAVEFORMS:
        return write_templates(w, path);
    case TEMPLATE_CHANNELS:
        return write_template_channels(w, path);
    case AMPLITUDES:
        return write_rows(w, path, SPK_DTYPE_FLOAT64, n, 1, e->amplitudes);
    case SPIKE_POSITIONS:
        return write_rows(w, path, SPK_DTYPE_FLOAT32, n, 2, e->spike_positions_um);
    case CHANNEL_POSITIONS:
        return write_rows(w, path, SPK_DTYPE_FLOAT64, e->n_channels, 2,
                          e->channel_positions_um);
    case CHANNEL_MAP:
        return write_channel_map(w, path);
    default:
        return write_groups(w, path);
    }
}

/* ---- checks ---- */

static spk_status check_ids(spk_context *ctx, int64_t n_units, const int64_t *unit_ids)
{
    for (int64_t u = 0; u < n_units; u++)
        SPK_REQUIRE(ctx, unit_ids[u] >= 0 && unit_ids[u] <= INT32_MAX, SPK_ERR_ARGUMENT,
                    "unit_ids[%lld] must be in 0 .. 2^31 - 1, got %lld", (long long)u,
                    (long long)unit_ids[u]);
    int64_t *sorted = spk__alloc(ctx, n_units, sizeof *sorted);
    if (sorted == NULL)
        return spk__fail_memory(ctx);
    spk_status status = SPK_OK;
    if (n_units > 0)
        memcpy(sorted, unit_ids, (size_t)n_units * sizeof *sorted);
    spk__sort_int64(sorted, n_units);
    for (int64_t u = 1; u < n_units && status == SPK_OK; u++)
        if (sorted[u] == sorted[u - 1])
            status = spk__fail(ctx, SPK_ERR_ARGUMENT,
                               "unit_ids must be distinct, got %lld twice",
                               (long long)sorted[u]);
    spk__free(sorted);
    return status;
}

static spk_status check_arguments(spk_context *ctx, const writer *w)
{
    const spk_spikes *s = w->spikes;
    SPK_REQUIRE(ctx, s->n_spikes >= 0 && s->n_units >= 0 && s->n_units <= INT32_MAX,
                SPK_ERR_ARGUMENT, "n_spikes and n_units must be >= 0, got %lld and %lld",
                (long long)s->n_spikes, (long long)s->n_units);
    SPK_REQUIRE(ctx, s->n_spikes == 0 || (s->samples != NULL && s->units != NULL),
                SPK_ERR_ARGUMENT, "samples and units must not be NULL");
    SPK_REQUIRE(ctx, s->sampling_rate_hz > 0 && isfinite(s->sampling_rate_hz),
                SPK_ERR_ARGUMENT, "sampling_rate_hz must be positive and finite, got %g",
                s->sampling_rate_hz);
    SPK_REQUIRE(ctx,
                w->extras.channel_positions_um == NULL ||
                    (w->extras.n_channels >= 0 && w->extras.n_channels <= INT32_MAX),
                SPK_ERR_ARGUMENT, "n_channels must be in 0 .. 2^31 - 1, got %lld",
                (long long)w->extras.n_channels);
    SPK_REQUIRE(
        ctx,
        w->extras.templates == NULL ||
            (w->extras.n_template_samples >= 1 && w->extras.n_template_channels >= 1 &&
             w->extras.template_channels != NULL),
        SPK_ERR_ARGUMENT,
        "templates need samples, channels and template_channels, got %lld and %lld",
        (long long)w->extras.n_template_samples,
        (long long)w->extras.n_template_channels);
    for (int64_t k = 0; k < s->n_spikes; k++) {
        SPK_REQUIRE(ctx, s->units[k] >= 0 && s->units[k] < s->n_units, SPK_ERR_ARGUMENT,
                    "units[%lld] must be in 0 .. n_units - 1, got %d", (long long)k,
                    (int)s->units[k]);
        SPK_REQUIRE(ctx, k == 0 || s->samples[k] >= s->samples[k - 1], SPK_ERR_UNSORTED,
                    "samples[%lld] must be >= the one before, got %lld", (long long)k,
                    (long long)s->samples[k]);
    }
    for (int64_t u = 0; w->extras.labels != NULL && u < s->n_units; u++)
        SPK_REQUIRE(ctx, w->extras.labels[u] != NULL, SPK_ERR_ARGUMENT,
                    "labels[%lld] must not be NULL", (long long)u);
    return w->unit_ids == NULL ? SPK_OK : check_ids(ctx, s->n_units, w->unit_ids);
}

/* Fails if the folder has a file of this name; *has is set when it is not to be a failure. */
static spk_status look_for(const writer *w, const char *name, int *has)
{
    struct stat about;
    spk_status status = SPK_OK;
    char *path = spk__path_join(w->ctx, w->folder, name);
    if (path == NULL)
        return spk__fail_memory(w->ctx);
    const int found = lstat(path, &about) == 0;
    if (has != NULL)
        *has = found;
    else if (found)
        status = spk__fail(w->ctx, SPK_ERR_ARGUMENT,
                           "%s: a sorter's file that would not fit the new spikes; "
                           "choose another folder",
                           path);
    spk__free(path);
    return status;
}

/* What other sorters leave beside the spikes. Kept, it would describe the new ones. Templates
 * are ours to replace if they are sparse, as this file writes them. */
static spk_status refuse_foreign(const writer *w)
{
    static const char *const foreign[] = {
        "cluster_KSLabel.tsv", "cluster_ContamPct.tsv", "cluster_Amplitude.tsv",
        "cluster_info.tsv",    "pc_features.npy",       "similar_templates.npy",
        "whitening_mat.npy",   "spikes.times.npy"};
    int is_ours = 0;
    spk_status status = SPK_OK;
    if (w->extras.templates != NULL)
        status = look_for(w, file_names[TEMPLATE_CHANNELS], &is_ours);
    if (status == SPK_OK && !is_ours)
        status = look_for(w, file_names[TEMPLATE_WAVEFORMS], NULL);
    for (size_t f = 0; f < sizeof foreign / sizeof foreign[0] && status == SPK_OK; f++)
        status = look_for(w, foreign[f], NULL);
    return status;
}

static spk_status refuse_existing(const writer *w, char *const *paths)
{
    struct stat about;
    for (int f = 0; f < N_PHY_FILES; f++)
        if (lstat(paths[f], &about) == 0)
            return spk__fail_errno(w->ctx, paths[f], EEXIST);
    return SPK_OK;
}

spk_status spk_phy_write(spk_context *ctx, const char *folder, const spk_spikes *spikes,
                         const int64_t *unit_ids, const spk_phy_extras *extras,
                         int32_t overwrite)
{
    SPK_REQUIRE(ctx, folder != NULL && spikes != NULL, SPK_ERR_ARGUMENT,
                "folder and spikes must not be NULL");
    SPK_REQUIRE(ctx, extras == NULL || extras->struct_size >= sizeof(size_t),
                SPK_ERR_ARGUMENT, "extras must be filled with spk_phy_extras_init()");
    writer w = {.ctx = ctx, .folder = folder, .spikes = spikes, .unit_ids = unit_ids};
    if (extras != NULL)
        memcpy(&w.extras, extras,
               extras->struct_size < sizeof w.extras ? extras->struct_size
                                                     : sizeof w.extras);
    spk_status status = check_arguments(ctx, &w);
    if (status != SPK_OK)
        return status;

    char *paths[N_PHY_FILES] = {NULL};
    char *staged[N_PHY_FILES] = {NULL};
    int made_folder = 0;
    for (int f = 0; f < N_PHY_FILES; f++) {
        char name[64];
        snprintf(name, sizeof name, ".part-%s", file_names[f]);
        paths[f] = spk__path_join(ctx, folder, file_names[f]);
        staged[f] = spk__path_join(ctx, folder, name);
        if (paths[f] == NULL || staged[f] == NULL) {
            status = spk__fail_memory(ctx);
            goto cleanup;
        }
    }
    if ((status = refuse_foreign(&w)) != SPK_OK)
        goto cleanup;
    made_folder = mkdir(folder, 0777) == 0;
    if (!made_folder && errno != EEXIST) {
        status = spk__fail_errno(ctx, folder, errno);
        goto cleanup;
    }
    if (!overwrite && (status = refuse_existing(&w, paths)) != SPK_OK)
        goto cleanup;
    /* All of the new files first, beside the old ones; then they take their places. */
    for (int f = 0; f < N_PHY_FILES && status == SPK_OK; f++)
        if (is_wanted(&w, (phy_file)f))
            status = write_file(&w, (phy_file)f, staged[f]);
    for (int f = 0; f < N_PHY_FILES && status == SPK_OK; f++)
        if (!is_wanted(&w, (phy_file)f))
            unlink(paths[f]); /* an old one would not fit the new spikes */
        else if (rename(staged[f], paths[f]) != 0)
            status = spk__fail_errno(ctx, paths[f], errno);
    for (int f = 0; f < N_PHY_FILES && status != SPK_OK; f++)
        unlink(staged[f]);
    if (status != SPK_OK && made_folder)
        rmdir(folder);
cleanup:
    for (int f = 0; f < N_PHY_FILES; f++) {
        spk__free(paths[f]);
        spk__free(staged[f]);
    }
    return status;
}
