# SPDX-License-Identifier: BSD-3-Clause
"""Writes phy folders that are odd or broken, each named after what it is; without numpy."""
import os
import struct


def npy(path, values, kind="<i8", shape=None, cut=0):
    code = {"<i8": "q", "<i4": "i", "<u8": "Q", "<f8": "d", "<f4": "f"}[kind]
    shape = (len(values),) if shape is None else shape
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (kind, shape)
    text += " " * (-(len(text) + 11) % 64) + "\n"
    body = struct.pack("<%d%s" % (len(values), code), *values)
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode())
        file.write(body[:len(body) - cut])


def folder(name, times, clusters, params=None, **more):
    os.makedirs(name)
    if params is not False:
        with open(name + "/params.py", "w") as file:
            file.write(params or "dat_path = 'raw.bin'\nn_channels_dat = 4\ndtype = 'int16'\n"
                       "offset = 0\nsample_rate = 30000.\nhp_filtered = False\n")
    if times is not None:
        npy(name + "/spike_times.npy", times, **more)
    if clusters is not None:
        npy(name + "/spike_clusters.npy", clusters, "<i4")


good, ids = [10, 20, 20, 500, 90000], [4, 7, 4, 7, 4]
folder("plain", good, ids)
folder("column", good, ids, shape=(5, 1))
folder("no_times", None, ids)
folder("no_clusters", good, None)
folder("no_params", good, ids, False)
folder("no_rate", good, ids, "n_channels_dat = 4\n")
folder("truncated", good, ids, cut=9)
folder("lengths_differ", good, ids[:4])
folder("two_columns", good + [1], ids, shape=(3, 2))
folder("unsorted", [10, 5, 20, 30, 40], ids)
folder("nan_times", [1.0, float("nan"), 3.0, 4.0, 5.0], ids, kind="<f8")
folder("fractional", [1.0, 1.5, 3.0, 4.0, 5.0], ids, kind="<f8")
folder("beyond", [1, 2, 3, 4, 2**63 + 5], ids, kind="<u8")
folder("empty", [], [])
folder("one_spike", [77], [3])
folder("code", good, ids, "import os\nos.system('touch executed')\nsample_rate = 30000.\n"
       "open('executed', 'w')\n__import__('os').system('touch executed')\n")
folder("text", good, ids)
with open("text/spike_times.npy", "w") as file:
    file.write("10\n20\n20\n500\n90000\n")
folder("pickle", good, ids)
with open("pickle/spike_times.npy", "wb") as file:
    head = "{'descr': '|O', 'fortran_order': False, 'shape': (5,), }"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
    file.write(b"cos\nsystem\n(S'touch executed'\ntR.")
folder("labels", good, ids)
with open("labels/cluster_group.tsv", "w") as file:  # unit 9 has no spikes
    file.write("cluster_id\tgroup\n4\tgood\n7\tmua\n9\tgood\n")
folder("not_utf8", good, ids)
with open("not_utf8/cluster_group.tsv", "wb") as file:
    file.write(b"cluster_id\tgroup\n4\tgo\xff\xfed\n7\tmua\n")
npy("times.npy", good)
npy("clusters.npy", ids, "<i4")
npy("clusters_short.npy", ids[:3], "<i4")
npy("seconds.npy", [t / 30000 for t in good], "<f8")
npy("seconds_nan.npy", [1.0, 2.0, float("nan"), 3.0, 4.0], "<f8")
