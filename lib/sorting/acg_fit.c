/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lags are equally spaced, so the exponentials are powers of three numbers: an evaluation
 * takes six calls of exp() for any number of bins.
 */
#include "sorting/acg_fit.h"

#include "base/check.h"
#include "base/memory.h"
#include "linalg/least_squares.h"

#include <inttypes.h>
#include <math.h>

enum {
    DECAY,      /* tau_decay_ms */
    RISE,       /* tau_rise_ms */
    HEIGHT,     /* decay_hz */
    RATIO,      /* rise_ratio */
    ASYMPTOTE,  /* asymptote_hz */
    REFRACTORY, /* refractory_ms */
    BURST,      /* tau_burst_ms */
    BURST_HZ,   /* burst_hz */
    N_PARAMETERS
};

static const double start[N_PARAMETERS] = {20, 1, 30, 2, 0.5, 5, 1.5, 2};
static const double lower[N_PARAMETERS] = {1, 0.1, 0, 0, -30, 0, 0.1, 0};
static const double upper[N_PARAMETERS] = {500, 50, 500, 15, 50, 20, 5, 100};

typedef struct curve {
    double bin_ms;
    int64_t n_bins;
    const double *acg_hz;
} curve;

static void residuals_of(void *state, const double *p, double *residuals,
                         double *jacobian)
{
    const curve *c = state;
    /* e^(-(x - f) / tau) at x = bin, 2 bin, ... */
    const double decay_step = exp(-c->bin_ms / p[DECAY]),
                 rise_step = exp(-c->bin_ms / p[RISE]),
                 burst_step = exp(-c->bin_ms / p[BURST]);
    double decay = exp(p[REFRACTORY] / p[DECAY]), rise = exp(p[REFRACTORY] / p[RISE]),
           burst = exp(p[REFRACTORY] / p[BURST]);
    for (int64_t k = 0; k < c->n_bins; k++) {
        decay *= decay_step;
        rise *= rise_step;
        burst *= burst_step;
        const double value =
            p[HEIGHT] * (decay - p[RATIO] * rise) + p[BURST_HZ] * burst + p[ASYMPTOTE];
        residuals[k] = (value > 0 ? value : 0) - c->acg_hz[k];
        if (jacobian == NULL)
            continue;
        double *d = jacobian + k * N_PARAMETERS;
        if (!(value > 0)) {
            for (int i = 0; i < N_PARAMETERS; i++)
                d[i] = 0;
            continue;
        }
        const double x = (double)(k + 1) * c->bin_ms - p[REFRACTORY];
        const double by_decay = p[HEIGHT] * decay / p[DECAY],
                     by_rise = -p[HEIGHT] * p[RATIO] * rise / p[RISE],
                     by_burst = p[BURST_HZ] * burst / p[BURST];
        d[DECAY] = by_decay * x / p[DECAY];
        d[RISE] = by_rise * x / p[RISE];
        d[HEIGHT] = decay - p[RATIO] * rise;
        d[RATIO] = -p[HEIGHT] * rise;
        d[ASYMPTOTE] = 1;
        d[REFRACTORY] = by_decay + by_rise + by_burst;
        d[BURST] = by_burst * x / p[BURST];
        d[BURST_HZ] = burst;
    }
}

static void unpack(const double *p, spk_acg_fit *fit)
{
    fit->tau_decay_ms = p[DECAY];
    fit->tau_rise_ms = p[RISE];
    fit->decay_hz = p[HEIGHT];
    fit->rise_ratio = p[RATIO];
    fit->asymptote_hz = p[ASYMPTOTE];
    fit->refractory_ms = p[REFRACTORY];
    fit->tau_burst_ms = p[BURST];
    fit->burst_hz = p[BURST_HZ];
}

int64_t spk__acg_fit_work_length(int64_t n_bins)
{
    return spk__least_squares_work_length(n_bins, N_PARAMETERS);
}

void spk__acg_fit(double bin_ms, int64_t n_bins, const double *acg_hz, double *work,
                  spk_acg_fit *fit)
{
    static const double nothing[N_PARAMETERS] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    unpack(nothing, fit);
    fit->r_square = NAN;
    fit->converged = 0;
    double mean = 0, total = 0, p[N_PARAMETERS];
    for (int64_t k = 0; k < n_bins; k++)
        mean += acg_hz[k] / (double)n_bins;
    for (int64_t k = 0; k < n_bins; k++)
        total += (acg_hz[k] - mean) * (acg_hz[k] - mean);
    if (!isfinite(total))
        return;

    curve c = {bin_ms, n_bins, acg_hz};
    const spk__least_squares problem = {.n_parameters = N_PARAMETERS,
                                        .n_residuals = n_bins,
                                        .evaluate = residuals_of,
                                        .state = &c,
                                        .lower = lower,
                                        .upper = upper,
                                        .most_iterations = 400,
                                        .tolerance = 1e-8};
    for (int i = 0; i < N_PARAMETERS; i++)
        p[i] = start[i];
    const spk__least_squares_result result = spk__least_squares_fit(&problem, p, work);
    unpack(p, fit);
    if (total > 0)
        fit->r_square = 1 - result.sum_of_squares / total;
    fit->converged = result.converged;
}

spk_status spk_acg_fit_estimate(spk_context *ctx, double bin_ms, int64_t n_bins,
                                const double *acg_hz, spk_acg_fit *fit)
{
    SPK_REQUIRE(ctx, bin_ms > 0 && isfinite(bin_ms), SPK_ERR_ARGUMENT,
                "bin_ms must be > 0, got %g", bin_ms);
    SPK_REQUIRE(ctx, n_bins >= N_PARAMETERS && n_bins <= 100000, SPK_ERR_ARGUMENT,
                "n_bins must be 8 .. 100000, got %" PRId64, n_bins);
    SPK_REQUIRE(ctx, acg_hz != NULL, SPK_ERR_ARGUMENT, "acg_hz is NULL");
    SPK_REQUIRE(ctx, fit != NULL, SPK_ERR_ARGUMENT, "fit is NULL");
    double *work = spk__alloc(ctx, spk__acg_fit_work_length(n_bins), sizeof *work);
    if (work == NULL)
        return spk__fail_memory(ctx);
    spk__acg_fit(bin_ms, n_bins, acg_hz, work, fit);
    spk__free(work);
    return SPK_OK;
}

spk_status spk_acg_fit_curve(spk_context *ctx, const spk_acg_fit *fit, int64_t n_lags,
                             const double *lags_ms, double *acg_hz)
{
    SPK_REQUIRE(ctx, fit != NULL, SPK_ERR_ARGUMENT, "fit is NULL");
    SPK_REQUIRE(ctx, n_lags >= 0, SPK_ERR_ARGUMENT, "n_lags must be >= 0, got %" PRId64,
                n_lags);
    SPK_REQUIRE(ctx, (lags_ms != NULL && acg_hz != NULL) || n_lags == 0, SPK_ERR_ARGUMENT,
                "%s is NULL", lags_ms == NULL ? "lags_ms" : "acg_hz");
    for (int64_t k = 0; k < n_lags; k++) {
        const double x = lags_ms[k] - fit->refractory_ms;
        const double value =
            fit->decay_hz * (exp(-x / fit->tau_decay_ms) -
                             fit->rise_ratio * exp(-x / fit->tau_rise_ms)) +
            fit->burst_hz * exp(-x / fit->tau_burst_ms) + fit->asymptote_hz;
        acg_hz[k] = value < 0 ? 0 : value;
    }
    return SPK_OK;
}
