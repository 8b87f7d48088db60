/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <spikekit/correlogram.h>
#include <stdlib.h>

/* More than 2^31 pairs in one bin: every spike of a unit at the same sample. */
static void test_beyond_31_bits(void)
{
    enum {
        N = 46342
    };
    int64_t *samples = calloc(N, sizeof *samples);
    int32_t *units = calloc(N, sizeof *units);
    spk_spikes spikes = {N, 1, samples, units, 30000.0, 0, 1};
    spk_correlogram_options o;
    spk_correlogram_options_init(&o, sizeof o);
    o.n_bins = 1;
    o.bin_samples = 1;
    int64_t count = 0;
    CU_ASSERT_EQUAL(spk_correlogram_count(NULL, &spikes, &o, &count), SPK_OK);
    CU_ASSERT_EQUAL(count, (int64_t)N * (N - 1));
    CU_ASSERT(count > INT32_MAX);
    free(samples);
    free(units);
}

static const suite_test TESTS[] = {{"beyond 31 bits", test_beyond_31_bits}};
SUITE_MAIN("correlogram overflow", TESTS)
