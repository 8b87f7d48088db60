/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/amplitude_spread.h"

#include <math.h>

double spk__standard_deviation(const double *values, int64_t n)
{
    double total = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        total += values[i];
    const double mean = total / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return sqrt(squares / (double)n);
}

int64_t spk__amplitude_variations(const spk__amplitude_train *amplitudes, double rate_hz,
                                  double spikes_per_bin, double *room)
{
    const spk_train *train = amplitudes->train;
    const int64_t n = amplitudes->n, *samples = amplitudes->samples;
    double total = 0;
    for (int64_t i = 0; i < n; i++)
        total += amplitudes->values[i];
    const double mean = fabs(total / (double)n);
    const double firing_hz = (double)n / ((double)train->duration_samples / rate_hz);
    const double width = floor(spikes_per_bin / firing_hz * rate_hz);
    if (!(mean > 0) || !(width >= 1) || !(width < 0x1p62))
        return -1;
    const int64_t bin = (int64_t)width;
    int64_t n_bins = 0, at = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        const int64_t start = train->run_starts[r], stop = train->run_stops[r];
        while (at < n && samples[at] < start) /* left over from the run before */
            at++;
        /* from - stop may be beyond int64 only if the recording is */
        for (int64_t from = start; stop - from >= bin; from += bin) {
            const int64_t first = at;
            while (at < n && samples[at] - from < bin)
                at++;
            if (at == first)
                return -1;
            room[n_bins++] =
                spk__standard_deviation(amplitudes->values + first, at - first) / mean;
        }
    }
    return n_bins;
}

double spk__amplitude_sd_robust(const spk__amplitude_train *amplitudes, int64_t censored,
                                double *room)
{
    const spk_train *train = amplitudes->train;
    const int64_t n = amplitudes->n, *samples = amplitudes->samples;
    const double *values = amplitudes->values;
    int64_t n_differences = 0, at = 0;
    for (int64_t r = 0; r < train->n_runs && at < n; r++) {
        if (samples[at] >= train->run_stops[r])
            continue;
        int64_t kept = at++;
        for (; at < n && samples[at] < train->run_stops[r]; at++) {
            if (samples[at] - samples[kept] <= censored)
                continue;
            room[n_differences++] = values[at] - values[kept];
            kept = at;
        }
    }
    return n_differences < 2 ? NAN
                             : spk__standard_deviation(room, n_differences) / sqrt(2);
}
