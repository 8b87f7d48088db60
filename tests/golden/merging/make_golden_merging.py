# SPDX-License-Identifier: BSD-3-Clause
"""Makes the files of this folder with SpikeInterface: python make_golden_merging.py"""

from types import SimpleNamespace

import numpy as np
import scipy
import sklearn
import spikeinterface
import spikeinterface.core as si
from sklearn.neighbors import NearestNeighbors
from spikeinterface.curation import auto_merge as am
from spikeinterface.curation.mergeunitssorting import MergeUnitsSorting
from spikeinterface.metrics.quality.misc_metrics import compute_refrac_period_violations
from spikeinterface.metrics.spiketrain.metrics import compute_firing_rates

PRESETS = ("similarity_correlograms", "temporal_splits", "x_contaminations", "feature_neighbors", "slay")


def fire(rng, rate, seconds, fs, dead=0.002, burst=0.0):
    """A train with dead time; after a share of its spikes another follows within 3 to 8 ms."""
    gaps = dead + rng.exponential(1 / rate, int(2 * rate * seconds) + 50)
    short = rng.random(len(gaps)) < burst
    gaps[short] = rng.uniform(0.003, 0.008, short.sum())
    times = np.cumsum(gaps)
    return np.round(times[times < seconds] * fs).astype(np.int64)


def split(rng, train):
    mask = rng.random(len(train)) < 0.5
    return [train[mask], train[~mask]]


def plain(rng, fs, seconds):
    n = int(fs * seconds)
    bursting = fire(rng, 9, seconds, fs, burst=0.3)
    late = np.r_[False, np.diff(bursting) < 0.01 * fs]
    drifting = fire(rng, 4, seconds, fs)
    dirty = fire(rng, 4, seconds, fs)
    dirty = np.sort(np.r_[dirty, rng.integers(0, n, len(dirty))])
    other = fire(rng, 6, seconds, fs)
    copied = np.sort(np.r_[fire(rng, 3, seconds, fs), other[::7] + rng.integers(-5, 6, len(other[::7]))])
    return [
        *split(rng, fire(rng, 8, seconds, fs)),
        drifting[drifting < n // 2], drifting[drifting >= n // 2],
        bursting[~late], bursting[late],
        other, np.clip(copied, 0, n - 1),
        dirty, fire(rng, 0.2, seconds, fs),
        *split(rng, fire(rng, 6, seconds, fs, dead=0.0035)),
    ]


def sparse(rng, fs, seconds):
    trains = [fire(rng, r, seconds, fs, dead=d) for r, d in ((1, 0.002), (0.7, 0.0), (3, 0.006))]
    trains += split(rng, fire(rng, 2, seconds, fs, burst=0.5))
    trains += [np.arange(0, int(fs * seconds), int(fs * 0.031)), trains[2][:40] + 3, np.array([17, 900])]
    return trains


def analyzer_of(trains, fs, seconds, similarity, positions, snr, per_spike):
    samples = np.concatenate(trains)
    units = np.repeat(np.arange(len(trains)), [len(t) for t in trains])
    order = np.lexsort((units, samples))
    samples, units = samples[order], units[order]
    sorting = si.NumpySorting.from_samples_and_labels([samples], [units], fs, unit_ids=np.arange(len(trains)))
    recording = si.NumpyRecording([np.zeros((int(fs * seconds), 1), np.int16)], fs)
    attributes = spikeinterface.core.recording_tools.get_rec_attributes(recording)
    analyzer = si.SortingAnalyzer(sorting=sorting, recording=None, rec_attributes=attributes,
                                  format="memory", sparsity=None)

    def holds(data, **params):
        return SimpleNamespace(get_data=lambda: data, params=params)

    amplitudes, xy = per_spike(units)
    analyzer.extensions.update(
        templates=holds(None), noise_levels=holds(None),
        template_similarity=holds(similarity, method="l1"),
        unit_locations=holds(np.c_[positions, np.zeros(len(trains))]),
        quality_metrics=holds({"snr": SimpleNamespace(values=snr)}),
        spike_amplitudes=holds(amplitudes),
        spike_locations=holds(np.rec.fromarrays(xy.T, names="x,y")))
    return analyzer, samples, units, amplitudes, xy


def correlograms_of(analyzer):
    analyzer.compute("correlograms")
    return analyzer.get_extension("correlograms").get_data()


def values_of(analyzer, n, amplitudes, xy):
    sorting = analyzer.sorting
    every = np.triu(np.ones((n, n), bool), 1)
    contaminations = np.array(list(compute_refrac_period_violations(
        analyzer, refractory_period_ms=1.0, censored_period_ms=0.3).rp_contamination.values()))
    cc, p = am.compute_cross_contaminations(analyzer, every, 0.1, (0.3, 1.0), contaminations)
    ccgs, bins = correlograms_of(analyzer)
    rho, eta = am.compute_xcorr_and_rp(analyzer, every)
    ccgs = ccgs.copy()
    ccgs[:, :, (bins[:-1] >= -0.15) & (bins[:-1] < 0.15)] = 0
    smoothed = am.smooth_correlogram(ccgs, bins, sigma_smooth_ms=0.6)
    windows = np.zeros(n, int)
    for u in range(n):
        own = smoothed[u, u]
        windows[u] = am.get_unit_adaptive_window(own, np.max(own) * 0.5)
    difference = am.compute_correlogram_diff(sorting, smoothed, windows, every)
    presence = am.compute_presence_distance(sorting, every, num_samples=[analyzer.get_total_samples()])
    rates = np.array(list(compute_firing_rates(analyzer).values()))
    gain = np.full((n, n), np.nan)
    for a, b in zip(*np.nonzero(every)):
        merged = MergeUnitsSorting(sorting, [[a, b]], new_unit_ids=[a], delta_time_ms=0.3).select_units([a])
        new = si.SortingAnalyzer(sorting=merged, recording=None, rec_attributes=analyzer.rec_attributes,
                                 format="memory", sparsity=None)
        c = compute_refrac_period_violations(new, refractory_period_ms=1.0, censored_period_ms=0.3)[0][a]
        score = compute_firing_rates(new)[a] * (1 - 2.5 * c)
        gain[a, b] = np.fmin(score - rates[a] * (1 - 2.5 * contaminations[a]),
                             score - rates[b] * (1 - 2.5 * contaminations[b]))
    data = np.c_[amplitudes, xy]
    data = (data - data.mean(0)) / data.std(0)
    units = sorting.to_spike_vector()["unit_index"]
    found = NearestNeighbors(n_neighbors=10).fit(data)
    neighbors = np.zeros((n, n))
    for a in range(n):
        near = found.kneighbors(data[units == a], return_distance=False).ravel()
        neighbors[a] = np.bincount(units[near], minlength=n)
    mask = am.get_pairs_via_nntree(analyzer, 10, every.copy())
    assert np.array_equal(mask, every & (neighbors > 0))
    columns = dict(cross_contamination=cc, cross_p=p, slay_rho=rho, slay_eta=eta,
                   correlogram_difference=difference, presence_distance=presence, quality_gain=gain,
                   neighbors=neighbors)
    return contaminations, columns, zip(*np.nonzero(every))


def write(name, fs, seconds, make, seed):
    rng = np.random.default_rng(seed)
    trains = make(rng, fs, seconds)
    n = len(trains)
    positions = np.round(rng.uniform(0, 40, (n, 2)))
    positions[-1] += (0, 500)
    similarity = np.full((n, n), 0.6)
    for a in range(0, n - 1, 2):
        similarity[a, a + 1] = similarity[a + 1, a] = 0.9
    similarity[0, 4] = similarity[4, 0] = similarity[6, 0] = similarity[0, 6] = 0.8
    np.fill_diagonal(similarity, 1)
    snr = np.round(rng.uniform(1, 8, n), 3)
    centres = rng.normal(0, 30, (n, 3))

    def per_spike(units):
        at = (centres[units] + rng.normal(0, 8, (len(units), 3))).astype(np.float32)
        return at[:, 0], at[:, 1:]

    analyzer, samples, units, amplitudes, xy = analyzer_of(
        trains, fs, seconds, similarity, positions, snr, per_spike)
    np.save(f"{name}.samples.npy", samples.astype(np.int32))
    np.save(f"{name}.units.npy", units.astype(np.uint8))
    np.save(f"{name}.per_spike.npy", np.c_[amplitudes, xy])
    np.save(f"{name}.per_unit.npy", np.c_[positions, snr])
    np.save(f"{name}.similarity.npy", similarity)
    contaminations, columns, pairs = values_of(analyzer, n, amplitudes, xy)
    with open(f"{name}.values.tsv", "w") as f:
        f.write("\t".join(["a", "b", "contamination", *columns]) + "\n")
        for a, b in pairs:
            row = [np.fmax(contaminations[a], contaminations[b]), *(c[a, b] for c in columns.values())]
            f.write("\t".join([str(a), str(b), *(repr(float(v)) for v in row)]) + "\n")
    with open(f"{name}.groups.tsv", "w") as f:
        f.write("preset\tgroups\n")
        for preset in PRESETS:
            correlograms_of(analyzer)  # one preset zeroes bins of the correlograms in place
            groups = am.compute_merge_unit_groups(analyzer, preset=preset, force_copy=False)
            print(name, preset, groups)
            f.write(preset + "\t" + ";".join(",".join(str(u) for u in g) for g in groups) + "\n")


with open("versions.txt", "w") as f:
    for module in (spikeinterface, np, scipy, sklearn):
        f.write(f"{module.__name__} {module.__version__}\n")
write("plain", 30000.0, 240.0, plain, 3)
write("sparse", 25000.0, 120.0, sparse, 4)
