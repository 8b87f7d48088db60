/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/library_versions.h"

#include <jansson.h>
#include <xxhash.h>
#include <zlib.h>

const char *spk__zlib_version(void)
{
    return zlibVersion();
}

const char *spk__jansson_version(void)
{
    return jansson_version_str();
}

unsigned spk__xxhash_version(void)
{
    return XXH_versionNumber();
}
