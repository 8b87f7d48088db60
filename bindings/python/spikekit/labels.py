# SPDX-License-Identifier: BSD-3-Clause
"""Labels of units by tables of thresholds that anyone can edit."""

import ctypes
import os

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError, NotFoundError, UnknownNameError, with_nearest
from ._inputs import _is_sorting
from ._types import path_bytes
from .metrics import _Arrays, metrics as _compute
from .session import Handle
from .spikes import SpikeTable

_COLUMNS = ("label", "metric", "minimum", "maximum", "nan", "together")


def threshold_presets(name=None):
    """The tables of thresholds that tools use by default.

    Parameters
    ----------
    name : str, optional
        Only this one.

    Returns
    -------
    dict of str to str, or str
        Name, and the table as a .tsv file has it: write it down, edit it, and give the file to
        :func:`spikekit.label` or to ``spikekit curate --thresholds``.

    Examples
    --------
    >>> import spikekit
    >>> sorted(spikekit.threshold_presets())
    ['bombcell', 'ibl', 'kilosort', 'spikeinterface']
    >>> print(spikekit.threshold_presets()["kilosort"].splitlines()[1].split("\\t")[:3])
    ['mua', 'kilosort:is_refractory', '1']
    """
    presets = {
        abi.spk_thresholds_preset_name(p): abi.spk_thresholds_preset_text(p)
        for p in range(abi.spk_thresholds_n_presets())
    }
    if name is None:
        return presets
    if name not in presets:
        error = UnknownNameError(f"no preset {name!r}; there are {', '.join(presets)}")
        raise with_nearest(error, name, presets)
    return presets[name]


class Labels:
    """Labels of units, and why.

    :func:`spikekit.label` makes them.

    Attributes
    ----------
    labels : ndarray of str, shape (n_units,)
        "" for a unit that no label fits.
    reasons : ndarray of str, shape (n_units,)
        The threshold that decided: "num_spikes below 300"; "otherwise" for the last row.
    passed : ndarray of float, shape (n_units,)
        Share of the thresholds that the unit keeps; with "ibl" IBL's ``label``.
    failed : ndarray of int64, shape (n_units,)
        Bit r is set when the r-th of those is violated; with "ibl" IBL's ``bitwise_fail``.
    thresholds : list of str
        What bit 0, 1, ... of `failed` says: "num_spikes below 300".
    unit_ids : ndarray
    """

    def __init__(self, labels, reasons, passed, failed, unit_ids, thresholds):
        self.labels, self.reasons, self.thresholds = labels, reasons, thresholds
        self.passed, self.failed = passed, failed
        self.unit_ids = unit_ids

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, unit):
        return self.labels[unit]

    def __array__(self, dtype=None, copy=None):
        return np.array(self.labels, dtype)

    def __repr__(self):
        names, counts = np.unique(self.labels, return_counts=True)
        words = ", ".join(f"{n} {name or 'without'}" for name, n in zip(names, counts))
        return f"<Labels of {len(self)} units: {words}>"

    def failures(self, index):
        """The thresholds that a unit violates, in words.

        Parameters
        ----------
        index : int
            Its place among :attr:`unit_ids`.

        Returns
        -------
        list of str
        """
        bits = int(self.failed[index])
        return [text for r, text in enumerate(self.thresholds[:63]) if bits >> r & 1]

    def to_frame(self):
        """As a pandas DataFrame with an index of unit ids.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas

        names = ("labels", "reasons", "passed", "failed")
        index = pandas.Index(self.unit_ids, name="unit_id")
        return pandas.DataFrame({name.rstrip("s"): getattr(self, name) for name in names}, index)


def _cell(value):
    missing = value is None or (isinstance(value, float) and np.isnan(value))
    return "" if missing else str(value)


def _text_of(rows):
    """The table of a list of dicts, or of a DataFrame."""
    if hasattr(rows, "to_dict"):
        rows = rows.to_dict("records")
    rows = list(rows)
    if not all(hasattr(row, "items") for row in rows):
        raise ArgumentError("thresholds: expected a path, a preset, or rows that are dicts")
    columns = list(_COLUMNS)
    columns += sorted({str(name) for row in rows for name in row} - set(columns))
    lines = [columns] + [[_cell(row.get(name)) for name in columns] for row in rows]
    return "".join("\t".join(line) + "\n" for line in lines)


def _read(thresholds, names, arrays):
    """A Handle of spk_thresholds."""
    pointer = ctypes.POINTER(abi.spk_thresholds)()
    texts = arrays.texts(names)
    with Call() as context:
        if isinstance(thresholds, (str, os.PathLike)):
            source = path_bytes(thresholds)
            abi.spk_thresholds_read(context, source, len(names), texts, ctypes.byref(pointer))
        else:
            text = _text_of(thresholds).encode()
            abi.spk_thresholds_parse(context, text, len(names), texts, ctypes.byref(pointer))
    return Handle(pointer, abi.spk_thresholds_destroy)


def _metrics_of(data, thresholds):
    """The metrics of a session that the thresholds name and that it allows."""
    handle = _read(thresholds, [], _Arrays())
    names = []
    for row in range(abi.spk_thresholds_n_rows(handle.pointer)):
        metric = abi.spk_thresholds_metric(handle.pointer, row)
        if metric and metric.contents.name.decode() not in names:
            names.append(metric.contents.name.decode())
    while True:
        try:
            return _compute(data, names)
        except NotFoundError as error:
            missing = str(error).split(" needs ")[0]
            if missing not in names:
                raise
            names.remove(missing)


def _columns(metrics):
    """Names, an array (n_columns, n_units), and unit ids or None."""
    unit_ids = getattr(metrics, "unit_ids", None)
    if unit_ids is None and hasattr(metrics, "index"):
        unit_ids = np.asarray(metrics.index)
    names, values = [], []
    for name in metrics:
        try:
            column = np.asarray(metrics[name], np.float64)
        except (TypeError, ValueError):
            continue  # a column of texts
        if column.ndim != 1 or (values and len(column) != len(values[0])):
            raise ArgumentError(
                f"metrics[{name!r}]: expected a value for each unit, found shape {column.shape}"
            )
        names.append(str(name))
        values.append(column)
    array = np.array(values) if values else np.empty((0, 0))
    return names, np.ascontiguousarray(array), unit_ids


def _applied(handle, names, arrays):
    """The rows that count in `failed`: with a metric that is known, as are those of all rows
    that stand together with it."""
    n_rows = abi.spk_thresholds_n_rows(handle.pointer)
    columns = np.empty(n_rows, np.int64)
    with Call() as context:
        abi.spk_thresholds_columns(
            context, handle.pointer, len(names), arrays.texts(names), columns
        )
    rows = [abi.spk_thresholds_row(handle.pointer, row).contents for row in range(n_rows)]
    unknown = {
        (row.label_index, row.together)
        for row, column in zip(rows, columns)
        if row.metric and row.together and column < 0
    }
    return [
        r for r, row in enumerate(rows)
        if row.metric and columns[r] >= 0 and (row.label_index, row.together) not in unknown
    ]


def label(metrics, thresholds="bombcell"):
    """Labels units by their metrics.

    Labels are tried in the order in which the table first names them; a unit takes the first
    of which it violates a row, or all rows of one word of ``together``.

    Parameters
    ----------
    metrics : Metrics, DataFrame, or dict of str to array_like, shape (n_units,)
        As :func:`spikekit.metrics` gives them, or columns of one's own. NaN: not known.
        Of a session, simulation, spike table or path the metrics that the thresholds name
        are computed.
    thresholds : str, path, DataFrame or list of dict
        A .tsv or .csv table, the name of a preset ("bombcell", "spikeinterface", "ibl",
        "kilosort"), or the rows themselves: "label", "metric", "minimum", "maximum", "nan"
        ("ignore" or "fail") and "together". An empty metric takes every unit that is left.

    Returns
    -------
    Labels

    Raises
    ------
    FormatError
        Something is wrong with the table; the message says on which line.

    Warns
    -----
    SpikekitWarning
        Thresholds on metrics that are not among `metrics` are passed over.

    Examples
    --------
    >>> import spikekit
    >>> metrics = {"num_spikes": [50, 900, 4000], "presence_ratio": [1.0, 0.4, 0.9]}
    >>> rows = [
    ...     {"label": "noise", "metric": "num_spikes", "minimum": 100},
    ...     {"label": "mua", "metric": "presence_ratio", "minimum": 0.7},
    ...     {"label": "good"},
    ... ]
    >>> found = spikekit.label(metrics, rows)
    >>> list(found)
    ['noise', 'mua', 'good']
    >>> list(found.reasons)
    ['num_spikes below 100', 'presence_ratio below 0.7', 'otherwise']
    """
    arrays = _Arrays()
    if isinstance(metrics, (SpikeTable, str, os.PathLike)) or _is_sorting(metrics):
        metrics = _metrics_of(metrics, thresholds)
    names, values, unit_ids = _columns(metrics)
    handle = _read(thresholds, names, arrays)
    n_units = values.shape[1]
    indices, rows = np.empty(n_units, np.int32), np.empty(n_units, np.int64)
    passed, failed = np.empty(n_units), np.empty(n_units, np.int64)
    with Call() as context:
        abi.spk_labels_assign(
            context, handle.pointer, n_units, len(names), arrays.texts(names), values,
            indices, rows, passed, failed,
        )
    words = [
        abi.spk_thresholds_label(handle.pointer, k)
        for k in range(abi.spk_thresholds_n_labels(handle.pointer))
    ]
    reasons = []
    for row in range(abi.spk_thresholds_n_rows(handle.pointer)):
        text = ctypes.create_string_buffer(256)
        abi.spk_threshold_describe(abi.spk_thresholds_row(handle.pointer, row), text)
        reasons.append(text.value.decode("utf-8", "replace"))
    unit_ids = np.arange(n_units) if unit_ids is None else unit_ids
    applied = _applied(handle, names, arrays)
    return Labels(
        np.array([words[k] if k >= 0 else "" for k in indices], dtype=str),
        np.array([reasons[k] if k >= 0 else "" for k in rows], dtype=str),
        passed, failed, unit_ids, [reasons[row] for row in applied],
    )
