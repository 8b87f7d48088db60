/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_CLONES_H
#define SPIKEKIT_CORRELATION_CLONES_H

/* SPK__CLONES, by the name that this folder and the one above it know. */
#include "base/dispatch.h"

#endif
