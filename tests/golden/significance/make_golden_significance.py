# SPDX-License-Identifier: BSD-3-Clause
"""Makes the files of this folder: python make_golden_significance.py

The predictor of Stark & Abeles (2009) written out in numpy step by step as the cch_conv of the
CCH-deconvolution repository of the Stark laboratory has it: a causal filter over the
correlogram with as many mirrored bins at either end as the window is long, the delay dropped;
for the median a sort of each window. Nothing of Spikekit is used.
"""

import platform

import numpy as np

HOLLOW = {"gaussian": 0.6, "rectangular": 0.42, "triangular": 0.63}


def window(kind, w):
    if kind == "gaussian":
        sd = w / 2
        length = 6 * sd + 1 if w % 2 == 0 else 6 * sd + 2
        x = np.arange(length) - (length - 1) / 2
        win = np.exp(-(x**2) / 2 / sd**2) / (2 * np.pi * sd)
    elif kind == "rectangular":
        win = np.ones(w + 1 if w % 2 == 0 else w)
    else:
        length = 2 * w + 1 if w % 2 == 0 else 2 * w - 1
        up = 2 * np.arange(1, (length + 1) // 2 + 1) / (length + 1)
        win = np.r_[up, up[-2::-1]]
    win[len(win) // 2] *= 1 - HOLLOW[kind]
    return win / win.sum()


def by_window(counts, win):
    c = len(win)
    delay = int(np.ceil(c / 2)) - 1
    padded = np.r_[counts[:c][::-1], counts, counts[-c:][::-1]].astype(float)
    filtered = np.array(
        [sum(win[j] * padded[i - j] for j in range(c) if i >= j) for i in range(len(padded))]
    )
    return filtered[c + delay : len(filtered) - c + delay]


def by_median(counts, w):
    half = w // 2
    padded = np.r_[counts[:half][::-1], counts, counts[-half:][::-1]]
    others = [np.delete(padded[i : i + 2 * half + 1], half) for i in range(len(counts))]
    return np.array([np.median(o) for o in others])


rng = np.random.default_rng(3)
lags = np.arange(45) - 22
rate = 30 + 25 * np.exp(-(lags**2) / 150) + 0.3 * lags
rate[25:27] += 60
counts = rng.poisson(rate)
rows = []
for w in (5, 6):
    rows += [by_window(counts, window(kind, w)) for kind in HOLLOW]
    rows.append(by_median(counts, w))
np.save("counts.npy", counts.astype(np.int64))
np.save("predicted.npy", np.array(rows))
with open("versions.txt", "w") as out:
    out.write(f"python {platform.python_version()}\nnumpy {np.__version__}\n")
