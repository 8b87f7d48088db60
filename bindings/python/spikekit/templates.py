# SPDX-License-Identifier: BSD-3-Clause
"""The sorter's templates as waveforms of units, and where units and spikes are."""

import ctypes
from collections import namedtuple

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError, NotFoundError
from ._inputs import as_spikes
from ._options import choice, filled
from ._types import pointer
from .session import Handle, Session

_DOUBLE = ctypes.POINTER(ctypes.c_double)
_WEIGHTS = ("positive_pc1", "pc1")
_METHODS = ("cosine", "l1", "l2")
_SUPPORTS = ("union", "intersection")
_LOCATIONS = ("monopolar", "center_of_mass", "grid_convolution", "main_channel")


def _session(data):
    table = as_spikes(data)
    if not isinstance(table, Session):
        raise ArgumentError(f"data: expected a Session or a path, found {type(data).__name__}")
    return table


def _part(function, session, context, kind, what):
    """What a session has in files that are opened when first asked for."""
    out = ctypes.POINTER(kind)()
    function(context, session._pointer, ctypes.byref(out))
    if not out:
        raise NotFoundError(f"{session.path}: the session has no {what}")
    return out


def spike_depths(data, *, weight="positive_pc1", threads=None, progress=None):
    """Depth of each spike from its principal components.

    It is the mean y of the spike's channels, weighted by the square of the first component
    there.

    Parameters
    ----------
    data : Session or path
        With ``pc_features.npy`` and ``pc_feature_ind.npy``.
    weight : {"positive_pc1", "pc1"}
        "positive_pc1", as phy and bombcell have it: negative components weigh nothing.
    threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    ndarray, shape (n_spikes,)
        [um]; NaN where all weights are 0.

    Raises
    ------
    NotFoundError
        The session has no features.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import spikekit
    >>> folder = os.path.join(tempfile.mkdtemp(), "phy")
    >>> session = spikekit.simulate(n_units=2, duration_s=10, seed=1)
    >>> session.write(folder)
    >>> np.save(os.path.join(folder, "pc_feature_ind.npy"), np.array([[0, 2], [1, 3]]))
    >>> features = np.ones((session.n_spikes, 1, 2), np.float32)
    >>> np.save(os.path.join(folder, "pc_features.npy"), features)
    >>> with spikekit.load(folder) as loaded:
    ...     y = loaded.channel_positions[:, 1]
    ...     expected = np.array([y[[0, 2]].mean(), y[[1, 3]].mean()])[loaded.spike_templates]
    ...     print(np.array_equal(spikekit.spike_depths(loaded), expected))
    True
    """
    session = _session(data)
    code = choice(weight, _WEIGHTS, "weight")
    depths = np.empty(session.n_spikes)
    with Call(threads, progress) as context:
        features = _part(
            abi.spk_session_features, session, context, abi.spk_features, "features"
        )
        abi.spk_features_depths(context, features, code, depths)
    return depths


class UnitTemplates:
    """Templates of units, unwhitened: a unit's is the mean of its spikes' templates.

    :func:`spikekit.unit_templates` makes it. Waveforms are made when asked for.

    Attributes
    ----------
    unit_ids : ndarray of int64, shape (n_units,)
    main_channels : ndarray of int32, shape (n_units,)
        Channel of the largest peak-to-peak amplitude; -1 for a unit without a template.
    peak_to_peak : ndarray, shape (n_units, n_channels)
        Amplitudes in the unit of the templates; NaN for a unit without spikes.
    n_samples, n_channels : int
    sampling_rate_hz : float
        0 where it is not known.
    """

    def __init__(self, session, threads=None, progress=None):
        spikes, out = session._struct(), ctypes.POINTER(abi.spk_unit_templates)()
        with Call(threads, progress) as context:
            templates = _part(
                abi.spk_session_templates, session, context, abi.spk_templates, "templates"
            )
            abi.spk_unit_templates_create(context, templates, spikes, ctypes.byref(out))
            self._handle = Handle(out, abi.spk_unit_templates_destroy)
            self._session = session._handle  # owns the arrays
            self._table = session._detached()
            self.unit_ids = session.unit_ids
            self.n_samples = templates.contents.n_samples
            self.n_channels = templates.contents.n_channels
            self.sampling_rate_hz = templates.contents.sampling_rate_hz
            self.main_channels = np.empty(len(self), np.int32)
            self.peak_to_peak = np.empty((len(self), self.n_channels))
            abi.spk_templates_amplitudes(context, out, self.main_channels, self.peak_to_peak)

    def __len__(self):
        return len(self.unit_ids)

    def __getitem__(self, unit_id):
        """The waveform of a unit, shape (n_samples, n_channels); NaN without spikes."""
        unit = int(self._table.unit_indices([unit_id], "unit_id")[0])
        waveform = np.empty((self.n_samples, self.n_channels))
        with Call() as context:
            abi.spk_templates_unit(context, self._handle.pointer, unit, waveform)
        return waveform

    def waveforms(self):
        """All waveforms at once.

        Returns
        -------
        ndarray, shape (n_units, n_samples, n_channels)
        """
        waveforms = np.empty((len(self), self.n_samples, self.n_channels))
        with Call() as context:
            for unit, waveform in enumerate(waveforms):
                abi.spk_templates_unit(context, self._handle.pointer, unit, waveform)
        return waveforms

    def __repr__(self):
        return (
            f"<UnitTemplates: {len(self)} units, {self.n_samples} samples of "
            f"{self.n_channels} channels>"
        )


def unit_templates(data, *, threads=None, progress=None):
    """Templates of units, with their amplitudes and main channels.

    A unit's template is the mean of its spikes' templates, unwhitened: as sorted it has one,
    after merges several.

    Parameters
    ----------
    data : Session or path
        With ``templates.npy``, or an IBL folder's ``templates.waveforms.npy``.
    threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    UnitTemplates
        ``result[unit_id]`` is a waveform, shape (n_samples, n_channels).

    Raises
    ------
    NotFoundError
        The session has no templates.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import spikekit
    >>> folder = os.path.join(tempfile.mkdtemp(), "phy")
    >>> spikekit.simulate(n_units=3, duration_s=10, seed=1).write(folder)
    >>> found = spikekit.unit_templates(folder)
    >>> found
    <UnitTemplates: 3 units, 61 samples of 384 channels>
    >>> waveform = found[1]
    >>> waveform.shape
    (61, 384)
    >>> bool(np.ptp(waveform, axis=0).argmax() == found.main_channels[1])
    True
    """
    return UnitTemplates(_session(data), threads, progress)


def _templates(data, threads, progress):
    return data if isinstance(data, UnitTemplates) else unit_templates(
        data, threads=threads, progress=progress
    )


#: Similarities of templates, and the shifts [samples] at which they were found.
TemplateSimilarity = namedtuple("TemplateSimilarity", "similarity lags")


def template_similarity(
    data, method="cosine", *, support="union", radius_um=100.0, max_lag_samples=0, threads=None,
    progress=None,
):
    """How alike the templates of all pairs of units are.

    Parameters
    ----------
    data : Session, path or UnitTemplates
    method : {"cosine", "l1", "l2"}
        The cosine, or 1 less the norm of the difference over the sum of the norms.
    support : {"union", "intersection"}
        Compare on the channels of either unit, or on those of both.
    radius_um : float
        A unit's channels are those so near to its main channel; 0: all.
    max_lag_samples : int
        Take the best of all shifts up to this.
    threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    TemplateSimilarity
        ``similarity``, shape (n_units, n_units), 0 for units without a common channel, NaN for
        a unit without a template; ``lags`` int32, of the same shape.

    Examples
    --------
    >>> import os, tempfile
    >>> import spikekit
    >>> folder = os.path.join(tempfile.mkdtemp(), "phy")
    >>> spikekit.simulate(n_units=3, duration_s=10, seed=1).write(folder)
    >>> found = spikekit.template_similarity(folder, "l1", max_lag_samples=2)
    >>> found.similarity.diagonal(), found.lags.diagonal()
    (array([1., 1., 1.]), array([0, 0, 0], dtype=int32))
    """
    options = filled(
        abi.spk_templates_similarity_options, method=choice(method, _METHODS, "method"),
        support=choice(support, _SUPPORTS, "support"), radius_um=radius_um,
        max_lag_samples=max_lag_samples,
    )
    templates = _templates(data, threads, progress)
    similarity = np.empty((len(templates), len(templates)))
    lags = np.empty(similarity.shape, np.int32)
    with Call(threads, progress) as context:
        abi.spk_templates_similarity(
            context, templates._handle.pointer, options, similarity, lags
        )
    return TemplateSimilarity(similarity, lags)


def unit_locations(
    data, method="monopolar", *, radius_um=None, max_distance_um=1000.0, grid_um=5.0,
    grid_margin_um=50.0, grid_decay_um=2.5, grid_sigma_ms=0.25, grid_percent=5.0,
    peak_sample=None, threads=None, progress=None,
):
    """Where each unit is, from its template, as SpikeInterface's ``unit_locations``.

    Parameters
    ----------
    data : Session, path or UnitTemplates
        Without templates, :meth:`Session.unit_positions` is the median of spike positions.
    method : {"monopolar", "center_of_mass", "grid_convolution", "main_channel"}
    radius_um : float, optional
        Channels so near to the main channel, default 75; of grid_convolution points of the
        grid, default 40.
    max_distance_um : float
        Of monopolar: bounds around the center of mass.
    grid_um, grid_margin_um, grid_decay_um, grid_sigma_ms, grid_percent : float
        Of grid_convolution: its step, how far it goes beyond the channels, decay of the
        weights, width of the trough, and share of the best scores kept [%].
    peak_sample : int, optional
        Of grid_convolution: where the trough is. Default: where the main channel of the unit
        is largest.
    threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    ndarray, shape (n_units, 4)
        x, y, z [um], z the distance from the plane of the channels, and alpha [unit of the
        templates * um]; NaN where the method has none, or the unit no template.

    Examples
    --------
    >>> import os, tempfile
    >>> import spikekit
    >>> folder = os.path.join(tempfile.mkdtemp(), "phy")
    >>> session = spikekit.simulate(n_units=5, duration_s=10, seed=1)
    >>> session.write(folder)
    >>> found = spikekit.unit_locations(folder, "center_of_mass")
    >>> bool((abs(found[:, :2] - session.unit_positions()) < 20).all())
    True
    """
    options = filled(
        abi.spk_templates_locations_options, method=choice(method, _LOCATIONS, "method"),
        radius_um=radius_um, max_distance_um=max_distance_um, grid_um=grid_um,
        grid_margin_um=grid_margin_um, grid_decay_um=grid_decay_um,
        grid_sigma_ms=grid_sigma_ms, grid_percent=grid_percent, peak_sample=peak_sample,
    )
    templates = _templates(data, threads, progress)
    locations = np.empty((len(templates), 4))
    with Call(threads, progress) as context:
        abi.spk_templates_locations(context, templates._handle.pointer, options, locations)
    return locations


# ---- features of a waveform ----

#: Points, values and slopes of a waveform on its peak channel; see spikekit.waveform_features.
WaveformFeatures = namedtuple(
    "WaveformFeatures", [name for name, _ in abi.spk_waveform_features._fields_]
)


def waveform_features(
    waveform, sampling_rate_hz=30000.0, *, recovery_s=0.00016, swap_ratio=1.5,
    channel_positions=None,
):
    """Measures a waveform, as the International Brain Laboratory does each spike's.

    Parameters
    ----------
    waveform : array_like, shape (n_samples,) or (n_samples, n_channels)
    sampling_rate_hz : float
    recovery_s : float
        From the trough to the recovery point.
    swap_ratio : float
        A positive peak at most so many times its trough gives way to it.
    channel_positions : array_like, shape (n_channels, 2), optional
        x, y [um], for ``spatial_spread_um``.

    Returns
    -------
    WaveformFeatures
        Samples are -1 and values NaN where there is no such point: ``peak_channel``,
        ``peak_sample``, ``trough_sample``, ``tip_sample``, ``half_peak_before_sample``,
        ``half_peak_after_sample``, ``recovery_sample``, the values there, ``is_inverted``,
        ``is_swapped``, ``peak_to_trough_ratio`` and its logarithm,
        ``peak_to_trough_duration_s``, ``half_peak_duration_s``, ``depolarisation_slope``,
        ``repolarisation_slope``, ``recovery_slope``, ``spatial_spread_um``.

    Examples
    --------
    >>> import spikekit
    >>> found = spikekit.waveform_features([0, 1, -2, -8, -3, 2, 4, 3, 1, 0], 10000)
    >>> found.peak_sample, found.trough_sample, found.peak_to_trough_ratio
    (3, 6, 2.0)
    >>> round(found.peak_to_trough_duration_s * 1000, 3)
    0.3
    """
    values = np.ascontiguousarray(waveform, np.float64)
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if values.ndim != 2:
        raise ArgumentError(f"waveform: expected 1 or 2 dimensions, found {values.ndim}")
    options = filled(
        abi.spk_waveform_options, sampling_rate_hz=sampling_rate_hz, recovery_s=recovery_s,
        swap_ratio=swap_ratio,
    )
    if channel_positions is not None:
        positions = np.ascontiguousarray(channel_positions, np.float64)
        if positions.shape != (values.shape[1], 2):
            raise ArgumentError(
                f"channel_positions: expected shape ({values.shape[1]}, 2), "
                f"found {positions.shape}"
            )
        options.channel_positions_um = pointer(positions, _DOUBLE)
    features = abi.spk_waveform_features()
    with Call() as context:
        abi.spk_waveform_measure(context, values, *values.shape, options, features)
    numbers = {name: getattr(features, name) for name in WaveformFeatures._fields}
    flags = {name: bool(numbers[name]) for name in ("is_inverted", "is_swapped")}
    return WaveformFeatures(**numbers | flags)
