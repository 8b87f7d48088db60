/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/npy_header.h"
#include "files/write_file.h"

struct spk_npy_writer {
    spk__write_file *file; /* NULL once finished */
    size_t n_expected;     /* bytes of data */
    size_t n_appended;
};

static spk_status create(spk_context *ctx, const char *path, const spk_array *array,
                         spk_npy_writer **out)
{
    char header[SPK__NPY_HEADER_SIZE];
    spk_npy_writer *writer = spk__alloc_zero(ctx, 1, sizeof *writer);
    if (writer == NULL)
        return spk__fail_memory(ctx);
    writer->n_expected = spk__array_bytes(array);
    size_t n_header = spk__npy_format_header(array, header);
    spk_status status = spk__write_open(ctx, path, &writer->file);
    if (status == SPK_OK)
        status = spk__write_append(ctx, writer->file, header, n_header);
    if (status != SPK_OK) {
        spk_npy_writer_destroy(writer);
        return status;
    }
    *out = writer;
    return SPK_OK;
}

spk_status spk_npy_writer_create(spk_context *ctx, const char *path, int32_t dtype,
                                 int32_t n_dimensions, const int64_t *shape,
                                 spk_npy_writer **writer)
{
    spk_array array;
    SPK_REQUIRE(ctx, writer != NULL, SPK_ERR_ARGUMENT, "writer must not be NULL");
    *writer = NULL;
    SPK_REQUIRE(ctx, path != NULL, SPK_ERR_ARGUMENT, "path must not be NULL");
    SPK_REQUIRE(ctx, spk_dtype_size(dtype) > 0, SPK_ERR_ARGUMENT,
                "dtype must be one of numbers, got %d", (int)dtype);
    spk_status status = spk__array_describe(ctx, dtype, 0, n_dimensions, shape, &array);
    return status == SPK_OK ? create(ctx, path, &array, writer) : status;
}

spk_status spk_npy_writer_append(spk_context *ctx, spk_npy_writer *writer,
                                 const void *data, size_t n_bytes)
{
    SPK_REQUIRE(ctx, writer != NULL && writer->file != NULL, SPK_ERR_ARGUMENT,
                "writer must be one that is not finished");
    SPK_REQUIRE(ctx, data != NULL || n_bytes == 0, SPK_ERR_ARGUMENT,
                "data must not be NULL");
    SPK_REQUIRE(ctx, n_bytes <= writer->n_expected - writer->n_appended, SPK_ERR_ARGUMENT,
                "the shape holds %zu more bytes, got %zu",
                writer->n_expected - writer->n_appended, n_bytes);
    spk_status status = spk__write_append(ctx, writer->file, data, n_bytes);
    if (status == SPK_OK)
        writer->n_appended += n_bytes;
    return status;
}

spk_status spk_npy_writer_finish(spk_context *ctx, spk_npy_writer *writer)
{
    SPK_REQUIRE(ctx, writer != NULL && writer->file != NULL, SPK_ERR_ARGUMENT,
                "writer must be one that is not finished");
    SPK_REQUIRE(ctx, writer->n_appended == writer->n_expected, SPK_ERR_ARGUMENT,
                "the shape holds %zu more bytes",
                writer->n_expected - writer->n_appended);
    spk__write_file *file = writer->file;
    writer->file = NULL;
    return spk__write_finish(ctx, file);
}

void spk_npy_writer_destroy(spk_npy_writer *writer)
{
    if (writer == NULL)
        return;
    spk__write_discard(writer->file);
    spk__free(writer);
}

spk_status spk_npy_write(spk_context *ctx, const char *path, const spk_array *array)
{
    SPK_REQUIRE(ctx, path != NULL, SPK_ERR_ARGUMENT, "path must not be NULL");
    spk_npy_writer *writer = NULL;
    void *plain = NULL;
    spk_status status = spk__array_check(ctx, array);
    if (status != SPK_OK)
        return status;
    const void *data = array->data;
    if (!spk__array_is_plain(array)) {
        plain = spk__alloc(ctx, (int64_t)spk__array_bytes(array), 1);
        if (plain == NULL)
            return spk__fail_memory(ctx);
        spk__array_copy_plain(array, plain);
        data = plain;
    }
    if ((status = create(ctx, path, array, &writer)) != SPK_OK ||
        (status = spk_npy_writer_append(ctx, writer, data, spk__array_bytes(array))) !=
            SPK_OK)
        goto cleanup;
    status = spk_npy_writer_finish(ctx, writer);
cleanup:
    spk_npy_writer_destroy(writer);
    spk__free(plain);
    return status;
}
