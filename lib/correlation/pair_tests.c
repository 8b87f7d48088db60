/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/pair_tests.h"

#include "distributions/poisson_mid.h"
#include "distributions/quantiles.h"

#include <math.h>
#include <spikekit/distributions.h>

static const spk__pair_verdict NOTHING = {.bin = -1, .log_p = 0.0, .effect = NAN};

/* ---- Poisson tails ---- */

int spk__tail_is_above(int64_t count, double mean, int32_t sign, double log_cut)
{
    /* on its own side of the mean, the half of P(N = count) included, lies more than 1/4 */
    const double log_quarter = -1.3862943611198906;
    if (log_cut < log_quarter &&
        (sign > 0 ? (double)count <= mean : (double)count >= mean))
        return 1;
    return mean > 0.0 && spk__poisson_log_mid_bound(count, mean) > log_cut;
}

static double tail(int64_t count, double mean, int32_t sign)
{
    return sign > 0 ? spk_poisson_log_mid_upper(count, mean)
                    : spk_poisson_log_mid_lower(count, mean);
}

/* ln P(N >= count) or ln P(N <= count): it is at most ln a, or below it, where the count is
 * above the quantile 1 - a or below the quantile a. */
static int is_beyond(int64_t count, double mean, int32_t sign, double log_level)
{
    return sign > 0 ? spk_poisson_log_upper(count, mean) <= log_level
                    : spk_poisson_log_lower(count, mean) < log_level;
}

spk__pair_verdict spk__least_tail(const int64_t *counts, const double *means, int64_t n,
                                  int32_t sign, double log_cut)
{
    spk__pair_verdict least = NOTHING;
    for (int64_t k = 0; k < n; k++) {
        if (isnan(means[k]) || spk__tail_is_above(counts[k], means[k], sign, log_cut))
            continue;
        const double log_p = tail(counts[k], means[k], sign);
        if (log_p <= log_cut && (least.bin < 0 || log_p < least.log_p)) {
            least.bin = k;
            least.log_p = log_p;
        }
    }
    return least;
}

/* ---- Stark & Abeles ---- */

static double times(double log_p, int64_t n)
{
    return fmin(0.0, log_p + log((double)n));
}

static double cut_of_one(double log_cut, int64_t n)
{
    return log_cut < 0.0 ? log_cut - log((double)n) + 1e-12 : 0.0;
}

spk__pair_verdict spk__hollow_test(const spk__pair_bins *bins, const int64_t *counts,
                                   const double *predicted, int32_t sign, double alpha,
                                   double log_cut)
{
    const int64_t n = bins->last - bins->first;
    spk__pair_verdict verdict =
        spk__least_tail(counts + bins->first, predicted, n, sign, cut_of_one(log_cut, n));
    if (verdict.bin < 0)
        return verdict;
    verdict.bin += bins->first;
    verdict.log_p = times(verdict.log_p, n);
    verdict.significant = verdict.log_p <= log(alpha);
    return verdict;
}

/* ---- English et al. ---- */

spk__english_extremes spk__english_find_extremes(const spk__pair_bins *bins,
                                                 const int64_t *counts, int32_t sign)
{
    const int64_t n = bins->last - bins->first, center = bins->n_bins / 2;
    const int64_t *causal = counts + bins->first, *anticausal = counts + center - n + 1;
    spk__english_extremes found = {causal[0], anticausal[0]};
    for (int64_t k = 1; k < n; k++) {
        if (sign > 0 ? causal[k] > found.causal : causal[k] < found.causal)
            found.causal = causal[k];
        if (anticausal[k] > found.anticausal)
            found.anticausal = anticausal[k];
    }
    return found;
}

int64_t spk__english_n_tests(const spk__pair_bins *bins)
{
    const int64_t to_last = bins->last - 1 - bins->n_bins / 2;
    return to_last > 0 ? 2 * to_last : 1;
}

spk__pair_verdict spk__english_test(const spk__pair_bins *bins, const int64_t *counts,
                                    const double *predicted, int32_t sign, double alpha,
                                    double log_cut)
{
    const int64_t n = bins->last - bins->first, n_tests = spk__english_n_tests(bins);
    const spk__english_extremes extreme = spk__english_find_extremes(bins, counts, sign);
    const double anticausal = (double)extreme.anticausal;
    spk__pair_verdict verdict = spk__least_tail(counts + bins->first, predicted, n, sign,
                                                cut_of_one(log_cut, n_tests));
    if (verdict.bin < 0)
        return verdict;
    verdict.bin += bins->first;
    verdict.effect = tail(extreme.causal, anticausal, sign);
    verdict.log_p = fmax(times(verdict.log_p, n_tests), verdict.effect);
    if (is_beyond(extreme.causal, anticausal, sign, log(alpha)))
        for (int64_t k = 0; k < n && !verdict.significant; k++)
            verdict.significant = is_beyond(counts[bins->first + k], predicted[k], sign,
                                            log(alpha / (double)n_tests));
    return verdict;
}

/* ---- Kopelowitz & Cohen ---- */

static int64_t n_outer(int64_t n_bins)
{
    return 2 * n_bins / 5 + n_bins - 3 * n_bins / 5;
}

void spk__kopelowitz_baseline(const int64_t *counts, int64_t n_bins, double *mean,
                              double *sd)
{
    const int64_t left = 2 * n_bins / 5, right = 3 * n_bins / 5;
    const double n = (double)n_outer(n_bins);
    double sum = 0.0, squares = 0.0;
    for (int64_t k = 0; k < n_bins; k++)
        if (k < left || k >= right)
            sum += (double)counts[k];
    *mean = sum / n;
    for (int64_t k = 0; k < n_bins; k++)
        if (k < left || k >= right)
            squares += ((double)counts[k] - *mean) * ((double)counts[k] - *mean);
    *sd = sqrt(squares / n);
}

int spk__kopelowitz_is_valid(double alpha, int64_t n_bins)
{
    const double n = (double)n_bins, expected = alpha * n;
    return n_bins > 1 &&
           alpha > alpha * (expected - 2.0) * (expected - 4.0) / (8.0 * (n - 1.0));
}

/* ln of the tail of one bin. Of the outer bins' normal and the Poisson tail the larger: of few
 * counts the normal tail says far too little. The Poisson mean, of n bins, may be off by the
 * standard error of their sum, and by one count at least. */
static double kopelowitz_tail(int64_t count, double mean, double sd, int64_t n,
                              int32_t sign)
{
    const double error = fmax(1.0, sqrt(mean * (double)n)) / (double)n;
    return fmax(spk__normal_log_upper(sign * ((double)count - mean) / sd),
                tail(count, fmax(0.0, mean + sign * error), sign));
}

spk__pair_verdict spk__kopelowitz_test(const spk__pair_bins *bins, const int64_t *counts,
                                       double mean, double sd, int32_t sign, double alpha)
{
    spk__pair_verdict verdict = NOTHING;
    double best = -INFINITY;
    for (int64_t k = bins->first; k + 3 <= bins->last; k++) {
        double least = INFINITY;
        for (int64_t j = k; j < k + 3; j++)
            least = fmin(least, sign * ((double)counts[j] - mean));
        if (least > best) {
            best = least;
            verdict.bin = k;
        }
    }
    if (verdict.bin < 0 || !(sd > 0.0)) {
        verdict.log_p = NAN;
        return verdict;
    }
    const int64_t triple = verdict.bin;
    int64_t least = triple;
    for (int64_t j = triple + 1; j < triple + 3; j++) {
        if (sign * counts[j] > sign * counts[verdict.bin])
            verdict.bin = j;
        if (sign * counts[j] < sign * counts[least])
            least = j;
    }
    verdict.effect = ((double)counts[verdict.bin] - mean) / sd;
    verdict.log_p =
        times(3.0 * kopelowitz_tail(counts[least], mean, sd, n_outer(bins->n_bins), sign),
              bins->last - bins->first - 2);
    verdict.significant = best / sd > spk__normal_quantile(1.0 - alpha / 2.0);
    return verdict;
}

/* ---- Kilosort ---- */

void spk__refractory_test(const double *within, int64_t n, double shoulder, double *ratio,
                          double *probability)
{
    *ratio = *probability = INFINITY;
    for (int64_t i = 1; i <= n; i++) {
        const double pairs = within[i - 1], expected = shoulder * (double)i;
        *ratio = fmin(*ratio, pairs / (double)i / shoulder);
        *probability = fmin(*probability,
                            0.5 * (1.0 + erf((pairs - expected) / sqrt(2.0 * expected))));
    }
}

static double sum_of(const int64_t *counts, int64_t first, int64_t last)
{
    int64_t sum = 0;
    for (int64_t k = first; k <= last; k++)
        sum += counts[k];
    return (double)sum;
}

double spk__refractory_shoulder(const int64_t *counts, int64_t n_bins)
{
    const int64_t h = n_bins / 2;
    const double n_far = (double)(h / 2 - 1 + 2 * h - 3 * h / 2);
    const double far =
        sum_of(counts, 1, h / 2 - 1) + sum_of(counts, 3 * h / 2, 2 * h - 1);
    return fmax(far / n_far, fmax(sum_of(counts, h - 50, h - 11) / 40.0,
                                  sum_of(counts, h + 10, h + 49) / 40.0));
}

/* ---- Spivak et al. ---- */

double spk__transmission_gain(const spk__pair_bins *bins, const double *rate,
                              int32_t sign, double bin_s)
{
    int64_t best = -1;
    /* of a run of equal bins the last stands for all; before it is the run before */
    for (int64_t k = bins->first; k < bins->last; k++) {
        int64_t before = k - 1;
        while (before >= bins->first && rate[before] == rate[k])
            before--;
        if (before < 0 || k + 1 >= bins->n_bins)
            continue;
        const int rises = sign * rate[k] > sign * rate[before];
        const int falls = sign * rate[k] > sign * rate[k + 1] ||
                          (k == bins->last - 1 && rate[k] == rate[k + 1]);
        if (rises && falls && (best < 0 || sign * rate[k] > sign * rate[best]))
            best = k;
    }
    if (best < 0 || !(sign * rate[best] > 0.0))
        return NAN;
    double sum = 0.0;
    int64_t k = best;
    for (; k >= bins->first && sign * rate[k] >= 0.0; k--)
        sum += rate[k];
    for (k = best + 1; k < bins->n_bins && sign * rate[k] >= 0.0; k++)
        sum += rate[k];
    return sum * bin_s;
}
