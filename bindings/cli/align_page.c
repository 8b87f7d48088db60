/* SPDX-License-Identifier: BSD-3-Clause */
/* One page: for each unit a raster, events by condition from below, and the rates under it. */
#define _XOPEN_SOURCE 700

#include "align_request.h"
#include "command.h"
#include "report_chart.h"
#include "report_page.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    COLOURS = 6,
    RASTER_PX = 110,
    RATE_PX = 90,
    HEIGHT = 1000 /* of a drawing, stretched to its box */
};

static const char style[] =
    ".aligned{display:grid;grid-template-columns:repeat(auto-fill,minmax(340px,1fr));"
    "gap:18px 20px;margin-top:14px}.aligned article{contain-intrinsic-size:auto 330px}"
    ".aligned .plot{padding:22px 8px 22px 52px}.aligned .plot+.plot{padding-bottom:44px}"
    ".grid path.tick{stroke-width:1;vector-effect:non-scaling-stroke}"
    ".grid path.rate{stroke-width:1.6;vector-effect:non-scaling-stroke;"
    "shape-rendering:auto}.grid path.band{stroke:none;fill:var(--k);fill-opacity:.22}"
    ".grid path.zero{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3;"
    "vector-effect:non-scaling-stroke}\n"
    ".k0{--k:#2d6597}.k1{--k:#c2410c}.k2{--k:#14734f}.k3{--k:#7c3aad}.k4{--k:#935a00}"
    ".k5{--k:#0e7490}@media(prefers-color-scheme:dark){.k0{--k:#74aad5}.k1{--k:#ff8f5c}"
    ".k2{--k:#4fc795}.k3{--k:#c79bf2}.k4{--k:#e3a94a}.k5{--k:#5cc8e0}}\n"
    ".tick,.rate{stroke:var(--k)}.legend "
    "i.key{background:var(--k)}\n";

/* Spikes of all units, and where each event is drawn. */
typedef struct page_raster {
    int64_t *offsets;
    int64_t *lags;
    int64_t *rows; /* [n_events] from below, by condition; -1: not counted */
    int64_t n_rows;
} page_raster;

static void clear_raster(page_raster *raster)
{
    free(raster->rows);
    free(raster->lags);
    free(raster->offsets);
}

static int make_raster(const char *name, spk_context *ctx, const align_result *r,
                       page_raster *raster)
{
    const int64_t n = r->events.n_events, n_units = r->units.spikes.n_units;
    raster->offsets = malloc((size_t)(n * n_units + 1) * sizeof *raster->offsets);
    raster->rows = malloc((size_t)n * sizeof *raster->rows);
    if (raster->offsets == NULL || raster->rows == NULL)
        goto memory;
    for (int64_t c = 0; c < r->events.n_conditions; c++)
        for (int64_t e = 0; e < n; e++)
            if (r->events.conditions[e] == c)
                raster->rows[e] = r->is_whole[e] || r->options.trials == SPK_PSTH_PER_BIN
                                      ? raster->n_rows++
                                      : -1;
    spk_status status = spk_alignment_raster(ctx, &r->units.spikes, n, r->events.samples,
                                             &r->alignment, raster->offsets, NULL);
    if (status == SPK_OK) {
        raster->lags =
            malloc((size_t)(raster->offsets[n * n_units] + 1) * sizeof *raster->lags);
        if (raster->lags == NULL)
            goto memory;
        status = spk_alignment_raster(ctx, &r->units.spikes, n, r->events.samples,
                                      &r->alignment, raster->offsets, raster->lags);
    }
    return status == SPK_OK ? COMMAND_OK : command_fail(name, ctx, status);
memory:
    command_say(name, "not enough memory");
    return COMMAND_FAILED;
}

static report_axis time_axis(const align_result *r, int n_ticks, const char *label)
{
    return (report_axis){.from = align_result_start(r, 0),
                         .to = align_result_start(r, r->window.n_bins),
                         .n_ticks = n_ticks,
                         .label = label};
}

static void open_drawing(report_text *text, const align_result *r, double height)
{
    report_text_put(text,
                    "<svg class=\"grid\" preserveAspectRatio=\"none\" viewBox=\"0 0 ");
    report_text_print(text, "%lld ", (long long)r->window.n_bins);
    report_text_coordinate(text, height, 3);
    report_text_put(text, "\">");
}

/* The dashed line at the event. */
static void draw_event(report_text *text, const align_result *r, double height)
{
    const double at = -(double)r->window.first_sample / (double)r->window.bin_samples;
    if (!(at > 0 && at < (double)r->window.n_bins))
        return;
    report_text_put(text, "<path class=\"zero\" d=\"M");
    report_text_coordinate(text, at, 3);
    report_text_put(text, " 0V");
    report_text_coordinate(text, height, 3);
    report_text_put(text, "\"/>");
}

static void draw_raster(report_text *text, const align_result *r,
                        const page_raster *raster, int64_t unit)
{
    const int64_t n = r->events.n_events;
    const int64_t *offsets = raster->offsets + unit * n;
    open_drawing(text, r, (double)(raster->n_rows > 0 ? raster->n_rows : 1));
    draw_event(text, r, (double)(raster->n_rows > 0 ? raster->n_rows : 1));
    for (int64_t c = 0; c < r->events.n_conditions; c++) {
        int drawn = 0;
        for (int64_t e = 0; e < n; e++) {
            if (r->events.conditions[e] != c || raster->rows[e] < 0)
                continue;
            for (int64_t k = offsets[e]; k < offsets[e + 1]; k++) {
                const double x = (double)(raster->lags[k] - r->window.first_sample) /
                                 (double)r->window.bin_samples;
                if (!drawn)
                    report_text_print(text, "<path class=\"tick k%d\" d=\"",
                                      (int)(c % COLOURS));
                report_text_put(text, "M");
                report_text_coordinate(text, x, 2);
                report_text_print(text, " %lldv.8",
                                  (long long)(raster->n_rows - 1 - raster->rows[e]));
                drawn = 1;
            }
        }
        if (drawn)
            report_text_put(text, "\"/>");
    }
    report_text_put(text, "</svg>\n");
}

/* Highest limit of a unit, for the scale. */
static double highest(const align_result *r, int64_t unit)
{
    const int64_t n_bins = r->window.n_bins;
    double most = 0, most_rate = 0;
    for (int64_t c = 0; c < r->events.n_conditions; c++)
        for (int64_t b = 0; b < n_bins; b++) {
            const int64_t at = (c * r->units.spikes.n_units + unit) * n_bins + b;
            most = r->psth.upper[at] > most ? r->psth.upper[at] : most;
            most_rate = r->psth.rates[at] > most_rate ? r->psth.rates[at] : most_rate;
        }
    /* a band far above every rate would flatten them */
    return report_round_up(most < 2 * most_rate || most_rate == 0 ? most : 2 * most_rate);
}

/* A line through the middle of bins first .. n - 1, or back to the first. */
static void draw_line(report_text *text, const double *values, int64_t first, int64_t n,
                      double top, int backwards, int is_on)
{
    for (int64_t k = first; k < n; k++) {
        const int64_t b = backwards ? n - 1 - (k - first) : k;
        double share = values[b] / top;
        if (isnan(share)) {
            is_on = 0;
            continue;
        }
        share = share < -0.02 ? -0.02 : share > 1.05 ? 1.05 : share;
        report_text_put(text, is_on ? "L" : "M");
        report_text_coordinate(text, (double)b + 0.5, 1);
        report_text_put(text, " ");
        report_text_coordinate(text, HEIGHT * (1 - share), 0);
        is_on = 1;
    }
}

/* There and back along both limits, for each stretch of bins that has them. */
static void draw_band(report_text *text, const double *lower, const double *upper,
                      int64_t n, double top)
{
    int64_t end;
    for (int64_t first = 0; first < n; first = end) {
        for (end = first; end < n && !isnan(lower[end]) && !isnan(upper[end]);)
            end++;
        if (end > first) {
            draw_line(text, upper, first, end, top, 0, 0);
            draw_line(text, lower, first, end, top, 1, 1);
        } else {
            end++;
        }
    }
}

static void draw_rates(report_text *text, const align_result *r, int64_t unit, double top)
{
    const int64_t n_bins = r->window.n_bins;
    open_drawing(text, r, HEIGHT);
    draw_event(text, r, HEIGHT);
    for (int64_t c = 0; c < r->events.n_conditions; c++) {
        const int64_t at = (c * r->units.spikes.n_units + unit) * n_bins;
        const int colour = (int)(c % COLOURS);
        report_text_print(text, "<path class=\"band k%d\" d=\"", colour);
        draw_band(text, r->psth.lower + at, r->psth.upper + at, n_bins, top);
        report_text_print(text, "\"/><path class=\"rate k%d\" d=\"", colour);
        draw_line(text, r->psth.rates + at, 0, n_bins, top, 0, 0);
        report_text_put(text, "\"/>");
    }
    report_text_put(text, "</svg>\n");
}

static void add_unit(report_text *text, const align_result *r, const page_raster *raster,
                     int64_t unit)
{
    char id[64], title[96];
    const long long unit_id = (long long)r->units.unit_ids[unit];
    const double top = highest(r, unit);
    const report_axis bare = time_axis(r, 0, NULL), x = time_axis(r, 5, "time (s)");
    const report_axis events = {.from = 0,
                                .to = (double)(raster->n_rows > 0 ? raster->n_rows : 1),
                                .n_ticks = 3,
                                .label = "event"};
    const report_axis rate = {.from = 0, .to = top, .n_ticks = 3, .label = "rate (Hz)"};
    report_text_print(text, "<article><h3><b>%lld</b> ", unit_id);
    report_text_escape(
        text, spk_session_quality(
                  r->session, r->units.places == NULL ? unit : r->units.places[unit]));
    report_text_put(text, "</h3>");
    snprintf(id, sizeof id, "r%lld", (long long)unit);
    snprintf(title, sizeof title, "Unit %lld: spikes around each event", unit_id);
    report_chart_begin(text, id, RASTER_PX, title,
                       "A row for each event, a tick for each spike.", &bare, &events);
    draw_raster(text, r, raster, unit);
    report_chart_end(text);
    snprintf(id, sizeof id, "p%lld", (long long)unit);
    snprintf(title, sizeof title, "Unit %lld: mean rate around events", unit_id);
    report_chart_begin(text, id, RATE_PX, title,
                       "Rate by time, with a band of its limits.", &x, &rate);
    draw_rates(text, r, unit, top);
    report_chart_end(text);
    report_text_put(text, "</article>\n");
}

static const char *limits_words(const align_result *r)
{
    static const char *const words[] = {
        "exact for a Poisson mean",
        "from the spread over events, by Student\xE2\x80\x99s t",
        "percentiles over events drawn anew",
    };
    return r->options.limits == SPK_PSTH_POISSON && r->options.smooth_s > 0
               ? "those of a weighted Poisson mean (Fay and Feuer)"
               : words[r->options.limits];
}

static void add_head(report_text *text, const align_result *r)
{
    const char *path = spk_session_path(r->session);
    const char *slash = strrchr(path, '/');
    const char *last = slash == NULL || slash[1] == '\0' ? path : slash + 1;
    report_text_put(text,
                    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
                    "<meta name=\"viewport\" content=\"width=device-width\"/><title>");
    report_text_escape(text, last);
    report_text_put(text, ": responses to events</title><style>");
    report_text_put(text, report_style);
    report_text_put(text, style);
    report_text_put(
        text, "</style></head><body>\n<p class=\"over\">Responses to events</p><h1>");
    report_text_escape(text, last);
    report_text_put(text, "</h1>\n<p class=\"note\">");
    report_text_grouped(text, r->units.spikes.n_units);
    report_text_put(text, " units around ");
    report_text_grouped(text, r->events.n_events);
    report_text_print(text, " events, %.6g s to %.6g s in %lld bins of %.4g ms. ",
                      align_result_start(r, 0), align_result_start(r, r->window.n_bins),
                      (long long)r->window.n_bins,
                      1e3 * (double)r->window.bin_samples /
                          r->units.spikes.sampling_rate_hz);
    if (r->n_whole < r->events.n_events) {
        report_text_grouped(text, r->events.n_events - r->n_whole);
        report_text_put(text,
                        r->options.trials == SPK_PSTH_WHOLE
                            ? " events are left out, as part of their window was not "
                              "recorded. "
                            : " events count in part of their window only: the rest was "
                              "not recorded. ");
    }
    report_text_print(text, "Bands are %g %% limits, %s; each holds one bin at a time.",
                      100 * r->options.confidence, limits_words(r));
    if (r->options.smooth_s > 0)
        report_text_print(text, " Rates are smoothed over %g ms.",
                          1e3 * r->options.smooth_s);
    report_text_put(text, "</p>\n");
}

static void add_legend(report_text *text, const align_result *r)
{
    if (r->events.labels == NULL)
        return;
    report_text_put(text, "<p class=\"legend\" style=\"margin-left:0\">");
    for (int64_t c = 0; c < r->events.n_conditions; c++) {
        report_text_print(text, "<span><i class=\"key k%d\"></i>", (int)(c % COLOURS));
        report_text_escape(text, r->events.labels[c][0] == '\0' ? "(none)"
                                                                : r->events.labels[c]);
        report_text_put(text, "</span>");
    }
    report_text_put(text, "</p>\n");
}

/* Writes beside the path, then renames. Returns 0 or an errno. */
static int write_file(const char *path, const report_text *text)
{
    const size_t room = strlen(path) + 32;
    char *beside = malloc(room);
    if (beside == NULL || text->failed) {
        free(beside);
        return ENOMEM;
    }
    snprintf(beside, room, "%s.part-%ld", path, (long)getpid());
    FILE *file = fopen(beside, "wb");
    int error = file == NULL ? errno : 0;
    if (file != NULL) {
        if (fwrite(text->data, 1, text->size, file) != text->size)
            error = errno;
        if (fclose(file) != 0 && error == 0)
            error = errno;
        if (error == 0 && rename(beside, path) != 0)
            error = errno;
        if (error != 0)
            (void)unlink(beside);
    }
    free(beside);
    return error;
}

int align_page_write(const char *name, spk_context *ctx, const align_result *r,
                     const char *path)
{
    report_text text = {.data = NULL};
    page_raster raster = {.offsets = NULL};
    int code = make_raster(name, ctx, r, &raster);
    if (code == COMMAND_OK) {
        add_head(&text, r);
        add_legend(&text, r);
        report_text_put(&text, "<div class=\"aligned\">\n");
        for (int64_t u = 0; u < r->units.spikes.n_units; u++)
            add_unit(&text, r, &raster, u);
        report_text_put(&text, "</div>\n</body></html>\n");
        const int error = write_file(path, &text);
        if (error != 0) {
            command_say(name, "%s: %s", path, strerror(error));
            code = COMMAND_FAILED;
        }
    }
    clear_raster(&raster);
    report_text_free(&text);
    return code;
}
