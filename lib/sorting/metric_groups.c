/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/metric_group.h"

#include <stddef.h>

/* clang-format off */
const spk__metric_group *const spk__metric_groups[] = {
    &spk__metrics_activity,
    &spk__metrics_presence,
    &spk__metrics_synchrony,
    &spk__metrics_isi,
    &spk__metrics_rp,
    &spk__metrics_amplitude,
    &spk__metrics_drift,
    &spk__metrics_sliding,
    &spk__metrics_rpv,
    &spk__metrics_kilosort,
    &spk__metrics_firing,
    &spk__metrics_template,
    &spk__metrics_isolation,
    NULL,
};
