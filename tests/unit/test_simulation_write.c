/* SPDX-License-Identifier: BSD-3-Clause */
/* The folder that spk_simulation_write() makes, opened again, and its truth.json. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp */

#include "simulated_trains.h"
#include "suite.h"

#include <spikekit/session.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[256];

static const char *const names[] = {
    "params.py",
    "spike_times.npy",
    "spike_clusters.npy",
    "spike_templates.npy",
    "amplitudes.npy",
    "spike_positions.npy",
    "channel_positions.npy",
    "channel_map.npy",
    "cluster_group.tsv",
    "templates.npy",
    "template_ind.npy",
    "truth.json",
};

static void make_folder(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/spikekit_simulation_XXXXXX",
             parent != NULL ? parent : "/tmp");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static void remove_folder(void)
{
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, names[k]);
        (void)unlink(path);
    }
    CU_ASSERT_EQUAL(rmdir(folder), 0); /* nothing else was left in it */
}

static spk_simulation_options small_options(void)
{
    spk_simulation_options o;
    spk_simulation_options_init(&o, sizeof o);
    o.n_units = 30;
    o.duration_s = 10;
    o.rate_median_hz = 10;
    o.connection_share = 0.1;
    o.contamination_max = 0.2;
    o.modulation_sigma = 0.3;
    o.common_groups = 3;
    o.common_size = 2;
    o.probe_length_um = 410; /* 20 rows, not a whole number of them */
    return o;
}

static char *read_text(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    char *text = calloc(1, 1 << 20);
    size_t n = fread(text, 1, (1 << 20) - 1, file);
    CU_ASSERT(n > 0 && n < (1 << 20) - 1);
    fclose(file);
    return text;
}

/* The number after the next "key" in a text that is read from front to back; NaN for
 * null. */
static double next_number(const char **text, const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *found = strstr(*text, quoted);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    found += strlen(quoted);
    found += strspn(found, ": ");
    *text = found;
    return strncmp(found, "null", 4) == 0 ? NAN : strtod(found, NULL);
}

static void check_truth(const spk_simulation *s, const spk_simulation_options *o)
{
    char *whole = read_text("truth.json");
    const char *text = whole;
    const struct {
        const char *key;
        double value;
    } options[] = {
        {"seed", (double)o->seed},
        {"n_units", (double)o->n_units},
        {"modulation_groups", (double)o->modulation_groups},
        {"common_groups", (double)o->common_groups},
        {"common_size", (double)o->common_size},
        {"duration_s", o->duration_s},
        {"sampling_rate_hz", o->sampling_rate_hz},
        {"rate_median_hz", o->rate_median_hz},
        {"rate_sigma", o->rate_sigma},
        {"refractory_s", o->refractory_s},
        {"burst_share", o->burst_share},
        {"burst_size", o->burst_size},
        {"burst_interval_s", o->burst_interval_s},
        {"drift_sigma", o->drift_sigma},
        {"drift_time_s", o->drift_time_s},
        {"connection_share", o->connection_share},
        {"inhibitory_share", o->inhibitory_share},
        {"connection_strength", o->connection_strength},
        {"connection_latency_s", o->connection_latency_s},
        {"connection_jitter_s", o->connection_jitter_s},
        {"inhibition_s", o->inhibition_s},
        {"contamination_max", o->contamination_max},
        {"missed_max", o->missed_max},
        {"probe_length_um", o->probe_length_um},
        {"connection_sigma", o->connection_sigma},
        {"modulation_sigma", o->modulation_sigma},
        {"modulation_time_s", o->modulation_time_s},
        {"modulation_hz", o->modulation_hz},
        {"modulation_opposed", o->modulation_opposed},
        {"common_rate_hz", o->common_rate_hz},
        {"common_strength", o->common_strength},
        {"common_latency_s", o->common_latency_s},
        {"common_jitter_s", o->common_jitter_s},
        {"n_samples", (double)spk_simulation_spikes(s)->stop_sample},
        {"n_spikes", (double)spk_simulation_spikes(s)->n_spikes},
    };
    (void)next_number(&text, "options");
    for (size_t k = 0; k < sizeof options / sizeof options[0]; k++)
        CU_ASSERT_EQUAL(next_number(&text, options[k].key), options[k].value);
    (void)next_number(&text, "units");
    for (int64_t u = 0; u < o->n_units; u++) {
        const spk_simulation_unit *unit = &spk_simulation_units(s)[u];
        CU_ASSERT_EQUAL(next_number(&text, "unit"), (double)u);
        CU_ASSERT_EQUAL(next_number(&text, "n_true_spikes"), (double)unit->n_true_spikes);
        CU_ASSERT_EQUAL(next_number(&text, "n_missed"), (double)unit->n_missed);
        CU_ASSERT_EQUAL(next_number(&text, "n_foreign"), (double)unit->n_foreign);
        CU_ASSERT_EQUAL(next_number(&text, "bursting"), (double)unit->bursting);
        CU_ASSERT_EQUAL(next_number(&text, "modulation_group"),
                        (double)unit->modulation_group);
        CU_ASSERT_EQUAL(next_number(&text, "base_rate_hz"), unit->base_rate_hz);
        CU_ASSERT_EQUAL(next_number(&text, "contamination"), unit->contamination);
        CU_ASSERT_EQUAL(next_number(&text, "missed"), unit->missed);
        CU_ASSERT_EQUAL(next_number(&text, "x_um"), unit->x_um);
        CU_ASSERT_EQUAL(next_number(&text, "depth_um"), unit->depth_um);
        CU_ASSERT_EQUAL(next_number(&text, "amplitude"), unit->amplitude);
        CU_ASSERT_EQUAL(next_number(&text, "modulation"), unit->modulation);
    }
    int64_t n;
    const spk_simulation_connection *c = spk_simulation_connections(s, &n);
    (void)next_number(&text, "connections");
    for (int64_t k = 0; k < n; k++) {
        CU_ASSERT_EQUAL(next_number(&text, "source"), (double)c[k].source);
        CU_ASSERT_EQUAL(next_number(&text, "target"), (double)c[k].target);
        CU_ASSERT_EQUAL(next_number(&text, "latency_s"), c[k].latency_s);
        CU_ASSERT_EQUAL(next_number(&text, "strength"), c[k].strength);
        CU_ASSERT_EQUAL(next_number(&text, "extra_pairs"), c[k].extra_pairs);
    }
    const spk_simulation_common_input *common = spk_simulation_common_inputs(s, &n);
    (void)next_number(&text, "common_inputs");
    CU_ASSERT_EQUAL(n, o->common_groups * o->common_size);
    for (int64_t k = 0; k < n; k++) {
        CU_ASSERT_EQUAL(next_number(&text, "group"), (double)common[k].group);
        CU_ASSERT_EQUAL(next_number(&text, "unit"), (double)common[k].unit);
        CU_ASSERT_EQUAL(next_number(&text, "n_extra"), (double)common[k].n_extra);
        CU_ASSERT_EQUAL(next_number(&text, "latency_s"), common[k].latency_s);
        CU_ASSERT_EQUAL(next_number(&text, "strength"), common[k].strength);
    }
    CU_ASSERT_PTR_NULL(strstr(text, "\"source\""));
    free(whole);
}

static void check_session(const spk_simulation *s)
{
    spk_session *session = NULL;
    const spk_spikes *x = spk_simulation_spikes(s);
    CU_ASSERT_EQUAL_FATAL(spk_session_open(NULL, folder, NULL, &session), SPK_OK);
    const spk_spikes *y = spk_session_spikes(session);
    CU_ASSERT_EQUAL_FATAL(y->n_spikes, x->n_spikes);
    CU_ASSERT_EQUAL_FATAL(y->n_units, x->n_units); /* every unit has spikes */
    CU_ASSERT_EQUAL(y->sampling_rate_hz, x->sampling_rate_hz);
    size_t n = (size_t)x->n_spikes;
    CU_ASSERT(memcmp(x->samples, y->samples, n * sizeof *x->samples) == 0);
    CU_ASSERT(memcmp(x->units, y->units, n * sizeof *x->units) == 0);

    double *values = malloc(2 * n * sizeof *values);
    const spk_array *amplitudes = spk_session_amplitudes(session);
    CU_ASSERT_PTR_NOT_NULL_FATAL(amplitudes);
    CU_ASSERT_EQUAL_FATAL(amplitudes->n_elements, x->n_spikes);
    CU_ASSERT_EQUAL(spk_array_to_double(NULL, amplitudes, values), SPK_OK);
    CU_ASSERT(memcmp(values, spk_simulation_amplitudes(s), n * sizeof *values) == 0);
    const spk_array *positions = spk_session_spike_positions(session);
    CU_ASSERT_PTR_NOT_NULL_FATAL(positions);
    CU_ASSERT_EQUAL_FATAL(positions->n_elements, 2 * x->n_spikes);
    CU_ASSERT_EQUAL(spk_array_to_double(NULL, positions, values), SPK_OK);
    int64_t n_wrong = 0;
    for (size_t k = 0; k < 2 * n; k++)
        n_wrong += values[k] != (double)spk_simulation_positions(s)[k];
    CU_ASSERT_EQUAL(n_wrong, 0);
    free(values);

    /* The staircase: rows 0 and 20 um by hand, and its size. */
    const double rows[8] = {43, 0, 11, 0, 59, 20, 27, 20};
    double channels[2 * 40];
    const spk_array *geometry = spk_session_channel_positions(session);
    CU_ASSERT_PTR_NOT_NULL_FATAL(geometry);
    CU_ASSERT_EQUAL_FATAL(geometry->n_elements, 2 * 40);
    CU_ASSERT_EQUAL(spk_array_to_double(NULL, geometry, channels), SPK_OK);
    CU_ASSERT(memcmp(channels, rows, sizeof rows) == 0);
    CU_ASSERT_EQUAL(channels[79], 380.0);

    int64_t n_mua = 0;
    for (int64_t u = 0; u < x->n_units; u++) {
        int mua = spk_simulation_units(s)[u].contamination > 0.1;
        CU_ASSERT_STRING_EQUAL(spk_session_quality(session, u), mua ? "mua" : "good");
        n_mua += mua;
    }
    CU_ASSERT(n_mua > 0 && n_mua < x->n_units);
    spk_session_close(session);
}

static void test_round_trip(void)
{
    spk_simulation_options o = small_options();
    spk_simulation *s = NULL;
    make_folder();
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, &o, &s), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_simulation_write(NULL, folder, s, 0), SPK_OK);
    check_session(s);
    check_truth(s, &o);
    spk_simulation_destroy(s);
    remove_folder();
}

/* Silent units have null shares, no connections are an empty list, a great seed is
 * text. */
static void test_absences(void)
{
    spk_simulation_options o = small_options();
    spk_simulation *s = NULL;
    make_folder();
    o.rate_median_hz = 0;
    o.connection_share = 0;
    o.seed = UINT64_MAX;
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, &o, &s), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_simulation_write(NULL, folder, s, 0), SPK_OK);
    char *whole = read_text("truth.json");
    const char *text = whole;
    CU_ASSERT_PTR_NOT_NULL(strstr(whole, "\"seed\": \"18446744073709551615\""));
    CU_ASSERT(isnan(next_number(&text, "missed")));
    CU_ASSERT_PTR_NOT_NULL(strstr(whole, "\"connections\": []"));
    free(whole);
    spk_simulation_destroy(s);
    remove_folder();
}

static void test_overwrite(void)
{
    spk_simulation_options o = small_options();
    spk_simulation *first = NULL, *second = NULL;
    spk_context *ctx = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    make_folder();
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, &o, &first), SPK_OK);
    o.seed = 2;
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, &o, &second), SPK_OK);
    CU_ASSERT_EQUAL(spk_simulation_write(ctx, folder, first, 0), SPK_OK);
    CU_ASSERT_NOT_EQUAL(spk_simulation_write(ctx, folder, second, 0), SPK_OK);
    CU_ASSERT(strlen(spk_context_message(ctx)) > 0);
    o.seed = 1;
    check_truth(first, &o); /* as it was */
    check_session(first);
    CU_ASSERT_EQUAL(spk_simulation_write(ctx, folder, second, 1), SPK_OK);
    check_session(second);

    /* A truth alone stops it before any other file is made. */
    char path[512];
    for (size_t k = 0; k + 1 < sizeof names / sizeof names[0]; k++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[k]);
        (void)unlink(path);
    }
    CU_ASSERT_NOT_EQUAL(spk_simulation_write(ctx, folder, first, 0), SPK_OK);
    CU_ASSERT(strstr(spk_context_message(ctx), "truth.json") != NULL);
    snprintf(path, sizeof path, "%s/params.py", folder);
    CU_ASSERT(access(path, F_OK) != 0);
    spk_simulation_destroy(first);
    spk_simulation_destroy(second);
    spk_context_destroy(ctx);
    remove_folder();
}

static void test_errors(void)
{
    spk_simulation_options o = small_options();
    spk_simulation *s = NULL;
    spk_context *ctx = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, &o, &s), SPK_OK);
    CU_ASSERT_EQUAL(spk_simulation_write(ctx, NULL, s, 0), SPK_ERR_ARGUMENT);
    CU_ASSERT(strstr(spk_context_message(ctx), "folder") != NULL);
    CU_ASSERT_EQUAL(spk_simulation_write(ctx, "unused", NULL, 0), SPK_ERR_ARGUMENT);
    CU_ASSERT(strstr(spk_context_message(ctx), "simulation") != NULL);
    CU_ASSERT_NOT_EQUAL(spk_simulation_write(ctx, "/dev/null/folder", s, 0), SPK_OK);
    CU_ASSERT(strstr(spk_context_message(ctx), "/dev/null/folder") != NULL);
    spk_simulation_destroy(s);
    spk_context_destroy(ctx);
}

static spk_status write_again(spk_context *ctx, void *argument)
{
    return spk_simulation_write(ctx, folder, argument, 1);
}

static void test_allocations(void)
{
    spk_simulation_options o = small_options();
    spk_simulation *s = NULL;
    o.n_units = 2;
    o.connection_share = 1;
    make_folder();
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, &o, &s), SPK_OK);
    CU_ASSERT(suite_fail_allocations(write_again, s) > 5);
    spk_simulation_destroy(s);
    remove_folder();
}

/* The templates are those of monopoles at the units' places, and of each spike's unit. */
static void test_templates(void)
{
    const spk_simulation_options o = small_options();
    spk_simulation *s = NULL;
    spk_session *session = NULL;
    const spk_templates *t = NULL;
    spk_unit_templates *u = NULL;
    double *found = calloc((size_t)o.n_units * 4, sizeof *found);
    make_folder();
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(NULL, &o, &s), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_simulation_write(NULL, folder, s, 0), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_simulation_write(NULL, folder, s, 1), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_session_open(NULL, folder, NULL, &session), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_session_templates(NULL, session, &t), SPK_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    CU_ASSERT(t->n_templates == o.n_units && t->n_samples == 61 && t->n_local == 24);
    CU_ASSERT(t->n_channels == 40 && t->unwhiten == NULL);
    const spk_spikes *spikes = spk_session_spikes(session);
    CU_ASSERT_EQUAL(spikes->n_units, o.n_units);
    int64_t n_other = 0;
    for (int64_t k = 0; k < spikes->n_spikes; k++)
        n_other += t->spike_templates[k] != spikes->units[k];
    CU_ASSERT_EQUAL(n_other, 0);
    CU_ASSERT_EQUAL_FATAL(spk_unit_templates_create(NULL, t, spikes, &u), SPK_OK);
    spk_templates_locations_options near;
    spk_templates_locations_options_init(&near, sizeof near);
    near.radius_um = 45; /* all of them are among the 24 */
    CU_ASSERT_EQUAL(spk_templates_locations(NULL, u, &near, found), SPK_OK);
    const spk_simulation_unit *truth = spk_simulation_units(s);
    for (int64_t k = 0; k < o.n_units; k++) {
        /* float32 templates */
        CU_ASSERT_DOUBLE_EQUAL(found[4 * k], truth[k].x_um, 0.01);
        CU_ASSERT_DOUBLE_EQUAL(found[4 * k + 1], truth[k].depth_um, 0.01);
        CU_ASSERT_DOUBLE_EQUAL(found[4 * k + 2], 20, 0.01);
        CU_ASSERT_DOUBLE_EQUAL(found[4 * k + 3], 20, 0.01);
    }
    free(found);
    spk_unit_templates_destroy(u);
    spk_session_close(session);
    spk_simulation_destroy(s);
    remove_folder();
}

int main(void)
{
    const suite_test tests[] = {
        {"round trip", test_round_trip},   {"absences", test_absences},
        {"overwrite", test_overwrite},     {"errors", test_errors},
        {"allocations", test_allocations}, {"templates", test_templates},
    };
    return suite_run("simulation write", tests, (int)(sizeof tests / sizeof tests[0]));
}
