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
    DECAY = SPK__ACG_TAU_DECAY,
    RISE = SPK__ACG_TAU_RISE,
    HEIGHT = SPK__ACG_DECAY_HZ,
    RATIO = SPK__ACG_RISE_RATIO,
    ASYMPTOTE = SPK__ACG_ASYMPTOTE,
    REFRACTORY = SPK__ACG_REFRACTORY,
    BURST = SPK__ACG_TAU_BURST,
    BURST_HZ = SPK__ACG_BURST_HZ,
    N_PARAMETERS = SPK__ACG_N_PARAMETERS
};

const double spk__acg_lower[N_PARAMETERS] = {1, 0.1, 0, 0, -30, 0, 0.1, 0};
const double spk__acg_upper[N_PARAMETERS] = {500, 50, 500, 15, 50, 20, 5, 100};

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

void spk__acg_fit(const spk__acg_starts *starts, double bin_ms, int64_t n_bins,
                  const double *acg_hz, double *work, spk_acg_fit *fit)
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
                                        .lower = spk__acg_lower,
                                        .upper = spk__acg_upper,
                                        .most_iterations = 200,
                                        .tolerance = 1e-6};
    spk__acg_start(starts, acg_hz, p);
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
    spk__acg_starts *starts = NULL;
    spk_status status = spk__acg_starts_create(ctx, bin_ms, n_bins, &starts);
    double *work = spk__alloc(ctx, spk__acg_fit_work_length(n_bins), sizeof *work);
    if (status == SPK_OK && work == NULL)
        status = spk__fail_memory(ctx);
    if (status == SPK_OK)
        spk__acg_fit(starts, bin_ms, n_bins, acg_hz, work, fit);
    spk__free(work);
    spk__acg_starts_destroy(starts);
    return status;
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
