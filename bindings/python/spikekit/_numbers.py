# SPDX-License-Identifier: BSD-3-Clause
"""Whole numbers out of whatever arrays users hold. Nothing is rounded silently."""

import numpy as np

from ._errors import ArgumentError, LimitError

_LIMIT = 2.0**63


def whole_numbers(values, name, flat=True, hint=""):
    """A C-contiguous int64 array; the caller's own memory when it is one already.

    Unsigned integers and floats are taken when every value is a whole number within int64;
    `hint` says what to do with fractions.
    """
    array = np.asarray(values)
    if flat and array.ndim != 1:
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        else:
            raise ArgumentError(f"{name}: expected shape (n,), found {array.shape}")
    kind = array.dtype.kind
    if kind == "f" or (array.size == 0 and kind in "O"):
        array = array.astype(np.float64, copy=False)
        bad = ~(np.floor(array) == array)  # true for NaN, too
        if bad.any() or np.isinf(array).any():
            first = np.flatnonzero((bad | np.isinf(array)).ravel())[0]
            found = array.flat[first]
            raise ArgumentError(
                f"{name}: expected whole numbers, found {found} at {first}"
                f"{hint if np.isfinite(found) else ''}"
            )
        if array.size and (array.max() >= _LIMIT or array.min() < -_LIMIT):
            raise LimitError(f"{name}: beyond 64-bit integers")
    elif kind == "u":
        if array.dtype.itemsize == 8 and array.size and array.max() >= np.uint64(2**63):
            raise LimitError(f"{name}: {array.max()} is beyond 64-bit integers")
    elif kind != "i":
        raise TypeError(f"{name}: expected integers, found {array.dtype}")
    return np.ascontiguousarray(array, np.int64).reshape(array.shape)


def index_units(units):
    """Unit indices (int32) and rising ids of an array of integer ids."""
    array = np.asarray(units)
    if array.dtype == np.int32 and array.ndim == 1 and array.flags.c_contiguous:
        numbers = array  # kept when it counts units without a gap
    else:
        numbers = array = whole_numbers(units, "units")
    if numbers.size == 0:
        return np.empty(0, np.int32), np.empty(0, np.int64)
    lowest, highest = int(numbers.min()), int(numbers.max())
    if lowest < 0 or highest > max(1 << 20, 4 * numbers.size):
        ids, indices = np.unique(numbers, return_inverse=True)
        return indices.reshape(-1).astype(np.int32), ids.astype(np.int64)
    present = np.zeros(highest + 1, bool)
    present[numbers] = True
    ids = np.flatnonzero(present)
    if len(ids) == highest + 1 and array.dtype == np.int32:
        return array, ids
    place = np.cumsum(present, dtype=np.int32) - np.int32(1)
    return place[numbers], ids
