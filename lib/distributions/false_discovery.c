/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <spikekit/distributions.h>
#include <stdlib.h>

typedef struct ranked_test {
    double log_p;
    int64_t index;
} ranked_test;

static int by_p(const void *a, const void *b)
{
    const ranked_test *x = a, *y = b;
    if (x->log_p != y->log_p)
        return x->log_p < y->log_p ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

spk_status spk_false_discovery_adjust(spk_context *ctx, const double *log_p, int64_t n,
                                      int64_t n_tests, double *log_q)
{
    SPK_REQUIRE(ctx, n >= 0, SPK_ERR_ARGUMENT, "n must be >= 0, got %" PRId64, n);
    SPK_REQUIRE(ctx, n == 0 || (log_p != NULL && log_q != NULL), SPK_ERR_ARGUMENT,
                "log_p and log_q must not be NULL");
    int64_t n_given = 0;
    for (int64_t i = 0; i < n; i++) {
        SPK_REQUIRE(ctx, !(log_p[i] > 0.0), SPK_ERR_ARGUMENT,
                    "log_p[%" PRId64 "] must be <= 0, got %g", i, log_p[i]);
        n_given += !isnan(log_p[i]);
    }
    if (n_tests == 0)
        n_tests = n_given;
    SPK_REQUIRE(ctx, n_tests >= n_given, SPK_ERR_ARGUMENT,
                "n_tests must be 0 or at least the %" PRId64
                " probabilities given, got %" PRId64,
                n_given, n_tests);
    ranked_test *ranked = spk__alloc(ctx, n_given, sizeof *ranked);
    if (ranked == NULL)
        return spk__fail_memory(ctx);
    int64_t r = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(log_p[i]))
            log_q[i] = NAN;
        else
            ranked[r++] = (ranked_test){log_p[i], i};
    }
    qsort(ranked, (size_t)n_given, sizeof *ranked, by_p);
    double least = 0.0;
    for (int64_t j = n_given; j >= 1; j--) {
        least = fmin(least, ranked[j - 1].log_p + log((double)n_tests / (double)j));
        log_q[ranked[j - 1].index] = least;
    }
    spk__free(ranked);
    return SPK_OK;
}
