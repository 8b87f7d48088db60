# SPDX-License-Identifier: BSD-3-Clause
"""Times SpikeInterface on the comparison of two sortings; prints one JSON line.

"warm_s" is the comparison of sortings that are built outside the clock; "from_arrays_s" also
builds them, which is what a caller who has arrays waits for. Packages: requirements.txt.
"""
import os

for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):  # read when numpy and numba are imported
    os.environ[f"{name}_NUM_THREADS"] = "1"

import argparse
import json
import resource
import time
import warnings
from importlib.metadata import version

import numpy as np


def sortings(data):
    from spikeinterface.core import NumpySorting

    return [
        NumpySorting.from_samples_and_labels(
            [samples], [units], data.rate, unit_ids=np.arange(data.n_units)
        )
        for samples, units in data.tables
    ]


def timed(call):
    start = time.perf_counter()
    result = call()
    return round(time.perf_counter() - start, 6), result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for side in "ab":
        parser.add_argument(f"--samples-{side}", required=True, help="sample times (.npy)")
        parser.add_argument(f"--units-{side}", required=True, help="unit of each spike (.npy)")
    parser.add_argument("--n-units", type=int, required=True)
    parser.add_argument("--rate", type=float, default=30000.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--truth", action="store_true")
    parser.add_argument("--matches", help="write the match counts here (.npy)")
    data = parser.parse_args()
    data.tables = [
        (np.load(data.samples_a), np.load(data.units_a)),
        (np.load(data.samples_b), np.load(data.units_b)),
    ]
    warnings.simplefilter("ignore")
    from spikeinterface.comparison import compare_sorter_to_ground_truth, compare_two_sorters

    compare = compare_sorter_to_ground_truth if data.truth else compare_two_sorters
    built = sortings(data)
    cold_s, result = timed(lambda: compare(*built))
    warm_s = [timed(lambda: compare(*built))[0] for _ in range(data.repeat)]
    from_arrays_s = [timed(lambda: compare(*sortings(data)))[0] for _ in range(data.repeat)]
    if data.matches:
        np.save(data.matches, result.match_event_count.to_numpy().astype(np.int64))
    report = {
        "peer": "spikeinterface",
        "version": version("spikeinterface"),
        "cold_s": cold_s,
        "warm_s": warm_s,
        "from_arrays_s": from_arrays_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
