# SPDX-License-Identifier: BSD-3-Clause
"""What `_abi` declares functions with: array parameters, results and their checks."""

import ctypes
import os

import numpy as np

from ._errors import error_of_status


class ArrayParameter:
    """A pointer parameter to numbers.

    It takes a numpy array of exactly this dtype, C-contiguous, and writeable if the function
    writes; ``None`` for NULL; ``ctypes.byref()`` of one number; or an address as an int.
    """

    def __init__(self, element, writes):
        self.element = element
        self.writes = writes
        self.dtype = np.dtype(element)
        self.pointer = ctypes.POINTER(element)

    def __repr__(self):
        return f"{self.dtype.name}_{'out' if self.writes else 'in'}"

    def from_param(self, value):
        if value is None:
            return None
        if isinstance(value, np.ndarray):
            flags = value.flags
            if value.dtype != self.dtype or not flags.c_contiguous or not flags.aligned:
                raise TypeError(f"expected a contiguous {self.dtype} array, got {value.dtype}")
            if self.writes and not flags.writeable:
                raise TypeError("the array is read-only")
            return ctypes.c_void_p(value.__array_interface__["data"][0])
        if isinstance(value, int):
            return ctypes.c_void_p(value)
        return self.pointer.from_param(value)


def decode(text):
    """A C string as str; bytes that are not UTF-8 survive as in file names."""
    return None if text is None else text.decode("utf-8", "surrogateescape")


def decode_result(result, function, arguments):
    return decode(result)


class StatusCheck:
    """Raises the exception of a failed status with the context's message."""

    def __init__(self):
        self.message = None  # spk_context_message, set once it is declared

    def __call__(self, result, function, arguments):
        if result == 0:
            return
        context = arguments[0] if arguments else None
        try:
            message = self.message(context) if context else ""
        except ctypes.ArgumentError:  # the function takes no context
            message = ""
        raise error_of_status(result, message or f"{function.__name__} failed")


def address(array):
    """Where the data of an array begin."""
    return array.__array_interface__["data"][0]


def pointer(array, kind):
    """A typed pointer to an array's data for a struct field; the array must outlive it."""
    return ctypes.cast(address(array), kind)


class _Memory:
    """Memory of the library that numpy may look at; `owner` keeps it alive."""

    def __init__(self, interface, owner):
        self.__array_interface__ = interface
        self.owner = owner


def view(where, shape, dtype, owner, strides=None):
    """A read-only array on the library's memory: no copy, and its base keeps `owner` alive."""
    dtype = np.dtype(dtype)
    shape = tuple(int(n) for n in shape)
    if not where:
        array = np.empty(shape, dtype)
        array.flags.writeable = False
        return array
    interface = {
        "version": 3,
        "shape": shape,
        "typestr": dtype.str,
        "data": (where, True),
        "strides": strides,
    }
    if dtype.names:
        interface["descr"] = dtype.descr
    return np.asarray(_Memory(interface, owner))


def path_bytes(path):
    """A path as the library takes it."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError(f"a path holds no NUL, got {path!r}")
    return encoded
