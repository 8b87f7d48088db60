/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "files/map.h"
#include "files/npy_header.h"

struct spk_npy {
    spk__map map;
    void *copy; /* of data that were not aligned; NULL: in place */
    spk_array array;
};

spk_status spk_npy_open(spk_context *ctx, const char *path, spk_npy **out)
{
    SPK_REQUIRE(ctx, out != NULL, SPK_ERR_ARGUMENT, "npy must not be NULL");
    *out = NULL;
    SPK_REQUIRE(ctx, path != NULL, SPK_ERR_ARGUMENT, "path must not be NULL");

    spk_npy *npy = spk__alloc_zero(ctx, 1, sizeof *npy);
    if (npy == NULL)
        return spk__fail_memory(ctx);
    spk_status status = spk__map_open(ctx, path, &npy->map);
    if (status == SPK_OK)
        status = spk__npy_parse_aligned(ctx, path, npy->map.data, npy->map.size,
                                        &npy->array, &npy->copy);
    if (status != SPK_OK) {
        spk_npy_close(npy);
        return status;
    }
    *out = npy;
    return SPK_OK;
}

const spk_array *spk_npy_array(const spk_npy *npy)
{
    return npy == NULL ? NULL : &npy->array;
}

void spk_npy_close(spk_npy *npy)
{
    if (npy == NULL)
        return;
    spk__map_close(&npy->map);
    spk__free(npy->copy);
    spk__free(npy);
}
