# SPDX-License-Identifier: BSD-3-Clause
"""What `import spikekit` brings along, and how it finds its library."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spikekit
from spikekit import _library

PACKAGE = Path(spikekit.__file__).parent


def run(code, **environment):
    variables = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=variables
    )


def test_nothing_but_numpy_ctypes_and_os():
    code = (
        "import sys, os, ctypes, numpy\n"
        "before = set(sys.modules)\n"
        "import spikekit\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    new = run(code).stdout.split()
    assert "spikekit" in new
    assert [name for name in new if name.partition(".")[0] != "spikekit"] == []


@pytest.mark.parametrize("heavy", ["pandas", "matplotlib", "tqdm", "scipy", "numba", "asyncio"])
def test_no_heavy_modules(heavy):
    result = run(f"import spikekit, sys; sys.exit({heavy!r} in sys.modules)")
    assert result.returncode == 0, result.stderr


def test_every_public_name_is_there_and_documented():
    assert sorted(spikekit.__all__) == spikekit.__all__
    for name in spikekit.__all__:
        thing = getattr(spikekit, name)
        if callable(thing):
            assert thing.__doc__, name


def test_library_of_the_environment():
    result = run("import spikekit", SPIKEKIT_LIBRARY="/nowhere/libspikekit.so")
    assert result.returncode != 0
    assert "ImportError: SPIKEKIT_LIBRARY: no such file: /nowhere" in result.stderr


def test_not_a_library(tmp_path):
    path = tmp_path / "libspikekit.so"
    path.write_text("words")
    result = run("import spikekit", SPIKEKIT_LIBRARY=str(path))
    assert "ImportError: spikekit cannot load its library" in result.stderr


def build(tmp_path, source):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler")
    (tmp_path / "other.c").write_text(source)
    path = tmp_path / "libother.so"
    command = [compiler, "-shared", "-fPIC", "-o", path, tmp_path / "other.c"]
    subprocess.run(command, check=True)
    return str(path)


def test_library_of_another_version(tmp_path):
    path = build(tmp_path, 'const char *spk_version(void) { return "7.2.0"; }\n')
    result = run("import spikekit", SPIKEKIT_LIBRARY=path)
    expected = f"ImportError: {path}: expected Spikekit {spikekit.__version__}, found 7.2.0"
    assert expected in result.stderr


def test_another_library(tmp_path):
    path = build(tmp_path, "int other;\n")
    assert "not a Spikekit library" in run("import spikekit", SPIKEKIT_LIBRARY=path).stderr
    same = 'const char *spk_version(void) { return "%s"; }\n' % spikekit.__version__
    path = build(tmp_path, same)
    result = run("import spikekit", SPIKEKIT_LIBRARY=path)
    assert "the library has no spk_status_name()" in result.stderr


def test_library_in_the_package_folder(tmp_path):
    """As installed: the library beside the modules."""
    library = os.environ.get("SPIKEKIT_LIBRARY", spikekit.library_path)
    if not os.path.isfile(library):
        pytest.skip("the library is the system's")
    folder = tmp_path / "spikekit"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    os.symlink(os.path.realpath(library), folder / "libspikekit.so")
    code = "import spikekit; print(spikekit.library_path)"
    printed = run(code, SPIKEKIT_LIBRARY="", PYTHONPATH=str(tmp_path))
    assert printed.stdout.strip() == str(folder / "libspikekit.so"), printed.stderr


def test_no_library(tmp_path):
    if any(os.path.exists(f"{f}/libspikekit.so.0") for f in ("/usr/lib", "/usr/local/lib")):
        pytest.skip("the system has a library")
    ignore = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "spikekit", ignore=ignore)
    result = run("import spikekit", SPIKEKIT_LIBRARY="", PYTHONPATH=str(tmp_path))
    assert "ImportError: spikekit found no shared library" in result.stderr


@pytest.mark.parametrize(
    "version, fits",
    [("0.1.0", True), ("0.1.9", True), ("0.2.0", False), ("1.1.0", False)],
)
def test_compatible_versions(monkeypatch, version, fits):
    monkeypatch.setattr(_library, "VERSION", "0.1.3")
    assert _library._compatible(version) is fits
    monkeypatch.setattr(_library, "VERSION", "1.4.0")
    assert _library._compatible("1.9.2") and not _library._compatible("2.4.0")
