/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "scratch.h"
#include "suite.h"

#include <math.h>
#include <signal.h>
#include <spikekit/session.h>
#include <sys/resource.h>

static spk_context *ctx;
static scratch folder;

static const int64_t samples[] = {-3, 0, 7, 7, 40};
static const int32_t units[] = {0, 1, 2, 0, 1};
static const int64_t unit_ids[] = {2, 5, 2147483647};
static const spk_spikes spikes = {5, 3, samples, units, 29999.954, -10, 1000};
static const double amplitudes[] = {1, 2, 3, 4, 0.1};
static const float positions[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
static const double channels[] = {0, 0, 32, 20};
static const char *const labels[] = {"good", "mua", "noise"};

static void fails(spk_status found, spk_status wanted, const char *words)
{
    CU_ASSERT_EQUAL(found, wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

static spk_phy_extras all_extras(void)
{
    spk_phy_extras extras;
    spk_phy_extras_init(&extras, sizeof extras);
    extras.amplitudes = amplitudes;
    extras.spike_positions_um = positions;
    extras.channel_positions_um = channels;
    extras.n_channels = 2;
    extras.labels = labels;
    return extras;
}

static void writes_and_reads_back(void)
{
    spk_phy_extras extras = all_extras();
    spk_session *s;
    const char *path = scratch_path(&folder, "phy");
    CU_ASSERT_EQUAL(spk_phy_write(ctx, path, &spikes, unit_ids, &extras, 0), SPK_OK);
    CU_ASSERT_FATAL(spk_session_open(ctx, path, NULL, &s) == SPK_OK);
    const spk_spikes *read = spk_session_spikes(s);
    CU_ASSERT(read->n_spikes == 5 && read->n_units == 3);
    CU_ASSERT(memcmp(read->samples, samples, sizeof samples) == 0);
    CU_ASSERT(memcmp(read->units, units, sizeof units) == 0);
    CU_ASSERT(read->sampling_rate_hz == 29999.954);
    CU_ASSERT(read->start_sample == -3 && read->stop_sample == 1000);
    CU_ASSERT(memcmp(spk_session_unit_ids(s), unit_ids, sizeof unit_ids) == 0);
    CU_ASSERT(memcmp(spk_session_amplitudes(s)->data, amplitudes, sizeof amplitudes) ==
              0);
    CU_ASSERT(memcmp(spk_session_spike_positions(s)->data, positions, sizeof positions) ==
              0);
    CU_ASSERT(memcmp(spk_session_channel_positions(s)->data, channels, sizeof channels) ==
              0);
    CU_ASSERT_EQUAL(((const int32_t *)spk_session_channel_map(s)->data)[1], 1);
    CU_ASSERT_EQUAL(((const int32_t *)spk_session_spike_templates(s)->data)[2],
                    2147483647);
    for (int u = 0; u < 3; u++)
        CU_ASSERT_STRING_EQUAL(spk_session_quality(s, u), labels[u]);
    spk_session_close(s);
    char *text = scratch_read(scratch_path(&folder, "phy/params.py"), NULL);
    CU_ASSERT_STRING_EQUAL(text, "dat_path = []\nn_channels_dat = 2\ndtype = 'int16'\n"
                                 "offset = 0\nsample_rate = 29999.954\n"
                                 "hp_filtered = False\nn_samples_dat = 1000\n");
    free(text);
    text = scratch_read(scratch_path(&folder, "phy/cluster_group.tsv"), NULL);
    CU_ASSERT_STRING_EQUAL(text,
                           "cluster_id\tgroup\n2\tgood\n5\tmua\n2147483647\tnoise\n");
    free(text);
    scratch_clear(&folder);
}

/* Nothing extra, no spikes, a whole rate that stays a float to Python. */
static void the_least(void)
{
    const spk_spikes none = {0, 0, NULL, NULL, 30000, 0, 77};
    spk_session *s;
    scratch inside = folder;
    snprintf(inside.folder, sizeof inside.folder, "%s", scratch_path(&folder, "phy"));
    CU_ASSERT_EQUAL(spk_phy_write(ctx, inside.folder, &none, NULL, NULL, 0), SPK_OK);
    CU_ASSERT_EQUAL(scratch_count(&inside), 4);
    char *text = scratch_read(scratch_path(&folder, "phy/params.py"), NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "sample_rate = 30000.\n"));
    free(text);
    CU_ASSERT_FATAL(spk_session_open(ctx, inside.folder, NULL, &s) == SPK_OK);
    CU_ASSERT(spk_session_spikes(s)->n_spikes == 0 &&
              spk_session_spikes(s)->stop_sample == 77);
    spk_session_close(s);
    scratch_clear(&folder);
}

static void what_is_there(void)
{
    spk_phy_extras extras = all_extras();
    char path[512];
    scratch inside = folder;
    snprintf(path, sizeof path, "%s", scratch_path(&folder, "phy"));
    snprintf(inside.folder, sizeof inside.folder, "%s", path);
    CU_ASSERT_EQUAL(spk_phy_write(ctx, path, &spikes, unit_ids, &extras, 0), SPK_OK);
    CU_ASSERT_EQUAL(scratch_count(&inside), 9);
    fails(spk_phy_write(ctx, path, &spikes, unit_ids, &extras, 0), SPK_ERR_IO,
          "params.py: File exists");
    scratch_text(&folder, "phy/notes.txt", "mine");
    CU_ASSERT_EQUAL(spk_phy_write(ctx, path, &spikes, unit_ids, NULL, 1), SPK_OK);
    CU_ASSERT_EQUAL(scratch_count(&inside), 5); /* old extras are gone, notes stay */
    fails(spk_phy_write(ctx, path, &spikes, unit_ids, NULL, 0), SPK_ERR_IO,
          "File exists");
    fails(spk_phy_write(ctx, scratch_path(&folder, "no/phy"), &spikes, unit_ids, NULL, 0),
          SPK_ERR_NOT_FOUND, "no/phy: No such file");
    scratch_text(&folder, "file", "");
    CU_ASSERT_EQUAL(
        spk_phy_write(ctx, scratch_path(&folder, "file"), &spikes, unit_ids, NULL, 1),
        SPK_ERR_NOT_FOUND); /* Not a directory */
    scratch_clear(&folder);
}

static void argument_errors(void)
{
    spk_phy_extras extras = all_extras();
    const char *const missing[] = {"good", NULL, "mua"};
    const char *const tabs[] = {"good", "a\tb", "mua"};
    const int64_t negative[] = {-1, 2, 3}, large[] = {1, 2, (int64_t)1 << 31};
    const int64_t twice[] = {7, 2, 7};
    const int64_t disorder[] = {1, 0, 7, 7, 40};
    const char *path = scratch_path(&folder, "phy");
    spk_spikes bad;
    fails(spk_phy_write(ctx, NULL, &spikes, NULL, NULL, 0), SPK_ERR_ARGUMENT, "folder");
    fails(spk_phy_write(ctx, path, NULL, NULL, NULL, 0), SPK_ERR_ARGUMENT, "spikes");
    fails(spk_phy_write(ctx, path, &spikes, negative, NULL, 0), SPK_ERR_ARGUMENT,
          "unit_ids[0] must be in 0 .. 2^31 - 1, got -1");
    fails(spk_phy_write(ctx, path, &spikes, large, NULL, 0), SPK_ERR_ARGUMENT,
          "unit_ids[2]");
    fails(spk_phy_write(ctx, path, &spikes, twice, NULL, 0), SPK_ERR_ARGUMENT,
          "unit_ids must be distinct, got 7 twice");
#define BAD(change, status, words)                                                       \
    bad = spikes;                                                                        \
    bad.change;                                                                          \
    fails(spk_phy_write(ctx, path, &bad, NULL, NULL, 0), status, words)
    BAD(n_spikes = -1, SPK_ERR_ARGUMENT, "n_spikes");
    BAD(n_units = 2, SPK_ERR_ARGUMENT, "units[2] must be in 0 .. n_units - 1, got 2");
    BAD(units = NULL, SPK_ERR_ARGUMENT, "units");
    BAD(sampling_rate_hz = NAN, SPK_ERR_ARGUMENT, "sampling_rate_hz");
    BAD(samples = disorder, SPK_ERR_UNSORTED,
        "samples[1] must be >= the one before, got 0");
    extras.n_channels = -1;
    fails(spk_phy_write(ctx, path, &spikes, NULL, &extras, 0), SPK_ERR_ARGUMENT,
          "n_channels must be in 0 .. 2^31 - 1, got -1");
    extras.n_channels = 2;
    extras.labels = missing;
    fails(spk_phy_write(ctx, path, &spikes, NULL, &extras, 0), SPK_ERR_ARGUMENT,
          "labels[1] must not be NULL");
    CU_ASSERT_EQUAL(scratch_count(&folder), 0);
    extras.labels = tabs; /* found at the last file: all before it are removed again */
    fails(spk_phy_write(ctx, path, &spikes, NULL, &extras, 0), SPK_ERR_ARGUMENT, "tab");
    CU_ASSERT_EQUAL(scratch_count(&folder), 0);
    memset(&extras, 0, sizeof extras);
    fails(spk_phy_write(ctx, path, &spikes, NULL, &extras, 0), SPK_ERR_ARGUMENT,
          "extras_init");
}

/* Templates by unit index, whatever the ids; ours may be replaced, a sorter's dense ones not. */
static void templates(void)
{
    const char *path = scratch_path(&folder, "phy");
    spk_phy_extras extras = all_extras();
    float waveforms[3 * 2];
    const int32_t local_channels[3] = {1, 0, 1};
    char file[1200];
    for (int k = 0; k < 6; k++)
        waveforms[k] = (float)k;
    extras.templates = waveforms;
    extras.n_template_samples = 2;
    extras.n_template_channels = 1;
    fails(spk_phy_write(ctx, path, &spikes, unit_ids, &extras, 0), SPK_ERR_ARGUMENT,
          "templates need samples, channels and template_channels, got 2 and 1");
    extras.template_channels = local_channels;
    for (int overwrite = 0; overwrite < 2; overwrite++)
        CU_ASSERT_EQUAL_FATAL(
            spk_phy_write(ctx, path, &spikes, unit_ids, &extras, overwrite), SPK_OK);
    spk_session *session = NULL;
    const spk_templates *t = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_session_open(ctx, path, NULL, &session), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_session_templates(ctx, session, &t), SPK_OK);
    CU_ASSERT(t->n_templates == 3 && t->n_samples == 2 && t->channels[2] == 1);
    for (int64_t k = 0; k < spikes.n_spikes; k++)
        CU_ASSERT_EQUAL(t->spike_templates[k], spikes.units[k]);
    spk_session_close(session);
    snprintf(file, sizeof file, "%s/template_ind.npy", path);
    CU_ASSERT_EQUAL(unlink(file), 0);
    fails(spk_phy_write(ctx, path, &spikes, unit_ids, &extras, 1), SPK_ERR_ARGUMENT,
          "templates.npy: a sorter's file");
    scratch_clear(&folder);
}

/* An overwrite that fails leaves the old session whole; a sorter's folder is not mixed. */
static void a_failed_overwrite(void)
{
    static const char *const tabs[] = {"a\tb", "good", "good", "good"};
    const char *path = scratch_path(&folder, "phy");
    spk_phy_extras extras = all_extras();
    char file[1200], bytes[2][4096];
    size_t n[2] = {0, 0};
    CU_ASSERT_EQUAL_FATAL(spk_phy_write(ctx, path, &spikes, unit_ids, &extras, 0),
                          SPK_OK);
    snprintf(file, sizeof file, "%s/spike_clusters.npy", path);
    for (int after = 0; after < 2; after++) {
        FILE *f = fopen(file, "rb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        n[after] = fread(bytes[after], 1, sizeof bytes[after], f);
        fclose(f);
        extras.labels = tabs; /* fails at the last file */
        if (!after)
            fails(spk_phy_write(ctx, path, &spikes, NULL, &extras, 1), SPK_ERR_ARGUMENT,
                  "tab");
    }
    CU_ASSERT(n[0] > 0 && n[0] == n[1] && memcmp(bytes[0], bytes[1], n[0]) == 0);
    snprintf(file, sizeof file, "%s/cluster_KSLabel.tsv", path);
    FILE *f = fopen(file, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fclose(f);
    fails(spk_phy_write(ctx, path, &spikes, NULL, NULL, 1), SPK_ERR_ARGUMENT,
          "choose another folder");
    scratch_clear(&folder);
}

static void a_full_disk(void)
{
    enum {
        N = 300000
    };
    static int64_t times[N];
    static int32_t zeros[N];
    const spk_spikes many = {N, 1, times, zeros, 30000, 0, 1};
    struct rlimit old, limit;
    CU_ASSERT_FATAL(getrlimit(RLIMIT_FSIZE, &old) == 0);
    limit = old;
    limit.rlim_cur = 2 << 20; /* spike_times.npy needs 2.4 MB */
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    CU_ASSERT_FATAL(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    spk_status status =
        spk_phy_write(ctx, scratch_path(&folder, "phy"), &many, NULL, NULL, 0);
    CU_ASSERT_FATAL(setrlimit(RLIMIT_FSIZE, &old) == 0);
    signal(SIGXFSZ, handler);
    fails(status, SPK_ERR_IO, "spike_times.npy: File too large");
    CU_ASSERT_EQUAL(scratch_count(&folder), 0);
}

static spk_status write_all(spk_context *c, void *path)
{
    spk_phy_extras extras = all_extras();
    spk_status status = spk_phy_write(c, path, &spikes, unit_ids, &extras, 0);
    /* A failed call leaves nothing; a good one is cleared away. */
    CU_ASSERT_EQUAL(scratch_count(&folder), status == SPK_OK);
    scratch_clear(&folder);
    return status;
}

static void allocation_failures(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path(&folder, "phy"));
    CU_ASSERT(suite_fail_allocations(write_all, path) > 40);
}

static const suite_test tests[] = {
    {"writes and reads back", writes_and_reads_back},
    {"the least", the_least},
    {"what is there", what_is_there},
    {"argument errors", argument_errors},
    {"templates", templates},
    {"a failed overwrite", a_failed_overwrite},
    {"a full disk", a_full_disk},
    {"allocation failures", allocation_failures},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK || !scratch_open(&folder))
        return 1;
    int result = suite_run("phy_writer", tests, (int)(sizeof tests / sizeof tests[0]));
    scratch_close(&folder);
    spk_context_destroy(ctx);
    return result;
}
