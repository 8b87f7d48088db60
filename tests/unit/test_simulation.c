/* SPDX-License-Identifier: BSD-3-Clause */
/* Options, units, wiring, the table; trains are in test_simulation_train.c. */
#include "simulated_trains.h"
#include "suite.h"

#include <math.h>
#include <spikekit/simulation.h>
#include <stdlib.h>

static spk_simulation_options small_options(void)
{
    spk_simulation_options o;
    spk_simulation_options_init(&o, sizeof o);
    o.n_units = 40;
    o.duration_s = 20.0;
    o.connection_share = 0.1;
    o.drift_time_s = 2.0;
    return o;
}

/* Co-modulation and common input as well. */
static void share(spk_simulation_options *o)
{
    o->modulation_sigma = 0.5;
    o->modulation_hz = 8;
    o->modulation_groups = 3;
    o->modulation_opposed = 0.5;
    o->common_groups = 5;
    o->common_size = 3;
}

static spk_simulation *simulate(const spk_simulation_options *o, int32_t n_threads)
{
    spk_context *ctx = NULL;
    spk_simulation *s = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, n_threads), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(ctx, o, &s), SPK_OK);
    spk_context_destroy(ctx);
    CU_ASSERT_EQUAL_FATAL(spk_spikes_check(NULL, spk_simulation_spikes(s)), SPK_OK);
    return s;
}

static int same_bits(const spk_simulation *a, const spk_simulation *b)
{
    const spk_spikes *x = spk_simulation_spikes(a);
    const spk_spikes *y = spk_simulation_spikes(b);
    int64_t n_a, n_b;
    const spk_simulation_connection *c = spk_simulation_connections(a, &n_a);
    const spk_simulation_connection *d = spk_simulation_connections(b, &n_b);
    int64_t n_e, n_f;
    const spk_simulation_common_input *e = spk_simulation_common_inputs(a, &n_e);
    const spk_simulation_common_input *f = spk_simulation_common_inputs(b, &n_f);
    if (n_e != n_f || x->n_spikes != y->n_spikes || x->n_units != y->n_units ||
        n_a != n_b)
        return 0;
    size_t n = (size_t)x->n_spikes;
    return memcmp(x->samples, y->samples, n * sizeof *x->samples) == 0 &&
           memcmp(x->units, y->units, n * sizeof *x->units) == 0 &&
           memcmp(spk_simulation_foreign(a), spk_simulation_foreign(b), n) == 0 &&
           memcmp(spk_simulation_amplitudes(a), spk_simulation_amplitudes(b),
                  n * sizeof(double)) == 0 &&
           memcmp(spk_simulation_positions(a), spk_simulation_positions(b),
                  2 * n * sizeof(float)) == 0 &&
           memcmp(spk_simulation_units(a), spk_simulation_units(b),
                  (size_t)x->n_units * sizeof(spk_simulation_unit)) == 0 &&
           memcmp(c, d, (size_t)n_a * sizeof *c) == 0 &&
           memcmp(e, f, (size_t)n_e * sizeof *e) == 0;
}

static void test_same_for_any_threads(void)
{
    const int32_t threads[] = {2, 3, 7};
    spk_simulation_options o = small_options();
    for (int shared = 0; shared < 2; shared++) {
        if (shared)
            share(&o);
        spk_simulation *one = simulate(&o, 1);
        CU_ASSERT(spk_simulation_spikes(one)->n_spikes > 3000);
        for (int t = 0; t < 3; t++) {
            spk_simulation *other = simulate(&o, threads[t]);
            CU_ASSERT(same_bits(one, other));
            spk_simulation_destroy(other);
        }
        o.seed++;
        spk_simulation *other = simulate(&o, 1);
        CU_ASSERT(!same_bits(one, other));
        spk_simulation_destroy(other);
        spk_simulation_destroy(one);
    }
}

/* A unit's background and traits are its own: more units leave them as they were. */
static void test_units_are_independent(void)
{
    spk_simulation_options o = small_options();
    o.connection_share = 0;
    spk_simulation *many = simulate(&o, 1);
    o.n_units = 7;
    spk_simulation *few = simulate(&o, 1);
    const spk_spikes *all = spk_simulation_spikes(many);
    const spk_spikes *some = spk_simulation_spikes(few);
    CU_ASSERT(memcmp(spk_simulation_units(many), spk_simulation_units(few),
                     7 * sizeof(spk_simulation_unit)) == 0);
    int64_t k = 0;
    int64_t n_wrong = 0;
    for (int64_t i = 0; i < all->n_spikes; i++) {
        if (all->units[i] >= 7)
            continue;
        n_wrong += k >= some->n_spikes || some->samples[k] != all->samples[i] ||
                   some->units[k] != all->units[i] ||
                   spk_simulation_foreign(few)[k] != spk_simulation_foreign(many)[i];
        k++;
    }
    CU_ASSERT_EQUAL(k, some->n_spikes);
    CU_ASSERT_EQUAL(n_wrong, 0);
    spk_simulation_destroy(few);
    spk_simulation_destroy(many);
}

static void test_order_of_ties(void)
{
    spk_simulation_options o = small_options();
    o.sampling_rate_hz = 500; /* coarse time, many ties */
    o.rate_median_hz = 20;
    o.contamination_max = 0.5;
    spk_simulation *s = simulate(&o, 2);
    const spk_spikes *t = spk_simulation_spikes(s);
    const uint8_t *foreign = spk_simulation_foreign(s);
    int64_t n_ties = 0, n_wrong = 0, n_own_and_foreign = 0;
    for (int64_t k = 1; k < t->n_spikes; k++) {
        if (t->samples[k] != t->samples[k - 1])
            continue;
        n_ties++;
        if (t->units[k] == t->units[k - 1]) {
            n_own_and_foreign += foreign[k] != foreign[k - 1];
            n_wrong += foreign[k] < foreign[k - 1];
        } else {
            n_wrong += t->units[k] < t->units[k - 1];
        }
    }
    CU_ASSERT(n_ties > 1000);
    CU_ASSERT(n_own_and_foreign > 10);
    CU_ASSERT_EQUAL(n_wrong, 0);
    spk_simulation_destroy(s);
}

static double normal_cdf(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}

static void test_unit_traits(void)
{
    enum {
        N = 2000
    };
    static double rate[N], depth[N], x[N], amplitude[N];
    spk_simulation_options o = small_options();
    o.n_units = N;
    o.duration_s = 0.001;
    o.burst_share = 0.3;
    o.connection_share = 0;
    spk_simulation *s = simulate(&o, 1);
    const spk_simulation_unit *units = spk_simulation_units(s);
    int64_t n_bursting = 0;
    for (int u = 0; u < N; u++) {
        rate[u] = normal_cdf(log(units[u].base_rate_hz / 4.0));
        depth[u] = units[u].depth_um / 3840.0;
        x[u] = (units[u].x_um - 11.0) / 48.0;
        amplitude[u] = normal_cdf(2.0 * log(units[u].amplitude / 20.0));
        n_bursting += units[u].bursting;
        CU_ASSERT_EQUAL(units[u].modulation_group, 0);
        CU_ASSERT_EQUAL(units[u].modulation, 0);
    }
    CU_ASSERT(kolmogorov(rate, N) < 1.95);
    CU_ASSERT(kolmogorov(depth, N) < 1.95);
    CU_ASSERT(kolmogorov(x, N) < 1.95);
    CU_ASSERT(kolmogorov(amplitude, N) < 1.95);
    CU_ASSERT(fabs((double)n_bursting - 0.3 * N) < 4.0 * sqrt(0.3 * 0.7 * N));
    spk_simulation_destroy(s);
}

static void test_wiring(void)
{
    enum {
        N = 300
    };
    spk_simulation_options o = small_options();
    o.n_units = N;
    o.duration_s = 0.001;
    o.connection_share = 0.05;
    o.connection_latency_s = 0.004;
    spk_simulation *s = simulate(&o, 1);
    int64_t n;
    const spk_simulation_connection *c = spk_simulation_connections(s, &n);
    double pairs = (double)N * (N - 1);
    CU_ASSERT(fabs((double)n - 0.05 * pairs) < 4.0 * sqrt(0.05 * 0.95 * pairs));
    double *latency = malloc((size_t)n * sizeof *latency);
    double *strength = malloc((size_t)n * sizeof *strength);
    double *share = malloc((size_t)n * sizeof *share);
    int inhibits[N] = {0};
    int64_t n_wrong = 0, n_excite = 0, n_inhibit = 0;
    for (int64_t k = 0; k < n; k++) {
        n_wrong += c[k].source < 0 || c[k].source >= N || c[k].target < 0 ||
                   c[k].target >= N || c[k].source == c[k].target;
        if (k > 0)
            n_wrong += c[k].source < c[k - 1].source ||
                       (c[k].source == c[k - 1].source && c[k].target <= c[k - 1].target);
        latency[k] = c[k].latency_s / 0.004 - 0.5;
        int sign = c[k].strength < 0 ? -1 : 1;
        n_wrong += inhibits[c[k].source] == -sign; /* one sign for each source */
        inhibits[c[k].source] = sign;
        if (sign < 0)
            share[n_inhibit++] = (-c[k].strength - 0.4) / 0.4;
        else
            strength[n_excite++] = normal_cdf(2.0 * log(c[k].strength / 0.05));
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    CU_ASSERT(kolmogorov(latency, n) < 1.95);
    CU_ASSERT(kolmogorov(strength, n_excite) < 1.95);
    CU_ASSERT(kolmogorov(share, n_inhibit) < 1.95);
    int64_t n_inhibitory = 0;
    for (int u = 0; u < N; u++)
        n_inhibitory += inhibits[u] < 0;
    CU_ASSERT(fabs((double)n_inhibitory - 0.2 * N) < 4.0 * sqrt(0.16 * N));
    free(latency);
    free(strength);
    free(share);
    spk_simulation_destroy(s);
}

static void test_marks(void)
{
    spk_simulation_options o = small_options();
    spk_simulation *s = simulate(&o, 1);
    const spk_spikes *t = spk_simulation_spikes(s);
    const spk_simulation_unit *units = spk_simulation_units(s);
    double sums[3] = {0}, squares[3] = {0};
    for (int64_t k = 0; k < t->n_spikes; k++) {
        const spk_simulation_unit *u = &units[t->units[k]];
        double z[3] = {(spk_simulation_amplitudes(s)[k] / u->amplitude - 1.0) / 0.15,
                       (spk_simulation_positions(s)[2 * k] - u->x_um) / 4.0,
                       (spk_simulation_positions(s)[2 * k + 1] - u->depth_um) / 4.0};
        for (int d = 0; d < 3; d++) {
            sums[d] += z[d];
            squares[d] += z[d] * z[d];
        }
    }
    /* n standard normals: mean 0 +- 1/sqrt(n), mean square 1 +- sqrt(2/n). */
    double n = (double)t->n_spikes;
    for (int d = 0; d < 3; d++) {
        CU_ASSERT(fabs(sums[d] / n) < 4.0 / sqrt(n));
        CU_ASSERT(fabs(squares[d] / n - 1.0) < 4.0 * sqrt(2.0 / n));
    }
    spk_simulation_destroy(s);
}

static void test_edges(void)
{
    spk_simulation_options o = small_options();
    o.duration_s = 1e-9; /* less than a sample: one sample */
    spk_simulation *s = simulate(&o, 2);
    CU_ASSERT_EQUAL(spk_simulation_spikes(s)->stop_sample, 1);
    spk_simulation_destroy(s);

    o = small_options(); /* nobody fires: shares are undefined */
    o.rate_median_hz = 0;
    s = simulate(&o, 2);
    CU_ASSERT_EQUAL(spk_simulation_spikes(s)->n_spikes, 0);
    CU_ASSERT(isnan(spk_simulation_units(s)[0].missed));
    CU_ASSERT(isnan(spk_simulation_units(s)[0].contamination));
    spk_simulation_destroy(s);

    o = small_options(); /* one unit cannot be coupled */
    o.n_units = 1;
    o.connection_share = 1;
    s = simulate(&o, 2);
    int64_t n = -1;
    (void)spk_simulation_connections(s, &n);
    CU_ASSERT_EQUAL(n, 0);
    spk_simulation_destroy(s);

    o = small_options(); /* every share at its top */
    o.n_units = 8;
    o.connection_share = o.connection_strength = o.inhibitory_share = 1;
    o.burst_share = o.missed_max = 1;
    o.contamination_max = 0.9;
    s = simulate(&o, 2);
    (void)spk_simulation_connections(s, &n);
    CU_ASSERT_EQUAL(n, 8 * 7);
    spk_simulation_destroy(s);
    o.inhibitory_share = 0;
    s = simulate(&o, 2);
    spk_simulation_destroy(s);

    o = small_options(); /* every share at 0 */
    o.connection_share = o.connection_strength = o.inhibitory_share = 0;
    o.burst_share = o.missed_max = o.contamination_max = 0;
    o.burst_interval_s = 0;
    s = simulate(&o, 2);
    for (int64_t u = 0; u < o.n_units; u++) {
        CU_ASSERT_EQUAL(spk_simulation_units(s)[u].n_missed, 0);
        CU_ASSERT_EQUAL(spk_simulation_units(s)[u].n_foreign, 0);
    }
    spk_simulation_destroy(s);

    /* Too fast to be possible: h = 1e5 / 100 = 1000, so exp(-h) is 0 and the unit
     * fires in every sample that is not refractory, here one in two: 0, 2, 4, ... */
    o.n_units = 1;
    o.rate_sigma = o.drift_sigma = 0;
    o.rate_median_hz = 1e5;
    o.sampling_rate_hz = 100;
    o.refractory_s = 0.02;
    o.duration_s = 1;
    s = simulate(&o, 1);
    CU_ASSERT_EQUAL(spk_simulation_spikes(s)->n_spikes, 50);
    CU_ASSERT_EQUAL(spk_simulation_spikes(s)->samples[49], 98);
    spk_simulation_destroy(s);
}

static void test_errors(void)
{
    const struct {
        size_t field; /* of a double */
        double low, high;
        const char *name;
    } fields[] = {
#define FIELD(name, low, high) {offsetof(spk_simulation_options, name), low, high, #name}
        FIELD(sampling_rate_hz, 0.5, 2e9),
        FIELD(rate_median_hz, -1, 2e5),
        FIELD(rate_sigma, -1, 11),
        FIELD(refractory_s, -1, 1.5),
        FIELD(burst_share, -0.1, 1.1),
        FIELD(burst_size, 0.9, 1001),
        FIELD(burst_interval_s, -1, 1.5),
        FIELD(drift_sigma, -1, 11),
        FIELD(drift_time_s, 0, 2e9),
        FIELD(connection_share, -0.1, 1.1),
        FIELD(inhibitory_share, -0.1, 1.1),
        FIELD(connection_strength, -0.1, 1.1),
        FIELD(connection_latency_s, -1, 1.5),
        FIELD(connection_jitter_s, -1, 1.5),
        FIELD(inhibition_s, -1, 11),
        FIELD(contamination_max, -0.1, 0.95),
        FIELD(missed_max, -0.1, 1.1),
        FIELD(probe_length_um, 10, 2e6),
        FIELD(connection_sigma, -1, 11),
        FIELD(modulation_sigma, -1, 11),
        FIELD(modulation_time_s, 0, 2e9),
        FIELD(modulation_hz, -1, 1001),
        FIELD(modulation_opposed, -0.1, 1.1),
        FIELD(common_rate_hz, -1, 2e5),
        FIELD(common_strength, -0.1, 1.1),
        FIELD(common_latency_s, -1, 1.5),
        FIELD(common_jitter_s, -1, 1.5),
        FIELD(duration_s, 0, INFINITY),
#undef FIELD
    };
    spk_context *ctx = NULL;
    spk_simulation *s = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
        const double values[] = {fields[f].low, fields[f].high, NAN};
        for (int v = 0; v < 3; v++) {
            char value[32];
            spk_simulation_options o = small_options();
            memcpy((char *)&o + fields[f].field, &values[v], sizeof values[v]);
            snprintf(value, sizeof value, "got %g", values[v]);
            CU_ASSERT_EQUAL(spk_simulation_run(ctx, &o, &s), SPK_ERR_ARGUMENT);
            CU_ASSERT_PTR_NULL(s);
            CU_ASSERT(strstr(spk_context_message(ctx), fields[f].name) != NULL);
            CU_ASSERT(strstr(spk_context_message(ctx), value) != NULL);
        }
    }
    const struct {
        size_t field; /* of an int64_t */
        int64_t values[4];
        const char *name;
    } counts[] = {
#define FIELD(name, ...) {offsetof(spk_simulation_options, name), {__VA_ARGS__}, #name}
        FIELD(n_units, -1, 0, 1000001, INT64_MAX),
        FIELD(modulation_groups, -1, 0, 1000001, INT64_MAX),
        FIELD(common_groups, INT64_MIN, -1, 100001, INT64_MAX),
        FIELD(common_size, -1, 1, 1001, INT64_MAX),
#undef FIELD
    };
    for (size_t f = 0; f < sizeof counts / sizeof counts[0]; f++) {
        for (int v = 0; v < 4; v++) {
            spk_simulation_options o = small_options();
            memcpy((char *)&o + counts[f].field, &counts[f].values[v], sizeof(int64_t));
            CU_ASSERT_EQUAL(spk_simulation_run(ctx, &o, &s), SPK_ERR_ARGUMENT);
            CU_ASSERT(strstr(spk_context_message(ctx), counts[f].name) != NULL);
        }
    }
    spk_simulation_options crowded = small_options();
    crowded.common_groups = 1;
    crowded.common_size = crowded.n_units + 1;
    CU_ASSERT_EQUAL(spk_simulation_run(ctx, &crowded, &s), SPK_ERR_ARGUMENT);
    CU_ASSERT(strstr(spk_context_message(ctx), "at most n_units = 40, got 41") != NULL);
    crowded.common_groups = 0; /* a size that nobody has does no harm */
    CU_ASSERT_EQUAL(spk_simulation_run(ctx, &crowded, &s), SPK_OK);
    spk_simulation_destroy(s);
    s = NULL;
    spk_simulation_options o = small_options();
    o.duration_s = 1e300;
    CU_ASSERT_EQUAL(spk_simulation_run(ctx, &o, &s), SPK_ERR_OVERFLOW);
    CU_ASSERT(strstr(spk_context_message(ctx), "2^53") != NULL);
    o = small_options();
    o.struct_size = 0;
    CU_ASSERT_EQUAL(spk_simulation_run(ctx, &o, &s), SPK_ERR_ARGUMENT);
    CU_ASSERT(strstr(spk_context_message(ctx), "struct_size") != NULL);
    o = small_options();
    CU_ASSERT_EQUAL(spk_simulation_run(ctx, &o, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_simulation_run(NULL, &o, NULL), SPK_ERR_ARGUMENT);
    spk_context_destroy(ctx);

    int64_t n = -1;
    CU_ASSERT_PTR_NULL(spk_simulation_spikes(NULL));
    CU_ASSERT_PTR_NULL(spk_simulation_units(NULL));
    CU_ASSERT_PTR_NULL(spk_simulation_connections(NULL, &n));
    CU_ASSERT_EQUAL(n, 0);
    n = -1;
    CU_ASSERT_PTR_NULL(spk_simulation_common_inputs(NULL, &n));
    CU_ASSERT_EQUAL(n, 0);
    CU_ASSERT_PTR_NULL(spk_simulation_amplitudes(NULL));
    CU_ASSERT_PTR_NULL(spk_simulation_positions(NULL));
    CU_ASSERT_PTR_NULL(spk_simulation_foreign(NULL));
    spk_simulation_destroy(NULL);
    spk_simulation_options_init(NULL, sizeof o);
}

/* An older caller's shorter struct keeps what it knows and gets defaults for the rest. */
static void test_short_struct(void)
{
    spk_simulation_options o;
    size_t known = offsetof(spk_simulation_options, rate_median_hz);
    memset(&o, 0xff, sizeof o);
    spk_simulation_options_init(&o, known);
    CU_ASSERT_EQUAL(o.struct_size, known);
    CU_ASSERT_EQUAL(o.n_units, 300);
    CU_ASSERT(isnan(o.rate_median_hz)); /* not touched */
    o.n_units = 5;
    o.duration_s = 2;
    spk_simulation *some = simulate(&o, 1);
    spk_simulation_options_init(&o, sizeof o);
    o.n_units = 5;
    o.duration_s = 2;
    spk_simulation *whole = simulate(&o, 1);
    CU_ASSERT(same_bits(some, whole));
    spk_simulation_destroy(some);
    spk_simulation_destroy(whole);
}

static int32_t stop_at_once(void *user)
{
    (void)user;
    return 1;
}

static void test_cancel(void)
{
    spk_simulation_options o = small_options();
    spk_context *ctx = NULL;
    spk_simulation *s = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    spk_context_set_cancel(ctx, stop_at_once, NULL);
    CU_ASSERT_EQUAL(spk_simulation_run(ctx, &o, &s), SPK_ERR_CANCELLED);
    CU_ASSERT_PTR_NULL(s);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
    spk_context_destroy(ctx);
}

static spk_status run_and_destroy(spk_context *ctx, void *argument)
{
    spk_simulation *s = NULL;
    spk_status status = spk_simulation_run(ctx, argument, &s);
    spk_simulation_destroy(s);
    return status;
}

static void test_allocations(void)
{
    spk_simulation_options o = small_options();
    o.n_units = 3;
    o.duration_s = 2;
    o.connection_share = 1;
    o.inhibitory_share = 0.5;
    o.connection_strength = 0.5;
    o.drift_sigma = 2; /* trains outgrow their first room */
    share(&o);
    CU_ASSERT(suite_fail_allocations(run_and_destroy, &o) > 20);
}

static void test_memory(void)
{
    spk_simulation_options o = small_options();
    o.rate_median_hz = 20;
    spk_context *ctx = NULL;
    spk_simulation *s = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_simulation_run(ctx, &o, &s), SPK_OK);
    double n = (double)spk_simulation_spikes(s)->n_spikes;
    CU_ASSERT((double)spk__memory_peak(ctx) < 60.0 * n);
    spk_simulation_destroy(s);
    spk_context_destroy(ctx);
}

int main(void)
{
    const suite_test tests[] = {
        {"same bits for any threads", test_same_for_any_threads},
        {"units are independent", test_units_are_independent},
        {"order of ties", test_order_of_ties},
        {"unit traits", test_unit_traits},
        {"wiring", test_wiring},
        {"marks", test_marks},
        {"edges", test_edges},
        {"errors", test_errors},
        {"short struct", test_short_struct},
        {"cancel", test_cancel},
        {"allocations", test_allocations},
        {"memory", test_memory},
    };
    return suite_run("simulation", tests, (int)(sizeof tests / sizeof tests[0]));
}
