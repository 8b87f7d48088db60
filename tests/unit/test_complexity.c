/* SPDX-License-Identifier: BSD-3-Clause */
/* Complexity: how many units in a bin, and how many are expected. */
#include "suite.h"

#include <math.h>
#include <spikekit/complexity.h>
#include <spikekit/random.h>
#include <stdlib.h>

enum {
    SPAN = 300,
    N_UNITS = 6,
    MOST = 400
};

static int64_t samples[MOST];
static int32_t units[MOST];

static spk_spikes draw_spikes(spk_random *random)
{
    int64_t n = 0;
    for (int64_t x = 0; x < SPAN; x++)
        for (int32_t u = 0; u < N_UNITS - 1; u++) /* the last is silent */
            while (n < MOST && spk_random_uniform(random) < (x / 50 % 2 ? 0.03 : 0.2)) {
                samples[n] = x;
                units[n++] = u;
            }
    return (spk_spikes){n, N_UNITS, samples, units, 1000, 0, SPAN};
}

static spk_complexity_options make_options(int64_t bin, int32_t counted, int64_t spread)
{
    spk_complexity_options options;
    spk_complexity_options_init(&options, sizeof options);
    options.bin_samples = bin;
    options.counted = counted;
    options.spread = spread;
    return options;
}

/* The example of elephant's documentation: spikes at 1, 4, 6 and at 1, 5, 8 of 10 bins. */
static void by_hand(void)
{
    static const int64_t at[] = {1, 1, 4, 5, 6, 8};
    static const int32_t of[] = {0, 1, 0, 1, 0, 1};
    static const int64_t expected[3][5] = {{5, 4, 1}, {5, 1, 1, 1}, {4, 0, 1, 0, 1}};
    const spk_spikes spikes = {6, 2, at, of, 1000, 0, 10};
    for (int64_t spread = 0; spread < 3; spread++) {
        const spk_complexity_options options = make_options(1, 0, spread);
        int64_t counts[5], length;
        CU_ASSERT_EQUAL(spk_complexity_count(NULL, &spikes, &options, 5, counts), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(counts, expected[spread], sizeof counts), 0);
        CU_ASSERT_EQUAL(spk_complexity_length(NULL, &spikes, &options, &length), SPK_OK);
        CU_ASSERT_EQUAL(length, 3 + spread);
    }
    /* independent: each unit in 3 of 10 bins */
    double means[4];
    CU_ASSERT_EQUAL(spk_complexity_expect(NULL, &spikes, NULL, 4, means), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(means[0], 4.9, 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(means[1], 4.2, 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(means[2], 0.9, 1e-14);
    CU_ASSERT_EQUAL(means[3], 0);
    CU_ASSERT_EQUAL(spk_complexity_expect(NULL, &spikes, NULL, 2, means), SPK_OK);
    CU_ASSERT_DOUBLE_EQUAL(means[1], 5.1, 1e-14);
    CU_ASSERT_EQUAL(spk_complexity_expect(NULL, &spikes, NULL, 1, means), SPK_OK);
    CU_ASSERT_EQUAL(means[0], 10);
}

/* Sizes of all bins of all epochs side by side, -1 between epochs. @return how many */
static int64_t bin_sizes(const spk_spikes *s, const spk_epochs *epochs, int64_t width,
                         int32_t counted, int64_t *sizes)
{
    int64_t n = 0;
    for (int64_t e = 0; e < epochs->n_epochs; e++) {
        for (int64_t x = epochs->starts[e]; x + width <= epochs->stops[e]; x += width) {
            int64_t per_unit[N_UNITS] = {0};
            for (int64_t i = 0; i < s->n_spikes; i++)
                if (s->samples[i] >= x && s->samples[i] < x + width)
                    per_unit[s->units[i]]++;
            sizes[n] = 0;
            for (int u = 0; u < N_UNITS; u++)
                sizes[n] +=
                    counted == SPK_COMPLEXITY_SPIKES ? per_unit[u] : per_unit[u] > 0;
            n++;
        }
        sizes[n++] = -1;
    }
    return n;
}

static void by_definition(const int64_t *sizes, int64_t n, int64_t spread, int64_t length,
                          int64_t *counts)
{
    memset(counts, 0, (size_t)length * sizeof *counts);
    for (int64_t i = 0; i < n; i++) {
        if (sizes[i] <= 0) {
            counts[0] += sizes[i] == 0;
            continue;
        }
        int64_t sum = sizes[i];
        for (int64_t k = i + 1; k < n && k - i <= spread && sizes[k] >= 0; k++)
            if (sizes[k] > 0) { /* the event goes on there */
                sum += sizes[k];
                i = k;
            }
        counts[sum < length ? sum : length - 1]++;
    }
}

static void equals_the_definition(void)
{
    const int64_t starts[] = {0, 17, 120, 200}, stops[] = {17, 110, 199, 290};
    const spk_epochs epochs = {4, starts, stops};
    const spk_epochs whole = {1, (const int64_t[]){0}, (const int64_t[]){SPAN}};
    spk_random random = {.seed = 3};
    int64_t n_large = 0;
    for (int repeat = 0; repeat < 48; repeat++) {
        const spk_spikes spikes = draw_spikes(&random);
        spk_complexity_options options =
            make_options(1 + repeat % 3 * 3, repeat / 3 % 2, repeat / 6 % 4);
        int64_t sizes[SPAN + 8], expected[MOST], found[MOST], length;
        options.epochs = repeat % 2 ? &epochs : NULL;
        const int64_t n = bin_sizes(&spikes, repeat % 2 ? &epochs : &whole,
                                    options.bin_samples, options.counted, sizes);
        CU_ASSERT_EQUAL(spk_complexity_length(NULL, &spikes, &options, &length), SPK_OK);
        CU_ASSERT_FATAL(length >= 1 && length <= MOST);
        by_definition(sizes, n, options.spread, MOST, expected);
        CU_ASSERT_EQUAL(spk_complexity_count(NULL, &spikes, &options, MOST, found),
                        SPK_OK);
        CU_ASSERT_EQUAL(memcmp(found, expected, sizeof found), 0);
        CU_ASSERT(found[length - 1] > 0 && found[length] == 0);
        by_definition(sizes, n, options.spread, 3, expected);
        CU_ASSERT_EQUAL(spk_complexity_count(NULL, &spikes, &options, 3, found), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(found, expected, 3 * sizeof *found), 0);
        n_large += length > 5;
    }
    CU_ASSERT(n_large > 10);
}

/* Every way to have the units fire or not, with its probability. */
static void expected_by_enumeration(void)
{
    const int64_t starts[] = {0, 90, 200}, stops[] = {90, 170, 300};
    const spk_epochs epochs = {3, starts, stops};
    spk_random random = {.seed = 4};
    for (int repeat = 0; repeat < 12; repeat++) {
        const spk_spikes spikes = draw_spikes(&random);
        spk_complexity_options options = make_options(1 + repeat % 4, 0, 0);
        const int64_t block = (const int64_t[]){0, 13, 1000}[repeat % 3];
        const int64_t width = options.bin_samples;
        double expected[N_UNITS + 1] = {0}, found[N_UNITS + 1], total = 0;
        options.epochs = &epochs;
        options.block_bins = block;
        int64_t all_bins = 0;
        for (int e = 0; e < 3; e++)
            all_bins += (stops[e] - starts[e]) / width;
        for (int e = 0; e < 3; e++) {
            const int64_t n_bins = (stops[e] - starts[e]) / width;
            const int64_t size = block > 0 ? block : n_bins;
            for (int64_t first = 0; first < n_bins; first += size) {
                int64_t B = n_bins - first < size ? n_bins - first : size;
                double m[N_UNITS] = {0};
                for (int u = 0; u < N_UNITS; u++)
                    for (int64_t b = 0; b < (block > 0 ? n_bins : all_bins); b++) {
                        int64_t k = b, f = e;
                        if (block == 0) /* one block of all epochs */
                            for (f = 0; k >= (stops[f] - starts[f]) / width; f++)
                                k -= (stops[f] - starts[f]) / width;
                        else if (b < first || b >= first + B)
                            continue;
                        const int64_t x = starts[f] + k * width;
                        int fires = 0;
                        for (int64_t i = 0; i < spikes.n_spikes; i++)
                            fires |= units[i] == u && samples[i] >= x &&
                                     samples[i] < x + width;
                        m[u] += fires;
                    }
                for (int way = 0; way < 1 << N_UNITS; way++) {
                    double chance = (double)B;
                    int k = 0;
                    for (int u = 0; u < N_UNITS; u++) {
                        const double p = m[u] / (double)(block > 0 ? B : all_bins);
                        chance *= way >> u & 1 ? p : 1 - p;
                        k += way >> u & 1;
                    }
                    expected[k] += chance;
                }
            }
        }
        CU_ASSERT_EQUAL(
            spk_complexity_expect(NULL, &spikes, &options, N_UNITS + 1, found), SPK_OK);
        for (int k = 0; k <= N_UNITS; k++) {
            CU_ASSERT_DOUBLE_EQUAL(found[k], expected[k], 1e-11);
            total += found[k];
        }
        CU_ASSERT_DOUBLE_EQUAL(total, (double)all_bins, 1e-10);
    }
}

/* Rates that rise and fall together make an excess over a constant rate, and none over the
 * rate of short blocks; in simulated independent trains. */
static void blocks_follow_the_rate(void)
{
    enum {
        UNITS = 20,
        BINS = 200000
    };
    int64_t *at = malloc(BINS * 8 * sizeof *at);
    int32_t *of = malloc(BINS * 8 * sizeof *of);
    spk_random random = {.seed = 5};
    int64_t n = 0, counts[UNITS + 1];
    for (int64_t x = 0; x < BINS; x++)
        for (int32_t u = 0; u < UNITS && n < BINS * 8; u++)
            if (spk_random_uniform(&random) < (x / 2000 % 2 ? 0.02 : 0.10)) {
                at[n] = x;
                of[n++] = u;
            }
    const spk_spikes spikes = {n, UNITS, at, of, 1000, 0, BINS};
    spk_complexity_options options = make_options(1, 0, 0);
    double flat[UNITS + 1], local[UNITS + 1];
    CU_ASSERT_EQUAL(spk_complexity_count(NULL, &spikes, &options, UNITS + 1, counts),
                    SPK_OK);
    CU_ASSERT_EQUAL(spk_complexity_expect(NULL, &spikes, &options, UNITS + 1, flat),
                    SPK_OK);
    options.block_bins = 2000;
    CU_ASSERT_EQUAL(spk_complexity_expect(NULL, &spikes, &options, UNITS + 1, local),
                    SPK_OK);
    for (int k = 0; k < 7; k++)
        CU_ASSERT(fabs((double)counts[k] - local[k]) < 4 * sqrt(local[k]));
    CU_ASSERT((double)counts[5] > 1.5 * flat[5] && (double)counts[0] > 1.1 * flat[0]);
    free(of);
    free(at);
}

/* Bins that are not given are of 1 ms, or of one sample. */
static void default_bins(void)
{
    static const double rates_hz[] = {250, 1000, 1500, 2400, 30000};
    static const int64_t widths[] = {1, 1, 2, 2, 30};
    spk_random random = {.seed = 9};
    spk_spikes spikes = draw_spikes(&random);
    for (int k = 0; k < 5; k++) {
        const spk_complexity_options given = make_options(widths[k], 0, 0);
        int64_t expected[8], found[8];
        double means[2][8];
        spikes.sampling_rate_hz = rates_hz[k];
        CU_ASSERT_EQUAL(spk_complexity_count(NULL, &spikes, &given, 8, expected), SPK_OK);
        CU_ASSERT_EQUAL(spk_complexity_count(NULL, &spikes, NULL, 8, found), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(expected, found, sizeof found), 0);
        CU_ASSERT_EQUAL(spk_complexity_expect(NULL, &spikes, &given, 8, means[0]),
                        SPK_OK);
        CU_ASSERT_EQUAL(spk_complexity_expect(NULL, &spikes, NULL, 8, means[1]), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(means[0], means[1], sizeof means[0]), 0);
    }
}

static void degenerate(void)
{
    static const int64_t at[] = {4, 4, 4};
    static const int32_t of[] = {0, 1, 1};
    spk_spikes spikes = {3, 2, at, of, 1000, 0, 5};
    spk_complexity_options options = make_options(5, 0, 0);
    int64_t counts[4], length;
    double means[4];
    CU_ASSERT_EQUAL(spk_complexity_count(NULL, &spikes, &options, 4, counts), SPK_OK);
    CU_ASSERT(counts[0] == 0 && counts[2] == 1);
    options.counted = SPK_COMPLEXITY_SPIKES;
    CU_ASSERT_EQUAL(spk_complexity_count(NULL, &spikes, &options, 4, counts), SPK_OK);
    CU_ASSERT(counts[3] == 1);
    options = make_options(6, 0, 0); /* no whole bin */
    CU_ASSERT_EQUAL(spk_complexity_length(NULL, &spikes, &options, &length), SPK_OK);
    CU_ASSERT_EQUAL(length, 1);
    CU_ASSERT_EQUAL(spk_complexity_expect(NULL, &spikes, &options, 4, means), SPK_OK);
    CU_ASSERT(means[0] == 0 && means[1] == 0);
    spikes.n_spikes = 0;
    CU_ASSERT_EQUAL(spk_complexity_count(NULL, &spikes, NULL, 2, counts), SPK_OK);
    CU_ASSERT(counts[0] == 5 && counts[1] == 0);
    CU_ASSERT_EQUAL(spk_complexity_expect(NULL, &spikes, NULL, 2, means), SPK_OK);
    CU_ASSERT(means[0] == 5 && means[1] == 0);
}

static void errors(void)
{
    static const char *const messages[] = {
        "options: not filled by spk_complexity_options_init()",
        "counted must be 0 or 1, got 2", "spread must be >= 0, got -1",
        "block_bins must be >= 0, got -3", "bin_samples must be >= 1, got -1"};
    spk_random random = {.seed = 6};
    const spk_spikes spikes = draw_spikes(&random);
    int64_t counts[2], length;
    double means[2];
    spk_context *ctx = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int k = 0; k < 5; k++) {
        spk_complexity_options bad =
            make_options(k == 4 ? -1 : 1, k == 1 ? 2 : 0, k == 2 ? -1 : 0);
        if (k == 0)
            bad.struct_size = 8;
        if (k == 3)
            bad.block_bins = -3;
        CU_ASSERT_EQUAL(spk_complexity_count(ctx, &spikes, &bad, 2, counts),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), messages[k]);
        CU_ASSERT_EQUAL(spk_complexity_length(ctx, &spikes, &bad, &length),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_EQUAL(spk_complexity_expect(ctx, &spikes, &bad, 2, means),
                        SPK_ERR_ARGUMENT);
    }
    CU_ASSERT_EQUAL(spk_complexity_count(ctx, NULL, NULL, 2, counts), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_complexity_count(ctx, &spikes, NULL, 0, counts),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "length must be >= 1, got 0");
    CU_ASSERT_EQUAL(spk_complexity_count(ctx, &spikes, NULL, 2, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_complexity_length(ctx, &spikes, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_complexity_expect(ctx, &spikes, NULL, 0, means),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_complexity_expect(ctx, &spikes, NULL, 2, NULL), SPK_ERR_ARGUMENT);
    spk_complexity_options other = make_options(1, SPK_COMPLEXITY_SPIKES, 0);
    CU_ASSERT_EQUAL(spk_complexity_expect(ctx, &spikes, &other, 2, means),
                    SPK_ERR_UNSUPPORTED);
    other = make_options(1, SPK_COMPLEXITY_UNITS, 1);
    CU_ASSERT_EQUAL(spk_complexity_expect(ctx, &spikes, &other, 2, means),
                    SPK_ERR_UNSUPPORTED);
    spk_context_destroy(ctx);
}

static spk_status expect_some(spk_context *ctx, void *spikes)
{
    double means[4];
    return spk_complexity_expect(ctx, spikes, NULL, 4, means);
}

static spk_status count_some(spk_context *ctx, void *spikes)
{
    int64_t counts[4];
    return spk_complexity_count(ctx, spikes, NULL, 4, counts);
}

static void failed_allocations(void)
{
    spk_random random = {.seed = 7};
    spk_spikes spikes = draw_spikes(&random);
    CU_ASSERT_EQUAL(suite_fail_allocations(count_some, &spikes), 1);
    CU_ASSERT_EQUAL(suite_fail_allocations(expect_some, &spikes), 4);
}

static const suite_test tests[] = {
    {"by hand", by_hand},
    {"equals the definition", equals_the_definition},
    {"expected by enumeration", expected_by_enumeration},
    {"blocks follow the rate", blocks_follow_the_rate},
    {"default bins", default_bins},
    {"degenerate", degenerate},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("complexity", tests)
