# SPDX-License-Identifier: BSD-3-Clause
"""SpikeInterface's metrics of spikes, templates and features: arrays by its own names."""
from types import SimpleNamespace

import numpy as np

from .peer_isolation import Session
from .peer_quality import SPIKEINTERFACE, analyzer_of


def trains(session):
    """Its quality metrics of a session with amplitudes and positions."""
    from spikeinterface.metrics import compute_quality_metrics

    order = np.lexsort((session.units, session.samples))  # its own order of spikes at one time
    data = SimpleNamespace(
        samples=session.samples[order], units=session.units[order],
        rate=session.sampling_rate_hz, n_units=session.n_units,
        duration_s=session.stop_sample / session.sampling_rate_hz,
        amplitudes=np.asarray(session.amplitudes).ravel()[order],
        positions=np.asarray(session.spike_positions)[order])
    frame = compute_quality_metrics(
        analyzer_of(data), metric_names=list(SPIKEINTERFACE), skip_pc_metrics=True, n_jobs=1,
        progress_bar=False)
    return {c: np.asarray(frame[c], float) for names in SPIKEINTERFACE.values() for c in names}


def templates(golden, unwhitened, places):
    """Its metrics of templates in microvolt, called as the script of the golden values does."""
    main = golden.main_channels(unwhitened, "extremum")
    argsort, np.argsort = np.argsort, golden.stable_argsort()
    try:
        rows = [{**golden.single_channel(x[:, m]), **golden.several_channels(x, places, m)}
                for x, m in zip(unwhitened, main)]
    finally:
        np.argsort = argsort
    return {name: np.array([row[name] for row in rows], float) for name in rows[0]}


def features(folder):
    """Its metrics of principal components, on the spikes around each unit."""
    from spikeinterface.metrics.quality import pca_metrics as si

    session = Session(folder)
    rows = []
    for unit in range(len(session.channels)):
        pcs, labels = session.around(unit)
        rows.append([*si.mahalanobis_metrics(pcs, labels, unit),
                     si.d_prime_metric(pcs, labels, unit),
                     *si.nearest_neighbors_metrics(pcs, labels, unit, 10000, 5),
                     si.simplified_silhouette_score(pcs, labels, unit)])
    names = ("isolation_distance", "l_ratio", "d_prime", "nn_hit_rate", "nn_miss_rate",
             "silhouette")
    return dict(zip(names, np.array(rows, float).T))
