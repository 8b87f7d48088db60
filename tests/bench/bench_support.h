/* SPDX-License-Identifier: BSD-3-Clause */
/* What the benchmark programs share: a clock, an end on failure, peak memory. */
#ifndef SPIKEKIT_TESTS_BENCH_SUPPORT_H
#define SPIKEKIT_TESTS_BENCH_SUPPORT_H

#include <errno.h>
#include <spikekit/context.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Ends the program with the context's message unless the status is SPK_OK. */
static inline void bench_check(spk_context *ctx, spk_status status)
{
    if (status == SPK_OK)
        return;
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, spk_context_message(ctx));
    exit(1);
}

/* From the status file: ru_maxrss would also remember the process that started this one. */
static inline double bench_peak_mb(void)
{
    char line[256];
    double kb = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %lf kB", &kb) == 1)
            break;
    if (status != NULL)
        fclose(status);
    return kb / 1024.0;
}

#endif
