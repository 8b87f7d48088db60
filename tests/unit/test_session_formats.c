/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "session_scratch.h"
#include "suite.h"

#include <math.h>
#include <spikekit/session.h>

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

static spk_status create_and_close(spk_context *c, void *spikes)
{
    spk_session *s;
    spk_status status = spk_session_create(c, spikes, NULL, &s);
    spk_session_close(s);
    return status;
}

static void allocation_failures(void)
{
    const int64_t samples[] = {1};
    const int32_t units[] = {0};
    spk_spikes spikes = {1, 1, samples, units, 1, 0, 2};
    CU_ASSERT_EQUAL(suite_fail_allocations(create_and_close, &spikes), 5);
}

static const suite_test tests[] = {
    {"alf", alf},
    {"arrays", arrays},
    {"in memory", in_memory},
    {"medians by definition", medians_by_definition},
    {"allocation failures", allocation_failures},
};

int main(void)
{
    return session_suite_run("session_formats", tests,
                             (int)(sizeof tests / sizeof tests[0]));
}
