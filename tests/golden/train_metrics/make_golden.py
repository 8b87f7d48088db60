# SPDX-License-Identifier: BSD-3-Clause
"""Metrics of spike trains from three peers, on small trains with everything that can go wrong.

python make_golden.py, in an environment with spikeinterface, numba, bombcell and slidingRP;
writes <case>.samples.npy, <case>.units.npy, expected.tsv and versions.txt beside itself.
"""
import importlib.metadata
import pathlib
import warnings

import numpy as np

warnings.simplefilter("ignore")
import bombcell.quality_metrics as bombcell
import slidingRP.metrics as sliding
import spikeinterface as si
from spikeinterface.metrics.quality import misc_metrics as quality

HERE = pathlib.Path(__file__).parent
N_UNITS = 14

# At 25 kHz no threshold in use but the whole milliseconds is a whole number of samples, so that
# no interval is as long as a threshold.
CASES = {"odd_rate": (25000.0, 181.3, 11), "usual_rate": (30000.0, 240.0, 12)}


def refractory_train(rng, rate_hz, duration_s, refractory_s):
    n = int(rate_hz * duration_s * 1.5) + 20
    times = np.cumsum(refractory_s + rng.exponential(1 / rate_hz, n))
    return times[times < duration_s]


def make_train(rng, unit, fs, duration_s):
    """Unit 0 has no spike, 1 one, 2 two, 3 two at once; the others fire ever faster."""
    if unit <= 3:
        some = np.sort(rng.integers(0, int(duration_s * fs), 2))
        return [some[:0], some[:1], some, some[[0, 0]]][unit]
    own = refractory_train(rng, 0.5 * 1.6 ** (unit - 4), duration_s, 0.0025)
    if unit % 3 == 0:  # foreign spikes
        own = np.concatenate([own, rng.uniform(0, duration_s, len(own) // 4)])
    if unit % 4 == 0:  # absent for a third of the time
        own = own[(own < duration_s / 3) | (own > duration_s * 2 / 3)]
    samples = np.sort((own * fs).astype(np.int64))
    if unit % 5 == 0:  # spikes found twice
        samples = np.sort(np.concatenate([samples, samples[::17], samples[::23] + 2]))
    return samples[samples < int(duration_s * fs)]


def make_case(name, fs, duration_s, seed):
    rng = np.random.default_rng(seed)
    stop = int(round(duration_s * fs))
    trains = [make_train(rng, unit, fs, duration_s) for unit in range(N_UNITS)]
    for size in (2, 3, 4, 7, 8, 11):  # samples at which many units have a spike
        for sample in rng.integers(0, stop, 6):
            for unit in rng.permutation(np.arange(4, N_UNITS))[:size]:
                trains[unit] = np.sort(np.append(trains[unit], sample))
    for unit, train in enumerate(trains):  # intervals as long as a threshold are left to rounding
        for tie_s in (0.0015, 0.002):
            if abs(tie_s * fs - round(tie_s * fs)) < 1e-9:
                tie = np.flatnonzero(np.diff(train) == round(tie_s * fs))
                trains[unit] = train = np.delete(train, tie)
    samples = np.concatenate(trains)
    units = np.concatenate([np.full(len(t), u, np.int32) for u, t in enumerate(trains)])
    order = np.argsort(samples, kind="stable")
    samples, units = samples[order].astype(np.int64), units[order]
    np.save(HERE / f"{name}.samples.npy", samples)
    np.save(HERE / f"{name}.units.npy", units)
    return samples, units, stop


def spikeinterface_columns(samples, units, fs, stop):
    sorting = si.NumpySorting.from_samples_and_labels([samples], [units], fs, np.arange(N_UNITS))
    recording = si.generate_recording(1, fs, [stop / fs])
    assert recording.get_num_samples() == stop
    analyzer = si.create_sorting_analyzer(sorting, recording, sparse=False)
    columns = {}
    for metric in (quality.NumSpikes, quality.FiringRate, quality.PresenceRatio, quality.ISIViolation,
                   quality.RPViolation, quality.SlidingRPViolation, quality.Synchrony,
                   quality.FiringRange):
        result = metric.metric_function(analyzer, **metric.metric_params)
        names = list(metric.metric_columns)
        for name, values in zip(names, result if len(names) > 1 else [result]):
            columns[name] = [float(values[u]) for u in range(N_UNITS)]
    return columns


def sliding_columns(samples, units, fs):
    names = ["sliding_rp_max_confidence_ibl", "sliding_rp_min_contamination_ibl",
             "sliding_rp_period_ibl", "sliding_rp_n_below_2ms_ibl", None,
             "sliding_rp_pass_ibl", "sliding_rp_pass_forced_ibl"]
    columns = {name: [np.nan] * N_UNITS for name in names if name}
    for unit in range(N_UNITS):
        times = samples[units == unit] / fs
        if len(times):
            for name, value in zip(names, sliding.slidingRP(times)):
                if name:
                    columns[name][unit] = float(value)
    return columns


def bombcell_columns(samples, units, fs):
    times = samples / fs
    chunk = np.array([times.min(), times.max()])
    base = {"tauC": 0.0001, "confidence_threshold": 0.9, "tauR_reject": 0.0005,
            "maxRPVviolations": 0.1, "presenceRatioBinSize": 60}
    modes = {"hill": np.array([0.002]), "llobet": np.array([0.002]),
             "ibl_sliding": np.arange(4, 41) * 0.25 / 1000}
    columns = {name: [np.nan] * N_UNITS
               for name in ("rpv_hill_bombcell", "rpv_llobet_bombcell", "rpv_sliding_bombcell",
                            "rpv_period_bombcell", "rpv_status_bombcell", "presence_ratio_bombcell")}
    for unit in range(N_UNITS):
        own = times[units == unit]
        if not len(own):
            continue
        for mode, name in (("hill", "rpv_hill_bombcell"), ("llobet", "rpv_llobet_bombcell"),
                           ("ibl_sliding", "rpv_sliding_bombcell")):
            param = dict(base, rpv_method=mode, tauR_values=modes[mode])
            value, period, _ = bombcell.sliding_rp_violations(own, chunk, param)
            columns[name][unit] = float(value)
            if mode == "ibl_sliding":
                columns["rpv_period_bombcell"][unit] = float(period)
                columns["rpv_status_bombcell"][unit] = float(bombcell.sliding_rp_status(own, chunk, param))
        columns["presence_ratio_bombcell"][unit] = float(
            bombcell.presence_ratio(own, chunk[0], chunk[1], base))
    return columns


def main():
    rows = []
    for name, (fs, duration_s, seed) in CASES.items():
        samples, units, stop = make_case(name, fs, duration_s, seed)
        columns = {**spikeinterface_columns(samples, units, fs, stop),
                   **sliding_columns(samples, units, fs), **bombcell_columns(samples, units, fs)}
        if not rows:
            rows.append(["case", "unit", "sampling_rate_hz", "stop_sample", *columns])
        for unit in range(N_UNITS):
            rows.append([name, str(unit), repr(fs), str(stop),
                         *(repr(columns[c][unit]) for c in columns)])
    (HERE / "expected.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    versions = ["spikeinterface", "bombcell", "slidingRP", "phylib", "numpy", "scipy", "numba"]
    (HERE / "versions.txt").write_text(
        "".join(f"{p} {importlib.metadata.version(p)}\n" for p in versions))


if __name__ == "__main__":
    main()
