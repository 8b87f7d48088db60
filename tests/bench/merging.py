# SPDX-License-Identifier: BSD-3-Clause
"""What a merge costs a person who waits: the merge and all scores of the merged unit."""
from bench_common import last_json
from quality import recording


def run(args):
    n_spikes = 10**6 if args.quick else 10**7
    work = recording(args.build / "inputs", 1000, n_spikes)
    found = last_json([args.build / "bin" / "bench_merging",
                       *(work[name] for name in ("samples", "units", "amplitudes", "positions"))])
    print(f"\n{work['name']}, a merge, one thread; median of 40 pairs of {found['merged_spikes']} "
          f"spikes\n  the curation is made once in {found['create_s']:.2f} s, peak "
          f"{found['peak_mb']:.0f} MB")
    for what, words in (("merge", "merge, duplicates removed"),
                        ("correlograms", "its row of correlograms"),
                        ("metrics", f"{found['columns']} metrics"),
                        ("scores", f"merge scores against {found['scored_against']:.0f} units"),
                        ("all", "all of it"),
                        ("scores_of_every_step", "merge scores, no pair spared a step")):
        print(f"  {words:36}{found[f'{what}_ms']:8.2f} ms")
