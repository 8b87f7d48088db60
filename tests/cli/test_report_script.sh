# SPDX-License-Identifier: BSD-3-Clause
# What the script of the report's page makes of its data, in a browser without a window.
. "$(dirname "$0")/support.sh"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    skip "no Chromium to run the page's script"

expect 0 '' simulate -o session --units 12 --duration-s 120 --seed 5 --quiet
expect 0 '' report session -o page
dump() { # fragment of the address, script to run before
    "$browser" --headless --no-sandbox --disable-gpu --virtual-time-budget=2000 --dump-dom \
        "file://$PWD/page/index.html$1" >dom.html 2>/dev/null
}
dump ''
check "the page is there" [ -s dom.html ]
check "the tools are shown" sh -c 'grep -q "id=\"unit-tools\"" dom.html &&
    ! grep -q "id=\"unit-tools\" hidden" dom.html'
check "a row a unit" [ "$(grep -o 'data-u="[0-9]*"' dom.html | sort -u | wc -l)" = 12 ]
check "counted" grep -q '12 of 12 units' dom.html
check "no unit is chosen" grep -q 'id="unit" hidden' dom.html
dump '#unit-3'
check "unit 3 is chosen" grep -q 'id="unit-3">Unit 3<' dom.html
check "its section is shown" sh -c '! grep -q "id=\"unit\" hidden" dom.html'
for words in 'Template on the probe' 'Autocorrelogram' 'Amplitude over time' 'All metrics'; do
    check "$words" grep -q "$words" dom.html
done
metrics=$(head -n 1 page/metrics.tsv | tr '\t' '\n' | tail -n +3 | wc -l)
check "all metrics are listed" \
    [ "$(sed 's/.*<h4>All metrics//' dom.html | grep -o '<td class="w" title=' | wc -l)" -ge "$metrics" ]
dump '#unit-99'
check "a unit that is not there changes nothing" grep -q 'id="unit" hidden' dom.html
finish
