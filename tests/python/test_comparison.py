# SPDX-License-Identifier: BSD-3-Clause
"""Comparison of sorters from Python: against plain numpy, and on simulations."""

import numpy as np
import pytest
import spikekit


def sweep(s, t, delta):
    """Matches of two trains from the definition."""
    last, n = -1, 0
    for time in s:
        for k in np.flatnonzero(np.abs(t - time) <= delta):
            if k != last:
                last, n = k, n + 1
                break
    return n


@pytest.fixture(scope="module")
def sorted_twice():
    perfect = dict(missed_max=0, contamination_max=0)
    options = dict(n_units=6, duration_s=60, seed=4)
    return spikekit.simulate(**options, **perfect), spikekit.simulate(**options, missed_max=0.4)


def test_equals_numpy(sorted_twice):
    a, b = sorted_twice
    for symmetric in (False, True):
        found = spikekit.compare(a, b, symmetric=symmetric, delta_ms=2)
        assert found.delta_samples == 60
        expected = np.zeros((6, 6), np.int64)
        for i in range(6):
            for j in range(6):
                forth = sweep(a.train(i), b.train(j), 60)
                back = sweep(b.train(j), a.train(i), 60) if symmetric else 0
                expected[i, j] = min(max(forth, back), len(b.train(j)))
        assert np.array_equal(found.matches, expected)
        n, k = a.counts()[:, None], b.counts()[None, :]
        assert np.array_equal(found.agreements, expected / (n + k - expected))
        pairs = found.pairs
        assert np.array_equal(expected[pairs["a"], pairs["b"]], pairs["matches"])
        assert len(pairs["a"]) == np.count_nonzero(expected)


def test_a_simulation_closes_the_circle(sorted_twice):
    """Recall is what was not missed, precision what is not foreign."""
    true, simulated = sorted_twice
    found = spikekit.compare(true, simulated, truth=True, delta_samples=0, match_score=0.05)
    truth = simulated.truth
    assert np.array_equal(truth["n_true_spikes"], true.counts())
    kept = truth["n_true_spikes"] - truth["n_missed"]
    performance = found.performance
    assert list(performance["match"]) == list(range(6))
    # A foreign spike that falls on the sample of a missed one counts as found: one at most.
    assert np.all(performance["tp"] >= kept) and np.all(performance["tp"] <= kept + 1)
    np.testing.assert_allclose(performance["recall"], 1 - truth["missed"], atol=0.01)
    np.testing.assert_allclose(performance["precision"], 1 - truth["contamination"], atol=0.01)
    for name in ("recall", "precision"):
        assert np.all(performance[name + "_lower"] <= performance[name])
        assert np.all(performance[name] <= performance[name + "_upper"])


def test_classes():
    def table(**trains):
        samples = np.concatenate([np.asarray(t) for t in trains.values()])
        units = np.concatenate([[int(k[1:])] * len(t) for k, t in trains.items()])
        return spikekit.SpikeTable(samples, units, 30000, sort=True, stop_sample=10**6)

    one, two = np.arange(10) * 1000, np.arange(10) * 1000 + 500
    true = table(u1=one, u2=two, u3=[777])
    found = table(u5=one, u6=np.concatenate([one[:6], two[:6]]), u7=[50_001], u8=two[:5])
    result = spikekit.compare(true, found, truth=True)
    # Unit 6 has 6 of 12 and 10 (0.375) of either; unit 8 half of unit 2.
    assert result.well_detected.tolist() == [5]
    assert result.overmerged.tolist() == [6]
    assert result.false_positive.tolist() == [7]
    assert result.redundant.tolist() == [6]
    assert result.bad.tolist() == [6, 7]
    assert result.units_a["match"].tolist() == [5, 8, None]
    assert result.units_b["best_match"].tolist() == [1, 1, None, 2]
    counts, rows, columns = result.confusion()
    assert rows.tolist() == [1, 2, 3] and columns.tolist() == [5, 8, 6, 7]
    assert counts.tolist() == [
        [10, 0, 0, 0, 0],
        [0, 5, 0, 0, 5],
        [0, 0, 0, 0, 1],
        [0, 0, 12, 1, 0],
    ]
    precision = result.performance["precision"]
    assert precision[:2].tolist() == [1, 1] and np.isnan(precision[2])
    best = spikekit.compare(true, found, truth=True, matching="best")
    assert best.performance["match"].tolist() == [5, 8, None]


def test_frames(sorted_twice):
    pytest.importorskip("pandas")
    found = spikekit.compare(*sorted_twice, truth=True)
    frame = found.to_frame()
    assert list(frame.index) == list(range(6)) and "recall_lower" in frame
    other = found.to_frame("b")
    assert "overmerged" in other and "recall" not in other
    many = spikekit.compare_many(sorted_twice, names=["x", "y"]).to_frame()
    assert list(many) == ["n_members", "agreement", "x", "y"]


def test_many(sorted_twice):
    a, b = sorted_twice
    some = spikekit.SpikeTable(a.train(3), np.full(len(a.train(3)), 9), a.sampling_rate_hz)
    found = spikekit.compare_many([a, b, some], match_score=0.3)
    shared = [row for row in found.members.tolist() if row[2] is not None]
    assert shared == [[3, 3, 9]]
    alone = spikekit.compare_many([a, a])
    assert alone.n_members.tolist() == [2] * 6 and np.all(alone.agreement == 1)
    for findings in (0, 1, 2):
        trains = alone.trains(findings)
        assert np.array_equal(trains.samples, a.samples)
        assert np.array_equal(trains.counts(), a.counts())
    union, shared = found.trains(1), found.trains(0, members=3)
    assert union.n_spikes >= b.n_spikes and shared.counts().nonzero()[0].tolist() == [3]


def test_threads_epochs_and_length(sorted_twice):
    a, b = sorted_twice
    one, four = (spikekit.compare(a, b, threads=n) for n in (1, 4))
    assert one.agreements.tobytes() == four.agreements.tobytes()
    part = spikekit.compare(a, b, epochs=[(10, 20), (30, 31)])
    assert np.array_equal(part.units_a["n_spikes"], a.counts([(10, 20), (30, 31)]))
    longer = spikekit.SpikeTable(b.samples, b.units, 30000, stop_sample=10**7)
    with pytest.warns(spikekit.SpikekitWarning, match="the first lasts 60.0 s, the second 333.3 s"):
        spikekit.compare(a, longer)


def test_what_is_refused(sorted_twice):
    a, b = sorted_twice
    other = spikekit.SpikeTable(b.samples, b.units, 20000)
    cases = [
        (dict(b=other), "a is sampled at 30000 Hz, b at 20000 Hz"),
        (dict(score="euclid"), "score: expected one of count, distance, found 'euclid'"),
        (dict(matching="greedy"), "matching: expected one of assigned, best"),
        (dict(match_score=0), "match_score must be above 0"),
        (dict(delta_samples=-1), "delta_samples: expected 0 or more"),
        (dict(confidence=95), "confidence_level must be between 0 and 1"),
    ]
    for arguments, message in cases:
        with pytest.raises(spikekit.ArgumentError, match=message):
            spikekit.compare(a, **{"b": b, **arguments})
    with pytest.raises(spikekit.ArgumentError, match="n_sortings"):
        spikekit.compare_many([])
    with pytest.raises(spikekit.ArgumentError, match="names: expected 2, found 1"):
        spikekit.compare_many([a, b], names=["x"])
    with pytest.raises(spikekit.ArgumentError, match="side"):
        spikekit.compare(a, b).to_dict("c")
    with pytest.raises(spikekit.ArgumentError, match="findings"):
        spikekit.compare_many([a, b]).trains(-1)
