/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_cards.h"
#include "report_chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MU_M "\xC2\xB5m"
#define NBSP "\xC2\xA0"
#define ARROW " \xE2\x86\x92 "
#define MINUS "\xE2\x88\x92"

enum {
    MAX_DRAWN = 201, /* bins of an autocorrelogram; more are joined */
    PAIRS_A_BIN = 6  /* so are bins with fewer pairs on average, up to MAX_JOINED */
};
#define MAX_JOINED_MS 2.0

const char *report_quality_class(const char *quality)
{
    static const char *const names[] = {"good", "mua", "noise"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(quality, names[i]) == 0)
            return names[i];
    return "other";
}

void report_cards_add_probability(report_text *text, const char *relation, double log_p)
{
    const double exponent = log_p / log(10);
    if (exponent < REPORT_LEAST_EXPONENT) {
        report_text_print(text, "&lt;" NBSP "10<sup>" MINUS "%.0f</sup>",
                          -REPORT_LEAST_EXPONENT);
        return;
    }
    report_text_put(text, relation);
    if (exponent > -3) {
        report_text_number(text, exp(log_p));
        return;
    }
    double power = floor(exponent), digits = pow(10, exponent - floor(exponent));
    if (digits >= 9.95) {
        digits = 1;
        power++;
    }
    report_text_print(text, "%.1f" NBSP "\xC3\x97" NBSP "10<sup>" MINUS "%.0f</sup>",
                      digits, -power);
}

/* How many bins to join, an odd number, so that the picture shows more than single pairs. */
static int64_t choose_step(const report_data *data, const int64_t *counts)
{
    const int64_t n_bins = data->options.n_bins;
    int64_t step = (n_bins + MAX_DRAWN - 1) / MAX_DRAWN, n_pairs = 0;
    step += step % 2 == 0;
    for (int64_t k = 0; k < n_bins; k++)
        n_pairs += counts[k];
    while (n_pairs * step < PAIRS_A_BIN * n_bins &&
           (double)(step + 2) * data->bin_ms < MAX_JOINED_MS)
        step += 2;
    return step;
}

/* Joins `step` bins each, the centre bin staying in the middle. Returns how many there are. */
static int64_t join_bins(const double *values, int64_t n_bins, int64_t step,
                         double *joined)
{
    const int64_t n_side = (n_bins / 2 - step / 2) / step;
    const int64_t n = 2 * n_side + 1;
    const int64_t first = n_bins / 2 - step / 2 - n_side * step;
    for (int64_t k = 0; k < n; k++) {
        double sum = 0;
        for (int64_t s = 0; s < step; s++) {
            const double value = values[first + k * step + s];
            sum += isfinite(value) ? value : 0;
        }
        joined[k] = sum / (double)step;
    }
    return n;
}

static void add_unit(report_text *text, const report_unit *unit, int64_t rank,
                     const double *values, int64_t n, double reach)
{
    double top = isfinite(unit->rate_hz) ? unit->rate_hz : 0;
    for (int64_t k = 0; k < n; k++)
        if (values[k] > top)
            top = values[k];
    report_text_print(text,
                      "<article class=\"u %s\" data-id=\"%lld\" data-order=\"%lld\" "
                      "data-rate=\"",
                      report_quality_class(unit->quality), (long long)unit->id,
                      (long long)rank);
    report_text_coordinate(text, unit->rate_hz, 4);
    report_text_put(text, "\" data-isi=\"");
    report_text_coordinate(text,
                           isnan(unit->refractory_share) ? 2 : unit->refractory_share, 6);
    report_text_put(text, "\" data-quality=\"");
    report_text_escape(text, unit->quality);
    report_text_print(text, "\"><h3><b>%lld</b> <em>", (long long)unit->id);
    report_text_escape(text, unit->quality);
    report_text_put(text, "</em></h3>");
    report_text_print(text,
                      "<svg preserveAspectRatio=\"none\" viewBox=\"0 0 %lld 60\" "
                      "role=\"img\"><title>Autocorrelogram of unit %lld</title>",
                      (long long)n, (long long)unit->id);
    if (unit->n_spikes > 1) {
        const double half = REPORT_REFRACTORY_S * 1000 / reach * (double)n / 2;
        report_text_put(text, "<rect class=\"r\" height=\"60\" x=\"");
        report_text_coordinate(text, (double)n / 2 - half, 2);
        report_text_put(text, "\" width=\"");
        report_text_coordinate(text, 2 * half, 2);
        report_text_put(text, "\"/><path d=\"");
        report_chart_steps(text, values, n, top, 60);
        report_text_put(text, "\"/>");
        if (top > 0) {
            report_text_put(text, "<path class=\"m\" d=\"M0 ");
            report_text_coordinate(text, 60 * (1 - unit->rate_hz / top), 1);
            report_text_print(text, "h%lld\"/>", (long long)n);
        }
    }
    report_text_put(text, "</svg><p>");
    report_text_number(text, unit->rate_hz);
    report_text_put(text, NBSP "Hz");
    if (isfinite(unit->y_um)) {
        report_text_put(text, " <span>");
        report_text_number(text, round(unit->y_um));
        report_text_put(text, NBSP MU_M "</span>");
    }
    report_text_put(text, "</p><p>ISI" NBSP "&lt;" NBSP "2" NBSP "ms: ");
    if (isnan(unit->refractory_share))
        report_text_put(text, "\xE2\x80\x93");
    else
        report_text_print(text, "%.2f" NBSP "%%", 100 * unit->refractory_share);
    report_text_put(text, "</p></article>\n");
}

spk_status report_cards_add_units(spk_context *ctx, report_text *text,
                                  const report_data *data)
{
    const int64_t n_bins = data->options.n_bins;
    spk_status status = SPK_OK;
    double *exposure = calloc((size_t)n_bins * 3, sizeof *exposure);
    if (exposure == NULL)
        return SPK_ERR_MEMORY;
    double *values = exposure + n_bins, *joined = values + n_bins;
    const spk_spikes *spikes = &data->selection.spikes;
    status = spk_correlogram_exposure(ctx, spikes, &data->options, exposure);
    for (int64_t r = data->n_units - 1; status == SPK_OK && r >= 0; r--) {
        const int64_t u =
            data->has_positions ? data->order[r] : data->order[data->n_units - 1 - r];
        const int64_t n_spikes = data->units[u].n_spikes;
        status = spk_correlogram_normalize(
            ctx, spikes, &data->options, SPK_CORRELOGRAM_CONDITIONAL_RATE, n_spikes,
            n_spikes, exposure, data->auto_counts + u * n_bins, values);
        if (status == SPK_OK) {
            const int64_t *counts = data->auto_counts + u * n_bins;
            const int64_t step = choose_step(data, counts);
            const int64_t n = join_bins(values, n_bins, step, joined);
            add_unit(text, &data->units[u], data->n_units - 1 - r, joined, n,
                     (double)(n * step) * data->bin_ms / 2);
        }
    }
    free(exposure);
    return status;
}

/* Shades the part of the flanks that is drawn, in a picture of n_bins. */
static void add_flanks(report_text *text, int64_t n_bins, double bin_ms)
{
    const double width = (double)n_bins / 2 - REPORT_FLANK_MS / bin_ms;
    for (int side = 0; side < 2 && width > 0; side++) {
        report_text_put(text, "<rect class=\"f\" height=\"100\" x=\"");
        report_text_coordinate(text, side == 0 ? 0 : (double)n_bins - width, 2);
        report_text_put(text, "\" width=\"");
        report_text_coordinate(text, width, 2);
        report_text_put(text, "\"/>");
    }
}

static void add_lag(report_text *text, double lag_ms)
{
    report_text_print(text, "%s%.3g" NBSP "ms",
                      lag_ms < 0   ? MINUS
                      : lag_ms > 0 ? "+"
                                   : "",
                      fabs(lag_ms));
}

static void add_peak(report_text *text, const report_data *data, const report_peak *peak,
                     double *values, int directed)
{
    const int64_t centre = data->options.n_bins / 2;
    const double side = floor(REPORT_DRAWN_MS / data->bin_ms + 1e-9);
    const int64_t n_side = side < (double)centre ? (int64_t)side : centre;
    const int64_t n_bins = 2 * n_side + 1, first = centre - n_side;
    const report_unit *source = &data->units[peak->source];
    const report_unit *target = &data->units[peak->target];
    const double reach = ((double)n_side + 0.5) * data->bin_ms;
    double top = 0;
    for (int64_t k = 0; k < n_bins; k++) {
        values[k] = (double)peak->counts[first + k];
        top = values[k] > top ? values[k] : top;
    }
    report_text_print(text, "<article class=\"p\"><h3><b>%lld%s%lld</b> <span>",
                      (long long)source->id, directed ? ARROW : " \xC2\xB7 ",
                      (long long)target->id);
    add_lag(text, peak->lag_ms);
    report_text_put(text, "</span>");
    if (peak->distance_um <= REPORT_NEAR_UM)
        report_text_put(text, peak->overlap < 0   ? "<em>near, dip at 0</em>"
                              : peak->overlap > 0 ? "<em>near, peak at 0</em>"
                                                  : "<em>near</em>");
    if (peak->also_synchronous)
        report_text_put(text, "<em>also synchronous</em>");
    report_text_put(text, "</h3><p class=\"v\"><span>");
    report_text_grouped(text, (int64_t)top);
    report_text_put(text, top == 1 ? " pair</span>" : " pairs</span>");
    if (isfinite(peak->distance_um)) {
        report_text_put(text, "<span>");
        report_text_number(text, round(peak->distance_um));
        report_text_put(text, NBSP MU_M " apart</span>");
    }
    report_text_print(text,
                      "</p><svg preserveAspectRatio=\"none\" viewBox=\"0 0 %lld 100\" "
                      "role=\"img\"><title>Correlogram of units %lld and %lld</title>",
                      (long long)n_bins, (long long)source->id, (long long)target->id);
    add_flanks(text, n_bins, data->bin_ms);
    report_text_put(text, "<path d=\"");
    report_chart_steps(text, values, n_bins, top, 100);
    report_text_print(text, "\"/><path class=\"k\" d=\"M%lld 100v",
                      (long long)(peak->bin - first));
    report_text_coordinate(text, -100 * (double)peak->count / top, 1);
    report_text_put(text, "h1V100z\"/><path class=\"m\" d=\"M0 ");
    report_text_coordinate(text, 100 * (1 - peak->expected / top), 1);
    report_text_print(text,
                      "h%lld\"/></svg><p class=\"t\"><span>" MINUS "%.4g</span>"
                      "<span>0</span><span>%.4g" NBSP "ms</span></p><p>",
                      (long long)n_bins, reach, reach);
    report_text_grouped(text, peak->count);
    report_text_put(text, peak->count == 1 ? " pair, " : " pairs, ");
    report_text_number(text, peak->expected);
    report_text_put(text, " expected; p ");
    report_cards_add_probability(text, "= ", peak->log_p);
    report_text_put(text, "</p></article>\n");
}

void report_cards_add_peaks(report_text *text, const report_data *data,
                            const report_peaks *peaks, int directed)
{
    double *values = calloc((size_t)data->options.n_bins, sizeof *values);
    if (values == NULL) {
        text->failed = 1;
        return;
    }
    for (int64_t p = 0; p < peaks->n; p++)
        add_peak(text, data, &peaks->items[p], values, directed);
    free(values);
}
