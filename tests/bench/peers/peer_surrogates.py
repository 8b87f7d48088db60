# SPDX-License-Identifier: BSD-3-Clause
"""Times elephant on surrogates of ten units of a table; prints one JSON line.

"ns_a_spike" is CPU time by spikes and draws. Trains are built outside the clock. Packages:
requirements.txt.
"""
import argparse
import json
import time
import warnings
from importlib.metadata import version

import numpy as np

N_DRAWS = {"joint_isi": 3}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("samples")
    parser.add_argument("units")
    parser.add_argument("method")
    parser.add_argument("--rate", type=float, default=30000.0)
    data = parser.parse_args()
    warnings.simplefilter("ignore")
    import neo
    import quantities as pq
    from elephant import spike_train_surrogates as peer

    samples, units = np.load(data.samples), np.load(data.units)
    stop = (samples[-1] + 1) / data.rate
    trains = [
        neo.SpikeTrain(samples[units == u] / data.rate * pq.s, t_stop=stop * pq.s)
        for u in range(10)
    ]
    n = N_DRAWS.get(data.method, 50)
    calls = {
        "dither": lambda t: peer.dither_spikes(t, 15 * pq.ms, n),
        "train_dither": lambda t: peer.dither_spike_train(t, 15 * pq.ms, n),
        "jitter": lambda t: peer.jitter_spikes(t, 25 * pq.ms, n),
        "isi_shuffle": lambda t: peer.shuffle_isis(t, n),
        "randomise": lambda t: peer.randomise_spikes(t, n),
        "joint_isi": lambda t: peer.JointISI(t).dithering(n),
    }
    start = time.process_time()
    for train in trains:
        calls[data.method](train)
    seconds = time.process_time() - start
    n_spikes = n * sum(len(train) for train in trains)
    print(json.dumps({
        "peer": "elephant", "version": version("elephant"), "method": data.method,
        "ns_a_spike": 1e9 * seconds / n_spikes,
    }))


if __name__ == "__main__":
    main()
