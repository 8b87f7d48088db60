/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every method of connections.h on small simulated sessions whose synapses are known: strong
 * ones are found, with sign and latency, and where there is none the level is kept. Seeds are
 * fixed; levels may be exceeded by 4 standard errors of the number of tests.
 */
#include "simulated_trains.h"
#include "suite.h"

#include <math.h>
#include <spikekit/connections.h>

enum {
    N_METHODS = 8,
    MOST_UNITS = 24
};

/* What may be asked of a method beyond the header. */
typedef struct expectation {
    double latency_s;   /* how far a latency may lie from the truth */
    int32_t inhibition; /* 1: finds a lack */
} expectation;

static const expectation EXPECTED[N_METHODS] = {
    [SPK_CONNECTION_HOLLOW] = {0.0011, 1},
    [SPK_CONNECTION_ENGLISH] = {0.0011, 1},
    [SPK_CONNECTION_KOPELOWITZ] = {0.0011, 1},
    [SPK_CONNECTION_DECONVOLUTION] = {0.0011, 1},
    [SPK_CONNECTION_GLMCC] = {0.0025, 1}, /* the onset of its kernel, in whole bins */
    [SPK_CONNECTION_GLMCC_LR] = {0.0025, 1},
    [SPK_CONNECTION_JITTER] = {0.0011, 1},
};

/* The methods there are; Kilosort's looks for two parts of one unit, not for synapses. */
static int is_tested(int32_t method)
{
    return method != SPK_CONNECTION_REFRACTORY && spk_connections_method(method) != NULL;
}

static spk_connections *find(const trains *t, int32_t method, int32_t signs)
{
    spk_context *ctx = NULL;
    spk_connections *found = NULL;
    spk_connections_options o;
    spk_connections_options_init(&o, sizeof o);
    o.method = method;
    o.signs = signs;
    o.max_p = 1.0;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_connections_find(ctx, t->table, &o, &found), SPK_OK);
    spk_context_destroy(ctx);
    return found;
}

/* Whether the truth has any reason for source and target to fire in concert: a connection
 * either way, or one source for both. */
static int is_tied(const spk_simulation_connection *c, int64_t n, int32_t source,
                   int32_t target)
{
    int drives[2][MOST_UNITS] = {{0}};
    for (int64_t k = 0; k < n; k++) {
        if ((c[k].source == source && c[k].target == target) ||
            (c[k].source == target && c[k].target == source))
            return 1;
        if (c[k].target == source)
            drives[0][c[k].source] = 1;
        if (c[k].target == target)
            drives[1][c[k].source] = 1;
    }
    for (int u = 0; u < MOST_UNITS; u++)
        if (drives[0][u] && drives[1][u])
            return 1;
    return 0;
}

/* Each true connection has a row far below chance, at its latency; pairs that nothing ties
 * are nowhere near. */
static void check_found(const spk_simulation_options *o, int32_t sign)
{
    trains t = run_trains(o);
    int64_t n = 0;
    const spk_simulation_connection *c = spk_simulation_connections(t.simulation, &n);
    CU_ASSERT(n >= 3);
    for (int32_t method = 0; method < N_METHODS; method++) {
        if (!is_tested(method) || (sign < 0 && !EXPECTED[method].inhibition))
            continue;
        spk_connections *found = find(&t, method, sign);
        const spk_connection *rows = spk_connections_rows(found);
        int64_t n_rows = spk_connections_n_rows(found);
        int64_t n_hits = 0, n_late = 0, n_false = 0, n_signs = 0;
        for (int64_t r = 0; r < n_rows; r++) {
            n_signs += rows[r].sign != sign;
            for (int64_t k = 0; k < n; k++) {
                if (c[k].source != rows[r].source || c[k].target != rows[r].target)
                    continue;
                n_hits += rows[r].log_p < log(1e-4) && rows[r].log_q < log(1e-3);
                n_late += sign > 0 && !(fabs(rows[r].latency_s - c[k].latency_s) <=
                                        EXPECTED[method].latency_s);
            }
            if (!is_tied(c, n, rows[r].source, rows[r].target))
                n_false += rows[r].log_p < log(1e-5);
        }
        if (n_hits != n || n_late != 0 || n_false != 0 || n_signs != 0)
            printf("%s: %lld of %lld found, %lld off, %lld false\n",
                   spk_connections_method(method)->name, (long long)n_hits, (long long)n,
                   (long long)n_late, (long long)n_false);
        CU_ASSERT_EQUAL(n_hits, n);
        CU_ASSERT_EQUAL(n_late, 0);
        CU_ASSERT_EQUAL(n_false, 0);
        CU_ASSERT_EQUAL(n_signs, 0);
        spk_connections_destroy(found);
    }
    end_trains(&t);
}

/* A seed without reciprocal connections, which two rules cannot see: English et al. compare
 * with the other direction; jitter that fills three bins, as Kopelowitz & Cohen ask. */
static void test_excitation(void)
{
    spk_simulation_options o = plain_options(6, 300, 12);
    o.seed = 3;
    o.connection_share = 0.15;
    o.inhibitory_share = 0;
    o.connection_strength = 0.15;
    o.connection_sigma = 0;
    o.connection_jitter_s = 0.0006;
    check_found(&o, 1);
}

/* Brief inhibition: methods that predict from the neighbourhood miss a long one. */
static void test_inhibition(void)
{
    spk_simulation_options o = plain_options(6, 300, 40);
    o.seed = 3;
    o.inhibition_s = 0.003;
    o.connection_share = 0.15;
    o.inhibitory_share = 1;
    o.connection_latency_s = 0.0015;
    check_found(&o, -1);
}

/* No more tests below a level than it allows. */
static void check_level(const spk_connections *found, int32_t method)
{
    const double levels[] = {0.05, 0.01, 0.001};
    const spk_connection *rows = spk_connections_rows(found);
    const double n = (double)spk_connections_n_tests(found);
    CU_ASSERT_EQUAL(spk_connections_n_rows(found), spk_connections_n_tests(found));
    for (int l = 0; l < 3; l++) {
        double below = 0;
        for (int64_t r = 0; r < spk_connections_n_rows(found); r++)
            below += rows[r].log_p <= log(levels[l]);
        const double most = n * levels[l] + 4.0 * sqrt(n * levels[l] * (1.0 - levels[l]));
        if (below > most)
            printf("%s: %g of %g below %g\n", spk_connections_method(method)->name, below,
                   n, levels[l]);
        CU_ASSERT(below <= most);
    }
}

/* No synapse. */
static void test_level(void)
{
    spk_simulation_options o = plain_options(MOST_UNITS, 200, 12);
    trains t = run_trains(&o);
    for (int32_t method = 0; method < N_METHODS; method++) {
        if (!is_tested(method))
            continue;
        spk_connections *found = find(&t, method, 0);
        CU_ASSERT_EQUAL(spk_connections_n_tests(found),
                        2 * MOST_UNITS * (MOST_UNITS - 1));
        check_level(found, method);
        spk_connections_destroy(found);
    }
    end_trains(&t);
}

/* No synapse and few spikes, some in bursts: most bins are empty, and one pair of spikes in
 * the bins tested is no connection. */
static void test_level_of_few(void)
{
    spk_simulation_options o;
    spk_simulation_options_init(&o, sizeof o);
    o.n_units = 60;
    o.duration_s = 600;
    o.rate_median_hz = 0.7;
    o.connection_share = 0;
    trains t = run_trains(&o);
    for (int32_t method = 0; method < N_METHODS; method++) {
        if (!is_tested(method))
            continue;
        spk_connections *found = find(&t, method, 0);
        check_level(found, method);
        const spk_connection *rows = spk_connections_rows(found);
        int64_t n_found = 0;
        for (int64_t r = 0; r < spk_connections_n_rows(found); r++)
            n_found += rows[r].log_q <= log(0.05);
        if (n_found > 0)
            printf("%s: %lld by q\n", spk_connections_method(method)->name,
                   (long long)n_found);
        CU_ASSERT_EQUAL(n_found, 0);
        spk_connections_destroy(found);
    }
    end_trains(&t);
}

/* No synapse and bursts: what divides them out makes noise larger than that of counts. */
static void test_level_of_bursts(void)
{
    spk_simulation_options o = plain_options(60, 1800, 1.2);
    o.rate_sigma = 0.5;
    o.burst_share = 1;
    o.burst_size = 4;
    trains t = run_trains(&o);
    for (int32_t sign = -1; sign <= 1; sign += 2) {
        spk_connections *found = find(&t, SPK_CONNECTION_DECONVOLUTION, sign);
        CU_ASSERT(spk_connections_n_tests(found) > 3000);
        check_level(found, SPK_CONNECTION_DECONVOLUTION);
        spk_connections_destroy(found);
    }
    end_trains(&t);
}

int main(void)
{
    const suite_test tests[] = {
        {"excitation", test_excitation},
        {"inhibition", test_inhibition},
        {"level", test_level},
        {"level of few counts", test_level_of_few},
        {"level of bursts", test_level_of_bursts},
    };
    return suite_run("connections truth", tests, (int)(sizeof tests / sizeof tests[0]));
}
