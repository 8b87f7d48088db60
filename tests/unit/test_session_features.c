/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "session_scratch.h"
#include "suite.h"

#include <spikekit/metrics.h>
#include <spikekit/session.h>

enum {
    N = 4,
    N_COMPONENTS = 2,
    N_LOCAL = 3
};

static const int64_t times[N] = {5, 10, 20, 30};
static const int32_t clusters[N] = {7, 7, 2, 7};
static const int32_t templates[N] = {1, 0, 1, 1};
static const uint32_t channels[2 * N_LOCAL] = {0, 1, UINT32_MAX, 2, 1, 0};
static const double positions[6] = {0, 10, 0, 20, 0, 40};

static void save_features(int32_t dtype, const int64_t shape[3], int32_t fortran,
                          const void *data)
{
    spk_array a;
    CU_ASSERT_FATAL(spk__array_describe(ctx, dtype, 0, 3, shape, &a) == SPK_OK);
    a.data = data;
    a.fortran_order = fortran;
    CU_ASSERT_FATAL(spk_npy_write(ctx, scratch_path(&folder, "pc_features.npy"), &a) ==
                    SPK_OK);
}

/* Spike s, component p, channel l: 100 s + 10 p + l. */
static void save_folder(const int64_t *samples)
{
    const int64_t shape[3] = {N, N_COMPONENTS, N_LOCAL};
    float values[N * N_COMPONENTS * N_LOCAL];
    for (int k = 0; k < N * N_COMPONENTS * N_LOCAL; k++)
        values[k] = (float)(k / 6 * 100 + k / 3 % 2 * 10 + k % 3);
    scratch_clear(&folder);
    scratch_text(&folder, "params.py", "sample_rate = 30000.\n");
    save("spike_times.npy", SPK_DTYPE_INT64, N, 0, samples);
    save("spike_clusters.npy", SPK_DTYPE_INT32, N, 0, clusters);
    save("spike_templates.npy", SPK_DTYPE_INT32, N, 0, templates);
    save("channel_positions.npy", SPK_DTYPE_FLOAT64, 3, 2, positions);
    save("pc_feature_ind.npy", SPK_DTYPE_UINT32, 2, N_LOCAL, channels);
    save_features(SPK_DTYPE_FLOAT32, shape, 0, values);
}

static spk_session *open_folder(int32_t sort)
{
    spk_session *session = NULL;
    spk_session_options options;
    spk_session_options_init(&options, sizeof options);
    options.sort = sort;
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, &options, &session) == SPK_OK);
    return session;
}

static void found(void)
{
    const spk_features *f = NULL, *again = NULL;
    save_folder(times);
    spk_session *session = open_folder(0);
    const int64_t n_inputs = spk_session_n_inputs(session);
    CU_ASSERT_EQUAL_FATAL(spk_session_features(ctx, session, &f), SPK_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT(f->n_rows == 2 && f->n_components == 2 && f->n_local == 3);
    CU_ASSERT_EQUAL(f->n_channels, 3);
    CU_ASSERT_PTR_NULL(f->order);
    const int32_t wanted[] = {0, 1, -1, 2, 1, 0};
    CU_ASSERT_EQUAL(memcmp(f->channels, wanted, sizeof wanted), 0);
    CU_ASSERT_EQUAL(memcmp(f->rows, templates, sizeof templates), 0);
    CU_ASSERT_EQUAL(memcmp(f->channel_positions_um, positions, sizeof positions), 0);
    CU_ASSERT_EQUAL(((const float *)f->values->data)[6 * 2 + 3 + 1], 211);
    CU_ASSERT_EQUAL(spk_session_n_inputs(session), n_inputs + 2);
    CU_ASSERT_EQUAL(spk_session_features(ctx, session, &again), SPK_OK);
    CU_ASSERT_PTR_EQUAL(again, f);
    CU_ASSERT_EQUAL(spk_session_n_inputs(session), n_inputs + 2);

    spk_metrics_input input;
    spk_metrics_input_init(&input, sizeof input);
    CU_ASSERT_EQUAL(spk_metrics_input_from_session(ctx, session, 0, &input), SPK_OK);
    CU_ASSERT_PTR_NULL(input.features);
    CU_ASSERT_EQUAL(
        spk_metrics_input_from_session(ctx, session, SPK_METRIC_NEEDS_FEATURES, &input),
        SPK_OK);
    CU_ASSERT_PTR_EQUAL(input.features, f);
    spk_session_close(session);
}

/* Sorted spikes take their rows along; templates of another type are converted. */
static void sorted(void)
{
    const int64_t late[N] = {30, 5, 20, 10};
    const uint8_t bytes[N] = {1, 0, 1, 1};
    const float xy[6] = {0, 10, 0, 20, 0, 40};
    const spk_features *f = NULL;
    double depths[N];
    save_folder(late);
    spk_session *session = open_folder(1);
    CU_ASSERT_EQUAL_FATAL(spk_session_features(ctx, session, &f), SPK_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->order);
    CU_ASSERT(f->order[0] == 1 && f->order[1] == 3 && f->order[2] == 2 &&
              f->order[3] == 0);
    CU_ASSERT(f->rows[0] == 0 && f->rows[1] == 1 && f->rows[2] == 1 && f->rows[3] == 1);
    CU_ASSERT_EQUAL(spk_features_depths(ctx, f, SPK_DEPTH_PC1, depths), SPK_OK);
    /* The earliest spike is row 1, 100 101 102, on channels 0, 1 and none. */
    CU_ASSERT_DOUBLE_EQUAL(depths[0], (1e4 * 10 + 101. * 101 * 20) / (1e4 + 101. * 101),
                           1e-12);
    /* The last is row 0: 0 1 2 on channels 2, 1, 0. */
    CU_ASSERT_DOUBLE_EQUAL(depths[3], (20 + 4 * 10) / 5., 1e-14);
    spk_session_close(session);

    save("spike_templates.npy", SPK_DTYPE_UINT8, N, 0, bytes);
    save("channel_positions.npy", SPK_DTYPE_FLOAT32, 3, 2, xy);
    session = open_folder(1);
    CU_ASSERT_EQUAL_FATAL(spk_session_features(ctx, session, &f), SPK_OK);
    CU_ASSERT(f->rows[0] == 0 && f->rows[1] == 1 && f->rows[2] == 1 && f->rows[3] == 1);
    CU_ASSERT_EQUAL(f->channel_positions_um[5], 40);
    spk_session_close(session);
}

static void absent(void)
{
    static const char *const needed[] = {"spike_templates.npy", "pc_feature_ind.npy",
                                         "pc_features.npy"};
    const spk_features *f = NULL;
    save_folder(times);
    n_logged[SPK_LOG_WARNING] = 0;
    for (int k = 0; k < 3; k++) {
        unlink(scratch_path(&folder, needed[k]));
        spk_session *session = open_folder(0);
        f = (const spk_features *)1;
        CU_ASSERT_EQUAL(spk_session_features(ctx, session, &f), SPK_OK);
        CU_ASSERT_PTR_NULL(f);
        CU_ASSERT_EQUAL(n_logged[SPK_LOG_WARNING], k < 2 ? k + 1 : 2);
        CU_ASSERT(k == 2 || strstr(last_log, needed[k]) != NULL);
        spk_session_close(session);
    }
    spk_spikes spikes = {.n_spikes = 0, .sampling_rate_hz = 1, .stop_sample = 1};
    spk_session *session = NULL;
    CU_ASSERT_EQUAL(spk_session_create(ctx, &spikes, NULL, &session), SPK_OK);
    CU_ASSERT_EQUAL(spk_session_features(ctx, session, &f), SPK_OK);
    CU_ASSERT_PTR_NULL(f);
    spk_session_close(session);
}

/* One thing wrong each time; the session is as before and can be asked again. */
static void bad_files(void)
{
    const int64_t shapes[][3] = {
        {N - 1, N_COMPONENTS, N_LOCAL}, {N, N_COMPONENTS, 2}, {N, N_COMPONENTS, 0}};
    const double zeros[N * N_COMPONENTS * N_LOCAL] = {0};
    const int64_t whole[3] = {N, N_COMPONENTS, N_LOCAL};
    const int32_t beyond[N] = {1, 0, 2, 1}, negative[N] = {1, -3, 0, 1};
    const int64_t huge[N] = {1, 0, 0, INT64_C(1) << 40};
    const int32_t far[2 * N_LOCAL] = {0, 1, 2, 2, 3, 0};
    const int32_t below[2 * N_LOCAL] = {0, -2, 2, 2, 1, 0};
    const double halves[2 * N_LOCAL] = {0, 0.5, 2, 2, 1, 0};
    static const char *const messages[] = {
        "pc_features.npy: expected 4 rows, one for each spike, found shape (3, 2, 3)",
        "pc_feature_ind.npy: expected shape (templates, 2), as many channels as "
        "pc_features.npy has, found (2, 3)",
        "pc_features.npy: expected shape (spikes, components, channels), found (4, 2, 0)",
        "pc_features.npy: expected floats, found int32",
        "expected shape (spikes, components, channels), found (4, 6)",
        "spike_templates.npy: expected templates 0 .. 1, the rows of pc_feature_ind.npy, "
        "found 2 at spike 2",
        "found -3 at spike 1",
        "found 1099511627776 at spike 3",
        "pc_feature_ind.npy: expected channels 0 .. 2, or -1 for none, found 3 in row 1",
        "found -2 in row 0",
        "expected whole numbers, found 0.5",
        "pc_feature_ind.npy: expected shape (templates, 3), as many channels as "
        "pc_features.npy has, found (6,)",
    };
    for (int k = 0; k < 12; k++) {
        const spk_features *f = NULL;
        save_folder(times);
        if (k < 3)
            save_features(SPK_DTYPE_FLOAT64, shapes[k], 0, zeros);
        if (k == 3)
            save_features(SPK_DTYPE_INT32, whole, 0, zeros);
        if (k == 4)
            save("pc_features.npy", SPK_DTYPE_FLOAT32, N, 6, zeros);
        if (k == 5)
            save("spike_templates.npy", SPK_DTYPE_INT32, N, 0, beyond);
        if (k == 6)
            save("spike_templates.npy", SPK_DTYPE_INT32, N, 0, negative);
        if (k == 7)
            save("spike_templates.npy", SPK_DTYPE_INT64, N, 0, huge);
        if (k == 8)
            save("pc_feature_ind.npy", SPK_DTYPE_INT32, 2, N_LOCAL, far);
        if (k == 9)
            save("pc_feature_ind.npy", SPK_DTYPE_INT32, 2, N_LOCAL, below);
        if (k == 10)
            save("pc_feature_ind.npy", SPK_DTYPE_FLOAT64, 2, N_LOCAL, halves);
        if (k == 11)
            save("pc_feature_ind.npy", SPK_DTYPE_INT32, 2 * N_LOCAL, 0, far);
        spk_session *session = open_folder(0);
        const int64_t n_inputs = spk_session_n_inputs(session);
        for (int again = 0; again < 20; again++) {
            fails(spk_session_features(ctx, session, &f), SPK_ERR_FORMAT, messages[k]);
            CU_ASSERT_PTR_NULL(f);
        }
        CU_ASSERT_EQUAL(spk_session_n_inputs(session), n_inputs);
        spk_session_close(session);
    }
    const spk_features *f = NULL;
    spk_session *session = open_folder(0);
    fails(spk_session_features(ctx, NULL, &f), SPK_ERR_ARGUMENT, "session");
    fails(spk_session_features(ctx, session, NULL), SPK_ERR_ARGUMENT, "features");
    spk_session_close(session);
}

/* Column-major files are used as they are; without positions the channels are those named. */
static void fortran(void)
{
    const int64_t shape[3] = {N, N_COMPONENTS, N_LOCAL};
    const spk_features *f = NULL;
    save_folder(times);
    /* spk_npy_write() makes row-major files: the header is turned by hand. */
    const int64_t turned[3] = {N_LOCAL, N_COMPONENTS, N};
    double values[N * N_COMPONENTS * N_LOCAL], depths[N];
    for (int l = 0; l < N_LOCAL; l++)
        for (int p = 0; p < N_COMPONENTS; p++)
            for (int s = 0; s < N; s++)
                values[(l * N_COMPONENTS + p) * N + s] = 100 * s + 10 * p + l;
    save_features(SPK_DTYPE_FLOAT64, turned, 0, values);
    size_t n = 0;
    char *bytes = scratch_read(scratch_path(&folder, "pc_features.npy"), &n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    char *order = strstr(bytes + 10, "'fortran_order': False");
    CU_ASSERT_PTR_NOT_NULL_FATAL(order);
    memcpy(order, "'fortran_order': True ", 22);
    char *text = strstr(bytes + 10, "(3, 2, 4)");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memcpy(text, "(4, 2, 3)", 9);
    scratch_write(&folder, "pc_features.npy", bytes, n);
    free(bytes);
    unlink(scratch_path(&folder, "channel_positions.npy"));
    spk_session *session = open_folder(0);
    CU_ASSERT_EQUAL_FATAL(spk_session_features(ctx, session, &f), SPK_OK);
    CU_ASSERT(f->values->fortran_order != 0);
    CU_ASSERT_EQUAL(memcmp(f->values->shape, shape, sizeof shape), 0);
    CU_ASSERT_EQUAL(f->n_channels, 3);
    CU_ASSERT_PTR_NULL(f->channel_positions_um);
    fails(spk_features_depths(ctx, f, SPK_DEPTH_PC1, depths), SPK_ERR_ARGUMENT,
          "positions");
    spk_features placed = *f;
    placed.channel_positions_um = positions;
    CU_ASSERT_EQUAL(spk_features_depths(ctx, &placed, SPK_DEPTH_PC1, depths), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(depths[0], (20 + 4 * 10) / 5., 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(depths[3],
                           (9e4 * 40 + 301. * 301 * 20 + 302. * 302 * 10) /
                               (9e4 + 301. * 301 + 302. * 302),
                           1e-12);
    spk_session_close(session);
}

static spk_status open_and_ask(spk_context *c, void *argument)
{
    (void)argument;
    spk_session *session = NULL;
    spk_session_options options;
    const spk_features *f = NULL;
    spk_session_options_init(&options, sizeof options);
    options.sort = 1;
    spk_status status = spk_session_open(c, folder.folder, &options, &session);
    if (status == SPK_OK)
        status = spk_session_features(c, session, &f);
    if (status == SPK_OK && f == NULL)
        status = SPK_ERR_NOT_FOUND;
    spk_session_close(session);
    return status;
}

static void allocations(void)
{
    const int64_t late[N] = {30, 5, 20, 10};
    const uint8_t bytes[N] = {1, 0, 1, 1};
    const float xy[6] = {0, 10, 0, 20, 0, 40};
    save_folder(late);
    save("spike_templates.npy", SPK_DTYPE_UINT8, N, 0, bytes);
    save("channel_positions.npy", SPK_DTYPE_FLOAT32, 3, 2, xy);
    CU_ASSERT(suite_fail_allocations(open_and_ask, NULL) > 30);
}

int main(void)
{
    const suite_test tests[] = {{"found", found},     {"sorted", sorted},
                                {"absent", absent},   {"bad files", bad_files},
                                {"fortran", fortran}, {"allocations", allocations}};
    return session_suite_run("session features", tests,
                             (int)(sizeof tests / sizeof tests[0]));
}
