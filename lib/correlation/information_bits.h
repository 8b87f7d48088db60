/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CORRELATION_INFORMATION_BITS_H
#define SPIKEKIT_CORRELATION_INFORMATION_BITS_H

#include <spikekit/trains.h>
#include <stdint.h>

/*
 * Trains as rows of bits, a bit a bin, runs one after the other. A row begins with words of 0,
 * so that a shift may reach back beyond its first bin.
 */
typedef struct spk__bit_frame {
    int64_t bin; /* samples */
    int64_t n_bins;
    int64_t n_words; /* of bins */
    int64_t pad;     /* words of 0 before them */
    int64_t n_runs;
    const int64_t *run_starts; /* borrowed from the first unit */
    int64_t *run_bins;         /* [n_runs + 1] first bin of each run */
} spk__bit_frame;

/** Words of a row, with the pad. */
static inline int64_t spk__bit_row(const spk__bit_frame *frame)
{
    return frame->pad + frame->n_words;
}

/** Sets a row from the spikes of a train that has the frame's runs; clears it first. */
void spk__bits_set(const spk__bit_frame *frame, int64_t n, const int64_t *samples,
                   uint64_t *row);

/** Words first .. first + n - 1 of a row, without its pad, of the bins that have so many before
 *  them in their run. */
void spk__bits_valid(const spk__bit_frame *frame, int64_t history, int64_t first,
                     int64_t n, uint64_t *out);

/** Words first .. first + n - 1 of a row moved by so many bins later. */
void spk__bits_shift(const spk__bit_frame *frame, const uint64_t *row, int64_t by,
                     int64_t first, int64_t n, uint64_t *out);

/** out = a and b; they may be the same. */
void spk__bits_and(int64_t n, const uint64_t *a, const uint64_t *b, uint64_t *out);

int64_t spk__bits_count(int64_t n, const uint64_t *a);

/** Bits in both. */
int64_t spk__bits_count_and(int64_t n, const uint64_t *a, const uint64_t *b);

#endif
