/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "files/array_convert.h"
#include "scratch.h"
#include "suite.h"

#include <math.h>
#include <spikekit/session.h>

static spk_context *ctx;
static scratch folder;
static char last_log[1024];
static int n_logged[2];

static void note_log(void *user, spk_log_level level, const char *message)
{
    (void)user;
    n_logged[level]++;
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

static void save(const char *name, int32_t dtype, int64_t n_rows, int64_t n_columns,
                 const void *data)
{
    const int64_t shape[] = {n_rows, n_columns};
    spk_array a;
    CU_ASSERT_FATAL(
        spk__array_describe(ctx, dtype, 0, n_columns == 0 ? 1 : 2, shape, &a) == SPK_OK);
    a.data = data;
    CU_ASSERT_FATAL(spk_npy_write(ctx, scratch_path(&folder, name), &a) == SPK_OK);
}

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

static void alf(void)
{
    const double times[] = {0.5, 1, 2.25};
    const int64_t samples[] = {15000, 30000, 67500};
    const uint16_t clusters[] = {4, 1, 4}, peaks[] = {0, 1, 0, 0, 1};
    const double amplitudes[] = {1e-4, 2e-4, 3e-4};
    const float depths[] = {10, 20, 30, 40, NAN}, coordinates[] = {16, 100, 48, 200};
    spk_session *s;
    spk_session_options o;
    double xy[4];
    scratch_clear(&folder);
    spk_session_options_init(&o, sizeof o);
    save("_ibl_spikes.times.6a3d.npy", SPK_DTYPE_FLOAT64, 3, 0, times);
    fails(spk_session_open(ctx, folder.folder, NULL, &s), SPK_ERR_NOT_FOUND,
          "expected spikes.clusters.npy, found none");
    save("spikes.clusters.6a3d.npy", SPK_DTYPE_UINT16, 3, 0, clusters);
    save("spikes.times_old.npy", SPK_DTYPE_INT8, 1, 0, ""); /* another attribute */
    save("spikes.amps.npy", SPK_DTYPE_FLOAT64, 3, 0, amplitudes);
    scratch_text(&folder, "clusters.metrics.csv", "cluster_id,label\n4,1.0\n");
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, NULL, &s) == SPK_OK);
    CU_ASSERT_STRING_EQUAL(spk_session_format(s), "alf");
    CU_ASSERT(spk_session_spikes(s)->sampling_rate_hz == 1e9);
    CU_ASSERT_EQUAL(spk_session_spikes(s)->samples[2], 2250000000);
    CU_ASSERT_EQUAL(spk_session_spikes(s)->stop_sample, 2250000001);
    CU_ASSERT_STRING_EQUAL(spk_session_label_text(s, 0, 1), "1.0");
    CU_ASSERT_STRING_EQUAL(spk_session_label_text(s, 0, 0), "");
    CU_ASSERT_PTR_NOT_NULL(spk_session_amplitudes(s));
    fails(spk_session_unit_positions(ctx, s, xy), SPK_ERR_NOT_FOUND, "positions");
    spk_session_close(s);
    o.sampling_rate_hz = 30000;
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, &o, &s) == SPK_OK);
    CU_ASSERT_EQUAL(spk_session_spikes(s)->samples[2], 67500);
    spk_session_close(s);
    o.clusters = 0;
    fails(spk_session_open(ctx, folder.folder, &o, &s), SPK_ERR_NOT_FOUND,
          "spikes.templates.npy, found none");

    /* Samples and times tell the rate; positions come from the clusters' own files. */
    save("spikes.samples.npy", SPK_DTYPE_INT64, 3, 0, samples);
    save("clusters.depths.npy", SPK_DTYPE_FLOAT32, 5, 0, depths);
    save("clusters.channels.npy", SPK_DTYPE_UINT16, 5, 0, peaks);
    save("channels.localCoordinates.npy", SPK_DTYPE_FLOAT32, 2, 2, coordinates);
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, NULL, &s) == SPK_OK);
    CU_ASSERT(spk_session_spikes(s)->sampling_rate_hz == 30000);
    CU_ASSERT_EQUAL(spk_session_spikes(s)->samples[0], 15000);
    CU_ASSERT_EQUAL(spk_session_unit_positions(ctx, s, xy), SPK_OK);
    CU_ASSERT(xy[0] == 48 && xy[1] == 20 && xy[2] == 48 && xy[3] == 200);
    spk_session_close(s);
    unlink(scratch_path(&folder, "_ibl_spikes.times.6a3d.npy"));
    fails(spk_session_open(ctx, folder.folder, NULL, &s), SPK_ERR_FORMAT,
          "spikes.samples.npy: expected spikes.times beside it");
    save("spikes.times.npy", SPK_DTYPE_FLOAT64, 2, 0, times);
    fails(spk_session_open(ctx, folder.folder, NULL, &s), SPK_ERR_FORMAT,
          "spikes.times.npy: expected 3 values as in ");
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
}

static void arrays(void)
{
    const double times[] = {0.1, 0.25, 4.35}, bad[] = {0, NAN, 1}, wide[] = {0, 1, 1e300};
    const double infinite[] = {0, 1, INFINITY};
    const int32_t samples[] = {3, 4, 5};
    const int64_t units[] = {(int64_t)1 << 40, -7, (int64_t)1 << 40};
    char t[512], u[512];
    spk_session *s;
    spk_session_options o;
    scratch_clear(&folder);
    spk_session_options_init(&o, sizeof o);
    save("t.npy", SPK_DTYPE_FLOAT64, 3, 0, times);
    save("u.npy", SPK_DTYPE_INT64, 3, 0, units);
    snprintf(t, sizeof t, "%s", scratch_path(&folder, "t.npy"));
    snprintf(u, sizeof u, "%s", scratch_path(&folder, "u.npy"));
    CU_ASSERT_FATAL(spk_session_open_arrays(ctx, t, u, NULL, &s) == SPK_OK);
    CU_ASSERT_STRING_EQUAL(spk_session_format(s), "arrays");
    CU_ASSERT_EQUAL(spk_session_spikes(s)->samples[2], 4350000000);
    CU_ASSERT(spk_session_unit_ids(s)[0] == -7 && spk_session_spikes(s)->units[0] == 1);
    CU_ASSERT_EQUAL(spk_session_n_inputs(s), 2);
    spk_session_close(s);
    o.sampling_rate_hz = 10; /* 1, 2.5 to even, 43.5 to even */
    o.duration_s = 10;
    CU_ASSERT_FATAL(spk_session_open_arrays(ctx, t, u, &o, &s) == SPK_OK);
    const spk_spikes *spikes = spk_session_spikes(s);
    CU_ASSERT(spikes->samples[0] == 1 && spikes->samples[1] == 2 &&
              spikes->samples[2] == 44);
    CU_ASSERT_EQUAL(spikes->stop_sample, 100);
    spk_session_close(s);
    save("t.npy", SPK_DTYPE_INT32, 3, 0, samples);
    fails(spk_session_open_arrays(ctx, t, u, NULL, &s), SPK_ERR_ARGUMENT,
          "t.npy: times are whole numbers, samples; give the sampling rate");
    CU_ASSERT_FATAL(spk_session_open_arrays(ctx, t, u, &o, &s) == SPK_OK);
    CU_ASSERT_EQUAL(spk_session_spikes(s)->samples[2], 5);
    spk_session_close(s);
    save("t.npy", SPK_DTYPE_FLOAT64, 3, 0, bad);
    fails(spk_session_open_arrays(ctx, t, u, &o, &s), SPK_ERR_FORMAT,
          "t.npy: expected times that are finite, found nan at index 1");
    save("t.npy", SPK_DTYPE_FLOAT64, 3, 0, infinite);
    fails(spk_session_open_arrays(ctx, t, u, &o, &s), SPK_ERR_FORMAT, "inf at index 2");
    save("t.npy", SPK_DTYPE_FLOAT64, 3, 0, wide);
    fails(spk_session_open_arrays(ctx, t, u, &o, &s), SPK_ERR_OVERFLOW,
          "1e+300 at index 2");
    save("t.npy", SPK_DTYPE_FLOAT64, 2, 0, times);
    fails(spk_session_open_arrays(ctx, t, u, &o, &s), SPK_ERR_FORMAT,
          "expected 2 values");
    fails(spk_session_open_arrays(ctx, NULL, u, &o, &s), SPK_ERR_ARGUMENT, "times_path");
    fails(spk_session_open_arrays(ctx, t, NULL, &o, &s), SPK_ERR_ARGUMENT, "units_path");
    fails(spk_session_open_arrays(ctx, t, u, &o, NULL), SPK_ERR_ARGUMENT, "session");
    fails(spk_session_open_arrays(ctx, t, folder.folder, &o, &s), SPK_ERR_IO,
          "directory");
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
}

static void in_memory(void)
{
    int64_t samples[] = {1, 2, 2}, ids[] = {4, 9};
    int32_t units[] = {1, 0, 1};
    spk_spikes spikes = {3, 2, samples, units, 100, 0, 10}, bad;
    spk_session *s;
    CU_ASSERT_FATAL(spk_session_create(ctx, &spikes, ids, &s) == SPK_OK);
    CU_ASSERT(spk_session_spikes(s)->samples != samples &&
              spk_session_spikes(s)->samples[2] == 2 && spk_session_unit_ids(s)[1] == 9);
    CU_ASSERT_STRING_EQUAL(spk_session_format(s), "memory");
    CU_ASSERT_STRING_EQUAL(spk_session_path(s), "");
    CU_ASSERT_EQUAL(spk_session_n_inputs(s), 0);
    spk_session_close(s);
    CU_ASSERT_FATAL(spk_session_create(ctx, &spikes, NULL, &s) == SPK_OK);
    CU_ASSERT_EQUAL(spk_session_unit_ids(s)[1], 1);
    spk_session_close(s);
#define BAD(change, status, words)                                                       \
    bad = spikes;                                                                        \
    bad.change;                                                                          \
    fails(spk_session_create(ctx, &bad, NULL, &s), status, words)
    BAD(n_spikes = -1, SPK_ERR_ARGUMENT, "n_spikes");
    BAD(n_units = -1, SPK_ERR_ARGUMENT, "n_units");
    BAD(n_units = 1, SPK_ERR_ARGUMENT, "units[0] must be in");
    BAD(samples = NULL, SPK_ERR_ARGUMENT, "samples");
    BAD(sampling_rate_hz = 0, SPK_ERR_ARGUMENT, "sampling_rate_hz");
    BAD(start_sample = 2, SPK_ERR_ARGUMENT, "start_sample ..");
    BAD(stop_sample = 2, SPK_ERR_ARGUMENT, "start_sample ..");
    BAD(stop_sample = -2, SPK_ERR_ARGUMENT, "stop_sample");
    samples[0] = 5;
    fails(spk_session_create(ctx, &spikes, NULL, &s), SPK_ERR_UNSORTED, "samples[1]");
    samples[0] = 1;
    ids[1] = 4;
    fails(spk_session_create(ctx, &spikes, ids, &s), SPK_ERR_ARGUMENT, "unit_ids[1]");
    fails(spk_session_create(ctx, NULL, NULL, &s), SPK_ERR_ARGUMENT, "spikes");
    fails(spk_session_create(ctx, &spikes, NULL, NULL), SPK_ERR_ARGUMENT, "session");
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Medians of random positions, some missing, against sorting. */
static void medians_by_definition(void)
{
    enum {
        N = 5000,
        UNITS = 37
    };
    static int64_t times[N];
    static int32_t units[N];
    static float xy[2 * N];
    static double group[N];
    double found[2 * UNITS];
    uint64_t state = 7;
    spk_session *s;
    spk_session_options o;
    for (int k = 0; k < N; k++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        times[k] = k;
        units[k] = k < UNITS ? k : (int32_t)((state >> 33) % UNITS);
        xy[2 * k] = (float)((state >> 20) % 50);
        xy[2 * k + 1] =
            (state >> 40) % 10 == 0 || units[k] == 5 ? NAN : (float)(state >> 45);
    }
    scratch_clear(&folder);
    save("spike_times.npy", SPK_DTYPE_INT64, N, 0, times);
    save("spike_clusters.npy", SPK_DTYPE_INT32, N, 0, units);
    save("spike_positions.npy", SPK_DTYPE_FLOAT32, N, 2, xy);
    spk_session_options_init(&o, sizeof o);
    o.sampling_rate_hz = 1;
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, &o, &s) == SPK_OK);
    CU_ASSERT_EQUAL(spk_session_unit_positions(ctx, s, found), SPK_OK);
    for (int u = 0; u < UNITS; u++)
        for (int axis = 0; axis < 2; axis++) {
            size_t n = 0;
            for (int k = 0; k < N; k++)
                if (units[k] == u && !isnan(xy[2 * k + axis]))
                    group[n++] = xy[2 * k + axis];
            qsort(group, n, sizeof *group, compare_doubles);
            double wanted = n == 0 ? NAN : (group[(n - 1) / 2] + group[n / 2]) / 2;
            CU_ASSERT(isnan(wanted) ? isnan(found[2 * u + axis])
                                    : found[2 * u + axis] == wanted);
        }
    CU_ASSERT(isnan(found[11]) && !isnan(found[10]));
    spk_session_close(s);
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

static spk_status create_and_close(spk_context *c, void *spikes)
{
    spk_session *s;
    spk_status status = spk_session_create(c, spikes, NULL, &s);
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
    const int64_t samples[] = {1};
    const int32_t units[] = {0};
    spk_spikes spikes = {1, 1, samples, units, 1, 0, 2};
    CU_ASSERT_EQUAL(suite_fail_allocations(create_and_close, &spikes), 5);
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
    {"alf", alf},
    {"arrays", arrays},
    {"in memory", in_memory},
    {"medians by definition", medians_by_definition},
    {"digests", digests},
    {"allocation failures", allocation_failures},
    {"nothing is there", nothing_is_there},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK || !scratch_open(&folder))
        return 1;
    spk_context_set_log(ctx, note_log, NULL);
    int result = suite_run("session", tests, (int)(sizeof tests / sizeof tests[0]));
    scratch_close(&folder);
    spk_context_destroy(ctx);
    return result;
}
