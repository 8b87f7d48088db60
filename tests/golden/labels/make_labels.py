# SPDX-License-Identifier: BSD-3-Clause
"""Labels by bombcell and by SpikeInterface of made-up units, a third of whose values lie on a
threshold or are missing. Writes bombcell.tsv, spikeinterface.tsv and versions.txt here."""
import contextlib
import io
import pathlib
import warnings

import bombcell
import numpy as np
import pandas as pd
import spikeinterface
from bombcell.default_parameters import get_default_parameters
from bombcell.quality_metrics import get_quality_unit_type
from spikeinterface.curation import bombcell_label_units

HERE = pathlib.Path(__file__).parent
N_UNITS = 160
# Metric: its limits, the share of units for which it is in order.
BOMBCELL = {
    "nSpikes": ([1, 300], [0, 1, 299, 300, 301, 5000, 9000]),
    "nPeaks": ([2], [0, 1, 1, 1, 2, 2, 3]),
    "nTroughs": ([1], [0, 1, 1, 1, 1, 1, 2]),
    "waveformDuration_peakTrough": ([100, 1150], [50, 100, 300, 600, 1150, 1200]),
    "waveformBaselineFlatness": ([0.3], [0, 0.1, 0.2, 0.3, 0.4]),
    "scndPeakToTroughRatio": ([0.8], [0.1, 0.2, 0.5, 0.8, 0.9]),
    "spatialDecaySlope": ([0.01, 0.1], [0.005, 0.01, 0.03, 0.05, 0.1, 0.2]),
    "troughToPeak2Ratio": ([5], [1, 2, 4, 5, 8]),
    "mainPeak_before_width": ([4], [1, 2, 3, 4, 6]),
    "mainTrough_width": ([5], [2, 3, 5, 7, 4]),
    "peak1ToPeak2Ratio": ([3], [1, 3, 4, 5, 6]),
    "mainPeakToTroughRatio": ([0.8], [0.1, 0.3, 0.5, 0.6, 0.8, 0.9]),
    "percentageSpikesMissing_gaussian": ([20], [1, 3, 8, 12, 20, 40]),
    "fractionRPVs_estimatedTauR": ([0.1], [0, 0.01, 0.05, 0.1, 0.3]),
    "presenceRatio": ([0.7], [0.5, 0.7, 0.9, 0.95, 1]),
    "rawAmplitude": ([40], [30, 40, 60, 80, 120]),
    "signalToNoiseRatio": ([5], [3, 5, 7, 9, 15]),
}
SPIKEINTERFACE = {
    "num_positive_peaks": ([2], [0, 1, 1, 1, 2, 2, 3]),
    "num_negative_peaks": ([1], [0, 1, 1, 1, 1, 1, 2]),
    "peak_to_trough_duration": ([1e-4, 1.15e-3], [5e-5, 1e-4, 5e-4, 7e-4, 1.15e-3, 2e-3]),
    "waveform_baseline_flatness": ([0.5], [0, 0.1, 0.2, 0.5, 0.6]),
    "peak_after_to_trough_ratio": ([0.8], [0.1, 0.2, 0.5, 0.8, 0.9]),
    "exp_decay": ([0.01, 0.1], [0.005, 0.01, 0.03, 0.05, 0.1, 0.2]),
    "peak_before_width": ([1.5e-4], [1e-4, 1.5e-4, 2e-4]),
    "trough_width": ([2e-4], [1e-4, 2e-4, 3e-4]),
    "peak_before_to_trough_ratio": ([3], [1, 3, 4]),
    "peak_before_to_peak_after_ratio": ([3], [1, 3, 4]),
    "main_peak_to_trough_ratio": ([0.8], [0.1, 0.3, 0.5, 0.6, 0.8, 0.9]),
    "amplitude_median": ([30], [-80, -30, -20, 20, 30, 50, 90, 100]),
    "snr": ([5], [3, 5, 7, 9, 15]),
    "amplitude_cutoff": ([0.2], [0.01, 0.05, 0.1, 0.2, 0.3]),
    "num_spikes": ([300], [299, 300, 301, 5000, 9000]),
    "sliding_rp_violation": ([0.1], [0, 0.01, 0.05, 0.1, 0.3]),
    "presence_ratio": ([0.7], [0.5, 0.7, 0.9, 0.95, 1]),
    "drift_ptp": ([100], [10, 20, 50, 100, 120]),
    "isolation_distance": ([20], [10, 20, 40, 80]),
    "l_ratio": ([0.3], [0.01, 0.1, 0.3, 0.5]),
}


def draw(rng, spec, whole, p_nan):
    """Metrics in order but for those drawn, few for half of the units."""
    table = {}
    bold = rng.random(N_UNITS) < 0.5
    for name, (limits, choices) in spec.items():
        middle = choices[len(choices) // 2]
        p = np.where(bold, 0.08, 0.35)
        values = np.where(rng.random(N_UNITS) < p, rng.choice(choices, N_UNITS), middle)
        values = values.astype(float)
        if name not in whole:
            values[rng.random(N_UNITS) < p_nan] = np.nan
        table[name] = values
    return pd.DataFrame(table)


def write(table, labels, name):
    table = table.copy()
    table.insert(0, "expected", labels)
    table.to_csv(HERE / name, sep="\t", index=False, na_rep="nan")


def main():
    rng = np.random.default_rng(20260225)
    table = draw(rng, BOMBCELL, {"nSpikes"}, 0.06)
    # bombcell tests the signal-to-noise ratio only where it has a raw amplitude.
    table.loc[table.rawAmplitude.isna(), "signalToNoiseRatio"] = np.nan
    with contextlib.redirect_stdout(io.StringIO()):
        parameters = get_default_parameters("/nowhere")
        _, labels = get_quality_unit_type(
            parameters, {name: table[name].to_numpy() for name in table})
    write(table, [label or "none" for label in labels], "bombcell.tsv")
    table = draw(rng, SPIKEINTERFACE, {"num_spikes"}, 0.02)
    table.loc[rng.random(N_UNITS) < 0.1, "peak_before_width"] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels = bombcell_label_units(external_metrics=table)["bombcell_label"]
    write(table, labels, "spikeinterface.tsv")
    (HERE / "versions.txt").write_text(
        f"bombcell {bombcell.__version__}\nspikeinterface {spikeinterface.__version__}\n"
        f"numpy {np.__version__}\npandas {pd.__version__}\n")


main()
