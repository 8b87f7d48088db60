/* SPDX-License-Identifier: BSD-3-Clause */
/* The .npz of a run. Rows come in order and go to the file at once; the file appears under its
 * name when it is complete. */
#define _XOPEN_SOURCE 700

#include "correlogram_request.h"
#include "window_argument.h"

#include <spikekit/array.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

static const char NAME[] = "correlogram";

/* Counts are narrowed in blocks that stay in the nearest cache until they are written. */
enum {
    BLOCK_ELEMENTS = 1 << 15,
    COMPRESS_LEVEL = 6
};

/* Rows may arrive on another thread than the one that called, which may be using the request's
 * context: writing has a context of its own. */
typedef struct output_state {
    correlogram_request *request;
    spk_context *ctx;
    spk_npz_writer *writer;
    int32_t block[BLOCK_ELEMENTS];
    double *values; /* [n_bins] */
    int failed;     /* the message is in ctx, not in request->ctx */
} output_state;

static spk_status append(output_state *out, const void *data, size_t n_bytes)
{
    const spk_status status = spk_npz_writer_append(out->ctx, out->writer, data, n_bytes);
    out->failed = out->failed || status != SPK_OK;
    return status;
}

static spk_status append_counts(void *user, int64_t row, const int64_t *counts)
{
    output_state *out = user;
    const correlogram_request *request = out->request;
    const size_t n = (size_t)request->n_columns * (size_t)request->options.n_bins;
    (void)row;
    if (command_interrupted())
        return SPK_ERR_CANCELLED;
    if (request->dtype == SPK_DTYPE_INT64)
        return append(out, counts, n * sizeof *counts);
    for (size_t first = 0; first < n; first += BLOCK_ELEMENTS) {
        const size_t m = n - first < BLOCK_ELEMENTS ? n - first : BLOCK_ELEMENTS;
        uint64_t all = 0;
        for (size_t i = 0; i < m; i++) {
            all |= (uint64_t)counts[first + i];
            out->block[i] = (int32_t)counts[first + i];
        }
        if (all > INT32_MAX) /* the bound of choose_dtype() would be wrong */
            return SPK_ERR_OVERFLOW;
        const spk_status status = append(out, out->block, m * sizeof out->block[0]);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

static spk_status append_values(void *user, int64_t row, const int64_t *counts)
{
    output_state *out = user;
    const correlogram_request *request = out->request;
    const size_t n_bins = (size_t)request->options.n_bins;
    const int swapped = request->options.convention == SPK_CORRELOGRAM_SPIKEINTERFACE;
    const int32_t *references = request->references, *targets = request->targets;
    for (int64_t column = 0; column < request->n_columns; column++) {
        int64_t first = row, second = row; /* autocorrelograms */
        if (request->layout == CORRELOGRAM_PAIRS) {
            first = request->pairs[row][0];
            second = request->pairs[row][1];
        } else if (request->layout == CORRELOGRAM_CUBE) {
            second = column;
        }
        int64_t reference = swapped ? second : first;
        int64_t target = swapped ? first : second;
        if (references != NULL)
            reference = references[reference];
        if (targets != NULL)
            target = targets[target];
        spk_status status = spk_correlogram_normalize(
            out->ctx, &request->selection.spikes, &request->options,
            request->normalization, request->spikes_in_epochs[reference],
            request->spikes_in_epochs[target], request->exposure_s,
            counts + (size_t)column * n_bins, out->values);
        out->failed = out->failed || status != SPK_OK;
        if (status == SPK_OK)
            status = append(out, out->values, n_bins * sizeof *out->values);
        if (status != SPK_OK)
            return status;
    }
    return command_interrupted() ? SPK_ERR_CANCELLED : SPK_OK;
}

static spk_status begin_rows(output_state *out, const char *member, int32_t dtype)
{
    const correlogram_request *request = out->request;
    int64_t shape[3] = {request->last - request->first, request->n_columns,
                        request->options.n_bins};
    int32_t n_dimensions = 3;
    if (request->layout != CORRELOGRAM_CUBE) {
        shape[1] = shape[2];
        n_dimensions = 2;
    }
    const spk_status status =
        spk_npz_writer_begin(out->ctx, out->writer, member, dtype, n_dimensions, shape);
    out->failed = out->failed || status != SPK_OK;
    return status;
}

static spk_status add(output_state *out, const char *member, int32_t dtype, int64_t n,
                      int64_t width, const void *data)
{
    spk_array array;
    memset(&array, 0, sizeof array);
    array.dtype = dtype;
    array.n_dimensions = width > 1 ? 2 : 1;
    for (int d = 0; d < SPK_ARRAY_MAX_DIMENSIONS; d++)
        array.shape[d] = 1;
    array.shape[0] = n;
    array.shape[1] = width;
    array.n_elements = n * width;
    array.item_size = spk_dtype_size(dtype);
    array.data = data;
    const spk_status status = spk_npz_writer_add(out->ctx, out->writer, member, &array);
    out->failed = out->failed || status != SPK_OK;
    return status;
}

static spk_status add_pairs(output_state *out)
{
    const correlogram_request *request = out->request;
    int64_t *ids = malloc(((size_t)request->n_pairs + 1) * 2 * sizeof *ids);
    if (ids == NULL)
        return SPK_ERR_MEMORY;
    for (int64_t p = 0; p < request->n_pairs; p++)
        for (int side = 0; side < 2; side++)
            ids[2 * p + side] = request->selection.unit_ids[request->pairs[p][side]];
    const spk_status status =
        add(out, "pairs", SPK_DTYPE_INT64, request->n_pairs, 2, ids);
    free(ids);
    return status;
}

#define TRY(call)                                                                        \
    do {                                                                                 \
        if ((status = (call)) != SPK_OK)                                                 \
            goto cleanup;                                                                \
    } while (0)

/* Everything but the rows; correlogram_join() copies these in the same order. */
static spk_status add_the_rest(output_state *out)
{
    correlogram_request *request = out->request;
    const int64_t n_bins = request->options.n_bins;
    const int64_t n_units = request->reference_ids != NULL
                                ? request->options.n_references
                                : request->selection.spikes.n_units;
    const int64_t rows[2] = {request->first, request->last};
    const int64_t shard[2] = {request->shard, request->n_shards};
    char *meta = NULL;
    spk_status status = SPK_OK;
    double *lags_s = malloc((size_t)n_bins * sizeof *lags_s);
    if (lags_s == NULL)
        return SPK_ERR_MEMORY;
    TRY(spk_correlogram_lags(request->ctx, &request->options,
                             request->selection.spikes.sampling_rate_hz, lags_s));
    TRY(add(out, "lags_s", SPK_DTYPE_FLOAT64, n_bins, 1, lags_s));
    TRY(add(out, "unit_ids", SPK_DTYPE_INT64, n_units, 1,
            request->reference_ids != NULL ? request->reference_ids
                                           : request->selection.unit_ids));
    if (request->target_ids != NULL)
        TRY(add(out, "target_unit_ids", SPK_DTYPE_INT64, request->options.n_targets, 1,
                request->target_ids));
    if (request->layout == CORRELOGRAM_PAIRS)
        TRY(add_pairs(out));
    TRY(add(out, "exposure_s", SPK_DTYPE_FLOAT64, n_bins, 1, request->exposure_s));
    if (request->n_shards > 1) {
        TRY(add(out, "rows", SPK_DTYPE_INT64, 2, 1, rows));
        TRY(add(out, "shard", SPK_DTYPE_INT64, 2, 1, shard));
    }
    TRY(correlogram_request_meta(request, &meta));
    status = spk_npz_writer_add_text(out->ctx, out->writer, "meta", meta);
    out->failed = out->failed || status != SPK_OK;
cleanup:
    free(meta);
    free(lags_s);
    return status;
}

int correlogram_output_room(const char *path, double n_bytes)
{
    char *folder = malloc(strlen(path) + 2);
    struct statvfs room;
    if (folder == NULL)
        return COMMAND_OK; /* writing will tell */
    strcpy(folder, path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        strcpy(folder, ".");
    else
        slash[slash == folder] = '\0';
    int code = COMMAND_OK;
    if (statvfs(folder, &room) == 0) {
        const double available = (double)room.f_bavail * (double)room.f_frsize;
        if (available < n_bytes) {
            command_say(NAME, "%s: needs %.2f GB, the disk has %.2f GB left", path,
                        n_bytes * 1e-9, available * 1e-9);
            code = COMMAND_FAILED;
        }
    }
    free(folder);
    return code;
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

/* "ccg.npz: 403 x 403 units, 201 bins of 0.5 ms" */
static void tell(const correlogram_request *request)
{
    const int64_t n_bins = request->options.n_bins;
    const correlogram_arguments *a = request->arguments;
    char rows[96], shard[64] = "";
    window_argument_note(NAME, request->selection.spikes.sampling_rate_hz, a->window_ms,
                         a->bin_ms, &request->options);
    if (request->layout == CORRELOGRAM_CUBE)
        snprintf(rows, sizeof rows, "%lld x %lld unit%s", (long long)request->n_rows,
                 (long long)request->n_columns,
                 request->n_rows == 1 ? plural(request->n_columns) : "s");
    else
        snprintf(rows, sizeof rows, "%lld %s%s", (long long)request->n_rows,
                 request->layout == CORRELOGRAM_AUTO ? "unit" : "pair",
                 plural(request->n_rows));
    if (request->n_shards > 1)
        snprintf(shard, sizeof shard, "part %lld of %lld of ", (long long)request->shard,
                 (long long)request->n_shards);
    command_note(NAME, "%s: %s%s, %lld bin%s of %.4g ms", a->output, shard, rows,
                 (long long)n_bins, plural(n_bins),
                 1e3 * window_argument_bin_s(&request->options,
                                             request->selection.spikes.sampling_rate_hz));
}

int correlogram_output_write(correlogram_request *request)
{
    const char *path = request->arguments->output;
    const double elements = (double)(request->last - request->first) *
                            (double)request->n_columns * (double)request->options.n_bins;
    const int normalized = request->normalization != SPK_CORRELOGRAM_COUNT;
    const double width = spk_dtype_size(request->dtype) + (normalized ? 8 : 0);
    int code = COMMAND_OK;
    if (!request->arguments->compress)
        code = correlogram_output_room(path, elements * width);
    if (code != COMMAND_OK)
        return code;

    spk_status status = SPK_OK;
    output_state *out = calloc(1, sizeof *out);
    if (out == NULL) {
        command_say(NAME, "not enough memory");
        return COMMAND_FAILED;
    }
    out->request = request;
    TRY(spk_context_create(&out->ctx));
    out->values = malloc((size_t)request->options.n_bins * sizeof *out->values);
    if (out->values == NULL)
        TRY(SPK_ERR_MEMORY);
    out->failed = 1;
    TRY(spk_npz_writer_create(
        out->ctx, path, request->arguments->compress ? COMPRESS_LEVEL : 0, &out->writer));
    out->failed = 0;
    TRY(begin_rows(out, "counts", request->dtype));
    TRY(correlogram_request_rows(request, append_counts, out));
    if (normalized) {
        TRY(begin_rows(out, "values", SPK_DTYPE_FLOAT64));
        TRY(correlogram_request_rows(request, append_values, out));
    }
    TRY(add_the_rest(out));
    out->failed = 1;
    TRY(command_interrupted() ? SPK_ERR_CANCELLED : SPK_OK);
    TRY(spk_npz_writer_finish(out->ctx, out->writer));
cleanup:
    if (status != SPK_OK)
        code = command_fail(NAME, out->failed ? out->ctx : request->ctx, status);
    else
        tell(request);
    spk_npz_writer_destroy(out->writer);
    spk_context_destroy(out->ctx);
    free(out->values);
    free(out);
    return code;
}
