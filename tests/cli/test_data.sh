# SPDX-License-Identifier: BSD-3-Clause
# A real recording sorted by Kilosort 4: info at once, all correlograms, shards.
. "$(dirname "$0")/support.sh"
session=$data/ks4_ibl_zfm02370
[ -d "$session" ] || skip "no real recording in $session"

expect 0 '' info --json "$session"
n_units=$(sed -n 's/.*"n_units": \([0-9]*\).*/\1/p' out.txt)
check "units: $n_units" [ "${n_units:-0}" -gt 300 ]
check "labels are read" grep -q '"KSLabel"' out.txt
expect 0 '' info "$session"

expect 0 '' correlogram "$session" -o whole.npz --bin-ms 1 -t 1
expect 0 '' correlogram "$session" -o rows.npz --bin-ms 1 -t 3 --memory-gb 0
same whole.npz rows.npz
for n in 2 3; do
    parts=()
    for k in $(seq "$n"); do
        expect 0 '' correlogram "$session" -o part$k.npz --bin-ms 1 --shard $k/"$n"
        parts+=(part$k.npz)
    done
    expect 0 '' correlogram --join "${parts[@]}" -o joined.npz
    same whole.npz joined.npz
done
expect 0 '' correlogram "$session" -o near.npz --near 50 --units good
expect 0 '' convert "$session" -o copy --units good
expect 0 '' info copy
rm -f ./*.npz
finish
