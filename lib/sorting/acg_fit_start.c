/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A search by steps alone ends in whatever minimum is near, and this model has many. But for
 * the cut at 0 the curve is linear once the three time constants are chosen:
 *
 *     e + A e^(-x / a) - B e^(-x / b) + H e^(-x / g),   A, B, H >= 0,
 *
 * where the refractory time only trades with the amplitudes: c = A e^(-f / a) and so on. So
 * time constants are taken from a grid, the linear problem is solved for each, which costs
 * next to nothing as the products of the exponentials do not depend on the data, and the
 * curve that fits best, cut and bounds included, is where the search starts.
 */
#include "base/check.h"
#include "base/memory.h"
#include "sorting/acg_fit.h"

#include <math.h>
#include <string.h>

static const double decays_ms[] = {4, 12, 35, 100, 350};
static const double rises_ms[] = {0.4, 1, 2.5, 6, 15, 35};
static const double bursts_ms[] = {0.3, 0.8, 2, 4.5};

enum {
    N_DECAYS = sizeof decays_ms / sizeof decays_ms[0],
    N_RISES = sizeof rises_ms / sizeof rises_ms[0],
    N_BURSTS = sizeof bursts_ms / sizeof bursts_ms[0],
    FIRST_RISE = N_DECAYS,
    FIRST_BURST = FIRST_RISE + N_RISES,
    CONSTANT = FIRST_BURST + N_BURSTS,
    N_CURVES = CONSTANT + 1,
    N_TERMS = 4 /* asymptote, decay, rise, burst */
};

struct spk__acg_starts {
    double bin_ms;
    int64_t n_bins;
    double gram[N_CURVES][N_CURVES]; /* products of curves with curves */
    double *curves;                  /* [N_CURVES][n_bins] */
};

/* The time constants of one choice, and the amplitudes found for it. */
typedef struct choice {
    double tau_ms[N_TERMS]; /* that of the asymptote is not used */
    int curves[N_TERMS];
    double amplitudes[N_TERMS];
} choice;

static double tau_of(int curve)
{
    if (curve < FIRST_RISE)
        return decays_ms[curve];
    return curve < FIRST_BURST ? rises_ms[curve - FIRST_RISE]
                               : bursts_ms[curve - FIRST_BURST];
}

spk_status spk__acg_starts_create(spk_context *ctx, double bin_ms, int64_t n_bins,
                                  spk__acg_starts **starts)
{
    spk__acg_starts *s = spk__alloc_zero(ctx, 1, sizeof *s);
    if (s == NULL)
        return spk__fail_memory(ctx);
    s->bin_ms = bin_ms;
    s->n_bins = n_bins;
    s->curves = spk__alloc(ctx, N_CURVES * n_bins, sizeof *s->curves);
    if (s->curves == NULL) {
        spk__acg_starts_destroy(s);
        return spk__fail_memory(ctx);
    }
    for (int c = 0; c < N_CURVES; c++)
        for (int64_t k = 0; k < n_bins; k++) {
            const double value =
                c == CONSTANT ? 1 : exp(-(double)(k + 1) * bin_ms / tau_of(c));
            s->curves[c * n_bins + k] =
                c >= FIRST_RISE && c < FIRST_BURST ? -value : value;
        }
    for (int c = 0; c < N_CURVES; c++)
        for (int d = 0; d < N_CURVES; d++)
            for (int64_t k = 0; k < n_bins; k++)
                s->gram[c][d] += s->curves[c * n_bins + k] * s->curves[d * n_bins + k];
    *starts = s;
    return SPK_OK;
}

void spk__acg_starts_destroy(spk__acg_starts *starts)
{
    if (starts == NULL)
        return;
    spk__free(starts->curves);
    spk__free(starts);
}

/* Solves m y = y for the terms listed, m symmetric; 0 if two of them are all but the same. */
static int solve(const spk__acg_starts *s, const choice *c, int n, const int *terms,
                 double *y)
{
    double m[N_TERMS][N_TERMS];
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            m[i][j] = s->gram[c->curves[terms[i]]][c->curves[terms[j]]];
            for (int k = 0; k < j; k++)
                m[i][j] -= m[i][k] * m[j][k];
            if (j < i)
                m[i][j] /= m[j][j];
        }
        if (!(m[i][i] > 1e-12))
            return 0;
        m[i][i] = sqrt(m[i][i]);
    }
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            y[i] -= m[i][k] * y[k];
        y[i] /= m[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            y[i] -= m[k][i] * y[k];
        y[i] /= m[i][i];
    }
    return 1;
}

/* Amplitudes by least squares; the most negative one becomes 0 and the rest try again. The
 * asymptote is held when it is among `amplitudes` already. */
static int find_amplitudes(const spk__acg_starts *s, const double *products, int hold,
                           choice *c)
{
    int terms[N_TERMS], n = 0;
    const double held = hold ? c->amplitudes[0] : 0;
    for (int t = hold ? 1 : 0; t < N_TERMS; t++)
        terms[n++] = t;
    for (;;) {
        double y[N_TERMS];
        int worst = -1;
        for (int i = 0; i < n; i++)
            y[i] = products[c->curves[terms[i]]] -
                   held * s->gram[c->curves[terms[i]]][CONSTANT];
        if (!solve(s, c, n, terms, y))
            return 0;
        for (int i = 0; i < n; i++)
            if (terms[i] != 0 && y[i] < 0 && (worst < 0 || y[i] < y[worst]))
                worst = i;
        if (worst < 0) {
            memset(c->amplitudes, 0, sizeof c->amplitudes);
            c->amplitudes[0] = held;
            for (int i = 0; i < n; i++)
                c->amplitudes[terms[i]] = y[i];
            return 1;
        }
        n--;
        for (int i = worst; i < n; i++)
            terms[i] = terms[i + 1];
    }
}

static double between(double low, double x, double high)
{
    return fmin(fmax(x, low), high);
}

/* The parameters of a choice: the refractory time is CellExplorer's start, 5 ms, or what it
 * takes for the amplitudes to stay below their bounds. */
static void to_parameters(const choice *c, double *p)
{
    /* Terms that vanished keep a little, from which the search can raise them again. */
    const double a = c->tau_ms[1], b = c->tau_ms[2], g = c->tau_ms[3],
                 decay = fmax(c->amplitudes[1], 0.01), rise = c->amplitudes[2],
                 burst = fmax(c->amplitudes[3], 0.01);
    double f = 5;
    f = fmax(f, a * log(decay / 490));
    f = fmax(f, g * log(burst / 95));
    if (rise > 0)
        f = fmax(f, log(rise / decay / 14) / (1 / b - 1 / a));
    f = fmin(f, spk__acg_upper[SPK__ACG_REFRACTORY]);
    p[SPK__ACG_TAU_DECAY] = a;
    p[SPK__ACG_TAU_RISE] = b;
    p[SPK__ACG_TAU_BURST] = g;
    p[SPK__ACG_REFRACTORY] = f;
    p[SPK__ACG_DECAY_HZ] = decay * exp(-f / a);
    p[SPK__ACG_RISE_RATIO] = rise / decay * exp(-f / b + f / a);
    p[SPK__ACG_BURST_HZ] = burst * exp(-f / g);
    p[SPK__ACG_ASYMPTOTE] = c->amplitudes[0];
    for (int i = 0; i < SPK__ACG_N_PARAMETERS; i++)
        p[i] = between(spk__acg_lower[i], p[i], spk__acg_upper[i]);
}

static double sum_of_squares(const spk__acg_starts *s, const choice *c, const double *p,
                             const double *acg_hz)
{
    const double f = p[SPK__ACG_REFRACTORY],
                 decay = p[SPK__ACG_DECAY_HZ] * exp(f / p[SPK__ACG_TAU_DECAY]),
                 rise = p[SPK__ACG_DECAY_HZ] * p[SPK__ACG_RISE_RATIO] *
                        exp(f / p[SPK__ACG_TAU_RISE]),
                 burst = p[SPK__ACG_BURST_HZ] * exp(f / p[SPK__ACG_TAU_BURST]);
    const double *decays = s->curves + c->curves[1] * s->n_bins,
                 *rises = s->curves + c->curves[2] * s->n_bins,
                 *bursts = s->curves + c->curves[3] * s->n_bins;
    double sum = 0;
    for (int64_t k = 0; k < s->n_bins; k++) {
        const double value = p[SPK__ACG_ASYMPTOTE] + decay * decays[k] + rise * rises[k] +
                             burst * bursts[k];
        const double residual = (value > 0 ? value : 0) - acg_hz[k];
        sum += residual * residual;
    }
    return sum;
}

void spk__acg_start(const spk__acg_starts *starts, const double *acg_hz,
                    double parameters[SPK__ACG_N_PARAMETERS])
{
    static const double otherwise[SPK__ACG_N_PARAMETERS] = {20, 1, 30, 2, 0.5, 5, 1.5, 2};
    double products[N_CURVES] = {0}, best = INFINITY;
    memcpy(parameters, otherwise, sizeof otherwise);
    for (int c = 0; c < N_CURVES; c++)
        for (int64_t k = 0; k < starts->n_bins; k++)
            products[c] += starts->curves[c * starts->n_bins + k] * acg_hz[k];
    for (int i = 0; i < N_DECAYS * N_RISES * N_BURSTS; i++) {
        const int a = i / (N_RISES * N_BURSTS), b = i / N_BURSTS % N_RISES,
                  g = i % N_BURSTS;
        choice c = {.tau_ms = {0, decays_ms[a], rises_ms[b], bursts_ms[g]},
                    .curves = {CONSTANT, a, FIRST_RISE + b, FIRST_BURST + g}};
        double p[SPK__ACG_N_PARAMETERS];
        if (rises_ms[b] >= decays_ms[a] || !find_amplitudes(starts, products, 0, &c))
            continue;
        const double asymptote =
            between(spk__acg_lower[SPK__ACG_ASYMPTOTE], c.amplitudes[0],
                    spk__acg_upper[SPK__ACG_ASYMPTOTE]);
        if (c.amplitudes[0] != asymptote) {
            c.amplitudes[0] = asymptote;
            if (!find_amplitudes(starts, products, 1, &c))
                continue;
        }
        to_parameters(&c, p);
        const double sum = sum_of_squares(starts, &c, p, acg_hz);
        if (sum < best) {
            best = sum;
            memcpy(parameters, p, sizeof p);
        }
    }
}
