# SPDX-License-Identifier: BSD-3-Clause
"""Correlograms of all pairs beside the peers; counts are compared before any time is printed."""
import statistics
import subprocess
import sys
import time

import numpy as np
from bench_common import HERE, REAL, last_json, machine, simulate

# How each peer's cube stands to ours in its convention; npyx has no convention of its own:
# it is phylib without the centre of autocorrelograms and without the way through seconds,
# that is, phylib at a rate of 1 Hz.
CONVENTION = {
    "spikeinterface": "spikeinterface",
    "spikeinterface-fast": "spikeinterface",
    "phylib": "phy",
    "pynapple": "pynapple",
    "npyx": None,
}


def ours(build, work, window, bin_ms, convention="spikekit", threads=1, repeat=3, counts=None,
         rows=False, rate=30000):
    scale = 30000 / rate  # the same samples, in seconds of another rate
    command = [build / "bin" / "bench_correlogram", "--samples", work["samples"], "--units",
               work["units"], "--rate", rate, "--window-ms", window * scale, "--bin-ms",
               bin_ms * scale, "--convention", convention, "--threads", threads, "--repeat",
               repeat]
    if counts:
        command += ["--counts", counts]
    if rows:
        command += ["--rows"]
    return last_json(command)


def peer(name, work, window, bin_ms, repeat, counts, most_units=None):
    command = [sys.executable, HERE / "peers" / "peer_correlogram.py", "--peer", name,
               "--samples", work["samples"], "--units", work["units"], "--rate", 30000,
               "--window-ms", window, "--bin-ms", bin_ms, "--repeat", repeat, "--counts", counts]
    if most_units:
        command += ["--max-units", most_units]
    return last_json(command)


def first_units(work, n_units, folder):
    """The spikes of the first units only, for peers that would take hours on all."""
    folder.mkdir(parents=True, exist_ok=True)
    samples, units = np.load(work["samples"]), np.load(work["units"])
    keep = units < n_units
    np.save(folder / "samples.npy", samples[keep])
    np.save(folder / "units.npy", units[keep])
    return {"name": f"{work['name']}, first {n_units} units", "samples": folder / "samples.npy",
            "units": folder / "units.npy", "n_units": n_units}


def differing(name, expected, found):
    """Counts that differ between a peer's cube and ours in its convention."""
    if name != "npyx":
        return int((expected != found).sum())
    centre = found.shape[2] // 2
    i = np.arange(len(found))
    found = found.copy()
    found[i, i, centre] = expected[i, i, centre]
    return int((expected != found).sum())


def compare(args, work, window, bin_ms, peers, scratch, rounds=None):
    """Interleaved rounds of ours and each peer; a row of the table for each peer."""
    rounds = rounds or args.rounds
    print(f"\n{work['name']}, window +-{window / 2:g} ms, bins {bin_ms:g} ms, one thread")
    print(f"  {'tool':26}{'warm s':>9}{'cold s':>9}{'ours s':>9}{'ratio':>8}  counts")
    for name, limit in peers:
        here = first_units(work, limit, scratch / f"first{limit}") if limit else work
        convention = CONVENTION[name] or "phy"
        theirs, mine, cold, n = [], [], None, "?"
        try:
            for _ in range(rounds if name != "pynapple" else 1):
                r = peer(name, here, window, bin_ms, 1, scratch / "peer.npy", limit)
                cold = r["cold_s"] if cold is None else cold
                theirs += r["warm_s"]
                # every run in a process of its own, as the peer's, after one that warms up
                mine += ours(args.build, here, window, bin_ms, "spikekit", 1, 3)["seconds"][1:]
            ours(args.build, here, window, bin_ms, convention, 1, 1, scratch / "ours.npy",
                 rate=1 if name == "npyx" else 30000)
            n = differing(name, np.load(scratch / "peer.npy"), np.load(scratch / "ours.npy"))
        except RuntimeError as e:
            print(f"  {name:26} did not run: {e}")
            continue
        t, m = statistics.median(theirs), statistics.median(mine)
        what = "equal" if n == 0 else f"{n} DIFFER"
        label = name + (f" ({limit} units)" if limit else "")
        print(f"  {label:26}{t:9.3f}{cold:9.2f}{m:9.4f}{t / m:8.1f}  {what}", flush=True)


def scaling(args, work, window, bin_ms):
    """One thread, two threads and row by row, in turn; per pair beside one increment."""
    runs = {"one": [], "two": [], "rows": []}
    for _ in range(args.rounds):
        runs["one"].append(ours(args.build, work, window, bin_ms, threads=1))
        runs["two"].append(ours(args.build, work, window, bin_ms, threads=2))
        runs["rows"].append(ours(args.build, work, window, bin_ms, rows=True, repeat=2))
    best = {k: statistics.median([s for r in v for s in r["seconds"][1:]]) for k, v in runs.items()}
    r = runs["one"][0]
    ns = best["one"] / r["pairs"] * 1e9
    l1 = min(x["increment_l1_ns"] for x in runs["one"])
    row = min(x["increment_row_ns"] for x in runs["one"])
    extra = {k: max(x["peak_mb"] - x["inputs_and_output_mb"] for x in v) for k, v in runs.items()}
    print(f"  {work['name']:34}{window / 2:5g}{best['one']:9.4f}{r['pairs']:10.2e}{ns:8.2f}"
          f"{l1:8.2f}{row:8.2f}{best['one'] / best['two']:9.2f}{best['rows']:10.3f}"
          f"{extra['one']:8.0f}{extra['rows']:8.0f}", flush=True)


def shell(args, scratch):
    """End to end: from the folder to the .npz, against SpikeInterface's warm call alone."""
    command = args.build / "bin" / "spikekit"
    out = scratch / "end_to_end.npz"
    times = {"correlogram": [], "info": []}
    for _ in range(5):
        for what, rest in (("correlogram", ["-o", out, "--window-ms", "100", "--bin-ms", "1",
                                            "--threads", "1", "--quiet"]), ("info", [])):
            out.unlink(missing_ok=True)
            start = time.perf_counter()
            subprocess.run([command, what, REAL, *rest], check=True, capture_output=True)
            times[what].append(time.perf_counter() - start)
    print("\nfrom the shell, process start to exit, one thread, real recording")
    for what, values in times.items():
        print(f"  spikekit {what:14} median {statistics.median(values):.4f} s   "
              f"(min {min(values):.4f}, max {max(values):.4f})")


def run(args):
    scratch = args.build / "inputs"
    scratch.mkdir(parents=True, exist_ok=True)
    print(machine())
    works = []
    if (REAL / "spike_times.npy").exists():
        real = {"name": "real, 403 units, 290360 spikes, 90 s", "n_units": 403,
                "samples": REAL / "spike_times.npy", "units": REAL / "spike_clusters.npy"}
        if not args.ours:
            compare(args, real, 100, 1, [("spikeinterface", None), ("spikeinterface-fast", None),
                                         ("phylib", None), ("npyx", None), ("pynapple", None)],
                    scratch)
        works.append((real, 100))
        shell(args, scratch)
    else:
        print(f"left out: the real recording, {REAL} is not there")
    n_spikes = 10**6 if args.quick else 10**7
    large = simulate(scratch / f"1000-{n_spikes}", 1000, n_spikes)
    slow = [] if args.quick else [("phylib", 100), ("npyx", 100), ("pynapple", 20)]
    # a minute or two a call: one round, of one warm call
    if not args.ours:
        compare(args, large, 50, 1, [("spikeinterface", None)] + slow, scratch, rounds=1)
    if not args.quick and not args.ours:
        compare(args, large, 100, 1, [("spikeinterface", None)], scratch, rounds=1)
    works += [(large, 50), (large, 100)]
    works += [(simulate(scratch / f"{n}-{n_spikes}", n, n_spikes), 50) for n in (100, 300, 3000)]
    print("\nours alone: per counted pair, beside one increment of a counter in a table of 32 KB "
          "and in one\nthe size of a row; one thread against two; row by row; peak memory beyond "
          "inputs and output")
    print(f"  {'work':34}{'+-ms':>5}{'one s':>9}{'pairs':>10}{'ns':>8}{'32KB':>8}{'row':>8}"
          f"{'one/two':>9}{'rows s':>10}{'MB':>8}{'MB rows':>8}")
    for work, window in works:
        scaling(args, work, window, 1)
