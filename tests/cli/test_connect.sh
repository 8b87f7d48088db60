# SPDX-License-Identifier: BSD-3-Clause
# spikekit connect: finds planted synapses, shards join to the bytes of one run, and every mistake
# gets one line.
. "$(dirname "$0")/support.sh"

expect 0 '' simulate -q -o s --units 12 --duration-s 300 --seed 5 --rate-median-hz 8 \
    --burst-share 0 --drift-sigma 0 --connection-share 0.06 --inhibitory-share 0 \
    --connection-strength 0.2
expect 0 '^spikekit connect: 132 tests; with q <= 0.05: [0-9]+ excess, 0 lack' \
    connect s -o whole.tsv
check "planted synapses" "$python" - <<'PY'
import csv, json
truth = {(c["source"], c["target"]): c for c in json.load(open("s/truth.json"))["connections"]}
rows = list(csv.DictReader(open("whole.tsv"), delimiter="\t"))
assert list(rows[0]) == ["source", "target", "sign", "latency_ms", "count", "expected", "p", "q",
    "transmission", "transmission_lower", "transmission_upper", "effect", "distance_um",
    "significant", "method"], list(rows[0])
p = [float(r["p"]) for r in rows]
assert p == sorted(p) and all(float(r["q"]) <= 0.05 for r in rows)
found = {(int(r["source"]), int(r["target"])): r for r in rows if r["sign"] == "1"}
hits = set(found) & set(truth)
driven = {(a, b) for s, a in truth for t, b in truth if s == t}  # by the same source
others = set(found) - set(truth) - driven
print(len(truth), "synapses,", len(hits), "found,", len(others), "others")
assert len(truth) >= 4 and len(hits) >= len(truth) - 1 and len(others) <= 2
for pair in hits:
    row, true = found[pair], truth[pair]
    assert abs(float(row["latency_ms"]) - 1e3 * true["latency_s"]) < 0.8, (row, true)
    assert float(row["transmission_lower"]) < float(row["transmission"])
    assert float(row["distance_um"]) > 0 and row["method"] == "hollow"
PY

# Threads, shards, chosen and near pairs: the same bytes.
expect 0 '' connect s -q -o threads.tsv --threads 1
same whole.tsv threads.tsv
expect 0 '' connect s -q -o whole.npz
for n in 2 3 20; do
    parts=()
    for k in $(seq "$n" -1 1); do
        expect 0 '' connect s -q -o part$k.npz --shard $k/$n
        parts+=(part$k.npz)
    done
    expect 0 '' connect -q --join "${parts[@]}" -o joined.tsv
    same whole.tsv joined.tsv
    expect 0 '' connect -q --join "${parts[@]}" -o joined.npz
    same whole.npz joined.npz
done
expect 0 '' connect s -q --all -o all.tsv
expect 0 '' connect s -q --all --near 100000 -o near.tsv
same all.tsv near.tsv
for k in 1 2; do
    expect 0 '' connect s -q --all --near 100000 --shard $k/2 -o near$k.npz
done
expect 0 '' connect -q --all --join near1.npz near2.npz -o near.tsv
same all.tsv near.tsv
check "all tests" test "$(wc -l <all.tsv)" -eq 133
expect 0 '' connect s -q --all --pairs 3:7,7:3
check "two rows and a head" test "$(wc -l <out.txt)" -eq 3
expect 0 '' connect s -q --all --pairs 3:7,7:3 --signs both
check "both signs of either" test "$(wc -l <out.txt)" -eq 5
expect 0 '^spikekit connect: 264 tests; ' connect s --signs both -o both.tsv
expect 0 '^spikekit connect: 264 tests; ' connect s --method kopelowitz -o both.tsv
for method in jitter deconvolution english; do
    expect 0 '^spikekit connect: 132 tests; ' connect s --method $method -o one.tsv
done
expect 0 '' connect s -q --all --units 1-3 -o some.csv
check "a csv" grep -q '^source,target,sign,' some.csv

# What shards hold bounds what a join can say.
for k in 1 2; do
    expect 0 '' connect s -q --max-q 0.001 -o strict$k.npz --shard $k/2
done
expect 1 'the shards hold tests with p <= 0.001 only' \
    connect --join strict1.npz strict2.npz -o x.tsv
expect 1 'expected --all in the shards' connect --all --join strict1.npz strict2.npz -o x.tsv
expect 0 '' connect -q --max-q 0.001 --join strict2.npz strict1.npz -o strict.tsv
expect 0 '' connect s -q --max-q 0.001 -o strict_whole.tsv
same strict.tsv strict_whole.tsv

# The method's own rule, though q may be larger.
expect 0 '' connect s -q --own-rule -m glmcc -o own.tsv
expect 0 '' connect s -q --all -m glmcc -o own_all.tsv
check "rows of the own rule" test "$(wc -l <own.tsv)" -eq \
    "$(awk -F'\t' 'NR == 1 || $14 == 1' own_all.tsv | wc -l)"
for k in 1 2; do
    expect 0 '' connect s -q -m glmcc -o own$k.npz --shard $k/2
done
expect 0 '' connect -q --own-rule --join own1.npz own2.npz -o own_joined.tsv
cut -f 1-7,9- own.tsv >own_cut.tsv # q of these rows is only bounded where p was cut
cut -f 1-7,9- own_joined.tsv >own_joined_cut.tsv
same own_cut.tsv own_joined_cut.tsv

# Every method runs, and says what it is.
expect 0 '' connect --list
cp out.txt list.txt
check "signs are listed" sh -c "head -n 1 list.txt | grep -q '^method  *signs' &&
    grep -qE '^refractory +lack ' list.txt && grep -qE '^english +excess ' list.txt"
check "the lines are alike" sh -c "! sed -n '/^[a-z_]*: /p' list.txt | grep -vE '^[a-z_]+: [A-Z].*[0-9]{4}.*\.\$|_s\b'"
check "no name of Python's" sh -c "! grep -q width_s list.txt"
expect 0 '' connect --help
cp out.txt help.txt
methods=$(sed -n 's/^\([a-z_]*\): .*/\1/p' list.txt)
check "methods are listed" test "$(wc -w <<<"$methods")" -ge 1
for method in $methods; do
    expect 0 '' connect s -q --method "$method" --units 0-3 --all -o m.tsv
    check "$method names itself" grep -q "$method\$" m.tsv
    check "--help says what count and effect of $method are" grep -qE "^ +([a-z]+, )?$method(,|  )" help.txt
done

# The bin at lag 0: the method's own choice, or told.
expect 0 '' connect s -q --all --skip-center no -o center_no.tsv
same all.tsv center_no.tsv
expect 0 '' connect s -q --all --skip-center yes -o center_yes.npz
expect 0 '' connect s -q --all -m english -o english.tsv
expect 0 '' connect s -q --all -m english --skip-center yes -o english_yes.tsv
same english.tsv english_yes.tsv
check "skip_center is noted" "$python" -c 'import json, numpy
assert json.loads(str(numpy.load("center_yes.npz")["meta"]))["skip_center"] == 1
assert json.loads(str(numpy.load("whole.npz")["meta"]))["skip_center"] == 0'

# Epochs: nothing is counted outside them.
printf 'start_s\tstop_s\n0\t100\n200\t300\n' >epochs.tsv
expect 0 '' connect s -q --all --epochs epochs.tsv -o epochs_out.tsv
check "other counts" test "$(cmp -s all.tsv epochs_out.tsv; echo $?)" -eq 1

# p below the smallest double is written as it is, and reads back from arrays.
check "arrays" "$python" - <<'PY'
import csv, json, numpy, math
d = numpy.load("whole.npz")
rows = list(csv.DictReader(open("whole.tsv"), delimiter="\t"))
assert len(d["log_p"]) == len(rows) and int(d["n_tests"][0]) == 132
for k, row in enumerate(rows):
    if d["log_p"][k] < -750:
        mantissa, exponent = row["p"].split("e")
        assert abs(math.log(float(mantissa)) + int(exponent) * math.log(10) - d["log_p"][k]) < 1e-4
    else:
        assert abs(float(row["p"]) / math.exp(d["log_p"][k]) - 1) < 1e-5 or d["log_p"][k] < -700
    assert abs(float(row["latency_ms"]) - 1e3 * d["latency_s"][k]) < 1e-6
meta = json.loads(str(d["meta"]))
assert meta["method"] == "hollow" and len(meta["inputs"]) > 0, meta
PY

# Mistakes.
expect 2 "method must be one of hollow.*, got 'magic'" connect s --method magic
expect 2 "signs: expected excess, lack or both, found 'up'" connect s --signs up
expect 2 'join and --shard' connect s --join --shard 1/2 -o x.npz
expect 2 'near and --pairs' connect s --near 5 --pairs 1:2
expect 2 'shard: expected -o with a name in .npz' connect s --shard 1/2 -o x.tsv
expect 2 'shard: expected K/N' connect s --shard 3/2 -o x.npz
expect 2 "skip-center: expected yes or no, found 'perhaps'" connect s --skip-center perhaps
expect 2 'all and --own-rule' connect s --all --own-rule
expect 2 '--skip-center: expected no for method glmcc' connect s -m glmcc --skip-center yes -o x.tsv
expect 2 'max-q' connect s --max-q 0
expect 2 'max-q' connect s --max-q 2
expect 2 '--alpha: expected a level between 0 and 1, found 1.5' connect s --alpha 1.5 -o x.tsv
expect 2 '--max-latency-ms: expected at most half of --window-ms, 50 ms, found 900' \
    connect s --max-latency-ms 900 -o x.tsv
expect 2 '--window-ms: expected at least twice --max-latency-ms, 8 ms, found 5' \
    connect s --window-ms 5 -o x.tsv
expect 2 '--window-ms: expected at most the recording, 300000 ms, found 1e.06' \
    connect s --window-ms 1e6 -o x.tsv
expect 2 '--bin-ms: expected at most half of --window-ms' connect s --bin-ms 80 -o x.tsv
expect 2 '--max-latency-ms: no bin of 20 ms' connect s --bin-ms 20 -o x.tsv
expect 2 '--width-ms: expected more than 0 ms, found -1' connect s --width-ms -1 -o x.tsv
expect 2 '--min-latency-ms: expected 0 ms or more, found -1' connect s --min-latency-ms -1 -o x.tsv
expect 2 '--max-latency-ms: expected at least --min-latency-ms, 3 ms, found 2' \
    connect s --min-latency-ms 3 --max-latency-ms 2 -o x.tsv
expect 2 '--signs: method refractory tests lack only' connect s -m refractory --signs both -o x.tsv
expect 2 '--pairs: expected two units, found 3 twice' connect s --pairs 3:3 -o x.tsv
expect 2 '--output: expected a name in .tsv, .csv or .npz' connect s -o x.xlsx
expect 2 '--alpha: method glmcc has none; leave it out' connect s -m glmcc --alpha 0.01 -o x.tsv
expect 2 '--width-ms: method kopelowitz has none' connect s -m kopelowitz --width-ms 5 -o x.tsv
expect 2 '--join takes the parts as they were made; leave out --method' \
    connect --join part1.npz -m jitter -o x.tsv
expect 2 'leave out --near' connect --join part1.npz --near 50 -o x.tsv
# Nothing to test: why
printf 'start_s\tstop_s\n0\t1\n' >early.tsv
"$python" -c "import numpy; numpy.save('t2.npy', numpy.append(numpy.arange(100), 1000 + numpy.arange(100)) * 0.01)
numpy.save('u2.npy', numpy.arange(200) // 100)"
expect 0 ' 0 tests: a single unit is chosen$' connect s -u 5 -o none.tsv
expect 0 ' 0 tests: no two units are so near$' connect s --near 0 -o none.tsv
expect 0 ' 0 tests: fewer than two units have spikes within --epochs$' \
    connect --times t2.npy --clusters u2.npy --rate 30000 -e early.tsv -o none.tsv
"$python" -c "import numpy; numpy.save('t.npy', numpy.arange(5000) * 0.01); numpy.save('u.npy', numpy.arange(5000) % 2)"
for method in glmcc glmcc_lr; do
    expect 1 'on too fine a grid .*--rate 30000' connect --times t.npy --clusters u.npy -m $method -o x.tsv
    expect 0 '' connect --times t.npy --clusters u.npy --rate 30000 -m $method -o fine.tsv
done
expect 1 'no unit 99' connect s --pairs 1:99 -o x.tsv
expect 1 'shards missing' connect --join part1.npz -o x.tsv
expect 1 "no array 'shard'" connect --join whole.npz -o x.tsv
expect 0 '' connect s -q -o other1.npz --shard 1/2 --alpha 0.02
expect 0 '' connect s -q -o mine2.npz --shard 2/2
expect 1 'do not belong together: they differ in alpha' \
    connect --join other1.npz mine2.npz -o x.tsv
expect 1 'a file of the session' connect s -o s/cluster_group.tsv
check "nothing half-written" test ! -e x.tsv -a ! -e x.npz
finish
