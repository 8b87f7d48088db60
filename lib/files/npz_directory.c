/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The directory at the end of the archive is the authority; each local header must agree with
 * it. Every place and size is compared with what is left of the file before it is used.
 */
#include "files/npz_directory.h"

#include "base/check.h"
#include "base/memory.h"
#include "files/sort.h"
#include "files/zip_format.h"

#include <string.h>

typedef struct archive {
    spk_context *ctx;
    const char *path;
    const uint8_t *bytes;
    size_t n_bytes;
    size_t directory; /* its place and size */
    size_t directory_size;
    uint64_t n_entries;
} archive;

static spk_status fail(const archive *a, const char *expected)
{
    return spk__fail(a->ctx, SPK_ERR_FORMAT,
                     "%s: expected %s (truncated or damaged archive?)", a->path,
                     expected);
}

/* The end record is the last thing in the file but for a comment, whose length it tells. */
static int find_end(const archive *a, size_t *place)
{
    if (a->n_bytes < SPK__ZIP_END_SIZE)
        return 0;
    size_t at = a->n_bytes - SPK__ZIP_END_SIZE;
    size_t lowest = at > UINT16_MAX ? at - UINT16_MAX : 0;
    for (;; at--) {
        const uint8_t *end = a->bytes + at;
        if (spk__zip_get(end, 4) == SPK__ZIP_END &&
            at + SPK__ZIP_END_SIZE + spk__zip_get(end + 20, 2) == a->n_bytes) {
            *place = at;
            return 1;
        }
        if (at == lowest)
            return 0;
    }
}

static spk_status read_end64(archive *a, size_t locator, uint64_t *size, uint64_t *offset)
{
    uint64_t place = spk__zip_get(a->bytes + locator + 8, 8);
    if (place > locator || locator - place < SPK__ZIP_END64_SIZE ||
        spk__zip_get(a->bytes + place, 4) != SPK__ZIP_END64)
        return fail(a, "the zip64 end record where its locator says");
    const uint8_t *end = a->bytes + place;
    a->n_entries = spk__zip_get(end + 32, 8);
    *size = spk__zip_get(end + 40, 8);
    *offset = spk__zip_get(end + 48, 8);
    return SPK_OK;
}

static spk_status find_directory(archive *a)
{
    size_t place = 0;
    SPK_REQUIRE(a->ctx, find_end(a, &place), SPK_ERR_FORMAT,
                "%s: expected a zip archive (.npz), found no end record", a->path);
    const uint8_t *end = a->bytes + place;
    uint64_t size = spk__zip_get(end + 12, 4), offset = spk__zip_get(end + 16, 4);
    uint64_t disks = spk__zip_get(end + 4, 4), stop = place;
    a->n_entries = spk__zip_get(end + 10, 2);
    if (disks != 0 && disks != UINT32_MAX)
        return spk__fail(a->ctx, SPK_ERR_UNSUPPORTED,
                         "%s: expected one file, found a part of a split archive",
                         a->path);
    int is_64 =
        place >= SPK__ZIP_END64_LOCATOR_SIZE &&
        spk__zip_get(end - SPK__ZIP_END64_LOCATOR_SIZE, 4) == SPK__ZIP_END64_LOCATOR;
    if (is_64) {
        stop = place - SPK__ZIP_END64_LOCATOR_SIZE;
        spk_status status = read_end64(a, (size_t)stop, &size, &offset);
        if (status != SPK_OK)
            return status;
    }
    if (offset > stop || size > stop - offset)
        return fail(a, "the archive's directory within the file");
    if (a->n_entries > size / SPK__ZIP_CENTRAL_SIZE)
        return fail(a, "a directory as long as its number of members asks for");
    a->directory = (size_t)offset;
    a->directory_size = (size_t)size;
    return SPK_OK;
}

/* Replaces the fields that are all ones by those of the zip64 extra field, in order. */
static int read_extra64(const uint8_t *extra, size_t n_extra, uint64_t *const fields[],
                        int n_fields)
{
    size_t at = 0;
    while (n_extra - at >= 4) {
        uint64_t id = spk__zip_get(extra + at, 2), n = spk__zip_get(extra + at + 2, 2);
        at += 4;
        if (n > n_extra - at)
            return 0;
        size_t from = at, stop = at + (size_t)n;
        for (int f = 0; id == SPK__ZIP_EXTRA_64 && f < n_fields; f++)
            if (*fields[f] == UINT32_MAX) {
                if (stop - from < 8)
                    return 0;
                *fields[f] = spk__zip_get(extra + from, 8);
                from += 8;
            }
        at = stop;
    }
    return 1;
}

static spk_status check_local(const archive *a, spk__npz_entry *entry,
                              const uint8_t *name, size_t n_name, uint64_t method)
{
    size_t at = entry->header;
    if (at > a->directory || a->directory - at < SPK__ZIP_LOCAL_SIZE ||
        spk__zip_get(a->bytes + at, 4) != SPK__ZIP_LOCAL)
        return fail(a, "a member's header where the directory says");
    const uint8_t *local = a->bytes + at;
    size_t n_local_name = (size_t)spk__zip_get(local + 26, 2);
    size_t n_extra = (size_t)spk__zip_get(local + 28, 2);
    size_t left = a->directory - at - SPK__ZIP_LOCAL_SIZE;
    if (n_local_name + n_extra > left)
        return fail(a, "a member's header within the file");
    if (n_local_name != n_name ||
        memcmp(local + SPK__ZIP_LOCAL_SIZE, name, n_name) != 0 ||
        spk__zip_get(local + 8, 2) != method)
        return fail(a, "a member's header that agrees with the directory");
    left -= n_local_name + n_extra;
    if (entry->packed_size > left)
        return fail(a, "a member's data before the directory");
    entry->start = at + SPK__ZIP_LOCAL_SIZE + n_local_name + n_extra;
    return SPK_OK;
}

static spk_status check_sizes(const archive *a, const spk__npz_entry *entry)
{
    if (!entry->is_deflated && entry->size != entry->packed_size)
        return fail(a, "a stored member of one size");
    if (entry->is_deflated && entry->size / SPK__DEFLATE_RATIO > entry->packed_size)
        return spk__fail(
            a->ctx, SPK_ERR_FORMAT,
            "%s: %s: expected at most %d times its %zu packed bytes, found a "
            "size of %zu",
            a->path, entry->name, SPK__DEFLATE_RATIO, entry->packed_size, entry->size);
    return SPK_OK;
}

static spk_status copy_name(const archive *a, const uint8_t *name, size_t n_name,
                            char **copy)
{
    size_t n = n_name;
    if (!spk__zip_name_is_safe((const char *)name, n_name))
        return spk__fail(
            a->ctx, SPK_ERR_FORMAT,
            "%s: expected member names that are relative paths in UTF-8, found "
            "another",
            a->path);
    if (n > 4 && memcmp(name + n - 4, ".npy", 4) == 0)
        n -= 4;
    *copy = spk__alloc(a->ctx, (int64_t)n + 1, 1);
    if (*copy == NULL)
        return spk__fail_memory(a->ctx);
    memcpy(*copy, name, n);
    (*copy)[n] = '\0';
    return SPK_OK;
}

/* Reads the entry at *at of the directory and steps over it. A folder leaves name NULL. */
static spk_status read_entry(const archive *a, size_t *at, spk__npz_entry *entry)
{
    const uint8_t *central = a->bytes + a->directory + *at;
    size_t left = a->directory_size - *at;
    if (left < SPK__ZIP_CENTRAL_SIZE || spk__zip_get(central, 4) != SPK__ZIP_CENTRAL)
        return fail(a, "an entry of the directory");
    size_t n_name = (size_t)spk__zip_get(central + 28, 2);
    size_t n_extra = (size_t)spk__zip_get(central + 30, 2);
    size_t n_all =
        SPK__ZIP_CENTRAL_SIZE + n_name + n_extra + (size_t)spk__zip_get(central + 32, 2);
    if (n_all > left)
        return fail(a, "an entry within the directory");
    const uint8_t *name = central + SPK__ZIP_CENTRAL_SIZE;
    uint64_t packed = spk__zip_get(central + 20, 4), size = spk__zip_get(central + 24, 4);
    uint64_t offset = spk__zip_get(central + 42, 4);
    uint64_t *const fields[] = {&size, &packed, &offset};
    if (!read_extra64(name + n_name, n_extra, fields, 3))
        return fail(a, "a zip64 field with all its sizes");
    *at += n_all;
    if (n_name > 0 && name[n_name - 1] == '/' && size == 0)
        return SPK_OK;

    uint64_t flags = spk__zip_get(central + 8, 2), method = spk__zip_get(central + 10, 2);
    SPK_REQUIRE(a->ctx, (flags & SPK__ZIP_FLAG_ENCRYPTED) == 0, SPK_ERR_UNSUPPORTED,
                "%s: expected plain members, found an encrypted one", a->path);
    SPK_REQUIRE(a->ctx, method == SPK__ZIP_STORED || method == SPK__ZIP_DEFLATED,
                SPK_ERR_UNSUPPORTED,
                "%s: expected stored or deflated members, found method %d", a->path,
                (int)method);
    if (packed > a->n_bytes || size > PTRDIFF_MAX || offset > a->n_bytes)
        return fail(a, "a member within the file");
    entry->header = (size_t)offset;
    entry->packed_size = (size_t)packed;
    entry->size = (size_t)size;
    entry->crc = (uint32_t)spk__zip_get(central + 16, 4);
    entry->is_deflated = method == SPK__ZIP_DEFLATED;
    spk_status status = copy_name(a, name, n_name, &entry->name);
    if (status == SPK_OK)
        status = check_local(a, entry, name, n_name, method);
    return status == SPK_OK ? check_sizes(a, entry) : status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const spk__npz_entry *)a)->name, ((const spk__npz_entry *)b)->name);
}

static int compare_places(const void *a, const void *b)
{
    size_t x = ((const spk__npz_entry *)a)->header,
           y = ((const spk__npz_entry *)b)->header;
    return x < y ? -1 : x > y;
}

/* No two members with one name, none that share bytes. */
static spk_status check_pairs(const archive *a, const spk__npz_entry *entries, int64_t n)
{
    spk_status status = SPK_OK;
    const void **sorted = spk__alloc(a->ctx, n, sizeof *sorted);
    if (sorted == NULL)
        return spk__fail_memory(a->ctx);
    for (int64_t k = 0; k < n; k++)
        sorted[k] = &entries[k];
    spk__sort_pointers(sorted, n, compare_names);
    for (int64_t k = 1; k < n && status == SPK_OK; k++)
        if (compare_names(sorted[k - 1], sorted[k]) == 0)
            status = spk__fail(a->ctx, SPK_ERR_FORMAT,
                               "%s: expected each member once, found '%s' again", a->path,
                               ((const spk__npz_entry *)sorted[k])->name);
    spk__sort_pointers(sorted, n, compare_places);
    for (int64_t k = 1; k < n && status == SPK_OK; k++) {
        const spk__npz_entry *before = sorted[k - 1], *entry = sorted[k];
        if (before->start + before->packed_size > entry->header)
            status = fail(a, "members that do not overlap");
    }
    spk__free(sorted);
    return status;
}

spk_status spk__npz_directory_read(spk_context *ctx, const char *path,
                                   const uint8_t *bytes, size_t n_bytes,
                                   spk__npz_entry **out, int64_t *n_out)
{
    archive a = {.ctx = ctx, .path = path, .bytes = bytes, .n_bytes = n_bytes};
    spk_status status = find_directory(&a);
    if (status != SPK_OK)
        return status;
    int64_t n = 0;
    size_t at = 0;
    spk__npz_entry *entries = spk__alloc_zero(ctx, (int64_t)a.n_entries, sizeof *entries);
    if (entries == NULL)
        return spk__fail_memory(ctx);
    for (uint64_t k = 0; k < a.n_entries && status == SPK_OK; k++) {
        status = read_entry(&a, &at, &entries[n]);
        n += entries[n].name != NULL;
    }
    if (status == SPK_OK && at != a.directory_size)
        status = fail(&a, "a directory of as many members as it says");
    if (status == SPK_OK)
        status = check_pairs(&a, entries, n);
    if (status != SPK_OK) {
        spk__npz_directory_free(entries, n);
        return status;
    }
    *out = entries;
    *n_out = n;
    return SPK_OK;
}

void spk__npz_directory_free(spk__npz_entry *entries, int64_t n_entries)
{
    for (int64_t k = 0; entries != NULL && k < n_entries; k++)
        spk__free(entries[k].name);
    spk__free(entries);
}
