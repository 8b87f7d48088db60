# SPDX-License-Identifier: BSD-3-Clause
"""Templates of units and depths of spikes against their definitions in numpy."""

import numpy as np
import pytest
import spikekit

N_CHANNELS, N_SAMPLES, N_TEMPLATES = 6, 12, 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small phy folder after a merge: unit 5 is of templates 0 and 2; template 3 has no
    spike on its own."""
    folder = tmp_path_factory.mktemp("phy")
    rng = np.random.default_rng(12)
    templates = rng.normal(size=(N_TEMPLATES, N_SAMPLES, N_CHANNELS)).astype(np.float32)
    n = 200
    of_spike = rng.integers(0, 3, n).astype(np.int32)
    arrays = {
        "spike_times": np.sort(rng.integers(0, 300000, n)),
        "spike_templates": of_spike,
        "spike_clusters": np.array([5, 1, 5], np.int32)[of_spike],
        "templates": templates,
        "whitening_mat_inv": np.eye(N_CHANNELS) * 2 + rng.normal(size=(N_CHANNELS,) * 2) / 10,
        "channel_map": np.arange(N_CHANNELS),
        "channel_positions": np.column_stack(
            [np.arange(N_CHANNELS) % 2 * 30.0, np.arange(N_CHANNELS) * 20.0]
        ),
        "amplitudes": np.ones(n),
        "pc_features": rng.normal(size=(n, 2, 3)).astype(np.float32),
        "pc_feature_ind": np.array([[0, 1, 2], [1, 2, 3], [3, 4, 5], [0, 2, 4]]),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "params.py").write_text("sample_rate = 30000.\nn_channels_dat = 6\n")
    return folder, arrays


def expected_waveforms(arrays):
    stored = arrays["templates"].astype(np.float64) @ arrays["whitening_mat_inv"]
    counts = np.bincount(arrays["spike_templates"], minlength=N_TEMPLATES)
    merged = (counts[0] * stored[0] + counts[2] * stored[2]) / (counts[0] + counts[2])
    return np.stack([stored[1], merged])


# ---- unit_templates ----


def test_unit_templates(folder):
    path, arrays = folder
    found, expected = spikekit.unit_templates(path), expected_waveforms(arrays)
    assert found.unit_ids.tolist() == [1, 5] and len(found) == 2
    assert np.allclose(found.waveforms(), expected, atol=1e-12)
    assert np.array_equal(found[5], found.waveforms()[1])
    assert np.allclose(found.peak_to_peak, np.ptp(expected, axis=1), atol=1e-12)
    assert np.array_equal(found.main_channels, np.ptp(expected, axis=1).argmax(axis=1))
    assert found.sampling_rate_hz == 30000
    assert repr(found) == "<UnitTemplates: 2 units, 12 samples of 6 channels>"


def test_unit_templates_outlive_the_session(folder):
    path, arrays = folder
    with spikekit.load(path) as session:
        found = spikekit.unit_templates(session)
    del session
    assert np.allclose(found[5], expected_waveforms(arrays)[1], atol=1e-12)
    assert spikekit.unit_locations(found, "main_channel").shape == (2, 4)
    with pytest.raises(spikekit.ArgumentError, match="no unit 2"):
        found[2]


# ---- template_similarity ----


# The library keeps waveforms to compare as float32: 2^-24 a sample.
@pytest.mark.parametrize("method", ["cosine", "l1", "l2"])
def test_similarity(folder, method):
    path, arrays = folder
    a, b = expected_waveforms(arrays)
    found = spikekit.template_similarity(path, method, radius_um=0)
    if method == "cosine":
        expected = (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())
    else:
        order = 1 if method == "l1" else 2
        norm = lambda x: np.linalg.norm(x.ravel(), order)
        expected = 1 - norm(a - b) / (norm(a) + norm(b))
    assert found.similarity[0, 1] == pytest.approx(expected, abs=1e-6)
    assert found.similarity[1, 0] == found.similarity[0, 1]
    assert np.allclose(found.similarity.diagonal(), 1) and not found.lags.any()


def test_similarity_over_lags(folder):
    path, arrays = folder
    a, b = expected_waveforms(arrays)
    found = spikekit.template_similarity(path, radius_um=0, max_lag_samples=3)
    cosines = []
    for shift in range(-3, 4):
        x, y = a[3:9], b[3 + shift : 9 + shift]
        cosines.append((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))
    assert found.similarity[0, 1] == pytest.approx(max(cosines), abs=1e-6)
    assert found.lags[0, 1] == np.argmax(cosines) - 3 == -found.lags[1, 0]


# ---- unit_locations ----


def test_locations(folder):
    path, arrays = folder
    templates, positions = spikekit.unit_templates(path), arrays["channel_positions"]
    expected = expected_waveforms(arrays)
    found = spikekit.unit_locations(templates, "main_channel")
    largest = np.abs(expected).max(axis=1).argmax(axis=1)
    assert np.array_equal(found[:, :2], positions[largest]) and np.isnan(found[:, 2:]).all()
    found = spikekit.unit_locations(templates, "center_of_mass", radius_um=1000)
    size = np.ptp(expected, axis=1)
    assert np.allclose(found[:, :2], size @ positions / size.sum(axis=1, keepdims=True))
    one, two = (spikekit.unit_locations(templates, threads=n) for n in (1, 2))
    assert np.isfinite(one).all() and one.tobytes() == two.tobytes()
    grid = spikekit.unit_locations(templates, "grid_convolution")
    assert grid.shape == (2, 4) and np.isnan(grid[:, 3]).all()


def test_monopolar_finds_a_source(tmp_path):
    """p_c = alpha / distance exactly."""
    y = np.repeat(np.arange(10) * 20.0, 2)
    positions = np.column_stack([np.tile([0.0, 32.0], 10), y])
    source, alpha = np.array([20.0, 95.0, 15.0]), 500.0
    distance = np.sqrt(((positions - source[:2]) ** 2).sum(axis=1) + source[2] ** 2)
    template = np.zeros((1, 5, 20))
    template[0, 2] = -alpha / distance
    arrays = {
        "spike_times": np.arange(1, 10), "spike_templates": np.zeros(9, np.int32),
        "templates": template, "channel_positions": positions, "channel_map": np.arange(20),
        "whitening_mat_inv": np.eye(20),
    }
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    (tmp_path / "params.py").write_text("sample_rate = 30000.\n")
    found = spikekit.unit_locations(tmp_path)[0]
    assert np.allclose(found[:3], source, atol=0.1) and found[3] == pytest.approx(alpha, rel=0.01)


# ---- spike_depths ----


@pytest.mark.parametrize("weight", ["positive_pc1", "pc1"])
def test_depths(folder, weight):
    path, arrays = folder
    first = arrays["pc_features"][:, 0, :].astype(np.float64)
    if weight == "positive_pc1":
        first = np.maximum(first, 0)
    y = arrays["channel_positions"][arrays["pc_feature_ind"], 1][arrays["spike_templates"]]
    with np.errstate(invalid="ignore"):
        expected = (first**2 * y).sum(axis=1) / (first**2).sum(axis=1)
    found = spikekit.spike_depths(path, weight=weight, threads=2)
    assert np.allclose(found, expected, equal_nan=True) and np.isfinite(found).any()
    assert np.isnan(found).any() == (weight == "positive_pc1")


# ---- what is refused ----


def test_what_is_refused(folder, tmp_path):
    path, _ = folder
    for name in ("spike_times", "spike_templates", "channel_positions"):
        np.save(tmp_path / f"{name}.npy", np.load(path / f"{name}.npy"))
    (tmp_path / "params.py").write_text("sample_rate = 30000.\n")
    with pytest.raises(spikekit.NotFoundError, match="no templates"):
        spikekit.unit_templates(tmp_path)
    with pytest.raises(spikekit.NotFoundError, match="no features"):
        spikekit.spike_depths(tmp_path)
    table = spikekit.SpikeTable([1, 2], [1, 1], 1000)
    for function in (spikekit.unit_templates, spikekit.spike_depths, spikekit.unit_locations):
        with pytest.raises(spikekit.ArgumentError, match="expected a Session or a path"):
            function(table)
    with pytest.raises(spikekit.ArgumentError, match="weight: expected one of"):
        spikekit.spike_depths(path, weight="pc2")
    with pytest.raises(spikekit.ArgumentError, match="method: expected one of"):
        spikekit.unit_locations(path, "center")
    with pytest.raises(spikekit.ArgumentError, match="radius_um"):
        spikekit.unit_locations(path, radius_um=-1)
    with pytest.raises(spikekit.ArgumentError, match="support: expected one of"):
        spikekit.template_similarity(path, support="all")
    with pytest.raises(spikekit.ArgumentError, match="lag"):
        spikekit.template_similarity(path, max_lag_samples=6)
    closed = spikekit.load(path)
    closed.close()
    with pytest.raises(ValueError, match="closed"):
        spikekit.unit_templates(closed)


# ---- waveform_features ----


def test_waveform_features():
    waveform = np.array([0, 1, -2, -8, -3, 2, 4, 3, 1, 0.0])
    found = spikekit.waveform_features(waveform, 10000, recovery_s=2e-4)
    assert (found.peak_sample, found.trough_sample, found.tip_sample) == (3, 6, 1)
    assert (found.peak, found.trough, found.tip) == (-8, 4, 1)
    assert found.recovery_sample == 8 and found.recovery == 1
    assert found.is_inverted is False and found.is_swapped is False
    assert found.peak_to_trough_ratio == 2
    assert found.peak_to_trough_ratio_log == pytest.approx(np.log(2))
    assert found.peak_to_trough_duration_s == pytest.approx(3e-4)
    assert found.depolarisation_slope == pytest.approx((-8 - 1) / 2e-4)
    assert found.repolarisation_slope == pytest.approx((4 + 8) / 3e-4)
    assert found.recovery_slope == pytest.approx((1 - 4) / 2e-4)
    assert np.isnan(found.spatial_spread_um)


def test_waveform_features_of_channels():
    waveform = np.array([0, 1, -2, -8, -3, 2, 4, 3, 1, 0.0])
    channels = np.column_stack([waveform / 4, waveform, waveform / 2])
    positions = [(0, 0), (0, 20), (30, 60)]
    found = spikekit.waveform_features(channels, channel_positions=positions)
    assert found.peak_channel == 1
    assert found.spatial_spread_um == pytest.approx((2 * 20 + 4 * 50) / (2 + 8 + 4))
    flat = spikekit.waveform_features(channels * 0)
    assert flat.peak_sample == -1 and np.isnan(flat.peak)


def test_waveform_features_refuse():
    with pytest.raises(spikekit.ArgumentError, match="1 or 2 dimensions"):
        spikekit.waveform_features(np.ones((2, 3, 4)))
    with pytest.raises(spikekit.ArgumentError, match=r"channel_positions: expected shape \(3, 2\)"):
        spikekit.waveform_features(np.ones((5, 3)), channel_positions=[(0, 0)])
    with pytest.raises(spikekit.ArgumentError, match="sampling_rate_hz"):
        spikekit.waveform_features(np.ones(5), 0)
    with pytest.raises(spikekit.ArgumentError):
        spikekit.waveform_features([])
