/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/library_versions.h"

#include <cblas.h>

const char *spk__linalg_version(void)
{
    return openblas_get_config();
}
