/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CLI_REPORT_TABLES_H
#define SPIKEKIT_CLI_REPORT_TABLES_H

#include "report_data.h"
#include "report_text.h"

/* The numbers behind the page, tab-separated, one header line. */
void report_tables_add_units(report_text *text, const report_data *data);
void report_tables_add_rates(report_text *text, const report_data *data);
void report_tables_add_autocorrelograms(report_text *text, const report_data *data);
void report_tables_add_peaks(report_text *text, const report_data *data);

#endif
