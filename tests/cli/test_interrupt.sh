# SPDX-License-Identifier: BSD-3-Clause
# A signal, a file-size limit or a full disk leaves nothing half-written.
. "$(dirname "$0")/support.sh"

expect 0 '' simulate -q -o s --units 60 --duration-s 200 --seed 2
mkdir out

listing() {
    find out -mindepth 1 | sort
}

# interrupted SIGNAL ARGUMENTS...: starts the command and signals it while it works
interrupted() {
    local signal=$1 pid status tries
    shift
    n_checks=$((n_checks + 1))
    "$spikekit" "$@" >out.txt 2>err.txt &
    pid=$!
    # Once the unfinished output is there, the work has begun.
    for tries in $(seq 1 200); do
        [ -n "$(listing)" ] && break
        sleep 0.01
    done
    kill -s "$signal" "$pid" 2>/dev/null
    wait "$pid"
    status=$?
    if [ "$status" -ne 130 ]; then
        fail "spikekit $*: expected exit 130 after $signal, found $status: $(cat err.txt)"
    elif ! grep -q ': interrupted; nothing was written$' err.txt; then
        fail "spikekit $*: $(cat err.txt)"
    fi
    [ -z "$(listing)" ] || fail "spikekit $*: $signal left $(listing)"
    rm -rf out/*
}

# Work of many seconds, so that the signal meets it: wide windows of fine bins.
heavy=(correlogram s -o out/a.npz --window-ms 4000 --bin-ms 0.1)
interrupted INT "${heavy[@]}" --memory-gb 8
interrupted TERM "${heavy[@]}" --memory-gb 0
interrupted INT "${heavy[@]}" --threads 2 --shard 1/2
interrupted INT simulate -o out/sim --units 2000 --duration-s 7200

# An existing file stays as it was.
echo precious >out/a.npz
n_checks=$((n_checks + 1))
(ulimit -f 100 && exec "$spikekit" correlogram s -o out/a.npz) >out.txt 2>err.txt
[ $? -eq 1 ] || fail "a file-size limit: $(cat err.txt)"
check "a file-size limit is told: $(cat err.txt)" grep -q '^spikekit correlogram: .*a.npz' err.txt
check "the old file is untouched" [ "$(cat out/a.npz)" = precious ]
check "only the old file is there: $(listing)" [ "$(listing)" = out/a.npz ]
rm -f out/a.npz

# limited BLOCKS ARGUMENTS...: fails under a limit of 1 KiB blocks and leaves nothing
limited() {
    local blocks=$1
    shift
    n_checks=$((n_checks + 1))
    (ulimit -f "$blocks" && exec "$spikekit" "$@") >out.txt 2>err.txt
    [ $? -eq 1 ] || fail "spikekit $* under a limit: $(cat err.txt)"
    [ "$(wc -l <err.txt)" -eq 1 ] || fail "spikekit $* under a limit says $(cat err.txt)"
    [ -z "$(listing)" ] || fail "spikekit $* under a limit left $(listing)"
    rm -rf out/*
}
limited 100 correlogram s -o out/a.npz --memory-gb 0
limited 100 correlogram s -o out/a.npz -n rate
limited 20 correlogram s -o out/a.npz --compress
limited 100 simulate -o out/sim --units 60 --duration-s 200
limited 100 convert s -o out/copy
limited 100 convert s -o out/copy.npz
limited 100 convert s -o out/copy.tsv
limited 100 convert s -o out/copy --to npy-pair
"$spikekit" correlogram s -o part1.npz --shard 1/2 || fail "shard 1"
"$spikekit" correlogram s -o part2.npz --shard 2/2 || fail "shard 2"
limited 100 correlogram --join part1.npz part2.npz -o out/a.npz

# More than the disk has room for is refused before any work: 113 GB here.
if [ "$(df --output=avail -B 1000000000 . | tail -n 1)" -lt 110 ]; then
    expect 1 'needs 11.* GB, the disk has .* GB left$' \
        correlogram s -o out/a.npz --window-ms 60000 --bin-ms 0.034 \
        --pairs "$(printf '1:2,%.0s' $(seq 15999))1:2"
else
    echo "skipped: the disk has room for 110 GB"
fi
check "nothing is left: $(listing)" [ -z "$(listing)" ]
finish
