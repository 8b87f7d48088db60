/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The description is made once, on the first call, from what each library says of itself, and
 * never changes afterwards: the one piece of memory the library keeps besides FFTW's plans.
 */
#include "base/library_versions.h"

#include <pthread.h>
#include <spikekit/version.h>
#include <stdio.h>

static pthread_once_t description_once = PTHREAD_ONCE_INIT;
static char description[2048];

static void describe(void)
{
    unsigned xxhash = spk__xxhash_version();
    /* Too long a line would be cut, not overrun. */
    (void)snprintf(
        description, sizeof description,
        "spikekit: %s\n"
        "compiler: %s %s\n"
        "flags: %s\n"
        "fftw: %s\n"
        "openblas: %s\n"
        "rmath: %s\n"
        "zlib: %s\n"
        "jansson: %s\n"
        "xxhash: %u.%u.%u\n",
        SPK_VERSION, SPK_BUILD_COMPILER, __VERSION__, SPK_BUILD_FLAGS, spk__fft_version(),
        spk__linalg_version(), spk__distributions_version(), spk__zlib_version(),
        spk__jansson_version(), xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
}

const char *spk_version(void)
{
    return SPK_VERSION;
}

const char *spk_build_description(void)
{
    pthread_once(&description_once, describe);
    return description;
}
