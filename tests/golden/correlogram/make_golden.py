# SPDX-License-Identifier: BSD-3-Clause
"""Makes the golden correlograms from the peers themselves; see README.md.

    python make_golden.py --ccg FOLDER

in an environment with spikeinterface, numba, phylib and pynapple, with octave on the
path. FOLDER holds CellExplorer's CCG.m and the compiled CCGHeart.mex; without --ccg
the cellexplorer rows are left out.
"""
import argparse
import platform
import re
import subprocess
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pynapple as nap
from phylib.stats.ccg import correlograms
from spikeinterface.core import NumpySorting
from spikeinterface.postprocessing import compute_correlograms

from definitions import ORACLES, spikeinterface_bins

HERE = Path(__file__).parent

# The commits of petersenpeter/CellExplorer from which FOLDER was made.
CELLEXPLORER = {
    "calc_CellMetrics/mex/CCG.m": "0c376413e6db5d874e0e33d47dae348de261461d",
    "calc_CellMetrics/mex/CCGHeart.c": "1fa5465c5a8180b70a75d893074cabc71f03efce",
}

# Found by running: each of these calls raises.
RAISES = {
    ("window_below_bin", "spikeinterface"): "half window shorter than a bin",
}


# ---- cases ---------------------------------------------------------------------------


def sort_by_time(samples, units):
    order = np.argsort(samples, kind="stable")
    return np.asarray(samples, np.int64)[order], np.asarray(units, np.int32)[order]


def poisson(seed, n_units, n_spikes, n_samples, first=0):
    rng = np.random.default_rng(seed)
    return sort_by_time(
        first + rng.integers(0, n_samples, n_spikes), rng.integers(0, n_units, n_spikes)
    )


def bursts(seed, n_units, n_bursts, n_samples):
    """Up to 15 spikes 2 to 5 ms apart, each copied by the next unit 1 to 3 ms later."""
    rng = np.random.default_rng(seed)
    samples, units = [], []
    for start in rng.integers(0, n_samples, n_bursts):
        train = start + np.cumsum(rng.integers(60, 150, rng.integers(2, 16)))
        unit = rng.integers(0, n_units)
        samples += [train, train + rng.integers(30, 90, train.size)]
        units += [np.full(train.size, unit), np.full(train.size, (unit + 1) % n_units)]
    return sort_by_time(np.concatenate(samples), np.concatenate(units))


def exact_lags(bin_samples, n_half, first=40000):
    """Spikes of unit 0 far apart; around each, one other spike at a chosen lag.

    The lags are every edge and centre of a bin, the edges of the window, and a sample
    either side. Unit 1, unit 2 or both lie at each, by a coin: were all lags in one
    pair, the side on which a bin is closed would not show. Unit 3 makes its own pairs.
    """
    lags = set()
    for k in range(-n_half - 2, n_half + 3):
        for half in (0, 1):
            edge = k * bin_samples + half * bin_samples // 2
            lags |= {edge - 1, edge, edge + 1}
    rng = np.random.default_rng(bin_samples)
    spacing = 8 * (n_half + 4) * bin_samples
    samples, units = [], []
    for i, lag in enumerate(sorted(lags)):
        centre = first + i * spacing
        others = [[1], [2], [1, 2]][rng.integers(3)]
        samples += [centre] + [centre + lag] * len(others)
        units += [0] + others
        samples += [centre + spacing // 2, centre + spacing // 2 + lag]
        units += [3, 3]
    return sort_by_time(samples, units)


def ties(seed, n_units, n_times, gap):
    """Several spikes at each time, also of one unit, in no fixed order of units."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.integers(1, gap, n_times))
    samples = np.repeat(times, rng.integers(1, 6, n_times))
    return sort_by_time(samples, rng.integers(0, n_units, samples.size))


def identical(seed, n_spikes, n_samples):
    train = np.random.default_rng(seed).integers(0, n_samples, n_spikes)
    return sort_by_time(np.tile(train, 2), np.repeat([0, 1], n_spikes))


def without(spikes, unit):
    samples, units = spikes
    return samples[units != unit], units[units != unit]


def one_spike_unit():
    samples, units = poisson(12, 2, 200, 60000)
    return sort_by_time(np.append(samples, 30000), np.append(units, 2))


def late_samples():
    """Clusters of spikes around 0, 2^31, 2^32 and 2^33, with the long gaps between."""
    starts = [0, 2**31 - 3000, 2**32 - 3000, 2**33 + 1]
    parts = [poisson(20 + i, 3, 120, 6000, first) for i, first in enumerate(starts)]
    return tuple(np.concatenate(column) for column in zip(*parts))


def make_cases():
    """name: ((samples, units), n_units, rate [Hz], full window [s], bin [s])"""
    long = poisson(1, 2, 300, 150000)
    dense = poisson(2, 3, 600, 60000)
    return {
        "poisson": (poisson(0, 5, 900, 90000), 5, 30000.0, 0.05, 0.001),
        "poisson_wide": (poisson(3, 3, 400, 60000), 3, 30000.0, 0.1, 0.001),
        "lags_even_bin": (exact_lags(30, 6), 4, 30000.0, 0.012, 0.001),
        "lags_odd_bin": (exact_lags(15, 6), 4, 30000.0, 0.006, 0.0005),
        "lags_one_sample": (exact_lags(1, 8), 4, 30000.0, 16 / 30000, 1 / 30000),
        "lags_two_samples": (exact_lags(2, 8), 4, 20000.0, 0.0016, 0.0001),
        "lags_past_2_31": (exact_lags(30, 6, 2**33), 4, 30000.0, 0.012, 0.001),
        "ties": (ties(4, 4, 200, 40), 4, 30000.0, 0.01, 0.001),
        "ties_one_unit": (ties(5, 1, 150, 40), 1, 30000.0, 0.01, 0.001),
        "same_sample": (
            (np.full(40, 12345), np.arange(40, dtype=np.int32) * 7 % 3),
            3, 30000.0, 0.01, 0.001,
        ),
        "identical_trains": (identical(6, 150, 30000), 2, 30000.0, 0.02, 0.001),
        "silent_middle": (without(poisson(7, 4, 400, 40000), 1), 4, 30000.0, 0.02, 0.001),
        "silent_last": (without(poisson(8, 4, 400, 40000), 3), 4, 30000.0, 0.02, 0.001),
        "one_spike_unit": (one_spike_unit(), 3, 30000.0, 0.02, 0.001),
        "single_spike": ((np.array([500]), np.array([1])), 2, 30000.0, 0.01, 0.001),
        "window_not_divisible": (poisson(9, 3, 500, 50000), 3, 30000.0, 0.025, 0.002),
        "window_odd_bins": (poisson(10, 3, 500, 50000), 3, 30000.0, 0.021, 0.001),
        "window_below_bin": (poisson(11, 3, 300, 30000), 3, 30000.0, 0.001, 0.004),
        "bin_half_sample_even": (dense, 3, 30000.0, 0.02, 0.00035),
        "bin_half_sample_odd": (dense, 3, 30000.0, 0.02, 0.00025),
        "negative_times": (poisson(13, 3, 500, 40000, -20000), 3, 30000.0, 0.02, 0.001),
        "rate_29999_95": (poisson(14, 3, 600, 50000, 10**6), 3, 29999.95, 0.02, 0.0005),
        "lags_29999_95": (exact_lags(15, 6, 900000), 4, 29999.95, 0.006, 0.0005),
        "past_2_31": (late_samples(), 3, 30000.0, 0.02, 0.001),
        "bursts": (bursts(15, 4, 25, 60000), 4, 30000.0, 0.04, 0.001),
        "truncation_20000": (poisson(16, 3, 500, 30000), 3, 20000.0, 0.006, 0.0003),
        "truncation_25000": (poisson(17, 3, 500, 30000), 3, 25000.0, 0.012, 0.0006),
        "half_width_0_1": (long, 2, 30000.0, 0.2, 0.01),
        "half_width_0_5": (long, 2, 30000.0, 1.0, 0.005),
        "half_width_1_0": (long, 2, 30000.0, 2.0, 0.01),
    }


# ---- peers ---------------------------------------------------------------------------


def run_spikeinterface(samples, units, n_units, rate, window_s, bin_s):
    sorting = NumpySorting.from_samples_and_labels(
        [samples], [units], rate, unit_ids=np.arange(n_units)
    )
    counts, _ = compute_correlograms(
        sorting,
        window_ms=window_s * 1e3,
        bin_ms=bin_s * 1e3,
        method="numba",
        fast_mode="off",
    )
    return counts


def run_phy(samples, units, n_units, rate, window_s, bin_s):
    return correlograms(
        samples / rate,
        units,
        cluster_ids=np.arange(n_units),
        sample_rate=rate,
        bin_size=bin_s,
        window_size=window_s,
    )


def run_pynapple(samples, units, n_units, rate, window_s, bin_s):
    times = samples / rate
    # The default support ends at the first and last spike and drops units outside it.
    support = nap.IntervalSet(times.min() - 1, times.max() + 1)
    trains = {u: nap.Ts(times[units == u]) for u in range(n_units)}
    group = nap.TsGroup(trains, time_support=support)
    size = dict(binsize=bin_s, windowsize=window_s / 2, norm=False)
    rates = {(u, u): col for u, col in nap.compute_autocorrelogram(group, **size).items()}
    if n_units > 1:
        rates.update(nap.compute_crosscorrelogram(group, **size).items())
        rates.update(nap.compute_crosscorrelogram(group, **size, reverse=True).items())
    counts = np.zeros((n_units, n_units, len(rates[0, 0])))
    for (i, j), column in rates.items():
        if len(group[i]):  # a silent reference gives 0 / 0
            counts[i, j] = column.to_numpy() * (len(group[i]) * bin_s)
    assert np.allclose(counts, np.rint(counts), rtol=0, atol=1e-6)
    return np.rint(counts)


OCTAVE = """
fid = fopen('times'); times = fread(fid, Inf, 'double'); fclose(fid);
fid = fopen('groups'); groups = fread(fid, Inf, 'double'); fclose(fid);
ccg = CCG(times, groups, 'binSize', {bin_s!r}, 'duration', {window_s!r}, ...
          'Fs', 1/{rate!r});
fid = fopen('counts', 'w'); fwrite(fid, size(ccg, 1), 'double');
fwrite(fid, size(ccg, 2), 'double'); fwrite(fid, ccg, 'double'); fclose(fid);
"""

# Argument checks that CCG.m takes from elsewhere in its toolbox.
OCTAVE_HELPERS = {
    "isdscalar": "isnumeric(x) && isscalar(x)",
    "isdvector": "isnumeric(x) && isvector(x)",
}


def run_cellexplorer(samples, units, n_units, rate, window_s, bin_s, folder):
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        for name, body in OCTAVE_HELPERS.items():
            text = f"function r = {name}(x)\n  r = {body};\nend\n"
            (work / f"{name}.m").write_text(text)
        (samples / rate).tofile(work / "times")
        (units + 1.0).tofile(work / "groups")
        (work / "drive.m").write_text(OCTAVE.format(**locals()))
        command = ["octave-cli", "-q", "-p", str(folder), "drive.m"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        raw = np.fromfile(work / "counts")
    n_bins, n = raw[:2].astype(int)
    counts = np.zeros((n_units, n_units, n_bins))
    # Column-major ccg(bin, i, j); units after the last one that fires are not in it.
    counts[:n, :n] = raw[2:].reshape(n, n, n_bins).transpose(1, 0, 2)
    return counts


# ---- files ---------------------------------------------------------------------------


def check_milliseconds(rate, window_s, bin_s):
    """A user types 0.3 ms: it must not matter that the file has 0.0003 s."""

    def width(window_ms, bin_ms):
        half = int(round(rate * window_ms / 2 * 1e-3))
        width = int(round(rate * bin_ms * 1e-3))
        return half - half % width, width

    typed = width(round(window_s * 1e3, 9), round(bin_s * 1e3, 9))
    assert typed == spikeinterface_bins(rate, window_s, bin_s)


def write_versions(folder):
    lines = [f"python {platform.python_version()}"]
    for name in ("numpy", "numba", "pandas", "spikeinterface", "phylib", "pynapple"):
        lines.append(f"{name} {version(name)}")
    if folder:
        command = ["octave-cli", "--version"]
        shown = subprocess.run(command, capture_output=True, text=True).stdout
        lines.append(re.search(r"GNU Octave, version \S+", shown)[0])
        lines += [f"CellExplorer {f} {commit}" for f, commit in CELLEXPLORER.items()]
    (HERE / "versions.txt").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ccg", type=Path, help="folder with CCG.m and CCGHeart.mex")
    folder = parser.parse_args().ccg
    peers = {
        "spikeinterface": run_spikeinterface,
        "phy": run_phy,
        "pynapple": run_pynapple,
    }
    if folder:
        peers["cellexplorer"] = lambda *args: run_cellexplorer(*args, folder.resolve())
    warnings.simplefilter("ignore")  # pynapple, of silent units
    for old in HERE.glob("*.npy"):
        old.unlink()

    rows = ["case\tpeer\tn_units\tsampling_rate_hz\twindow_s\tbin_s\tn_bins"]
    for case, ((samples, units), n_units, rate, window_s, bin_s) in make_cases().items():
        samples, units = samples.astype(np.int64), units.astype(np.int32)
        assert (np.diff(samples) >= 0).all() and set(units) <= set(range(n_units))
        np.save(HERE / f"{case}.samples.npy", samples)
        np.save(HERE / f"{case}.units.npy", units)
        check_milliseconds(rate, window_s, bin_s)
        for peer, run in peers.items():
            if (case, peer) in RAISES:
                continue
            counts = run(samples, units, n_units, rate, window_s, bin_s)
            counts = np.asarray(counts).astype(np.int64)
            expected = ORACLES[peer](
                samples.tolist(), units.tolist(), n_units, rate, window_s, bin_s
            )
            assert np.array_equal(counts, expected), (case, peer)
            np.save(HERE / f"{case}.{peer}.npy", counts)
            rows.append(
                f"{case}\t{peer}\t{n_units}\t{rate!r}\t{window_s!r}\t{bin_s!r}"
                f"\t{counts.shape[2]}"
            )
        print(case, len(samples))
    (HERE / "cases.tsv").write_text("\n".join(rows) + "\n")
    write_versions(folder)


if __name__ == "__main__":
    main()
