/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_page.h"
#include "report_cards.h"
#include "report_units.h"

#include <spikekit/version.h>
#include <string.h>

/* A box for each quality, in the order in which they occur. */
static void add_tools(report_text *text, const report_data *data)
{
    enum {
        MAX_BOXES = 12
    };
    const char *seen[MAX_BOXES];
    size_t n = 0;
    report_text_put(text,
                    "<form class=\"tools\" id=\"tools\" hidden=\"hidden\"><span>Show");
    for (int64_t u = 0; u < data->n_units && n < MAX_BOXES; u++) {
        const char *quality = data->units[u].quality;
        size_t i = 0;
        while (i < n && strcmp(seen[i], quality) != 0)
            i++;
        if (i < n)
            continue;
        seen[n++] = quality;
        report_text_print(text,
                          " <label class=\"%s\"><input type=\"checkbox\" "
                          "checked=\"checked\" value=\"",
                          report_quality_class(quality));
        report_text_escape(text, quality);
        report_text_put(text, "\"/> ");
        report_text_escape(text, quality);
        report_text_put(text, "</label>");
    }
    report_text_print(
        text,
        "</span><label>Order <select id=\"order\">"
        "<option value=\"order\">%s</option><option value=\"rate\">by rate, "
        "highest first</option><option value=\"isi\">by short intervals, fewest "
        "first</option>%s</select></label>"
        "<span id=\"shown\"></span><button class=\"more\" id=\"all\" type=\"button\" "
        "hidden=\"hidden\">Show all</button></form>\n",
        data->has_positions ? "by depth, from the top" : "by id",
        data->has_positions ? "<option value=\"id\">by id</option>" : "");
}

static spk_status add_units(spk_context *ctx, report_text *text, const report_data *data)
{
    const double reach = data->lags_ms[data->options.n_bins - 1] + data->bin_ms / 2;
    report_text_put(text,
                    "<h2 id=\"units\">Units</h2>\n<p class=\"note\"><b>"
                    "Autocorrelograms.</b> Rate of a unit\xE2\x80\x99s spikes around "
                    "each of its spikes, lags from \xE2\x88\x92");
    report_text_print(text,
                      "%.4g to %.4g ms in bins of %.3g ms, wider ones where there are "
                      "few spikes; each is scaled to its own maximum. ",
                      reach, reach, data->bin_ms);
    report_text_print(
        text,
        "The dashed line is the mean rate, the grey band lags within "
        "%g ms. A well isolated unit leaves the band empty: the share of its "
        "interspike intervals (ISI) shorter than %g ms is given below it. ",
        1000 * REPORT_REFRACTORY_S, 1000 * REPORT_REFRACTORY_S);
    report_text_put(
        text, data->has_positions
                  ? data->position_source == REPORT_POSITIONS_TEMPLATES
                        ? "Units are ordered along the probe, highest y first; they "
                          "are where the centre of mass of their template is, as "
                          "the session does not place them itself."
                        : "Units are ordered along the probe, highest y first."
                  : "Units are ordered by id: the session gives no positions.");
    report_text_put(text,
                    "</p>\n<p class=\"note\"><b>good</b> is taken for a single neuron, "
                    "<b>mua</b> (multi-unit activity) for spikes of several, "
                    "<b>unsorted</b> has no label; a KSLabel is the sorter\xE2\x80\x99s "
                    "guess, a group was given by hand.</p>\n");
    if (data->n_units == 0) {
        report_text_put(text, "<p>There are no units.</p>\n");
        return SPK_OK;
    }
    add_tools(text, data);
    report_text_put(text, "<div class=\"cards\" id=\"cards\">\n");
    const spk_status status = report_cards_add_units(ctx, text, data);
    report_text_put(text, "</div>\n<button class=\"more\" id=\"more\" type=\"button\" "
                          "hidden=\"hidden\">Show all</button>\n");
    return status;
}

static void add_found(report_text *text, const report_peaks *peaks)
{
    report_text_put(text, "<p class=\"note\"><b>");
    report_text_grouped(text, peaks->n_significant);
    report_text_print(text, "</b> %s this test%s",
                      peaks->n_significant == 1 ? "pair passes" : "pairs pass",
                      peaks->n < peaks->n_significant ? "; the strongest " : ".");
    if (peaks->n < peaks->n_significant)
        report_text_print(text, "%lld by p are shown.", (long long)peaks->n);
    report_text_put(text, "</p>\n");
}

static void add_peak_row(report_text *text, const report_data *data,
                         const report_peak *peak, const char *kind)
{
    report_text_print(text,
                      "<tr><td class=\"w\">%s</td><td>%lld</td><td>%lld</td><td>%.3g</td>"
                      "<td>%lld</td><td>",
                      kind, (long long)data->units[peak->source].id,
                      (long long)data->units[peak->target].id, peak->lag_ms,
                      (long long)peak->count);
    report_text_number(text, peak->expected);
    report_text_put(text, "</td><td>");
    report_text_number(text, (double)peak->count / peak->expected);
    report_text_print(text, "</td><td>%.3g</td><td>", peak->width_ms);
    report_cards_add_probability(text, "", peak->log_p);
    report_text_put(text, "</td><td>");
    report_text_number(text, peak->distance_um);
    const int near = peak->distance_um <= REPORT_NEAR_UM;
    report_text_print(text, "</td><td class=\"w\">%s%s%s</td></tr>\n",
                      !near               ? ""
                      : peak->overlap < 0 ? "near, dip at 0"
                      : peak->overlap > 0 ? "near, peak at 0"
                                          : "near",
                      near && peak->also_synchronous ? ", " : "",
                      peak->also_synchronous ? "also synchronous" : "");
}

static void add_peak_table(report_text *text, const report_data *data)
{
    if (data->directed.n + data->synchronous.n == 0)
        return;
    report_text_put(text,
                    "<details open=\"open\"><summary>The same peaks as a table"
                    "</summary><div class=\"box\"><table><tr><th class=\"w\">kind</th>"
                    "<th>first</th><th>second</th><th>lag (ms)</th><th>pairs</th>"
                    "<th>expected</th><th>ratio</th><th>width (ms)</th><th>p</th>"
                    "<th>distance (\xC2\xB5m)</th><th class=\"w\">remark</th></tr>\n");
    for (int64_t p = 0; p < data->directed.n; p++)
        add_peak_row(text, data, &data->directed.items[p], "directed");
    for (int64_t p = 0; p < data->synchronous.n; p++)
        add_peak_row(text, data, &data->synchronous.items[p], "synchronous");
    report_text_put(text,
                    "</table></div></details>\n<p class=\"note\">Width: how long the "
                    "correlogram stays above half the height of the peak over the "
                    "expectation. A synapse makes a narrow peak; shared slow changes "
                    "make a wide one.</p>\n");
}

static void add_peaks(report_text *text, const report_data *data)
{
    const double reach = data->lags_ms[data->options.n_bins - 1] + data->bin_ms / 2;
    report_text_put(text, "<h2 id=\"peaks\">Correlogram peaks</h2>\n");
    if (data->n_flank_bins == 0) {
        report_text_print(text,
                          "<p class=\"note\">The window is too short to test peaks: the "
                          "expectation is taken from lags beyond %g ms.</p>\n",
                          REPORT_FLANK_MS);
        return;
    }
    report_text_put(text,
                    "<p class=\"note\"><b>A first screen, not a test of connections.</b> "
                    "A peak may come from a synapse, from input that two units share, "
                    "from slow changes of rate, or from one neuron sorted into two "
                    "units. For each ordered pair, the highest bin at lags up to ");
    report_text_print(
        text,
        "%g ms is compared with the mean of the flanks (beyond \xC2\xB1%g ms, "
        "grey; dashed line) as a Poisson count. p is the probability of as many "
        "pairs or more in that bin; a peak is shown if p times ",
        REPORT_PEAK_MS, REPORT_FLANK_MS);
    report_text_grouped(text, data->n_tests);
    report_text_print(
        text,
        ", the number of bins tested in all pairs (Bonferroni), is below %g. "
        "The lag is positive when the second unit fires after the first. "
        "Correlograms are drawn to \xC2\xB1%g ms, the flanks reach to \xC2\xB1%.4g ms. "
        "<b>near</b> marks units within %g \xC2\xB5m, whose overlapping spikes a "
        "sorter may miss (dip at 0) or assign twice (peak at 0)%s.</p>\n",
        REPORT_ALPHA, REPORT_DRAWN_MS < reach ? REPORT_DRAWN_MS : reach, reach,
        REPORT_NEAR_UM,
        data->has_positions ? ""
                            : "; here positions are not known, so none is "
                              "marked");
    report_text_print(
        text,
        "<h3 class=\"s\">One unit after the other</h3><p "
        "class=\"note\">Bins beyond the synchronous ones, up to %g ms. "
        "<b>Not every peak here is a synapse.</b> Units far apart that fire "
        "within 1 ms of each other, and units that recur in many pairs, "
        "point to an artefact of the recording. <b>also synchronous</b> "
        "marks pairs whose bins around lag 0 are significant as well: "
        "their peak may be the side of one at 0. The number at the upper "
        "left of each drawing is its maximum.</p>\n",
        REPORT_PEAK_MS);
    add_found(text, &data->directed);
    report_text_put(text, "<div class=\"cards pairs\">\n");
    report_cards_add_peaks(text, data, &data->directed, 1);
    report_text_put(text, "</div>\n");
    report_text_print(
        text,
        "<h3 class=\"s\">Synchronous</h3><p class=\"note\">The bin at lag "
        "0, and others centred within %g ms. Units far apart that are synchronous, and "
        "units that recur in many pairs, may share an artefact of the recording.</p>\n",
        REPORT_SYNCHRONOUS_MS);
    add_found(text, &data->synchronous);
    report_text_put(text, "<div class=\"cards pairs\">\n");
    report_cards_add_peaks(text, data, &data->synchronous, 0);
    report_text_put(text, "</div>\n");
    add_peak_table(text, data);
}

spk_status report_page_add(spk_context *ctx, report_text *text, const report_data *data,
                           const report_details *details,
                           const report_connections *connections)
{
    report_text_put(text,
                    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
                    "charset=\"utf-8\"/><meta name=\"viewport\" "
                    "content=\"width=device-width, initial-scale=1\"/><meta "
                    "http-equiv=\"Content-Security-Policy\" content=\"default-src "
                    "'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"/>"
                    "<title>");
    report_text_escape(text, data->name);
    report_text_put(text, " \xC2\xB7 spikekit report</title>\n<style>");
    report_text_put(text, report_style);
    report_text_put(text,
                    "</style></head>\n<body><header><p class=\"over\">Spikekit report"
                    "</p><h1>");
    report_text_escape(text, data->name[0] != '\0' ? data->name : "session");
    report_text_put(text, "</h1><nav><a href=\"#time\">Time and depth</a><a "
                          "href=\"#quality\">Quality</a><a href=\"#units\">Units</a><a "
                          "href=\"#connections\">Connections</a><a "
                          "href=\"#peaks\">Correlogram peaks</a>"
                          "</nav></header>\n<main>\n");
    spk_status status = report_facts_add(ctx, text, data);
    if (status != SPK_OK)
        return status;
    report_text_put(text, "<h2 id=\"time\">Time and depth</h2>\n");
    if (data->selection.spikes.n_spikes == 0)
        report_text_put(text, "<p>There are no spikes to draw.</p>\n");
    else if (!report_time_add(text, data))
        return SPK_ERR_MEMORY;
    report_units_add(text, details);
    if ((status = add_units(ctx, text, data)) != SPK_OK)
        return status;
    report_connections_add(text, data, connections);
    add_peaks(text, data);
    report_text_print(
        text,
        "</main><footer>Made by spikekit %s. The numbers behind the figures "
        "are beside this page: units.tsv, metrics.tsv, rate_over_time.tsv, "
        "autocorrelograms.tsv, connections.tsv, peaks.tsv.</footer>\n",
        spk_version());
    if (data->n_units > 0)
        report_units_add_data(text, details);
    report_text_print(text, "<script>/*<![CDATA[*/\n%s", report_script);
    report_text_put(text, report_units_script);
    report_text_put(text, "/*]]>*/</script></body></html>\n");
    return text->failed ? SPK_ERR_MEMORY : SPK_OK;
}
