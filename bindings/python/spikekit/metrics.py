# SPDX-License-Identifier: BSD-3-Clause
"""Metrics of sorted units: isolation, completeness, presence, drift and firing."""

import ctypes
from collections.abc import Mapping

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError, UnknownNameError, with_nearest
from ._inputs import as_spikes
from ._types import address, pointer, view
from .epochs import as_epochs
from .session import _DTYPES as _CODES, Handle, Session

_INT64 = ctypes.POINTER(ctypes.c_int64)
_DTYPES = [np.dtype(code) for code in _CODES]
_NEEDS = {"amplitudes": 1, "positions": 2, "templates": 4, "features": 8}


class Metric:
    """One metric of the catalogue.

    Attributes
    ----------
    name, group, unit, summary, undefined : str
        Its unique name; the metrics it is computed with; its unit, "1" for a plain number;
        its definition; and when it is NaN.
    peers : dict of str to str
        Tools that compute just this, and their names for it.
    needs : tuple of str
        What it is computed from besides spike times: "amplitudes", "positions",
        "templates", "features".
    is_slow : bool
        Computed only when it is asked for by name.
    """

    def __init__(self, struct):
        for name in ("name", "group", "unit", "summary", "undefined"):
            setattr(self, name, getattr(struct, name).decode())
        self.peers = dict(word.split(":", 1) for word in struct.peers.decode().split())
        self.needs = tuple(name for name, flag in _NEEDS.items() if struct.needs & flag)
        self.is_slow = bool(struct.is_slow)

    def __repr__(self):
        return f"<Metric {self.name} [{self.unit}]: {self.summary} NaN: {self.undefined}.>"


class Parameter:
    """Something that can be set.

    Attributes
    ----------
    name, group, unit, summary : str
    default, minimum, maximum : float
    """

    def __init__(self, struct):
        for name in ("name", "group", "unit", "summary"):
            setattr(self, name, getattr(struct, name).decode())
        self.default, self.minimum = struct.default_value, struct.minimum
        self.maximum = struct.maximum

    def __repr__(self):
        return f"<Parameter {self.name} = {self.default:g} [{self.unit}]: {self.summary}>"


def metrics_catalog():
    """Every metric there is, with its definition.

    Returns
    -------
    dict of str to Metric

    Examples
    --------
    >>> import spikekit
    >>> catalog = spikekit.metrics_catalog()
    >>> catalog["firing_rate"].summary
    'N / T, T the time for which the unit was observed.'
    """
    metrics = (
        Metric(abi.spk_metrics_catalog(m).contents)
        for m in range(abi.spk_metrics_catalog_length())
    )
    return {metric.name: metric for metric in metrics}


def metrics_parameters():
    """Everything that ``metrics(..., parameters={...})`` can set.

    Returns
    -------
    dict of str to Parameter
    """
    parameters = (
        Parameter(abi.spk_metrics_parameter_catalog(p).contents)
        for p in range(abi.spk_metrics_parameter_catalog_length())
    )
    return {parameter.name: parameter for parameter in parameters}


class Metrics(Mapping):
    """Metrics by name: a mapping of column names to arrays, a value for each unit.

    :func:`spikekit.metrics` makes them.

    Attributes
    ----------
    unit_ids : ndarray of int64, shape (n_units,)
    """

    def __init__(self, columns, unit_ids, metrics):
        self._columns = columns
        self._metrics = metrics
        self.unit_ids = unit_ids

    def __getitem__(self, name):
        try:
            return self._columns[name]
        except KeyError:
            error = UnknownNameError(f"no column {name!r}")
            raise with_nearest(error, name, self._columns) from None

    def __iter__(self):
        return iter(self._columns)

    def __len__(self):
        return len(self._columns)

    def __repr__(self):
        return f"<Metrics: {len(self)} columns of {len(self.unit_ids)} units>"

    def _repr_html_(self):
        try:
            return self.to_frame()._repr_html_()
        except ImportError:
            return None

    def describe(self, name):
        """The catalogue's entry of a column.

        Returns
        -------
        Metric
        """
        return self._metrics[name]

    def to_frame(self):
        """As a pandas DataFrame with an index of unit ids.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas

        index = pandas.Index(self.unit_ids, name="unit_id")
        return pandas.DataFrame(dict(self._columns), index=index)


class _Arrays:
    """C structs of numpy arrays, kept alive with them."""

    def __init__(self):
        self.kept = []

    def array(self, values, name):
        """A pointer to spk_array; the library checks its shape."""
        values = np.ascontiguousarray(values)
        if values.dtype not in _DTYPES or not values.dtype.isnative:
            try:
                values = values.astype(np.float64)
            except (TypeError, ValueError):
                raise ArgumentError(f"{name}: expected numbers, found {values.dtype}") from None
        if not 1 <= values.ndim <= 8:
            raise ArgumentError(f"{name}: expected 1 or 2 dimensions, found {values.ndim}")
        struct = abi.spk_array()
        struct.dtype = _DTYPES.index(values.dtype)
        struct.n_dimensions = values.ndim
        struct.shape[:] = values.shape + (1,) * (8 - values.ndim)
        struct.n_elements, struct.item_size = values.size, values.dtype.itemsize
        struct.data = address(values)
        self.kept += [values, struct]
        return ctypes.pointer(struct)

    def texts(self, values):
        """A pointer to C strings."""
        encoded = [str(value).encode() for value in values]
        texts = (ctypes.c_char_p * max(len(encoded), 1))(*encoded)
        self.kept.append(texts)
        return ctypes.cast(texts, ctypes.POINTER(ctypes.c_char_p))

    def settings(self, parameters):
        """A pointer to spk_metrics_setting."""
        settings = (abi.spk_metrics_setting * max(len(parameters), 1))()
        for setting, (name, value) in zip(settings, parameters.items()):
            setting.name, setting.value = str(name).encode(), float(value)
        self.kept.append(settings)
        return ctypes.cast(settings, ctypes.POINTER(abi.spk_metrics_setting))

    def periods(self, periods, table):
        """A pointer to spk_periods of a mapping from unit id to what as_epochs() takes."""
        indices = table.unit_indices(list(periods), "periods")
        by_unit = dict(zip(indices.tolist(), periods.values()))
        offsets, starts, stops = [0], [], []
        for unit in range(table.n_units):
            own = as_epochs(by_unit.get(unit), table.sampling_rate_hz)
            if own is not None:
                starts.extend(own.starts)
                stops.extend(own.stops)
            offsets.append(len(starts))
        arrays = [np.array(values, np.int64) for values in (offsets, starts, stops)]
        struct = abi.spk_periods(table.n_units, *(pointer(array, _INT64) for array in arrays))
        self.kept += [struct, *arrays]
        return ctypes.pointer(struct)


def _input(context, table, needs, amplitudes, positions, arrays):
    """A spk_metrics_input of a table, and of what it knows besides its spikes."""
    struct = abi.spk_metrics_input()
    abi.spk_metrics_input_init(struct, ctypes.sizeof(struct))
    if isinstance(table, Session):
        abi.spk_metrics_input_from_session(context, table._pointer, needs, struct)
    else:
        spikes = table._struct()
        arrays.kept.append(spikes)
        struct.spikes = ctypes.pointer(spikes)
        if amplitudes is None and needs & _NEEDS["amplitudes"]:
            amplitudes = getattr(table, "amplitudes", None)
        if positions is None and needs & _NEEDS["positions"]:
            positions = getattr(table, "spike_positions", None)
    if amplitudes is not None:
        struct.amplitudes = arrays.array(amplitudes, "amplitudes")
    if positions is not None:
        struct.spike_positions = arrays.array(positions, "positions")
    return struct


def _hinted(error, definition):
    """An unknown name of a call of metrics(), with what was probably meant."""
    word = str(error).split("'")[1]
    catalog = metrics_catalog().values()
    tools = {tool for metric in catalog for tool in metric.peers}
    kind = str(error).split()[1]
    if kind == "metric" and word in tools:
        return UnknownNameError(f"{error}; definition={word!r} gives the metrics of a tool")
    if kind == "definition":
        return with_nearest(error, word, sorted(tools))
    if kind == "parameter":
        return with_nearest(error, word, metrics_parameters())
    topics = (
        abi.spk_metrics_topic_catalog(t).contents.name.decode()
        for t in range(abi.spk_metrics_topic_catalog_length())
    )
    named = [m for m in catalog if definition is None or definition in m.peers]
    own = [m.name if definition is None else m.peers[definition] for m in named]
    return with_nearest(error, word, [*topics, *own, *(m.group for m in named)])


def metrics(
    data,
    names=None,
    *,
    definition=None,
    parameters=None,
    amplitudes=None,
    positions=None,
    epochs=None,
    periods=None,
    sampling_rate_hz=None,
    threads=None,
    progress=None,
):
    """Metrics of every unit.

    Each definition of each tool is a metric with a name of its own:
    :func:`spikekit.metrics_catalog` lists them with their formulas.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
        A session or a path also gives amplitudes, positions, templates and features.
    names : str or sequence of str, optional
        Metrics, groups of metrics, "contamination" or "completeness" for all groups that
        estimate it, or "tool:name" for a tool's metric by its own name. Default: all that the
        data allow and that are not slow.
    definition : str, optional
        Only the metrics of one tool, under its own names: "spikeinterface", "allen", "ibl",
        "bombcell", "kilosort" or "cellexplorer".
    parameters : dict of str to float, optional
        What to set otherwise than by default: see :func:`spikekit.metrics_parameters`.
    amplitudes : array_like, shape (n_spikes,), optional
        Amplitude of each spike in the order of `data`'s spikes.
    positions : array_like, shape (n_spikes, 2), optional
        x, y of each spike [um].
    epochs : Epochs, IntervalSet or array_like, shape (n, 2), optional
        Only these parts of the recording, in seconds unless they are :class:`Epochs`.
    periods : dict of unit id to the like of `epochs`, optional
        Only the time for which each unit was well recorded. A unit that is not in the
        dictionary has no time.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    Metrics
        A mapping of names to arrays of shape (n_units,), NaN where undefined; its
        ``to_frame()`` is a pandas DataFrame.

    Raises
    ------
    UnknownNameError
        No such metric, definition or parameter. Also a NotFoundError and a KeyError.
    NotFoundError
        A metric that was named needs what the data do not have.

    Examples
    --------
    >>> import spikekit
    >>> session = spikekit.simulate(n_units=3, duration_s=60, seed=1)
    >>> found = spikekit.metrics(session, ["num_spikes", "firing_rate"])
    >>> found["num_spikes"] / 60 == found["firing_rate"]
    array([ True,  True,  True])
    >>> list(spikekit.metrics(session, "activity", definition="allen"))
    ['firing_rate']
    """
    table = as_spikes(data, sampling_rate_hz)
    arrays = _Arrays()
    options = abi.spk_metrics_options()
    abi.spk_metrics_options_init(options, ctypes.sizeof(options))
    if definition is not None:
        options.definition = str(definition).encode()
    if names is not None:
        names = [names] if isinstance(names, str) else list(names)
        options.names, options.n_names = arrays.texts(names), len(names)
    if parameters:
        options.settings, options.n_settings = arrays.settings(parameters), len(parameters)
    epochs = table._epochs_within(epochs)
    if epochs is not None:
        borrowed = epochs._struct()
        arrays.kept += [epochs, borrowed]
        options.epochs = ctypes.pointer(borrowed)
    if periods is not None:
        options.periods = arrays.periods(periods, table)
    pointer_out = ctypes.POINTER(abi.spk_metrics)()
    needs = ctypes.c_int32()
    with Call(threads, progress) as context:
        try:
            abi.spk_metrics_needs(context, options, ctypes.byref(needs))
        except UnknownNameError as error:
            raise _hinted(error, definition) from None
        struct = _input(context, table, needs.value, amplitudes, positions, arrays)
        abi.spk_metrics_compute(context, struct, options, ctypes.byref(pointer_out))
    handle = Handle(pointer_out, abi.spk_metrics_destroy)
    columns, described = {}, {}
    for column in range(abi.spk_metrics_n_columns(pointer_out)):
        name = abi.spk_metrics_name(pointer_out, column)
        where = ctypes.cast(abi.spk_metrics_values(pointer_out, column), ctypes.c_void_p)
        columns[name] = view(where.value, (table.n_units,), np.float64, handle)
        described[name] = Metric(abi.spk_metrics_metric(pointer_out, column).contents)
    return Metrics(columns, table.unit_ids, described)
