#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What bombcell's ephys properties say of its own toy recording.

    make_golden.py FOLDER_OF_RECORDING > metrics.tsv

FOLDER_OF_RECORDING is bombcell_toy_ks2 with spike_times.npy and spike_clusters.npy.
"""

import contextlib
import io
import sys
from pathlib import Path

import numpy as np

with contextlib.redirect_stdout(io.StringIO()):
    from bombcell import ephys_properties

ACG = {
    "post_spike_suppression_bombcell": "post_spike_suppression_ratio",
    "post_spike_suppression_ms_bombcell": "post_spike_suppression_ms",
    "acg_tau_rise_bombcell": "tau_rise_ms",
    "acg_tau_decay_bombcell": "tau_decay_ms",
}
INTERVALS = {
    "long_isi_fraction": "prop_long_isi",
    "isi_cv": "cv",
    "cv2": "cv2",
    "isi_skewness": "isi_skewness",
}
RATES = {"fano_factor_bombcell": "fano_factor"}


def main():
    folder = Path(sys.argv[1])
    samples = np.load(folder / "spike_times.npy").ravel().astype(np.int64)
    clusters = np.load(folder / "spike_clusters.npy").ravel()
    parameters = ephys_properties.get_ephys_parameters(folder)
    columns = {**ACG, **INTERVALS, **RATES}
    print("cluster_id", *columns, sep="\t")
    for cluster in np.unique(clusters):
        times = samples[clusters == cluster] / 30000
        found = ephys_properties.compute_acg_properties(times, parameters)
        found |= ephys_properties.compute_isi_properties(times, parameters)
        found |= ephys_properties.compute_spike_properties(times, parameters)
        print(cluster, *(repr(float(found[key])) for key in columns.values()), sep="\t")


main()
