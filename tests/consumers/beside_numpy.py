#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Loads Spikekit into a process that holds numpy and its BLAS: each must keep its own.

usage: beside_numpy.py LIBRARY
"""
import ctypes
import re
import sys

try:
    import numpy
except ImportError:
    print("skipped: numpy is not installed")
    sys.exit(77)


def mapped(pattern):
    with open("/proc/self/maps") as maps:
        return {name for name in re.findall(r"\S*/\S+$", maps.read(), re.M)
                if re.search(pattern, name)}


a = numpy.arange(300.0 * 300).reshape(300, 300) / 1e4
before = a @ a
blas = mapped(r"blas")
library = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
library.spk_build_description.restype = ctypes.c_char_p
description = library.spk_build_description().decode()
print(description, *sorted(blas), sep="\n")
assert re.search(r"^openblas: .*SINGLE_THREADED", description, re.M), "not our own BLAS"
assert mapped(r"blas") == blas, "Spikekit loaded another BLAS"
assert not hasattr(library, "cblas_dsyrk"), "Spikekit shows its BLAS"
assert numpy.array_equal(a @ a, before), "numpy computes differently"
