# SPDX-License-Identifier: BSD-3-Clause
"""Comparison of sorters: with each other, with the truth, and the units that many share."""

import ctypes

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError
from ._inputs import as_spikes
from ._types import view
from .session import Handle
from .spikes import SpikeTable

_SCORES = {"count": 0, "distance": 1}
_MATCHINGS = {"assigned": 0, "best": 1}
_CLASSES = {
    "well_detected": 1,
    "false_positive": 2,
    "redundant": 4,
    "overmerged": 8,
    "bad": 16,
}
_PERFORMANCE = (
    "tp fn fp accuracy recall precision false_discovery miss_rate "
    "recall_lower recall_upper precision_lower precision_upper"
).split()


def _where(pointer):
    return ctypes.cast(pointer, ctypes.c_void_p).value


def _choice(value, choices, name):
    if value not in choices:
        raise ArgumentError(f"{name}: expected one of {', '.join(choices)}, found {value!r}")
    return choices[value]


def _ids(indices, unit_ids):
    """The id of each index, None for -1."""
    found = np.full(len(indices), None, object)
    has = np.asarray(indices) >= 0
    found[has] = np.asarray(unit_ids)[np.asarray(indices)[has]].tolist()
    return found


def _options(tables, epochs, delta_ms, delta_samples, score, scores, **others):
    """Filled options, and what they borrow."""
    options = abi.spk_comparison_options()
    abi.spk_comparison_options_init(options, ctypes.sizeof(options))
    options.delta_ms = delta_ms
    if delta_samples is not None:
        if not 0 <= delta_samples < 2**62:
            raise ArgumentError(f"delta_samples: expected 0 or more, found {delta_samples}")
        options.delta_samples = delta_samples
    options.score = _choice(score, _SCORES, "score")
    for name, value in {**scores, **others}.items():
        setattr(options, name, value)
    for table in tables:
        epochs = table._epochs_within(epochs)
    borrowed = None
    if epochs is not None:
        borrowed = epochs._struct()
        options.epochs = ctypes.pointer(borrowed)
    return options, (epochs, borrowed)


class Comparison:
    """Two compared sortings. :func:`spikekit.compare` makes them.

    Attributes
    ----------
    unit_ids_a, unit_ids_b : ndarray
        Ids of the units of either sorting.
    delta_samples : int
        Spikes match within this [samples].
    units_a, units_b : dict of str to ndarray
        For each unit: ``n_spikes``; ``best_match``, the id of the unit that agrees best, and
        ``match``, that of the unit matched one to one, None where there is none;
        ``best_agreement``, 0 without any; ``agreement`` with ``match``, NaN without;
        ``n_possible``, how many agree by chance_score or more.
    performance : dict of str to ndarray
        For each unit of `a` as the truth: ``match``, the id it is measured against, ``tp``,
        ``fn``, ``fp``, ``accuracy``, ``recall``, ``precision``, ``false_discovery``,
        ``miss_rate``, and exact binomial limits ``recall_lower``, ``recall_upper``,
        ``precision_lower``, ``precision_upper``. NaN where undefined, as the precision of a
        unit that has no match.
    truth : bool
        Whether `a` was taken to be the truth.
    """

    def __init__(self, handle, tables, truth):
        self._handle = handle
        self.truth = truth
        self.unit_ids_a, self.unit_ids_b = (table.unit_ids for table in tables)
        pointer = handle.pointer
        self.delta_samples = abi.spk_comparison_delta(pointer)
        pairs = abi.spk_comparison_get_pairs(pointer)
        self._shape = pairs.n_units_a, pairs.n_units_b

        def pair_view(field, n, dtype):
            return view(_where(field), (n,), dtype, handle)

        self._offsets = pair_view(pairs.offsets, pairs.n_units_a + 1, np.int64)
        self._partners = pair_view(pairs.partners, pairs.n_pairs, np.int32)
        self._matches = pair_view(pairs.matches, pairs.n_pairs, np.int64)
        self._agreements = pair_view(pairs.agreements, pairs.n_pairs, np.float64)
        record = np.dtype(abi.spk_comparison_unit)
        a, b = (
            view(_where(get(pointer)), (n,), record, handle)
            for get, n in zip(
                (abi.spk_comparison_units_a, abi.spk_comparison_units_b), self._shape
            )
        )
        self.units_a = self._units(a, self.unit_ids_b)
        self.units_b = self._units(b, self.unit_ids_a)
        self._classes = a["classes"], b["classes"]
        record = np.dtype(abi.spk_comparison_performance)
        found = view(
            _where(abi.spk_comparison_get_performance(pointer)), (self._shape[0],), record, handle
        )
        self.performance = {"match": _ids(found["match"], self.unit_ids_b)}
        self.performance.update((name, found[name]) for name in _PERFORMANCE)

    @staticmethod
    def _units(records, other_ids):
        return {
            "n_spikes": records["n_spikes"],
            "best_match": _ids(records["best_match"], other_ids),
            "best_agreement": records["best_agreement"],
            "match": _ids(records["assigned_match"], other_ids),
            "agreement": records["assigned_agreement"],
            "n_possible": records["n_possible"],
        }

    def _dense(self, values):
        matrix = np.zeros(self._shape, values.dtype)
        matrix[self._rows(), self._partners] = values
        return matrix

    def _rows(self):
        return np.repeat(np.arange(self._shape[0]), np.diff(self._offsets))

    @property
    def matches(self):
        """ndarray of int64, shape (units of a, units of b): Match counts."""
        return self._dense(self._matches)

    @property
    def agreements(self):
        """ndarray, shape (units of a, units of b): Agreement, 0 without matches."""
        return self._dense(self._agreements)

    @property
    def pairs(self):
        """dict of str to ndarray: Pairs of units with matches: ``a``, ``b`` (unit indices),
        ``matches``, ``agreement``."""
        return {
            "a": self._rows(),
            "b": self._partners,
            "matches": self._matches,
            "agreement": self._agreements,
        }

    def _of_class(self, name, side=1):
        ids = self.unit_ids_a if side == 0 else self.unit_ids_b
        return np.asarray(ids)[self._classes[side] & _CLASSES[name] != 0]

    @property
    def well_detected(self):
        """ndarray: Ids of the units of `b` whose match agrees by well_detected_score."""
        return self._of_class("well_detected")

    @property
    def false_positive(self):
        """ndarray: Ids of the units of `b` without a match that agree with none by
        redundant_score. Means something if `a` holds every unit there is, as do the next."""
        return self._of_class("false_positive")

    @property
    def redundant(self):
        """ndarray: Ids of the units of `b` without a match that agree by redundant_score with
        a unit which another one finds better."""
        return self._of_class("redundant")

    @property
    def overmerged(self):
        """ndarray: Ids of the units of `b` that agree by more than overmerged_score with two
        units or more."""
        return self._of_class("overmerged")

    @property
    def bad(self):
        """ndarray: Ids of the units of `b` without a match."""
        return self._of_class("bad")

    def confusion(self):
        """The confusion matrix of the one-to-one matches.

        Returns
        -------
        counts : ndarray of int64, shape (units of a + 1, units of b + 1)
            Matched units first, in the order of `a`: their matches are a diagonal. The last
            column has what was missed, the last row what is not the truth's.
        ids_a, ids_b : ndarray
            Ids of its rows and columns.
        """
        n_a, n_b = self._shape
        order_a, order_b = np.empty(n_a, np.int32), np.empty(n_b, np.int32)
        counts = np.empty((n_a + 1, n_b + 1), np.int64)
        with Call() as context:
            abi.spk_comparison_confusion(context, self._handle.pointer, order_a, order_b, counts)
        return counts, np.asarray(self.unit_ids_a)[order_a], np.asarray(self.unit_ids_b)[order_b]

    def to_dict(self, side="a"):
        """The units of one side as a dictionary of arrays.

        Parameters
        ----------
        side : {"a", "b"}
            With `truth`, "a" has `performance` too.

        Returns
        -------
        dict of str to ndarray
        """
        a = _choice(side, {"a": True, "b": False}, "side")
        columns = {"unit_id": np.asarray(self.unit_ids_a if a else self.unit_ids_b)}
        columns.update(self.units_a if a else self.units_b)
        columns["well_detected"] = self._classes[0 if a else 1] & 1 != 0
        if a and self.truth:
            columns.update((name, self.performance[name]) for name in _PERFORMANCE)
        elif self.truth:
            for name in list(_CLASSES)[1:]:
                columns[name] = self._classes[1] & _CLASSES[name] != 0
        return columns

    def to_frame(self, side="a"):
        """As :meth:`to_dict`, as a pandas DataFrame with an index of unit ids."""
        import pandas

        return pandas.DataFrame(self.to_dict(side)).set_index("unit_id")

    def __repr__(self):
        n = sum(match is not None for match in self.units_a["match"])
        return f"<Comparison: {self._shape[0]} with {self._shape[1]} units, {n} matched>"


def compare(
    a,
    b,
    *,
    truth=False,
    delta_ms=0.4,
    delta_samples=None,
    symmetric=None,
    score="count",
    matching="assigned",
    match_score=0.5,
    chance_score=0.1,
    well_detected_score=0.8,
    redundant_score=0.2,
    overmerged_score=0.2,
    confidence=0.95,
    epochs=None,
    sampling_rate_hz=None,
    threads=None,
    progress=None,
):
    """Compare two sortings of one recording, or a sorting with the truth.

    Spikes of two units match one to one, in order of time, when they are at most `delta_ms`
    apart. The agreement of units with n and k spikes of which m match is m / (n + k - m). Both
    are as SpikeInterface 0.105 has them, count for count: ``compare_two_sorters``, and with
    `truth` ``compare_sorter_to_ground_truth``.

    Parameters
    ----------
    a, b : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
        Of one sampling rate.
    truth : bool
        `a` is the truth.
    delta_ms : float
        In samples it is int(delta_ms / 1000 * rate).
    delta_samples : int, optional
        Instead of `delta_ms`.
    symmetric : bool, optional
        Take the larger of the counts from `a` to `b` and back, which differ in bursts.
        Default: unless `truth`.
    score : {"count", "distance"}
        Agreement from how many spikes match, or from how much they overlap as boxes of width
        `delta_ms`.
    matching : {"assigned", "best"}
        Measure performance against the unit matched one to one, or against the one that agrees
        best, which may serve several.
    match_score, chance_score : float
        Least agreement of a one-to-one match, and of a best match.
    well_detected_score, redundant_score, overmerged_score : float
        See :class:`Comparison`.
    confidence : float
        Level of the limits of recall and precision.
    epochs, sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    Comparison

    Examples
    --------
    >>> import spikekit
    >>> truth = ([100, 200, 300, 400, 1000], [0, 0, 0, 0, 1], 30000.0)
    >>> found = ([101, 199, 300, 700, 1000], [5, 5, 5, 5, 6], 30000.0)
    >>> result = spikekit.compare(truth, found, truth=True)
    >>> result
    <Comparison: 2 with 2 units, 2 matched>
    >>> result.matches
    array([[3, 0],
           [0, 1]])
    >>> result.performance["match"], result.performance["recall"]
    (array([5, 6], dtype=object), array([0.75, 1.  ]))
    >>> result.well_detected
    array([6])
    """
    tables = [as_spikes(a, sampling_rate_hz), as_spikes(b, sampling_rate_hz)]
    scores = {
        "match_score": match_score,
        "chance_score": chance_score,
        "well_detected_score": well_detected_score,
        "redundant_score": redundant_score,
        "overmerged_score": overmerged_score,
    }
    options, kept = _options(
        tables,
        epochs,
        delta_ms,
        delta_samples,
        score,
        scores,
        truth=bool(truth),
        symmetric=-1 if symmetric is None else bool(symmetric),
        matching=_choice(matching, _MATCHINGS, "matching"),
        confidence_level=confidence,
    )
    pointer = ctypes.POINTER(abi.spk_comparison)()
    with Call(threads, progress) as context:
        abi.spk_comparison_create(
            context, tables[0]._struct(), tables[1]._struct(), options, ctypes.byref(pointer)
        )
    del kept
    return Comparison(Handle(pointer, abi.spk_comparison_destroy), tables, bool(truth))


class Consensus:
    """Units that several sortings agree on. :func:`spikekit.compare_many` makes them.

    Attributes
    ----------
    names : list of str
        Of the sortings.
    members : ndarray of object, shape (n_units, n_sortings)
        Id of the unit of each sorting, None where it has none.
    n_members : ndarray of int32, shape (n_units,)
        How many sortings found each unit.
    agreement : ndarray, shape (n_units,)
        Mean agreement between them, NaN for a unit of one sorting alone.
    """

    def __init__(self, handle, tables, names):
        self._handle = handle
        self._tables = tables
        self.names = names
        pointer = handle.pointer
        n, width = abi.spk_consensus_n_units(pointer), len(tables)
        indices = view(_where(abi.spk_consensus_members(pointer)), (n, width), np.int32, handle)
        self.members = np.full((n, width), None, object)
        for k, table in enumerate(tables):
            self.members[:, k] = _ids(indices[:, k], table.unit_ids)
        self.n_members = view(
            _where(abi.spk_consensus_n_members(pointer)), (n,), np.int32, handle
        )
        self.agreement = view(
            _where(abi.spk_consensus_agreements(pointer)), (n,), np.float64, handle
        )

    @property
    def n_units(self):
        """int: Number of units."""
        return len(self.n_members)

    def trains(self, findings=1, members=1):
        """Spike trains of the units.

        Parameters
        ----------
        findings : int
            A spike is kept if at least so many sortings found it, and has the time of the first
            that did: 1 for the union, 0 for what all sortings of the unit found, their
            intersection.
        members : int
            Units that fewer sortings found are left without spikes.

        Returns
        -------
        SpikeTable
            Unit ids are rows of `members`.
        """
        n = len(self._tables)
        sortings = (abi.spk_spikes * n)(*(table._struct() for table in self._tables))
        first = ctypes.cast(sortings, ctypes.POINTER(abi.spk_spikes))
        length, found = ctypes.c_int64(), abi.spk_spikes()
        for name, value in (("findings", findings), ("members", members)):
            if not 0 <= value < 2**31:
                raise ArgumentError(f"{name}: expected 0 or more, found {value}")
        with Call() as context:
            abi.spk_consensus_trains_length(context, first, n, ctypes.byref(length))
            samples, units = np.empty(length.value, np.int64), np.empty(length.value, np.int32)
            abi.spk_consensus_trains(
                context, self._handle.pointer, first, findings, members, samples, units, found
            )
        return SpikeTable._of(
            samples[: found.n_spikes].copy(),
            units[: found.n_spikes].copy(),
            np.arange(self.n_units),
            found.sampling_rate_hz,
            found.start_sample,
            found.stop_sample,
            None,
        )

    def to_dict(self):
        """dict of str to ndarray: ``n_members``, ``agreement``, and the members by name."""
        columns = {"n_members": self.n_members, "agreement": self.agreement}
        columns.update((name, self.members[:, k]) for k, name in enumerate(self.names))
        return columns

    def to_frame(self):
        """As :meth:`to_dict`, as a pandas DataFrame."""
        import pandas

        return pandas.DataFrame(self.to_dict())

    def __repr__(self):
        shared = int((self.n_members == len(self._tables)).sum())
        return f"<Consensus: {self.n_units} units of {len(self._tables)} sortings, {shared} in all>"


def compare_many(
    sortings,
    *,
    names=None,
    delta_ms=0.4,
    delta_samples=None,
    score="count",
    match_score=0.5,
    epochs=None,
    sampling_rate_hz=None,
    threads=None,
    progress=None,
):
    """Join several sortings of one recording into units that they agree on.

    Every two sortings are compared; their one-to-one matches, by falling agreement, join units
    into groups with at most one unit of each sorting.

    Parameters
    ----------
    sortings : sequence
        Each as for :func:`compare`.
    names : sequence of str, optional
        Default: "0", "1", ...
    delta_ms, delta_samples, score, match_score
        As for :func:`compare`.
    epochs, sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    Consensus

    Examples
    --------
    >>> import spikekit
    >>> one = ([10, 20, 30, 900], [0, 0, 0, 1], 30000.0)
    >>> two = ([11, 21, 40], [7, 7, 7], 30000.0)
    >>> found = spikekit.compare_many([one, two])
    >>> found
    <Consensus: 2 units of 2 sortings, 1 in all>
    >>> found.members
    array([[0, 7],
           [1, None]], dtype=object)
    >>> found.trains().samples
    array([ 10,  20,  30, 900])
    >>> found.trains(findings=0, members=2).samples
    array([10, 20, 30])
    """
    tables = [as_spikes(sorting, sampling_rate_hz) for sorting in sortings]
    names = [str(k) for k in range(len(tables))] if names is None else [str(n) for n in names]
    if len(names) != len(tables):
        raise ArgumentError(f"names: expected {len(tables)}, found {len(names)}")
    if len(set(names)) != len(names):
        raise ArgumentError("names: two are the same")
    options, kept = _options(
        tables, epochs, delta_ms, delta_samples, score, {"match_score": match_score}
    )
    structs = (abi.spk_spikes * max(len(tables), 1))(*(table._struct() for table in tables))
    pointer = ctypes.POINTER(abi.spk_consensus)()
    with Call(threads, progress) as context:
        abi.spk_consensus_create(
            context,
            ctypes.cast(structs, ctypes.POINTER(abi.spk_spikes)),
            len(tables),
            options,
            ctypes.byref(pointer),
        )
    del kept
    tables = [table._detached() for table in tables]
    return Consensus(Handle(pointer, abi.spk_consensus_destroy), tables, names)
