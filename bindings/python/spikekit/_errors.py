# SPDX-License-Identifier: BSD-3-Clause
"""One exception class for each failing status of the library.

Each class also derives from the built-in exception that says the same, so that
``except ValueError`` or ``except FileNotFoundError`` work as expected.
"""


import re


class SpikekitError(Exception):
    """Base of every error that Spikekit raises.

    Attributes
    ----------
    status : int or None
        The number of the library's status, ``None`` for an error found before the call.
    """

    status = None


class ArgumentError(SpikekitError, ValueError):
    """An argument is out of its documented range."""

    status = 1


class AllocationError(SpikekitError, MemoryError):
    """Memory could not be allocated."""

    status = 2


class LimitError(SpikekitError, OverflowError):
    """A size, time or count does not fit its type."""

    status = 3


class UnsortedError(SpikekitError, ValueError):
    """Spike times or epochs are not in order."""

    status = 4


class FileError(SpikekitError, OSError):
    """The system could not read or write a file."""

    status = 5


class FormatError(SpikekitError, ValueError):
    """A file does not hold what its format asks for."""

    status = 6


class NotFoundError(SpikekitError, FileNotFoundError, LookupError):
    """A file, member, column or unit is absent."""

    status = 7


class UnknownNameError(NotFoundError, KeyError, ValueError):
    """There is no metric, definition, parameter, preset or unit of a name."""


class UnsupportedError(SpikekitError, NotImplementedError):
    """Valid, but this build or function does not do it."""

    status = 8


class CancelledError(SpikekitError):
    """The call was asked to stop. Callers meet it only if a callback gives no other reason:
    Ctrl-C raises KeyboardInterrupt, an exception in a callback raises that exception."""

    status = 9


BY_STATUS = {
    kind.status: kind
    for kind in (
        ArgumentError,
        AllocationError,
        LimitError,
        UnsortedError,
        FileError,
        FormatError,
        NotFoundError,
        UnsupportedError,
        CancelledError,
    )
}


def hinted(error):
    """An error of reading spikes, with the name of the argument that helps."""
    message = str(error)
    if isinstance(error, UnsortedError):
        message += "; sort=True of spikekit.load, load_arrays and SpikeTable puts them in order"
    elif message.endswith("give the sampling rate"):
        message += " with sampling_rate_hz="
    else:
        return error
    return error_of_status(error.status, message)


_NO_NAME = re.compile(r"no (such preset|metric|definition|parameter|unit|thresholds)\b")


def with_nearest(error, word, candidates):
    """An error of an unknown name, with the nearest of the names there are."""
    import difflib  # only when something is wrong

    nearest = difflib.get_close_matches(str(word), list(candidates), 1)
    return UnknownNameError(f"{error}; did you mean {nearest[0]!r}?") if nearest else error


def error_of_status(status, message):
    """The exception for a status; the plain base class for a status unknown here."""
    kind = BY_STATUS.get(status, SpikekitError)
    if kind is NotFoundError and _NO_NAME.match(message or ""):
        kind = UnknownNameError
    error = kind(message or f"status {status} without a message")
    error.status = status
    return error
