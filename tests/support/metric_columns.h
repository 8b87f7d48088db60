/* SPDX-License-Identifier: BSD-3-Clause */
/* Metrics of a spike table, by name, for tests that compare single values. */
#ifndef SPIKEKIT_TESTS_METRIC_COLUMNS_H
#define SPIKEKIT_TESTS_METRIC_COLUMNS_H

#include "suite.h"

#include <spikekit/metrics.h>

/* Computes one metric or group, the caller destroys. */
static inline spk_metrics *metric_columns(const spk_spikes *spikes, const char *name,
                                          const spk_metrics_options *options,
                                          int32_t n_threads)
{
    spk_metrics_options o;
    spk_metrics_options_init(&o, sizeof o);
    if (options != NULL)
        o = *options;
    o.names = &name;
    o.n_names = 1;
    spk_metrics_input input;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = spikes;
    spk_context *ctx = NULL;
    spk_metrics *metrics = NULL;
    CU_ASSERT_FATAL(spk_context_create(&ctx) == SPK_OK);
    CU_ASSERT_FATAL(spk_context_set_threads(ctx, n_threads) == SPK_OK);
    const spk_status status = spk_metrics_compute(ctx, &input, &o, &metrics);
    if (status != SPK_OK)
        printf("%s\n", spk_context_message(ctx));
    CU_ASSERT_EQUAL_FATAL(status, SPK_OK);
    spk_context_destroy(ctx);
    return metrics;
}

static inline double metric_value(const spk_metrics *metrics, const char *name,
                                  int64_t unit)
{
    const int64_t column = spk_metrics_find(metrics, name);
    CU_ASSERT_FATAL(column >= 0);
    return spk_metrics_values(metrics, column)[unit];
}

/* Equal to a relative tolerance, or both NaN. */
static inline int metric_is_near(double value, double expected, double tolerance)
{
    if (value != value || expected != expected)
        return value != value && expected != expected;
    const double difference = value > expected ? value - expected : expected - value;
    const double size = expected < 0 ? -expected : expected;
    return difference <= tolerance * (size > 1 ? size : 1);
}

#endif
