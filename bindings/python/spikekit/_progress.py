# SPDX-License-Identifier: BSD-3-Clause
"""Ways to show progress: a callable, a tqdm bar, the tqdm class, or True."""


class _Bar:
    """Moves something with `update(step)`, `n` and `total`, such as a tqdm bar."""

    def __init__(self, bar):
        self.bar = bar
        if not getattr(bar, "total", None):  # or tqdm would show neither bar nor percentage
            bar.total = 100
        self.total = bar.total
        self.done = getattr(bar, "n", 0) or 0
        self.activity = None
        self.describes = not getattr(bar, "desc", None)  # a description of the user's stays

    def __call__(self, activity, fraction):
        if activity != self.activity:
            self.activity = activity
            words = "set_description" if self.describes else "set_postfix_str"
            describe = getattr(self.bar, words, None)
            if describe is not None:
                describe(activity)
        place = fraction * self.total
        if place < self.done:  # the next activity of the same call
            reset = getattr(self.bar, "reset", None)
            if reset is None:
                return
            reset()
            self.done = 0
        if place > self.done:
            self.bar.update(place - self.done)
            self.done = place


def _tqdm():
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise ImportError(
            "progress=True needs tqdm: pip install tqdm, or pass a callable"
        ) from None
    return tqdm


def reporter(progress):
    """What to call with (activity, fraction), and what to call at the end; None for neither."""
    if progress is None or progress is False:
        return None, None
    if progress is True:
        progress = _tqdm()
    if isinstance(progress, type) and hasattr(progress, "update"):
        bar = progress(total=100.0, bar_format="{desc}{percentage:3.0f}%|{bar}| {elapsed}")
        return _Bar(bar), bar.close
    if hasattr(progress, "update") and (hasattr(progress, "total") or hasattr(progress, "n")):
        return _Bar(progress), None
    if callable(progress):
        return progress, None
    raise TypeError(
        "progress: expected a callable(activity, fraction), a tqdm bar, tqdm or True, "
        f"found {type(progress).__name__}"
    )
