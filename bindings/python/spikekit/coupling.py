# SPDX-License-Identifier: BSD-3-Clause
"""Couplings of pairs of units from a linear model of their correlogram (GLMCC)."""

import ctypes
from collections import namedtuple
from types import SimpleNamespace

import numpy as np

from . import _abi as abi
from ._context import Call
from ._inputs import as_spikes
from ._options import choice, filled, make_trains
from .synchrony import _pair_indices

_RULES = ("threshold", "likelihood_ratio")
_CONVENTIONS = ("spikekit", "kobayashi")
_RESULT = ctypes.POINTER(abi.spk_glmcc_result)

Couplings = namedtuple(
    "Couplings",
    "pairs coupling standard_error threshold likelihood_ratio log_p psp_mv significant delay_s "
    "bin_s log_likelihood log_posterior n_iterations converged lags_s counts background expected",
)
Couplings.__doc__ = """Couplings of pairs of units, of :func:`spikekit.glmcc`.

Columns of the two directions: the first is from the first unit of the pair to the second.

Attributes
----------
pairs : ndarray, shape (n_pairs, 2)
    Unit ids.
coupling, standard_error : ndarray, shape (n_pairs, 2)
    J, -3 to 5, and its error; NaN error where J is held at a bound. All NaN without a spike pair
    in the window.
threshold : ndarray, shape (n_pairs, 2)
    What the rule "threshold" wants of abs(J); infinite with too few pairs.
likelihood_ratio, log_p : ndarray, shape (n_pairs, 2)
    Twice the gain in log-likelihood over no coupling, and ln p by chi-square with one degree of
    freedom.
psp_mv : ndarray, shape (n_pairs, 2)
    The coupling as a synaptic potential [mV]; 0 where not significant.
significant : ndarray of bool, shape (n_pairs, 2)
    By the rule that was asked for.
delay_s : ndarray, shape (n_pairs,)
    The delay that was best.
bin_s : float
    Bin width in whole samples [s].
log_likelihood, log_posterior : ndarray, shape (n_pairs,)
n_iterations : ndarray, shape (n_pairs,)
converged : ndarray of bool, shape (n_pairs,)
lags_s : ndarray, shape (n_bins,)
    Centres of the bins [s]; positive: the second unit is later.
counts, background, expected : ndarray, shape (n_pairs, n_bins), or None
    Only with ``curves=True``: pairs by lag; the log of the background, in pairs a millisecond;
    and pairs expected with couplings.
"""


def glmcc(
    data,
    pairs=None,
    *,
    rule="threshold",
    first_delay_bins=None,
    last_delay_bins=None,
    smoothness=None,
    excluded_bins=None,
    bin_s=None,
    n_bins=None,
    tau_s=None,
    critical_ratio=None,
    convention="spikekit",
    curves=False,
    epochs=None,
    threads=None,
    progress=None,
    sampling_rate_hz=None,
):
    """Couplings of pairs of units by a linear model of their correlogram (GLMCC).

    The rate of pairs at lag t is modelled as exp(a(t) + J_ij f(t) + J_ji f(-t)): a slow background
    for all that is no synapse, and for each direction a coupling that begins after a delay and
    decays, f(t) = exp(-(t - delay) / tau).

    Parameters
    ----------
    data
        As for :func:`spikekit.correlograms`.
    pairs : array_like of unit ids, shape (n_pairs, 2), optional
        Default: each two units once.
    rule : str
        "threshold": abs(J) above what the background's counts let expect, the rule of 2019.
        "likelihood_ratio": the fit is better by the ratio than one without this coupling, the
        authors' later rule, with a smoother background. The first is too ready with many counts:
        of directions without a synapse it passed 0.7 % at 120 pairs a bin and 8 % at 3000, the
        second none.
    first_delay_bins, last_delay_bins : int
        The delay is the one of these that fits best; default 1 to 4 bins. p and intervals know
        nothing of this choice: of four delays, 8 % of p are below 5 % by chance.
    smoothness : float
        Of the background [ms]; default 4000 for "threshold", 10000 for "likelihood_ratio".
    excluded_bins : int
        Bins on either side of lag 0 that the fit passes over, where sorted spikes hide each
        other; default 0.
    bin_s, n_bins, tau_s : float, int, float
        Default 1 ms, 100 bins of both sides, 4 ms.
    critical_ratio : float
        Of the rule "likelihood_ratio"; default 15.14, p of 1e-4.
    convention : str
        "spikekit": lags on edges of bins count half on either side, everywhere. "kobayashi": as
        in the authors' program.
    curves : bool
        Also give counts, background and expectation.
    epochs, threads, progress, sampling_rate_hz
        As for :func:`spikekit.correlograms`.

    Returns
    -------
    Couplings

    Notes
    -----
    A pair of units with 5 Hz in an hour takes some 0.2 ms.

    References
    ----------
    Kobayashi et al. (2019) Nat. Commun. 10:4468

    Examples
    --------
    Unit 7 fires 2 to 5 ms after one in fifteen spikes of unit 4.

    >>> import numpy as np
    >>> import spikekit
    >>> rng = np.random.default_rng(1)
    >>> first, chance = np.sort(rng.integers(0, 600_000, (2, 6000)))
    >>> second = np.append(chance, first[::15] + rng.integers(2, 5, 400))
    >>> samples, units = np.append(first, second), np.repeat([4, 7], [6000, 6400])
    >>> order = np.argsort(samples, kind="stable")
    >>> found = spikekit.glmcc((samples[order], units[order], 1000))
    >>> found.significant
    array([[ True, False]])
    """
    table = as_spikes(data, sampling_rate_hz)
    options = filled(abi.spk_glmcc_options)
    abi.spk_glmcc_options_set_rule(options, choice(rule, _RULES, "rule"))
    given = filled(
        abi.spk_glmcc_options,
        rule=options.rule,
        smoothness=options.smoothness if smoothness is None else smoothness,
        convention=choice(convention, _CONVENTIONS, "convention"),
        first_delay_bins=first_delay_bins,
        last_delay_bins=last_delay_bins,
        excluded_bins=excluded_bins,
        bin_s=bin_s,
        n_bins=n_bins,
        tau_s=tau_s,
        critical_ratio=critical_ratio,
    )
    if pairs is None:
        indices = np.stack(np.triu_indices(table.n_units, 1), 1).astype(np.int32)
    else:
        indices = _pair_indices(table, pairs)
    n_sums = ctypes.c_int64()
    results = np.zeros(len(indices), np.dtype(abi.spk_glmcc_result))
    with Call(threads, progress) as context:
        abi.spk_glmcc_length(context, given, ctypes.byref(n_sums))
        shape = (len(indices), given.n_bins) if curves else None
        background = np.empty(shape) if curves else None
        trains = make_trains(context, table, epochs, None, SimpleNamespace(kept=[]))
        abi.spk_glmcc_fit_pairs(
            context,
            trains.pointer,
            indices,
            len(indices),
            given,
            results.ctypes.data_as(_RESULT),
            background,
        )
        drawn = (None, None, None)
        if curves:
            counts, expected = np.empty(shape), np.empty(shape)
            sums = np.empty(n_sums.value)
            for k, (i, j) in enumerate(indices.tolist()):
                abi.spk_glmcc_count(context, trains.pointer, i, j, given, counts[k], sums)
                one = abi.spk_glmcc_result.from_buffer_copy(results[k].tobytes())
                abi.spk_glmcc_expect(context, given, one, background[k], expected[k])
            drawn = counts, background, expected
    samples = np.rint(given.bin_s * table.sampling_rate_hz)
    width = float(samples / table.sampling_rate_hz)
    fields = {name: results[name].copy() for name, _ in abi.spk_glmcc_result._fields_}
    fields["delay_s"] = fields["delay_bins"] * width
    fields["bin_s"] = width
    for name in ("significant", "converged"):
        fields[name] = fields[name] != 0
    fields["pairs"] = table.unit_ids[indices]
    fields["lags_s"] = (np.arange(given.n_bins) - given.n_bins / 2 + 0.5) * width
    fields["counts"], fields["background"], fields["expected"] = drawn
    return Couplings(*(fields[name] for name in Couplings._fields))
