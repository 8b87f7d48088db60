# SPDX-License-Identifier: BSD-3-Clause
"""Quality metrics, PC metrics and comparison beside the peers; values are compared first."""
import importlib.util
import os
import statistics
import sys

import numpy as np
from bench_common import HERE, last_json, machine, simulate

# SpikeInterface's name of each metric and our names of the columns that it gives.
METRICS = {
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
TWELVE = [name for name in METRICS if name != "drift"]


def recording(scratch, n_units, n_spikes):
    """Spikes as in the other benchmarks, with an amplitude and a position each."""
    work = simulate(scratch / f"{n_units}-{n_spikes}", n_units, n_spikes)
    folder = work["samples"].parent
    work |= {"amplitudes": folder / "amplitudes.npy", "positions": folder / "positions.npy"}
    if not work["positions"].exists():
        draws = np.random.Generator(np.random.Philox(n_units + 1))
        units = np.load(work["units"])
        depth = draws.uniform(0, 3840, n_units)
        size = np.abs(draws.normal(50, 10, n_units))
        np.save(work["amplitudes"],
                draws.normal(size[units], 8).astype(np.float32))
        places = np.empty((len(units), 2), np.float32)
        places[:, 0] = draws.normal(30, 5, len(units))
        places[:, 1] = draws.normal(depth[units], 10)
        np.save(work["positions"], places)
    return work


def arrays(work):
    command = []
    for name in ("samples", "units", "amplitudes", "positions"):
        command += [f"--{name}", work[name]]
    return [*command, "--duration-s", 3600]


def ours(args, work, names, threads=1, repeat=3, values=None):
    command = [args.build / "bin" / "bench_quality", *arrays(work), "--threads", threads,
               "--repeat", repeat]
    if names:
        command += ["--metrics", ",".join(names)]
    if values:
        command += ["--values", values]
    return last_json(command)


def peer(work, names, jobs, values):
    command = [sys.executable, HERE / "peers" / "peer_quality.py", "--peer", "spikeinterface",
               *arrays(work), "--metrics", ",".join(names), "--jobs", jobs, "--values", values]
    return last_json(command)


def difference(ours_, theirs):
    """Largest relative difference; NaN must meet NaN (their -1 and 0 for "none" excepted)."""
    undefined = np.isnan(ours_)
    if not np.array_equal(undefined, np.isnan(theirs) | undefined & (theirs <= 0)):
        return float("inf")
    if undefined.all():
        return 0.0
    scale = np.maximum(np.abs(theirs[~undefined]), 1e-300)
    return float(np.max(np.abs(ours_[~undefined] - theirs[~undefined]) / scale))


def ties_only(work, ours_, theirs):
    """Units whose violations differ by intervals of exactly 1.5 ms, which SpikeInterface's
    seconds in floating point count or not; None if anything else differs."""
    samples, units = np.load(work["samples"]), np.load(work["units"])
    order = np.argsort(units, kind="stable")
    same = units[order][1:] == units[order][:-1]
    tie = same & (np.diff(samples[order]) == 45)  # 1.5 ms at 30 kHz
    ties = np.bincount(units[order][1:][tie], minlength=len(ours_))
    extra = theirs - ours_
    return int((extra > 0).sum()) if ((extra >= 0) & (extra <= ties)).all() else None


def median(values):
    return statistics.median(values)


def compare(args, work, scratch):
    """Each metric alone, then the twelve together; values first."""
    columns = [c for name in METRICS for c in METRICS[name]]
    found = ours(args, work, columns, repeat=1, values=scratch / "ours.npy")
    mine = dict(zip(found["columns"], np.load(scratch / "ours.npy")))
    theirs = peer(work, list(METRICS), 1, scratch / "peer.npz")
    values = np.load(scratch / "peer.npz")
    print(f"\n{work['name']}, one thread, SpikeInterface {theirs['version']}, one job")
    print(f"  {'metric':24}{'peer warm s':>12}{'ours s':>9}{'ratio':>8}  largest relative difference")
    total = {"peer": 0.0, "ours": 0.0}
    for name, names in METRICS.items():
        t = median(theirs["seconds"][name]["warm_s"])
        m = median(ours(args, work, names)["seconds"][1:])
        if name in TWELVE:
            total["peer"] += t
            total["ours"] += m
        worst = max(difference(mine[c], values[c]) for c in names)
        words = f"{worst:.1e}"
        if name == "isi_violation" and worst > 0:
            n = ties_only(work, *(v["isi_violations_count"] for v in (mine, values)))
            words = "DIFFER" if n is None else f"0 but for intervals of exactly 1.5 ms ({n} units)"
        print(f"  {name:24}{t:12.3f}{m:9.4f}{t / m:8.1f}  {words}", flush=True)
    twelve = [c for name in TWELVE for c in METRICS[name]]
    alone = total["peer"] / total["ours"]
    print(f"  {'the twelve, each alone':24}{total['peer']:12.2f}{total['ours']:9.3f}{alone:8.1f}")
    for jobs in (1, 2):
        t, rounds = [], max(1, args.rounds - 1)
        m = []
        for _ in range(rounds):
            r = peer(work, TWELVE, jobs, scratch / "peer.npz")
            t += r["seconds"]["together"]["warm_s"]
            own = ours(args, work, twelve, jobs, 3)
            m += own["seconds"][1:]
        label = f"in one call, {jobs} job{'s' * (jobs > 1)}"
        print(f"  {label:24}{median(t):12.2f}{median(m):9.3f}{median(t) / median(m):8.1f}  "
              f"peak {own['peak_mb']:.0f} MB, theirs {r['peak_mb']:.0f} MB", flush=True)


def alone(args, work):
    """What no peer here computes: all metrics of spike times, and all of them."""
    print("\nours alone, one call (grouping by unit included), one thread and two")
    groups = [("all that the data allow", None), ("firing patterns", ["firing"])]
    for label, names in groups:
        one = ours(args, work, names)
        two = ours(args, work, names, threads=2)
        a, b = median(one["seconds"][1:]), median(two["seconds"][1:])
        print(f"  {label:26}{a:8.3f} s {b:8.3f} s  {len(one['columns'])} columns, "
              f"peak {one['peak_mb']:.0f} MB", flush=True)


def run(args):
    scratch = args.build / "inputs"
    scratch.mkdir(parents=True, exist_ok=True)
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)  # numpy's own choice of kernel, for the peers
    print(machine())
    n_spikes = 2 * 10**6 if args.quick else 2 * 10**7
    work = recording(scratch, 1000, n_spikes)
    if not args.ours:
        compare(args, work, scratch)
    alone(args, work)
    for name in ("isolation", "comparison", "merging"):
        if importlib.util.find_spec(name):
            importlib.import_module(name).run(args)
