# SPDX-License-Identifier: BSD-3-Clause
"""elephant's spike time tiling coefficient of some pairs; prints one JSON line."""
import argparse
import json
import time
import warnings

import neo
import numpy as np
import quantities as pq
from elephant.spike_train_correlation import sttc


def main():
    parser = argparse.ArgumentParser()
    for name in ("samples", "units", "values"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rate", type=float, default=30000)
    parser.add_argument("--window-s", type=float, default=0.005)
    parser.add_argument("--pairs", required=True, help="unit:unit,unit:unit ...")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    samples, units = np.load(args.samples), np.load(args.units)
    stop = (int(samples[-1]) + 1) / args.rate
    pairs = [tuple(int(unit) for unit in pair.split(":")) for pair in args.pairs.split(",")]
    trains = {
        unit: neo.SpikeTrain(samples[units == unit] / args.rate, units="s", t_stop=stop)
        for unit in {unit for pair in pairs for unit in pair}
    }
    values, seconds = [], []
    for a, b in pairs:
        start = time.process_time()
        values.append(sttc(trains[a], trains[b], dt=args.window_s * pq.s))
        seconds.append(time.process_time() - start)
    np.save(args.values, np.array(values, float))
    sizes = [len(trains[a]) * len(trains[b]) for a, b in pairs]
    print(json.dumps({"seconds": seconds, "products": sizes}))


if __name__ == "__main__":
    main()
