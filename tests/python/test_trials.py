# SPDX-License-Identifier: BSD-3-Clause
"""Fano factors, noise correlations and joint histograms from Python, against plain numpy on
drawn counts and on recorded ones."""

import csv

import numpy as np
import pytest
import spikekit


def load_visual(data_folder, name="session1_Cori_2016-12-14"):
    folder = data_folder / "steinmetz2019_viscortex"
    if not folder.is_dir():
        pytest.skip("no steinmetz2019_viscortex")
    counts = np.load(folder / f"{name}.spike_counts.npy")
    with open(folder / f"{name}.trials.csv") as file:
        rows = list(csv.DictReader(file))
    return counts, [f'{r["contrast_left"]}|{r["contrast_right"]}' for r in rows]


def noise_by_numpy(counts, labels):
    """Weighted by dof: the mean over conditions of numpy's corrcoef."""
    n = counts.shape[1]
    top, dof = np.zeros((n, n)), np.zeros((n, n), int)
    for label in np.unique(labels):
        x = counts[labels == label].astype(float)
        if len(x) < 2:
            continue
        varies = x.std(axis=0) > 0
        with np.errstate(all="ignore"):
            r = np.corrcoef(x.T)
        both = np.outer(varies, varies)
        top[both] += (len(x) - 1) * r[both]
        dof[both] += len(x) - 1
    with np.errstate(all="ignore"):
        return np.where(dof >= 2, top / dof, np.nan), dof


def test_noise_correlation_against_numpy():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 90)
    gain = rng.gamma(4, 0.25, 90)
    counts = rng.poisson(gain[:, None] * (1 + labels[:, None]) * np.arange(6))
    found = spikekit.noise_correlation(counts, conditions=labels, pooling="zscore")
    expected, dof = noise_by_numpy(counts, labels)
    off = ~np.eye(6, dtype=bool)
    assert np.allclose(found.correlations[off], expected[off], atol=1e-13, equal_nan=True)
    assert np.array_equal(found.dof[off], dof[off])
    assert np.isnan(found.correlations[0]).all()  # the silent unit
    summary = found.summary()
    assert summary.n_pairs == 10 and summary.n_units == 5
    assert np.isclose(summary.mean_z, np.arctanh(expected[np.triu_indices(6, 1)][5:]).mean())
    assert summary.lower < summary.mean < summary.upper
    shuffled = spikekit.noise_correlation(counts, conditions=labels, control="shuffle", seed=1)
    assert abs(shuffled.summary().mean) < summary.mean / 3
    shifted = spikekit.noise_correlation(counts, conditions=labels, control="shift")
    residuals = counts - np.array([counts[labels == k].mean(0) for k in range(3)])[labels]
    later = residuals.copy()
    for k in range(3):
        later[labels == k] = np.roll(residuals[labels == k], -1, axis=0)
    by_hand = np.corrcoef(residuals[:, 1:].T, later[:, 1:].T)[:5, 5:]
    assert np.allclose(shifted.correlations[1:, 1:], by_hand, atol=1e-13)
    plain = spikekit.noise_correlation(counts, conditions=labels)
    assert np.allclose(plain.correlations[1:, 1:], np.corrcoef(residuals[:, 1:].T), atol=1e-13)
    chosen = np.zeros((6, 6), bool)
    chosen[1, 2] = True
    assert found.summary(chosen).n_pairs == 1


def test_trial_fano_against_numpy():
    rng = np.random.default_rng(2)
    counts = rng.poisson(3, (50, 4, 6))
    labels = np.repeat(["a", "b"], 25)
    found = spikekit.fano(counts, 0.02, 0.02, conditions=labels, bin_s=0.01)
    pairs = counts.reshape(50, 4, 3, 2).sum(-1)
    for k, label in enumerate("ab"):
        own = pairs[labels == label]
        assert np.allclose(found.fano[k], own.var(0, ddof=1) / own.mean(0), rtol=1e-12)
    assert np.allclose(found.times_s, [0.01, 0.03, 0.05])
    assert (found.n_trials == 25).all() and found.fano.shape == (2, 4, 3)
    elephants = spikekit.fano(counts[:, :, 0], ddof=0)
    assert np.allclose(elephants.fano[:, 0], counts[:, :, 0].var(0) / counts[:, :, 0].mean(0))
    statistics = pytest.importorskip("elephant.statistics")
    neo, quantities = pytest.importorskip("neo"), pytest.importorskip("quantities")
    trains = [
        neo.SpikeTrain(np.arange(n) / 100.0 * quantities.s, t_stop=1 * quantities.s)
        for n in counts[:, 0, 0]
    ]
    assert np.isclose(statistics.fanofactor(trains), elephants.fano[0, 0])


def test_alignment_goes_straight_in():
    session = spikekit.simulate(n_units=6, duration_s=120, seed=4)
    events = np.arange(1.0, 118.0, 1.5)
    labels = np.arange(len(events)) % 2
    aligned = spikekit.align(session, events, (0, 0.4), 0.1, conditions=labels)
    found = spikekit.noise_correlation(aligned, pooling="zscore")
    assert found.unit_ids.tolist() == list(session.unit_ids)
    counts = aligned.counts.sum(-1)
    off = ~np.eye(6, dtype=bool)
    assert np.allclose(
        found.correlations[off], noise_by_numpy(counts, labels)[0][off], atol=1e-13
    )
    assert np.allclose(found.rates_hz, counts.mean(0) / 0.4)
    fano = spikekit.fano(aligned, 0.2, 0.1)
    assert np.allclose(fano.times_s, [0.1, 0.2, 0.3]) and fano.fano.shape == (2, 6, 3)
    matched = spikekit.mean_matched_fano(aligned, 0.2)
    assert matched.n_points_all.tolist() == [12, 12, 12]
    joint = spikekit.jpsth(aligned, 0, 3, condition=1, reach_s=0.1)
    x, y = (aligned.counts[labels == 1, u].astype(int) for u in (0, 3))
    assert np.array_equal(joint.coincidences, np.einsum("ta,tb->ab", x, y))
    assert joint.correlogram.sum() == joint.coincidences.sum() == (x.sum(1) * y.sum(1)).sum()
    assert joint.histogram.sum() == joint.correlogram[2:5].sum()
    with pytest.raises(spikekit.ArgumentError, match="condition: no condition"):
        spikekit.jpsth(aligned, 0, 3)
    with pytest.raises(spikekit.ArgumentError, match="i: no unit 9"):
        spikekit.jpsth(aligned, 9, 3, condition=1)
    with pytest.raises(spikekit.ArgumentError, match="bin_s: an Alignment has its own"):
        spikekit.fano(aligned, bin_s=1)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: spikekit.fano([1, 2]), "trials: expected shape"),
        (lambda: spikekit.fano([[1.5]]), "trials: expected whole numbers"),
        (lambda: spikekit.fano([[-1]]), "trials: expected counts"),
        (lambda: spikekit.fano([[1]], bin_s=0), "bin_s: expected a width above 0"),
        (lambda: spikekit.fano([[1]], 0.1, bin_s=1), "window_s: expected at least one bin"),
        (lambda: spikekit.fano([[1]], 2, bin_s=1), "window_bins must be in 1 .. 1, got 2"),
        (lambda: spikekit.noise_correlation([[1]], control="x"), "control: expected None"),
        (lambda: spikekit.noise_correlation([[1]], pooling="x"), "pooling: expected one of"),
        (lambda: spikekit.noise_correlation([[1]], conditions=[1, 2]), "conditions: expected"),
        (lambda: spikekit.jpsth([[1, 2]], 0, 1, condition=1), "the trials have no conditions"),
        (lambda: spikekit.jpsth([[1, 2]], 0, 1, predictor="x"), "predictor: expected one of"),
        (lambda: spikekit.match_noise_correlations(([1], []), ([], [])), "first: expected as many"),
        (lambda: spikekit.mean_matched_fano([[1]], mean_spacing=0), "mean_spacing must be above"),
    ],
)
def test_errors(call, words):
    with pytest.raises(spikekit.ArgumentError, match=words):
        call()


def matched_by_numpy(counts, labels, spacing):
    """Points as the definition has them, and the slope of all of them."""
    means, variances, weights = [], [], []
    for label in np.unique(labels):
        x = counts[labels == label].astype(float)
        if len(x) >= 2:
            means.append(x.mean(0))
            variances.append(x.var(0, ddof=1))
            weights.append(np.full(x.shape[1:], float(len(x))))
    m, v, n = map(np.concatenate, (means, variances, weights))
    w = n / (m + 0.13) ** 2
    classes = np.floor(m / spacing).astype(int)
    each = [np.bincount(classes[:, t], minlength=classes.max() + 1) for t in range(m.shape[1])]
    return (w * m * v).sum(0) / (w * m * m).sum(0), np.min(each, axis=0).sum(), m.mean(0)


def test_visual_cortex(data_folder):
    counts, labels = load_visual(data_folder)
    labels = np.array(labels)
    windows = counts.reshape(*counts.shape[:2], 3, 13).sum(-1)  # three of 130 ms
    found = spikekit.mean_matched_fano(counts, 0.13, 0.13, conditions=labels, bin_s=0.01)
    slopes, kept, means = matched_by_numpy(windows, labels, 0.25)
    assert np.allclose(found.fano_all, slopes, rtol=1e-11)
    assert (found.n_points == kept).all() and 500 < kept < found.n_points_all[0]
    assert np.allclose(found.mean_all, means, rtol=1e-11)
    assert np.ptp(found.mean) < 0.02 * found.mean.mean()
    assert np.ptp(found.mean_all) > 0.05 * found.mean_all.mean()
    assert np.allclose(found.fano, [1.5655, 1.5109, 1.6238], atol=1e-4)
    assert ((found.lower < found.fano_all) & (found.fano_all < found.upper)).all()
    late = counts[:, :, 5:35].sum(-1)
    noise = spikekit.noise_correlation(late, conditions=labels, bin_s=0.3, pooling="zscore")
    expected, dof = noise_by_numpy(late, labels)
    off = ~np.eye(counts.shape[1], dtype=bool)
    assert np.allclose(noise.correlations[off], expected[off], atol=1e-12, equal_nan=True)
    assert np.array_equal(noise.dof[off], dof[off])
    assert np.isnan(noise.correlations).any()  # some units are silent
    summary = noise.summary()
    assert 0 < summary.lower < summary.mean < summary.upper < 0.2
    assert np.isclose(summary.mean, 0.034637, atol=1e-6) and summary.n_pairs == 15456
    slow = spikekit.noise_correlation(
        late, conditions=labels, control="shift", pooling="zscore"
    ).summary()
    assert slow.lower < 0 < slow.upper  # nothing is left from one trial to the next
    shuffled = spikekit.noise_correlation(late, conditions=labels, control="shuffle").summary()
    assert shuffled.lower < 0 < shuffled.upper
    signal = spikekit.signal_correlation(late, conditions=labels)
    means = np.array([late[labels == k].mean(0) for k in np.unique(labels)])
    varies = means.std(0) > 0
    with np.errstate(all="ignore"):
        r = np.corrcoef(means.T)
    both = np.outer(varies, varies)
    assert np.allclose(signal[both], r[both], atol=1e-11)
