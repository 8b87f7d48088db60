/* SPDX-License-Identifier: BSD-3-Clause */
/* The head of the page: what the session is. */
#include "report_cards.h"
#include "report_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const known[] = {"good", "mua", "noise"};
enum {
    N_KNOWN = sizeof known / sizeof known[0]
};

static void add_fact(report_text *text, const char *name)
{
    report_text_print(text, "<div><dt>%s</dt><dd>", name);
}

static void end_fact(report_text *text)
{
    report_text_put(text, "</dd></div>");
}

static void add_duration(report_text *text, double seconds)
{
    const char *unit = "s";
    if (seconds >= 2 * 3600) {
        seconds /= 3600;
        unit = "h";
    } else if (seconds >= 300) {
        seconds /= 60;
        unit = "min";
    }
    report_text_number(text, seconds);
    report_text_print(text, " <small>%s</small>", unit);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Smallest, median and largest rate; 0: out of memory. */
static int find_rates(const report_data *data, double rates[3])
{
    double *sorted = malloc(((size_t)data->n_units + 1) * sizeof *sorted);
    if (sorted == NULL)
        return 0;
    size_t n = 0;
    for (int64_t u = 0; u < data->n_units; u++)
        if (isfinite(data->units[u].rate_hz))
            sorted[n++] = data->units[u].rate_hz;
    rates[0] = rates[1] = rates[2] = (double)NAN;
    if (n > 0) {
        qsort(sorted, n, sizeof *sorted, compare_doubles);
        rates[0] = sorted[0];
        rates[1] = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
        rates[2] = sorted[n - 1];
    }
    free(sorted);
    return 1;
}

static void add_qualities(report_text *text, const report_data *data)
{
    int64_t counts[N_KNOWN + 1] = {0};
    const char *other = NULL; /* the one other label, if there is only one */
    for (int64_t u = 0; u < data->n_units; u++) {
        size_t i = 0;
        while (i < N_KNOWN && strcmp(data->units[u].quality, known[i]) != 0)
            i++;
        if (i == N_KNOWN)
            other = counts[i] == 0 ||
                            (other != NULL && strcmp(other, data->units[u].quality) == 0)
                        ? data->units[u].quality
                        : NULL;
        counts[i]++;
    }
    report_text_put(text, "<div class=\"q\" aria-hidden=\"true\">");
    for (size_t i = 0; i <= N_KNOWN; i++)
        if (counts[i] > 0)
            report_text_print(text, "<i class=\"%s\" style=\"flex:%lld 0 0\"></i>",
                              i < N_KNOWN ? known[i] : "other", (long long)counts[i]);
    report_text_put(text, "</div><p>");
    const char *between = "";
    for (size_t i = 0; i <= N_KNOWN; i++)
        if (counts[i] > 0) {
            report_text_print(text, "%s<span class=\"%s\"><b>", between,
                              i < N_KNOWN ? known[i] : "other");
            report_text_grouped(text, counts[i]);
            report_text_put(text, "</b> ");
            report_text_escape(text, i < N_KNOWN     ? known[i]
                                     : other != NULL ? other
                                                     : "with other labels");
            report_text_put(text, "</span>");
            between = ", ";
        }
    report_text_put(text, "</p>\n");
}

static spk_status add_inputs(spk_context *ctx, report_text *text, const report_data *data)
{
    const int64_t n = spk_session_n_inputs(data->session);
    report_text_print(
        text,
        "<details><summary>%lld input files and their digests</summary><div "
        "class=\"box\"><table><tr><th class=\"w\">file</th><th "
        "class=\"w\">XXH3, 128 bits</th></tr>",
        (long long)n);
    for (int64_t i = 0; i < n; i++) {
        char digest[33];
        const spk_status status = spk_session_input_digest(ctx, data->session, i, digest);
        if (status != SPK_OK)
            return status;
        const char *path = spk_session_input_path(data->session, i);
        const char *slash = strrchr(path, '/');
        report_text_put(text, "<tr><td class=\"w\">");
        report_text_escape(text, slash != NULL ? slash + 1 : path);
        report_text_print(text, "</td><td class=\"w\"><code>%s</code></td></tr>", digest);
    }
    report_text_put(text, "</table></div></details>\n");
    return SPK_OK;
}

spk_status report_facts_add(spk_context *ctx, report_text *text, const report_data *data)
{
    const spk_spikes *spikes = &data->selection.spikes;
    const int64_t n_all = spk_session_spikes(data->session)->n_units;
    double rates[3];
    if (!find_rates(data, rates))
        return SPK_ERR_MEMORY;
    report_text_put(text, "<dl class=\"facts\">");
    add_fact(text, "units");
    report_text_grouped(text, data->n_units);
    if (data->n_units != n_all) {
        report_text_put(text, " <small>of ");
        report_text_grouped(text, n_all);
        report_text_put(text, "</small>");
    }
    end_fact(text);
    add_fact(text, "spikes");
    report_text_grouped(text, spikes->n_spikes);
    end_fact(text);
    add_fact(text, "duration");
    add_duration(text, data->duration_s);
    end_fact(text);
    add_fact(text, "all units together");
    report_text_number(text, data->duration_s > 0
                                 ? (double)spikes->n_spikes / data->duration_s
                                 : (double)NAN);
    report_text_put(text, " <small>spikes/s</small>");
    end_fact(text);
    add_fact(text, "median rate of a unit");
    report_text_number(text, rates[1]);
    report_text_put(text, " <small>Hz, ");
    report_text_number(text, rates[0]);
    report_text_put(text, " to ");
    report_text_number(text, rates[2]);
    report_text_put(text, "</small>");
    end_fact(text);
    add_fact(text, "sampling");
    if (spikes->sampling_rate_hz >= 1e9)
        report_text_put(text, "1 <small>ns grid: times were given in seconds</small>");
    else {
        if (spikes->sampling_rate_hz == floor(spikes->sampling_rate_hz))
            report_text_grouped(text, (int64_t)spikes->sampling_rate_hz);
        else
            report_text_print(text, "%.10g", spikes->sampling_rate_hz);
        report_text_put(text, " <small>Hz</small>");
    }
    end_fact(text);
    add_fact(text, "format");
    report_text_escape(text, spk_session_format(data->session));
    end_fact(text);
    report_text_put(text, "</dl>\n");
    add_qualities(text, data);
    report_text_put(text,
                    "<p class=\"note\">Rate is number of spikes divided by the duration "
                    "of the recording, from ");
    report_text_number(text, data->start_s);
    report_text_put(text, " to ");
    report_text_number(text, data->start_s + data->duration_s);
    report_text_put(text,
                    " s. Where the session does not say how long it was, it ends with "
                    "its last spike.</p>\n");
    return add_inputs(ctx, text, data);
}
