#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Compiles each public header alone, in C11 and C++17, with every warning an error.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
failed=0 n=0
for header in include/spikekit/*.h; do
    name=spikekit/${header##*/}
    for language in "c -std=c11 -Wstrict-prototypes" "c++ -std=c++17"; do
        # shellcheck disable=SC2086
        printf '#include <%s>\n#include <%s>\n' "$name" "$name" |
            ${CC:-cc} -x $language -fsyntax-only -pedantic -Werror -Wall -Wextra -Wshadow \
                -I include - || { echo "$name does not compile alone as ${language%% *}"; failed=1; }
        n=$((n + 1))
    done
    grep -q "<$name>" include/spikekit/spikekit.h || [ "$name" = spikekit/spikekit.h ] ||
        { echo "spikekit.h does not include $name"; failed=1; }
done
echo "$n compilations of headers"
[ "$n" -gt 0 ] && exit "$failed"
