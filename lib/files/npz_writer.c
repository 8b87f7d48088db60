/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A member is written as it comes: its sizes are known from its shape, so that the header can
 * stand before the data and only the checksum (and the size after deflate) is filled in later.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/npy_header.h"
#include "files/npz_memory.h"
#include "files/utf8.h"
#include "files/write_file.h"
#include "files/zip_format.h"

#include <string.h>
#include <zlib.h>

enum {
    PIECE_SIZE = 256 << 10,
    ALIGNMENT = 64,
    HEADER_ROOM = 20 + 4 + ALIGNMENT
};

/* From here on a member gets 64-bit sizes. Deflate may add 5 bytes a block of 16 KB or so. */
static const uint64_t LARGE_SIZE = 0xf0000000, FAR_OFFSET = UINT32_MAX;

typedef struct member {
    char *name; /* with ".npy" */
    uint64_t offset;
    uint64_t size; /* header and data */
    uint64_t packed_size;
    uint32_t crc;
} member;

struct spk_npz_writer {
    spk__write_file *file; /* NULL once finished */
    int deflate;
    int has_stream;
    z_stream stream;
    uint8_t *packed; /* [PIECE_SIZE] when deflating */
    member *members;
    int64_t n_members;
    int64_t capacity;
    uint64_t missing; /* bytes of the last member still to come */
    int is_open;      /* the last member is not closed */
    int always_64;    /* for tests: 64-bit sizes everywhere */
    int failed;       /* a write failed: the archive cannot be finished */
};

static int is_large(const spk_npz_writer *writer, const member *m)
{
    return writer->always_64 || m->size >= LARGE_SIZE;
}

static int is_far(const spk_npz_writer *writer, uint64_t offset)
{
    return writer->always_64 || offset >= FAR_OFFSET;
}

void spk__npz_writer_force_zip64(spk_npz_writer *writer)
{
    writer->always_64 = 1;
}

static void *allocate(void *ctx, unsigned count, unsigned size)
{
    return spk__alloc_zero(ctx, count, size);
}

static void release(void *ctx, void *block)
{
    (void)ctx;
    spk__free(block);
}

spk_status spk_npz_writer_create(spk_context *ctx, const char *path, int32_t deflate,
                                 spk_npz_writer **out)
{
    SPK_REQUIRE(ctx, out != NULL, SPK_ERR_ARGUMENT, "writer must not be NULL");
    *out = NULL;
    SPK_REQUIRE(ctx, path != NULL, SPK_ERR_ARGUMENT, "path must not be NULL");
    SPK_REQUIRE(ctx, deflate >= 0 && deflate <= 9, SPK_ERR_ARGUMENT,
                "deflate must be in 0 .. 9, got %d", (int)deflate);
    spk_npz_writer *writer = spk__alloc_zero(ctx, 1, sizeof *writer);
    if (writer == NULL)
        return spk__fail_memory(ctx);
    writer->deflate = deflate;
    spk_status status = spk__write_open(ctx, path, &writer->file);
    if (status == SPK_OK && deflate > 0) {
        writer->stream.zalloc = allocate;
        writer->stream.zfree = release;
        writer->stream.opaque = ctx;
        writer->packed = spk__alloc(ctx, PIECE_SIZE, 1);
        if (writer->packed == NULL ||
            deflateInit2(&writer->stream, deflate, Z_DEFLATED, -MAX_WBITS, 8,
                         Z_DEFAULT_STRATEGY) != Z_OK)
            status = spk__fail_memory(ctx);
        else
            writer->has_stream = 1;
    }
    if (status != SPK_OK) {
        spk_npz_writer_destroy(writer);
        return status;
    }
    *out = writer;
    return SPK_OK;
}

void spk_npz_writer_destroy(spk_npz_writer *writer)
{
    if (writer == NULL)
        return;
    spk__write_discard(writer->file);
    if (writer->has_stream)
        deflateEnd(&writer->stream);
    for (int64_t k = 0; k < writer->n_members; k++)
        spk__free(writer->members[k].name);
    spk__free(writer->members);
    spk__free(writer->packed);
    spk__free(writer);
}

/* Deflates what the stream holds as input and writes it. */
static spk_status write_packed(spk_context *ctx, spk_npz_writer *writer, int flush)
{
    member *m = &writer->members[writer->n_members - 1];
    int result;
    writer->stream.opaque = ctx;
    do {
        writer->stream.next_out = writer->packed;
        writer->stream.avail_out = PIECE_SIZE;
        result = deflate(&writer->stream, flush);
        size_t n = PIECE_SIZE - writer->stream.avail_out;
        spk_status status = spk__write_append(ctx, writer->file, writer->packed, n);
        if (status != SPK_OK)
            return status;
        m->packed_size += n;
    } while (writer->stream.avail_out == 0 || (flush == Z_FINISH && result == Z_OK));
    return SPK_OK;
}

static spk_status append(spk_context *ctx, spk_npz_writer *writer, const void *data,
                         size_t n_bytes)
{
    member *m = &writer->members[writer->n_members - 1];
    const uint8_t *bytes = data;
    /* In pieces that stay in the cache between checksum and copy. */
    while (n_bytes > 0) {
        size_t n = n_bytes < PIECE_SIZE ? n_bytes : PIECE_SIZE;
        spk_status status;
        m->crc = (uint32_t)crc32(m->crc, bytes, (uInt)n);
        if (writer->has_stream) {
            writer->stream.next_in = (Bytef *)(uintptr_t)bytes;
            writer->stream.avail_in = (uInt)n;
            status = write_packed(ctx, writer, Z_NO_FLUSH);
        } else {
            status = spk__write_append(ctx, writer->file, bytes, n);
            m->packed_size += n;
        }
        if (status != SPK_OK) {
            writer->failed = 1;
            return status;
        }
        writer->missing -= n;
        bytes += n;
        n_bytes -= n;
    }
    return SPK_OK;
}

/* Fields that local and central header share, from version needed to the packed size. */
static uint8_t *put_common(uint8_t *at, const spk_npz_writer *writer, const member *m)
{
    uint64_t sizes[2] = {m->packed_size, m->size};
    at = spk__zip_put(at, 2, is_large(writer, m) ? 45 : 20);
    at = spk__zip_put(at, 2, SPK__ZIP_FLAG_UTF8);
    at = spk__zip_put(at, 2, writer->has_stream ? SPK__ZIP_DEFLATED : SPK__ZIP_STORED);
    at = spk__zip_put(at, 4, 0x00210000); /* 1980-01-01, the format's first day */
    at = spk__zip_put(at, 4, m->crc);
    for (int k = 0; k < 2; k++)
        at = spk__zip_put(at, 4, is_large(writer, m) ? UINT32_MAX : sizes[k]);
    return spk__zip_put(at, 2, strlen(m->name));
}

/* Header, name and extra fields of the last member, whose crc and packed size may be
 * provisional: a second call gives as many bytes. Padding brings the data to a multiple
 * of 64. */
static size_t format_local(const spk_npz_writer *writer,
                           uint8_t header[SPK__ZIP_LOCAL_SIZE],
                           uint8_t extra[HEADER_ROOM])
{
    const member *m = &writer->members[writer->n_members - 1];
    uint8_t *at = extra;
    if (is_large(writer, m)) {
        at = spk__zip_put(at, 2, SPK__ZIP_EXTRA_64);
        at = spk__zip_put(at, 2, 16);
        at = spk__zip_put(at, 8, m->size);
        at = spk__zip_put(at, 8, m->packed_size);
    }
    if (!writer->has_stream) {
        uint64_t data = m->offset + SPK__ZIP_LOCAL_SIZE + strlen(m->name) +
                        (uint64_t)(at - extra) + 4;
        uint64_t padding = (ALIGNMENT - data % ALIGNMENT) % ALIGNMENT;
        at = spk__zip_put(at, 2, SPK__ZIP_EXTRA_PADDING);
        at = spk__zip_put(at, 2, padding);
        memset(at, 0, (size_t)padding);
        at += padding;
    }
    uint8_t *h = spk__zip_put(header, 4, SPK__ZIP_LOCAL);
    h = put_common(h, writer, m);
    spk__zip_put(h, 2, (uint64_t)(at - extra));
    return (size_t)(at - extra);
}

static spk_status close_member(spk_context *ctx, spk_npz_writer *writer)
{
    uint8_t header[SPK__ZIP_LOCAL_SIZE], extra[HEADER_ROOM];
    spk_status status = SPK_OK;
    if (!writer->is_open)
        return SPK_OK;
    const member *m = &writer->members[writer->n_members - 1];
    SPK_REQUIRE(ctx, writer->missing == 0, SPK_ERR_ARGUMENT,
                "%s: the shape holds %llu more bytes", m->name,
                (unsigned long long)writer->missing);
    if (writer->has_stream) {
        writer->stream.avail_in = 0;
        status = write_packed(ctx, writer, Z_FINISH);
        if (status == SPK_OK)
            (void)deflateReset(&writer->stream);
    }
    size_t n_extra = format_local(writer, header, extra);
    int64_t offset = (int64_t)m->offset;
    if (status == SPK_OK)
        status = spk__write_at(ctx, writer->file, offset, header, sizeof header);
    if (status == SPK_OK)
        status = spk__write_at(ctx, writer->file,
                               offset + SPK__ZIP_LOCAL_SIZE + (int64_t)strlen(m->name),
                               extra, n_extra);
    writer->is_open = 0;
    writer->failed |= status != SPK_OK;
    return status;
}

static spk_status check_name(spk_context *ctx, const spk_npz_writer *writer,
                             const char *name)
{
    SPK_REQUIRE(ctx, name != NULL, SPK_ERR_ARGUMENT, "name must not be NULL");
    SPK_REQUIRE(ctx, spk__zip_name_is_safe(name, strlen(name)), SPK_ERR_ARGUMENT,
                "name must be a relative path in UTF-8, got '%s'", name);
    for (int64_t k = 0; k < writer->n_members; k++) {
        const char *used = writer->members[k].name;
        SPK_REQUIRE(ctx,
                    strncmp(used, name, strlen(name)) != 0 ||
                        strcmp(used + strlen(name), ".npy") != 0,
                    SPK_ERR_ARGUMENT, "name must be new, got '%s' again", name);
    }
    return SPK_OK;
}

static spk_status add_member(spk_context *ctx, spk_npz_writer *writer, const char *name)
{
    if (writer->n_members == writer->capacity) {
        int64_t capacity = 2 * writer->capacity + 8;
        member *members = spk__realloc(ctx, writer->members, capacity, sizeof *members);
        if (members == NULL)
            return spk__fail_memory(ctx);
        writer->members = members;
        writer->capacity = capacity;
    }
    size_t n = strlen(name);
    char *with_ending = spk__alloc(ctx, (int64_t)n + 5, 1);
    if (with_ending == NULL)
        return spk__fail_memory(ctx);
    memcpy(with_ending, name, n);
    memcpy(with_ending + n, ".npy", 5);
    writer->members[writer->n_members++] = (member){.name = with_ending};
    return SPK_OK;
}

static spk_status begin(spk_context *ctx, spk_npz_writer *writer, const char *name,
                        const spk_array *array)
{
    uint8_t local[SPK__ZIP_LOCAL_SIZE], extra[HEADER_ROOM];
    char npy[SPK__NPY_HEADER_SIZE];
    spk_status status;
    SPK_REQUIRE(ctx, writer != NULL && writer->file != NULL && !writer->failed,
                SPK_ERR_ARGUMENT,
                "writer must be one that is not finished and has not failed");
    if ((status = check_name(ctx, writer, name)) != SPK_OK ||
        (status = close_member(ctx, writer)) != SPK_OK ||
        (status = add_member(ctx, writer, name)) != SPK_OK)
        return status;

    member *m = &writer->members[writer->n_members - 1];
    size_t n_npy = spk__npy_format_header(array, npy);
    m->offset = (uint64_t)spk__write_position(writer->file);
    m->size = n_npy + spk__array_bytes(array);
    writer->missing = m->size;
    writer->is_open = 1;
    size_t n_extra = format_local(writer, local, extra);
    if ((status = spk__write_append(ctx, writer->file, local, sizeof local)) != SPK_OK ||
        (status = spk__write_append(ctx, writer->file, m->name, strlen(m->name))) !=
            SPK_OK ||
        (status = spk__write_append(ctx, writer->file, extra, n_extra)) != SPK_OK) {
        writer->failed = 1;
        return status;
    }
    return append(ctx, writer, npy, n_npy);
}

spk_status spk_npz_writer_begin(spk_context *ctx, spk_npz_writer *writer,
                                const char *name, int32_t dtype, int32_t n_dimensions,
                                const int64_t *shape)
{
    spk_array array;
    SPK_REQUIRE(ctx, spk_dtype_size(dtype) > 0, SPK_ERR_ARGUMENT,
                "dtype must be one of numbers, got %d", (int)dtype);
    spk_status status = spk__array_describe(ctx, dtype, 0, n_dimensions, shape, &array);
    return status == SPK_OK ? begin(ctx, writer, name, &array) : status;
}

spk_status spk_npz_writer_append(spk_context *ctx, spk_npz_writer *writer,
                                 const void *data, size_t n_bytes)
{
    SPK_REQUIRE(ctx, writer != NULL && writer->is_open && !writer->failed,
                SPK_ERR_ARGUMENT, "writer must have a member begun");
    SPK_REQUIRE(ctx, data != NULL || n_bytes == 0, SPK_ERR_ARGUMENT,
                "data must not be NULL");
    SPK_REQUIRE(ctx, n_bytes <= writer->missing, SPK_ERR_ARGUMENT,
                "the shape holds %llu more bytes, got %zu",
                (unsigned long long)writer->missing, n_bytes);
    return append(ctx, writer, data, n_bytes);
}

spk_status spk_npz_writer_add(spk_context *ctx, spk_npz_writer *writer, const char *name,
                              const spk_array *array)
{
    spk_status status = spk__array_check(ctx, array);
    if (status != SPK_OK)
        return status;
    const void *data = array->data;
    void *plain = NULL;
    if (!spk__array_is_plain(array)) {
        plain = spk__alloc(ctx, (int64_t)spk__array_bytes(array), 1);
        if (plain == NULL)
            return spk__fail_memory(ctx);
        spk__array_copy_plain(array, plain);
        data = plain;
    }
    status = begin(ctx, writer, name, array);
    if (status == SPK_OK)
        status = append(ctx, writer, data, spk__array_bytes(array));
    spk__free(plain);
    return status;
}

spk_status spk_npz_writer_add_text(spk_context *ctx, spk_npz_writer *writer,
                                   const char *name, const char *text)
{
    SPK_REQUIRE(ctx, text != NULL, SPK_ERR_ARGUMENT, "text must not be NULL");
    const uint8_t *bytes = (const uint8_t *)text;
    size_t n = strlen(text);
    SPK_REQUIRE(ctx, spk__utf8_check(bytes, n) == n, SPK_ERR_ARGUMENT,
                "text must be UTF-8");
    SPK_REQUIRE(ctx, n <= INT32_MAX / 4, SPK_ERR_OVERFLOW, "text must be below 512 MB");

    uint32_t *wide = spk__alloc_zero(ctx, (int64_t)n + 1, sizeof *wide);
    if (wide == NULL)
        return spk__fail_memory(ctx);
    int32_t n_wide = 0;
    for (size_t at = 0; at < n; n_wide++)
        at += spk__utf8_next(bytes + at, n - at, &wide[n_wide]);
    /* numpy has no text of width 0: "" is one NUL, which it drops again. */
    spk_array array = {.dtype = SPK_DTYPE_TEXT, .n_elements = 1, .data = wide};
    for (int32_t d = 0; d < SPK_ARRAY_MAX_DIMENSIONS; d++)
        array.shape[d] = 1;
    array.item_size = 4 * (n_wide > 0 ? n_wide : 1);
    spk_status status = spk_npz_writer_add(ctx, writer, name, &array);
    spk__free(wide);
    return status;
}

static spk_status write_central(spk_context *ctx, spk_npz_writer *writer, const member *m)
{
    uint8_t header[SPK__ZIP_CENTRAL_SIZE], extra[28], *e = extra;
    spk_status status;
    int far = is_far(writer, m->offset);
    if (is_large(writer, m) || far) {
        e = spk__zip_put(e, 2, SPK__ZIP_EXTRA_64);
        e = spk__zip_put(e, 2, (is_large(writer, m) ? 16u : 0u) + (far ? 8u : 0u));
        if (is_large(writer, m)) {
            e = spk__zip_put(e, 8, m->size);
            e = spk__zip_put(e, 8, m->packed_size);
        }
        if (far)
            e = spk__zip_put(e, 8, m->offset);
    }
    size_t n_extra = (size_t)(e - extra);
    uint8_t *h = spk__zip_put(header, 4, SPK__ZIP_CENTRAL);
    h = spk__zip_put(h, 2, 3 << 8 | 45); /* made on Unix */
    h = put_common(h, writer, m);
    h = spk__zip_put(h, 2, n_extra);
    h = spk__zip_put(h, 6, 0); /* comment, disk, internal attributes */
    h = spk__zip_put(h, 4, 0100644u << 16);
    spk__zip_put(h, 4, far ? UINT32_MAX : m->offset);
    if ((status = spk__write_append(ctx, writer->file, header, sizeof header)) !=
            SPK_OK ||
        (status = spk__write_append(ctx, writer->file, m->name, strlen(m->name))) !=
            SPK_OK)
        return status;
    return spk__write_append(ctx, writer->file, extra, n_extra);
}

static spk_status write_end(spk_context *ctx, spk_npz_writer *writer, uint64_t start)
{
    uint8_t end[SPK__ZIP_END64_SIZE + SPK__ZIP_END64_LOCATOR_SIZE + SPK__ZIP_END_SIZE];
    uint8_t *at = end;
    uint64_t stop = (uint64_t)spk__write_position(writer->file);
    uint64_t n = (uint64_t)writer->n_members;
    int is_64 = n >= UINT16_MAX || is_far(writer, start) || is_far(writer, stop - start);
    if (is_64) {
        at = spk__zip_put(at, 4, SPK__ZIP_END64);
        at = spk__zip_put(at, 8, SPK__ZIP_END64_SIZE - 12);
        at = spk__zip_put(at, 4, 45u << 16 | 3 << 8 | 45); /* made by, needed */
        at = spk__zip_put(at, 8, 0);                       /* disks */
        at = spk__zip_put(at, 8, n);
        at = spk__zip_put(at, 8, n);
        at = spk__zip_put(at, 8, stop - start);
        at = spk__zip_put(at, 8, start);
        at = spk__zip_put(at, 4, SPK__ZIP_END64_LOCATOR);
        at = spk__zip_put(at, 4, 0);
        at = spk__zip_put(at, 8, stop);
        at = spk__zip_put(at, 4, 1);
    }
    at = spk__zip_put(at, 4, SPK__ZIP_END);
    at = spk__zip_put(at, 4, 0);
    for (int k = 0; k < 2; k++)
        at = spk__zip_put(at, 2, is_64 ? UINT16_MAX : n);
    at = spk__zip_put(at, 4, is_64 ? UINT32_MAX : stop - start);
    at = spk__zip_put(at, 4, is_64 ? UINT32_MAX : start);
    at = spk__zip_put(at, 2, 0);
    return spk__write_append(ctx, writer->file, end, (size_t)(at - end));
}

spk_status spk_npz_writer_finish(spk_context *ctx, spk_npz_writer *writer)
{
    SPK_REQUIRE(ctx, writer != NULL && writer->file != NULL && !writer->failed,
                SPK_ERR_ARGUMENT,
                "writer must be one that is not finished and has not failed");
    spk_status status = close_member(ctx, writer);
    if (status != SPK_OK)
        return status;
    uint64_t start = (uint64_t)spk__write_position(writer->file);
    for (int64_t k = 0; k < writer->n_members && status == SPK_OK; k++)
        status = write_central(ctx, writer, &writer->members[k]);
    if (status == SPK_OK)
        status = write_end(ctx, writer, start);
    if (status != SPK_OK) {
        writer->failed = 1;
        return status;
    }
    spk__write_file *file = writer->file;
    writer->file = NULL;
    return spk__write_finish(ctx, file);
}
