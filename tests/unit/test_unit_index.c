/* SPDX-License-Identifier: BSD-3-Clause */
#include "files/array_convert.h"
#include "files/sort.h"
#include "files/unit_index.h"
#include "suite.h"

#include <stdlib.h>

static spk_context *ctx;
static uint64_t state = 1;

static uint64_t draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 16;
}

static spk_array vector(int32_t dtype, int64_t n, const void *data)
{
    spk_array array;
    CU_ASSERT_FATAL(spk__array_describe(ctx, dtype, 0, 1, &n, &array) == SPK_OK);
    array.data = data;
    return array;
}

static void free_index(spk__unit_index *index)
{
    spk__free(index->unit_ids);
    spk__free(index->block);
}

/* Ids rise, each spike's is its own, and each is some spike's. */
static void check_index(const spk_array *ids, const spk__unit_index *index)
{
    int64_t id, n_wrong = 0;
    uint8_t *seen = calloc((size_t)index->n_units + 1, 1);
    for (int64_t u = 1; u < index->n_units; u++)
        n_wrong += index->unit_ids[u] <= index->unit_ids[u - 1];
    for (int64_t k = 0; k < ids->n_elements; k++) {
        CU_ASSERT_FATAL(spk__array_read_int64(ctx, "", ids, k, 1, &id) == SPK_OK);
        CU_ASSERT_FATAL(index->units[k] >= 0 && index->units[k] < index->n_units);
        n_wrong += index->unit_ids[index->units[k]] != id;
        seen[index->units[k]] = 1;
    }
    for (int64_t u = 0; u < index->n_units; u++)
        n_wrong += !seen[u];
    CU_ASSERT_EQUAL(n_wrong, 0);
    free(seen);
}

static void by_hand(void)
{
    const int32_t dense[] = {2, 0, 1, 1}, sparse[] = {7, -1, 7, 100};
    const uint32_t unsigned_dense[] = {1, 0};
    const int64_t far[] = {INT64_MAX, INT64_MIN, 0, INT64_MAX};
    const double numbers[] = {3, 1};
    spk__unit_index index;
    spk_array a = vector(SPK_DTYPE_INT32, 4, dense);
    CU_ASSERT_EQUAL(spk__unit_index_make(ctx, "x", &a, &index), SPK_OK);
    CU_ASSERT(index.units == dense && index.block == NULL && index.n_units == 3);
    free_index(&index);
    a = vector(SPK_DTYPE_UINT32, 2, unsigned_dense);
    CU_ASSERT_EQUAL(spk__unit_index_make(ctx, "x", &a, &index), SPK_OK);
    CU_ASSERT((const void *)index.units == unsigned_dense && index.n_units == 2);
    free_index(&index);
    a = vector(SPK_DTYPE_INT32, 4, sparse);
    CU_ASSERT_EQUAL(spk__unit_index_make(ctx, "x", &a, &index), SPK_OK);
    CU_ASSERT(index.n_units == 3 && index.unit_ids[0] == -1 && index.unit_ids[2] == 100);
    CU_ASSERT(index.units[0] == 1 && index.units[1] == 0 && index.units[3] == 2);
    free_index(&index);
    a = vector(SPK_DTYPE_INT64, 4, far);
    CU_ASSERT_EQUAL(spk__unit_index_make(ctx, "x", &a, &index), SPK_OK);
    CU_ASSERT(index.n_units == 3 && index.unit_ids[0] == INT64_MIN &&
              index.units[0] == 2);
    free_index(&index);
    a = vector(SPK_DTYPE_FLOAT64, 2, numbers);
    CU_ASSERT_EQUAL(spk__unit_index_make(ctx, "x", &a, &index), SPK_OK);
    CU_ASSERT(index.n_units == 2 && index.units[0] == 1);
    free_index(&index);
    a = vector(SPK_DTYPE_INT32, 0, NULL);
    CU_ASSERT_EQUAL(spk__unit_index_make(ctx, "x", &a, &index), SPK_OK);
    CU_ASSERT_EQUAL(index.n_units, 0);
    free_index(&index);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
}

static void against_the_definition(void)
{
    enum {
        N = 20000
    };
    static int64_t ids[N];
    static const int64_t spans[] = {1, 300, 100000, (int64_t)1 << 40};
    for (int s = 0; s < 4; s++) {
        spk__unit_index index;
        int64_t first = s % 2 ? -50 : 1000000;
        for (int k = 0; k < N; k++)
            ids[k] = first + (int64_t)(draw() % (uint64_t)spans[s]);
        spk_array a = vector(SPK_DTYPE_INT64, N, ids);
        CU_ASSERT_FATAL(spk__unit_index_make(ctx, "x", &a, &index) == SPK_OK);
        check_index(&a, &index);
        free_index(&index);
    }
}

static void errors(void)
{
    const double fraction[] = {0, 0.5};
    const uint64_t large[] = {0, UINT64_MAX};
    spk__unit_index index;
    spk_array a = vector(SPK_DTYPE_FLOAT64, 2, fraction);
    CU_ASSERT_EQUAL(spk__unit_index_make(ctx, "x.npy", &a, &index), SPK_ERR_FORMAT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "x.npy: expected whole numbers, found 0.5 at index 1");
    a = vector(SPK_DTYPE_UINT64, 2, large);
    CU_ASSERT_EQUAL(spk__unit_index_make(ctx, "x.npy", &a, &index), SPK_ERR_OVERFLOW);
}

static int compare_integers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void sorts(void)
{
    enum {
        N = 300
    };
    int64_t values[N], expected[N], order[N];
    const void *pointers[N];
    for (int n = 0; n < N; n++) {
        for (int k = 0; k < n; k++)
            values[k] = (int64_t)(draw() % (uint64_t)(n % 3 == 0 ? 4 : 1000)) - 2;
        if (n % 7 == 0) /* runs, as in concatenated files */
            for (int k = 0; k < n; k++)
                values[k] = k % (n / 3 + 1);
        memcpy(expected, values, sizeof values);
        qsort(expected, (size_t)n, sizeof *expected, compare_integers);
        CU_ASSERT_EQUAL(spk__stable_order(ctx, values, n, order), SPK_OK);
        for (int k = 0; k < n; k++) {
            CU_ASSERT_EQUAL(values[order[k]], expected[k]);
            CU_ASSERT(k == 0 || values[order[k]] > values[order[k - 1]] ||
                      order[k] > order[k - 1]);
            pointers[k] = &values[k];
        }
        spk__sort_pointers(pointers, n, compare_integers);
        for (int k = 0; k < n; k++)
            CU_ASSERT_EQUAL(*(const int64_t *)pointers[k], expected[k]);
        spk__sort_int64(values, n);
        CU_ASSERT(n == 0 || memcmp(values, expected, (size_t)n * sizeof *values) == 0);
    }
}

static spk_status make_far(spk_context *c, void *data)
{
    spk__unit_index index;
    spk_array a = vector(SPK_DTYPE_INT64, 3000, data);
    spk_status status = spk__unit_index_make(c, "x", &a, &index);
    if (status == SPK_OK)
        free_index(&index);
    return status;
}

static spk_status order_reversed(spk_context *c, void *data)
{
    int64_t order[3000];
    return spk__stable_order(c, data, 3000, order);
}

static void allocation_failures(void)
{
    int64_t ids[3000];
    for (int k = 0; k < 3000; k++)
        ids[k] = (int64_t)(3000 - k) << 40;
    CU_ASSERT_EQUAL(suite_fail_allocations(make_far, ids),
                    10); /* 1024 .. 8192, ids, units */
    CU_ASSERT_EQUAL(suite_fail_allocations(order_reversed, ids), 1);
    for (int k = 0; k < 3000; k++)
        ids[k] = 5 + k % 9;
    CU_ASSERT_EQUAL(suite_fail_allocations(make_far, ids), 3); /* table, ids, units */
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"against the definition", against_the_definition},
    {"errors", errors},
    {"sorts", sorts},
    {"allocation failures", allocation_failures},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK)
        return 1;
    int result = suite_run("unit_index", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_context_destroy(ctx);
    return result;
}
