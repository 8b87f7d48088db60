#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs what README.md shows, so that it cannot say what is not so.

usage: run_readme.py STAGE LIBDIR     STAGE: a prefix in which Spikekit is installed

In one empty folder, in the order of the page: c blocks are written to a file (and must be the
same as tests/examples/correlogram.c), a cmake block builds it, sh and python blocks are run;
each must succeed.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def environment(stage, libdir):
    paths = {"PATH": f"{stage}/bin", "PKG_CONFIG_PATH": f"{stage}/{libdir}/pkgconfig",
             "LD_LIBRARY_PATH": f"{stage}/{libdir}", "PYTHONPATH": f"{ROOT}/bindings/python"}
    changed = dict(os.environ, SPIKEKIT_LIBRARY=f"{stage}/{libdir}/libspikekit.so",
                   PYTHONDONTWRITEBYTECODE="1")
    for name, path in paths.items():
        changed[name] = path + (":" + os.environ[name] if os.environ.get(name) else "")
    return changed


def main(stage, libdir):
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```(sh|c|cmake|python)\n(.*?)^```$", text, re.M | re.S)
    missing = {"sh", "c", "cmake", "python"} - {language for language, _ in blocks}
    if missing:
        print(f"README.md has no example in {sorted(missing)}")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        for number, (language, code) in enumerate(blocks, 1):
            print(f"--- block {number}, {language}", flush=True)
            if language == "c":
                example = (ROOT / "tests/examples/correlogram.c").read_text()
                if example.split("\n", 1)[1] != code:
                    print("differs from tests/examples/correlogram.c")
                    return 1
                Path(folder, "correlogram.c").write_text(code)
                continue
            command = [sys.executable, "-c"] if language == "python" else ["bash", "-euo", "pipefail", "-c"]
            if language == "cmake":
                Path(folder, "CMakeLists.txt").write_text(code)
                code = f"cmake -G Ninja -S . -B build -DCMAKE_PREFIX_PATH='{stage}' && cmake --build build"
            result = subprocess.run(command + [code], cwd=folder, env=environment(stage, libdir),
                                    stdin=subprocess.DEVNULL)
            if result.returncode != 0:
                print(f"block {number} of README.md failed: {result.returncode}")
                return 1
    print(f"{len(blocks)} blocks")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
