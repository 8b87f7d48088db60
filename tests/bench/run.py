# SPDX-License-Identifier: BSD-3-Clause
"""Runs a benchmark beside the peers and prints a table of ratios: `./dev bench NAME`.

    run.py NAME [--build DIR] [--quick] [--ours] [--rounds N]

Spikekit and each peer do the same work in turn, several times; results are compared before
any time is printed. Inputs are made once, under the build folder. Real recordings are read
from ../shared/data (SPK_DATA overrides) and left out, saying so, when they are not there.
"""
import argparse
import importlib
from pathlib import Path

from bench_common import ROOT

NAMES = ("agreement", "connections", "correlogram", "quality", "surrogates", "synapses", "truth")
MODULES = {"synapses": "connections_truth"}  # where the file has another name


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    parser.add_argument("--quick", action="store_true", help="a tenth of the spikes, fewer peers")
    args = parser.parse_args()
    importlib.import_module(MODULES.get(args.name, args.name)).run(args)


if __name__ == "__main__":
    main()
