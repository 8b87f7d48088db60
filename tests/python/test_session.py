# SPDX-License-Identifier: BSD-3-Clause
"""Sessions: what is read, that nothing is copied, and how long memory lives."""

import gc
import os
import shutil
import subprocess

import numpy as np
import pytest
import spikekit


def mapped_range(path):
    """Where this process has a file in its memory."""
    with open("/proc/self/maps") as maps:
        for line in maps:
            if line.rstrip().endswith(str(path)):
                first, last = line.split()[0].split("-")
                return int(first, 16), int(last, 16)
    return None


def test_phy_folder(phy_folder, simulation):
    session = spikekit.load(phy_folder)
    assert session.format == "kilosort"
    assert os.path.samefile(session.path, phy_folder)
    assert np.array_equal(session.samples, simulation.samples)
    assert np.array_equal(session.unit_ids[session.units], simulation.units)
    assert session.sampling_rate_hz == 30000.0
    assert session.n_spikes == len(session.samples) == simulation.n_spikes
    assert session.n_units == 30
    assert np.array_equal(session.counts(), simulation.counts())
    assert np.allclose(session.amplitudes.ravel(), simulation.amplitudes)
    assert np.allclose(session.spike_positions, simulation.spike_positions)
    assert session.spike_templates.shape[0] == session.n_spikes
    assert session.channel_positions.shape[1] == 2
    contamination = simulation.truth["contamination"]
    assert session.quality == ["good" if c <= 0.1 else "mua" for c in contamination]
    assert "group" in session.labels and len(session.labels["group"]) == 30
    for path in (str(phy_folder), phy_folder / "params.py", phy_folder / "spike_times.npy"):
        assert spikekit.load(path).n_spikes == session.n_spikes


def test_unit_positions_are_medians(phy_folder):
    session = spikekit.load(phy_folder)
    positions = session.unit_positions()
    for unit in range(session.n_units):
        own = session.spike_positions[session.units == unit].astype(float)
        assert np.allclose(positions[unit], np.median(own, axis=0), rtol=1e-6)


def test_arrays_are_views_of_the_mapped_file(phy_folder):
    session = spikekit.load(phy_folder)
    samples = session.samples
    first, last = mapped_range(phy_folder / "spike_times.npy")
    assert first <= samples.ctypes.data < last
    assert samples.ctypes.data == session.samples.ctypes.data
    for array in (samples, session.units, session.unit_ids, session.amplitudes):
        assert not array.flags.owndata and not array.flags.writeable
        with pytest.raises(ValueError):
            array[0] = 1


def test_views_outlive_the_session(phy_folder):
    session = spikekit.load(phy_folder)
    samples, copy = session.samples, session.samples.copy()
    tail = session.samples[-100:]
    session.close()
    session.close()
    del session
    gc.collect()
    assert mapped_range(phy_folder / "spike_times.npy") is not None
    assert np.array_equal(samples, copy)
    del samples
    gc.collect()
    assert np.array_equal(tail, copy[-100:])
    del tail
    gc.collect()
    assert mapped_range(phy_folder / "spike_times.npy") is None


def test_closed(phy_folder):
    with spikekit.load(phy_folder) as session:
        assert session.n_units == 30
    for name in ("samples", "labels", "amplitudes", "format", "duration_s"):
        with pytest.raises(ValueError, match="session is closed"):
            getattr(session, name)
    for call in (session.unit_positions, session.counts):
        with pytest.raises(ValueError, match="closed"):
            call()
    with pytest.raises(ValueError, match="closed"):
        spikekit.correlograms(session)
    with pytest.raises(ValueError, match="closed"):
        session.__enter__()
    assert repr(session) == "<Session: closed>"
    assert "closed" in session._repr_html_()


def test_results_outlive_the_session(phy_folder):
    with spikekit.load(phy_folder) as session:
        result = spikekit.correlograms(session, 0.02, 0.001, normalization="pearson")
        rows = spikekit.correlogram_rows(session, 0.02, 0.001)
        kept = spikekit.load(phy_folder)
    del session
    gc.collect()
    expected = spikekit.correlograms(kept, 0.02, 0.001, normalization="pearson")
    assert np.array_equal(result.values, expected.values, equal_nan=True)
    assert np.array_equal(result.exposure_s, expected.exposure_s)
    assert np.array_equal([counts for _, counts in rows], result.counts)


def test_reprs(phy_folder):
    session = spikekit.load(phy_folder)
    assert repr(session).startswith(f"<Session: kilosort, {session.n_spikes} spikes of 30 units")
    html = session._repr_html_()
    assert "30 (" in html and "kilosort" in html and len(html) < 2000


def test_digests(phy_folder):
    digests = spikekit.load(phy_folder).input_digests()
    assert any(path.endswith("spike_times.npy") for path in digests)
    assert all(len(digest) == 32 for digest in digests.values())
    if not shutil.which("xxh128sum"):
        pytest.skip("the digests themselves: no xxh128sum")
    for path, digest in digests.items():
        printed = subprocess.run(["xxh128sum", path], capture_output=True, text=True, check=True)
        assert printed.stdout.split()[0] == digest


def save(folder, **arrays):
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder / "times.npy", folder / "units.npy"


@pytest.mark.parametrize("dtype", ["u8", "i8", "i4", ">i8", "f8"])
def test_arrays(tmp_path, dtype):
    paths = save(tmp_path, times=np.array([5, 7, 7, 900], dtype), units=np.array([8, 3, 8, 8]))
    session = spikekit.load_arrays(*paths, sampling_rate_hz=1000 if dtype != "f8" else 1)
    assert session.format == "arrays"
    assert session.samples.tolist() == [5, 7, 7, 900]
    assert session.unit_ids.tolist() == [3, 8]
    assert session.units.tolist() == [1, 0, 1, 1]
    assert session.amplitudes is None and session.channel_map is None
    assert session.labels == {} and session.quality == ["unsorted", "unsorted"]
    with pytest.raises(spikekit.NotFoundError):
        session.unit_positions()


def test_seconds_go_to_the_nanosecond_grid(tmp_path):
    paths = save(tmp_path, times=np.array([0.5, 1.000000001]), units=np.array([0, 0]))
    session = spikekit.load_arrays(*paths)
    assert session.sampling_rate_hz == 1e9
    assert session.samples.tolist() == [500_000_000, 1_000_000_001]
    assert spikekit.load_arrays(*paths, sampling_rate_hz=30000).samples.tolist() == [15000, 30000]


def test_options(tmp_path, phy_folder):
    paths = save(tmp_path, times=np.array([9, 4, 6]), units=np.array([1, 2, 1]))
    with pytest.raises(spikekit.UnsortedError):
        spikekit.load_arrays(*paths, sampling_rate_hz=1000)
    session = spikekit.load_arrays(*paths, sampling_rate_hz=1000, sort=True, duration_s=0.5)
    assert session.samples.tolist() == [4, 6, 9]
    assert session.units.tolist() == [1, 0, 0]
    assert session.duration_s == 0.5
    assert spikekit.load(phy_folder, sampling_rate_hz=25000).sampling_rate_hz == 25000
    assert spikekit.load(phy_folder, duration_s=250).duration_s == 250
    assert spikekit.load(phy_folder, clusters=False).n_spikes > 0


def test_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere") as error:
        spikekit.load(tmp_path / "nowhere")
    assert isinstance(error.value, spikekit.NotFoundError)
    with pytest.raises(spikekit.NotFoundError):
        spikekit.load(tmp_path)
    times, units = save(tmp_path, times=np.zeros((3, 2), "i8"), units=np.zeros(3, "i4"))
    with pytest.raises(spikekit.FormatError, match=r"times\.npy.*expected.*found") as error:
        spikekit.load_arrays(times, units, sampling_rate_hz=1000)
    assert isinstance(error.value, ValueError) and "\n" not in str(error.value)
    times.write_bytes(b"not an array")
    with pytest.raises(spikekit.FormatError, match="times.npy"):
        spikekit.load_arrays(times, units, sampling_rate_hz=1000)
    with pytest.raises(TypeError):
        spikekit.load(7)


def test_real_kilosort_folder(data_folder):
    session = spikekit.load(data_folder / "ks4_ibl_zfm02370")
    assert (session.n_spikes, session.n_units) == (290360, 403)
    assert session.sampling_rate_hz == 30000
    assert (session.samples[0], session.samples[-1]) == (58, 2699982)
    assert (session.quality.count("good"), session.quality.count("mua")) == (253, 150)
    assert session.channel_positions.shape == (383, 2)
    assert session.channel_map.shape == (383,)
    assert {"KSLabel", "ContamPct", "Amplitude"} <= set(session.labels)
    times = np.load(data_folder / "ks4_ibl_zfm02370" / "spike_times.npy")
    assert np.array_equal(session.samples, times.ravel())
    auto = spikekit.autocorrelograms(session, window_s=0.05, bin_s=0.001)
    assert auto.counts.shape == (403, 51)
    assert np.array_equal(auto.counts[:, 26:].sum(0) >= 0, np.ones(25, bool))
    pair = spikekit.correlograms(session, 0.05, 0.001, references=[7], targets=[7])
    assert np.array_equal(pair[7, 7], auto[7])


def test_spike_table_functions(random_spikes):
    samples, units = random_spikes(3)
    table = spikekit.SpikeTable(samples, units * 10, 1000.0)
    assert np.array_equal(table.counts(), np.bincount(units))
    assert np.array_equal(table.train(30), samples[units == 3])
    epochs = [(0.5, 1.0), (2.0, 4.5)]
    inside = ((samples >= 500) & (samples < 1000)) | ((samples >= 2000) & (samples < 4500))
    part = table.restrict(epochs)
    assert np.array_equal(part.samples, samples[inside])
    assert np.array_equal(part.units, units[inside])
    assert np.array_equal(table.counts(epochs), np.bincount(units[inside], minlength=5))
    assert part.unit_ids.tolist() == [0, 10, 20, 30, 40]
    assert table.restrict(None) is table


@pytest.mark.parametrize("epochs", [None, [(0.5, 1.0035), (2.0, 4.5)]])
def test_binning(random_spikes, epochs):
    samples, units = random_spikes(4)
    table = spikekit.SpikeTable(samples, units, 1000.0, stop_sample=6004)
    binned = table.bin(0.01, epochs=epochs)
    edges = [(0, 6004)] if epochs is None else [(500, 1003), (2000, 4500)]
    starts = np.concatenate([np.arange(a, b - 9, 10) for a, b in edges])
    expected = [
        [np.sum((samples >= s) & (samples < s + 10) & (units == u)) for s in starts]
        for u in range(5)
    ]
    if epochs is not None:  # 1.0035 s is nearest to sample 1004, as halves go to even
        assert spikekit.Epochs.from_seconds(epochs, 1000).stops[0] in (1003, 1004)
    assert np.array_equal(binned.counts, expected)
    assert np.allclose(binned.starts_s, starts / 1000, rtol=0, atol=1e-12)
    assert binned.bin_s == 0.01
    sparse = spikekit.bin_spikes(table, 0.01, epochs=epochs, sparse=True)
    dense = np.zeros(sparse.shape, np.int32)
    for unit in range(5):
        part = slice(sparse.offsets[unit], sparse.offsets[unit + 1])
        dense[unit, sparse.bins[part]] = sparse.counts[part]
    assert np.array_equal(dense, binned.counts)


def test_binning_errors():
    data = ([1, 2], [0, 0], 1000.0)
    for bin_s in (0.0, -1.0, float("nan"), 1e-6, float("inf")):
        with pytest.raises(ValueError, match="bin_s"):
            spikekit.bin_spikes(data, bin_s)


def test_epochs():
    epochs = spikekit.Epochs([0, 10, 10 + 5], [10, 12, 20])
    assert len(epochs) == 3 and epochs.duration_samples == 17
    assert epochs == spikekit.Epochs([0, 10, 15], [10, 12, 20])
    assert epochs & spikekit.Epochs([5], [17]) == spikekit.Epochs([5, 10, 15], [10, 12, 17])
    for starts, stops in ([5], [5]), ([0, 5], [6, 9]), ([0], [1, 2]):
        with pytest.raises(ValueError):
            spikekit.Epochs(starts, stops)
    with pytest.raises(spikekit.UnsortedError):
        spikekit.Epochs([10, 0], [20, 5])
    with pytest.raises(ValueError, match="whole"):
        spikekit.Epochs([0.5], [3])
    assert len(spikekit.Epochs([], [])) == 0
    assert "from 0 to 90" in repr(spikekit.Epochs(np.arange(9) * 10, np.arange(9) * 10 + 10))


def test_unit_ids_of_any_size():
    for ids in ([0, 2, 1], [5, 5, 5], [-7, 3, 2**62], [10**6, 0, 3], np.array([3, 1, 2], "u2")):
        table = spikekit.SpikeTable([1, 2, 3], ids, 1000.0)
        assert table.unit_ids[table.units].tolist() == np.asarray(ids).tolist()
        assert table.unit_ids.tolist() == sorted(set(np.asarray(ids).tolist()))
        assert table.units.dtype == np.int32


def test_to_frame(phy_folder):
    pytest.importorskip("pandas", reason="pandas is not installed")
    session = spikekit.load(phy_folder)
    frame = session.to_frame()
    assert frame.index.tolist() == session.unit_ids.tolist()
    assert frame["n_spikes"].sum() == session.n_spikes
    assert frame["quality"].tolist() == session.quality
