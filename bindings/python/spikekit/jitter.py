# SPDX-License-Identifier: BSD-3-Clause
"""Interval jitter: are two trains more in step than what happens on a slower time scale
explains?

The recording is cut into intervals of equal length. Under the null hypothesis it does not
matter where in its interval a spike of one of the trains stands. The expectation and the exact
distribution of each count follow without a random number.
"""

import ctypes
from collections import namedtuple

import numpy as np

from . import _abi as abi
from ._context import Call
from ._inputs import as_spikes
from ._options import as_seed, choice, filled, make_trains
from .metrics import _Arrays
from .synchrony import _pair_indices

_SIDES = ("target", "reference")
_STATISTICS = ("pairs", "synchrony")
_PREDICTORS = ("all", "neighbors", "expected")

JitterTest = namedtuple(
    "JitterTest",
    "pairs lags_s counts expected variance log_equal log_upper log_lower log_mid_upper "
    "log_mid_lower",
)
JitterTest.__doc__ = """Counts and their place in the exact null, of :func:`spikekit.jitter_test`.

Attributes
----------
pairs : ndarray, shape (n_pairs, 2)
    Unit ids of reference and target.
lags_s : ndarray, shape (n_lags,)
    Centre of each bin tested [s].
counts : ndarray of int64, shape (n_pairs, n_lags)
expected, variance : ndarray, shape (n_pairs, n_lags)
    Of the count over all placements.
log_equal : ndarray, shape (n_pairs, n_lags)
    Natural logarithm of the probability of the count.
log_upper, log_lower : ndarray, shape (n_pairs, n_lags)
    Of as many or more, small for an excess; of as many or fewer, small for a lack.
log_mid_upper, log_mid_lower : ndarray, shape (n_pairs, n_lags)
    The same with half of the probability of the count itself.
"""

JitterCorrelograms = namedtuple("JitterCorrelograms", "pairs lags_s counts expected variance")
JitterCorrelograms.__doc__ = """Correlograms and what jitter makes of them on average, of
:func:`spikekit.jitter_correlograms`.

Attributes
----------
pairs : ndarray, shape (n_pairs, 2)
    Unit ids of reference and target.
lags_s : ndarray, shape (n_bins,)
    Centre of each bin [s].
counts : ndarray of int64, shape (n_pairs, n_bins)
expected, variance : ndarray, shape (n_pairs, n_bins)
    ``counts - expected`` is the jitter-corrected correlogram.
"""

JitterBands = namedtuple(
    "JitterBands",
    "lags_s counts expected variance p_upper p_lower global_upper global_lower p_excess p_lack",
)
JitterBands.__doc__ = """Drawn placements of one pair, of :func:`spikekit.jitter_bands`.

Attributes
----------
lags_s, counts, expected, variance : ndarray, shape (n_lags,)
p_upper, p_lower : ndarray, shape (n_lags,)
    (1 + draws with as many pairs or more, or fewer) / (n_draws + 1).
global_upper, global_lower : ndarray, shape (n_lags,)
    The band that the whole correlogram stays in; infinite for too few draws.
p_excess, p_lack : float
    Global p by the greatest and the least z of all lags.
"""

TrialPrediction = namedtuple("TrialPrediction", "pairs lags_s counts predicted corrected")
TrialPrediction.__doc__ = """Correlograms of trials, of :func:`spikekit.shift_predictor`.

Attributes
----------
pairs : ndarray, shape (n_pairs, 2)
lags_s : ndarray, shape (n_bins,)
counts : ndarray of int64, shape (n_pairs, n_bins)
    Pairs within trials.
predicted : ndarray, shape (n_pairs, n_bins)
    What the trials predict of them.
corrected : ndarray, shape (n_pairs, n_bins)
    (counts - predicted) / (n_trials sqrt(rate_i rate_j) (T - |lag|)), coincidences a spike.
"""


class _Job:
    """What the calls share: the table, options in samples, the pairs."""

    def __init__(self, data, pairs, sampling_rate_hz, jittered="target", **options):
        self.table = as_spikes(data, sampling_rate_hz)
        self.indices = np.ascontiguousarray(_pair_indices(self.table, pairs), np.int32)
        self.pairs = self.table.unit_ids[self.indices]
        self.options = filled(
            abi.spk_jitter_options, jittered=choice(jittered, _SIDES, "jittered"), **options
        )
        self.layout = abi.spk_jitter_layout()
        with Call() as context:
            abi.spk_jitter_length(
                context, self.table.sampling_rate_hz, self.options, self.layout
            )
        layout = self.layout
        bins = np.arange(layout.n_bins) - layout.n_bins // 2
        self.lags_s = bins * layout.bin_samples / self.table.sampling_rate_hz
        first = layout.first_test
        self.tested_s = self.lags_s[first : first + max(layout.n_tests, 0)]
        self.arrays = _Arrays()

    def trains(self, context, epochs, periods):
        return make_trains(context, self.table, epochs, periods, self.arrays)


def _structs(kind, *shape):
    """Memory for structs of the library, and a view of it as fields."""
    memory = (kind * max(int(np.prod(shape)), 1))()
    fields = np.ctypeslib.as_array(memory)[: int(np.prod(shape))].reshape(shape)
    return memory, lambda name: np.ascontiguousarray(fields[name])


def jitter_test(
    data,
    pairs,
    interval_s=0.01,
    *,
    bin_s=0.0005,
    window_s=0.1,
    from_s=-np.inf,
    to_s=np.inf,
    statistic="pairs",
    jittered="target",
    epochs=None,
    periods=None,
    threads=None,
    progress=None,
    sampling_rate_hz=None,
):
    """Test the counts of correlograms against their exact distribution under interval jitter.

    A count is a sum of independent small numbers, one a jittered spike, so its distribution is
    the convolution of theirs. Tails are right to 1e-10 of their size, however small.

    Parameters
    ----------
    data
        As for :func:`spikekit.correlograms`.
    pairs : array_like of unit ids, shape (n_pairs, 2)
        Reference and target, such as those of :func:`spikekit.near_pairs`.
    interval_s : float
        Length of the intervals [s], counted from the start of each run of the recording; the
        last of a run ends with it.
    bin_s, window_s : float
        Bins as of :func:`spikekit.correlograms`.
    from_s, to_s : float
        Bins with their centre from here to here are tested [s].
    statistic : {"pairs", "synchrony"}
        "pairs": pairs of spikes with their lag in the bin; spikes move independently, by
        samples. "synchrony": bins of `bin_s` in which both trains have a spike, at a lag of
        whole bins; the occupied bins of an interval move (Jeck & Niebur 2015).
    jittered : {"target", "reference"}
        Whose spikes move.
    epochs, periods
        As for :func:`spikekit.metrics`.
    threads, progress, sampling_rate_hz
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    JitterTest

    References
    ----------
    Amarasingham, Harrison, Hatsopoulos & Geman (2012) J. Neurophysiol. 107:517-531

    Jeck & Niebur (2015) arXiv:1502.07907

    Examples
    --------
    Three target spikes, each 1 ms after a reference spike, in intervals of 10 ms:

    >>> import numpy as np, spikekit
    >>> data = spikekit.SpikeTable(
    ...     [100, 101, 205, 206, 312, 313], [0, 1, 0, 1, 0, 1], 1000.0, stop_sample=400)
    >>> found = spikekit.jitter_test(data, [(0, 1)], 0.01, bin_s=0.001, from_s=0, to_s=0.002)
    >>> found.counts
    array([[0, 3, 0]])
    >>> np.exp(found.log_upper).round(6)
    array([[1.   , 0.001, 1.   ]])
    """
    number = choice(statistic, _STATISTICS, "statistic")
    job = _Job(
        data, pairs, sampling_rate_hz, jittered, interval_s=interval_s, bin_s=bin_s,
        window_s=window_s, from_s=from_s, to_s=to_s,
    )
    memory, field = _structs(abi.spk_jitter_result, len(job.pairs), len(job.tested_s))
    run = (abi.spk_jitter_test, abi.spk_jitter_synchrony)[number]
    with Call(threads, progress) as context:
        trains = job.trains(context, epochs, periods)
        run(context, trains.pointer, job.indices, len(job.indices), job.options, memory)
    names = "expected variance log_equal log_upper log_lower log_mid_upper log_mid_lower"
    return JitterTest(
        job.pairs, job.tested_s, field("count"), *(field(name) for name in names.split())
    )


def jitter_correlograms(
    data,
    pairs,
    interval_s=0.01,
    *,
    bin_s=0.0005,
    window_s=0.1,
    jittered="target",
    epochs=None,
    periods=None,
    threads=None,
    progress=None,
    sampling_rate_hz=None,
):
    """Correlograms, and their mean and variance over all placements of jittered spikes.

    Parameters
    ----------
    data, pairs, interval_s, bin_s, window_s, jittered, epochs, periods
        As for :func:`jitter_test`.
    threads, progress, sampling_rate_hz
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    JitterCorrelograms

    Examples
    --------
    >>> import spikekit
    >>> data = spikekit.SpikeTable(
    ...     [100, 101, 205, 206, 312, 313], [0, 1, 0, 1, 0, 1], 1000.0, stop_sample=400)
    >>> found = spikekit.jitter_correlograms(
    ...     data, [(0, 1)], 0.01, bin_s=0.001, window_s=0.004)
    >>> (found.counts - found.expected).round(1)
    array([[-0.2, -0.2, -0.3,  2.7, -0.3]])
    """
    job = _Job(
        data, pairs, sampling_rate_hz, jittered, interval_s=interval_s, bin_s=bin_s,
        window_s=window_s,
    )
    shape = len(job.pairs), len(job.lags_s)
    counts, expected, variance = np.empty(shape, np.int64), np.empty(shape), np.empty(shape)
    with Call(threads, progress) as context:
        trains = job.trains(context, epochs, periods)
        abi.spk_jitter_correlogram(
            context, trains.pointer, job.indices, len(job.indices), job.options, counts,
            expected, variance,
        )
    return JitterCorrelograms(job.pairs, job.lags_s, counts, expected, variance)


def jitter_bands(
    data,
    reference,
    target,
    interval_s=0.01,
    *,
    n_draws=1000,
    seed=0,
    alpha=0.05,
    bin_s=0.0005,
    window_s=0.1,
    from_s=-np.inf,
    to_s=np.inf,
    jittered="target",
    epochs=None,
    periods=None,
    threads=None,
    progress=None,
    sampling_rate_hz=None,
):
    """Draw placements of jittered spikes: a band that a correlogram stays in at all lags.

    Parameters
    ----------
    data
        As for :func:`spikekit.correlograms`.
    reference, target
        Unit ids.
    n_draws : int
    seed : int
        The same seed gives the same draws, whatever the number of threads: draw d is surrogate
        d of the unit that moves, as :func:`spikekit.surrogates` gives it with method "jitter",
        width_s = interval_s and this seed.
    alpha : float
        The band is left anywhere by chance with this probability.
    interval_s, bin_s, window_s, from_s, to_s, jittered, epochs, periods
        As for :func:`jitter_test`.
    threads, progress, sampling_rate_hz
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    JitterBands

    Examples
    --------
    >>> import spikekit
    >>> session = spikekit.simulate(n_units=2, duration_s=60, seed=1)
    >>> band = spikekit.jitter_bands(session, 0, 1, from_s=-0.005, to_s=0.005, n_draws=200)
    >>> len(band.lags_s), bool((band.global_upper >= band.expected).all())
    (21, True)
    """
    job = _Job(
        data, [(reference, target)], sampling_rate_hz, jittered, interval_s=interval_s,
        bin_s=bin_s, window_s=window_s, from_s=from_s, to_s=to_s,
    )
    draws = filled(abi.spk_jitter_draws, n_draws=n_draws, alpha=alpha)
    draws.seed = as_seed(seed)
    memory, field = _structs(abi.spk_jitter_band, len(job.tested_s))
    p = np.ones(2)
    with Call(threads, progress) as context:
        trains = job.trains(context, epochs, periods)
        abi.spk_jitter_monte_carlo(
            context, trains.pointer, *(int(i) for i in job.indices[0]), job.options, draws,
            memory, p,
        )
    names = "count expected variance p_upper p_lower global_upper global_lower"
    return JitterBands(
        job.tested_s, *(field(name) for name in names.split()), float(p[0]), float(p[1])
    )


def shift_predictor(
    data,
    pairs,
    starts,
    duration_s=1.0,
    *,
    predictor="all",
    interval_s=0.01,
    bin_s=0.0005,
    window_s=0.1,
    epochs=None,
    periods=None,
    threads=None,
    progress=None,
    sampling_rate_hz=None,
):
    """Correlograms of trials, and what is locked to the start of a trial predicts of them.

    Parameters
    ----------
    data, pairs
        As for :func:`jitter_test`.
    starts : array_like of int, shape (n_trials,)
        First sample of each trial; all lie within the recording.
    duration_s : float
        Of each trial [s].
    predictor : {"all", "neighbors", "expected"}
        "all": every trial of the reference with every other of the target. "neighbors": with
        the one before and the one after. "expected": Smith & Kohn's jitter of both trains, in
        bins, by the mean of the trials within intervals of `interval_s`.
    interval_s, bin_s, window_s, epochs, periods
        As for :func:`jitter_test`.
    threads, progress, sampling_rate_hz
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    TrialPrediction

    References
    ----------
    Perkel, Gerstein & Moore (1967) Biophys. J. 7:419-440

    Smith & Kohn (2008) J. Neurosci. 28:12591-12603

    Examples
    --------
    Two units that fire at the same time of two trials, and not because of each other:

    >>> import spikekit
    >>> data = ([110, 112, 210, 212], [0, 1, 0, 1], 1000.0)
    >>> found = spikekit.shift_predictor(
    ...     data, [(0, 1)], [100, 200], 0.013, bin_s=0.001, window_s=0.006)
    >>> found.counts, found.predicted
    (array([[0, 0, 0, 0, 0, 2, 0]]), array([[0., 0., 0., 0., 0., 2., 0.]]))
    """
    job = _Job(
        data, pairs, sampling_rate_hz, interval_s=interval_s, bin_s=bin_s, window_s=window_s
    )
    starts = np.ascontiguousarray(np.asarray(starts).ravel(), np.int64)
    trials = filled(
        abi.spk_jitter_trials, duration_s=duration_s, n_trials=len(starts),
        predictor=choice(predictor, _PREDICTORS, "predictor"),
    )
    trials.starts = starts.ctypes.data_as(ctypes.POINTER(ctypes.c_int64))
    shape = len(job.pairs), len(job.lags_s)
    counts, predicted, corrected = np.empty(shape, np.int64), np.empty(shape), np.empty(shape)
    with Call(threads, progress) as context:
        trains = job.trains(context, epochs, periods)
        abi.spk_jitter_predict(
            context, trains.pointer, job.indices, len(job.indices), job.options, trials,
            counts, predicted, corrected,
        )
    return TrialPrediction(job.pairs, job.lags_s, counts, predicted, corrected)
