# SPDX-License-Identifier: BSD-3-Clause
"""Metrics of principal components beside SpikeInterface: 400 units, 10 channels x 3."""
import statistics
import sys

import numpy as np
from bench_common import HERE, last_json

METRICS = {  # SpikeInterface's function: our columns, in its order
    "mahalanobis": ["isolation_distance", "l_ratio"],
    "d_prime": ["d_prime"],
    "nearest_neighbor": ["nn_hit_rate", "nn_miss_rate"],
    "silhouette": ["silhouette"],
}


def session(folder, n_units, n_spikes, n_channels=120, n_local=10, n_components=3):
    """A Kilosort folder of Gaussian clouds; channels of a template nearest first."""
    if (folder / "params.py").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    draws = np.random.Generator(np.random.Philox(n_units))
    y = np.arange(n_channels) * 20.0
    depth = np.sort(draws.uniform(0, y[-1], n_units))
    order = np.argsort(np.abs(depth[:, None] - y), axis=1, kind="stable")[:, :n_local]
    units = draws.integers(0, n_units, n_spikes).astype(np.int32)
    size = draws.lognormal(3, 0.4, n_units)
    fall = np.exp(-np.abs(depth[:, None] - y[order]) / 40)
    means = draws.normal(1, 0.5, (n_units, n_components, 1)) * (size[:, None] * fall)[:, None]
    features = np.lib.format.open_memmap(folder / "pc_features.npy", "w+", np.float32,
                                         (n_spikes, n_components, n_local))
    for first in range(0, n_spikes, 100000):
        part = units[first:first + 100000]
        noise = draws.normal(0, 4, (len(part), n_components, n_local))
        features[first:first + len(part)] = means[part] + noise
    features.flush()
    np.save(folder / "pc_feature_ind.npy", order.astype(np.uint32))
    np.save(folder / "spike_clusters.npy", units)
    np.save(folder / "spike_templates.npy", units)
    np.save(folder / "spike_times.npy", np.sort(draws.integers(0, 3600 * 30000, n_spikes)))
    np.save(folder / "channel_map.npy", np.arange(n_channels, dtype=np.int32))
    np.save(folder / "channel_positions.npy", np.column_stack([np.zeros(n_channels), y]))
    (folder / "params.py").write_text(
        f"dat_path = 'none.bin'\nn_channels_dat = {n_channels}\ndtype = 'int16'\noffset = 0\n"
        "sample_rate = 30000.0\nhp_filtered = True\n")
    return folder


def ours(args, folder, columns, threads=1, values=None):
    command = [args.build / "bin" / "bench_quality", "--session", folder, "--metrics",
               ",".join(columns), "--threads", threads, "--repeat", 2]
    return last_json(command + (["--values", values] if values else []))


def run(args):
    scratch = args.build / "inputs"
    n_units, n_spikes = (100, 200_000) if args.quick else (400, 2_000_000)
    folder = session(scratch / f"features-{n_units}", n_units, n_spikes)
    some = list(range(n_units // 20, n_units, n_units // 10))
    print(f"\n{n_units} units, {n_spikes:.0e} spikes, 10 channels x 3 components, one thread; "
          f"the peer on {len(some)} of the units, its time scaled to all")
    theirs = None
    if not args.ours:
        theirs = last_json([sys.executable, HERE / "peers" / "peer_isolation.py", "--session",
                            folder, "--units", ",".join(map(str, some))])
    print(f"  {'metrics':24}{'peer s':>10}{'ours s':>9}{'ratio':>8}  largest relative difference")
    for name, columns in METRICS.items():
        found = ours(args, folder, columns, values=scratch / "isolation.npy")
        seconds = statistics.median(found["seconds"])
        if theirs is None:
            print(f"  {name:24}{'':10}{seconds:9.3f}")
            continue
        mine = np.load(scratch / "isolation.npy")[:, some].T
        values = np.array(theirs["values"][name])
        worst = np.nanmax(np.abs(mine - values) / np.maximum(np.abs(values), 1e-9))  # l_ratio goes to 0
        if name == "nearest_neighbor":  # it draws 10000 spikes at random, we take equal steps
            worst = f"{np.nanmax(np.abs(mine - values)):.3f} absolute, other samples of spikes"
        else:
            worst = f"{worst:.1e}"
        scaled = theirs["seconds"][name] * n_units / len(some)
        print(f"  {name:24}{scaled:10.1f}{seconds:9.3f}{scaled / seconds:8.1f}  {worst}",
              flush=True)
    both = [ours(args, folder, sum(METRICS.values(), []), threads) for threads in (1, 2)]
    one, two = (statistics.median(r["seconds"]) for r in both)
    print(f"  {'all of them':24}{'':10}{one:9.3f}  two threads {two:.3f} s; peak "
          f"{both[0]['peak_mb']:.0f} MB, of it {folder.joinpath('pc_features.npy').stat().st_size / 2**20:.0f} MB mapped features")
