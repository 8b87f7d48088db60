# SPDX-License-Identifier: BSD-3-Clause
"""Options structs of the library, filled from keywords, and trains of a table."""

import ctypes
import operator

from . import _abi as abi
from ._errors import ArgumentError, LimitError
from .session import Handle

_LIMITS = {ctypes.c_int64: 63, ctypes.c_int32: 31}


def _whole(name, value, kind):
    """A whole number that fits: ctypes would cut it."""
    value, bits = operator.index(value), _LIMITS[kind]
    if not -(2**bits) <= value < 2**bits:
        raise LimitError(f"{name}: {value} does not fit {bits + 1} bits")
    return value


def as_seed(seed):
    """A seed that fits: ctypes would wrap it."""
    seed = operator.index(seed)
    if not 0 <= seed < 2**64:
        raise ArgumentError(f"seed: expected 0 to {2**64 - 1}, found {seed}")
    return seed


def filled(kind, **values):
    """An options struct with its defaults, but for these fields; None keeps a default."""
    struct, types = kind(), dict(kind._fields_)
    getattr(abi, f"{kind.__name__}_init")(struct, ctypes.sizeof(struct))
    for name, value in values.items():
        if value is None:
            continue
        if types[name] in _LIMITS:
            value = _whole(name, value, types[name])
        elif types[name] is ctypes.c_double:
            value = float(value)
        setattr(struct, name, value)
    return struct


def choice(value, choices, name):
    """The number of a name in a list of names."""
    if value not in choices:
        raise ArgumentError(f"{name}: expected one of {', '.join(choices)}, found {value!r}")
    return choices.index(value)


def refuse_unused(method, options, used_by):
    """An error if the method makes no use of an option given. `used_by` maps an option to the
    methods that do; what it does not name is used by all."""
    for name in options:
        if name in used_by and method not in used_by[name]:
            raise ArgumentError(
                f"{name}: method {method!r} does not use it; of {', '.join(used_by[name])}"
            )


def make_trains(context, table, epochs, periods, arrays):
    """A Handle of spk_trains. It and `arrays`, which keep what it borrows, must both live."""
    options = filled(abi.spk_trains_options)
    epochs = table._epochs_within(epochs)
    if epochs is not None:
        borrowed = epochs._struct()
        arrays.kept += [epochs, borrowed]
        options.epochs = ctypes.pointer(borrowed)
    if periods is not None:
        options.periods = arrays.periods(periods, table)
    spikes, out = table._struct(), ctypes.POINTER(abi.spk_trains)()
    arrays.kept += [table._open(), spikes]
    abi.spk_trains_create(context, spikes, options, ctypes.byref(out))
    return Handle(out, abi.spk_trains_destroy)
