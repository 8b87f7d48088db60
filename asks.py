import json, re, sys
if sys.argv[1] == "write":
    with open("page/index.html", encoding="utf-8") as file:
        page = file.read()
    asked = [line.split("|")[0] for line in open("filters.txt", encoding="utf-8")]
    page = page.replace("</body>", """<script>/*<![CDATA[*/
var box = document.getElementById('filter'), said = document.createElement('pre');
said.textContent = 'SAID' + JSON.stringify(%s.map(function (words) {
    box.value = words;
    box.dispatchEvent(new Event('input'));
    return document.getElementById('tally').textContent;
})) + 'SAID';
document.body.appendChild(said);
/*]]>*/</script></body>""" % json.dumps(asked))
    with open("page/filters.html", "w", encoding="utf-8") as file:
        file.write(page)
else:
    with open("dom.html", encoding="utf-8") as file:
        said = json.loads(file.read().split("SAID")[-2].replace("&gt;", ">"))
    lines = [line.rstrip("\n").split("|") for line in open("filters.txt", encoding="utf-8")]
    assert len(said) == len(lines)
    for (asked, expected), found in zip(lines, said):
        assert re.fullmatch(expected, found), (asked, expected, found)
