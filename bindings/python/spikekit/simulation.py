# SPDX-License-Identifier: BSD-3-Clause
"""Simulated sorted sessions whose truth is known."""

import ctypes
import operator

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError
from ._types import path_bytes, view
from .session import Handle, table_parts
from .spikes import SpikeTable

_OPTIONS = tuple(name for name, kind in abi.spk_simulation_options._fields_[1:])
_INTEGERS = ("seed", "n_units", "modulation_groups", "common_groups", "common_size")


def _record(structure):
    """The numpy dtype of a C struct."""
    return np.dtype(structure)


def _address(pointer):
    return ctypes.cast(pointer, ctypes.c_void_p).value


class Simulation(SpikeTable):
    """A simulated session with its truth. :func:`spikekit.simulate` makes them.

    It is a :class:`spikekit.SpikeTable`, so every analysis takes it. Arrays are read-only
    views of the library's memory. Unit ids are 0 .. n_units - 1.

    Attributes
    ----------
    options : dict
        Every option of the simulation with its value.
    truth : dict of str to ndarray
        Truth of each unit, arrays of shape (n_units,): ``base_rate_hz`` (before
        refractoriness, drift, bursts and connections), ``contamination`` (foreign share of its
        spikes), ``missed`` (missed share of those it fired), ``x_um``, ``depth_um``,
        ``amplitude``, ``n_true_spikes``, ``n_missed``, ``n_foreign``, ``bursting``,
        ``modulation_group`` and ``modulation``, the weight of what it shares with its group.
    connections : dict of str to ndarray
        Truth of each connection, by source then target: ``source``, ``target``,
        ``latency_s``, ``strength`` (extra target spikes per source spike; negative: the share
        by which the target's rate falls), ``extra_pairs`` (pairs of the session's spikes that
        are due to it; negative: that it took).
    common_inputs : dict of str to ndarray
        Truth of each unit's part in a common input, by group then unit: ``group``, ``unit``,
        ``latency_s``, ``strength``, ``n_extra`` (extra spikes that the unit fired for it).
    """

    format = "simulation"

    def __init__(self, handle, options):
        pointer = handle.pointer
        self._handle = handle
        self._places = None
        self.options = options
        spikes = abi.spk_simulation_spikes(pointer)
        n_units = spikes.contents.n_units
        ids = np.arange(n_units, dtype=np.int64)
        ids.flags.writeable = False
        self._parts = table_parts(spikes, ids, handle)
        units = _record(abi.spk_simulation_unit)
        units = view(_address(abi.spk_simulation_units(pointer)), (n_units,), units, handle)
        self.truth = {name: units[name] for name in units.dtype.names}
        self.connections = self._records(
            abi.spk_simulation_connections, abi.spk_simulation_connection
        )
        self.common_inputs = self._records(
            abi.spk_simulation_common_inputs, abi.spk_simulation_common_input
        )

    def _records(self, function, structure):
        n = ctypes.c_int64()
        found = function(self._handle.pointer, ctypes.byref(n))
        record = _record(structure)
        rows = view(_address(found), (n.value,), record, self._handle)
        return {name: rows[name] for name in record.names}

    def _view(self, function, shape, dtype):
        return view(_address(function(self._handle.pointer)), shape, dtype, self._handle)

    @property
    def amplitudes(self):
        """ndarray, shape (n_spikes,): Amplitude of each spike."""
        return self._view(abi.spk_simulation_amplitudes, (self.n_spikes,), np.float64)

    @property
    def spike_positions(self):
        """ndarray, shape (n_spikes, 2): x, y of each spike [um]."""
        return self._view(abi.spk_simulation_positions, (self.n_spikes, 2), np.float32)

    @property
    def foreign(self):
        """ndarray of bool, shape (n_spikes,): Spikes that their unit did not fire."""
        return self._view(abi.spk_simulation_foreign, (self.n_spikes,), np.uint8) != 0

    def unit_positions(self):
        """True position of each unit.

        Returns
        -------
        ndarray, shape (n_units, 2)
            x, y [um].
        """
        return np.column_stack([self.truth["x_um"], self.truth["depth_um"]])

    def write(self, folder, *, overwrite=False):
        """Write a phy folder, with ``truth.json`` beside its files.

        Parameters
        ----------
        folder : str or path-like
            Made if absent.
        overwrite : bool
            Replace files that are already there; otherwise they are an error.
        """
        with Call() as context:
            abi.spk_simulation_write(
                context, path_bytes(folder), self._handle.pointer, bool(overwrite)
            )


def simulate(*, threads=None, progress=None, **options):
    """Simulate a sorted session whose truth is known.

    Units are renewal processes with log-normal rates, refractoriness, bursts and slow drift,
    tied by excitatory and inhibitory connections; then a sorter is imitated, which misses
    spikes and adds foreign ones. The header ``simulation.h`` defines every step.

    Parameters
    ----------
    n_units : int
        Default 300.
    duration_s : float
        Default 1200.
    seed : int
        Default 1. The same seed and options give the same spikes, whatever the threads.
    sampling_rate_hz : float
        Default 30000.
    rate_median_hz, rate_sigma : float
        Median of the log-normal base rates, default 4, and their standard deviation in ln,
        default 1.
    refractory_s : float
        Absolute refractory period, default 0.002.
    burst_share, burst_size, burst_interval_s : float
        Share of units that burst, default 0.1; mean spikes of a burst, default 3; mean
        interval in a burst beyond refractoriness, default 0.004.
    drift_sigma, drift_time_s : float
        Standard deviation of the drift of ln rate, default 0.2, and its correlation time,
        default 120.
    connection_share, inhibitory_share : float
        Share of ordered pairs that are connected, default 0.005, and share of connections
        that inhibit, default 0.2.
    connection_strength, connection_sigma : float
        Median of the extra target spikes per source spike, default 0.05, and its standard
        deviation in ln, default 0.5.
    connection_latency_s, connection_jitter_s, inhibition_s : float
        Mean latency, default 0.002; its jitter, default 0.0003; length of inhibition, default
        0.01.
    modulation_sigma, modulation_time_s, modulation_hz : float
        Standard deviation of a modulation of ln rate that units share, times 0.5 .. 1.5 for
        each unit, default 0: none; its correlation time, default 0.05; its frequency, default
        0: it does not oscillate.
    modulation_groups : int
        Groups of units with a modulation of their own, default 1.
    modulation_opposed : float
        Share of units modulated the other way, default 0.
    common_groups, common_size : int
        Groups of units driven by a source that is not recorded, default 0, and units of each,
        default 4.
    common_rate_hz, common_strength, common_latency_s, common_jitter_s : float
        Rate of each source, default 5; extra spikes of a unit per spike of the source, default
        0.2; latencies are uniform in 0 .. ``common_latency_s``, default 0.003; jitter of one,
        default 0.0003.
    contamination_max, missed_max : float
        Foreign share and missed share are uniform in 0 .. max, default 0.1 each.
    probe_length_um : float
        Default 3840.
    threads, progress
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    Simulation

    Examples
    --------
    >>> import spikekit
    >>> simulation = spikekit.simulate(n_units=20, duration_s=60, seed=7)
    >>> simulation.n_units, simulation.duration_s
    (20, 60.0)
    >>> bool((simulation.truth["n_foreign"] <= simulation.counts()).all())
    True
    >>> same = spikekit.simulate(n_units=20, duration_s=60, seed=7, threads=1)
    >>> bool((simulation.samples == same.samples).all())
    True
    """
    struct = abi.spk_simulation_options()
    abi.spk_simulation_options_init(struct, ctypes.sizeof(struct))
    for name, value in options.items():
        if name not in _OPTIONS:
            raise TypeError(f"simulate() has no option {name!r}; there are {', '.join(_OPTIONS)}")
        if name in _INTEGERS:
            value = operator.index(value)
            low, high = (0, 2**64) if name == "seed" else (-(2**63), 2**63)
            if not low <= value < high:
                raise ArgumentError(f"{name}: expected {low} to {high - 1}, found {value}")
        setattr(struct, name, value)
    simulation = ctypes.POINTER(abi.spk_simulation)()
    with Call(threads, progress) as context:
        abi.spk_simulation_run(context, struct, ctypes.byref(simulation))
    handle = Handle(simulation, abi.spk_simulation_destroy)
    return Simulation(handle, {name: getattr(struct, name) for name in _OPTIONS})
