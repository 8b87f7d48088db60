# SPDX-License-Identifier: BSD-3-Clause
"""Golden fits of GLMCC: the definition in numpy and scipy, dense matrices and all.

Two fits of each correlogram, both transcribed from the formulas of Kobayashi et al. (2019) and
from the rules of the program its authors published (github.com/NII-Kobayashi/GLMCC, MIT):

* ``maximise`` climbs to the maximum of the log posterior itself, until no step is left;
* ``levenberg_marquardt`` has the program's damping (0.01, times or by 10), bounds (-3 .. 5),
  start (J = 0.1) and end (the log posterior rises by less than 1e-4).

Run it again: ``python make_golden.py`` with the packages of versions.txt.
"""

import sys
from pathlib import Path

import numpy as np
import scipy
from scipy.special import expi
from scipy.stats import chi2

HERE = Path(__file__).parent
HALF, TAU = 50, 4.0
LEAST, MOST = -3.0, 5.0
DELAYS = (1, 2, 3, 4)


def influence(times, delay):
    """f(t - d), for times in ms."""
    return np.where(times >= delay, np.exp(-(times - delay) / TAU), 0.0)


def integral(j, left, delay):
    """Of exp(J f) over [left, left + 1] after the delay, by the exponential integral."""
    f0, f1 = influence(left, delay), influence(left + 1, delay)
    if j == 0.0:
        return np.ones_like(left)
    z0, z1 = j * f0, j * f1
    value = TAU * (expi(z0) - expi(z1))
    # far out Ei is a difference of logs: one more term is exact there
    return np.where(np.abs(z0) < 1e-6, 1.0 + TAU * (z0 - z1), value)


def first_moment(j, left, delay):
    f0, f1 = influence(left, delay), influence(left + 1, delay)
    if j == 0.0:
        return TAU * (f0 - f1)
    return TAU / j * (np.expm1(j * f0) - np.expm1(j * f1))


def second_moment(j, left, delay):
    f0, f1 = influence(left, delay), influence(left + 1, delay)

    def antiderivative(z):
        series = z**2 / 2 + z**3 / 3 + z**4 / 8 + z**5 / 30 + z**6 / 144
        return np.where(np.abs(z) < 1e-2, series, (z - 1) * np.exp(z) + 1)

    if abs(j) < 1e-9:
        return TAU / 2 * (f0**2 - f1**2)
    return TAU / j**2 * (antiderivative(j * f0) - antiderivative(j * f1))


class Model:
    def __init__(self, counts, sums, delay, beta):
        self.counts, self.sums, self.delay, self.beta = counts, sums, delay, beta
        self.left = np.arange(delay, HALF, dtype=float)
        self.bins = (HALF + self.left.astype(int), HALF - 1 - self.left.astype(int))
        self.penalty = np.zeros((2 * HALF, 2 * HALF))
        for k in range(2 * HALF - 1):
            self.penalty[k : k + 2, k : k + 2] += beta * np.array([[1, -1], [-1, 1]])

    def value(self, theta):
        """Log-likelihood and log prior."""
        a, j = theta[:-2], theta[-2:]
        shape = np.ones(2 * HALF)
        for side in range(2):
            shape[self.bins[side]] = integral(j[side], self.left, self.delay)
        likelihood = self.counts @ a + self.sums @ j - np.exp(a) @ shape
        return likelihood, -0.5 * a @ self.penalty @ a

    def slopes(self, theta):
        """Gradient and negative Hessian of the log posterior."""
        a, j = theta[:-2], theta[-2:]
        rate = np.exp(a)
        shape = np.ones(2 * HALF)
        hessian = np.zeros((2 * HALF + 2, 2 * HALF + 2))
        gradient = np.zeros(2 * HALF + 2)
        for side in range(2):
            bins = self.bins[side]
            shape[bins] = integral(j[side], self.left, self.delay)
            first = rate[bins] * first_moment(j[side], self.left, self.delay)
            second = rate[bins] * second_moment(j[side], self.left, self.delay)
            gradient[2 * HALF + side] = self.sums[side] - first.sum()
            hessian[bins, 2 * HALF + side] = hessian[2 * HALF + side, bins] = first
            hessian[2 * HALF + side, 2 * HALF + side] = second.sum()
        gradient[:-2] = self.counts - rate * shape - self.penalty @ a
        hessian[:-2, :-2] = np.diag(rate * shape) + self.penalty
        return gradient, hessian


def start(counts, j):
    theta = np.full(2 * HALF + 2, np.log(counts.sum() / (2 * HALF)))
    theta[-2:] = j
    return theta


def maximise(model, zero=()):
    """The maximum within the bounds; couplings in `zero` stay 0. Returns theta and errors."""
    theta = start(model.counts, 0.0)
    for _ in range(500):
        gradient, hessian = model.slopes(theta)
        held = {2 * HALF + side for side in zero}
        for side in range(2):
            j, slope = theta[2 * HALF + side], gradient[2 * HALF + side]
            if (j <= LEAST and slope <= 0) or (j >= MOST and slope >= 0):
                held.add(2 * HALF + side)
        free = [k for k in range(2 * HALF + 2) if k not in held]
        step = np.zeros_like(theta)
        step[free] = np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
        gain = gradient @ step
        if gain < 1e-22:
            break
        before, length = sum(model.value(theta)), 1.0
        while length > 1e-9:
            trial = theta + length * step
            trial[-2:] = np.clip(trial[-2:], LEAST, MOST)
            if gain < 1e-6 or sum(model.value(trial)) > before:
                break
            length /= 2
        theta = trial
    errors = np.full(2, np.nan)
    inverse = np.linalg.inv(hessian[np.ix_(free, free)])
    for side in range(2):
        if 2 * HALF + side in free:
            place = free.index(2 * HALF + side)
            errors[side] = np.sqrt(inverse[place, place])
    return theta, errors


def levenberg_marquardt(model):
    """As the authors' program ends; NaN where it would not, after 1000 rounds."""
    theta, damping = start(model.counts, 0.1), 0.01
    for _ in range(1000):
        before = sum(model.value(theta))
        gradient, hessian = model.slopes(theta)
        trial = theta + np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
        trial[-2:] = np.clip(trial[-2:], LEAST, MOST)
        after = sum(model.value(trial))
        if after < before:
            damping *= 10
            continue
        theta, damping = trial, damping / 10
        if abs(after - before) < 1e-4:
            return theta
    return np.full_like(theta, np.nan)


def fit(counts, sums, beta, by_likelihood):
    best = None
    for d, delay in enumerate(DELAYS):
        model = Model(counts, sums[d], delay, beta)
        theta, errors = maximise(model)
        likelihood, prior = model.value(theta)
        score = likelihood if by_likelihood else likelihood + prior
        if best is None or score > best[0]:
            best = score, model, theta, errors, likelihood, likelihood + prior
    _, model, theta, errors, likelihood, posterior = best
    ratios = []
    for side in range(2):
        other, _ = maximise(model, zero=(side,))
        ratios.append(2 * (likelihood - model.value(other)[0]))
    delay = model.delay
    rate = np.exp(theta[:-2])
    pairs = [
        TAU * rate[HALF + delay : HALF + delay + 4].mean(),
        TAU * rate[HALF - delay - 4 : HALF - delay].mean(),
    ]
    pairs_program = TAU * rate[HALF - delay - 3 : HALF - delay + 1].mean()
    thresholds = [1.277 * np.sqrt(16.3 / p) if p > 10 else np.inf for p in pairs]
    program = levenberg_marquardt(model)
    return {
        "delay": delay,
        "j_ij": theta[-2], "j_ji": theta[-1],
        "error_ij": errors[0], "error_ji": errors[1],
        "threshold_ij": thresholds[0], "threshold_ji": thresholds[1],
        "threshold_ji_program": 1.277 * np.sqrt(16.3 / pairs_program)
        if pairs_program > 10 else np.inf,
        "ratio_ij": ratios[0], "ratio_ji": ratios[1],
        "log_p_ij": chi2.logsf(max(ratios[0], 0), 1), "log_p_ji": chi2.logsf(max(ratios[1], 0), 1),
        "log_likelihood": likelihood, "log_posterior": posterior,
        "program_j_ij": program[-2], "program_j_ji": program[-1],
        "program_a": np.abs(program[:-2] - theta[:-2]).max(),
    }, theta[:-2]


def draw(rng, level, slow, j, delay, peak=0.0):
    """Lags of a correlogram of `level` pairs a ms on average, on a grid of 0.01 ms, none of
    them on an edge of a bin; its counts, and the sums of f for each delay."""
    lags = (np.arange(-5000, 5000) + 0.5) / 100
    rate = np.log(level) + slow * np.cos(2 * np.pi * lags / 70 + 0.6)
    rate = rate + j[0] * influence(lags, delay) + j[1] * influence(-lags, delay)
    rate = rate + peak * np.exp(-0.5 * (lags / 3) ** 2)
    n = rng.poisson(np.exp(rate) / 100)
    counts = n.reshape(2 * HALF, 100).sum(1).astype(float)
    sums = [[n @ influence(lags, d), n @ influence(-lags, d)] for d in DELAYS]
    return counts, np.array(sums)


CASES = (
    # name, pairs a ms, slow modulation, J, delay, synchronous peak
    ("null", 80, 0.0, (0.0, 0.0), 2, 0.0),
    ("null_slow", 80, 0.2, (0.0, 0.0), 2, 0.0),
    ("excitatory", 60, 0.1, (1.0, 0.0), 2, 0.0),
    ("inhibitory", 200, 0.1, (0.0, -0.8), 3, 0.0),
    ("both", 500, 0.1, (0.6, -0.5), 4, 0.0),
    ("weak", 3000, 0.05, (0.08, 0.02), 1, 0.0),
    ("many", 2e5, 0.1, (0.05, -0.03), 3, 0.0),
    ("few", 0.3, 0.0, (0.0, 0.0), 2, 0.0),
    ("very_few", 0.08, 0.0, (0.0, 0.0), 2, 0.0),
    ("sparse_excitatory", 4, 0.0, (2.0, 0.0), 1, 0.0),
    ("silenced", 40, 0.0, (-12.0, 0.0), 2, 0.0),
    ("beyond_bound", 0.5, 0.0, (6.5, 0.0), 2, 0.0),
    ("common_input", 100, 0.1, (0.0, 0.0), 2, 0.8),
)


def main():
    rng = np.random.default_rng(20191002)
    counts, sums, backgrounds, rows = [], [], [], []
    for name, level, slow, j, delay, peak in CASES:
        c, s = draw(rng, level, slow, j, delay, peak)
        counts.append(c)
        sums.append(s)
        for rule, beta in (("threshold", 4000.0), ("ratio", 10000.0)):
            row, a = fit(c, s, beta, rule == "ratio")
            rows.append({"case": name, "rule": rule, **row})
            backgrounds.append(a)
            print(name, rule, *(f"{key}={value:.6g}" for key, value in row.items()))
    np.save(HERE / "counts.npy", np.array(counts))
    np.save(HERE / "sums.npy", np.array(sums))
    np.save(HERE / "backgrounds.npy", np.array(backgrounds))
    with open(HERE / "expected.tsv", "w") as file:
        file.write("\t".join(rows[0]) + "\n")
        for row in rows:
            file.write("\t".join(v if isinstance(v, str) else repr(float(v)) for v in row.values()) + "\n")
    (HERE / "versions.txt").write_text(
        f"python {sys.version.split()[0]}\nnumpy {np.__version__}\nscipy {scipy.__version__}\n"
    )


if __name__ == "__main__":
    main()
