/* SPDX-License-Identifier: BSD-3-Clause */
#include <spikekit/status.h>

const char *spk_status_name(spk_status status)
{
    switch (status) {
    case SPK_OK:
        return "SPK_OK";
    case SPK_ERR_ARGUMENT:
        return "SPK_ERR_ARGUMENT";
    case SPK_ERR_MEMORY:
        return "SPK_ERR_MEMORY";
    case SPK_ERR_OVERFLOW:
        return "SPK_ERR_OVERFLOW";
    case SPK_ERR_UNSORTED:
        return "SPK_ERR_UNSORTED";
    case SPK_ERR_IO:
        return "SPK_ERR_IO";
    case SPK_ERR_FORMAT:
        return "SPK_ERR_FORMAT";
    case SPK_ERR_NOT_FOUND:
        return "SPK_ERR_NOT_FOUND";
    case SPK_ERR_UNSUPPORTED:
        return "SPK_ERR_UNSUPPORTED";
    case SPK_ERR_CANCELLED:
        return "SPK_ERR_CANCELLED";
    }
    return "SPK_ERR_UNKNOWN";
}
