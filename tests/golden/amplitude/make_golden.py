# SPDX-License-Identifier: BSD-3-Clause
"""Amplitude and drift metrics and valid periods of peers on small spike trains.

Run in an environment with spikeinterface, bombcell, scipy and numba; see README.md.
"""

import importlib.metadata
import os
import warnings

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import least_squares

warnings.simplefilter("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))
RATE_HZ = 30000
N_SAMPLES = 600 * RATE_HZ
COUNTS = [0, 1, 2, 7, 60, 510, 700, 1500, 2500, 2600, 3000, 2000]


def train(random, n, unit):
    """A renewal train with 2 ms of refractoriness, a few violations in odd units."""
    if n == 0:
        return np.zeros(0, np.int64)
    gaps = random.exponential(1, n)
    gaps = gaps / gaps.sum() * (N_SAMPLES * 0.98 - 60 * n) + 60
    times = np.cumsum(gaps).astype(np.int64)
    if unit % 2 and n > 500:
        times[n // 3 : n // 3 + 4] = times[n // 3] + 10 * np.arange(4)
    if unit == 9:  # nothing for three minutes
        times = times[(times < 200 * RATE_HZ) | (times > 380 * RATE_HZ)]
    return np.sort(times)


def amplitude(random, times, unit):
    n = len(times)
    values = random.normal(50, 10, 20 * n + 1)
    if unit == 8:
        return -values[:n]
    if unit in (9, 10):
        return values[values > {9: 45, 10: 52}[unit]][:n]
    if unit == 11:
        return np.exp(random.normal(3, 0.3, n))
    if unit == 7:  # slow drift
        return values[:n] * (1 + 0.3 * times / N_SAMPLES)
    return values[:n]


def make_input():
    random = np.random.default_rng(20261125)
    samples, units, amplitudes, positions = [], [], [], []
    for unit, n in enumerate(COUNTS):
        times = train(random, n, unit)
        samples.append(times)
        units.append(np.full(len(times), unit, np.int32))
        amplitudes.append(amplitude(random, times, unit))
        y = 100 * unit + random.normal(0, 8, len(times)) + unit * times / N_SAMPLES
        positions.append(np.c_[random.normal(30, 5, len(times)), y])
    samples, units, amplitudes, positions = map(
        np.concatenate, (samples, units, amplitudes, positions)
    )
    order = np.argsort(samples, kind="stable")
    return samples[order], units[order], amplitudes[order], positions[order]


# What Allen's and IBL's tools compute, said again in a few lines each.


def tail(values, n_bins, sigma):
    heights, edges = np.histogram(values, n_bins, density=True)
    pdf = gaussian_filter1d(heights, sigma)
    peak = np.argmax(pdf)
    return pdf, edges, peak + np.argmin(np.abs(pdf[peak:] - pdf[0]))


def allen_cutoff(values):
    pdf, edges, mirror = tail(values, 500, 3)
    return min(pdf[mirror:].sum() * np.mean(np.diff(edges[:-1])), 0.5)


def ibl_missed(values):
    if len(values) <= 10 * 50:
        return np.nan
    pdf, _, mirror = tail(values, len(values) // 10, 4)
    return min(pdf[mirror:].sum() / pdf.sum(), 0.5)


def ibl_noise_cutoff(values):
    if len(values) < 2:
        return np.nan
    counts = np.histogram(values, np.linspace(0, values.max(), 100))[0]
    peak = np.argmax(counts)
    start = int(np.ceil(0.5 * np.count_nonzero(counts[peak:-1]) + peak))
    high = counts[start:][counts[start:] > 0]
    if len(high) == 0 or high.std() == 0:
        return np.nan
    return (counts[counts > 0][1] - high.mean()) / high.std()


def bombcell_missing(values, times):
    """bombcell's own numbers, and the gaussian one with the fit run until it rests."""
    import bombcell.quality_metrics as module

    def at_rest(_, x, y, p0=None, **__):
        kept = x >= p0[3]
        x, y = x[kept], y[kept]
        fit = least_squares(
            lambda p: p[0] * np.exp(-((x - p[1]) ** 2) / (2 * p[2] ** 2)) - y,
            p0[:3],
            x_scale=np.abs(p0[:3]) + 1e-12,
            ftol=1e-15,
            xtol=1e-15,
            gtol=1e-15,
            max_nfev=10000,
        )
        return (np.r_[fit.x, p0[3]],)

    arguments = (values, times / RATE_HZ, np.array([0, N_SAMPLES / RATE_HZ]))
    own = module.perc_spikes_missing(*arguments, {"plotDetails": False}, metric=True)
    original, module.curve_fit = module.curve_fit, at_rest
    rest = module.perc_spikes_missing(*arguments, {"plotDetails": False}, metric=True)
    module.curve_fit = original
    return own[0], rest[0], own[1]


def first_components(n_spikes):
    """First principal components of each spike on three channels; tests make them again."""
    spike, channel = np.arange(n_spikes)[:, None], np.arange(3)[None, :]
    return ((spike * 7919 + channel * 104729) % 1000 - 200) * 0.25


CHANNELS = np.arange(len(COUNTS))[:, None] + np.arange(3)[None, :]  # of each unit
CHANNEL_Y = 20.0 * np.arange(len(COUNTS) + 2)


def allen_drift(times, depths, first, last):
    starts = np.arange(first, last, 100)
    medians = []
    for start in starts:
        inside = (times > start) * (times < start + 100)
        medians.append(np.median(depths[inside]) if inside.sum() >= 10 else np.nan)
    steps = np.abs(np.diff(medians))
    steps = steps[~np.isnan(steps)]
    range_ = np.nanmax(medians) - np.nanmin(medians)
    if np.count_nonzero(~np.isnan(medians)) < 2:
        range_ = np.nan  # Allen's tool: 0
    return range_, steps.sum() if len(steps) else np.nan


def other_drift(samples, units, positions):
    from bombcell.quality_metrics import max_drift_estimate

    names = (
        "position_x_um",
        "position_y_um",
        "drift_ibl",
        "max_drift_allen",
        "cumulative_drift_allen",
        "max_drift_bombcell",
        "cumulative_drift_bombcell",
    )
    out = {name: np.full(len(COUNTS), np.nan) for name in names}
    times = samples / RATE_HZ
    components = first_components(len(samples))
    for unit in range(len(COUNTS)):
        mine = units == unit
        if not mine.any():
            continue
        out["position_x_um"][unit], out["position_y_um"][unit] = np.median(
            positions[mine].astype(float), axis=0
        )
        if mine.sum() < 2:
            continue
        path = np.abs(np.diff(positions[mine, 1].astype(float))).sum()
        out["drift_ibl"][unit] = path / (times[-1] - times[0]) * 3600
        weights = np.maximum(components[mine], 0) ** 2
        depths = (weights * CHANNEL_Y[CHANNELS[unit]]).sum(1) / weights.sum(1)
        allen = allen_drift(times[mine], depths, times[0], times[-1])
        out["max_drift_allen"][unit], out["cumulative_drift_allen"][unit] = allen
        range_, way, bins = max_drift_estimate(
            components[:, None, :],
            CHANNELS,
            units,
            times[mine],
            unit,
            np.c_[np.zeros(len(CHANNEL_Y)), CHANNEL_Y],
            {"driftBinSize": 60},
            return_per_bin=True,
        )
        if np.count_nonzero(~np.isnan(bins["median_spike_depth_per_bin"])) > 1:
            out["max_drift_bombcell"][unit] = range_
            out["cumulative_drift_bombcell"][unit] = way
    return out


def make_analyzer(samples, units, amplitudes, positions):
    from spikeinterface.core import NumpyRecording, NumpySorting, create_sorting_analyzer
    from spikeinterface.postprocessing import (
        ComputeAmplitudeScalings,
        ComputeSpikeAmplitudes,
        ComputeSpikeLocations,
    )
    from probeinterface import generate_linear_probe

    probe = generate_linear_probe(2)
    probe.set_device_channel_indices([0, 1])
    recording = NumpyRecording([np.zeros((N_SAMPLES, 2), np.float32)], RATE_HZ)
    recording.set_probe(probe)
    sorting = NumpySorting.from_samples_and_labels(
        [samples], [units], RATE_HZ, unit_ids=np.arange(len(COUNTS))
    )
    analyzer = create_sorting_analyzer(
        sorting,
        recording,
        sparse=False,
        main_channel_indices=np.zeros(len(COUNTS), int),
    )
    done = {"run_completed": True, "runtime_s": 0.0}
    locations = np.empty(len(positions), [("x", "f8"), ("y", "f8")])
    locations["x"], locations["y"] = positions.T
    for kind, key, data in (
        (ComputeSpikeAmplitudes, "amplitudes", amplitudes),
        (ComputeAmplitudeScalings, "amplitude_scalings", amplitudes),
        (ComputeSpikeLocations, "spike_locations", locations),
    ):
        extension = kind(analyzer)
        extension.params, extension.run_info = {}, done
        extension.data[key] = data
        if key == "amplitude_scalings":
            extension.data["collisions"] = np.zeros(len(data), bool)
        analyzer.extensions[extension.extension_name] = extension
    return analyzer


def column(values):
    return np.array([float(values.get(unit, np.nan)) for unit in range(len(COUNTS))])


def spikeinterface_metrics(analyzer):
    from spikeinterface.curation.curation_tools import find_duplicated_spikes
    from spikeinterface.metrics.quality import misc_metrics as module

    out = {}
    out["amplitude_median"] = column(module.compute_amplitude_medians(analyzer))
    out["amplitude_cutoff"] = column(
        module.compute_amplitude_cutoffs(analyzer, num_histogram_bins=100)
    )
    noise = module.compute_noise_cutoffs(analyzer)
    out["noise_cutoff"], out["noise_ratio"] = column(noise[0]), column(noise[1])
    cv = module.compute_amplitude_cv_metrics(analyzer)
    out["amplitude_cv_median"], out["amplitude_cv_range"] = column(cv[0]), column(cv[1])
    for name, values in zip(
        ("drift_ptp", "drift_std", "drift_mad"), module.compute_drift_metrics(analyzer)
    ):
        out[name] = column(values)
    amplitudes = analyzer.get_extension("spike_amplitudes").get_data(outputs="by_unit")[0]
    robust = {}
    for unit, values in amplitudes.items():
        times = analyzer.sorting.get_unit_spike_train(unit, 0)
        dropped = find_duplicated_spikes(times, 120, method="keep_first_iterative")
        kept = np.delete(values, dropped)
        robust[unit] = np.std(np.diff(kept)) / np.sqrt(2) if len(kept) > 2 else np.nan
    out["amplitude_sd_robust"] = column(robust)
    return out


def other_metrics(samples, units, amplitudes):
    out = {
        name: np.full(len(COUNTS), np.nan)
        for name in (
            "amplitude_cutoff_allen",
            "amplitude_cutoff_ibl",
            "noise_cutoff_ibl",
            "percent_missing_bombcell_own",
            "percent_missing_bombcell",
            "percent_missing_symmetric_bombcell",
            "amplitude_median_ibl",
            "amplitude_std_db",
        )
    }
    for unit in range(len(COUNTS)):
        values, times = amplitudes[units == unit], samples[units == unit]
        if len(values) == 0:
            continue
        if np.median(values) > 0:
            decibels = 20 * np.log10(values)
            out["amplitude_median_ibl"][unit] = 10 ** (np.median(decibels) / 20)
            if len(values) > 1:
                out["amplitude_std_db"][unit] = np.std(decibels, ddof=1)
        else:
            values = -values
        out["amplitude_cutoff_allen"][unit] = allen_cutoff(values)
        out["amplitude_cutoff_ibl"][unit] = ibl_missed(values)
        out["noise_cutoff_ibl"][unit] = ibl_noise_cutoff(values)
        own, rest, symmetric = bombcell_missing(values, times)
        out["percent_missing_bombcell_own"][unit] = own
        out["percent_missing_bombcell"][unit] = rest
        out["percent_missing_symmetric_bombcell"][unit] = symmetric
    return out


PERIODS = {
    "absolute": {},
    "relative": {"period_mode": "relative"},
    "loose": {
        "period_duration_s_absolute": 20.0,
        "fp_threshold": 0.3,
        "fn_threshold": 0.4,
        "minimum_valid_period_duration": 40,
    },
}


def write_periods(analyzer):
    from spikeinterface.postprocessing import ComputeValidUnitPeriods

    with open(os.path.join(HERE, "periods.tsv"), "w") as file:
        file.write("case\tunit\tstart\tstop\n")
        rates = open(os.path.join(HERE, "period_rates.tsv"), "w")
        rates.write("case\tunit\tstart\tstop\tfalse_positives\tfalse_negatives\n")
        for case, parameters in PERIODS.items():
            extension = ComputeValidUnitPeriods(analyzer)
            extension.set_params(**parameters)
            units = [u for u, n in enumerate(COUNTS) if n > 0]
            valid, periods, fps, fns = extension._compute_valid_periods(
                analyzer, unit_ids=units, n_jobs=1, progress_bar=False
            )
            for p in valid:
                row = (p["unit_index"], p["start_sample_index"], p["end_sample_index"])
                file.write(case + "\t" + "\t".join(map(str, row)) + "\n")
            for p, fp, fn in zip(periods, fps, fns):
                row = (p["unit_index"], p["start_sample_index"], p["end_sample_index"])
                row = [*row, repr(float(fp)), repr(float(fn))]
                rates.write(case + "\t" + "\t".join(map(str, row)) + "\n")
        rates.close()


def main():
    samples, units, amplitudes, positions = make_input()
    positions = positions.astype(np.float32)
    np.save(os.path.join(HERE, "samples.npy"), samples.astype(np.int32))
    np.save(os.path.join(HERE, "units.npy"), units.astype(np.int8))
    np.save(os.path.join(HERE, "amplitudes.npy"), amplitudes)
    np.save(os.path.join(HERE, "positions.npy"), positions)
    for name, data in (("float64", amplitudes), ("float32", amplitudes.astype(np.float32))):
        analyzer = make_analyzer(samples, units, data, positions)
        out = spikeinterface_metrics(analyzer)
        out.update(other_metrics(samples, units, data))
        out.update(other_drift(samples, units, positions))
        with open(os.path.join(HERE, f"metrics_{name}.tsv"), "w") as file:
            file.write("\t".join(["unit", *out]) + "\n")
            for unit in range(len(COUNTS)):
                row = [repr(float(values[unit])) for values in out.values()]
                file.write("\t".join([str(unit), *row]) + "\n")
        if name == "float64":
            write_periods(analyzer)
    with open(os.path.join(HERE, "versions.txt"), "w") as file:
        for package in ("numpy", "scipy", "spikeinterface", "bombcell"):
            file.write(f"{package} {importlib.metadata.version(package)}\n")


if __name__ == "__main__":
    main()
