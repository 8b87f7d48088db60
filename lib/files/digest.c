/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "files/map.h"

#include <spikekit/session.h>
#include <xxhash.h>

spk_status spk_session_input_digest(spk_context *ctx, const spk_session *session,
                                    int64_t input, char digest[33])
{
    static const char hexadecimal[] = "0123456789abcdef";
    const char *path = spk_session_input_path(session, input);
    SPK_REQUIRE(ctx, digest != NULL, SPK_ERR_ARGUMENT, "digest must not be NULL");
    SPK_REQUIRE(ctx, path != NULL, SPK_ERR_ARGUMENT,
                "input must be in 0 .. n_inputs - 1, got %lld", (long long)input);
    spk__map map;
    spk_status status = spk__map_open(ctx, path, &map);
    if (status != SPK_OK)
        return status;
    XXH128_hash_t hash = XXH3_128bits(map.data, map.size);
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, hash);
    spk__map_close(&map);
    for (int k = 0; k < 16; k++) {
        digest[2 * k] = hexadecimal[bytes.digest[k] >> 4];
        digest[2 * k + 1] = hexadecimal[bytes.digest[k] & 15];
    }
    digest[32] = '\0';
    return SPK_OK;
}
