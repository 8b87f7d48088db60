# SPDX-License-Identifier: BSD-3-Clause
"""Makes comparison.npz from SpikeInterface itself; see README.md.

    python make_comparison.py
"""
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from spikeinterface.comparison import compare_sorter_to_ground_truth
from spikeinterface.comparison.comparisontools import (
    calculate_agreement_scores_with_distance,
    make_match_count_matrix,
)
from spikeinterface.core import NumpySorting

RATE = 30000.0
CLASSES = (
    "get_well_detected_units",
    "get_false_positive_units",
    "get_redundant_units",
    "get_overmerged_units",
    "get_bad_units",
)


def train(draws, n, span, n_units):
    return np.sort(draws.integers(0, span, n)), draws.integers(0, n_units, n)


def again(draws, samples, units, jitter, n_units):
    """Most spikes, moved a little, some under another unit."""
    kept = draws.random(len(samples)) < 0.9
    samples, units = samples[kept], units[kept] % n_units
    samples = np.maximum(samples + draws.integers(-jitter, jitter + 1, len(samples)), 0)
    strays = draws.integers(0, n_units, len(samples))
    units = np.where(draws.random(len(samples)) < 0.92, units, strays)
    order = np.argsort(samples, kind="stable")
    return samples[order], units[order]


def cases():
    """(a, b, n_units of a and b, delta)"""
    draws = np.random.Generator(np.random.Philox(42))
    for span, delta in ((60, 3), (2000, 12), (2000, 0), (9000, 12), (9000, 40), (30000, 12)):
        a = train(draws, 150, span, 4)
        yield a, again(draws, *a, 3, 5), (4, 5), delta
        yield a, again(draws, *a, 0, 3), (4, 3), delta
    everything = np.zeros(20, np.int64), np.arange(20) % 3
    yield everything, everything, (3, 3), 5  # all at one time
    doubled = np.repeat(np.arange(10) * 100, 2), np.zeros(20, np.int64)
    yield doubled, train(draws, 30, 1000, 2), (2, 2), 12  # duplicates, an empty unit
    burst = np.arange(50) * 3, np.zeros(50, np.int64)
    yield burst, (np.arange(40) * 4, np.arange(40) % 2), (1, 2), 4
    samples, units = a = train(draws, 60, 20000, 3)
    twice = np.repeat(samples, 2), np.stack([units, units + 3], axis=1).ravel()
    yield a, twice, (3, 6), 12  # every unit found twice: ties


def main():
    warnings.simplefilter("ignore")
    arrays = {"version": np.array([int(v) for v in version("spikeinterface").split(".")])}
    for k, (a, b, n_units, delta) in enumerate(cases()):
        one, two = (
            NumpySorting.from_samples_and_labels([t], [u], RATE, unit_ids=np.arange(n))
            for (t, u), n in zip((a, b), n_units)
        )
        truth = compare_sorter_to_ground_truth(
            one, two, delta_time=delta / RATE * 1000 + 1e-7, exhaustive_gt=True
        )
        assert truth.delta_frames == delta
        classes = np.zeros(n_units[1], np.int32)
        for bit, get in enumerate(CLASSES):
            classes[list(getattr(truth, get)())] |= 1 << bit
        found = {
            "a_samples": a[0], "a_units": a[1].astype(np.int32),
            "b_samples": b[0], "b_units": b[1].astype(np.int32),
            "sizes": np.array([*n_units, delta]),
            "truth": truth.match_event_count.to_numpy().astype(np.int64),
            "both": make_match_count_matrix(one, two, delta, True).to_numpy().astype(np.int64),
            "agreements": truth.agreement_scores.to_numpy().astype(float),
            "distances": calculate_agreement_scores_with_distance(one, two, delta).to_numpy(),
            "best": truth.best_match_12.to_numpy().astype(np.int32),
            "assigned": truth.hungarian_match_12.to_numpy().astype(np.int32),
            "classes": classes,
        }
        for name, values in found.items():
            arrays[f"{k:02d}_{name}"] = np.ascontiguousarray(values)
    arrays["n_cases"] = np.array([k + 1])
    np.savez_compressed(Path(__file__).parent / "comparison.npz", **arrays)


if __name__ == "__main__":
    main()
