/* SPDX-License-Identifier: BSD-3-Clause */
/* Step 1 of simulation.h, the background, against the theory of renewal processes.
 * Seeds are fixed; tolerances are 4 standard errors unless said otherwise. */
#include "simulated_trains.h"
#include "suite.h"

/* Mean, variance and third central moment of the background's intervals: R plus a mixture
 * of two geometric waits with hazards h and 1 / burst_samples. */
static void interval_moments(double h, double follow, double burst_samples,
                             double moments[3])
{
    const double hazards[2] = {h, 1.0 / burst_samples};
    const double weights[2] = {1.0 - follow, follow};
    double first = 0, second = 0, third = 0;
    for (int k = 0; k < 2; k++) {
        double mean = 1.0 / expm1(hazards[k]);
        double variance = mean * (1.0 + mean);
        double skew = variance * (1.0 + 2.0 * mean);
        first += weights[k] * mean;
        second += weights[k] * (variance + mean * mean);
        third += weights[k] * (skew + 3.0 * mean * variance + mean * mean * mean);
    }
    moments[0] = R + first;
    moments[1] = second - first * first;
    moments[2] = third - 3.0 * first * second + 2.0 * first * first * first;
}

/* Rate, stationarity and Fano factor of a renewal background, in windows of a second. The
 * variance of counts over w samples is (Cox 1962, section 4.5)
 *     w v / m^3 + 1/6 + v^2 / (2 m^4) - c / (3 m^3). */
static void check_renewal(const spk_simulation_options *o, double follow)
{
    enum {
        W = 30000
    };
    double moments[3];
    interval_moments(o->rate_median_hz / 30000.0, follow, o->burst_interval_s * 30000.0,
                     moments);
    double m = moments[0];
    double growth = moments[1] / (m * m * m); /* of the variance, per sample */
    double variance = W * growth + 1.0 / 6.0 +
                      moments[1] * moments[1] / (2 * m * m * m * m) -
                      moments[2] / (3 * m * m * m);

    trains t = run_trains(o);
    double n_samples = (double)t.table->stop_sample * (double)o->n_units;
    double n = (double)t.table->n_spikes;
    CU_ASSERT(fabs(n - n_samples / m) < 4.0 * sqrt(n_samples * growth));

    int64_t n_windows = t.table->stop_sample / W;
    double *counts = calloc((size_t)(n_windows * o->n_units), sizeof *counts);
    for (int64_t u = 0; u < o->n_units; u++)
        for (int64_t k = t.offsets[u]; k < t.offsets[u + 1]; k++)
            counts[u * n_windows + t.samples[k] / W]++;
    double sum = 0, late = 0;
    double n_used = 0;
    for (int64_t u = 0; u < o->n_units; u++) {
        for (int64_t w = 1; w < n_windows;
             w++) { /* the first starts out of equilibrium */
            double d = counts[u * n_windows + w] - W / m;
            sum += d * d;
            late += w > n_windows / 2 ? d : -d;
            n_used++;
        }
    }
    /* n_windows is even, so one more window is late than early, of mean deviation 0. */
    CU_ASSERT(fabs(late) < 4.0 * sqrt(n_used * W * growth));
    CU_ASSERT(fabs(sum / n_used / variance - 1.0) < 4.0 * sqrt(2.0 / n_used));
    free(counts);
    end_trains(&t);
}

static void test_renewal(void)
{
    spk_simulation_options o = plain_options(20, 100, 100);
    check_renewal(&o, 0);
    o.burst_share = 1;
    o.rate_median_hz = 15;
    check_renewal(&o, 1.0 - 1.0 / 3.0);

    /* The header's short forms: rate lambda / (1 + lambda d), Fano 1 / (1 + lambda
     * d)^2. */
    double moments[3];
    interval_moments(100.0 / 30000.0, 0, 1, moments);
    double product = 100.0 * (R - 0.5) / 30000.0;
    double per_sample = 100.0 / 30000.0;
    CU_ASSERT(fabs(moments[0] * per_sample / (1.0 + product) - 1.0) <
              per_sample * per_sample);
    CU_ASSERT(
        fabs(moments[1] / (moments[0] * moments[0]) * (1 + product) * (1 + product) -
             1.0) < 2 * per_sample * per_sample);
}

/* Waits beyond R are geometric; as continuous as mid-sample makes them, off by h / 2. */
static void test_intervals(void)
{
    double h = 100.0 / 30000.0;
    spk_simulation_options o = plain_options(4, 50, 100);
    trains t = run_trains(&o);
    double *p = malloc((size_t)t.table->n_spikes * sizeof *p);
    int64_t n = 0;
    for (int64_t u = 0; u < 4; u++)
        for (int64_t k = t.offsets[u] + 1; k < t.offsets[u + 1]; k++)
            p[n++] = exp(-h * ((double)(t.samples[k] - t.samples[k - 1] - R) + 0.5));
    CU_ASSERT(n > 15000);
    CU_ASSERT(kolmogorov(p, n) < 1.95 + 0.5 * h * sqrt((double)n));
    free(p);
    end_trains(&t);
}

/* With everything on, a unit's own spikes keep the refractory period. */
static void test_refractory(void)
{
    spk_simulation_options o;
    spk_simulation_options_init(&o, sizeof o);
    o.n_units = 20;
    o.duration_s = 60;
    o.rate_median_hz = 10;
    o.connection_share = 0.3;
    o.connection_strength = 0.4;
    o.contamination_max = 0.3;
    trains t = run_trains(&o);
    int64_t n_close_own = 0, n_close_foreign = 0, shortest = INT64_MAX;
    for (int64_t u = 0; u < o.n_units; u++) {
        int64_t last = INT64_MIN / 2;
        for (int64_t k = t.offsets[u]; k < t.offsets[u + 1]; k++) {
            int64_t interval = t.samples[k] - last;
            if (t.foreign[k]) {
                n_close_foreign += interval < R;
                continue;
            }
            n_close_own += interval < R;
            shortest = interval < shortest ? interval : shortest;
            last = t.samples[k];
        }
    }
    CU_ASSERT_EQUAL(n_close_own, 0);
    CU_ASSERT_EQUAL(shortest, R);
    CU_ASSERT(n_close_foreign > 0);
    end_trains(&t);
}

/* Counts over one correlation time of the drift, 50 steps of mean count c: with
 * r = exp(-1 / 50) and s the drift's s.d.,
 *     variance = 50 c + c^2 sum over steps i, j of (exp(s^2 r^|i - j|) - 1),
 *     covariance of adjacent windows = c^2 sum of (exp(s^2 r^|i - j - 50|) - 1).
 * Windows used are ten times apart; the standard error is that of the sample itself. */
static void test_drift(void)
{
    enum {
        W = 30000,
        N_UNITS = 100,
        N_WINDOWS = 10
    };
    const double rate = 30.0, s2 = 0.25;
    spk_simulation_options o = plain_options(N_UNITS, 10.0 * N_WINDOWS, rate);
    o.refractory_s = 0;
    o.drift_sigma = sqrt(s2);
    o.drift_time_s = 1;
    double c = rate / 50.0, variance = 50.0 * c, covariance = 0;
    for (int i = 0; i < 50; i++) {
        for (int j = 0; j < 50; j++) {
            variance += c * c * expm1(s2 * exp(-abs(i - j) / 50.0));
            covariance += c * c * expm1(s2 * exp(-abs(i - j - 50) / 50.0));
        }
    }
    trains t = run_trains(&o);
    double sums[3] = {0}, squares[3] = {0};
    for (int64_t u = 0; u < N_UNITS; u++) {
        double counts[N_WINDOWS][2] = {{0}};
        for (int64_t k = t.offsets[u]; k < t.offsets[u + 1]; k++)
            if (t.samples[k] / W % 10 < 2)
                counts[t.samples[k] / W / 10][t.samples[k] / W % 10]++;
        for (int w = 0; w < N_WINDOWS; w++) {
            double a = counts[w][0] - rate;
            double b = counts[w][1] - rate;
            const double x[3] = {a, a * a - variance, a * b - covariance};
            for (int d = 0; d < 3; d++) {
                sums[d] += x[d];
                squares[d] += x[d] * x[d];
            }
        }
    }
    for (int d = 0; d < 3; d++)
        CU_ASSERT(fabs(sums[d]) < 4.0 * sqrt(squares[d]));
    CU_ASSERT(variance > 5.0 * rate); /* far from Poisson */
    end_trains(&t);
}

int main(void)
{
    const suite_test tests[] = {
        {"renewal backgrounds", test_renewal},
        {"intervals", test_intervals},
        {"refractory", test_refractory},
        {"drift", test_drift},
    };
    return suite_run("simulation train", tests, (int)(sizeof tests / sizeof tests[0]));
}
