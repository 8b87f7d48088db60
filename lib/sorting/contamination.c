/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/contamination.h"

#include <math.h>
#include <spikekit/distributions.h>

double spk__contamination_hill(double ratio)
{
    return ratio <= 0.25 ? (1.0 - sqrt(1.0 - 4.0 * ratio)) / 2.0 : 1.0;
}

double spk__contamination_llobet(double pairs, double n_spikes, double time,
                                 double refractory, double censored)
{
    const double root = 1.0 - pairs * (time - 2.0 * n_spikes * censored) /
                                  (n_spikes * n_spikes * (refractory - censored));
    return root < 0.0 ? 1.0 : 1.0 - sqrt(root);
}

void spk__violation_limits(int64_t count, double confidence, double *low, double *high)
{
    const double outside = (1.0 - confidence) / 2.0;
    *low = spk_poisson_mean(count - 1, 1.0 - outside);
    *high = spk_poisson_mean(count, outside);
}

int64_t spk__count_intervals(const spk_train *train, int64_t lag)
{
    int64_t count = 0;
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t i = train->run_offsets[r] + 1; i < train->run_offsets[r + 1]; i++)
            count += train->samples[i] - train->samples[i - 1] <= lag;
    return count;
}

int64_t spk__count_intervals_without(const spk_train *train, int64_t duplicate,
                                     int64_t lag, int64_t *n_left)
{
    int64_t count = 0;
    *n_left = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t *samples = train->samples;
        const int64_t first = train->run_offsets[r], end = train->run_offsets[r + 1];
        int64_t before = first; /* the last spike left */
        *n_left += end > first;
        for (int64_t i = first + 1; i < end; i++) {
            if (samples[i] - samples[i - 1] <= duplicate)
                continue;
            count += samples[i] - samples[before] <= lag;
            before = i;
            ++*n_left;
        }
    }
    return count;
}

int64_t spk__train_span(const spk_train *train)
{
    int64_t span = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t first = train->run_offsets[r], end = train->run_offsets[r + 1];
        if (end > first)
            span += train->samples[end - 1] - train->samples[first];
    }
    return span;
}
