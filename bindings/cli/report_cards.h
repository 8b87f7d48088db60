/* SPDX-License-Identifier: BSD-3-Clause */
/* Small multiples: one drawing for each unit or pair. */
#ifndef SPIKEKIT_CLI_REPORT_CARDS_H
#define SPIKEKIT_CLI_REPORT_CARDS_H

#include "report_data.h"
#include "report_text.h"

/** The class that colours a quality: good, mua, noise or other. */
const char *report_quality_class(const char *quality);

/** Adds the autocorrelograms, from the top of the probe down. */
spk_status report_cards_add_units(spk_context *ctx, report_text *text,
                                  const report_data *data);

/** Adds the correlograms of peaks with their expectation. */
void report_cards_add_peaks(report_text *text, const report_data *data,
                            const report_peaks *peaks, int directed);

/** Adds a probability given as ln p: "0.003", "10" with a raised exponent, or below
 *  10^REPORT_LEAST_EXPONENT "< 10" with that one; `relation` comes before the first two. */
void report_cards_add_probability(report_text *text, const char *relation, double log_p);

#endif
