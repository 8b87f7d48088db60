# SPDX-License-Identifier: BSD-3-Clause
"""Connections and synchrony beside the peers: the parts one after the other."""
import importlib

PARTS = ("synchrony", "surrogates")


def run(args):
    for part in PARTS:
        importlib.import_module(part).run(args)
