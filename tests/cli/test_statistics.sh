# SPDX-License-Identifier: BSD-3-Clause
# Statistics of single trains: the table, rates and bursts beside it, and bad input.
. "$(dirname "$0")/support.sh"

expect 0 '' simulate -o session --units 6 --duration-s 120 --seed 5 --quiet
expect 0 '^spikekit statistics: all.tsv: 6 units$' statistics session -o all.tsv
expect 0 '' statistics session -q
same out.txt all.tsv
expect 0 '' statistics session -q --threads 1 -o one.tsv
same one.tsv all.tsv
cat >look.py <<'EOF2'
import numpy
rows = [line.rstrip("\n").split("\t") for line in open("all.tsv")]
assert rows[0][0] == "cluster_id" and len({len(row) for row in rows}) == 1, rows[0]
columns = dict(zip(rows[0], zip(*rows[1:])))
samples = numpy.load("session/spike_times.npy").ravel().astype(numpy.int64)
units = numpy.load("session/spike_clusters.npy").ravel()
for unit in range(6):
    train = numpy.sort(samples[units == unit])
    isi = numpy.diff(train) / 30000
    assert int(columns["num_spikes"][unit]) == len(train)
    assert abs(float(columns["isi_median"][unit]) - numpy.median(isi)) < 1e-12
    assert abs(float(columns["cv"][unit]) - isi.std() / isi.mean()) < 1e-9
    counts = numpy.histogram(train, numpy.arange(0, 120 * 30000 + 1, 30000))[0]
    counts[-1] -= (train == 120 * 30000).sum()
    assert abs(float(columns["fano_1s"][unit]) - counts.var(ddof=1) / counts.mean()) < 1e-9
    low, rate, high = (float(columns[c][unit]) for c in
                       ("firing_rate_low", "firing_rate", "firing_rate_high"))
    assert low < rate < high and abs(rate - len(train) / 120) < 1e-9
EOF2
check "the table is right" "$python" look.py

# Rates and bursts beside it
expect 0 '' statistics session -q -u 2,4 -o two.csv -r rates.npz -b bursts.tsv --burst-method log_isi
cat >look.py <<'EOF2'
import numpy
found = numpy.load("rates.npz")
assert found["unit_ids"].tolist() == [2, 4] and found["rates"].shape == (2, 12000)
assert numpy.allclose(found["times_s"][:2], [0.005, 0.015])
samples = numpy.load("session/spike_times.npy").ravel().astype(float) / 30000
train = samples[numpy.load("session/spike_clusters.npy").ravel() == 4]
d = found["times_s"][6000] - train
d = d[abs(d) <= 0.25]
expected = numpy.exp(-d**2 / (2 * 0.05**2)).sum() / (numpy.sqrt(2 * numpy.pi) * 0.05)
assert abs(found["rates"][1, 6000] - expected) < 1e-9
rows = [line.split("\t") for line in open("bursts.tsv").read().splitlines()]
assert rows[0] == ["cluster_id", "start_s", "stop_s", "spikes", "first_spike", "surprise"]
assert all(row[0] in "24" and int(row[3]) >= 3 for row in rows[1:])
EOF2
check "rates and bursts are right" "$python" look.py
expect 0 '' statistics session -q -o s.tsv -r rates.npy -k alpha -s optimal --step-ms 100 --centred --correct-edges
check "rates alone" "$python" -c 'import numpy; r = numpy.load("rates.npy"); assert r.shape == (6, 1200) and (r >= 0).all()'

# Which time
printf 'start_s\tstop_s\n10\t20\n50\t60\n' >epochs.tsv
expect 0 '' statistics session -q --epochs epochs.tsv --fano 0.5 -o part.tsv
check "time observed" sh -c '[ "$(cut -f3 part.tsv | sort -u | tr "\n" " ")" = "20 observed_s " ]'
check "windows asked for" grep -q 'fano_0.5s.*fano_low_0.5s' part.tsv

# The help has every column
"$spikekit" statistics --help >help.txt
check "columns in the help" sh -c 'head -n 1 all.tsv | tr "\t" "\n" | tail -n +2 | sed "s/_[0-9.]*s\$//; s/^observed\$/observed_s/" |
    while read -r name; do grep -qE "^ +$name( |\$)" help.txt || { echo "$name"; exit 1; }; done'

# Bad input
expect 2 "there is no 'gausian'; did you mean 'gaussian'" statistics session --rates r.npz --kernel gausian
expect 2 "expected a number above 0 or optimal" statistics session --rates r.npz --sigma-ms 0
for option in '--sigma-ms 20' '--kernel alpha' '--step-ms 5' --centred --correct-edges; do
    expect 2 "${option%% *} is of the rates that --rates FILE writes" statistics session $option
done
expect 2 "--output: expected a name in .tsv or .csv, found 'st.json'" statistics session -o st.json
expect 2 "--bursts: expected a name in .tsv or .csv, found '50'" statistics session -b 50
check "no such files" test ! -e st.json -a ! -e 50
expect 0 'warning: --fano: a window of 500 s is longer than the recording, 120 s; its columns are empty$' \
    statistics session -f 1,500
printf 'start_s\tstop_s\n0\t20\n30\t60\n' >parts.tsv
"$spikekit" statistics session -e parts.tsv -f 40 --bin-ms 50000 >out.txt 2>err.txt
check "a bin longer than an epoch" grep -q 'warning: --bin-ms: 50000 ms are longer than the longest epoch, 30 s' err.txt
expect 2 "expected numbers above 0, found '1,x'" statistics session --fano 1,x
expect 2 "did you mean 'log_isi'" statistics session --burst-method log_is
expect 2 'expected a .npz or .npy file' statistics session --rates rates.txt
expect 1 'a file of the session' statistics session -o session/cluster_group.tsv
expect 1 'nowhere' statistics nowhere
finish
