/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/information_cells.h"

#include <math.h>

double spk__information_of(int64_t *counts, int n_target, int n_source, int64_t *patterns)
{
    const int n_variables = n_target + n_source;
    const int n_cells = 1 << n_variables, source_step = 1 << n_target;
    const double n = (double)counts[0];
    int64_t n_patterns = 0;
    double sum = 0.0;
    if (counts[0] == 0) {
        *patterns = 0;
        return NAN;
    }
    for (int v = 0; v < n_variables; v++)
        for (int m = 0; m < n_cells; m++)
            if ((m >> v & 1) == 0)
                counts[m] -= counts[m | 1 << v];
    /* by past: its two presents, whatever the source */
    for (int past = 0; past < source_step; past += 2) {
        int64_t present[2] = {0, 0};
        for (int m = past; m < n_cells; m += source_step) {
            present[0] += counts[m];
            present[1] += counts[m + 1];
        }
        const double both = (double)(present[0] + present[1]);
        n_patterns += (present[0] > 0) + (present[1] > 0) - (both > 0.0);
        for (int m = past; m < n_cells; m += source_step) {
            const double here = (double)(counts[m] + counts[m + 1]);
            n_patterns += here > 0.0;
            for (int x = 0; x < 2; x++)
                if (counts[m + x] > 0) {
                    const double count = (double)counts[m + x];
                    n_patterns--;
                    sum += count * log2(count / here * (both / (double)present[x]));
                }
        }
    }
    *patterns = n_patterns;
    return fmax(sum / n, 0.0);
}
