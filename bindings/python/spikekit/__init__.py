# SPDX-License-Identifier: BSD-3-Clause
"""Spike-train analysis of Neuropixels-scale recordings.

The usual path:

>>> import spikekit
>>> session = spikekit.simulate(n_units=10, duration_s=30, seed=3)  # or spikekit.load(folder)
>>> result = spikekit.correlograms(session, window_s=0.1, bin_s=0.001)
>>> result.counts.shape
(10, 10, 101)

Times are integer samples. Results are the same for any number of threads. Long calls let
other Python threads run, stop at Ctrl-C, and take ``progress=True``.
"""

from ._abi import LIBRARY_PATH as library_path, spk_build_description as _build_description
from ._context import SpikekitWarning
from ._errors import (
    AllocationError,
    ArgumentError,
    CancelledError,
    FileError,
    FormatError,
    LimitError,
    NotFoundError,
    SpikekitError,
    UnknownNameError,
    UnsortedError,
    UnsupportedError,
)
from ._library import VERSION as __version__
from .alignment import Alignment, align
from .comparison import Comparison, Consensus, compare, compare_many
from .connections import ConnectionMethod, Connections, connection_methods, connections
from .correlogram import (
    autocorrelograms,
    correlogram_pairs,
    correlogram_rows,
    correlograms,
    near_pairs,
)
from .correlogram_result import AutoCorrelograms, CorrelogramPairs, Correlograms
from .coupling import Couplings, glmcc
from .curation import Curation, CurationStep, CurationUnit, curate
from .epochs import Epochs
from .information import (
    Information,
    InformationPeaks,
    mutual_information,
    transfer_entropy,
)
from .jitter import (
    JitterBands,
    JitterCorrelograms,
    JitterTest,
    TrialPrediction,
    jitter_bands,
    jitter_correlograms,
    jitter_test,
    shift_predictor,
)
from .labels import Labels, label, threshold_presets
from .merging import MergeCandidates, find_duplicates, find_redundant, merge_candidates
from .metrics import Metric, Metrics, Parameter, metrics, metrics_catalog, metrics_parameters
from .session import Session, load, load_arrays
from .significance import (
    correlogram_bounds,
    correlogram_tails,
    deconvolve_correlograms,
    false_discovery,
    predict_correlograms,
)
from .simulation import Simulation, simulate
from .spikes import (
    BinnedSpikes,
    SparseBinnedSpikes,
    SpikeTable,
    bin_spikes,
    restrict,
    spike_counts,
)
from .synchrony import (
    Complexity,
    CorrelationSummary,
    CountCorrelations,
    SttcTest,
    complexity,
    correlation_limits,
    correlation_summary,
    count_correlation,
    sttc,
    sttc_parts,
    sttc_profile,
    sttc_test,
)
from .surrogates import Surrogates, surrogates
from .statistics import (
    Bursts,
    KernelRates,
    Timescales,
    bursts,
    fano_factor,
    firing_rates,
    interval_statistics,
    kernel_rate,
    optimal_bandwidth,
    serial_correlation,
    timescale,
    timescale_integral,
)
from .templates import (
    TemplateSimilarity,
    UnitTemplates,
    WaveformFeatures,
    spike_depths,
    template_similarity,
    unit_locations,
    unit_templates,
    waveform_features,
)
from .trials import (
    Jpsth,
    MatchedFano,
    NoiseCorrelation,
    NoiseMatch,
    TrialFano,
    fano,
    jpsth,
    match_noise_correlations,
    mean_matched_fano,
    noise_correlation,
    signal_correlation,
)
from .units import (
    AcgFit,
    DriftMedians,
    IsiHistogram,
    RefractoryConfidence,
    acg_fit,
    drift_medians,
    find_duplicates_across,
    isi_histogram,
    refractory_confidence,
    valid_periods,
)


def build_description():
    """How the library was built.

    Returns
    -------
    str
        Lines "name: value": compiler, flags, and the version of each library inside.
    """
    return _build_description()


__all__ = [
    "AcgFit",
    "Alignment",
    "AllocationError",
    "ArgumentError",
    "AutoCorrelograms",
    "BinnedSpikes",
    "Bursts",
    "CancelledError",
    "Comparison",
    "Complexity",
    "ConnectionMethod",
    "Connections",
    "Consensus",
    "CorrelationSummary",
    "CorrelogramPairs",
    "Correlograms",
    "CountCorrelations",
    "Couplings",
    "Curation",
    "CurationStep",
    "CurationUnit",
    "DriftMedians",
    "Epochs",
    "FileError",
    "FormatError",
    "Information",
    "InformationPeaks",
    "IsiHistogram",
    "Jpsth",
    "KernelRates",
    "Labels",
    "LimitError",
    "MatchedFano",
    "MergeCandidates",
    "Metric",
    "Metrics",
    "NoiseCorrelation",
    "NoiseMatch",
    "NotFoundError",
    "Parameter",
    "RefractoryConfidence",
    "Session",
    "Simulation",
    "SparseBinnedSpikes",
    "SpikeTable",
    "SpikekitError",
    "SpikekitWarning",
    "SttcTest",
    "Surrogates",
    "TemplateSimilarity",
    "Timescales",
    "TrialFano",
    "UnitTemplates",
    "UnknownNameError",
    "UnsortedError",
    "UnsupportedError",
    "WaveformFeatures",
    "__version__",
    "acg_fit",
    "align",
    "autocorrelograms",
    "bin_spikes",
    "build_description",
    "bursts",
    "compare",
    "compare_many",
    "complexity",
    "connection_methods",
    "connections",
    "correlation_limits",
    "correlation_summary",
    "correlogram_bounds",
    "correlogram_pairs",
    "correlogram_rows",
    "correlogram_tails",
    "correlograms",
    "count_correlation",
    "curate",
    "deconvolve_correlograms",
    "drift_medians",
    "false_discovery",
    "fano",
    "fano_factor",
    "find_duplicates",
    "find_duplicates_across",
    "find_redundant",
    "firing_rates",
    "glmcc",
    "interval_statistics",
    "isi_histogram",
    "jpsth",
    "kernel_rate",
    "label",
    "library_path",
    "load",
    "load_arrays",
    "match_noise_correlations",
    "mean_matched_fano",
    "merge_candidates",
    "metrics",
    "metrics_catalog",
    "metrics_parameters",
    "mutual_information",
    "near_pairs",
    "noise_correlation",
    "optimal_bandwidth",
    "predict_correlograms",
    "refractory_confidence",
    "restrict",
    "serial_correlation",
    "signal_correlation",
    "simulate",
    "spike_counts",
    "spike_depths",
    "sttc",
    "sttc_parts",
    "sttc_profile",
    "sttc_test",
    "surrogates",
    "template_similarity",
    "threshold_presets",
    "timescale",
    "timescale_integral",
    "transfer_entropy",
    "unit_locations",
    "unit_templates",
    "valid_periods",
    "waveform_features",
]
