/* SPDX-License-Identifier: BSD-3-Clause */
#include "statistics_table.h"
#include "table_output.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the value of a column lies. */
typedef enum column_source {
    FROM_RATE,
    FROM_INTERVALS,
    FROM_SERIAL,
    FROM_FANO, /* one column for each window, its length at the end of the name */
    FROM_TIMESCALE,
    FROM_BURSTS,
    FROM_SIGMA
} column_source;

typedef struct column {
    const char *name;
    const char *unit;
    column_source source;
    int is_count; /* int64_t, not double */
    size_t offset;
    const char *text; /* lines of up to 72 characters */
} column;

#define RATE(field) FROM_RATE, 0, offsetof(spk_rate, field)
#define INTERVAL(field) FROM_INTERVALS, 0, offsetof(spk_intervals_summary, field)
#define SERIAL(field) FROM_SERIAL, 0, offsetof(spk_serial_correlation, field)
#define FANO(field) FROM_FANO, 0, offsetof(spk_fano, field)
#define TIMESCALE(field) FROM_TIMESCALE, 0, offsetof(spk_timescale, field)
#define BURST(field) FROM_BURSTS, 0, offsetof(spk_bursts_summary, field)

static const column columns[] = {
    {"num_spikes", "spikes", FROM_RATE, 1, offsetof(spk_rate, n_spikes),
     "Spikes in the observed time."},
    {"observed_s", "s", RATE(duration_s), "Observed time T."},
    {"firing_rate", "Hz", RATE(rate_hz), "Spikes / T."},
    {"firing_rate_low", "Hz", RATE(lower_hz),
     "Exact (Garwood) limits of a Poisson count, at --confidence."},
    {"firing_rate_high", "Hz", RATE(upper_hz), NULL},
    {"rate_dispersion", "", RATE(dispersion),
     "Long-run variance / mean of counts in 1 s: 1 if Poisson, above 1 if the\n"
     "rate wanders."},
    {"firing_rate_wide_low", "Hz", RATE(wide_lower_hz),
     "Limits that allow for that dispersion."},
    {"firing_rate_wide_high", "Hz", RATE(wide_upper_hz), NULL},
    {"isi_median", "s", INTERVAL(median_s), "Median interspike interval."},
    {"isi_mad", "s", INTERVAL(mad_s), "Median distance of intervals from it."},
    {"isi_q1", "s", INTERVAL(q1_s), "Quartiles of the intervals."},
    {"isi_q3", "s", INTERVAL(q3_s), NULL},
    {"isi_zero", "intervals", FROM_INTERVALS, 1, offsetof(spk_intervals_summary, n_zero),
     "Intervals of no length."},
    {"cv", "", INTERVAL(cv),
     "Standard deviation / mean of intervals: 1 if Poisson, 0 if regular."},
    {"cv2", "", INTERVAL(cv2),
     "The same of neighbouring intervals, which a slow change of rate leaves\n"
     "alone (Holt et al. 1996)."},
    {"lv", "", INTERVAL(lv), "Local variation (Shinomoto et al. 2003)."},
    {"lvr", "", INTERVAL(lvr),
     "Local variation less that of refractoriness (Shinomoto et al. 2009)."},
    {"isi_spearman", "", SERIAL(spearman),
     "Rank correlation of neighbouring intervals, with limits."},
    {"isi_spearman_low", "", SERIAL(spearman_lower), NULL},
    {"isi_spearman_high", "", SERIAL(spearman_upper), NULL},
    {"fano", "", FANO(fano),
     "Variance / mean of counts in windows of --fano, the length at the end of\n"
     "the name: fano_1s; with limits, which allow for windows that depend on\n"
     "their neighbours. Of few spikes the upper one may be infinite."},
    {"fano_low", "", FANO(lower), NULL},
    {"fano_high", "", FANO(upper), NULL},
    {"timescale", "s", TIMESCALE(tau_s),
     "Time constant with which the autocorrelation of counts decays (Murray et\n"
     "al. 2014), in segments of 10 s, bias of short segments corrected; with\n"
     "limits from draws of segments."},
    {"timescale_low", "s", TIMESCALE(lower_s), NULL},
    {"timescale_high", "s", TIMESCALE(upper_s), NULL},
    {"timescale_p", "", TIMESCALE(decay_p),
     "p-value of whether there is a decay: of pure noise, one unit in three\n"
     "has a timescale."},
    {"bursts_per_min", "1/min", BURST(bursts_per_min), "Bursts of --burst-method."},
    {"burst_spike_share", "", BURST(spike_share), "Share of spikes in bursts."},
    {"burst_spikes", "spikes", BURST(mean_spikes), "Mean number of spikes of a burst."},
    {"burst_duration", "s", BURST(mean_duration_s), "Mean from first to last spike."},
    {"kernel_sigma", "s", FROM_SIGMA, 0, 0,
     "Standard deviation of the Gaussian kernel that estimates the rate best\n"
     "(Shimazaki & Shinomoto 2010)."},
};

enum {
    N_COLUMNS = sizeof columns / sizeof columns[0],
    TEXT_ROOM = 8192,
    NAME_ROOM = 64
};

const char *statistics_table_text(void)
{
    static char text[TEXT_ROOM];
    size_t used = 0;
    for (int c = 0; c < N_COLUMNS; c++) {
        used += (size_t)snprintf(text + used, TEXT_ROOM - used, " %s%s%s%s\n",
                                 columns[c].name, columns[c].unit[0] == '\0' ? "" : " [",
                                 columns[c].unit, columns[c].unit[0] == '\0' ? "" : "]");
        for (const char *line = columns[c].text; line != NULL && *line != '\0';) {
            const size_t n = strcspn(line, "\n");
            used += (size_t)snprintf(text + used, TEXT_ROOM - used, "     %.*s\n", (int)n,
                                     line);
            line += n + (line[n] == '\n');
        }
    }
    if (used > 0)
        text[used - 1] = '\0';
    return text;
}

int statistics_table_alloc(unit_statistics *s, int64_t n_units, int64_t n_windows)
{
    const size_t n = (size_t)n_units + 1;
    s->n_units = n_units;
    s->n_windows = n_windows;
    s->rates = malloc(n * sizeof *s->rates);
    s->intervals = malloc(n * sizeof *s->intervals);
    s->serial = malloc(n * sizeof *s->serial);
    s->timescales = malloc(n * sizeof *s->timescales);
    s->fano = malloc((n * (size_t)n_windows + 1) * sizeof *s->fano);
    s->sigmas_s = malloc(n * sizeof *s->sigmas_s);
    return s->rates != NULL && s->intervals != NULL && s->serial != NULL &&
           s->timescales != NULL && s->fano != NULL && s->sigmas_s != NULL;
}

void statistics_table_clear(unit_statistics *s)
{
    free(s->rates);
    free(s->intervals);
    free(s->serial);
    free(s->timescales);
    free(s->fano);
    free(s->sigmas_s);
    free(s->windows_s);
    spk_bursts_destroy(s->owned_bursts);
}

static const void *row_of(const unit_statistics *s, const column *c, int64_t unit,
                          int64_t window)
{
    switch (c->source) {
    case FROM_RATE:
        return &s->rates[unit];
    case FROM_INTERVALS:
        return &s->intervals[unit];
    case FROM_SERIAL:
        return &s->serial[unit];
    case FROM_FANO:
        return &s->fano[unit * s->n_windows + window];
    case FROM_TIMESCALE:
        return &s->timescales[unit];
    case FROM_BURSTS:
        return &s->bursts[unit];
    default:
        return &s->sigmas_s[unit];
    }
}

static void write_cell(const unit_statistics *s, const column *c, int64_t unit,
                       int64_t window, char *cell)
{
    const char *at = (const char *)row_of(s, c, unit, window) + c->offset;
    int64_t count;
    double value;
    if (c->is_count) {
        memcpy(&count, at, sizeof count);
        snprintf(cell, TABLE_CELL_SIZE, "%lld", (long long)count);
        return;
    }
    memcpy(&value, at, sizeof value);
    table_output_number(value, cell);
}

/* Calls for each column of the file, the Fano factors window by window. */
static int64_t list_columns(const unit_statistics *s, int *which, int64_t *window)
{
    int64_t n = 0;
    for (int c = 0; c < N_COLUMNS; c++) {
        if (columns[c].source != FROM_FANO) {
            which[n] = c;
            window[n++] = 0;
            continue;
        }
        for (int64_t w = 0; w < s->n_windows; w++)
            for (int f = c; f < c + 3; f++) {
                which[n] = f;
                window[n++] = w;
            }
        c += 2;
    }
    return n;
}

spk_status statistics_table_fill(spk_context *ctx, const unit_statistics *s,
                                 const int64_t *unit_ids, const int64_t *places,
                                 int64_t n_places, spk_table **table)
{
    const size_t room = (size_t)N_COLUMNS + 3 * (size_t)s->n_windows + 1;
    int *which = malloc(room * sizeof *which);
    int64_t *window = malloc(room * sizeof *window);
    char(*cells)[NAME_ROOM] = malloc(room * sizeof *cells);
    const char **words = malloc(room * sizeof *words);
    spk_status status = SPK_ERR_MEMORY;
    if (which != NULL && window != NULL && cells != NULL && words != NULL) {
        const int64_t n = list_columns(s, which, window);
        for (int64_t c = 0; c <= n; c++)
            words[c] = cells[c];
        snprintf(cells[0], NAME_ROOM, "cluster_id");
        for (int64_t c = 0; c < n; c++) {
            const column *own = &columns[which[c]];
            if (own->source == FROM_FANO)
                snprintf(cells[c + 1], NAME_ROOM, "%s_%gs", own->name,
                         s->windows_s[window[c]]);
            else
                snprintf(cells[c + 1], NAME_ROOM, "%s", own->name);
        }
        status = spk_table_create(ctx, n + 1, words, table);
        for (int64_t r = 0; status == SPK_OK && r < n_places; r++) {
            snprintf(cells[0], NAME_ROOM, "%lld", (long long)unit_ids[places[r]]);
            for (int64_t c = 0; c < n; c++)
                write_cell(s, &columns[which[c]], places[r], window[c], cells[c + 1]);
            status = spk_table_append(ctx, *table, words);
        }
    }
    free(words);
    free(cells);
    free(window);
    free(which);
    return status;
}
