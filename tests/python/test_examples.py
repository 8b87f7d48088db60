# SPDX-License-Identifier: BSD-3-Clause
"""Every example in a docstring and in the package's README gives what it says."""

import contextlib
import doctest
import importlib
import io
import re
from pathlib import Path

import pytest
import spikekit
from conftest import ROOT

MODULES = ["spikekit"] + [
    f"spikekit.{path.stem}"
    for path in sorted(Path(spikekit.__file__).parent.glob("*.py"))
    if path.stem != "__init__"
]
README = ROOT / "bindings" / "python" / "README.md"
WITH_EXAMPLES = {
    "spikekit",
    "spikekit.alignment",
    "spikekit.comparison",
    "spikekit.connections",
    "spikekit.correlogram",
    "spikekit.correlogram_result",
    "spikekit.coupling",
    "spikekit.curation",
    "spikekit.epochs",
    "spikekit.information",
    "spikekit.jitter",
    "spikekit.labels",
    "spikekit.merging",
    "spikekit.metrics",
    "spikekit.session",
    "spikekit.significance",
    "spikekit.simulation",
    "spikekit.spikes",
    "spikekit.statistics",
    "spikekit.surrogates",
    "spikekit.synchrony",
    "spikekit.templates",
    "spikekit.trials",
    "spikekit.units",
}


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
    assert (result.attempted > 0) == (name in WITH_EXAMPLES)


def test_readme():
    """Each block of Python prints the indented lines that follow it."""
    text = README.read_text()
    blocks = re.findall(r"```python\n(.*?)```\n\n((?:    [^\n]*\n)+)", text, re.S)
    assert len(blocks) == text.count("```python") >= 4
    names = {}
    for code, expected in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        assert printed.getvalue() == re.sub(r"^    ", "", expected, flags=re.M)
