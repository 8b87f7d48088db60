/* SPDX-License-Identifier: BSD-3-Clause */
/* The progress bar on standard error. A process has one terminal, so its state is static. */
#ifndef SPIKEKIT_CLI_PROGRESS_H
#define SPIKEKIT_CLI_PROGRESS_H

#include <stdint.h>

/** Turns the bar on if standard error is a terminal that can redraw a line. */
void progress_enable(void);

/** An spk_progress_callback: redraws at most 10 times a second. */
void progress_report(void *user, const char *activity, double fraction);

/** Takes the bar off the terminal, before a message or at the end. */
void progress_clear(void);

#endif
