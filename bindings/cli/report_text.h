/* SPDX-License-Identifier: BSD-3-Clause */
/* A text that grows: the page and the tables of a report are made in memory and written when
 * they are complete. Running out of memory is remembered, not reported at each call. */
#ifndef SPIKEKIT_CLI_REPORT_TEXT_H
#define SPIKEKIT_CLI_REPORT_TEXT_H

#include <stddef.h>
#include <stdint.h>

/** Zero-initialise; free data when done. */
typedef struct report_text {
    char *data;  /**< NUL-terminated; NULL while empty */
    size_t size; /**< bytes without the NUL */
    size_t room;
    int32_t failed; /**< nonzero: memory ran out, the text is not complete */
} report_text;

void report_text_free(report_text *text);

void report_text_put(report_text *text, const char *words);
void report_text_print(report_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Adds words from a file or command line: markup and control characters made harmless,
 *  bytes that are not UTF-8 replaced. For text and for "quoted" attributes. */
void report_text_escape(report_text *text, const char *words);

/** The same for a cell of a table: a tab, line break or control character becomes a space. */
void report_text_cell(report_text *text, const char *words);

/** A whole number with thin spaces: 1 234 567. */
void report_text_grouped(report_text *text, int64_t value);

/** A number to read: three digits, no exponent from 1e-3 to 1e6, a dash for NaN. */
void report_text_number(report_text *text, double value);

/** A coordinate: at most `decimals` decimals, no trailing zeros; 0 if not finite, so that a
 *  drawing stays valid. */
void report_text_coordinate(report_text *text, double value, int decimals);

/** A value in a table: 9 digits, "nan" for NaN. */
void report_text_value(report_text *text, double value);

#endif
