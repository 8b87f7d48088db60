# SPDX-License-Identifier: BSD-3-Clause
"""Makes the files of this folder with SpikeInterface: python make_golden_duplicates.py"""

import numpy as np
import spikeinterface
import spikeinterface.core as si
from spikeinterface.curation.curation_tools import find_duplicated_spikes
from spikeinterface.curation.remove_redundant import find_redundant_units, remove_redundant_units
from spikeinterface.postprocessing import align_sorting

RATE = 30000.0
rng = np.random.default_rng(7)
print("spikeinterface", spikeinterface.__version__, "numpy", np.__version__)

# Units 0-3: random, with runs of near spikes and ties. Unit 4: the first half of 0
# with jitter; 5: nearly all of 1, later by 20 samples; 6: 2 with a few lost; 7: one spike.
trains = [np.sort(rng.integers(0, 60000, n)) for n in (700, 500, 400, 300)]
trains += [trains[0][:350] + rng.integers(-9, 10, 350)]
trains += [trains[1][rng.random(500) < 0.95] + 20]
trains += [trains[2][rng.random(400) < 0.9]]
trains += [np.array([12345])]
trains = [np.sort(np.clip(t, 0, 59999)) for t in trains]
samples = np.concatenate(trains)
units = np.concatenate([np.full(len(t), u) for u, t in enumerate(trains)])
order = np.lexsort((units, samples))
samples, units = samples[order].astype(np.int64), units[order].astype(np.int32)
np.save("samples.npy", samples)
np.save("units.npy", units)

for method in ("keep_first", "keep_last", "keep_first_iterative", "keep_last_iterative"):
    mask = np.zeros(len(samples), np.uint8)
    for u in range(8):
        of_unit = np.flatnonzero(units == u)
        mask[of_unit[find_duplicated_spikes(samples[of_unit], 9, method=method)]] = 1
    np.save(f"{method}.npy", mask)

sorting = si.NumpySorting.from_samples_and_labels([samples], [units], RATE)
print("redundant as they are:", find_redundant_units(sorting))
shifts = {u: s for u, s in enumerate((0, -2, 0, 1, 0, 20, 3, 0))}
aligned = align_sorting(sorting, shifts)
loose = dict(delta_time=0.4, agreement_threshold=0.05, duplicate_threshold=0.05)
rows = []
for name, s, options in (("plain", sorting, {}), ("loose", sorting, loose), ("shifted", aligned, {})):
    pairs = find_redundant_units(s, **options)
    print(name, pairs)
    rows += [(name, int(a), int(b)) for a, b in pairs]
kept = remove_redundant_units(sorting, align=True, unit_peak_shifts=shifts,
                              remove_strategy="max_spikes").unit_ids
print("kept", kept)
rows += [("dropped", int(u), -1) for u in range(8) if u not in kept]
with open("redundant.tsv", "w") as f:
    f.write("case\ta\tb\n")
    for row in rows:
        f.write("\t".join(map(str, row)) + "\n")
