# SPDX-License-Identifier: BSD-3-Clause
"""Surrogates are spike tables, repeat themselves, and keep what they say."""

import gc

import numpy as np
import pytest
import spikekit

METHODS = (
    "dither", "train_dither", "jitter", "isi_shuffle", "interval_shuffle", "isi_dither",
    "joint_isi", "trial_shift", "bin_shuffle", "randomise", "poisson",
)


@pytest.mark.parametrize("method", METHODS)
def test_tables_and_trains_agree(simulation, method):
    found = spikekit.surrogates(simulation, method, n=3, seed=5)
    assert len(found) == 3 and [type(table) for table in found] == [spikekit.SpikeTable] * 3
    tables = found[:]
    for k, unit in ((0, 3), (2, 17)):
        train = found.trains(unit)[k]
        assert np.array_equal(train, tables[k].samples[tables[k].units == unit])
        assert (np.diff(train) >= 0).all()
    again = spikekit.surrogates(simulation, method, n=3, seed=5, threads=1)
    assert np.array_equal(tables[1].samples, again[1].samples)
    assert np.array_equal(found[-1].samples, found[2].samples)
    other = spikekit.surrogates(simulation, method, seed=6)
    assert not np.array_equal(tables[0].samples, other[0].samples)
    assert tables[0].stop_sample == simulation.stop_sample
    if method != "poisson":
        assert np.array_equal(tables[0].counts(), simulation.counts())
        assert found.trains(3).shape == (3, simulation.counts()[3])


def test_analyses_take_them(simulation):
    found = spikekit.surrogates(simulation, "jitter", n=2, width_s=0.02, seed=1)
    counts = [spikekit.autocorrelograms(table).counts.sum() for table in found]
    assert counts[0] > 0 and counts[1] > 0


def test_options_and_epochs():
    table = spikekit.SpikeTable(np.arange(0, 1000, 10), np.zeros(100, int), 1000, stop_sample=1000)
    epochs = spikekit.Epochs([0, 500], [300, 1000])
    found = spikekit.surrogates(table, "trial_shift", n=50, width_s=np.inf, epochs=epochs)
    trains = found.trains(0)
    assert ((trains < 300) | (trains >= 500)).all() and ((trains < 300).sum(1) == 30).all()
    lost = spikekit.surrogates(table, "train_dither", n=20, width_s=0.1, edges="drop").trains(0)
    assert isinstance(lost, list) and {len(train) for train in lost} <= set(range(90, 101))
    # no closer than 8 samples: each spike has but little room
    dead = spikekit.surrogates(table, n=3, width_s=0.015, refractory_s=0.008).trains(0)
    assert (np.diff(dead, axis=1) >= 8).all() and (dead != table.samples).any()


def test_given_rates():
    table = spikekit.SpikeTable([5, 900], [3, 8], 1000, stop_sample=1000)
    found = spikekit.surrogates(
        table, "rate", n=200, rates_hz=[[0, 100], [10, 0]], rate_bin_s=0.5, seed=2
    )
    trains = found.trains(3)
    assert all((train >= 500).all() for train in trains)
    assert abs(np.mean([len(train) for train in trains]) - 50) < 4 * np.sqrt(50 / 200)
    assert (found[7].samples[found[7].units == 1] < 500).all()
    with pytest.raises(spikekit.ArgumentError, match="rates_hz: expected shape"):
        spikekit.surrogates(table, "rate", rates_hz=[1.0, 2.0])
    with pytest.raises(spikekit.ArgumentError, match="rates_hz must be given"):
        spikekit.surrogates(table, "rate")


def test_lives_on_alone():
    found = spikekit.surrogates(spikekit.simulate(n_units=3, duration_s=5), n=2)
    gc.collect()
    assert found[1].n_units == 3


def test_wrong_arguments(simulation):
    with pytest.raises(spikekit.ArgumentError, match="method: expected one of dither"):
        spikekit.surrogates(simulation, "dithering")
    with pytest.raises(spikekit.ArgumentError, match="width_s must be above 0"):
        spikekit.surrogates(simulation, width_s=0)
    with pytest.raises(spikekit.ArgumentError, match="seed: expected"):
        spikekit.surrogates(simulation, seed=-1)
    with pytest.raises(spikekit.ArgumentError, match="n: expected"):
        spikekit.surrogates(simulation, n=-1)
    with pytest.raises(TypeError, match="no option 'width'"):
        spikekit.surrogates(simulation, width=1)
    for method, unused in (
        ("jitter", {"bin_s": 0.01}), ("isi_shuffle", {"width_s": 0.01}),
        ("jitter", {"edges": "drop"}), ("dither", {"least_s": 0.001}),
        ("poisson", {"refractory_s": 0.001}), ("dither", {"sigma_s": 0.001}),
        ("jitter", {"rates_hz": np.ones((simulation.n_units, 3))}),
    ):
        with pytest.raises(
            spikekit.ArgumentError, match=f"{next(iter(unused))}: method '{method}' does not use it"
        ):
            spikekit.surrogates(simulation, method, **unused)
    with pytest.raises(IndexError):
        spikekit.surrogates(simulation)[1]
    assert len(spikekit.surrogates(simulation, n=0)) == 0
