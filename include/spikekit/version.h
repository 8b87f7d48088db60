/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_VERSION_H
#define SPIKEKIT_VERSION_H

#include <spikekit/status.h>

#define SPK_VERSION_MAJOR 0
#define SPK_VERSION_MINOR 1
#define SPK_VERSION_PATCH 0
#define SPK_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that runs, "0.1.0"; compare with SPK_VERSION. */
SPK_API const char *spk_version(void);

/** Several lines "name: value": compiler, flags, and the version of each linked library. */
SPK_API const char *spk_build_description(void);

#ifdef __cplusplus
}
#endif
#endif
