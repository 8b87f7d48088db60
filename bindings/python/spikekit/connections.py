# SPDX-License-Identifier: BSD-3-Clause
"""Which peaks and troughs of correlograms are real."""

import ctypes

import numpy as np

from . import _abi as abi
from ._context import Call
from ._correlogram_setup import ids_of_quality
from ._errors import ArgumentError, NotFoundError
from ._inputs import as_spikes
from ._options import choice, filled
from ._types import pointer
from .session import Handle
from .spikes import SpikeTable

_INT32 = ctypes.POINTER(ctypes.c_int32)
_SIGNS = ("excess", "lack", "both")
_SIGN_NUMBERS = (1, -1, 0)
_MOST_METHODS = 64


class ConnectionMethod:
    """A method of judging pairs, and its defaults.

    Attributes
    ----------
    name, summary : str
    bin_s, window_s : float
        Bin and full width of the correlogram [s].
    min_latency_s, max_latency_s : float
        Latencies that are tested [s].
    width_s : float
        Time scale of the background [s]; NaN: it has none.
    alpha : float
        Level of its own rule; NaN: it has none.
    skip_center : bool
        Whether it leaves the bin at lag 0 out of the background if it is not told.
    """

    def __init__(self, info):
        self.name, self.summary = info.name, info.summary
        if isinstance(self.name, bytes):
            self.name, self.summary = self.name.decode(), self.summary.decode()
        self.bin_s, self.window_s = info.bin_s, info.window_s
        self.min_latency_s, self.max_latency_s = info.min_latency_s, info.max_latency_s
        self.width_s, self.alpha = info.width_s, info.alpha
        self.skip_center = bool(info.skip_center)

    def __repr__(self):
        return f"<ConnectionMethod {self.name}: {self.summary}>"


def connection_methods():
    """Every method of :func:`spikekit.connections`.

    Returns
    -------
    dict of str to ConnectionMethod

    Examples
    --------
    >>> import spikekit
    >>> round(1e3 * spikekit.connection_methods()["english"].bin_s, 6)
    0.4
    """
    found = (abi.spk_connections_method(number) for number in range(_MOST_METHODS))
    methods = (ConnectionMethod(info.contents) for info in found if info)
    return {method.name: method for method in methods}


def _method_number(name):
    number = ctypes.c_int32()
    with Call() as context:
        try:
            abi.spk_connections_method_from_name(
                context, str(name).encode(), ctypes.byref(number)
            )
        except NotFoundError as error:
            raise ArgumentError(str(error)) from None
    return number.value


class Connections:
    """A table of tests: :func:`spikekit.connections` makes it.

    Each attribute is an array with an element for each row. Rows are by source, then target.

    Attributes
    ----------
    source, target : ndarray
        Unit ids: the target fires after the source.
    source_index, target_index : ndarray of int
        Their places among ``unit_ids``.
    sign : ndarray of int
        1: more pairs than expected, -1: fewer.
    latency_s : ndarray
        Centre of the most extreme bin tested [s].
    count, expected : ndarray
        Pairs in that bin, and what the method expects there.
    p, q, log_p, log_q : ndarray
        Of the test, all latencies of the pair together; q by Benjamini and Hochberg over all
        tests made. The natural logarithms are right where p is too small for a float.
    transmission, transmission_lower, transmission_upper : ndarray
        Extra target spikes a source spike, with 95 % limits; NaN where the method expects no
        counts.
    effect : ndarray
        The method's own measure: J of "glmcc"; NaN where there is none.
    significant : ndarray of bool
        By the method's own rule at `alpha`.
    n_tests : int
        Tests made, whether or not their rows were kept.
    method : str
    parameters : dict
        The method's numbers as they were used.
    unit_ids : ndarray
    """

    def __init__(self, rows, unit_ids, n_tests, method, parameters, again):
        self._rows, self._again = rows, again
        self.unit_ids, self.n_tests = unit_ids, n_tests
        self.method, self.parameters = method, parameters
        self.source_index, self.target_index = rows["source"], rows["target"]
        self.source, self.target = unit_ids[rows["source"]], unit_ids[rows["target"]]
        self.significant = rows["significant"] != 0
        for name in rows.dtype.names[2:]:
            if name != "significant":
                setattr(self, name, rows[name])
        self.p, self.q = np.exp(self.log_p), np.exp(self.log_q)

    def __len__(self):
        return len(self._rows)

    def __repr__(self):
        return (
            f"<Connections: {len(self)} rows of {self.n_tests} tests, {self.method}, "
            f"{int((self.q <= 0.05).sum())} with q <= 0.05>"
        )

    def select(self, mask):
        """The rows where a mask is true, or at some places.

        Parameters
        ----------
        mask : array_like of bool or int

        Returns
        -------
        Connections
            With the same n_tests and q.

        Examples
        --------
        >>> import spikekit
        >>> session = spikekit.simulate(n_units=8, duration_s=60, seed=2)
        >>> found = spikekit.connections(session, max_p=1)
        >>> strong = found.select((found.q < 0.01) & (found.sign > 0))
        """
        return Connections(
            self._rows[np.asarray(mask)], self.unit_ids, self.n_tests, self.method,
            self.parameters, self._again,
        )

    def matrix(self, name="transmission", sign=1):
        """One column as a matrix of units.

        Parameters
        ----------
        name : str
            Any of the attributes with numbers.
        sign : {1, -1}
            Of which tests.

        Returns
        -------
        ndarray, shape (n_units, n_units)
            [source][target]; NaN where there is no row.
        """
        values = np.full((len(self.unit_ids),) * 2, np.nan)
        rows = self.sign == sign
        values[self.source_index[rows], self.target_index[rows]] = getattr(self, name)[rows]
        return values

    def to_frame(self):
        """As a pandas DataFrame, the smallest p first.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas

        names = (
            "source", "target", "sign", "latency_s", "count", "expected", "p", "q",
            "transmission", "transmission_lower", "transmission_upper", "effect",
            "significant",
        )
        order = np.argsort(self.log_p, kind="stable")
        return pandas.DataFrame({name: getattr(self, name)[order] for name in names})

    def curve(self, source, target):
        """The correlogram of a pair with what the method expected of it.

        Parameters
        ----------
        source, target : unit ids

        Returns
        -------
        dict of str to ndarray
            "lags_s", "counts", "expected", and "lower" and "upper": what is beyond them is a
            lack or an excess at the method's alpha. NaN where the method says nothing.
        """
        return self._again.curve(source, target)


def _with_units(table, ids):
    """The table of some units only."""
    places = np.unique(table.unit_indices(ids, "units"))
    parts = table._detached()._open()
    keep = np.isin(parts.units, places)
    indices = np.searchsorted(places, parts.units[keep]).astype(np.int32)
    return SpikeTable._of(
        parts.samples[keep], indices, np.asarray(table.unit_ids)[places],
        table.sampling_rate_hz, table.start_sample, table.stop_sample, table.epochs,
    )


class _Request:
    """Table, options and all that they borrow from."""

    def __init__(self, table, method, epochs, pairs, values):
        self.table = table = table._detached()
        self.spikes, self.method = table._struct(), method
        self.options = filled(abi.spk_connections_options, **values)
        self.options.method = _method_number(method)
        for name in ("width_s", "alpha"):
            own = getattr(abi.spk_connections_method(self.options.method)[0], name)
            if values.get(name) is not None and np.isnan(own):
                raise ArgumentError(f"{name}: method {method!r} has none")
        self.epochs = table._epochs_within(epochs)
        if self.epochs is not None:
            self._epochs_struct = self.epochs._struct()
            self.options.epochs = ctypes.pointer(self._epochs_struct)
        if pairs is not None:
            ids = np.asarray(pairs)
            if ids.size == 0:
                ids = ids.reshape(0, 2)
            if ids.ndim != 2 or ids.shape[1] != 2:
                raise ArgumentError(f"pairs: expected shape (n, 2), found {ids.shape}")
            indices = table.unit_indices(ids.ravel(), "pairs").astype(np.int32)
            self._pairs = indices if len(indices) else np.zeros(2, np.int32)
            self.options.pairs = pointer(self._pairs, _INT32)
            self.options.n_pairs = len(ids)

    def find(self, threads, progress):
        out = ctypes.POINTER(abi.spk_connections)()
        with Call(threads, progress) as context:
            abi.spk_connections_find(context, self.spikes, self.options, ctypes.byref(out))
        handle = Handle(out, abi.spk_connections_destroy)
        n = abi.spk_connections_n_rows(out)
        where = ctypes.cast(abi.spk_connections_rows(out), ctypes.c_void_p).value
        dtype = np.dtype(abi.spk_connection)
        rows = np.frombuffer(
            ctypes.string_at(where, n * dtype.itemsize) if n else b"", dtype
        )
        resolved = abi.spk_connections_resolved(out).contents
        names = (
            "signs", "bin_s", "window_s", "min_latency_s", "max_latency_s", "width_s",
            "alpha", "max_p",
        )
        parameters = {name: getattr(resolved, name) for name in names}
        parameters["skip_center"] = bool(resolved.skip_center)
        n_tests = abi.spk_connections_n_tests(out)
        del handle
        return Connections(
            rows, np.asarray(self.table.unit_ids), n_tests, self.method, parameters, self
        )

    def curve(self, source, target):
        source, target = self.table.unit_indices([source, target], "unit").tolist()
        n_bins = ctypes.c_int64()
        with Call() as context:
            abi.spk_connections_curve_length(
                context, self.spikes, self.options, ctypes.byref(n_bins)
            )
            names = [field[0] for field in abi.spk_connection_curve._fields_]
            arrays = {name: np.empty(n_bins.value) for name in names}
            double = ctypes.POINTER(ctypes.c_double)
            struct = abi.spk_connection_curve(
                *(pointer(array, double) for array in arrays.values())
            )
            abi.spk_connections_curve(
                context, self.spikes, self.options, source, target, struct
            )
        return arrays


def connections(
    data,
    method="hollow",
    *,
    pairs=None,
    units=None,
    signs=None,
    bin_s=None,
    window_s=None,
    min_latency_s=None,
    max_latency_s=None,
    width_s=None,
    alpha=None,
    skip_center=None,
    max_p=0.01,
    epochs=None,
    sampling_rate_hz=None,
    threads=None,
    progress=None,
):
    """Find which peaks and troughs of cross-correlograms are real.

    Each ordered pair of units is tested for more, and for fewer, target spikes at short
    latencies after source spikes than the method expects.

    Parameters
    ----------
    data : Session, Simulation, SpikeTable, path, or what :func:`spikekit.correlograms` takes
    method : str
        "hollow" (Stark and Abeles 2009), "english" (English et al. 2017), "kopelowitz",
        "deconvolution" (Spivak et al. 2022), "glmcc" and "glmcc_lr" (Kobayashi et al. 2019),
        "jitter" (Jeck and Niebur 2015), "refractory" (Kilosort's):
        see :func:`spikekit.connection_methods`.
    pairs : array_like of unit ids, shape (n_pairs, 2), optional
        Only these pairs, source first: those of :func:`spikekit.near_pairs`, say. Of method
        "refractory" a pair has no direction: it is tested once, the lower index as source.
    units : array_like of unit ids, or a quality such as "good", optional
        Only pairs of these units.
    signs : {"excess", "lack", "both"}, optional
        What is tested. Default: the method's own choice: "excess", but "both" for
        "kopelowitz", "glmcc" and "glmcc_lr", and "lack" for "refractory". What the others claim
        as a lack is mostly the shadow of a strong peak: too much is expected beside it.
    bin_s, window_s, min_latency_s, max_latency_s, width_s, alpha : float, optional
        Default: the method's own values.
    skip_center : bool, optional
        Leave the bin at lag 0 out of what the background is estimated from: for pairs on the
        same electrodes, where a sorter misses spikes that overlap. Only "hollow", "english" and
        "deconvolution" can. Default: the method's own choice, True for "english".
    max_p : float
        Rows with a larger p are counted as tests but not kept; 1 keeps all. q is exact where it
        is at most max_p.
    epochs
        Count a pair when both spikes lie in the same epoch; as for
        :func:`spikekit.correlograms`.
    sampling_rate_hz, threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    Connections

    Examples
    --------
    >>> import spikekit
    >>> session = spikekit.simulate(
    ...     n_units=6, duration_s=300, connection_share=0.1, connection_strength=0.2, seed=5)
    >>> found = spikekit.connections(session, method="hollow")
    >>> certain = found.select(found.q < 1e-6)
    >>> bool((certain.p <= certain.q).all())
    True
    """
    table = as_spikes(data, sampling_rate_hz)
    if units is not None:
        if pairs is not None:
            raise ArgumentError("units and pairs exclude each other: pairs name their units")
        table = _with_units(table, ids_of_quality(table, "units", units))
    values = {
        "bin_s": bin_s, "window_s": window_s, "min_latency_s": min_latency_s,
        "max_latency_s": max_latency_s, "width_s": width_s, "alpha": alpha, "max_p": max_p,
    }
    if skip_center is not None:
        values["skip_center"] = int(bool(skip_center))
    if signs is not None:
        values["signs"] = _SIGN_NUMBERS[choice(signs, _SIGNS, "signs")]
    return _Request(table, method, epochs, pairs, values).find(threads, progress)
