# SPDX-License-Identifier: BSD-3-Clause
"""Times SpikeInterface's functions of principal components on some units of a session.

Each is called as SpikeInterface's own loop calls it, on the spikes around one unit in the
space of its template's channels; gathering them is not timed. Prints one JSON line: seconds
for all the units asked for, and their values.
"""
import os

for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

import argparse
import contextlib
import json
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np


class Session:
    def __init__(self, folder):
        self.units = np.load(folder / "spike_clusters.npy").ravel()
        self.features = np.load(folder / "pc_features.npy", mmap_mode="r")
        self.channels = np.load(folder / "pc_feature_ind.npy")
        self.spikes = [np.flatnonzero(self.units == u) for u in range(len(self.channels))]
        self.main = self.channels[:, 0]  # nearest first, as the inputs are made

    def around(self, unit):
        """Features and labels of the unit and of those whose main channel is among its own."""
        space = self.channels[unit]
        pcs, labels = [], []
        for other in np.flatnonzero(np.isin(self.main, space)):
            values = np.zeros((len(self.spikes[other]), self.features.shape[1], len(space)))
            for k, channel in enumerate(space):
                found = np.flatnonzero(self.channels[other] == channel)
                if len(found):
                    values[:, :, k] = self.features[self.spikes[other], :, found[0]]
            pcs.append(values.reshape(len(values), -1))
            labels.append(np.full(len(values), other))
        return np.concatenate(pcs), np.concatenate(labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--session", type=Path, required=True)
    parser.add_argument("--units", required=True, help="ids separated by commas")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):
        from spikeinterface.metrics.quality import pca_metrics as si

        functions = {
            "mahalanobis": lambda p, l, u: si.mahalanobis_metrics(p, l, u),
            "d_prime": lambda p, l, u: (si.d_prime_metric(p, l, u),),
            "nearest_neighbor": lambda p, l, u: si.nearest_neighbors_metrics(p, l, u, 10000, 5),
            "silhouette": lambda p, l, u: (si.simplified_silhouette_score(p, l, u),),
        }
        session = Session(args.session)
        seconds = dict.fromkeys(functions, 0.0)
        values = {name: [] for name in functions}
        for unit in map(int, args.units.split(",")):
            pcs, labels = session.around(unit)
            for name, function in functions.items():
                start = time.perf_counter()
                found = function(pcs, labels, unit)
                seconds[name] += time.perf_counter() - start
                values[name].append([float(v) for v in found])
    print(json.dumps({"version": version("spikeinterface"), "seconds": seconds,
                      "values": values}))


if __name__ == "__main__":
    main()
