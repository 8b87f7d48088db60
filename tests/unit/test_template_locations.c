/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <math.h>
#include <spikekit/templates.h>

enum {
    N_GOLDEN = 24,
    N_SIDE = 5,
    N_CHANNELS = 25, /* of a square of N_SIDE by N_SIDE */
    N_SAMPLES = 40
};

static spk_context *ctx;

/* ---- SpikeInterface ---- */

typedef struct golden {
    spk_npy *stored, *places, *expected;
    int64_t samples[N_GOLDEN];
    int32_t ids[N_GOLDEN];
    spk_templates templates;
    spk_spikes spikes;
    spk_unit_templates *units;
} golden;

static void open_golden(golden *g)
{
    memset(g, 0, sizeof *g);
    CU_ASSERT_EQUAL_FATAL(spk_npy_open(ctx, "golden/templates/templates.npy", &g->stored),
                          SPK_OK);
    CU_ASSERT_EQUAL_FATAL(
        spk_npy_open(ctx, "golden/templates/channel_positions.npy", &g->places), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(
        spk_npy_open(ctx, "golden/templates/locations.npy", &g->expected), SPK_OK);
    const spk_array *values = spk_npy_array(g->stored);
    CU_ASSERT_EQUAL_FATAL(values->shape[0], N_GOLDEN);
    for (int u = 0; u < N_GOLDEN; u++)
        g->ids[u] = u;
    g->templates = (spk_templates){.values = values,
                                   .n_templates = N_GOLDEN,
                                   .n_samples = values->shape[1],
                                   .n_local = values->shape[2],
                                   .n_channels = values->shape[2],
                                   .channel_positions_um = spk_npy_array(g->places)->data,
                                   .spike_templates = g->ids,
                                   .sampling_rate_hz = 30000};
    g->spikes = (spk_spikes){.n_spikes = N_GOLDEN,
                             .n_units = N_GOLDEN,
                             .samples = g->samples,
                             .units = g->ids,
                             .sampling_rate_hz = 30000,
                             .stop_sample = 1};
    CU_ASSERT_EQUAL_FATAL(
        spk_unit_templates_create(ctx, &g->templates, &g->spikes, &g->units), SPK_OK);
}

static void close_golden(golden *g)
{
    spk_unit_templates_destroy(g->units);
    spk_npy_close(g->stored);
    spk_npy_close(g->places);
    spk_npy_close(g->expected);
}

/* Sum of squares of p - alpha / distance over channels within 75 um of the main one. */
static double misfit(const golden *g, int unit, const double *p)
{
    const spk_templates *t = &g->templates;
    const float *wave =
        (const float *)t->values->data + unit * t->n_samples * t->n_channels;
    const double *places = t->channel_positions_um;
    int64_t main_channel = 0;
    double largest = 0, sum = 0;
    for (int64_t c = 0; c < t->n_channels; c++)
        for (int64_t s = 0; s < t->n_samples; s++)
            if (fabsf(wave[s * t->n_channels + c]) > largest) {
                largest = fabsf(wave[s * t->n_channels + c]);
                main_channel = c;
            }
    for (int64_t c = 0; c < t->n_channels; c++) {
        if (hypot(places[2 * c] - places[2 * main_channel],
                  places[2 * c + 1] - places[2 * main_channel + 1]) > 75)
            continue;
        double low = INFINITY, high = -INFINITY;
        for (int64_t s = 0; s < t->n_samples; s++) {
            low = fmin(low, wave[s * t->n_channels + c]);
            high = fmax(high, wave[s * t->n_channels + c]);
        }
        const double d = sqrt(pow(places[2 * c] - p[0], 2) +
                              pow(places[2 * c + 1] - p[1], 2) + p[2] * p[2]);
        sum += pow(high - low - p[3] / d, 2);
    }
    return sum;
}

static void equals_spikeinterface(void)
{
    static const char *const names[] = {"monopolar", "centre of mass", "grid"};
    /* Fits stop where the sum of squares is flat; SpikeInterface's sums and weights are
     * float32. */
    static const double most[] = {1e-2, 1e-4, 1e-3};
    golden g;
    double found[N_GOLDEN * 4];
    open_golden(&g);
    for (int method = 0; method < 3; method++) {
        spk_templates_locations_options o;
        spk_templates_locations_options_init(&o, sizeof o);
        o.method = method;
        o.peak_sample = 21;
        double largest = 0;
        CU_ASSERT_EQUAL(spk_templates_locations(ctx, g.units, &o, found), SPK_OK);
        const double *expected =
            (const double *)spk_npy_array(g.expected)->data + method * N_GOLDEN * 4;
        for (int u = 0; u < N_GOLDEN; u++) {
            const double *a = found + 4 * u, *b = expected + 4 * u;
            if (method == SPK_LOCATION_GRID_CONVOLUTION && isnan(a[0])) {
                /* no positive score: SpikeInterface says 0 */
                CU_ASSERT(b[0] == 0 && b[1] == 0 && b[2] == 0);
                continue;
            }
            if (method == SPK_LOCATION_MONOPOLAR) {
                CU_ASSERT(misfit(&g, u, a) <= misfit(&g, u, b) * (1 + 1e-7));
                /* templates on one and two channels: ours is the better fit */
                if (u == 22 || u == 23)
                    continue;
            }
            for (int k = 0; k < 4; k++) {
                const double scale = k == 3 ? b[k] : 1.0;
                CU_ASSERT(isnan(a[k]) == isnan(b[k]));
                if (!isnan(a[k]))
                    largest = fmax(largest, fabs(a[k] - b[k]) / scale);
            }
        }
        printf("%s: largest difference %.2g\n", names[method], largest);
        CU_ASSERT(largest < most[method]);
    }
    close_golden(&g);
}

/* ---- by hand ---- */

/* A square of channels and one unit whose amplitudes are a function of place. */
typedef struct square {
    double stored[N_SAMPLES * N_CHANNELS], places[2 * N_CHANNELS];
    int64_t sample;
    int32_t zero;
    spk_array values;
    spk_templates templates;
    spk_spikes spikes;
    spk_unit_templates *units;
} square;

static void open_square(square *q, const double source[4])
{
    memset(q, 0, sizeof *q);
    for (int c = 0; c < N_CHANNELS; c++) {
        const double x = 20.0 * (c % N_SIDE), y = 20.0 * (c / N_SIDE);
        q->places[2 * c] = x;
        q->places[2 * c + 1] = y;
        const double d =
            sqrt(pow(x - source[0], 2) + pow(y - source[1], 2) + source[2] * source[2]);
        q->stored[12 * N_CHANNELS + c] = -0.75 * source[3] / d;
        q->stored[20 * N_CHANNELS + c] = 0.25 * source[3] / d;
    }
    q->values = (spk_array){.dtype = SPK_DTYPE_FLOAT64,
                            .n_dimensions = 3,
                            .shape = {1, N_SAMPLES, N_CHANNELS, 1, 1, 1, 1, 1},
                            .n_elements = N_SAMPLES * N_CHANNELS,
                            .item_size = 8,
                            .data = q->stored};
    q->templates = (spk_templates){.values = &q->values,
                                   .n_templates = 1,
                                   .n_samples = N_SAMPLES,
                                   .n_local = N_CHANNELS,
                                   .n_channels = N_CHANNELS,
                                   .channel_positions_um = q->places,
                                   .spike_templates = &q->zero,
                                   .sampling_rate_hz = 30000};
    /* unit 1 has no spikes */
    q->spikes = (spk_spikes){.n_spikes = 1,
                             .n_units = 2,
                             .samples = &q->sample,
                             .units = &q->zero,
                             .sampling_rate_hz = 30000,
                             .stop_sample = 1};
    CU_ASSERT_EQUAL_FATAL(
        spk_unit_templates_create(ctx, &q->templates, &q->spikes, &q->units), SPK_OK);
}

/* A monopole is found where it is; the others are drawn towards it. */
static void a_monopole_is_found(void)
{
    static const double source[4] = {33, 47, 25, 900};
    square q;
    double found[8];
    spk_templates_locations_options o;
    spk_templates_locations_options_init(&o, sizeof o);
    open_square(&q, source);
    CU_ASSERT_EQUAL(spk_templates_locations(ctx, q.units, NULL, found), SPK_OK);
    for (int k = 0; k < 4; k++)
        CU_ASSERT_DOUBLE_EQUAL(found[k], source[k], 1e-4 * source[k]);
    for (int k = 4; k < 8; k++)
        CU_ASSERT(isnan(found[k]));
    o.method = SPK_LOCATION_MAIN_CHANNEL;
    CU_ASSERT_EQUAL(spk_templates_locations(ctx, q.units, &o, found), SPK_OK);
    CU_ASSERT(found[0] == 40 && found[1] == 40 && isnan(found[2]) && isnan(found[3]));
    o.method = SPK_LOCATION_GRID_CONVOLUTION;
    CU_ASSERT_EQUAL(spk_templates_locations(ctx, q.units, &o, found), SPK_OK);
    CU_ASSERT(fabs(found[0] - 33) < 10 && fabs(found[1] - 47) < 10 && found[2] > 0);
    CU_ASSERT(isnan(found[3]));

    /* Channels within 20 um of the main one: itself and its four neighbours. */
    double sum = 0, x = 0;
    o.method = SPK_LOCATION_CENTER_OF_MASS;
    o.radius_um = 20;
    CU_ASSERT_EQUAL(spk_templates_locations(ctx, q.units, &o, found), SPK_OK);
    static const int near[] = {12, 11, 13, 7, 17};
    for (int k = 0; k < 5; k++) {
        const double p = q.stored[20 * N_CHANNELS + near[k]];
        sum += p;
        x += p * q.places[2 * near[k]];
    }
    CU_ASSERT_DOUBLE_EQUAL(found[0], x / sum, 1e-12);
    spk_unit_templates_destroy(q.units);
}

static void bad_options_are_named(void)
{
    static const double source[4] = {33, 47, 25, 900};
    square q;
    double found[8];
    open_square(&q, source);
    static const struct {
        const char *message;
        int field;
        double value;
    } cases[] = {
        {"options: not filled", 0, 0},
        {"method must be in 0 .. 3, got 4", 1, 4},
        {"radius_um must be in 0 .. 1e6, got -1", 2, -1},
        {"radius_um must be in 0 .. 1e6, got nan", 2, NAN},
        {"max_distance_um must be >= 1, got 0", 3, 0},
        {"grid_um must be above radius_um / 1000, got 0", 4, 0},
        {"grid_margin_um must be in 0 .. 1e6, got -3", 5, -3},
        {"grid_decay_um and grid_sigma_ms must be > 0, got 0 and 0.25", 6, 0},
        {"grid_percent must be above 0 and at most 100, got 101", 7, 101},
        {"peak_sample must be below 40, got 40", 8, 40},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        spk_templates_locations_options o;
        spk_templates_locations_options_init(&o, sizeof o);
        double *const fields[] = {NULL,
                                  NULL,
                                  &o.radius_um,
                                  &o.max_distance_um,
                                  &o.grid_um,
                                  &o.grid_margin_um,
                                  &o.grid_decay_um,
                                  &o.grid_percent};
        if (cases[k].field >= 4)
            o.method = SPK_LOCATION_GRID_CONVOLUTION;
        if (cases[k].field == 0)
            o.struct_size = 8;
        else if (cases[k].field == 1)
            o.method = (int32_t)cases[k].value;
        else if (cases[k].field == 8)
            o.peak_sample = (int64_t)cases[k].value;
        else
            *fields[cases[k].field] = cases[k].value;
        CU_ASSERT_EQUAL(spk_templates_locations(ctx, q.units, &o, found),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT(strstr(spk_context_message(ctx), cases[k].message) != NULL);
    }
    CU_ASSERT_EQUAL(spk_templates_locations(ctx, NULL, NULL, found), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_templates_locations(ctx, q.units, NULL, NULL), SPK_ERR_ARGUMENT);
    spk_unit_templates_destroy(q.units);
    q.templates.channel_positions_um = NULL;
    CU_ASSERT_EQUAL_FATAL(
        spk_unit_templates_create(ctx, &q.templates, &q.spikes, &q.units), SPK_OK);
    CU_ASSERT_EQUAL(spk_templates_locations(ctx, q.units, NULL, found), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx),
                           "templates: locations need channel positions");
    spk_unit_templates_destroy(q.units);
}

static void threads_give_the_same_bits(void)
{
    golden g;
    double found[3][N_GOLDEN * 4];
    open_golden(&g);
    for (int k = 0; k < 3; k++) {
        spk_context *own = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&own), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(own, 1 << k), SPK_OK);
        CU_ASSERT_EQUAL(spk_templates_locations(own, g.units, NULL, found[k]), SPK_OK);
        spk_context_destroy(own);
    }
    const void *const one = found[0], *const two = found[1], *const four = found[2];
    CU_ASSERT(memcmp(one, two, sizeof found[0]) == 0);
    CU_ASSERT(memcmp(one, four, sizeof found[0]) == 0);
    close_golden(&g);
}

static spk_status locate(spk_context *own, void *argument)
{
    double found[N_GOLDEN * 4];
    return spk_templates_locations(own, argument, NULL, found);
}

static void failed_allocations(void)
{
    golden g;
    open_golden(&g);
    CU_ASSERT(suite_fail_allocations(locate, g.units) > 0);
    close_golden(&g);
}

static const suite_test tests[] = {
    {"equals SpikeInterface", equals_spikeinterface},
    {"a monopole is found", a_monopole_is_found},
    {"bad options are named", bad_options_are_named},
    {"threads give the same bits", threads_give_the_same_bits},
    {"failed allocations", failed_allocations},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK)
        return 1;
    const int result =
        suite_run("locations of templates", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_context_destroy(ctx);
    return result;
}
