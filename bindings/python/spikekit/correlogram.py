# SPDX-License-Identifier: BSD-3-Clause
"""Correlograms: histograms of the time differences between the spikes of two units.

The arguments that all functions share are described at :func:`correlograms`.
"""

import ctypes

import numpy as np

from . import _abi as abi
from ._context import Call
from ._correlogram_setup import Setup, ids_of_quality
from ._errors import ArgumentError
from ._inputs import as_spikes
from .correlogram_result import AutoCorrelograms, CorrelogramPairs, Correlograms

_BLOCK_BYTES = 1 << 26  # rows that correlogram_rows() keeps in memory


def correlograms(
    data,
    window_s=0.1,
    bin_s=0.0005,
    *,
    convention="spikekit",
    threads=None,
    references=None,
    targets=None,
    epochs=None,
    normalization="count",
    progress=None,
    sampling_rate_hz=None,
):
    """Count spike pairs by lag, for every reference unit and every target unit.

    The lag of a pair is the time of the target minus the time of the reference: a peak right
    of the centre means that the target tends to fire after the reference. No spike pairs with
    itself. Times are compared as integers.

    Parameters
    ----------
    data
        One of

        - a :class:`Session`, :class:`Simulation` or :class:`SpikeTable`, or a path to load;
        - (samples, unit of each spike, sampling_rate_hz): samples in order, whole numbers;
          units any integers;
        - a SpikeInterface sorting: pairs never span two of its segments;
        - a pynapple TsGroup: seconds, put on the nanosecond grid (where a window has at most
          2 s) unless `sampling_rate_hz` is given; pairs never span two intervals of its time
          support.
    window_s : float
        FULL width of the window [s]: lags from -window_s / 2 to window_s / 2.
    bin_s : float
        Bin width [s].
    convention : str
        "spikekit": odd number of bins, closed on the left, centred on 0. "spikeinterface",
        "phy", "pynapple", "cellexplorer": that package's own bins, rounding and order of
        axes, count for count ("spikeinterface" has targets first).
    threads : int, optional
        Default: as many as there are processors. Results never depend on it.
    references, targets : array_like of unit ids, optional
        Default: all units. Of a session also a quality, such as "good".
    epochs : Epochs, array_like of shape (n, 2), or pynapple IntervalSet, optional
        Count a pair when both spikes lie in the same epoch. Rows are (start, stop) in
        seconds; an IntervalSet holds its ends.
    normalization : str
        What ``values`` are: "count"; "rate" [Hz^2], pairs a second of exposure and second of
        lag; "conditional_rate" [Hz], the target's rate at that lag from a reference spike;
        "pearson", the correlation coefficient of the binned trains.
    progress : callable, tqdm bar, tqdm or True, optional
        Called with (activity, fraction); or a bar to move; or tqdm itself to make one.
    sampling_rate_hz : float, optional
        For data that do not say.

    Returns
    -------
    Correlograms

    Raises
    ------
    ArgumentError
        A bad window, convention or unit; also a ValueError.
    UnsortedError
        Samples out of order; also a ValueError.
    KeyboardInterrupt
        Ctrl-C stops the count within some tens of milliseconds.

    Notes
    -----
    Each pair of spikes within the window is met once, about 1 ns a pair, when references and
    targets are both all units. The array takes 8 bytes an element.

    References
    ----------
    Perkel, Gerstein & Moore (1967) Biophys. J. 7:419-440

    Examples
    --------
    Unit 5 fires 2 ms after unit 3, twice:

    >>> import spikekit
    >>> data = ([100, 102, 500, 502], [3, 5, 3, 5], 1000.0)
    >>> result = spikekit.correlograms(data, window_s=0.006, bin_s=0.001)
    >>> result
    <Correlograms: counts, 2 x 2 units, 7 bins of 1 ms, spikekit convention>
    >>> result.lags_s
    array([-0.003, -0.002, -0.001,  0.   ,  0.001,  0.002,  0.003])
    >>> result[3, 5]
    array([0, 0, 0, 0, 0, 2, 0])
    """
    setup = Setup(
        as_spikes(data, sampling_rate_hz),
        window_s,
        bin_s,
        convention,
        epochs,
        normalization,
        references,
        targets,
    )
    with Call(threads, progress) as context:
        length = ctypes.c_int64()
        abi.spk_correlogram_length(context, setup.spikes, setup.options, ctypes.byref(length))
        counts = setup.new_counts(len(setup.row_ids), len(setup.column_ids))
        if counts.size != length.value:
            raise AssertionError(f"expected {length.value} counts, found {counts.size}")
        abi.spk_correlogram_count(context, setup.spikes, setup.options, counts)
    return Correlograms(setup, counts)


def autocorrelograms(
    data,
    window_s=0.1,
    bin_s=0.0005,
    *,
    convention="spikekit",
    threads=None,
    units=None,
    epochs=None,
    normalization="count",
    progress=None,
    sampling_rate_hz=None,
):
    """Count autocorrelograms only.

    Parameters
    ----------
    units : array_like of unit ids, optional
        Default: all units. Of a session also a quality, such as "good".
    data, window_s, bin_s, convention, threads, epochs, normalization, progress
        As for :func:`correlograms`.
    sampling_rate_hz
        As for :func:`correlograms`.

    Returns
    -------
    AutoCorrelograms

    Examples
    --------
    >>> import spikekit
    >>> data = ([100, 102, 104, 500], [3, 3, 3, 5], 1000.0)
    >>> spikekit.autocorrelograms(data, window_s=0.008, bin_s=0.001)[3]
    array([1, 0, 2, 0, 0, 0, 2, 0, 1])
    """
    table = as_spikes(data, sampling_rate_hz)
    setup = Setup(table, window_s, bin_s, convention, epochs, normalization)
    if units is not None:
        units = ids_of_quality(table, "units", units)
        ids = np.atleast_1d(np.asarray(units))
        indices = table.unit_indices(ids)
        pairs = np.repeat(indices, 2)
        counts = setup.new_counts(len(indices))
        with Call(threads, progress) as context:
            abi.spk_correlogram_count_pairs(
                context, setup.spikes, setup.options, pairs, len(indices), counts
            )
    else:
        ids, indices = table.unit_ids, np.arange(table.n_units, dtype=np.int32)
        counts = setup.new_counts(table.n_units)
        with Call(threads, progress) as context:
            abi.spk_correlogram_count_auto(context, setup.spikes, setup.options, counts)
    return AutoCorrelograms(setup, counts, ids, indices)


def correlogram_pairs(
    data,
    pairs,
    window_s=0.1,
    bin_s=0.0005,
    *,
    convention="spikekit",
    threads=None,
    epochs=None,
    normalization="count",
    progress=None,
    sampling_rate_hz=None,
):
    """Count chosen pairs of units, such as those of :func:`near_pairs`.

    Parameters
    ----------
    pairs : array_like of unit ids, shape (n_pairs, 2)
        First axis of the cube first: (reference, target), except for "spikeinterface". A pair
        may repeat, and both may be the same unit.
    data, window_s, bin_s, convention, threads, epochs, normalization, progress
        As for :func:`correlograms`.
    sampling_rate_hz
        As for :func:`correlograms`.

    Returns
    -------
    CorrelogramPairs

    Examples
    --------
    >>> import spikekit
    >>> data = ([100, 102, 500, 502], [3, 5, 3, 5], 1000.0)
    >>> spikekit.correlogram_pairs(data, [(3, 5), (5, 3)], 0.006, 0.001).counts
    array([[0, 0, 0, 0, 0, 2, 0],
           [0, 2, 0, 0, 0, 0, 0]])
    """
    table = as_spikes(data, sampling_rate_hz)
    setup = Setup(table, window_s, bin_s, convention, epochs, normalization)
    ids = np.asarray(pairs)
    if ids.size == 0:
        ids = np.empty((0, 2), np.int64)
    if ids.ndim != 2 or ids.shape[1] != 2:
        raise ArgumentError(f"pairs: expected shape (n, 2), found {ids.shape}")
    indices = table.unit_indices(ids.ravel(), "pairs").reshape(-1, 2)
    counts = setup.new_counts(len(indices))
    with Call(threads, progress) as context:
        abi.spk_correlogram_count_pairs(
            context, setup.spikes, setup.options, indices, len(indices), counts
        )
    return CorrelogramPairs(setup, counts, ids, indices)


def near_pairs(data, distance_um, *, positions=None):
    """List the ordered pairs of units no further apart than a distance.

    Parameters
    ----------
    data
        A session, a simulation, or anything else with `positions`.
    distance_um : float
        Largest distance [um], inclusive.
    positions : array_like, shape (n_units, n_dimensions), optional
        Position of each unit [um], 1 to 3 dimensions; NaN is near to nothing. Default:
        ``data.unit_positions()``.

    Returns
    -------
    ndarray, shape (n_pairs, 2)
        Unit ids (i, j), i != j, by i then j, for :func:`correlogram_pairs`.

    Examples
    --------
    >>> import spikekit
    >>> data = ([1, 2, 3], [4, 5, 6], 1000.0)
    >>> spikekit.near_pairs(data, 50, positions=[[0], [40], [95]])
    array([[4, 5],
           [5, 4]])
    """
    table = as_spikes(data)
    if positions is None:
        if not hasattr(table, "unit_positions"):
            raise ArgumentError("positions: the data have none, pass them")
        positions = table.unit_positions()
    positions = np.ascontiguousarray(positions, np.float64)
    if positions.ndim == 1:
        positions = positions[:, None]
    if positions.ndim != 2 or len(positions) != table.n_units:
        raise ArgumentError(
            f"positions: expected shape ({table.n_units}, 1 to 3), found {positions.shape}"
        )
    n = ctypes.c_int64()
    arguments = (*positions.shape, float(distance_um))
    with Call() as context:
        abi.spk_correlogram_find_near_pairs(
            context, positions, *arguments, None, ctypes.byref(n)
        )
        pairs = np.empty((n.value, 2), np.int32)
        abi.spk_correlogram_find_near_pairs(
            context, positions, *arguments, pairs, ctypes.byref(n)
        )
    return table.unit_ids[pairs]


def correlogram_rows(
    data,
    window_s=0.1,
    bin_s=0.0005,
    *,
    callback=None,
    first=0,
    last=None,
    convention="spikekit",
    threads=None,
    references=None,
    targets=None,
    epochs=None,
    progress=None,
    sampling_rate_hz=None,
):
    """Count row by row, for cubes that do not fit in memory.

    Without `callback` this is a generator, which counts some rows ahead (64 MB of them). With
    it one call counts all rows, and hands over each when it is done, from some thread.

    Parameters
    ----------
    callback : callable, optional
        Called with (unit id of the row, counts of shape (n_targets, n_bins)), in order, never
        by two threads at once. The array is its own. An exception stops the count.
    first, last : int
        Rows [first, last) of the cube; default: all. Shards joined equal the whole.
    data, window_s, bin_s, convention, threads, references, targets, epochs, progress
        As for :func:`correlograms`.
    sampling_rate_hz
        As for :func:`correlograms`.

    Yields
    ------
    unit_id
        Unit of the row: a reference, except for "spikeinterface".
    counts : ndarray of int64, shape (n_targets, n_bins)

    Examples
    --------
    >>> import spikekit
    >>> data = ([100, 102, 500, 502], [3, 5, 3, 5], 1000.0)
    >>> for unit, counts in spikekit.correlogram_rows(data, 0.006, 0.001):
    ...     print(unit, counts.tolist())
    3 [[0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 2, 0]]
    5 [[0, 2, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]]
    """
    setup = Setup(
        as_spikes(data, sampling_rate_hz),
        window_s,
        bin_s,
        convention,
        epochs,
        "count",
        references,
        targets,
    )
    n_rows = len(setup.row_ids)
    last = n_rows if last is None else last
    if not 0 <= first <= last <= n_rows:
        raise ArgumentError(f"rows: expected 0 <= first <= last <= {n_rows}, found {first}, {last}")
    if callback is None:
        return _generate_rows(setup, first, last, threads, progress)
    _count_rows(setup, first, last, callback, threads, progress)
    return None


def _generate_rows(setup, first, last, threads, progress):
    row_bytes = 8 * max(1, len(setup.column_ids) * setup.n_bins)
    step = max(1, _BLOCK_BYTES // row_bytes)
    for start in range(first, last, step):
        rows = []
        _count_rows(
            setup, start, min(start + step, last), lambda *row: rows.append(row), threads, progress
        )
        yield from rows


def _count_rows(setup, first, last, callback, threads, progress):
    shape = (len(setup.column_ids), setup.n_bins)
    n_bytes = 8 * shape[0] * shape[1]
    call = Call(threads, progress)

    def copy(row, counts):
        array = np.empty(shape, np.int64)
        if n_bytes:
            ctypes.memmove(array.ctypes.data, counts, n_bytes)
        callback(setup.row_ids[row], array)

    def receive(user, row, counts):
        return 0 if call.guard(copy, row, counts) else _CANCELLED

    receive = abi.spk_correlogram_row_callback(receive)
    with call as context:
        abi.spk_correlogram_count_rows(
            context, setup.spikes, setup.options, first, last, receive, None
        )


_CANCELLED = 9
