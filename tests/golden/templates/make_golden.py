# SPDX-License-Identifier: BSD-3-Clause
"""Makes the golden template metrics, similarities and locations from the peers themselves.

    python make_golden.py

in an environment with spikeinterface, scikit-learn and bombcell; writes beside itself. See
README.md.
"""
from importlib.metadata import version
from pathlib import Path

import numpy as np
from bombcell import quality_metrics as bombcell
from probeinterface import Probe
from scipy.signal import resample, resample_poly
from scipy.stats import linregress
from spikeinterface.core import Templates
from spikeinterface.metrics.template import metrics as si
from spikeinterface.postprocessing import localization_tools as si_locations
from spikeinterface.postprocessing.template_similarity import (
    compute_similarity_with_templates_array,
)

HERE = Path(__file__).parent
RATE = 30000.0
N_SAMPLES, N_CHANNELS = 61, 24
RADIUS_UM = 60.0
MAX_LAG = 3


def positions():
    rows = np.arange(N_CHANNELS // 2)
    shift = np.where(rows % 2 == 0, 0.0, 16.0)
    left = np.stack([43.0 + shift, 20.0 * rows], 1)
    right = np.stack([11.0 + shift, 20.0 * rows], 1)
    return np.stack([left, right], 1).reshape(-1, 2)


def shape(rng):
    """Before, trough and after: three Gaussians of random size and place."""
    t = np.arange(N_SAMPLES) - rng.uniform(19, 24)
    width = rng.uniform(2.0, 5.0)
    gap = rng.uniform(6, 18)
    wave = -np.exp(-(t**2) / (2 * width**2))
    wave += rng.uniform(0.05, 0.6) * np.exp(-((t - gap) ** 2) / (2 * (2 * width) ** 2))
    wave += rng.uniform(0.0, 0.4) * np.exp(-((t + gap * 0.7) ** 2) / (2 * width**2))
    return wave


def make(rng, places):
    templates = []
    for unit in range(20):
        at = np.array([rng.uniform(0, 60), rng.uniform(20, 200), rng.uniform(5, 40)])
        d = np.sqrt(((places - at[:2]) ** 2).sum(1) + at[2] ** 2)
        wave = shape(rng) * (1 if unit % 7 else -1)
        size = rng.uniform(500, 6000)
        delay = d * rng.uniform(-0.02, 0.05)
        spread = np.stack(
            [np.interp(np.arange(N_SAMPLES) - s, np.arange(N_SAMPLES), wave) for s in delay], 1
        )
        noise = rng.normal(0, 0.3 if unit % 3 else 3.0, (N_SAMPLES, N_CHANNELS))
        templates.append(spread * (size / d) + noise)
    # Odd ones: noise, a ramp, a single sample, a plateau.
    templates.append(rng.normal(0, 10, (N_SAMPLES, N_CHANNELS)))
    templates.append(np.outer(np.linspace(-20, 30, N_SAMPLES), np.linspace(1, 0.2, N_CHANNELS)))
    single = np.zeros((N_SAMPLES, N_CHANNELS))
    single[30, 5] = -80
    templates.append(single)
    plateau = np.zeros((N_SAMPLES, N_CHANNELS))
    plateau[20:28, 7:9] = -50
    plateau[35:45, 7:9] = 25
    templates.append(plateau)
    return np.array(templates, np.float32)


def main_channels(templates, kind):
    if kind == "extremum":
        return np.argmax(np.abs(templates).max(1), 1)
    return np.argmax(np.ptp(templates, 1), 1)


def similarities(templates, places):
    main = main_channels(templates, "ptp")
    d = np.sqrt(((places[main][:, None] - places[None]) ** 2).sum(2))
    mask = d <= RADIUS_UM
    rows = []
    for method in ("cosine", "l1", "l2"):
        for support in ("union", "intersection"):
            for lag in (0, MAX_LAG):
                # One of the two arrays is shorter, so that all shifts are tried.
                s, _ = compute_similarity_with_templates_array(
                    np.where(mask[:, None], templates, 0)[:-1],
                    np.where(mask[:, None], templates, 0),
                    method,
                    support,
                    lag,
                    mask[:-1],
                    mask,
                )
                rows.append(s)
    np.save(HERE / "similarity.npy", np.array(rows, np.float64))


def stable_argsort(argsort=np.argsort):
    """numpy's default sort puts equal depths in an order that depends on the processor."""
    return lambda a, **options: argsort(a, kind="stable")


def single_channel(template):
    """Where there is no sample for an extremum SpikeInterface's index is -1, which it then takes
    for the last sample; its functions know None for such."""
    rate = 10 * RATE
    x = resample_poly(template, up=10, down=1)
    info = si.get_trough_and_peak_idx(x, rate, 0.3, 0.09, 0.2, 3)
    for name in ("peak_before_index", "peak_after_index"):
        info[name] = None if info[name] < 0 else info[name]
    half = si.get_half_widths(x, rate, info)
    peaks = si.get_number_of_peaks(info)
    ratios = si.get_waveform_ratios(x, info)
    # Python's max(nan, x) is not max(x, nan).
    ratios["main_peak_to_trough_ratio"] = np.fmax(
        ratios["peak_before_to_trough_ratio"], ratios["peak_after_to_trough_ratio"]
    )
    return {
        "peak_to_trough_duration": si.get_peak_to_trough_duration(info, rate),
        "main_to_next_extremum_duration": si.get_main_to_next_extremum_duration(x, info, rate),
        "trough_half_width": half[0],
        "peak_half_width": half[1],
        "repolarization_slope": si.get_repolarization_slope(x, rate, info),
        "recovery_slope": si.get_recovery_slope(x, rate, info, recovery_window_ms=0.7),
        "num_positive_peaks": peaks[0],
        "num_negative_peaks": peaks[1],
        **ratios,
        **si.get_waveform_widths(info, rate),
        "waveform_baseline_flatness": si.get_waveform_baseline_flatness(x, rate),
    }


def several_channels(template, places, main):
    near = np.sqrt(((places - places[main]) ** 2).sum(1)) <= RADIUS_UM
    x = resample_poly(template[:, near], up=10, down=1, axis=0)
    options = dict(depth_direction="y", min_channels=3, min_r2=0.2, column_range=None)
    above, below = si.get_velocity_fits(x, places[near], 10 * RATE, **options)
    decay = si.get_exp_decay(x, places[near], peak_function="ptp", min_r2=0.2)
    spread = si.get_spread(
        x, places[near], 10 * RATE, spread_threshold=0.2, spread_smooth_um=20, **options
    )
    return dict(velocity_above=above, velocity_below=below, exp_decay=decay, spread=spread)


BOMBCELL = [
    "nPeaks",
    "nTroughs",
    "waveformDuration_peakTrough",
    "spatialDecaySlope",
    "waveformBaselineFlatness",
    "scndPeakToTroughRatio",
    "peak1ToPeak2Ratio",
    "mainPeakToTroughRatio",
    "troughToPeak2Ratio",
    "mainPeak_before_width",
    "mainTrough_width",
]


def of_bombcell(templates, places, unit):
    options = dict(
        minThreshDetectPeaksTroughs=0.2,
        spDecayLinFit=False,
        normalizeSpDecay=True,
        computeSpatialDecay=True,
        ephys_sample_rate=RATE,
    )
    main = bombcell.get_waveform_peak_channel(templates)
    found = bombcell.waveform_shape(templates, unit, main, places, np.array([0, 10]), options)
    row = dict(zip(BOMBCELL, (float(v) for v in found)))
    return {k: np.nan if np.isinf(v) else v for k, v in row.items()}


def of_allen(template, main):
    """Jia et al. (2019) as the Allen Institute computes it, by its definition."""
    n_points = N_SAMPLES * 200 // 82
    x = resample(template[:, main], n_points)
    t = np.linspace(0, N_SAMPLES / RATE, n_points)
    low, high = x.argmin(), x.argmax()
    sign = 1 if x[high] > abs(x[low]) else -1
    top = high if sign > 0 else low
    far = top + (sign * -x[top:]).argmax()
    beyond = sign * x > sign * x[top] / 2
    half = np.nan
    if beyond[:top].any() and (sign * x[top:] < sign * x[top] / 2).any():
        back = top + (sign * x[top:] < sign * x[top] / 2).argmax()
        half = t[back] - t[beyond.argmax()]
    largest = np.abs(x).argmax()
    turned = -x * np.sign(x[largest])
    peak = largest + turned[largest:].argmax()

    def slope(at):
        k = slice(at, at + 20)
        return linregress(t[k], turned[k]).slope * 1e-6 if len(t[k]) > 1 else np.nan

    sites = np.arange(-16, 17, 2) + main
    sites = sites[(sites > 0) & (sites < N_CHANNELS)]
    sizes = np.ptp(template[:, sites], 0)
    above = np.flatnonzero(sizes > 0.12 * sizes.max())
    if len(above) > 1:
        off = np.abs(above - np.median(above))
        above = above[0.6745 * off / np.median(off) <= 1.5]
    times = t[template[:, sites].argmin(0)][above]
    places = (sites - main)[above]

    def inverse_velocity(side):
        if side.sum() < 2:
            return np.nan
        return linregress(places[side], times[side]).slope / 10e-6

    return {
        "duration": (t[far] - t[top]) * 1e3,
        "halfwidth": half * 1e3,
        "PT_ratio": abs(x[high] / x[low]),
        "repolarization_slope": slope(largest),
        "recovery_slope": slope(peak),
        "amplitude": sizes.max(),
        "spread": 10.0 * len(above),
        "velocity_above": inverse_velocity(places >= 0),
        "velocity_below": inverse_velocity(places <= 0),
    }


def write_table(name, rows):
    with open(HERE / name, "w") as file:
        print(*rows[0], sep="\t", file=file)
        for row in rows:
            print(*(repr(float(v)) for v in row.values()), sep="\t", file=file)


def metrics(templates, places):
    templates = templates.astype(float)
    rows = []
    for template, main in zip(templates, main_channels(templates, "extremum")):
        row = single_channel(template[:, main])
        row.update(several_channels(template, places, main))
        rows.append(row)
    write_table("spikeinterface.tsv", rows)
    units = range(len(templates))
    write_table("bombcell.tsv", [of_bombcell(templates, places, u) for u in units])
    main = main_channels(templates, "ptp")
    write_table("allen.tsv", [of_allen(templates[u], main[u]) for u in units])


def locations(templates, places):
    """[3][n][4]: monopolar, centre of mass, grid; SpikeInterface's own defaults."""
    probe = Probe(ndim=2)
    probe.set_contacts(positions=places, shapes="circle", shape_params={"radius": 5})
    probe.set_device_channel_indices(np.arange(N_CHANNELS))
    given = Templates(templates, RATE, nbefore=21, probe=probe, is_in_uV=True)
    found = np.full((3, len(templates), 4), np.nan)
    found[0] = si_locations.compute_monopolar_triangulation(
        given, return_alpha=True, peak_sign="both", peak_mode="extremum"
    )
    # compute_center_of_mass() leaves out an argument that this function insists on.
    near = si_locations.compute_sparsity
    si_locations.compute_sparsity = lambda *a, **k: near(*a, amplitude_mode="extremum", **k)
    found[1, :, :2] = si_locations.compute_center_of_mass(given, peak_sign="both")
    found[2, :, :3] = si_locations.compute_grid_convolution(given)
    np.save(HERE / "locations.npy", found)


if __name__ == "__main__":
    places = positions()
    templates = make(np.random.default_rng(20261125), places)
    np.save(HERE / "templates.npy", templates)
    np.save(HERE / "channel_positions.npy", places)
    similarities(templates, places)
    np.argsort = stable_argsort()
    metrics(templates, places)
    locations(templates, places)
    names = ("spikeinterface", "numpy", "scipy", "scikit-learn", "numba", "bombcell")
    (HERE / "versions.txt").write_text("".join(f"{n} {version(n)}\n" for n in names))
