# SPDX-License-Identifier: BSD-3-Clause
"""Holds every metric of the catalogue against every tool that computes the same.

Values, no times: each tool is run on the same spikes, or left its own numbers in a table beside
the recording. Writes docs/agreement.md: one row for a metric, a tool and a set of data. Each
entry of the catalogue's `peers` has a row; one that nothing here can check says so.
"""
import contextlib
import csv
import importlib.util
import io
import os
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from agreement_reasons import REASONS
from bench_common import ROOT
from isolation import session as features_folder
from truth import load_spikekit

DATA = Path(os.environ.get("SPK_DATA", ROOT.parent / "shared" / "data"))
TOOLS = {  # heading, and what is imported of it
    "spikeinterface": ("SpikeInterface", "spikeinterface"),
    "bombcell": ("bombcell", "bombcell"),
    "ibl": ("International Brain Laboratory", "ibllib"),
    "allen": ("Allen Institute", "forked-ecephys-spike-sorting"),
    "cellexplorer": ("CellExplorer", None),
    "kilosort": ("Kilosort", None),
}
KS4, TOY, SLIDING, CELLS = ("ks4_ibl_zfm02370", "bombcell_toy_ks2", "ibl_slidingrp_unit",
                            "cellexplorer_units")
CLOUDS, SIMULATED = "synthetic features", "simulated session"
ROUNDING = 1e-9  # relative: sums of many terms in another order
SINGLE = 2e-6    # relative: what was computed or stored in single precision
ABSENT = "no peer at hand: definition tested"
UNEXPLAINED = "differs, not explained"


class Row:
    """One metric, as a tool names it, on one set of data."""

    def __init__(self, ours, theirs, data, tolerance=ROUNDING, digits=0.0, reason=None,
                 coarse="equal to single precision"):
        """`ours` and `theirs` are (name, values); `digits`: half of the last one in a table;
        `coarse`: what to say of a difference above rounding but within the tolerance."""
        self.coarse = coarse
        (self.name, a), (self.peer, b) = ours, theirs
        self.data, self.reason = data, reason
        a, b = np.asarray(a, float), np.asarray(b, float)
        both = np.isfinite(a) & np.isfinite(b)
        self.n = int(both.sum())
        distance = np.abs(a[both] - b[both])
        scale = np.maximum(np.abs(a[both]), np.abs(b[both]))
        relative = np.divide(distance, scale, out=np.zeros_like(distance), where=scale > 0)
        self.absolute = float(distance.max(initial=0))
        self.relative = float(relative.max(initial=0))
        within = (relative <= tolerance) | (distance <= digits * (1 + 1e-6))
        self.n_differ = int((~within).sum())
        self.tolerance, self.digits = tolerance, digits
        only = np.isnan(a) & ~np.isnan(b)
        self.given = sorted({f"{v:.3g}" for v in b[only]})
        self.n_given, self.n_none = int(only.sum()), int((np.isnan(b) & ~np.isnan(a)).sum())

    def verdict(self):
        if self.n == 0:
            words = "undefined in every unit"
        elif self.n_differ:
            words = f"differs in {self.n_differ}: {self.reason}" if self.reason else UNEXPLAINED
        elif self.absolute == 0:
            words = "equal"
        elif self.digits and self.relative > self.tolerance:
            words = ("equal to rounding, which is all there is so near 0"
                     if self.digits < ROUNDING else "equal to its digits")
        elif self.tolerance > ROUNDING and self.relative > ROUNDING:
            words = self.coarse
        else:
            words = "equal to rounding"
        if self.n_given:
            values = " or ".join(self.given) if len(self.given) <= 3 else "a number"
            words += f"; NaN in {self.n_given} where it has {values}"
        if self.n_none:
            words += f"; it has none in {self.n_none}"
        return words

    def cells(self):
        def number(x):
            return "0" if x == 0 else f"{x:.1e}"

        return (f"| `{self.name}` | `{self.peer}` | {self.data} | {self.n} | "
                f"{number(self.absolute)} | {number(self.relative)} | {self.verdict()} |")


class Agreement:
    """The rows so far, by tool."""

    def __init__(self, spikekit):
        self.spikekit = spikekit
        self.catalog = spikekit.metrics_catalog()
        self.rows = {tool: [] for tool in TOOLS}

    def ours(self, session, names, **options):
        return self.spikekit.metrics(session, sorted(set(names)), **options)

    def names_of(self, tool, theirs):
        """Our metrics, for a tool's own names that are in `theirs`."""
        return {m.name: m.peers[tool] for m in self.catalog.values()
                if m.peers.get(tool) in theirs}

    def add(self, tool, data, theirs, session, extra=None, shown=None, change=None,
            explain=None, tolerance=None, digits=None, **options):
        """A row for each metric of `theirs`, the tool's own names and values.

        extra: further pairs of our name and theirs; shown: a name in place of theirs; change:
        what to do with our values, explain: gives words for a difference, or None; tolerance
        and digits: all by our name.
        """
        names = self.names_of(tool, theirs) | (extra or {})
        found = self.ours(session, names, **options) if names else {}
        for name, peer in names.items():
            a, b = np.array(found[name]), np.asarray(theirs[peer], float)
            b = np.where(np.isinf(b), np.nan, b)
            a = (change or {}).get(name, lambda x: x)(a)
            row = Row((name, a), ((shown or {}).get(name, peer), b), data,
                      (tolerance or {}).get(name, ROUNDING), (digits or {}).get(name, 0.0))
            if row.n_differ:
                row.reason = ((explain and explain(name, a, b)) or
                              REASONS.get((name, tool, data)) or REASONS.get((name, tool)))
            self.rows[tool].append(row)

    def sections(self):
        """Lines of the page, and how many entries of the catalogue have a value to compare."""
        lines, n_entries, n_held = [], 0, 0
        order = {name: k for k, name in enumerate(self.catalog)}
        for tool, (title, package) in TOOLS.items():
            with contextlib.suppress(PackageNotFoundError):
                title += f" ({package} {version(package)})" if package else ""
            rows = self.rows[tool]
            have = {row.name for row in rows if row.n}
            text = [(order[row.name], row.cells()) for row in rows if row.n]
            for metric in self.catalog.values():
                if tool in metric.peers:
                    n_entries += 1
                    n_held += metric.name in have
                    if metric.name not in have:
                        text.append((order[metric.name],
                                     f"| `{metric.name}` | `{metric.peers[tool]}` | - | 0 | - | "
                                     f"- | {ABSENT} |"))
            lines += ["", f"## {title}", "", *HEAD]
            lines += [cells for _, cells in sorted(text, key=lambda pair: pair[0])]
        return lines, n_entries, n_held

    def summary(self, n_entries, n_held):
        rows = [row for tool in TOOLS for row in self.rows[tool] if row.n]
        equal = sum(row.n_differ == 0 for row in rows)
        open_ = [row for row in rows if UNEXPLAINED in row.verdict()]
        return (f"{n_entries} entries of the catalogue name a tool's metric; {n_held} of them are "
                f"held against that tool here, in {len(rows)} rows, and {n_entries - n_held} have "
                f"no peer at hand. {equal} rows are equal within their tolerance, "
                f"{len(rows) - equal} differ, {len(open_)} of these without a known reason.")


HEAD = ("| metric | its own name | data | units | largest difference | relative | verdict |",
        "|---|---|---|---|---|---|---|")


@contextlib.contextmanager
def quietly():
    """Peers print and warn; a peer that is not installed leaves its rows out."""
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), \
                np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        print(f"left out: {error}", file=sys.stderr)


def read_table(path, delimiter=","):
    """Columns of text of a table with a header."""
    with open(path) as file:
        rows = list(csv.DictReader(file, delimiter=delimiter))
    return {name: [row[name] for row in rows] for name in rows[0] if name}


def numbers(texts):
    def number(text):
        try:
            return float(text)
        except ValueError:
            return np.nan

    return np.array([number(text) for text in texts])


def golden(case):
    """The script that made the golden values of a case, as a module."""
    path = ROOT / "tests" / "golden" / case / "make_golden.py"
    spec = importlib.util.spec_from_file_location(f"golden_{case}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Just above each threshold in milliseconds: intervals that are just as long count too.
INCLUSIVE = {"isi_threshold_ms": 1.5000001, "isi_threshold_allen_ms": 1.5000001,
             "isi_threshold_ibl_ms": 1.5000001}


def thresholds(table, session):
    """Explains values that lie between ours and ours with intervals of the threshold itself."""

    def explain(name, a, b):
        if "isi_" not in name and not name.startswith("contamination_"):
            return None
        ends = np.stack([a, np.array(table.ours(session, [name], parameters=INCLUSIVE)[name])])
        low, high = ends.min(0) * (1 - 1e-6), ends.max(0) * (1 + 1e-6)
        if not ((b >= low) & (b <= high) | np.isnan(a)).all():
            return None
        return "intervals of just the threshold, which seconds in floating point count or not"

    return explain


def bombcell_trains(table, session, folder, data):
    from peers import values_bombcell

    theirs = values_bombcell.trains(session, folder)
    moved, cut = None, None

    def explain(name, a, b):
        nonlocal moved, cut
        if name.startswith("rpv_"):
            if moved is None:
                moved = values_bombcell.trains(session, folder, violations_only=True)
            m = moved[{"rpv_hill_bombcell": "hill", "rpv_llobet_bombcell": "llobet"}.get(
                name, table.catalog[name].peers.get("bombcell"))]
            if np.allclose(m[~np.isnan(a)], a[~np.isnan(a)], rtol=1e-4):
                return ("lags of just a threshold, left to rounding; equal with its thresholds "
                        "moved by 1 ns")
        if name.startswith(("post_spike", "acg_tau")):
            if cut is None:
                rate = session.sampling_rate_hz
                samples = (session.samples / rate * rate).astype(np.int64)
                cut = table.spikekit.SpikeTable(samples, np.array(session.units), rate,
                                                stop_sample=session.stop_sample)
            found = np.array(table.ours(cut, [name])[name])
            if np.allclose(found, b, rtol=1e-9, equal_nan=True):
                return "by rounding some of its spikes come a sample early; equal on those"
        return None

    hill = "fractionRPVs_estimatedTauR"
    table.add("bombcell", data, theirs, session, explain=explain,
              extra={"rpv_hill_bombcell": "hill", "rpv_llobet_bombcell": "llobet"},
              shown={"rpv_hill_bombcell": f"{hill}, hill",
                     "rpv_llobet_bombcell": f"{hill}, llobet"})


def kilosort4(table):
    folder = DATA / KS4
    session = table.spikekit.load(folder)
    single = {name: SINGLE for name in table.catalog if name.startswith("amplitude_")}
    explain = thresholds(table, session)
    with quietly():
        from peers import values_spikeinterface

        table.add("spikeinterface", KS4, values_spikeinterface.trains(session), session,
                  explain=explain, tolerance=single)
    with quietly():
        bombcell_trains(table, session, folder, KS4)
    with quietly():
        from peers import values_ibl

        table.add("ibl", KS4, values_ibl.trains(session), session, explain=explain,
                  tolerance=single)
    with quietly():
        from peers import values_allen

        table.add("allen", KS4, values_allen.trains(session), session, explain=explain,
                  tolerance=single)
    labels = {name: read_table(folder / f"cluster_{name}.tsv", "\t")[name]
              for name in ("ContamPct", "KSLabel")}
    theirs = {"ContamPct": numbers(labels["ContamPct"]),
              "is_refractory": np.array([text == "good" for text in labels["KSLabel"]], float)}
    table.add("kilosort", KS4, theirs, session, digits={"contamination_kilosort": 0.05},
              shown={"refractory_kilosort": "KSLabel"})


def simulated(table):
    """Twenty minutes with drift: long enough for what looks at intervals of a minute."""
    session = table.spikekit.simulate(n_units=40, duration_s=1200, seed=7)
    explain = thresholds(table, session)
    with quietly():
        from peers import values_spikeinterface

        single = {name: SINGLE for name in table.catalog
                  if name.startswith(("amplitude_", "drift_"))}
        table.add("spikeinterface", SIMULATED, values_spikeinterface.trains(session), session,
                  explain=explain, tolerance=single)


def toy(table):
    folder = DATA / TOY
    session = table.spikekit.load(folder)
    unwhitened = np.load(folder / "templates.npy") @ np.load(folder / "whitening_mat_inv.npy")
    places = np.load(folder / "channel_positions.npy")
    rate, gain = 30000.0, {"template_gain_uv": 1.0}
    with quietly():
        from peers import values_spikeinterface

        script = golden("templates")
        theirs = values_spikeinterface.templates(script, unwhitened, places)
        table.add("spikeinterface", TOY, theirs, session,
                  parameters={**gain, "template_radius_um": script.RADIUS_UM})
    with quietly():
        from peers import values_bombcell

        bombcell_trains(table, session, folder, TOY)
        theirs = values_bombcell.templates(unwhitened, places, rate, (21, 31))
        table.add("bombcell", TOY, theirs, session)
    with quietly():
        from peers import values_allen

        table.add("allen", TOY, values_allen.templates(unwhitened, rate), session,
                  parameters=gain)
    bombcell_tables(table, folder, session)


def bombcell_tables(table, folder, session):
    """What two versions of bombcell left of these units, with the windows that they used."""
    sweep = {"rpv_shortest_ms": 0.5, "rpv_longest_ms": 5, "rpv_step_ms": 0.5}
    for words, file, start, parameters in (
            ("Python table of 2026-02", "reference_bombcell_python_qMetrics_2026-02.csv", 0,
             sweep),
            ("MATLAB table of 2025-04", "reference_bombcell_matlab_qMetrics_2025-04.csv", 20,
             {})):
        theirs = {name: numbers(texts) for name, texts in read_table(folder / file).items()}
        shown = {"rpv_hill_bombcell": "fractionRPVs_estimatedTauR, hill"}
        if words.startswith("MATLAB"):
            theirs["maxChannels"] -= 1
            pair = ("troughToPeak2Ratio", "mainPeak_before_width")  # each has the other's heading
            theirs[pair[0]], theirs[pair[1]] = theirs[pair[1]], theirs[pair[0]]
            shown["trough_to_peak2_ratio_bombcell"] = f"{pair[0]}, headed {pair[1]}"
            shown["main_peak_before_width_bombcell"] = f"{pair[1]}, headed {pair[0]}"
        theirs["hill"] = theirs.pop("fractionRPVs_estimatedTauR")
        for name in ("maxDriftEstimate", "cumDriftEstimate"):
            theirs.pop(name)  # of features that are not there
        theirs = {n: v for n, v in theirs.items() if np.isfinite(v).any()}
        table.add("bombcell", f"{TOY}, {words}", theirs, session,
                  tolerance=dict.fromkeys(table.catalog, SINGLE), shown=shown,
                  extra={"rpv_hill_bombcell": "hill"},
                  parameters={**parameters, "bombcell_baseline_start_samples": start,
                              "bombcell_baseline_stop_samples": start + 10})


def sliding(table):
    folder = DATA / SLIDING
    times = np.load(folder / "spikes.times.npy").ravel()
    session = table.spikekit.load(folder, sampling_rate_hz=1e9)  # times are not at samples
    units = np.asarray(session.units)
    extra = {"sliding_rp_period_ibl": "rp_min_val"}
    with quietly():
        from peers import values_ibl

        theirs = values_ibl.sliding(times, units, session.n_units)
        table.add("ibl", SLIDING, theirs, session, extra=extra)
    reference = read_table(folder / "reference_slidingRP.csv")
    columns = {"max_confidence": "max_confidence_pct",
               "min_contamination": "min_contamination_pct_at_90conf",
               "rp_min_val": "rp_min_val_s", "n_spikes_below2": "n_spikes_below_2ms"}
    theirs = {name: numbers(reference[column]) for name, column in columns.items()}
    theirs["slidingRP_viol"] = np.array([text == "PASS" for text in reference["verdict"]], float)
    table.add("ibl", f"{SLIDING}, values of its own test", theirs, session, extra=extra)


def cells_table(table, sessions, rate_hz, columns, parameters=None, **options):
    """CellExplorer's columns of some sessions, on a grid of times; None: nanoseconds."""
    reference = read_table(DATA / CELLS / "reference_cell_metrics.csv")
    where = {(s, int(u)): k for k, (s, u) in enumerate(zip(reference["session"],
                                                            reference["unit"]))}
    ours, theirs = {}, {}
    for session in sessions:
        times, units = (np.load(DATA / CELLS / f"{session}.{what}.npy").ravel()
                        for what in ("spike_times_s", "spike_clusters"))
        samples = np.floor(times * rate_hz + 0.5).astype(np.int64)
        data = table.spikekit.SpikeTable(samples, units, rate_hz, start_sample=0,
                                         stop_sample=int(samples[-1]) + 1)
        found = table.ours(data, columns, parameters=parameters or {})
        rows = [where[session, int(u)] for u in data.unit_ids]
        for name, (column, factor) in columns.items():
            ours.setdefault(name, []).extend(found[name])
            values = factor * numbers(reference[column])
            theirs.setdefault(name, []).extend(values[rows])
    return ours, theirs


def cells(table):
    """Only the sessions of the Allen Institute kept all their spikes in the autocorrelograms."""
    whole = ["session_756029989", "session_719161530", "session_819701982"]
    every = [*whole, "mouse1_180502a"]
    fit = {name: m.peers["cellexplorer"] for name, m in table.catalog.items()
           if name.startswith("acg_") and "cellexplorer" in m.peers}
    jobs = (
        ("cellexplorer", every, 1e9, None,
         {"num_spikes": ("spikeCount", 1), "firing_rate_isi": ("firingRateISI", 1)}),
        ("cellexplorer", whole, 1e9, None,
         {"refractory_violations_cellexplorer": ("refractoryPeriodViolation", 1),
          "cv2_cellexplorer": ("cv2", 1), "burst_index_mizuseki": ("burstIndex_Mizuseki2012", 1),
          "firing_rate_gini": ("firingRateGiniCoeff", 1), "firing_rate_cv": ("firingRateStd", 1),
          "firing_rate_instability": ("firingRateInstability", 1)}),
        ("cellexplorer", whole, 20000, None,
         {"burst_index_royer": ("burstIndex_Royer2012", 1 / 3),
          "burst_index_doublets": ("burstIndex_Doublets", 1),
          "theta_modulation": ("thetaModulationIndex", -1)}),
        ("cellexplorer", whole, 20000, {"acg_fit_blank_ms": 0},
         {name: (peer, 1) for name, peer in fit.items()}),
        ("allen", whole, 1e9, {"isi_minimum_allen_ms": 0.166},
         {"presence_ratio_allen": ("presence_ratio", 1), "firing_rate_span": ("firing_rate", 1),
          "isi_violations_ratio_allen": ("isi_violations", 1)}),
    )
    shown = {"burst_index_royer": "burstIndex_Royer2012 / 3", "firing_rate_cv": "firingRateStd",
             "theta_modulation": "-thetaModulationIndex"}
    for tool, sessions, rate_hz, parameters, columns in jobs:
        ours, theirs = cells_table(table, sessions, rate_hz, columns, parameters)
        for name, (column, _) in columns.items():
            reason = REASONS.get((name, tool, CELLS)) or REASONS.get((name, tool))
            if name == "acg_fit_r_square" and (np.array(ours[name]) >= theirs[name]).all():
                reason = "ours fits better or as well in every unit"
            tolerance = 1e-6 if rate_hz == 1e9 else ROUNDING  # a nanosecond of a millisecond
            table.rows[tool].append(Row((name, ours[name]), (shown.get(name, column), theirs[name]),
                                        CELLS, tolerance, 0.0, reason,
                                        "equal to the nanosecond of its times"))


def clouds(table, scratch):
    """Features of a few Gaussian units, few enough spikes that no tool draws among them."""
    folder = features_folder(scratch / "agreement-24-9600", 24, 9600, n_channels=16)
    rate = 30000.0
    session = table.spikekit.load(folder)
    near_0 = {"l_ratio": 1e-12, "l_ratio_bombcell": 1e-12}
    with quietly():
        from peers import values_spikeinterface

        table.add("spikeinterface", CLOUDS, values_spikeinterface.features(folder), session,
                  digits=near_0)
    with quietly():
        from peers import values_bombcell

        theirs = values_bombcell.features(folder, rate)

        def without(name, a, b):
            scaled = theirs.get(f"{name} scaled")
            if scaled is None or not np.allclose(a, scaled, rtol=1e-6):
                return None
            return ("it adds 0.001 to the sum of weights; equal on features a thousand times as "
                    "large, without spikes that have no positive component")

        table.add("bombcell", CLOUDS, theirs, session, digits=near_0, explain=without)
    with quietly():
        from peers import values_allen

        drifts = ("max_drift_allen", "cumulative_drift_allen")
        theirs = values_allen.features(folder, rate)

        def explain(name, a, b):
            if name not in drifts or not np.allclose(a, theirs[f"{name} with a depth"],
                                                     atol=0.0051, rtol=0):
                return None
            return ("a spike without a positive component makes its interval undefined; equal "
                    "without such spikes")

        table.add("allen", CLOUDS, theirs, session, explain=explain,
                  change={name: lambda x: x / 2 for name in drifts},  # it takes 10 um a channel
                  digits={**near_0, **dict.fromkeys(drifts, 0.005)})
        # Its silhouette is in the space of all channels: the same where all units have all.
        folder = features_folder(scratch / "agreement-6-3000", 6, 3000, n_channels=10)
        theirs = {"silhouette_score": values_allen.silhouettes(folder)}
        table.add("allen", f"{CLOUDS}, one space", theirs, table.spikekit.load(folder),
                  parameters={"silhouette_max_spikes": 1e7})


def write(page, marks):
    """Puts lines between the marks of a page."""
    words = page.read_text()
    for mark, lines in marks.items():
        before, rest = words.split(f"<!-- {mark} -->\n")
        after = rest[rest.index("<!-- end -->"):]
        words = f"{before}<!-- {mark} -->\n" + "\n".join(lines) + "\n" + after
    page.write_text(words)


def run(args):
    scratch = args.build / "inputs"
    scratch.mkdir(parents=True, exist_ok=True)
    table = Agreement(load_spikekit(args.build))
    for name, check in ((KS4, kilosort4), (TOY, toy), (SLIDING, sliding), (CELLS, cells)):
        if (DATA / name).is_dir():
            check(table)
        else:
            print(f"left out: no {DATA / name}", file=sys.stderr)
    simulated(table)
    clouds(table, scratch)
    lines, n_entries, n_held = table.sections()
    count = table.summary(n_entries, n_held)
    print("\n".join([*lines, "", count]))
    page = ROOT / "docs" / "agreement.md"
    if page.exists() and not args.quick:
        write(page, {"table": lines, "count": [count]})
