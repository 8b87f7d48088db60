# SPDX-License-Identifier: BSD-3-Clause
"""Statistics of single trains: rates, intervals, Fano factors, timescales and bursts."""

import ctypes
import operator
import warnings
from collections import namedtuple

import numpy as np

from . import _abi as abi
from ._context import Call, SpikekitWarning
from ._errors import ArgumentError
from ._inputs import as_spikes
from ._options import choice, filled, make_trains, refuse_unused
from ._types import pointer
from .metrics import _Arrays

_DOUBLE = ctypes.POINTER(ctypes.c_double)
_KERNELS = (
    "rectangular", "triangular", "epanechnikov", "gaussian", "laplacian", "exponential", "alpha"
)
_EDGES = ("as_is", "mass", "count")
_BURSTS = ("max_interval", "log_isi", "poisson_surprise")
_USED_BY = {
    **dict.fromkeys(
        ("start_interval_s", "interval_s", "gap_s", "min_duration_s"), ("max_interval",)
    ),
    **dict.fromkeys(("cap_s", "void_parameter"), ("log_isi",)),
    "min_surprise": ("poisson_surprise",),
}
_CENTRES = ("across", "within")


def _rows(kind, shape):
    """An array of structs of the library, and its dtype."""
    names = [(name, "f8" if ctype is ctypes.c_double else "i8") for name, ctype in kind._fields_]
    return np.zeros(shape, np.dtype(names))


def _pointer(rows, kind):
    return ctypes.cast(rows.ctypes.data, ctypes.POINTER(kind))


def firing_rates(
    data, *, confidence=0.95, epochs=None, periods=None, sampling_rate_hz=None, threads=None,
):
    """The mean rate of each unit, with limits.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    confidence : float
        Of the limits.
    epochs, periods
        As for :func:`spikekit.metrics`.
    sampling_rate_hz, threads
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    structured ndarray, shape (n_units,)
        ``n_spikes``, ``duration_s``, ``rate_hz``; ``lower_hz`` and ``upper_hz``, exact limits
        of a Poisson train; ``dispersion``, the long-run variance over the mean of counts in
        1 s; ``wide_lower_hz`` and ``wide_upper_hz``, limits that allow for it.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([100, 200, 900], [1, 1, 1], 1000, stop_sample=10000)
    >>> float(spikekit.firing_rates(table)["rate_hz"][0])
    0.3
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    rates = _rows(abi.spk_rate, table.n_units)
    with Call(threads) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        abi.spk_rates_mean(
            context, trains.pointer, float(confidence), _pointer(rates, abi.spk_rate)
        )
    return rates


#: Rates [Hz], a row for each unit, the times of the points [s], and the band or None.
KernelRates = namedtuple("KernelRates", "rates times_s lower upper")


def kernel_rate(
    data, sigma_s=0.05, *, kernel="gaussian", step_s=0.01, inverted=False, centred=False,
    binned=False, cutoff=5.0, edges="as_is", band=False, confidence=0.95, epochs=None,
    periods=None, sampling_rate_hz=None, threads=None, progress=None,
):
    """The rate of each unit over time, by kernel.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    sigma_s : float, array_like of shape (n_units,), or "optimal"
        Standard deviation of the kernel [s]; "optimal": :func:`spikekit.optimal_bandwidth`.
    kernel : str
        "rectangular", "triangular", "epanechnikov", "gaussian", "laplacian", "exponential" or
        "alpha", elephant's. The last two look back only.
    step_s : float
        From one point to the next [s]; points stand in the middle of steps.
    inverted : bool
        The last two kernels look ahead.
    centred : bool
        The median of the kernel stands at the spike, as with elephant's ``center_kernel``.
    binned : bool
        Spikes count as if in the middle of their step, as elephant has it.
    cutoff : float
        Where a Gaussian ends, and with `binned` every unbounded kernel [standard deviations].
    edges : {"as_is", "mass", "count"}
        Near the ends of what was observed: nothing; divided by the share of the kernel within;
        that, and scaled to the number of spikes, as elephant's ``border_correction``.
    band : bool
        Also a pointwise band of the smoothed rate, for a Poisson train.
    confidence : float
        Of the band.
    epochs, periods
        As for :func:`spikekit.metrics`. Nothing bridges two of them.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    KernelRates
        ``rates``, shape (n_units, n_points), NaN where a unit was not observed; ``times_s``;
        ``lower`` and ``upper`` as `rates`, or None.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable(range(5, 2000, 10), [1] * 200, 1000, stop_sample=2000)
    >>> found = spikekit.kernel_rate(table, 0.1, step_s=0.5, edges="mass")
    >>> found.rates.round(0)
    array([[100., 100., 100., 100.]])
    >>> found.times_s
    array([0.25, 0.75, 1.25, 1.75])
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    options = filled(
        abi.spk_rates_options, kernel=choice(kernel, _KERNELS, "kernel"), step_s=step_s,
        inverted=bool(inverted), centred=bool(centred), binned=bool(binned), cutoff=cutoff,
        edges=choice(edges, _EDGES, "edges"), confidence=confidence,
    )
    if isinstance(sigma_s, str):
        if sigma_s != "optimal":
            raise ArgumentError(f"sigma_s: expected a number or 'optimal', found {sigma_s!r}")
        sigma_s = optimal_bandwidth(
            table, epochs=epochs, periods=periods, threads=threads
        )
    if np.ndim(sigma_s):
        sigmas = np.ascontiguousarray(sigma_s, np.float64)
        if sigmas.shape != (table.n_units,):
            raise ArgumentError(
                f"sigma_s: expected one for each of {table.n_units} units, "
                f"found shape {sigmas.shape}"
            )
        arrays.kept.append(sigmas)
        options.sigmas_s = pointer(sigmas, _DOUBLE)
    else:
        options.sigma_s = float(sigma_s)
    length, lower, upper = ctypes.c_int64(), None, None
    with Call(threads, progress) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        abi.spk_rates_length(context, trains.pointer, options, ctypes.byref(length))
        rates, times = np.empty((table.n_units, length.value)), np.empty(length.value)
        if band:
            lower, upper = np.empty(rates.shape), np.empty(rates.shape)
        abi.spk_rates_times(context, trains.pointer, options, times)
        abi.spk_rates_estimate(
            context, trains.pointer, 0, table.n_units, options, rates, lower, upper
        )
    return KernelRates(rates, times, lower, upper)


def optimal_bandwidth(
    data, *, method="pairs", min_s=0.001, max_s=None, epochs=None, periods=None,
    sampling_rate_hz=None, threads=None, progress=None,
):
    """The standard deviation of the Gaussian kernel that estimates each unit's rate best.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    method : {"pairs", "elephant", "histogram"}
        From all pairs of spikes (Shimazaki & Shinomoto 2010); as elephant's
        ``optimal_kernel_bandwidth``, which never finds less than 2/1000 of the recording; or
        the width of the bins of the best histogram (Shimazaki & Shinomoto 2007).
    min_s, max_s : float
        Widths to look at [s]; None: up to half the observed time.
    epochs, periods
        As for :func:`spikekit.metrics`.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    ndarray, shape (n_units,)
        [s]; NaN with fewer than 2 spikes.

    Examples
    --------
    >>> import spikekit
    >>> session = spikekit.simulate(n_units=3, duration_s=60, seed=4)
    >>> spikekit.optimal_bandwidth(session).shape
    (3,)
    """
    names = ("pairs", "elephant", "histogram")
    kind = choice(method, names, "method")
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    options = filled(
        abi.spk_bandwidth_options, method=kind % 2, min_s=min_s, max_s=max_s
    )
    widths = np.empty(table.n_units)
    with Call(threads, progress) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        run = abi.spk_bin_width_estimate if kind == 2 else abi.spk_bandwidth_estimate
        run(context, trains.pointer, options, widths)
    return widths


def interval_statistics(
    data, *, lvr_refractory_s=0.005, epochs=None, periods=None, sampling_rate_hz=None,
    threads=None,
):
    """What the interspike intervals of each unit come to.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    lvr_refractory_s : float
        R of LvR [s].
    epochs, periods
        As for :func:`spikekit.metrics`. No interval bridges two of them.
    sampling_rate_hz, threads
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    structured ndarray, shape (n_units,)
        ``n_intervals``, ``n_zero``, ``mean_s``, ``sd_s``, ``min_s``, ``q1_s``, ``median_s``,
        ``q3_s``, ``max_s``, ``mad_s`` (not scaled), ``cv``, ``cv2``, ``lv``, ``lvr``.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([0, 10, 30, 30, 70], [1] * 5, 1000)
    >>> found = spikekit.interval_statistics(table)
    >>> int(found["n_intervals"][0]), int(found["n_zero"][0]), float(found["median_s"][0])
    (4, 1, 0.015)
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    options = filled(abi.spk_intervals_options, lvr_refractory_s=lvr_refractory_s)
    rows = _rows(abi.spk_intervals_summary, table.n_units)
    with Call(threads) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        abi.spk_intervals_summarize(
            context, trains.pointer, options, _pointer(rows, abi.spk_intervals_summary)
        )
    return rows


def serial_correlation(
    data, n_lags=10, *, confidence=0.95, epochs=None, periods=None, sampling_rate_hz=None,
    threads=None,
):
    """The correlation of interspike intervals with those before them.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    n_lags : int
        From 1 to so many intervals before.
    confidence : float
        Of the limits, which suppose independent intervals.
    epochs, periods
        As for :func:`spikekit.metrics`.
    sampling_rate_hz, threads
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    structured ndarray, shape (n_units, n_lags)
        ``lag``, ``n_pairs``, ``pearson``, ``spearman`` and their ``_lower`` and ``_upper``.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([0, 1, 4, 5, 8, 9, 12], [1] * 7, 1000)
    >>> spikekit.serial_correlation(table, 2)["pearson"].round(3)
    array([[-1.,  1.]])
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    options = filled(abi.spk_intervals_options, confidence=confidence)
    rows = _rows(abi.spk_serial_correlation, (table.n_units, operator.index(n_lags)))
    with Call(threads) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        abi.spk_intervals_correlate(
            context, trains.pointer, rows.shape[1], options,
            _pointer(rows, abi.spk_serial_correlation),
        )
    return rows


def fano_factor(
    data, windows_s=(0.1,), *, ddof=1, lags=-1, confidence=0.95, epochs=None, periods=None,
    sampling_rate_hz=None, threads=None, progress=None,
):
    """The Fano factor of each unit's counts in contiguous windows.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    windows_s : array_like
        Lengths of the windows [s].
    ddof : {1, 0}
        0 is elephant's.
    lags : int
        Windows that far apart may depend on each other; -1: by their number.
    confidence : float
        Of the limits.
    epochs, periods
        As for :func:`spikekit.metrics`. No window bridges two of them.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    structured ndarray, shape (n_units, n_windows)
        ``n_windows``, ``mean``, ``variance``, ``fano``, ``standard_error``, ``lower``,
        ``upper``. Of few spikes the upper limit is far away or infinite: their counts do
        not exclude a process that has many more at times.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([0, 10, 11, 12, 20, 21, 30, 31], [1] * 8, 1000, stop_sample=40)
    >>> float(spikekit.fano_factor(table, [0.01], ddof=0)["fano"][0, 0])
    0.25
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    windows = np.ascontiguousarray(np.atleast_1d(windows_s), np.float64)
    options = filled(
        abi.spk_fano_options, n_windows=len(windows), ddof=ddof, lags=lags,
        confidence=confidence,
    )
    options.windows_s = pointer(windows, _DOUBLE)
    rows = _rows(abi.spk_fano, (table.n_units, len(windows)))
    with Call(threads, progress) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        abi.spk_fano_estimate(context, trains.pointer, options, _pointer(rows, abi.spk_fano))
    for w, window_s in enumerate(windows):
        if table.n_units and not rows["n_windows"][:, w].any():
            warnings.warn(
                f"windows_s: {window_s:g} s is longer than what was recorded in one piece; "
                "there is no Fano factor",
                SpikekitWarning,
                stacklevel=2,
            )
    return rows


#: Timescales of all units, and the autocorrelations that were fitted, lags 1, 2, ...
Timescales = namedtuple("Timescales", "table acf")


def timescale(
    data, trials=None, *, bin_s=0.05, window_s=None, max_lag_s=None, first_lag=0,
    centre="across", corrected=True, n_bootstrap=200, seed=0, confidence=0.95, epochs=None,
    periods=None, sampling_rate_hz=None, threads=None, progress=None,
):
    """How long each unit's rate remembers itself.

    Fits an exponential to the autocorrelation of spike counts (Murray et al. 2014).

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    trials : array_like of int, optional
        First sample of each trial; without, the recording is cut into segments.
    bin_s : float
        Of the counts [s].
    window_s : float, optional
        Length of a trial or segment [s]; None: 1 for trials, 10 for segments.
    max_lag_s : float, optional
        Longest lag [s]; None: half the window, at most 1.
    first_lag : int
        Where the fit begins [bins]; 0: at the first lag that is higher than the next.
    centre : {"across", "within"}
        The mean that is taken off: that of each bin over trials, or of each trial. Segments
        always have the latter.
    corrected : bool
        Without, as published, which is biased in short trials (Zeraati et al. 2022).
    n_bootstrap : int
        Draws of trials for the limits; 0: none.
    seed : int
    confidence : float
        Of the limits.
    epochs, periods
        As for :func:`spikekit.metrics`.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    Timescales
        ``table``, structured, shape (n_units,): ``n_trials``, ``first_lag``, ``tau_s``,
        ``amplitude``, ``offset``, ``r_square``, ``standard_error_s``, ``lower_s``, ``upper_s``,
        ``bias_s``, ``decay_p``; ``acf``, shape (n_units, n_lags). Noise has a timescale too
        about once in three times: ``decay_p`` is the p-value of whether there is a decay.

    Examples
    --------
    >>> import spikekit
    >>> session = spikekit.simulate(n_units=2, duration_s=120, seed=4)
    >>> found = spikekit.timescale(session, n_bootstrap=0)
    >>> found.acf.shape, found.table["n_trials"]
    ((2, 20), array([12, 12]))
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    options = filled(
        abi.spk_timescale_options, bin_s=bin_s, window_s=window_s, max_lag_s=max_lag_s,
        first_lag=first_lag, centre=choice(centre, _CENTRES, "centre"),
        corrected=bool(corrected), n_bootstrap=n_bootstrap, seed=seed, confidence=confidence,
    )
    starts, n_trials = None, 0
    if trials is not None:
        values = np.asarray(trials)
        if values.size and values.dtype.kind not in "iu":
            raise ArgumentError(f"trials: expected whole samples, found {values.dtype}")
        kept = np.ascontiguousarray(values.ravel(), np.int64)
        n_trials = len(kept)
        kept = np.append(kept, 0)  # of no trials there is an array, too
        starts = kept
    rows, length = _rows(abi.spk_timescale, table.n_units), ctypes.c_int64()
    with Call(threads, progress) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        abi.spk_timescale_length(
            context, trains.pointer, starts is not None, options, ctypes.byref(length)
        )
        acf = np.empty((table.n_units, length.value))
        abi.spk_timescale_estimate(
            context, trains.pointer, n_trials, starts, options,
            _pointer(rows, abi.spk_timescale), acf,
        )
    return Timescales(rows, acf)


def timescale_integral(
    data, bin_s, max_lag_s, *, epochs=None, periods=None, sampling_rate_hz=None, threads=None,
    progress=None,
):
    """elephant's timescale of each unit: the integral of its squared autocorrelation.

    From the first bin on, which is set to 1; long lags add their noise. Of a timescale with
    limits see :func:`spikekit.timescale`.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    bin_s : float
        Of the counts [s].
    max_lag_s : float
        Longest lag [s], rounded to bins.
    epochs, periods
        As for :func:`spikekit.metrics`. No product bridges two of them.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    ndarray, shape (n_units,)
        [s]; NaN with fewer than 2 spikes.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([1, 5, 7, 8], [1] * 4, 1000, stop_sample=10)
    >>> spikekit.timescale_integral(table, 0.001, 0.005).round(6)
    array([0.014111])
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    timescales = np.empty(table.n_units)
    with Call(threads, progress) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        abi.spk_timescale_integral(context, trains.pointer, bin_s, max_lag_s, timescales)
    return timescales


class Bursts:
    """The bursts of all units.

    :func:`spikekit.bursts` makes them.

    Attributes
    ----------
    table : structured ndarray, shape (n_bursts,)
        ``first_spike`` (its place in the unit's train), ``n_spikes``, ``start_sample``,
        ``stop_sample`` (of the last spike), ``surprise``; by unit, in order of time.
    units : ndarray, shape (n_bursts,)
        The id of the unit of each.
    summary : structured ndarray, shape (n_units,)
        ``n_bursts``, ``n_burst_spikes``, ``spike_share``, ``bursts_per_min``, ``mean_spikes``,
        ``mean_duration_s``, ``mean_interval_s``, ``mean_gap_s``, ``threshold_s``.
    """

    def __init__(self, table, units, summary):
        self.table, self.units, self.summary = table, units, summary

    def __len__(self):
        return len(self.table)

    def __repr__(self):
        return f"<Bursts: {len(self)} of {len(self.summary)} units>"


def _copied(rows, source, n):
    if n:
        size = n * rows.dtype.itemsize
        where = ctypes.cast(source, ctypes.c_void_p).value
        rows[:] = np.frombuffer(ctypes.string_at(where, size), rows.dtype)
    return rows


def bursts(
    data, method="poisson_surprise", *, epochs=None, periods=None, sampling_rate_hz=None,
    threads=None, progress=None, **options,
):
    """Finds the bursts of each unit.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    method : {"poisson_surprise", "log_isi", "max_interval"}
        Spikes too many for chance at the unit's own rate (Legendy & Salcman 1985), which of a
        Poisson unit are still 10 % at the default ``min_surprise`` of 5, and 1 % or less at 10;
        a threshold from the histogram of log intervals (Pasquale et al. 2010);
        NeuroExplorer's limits on intervals, made for cultures: of a Poisson unit of 10 Hz, 98 %
        of spikes are in bursts by these.
    epochs, periods
        As for :func:`spikekit.metrics`. No burst bridges two of them.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.
    **options
        ``min_spikes``; of max_interval ``start_interval_s``, ``interval_s``, ``gap_s`` and
        ``min_duration_s``; of log_isi ``cap_s`` and ``void_parameter``; of poisson_surprise
        ``min_surprise``.

    Returns
    -------
    Bursts

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([100, 110, 120, 2000, 3000, 3010, 3020, 3030], [1] * 8, 1000)
    >>> found = spikekit.bursts(table, "max_interval")
    >>> found
    <Bursts: 2 of 1 units>
    >>> found.table["n_spikes"]
    array([3, 4])
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    known = {field[0] for field in abi.spk_bursts_options._fields_} - {"struct_size", "method"}
    for name in options:
        if name not in known:
            raise ArgumentError(f"no option {name!r}; there are {', '.join(sorted(known))}")
    number = choice(method, _BURSTS, "method")
    refuse_unused(method, options, _USED_BY)
    settings = filled(abi.spk_bursts_options, method=number, **options)
    out = ctypes.POINTER(abi.spk_bursts)()
    with Call(threads, progress) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        abi.spk_bursts_detect(context, trains.pointer, settings, ctypes.byref(out))
    try:
        offsets = np.array(abi.spk_bursts_offsets(out)[: table.n_units + 1], np.int64)
        n = int(offsets[-1])
        found = _copied(_rows(abi.spk_burst, n), abi.spk_bursts_list(out), n)
        summary = _copied(
            _rows(abi.spk_bursts_summary, table.n_units), abi.spk_bursts_summaries(out),
            table.n_units,
        )
    finally:
        abi.spk_bursts_destroy(out)
    units = np.repeat(np.asarray(table.unit_ids), np.diff(offsets))
    return Bursts(found, units, summary)
