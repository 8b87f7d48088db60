# SPDX-License-Identifier: BSD-3-Clause
"""Writes the declarations of bindings/python/spikekit/_abi.py anew from the C headers.

    ./dev abi

What stands above the line of opaque structs is written by hand and kept.
"""

import re
import sys
from pathlib import Path

import header_parser

ABI = header_parser.INCLUDE.parents[1] / "bindings" / "python" / "spikekit" / "_abi.py"
START = "# ---- made from the headers by ./dev abi "
SIMPLE = {
    "int32_t": "int32",
    "int64_t": "int64",
    "uint8_t": "uint8",
    "uint32_t": "uint32",
    "uint64_t": "uint64",
    "double": "double",
    "float": "float32",
    "size_t": "size",
    "spk_status": "status",
    "spk_log_level": "enum",
    "const char *": "text",
    "const char **": "P(text)",
    "const char *const *": "P(text)",
    "void *": "address",
    "const void *": "address",
    "char[33]": "P(character)",
    "char[64]": "P(character)",
    "char[256]": "P(character)",
}
ARRAYS = ("int32_t", "int64_t", "uint8_t", "uint32_t", "double", "float")


def kind(text, headers, in_function):
    """The Python words for a C type; arrays of numbers are checked in calls only."""
    if text in SIMPLE:
        return SIMPLE[text]
    if text in headers.callbacks or headers.structs.get(text):
        return text
    array = re.fullmatch(r"(const )?(\w+) ?(\*|\[\w+\]|\(\*\)\[\w+\])", text)
    if array and array[2] in SIMPLE:
        if array[3].startswith("[") and not in_function:
            length = array[3][1:-1]
            return f"{SIMPLE[array[2]]} * {headers.enums.get(length, length)}"
        if in_function and array[2] in ARRAYS:
            return f"{SIMPLE[array[2]]}_{'in' if array[1] else 'out'}"
        return f"P({SIMPLE[array[2]]})"
    struct = re.fullmatch(r"(?:const )?(spk_\w+) (\*\*?)", text)
    if struct is None:
        raise SystemExit(f"make_abi: no Python for the C type '{text}'")
    name = "context" if text == "spk_context *" and in_function else None
    return name or f"{'P' * len(struct[2])}({struct[1]})"


def fill(items, first, rest, width=90):
    """Joins items by commas, breaking lines between them only."""
    lines, line = [], first
    for i, item in enumerate(items):
        item += "," if i + 1 < len(items) else ""
        joined = f"{line} {item}" if line.strip("# ") and not line.endswith("(") else line + item
        if len(joined) > width and line.strip("# "):
            lines.append(line)
            line = rest + item
        else:
            line = joined
    return "\n".join([*lines, line])


def assign(name, function, items):
    """`name = function(items)` on one line if it fits, otherwise filled below it."""
    line = f"{name} = {function}({', '.join(items)})"
    if len(line) <= 90:
        return line
    return f"{name} = {function}(\n{fill(items, '    ', '    ')}\n)"


def prototype(function):
    def declared(parameter):
        if "(*)" in parameter.type:
            return parameter.type.replace("(*)", f"(*{parameter.name})")
        match = re.fullmatch(r"(.*?)(\[\w+\])?", parameter.type)
        space = "" if match[1].endswith("*") else " "
        return f"{match[1]}{space}{parameter.name}{match[2] or ''}"

    space = "" if function.result.endswith("*") else " "
    inside = list(map(declared, function.parameters)) or ["void"]
    return fill(inside, f"# {function.result}{space}{function.name}(", "#     ", 89) + ")"


def declare_function(function, headers):
    result = {"void": "None", "spk_status": "STATUS"}.get(function.result)
    if result is None:
        number = re.fullmatch(r"const (\w+) \*", function.result)
        result = kind(function.result, headers, False)
        if number and number[1] in SIMPLE:
            result = f"P({SIMPLE[number[1]]})"
    kinds = [kind(p.type, headers, True) for p in function.parameters]
    items = [f'"{function.name}"', result, *kinds]
    return f"{prototype(function)}\n{assign(function.name, 'function', items)}"


def declare_struct(name, headers):
    rows = [f'        ("{f.name}", {kind(f.type, headers, False)}),' for f in headers.structs[name]]
    return "\n".join([f"class {name}(Structure):", "    _fields_ = [", *rows, "    ]"])


def declare_callback(function, headers):
    result = "None" if function.result == "void" else SIMPLE[function.result]
    kinds = [kind(p.type, headers, False) for p in function.parameters]
    text = prototype(function._replace(name=f"(*{function.name})"))
    return f"{text}\n{assign(function.name, 'CFUNCTYPE', [result, *kinds])}"


def statements(header, headers):
    """The declarations of one header in its own order."""
    text = header_parser.without_comments((header_parser.INCLUDE / header).read_text())
    for match in re.finditer(r"\b(spk_\w+)\s*(?=[({;)])", text):
        name = match[1]
        before = text[: match.start()]
        if re.search(r"typedef\s+struct\s+$", before) and headers.structs.get(name):
            yield f"\n{declare_struct(name, headers)}\n\n"
        elif name in headers.callbacks and re.search(r"\(\s*\*$", before):
            yield declare_callback(headers.callbacks[name], headers)
        elif name in headers.functions and headers.functions[name].header == header:
            yield declare_function(headers.functions[name], headers)


def make(headers=None):
    headers = headers or header_parser.parse()
    parts = [f"{START}{'-' * (91 - len(START))}", ""]
    opaque = sorted(name for name, fields in headers.structs.items() if not fields)
    parts += [f'{name} = _opaque("{name}")' for name in opaque]
    parts += ["context = P(spk_context)"]
    for header in header_parser.order_of_headers(header_parser.INCLUDE):
        declared = list(statements(header, headers))
        if not declared:
            continue
        title = f"# ---- {header} "
        parts += ["", "", title + "-" * (91 - len(title)), "", *declared]
        if header == "context.h":
            parts.append("check_status.message = spk_context_message")
    body = re.sub(r"\n{4,}", "\n\n\n", "\n".join(parts)) + "\n"
    return ABI.read_text().split(START)[0] + body


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if make() == ABI.read_text() else "_abi.py is not what ./dev abi makes")
    ABI.write_text(make())
