/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_tables.h"

#include <math.h>

static void add_value(report_text *text, double value)
{
    report_text_put(text, "\t");
    report_text_value(text, value);
}

void report_tables_add_units(report_text *text, const report_data *data)
{
    report_text_put(text, "unit_id\tquality\tn_spikes\trate_hz\tx_um\ty_um\t"
                          "isi_below_2ms_share\n");
    for (int64_t u = 0; u < data->n_units; u++) {
        const report_unit *unit = &data->units[u];
        report_text_print(text, "%lld\t", (long long)unit->id);
        report_text_cell(text, unit->quality);
        report_text_print(text, "\t%lld", (long long)unit->n_spikes);
        add_value(text, unit->rate_hz);
        add_value(text, unit->x_um);
        add_value(text, unit->y_um);
        add_value(text, unit->refractory_share);
        report_text_put(text, "\n");
    }
}

static void add_unit_names(report_text *text, const report_data *data)
{
    for (int64_t u = 0; u < data->n_units; u++)
        report_text_print(text, "\tunit_%lld", (long long)data->units[u].id);
    report_text_put(text, "\n");
}

/* Seconds as in the session, rates in Hz. */
void report_tables_add_rates(report_text *text, const report_data *data)
{
    const report_times *times = &data->times;
    report_text_put(text, "start_s\tstop_s\tall_units");
    add_unit_names(text, data);
    for (int64_t k = 0; k < times->n; k++) {
        const double length = report_times_length(times, k);
        int64_t sum = 0;
        for (int64_t u = 0; u < data->n_units; u++)
            sum += data->unit_counts[u * times->n + k];
        const double start_s = data->start_s + (double)k * times->bin_s;
        report_text_value(text, start_s);
        add_value(text, start_s + length);
        add_value(text, length > 0 ? (double)sum / length : (double)NAN);
        for (int64_t u = 0; u < data->n_units; u++) {
            const int32_t count = data->unit_counts[u * times->n + k];
            add_value(text, length > 0 ? count / length : (double)NAN);
        }
        report_text_put(text, "\n");
    }
}

/* Counts of pairs by the lag at the centre of the bin. */
void report_tables_add_autocorrelograms(report_text *text, const report_data *data)
{
    const int64_t n_bins = data->options.n_bins;
    report_text_put(text, "lag_ms");
    add_unit_names(text, data);
    for (int64_t k = 0; k < n_bins; k++) {
        report_text_value(text, data->lags_ms[k]);
        for (int64_t u = 0; u < data->n_units; u++)
            report_text_print(text, "\t%lld",
                              (long long)data->auto_counts[u * n_bins + k]);
        report_text_put(text, "\n");
    }
}

static void add_peaks(report_text *text, const report_data *data,
                      const report_peaks *peaks, const char *kind)
{
    for (int64_t p = 0; p < peaks->n; p++) {
        const report_peak *peak = &peaks->items[p];
        report_text_print(text, "%s\t%lld\t%lld", kind,
                          (long long)data->units[peak->source].id,
                          (long long)data->units[peak->target].id);
        add_value(text, peak->lag_ms);
        report_text_print(text, "\t%lld", (long long)peak->count);
        add_value(text, peak->expected);
        add_value(text, peak->log_p);
        add_value(text, peak->width_ms);
        add_value(text, peak->distance_um);
        report_text_print(text, "\t%d\t%s\t%d\n", peak->distance_um <= REPORT_NEAR_UM,
                          peak->overlap < 0   ? "dip"
                          : peak->overlap > 0 ? "peak"
                                              : "",
                          (int)peak->also_synchronous);
    }
}

void report_tables_add_peaks(report_text *text, const report_data *data)
{
    report_text_put(text, "kind\tfirst_id\tsecond_id\tlag_ms\tcount\texpected\tln_p\t"
                          "width_ms\tdistance_um\tnear\tat_zero_lag\talso_synchronous\n");
    add_peaks(text, data, &data->directed, "directed");
    add_peaks(text, data, &data->synchronous, "synchronous");
}
