# SPDX-License-Identifier: BSD-3-Clause
"""Trains that keep some properties of the recorded ones and are otherwise random."""

import ctypes
import operator
from collections.abc import Sequence

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError
from ._inputs import as_spikes
from ._options import as_seed, choice, filled, make_trains, refuse_unused
from ._types import pointer
from .metrics import _Arrays
from .session import Handle
from .spikes import SpikeTable

_METHODS = (
    "dither", "train_dither", "jitter", "isi_shuffle", "interval_shuffle", "isi_dither",
    "joint_isi", "trial_shift", "bin_shuffle", "randomise", "poisson", "rate",
)
_EDGES = ("keep", "drop")
_OPTIONS = (
    "width_s", "least_s", "refractory_s", "bin_s", "truncation_s", "n_bins", "sigma_s",
    "is_windowed", "has_cutoff", "has_sqrt",
)
_SHIFTS, _JOINT = ("train_dither", "trial_shift"), ("isi_dither", "joint_isi")
_USED_BY = {
    "width_s": ("dither", "jitter", "bin_shuffle", "poisson", *_SHIFTS, *_JOINT),
    "edges": ("dither", *_SHIFTS),
    "least_s": _SHIFTS,
    "refractory_s": ("dither", *_JOINT),
    "bin_s": ("bin_shuffle",),
    "rates_hz": ("rate",),
    **dict.fromkeys(
        ("truncation_s", "n_bins", "sigma_s", "is_windowed", "has_cutoff", "has_sqrt"), _JOINT
    ),
}


class Surrogates(Sequence):
    """Surrogate recordings, drawn when they are asked for.

    :func:`spikekit.surrogates` makes them. ``surrogates[k]`` is a :class:`SpikeTable` with a
    surrogate of every unit, which every analysis takes; ``trains`` gives those of one unit.
    The k-th is always the same, in whatever order they are drawn.

    Attributes
    ----------
    method : str
    seed : int
    """

    def __init__(self, table, method, n, seed, handle, kept):
        self._table, self._handle, self._kept, self._n = table, handle, kept, n
        self.method, self.seed = method, seed

    def __len__(self):
        return self._n

    def __repr__(self):
        return f"<Surrogates: {self._n} by {self.method}, {self._table.n_units} units>"

    def __getitem__(self, k):
        if isinstance(k, slice):
            return [self[index] for index in range(*k.indices(self._n))]
        k = operator.index(k)
        if not -self._n <= k < self._n:
            raise IndexError(f"surrogate {k}: there are {self._n}")
        k += self._n if k < 0 else 0
        room = abi.spk_surrogates_table_room(self._handle.pointer, k)
        samples, units = np.empty(room, np.int64), np.empty(room, np.int32)
        drawn = abi.spk_spikes()
        with Call() as context:
            abi.spk_surrogates_table(
                context, self._handle.pointer, k, samples, units, ctypes.byref(drawn)
            )
        n, table = drawn.n_spikes, self._table
        return SpikeTable._of(
            samples[:n], units[:n], table.unit_ids, table.sampling_rate_hz, table.start_sample,
            table.stop_sample, table.epochs,
        )

    def trains(self, unit, *, threads=None, progress=None):
        """All surrogates of one unit.

        Parameters
        ----------
        unit
            Its id.
        threads, progress
            As for :func:`spikekit.correlograms`.

        Returns
        -------
        ndarray of int64, shape (n, n_spikes)
            Times [samples]; where the number of spikes is random (``method="poisson"``, "rate",
            ``edges="drop"``), a list of n arrays instead.
        """
        index = int(self._table.unit_indices(unit)[0])
        offsets, counts = np.empty(self._n + 1, np.int64), np.empty(self._n, np.int64)
        with Call(threads, progress) as context:
            where = (index, index + 1, 0, self._n)
            abi.spk_surrogates_offsets(context, self._handle.pointer, *where, offsets)
            samples = np.empty(offsets[-1], np.int64)
            abi.spk_surrogates_draw_many(
                context, self._handle.pointer, *where, offsets, samples, counts
            )
        if not self._is_random:
            return samples.reshape(self._n, -1)
        return [samples[a : a + n] for a, n in zip(offsets[:-1], counts)]

    @property
    def _is_random(self):
        return self.method in ("poisson", "rate") or self._kept.drops


def surrogate_options(method="dither", *, width_s=None, seed=0, edges="keep", **options):
    """A spk_surrogates_options of what :func:`surrogates` takes."""
    seed = as_seed(seed)
    for name in options:
        if name not in _OPTIONS:
            raise TypeError(f"surrogates: no option {name!r}; there are {', '.join(_OPTIONS)}")
    number = choice(method, _METHODS, "method")
    given = {**options, **({} if width_s is None else {"width_s": width_s})}
    refuse_unused(method, {**given, **({} if edges == "keep" else {"edges": edges})}, _USED_BY)
    settings = filled(
        abi.spk_surrogates_options, method=number,
        edges=choice(edges, _EDGES, "edges"), width_s=width_s, **options,
    )
    settings.seed = seed
    return settings


def surrogates(
    data, method="dither", n=1, *, width_s=None, seed=0, edges="keep", rates_hz=None,
    rate_bin_s=0.1, epochs=None, periods=None, sampling_rate_hz=None, threads=None, **options,
):
    """Surrogate trains of every unit, for tests of what the recorded ones have beyond them.

    Every spike stays in its epoch. The same seed gives the same surrogates, whatever the
    threads, and to a unit whatever the other units.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    method : str
        What is random, and what is kept:

        - "dither": each spike moves by up to `width_s` either way; the number and the slow
          rate stay. With ``refractory_s`` no interval becomes shorter than that.
        - "train_dither": all spikes of a unit move together by up to `width_s`, around the
          circle that the epoch makes; intervals stay.
        - "jitter": each spike moves within its window of `width_s`; the counts of windows stay.
        - "isi_shuffle": intervals in random order, the one before the first spike among them;
          "interval_shuffle": only those between spikes.
        - "joint_isi": spikes move so that pairs of successive intervals keep their joint
          distribution (``truncation_s``, ``n_bins``, ``sigma_s``, ``refractory_s``,
          ``is_windowed``, ``has_cutoff``, ``has_sqrt``); "isi_dither": so that intervals keep
          theirs.
        - "trial_shift": as "train_dither", with a shift of its own for each epoch.
        - "bin_shuffle": bins of ``bin_s`` in random order within windows of `width_s`.
        - "randomise": each spike moves to anywhere in its epoch.
        - "poisson": a Poisson process with the rate smoothed by a Gaussian of sd `width_s`.
        - "rate": a Poisson process of the rates given.
    n : int
        How many.
    width_s : float, optional
        Default 0.015, for "jitter" and "bin_shuffle" 0.025, for "poisson" 0.1. ``numpy.inf``
        for the shifts: anywhere on the circle.
    seed : int
    edges : {"keep", "drop"}
        Spikes that "dither" or a shift would move out of their epoch stay inside, or are lost.
    rates_hz : array_like, shape (n_units, n_bins), optional
        For "rate", in bins of `rate_bin_s` from the start of the recording; 0 behind the last.
    rate_bin_s : float
        Taken to the nearest whole number of samples.
    epochs, periods
        As for :func:`spikekit.metrics`.
    sampling_rate_hz, threads
        As for :func:`spikekit.correlograms`.
    **options
        An option that the method does not use is an error. ``least_s``, the shortest shift; ``refractory_s``; ``bin_s``; ``truncation_s``,
        ``n_bins``, ``sigma_s``, ``is_windowed``, ``has_cutoff``, ``has_sqrt``: the fields of
        spk_surrogates_options.

    Returns
    -------
    Surrogates
        A sequence of `n` SpikeTables, drawn when they are asked for.

    Notes
    -----
    Of elephant, "dither" with ``edges="drop"`` is dither_spikes, and with ``refractory_s`` that
    with a refractory period; "train_dither" with ``edges="drop"`` is dither_spike_train,
    "trial_shift" trial_shifting, "jitter" jitter_spikes, "isi_shuffle" shuffle_isis,
    "bin_shuffle" bin_shuffling with a window of twice its displacement, "randomise"
    randomise_spikes, and "joint_isi" joint_isi_dithering, which moves spikes by whole bins and,
    in a window, by one bin more to the right than to the left. Of pynapple, "train_dither" with
    ``width_s=numpy.inf`` is shift_timestamps with wrap, "interval_shuffle"
    shuffle_ts_intervals, "dither" jitter_timestamps, which may leave the epoch, and "randomise"
    resample_timestamps, which stays between the first and the last spike.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([10, 30, 70, 75], [1, 1, 1, 1], 1000, stop_sample=100)
    >>> found = spikekit.surrogates(table, "interval_shuffle", n=200, seed=1)
    >>> found
    <Surrogates: 200 by interval_shuffle, 1 units>
    >>> sorted({tuple(train.tolist()) for train in found.trains(1)})[:2]
    [(10, 15, 35, 75), (10, 15, 55, 75)]
    >>> found[3].n_spikes
    4
    """
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    n = operator.index(n)
    if n < 0:
        raise ArgumentError(f"n: expected 0 or more, found {n}")
    settings = surrogate_options(method, width_s=width_s, seed=seed, edges=edges, **options)
    if rates_hz is not None:
        refuse_unused(method, ("rates_hz",), _USED_BY)
        rates_hz = np.ascontiguousarray(rates_hz, np.float64)
        if rates_hz.ndim != 2 or len(rates_hz) != table.n_units:
            raise ArgumentError(
                f"rates_hz: expected shape ({table.n_units}, n_bins), found {rates_hz.shape}"
            )
        settings.rates_hz = pointer(rates_hz, ctypes.POINTER(ctypes.c_double))
        settings.n_rate_bins = rates_hz.shape[1]
        settings.rate_bin_samples = max(1, round(rate_bin_s * table.sampling_rate_hz))
    out = ctypes.POINTER(abi.spk_surrogates)()
    table = table._detached()
    with Call(threads) as context:
        trains = make_trains(context, table, epochs, periods, arrays)
        abi.spk_surrogates_create(context, trains.pointer, settings, ctypes.byref(out))
    arrays.kept.append(trains)
    arrays.drops = edges == "drop"
    handle = Handle(out, abi.spk_surrogates_destroy)
    return Surrogates(table, method, n, settings.seed, handle, arrays)
