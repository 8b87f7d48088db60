# SPDX-License-Identifier: BSD-3-Clause
"""Sessions: what a sorter left behind, whatever its format."""

import ctypes

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import SpikekitError, hinted
from ._types import path_bytes, view
from .spikes import SpikeTable, _Parts

_DTYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")


class Handle:
    """Owns an object of the library. Views hold on to it, so that closing is safe at any
    time: the memory goes when the last of them is gone."""

    def __init__(self, pointer, destroy):
        self.pointer = pointer
        self._destroy = destroy

    def __del__(self):
        if self.pointer:
            self._destroy(self.pointer)
            self.pointer = None


def array_view(array, owner):
    """A numpy view of a pointer to spk_array; None for NULL."""
    if not array:
        return None
    array = array.contents
    dtype = np.dtype(_DTYPES[array.dtype])
    if array.swapped:
        dtype = dtype.newbyteorder()
    shape = tuple(array.shape[: array.n_dimensions])
    strides = None
    if array.fortran_order:
        steps = np.cumprod((dtype.itemsize,) + shape[:-1])
        strides = tuple(int(step) for step in steps)
    return view(array.data, shape, dtype, owner, strides)


def table_parts(spikes, unit_ids, owner):
    """Views of a spk_spikes of the library."""
    spikes = spikes.contents
    n = spikes.n_spikes
    return _Parts(
        view(ctypes.cast(spikes.samples, ctypes.c_void_p).value, (n,), np.int64, owner),
        view(ctypes.cast(spikes.units, ctypes.c_void_p).value, (n,), np.int32, owner),
        unit_ids,
        spikes.sampling_rate_hz,
        spikes.start_sample,
        spikes.stop_sample,
        None,
    )


class Session(SpikeTable):
    """What a sorter left behind: spikes, and what is known of units, spikes and probe.

    :func:`spikekit.load` makes sessions. Arrays are read-only views of the library's memory,
    for most files the mapped file itself; they stay valid after :meth:`close`. What a format
    lacks is ``None``, never invented.

    A session is a :class:`spikekit.SpikeTable`, so every analysis takes it.
    """

    def __init__(self, handle):
        self._handle = handle
        self._places = None
        self._cache = {}
        spikes = abi.spk_session_spikes(handle.pointer)
        ids = ctypes.cast(abi.spk_session_unit_ids(handle.pointer), ctypes.c_void_p).value
        ids = view(ids, (spikes.contents.n_units,), np.int64, handle)
        self._parts = table_parts(spikes, ids, handle)

    @property
    def _pointer(self):
        self._open()
        return self._handle.pointer

    def close(self):
        """Let go of the files. Arrays handed out before stay valid. Twice is fine."""
        self._parts = None
        self._handle = None
        self._cache = {}

    def __enter__(self):
        self._open()
        return self

    def __exit__(self, kind, error, traceback):
        self.close()

    def _view(self, function):
        return array_view(function(self._pointer), self._handle)

    @property
    def format(self):
        """str: "kilosort", "alf", "arrays" or "memory"."""
        return abi.spk_session_format(self._pointer)

    @property
    def path(self):
        """str: The path as opened."""
        return abi.spk_session_path(self._pointer)

    @property
    def amplitudes(self):
        """ndarray or None, shape (n_spikes,): Amplitude of each spike in the sorter's unit
        (Kilosort: a scaling factor, not uV; ALF: volt)."""
        return self._view(abi.spk_session_amplitudes)

    @property
    def spike_positions(self):
        """ndarray or None, shape (n_spikes, 2): x, y of each spike [um]."""
        return self._view(abi.spk_session_spike_positions)

    @property
    def spike_templates(self):
        """ndarray or None, shape (n_spikes,): Template of each spike."""
        return self._view(abi.spk_session_spike_templates)

    @property
    def channel_positions(self):
        """ndarray or None, shape (n_channels, 2): x, y of each channel [um]."""
        return self._view(abi.spk_session_channel_positions)

    @property
    def channel_map(self):
        """ndarray or None, shape (n_channels,): Row of each channel in the raw file."""
        return self._view(abi.spk_session_channel_map)

    def unit_positions(self):
        """Position of each unit: the median of its spike positions.

        Returns
        -------
        ndarray, shape (n_units, 2)
            x, y [um]; NaN for a unit without spikes.

        Raises
        ------
        NotFoundError
            The format gives no positions.
        """
        positions = np.empty((self.n_units, 2))
        with Call() as context:
            abi.spk_session_unit_positions(context, self._pointer, positions)
        return positions

    @property
    def labels(self):
        """dict of str to list of str: Columns of the unit tables, a text for each unit, ""
        where a table has none."""
        pointer = self._pointer
        if "labels" not in self._cache:
            self._cache["labels"] = {
                abi.spk_session_label_name(pointer, label): [
                    abi.spk_session_label_text(pointer, label, unit)
                    for unit in range(self.n_units)
                ]
                for label in range(abi.spk_session_n_labels(pointer))
            }
        return {name: list(texts) for name, texts in self._cache["labels"].items()}

    @property
    def quality(self):
        """list of str: For each unit the manual group ("good", "mua", "noise"), otherwise the
        sorter's label, otherwise "unsorted"."""
        pointer = self._pointer
        return [abi.spk_session_quality(pointer, unit) for unit in range(self.n_units)]

    @property
    def inputs(self):
        """list of str: Paths of the files that were read."""
        pointer = self._pointer
        n = abi.spk_session_n_inputs(pointer)
        return [abi.spk_session_input_path(pointer, i) for i in range(n)]

    def input_digests(self):
        """Digest of each input file, to say later what was analysed.

        Returns
        -------
        dict of str to str
            Path to XXH3 128-bit digest, as ``xxh128sum`` prints it.
        """
        pointer, digests = self._pointer, {}
        text = ctypes.create_string_buffer(33)
        with Call() as context:
            for i, path in enumerate(self.inputs):
                abi.spk_session_input_digest(context, pointer, i, text)
                digests[path] = text.value.decode()
        return digests

    def to_frame(self):
        """Units as a pandas DataFrame, by unit id: spikes, rate, quality, position, labels.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas

        counts = self.counts()
        columns = {"n_spikes": counts, "rate_hz": counts / self.duration_s, "quality": self.quality}
        if self.spike_positions is not None:
            columns["x_um"], columns["y_um"] = self.unit_positions().T
        columns.update(self.labels)
        return pandas.DataFrame(columns, index=pandas.Index(self.unit_ids, name="unit_id"))

    def _describe(self):
        return f"{self.format}, {super()._describe()}"

    def _repr_html_(self):
        if self._parts is None:
            return "<i>closed session</i>"
        import html

        quality = self.quality
        kinds = ", ".join(f"{quality.count(kind)} {kind}" for kind in sorted(set(quality)))
        rows = {
            "path": self.path,
            "format": self.format,
            "spikes": f"{self.n_spikes:,}",
            "units": f"{self.n_units:,} ({kinds})" if kinds else "0",
            "duration": f"{self.duration_s:.6g} s at {self.sampling_rate_hz:.12g} Hz",
        }
        cells = "".join(
            f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in rows.items()
        )
        return f"<table>{cells}</table>"


def _options(sampling_rate_hz, duration_s, sort, clusters):
    options = abi.spk_session_options()
    abi.spk_session_options_init(options, ctypes.sizeof(options))
    options.sampling_rate_hz = 0.0 if sampling_rate_hz is None else sampling_rate_hz
    options.duration_s = 0.0 if duration_s is None else duration_s
    options.sort = bool(sort)
    options.clusters = bool(clusters)
    return options


def load(path, *, sampling_rate_hz=None, duration_s=None, sort=False, clusters=True):
    """Open what a sorter left behind: a Kilosort or phy folder, or an IBL (ALF) folder.

    Files are mapped, not read; ``params.py`` is parsed as text and never executed, pickles
    are never read.

    Parameters
    ----------
    path : str or path-like
        The folder, or the ``params.py`` or ``spike_times.npy`` in it.
    sampling_rate_hz : float, optional
        Default: as the folder says.
    duration_s : float, optional
        Length of the recording [s]. Default: from the raw file's size when it is there,
        otherwise to the last spike.
    sort : bool
        Sort spike times that are not in order; otherwise they are an error.
    clusters : bool
        Take units after curation (``spike_clusters.npy``) when there; otherwise as sorted
        (``spike_templates.npy``).

    Returns
    -------
    Session

    Raises
    ------
    NotFoundError
        No such path, or a required file is missing. Also a FileNotFoundError.
    FormatError, UnsortedError
        A file does not hold what it should; the message has the path, what was expected, and
        what was found. Also ValueErrors.

    Examples
    --------
    >>> import os, tempfile
    >>> import spikekit
    >>> folder = os.path.join(tempfile.mkdtemp(), "phy")
    >>> spikekit.simulate(n_units=3, duration_s=60, seed=5).write(folder)
    >>> with spikekit.load(folder) as session:
    ...     print(session.format, session.n_units, session.sampling_rate_hz)
    kilosort 3 30000.0
    """
    options = _options(sampling_rate_hz, duration_s, sort, clusters)
    session = ctypes.POINTER(abi.spk_session)()
    try:
        with Call() as context:
            abi.spk_session_open(context, path_bytes(path), options, ctypes.byref(session))
    except SpikekitError as error:
        raise hinted(error) from None
    return Session(Handle(session, abi.spk_session_close))


def load_arrays(
    times_path, units_path, *, sampling_rate_hz=None, duration_s=None, sort=False
):
    """Open a pair of ``.npy`` files: times, and the unit id of each spike.

    Parameters
    ----------
    times_path, units_path : str or path-like
        Integer samples, which need a rate, or float seconds, which go to the nanosecond grid
        (1e9 Hz) unless a rate is given.
    sampling_rate_hz, duration_s, sort
        As for :func:`load`.

    Returns
    -------
    Session

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import spikekit
    >>> folder = tempfile.mkdtemp()
    >>> times, units = os.path.join(folder, "times.npy"), os.path.join(folder, "units.npy")
    >>> np.save(times, np.array([10, 20, 20, 31]))
    >>> np.save(units, np.array([8, 8, 3, 8]))
    >>> spikekit.load_arrays(times, units, sampling_rate_hz=30000).unit_ids
    array([3, 8])
    """
    options = _options(sampling_rate_hz, duration_s, sort, True)
    session = ctypes.POINTER(abi.spk_session)()
    paths = path_bytes(times_path), path_bytes(units_path)
    try:
        with Call() as context:
            abi.spk_session_open_arrays(context, *paths, options, ctypes.byref(session))
    except SpikekitError as error:
        raise hinted(error) from None
    return Session(Handle(session, abi.spk_session_close))
