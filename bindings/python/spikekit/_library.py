# SPDX-License-Identifier: BSD-3-Clause
"""Finds the shared library and checks that it is of this package's version.

The first of these that exists is taken, and no other is tried if it does not fit:

1. the path in the environment variable ``SPIKEKIT_LIBRARY``,
2. the library inside the package folder, where ``pip install`` puts it,
3. what the system's loader finds.
"""

import ctypes
import os

VERSION = "0.1.0"

_IN_PACKAGE = ("libspikekit.so", "libspikekit.dylib")
_IN_SYSTEM = ("libspikekit.so.0", "libspikekit.0.dylib")


def _compatible(version):
    # Before 1.0 the minor version counts as the major one.
    mine, other = VERSION.split("."), version.split(".")
    same = 1 if mine[0] != "0" else 2
    return mine[:same] == other[:same]


def _open(path):
    try:
        return ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"spikekit cannot load its library: {error}") from None


def _find():
    path = os.environ.get("SPIKEKIT_LIBRARY")
    if path:
        if not os.path.isfile(path):
            raise ImportError(f"SPIKEKIT_LIBRARY: no such file: {path}")
        return path, _open(os.path.abspath(path))
    folder = os.path.dirname(os.path.abspath(__file__))
    for name in _IN_PACKAGE:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path, _open(path)
    for name in _IN_SYSTEM:
        try:
            return name, ctypes.CDLL(name)
        except OSError:
            continue
    raise ImportError(
        f"spikekit found no shared library: none in {folder}, none known to the system; "
        "set SPIKEKIT_LIBRARY to its path"
    )


def open_library():
    """Loads the library. Returns its path and the ctypes object."""
    path, library = _find()
    try:
        version = library.spk_version
    except AttributeError:
        raise ImportError(f"{path}: not a Spikekit library: no spk_version()") from None
    version.restype = ctypes.c_char_p
    version.argtypes = ()
    found = version().decode()
    if not _compatible(found):
        raise ImportError(f"{path}: expected Spikekit {VERSION}, found {found}")
    return path, library
