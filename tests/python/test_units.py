# SPDX-License-Identifier: BSD-3-Clause
"""Curves and periods of units against their definitions in numpy."""

import numpy as np
import pytest
import spikekit


@pytest.fixture(scope="module")
def session():
    return spikekit.simulate(n_units=5, duration_s=240, seed=6)


PARTS = [(5, 60), (100, 130.5)]


def intervals(session, unit, parts=None):
    """Interspike intervals [samples], none of them across two parts."""
    train, rate = session.train(unit), session.sampling_rate_hz
    if parts is None:
        return np.diff(train)
    edges = [(round(a * rate), round(b * rate)) for a, b in parts]
    return np.concatenate([np.diff(train[(train >= a) & (train < b)]) for a, b in edges])


# ---- isi_histogram ----


@pytest.mark.parametrize("parts", [None, PARTS])
def test_isi_histogram(session, parts):
    counts, edges_s, density = spikekit.isi_histogram(
        session, n_bins=30, log10_first_s=-3, log10_width=0.15, epochs=parts
    )
    assert np.allclose(edges_s, 10 ** (-3 + 0.15 * np.arange(31)), rtol=1e-14)
    spikes = spikekit.spike_counts(session, parts)
    for unit in range(session.n_units):
        seconds = intervals(session, unit, parts) / session.sampling_rate_hz
        expected, _ = np.histogram(np.log10(seconds[seconds > 0]), -3 + 0.15 * np.arange(31))
        assert np.array_equal(counts[unit], expected)
        assert np.allclose(density[unit], expected / np.diff(edges_s) / spikes[unit], rtol=1e-13)
    assert counts.sum() > 1000


def test_isi_histogram_by_periods(session):
    whole = spikekit.isi_histogram(session, epochs=PARTS)
    part = spikekit.isi_histogram(session, periods={1: PARTS, 3: PARTS}, threads=2)
    assert whole.counts.shape == (5, 125)
    assert np.array_equal(part.counts[[1, 3]], whole.counts[[1, 3]])
    assert not part.counts[[0, 2, 4]].any() and np.isnan(part.density_hz[[0, 2, 4]]).all()


def test_isi_histogram_refuses(session):
    with pytest.raises(spikekit.ArgumentError, match="n_bins"):
        spikekit.isi_histogram(session, n_bins=0)
    with pytest.raises(spikekit.ArgumentError, match="log10_width"):
        spikekit.isi_histogram(session, log10_width=-1)
    with pytest.raises(spikekit.LimitError, match="n_bins: .* does not fit 64 bits"):
        spikekit.isi_histogram(session, n_bins=2**64 + 5)
    with pytest.raises(TypeError):
        spikekit.isi_histogram(session, n_bins=2.5)
    with pytest.raises(spikekit.ArgumentError, match="no unit 9"):
        spikekit.isi_histogram(session, periods={9: PARTS})


# ---- acg_fit ----


def curve(fit, lags):
    x = np.asarray(lags) - fit.refractory_ms
    decay = np.exp(-x / fit.tau_decay_ms) - fit.rise_ratio * np.exp(-x / fit.tau_rise_ms)
    burst = fit.burst_hz * np.exp(-x / fit.tau_burst_ms)
    return np.maximum(0, fit.decay_hz * decay + burst + fit.asymptote_hz)


def test_acg_fit_finds_a_curve():
    truth = spikekit.AcgFit(20.0, 2.0, 15.0, 1.5, 5.0, 1.0, 1.0, 0.0, 1.0, True)
    lags = np.arange(1, 101) * 0.5
    assert np.allclose(truth.curve(lags), curve(truth, lags), rtol=1e-12)
    fit = spikekit.acg_fit(truth.curve(lags))
    assert fit.converged is True and fit.r_square > 1 - 1e-6
    assert np.abs(fit.curve(lags) - truth.curve(lags)).max() < 0.05
    assert fit.curve(lags.reshape(4, 25)).shape == (4, 25)
    assert fit.curve(3.5) == pytest.approx(curve(fit, 3.5), rel=1e-12)


def test_acg_fit_without_numbers():
    fit = spikekit.acg_fit([np.nan] * 20, bin_ms=1)
    assert np.isnan(fit.r_square) and not fit.converged and np.isnan(fit.curve([1, 2])).all()


@pytest.mark.parametrize(
    "values, bin_ms, what",
    [(np.ones(7), 0.5, "n_bins"), (np.ones(20), 0, "bin_ms"), (np.ones((2, 9)), 1, "shape")],
)
def test_acg_fit_refuses(values, bin_ms, what):
    with pytest.raises(spikekit.ArgumentError, match=what):
        spikekit.acg_fit(values, bin_ms)


# ---- refractory_confidence ----


def poisson_above(v, mean):
    """P(more than v), term by term."""
    terms = np.cumsum(np.log(np.maximum(np.arange(v + 1), 1)))
    return 1 - np.exp(np.arange(v + 1) * np.log(mean) - mean - terms).sum()


def test_refractory_confidence(session):
    unit, found = 2, spikekit.refractory_confidence(session, 2, model="steinmetz")
    train, rate = session.train(unit), session.sampling_rate_hz
    lags = (train[None, :] - train[:, None])[np.triu_indices(len(train), 1)]
    step = round(0.00025 * rate)
    pairs = np.bincount(lags[lags < 40 * step] // step, minlength=40)
    assert np.array_equal(found.pairs, pairs)
    assert np.allclose(found.periods_s, (np.arange(40) + 1) * step / rate)
    assert np.allclose(found.contaminations, (np.arange(70) + 1) * 0.005)
    assert found.confidence.shape == (70, 40)
    n, period, foreign = len(train), found.periods_s[11], found.contaminations[30]
    mean = 2 * period / session.duration_s * foreign * n * n
    violations = pairs[:12].sum() + (lags == 0).sum()
    assert found.confidence[30, 11] == pytest.approx(poisson_above(violations, mean), abs=1e-9)
    assert (np.diff(found.confidence, axis=0) >= 0).all()


def test_refractory_confidence_is_the_metric(session):
    metric = spikekit.metrics(session, "sliding_rp_violation")["sliding_rp_violation"]
    found = [spikekit.refractory_confidence(session, unit) for unit in session.unit_ids]
    assert np.array_equal([f.contamination for f in found], metric, equal_nan=True)
    nothing = spikekit.refractory_confidence(session, 0, periods={})
    assert np.isnan(nothing.contamination) and not nothing.confidence.any()


def test_refractory_confidence_refuses(session):
    with pytest.raises(spikekit.ArgumentError, match="no unit 9"):
        spikekit.refractory_confidence(session, 9)
    with pytest.raises(spikekit.ArgumentError, match="model: expected one of llobet"):
        spikekit.refractory_confidence(session, 0, model="other")
    for name, value in [("n_periods", 10**12), ("n_contaminations", 0), ("confidence", 2)]:
        with pytest.raises(spikekit.ArgumentError, match=name):
            spikekit.refractory_confidence(session, 0, **{name: value})


# ---- valid_periods ----


def test_valid_periods_feed_metrics(session):
    periods = spikekit.valid_periods(session, min_valid_s=60)
    assert list(periods) == session.unit_ids.tolist()
    assert all(isinstance(own, spikekit.Epochs) for own in periods.values())
    found = spikekit.metrics(session, "num_spikes", periods=periods)["num_spikes"]
    expected = [
        sum(np.sum((train >= a) & (train < b)) for a, b in zip(own.starts, own.stops))
        for own, train in ((periods[u], session.train(u)) for u in session.unit_ids)
    ]
    assert np.array_equal(found, expected) and found.any()
    for own in periods.values():
        assert (own.stops - own.starts >= 60 * session.sampling_rate_hz).all()


def test_valid_periods_see_a_bad_part():
    """A regular unit that fires double spikes for its middle third."""
    rng, rate = np.random.default_rng(4), 1000
    train = np.arange(50, 900 * rate, 100)
    bad = train[(train >= 300 * rate) & (train < 600 * rate)] + 2
    samples = np.sort(np.concatenate([train, bad]))
    table = spikekit.SpikeTable(samples, samples * 0 + 7, rate, stop_sample=900 * rate)
    options = {"amplitudes": rng.normal(100, 5, len(samples)), "refractory_ms": 3}
    own = spikekit.valid_periods(table, margin_periods=0, **options)[7]
    assert own == spikekit.Epochs([0, 600 * rate], [300 * rate, 900 * rate])
    # Periods are cut anew in each epoch; the last, of 20 s, has too few amplitudes to judge.
    epochs = [(0, 210), (400, 900)]
    own = spikekit.valid_periods(table, margin_periods=0, epochs=epochs, **options)[7]
    assert own == spikekit.Epochs([0, 610 * rate], [210 * rate, 880 * rate])
    nothing = spikekit.valid_periods(table, min_valid_s=1000, **options)[7]
    assert len(nothing) == 0


def test_valid_periods_refuse(session):
    table = spikekit.SpikeTable(session.samples, session.units, session.sampling_rate_hz)
    with pytest.raises(spikekit.NotFoundError, match="amplitudes: the data have none"):
        spikekit.valid_periods(table)
    with pytest.raises(spikekit.ArgumentError, match="amplitudes"):
        spikekit.valid_periods(table, amplitudes=[1.0, 2.0])
    with pytest.raises(spikekit.ArgumentError, match="period_s"):
        spikekit.valid_periods(session, period_s=0)


# ---- drift_medians ----


@pytest.mark.parametrize("name, column", [("amplitudes", 0), ("spike_positions", 1)])
def test_drift_medians(session, name, column):
    medians, counts, starts_s = spikekit.drift_medians(
        session, name, interval_s=50, min_spikes=20, threads=2
    )
    values = np.asarray(getattr(session, name), np.float64).reshape(session.n_spikes, -1)
    interval = session.samples // round(50 * session.sampling_rate_hz)
    assert medians.shape == counts.shape == (5, 5)
    assert np.array_equal(starts_s, np.arange(5) * 50.0)
    for unit, k in np.ndindex(5, 5):
        own = values[(session.units == unit) & (interval == k), column]
        assert counts[unit, k] == len(own)
        if len(own) < 20:
            assert np.isnan(medians[unit, k])
        else:
            assert medians[unit, k] == pytest.approx(np.median(own), rel=1e-12)
    column = np.int32(column)
    given = spikekit.drift_medians(session, values, column=column, interval_s=50, min_spikes=20)
    assert given.medians.tobytes() == medians.tobytes()


def test_drift_medians_refuse(session):
    with pytest.raises(spikekit.ArgumentError, match="values: expected one of"):
        spikekit.drift_medians(session, "depth")
    with pytest.raises(spikekit.ArgumentError, match="column"):
        spikekit.drift_medians(session, column=3)
    with pytest.raises(spikekit.ArgumentError, match="interval_s"):
        spikekit.drift_medians(session, interval_s=-1)


# ---- find_duplicates_across ----


def test_duplicates_across_against_definition():
    """No two spikes of either unit are near, so that each coincidence stands alone."""
    rng = np.random.default_rng(8)
    one = np.arange(100, 100000, 100)
    shared = rng.random(len(one)) < 0.4
    two = one + np.where(shared, rng.integers(-4, 5, len(one)), 50)
    samples, units = np.concatenate([one, two]), np.repeat([3, 8], len(one))
    order = np.argsort(samples, kind="stable")
    table = spikekit.SpikeTable(samples[order], units[order], 30000)
    near = np.abs(two - one) < 4  # closer than int(0.166 / 1000 * 30000) = 4 samples
    always = {"min_coincidences": 0, "min_chance_ratio": 0}
    for amplitudes, loser in [((1, 2), 3), ((2, 1), 8), ((1, 1), 8)]:
        drop = spikekit.find_duplicates_across(table, [(3, 8)], amplitudes=amplitudes, **always)
        expected = np.concatenate([near & (loser == 3), near & (loser == 8)])[order]
        assert np.array_equal(drop, expected) and drop.any()
    later = spikekit.find_duplicates_across(table, [(3, 8)], rule="later", **always)
    first = np.concatenate([near & (two < one), near & (two >= one)])[order]
    assert np.array_equal(later, first)
    gone = spikekit.find_duplicates_across(table, [(3, 8)], rule="later", drop=later, **always)
    assert np.array_equal(gone, later)
    many = {"rule": "later", "min_coincidences": int(near.sum())}
    assert not spikekit.find_duplicates_across(table, [(3, 8)], **many).any()
    assert not spikekit.find_duplicates_across(table, [], rule="later").any()


def test_duplicates_across_refuse():
    table = spikekit.SpikeTable([1, 2, 3], [1, 2, 3], 30000)
    with pytest.raises(spikekit.ArgumentError, match="amplitudes"):
        spikekit.find_duplicates_across(table, [(1, 2)])
    with pytest.raises(spikekit.ArgumentError, match=r"amplitudes: expected shape \(3,\)"):
        spikekit.find_duplicates_across(table, [(1, 2)], amplitudes=[1.0])
    with pytest.raises(spikekit.ArgumentError, match="no unit 4"):
        spikekit.find_duplicates_across(table, [(1, 4)], rule="later")
    with pytest.raises(spikekit.ArgumentError, match="pairs: expected shape"):
        spikekit.find_duplicates_across(table, [1, 2, 3], rule="later")
    with pytest.raises(spikekit.ArgumentError, match="drop: expected shape"):
        spikekit.find_duplicates_across(table, [(1, 2)], rule="later", drop=[True])
    with pytest.raises(spikekit.ArgumentError, match="rule: expected one of"):
        spikekit.find_duplicates_across(table, [(1, 2)], rule="first")
