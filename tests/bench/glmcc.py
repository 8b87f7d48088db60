# SPDX-License-Identifier: BSD-3-Clause
"""Couplings of pairs: 10^5 of them, and some beside the rules of the authors' program, which
tests/golden/glmcc/make_golden.py writes out in numpy; couplings are compared first."""
import sys
import time

import numpy as np
from bench_common import ROOT, last_json, machine, simulate
from truth import load_spikekit


def authors(spikekit, work, pairs):
    """Seconds a fit of one delay; largest difference in J from the definition's maximum, and from
    where the authors' rules end, before the maximum where it is flat."""
    sys.path.insert(0, str(ROOT / "tests" / "golden" / "glmcc"))
    import make_golden

    samples, units = np.load(work["samples"]), np.load(work["units"])
    delay, worst, seconds = 2, np.zeros(2), []
    for pair in pairs:
        chosen = np.isin(units, pair)
        table = spikekit.SpikeTable(samples[chosen], units[chosen], 30000)
        found = spikekit.glmcc(table, [pair], first_delay_bins=delay, last_delay_bins=delay,
                               convention="kobayashi", curves=True)
        first, second = (samples[units == u] for u in pair)
        lags = np.concatenate([second[slice(*np.searchsorted(second, [t - 1500, t + 1501]))] - t
                               for t in first]) / 30
        lags = lags[np.abs(lags) < 50]
        sums = [make_golden.influence(side, delay)[side > delay].sum() for side in (lags, -lags)]
        model = make_golden.Model(found.counts[0], np.array(sums), delay, 4000.0)
        start = time.process_time()
        theirs = make_golden.levenberg_marquardt(model)
        seconds.append(time.process_time() - start)
        ends = make_golden.maximise(model)[0], theirs
        worst = np.fmax(worst, [np.abs(end[-2:] - found.coupling[0]).max() for end in ends])
    return np.median(seconds), worst


def run(args):
    n_spikes = 10**6 if args.quick else 10**7
    work = simulate(args.build / "inputs" / f"1000-{n_spikes}", 1000, n_spikes)
    print(f"\n{machine()}\nCouplings (GLMCC), {work['name']}")
    reference = None
    if not args.ours:
        counts = np.bincount(np.load(work["units"]), minlength=1000)
        typical = np.argsort(np.abs(counts - counts.mean()))[:6].tolist()
        reference, worst = authors(load_spikekit(args.build), work,
                                   list(zip(typical[:-1], typical[1:])))
        print(f"  5 pairs: largest difference in J from the definition {worst[0]:.2g}, from the "
              f"authors' rules {worst[1]:.2g}")
        if not worst[0] < 1e-6:
            raise SystemExit("glmcc: couplings differ")
        print(f"  authors' rules in numpy: {reference * 1e3:.1f} ms a fit of one delay")
    n = 10**4 if args.quick else 10**5
    found = last_json([args.build / "bin" / "bench_glmcc", "--samples", work["samples"],
                       "--units", work["units"], "--pairs", n, "--repeat", 1, "--threads", 2])
    fits = 6 * found["n_pairs"]  # four delays, and two without a coupling
    each = (found["cpu_s"] - found["count_cpu_s"]) / fits
    print(f"  spikekit, {found['n_pairs']} pairs, four delays and both ratios: "
          f"{found['seconds'][0]:.1f} s on two threads, {found['cpu_s']:.1f} s of processor time, "
          f"{found['count_cpu_s']:.1f} s of it counting; {each * 1e6:.1f} us a fit"
          + (f", {reference / each:.0f} times" if reference else ""))
