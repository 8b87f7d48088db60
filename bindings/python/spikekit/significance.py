# SPDX-License-Identifier: BSD-3-Clause
"""Which bins of a correlogram stand out."""

import numpy as np

from . import _abi as abi
from ._context import Call
from ._errors import ArgumentError
from ._numbers import whole_numbers
from ._options import choice, filled

_KERNELS = ("gaussian", "rectangular", "triangular", "median")


def _counts(counts, name="counts"):
    counts = whole_numbers(counts, name, flat=False)
    if counts.ndim < 1:
        raise ArgumentError(f"{name}: expected an array with bins on its last axis")
    return counts


def _like(values, shape, name, dtype=np.float64):
    values = np.ascontiguousarray(values, dtype).reshape(np.shape(values))
    if values.shape != shape:
        raise ArgumentError(f"{name}: expected shape {shape}, found {values.shape}")
    return values


def predict_correlograms(
    counts,
    window_bins=20,
    kernel="gaussian",
    *,
    hollow_fraction=None,
    skip_center=False,
    threads=None,
):
    """Predicts each bin of correlograms from those around it, by a hollowed moving window.

    Parameters
    ----------
    counts : array_like of int, shape (..., n_bins)
        Correlograms, ``spikekit.correlograms(data).counts`` for example.
    window_bins : int
        W; the gaussian's standard deviation is W / 2.
    kernel : {"gaussian", "rectangular", "triangular", "median"}
    hollow_fraction : float, optional
        Share of its own weight that a bin does not have in its prediction. Default: 0.6,
        0.42, 0.63, 1 for the kernels above.
    skip_center : bool
        Leave out the bin at lag 0; its prediction is NaN.
    threads : int, optional

    Returns
    -------
    ndarray, shape of `counts`

    Notes
    -----
    Stark & Abeles (2009); the numbers of cch_conv to 1e-12. Beyond its ends a correlogram goes
    on as its mirror image. It must be sqrt(2) times as long as the window.

    Examples
    --------
    >>> import spikekit
    >>> counts = [4] * 20 + [40] + [4] * 20
    >>> predicted = spikekit.predict_correlograms(counts, 4)
    >>> log_more, log_fewer = spikekit.correlogram_tails(counts, predicted)
    >>> bool(log_more[20] < -20)
    True
    """
    counts = _counts(counts)
    options = filled(
        abi.spk_predictor_options,
        kernel=choice(kernel, _KERNELS, "kernel"),
        window_bins=window_bins,
        skip_center=bool(skip_center),
        hollow_fraction=hollow_fraction,
    )
    predicted = np.empty(counts.shape)
    n_bins = counts.shape[-1]
    n = counts.size // n_bins if n_bins else 0
    with Call(threads) as context:
        abi.spk_correlogram_predict(context, n, n_bins, counts, options, predicted)
    return predicted


def correlogram_tails(counts, predicted, *, threads=None):
    """How improbable counts are if they are Poisson around their predictions.

    Parameters
    ----------
    counts : array_like of int
    predicted : array_like, shape of `counts`
    threads : int, optional

    Returns
    -------
    log_more, log_fewer : ndarray, shape of `counts`
        Natural logarithms of the mid-p, P(N > n) + P(N = n) / 2 and P(N < n) + P(N = n) / 2.
        Right to 1e-10 of p down to 1e-300. NaN where the prediction is NaN or negative.

    Examples
    --------
    >>> import spikekit
    >>> log_more, log_fewer = spikekit.correlogram_tails([0, 900], [1.0, 1.5])
    >>> print(f"{log_fewer[0]:.4f} {log_more[1]:.2f}")
    -1.6931 -4863.75
    """
    counts = _counts(counts)
    predicted = _like(predicted, counts.shape, "predicted")
    more, fewer = np.empty(counts.shape), np.empty(counts.shape)
    with Call(threads) as context:
        abi.spk_correlogram_tails(context, counts.size, counts, predicted, more, fewer)
    return more, fewer


def correlogram_bounds(predicted, alpha=0.001, n_tests=1):
    """The counts between which a bin does not stand out.

    Parameters
    ----------
    predicted : array_like
    alpha : float
        Level, above 0 and below 1.
    n_tests : int
        Bins looked at: the level of each is alpha / n_tests.

    Returns
    -------
    lower, upper : ndarray, shape of `predicted`
        The Poisson quantiles alpha / n_tests and 1 - alpha / n_tests; NaN where the prediction
        is NaN or negative.

    Examples
    --------
    >>> import spikekit
    >>> lower, upper = spikekit.correlogram_bounds([11.25], 0.001, 20)
    >>> print(lower, upper)
    [1.] [26.]
    """
    predicted = np.ascontiguousarray(predicted, np.float64)
    lower, upper = np.empty(predicted.shape), np.empty(predicted.shape)
    with Call() as context:
        abi.spk_correlogram_bounds(
            context, predicted.size, predicted, alpha, n_tests, lower, upper
        )
    return lower, upper


def deconvolve_correlograms(
    counts, auto_source, n_source, auto_target, n_target, *, threads=None
):
    """Divides both units' autocorrelograms out of correlograms (Spivak et al. 2022).

    Parameters
    ----------
    counts : array_like of int, shape (..., n_bins)
        Correlograms, source to target; n_bins odd.
    auto_source, auto_target : array_like of int, shape of `counts`
        Autocorrelogram of the source and of the target of each.
    n_source, n_target : array_like of int, shape of `counts` without its last axis
        Spikes of each.
    threads : int, optional

    Returns
    -------
    ndarray, shape of `counts`
        Never negative. NaN where a unit has no spike.

    Examples
    --------
    >>> import numpy, spikekit
    >>> silent = numpy.zeros(5, int)
    >>> divided = spikekit.deconvolve_correlograms([1, 2, 9, 3, 1], silent, 10, silent, 10)
    >>> numpy.round(divided, 9)
    array([1., 2., 9., 3., 1.])
    """
    counts = _counts(counts)
    autos = [
        _like(whole_numbers(auto, name, flat=False), counts.shape, name, np.int64)
        for auto, name in ((auto_source, "auto_source"), (auto_target, "auto_target"))
    ]
    spikes = [
        _like(whole_numbers(n, name, flat=False), counts.shape[:-1], name, np.int64)
        for n, name in ((n_source, "n_source"), (n_target, "n_target"))
    ]
    divided = np.empty(counts.shape)
    n_bins = counts.shape[-1]
    n = counts.size // n_bins if n_bins else 0
    with Call(threads) as context:
        abi.spk_correlogram_deconvolve(
            context, n, n_bins, counts, autos[0], spikes[0], autos[1], spikes[1], divided
        )
    return divided


def false_discovery(log_p, n_tests=None):
    """Benjamini & Hochberg's adjustment of many p, as natural logarithms.

    Parameters
    ----------
    log_p : array_like
        Natural logarithms of p; NaN for no test.
    n_tests : int, optional
        Tests made, if the larger p were left out: all q below the cut are still exact.

    Returns
    -------
    ndarray, shape of `log_p`
        Natural logarithms of q.

    Examples
    --------
    >>> import numpy, spikekit
    >>> q = numpy.exp(spikekit.false_discovery(numpy.log([0.04, 0.01, 0.9, 0.02])))
    >>> numpy.round(q, 4)
    array([0.0533, 0.04  , 0.9   , 0.04  ])
    """
    log_p = np.ascontiguousarray(log_p, np.float64)
    log_q = np.empty(log_p.shape)
    if n_tests is not None and n_tests < 1:
        raise ArgumentError(f"n_tests: expected at least 1, found {n_tests}")
    with Call() as context:
        abi.spk_false_discovery_adjust(context, log_p, log_p.size, n_tests or 0, log_q)
    return log_q
