/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_LABEL_PRESETS_H
#define SPIKEKIT_SORTING_LABEL_PRESETS_H

#include <stdint.h>

/** What a tool decides by default, as a table of thresholds. */
typedef struct spk__label_preset {
    const char *name;
    const char *summary;
    const char *text;
} spk__label_preset;

extern const spk__label_preset spk__label_presets[];
extern const int64_t spk__n_label_presets;

#endif
