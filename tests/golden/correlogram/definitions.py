# SPDX-License-Identifier: BSD-3-Clause
"""What each peer counts, as plain Python: slow, but short enough to check by eye.

Every function takes (samples, units, n_units, rate, window_s, bin_s), with integer
sample times sorted by time and window_s the FULL width, and returns the cube of
counts [n_units][n_units][n_bins] in the peer's own layout.

Expressions in doubles are written in the order in which the peer evaluates them:
another order moves a lag that lies on an edge into the neighbouring bin.
"""
from math import floor

import numpy as np


def spikeinterface_bins(rate, window_s, bin_s):
    """Half window and bin in samples. Python's round() takes halves to even."""
    window_ms, bin_ms = window_s * 1e3, bin_s * 1e3
    half = int(round(rate * window_ms / 2 * 1e-3))
    width = int(round(rate * bin_ms * 1e-3))
    return half - half % width, width


def spikeinterface(samples, units, n_units, rate, window_s, bin_s):
    half, width = spikeinterface_bins(rate, window_s, bin_s)
    n_half = half // width
    counts = np.zeros((n_units, n_units, 2 * n_half), np.int64)
    for i, j in pairs_within(samples, half):
        for a, b in ((i, j), (j, i)):
            lag = samples[a] - samples[b]
            if lag < half:
                counts[units[a], units[b], n_half + lag // width] += 1
    return counts


def phy_bins(rate, window_s, bin_s):
    """Bins on either side of the centre and bin in samples, both cut off, not rounded."""
    window_s, bin_s = (min(max(x, 1e-5), 1e5) for x in (window_s, bin_s))
    return int(0.5 * window_s / bin_s), int(rate * bin_s)


def phy_samples(samples, rate):
    """The way through seconds loses a sample wherever s / rate * rate < s."""
    return [int(s / rate * rate) for s in samples]


def phy(samples, units, n_units, rate, window_s, bin_s):
    n_half, width = phy_bins(rate, window_s, bin_s)
    samples = phy_samples(samples, rate)
    later = np.zeros((n_units, n_units, n_half + 1), np.int64)
    for i, j in pairs_within(samples, (n_half + 1) * width - 1):
        later[units[i], units[j], (samples[j] - samples[i]) // width] += 1
    # Simultaneous spikes are counted once, under the order they have in the input, so
    # the two centre counts differ; the larger one is kept for both directions.
    later[:, :, 0] = np.maximum(later[:, :, 0], later[:, :, 0].T)
    earlier = later[:, :, :0:-1].transpose(1, 0, 2)
    return np.concatenate([earlier, later], axis=2)


def pynapple_bins(window_s, bin_s):
    """Number of bins. Floor division of doubles: 2.0 // 0.01 is 199, not 200."""
    half_window = window_s / 2
    n_bins = int((half_window * 2) // bin_s)
    return n_bins + 1 if n_bins % 2 == 0 else n_bins


def pynapple(samples, units, n_units, rate, window_s, bin_s):
    n_bins = pynapple_bins(window_s, bin_s)
    times = np.asarray(samples) / rate
    trains = [times[np.asarray(units) == u] for u in range(n_units)]
    counts = np.zeros((n_units, n_units, n_bins), np.int64)
    for i, reference in enumerate(trains):
        for j, target in enumerate(trains):
            for t in reference:
                edges = [t - n_bins / 2 * bin_s]
                for _ in range(n_bins):
                    edges.append(edges[-1] + bin_s)
                counts[i, j] += np.diff(np.searchsorted(target, edges, side="left"))
        counts[i, i, n_bins // 2] = 0
    return counts


def cellexplorer_bins(rate, window_s, bin_s):
    """Bins on either side of the centre and bin in samples; halves go away from zero."""
    return round_half_away(window_s / bin_s / 2), round_half_away(bin_s / (1 / rate))


def cellexplorer(samples, units, n_units, rate, window_s, bin_s):
    n_half, width = cellexplorer_bins(rate, window_s, bin_s)
    samples = [round_half_away(s / rate / (1 / rate)) for s in samples]
    counts = np.zeros((n_units, n_units, 2 * n_half + 1), np.int64)
    for i, j in pairs_within(samples, (2 * n_half + 1) * width / 2):
        for a, b in ((i, j), (j, i)):
            # Bins are closed on the right: (k - 1/2) width < lag <= (k + 1/2) width.
            k = -((width - 2 * (samples[b] - samples[a])) // (2 * width))
            if -n_half <= k <= n_half:
                counts[units[a], units[b], n_half + k] += 1
    return counts


def pairs_within(samples, reach):
    """Positions i < j of all pairs of spikes at most `reach` apart."""
    for i in range(len(samples)):
        for j in range(i + 1, len(samples)):
            if samples[j] - samples[i] > reach:
                break
            yield i, j


def round_half_away(x):
    whole = floor(abs(x))
    whole += abs(x) - whole >= 0.5
    return whole if x >= 0 else -whole


ORACLES = {
    "spikeinterface": spikeinterface,
    "phy": phy,
    "pynapple": pynapple,
    "cellexplorer": cellexplorer,
}
