/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/information.h>

spk_status spk_information_peaks(spk_context *ctx, int64_t n_pairs, int64_t n_delays,
                                 const double *values, int64_t window_delays,
                                 spk_information_peak *peaks)
{
    SPK_REQUIRE(ctx, n_pairs >= 0 && n_delays >= 1, SPK_ERR_ARGUMENT,
                "n_pairs must be >= 0 and n_delays >= 1, got %" PRId64 " and %" PRId64,
                n_pairs, n_delays);
    SPK_REQUIRE(ctx, window_delays >= 1 && window_delays % 2 == 1, SPK_ERR_ARGUMENT,
                "window_delays must be odd and >= 1, got %" PRId64, window_delays);
    SPK_REQUIRE(ctx, n_pairs == 0 || (values != NULL && peaks != NULL), SPK_ERR_ARGUMENT,
                "values or peaks is NULL");
    for (int64_t pair = 0; pair < n_pairs; pair++) {
        const double *at = values + pair * n_delays;
        spk_information_peak peak = {NAN, -1, NAN};
        double sum = 0.0, near = 0.0;
        for (int64_t d = 0; d < n_delays; d++) {
            sum += at[d];
            if (at[d] > peak.value || (isnan(peak.value) && !isnan(at[d]))) {
                peak.value = at[d];
                peak.delay = d;
            }
        }
        for (int64_t d = 0; d < n_delays; d++)
            if (d >= peak.delay - window_delays / 2 &&
                d <= peak.delay + window_delays / 2)
                near += at[d];
        if (sum > 0.0)
            peak.coincidence = near / sum;
        peaks[pair] = peak;
    }
    return SPK_OK;
}
