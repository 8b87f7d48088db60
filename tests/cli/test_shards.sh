# SPDX-License-Identifier: BSD-3-Clause
# Shards joined, any number of threads, and rows one by one give the bytes of one run.
. "$(dirname "$0")/support.sh"

# Spikes so dense that the whole cube is held in memory, where nothing forbids it.
expect 0 '' simulate -q -o s --units 7 --duration-s 30 --seed 9 --rate-median-hz 40
expect 0 '' correlogram s -o whole.npz --threads 1
for threads in 2 3; do
    expect 0 '' correlogram s -o threads.npz --threads $threads
    same whole.npz threads.npz
    expect 0 '' correlogram s -o rows.npz --threads $threads --memory-gb 0
    same whole.npz rows.npz
done

# 10 shards of 7 rows: some are empty.
for n in 1 2 3 7 10; do
    parts=()
    for k in $(seq "$n" -1 1); do # in any order
        expect 0 '' correlogram s -o part$k.npz --shard $k/$n
        parts+=(part$k.npz)
    done
    if [ "$n" -eq 1 ]; then
        same whole.npz part1.npz
        continue
    fi
    expect 0 '' correlogram --join "${parts[@]}" -o joined.npz
    same whole.npz joined.npz
    rm -f joined.npz
done

# The same for every other kind of run.
kinds=("--auto" "--near 2500" "--pairs 1:2,3:3,2:1,5:6,6:5" "--units 0-3 --against 2-6"
    "--normalization pearson" "--auto -n rate" "--convention spikeinterface --units 1-4"
    "--convention phy" "--convention pynapple" "--compress" "--against 1,2 -n rate")
for kind in "${kinds[@]}"; do
    compress=
    [ "$kind" = --compress ] && compress=--compress
    # shellcheck disable=SC2086
    expect 0 '' correlogram s -o whole2.npz $kind
    for memory in 0 1; do
        for k in 1 2 3; do
            # shellcheck disable=SC2086
            expect 0 '' correlogram s -o p$k.npz $kind --shard $k/3 --memory-gb $memory -t 2
        done
        # shellcheck disable=SC2086
        expect 0 '' correlogram --join p3.npz p1.npz p2.npz -o joined.npz $compress
        same whole2.npz joined.npz
    done
    # shellcheck disable=SC2086
    expect 0 '' correlogram s -o rows.npz $kind --memory-gb 0
    same whole2.npz rows.npz
done

# What does not belong together is not joined.
for k in 1 2 3 4; do
    expect 0 '' correlogram s -o q$k.npz --shard $k/4
done
rm -f joined.npz
expect 1 'shards missing of 4: 2, 4$' correlogram --join q1.npz q3.npz -o joined.npz
expect 1 'shard 1 is there twice' correlogram --join q1.npz q1.npz q2.npz q3.npz -o joined.npz
expect 1 'shard . of .*, but .* is shard . of ' correlogram --join q1.npz p2.npz -o joined.npz
expect 1 "whole.npz: expected a file of --shard" correlogram --join whole.npz -o joined.npz
expect 0 '' correlogram s -o other.npz --shard 2/4 --bin-ms 1
expect 1 'do not belong together: they differ in bin_ms' \
    correlogram --join q1.npz other.npz q3.npz q4.npz -o joined.npz
expect 0 '' simulate -q -o s2 --units 7 --duration-s 30 --seed 10
expect 0 '' correlogram s2 -o other.npz --shard 2/4
expect 1 'do not belong together' \
    correlogram --join q1.npz other.npz q3.npz q4.npz -o joined.npz
expect 1 'nothing.npz' correlogram --join nothing.npz -o joined.npz
head -c 500 q2.npz >cut.npz
expect 1 'cut.npz' correlogram --join q1.npz cut.npz q3.npz q4.npz -o joined.npz
check "nothing was written" [ ! -e joined.npz ]
finish
