/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "session_scratch.h"
#include "suite.h"

#include <math.h>
#include <spikekit/session.h>

/* Five spikes of units 3, 8 and 200, in Kilosort 4's types. */
static void save_kilosort(void)
{
    const int64_t times[] = {-2, 10, 10, 50, 99};
    const int32_t clusters[] = {8, 3, 200, 3, 8}, templates[] = {0, 1, 2, 1, 0};
    const float amplitudes[] = {1, 2, 3, 4, 5};
    const float positions[] = {0, 100, 10, 20, 1, 2, 20, 30, 4, 200};
    const double channels[] = {0, 0, 0, 20};
    const int32_t map[] = {0, 1};
    scratch_clear(&folder);
    save("spike_times.npy", SPK_DTYPE_INT64, 5, 0, times);
    save("spike_clusters.npy", SPK_DTYPE_INT32, 5, 0, clusters);
    save("spike_templates.npy", SPK_DTYPE_INT32, 5, 0, templates);
    save("amplitudes.npy", SPK_DTYPE_FLOAT32, 5, 0, amplitudes);
    save("spike_positions.npy", SPK_DTYPE_FLOAT32, 5, 2, positions);
    save("channel_positions.npy", SPK_DTYPE_FLOAT64, 2, 2, channels);
    save("channel_map.npy", SPK_DTYPE_INT32, 2, 1, map);
    scratch_text(&folder, "params.py",
                 "dat_path = 'raw.bin'\nn_channels_dat = 4\ndtype = 'int16'\noffset = 8\n"
                 "sample_rate = 29999.5\n");
    scratch_text(&folder, "cluster_KSLabel.tsv",
                 "cluster_id\tKSLabel\n3\tmua\n8\tgood\n");
    scratch_text(&folder, "cluster_group.tsv",
                 "cluster_id\tgroup\n3\tnoise\n8\tunsorted\n9\tgood\n");
    scratch_text(&folder, "cluster_info.tsv", "id\tgroup\tdepth\n200\tgood\t1.5\n");
}

static void kilosort_by_hand(void)
{
    spk_session *s;
    const int32_t units[] = {1, 0, 2, 0, 1};
    save_kilosort();
    n_logged[0] = n_logged[1] = 0;
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, NULL, &s) == SPK_OK);
    const spk_spikes *spikes = spk_session_spikes(s);
    CU_ASSERT_STRING_EQUAL(spk_session_format(s), "kilosort");
    CU_ASSERT_STRING_EQUAL(spk_session_path(s), folder.folder);
    CU_ASSERT(spikes->n_spikes == 5 && spikes->n_units == 3);
    CU_ASSERT(spikes->sampling_rate_hz == 29999.5);
    CU_ASSERT(spikes->start_sample == -2 && spikes->stop_sample == 100);
    CU_ASSERT(spikes->samples[0] == -2 && spikes->samples[4] == 99);
    CU_ASSERT(memcmp(spikes->units, units, sizeof units) == 0);
    const int64_t *ids = spk_session_unit_ids(s);
    CU_ASSERT(ids[0] == 3 && ids[1] == 8 && ids[2] == 200);
    CU_ASSERT_EQUAL(((const float *)spk_session_amplitudes(s)->data)[4], 5);
    CU_ASSERT_EQUAL(((const int32_t *)spk_session_spike_templates(s)->data)[2], 2);
    CU_ASSERT_EQUAL(spk_session_spike_positions(s)->shape[1], 2);
    CU_ASSERT_EQUAL(spk_session_channel_positions(s)->shape[0], 2);
    CU_ASSERT_EQUAL(spk_session_channel_map(s)->n_elements, 2);
    CU_ASSERT(n_logged[SPK_LOG_INFO] == 2 &&
              n_logged[SPK_LOG_WARNING] == 0); /* raw, id 9 */

    CU_ASSERT_EQUAL(spk_session_n_labels(s), 3);
    CU_ASSERT_STRING_EQUAL(spk_session_label_name(s, 0), "KSLabel");
    int64_t group = spk_session_find_label(s, "group");
    CU_ASSERT_STRING_EQUAL(spk_session_label_text(s, group, 0), "noise");
    CU_ASSERT_STRING_EQUAL(spk_session_label_text(s, group, 2),
                           ""); /* not cluster_info's */
    CU_ASSERT_STRING_EQUAL(
        spk_session_label_text(s, spk_session_find_label(s, "depth"), 2), "1.5");
    CU_ASSERT_EQUAL(spk_session_find_label(s, "none"), -1);
    CU_ASSERT_STRING_EQUAL(spk_session_quality(s, 0), "noise");
    CU_ASSERT_STRING_EQUAL(spk_session_quality(s, 1), "good"); /* KSLabel */
    CU_ASSERT_STRING_EQUAL(spk_session_quality(s, 2), "unsorted");
    CU_ASSERT_PTR_NULL(spk_session_quality(s, 3));
    CU_ASSERT_PTR_NULL(spk_session_label_text(s, 0, 3));
    CU_ASSERT_PTR_NULL(spk_session_label_name(s, 3));

    double xy[6];
    for (int k = 0; k < 2; k++) { /* the second time from memory */
        CU_ASSERT_EQUAL(spk_session_unit_positions(ctx, s, xy), SPK_OK);
        CU_ASSERT(xy[0] == 15 && xy[1] == 25 && xy[2] == 2 && xy[3] == 150);
        CU_ASSERT(xy[4] == 1 && xy[5] == 2);
    }
    CU_ASSERT_EQUAL(spk_session_n_inputs(s), 11);
    CU_ASSERT_PTR_NULL(spk_session_input_path(s, 11));
    spk_session_close(s);
    spk_session_close(NULL);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
}

static void named_by_a_file(void)
{
    spk_session *s;
    static const char *const names[] = {"params.py", "spike_times.npy"};
    for (int k = 0; k < 2; k++) {
        CU_ASSERT_FATAL(
            spk_session_open(ctx, scratch_path(&folder, names[k]), NULL, &s) == SPK_OK);
        CU_ASSERT_STRING_EQUAL(spk_session_path(s), folder.folder);
        spk_session_close(s);
    }
    fails(spk_session_open(ctx, scratch_path(&folder, "amplitudes.npy"), NULL, &s),
          SPK_ERR_FORMAT, "expected a folder");
}

static void options(void)
{
    spk_session *s;
    spk_session_options o;
    uint8_t raw[8 + 8 * 150];
    memset(raw, 0, sizeof raw);
    save_kilosort();
    spk_session_options_init(&o, sizeof o);
    o.clusters = 0; /* templates */
    o.sampling_rate_hz = 100;
    o.duration_s = 7;
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, &o, &s) == SPK_OK);
    CU_ASSERT_EQUAL(spk_session_unit_ids(s)[2], 2);
    CU_ASSERT_PTR_NOT_NULL(spk_session_spike_templates(s));
    CU_ASSERT(spk_session_spikes(s)->sampling_rate_hz == 100);
    CU_ASSERT_EQUAL(spk_session_spikes(s)->stop_sample, 700);
    CU_ASSERT_EQUAL(spk_session_n_inputs(s), 10);
    spk_session_close(s);

    /* The length of the raw file; spikes past a shorter one extend the recording. */
    scratch_write(&folder, "raw.bin", raw, sizeof raw);
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, NULL, &s) == SPK_OK);
    CU_ASSERT_EQUAL(spk_session_spikes(s)->stop_sample, 150);
    spk_session_close(s);
    scratch_write(&folder, "raw.bin", raw, 8 + 8 * 99);
    n_logged[1] = 0;
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, NULL, &s) == SPK_OK);
    CU_ASSERT_EQUAL(spk_session_spikes(s)->stop_sample, 100);
    CU_ASSERT_EQUAL(n_logged[SPK_LOG_WARNING], 1);
    spk_session_close(s);
    scratch_text(
        &folder, "params.py",
        "dat_path = ['raw.bin', 'raw.bin']\nn_channels_dat = 4\ndtype = 'float32'\n"
        "sample_rate = 100\n");
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, NULL, &s) == SPK_OK);
    CU_ASSERT_EQUAL(spk_session_spikes(s)->stop_sample, 100); /* 2 x 800 bytes / 16 */
    spk_session_close(s);

    /* No rate anywhere; then in one SpikeGLX file; then in two. */
    unlink(scratch_path(&folder, "params.py"));
    fails(spk_session_open(ctx, folder.folder, NULL, &s), SPK_ERR_FORMAT,
          "params.py: not found; give the sampling rate");
    scratch_text(&folder, "a.ap.meta", "typeThis=imec\r\nimSampRate=29999.75\r\n");
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, NULL, &s) == SPK_OK);
    CU_ASSERT(spk_session_spikes(s)->sampling_rate_hz == 29999.75);
    spk_session_close(s);
    scratch_text(&folder, "b.ap.meta", "imSampRate=1\n");
    fails(spk_session_open(ctx, folder.folder, NULL, &s), SPK_ERR_FORMAT,
          "not found; give");

    spk_session_options_init(&o, sizeof o);
    o.sampling_rate_hz = -1;
    fails(spk_session_open(ctx, folder.folder, &o, &s), SPK_ERR_ARGUMENT,
          "sampling_rate_hz must be positive and finite, got -1");
    o.sampling_rate_hz = NAN;
    fails(spk_session_open(ctx, folder.folder, &o, &s), SPK_ERR_ARGUMENT, "got nan");
    o.sampling_rate_hz = 1;
    o.duration_s = -1;
    fails(spk_session_open(ctx, folder.folder, &o, &s), SPK_ERR_ARGUMENT, "duration_s");
    o.duration_s = 1e30;
    fails(spk_session_open(ctx, folder.folder, &o, &s), SPK_ERR_OVERFLOW, "duration_s");
    memset(&o, 0, sizeof o);
    fails(spk_session_open(ctx, folder.folder, &o, &s), SPK_ERR_ARGUMENT, "options_init");
}

/* What Kilosort 2 writes: unsigned columns. */
static void kilosort2_types(void)
{
    const uint64_t times[] = {5, 6, 7};
    const uint32_t clusters[] = {0, 1, 1};
    const uint64_t late[] = {5, 6, (uint64_t)1 << 63};
    spk_session *s;
    spk_session_options o;
    scratch_clear(&folder);
    spk_session_options_init(&o, sizeof o);
    o.sampling_rate_hz = 30000;
    save("spike_times.npy", SPK_DTYPE_UINT64, 3, 1, times);
    save("spike_templates.npy", SPK_DTYPE_UINT32, 3, 1, clusters);
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, &o, &s) == SPK_OK);
    CU_ASSERT(spk_session_spikes(s)->samples[2] == 7 &&
              spk_session_spikes(s)->units[2] == 1);
    CU_ASSERT_PTR_NOT_NULL(spk_session_spike_templates(s));
    CU_ASSERT_PTR_NULL(spk_session_amplitudes(s));
    CU_ASSERT_PTR_NULL(spk_session_spike_positions(s));
    CU_ASSERT_PTR_NULL(spk_session_channel_positions(s));
    CU_ASSERT_PTR_NULL(spk_session_channel_map(s));
    double xy[4];
    fails(spk_session_unit_positions(ctx, s, xy), SPK_ERR_NOT_FOUND, "positions");
    CU_ASSERT_STRING_EQUAL(spk_session_quality(s, 1), "unsorted");
    spk_session_close(s);
    save("spike_times.npy", SPK_DTYPE_UINT64, 3, 1, late);
    fails(spk_session_open(ctx, folder.folder, &o, &s), SPK_ERR_OVERFLOW,
          "spike_times.npy: expected times within int64, found 9223372036854775808 at "
          "index 2");
    save("spike_times.npy", SPK_DTYPE_INT64, 0, 0, NULL);
    save("spike_templates.npy", SPK_DTYPE_INT32, 0, 0, NULL);
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, &o, &s) == SPK_OK);
    CU_ASSERT(spk_session_spikes(s)->n_spikes == 0 &&
              spk_session_spikes(s)->n_units == 0);
    CU_ASSERT_EQUAL(spk_session_spikes(s)->stop_sample, 0);
    spk_session_close(s);
}

static void kilosort_errors(void)
{
    const int64_t times[] = {1, 2, 3, 4, 5, INT64_MAX};
    const double seconds[] = {0.5, 1, 1, 1, 1};
    const int32_t three[] = {1, 2, 3};
    const float positions[15] = {0};
    spk_session *s;
    spk_session_options o;
    spk_session_options_init(&o, sizeof o);
#define BROKEN(action, status, words)                                                    \
    save_kilosort();                                                                     \
    action;                                                                              \
    fails(spk_session_open(ctx, folder.folder, &o, &s), status, words);                  \
    CU_ASSERT_PTR_NULL(s)
    BROKEN(save("spike_times.npy", SPK_DTYPE_INT64, 1, 5, times), SPK_ERR_FORMAT,
           "spike_times.npy: expected shape (n,) or (n, 1), found (1, 5)");
    BROKEN(save("spike_times.npy", SPK_DTYPE_FLOAT64, 5, 0, seconds), SPK_ERR_FORMAT,
           "spike_times.npy: expected whole numbers, found 0.5 at index 0");
    BROKEN(save("spike_times.npy", SPK_DTYPE_INT64, 4, 0, times), SPK_ERR_FORMAT,
           "spike_clusters.npy: expected 4 values, one for each spike time, found 5");
    BROKEN(save("spike_times.npy", SPK_DTYPE_INT64, 5, 0, times + 1), SPK_ERR_OVERFLOW,
           "found 9223372036854775807");
    BROKEN(save("amplitudes.npy", SPK_DTYPE_INT32, 3, 0, three), SPK_ERR_FORMAT,
           "amplitudes.npy: expected 5 values, found 3");
    BROKEN(save("spike_positions.npy", SPK_DTYPE_FLOAT32, 5, 3, positions),
           SPK_ERR_FORMAT, "spike_positions.npy: expected shape (5, 2), found (5, 3)");
    BROKEN(save("channel_positions.npy", SPK_DTYPE_FLOAT32, 5, 3, positions),
           SPK_ERR_FORMAT, "channel_positions.npy: expected shape (n, 2), found (5, 3)");
    BROKEN(scratch_text(&folder, "spike_clusters.npy", "x"), SPK_ERR_FORMAT,
           "a .npy file");
    BROKEN(scratch_text(&folder, "params.py", ""), SPK_ERR_FORMAT,
           "params.py: expected sample_rate = a number, found none");
    BROKEN(scratch_text(&folder, "params.py", "sample_rate = 'x'"), SPK_ERR_FORMAT,
           "something else");
    BROKEN(scratch_text(&folder, "params.py", "sample_rate = 0"), SPK_ERR_FORMAT,
           "sample_rate above 0, found 0");
    BROKEN(scratch_text(&folder, "cluster_group.tsv", "a\tb\n1\n"), SPK_ERR_FORMAT,
           "cluster_group.tsv: line 2");
    BROKEN((unlink(scratch_path(&folder, "spike_clusters.npy")),
            unlink(scratch_path(&folder, "spike_templates.npy"))),
           SPK_ERR_NOT_FOUND, "spike_clusters.npy: No such file");
    o.clusters = 0;
    BROKEN(unlink(scratch_path(&folder, "spike_templates.npy")), SPK_ERR_NOT_FOUND,
           "spike_templates.npy: No such file");
    o.clusters = 1;
    BROKEN(unlink(scratch_path(&folder, "spike_times.npy")), SPK_ERR_NOT_FOUND,
           "expected spike_times.npy (Kilosort, phy), spikes.times.npy");
    fails(spk_session_open(ctx, scratch_path(&folder, "none"), NULL, &s),
          SPK_ERR_NOT_FOUND, "none: No such file");
    fails(spk_session_open(ctx, NULL, NULL, &s), SPK_ERR_ARGUMENT, "path");
    fails(spk_session_open(ctx, "x", NULL, NULL), SPK_ERR_ARGUMENT, "session");
    fails(spk_session_unit_positions(ctx, NULL, NULL), SPK_ERR_ARGUMENT, "session");

    /* Tables that are not label tables are passed over, and logged. */
    save_kilosort();
    scratch_text(&folder, "cluster_notes.csv", "name,x\na,1\n");
    scratch_text(&folder, "cluster_odd.tsv", "cluster_id\tx\na\t1\n");
    n_logged[1] = 0;
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, NULL, &s) == SPK_OK);
    CU_ASSERT_EQUAL(n_logged[SPK_LOG_WARNING], 2);
    CU_ASSERT_EQUAL(spk_session_n_labels(s), 3);
    spk_session_close(s);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
}

static void out_of_order(void)
{
    const int64_t times[] = {30, 10, 20, 10, -5};
    const int64_t sorted[] = {-5, 10, 10, 20, 30};
    const float amplitudes[] = {5, 2, 4, 3, 1}; /* the order they get */
    /* x, y in column order: x is 5 2 4 3 1 as well. */
    const float columns[] = {5, 2, 4, 3, 1, 50, 20, 40, 30, 10};
    spk_session *s;
    spk_session_options o;
    save_kilosort();
    save("spike_times.npy", SPK_DTYPE_INT64, 5, 0, times);
    save("amplitudes.npy", SPK_DTYPE_FLOAT32, 5, 1, amplitudes);
    save("spike_positions.npy", SPK_DTYPE_FLOAT32, 5, 2, columns);
    /* Make the file column-major by its header: "False, " becomes "True,  ". */
    size_t n;
    const char *path = scratch_path(&folder, "spike_positions.npy");
    char *bytes = scratch_read(path, &n);
    memcpy(strstr(bytes + 10, "False, "), "True,  ", 7);
    scratch_write(&folder, "spike_positions.npy", bytes, n);
    free(bytes);

    fails(spk_session_open(ctx, folder.folder, NULL, &s), SPK_ERR_UNSORTED,
          "spike_times.npy: expected times in order, found 10 at index 1 after 30");
    spk_session_options_init(&o, sizeof o);
    o.sort = 1;
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, &o, &s) == SPK_OK);
    const spk_spikes *spikes = spk_session_spikes(s);
    const int32_t units[] = {1, 0, 0, 2, 1}; /* clusters 8 3 200 3 8 in order of time */
    CU_ASSERT(memcmp(spikes->samples, sorted, sizeof sorted) == 0);
    CU_ASSERT(memcmp(spikes->units, units, sizeof units) == 0);
    CU_ASSERT(spikes->start_sample == -5 && spikes->stop_sample == 31);
    const float *a = spk_session_amplitudes(s)->data;
    const float *xy = spk_session_spike_positions(s)->data;
    CU_ASSERT_EQUAL(spk_session_spike_positions(s)->fortran_order, 0);
    for (int k = 0; k < 5; k++)
        CU_ASSERT(a[k] == (float)k + 1 && xy[2 * k] == a[k] &&
                  xy[2 * k + 1] == 10 * a[k]);
    const int32_t templates[] = {0, 1, 1, 2, 0};
    CU_ASSERT(memcmp(spk_session_spike_templates(s)->data, templates, sizeof templates) ==
              0);
    spk_session_close(s);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
}

static void digests(void)
{
    /* XXH3-128 of nothing is known from the specification. */
    char digest[33];
    spk_session *s;
    save_kilosort();
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, NULL, &s) == SPK_OK);
    CU_ASSERT_EQUAL(spk_session_input_digest(ctx, s, 0, digest), SPK_OK);
    CU_ASSERT_EQUAL(strspn(digest, "0123456789abcdef"), 32);
    fails(spk_session_input_digest(ctx, s, -1, digest), SPK_ERR_ARGUMENT, "got -1");
    fails(spk_session_input_digest(ctx, s, 99, digest), SPK_ERR_ARGUMENT, "got 99");
    fails(spk_session_input_digest(ctx, NULL, 0, digest), SPK_ERR_ARGUMENT, "input");
    fails(spk_session_input_digest(ctx, s, 0, NULL), SPK_ERR_ARGUMENT, "digest");
    scratch_text(&folder, "params.py", "");
    CU_ASSERT_EQUAL(spk_session_input_digest(ctx, s, 0, digest), SPK_OK);
    CU_ASSERT_STRING_EQUAL(digest, "99aa06d3014798d86001c324468d497f");
    unlink(scratch_path(&folder, "params.py"));
    fails(spk_session_input_digest(ctx, s, 0, digest), SPK_ERR_NOT_FOUND, "params.py");
    spk_session_close(s);
}

static spk_status open_and_use(spk_context *c, void *options_of_call)
{
    spk_session *s;
    double xy[6];
    spk_status status = spk_session_open(c, folder.folder, options_of_call, &s);
    if (status == SPK_OK)
        status = spk_session_unit_positions(c, s, xy);
    spk_session_close(s);
    return status;
}

static void allocation_failures(void)
{
    const int64_t times[] = {30, 10, 20, 10, -5};
    spk_session_options o;
    spk_session_options_init(&o, sizeof o);
    o.sort = 1;
    save_kilosort();
    save("spike_times.npy", SPK_DTYPE_INT64, 5, 0, times);
    CU_ASSERT(suite_fail_allocations(open_and_use, &o) > 60);
}

static void nothing_is_there(void)
{
    CU_ASSERT_PTR_NULL(spk_session_spikes(NULL));
    CU_ASSERT_PTR_NULL(spk_session_unit_ids(NULL));
    CU_ASSERT_PTR_NULL(spk_session_format(NULL));
    CU_ASSERT_PTR_NULL(spk_session_path(NULL));
    CU_ASSERT_PTR_NULL(spk_session_amplitudes(NULL));
    CU_ASSERT_PTR_NULL(spk_session_quality(NULL, 0));
    CU_ASSERT_EQUAL(spk_session_n_labels(NULL), 0);
    CU_ASSERT_EQUAL(spk_session_n_inputs(NULL), 0);
    spk_session_options_init(NULL, 8);
    spk_session_options small = {.sampling_rate_hz = 7};
    spk_session_options_init(&small, sizeof(size_t)); /* an older caller's struct */
    CU_ASSERT(small.struct_size == sizeof(size_t) && small.sampling_rate_hz == 7);
}

static const suite_test tests[] = {
    {"kilosort by hand", kilosort_by_hand},
    {"named by a file", named_by_a_file},
    {"options", options},
    {"Kilosort 2 types", kilosort2_types},
    {"kilosort errors", kilosort_errors},
    {"out of order", out_of_order},
    {"digests", digests},
    {"allocation failures", allocation_failures},
    {"nothing is there", nothing_is_there},
};

int main(void)
{
    return session_suite_run("session", tests, (int)(sizeof tests / sizeof tests[0]));
}
