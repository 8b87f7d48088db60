/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of units and the section of the unit that is looked at. Everything is drawn from
 * the JSON of the page when it is asked for, so that hundreds of units stay quick. */
(function () {
    'use strict';
    var source = document.getElementById('unit-data');
    var table = document.getElementById('unit-table');
    var section = document.getElementById('unit');
    if (!source || !table || !section)
        return;
    var data = JSON.parse(source.textContent);
    var space = document.getElementById('unit-space').namespaceURI;
    var columns = data.columns, units = data.units;
    var shown = [], sortBy = null, descending = false, selected = -1, visible = [];
    var filter = document.getElementById('filter'), tally = document.getElementById('tally');
    var chooser = document.getElementById('columns');
    var place = {}, texts = {unit: 'id', quality: 'q', label: 'label'};
    columns.forEach(function (column, c) {
        place[column.name] = c;
        if (column.core)
            shown.push(c);
    });

    /* ---- small things ---- */

    function make(tag, parent, text, kind) {
        var element = document.createElement(tag);
        if (text !== undefined && text !== null)
            element.textContent = text;
        if (kind)
            element.className = kind;
        if (parent)
            parent.appendChild(element);
        return element;
    }

    function draw(tag, parent, attributes, text) {
        var element = document.createElementNS(space, tag);
        Object.keys(attributes).forEach(function (name) {
            element.setAttribute(name, attributes[name]);
        });
        if (text !== undefined)
            element.textContent = text;
        parent.appendChild(element);
        return element;
    }

    function number(value) {
        if (value === null)
            return '\u2013';
        var size = Math.abs(value);
        if (value === Math.round(value) && size < 1e6)
            return String(value).replace('-', '\u2212');
        if (size !== 0 && (size < 1e-3 || size >= 1e6))
            return value.toExponential(1).replace(/-/g, '\u2212');
        return String(Number(value.toPrecision(3))).replace('-', '\u2212');
    }

    /* ---- the table ---- */

    /* "rp_contamination<0.1 label=GOOD -mua 17": conditions on columns, on unit, quality and
     * label, and words that one of these must be; a minus turns a word round. Returns the tests,
     * and what is wrong with the first word that cannot be understood, which is passed over. */
    function parse(text) {
        var tests = [], wrong = '';
        text.replace(/\s*(<=|>=|!=|<|>|=|:)\s*/g, '$1').split(/\s+/).forEach(function (word) {
            var not = /^[-!]./.test(word), plain = not ? word.slice(1) : word;
            var found = /^([A-Za-z_0-9]+)(<=|>=|!=|<|>|=|:)(.*)$/.exec(plain);
            if (word === '')
                return;
            var test = found ? condition(found[1], found[2], found[3]) : wordTest(plain);
            if (typeof test === 'string')
                wrong = wrong || '\u201c' + word + '\u201d: ' + test;
            else
                tests.push(not ? function (unit) { return !test(unit); } : test);
        });
        return {tests: tests, wrong: wrong};
    }

    /* The test of "name relation value", or in words what is wrong with it. */
    function condition(name, relation, value) {
        var c = place[name], bound = Number(value), equal = relation === '=' || relation === ':';
        if (texts[name] && (equal || relation === '!=')) {
            var wanted = value.toLowerCase();
            return function (unit) {
                return (String(unit[texts[name]]).toLowerCase() === wanted) === equal;
            };
        }
        if (c === undefined)
            return texts[name] ? 'write ' + name + '=\u2026' : 'there is no metric ' + name;
        if (value === '' || isNaN(bound))
            return 'a number is missing after ' + relation;
        return function (unit) {
            var v = unit.v[c];
            if (v === null)
                return false;
            switch (relation) {
            case '<': return v < bound;
            case '>': return v > bound;
            case '<=': return v <= bound;
            case '>=': return v >= bound;
            case '!=': return v !== bound;
            default: return v === bound;
            }
        };
    }

    function wordTest(word) {
        function test(unit) {
            return String(unit.id) === word || unit.q === word || unit.label === word;
        }
        return units.some(test) ? test : 'no unit, quality or label is called that';
    }

    function key(unit) {
        if (sortBy === 'id')
            return unit.id;
        if (sortBy === 'q')
            return unit.q;
        if (sortBy === 'label')
            return unit.label;
        return unit.v[sortBy];
    }

    function compare(a, b) {
        var x = key(units[a]), y = key(units[b]);
        if (x === y)
            return a - b;
        if (x === null) /* what is not known comes last either way */
            return 1;
        if (y === null)
            return -1;
        return (x < y ? -1 : 1) * (descending ? -1 : 1);
    }

    function heading(row, name, what, title) {
        var cell = make('th', row, null, typeof what === 'string' ? 'w' : '');
        var button = make('button', cell, name.replace(/_/g, '_\u200b'), 'h');
        button.type = 'button';
        button.title = title;
        cell.setAttribute('aria-sort', sortBy !== what ? 'none'
                                       : descending ? 'descending' : 'ascending');
        if (sortBy === what)
            button.textContent += descending ? ' \u25be' : ' \u25b4';
        button.addEventListener('click', function () {
            /* rising, falling, and back to the order of the session */
            sortBy = sortBy === what && descending ? null : what;
            descending = sortBy !== null && cell.getAttribute('aria-sort') === 'ascending';
            update();
        });
    }

    function unitOf(column) {
        return column.unit === '1' ? '' : column.unit.replace(/\bu(m|V|s)\b/g, '\u00b5$1');
    }

    function aboutColumn(column) {
        return column.about + (column.unit === '1' ? '' : ' [' + unitOf(column) + ']') +
               ' Empty: ' + column.nan + '.' + (column.limits ? ' In order: ' + column.limits : '');
    }

    function update() {
        var asked = parse(filter.value);
        filter.setAttribute('aria-invalid', asked.wrong ? 'true' : 'false');
        visible = [];
        units.forEach(function (unit, u) {
            if (asked.tests.every(function (test) { return test(unit); }))
                visible.push(u);
        });
        if (sortBy !== null)
            visible.sort(compare);
        tally.textContent = visible.length + ' of ' + units.length + ' units' +
                            (asked.wrong ? '; passed over ' + asked.wrong : '');
        var head = make('thead'), body = make('tbody'), row = make('tr', head);
        heading(row, 'unit', 'id', 'Id of the unit');
        heading(row, 'quality', 'q', 'Quality as the session says');
        heading(row, 'label', 'label', 'Label by the thresholds ' + data.thresholds);
        shown.forEach(function (c) {
            heading(row, columns[c].name, c, aboutColumn(columns[c]));
        });
        visible.forEach(function (u) {
            var unit = units[u], line = make('tr', body, null, u === selected ? 'sel' : '');
            var cell = make('td', line, null, 'w'), link = make('a', cell, unit.id);
            link.href = '#unit-' + unit.id;
            unit.merge.forEach(function (other) {
                if (other.twin)
                    make('small', cell, ' = ' + other.id, 'bad').title = other.twin;
            });
            make('td', line, unit.q, 'w ' + unit.k);
            make('td', line, unit.label, 'w').title = unit.why;
            shown.forEach(function (c) {
                var verdict = unit.f.charAt(c);
                make('td', line, number(unit.v[c]),
                     verdict === 'f' ? 'bad' : verdict === 'p' ? 'ok' : '');
            });
            line.setAttribute('data-u', u);
        });
        table.replaceChildren(head, body);
    }

    function addChooser() {
        var group = null, box = null;
        columns.forEach(function (column, c) {
            if (column.group !== group) {
                group = column.group;
                box = make('p', chooser);
                make('b', box, group + ' ');
            }
            var label = make('label', box), input = make('input', label);
            label.title = aboutColumn(column);
            input.type = 'checkbox';
            input.checked = column.core === 1;
            input.addEventListener('change', function () {
                shown = shown.filter(function (other) { return other !== c; });
                if (input.checked)
                    shown.push(c);
                update();
            });
            label.appendChild(document.createTextNode(' ' + column.name + ' '));
        });
    }

    /* ---- the section of a unit ---- */

    function figure(parent, title, about) {
        var box = make('figure', parent);
        make('figcaption', box, title).title = about || '';
        return box;
    }

    function canvas(parent, width, height, words) {
        return draw('svg', parent, {viewBox: '0 0 ' + width + ' ' + height, role: 'img',
                                    'aria-label': words});
    }

    function steps(values, top, width, height) {
        var w = width / values.length, path = 'M0 ' + height;
        values.forEach(function (value, k) {
            var y = height - Math.min(value / top, 1) * height;
            path += 'V' + y.toFixed(1) + 'H' + ((k + 1) * w).toFixed(1);
        });
        return path + 'V' + height + 'Z';
    }

    function axis(svg, x0, x1, y, from, to, unit) {
        draw('line', svg, {x1: x0, x2: x1, y1: y, y2: y, 'class': 'ax'});
        [from, (from + to) / 2, to].forEach(function (value, i) {
            draw('text', svg, {x: x0 + (x1 - x0) * i / 2, y: y + 13, 'class': 'tx',
                               'text-anchor': ['start', 'middle', 'end'][i]},
                 number(value) + (i === 2 ? ' ' + unit : ''));
        });
    }

    /* A correlogram of counts, and a fitted curve [as counts] over its right half. */
    function correlogram(parent, counts, curve, refractory, words) {
        var width = 420, height = 150, outer = canvas(parent, width, height + 32, words);
        var svg = draw('g', outer, {transform: 'translate(0 14)'});
        var top = Math.max.apply(null, counts.concat(curve || [], [1]));
        var half = counts.length * data.bin_ms / 2;
        if (refractory !== null && refractory > 0) {
            var r = Math.min(refractory / half, 1) * width / 2;
            draw('rect', svg, {x: width / 2 - r, width: 2 * r, y: 0, height: height, 'class': 'rf'});
        }
        draw('path', svg, {d: steps(counts, top, width, height), 'class': 'bar'});
        if (curve) {
            var path = '';
            curve.forEach(function (value, k) {
                var x = width / 2 + (k + 1) * width / counts.length;
                path += (k ? 'L' : 'M') + x.toFixed(1) + ' ' +
                        (height - Math.max(value, 0) / top * height).toFixed(1);
            });
            draw('path', svg, {d: path, 'class': 'fit'});
        }
        axis(svg, 0, width, height, -half, half, 'ms');
        draw('text', svg, {x: 0, y: -4, 'class': 'tx'}, number(top) + ' pairs');
    }

    function amplitudes(parent, amp, words) {
        var left = 40, width = 420 - left, height = 150, d = '';
        var svg = draw('g', canvas(parent, left + width, height + 32, words),
                       {transform: 'translate(' + left + ' 14)'});
        amp.t.forEach(function (t, i) {
            d += 'M' + (t / 1000 * width).toFixed(1) + ' ' +
                 (height - amp.a[i] / 1000 * height).toFixed(1) + 'h.1';
        });
        draw('path', svg, {d: d, 'class': 'dots'});
        if (amp.m) {
            var line = '', broken = true;
            amp.m.forEach(function (value, i) {
                if (value !== null)
                    line += (broken ? 'M' : 'L') + ((i + 0.5) * width / amp.m.length).toFixed(1) +
                            ' ' + (height - value / 1000 * height).toFixed(1);
                broken = value === null;
            });
            draw('path', svg, {d: line, 'class': 'fit'});
        }
        axis(svg, 0, width, height, 0, data.duration_s, 's');
        draw('line', svg, {x1: 0, x2: 0, y1: 0, y2: height, 'class': 'ax'});
        [[amp.high, 8], [amp.low, height]].forEach(function (end) {
            draw('text', svg, {x: -5, y: end[1], 'class': 'tx', 'text-anchor': 'end'},
                 number(end[0]));
        });
    }

    /* Waveforms at their places on the probe. */
    function template(parent, tpl, words) {
        var width = 300, height = 260, svg = canvas(parent, width, height, words);
        var xs = tpl.x, ys = tpl.y;
        var x0 = Math.min.apply(null, xs), x1 = Math.max.apply(null, xs);
        var y0 = Math.min.apply(null, ys), y1 = Math.max.apply(null, ys);
        var w = x1 > x0 ? width * 0.36 : width * 0.7, h = height / 5;
        tpl.w.forEach(function (wave, k) {
            var left = x1 > x0 ? (xs[k] - x0) / (x1 - x0) * (width - w) : (width - w) / 2;
            var middle = y1 > y0 ? h / 2 + (y1 - ys[k]) / (y1 - y0) * (height - h) : height / 2;
            var path = '';
            wave.forEach(function (value, s) {
                path += (s ? 'L' : 'M') + (left + s / (wave.length - 1) * w).toFixed(1) + ' ' +
                        (middle - value / 1000 * h * 1.4).toFixed(1);
            });
            draw('path', svg, {d: path, 'class': k === 0 ? 'wave main' : 'wave'});
            draw('text', svg, {x: left, y: middle - 3, 'class': 'tx'}, tpl.c[k]);
        });
    }

    function allMetrics(parent, unit) {
        var group = null, list = null;
        columns.forEach(function (column, c) {
            if (column.group !== group) {
                group = column.group;
                var box = make('div', parent, null, 'mg');
                make('h4', box, group);
                list = make('table', box);
            }
            var row = make('tr', list), name = make('td', row, null, 'w'), v = unit.f.charAt(c);
            name.textContent = column.name.replace(/_/g, '_\u200b');
            name.title = aboutColumn(column);
            make('td', row, number(unit.v[c]), v === 'f' ? 'bad' : v === 'p' ? 'ok' : '');
            make('td', row, unitOf(column), 'w s');
        });
    }

    function candidates(parent, unit) {
        var grid = make('div', parent, null, 'side');
        unit.merge.forEach(function (other) {
            var box = make('div', grid, null, 'cand');
            var title = make('h4', box), link = make('a', title, 'unit ' + other.id);
            link.href = '#unit-' + other.id;
            make('p', box, other.words, other.twin ? 'bad' : 's');
            correlogram(box, other.ccg, null, null,
                        'Cross-correlogram of units ' + unit.id + ' and ' + other.id);
            var there = units[byId[other.id]];
            if (there) {
                make('p', box, 'autocorrelogram of ' + other.id, 's');
                correlogram(box, there.acg, there.fit, there.rp,
                            'Autocorrelogram of unit ' + other.id);
            }
        });
    }

    var byId = {};
    units.forEach(function (unit, u) { byId[unit.id] = u; });

    function step(by) {
        var order = visible.length ? visible : units.map(function (_, u) { return u; });
        var at = order.indexOf(selected);
        var next = order[(at + by + order.length) % order.length];
        location.hash = 'unit-' + units[next].id;
    }

    function show(u) {
        var unit = units[u], old = table.querySelector('tr.sel');
        selected = u;
        if (old)
            old.className = '';
        var row = table.querySelector('tr[data-u="' + u + '"]');
        if (row)
            row.className = 'sel';
        section.replaceChildren();
        var head = make('div', section, null, 'uh'), title = make('h3', head, 'Unit ' + unit.id);
        title.id = 'unit-' + unit.id;
        make('span', head, unit.q, unit.k);
        if (unit.label)
            make('span', head, unit.label + (unit.why ? ': ' + unit.why : ''));
        if (unit.y !== null)
            make('span', head, 'at ' + number(unit.x) + ', ' + number(unit.y) + ' \u00b5m', 's');
        [['\u2190 previous', -1], ['next \u2192', 1]].forEach(function (way) {
            var button = make('button', head, way[0], 'more');
            button.type = 'button';
            button.addEventListener('click', function () { step(way[1]); });
        });
        var grid = make('div', section, null, 'figs');
        if (unit.tpl)
            template(figure(grid, 'Template on the probe', 'Channel numbers; the main channel is dark'),
                     unit.tpl, 'Template of unit ' + unit.id);
        correlogram(figure(grid, 'Autocorrelogram' + (unit.fit ? ' with fit (line)' : '') +
                           (unit.rp ? '; band: silent for ' + number(unit.rp) +
                                      ' ms after a spike, by the fit' : ''),
                           'Pairs a bin; the line is three exponentials fitted to it, the band ' +
                           'ends where the line is half as high as far out'),
                    unit.acg, unit.fit, unit.rp, 'Autocorrelogram of unit ' + unit.id);
        if (unit.amp)
            amplitudes(figure(grid, 'Amplitude over time', 'Some of its spikes; the line is the median'),
                       unit.amp, 'Amplitudes of unit ' + unit.id);
        if (unit.merge.length) {
            make('h4', section, unit.merge[0].twin ? 'Units with the same spikes, then others'
                 : unit.merge[0].proposed ? 'Merge candidates'
                 : 'Nearest to being one neuron with it (no merge is proposed)');
            candidates(section, unit);
        }
        make('h4', section, 'All metrics');
        allMetrics(make('div', section, null, 'all'), unit);
        section.hidden = false;
    }

    function follow() {
        var found = /^#unit-(-?[0-9]+)$/.exec(location.hash);
        if (found && byId[found[1]] !== undefined) {
            show(byId[found[1]]);
            section.scrollIntoView({block: 'start'});
        }
    }

    var tools = document.getElementById('unit-tools');
    tools.hidden = false;
    tools.addEventListener('submit', function (event) { event.preventDefault(); });
    addChooser();
    update();
    filter.addEventListener('input', update);
    table.addEventListener('click', function (event) {
        var row = event.target.closest ? event.target.closest('tbody tr') : null;
        if (row && event.target.tagName !== 'A')
            location.hash = 'unit-' + units[Number(row.getAttribute('data-u'))].id;
    });
    window.addEventListener('hashchange', follow);
    follow();
}());
