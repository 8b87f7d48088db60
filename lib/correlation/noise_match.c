/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "distributions/quantiles.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/noise_correlation.h>
#include <spikekit/random.h>
#include <stdlib.h>
#include <string.h>

static int is_open(double r)
{
    return r > -1.0 && r < 1.0; /* also no NaN */
}

void spk_noise_match_options_init(spk_noise_match_options *options, size_t struct_size)
{
    spk_noise_match_options defaults = {
        .struct_size = struct_size,
        .octaves = 0.5,
        .n_repeats = 100,
        .confidence = 0.95,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* A pair as a matching sorts it. */
typedef struct matched_pair {
    double class, draw, z;
    int64_t place;
} matched_pair;

static int compare_pairs(const void *a, const void *b)
{
    const matched_pair *x = a, *y = b;
    if (x->class != y->class)
        return x->class < y->class ? -1 : 1;
    if (x->draw != y->draw)
        return x->draw < y->draw ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static spk_status check_group(spk_context *ctx, const spk_noise_pairs *pairs,
                              const char *name)
{
    SPK_REQUIRE(ctx, pairs != NULL, SPK_ERR_ARGUMENT, "%s is NULL", name);
    SPK_REQUIRE(ctx, pairs->n_pairs >= 0, SPK_ERR_ARGUMENT,
                "%s: n_pairs must be >= 0, got %" PRId64, name, pairs->n_pairs);
    SPK_REQUIRE(ctx,
                pairs->n_pairs == 0 ||
                    (pairs->rates_hz != NULL && pairs->correlations != NULL),
                SPK_ERR_ARGUMENT, "%s: rates_hz or correlations is NULL", name);
    return SPK_OK;
}

static spk_status read_match_options(spk_context *ctx,
                                     const spk_noise_match_options *options,
                                     spk_noise_match_options *read)
{
    spk_noise_match_options_init(read, sizeof *read);
    if (options != NULL) {
        SPK_REQUIRE(ctx, options->struct_size >= sizeof *options, SPK_ERR_ARGUMENT,
                    "options: not filled by spk_noise_match_options_init()");
        *read = *options;
    }
    SPK_REQUIRE(ctx, read->octaves > 0 && isfinite(read->octaves), SPK_ERR_ARGUMENT,
                "octaves must be above 0, got %g", read->octaves);
    SPK_REQUIRE(ctx, read->n_repeats >= 1 && read->n_repeats <= 1000000, SPK_ERR_ARGUMENT,
                "n_repeats must be in 1 .. 1000000, got %" PRId64, read->n_repeats);
    SPK_REQUIRE(ctx, read->confidence > 0 && read->confidence < 1, SPK_ERR_ARGUMENT,
                "confidence must be between 0 and 1, got %g", read->confidence);
    return SPK_OK;
}

/* The pairs that count, with their mean. */
static int64_t keep_pairs(const spk_noise_pairs *pairs, double octaves,
                          matched_pair *kept, double *mean)
{
    int64_t n = 0;
    double sum = 0.0;
    for (int64_t p = 0; p < pairs->n_pairs; p++) {
        const double rate = pairs->rates_hz[p], r = pairs->correlations[p];
        if (!(rate > 0.0) || isinf(rate) || !is_open(r))
            continue;
        kept[n] = (matched_pair){floor(log2(rate) / octaves), 0.0, atanh(r), p};
        sum += kept[n++].z;
    }
    *mean = n > 0 ? sum / (double)n : NAN;
    return n;
}

static void draw_pairs(matched_pair *pairs, int64_t n, uint64_t seed, uint32_t stream)
{
    for (int64_t k = 0; k < n; k++) {
        spk_random random = {
            .seed = seed, .stream = stream, .index = (uint64_t)pairs[k].place};
        pairs[k].draw = spk_random_uniform(&random);
    }
    qsort(pairs, (size_t)n, sizeof *pairs, compare_pairs);
}

static int64_t end_of_class(const matched_pair *pairs, int64_t n, int64_t from)
{
    int64_t end = from;
    while (end < n && pairs[end].class == pairs[from].class)
        end++;
    return end;
}

/* Sums and sums of squares of one matching; returns how many of each group it has. */
static int64_t match_once(const matched_pair *const groups[2], const int64_t n[2],
                          double sums[2], double squares[2])
{
    int64_t at[2] = {0, 0}, matched = 0;
    sums[0] = sums[1] = squares[0] = squares[1] = 0.0;
    while (at[0] < n[0] && at[1] < n[1]) {
        const double a = groups[0][at[0]].class, b = groups[1][at[1]].class;
        const int64_t ends[2] = {end_of_class(groups[0], n[0], at[0]),
                                 end_of_class(groups[1], n[1], at[1])};
        if (a == b) {
            const int64_t sizes[2] = {ends[0] - at[0], ends[1] - at[1]};
            const int64_t size = sizes[0] < sizes[1] ? sizes[0] : sizes[1];
            for (int g = 0; g < 2; g++)
                for (int64_t k = at[g]; k < at[g] + size; k++) {
                    sums[g] += groups[g][k].z;
                    squares[g] += groups[g][k].z * groups[g][k].z;
                }
            matched += size;
        }
        at[0] = a <= b ? ends[0] : at[0];
        at[1] = b <= a ? ends[1] : at[1];
    }
    return matched;
}

spk_status spk_noise_correlation_match(spk_context *ctx, const spk_noise_pairs *first,
                                       const spk_noise_pairs *second,
                                       const spk_noise_match_options *options,
                                       spk_noise_match *match)
{
    SPK_REQUIRE(ctx, match != NULL, SPK_ERR_ARGUMENT, "match is NULL");
    spk_noise_match_options read;
    spk_status status = check_group(ctx, first, "first");
    if (status == SPK_OK)
        status = check_group(ctx, second, "second");
    if (status == SPK_OK)
        status = read_match_options(ctx, options, &read);
    if (status != SPK_OK)
        return status;
    matched_pair *pairs[2] = {spk__alloc(ctx, first->n_pairs, sizeof **pairs),
                              spk__alloc(ctx, second->n_pairs, sizeof **pairs)};
    if (pairs[0] == NULL || pairs[1] == NULL) {
        spk__free(pairs[0]);
        spk__free(pairs[1]);
        return spk__fail_memory(ctx);
    }
    spk_noise_match m = {.matched_z = {0.0, 0.0}};
    double variance = 0.0;
    const double repeats = (double)read.n_repeats;
    m.n_pairs[0] = keep_pairs(first, read.octaves, pairs[0], &m.mean_z[0]);
    m.n_pairs[1] = keep_pairs(second, read.octaves, pairs[1], &m.mean_z[1]);
    for (int64_t r = 0; r < read.n_repeats; r++) {
        const matched_pair *const groups[2] = {pairs[0], pairs[1]};
        double sums[2], squares[2];
        for (int g = 0; g < 2; g++)
            draw_pairs(pairs[g], m.n_pairs[g], read.seed, (uint32_t)(2 * r + g));
        m.n_matched = match_once(groups, m.n_pairs, sums, squares);
        const double n = (double)m.n_matched;
        for (int g = 0; g < 2; g++) {
            const double spread = squares[g] - sums[g] * sums[g] / n;
            m.matched_z[g] += sums[g] / n / repeats;
            variance += (spread > 0.0 ? spread : 0.0) / (n - 1.0) / n / repeats;
        }
    }
    m.difference = m.mean_z[1] - m.mean_z[0];
    m.matched_difference = m.matched_z[1] - m.matched_z[0];
    m.error = m.n_matched < 2 ? NAN : sqrt(variance);
    const double reach = spk__normal_quantile((1.0 + read.confidence) / 2.0) * m.error;
    m.lower = m.matched_difference - reach;
    m.upper = m.matched_difference + reach;
    *match = m;
    spk__free(pairs[0]);
    spk__free(pairs[1]);
    return SPK_OK;
}
