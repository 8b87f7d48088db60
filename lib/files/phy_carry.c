/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700 /* realpath */
/*
 * Files of templates and of the probe are copied as they are; those with a row a spike are
 * written again with the rows that are left, a block at a time.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/map.h"
#include "files/number_text.h"
#include "files/params_py.h"
#include "files/session_state.h"
#include "files/write_file.h"

#include <limits.h>
#include <spikekit/session.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_BYTES = 1 << 22,
    N_BLOCK_BYTES = 1 << 20
};

typedef struct carrying {
    spk_context *ctx;
    const spk_session *session;
    const char *folder; /* to write into */
    int64_t n_spikes;
    const int64_t *kept;
} carrying;

/* ---- as they are ---- */

static spk_status copy_file(const carrying *c, const char *from, const char *to)
{
    spk__write_file *file = NULL;
    spk__map map;
    spk_status status = spk__map_open(c->ctx, from, &map);
    if (status == SPK_OK)
        status = spk__write_open(c->ctx, to, &file);
    for (size_t done = 0; status == SPK_OK && done < map.size; done += CHUNK_BYTES) {
        const size_t left = map.size - done;
        status = spk__write_append(c->ctx, file, (const char *)map.data + done,
                                   left < CHUNK_BYTES ? left : CHUNK_BYTES);
    }
    if (status == SPK_OK)
        status = spk__write_finish(c->ctx, file);
    else
        spk__write_discard(file);
    spk__map_close(&map);
    return status;
}

/* Copies a file of the session under a name, if it is there. */
static spk_status copy_named(const carrying *c, const char *from_name,
                             const char *to_name)
{
    char *from = spk__path_join(c->ctx, c->session->path, from_name);
    char *to = spk__path_join(c->ctx, c->folder, to_name);
    spk_status status = SPK_OK;
    if (from == NULL || to == NULL)
        status = spk__fail_memory(c->ctx);
    else if (spk__file_size(from) >= 0)
        status = copy_file(c, from, to);
    spk__free(from);
    spk__free(to);
    return status;
}

/* ---- a row a spike ---- */

/* Puts n rows of an array, in its own order of bytes, into row-major order. */
static void take_block(const spk_array *array, const int64_t *rows, int64_t n, char *out)
{
    const size_t item = (size_t)array->item_size;
    const int64_t n_rows = array->shape[0];
    const int64_t n_columns = n_rows == 0 ? 0 : array->n_elements / n_rows;
    const char *data = array->data;
    int64_t index[SPK_ARRAY_MAX_DIMENSIONS] = {0};
    for (int64_t column = 0; column < n_columns; column++) {
        int64_t start = column, step = n_columns;
        if (array->fortran_order) {
            int64_t scale = n_rows;
            start = 0;
            step = 1;
            for (int32_t d = 1; d < array->n_dimensions; d++) {
                start += index[d] * scale;
                scale *= array->shape[d];
            }
            for (int32_t d = array->n_dimensions - 1; d > 0; d--) {
                if (++index[d] < array->shape[d])
                    break;
                index[d] = 0;
            }
        }
        for (int64_t k = 0; k < n; k++)
            memcpy(out + (size_t)(k * n_columns + column) * item,
                   data + (size_t)(start + rows[k] * step) * item, item);
    }
}

static void swap_bytes(char *data, size_t n_items, size_t item)
{
    for (size_t k = 0; k < n_items; k++)
        for (size_t b = 0; b < item / 2; b++) {
            const char byte = data[k * item + b];
            data[k * item + b] = data[k * item + item - 1 - b];
            data[k * item + item - 1 - b] = byte;
        }
}

/* The rows that are left of an array of one row a spike; `order`: where the file has the row
 * of each spike, NULL: in the order of the table. */
static spk_status write_kept(const carrying *c, const spk_array *array,
                             const int64_t *order, const char *name)
{
    const size_t item = (size_t)array->item_size;
    const int64_t n_columns =
        array->shape[0] == 0 ? 0 : array->n_elements / array->shape[0];
    const int64_t row_bytes = n_columns * (int64_t)item;
    const int64_t n_block = 1 + N_BLOCK_BYTES / (row_bytes > 0 ? row_bytes : 1);
    int64_t shape[SPK_ARRAY_MAX_DIMENSIONS];
    spk_npy_writer *npy = NULL;
    spk_status status = SPK_OK;
    char *path = spk__path_join(c->ctx, c->folder, name);
    char *block = spk__alloc(c->ctx, n_block, (size_t)row_bytes + 1);
    int64_t *rows = spk__alloc(c->ctx, n_block, sizeof *rows);
    if (path == NULL || block == NULL || rows == NULL) {
        status = spk__fail_memory(c->ctx);
        goto cleanup;
    }
    memcpy(shape, array->shape, sizeof shape);
    shape[0] = c->n_spikes;
    status = spk_npy_writer_create(c->ctx, path, array->dtype, array->n_dimensions, shape,
                                   &npy);
    for (int64_t first = 0; first < c->n_spikes && status == SPK_OK; first += n_block) {
        const int64_t left = c->n_spikes - first, n = left < n_block ? left : n_block;
        for (int64_t k = 0; k < n; k++)
            rows[k] = order == NULL ? c->kept[first + k] : order[c->kept[first + k]];
        take_block(array, rows, n, block);
        if (array->swapped)
            swap_bytes(block, (size_t)(n * n_columns), item);
        status = spk_npy_writer_append(c->ctx, npy, block, (size_t)(n * row_bytes));
    }
    if (status == SPK_OK)
        status = spk_npy_writer_finish(c->ctx, npy);
cleanup:
    spk_npy_writer_destroy(npy);
    spk__free(rows);
    spk__free(block);
    spk__free(path);
    return status;
}

/* The same of a file of the session, if it is there. */
static spk_status write_kept_of(const carrying *c, const char *name)
{
    spk_npy *npy = NULL;
    spk_status status = SPK_OK;
    char *path = spk__path_join(c->ctx, c->session->path, name);
    if (path == NULL)
        return spk__fail_memory(c->ctx);
    if (spk__file_size(path) >= 0) {
        status = spk_npy_open(c->ctx, path, &npy);
        const spk_array *array = spk_npy_array(npy);
        if (status == SPK_OK && (array->n_dimensions < 1 || array->item_size > 8 ||
                                 array->shape[0] != c->session->spikes.n_spikes))
            spk__log(c->ctx, SPK_LOG_WARNING,
                     "%s: expected a row for each of %lld spikes; left out", path,
                     (long long)c->session->spikes.n_spikes);
        else if (status == SPK_OK)
            status = write_kept(c, array, c->session->order, name);
    }
    spk_npy_close(npy);
    spk__free(path);
    return status;
}

static spk_status write_spike_arrays(const carrying *c)
{
    const struct {
        const char *name;
        const spk_array *array;
    } arrays[] = {{"spike_templates.npy", c->session->spike_templates},
                  {"amplitudes.npy", c->session->amplitudes},
                  {"spike_positions.npy", c->session->spike_positions}};
    spk_status status = SPK_OK;
    for (size_t k = 0; k < sizeof arrays / sizeof arrays[0] && status == SPK_OK; k++)
        if (arrays[k].array != NULL)
            status = write_kept(c, arrays[k].array, NULL, arrays[k].name);
    return status;
}

/* ---- params.py ---- */

/* As a string of Python. */
static spk_status append_text(const carrying *c, spk__write_file *file, const char *text)
{
    spk_status status = spk__write_append(c->ctx, file, "'", 1);
    for (; *text != '\0' && status == SPK_OK; text++) {
        char piece[8];
        if (*text == '\'' || *text == '\\')
            snprintf(piece, sizeof piece, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            snprintf(piece, sizeof piece, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            snprintf(piece, sizeof piece, "%c", *text);
        status = spk__write_append(c->ctx, file, piece, strlen(piece));
    }
    return status == SPK_OK ? spk__write_append(c->ctx, file, "'", 1) : status;
}

/* A raw file is found from another folder only by its whole path. */
static spk_status append_path(const carrying *c, spk__write_file *file, const char *path)
{
    char here[PATH_MAX];
    const int is_windows = path[0] != '\0' && path[1] == ':';
    if (is_windows || path[0] == '\\' || realpath(c->session->path, here) == NULL)
        return append_text(c, file, path);
    char *whole = spk__path_join(c->ctx, here, path);
    if (whole == NULL)
        return spk__fail_memory(c->ctx);
    const spk_status status = append_text(c, file, whole);
    spk__free(whole);
    return status;
}

static spk_status append_line(const carrying *c, spk__write_file *file, const char *name,
                              double value)
{
    char number[32], line[96];
    spk__double_to_text(value, number);
    const int n = snprintf(line, sizeof line, "\n%s = %s", name, number);
    return spk__write_append(c->ctx, file, line, (size_t)n);
}

static double number_or(const spk__params_py *params, const char *key, double otherwise)
{
    double value;
    return spk__params_py_number(NULL, params, key, &value) == SPK_OK ? value : otherwise;
}

static spk_status append_params(const carrying *c, const spk__params_py *params,
                                spk__write_file *file)
{
    static const char start[] = "dat_path = [", dtype_line[] = "]\ndtype = ";
    const spk_session *s = c->session;
    const double n_channels =
        s->channel_positions == NULL ? 0 : (double)s->channel_positions->shape[0];
    const char *const *paths = NULL, *const *dtypes = NULL;
    int64_t n_paths = 0, n_dtypes = 0;
    if (spk__params_py_texts(NULL, params, "dat_path", &n_paths, &paths) != SPK_OK)
        n_paths = 0;
    if (spk__params_py_texts(NULL, params, "dtype", &n_dtypes, &dtypes) != SPK_OK)
        n_dtypes = 0;
    spk_status status = spk__write_append(c->ctx, file, start, sizeof start - 1);
    for (int64_t k = 0; k < n_paths && status == SPK_OK; k++) {
        if (k > 0)
            status = spk__write_append(c->ctx, file, ", ", 2);
        if (status == SPK_OK)
            status = append_path(c, file, paths[k]);
    }
    if (status == SPK_OK)
        status = spk__write_append(c->ctx, file, dtype_line, sizeof dtype_line - 1);
    if (status == SPK_OK)
        status = append_text(c, file, n_dtypes == 1 ? dtypes[0] : "int16");
    if (status == SPK_OK)
        status = append_line(c, file, "n_channels_dat",
                             number_or(params, "n_channels_dat", n_channels));
    if (status == SPK_OK)
        status = append_line(c, file, "offset", number_or(params, "offset", 0));
    if (status == SPK_OK)
        status = append_line(c, file, "sample_rate", s->spikes.sampling_rate_hz);
    if (status == SPK_OK)
        status =
            append_line(c, file, "n_samples_dat",
                        s->spikes.stop_sample > 0 ? (double)s->spikes.stop_sample : 0);
    const char *last = number_or(params, "hp_filtered", 0) != 0
                           ? "\nhp_filtered = True\n"
                           : "\nhp_filtered = False\n";
    return status == SPK_OK ? spk__write_append(c->ctx, file, last, strlen(last))
                            : status;
}

static spk_status write_params(const carrying *c)
{
    spk__params_py *params = NULL;
    spk__write_file *file = NULL;
    spk__map map = {0};
    spk_status status = SPK_OK;
    char *from = spk__path_join(c->ctx, c->session->path, "params.py");
    char *to = spk__path_join(c->ctx, c->folder, "params.py");
    if (from == NULL || to == NULL) {
        status = spk__fail_memory(c->ctx);
        goto cleanup;
    }
    if (spk__file_size(from) < 0)
        goto cleanup;
    if ((status = spk__map_open(c->ctx, from, &map)) != SPK_OK ||
        (status = spk__params_py_parse(c->ctx, from, map.data, map.size, &params)) !=
            SPK_OK ||
        (status = spk__write_open(c->ctx, to, &file)) != SPK_OK)
        goto cleanup;
    if ((status = append_params(c, params, file)) == SPK_OK) {
        status = spk__write_finish(c->ctx, file);
        file = NULL;
    }
cleanup:
    spk__write_discard(file);
    spk__params_py_destroy(params);
    spk__map_close(&map);
    spk__free(from);
    spk__free(to);
    return status;
}

/* ---- all of it ---- */

static spk_status carry_kilosort(const carrying *c, int32_t same_units)
{
    static const char *const probe[] = {"channel_map.npy", "channel_positions.npy",
                                        "channel_shanks.npy", "channel_groups.npy"};
    static const char *const templates[] = {
        "templates.npy",      "template_ind.npy",        "templates_ind.npy",
        "whitening_mat.npy",  "whitening_mat_inv.npy",   "whitening_mat_dat.npy",
        "pc_feature_ind.npy", "template_feature_ind.npy"};
    static const char *const features[] = {"pc_features.npy", "template_features.npy"};
    spk_status status = write_params(c);
    for (size_t k = 0; k < sizeof probe / sizeof probe[0] && status == SPK_OK; k++)
        status = copy_named(c, probe[k], probe[k]);
    if (c->session->spike_templates == NULL)
        return status;
    for (size_t k = 0; k < sizeof templates / sizeof templates[0] && status == SPK_OK;
         k++)
        status = copy_named(c, templates[k], templates[k]);
    if (same_units && status == SPK_OK)
        status = copy_named(c, "similar_templates.npy", "similar_templates.npy");
    for (size_t k = 0; k < sizeof features / sizeof features[0] && status == SPK_OK; k++)
        status = write_kept_of(c, features[k]);
    return status;
}

static spk_status carry_alf(const carrying *c)
{
    static const struct {
        const char *part, *name;
    } files[] = {{"templates.waveforms", "templates.npy"},
                 {"templates.waveformsChannels", "template_ind.npy"}};
    spk__folder names = {0};
    if (c->session->spike_templates == NULL)
        return SPK_OK;
    spk_status status = spk__folder_read(c->ctx, c->session->path, &names);
    for (size_t k = 0; k < sizeof files / sizeof files[0] && status == SPK_OK; k++) {
        const char *from = spk__alf_find(&names, files[k].part);
        if (from != NULL)
            status = copy_named(c, from, files[k].name);
    }
    spk__folder_free(&names);
    return status;
}

spk_status spk_phy_carry(spk_context *ctx, const char *folder, const spk_session *session,
                         int64_t n_spikes, const int64_t *kept, int32_t same_units)
{
    SPK_REQUIRE(ctx, folder != NULL && session != NULL, SPK_ERR_ARGUMENT,
                "folder and session must not be NULL");
    SPK_REQUIRE(ctx, n_spikes >= 0 && (kept != NULL || n_spikes == 0), SPK_ERR_ARGUMENT,
                "n_spikes must be >= 0 and kept not NULL, got %lld", (long long)n_spikes);
    for (int64_t k = 0; k < n_spikes; k++)
        SPK_REQUIRE(ctx, kept[k] >= 0 && kept[k] < session->spikes.n_spikes,
                    SPK_ERR_ARGUMENT, "kept[%lld] must be in 0 .. %lld, got %lld",
                    (long long)k, (long long)(session->spikes.n_spikes - 1),
                    (long long)kept[k]);
    const carrying c = {ctx, session, folder, n_spikes, kept};
    const int is_alf = strcmp(session->format, "alf") == 0;
    if (!is_alf && strcmp(session->format, "kilosort") != 0)
        return SPK_OK;
    spk_status status = write_spike_arrays(&c);
    if (status == SPK_OK)
        status = is_alf ? carry_alf(&c) : carry_kilosort(&c, same_units);
    return status;
}
