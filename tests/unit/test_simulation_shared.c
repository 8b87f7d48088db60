/* SPDX-License-Identifier: BSD-3-Clause */
/* What units share without driving each other: co-modulation and common input, and the
 * true pairs of a connection, after simulation.h. Seeds are fixed; tolerances are 4
 * standard errors, those of the modulation from the scatter between sessions. */
#include "simulated_trains.h"
#include "suite.h"

/* Mean of n values over its standard error. */
static double mean_over_error(const double *values, int n)
{
    double sum = 0, squares = 0;
    for (int k = 0; k < n; k++)
        sum += values[k];
    for (int k = 0; k < n; k++)
        squares += (values[k] - sum / n) * (values[k] - sum / n);
    return sum / n / sqrt(squares / (n - 1) / n);
}

/* Pairs expected at lags of first .. stop - 1 samples, by the header: a lag within steps
 * of `step` samples falls between two values of the autocorrelation. */
static double expected_pairs(const trains *t, const spk_simulation_options *o,
                             int64_t step, int64_t first, int64_t stop)
{
    const spk_simulation_unit *units = spk_simulation_units(t->simulation);
    double w = units[0].modulation * units[1].modulation;
    double per_lag = o->rate_median_hz * o->rate_median_hz / 30000.0 * o->duration_s;
    double n = 0;
    if (units[0].modulation_group != units[1].modulation_group)
        w = 0;
    for (int64_t lag = first; lag < stop; lag++) {
        double between = (double)(lag % step) / (double)step;
        double chance = 0;
        for (int edge = 0; edge < 2; edge++) {
            double time_s = (double)((lag / step + edge) * step) / 30000.0;
            double r = exp(-time_s / o->modulation_time_s) *
                       cos(2.0 * 3.14159265358979 * o->modulation_hz * time_s);
            chance += (edge == 0 ? 1.0 - between : between) * exp(w * r);
        }
        n += per_lag * chance;
    }
    return n;
}

/* Rates stay, pairs at the lag follow, for the two units of each of many sessions; says
 * how far pairs are from those of independent units, in standard errors. */
static double check_modulation(double hz, double opposed, int64_t groups, int64_t lag,
                               int64_t step)
{
    enum {
        SESSIONS = 40
    };
    double rates[SESSIONS], pairs[SESSIONS], alone[SESSIONS];
    spk_simulation_options o = plain_options(2, 6, 60);
    o.refractory_s = 0;
    o.modulation_sigma = 0.6;
    o.modulation_hz = hz;
    o.modulation_groups = groups;
    o.modulation_opposed = opposed;
    for (int k = 0; k < SESSIONS; k++) {
        o.seed = (uint64_t)k + 1;
        trains t = run_trains(&o);
        spk_simulation_connection pair = {.source = 0, .target = 1};
        double n = count_pairs(&t, pair, lag, lag + 30, NULL);
        rates[k] = (double)t.table->n_spikes - 2.0 * 60.0 * o.duration_s;
        pairs[k] = n - expected_pairs(&t, &o, step, lag, lag + 30);
        alone[k] = n - 60.0 * 60.0 * o.duration_s * 0.001;
        end_trains(&t);
    }
    CU_ASSERT(fabs(mean_over_error(rates, SESSIONS)) < 4.0);
    CU_ASSERT(fabs(mean_over_error(pairs, SESSIONS)) < 4.0);
    return mean_over_error(alone, SESSIONS);
}

static void test_modulation(void)
{
    CU_ASSERT(check_modulation(0, 0, 1, 0, 75) > 5.0);
    CU_ASSERT(check_modulation(0, 0, 1, 1500, 75) > 2.0); /* one correlation time on */
    CU_ASSERT(check_modulation(0, 1, 1, 0, 75) > 5.0);    /* both the other way */
    CU_ASSERT(check_modulation(0, 0, 1000000, 0, 75) < 4.0);
    CU_ASSERT(check_modulation(40, 0, 1, 0, 37) > 5.0);
    CU_ASSERT(check_modulation(40, 0, 1, 360, 37) < -4.0); /* half a turn on */
}

/* Units of opposite sign avoid each other. */
static void test_opposed(void)
{
    spk_simulation_options o = plain_options(40, 0.001, 1);
    o.modulation_sigma = 0.5;
    o.modulation_groups = 4;
    o.modulation_opposed = 0.3;
    trains t = run_trains(&o);
    const spk_simulation_unit *units = spk_simulation_units(t.simulation);
    int n_opposed = 0, in_group[4] = {0};
    for (int u = 0; u < 40; u++) {
        CU_ASSERT(fabs(units[u].modulation) > 0.25 && fabs(units[u].modulation) < 0.75);
        n_opposed += units[u].modulation < 0;
        CU_ASSERT_FATAL(units[u].modulation_group >= 0 && units[u].modulation_group < 4);
        in_group[units[u].modulation_group]++;
    }
    CU_ASSERT(abs(n_opposed - 12) < 4 * 2.9);
    for (int g = 0; g < 4; g++)
        CU_ASSERT(abs(in_group[g] - 10) < 4 * 2.7);
    end_trains(&t);

    double pairs[40];
    o = plain_options(2, 6, 60);
    o.refractory_s = 0;
    o.modulation_sigma = 0.8;
    o.modulation_opposed = 0.5;
    int n = 0;
    for (o.seed = 1; n < 40; o.seed++) {
        t = run_trains(&o);
        units = spk_simulation_units(t.simulation);
        spk_simulation_connection pair = {.source = 0, .target = 1};
        if (units[0].modulation * units[1].modulation < 0)
            pairs[n++] = count_pairs(&t, pair, 0, 30, NULL) - 60.0 * 60.0 * 6 * 0.001;
        end_trains(&t);
    }
    CU_ASSERT(mean_over_error(pairs, 40) < -5.0);
}

/* Without jitter or refractoriness two units of a group pair at their difference in
 * latency: each spike of the source reaches both with the square of the strength. */
static void test_common_pairs(void)
{
    spk_simulation_options o = plain_options(3, 300, 1);
    o.refractory_s = 0;
    o.common_groups = 1;
    o.common_size = 2;
    o.common_rate_hz = 20;
    o.common_strength = 0.5;
    o.common_jitter_s = 0;
    trains common = run_trains(&o);
    o.common_groups = 0;
    trains alone = run_trains(&o);
    int64_t n = 0;
    const spk_simulation_common_input *inputs =
        spk_simulation_common_inputs(common.simulation, &n);
    CU_ASSERT_EQUAL_FATAL(n, 2);
    double delays[2];
    int64_t n_wrong = 0, outside = 3;
    for (int k = 0; k < 2; k++) {
        int64_t u = inputs[k].unit;
        int64_t gained = common.offsets[u + 1] - common.offsets[u] -
                         (alone.offsets[u + 1] - alone.offsets[u]);
        CU_ASSERT_EQUAL(inputs[k].group, 0);
        CU_ASSERT_EQUAL(inputs[k].strength, 0.5);
        CU_ASSERT(inputs[k].latency_s > 0 && inputs[k].latency_s < 0.003);
        CU_ASSERT_EQUAL(inputs[k].n_extra, gained);
        CU_ASSERT(fabs((double)gained - 3000.0) < 4.0 * sqrt(3000.0));
        for (int64_t i = alone.offsets[u]; i < alone.offsets[u + 1]; i++)
            n_wrong += !has_spike(&common, u, alone.samples[i], alone.samples[i] + 1);
        delays[k] = (double)llround(inputs[k].latency_s * 30000.0);
        outside -= u;
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    /* The third unit is as it was. */
    CU_ASSERT_EQUAL_FATAL(common.offsets[outside + 1] - common.offsets[outside],
                          alone.offsets[outside + 1] - alone.offsets[outside]);
    CU_ASSERT_EQUAL(memcmp(&common.samples[common.offsets[outside]],
                           &alone.samples[alone.offsets[outside]],
                           (size_t)(alone.offsets[outside + 1] - alone.offsets[outside]) *
                               sizeof(int64_t)),
                    0);
    spk_simulation_connection pair = {.source = inputs[0].unit, .target = inputs[1].unit};
    int64_t lag = (int64_t)(delays[1] - delays[0]);
    double found = count_pairs(&common, pair, lag, lag + 1, NULL);
    double chance = 11.0 * 11.0 * 300.0 / 30000.0;
    CU_ASSERT(fabs(found - 1500.0 - chance) < 4.0 * sqrt(1500.0));
    CU_ASSERT(count_pairs(&common, pair, lag + 1, lag + 2, NULL) < 20);
    end_trains(&alone);
    end_trains(&common);
}

/* Groups are drawn evenly: each unit is in `groups size / units` of them. */
static void test_common_groups(void)
{
    enum {
        UNITS = 12
    };
    spk_simulation_options o = plain_options(UNITS, 0.001, 1);
    o.common_groups = 600;
    o.common_size = 5;
    o.common_latency_s = 0.004;
    trains t = run_trains(&o);
    int64_t n = 0, n_wrong = 0;
    const spk_simulation_common_input *inputs =
        spk_simulation_common_inputs(t.simulation, &n);
    double *latencies = malloc(3000 * sizeof *latencies);
    int in[UNITS] = {0};
    CU_ASSERT_EQUAL_FATAL(n, 3000);
    for (int64_t k = 0; k < n; k++) {
        n_wrong += inputs[k].group != k / 5;
        n_wrong += k % 5 > 0 && inputs[k].unit <= inputs[k - 1].unit;
        in[inputs[k].unit]++;
        latencies[k] = inputs[k].latency_s / 0.004;
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    for (int u = 0; u < UNITS; u++)
        CU_ASSERT(fabs(in[u] - 250.0) < 4.0 * sqrt(600.0 * 5 / 12 * 7 / 12));
    CU_ASSERT(kolmogorov(latencies, n) < 1.95);
    free(latencies);
    end_trains(&t);
}

/* extra_pairs of an excitatory connection: the extra spikes if none is missed, thinned as
 * pairs are when some are. */
static void test_extra_pairs(void)
{
    spk_simulation_options o = plain_options(2, 300, 20);
    o.connection_share = 0.5;
    o.inhibitory_share = 0;
    o.connection_strength = 0.5;
    seek_one_connection(&o);
    int64_t n;
    trains t = run_trains(&o);
    spk_simulation_connection c = *spk_simulation_connections(t.simulation, &n);
    spk_simulation_options off = o;
    off.connection_share = 0;
    trains alone = run_trains(&off);
    CU_ASSERT_EQUAL(c.extra_pairs, (double)(t.table->n_spikes - alone.table->n_spikes));
    CU_ASSERT(c.extra_pairs > 1000);
    end_trains(&alone);
    end_trains(&t);

    o.missed_max = 0.8;
    t = run_trains(&o);
    spk_simulation_connection thinned = *spk_simulation_connections(t.simulation, &n);
    const spk_simulation_unit *units = spk_simulation_units(t.simulation);
    double kept = (1.0 - units[0].missed) * (1.0 - units[1].missed);
    CU_ASSERT(kept < 0.8);
    CU_ASSERT_DOUBLE_EQUAL(thinned.extra_pairs, kept * c.extra_pairs, 1e-9);
    int64_t lag = llround(c.latency_s * 30000.0);
    double source = (double)(t.offsets[c.source + 1] - t.offsets[c.source]);
    double target = (double)(t.offsets[c.target + 1] - t.offsets[c.target]);
    double chance = source * target / 9e6;
    double found = count_pairs(&t, c, lag, lag + 1, NULL);
    CU_ASSERT(fabs(found - chance - thinned.extra_pairs) < 4.0 * sqrt(found));
    end_trains(&t);
}

static spk_simulation_options everything(void)
{
    spk_simulation_options o;
    spk_simulation_options_init(&o, sizeof o);
    o.n_units = 12;
    o.duration_s = 5;
    o.rate_median_hz = 20;
    o.connection_share = 0.2;
    o.modulation_sigma = 0.5;
    o.modulation_hz = 8;
    o.modulation_groups = 3;
    o.modulation_opposed = 0.5;
    o.common_groups = 5;
    o.common_size = 3;
    return o;
}

/* The strength is the median itself without scatter; co-modulation off leaves the bits
 * whatever its other options say. */
static void test_sigma_and_off(void)
{
    spk_simulation_options o = everything();
    o.inhibitory_share = 0;
    o.connection_sigma = 0;
    trains t = run_trains(&o);
    int64_t n;
    const spk_simulation_connection *c = spk_simulation_connections(t.simulation, &n);
    CU_ASSERT(n > 5);
    for (int64_t k = 0; k < n; k++)
        CU_ASSERT_EQUAL(c[k].strength, o.connection_strength);
    end_trains(&t);

    o.modulation_sigma = 0;
    o.common_groups = 0;
    trains off = run_trains(&o);
    o.modulation_time_s = 3;
    o.common_size = 7;
    trains also = run_trains(&o);
    CU_ASSERT_EQUAL_FATAL(off.table->n_spikes, also.table->n_spikes);
    CU_ASSERT_EQUAL(memcmp(off.samples, also.samples,
                           (size_t)off.table->n_spikes * sizeof *off.samples),
                    0);
    end_trains(&also);
    end_trains(&off);
}

int main(void)
{
    const suite_test tests[] = {
        {"modulation", test_modulation},
        {"opposed units", test_opposed},
        {"pairs of common input", test_common_pairs},
        {"groups of common input", test_common_groups},
        {"extra pairs", test_extra_pairs},
        {"sigma, and off", test_sigma_and_off},
    };
    return suite_run("simulation shared", tests, (int)(sizeof tests / sizeof tests[0]));
}
