# SPDX-License-Identifier: BSD-3-Clause
# Odd and broken inputs: an exact answer, or one line that names the file.
. "$(dirname "$0")/support.sh"
"$python" "$here/make_inputs.py" || fail "make_inputs.py"

spikes_of() { # the number of spikes that info finds
    "$spikekit" info --json "$@" | sed -n 's/.*"n_spikes": \([0-9]*\).*/\1/p'
}
for name in plain column code labels; do
    check "$name has 5 spikes" [ "$(spikes_of $name)" = 5 ]
done
check "code in params.py is not executed" [ ! -e executed ]

expect 1 'no_times: .*; or give --times FILE --clusters FILE$' info no_times
expect 1 'no_clusters' info no_clusters
expect 1 'truncated/spike_times.npy: ' info truncated
expect 1 'lengths_differ/.*expected .*5.*found .*4|lengths_differ/.*expected .*4.*found .*5' \
    info lengths_differ
expect 1 'two_columns/spike_times.npy: .*\(3, ?2\)' info two_columns
expect 1 'unsorted.*--sort puts them in order$' info unsorted
check "--sort sorts" [ "$(spikes_of --sort unsorted)" = 5 ]
expect 1 'nan_times/spike_times.npy: ' info nan_times
expect 1 'fractional/spike_times.npy: ' info fractional
expect 1 'beyond/spike_times.npy: ' info beyond
expect 1 'text/spike_times.npy: ' info text
expect 1 'pickle/spike_times.npy: ' info pickle
check "a pickle is not read" [ ! -e executed ]
expect 1 'no_rate/params.py: expected sample_rate = a number, found none; or give --rate HZ$' \
    info no_rate
check "--rate gives the rate" [ "$(spikes_of --rate 30000 no_rate)" = 5 ]
expect 1 'not_utf8/cluster_group.tsv: ' info not_utf8
expect 1 '/dev/null' info /dev/null
expect 1 'nothing' info nothing

check "a pair in samples" [ "$(spikes_of --times times.npy --clusters clusters.npy --rate 3e4)" = 5 ]
check "a pair in seconds" [ "$(spikes_of --times seconds.npy --clusters clusters.npy)" = 5 ]
expect 1 'give the sampling rate: --rate HZ$' info --times times.npy --clusters clusters.npy
expect 1 'unless --times and --clusters are swapped' info --times unsorted/spike_times.npy \
    --clusters clusters.npy --rate 3e4
expect 2 'rate 30000 takes times in seconds to a coarser grid' correlogram \
    --times seconds.npy --clusters clusters.npy -o x.npz --window-ms 10000
expect 1 'clusters_short.npy|times.npy' info --times times.npy --clusters clusters_short.npy --rate 3e4
# Samples with fractions look like seconds of a very long recording
"$python" -c "
import numpy
n = len(numpy.load('clusters.npy'))
numpy.save('fractions.npy', numpy.linspace(0.5, 36000000.5, n))
numpy.save('days.npy', numpy.linspace(0.5, 259200.5, n))"
expect 0 '' info --times fractions.npy --clusters clusters.npy --rate 15000
check "so it is said" grep -q 'fractions.npy: times of type float64 are taken for seconds' out.txt
expect 0 '' info --times days.npy --clusters clusters.npy --rate 15000
check "three days may be" sh -c '! grep -q "taken for seconds" out.txt'
expect 1 'seconds_nan.npy: ' info --times seconds_nan.npy --clusters clusters.npy
expect 1 'none.npy' info --times none.npy --clusters clusters.npy

# A name that is not UTF-8, and one that holds a line break, are names like any other.
cp -r plain "$(printf 'pl\xe9in')"
expect 0 '' info --json "$(printf 'pl\xe9in')"
check "the name in JSON" grep -q '"path": "pl?in"' out.txt
cp times.npy "$(printf 't\xff.npy')"
expect 0 '' correlogram --times "$(printf 't\xff.npy')" --clusters clusters.npy --rate 3e4 -o n.npz
expect 1 'no\?thing' info "$(printf 'no\nthing')"

expect 0 '' info empty
check "no spikes: rates are undefined" grep -q '^firing rates  undefined' out.txt
expect 0 '' info --json empty
check "no spikes: null" grep -q '"median": null' out.txt
expect 0 '' info one_spike

# The same inputs to the other commands.
for name in plain labels empty one_spike; do
    expect 0 '' correlogram $name -o $name.npz --convention spikekit
    check "$name.npz is there" [ -s $name.npz ]
    expect 0 '' correlogram $name -o $name-auto.npz --auto -n pearson
    expect 0 '' convert $name -o $name.tsv
done
check "no spikes, no lines" [ "$(wc -l <empty.tsv)" = 1 ]
for k in 1 2; do
    expect 0 '' correlogram empty -o part$k.npz --shard $k/2
done
expect 0 '' correlogram --join part1.npz part2.npz -o joined.npz
same empty.npz joined.npz
expect 1 'truncated/spike_times.npy: ' correlogram truncated -o x.npz
expect 1 'truncated/spike_times.npy: ' convert truncated -o x.tsv
expect 1 'no unit of the session is noise' correlogram labels -o x.npz --units noise
expect 0 '' convert labels -o good.tsv --units good
check "the good unit has 3 spikes" [ "$(wc -l <good.tsv)" = 4 ]
expect 1 'near' correlogram --times times.npy --clusters clusters.npy --rate 3e4 -o x.npz \
    --near 100
check "nothing is written after a failure" sh -c '[ ! -e x.npz ] && [ ! -e x.tsv ]'

# Counts that can be told by hand: 10 and 20 of unit 4 and 20 of unit 7, at 1 ms bins.
if "$python" -c 'import numpy' 2>/dev/null; then
    expect 0 '' correlogram plain -o hand.npz --window-ms 3 --bin-ms 1
    cat >hand.py <<'EOF'
import numpy as np
d = np.load("hand.npz")
assert list(d["unit_ids"]) == [4, 7]
assert d["counts"].tolist() == [[[0, 2, 0], [0, 2, 0]], [[0, 2, 0], [0, 0, 0]]], d["counts"]
EOF
    check "counts by hand" "$python" hand.py
else
    echo "skipped: no numpy to read hand.npz with"
fi
finish
