# SPDX-License-Identifier: BSD-3-Clause
# Wrong command lines: status 2, one line that helps.
. "$(dirname "$0")/support.sh"

expect 2 '^spikekit: COMMAND is missing'
expect 2 "^spikekit: no command 'corelogram'; did you mean 'correlogram'\?$" corelogram
expect 2 "^spikekit: no command 'zzzzzz' \(see" zzzzzz
expect 2 '^spikekit correlogram: no option --windw-ms; did you mean --window-ms\?$' \
    correlogram --windw-ms 3
expect 2 'did you mean --window-ms' correlogram --window=100
expect 2 'did you mean --overwrite' simulate --overwirte
expect 2 '^spikekit info: no option --zzzzzzzz \(see' info --zzzzzzzz
expect 2 'no option -Z' info -Z
expect 2 '--json takes no value' info --json=1
expect 2 'output needs a value' correlogram x -o
expect 2 'output needs a value' correlogram x --output --auto
expect 2 'SESSION is missing' info
expect 2 "unexpected argument 'b'" info a b
expect 2 "unexpected argument '--json'" info a -- --json
expect 2 'go together' info --times a.npy
expect 2 'not both' info x --times a.npy --clusters b.npy
expect 2 'bin-ms: expected a number' correlogram x -o a.npz --bin-ms abc
expect 2 'bin-ms: expected a number' correlogram x -o a.npz --bin-ms nan
expect 2 'bin-ms: expected a number' correlogram x -o a.npz --bin-ms 1ms
expect 2 'threads: expected a whole number' info x -t 1.5
expect 2 'threads: expected 0 to 4096' info x -t 5000
expect 2 'threads: expected 0 to 4096' info x --threads=-1
expect 2 'seed: expected' simulate -o a --seed -1
expect 2 'seed: expected' simulate -o a --seed 18446744073709551616
expect 2 'units: expected 0 to' simulate -o a --units -3
expect 2 '-o FOLDER is missing' simulate
expect 2 '-o FILE is missing' correlogram x
expect 2 '-o OUT is missing' convert x
expect 2 'expected a name in .npz' correlogram x -o a.txt
expect 2 'exclude each other' correlogram x -o a.npz --auto --near 3
expect 2 'exclude each other' correlogram x -o a.npz --pairs 1:2 --against 3
expect 2 'exclude each other' correlogram x -o a.npz --join --shard 1/2
expect 2 'leave out --units' correlogram x -o a.npz --pairs 1:2 --units good
expect 2 'near: expected at least 0' correlogram x -o a.npz --near -3
for shard in 0/2 3/2 1 1/ /2 1/2/3 -1/2 a/b 1/0; do
    expect 2 'shard: expected K/N' correlogram x -o a.npz --shard=$shard
done
expect 2 'convention: expected spikekit,' correlogram x -o a.npz --convention phi
expect 2 'normalization: expected count,' correlogram x -o a.npz --normalization hertz
expect 2 'files of the shards are missing' correlogram --join -o a.npz
expect 2 "to: expected phy," convert x -o a --to hdf5
expect 2 'only tsv and csv' convert x -o - --to npz
expect 2 "no command 'simulat'; did you mean" help simulat

expect 0 '' --version
check "--version" grep -qE '^spikekit [0-9]+\.[0-9]+\.[0-9]+$' out.txt
expect 0 '' version --brief
check "version --brief" grep -qE '^[0-9]+\.[0-9]+\.[0-9]+$' out.txt
expect 0 '' version
check "version tells of the build" [ "$(wc -l <out.txt)" -gt 2 ]

# Values given in each way, and flags joined.
expect 1 'nothing-here' info -jqt1 nothing-here
expect 1 'nothing-here' info -jq -t 1 -- nothing-here
expect 1 'nothing-here' info --threads=1 --json nothing-here

# Standard output that cannot be written is an error.
if [ -w /dev/full ]; then
    n_checks=$((n_checks + 1))
    "$spikekit" help >/dev/full 2>err.txt
    [ $? -eq 1 ] && grep -q 'standard output: ' err.txt || fail "help >/dev/full"
fi

# Values that the library refuses, in the names of options.
expect 2 '--burst-share: must be in 0 .. 1, got 2' simulate -o never --burst-share 2
expect 2 '--units: must be in 1 .. 1000000, got 0' simulate -o never --units 0
expect 2 '--rate: must be in 1 .. ' simulate -o never --rate 0.5

# Options that would do nothing.
expect 2 '--modulation-hz is of the modulation that --modulation-sigma makes' \
    simulate -o never --modulation-hz 40
expect 2 '--modulation-opposed is of' simulate -o never --modulation-opposed 0.5
check "nothing is simulated" test ! -e never
finish
