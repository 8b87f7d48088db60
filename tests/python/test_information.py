# SPDX-License-Identifier: BSD-3-Clause
"""Information between trains, by the face users see."""

import numpy as np
import pytest
import spikekit


@pytest.fixture(scope="module")
def chain():
    """Unit 2 copies unit 1 two bins later, now and then; unit 3 is on its own."""
    draws = np.random.default_rng(2)
    fires = draws.random((3, 8000)) < [[0.1], [0.05], [0.1]]
    fires[1, 2:] |= fires[0, :-2] & (draws.random(7998) < 0.5)
    units, bins = np.nonzero(fires)
    return spikekit.SpikeTable(
        10 * bins + 4, units + 1, 1000, sort=True, stop_sample=80000
    )


def plug_in(x, y, d):
    table = np.zeros((2, 2))
    np.add.at(table, (x[: len(x) - d], y[d:]), 1)
    p = table / table.sum()
    expected = p.sum(1, keepdims=True) * p.sum(0)
    return float((p[p > 0] * np.log2(p[p > 0] / expected[p > 0])).sum())


def test_mutual_information(chain):
    found = spikekit.mutual_information(chain, bin_s=0.01, delays=(0, 4), bias="plug_in")
    assert found.values.shape == (3, 3, 5) and found.delays.tolist() == [0, 1, 2, 3, 4]
    rows = spikekit.bin_spikes(chain, bin_s=0.01).counts > 0
    for d in range(5):
        expected = plug_in(rows[0].astype(int), rows[1].astype(int), d)
        assert abs(found.values[0, 1, d] - expected) < 1e-12
    assert np.isnan(found.values[1, 1]).all() and np.isnan(found.p).all()
    assert found.peaks().delay[0, 1] == 2 and found.peaks().delay[1, 1] == -1


def test_transfer_entropy_finds_the_copy(chain):
    how = dict(method="train_dither", width_s=np.inf, least_s=1, seed=4)
    found = spikekit.transfer_entropy(
        chain, bin_s=0.01, delays=(1, 5), n_surrogates=39, surrogate=how, bias="surrogates"
    )
    assert found.p[0, 1] == 1 / 40 and (found.p[2, :2] > 0.05).all()
    peaks = found.peaks(1)
    assert peaks.delay[0, 1] == 2 and peaks.coincidence[0, 1] > 0.9
    part = spikekit.transfer_entropy(
        chain, bin_s=0.01, delays=(1, 5), n_surrogates=39, surrogate=how, bias="surrogates",
        shard=(1, 3), threads=1,
    )
    assert np.array_equal(part.values, found.values[1:], equal_nan=True)
    assert np.array_equal(part.p, found.p[1:], equal_nan=True)
    assert part.source_ids.tolist() == [2, 3] and part.unit_ids.tolist() == [1, 2, 3]
    one = spikekit.transfer_entropy(chain, bin_s=0.01, delays=2)
    assert one.values.shape == (3, 3, 1)


def test_default_surrogates_keep_bursts(chain):
    """Independent bursts are not found; a seed alone leaves the method as it is."""
    draws = np.random.default_rng(5)
    starts = [draws.integers(0, 29980, 50) for _ in range(8)]
    trains = [np.unique((s[:, None] + 3 * np.arange(5)).ravel()) for s in starts]
    units = np.repeat(np.arange(8), [len(train) for train in trains])
    table = spikekit.SpikeTable(
        np.concatenate(trains), units, 1000, sort=True, stop_sample=30000
    )
    found = spikekit.transfer_entropy(table, delays=(1, 5), n_surrogates=19)
    p = found.p[~np.eye(8, dtype=bool)]
    assert (p <= 0.05).mean() < 0.05 + 4 * np.sqrt(0.05 * 0.95 / len(p))
    whole = dict(method="train_dither", width_s=np.inf)
    for seed, how in ((0, whole), (7, dict(whole, seed=7))):
        one, other = (
            spikekit.transfer_entropy(chain, 0.01, n_surrogates=19, surrogate=given).p
            for given in (dict(seed=seed), how)
        )
        assert np.array_equal(one, other, equal_nan=True)


def test_wrong_arguments(chain):
    with pytest.raises(spikekit.ArgumentError, match="delays: expected 0 or more, found -1"):
        spikekit.mutual_information(chain, delays=-1)
    with pytest.raises(spikekit.ArgumentError, match="bias: expected one of plug_in"):
        spikekit.transfer_entropy(chain, bias="panzeri")
    with pytest.raises(spikekit.ArgumentError, match="bias 2 needs n_surrogates"):
        spikekit.transfer_entropy(chain, bias="surrogates")
    with pytest.raises(spikekit.ArgumentError, match="first_delay"):
        spikekit.transfer_entropy(chain, delays=(0, 3))
    with pytest.raises(spikekit.ArgumentError, match="first_delay"):
        spikekit.mutual_information(chain, delays=(3, 1))
    with pytest.raises(spikekit.ArgumentError, match="first_unit"):
        spikekit.mutual_information(chain, shard=(2, 9))
    with pytest.raises(TypeError, match="no option 'width'"):
        spikekit.mutual_information(chain, n_surrogates=1, surrogate=dict(width=3))
