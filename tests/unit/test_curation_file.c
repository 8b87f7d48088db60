/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "scratch.h"
#include "suite.h"

#include <spikekit/curation.h>
#include <spikekit/table.h>

enum {
    N = 60
};

static spk_context *ctx;
static scratch folder;
static char last_log[512];
static int64_t samples[N];
static int32_t units[N];
static const spk_spikes spikes = {N, 5, samples, units, 30000, 0, 100000};
static const int64_t unit_ids[] = {3, 7, 12, 15, 20};

static void keep_log(void *user, spk_log_level level, const char *message)
{
    (void)user;
    (void)level;
    snprintf(last_log, sizeof last_log, "%s", message);
}

static void fails(spk_status found, spk_status wanted, const char *words)
{
    CU_ASSERT_EQUAL(found, wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

static spk_curation *start(void)
{
    spk_curation *c = NULL;
    spk_curation_options o;
    spk_curation_options_init(&o, sizeof o);
    o.unit_ids = unit_ids;
    for (int i = 0; i < N; i++) {
        samples[i] = 20 * i - (i % 7 == 0 ? 15 : 0) + 15;
        units[i] = i % 5;
    }
    CU_ASSERT_FATAL(spk_curation_create(ctx, &spikes, &o, &c) == SPK_OK);
    return c;
}

static void same(const spk_curation *a, const spk_curation *b)
{
    int64_t ids[2][16], indices[2][N];
    int32_t owners[2][N];
    const int64_t n_units = spk_curation_n_units(a), n = spk_curation_n_spikes(a);
    CU_ASSERT_FATAL(spk_curation_n_units(b) == n_units && n_units <= 16);
    CU_ASSERT_FATAL(spk_curation_n_spikes(b) == n);
    spk_curation_unit_ids(a, ids[0]);
    spk_curation_unit_ids(b, ids[1]);
    CU_ASSERT(memcmp(ids[0], ids[1], (size_t)n_units * sizeof(int64_t)) == 0);
    CU_ASSERT_EQUAL(spk_curation_spikes(ctx, a, indices[0], owners[0]), SPK_OK);
    CU_ASSERT_EQUAL(spk_curation_spikes(ctx, b, indices[1], owners[1]), SPK_OK);
    CU_ASSERT(memcmp(indices[0], indices[1], (size_t)n * sizeof(int64_t)) == 0);
    CU_ASSERT(memcmp(owners[0], owners[1], (size_t)n * sizeof(int32_t)) == 0);
}

static int holds(const char *path, const char *words)
{
    char *text = scratch_read(path, NULL);
    const int found = text != NULL && strstr(text, words) != NULL;
    free(text);
    return found;
}

/* Steps on old units alone make one step of the format, those on new units several. */
static void there_and_back(void)
{
    static const int64_t first[] = {3, 15}, second[] = {21, 22};
    static const char *const labels[] = {"good", "", "mua", "good"};
    const char *path = scratch_path(&folder, "steps.json");
    int32_t parts[N] = {0};
    for (int i = 0; i < N; i++)
        parts[i] = i % 3 == 1 ? 9 : -1;
    for (int n_steps = 0; n_steps <= 5; n_steps++) {
        spk_curation *c = start(), *again = start();
        if (n_steps > 0)
            CU_ASSERT_EQUAL(spk_curation_merge(ctx, c, 2, first, 0.3, -1, NULL), SPK_OK);
        if (n_steps > 1)
            CU_ASSERT_EQUAL(spk_curation_split(ctx, c, 7, parts, 0, NULL, NULL, NULL),
                            SPK_OK);
        if (n_steps > 2)
            CU_ASSERT_EQUAL(spk_curation_remove(ctx, c, 20), SPK_OK);
        if (n_steps > 3)
            CU_ASSERT_EQUAL(spk_curation_merge(ctx, c, 2, second, 0, 50, NULL), SPK_OK);
        if (n_steps > 4)
            CU_ASSERT_EQUAL(spk_curation_split(ctx, c, 50, parts, 0, NULL, NULL, NULL),
                            SPK_OK);
        CU_ASSERT_EQUAL(spk_curation_write(ctx, c, path, NULL, NULL), SPK_OK);
        CU_ASSERT_EQUAL(holds(path, "curation_steps"), n_steps > 3);
        CU_ASSERT_EQUAL(spk_curation_apply(ctx, again, path, 0), SPK_OK);
        same(c, again);
        spk_curation_destroy(again);
        if (spk_curation_n_units(c) == 4) {
            spk_table *table = NULL;
            CU_ASSERT_EQUAL(spk_curation_write(ctx, c, path, "quality", labels), SPK_OK);
            CU_ASSERT_EQUAL(spk_curation_read_labels(ctx, path, &table), SPK_OK);
            CU_ASSERT_EQUAL_FATAL(spk_table_n_rows(table), 3);
            CU_ASSERT_STRING_EQUAL(spk_table_text(table, 1, 1), "quality");
            CU_ASSERT_STRING_EQUAL(spk_table_text(table, 1, 2), "mua");
            spk_table_destroy(table);
            again = start();
            CU_ASSERT_EQUAL(spk_curation_apply(ctx, again, path, 0), SPK_OK);
            same(c, again);
            spk_curation_destroy(again);
        }
        spk_curation_destroy(c);
    }
    scratch_clear(&folder);
}

/* Written by others: version 1, texts for ids, lists of spikes. */
static void other_writers(void)
{
    spk_curation *c = start();
    spk_curation_unit unit;
    spk_table *table = NULL;
    const char *path = scratch_text(
        &folder, "v1.json",
        "{\"format_version\": \"1\", \"unit_ids\": [3, 7, 12, 15, 20],\n"
        "\"label_definitions\": {\"quality\": {\"label_options\": [\"good\", \"mua\"],"
        "\"exclusive\": true}},\n"
        "\"manual_labels\": [{\"unit_id\": 7, \"quality\": [\"mua\"]}],\n"
        "\"merge_unit_groups\": [[3, 12]], \"removed_units\": [20]}");
    CU_ASSERT_EQUAL(spk_curation_apply(ctx, c, path, 0), SPK_OK);
    CU_ASSERT_EQUAL(spk_curation_n_units(c), 3);
    CU_ASSERT_EQUAL(spk_curation_unit_get(ctx, c, 21, &unit), SPK_OK);
    CU_ASSERT_EQUAL(unit.n_spikes, 24);
    CU_ASSERT_EQUAL(spk_curation_read_labels(ctx, path, &table), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_table_n_rows(table), 1);
    CU_ASSERT_STRING_EQUAL(spk_table_text(table, 0, 0), "7");
    CU_ASSERT_STRING_EQUAL(spk_table_text(table, 0, 2), "mua");
    spk_table_destroy(table);
    path = scratch_text(&folder, "v2.json",
                        "{\"format_version\": \"2\", \"unit_ids\": [\"7\", \"21\"],"
                        "\"splits\": [{\"unit_id\": \"7\", \"mode\": \"indices\","
                        "\"indices\": [[0, 3], [11]], \"new_unit_ids\": [40, 41, 42]}]}");
    CU_ASSERT_EQUAL(spk_curation_apply(ctx, c, path, 0), SPK_OK);
    CU_ASSERT_EQUAL(spk_curation_unit_get(ctx, c, 40, &unit), SPK_OK);
    CU_ASSERT_EQUAL(unit.n_spikes, 2);
    CU_ASSERT_EQUAL(spk_curation_unit_get(ctx, c, 42, &unit), SPK_OK);
    CU_ASSERT_EQUAL(unit.n_spikes, 9);
    spk_curation_destroy(c);
    scratch_clear(&folder);
}

static void bad_files(void)
{
#define V2 "{\"format_version\": \"2\", \"unit_ids\": [3], "
    static const char *const bad[][2] = {
        {"", "line 1: '[' or '{' expected near end of file"},
        {"{\"a\": 1,\n \"a\": 2}", "line 2: duplicate object key"},
        {"[]", "expected a curation file with format_version"},
        {"{\"format_version\": \"3\"}", "expected a curation file"},
        {"{\"curation_steps\": [{}]}", "expected a curation file"},
        {V2 "\"removed\": [7, 7]}", "bad.json: removed[1]: no unit 7"},
        {V2 "\"removed\": [1.5]}", "removed[0]: expected the id of a unit"},
        {V2 "\"merges\": [{\"unit_ids\": [7]}]}", "merges[0]: a merge takes two units"},
        {V2 "\"merges\": [{\"unit_ids\": [7, 3]}, {\"unit_ids\": [3, 12]}]}",
         "merges[1]: no unit 3"},
        {V2 "\"merges\": [3]}", "merges[0]: expected unit_ids"},
        {V2 "\"removed\": [20], \"splits\": [{\"unit_id\": 3, \"mode\": \"labels\", "
            "\"labels\": [1, 2]}]}",
         "splits[0]: expected labels, one for each of 12 spikes"},
        {V2 "\"splits\": [{\"unit_id\": 3, \"indices\": [[1, 2], [2]]}]}",
         "splits[0]: expected indices, lists of spikes below 12, none twice"},
        {V2 "\"splits\": [{\"unit_id\": 99}]}", "splits[0]: no unit 99"},
        {"{\"format_version\": \"2\", \"unit_ids\": [4]}", "unit_ids[0]: no unit 4"},
    };
    spk_curation *c = start(), *untouched = start();
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        fails(spk_curation_apply(ctx, c, scratch_text(&folder, "bad.json", bad[k][0]), 0),
              SPK_ERR_FORMAT, bad[k][1]);
        CU_ASSERT_EQUAL(spk_curation_n_steps(c), 0);
        same(c, untouched);
    }
    CU_ASSERT_EQUAL(spk_curation_apply(NULL, c, scratch_path(&folder, "bad.json"), 0),
                    SPK_ERR_FORMAT);
    fails(spk_curation_apply(ctx, c, scratch_path(&folder, "no.json"), 0),
          SPK_ERR_NOT_FOUND, "no.json: No such file");
    fails(spk_curation_apply(ctx, NULL, "x", 0), SPK_ERR_ARGUMENT, "curation");
    fails(spk_curation_write(ctx, c, scratch_path(&folder, "no/x.json"), NULL, NULL),
          SPK_ERR_NOT_FOUND, "no/x.json");
    fails(spk_curation_write(ctx, c, "x", "quality", NULL), SPK_ERR_ARGUMENT, "labels");
    spk_curation_destroy(c);
    spk_curation_destroy(untouched);
    scratch_clear(&folder);
}

/* Spikes removed from a unit by itself have no place in the format. */
static void left_out(void)
{
    spk_curation *c = start();
    int64_t n_removed = 0;
    CU_ASSERT_EQUAL(spk_curation_censor(ctx, c, 3, 3.3, &n_removed), SPK_OK);
    CU_ASSERT(n_removed > 0);
    last_log[0] = '\0';
    CU_ASSERT_EQUAL(
        spk_curation_write(ctx, c, scratch_path(&folder, "c.json"), NULL, NULL), SPK_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(last_log, "duplicate spikes has no place"));
    spk_curation_destroy(c);
    scratch_clear(&folder);
}

static const suite_test tests[] = {
    {"there and back", there_and_back},
    {"other writers", other_writers},
    {"bad files", bad_files},
    {"left out", left_out},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK || !scratch_open(&folder))
        return 1;
    spk_context_set_log(ctx, keep_log, NULL);
    int result = suite_run("curation_file", tests, (int)(sizeof tests / sizeof tests[0]));
    scratch_close(&folder);
    spk_context_destroy(ctx);
    return result;
}
