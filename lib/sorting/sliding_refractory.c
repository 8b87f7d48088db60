/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The matrix of confidences is never made. At one period the confidence rises with the
 * contamination, so that the least sufficient one is found by walking down from the least of
 * the periods before: as many Poisson tails as periods and contaminations together, in place
 * of their product. At one contamination the confidence rises with the period as long as no
 * violation is added, so that only the last period of each such stretch can be the surest.
 */
#include "sorting/sliding_refractory.h"

#include <math.h>
#include <spikekit/distributions.h>

double spk__sliding_confidence(int64_t n_violations, double expected)
{
    return expected > 0.0 ? 1.0 - exp(spk_poisson_log_lower(n_violations, expected))
                          : 0.0;
}

double spk__sliding_expected_llobet(double n_spikes, double time, double period,
                                    double contamination)
{
    const double foreign = n_spikes * contamination;
    const double own = n_spikes * (1.0 - contamination);
    return 2.0 * period / time * foreign * (own + (foreign - 1.0) / 2.0);
}

/* Chernoff's bound of P(N > n_violations), which costs a logarithm: whether the confidence may
 * be above `least`. Below half the distance from 1 to the next double it is computed as 0. */
static int may_exceed(int64_t n_violations, double expected, double least)
{
    const double n = (double)n_violations + 1.0;
    if (n <= expected || expected <= 0.0)
        return 1;
    const double bound = exp(n - expected + n * log(expected / n));
    return bound >= 5e-17 && bound * (1.0 + 1e-9) >= least;
}

static double confidence_at(const spk__sliding_search *search, int64_t period,
                            double contamination)
{
    return spk__sliding_confidence(
        search->violations[period],
        search->expected(search->state, period, contamination));
}

int64_t spk__sliding_least(const spk__sliding_search *search)
{
    int64_t least = search->n_contaminations;
    for (int64_t p = 0; p < search->n_periods && least > 0; p++)
        while (search->is_tested[p] && least > 0) {
            const double contamination = (double)least * search->step;
            if (!may_exceed(search->violations[p],
                            search->expected(search->state, p, contamination),
                            search->enough))
                break;
            const double confidence = confidence_at(search, p, contamination);
            if (confidence < search->enough ||
                (search->is_strict && confidence == search->enough))
                break;
            least--;
        }
    return least < search->n_contaminations ? least : -1;
}

static int is_same_stretch(const spk__sliding_search *search, int64_t period)
{
    return period + 1 < search->n_periods && search->is_tested[period] &&
           search->is_tested[period + 1] &&
           search->violations[period + 1] == search->violations[period];
}

int64_t spk__sliding_surest(const spk__sliding_search *search, double contamination,
                            double *confidence)
{
    int64_t surest = -1;
    *confidence = -1.0;
    for (int64_t p = 0; p < search->n_periods; p++) {
        if (!search->is_tested[p] || is_same_stretch(search, p))
            continue;
        if (surest >= 0 &&
            !may_exceed(search->violations[p],
                        search->expected(search->state, p, contamination), *confidence))
            continue;
        const double here = confidence_at(search, p, contamination);
        if (here > *confidence) {
            *confidence = here;
            surest = p;
        }
    }
    /* the highest double, 1, may be reached before the end of a stretch */
    while (surest > 0 && is_same_stretch(search, surest - 1) &&
           confidence_at(search, surest - 1, contamination) == *confidence)
        surest--;
    return surest;
}
