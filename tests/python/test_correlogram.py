# SPDX-License-Identifier: BSD-3-Clause
"""Correlograms against their definition, and what the Python side adds."""

import csv
from pathlib import Path

import numpy as np
import pytest
import spikekit

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "correlogram"


def oracle(samples, units, n_units, n_bins, bin_samples, epoch_of=None):
    """counts[i][j][k]: pairs (s of i, t of j) with edge(k) <= t - s < edge(k + 1), where
    edge(k) = (k - n_bins / 2) * bin_samples, no spike with itself."""
    counts = np.zeros((n_units, n_units, n_bins), np.int64)
    lag = samples[None, :] - samples[:, None]
    k = (2 * lag + n_bins * bin_samples) // (2 * bin_samples)
    counted = (k >= 0) & (k < n_bins) & ~np.eye(len(samples), dtype=bool)
    if epoch_of is not None:
        counted &= (epoch_of[:, None] == epoch_of[None, :]) & (epoch_of[:, None] >= 0)
    s, t = np.nonzero(counted)
    np.add.at(counts, (units[s], units[t], k[s, t]), 1)
    return counts


def test_by_hand():
    #    unit 9 at 0, 10, 30; unit 4 at 12, 30
    data = ([0, 10, 12, 30, 30], [9, 9, 4, 9, 4], 1000.0)
    result = spikekit.correlograms(data, window_s=0.024, bin_s=0.004)
    assert result.counts.shape == (2, 2, 7)
    assert result.unit_ids.tolist() == [4, 9]
    assert result.bin_s == 0.004
    assert np.allclose(result.lags_s, np.arange(-3, 4) * 0.004, rtol=0, atol=1e-15)
    # From 9 to 4: 12-0=12, 12-10=2 and 30-30=0; bins [-14,-10) .. [-2,2) [2,6) .. [10,14).
    assert result[9, 4].tolist() == [0, 0, 0, 1, 1, 0, 1]
    # From 4 to 9: -12, -2, 0; -12 in [-14,-10), -2 and 0 in [-2,2).
    assert result[4, 9].tolist() == [1, 0, 0, 2, 0, 0, 0]
    # 9 with itself: +-10 (20 and 30 are outside); -10 in [-10,-6), +10 in [10,14).
    assert result[9, 9].tolist() == [0, 1, 0, 0, 0, 0, 1]
    assert result[4, 4].tolist() == [0] * 7


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bin_samples", [1, 4, 15])
def test_definition(random_spikes, seed, bin_samples):
    samples, units = random_spikes(seed, start=-500)
    window_s, rate = 0.02, 30000.0
    result = spikekit.correlograms((samples, units, rate), window_s, bin_samples / rate)
    n_bins = 2 * (300 // bin_samples) + 1
    expected = oracle(samples, units, 5, n_bins, bin_samples)
    assert result.counts.dtype == np.int64
    assert np.array_equal(result.counts, expected)
    assert expected.sum() > 1000


def test_threads_and_order_of_calls_do_not_matter(simulation):
    one = spikekit.correlograms(simulation, threads=1)
    for threads in (2, 3, 8, None):
        assert np.array_equal(spikekit.correlograms(simulation, threads=threads).counts, one.counts)


def test_selections(random_spikes):
    samples, units = random_spikes(5)
    ids = np.array([40, -3, 7, 1_000_000_000_000, 12])
    data = (samples, ids[units], 30000)
    every = spikekit.correlograms(data, 0.01, 0.001)
    assert every.unit_ids.tolist() == sorted(ids.tolist())
    some = spikekit.correlograms(data, 0.01, 0.001, references=[12, 40], targets=np.array([-3]))
    assert some.counts.shape == (2, 1, 11)
    assert np.array_equal(some[40, -3], every[40, -3])
    assert np.array_equal(some[12, -3], every[12, -3])
    assert some.reference_ids.tolist() == [12, 40] and some.target_ids.tolist() == [-3]
    with pytest.raises(AttributeError, match="axes differ"):
        some.unit_ids
    with pytest.raises(KeyError, match="no unit 7"):
        some[7, -3]
    flipped = spikekit.correlograms(
        data, 0.01, 0.001, references=[12, 40], targets=[-3], convention="spikeinterface"
    )
    assert flipped.counts.shape == (1, 2, 10)
    assert flipped.row_ids.tolist() == [-3] and flipped.reference_ids.tolist() == [12, 40]
    none = spikekit.correlograms(data, 0.01, 0.001, references=[])
    assert none.counts.shape == (0, 5, 11)


@pytest.mark.parametrize("convention", ["spikekit", "spikeinterface", "phy", "cellexplorer"])
def test_other_ways_to_count_the_same(random_spikes, convention):
    data = (*random_spikes(6), 30000.0)
    arguments = dict(window_s=0.01, bin_s=0.001, convention=convention)
    cube = spikekit.correlograms(data, **arguments)
    auto = spikekit.autocorrelograms(data, **arguments)
    assert np.array_equal(auto.counts, np.einsum("iik->ik", cube.counts))
    two = spikekit.autocorrelograms(data, units=[3, 1], **arguments)
    assert np.array_equal(two[3], cube[3, 3]) and np.array_equal(two[1], cube[1, 1])
    pairs = [(0, 3), (3, 0), (2, 2), (0, 3)]
    chosen = spikekit.correlogram_pairs(data, pairs, **arguments)
    assert np.array_equal(chosen.counts, [cube[pair] for pair in pairs])
    assert np.array_equal(chosen[3, 0], cube[3, 0])
    rows = list(spikekit.correlogram_rows(data, **arguments))
    assert [unit for unit, _ in rows] == [0, 1, 2, 3, 4]
    assert np.array_equal([counts for _, counts in rows], cube.counts)
    heard = []
    spikekit.correlogram_rows(
        data, callback=lambda *row: heard.append(row), first=1, last=4, threads=3, **arguments
    )
    assert [unit for unit, _ in heard] == [1, 2, 3]
    assert np.array_equal([counts for _, counts in heard], cube.counts[1:4])
    assert list(spikekit.correlogram_rows(data, first=2, last=2, **arguments)) == []


def test_rows_in_blocks(random_spikes, monkeypatch):
    from spikekit import correlogram

    data = (*random_spikes(7), 30000.0)
    cube = spikekit.correlograms(data, 0.01, 0.001).counts
    monkeypatch.setattr(correlogram, "_BLOCK_BYTES", 2 * cube[0].nbytes)
    rows = [counts for _, counts in spikekit.correlogram_rows(data, 0.01, 0.001)]
    assert np.array_equal(rows, cube)


def golden_cases():
    with open(GOLDEN / "cases.tsv", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize("row", golden_cases(), ids=lambda r: f"{r['case']}-{r['peer']}")
def test_counts_of_peers(row):
    samples = np.load(GOLDEN / f"{row['case']}.samples.npy")
    units = np.load(GOLDEN / f"{row['case']}.units.npy")
    expected = np.load(GOLDEN / f"{row['case']}.{row['peer']}.npy")
    present, n_units = np.unique(units), int(row["n_units"])
    result = spikekit.correlograms(
        (samples, units, float(row["sampling_rate_hz"])),
        float(row["window_s"]),
        float(row["bin_s"]),
        convention=row["peer"],
    )
    # A silent unit has no id here.
    assert np.array_equal(result.counts, expected[np.ix_(present, present)])
    silent = np.setdiff1d(np.arange(n_units), present)
    assert not expected[silent].any() and not expected[:, silent].any()


def test_epochs_in_all_their_forms(random_spikes):
    samples, units = random_spikes(8)
    data = (samples, units, 1000.0)
    starts, stops = np.array([500, 2000, 3000]), np.array([1500, 3000, 5000])
    epoch_of = np.searchsorted(starts, samples, "right") - 1
    epoch_of[(epoch_of < 0) | (samples >= stops[epoch_of])] = -1
    expected = oracle(samples, units, 5, 41, 5, epoch_of)
    seconds = np.column_stack([starts, stops]) / 1000
    for epochs in (spikekit.Epochs(starts, stops), seconds, seconds.tolist()):
        result = spikekit.correlograms(data, 0.2, 0.005, epochs=epochs)
        assert np.array_equal(result.counts, expected)
    restricted = spikekit.restrict(data, seconds)
    assert np.array_equal(spikekit.correlograms(restricted, 0.2, 0.005).counts, expected)
    table = spikekit.SpikeTable(samples, units, 1000.0, epochs=seconds)
    assert np.array_equal(spikekit.correlograms(table, 0.2, 0.005).counts, expected)
    # Epochs of a call are cut to those of the table.
    both = spikekit.correlograms(table, 0.2, 0.005, epochs=[(0, 2.5)])
    cut = spikekit.correlograms(data, 0.2, 0.005, epochs=[(0.5, 1.5), (2.0, 2.5)])
    assert np.array_equal(both.counts, cut.counts)


def test_exposure_by_definition(random_spikes):
    samples, units = random_spikes(9)
    table = spikekit.SpikeTable(samples, units, 1000.0, stop_sample=6000)
    result = spikekit.correlograms(table, 0.04, 0.004)
    half = 4 * (np.arange(12) - 5.5)  # edges; bins hold the lags edge <= d < next
    for k, exposure in enumerate(result.exposure_s):
        lags = np.arange(np.ceil(half[k]), half[k + 1])
        expected = np.maximum(0, 6000 - np.abs(lags)).mean() / 1000
        assert exposure == pytest.approx(expected, rel=1e-14)


def test_normalizations_by_definition(random_spikes):
    samples, units = random_spikes(10)
    table = spikekit.SpikeTable(samples, units, 1000.0, stop_sample=6000)
    arguments = dict(window_s=0.04, bin_s=0.004, epochs=[(0, 2), (2.5, 6)])
    result = spikekit.correlograms(table, **arguments)
    spikes = table.counts(arguments["epochs"]).astype(float)
    n_i, n_j = spikes[:, None, None], spikes[None, :, None]
    c, b, observed, total = result.counts, 0.004, result.exposure_s, 5.5
    n = total / b
    expected = {
        "count": c,
        "rate": c / (b * observed),
        "conditional_rate": c * total / (n_i * b * observed),
        "pearson": (c * total / observed - n_i * n_j / n)
        / np.sqrt(n_i * (1 - n_i / n) * n_j * (1 - n_j / n)),
    }
    for name, values in expected.items():
        found = spikekit.correlograms(table, normalization=name, **arguments)
        assert found.normalization == name
        # A dozen roundings, and in "pearson" a difference of numbers below 2.
        assert np.allclose(found.values, values, rtol=20 * 2.3e-16, atol=1e-14)
        assert np.array_equal(found[3, 1], found.values[3, 1])
        assert np.array_equal(result.normalized(name), found.values)
        auto = spikekit.autocorrelograms(table, normalization=name, **arguments)
        assert np.array_equal(auto.values, np.einsum("iik->ik", found.values))
        pair = spikekit.correlogram_pairs(table, [(3, 1)], normalization=name, **arguments)
        assert np.array_equal(pair[3, 1], found[3, 1])
    flipped = spikekit.correlograms(
        table, normalization="conditional_rate", convention="spikeinterface", **arguments
    )
    # Targets come first there, and the rate is still that from a reference spike.
    reference = spikes[None, :, None]
    values = flipped.counts * total / (reference * b * flipped.exposure_s)
    assert np.allclose(flipped.values, values, rtol=20 * 2.3e-16, atol=0)


@pytest.mark.parametrize("convention", ["spikekit", "spikeinterface", "cellexplorer"])
def test_merge(random_spikes, convention):
    samples, units = random_spikes(11)
    arguments = dict(window_s=0.01, bin_s=0.001, convention=convention)
    arguments["normalization"] = "conditional_rate"
    merged = spikekit.correlograms((samples, units, 30000.0), **arguments)
    merged.values
    assert merged.merge(3, 1) is merged
    joined = np.where(units == 1, 3, units)
    again = spikekit.correlograms((samples, joined, 30000.0), **arguments)
    kept = [0, 2, 3, 4]
    assert np.array_equal(merged.counts[np.ix_(kept, kept)], again.counts)
    assert np.array_equal(merged.values[np.ix_(kept, kept)], again.values)
    assert not merged.counts[1].any() and not merged.counts[:, 1].any()


def test_merge_refusals(random_spikes):
    data = (*random_spikes(12), 30000.0)
    with pytest.raises(spikekit.UnsupportedError) as error:
        spikekit.correlograms(data, 0.01, 0.001, convention="phy").merge(0, 1)
    assert isinstance(error.value, NotImplementedError)
    with pytest.raises(ValueError, match="all units"):
        spikekit.correlograms(data, 0.01, 0.001, references=[0, 1]).merge(0, 1)
    with pytest.raises(KeyError):
        spikekit.correlograms(data, 0.01, 0.001).merge(0, 99)
    with pytest.raises(spikekit.ArgumentError):
        spikekit.correlograms(data, 0.01, 0.001).merge(2, 2)


def test_near_pairs(random_spikes, simulation):
    data = (*random_spikes(13), 30000.0)
    rng = np.random.default_rng(13)
    for n_dimensions in (1, 2, 3):
        positions = rng.uniform(0, 100, (5, n_dimensions))
        distance = np.sqrt(((positions[:, None] - positions[None]) ** 2).sum(2))
        expected = np.argwhere((distance <= 60) & ~np.eye(5, dtype=bool))
        assert np.array_equal(spikekit.near_pairs(data, 60, positions=positions), expected)
    near = spikekit.near_pairs(simulation, 300)
    distance = np.linalg.norm(np.diff(simulation.unit_positions()[near], axis=1), axis=2)
    assert 0 < len(near) < 870 and distance.max() <= 300
    with pytest.raises(ValueError, match="positions"):
        spikekit.near_pairs(data, 60)
    with pytest.raises(ValueError, match=r"expected shape \(5"):
        spikekit.near_pairs(data, 60, positions=np.zeros((4, 2)))


def test_input_is_not_copied(random_spikes):
    samples, units = random_spikes(14)
    table = spikekit.SpikeTable(samples, units, 30000.0)
    assert table.samples.ctypes.data == samples.ctypes.data
    assert table.units.ctypes.data == units.ctypes.data
    assert np.array_equal(table.unit_ids, np.arange(5))


def whole(function):
    return lambda data, **options: function(data, **options)


def near(data, **options):
    return spikekit.correlogram_pairs(data, [(0, 1)], **options)


def rows(data, **options):
    return list(spikekit.correlogram_rows(data, **options))


GOOD = ([1, 2, 3], [0, 1, 0], 30000.0)
ERRORS = [
    (GOOD, dict(convention="klusta"), ValueError, "expected one of spikekit.*found 'klusta'"),
    (GOOD, dict(window_s=-1.0), ValueError, "window"),
    (GOOD, dict(window_s=float("nan")), ValueError, "window"),
    (GOOD, dict(bin_s=1e-9), ValueError, "bin"),
    (GOOD, dict(threads=-1), ValueError, "threads"),
    (GOOD, dict(threads=1.5), TypeError, "integer"),
    (GOOD, dict(progress=3), TypeError, "progress: expected a callable"),
    (GOOD, dict(epochs=[(2, 1)]), ValueError, "epoch"),
    (GOOD, dict(epochs=[1, 2]), ValueError, "shape"),
    (([3, 2], [0, 1], 30000.0), {}, spikekit.UnsortedError, "order|sorted"),
    (([1, 2.5], [0, 1], 30000.0), {}, spikekit.ArgumentError, "whole numbers, found 2.5 at 1"),
    (([1, np.nan], [0, 1], 30000.0), {}, ValueError, "found nan at 1"),
    (([1, np.inf], [0, 1], 30000.0), {}, ValueError, "found inf at 1"),
    (([1, 1e30], [0, 1], 30000.0), {}, OverflowError, "64-bit"),
    ((np.array([2**63], "u8"), [0], 30000.0), {}, spikekit.LimitError, "64-bit"),
    (([1, 2], [0, 1, 1], 30000.0), {}, ValueError, "expected 2.*found 3"),
    (([[1, 2]], [0, 1], 30000.0), {}, ValueError, "shape"),
    ((["a"], [0], 30000.0), {}, TypeError, "integers"),
    (([True], [0], 30000.0), {}, TypeError, "integers"),
    (([1], [0], 0.0), {}, ValueError, "rate"),
    (([1], [0], float("inf")), {}, ValueError, "rate"),
    (([1], [0]), {}, ValueError, "found 2 items"),
    (object(), {}, TypeError, "found object"),
    (GOOD, dict(sampling_rate_hz=20000), ValueError, "data say 30000"),
]


@pytest.mark.parametrize("count", [spikekit.correlograms, spikekit.autocorrelograms, near, rows])
@pytest.mark.parametrize("data, options, kind, words", ERRORS)
def test_errors(count, data, options, kind, words):
    with pytest.raises(kind, match=words):
        count(data, **options)


def test_errors_name_what_helps(tmp_path):
    with pytest.raises(ValueError, match="found 0.5 at 0.*sampling_rate_hz.*load_arrays"):
        spikekit.correlograms(([0.5, 1.5], [0, 1], 30000.0))
    with pytest.raises(spikekit.UnsortedError, match="sort=True"):
        spikekit.SpikeTable([3, 2], [0, 1], 30000.0)
    times, units = tmp_path / "times.npy", tmp_path / "units.npy"
    np.save(times, np.array([3, 2]))
    np.save(units, np.array([0, 1]))
    with pytest.raises(ValueError, match="sampling_rate_hz="):
        spikekit.load_arrays(times, units)
    with pytest.raises(spikekit.UnsortedError, match="sort=True"):
        spikekit.load_arrays(times, units, sampling_rate_hz=30000.0)


@pytest.mark.parametrize("count", [spikekit.correlograms, spikekit.autocorrelograms, near])
def test_too_large_for_memory(count, monkeypatch):
    monkeypatch.setattr("spikekit._correlogram_setup._memory_bytes", lambda: 1000)
    with pytest.raises(MemoryError, match="201 bins.*window_s=0.1 is in seconds") as caught:
        count(GOOD)
    assert isinstance(caught.value, spikekit.AllocationError)


def test_units_of_a_quality(phy_folder):
    with spikekit.load(phy_folder) as session:
        quality = np.array(session.quality)
        chosen = session.unit_ids[quality == quality[0]]
        by_name = spikekit.correlograms(session, references=str(quality[0]))
        by_ids = spikekit.correlograms(session, references=chosen)
        assert np.array_equal(by_name.reference_ids, chosen)
        assert np.array_equal(by_name.counts, by_ids.counts)
        own = spikekit.autocorrelograms(session, units=str(quality[0]))
        assert np.array_equal(own.unit_ids, chosen)
        with pytest.raises(ValueError, match=f"targets: no unit is 'x'.*{quality[0]}"):
            spikekit.correlograms(session, targets="x")


def test_normalization_with_a_hyphen():
    result = spikekit.correlograms(GOOD, normalization="conditional-rate")
    assert result.normalization == "conditional_rate"
    assert result.values is result.normalized("conditional_rate")


@pytest.mark.parametrize("convention", ["spikekit", "spikeinterface"])
def test_plot_says_which_is_the_reference(convention):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from matplotlib.figure import Figure

    result = spikekit.correlograms(GOOD, convention=convention, normalization="conditional_rate")
    a, b = (1, 0) if convention == "spikeinterface" else (0, 1)
    ax = result.plot(a, b, ax=Figure().subplots())
    assert ax.get_title() == "reference 0, target 1"
    assert ax.get_ylabel() == "rate of the target (Hz)"


def test_more_errors():
    with pytest.raises(ValueError, match="normalization: expected one of count.*'z'"):
        spikekit.correlograms(GOOD, normalization="z")
    for name in ("references", "targets"):
        with pytest.raises(ValueError, match=f"{name}: no unit 5"):
            spikekit.correlograms(GOOD, **{name: [0, 5]})
    with pytest.raises(ValueError):
        spikekit.correlograms(GOOD, references=[0, 0])
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        spikekit.correlogram_pairs(GOOD, [0, 1])
    with pytest.raises(ValueError, match="first <= last"):
        spikekit.correlogram_rows(GOOD, first=2, last=1)
    assert len(spikekit.correlogram_pairs(GOOD, [])) == 0
    with pytest.raises(TypeError, match="two unit ids"):
        spikekit.correlograms(GOOD)[0]


def test_every_error_is_also_a_spikekit_error():
    with pytest.raises(spikekit.SpikekitError) as error:
        spikekit.correlograms(([3, 2], [0, 1], 30000.0))
    assert error.value.status == 4
    assert "\n" not in str(error.value)


def test_no_spikes():
    result = spikekit.correlograms(([], [], 30000.0))
    assert result.counts.shape == (0, 0, 201)
    assert spikekit.autocorrelograms(([], [], 30000.0)).counts.shape == (0, 201)
    assert rows(([], [], 30000.0)) == []


def test_reprs(random_spikes):
    data = (*random_spikes(15), 30000.0)
    for result in (spikekit.correlograms(data), spikekit.autocorrelograms(data), near(data)):
        assert "201 bins of 0.5 ms, spikekit convention" in repr(result)
