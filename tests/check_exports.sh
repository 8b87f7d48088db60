#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Compares what the shared library exports, and what it needs, with what it should.
# usage: check_exports.sh LIBRARY [--write]   --write makes exports.txt from the library
set -u
library=$1
expected=$(dirname "${BASH_SOURCE[0]}")/exports.txt
failed=0
exported=$(nm -D --defined-only "$library" | awk '{ print $3 }' | LC_ALL=C sort)
[ "${2:-}" != --write ] || printf '%s\n' "$exported" >"$expected"
diff "$expected" <(printf '%s\n' "$exported") ||
    { echo "exports differ (< exports.txt, > library)"; failed=1; }
if grep -v '^spk_[a-z]' <<<"$exported"; then
    echo "exported without the prefix spk_"
    failed=1
fi
# What the headers declare is what there is.
declared=$(cat "$(dirname "$expected")"/../include/spikekit/*.h | tr '\n' ' ' |
    grep -oP 'SPK_API[^;]*?\bspk_\w+(?=\()' | grep -oP 'spk_\w+$' | LC_ALL=C sort -u)
diff <(printf '%s\n' "$declared") <(printf '%s\n' "$exported") ||
    { echo "exports differ (< headers, > library)"; failed=1; }
if readelf -d "$library" | grep -E 'NEEDED.*(blas|lapack|gfortran)'; then
    echo "needs another BLAS at run time"
    failed=1
fi
echo "$(wc -l <<<"$exported") exported symbols"
exit "$failed"
