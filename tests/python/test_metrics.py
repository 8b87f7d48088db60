# SPDX-License-Identifier: BSD-3-Clause
"""The table of metrics from Python: what is in it, what it takes, what it refuses."""

import numpy as np
import pytest
import spikekit


@pytest.fixture(scope="module")
def session():
    return spikekit.simulate(n_units=6, duration_s=60, seed=2)


def test_counts_and_rates(session):
    found = spikekit.metrics(session, "activity")
    counts = np.bincount(session.units, minlength=6)
    assert np.array_equal(found["num_spikes"], counts)
    assert np.array_equal(found["firing_rate"], counts / 60.0)
    assert list(found.unit_ids) == list(range(6))
    assert found.describe("firing_rate").unit == "Hz"
    assert not found["num_spikes"].flags.writeable


def test_the_same_for_any_number_of_threads(session):
    one, four = (spikekit.metrics(session, threads=n) for n in (1, 4))
    assert list(one) == list(four) and len(one) >= 3
    for name in one:
        assert one[name].tobytes() == four[name].tobytes(), name


def test_definitions_have_their_own_names(session):
    catalog = spikekit.metrics_catalog()
    found = spikekit.metrics(session, definition="spikeinterface")
    own = spikekit.metrics(session)
    names = {m.peers["spikeinterface"]: m.name for m in catalog.values() if "spikeinterface" in m.peers}
    assert len(found) > 1 and set(found) <= set(names)
    for name in found:
        assert found[name].tobytes() == own[names[name]].tobytes(), name


def test_catalog():
    catalog, parameters = spikekit.metrics_catalog(), spikekit.metrics_parameters()
    groups = {metric.group for metric in catalog.values()}
    assert {"activity"} <= groups
    for metric in catalog.values():
        assert metric.summary.endswith(".") and metric.undefined and metric.unit, metric.name
        assert not metric.undefined.endswith("."), metric.name
        assert (metric.summary + metric.undefined).isascii(), metric.name
    for parameter in parameters.values():
        assert parameter.group in groups, parameter.name
        assert parameter.minimum <= parameter.default <= parameter.maximum, parameter.name
        assert parameter.summary.endswith("."), parameter.name


def test_arrays_beside_a_table(session):
    table = (session.samples, session.units, session.sampling_rate_hz)
    whole = spikekit.metrics(session)
    table = spikekit.SpikeTable(*table, stop_sample=session.stop_sample)
    given = spikekit.metrics(
        table, amplitudes=session.amplitudes, positions=session.spike_positions
    )
    for name in given:
        assert given[name].tobytes() == whole[name].tobytes(), name
    bare = spikekit.metrics(table)
    catalog = spikekit.metrics_catalog()
    assert all(not catalog[name].needs for name in bare)


def test_epochs_and_periods(session):
    parts = [(5, 20), (30, 31)]
    epochs = spikekit.metrics(session, "activity", epochs=parts)
    periods = spikekit.metrics(session, "activity", periods=dict.fromkeys(range(5), parts))
    for name in ("num_spikes", "firing_rate"):
        assert np.array_equal(epochs[name][:5], periods[name][:5])
    assert periods["num_spikes"][5] == 0 and np.isnan(periods["firing_rate"][5])
    kept = spikekit.restrict(session, parts)
    assert np.array_equal(epochs["num_spikes"], np.bincount(kept.units, minlength=6))


def test_what_is_refused(session):
    with pytest.raises(spikekit.NotFoundError, match="no metric or group 'nothing'"):
        spikekit.metrics(session, "nothing")
    with pytest.raises(spikekit.NotFoundError, match="no definition 'nobody'"):
        spikekit.metrics(session, definition="nobody")
    with pytest.raises(spikekit.NotFoundError, match="no parameter 'nothing'"):
        spikekit.metrics(session, parameters={"nothing": 1})
    with pytest.raises(spikekit.ArgumentError, match="no unit 77"):
        spikekit.metrics(session, periods={77: [(0, 1)]})
    with pytest.raises(spikekit.ArgumentError, match="a row for each of"):
        spikekit.metrics(session, amplitudes=np.ones(3))
    with pytest.raises(spikekit.ArgumentError, match="1 column, found shape"):
        spikekit.metrics(session, amplitudes=np.ones((session.n_spikes, 2)))
    with pytest.raises(spikekit.ArgumentError, match="expected numbers"):
        spikekit.metrics(session, amplitudes=np.array(["a"] * session.n_spikes))


def test_names_that_are_nearly_right(session):
    with pytest.raises(KeyError, match="did you mean 'firing_rate'") as error:
        spikekit.metrics(session, "firing_rat")
    assert isinstance(error.value, spikekit.UnknownNameError)
    assert isinstance(error.value, (spikekit.NotFoundError, ValueError))
    assert str(error.value).startswith("no metric or group")
    with pytest.raises(KeyError, match="definition='bombcell'"):
        spikekit.metrics(session, "bombcell")
    with pytest.raises(KeyError, match="did you mean 'nSpikes'"):
        spikekit.metrics(session, "nSpike", definition="bombcell")
    with pytest.raises(KeyError, match="did you mean 'bombcell'"):
        spikekit.metrics(session, definition="bombcel")
    with pytest.raises(KeyError, match="did you mean 'presence_bin_s'"):
        spikekit.metrics(session, parameters={"presence_bins": 1})
    with pytest.raises(KeyError, match="did you mean 'num_spikes'"):
        spikekit.metrics(session, "activity")["num_spike"]
    assert "nothing" not in spikekit.metrics(session, "activity")
    with pytest.raises(spikekit.NotFoundError) as error:
        spikekit.load("nothing-here")
    assert not isinstance(error.value, KeyError)
    assert "rp_contamination" in spikekit.metrics(session, "contamination")
    assert list(spikekit.metrics(session, "bombcell:nSpikes")) == ["num_spikes"]


def test_frame(session):
    pandas = pytest.importorskip("pandas")
    frame = spikekit.metrics(session, "activity").to_frame()
    assert isinstance(frame, pandas.DataFrame) and frame.index.name == "unit_id"
    assert frame.shape[0] == 6
