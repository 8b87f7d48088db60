/* SPDX-License-Identifier: BSD-3-Clause */
/* Tiling coefficients against surrogates: by definition, at the nominal level, with power. */
#include "suite.h"

#include <math.h>
#include <spikekit/random.h>
#include <spikekit/synchrony.h>
#include <stdlib.h>

enum {
    UNITS = 8,
    PAIRS = UNITS * UNITS,
    LENGTH = 20000,
    MOST = 20000
};

static int64_t samples[MOST];
static int32_t units[MOST];

/* Independent Poisson units at 20 Hz; units 0 and 1 share some of their spikes. The last is
 * silent. */
static spk_spikes draw_spikes(uint64_t seed, double shared)
{
    spk_random random = {.seed = seed};
    int64_t n = 0;
    for (int64_t x = 0; x < LENGTH; x++) {
        const int together = spk_random_uniform(&random) < shared;
        for (int32_t u = 0; u < UNITS - 1; u++)
            if ((u < 2 && together) || spk_random_uniform(&random) < 0.02) {
                samples[n] = x;
                units[n++] = u;
            }
    }
    return (spk_spikes){n, UNITS, samples, units, 1000, 0, LENGTH};
}

typedef struct input {
    spk_spikes spikes;
    spk_trains *trains;
    spk_surrogates *surrogates;
} input;

static input prepare(uint64_t seed, double shared)
{
    input in = {draw_spikes(seed, shared), NULL, NULL};
    spk_surrogates_options options;
    spk_surrogates_options_init(&options, sizeof options);
    options.method = SPK_SURROGATE_JITTER;
    options.width_s = 0.1;
    options.seed = seed;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &in.spikes, NULL, &in.trains), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(
        spk_surrogates_create(NULL, in.trains, &options, &in.surrogates), SPK_OK);
    return in;
}

static void end(input *in)
{
    spk_surrogates_destroy(in->surrogates);
    spk_trains_destroy(in->trains);
}

static void equals_the_definition(void)
{
    enum {
        FIRST = 3,
        LAST = 12
    };
    input in = prepare(1, 0.002);
    double found[5][PAIRS], drawn[LAST - FIRST][PAIRS], recorded[PAIRS];
    const spk_sttc_significance where = {found[0], found[1], found[2], found[3],
                                         found[4]};
    CU_ASSERT_EQUAL_FATAL(
        spk_sttc_test(NULL, &in.spikes, in.surrogates, FIRST, LAST, NULL, &where),
        SPK_OK);
    CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &in.spikes, NULL, recorded), SPK_OK);
    for (int k = FIRST; k < LAST; k++) {
        spk_spikes table;
        int64_t *at = malloc(MOST * sizeof *at);
        int32_t *of = malloc(MOST * sizeof *of);
        CU_ASSERT_EQUAL_FATAL(
            spk_surrogates_table(NULL, in.surrogates, k, at, of, &table), SPK_OK);
        CU_ASSERT_EQUAL(spk_sttc_estimate(NULL, &table, NULL, drawn[k - FIRST]), SPK_OK);
        free(of);
        free(at);
    }
    for (int p = 0; p < PAIRS; p++) {
        double mean = 0, squares = 0;
        int above = 1, below = 1;
        for (int k = 0; k < LAST - FIRST; k++) {
            mean += drawn[k][p] / (LAST - FIRST);
            above += drawn[k][p] >= recorded[p];
            below += drawn[k][p] <= recorded[p];
        }
        for (int k = 0; k < LAST - FIRST; k++)
            squares += pow(drawn[k][p] - mean, 2);
        const int is_known = p % UNITS != p / UNITS && p % UNITS < 7 && p / UNITS < 7;
        CU_ASSERT(found[0][p] == recorded[p] || isnan(recorded[p]));
        CU_ASSERT(is_known ? fabs(found[1][p] - mean) < 1e-14 : isnan(found[1][p]));
        CU_ASSERT(is_known
                      ? fabs(found[2][p] - sqrt(squares / (LAST - FIRST - 1))) < 1e-14
                      : isnan(found[2][p]));
        CU_ASSERT(is_known ? found[3][p] == above / (double)(LAST - FIRST + 1)
                           : isnan(found[3][p]));
        CU_ASSERT(is_known ? found[4][p] == below / (double)(LAST - FIRST + 1)
                           : isnan(found[4][p]));
    }
    end(&in);
}

/* Poisson trains and their jittered selves cannot be told apart: p <= 0.1 in a tenth of pairs,
 * or fewer where values are equal. The one pair with common spikes is found every time. */
static void level_and_power(void)
{
    enum {
        REPEATS = 30,
        K = 19
    };
    int n = 0, upper = 0, lower = 0, found_common = 0;
    for (uint64_t repeat = 0; repeat < REPEATS; repeat++) {
        input in = prepare(100 + repeat, 0.006);
        double p_upper[PAIRS], p_lower[PAIRS];
        const spk_sttc_significance where = {.p_upper = p_upper, .p_lower = p_lower};
        CU_ASSERT_EQUAL_FATAL(
            spk_sttc_test(NULL, &in.spikes, in.surrogates, 0, K, NULL, &where), SPK_OK);
        for (int i = 0; i < UNITS - 1; i++)
            for (int j = i + 1; j < UNITS - 1; j++) {
                const int at = i * UNITS + j;
                CU_ASSERT_EQUAL(p_upper[at], p_upper[j * UNITS + i]);
                if (at == 1) {
                    found_common += p_upper[at] == 1.0 / (K + 1);
                    continue;
                }
                n++;
                upper += p_upper[at] <= 0.1;
                lower += p_lower[at] <= 0.1;
            }
        end(&in);
    }
    const double error = sqrt(0.1 * 0.9 / n);
    CU_ASSERT_EQUAL(n, REPEATS * 20);
    CU_ASSERT(fabs((double)upper / n - 0.1) < 4 * error);
    CU_ASSERT(fabs((double)lower / n - 0.1) < 4 * error);
    CU_ASSERT_EQUAL(found_common, REPEATS);
}

static void threads_and_rows(void)
{
    static const int32_t rows[] = {2, 0}, columns[] = {1, 2, 7};
    input in = prepare(5, 0);
    double whole[PAIRS], some[6], again[PAIRS];
    const spk_sttc_significance where = {.sds = whole}, there = {.sds = again},
                                where_some = {.sds = some};
    spk_sttc_options options;
    CU_ASSERT_EQUAL(spk_sttc_test(NULL, &in.spikes, in.surrogates, 0, 4, NULL, &where),
                    SPK_OK);
    for (int32_t threads = 2; threads <= 4; threads += 2) {
        spk_context *ctx = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
        CU_ASSERT_EQUAL(spk_sttc_test(ctx, &in.spikes, in.surrogates, 0, 4, NULL, &there),
                        SPK_OK);
        CU_ASSERT_EQUAL(memcmp(whole, again, sizeof whole), 0);
        spk_context_destroy(ctx);
    }
    spk_sttc_options_init(&options, sizeof options);
    options.references = rows;
    options.n_references = 2;
    options.targets = columns;
    options.n_targets = 3;
    CU_ASSERT_EQUAL(
        spk_sttc_test(NULL, &in.spikes, in.surrogates, 0, 4, &options, &where_some),
        SPK_OK);
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 3; c++) {
            const double expected = whole[rows[r] * UNITS + columns[c]];
            CU_ASSERT(isnan(expected) ? isnan(some[r * 3 + c])
                                      : some[r * 3 + c] == expected);
        }
    CU_ASSERT(isnan(some[1]) && !isnan(some[0]));
    end(&in);
}

static void errors(void)
{
    input in = prepare(5, 0);
    spk_context *ctx = NULL;
    const spk_sttc_significance none = {0};
    spk_sttc_options options = {.struct_size = 8};
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
#define REFUSED(call, message)                                                           \
    do {                                                                                 \
        CU_ASSERT_EQUAL(call, SPK_ERR_ARGUMENT);                                         \
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), message);                       \
    } while (0)
    REFUSED(spk_sttc_test(ctx, NULL, in.surrogates, 0, 4, NULL, &none), "spikes is NULL");
    REFUSED(spk_sttc_test(ctx, &in.spikes, NULL, 0, 4, NULL, &none),
            "surrogates is NULL");
    REFUSED(spk_sttc_test(ctx, &in.spikes, in.surrogates, 0, 4, NULL, NULL),
            "found is NULL");
    REFUSED(spk_sttc_test(ctx, &in.spikes, in.surrogates, 4, 4, NULL, &none),
            "surrogates: expected 0 <= first < last, got 4 and 4");
    REFUSED(spk_sttc_test(ctx, &in.spikes, in.surrogates, -1, 4, NULL, &none),
            "surrogates: expected 0 <= first < last, got -1 and 4");
    REFUSED(spk_sttc_test(ctx, &in.spikes, in.surrogates, 0, 4, &options, &none),
            "options: not filled by spk_sttc_options_init()");
    spk_sttc_options_init(&options, sizeof options);
    options.window_samples = LENGTH;
    REFUSED(spk_sttc_test(ctx, &in.spikes, in.surrogates, 0, 4, &options, &none),
            "the window must be shorter than the recording of 20000 samples, got 20000");
#undef REFUSED
    CU_ASSERT_EQUAL(spk_sttc_test(ctx, &in.spikes, in.surrogates, 0, 1, NULL, &none),
                    SPK_OK);
    spk_context_destroy(ctx);
    end(&in);
}

/* Surrogates of other units, another time or other epochs are refused before any is drawn. */
static void surrogates_of_other_trains(void)
{
    input in = prepare(5, 0);
    spk_context *ctx = NULL;
    const spk_sttc_significance none = {0};
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    for (int k = 0; k < 5; k++) {
        static const char *const messages[] = {
            "surrogates: expected those of the 9 units of spikes, found those of 8",
            "surrogates: expected those of the 7 units of spikes, found those of 8",
            "surrogates: expected those of samples -1 .. 20000 at 1000 Hz as spikes, "
            "found "
            "0 .. 20000 at 1000 Hz",
            "surrogates: expected those of samples 0 .. 20001 at 1000 Hz as spikes, "
            "found 0 "
            ".. 20000 at 1000 Hz",
            "surrogates: expected those of samples 0 .. 20000 at 2000 Hz as spikes, "
            "found 0 "
            ".. 20000 at 1000 Hz"};
        spk_spikes other = in.spikes;
        if (k < 2)
            other.n_units += k == 0 ? 1 : -1; /* the last is silent */
        else if (k == 2)
            other.start_sample--;
        else if (k == 3)
            other.stop_sample++;
        else
            other.sampling_rate_hz = 2000;
        CU_ASSERT_EQUAL(spk_sttc_test(ctx, &other, in.surrogates, 0, 1, NULL, &none),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), messages[k]);
    }
    static const int64_t starts[] = {0, 9000}, stops[] = {8000, LENGTH},
                         later[] = {7999, LENGTH};
    const spk_epochs epochs = {2, starts, stops}, others = {2, starts, later},
                     one = {1, starts, stops};
    spk_trains_options grouping;
    spk_trains_options_init(&grouping, sizeof grouping);
    grouping.epochs = &epochs;
    spk_trains *trains = NULL;
    spk_surrogates *of_epochs = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &in.spikes, &grouping, &trains),
                          SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_surrogates_create(NULL, trains, NULL, &of_epochs), SPK_OK);
    const spk_epochs *wrong[] = {NULL, &others, &one};
    spk_sttc_options options;
    spk_sttc_options_init(&options, sizeof options);
    for (int k = 0; k < 3; k++) {
        options.epochs = wrong[k];
        CU_ASSERT_EQUAL(spk_sttc_test(ctx, &in.spikes, of_epochs, 0, 1, &options, &none),
                        SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(
            spk_context_message(ctx),
            "surrogates: expected the epochs of options, found other runs for unit 0");
    }
    options.epochs = &epochs;
    CU_ASSERT_EQUAL(spk_sttc_test(ctx, &in.spikes, of_epochs, 0, 1, &options, &none),
                    SPK_OK);
    CU_ASSERT_EQUAL(spk_sttc_test(ctx, &in.spikes, in.surrogates, 0, 1, &options, &none),
                    SPK_ERR_ARGUMENT);
    spk_surrogates_destroy(of_epochs);
    spk_trains_destroy(trains);
    spk_context_destroy(ctx);
    end(&in);
}

/* Trains that are never near, recorded or drawn: all values are equal, and a value that is
 * equal counts in both tails. */
static void ties_count_in_both_tails(void)
{
    enum {
        K = 9
    };
    static int64_t at[] = {150, 350, 10050};
    static int32_t of[] = {0, 0, 1};
    const spk_spikes spikes = {3, 2, at, of, 1000, 0, LENGTH};
    spk_trains *trains = NULL;
    spk_surrogates *surrogates = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_trains_create(NULL, &spikes, NULL, &trains), SPK_OK);
    spk_surrogates_options options;
    spk_surrogates_options_init(&options, sizeof options);
    options.method = SPK_SURROGATE_JITTER;
    options.width_s = 0.1;
    CU_ASSERT_EQUAL_FATAL(spk_surrogates_create(NULL, trains, &options, &surrogates),
                          SPK_OK);
    double values[4], sds[4], p_upper[4], p_lower[4];
    const spk_sttc_significance where = {
        .values = values, .sds = sds, .p_upper = p_upper, .p_lower = p_lower};
    CU_ASSERT_EQUAL_FATAL(spk_sttc_test(NULL, &spikes, surrogates, 0, K, NULL, &where),
                          SPK_OK);
    for (int pair = 1; pair <= 2; pair++) {
        CU_ASSERT(values[pair] < 0 && sds[pair] == 0);
        CU_ASSERT_EQUAL(p_upper[pair], 1.0);
        CU_ASSERT_EQUAL(p_lower[pair], 1.0);
    }
    spk_surrogates_destroy(surrogates);
    spk_trains_destroy(trains);
}

static spk_status test_some(spk_context *ctx, void *argument)
{
    const input *in = argument;
    const spk_sttc_significance none = {0};
    return spk_sttc_test(ctx, &in->spikes, in->surrogates, 0, 1, NULL, &none);
}

static void failed_allocations(void)
{
    input in = prepare(6, 0);
    CU_ASSERT(suite_fail_allocations(test_some, &in) >= 3 + 2 + 2 * 8);
    end(&in);
}

static const suite_test tests[] = {
    {"equals the definition", equals_the_definition},
    {"level and power", level_and_power},
    {"threads and rows", threads_and_rows},
    {"errors", errors},
    {"surrogates of other trains", surrogates_of_other_trains},
    {"ties count in both tails", ties_count_in_both_tails},
    {"failed allocations", failed_allocations},
};

SUITE_MAIN("sttc_significance", tests)
