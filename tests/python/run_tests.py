# SPDX-License-Identifier: BSD-3-Clause
"""Runs the tests of this folder, or says why not and exits with 77."""

import importlib.util
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))

if __name__ == "__main__":
    missing = [name for name in ("numpy", "pytest") if not importlib.util.find_spec(name)]
    if missing:
        print(f"skipped: {sys.executable} has no {' and no '.join(missing)}")
        sys.exit(77)
    import pytest

    sys.exit(pytest.main(["-q", "-rs", "-p", "no:cacheprovider", FOLDER, *sys.argv[1:]]))
