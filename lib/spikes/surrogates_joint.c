/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The joint distribution of successive intervals, and spikes moved in keeping with it. A spike
 * that moves leaves the sum of its intervals as it is, so all that is ever asked for are sums
 * along the matrix's diagonals p + q = d. A spike's new bin is found among them by halving.
 */
#include "base/check.h"
#include "base/memory.h"
#include "spikes/surrogates_state.h"

#include <math.h>
#include <string.h>

enum {
    FEWEST_SPIKES = 3
};

static int64_t diagonal_at(int64_t d)
{
    return d * (d + 3) / 2;
}

/* ---- the table ---- */

static void count_joint(const spk_train *train, uint64_t bin, int64_t n, double *h)
{
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t i = train->run_offsets[r] + 1; i + 1 < train->run_offsets[r + 1];
             i++) {
            const uint64_t at = (uint64_t)train->samples[i];
            const uint64_t p = (at - (uint64_t)train->samples[i - 1]) / bin;
            const uint64_t q = ((uint64_t)train->samples[i + 1] - at) / bin;
            if (p < (uint64_t)n && q < (uint64_t)n)
                h[(int64_t)p * n + (int64_t)q] += 1.0;
        }
}

static void count_product(const spk_train *train, uint64_t bin, int64_t n, double *line,
                          double *h)
{
    memset(line, 0, (size_t)n * sizeof *line);
    for (int64_t r = 0; r < train->n_runs; r++)
        for (int64_t i = train->run_offsets[r] + 1; i < train->run_offsets[r + 1]; i++) {
            const uint64_t p =
                ((uint64_t)train->samples[i] - (uint64_t)train->samples[i - 1]) / bin;
            if (p < (uint64_t)n)
                line[p] += 1.0;
        }
    for (int64_t p = 0; p < n; p++)
        for (int64_t q = 0; q < n; q++)
            h[p * n + q] = line[p] * line[q];
}

/* The place in 0 .. n - 1 that mirrors at the edges lead to. */
static int64_t mirrored(int64_t k, int64_t n)
{
    k %= 2 * n;
    k = k < 0 ? k + 2 * n : k;
    return k < n ? k : 2 * n - 1 - k;
}

/* Lines of n elements, `step` apart, smoothed in place; line is a spare one. */
static void smooth_line(double *at, int64_t step, int64_t n, const double *kernel,
                        int64_t reach, double *line)
{
    for (int64_t k = 0; k < n; k++)
        line[k] = at[k * step];
    for (int64_t k = 0; k < n; k++) {
        double sum = kernel[0] * line[k];
        for (int64_t j = 1; j <= reach; j++)
            sum += kernel[j] * (line[mirrored(k - j, n)] + line[mirrored(k + j, n)]);
        at[k * step] = sum;
    }
}

static void smooth(double *h, int64_t n, int64_t first, const double *kernel,
                   int64_t reach, double *line)
{
    const int64_t part = n - first;
    for (int64_t k = 0; k < part; k++)
        smooth_line(h + first * n + first + k, n, part, kernel, reach, line);
    for (int64_t k = 0; k < part; k++)
        smooth_line(h + (first + k) * n + first, 1, part, kernel, reach, line);
    for (int64_t p = 0; p < n; p++)
        for (int64_t q = 0; q < n; q++)
            if (p < first || q < first)
                h[p * n + q] = 0.0;
}

/* kernel[0 .. reach], normed over both sides. */
static void make_kernel(double sigma, int64_t reach, double *kernel)
{
    double sum = 0.0;
    for (int64_t j = 0; j <= reach; j++) {
        kernel[j] = exp(-0.5 * (double)(j * j) / (sigma * sigma));
        sum += j == 0 ? kernel[j] : 2.0 * kernel[j];
    }
    for (int64_t j = 0; j <= reach; j++)
        kernel[j] /= sum;
}

static void sum_diagonals(const double *h, int64_t n, double *sums)
{
    for (int64_t d = 0; d < n; d++) {
        double *sum = sums + diagonal_at(d);
        sum[0] = 0.0;
        for (int64_t p = 0; p <= d; p++)
            sum[p + 1] = sum[p] + h[p * n + d - p];
    }
}

spk_status spk__joint_table_make(spk_context *ctx, const spk_surrogates *plan,
                                 int64_t unit, spk__joint_table *table)
{
    const spk_surrogates_options *o = &plan->options;
    const spk_train train = spk_trains_unit(plan->trains, unit);
    const int64_t n = o->n_bins;
    const double sigma = plan->sigma / (double)plan->bin; /* of bins */
    const int64_t reach = (int64_t)fmin(4.0 * sigma + 0.5, 4.0 * (double)n);
    spk_status status = SPK_OK;
    double *h = spk__alloc_zero(ctx, n * n, sizeof *h);
    double *line = spk__alloc(ctx, n, sizeof *line);
    double *kernel = spk__alloc(ctx, reach + 1, sizeof *kernel);
    table->sums = spk__alloc(ctx, diagonal_at(n), sizeof *table->sums);
    if (h == NULL || line == NULL || kernel == NULL || table->sums == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    table->refractory = spk__surrogate_shortest(&train, plan->refractory);
    if (o->method == SPK_SURROGATE_ISI_DITHER)
        count_product(&train, (uint64_t)plan->bin, n, line, h);
    else
        count_joint(&train, (uint64_t)plan->bin, n, h);
    for (int64_t k = 0; o->has_sqrt && k < n * n; k++)
        h[k] = sqrt(h[k]);
    if (sigma > 0.0) {
        const int64_t first = o->has_cutoff ? table->refractory / plan->bin : 0;
        make_kernel(sigma, reach, kernel);
        smooth(h, n, first < n ? first : n, kernel, reach, line);
    }
    sum_diagonals(h, n, table->sums);
cleanup:
    spk__free(kernel);
    spk__free(line);
    spk__free(h);
    return status;
}

/* ---- the draw ---- */

/* The last k in low .. high with sums[k] <= x, where sums[low] <= x. */
static int64_t last_up_to(const double *sums, int64_t low, int64_t high, double x)
{
    int64_t n = high - low + 1;
    while (n > 1) {
        const int64_t half = n / 2;
        low += sums[low + half] <= x ? half : 0;
        n -= half;
    }
    return low;
}

/* The new bin of the interval before; -1 if there is nothing in reach. */
static int64_t draw_bin(const double *sums, int64_t low, int64_t high, uint32_t word)
{
    const double least = sums[low], weight = sums[high + 1] - least;
    if (!(weight > 0.0))
        return -1;
    int64_t k = last_up_to(sums, low, high, least + (double)word * 0x1p-32 * weight);
    while (sums[k + 1] == sums[k]) /* rounded up to the last sum */
        k--;
    return k;
}

typedef struct joint_draw {
    const spk__surrogate_draw *draw;
    const spk__joint_table *table;
    int64_t reach; /* bins that a spike may move */
    uint64_t width, bin, refractory;
    uint32_t first[SPK__SURROGATE_CHUNK] __attribute__((aligned(64)));
    uint32_t second[SPK__SURROGATE_CHUNK] __attribute__((aligned(64)));
} joint_draw;

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Bounds low .. high of the new interval before; 0 if the distribution has no say. */
static int find_bounds(const joint_draw *j, uint64_t before, uint64_t sum, uint32_t word,
                       uint64_t *low, uint64_t *high)
{
    const uint64_t n = (uint64_t)j->draw->plan->options.n_bins, bin = j->bin;
    if (sum >= (n + 1) * bin)
        return 0;
    const int64_t p = (int64_t)(before / bin);
    const int64_t d = p + (int64_t)((sum - before) / bin);
    if (d >= (int64_t)n)
        return 0;
    const int64_t first = p > j->reach ? p - j->reach : 0;
    const int64_t last = d - p > j->reach ? p + j->reach : d;
    const int64_t k = draw_bin(j->table->sums + diagonal_at(d), first, last, word);
    if (k < 0)
        return 0;
    const uint64_t behind =
        (uint64_t)(d - k) * bin; /* least of the new interval behind */
    const uint64_t from = (uint64_t)k * bin;
    if (sum < behind || sum < j->refractory)
        return 0;
    *low = greater(greater(from, j->refractory),
                   sum - behind >= bin - 1 ? sum - behind - (bin - 1) : 0);
    *high = lesser(lesser(from + bin - 1, sum - behind), sum - j->refractory);
    return *low <= *high;
}

static void move_spike(const joint_draw *j, int64_t i, int64_t place, int64_t *samples)
{
    const uint64_t start = (uint64_t)samples[i - 1];
    const uint64_t before = (uint64_t)samples[i] - start;
    const uint64_t sum = (uint64_t)samples[i + 1] - start;
    uint64_t low, high;
    if (!find_bounds(j, before, sum, j->first[place], &low, &high)) {
        low = before - lesser(before - j->refractory, j->width);
        high = before + lesser(sum - before - j->refractory, j->width);
    }
    samples[i] = (int64_t)(start + low +
                           spk__surrogate_below(&j->draw->second, i, j->second[place],
                                                high - low + 1));
}

/* Every second spike of the run, from its spike 1 or 2 on, but the last. */
static void move_half(joint_draw *j, int64_t run, int64_t from, int64_t *samples)
{
    const int64_t end = j->draw->train.run_offsets[run + 1] - 1;
    int64_t i = j->draw->train.run_offsets[run] + from;
    while (i < end) {
        const int64_t first = i / 4 * 4, left = end - first;
        const int64_t n = lesser((uint64_t)left, SPK__SURROGATE_CHUNK);
        spk__surrogate_words(&j->draw->at, first, n, j->first);
        spk__surrogate_words(&j->draw->second, first, n, j->second);
        for (; i < first + n; i += 2)
            move_spike(j, i, i - first, samples);
    }
}

spk_status spk__surrogate_joint(const spk__surrogate_draw *draw, int64_t *samples,
                                int64_t *n)
{
    const spk_surrogates *plan = draw->plan;
    const spk_train *train = &draw->train;
    joint_draw j;
    j.draw = draw;
    j.table = &plan->joint[draw->unit];
    j.bin = (uint64_t)plan->bin;
    j.width = (uint64_t)plan->width;
    j.refractory = (uint64_t)j.table->refractory;
    j.reach = plan->options.is_windowed ? plan->width / plan->bin : plan->options.n_bins;
    *n = train->n_spikes;
    if (*n > 0)
        memcpy(samples, train->samples, (size_t)*n * sizeof *samples);
    for (int64_t r = 0; r < train->n_runs; r++) {
        if (train->run_offsets[r + 1] - train->run_offsets[r] < FEWEST_SPIKES)
            continue;
        move_half(&j, r, 1, samples);
        move_half(&j, r, 2, samples);
    }
    return SPK_OK;
}
