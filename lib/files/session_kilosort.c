/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "files/map.h"
#include "files/number_text.h"
#include "files/params_py.h"
#include "files/session_state.h"

#include <string.h>

static spk_status read_params(spk_context *ctx, spk_session *session, const char *path,
                              spk__params_py **params)
{
    char *full = spk__path_join(ctx, path, "params.py");
    if (full == NULL)
        return spk__fail_memory(ctx);
    spk__map map;
    spk_status status = spk__map_open(ctx, full, &map);
    if (status == SPK_OK)
        status = spk__params_py_parse(ctx, full, map.data, map.size, params);
    spk__map_close(&map);
    if (status == SPK_OK)
        status = spk__session_add_input(ctx, session, full);
    spk__free(full);
    return status;
}

/* imSampRate of a SpikeGLX .meta file, lines of key=value; 0 if there is none. */
static double rate_in_meta(const spk__map *map)
{
    static const char key[] = "imSampRate=";
    const char *at = (const char *)map->data, *end = at + map->size;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        size_t n = (size_t)(stop - at);
        if (n >= sizeof key - 1 && memcmp(at, key, sizeof key - 1) == 0) {
            char text[64] = "";
            double rate;
            size_t n_text = n - (sizeof key - 1);
            if (n_text < sizeof text)
                memcpy(text, at + sizeof key - 1, n_text);
            return spk__text_to_double(text, &rate) && rate > 0 ? rate : 0;
        }
        at = newline == NULL ? end : newline + 1;
    }
    return 0;
}

/* The rate of the only .ap.meta file in the folder; 0 if there is none or several. */
static spk_status find_meta_rate(spk_context *ctx, spk_session *session, const char *path,
                                 const spk__folder *folder, double *rate_hz)
{
    const char *name = NULL;
    int n_found = 0;
    *rate_hz = 0;
    for (int64_t k = 0; k < folder->n_names; k++)
        if (spk__ends_with(folder->names[k], ".ap.meta")) {
            name = folder->names[k];
            n_found++;
        }
    if (n_found != 1)
        return SPK_OK;
    char *full = spk__path_join(ctx, path, name);
    if (full == NULL)
        return spk__fail_memory(ctx);
    spk__map map;
    spk_status status = spk__map_open(ctx, full, &map);
    if (status == SPK_OK)
        *rate_hz = rate_in_meta(&map);
    spk__map_close(&map);
    if (status == SPK_OK && *rate_hz > 0)
        status = spk__session_add_input(ctx, session, full);
    spk__free(full);
    return status;
}

static spk_status set_rate(spk_context *ctx, spk_session *session, const char *path,
                           const spk__folder *folder, const spk__params_py *params)
{
    double rate = session->options.sampling_rate_hz;
    spk_status status = SPK_OK;
    if (rate == 0 && params != NULL) {
        status = spk__params_py_number(ctx, params, "sample_rate", &rate);
        if (status == SPK_ERR_NOT_FOUND)
            status = SPK_ERR_FORMAT; /* the file is there, what it must say is not */
        if (status == SPK_OK && !(rate > 0))
            return spk__fail(ctx, SPK_ERR_FORMAT,
                             "%s/params.py: expected sample_rate above 0, found %g", path,
                             rate);
    } else if (rate == 0) {
        status = find_meta_rate(ctx, session, path, folder, &rate);
        if (status == SPK_OK && rate == 0)
            return spk__fail(ctx, SPK_ERR_FORMAT,
                             "%s/params.py: not found; give the sampling rate", path);
    }
    session->spikes.sampling_rate_hz = rate;
    return status;
}

/* 'int16', 'float32', '<i2' ...; 0 for what is not known. */
static int64_t raw_item_size(const char *dtype)
{
    static const struct {
        const char *name;
        int64_t size;
    } known[] = {{"int16", 2},   {"uint16", 2}, {"int8", 1},    {"uint8", 1},
                 {"int32", 4},   {"uint32", 4}, {"float32", 4}, {"single", 4},
                 {"float64", 8}, {"i2", 2},     {"u2", 2},      {"i4", 4},
                 {"f4", 4},      {"f8", 8}};
    if (dtype[0] == '<' || dtype[0] == '>' || dtype[0] == '=')
        dtype++;
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (strcmp(dtype, known[k].name) == 0)
            return known[k].size;
    return 0;
}

/* Samples of the raw files that params.py names, all of them there; -1 if not. */
static spk_status count_raw_samples(spk_context *ctx, const char *path,
                                    const spk__params_py *params, int64_t *n_samples)
{
    int64_t n_paths = 0, n_dtypes = 0, n_bytes = 0;
    const char *const *paths = NULL, *const *dtypes = NULL;
    double n_channels = 0, offset = 0;
    *n_samples = -1;
    /* What is missing or odd here leaves the length unknown; the spikes are still good. */
    if (spk__params_py_texts(NULL, params, "dat_path", &n_paths, &paths) != SPK_OK ||
        spk__params_py_number(NULL, params, "n_channels_dat", &n_channels) != SPK_OK ||
        spk__params_py_texts(NULL, params, "dtype", &n_dtypes, &dtypes) != SPK_OK ||
        n_paths == 0 || n_dtypes != 1 || raw_item_size(dtypes[0]) == 0 ||
        !(n_channels >= 1 && n_channels < 1e6))
        return SPK_OK;
    if (spk__params_py_number(NULL, params, "offset", &offset) != SPK_OK ||
        !(offset >= 0 && offset < 0x1p53))
        offset = 0;
    for (int64_t k = 0; k < n_paths; k++) {
        char *full = spk__path_join(ctx, path, paths[k]);
        if (full == NULL)
            return spk__fail_memory(ctx);
        int64_t size = spk__file_size(full);
        if (size < 0)
            spk__log(ctx, SPK_LOG_INFO,
                     "%s: raw file not found; the recording is taken to "
                     "end with its last spike unless a duration is given",
                     full);
        spk__free(full);
        if (size < 0)
            return SPK_OK;
        size -= (int64_t)offset;
        n_bytes += size > 0 ? size : 0;
    }
    *n_samples = n_bytes / ((int64_t)n_channels * raw_item_size(dtypes[0]));
    return SPK_OK;
}

/* From the raw file, or from what spk_phy_write() notes when there is none. */
static spk_status find_length(spk_context *ctx, const char *path,
                              const spk__params_py *params, int64_t *n_samples)
{
    double noted;
    *n_samples = -1;
    if (params == NULL)
        return SPK_OK;
    spk_status status = count_raw_samples(ctx, path, params, n_samples);
    if (status == SPK_OK && *n_samples < 0 &&
        spk__params_py_number(NULL, params, "n_samples_dat", &noted) == SPK_OK &&
        noted >= 0 && noted < 0x1p53)
        *n_samples = (int64_t)noted;
    return status;
}

static spk_status read_spikes(spk_context *ctx, spk_session *session, const char *path,
                              const spk__folder *folder, const char **times_path)
{
    const spk_array *times, *ids;
    const char *ids_path;
    spk_status status =
        spk__session_map(ctx, session, path, "spike_times.npy", &times, times_path);
    if (status != SPK_OK ||
        (status = spk__session_set_samples(ctx, session, *times_path, times)) != SPK_OK)
        return status;
    const char *name = "spike_templates.npy";
    if (session->options.clusters &&
        (spk__folder_has(folder, "spike_clusters.npy") || !spk__folder_has(folder, name)))
        name = "spike_clusters.npy";
    if ((status = spk__session_map(ctx, session, path, name, &ids, &ids_path)) != SPK_OK)
        return status;
    if ((status = spk__session_set_units(ctx, session, ids_path, ids)) != SPK_OK)
        return status;
    if (spk__starts_with(name, "spike_templates"))
        session->spike_templates = ids;
    return SPK_OK;
}

static spk_status read_extras(spk_context *ctx, spk_session *session, const char *path,
                              const spk__folder *folder)
{
    const int64_t n = session->spikes.n_spikes;
    const struct {
        const char *name;
        int64_t n_rows, n_columns;
        const spk_array **array;
    } extras[] = {
        {"spike_templates.npy", n, 0, &session->spike_templates},
        {"amplitudes.npy", n, 0, &session->amplitudes},
        {"spike_positions.npy", n, 2, &session->spike_positions},
        {"channel_positions.npy", -1, 2, &session->channel_positions},
        {"channel_map.npy", -1, 0, &session->channel_map},
    };
    for (size_t k = 0; k < sizeof extras / sizeof extras[0]; k++) {
        if (*extras[k].array != NULL || !spk__folder_has(folder, extras[k].name))
            continue;
        spk_status status =
            spk__session_map_rows(ctx, session, path, extras[k].name, extras[k].n_rows,
                                  extras[k].n_columns, extras[k].array);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

spk_status spk__session_open_kilosort(spk_context *ctx, const char *path,
                                      const spk__folder *folder,
                                      const spk_session_options *options,
                                      spk_session **out)
{
    spk_session *session = NULL;
    spk__params_py *params = NULL;
    const char *times_path = NULL;
    int64_t n_raw_samples = -1;
    spk_status status = spk__session_start(ctx, "kilosort", path, options, &session);
    if (status != SPK_OK)
        return status;
    if (spk__folder_has(folder, "params.py") &&
        (status = read_params(ctx, session, path, &params)) != SPK_OK)
        goto cleanup;
    if ((status = set_rate(ctx, session, path, folder, params)) != SPK_OK ||
        (status = find_length(ctx, path, params, &n_raw_samples)) != SPK_OK ||
        (status = read_spikes(ctx, session, path, folder, &times_path)) != SPK_OK ||
        (status = read_extras(ctx, session, path, folder)) != SPK_OK ||
        (status = spk__session_finish_spikes(ctx, session, times_path, n_raw_samples)) !=
            SPK_OK)
        goto cleanup;
    status = spk__session_read_labels(ctx, session, path, folder);
cleanup:
    spk__params_py_destroy(params);
    if (status == SPK_OK)
        *out = session;
    else
        spk_session_close(session);
    return status;
}
