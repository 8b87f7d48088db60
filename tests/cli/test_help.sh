# SPDX-License-Identifier: BSD-3-Clause
# Help and man pages: complete, narrow, without warnings, and true of the parser.
. "$(dirname "$0")/support.sh"

export COLUMNS=80
"$spikekit" help >overview.txt || fail "spikekit help"
commands=$(awk '/^[A-Z]/ { group = $0 } /^  [a-z]/ && group ~ /Look|Analyse|Make|About/ { print $1 }' \
    overview.txt)
check "the overview lists commands" [ "$(wc -w <<<"$commands")" -ge 6 ]
for group in Look Analyse "Make and convert" About; do
    check "the overview has the group $group" grep -qx "$group" overview.txt
done
for name in info report curate correlogram simulate convert version help; do
    check "the overview lists $name" grep -qE "^  $name " overview.txt
done

for name in $commands; do
    "$spikekit" "$name" --help >"$name.txt" 2>err.txt || fail "$name --help"
    check "$name --help says nothing on standard error" [ ! -s err.txt ]
    "$spikekit" help "$name" >again.txt
    same "$name.txt" again.txt
    check "$name --help fits 80 columns" awk 'length > 79 { exit 1 }' "$name.txt"
    for heading in Usage Examples "Exit status"; do
        check "$name --help has $heading" grep -qx "$heading" "$name.txt"
    done

    "$spikekit" help --man "$name" >"$name.1" || fail "help --man $name"
    # The man page and the help list the same options, and the parser knows each.
    sed -n 's/^.*\\fB\\-\\-\([a-z\\-]*\)\\fR.*$/--\1/p' "$name.1" | tr -d '\\' | sort -u >man.txt
    grep -oE '^ +(-[a-z], )?--[a-z-]+' "$name.txt" | grep -oE -- '--[a-z-]+' | sort -u >listed.txt
    check "$name: man page and help list other options" cmp man.txt listed.txt
    check "$name has options" [ -s listed.txt ]
    while read -r option; do
        "$spikekit" "$name" "$option=" >/dev/null 2>err.txt </dev/null
        check "$name $option is documented but unknown" \
            sh -c '! grep -q "no option" err.txt'
    done <listed.txt
done

"$spikekit" help --man spikekit >spikekit.1 || fail "help --man spikekit"
for page in *.1; do
    if command -v groff >/dev/null; then
        groff -man -ww -b -z "$page" 2>err.txt
        check "$page: $(head -n 3 err.txt)" [ ! -s err.txt ]
    elif command -v man >/dev/null; then
        man --warnings -l "$page" 2>err.txt >/dev/null
        check "$page: $(head -n 3 err.txt)" [ ! -s err.txt ]
    else
        echo "skipped: no groff or man to render $page with"
    fi
    for section in NAME DESCRIPTION "EXIT STATUS" "SEE ALSO"; do
        check "$page has no $section" grep -qx ".SH $section" "$page"
    done
done
finish
