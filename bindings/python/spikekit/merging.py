# SPDX-License-Identifier: BSD-3-Clause
"""What was found twice, and which units are pieces of one."""

import ctypes

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError, NotFoundError
from ._inputs import as_spikes
from ._types import pointer, view
from .metrics import _NEEDS, _Arrays, _input
from .session import Handle, Session

_DOUBLE = ctypes.POINTER(ctypes.c_double)
_CONVENTIONS = ("spikeinterface", "kilosort", "merge")
_KEEPS = ("first", "last", "first_iterative", "last_iterative", "random")
_STAYS = ("minimum_shift", "highest_amplitude", "max_spikes")


def _choice(value, choices, name):
    if value not in choices:
        raise ArgumentError(f"{name}: expected one of {', '.join(choices)}, found {value!r}")
    return choices.index(value)


def find_duplicates(
    data, period_ms=0.3, *, keep="first", convention="spikeinterface", seed=0,
    sampling_rate_hz=None, threads=None,
):
    """Marks spikes that come twice in one unit.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    period_ms : float
        Spikes of a unit no further apart are duplicates [ms].
    keep : {"first", "last", "first_iterative", "last_iterative", "random"}
        Which of them stays, as SpikeInterface has it.
    convention : {"spikeinterface", "kilosort", "merge"}
        How the period becomes samples.
    seed : int
        Of ``keep="random"``.
    sampling_rate_hz, threads
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    ndarray of bool, shape (n_spikes,)
        True: a duplicate.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable([100, 103, 200, 203], [1, 1, 1, 2], 30000)
    >>> spikekit.find_duplicates(table)
    array([False,  True, False, False])
    """
    table = as_spikes(data, sampling_rate_hz)
    options = abi.spk_duplicates_options()
    abi.spk_duplicates_options_init(options, ctypes.sizeof(options))
    options.convention = _choice(convention, _CONVENTIONS, "convention")
    options.keep = _choice(keep, _KEEPS, "keep")
    options.period_ms, options.seed = float(period_ms), seed
    drop = np.zeros(len(table.samples), np.uint8)
    with Call(threads) as context:
        abi.spk_duplicates_find_within(context, table._struct(), options, drop, None)
    return drop.view(bool)


def find_redundant(
    data, *, keep="max_spikes", delta_ms=0.4, min_agreement=0.2, min_shared=0.8, amplitudes=None,
    sampling_rate_hz=None, threads=None,
):
    """Finds units that are there twice, as SpikeInterface's ``remove_redundant_units``.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    keep : {"max_spikes", "highest_amplitude"}
        Which of two stays.
    delta_ms : float
        Spikes so near match [ms].
    min_agreement : float
        Least share of matches among all spikes of both.
    min_shared : float
        Share of matches among the spikes of the smaller unit, to be exceeded.
    amplitudes : array_like, shape (n_units,), optional
        For ``keep="highest_amplitude"``.
    sampling_rate_hz, threads
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    ndarray
        The ids of the units to remove.

    Examples
    --------
    >>> import spikekit
    >>> table = spikekit.SpikeTable(
    ...     [100, 101, 200, 202, 300, 301, 400], [1, 2, 1, 2, 1, 2, 1], 30000)
    >>> spikekit.find_redundant(table)
    array([2])
    """
    table = as_spikes(data, sampling_rate_hz)
    options = abi.spk_redundant_options()
    abi.spk_redundant_options_init(options, ctypes.sizeof(options))
    options.keep = _choice(keep, _STAYS, "keep")
    options.delta_ms = float(delta_ms)
    options.min_agreement, options.min_shared = float(min_agreement), float(min_shared)
    if amplitudes is not None:
        amplitudes = np.ascontiguousarray(amplitudes, np.float64)
        if amplitudes.shape != (table.n_units,):
            raise ArgumentError(
                f"amplitudes: expected one for each of {table.n_units} units, "
                f"found shape {amplitudes.shape}"
            )
        options.amplitudes = pointer(amplitudes, _DOUBLE)
    drop = np.zeros(table.n_units, np.uint8)
    with Call(threads) as context:
        abi.spk_redundant_find(context, table._struct(), options, drop, None, 0, None)
    return table.unit_ids[drop.view(bool)]


class MergeCandidates:
    """Pairs of units that may be one, with the reasons.

    :func:`spikekit.merge_candidates` makes them.

    Attributes
    ----------
    pairs : ndarray, shape (n_pairs, 2)
        Ids of the units of each pair that was looked at.
    is_candidate : ndarray of bool, shape (n_pairs,)
        It passed every step.
    failed_steps : list of str
        The first step that a pair did not pass; "" for a candidate.
    values : dict of str to ndarray, shape (n_pairs,)
        What the steps measured; NaN where a pair did not come so far.
    groups : list of tuple
        Ids of units to merge: candidates that share units are in one group.
    steps, skipped : list of str
        The recipe; and the steps for which there was nothing to compute from.
    """

    def __init__(self, handle, unit_ids):
        out = handle.pointer
        n = abi.spk_merge_candidates_n_pairs(out)
        raw = abi.spk_merge_candidates_pairs(out)
        where = ctypes.cast(raw, ctypes.c_void_p).value
        dtype = np.dtype(
            [("a", "i4"), ("b", "i4"), ("failed", "i4"), ("reserved", "i4"),
             ("values", "f8", len(abi.spk_merge_pair().values))]
        )
        size = n * dtype.itemsize
        table = np.frombuffer(ctypes.string_at(where, size) if size else b"", dtype)
        self.pairs = np.stack([unit_ids[table["a"]], unit_ids[table["b"]]], axis=1)
        self.is_candidate = table["failed"] < 0
        names = {-1: ""}
        recipe = abi.spk_merge_candidates_steps(out)
        codes = [recipe[k] for k in range(abi.spk_merge_candidates_n_steps(out))]
        names.update((code, abi.spk_merge_step_name(code)) for code in codes)
        self.failed_steps = [names[code] for code in table["failed"].tolist()]
        self.steps = [names[code] for code in codes]
        self.skipped = [
            names[code] for code in codes if abi.spk_merge_candidates_skipped(out, code)
        ]
        self.values = {}
        for value in range(dtype["values"].shape[0]):
            info = abi.spk_merge_value_describe(value).contents
            if info.step in codes:
                self.values[info.name.decode()] = table["values"][:, value].copy()
        offsets = abi.spk_merge_candidates_group_offsets(out)
        units = abi.spk_merge_candidates_group_units(out)
        self.groups = [
            tuple(unit_ids[units[offsets[g] : offsets[g + 1]]].tolist())
            for g in range(abi.spk_merge_candidates_n_groups(out))
        ]

    def __len__(self):
        return int(self.is_candidate.sum())

    def __repr__(self):
        return (
            f"<MergeCandidates: {len(self)} of {len(self.pairs)} pairs, "
            f"{len(self.groups)} group{'' if len(self.groups) == 1 else 's'} to merge>"
        )

    def to_frame(self):
        """As a pandas DataFrame, a row for each pair that was looked at.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas

        columns = {"unit_a": self.pairs[:, 0], "unit_b": self.pairs[:, 1]}
        columns |= {"is_candidate": self.is_candidate, "failed_step": self.failed_steps}
        return pandas.DataFrame(columns | self.values)


def _similarity(context, table, templates, arrays):
    """l1 similarities of the units' templates, as SpikeInterface's presets take them."""
    spikes, out = table._struct(), ctypes.POINTER(abi.spk_unit_templates)()
    abi.spk_unit_templates_create(context, templates, spikes, ctypes.byref(out))
    handle = Handle(out, abi.spk_unit_templates_destroy)
    options = abi.spk_templates_similarity_options()
    abi.spk_templates_similarity_options_init(options, ctypes.sizeof(options))
    options.method = 1
    similarity = np.empty((table.n_units, table.n_units))
    abi.spk_templates_similarity(context, handle.pointer, options, similarity, None)
    arrays.kept += [handle, spikes]
    return similarity


def merging_options(preset, evaluate_all, options):
    """A spk_merging_options of a preset's name and of fields by name."""
    settings, code = abi.spk_merging_options(), ctypes.c_int32()
    abi.spk_merging_options_init(settings, ctypes.sizeof(settings))
    with Call() as context:
        abi.spk_merge_preset_from_name(context, str(preset).encode(), ctypes.byref(code))
    settings.preset, settings.evaluate_all = code.value, bool(evaluate_all)
    hidden = {"preset", "evaluate_all", "steps", "n_steps", "epochs", "with_unit"}
    fields = {field[0] for field in settings._fields_} - hidden - {"struct_size"}
    for name, value in options.items():
        if name not in fields:
            raise ArgumentError(f"no option {name!r}; there are {', '.join(sorted(fields))}")
        setattr(settings, name, value)
    return settings


def _positions(session):
    try:
        return session.unit_positions()
    except NotFoundError:
        return None


def _matrix(values, shape, name):
    values = np.ascontiguousarray(values, np.float64)
    if values.shape != shape:
        raise ArgumentError(f"{name}: expected shape {shape}, found {values.shape}")
    return values


def merge_candidates(
    data, preset="spikekit", *, positions=None, similarity=None, snr=None, amplitudes=None,
    spike_positions=None, evaluate_all=False, sampling_rate_hz=None, threads=None, progress=None,
    **options,
):
    """Finds units that are pieces of one neuron.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
        A session also gives positions, templates and amplitudes.
    preset : str
        "spikekit", or one of SpikeInterface's: "similarity_correlograms", "temporal_splits",
        "x_contaminations", "feature_neighbors", "slay".
    positions : array_like, shape (n_units, 2), optional
        x, y of each unit [um].
    similarity : array_like, shape (n_units, n_units), optional
        Of templates.
    snr : array_like, shape (n_units,), optional
    amplitudes : array_like, shape (n_spikes,), optional
    spike_positions : array_like, shape (n_spikes, 2), optional
    evaluate_all : bool
        Measure everything also of pairs that have failed before.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.
    **options
        Thresholds other than SpikeInterface's: ``max_distance_um=100``, say; the fields of
        spk_merging_options.

    Returns
    -------
    MergeCandidates

    Examples
    --------
    >>> import spikekit
    >>> session = spikekit.simulate(n_units=6, duration_s=60, seed=4)
    >>> found = spikekit.merge_candidates(session, "similarity_correlograms")
    >>> found.steps[0]
    'num_spikes'
    >>> curation = spikekit.curate(session, merges=found.groups)
    """
    table = as_spikes(data, sampling_rate_hz)
    arrays, out = _Arrays(), ctypes.POINTER(abi.spk_merge_candidates)()
    settings = merging_options(preset, evaluate_all, options)
    if similarity is not None:
        similarity = _matrix(similarity, (table.n_units, table.n_units), "similarity")
    known = abi.spk_merging_input()
    abi.spk_merging_input_init(known, ctypes.sizeof(known))
    needs = _NEEDS["amplitudes"] | _NEEDS["positions"] | _NEEDS["templates"]
    if positions is None and isinstance(table, Session):
        positions = _positions(table)
    with Call(threads, progress) as context:
        given = _input(context, table, needs, amplitudes, spike_positions, arrays)
        known.spikes, known.amplitudes = given.spikes, given.amplitudes
        known.spike_positions = given.spike_positions
        if similarity is None and given.templates:
            similarity = _similarity(context, table, given.templates, arrays)
        for name, value, shape in (
            ("positions_um", positions, (table.n_units, 2)),
            ("similarity", similarity, (table.n_units, table.n_units)),
            ("snr", snr, (table.n_units,)),
        ):
            if value is not None:
                value = _matrix(value, shape, name)
                arrays.kept.append(value)
                setattr(known, name, pointer(value, _DOUBLE))
        abi.spk_merging_find(context, known, settings, ctypes.byref(out))
    handle = Handle(out, abi.spk_merge_candidates_destroy)
    return MergeCandidates(handle, np.asarray(table.unit_ids))
