# SPDX-License-Identifier: BSD-3-Clause
"""Holds every method of finding connections against simulated synapses: `./dev bench synapses`.

Writes the tables of docs/connections.md and its two figures: which method finds what, and what
it claims where there is no synapse. The same numbers every time, but for the seconds.
"""
import time

import numpy as np
from bench_common import ROOT
from truth import load_spikekit

WIDE = dict(width_s=0.05, window_s=0.5, bin_s=0.002, max_latency_s=0.01)
METHODS = {  # name: colour
    "flank": "0.55",
    "hollow": "#1b6ca8",
    "hollow wide": "#0b2a4a",
    "english": "#63b7e6",
    "kopelowitz": "#e08214",
    "deconvolution": "#8c510a",
    "glmcc": "#b2182b",
    "glmcc_lr": "#f08a8a",
    "jitter": "#1b7837",
}
SESSION = dict(n_units=100, duration_s=1800, drift_sigma=0.2, burst_share=0, seed=21)
SYNAPSES = dict(connection_share=0.03, connection_strength=0.01, connection_sigma=1.0,
                inhibitory_share=0.25)
BURSTS = dict(rate_median_hz=1.2, burst_share=1, burst_size=4, burst_interval_s=0.004)
COMMON = dict(common_groups=30, common_size=4, common_rate_hz=5, common_strength=0.15)
MODULATED = dict(modulation_sigma=0.7, modulation_time_s=0.03, modulation_groups=2,
                 modulation_opposed=0.3)
CONDITIONS = {
    "plain": {},
    "brief inhibition": dict(inhibition_s=0.003),
    "bursts": BURSTS,
    "common input": COMMON,
    "co-modulation": MODULATED,
    "gamma oscillation": dict(MODULATED, modulation_hz=40, modulation_time_s=0.2),
    "all at once": {**BURSTS, **COMMON, **MODULATED},
}
PUBLISHED = {1e-3: "0.780 / 0.018", 1e-4: "0.754 / 0.012", 1e-5: "0.686 / 0.009",
             1e-12: "0.492 / 0.003"}  # hits and false claims, English et al. (2017)
SIGNALS = (0, 2, 4, 8, 16, np.inf)
ALPHAS = (0.05, 0.01, 0.001)
SIGNS = {1: "excess", -1: "lack"}


def flank(spikekit, session):
    """What one does without a method: the highest bin of 1 to 4 ms against the mean of lags of
    10 to 50 ms, Poisson, times the bins. No part of the library."""
    from scipy import stats

    shown = spikekit.correlograms(session, window_s=0.1, bin_s=0.0005)
    lags, n = np.asarray(shown.lags_s), session.n_units
    near, far = (lags > 0.001) & (lags < 0.004), np.abs(lags) > 0.01
    source, target = np.nonzero(~np.eye(n, dtype=bool))
    found = []
    for sign in SIGNS:
        counts = np.array([shown[i, j] for i, j in zip(source, target)])
        expected = counts[:, far].mean(axis=1)
        place = np.argmax(sign * counts[:, near], axis=1)
        peak = counts[:, near][np.arange(len(source)), place]
        tail = stats.poisson.logsf if sign > 0 else stats.poisson.logcdf
        log_p = tail(peak - 1 if sign > 0 else peak, expected) + np.log(near.sum())
        nothing = np.full(len(source), np.nan)
        found.append(dict(source=source, target=target, sign=np.full(len(source), sign),
                          log_p=np.minimum(log_p, 0), latency=lags[near][place],
                          transmission=nothing, lower=nothing, upper=nothing))
    rows = {key: np.concatenate([part[key] for part in found]) for key in found[0]}
    order = np.argsort(rows["log_p"])
    q = np.exp(rows["log_p"][order]) * len(order) / np.arange(1, len(order) + 1)
    rows["q"] = np.empty(len(order))
    rows["q"][order] = np.minimum.accumulate(q[::-1])[::-1]
    rows["significant"] = rows["q"] <= 0.05
    return rows


def find(spikekit, session, method):
    """All tests of a method as a dict of arrays, with the seconds of processor they took."""
    start = time.process_time()
    if method == "flank":
        rows = flank(spikekit, session)
    else:
        options = WIDE if method == "hollow wide" else {}
        table = spikekit.connections(session, method=method.split()[0], max_p=1.0,
                                     signs="both", **options)
        names = dict(source="source_index", target="target_index", latency="latency_s",
                     lower="transmission_lower", upper="transmission_upper")
        rows = {key: np.asarray(getattr(table, names.get(key, key)))
                for key in ("source", "target", "sign", "log_p", "q", "significant", "latency",
                            "transmission", "lower", "upper", "effect")}
    rows["seconds"] = time.process_time() - start
    return rows


def available(spikekit):
    """The methods that this build has."""
    small = spikekit.simulate(n_units=3, duration_s=60)
    for method in METHODS:
        try:
            find(spikekit, small, method)
        except (ValueError, KeyError, AttributeError, spikekit.SpikekitError) as error:
            print(f"{method}: left out: {error}")
        else:
            yield method


def true_connections(session):
    """n x n arrays: the sign of each connection, 0 where there is none; its extra pairs for
    each source spike of the session; its latency."""
    n = session.n_units
    sign, extra, latency = np.zeros((n, n), int), np.zeros((n, n)), np.full((n, n), np.nan)
    truth, counts = session.connections, np.asarray(session.counts())
    place = truth["source"], truth["target"]
    sign[place] = np.where(truth["strength"] < 0, -1, 1)
    extra[place] = truth["extra_pairs"] / np.maximum(counts[truth["source"]], 1)
    latency[place] = truth["latency_s"]
    return sign, extra, latency


def same_common_input(session):
    """n x n: whether two units share an unrecorded source."""
    n, common = session.n_units, session.common_inputs
    member = np.zeros((n, max(common["group"], default=-1) + 1), int)
    member[common["unit"], common["group"]] = 1
    return member @ member.T > 0


def ranked(rows, sign, truth):
    """Thresholds from the surest on: hits and false claims down to each, ties together."""
    own = rows["sign"] == sign
    score = np.nan_to_num(-rows["log_p"][own], nan=0.0)
    is_true = truth[rows["source"][own], rows["target"][own]] == sign
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    return np.cumsum(is_true[order])[last], np.cumsum(~is_true[order])[last]


def precision_recall(rows, sign, truth):
    hits, wrong = ranked(rows, sign, truth)
    if len(hits) == 0:
        return None
    n_true = np.sum(truth == sign)
    recall, precision = hits / n_true, hits / (hits + wrong)
    clean = recall[precision >= 0.95]
    return dict(recall=recall, precision=precision,
                average=np.sum(np.diff(recall, prepend=0) * precision),
                clean=clean.max() if len(clean) else 0.0)


def operating(rows, truth):
    """Area under the ROC curve of excitation, and hits at two rates of false claims."""
    hits, wrong = ranked(rows, 1, truth)
    if len(hits) == 0:
        return None
    n_tests = hits[-1] + wrong[-1]
    hits, wrong = np.append(0, hits) / hits[-1], np.append(0, wrong) / (n_tests - hits[-1])
    return dict(auc=np.trapezoid(hits, wrong), at5=np.interp(0.05, wrong, hits),
                at10=np.interp(0.10, wrong, hits))


def causal_p(spikekit, session):
    """P causal of English et al. (2017) of every ordered pair, [source, target]: Poisson mid-p
    of the highest bin of 0.8 to 4 ms, given the highest of -3.2 to 0 ms, bins of 0.4 ms."""
    from scipy import stats

    shown = spikekit.correlograms(session, window_s=0.0204, bin_s=0.0004)
    lags = np.round(np.asarray(shown.lags_s) / 0.0004).astype(int)
    n, p = session.n_units, np.ones((session.n_units, session.n_units))
    for i in range(n):
        for j in range(n):
            if i != j:
                counts = shown[i, j]
                peak = counts[(lags >= 2) & (lags <= 10)].max()
                before = counts[(lags >= -8) & (lags <= 0)].max()
                p[i, j] = stats.poisson.sf(peak - 1, before) - 0.5 * stats.poisson.pmf(peak, before)
    return np.nan_to_num(p, nan=1.0)


def clopper_pearson(k, n):
    from scipy import stats

    low = stats.beta.ppf(0.025, k, n - k + 1) if k > 0 else 0.0
    high = stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return low, high


def claim_cells(rows, sign, pairs):
    """Shares of tests claimed at each level, with limits, and by q."""
    own = (rows["sign"] == sign) & pairs[rows["source"], rows["target"]]
    n = int(own.sum())
    if n == 0:
        return None
    cells = []
    for alpha in ALPHAS:
        k = int(np.sum(rows["log_p"][own] <= np.log(alpha)))
        low, high = clopper_pearson(k, n)
        cells.append(f"{k / n:.4f} ({low:.4f}-{high:.4f})")
    cells.append(f"{np.sum(rows['q'][own] <= 0.05)} of {n}")
    cells.append(f"{np.sum(rows['significant'][own] != 0)}")
    return cells


def transmission_cells(rows, truth, extra):
    """Estimated against true transmission of the excitatory connections that were tested and
    of those found: ratio of sums, mean error, share within the 95 % limits."""
    own = (rows["sign"] == 1) & (truth[rows["source"], rows["target"]] == 1)
    own &= np.isfinite(rows["transmission"])
    cells = []
    for kept in (own, own & (rows["q"] <= 0.05)):
        if not kept.any():
            return None
        true = extra[rows["source"][kept], rows["target"][kept]]
        found, low, high = (rows[k][kept] for k in ("transmission", "lower", "upper"))
        cells += [f"{kept.sum()}", f"{found.sum() / true.sum():.2f}",
                  f"{np.mean(found - true):+.4f}",
                  f"{100 * np.mean((low <= true) & (true <= high)):.0f} %"]
    return cells


def signal(session, extra):
    """How far the extra pairs of each connection stand out: their number over the square root
    of the pairs that chance makes within 1 ms, or in the 10 ms of inhibition; and the share of
    the pairs of a millisecond that they are; [source, target]."""
    counts = np.asarray(session.counts(), float)
    chance = np.outer(counts, counts) / session.duration_s
    pairs = extra * counts[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        clear = np.abs(pairs) / np.sqrt(np.maximum(chance * np.where(extra < 0, 0.01, 0.002), 1))
        return clear, pairs / (chance * 0.001)


def coupling_cells(rows, truth, share):
    """J as fitted against the J whose kernel exp(-t / 4 ms) holds as many extra pairs:
    correlation and slope, for excitation and inhibition."""
    from scipy import optimize, special

    def area(j):  # of exp(J exp(-t / 4)) - 1 [ms]
        if j > 0:
            return 4 * (special.expi(j) - np.log(j) - np.euler_gamma)
        return -4 * (special.exp1(-j) + np.log(-j) + np.euler_gamma) if j < 0 else 0.0

    cells = []
    for sign in SIGNS:
        own = (rows["sign"] == sign) & (truth[rows["source"], rows["target"]] == sign)
        wanted = share[rows["source"][own], rows["target"][own]]
        j = rows["effect"][own]
        kept = np.isfinite(j) & (np.abs(wanted) < 100) & (wanted > area(-30.0))
        if kept.sum() < 3:
            return None
        true = np.array([optimize.brentq(lambda x, w=w: area(x) - w, -30, 8)
                         for w in wanted[kept]])
        cells += [f"{kept.sum()}", f"{np.corrcoef(true, j[kept])[0, 1]:.2f}",
                  f"{np.sum(true * j[kept]) / np.sum(true**2):.2f}"]
    return cells


def found_by_signal(rows, sign, truth, strength):
    """Share of connections with q <= 0.05, by signal."""
    found = np.zeros(truth.shape, bool)
    own = (rows["sign"] == sign) & (rows["q"] <= 0.05)
    found[rows["source"][own], rows["target"][own]] = True
    cells = []
    for low, high in zip(SIGNALS, SIGNALS[1:]):
        true = (truth == sign) & (strength >= low) & (strength < high)
        cells.append(f"{found[true].mean():.2f}" if true.any() else "-")
    return cells


def wrong_kinds(rows, sign, truth, shared):
    """Claims with q <= 0.05 that are none of the connections, by what ties the pair."""
    own = (rows["sign"] == sign) & (rows["q"] <= 0.05)
    source, target = rows["source"][own], rows["target"][own]
    wrong = truth[source, target] != sign
    source, target = source[wrong], target[wrong]
    drives = (truth != 0).astype(int)
    ties = [truth[source, target] != 0, truth[target, source] != 0, shared[source, target],
            (drives.T @ drives)[source, target] > 0]
    left, cells = np.ones(len(source), bool), [f"{own.sum() - len(source)}"]
    for tie in ties:
        cells.append(f"{np.sum(left & tie)}")
        left &= ~tie
    return [*cells, f"{left.sum()}"]


def reciprocal(spikekit, methods, n_sessions):
    """Strong excitation found with q <= 0.05: one way, and where both units excite each other
    the stronger and the weaker direction. Sessions with many connections."""
    found = {method: np.zeros((3, 2), int) for method in methods}
    for seed in range(31, 31 + n_sessions):
        made = spikekit.simulate(**dict(
            SESSION, n_units=60, connection_share=0.15, inhibitory_share=0,
            connection_strength=0.02, connection_sigma=0.7, seed=seed))
        sign, extra, _ = true_connections(made)
        clear, _ = signal(made, extra)
        strong = (sign == 1) & (clear > 8)
        kinds = (strong & (sign.T == 0), strong & strong.T & (clear > clear.T),
                 strong & strong.T & (clear < clear.T))
        for method in methods:
            rows = find(spikekit, made, method)
            own = (rows["sign"] == 1) & (rows["q"] <= 0.05)
            claimed = np.zeros(sign.shape, bool)
            claimed[rows["source"][own], rows["target"][own]] = True
            found[method] += [(claimed[kind].sum(), kind.sum()) for kind in kinds]
    lines = [[f"`{method}`", *(f"{k} of {n}" for k, n in counts)]
             for method, counts in found.items()]
    return table(["method", "one way", "stronger of two", "weaker of two"], lines)


def latency_error(rows, truth, latency):
    """Median and 90th percentile of the error of latency [ms] of what was found."""
    own = (rows["sign"] == 1) & (truth[rows["source"], rows["target"]] == 1)
    own &= rows["q"] <= 0.05
    if not own.any():
        return "-"
    error = 1e3 * np.abs(rows["latency"][own] - latency[rows["source"][own],
                                                        rows["target"][own]])
    return f"{np.median(error):.2f} / {np.percentile(error, 90):.2f}"


def table(head, lines):
    out = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return out + ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def axes_of(n_rows, n_columns):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False,
                                figsize=(2.35 * n_columns + 0.6, 2.5 * n_rows + 0.5))
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save(figure, axes, path):
    import matplotlib.pyplot as plt

    handles = {}
    for axis in axes.flat:
        handles.update(dict(zip(*reversed(axis.get_legend_handles_labels()))))
    figure.legend(handles.values(), handles.keys(), ncol=len(handles), frameon=False,
                  fontsize=8.5, loc="lower center")
    figure.tight_layout(rect=(0, 0.045, 1, 1))
    figure.savefig(path, dpi=100, metadata={"Software": None})
    plt.close(figure)


def draw_precision_recall(path, results):
    figure, axes = axes_of(2, len(results))
    for column, (condition, (truth, found)) in enumerate(results.items()):
        for row, sign in enumerate(SIGNS):
            axis = axes[row, column]
            for method, rows in found.items():
                curve = precision_recall(rows, sign, truth)
                if curve is not None:
                    axis.plot(curve["recall"], curve["precision"], color=METHODS[method],
                              lw=1.5, label=method)
            axis.set_xlim(0, 1)
            axis.set_ylim(0, 1.02)
        axes[0, column].set_title(condition, fontsize=9.5)
        axes[1, column].set_xlabel("recall", fontsize=9)
    for row, kind in enumerate(("excitation", "inhibition")):
        axes[row, 0].set_ylabel(f"{kind}: precision", fontsize=9)
    save(figure, axes, path)


def draw_false_positives(path, results):
    figure, axes = axes_of(2, len(results))
    levels = np.logspace(-5, 0, 60)
    for column, (condition, (_, found)) in enumerate(results.items()):
        for row, sign in enumerate(SIGNS):
            axis = axes[row, column]
            axis.plot(levels, levels, color="0.75", lw=3, zorder=0)
            for method, rows in found.items():
                p = np.sort(rows["log_p"][rows["sign"] == sign])
                if len(p):
                    share = np.searchsorted(p, np.log(levels), side="right") / len(p)
                    axis.plot(levels, np.where(share > 0, share, np.nan), lw=1.5,
                              color=METHODS[method], label=method)
            axis.set_xscale("log")
            axis.set_yscale("log")
            axis.set_ylim(1e-5, 1.5)
        axes[0, column].set_title(condition, fontsize=9.5)
        axes[1, column].set_xlabel("level", fontsize=9)
    for row, sign in enumerate(SIGNS.values()):
        axes[row, 0].set_ylabel(f"{sign}: share claimed", fontsize=9)
    save(figure, axes, path)


def run(args):
    spikekit = load_spikekit(args.build)
    session = dict(SESSION, n_units=40, duration_s=600) if args.quick else SESSION
    methods = list(available(spikekit))
    real, null, extras, causal, shared, signals, shares, tables = ({} for _ in range(8))
    for condition, options in CONDITIONS.items():
        made = spikekit.simulate(**{**session, **SYNAPSES, **options})
        truth = true_connections(made)
        extras[condition] = truth[1:]
        shared[condition] = same_common_input(made)
        signals[condition], shares[condition] = signal(made, truth[1])
        real[condition] = truth[0], {m: find(spikekit, made, m) for m in methods}
        causal[condition] = causal_p(spikekit, made)
        print(f"{condition}: {time.process_time():.0f} s")
        if "inhibition_s" in options:
            continue
        made = spikekit.simulate(**{**session, **options, "connection_share": 0, "seed": 22})
        null[condition] = same_common_input(made), {m: find(spikekit, made, m)
                                                    for m in methods}

    lines = []
    for method in methods:
        cells = [f"`{method}`"]
        for condition, (truth, found) in real.items():
            curves = [precision_recall(found[method], sign, truth) for sign in SIGNS]
            cells += ["-" if c is None else f"{c['average']:.2f} / {c['clean']:.2f}"
                      for c in curves]
        lines.append(cells)
    tables["precision recall"] = table(
        ["method"] + [f"{c}: {kind}" for c in real for kind in ("excitation", "inhibition")],
        lines)

    for sign, kind in SIGNS.items():
        lines, wrong = [], []
        for condition, (truth, found) in real.items():
            for method, rows in found.items():
                if (rows["sign"] == sign).any():
                    lines.append([condition, f"`{method}`", *found_by_signal(
                        rows, sign, truth, signals[condition])])
                    wrong.append([condition, f"`{method}`", *wrong_kinds(
                        rows, sign, truth, shared[condition])])
        classes = [f"{a:g} to {b:g}" for a, b in zip(SIGNALS, SIGNALS[1:])]
        tables[f"signal {kind}"] = table(["condition", "method", *classes], lines)
        tables[f"wrong {kind}"] = table(
            ["condition", "method", "right", "other sign", "other direction",
             "common unrecorded source", "common recorded source", "nothing"], wrong)

    tables["reciprocal"] = reciprocal(spikekit, methods, 1 if args.quick else 3)

    text = []
    for condition, (common, found) in null.items():
        other = ~common & ~np.eye(len(common), dtype=bool)
        groups = [("", other)] if not (common & ~np.eye(len(common), dtype=bool)).any() else [
            (", pairs without a common input", other), (", pairs with one", common)]
        for words, pairs in groups:
            lines = []
            for method, rows in found.items():
                for sign, kind in SIGNS.items():
                    cells = claim_cells(rows, sign, pairs)
                    if cells is not None:
                        lines.append([f"`{method}`", kind, *cells])
            text += ["", f"**{condition}**{words}:", ""] + table(
                ["method", "test", *(f"level {a:g}" for a in ALPHAS), "q <= 0.05",
                 "its own rule"], lines)
    tables["false positives"] = text[1:]

    lines = []
    for method in methods:
        cells = [operating(found[method], truth) for truth, found in real.values()]
        lines.append([f"`{method}`"] + ["-" if c is None else
                                        f"{c['auc']:.3f}, {c['at5']:.2f}, {c['at10']:.2f}"
                                        for c in cells])
    lines.append(["English 2017, published", "0.935, 0.83, 0.87"] + [""] * (len(real) - 1))
    tables["roc"] = table(["method", *real], lines)

    off = ~np.eye(session["n_units"], dtype=bool)
    lines = []
    for level, published in PUBLISHED.items():
        cells = [f"{level:g}", published]
        for condition, (truth, _) in real.items():
            claimed = causal[condition] <= level
            hits = np.mean(claimed[truth == 1])
            cells.append(f"{hits:.2f} / {np.mean(claimed[off & (truth != 1)]):.4f}")
        lines.append(cells)
    tables["causal"] = table(["P causal at most", "published", *real], lines)

    lines = []
    for condition, (truth, found) in real.items():
        for method, rows in found.items():
            cells = transmission_cells(rows, truth, extras[condition][0])
            if cells is not None:
                lines.append([condition, f"`{method}`", *cells,
                              latency_error(rows, truth, extras[condition][1])])
    tables["transmission"] = table(
        ["condition", "method", "tested", "found / true", "mean error", "in limits", "found",
         "found / true", "mean error", "in limits", "latency error, median / 90 % [ms]"], lines)

    lines = []
    for condition, (truth, found) in real.items():
        if "glmcc" in found:
            cells = coupling_cells(found["glmcc"], truth, shares[condition])
            if cells is not None:
                lines.append([condition, *cells])
    tables["coupling"] = table(["condition", "excitatory", "correlation", "slope", "inhibitory",
                                "correlation", "slope"], lines)

    pairs = session["n_units"] * (session["n_units"] - 1)
    lines = [[f"`{m}`", f"{real['plain'][1][m]['seconds']:.2f}"] for m in methods]
    tables["seconds"] = table(["method", f"seconds of processor, {pairs} pairs"], lines)
    show(tables)
    if args.quick:  # too few units for the page
        return
    docs = ROOT / "docs"
    write_page(docs / "connections.md", tables)
    draw_precision_recall(docs / "precision_recall.png", real)
    draw_false_positives(docs / "false_positives.png", null)


def show(tables):
    for mark, lines in tables.items():
        print("\n".join(["", f"== {mark}", *lines]))


def write_page(page, tables):
    """Puts the tables in their places of the page."""
    words = page.read_text()
    for mark, lines in tables.items():
        start = f"<!-- table: {mark} -->\n"
        if start in words:
            before, rest = words.split(start)
            after = rest[rest.index("<!-- end -->"):]
            words = before + start + "\n" + "\n".join(lines) + "\n" + after
    page.write_text(words)
