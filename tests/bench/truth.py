# SPDX-License-Identifier: BSD-3-Clause
"""Holds every estimate of contamination and of missed spikes against simulated truth.

Writes docs/trust.md and its two figures: which definition is right when. The same numbers
every time: the simulator's draws are counted, not timed.
"""
import os
import sys

import numpy as np
from bench_common import ROOT

RATES_HZ = (0.5, 2.0, 10.0)
COLOURS = ("#e08214", "#35978f", "#542788")
CONTAMINATION = (  # column, factor to a share, short words
    ("isi_violations_ratio", 1, "ISI ratio (SpikeInterface)"),
    ("contamination_hill", 1, "ISI, quadratic (Hill 2011)"),
    ("contamination_alt_ibl", 1, "contamination_alt (IBL)"),
    ("rp_contamination", 1, "all pairs (Llobet 2022)"),
    ("rpv_hill_bombcell", 1, "Hill (bombcell)"),
    ("rpv_llobet_bombcell", 1, "Llobet (bombcell)"),
    ("contamination_ibl", 1, "contamination (IBL)"),
    ("rpv_sliding_bombcell", 1, "sliding (bombcell)"),
    ("sliding_rp_violation", 1, "sliding (SpikeInterface)"),
    ("sliding_rp_min_contamination_ibl", 0.01, "sliding (IBL)"),
    ("contamination_kilosort", 0.01, "ContamPct (Kilosort 4)"),
    ("contamination_acg_colonell", 1, "contam_rate (Colonell)"),
)
MISSED = (
    ("amplitude_cutoff", 1, "amplitude_cutoff (SpikeInterface)"),
    ("amplitude_cutoff_allen", 1, "amplitude_cutoff (Allen)"),
    ("amplitude_cutoff_ibl", 1, "missed_spikes_est (IBL)"),
    ("percent_missing_bombcell", 0.01, "Gaussian fit (bombcell)"),
    ("percent_missing_symmetric_bombcell", 0.01, "symmetric (bombcell)"),
)
PLAIN = dict(rate_sigma=0, drift_sigma=0, burst_share=0, connection_share=0)


def load_spikekit(build):
    os.environ["SPIKEKIT_LIBRARY"] = str(build / "lib" / "libspikekit.so")
    sys.path.insert(0, str(ROOT / "bindings" / "python"))
    import spikekit

    return spikekit


def contaminated(spikekit, rate_hz, refractory_s, n_units):
    """True and estimated shares of foreign spikes, an hour of each unit."""
    session = spikekit.simulate(
        n_units=n_units, duration_s=3600, rate_median_hz=rate_hz, refractory_s=refractory_s,
        contamination_max=0.4, missed_max=0, seed=11, **PLAIN)
    found = spikekit.metrics(session, [name for name, _, _ in CONTAMINATION])
    return session.truth["contamination"], {n: found[n] * k for n, k, _ in CONTAMINATION}


def cut_off(spikekit, rate_hz, n_units):
    """Spikes below a threshold are taken away: true and estimated shares of them."""
    session = spikekit.simulate(
        n_units=n_units, duration_s=3600, rate_median_hz=rate_hz, contamination_max=0,
        missed_max=0, seed=12, **PLAIN)
    draws = np.random.Generator(np.random.Philox(5))
    amplitudes = np.asarray(session.amplitudes)
    level = session.truth["amplitude"] * draws.uniform(0.55, 1.05, n_units)
    kept = amplitudes >= level[session.units]
    n_true = np.bincount(session.units, minlength=n_units)
    missed = 1 - np.bincount(session.units[kept], minlength=n_units) / n_true
    table = spikekit.SpikeTable(session.samples[kept], session.units[kept],
                                session.sampling_rate_hz, stop_sample=session.stop_sample)
    found = spikekit.metrics(table, [name for name, _, _ in MISSED],
                             amplitudes=amplitudes[kept])
    truth = missed[np.asarray(table.unit_ids)]
    return truth, {name: found[name] * factor for name, factor, _ in MISSED}


def summary(truth, estimates):
    """Bias, spread and how often there is no answer."""
    error = estimates - truth
    defined = error[np.isfinite(error)]
    if len(defined) == 0:
        return "- | - | 100 %"
    return (f"{np.mean(defined):+.3f} | {np.std(defined):.3f} | "
            f"{100 * np.mean(~np.isfinite(error)):.0f} %")


def draw(path, columns, results, limit, unit):
    """A panel for each definition: the estimate against the truth, a line for each rate."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    n = len(columns)
    n_columns = 6 if n > 10 else 5
    figure, axes = plt.subplots((n + n_columns - 1) // n_columns, n_columns, sharex=True,
                                sharey=True, squeeze=False,
                                figsize=(13, 2.9 * ((n + n_columns - 1) // n_columns)))
    edges = np.linspace(0, limit, 9)
    for axis, (name, _, words) in zip(axes.flat, columns):
        axis.plot([0, limit], [0, limit], color="0.6", lw=1, zorder=0)
        for rate, colour in zip(RATES_HZ, COLOURS):
            truth, estimates = results[rate]
            place = np.digitize(truth, edges[1:-1])
            middle, low, high, at = [], [], [], []
            for k in range(len(edges) - 1):
                values = estimates[name][(place == k) & np.isfinite(estimates[name])]
                if len(values) >= 5:
                    at.append((edges[k] + edges[k + 1]) / 2)
                    for q, into in ((10, low), (50, middle), (90, high)):
                        into.append(np.percentile(values, q))
            axis.fill_between(at, low, high, color=colour, alpha=0.2, lw=0)
            axis.plot(at, middle, color=colour, lw=1.8, label=f"{rate:g} Hz")
        axis.set_title(words, fontsize=9)
        axis.set_xlim(0, limit)
        axis.set_ylim(0, limit * 1.6)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes.flat[n:]:
        axis.set_axis_off()
    axes.flat[0].legend(frameon=False, fontsize=8)
    for axis in axes[:, 0]:
        axis.set_ylabel(f"estimated {unit}", fontsize=9)
    for axis in axes[-1]:
        axis.set_xlabel(f"true {unit}", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=100, metadata={"Software": None})
    plt.close(figure)


def rows(columns, results):
    lines = ["| metric | " + " | ".join(f"{r:g} Hz: bias | s.d. | undefined" for r in RATES_HZ) + " |",
             "|---|" + "---|" * 3 * len(RATES_HZ)]
    for name, _, words in columns:
        cells = " | ".join(summary(results[r][0], results[r][1][name]) for r in RATES_HZ)
        lines.append(f"| `{name}` ({words}) | {cells} |")
    return lines


def run(args):
    spikekit = load_spikekit(args.build)
    n_units = 100 if args.quick else 600
    docs = ROOT / "docs"
    docs.mkdir(exist_ok=True)
    text = []
    for refractory_ms in (2, 1, 4):
        results = {rate: contaminated(spikekit, rate, refractory_ms / 1000, n_units)
                   for rate in RATES_HZ}
        if refractory_ms == 2:
            draw(docs / "contamination.png", CONTAMINATION, results, 0.4, "foreign share")
        text += ["", f"True refractory period {refractory_ms} ms, foreign share 0 to 0.4:", ""]
        text += rows(CONTAMINATION, results)
    results = {rate: cut_off(spikekit, rate, n_units) for rate in RATES_HZ}
    draw(docs / "missed.png", MISSED, results, 0.6, "missed share")
    missed = rows(MISSED, results)
    print("\n".join([*text, "", *missed]))
    page = docs / "trust.md"
    if page.exists():
        words = page.read_text()
        for mark, lines in (("contamination", text), ("missed", ["", *missed])):
            before, rest = words.split(f"<!-- table: {mark} -->\n")
            after = rest[rest.index("<!-- end -->"):]
            words = f"{before}<!-- table: {mark} -->\n" + "\n".join(lines) + "\n" + after
        page.write_text(words)
