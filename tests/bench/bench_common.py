# SPDX-License-Identifier: BSD-3-Clause
"""What the benchmarks share: the machine, inputs made once, and programs that print JSON."""
import json
import os
import subprocess
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DATA = Path(os.environ.get("SPK_DATA", ROOT.parent / "shared" / "data"))
REAL = DATA / "ks4_ibl_zfm02370"


def machine():
    with open("/proc/cpuinfo") as f:
        name = next((l.split(":")[1].strip() for l in f if l.startswith("model name")), "?")
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True).stdout
    return f"{name}, {os.cpu_count()} processors; {compiler.splitlines()[0]}"


def simulate(folder, n_units, n_spikes, hours=1.0, rate=30000):
    """Log-normal rates (sigma 1), homogeneous Poisson; the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    samples, units = folder / "samples.npy", folder / "units.npy"
    if not units.exists():
        draws = np.random.Generator(np.random.Philox(n_units))
        share = draws.lognormal(sigma=1.0, size=n_units)
        s = np.sort(draws.integers(0, int(hours * 3600 * rate), n_spikes))
        u = draws.choice(n_units, n_spikes, p=share / share.sum()).astype(np.int32)
        np.save(samples, s)
        np.save(units, u)
    return {"name": f"{n_units} units, {n_spikes:.0e} spikes, {hours:g} h", "samples": samples,
            "units": units, "n_units": n_units}


def last_json(command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip().splitlines()[-1:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])
