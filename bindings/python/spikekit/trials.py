# SPDX-License-Identifier: BSD-3-Clause
"""Counts by trial: Fano factors, noise and signal correlations, joint histograms."""

import ctypes
from collections import namedtuple

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError
from ._numbers import whole_numbers
from ._options import choice, filled
from ._types import pointer
from .alignment import Alignment, condition_indices
from .synchrony import correlation_summary

_DOUBLE = ctypes.POINTER(ctypes.c_double)
_INT64 = ctypes.POINTER(ctypes.c_int64)
_INT32 = ctypes.POINTER(ctypes.c_int32)
_POOLINGS = ("zscore", "residual")
_CONTROLS = (None, "shift", "shuffle")
_PREDICTORS = ("product", "shift")


class _Trials:
    """The struct of an Alignment or of an array of counts, and what it borrows."""

    def __init__(self, trials, conditions, bin_s):
        exposure = None
        if isinstance(trials, Alignment):
            if bin_s is not None:
                raise ArgumentError("bin_s: an Alignment has its own")
            self.counts = trials.counts
            trials._observe()
            exposure = trials._exposure
            bin_samples, rate = trials._window.bin_samples, trials._table.sampling_rate_hz
            self.start_s, self.bin_s = float(trials.edges_s[0]), trials.bin_s
            self.unit_ids = trials.unit_ids
            if conditions is None:
                kinds, indices = trials.conditions, trials.condition_of
            else:
                kinds, indices = condition_indices(conditions, len(self.counts))
        else:
            array = whole_numbers(trials, "trials", flat=False)
            if array.ndim == 2:
                array = array[:, :, None]
            if array.ndim != 3:
                raise ArgumentError(
                    "trials: expected shape (n_trials, n_units) or (n_trials, n_units, n_bins), "
                    f"found {array.shape}"
                )
            if array.size and (array.max() > 2**31 - 1 or array.min() < 0):
                raise ArgumentError("trials: expected counts from 0 to 2**31 - 1")
            self.counts = np.ascontiguousarray(array, np.int32)
            self.bin_s = 1.0 if bin_s is None else float(bin_s)
            if not 0 < self.bin_s < np.inf:
                raise ArgumentError(f"bin_s: expected a width above 0, found {bin_s}")
            bin_samples, rate, self.start_s = 1, 1.0 / self.bin_s, 0.0
            self.unit_ids = np.arange(array.shape[1])
            kinds, indices = condition_indices(conditions, len(array))
        self.conditions = kinds
        self.n_conditions = 1 if kinds is None else len(kinds)
        self._kept = exposure, indices
        self.n_trials, self.n_units, self.n_bins = self.counts.shape
        self.struct = abi.spk_trials(
            self.n_trials,
            self.n_units,
            self.n_bins,
            pointer(self.counts, _INT32),
            None if exposure is None else pointer(exposure, _INT64),
            bin_samples,
            rate,
            self.n_conditions,
            pointer(indices, _INT32),
        )

    def bins(self, seconds, name):
        """A whole number of bins; None is one."""
        if seconds is None:
            return 1
        n = float(seconds) / self.bin_s
        if not 0.5 <= n < 2**62:
            raise ArgumentError(f"{name}: expected at least one bin, {self.bin_s:g} s, found {seconds}")
        return int(round(n))

    def window_times(self, n_windows, width, step):
        return self.start_s + self.bin_s * (step * np.arange(n_windows) + width / 2.0)

    def without_axis(self, array):
        """Drops the axis of conditions where there are none."""
        return array if self.conditions is not None else array[0]


class TrialFano(
    namedtuple("TrialFano", "fano lower upper means variances n_trials times_s conditions unit_ids")
):
    """Fano factors over trials. :func:`spikekit.fano` makes it.

    Attributes
    ----------
    fano, lower, upper : ndarray, shape (n_conditions, n_units, n_windows)
        Variance over mean, and limits; without the first axis if there are no conditions.
        Few spikes do not say how high it may be: ``upper`` is then far away or infinite.
    means, variances : ndarray
        The same shape.
    n_trials : ndarray of int64, shape (n_conditions, n_windows)
    times_s : ndarray, shape (n_windows,)
        Centre of each window [s].
    conditions : ndarray or None
    unit_ids : ndarray
    """

    __slots__ = ()


def fano(
    trials, window_s=None, step_s=None, *, conditions=None, bin_s=None, ddof=1, confidence=0.95,
    threads=None, progress=None,
):
    """The Fano factor of each unit over trials: variance over mean of its counts.

    1 for a Poisson process with the same rate in every trial. Of contiguous windows of one
    train without trials, see the Fano factor of single trains.

    Parameters
    ----------
    trials : Alignment or array_like of int, shape (n_trials, n_units[, n_bins])
        What :func:`spikekit.align` gives, or counts.
    window_s, step_s : float, optional
        Width of a window and distance to the next [s], taken to whole bins; default: one bin.
    conditions : array_like, shape (n_trials,), optional
        A label for each trial. Default: those of the Alignment.
    bin_s : float, optional
        Bin width of an array of counts [s]; default 1.
    ddof : int
        The variance divides by n - ddof; elephant's is 0.
    confidence : float
    threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    TrialFano

    Examples
    --------
    >>> import spikekit
    >>> found = spikekit.fano([[1, 4], [3, 4], [5, 4]])
    >>> found.means.T, found.variances.T
    (array([[3., 4.]]), array([[4., 0.]]))
    >>> round(float(found.fano[0, 0]), 6)
    1.333333
    """
    data = _Trials(trials, conditions, bin_s)
    width, step = data.bins(window_s, "window_s"), data.bins(step_s, "step_s")
    options = filled(
        abi.spk_trial_fano_options, window_bins=width, step_bins=step, ddof=ddof,
        confidence=confidence,
    )
    length = ctypes.c_int64()
    with Call(threads, progress) as context:
        abi.spk_trial_fano_length(context, data.n_bins, options, ctypes.byref(length))
        shape = (data.n_conditions, data.n_units, length.value)
        numbers = np.empty((data.n_conditions, length.value), np.int64)
        arrays = [np.empty(shape) for _ in range(5)]  # means, variances, fano, lower, upper
        out = abi.spk_trial_fano(
            pointer(numbers, _INT64), *(pointer(array, _DOUBLE) for array in arrays)
        )
        abi.spk_trial_fano_estimate(context, data.struct, options, out)
    means, variances, fano, lower, upper = map(data.without_axis, arrays)
    return TrialFano(
        fano, lower, upper, means, variances, data.without_axis(numbers),
        data.window_times(length.value, width, step), data.conditions, data.unit_ids,
    )


_MATCHED = [name for name, _ in abi.spk_matched_fano._fields_]


class MatchedFano(namedtuple("MatchedFano", [*_MATCHED, "times_s"])):
    """The mean-matched Fano factor of a population over time.

    :func:`spikekit.mean_matched_fano` makes it. Every field has shape (n_windows,).

    Attributes
    ----------
    fano, lower, upper : ndarray
        With the distribution of mean counts the same in all windows; NaN where fewer than five
        points are left.
    fano_all, lower_all, upper_all : ndarray
        Of all points, nothing matched.
    mean, mean_all : ndarray
        Mean count of the matched and of all points.
    n_points, n_points_all : ndarray of int64
        Points, a unit in a condition each.
    times_s : ndarray
        Centre of each window [s].
    """

    __slots__ = ()


def mean_matched_fano(
    trials, window_s=None, step_s=None, *, conditions=None, bin_s=None, mean_spacing=0.25,
    n_repeats=10, weighted=True, confidence=0.95, seed=0, threads=None, progress=None,
):
    """The Fano factor of a population with mean counts matched over time.

    The slope of variance on mean over units and conditions; points are dropped at random until
    mean counts have the same distribution in every window, so that a change of rate alone changes
    it little: a factor of 1.5 throughout falls by 0.05 with 10 trials, and 0.04 with 20, when
    rates double.

    Parameters
    ----------
    trials, window_s, step_s, conditions, bin_s, threads, progress
        As for :func:`spikekit.fano`. Windows of 50 to 100 ms are usual. Only trials that
        saw the whole window of the alignment count.
    mean_spacing : float
        Width of the classes of mean counts that are matched [spikes].
    n_repeats : int
        Random choices that are averaged.
    weighted : bool
        Weigh points by trials over (mean + window at 1 Hz) squared, as the method's authors
        do. With few trials the factor then comes out too low, a constant 2 as 1.77 with 5 and
        1.88 with 10; without weights it does not.
    confidence : float
    seed : int

    Returns
    -------
    MatchedFano

    References
    ----------
    Churchland et al. (2010) Nat. Neurosci. 13:369-378

    Examples
    --------
    Poisson counts whose rates double in the second bin:

    >>> import numpy, spikekit
    >>> rates = numpy.linspace(0.5, 5, 200)[:, None] * [1, 2]
    >>> counts = numpy.random.default_rng(1).poisson(rates, (40, 200, 2))
    >>> found = spikekit.mean_matched_fano(counts, bin_s=0.1, mean_spacing=0.5)
    >>> bool((abs(found.fano - 1) < 0.1).all()), found.n_points_all
    (True, array([200, 200]))
    """
    data = _Trials(trials, conditions, bin_s)
    width, step = data.bins(window_s, "window_s"), data.bins(step_s, "step_s")
    options = filled(
        abi.spk_matched_fano_options, window_bins=width, step_bins=step,
        mean_spacing=mean_spacing, n_repeats=n_repeats, is_weighted=int(bool(weighted)),
        confidence=confidence, seed=seed,
    )
    windows = filled(abi.spk_trial_fano_options, window_bins=width, step_bins=step)
    length = ctypes.c_int64()
    with Call(threads, progress) as context:
        abi.spk_trial_fano_length(context, data.n_bins, windows, ctypes.byref(length))
        out = (abi.spk_matched_fano * max(length.value, 1))()
        abi.spk_matched_fano_estimate(context, data.struct, options, out)
    found = out[: length.value]
    columns = [np.array([getattr(row, name) for row in found]) for name in _MATCHED]
    return MatchedFano(*columns, data.window_times(length.value, width, step))


class NoiseCorrelation(
    namedtuple("NoiseCorrelation", "correlations dof lower upper rates_hz unit_ids")
):
    """Noise correlations. :func:`spikekit.noise_correlation` makes it.

    Attributes
    ----------
    correlations, lower, upper : ndarray, shape (n_units, n_units)
        Pearson's r over trials within conditions, and its limits by Fisher's z; NaN where a unit
        never varies or there are too few trials.
    dof : ndarray of int64
        Trials less one, summed over the conditions used.
    rates_hz : ndarray, shape (n_units,)
    unit_ids : ndarray
    """

    __slots__ = ()

    def summary(self, chosen=None, level=0.95):
        """The mean correlation with its limits: :func:`spikekit.correlation_summary`.

        Parameters
        ----------
        chosen : array_like of bool, shape (n_units, n_units), optional
            Pairs to take, above the diagonal. Default: all.
        level : float

        Returns
        -------
        CorrelationSummary
        """
        correlations = self.correlations
        if chosen is not None:
            chosen = np.asarray(chosen, bool)
            if chosen.shape != correlations.shape:
                raise ArgumentError(
                    f"chosen: expected shape {correlations.shape}, found {chosen.shape}"
                )
            correlations = np.where(chosen, correlations, np.nan)
        return correlation_summary(correlations, level)

    def geometric_rates_hz(self):
        """ndarray, shape (n_units, n_units): The root of the product of the two rates [Hz]."""
        return np.sqrt(np.outer(self.rates_hz, self.rates_hz))


def noise_correlation(
    trials, *, conditions=None, bin_s=None, pooling="residual", control=None, shift=1, seed=0,
    min_trials=2, confidence=0.95, threads=None, progress=None,
):
    """The noise correlation of every pair of units: counts that vary together over repeats.

    Counts are those of all bins of a trial: choose the window with :func:`spikekit.align`, or
    slice the array.

    Parameters
    ----------
    trials, conditions, bin_s, threads, progress
        As for :func:`spikekit.fano`.
    pooling : "residual" or "zscore"
        Counts within a condition less their mean, and over their standard deviation or not.
        Over it every condition has the same say, but with few trials a condition correlations
        come out too near 0: 0.4 as 0.26 with 2, 0.34 with 4, 0.38 with 10.
    control : None, "shift" or "shuffle"
        The same where pairs are broken: trial t with trial t + `shift`, which keeps slow changes,
        or trials in random order. Where nothing is slow, "shift" expects -r / (n - 1), r the
        correlation without it and n the trials of a condition; "shuffle" 0.
    shift, seed : int
    min_trials : int
        Conditions with fewer trials are left out.
    confidence : float

    Returns
    -------
    NoiseCorrelation

    References
    ----------
    Cohen & Kohn (2011) Nat. Neurosci. 14:811-819

    Examples
    --------
    >>> import spikekit
    >>> counts = [[1, 2], [3, 3], [5, 7], [6, 6]]
    >>> found = spikekit.noise_correlation(counts, conditions=["left", "left", "right", "right"])
    >>> found.correlations.round(6)
    array([[1.      , 0.316228],
           [0.316228, 1.      ]])
    >>> found.dof
    array([[2, 2],
           [2, 2]])
    """
    data = _Trials(trials, conditions, bin_s)
    options = filled(
        abi.spk_noise_correlation_options, pooling=choice(pooling, _POOLINGS, "pooling"),
        control=_control(control), shift=shift, seed=seed, min_trials=min_trials,
        confidence=confidence,
    )
    n = data.n_units
    correlations, lower, upper = (np.empty((n, n)) for _ in range(3))
    dof, rates = np.empty((n, n), np.int64), np.empty(n)
    out = abi.spk_noise_correlation(
        pointer(correlations, _DOUBLE), pointer(dof, _INT64), pointer(lower, _DOUBLE),
        pointer(upper, _DOUBLE), pointer(rates, _DOUBLE),
    )
    with Call(threads, progress) as context:
        abi.spk_noise_correlation_estimate(context, data.struct, options, out)
    return NoiseCorrelation(correlations, dof, lower, upper, rates, data.unit_ids)


def _control(control):
    if control not in _CONTROLS:
        raise ArgumentError(f"control: expected None, shift or shuffle, found {control!r}")
    return _CONTROLS.index(control)


def signal_correlation(trials, *, conditions=None, bin_s=None, threads=None, progress=None):
    """The signal correlation of every pair of units: mean counts that go together over conditions.

    Parameters
    ----------
    trials, conditions, bin_s, threads, progress
        As for :func:`spikekit.fano`.

    Returns
    -------
    ndarray, shape (n_units, n_units)
        NaN where the means of a unit do not vary, and with fewer than three conditions.

    Examples
    --------
    >>> import spikekit
    >>> counts = [[1, 3], [2, 5], [6, 2]]
    >>> r = spikekit.signal_correlation(counts, conditions=["a", "b", "c"])
    >>> round(float(r[0, 1]), 6)
    -0.61859
    """
    data = _Trials(trials, conditions, bin_s)
    correlations = np.empty((data.n_units, data.n_units))
    with Call(threads, progress) as context:
        abi.spk_signal_correlation_estimate(context, data.struct, correlations)
    return correlations


class NoiseMatch(namedtuple("NoiseMatch", [name for name, _ in abi.spk_noise_match._fields_])):
    """Correlations of two groups of pairs, as they are and at the same rates.

    Attributes
    ----------
    n_pairs : tuple of int
    n_matched : int
        Pairs of each group when rates are matched.
    mean_z, matched_z : tuple of float
        Mean of atanh r of each group, all pairs and matched.
    difference, matched_difference : float
        Second less first.
    error, lower, upper : float
        Standard error and limits of `matched_difference`; pairs are taken to be independent.
    """

    __slots__ = ()


def match_noise_correlations(
    first, second, *, octaves=0.5, n_repeats=100, confidence=0.95, seed=0
):
    """Compare the correlations of two groups of pairs at the same geometric mean rates.

    Correlations grow with rate, so that groups of other rates differ for that alone.

    Parameters
    ----------
    first, second : pair of array_like
        Geometric mean rates [Hz], and correlations, of each pair.
    octaves : float
        Width of the classes of rate.
    n_repeats : int
        Random choices that are averaged.
    confidence : float
    seed : int

    Returns
    -------
    NoiseMatch

    Examples
    --------
    >>> import spikekit
    >>> near, far = ([4, 4, 20], [0.2, 0.3, 0.6]), ([4, 4, 4], [0.1, 0.2, 0.0])
    >>> found = spikekit.match_noise_correlations(near, far)
    >>> found.n_matched, found.difference < found.matched_difference < 0
    (2, True)
    """
    groups, kept = [], []
    for pairs, name in ((first, "first"), (second, "second")):
        rates, correlations = (np.ravel(np.asarray(v, np.float64)) for v in pairs)
        if rates.shape != correlations.shape:
            raise ArgumentError(
                f"{name}: expected as many rates as correlations, found {len(rates)} and "
                f"{len(correlations)}"
            )
        kept.append((rates, correlations))
        groups.append(
            abi.spk_noise_pairs(len(rates), pointer(rates, _DOUBLE), pointer(correlations, _DOUBLE))
        )
    options = filled(
        abi.spk_noise_match_options, octaves=octaves, n_repeats=n_repeats, confidence=confidence,
        seed=seed,
    )
    out = abi.spk_noise_match()
    with Call() as context:
        abi.spk_noise_correlation_match(context, *groups, options, out)
    values = (getattr(out, name) for name, _ in out._fields_)
    return NoiseMatch(*(tuple(v) if hasattr(v, "__len__") else v for v in values))


_JOINT = (
    "coincidences predicted coefficients correlogram correlogram_predicted correlogram_sd "
    "histogram histogram_predicted histogram_sd n_trials band times_s lags_s"
)


class Jpsth(namedtuple("Jpsth", _JOINT)):
    """The joint histogram of two units. :func:`spikekit.jpsth` makes it.

    Attributes
    ----------
    coincidences : ndarray of int64, shape (n_bins, n_bins)
        Sum over trials of count of i in bin a times count of j in bin b.
    predicted : ndarray
        What the two rates alone give.
    coefficients : ndarray
        Correlation over trials of the two counts; NaN where either does not vary.
    correlogram, correlogram_predicted, correlogram_sd : ndarray, shape (2 n_bins - 1,)
        Sums along the diagonals, what is predicted, and the exact standard deviation of their
        difference over orders of trials. Right of the centre j fires after i.
    histogram, histogram_predicted, histogram_sd : ndarray, shape (n_bins,)
        Near-coincidences over time.
    n_trials : int
    band : float
        Coefficients of independent units lie within -+ band, about.
    times_s, lags_s : ndarray
        Centre of each bin, and lag of each diagonal [s].
    """

    __slots__ = ()


def jpsth(
    trials, i, j, *, condition=None, conditions=None, bin_s=None, predictor="product",
    reach_s=0.0, confidence=0.95,
):
    """The joint peri-event time histogram of two units.

    Parameters
    ----------
    trials, conditions, bin_s
        As for :func:`spikekit.fano`.
    i, j
        Unit ids; of an array of counts, places.
    condition : optional
        The label of the trials to take; needed where there are conditions.
    predictor : "product" or "shift"
        The product of the two mean counts; or each trial of i with the trial before and the trial
        after of j, which keeps slow changes.
    reach_s : float
        The histogram takes lags up to so much [s], in whole bins.
    confidence : float

    Returns
    -------
    Jpsth

    References
    ----------
    Aertsen, Gerstein, Habib & Palm (1989) J. Neurophysiol. 61:900-917

    Examples
    --------
    >>> import spikekit
    >>> counts = [[[1, 0], [0, 1]], [[0, 1], [0, 0]], [[1, 1], [1, 1]]]
    >>> joint = spikekit.jpsth(counts, 0, 1, bin_s=0.01)
    >>> joint.coincidences
    array([[1, 2],
           [1, 1]])
    >>> joint.correlogram, joint.lags_s
    (array([1, 2, 2]), array([-0.01,  0.  ,  0.01]))
    """
    data = _Trials(trials, conditions, bin_s)
    places = {key: k for k, key in enumerate(np.asarray(data.unit_ids).tolist())}
    for name, unit in (("i", i), ("j", j)):
        if unit not in places:
            raise ArgumentError(f"{name}: no unit {unit!r}")
    chosen = 0
    if data.conditions is not None:
        found = np.flatnonzero(data.conditions == condition)
        if len(found) != 1:
            raise ArgumentError(f"condition: no condition {condition!r}")
        chosen = int(found[0])
    elif condition is not None:
        raise ArgumentError("condition: the trials have no conditions")
    options = filled(
        abi.spk_jpsth_options, predictor=choice(predictor, _PREDICTORS, "predictor"),
        reach_bins=int(round(float(reach_s) / data.bin_s)), confidence=confidence,
    )
    n = data.n_bins
    square, lags, bins = (n, n), (2 * n - 1,), (n,)
    arrays = [
        np.empty(shape, kind)
        for shape in (square, lags, bins)
        for kind in (np.int64, np.float64, np.float64)
    ]
    kinds = {np.dtype(np.int64): _INT64, np.dtype(np.float64): _DOUBLE}
    out = abi.spk_jpsth(*(pointer(array, kinds[array.dtype]) for array in arrays))
    with Call() as context:
        abi.spk_jpsth_estimate(context, data.struct, chosen, places[i], places[j], options, out)
    times = data.start_s + data.bin_s * (np.arange(n) + 0.5)
    return Jpsth(*arrays, out.n_trials, out.band, times, data.bin_s * np.arange(1 - n, n))
