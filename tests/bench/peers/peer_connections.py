# SPDX-License-Identifier: BSD-3-Clause
"""Correlograms and their significance by a peer: `peer_connections.py NAME FOLDER`.

The folder has samples.npy (at 1 kHz), units.npy, pairs.npy and, for NeuroPyxels, counts.npy.
Writes NAME.npy: counts [pairs][201], or predictions and p [2][pairs][201]; prints one JSON line.
"""
import contextlib
import io
import json
import os
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # read when numpy and numba are imported
    os.environ[f"{name}_NUM_THREADS"] = "1"

import numpy as np

REPEAT = 3
RATE_HZ = 1000.0


def elephant(trains, pairs, folder):
    import neo
    import quantities as pq
    from elephant.conversion import BinnedSpikeTrain
    from elephant.spike_train_correlation import cross_correlation_histogram

    stop = max(train[-1] for train in trains if len(train)) + 1
    binned = [
        BinnedSpikeTrain(neo.SpikeTrain((train + 0.5) / RATE_HZ, stop / RATE_HZ, units="s"),
                         bin_size=1 * pq.ms, t_start=0 * pq.s, t_stop=stop / RATE_HZ * pq.s)
        for train in trains
    ]

    def once():
        found = []
        for i, j in pairs:
            counts = cross_correlation_histogram(binned[i], binned[j], window=[-100, 100],
                                                 method="memory")[0]
            found.append(np.asarray(counts.magnitude).ravel())
        return found

    return once


def pynapple(trains, pairs, folder):
    import pynapple as nap

    group = nap.TsGroup({k: nap.Ts(train / RATE_HZ) for k, train in enumerate(trains)})

    def once():
        found = []
        for i, j in pairs:
            alone = group[[int(i)]], group[[int(j)]]
            rates = nap.compute_crosscorrelogram(alone, 0.001, 0.1, norm=False)
            found.append(np.rint(rates.values.ravel() * len(trains[i]) * 0.001))
        return found

    return once


def neuropyxels(trains, pairs, folder):
    import scipy.signal

    scipy.signal.triang = scipy.signal.windows.triang  # where it was when npyx was written
    with contextlib.redirect_stdout(io.StringIO()):
        from npyx.corr import StarkAbeles2009_ccg_sig
    counts = np.load(folder / "counts.npy")

    def once():
        # one by one: of several at once it fails
        found = [StarkAbeles2009_ccg_sig(c, W=20, WINTYPE="gauss", sgn=1) for c in counts]
        return [[np.ravel(pair[k]) for pair in found] for k in range(2)]

    return once


def main():
    name, folder = sys.argv[1], Path(sys.argv[2])
    warnings.simplefilter("ignore")
    samples, units = np.load(folder / "samples.npy"), np.load(folder / "units.npy")
    pairs = np.load(folder / "pairs.npy")
    trains = [samples[units == unit] for unit in range(units.max() + 1)]
    package = {"neuropyxels": "npyx"}.get(name, name)
    once = globals()[name](trains, pairs, folder)
    found = once()
    seconds = []
    for _ in range(REPEAT):
        start = time.process_time()
        once()
        seconds.append(time.process_time() - start)
    np.save(folder / f"{name}.npy", np.array(found))
    print(json.dumps({"what": name, "version": version(package),
                      "seconds_a_pair": min(seconds) / len(pairs)}))


if __name__ == "__main__":
    main()
