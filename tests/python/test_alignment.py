# SPDX-License-Identifier: BSD-3-Clause
"""Alignment to events from Python: against numpy, against pynapple and elephant where they are
installed, and on recorded responses to odours."""

import csv
import re
import warnings

import numpy as np
import pytest
import spikekit


def table_of(seed, n_spikes=3000, n_units=5, rate=1000.0, length=20000):
    rng = np.random.default_rng(seed)
    samples = np.sort(rng.integers(0, length, n_spikes))
    units = rng.integers(0, n_units, n_spikes) * 3 + 2
    return spikekit.SpikeTable(samples, units, rate, stop_sample=length)


def counts_by_numpy(table, events, edges):
    """Half-open bins, one histogram for each event and unit."""
    counts = np.zeros((len(events), table.n_units, len(edges) - 1), np.int32)
    for e, event in enumerate(events):
        for u, unit in enumerate(table.unit_ids):
            lags = table.train(unit) - event
            inside = lags[(lags >= edges[0]) & (lags < edges[-1])]
            counts[e, u] = np.bincount(
                np.searchsorted(edges, inside, side="right") - 1, minlength=len(edges) - 1
            )
    return counts


def test_against_numpy():
    table = table_of(1)
    rng = np.random.default_rng(2)
    events = rng.integers(300, 19000, 40)  # in no order
    labels = np.array(["go", "stop"])[rng.integers(0, 2, 40)]
    found = spikekit.align(
        table, events / 1000.0, (-0.2, 0.5), 0.02, conditions=labels, limits="student"
    )
    edges = np.arange(-200, 501, 20)
    expected = counts_by_numpy(table, events, edges)
    assert np.array_equal(found.counts, expected)
    assert found.is_whole.all() and np.array_equal(found.events, events)
    assert list(found.conditions) == ["go", "stop"]
    assert np.array_equal(found.edges_s, edges / 1000.0)
    for k, label in enumerate(found.conditions):
        own = expected[labels == label] / 0.02
        assert np.array_equal(found.totals[k], expected[labels == label].sum(0))
        assert np.allclose(found.rates[k], own.mean(0), rtol=1e-13)
        error = own.std(0, ddof=1) / np.sqrt(len(own))
        ratio = (found.upper[k] - found.rates[k])[error > 0] / error[error > 0]
        assert np.ptp(ratio) < 1e-9 * ratio.mean() and 2.0 < ratio.mean() < 2.2  # t of ~20
    lags, event = found.raster(table.unit_ids[3])
    assert len(lags) == expected[:, 3].sum()
    where = (event, np.searchsorted(edges, np.rint(lags * 1000), side="right") - 1)
    again = np.zeros(expected[:, 3].shape, int)
    np.add.at(again, where, 1)
    assert np.array_equal(again, expected[:, 3])
    in_samples = spikekit.align(table, events, (-0.2, 0.5), 0.02, event_unit="samples")
    assert np.array_equal(in_samples.counts, expected)
    assert in_samples.rates.shape == (5, 35)


@pytest.mark.parametrize(
    "rate, bin_s, edges, said",
    [
        (1000.0, 0.0004, (-0.5, 1.0, 0.001), "bin_s: 0.0004 is 0.001 in whole samples$"),
        (1250.0, 0.00025, (-0.5, 1.0, 0.0008), "bin_s: 0.00025 is 0.0008"),
        (30000.0, 0.00025, (-0.5, 1.0, 8 / 30000), "bin_s: 0.00025 is 0.000266667"),
        (1000.0, 0.7, (-0.5, 0.9, 0.7), r"^window_s: \(-0.5, 1\) is \(-0.5, 0.9\) in whole bins$"),
        (1000.0, 0.01, (-0.5, 1.0, 0.01), None),
    ],
)
def test_a_bin_is_rounded_before_the_window_is_cut(rate, bin_s, edges, said, recwarn):
    samples = np.arange(0, int(5 * rate), 97)
    table = spikekit.SpikeTable(samples, np.zeros(len(samples), int), rate)
    found = spikekit.align(table, [2.0, 3.0], (-0.5, 1.0), bin_s)
    assert np.allclose([found.edges_s[0], found.edges_s[-1], found.bin_s], edges, rtol=0, atol=1e-12)
    messages = [str(w.message) for w in recwarn if w.category is spikekit.SpikekitWarning]
    assert len(messages) == (said is not None)
    assert said is None or re.search(said, messages[0])


def test_repeated_events_are_said(recwarn):
    table = table_of(7)
    spikekit.align(table, [5.0, 6.0, 5.0], conditions=["a", "a", "b"])
    assert not [w for w in recwarn if w.category is spikekit.SpikekitWarning]
    with pytest.warns(spikekit.SpikekitWarning, match="^2 of 4 events repeat one at the same"):
        spikekit.align(table, [5.0, 6.0, 5.0, 5.0])


@pytest.mark.parametrize("limits", ["student", "bootstrap"])
def test_silent_bins_have_no_limits(limits):
    table = spikekit.SpikeTable([1010, 2011], [1, 1], 1000.0, stop_sample=5000)
    found = spikekit.align(table, [1.0, 2.0, 3.0], (0, 0.04), 0.02, limits=limits)
    assert np.allclose(found.rates, [[2 / 0.06, 0]])
    assert np.isfinite(found.lower[0, 0]) and found.upper[0, 0] > found.lower[0, 0]
    assert np.isnan(found.lower[0, 1]) and np.isnan(found.upper[0, 1])


def test_the_same_for_any_number_of_threads():
    table = table_of(3)
    events = np.linspace(0.1, 19.9, 60)
    found = [
        spikekit.align(table, events, limits="bootstrap", n_resamples=50, seed=3, threads=n)
        for n in (1, 2, 4)
    ]
    for other in found[1:]:
        for name in ("rates", "lower", "upper", "totals", "counts"):
            assert getattr(found[0], name).tobytes() == getattr(other, name).tobytes(), name


def test_chosen_units_epochs_and_what_is_not_seen():
    table = table_of(4)
    events = [0.1, 5.0, 9.9, 25.0]  # too near the start, whole, near a border, outside
    found = spikekit.align(table, events, (-0.2, 0.2), 0.1, epochs=[(0, 10), (10, 20)])
    assert found.is_whole.tolist() == [False, True, False, False]
    assert np.allclose(found.exposure_s[:, :], [[0, .1, .1, .1], [.1] * 4, [.1, .1, .1, 0], [0] * 4])
    assert (found.counts[3] == 0).all() and (found.n_events == 1).all()
    partial = spikekit.align(
        table, events, (-0.2, 0.2), 0.1, epochs=[(0, 10), (10, 20)], partial=True
    )
    assert partial.n_events.tolist() == [2, 3, 3, 2]
    two = spikekit.align(table, events, (-0.2, 0.2), 0.1, units=[11, 5])
    assert two.unit_ids.tolist() == [11, 5]
    every = spikekit.align(table, events, (-0.2, 0.2), 0.1)
    assert np.array_equal(two.counts, every.counts[:, [3, 1]])
    none = spikekit.align(table, [30.0], (-0.2, 0.2), 0.1)
    assert np.isnan(none.rates).all() and np.isnan(none.lower).all()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (dict(events=[[1.0]]), "events: expected shape"),
        (dict(events=[np.nan]), "events: a time is not finite"),
        (dict(events=[0.5], event_unit="samples"), "events: expected whole numbers"),
        (dict(event_unit="ms"), "event_unit: expected one of s, samples"),
        (dict(conditions=["a", "b"]), "conditions: expected shape"),
        (dict(window_s=1), "window_s: expected"),
        (dict(window_s=(1, 0)), "start_s must be below stop_s"),
        (dict(bin_s=0), "bin_s must be above 0"),
        (dict(bin_s=9), "bin_s must be at most the window"),
        (dict(limits="sem"), "limits: expected one of poisson, student, bootstrap"),
        (dict(kernel="sinc"), "kernel: expected one of"),
        (dict(confidence=1), "confidence must be between 0 and 1"),
        (dict(units=[2, 2]), "units: a unit is named twice"),
        (dict(units=[1]), "units: no unit 1"),
    ],
)
def test_errors(arguments, words):
    arguments = {"events": [1.0], **arguments}
    with pytest.raises(spikekit.ArgumentError, match=words):
        spikekit.align(table_of(0), **arguments)


# ---- peers ----


def test_pynapple_counts_the_same_but_for_its_closed_end():
    nap = pytest.importorskip("pynapple")
    table = table_of(5)
    events = np.array([1.0, 4.0, 4.5, 12.25])
    found = spikekit.align(table, events, (-0.5, 0.5), 0.05)
    lags, _ = found.raster(2)
    trains = nap.compute_perievent(nap.Ts(table.train(2) / 1000.0), nap.Ts(events), (0.5, 0.5))
    theirs = np.sort(np.concatenate([trains[k].t for k in trains]))
    at_the_end = np.isin(table.train(2), np.rint(1000 * (events + 0.5))).sum()
    assert len(theirs) == len(lags) + at_the_end
    assert np.allclose(np.sort(lags), theirs[theirs < 0.4999], atol=1e-9)


def test_elephant_histogram_of_trials():
    pytest.importorskip("elephant")
    import neo
    import quantities
    from elephant.statistics import time_histogram

    table = table_of(6)
    events = np.array([1000, 4000, 4500, 12250])
    found = spikekit.align(table, events, (-0.5, 0.5), 0.05, event_unit="samples")
    trains = []
    for event in events:
        lags = table.train(2) - event
        lags = lags[(lags >= -500) & (lags < 500)]
        trains.append(neo.SpikeTrain(lags / 1000.0, units="s", t_start=-0.5, t_stop=0.5))
    theirs = time_histogram(trains, 50 * quantities.ms).magnitude.ravel()
    assert np.array_equal(theirs, found.totals[0])


# ---- recordings ----


def test_locust_odour_responses(data_folder):
    folder = data_folder / "locust_al_20010214"
    if not folder.is_dir():
        pytest.skip("no locust_al_20010214")
    times = np.load(folder / "Vanilla_1.spike_times_samples.npy").ravel()
    units = np.load(folder / "Vanilla_1.spike_clusters.npy").ravel()
    order = np.argsort(times, kind="stable")
    samples = np.floor(times[order]).astype(np.int64)
    trials = np.arange(25)
    starts = trials * 30 * 15000
    table = spikekit.SpikeTable(
        samples, units[order], 15000, stop_sample=25 * 30 * 15000,
        epochs=spikekit.Epochs(starts, starts + int(28.77 * 15000)),
    )
    found = spikekit.align(table, 30.0 * trials + 10.0, (-8, 8), 0.25)
    assert found.is_whole.all()
    expected = np.stack([
        np.stack([
            np.histogram(
                samples[units[order] == unit] - (start + 150000),
                np.arange(-8 * 15000, 8 * 15000 + 1, 3750),
            )[0]
            for unit in table.unit_ids
        ])
        for start in starts
    ])
    # numpy closes its last bin
    expected[:, :, -1] = found.counts[:, :, -1]
    assert np.array_equal(found.counts, expected)
    before = found.rates[:, :32]
    after = found.rates[:, 32:38]
    clear = (found.lower[:, 32:38] > before.max(axis=1)[:, None]).any(axis=1)
    # units whose response leaves all that was before, limits and all
    assert found.unit_ids[clear].tolist() == [1, 7, 9, 10]
    means = [4.43, 4.28, 2.31, 4.06, 7.94, 2.04, 5.31, 9.95, 16.21, 33.26]
    peaks = [22.4, 4.8, 5.12, 4.0, 6.56, 5.12, 18.72, 6.88, 25.12, 92.32]
    assert np.allclose(before.mean(axis=1), means, atol=0.005)
    assert np.allclose(after.max(axis=1), peaks)
    # the odour makes counts of one second more alike from trial to trial, in nine of ten units
    quiet, driven = (found.counts[:, :, b : b + 4].sum(-1) for b in (28, 32))
    fano = [spikekit.fano(counts).fano[:, 0] for counts in (quiet, driven)]
    assert np.allclose(fano[0], quiet.var(0, ddof=1) / quiet.mean(0))
    assert (fano[1] < fano[0]).sum() == 9 and 2 * fano[1].mean() < fano[0].mean()
    late = spikekit.align(table, 30.0 * trials + 25.0, (-8, 8), 0.25)
    assert not late.is_whole.any()  # a trial ends at 28.77 s


def test_cockroach_odour_response(data_folder):
    path = data_folder / "star_cockroach_al" / "e060817terpi.csv"
    if not path.exists():
        pytest.skip("no star_cockroach_al")
    with open(path) as file:
        rows = [(int(r["neuron"]), int(r["trial"]), float(r["time_s"])) for r in csv.DictReader(file)]
    neuron, trial, seconds = map(np.array, zip(*rows))
    samples = np.rint((seconds + 20 * (trial - 1)) * 10000).astype(np.int64)
    order = np.argsort(samples, kind="stable")
    table = spikekit.SpikeTable(samples[order], neuron[order], 10000, stop_sample=20 * 20 * 10000)
    events = 20.0 * np.arange(20) + 6.03
    found = spikekit.align(table, events, (-4, 4), 0.1, smooth_s=0.1)
    plain = spikekit.align(table, events, (-4, 4), 0.1)
    assert found.is_whole.all()
    before, after = plain.rates[:, :40], plain.rates[:, 40:50]
    assert (after.max(axis=1) > 3 * before.mean(axis=1)).any()
    assert (found.upper - found.lower).mean() < (plain.upper - plain.lower).mean()
    assert ((found.lower <= found.rates) & (found.rates <= found.upper)).all()


def test_events_not_wholly_recorded_are_said():
    table = table_of(0)
    with pytest.warns(spikekit.SpikekitWarning, match="1 of 2 events: .* they are left out"):
        spikekit.align(table, [10.0, 1e6])
    with pytest.warns(spikekit.SpikekitWarning, match="1 of 2 events: .* count in the bins"):
        spikekit.align(table, [10.0, 1e6], partial=True)
    with pytest.warns(spikekit.SpikekitWarning, match='2 of 2 .*event_unit="samples"'):
        spikekit.align(table, np.array([100000, 200000]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spikekit.align(table, [10.0])
        spikekit.align(table, [])
