# SPDX-License-Identifier: BSD-3-Clause
"""Mutual information and transfer entropy between trains."""

import ctypes
from collections import namedtuple

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError
from ._inputs import as_spikes
from ._options import choice, filled, make_trains
from .metrics import _Arrays
from .surrogates import surrogate_options

_BIASES = ("plug_in", "miller_madow", "surrogates")
_PEAK = np.dtype([("value", "f8"), ("delay", "i8"), ("coincidence", "f8")])

#: The largest value over delays, its delay [bins] (-1 without one), and the coincidence index,
#: each of shape (n_sources, n_units).
InformationPeaks = namedtuple("InformationPeaks", "value delay coincidence")


class Information(namedtuple("Information", "values p delays unit_ids source_ids")):
    """Information of every source about every target.

    :func:`spikekit.transfer_entropy` and :func:`spikekit.mutual_information` make it.

    Attributes
    ----------
    values : ndarray, shape (n_sources, n_units, n_delays)
        [bits]; NaN for a unit with itself.
    p : ndarray, shape (n_sources, n_units)
        Of the largest over the delays, by surrogates; NaN without.
    delays : ndarray, shape (n_delays,)
        [bins].
    unit_ids, source_ids : ndarray
        Targets, and sources.
    """

    __slots__ = ()

    def peaks(self, window_delays=5):
        """The peak over delays, and how much of the whole lies around it.

        Parameters
        ----------
        window_delays : int
            Width of the window of the coincidence index, odd; Ito et al. (2011) take 5.

        Returns
        -------
        InformationPeaks
        """
        n_sources, n_units, n_delays = self.values.shape
        found = np.zeros((n_sources, n_units), _PEAK)
        with Call() as context:
            abi.spk_information_peaks(
                context, n_sources * n_units, n_delays, np.ascontiguousarray(self.values),
                window_delays,
                ctypes.cast(found.ctypes.data, ctypes.POINTER(abi.spk_information_peak)),
            )
        delay = np.where(found["delay"] < 0, -1, found["delay"] + self.delays[0])
        return InformationPeaks(found["value"], delay, found["coincidence"])


def _estimate(
    function, data, delays, epochs, shard, n_surrogates, bias, surrogate, sampling_rate_hz,
    threads, progress, **options,
):
    table, arrays = as_spikes(data, sampling_rate_hz), _Arrays()
    first, last = delays if np.ndim(delays) else (delays, delays)
    settings = filled(
        abi.spk_information_options, first_delay=first, last_delay=last,
        n_surrogates=n_surrogates, bias=choice(bias, _BIASES, "bias"), **options,
    )
    if min(first, last) < 0:
        raise ArgumentError(f"delays: expected 0 or more, found {first} and {last}")
    if surrogate is not None:
        if "method" not in surrogate:
            surrogate = {"method": "train_dither", "width_s": np.inf, **surrogate}
        how = surrogate_options(**surrogate)
        arrays.kept.append(how)
        settings.surrogates = ctypes.pointer(how)
    start, stop = (0, table.n_units) if shard is None else shard
    n_delays = max(0, settings.last_delay - settings.first_delay + 1)
    shape = (max(0, stop - start), table.n_units)
    values, p = np.empty((*shape, min(n_delays, 1024))), np.empty(shape)
    with Call(threads, progress) as context:
        trains = make_trains(context, table, epochs, None, arrays)
        function(context, trains.pointer, settings, start, stop, values, p)
    ids = np.asarray(table.unit_ids)
    return Information(values, p, np.arange(first, last + 1), ids, ids[start:stop])


def transfer_entropy(
    data, bin_s=0.001, delays=(1, 1), *, target_history=1, source_history=1,
    bias="miller_madow", n_surrogates=0, surrogate=None, epochs=None, shard=None,
    sampling_rate_hz=None, threads=None, progress=None,
):
    """Transfer entropy between all pairs of units, at one or several delays.

    How much better the bins of the source foretell the target's bin than the target's own past
    alone does: I(y(t); x(t - d) .. x(t - d - l + 1) | y(t - 1) .. y(t - k)) of trains cut into
    bins, 1 with a spike and 0 without.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    bin_s : float
        Bin width [s].
    delays : int or (int, int)
        First and last delay of the source [bins], from 1.
    target_history, source_history : int
        k, 1 to 5, and l, 1 to 3 [bins].
    bias : {"miller_madow", "plug_in", "surrogates"}
        What is taken off for the bias: the terms of Miller & Madow, nothing, or the mean over
        surrogates of the source.
    n_surrogates : int
        For `p` and the bias.
    surrogate : dict, optional
        How to make them: ``dict(method="jitter", width_s=0.02, seed=3)``, as
        :func:`spikekit.surrogates` takes it. Default, and without a method: the whole train
        shifted around its epoch, ``dict(method="train_dither", width_s=numpy.inf)``, which
        keeps bursts; rates that drift together are found as common. What moves spikes one by
        one ("dither", "jitter") finds independent trains that burst.
    epochs
        As for :func:`spikekit.metrics`. Nothing reaches from one into another.
    shard : (int, int), optional
        First source and one past the last, as places in the unit ids; default all.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    Information

    Examples
    --------
    >>> import numpy as np
    >>> import spikekit
    >>> fires = np.random.default_rng(1).random(5000) < 0.3
    >>> x = np.flatnonzero(fires)  # and a second unit does the same three samples later
    >>> table = spikekit.SpikeTable(
    ...     np.r_[x, x + 3], np.repeat([4, 7], len(x)), 1000, sort=True)
    >>> found = spikekit.transfer_entropy(table, delays=(1, 5), n_surrogates=19)
    >>> peaks = found.peaks()
    >>> int(peaks.delay[0, 1]), round(float(peaks.value[0, 1]), 1), float(found.p[0, 1])
    (3, 0.9, 0.05)
    """
    return _estimate(
        abi.spk_transfer_entropy_estimate, data, delays, epochs, shard, n_surrogates, bias,
        surrogate, sampling_rate_hz, threads, progress, bin_s=bin_s,
        target_history=target_history, source_history=source_history,
    )


def mutual_information(
    data, bin_s=0.001, delays=(0, 0), *, bias="miller_madow", n_surrogates=0, surrogate=None,
    epochs=None, shard=None, sampling_rate_hz=None, threads=None, progress=None,
):
    """Mutual information between all pairs of units, at one or several delays.

    I(y(t); x(t - d)) of trains cut into bins, 1 with a spike and 0 without.

    Parameters
    ----------
    data, bin_s, bias, n_surrogates, surrogate, epochs, shard
        As for :func:`spikekit.transfer_entropy`.
    delays : int or (int, int)
        First and last delay of the source [bins], from 0.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    Information

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable(
    ...     [0, 0, 4, 4, 8, 8, 12, 12], [1, 2, 1, 2, 1, 2, 1, 2], 1000, stop_sample=16)
    >>> found = spikekit.mutual_information(table, bin_s=0.002, bias="plug_in")
    >>> found.values[:, :, 0]
    array([[nan,  1.],
           [ 1., nan]])
    """
    return _estimate(
        abi.spk_mutual_information_estimate, data, delays, epochs, shard, n_surrogates, bias,
        surrogate, sampling_rate_hz, threads, progress, bin_s=bin_s,
    )
