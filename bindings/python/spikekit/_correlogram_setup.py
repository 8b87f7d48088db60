# SPDX-License-Identifier: BSD-3-Clause
"""The arguments of a count, checked and in the shape that the library takes."""

import ctypes
import os

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import AllocationError, ArgumentError, NotFoundError
from ._types import pointer

CONVENTIONS = ("spikekit", "spikeinterface", "phy", "pynapple", "cellexplorer")
NORMALIZATIONS = ("count", "rate", "conditional_rate", "pearson")
_SPIKEINTERFACE = 1
_PYNAPPLE = 3
_INT32 = ctypes.POINTER(ctypes.c_int32)


def normalization_number(name):
    """The library's number of a normalization."""
    known = str(name).replace("-", "_")
    if known not in NORMALIZATIONS:
        raise ArgumentError(
            f"normalization: expected one of {', '.join(NORMALIZATIONS)}, found {name!r}"
        )
    return NORMALIZATIONS.index(known)


def ids_of_quality(table, name, ids):
    """The unit ids of a quality such as "good" of a session; other ids as they are."""
    if not isinstance(ids, str) or not hasattr(table, "quality"):
        return ids
    quality = np.array(table.quality, dtype=object)
    if ids not in quality:
        found = ", ".join(sorted(set(quality))) or "no units"
        raise ArgumentError(f"{name}: no unit is {ids!r}, the session has {found}")
    return table.unit_ids[quality == ids]


def _memory_bytes():
    """Memory of this machine; beyond any array where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 1 << 62


class Setup:
    """Table, options and all that they borrow from."""

    def __init__(
        self,
        table,
        window_s,
        bin_s,
        convention,
        epochs,
        normalization,
        references=None,
        targets=None,
    ):
        self.normalization = NORMALIZATIONS[normalization_number(normalization)]
        self.window_s = window_s
        references = ids_of_quality(table, "references", references)
        targets = ids_of_quality(table, "targets", targets)
        self.table = table = table._detached()
        self.convention = convention
        self.epochs = table._epochs_within(epochs)
        self.spikes = table._struct()
        self.options = options = abi.spk_correlogram_options()
        abi.spk_correlogram_options_init(options, ctypes.sizeof(options))
        with Call() as context:
            abi.spk_correlogram_options_set_window(
                context,
                options,
                _convention_number(context, convention),
                table.sampling_rate_hz,
                float(window_s),
                float(bin_s),
            )
        self.n_bins = options.n_bins
        if self.epochs is not None:
            self._epochs_struct = self.epochs._struct()
            options.epochs = ctypes.pointer(self._epochs_struct)
        self.references, reference_ids = self._select("references", references)
        self.targets, target_ids = self._select("targets", targets)
        # The cube has references first, SpikeInterface's has targets first.
        self.targets_first = options.convention == _SPIKEINTERFACE
        self.row_ids, self.column_ids = reference_ids, target_ids
        self.rows, self.columns = self.references, self.targets
        if self.targets_first:
            self.row_ids, self.column_ids = target_ids, reference_ids
            self.rows, self.columns = self.targets, self.references

    def _select(self, name, ids):
        if ids is None:
            return np.arange(self.table.n_units, dtype=np.int32), self.table.unit_ids
        indices = self.table.unit_indices(ids, name)
        # A pointer to nothing would be NULL, which means all.
        self._keep = getattr(self, "_keep", []) + [indices if len(indices) else np.zeros(1, "i4")]
        setattr(self.options, name, pointer(self._keep[-1], _INT32))
        setattr(self.options, f"n_{name}", len(indices))
        return indices, self.table.unit_ids[indices]

    @property
    def bin_s(self):
        """The bin width that was used [s]."""
        if self.options.convention == _PYNAPPLE:
            return self.options.bin_s
        return self.options.bin_samples / self.table.sampling_rate_hz

    def new_counts(self, *rows):
        """An array of correlograms to fill, with a word of why when it is too large."""
        n_bytes = 8 * self.n_bins
        for n in rows:
            n_bytes *= n
        if n_bytes <= _memory_bytes():
            try:
                return np.empty((*rows, self.n_bins), np.int64)
            except MemoryError:
                pass
        raise AllocationError(
            f"{' x '.join(map(str, rows))} correlograms of {self.n_bins} bins take "
            f"{n_bytes / 2**30:.3g} GiB; window_s={self.window_s} is in seconds, and "
            "correlogram_rows() counts what does not fit in memory"
        )

    def lags(self):
        """Centre of each bin [s]."""
        lags = np.empty(self.n_bins)
        with Call() as context:
            abi.spk_correlogram_lags(context, self.options, self.table.sampling_rate_hz, lags)
        return lags

    def exposure(self):
        """Time that each bin was observed [s]."""
        exposure = np.empty(self.n_bins)
        with Call() as context:
            abi.spk_correlogram_exposure(context, self.spikes, self.options, exposure)
        return exposure

    def normalize(self, number, exposure, n_reference, n_target, counts, values):
        """Normalizes many correlograms: counts and values are (n, n_bins), the numbers of
        spikes lists of length n."""
        step = 8 * self.n_bins
        source, goal = counts.ctypes.data, values.ctypes.data
        normalize, spikes, options = abi.spk_correlogram_normalize, self.spikes, self.options
        where = exposure.ctypes.data
        with Call() as context:
            for i, (n_i, n_j) in enumerate(zip(n_reference, n_target)):
                at = i * step
                normalize(
                    context, spikes, options, number, n_i, n_j, where, source + at, goal + at
                )


def _convention_number(context, name):
    number = ctypes.c_int32()
    try:
        abi.spk_correlogram_convention_from_name(
            context, str(name).encode(), ctypes.byref(number)
        )
    except NotFoundError:
        raise ArgumentError(
            f"convention: expected one of {', '.join(CONVENTIONS)}, found {name!r}"
        ) from None
    return number.value
