# SPDX-License-Identifier: BSD-3-Clause
"""Units merged, split and removed, with all that is known of them following at once."""

import ctypes
import operator
import os
from collections import namedtuple

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError, FileError
from ._inputs import as_spikes
from ._types import path_bytes, pointer, view
from .merging import MergeCandidates, merging_options
from .metrics import Metric, Metrics, _Arrays, _input, _NEEDS
from .session import Handle
from .spikes import SpikeTable

_INT64 = ctypes.POINTER(ctypes.c_int64)
_KINDS = ("merge", "split", "remove", "censor")

#: A step that was taken: what it was, units that went, units that came, spikes removed.
CurationStep = namedtuple("CurationStep", "kind old_ids new_ids n_spikes_removed")


class CurationUnit:
    """What a curation keeps of a unit. Arrays are copies.

    Attributes
    ----------
    unit_id, n_spikes : int
    samples : ndarray of int64
        Times of its spikes [samples].
    indices : ndarray of uint32
        Place of each among the spikes of the table at the start.
    n_short_intervals, n_refractory_pairs : int
        Intervals below the refractory period; pairs of any spikes at most that far apart.
    presence, amplitude_counts : ndarray of int64
        Spikes by bin of time, and of amplitude from `amplitude_low` to `amplitude_high`.
    n_amplitudes, amplitude_mean, amplitude_std, amplitude_min, amplitude_max
    n_positions, x_um, y_um
    """

    _NUMBERS = (
        "unit_id", "n_spikes", "n_short_intervals", "n_refractory_pairs", "amplitude_low",
        "amplitude_high", "n_amplitudes", "amplitude_mean", "amplitude_std", "amplitude_min",
        "amplitude_max", "n_positions", "x_um", "y_um",
    )
    _ARRAYS = {
        "samples": ("n_spikes", np.int64),
        "indices": ("n_spikes", np.uint32),
        "presence": ("n_presence_bins", np.int64),
        "amplitude_counts": ("n_amplitude_bins", np.int64),
    }

    def __init__(self, struct):
        for name in self._NUMBERS:
            setattr(self, name, getattr(struct, name))
        for name, (length, dtype) in self._ARRAYS.items():
            where = ctypes.cast(getattr(struct, name), ctypes.c_void_p).value
            setattr(self, name, view(where, (getattr(struct, length),), dtype, None).copy())

    def __repr__(self):
        return f"<CurationUnit {self.unit_id}: {self.n_spikes} spikes>"


class Curation:
    """Merges, splits and removes units, and takes steps back.

    Counts, sums and the correlograms of all pairs follow each step without another count over
    the recording.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
        Unit ids must be whole numbers, 0 or above. A session also gives amplitudes, positions
        and templates.
    amplitudes : array_like, shape (n_spikes,), optional
    positions : array_like, shape (n_spikes, 2), optional
        x, y of each spike [um].
    refractory_s : float
        For counts of short intervals and pairs [s].
    presence_bin_s : float
    amplitude_bins : int
    n_bins : int
        Lag bins of the correlograms, odd; 0: none are kept.
    bin_s : float
        Their width [s].
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([3, 10, 11, 40, 52], [0, 0, 1, 2, 1], 1000)
    >>> curation = spikekit.Curation(table)
    >>> curation.merge([0, 1])
    3
    >>> curation.unit_ids
    array([2, 3])
    >>> curation.unit(3).samples
    array([ 3, 10, 11, 52])
    >>> curation.steps[0].old_ids
    (0, 1)
    >>> curation.undo().unit_ids
    array([0, 1, 2])
    """

    def __init__(
        self, data, *, amplitudes=None, positions=None, refractory_s=0.001, presence_bin_s=60.0,
        amplitude_bins=100, n_bins=51, bin_s=0.001, sampling_rate_hz=None, threads=None,
        progress=None,
    ):
        table = as_spikes(data, sampling_rate_hz)
        ids = np.asarray(table.unit_ids)
        if ids.dtype.kind not in "iu" and len(ids):
            raise ArgumentError(f"unit ids: expected whole numbers, found {ids.dtype}")
        self._table, self._arrays, self._threads = table, _Arrays(), threads
        ids = np.ascontiguousarray(ids, np.int64)
        options = abi.spk_curation_options()
        abi.spk_curation_options_init(options, ctypes.sizeof(options))
        options.unit_ids = pointer(ids, _INT64)
        options.refractory_s, options.presence_bin_s = float(refractory_s), float(presence_bin_s)
        options.amplitude_bins = operator.index(amplitude_bins)
        options.n_bins, options.bin_s = operator.index(n_bins), float(bin_s)
        out = ctypes.POINTER(abi.spk_curation)()
        needs = _NEEDS["amplitudes"] | _NEEDS["positions"] | _NEEDS["templates"]
        with Call(threads, progress) as context:
            known = _input(context, table, needs, amplitudes, positions, self._arrays)
            options.amplitudes, options.spike_positions = known.amplitudes, known.spike_positions
            options.templates = known.templates
            abi.spk_curation_create(context, known.spikes, options, ctypes.byref(out))
        self._arrays.kept += [ids, options, known]
        self._handle = Handle(out, abi.spk_curation_destroy)

    @property
    def _pointer(self):
        return self._handle.pointer

    # ---- steps ----

    def merge(self, unit_ids, *, censor_ms=0.0, new_id=None):
        """Makes one unit of several.

        Parameters
        ----------
        unit_ids : sequence of int
            Two or more.
        censor_ms : float
            Of the merged unit, remove spikes less than so long after the one before: units
            that shared spikes would have them twice. As SpikeInterface's ``censor_ms``.
        new_id : int, optional
            Default: the largest id there ever was, plus 1.

        Returns
        -------
        int
            The id of the merged unit.
        """
        ids = np.ascontiguousarray(list(unit_ids), np.int64)
        merged = ctypes.c_int64()
        new_id = -1 if new_id is None else operator.index(new_id)
        with Call(self._threads) as context:
            abi.spk_curation_merge(
                context, self._pointer, len(ids), ids, float(censor_ms), new_id,
                ctypes.byref(merged),
            )
        return merged.value

    def split(self, unit_id, labels, *, new_ids=None):
        """Makes several units of one.

        Parameters
        ----------
        unit_id : int
        labels : array_like of int, shape (spikes of the unit,)
            The part of each spike, in order of time; at least two distinct numbers.
        new_ids : sequence of int, optional
            Ids of the parts, in rising order of label.

        Returns
        -------
        ndarray of int64
            The ids of the parts.
        """
        labels = np.asarray(labels)
        unit = self.unit(unit_id)
        if labels.shape != (unit.n_spikes,):
            raise ArgumentError(
                f"labels: expected one for each of {unit.n_spikes} spikes, "
                f"found shape {labels.shape}"
            )
        values, labels = np.unique(labels, return_inverse=True)
        labels = np.ascontiguousarray(labels.reshape(-1), np.int32)
        given = np.ascontiguousarray([] if new_ids is None else list(new_ids), np.int64)
        n_parts, parts = ctypes.c_int64(), np.empty(len(values), np.int64)
        with Call(self._threads) as context:
            abi.spk_curation_split(
                context, self._pointer, operator.index(unit_id), labels, len(given), given,
                ctypes.byref(n_parts), parts,
            )
        return parts

    def remove(self, unit_id):
        """Removes a unit and its spikes."""
        with Call(self._threads) as context:
            abi.spk_curation_remove(context, self._pointer, operator.index(unit_id))

    def censor(self, unit_id, censor_ms=0.3):
        """Removes spikes of a unit that come too soon after the one before.

        Returns
        -------
        int
            Spikes removed.
        """
        n = ctypes.c_int64()
        with Call(self._threads) as context:
            abi.spk_curation_censor(
                context, self._pointer, operator.index(unit_id), float(censor_ms),
                ctypes.byref(n),
            )
        return n.value

    def undo(self):
        """Takes back the last step. Returns the curation."""
        with Call(self._threads) as context:
            abi.spk_curation_undo(context, self._pointer)
        return self

    def apply(self, path, *, censor_ms=0.0):
        """Applies a curation file of SpikeInterface (.json): what it removes, merges and
        splits. If anything in it does not fit, nothing is changed."""
        with Call(self._threads) as context:
            abi.spk_curation_apply(context, self._pointer, path_bytes(path), float(censor_ms))

    def save(self, path, labels=None, *, name="quality", overwrite=True):
        """Writes the steps as a curation file of SpikeInterface.

        Parameters
        ----------
        path : path
            .json
        labels : array_like of str, shape (n_units,), optional
            Labels of the units, in the order of :attr:`unit_ids`; "" for none.
        name : str
            What the labels are.
        overwrite : bool
            Replace a file that is there already; False: that is an error.
        """
        if not overwrite and os.path.exists(path):
            raise FileError(f"{os.fspath(path)}: File exists; overwrite=True replaces it")
        texts = None
        arrays = _Arrays()
        if labels is not None:
            labels = [str(text) for text in labels]
            if len(labels) != self.n_units:
                raise ArgumentError(
                    f"labels: expected one for each of {self.n_units} units, "
                    f"found {len(labels)}"
                )
            texts = arrays.texts(labels)
        word = None if labels is None else str(name).encode()
        with Call(self._threads) as context:
            abi.spk_curation_write(context, self._pointer, path_bytes(path), word, texts)

    # ---- what there is now ----

    @property
    def n_units(self):
        """int: Units there are now."""
        return abi.spk_curation_n_units(self._pointer)

    @property
    def unit_ids(self):
        """ndarray of int64: Their ids, rising."""
        ids = np.empty(self.n_units, np.int64)
        abi.spk_curation_unit_ids(self._pointer, ids)
        return ids

    @property
    def n_spikes(self):
        """int: Spikes that belong to a unit."""
        return abi.spk_curation_n_spikes(self._pointer)

    @property
    def steps(self):
        """list of CurationStep: The steps taken, first to last."""
        steps = []
        for k in range(abi.spk_curation_n_steps(self._pointer)):
            step = abi.spk_curation_step_at(self._pointer, k)
            steps.append(
                CurationStep(
                    _KINDS[step.kind], tuple(step.old_ids[: step.n_old]),
                    tuple(step.new_ids[: step.n_new]), step.n_spikes_removed,
                )
            )
        return steps

    def spikes(self):
        """The spikes as they are now.

        Returns
        -------
        table : SpikeTable
        indices : ndarray of int64
            Place of each spike among those of the table at the start.
        """
        indices = np.empty(self.n_spikes, np.int64)
        units = np.empty(self.n_spikes, np.int32)
        with Call(self._threads) as context:
            abi.spk_curation_spikes(context, self._pointer, indices, units)
        start = self._table
        table = SpikeTable._of(
            start.samples[indices], units, self.unit_ids, start.sampling_rate_hz,
            start.start_sample, start.stop_sample, start._open().epochs,
        )
        return table, indices

    def unit(self, unit_id):
        """What is kept of a unit.

        Returns
        -------
        CurationUnit
        """
        struct = abi.spk_curation_unit()
        with Call(self._threads) as context:
            abi.spk_curation_unit_get(
                context, self._pointer, operator.index(unit_id), ctypes.byref(struct)
            )
        return CurationUnit(struct)

    def correlograms(self, unit_id, targets=None):
        """Correlograms of a unit with others.

        Parameters
        ----------
        unit_id : int
            The reference.
        targets : sequence of int, optional
            Default: all units.

        Returns
        -------
        ndarray of int64, shape (n_targets, n_bins)
            As ``spikekit.correlograms(...)`` counts them.
        """
        ids = None if targets is None else np.ascontiguousarray(list(targets), np.int64)
        n = self.n_units if ids is None else len(ids)
        counts = np.empty((n, abi.spk_curation_n_bins(self._pointer)), np.int64)
        with Call(self._threads) as context:
            abi.spk_curation_correlograms(
                context, self._pointer, operator.index(unit_id), n, ids, counts
            )
        return counts

    def metrics(self, unit_ids=None, names=None):
        """Metrics of some units, at the cost of those units alone.

        What compares a unit with all others is left out: give :meth:`spikes` to
        :func:`spikekit.metrics` for that.

        Parameters
        ----------
        unit_ids : int or sequence of int, optional
            Default: all units.
        names : str or sequence of str, optional
            As for :func:`spikekit.metrics`.

        Returns
        -------
        Metrics
        """
        ids = self.unit_ids if unit_ids is None else np.atleast_1d(np.asarray(unit_ids))
        ids = np.ascontiguousarray(ids, np.int64)
        arrays, out = _Arrays(), ctypes.POINTER(abi.spk_metrics)()
        options = abi.spk_metrics_options()
        abi.spk_metrics_options_init(options, ctypes.sizeof(options))
        if names is not None:
            names = [names] if isinstance(names, str) else list(names)
            options.names, options.n_names = arrays.texts(names), len(names)
        with Call(self._threads) as context:
            abi.spk_curation_metrics(
                context, self._pointer, len(ids), ids, options, ctypes.byref(out)
            )
        handle = Handle(out, abi.spk_metrics_destroy)
        columns, described = {}, {}
        for column in range(abi.spk_metrics_n_columns(out)):
            name = abi.spk_metrics_name(out, column)
            where = ctypes.cast(abi.spk_metrics_values(out, column), ctypes.c_void_p)
            columns[name] = view(where.value, (len(ids),), np.float64, handle)
            described[name] = Metric(abi.spk_metrics_metric(out, column).contents)
        return Metrics(columns, ids, described)

    def candidates(self, unit_id, others=None, *, similarity=None, preset="spikekit",
                   evaluate_all=False, **options):
        """Scores a unit for another merge, at the cost of the units near it.

        Parameters
        ----------
        unit_id : int
        others : sequence of int, optional
            Default: all units within ``max_distance_um``, by their mean positions.
        similarity : array_like, shape (n_others,), optional
            Of its template to those of `others`.
        preset, evaluate_all, **options
            As for :func:`spikekit.merge_candidates`.

        Returns
        -------
        MergeCandidates
            The pairs of this unit.
        """
        settings = merging_options(preset, evaluate_all, options)
        n_units, out = ctypes.c_int64(), ctypes.POINTER(abi.spk_merge_candidates)()
        ids = np.empty(self.n_units, np.int64)
        if others is not None:
            others = np.ascontiguousarray(list(others), np.int64)
        if similarity is not None:
            similarity = np.ascontiguousarray(similarity, np.float64)
            if others is None or similarity.shape != others.shape:
                raise ArgumentError("similarity: expected one for each of others")
        with Call(self._threads) as context:
            abi.spk_curation_candidates(
                context, self._pointer, operator.index(unit_id),
                0 if others is None else len(others), others, similarity, settings, ids,
                ctypes.byref(n_units), ctypes.byref(out),
            )
        return MergeCandidates(
            Handle(out, abi.spk_merge_candidates_destroy), ids[: n_units.value]
        )

    def __repr__(self):
        n = len(self.steps)
        return (
            f"<Curation: {self.n_units} units, {self.n_spikes} spikes, "
            f"{n} step{'' if n == 1 else 's'} taken>"
        )


def curate(data, *, remove=(), merges=(), splits=None, curation=None, censor_ms=0.3, **options):
    """Removes, merges and splits units.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    remove : sequence of int
        Units to remove.
    merges : sequence of sequences of int
        Units to merge, group by group: ``spikekit.merge_candidates(data).groups``, say.
    splits : dict of int to array_like of int, optional
        The part of each spike of a unit.
    curation : path, optional
        A curation file of SpikeInterface, applied first.
    censor_ms : float
        Of merged units, remove spikes less than so long after the one before.
    **options
        As for :class:`Curation`.

    Returns
    -------
    Curation
        Its ``spikes()`` is the table as it is now.

    Examples
    --------
    >>> import spikekit
    >>> session = spikekit.simulate(n_units=6, duration_s=30, seed=1)
    >>> curation = spikekit.curate(session, merges=[(0, 3)], remove=[5])
    >>> curation.unit_ids
    array([1, 2, 4, 6])
    >>> table, indices = curation.spikes()
    >>> table.n_units
    4
    """
    options.setdefault("n_bins", 0)
    done = Curation(data, **options)
    if curation is not None:
        done.apply(curation, censor_ms=censor_ms)
    for unit_id in remove:
        done.remove(unit_id)
    for group in merges:
        done.merge(group, censor_ms=censor_ms)
    for unit_id, labels in (splits or {}).items():
        done.split(unit_id, labels)
    return done
