/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "files/array_convert.h"
#include "files/npy_header.h"
#include "scratch.h"
#include "suite.h"

#include <math.h>
#include <signal.h>
#include <spikekit/array.h>
#include <sys/resource.h>

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

/* The bytes of a file with this header text, padded, and n bytes of data 1, 2, 3 ... */
static size_t make_file(uint8_t *bytes, int version, const char *dictionary, size_t n)
{
    size_t start = version == 1 ? 10 : 12, length = strlen(dictionary);
    size_t total = (start + length + 1 + 63) / 64 * 64, header = total - start;
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (uint8_t)version;
    bytes[7] = 0;
    for (size_t k = 8; k < start; k++)
        bytes[k] = (uint8_t)(header >> 8 * (k - 8));
    memset(bytes + start, ' ', header);
    memcpy(bytes + start, dictionary, length);
    bytes[total - 1] = '\n';
    for (size_t k = 0; k < n; k++)
        bytes[total + k] = (uint8_t)(k + 1);
    return total + n;
}

static spk_status parse(const char *dictionary, size_t n_data, spk_array *array)
{
    static _Alignas(64) uint8_t bytes[1024];
    size_t n = make_file(bytes, 1, dictionary, n_data);
    return spk__npy_parse(ctx, "x.npy", bytes, n, array);
}

static void headers_by_hand(void)
{
    static _Alignas(64) uint8_t bytes[512];
    spk_array a;
    for (int version = 1; version <= 3; version++) {
        size_t n =
            make_file(bytes, version,
                      "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", 4);
        CU_ASSERT_EQUAL(spk__npy_parse(ctx, "x.npy", bytes, n, &a), SPK_OK);
        CU_ASSERT(a.dtype == SPK_DTYPE_INT16 && a.n_dimensions == 1 && a.shape[0] == 2);
        CU_ASSERT(a.n_elements == 2 && a.item_size == 2 && !a.fortran_order &&
                  !a.swapped);
        CU_ASSERT_EQUAL(*(const int16_t *)a.data, 0x0201);
    }
    CU_ASSERT_EQUAL(parse("{\"shape\":(),'fortran_order':True,'descr':'>f8'}", 8, &a),
                    SPK_OK);
    CU_ASSERT(a.n_dimensions == 0 && a.n_elements == 1 && a.fortran_order && a.swapped);
    CU_ASSERT_EQUAL(
        parse("{'descr':'|u1','fortran_order':False,'shape':(3L, 1L),}", 3, &a), SPK_OK);
    CU_ASSERT(a.n_dimensions == 2 && a.shape[0] == 3 && a.shape[1] == 1);
    CU_ASSERT_EQUAL(parse("{'descr':'=i4','fortran_order':False,'shape':(0,7)}", 0, &a),
                    SPK_OK);
    CU_ASSERT(a.n_elements == 0 && !a.swapped);
    CU_ASSERT_EQUAL(parse("{'descr':'?','fortran_order':False,'shape':(2)}", 2, &a),
                    SPK_OK);
    CU_ASSERT_EQUAL(a.dtype, SPK_DTYPE_BOOL);
    CU_ASSERT_EQUAL(parse("{'descr':'>U2','fortran_order':False,'shape':(1,)}", 9, &a),
                    SPK_OK);
    CU_ASSERT(a.dtype == SPK_DTYPE_TEXT && a.item_size == 8 && a.swapped);
    CU_ASSERT_EQUAL(parse("{'descr':'|S3','fortran_order':False,'shape':(1,)}", 3, &a),
                    SPK_OK);
    CU_ASSERT(a.dtype == SPK_DTYPE_BYTES && a.item_size == 3 && !a.swapped);
}

static void hostile_headers(void)
{
#define REST ", 'fortran_order': False, 'shape': (2,)}"
    static const struct {
        const char *dictionary;
        spk_status status;
        const char *words;
    } cases[] = {
        {"", SPK_ERR_FORMAT, "expected '{'"},
        {"{", SPK_ERR_FORMAT, "a key"},
        {"{}", SPK_ERR_FORMAT, "the key descr"},
        {"{'descr'", SPK_ERR_FORMAT, "':'"},
        {"{'descr':", SPK_ERR_FORMAT, "a dtype"},
        {"{'descr': '<i8', 'descr': '<i8'" REST, SPK_ERR_FORMAT, "'descr' again"},
        {"{'descr': '<i8', 'more': 1" REST, SPK_ERR_FORMAT, "'more'"},
        {"{'descr': '|O'" REST, SPK_ERR_FORMAT, "pickled"},
        {"{'descr': 'O8'" REST, SPK_ERR_FORMAT, "pickled"},
        {"{'descr': [('a', '<i8')]" REST, SPK_ERR_UNSUPPORTED, "structured"},
        {"{'descr': '<c16'" REST, SPK_ERR_UNSUPPORTED, "'<c16'"},
        {"{'descr': '<M8[ns]'" REST, SPK_ERR_UNSUPPORTED, "'<M8[ns]'"},
        {"{'descr': '<f16'" REST, SPK_ERR_UNSUPPORTED, "'<f16'"},
        {"{'descr': '|V8'" REST, SPK_ERR_UNSUPPORTED, "'|V8'"},
        {"{'descr': '<i'" REST, SPK_ERR_UNSUPPORTED, "'<i'"},
        {"{'descr': ''" REST, SPK_ERR_UNSUPPORTED, "nothing"},
        {"{'descr': '<U999999999'" REST, SPK_ERR_UNSUPPORTED, "U999"},
        {"{'descr': '<i99999999999999999999999'" REST, SPK_ERR_UNSUPPORTED, "i999"},
        {"{'descr': '<i8', 'fortran_order': Maybe, 'shape': (2,)}", SPK_ERR_FORMAT,
         "True or False"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': 2}", SPK_ERR_FORMAT,
         "a shape"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (-2,)}", SPK_ERR_FORMAT,
         "a length"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (2 3)}", SPK_ERR_FORMAT,
         "',' or ')'"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (9223372036854775808,)}",
         SPK_ERR_FORMAT, "within int64"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}",
         SPK_ERR_UNSUPPORTED, "8 dimensions"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (9223372036854775807,)}",
         SPK_ERR_OVERFLOW, "2^63"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (4294967296,4294967296)}",
         SPK_ERR_OVERFLOW, "2^63"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (0,4294967296,4294967296)}",
         SPK_ERR_OVERFLOW, "2^63"},
        {"{'descr': '<i8'" REST " x", SPK_ERR_FORMAT, "nothing after"},
        {"{'descr': '<i8', 'shape': (2,)}", SPK_ERR_FORMAT, "the key fortran_order"},
        {"{'descr': __import__('os')" REST, SPK_ERR_FORMAT, "a dtype"},
        {"{'descr': '<i8\\x38'" REST, SPK_ERR_FORMAT, "a dtype"},
        {"{'descr': '<i8'" REST, SPK_ERR_FORMAT, "expected 16 bytes of data, found 15"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        spk_array a;
        fails(parse(cases[k].dictionary, 15, &a), cases[k].status, cases[k].words);
        CU_ASSERT(strstr(spk_context_message(ctx), "x.npy: ") ==
                  spk_context_message(ctx));
    }
}

static void lengths_and_versions(void)
{
    static uint8_t bytes[512];
    const char *good = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}";
    spk_array a;
    for (int version = 1; version <= 3; version++) {
        size_t n = make_file(bytes, version, good, 16);
        for (size_t cut = 0; cut < n; cut++) { /* at every byte */
            uint8_t *exact = malloc(cut + 1);
            memcpy(exact, bytes, cut);
            CU_ASSERT_EQUAL(spk__npy_parse(ctx, "x.npy", exact, cut, &a), SPK_ERR_FORMAT);
            free(exact);
        }
        CU_ASSERT_EQUAL(spk__npy_parse(ctx, "x.npy", bytes, n, &a), SPK_OK);
        CU_ASSERT_EQUAL(spk__npy_parse(ctx, "x.npy", bytes, n + 9, &a), SPK_OK);
    }
    size_t n = make_file(bytes, 2, good, 16);
    bytes[11] = 0x7f;
    fails(spk__npy_parse(ctx, "x.npy", bytes, n, &a), SPK_ERR_FORMAT, "at most 1048576");
    bytes[6] = 4;
    fails(spk__npy_parse(ctx, "x.npy", bytes, n, &a), SPK_ERR_UNSUPPORTED, "found 4.0");
    bytes[6] = 1;
    bytes[7] = 1;
    fails(spk__npy_parse(ctx, "x.npy", bytes, n, &a), SPK_ERR_UNSUPPORTED, "found 1.1");
    bytes[0] = 'P';
    fails(spk__npy_parse(ctx, "x.npy", bytes, n, &a), SPK_ERR_FORMAT, "a .npy file");
}

static void opens_what_numpy_writes(void)
{
    static const struct {
        const char *name;
        spk_status status;
        const char *words;
    } refused[] = {{"object", SPK_ERR_FORMAT, "pickled objects"},
                   {"structured", SPK_ERR_UNSUPPORTED, "structured"},
                   {"complex", SPK_ERR_UNSUPPORTED, "'<c16'"},
                   {"datetime", SPK_ERR_UNSUPPORTED, "'<M8[ns]'"}};
    spk_npy *npy;
    int64_t out[24];
    double numbers[24];
    const spk_array *a;
    char path[64];
    for (size_t k = 0; k < 4; k++) {
        snprintf(path, sizeof path, "golden/npy/%s.npy", refused[k].name);
        fails(spk_npy_open(ctx, path, &npy), refused[k].status, refused[k].words);
        CU_ASSERT_PTR_NULL(npy);
    }
#define OPEN(name)                                                                       \
    CU_ASSERT_FATAL(spk_npy_open(ctx, "golden/npy/" name ".npy", &npy) == SPK_OK);       \
    a = spk_npy_array(npy)
    OPEN("scalar");
    CU_ASSERT(a->n_dimensions == 0 && *(const double *)a->data == 2.5);
    spk_npy_close(npy);
    OPEN("empty");
    CU_ASSERT(a->n_elements == 0 && a->shape[0] == 0 && a->shape[1] == 3);
    spk_npy_close(npy);
    OPEN("column");
    CU_ASSERT(a->n_dimensions == 2 && a->shape[1] == 1 && spk__array_is_plain(a));
    CU_ASSERT_EQUAL(((const uint64_t *)a->data)[4], 4);
    spk_npy_close(npy);
    OPEN("cube");
    CU_ASSERT(a->fortran_order && a->swapped);
    CU_ASSERT_EQUAL(spk_array_to_int64(ctx, a, out), SPK_OK);
    for (int k = 0; k < 24; k++)
        CU_ASSERT_EQUAL(out[k], k);
    spk_npy_close(npy);
    OPEN("half");
    CU_ASSERT_EQUAL(spk_array_to_double(ctx, a, numbers), SPK_OK);
    CU_ASSERT(numbers[1] == 0 && signbit(numbers[1]) && numbers[3] == 65504);
    CU_ASSERT(numbers[4] == 0x1p-24 && numbers[6] == -INFINITY && isnan(numbers[7]));
    spk_npy_close(npy);
    OPEN("large");
    fails(spk_array_to_int64(ctx, a, out), SPK_ERR_OVERFLOW, "at index 2");
    CU_ASSERT_EQUAL(out[1], INT64_MAX);
    spk_npy_close(npy);
    OPEN("text");
    CU_ASSERT(a->dtype == SPK_DTYPE_TEXT && a->item_size == 20);
    CU_ASSERT_EQUAL(((const uint32_t *)a->data)[5], 0x3bc);
    spk_npy_close(npy);
    OPEN("bytes");
    CU_ASSERT(a->dtype == SPK_DTYPE_BYTES && memcmp(a->data, "goodmua\0", 8) == 0);
    spk_npy_close(npy);
    OPEN("version2");
    CU_ASSERT_EQUAL(((const int32_t *)a->data)[2], 2);
    spk_npy_close(npy);
    OPEN("version3");
    CU_ASSERT_EQUAL(((const int32_t *)a->data)[2], 2);
    spk_npy_close(npy);
    CU_ASSERT_PTR_NULL(spk_npy_array(NULL));
    spk_npy_close(NULL);
}

static void unaligned_data_are_copied(void)
{
    static uint8_t bytes[256];
    const char *dictionary = "{'descr':'<i4','fortran_order':False,'shape':(1,)}";
    size_t length = strlen(dictionary) + 1 + (strlen(dictionary) + 10) % 2;
    memcpy(bytes, "\x93NUMPY\x01\x00", 8);
    bytes[8] = (uint8_t)length;
    memcpy(bytes + 10, dictionary, strlen(dictionary));
    memset(bytes + 10 + strlen(dictionary), ' ', length - strlen(dictionary));
    memcpy(bytes + 10 + length, "\x2a\0\0\0", 4);
    spk_npy *npy;
    const char *path = scratch_write(&folder, "odd.npy", bytes, 10 + length + 4);
    CU_ASSERT_FATAL(spk_npy_open(ctx, path, &npy) == SPK_OK);
    const spk_array *a = spk_npy_array(npy);
    CU_ASSERT_EQUAL((uintptr_t)a->data % 4, 0);
    CU_ASSERT_EQUAL(*(const int32_t *)a->data, 42);
    spk_npy_close(npy);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
    scratch_clear(&folder);
}

static void writes_and_reads_back(void)
{
    uint8_t data[64];
    for (int k = 0; k < 64; k++)
        data[k] = (uint8_t)(k % 2);
    for (int32_t dtype = 0; dtype <= SPK_DTYPE_BYTES; dtype++)
        for (int32_t n_dimensions = 0; n_dimensions <= SPK_ARRAY_MAX_DIMENSIONS;
             n_dimensions++) {
            const int64_t shape[] = {2, 1, 1, 3, 1, 1, 1, 1};
            spk_array a;
            spk_npy *npy;
            const char *path = scratch_path(&folder, "x.npy");
            int32_t width = dtype == SPK_DTYPE_TEXT ? 4 : 3;
            CU_ASSERT_FATAL(spk__array_describe(ctx, dtype, width, n_dimensions, shape,
                                                &a) == SPK_OK);
            a.data = data;
            CU_ASSERT_EQUAL(spk_npy_write(ctx, path, &a), SPK_OK);
            CU_ASSERT_FATAL(spk_npy_open(ctx, path, &npy) == SPK_OK);
            const spk_array *b = spk_npy_array(npy);
            CU_ASSERT(b->dtype == dtype && b->n_dimensions == n_dimensions &&
                      b->n_elements == a.n_elements && b->item_size == a.item_size);
            CU_ASSERT(memcmp(b->shape, a.shape, sizeof a.shape) == 0);
            CU_ASSERT(memcmp(b->data, data, spk__array_bytes(&a)) == 0);
            CU_ASSERT_EQUAL((uintptr_t)b->data % 64, 0);
            spk_npy_close(npy);
        }
    CU_ASSERT_EQUAL(scratch_count(&folder), 1); /* no part file stays */
    scratch_clear(&folder);
}

static void writes_what_numpy_writes(void)
{
    const int32_t values[] = {0, 1, 2};
    const int64_t n = 3;
    size_t n_ours, n_theirs;
    spk_array a;
    CU_ASSERT_FATAL(spk__array_describe(ctx, SPK_DTYPE_INT32, 0, 1, &n, &a) == SPK_OK);
    a.data = values;
    const char *path = scratch_path(&folder, "x.npy");
    CU_ASSERT_EQUAL(spk_npy_write(ctx, path, &a), SPK_OK);
    char *ours = scratch_read(path, &n_ours);
    char *theirs = scratch_read("golden/npy/version2.npy", &n_theirs);
    CU_ASSERT_FATAL(ours != NULL && theirs != NULL);
    /* The dictionary and the data; numpy leaves more room behind the dictionary. */
    CU_ASSERT(memcmp(ours + 10, theirs + 12, 60) == 0);
    CU_ASSERT(memcmp(ours + n_ours - 12, theirs + n_theirs - 12, 12) == 0);
    free(ours);
    free(theirs);
    /* Column-major and swapped arrays come out plain. */
    spk_npy *npy;
    CU_ASSERT_FATAL(spk_npy_open(ctx, "golden/npy/cube.npy", &npy) == SPK_OK);
    CU_ASSERT_EQUAL(spk_npy_write(ctx, path, spk_npy_array(npy)), SPK_OK);
    spk_npy_close(npy);
    CU_ASSERT_FATAL(spk_npy_open(ctx, path, &npy) == SPK_OK);
    CU_ASSERT(spk__array_is_plain(spk_npy_array(npy)));
    for (int k = 0; k < 24; k++)
        CU_ASSERT_EQUAL(((const int16_t *)spk_npy_array(npy)->data)[k], k);
    spk_npy_close(npy);
    scratch_clear(&folder);
}

static void writes_in_pieces(void)
{
    enum {
        N = 700000
    }; /* more than two buffers */
    static int32_t values[N];
    const int64_t n = N;
    for (int k = 0; k < N; k++)
        values[k] = k;
    spk_npy_writer *writer;
    spk_npy *npy;
    const char *path = scratch_path(&folder, "x.npy");
    CU_ASSERT_FATAL(spk_npy_writer_create(ctx, path, SPK_DTYPE_INT32, 1, &n, &writer) ==
                    SPK_OK);
    for (int at = 0, piece = 1; at < N; at += piece, piece = piece * 3 + 1) {
        piece = piece < N - at ? piece : N - at;
        CU_ASSERT_EQUAL(
            spk_npy_writer_append(ctx, writer, values + at, (size_t)piece * 4), SPK_OK);
    }
    CU_ASSERT_EQUAL(access(path, F_OK), -1); /* not before finish */
    CU_ASSERT_EQUAL(spk_npy_writer_finish(ctx, writer), SPK_OK);
    fails(spk_npy_writer_finish(ctx, writer), SPK_ERR_ARGUMENT, "not finished");
    fails(spk_npy_writer_append(ctx, writer, values, 0), SPK_ERR_ARGUMENT,
          "not finished");
    spk_npy_writer_destroy(writer);
    CU_ASSERT_FATAL(spk_npy_open(ctx, path, &npy) == SPK_OK);
    CU_ASSERT(memcmp(spk_npy_array(npy)->data, values, sizeof values) == 0);
    spk_npy_close(npy);

    CU_ASSERT_FATAL(spk_npy_writer_create(ctx, path, SPK_DTYPE_INT32, 1, &n, &writer) ==
                    SPK_OK);
    fails(spk_npy_writer_append(ctx, writer, NULL, 4), SPK_ERR_ARGUMENT, "data");
    fails(spk_npy_writer_append(ctx, writer, values, 4 * (size_t)N + 1), SPK_ERR_ARGUMENT,
          "holds 2800000 more bytes, got 2800001");
    fails(spk_npy_writer_finish(ctx, writer), SPK_ERR_ARGUMENT,
          "holds 2800000 more bytes");
    CU_ASSERT_EQUAL(scratch_count(&folder), 2);
    spk_npy_writer_destroy(writer); /* discards, the old file stays */
    CU_ASSERT_EQUAL(scratch_count(&folder), 1);
    spk_npy_writer_destroy(NULL);
    scratch_clear(&folder);
}

static void argument_errors(void)
{
    const int64_t shape[] = {1};
    spk_npy *npy;
    spk_npy_writer *writer;
    spk_array a = {0};
    fails(spk_npy_open(ctx, NULL, &npy), SPK_ERR_ARGUMENT, "path");
    fails(spk_npy_open(ctx, "x", NULL), SPK_ERR_ARGUMENT, "npy");
    fails(spk_npy_write(ctx, NULL, &a), SPK_ERR_ARGUMENT, "path");
    fails(spk_npy_write(ctx, "x", NULL), SPK_ERR_ARGUMENT, "array");
    fails(spk_npy_writer_create(ctx, NULL, 4, 1, shape, &writer), SPK_ERR_ARGUMENT,
          "path");
    fails(spk_npy_writer_create(ctx, "x", 4, 1, shape, NULL), SPK_ERR_ARGUMENT, "writer");
    fails(spk_npy_writer_create(ctx, "x", SPK_DTYPE_TEXT, 1, shape, &writer),
          SPK_ERR_ARGUMENT, "dtype");
    fails(spk_npy_writer_create(ctx, "x", 4, 1, NULL, &writer), SPK_ERR_ARGUMENT,
          "shape");
    fails(spk_npy_writer_append(ctx, NULL, shape, 0), SPK_ERR_ARGUMENT, "writer");
    fails(spk_npy_writer_finish(ctx, NULL), SPK_ERR_ARGUMENT, "writer");
}

static void system_errors(void)
{
    spk_npy *npy;
    spk_npy_writer *writer;
    double value = 1;
    spk_array a;
    CU_ASSERT_FATAL(spk__array_describe(ctx, SPK_DTYPE_FLOAT64, 0, 0, NULL, &a) ==
                    SPK_OK);
    a.data = &value;
    fails(spk_npy_open(ctx, scratch_path(&folder, "none.npy"), &npy), SPK_ERR_NOT_FOUND,
          "none.npy: No such file or directory");
    fails(spk_npy_open(ctx, folder.folder, &npy), SPK_ERR_IO, "Is a directory");
    fails(spk_npy_open(ctx, "/dev/null", &npy), SPK_ERR_IO, "not a regular file");
    fails(spk_npy_open(ctx, scratch_text(&folder, "empty.npy", ""), &npy), SPK_ERR_FORMAT,
          "a .npy file");
    fails(spk_npy_write(ctx, scratch_path(&folder, "no/x.npy"), &a), SPK_ERR_NOT_FOUND,
          "No such file");
    fails(spk_npy_write(ctx, folder.folder, &a), SPK_ERR_IO, "Is a directory");
    if (access("/dev/full", W_OK) == 0)
        fails(spk_npy_write(ctx, "/dev/full", &a), SPK_ERR_IO,
              "/dev/full: No space left on device");
    scratch_clear(&folder);

    /* A limit on file sizes: short writes, then EFBIG. */
    static uint8_t bytes[3 << 20];
    const int64_t n = sizeof bytes;
    struct rlimit old, limit;
    CU_ASSERT_FATAL(getrlimit(RLIMIT_FSIZE, &old) == 0);
    limit = old;
    limit.rlim_cur = (1 << 20) + 12345;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    CU_ASSERT_FATAL(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    const char *path = scratch_path(&folder, "large.npy");
    CU_ASSERT_EQUAL(spk_npy_writer_create(ctx, path, SPK_DTYPE_UINT8, 1, &n, &writer),
                    SPK_OK);
    spk_status status = spk_npy_writer_append(ctx, writer, bytes, sizeof bytes);
    CU_ASSERT_FATAL(setrlimit(RLIMIT_FSIZE, &old) == 0);
    signal(SIGXFSZ, handler);
    fails(status, SPK_ERR_IO, "large.npy: File too large");
    spk_npy_writer_destroy(writer);
    CU_ASSERT_EQUAL(scratch_count(&folder), 0);
}

static void links_and_part_files(void)
{
    double value = 1;
    char part[64], *bytes;
    spk_array a;
    CU_ASSERT_FATAL(spk__array_describe(ctx, SPK_DTYPE_FLOAT64, 0, 0, NULL, &a) ==
                    SPK_OK);
    a.data = &value;
    /* A part file left by a crash is neither used nor removed. */
    snprintf(part, sizeof part, "x.npy.part-%ld", (long)getpid());
    const char *old = scratch_text(&folder, part, "old");
    const char *path = scratch_text(&folder, "x.npy", "before");
    const char *link = scratch_path(&folder, "link.npy");
    CU_ASSERT_FATAL(symlink(path, link) == 0);
    CU_ASSERT_EQUAL(spk_npy_write(ctx, link, &a), SPK_OK);
    bytes = scratch_read(old, NULL);
    CU_ASSERT_STRING_EQUAL(bytes, "old");
    free(bytes);
    bytes = scratch_read(path, NULL); /* the link still points here */
    CU_ASSERT(memcmp(bytes, "\x93NUMPY", 6) == 0);
    free(bytes);
    struct stat about;
    CU_ASSERT(lstat(link, &about) == 0 && S_ISLNK(about.st_mode));
    CU_ASSERT_EQUAL(scratch_count(&folder), 3);
    scratch_clear(&folder);
}

static spk_status open_and_close(spk_context *c, void *path)
{
    spk_npy *npy;
    spk_status status = spk_npy_open(c, path, &npy);
    spk_npy_close(npy);
    return status;
}

static spk_status write_cube(spk_context *c, void *path)
{
    spk_npy *npy;
    spk_status status = spk_npy_open(NULL, "golden/npy/cube.npy", &npy);
    if (status == SPK_OK)
        status = spk_npy_write(c, path, spk_npy_array(npy));
    spk_npy_close(npy);
    return status;
}

static void allocation_failures(void)
{
    char path[512];
    CU_ASSERT_EQUAL(suite_fail_allocations(open_and_close, "golden/npy/cube.npy"), 1);
    snprintf(path, sizeof path, "%s", scratch_path(&folder, "x.npy"));
    CU_ASSERT(suite_fail_allocations(write_cube, path) >= 5);
    CU_ASSERT_EQUAL(scratch_count(&folder), 1); /* the last call wrote it */
    scratch_clear(&folder);
}

static const suite_test tests[] = {
    {"headers by hand", headers_by_hand},
    {"hostile headers", hostile_headers},
    {"lengths and versions", lengths_and_versions},
    {"opens what numpy writes", opens_what_numpy_writes},
    {"unaligned data are copied", unaligned_data_are_copied},
    {"writes and reads back", writes_and_reads_back},
    {"writes what numpy writes", writes_what_numpy_writes},
    {"writes in pieces", writes_in_pieces},
    {"argument errors", argument_errors},
    {"system errors", system_errors},
    {"links and part files", links_and_part_files},
    {"allocation failures", allocation_failures},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK || !scratch_open(&folder))
        return 1;
    int result = suite_run("npy", tests, (int)(sizeof tests / sizeof tests[0]));
    scratch_close(&folder);
    spk_context_destroy(ctx);
    return result;
}
