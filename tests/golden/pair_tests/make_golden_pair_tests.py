# SPDX-License-Identifier: BSD-3-Clause
"""Makes the files of this folder: python make_golden_pair_tests.py

Each test written out in numpy and scipy from its authors' scripts: english, of
ce_MonoSynConvClick (CellExplorer); deconvolution, of cchdeconv, cch_stg and calc_stg
(CCH-deconvolution, Stark laboratory); refractory, of CCG.py (Kilosort 4). kopelowitz calls
NeuroPyxels itself. Nothing of Spikekit is used.
"""

import platform
from math import erf

import numpy as np
import scipy
from scipy.stats import poisson

import npyx
from npyx.corr import KopelowitzCohen2014_ccg_significance

rng = np.random.default_rng(11)


def gaussian_prediction(cch, w):
    sd = w / 2
    length = int(6 * sd + (1 if w % 2 == 0 else 2))
    x = np.arange(length) - (length - 1) / 2
    win = np.exp(-(x**2) / 2 / sd**2)
    win[length // 2] *= 0.4
    win /= win.sum()
    padded = np.r_[cch[:length][::-1], cch, cch[-length:][::-1]].astype(float)
    half = length // 2
    return np.array([padded[length + k - half : length + k + half + 1] @ win for k in range(len(cch))])


def english(cch, same_shank, alpha=0.001):
    n = len(cch)
    c = n // 2
    post, pre = np.arange(c + 2, c + 11), np.arange(c - 8, c + 1)
    if same_shank:
        pred = gaussian_prediction(np.delete(cch, c), 25)
        pred = np.r_[pred[:c], np.nan, pred[c:]]
    else:
        pred = gaussian_prediction(cch, 25)
    bonf = round(0.004 / 0.0004) * 2
    with np.errstate(invalid="ignore"):
        hi, lo = poisson.ppf(1 - alpha / bonf, pred), poisson.ppf(alpha / bonf, pred)
    high, low, anti = cch[post].max(), cch[post].min(), cch[pre].max()
    exc = np.any(cch[post] > hi[post]) and high > poisson.ppf(1 - alpha, anti)
    inh = np.any(cch[post] < lo[post]) and low < poisson.ppf(alpha, anti)
    causal = 1 - poisson.cdf(high - 1, anti) - 0.5 * poisson.pmf(high, anti)
    return exc, inh, causal


counts, rows = [], []
for i in range(60):
    lags = np.arange(301) - 150
    mean = rng.choice([2, 15, 80]) * (1 + 0.3 * np.exp(-(lags**2) / 3000))
    cch = rng.poisson(mean)
    kind, at = i % 4, 150 + rng.integers(2, 11)
    if kind == 1:
        cch[at : at + 2] += rng.poisson(4 * np.sqrt(mean[at]) + rng.integers(0, 9))
    elif kind == 2:
        cch[149:155] += rng.poisson(5 * np.sqrt(mean[150]), 6)
    elif kind == 3:
        cch[at - 2 : at + 3] = rng.poisson(0.15 * mean[at], 5)
    shank = i % 2
    counts.append(cch)
    rows.append([shank, *english(cch, shank)])
np.save("english_counts.npy", np.array(counts, np.int64))
np.save("english.npy", np.array(rows, float))


def median_prediction(x, w):
    half = w // 2
    padded = np.r_[x[:half][::-1], x, x[-half:][::-1]]
    return np.array([np.median(np.delete(padded[k : k + w], half)) for k in range(len(x))])


def deconvolve(cch, ach1, n1, ach2, n2):
    m = len(cch)
    hw = (m - 1) // 2

    def scaled(ach, n):
        k = (ach - ach.sum() / m) / n
        k[hw] = 1 - (k.sum() - k[hw])
        return k

    den = np.fft.fft(scaled(ach1, n1)) * np.fft.fft(scaled(ach2, n2))
    dc = np.real(np.fft.ifft(np.fft.fft(cch) / den))
    return np.maximum(np.r_[dc[1:], dc[0]], 0)


def gain(rate, roi, sign):
    """calc_stg of one sign, with the value of each extremum taken from its own bin."""
    x = sign * rate
    best = None
    for k in roi:
        a = k
        while a > roi[0] - 1 and x[a - 1] == x[k]:
            a -= 1
        rises = a > roi[0] - 1 and x[a - 1] < x[k]
        falls = x[k + 1] < x[k] or (k == roi[-1] and x[k + 1] == x[k])
        if rises and falls and (best is None or x[k] > x[best]):
            best = k
    if best is None or x[best] < 0:
        return np.nan
    lo, hi = best, best
    while lo - 1 >= roi[0] and x[lo - 1] >= 0:
        lo -= 1
    while hi + 1 < len(x) and x[hi + 1] >= 0:
        hi += 1
    return rate[lo : hi + 1].sum() * 0.001


counts, values, rows = [], [], []
for i in range(24):
    m, c = 51, 25
    lags = np.arange(m) - c
    n1, n2 = rng.integers(2000, 30000, 2)
    half1 = rng.poisson(n1 * (0.01 + 0.2 * np.exp(-np.arange(1, c + 1) / 4) * (i % 3 > 0)))
    half2 = rng.poisson(n2 * (0.005 + 0.1 * np.exp(-np.arange(1, c + 1) / 3) * (i % 3 > 1)))
    ach1, ach2 = np.r_[half1[::-1], 0, half1], np.r_[half2[::-1], 0, half2]
    cch = rng.poisson(np.full(m, 30.0 if i % 2 else 90.0))
    if i % 4 < 2:
        cch[c + 2 : c + 4] += rng.poisson(60, 2)
    elif i % 4 == 2:
        cch[c + 1 : c + 5] = rng.poisson(2, 4)
    dc = deconvolve(cch.astype(float), ach1.astype(float), n1, ach2.astype(float), n2)
    pred = median_prediction(dc, 11)
    cr = (dc - pred) / (n1 * 0.001)
    roi = np.arange(c + 1, c + 6)
    act = np.any(dc[roi] >= poisson.ppf(1 - 0.001 / 5, pred[roi].max()))
    sil = np.any(dc[roi] <= poisson.ppf(0.001 / 5, pred[roi].min()))
    counts.append([cch, ach1, ach2])
    values.append([dc, pred])
    rows.append([n1, n2, act, sil, gain(cr, roi, 1), gain(cr, roi, -1)])
np.save("deconvolution_counts.npy", np.array(counts, np.int64))
np.save("deconvolution_values.npy", np.array(values))
np.save("deconvolution.npy", np.array(rows, float))


def kilosort(K, nbins=500, tbin=0.001, n1=1000, n2=900, T=3600.0):
    far = np.r_[1 : nbins // 2, 3 * nbins // 2 : 2 * nbins]
    left, right = np.arange(nbins - 50, nbins - 10), np.arange(nbins + 10, nbins + 50)
    scale = tbin * n1 * n2 / T
    q00 = K[far].sum() / (len(far) * scale)
    q01 = max(K[left].sum(), K[right].sum()) / (40 * scale)
    r00 = max(K[left].mean(), K[right].mean(), K[far].mean())
    K = K.copy()
    K[nbins] = 0
    q, r = [], []
    for i in range(1, 11):
        inside = K[nbins - i : nbins + i + 1].sum()
        q.append(inside / (2 * i * scale))
        lam = r00 * i
        r.append(0.5 * (1 + erf((inside / 2 - lam) / (1e-10 + 2 * lam) ** 0.5)))
    return min(q) / (1e-10 + max(q00, q01)), min(r), r00


counts, rows = [], []
for i in range(6):
    K = rng.poisson(np.linspace(4, 6, 1001) * (1 + i))
    K[500 - i : 501 + i] = 0
    counts.append(K)
    rows.append(kilosort(K))
np.save("refractory_counts.npy", np.array(counts, np.int64))
np.save("refractory.npy", np.array(rows))

counts, rows = [], []
for i in range(40):
    cch = rng.poisson(np.full(201, 25.0))
    at = rng.integers(20, 180)
    if i % 3 == 1:
        cch[at : at + 3] += rng.integers(6, 16)
    elif i % 3 == 2:
        cch[at : at + 4] = np.maximum(cch[at : at + 4] - rng.integers(6, 16), 0)
    counts.append(cch)
    rows.append(
        [
            len(
                KopelowitzCohen2014_ccg_significance(
                    cch, cbin=0.5, cwin=100, p_th=0.05, n_consec_bins=3, sgn=sign, only_max=False
                )
            )
            > 0
            for sign in (1, -1)
        ]
    )
np.save("kopelowitz_counts.npy", np.array(counts, np.int64))
np.save("kopelowitz.npy", np.array(rows, float))
with open("versions.txt", "w") as out:
    version = getattr(npyx, "__version__", "?")
    out.write(f"python {platform.python_version()}\nnumpy {np.__version__}\n")
    out.write(f"scipy {scipy.__version__}\nnpyx {version}\n")
