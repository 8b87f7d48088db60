# SPDX-License-Identifier: BSD-3-Clause
"""Comparison of two sortings beside SpikeInterface; match counts are compared first."""
import statistics
import sys

import numpy as np
from bench_common import HERE, last_json, simulate


def sorted_again(work):
    """95 % of the spikes, moved by up to 5 samples."""
    folder = work["samples"].parent
    samples_b, units_b = folder / "samples-b.npy", folder / "units-b.npy"
    if not units_b.exists():
        draws = np.random.Generator(np.random.Philox(7))
        samples, units = np.load(work["samples"]), np.load(work["units"])
        kept = draws.random(len(samples)) < 0.95
        samples, units = samples[kept], units[kept]
        samples = np.maximum(samples + draws.integers(-5, 6, len(samples)), 0)
        order = np.argsort(samples, kind="stable")
        np.save(samples_b, samples[order])
        np.save(units_b, units[order])
    return ["--samples-a", work["samples"], "--units-a", work["units"],
            "--samples-b", samples_b, "--units-b", units_b]


def compare(args, scratch, files, n_units, truth):
    flag = ["--truth"] if truth else []
    program = [args.build / "bin" / "bench_comparison", *files, *flag]
    peer = [sys.executable, HERE / "peers" / "peer_comparison.py", *files, *flag,
            "--n-units", n_units]
    mine, theirs = scratch / "matches-ours.npy", scratch / "matches-peer.npy"
    label = "against the truth" if truth else "two sorters"
    one, two, warm, built = [], [], [], []
    equal = peak = ""
    for _ in range(args.rounds):
        own = last_json([*program, "--repeat", 5, "--matches", mine])
        one += own["seconds"][1:]
        two += last_json([*program, "--repeat", 3, "--threads", 2])["seconds"][1:]
        if not args.ours:
            found = last_json([*peer, "--repeat", 2, "--matches", theirs])
            warm += found["warm_s"]
            built += found["from_arrays_s"]
            equal = "equal" if np.array_equal(np.load(mine), np.load(theirs)) else "DIFFER"
            peak = f", theirs {found['peak_mb']:.0f} MB"
    ours = statistics.median(one)
    line = f"  {label:18}{ours:9.3f}{statistics.median(two):9.3f}"
    for times in (warm, built):
        seconds = statistics.median(times) if times else float("nan")
        line += f"{seconds:12.2f}{seconds / ours:7.1f}"
    print(f"{line}  {equal} peak {own['peak_mb']:.0f} MB{peak}", flush=True)


def run(args):
    scratch = args.build / "inputs"
    n_spikes = 10**6 if args.quick else 10**7
    work = simulate(scratch / f"comparison-{n_spikes}", 500, n_spikes)
    files = sorted_again(work)
    print(f"\ncomparison, {work['name']}, and 95 % of them moved by up to 5 samples")
    print(f"  {'':18}{'ours s':>9}{'2 thr.':>9}{'peer warm s':>12}{'ratio':>7}"
          f"{'from arrays':>12}{'ratio':>7}  match counts")
    for truth in (True, False):
        compare(args, scratch, files, work["n_units"], truth)
