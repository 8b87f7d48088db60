# SPDX-License-Identifier: BSD-3-Clause
"""bombcell's metrics: arrays by its own names. Recordings are not cut into chunks of time."""
import numpy as np

BASE = {"tauC": 0.0001, "confidence_threshold": 0.9, "tauR_reject": 0.0005,
        "maxRPVviolations": 0.1, "presenceRatioBinSize": 60, "plotDetails": False}
TAU = {"hill": np.array([0.002]), "llobet": np.array([0.002]),
       "ibl_sliding": np.arange(4, 41) * 0.25 / 1000}
SHAPE = ("nPeaks", "nTroughs", "waveformDuration_peakTrough", "spatialDecaySlope",
         "waveformBaselineFlatness", "scndPeakToTroughRatio", "peak1ToPeak2Ratio",
         "mainPeakToTroughRatio", "troughToPeak2Ratio", "mainPeak_before_width",
         "mainTrough_width")
ACG = {"postSpikeSuppression": "post_spike_suppression_ratio",
       "postSpikeSuppression_ms": "post_spike_suppression_ms",
       "acg_tau_rise": "tau_rise_ms", "acg_tau_decay": "tau_decay_ms"}
INTERVALS = {"propLongISI": "prop_long_isi", "isi_cv": "cv", "isi_cv2": "cv2",
             "isi_skewness": "isi_skewness"}
RATES = {"fano_factor": "fano_factor"}


def violations(times, chunk, nudge=0.0):
    """Refractory violations by each method; lags of just a threshold count with a nudge."""
    from bombcell import quality_metrics as quality

    row = {}
    for method, name in (("hill", "hill"), ("llobet", "llobet"),
                         ("ibl_sliding", "fractionRPVs_estimatedTauR")):
        below = method == "ibl_sliding"  # the others count a lag of the period itself
        param = dict(BASE, rpv_method=method, tauC=BASE["tauC"] - nudge,
                     tauR_values=TAU[method] + (-nudge if below else nudge))
        row[name], period, _ = quality.sliding_rp_violations(times, chunk, param)
        if below:
            row["estimatedTauR"] = period
            row["RPV_status"] = quality.sliding_rp_status(times, chunk, param)
    return row


def of_unit(times, amplitudes, chunk, folder):
    from bombcell import ephys_properties as properties, quality_metrics as quality

    row = {"nSpikes": len(times)}
    if len(times) > 1:
        kept = times < chunk[1]  # as time_chunks_to_keep() leaves them
        row["percentageSpikesMissing_gaussian"], row["percentageSpikesMissing_symmetric"] = (
            quality.perc_spikes_missing(amplitudes[kept], times[kept], chunk, BASE, metric=True))
    row["presenceRatio"] = quality.presence_ratio(times, *chunk, BASE)
    parameters = properties.get_ephys_parameters(folder)
    for function, names in ((properties.compute_acg_properties, ACG),
                            (properties.compute_isi_properties, INTERVALS),
                            (properties.compute_spike_properties, RATES)):
        found = function(times, parameters)
        row |= {name: found[theirs] for name, theirs in names.items()}
    return row | violations(times, chunk)


def trains(session, folder, violations_only=False):
    """Its quality metrics and ephys properties of a session with amplitudes."""
    times = session.samples / session.sampling_rate_hz
    amplitudes = np.asarray(session.amplitudes).ravel()
    chunk = np.array([times.min(), times.max()])
    rows = []
    for unit in range(session.n_units):
        own = session.units == unit
        rows.append(violations(times[own], chunk, 1e-9) if violations_only
                    else of_unit(times[own], amplitudes[own], chunk, folder))
    names = max(rows, key=len)
    return {n: np.array([float(row.get(n, np.nan)) for row in rows]) for n in names}


def templates(unwhitened, places, rate, baseline):
    from bombcell import quality_metrics as quality

    options = dict(minThreshDetectPeaksTroughs=0.2, spDecayLinFit=False, normalizeSpDecay=True,
                   computeSpatialDecay=True, ephys_sample_rate=rate)
    main = quality.get_waveform_peak_channel(unwhitened)
    rows = [quality.waveform_shape(unwhitened, unit, main, places, np.array(baseline), options)
            for unit in range(len(unwhitened))]
    found = {name: np.array([float(row[k]) for row in rows]) for k, name in enumerate(SHAPE)}
    return {**found, "maxChannels": np.asarray(main, float)}


def features(folder, rate):
    """Isolation and drift from principal components of a Kilosort folder."""
    from bombcell import quality_metrics as quality

    load = {n: np.load(folder / f"{n}.npy") for n in
            ("pc_features", "pc_feature_ind", "spike_clusters", "spike_times",
             "channel_positions")}
    units, times = load["spike_clusters"].ravel(), load["spike_times"].ravel() / rate
    pcs, channels = load["pc_features"].astype(float), load["pc_feature_ind"]
    deep = (pcs[:, 0] > 0).any(axis=1)
    rows = []
    for unit in range(len(channels)):
        distance = quality.get_distance_metrics(pcs.copy(), channels, unit, units,
                                                {"nChannelsIsoDist": 4})
        drift = []
        for kept, factor in ((np.ones_like(deep), 1), (deep, 1000)):
            drift += quality.max_drift_estimate(
                pcs[kept] * factor, channels, units[kept], times[kept & (units == unit)], unit,
                load["channel_positions"], {"driftBinSize": 60})[:2]
        rows.append([*distance[:2], *drift])
    names = ("isolationDistance", "Lratio", "maxDriftEstimate", "cumDriftEstimate",
             "max_drift_bombcell scaled", "cumulative_drift_bombcell scaled")
    return dict(zip(names, np.array(rows, float).T))
