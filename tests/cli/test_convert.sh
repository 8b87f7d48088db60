# SPDX-License-Identifier: BSD-3-Clause
# Every format of convert, there and back.
. "$(dirname "$0")/support.sh"

expect 0 '' simulate -q -o s --units 6 --duration-s 20 --seed 8
expect 0 '^spikekit convert: copy: [0-9]+ spikes of 6 units$' convert s -o copy
for file in spike_times.npy spike_clusters.npy amplitudes.npy; do
    same s/$file copy/$file
done
expect 1 'copy: not empty; --overwrite' convert s -o copy
expect 0 '' convert s -o copy --overwrite
expect 0 '' convert s -o copy3/ -q
check "--quiet says nothing" [ ! -s err.txt ]
check "the finished folder has its name" [ -f copy3/params.py ]

expect 0 '' convert s -o pair --to npy-pair
expect 0 '' convert --times pair.times.npy --clusters pair.clusters.npy --rate 30000 -o back
same s/spike_times.npy back/spike_times.npy
same s/spike_clusters.npy back/spike_clusters.npy

expect 0 '' convert s -o all.tsv
expect 0 '' convert s -o - --to tsv
check "nothing is said when data go to standard output" [ ! -s err.txt ]
same all.tsv out.txt
expect 0 '' convert s -o all.csv
tr , '\t' <all.csv >comma.tsv
same all.tsv comma.tsv
check "header" grep -qx "$(printf 'time_s\tsample\tunit_id')" all.tsv
"$spikekit" info --json s >info.json
check "a line for each spike" \
    grep -qE "\"n_spikes\": $(($(wc -l <all.tsv) - 1)),?" info.json
check "times are samples at 30 kHz, in order" awk -F'\t' '
    NR > 1 { d = $1 * 30000 - $2; if (d > 1e-3 || d < -1e-3 || $2 < last) exit 1; last = $2 }' \
    all.tsv

expect 0 '' convert s -o some.tsv --units 1,3
awk -F'\t' 'NR == 1 || $3 == 1 || $3 == 3' all.tsv >expected.tsv
same some.tsv expected.tsv
printf 'start_s\tstop_s\n2\t5\n5\t6.5\n10\t12\n' >epochs.tsv
expect 0 '' convert s -o some.tsv --units 0-2 --epochs epochs.tsv
awk -F'\t' 'NR == 1 || ($3 <= 2 && (($2 >= 60000 && $2 < 195000) ||
    ($2 >= 300000 && $2 < 360000)))' all.tsv >expected.tsv
same some.tsv expected.tsv
expect 0 '' convert s -o chosen --units 1,3
expect 0 '' convert chosen -o chosen.tsv
expect 0 '' convert s -o some.tsv --units 1,3
same some.tsv chosen.tsv

expect 0 '' convert s -o all.npz
if "$python" -c 'import numpy' 2>/dev/null; then
    cat >look.py <<'EOF'
import numpy as np
d = np.load("all.npz")
times, ids = np.load("s/spike_times.npy").ravel(), np.load("s/spike_clusters.npy").ravel()
assert np.array_equal(d["samples"], times)
assert np.array_equal(d["unit_ids"][d["units"]], ids)
assert d["sampling_rate_hz"] == 30000 and d["start_sample"] <= times[0]
assert d["stop_sample"] > times[-1]
assert np.allclose(d["amplitudes"], np.load("s/amplitudes.npy").ravel(), rtol=1e-7)
assert d["spike_positions_um"].shape == (len(times), 2)
assert len(str(d["quality"]).split("\n")) == 6
EOF
    check "the npz" "$python" look.py
else
    echo "skipped: no numpy to read all.npz with"
fi
expect 1 'no/such' convert s -o no/such/all.tsv
expect 1 'no/such' convert s -o no/such/all.npz
expect 1 'no unit 77' convert s -o x.tsv --units 77
finish
