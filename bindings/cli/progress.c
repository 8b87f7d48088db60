/* SPDX-License-Identifier: BSD-3-Clause */
#define _POSIX_C_SOURCE 200809L

#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Room for "  activity [bar] 100 %  59 min left" in 79 columns. */
enum {
    BAR_WIDTH = 32,
    ACTIVITY_WIDTH = 24
};

static int enabled;
static int drawn;
static double last_s;  /* when the bar was last drawn */
static double begin_s; /* when the activity began */
static char current[ACTIVITY_WIDTH + 1];

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_enable(void)
{
    const char *terminal = getenv("TERM");
    enabled = isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
    last_s = now_s();
    begin_s = last_s;
    current[0] = '\0';
}

static void print_remaining(double seconds)
{
    if (!(seconds >= 1.0))
        return;
    if (seconds < 90.0)
        fprintf(stderr, "  %.0f s left", seconds);
    else if (seconds < 5400.0)
        fprintf(stderr, "  %.0f min left", seconds / 60.0);
    else
        fprintf(stderr, "  %.1f h left", seconds / 3600.0);
}

void progress_report(void *user, const char *activity, double fraction)
{
    (void)user;
    if (!enabled)
        return;
    const double now = now_s();
    if (activity == NULL)
        activity = "working";
    if (strncmp(current, activity, ACTIVITY_WIDTH) != 0) {
        snprintf(current, sizeof current, "%s", activity);
        begin_s = now;
    }
    /* Short work shows no bar at all. */
    if (now - last_s < 0.1 || (!drawn && now - begin_s < 0.3))
        return;
    last_s = now;
    if (!(fraction >= 0.0))
        fraction = 0.0;
    if (fraction > 1.0)
        fraction = 1.0;
    const int filled = (int)floor(fraction * BAR_WIDTH);
    char bar[BAR_WIDTH + 1];
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r\033[K%s [%s] %3.0f %%", current, bar, floor(fraction * 100.0));
    if (fraction > 0.02)
        print_remaining((now - begin_s) * (1.0 - fraction) / fraction);
    fflush(stderr);
    drawn = 1;
}

void progress_clear(void)
{
    if (!drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    drawn = 0;
}
