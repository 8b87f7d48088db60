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

# The filter: a script beside the page's own writes filters and notes what is said of them.
labels=$(cut -f 2 page/metrics.tsv | tail -n +2 | sort | uniq -c | sed -n '1{s/^ *//;p;}')
count=${labels%% *} label=${labels#* }
cat >filters.txt <<EOF
unit=3|1 of 12 units
3 unit:3|1 of 12 units
-3|11 of 12 units
unit!=3 -unit = 4|10 of 12 units
firing_rate>0|12 of 12 units
-firing_rate>0|0 of 12 units
firing_rte>1 unit=3|1 of 12 units; passed over .firing_rte>1.: there is no metric firing_rte
firing_rate>x|12 of 12 units; passed over .firing_rate>x.: a number is missing after >
unit>3|12 of 12 units; passed over .unit>3.: write unit=.
quality=nothing|0 of 12 units
nothing|12 of 12 units; passed over .nothing.: no unit, quality or label is called that
label:$(echo "$label" | tr '[:upper:]' '[:lower:]')|$count of 12 units
-$label|$((12 - count)) of 12 units
EOF
cat >filters.py <<'EOF_PYTHON'
"""filters.py write | look"""
import json, re, sys
lines = [line.rstrip("\n").split("|") for line in open("filters.txt", encoding="utf-8")]
if sys.argv[1] == "write":
    with open("page/index.html", encoding="utf-8") as file:
        page = file.read()
    page = page.replace("</body>", """<script>/*<![CDATA[*/
var box = document.getElementById('filter'), said = document.createElement('pre');
said.textContent = 'SA' + 'ID' + JSON.stringify(%s.map(function (words) {
    box.value = words;
    box.dispatchEvent(new Event('input'));
    return document.getElementById('tally').textContent;
})) + 'SA' + 'ID';
document.body.appendChild(said);
/*]]>*/</script></body>""" % json.dumps([line[0] for line in lines]))
    with open("page/filters.html", "w", encoding="utf-8") as file:
        file.write(page)
else:
    with open("dom.html", encoding="utf-8") as file:
        said = json.loads(file.read().split("SAID")[1].replace("&gt;", ">"))
    assert len(said) == len(lines)
    for (asked, expected), found in zip(lines, said):
        assert re.fullmatch(expected, found), (asked, expected, found)
EOF_PYTHON
"$python" filters.py write
"$browser" --headless --no-sandbox --disable-gpu --virtual-time-budget=2000 --dump-dom \
    "file://$PWD/page/filters.html" >dom.html 2>/dev/null
check "filters" "$python" filters.py look
finish
