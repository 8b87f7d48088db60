# SPDX-License-Identifier: BSD-3-Clause
"""Why a tool's value differs from ours, by our metric, the tool, and where it matters the data."""
PYTHON = "bombcell_toy_ks2, Python table of 2026-02"
MATLAB = "bombcell_toy_ks2, MATLAB table of 2025-04"
CELLS = "cellexplorer_units"

FIT = "its fit stops at a tolerance of 1e-3, ours when it rests"
LAST = "it leaves out the last spike of the recording"
OLD_FIT = "another fit, by an older version"
OPTIMUM = ("parameters trade with each other in its model, and its search stopped at bounds or "
           "elsewhere; ours fits as well or better (see `acg_fit_r_square`)")
STOPS = "its fit stops at 1e-8 of the sum of squares"
HISTOGRAM = "the number of its histogram's bins in one unit, their edges in another, by rounding"
SESSION = "it had all units of the session, of which a few are here"

REASONS = {
    ("exp_decay", "spikeinterface"): STOPS,
    ("spatial_decay_bombcell", "bombcell"): STOPS,
    ("spatial_decay_bombcell", "bombcell", MATLAB): "fitted to other channels",
    ("percent_missing_bombcell", "bombcell"): FIT,
    ("percent_missing_bombcell", "bombcell", MATLAB): OLD_FIT,
    ("percent_missing_symmetric_bombcell", "bombcell"): LAST,
    ("percent_missing_symmetric_bombcell", "bombcell", MATLAB): OLD_FIT,
    ("presence_ratio_bombcell", "bombcell", MATLAB): "its first bin began at sample 0",
    ("rpv_hill_bombcell", "bombcell", PYTHON):
        "without a solution it gave n / (2 (r - c) (N - n)); today it gives 1, as here",
    ("rpv_hill_bombcell", "bombcell", MATLAB):
        "without a solution it gave n / (2 (r - c) (N - n)), and its time began at sample 0",
    ("n_peaks_bombcell", "bombcell", MATLAB): "it has one of two equally high peaks",
    ("peak1_to_peak2_ratio_bombcell", "bombcell", MATLAB):
        "a peak before that is only the largest sample there counted as 0",
    ("trough_to_peak2_ratio_bombcell", "bombcell", MATLAB):
        "a peak before that is only the largest sample there was looked for elsewhere",
    ("firing_rate_cv_ibl", "ibl"): HISTOGRAM,
    ("fano_factor_ibl", "ibl"): HISTOGRAM,
    ("firing_rate_span", "allen", CELLS): SESSION,
    ("isi_violations_ratio_allen", "allen", CELLS):
        SESSION + ", and some of three units' spikes have moved since",
    **{(name, "cellexplorer"): OPTIMUM for name in (
        "acg_tau_decay", "acg_tau_rise", "acg_decay_amplitude", "acg_rise_ratio",
        "acg_asymptote", "acg_refractory", "acg_tau_burst", "acg_burst_amplitude")},
}
