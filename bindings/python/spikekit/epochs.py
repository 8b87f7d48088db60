# SPDX-License-Identifier: BSD-3-Clause
"""Stretches of a recording: half-open intervals of integer samples."""

import ctypes

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError
from ._numbers import whole_numbers
from ._types import pointer

_INT64 = ctypes.POINTER(ctypes.c_int64)


class Epochs:
    """Stretches of a recording in samples, half-open, in order and disjoint.

    Touching epochs stay two epochs: time is continuous within an epoch only.

    Parameters
    ----------
    starts : array_like of int, shape (n_epochs,)
        First sample of each epoch.
    stops : array_like of int, shape (n_epochs,)
        One past the last sample of each epoch.

    Raises
    ------
    ArgumentError, UnsortedError
        An epoch is empty, overlaps another, or is not in order. :meth:`joined` makes epochs
        of any intervals.

    Examples
    --------
    >>> import spikekit
    >>> quiet = spikekit.Epochs([0, 60000], [30000, 90000])
    >>> len(quiet), quiet.duration_samples
    (2, 60000)
    >>> late = spikekit.Epochs([45000], [75000])
    >>> quiet & late
    Epochs([[60000, 75000]])
    """

    def __init__(self, starts, stops):
        self.starts = whole_numbers(starts, "starts")
        self.stops = whole_numbers(stops, "stops")
        if len(self.starts) != len(self.stops):
            raise ArgumentError(
                f"stops: expected {len(self.starts)} as in starts, found {len(self.stops)}"
            )
        with Call() as context:
            abi.spk_epochs_check(context, self._struct())

    @classmethod
    def from_seconds(cls, intervals, sampling_rate_hz):
        """Epochs of intervals in seconds, each end at its nearest sample.

        Parameters
        ----------
        intervals : array_like, shape (n_epochs, 2)
            Start and stop [s] of each epoch.
        sampling_rate_hz : float
            Samples a second.

        Returns
        -------
        Epochs

        Examples
        --------
        >>> import spikekit
        >>> spikekit.Epochs.from_seconds([(0, 0.5), (1, 2.25)], 30000)
        Epochs([[0, 15000], [30000, 67500]])
        """
        seconds = np.asarray(intervals, np.float64)
        if seconds.size == 0:
            seconds = seconds.reshape(0, 2)
        if seconds.ndim != 2 or seconds.shape[1] != 2:
            raise ArgumentError(f"epochs: expected shape (n, 2), found {seconds.shape}")
        return cls(*samples_of_seconds(seconds.T, sampling_rate_hz, "epochs"))

    @classmethod
    def joined(cls, starts, stops):
        """Epochs of any intervals of samples: sorted, empty ones dropped, those that overlap
        or touch joined.

        Examples
        --------
        >>> import spikekit
        >>> spikekit.Epochs.joined([50, 0, 20, 7], [60, 10, 50, 7])
        Epochs([[0, 10], [20, 60]])
        """
        starts = whole_numbers(starts, "starts").copy()
        stops = whole_numbers(stops, "stops").copy()
        if len(starts) != len(stops):
            raise ArgumentError(f"stops: expected {len(starts)} as in starts, found {len(stops)}")
        n = ctypes.c_int64()
        with Call() as context:
            abi.spk_epochs_normalize(context, starts, stops, len(starts), ctypes.byref(n))
        return cls(starts[: n.value], stops[: n.value])

    def _struct(self):
        # The struct borrows: whoever uses it keeps this object.
        return abi.spk_epochs(
            len(self.starts), pointer(self.starts, _INT64), pointer(self.stops, _INT64)
        )

    @property
    def duration_samples(self):
        """int: Total length [samples]."""
        return abi.spk_epochs_duration(self._struct())

    def __and__(self, other):
        """What lies in both."""
        if not isinstance(other, Epochs):
            return NotImplemented
        room = len(self) + len(other)
        starts, stops = np.empty(room, np.int64), np.empty(room, np.int64)
        n = ctypes.c_int64()
        with Call() as context:
            abi.spk_epochs_intersect(
                context, self._struct(), other._struct(), starts, stops, ctypes.byref(n)
            )
        return Epochs(starts[: n.value].copy(), stops[: n.value].copy())

    def __eq__(self, other):
        if not isinstance(other, Epochs):
            return NotImplemented
        return np.array_equal(self.starts, other.starts) and np.array_equal(
            self.stops, other.stops
        )

    __hash__ = None

    def __len__(self):
        return len(self.starts)

    def __repr__(self):
        rows = np.column_stack([self.starts, self.stops])
        if len(rows) <= 4:
            return f"Epochs({rows.tolist()})"
        return f"<Epochs: {len(rows)} from {rows[0, 0]} to {rows[-1, 1]} [samples]>"


def samples_of_seconds(seconds, sampling_rate_hz, name):
    """The nearest sample of each time."""
    rate = float(sampling_rate_hz)
    if not (np.isfinite(rate) and rate > 0):
        raise ArgumentError(f"sampling_rate_hz: expected a number > 0, found {sampling_rate_hz}")
    return whole_numbers(np.rint(np.asarray(seconds, np.float64) * rate), name, flat=False)


def closed_intervals(intervals, sampling_rate_hz):
    """Epochs of an object with `start` and `end` in seconds, both inside, as pynapple's
    IntervalSet: the sample at the end belongs to the epoch."""
    starts = samples_of_seconds(np.ravel(intervals.start), sampling_rate_hz, "epochs")
    stops = samples_of_seconds(np.ravel(intervals.end), sampling_rate_hz, "epochs") + 1
    np.minimum(stops[:-1], starts[1:], out=stops[:-1])
    return Epochs(starts, stops)


def as_epochs(epochs, sampling_rate_hz):
    """Epochs of what users pass: None, Epochs, an IntervalSet, or rows of (start, stop) [s]."""
    if epochs is None or isinstance(epochs, Epochs):
        return epochs
    if hasattr(epochs, "start") and hasattr(epochs, "end"):
        return closed_intervals(epochs, sampling_rate_hz)
    return Epochs.from_seconds(epochs, sampling_rate_hz)
