/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_TESTS_FUZZ_H
#define SPIKEKIT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/** What libFuzzer, or replay.c with the files of a corpus, calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): it must hold in every build. */
#define fuzz_require(condition)                                                          \
    do {                                                                                 \
        if (!(condition))                                                                \
            abort();                                                                     \
    } while (0)

#endif
