# SPDX-License-Identifier: BSD-3-Clause
"""Makes the golden template metrics, similarities and locations from SpikeInterface itself.

    python make_golden.py

in an environment with spikeinterface and scikit-learn; writes beside itself. See README.md.
"""
from importlib.metadata import version
from pathlib import Path

import numpy as np
from probeinterface import Probe
from scipy.signal import resample_poly
from spikeinterface.core import Templates
from spikeinterface.metrics.template import metrics as si
from spikeinterface.postprocessing import localization_tools as si_locations
from spikeinterface.postprocessing.template_similarity import (
    compute_similarity_with_templates_array,
)

HERE = Path(__file__).parent
RATE = 30000.0
N_SAMPLES, N_CHANNELS = 61, 24
RADIUS_UM = 60.0
MAX_LAG = 3


def positions():
    rows = np.arange(N_CHANNELS // 2)
    shift = np.where(rows % 2 == 0, 0.0, 16.0)
    left = np.stack([43.0 + shift, 20.0 * rows], 1)
    right = np.stack([11.0 + shift, 20.0 * rows], 1)
    return np.stack([left, right], 1).reshape(-1, 2)


def shape(rng):
    """Before, trough and after: three Gaussians of random size and place."""
    t = np.arange(N_SAMPLES) - rng.uniform(19, 24)
    width = rng.uniform(2.0, 5.0)
    gap = rng.uniform(6, 18)
    wave = -np.exp(-(t**2) / (2 * width**2))
    wave += rng.uniform(0.05, 0.6) * np.exp(-((t - gap) ** 2) / (2 * (2 * width) ** 2))
    wave += rng.uniform(0.0, 0.4) * np.exp(-((t + gap * 0.7) ** 2) / (2 * width**2))
    return wave


def make(rng, places):
    templates = []
    for unit in range(20):
        at = np.array([rng.uniform(0, 60), rng.uniform(20, 200), rng.uniform(5, 40)])
        d = np.sqrt(((places - at[:2]) ** 2).sum(1) + at[2] ** 2)
        wave = shape(rng) * (1 if unit % 7 else -1)
        size = rng.uniform(500, 6000)
        delay = d * rng.uniform(-0.02, 0.05)
        spread = np.stack(
            [np.interp(np.arange(N_SAMPLES) - s, np.arange(N_SAMPLES), wave) for s in delay], 1
        )
        noise = rng.normal(0, 0.3 if unit % 3 else 3.0, (N_SAMPLES, N_CHANNELS))
        templates.append(spread * (size / d) + noise)
    # Odd ones: noise, a ramp, a single sample, a plateau.
    templates.append(rng.normal(0, 10, (N_SAMPLES, N_CHANNELS)))
    templates.append(np.outer(np.linspace(-20, 30, N_SAMPLES), np.linspace(1, 0.2, N_CHANNELS)))
    single = np.zeros((N_SAMPLES, N_CHANNELS))
    single[30, 5] = -80
    templates.append(single)
    plateau = np.zeros((N_SAMPLES, N_CHANNELS))
    plateau[20:28, 7:9] = -50
    plateau[35:45, 7:9] = 25
    templates.append(plateau)
    return np.array(templates, np.float32)


def main_channels(templates, kind):
    if kind == "extremum":
        return np.argmax(np.abs(templates).max(1), 1)
    return np.argmax(np.ptp(templates, 1), 1)


def similarities(templates, places):
    main = main_channels(templates, "ptp")
    d = np.sqrt(((places[main][:, None] - places[None]) ** 2).sum(2))
    mask = d <= RADIUS_UM
    rows = []
    for method in ("cosine", "l1", "l2"):
        for support in ("union", "intersection"):
            for lag in (0, MAX_LAG):
                # One of the two arrays is shorter, so that all shifts are tried.
                s, _ = compute_similarity_with_templates_array(
                    np.where(mask[:, None], templates, 0)[:-1],
                    np.where(mask[:, None], templates, 0),
                    method,
                    support,
                    lag,
                    mask[:-1],
                    mask,
                )
                rows.append(s)
    np.save(HERE / "similarity.npy", np.array(rows, np.float64))


if __name__ == "__main__":
    places = positions()
    templates = make(np.random.default_rng(20261125), places)
    np.save(HERE / "templates.npy", templates)
    np.save(HERE / "channel_positions.npy", places)
    similarities(templates, places)
    names = ("spikeinterface", "numpy", "scipy", "scikit-learn", "numba")
    (HERE / "versions.txt").write_text("".join(f"{n} {version(n)}\n" for n in names))
