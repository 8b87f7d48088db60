# SPDX-License-Identifier: BSD-3-Clause
"""Curation, labels and merge candidates from Python."""

import json

import numpy as np
import pytest
import spikekit


@pytest.fixture(scope="module")
def session():
    return spikekit.simulate(n_units=7, duration_s=60, seed=2)


def recount(curation, **options):
    table, indices = curation.spikes()
    return spikekit.Curation(table, **options), table, indices


# ---- steps ----


def test_steps_are_a_new_count(session):
    options = {"n_bins": 21, "bin_s": 0.002}
    curation = spikekit.Curation(session, **options)
    curation.merge([0, 4], censor_ms=0.5)
    n = curation.unit(2).n_spikes
    parts = curation.split(2, np.arange(n) % 3)
    assert parts.tolist() == [8, 9, 10]
    curation.remove(5)
    assert curation.censor(3, 40.0) > 0
    assert curation.unit_ids.tolist() == [1, 3, 6, 7, 8, 9, 10]
    again, table, indices = recount(curation, **options)
    assert np.array_equal(session.samples[indices], table.samples)
    for unit_id in curation.unit_ids:
        one, other = curation.unit(unit_id), again.unit(unit_id)
        assert one.n_refractory_pairs == other.n_refractory_pairs
        assert one.n_short_intervals == other.n_short_intervals
        assert np.array_equal(one.presence, other.presence)
        assert np.array_equal(curation.correlograms(unit_id), again.correlograms(unit_id))
    counts = spikekit.correlograms(table, window_s=0.042, bin_s=0.002).counts
    assert np.array_equal(curation.correlograms(7), counts[3])
    whole = spikekit.metrics(table, ["num_spikes", "presence_ratio", "firing_rate_span"])
    alone = curation.metrics(names=list(whole))
    for name in whole:
        assert np.array_equal(whole[name], alone[name]), name


def test_undo(session):
    curation = spikekit.Curation(session, n_bins=0)
    assert curation.merge((1, 2, 3)) == 7
    assert [step.kind for step in curation.steps] == ["merge"]
    assert curation.steps[0].old_ids == (1, 2, 3) and curation.steps[0].new_ids == (7,)
    curation.undo()
    assert curation.unit_ids.tolist() == list(range(7)) and curation.steps == []
    assert curation.n_spikes == len(session.samples)
    with pytest.raises(spikekit.NotFoundError, match="no step to take back"):
        curation.undo()


def test_the_statistics_of_a_unit(session):
    curation = spikekit.Curation(session, n_bins=0, amplitude_bins=10)
    unit = curation.unit(4)
    mine = session.units == 4
    amplitudes = np.asarray(session.amplitudes, float).ravel()[mine]
    assert np.array_equal(unit.samples, session.samples[mine])
    assert np.array_equal(unit.indices, np.flatnonzero(mine))
    assert unit.amplitude_mean == pytest.approx(amplitudes.mean(), rel=1e-12)
    assert unit.amplitude_std == pytest.approx(amplitudes.std(), rel=1e-9)
    assert unit.amplitude_min == amplitudes.min() and unit.amplitude_max == amplitudes.max()
    edges = np.linspace(unit.amplitude_low, unit.amplitude_high, 11)
    assert np.abs(unit.amplitude_counts - np.histogram(amplitudes, edges)[0]).sum() <= 2
    positions = np.asarray(session.spike_positions, float)[mine]
    assert unit.x_um == pytest.approx(positions[:, 0].mean(), rel=1e-9)
    assert unit.presence.sum() == mine.sum()


def test_curate_and_files(session, tmp_path):
    curation = spikekit.curate(session, merges=[(0, 1)], remove=[6], censor_ms=0.0)
    curation.merge([7, 2])
    path = tmp_path / "curation.json"
    curation.save(path, ["good", "", "mua", "good"])
    written = json.loads(path.read_text())
    assert [step["format_version"] for step in written["curation_steps"]] == ["2"] * 3
    assert written["curation_steps"][0]["merges"] == [{"unit_ids": [0, 1], "new_unit_id": 7}]
    again = spikekit.curate(session, curation=path)
    assert np.array_equal(again.unit_ids, curation.unit_ids)
    assert np.array_equal(again.spikes()[0].units, curation.spikes()[0].units)
    path.write_text('{"format_version": "2", "unit_ids": [99]}')
    with pytest.raises(spikekit.FormatError, match=r"unit_ids\[0\]: no unit 99"):
        again.apply(path)


def test_what_is_refused(session):
    curation = spikekit.Curation(session, n_bins=0)
    with pytest.raises(spikekit.ArgumentError, match="two units or more"):
        curation.merge([1])
    with pytest.raises(spikekit.NotFoundError, match="no unit 55"):
        curation.merge([1, 55])
    with pytest.raises(spikekit.ArgumentError, match="labels: expected one for each of"):
        curation.split(1, [1, 2])
    with pytest.raises(spikekit.ArgumentError, match="n_bins"):
        spikekit.Curation(session, n_bins=4)
    with pytest.raises(spikekit.ArgumentError, match="none are kept"):
        curation.correlograms(1)
    with pytest.raises(spikekit.NotFoundError, match="takes the spikes of other units"):
        curation.metrics(1, "sync_spike_2")
    with pytest.raises(spikekit.ArgumentError, match="amplitudes: expected 1 number"):
        spikekit.Curation(session, amplitudes=np.zeros(3))
    assert curation.steps == []


# ---- labels ----

METRICS = {"num_spikes": [50, 900, 4000, np.nan], "presence_ratio": [1, 0.4, 0.9, 1]}


ROWS = [
    {"label": "noise", "metric": "num_spikes", "minimum": 100, "nan": "fail"},
    {"label": "mua", "metric": "presence_ratio", "minimum": 0.7},
    {"label": "good"},
]


def test_labels_of_rows_and_files(tmp_path):
    wanted = ["noise", "mua", "good", "noise"]
    found = spikekit.label(METRICS, ROWS)
    assert list(found) == wanted and list(np.asarray(found)) == wanted
    assert found.passed.tolist() == [0.5, 0.5, 1, 0.5] and found.failed.tolist() == [1, 2, 0, 1]
    path = tmp_path / "mine.tsv"
    path.write_text(
        "label\tmetric\tminimum\tnan\nnoise\tnum_spikes\t100\tfail\n"
        "mua\tpresence_ratio\t0.7\t\ngood\t\t\t\n"
    )
    assert list(spikekit.label(METRICS, path)) == wanted


def test_labels_of_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(METRICS, index=[3, 5, 7, 9])
    found = spikekit.label(frame, pandas.DataFrame(ROWS))
    assert list(found) == ["noise", "mua", "good", "noise"]
    assert found.to_frame().index.tolist() == [3, 5, 7, 9]


def test_labels_of_metrics(session):
    metrics = spikekit.metrics(session)
    with pytest.warns(spikekit.SpikekitWarning, match="passed over"):
        found = spikekit.label(metrics, "bombcell")
    assert len(found) == 7 and set(found) <= {"GOOD", "MUA", "NOISE", "NON-SOMA"}
    own = {"nSpikes": metrics["num_spikes"]}
    rows = [{"label": "few", "metric": "bombcell:nSpikes", "minimum": 1e9}]
    assert set(spikekit.label(own, rows)) == {"few"}


def test_labels_of_a_session(session):
    own = spikekit.label(session, ROWS)
    given = spikekit.label(spikekit.metrics(session), ROWS)
    assert list(own) == list(given) and np.array_equal(own.failed, given.failed)
    assert own.thresholds == ["num_spikes below 100 or not known", "presence_ratio below 0.7"]
    found = spikekit.label(METRICS, ROWS)
    assert found.failures(1) == ["presence_ratio below 0.7"] and found.failures(2) == []
    text = spikekit.threshold_presets("ibl")
    assert text == spikekit.threshold_presets()["ibl"]
    with pytest.raises(KeyError, match="did you mean 'bombcell'"):
        spikekit.threshold_presets("bombcel")


def test_saving_twice(session, tmp_path):
    curation = spikekit.curate(session, remove=[6])
    curation.save(tmp_path / "steps.json", overwrite=False)
    with pytest.raises(spikekit.FileError, match="overwrite=True replaces it"):
        curation.save(tmp_path / "steps.json", overwrite=False)
    curation.save(tmp_path / "steps.json")


def test_labels_that_are_refused(tmp_path):
    with pytest.raises(spikekit.FormatError, match="line 2: no metric 'num_spike'.*'num_spikes'"):
        spikekit.label(METRICS, [{"label": "x", "metric": "num_spike", "minimum": 1}])
    with pytest.raises(spikekit.FormatError, match="no column 'minimun'"):
        spikekit.label(METRICS, [{"label": "x", "metric": "num_spikes", "minimun": 1}])
    with pytest.raises(spikekit.FormatError, match="minimum 2 is above maximum 1"):
        spikekit.label(METRICS, [{"label": "x", "metric": "num_spikes", "minimum": 2, "maximum": 1}])
    with pytest.raises(spikekit.NotFoundError, match="neither file nor preset"):
        spikekit.label(METRICS, "bombsell")
    with pytest.raises(spikekit.ArgumentError, match="rows that are dicts"):
        spikekit.label(METRICS, [1, 2])
    with pytest.raises(spikekit.ArgumentError, match="a value for each unit"):
        spikekit.label({"a": [1, 2], "b": [1]}, "ibl")


# ---- duplicates and merge candidates ----


def test_duplicates():
    samples = np.array([0, 5, 9, 100, 103, 300])
    table = (samples, np.zeros(6, int), 30000)
    assert spikekit.find_duplicates(table).tolist() == [False, True, True, False, True, False]
    found = spikekit.find_duplicates(table, keep="last")
    assert found.tolist() == [True, True, False, True, False, False]
    with pytest.raises(spikekit.ArgumentError, match="keep: expected one of first"):
        spikekit.find_duplicates(table, keep="best")


def test_a_unit_that_is_there_twice(session):
    samples = np.concatenate([session.samples, session.samples[session.units == 2][::2] + 3])
    units = np.concatenate([session.units, np.full(len(samples) - len(session.units), 99)])
    order = np.argsort(samples, kind="stable")
    table = spikekit.SpikeTable(samples[order], units[order], session.sampling_rate_hz)
    assert spikekit.find_redundant(table, min_agreement=0.1).tolist() == [99]


def test_a_split_unit_is_found(session):
    curation = spikekit.Curation(session, n_bins=0)
    unit = np.argmax(np.bincount(session.units))
    rng = np.random.default_rng(1)
    parts = curation.split(unit, rng.integers(0, 2, curation.unit(unit).n_spikes))
    table, _ = curation.spikes()
    found = spikekit.merge_candidates(table, "similarity_correlograms", min_spikes=20)
    assert tuple(parts) in [tuple(pair) for pair in found.pairs]
    assert found.skipped == ["unit_locations", "template_similarity"]
    assert len(found.values["correlogram_difference"]) == len(found.pairs)
    assert len(found) == found.is_candidate.sum() == found.failed_steps.count("")
    again = spikekit.Curation(table, n_bins=0)
    mine = again.candidates(parts[0], preset="similarity_correlograms", min_spikes=20)
    rows = (found.pairs == parts[0]).any(axis=1)
    assert np.array_equal(mine.pairs, found.pairs[rows])
    for name, values in mine.values.items():
        assert np.array_equal(values, found.values[name][rows], equal_nan=True), name
    merged = spikekit.curate(table, merges=[parts], censor_ms=0)
    assert merged.n_units == 7
    with pytest.raises(spikekit.ArgumentError, match="no option 'min_spike'"):
        spikekit.merge_candidates(table, min_spike=3)
    with pytest.raises(spikekit.NotFoundError):
        spikekit.merge_candidates(table, "qwerty")
