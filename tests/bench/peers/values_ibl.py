# SPDX-License-Identifier: BSD-3-Clause
"""Metrics of the International Brain Laboratory's packages: arrays by their own names."""
import numpy as np


def sliding(times, units, n_units):
    """slidingRP alone."""
    import slidingRP.metrics as package

    names = ("max_confidence", "min_contamination", "rp_min_val", "n_spikes_below2", None,
             "slidingRP_viol", "slidingRP_viol_forced")
    found = {name: np.full(n_units, np.nan) for name in names if name}
    for unit in range(n_units):
        own = times[units == unit]
        for name, value in zip(names, package.slidingRP(own) if len(own) else ()):
            if name:
                found[name][unit] = float(value)
    return found


def trains(session):
    """ibllib's table of unit metrics, and two of the functions beside it."""
    from brainbox.metrics import single_units as brainbox

    times = session.samples / session.sampling_rate_hz
    depths = np.asarray(session.spike_positions, float)[:, 1]
    amplitudes = np.asarray(session.amplitudes).ravel()
    table = brainbox.quick_unit_metrics(np.asarray(session.units), times, amplitudes, depths)
    found = {name: np.asarray(values, float) for name, values in table.items()
             if name not in ("label", "bitwise_fail", "cluster_id")}
    for name in ("firing_rate_coeff_var", "firing_rate_fano_factor"):
        function = getattr(brainbox, name)
        found[name] = np.array([rate_metric(function, times[session.units == unit])
                                for unit in range(session.n_units)])
    return found


def rate_metric(function, times):
    """NaN where there is no part long enough for its window."""
    try:
        return float(function(times)[0])
    except (ValueError, IndexError, ZeroDivisionError):
        return np.nan
