/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the counts themselves say of the scatter of their Fano factor is least where it is most
 * needed: counts of 0 and 1 give 1 - mean whatever process they come from. So the scatter is
 * taken from a distribution with the Fano factor that is asked about, and limits are those
 * Fano factors that the estimate does not exclude.
 */
#include "spikes/fano_limits.h"

#include "distributions/quantiles.h"

#include <math.h>

static const double MOST_TIMES = 1e6;

double spk__fano_spread(double fano, double mean, double n)
{
    double spread = 2.0 * fano * fano;
    /* The approximation for large n, but never beyond 3/4 n fano^2 in all: few clusters vary
     * no more than that, since what one has the others have not. */
    if (fano > 1.0)
        spread +=
            fano * (3.0 * fano - 1.0) * (fano - 1.0) / (mean + 4.0 * (fano - 1.0) / n);
    return spread;
}

typedef struct limit_problem {
    double fano, mean, n, wider, tail;
} limit_problem;

static int is_excluded(const limit_problem *p, double truth, int above)
{
    const double half = (p->n - 1.0) * truth * truth /
                        (p->wider * spk__fano_spread(truth, p->mean, p->n));
    return spk__gamma_share(half * p->fano / truth, half, above) < p->tail;
}

/* Between a value that is excluded and one that is not. */
static double find_edge(const limit_problem *p, double excluded, double allowed,
                        int above)
{
    while (fabs(excluded - allowed) > 1e-9 * allowed) {
        const double middle = sqrt(excluded * allowed);
        if (is_excluded(p, middle, above))
            excluded = middle;
        else
            allowed = middle;
    }
    return allowed;
}

void spk__fano_limits(double fano, double mean, double n, double wider, double confidence,
                      double *lower, double *upper)
{
    const limit_problem p = {fano, mean, n, wider, (1.0 - confidence) / 2.0};
    const double half = (n - 1.0) / (2.0 * wider);
    /* up to 1 the degrees of freedom do not depend on the truth */
    *lower = fano * half / spk__gamma_quantile(1.0 - p.tail, half);
    *upper = fano * half / spk__gamma_quantile(p.tail, half);
    if (*lower > 1.0)
        *lower = is_excluded(&p, 1.0, 1) ? find_edge(&p, 1.0, fano, 1) : 1.0;
    if (*upper <= 1.0)
        return;
    double high = fmax(1.0, fano);
    const double allowed = high;
    while (high < MOST_TIMES * allowed && !is_excluded(&p, high, 0))
        high *= 2.0;
    *upper = high < MOST_TIMES * allowed ? find_edge(&p, high, high / 2.0, 0) : INFINITY;
}
