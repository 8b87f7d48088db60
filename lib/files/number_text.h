/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_NUMBER_TEXT_H
#define SPIKEKIT_FILES_NUMBER_TEXT_H

#include <stdint.h>

/*
 * Numbers as text, the decimal sign a point whatever the locale. Spaces around are ignored.
 * Both return nonzero if the whole text is a number.
 */

/** Decimal digits with sign, point and exponent; "inf", "nan" in any case; no hexadecimal. */
int spk__text_to_double(const char *text, double *value);

/** "12", "-3", "12.0", "1e3": a whole number within int64. */
int spk__text_to_int64(const char *text, int64_t *value);

/** The shortest decimal text, at most 17 digits, that reads back as the same double. */
void spk__double_to_text(double value, char text[32]);

#endif
