#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The sum that closes ./dev test: counts of both kinds of result file, and that a failure, a
# missing file and a test that was not run make it fail.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/good.xml" <<'X'
<testsuite><testcase name="a" status="run"><system-out>skipped: no data</system-out></testcase>
<testcase name="b" status="run"/><testcase name="c" status="notrun"><skipped message="x"/>
<system-out>skipped: no numpy</system-out></testcase></testsuite>
X
cat >"$work/bad.xml" <<'X'
<testsuites><testsuite><testcase name="d"><failure message="x"/></testcase>
<testcase name="e"><error message="x"/></testcase><testcase name="f" status="notrun"/>
<testcase name="g"/></testsuite></testsuites>
X
expect() { # closing line, exit status, runs
    local line=$1 status=$2 found=0
    shift 2
    "$SPK_PYTHON" "$here/summary.py" "$work" "$@" >"$work/out" || found=$?
    [ "$(tail -n 1 "$work/out")" = "$line" ] && [ "$found" = "$status" ] ||
        { echo "$*: expected '$line', $status; found:"; cat "$work/out"; echo "$found"; exit 1; }
}
expect "2 passed, 0 failed, 1 skipped" 0 good
grep -q 'good: c (skipped: no numpy)' "$work/out"
grep -q 'good: a: skipped: no data' "$work/out"
expect "3 passed, 3 failed, 1 skipped" 1 good bad
expect "2 passed, 1 failed, 1 skipped" 1 good missing
