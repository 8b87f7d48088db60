# SPDX-License-Identifier: BSD-3-Clause
"""Predictors, tails and bounds of correlograms from numpy arrays."""

from pathlib import Path

import numpy as np
import pytest
import spikekit

GOLDEN = Path(__file__).parents[1] / "golden"


def test_predictors_are_cch_convs():
    counts = np.load(GOLDEN / "significance" / "counts.npy")
    expected = np.load(GOLDEN / "significance" / "predicted.npy")
    kernels = ("gaussian", "rectangular", "triangular", "median")
    for row, (w, kernel) in enumerate((w, k) for w in (5, 6) for k in kernels):
        found = spikekit.predict_correlograms(counts, w, kernel)
        np.testing.assert_allclose(found, expected[row], rtol=1e-12)
        both = spikekit.predict_correlograms([[counts], [counts[::-1]]], w, kernel)
        assert both.shape == (2, 1, 45)
        np.testing.assert_array_equal(both[1, 0], found[::-1])


def test_center_and_hollow_fraction():
    counts = np.full(61, 7)
    counts[30] = 10**6
    found = spikekit.predict_correlograms(counts, 5, skip_center=True)
    assert np.isnan(found[30])
    np.testing.assert_allclose(np.delete(found, 30), 7)
    alone = spikekit.predict_correlograms(counts, 5, "rectangular", hollow_fraction=1.0)
    assert alone[30] == 7


def test_tails_and_bounds():
    more, fewer = spikekit.correlogram_tails([[3, 0, 5]], [[2.5, 4.0, np.nan]])
    np.testing.assert_allclose(np.exp(more) + np.exp(fewer), [[1, 1, np.nan]])
    assert fewer[0, 1] == pytest.approx(np.log(0.5) - 4)
    lower, upper = spikekit.correlogram_bounds([11.25, np.nan], 0.001, 20)
    assert lower[0] == 1 and upper[0] == 26 and np.isnan(lower[1]) and np.isnan(upper[1])


def test_deconvolution_is_cchdeconvs():
    counts = np.load(GOLDEN / "pair_tests" / "deconvolution_counts.npy")
    values = np.load(GOLDEN / "pair_tests" / "deconvolution_values.npy")
    rows = np.load(GOLDEN / "pair_tests" / "deconvolution.npy")
    found = spikekit.deconvolve_correlograms(
        counts[:, 0], counts[:, 1], rows[:, 0], counts[:, 2], rows[:, 1]
    )
    np.testing.assert_allclose(found, values[:, 0], atol=1e-9)


def test_false_discovery():
    p = np.random.default_rng(1).random(200) ** 2
    order = np.argsort(p)
    q = np.minimum.accumulate((p[order] * 200 / np.arange(1, 201))[::-1])[::-1]
    found = np.exp(spikekit.false_discovery(np.log(p)))
    np.testing.assert_allclose(found[order], np.minimum(q, 1))
    few = np.exp(spikekit.false_discovery(np.log(p[p < 0.1]), 200))
    known = found[p < 0.1] < 0.1
    np.testing.assert_allclose(few[known], found[p < 0.1][known])


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: spikekit.predict_correlograms([1, 2, 3]), "n_bins must be at least"),
        (lambda: spikekit.predict_correlograms([[-1] * 99]), r"counts\[0\]\[0\] must be >= 0"),
        (lambda: spikekit.predict_correlograms([0.5] * 99), "whole numbers"),
        (lambda: spikekit.predict_correlograms([1] * 99, kernel="box"), "kernel"),
        (lambda: spikekit.predict_correlograms([1] * 99, 0), "window_bins"),
        (lambda: spikekit.predict_correlograms(3), "last axis"),
        (lambda: spikekit.correlogram_tails([1, 2], [1.0]), "predicted: expected shape"),
        (lambda: spikekit.correlogram_bounds([1.0], 1.0), "alpha must be"),
        (lambda: spikekit.correlogram_bounds([1.0], 0.1, 0), "n_tests must be"),
        (lambda: spikekit.deconvolve_correlograms([1] * 4, [1] * 4, 1, [1] * 4, 1), "odd"),
        (lambda: spikekit.deconvolve_correlograms([1] * 5, [1] * 3, 1, [1] * 5, 1), "auto_source"),
        (lambda: spikekit.false_discovery([0.5]), r"log_p\[0\] must be <= 0"),
        (lambda: spikekit.false_discovery([-1.0, -2.0], 1), "n_tests must be"),
        (lambda: spikekit.false_discovery([-1.0], 0), "n_tests: expected"),
    ],
)
def test_errors(call, words):
    with pytest.raises(spikekit.ArgumentError, match=words):
        call()
