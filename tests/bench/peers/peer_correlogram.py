# SPDX-License-Identifier: BSD-3-Clause
"""Times one peer on all correlograms of a recording, in one thread; prints one JSON line.

The peer's own objects are built outside the clock. The first call, which may compile, is
reported apart as cold_s. Packages: requirements.txt. With --max-units n only the spikes
of the units 0 .. n - 1 are used, for peers that take minutes on all of them.
"""
import os

# Before numpy and numba are imported: they read these once.
for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

import argparse
import contextlib
import json
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np


def spikeinterface(data, fast_mode="off"):
    from spikeinterface.core import NumpySorting
    from spikeinterface.postprocessing import compute_correlograms

    sorting = NumpySorting.from_samples_and_labels(
        [data.samples], [data.units], data.rate, unit_ids=np.arange(data.n_units)
    )

    def call():
        counts, _ = compute_correlograms(
            sorting,
            window_ms=data.window_ms,
            bin_ms=data.bin_ms,
            method="numba",
            fast_mode=fast_mode,
            n_jobs=1,
        )
        return counts

    return call, np.asarray


def spikeinterface_fast(data):
    import numba

    numba.set_num_threads(1)
    return spikeinterface(data, fast_mode="on")


def phylib(data):
    from phylib.stats.ccg import correlograms

    times = data.samples / data.rate

    def call():
        return correlograms(
            times,
            data.units,
            cluster_ids=np.arange(data.n_units),
            sample_rate=data.rate,
            bin_size=data.bin_ms / 1e3,
            window_size=data.window_ms / 1e3,
        )

    return call, np.asarray


def pynapple(data):
    import pynapple as nap

    times = data.samples / data.rate
    support = nap.IntervalSet(times.min() - 1, times.max() + 1)
    trains = {u: nap.Ts(times[data.units == u]) for u in range(data.n_units)}
    group = nap.TsGroup(trains, time_support=support)
    bin_s = data.bin_ms / 1e3
    size = dict(binsize=bin_s, windowsize=data.window_ms / 2e3, norm=False)

    def call():
        acgs = nap.compute_autocorrelogram(group, **size)
        forward = nap.compute_crosscorrelogram(group, **size)
        backward = nap.compute_crosscorrelogram(group, **size, reverse=True)
        return acgs, forward, backward

    def cube(result):
        acgs, *pairs = result
        n_spikes = np.bincount(data.units, minlength=data.n_units)
        counts = np.zeros((data.n_units, data.n_units, len(acgs)))
        for unit, column in acgs.items():
            counts[unit, unit] = column
        for table in pairs:
            i, j = np.array(list(table.columns)).reshape(-1, 2).T
            counts[i, j] = table.to_numpy().T
        # Rates back to counts; a silent reference has 0 / 0.
        counts *= n_spikes[:, None, None] * bin_s
        return np.rint(np.nan_to_num(counts))

    return call, cube


def npyx(data):
    from npyx.corr import crosscorr_cyrille

    def call():
        return crosscorr_cyrille(
            data.samples,
            data.units,
            data.window_ms,
            data.bin_ms,
            data.rate,
            # Otherwise a second run reads the first one's result from the disk.
            again=True,
            cache_results=False,
        )

    def cube(result):
        # It numbers only the units that fire.
        present = np.unique(data.units)
        counts = np.zeros((data.n_units, data.n_units, result.shape[2]))
        counts[np.ix_(present, present)] = result
        return counts

    return call, cube


# peer: (function, package)
PEERS = {
    "spikeinterface": (spikeinterface, "spikeinterface"),
    "spikeinterface-fast": (spikeinterface_fast, "spikeinterface"),
    "phylib": (phylib, "phylib"),
    "pynapple": (pynapple, "pynapple"),
    "npyx": (npyx, "npyx"),
}


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peer", required=True, choices=PEERS)
    parser.add_argument("--samples", required=True, help="sample times, sorted (.npy)")
    parser.add_argument("--units", required=True, help="unit of each spike (.npy)")
    parser.add_argument("--rate", type=float, required=True, help="sampling rate [Hz]")
    parser.add_argument("--window-ms", type=float, required=True, help="full width")
    parser.add_argument("--bin-ms", type=float, required=True)
    parser.add_argument("--repeat", type=int, default=3, help="warm calls")
    parser.add_argument("--max-units", type=int, help="use the first n units only")
    parser.add_argument("--counts", help="write the cube of the last call here (.npy)")
    data = parser.parse_args()
    data.samples = np.load(data.samples).astype(np.int64).ravel()
    data.units = np.load(data.units).astype(np.int32).ravel()
    data.n_units = int(data.units.max()) + 1
    if data.max_units is not None and data.max_units < data.n_units:
        keep = data.units < data.max_units
        data.samples, data.units = data.samples[keep], data.units[keep]
        data.n_units = data.max_units
    return data


def timed(call):
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def main():
    data = read_arguments()
    prepare, package = PEERS[data.peer]
    warnings.simplefilter("ignore")
    # Some packages greet on stdout, which is for the JSON line.
    with contextlib.redirect_stdout(sys.stderr):
        call, cube = prepare(data)
        cold_s, result = timed(call)
        warm_s = []
        for _ in range(data.repeat):
            result = None  # never two results in memory
            seconds, result = timed(call)
            warm_s.append(round(seconds, 6))
    if data.counts:
        np.save(data.counts, cube(result).astype(np.int64))
    report = {
        "peer": data.peer,
        "version": version(package),
        "cold_s": round(cold_s, 6),
        "warm_s": warm_s,
        "n_units": data.n_units,
        "n_spikes": len(data.samples),
        "threads": 1,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
