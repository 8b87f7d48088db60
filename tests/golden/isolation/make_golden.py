"""Makes this folder: a small Kilosort folder and what peers say of its units.

Run where spikeinterface and bombcell are installed; versions.txt names the versions used. The
peers' functions get arrays that are made here by the rule that the metrics state: a unit's
space is all components on the channels of its template, the spikes around are those of units
whose main channel is among them, in order of time, 0 where they have no feature.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
from bombcell.quality_metrics import get_distance_metrics
from sklearn.metrics import silhouette_samples, silhouette_score
from sklearn.neighbors import NearestNeighbors
from spikeinterface.metrics.quality import pca_metrics

FOLDER = Path(__file__).parent
COLUMNS = [
    "isolation_distance",
    "l_ratio",
    "d_prime",
    "nn_hit_rate",
    "nn_miss_rate",
    "nn_hit_rate_allen",
    "nn_miss_rate_allen",
    "silhouette",
    "silhouette_full",
    "silhouette_allen",
    "isolation_distance_bombcell",
    "l_ratio_bombcell",
]
N_CHANNELS, N_COMPONENTS, N_LOCAL, RATE = 10, 3, 5, 30000
COUNTS = [70, 120, 55, 40, 90, 35, 25, 150]


def make_folder():
    rng = np.random.default_rng(20)
    xy = np.c_[np.tile([16.0, 48.0], N_CHANNELS // 2), np.arange(N_CHANNELS) // 2 * 20.0]
    peaks = np.array([0, 1, 2, 3, 4, 5, 9, 9])
    distance = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    channels = np.argsort(distance[peaks], axis=1, kind="stable")[:, :N_LOCAL]
    templates = np.repeat(np.arange(len(peaks)), COUNTS)
    rng.shuffle(templates)
    features = np.empty((len(templates), N_COMPONENTS, N_LOCAL), np.float32)
    for t, peak in enumerate(peaks):
        mean = 1.6 * np.exp(-distance[peak] / 40) * rng.normal(0, 1, (N_COMPONENTS, 1))
        own = templates == t
        features[own] = mean[:, channels[t]] + rng.normal(0, 1, features[own].shape)
    save = {
        "spike_times": np.sort(rng.integers(0, 60 * RATE, len(templates))),
        "spike_templates": templates.astype(np.int32),
        "spike_clusters": templates.astype(np.int32),
        "channel_positions": xy,
        "pc_features": features,
        "pc_feature_ind": channels.astype(np.uint32),
    }
    for name, array in save.items():
        np.save(FOLDER / f"{name}.npy", array)
    (FOLDER / "params.py").write_text(f"sample_rate = {RATE}.\n")
    return features.astype(np.float64), channels, templates


def place(features, channels, templates, spikes, space):
    """[n][n_components][len(space)], 0 where a spike has no feature."""
    placed = np.zeros((len(spikes), N_COMPONENTS, len(space)))
    for i, s in enumerate(spikes):
        for k, channel in enumerate(space):
            at = np.flatnonzero(channels[templates[s]] == channel)
            if len(at):
                placed[i, :, k] = features[s, :, at[0]]
    return placed


def nearest_with_itself(pcs, own, n_neighbors):
    """The Allen Institute's rates: neighbours that count the spike itself, left out then."""
    n = own.sum()
    pcs = np.concatenate([pcs[own], pcs[~own]])
    nearest = NearestNeighbors(n_neighbors=n_neighbors).fit(pcs).kneighbors(pcs)[1][:, 1:]
    return (nearest[:n] < n).mean(), (nearest[n:] < n).mean()


def peers_of(unit, units, features, channels, templates, main):
    space = channels[unit]
    around = [v for v in units if main[v] in space]
    spikes = np.flatnonzero(np.isin(templates, around))
    labels = templates[spikes]
    pcs = place(features, channels, templates, spikes, space).reshape(len(spikes), -1)
    row = list(pca_metrics.mahalanobis_metrics(pcs, labels, unit))
    row.append(pca_metrics.d_prime_metric(pcs, labels, unit))
    row += pca_metrics.nearest_neighbors_metrics(pcs, labels, unit, 10000, 5)
    row += nearest_with_itself(pcs, labels == unit, 4)
    row.append(pca_metrics.simplified_silhouette_score(pcs, labels, unit))
    row.append(silhouette_samples(pcs, labels)[labels == unit].mean())
    pairs = [np.isin(labels, [unit, v]) for v in around if v != unit]
    row.append(min(silhouette_score(pcs[both], labels[both]) for both in pairs))
    row += get_distance_metrics(
        features, channels, unit, templates, {"nChannelsIsoDist": 4}
    )[:2]
    return row


def main():
    features, channels, templates = make_folder()
    units = np.unique(templates)
    peak = {}
    for u in units:
        own = np.flatnonzero(templates == u)
        mean = place(features, channels, templates, own, channels[u]).mean(axis=0)
        peak[u] = channels[u][(mean**2).sum(axis=0).argmax()]
    table = [peers_of(u, units, features, channels, templates, peak) for u in units]
    np.save(FOLDER / "expected.npy", np.array(table, dtype=np.float64))
    names = ["spikeinterface", "bombcell", "scikit-learn", "scipy", "numpy"]
    (FOLDER / "versions.txt").write_text("".join(f"{n} {version(n)}\n" for n in names))


if __name__ == "__main__":
    main()
