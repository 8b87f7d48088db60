/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole fit of one correlogram: the best delay, the ratios against no coupling, the rule. */
#include "correlation/glmcc_model.h"

#include <math.h>
#include <string.h>

int64_t spk__glmcc_fit_work_length(const spk__glmcc_plan *plan)
{
    return 2 * plan->n + 2 * plan->n_delays + spk__glmcc_work_length(plan);
}

/* The sums of f over lags spread evenly within each bin. */
static void sums_of_counts(const spk__glmcc_plan *plan, const double *counts,
                           double *sums)
{
    const int64_t x = plan->options.excluded_bins;
    for (int64_t d = 0; d < plan->n_delays; d++) {
        const int64_t delay = plan->options.first_delay_bins + d;
        double after = 0.0, before = 0.0;
        for (int64_t m = 0; m < plan->half - delay; m++) {
            const double f = plan->tau * (plan->decay[m] - plan->decay[m + 1]);
            if (m + delay < x)
                continue;
            after += counts[plan->half + delay + m] * f;
            before += counts[plan->half - 1 - delay - m] * f;
        }
        sums[2 * d] = after / plan->bin;
        sums[2 * d + 1] = before / plan->bin;
    }
}

static double total_of(const spk__glmcc_plan *plan, const double *counts, int64_t *n_bins)
{
    const int64_t x = plan->options.excluded_bins;
    double total = 0.0;
    for (int64_t k = 0; k < plan->n; k++)
        if (k < plan->half - x || k >= plan->half + x)
            total += counts[k];
    *n_bins = plan->n - 2 * x;
    return total;
}

static void set_undefined(const spk__glmcc_plan *plan, spk_glmcc_result *result,
                          double *background)
{
    for (int side = 0; side < 2; side++) {
        result->coupling[side] = result->standard_error[side] = NAN;
        result->threshold[side] = result->likelihood_ratio[side] = NAN;
        result->log_p[side] = NAN;
    }
    result->delay_bins = plan->options.first_delay_bins;
    result->log_likelihood = result->log_posterior = NAN;
    if (background != NULL)
        for (int64_t k = 0; k < plan->n; k++)
            background[k] = NAN;
}

/* ln of the tail of chi-square with one degree of freedom, erfc(sqrt(x / 2)). */
static double log_tail(double x)
{
    if (!(x > 0.0))
        return 0.0;
    if (x < 1200.0)
        return log(erfc(sqrt(x / 2.0)));
    /* the asymptotic series: the next term is below 1e-15 of the whole */
    const double y = 1.0 / x;
    return -0.5 * x - 0.5 * log(acos(-1.0) * x / 2.0) +
           log1p(-y * (1.0 - y * (3.0 - y * (15.0 - y * 105.0))));
}

static double threshold_of(const spk__glmcc_plan *plan, const spk__glmcc_point *point,
                           int64_t delay, int side)
{
    const spk_glmcc_options *o = &plan->options;
    const int64_t shift = o->convention == SPK_GLMCC_KOBAYASHI ? 0 : 1;
    double mean = 0.0;
    for (int64_t m = 0; m < plan->tau_bins; m++)
        mean += exp(point->background[side == 0 ? plan->half + delay + m
                                                : plan->half - shift - delay - m]);
    const double pairs = plan->tau * mean / (double)plan->tau_bins;
    return pairs > o->least_count ? o->threshold_scale * sqrt(o->threshold_count / pairs)
                                  : INFINITY;
}

/* Copies the parameters that are best so far, whose background lies apart. */
static void keep(const spk__glmcc_plan *plan, const spk__glmcc_point *point,
                 spk__glmcc_point *best)
{
    double *background = best->background;
    *best = *point;
    best->background = background;
    memcpy(background, point->background, (size_t)plan->n * sizeof *background);
}

static void count_steps(spk_glmcc_result *result, int64_t steps)
{
    if (steps < 0)
        result->converged = 0;
    result->n_iterations += steps < 0 ? -steps : steps;
}

static void judge(const spk__glmcc_plan *plan, spk_glmcc_result *result)
{
    const spk_glmcc_options *o = &plan->options;
    for (int side = 0; side < 2; side++) {
        const double coupling = result->coupling[side];
        result->significant[side] =
            o->rule == SPK_GLMCC_THRESHOLD
                ? fabs(coupling) > result->threshold[side]
                : result->likelihood_ratio[side] > o->critical_ratio;
        if (result->significant[side])
            result->psp_mv[side] =
                coupling * (coupling > 0.0 ? o->psp_excitatory_mv : o->psp_inhibitory_mv);
    }
}

void spk__glmcc_fit(const spk__glmcc_plan *plan, const double *counts, const double *sums,
                    spk_glmcc_result *result, double *background, double *work)
{
    static const int none[2] = {0, 0};
    const int64_t n = plan->n;
    spk__glmcc_point point = {.background = work}, best = {.background = work + n};
    double *own_sums = work + 2 * n, *scratch = own_sums + 2 * plan->n_delays;
    int64_t n_bins;
    const double total = total_of(plan, counts, &n_bins);
    *result = (spk_glmcc_result){.bin_s = plan->bin / 1e3};
    if (!(total > 0.0)) {
        set_undefined(plan, result, background);
        return;
    }
    if (sums == NULL) {
        sums_of_counts(plan, counts, own_sums);
        sums = own_sums;
    }
    spk__glmcc_data data = {.counts = counts};
    const double start = log(total / ((double)n_bins * plan->bin));
    for (int64_t k = 0; k < n; k++)
        point.background[k] = start;
    result->converged = 1;
    for (int64_t d = 0; d < plan->n_delays; d++) {
        data.delay = plan->options.first_delay_bins + d;
        memcpy(data.sums, sums + 2 * d, sizeof data.sums);
        count_steps(result, spk__glmcc_maximise(plan, &data, none, &point, scratch));
        const double posterior = point.log_likelihood + point.log_prior;
        if (d == 0 || (plan->options.rule == SPK_GLMCC_THRESHOLD
                           ? posterior > best.log_likelihood + best.log_prior
                           : point.log_likelihood > best.log_likelihood)) {
            keep(plan, &point, &best);
            result->delay_bins = data.delay;
        }
    }
    result->log_likelihood = best.log_likelihood;
    result->log_posterior = best.log_likelihood + best.log_prior;
    data.delay = result->delay_bins;
    memcpy(data.sums, sums + 2 * (data.delay - plan->options.first_delay_bins),
           sizeof data.sums);
    for (int side = 0; side < 2; side++) {
        const int fixed[2] = {side == 0, side == 1};
        result->coupling[side] = best.coupling[side];
        result->standard_error[side] = best.error[side];
        result->threshold[side] = threshold_of(plan, &best, data.delay, side);
        keep(plan, &best, &point);
        point.coupling[side] = 0.0;
        count_steps(result, spk__glmcc_maximise(plan, &data, fixed, &point, scratch));
        result->likelihood_ratio[side] =
            2.0 * (best.log_likelihood - point.log_likelihood);
        result->log_p[side] = log_tail(result->likelihood_ratio[side]);
    }
    judge(plan, result);
    if (background != NULL)
        memcpy(background, best.background, (size_t)n * sizeof *background);
}
