# SPDX-License-Identifier: BSD-3-Clause
"""What the counting functions of `correlogram` return."""

import numpy as np

from . import _abi as abi
from ._context import Call
from ._correlogram_setup import NORMALIZATIONS, normalization_number
from ._errors import ArgumentError
from .spikes import spike_counts


_AXIS_LABELS = {
    "count": "pairs of spikes",
    "rate": "rate of pairs (Hz$^2$)",
    "conditional_rate": "rate of the target (Hz)",
    "pearson": "correlation coefficient",
}


class _Result:
    """Counts by lag, with the axes and the ways to normalize them.

    Attributes
    ----------
    counts : ndarray of int64, shape (..., n_bins)
        Pairs of spikes in each bin.
    normalization : str
        What `values` are.
    convention : str
        Whose bins these are.
    bin_s : float
        Bin width [s].
    """

    def __init__(self, setup, counts):
        self._setup = setup
        self.counts = counts
        self.normalization = setup.normalization
        self.convention = setup.convention
        self.bin_s = setup.bin_s
        self._values = {}
        self._lags = self._exposure = self._n_spikes = None

    @property
    def lags_s(self):
        """ndarray, shape (n_bins,): Centre of each bin [s]."""
        if self._lags is None:
            self._lags = self._setup.lags()
        return self._lags

    @property
    def exposure_s(self):
        """ndarray, shape (n_bins,): How long each bin was observed [s]: the time for which t
        and t + lag lie in the same epoch."""
        if self._exposure is None:
            self._exposure = self._setup.exposure()
        return self._exposure

    @property
    def values(self):
        """ndarray, shape of `counts`: Counts in the normalization that was asked for."""
        return self.normalized(self.normalization)

    def _spikes_of(self, indices):
        if self._n_spikes is None:
            self._n_spikes = spike_counts(self._setup.table, self._setup.epochs)
        return self._n_spikes[indices].tolist()

    def normalized(self, normalization):
        """Values in any normalization.

        Parameters
        ----------
        normalization : str
            As for :func:`spikekit.correlograms`.

        Returns
        -------
        ndarray, shape of `counts`
            NaN where undefined. Computed once and kept.
        """
        number = normalization_number(normalization)
        if number == 0:
            return self.counts
        normalization = NORMALIZATIONS[number]
        if normalization not in self._values:
            values = np.empty(self.counts.shape)
            n_reference, n_target = self._spike_numbers()
            self._setup.normalize(
                number, self.exposure_s, n_reference, n_target, self.counts, values
            )
            self._values[normalization] = values
        return self._values[normalization]

    def _bins(self):
        what = "counts" if self.normalization == "count" else self.normalization
        return what, f"{len(self.lags_s)} bins of {self.bin_s * 1e3:.6g} ms, {self.convention}"


class Correlograms(_Result):
    """Correlograms of every reference with every target.

    ``result[a, b]`` is that of two unit ids, in the order of the axes: reference and target,
    except for the "spikeinterface" convention, which has targets first.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_references, n_targets, n_bins)
        Pairs of spikes in each bin ("spikeinterface": targets first).
    row_ids, column_ids : ndarray
        Unit ids of the two first axes.
    """

    def __init__(self, setup, counts):
        super().__init__(setup, counts)
        self.row_ids, self.column_ids = setup.row_ids, setup.column_ids
        self._rows = {key: i for i, key in enumerate(self.row_ids.tolist())}
        self._columns = {key: i for i, key in enumerate(self.column_ids.tolist())}

    @property
    def unit_ids(self):
        """ndarray: Unit ids of both axes, when they are the same."""
        if not np.array_equal(self.row_ids, self.column_ids):
            raise AttributeError("the axes differ: see row_ids and column_ids")
        return self.row_ids

    @property
    def reference_ids(self):
        """ndarray: Unit ids of the references."""
        return self.column_ids if self._setup.targets_first else self.row_ids

    @property
    def target_ids(self):
        """ndarray: Unit ids of the targets."""
        return self.row_ids if self._setup.targets_first else self.column_ids

    def _spike_numbers(self):
        rows = self._spikes_of(self._setup.rows)
        columns = self._spikes_of(self._setup.columns)
        rows, columns = np.repeat(rows, len(columns)), np.tile(columns, len(rows))
        rows, columns = rows.tolist(), columns.tolist()
        return (columns, rows) if self._setup.targets_first else (rows, columns)

    def _place(self, places, unit):
        try:
            return places[unit]
        except (KeyError, TypeError):
            raise KeyError(f"no unit {unit!r} on this axis") from None

    def __getitem__(self, units):
        if not isinstance(units, tuple) or len(units) != 2:
            raise TypeError("expected two unit ids, as in result[3, 5]")
        i = self._place(self._rows, units[0])
        j = self._place(self._columns, units[1])
        return self.values[i, j]

    def merge(self, a, b):
        """Merge unit `b` into unit `a` without counting again, in place.

        Row and column `a` become what a count with the spikes of both in one unit gives; row
        and column `b` become 0.

        Parameters
        ----------
        a, b
            Unit ids; `a` stays.

        Returns
        -------
        Correlograms
            This object.

        Raises
        ------
        UnsupportedError
            For the "phy" convention, whose centre is a maximum, which does not add.

        Examples
        --------
        >>> import spikekit
        >>> data = ([100, 102, 500, 502], [3, 5, 3, 5], 1000.0)
        >>> result = spikekit.correlograms(data, window_s=0.006, bin_s=0.001)
        >>> result.merge(3, 5)[3, 3]
        array([0, 2, 0, 0, 0, 2, 0])
        """
        n = self._setup.table.n_units
        every = np.arange(n)
        if not (
            np.array_equal(self._setup.rows, every) and np.array_equal(self._setup.columns, every)
        ):
            raise ArgumentError("merge: expected a count of all units with all units")
        i, j = self._place(self._rows, a), self._place(self._rows, b)
        options = type(self._setup.options).from_buffer_copy(self._setup.options)
        options.references = options.targets = None
        with Call() as context:
            abi.spk_correlogram_merge(context, options, n, i, j, self.counts)
        self._spikes_of([])
        self._n_spikes[i] += self._n_spikes[j]
        self._n_spikes[j] = 0
        self._values.clear()
        return self

    def plot(self, a, b, ax=None):
        """Draw one correlogram with matplotlib.

        Parameters
        ----------
        a, b
            Unit ids, as in ``result[a, b]``.
        ax : matplotlib.axes.Axes, optional
            Default: the current axes.

        Returns
        -------
        matplotlib.axes.Axes
        """
        if ax is None:
            import matplotlib.pyplot

            ax = matplotlib.pyplot.gca()
        ax.bar(self.lags_s * 1e3, self[a, b], width=self.bin_s * 1e3)
        reference, target = (b, a) if self._setup.targets_first else (a, b)
        ax.set(
            xlabel="lag (ms)",
            ylabel=_AXIS_LABELS[self.normalization],
            title=f"reference {reference}, target {target}",
        )
        return ax

    def __repr__(self):
        what, bins = self._bins()
        n, m = len(self.row_ids), len(self.column_ids)
        return f"<Correlograms: {what}, {n} x {m} units, {bins} convention>"


class _Listed(_Result):
    """Correlograms in a list, found by a key."""

    def __init__(self, setup, counts, ids, indices):
        super().__init__(setup, counts)
        self._indices = indices
        self._ids = ids
        self._keys = None

    def _place(self, key):
        if self._keys is None:
            keys = self._ids.tolist()
            keys = map(tuple, keys) if self._ids.ndim == 2 else keys
            self._keys = {}
            for i, one in enumerate(keys):
                self._keys.setdefault(one, i)
        return self._keys[key]

    def __getitem__(self, key):
        return self.values[self._place(key)]

    def __len__(self):
        return len(self.counts)


class AutoCorrelograms(_Listed):
    """Autocorrelograms; ``result[a]`` is that of a unit id.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_units, n_bins)
    unit_ids : ndarray, shape (n_units,)
    """

    @property
    def unit_ids(self):
        """ndarray, shape (n_units,): Unit ids."""
        return self._ids

    def _spike_numbers(self):
        numbers = self._spikes_of(self._indices)
        return numbers, numbers

    def __repr__(self):
        what, bins = self._bins()
        return f"<AutoCorrelograms: {what}, {len(self)} units, {bins} convention>"


class CorrelogramPairs(_Listed):
    """Correlograms of chosen pairs; ``result[a, b]`` is that of a pair of unit ids.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_pairs, n_bins)
    pairs : ndarray, shape (n_pairs, 2)
        Unit ids.
    """

    @property
    def pairs(self):
        """ndarray, shape (n_pairs, 2): Unit ids."""
        return self._ids

    def _spike_numbers(self):
        first, second = self._spikes_of(self._indices[:, 0]), self._spikes_of(self._indices[:, 1])
        return (second, first) if self._setup.targets_first else (first, second)

    def __repr__(self):
        what, bins = self._bins()
        return f"<CorrelogramPairs: {what}, {len(self)} pairs, {bins} convention>"
