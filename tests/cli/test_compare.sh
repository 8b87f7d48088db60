# SPDX-License-Identifier: BSD-3-Clause
# compare: two sorters, the truth, several sorters, and every way to ask for the impossible.
. "$(dirname "$0")/support.sh"

# said PATTERN: standard output of the last command has such a line
said() {
    check "standard output: expected /$1/, found: $(cat out.txt)" grep -qE -- "$1" out.txt
}

expect 0 '' simulate -q -o a --units 8 --duration-s 30 --seed 5
expect 0 '' simulate -q -o b --units 8 --duration-s 30 --seed 5 --missed-max 0 \
    --contamination-max 0
expect 0 '' simulate -q -o c --units 8 --duration-s 30 --seed 5 --missed-max 0.3
# A sorter with two of eight units.
expect 0 '' convert -q b -o d --units 2,5

# With itself everything is found.
expect 0 '' compare a a -o self.tsv
said '^matched +8 pairs of units .*, mean agreement 1.0000$'
said '^only in first +0 of 8 units$'
expect 0 '' compare a a --truth --exhaustive -o self.tsv
said '^well detected +8 of 8 units of the truth'
said '^bad +0 of 8 units tested'
said '^  precision +1.0000$'
check "every unit matches itself" awk -F'\t' \
    'NR > 1 && ($2 != $7 || $8 != 1 || $4 != "well_detected") { exit 1 }' self.tsv
check "a row for each unit of both" [ "$(wc -l <self.tsv)" -eq 17 ]

# Units of noise are left out unless they are asked for.
cp -r a noisy
printf 'cluster_id\tgroup\n3\tnoise\n' >noisy/cluster_group.tsv
expect 0 '^spikekit compare: noisy: 1 unit labelled noise left out; --units all compares all$' \
    compare a noisy
said '^second  noisy: 7 units'
expect 0 '' compare a noisy --units all
said '^matched +8 pairs'

# The sorter that misses nothing is the truth of the one that misses some.
expect 0 '' compare b d --truth -o d.tsv
said '^well detected +2 of 8 units of the truth'
said '^not found +6 of 8 units .*: 0, 1, 3, 4, 6, 7$'
check "what is not found is missed, its precision unknown" awk -F'\t' '
    NR == 1 { for (k = 1; k <= NF; k++) at[$k] = k; next }
    $at["session"] == "truth" && $at["class"] == "unmatched" {
        n++; if ($at["recall"] != 0 || $at["precision"] != "" || $at["match"] != "" ||
                 $at["fn"] != $at["n_spikes"]) exit 1 }
    END { exit n != 6 }' d.tsv
expect 0 '' compare d b --truth --exhaustive -o back.tsv
said '^false positive +6 of 8 units tested .*: 0, 1, 3, 4, 6, 7$'
check "false positive units" [ "$(grep -c false_positive back.tsv)" -eq 6 ]
check "the limits hold the recall" awk -F'\t' '
    NR == 1 { for (k = 1; k <= NF; k++) at[$k] = k; next }
    $at["session"] == "truth" && !($at["recall_lower"] < 1 && $at["recall_upper"] == 1 &&
                                   $at["recall"] == 1) { exit 1 }' back.tsv
expect 0 '' compare b c --truth -o wide.csv --confidence 0.999
expect 0 '' compare b c --truth -o narrow.csv --confidence 0.5
check "wider limits at higher confidence" [ "$(cut -d, -f15 wide.csv | sed -n 2p)" != \
    "$(cut -d, -f15 narrow.csv | sed -n 2p)" ]
expect 0 '' compare b c --truth --best --distance --match-score 0.3 --delta-ms 0.2
said '^spikes match within 6 samples, 0.2 ms$'

# The same bytes for any number of threads.
expect 0 '' compare b c -o one.tsv --npz one.npz --threads 1
expect 0 '' compare b c -o four.tsv --npz four.npz --threads 4
same one.tsv four.tsv
same one.npz four.npz
if "$python" -c 'import numpy' 2>/dev/null; then
    cat >look.py <<'PY'
import numpy as np
d = np.load("one.npz")
times = {k: np.load(f"{k}/spike_times.npy").ravel() for k in "bc"}
units = {k: np.load(f"{k}/spike_clusters.npy").ravel() for k in "bc"}
assert d["matches"].dtype == np.int64 and d["matches"].shape == (8, 8)
n = np.array([np.sum(units["b"] == u) for u in d["unit_ids_a"]])
k = np.array([np.sum(units["c"] == u) for u in d["unit_ids_b"]])
m = d["matches"]
assert np.array_equal(d["agreements"], m / (n[:, None] + k[None, :] - m))
# Every spike of c that is in b matches it; the others are foreign.
for u in range(8):
    common = np.intersect1d(times["b"][units["b"] == u], times["c"][units["c"] == u])
    assert m[u, u] >= len(common) > 0
f = d["confusion"]
assert f.shape == (9, 9) and np.array_equal(f[:8].sum(axis=1), n[d["confusion_ids_a"]])
assert np.array_equal(f[:, :8].sum(axis=0), k[d["confusion_ids_b"]])
PY
    check "the npz" "$python" look.py
else
    echo "skipped: no numpy to read one.npz with"
fi

# Several sorters, and their trains.
expect 0 '^spikekit compare: union: [0-9]+ spikes$' compare b c d -o shared.tsv \
    --agreement-trains union --members 3
said '^found by 3 of 3 +2$'
check "header" [ "$(head -1 shared.tsv)" = "$(printf 'cluster_id\tn_sorters\tagreement\tb\tc\td')" ]
check "units 2 and 5 are shared by all" [ "$(awk -F'\t' '$2 == 3 { print $4 $5 $6 }' shared.tsv |
    tr '\n' ' ')" = "222 555 " ]
expect 0 '' compare b d -q --agreement-trains both --findings 0
expect 0 '' convert b -q -o some.tsv --units 2,5
expect 0 '' convert both -q -o both.tsv
check "of equal trains the intersection is the train" cmp <(cut -f1,2 some.tsv) <(cut -f1,2 both.tsv)
expect 1 'both: not empty; choose another folder$' compare b d --agreement-trains both

# Parts of the recording, and some units.
printf 'start_s\tstop_s\n5\t10\n20\t22\n' >epochs.tsv
expect 0 '' compare a a -o part.tsv --epochs epochs.tsv
check "spikes in the epochs only" awk -F'\t' 'NR == FNR { n[FNR] = $3; next }
    FNR > 1 && $3 >= n[FNR] { exit 1 }' self.tsv part.tsv
expect 0 '' compare b c --truth --units 2,5
said '^tested +c: 2 units'
said '^truth +b: 8 units'

# What cannot be.
expect 2 'expected two sessions or more, found 1' compare a
expect 2 '--truth takes two sessions, found 3' compare a b c --truth
expect 2 '--exhaustive goes with --truth' compare a b --exhaustive
expect 2 '--best goes with --truth' compare a b --best
expect 2 '--npz takes two sessions, found 3' compare a b c --npz x.npz
expect 2 'exclude each other' compare a b --truth --agreement-trains x
expect 2 '--match-score: expected more than 0, at most 1, found 0' compare a b --match-score 0
expect 2 '--confidence: expected 0 to 1, found 95' compare a b --truth --confidence 95
expect 2 '--delta-ms: expected 0 or more, found -1' compare a b --delta-ms -1
expect 2 'one file, x.tsv' compare a b -o x.tsv --npz x.tsv
expect 2 'a is given twice' compare a b a
expect 1 'no such|No such file' compare a nowhere
expect 1 'delta is 3e\+07 samples|delta is' compare a b --delta-ms 1e9
expect 1 'a/spike_times.npy: a file of a' compare a b -o a/spike_times.npy
expect 1 'no/such' compare a b -o no/such/x.tsv
expect 1 'no/such' compare a b --npz no/such/x.npz
check "nothing half-written" [ ! -e no ]
expect 0 '' info a
expect 0 '' simulate -q -o slow --units 8 --duration-s 30 --rate 20000
expect 1 'a is sampled at 30000 Hz, slow at 20000 Hz: expected one recording; --rate' compare a slow
expect 0 '' simulate -q -o long --units 8 --duration-s 60
expect 0 'warning: the first lasts 30.0 s, the second 60.0 s' compare a long
finish
