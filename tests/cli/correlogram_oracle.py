# SPDX-License-Identifier: BSD-3-Clause
"""Checks the .npz of `spikekit correlogram` against the definition of each array.

usage: correlogram_oracle.py SESSION FILE [key=value ...]   window_ms, bin_ms, against, epochs,
                                                            layout, normalization
"""
import json
import sys

import numpy as np


def counts_of(a, b, n_bins, width, same, epoch_of_a, epoch_of_b):
    """Pairs with edge(k) <= t - s < edge(k + 1), edge(k) = (k - n_bins / 2) width."""
    reach = (n_bins * width) // 2 + 1
    first = np.searchsorted(b, a - reach)
    n = np.searchsorted(b, a + reach, side="right") - first
    i = np.repeat(np.arange(len(a)), n)  # each spike of a with each of b within reach
    j = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n) + np.repeat(first, n)
    pairs = (epoch_of_a[i] == epoch_of_b[j]) & (epoch_of_a[i] >= 0)
    if same:
        pairs &= i != j
    bins = (2 * (b[j] - a[i]) + n_bins * width) // (2 * width)  # exact: all are integers
    bins = bins[pairs & (bins >= 0) & (bins < n_bins)]
    return np.bincount(bins, minlength=n_bins)


def main():
    session, path = sys.argv[1:3]
    given = dict(word.split("=", 1) for word in sys.argv[3:])
    times = np.load(session + "/spike_times.npy").ravel().astype(np.int64)
    clusters = np.load(session + "/spike_clusters.npy").ravel()
    d = np.load(path)
    meta = json.loads(str(d["meta"]))
    rate = 30000
    n_bins, width = meta["n_bins"], meta["bin_samples"]
    assert width == round(float(given.get("bin_ms", 0.5)) * rate / 1e3)
    half = round(float(given.get("window_ms", 100)) * rate / 2e3) // width
    assert n_bins == 2 * half + 1
    assert np.allclose(d["lags_s"], (np.arange(n_bins) - n_bins // 2) * width / rate, atol=1e-12)

    if "epochs" in given:
        table = np.loadtxt(given["epochs"], skiprows=1, ndmin=2)
        starts, stops = np.rint(table.T * rate).astype(np.int64)
        last = np.searchsorted(starts, times, side="right") - 1
        epoch = np.where((last >= 0) & (times < stops[np.maximum(last, 0)]), last, -1)
        lengths = stops - starts
        assert meta["epochs"]["n"] == len(starts)
    else:
        epoch = np.zeros(len(times), dtype=int)
        lengths = np.array([meta["stop_sample"] - meta["start_sample"]])

    layout = given.get("layout", "cube")
    assert meta["layout"] == layout
    rows = d["unit_ids"]
    columns = d["target_unit_ids"] if "target_unit_ids" in d else rows
    if "against" in given:
        assert list(columns) == [int(u) for u in given["against"].split(",")]
    if layout == "cube":
        pairs = [(i, j) for i in rows for j in columns]
        shape = (len(rows), len(columns), n_bins)
    elif layout == "auto":
        pairs, shape = [(i, i) for i in rows], (len(rows), n_bins)
    else:
        pairs, shape = [tuple(p) for p in d["pairs"]], (len(d["pairs"]), n_bins)
    if "rows" in d:
        first, last = d["rows"]
        pairs = pairs[first * len(columns):last * len(columns)]
        shape = (last - first,) + shape[1:]
    assert d["counts"].shape == shape, (d["counts"].shape, shape)
    assert d["counts"].dtype == np.int32

    def spikes(u):
        return times[clusters == u], epoch[clusters == u]

    expected = [counts_of(spikes(i)[0], spikes(j)[0], n_bins, width, i == j, spikes(i)[1],
                          spikes(j)[1]) for i, j in pairs]
    expected = np.array(expected).reshape(shape)
    assert expected.sum() > 0
    assert np.array_equal(d["counts"], expected)

    name = given.get("normalization", "count")
    assert meta["normalization"] == name
    assert ("values" in d) == (name != "count")
    if name != "count":
        b = width / rate
        t = lengths.sum() / rate
        exposure = d["exposure_s"]
        n = np.array([[np.sum(spikes(u)[1] >= 0) for u in p] for p in pairs], dtype=float)
        n_i, n_j = n.reshape(shape[:-1] + (1, 2))[..., 0], n.reshape(shape[:-1] + (1, 2))[..., 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            if name == "rate":
                values = expected / (b * exposure)
            elif name == "conditional-rate":
                values = expected * t / (n_i * b * exposure)
            else:
                m = t / b
                values = (expected * t / exposure - n_i * n_j / m) / np.sqrt(
                    n_i * (1 - n_i / m) * n_j * (1 - n_j / m))
        assert d["values"].shape == shape and d["values"].dtype == np.float64
        # a handful of roundings, of terms as large as the larger one of a difference
        assert np.allclose(d["values"], values, rtol=1e-12, atol=1e-13, equal_nan=True)

    # Exposure: the mean over the lags of each bin of the time both ends are inside an epoch.
    k = np.arange(n_bins) - n_bins // 2
    for place in (0, n_bins // 2, n_bins - 1):
        lags = [lag for lag in range(-width * n_bins, width * n_bins + 1)
                if (2 * lag + n_bins * width) // (2 * width) == place]
        mean = np.mean([np.maximum(0, lengths - abs(lag)).sum() for lag in lags]) / rate
        assert np.isclose(d["exposure_s"][place], mean, rtol=1e-12), (place, k[place])


main()
