# SPDX-License-Identifier: BSD-3-Clause
"""How much units fire together: tiling coefficients, correlation of counts, complexity."""

import ctypes
import warnings
from collections import namedtuple
from types import SimpleNamespace

import numpy as np

from . import _abi as abi
from ._context import Call, SpikekitWarning
from ._correlogram_setup import ids_of_quality
from ._errors import ArgumentError
from ._inputs import as_spikes
from ._options import choice, filled, make_trains
from ._types import pointer
from .session import Handle
from .surrogates import _METHODS

_INT32 = ctypes.POINTER(ctypes.c_int32)
_TILINGS = ("time", "samples")
_COUNTED = ("units", "spikes")

SttcTest = namedtuple("SttcTest", "values means sds p_upper p_lower")
SttcTest.__doc__ = """Tiling coefficients against surrogates, of :func:`spikekit.sttc_test`.

Attributes
----------
values : ndarray, shape (n_references, n_targets)
    As :func:`spikekit.sttc`.
means, sds : ndarray
    Mean and standard deviation over surrogates; NaN where a unit meets itself.
p_upper, p_lower : ndarray
    Share of trains, the recorded ones among them, with the value or a larger (smaller) one.
"""

SttcParts = namedtuple(
    "SttcParts", "sttc near_a near_b tiled_a tiled_b n_a n_b n_near_a n_near_b"
)
SttcParts.__doc__ = """What a tiling coefficient is made of, of :func:`spikekit.sttc_parts`.

Attributes
----------
sttc : float
    NaN if a unit has no spikes.
near_a, near_b : float
    Share of the spikes of A near one of B, and the other way round; P in the formula.
tiled_a, tiled_b : float
    Share of the time that is near a spike of A, and of B; T in the formula.
n_a, n_b, n_near_a, n_near_b : int
    Spikes, and those that are near one of the other.
"""

CountCorrelations = namedtuple(
    "CountCorrelations", "correlations covariances means n_bins bins_s unit_ids"
)
CountCorrelations.__doc__ = """Correlations of spike counts, of :func:`spikekit.count_correlation`.

Attributes
----------
correlations, covariances : ndarray, shape (n_widths, n_units, n_units)
    Without the first axis if `bins_s` was one number. NaN where undefined.
means : ndarray, shape (n_widths, n_units)
    Spikes a bin.
n_bins : ndarray of int64, shape (n_widths,)
    Whole bins.
bins_s : ndarray, shape (n_widths,)
    Width of the bins [s], in whole samples.
unit_ids : ndarray, shape (n_units,)
"""

CorrelationSummary = namedtuple(
    "CorrelationSummary",
    "n_units n_pairs mean lower upper mean_z sd_z standard_error_z n_effective",
)
CorrelationSummary.__doc__ = """What correlations are on average, of
:func:`spikekit.correlation_summary`.

Attributes
----------
n_units, n_pairs : int
    Units and pairs that count.
mean, lower, upper : float
    tanh of the mean of z = atanh(r), and its confidence limits.
mean_z, sd_z, standard_error_z : float
    Mean and standard deviation of z over pairs; error of the mean, with what the pairs of a
    unit have in common.
n_effective : float
    How many independent pairs would give this error.
"""

Complexity = namedtuple("Complexity", "counts expected bin_s")
Complexity.__doc__ = """In how many bins k units fire, of :func:`spikekit.complexity`.

Attributes
----------
counts : ndarray of int64
    counts[k] is the number of bins, or of events, of complexity k.
expected : ndarray or None
    The same of independent units; what is beyond stands in the last element.
bin_s : float
    Width of the bins [s].
"""


def _within(table, epochs, options, kept):
    epochs = table._epochs_within(epochs)
    if epochs is not None:
        borrowed = epochs._struct()
        kept += [epochs, borrowed]
        options.epochs = ctypes.pointer(borrowed)


def _samples(seconds, rate, name):
    """The nearest whole number of samples, at least 1."""
    seconds = np.atleast_1d(np.asarray(seconds, np.float64))
    if seconds.ndim != 1 or not len(seconds):
        raise ArgumentError(f"{name}: expected one width or several, found {seconds.shape}")
    samples = np.rint(seconds * rate)
    bad = ~((samples >= 1) & (samples < 2**53))
    if bad.any():
        found = seconds[bad][0]
        raise ArgumentError(f"{name}: expected at least a sample at {rate:g} Hz, found {found}")
    return samples.astype(np.int64)


def _sttc_options(window_s, tiling):
    window = {"window_samples": 0} if window_s == 0 else {"window_s": window_s}
    return filled(abi.spk_sttc_options, tiling=choice(tiling, _TILINGS, "tiling"), **window)


def _windows(windows_s, rate):
    """Windows [samples], as the library rounds one that is given in seconds."""
    windows_s = np.atleast_1d(np.asarray(windows_s, np.float64))
    if windows_s.ndim != 1 or not len(windows_s):
        raise ArgumentError(f"windows_s: expected one window or several, found {windows_s.shape}")
    windows, found = np.empty(len(windows_s), np.int64), ctypes.c_int64()
    with Call() as context:
        for k, window_s in enumerate(windows_s):
            options = _sttc_options(window_s, "time")
            abi.spk_sttc_window(context, options, rate, ctypes.byref(found))
            windows[k] = found.value
    return windows


def _pair_indices(table, pairs):
    ids = np.asarray(pairs)
    if ids.size == 0:
        ids = np.empty((0, 2), np.int64)
    if ids.ndim != 2 or ids.shape[1] != 2:
        raise ArgumentError(f"pairs: expected shape (n, 2), found {ids.shape}")
    return table.unit_indices(ids.ravel(), "pairs").reshape(-1, 2)


def sttc(
    data,
    window_s=0.005,
    *,
    pairs=None,
    references=None,
    targets=None,
    tiling="time",
    epochs=None,
    threads=None,
    progress=None,
    sampling_rate_hz=None,
):
    """Spike time tiling coefficient of all pairs of units.

    Of units A and B it is (P_A - T_B) / (1 - P_A T_B) / 2 and the same with A and B changed,
    P_A the share of A's spikes with a spike of B no further than the window away, T_B the
    share of time that is no further than the window from a spike of B. It is 0 by chance, 1 of
    units that are always together; it needs no bins and hardly depends on rates.

    Parameters
    ----------
    data
        As for :func:`spikekit.correlograms`.
    window_s : float
        Spikes no further apart than this are together [s]; the largest whole number of samples
        that is no longer. 0: at the same sample only.
    pairs : array_like of unit ids, shape (n_pairs, 2), optional
        Only these pairs, such as those of :func:`spikekit.near_pairs`.
    references, targets : array_like of unit ids, optional
        Rows and columns; default: all units. Of a session also a quality, such as "good".
    tiling : str
        "time": a tile is 2 windows long, as in the paper and in elephant. "samples": one sample
        more, those that count as near; without bias where a sample is no small part of the
        window.
    epochs : optional
        As for :func:`spikekit.correlograms`. A spike is near another of its epoch only.
    threads, progress, sampling_rate_hz
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    ndarray, shape (n_references, n_targets) or (n_pairs,)
        NaN where a unit has no spikes.

    Notes
    -----
    Times are compared as whole samples, so that a later clock gives the same values. elephant
    widens the window by a hundred-thousandth of the time since 0: 5 ms are 11 ms after ten
    minutes.

    1000 units with 10^7 spikes in an hour take less than a second at 5 ms; memory is 8 bytes a
    spike.

    References
    ----------
    Cutts & Eglen (2014) J. Neurosci. 34:14288-14303

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([10, 12, 50, 80], [3, 5, 3, 5], 1000, stop_sample=100)
    >>> spikekit.sttc(table, 0.005).round(3)
    array([[1.   , 0.333],
           [0.333, 1.   ]])
    """
    table = as_spikes(data, sampling_rate_hz)
    options = _sttc_options(window_s, tiling)
    if pairs is not None:
        if references is not None or targets is not None:
            raise ArgumentError("pairs: leave out references and targets")
        return _sttc_of_pairs(
            table, pairs, epochs, threads, progress, abi.spk_sttc_estimate_pairs, options
        )
    kept = []
    values = np.empty(_choose(table, options, references, targets, kept))
    _within(table, epochs, options, kept)
    with Call(threads, progress) as context:
        abi.spk_sttc_estimate(context, table._struct(), options, values)
    return values


def _choose(table, options, references, targets, kept):
    """Sets rows and columns; what the options borrow goes to `kept`. Returns the shape."""
    shape = []
    for name, ids in (("references", references), ("targets", targets)):
        ids = ids_of_quality(table, name, ids)
        if ids is None:
            shape.append(table.n_units)
            continue
        indices = table.unit_indices(ids, name)
        kept.append(indices if len(indices) else np.zeros(1, np.int32))
        setattr(options, name, pointer(kept[-1], _INT32))
        setattr(options, f"n_{name}", len(indices))
        shape.append(len(indices))
    return shape


def sttc_test(
    data,
    window_s=0.005,
    n_surrogates=99,
    *,
    method="jitter",
    width_s=None,
    seed=0,
    references=None,
    targets=None,
    tiling="time",
    epochs=None,
    threads=None,
    progress=None,
    sampling_rate_hz=None,
):
    """Test the tiling coefficient of all pairs against surrogate trains.

    Parameters
    ----------
    n_surrogates : int
        The least p is 1 / (n_surrogates + 1).
    method : str
        How surrogates are drawn: "jitter" (each spike anywhere in its window of `width_s`, the
        counts in windows kept: then p is exact if spikes are placed freely within windows),
        "dither", "train_dither", "isi_shuffle", "interval_shuffle", "isi_dither", "joint_isi",
        "trial_shift", "bin_shuffle", "randomise" or "poisson".
    width_s : float, optional
        Width [s]; default: the method's own, 0.025 for "jitter".
    seed : int
        The same seed draws the same surrogates.
    data, window_s, references, targets, tiling, epochs
        As for :func:`sttc`.
    threads, progress, sampling_rate_hz
        As for :func:`sttc`.

    Returns
    -------
    SttcTest

    Examples
    --------
    >>> import spikekit
    >>> session = spikekit.simulate(n_units=5, duration_s=60, seed=1)
    >>> found = spikekit.sttc_test(session, 0.005, 19)
    >>> found.p_upper.shape, bool((found.values == spikekit.sttc(session, 0.005)).all())
    ((5, 5), True)
    """
    table = as_spikes(data, sampling_rate_hz)
    options, arrays = _sttc_options(window_s, tiling), SimpleNamespace(kept=[])
    shape = _choose(table, options, references, targets, arrays.kept)
    _within(table, epochs, options, arrays.kept)
    drawing = filled(
        abi.spk_surrogates_options,
        method=choice(method, _METHODS, "method"),
        width_s=width_s,
    )
    if not 0 <= seed < 2**64:
        raise ArgumentError(f"seed: expected 0 .. 2^64 - 1, found {seed}")
    drawing.seed = seed
    results = [np.empty(shape) for _ in SttcTest._fields]
    double = ctypes.POINTER(ctypes.c_double)
    where = abi.spk_sttc_significance(*(pointer(result, double) for result in results))
    out = ctypes.POINTER(abi.spk_surrogates)()
    with Call(threads, progress) as context:
        trains = make_trains(context, table, epochs, None, arrays)
        abi.spk_surrogates_create(context, trains.pointer, drawing, ctypes.byref(out))
        handle = Handle(out, abi.spk_surrogates_destroy)
        abi.spk_sttc_test(
            context, table._struct(), handle.pointer, 0, n_surrogates, options, where
        )
    return SttcTest(*results)


def _sttc_of_pairs(table, pairs, epochs, threads, progress, function, options, windows=None):
    indices = _pair_indices(table, pairs)
    values = np.empty(len(indices) if windows is None else (len(indices), len(windows)))
    more = () if windows is None else (windows, len(windows))
    arrays = SimpleNamespace(kept=[])
    with Call(threads, progress) as context:
        trains = make_trains(context, table, epochs, None, arrays)
        function(context, trains.pointer, indices, len(indices), *more, options, values)
    return values


def sttc_parts(
    data, pair, window_s=0.005, *, tiling="time", epochs=None, sampling_rate_hz=None
):
    """Spike time tiling coefficient of one pair with its parts.

    Parameters
    ----------
    pair : (unit id, unit id)
        A and B.
    data, window_s, tiling, epochs, sampling_rate_hz
        As for :func:`sttc`.

    Returns
    -------
    SttcParts

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([10, 12, 50, 80], [3, 5, 3, 5], 1000, stop_sample=100)
    >>> parts = spikekit.sttc_parts(table, (3, 5))
    >>> parts.near_a, parts.tiled_a, parts.n_near_a
    (0.5, 0.2, 1)
    """
    table, arrays = as_spikes(data, sampling_rate_hz), SimpleNamespace(kept=[])
    indices = _pair_indices(table, np.reshape(pair, (-1, 2)) if np.size(pair) == 2 else pair)
    if len(indices) != 1:
        raise ArgumentError(f"pair: expected two unit ids, found {len(indices)} pairs")
    parts = abi.spk_sttc_parts()
    options = _sttc_options(window_s, tiling)
    with Call() as context:
        trains = make_trains(context, table, epochs, None, arrays)
        abi.spk_sttc_estimate_parts(
            context, trains.pointer, int(indices[0, 0]), int(indices[0, 1]), options, parts
        )
    return SttcParts(*(getattr(parts, name) for name in SttcParts._fields))


def sttc_profile(
    data,
    pairs,
    windows_s,
    *,
    tiling="time",
    epochs=None,
    threads=None,
    progress=None,
    sampling_rate_hz=None,
):
    """Spike time tiling coefficient of some pairs at many windows, in one pass.

    Parameters
    ----------
    pairs : array_like of unit ids, shape (n_pairs, 2)
    windows_s : array_like
        Windows [s], rising; each as `window_s` of :func:`sttc`, the largest whole number of
        samples that is no longer, and 0: at the same sample only.
    data, tiling, epochs, threads, progress, sampling_rate_hz
        As for :func:`sttc`.

    Returns
    -------
    ndarray, shape (n_pairs, n_windows)

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([10, 12, 50, 80], [3, 5, 3, 5], 1000, stop_sample=100)
    >>> spikekit.sttc_profile(table, [(3, 5)], [0.001, 0.005]).round(3)
    array([[-0.04 ,  0.333]])
    """
    table = as_spikes(data, sampling_rate_hz)
    options = filled(abi.spk_sttc_options, tiling=choice(tiling, _TILINGS, "tiling"))
    windows = _windows(windows_s, table.sampling_rate_hz)
    return _sttc_of_pairs(
        table, pairs, epochs, threads, progress, abi.spk_sttc_estimate_profile, options, windows
    )


def count_correlation(
    data,
    bins_s=(0.01, 0.1, 1.0),
    *,
    epochs=None,
    threads=None,
    progress=None,
    sampling_rate_hz=None,
):
    """Correlation and covariance of spike counts of all pairs, at several bin widths.

    Parameters
    ----------
    data
        As for :func:`spikekit.correlograms`.
    bins_s : float or array_like
        Bin widths [s], in any order; each the nearest whole number of samples. Each epoch is
        cut into whole bins, and what is left at its end is dropped.
    epochs, threads, progress, sampling_rate_hz
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    CountCorrelations
        As elephant's correlation_coefficient() and covariance(): with L bins the covariance
        is divided by L - 1. NaN where a unit's counts do not vary.

    Notes
    -----
    Sums are exact whole numbers up to the last division.

    Examples
    --------
    >>> import spikekit
    >>> samples, units = [0, 3, 9, 22, 29, 31, 34], [0, 1, 0, 1, 0, 0, 1]
    >>> table = spikekit.SpikeTable(samples, units, 1000, stop_sample=35)
    >>> found = spikekit.count_correlation(table, 0.01)
    >>> found.covariances.round(3)
    array([[1.   , 0.5  ],
           [0.5  , 0.333]])
    >>> found.n_bins
    array(3)
    """
    table = as_spikes(data, sampling_rate_hz)
    widths = _samples(bins_s, table.sampling_rate_hz, "bins_s")
    options, kept = filled(abi.spk_count_correlation_options), []
    _within(table, epochs, options, kept)
    n, n_widths = table.n_units, len(widths)
    correlations, covariances = np.empty((2, n_widths, n, n))
    means, n_bins = np.empty((n_widths, n)), np.empty(n_widths, np.int64)
    with Call(threads, progress) as context:
        abi.spk_count_correlation_estimate(
            context,
            table._struct(),
            widths,
            n_widths,
            options,
            correlations,
            covariances,
            means,
            n_bins,
        )
    for samples in widths[n_bins < 2]:
        warnings.warn(
            f"bins_s: fewer than two bins of {samples / table.sampling_rate_hz:g} s fit the "
            "recording; there is no correlation",
            SpikekitWarning,
            stacklevel=2,
        )
    found = correlations, covariances, means, n_bins, widths / table.sampling_rate_hz
    if np.ndim(bins_s) == 0:
        found = [np.asarray(values[0]) for values in found]
    return CountCorrelations(*found, table.unit_ids)


def correlation_summary(correlations, level=0.95):
    """What the correlations of all pairs are on average, by Fisher's z.

    Pairs that share a unit need not be independent: z of a pair is taken as the mean, a part of
    each of its units, and one of its own, and the error of the mean comes from the variances of
    these. The limits are of Student's distribution.

    Parameters
    ----------
    correlations : array_like, shape (n_units, n_units)
        What is above the diagonal is read; NaN, -1 and 1 do not count.
    level : float
        Share of intervals that hold the truth, 0 < level < 1.

    Returns
    -------
    CorrelationSummary

    Examples
    --------
    >>> import spikekit
    >>> summary = spikekit.correlation_summary([[1, 0.1, 0.2], [0, 1, 0.3], [0, 0, 1]])
    >>> round(summary.mean, 4), summary.n_pairs
    (0.2014, 3)
    """
    correlations = np.ascontiguousarray(correlations, np.float64)
    if correlations.ndim != 2 or correlations.shape[0] != correlations.shape[1]:
        raise ArgumentError(
            f"correlations: expected shape (n_units, n_units), found {correlations.shape}"
        )
    summary = abi.spk_correlation_summary()
    with Call() as context:
        abi.spk_correlation_summarize(
            context, correlations, len(correlations), float(level), summary
        )
    return CorrelationSummary(*(getattr(summary, name) for name in CorrelationSummary._fields))


def correlation_limits(correlation, n_effective, level=0.95):
    """Confidence limits of a correlation by Fisher's z.

    Parameters
    ----------
    correlation : float
    n_effective : float
        Independent samples, more than 3: the number of bins if what is in one says nothing of
        the next.
    level : float
        Share of intervals that hold the truth, 0 < level < 1.

    Returns
    -------
    lower, upper : float
        NaN for arguments out of range.

    Examples
    --------
    >>> import spikekit
    >>> lower, upper = spikekit.correlation_limits(0.5, 28)
    >>> round(lower, 3), round(upper, 3)
    (0.156, 0.736)
    """
    lower, upper = ctypes.c_double(), ctypes.c_double()
    abi.spk_correlation_limits(
        float(correlation),
        float(n_effective),
        float(level),
        ctypes.byref(lower),
        ctypes.byref(upper),
    )
    return lower.value, upper.value


def complexity(
    data, bin_s=None, *, counted="units", spread=0, block_s=0, epochs=None, sampling_rate_hz=None
):
    """In how many bins k units fire together, and in how many they would by chance.

    Parameters
    ----------
    data
        As for :func:`spikekit.correlograms`.
    bin_s : float, optional
        Bin width [s], the nearest whole number of samples. Default: 1 ms, or one sample if
        that is longer. Bins of one sample show artefacts and spikes found twice.
    counted : str
        "units": units with at least one spike in the bin; "spikes": spikes of all units.
    spread : int
        0: each bin by itself. Otherwise bins with spikes that are at most so many bins apart
        are one event, whose complexity is the sum over its bins; elephant's spread.
    block_s : float
        Rates are constant within blocks of so many seconds; 0: within the whole recording.
        Blocks keep what rates do that rise and fall together out of the excess.
    epochs, sampling_rate_hz
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    Complexity
        Of "units" with spread 0 also what is expected of independent units.

    Examples
    --------
    >>> import spikekit
    >>> samples, units = [1, 1, 4, 5, 6, 8], [0, 1, 0, 1, 0, 1]
    >>> table = spikekit.SpikeTable(samples, units, 1000, stop_sample=10)
    >>> found = spikekit.complexity(table)
    >>> found.counts, found.expected
    (array([5, 4, 1]), array([4.9, 4.2, 0.9]))
    >>> spikekit.complexity(table, spread=2).counts
    array([4, 0, 1, 0, 1])
    """
    table = as_spikes(data, sampling_rate_hz)
    rate, kept = table.sampling_rate_hz, []
    bin_s = max(0.001, 1 / rate) if bin_s is None else bin_s
    width = int(_samples(bin_s, rate, "bin_s")[0])
    if not 0 <= block_s < 2**53 * width / rate:
        raise ArgumentError(f"block_s: expected 0 or more, found {block_s}")
    block_bins = 0 if block_s == 0 else max(1, round(block_s * rate / width))
    options = filled(
        abi.spk_complexity_options,
        bin_samples=width,
        counted=choice(counted, _COUNTED, "counted"),
        spread=spread,
        block_bins=block_bins,
    )
    _within(table, epochs, options, kept)
    spikes, length = table._struct(), ctypes.c_int64()
    expected = None
    with Call() as context:
        abi.spk_complexity_length(context, spikes, options, ctypes.byref(length))
        counts = np.empty(length.value, np.int64)
        abi.spk_complexity_count(context, spikes, options, length.value, counts)
        if counted == "units" and spread == 0:
            expected = np.empty(length.value)
            abi.spk_complexity_expect(context, spikes, options, length.value, expected)
    return Complexity(counts, expected, width / rate)
