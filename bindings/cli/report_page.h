/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CLI_REPORT_PAGE_H
#define SPIKEKIT_CLI_REPORT_PAGE_H

#include "report_connections.h"
#include "report_data.h"
#include "report_details.h"
#include "report_text.h"

/** Writes the whole page, which asks for nothing outside itself. The same data give the same
 *  bytes: no date, no machine, no path but the last part. */
spk_status report_page_add(spk_context *ctx, report_text *text, const report_data *data,
                           const report_details *details,
                           const report_connections *connections);

/** Time along an axis in seconds, minutes or hours: what to divide by, and the label. */
double report_time_unit(double duration_s, const char **label);

/* Parts of the page, each in its file. */
spk_status report_facts_add(spk_context *ctx, report_text *text, const report_data *data);
int report_time_add(report_text *text, const report_data *data); /**< 0: out of memory */

extern const char report_style[];
extern const char report_script[];

#endif
