/* SPDX-License-Identifier: BSD-3-Clause */
/* Step 4 of simulation.h: missed and foreign spikes, exact in number and evenly
 * spread. Seeds are fixed; tolerances are 4 standard errors. */
#include "simulated_trains.h"
#include "suite.h"

static void test_missed(void)
{
    spk_simulation_options o = plain_options(60, 20, 20);
    trains fired = run_trains(&o);
    o.missed_max = 0.8;
    trains sorted = run_trains(&o);
    const spk_simulation_unit *units = spk_simulation_units(sorted.simulation);
    double share[60], rank = 0, n_missed = 0;
    int64_t n_wrong = 0;
    for (int64_t u = 0; u < 60; u++) {
        int64_t n_fired = fired.offsets[u + 1] - fired.offsets[u];
        int64_t k = sorted.offsets[u];
        for (int64_t i = fired.offsets[u]; i < fired.offsets[u + 1]; i++) {
            if (k < sorted.offsets[u + 1] && sorted.samples[k] == fired.samples[i]) {
                k++;
            } else {
                rank += ((double)(i - fired.offsets[u]) + 0.5) / (double)n_fired - 0.5;
                n_missed++;
            }
        }
        n_wrong += k != sorted.offsets[u + 1] || units[u].n_true_spikes != n_fired ||
                   units[u].n_missed != n_fired - (k - sorted.offsets[u]) ||
                   units[u].missed != (double)units[u].n_missed / (double)n_fired;
        share[u] = units[u].missed / 0.8;
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    /* Shares are uniform to half a spike in 300; ranks of missed spikes are uniform. */
    CU_ASSERT(kolmogorov(share, 60) < 1.95 + sqrt(60.0) * 0.5 / 300 / 0.8);
    CU_ASSERT(fabs(rank) < 4.0 * sqrt(n_missed / 12.0));
    end_trains(&fired);
    end_trains(&sorted);
}

static void test_foreign(void)
{
    enum {
        N = 100
    };
    spk_simulation_options o = plain_options(N, 20, 25);
    o.contamination_max = 0.5;
    o.missed_max = 0.3;
    trains t = run_trains(&o);
    const spk_simulation_unit *units = spk_simulation_units(t.simulation);
    double *times = malloc((size_t)t.table->n_spikes * sizeof *times);
    double *waits = malloc((size_t)t.table->n_spikes * sizeof *waits);
    double share[N], near = 0, expected = 0, variance = 0;
    double n_samples = (double)t.table->stop_sample;
    int64_t n_wrong = 0, n_times = 0, n_waits = 0;
    for (int64_t u = 0; u < N; u++) {
        int64_t n_own = 0, n_foreign = 0, covered = 0, until = 0, last = -1;
        /* Samples less than R from an own spike: the chance of a foreign one to be
         * there. */
        for (int64_t k = t.offsets[u]; k < t.offsets[u + 1]; k++) {
            if (t.foreign[k]) {
                n_foreign++;
                continue;
            }
            int64_t from = t.samples[k] - R + 1 > until ? t.samples[k] - R + 1 : until;
            until = t.samples[k] + R;
            until = until > t.table->stop_sample ? t.table->stop_sample : until;
            covered += until - from;
            n_own++;
        }
        for (int64_t k = t.offsets[u]; k < t.offsets[u + 1]; k++) {
            if (!t.foreign[k])
                continue;
            times[n_times++] = ((double)t.samples[k] + 0.5) / n_samples;
            if (last >= 0) /* intervals of a Poisson process, on the unit's own scale */
                waits[n_waits++] = pow(1.0 - (double)(t.samples[k] - last) / n_samples,
                                       (double)n_foreign);
            last = t.samples[k];
            int close = 0;
            for (int64_t i = k; i-- > t.offsets[u] && t.samples[k] - t.samples[i] < R;)
                close |= !t.foreign[i];
            for (int64_t i = k + 1; i < t.offsets[u + 1]; i++) {
                if (t.samples[i] - t.samples[k] >= R)
                    break;
                close |= !t.foreign[i];
            }
            near += close;
        }
        double chance = (double)covered / n_samples;
        expected += chance * (double)n_foreign;
        variance += chance * (1.0 - chance) * (double)n_foreign;
        n_wrong +=
            n_foreign != units[u].n_foreign ||
            n_own != units[u].n_true_spikes - units[u].n_missed ||
            units[u].contamination != (double)n_foreign / (double)(n_own + n_foreign);
        share[u] = units[u].contamination / 0.5;
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    CU_ASSERT(n_times > 10000);
    CU_ASSERT(kolmogorov(share, N) < 1.95 + sqrt((double)N) * 0.5 / 300 / 0.5);
    CU_ASSERT(kolmogorov(times, n_times) < 1.95);
    CU_ASSERT(kolmogorov(waits, n_waits) < 1.95);
    CU_ASSERT(fabs(near - expected) < 4.0 * sqrt(variance));
    free(times);
    free(waits);
    end_trains(&t);
}

int main(void)
{
    const suite_test tests[] = {
        {"missed", test_missed},
        {"foreign", test_foreign},
    };
    return suite_run("simulation sorter", tests, (int)(sizeof tests / sizeof tests[0]));
}
