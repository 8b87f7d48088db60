/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "convert_output.h"
#include "command.h"
#include "folder_output.h"

#include <errno.h>
#include <spikekit/array.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char NAME[] = "convert";

#define TRY(call)                                                                        \
    do {                                                                                 \
        if ((status = (call)) != SPK_OK)                                                 \
            goto cleanup;                                                                \
    } while (0)

/* The rows of an array [spikes of the session][width] that belong to chosen spikes, as double;
 * *out stays NULL where there is no array. The caller frees. */
static spk_status gather_double(spk_context *ctx, const convert_data *data,
                                const spk_array *array, int64_t width, double **out)
{
    *out = NULL;
    if (array == NULL)
        return SPK_OK;
    const int64_t n = data->spikes.n_spikes;
    double *all = malloc(((size_t)array->n_elements + 1) * sizeof *all);
    double *chosen = malloc(((size_t)n * (size_t)width + 1) * sizeof *chosen);
    spk_status status = SPK_ERR_MEMORY;
    if (all != NULL && chosen != NULL)
        status = spk_array_to_double(ctx, array, all);
    if (status == SPK_OK) {
        for (int64_t s = 0; s < n; s++)
            for (int64_t c = 0; c < width; c++)
                chosen[s * width + c] = all[data->indices[s] * width + c];
        *out = chosen;
        chosen = NULL;
    }
    free(all);
    free(chosen);
    return status;
}

/* ---- phy ---- */

static spk_status write_phy_files(spk_context *ctx, const char *folder, int32_t overwrite,
                                  const convert_data *data)
{
    spk_phy_extras extras;
    spk_phy_extras_init(&extras, sizeof extras);
    const int64_t n = data->spikes.n_spikes;
    const spk_array *channels = spk_session_channel_positions(data->session);
    double *amplitudes = NULL, *positions = NULL, *channel_positions = NULL;
    float *narrow = NULL;
    const char **labels = NULL;
    spk_status status = SPK_OK;
    TRY(gather_double(ctx, data, spk_session_amplitudes(data->session), 1, &amplitudes));
    TRY(gather_double(ctx, data, spk_session_spike_positions(data->session), 2,
                      &positions));
    if (positions != NULL) {
        narrow = malloc(((size_t)n * 2 + 1) * sizeof *narrow);
        if (narrow == NULL)
            TRY(SPK_ERR_MEMORY);
        for (int64_t i = 0; i < 2 * n; i++)
            narrow[i] = (float)positions[i];
    }
    if (channels != NULL) {
        channel_positions =
            malloc(((size_t)channels->n_elements + 1) * sizeof *channel_positions);
        if (channel_positions == NULL)
            TRY(SPK_ERR_MEMORY);
        TRY(spk_array_to_double(ctx, channels, channel_positions));
    }
    labels = malloc(((size_t)data->spikes.n_units + 1) * sizeof *labels);
    if (labels == NULL)
        TRY(SPK_ERR_MEMORY);
    int known = 0;
    for (int64_t u = 0; u < data->spikes.n_units; u++) {
        labels[u] = spk_session_quality(data->session, data->places[u]);
        known = known || strcmp(labels[u], "unsorted") != 0;
    }
    extras.amplitudes = amplitudes;
    extras.spike_positions_um = narrow;
    extras.channel_positions_um = channel_positions;
    extras.n_channels = channels != NULL ? channels->shape[0] : 0;
    extras.labels = known ? labels : NULL;
    TRY(spk_phy_write(ctx, folder, &data->spikes, data->unit_ids, &extras, overwrite));
    if (command_interrupted())
        status = SPK_ERR_CANCELLED;
cleanup:
    free(amplitudes);
    free(positions);
    free(channel_positions);
    free(narrow);
    free(labels);
    return status;
}

static int write_phy(spk_context *ctx, const char *path, int32_t overwrite,
                     const convert_data *data)
{
    folder_output folder;
    int code = folder_output_begin(NAME, path, overwrite, &folder);
    if (code != COMMAND_OK)
        return code;
    const spk_status status = write_phy_files(ctx, folder.path, overwrite, data);
    code = status == SPK_OK ? folder_output_commit(NAME, &folder)
                            : command_fail(NAME, ctx, status);
    folder_output_end(&folder);
    return code;
}

/* ---- npz and npy ---- */

static spk_array make_array(int32_t dtype, int64_t n, int64_t width, const void *data)
{
    spk_array array;
    memset(&array, 0, sizeof array);
    array.dtype = dtype;
    array.n_dimensions = n < 0 ? 0 : width > 1 ? 2 : 1;
    for (int d = 0; d < SPK_ARRAY_MAX_DIMENSIONS; d++)
        array.shape[d] = 1;
    if (n >= 0) {
        array.shape[0] = n;
        array.shape[1] = width;
    }
    array.n_elements = array.shape[0] * array.shape[1];
    array.item_size = spk_dtype_size(dtype);
    array.data = data;
    return array;
}

/* n < 0: a single value without dimensions */
static spk_status add(spk_context *ctx, spk_npz_writer *writer, const char *name,
                      int32_t dtype, int64_t n, int64_t width, const void *data)
{
    const spk_array array = make_array(dtype, n, width, data);
    return spk_npz_writer_add(ctx, writer, name, &array);
}

/* The qualities as one text, a line for each unit. */
static spk_status add_quality(spk_context *ctx, spk_npz_writer *writer,
                              const convert_data *data)
{
    enum {
        LONGEST = 12
    };
    char *text = malloc((size_t)data->spikes.n_units * LONGEST + 1);
    if (text == NULL)
        return SPK_ERR_MEMORY;
    size_t used = 0;
    text[0] = '\0';
    for (int64_t u = 0; u < data->spikes.n_units; u++)
        used += (size_t)snprintf(text + used, LONGEST, "%s%s", u > 0 ? "\n" : "",
                                 spk_session_quality(data->session, data->places[u]));
    const spk_status status = spk_npz_writer_add_text(ctx, writer, "quality", text);
    free(text);
    return status;
}

static spk_status write_npz(spk_context *ctx, const char *path, const convert_data *data)
{
    const spk_spikes *spikes = &data->spikes;
    spk_npz_writer *writer = NULL;
    double *amplitudes = NULL, *positions = NULL;
    spk_status status = SPK_OK;
    const int64_t n = spikes->n_spikes;
    TRY(gather_double(ctx, data, spk_session_amplitudes(data->session), 1, &amplitudes));
    TRY(gather_double(ctx, data, spk_session_spike_positions(data->session), 2,
                      &positions));
    TRY(spk_npz_writer_create(ctx, path, 0, &writer));
    TRY(add(ctx, writer, "samples", SPK_DTYPE_INT64, n, 1, spikes->samples));
    TRY(add(ctx, writer, "units", SPK_DTYPE_INT32, n, 1, spikes->units));
    TRY(add(ctx, writer, "unit_ids", SPK_DTYPE_INT64, spikes->n_units, 1,
            data->unit_ids));
    TRY(add_quality(ctx, writer, data));
    TRY(add(ctx, writer, "sampling_rate_hz", SPK_DTYPE_FLOAT64, -1, 1,
            &spikes->sampling_rate_hz));
    TRY(add(ctx, writer, "start_sample", SPK_DTYPE_INT64, -1, 1, &spikes->start_sample));
    TRY(add(ctx, writer, "stop_sample", SPK_DTYPE_INT64, -1, 1, &spikes->stop_sample));
    if (amplitudes != NULL)
        TRY(add(ctx, writer, "amplitudes", SPK_DTYPE_FLOAT64, n, 1, amplitudes));
    if (positions != NULL)
        TRY(add(ctx, writer, "spike_positions_um", SPK_DTYPE_FLOAT64, n, 2, positions));
    if (command_interrupted())
        TRY(SPK_ERR_CANCELLED);
    TRY(spk_npz_writer_finish(ctx, writer));
cleanup:
    spk_npz_writer_destroy(writer);
    free(amplitudes);
    free(positions);
    return status;
}

static spk_status write_npy_pair(spk_context *ctx, const char *path,
                                 const convert_data *data)
{
    const int64_t n = data->spikes.n_spikes;
    const size_t size = strlen(path) + sizeof ".clusters.npy";
    char *times_path = malloc(size), *clusters_path = malloc(size);
    int64_t *ids = malloc(((size_t)n + 1) * sizeof *ids);
    spk_status status = SPK_ERR_MEMORY;
    int made = 0;
    if (times_path == NULL || clusters_path == NULL || ids == NULL)
        goto cleanup;
    snprintf(times_path, size, "%s.times.npy", path);
    snprintf(clusters_path, size, "%s.clusters.npy", path);
    for (int64_t s = 0; s < n; s++)
        ids[s] = data->unit_ids[data->spikes.units[s]];
    const spk_array times = make_array(SPK_DTYPE_INT64, n, 1, data->spikes.samples);
    const spk_array clusters = make_array(SPK_DTYPE_INT64, n, 1, ids);
    TRY(spk_npy_write(ctx, times_path, &times));
    made = 1;
    if (command_interrupted())
        TRY(SPK_ERR_CANCELLED);
    TRY(spk_npy_write(ctx, clusters_path, &clusters));
cleanup:
    if (status != SPK_OK && made)
        (void)unlink(times_path); /* half a pair is of no use */
    free(times_path);
    free(clusters_path);
    free(ids);
    return status;
}

/* ---- text ---- */

static int print_rows(FILE *file, char separator, const convert_data *data)
{
    const spk_spikes *spikes = &data->spikes;
    fprintf(file, "time_s%csample%cunit_id\n", separator, separator);
    for (int64_t s = 0; s < spikes->n_spikes; s++) {
        if (s % 4096 == 0 && (command_interrupted() || ferror(file)))
            break;
        fprintf(file, "%.9f%c%lld%c%lld\n",
                (double)spikes->samples[s] / spikes->sampling_rate_hz, separator,
                (long long)spikes->samples[s], separator,
                (long long)data->unit_ids[spikes->units[s]]);
    }
    return !ferror(file) && !command_interrupted();
}

static int fail_text(const char *path, int error)
{
    if (command_interrupted()) {
        command_say(NAME, "interrupted; nothing was written");
        return COMMAND_INTERRUPTED;
    }
    command_say(NAME, "%s: %s", path, strerror(error));
    return COMMAND_FAILED;
}

static int write_text(const char *path, char separator, const convert_data *data)
{
    if (strcmp(path, "-") == 0) {
        (void)print_rows(stdout, separator, data);
        return command_interrupted() ? COMMAND_INTERRUPTED
                                     : COMMAND_OK; /* main() checks */
    }
    const size_t size = strlen(path) + sizeof ".part-XXXXXX";
    char *beside = malloc(size);
    if (beside == NULL) {
        command_say(NAME, "not enough memory");
        return COMMAND_FAILED;
    }
    snprintf(beside, size, "%s.part-XXXXXX", path);
    const int descriptor = mkstemp(beside);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (file == NULL) {
        const int code = fail_text(path, errno);
        if (descriptor >= 0) {
            close(descriptor);
            (void)unlink(beside);
        }
        free(beside);
        return code;
    }
    const mode_t mask = umask(0);
    umask(mask);
    (void)fchmod(descriptor, 0666 & ~mask);
    int ok = print_rows(file, separator, data);
    int error = errno;
    if (fclose(file) != 0 && ok) {
        ok = 0;
        error = errno;
    }
    if (ok && rename(beside, path) != 0) {
        ok = 0;
        error = errno;
    }
    if (!ok)
        (void)unlink(beside);
    free(beside);
    return ok ? COMMAND_OK : fail_text(path, error);
}

int convert_output_knows(const char *format)
{
    static const char *const formats[] = {"phy", "npz", "npy-pair", "tsv", "csv"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i], format) == 0)
            return 1;
    return 0;
}

int convert_output_write(spk_context *ctx, const char *format, const char *path,
                         int32_t overwrite, const convert_data *data)
{
    spk_status status = SPK_OK;
    if (strcmp(format, "phy") == 0)
        return write_phy(ctx, path, overwrite, data);
    if (strcmp(format, "tsv") == 0 || strcmp(format, "csv") == 0)
        return write_text(path, format[0] == 'c' ? ',' : '\t', data);
    if (strcmp(format, "npz") == 0)
        status = write_npz(ctx, path, data);
    else
        status = write_npy_pair(ctx, path, data);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, ctx, status);
}
