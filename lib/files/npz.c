/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "files/map.h"
#include "files/npy_header.h"
#include "files/npz_directory.h"
#include "files/npz_memory.h"
#include "files/zip_format.h"

#include <string.h>
#include <zlib.h>

enum {
    PIECE_SIZE = 1 << 20
};

/* What is known of a member once it was asked for. */
typedef struct opened {
    int is_open;
    spk_array array;
    void *inflated; /* the whole member */
    void *copy;     /* of stored data that were not aligned */
} opened;

struct spk_npz {
    char *path;
    spk__map map; /* closed when the bytes are the caller's */
    const uint8_t *bytes;
    spk__npz_entry *entries;
    opened *opened;
    int64_t n_entries;
};

static spk_status open_directory(spk_context *ctx, spk_npz *npz, const char *name,
                                 const uint8_t *bytes, size_t n_bytes)
{
    npz->bytes = bytes;
    npz->path = spk__strdup(ctx, name);
    if (npz->path == NULL)
        return spk__fail_memory(ctx);
    spk_status status = spk__npz_directory_read(ctx, name, bytes, n_bytes, &npz->entries,
                                                &npz->n_entries);
    if (status != SPK_OK)
        return status;
    npz->opened = spk__alloc_zero(ctx, npz->n_entries, sizeof *npz->opened);
    return npz->opened == NULL ? spk__fail_memory(ctx) : SPK_OK;
}

spk_status spk__npz_open_memory(spk_context *ctx, const char *name, const uint8_t *bytes,
                                size_t n_bytes, spk_npz **out)
{
    spk_npz *npz = spk__alloc_zero(ctx, 1, sizeof *npz);
    if (npz == NULL)
        return spk__fail_memory(ctx);
    spk_status status = open_directory(ctx, npz, name, bytes, n_bytes);
    if (status != SPK_OK) {
        spk_npz_close(npz);
        return status;
    }
    *out = npz;
    return SPK_OK;
}

spk_status spk_npz_open(spk_context *ctx, const char *path, spk_npz **out)
{
    SPK_REQUIRE(ctx, out != NULL, SPK_ERR_ARGUMENT, "npz must not be NULL");
    *out = NULL;
    SPK_REQUIRE(ctx, path != NULL, SPK_ERR_ARGUMENT, "path must not be NULL");
    spk_npz *npz = spk__alloc_zero(ctx, 1, sizeof *npz);
    if (npz == NULL)
        return spk__fail_memory(ctx);
    spk_status status = spk__map_open(ctx, path, &npz->map);
    if (status == SPK_OK)
        status = open_directory(ctx, npz, path, npz->map.data, npz->map.size);
    if (status != SPK_OK) {
        spk_npz_close(npz);
        return status;
    }
    *out = npz;
    return SPK_OK;
}

void spk_npz_close(spk_npz *npz)
{
    if (npz == NULL)
        return;
    for (int64_t k = 0; npz->opened != NULL && k < npz->n_entries; k++) {
        spk__free(npz->opened[k].inflated);
        spk__free(npz->opened[k].copy);
    }
    spk__npz_directory_free(npz->entries, npz->n_entries);
    spk__map_close(&npz->map);
    spk__free(npz->opened);
    spk__free(npz->path);
    spk__free(npz);
}

int64_t spk_npz_n_members(const spk_npz *npz)
{
    return npz == NULL ? 0 : npz->n_entries;
}

const char *spk_npz_name(const spk_npz *npz, int64_t member)
{
    if (npz == NULL || member < 0 || member >= npz->n_entries)
        return NULL;
    return npz->entries[member].name;
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

/* Inflates exactly the member's size from exactly its packed bytes. */
static spk_status inflate_member(spk_context *ctx, const char *name,
                                 const spk__npz_entry *entry, const uint8_t *packed,
                                 uint8_t *out)
{
    z_stream stream = {.zalloc = allocate, .zfree = release, .opaque = ctx};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return spk__fail_memory(ctx);
    size_t n_in = entry->packed_size, n_out = entry->size;
    int result = Z_OK;
    stream.next_in = (Bytef *)(uintptr_t)packed;
    stream.next_out = out;
    while (result == Z_OK) { /* zlib counts in 32 bits */
        if (stream.avail_in == 0 && n_in > 0) {
            stream.avail_in = (uInt)(n_in < PIECE_SIZE ? n_in : PIECE_SIZE);
            n_in -= stream.avail_in;
        }
        if (stream.avail_out == 0 && n_out > 0) {
            stream.avail_out = (uInt)(n_out < PIECE_SIZE ? n_out : PIECE_SIZE);
            n_out -= stream.avail_out;
        }
        result = inflate(&stream, Z_NO_FLUSH);
    }
    int is_whole = result == Z_STREAM_END && n_in == 0 && stream.avail_in == 0 &&
                   n_out == 0 && stream.avail_out == 0;
    inflateEnd(&stream);
    if (result == Z_MEM_ERROR)
        return spk__fail_memory(ctx);
    SPK_REQUIRE(ctx, is_whole, SPK_ERR_FORMAT,
                "%s: expected %zu bytes deflated to %zu, found damaged data", name,
                entry->size, entry->packed_size);
    return SPK_OK;
}

static uint32_t checksum(const uint8_t *bytes, size_t n)
{
    uLong crc = 0;
    for (size_t at = 0; at < n; at += PIECE_SIZE)
        crc = crc32(crc, bytes + at, (uInt)(n - at < PIECE_SIZE ? n - at : PIECE_SIZE));
    return (uint32_t)crc;
}

static spk_status open_member(spk_context *ctx, const char *name,
                              const spk__npz_entry *entry, const uint8_t *packed,
                              opened *member)
{
    const uint8_t *bytes = packed;
    spk_status status;
    if (entry->is_deflated) {
        member->inflated = spk__alloc(ctx, (int64_t)entry->size, 1);
        if (member->inflated == NULL)
            return spk__fail_memory(ctx);
        status = inflate_member(ctx, name, entry, packed, member->inflated);
        if (status != SPK_OK)
            return status;
        bytes = member->inflated;
    }
    uint32_t crc = checksum(bytes, entry->size);
    SPK_REQUIRE(ctx, crc == entry->crc, SPK_ERR_FORMAT,
                "%s: expected checksum %08x, found %08x: damaged data", name, entry->crc,
                crc);
    return spk__npy_parse_aligned(ctx, name, bytes, entry->size, &member->array,
                                  &member->copy);
}

spk_status spk_npz_array(spk_context *ctx, spk_npz *npz, const char *name,
                         const spk_array **array)
{
    SPK_REQUIRE(ctx, array != NULL, SPK_ERR_ARGUMENT, "array must not be NULL");
    *array = NULL;
    SPK_REQUIRE(ctx, npz != NULL && name != NULL, SPK_ERR_ARGUMENT,
                "npz and name must not be NULL");
    int64_t k = 0;
    while (k < npz->n_entries && strcmp(npz->entries[k].name, name) != 0)
        k++;
    SPK_REQUIRE(ctx, k < npz->n_entries, SPK_ERR_NOT_FOUND,
                "%s: expected a member '%s', found none", npz->path, name);
    opened *member = &npz->opened[k];
    if (!member->is_open) {
        size_t n_path = strlen(npz->path), n_name = strlen(name);
        char *full = spk__alloc(ctx, (int64_t)(n_path + n_name + 3), 1);
        if (full == NULL)
            return spk__fail_memory(ctx);
        memcpy(full, npz->path, n_path);
        memcpy(full + n_path, ": ", 2);
        memcpy(full + n_path + 2, name, n_name + 1);
        const spk__npz_entry *entry = &npz->entries[k];
        spk_status status =
            open_member(ctx, full, entry, npz->bytes + entry->start, member);
        spk__free(full);
        if (status != SPK_OK) {
            spk__free(member->inflated);
            spk__free(member->copy);
            *member = (opened){0};
            return status;
        }
        member->is_open = 1;
    }
    *array = &member->array;
    return SPK_OK;
}
