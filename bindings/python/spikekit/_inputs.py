# SPDX-License-Identifier: BSD-3-Clause
"""The spike table of whatever users hold. Other packages are known by their shape, not
imported: a SpikeInterface sorting by its methods, a pynapple TsGroup by its keys."""

import os

import numpy as np

from ._errors import ArgumentError
from .epochs import Epochs, closed_intervals, samples_of_seconds
from .spikes import SpikeTable, _sorted

NANOSECOND_GRID_HZ = 1e9  # where times in seconds go when no rate is known


def as_spikes(data, sampling_rate_hz=None):
    """A SpikeTable of `data`; what :func:`spikekit.correlograms` says of it."""
    if isinstance(data, SpikeTable):
        _same_rate(sampling_rate_hz, data.sampling_rate_hz)
        return data
    if isinstance(data, (tuple, list)):
        if len(data) > 2 and all(isinstance(item, (list, tuple, np.ndarray)) for item in data):
            raise ArgumentError(
                f"data: expected (samples, unit of each spike, sampling_rate_hz), found "
                f"{len(data)} trains"
            )
        if len(data) == 2 and sampling_rate_hz is not None:
            return SpikeTable(*data, sampling_rate_hz)
        if len(data) != 3:
            raise ArgumentError(
                "data: expected (samples, unit of each spike, sampling_rate_hz), "
                f"found {len(data)} items"
            )
        _same_rate(sampling_rate_hz, data[2])
        return SpikeTable(*data)
    if isinstance(data, (str, os.PathLike)):
        from .session import load

        return load(data, sampling_rate_hz=sampling_rate_hz)
    if _is_sorting(data):
        table = _from_sorting(data)
        _same_rate(sampling_rate_hz, table.sampling_rate_hz)
        return table
    if hasattr(data, "keys") and hasattr(data, "__getitem__"):
        return _from_trains(data, sampling_rate_hz)
    raise TypeError(
        "data: expected a Session, a Simulation, (samples, units, sampling_rate_hz), a "
        f"SpikeInterface sorting or a pynapple TsGroup, found {type(data).__name__}"
    )


def _same_rate(asked, own):
    if asked is not None and float(asked) != float(own):
        raise ArgumentError(f"sampling_rate_hz: the data say {own}, found {asked}")


# ---- SpikeInterface ----


def _is_sorting(data):
    return (hasattr(data, "get_unit_spike_train") or hasattr(data, "to_spike_vector")) and (
        hasattr(data, "get_sampling_frequency") or hasattr(data, "sampling_frequency")
    )


def _ask(data, method, attribute):
    return getattr(data, method)() if hasattr(data, method) else getattr(data, attribute)


def _segment_spikes(sorting, ids, n_segments):
    """Samples and unit indices of each segment, in order of time."""
    if hasattr(sorting, "to_spike_vector"):
        vector = sorting.to_spike_vector()
        segment_of = vector["segment_index"]
        for segment in range(n_segments):
            first, last = np.searchsorted(segment_of, [segment, segment + 1])
            part = vector[first:last]
            yield (
                np.ascontiguousarray(part["sample_index"], np.int64),
                np.ascontiguousarray(part["unit_index"], np.int32),
            )
        return
    for segment in range(n_segments):
        trains = [
            np.asarray(sorting.get_unit_spike_train(unit_id=unit, segment_index=segment))
            for unit in ids
        ]
        yield _merge([train.astype(np.int64) for train in trains])


def _merge(trains):
    """Samples and unit indices of trains, in order of time, then of unit."""
    samples = np.concatenate(trains) if trains else np.empty(0, np.int64)
    lengths = np.array([len(train) for train in trains], np.int64)
    indices = np.repeat(np.arange(len(trains), dtype=np.int32), lengths)
    return _sorted(samples, indices)


def _segment_length(sorting, segment):
    """Samples of a segment; None where only a recording would know."""
    try:
        return int(sorting.get_num_samples(segment_index=segment))
    except Exception:  # each version says so with an exception of its own
        return None


def _from_sorting(sorting):
    ids = np.asarray(_ask(sorting, "get_unit_ids", "unit_ids"))
    rate = float(_ask(sorting, "get_sampling_frequency", "sampling_frequency"))
    n_segments = 1
    if hasattr(sorting, "get_num_segments"):
        n_segments = int(sorting.get_num_segments())
    # Segments stand one after the other, and each is an epoch: no pair spans two of them.
    samples, units, edges = [], [], [0]
    for segment, (times, indices) in enumerate(_segment_spikes(sorting, ids, n_segments)):
        stop = int(times[-1]) + 1 if len(times) else 1
        length = _segment_length(sorting, segment)
        if n_segments > 1 and len(times) and times[0] < 0:
            raise ArgumentError(f"segment {segment}: a spike before its start, at {times[0]}")
        edges.append(edges[-1] + max(stop, length or 1))
        samples.append(times + edges[-2] if edges[-2] else times)
        units.append(indices)
    epochs = Epochs(edges[:-1], edges[1:]) if n_segments > 1 else None
    samples = samples[0] if n_segments == 1 else np.concatenate(samples)
    units = units[0] if n_segments == 1 else np.concatenate(units)
    return SpikeTable._of(samples, units, ids, rate, None, edges[-1], epochs)


# ---- pynapple ----


def _seconds(train, key):
    """Times in seconds of a Ts, by whichever of its names this version has."""
    for name in () if isinstance(train, (list, tuple)) else ("t", "times", "index"):
        values = getattr(train, name, None)
        if callable(values):
            values = values()
        values = getattr(values, "values", values)
        if values is not None and np.ndim(values) == 1:
            return np.asarray(values, np.float64)
    raise TypeError(
        f"data[{key!r}]: expected a pynapple Ts of seconds, found "
        f"{type(train).__name__}; give arrays as "
        "(samples, unit of each spike, sampling_rate_hz)"
    )


def _from_trains(group, sampling_rate_hz):
    rate = NANOSECOND_GRID_HZ if sampling_rate_hz is None else float(sampling_rate_hz)
    keys = list(group.keys())
    trains = []
    for key in keys:
        seconds = _seconds(group[key], key)
        if not np.isfinite(seconds).all():
            raise ArgumentError(f"data[{key!r}]: a time is not finite")
        trains.append(samples_of_seconds(seconds, rate, f"data[{key!r}]"))
    samples, units = _merge(trains)
    start = stop = epochs = None
    support = getattr(group, "time_support", None)
    if support is not None and len(support):
        intervals = closed_intervals(support, rate)
        start, stop = int(intervals.starts[0]), int(intervals.stops[-1])
        if len(samples):
            start, stop = min(start, int(samples[0])), max(stop, int(samples[-1]) + 1)
        epochs = intervals if len(intervals) > 1 else None
    return SpikeTable._of(samples, units, np.asarray(keys), rate, start, stop, epochs)
