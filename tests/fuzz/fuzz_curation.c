/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a curation file, applied to a small recording; every step is then taken back. */
#define _GNU_SOURCE
#include "base/memory.h"
#include "fuzz.h"

#include <spikekit/curation.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    N_SPIKES = 40,
    N_UNITS = 5
};

/* Whether what is left is consistent in itself. */
static void look(spk_context *ctx, const spk_curation *curation)
{
    const int64_t n_units = spk_curation_n_units(curation);
    int64_t ids[N_SPIKES + N_UNITS], n_spikes = 0;
    fuzz_require(n_units >= 0 && n_units <= N_SPIKES + N_UNITS);
    spk_curation_unit_ids(curation, ids);
    for (int64_t u = 0; u < n_units; u++) {
        spk_curation_unit unit;
        fuzz_require(u == 0 || ids[u] > ids[u - 1]);
        fuzz_require(spk_curation_unit_get(ctx, curation, ids[u], &unit) == SPK_OK);
        n_spikes += unit.n_spikes;
    }
    fuzz_require(n_spikes == spk_curation_n_spikes(curation) && n_spikes <= N_SPIKES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int64_t samples[N_SPIKES];
    static int32_t units[N_SPIKES];
    spk_context *ctx = NULL;
    spk_curation *curation = NULL;
    char path[64];
    for (int i = 0; i < N_SPIKES; i++) {
        samples[i] = 7 * i;
        units[i] = (i * i + i / 3) % N_UNITS;
    }
    const spk_spikes spikes = {.n_spikes = N_SPIKES,
                               .n_units = N_UNITS,
                               .samples = samples,
                               .units = units,
                               .sampling_rate_hz = 1000,
                               .stop_sample = 1000};
    const int file = memfd_create("curation", 0);
    if (file < 0 || write(file, data, size) != (ssize_t)size ||
        spk_context_create(&ctx) != SPK_OK)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    fuzz_require(spk_curation_create(ctx, &spikes, NULL, &curation) == SPK_OK);
    const spk_status status = spk_curation_apply(ctx, curation, path, 0.3);
    fuzz_require(status == SPK_OK || spk_curation_n_steps(curation) == 0);
    look(ctx, curation);
    while (spk_curation_n_steps(curation) > 0)
        fuzz_require(spk_curation_undo(ctx, curation) == SPK_OK);
    fuzz_require(spk_curation_n_units(curation) == N_UNITS &&
                 spk_curation_n_spikes(curation) == N_SPIKES);
    look(ctx, curation);
    spk_curation_destroy(curation);
    close(file);
    fuzz_require(spk__memory_in_use(ctx) == 0);
    spk_context_destroy(ctx);
    return 0;
}
