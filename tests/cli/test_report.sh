# SPDX-License-Identifier: BSD-3-Clause
# The page of report and the tables beside it.
. "$(dirname "$0")/support.sh"

cat >look.py <<'EOF_PYTHON'
"""look.py page FOLDER | tables FOLDER | peaks SESSION FOLDER | truth SESSION FOLDER"""
import ast, json, math, os, re, struct, sys
import xml.etree.ElementTree as tree


def table(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    assert all(len(row) == len(rows[0]) for row in rows), name
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def page(folder):
    """Well-formed, complete in itself, numbers only where numbers belong."""
    with open(os.path.join(folder, "index.html"), encoding="utf-8") as file:
        text = file.read()
    assert text.startswith("<!DOCTYPE html>\n")
    root = tree.fromstring(text.split("\n", 1)[1])
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids)), "an id twice"
    numeric = {"d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height",
               "viewBox", "data-rate", "data-isi", "data-order", "data-id"}
    n_drawn = 0
    for element in root.iter():
        assert element.tag in (
            "html head meta title style body header h1 h2 h3 nav a main p dl div dt dd small b "
            "i em span details summary table tr th td code sup svg desc line text g path rect "
            "circle form label input select option button article footer script section thead "
            "tbody").split(), \
            element.tag
        for name, value in element.attrib.items():
            assert name not in ("src", "onclick", "onload", "onerror"), name
            if name == "href":
                assert value.startswith("#") and value[1:] in ids, value
            if name in numeric and element.tag != "meta":
                assert re.fullmatch(r"[-0-9. %MmhHvVzZCL]*", value), (element.tag, name, value)
            n_drawn += name == "d"
    scripts = list(root.iter("script"))
    assert [s.get("id") for s in scripts] in ([None], ["unit-data", None])
    assert len(list(root.iter("style"))) == 1
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text), "something from outside"
    return root, n_drawn


def check_quality(root, folder):
    """The table of the page, the data of its script and metrics.tsv say the same."""
    rows = table(folder, "metrics.tsv")
    if not rows:
        assert not list(root.iter("section"))
        return
    data = json.loads(next(root.iter("script")).text)
    names = list(rows[0])[2:]
    assert [c["name"] for c in data["columns"]] == names
    shown = [k for k, c in enumerate(data["columns"]) if c["core"]]
    body = next(root.iter("tbody"))
    assert len(body) == len(data["units"]) == len(rows)
    for line, unit, row in zip(body, data["units"], rows):
        assert line[0].text == str(unit["id"]) == row["cluster_id"]
        assert (line[2].text or "") == unit["label"] == row["label"], row
        assert len(unit["v"]) == len(unit["f"]) == len(names)
        for value, name in zip(unit["v"], names):
            if value is None:
                assert row[name] == "nan" or not math.isfinite(float(row[name])), (name, row)
            else:
                assert abs(value - float(row[name])) <= 1e-5 * abs(value), (name, row)
        for cell, k in zip(line[3:], shown):
            assert cell.get("class") == {"p": "ok", "f": "bad", "-": None}[unit["f"][k]]
        assert len(unit["acg"]) % 2 == 1
        assert unit["fit"] is None or len(unit["fit"]) == len(unit["acg"]) // 2
        for value in (unit.get("amp") or {"a": []})["a"]:
            assert 0 <= value <= 1000


def check_page(folder):
    root, n_drawn = page(folder)
    units = table(folder, "units.tsv")
    cards = [e for e in root.iter("article") if e.get("class").startswith("u ")]
    assert sorted(int(c.get("data-id")) for c in cards) == [int(u["unit_id"]) for u in units]
    for svg in root.iter("svg"):
        if svg.get("role") == "img":
            assert svg.find("title") is not None and svg.find("title").text
    check_quality(root, folder)
    peaks = [e for e in root.iter("article") if e.get("class") == "p"]
    rows = table(folder, "peaks.tsv")
    assert len(peaks) == len(rows)
    for card, row in zip(peaks, rows):
        words = " ".join(card.itertext())
        assert ("also synchronous" in words) == (row["also_synchronous"] == "1"), words
        assert (" apart" in words) == (row["distance_um"] not in ("", "nan")), (words, row)
        assert ("< 10" in words.replace("\xa0", " ")) == \
            (float(row["ln_p"]) < -100 * math.log(10)), words
    # the most certain connections, in the order of their table
    cards = [e for e in root.iter("article") if e.get("class") == "p c"]
    rows = table(folder, "connections.tsv")
    assert len(cards) <= len(rows)
    assert [float(row["p"]) for row in rows] == sorted(float(row["p"]) for row in rows)
    for card, row in zip(cards, rows):
        words = " ".join(card.itertext()).replace("\xa0", " ")
        assert f"{row['source']} \u2192 {row['target']}" in words, (words, row)
        assert ("excess" in words) == (row["sign"] == "1"), (words, row)
        assert float(row["q"]) <= 0.05 and row["method"] == "hollow"
        assert [p.get("class") for p in card.iter("path")] == [None, "k", "m", "b", "b"]
    lines = [e for e in root.iter("path") if e.get("class") in ("e", "i")]
    assert len(lines) in (0, len(rows)), "one line for each, where depths are known"
    if units:
        assert n_drawn > 0


def check_tables(folder):
    """What one table says, the others say as well."""
    units = table(folder, "units.tsv")
    rates = table(folder, "rate_over_time.tsv")
    total = sum(int(u["n_spikes"]) for u in units)
    found = 0.0
    for row in rates:
        length = float(row["stop_s"]) - float(row["start_s"])
        found += float(row["all_units"]) * length
        parts = sum(float(row["unit_" + u["unit_id"]]) for u in units)
        # each value has 9 digits
        assert abs(parts - float(row["all_units"])) <= 1e-8 * (1 + parts) * len(units), row
    assert abs(found - total) < 1e-6 * total, (found, total)
    duration = float(rates[-1]["stop_s"])
    for u in units:
        assert abs(float(u["rate_hz"]) - int(u["n_spikes"]) / duration) < 1e-6, u
    lags = table(folder, "autocorrelograms.tsv")
    n = len(lags)
    assert n % 2 == 1 and float(lags[n // 2]["lag_ms"]) == 0
    for k in range(n):  # 15 samples a bin: no lag lies on an edge, so both halves agree
        assert float(lags[k]["lag_ms"]) == -float(lags[n - 1 - k]["lag_ms"])
        for u in units:
            name = "unit_" + u["unit_id"]
            assert lags[k][name] == lags[n - 1 - k][name], (k, name)


def check_truth(session, folder):
    """The strong connections are peaks in the right direction; few others are."""
    with open(os.path.join(session, "truth.json"), encoding="utf-8") as file:
        truth = json.load(file)
    n_true = [unit["n_true_spikes"] for unit in truth["units"]]
    duration = truth["n_samples"] / truth["options"]["sampling_rate_hz"]
    peaks = {(int(p["first_id"]), int(p["second_id"])): p
             for p in table(folder, "peaks.tsv") if p["kind"] == "directed"}
    connected = set()
    n_strong = 0
    for c in truth["connections"]:
        pair = (c["source"], c["target"])
        connected.add(pair)
        # Pairs that it adds near its latency, a fifth missed and less than half in the best
        # bin, against the fluctuation of what is there by chance.
        added = 0.3 * n_true[pair[0]] * c["strength"]
        chance = n_true[pair[0]] * n_true[pair[1]] * 0.0005 / duration
        if c["strength"] < 0 or added < 20 + 10 * math.sqrt(chance):
            continue
        n_strong += 1
        assert pair in peaks, ("not found", c)
        lag = float(peaks[pair]["lag_ms"])
        # jitter of 0.3 ms and half a bin
        assert abs(lag - 1000 * c["latency_s"]) < 1.2, (c, lag)
    assert n_strong >= 3, n_strong
    strangers = [pair for pair in peaks if pair not in connected
                 and not any((m, pair[0]) in connected and (m, pair[1]) in connected
                             for m in range(len(n_true)))
                 and not any((pair[0], m) in connected and (m, pair[1]) in connected
                             for m in range(len(n_true)))]
    assert len(strangers) <= 1, strangers
    for p in peaks.values():
        assert float(p["ln_p"]) < math.log(0.01) and int(p["count"]) > float(p["expected"])


def vector(path):
    """A vector of integers from an .npy file of version 1."""
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    n = header["shape"][0]
    return struct.unpack("<%d%s" % (n, {"<i8": "q", "<i4": "i"}[header["descr"]]),
                         data[10 + size:])


def poisson_log_upper(count, mean):
    """ln P(N >= count), summed from the first term on; count is above the mean."""
    terms = [-mean + k * math.log(mean) - math.lgamma(k + 1)
             for k in range(count, count + 400)]
    return terms[0] + math.log(math.fsum(math.exp(t - terms[0]) for t in terms))


def check_peaks(session, folder):
    """All peaks from the definition, at 30 kHz, 100 ms and 0.5 ms: 201 bins of 15 samples."""
    trains = {}
    for sample, unit in zip(vector(os.path.join(session, "spike_times.npy")),
                            vector(os.path.join(session, "spike_clusters.npy"))):
        trains.setdefault(unit, []).append(sample)
    units = sorted(trains)
    cutoff = math.log(0.01 / (len(units) * (len(units) - 1) * (10 + 0.5)))
    expected = {}
    for i in units:
        for j in units:
            if i == j:
                continue
            counts = [0] * 201
            first = 0
            targets = trains[j] + [1 << 60]
            for s in trains[i]:
                while targets[first] < s - 1508:
                    first += 1
                for n in range(first, len(targets)):
                    k = (2 * (targets[n] - s) + 201 * 15) // 30
                    if k > 200:
                        break
                    if k >= 0:
                        counts[k] += 1
            mean = (sum(counts[:81]) + sum(counts[120:]) + 1) / 162
            for kind, bins in (("directed", range(101, 111)), ("synchronous", [100])):
                if kind == "synchronous" and i > j:
                    continue
                k = max(bins, key=lambda b: (counts[b], -b))
                if counts[k] <= mean or max(counts[k - 1], counts[k + 1]) > counts[k]:
                    continue
                log_p = poisson_log_upper(counts[k], mean)
                if log_p < cutoff:
                    also = (kind == "directed" and counts[100] > mean
                            and poisson_log_upper(counts[100], mean) < cutoff)
                    expected[kind, i, j] = (k - 100) / 2, counts[k], mean, log_p, also
    found = table(folder, "peaks.tsv")
    assert len(found) == len(expected) > 10, (len(found), len(expected))
    for p in found:
        lag, count, mean, log_p, also = \
            expected[p["kind"], int(p["first_id"]), int(p["second_id"])]
        assert p["also_synchronous"] == "%d" % also, p
        assert float(p["lag_ms"]) == lag and int(p["count"]) == count, p
        # 9 digits; lgamma of thousands leaves 1e-12 of a few 1e4
        assert abs(float(p["expected"]) - mean) < 1e-8 * mean, (p, mean)
        assert abs(float(p["ln_p"]) - log_p) < 1e-7 * (1 - log_p), (p, log_p)
    for kind in "directed", "synchronous":
        order = [float(p["ln_p"]) for p in found if p["kind"] == kind]
        assert order == sorted(order), kind


{"page": check_page, "tables": check_tables, "peaks": check_peaks,
 "truth": check_truth}[sys.argv[1]](*sys.argv[2:])
EOF_PYTHON
look() { check "look.py $*" "$python" look.py "$@"; }
nothing_left() {
    check "nothing is left of $1" sh -c "! ls -d $1 $1.part-* 2>/dev/null"
}
files='units.tsv metrics.tsv rate_over_time.tsv autocorrelograms.tsv connections.tsv peaks.tsv index.html'

expect 0 '' simulate -o session --units 20 --duration-s 300 --rate-median-hz 8 --seed 5 \
    --connection-share 0.04 --connection-strength 0.2 --inhibitory-share 0.2 --burst-share 0 \
    --quiet
expect 0 '^spikekit report: page/index.html: 20 units, [0-9]+ connections, [0-9]+ directed' \
    report session -o page --max-peaks 1000
for file in $files; do
    check "$file is there" [ -s page/$file ]
done
check "nothing else is there" [ "$(ls page | wc -l)" -eq 7 ]
look page page
look tables page
look peaks session page
look truth session page

# The same bytes, whatever the threads and the place.
cp -r session elsewhere
mkdir other && mv elsewhere other/session
for threads in 1 3; do
    expect 0 '' report other/session/ -o threads$threads --threads $threads --quiet \
        --max-peaks 1000
    check "--quiet says nothing" [ ! -s err.txt ]
    for file in $files; do
        same page/$file threads$threads/$file
    done
done

cp -r page page-all

# A unit that is there twice, the second time with some spikes moved by 0.2 ms.
cat >twice.py <<'EOF_PYTHON'
import struct
times = [1000 * k + 37 * (k % 7) for k in range(400)]
spikes = [(t, 4) for t in times] + [(t + 6 * (k % 2), 9) for k, t in enumerate(times[:300])]
spikes += [(1000 * k + 500, 11) for k in range(400)]
spikes.sort()
for name, values in ("times", [s[0] for s in spikes]), ("clusters", [s[1] for s in spikes]):
    header = "{'descr': '<i8', 'fortran_order': False, 'shape': (%d,), }" % len(values)
    header += " " * (64 - (10 + len(header) + 1) % 64) + "\n"
    with open("twice_%s.npy" % name, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(struct.pack("<%dq" % len(values), *values))
EOF_PYTHON
"$python" twice.py
expect 0 '3 units' report --times twice_times.npy --clusters twice_clusters.npy --rate 30000 \
    -o twice
look page twice
check "both are marked" [ "$(grep -c 'title="300 of 300 spikes coincide"' twice/index.html)" -eq 2 ]
check "the cards say so" grep -q '"words":"300 of 300 spikes coincide: probably one unit found twice (spikekit' \
    twice/index.html

# Fewer peaks are the first ones of each kind.
expect 0 '' report session -o few --max-peaks 3
check "three are kept" [ "$(grep -c '^directed' few/peaks.tsv)" -eq 3 ]
check "the strongest" sh -c "grep ^directed page/peaks.tsv | head -n 3 >a
    grep ^directed few/peaks.tsv | cmp - a"
look page few
expect 0 '' report session -o few --max-peaks 0 --overwrite
check "none is kept" [ "$(wc -l <few/peaks.tsv)" -eq 1 ]
look page few

# A folder that is there.
expect 1 'page: not empty; --overwrite' report session -o page
cp page/index.html before
expect 1 '99' report session -o page --overwrite --units 99
same before page/index.html
expect 0 '' report session -o page --overwrite --units 0-4
check "five units" [ "$(wc -l <page/units.tsv)" -eq 6 ]
look page page
look tables page

# Nothing is left of a failure.
expect 1 '99' report session -o failed --units 99
nothing_left failed
expect 1 'nothing-here' report nothing-here -o failed
nothing_left failed
expect 2 '-o FOLDER is missing' report session
expect 2 'at most 2001 bins' report session -o failed --bin-ms 0.04
expect 2 'bin-ms: expected more than 0 ms, found 0' report session -o failed --bin-ms 0
expect 2 'max-peaks' report session -o failed --max-peaks=-1
nothing_left failed
(
    ulimit -f 8 # blocks of 512 or 1024 bytes: less than the page
    "$spikekit" report session -o failed 2>full.txt
)
check "a full disk fails" grep -q '^spikekit report: failed/[a-z_.]*: ' full.txt
nothing_left failed

# Short windows leave nothing to test, odd ones still draw.
for options in '--window-ms 18' '--window-ms 1 --bin-ms 1' '--window-ms 30 --bin-ms 7' \
    '--window-ms 1000 --bin-ms 0.6' '--window-ms 60 --bin-ms 0.1'; do
    # shellcheck disable=SC2086
    expect 0 '' report session -o odd --overwrite $options
    look page odd
done
expect 0 '' report session -o odd --overwrite --window-ms 18
check "says why" grep -q 'too short to test peaks' odd/index.html

# Thresholds of one's own.
printf 'label\tmetric\tminimum\tmaximum\nquiet\tfiring_rate\t5\t\nloud\t\t\t\n' >own.tsv
expect 0 '' report session -o own --thresholds own.tsv
look page own
check "labels of one's own" sh -c "cut -f2 own/metrics.tsv | sort -u | tr '\\n' ' ' |
    grep -q '^label loud quiet '"
expect 1 'no-such-preset' report session -o failed --thresholds no-such-preset
nothing_left failed

# Texts from files stay texts.
hostile="a<b>&\"c'"
cp -r session "$hostile"
rm -f "$hostile"/cluster_*
printf 'cluster_id\tKSLabel\n0\t<script>alert(1)</script>\n1\t"><img src=x>\n2\tgood\n3\t]]>&amp;\n' \
    >"$hostile/cluster_KSLabel.tsv"
expect 0 '' report "$hostile" -o hostile
look page hostile
check "label escaped" grep -q '&lt;script&gt;alert(1)' hostile/index.html
check "no foreign script" sh -c '! grep -q "<script>alert" hostile/index.html'
check "name escaped" grep -q '<h1>a&lt;b&gt;&amp;&quot;c&#39;</h1>' hostile/index.html

# Little data: no spikes, one unit, no positions.
printf 'start_s\tstop_s\n1000\t1001\n' >none.tsv
expect 0 '' convert session -o empty --epochs none.tsv --quiet
expect 0 'empty-page/index.html: [0-9]+ units' report empty -o empty-page
look page empty-page
expect 0 '' report session -o one --units 3
look page one
look tables one
expect 0 'bare/index.html: 20 units' report --times session/spike_times.npy \
    --clusters session/spike_clusters.npy --rate 30000 -o bare
look page bare
look tables bare

# Without positions in the session, units are where their templates are; a centre of mass is
# pulled inwards at the ends of the probe.
cp -r session unplaced
rm unplaced/spike_positions.npy
expect 0 '' report unplaced -o unplaced-page
look page unplaced-page
check "says where units are" grep -q 'centre of mass of their template' unplaced-page/index.html
check "near where their spikes are" sh -c 'paste page-all/units.tsv unplaced-page/units.tsv |
    awk -F "\t" "NR > 1 { d = \$6 - \$13; if (d < 0) d = -d; if (d > 40) bad = 1; n++ }
                  END { exit bad || n != 20 }"'
check "says that positions lack" grep -q 'gives no positions' bare/index.html
finish
