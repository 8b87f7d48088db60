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
check "a run says nothing when standard error is no terminal" [ ! -s err.txt ]
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
expect 2 'window-ms' correlogram s -o x.npz --window-ms 0
expect 2 'window-ms' correlogram s -o x.npz --bin-ms 0.001
expect 1 'epochs-none.tsv' correlogram s -o x.npz --epochs epochs-none.tsv
printf 'start\tstop_s\n1\t2\n' >bad.tsv
expect 1 'bad.tsv: .*no start_s' correlogram s -o x.npz --epochs bad.tsv
printf 'start_s\tstop_s\n1\tx\n' >bad.tsv
expect 1 'bad.tsv' correlogram s -o x.npz --epochs bad.tsv
printf 'start_s\tstop_s\n1\t3\n2\t4\n' >bad.tsv
expect 1 'bad.tsv' correlogram s -o x.npz --epochs bad.tsv
printf 'start_s\tstop_s\n1\t\n' >bad.tsv
expect 1 'bad.tsv: row 1' correlogram s -o x.npz --epochs bad.tsv
printf 'start_s\tstop_s\n' >bad.tsv
expect 1 'at least one epoch' correlogram s -o x.npz --epochs bad.tsv
expect 1 'no/such' correlogram s -o no/such/x.npz
check "nothing is written after a failure" [ ! -e x.npz ]
finish
