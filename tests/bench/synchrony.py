# SPDX-License-Identifier: BSD-3-Clause
"""Tiling coefficients of all pairs beside elephant, which can run some pairs only; values are
compared first."""
import itertools
import sys

import numpy as np
from bench_common import HERE, last_json, machine, simulate

WINDOW_S = 0.005


def ours(args, work, values, repeat, more=()):
    return last_json([args.build / "bin" / "bench_synchrony", "--samples", work["samples"],
                      "--units", work["units"], "--window-s", WINDOW_S, "--repeat", repeat,
                      "--values", values, *more])


def elephant(work, pairs, values):
    return last_json([sys.executable, HERE / "peers" / "peer_synchrony.py",
                      "--samples", work["samples"], "--units", work["units"],
                      "--window-s", WINDOW_S, "--values", values,
                      "--pairs", ",".join(f"{a}:{b}" for a, b in pairs)])


def short(scratch):
    """Three seconds, in which elephant's tolerance stays below a sample."""
    folder = scratch / "synchrony"
    folder.mkdir(parents=True, exist_ok=True)
    draws = np.random.Generator(np.random.Philox(12))
    work = {"samples": folder / "samples.npy", "units": folder / "units.npy"}
    np.save(work["samples"], np.sort(draws.integers(0, 90000, 2000)))
    np.save(work["units"], draws.integers(0, 10, 2000).astype(np.int32))
    return work


def compare(args, work, pairs, scratch):
    mine, theirs = scratch / "ours.npy", scratch / "elephant.npy"
    ours(args, work, mine, 1)
    found = elephant(work, pairs, theirs)
    values = np.load(mine)[tuple(np.array(pairs).T)]
    return found, np.abs(values - np.load(theirs)).max()


def run(args):
    scratch = args.build / "inputs"
    work = simulate(scratch / "1000", 1000, 10**6 if args.quick else 10**7)
    print(f"\n{machine()}\nSpike time tiling coefficient, +-{WINDOW_S * 1e3:g} ms, all pairs of "
          f"{work['name']}, one thread")
    counts = np.bincount(np.load(work["units"]), minlength=1000).astype(float)
    total = (counts.sum() ** 2 - (counts**2).sum()) / 2
    days = None
    if not args.ours:
        everything = list(itertools.combinations(range(10), 2))
        _, largest = compare(args, short(scratch), everything, scratch)
        print(f"  3 s, 45 pairs: largest difference from elephant {largest:.2g}")
        if largest > 1e-12:
            raise SystemExit("synchrony: values differ")
        typical = np.argsort(np.abs(counts - len(np.load(work["units"])) / 1000))[:6].tolist()
        found, largest = compare(args, work, list(itertools.pairwise(typical)), scratch)
        print(f"  1 h, 5 pairs: largest difference {largest:.2g}: elephant's window grows with "
              "the clock, ours does not")
        days = sum(found["seconds"]) / sum(found["products"]) * total / 86400
        print(f"  elephant  {np.mean(found['seconds']):.3f} s a pair of "
              f"{np.sqrt(np.mean(found['products'])):.0f} spikes a train; all pairs by the product "
              f"of spikes {days:.2f} days")
    mine = ours(args, work, scratch / "ours.npy", args.rounds, ["--counts"])
    extra = mine["peak_mb"] - mine["inputs_and_output_mb"]
    print(f"  spikekit  {mine['cpu_s']:.3f} s of processor time, {extra:.0f} MB beside input and "
          f"result" + (f"; {days * 86400 / mine['cpu_s']:.0f} times elephant" if days else ""))
    print("  spikekit, correlation of counts: " + ", ".join(
        f"{ms} ms {seconds:.2f} s" for ms, seconds in zip((1, 10, 100, 1000),
                                                         mine["counts_cpu_s"])))
