# SPDX-License-Identifier: BSD-3-Clause
# What info says of a simulated session, against what the simulator says of it.
. "$(dirname "$0")/support.sh"

expect 0 '^spikekit simulate: session: [0-9]+ spikes of 12 units, ' \
    simulate -o session --units 12 --duration-s 60 --seed 3
n_spikes=$(grep -oE '[0-9]+ spikes' err.txt | grep -oE '[0-9]+')
expect 0 '' simulate -o session2 --units 12 --duration-s 60 --seed 3 --quiet
check "--quiet says nothing" [ ! -s err.txt ]
for file in spike_times.npy spike_clusters.npy truth.json; do
    same session/$file session2/$file
done
expect 1 'session: not empty; --overwrite' simulate -o session --units 12 --duration-s 60
expect 0 '' simulate -o session2 --units 12 --duration-s 60 --seed 4 --overwrite
check "another seed gives other spikes" \
    sh -c '! cmp -s session/spike_times.npy session2/spike_times.npy'
mkdir empty
expect 0 '' simulate -o empty/ --units 2 --duration-s 5
check "an empty folder is filled" [ -f empty/spike_times.npy ]
expect 1 'expected a folder, found a file' simulate -o out.txt --units 2 --duration-s 5
expect 2 '--duration-s: must be positive and finite, got -5' simulate -o none --units 2 --duration-s=-5
check "a failed simulation leaves no folder" [ ! -e none ]
expect 1 'no/such' simulate -o no/such/folder --units 2 --duration-s 5
check "no folder is left beside" sh -c '! ls -d ./*.part-* 2>/dev/null'

expect 0 '' info session
check "info: spikes" sh -c "tr -d , <out.txt | grep -qE '^spikes +$n_spikes\$'"
check "info: units" grep -qE '^units +12' out.txt
check "info: rate" grep -qE '^sampling rate +30000 Hz' out.txt
check "info: format" grep -qE '^format +kilosort' out.txt
check "info: fits 80 columns" awk 'length > 79 { exit 1 }' out.txt
expect 0 '' info session/params.py
expect 0 '' info --json session
cat >look.py <<'EOF'
import json, sys
info = json.load(open("out.txt"))
assert info["n_spikes"] == int(sys.argv[1]), info
assert info["n_units"] == 12 and sum(info["quality"].values()) == 12, info
assert info["format"] == "kilosort" and info["sampling_rate_hz"] == 30000, info
rates = info["firing_rate_hz"]
assert 0 <= rates["minimum"] <= rates["median"] <= rates["maximum"], info
assert info["stop_s"] - info["start_s"] == info["duration_s"] > 0, info
assert rates["minimum"] * info["duration_s"] * 12 <= info["n_spikes"] * (1 + 1e-9), info
assert info["present"]["amplitudes"] == 1 and info["present"]["spike_templates"] in (0, 1)
assert list(info["present"]) == ["amplitudes", "spike_positions", "spike_templates",
                                 "channel_positions", "channel_map"], info
assert info["warnings"] == {}, info
EOF
check "info --json" "$python" look.py "$n_spikes"
expect 0 '' info --times session/spike_times.npy --clusters session/spike_clusters.npy \
    --rate 30000 --json
check "info of a pair" grep -qE "\"n_spikes\": $n_spikes,?" out.txt
expect 1 'nothing-here' info nothing-here
finish
