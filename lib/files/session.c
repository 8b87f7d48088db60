/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/session_state.h"

#include <math.h>
#include <string.h>

void spk_session_options_init(spk_session_options *options, size_t struct_size)
{
    if (options == NULL || struct_size < sizeof(size_t))
        return;
    spk_session_options defaults = {.struct_size = struct_size, .clusters = 1};
    memset(options, 0, struct_size);
    memcpy(options, &defaults,
           struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* A caller built against another version has a shorter or longer struct. */
static spk_session_options complete_options(const spk_session_options *options)
{
    spk_session_options complete;
    spk_session_options_init(&complete, sizeof complete);
    if (options != NULL)
        memcpy(&complete, options,
               options->struct_size < sizeof complete ? options->struct_size
                                                      : sizeof complete);
    complete.struct_size = sizeof complete;
    return complete;
}

spk_status spk__session_start(spk_context *ctx, const char *format, const char *path,
                              const spk_session_options *options, spk_session **out)
{
    SPK_REQUIRE(ctx, options == NULL || options->struct_size >= sizeof(size_t),
                SPK_ERR_ARGUMENT,
                "options must be filled with spk_session_options_init()");
    spk_session_options complete = complete_options(options);
    SPK_REQUIRE(ctx,
                complete.sampling_rate_hz >= 0 && isfinite(complete.sampling_rate_hz),
                SPK_ERR_ARGUMENT, "sampling_rate_hz must be positive and finite, got %g",
                complete.sampling_rate_hz);
    SPK_REQUIRE(ctx, complete.duration_s >= 0 && isfinite(complete.duration_s),
                SPK_ERR_ARGUMENT, "duration_s must be positive and finite, got %g",
                complete.duration_s);
    spk_session *session = spk__alloc_zero(ctx, 1, sizeof *session);
    if (session == NULL)
        return spk__fail_memory(ctx);
    session->format = format;
    session->options = complete;
    session->path = spk__strdup(ctx, path);
    if (session->path == NULL) {
        spk_session_close(session);
        return spk__fail_memory(ctx);
    }
    *out = session;
    return SPK_OK;
}

void spk_session_close(spk_session *session)
{
    if (session == NULL)
        return;
    for (int k = 0; k < session->n_files; k++)
        spk_npy_close(session->files[k]);
    for (int k = 0; k < session->n_blocks; k++)
        spk__free(session->blocks[k]);
    for (int64_t k = 0; k < session->n_inputs; k++)
        spk__free(session->inputs[k]);
    for (int64_t k = 0; k < session->n_label_tables; k++) {
        spk_table_destroy(session->label_tables[k].table);
        spk__free(session->label_tables[k].rows);
    }
    spk__free(session->inputs);
    spk__free(session->label_tables);
    spk__free(session->labels);
    spk__free(session->unit_positions);
    spk__free(session->path);
    spk__free(session);
}

spk_status spk__session_keep(spk_context *ctx, spk_session *session, void *block)
{
    if (block == NULL)
        return spk__fail_memory(ctx);
    if (session->n_blocks == SPK__SESSION_BLOCKS) {
        spk__free(block);
        return spk__fail(ctx, SPK_ERR_OVERFLOW, "a session keeps at most %d blocks",
                         SPK__SESSION_BLOCKS);
    }
    session->blocks[session->n_blocks++] = block;
    return SPK_OK;
}

spk_status spk__session_add_input(spk_context *ctx, spk_session *session,
                                  const char *path)
{
    if (session->n_inputs == session->input_capacity) {
        int64_t capacity = 2 * session->input_capacity + 16;
        char **inputs = spk__realloc(ctx, session->inputs, capacity, sizeof *inputs);
        if (inputs == NULL)
            return spk__fail_memory(ctx);
        session->inputs = inputs;
        session->input_capacity = capacity;
    }
    char *copy = spk__strdup(ctx, path);
    if (copy == NULL)
        return spk__fail_memory(ctx);
    session->inputs[session->n_inputs++] = copy;
    return SPK_OK;
}

spk__session_mark spk__session_mark_now(const spk_session *session)
{
    return (spk__session_mark){session->n_files, session->n_blocks, session->n_inputs};
}

void spk__session_undo(spk_session *session, spk__session_mark mark)
{
    while (session->n_files > mark.n_files)
        spk_npy_close(session->files[--session->n_files]);
    while (session->n_blocks > mark.n_blocks)
        spk__free(session->blocks[--session->n_blocks]);
    while (session->n_inputs > mark.n_inputs)
        spk__free(session->inputs[--session->n_inputs]);
    session->template_rows = NULL; /* made again if its block was freed */
}

spk_status spk__session_map(spk_context *ctx, spk_session *session, const char *folder,
                            const char *name, const spk_array **array, const char **path)
{
    char *full =
        folder == NULL ? spk__strdup(ctx, name) : spk__path_join(ctx, folder, name);
    if (full == NULL)
        return spk__fail_memory(ctx);
    spk_status status;
    if (session->n_files == SPK__SESSION_FILES)
        status = spk__fail(ctx, SPK_ERR_OVERFLOW, "a session keeps at most %d files",
                           SPK__SESSION_FILES);
    else
        status = spk_npy_open(ctx, full, &session->files[session->n_files]);
    if (status == SPK_OK) {
        int k = session->n_files++;
        session->arrays[k] = *spk_npy_array(session->files[k]);
        *array = &session->arrays[k];
        status = spk__session_add_input(ctx, session, full);
    }
    spk__free(full);
    if (status == SPK_OK && path != NULL)
        *path = session->inputs[session->n_inputs - 1];
    return status;
}

spk_status spk__session_map_rows(spk_context *ctx, spk_session *session,
                                 const char *folder, const char *name, int64_t n_rows,
                                 int64_t n_columns, const spk_array **out)
{
    const spk_array *array = NULL;
    const char *path = NULL;
    char shape[128];
    spk_status status = spk__session_map(ctx, session, folder, name, &array, &path);
    if (status != SPK_OK)
        return status;
    spk__array_shape_text(array, shape);
    if (spk_dtype_size(array->dtype) == 0)
        return spk__fail(ctx, SPK_ERR_FORMAT, "%s: expected numbers, found %s", path,
                         spk_dtype_name(array->dtype));
    if (n_columns == 0) {
        if ((status = spk__session_check_vector(ctx, path, array)) != SPK_OK)
            return status;
        if (n_rows >= 0 && array->n_elements != n_rows)
            return spk__fail(ctx, SPK_ERR_FORMAT, "%s: expected %lld values, found %lld",
                             path, (long long)n_rows, (long long)array->n_elements);
    } else if (array->n_dimensions != 2 || array->shape[1] != n_columns ||
               (n_rows >= 0 && array->shape[0] != n_rows)) {
        if (n_rows < 0)
            return spk__fail(ctx, SPK_ERR_FORMAT,
                             "%s: expected shape (n, %lld), found %s", path,
                             (long long)n_columns, shape);
        return spk__fail(ctx, SPK_ERR_FORMAT, "%s: expected shape (%lld, %lld), found %s",
                         path, (long long)n_rows, (long long)n_columns, shape);
    }
    *out = array;
    return SPK_OK;
}

/* ---- what the folder is ---- */

/* The folder of a file that was named instead; "." for a bare name. */
static char *parent_of(spk_context *ctx, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return spk__strdup(ctx, ".");
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    char *parent = spk__strdup(ctx, path);
    if (parent != NULL)
        parent[n] = '\0';
    return parent;
}

static int names_a_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    return strcmp(name, "params.py") == 0 ||
           (spk__ends_with(name, ".npy") &&
            (spk__starts_with(name, "spike_times") || spk__starts_with(name, "spikes.") ||
             strstr(name, "_spikes.") != NULL));
}

spk_status spk_session_open(spk_context *ctx, const char *path,
                            const spk_session_options *options, spk_session **session)
{
    SPK_REQUIRE(ctx, session != NULL, SPK_ERR_ARGUMENT, "session must not be NULL");
    *session = NULL;
    SPK_REQUIRE(ctx, path != NULL, SPK_ERR_ARGUMENT, "path must not be NULL");
    int is_file = spk__file_size(path) >= 0;
    SPK_REQUIRE(ctx, !is_file || names_a_folder(path), SPK_ERR_FORMAT,
                "%s: expected a folder, or params.py or spike times in it", path);

    spk__folder folder = {0};
    char *folder_path = is_file ? parent_of(ctx, path) : spk__strdup(ctx, path);
    spk_status status = folder_path == NULL ? spk__fail_memory(ctx)
                                            : spk__folder_read(ctx, folder_path, &folder);
    if (status != SPK_OK)
        goto cleanup;
    if (spk__folder_has(&folder, "spike_times.npy"))
        status = spk__session_open_kilosort(ctx, folder_path, &folder, options, session);
    else if (spk__is_alf(&folder))
        status = spk__session_open_alf(ctx, folder_path, &folder, options, session);
    else
        status =
            spk__fail(ctx, SPK_ERR_NOT_FOUND,
                      "%s: expected spike_times.npy (Kilosort, phy), spikes.times.npy or "
                      "spikes.samples.npy (ALF), found none of them",
                      folder_path);
cleanup:
    spk__folder_free(&folder);
    spk__free(folder_path);
    return status;
}

/* ---- accessors ---- */

const spk_spikes *spk_session_spikes(const spk_session *session)
{
    return session == NULL ? NULL : &session->spikes;
}

const int64_t *spk_session_unit_ids(const spk_session *session)
{
    return session == NULL ? NULL : session->unit_ids;
}

const char *spk_session_format(const spk_session *session)
{
    return session == NULL ? NULL : session->format;
}

const char *spk_session_path(const spk_session *session)
{
    return session == NULL ? NULL : session->path;
}

const spk_array *spk_session_amplitudes(const spk_session *session)
{
    return session == NULL ? NULL : session->amplitudes;
}

const spk_array *spk_session_spike_positions(const spk_session *session)
{
    return session == NULL ? NULL : session->spike_positions;
}

const spk_array *spk_session_spike_templates(const spk_session *session)
{
    return session == NULL ? NULL : session->spike_templates;
}

const spk_array *spk_session_channel_positions(const spk_session *session)
{
    return session == NULL ? NULL : session->channel_positions;
}

const spk_array *spk_session_channel_map(const spk_session *session)
{
    return session == NULL ? NULL : session->channel_map;
}

int64_t spk_session_n_inputs(const spk_session *session)
{
    return session == NULL ? 0 : session->n_inputs;
}

const char *spk_session_input_path(const spk_session *session, int64_t input)
{
    if (session == NULL || input < 0 || input >= session->n_inputs)
        return NULL;
    return session->inputs[input];
}
