/* SPDX-License-Identifier: BSD-3-Clause */
/* Somebody's program: counts the correlogram of two spikes and asks what it is linked with. */
#include <spikekit/spikekit.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    if (strcmp(spk_version(), SPK_VERSION) != 0) {
        fprintf(stderr, "header %s, library %s\n", SPK_VERSION, spk_version());
        return 1;
    }
    const int64_t samples[] = {100, 120};
    const int32_t units[] = {0, 1};
    const spk_spikes spikes = {.n_spikes = 2,
                               .n_units = 2,
                               .samples = samples,
                               .units = units,
                               .sampling_rate_hz = 30000,
                               .stop_sample = 1000};
    spk_correlogram_options options;
    spk_correlogram_options_init(&options, sizeof options);
    options.n_bins = 5;
    options.bin_samples = 10;
    int64_t counts[2][2][5], expected[2][2][5] = {{{0}}};
    expected[0][1][4] = expected[1][0][0] = 1; /* unit 1 fires two bins after unit 0 */
    if (spk_correlogram_count(NULL, &spikes, &options, &counts[0][0][0]) != SPK_OK ||
        memcmp(counts, expected, sizeof counts) != 0) {
        fputs("wrong correlogram\n", stderr);
        return 1;
    }
    fputs(spk_build_description(), stdout);
    return strstr(spk_build_description(), "OpenBLAS") == NULL;
}
