# SPDX-License-Identifier: BSD-3-Clause
"""One unit at a time: its intervals, its refractory period, when it was well recorded, and
how it drifts. Numbers of one value a unit are metrics."""

import ctypes
import operator
from collections import namedtuple

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError, NotFoundError
from ._inputs import as_spikes
from ._options import choice, filled, make_trains
from ._types import pointer
from .epochs import Epochs
from .metrics import _Arrays

_DOUBLE = ctypes.POINTER(ctypes.c_double)
_CONVENTIONS = ("spikeinterface", "kilosort", "merge")
_RULES = ("later", "lower")
_MODELS = ("llobet", "steinmetz")


# ---- interspike intervals and autocorrelograms ----

#: Counts and densities [1/s] of intervals, a row for each unit, and the edges of the bins [s].
IsiHistogram = namedtuple("IsiHistogram", "counts edges_s density_hz")


def isi_histogram(
    data, *, n_bins=125, log10_first_s=-3.0, log10_width=0.04, epochs=None, periods=None,
    sampling_rate_hz=None, threads=None, progress=None,
):
    """Interspike intervals of each unit in bins that are equally wide in their logarithm.

    The defaults are CellExplorer's: 1 ms to 100 s.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    n_bins : int
    log10_first_s : float
        Lower edge of the first bin.
    log10_width : float
        Width of a bin in decades.
    epochs, periods
        As for :func:`spikekit.metrics`. No interval bridges two of them.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    IsiHistogram
        ``counts`` int64, shape (n_units, n_bins); ``edges_s``, shape (n_bins + 1,);
        ``density_hz``, the counts over width of the bin and spikes of the unit, NaN without
        spikes.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([0, 2, 4, 54, 1054], [5, 5, 5, 5, 5], 1000)
    >>> found = spikekit.isi_histogram(table, n_bins=4, log10_width=1)
    >>> found.counts
    array([[2, 1, 0, 1]])
    >>> found.edges_s
    array([1.e-03, 1.e-02, 1.e-01, 1.e+00, 1.e+01])
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    options = filled(
        abi.spk_isi_histogram_options, n_bins=n_bins, log10_first_s=log10_first_s,
        log10_width=log10_width,
    )
    length = ctypes.c_int64()
    with Call(threads, progress) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        abi.spk_isi_histogram_length(context, trains.pointer, options, ctypes.byref(length))
        counts = np.empty((table.n_units, options.n_bins), np.int64)
        density, edges = np.empty(counts.shape), np.empty(options.n_bins + 1)
        abi.spk_isi_histogram_edges(context, options, edges)
        abi.spk_isi_histogram_count(context, trains.pointer, options, counts)
        for unit in range(table.n_units):
            n_spikes = abi.spk_trains_unit(trains.pointer, unit).n_spikes
            abi.spk_isi_histogram_density(context, options, n_spikes, counts[unit], density[unit])
    return IsiHistogram(counts, edges, density)


class AcgFit(namedtuple("AcgFit", [name for name, _ in abi.spk_acg_fit._fields_])):
    """CellExplorer's curve of three exponentials through an autocorrelogram.

    :func:`spikekit.acg_fit` makes it.

    Attributes
    ----------
    tau_decay_ms, tau_rise_ms, tau_burst_ms : float
        Time constants.
    decay_hz, rise_ratio, asymptote_hz, burst_hz : float
        Amplitudes; `rise_ratio` is that of the rise over that of the decay.
    refractory_ms : float
    r_square : float
        1 - residual over total sum of squares; NaN for flat data.
    converged : bool
        The search ended in a minimum.
    """

    __slots__ = ()

    def curve(self, lags_ms):
        """The fitted rate at any lags.

        Parameters
        ----------
        lags_ms : array_like

        Returns
        -------
        ndarray
            [Hz], of the shape of `lags_ms`.
        """
        lags = np.ascontiguousarray(lags_ms, np.float64)
        rates = np.empty(lags.shape)
        with Call() as context:
            fit = abi.spk_acg_fit(*self)
            abi.spk_acg_fit_curve(context, fit, lags.size, lags, rates)
        return rates.reshape(np.shape(lags_ms))


def acg_fit(acg_hz, bin_ms=0.5):
    """Fits three exponentials to one side of an autocorrelogram.

    The parameters of all units are metrics of the group "firing". They trade with each other:
    compare curves, and look at ``r_square`` first.

    Parameters
    ----------
    acg_hz : array_like, shape (n_bins,)
        The autocorrelogram as a rate, counts / (spikes * bin); value k is that at lag
        ``(k + 1) * bin_ms``. CellExplorer takes 100 bins.
    bin_ms : float

    Returns
    -------
    AcgFit

    Examples
    --------
    >>> import numpy as np
    >>> import spikekit
    >>> session = spikekit.simulate(n_units=3, duration_s=60, seed=1)
    >>> found = spikekit.autocorrelograms(session, window_s=0.1, bin_s=0.0005)
    >>> acg_hz = found[0][found.counts.shape[1] // 2 + 1 :] / session.counts()[0] / 0.0005
    >>> fit = spikekit.acg_fit(acg_hz)
    >>> lags_ms = np.arange(1, len(acg_hz) + 1) * 0.5
    >>> residual = acg_hz - fit.curve(lags_ms)
    >>> total = acg_hz - acg_hz.mean()
    >>> bool(np.isclose(1 - (residual @ residual) / (total @ total), fit.r_square))
    True
    """
    values = np.ascontiguousarray(acg_hz, np.float64)
    if values.ndim != 1:
        raise ArgumentError(f"acg_hz: expected shape (n_bins,), found {values.shape}")
    fit = abi.spk_acg_fit()
    with Call() as context:
        abi.spk_acg_fit_estimate(context, float(bin_ms), len(values), values, fit)
    numbers = {name: getattr(fit, name) for name in AcgFit._fields}
    return AcgFit(**numbers | {"converged": bool(fit.converged)})


# ---- the refractory period ----

#: How sure each refractory period and contamination is; see spikekit.refractory_confidence.
RefractoryConfidence = namedtuple(
    "RefractoryConfidence",
    "periods_s contaminations pairs confidence contamination period_s max_confidence",
)


def refractory_confidence(
    data, unit_id, *, step_s=0.00025, n_periods=40, shortest_s=0.0005, n_contaminations=70,
    contamination_step=0.005, confidence=0.9, model="llobet", epochs=None, periods=None,
    sampling_rate_hz=None,
):
    """How sure one can be that a unit is clean, with each refractory period it might have.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    unit_id
        The id of a unit.
    step_s : float
        Step of the refractory periods [s], rounded to samples.
    n_periods : int
        How many.
    shortest_s : float
        The estimates are of periods longer than this.
    n_contaminations : int
        How many contaminations, in steps of `contamination_step`.
    contamination_step : float
    confidence : float
        That the estimated contamination needs.
    model : {"llobet", "steinmetz"}
        How many violations a contamination gives: see ``refractory.h``.
    epochs, periods
        As for :func:`spikekit.metrics`.
    sampling_rate_hz
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    RefractoryConfidence
        ``periods_s``, shape (n_periods,); ``contaminations``, shape (n_contaminations,);
        ``pairs`` int64, pairs of spikes by lag in steps of the period; ``confidence``, shape
        (n_contaminations, n_periods), that the contamination is lower if that is the
        refractory period; ``contamination``, the least that one can be sure of, by default
        the metric sliding_rp_violation, and ``period_s``, the period that is surest of it, NaN
        if there is none; ``max_confidence``, the highest of a contamination below 10 %.

    Examples
    --------
    >>> import spikekit
    >>> session = spikekit.simulate(n_units=3, duration_s=600, seed=1, contamination_max=0)
    >>> found = spikekit.refractory_confidence(session, 0)
    >>> found.confidence.shape, int(found.pairs[:8].sum())
    ((70, 40), 0)
    >>> metric = spikekit.metrics(session, "sliding_rp_violation")["sliding_rp_violation"][0]
    >>> bool(found.contamination == metric)
    True
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    unit = int(table.unit_indices([unit_id], "unit_id")[0])
    options = filled(
        abi.spk_refractory_options, step_s=step_s, n_periods=n_periods, shortest_s=shortest_s,
        n_contaminations=n_contaminations, contamination_step=contamination_step,
        confidence=confidence, model=choice(model, _MODELS, "model"),
    )
    estimate = abi.spk_refractory_estimate()
    with Call() as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        shape = options.n_contaminations, options.n_periods
        if not (1 <= shape[0] <= 1000 and 1 <= shape[1] <= 100000):
            shape = 1, 1  # the library says what is wrong before it writes
        pairs, values = np.empty(shape[1], np.int64), np.empty(shape)
        abi.spk_refractory_confidence(
            context, trains.pointer, unit, options, pairs, values, estimate
        )
    return RefractoryConfidence(
        np.arange(1, shape[1] + 1) * estimate.step_s,
        np.arange(1, shape[0] + 1) * options.contamination_step,
        pairs, values, estimate.contamination, estimate.period_s, estimate.max_confidence,
    )


# ---- when a unit was well recorded, and how it drifts ----


def _per_spike(table, name, values=None):
    """Numbers of the spikes: those given, or what the data have by that name."""
    if values is None:
        values = getattr(table, name, None)
    if values is None:
        raise NotFoundError(f"{name}: the data have none; give an array")
    return values


def valid_periods(
    data, *, amplitudes=None, period_s=30.0, spikes_per_period=None, min_periods=5,
    margin_periods=1.0, max_false_positives=0.1, max_false_negatives=0.1, min_valid_s=180.0,
    refractory_ms=0.8, censored_ms=0.0, cutoff_bins=50, cutoff_smoothing_bins=3.0,
    cutoff_min_spikes_per_bin=5.0, epochs=None, sampling_rate_hz=None, threads=None,
    progress=None,
):
    """When each unit was well recorded, as SpikeInterface's ``valid_unit_periods``.

    The recording is cut into periods. Those around which refractory violations say that few
    spikes are foreign, and amplitudes that few were missed, are joined where they touch.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    amplitudes : array_like, shape (n_spikes,), optional
        Default: those of the data.
    period_s : float
        Length of a period.
    spikes_per_period : float, optional
        Instead, periods of a length that holds so many spikes of the unit on average, and
        at least `min_periods` in an epoch.
    min_periods : int
    margin_periods : float
        A period is judged with so many periods' time on either side.
    max_false_positives, max_false_negatives : float
        A good period has less of both.
    min_valid_s : float
        Shortest stretch to keep.
    refractory_ms, censored_ms : float
        Of the unit, and of the sorter.
    cutoff_bins : int
        Of the histogram of amplitudes, with the two that follow.
    cutoff_smoothing_bins, cutoff_min_spikes_per_bin : float
    epochs
        As for :func:`spikekit.correlograms`.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    dict of unit id to Epochs
        Every unit is there; one that was never well recorded has no epochs. It goes into
        ``spikekit.metrics(data, periods=...)`` as it is.

    Examples
    --------
    >>> import spikekit
    >>> session = spikekit.simulate(n_units=4, duration_s=300, seed=1)
    >>> periods = spikekit.valid_periods(session, min_valid_s=60)
    >>> found = spikekit.metrics(session, "num_spikes", periods=periods)["num_spikes"]
    >>> bool((found <= session.counts()).all())
    True
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    options = filled(
        abi.spk_periods_options, period_s=period_s, spikes_per_period=spikes_per_period,
        min_periods=min_periods, margin_periods=margin_periods,
        max_false_positives=max_false_positives, max_false_negatives=max_false_negatives,
        min_valid_s=min_valid_s, refractory_ms=refractory_ms, censored_ms=censored_ms,
        cutoff_bins=cutoff_bins, cutoff_smoothing_bins=cutoff_smoothing_bins,
        cutoff_min_spikes_per_bin=cutoff_min_spikes_per_bin,
    )
    values = arrays.array(_per_spike(table, "amplitudes", amplitudes), "amplitudes")
    epochs = table._epochs_within(epochs)
    if epochs is not None:
        borrowed = epochs._struct()
        options.epochs = ctypes.pointer(borrowed)
    spikes, room = table._struct(), ctypes.c_int64()
    offsets = np.empty(table.n_units + 1, np.int64)
    with Call(threads, progress) as context:
        abi.spk_periods_length(context, spikes, options, ctypes.byref(room))
        starts, stops = np.empty(room.value, np.int64), np.empty(room.value, np.int64)
        abi.spk_periods_estimate(context, spikes, values, options, offsets, starts, stops)
    return {
        key: Epochs(starts[first:last].copy(), stops[first:last].copy())
        for key, first, last in zip(table.unit_ids.tolist(), offsets[:-1], offsets[1:])
    }


#: Medians and numbers of spikes by unit and interval, and when each interval starts [s].
DriftMedians = namedtuple("DriftMedians", "medians counts starts_s")


def drift_medians(
    data, values="amplitudes", *, column=None, interval_s=60.0, min_spikes=10, epochs=None,
    periods=None, sampling_rate_hz=None, threads=None, progress=None,
):
    """Median of a number that each spike has, for every unit and interval of time.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    values : {"amplitudes", "spike_positions"} or array_like, shape (n_spikes,) or \
(n_spikes, columns)
        The numbers: those of the data, or an array in the order of its spikes.
    column : int, optional
        Of numbers in columns. Default: 1, which is y, of "spike_positions", otherwise 0.
    interval_s : float
    min_spikes : int
        Fewest in an interval to have a median.
    epochs, periods
        As for :func:`spikekit.metrics`.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    DriftMedians
        ``medians``, shape (n_units, n_intervals), NaN with too few spikes; ``counts`` int64,
        of the same shape; ``starts_s``, shape (n_intervals,).

    Examples
    --------
    >>> import spikekit
    >>> session = spikekit.simulate(n_units=4, duration_s=300, seed=1)
    >>> depth = spikekit.drift_medians(session, "spike_positions", interval_s=30)
    >>> depth.medians.shape, depth.starts_s[:3]
    ((4, 10), array([ 0., 30., 60.]))
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    options = filled(abi.spk_drift_options, interval_s=interval_s, min_spikes=min_spikes)
    if isinstance(values, str):
        names = ("amplitudes", "spike_positions")
        column = choice(values, names, "values") if column is None else column
        values = _per_spike(table, values)
    array = arrays.array(values, "values")
    n = ctypes.c_int64()
    with Call(threads, progress) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        abi.spk_drift_length(context, trains.pointer, options, ctypes.byref(n))
        medians = np.empty((table.n_units, n.value))
        counts = np.empty(medians.shape, np.int64)
        abi.spk_drift_medians(
            context, trains.pointer, array, operator.index(column or 0), options, medians, counts
        )
    rate = table.sampling_rate_hz
    width = max(1, int(options.interval_s * rate))
    return DriftMedians(medians, counts, (table.start_sample + np.arange(n.value) * width) / rate)


# ---- spikes found twice, in two units ----


def find_duplicates_across(
    data, pairs, *, amplitudes=None, rule="lower", period_ms=0.166, convention="kilosort",
    min_coincidences=20, min_chance_ratio=10.0, drop=None, sampling_rate_hz=None, threads=None,
    progress=None,
):
    """Marks spikes that two units of a pair have both.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    pairs : array_like, shape (n_pairs, 2)
        Ids of units, such as :func:`spikekit.near_pairs` gives.
    amplitudes : array_like, shape (n_units,), optional
        Of the units, for ``rule="lower"``.
    rule : {"lower", "later"}
        Which of two spikes goes: that of the unit with the lower amplitude, or the later one.
    period_ms : float
        Spikes so close are one [ms].
    convention : {"kilosort", "spikeinterface", "merge"}
        How the period becomes samples.
    min_coincidences : int
        A pair of units is left alone unless it has more coincidences,
    min_chance_ratio : float
        and more than so many times those that chance gives. Both 0: every pair is cleaned.
    drop : array_like of bool, shape (n_spikes,), optional
        Spikes that are gone already, as :func:`spikekit.find_duplicates` marks them.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    ndarray of bool, shape (n_spikes,)
        True: a duplicate. What `drop` marked stays marked.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([100, 102, 200, 203, 300], [1, 2, 2, 1, 2], 30000)
    >>> spikekit.find_duplicates_across(
    ...     table, [(1, 2)], amplitudes=[50, 80], min_coincidences=0, min_chance_ratio=0)
    array([ True, False, False,  True, False])
    """
    table = as_spikes(data, sampling_rate_hz)
    pairs = np.asarray(pairs)
    if pairs.size == 0:
        pairs = pairs.reshape(0, 2)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ArgumentError(f"pairs: expected shape (n, 2), found {pairs.shape}")
    indices = table.unit_indices(pairs.ravel(), "pairs")
    options = filled(
        abi.spk_duplicates_across_options, convention=choice(convention, _CONVENTIONS, "convention"),
        rule=choice(rule, _RULES, "rule"), period_ms=period_ms,
        min_coincidences=min_coincidences, min_chance_ratio=min_chance_ratio,
    )
    if amplitudes is not None:
        amplitudes = np.ascontiguousarray(amplitudes, np.float64)
        _shape(amplitudes, (table.n_units,), "amplitudes")
        options.unit_amplitudes = pointer(amplitudes, _DOUBLE)
    marked = np.zeros(table.n_spikes, np.uint8)
    if drop is not None:
        drop = np.asarray(drop, bool)
        _shape(drop, marked.shape, "drop")
        marked[drop] = 1
    with Call(threads, progress) as context:
        abi.spk_duplicates_find_across(
            context, table._struct(), indices, len(pairs), options, marked, None
        )
    return marked.view(bool)


def _shape(array, expected, name):
    if array.shape != expected:
        raise ArgumentError(f"{name}: expected shape {expected}, found {array.shape}")
