#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sums the results of test runs, lists what failed or was skipped and why.

usage: summary.py FOLDER RUN...   reads FOLDER/RUN.xml (JUnit, of ctest or pytest)

The last line reads "N passed, N failed, N skipped". Exit 1 if anything failed or a run left no
results.
"""
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def output_of(case):
    return [line.strip() for line in (case.findtext("system-out") or "").splitlines()]


def reason_of(case, skipped):
    """Why a test was skipped: pytest's message, or the line the test printed."""
    said = [line for line in output_of(case) if "skip" in line.lower()]
    return said[-1] if said else skipped.get("message", "no reason given")


def main(folder, runs):
    passed, failed, skipped, partly = 0, [], [], []
    for run in runs:
        path = Path(folder) / f"{run}.xml"
        try:
            cases = list(ElementTree.parse(path).iter("testcase"))
        except (OSError, ElementTree.ParseError) as error:
            failed.append(f"{run}: no results ({error})")
            continue
        if not cases:
            failed.append(f"{run}: no tests")
        for case in cases:
            name = f"{run}: {case.get('name')}"
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                failed.append(name)
            elif skip is not None:
                skipped.append(f"{name} ({reason_of(case, skip)})")
            elif case.get("status", "run") not in ("run", "passed"):
                failed.append(f"{name} ({case.get('status')})")
            else:
                passed += 1
                partly += [f"{name}: {line}" for line in output_of(case)
                           if line.lower().startswith("skipped")]
    for title, names in (("failed", failed), ("skipped", skipped), ("skipped in part", partly)):
        if names:
            print(f"{title}:")
            print("".join(f"  {name}\n" for name in names), end="")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
