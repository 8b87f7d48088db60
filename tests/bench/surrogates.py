# SPDX-License-Identifier: BSD-3-Clause
"""Surrogates beside elephant: nanoseconds a spike and draw, sorted output included."""
import json
import statistics
import subprocess
import sys

import numpy as np
from bench_common import HERE, last_json, simulate

METHODS = ("dither", "train_dither", "isi_shuffle", "jitter", "joint_isi", "randomise")


def ours(args, work, n_draws, threads):
    command = [args.build / "bin" / "bench_surrogates", work["samples"], work["units"], n_draws,
               threads, *METHODS]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True)
    return {row["method"]: row for row in map(json.loads, done.stdout.splitlines())}


def run(args):
    n_spikes, n_draws = (50_000, 100) if args.quick else (500_000, 1000)
    work = simulate(args.build / "inputs" / f"surrogates-{n_spikes}", 100, n_spikes, hours=0.1)
    print(f"\nsurrogates, {work['name']}, {n_draws} of each unit; CPU ns a spike and draw; "
          "elephant draws fewer")
    print(f"  {'':14}{'ours':>8}{'elephant':>10}{'ratio':>8}  prepared once in")
    rows = [ours(args, work, n_draws, 1) for _ in range(args.rounds)]
    for method in METHODS:
        own = statistics.median(row[method]["ns_a_spike"] for row in rows)
        line = f"  {method:14}{own:8.2f}"
        if not args.ours:
            peer = last_json([sys.executable, HERE / "peers" / "peer_surrogates.py",
                              work["samples"], work["units"], method])["ns_a_spike"]
            line += f"{peer:10.1f}{peer / own:8.0f}"
        else:
            line += f"{np.nan:10.1f}{np.nan:8.0f}"
        print(f"{line}  {rows[0][method]['create_s']:.3f} s", flush=True)
