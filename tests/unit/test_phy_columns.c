/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "scratch.h"
#include "suite.h"

#include <spikekit/session.h>

static spk_context *ctx;
static scratch folder;

static const int64_t unit_ids[] = {2, 5, 70};
static const char *const fields[] = {"bc_unitType", "snr"};
static const char *const texts[] = {"GOOD", "MUA", NULL, "1.5", "", "nan"};

static void fails(spk_status found, spk_status wanted, const char *words)
{
    CU_ASSERT_EQUAL(found, wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

static void holds(const char *name, const char *wanted)
{
    char *text = scratch_read(scratch_path(&folder, name), NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, wanted);
    free(text);
}

static void writes_columns(void)
{
    CU_ASSERT_EQUAL(
        spk_phy_write_columns(ctx, folder.folder, 3, unit_ids, 2, fields, texts, 0),
        SPK_OK);
    CU_ASSERT_EQUAL(scratch_count(&folder), 2);
    holds("cluster_bc_unitType.tsv", "cluster_id\tbc_unitType\n2\tGOOD\n5\tMUA\n70\t\n");
    holds("cluster_snr.tsv", "cluster_id\tsnr\n2\t1.5\n5\t\n70\tnan\n");
    scratch_clear(&folder);
    CU_ASSERT_EQUAL(
        spk_phy_write_columns(ctx, folder.folder, 1, NULL, 1, fields, texts, 0), SPK_OK);
    holds("cluster_bc_unitType.tsv", "cluster_id\tbc_unitType\n0\tGOOD\n");
    scratch_clear(&folder);
    CU_ASSERT_EQUAL(
        spk_phy_write_columns(ctx, folder.folder, 0, NULL, 1, fields, NULL, 0), SPK_OK);
    holds("cluster_bc_unitType.tsv", "cluster_id\tbc_unitType\n");
    scratch_clear(&folder);
    CU_ASSERT_EQUAL(spk_phy_write_columns(ctx, folder.folder, 3, NULL, 0, NULL, NULL, 0),
                    SPK_OK);
    CU_ASSERT_EQUAL(scratch_count(&folder), 0);
}

/* What is there stays until told; a failure changes neither file. */
static void what_is_there(void)
{
    static const char *const tabs[] = {"new", "new", "new", "1", "a\tb", "2"};
    scratch_text(&folder, "cluster_snr.tsv", "mine");
    fails(spk_phy_write_columns(ctx, folder.folder, 3, unit_ids, 2, fields, texts, 0),
          SPK_ERR_IO, "cluster_snr.tsv: File exists");
    CU_ASSERT_EQUAL(scratch_count(&folder), 1);
    fails(spk_phy_write_columns(ctx, folder.folder, 3, unit_ids, 2, fields, tabs, 1),
          SPK_ERR_ARGUMENT, "tab");
    CU_ASSERT_EQUAL(scratch_count(&folder), 1);
    holds("cluster_snr.tsv", "mine");
    CU_ASSERT_EQUAL(
        spk_phy_write_columns(ctx, folder.folder, 3, unit_ids, 2, fields, texts, 1),
        SPK_OK);
    CU_ASSERT_EQUAL(scratch_count(&folder), 2);
    holds("cluster_snr.tsv", "cluster_id\tsnr\n2\t1.5\n5\t\n70\tnan\n");
    scratch_clear(&folder);
    CU_ASSERT_FATAL(mkdir(scratch_path(&folder, "cluster_snr.tsv"), 0777) == 0);
    fails(spk_phy_write_columns(ctx, folder.folder, 3, unit_ids, 2, fields, texts, 1),
          SPK_ERR_IO, "cluster_snr.tsv: Is a directory");
    CU_ASSERT_EQUAL(scratch_count(&folder), 1);
    CU_ASSERT(rmdir(scratch_path(&folder, "cluster_snr.tsv")) == 0);
}

static void argument_errors(void)
{
    const char *const wrong[][2] = {
        {"snr", NULL}, {"snr", ""}, {"snr", "a/b"}, {"snr", "snr"}, {"snr", "info"}};
    const char *const words[] = {"fields[1] is NULL", "fields[1] must be", "got 'a/b'",
                                 "got 'snr' twice", "phy passes over 'info'"};
    for (int k = 0; k < 5; k++)
        fails(spk_phy_write_columns(ctx, folder.folder, 3, NULL, 2, wrong[k], texts, 0),
              SPK_ERR_ARGUMENT, words[k]);
    fails(spk_phy_write_columns(ctx, NULL, 3, NULL, 2, fields, texts, 0),
          SPK_ERR_ARGUMENT, "folder is NULL");
    fails(spk_phy_write_columns(ctx, folder.folder, -1, NULL, 2, fields, texts, 0),
          SPK_ERR_ARGUMENT, "got -1 and 2");
    fails(spk_phy_write_columns(ctx, folder.folder, 3, NULL, 2, fields, NULL, 0),
          SPK_ERR_ARGUMENT, "must not be NULL");
    fails(spk_phy_write_columns(ctx, scratch_path(&folder, "no"), 3, NULL, 2, fields,
                                texts, 0),
          SPK_ERR_NOT_FOUND, "/no: No such file");
    CU_ASSERT_EQUAL(scratch_count(&folder), 0);
}

static spk_status write_both(spk_context *c, void *path)
{
    const spk_status status =
        spk_phy_write_columns(c, path, 3, unit_ids, 2, fields, texts, 0);
    CU_ASSERT_EQUAL(scratch_count(&folder), status == SPK_OK ? 2 : 0);
    scratch_clear(&folder);
    return status;
}

static void allocation_failures(void)
{
    CU_ASSERT(suite_fail_allocations(write_both, folder.folder) > 10);
}

static const suite_test tests[] = {
    {"writes columns", writes_columns},
    {"what is there", what_is_there},
    {"argument errors", argument_errors},
    {"allocation failures", allocation_failures},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK || !scratch_open(&folder))
        return 1;
    int result = suite_run("phy_columns", tests, (int)(sizeof tests / sizeof tests[0]));
    scratch_close(&folder);
    spk_context_destroy(ctx);
    return result;
}
