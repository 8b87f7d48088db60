# SPDX-License-Identifier: BSD-3-Clause
# curate: labels, steps, where they are written, and what is refused.
. "$(dirname "$0")/support.sh"

expect 0 '' simulate -q -o s --units 8 --duration-s 120 --seed 5
cp -r s untouched
unchanged() { check "$1: the session is as it was" diff -r s untouched; }
column() { awk -F'\t' -v c="$2" 'NR > 1 { print $c }' "$1"; }

# A table of one's own from a preset.
expect 0 '' curate --write-thresholds kilosort
cp out.txt mine.tsv
expect 0 '' curate s -t kilosort -n
cp out.txt preset.txt
expect 0 '' curate s -t mine.tsv -n
same out.txt preset.txt
check "--dry-run says so" grep -q 'nothing (--dry-run)' out.txt
unchanged --dry-run

# Labels in a new folder.
printf 'label\tmetric\tminimum\tmaximum\nfew\tnum_spikes\t1000\t\nmany\t\t\t\n' >few.tsv
expect 0 '' curate s -t few.tsv -o labelled
for file in curation.tsv curation.json cluster_label.tsv spike_times.npy params.py; do
    check "labelled/$file is there" [ -f labelled/$file ]
done
same s/spike_clusters.npy labelled/spike_clusters.npy
same s/spike_times.npy labelled/spike_times.npy
check "labels follow the number of spikes" awk -F'\t' '
    NR > 1 && ($2 == "few") != ($5 < 1000) { exit 1 }' labelled/curation.tsv
check "what decided" grep -q 'num_spikes below 1000' labelled/curation.tsv
check "header for phy" [ "$(head -1 labelled/cluster_label.tsv)" = "$(printf 'cluster_id\tlabel')" ]
unchanged "-o"
expect 1 'labelled: not empty; --overwrite' curate s -t few.tsv -o labelled
expect 0 '' curate s -t few.tsv -o labelled --overwrite --label-name quality
check "--label-name" [ -f labelled/cluster_quality.tsv ]

# Steps.
expect 0 '' curate s --merges 0+3,1+5+6 --remove 2 -o merged
check "a merged unit" grep -qP '^8\t.*\t0\+3$' merged/curation.tsv
check "another" grep -qP '^9\t.*\t1\+5\+6$' merged/curation.tsv
check "units left" [ "$(column merged/curation.tsv 1 | tr '\n' ' ')" = '4 7 8 9 ' ]
expect 0 '' curate s --curation merged/curation.json -o again --remove-duplicates
same merged/spike_clusters.npy again/spike_clusters.npy
same merged/spike_times.npy again/spike_times.npy
expect 0 '' curate s --merges 0+3 --censor-ms 0 -o all
check "nothing removed" [ "$(column all/curation.tsv 5 | awk '{ n += $1 } END { print n }')" = \
    "$("$spikekit" info --json s | grep -oE '"n_spikes": [0-9]+' | head -1 | grep -oE '[0-9]+')" ]
printf 'cluster_id\tspike\tpart\n4\t0\t1\n4\t2\t1\n4\t5\t7\n' >split.tsv
expect 0 '' curate s --split split.tsv -o split
check "parts" [ "$(awk -F'\t' '$6 == "4/" { print $5 }' split/curation.tsv | sort -n | head -2 | tr '\n' ' ')" = '1 2 ' ]
for preset in spikekit similarity_correlograms temporal_splits x_contaminations; do
    expect 0 '' curate s --merge $preset -n -q
done
unchanged steps

# A curated folder is a session as any other: labels and metrics stay what they were.
cp -r s rich
printf 'cluster_id\tgroup\n0\tgood\n3\tgood\n1\tmua\n5\tgood\n7\tnoise\n' >rich/cluster_group.tsv
printf 'cluster_id\tContamPct\n0\t1.5\n3\t2.5\n1\t4\n' >rich/cluster_ContamPct.tsv
sed -i "s|^dat_path.*|dat_path = ['raw.bin', '/elsewhere/b.bin']|; s/^n_channels_dat.*/n_channels_dat = 77/" \
    rich/params.py
expect 0 '' curate rich -t bombcell -o carried
for file in templates.npy template_ind.npy channel_positions.npy; do
    same rich/$file carried/$file
done
check "the raw files by their whole paths" grep -q \
    "^dat_path = \['$(pwd -P)/rich/raw.bin', '/elsewhere/b.bin'\]\$" carried/params.py
check "channels of the raw file" grep -q '^n_channels_dat = 77$' carried/params.py
expect 0 '' curate rich -t bombcell -n
cp out.txt before.txt
expect 0 '' curate carried -t bombcell -n
same out.txt before.txt
expect 0 '' curate carried -t bombcell -o carried2
same carried2/curation.tsv carried/curation.tsv
expect 0 '' curate rich --merges 0+3,1+5 --remove 7 --remove-duplicates -o carried -t bombcell --overwrite
check "no folder is left behind" [ -z "$(find carried -name '.curate*')" ]
check "a label that both had" grep -qP '^8\tgood$' carried/cluster_group.tsv
check "none where they differ" grep -qP '^9\t$' carried/cluster_group.tsv
check "none where they differ" grep -qP '^8\t$' carried/cluster_ContamPct.tsv
expect 0 '' curate carried -t bombcell -o carried3
cut -f 1-5,7- carried/curation.tsv >first.tsv
cut -f 1-5,7- carried3/curation.tsv >second.tsv
same second.tsv first.tsv
expect 1 'rich: the session itself; choose another folder or --phy' \
    curate rich -t few.tsv -o rich --overwrite
expect 1 "s: a sorter's folder; choose another folder" \
    curate rich -t few.tsv -o s --overwrite
unchanged "-o --overwrite"

# Into the session's folder.
cp -r s own
expect 1 'own/[a-z_.]*: File exists; --overwrite' curate own --merges 0+3 --phy
check "nothing was written" diff -r own untouched
expect 0 '' curate own --merges 0+3 --remove 7 -t few.tsv --phy --overwrite
check "no folder is left behind" [ -z "$(find own -name '.curate*')" ]
check "removed spikes are noise" grep -qP '^9\tnoise$' own/cluster_label.tsv
check "and in what phy groups by" grep -qP '^9\tnoise$' own/cluster_group.tsv
check "and what was there stays" [ -z "$(grep -vxFf own/cluster_group.tsv untouched/cluster_group.tsv)" ]
same own/spike_times.npy untouched/spike_times.npy
same own/spike_templates.npy untouched/spike_templates.npy
expect 0 '' info own
check "the units that phy sees" grep -q 8 out.txt
expect 0 '' curate own -t few.tsv --phy --overwrite --label-name again
cp -r rich grouped
expect 0 '' curate grouped --merges 0+3 --remove 6 --phy --overwrite
check "a merged unit keeps the group" grep -qP '^8\tgood$' grouped/cluster_group.tsv
check "removed spikes are noise" grep -qP '^9\tnoise$' grouped/cluster_group.tsv
check "other rows stay" grep -qP '^1\tmua$' grouped/cluster_group.tsv
check "no labels were asked for" [ ! -e grouped/cluster_label.tsv ]

# What is wrong is told in one line, and nothing is written.
expect 2 'nothing to do' curate s -n
expect 2 'where to' curate s -t kilosort
expect 2 'choose one of' curate s -t kilosort --phy -o x
expect 2 "no preset 'kilosrt'; did you mean 'kilosort'" curate --write-thresholds kilosrt
expect 2 "merges: expected groups such as 3\+7,12\+15, found '3-7'" curate s --merges 3-7 -n
expect 2 'merges: 4 is in two merges; write one' curate s --merges 3+4,4+5 -n
expect 2 'merges: 3 is in a merge twice' curate s --merges 3+3 -n
expect 2 "remove: expected ids" curate s --remove x -n
expect 2 "merge: .*qwerty" curate s --merge qwerty -n
expect 1 'a merge takes two units or more, got 1' curate s --merges 3 -n
expect 1 'no unit 99' curate s --merges 3+99 -n
expect 1 "no thresholds 'bombsell': .*did you mean 'bombcell'" curate s -t bombsell -n
printf 'label\tmetric\tmaximum\nx\tnum_spikse\t3\n' >bad.tsv
expect 1 "bad.tsv: line 2: no metric 'num_spikse' is known; did you mean 'num_spikes'" \
    curate s -t bad.tsv -o x
printf 'label\tmetric\tminimum\tmaximum\nx\tnum_spikes\t3\t2\n' >bad.tsv
expect 1 'bad.tsv: line 2: minimum 3 is above maximum 2' curate s -t bad.tsv -o x
printf 'label\tmetric\tmaxmum\nx\tnum_spikes\t3\n' >bad.tsv
expect 1 "line 1: no column 'maxmum' is known; did you mean 'maximum'" curate s -t bad.tsv -o x
printf 'cluster_id\tspike\tpart\n4\t99999999\t1\n' >bad.tsv
expect 1 'bad.tsv: line 2: expected one of the' curate s --split bad.tsv -o x
printf 'cluster_id\tspike\n4\t9\n' >bad.tsv
expect 1 "bad.tsv: column 'part' is missing" curate s --split bad.tsv -o x
printf '{"format_version": "2", "unit_ids": [0], "merges": [{"unit_ids": [0, 55]}]}' >bad.json
expect 1 'bad.json: merges\[0\]: no unit 55' curate s -c bad.json -o x
expect 2 "label-name: expected letters, digits and _, found 'a/b'" \
    curate s -t few.tsv --label-name 'a/b' -o x
expect 1 'no/x: No such file' curate s -t few.tsv -o no/x
expect 2 'with --sort write a new folder' curate s --merges 0+1 --phy --overwrite --sort
check "no folder was made" [ ! -e x ]
if [ "$(id -u)" -ne 0 ]; then
    mkdir closed
    chmod 555 closed own
    expect 1 'closed/x: Permission denied' curate s -t few.tsv -o closed/x
    expect 1 'own: Permission denied' curate own -t few.tsv --phy --overwrite
    chmod 755 closed own
fi
check "no unfinished folder is left" [ -z "$(find . -name '*.part-*' -o -name '.curate*')" ]
unchanged errors

# Ids beyond 32 bits are written whole.
cp -r s wide
"$python" - <<'EOF2'
import ast, struct
data = open("s/spike_clusters.npy", "rb").read()
size = struct.unpack("<H", data[8:10])[0]
header = ast.literal_eval(data[10:10 + size].decode())
n = header["shape"][0]
ids = struct.unpack("<%di" % n, data[10 + size:10 + size + 4 * n])
text = "{'descr': '<i8', 'fortran_order': False, 'shape': (%d,), }" % n
text += " " * (63 - (10 + len(text)) % 64) + "\n"
with open("wide/spike_clusters.npy", "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode())
    file.write(struct.pack("<%dq" % n, *(i + (1 << 33) for i in ids)))
EOF2
expect 0 '' curate wide --merges 8589934592+8589934593 --phy --overwrite -q
expect 0 '' metrics wide -q -m num_spikes
check "no id is cut" awk -F "\t" 'NR > 1 && $1 < 8589934592 { exit 1 }' out.txt

# Kilosort's own labels of a real session.
if [ -d "$data/ks4_ibl_zfm02370" ]; then
    expect 0 '' curate "$data/ks4_ibl_zfm02370" -t kilosort -o ks
    tail -n +2 "$data/ks4_ibl_zfm02370/cluster_KSLabel.tsv" | sort -n >expected.tsv
    tail -n +2 ks/cluster_label.tsv | sort -n >found.tsv
    same found.tsv expected.tsv
fi
# bombcell's labels of a real session, from the metrics that are computed here. Its reference is
# older than its sliding refractory test, which has too few spikes to pass three of the units.
if [ -d "$data/bombcell_toy_ks2" ]; then
    expect 0 '2 thresholds passed over' curate "$data/bombcell_toy_ks2" -t bombcell -o toy
    sed -E 's/^(8|10|13)\tGOOD/\1\tMUA/' \
        "$data/bombcell_toy_ks2/reference_cluster_bc_unitType_2026-02.tsv" >expected.tsv
    same toy/cluster_bc_unitType.tsv expected.tsv
    expect 0 '2 thresholds passed over' curate toy -t bombcell -o toy-again
    same toy-again/cluster_bc_unitType.tsv expected.tsv
    same toy-again/curation.tsv toy/curation.tsv
fi
finish
