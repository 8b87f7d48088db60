# SPDX-License-Identifier: BSD-3-Clause
"""Couplings of pairs, from numpy arrays."""

import csv
from pathlib import Path

import numpy as np
import pytest
import spikekit

GOLDEN = Path(__file__).parents[1] / "golden" / "glmcc"


def table_of(counts):
    """Two units whose correlogram has these counts: for each lag a spike of either, alone for a
    second. Lags are in the middle of bins of ten samples."""
    lags = np.repeat((np.arange(100) - 50) * 10 + 5, counts.astype(int))
    first = 10_000 * (1 + np.arange(len(lags)))
    samples, units = np.append(first, first + lags), np.repeat([10, 3], len(lags))
    order = np.argsort(samples, kind="stable")
    return spikekit.SpikeTable(samples[order], units[order], 10000)


def golden(case, rule):
    with open(GOLDEN / "expected.tsv") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    at = [k for k, row in enumerate(rows) if (row["case"], row["rule"]) == (case, rule)][0]
    return np.load(GOLDEN / "counts.npy")[at // 2], rows[at]


@pytest.mark.parametrize("case", ["excitatory", "inhibitory", "both"])
@pytest.mark.parametrize("rule", ["threshold", "ratio"])
def test_golden(case, rule):
    counts, row = golden(case, rule)
    rule = "threshold" if rule == "threshold" else "likelihood_ratio"
    found = spikekit.glmcc(table_of(counts), [(10, 3)], rule=rule, curves=True)
    assert found.pairs.tolist() == [[10, 3]]
    np.testing.assert_array_equal(found.counts[0], counts)
    assert found.delay_s[0] == pytest.approx(float(row["delay"]) / 1000)
    # the sums are of lags in the middle of bins here, of finer ones there
    assert found.coupling[0] == pytest.approx([float(row["j_ij"]), float(row["j_ji"])], abs=0.06)
    assert found.expected.sum() == pytest.approx(counts.sum(), rel=1e-5)
    assert found.converged.all() and found.bin_s == 0.001
    assert found.significant.tolist() == [[case != "inhibitory", case != "excitatory"]]
    swapped = spikekit.glmcc(table_of(counts), [(3, 10)], rule=rule)
    np.testing.assert_allclose(swapped.coupling[0], found.coupling[0, ::-1], atol=1e-8)
    assert swapped.counts is None


def test_all_pairs_threads_epochs():
    session = spikekit.simulate(n_units=6, duration_s=60, seed=4)
    found = spikekit.glmcc(session, threads=1)
    assert len(found.pairs) == 15
    again = spikekit.glmcc(session, found.pairs[::-1], threads=4)
    np.testing.assert_array_equal(again.coupling[::-1], found.coupling)
    part = spikekit.glmcc(session, epochs=[(0, 30)], curves=True)
    assert part.counts.sum() < spikekit.glmcc(session, curves=True).counts.sum()
    assert spikekit.glmcc(session, []).coupling.shape == (0, 2)


def test_nothing_to_fit():
    table = spikekit.SpikeTable([10, 99_000], [1, 2], 1000)
    found = spikekit.glmcc(table)
    assert np.isnan(found.coupling).all() and np.isnan(found.log_p).all()
    assert not found.significant.any() and not found.converged.any()


def test_refuses():
    table = spikekit.SpikeTable([10, 20], [1, 2], 1000)
    for arguments, message in (
        ({"rule": "best"}, "rule: expected one of threshold, likelihood_ratio"),
        ({"convention": "best"}, "convention: expected one of"),
        ({"pairs": [(1, 9)]}, "no unit 9"),
        ({"pairs": [(1, 1)]}, "two units"),
        ({"pairs": [1, 2]}, "expected shape"),
        ({"n_bins": 7}, "n_bins must be even"),
        ({"bin_s": 1e-4, "tau_s": 1e-3}, "at least one sample"),
        ({"smoothness": -1}, "smoothness must be above 0"),
        ({"last_delay_bins": 60}, "last_delay_bins"),
    ):
        with pytest.raises(spikekit.ArgumentError, match=message):
            spikekit.glmcc(table, **arguments)
