# SPDX-License-Identifier: BSD-3-Clause
"""Tiling coefficients, correlation of counts and complexity, from numpy arrays."""

from pathlib import Path

import numpy as np
import pytest
import spikekit

GOLDEN = Path(__file__).parents[1] / "golden" / "synchrony" / "synchrony.npz"


@pytest.fixture(scope="module")
def golden():
    return np.load(GOLDEN)


def table_of(golden, first=0):
    return spikekit.SpikeTable(
        golden["samples"] + first,
        golden["units"],
        1000,
        start_sample=first,
        stop_sample=first + 20000,
    )


def test_sttc_is_elephants(golden):
    table = table_of(golden)
    for window, values in zip(golden["windows"], golden["sttc"]):
        found = spikekit.sttc(table, window / 1000)
        np.testing.assert_allclose(found, values, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(found, found.T)


def test_sttc_knows_no_clock(golden):
    """elephant compares times by isclose(), whose relative tolerance makes 5 ms at 86400 s a
    window of 0.87 s; the definition has no place for the clock."""
    late = spikekit.sttc(table_of(golden, 86400 * 1000))
    np.testing.assert_array_equal(late, spikekit.sttc(table_of(golden)))
    assert np.abs(late - golden["sttc_late"]).max() > 0.5


def test_sttc_rows_and_pairs(golden):
    table = table_of(golden)
    whole = spikekit.sttc(table)
    some = spikekit.sttc(table, references=[5, 0], targets=[1, 5, 7], threads=1)
    np.testing.assert_array_equal(some, whole[np.ix_([5, 0], [1, 5, 7])])
    assert spikekit.sttc(table, references=[]).shape == (0, 8)
    pairs = [(3, 1), (0, 7), (2, 2)]
    found = spikekit.sttc(table, pairs=pairs)
    np.testing.assert_array_equal(found, [whole[pair] for pair in pairs])
    assert spikekit.sttc(table, pairs=[]).shape == (0,)
    profile = spikekit.sttc_profile(table, pairs, [0.001, 0.005, 0.1], tiling="samples")
    for k, window in enumerate((0.001, 0.005, 0.1)):
        found = spikekit.sttc(table, window, pairs=pairs, tiling="samples")
        np.testing.assert_array_equal(profile[:, k], found)


def test_sttc_epochs(golden):
    table = table_of(golden)
    epochs = [(0, 5), (7, 12.5)]
    found = spikekit.sttc(table, epochs=epochs)
    np.testing.assert_array_equal(found, spikekit.sttc(table.restrict(epochs)))
    assert (found != spikekit.sttc(table)).any()
    pairs = [(0, 3), (4, 5)]
    assert spikekit.sttc(table, pairs=pairs, epochs=epochs).tolist() == [found[0, 3], found[4, 5]]


def test_sttc_refuses(golden):
    table = table_of(golden)
    for arguments, message in (
        ({"window_s": -1}, "window_s must be positive"),
        ({"window_s": 1e-6}, "less than a sample"),
        ({"window_s": 20}, "shorter than the recording"),
        ({"tiling": "space"}, "tiling: expected one of time, samples"),
        ({"references": [99]}, "no unit 99"),
        ({"references": [1, 1]}, "unit 1 is there twice"),
        ({"pairs": [(1, 2)], "targets": [1]}, "leave out"),
        ({"pairs": [1, 2]}, "expected shape"),
    ):
        with pytest.raises(spikekit.ArgumentError, match=message):
            spikekit.sttc(table, **arguments)
    assert np.isfinite(spikekit.sttc(table, 0)).all()


def test_sttc_test(golden):
    table = table_of(golden)
    found = spikekit.sttc_test(table, 0.005, 39, width_s=0.05, seed=3, threads=2)
    np.testing.assert_array_equal(found.values, spikekit.sttc(table))
    assert np.isnan(found.p_upper.diagonal()).all()
    upper, lower = found.p_upper[0, 3], found.p_lower[0, 3]
    assert upper * 40 == round(upper * 40) and upper + lower >= 41 / 40 - 1e-12
    again = spikekit.sttc_test(table, 0.005, 39, width_s=0.05, seed=3, threads=1)
    np.testing.assert_array_equal(again.sds, found.sds)
    other = spikekit.sttc_test(table, 0.005, 39, width_s=0.05, seed=4)
    assert (other.sds != found.sds)[0, 3]
    some = spikekit.sttc_test(
        table, 0.005, 39, width_s=0.05, seed=3, references=[2], targets=[0, 1]
    )
    np.testing.assert_array_equal(some.means, found.means[[2]][:, [0, 1]])
    for arguments, message in (
        ({"method": "shake"}, "method: expected one of dither"),
        ({"width_s": -1}, "width_s"),
        ({"seed": -1}, "seed"),
        ({"n_surrogates": 0}, "surrogates: expected"),
    ):
        with pytest.raises(spikekit.ArgumentError, match=message):
            spikekit.sttc_test(table, **arguments)


def test_count_correlation_is_elephants(golden):
    table = table_of(golden)
    found = spikekit.count_correlation(table, golden["widths"] / 1000)
    np.testing.assert_allclose(found.correlations, golden["correlations"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.covariances, golden["covariances"], rtol=1e-12, atol=1e-12)
    assert found.n_bins.tolist() == [20000 // w for w in golden["widths"]]
    np.testing.assert_allclose(found.means[0], table.counts() / 20000)
    one = spikekit.count_correlation(table, 0.05, threads=2)
    np.testing.assert_array_equal(one.correlations, found.correlations[2])
    assert one.bins_s == 0.05


def test_count_correlation_degenerate(golden):
    table = table_of(golden)
    with pytest.warns(spikekit.SpikekitWarning, match="fewer than two bins of 30 s"):
        found = spikekit.count_correlation(table, [30, 20])
    assert found.n_bins.tolist() == [0, 1] and np.isnan(found.correlations).all()
    for bins_s in (0, -1, np.nan, [], [[1]]):
        with pytest.raises(spikekit.ArgumentError, match="bins_s"):
            spikekit.count_correlation(table, bins_s)


def test_summary(golden):
    found = spikekit.count_correlation(table_of(golden), 0.05)
    summary = spikekit.correlation_summary(found.correlations)
    z = np.arctanh(found.correlations[np.triu_indices(8, 1)])
    assert summary.n_pairs == 28 and summary.mean == pytest.approx(np.tanh(z.mean()))
    assert summary.sd_z == pytest.approx(z.std(ddof=1))
    assert summary.lower < summary.mean < summary.upper
    assert 0 < summary.n_effective < 28 + 1e-9
    with pytest.raises(spikekit.ArgumentError, match="level"):
        spikekit.correlation_summary(found.correlations, level=1)
    with pytest.raises(spikekit.ArgumentError, match="expected shape"):
        spikekit.correlation_summary([1, 2])
    assert np.isnan(spikekit.correlation_limits(0.5, 3)).all()


def test_windows_of_a_profile_are_those_of_sttc(golden):
    """Between two samples, too: the largest whole number that is no longer."""
    table = table_of(golden)
    pairs, windows_s = [(0, 1), (2, 3)], [0, 0.0018, 0.003, 0.0047, 0.0295]
    found = spikekit.sttc_profile(table, pairs, windows_s)
    for k, window_s in enumerate(windows_s):
        np.testing.assert_array_equal(found[:, k], spikekit.sttc(table, window_s, pairs=pairs))
    assert (found[:, 1] != spikekit.sttc(table, 0.002, pairs=pairs)).all()
    for wrong in (0.0009, -1, np.nan, [[0.001]], []):
        with pytest.raises(spikekit.ArgumentError, match="window"):
            spikekit.sttc_profile(table, pairs, wrong)


def test_complexity_is_elephants(golden):
    table = table_of(golden)
    n = 0
    for name in golden.files:
        if not name.startswith("complexity_"):
            continue
        width, counted, spread = name.split("_")[1:]
        found = spikekit.complexity(
            table, int(width) / 1000, counted=counted, spread=int(spread)
        )
        np.testing.assert_array_equal(found.counts, golden[name])
        assert (found.expected is None) == (counted == "spikes" or spread != "0")
        n += 1
    assert n == 12


def test_parts(golden):
    table = table_of(golden)
    for window_s in (0, 0.005):
        parts = spikekit.sttc_parts(table, (2, 1), window_s)
        assert parts.sttc == spikekit.sttc(table, window_s, pairs=[(2, 1)])[0]
        assert (parts.n_a, parts.n_b) == tuple((table.units == unit).sum() for unit in (2, 1))
        assert parts.near_a == parts.n_near_a / parts.n_a
        assert parts.near_b == parts.n_near_b / parts.n_b
        half_a = (parts.near_a - parts.tiled_b) / (1 - parts.near_a * parts.tiled_b)
        half_b = (parts.near_b - parts.tiled_a) / (1 - parts.near_b * parts.tiled_a)
        assert parts.sttc == pytest.approx((half_a + half_b) / 2, abs=1e-15)
        back = spikekit.sttc_parts(table, (1, 2), window_s)
        assert (back.n_near_a, back.tiled_a) == (parts.n_near_b, parts.tiled_b)
    within = spikekit.sttc_parts(table, (2, 1), epochs=[(0, 1)])
    assert 0 < within.n_a < parts.n_a
    for wrong in ((1,), (1, 2, 3), [(1, 2), (2, 3)], (1, 99)):
        with pytest.raises(spikekit.ArgumentError, match="pair"):
            spikekit.sttc_parts(table, wrong)


def test_complexity_default_is_a_millisecond():
    for rate, width in ((250, 1), (1000, 1), (30000, 30)):
        table = spikekit.SpikeTable([5, 40, 41, 70], [0, 1, 0, 1], rate, stop_sample=90)
        found = spikekit.complexity(table)
        assert found.bin_s == width / rate
        np.testing.assert_array_equal(
            found.counts, spikekit.complexity(table, width / rate).counts
        )


def test_complexity_expected(golden):
    table = table_of(golden)
    for block_s in (0, 1):
        found = spikekit.complexity(table, block_s=block_s)
        assert found.expected.sum() == pytest.approx(20000)
    for arguments, message in (
        ({"counted": "neurons"}, "counted"),
        ({"spread": -1}, "spread"),
        ({"block_s": -1}, "block_s"),
        ({"bin_s": 0}, "bin_s"),
    ):
        with pytest.raises(spikekit.ArgumentError, match=message):
            spikekit.complexity(table, **arguments)
