# SPDX-License-Identifier: BSD-3-Clause
# Spikes around events: what each file holds, and what is said of bad events.
. "$(dirname "$0")/support.sh"

expect 0 '' simulate -o session --units 5 --duration-s 60 --seed 7 --quiet
cat >make.py <<'EOF2'
import numpy
rng = numpy.random.default_rng(3)
times = numpy.append(rng.uniform(1, 58, 39).round(4), 59.9)  # the last is too near the end
rng.shuffle(times)
labels = numpy.array(["left", "right", "a & b"])[numpy.arange(40) % 3]
with open("events.tsv", "w") as f:
    f.write("trial\ttime_s\tside\n")
    for k, (t, l) in enumerate(zip(times, labels)):
        f.write(f"{k}\t{t:.4f}\t{l}\n")
with open("events.txt", "w") as f:
    f.write("\n".join(f"{t:.4f}" for t in times) + "\n\n")
numpy.save("seconds.npy", times)
numpy.save("samples.npy", numpy.rint(times * 30000).astype(numpy.int64))
with open("samples.csv", "w") as f:
    f.write("sample\n" + "\n".join(str(int(s)) for s in numpy.rint(times * 30000)) + "\n")
EOF2
"$python" make.py || skip "$python has no numpy"

# The same events in every form
left='warning: 1 of 40 events: the window was not wholly recorded; they are left out \(--partial counts what there is\)$'
expect 0 "$left" align session --events events.txt
mv out.txt rates.tsv
for file in seconds.npy samples.npy samples.csv events.tsv; do
    expect 0 '' align session -q --events $file
    same out.txt rates.tsv
done
expect 0 '' align session -q --events events.txt -o file.tsv
same file.tsv rates.tsv
expect 0 '' align session -q --events events.txt --threads 1 -o one.tsv
same one.tsv rates.tsv

# What is in them, by numpy
"$spikekit" align session -q --events events.tsv -c side -f -0.2 -t 0.4 -b 50 -l student -o all.npz \
    --raster raster.tsv --fano fano.tsv -n noise.tsv -p page.html 2>err.txt ||
    fail "all files: $(cat err.txt)"
expect 0 '' align session -q --events events.tsv -c side -f -0.2 -t 0.4 -b 50 -l student -o all.tsv
expect 0 '' align session -q --events events.tsv -c side -f -0.2 -t 0.4 -b 50 -o all.npy
cat >look.py <<'EOF2'
import csv, numpy
d = numpy.load("all.npz")
samples = numpy.load("session/spike_times.npy").ravel().astype(int)
units = numpy.load("session/spike_clusters.npy").ravel()
events, edges = d["event_samples"], numpy.rint(d["edges_s"] * 30000).astype(int)
assert edges.tolist() == list(range(-6000, 12001, 1500))
counts = numpy.zeros((40, 5, 12), int)
for e, at in enumerate(events):
    for u in range(5):
        lags = samples[units == u] - at
        lags = lags[(lags >= -6000) & (lags < 12000)]
        counts[e, u] = numpy.bincount((lags + 6000) // 1500, minlength=12)
assert (d["counts"] == counts).all()
labels = str(d["condition_labels"]).split("\n")
assert sorted(labels) == ["a & b", "left", "right"] and labels[0] == "left"
whole = (d["exposure_s"] > 0.05 - 1e-9).all(1)
assert whole.sum() == 39
for c in range(3):
    own = counts[(d["event_conditions"] == c) & whole]
    assert (d["spikes"][c] == own.sum(0)).all() and (d["events_used"][c] == len(own)).all()
    assert numpy.allclose(d["rates_hz"][c], own.mean(0) / 0.05)
assert (numpy.load("all.npy") == d["rates_hz"]).all()
rows = list(csv.DictReader(open("all.tsv"), delimiter="\t"))
assert len(rows) == 5 * 3 * 12 and rows[0]["time_s"] == "-0.175"
for k, row in enumerate(rows):
    u, c, b = k // 36, k // 12 % 3, k % 12
    assert row["condition"] == labels[c] and int(row["cluster_id"]) == u
    assert float(row["rate_hz"]) == d["rates_hz"][c, u, b]
    upper, silent = d["upper_hz"][c, u, b], d["spikes"][c, u, b] == 0
    assert numpy.array_equal(float(row["upper_hz"] or "nan"), upper, equal_nan=True)
    assert numpy.isnan(upper) or not silent
raster = list(csv.DictReader(open("raster.tsv"), delimiter="\t"))
assert len(raster) == counts.sum()
again = numpy.zeros_like(counts)
for row in raster:
    lag = int(numpy.rint(float(row["lag_s"]) * 30000))
    again[int(row["event"]) - 1, int(row["cluster_id"]), (lag + 6000) // 1500] += 1
assert (again == counts).all()
for row in csv.DictReader(open("fano.tsv"), delimiter="\t"):
    c, b = labels.index(row["condition"]), round((float(row["time_s"]) + 0.175) / 0.05)
    own = counts[(d["event_conditions"] == c) & (d["exposure_s"][:, b] > 0.05 - 1e-9)]
    x = own[:, int(row["cluster_id"]), b]
    assert int(row["events"]) == len(x) and numpy.isclose(float(row["variance"]), x.var(ddof=1))
noise = list(csv.DictReader(open("noise.tsv"), delimiter="\t"))
assert len(noise) == 10
for row in noise:
    x_all, y_all, dof = [], [], 0
    for c in range(3):
        x = counts[(d["event_conditions"] == c) & whole].sum(-1)
        x = x - x.mean(0)
        x_all, y_all = [*x_all, *x[:, int(row["cluster_i"])]], [*y_all, *x[:, int(row["cluster_j"])]]
        dof += len(x) - 1
    r = numpy.corrcoef(x_all, y_all)[0, 1]
    assert numpy.isclose(float(row["correlation"]), r) and int(row["dof"]) == dof
EOF2
check "every file is right" "$python" look.py
cat >page.py <<'EOF2'
import xml.etree.ElementTree as tree
text = open("page.html").read()
root = tree.fromstring(text)
assert len(root.findall(".//article")) == 5 and "a &amp; b" in text and "http" not in text.replace(
    "http://www.w3.org", "")
ids = [e.get("id") for e in root.iter() if e.get("id")]
assert len(ids) == len(set(ids)) and "nan" not in text and "1 events are left out" in text
EOF2
check "the page is well-formed" "$python" page.py

# Options
expect 0 '' align session -q --events events.txt -u 1,3 -b 500 -o two.csv
check "chosen units" sh -c '[ "$(cut -d, -f1 two.csv | sort -u | tr "\n" " ")" = "1 3 cluster_id " ]'
expect 0 '1 of 40 events: the window was not wholly recorded; they count in the bins that were$' \
    align session --events events.txt --partial
printf 'start_s\tstop_s\n0\t30\n30\t60\n' >halves.tsv
expect 0 '' align session -q --events events.txt -e halves.tsv -o halves_out.tsv
check "borders cut windows" sh -c '! cmp -s halves_out.tsv rates.tsv'
expect 0 '' align session -q --events events.txt -s 30 -k exponential -o smooth.tsv
for limits in poisson student bootstrap; do
    expect 0 '' align session -q --events events.txt -b 100 -l $limits --seed 2 -o $limits.tsv
done
check "limits differ" sh -c '! cmp -s poisson.tsv student.tsv && ! cmp -s student.tsv bootstrap.tsv'
check "rates do not" sh -c '[ "$(cut -f1-5 poisson.tsv)" = "$(cut -f1-5 bootstrap.tsv)" ]'
"$spikekit" align session --events samples.csv -f 0 -t 0.001 -b 0.03 -o tiny.tsv 2>err.txt
check "a rounded bin is said" grep -qx 'spikekit align: bin rounded to 1 sample, 0.03333 ms' err.txt
check "a window that keeps its place is not" sh -c '! grep -q window err.txt'
"$spikekit" align session --events samples.csv -f -0.5 -t 1 -b 0.05 -o place.npz 2>err.txt
check "a rounded bin does not move the window" "$python" -c "
import numpy
e = numpy.load('place.npz')['edges_s']
assert abs(e[0] + 0.5) < 1e-9 and abs(e[-1] - 1) < 1e-9 and len(e) == 22501"
"$spikekit" align session --events samples.csv -b 700 -o place.npz 2>err.txt
check "a shorter window is said" grep -qx \
    'spikekit align: warning: window of whole bins, -0.5 s to 0.9 s' err.txt

# Events that cannot count
printf '59.9\n99\n100.5\n' >late.txt
expect 1 'late.txt: none of 3 events has its window wholly recorded: they are at 59.9 to 100.5 s, the recording at 0 to 60 s$' \
    align session --events late.txt -o late.tsv
check "nothing is written of no event" test ! -e late.tsv
printf '99\n100\n' >none.txt
expect 1 'none of 2 events has its window recorded: ' align session --events none.txt --partial
printf '10\n20\n99\n' >some.txt
"$spikekit" align session --events some.txt -o some.tsv 2>err.txt
check "the last line counts what is used" grep -qx 'spikekit align: some.tsv: 5 units, 2 events, 150 bins' err.txt
"$spikekit" align session --events events.txt --partial -o some.tsv 2>err.txt
check "so it does with --partial" grep -qx 'spikekit align: some.tsv: 5 units, 40 events, 150 bins' err.txt
"$spikekit" align session --events some.txt --partial -o some.tsv 2>err.txt
check "and an event outside is none" grep -qx 'spikekit align: some.tsv: 5 units, 2 events, 150 bins' err.txt
"$spikekit" align session --events samples.npy -o some.tsv 2>err.txt
check "whole numbers are samples" grep -qx 'spikekit align: samples.npy: whole numbers, taken for samples' err.txt
"$python" -c "import numpy; numpy.save('whole.npy', numpy.arange(1, 50, 2))"
expect 1 'none of 25 events .*; its whole numbers were taken for samples, seconds need a decimal type$' \
    align session --events whole.npy
cat events.txt events.txt >twice.txt
"$spikekit" align session --events twice.txt -o twice.tsv 2>err.txt
check "repeated events are said" grep -qx 'spikekit align: warning: 40 of 80 events repeat one at the same sample; each counts, and limits are too narrow' err.txt

# What is said
expect 2 '^spikekit align: --events FILE is missing' align session
expect 2 '^spikekit align: .*SESSION' align --events events.txt
expect 1 'nothing.tsv: ' align session --events nothing.tsv
expect 1 'nothing.txt: No such file' align session --events nothing.txt
expect 1 "events.tsv: no column 'color'$" align session --events events.tsv -c color
expect 2 '--condition needs a table of events' align session --events events.txt -c side
printf 'trial\tt\n1\t2\n' >bad.tsv
expect 1 'bad.tsv: expected a column time_s or sample, found trial, t$' align session --events bad.tsv
printf '0.5\n1.5\n' >bad.dat
expect 1 'bad.dat: expected a column .* found 0.5; a list of times .s. without a header is to end in .txt$' \
    align session --events bad.dat
printf 'onset\n1.5\n' >head.txt
expect 1 "head.txt: line 1: expected a time .s., found 'onset'; a table with a header is to end in .tsv or .csv$" \
    align session --events head.txt
printf 'time_s\n1\nsoon\n' >bad.tsv
expect 1 "bad.tsv: row 2: expected a time \[s\], found 'soon'$" align session --events bad.tsv
printf 'sample\n1.5\n' >bad.tsv
expect 1 "bad.tsv: row 1: expected a sample, found '1.5'$" align session --events bad.tsv
printf 'time_s\n' >bad.tsv
expect 1 'bad.tsv: expected at least one event, found none$' align session --events bad.tsv
printf '1\n2 3\n' >bad.txt
expect 1 "bad.txt: line 2: expected a time \[s\], found '2 3'$" align session --events bad.txt
printf '\n' >bad.txt
expect 1 'bad.txt: expected at least one event, found none$' align session --events bad.txt
"$python" -c "import numpy; numpy.save('bad.npy', numpy.ones((2, 2))); numpy.save('nan.npy', [1, numpy.nan])"
expect 1 'bad.npy: expected one row of times, found 2 dimensions$' align session --events bad.npy
expect 1 'nan.npy: event 2: expected a time \[s\], found -?nan$' align session --events nan.npy
expect 2 '--from-s: expected a time before --to-s, 1, found 2' align session --events events.txt -f 2
expect 2 '--bin-ms: expected more than 0 and at most the window, 1500 ms, found 2000' align session --events events.txt -b 2000
expect 2 '--bin-ms: expected more than 0' align session --events events.txt -b 0
expect 2 '--confidence: expected a share between 0 and 1, found 1' align session --events events.txt --confidence 1
expect 2 "--limits: expected poisson, student or bootstrap, found 'studen'; did you mean 'student'" align session --events events.txt -l studen
expect 2 "--kernel: expected gaussian, boxcar or exponential, found 'x'" align session --events events.txt -k x
expect 2 "--output: expected a name in .tsv, .csv, .npy or .npz, found 'rates.mat'" align session --events events.txt -o rates.mat
expect 2 "--raster: expected a name in .tsv or .csv, found 'r.npz'" align session --events events.txt -r r.npz
expect 2 "--page: expected a name in .html, found 'page.pdf'" align session --events events.txt -p page.pdf
expect 1 "session/spike_times.npy: a file of the session; choose another$" align session -q --events events.txt -o session/spike_times.npy
expect 1 'no-such/page.html: ' align session -q --events events.txt -p no-such/page.html
check "no half-written file" sh -c '! ls | grep -q part-'
finish
