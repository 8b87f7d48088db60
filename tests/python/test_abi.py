# SPDX-License-Identifier: BSD-3-Clause
"""The ctypes declarations against the headers, and against what the compiler makes of them."""

import ctypes
import inspect
import os
import re
import shutil
import subprocess

import header_parser
import make_abi
import pytest
import spikekit
from spikekit import _abi, _correlogram_setup, _errors, _types, session

HEADERS = header_parser.parse()
SIMPLE = {
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint8_t": ctypes.c_uint8,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
    "double": ctypes.c_double,
    "float": ctypes.c_float,
    "size_t": ctypes.c_size_t,
    "spk_status": ctypes.c_int,
    "spk_log_level": ctypes.c_int,
}
NUMBERS = ("int32_t", "int64_t", "uint8_t", "uint32_t", "double", "float")


def expected_type(text):
    """The ctypes type of a C type; an (element, writes) pair for arrays of numbers."""
    if text in SIMPLE:
        return SIMPLE[text]
    if text in HEADERS.callbacks:
        return getattr(_abi, text)
    if text == "const char *":
        return ctypes.c_char_p
    if text in ("const char **", "const char *const *"):
        return ctypes.POINTER(ctypes.c_char_p)
    if text in ("void *", "const void *"):
        return ctypes.c_void_p
    if text in ("char[33]", "char[64]", "char[256]"):
        return ctypes.POINTER(ctypes.c_char)
    array = re.fullmatch(r"(const )?(\w+) ?(\*|\[\d+\]|\(\*\)\[\d+\])", text)
    if array and array[2] in NUMBERS:
        return SIMPLE[array[2]], array[1] is None
    struct = re.fullmatch(r"(?:const )?(spk_\w+) (\*\*?)", text)
    kind = getattr(_abi, struct[1])
    for _ in struct[2]:
        kind = ctypes.POINTER(kind)
    return kind


def declared_type(kind):
    if isinstance(kind, _types.ArrayParameter):
        return kind.element, kind.writes
    return kind


def expected_result(text):
    if text == "void":
        return None
    if text in SIMPLE or text == "const char *":
        return expected_type(text)
    if text in HEADERS.structs:
        return getattr(_abi, text)
    name = re.fullmatch(r"const (\w+) \*", text)[1]
    return ctypes.POINTER(SIMPLE.get(name) or getattr(_abi, name))


def field_type(text):
    array = re.fullmatch(r"(\w+)\[(\w+)\]", text)
    if array:
        size = int(array[2]) if array[2].isdigit() else HEADERS.enums[array[2]]
        return SIMPLE[array[1]] * size
    kind = expected_type(text)
    return ctypes.POINTER(kind[0]) if isinstance(kind, tuple) else kind


def test_headers_are_understood():
    text = "".join(p.read_text() for p in header_parser.INCLUDE.glob("*.h"))
    declared = len(re.findall(r"^SPK_API\b", text, re.M))
    assert len(HEADERS.functions) == declared > 100
    assert set(re.findall(r"^typedef struct (\w+)", text, re.M)) == set(HEADERS.structs)


def test_every_function_is_declared_and_no_other():
    declared = {n for n, f in vars(_abi).items() if isinstance(f, ctypes._CFuncPtr)}
    assert declared == set(HEADERS.functions)


def test_order_is_that_of_the_headers():
    names = re.findall(r"^(spk_\w+) = function\(", inspect.getsource(_abi), re.M)
    assert names == list(HEADERS.functions)


@pytest.mark.parametrize("name", HEADERS.functions)
def test_function(name):
    expected, declared = HEADERS.functions[name], getattr(_abi, name)
    kinds = [expected_type(p.type) for p in expected.parameters]
    assert [declared_type(kind) for kind in declared.argtypes] == kinds
    assert declared.restype == expected_result(expected.result)
    if expected.result == "spk_status":
        assert declared.errcheck is _abi.check_status
    elif expected.result == "const char *":
        assert declared.errcheck is _types.decode_result


def test_declarations_are_made_from_the_headers():
    assert make_abi.make() == make_abi.ABI.read_text(), "./dev abi makes them anew"


def test_prototypes_in_comments():
    source = inspect.getsource(_abi)
    comments = re.findall(r"((?:^# .*\n)+)spk_\w+ = function\(", source, re.M)
    found = [header_parser.tidy(" ".join(c.replace("# ", " ").split())) for c in comments]
    assert len(found) == len(HEADERS.functions)
    for comment, function in zip(found, HEADERS.functions.values()):
        inside = re.search(rf"{function.name}\( ?(.*)\)$", comment)[1]
        assert comment.startswith(f"{function.result} {function.name}(".replace("* ", "*"))
        assert header_parser.split_parameters(inside) == function.parameters


@pytest.mark.parametrize("name", HEADERS.callbacks)
def test_callback(name):
    expected, declared = HEADERS.callbacks[name], getattr(_abi, name)
    kinds = tuple(field_type(p.type) for p in expected.parameters)
    assert declared._argtypes_ == kinds
    assert declared._restype_ == (None if expected.result == "void" else SIMPLE[expected.result])


@pytest.mark.parametrize("name", HEADERS.structs)
def test_struct_fields(name):
    declared = getattr(_abi, name)
    fields = [(f.name, field_type(f.type)) for f in HEADERS.structs[name]]
    assert [tuple(f) for f in getattr(declared, "_fields_", [])] == fields


def test_struct_layout(tmp_path):
    """Sizes, offsets and enum values as a compiled C program prints them."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler")
    lines, expected = [], []
    for name, fields in HEADERS.structs.items():
        kind = getattr(_abi, name)
        if not fields:
            continue
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        expected.append(f"{name} {ctypes.sizeof(kind)}")
        for field in fields:
            one = f"{name}.{field.name}"
            lines.append(
                f'printf("{one} %zu %zu\\n", offsetof({name}, {field.name}), '
                f"sizeof((({name} *)0)->{field.name}));"
            )
            place = getattr(kind, field.name)
            expected.append(f"{one} {place.offset} {place.size}")
    for name, value in HEADERS.enums.items():
        lines.append(f'printf("{name} %d\\n", (int){name});')
        expected.append(f"{name} {value}")
    source = tmp_path / "layout.c"
    body = "\n    ".join(lines)
    source.write_text(
        "#include <spikekit/spikekit.h>\n#include <stddef.h>\n#include <stdio.h>\n"
        f"int main(void)\n{{\n    {body}\n    return 0;\n}}\n"
    )
    program = tmp_path / "layout"
    include = header_parser.INCLUDE.parent
    subprocess.run([*compiler.split(), "-I", include, "-o", program, source], check=True)
    printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert printed.splitlines() == expected
    assert len(expected) > 90


def enumerators(prefix):
    names = {n: v for n, v in HEADERS.enums.items() if n.startswith(prefix)}
    return {name[len(prefix) :]: value for name, value in names.items()}


def test_enums_that_python_repeats():
    errors = enumerators("SPK_ERR_")
    assert {kind.status for kind in _errors.BY_STATUS.values()} == set(errors.values())
    for name, value in errors.items():
        assert _abi.spk_status_name(value) == f"SPK_ERR_{name}"
    assert errors["CANCELLED"] == _errors.CancelledError.status
    modes = enumerators("SPK_CORRELOGRAM_")
    numbers = [modes.pop(n.upper()) for n in _correlogram_setup.CONVENTIONS]
    assert numbers == list(range(5))
    for number, name in enumerate(_correlogram_setup.CONVENTIONS):
        assert _abi.spk_correlogram_convention_name(number) == name
    assert _abi.spk_correlogram_convention_name(5) is None
    assert modes == {n.upper(): i for i, n in enumerate(_correlogram_setup.NORMALIZATIONS)}
    import numpy

    for number, code in enumerate(session._DTYPES):
        assert _abi.spk_dtype_name(number) == numpy.dtype(code).name
        assert _abi.spk_dtype_size(number) == numpy.dtype(code).itemsize


def test_versions_agree():
    header = (header_parser.INCLUDE / "version.h").read_text()
    version = re.search(r'SPK_VERSION "(.*)"', header)[1]
    assert spikekit.__version__ == _abi.spk_version() == version
    assert f"spikekit: {version}" in spikekit.build_description()


def test_array_parameters_refuse_what_does_not_fit():
    import numpy

    numbers = _abi.int64_out
    assert numbers.from_param(None) is None
    for wrong in (numpy.zeros(3), numpy.zeros(6, "i8")[::2], numpy.zeros(3, ">i8")):
        with pytest.raises(TypeError, match="expected a contiguous int64"):
            numbers.from_param(wrong)
    frozen = numpy.zeros(3, "i8")
    frozen.flags.writeable = False
    with pytest.raises(TypeError, match="read-only"):
        numbers.from_param(frozen)
    assert _abi.int64_in.from_param(frozen).value == frozen.ctypes.data
