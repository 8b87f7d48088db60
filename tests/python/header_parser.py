# SPDX-License-Identifier: BSD-3-Clause
"""Reads the public C headers: what functions, structs, enums and callbacks they declare.

It understands the house style, not C: one declaration a statement, plain struct fields.
"""

import re
from pathlib import Path
from typing import NamedTuple

INCLUDE = Path(__file__).resolve().parents[2] / "include" / "spikekit"


class Parameter(NamedTuple):
    """A parameter or field: its type without the name, `[N]` kept at the end."""

    type: str
    name: str


class Function(NamedTuple):
    result: str
    name: str
    parameters: tuple
    header: str


class Headers(NamedTuple):
    functions: dict
    structs: dict  # name: tuple of Parameter; empty for opaque ones
    enums: dict  # enumerator: value
    callbacks: dict  # name: Function


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.sub(r"^\s*#.*?(?<!\\)$", " ", text, flags=re.M)


def tidy(text):
    return re.sub(r"\s*\*\s*", " *", " ".join(text.split())).replace("* *", "**").strip()


def split_parameter(text):
    """`const int32_t (*pairs)[2]` is (`const int32_t (*)[2]`, `pairs`)."""
    text = tidy(text)
    match = re.fullmatch(r"(.*)\(\s*\*(\w+)\s*\)\s*(\[\w+\])", text)
    if match:
        return Parameter(f"{match[1].strip()} (*){match[3]}", match[2])
    match = re.fullmatch(r"(.*?)(\w+)\s*(\[\w+\])?", text)
    return Parameter((match[1].strip() + (match[3] or "")).strip(), match[2])


def split_parameters(text):
    text = " ".join(text.split())
    return () if text in ("void", "") else tuple(map(split_parameter, text.split(",")))


def order_of_headers(include, header="spikekit.h", order=None):
    """The headers as a compiler meets them: what a header includes comes before it."""
    order = [] if order is None else order
    for name in re.findall(r"#include <spikekit/(\w+\.h)>", (include / header).read_text()):
        order_of_headers(include, name, order)
    if header != "spikekit.h" and header not in order:
        order.append(header)
    return order


def parse(include=INCLUDE):
    functions, structs, enums, callbacks = {}, {}, {}, {}
    for header in order_of_headers(include):
        text = without_comments((include / header).read_text())
        for match in re.finditer(
            r"SPK_API\s+(?:SPK_MUST_CHECK\s+)?([^;{}()]*?)\b(spk_\w+)\s*"
            r"\(((?:[^;()]|\([^()]*\))*)\)\s*;",
            text,
        ):
            result, name, inside = tidy(match[1]), match[2], match[3]
            functions[name] = Function(result, name, split_parameters(inside), header)
        for match in re.finditer(r"typedef\s+struct\s+(\w+)\s*\{(.*?)\}\s*(\w+)\s*;", text, re.S):
            fields = [f for f in match[2].split(";") if f.strip()]
            structs[match[3]] = tuple(map(split_parameter, fields))
        for match in re.finditer(r"typedef\s+struct\s+(\w+)\s+(\w+)\s*;", text):
            structs.setdefault(match[2], ())
        for match in re.finditer(r"enum\s*\w*\s*\{(.*?)\}", text, re.S):
            for item in filter(None, map(str.strip, match[1].split(","))):
                name, value = item.split("=")
                enums[name.strip()] = int(value, 0)
        for match in re.finditer(
            r"typedef\s+([\w ]+?)\s*\(\s*\*(\w+)\s*\)\s*\(([^;]*)\)\s*;", text
        ):
            callbacks[match[2]] = Function(
                tidy(match[1]), match[2], split_parameters(match[3]), header
            )
    return Headers(functions, structs, enums, callbacks)
