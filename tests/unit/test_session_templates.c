/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700
#include "session_scratch.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    N_TEMPLATES = 3,
    N_SAMPLES = 4,
    N_CHANNELS = 2,
    N_VALUES = N_TEMPLATES * N_SAMPLES * N_CHANNELS
};

static void save_shape(const char *name, int32_t dtype, int32_t n_dimensions,
                       const int64_t *shape, int fortran, const void *data)
{
    spk_array a;
    CU_ASSERT_FATAL(spk__array_describe(ctx, dtype, 0, n_dimensions, shape, &a) ==
                    SPK_OK);
    a.data = data;
    CU_ASSERT_FATAL(spk_npy_write(ctx, scratch_path(&folder, name), &a) == SPK_OK);
    if (!fortran)
        return;
    /* The words of the header that say so are of the same length but one. */
    FILE *file = fopen(scratch_path(&folder, name), "r+b");
    char header[128];
    CU_ASSERT_FATAL(file != NULL && fread(header, 1, sizeof header, file) == 128);
    char *word = NULL;
    for (int k = 0; k < 100 && word == NULL; k++)
        if (memcmp(header + k, "False", 5) == 0)
            word = header + k;
    CU_ASSERT_FATAL(word != NULL);
    memcpy(word, "True ", 5);
    rewind(file);
    fwrite(header, 1, sizeof header, file);
    fclose(file);
}

/* Spikes of templates 0, 0, 2, after a merge of 0 and 2 into unit 7. */
static void start_folder(void)
{
    const char rate[] = "sample_rate = 30000.\n";
    const int64_t times[] = {10, 20, 30};
    const int32_t templates[] = {0, 0, 2}, clusters[] = {7, 7, 7};
    const double positions[] = {0, 0, 0, 20};
    scratch_clear(&folder);
    scratch_write(&folder, "params.py", rate, sizeof rate - 1);
    save("spike_times.npy", SPK_DTYPE_INT64, 3, 0, times);
    save("spike_templates.npy", SPK_DTYPE_INT32, 3, 1, templates);
    save("spike_clusters.npy", SPK_DTYPE_INT32, 3, 0, clusters);
    save("channel_positions.npy", SPK_DTYPE_FLOAT64, 2, 2, positions);
}

static const int64_t dense_shape[] = {N_TEMPLATES, N_SAMPLES, N_CHANNELS};

static void save_dense(void)
{
    float values[N_VALUES];
    for (int k = 0; k < N_VALUES; k++)
        values[k] = (float)k;
    save_shape("templates.npy", SPK_DTYPE_FLOAT32, 3, dense_shape, 0, values);
}

static spk_session *open_folder(void)
{
    spk_session *session = NULL;
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, NULL, &session) == SPK_OK);
    return session;
}

static void without_templates(void)
{
    start_folder();
    spk_session *session = open_folder();
    const spk_templates *t = (const spk_templates *)&t;
    CU_ASSERT_EQUAL(spk_session_templates(ctx, session, &t), SPK_OK);
    CU_ASSERT_PTR_NULL(t);
    CU_ASSERT_EQUAL(spk_session_templates(ctx, session, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_session_templates(ctx, NULL, &t), SPK_ERR_ARGUMENT);
    spk_session_close(session);
}

static void dense_without_matrix(void)
{
    double waveform[N_SAMPLES * N_CHANNELS];
    start_folder();
    save_dense();
    spk_session *session = open_folder();
    const spk_templates *t = NULL, *again = NULL;
    n_logged[SPK_LOG_INFO] = 0;
    CU_ASSERT_EQUAL_FATAL(spk_session_templates(ctx, session, &t), SPK_OK);
    CU_ASSERT_EQUAL(n_logged[SPK_LOG_INFO], 1);
    CU_ASSERT(strstr(last_log, "no whitening matrix") != NULL);
    CU_ASSERT(t->n_templates == 3 && t->n_samples == 4 && t->n_local == 2);
    CU_ASSERT(t->n_channels == 2 && t->channels == NULL && t->unwhiten == NULL);
    CU_ASSERT(t->sampling_rate_hz == 30000 && t->channel_positions_um[3] == 20);
    CU_ASSERT(t->spike_templates[1] == 0 && t->spike_templates[2] == 2);
    CU_ASSERT_EQUAL(spk_templates_read(ctx, t, 1, waveform), SPK_OK);
    for (int k = 0; k < N_SAMPLES * N_CHANNELS; k++)
        CU_ASSERT_EQUAL(waveform[k], N_SAMPLES * N_CHANNELS + k);
    CU_ASSERT_EQUAL(spk_session_templates(ctx, session, &again), SPK_OK);
    CU_ASSERT_PTR_EQUAL(again, t);

    /* Unit 0 is cluster 7: two spikes of template 0, one of template 2. */
    spk_unit_templates *u = NULL;
    int32_t main_channel = -2;
    double amplitudes[N_CHANNELS];
    CU_ASSERT_EQUAL_FATAL(
        spk_unit_templates_create(ctx, t, spk_session_spikes(session), &u), SPK_OK);
    CU_ASSERT_EQUAL(spk_unit_templates_n_units(u), 1);
    CU_ASSERT_EQUAL(spk_templates_unit(ctx, u, 0, waveform), SPK_OK);
    for (int k = 0; k < N_SAMPLES * N_CHANNELS; k++)
        CU_ASSERT_DOUBLE_EQUAL(waveform[k], k + 16.0 / 3.0, 1e-14);
    CU_ASSERT_EQUAL(spk_templates_amplitudes(ctx, u, &main_channel, amplitudes), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(amplitudes[1], 6.0, 1e-14);
    CU_ASSERT_EQUAL(main_channel, 0);
    CU_ASSERT_EQUAL(spk_templates_unit(ctx, u, 1, waveform), SPK_ERR_ARGUMENT);
    spk_unit_templates_destroy(u);
    spk_session_close(session);
}

/* The matrix, its inverse left to us, Fortran order and float64 give the same waveforms. */
static void whitened(void)
{
    const double inverse[] = {2, 1, 0.5, 4}; /* of the matrix below */
    const double matrix[] = {4 / 7.5, -1 / 7.5, -0.5 / 7.5, 2 / 7.5};
    double values[N_VALUES], fortran[N_VALUES], waveform[N_SAMPLES * N_CHANNELS];
    for (int t = 0; t < N_TEMPLATES; t++)
        for (int s = 0; s < N_SAMPLES; s++)
            for (int c = 0; c < N_CHANNELS; c++) {
                const double value = t * 100 + s * 10 + c;
                values[(t * N_SAMPLES + s) * N_CHANNELS + c] = value;
                fortran[t + N_TEMPLATES * (s + N_SAMPLES * c)] = value;
            }
    for (int way = 0; way < 3; way++) {
        start_folder();
        save_shape("templates.npy", SPK_DTYPE_FLOAT64, 3, dense_shape, way == 2,
                   way == 2 ? fortran : values);
        if (way == 0)
            save("whitening_mat.npy", SPK_DTYPE_FLOAT64, 2, 2, matrix);
        else
            save("whitening_mat_inv.npy", SPK_DTYPE_FLOAT64, 2, 2, inverse);
        spk_session *session = open_folder();
        const spk_templates *t = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_session_templates(ctx, session, &t), SPK_OK);
        CU_ASSERT_EQUAL(spk_templates_read(ctx, t, 2, waveform), SPK_OK);
        for (int s = 0; s < N_SAMPLES; s++) {
            const double a = 200 + s * 10, b = a + 1;
            CU_ASSERT_DOUBLE_EQUAL(waveform[2 * s], 2 * a + 0.5 * b, 1e-10);
            CU_ASSERT_DOUBLE_EQUAL(waveform[2 * s + 1], a + 4 * b, 1e-10);
        }
        spk_session_close(session);
    }
}

/* No pivot is where it is looked for first: rows change places, and their columns back. */
static void rows_change_places(void)
{
    const int64_t shape[] = {N_TEMPLATES, 1, 3};
    const double matrix[] = {0, 2, 0, 0, 1, 4, 8, 0, 0};
    const double inverse[N_TEMPLATES][3] = {
        {0, 0, 0.125}, {0.5, 0, 0}, {-0.125, 0.25, 0}};
    const double positions[] = {0, 0, 0, 20, 0, 40};
    const float values[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    double waveform[3];
    start_folder();
    save_shape("templates.npy", SPK_DTYPE_FLOAT32, 3, shape, 0, values);
    save("channel_positions.npy", SPK_DTYPE_FLOAT64, 3, 2, positions);
    save("whitening_mat.npy", SPK_DTYPE_FLOAT64, 3, 3, matrix);
    spk_session *session = open_folder();
    const spk_templates *t = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_session_templates(ctx, session, &t), SPK_OK);
    for (int k = 0; k < N_TEMPLATES; k++) {
        CU_ASSERT_EQUAL(spk_templates_read(ctx, t, k, waveform), SPK_OK);
        for (int c = 0; c < 3; c++)
            CU_ASSERT_DOUBLE_EQUAL(waveform[c], inverse[k][c], 1e-15);
    }
    spk_session_close(session);
}

static void placeholder_of_kilosort4(void)
{
    const double placeholder[] = {1 / 0.00501, 0, 0, 1 / 0.00501};
    const double matrix[] = {0.5, 0, 0.25, 0.25};
    double waveform[N_SAMPLES * N_CHANNELS];
    start_folder();
    save_dense();
    save("whitening_mat_inv.npy", SPK_DTYPE_FLOAT64, 2, 2, placeholder);
    spk_session *session = open_folder();
    const spk_templates *t = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_session_templates(ctx, session, &t), SPK_OK);
    CU_ASSERT_EQUAL(spk_templates_read(ctx, t, 0, waveform), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(waveform[1], 1 / 0.00501, 1e-10); /* nothing better there */
    spk_session_close(session);

    save("whitening_mat_dat.npy", SPK_DTYPE_FLOAT64, 2, 2, matrix);
    session = open_folder();
    CU_ASSERT_EQUAL_FATAL(spk_session_templates(ctx, session, &t), SPK_OK);
    CU_ASSERT(strstr(last_log, "a placeholder") != NULL);
    CU_ASSERT_EQUAL(spk_templates_read(ctx, t, 0, waveform), SPK_OK);
    const double a = 0.50001,
                 b = 0.25001; /* (0 1) times the inverse of ((a 0) (.25 b)) */
    CU_ASSERT_DOUBLE_EQUAL(waveform[0], -0.25 / (a * b), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(waveform[1], 1 / b, 1e-12);
    spk_session_close(session);
}

static void sparse(void)
{
    const int64_t shape[] = {N_TEMPLATES, 1, 2};
    const double inverse[] = {1, 10, 100, 2, 20, 200, 3, 30, 300};
    const double positions[] = {0, 0, 0, 20, 0, 40};
    const double indices[] = {0, 2, 1, -1, 3, 2}; /* 3 is padding: there are 3 channels */
    const float values[] = {1, 2, 5, 7, 9, 4};
    const double expected[N_TEMPLATES][3] = {
        {1 * 1 + 2 * 3, 0, 1 * 100 + 2 * 300}, {0, 5 * 20, 0}, {0, 0, 4 * 300}};
    double waveform[3];
    start_folder();
    save_shape("templates.npy", SPK_DTYPE_FLOAT32, 3, shape, 0, values);
    save("template_ind.npy", SPK_DTYPE_FLOAT64, N_TEMPLATES, 2, indices);
    save("channel_positions.npy", SPK_DTYPE_FLOAT64, 3, 2, positions);
    save("whitening_mat_inv.npy", SPK_DTYPE_FLOAT64, 3, 3, inverse);
    spk_session *session = open_folder();
    const spk_templates *t = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_session_templates(ctx, session, &t), SPK_OK);
    CU_ASSERT(t->n_channels == 3 && t->n_local == 2 && t->channels[4] == -1);
    for (int k = 0; k < N_TEMPLATES; k++) {
        CU_ASSERT_EQUAL(spk_templates_read(ctx, t, k, waveform), SPK_OK);
        for (int c = 0; c < 3; c++)
            CU_ASSERT_EQUAL(waveform[c], expected[k][c]);
    }
    CU_ASSERT_EQUAL(spk_templates_read(ctx, t, 3, waveform), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_templates_read(ctx, t, -1, waveform), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_templates_read(ctx, t, 0, NULL), SPK_ERR_ARGUMENT);
    spk_session_close(session);
}

/* The plural is ignored; spikes out of order keep their templates. */
static void plural_and_sorted(void)
{
    const double all[] = {0, 1, 0, 1, 0, 1};
    const int64_t times[] = {30, 10, 20};
    const uint32_t templates[] = {2, 0, 1};
    start_folder();
    save_dense();
    save("templates_ind.npy", SPK_DTYPE_FLOAT64, 3, 2, all);
    save("spike_times.npy", SPK_DTYPE_INT64, 3, 0, times);
    save("spike_templates.npy", SPK_DTYPE_UINT32, 3, 0, templates);
    spk_session *session = NULL;
    spk_session_options o;
    spk_session_options_init(&o, sizeof o);
    o.sort = 1;
    CU_ASSERT_FATAL(spk_session_open(ctx, folder.folder, &o, &session) == SPK_OK);
    const spk_templates *t = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_session_templates(ctx, session, &t), SPK_OK);
    CU_ASSERT_PTR_NULL(t->channels);
    CU_ASSERT(t->spike_templates[0] == 0 && t->spike_templates[1] == 1 &&
              t->spike_templates[2] == 2);
    spk_session_close(session);
}

static void alf(void)
{
    const double seconds[] = {0.1, 0.2};
    const uint16_t ids[] = {1, 0};
    const int64_t shape[] = {2, 1, 1}, channels[] = {4, 2};
    const float values[] = {-3, 6};
    double waveform[5];
    scratch_clear(&folder);
    save("spikes.times.npy", SPK_DTYPE_FLOAT64, 2, 0, seconds);
    save("spikes.templates.npy", SPK_DTYPE_UINT16, 2, 0, ids);
    save("spikes.clusters.npy", SPK_DTYPE_UINT16, 2, 0, ids);
    save_shape("templates.waveforms.npy", SPK_DTYPE_FLOAT32, 3, shape, 0, values);
    save("templates.waveformsChannels.npy", SPK_DTYPE_INT64, 2, 1, channels);
    spk_session *session = open_folder();
    const spk_templates *t = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_session_templates(ctx, session, &t), SPK_OK);
    CU_ASSERT(t->n_channels == 5 && t->unwhiten == NULL && t->sampling_rate_hz == 0);
    CU_ASSERT(t->spike_templates[0] == 1 && t->channel_positions_um == NULL);
    CU_ASSERT_EQUAL(spk_templates_read(ctx, t, 0, waveform), SPK_OK);
    CU_ASSERT(waveform[4] == -3 && waveform[2] == 0);
    spk_session_close(session);
}

static void no_template_of_each_spike(void)
{
    start_folder();
    save_dense();
    CU_ASSERT_EQUAL(unlink(scratch_path(&folder, "spike_templates.npy")), 0);
    spk_session *session = open_folder();
    const spk_templates *t = NULL;
    CU_ASSERT_EQUAL(spk_session_templates(ctx, session, &t), SPK_OK);
    CU_ASSERT_PTR_NULL(t);
    CU_ASSERT(strstr(last_log, "no template of each spike") != NULL);
    spk_session_close(session);
}

static void bad_files_are_named(void)
{
    /* rank 1, its zeros lost to rounding: 0.1 + 0.2 is not 0.3 */
    const double nearly[] = {0.1 + 0.2, 0.3, 0.3, 0.3};
    const double three[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, singular[] = {1, 2, 2, 4};
    const double nan_matrix[] = {1, 0, NAN, 1};
    const int32_t beyond[] = {0, 3, 1}, channels[] = {0, 1, 0, 5, 0, 1};
    const int32_t whole[N_VALUES] = {0};
    const int64_t flat[] = {12, 2};
    float values[N_VALUES] = {0};
    const spk_templates *t = NULL;
    static const char *const messages[] = {
        "templates.npy: expected shape (templates, samples, channels), found (12, 2)",
        "templates.npy: expected float32 or float64, found int32",
        "templates.npy: expected 3 channels as the whitening matrix has, found 2",
        "templates.npy: expected 3 channels as there are channel positions, found 2",
        "spike_templates.npy: expected templates 0 .. 2, the rows of templates.npy, "
        "found 3 "
        "at spike 1",
        "whitening_mat.npy: expected a matrix that has an inverse, found none from "
        "column 1",
        "whitening_mat_inv.npy: expected finite numbers, found nan at index 2",
        "template_ind.npy: expected channels in 0 .. 1 or -1, found 5 at index 3",
        "template_ind.npy: expected shape (3, 2), found (2, 3)",
        "whitening_mat_inv.npy: expected shape (2, 2), found (2, 1)",
        "whitening_mat.npy: expected a matrix that has an inverse, found none from "
        "column 1",
    };
    for (size_t k = 0; k < sizeof messages / sizeof messages[0]; k++) {
        start_folder();
        save_dense();
        if (k == 0)
            save_shape("templates.npy", SPK_DTYPE_FLOAT32, 2, flat, 0, values);
        if (k == 1)
            save_shape("templates.npy", SPK_DTYPE_INT32, 3, dense_shape, 0, whole);
        if (k == 2)
            save("whitening_mat_inv.npy", SPK_DTYPE_FLOAT64, 3, 3, three);
        if (k == 3)
            save("channel_positions.npy", SPK_DTYPE_FLOAT64, 3, 2, three);
        if (k == 4)
            save("spike_templates.npy", SPK_DTYPE_INT32, 3, 0, beyond);
        if (k == 5)
            save("whitening_mat.npy", SPK_DTYPE_FLOAT64, 2, 2, singular);
        if (k == 6)
            save("whitening_mat_inv.npy", SPK_DTYPE_FLOAT64, 2, 2, nan_matrix);
        if (k == 7)
            save("template_ind.npy", SPK_DTYPE_INT32, 3, 2, channels);
        if (k == 8)
            save("template_ind.npy", SPK_DTYPE_INT32, 2, 3, channels);
        if (k == 9)
            save("whitening_mat_inv.npy", SPK_DTYPE_FLOAT64, 2, 1, three);
        if (k == 10)
            save("whitening_mat.npy", SPK_DTYPE_FLOAT64, 2, 2, nearly);
        spk_session *session = open_folder();
        const int64_t n_inputs = spk_session_n_inputs(session);
        for (int again = 0; again < 2; again++)
            fails(spk_session_templates(ctx, session, &t), SPK_ERR_FORMAT, messages[k]);
        CU_ASSERT_PTR_NULL(t);
        CU_ASSERT_EQUAL(spk_session_n_inputs(session), n_inputs);
        spk_session_close(session);
    }
}

static spk_status open_all(spk_context *own, void *argument)
{
    (void)argument;
    double waveform[N_SAMPLES * N_CHANNELS];
    const spk_templates *t = NULL;
    spk_session *session = NULL;
    spk_unit_templates *u = NULL;
    spk_status status = spk_session_open(own, folder.folder, NULL, &session);
    if (status == SPK_OK)
        status = spk_session_templates(own, session, &t);
    if (status == SPK_OK)
        status = spk_unit_templates_create(own, t, spk_session_spikes(session), &u);
    if (status == SPK_OK)
        status = spk_templates_unit(own, u, 0, waveform);
    spk_unit_templates_destroy(u);
    spk_session_close(session);
    return status;
}

static void failed_allocations(void)
{
    const double matrix[] = {0.5, 0, 0.25, 0.25};
    start_folder();
    save_dense();
    save("whitening_mat.npy", SPK_DTYPE_FLOAT64, 2, 2, matrix);
    CU_ASSERT(suite_fail_allocations(open_all, NULL) > 20);
}

/* Real Kilosort 2 output: the channel of the largest amplitude, only once unwhitened, is that
 * of bombcell's own table. */
static void main_channels_of_bombcell(void)
{
    static const char place[] = "../../shared/data/bombcell_toy_ks2";
    static const int32_t expected[] = {0, 0, 2, 2, 4, 6, 6, 5, 9, 11, 12, 14, 12, 16, 17};
    int32_t found[15];
    if (access(place, R_OK) != 0) {
        printf("skipped: %s is not there\n", place);
        return;
    }
    spk_session *session = NULL;
    const spk_templates *t = NULL;
    spk_unit_templates *u = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_session_open(ctx, place, NULL, &session), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_session_templates(ctx, session, &t), SPK_OK);
    CU_ASSERT(t->n_templates == 15 && t->n_samples == 82 && t->n_channels == 356);
    CU_ASSERT_EQUAL_FATAL(
        spk_unit_templates_create(ctx, t, spk_session_spikes(session), &u), SPK_OK);
    CU_ASSERT_EQUAL(spk_templates_amplitudes(ctx, u, found, NULL), SPK_OK);
    for (int k = 0; k < 15; k++)
        CU_ASSERT_EQUAL(found[k], expected[k]);
    spk_unit_templates_destroy(u);
    spk_session_close(session);
}

static const suite_test tests[] = {
    {"without templates", without_templates},
    {"dense, without a matrix", dense_without_matrix},
    {"whitened", whitened},
    {"rows change places", rows_change_places},
    {"the placeholder of Kilosort 4", placeholder_of_kilosort4},
    {"sparse", sparse},
    {"the plural is ignored; sorted spikes", plural_and_sorted},
    {"ALF", alf},
    {"no template of each spike", no_template_of_each_spike},
    {"bad files are named", bad_files_are_named},
    {"failed allocations", failed_allocations},
    {"main channels of bombcell", main_channels_of_bombcell},
};

int main(void)
{
    return session_suite_run("session templates", tests,
                             (int)(sizeof tests / sizeof tests[0]));
}
