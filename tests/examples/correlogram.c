/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts all correlograms of a sorted session and prints the sharpest peak. */
#include <math.h>
#include <spikekit/spikekit.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    spk_context *ctx = NULL;
    spk_session *session = NULL;
    int64_t *counts = NULL, length = 0;
    if (argc != 2 || spk_context_create(&ctx) != SPK_OK)
        return 2;

    spk_status status = spk_session_open(ctx, argv[1], NULL, &session);
    if (status != SPK_OK)
        goto cleanup;
    const spk_spikes *spikes = spk_session_spikes(session);
    const int64_t *ids = spk_session_unit_ids(session);

    /* 0.5 ms bins from -50 to +50 ms */
    spk_correlogram_options options;
    spk_correlogram_options_init(&options, sizeof options);
    status = spk_correlogram_options_set_window(ctx, &options, SPK_CORRELOGRAM_SPIKEKIT,
                                                spikes->sampling_rate_hz, 0.1, 0.0005);
    if (status != SPK_OK)
        goto cleanup;
    status = spk_correlogram_length(ctx, spikes, &options, &length);
    if (status != SPK_OK)
        goto cleanup;
    counts = malloc((size_t)length * sizeof *counts);
    if (counts == NULL)
        goto cleanup;
    status = spk_correlogram_count(ctx, spikes, &options, counts);
    if (status != SPK_OK)
        goto cleanup;

    /* The bin that stands highest above its pair's mean, in standard deviations of a count */
    int64_t n = spikes->n_units, bins = options.n_bins, best = 0;
    double most = 0;
    for (int64_t pair = 0; pair < n * n; pair++) {
        double mean = 0;
        for (int64_t k = 0; k < bins; k++)
            mean += (double)counts[pair * bins + k];
        mean /= (double)bins;
        for (int64_t k = 0; k < bins && pair / n != pair % n; k++) {
            double height = ((double)counts[pair * bins + k] - mean) / sqrt(mean);
            if (height > most) {
                most = height;
                best = pair * bins + k;
            }
        }
    }
    printf("unit %lld to unit %lld: %lld pairs at %.1f ms\n",
           (long long)ids[best / bins / n], (long long)ids[best / bins % n],
           (long long)counts[best],
           1e3 * (double)((best % bins - bins / 2) * options.bin_samples) /
               spikes->sampling_rate_hz);

cleanup:
    if (status != SPK_OK)
        fprintf(stderr, "%s\n", spk_context_message(ctx));
    free(counts);
    spk_session_close(session);
    spk_context_destroy(ctx);
    return status == SPK_OK && counts != NULL ? 0 : 1;
}
