/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_SORTING_ACG_FIT_H
#define SPIKEKIT_SORTING_ACG_FIT_H

#include <spikekit/firing.h>

/** The parameters of spk_acg_fit in the order of its fields, as the search takes them. */
enum {
    SPK__ACG_TAU_DECAY,
    SPK__ACG_TAU_RISE,
    SPK__ACG_DECAY_HZ,
    SPK__ACG_RISE_RATIO,
    SPK__ACG_ASYMPTOTE,
    SPK__ACG_REFRACTORY,
    SPK__ACG_TAU_BURST,
    SPK__ACG_BURST_HZ,
    SPK__ACG_N_PARAMETERS
};

/** The bounds of CellExplorer. */
extern const double spk__acg_lower[SPK__ACG_N_PARAMETERS];
extern const double spk__acg_upper[SPK__ACG_N_PARAMETERS];

/* ---- where to start: acg_fit_start.c ---- */

/** Exponentials at the lags of the bins, and their products: one for all units. */
typedef struct spk__acg_starts spk__acg_starts;

/** @return SPK_OK; SPK_ERR_MEMORY */
spk_status spk__acg_starts_create(spk_context *ctx, double bin_ms, int64_t n_bins,
                                  spk__acg_starts **starts);
void spk__acg_starts_destroy(spk__acg_starts *starts);

/** The best of some hundred choices of the three time constants, each with the amplitudes
 *  and the asymptote that fit best, as parameters within the bounds. */
void spk__acg_start(const spk__acg_starts *starts, const double *acg_hz,
                    double parameters[SPK__ACG_N_PARAMETERS]);

/* ---- the fit: acg_fit.c ---- */

/** Doubles of scratch memory for spk__acg_fit(). */
int64_t spk__acg_fit_work_length(int64_t n_bins);

/** spk_acg_fit_estimate() without its checks, in the caller's memory. */
void spk__acg_fit(const spk__acg_starts *starts, double bin_ms, int64_t n_bins,
                  const double *acg_hz, double *work, spk_acg_fit *fit);

#endif
