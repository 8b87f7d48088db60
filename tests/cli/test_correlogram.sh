# SPDX-License-Identifier: BSD-3-Clause
# Every form of `spikekit correlogram`, against the definition worked out with numpy.
. "$(dirname "$0")/support.sh"
"$python" -c 'import numpy' 2>/dev/null || skip "no numpy for $python to read arrays with"

# Spikes so dense that the whole cube is held in memory, where nothing forbids it.
expect 0 '' simulate -q -o s --units 7 --duration-s 40 --seed 5 --rate-median-hz 30
printf 'start_s\tstop_s\n0.5\t9.25\n9.25\t20\n30\t39.9\n' >epochs.tsv
oracle() { # FILE key=value...
    local file=$1
    shift
    check "oracle of $file $*" "$python" "$here/correlogram_oracle.py" s "$file" "$@"
}

expect 0 '' correlogram s -o whole.npz
check "a run tells what it wrote" grep -qx \
    'spikekit correlogram: whole.npz: 7 x 7 units, 201 bins of 0.5 ms' err.txt
expect 0 '' correlogram s -o again.npz --quiet
check "--quiet says nothing" [ ! -s err.txt ]
same whole.npz again.npz
expect 0 '' correlogram s -o one.npz --units 3 --auto --window-ms 1 --bin-ms 1
check "one unit, one bin" grep -qx 'spikekit correlogram: one.npz: 1 unit, 1 bin of 1 ms' err.txt
expect 0 '' correlogram s -o thin.npz --pairs 1:2 --window-ms 10 --bin-ms 0.06
check "a rounded bin is told" grep -qx \
    'spikekit correlogram: bin rounded to 2 samples, 0.0667 ms' err.txt
check "the actual bin is in meta" "$python" -c 'import json, numpy as np
meta = json.loads(str(np.load("thin.npz")["meta"]))
assert meta["bin_ms"] == 0.06 and meta["bin_s"] == 2 / 30000, meta'
check "a rounded bin is two lines" [ "$(wc -l <err.txt)" -eq 2 ]
oracle whole.npz
expect 0 '' correlogram s -o wide.npz --window-ms 41 --bin-ms 1
oracle wide.npz window_ms=41 bin_ms=1
expect 0 '' correlogram s -o auto.npz --auto
oracle auto.npz layout=auto
expect 0 '' correlogram s -o some.npz --units 1,3-5
oracle some.npz
expect 0 '' correlogram s -o pairs.npz --pairs 3:1,1:1,1:3,6:0
oracle pairs.npz layout=pairs
expect 0 '' correlogram s -o near.npz --near 2000
oracle near.npz layout=pairs
expect 0 '' correlogram s -o near2.npz --near 2000 --units 0-4
oracle near2.npz layout=pairs
expect 0 '' correlogram s -o against.npz --units 0-2 --against 2,5
oracle against.npz against=2,5
expect 0 '' correlogram s -o epochs.npz --epochs epochs.tsv
oracle epochs.npz epochs=epochs.tsv
# Epochs beyond the recording of 40 s are cut there.
printf 'start_s\tstop_s\n30\t50\n60\t70\n' >beyond.tsv
printf 'start_s\tstop_s\n30\t40\n' >cut.tsv
expect 0 '' correlogram s -o beyond.npz --epochs beyond.tsv -n pearson
check "what is outside is told" \
    grep -q 'beyond.tsv: 20 s of 30 s are outside the recording, 0 s to 40 s' err.txt
expect 0 '' correlogram s -o cut.npz --epochs cut.tsv -n pearson
check "cut epochs are silent" sh -c '! grep -q outside err.txt'
cat >cut.py <<'EOF'
import json
import numpy as np
a, b = np.load("beyond.npz"), np.load("cut.npz")
for key in ("counts", "values", "exposure_s"):
    assert np.array_equal(a[key], b[key], equal_nan=a[key].dtype.kind == "f"), key
meta = json.loads(str(a["meta"]))
assert meta["epochs"]["duration_samples"] == 300000, meta
assert meta["bin_s"] == 0.0005 and meta["bin_samples"] == 15, meta
EOF
check "epochs beyond the recording" "$python" cut.py
printf 'start_s\tstop_s\n100\t200\n' >outside.tsv
expect 0 '' correlogram s -o outside.npz --epochs outside.tsv
for normalization in rate conditional-rate pearson; do
    expect 0 '' correlogram s -o v.npz --normalization $normalization
    oracle v.npz normalization=$normalization
    expect 0 '' correlogram s -o v2.npz --normalization $normalization --memory-gb 0
    same v.npz v2.npz
    expect 0 '' correlogram s -o v.npz -n $normalization --epochs epochs.tsv --pairs 1:4,4:1
    oracle v.npz layout=pairs epochs=epochs.tsv normalization=$normalization
    expect 0 '' correlogram s -o v.npz -n $normalization --auto
    oracle v.npz layout=auto normalization=$normalization
    expect 0 '' correlogram s -o v.npz -n $normalization --units 4-6 --against 0,1
    oracle v.npz against=0,1 normalization=$normalization
done

# The same spikes from a bare pair, and through a compressed file.
expect 0 '' correlogram --times s/spike_times.npy --clusters s/spike_clusters.npy \
    --rate 30000 -o pair.npz
expect 0 '' correlogram s -o deflated.npz --compress
check "compression makes it smaller" \
    [ "$(stat -c %s deflated.npz)" -lt "$(stat -c %s whole.npz)" ]
cat >compare.py <<'EOF'
import numpy as np
whole = np.load("whole.npz")
for name in ("pair.npz", "deflated.npz"):
    d = np.load(name)
    assert sorted(d.files) == sorted(whole.files), name
    for key in ("counts", "unit_ids", "lags_s"):
        assert np.array_equal(d[key], whole[key]), (name, key)
# The conventions that are a turn of ours away.
d = np.load("spikeinterface.npz")
assert d["counts"].shape[2] % 2 == 0
assert np.array_equal(d["counts"].transpose(1, 0, 2).sum(), d["counts"].sum())
assert np.load("cellexplorer.npz")["counts"].shape == whole["counts"].shape
EOF
for convention in spikeinterface phy pynapple cellexplorer; do
    expect 0 '' correlogram s -o $convention.npz --convention $convention
    expect 0 '' correlogram s -o again.npz --convention $convention --memory-gb 0
    same $convention.npz again.npz
done
check "arrays of pair, compressed and other conventions" "$python" compare.py

# The counts of the swapped layout with two populations.
expect 0 '' correlogram s -o si.npz -c spikeinterface --units 0-2 --against 2,5
cat >swapped.py <<'EOF'
import numpy as np
d, whole = np.load("si.npz"), np.load("spikeinterface.npz")
assert d["counts"].shape[:2] == (2, 3)
assert np.array_equal(d["counts"], whole["counts"][[2, 5]][:, [0, 1, 2]])
EOF
check "spikeinterface with two populations" "$python" swapped.py

expect 1 'no unit 99 in the session' correlogram s -o x.npz --units 99
expect 1 'no unit in 90-99 in the session' correlogram s -o x.npz --units 1,90-99
expect 1 'no unit 99 in the session' correlogram s -o x.npz --pairs 1:99
expect 2 'expected unit ids like' correlogram s -o x.npz --pairs 1:
expect 2 'expected unit ids like' correlogram s -o x.npz --pairs 1,2
expect 2 'expected unit ids like' correlogram s -o x.npz --pairs 1:2,
expect 2 'expected all, good' correlogram s -o x.npz --units 1,,2
expect 2 'expected all, good' correlogram s -o x.npz --units 5-2
expect 2 'window-ms: expected more than 0 ms, found 0' correlogram s -o x.npz --window-ms 0
expect 2 'bin-ms: expected more than 0 ms, found -1' correlogram s -o x.npz --bin-ms=-1
expect 2 'bin-ms: expected at least one sample, 0.0333 ms, found 0.001 ms' \
    correlogram s -o x.npz --bin-ms 0.001
expect 2 'bin-ms: expected at most half of --window-ms, 5 ms, found 6 ms' \
    correlogram s -o x.npz -c spikeinterface --window-ms 10 --bin-ms 6
expect 2 'window-ms: 1e\+09 ms are too many' correlogram s -o x.npz --window-ms 1e9
expect 1 'epochs-none.tsv' correlogram s -o x.npz --epochs epochs-none.tsv
printf 'start\tstop_s\n1\t2\n' >bad.tsv
expect 1 'bad.tsv: .*no start_s' correlogram s -o x.npz --epochs bad.tsv
printf 'start_s\tstop_s\n1\tx\n' >bad.tsv
expect 1 "bad.tsv: row 1: expected a time \\[s\\], found 'x'" correlogram s -o x.npz --epochs bad.tsv
printf 'start_s\tstop_s\n1\t3\n2\t4\n' >bad.tsv
expect 1 'bad.tsv: row 2: starts at 2 s, before the end of the row above, 3 s' \
    correlogram s -o x.npz --epochs bad.tsv
printf 'start_s\tstop_s\n1\t2\n4\t3\n' >bad.tsv
expect 1 'bad.tsv: row 2: expected stop_s .* found 4 s to 3 s' \
    correlogram s -o x.npz --epochs bad.tsv
printf 'start_s\tstop_s\n1\t\n' >bad.tsv
expect 1 'bad.tsv: row 1' correlogram s -o x.npz --epochs bad.tsv
printf 'start_s\tstop_s\n' >bad.tsv
expect 1 'at least one epoch' correlogram s -o x.npz --epochs bad.tsv
expect 1 'no/such' correlogram s -o no/such/x.npz
check "nothing is written after a failure" [ ! -e x.npz ]
finish
