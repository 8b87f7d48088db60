# SPDX-License-Identifier: BSD-3-Clause
"""Times SpikeInterface or bombcell on quality metrics of arrays; prints one JSON line.

Objects of the peer are built outside the clock, anew for each call: amplitudes and positions
are put into its extensions, so that only the metric is timed. Every metric is called once to warm up and then
--repeat times; "together" is one call for all of them. Values go to --values as an .npz.
Packages: requirements.txt.
"""
import os

THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA")
for name in THREADS:  # before numpy and numba are imported: they read these once
    os.environ.setdefault(f"{name}_NUM_THREADS", "1")

import argparse
import contextlib
import json
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np

# SpikeInterface's name of each metric and the columns that it gives.
SPIKEINTERFACE = {
    "num_spikes": ["num_spikes"],
    "firing_rate": ["firing_rate"],
    "presence_ratio": ["presence_ratio"],
    "isi_violation": ["isi_violations_ratio", "isi_violations_count"],
    "rp_violation": ["rp_contamination", "rp_violations"],
    "sliding_rp_violation": ["sliding_rp_violation"],
    "synchrony": ["sync_spike_2", "sync_spike_4", "sync_spike_8"],
    "firing_range": ["firing_range"],
    "amplitude_cutoff": ["amplitude_cutoff"],
    "amplitude_median": ["amplitude_median"],
    "amplitude_cv": ["amplitude_cv_median", "amplitude_cv_range"],
    "noise_cutoff": ["noise_cutoff", "noise_ratio"],
    "drift": ["drift_ptp", "drift_std", "drift_mad"],
}


def analyzer_of(data):
    """A SortingAnalyzer of spike times, with amplitudes and positions as if computed."""
    from spikeinterface.core import NumpySorting, create_sorting_analyzer, generate_recording
    from spikeinterface.postprocessing import ComputeSpikeAmplitudes, ComputeSpikeLocations

    sorting = NumpySorting.from_samples_and_labels(
        [data.samples], [data.units], data.rate, unit_ids=np.arange(data.n_units)
    )
    recording = generate_recording(
        num_channels=4, sampling_frequency=data.rate, durations=[data.duration_s]
    )
    analyzer = create_sorting_analyzer(sorting, recording, sparse=False, format="memory")
    done = {"run_completed": True, "runtime_s": 0.0}
    if data.amplitudes is not None:
        extension = ComputeSpikeAmplitudes(analyzer)
        extension.params, extension.run_info = {"peak_sign": "neg"}, done
        extension.data["amplitudes"] = data.amplitudes
        analyzer.extensions["spike_amplitudes"] = extension
    if data.positions is not None:
        extension = ComputeSpikeLocations(analyzer)
        extension.params, extension.run_info = {"method": "center_of_mass"}, done
        kind = [("x", "f8"), ("y", "f8")]
        locations = np.empty(len(data.positions), kind)
        locations["x"], locations["y"] = data.positions.T
        extension.data["spike_locations"] = locations
        analyzer.extensions["spike_locations"] = extension
    return analyzer


def spikeinterface(data, names, jobs):
    from spikeinterface.metrics import compute_quality_metrics

    def call(chosen):
        analyzer = analyzer_of(data)  # a new one each time: it keeps what it once computed
        start = time.perf_counter()
        frame = compute_quality_metrics(
            analyzer, metric_names=chosen, skip_pc_metrics=True, n_jobs=jobs, progress_bar=False
        )
        seconds = time.perf_counter() - start
        columns = [c for n in chosen for c in SPIKEINTERFACE[n]]
        return seconds, {c: np.asarray(frame[c], float) for c in columns}

    return call, names or list(SPIKEINTERFACE)


PEERS = {"spikeinterface": spikeinterface}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peer", choices=PEERS, required=True)
    parser.add_argument("--samples", required=True)
    parser.add_argument("--units", required=True)
    parser.add_argument("--amplitudes")
    parser.add_argument("--positions")
    parser.add_argument("--rate", type=float, default=30000)
    parser.add_argument("--duration-s", type=float, required=True)
    parser.add_argument("--metrics", help="names separated by commas; default all")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--values")
    args = parser.parse_args()
    args.samples, args.units = np.load(args.samples).ravel(), np.load(args.units).ravel()
    args.n_units = int(args.units.max()) + 1
    for name in ("amplitudes", "positions"):
        path = getattr(args, name)
        setattr(args, name, None if path is None else np.load(path))
    warnings.simplefilter("ignore")
    values, seconds = {}, {}
    with contextlib.redirect_stdout(sys.stderr):
        names = args.metrics.split(",") if args.metrics else None
        call, names = PEERS[args.peer](args, names, args.jobs)
        for label, chosen in [(n, [n]) for n in names] + [("together", names)]:
            times = []
            for _ in range(args.repeat + (label != "together")):
                elapsed, found = call(chosen)
                times.append(elapsed)
            values.update(found)
            seconds[label] = {"cold_s": times[0], "warm_s": times[1:] or times}
    if args.values:
        np.savez(args.values, **values)
    import resource

    print(json.dumps({
        "what": args.peer,
        "version": version(args.peer),
        "jobs": args.jobs,
        "seconds": seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))


if __name__ == "__main__":
    main()
