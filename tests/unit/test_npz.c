/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "files/array_convert.h"
#include "files/npz_memory.h"
#include "files/zip_format.h"
#include "scratch.h"
#include "suite.h"

#include <spikekit/array.h>

static spk_context *ctx;
static scratch folder;

static void fails(spk_status found, spk_status wanted, const char *words)
{
    CU_ASSERT_EQUAL(found, wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

/* All 48 arrays that numpy wrote: type, byte order and layout are in the name. */
static void read_numpy_archive(const char *path)
{
    spk_npz *npz;
    CU_ASSERT_FATAL(spk_npz_open(ctx, path, &npz) == SPK_OK);
    CU_ASSERT_EQUAL(spk_npz_n_members(npz), 48);
    for (int64_t k = 0; k < spk_npz_n_members(npz); k++) {
        const char *name = spk_npz_name(npz, k);
        const spk_array *a, *again;
        double out[6];
        CU_ASSERT_EQUAL(spk_npz_array(ctx, npz, name, &a), SPK_OK);
        CU_ASSERT_EQUAL(spk_npz_array(ctx, npz, name, &again), SPK_OK);
        CU_ASSERT_PTR_EQUAL(a, again);
        CU_ASSERT(a->n_dimensions == 2 && a->shape[0] == 2 && a->shape[1] == 3);
        CU_ASSERT_EQUAL(a->item_size, name[1] - '0');
        CU_ASSERT_EQUAL((uintptr_t)a->data % (uintptr_t)a->item_size, 0);
        CU_ASSERT_EQUAL(a->fortran_order != 0, strchr(name, 'F') != NULL);
        CU_ASSERT_EQUAL(a->swapped != 0, strstr(name, "big") != NULL && name[1] != '1');
        CU_ASSERT_EQUAL(spk_array_to_double(ctx, a, out), SPK_OK);
        for (int i = 0; i < 6; i++) {
            double wanted = name[0] == 'b'   ? i % 2
                            : name[0] == 'u' ? i
                            : name[0] == 'i' ? i - 2
                                             : i / 2.0 - 1;
            CU_ASSERT_EQUAL(out[i], wanted);
        }
    }
    CU_ASSERT_PTR_NULL(spk_npz_name(npz, -1));
    CU_ASSERT_PTR_NULL(spk_npz_name(npz, 48));
    const spk_array *a;
    fails(spk_npz_array(ctx, npz, "none", &a), SPK_ERR_NOT_FOUND, "member 'none'");
    CU_ASSERT_PTR_NULL(a);
    spk_npz_close(npz);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
}

static void reads_what_numpy_writes(void)
{
    read_numpy_archive("golden/npy/stored.npz");
    read_numpy_archive("golden/npy/deflated.npz");
}

/* Two arrays, one in pieces, and a text. */
static spk_status write_archive(spk_context *c, const char *path, int deflate)
{
    static int32_t counts[3][50000];
    const int64_t shape[] = {3, 50000};
    const double numbers[] = {1.5, -2};
    const int64_t two = 2;
    spk_npz_writer *writer = NULL;
    spk_array a;
    for (int k = 0; k < 150000; k++)
        counts[k / 50000][k % 50000] = k / 7;
    spk_status status = spk__array_describe(c, SPK_DTYPE_FLOAT64, 0, 1, &two, &a);
    a.data = numbers;
    if (status == SPK_OK)
        status = spk_npz_writer_create(c, path, deflate, &writer);
    if (status == SPK_OK)
        status = spk_npz_writer_begin(c, writer, "counts", SPK_DTYPE_INT32, 2, shape);
    for (int row = 0; row < 3 && status == SPK_OK; row++)
        status = spk_npz_writer_append(c, writer, counts[row], sizeof counts[row]);
    if (status == SPK_OK)
        status = spk_npz_writer_add(c, writer, "group/numbers", &a);
    if (status == SPK_OK)
        status = spk_npz_writer_add_text(c, writer, "json", "{\"\xce\xbcV\": 1}");
    if (status == SPK_OK)
        status = spk_npz_writer_add_text(c, writer, "nothing", "");
    if (status == SPK_OK)
        status = spk_npz_writer_finish(c, writer);
    spk_npz_writer_destroy(writer);
    return status;
}

static void writes_and_reads_back(void)
{
    static const char *const names[] = {"counts", "group/numbers", "json", "nothing"};
    static const uint32_t json[] = {'{', '"', 0x3bc, 'V', '"', ':', ' ', '1', '}'};
    for (int deflate = 0; deflate <= 9; deflate += 3) {
        const char *path = scratch_path(&folder, "x.npz");
        spk_npz *npz;
        const spk_array *a;
        CU_ASSERT_EQUAL(write_archive(ctx, path, deflate), SPK_OK);
        CU_ASSERT_FATAL(spk_npz_open(ctx, path, &npz) == SPK_OK);
        CU_ASSERT_EQUAL(spk_npz_n_members(npz), 4);
        for (int k = 0; k < 4; k++)
            CU_ASSERT_STRING_EQUAL(spk_npz_name(npz, k), names[k]);
        CU_ASSERT_EQUAL(spk_npz_array(ctx, npz, "counts", &a), SPK_OK);
        CU_ASSERT(a->dtype == SPK_DTYPE_INT32 && a->shape[0] == 3 &&
                  a->shape[1] == 50000);
        int n_wrong = 0;
        for (int k = 0; k < 150000; k++)
            n_wrong += ((const int32_t *)a->data)[k] != k / 7;
        CU_ASSERT_EQUAL(n_wrong, 0);
        if (deflate == 0)
            CU_ASSERT_EQUAL((uintptr_t)a->data % 64, 0);
        CU_ASSERT_EQUAL(spk_npz_array(ctx, npz, "group/numbers", &a), SPK_OK);
        CU_ASSERT(((const double *)a->data)[1] == -2);
        CU_ASSERT_EQUAL(spk_npz_array(ctx, npz, "json", &a), SPK_OK);
        CU_ASSERT(a->dtype == SPK_DTYPE_TEXT && a->n_dimensions == 0 &&
                  a->item_size == 36);
        CU_ASSERT(memcmp(a->data, json, sizeof json) == 0);
        CU_ASSERT_EQUAL(spk_npz_array(ctx, npz, "nothing", &a), SPK_OK);
        CU_ASSERT(a->item_size == 4 && *(const uint32_t *)a->data == 0);
        spk_npz_close(npz);
        CU_ASSERT_EQUAL(scratch_count(&folder), 1);
    }
    scratch_clear(&folder);
}

static void equal_data_give_equal_files(void)
{
    size_t n, m;
    char *a, *b;
    for (int deflate = 0; deflate < 2; deflate++) {
        CU_ASSERT_EQUAL(write_archive(ctx, scratch_path(&folder, "a.npz"), deflate),
                        SPK_OK);
        CU_ASSERT_EQUAL(write_archive(ctx, scratch_path(&folder, "b.npz"), deflate),
                        SPK_OK);
        a = scratch_read(scratch_path(&folder, "a.npz"), &n);
        b = scratch_read(scratch_path(&folder, "b.npz"), &m);
        CU_ASSERT(n == m && memcmp(a, b, n) == 0);
        free(a);
        free(b);
    }
    scratch_clear(&folder);
}

static void an_empty_archive(void)
{
    spk_npz_writer *writer;
    spk_npz *npz;
    const char *path = scratch_path(&folder, "x.npz");
    CU_ASSERT_FATAL(spk_npz_writer_create(ctx, path, 0, &writer) == SPK_OK);
    CU_ASSERT_EQUAL(spk_npz_writer_finish(ctx, writer), SPK_OK);
    fails(spk_npz_writer_finish(ctx, writer), SPK_ERR_ARGUMENT, "not finished");
    spk_npz_writer_destroy(writer);
    CU_ASSERT_FATAL(spk_npz_open(ctx, path, &npz) == SPK_OK);
    CU_ASSERT_EQUAL(spk_npz_n_members(npz), 0);
    spk_npz_close(npz);
    scratch_clear(&folder);
}

static void writer_arguments(void)
{
    static const char *const bad_names[] = {"",      "/a",   "..",      "../a", "a/../b",
                                            "a\\b",  "c:/x", "a/",      "a//b", ".",
                                            "a/./b", "a\n",  "a\xff b", "a/.."};
    const int64_t shape[] = {2};
    const int32_t data[] = {1, 2, 3};
    spk_npz_writer *writer;
    spk_array a = {0};
    const char *path = scratch_path(&folder, "x.npz");
    fails(spk_npz_writer_create(ctx, NULL, 0, &writer), SPK_ERR_ARGUMENT, "path");
    fails(spk_npz_writer_create(ctx, path, 0, NULL), SPK_ERR_ARGUMENT, "writer");
    fails(spk_npz_writer_create(ctx, path, 10, &writer), SPK_ERR_ARGUMENT,
          "0 .. 9, got 10");
    fails(spk_npz_writer_create(ctx, path, -1, &writer), SPK_ERR_ARGUMENT, "got -1");
    fails(spk_npz_writer_create(ctx, scratch_path(&folder, "no/x.npz"), 0, &writer),
          SPK_ERR_NOT_FOUND, "No such file");
    CU_ASSERT_FATAL(spk_npz_writer_create(ctx, path, 0, &writer) == SPK_OK);
    for (size_t k = 0; k < sizeof bad_names / sizeof bad_names[0]; k++)
        fails(spk_npz_writer_begin(ctx, writer, bad_names[k], SPK_DTYPE_INT32, 1, shape),
              SPK_ERR_ARGUMENT, "relative path");
    fails(spk_npz_writer_begin(ctx, writer, NULL, SPK_DTYPE_INT32, 1, shape),
          SPK_ERR_ARGUMENT, "name");
    fails(spk_npz_writer_begin(ctx, NULL, "a", SPK_DTYPE_INT32, 1, shape),
          SPK_ERR_ARGUMENT, "writer");
    fails(spk_npz_writer_begin(ctx, writer, "a", SPK_DTYPE_TEXT, 1, shape),
          SPK_ERR_ARGUMENT, "dtype");
    fails(spk_npz_writer_append(ctx, writer, data, 4), SPK_ERR_ARGUMENT, "begun");
    fails(spk_npz_writer_add(ctx, writer, "a", NULL), SPK_ERR_ARGUMENT, "array");
    a.n_elements = 5;
    fails(spk_npz_writer_add(ctx, writer, "a", &a), SPK_ERR_ARGUMENT, "shape");
    fails(spk_npz_writer_add_text(ctx, writer, "a", NULL), SPK_ERR_ARGUMENT, "text");
    fails(spk_npz_writer_add_text(ctx, writer, "a", "\xff"), SPK_ERR_ARGUMENT, "UTF-8");
    CU_ASSERT_EQUAL(spk_npz_writer_begin(ctx, writer, "a", SPK_DTYPE_INT32, 1, shape),
                    SPK_OK);
    fails(spk_npz_writer_append(ctx, writer, NULL, 4), SPK_ERR_ARGUMENT, "data");
    fails(spk_npz_writer_append(ctx, writer, data, 12), SPK_ERR_ARGUMENT,
          "holds 8 more bytes, got 12");
    CU_ASSERT_EQUAL(spk_npz_writer_append(ctx, writer, data, 4), SPK_OK);
    fails(spk_npz_writer_begin(ctx, writer, "b", SPK_DTYPE_INT32, 1, shape),
          SPK_ERR_ARGUMENT, "a.npy: the shape holds 4 more bytes");
    fails(spk_npz_writer_finish(ctx, writer), SPK_ERR_ARGUMENT, "4 more bytes");
    CU_ASSERT_EQUAL(spk_npz_writer_append(ctx, writer, data, 4), SPK_OK);
    fails(spk_npz_writer_begin(ctx, writer, "a", SPK_DTYPE_INT32, 1, shape),
          SPK_ERR_ARGUMENT, "'a' again");
    fails(spk_npz_writer_finish(ctx, NULL), SPK_ERR_ARGUMENT, "writer");
    spk_npz_writer_destroy(writer);
    spk_npz_writer_destroy(NULL);
    CU_ASSERT_EQUAL(scratch_count(&folder), 0);

    spk_npz *npz;
    const spk_array *array;
    fails(spk_npz_open(ctx, NULL, &npz), SPK_ERR_ARGUMENT, "path");
    fails(spk_npz_open(ctx, path, NULL), SPK_ERR_ARGUMENT, "npz");
    fails(spk_npz_open(ctx, path, &npz), SPK_ERR_NOT_FOUND, "No such file");
    fails(spk_npz_array(ctx, NULL, "a", &array), SPK_ERR_ARGUMENT, "npz");
    fails(spk_npz_array(ctx, NULL, "a", NULL), SPK_ERR_ARGUMENT, "array");
    CU_ASSERT_EQUAL(spk_npz_n_members(NULL), 0);
    CU_ASSERT_PTR_NULL(spk_npz_name(NULL, 0));
    spk_npz_close(NULL);
}

static void a_full_device(void)
{
    static uint8_t data[2 << 20];
    const int64_t n = sizeof data;
    spk_npz_writer *writer;
    if (access("/dev/full", W_OK) != 0) {
        printf("skipped: no /dev/full here\n");
        return;
    }
    CU_ASSERT_FATAL(spk_npz_writer_create(ctx, "/dev/full", 0, &writer) == SPK_OK);
    CU_ASSERT_EQUAL(spk_npz_writer_begin(ctx, writer, "a", SPK_DTYPE_UINT8, 1, &n),
                    SPK_OK);
    fails(spk_npz_writer_append(ctx, writer, data, sizeof data), SPK_ERR_IO,
          "/dev/full: No space left on device");
    fails(spk_npz_writer_append(ctx, writer, data, 1), SPK_ERR_ARGUMENT, "begun");
    fails(spk_npz_writer_finish(ctx, writer), SPK_ERR_ARGUMENT, "failed");
    spk_npz_writer_destroy(writer);
}

/* ---- hostile archives, made from a good one of two members by changing bytes ---- */

static uint8_t *archive;
static size_t archive_size;
static size_t central[2], end_record; /* places */

static void make_archive(const char *first, const char *second, int deflate)
{
    const int64_t n = 4;
    const int32_t data[] = {1, 2, 3, 4};
    spk_npz_writer *writer;
    const char *path = scratch_path(&folder, "x.npz");
    const char *names[] = {first, second};
    CU_ASSERT_FATAL(spk_npz_writer_create(ctx, path, deflate, &writer) == SPK_OK);
    for (int k = 0; k < 2; k++) {
        CU_ASSERT_FATAL(spk_npz_writer_begin(ctx, writer, names[k], SPK_DTYPE_INT32, 1,
                                             &n) == SPK_OK);
        CU_ASSERT_FATAL(spk_npz_writer_append(ctx, writer, data, sizeof data) == SPK_OK);
    }
    CU_ASSERT_FATAL(spk_npz_writer_finish(ctx, writer) == SPK_OK);
    spk_npz_writer_destroy(writer);
    free(archive);
    archive = (uint8_t *)scratch_read(path, &archive_size);
    CU_ASSERT_FATAL(archive != NULL);
    end_record = archive_size - SPK__ZIP_END_SIZE;
    central[0] = (size_t)spk__zip_get(archive + end_record + 16, 4);
    central[1] = central[0] + SPK__ZIP_CENTRAL_SIZE + strlen(first) + 4;
    scratch_clear(&folder);
}

/* Opens and asks for every member: the first failure. */
static spk_status read_all(const uint8_t *bytes, size_t n)
{
    spk_npz *npz;
    uint8_t *exact = malloc(n + 1);
    memcpy(exact, bytes, n);
    spk_status status = spk__npz_open_memory(ctx, "x.npz", exact, n, &npz);
    if (status == SPK_OK) {
        for (int64_t k = 0; k < spk_npz_n_members(npz) && status == SPK_OK; k++) {
            const spk_array *a;
            status = spk_npz_array(ctx, npz, spk_npz_name(npz, k), &a);
        }
        spk_npz_close(npz);
    }
    free(exact);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
    return status;
}

/* With n bytes at `place` set to a value, and back again. */
static spk_status read_changed(size_t place, int n, uint64_t value)
{
    uint64_t old = spk__zip_get(archive + place, n);
    spk__zip_put(archive + place, n, value);
    spk_status status = read_all(archive, archive_size);
    spk__zip_put(archive + place, n, old);
    return status;
}

static void hostile_archives(void)
{
    for (int deflate = 0; deflate < 2; deflate++) {
        make_archive("a", "b", deflate);
        CU_ASSERT_EQUAL(read_all(archive, archive_size), SPK_OK);
        size_t second = (size_t)spk__zip_get(archive + central[1] + 42, 4);
        /* The end record. */
        fails(read_changed(end_record, 4, 0), SPK_ERR_FORMAT, "no end record");
        fails(read_changed(end_record + 20, 2, 1), SPK_ERR_FORMAT, "no end record");
        fails(read_changed(end_record + 4, 2, 1), SPK_ERR_UNSUPPORTED, "split");
        fails(read_changed(end_record + 10, 2, 3), SPK_ERR_FORMAT, "number of members");
        fails(read_changed(end_record + 10, 2, 1), SPK_ERR_FORMAT, "as many members");
        fails(read_changed(end_record + 12, 4, 9999), SPK_ERR_FORMAT, "within the file");
        fails(read_changed(end_record + 16, 4, 99999), SPK_ERR_FORMAT, "within the file");
        fails(read_changed(end_record + 16, 4, UINT32_MAX), SPK_ERR_FORMAT,
              "within the file");
        fails(read_changed(end_record + 12, 4, 0), SPK_ERR_FORMAT, "number of members");
        /* The directory. */
        fails(read_changed(central[0], 4, 0), SPK_ERR_FORMAT, "entry of the directory");
        fails(read_changed(central[0] + 8, 2, 0x801), SPK_ERR_UNSUPPORTED, "encrypted");
        fails(read_changed(central[0] + 10, 2, 12), SPK_ERR_UNSUPPORTED, "method 12");
        fails(read_changed(central[0] + 10, 2, deflate ? 0 : 8), SPK_ERR_FORMAT,
              "agrees");
        fails(read_changed(central[0] + 16, 4, 1), SPK_ERR_FORMAT, "checksum 00000001");
        fails(read_changed(central[0] + 20, 4, 99999), SPK_ERR_FORMAT, "within the file");
        fails(read_changed(central[0] + 20, 4, UINT32_MAX), SPK_ERR_FORMAT, "within");
        fails(read_changed(central[0] + 24, 4, 0x7fffffff), SPK_ERR_FORMAT,
              deflate ? "at most 1032 times" : "of one size");
        fails(read_changed(central[0] + 24, 4, 143), SPK_ERR_FORMAT,
              deflate ? "expected 143 bytes" : "of one size");
        fails(read_changed(central[0] + 28, 2, 9999), SPK_ERR_FORMAT,
              "within the directory");
        fails(read_changed(central[0] + 30, 2, 9999), SPK_ERR_FORMAT,
              "within the directory");
        fails(read_changed(central[0] + 32, 2, 9999), SPK_ERR_FORMAT,
              "within the directory");
        fails(read_changed(central[0] + 42, 4, 7), SPK_ERR_FORMAT, "header where");
        fails(read_changed(central[0] + 42, 4, 99999), SPK_ERR_FORMAT, "within the file");
        fails(read_changed(central[0] + 42, 4, second), SPK_ERR_FORMAT, "agrees");
        /* Names, in both places or in one. */
        fails(read_changed(central[0] + 46, 1, 'x'), SPK_ERR_FORMAT, "agrees");
        fails(read_changed(central[0] + 46, 1, '/'), SPK_ERR_FORMAT, "relative paths");
        fails(read_changed(central[0] + 46, 1, 0), SPK_ERR_FORMAT, "relative paths");
        fails(read_changed(central[0] + 46, 1, 0xff), SPK_ERR_FORMAT, "relative paths");
        /* The members. */
        fails(read_changed(0, 4, 0), SPK_ERR_FORMAT, "header where");
        fails(read_changed(8, 2, deflate ? 0 : 8), SPK_ERR_FORMAT, "agrees");
        fails(read_changed(26, 2, 9999), SPK_ERR_FORMAT, "within the file");
        fails(read_changed(28, 2, 9999), SPK_ERR_FORMAT, "within the file");
        fails(read_changed(second - 3, 1, 0x55), SPK_ERR_FORMAT, "");
        for (size_t cut = 0; cut < archive_size; cut++)
            CU_ASSERT_EQUAL(read_all(archive, cut), SPK_ERR_FORMAT);
    }
}

/* One name twice, and two entries of the directory for the same bytes. */
static void doubles_and_overlaps(void)
{
    make_archive("a", "b", 0);
    size_t second = (size_t)spk__zip_get(archive + central[1] + 42, 4);
    archive[central[1] + 46] = archive[second + 30] = 'a';
    fails(read_all(archive, archive_size), SPK_ERR_FORMAT, "'a' again");

    /* "b" with the name ending in another way is another name; its bytes those of "a". */
    make_archive("aa", "aa2", 0);
    spk__zip_put(archive + central[1] + 42, 4, 0);
    fails(read_all(archive, archive_size), SPK_ERR_FORMAT, "agrees");
    /* The first member grows over the second, sizes and all. */
    make_archive("a", "b", 0);
    second = (size_t)spk__zip_get(archive + central[1] + 42, 4);
    spk__zip_put(archive + central[0] + 20, 4, 200);
    spk__zip_put(archive + central[0] + 24, 4, 200);
    fails(read_all(archive, archive_size), SPK_ERR_FORMAT, "overlap");
}

/* A megabyte of zeros in a kilobyte, then a promise of more than that. */
static void bombs(void)
{
    static uint8_t zeros[1 << 20];
    const int64_t n = sizeof zeros;
    spk_npz_writer *writer;
    const char *path = scratch_path(&folder, "x.npz");
    CU_ASSERT_FATAL(spk_npz_writer_create(ctx, path, 9, &writer) == SPK_OK);
    CU_ASSERT_EQUAL(spk_npz_writer_begin(ctx, writer, "z", SPK_DTYPE_UINT8, 1, &n),
                    SPK_OK);
    CU_ASSERT_EQUAL(spk_npz_writer_append(ctx, writer, zeros, sizeof zeros), SPK_OK);
    CU_ASSERT_EQUAL(spk_npz_writer_finish(ctx, writer), SPK_OK);
    spk_npz_writer_destroy(writer);
    free(archive);
    archive = (uint8_t *)scratch_read(path, &archive_size);
    CU_ASSERT_FATAL(archive != NULL && archive_size < 2000);
    end_record = archive_size - SPK__ZIP_END_SIZE;
    central[0] = (size_t)spk__zip_get(archive + end_record + 16, 4);
    CU_ASSERT_EQUAL(read_all(archive, archive_size), SPK_OK);
    fails(read_changed(central[0] + 24, 4, 100 << 20), SPK_ERR_FORMAT,
          "at most 1032 times");
    scratch_clear(&folder);
}

/* The same archive with every size moved into zip64 fields, as large archives have them. */
static void reads_zip64(void)
{
    static uint8_t bytes[4096];
    make_archive("a", "b", 0);
    size_t at = central[0];
    memcpy(bytes, archive, at);
    for (int k = 0; k < 2; k++) {
        const uint8_t *from = archive + central[k];
        uint8_t *to = bytes + at;
        memcpy(to, from, SPK__ZIP_CENTRAL_SIZE + 5);
        spk__zip_put(to + 30, 2, 28 + 6);
        uint8_t *extra = to + SPK__ZIP_CENTRAL_SIZE + 5;
        extra = spk__zip_put(extra, 2, 0x7075); /* a field of another kind comes first */
        extra = spk__zip_put(extra, 2, 2);
        extra = spk__zip_put(extra, 2, 0);
        extra = spk__zip_put(extra, 2, SPK__ZIP_EXTRA_64);
        extra = spk__zip_put(extra, 2, 24);
        extra = spk__zip_put(extra, 8, spk__zip_get(from + 24, 4));
        extra = spk__zip_put(extra, 8, spk__zip_get(from + 20, 4));
        extra = spk__zip_put(extra, 8, spk__zip_get(from + 42, 4));
        spk__zip_put(to + 20, 8, UINT64_MAX);
        spk__zip_put(to + 42, 4, UINT32_MAX);
        at = (size_t)(extra - bytes);
    }
    size_t end64 = at;
    uint8_t *to = bytes + at;
    memset(to, 0, SPK__ZIP_END64_SIZE);
    spk__zip_put(to, 4, SPK__ZIP_END64);
    spk__zip_put(to + 4, 8, SPK__ZIP_END64_SIZE - 12);
    spk__zip_put(to + 24, 8, 2);
    spk__zip_put(to + 32, 8, 2);
    spk__zip_put(to + 40, 8, end64 - central[0]);
    spk__zip_put(to + 48, 8, central[0]);
    to += SPK__ZIP_END64_SIZE;
    size_t locator = (size_t)(to - bytes);
    to = spk__zip_put(to, 4, SPK__ZIP_END64_LOCATOR);
    to = spk__zip_put(to, 4, 0);
    to = spk__zip_put(to, 8, end64);
    to = spk__zip_put(to, 4, 1);
    memcpy(to, archive + end_record, SPK__ZIP_END_SIZE);
    spk__zip_put(to + 8, 4, UINT32_MAX);
    spk__zip_put(to + 12, 8, UINT64_MAX);
    size_t n = (size_t)(to - bytes) + SPK__ZIP_END_SIZE;
    CU_ASSERT_EQUAL(read_all(bytes, n), SPK_OK);
    spk__zip_put(bytes + locator + 8, 8, UINT64_MAX);
    fails(read_all(bytes, n), SPK_ERR_FORMAT, "zip64 end record");
    spk__zip_put(bytes + locator + 8, 8, end64);
    spk__zip_put(bytes + end64 + 32, 8, UINT64_MAX);
    fails(read_all(bytes, n), SPK_ERR_FORMAT, "number of members");
    spk__zip_put(bytes + end64 + 32, 8, 2);
    spk__zip_put(bytes + central[0] + SPK__ZIP_CENTRAL_SIZE + 5 + 8, 2, 8);
    fails(read_all(bytes, n), SPK_ERR_FORMAT, "zip64 field");
}

/* What an archive beyond 4 GB looks like, without its size. */
static void writes_zip64(void)
{
    for (int deflate = 0; deflate < 2; deflate++) {
        const char *path = scratch_path(&folder, "x.npz");
        spk_npz_writer *writer;
        spk_npz *npz, *source;
        const spk_array *a;
        int16_t plain[6];
        size_t n;
        CU_ASSERT_FATAL(spk_npz_open(ctx, "golden/npy/stored.npz", &source) == SPK_OK);
        CU_ASSERT_FATAL(spk_npz_writer_create(ctx, path, deflate, &writer) == SPK_OK);
        spk__npz_writer_force_zip64(writer);
        CU_ASSERT_EQUAL(spk_npz_array(ctx, source, "i2_big_F", &a), SPK_OK);
        CU_ASSERT_EQUAL(spk_npz_writer_add(ctx, writer, "a", a), SPK_OK);
        CU_ASSERT_EQUAL(spk_npz_writer_add(ctx, writer, "b", a), SPK_OK);
        CU_ASSERT_EQUAL(spk_npz_writer_finish(ctx, writer), SPK_OK);
        spk_npz_writer_destroy(writer);
        spk_npz_close(source);
        char *bytes = scratch_read(path, &n);
        const uint8_t *end = (const uint8_t *)bytes + n - SPK__ZIP_END_SIZE;
        CU_ASSERT_EQUAL(spk__zip_get(end + 8, 4), UINT32_MAX);
        CU_ASSERT_EQUAL(spk__zip_get(end - 20, 4), SPK__ZIP_END64_LOCATOR);
        CU_ASSERT_EQUAL(spk__zip_get((const uint8_t *)bytes + 18, 8), UINT64_MAX);
        CU_ASSERT_EQUAL(spk__zip_get((const uint8_t *)bytes + 39, 8), 140); /* the size */
        free(bytes);
        CU_ASSERT_FATAL(spk_npz_open(ctx, path, &npz) == SPK_OK);
        CU_ASSERT_EQUAL(spk_npz_array(ctx, npz, "b", &a), SPK_OK);
        CU_ASSERT(spk__array_is_plain(a)); /* turned round and to rows */
        memcpy(plain, a->data, sizeof plain);
        for (int k = 0; k < 6; k++)
            CU_ASSERT_EQUAL(plain[k], k - 2);
        spk_npz_close(npz);
    }
    scratch_clear(&folder);
}

static spk_status write_stored(spk_context *c, void *path)
{
    return write_archive(c, path, 0);
}

static spk_status write_deflated(spk_context *c, void *path)
{
    return write_archive(c, path, 1);
}

static spk_status read_one(spk_context *c, void *path)
{
    spk_npz *npz;
    const spk_array *a;
    spk_status status = spk_npz_open(c, path, &npz);
    if (status == SPK_OK)
        status = spk_npz_array(c, npz, "f8_big_F", &a);
    spk_npz_close(npz);
    return status;
}

static void allocation_failures(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path(&folder, "x.npz"));
    CU_ASSERT(suite_fail_allocations(write_stored, path) > 8);
    CU_ASSERT_EQUAL(scratch_count(&folder), 1);
    CU_ASSERT(suite_fail_allocations(write_deflated, path) > 12);
    CU_ASSERT_EQUAL(scratch_count(&folder), 1);
    CU_ASSERT(suite_fail_allocations(read_one, "golden/npy/stored.npz") > 50);
    CU_ASSERT(suite_fail_allocations(read_one, "golden/npy/deflated.npz") > 50);
    scratch_clear(&folder);
}

static const suite_test tests[] = {
    {"reads what numpy writes", reads_what_numpy_writes},
    {"writes and reads back", writes_and_reads_back},
    {"equal data give equal files", equal_data_give_equal_files},
    {"an empty archive", an_empty_archive},
    {"writer arguments", writer_arguments},
    {"a full device", a_full_device},
    {"hostile archives", hostile_archives},
    {"doubles and overlaps", doubles_and_overlaps},
    {"bombs", bombs},
    {"reads zip64", reads_zip64},
    {"writes zip64", writes_zip64},
    {"allocation failures", allocation_failures},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK || !scratch_open(&folder))
        return 1;
    int result = suite_run("npz", tests, (int)(sizeof tests / sizeof tests[0]));
    free(archive);
    scratch_close(&folder);
    spk_context_destroy(ctx);
    return result;
}
