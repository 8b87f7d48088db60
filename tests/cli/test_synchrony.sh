# SPDX-License-Identifier: BSD-3-Clause
# Synchrony of a session: the table and the matrices are what numpy makes of the same spikes.
. "$(dirname "$0")/support.sh"

expect 0 '' simulate -o session --units 9 --duration-s 60 --seed 5 --quiet
expect 0 '^spikekit synchrony: pairs.tsv: 36 pairs of 9 units, mean STTC -?[0-9.]+$' synchrony session -o pairs.tsv
expect 0 '' synchrony session -q
same out.txt pairs.tsv
expect 0 '' synchrony session -q --threads 1 -o one.tsv
same one.tsv pairs.tsv
expect 0 '^spikekit synchrony: all.npz: 36 pairs of 9 units, mean STTC -?[0-9.]+$' synchrony session -o all.npz
expect 0 '' synchrony session -q -c -o complexity.csv
cat >look.py <<'EOF2'
import json
import numpy

times = numpy.load("session/spike_times.npy").ravel()
units = numpy.load("session/spike_clusters.npy").ravel()
rate, stop, n = 30000, 60 * 30000, 9
trains = [times[units == u] for u in range(n)]
d = numpy.load("all.npz")


def share(a, b, w):
    at = numpy.searchsorted(b, a - w)
    return numpy.mean((at < len(b)) & (b[numpy.minimum(at, len(b) - 1)] <= a + w))


def tiled(a, w):
    low, high = numpy.maximum(a - w, 0), numpy.minimum(a + w, stop)
    return numpy.diff(numpy.maximum.accumulate(numpy.r_[0, high])).sum() / stop - (
        numpy.maximum(low - numpy.maximum.accumulate(numpy.r_[0, high])[:-1], 0).sum() / stop
    )


def sttc(a, b, w):
    pa, pb, ta, tb = share(a, b, w), share(b, a, w), tiled(a, w), tiled(b, w)
    return 0.5 * ((pa - tb) / (1 - pa * tb) + (pb - ta) / (1 - pb * ta))


want = numpy.array([[sttc(a, b, 150) for b in trains] for a in trains])
numpy.testing.assert_allclose(d["sttc"], want, atol=1e-12)
assert d["unit_ids"].tolist() == list(range(n)) and d["positions_um"].shape == (n, 2)
assert d["bin_s"].tolist() == [0.01, 0.1, 1.0] and d["n_bins"].tolist() == [6000, 600, 60]
for k, bin_s in enumerate(d["bin_s"]):
    edges = numpy.arange(d["n_bins"][k] + 1) * round(bin_s * rate)
    counts = [numpy.histogram(t, edges)[0] for t in trains]
    numpy.testing.assert_allclose(d["correlations"][k], numpy.corrcoef(counts), atol=1e-12)
    numpy.testing.assert_allclose(d["covariances"][k], numpy.cov(counts), rtol=1e-10, atol=1e-12)
meta = json.loads(str(d["meta"]))
assert meta["window_samples"] == 150 and meta["command"] == "synchrony", meta

rows = [line.rstrip("\n").split("\t") for line in open("pairs.tsv")]
assert rows[0] == ["unit_a", "unit_b", "distance_um", "sttc", "correlation_10ms",
                   "correlation_100ms", "correlation_1000ms"], rows[0]
for row in rows[1:]:
    a, b = int(row[0]), int(row[1])
    gap = numpy.hypot(*(d["positions_um"][a] - d["positions_um"][b]))
    assert a < b and abs(float(row[2]) - gap) <= 5e-6 * gap and float(row[3]) == d["sttc"][a, b]
    assert [float(v) for v in row[4:]] == d["correlations"][:, a, b].tolist()

fires = numpy.zeros((n, stop // 30), bool)
for u, t in enumerate(trains):
    fires[u, t // 30] = True
sizes = numpy.bincount(fires.sum(0), minlength=n)
rows = [line.rstrip("\n").split(",") for line in open("complexity.csv")]
assert rows[0] == ["n_units", "n_bins", "expected", "ratio"] and rows[-1][0].endswith("+")
for k, row in enumerate(rows[1:-1]):
    assert int(row[0]) == k and int(row[1]) == sizes[k], row
assert abs(sum(float(row[2]) for row in rows[1:]) - stop / 30) < 1e-6
assert [int(row[1]) for row in rows[1:]] == d["complexity"].tolist()
EOF2
check "values are right" "$python" look.py

# Near pairs, chosen units, epochs, no counts, zero window
expect 0 '' synchrony session -q --near 60 -o near.tsv
check "near pairs are those of the table" sh -c 'awk -F"\t" "NR == 1 || (\$3 != \"\" && \$3 <= 60)" pairs.tsv | cmp - near.tsv'
check "some are near, not all" sh -c '[ "$(wc -l <near.tsv)" -gt 1 ] && [ "$(wc -l <near.tsv)" -lt 37 ]'
expect 0 '' synchrony session -q --near 60 -o near.npz
check "near pairs of the archive" "$python" -c '
import numpy
d, near = numpy.load("all.npz"), numpy.load("near.npz")
a, b = near["pairs"].T
assert len(a) and (near["sttc"] == d["sttc"][a, b]).all()'
expect 0 '' synchrony session -q -u 2,5,7 --bins-ms none -o three.csv
check "three pairs" sh -c '[ "$(cut -d, -f1,2,4 three.csv | head -n 1)" = unit_a,unit_b,sttc ] && [ "$(wc -l <three.csv)" = 4 ]'
printf 'start_s\tstop_s\n10\t20\n50\t60\n' >epochs.tsv
expect 0 '' synchrony session -q --epochs epochs.tsv -o part.npz
check "bins of the epochs" "$python" -c '
import numpy
d = numpy.load("part.npz")
assert d["n_bins"].tolist() == [2000, 200, 20] and d["complexity"].sum() == 20000'
expect 0 '' synchrony session -q -w 0 --tiling samples -b none
expect 0 '' synchrony session -q --complexity --complexity-bin-ms 0.1 --block-s 1
check "blocks change what is expected only" sh -c '[ "$(cut -f2 out.txt | head -n 1)" = n_bins ]'

# Against surrogates
expect 0 '' synchrony session -q --surrogates 19 --seed 4 -o tested.tsv
expect 0 '' synchrony session -q --surrogates 19 --seed 4 --near 60 -o tested_near.tsv -t 1
expect 0 '' synchrony session -q --surrogates 19 --seed 4 -o tested.npz
cat >tested.py <<'EOF2'
import numpy
d, plain = numpy.load("tested.npz"), numpy.load("all.npz")
numpy.testing.assert_array_equal(d["sttc"], plain["sttc"])
up, low = d["sttc_p_upper"], d["sttc_p_lower"]
rows = [line.rstrip("\n").split("\t") for line in open("tested.tsv")]
assert rows[0][3:6] == ["sttc", "sttc_expected", "sttc_p"], rows[0]
for row in rows[1:]:
    a, b = int(row[0]), int(row[1])
    assert float(row[4]) == d["sttc_expected"][a, b]
    assert float(row[5]) == min(1, 2 * min(up[a, b], low[a, b]))
near = [line for line in open("tested_near.tsv")]
far = [line for line in open("tested.tsv") if line.startswith("unit") or float(line.split("\t")[2]) <= 60]
assert near == far and 1 < len(near) < len(rows)
EOF2
check "the test is the same in all outputs" "$python" tested.py

# Bad input
expect 2 '--jitter-ms: expected more than 0 ms, found 0' synchrony session --surrogates 9 --jitter-ms 0
expect 2 '--complexity-bin-ms is of --complexity, or of an .npz' synchrony session --complexity-bin-ms 2
expect 2 '--block-s is of --complexity, or of an .npz' synchrony session --block-s 2
expect 2 'surrogates' synchrony session --surrogates -3
expect 2 "expected a name in .tsv, .csv or .npz, found 'x.txt'" synchrony session -o x.txt
expect 2 "expected time or samples, found 'space'" synchrony session --tiling space
expect 2 "expected widths like 1,10,100 or none, found '10,'" synchrony session -b 10,
expect 2 'expected a width above 0 .ms., found -5' synchrony session -b -5
expect 2 '0.001 ms is less than a sample at 30000 Hz' synchrony session -b 0.001
expect 2 'is less than a sample at 30000 Hz' synchrony session -w 0.001
expect 2 '--window-ms: expected less than the recording, 60000 ms, found 60000' synchrony session -w 60000
expect 0 'warning: --bins-ms: fewer than two bins of 40000 ms fit the recording; there is no correlation$' \
    synchrony session -b 100,40000
check "distances have 6 digits" "$python" -c "
rows = [line.split('\t') for line in open('out.txt')]
assert rows[0][2] == 'distance_um' and all(len(r[2].replace('.', '')) <= 7 for r in rows[1:])"
expect 2 'exclude each other' synchrony session --complexity --near 50
expect 2 'writes a table' synchrony session --complexity -o x.npz
expect 2 'expected 0, or at least a bin' synchrony session --complexity --block-s 0.0001
expect 1 'is of the session' synchrony session -o session/cluster_group.tsv
expect 1 'no unit 77' synchrony session -u 77
check "nothing was left" sh -c '! ls x.* 2>/dev/null'
finish
