# SPDX-License-Identifier: BSD-3-Clause
# What the tests of the command share; sourced by each. From the environment: SPIKEKIT, the
# command; SPK_PYTHON; SPK_WORK, where to make folders; SPK_DATA, real recordings.
set -u
: "${SPIKEKIT:?the built command}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
spikekit=$(realpath "$SPIKEKIT")
[ -x "$spikekit" ] || { echo "no command $SPIKEKIT to test"; exit 1; }
python=${SPK_PYTHON:-python3}
data=${SPK_DATA:-$here/../../../shared/data}
work=${SPK_WORK:?a folder to work in}/$(basename "$0" .sh)
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
n_checks=0
n_failed=0

fail() {
    n_failed=$((n_failed + 1))
    printf 'FAILED: %s\n' "$*"
}

# check DESCRIPTION COMMAND...: the command succeeds
check() {
    local description=$1
    shift
    n_checks=$((n_checks + 1))
    "$@" || fail "$description"
}

# expect STATUS PATTERN ARGUMENTS...: `spikekit ARGUMENTS` exits so, and says one line on
# standard error that matches the pattern (an extended regular expression; '' for none)
expect() {
    local status=$1 pattern=$2 found
    shift 2
    n_checks=$((n_checks + 1))
    "$spikekit" "$@" >out.txt 2>err.txt
    found=$?
    [ "$found" -eq "$status" ] ||
        fail "spikekit $*: expected exit $status, found $found: $(head -c 300 err.txt)"
    if [ -n "$pattern" ]; then
        grep -qE -- "$pattern" err.txt ||
            fail "spikekit $*: expected /$pattern/, found: $(head -c 300 err.txt)"
        [ "$(wc -l <err.txt)" -eq 1 ] ||
            fail "spikekit $*: expected one line, found: $(cat err.txt)"
    fi
}

same() { # the same bytes
    check "$1 and $2 differ" cmp "$1" "$2"
}

skip() {
    echo "skipped: $*"
    exit 77
}

finish() {
    echo "$n_checks checks, $n_failed failed"
    [ "$n_failed" -eq 0 ] && [ "$n_checks" -gt 0 ]
    exit
}
