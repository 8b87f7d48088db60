# SPDX-License-Identifier: BSD-3-Clause
"""Connections and synchrony beside the peers: values are compared first, then times."""
import importlib
import sys
import time

import numpy as np
from bench_common import HERE, last_json, machine, simulate
from truth import load_spikekit

PEER = HERE / "peers" / "peer_connections.py"
N_COMPARED = 20  # pairs


def ours(args, work, method, *more):
    command = [args.build / "bin" / "bench_connections", "--samples", work["samples"], "--units",
               work["units"], "--method", method, "--repeat", args.rounds, *more]
    return last_json(command)


def peer(name, folder, *more):
    return last_json([sys.executable, PEER, name, folder, *more])


def small_table(spikekit, folder):
    """Spikes at 1 kHz, so that bins of a sample, of a millisecond, and of lags are one."""
    session = spikekit.simulate(n_units=30, duration_s=300, rate_median_hz=10, seed=6,
                                sampling_rate_hz=1000, connection_share=0.05)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "samples.npy", session.samples)
    np.save(folder / "units.npy", session.units)
    draws = np.random.Generator(np.random.Philox(3))
    pairs = [draws.choice(30, 2, replace=False) for _ in range(N_COMPARED)]
    np.save(folder / "pairs.npy", np.array(pairs))
    return session, np.array(pairs)


def compare_values(args, spikekit):
    """Counts of three peers, predictions and p of NeuroPyxels. Returns seconds a pair, theirs and
    ours of what NeuroPyxels does: every bin predicted, and its mid-p."""
    folder = args.build / "inputs" / "connections-small"
    session, pairs = small_table(spikekit, folder)
    found = spikekit.connections(session, max_p=1, bin_s=0.001, window_s=0.2, width_s=0.02,
                                 min_latency_s=0.001, max_latency_s=0.005)
    curves = [found.curve(i, j) for i, j in pairs]
    np.save(folder / "counts.npy", np.array([c["counts"] for c in curves], np.int64))
    seconds = {}
    for name in ("elephant", "pynapple", "neuropyxels"):
        done = peer(name, folder)
        theirs = np.load(folder / f"{name}.npy")
        seconds[name] = done["seconds_a_pair"]
        if name == "neuropyxels":
            predicted = np.array([c["expected"] for c in curves])
            np.testing.assert_allclose(predicted, theirs[0], rtol=1e-12)
            print(f"  {name} {done['version']}: {N_COMPARED} predictions equal to 1e-12")
            worst = 0.0
            for (i, j), p in zip(pairs, theirs[1]):
                row = (found.source == i) & (found.target == j) & (found.sign == 1)
                tested = p[101:106]
                expected = min(1.0, len(tested) * tested.min())
                if expected > 1e-9:  # theirs is 1 minus a sum near 1
                    worst = max(worst, abs(found.p[row][0] / expected - 1))
            print(f"  {name}: p within {worst:.0e}, of those above 1e-9")
            assert worst < 1e-5
            continue
        convention = "pynapple" if name == "pynapple" else "spikekit"
        mine = spikekit.correlogram_pairs(session, pairs, 0.2, 0.001, convention=convention)
        same = np.array_equal(mine.counts, theirs.astype(np.int64))
        print(f"  {name} {done['version']}: {N_COMPARED} correlograms "
              f"{'equal' if same else 'DIFFER'}")
        assert same
    counts = np.tile(np.load(folder / "counts.npy"), (100, 1))  # theirs, often enough to time
    best = np.inf
    for _ in range(3):
        start = time.process_time()
        predicted = spikekit.predict_correlograms(counts, 20, threads=1)
        spikekit.correlogram_tails(counts, predicted, threads=1)
        best = min(best, time.process_time() - start)
    seconds["ours"] = best / len(counts)
    print(f"  neuropyxels, 201 bins predicted with p: {1e6 * seconds['neuropyxels']:.0f} us a "
          f"correlogram; ours, with both tails: {1e6 * seconds['ours']:.1f} us, "
          f"{seconds['neuropyxels'] / seconds['ours']:.0f} x")
    return seconds


def significance(args, seconds):
    n_units, n_spikes = (300, 1_000_000) if args.quick else (1000, 10_000_000)
    work = simulate(args.build / "inputs" / f"{n_units}-{n_spikes}", n_units, n_spikes)
    n_pairs = n_units * (n_units - 1)
    print(f"\n{work['name']}: all {n_pairs // 2} pairs, both directions, each method's "
          "own signs; CPU s, one thread")
    print(f"  {'':14}{'all':>9}{'counting':>10}{'beyond':>9}{'peak MB':>9}")
    rows = {}
    for method in ("hollow", "english", "kopelowitz", "deconvolution", "refractory"):
        row = rows[method] = ours(args, work, method)
        print(f"  {method:14}{row['cpu_s']:9.2f}{row['count_cpu_s']:10.2f}"
              f"{row['cpu_s'] - row['count_cpu_s']:9.2f}{row['peak_mb']:9.0f}", flush=True)
    if args.ours:
        return
    theirs = seconds["neuropyxels"] * n_pairs
    print(f"  NeuroPyxels, all bins of as many by its time a correlogram: {theirs:.0f} s beyond "
          "counting; ours above looks at the bins tested only, and at p that may be small")
    for name in ("elephant", "pynapple"):
        theirs = seconds[name] * n_pairs / 2
        print(f"  {name}'s correlograms of as many, by its time a pair of the small table: "
              f"{theirs:.0f} s, {theirs / rows['hollow']['count_cpu_s']:.0f} x")


def pair_by_pair(args):
    n_units, n_spikes = 300, 1_500_000  # 5000 spikes a unit
    work = simulate(args.build / "inputs" / f"{n_units}-{n_spikes}", n_units, n_spikes)
    n_pairs = 2000 if args.quick else 20_000
    print(f"\n{work['name']}: {n_pairs} ordered pairs, one thread")
    print(f"  {'':14}{'CPU s':>9}{'us a pair':>11}{'1e5 pairs':>11}")
    for method in ("glmcc", "glmcc_lr", "jitter"):
        row = ours(args, work, method, "--pairs", n_pairs)
        each = row["cpu_s"] / n_pairs
        print(f"  {method:14}{row['cpu_s']:9.2f}{1e6 * each:11.1f}{1e5 * each:10.1f}s",
              flush=True)


def run(args):
    print(machine())
    spikekit = load_spikekit(args.build)
    print("\nvalues")
    seconds = {} if args.ours else compare_values(args, spikekit)
    significance(args, seconds)
    pair_by_pair(args)
    for name in ("synchrony", "surrogates", "glmcc"):
        importlib.import_module(name).run(args)
