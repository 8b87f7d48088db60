/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/library_versions.h"

#define MATHLIB_STANDALONE
#include <Rmath.h>

/* Rmath has no function for it; the header and the library come from one package. */
const char *spk__distributions_version(void)
{
    return R_VERSION_STRING;
}
