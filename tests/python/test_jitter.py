# SPDX-License-Identifier: BSD-3-Clause
"""Interval jitter from Python: against draws by numpy, a plain reading of Jeck and Niebur by
convolution of hypergeometric numbers, and what goes wrong."""

from math import comb

import numpy as np
import pytest
import spikekit


def trains(seed=0, n=150, duration=4000):
    rng = np.random.default_rng(seed)
    samples = [np.sort(rng.integers(0, duration, n)) for _ in range(2)]
    samples[1][:40] = np.minimum(samples[0][:40] + 2, duration - 1)
    times = np.concatenate(samples)
    units = np.repeat([10, 20], n)
    order = np.argsort(times, kind="stable")
    return spikekit.SpikeTable(times[order], units[order], 1000.0, stop_sample=duration)


def counts_of(reference, target, n_bins, width):
    lags = target[None, :] - reference[:, None] + n_bins * width // 2
    lags = lags[(lags >= 0) & (lags < n_bins * width)] // width
    return np.bincount(lags, minlength=n_bins)


def test_counts_moments_and_p_against_draws():
    data = trains()
    reference, target = (data.samples[data.units == unit] for unit in (0, 1))
    found = spikekit.jitter_test(data, [(10, 20)], 0.02, bin_s=0.003, window_s=0.024)
    assert found.lags_s.tolist() == pytest.approx(np.arange(-4, 5) * 0.003)
    assert found.counts[0].tolist() == counts_of(reference, target, 9, 3).tolist()
    rng = np.random.default_rng(1)
    draws = np.array([
        counts_of(reference, target // 20 * 20 + rng.integers(0, 20, len(target)), 9, 3)
        for _ in range(4000)
    ])
    upper = np.exp(found.log_upper[0])
    error = np.sqrt(upper * (1 - upper) / len(draws))
    assert (abs((draws >= found.counts[0]).mean(0) - upper) <= 4.5 * error + 1e-3).all()
    assert (abs(draws.mean(0) - found.expected[0])
            < 4.5 * np.sqrt(found.variance[0] / len(draws))).all()
    assert draws.var(0) == pytest.approx(found.variance[0], rel=0.12)
    correlograms = spikekit.jitter_correlograms(
        data, [(10, 20), (20, 10)], 0.02, bin_s=0.003, window_s=0.024
    )
    assert correlograms.counts[0].tolist() == found.counts[0].tolist()
    assert correlograms.expected[0] == pytest.approx(found.expected[0], abs=1e-12)
    assert correlograms.pairs.tolist() == [[10, 20], [20, 10]]


def hypergeometric(L, x, y):
    pmf = np.array([comb(x, c) * comb(L - x, y - c) for c in range(y + 1)], float)
    return pmf / pmf.sum()


def test_synchrony_is_that_of_jeck_and_niebur():
    data = trains(3, n=120, duration=3000)
    x, y = (np.zeros(3000, int) for _ in range(2))
    x[data.samples[data.units == 0]] = 1
    y[data.samples[data.units == 1]] = 1
    found = spikekit.jitter_test(
        data, [(10, 20)], 0.02, bin_s=0.001, window_s=0.01, statistic="synchrony"
    )
    for k, lag in enumerate(range(-5, 6)):
        shifted = np.zeros(3000, int)  # x seen from y: facing bin a is x[a - lag]
        if lag >= 0:
            shifted[lag:] = x[: 3000 - lag]
        else:
            shifted[:lag] = x[-lag:]
        pmf = np.ones(1)
        for window in range(0, 3000, 20):
            n = shifted[window : window + 20].sum(), y[window : window + 20].sum()
            pmf = np.convolve(pmf, hypergeometric(20, int(n[0]), int(n[1])))
        count = int((shifted * y).sum())
        assert found.counts[0, k] == count
        assert np.exp(found.log_upper[0, k]) == pytest.approx(pmf[count:].sum(), rel=1e-9)
        assert found.expected[0, k] == pytest.approx(pmf @ np.arange(len(pmf)), rel=1e-9)


def test_bands_and_threads():
    data = trains()
    one, two = (
        spikekit.jitter_bands(data, 10, 20, 0.02, bin_s=0.002, window_s=0.02, seed=2**63 + 7,
                              threads=threads)
        for threads in (1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, two))
    at = int(np.argmax(one.counts))
    assert one.lags_s[at] == pytest.approx(0.002)
    assert one.counts[at] > one.global_upper[at] and one.p_excess == 1 / 1001
    drawn = spikekit.surrogates(data, "jitter", 1000, width_s=0.02, seed=2**63 + 7).trains(20)
    reference = data.samples[data.units == 0]
    draws = np.array([counts_of(reference, train, len(one.counts), 2) for train in drawn])
    assert np.array_equal(one.p_upper, (1 + (draws >= one.counts).sum(0)) / 1001)
    assert np.array_equal(one.p_lower, (1 + (draws <= one.counts).sum(0)) / 1001)


def test_predictors():
    rng = np.random.default_rng(0)
    starts = np.arange(8) * 100
    times = np.sort(rng.integers(0, 800, 400))
    data = spikekit.SpikeTable(times, rng.integers(0, 2, 400), 1000.0, stop_sample=800)
    units = [data.samples[data.units == unit] for unit in (0, 1)]
    trials = [[unit[(unit >= s) & (unit < s + 60)] - s for s in starts] for unit in units]
    counts = np.array([[counts_of(a, b, 5, 2) for b in trials[1]] for a in trials[0]])
    same = sum(counts[r, r] for r in range(8))
    found = spikekit.shift_predictor(data, [(0, 1)], starts, 0.06, bin_s=0.002, window_s=0.008)
    assert found.counts[0].tolist() == same.tolist()
    assert found.predicted[0] == pytest.approx((counts.sum((0, 1)) - same) / 7)
    found = spikekit.shift_predictor(
        data, [(0, 1)], starts, 0.06, bin_s=0.002, window_s=0.008, predictor="neighbors"
    )
    near = sum(counts[r, r - 1] + counts[r - 1, r] for r in range(1, 8)) * 8 / 14
    assert found.predicted[0] == pytest.approx(near)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"interval_s": 0}, "interval_s must be above 0 and finite, got 0"),
        ({"from_s": 1, "to_s": 0}, "from_s must not be above to_s, got 1 and 0"),
        ({"jittered": "both"}, "jittered: expected one of target, reference, found 'both'"),
        ({"statistic": "x"}, "statistic: expected one of pairs, synchrony, found 'x'"),
        ({"pairs": [(10, 10)]}, "pairs: unit 0 with itself in pair 0"),
        ({"pairs": [1, 2]}, r"pairs: expected shape \(n, 2\), found \(2,\)"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(spikekit.ArgumentError, match=message):
        spikekit.jitter_test(trains(), **{"pairs": [(10, 20)], **arguments})


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_does_not_wrap(seed):
    with pytest.raises(spikekit.ArgumentError, match="seed: expected 0 to"):
        spikekit.jitter_bands(trains(), 10, 20, 0.02, seed=seed)


def test_no_pairs_and_no_bins():
    assert spikekit.jitter_test(trains(), []).counts.shape == (0, 101)
    assert spikekit.jitter_test(trains(), [(10, 20)], from_s=5).counts.shape == (1, 0)
