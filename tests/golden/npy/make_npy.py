# SPDX-License-Identifier: BSD-3-Clause
"""Writes the files of this folder with numpy; versions.txt says which. Run it in the folder.

Every member <dtype>_<order>_<layout> of the two archives is a (2, 3) array of
    bool: 0 1 0 1 0 1    unsigned: 0 .. 5    signed: -2 .. 3    float: -1, -0.5, 0, 0.5, 1, 1.5
"""
import platform

import numpy as np

TYPES = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]


def values(kind):
    ramp = np.arange(6).reshape(2, 3)
    return {"b": ramp % 2, "u": ramp, "i": ramp - 2, "f": ramp / 2 - 1}[kind]


arrays = {}
for dtype in TYPES:
    for order in "<>":
        for layout in "CF":
            array = np.array(values(dtype[0]), dtype=order + dtype, order=layout)
            arrays[f"{dtype}_{'little' if order == '<' else 'big'}_{layout}"] = array
np.savez("stored.npz", **arrays)
np.savez_compressed("deflated.npz", **arrays)

np.save("scalar.npy", np.float64(2.5))
np.save("empty.npy", np.zeros((0, 3), dtype="<i4"))
np.save("column.npy", np.arange(5, dtype="<u8").reshape(5, 1))
np.save("cube.npy", np.asfortranarray(np.arange(24, dtype=">i2").reshape(2, 3, 4)))
np.save("half.npy", np.array([0, -0.0, 1, 65504, 6e-8, np.inf, -np.inf, np.nan], "<f2"))
np.save("large.npy", np.array([0, 2**63 - 1, 2**63, 2**64 - 1], "<u8"))
np.save("text.npy", np.array(["spike", "\u03bcV", ""], dtype="<U5"))
np.save("bytes.npy", np.array([b"good", b"mua"], dtype="S4"))
for version in [(2, 0), (3, 0)]:
    with open(f"version{version[0]}.npy", "wb") as file:
        np.lib.format.write_array(file, np.arange(3, dtype="<i4"), version=version)
np.save("object.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
np.save("structured.npy", np.zeros(2, dtype=[("a", "<i4"), ("b", "<f8")]))
np.save("complex.npy", np.zeros(2, dtype="<c16"))
np.save("datetime.npy", np.zeros(2, dtype="<M8[ns]"))

with open("versions.txt", "w", encoding="utf-8") as file:
    file.write(f"python {platform.python_version()}\nnumpy {np.__version__}\n")
