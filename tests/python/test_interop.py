# SPDX-License-Identifier: BSD-3-Clause
"""Data of other packages: stand-ins with the same methods always, the packages if installed."""

import numpy as np
import pytest
import spikekit


class Sorting:
    """Has the methods of a SpikeInterface sorting."""

    def __init__(self, segments, unit_ids, rate=30000.0, lengths=None):
        self.segments = segments  # (samples, unit indices) of each
        self.unit_ids = np.asarray(unit_ids)
        self.rate = rate
        self.lengths = lengths

    def get_sampling_frequency(self):
        return self.rate

    def get_num_segments(self):
        return len(self.segments)

    def get_num_samples(self, segment_index=None):
        assert self.lengths is not None, "no recording"
        return self.lengths[segment_index]

    def get_unit_spike_train(self, unit_id, segment_index=None):
        samples, units = self.segments[segment_index]
        return samples[units == list(self.unit_ids).index(unit_id)]


class VectorSorting(Sorting):
    """Has the fast way in, too."""

    def to_spike_vector(self):
        kind = [("sample_index", "i8"), ("unit_index", "i8"), ("segment_index", "i8")]
        parts = []
        for segment, (samples, units) in enumerate(self.segments):
            part = np.zeros(len(samples), kind)
            part["sample_index"], part["unit_index"] = samples, units
            part["segment_index"] = segment
            parts.append(part)
        return np.concatenate(parts)

    def get_unit_spike_train(self, unit_id, segment_index=None):
        raise AssertionError("not asked when there is a spike vector")


class Index:
    def __init__(self, values):
        self.values = values


class Intervals:
    """Has the parts of a pynapple IntervalSet."""

    def __init__(self, start, end):
        self.start, self.end = np.array(start, float), np.array(end, float)

    def __len__(self):
        return len(self.start)


class TrainT:
    def __init__(self, seconds):
        self.t = seconds


class TrainTimes:
    def __init__(self, seconds):
        self.seconds = seconds

    def times(self):
        return self.seconds


class TrainIndex:
    def __init__(self, seconds):
        self.index = Index(seconds)


class Group:
    """Has the parts of a pynapple TsGroup."""

    def __init__(self, trains, kind=TrainT, support=None):
        self.trains = {key: kind(np.asarray(seconds, float)) for key, seconds in trains.items()}
        if support is not None:
            self.time_support = support

    def keys(self):
        return list(self.trains)

    def __getitem__(self, key):
        return self.trains[key]


@pytest.mark.parametrize("kind", [Sorting, VectorSorting])
@pytest.mark.parametrize("ids", [[3, 9, 4, 100, 7], ["a", "b", "c", "d", "e"]])
def test_sorting_of_one_segment(random_spikes, kind, ids):
    samples, units = random_spikes(1)
    sorting = kind([(samples, units)], ids, lengths=[60000])
    result = spikekit.correlograms(sorting, 0.02, 0.001)
    plain = spikekit.correlograms((samples, units, 30000.0), 0.02, 0.001)
    assert result.unit_ids.tolist() == ids
    assert np.array_equal(result.counts, plain.counts)
    assert np.array_equal(result[ids[1], ids[3]], plain[1, 3])
    table = spikekit.restrict(sorting, None)
    assert table.stop_sample == 60000 and table.epochs is None
    assert table.sampling_rate_hz == 30000.0


@pytest.mark.parametrize("kind", [Sorting, VectorSorting])
@pytest.mark.parametrize("lengths", [None, [6000, 7000, 6000, 50]])
def test_segments_are_never_mixed(random_spikes, kind, lengths):
    nothing = np.empty(0, np.int64), np.empty(0, np.int32)
    segments = [random_spikes(seed) for seed in (1, 2, 3)] + [nothing]
    sorting = kind(segments, range(5), lengths=lengths)
    result = spikekit.correlograms(sorting, 0.2, 0.001)
    apart = [spikekit.correlograms((*s, 30000.0), 0.2, 0.001).counts for s in segments[:3]]
    assert np.array_equal(result.counts, sum(apart))
    table = spikekit.restrict(sorting, None)
    assert len(table.epochs) == 4
    if lengths:
        assert np.diff(table.epochs.stops).tolist() == lengths[1:]
    # Epochs of a call do not join them either.
    whole = spikekit.correlograms(sorting, 0.2, 0.001, epochs=[(0, 100)])
    assert np.array_equal(whole.counts, result.counts)


@pytest.mark.parametrize("kind", [TrainT, TrainTimes, TrainIndex])
def test_group_of_trains(random_spikes, kind):
    samples, units = random_spikes(2)
    trains = {key: samples[units == i] / 30000 for i, key in enumerate([5, 2, 8, 11, 1])}
    group = Group(trains, kind)
    on_grid = spikekit.correlograms(group, 0.02, 0.001, sampling_rate_hz=30000)
    plain = spikekit.correlograms((samples, units, 30000.0), 0.02, 0.001)
    assert on_grid.unit_ids.tolist() == [5, 2, 8, 11, 1]
    assert np.array_equal(on_grid.counts, plain.counts)
    table = spikekit.restrict(group, None)
    assert table.sampling_rate_hz == 1e9
    assert np.array_equal(np.sort(table.samples), np.rint(samples / 30000 * 1e9))
    assert (np.diff(table.samples) >= 0).all()
    # Edges between samples are the same on both grids: 7 ms is 210 samples.
    odd = dict(window_s=0.021, bin_s=0.0070001)
    fine = spikekit.correlograms(group, **odd)
    lag = samples[None, :] - samples[:, None]
    inside = (np.abs(lag) <= 105) & ~np.eye(len(samples), dtype=bool)
    assert fine.counts[:, :, fine.counts.shape[2] // 2].sum() == inside.sum()


def test_time_support():
    trains = {0: [0.5, 0.9, 2.0], 1: [1.0, 2.1]}
    one = spikekit.restrict(Group(trains, support=Intervals([0.0], [3.0])), None)
    assert one.epochs is None and one.duration_s == pytest.approx(3.0)
    group = Group(trains, support=Intervals([0.0, 2.0], [1.0, 3.0]))
    two = spikekit.restrict(group, None)
    assert len(two.epochs) == 2
    counts = spikekit.correlograms(group, 2.1, 0.1, sampling_rate_hz=1e6).counts
    # 0.5 and 0.9 meet 1.0, and 2.0 meets 2.1; nothing meets across 1.0 .. 2.0. Unit 0 has one
    # pair of its own, 0.5 and 0.9, seen from both sides; unit 1 has none.
    assert counts.sum(2).tolist() == [[2, 3], [3, 0]]


def test_interval_sets_hold_their_ends():
    data = ([100, 200, 300], [0, 0, 0], 1000.0)
    kept = spikekit.restrict(data, Intervals([0.1, 0.25], [0.2, 0.29]))
    assert kept.samples.tolist() == [100, 200]
    assert spikekit.restrict(data, [(0.1, 0.2)]).samples.tolist() == [100]
    touching = spikekit.restrict(data, Intervals([0.1, 0.2], [0.2, 0.3])).epochs
    assert touching == spikekit.Epochs([100, 200], [200, 301])


def test_bad_groups():
    with pytest.raises(ValueError, match=r"data\[3\].*finite"):
        spikekit.correlograms(Group({3: [1.0, np.nan]}))
    with pytest.raises(TypeError, match=r"data\['x'\].*seconds"):
        spikekit.correlograms({"x": 5})
    with pytest.raises(OverflowError):
        spikekit.correlograms(Group({3: [1e12]}))
    assert spikekit.correlograms(Group({})).counts.shape[:2] == (0, 0)


def test_nothing_of_others_is_imported():
    import sys

    for name in ("spikeinterface", "pynapple"):
        if name not in sys.modules:
            spikekit.correlograms(Group({0: [1.0]}), 0.01, 0.001)
            assert name not in sys.modules


def test_spikeinterface(random_spikes):
    core = pytest.importorskip("spikeinterface.core", reason="spikeinterface is not installed")
    segments = [random_spikes(seed) for seed in (1, 2)]
    samples, units = zip(*segments)
    make = getattr(core.NumpySorting, "from_samples_and_labels", None)
    make = make or core.NumpySorting.from_times_labels
    sorting = make(list(samples), list(units), 30000.0)
    result = spikekit.correlograms(sorting, 0.02, 0.001)
    apart = [spikekit.correlograms((*s, 30000.0), 0.02, 0.001).counts for s in segments]
    assert np.array_equal(result.counts, sum(apart))


def test_pynapple(random_spikes):
    nap = pytest.importorskip("pynapple", reason="pynapple is not installed")
    samples, units = random_spikes(2)
    support = nap.IntervalSet(-1, 2)
    trains = {int(u): nap.Ts(samples[units == u] / 30000) for u in range(5)}
    group = nap.TsGroup(trains, time_support=support)
    result = spikekit.correlograms(group, 0.02, 0.001, sampling_rate_hz=30000)
    plain = spikekit.correlograms((samples, units, 30000.0), 0.02, 0.001)
    assert np.array_equal(result.counts, plain.counts)
    epochs = nap.IntervalSet([0.01, 0.1], [0.05, 0.19])
    part = spikekit.spike_counts(group, epochs)
    own = [len(train) for train in group.restrict(epochs).values()]
    assert part.tolist() == own
