# SPDX-License-Identifier: BSD-3-Clause
"""Finds the package in the tree and the library of a build, unless told of others.

SPIKEKIT_LIBRARY names the library, PYTHONPATH or an installed package the package.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

# What a shell starts in the background ignores Ctrl-C, which some of the tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)


def find_package():
    if not os.environ.get("SPIKEKIT_LIBRARY"):
        built = sorted(ROOT.glob("build/*/lib/libspikekit.so"), key=os.path.getmtime)
        built = [path for path in built if path.parts[-3] not in ("asan", "tsan", "fuzz")]
        if built:
            os.environ["SPIKEKIT_LIBRARY"] = str(built[-1])
    try:
        import spikekit
    except ImportError:
        sys.path.insert(0, str(ROOT / "bindings" / "python"))
        import spikekit
    # What tests start as another process finds the same package.
    folder = str(Path(spikekit.__file__).parents[1])
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if folder not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, *filter(None, paths)])
    return spikekit


spikekit = find_package()


def pytest_report_header(config):
    return f"spikekit {spikekit.__version__} from {spikekit.library_path}, numpy {np.__version__}"


@pytest.fixture(scope="session")
def data_folder():
    folder = Path(os.environ.get("SPK_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data: set SPK_DATA")
    return folder


@pytest.fixture(scope="session")
def simulation():
    return spikekit.simulate(n_units=30, duration_s=100, seed=11, connection_share=0.05)


@pytest.fixture(scope="session")
def phy_folder(simulation, tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "phy"
    simulation.write(folder)
    return folder


@pytest.fixture
def random_spikes():
    """Makes (samples, units): in order, with ties."""

    def make(seed, n_spikes=400, n_units=5, stop=6000, start=0):
        rng = np.random.default_rng(seed)
        samples = np.sort(rng.integers(start, stop, n_spikes))
        return samples, rng.integers(0, n_units, n_spikes).astype(np.int32)

    return make
