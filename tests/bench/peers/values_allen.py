# SPDX-License-Identifier: BSD-3-Clause
"""Metrics of the Allen Institute's ecephys_spike_sorting: arrays by its own names."""
import numpy as np

from .peer_isolation import Session


def trains(session):
    from ecephys_spike_sorting.modules.quality_metrics import metrics as allen

    times = session.samples / session.sampling_rate_hz
    amplitudes = np.asarray(session.amplitudes).ravel()
    first, last = times.min(), times.max()
    rows = []
    for unit in range(session.n_units):
        own = session.units == unit
        rows.append([allen.firing_rate(times[own], first, last),
                     allen.presence_ratio(times[own], first, last),
                     *allen.isi_violations(times[own], first, last, 0.0015),
                     allen.amplitude_cutoff(amplitudes[own])])
    names = ("firing_rate", "presence_ratio", "isi_viol", "num_viol", "amplitude_cutoff")
    return dict(zip(names, np.array(rows, float).T))


def templates(unwhitened, rate):
    from ecephys_spike_sorting.modules.mean_waveforms import waveform_metrics as allen

    rows = []
    for unit, template in enumerate(unwhitened):
        rows.append(allen.calculate_waveform_metrics(
            template.T[None].astype(float), unit, int(np.ptp(template, 0).argmax()),
            np.arange(template.shape[1]), rate, 200 / 82, 0.12, 16, 10e-6, "all").iloc[0])
    names = ("duration", "halfwidth", "PT_ratio", "repolarization_slope", "recovery_slope",
             "amplitude", "spread", "velocity_above", "velocity_below")
    return {name: np.array([row[name] for row in rows], float) for name in names}


def features(folder, rate):
    """Isolation on the spikes around each unit, and drift as its own loop has it."""
    from ecephys_spike_sorting.modules.quality_metrics import metrics as allen

    session = Session(folder)
    units, channels = session.units, session.channels
    rows = []
    for unit in range(len(channels)):
        pcs, labels = session.around(unit)
        rows.append([*allen.mahalanobis_metrics(pcs, labels, unit),
                     allen.lda_metrics(pcs, labels, unit),
                     *allen.nearest_neighbors_metrics(pcs, labels, unit, 10000, 4)])
    names = ("isolation_distance", "l_ratio", "d_prime", "nn_hit_rate", "nn_miss_rate")
    found = dict(zip(names, np.array(rows, float).T))
    pcs = np.asarray(session.features, float)
    times = np.load(folder / "spike_times.npy").ravel() / rate
    deep = (pcs[:, 0] > 0).any(axis=1)
    deep[[0, -1]] = True  # the intervals begin and end with the recording
    for words, kept in (("", slice(None)), (" with a depth", deep)):
        drift = allen.calculate_drift_metrics(
            times[kept], units[kept], units[kept], len(channels), pcs[kept], channels, 100, 10,
            do_parallel=False)
        for ours, name, values in zip(("max_drift_allen", "cumulative_drift_allen"),
                                      ("max_drift", "cumulative_drift"), drift):
            found[f"{ours}{words}" if words else name] = values
    return found


def silhouettes(folder):
    """Of all spikes, in place of a draw among them."""
    from ecephys_spike_sorting.modules.quality_metrics import metrics as allen

    if not hasattr(np, "in1d"):  # which it calls, and numpy dropped
        np.in1d = np.isin
    session = Session(folder)
    units = session.units
    return allen.calculate_silhouette_score(
        units, units, len(session.channels), np.asarray(session.features, float),
        session.channels, len(units), do_parallel=False)
