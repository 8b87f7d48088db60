# SPDX-License-Identifier: BSD-3-Clause
"""Writes synchrony.npz beside itself, with elephant's numbers: see README.md."""
import warnings
from pathlib import Path

import elephant
import neo
import numpy as np
import quantities as pq
from elephant.conversion import BinnedSpikeTrain
from elephant.spike_train_correlation import correlation_coefficient, covariance, sttc
from elephant.statistics import Complexity

RATE = 1000
LENGTH = 20000  # samples
LATE_S = 86400
N_UNITS = 8
WIDTHS = (1, 7, 50, 600)  # of which 7 and 600 leave a rest at the end
WINDOWS = (1, 5, 100)
SPREADS = (0, 1, 3)


def trains():
    """Poisson trains with common events, bursts, several spikes a sample; the last unit fires
    once."""
    draws = np.random.Generator(np.random.Philox(5))
    common = draws.integers(0, LENGTH, 60)
    every = []
    for unit in range(N_UNITS - 1):
        own = draws.integers(0, LENGTH, 40 + 60 * unit)
        shared = common[draws.random(60) < 0.4] + draws.integers(-3, 4, 1)
        bursts = (own[:20, None] + np.array([2, 4, 4])).ravel()
        at = np.concatenate((own, shared, bursts))
        every.append(np.sort(at[(at >= 0) & (at < LENGTH)]))
    return [*every, np.array([LENGTH // 3])]


def as_neo(samples, first_s=0):
    return neo.SpikeTrain(
        samples / RATE + first_s,
        units="s",
        t_start=first_s,
        t_stop=first_s + LENGTH / RATE,
    )


def all_sttc(spiketrains, window):
    n = len(spiketrains)
    values = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            values[i, j] = sttc(spiketrains[i], spiketrains[j], dt=window / RATE * pq.s)
    return values


def main():
    warnings.simplefilter("ignore")
    every = trains()
    samples = np.concatenate(every)
    units = np.repeat(np.arange(N_UNITS), [len(t) for t in every]).astype(np.int32)
    order = np.argsort(samples, kind="stable")
    spiketrains = [as_neo(t) for t in every]
    out = {
        "samples": samples[order].astype(np.int64),
        "units": units[order],
        "windows": np.array(WINDOWS, np.int64),
        "sttc": np.array([all_sttc(spiketrains, w) for w in WINDOWS]),
        "sttc_late": all_sttc([as_neo(t, LATE_S) for t in every], 5),
        "widths": np.array(WIDTHS, np.int64),
    }
    covariances, correlations = [], []
    for width in WIDTHS:
        whole = LENGTH // width * width
        binned = BinnedSpikeTrain(
            [neo.SpikeTrain(t[t < whole] / RATE, units="s", t_stop=whole / RATE) for t in every],
            bin_size=width / RATE * pq.s,
            t_stop=whole / RATE * pq.s,
        )
        covariances.append(covariance(binned, fast=False))
        correlations.append(correlation_coefficient(binned, fast=False))
    out |= {"covariances": np.array(covariances), "correlations": np.array(correlations)}
    for spread in SPREADS:
        for binary in (True, False):
            for width in (1, 4):
                found = Complexity(
                    spiketrains,
                    sampling_rate=RATE * pq.Hz,
                    bin_size=width / RATE * pq.s,
                    binary=binary,
                    spread=spread,
                )
                name = f"complexity_{width}_{'units' if binary else 'spikes'}_{spread}"
                out[name] = found.complexity_histogram.astype(np.int64)
    np.savez(Path(__file__).with_name("synchrony.npz"), **out)
    print("elephant", elephant.__version__, "neo", neo.__version__, "numpy", np.__version__)


if __name__ == "__main__":
    main()
