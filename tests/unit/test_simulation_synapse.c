/* SPDX-License-Identifier: BSD-3-Clause */
/* Steps 2 and 3 of simulation.h, connections, against formulas and spike by spike
 * against the same backgrounds uncoupled. Seeds are fixed; tolerances are 4 standard
 * errors. */
#include "simulated_trains.h"
#include "suite.h"

/* Pairs at the latency: n strength P from the connection and n / m by chance, which
 * exclude each other. Neighbouring source spikes share the target's silence, which
 * adds some 2 % to the binomial variance. */
static void test_excess_pairs(void)
{
    spk_simulation_options o = plain_options(2, 300, 40);
    o.connection_share = 0.5;
    o.inhibitory_share = 0;
    o.connection_strength = 0.5;
    seek_one_connection(&o);
    trains t = run_trains(&o);
    int64_t n_connections;
    spk_simulation_connection c =
        *spk_simulation_connections(t.simulation, &n_connections);
    double h = 40.0 / 30000.0;
    double m = R + 1.0 / expm1(h);
    double passes = exp(-h * R) / (-expm1(-h) * m);
    double product = 40.0 * 0.002;
    CU_ASSERT(fabs(passes - exp(-product) / (1.0 + product)) < h); /* as in the header */
    double n = (double)(t.offsets[c.source + 1] - t.offsets[c.source]);
    double p = c.strength * passes + 1.0 / m;
    int64_t lag = llround(c.latency_s * 30000.0);
    double pairs = count_pairs(&t, c, lag, lag + 1, NULL);
    CU_ASSERT(n > 10000);
    CU_ASSERT(fabs(pairs - n * p) < 4.0 * sqrt(1.02 * n * p * (1.0 - p)));
    /* The target gains as many spikes; its own number varies as m has it. */
    double gained = (double)(t.offsets[c.target + 1] - t.offsets[c.target]) - 9e6 / m;
    double growth = 9e6 / (expm1(h) * expm1(h) * m * m * m);
    CU_ASSERT(fabs(gained - n * c.strength * passes) < 4.0 * sqrt(growth + n * p));
    end_trains(&t);
}

/* The share of pairs in the window that inhibition takes, against the same backgrounds
 * left alone: each target spike in reach goes with its pairs. */
static void test_inhibitory_dip(void)
{
    spk_simulation_options o = plain_options(2, 300, 40);
    o.connection_share = 0.5;
    o.inhibitory_share = 1;
    seek_one_connection(&o);
    trains inhibited = run_trains(&o);
    o.connection_share = 0;
    trains alone = run_trains(&o);
    int64_t n_connections;
    spk_simulation_connection c =
        *spk_simulation_connections(inhibited.simulation, &n_connections);
    int64_t lag = llround(c.latency_s * 30000.0);
    double squares = 0;
    double before = count_pairs(&alone, c, lag, lag + 300, &squares);
    double after = count_pairs(&inhibited, c, lag, lag + 300, NULL);
    CU_ASSERT(c.strength <= -0.4 && c.strength >= -0.8);
    CU_ASSERT(before > 4000);
    double se = sqrt(-c.strength * (1.0 + c.strength) * squares);
    CU_ASSERT(fabs(after - (1.0 + c.strength) * before) < 4.0 * se);
    double lost =
        c.strength / (1.0 + c.strength) * after; /* pairs taken, from those left */
    CU_ASSERT_DOUBLE_EQUAL(c.extra_pairs, lost, 1e-9);
    CU_ASSERT(fabs(before - after + c.extra_pairs) < 4.0 * se / (1.0 + c.strength));
    end_trains(&alone);
    end_trains(&inhibited);
}

/* A coupled network against its own backgrounds, by spike, with bursts, drift. */
static spk_simulation_options network(void)
{
    spk_simulation_options o = plain_options(12, 40, 20);
    o.rate_sigma = 0.5;
    o.drift_sigma = 0.3;
    o.burst_share = 0.3;
    o.connection_share = 0.15;
    o.connection_strength = 0.3;
    return o;
}

static void test_inhibition_exactly(void)
{
    spk_simulation_options o = network();
    o.inhibitory_share = 1;
    trains inhibited = run_trains(&o);
    o.connection_share = 0;
    trains alone = run_trains(&o);
    int64_t n_connections;
    const spk_simulation_connection *c =
        spk_simulation_connections(inhibited.simulation, &n_connections);
    int64_t n_wrong = 0;
    double removed = 0, expected = 0, variance = 0;
    for (int64_t u = 0; u < o.n_units; u++) {
        int64_t k = inhibited.offsets[u];
        for (int64_t i = alone.offsets[u]; i < alone.offsets[u + 1]; i++) {
            int64_t t = alone.samples[i];
            double survives = 1;
            for (int64_t j = 0; j < n_connections; j++) {
                int64_t lag = llround(c[j].latency_s * 30000.0);
                if (c[j].target == u &&
                    has_spike(&alone, c[j].source, t - lag - 299, t - lag + 1))
                    survives *= 1.0 + c[j].strength;
            }
            int there = k < inhibited.offsets[u + 1] && inhibited.samples[k] == t;
            k += there;
            n_wrong += !there && survives == 1.0;
            removed += !there;
            expected += 1.0 - survives;
            variance += survives * (1.0 - survives);
        }
        n_wrong += k != inhibited.offsets[u + 1]; /* nothing that was not there alone */
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    CU_ASSERT(expected > 500);
    CU_ASSERT(fabs(removed - expected) < 4.0 * sqrt(variance));
    end_trains(&alone);
    end_trains(&inhibited);
}

static void test_excitation_exactly(void)
{
    spk_simulation_options o = network();
    o.inhibitory_share = 0;
    trains excited = run_trains(&o);
    o.connection_share = 0;
    trains alone = run_trains(&o);
    int64_t n_connections, n_wrong = 0, n_single = 0;
    const spk_simulation_connection *c =
        spk_simulation_connections(excited.simulation, &n_connections);
    double extra = 0, expected = 0, variance = 0;
    for (int64_t u = 0; u < o.n_units; u++) {
        int64_t n_inputs = 0, input = -1, i = alone.offsets[u];
        for (int64_t j = 0; j < n_connections; j++) {
            if (c[j].target == u) {
                n_inputs++;
                input = j;
            }
        }
        for (int64_t k = excited.offsets[u]; k < excited.offsets[u + 1]; k++) {
            int64_t t = excited.samples[k];
            if (i < alone.offsets[u + 1] && alone.samples[i] == t) {
                i++;
                continue;
            }
            int sent = 0;
            for (int64_t j = 0; j < n_connections; j++) {
                int64_t lag = llround(c[j].latency_s * 30000.0);
                sent |= c[j].target == u &&
                        has_spike(&alone, c[j].source, t - lag, t - lag + 1);
            }
            n_wrong += !sent;
            extra += n_inputs == 1;
        }
        n_wrong += i != alone.offsets[u + 1]; /* every background spike is there */
        if (n_inputs != 1)
            continue;
        n_single++;
        int64_t lag = llround(c[input].latency_s * 30000.0);
        for (int64_t k = alone.offsets[c[input].source];
             k < alone.offsets[c[input].source + 1]; k++) {
            int64_t t = alone.samples[k] + lag;
            if (t >= alone.table->stop_sample || has_spike(&alone, u, t - R + 1, t + R))
                continue;
            expected += c[input].strength;
            variance += c[input].strength * (1.0 - c[input].strength);
        }
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    CU_ASSERT(n_single >= 2);
    CU_ASSERT(expected > 200);
    CU_ASSERT(fabs(extra - expected) < 4.0 * sqrt(variance));
    end_trains(&alone);
    end_trains(&excited);
}

/* Latencies of extra spikes are normal about the latency, with the jitter's s.d. */
static void test_jitter(void)
{
    spk_simulation_options o = plain_options(2, 600, 5);
    o.connection_share = 0.5;
    o.inhibitory_share = 0;
    o.connection_strength = 1;
    o.connection_latency_s = 0.004;
    o.connection_jitter_s = 0.0003;
    seek_one_connection(&o);
    trains t = run_trains(&o);
    int64_t n_connections;
    spk_simulation_connection c =
        *spk_simulation_connections(t.simulation, &n_connections);
    double mean = c.latency_s * 30000.0, sum = 0, squares = 0, n = 0;
    int64_t first = llround(mean - 45); /* 5 s.d. of 9 samples */
    int64_t stop = llround(mean + 45);
    for (int64_t k = t.offsets[c.source]; k < t.offsets[c.source + 1]; k++) {
        for (int64_t lag = first; lag < stop; lag++) {
            if (!has_spike(&t, c.target, t.samples[k] + lag, t.samples[k] + lag + 1))
                continue;
            double z = ((double)lag - mean) / 9.0;
            sum += z;
            squares += z * z;
            n++;
        }
    }
    /* Chance pairs, at most 5 Hz * 3 ms for each source spike, have a mean square of
     * 25 / 3 in place of 1; rounding adds 1/12 sample^2. */
    double n_source = (double)(t.offsets[c.source + 1] - t.offsets[c.source]);
    double chance = 0.015 * n_source / n;
    CU_ASSERT(n > 2000);
    CU_ASSERT(fabs(sum / n) < 4.0 * sqrt((1.01 + chance * 25.0 / 3.0) / n));
    CU_ASSERT(squares / n > 1.0 - 4.0 * sqrt(2.0 / n));
    CU_ASSERT(squares / n < 1.0 + 4.0 * sqrt(2.0 / n) + chance * 25.0 / 3.0);
    end_trains(&t);
}

int main(void)
{
    const suite_test tests[] = {
        {"excess pairs", test_excess_pairs},
        {"inhibitory dip", test_inhibitory_dip},
        {"inhibition exactly", test_inhibition_exactly},
        {"excitation exactly", test_excitation_exactly},
        {"jitter", test_jitter},
    };
    return suite_run("simulation synapse", tests, (int)(sizeof tests / sizeof tests[0]));
}
