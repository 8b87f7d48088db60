/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The predictor of a range of bins: lay the bins that its windows reach side by side, mirrored
 * at the ends, then slide. Sums of weights times (bin before + bin behind) go eight windows at
 * a time, each window in its own order of terms: the bits depend neither on the processor nor
 * on the range, and are the same backwards.
 */
#include "correlation/significance_window.h"

#include "correlation/clones.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK = 8
};

int64_t spk__predictor_room(const spk__predictor *predictor, int64_t n)
{
    /* the bins and, for a median, one window in order */
    return n + BLOCK + 2 * predictor->half + (2 * predictor->half + 1);
}

/* A correlogram of either kind; kept bins are those but the centre, if that is left out. */
typedef struct bin_source {
    const int64_t *counts;
    const double *values;
    int64_t n_kept, skipped; /* skipped: kept bins from here on are one further on */
} bin_source;

static double bin_at(const bin_source *source, int64_t kept)
{
    if (kept < 0)
        kept = -1 - kept;
    else if (kept >= source->n_kept)
        kept = 2 * source->n_kept - 1 - kept;
    const int64_t bin = kept + (kept >= source->skipped);
    return source->counts != NULL ? (double)source->counts[bin] : source->values[bin];
}

/* Kept bins from .. from + n - 1 that lie inside, and on one side of the one left out. */
static void copy_bins(const bin_source *source, int64_t from, int64_t n,
                      double *restrict x)
{
    const int64_t bin = from + (from >= source->skipped);
    if (source->counts != NULL) {
        const int64_t *restrict counts = source->counts + bin;
        for (int64_t i = 0; i < n; i++)
            x[i] = (double)counts[i];
    } else if (n > 0) {
        memcpy(x, source->values + bin, (size_t)n * sizeof *x);
    }
}

static void lay_bins(const bin_source *source, int64_t from, int64_t n, double *x)
{
    const int64_t end = from + n;
    int64_t at = from;
    for (; at < 0 && at < end; at++)
        x[at - from] = bin_at(source, at);
    for (int part = 0; part < 2; part++) {
        int64_t stop = part == 0 ? source->skipped : source->n_kept;
        stop = stop < source->n_kept ? stop : source->n_kept;
        stop = stop < end ? stop : end;
        if (stop > at) {
            copy_bins(source, at, stop - at, x + (at - from));
            at = stop;
        }
    }
    for (; at < end; at++)
        x[at - from] = bin_at(source, at);
    memset(x + n, 0, BLOCK * sizeof *x);
}

SPK__CLONES static void slide_weights(const double *restrict weights, int64_t half,
                                      const double *restrict x, int64_t n,
                                      double *restrict predicted)
{
    for (int64_t i = 0; i < n; i += BLOCK) {
        const double *center = x + i + half;
        double sums[BLOCK];
        for (int j = 0; j < BLOCK; j++)
            sums[j] = weights[0] * center[j];
        for (int64_t d = 1; d <= half; d++) {
            const double w = weights[d], *before = center - d, *behind = center + d;
            for (int j = 0; j < BLOCK; j++)
                sums[j] += w * (before[j] + behind[j]);
        }
        for (int j = 0; j < BLOCK && i + j < n; j++)
            predicted[i + j] = sums[j];
    }
}

/* Where value stands, or would, in sorted[0 .. n). */
static int64_t place_of(const double *sorted, int64_t n, double value)
{
    int64_t place = 0;
    while (place < n && sorted[place] < value)
        place++;
    return place;
}

static void insert(double *sorted, int64_t n, double value)
{
    const int64_t place = place_of(sorted, n, value);
    memmove(sorted + place + 1, sorted + place, (size_t)(n - place) * sizeof *sorted);
    sorted[place] = value;
}

static void slide_median(const spk__predictor *predictor, const double *x, int64_t n,
                         double *sorted, double *predicted)
{
    const int64_t half = predictor->half, length = 2 * half + 1;
    for (int64_t i = 0; i < length - 1; i++)
        insert(sorted, i, x[i]);
    for (int64_t i = 0; i < n; i++) {
        insert(sorted, length - 1, x[i + length - 1]);
        if (predictor->is_hollow) {
            const int64_t own = place_of(sorted, length, x[i + half]);
            const double low = sorted[half - 1 + (half - 1 >= own)];
            predicted[i] = (low + sorted[half + (half >= own)]) / 2.0;
        } else {
            predicted[i] = sorted[half];
        }
        const int64_t oldest = place_of(sorted, length, x[i]);
        memmove(sorted + oldest, sorted + oldest + 1,
                (size_t)(length - 1 - oldest) * sizeof *sorted);
    }
}

/* Kept bins [first, last). */
static void predict_kept(const spk__predictor *predictor, const bin_source *source,
                         int64_t first, int64_t last, double *scratch, double *predicted)
{
    const int64_t n = last - first, half = predictor->half;
    if (n <= 0)
        return;
    lay_bins(source, first - half, n + 2 * half, scratch);
    if (predictor->weights != NULL)
        slide_weights(predictor->weights, half, scratch, n, predicted);
    else
        slide_median(predictor, scratch, n, scratch + n + 2 * half + BLOCK, predicted);
}

static void predict(const spk__predictor *predictor, bin_source *source, int64_t n_bins,
                    int64_t first, int64_t last, double *scratch, double *predicted)
{
    if (!predictor->is_centerless) {
        source->n_kept = source->skipped = n_bins;
        predict_kept(predictor, source, first, last, scratch, predicted);
        return;
    }
    const int64_t center = n_bins / 2;
    source->n_kept = n_bins - 1;
    source->skipped = center;
    const int64_t before = last < center ? last : center;
    predict_kept(predictor, source, first, before, scratch, predicted);
    if (first <= center && center < last)
        predicted[center - first] = NAN;
    const int64_t behind = first > center + 1 ? first : center + 1;
    if (behind < last)
        predict_kept(predictor, source, behind - 1, last - 1, scratch,
                     predicted + (behind - first));
}

void spk__predict_range(const spk__predictor *predictor, const int64_t *counts,
                        int64_t n_bins, int64_t first, int64_t last, double *scratch,
                        double *predicted)
{
    bin_source source = {.counts = counts};
    predict(predictor, &source, n_bins, first, last, scratch, predicted);
}

void spk__predict_values(const spk__predictor *predictor, const double *values,
                         int64_t n_bins, int64_t first, int64_t last, double *scratch,
                         double *predicted)
{
    bin_source source = {.values = values};
    predict(predictor, &source, n_bins, first, last, scratch, predicted);
}

static int64_t mirrored(int64_t bin, int64_t n_bins)
{
    return bin < 0 ? -1 - bin : bin >= n_bins ? 2 * n_bins - 1 - bin : bin;
}

double spk__predict_without(const spk__predictor *predictor, const int64_t *counts,
                            int64_t n_bins, int64_t first, int64_t last)
{
    const int64_t left_out = predictor->is_centerless ? n_bins / 2 : -1;
    double sum = 0.0;
    for (int64_t k = first; k < last; k++) {
        double weighted = 0.0, weights = 0.0;
        for (int64_t d = -predictor->half; d <= predictor->half; d++) {
            const int64_t bin = mirrored(k + d, n_bins);
            if ((bin >= first && bin < last) || bin == left_out)
                continue;
            weighted += predictor->weights[d < 0 ? -d : d] * (double)counts[bin];
            weights += predictor->weights[d < 0 ? -d : d];
        }
        sum += weighted / weights;
    }
    return sum;
}
