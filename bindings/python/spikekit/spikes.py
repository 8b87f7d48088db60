# SPDX-License-Identifier: BSD-3-Clause
"""The spike table that every analysis takes, and what is done with it alone."""

import ctypes
from collections import namedtuple

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError, LimitError, UnsortedError, hinted
from ._numbers import index_units, whole_numbers
from ._types import pointer
from .epochs import as_epochs

_INT64 = ctypes.POINTER(ctypes.c_int64)
_INT32 = ctypes.POINTER(ctypes.c_int32)


_SECONDS = (
    "; of times in seconds take np.rint(times * sampling_rate_hz), "
    "or give their files to spikekit.load_arrays"
)
_Parts = namedtuple(
    "_Parts", "samples units unit_ids sampling_rate_hz start_sample stop_sample epochs"
)


class SpikeTable:
    """Every spike of a recording in order of time.

    Parameters
    ----------
    samples : array_like of int, shape (n_spikes,)
        Time of each spike [samples], non-decreasing unless `sort`. An int64 array is used as
        it is, without a copy.
    units : array_like of int, shape (n_spikes,)
        Id of the unit of each spike; any integers.
    sampling_rate_hz : float
        Samples a second.
    sort : bool
        Put spikes in order of time first; simultaneous ones keep their order.
    start_sample, stop_sample : int, optional
        First sample of the recording and one past its last. Default: 0, or the first spike if
        it is earlier, and one past the last spike.
    epochs : Epochs, optional
        Stretches within which time is continuous, such as the segments of a recording. Every
        analysis of this table stays within them.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([3, 10, 10, 40], [7, 2, 7, 7], 1000)
    >>> table
    <SpikeTable: 4 spikes of 2 units, 0.041 s at 1000 Hz>
    >>> table.unit_ids
    array([2, 7])
    >>> table.units
    array([1, 0, 1, 1], dtype=int32)
    >>> table.counts()
    array([1, 3])
    """

    def __init__(
        self,
        samples,
        units,
        sampling_rate_hz,
        *,
        sort=False,
        start_sample=None,
        stop_sample=None,
        epochs=None,
    ):
        samples = whole_numbers(samples, "samples", hint=_SECONDS)
        indices, ids = index_units(units)
        if len(samples) != len(indices):
            raise ArgumentError(
                f"units: expected {len(samples)}, one for each sample, found {len(indices)}"
            )
        if sort:
            samples, indices = _sorted(samples, indices)
        self._set(samples, indices, ids, sampling_rate_hz, start_sample, stop_sample, epochs)
        try:
            with Call() as context:
                abi.spk_spikes_check(context, self._struct())
        except UnsortedError as error:
            raise hinted(error) from None

    def _set(self, samples, indices, ids, rate, start=None, stop=None, epochs=None):
        if start is None:
            start = min(0, int(samples.min())) if len(samples) else 0
        if stop is None:
            stop = max(start, int(samples.max()) + 1) if len(samples) else start
        if not -(2**63) <= start <= stop < 2**63:
            raise LimitError(f"start_sample, stop_sample: {start}, {stop} do not fit")
        rate = float(rate)
        epochs = as_epochs(epochs, rate)
        self._parts = _Parts(samples, indices, ids, rate, int(start), int(stop), epochs)
        self._places = None

    @classmethod
    def _of(cls, *parts):
        """A table of indices and ids that are known to fit."""
        table = SpikeTable.__new__(SpikeTable)
        table._set(*parts)
        with Call() as context:
            abi.spk_spikes_check(context, table._struct())
        return table

    def _detached(self):
        """The same arrays in a table that stays when a session is closed."""
        table = SpikeTable.__new__(SpikeTable)
        table._parts, table._places = self._open(), self._places
        return table

    def _open(self):
        if self._parts is None:
            raise ValueError(f"the {type(self).__name__.lower()} is closed")
        return self._parts

    def _struct(self):
        # The struct borrows: whoever uses it keeps this object.
        parts = self._open()
        return abi.spk_spikes(
            len(parts.samples),
            len(parts.unit_ids),
            pointer(parts.samples, _INT64),
            pointer(parts.units, _INT32),
            parts.sampling_rate_hz,
            parts.start_sample,
            parts.stop_sample,
        )

    @property
    def samples(self):
        """ndarray of int64, shape (n_spikes,): Time of each spike [samples]."""
        return self._open().samples

    @property
    def units(self):
        """ndarray of int32, shape (n_spikes,): Unit index of each spike; the id of index i is
        ``unit_ids[i]``."""
        return self._open().units

    @property
    def unit_ids(self):
        """ndarray, shape (n_units,): Id of each unit."""
        return self._open().unit_ids

    @property
    def sampling_rate_hz(self):
        """float: Samples a second."""
        return self._open().sampling_rate_hz

    @property
    def start_sample(self):
        """int: First sample of the recording."""
        return self._open().start_sample

    @property
    def stop_sample(self):
        """int: One past the last sample of the recording."""
        return self._open().stop_sample

    @property
    def epochs(self):
        """Epochs or None: Stretches within which time is continuous."""
        return self._open().epochs

    @property
    def n_spikes(self):
        """int: Number of spikes."""
        return len(self._open().samples)

    @property
    def n_units(self):
        """int: Number of units."""
        return len(self._open().unit_ids)

    @property
    def duration_s(self):
        """float: Length of the recording [s]."""
        parts = self._open()
        return (parts.stop_sample - parts.start_sample) / parts.sampling_rate_hz

    def unit_indices(self, ids, name="units"):
        """The index of each unit id, as int32.

        Raises
        ------
        ArgumentError
            There is no unit of that id.
        """
        if self._places is None:
            self._places = {key: i for i, key in enumerate(self.unit_ids.tolist())}
        if np.ndim(ids) == 0:
            ids = [ids]
        ids = ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
        try:
            return np.array([self._places[key] for key in ids], np.int32)
        except (KeyError, TypeError):
            missing = next(key for key in ids if not _has(self._places, key))
            raise ArgumentError(f"{name}: no unit {missing!r}") from None

    def _epochs_within(self, epochs):
        """The epochs of a call: those asked for, cut to where time is continuous."""
        own = self.epochs
        epochs = as_epochs(epochs, self.sampling_rate_hz)
        if epochs is None or own is None:
            return own if epochs is None else epochs
        return epochs & own

    def counts(self, epochs=None):
        """Spikes of each unit; see :func:`spikekit.spike_counts`."""
        return spike_counts(self, epochs)

    def restrict(self, epochs):
        """The spikes within epochs; see :func:`spikekit.restrict`."""
        return restrict(self, epochs)

    def bin(self, bin_s=0.01, *, epochs=None):
        """Spikes per unit and bin; see :func:`spikekit.bin_spikes`."""
        return bin_spikes(self, bin_s, epochs=epochs)

    def train(self, unit_id):
        """Spike times of one unit.

        Returns
        -------
        ndarray of int64
            Times [samples], in order.
        """
        index = self.unit_indices([unit_id])[0]
        return self.samples[self.units == index]

    def _describe(self):
        return (
            f"{self.n_spikes} spikes of {self.n_units} units, "
            f"{self.duration_s:.6g} s at {self.sampling_rate_hz:.12g} Hz"
        )

    def __repr__(self):
        name = type(self).__name__
        return f"<{name}: closed>" if self._parts is None else f"<{name}: {self._describe()}>"


def _has(places, key):
    try:
        return key in places
    except TypeError:
        return False


def _sorted(samples, indices):
    order = np.empty(len(samples), np.int64)
    with Call() as context:
        abi.spk_spikes_order(context, len(samples), samples, order)
    return samples[order], indices[order]


def spike_counts(data, epochs=None):
    """Count the spikes of each unit.

    Parameters
    ----------
    data
        A session or anything else that :func:`spikekit.correlograms` takes.
    epochs : optional
        Count only spikes within; as for :func:`spikekit.correlograms`.

    Returns
    -------
    ndarray of int64, shape (n_units,)

    Examples
    --------
    >>> import spikekit
    >>> spikekit.spike_counts(([1, 5, 9, 9], [4, 8, 4, 4], 1000.0))
    array([3, 1])
    >>> spikekit.spike_counts(([1, 5, 9, 9], [4, 8, 4, 4], 1000.0), epochs=[(0, 0.006)])
    array([1, 1])
    """
    from ._inputs import as_spikes

    table = as_spikes(data)
    if table._epochs_within(epochs) is not None:
        table = restrict(table, epochs)
    counts = np.empty(table.n_units, np.int64)
    with Call() as context:
        abi.spk_spikes_count(context, table._struct(), counts)
    return counts


def restrict(data, epochs):
    """Keep the spikes within epochs. Times are not changed: gaps stay gaps.

    Parameters
    ----------
    data
        A session or anything else that :func:`spikekit.correlograms` takes.
    epochs
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    SpikeTable
        The same units, start and stop; its `epochs` keep later analyses from mixing spikes
        across a gap.

    Examples
    --------
    >>> import spikekit
    >>> part = spikekit.restrict(([1, 5, 9, 9], [4, 8, 4, 4], 1000.0), [(0.004, 0.0095)])
    >>> part.samples, part.unit_ids
    (array([5, 9, 9]), array([4, 8]))
    """
    from ._inputs import as_spikes

    table = as_spikes(data)
    epochs = table._epochs_within(epochs)
    if epochs is None:
        return table
    samples = np.empty(table.n_spikes, np.int64)
    units = np.empty(table.n_spikes, np.int32)
    kept = abi.spk_spikes()
    with Call() as context:
        abi.spk_spikes_restrict(
            context, table._struct(), epochs._struct(), samples, units, kept
        )
    n = kept.n_spikes
    return SpikeTable._of(
        samples[:n],
        units[:n],
        table.unit_ids,
        table.sampling_rate_hz,
        table.start_sample,
        table.stop_sample,
        epochs,
    )


class BinnedSpikes(namedtuple("BinnedSpikes", "counts starts_s bin_s unit_ids")):
    """Spikes per unit and bin.

    Attributes
    ----------
    counts : ndarray of int32, shape (n_units, n_bins)
    starts_s : ndarray, shape (n_bins,)
        Start of each bin [s].
    bin_s : float
        Bin width [s], a whole number of samples.
    unit_ids : ndarray, shape (n_units,)
    """

    __slots__ = ()


_SPARSE = "offsets bins counts shape starts_s bin_s unit_ids"


class SparseBinnedSpikes(namedtuple("SparseBinnedSpikes", _SPARSE)):
    """Spikes per unit and non-empty bin, in compressed rows.

    The non-empty bins of unit i are ``bins[offsets[i]:offsets[i + 1]]``, rising, with their
    `counts` beside them: ``scipy.sparse.csr_matrix((counts, bins, offsets), shape)``.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n_units + 1,)
    bins : ndarray of int64
    counts : ndarray of int32
    shape : tuple of int
        (n_units, n_bins).
    starts_s, bin_s, unit_ids
        As in BinnedSpikes.
    """

    __slots__ = ()


def bin_spikes(data, bin_s=0.01, *, epochs=None, sparse=False):
    """Count spikes per unit and bin of time.

    Each epoch is cut from its start into whole bins; what is left at its end is dropped. The
    bins of all epochs stand in a row.

    Parameters
    ----------
    data
        A session or anything else that :func:`spikekit.correlograms` takes.
    bin_s : float
        Bin width [s], taken to the nearest whole number of samples.
    epochs : optional
        As for :func:`spikekit.correlograms`. Default: the whole recording.
    sparse : bool
        Give non-empty bins only.

    Returns
    -------
    BinnedSpikes or SparseBinnedSpikes

    Examples
    --------
    >>> import spikekit
    >>> binned = spikekit.bin_spikes(([1, 5, 9, 9, 19], [4, 8, 4, 4, 8], 1000.0), 0.005)
    >>> binned.counts
    array([[1, 2, 0, 0],
           [0, 1, 0, 1]], dtype=int32)
    >>> binned.starts_s
    array([0.   , 0.005, 0.01 , 0.015])
    """
    from ._inputs import as_spikes

    table = as_spikes(data)
    epochs = table._epochs_within(epochs)
    width = float(bin_s) * table.sampling_rate_hz
    if not 0.5 <= width < 2.0**62:
        raise ArgumentError(f"bin_s: expected at least one sample, found {bin_s} s")
    options = abi.spk_binning_options()
    abi.spk_binning_options_init(options, ctypes.sizeof(options))
    options.bin_samples = int(round(width))
    if epochs is not None:
        borrowed = epochs._struct()
        options.epochs = ctypes.pointer(borrowed)
    spikes = table._struct()
    n_bins = ctypes.c_int64()
    with Call() as context:
        abi.spk_spikes_bin_length(context, spikes, options, ctypes.byref(n_bins))
        shape = (table.n_units, n_bins.value)
        if sparse:
            offsets = np.empty(table.n_units + 1, np.int64)
            bins = np.empty(table.n_spikes, np.int64)
            counts = np.empty(table.n_spikes, np.int32)
            abi.spk_spikes_bin_sparse(context, spikes, options, offsets, bins, counts)
        else:
            counts = np.empty(shape, np.int32)
            abi.spk_spikes_bin_dense(context, spikes, options, counts)
    starts = _bin_starts(table, epochs, options.bin_samples) / table.sampling_rate_hz
    width_s = options.bin_samples / table.sampling_rate_hz
    if sparse:
        n = int(offsets[-1])
        return SparseBinnedSpikes(
            offsets, bins[:n].copy(), counts[:n].copy(), shape, starts, width_s, table.unit_ids
        )
    return BinnedSpikes(counts, starts, width_s, table.unit_ids)


def _bin_starts(table, epochs, width):
    if epochs is None:
        edges = [(table.start_sample, table.stop_sample)]
    else:
        edges = zip(epochs.starts.tolist(), epochs.stops.tolist())
    pieces = [
        np.arange(start, start + (stop - start) // width * width, width, dtype=np.int64)
        for start, stop in edges
    ]
    return np.concatenate(pieces) if pieces else np.empty(0, np.int64)
