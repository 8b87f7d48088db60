# SPDX-License-Identifier: BSD-3-Clause
"""The context of one call: threads, progress, log and Ctrl-C.

The library runs without Python's lock and calls back on the thread that made the call, many
times a second. That is when Python runs the handlers of signals. What they raise there would
be lost in C: so while a call runs in the main thread, each handler runs inside one of ours,
which keeps the exception, stops the library, and raises it once the library has returned.
"""

import ctypes
import operator

from . import _abi as abi
from ._progress import reporter

_LOG_WARNING = 1
_SIGNALS = ("SIGINT", "SIGTERM", "SIGALRM")


class SpikekitWarning(UserWarning):
    """Something odd in the data that does not stop the work."""


class Call:
    """``with Call(threads, progress) as context:`` around one call of the library.

    Parameters
    ----------
    threads : int or None
        Threads to use, ``None`` for as many as there are processors.
    progress : optional
        See :func:`spikekit.correlograms`.
    """

    def __init__(self, threads=1, progress=None):
        threads = 0 if threads is None else operator.index(threads)
        self._threads = max(-1, min(threads, 1 << 30))  # the library names the limits
        self._progress = progress
        self._error = None
        self._context = None
        self._callbacks = []
        self._warnings = []
        self._handlers = []
        self._close = None

    def guard(self, function, *arguments):
        """Runs Python code on behalf of a C callback. True if it went well; an exception is
        kept, stops the library, and is raised at the end of the call."""
        if self._error is not None:
            return False
        return self._run(function, *arguments)

    def _run(self, function, *arguments):
        try:
            function(*arguments)
        except BaseException as error:  # whatever it is, it must not end in C
            if self._error is None:
                self._error = error
            return False
        return True

    def _log(self, user, level, message):
        if level >= _LOG_WARNING:
            self._warnings.append(message.decode("utf-8", "replace"))

    def _cancel(self, user):
        return int(self._error is not None)

    def _guard_signals(self):
        """True if Python delivers signals to this thread."""
        import signal
        import threading

        if threading.current_thread() is not threading.main_thread():
            return False
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            handler = None if number is None else signal.getsignal(number)
            if not callable(handler) or isinstance(handler, signal.Handlers):
                continue  # the system's own, which needs no Python

            def guarded(number, frame, handler=handler):
                self._run(handler, number, frame)

            try:
                signal.signal(number, guarded)
            except ValueError:  # the main thread of a subinterpreter
                return False
            self._handlers.append((number, handler, guarded))
        return True

    def _restore_signals(self):
        if self._handlers:
            import signal

            for number, handler, guarded in self._handlers:
                if signal.getsignal(number) is guarded:  # and not what a handler put there
                    signal.signal(number, handler)
            self._handlers.clear()

    def _keep(self, kind, function):
        callback = kind(function)
        self._callbacks.append(callback)
        return callback

    def __enter__(self):
        report, self._close = reporter(self._progress)
        context = abi.context()
        abi.spk_context_create(ctypes.byref(context))
        self._context = context
        try:
            abi.spk_context_set_threads(context, self._threads)
            abi.spk_context_set_log(context, self._keep(abi.spk_log_callback, self._log), None)
            if report is not None:

                def progress(user, activity, fraction):
                    self.guard(report, activity.decode("utf-8", "replace"), fraction)

                abi.spk_context_set_progress(
                    context, self._keep(abi.spk_progress_callback, progress), None
                )
            if self._guard_signals() or report is not None:
                abi.spk_context_set_cancel(
                    context, self._keep(abi.spk_cancel_callback, self._cancel), None
                )
        except BaseException:
            self._finish()
            raise
        return context

    def _finish(self):
        self._restore_signals()
        abi.spk_context_destroy(self._context)
        self._context = None
        self._callbacks.clear()
        if self._close is not None:
            self._close()
            self._close = None

    def __exit__(self, kind, error, traceback):
        try:
            self._finish()
        finally:
            kept, self._error = self._error, None
            if kept is not None:
                raise kept from None
        if self._warnings and error is None:
            import warnings

            for message in self._warnings:
                warnings.warn(message, SpikekitWarning, stacklevel=3)
        return False
