/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/library_versions.h"

#include <fftw3.h>

const char *spk__fft_version(void)
{
    return fftw_version;
}
