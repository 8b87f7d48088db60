# SPDX-License-Identifier: BSD-3-Clause
"""Statistics of single trains beside their definitions in numpy."""

import numpy as np
import pytest

import spikekit


@pytest.fixture(scope="module")
def trains():
    rng = np.random.default_rng(4)
    times = [np.cumsum(rng.gamma(order, 0.05 / order, 2000)) for order in (0.5, 1, 4)]
    samples = [np.floor(t * 30000).astype(np.int64) for t in times]
    stop = min(s[-1] for s in samples)
    samples = [s[s < stop] for s in samples]
    every = np.concatenate(samples)
    units = np.repeat([3, 5, 9], [len(s) for s in samples])
    order = np.argsort(every, kind="stable")
    table = spikekit.SpikeTable(every[order], units[order], 30000, stop_sample=stop)
    return table, samples, stop


def test_intervals(trains):
    table, samples, _ = trains
    found = spikekit.interval_statistics(table)
    serial = spikekit.serial_correlation(table, 3)
    for unit, train in enumerate(samples):
        isi = np.diff(train) / 30000
        q = np.abs(isi[1:] - isi[:-1]) / (isi[1:] + isi[:-1])
        expected = {
            "n_intervals": len(isi), "mean_s": isi.mean(), "sd_s": isi.std(ddof=1),
            "q1_s": np.percentile(isi, 25), "median_s": np.median(isi),
            "mad_s": np.median(np.abs(isi - np.median(isi))), "cv": isi.std() / isi.mean(),
            "cv2": 2 * q.mean(), "lv": 3 * (q**2).mean(),
        }
        for name, value in expected.items():
            assert found[name][unit] == pytest.approx(value, rel=1e-12)
        for lag in (1, 2, 3):
            pearson = np.corrcoef(isi[lag:], isi[:-lag])[0, 1]
            assert serial["pearson"][unit, lag - 1] == pytest.approx(pearson, rel=1e-9)


def test_fano_and_rates(trains):
    table, samples, stop = trains
    found = spikekit.fano_factor(table, [0.1, 2], ddof=0)
    rates = spikekit.firing_rates(table)
    for unit, train in enumerate(samples):
        for window, length in enumerate((3000, 60000)):
            n = stop // length
            counts = np.bincount(train // length, minlength=n)[:n]
            assert found["fano"][unit, window] == pytest.approx(counts.var() / counts.mean())
        assert rates["rate_hz"][unit] == len(train) / (stop / 30000)
        assert rates["lower_hz"][unit] < rates["rate_hz"][unit] < rates["upper_hz"][unit]
    assert np.all(np.diff(rates["dispersion"]) < 0)  # less the more regular


def test_kernel_rate(trains):
    table, samples, stop = trains
    found = spikekit.kernel_rate(table, 0.08, kernel="triangular", step_s=0.5, band=True)
    w = np.sqrt(6) * 0.08
    for unit, train in enumerate(samples):
        u = found.times_s[:, None] - train / 30000
        expected = (np.maximum(0, 1 - np.abs(u) / w) / w).sum(axis=1)
        assert np.allclose(found.rates[unit], expected, rtol=0, atol=1e-9)
    assert np.all(found.lower <= found.rates) and np.all(found.rates <= found.upper)
    each = spikekit.kernel_rate(table, [0.08, np.nan, 0.2], kernel="triangular", step_s=0.5)
    assert np.array_equal(each.rates[0], found.rates[0]) and np.isnan(each.rates[1]).all()
    best = spikekit.kernel_rate(table, "optimal", step_s=0.5)
    widths = spikekit.optimal_bandwidth(table)
    assert np.array_equal(best.rates, spikekit.kernel_rate(table, widths, step_s=0.5).rates)
    parts = spikekit.kernel_rate(table, step_s=0.5, epochs=spikekit.Epochs([0], [150000]))
    assert np.isfinite(parts.rates[:, :10]).all() and np.isnan(parts.rates[:, 10:]).all()


def test_widths(trains):
    table = trains[0]
    for method in ("pairs", "elephant", "histogram"):
        assert np.all(spikekit.optimal_bandwidth(table, method=method) > 0)


def test_bursts(trains):
    table, samples, _ = trains
    found = spikekit.bursts(table, "poisson_surprise", min_surprise=3)
    assert len(found) == len(found.units) == found.summary["n_bursts"].sum()
    assert np.array_equal(spikekit.bursts(table, min_surprise=3).table, found.table)
    for unit_id, row in zip(found.units, found.table):
        train = samples[[3, 5, 9].index(unit_id)]
        last = row["first_spike"] + row["n_spikes"] - 1
        assert train[row["first_spike"]] == row["start_sample"]
        assert train[last] == row["stop_sample"] and row["surprise"] > 3
    assert np.all(np.diff(found.summary["spike_share"]) < 0)
    assert len(spikekit.bursts(
        table, "max_interval", start_interval_s=1e-5, interval_s=1e-5, min_spikes=9)) == 0


def test_timescale(trains):
    table, _, stop = trains
    starts = np.arange(0, stop - 30000, 30000)
    found = spikekit.timescale(table, starts, n_bootstrap=0)
    assert found.acf.shape == (3, 10)
    assert (found.table["n_trials"] == len(starts)).all()
    again = spikekit.timescale(table, starts[::-1], n_bootstrap=0, threads=1)
    assert np.allclose(again.acf, found.acf, rtol=1e-12)
    assert (spikekit.timescale(table, []).table["n_trials"] == 0).all()
    segments = spikekit.timescale(table, n_bootstrap=30, seed=3)
    same = spikekit.timescale(table, n_bootstrap=30, seed=3, threads=1)
    assert segments.table.tobytes() == same.table.tobytes()
    assert ((segments.table["decay_p"] > 0) & (segments.table["decay_p"] <= 1)).all()


def test_timescale_integral(trains):
    table, samples, stop = trains
    found = spikekit.timescale_integral(table, 0.01, 0.2)
    for unit, train in enumerate(samples):
        width = round(0.01 * table.sampling_rate_hz)
        n_bins = int(stop // width)
        counts = np.bincount(train[train < n_bins * width] // width, minlength=n_bins)
        products = np.array([counts[k:] @ counts[: n_bins - k] for k in range(1, 21)])
        ratio = (products - counts.sum() ** 2 / n_bins) / (products[0] - counts.sum() ** 2 / n_bins)
        expected = 0.01 * ((ratio[1:] ** 2) + (ratio[:-1] ** 2)).sum()
        assert found[unit] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda t: spikekit.kernel_rate(t, -1), "sigma_s must be above 0"),
        (lambda t: spikekit.kernel_rate(t, "best"), "expected a number or 'optimal'"),
        (lambda t: spikekit.kernel_rate(t, [1, 2]), "found shape"),
        (lambda t: spikekit.kernel_rate(t, kernel="box"), "kernel: expected one of"),
        (lambda t: spikekit.optimal_bandwidth(t, method="magic"), "method: expected one of"),
        (lambda t: spikekit.firing_rates(t, confidence=1), "confidence must be between"),
        (lambda t: spikekit.serial_correlation(t, 0), "n_lags must be in"),
        (lambda t: spikekit.fano_factor(t, [0.1, 0]), "windows_s must be above 0"),
        (lambda t: spikekit.timescale_integral(t, 0, 1), "bin_s must be above 0"),
        (lambda t: spikekit.timescale(t, [0.5]), "expected whole samples"),
        (lambda t: spikekit.timescale(t, window_s=0.1), "window_s must be"),
        (lambda t: spikekit.bursts(t, "magic"), "method: expected one of"),
        (lambda t: spikekit.bursts(t, min_spike=3), "no option 'min_spike'"),
        (lambda t: spikekit.bursts(t, "log_isi", min_surprise=3), "'log_isi' does not use it"),
        (lambda t: spikekit.bursts(t, gap_s=1.0), "'poisson_surprise' does not use it"),
        (lambda t: spikekit.bursts(t, min_spikes=1), "min_spikes must be >= 2"),
    ],
)
def test_errors(trains, call, words):
    with pytest.raises(spikekit.ArgumentError, match=words):
        call(trains[0])


def test_a_window_longer_than_the_recording_is_said(trains):
    with pytest.warns(spikekit.SpikekitWarning, match="100000 s is longer than what was"):
        spikekit.fano_factor(trains[0], [0.1, 1e5])
