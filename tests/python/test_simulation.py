# SPDX-License-Identifier: BSD-3-Clause
"""Simulations: options go in, truth comes out, and the memory is the library's."""

import gc
import json

import numpy as np
import pytest
import spikekit


def test_table_and_truth_agree(simulation):
    assert simulation.n_units == 30 and simulation.duration_s == 100.0
    assert simulation.format == "simulation"
    assert simulation.unit_ids.tolist() == list(range(30))
    assert (np.diff(simulation.samples) >= 0).all()
    truth = simulation.truth
    assert all(len(values) == 30 for values in truth.values())
    counts = simulation.counts()
    assert np.array_equal(counts, truth["n_true_spikes"] - truth["n_missed"] + truth["n_foreign"])
    foreign = np.bincount(simulation.units[simulation.foreign], minlength=30)
    assert np.array_equal(foreign, truth["n_foreign"])
    some = counts > 0
    assert np.allclose(truth["contamination"][some], (truth["n_foreign"] / counts)[some], rtol=1e-15)
    assert set(np.unique(truth["bursting"])) <= {0, 1}
    assert (truth["depth_um"] >= 0).all() and (truth["depth_um"] <= 3840).all()
    # The scatter of n spikes moves their mean by 4 um / sqrt(n); five times that is rare.
    for unit in np.flatnonzero(counts > 50):
        own = simulation.spike_positions[simulation.units == unit]
        error = np.abs(own.mean(0) - simulation.unit_positions()[unit])
        assert (error < 6 * 4 / np.sqrt(counts[unit])).all()


def test_connections(simulation):
    connections = simulation.connections
    assert set(connections) == {
        "source", "target", "latency_s", "strength", "extra_pairs",
    }
    assert ((connections["extra_pairs"] < 0) <= (connections["strength"] < 0)).all()
    assert (connections["extra_pairs"] != 0).any()
    n = len(connections["source"])
    # 870 ordered pairs, 5 % of them: 43.5 with s.d. 6.4
    assert 43.5 - 6 * 6.4 < n < 43.5 + 6 * 6.4
    assert (connections["source"] != connections["target"]).all()
    order = np.lexsort([connections["target"], connections["source"]])
    assert np.array_equal(order, np.arange(n))
    assert ((connections["latency_s"] >= 0.001) & (connections["latency_s"] <= 0.003)).all()


def test_a_connection_shows_in_the_correlogram():
    made = spikekit.simulate(
        n_units=2,
        duration_s=600,
        seed=4,
        rate_median_hz=10,
        rate_sigma=0,
        connection_share=1,
        inhibitory_share=0,
        connection_strength=0.5,
        burst_share=0,
        drift_sigma=0,
    )
    for source, target, latency in zip(
        *(made.connections[name] for name in ("source", "target", "latency_s"))
    ):
        result = spikekit.correlograms(made, window_s=0.04, bin_s=0.0005)
        counts = result[source, target]
        peak = result.lags_s[np.argmax(counts)]
        # Jitter has an s.d. of 0.3 ms; the other connection is at the opposite lag.
        assert min(abs(peak - latency), abs(peak + latency_back(made, source))) < 0.001


def latency_back(made, source):
    return made.connections["latency_s"][made.connections["target"] == source][0]


def test_seed_and_threads():
    options = dict(n_units=12, duration_s=30)
    one = spikekit.simulate(seed=5, threads=1, **options)
    two = spikekit.simulate(seed=5, threads=2, **options)
    other = spikekit.simulate(seed=6, threads=2, **options)
    for name in ("samples", "units", "amplitudes", "spike_positions", "foreign"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert not np.array_equal(one.samples, other.samples)
    largest = spikekit.simulate(seed=2**64 - 1, **options)
    assert largest.options["seed"] == 2**64 - 1
    assert largest.options["n_units"] == 12 and largest.options["refractory_s"] == 0.002


def test_views_keep_the_simulation():
    made = spikekit.simulate(n_units=5, duration_s=30)
    samples, rates = made.samples, made.truth["base_rate_hz"]
    copies = samples.copy(), rates.copy()
    del made
    gc.collect()
    spikekit.simulate(n_units=5, duration_s=30, seed=9)
    assert np.array_equal(samples, copies[0]) and np.array_equal(rates, copies[1])
    for array in (samples, rates):
        with pytest.raises(ValueError):
            array[0] = 0


def test_write(phy_folder, simulation):
    truth = json.loads((phy_folder / "truth.json").read_text())
    assert truth["options"]["seed"] == 11 and truth["options"]["n_units"] == 30
    assert [unit["n_foreign"] for unit in truth["units"]] == simulation.truth["n_foreign"].tolist()
    assert truth["common_inputs"] == [] and truth["options"]["modulation_sigma"] == 0
    targets = [connection["target"] for connection in truth["connections"]]
    assert targets == simulation.connections["target"].tolist()
    with pytest.raises(spikekit.SpikekitError):
        simulation.write(phy_folder)
    simulation.write(phy_folder, overwrite=True)


def test_no_connections():
    made = spikekit.simulate(n_units=4, duration_s=10, connection_share=0)
    assert all(len(values) == 0 for values in made.connections.values())


def test_modulation_and_common_input():
    plain = dict(n_units=10, duration_s=50, seed=3)
    made = spikekit.simulate(
        modulation_sigma=0.4, modulation_opposed=0.5, modulation_groups=np.int64(2),
        common_groups=2, common_size=3, **plain,
    )
    weight, group = made.truth["modulation"], made.truth["modulation_group"]
    assert (weight < 0).any() and (weight > 0).any() and set(group) == {0, 1}
    assert (np.abs(weight) >= 0.2).all() and (np.abs(weight) <= 0.6).all()
    common = made.common_inputs
    assert set(common) == {"group", "unit", "latency_s", "strength", "n_extra"}
    assert common["group"].tolist() == [0, 0, 0, 1, 1, 1] and (common["n_extra"] > 0).all()
    none = spikekit.simulate(**plain)
    assert len(none.common_inputs["unit"]) == 0 and (none.truth["modulation"] == 0).all()


@pytest.mark.parametrize(
    "options, kind, words",
    [
        (dict(common_groups=2.5), TypeError, "integer"),
        (dict(common_groups=1, common_size=301), ValueError, "at most n_units = 300, got 301"),
        (dict(modulation_time_s=0), ValueError, "modulation_time_s"),
        (dict(n_units=0), ValueError, "n_units"),
        (dict(n_units=-3), ValueError, "n_units"),
        (dict(n_units=2**70), ValueError, "n_units"),
        (dict(n_units=3.5), TypeError, "integer"),
        (dict(seed=-1), ValueError, "seed"),
        (dict(seed=2**64), ValueError, "seed"),
        (dict(duration_s=0), ValueError, "duration_s"),
        (dict(duration_s=float("nan")), ValueError, "duration_s"),
        (dict(missed_max=2), ValueError, "missed_max"),
        (dict(duration_s="long"), TypeError, None),
        (dict(units=3), TypeError, "no option 'units'; there are seed, n_units"),
    ],
)
def test_errors(options, kind, words):
    with pytest.raises(kind, match=words):
        spikekit.simulate(**{"duration_s": 10, **options})
