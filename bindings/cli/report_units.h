/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of units by their metrics, and the section of one unit that is drawn when it is
 * asked for (report_units.js). Without scripts the table is there, sorted by id. */
#ifndef SPIKEKIT_CLI_REPORT_UNITS_H
#define SPIKEKIT_CLI_REPORT_UNITS_H

#include "report_details.h"
#include "report_text.h"

/** Adds the part "Quality". */
void report_units_add(report_text *text, const report_details *details);

/** Adds the data that the script draws from. */
void report_units_add_data(report_text *text, const report_details *details);

/** Adds all metrics of the units as a tab-separated table. */
void report_units_add_table(report_text *text, const report_details *details);

extern const char report_units_script[]; /**< report_units.js */

#endif
