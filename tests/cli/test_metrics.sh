# SPDX-License-Identifier: BSD-3-Clause
# The table of metrics: what is in it, what is said of bad input, and that nothing is harmed.
. "$(dirname "$0")/support.sh"

expect 0 '' simulate -o session --units 8 --duration-s 120 --seed 5 --quiet
expect 0 '^spikekit metrics: all.tsv: [0-9]+ metrics of 8 units; [0-9]+ left out for want of features$' metrics session -o all.tsv
expect 0 '' metrics session -q
same out.txt all.tsv
expect 0 '' metrics session -q --threads 1 -o one.tsv
same one.tsv all.tsv
cat >look.py <<'EOF2'
import numpy, sys
rows = [line.rstrip("\n").split("\t") for line in open("all.tsv")]
assert rows[0][0] == "cluster_id" and len({len(row) for row in rows}) == 1, rows[0]
columns = dict(zip(rows[0], zip(*rows[1:])))
units = numpy.load("session/spike_clusters.npy").ravel()
assert [int(i) for i in columns["cluster_id"]] == list(range(8))
counts = numpy.bincount(units, minlength=8)
assert [int(float(n)) for n in columns["num_spikes"]] == counts.tolist()
rates = numpy.array(columns["firing_rate"], float)
assert (rates == counts / 120.0).all(), rates - counts / 120.0
EOF2
check "counts and rates are right" "$python" look.py

# Which metrics
expect 0 '' metrics session -q -m num_spikes,firing_rate -u 2,5 -o two.csv
check "columns and rows chosen" sh -c '[ "$(head -n 1 two.csv)" = cluster_id,num_spikes,firing_rate ] &&
    [ "$(cut -d, -f1 two.csv | tr "\n" " ")" = "cluster_id 2 5 " ]'
expect 0 '' metrics session -q -d bombcell -m nSpikes
check "a tool's own names" grep -q '^cluster_id	nSpikes$' out.txt
expect 0 '' metrics --list
check "every metric of the table is listed" sh -c 'head -n 1 all.tsv | tr "\t" "\n" | tail -n +2 |
    while read -r name; do grep -qE "^  $name( |,|\$)" out.txt || exit 1; done'
check "the list fits 80 columns" awk 'length > 79 { exit 1 }' out.txt
expect 0 '' metrics --list -m firing_rate
check "the list of one" sh -c '[ "$(grep -c "NaN:" out.txt)" = 1 ]'
expect 0 '' metrics --list -m contamination
check "a topic lists its groups" sh -c '[ "$(grep -cxE "isi_violations|rp_violations|sliding_rp|rpv|kilosort_refractory" out.txt)" = 5 ]'
expect 0 '' metrics session -q -m contamination
check "a topic is computed" grep -q 'rp_contamination.*sliding_rp' out.txt
expect 0 '' metrics session -q -m ' bombcell:nSpikes, firing_rate ' --set 'presence_bin_s=30, isi_threshold_ms=2'
check "a tool's metric beside ours, and spaces" grep -qx 'cluster_id	num_spikes	firing_rate' out.txt
expect 0 '^spikekit metrics: [0-9]+ left out for want of features$' metrics session -m isolation
"$spikekit" metrics --help >help.txt
sed -n 's/^ *spikekit metrics .*\(-m\|--metrics\) \([a-z_,:A-Z0-9]*\).*/\2/p' help.txt | grep -v NAMES >named.txt
check "examples name metrics" [ "$(wc -l <named.txt)" -ge 2 ]
while read -r names; do
    expect 0 '' metrics --list -m "$names"
done <named.txt
expect 2 "no metric or group 'contaminatio'; did you mean 'contamination'" metrics session -m contaminatio
expect 2 "no metric or group 'firing_rat'; did you mean 'firing_rate'" metrics session -m firing_rat
expect 2 "no definition 'spikeinterfac'; did you mean 'spikeinterface'" metrics session -d spikeinterfac
expect 2 "no metric or group 'nSpike'; did you mean 'nSpikes'" metrics session -d bombcell -m nSpike
expect 2 "no parameter 'nothing'" metrics session --set nothing=1
expect 2 'expected NAME=VALUE' metrics session --set 3
expect 2 'SESSION is missing|expected' metrics

# Which time
printf 'start_s\tstop_s\n10\t20\n50\t60\n' >epochs.tsv
expect 0 '' metrics session -q -m activity --epochs epochs.tsv -o part.tsv
printf 'cluster_id\tstart_s\tstop_s\n' >periods.tsv
for unit in 0 1 2 3 4 5 6; do # out of order, touching, and none for unit 7
    printf '%d\t55\t60\n%d\t10\t20\n%d\t50\t55\n' $unit $unit $unit >>periods.tsv
done
expect 0 '' metrics session -q -m activity --periods periods.tsv -o periods-out.tsv
cat >look2.py <<'EOF2'
def read(name):
    rows = [line.rstrip("\n").split("\t") for line in open(name)]
    return dict(zip(rows[0], zip(*rows[1:])))
part, periods = read("part.tsv"), read("periods-out.tsv")
for name in ("num_spikes", "firing_rate"):
    assert part[name][:7] == periods[name][:7], name
assert float(periods["num_spikes"][7]) == 0 and periods["firing_rate"][7] == ""
EOF2
check "periods of all units are as epochs; a unit without has no time" "$python" look2.py
expect 1 'expected the columns cluster_id, start_s and stop_s, found no cluster_id' \
    metrics session --periods epochs.tsv
printf 'cluster_id\tstart_s\tstop_s\n3\t5\t5\n' >bad.tsv
expect 1 'bad.tsv: row 1: expected stop_s at least one sample after start_s' \
    metrics session --periods bad.tsv

# For phy
expect 2 'name some with --metrics or --definition' metrics session --phy
expect 0 '^spikekit metrics: session: 2 metrics of 8 units$' \
    metrics session --phy -m num_spikes,firing_rate
check "a column for phy" sh -c '[ "$(head -n 1 session/cluster_firing_rate.tsv)" = "cluster_id	firing_rate" ] &&
    [ "$(wc -l <session/cluster_num_spikes.tsv)" = 9 ]'
cp session/cluster_num_spikes.tsv before.tsv
expect 1 'exists; --overwrite replaces it' metrics session --phy -m num_spikes,firing_rate_span
same session/cluster_num_spikes.tsv before.tsv
check "all or none" [ ! -e session/cluster_firing_rate_span.tsv ]
expect 0 '' metrics session --phy -m num_spikes,firing_rate_span --overwrite
check "told to overwrite" [ -e session/cluster_firing_rate_span.tsv ]

# What must not be harmed
expect 1 'a file of the session' metrics session -o session/spike_times.npy
printf 'mine\n' >session/mine.csv
expect 1 'a file of the session' metrics session -o session/mine.csv
check "a user's own file is kept" grep -q mine session/mine.csv
expect 1 'no/such/folder' metrics session -o no/such/folder/x.tsv
check "nothing half-written" sh -c '! ls -d ./*.part-* session/*.part-* 2>/dev/null'
expect 1 'nothing-here' metrics nothing-here
finish
