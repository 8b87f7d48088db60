# SPDX-License-Identifier: BSD-3-Clause
"""Spikes around events: counts by event, rasters, and rates by condition with limits."""

import ctypes
import warnings

import numpy as np

from . import _abi as abi
from ._context import Call, SpikekitWarning
from ._correlogram_setup import ids_of_quality
from ._errors import ArgumentError
from ._inputs import as_spikes
from ._numbers import whole_numbers
from ._options import choice, filled
from ._types import pointer
from .epochs import samples_of_seconds
from .spikes import SpikeTable

LIMITS = ("poisson", "student", "bootstrap")
KERNELS = ("gaussian", "boxcar", "exponential")
_DOUBLE = ctypes.POINTER(ctypes.c_double)
_INT64 = ctypes.POINTER(ctypes.c_int64)


def condition_indices(conditions, n):
    """Distinct labels and the index of each trial's; None and [0, ...] without conditions."""
    if conditions is None:
        return None, np.zeros(n, np.int32)
    labels = np.asarray(conditions)
    if labels.shape != (n,):
        raise ArgumentError(f"conditions: expected shape ({n},), found {labels.shape}")
    if n == 0:
        raise ArgumentError("conditions: expected at least one event, found none")
    kinds, indices = np.unique(labels, return_inverse=True)
    return kinds, indices.reshape(-1).astype(np.int32)


def _event_samples(events, rate, unit):
    choice(unit, ("s", "samples"), "event_unit")
    if hasattr(events, "t") and not isinstance(events, np.ndarray):  # a pynapple Ts
        events, unit = np.asarray(events.t, np.float64), "s"
    values = np.asarray(events)
    if values.ndim != 1:
        raise ArgumentError(f"events: expected shape (n,), found {values.shape}")
    if unit == "samples":
        return whole_numbers(values, "events")
    if values.size and not np.isfinite(values.astype(np.float64)).all():
        raise ArgumentError("events: a time is not finite")
    return samples_of_seconds(values, rate, "events")


def _of_units(table, units):
    """The table of some units only, in the order given."""
    if units is None:
        return table
    ids = np.atleast_1d(np.asarray(ids_of_quality(table, "units", units)))
    chosen = table.unit_indices(ids)
    if len(set(chosen.tolist())) != len(chosen):
        raise ArgumentError("units: a unit is named twice")
    place = np.full(table.n_units, -1, np.int32)
    place[chosen] = np.arange(len(chosen), dtype=np.int32)
    indices = place[table.units]
    kept = indices >= 0
    return SpikeTable._of(
        table.samples[kept],
        indices[kept],
        ids,
        table.sampling_rate_hz,
        table.start_sample,
        table.stop_sample,
        table.epochs,
    )


class Alignment:
    """Spikes around events. :func:`spikekit.align` makes it.

    Attributes
    ----------
    rates : ndarray, shape (n_conditions, n_units, n_bins), or (n_units, n_bins) without conditions
        Mean rate around the events [Hz]; NaN without an event to count.
    lower, upper : ndarray
        Limits of `rates`, one bin at a time; the same shape.
    totals : ndarray of int64
        Spikes in each bin over all events that count; the same shape. Never smoothed.
    n_events : ndarray of int64, shape (n_conditions, n_bins), or (n_bins,)
        Events that count in each bin.
    conditions : ndarray or None
        The label of each row of the condition axis.
    condition_of : ndarray of int32, shape (n_events,)
        The row of each event.
    edges_s : ndarray, shape (n_bins + 1,)
        Edges of the bins from the event [s].
    times_s : ndarray, shape (n_bins,)
        Centres of the bins [s].
    bin_s : float
        Width of a bin [s], a whole number of samples.
    events : ndarray of int64
        Sample of each event.
    unit_ids : ndarray
    """

    def __init__(self, table, events, window, kinds, condition_of, alignment, call):
        self._table, self._window, self._options, self._call = table, window, alignment, call
        self._counts = self._exposure = self._whole = self._raster = None
        rate = table.sampling_rate_hz
        self.events = events
        self.unit_ids = table.unit_ids
        self.conditions, self.condition_of = kinds, condition_of
        edges = window.first_sample + window.bin_samples * np.arange(window.n_bins + 1)
        self.edges_s = edges / rate
        self.times_s = (edges[:-1] + edges[1:]) / (2.0 * rate)
        self.bin_s = window.bin_samples / rate

    def _estimate(self, options):
        n_conditions = 1 if self.conditions is None else len(self.conditions)
        shape = (n_conditions, self._table.n_units, self._window.n_bins)
        self.rates, self.lower, self.upper = (np.empty(shape) for _ in range(3))
        self.totals = np.empty(shape, np.int64)
        self.n_events = np.empty((n_conditions, self._window.n_bins), np.int64)
        psth = abi.spk_psth(
            pointer(self.n_events, _INT64),
            pointer(self.totals, _INT64),
            pointer(self.rates, _DOUBLE),
            pointer(self.lower, _DOUBLE),
            pointer(self.upper, _DOUBLE),
        )
        with Call(*self._call) as context:
            abi.spk_psth_align(
                context, self._table._struct(), len(self.events), self.events, n_conditions,
                self.condition_of, self._options[0], options, psth,
            )
        if self.conditions is None:
            for name in ("rates", "lower", "upper", "totals", "n_events"):
                setattr(self, name, getattr(self, name)[0])

    @property
    def counts(self):
        """ndarray of int32, shape (n_events, n_units, n_bins): Spikes of each unit in each bin
        around each event; made when first asked for."""
        if self._counts is None:
            counts = np.zeros(
                (len(self.events), self._table.n_units, self._window.n_bins), np.int32
            )
            with Call(*self._call) as context:
                abi.spk_alignment_count(
                    context, self._table._struct(), len(self.events), self.events,
                    self._options[0], counts,
                )
            self._counts = counts
        return self._counts

    def _observe(self):
        if self._exposure is None:
            exposure = np.zeros((len(self.events), self._window.n_bins), np.int64)
            whole = np.zeros(len(self.events), np.uint8)
            with Call() as context:
                abi.spk_alignment_exposure(
                    context, self._table._struct(), len(self.events), self.events,
                    self._options[0], exposure, whole,
                )
            self._exposure, self._whole = exposure, whole.astype(bool)

    def _warn(self, events, unit, partial):
        """Says how many events are not wholly recorded."""
        whole, n = np.zeros(len(self.events), np.uint8), len(self.events)
        with Call() as context:
            abi.spk_alignment_exposure(
                context, self._table._struct(), n, self.events, self._options[0], None, whole
            )
        left = n - int(whole.sum())
        if left == 0:
            return
        what = "they are left out (partial=True counts what there is)"
        if partial:
            what = "they count in the bins that were"
        if left == n and unit == "s" and np.asarray(events).dtype.kind in "iu":
            what += '; event_unit="samples" takes whole numbers for samples'
        warnings.warn(
            f"{left} of {n} events: the window was not wholly recorded; {what}",
            SpikekitWarning,
            stacklevel=3,
        )

    @property
    def exposure_s(self):
        """ndarray, shape (n_events, n_bins): Time of each bin that was observed [s]."""
        self._observe()
        return self._exposure / self._table.sampling_rate_hz

    @property
    def is_whole(self):
        """ndarray of bool, shape (n_events,): Events whose whole window was observed."""
        self._observe()
        return self._whole

    def raster(self, unit_id):
        """The spikes of one unit around the events.

        Returns
        -------
        lags_s : ndarray
            Time of each spike from its event [s].
        event : ndarray of int64
            Which event, as in `events`.
        """
        unit = int(self._table.unit_indices([unit_id])[0])
        n = len(self.events)
        if self._raster is None:
            offsets = np.zeros(self._table.n_units * n + 1, np.int64)
            arguments = (self._table._struct(), n, self.events, self._options[0], offsets)
            with Call(*self._call) as context:
                abi.spk_alignment_raster(context, *arguments, None)
                lags = np.empty(offsets[-1], np.int64)
                abi.spk_alignment_raster(context, *arguments, lags)
            self._raster = offsets, lags
        offsets, lags = self._raster
        rows = offsets[unit * n : unit * n + n + 1]
        lags_s = lags[rows[0] : rows[-1]] / self._table.sampling_rate_hz
        return lags_s, np.repeat(np.arange(n), np.diff(rows))

    def plot(self, unit_id, axes=None):
        """Draw the raster of one unit above its rate. Needs matplotlib.

        Parameters
        ----------
        unit_id
        axes : pair of matplotlib axes, optional
            For the raster and the rate.

        Returns
        -------
        The pair of axes.
        """
        if axes is None:
            from matplotlib import pyplot

            axes = pyplot.subplots(2, 1, sharex=True)[1]
        unit = int(self._table.unit_indices([unit_id])[0])
        lags, event = self.raster(unit_id)
        order = np.argsort(self.condition_of, kind="stable")
        row = np.empty(len(order), np.int64)
        row[order] = np.arange(len(order))
        for k in range(1 if self.conditions is None else len(self.conditions)):
            at = () if self.conditions is None else k
            color = f"C{k}"
            inside = self.condition_of[event] == k
            axes[0].plot(lags[inside], row[event[inside]], "|", color=color, ms=3)
            label = None if self.conditions is None else str(self.conditions[k])
            rates = self.rates[at] if at != () else self.rates
            lower, upper = (a[at] if at != () else a for a in (self.lower, self.upper))
            axes[1].plot(self.times_s, rates[unit], color=color, label=label)
            axes[1].fill_between(
                self.times_s, lower[unit], upper[unit], color=color, alpha=0.25, lw=0
            )
        axes[0].set_ylabel("event")
        axes[1].set_ylabel("rate (Hz)")
        axes[1].set_xlabel("time from the event (s)")
        if self.conditions is not None:
            axes[1].legend()
        return axes

    def __repr__(self):
        conditions = ""
        if self.conditions is not None:
            conditions = f" of {len(self.conditions)} conditions"
        return (
            f"<Alignment: {self._table.n_units} units around {len(self.events)} events"
            f"{conditions}, {self._window.n_bins} bins of {self.bin_s * 1e3:.6g} ms from "
            f"{self.edges_s[0]:.6g} s to {self.edges_s[-1]:.6g} s>"
        )


def _tell(window_s, bin_s, window, rate):
    """Warn of a bin or window that is not the one asked for."""
    start = window.first_sample / rate
    stop = (window.first_sample + window.n_bins * window.bin_samples) / rate
    used_s = window.bin_samples / rate
    said = []
    if abs(used_s - bin_s) > 1e-9 * bin_s:
        said.append(f"bin_s: {bin_s:.6g} is {used_s:.6g} in whole samples")
    if max(abs(start - window_s[0]), abs(stop - window_s[1])) * rate > 0.5 + 1e-6:
        asked = f"({window_s[0]:.6g}, {window_s[1]:.6g})"
        said.append(f"window_s: {asked} is ({start:.6g}, {stop:.6g}) in whole bins")
    if said:
        warnings.warn("; ".join(said), SpikekitWarning, stacklevel=3)


def _tell_repeats(samples, condition_of):
    """Warn of events at the sample of another of their condition."""
    n = len(samples)
    repeats = n - len(np.unique(np.stack([samples, condition_of]), axis=1).T)
    if repeats:
        warnings.warn(
            f"{repeats} of {n} events repeat one at the same sample; each counts, and limits "
            "are too narrow",
            SpikekitWarning,
            stacklevel=3,
        )


def align(
    data,
    events,
    window_s=(-0.5, 1.0),
    bin_s=0.01,
    *,
    conditions=None,
    event_unit="s",
    units=None,
    epochs=None,
    partial=False,
    limits="poisson",
    confidence=0.95,
    smooth_s=0.0,
    kernel="gaussian",
    n_resamples=1000,
    seed=0,
    threads=None,
    progress=None,
    sampling_rate_hz=None,
):
    """Align spikes to events: rasters, and peri-event time histograms (PSTH) with limits.

    A spike counts for every event whose window holds it; windows are half-open and lie on
    whole samples. An event sees its own epoch only, and one outside every epoch, or outside the
    recording, is not counted. A SpikekitWarning says how many windows were not wholly recorded.

    Parameters
    ----------
    data
        A session or anything else that :func:`spikekit.correlograms` takes.
    events : array_like, shape (n_events,), or pynapple Ts
        Times in any order.
    window_s : pair of float
        Start and end of the window, from the event [s].
    bin_s : float
        Bin width [s], taken to the nearest whole number of samples. As many bins as fit whole
        are made; if the start is a whole number of bins, the event lies at an edge. Where
        start or end were whole numbers of bins before rounding, the nearest edge is taken. A
        bin or window other than asked gives a :class:`SpikekitWarning`; `bin_s` and `edges_s`
        of the result are what was used.
    conditions : array_like, shape (n_events,), optional
        A label for each event: rates are by condition.
    event_unit : "s" or "samples"
        What `events` are, also where they are whole numbers.
    units : array_like of unit ids, or a quality such as "good", optional
        Default: all units.
    epochs : optional
        As for :func:`spikekit.correlograms`.
    partial : bool
        Count an event in those bins that it saw wholly. Default: only events that saw the whole
        window.
    limits : "poisson", "student" or "bootstrap"
        Exact limits of a Poisson mean (of a smoothed rate, Fay and Feuer's); Student's, from the
        standard error over trials; percentiles over redrawn trials. The last two are NaN where
        trials do not differ, as where all are silent, and too narrow for few smoothed spikes;
        the bootstrap also with few events: of 95 %, 78 hold with 2, 86 with 5 and 92 with 10.
        An event given twice counts twice, so that limits are too narrow; a
        :class:`SpikekitWarning` says so.
    confidence : float
    smooth_s : float
        Width of the kernel [s]: standard deviation, full width or time constant. 0: none.
    kernel : "gaussian", "boxcar" or "exponential"
        The last looks back only, so that nothing shows before it happens.
    n_resamples, seed : int
        Of the bootstrap.
    threads, progress, sampling_rate_hz
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    Alignment

    Notes
    -----
    pynapple's ``compute_perievent`` closes its windows on the right, so that a spike exactly
    at the end is one more there.

    References
    ----------
    Garwood (1936) Biometrika 28:437-442; Fay & Feuer (1997) Stat. Med. 16:791-801

    Examples
    --------
    Unit 7 fires 2 ms after each event; the last event is too near the end:

    >>> import spikekit
    >>> data = spikekit.SpikeTable([102, 202, 250, 302], [7, 7, 7, 7], 1000, stop_sample=304)
    >>> aligned = spikekit.align(data, [0.1, 0.2, 0.3], window_s=(-0.004, 0.008), bin_s=0.004)
    >>> aligned
    <Alignment: 1 units around 3 events, 3 bins of 4 ms from -0.004 s to 0.008 s>
    >>> aligned.totals
    array([[0, 2, 0]])
    >>> aligned.rates
    array([[  0., 250.,   0.]])
    >>> aligned.is_whole
    array([ True,  True, False])
    >>> aligned.raster(7)
    (array([0.002, 0.002, 0.002]), array([0, 1, 2]))
    """
    table = _of_units(as_spikes(data, sampling_rate_hz), units)
    samples = _event_samples(events, table.sampling_rate_hz, event_unit)
    kinds, condition_of = condition_indices(conditions, len(samples))
    if np.shape(window_s) != (2,):
        raise ArgumentError(f"window_s: expected (start, stop), found {window_s!r}")
    alignment = filled(
        abi.spk_alignment_options, start_s=window_s[0], stop_s=window_s[1], bin_s=bin_s
    )
    kept = [alignment]  # and what it borrows
    inside = table._epochs_within(epochs)
    if inside is not None:
        borrowed = inside._struct()
        alignment.epochs = ctypes.pointer(borrowed)
        kept += [inside, borrowed]
    window = abi.spk_alignment_window()
    with Call() as context:
        abi.spk_alignment_find_window(context, table.sampling_rate_hz, alignment, window)
    _tell(window_s, bin_s, window, table.sampling_rate_hz)
    _tell_repeats(samples, condition_of)
    options = filled(
        abi.spk_psth_options,
        trials=int(bool(partial)),
        limits=choice(limits, LIMITS, "limits"),
        confidence=confidence,
        kernel=choice(kernel, KERNELS, "kernel"),
        smooth_s=smooth_s,
        n_resamples=n_resamples,
        seed=seed,
    )
    result = Alignment(table, samples, window, kinds, condition_of, kept, (threads, progress))
    result._estimate(options)
    result._warn(events, event_unit, partial)
    return result
