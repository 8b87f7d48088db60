/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts all correlograms row by row and keeps the autocorrelograms and the strongest peaks.
 *
 * Row i holds the correlograms of reference i with every target j. Only lags right of the
 * centre are tested for i -> j, since row j tests the others; those around lag 0 are tested
 * once, for i < j. The expectation is the mean of the flanks, REPORT_FLANK_MS and more from
 * the centre. The rows come in order from one thread at a time, so that what is kept does not
 * depend on the number of threads. */
#include "command.h"
#include "report_data.h"
#include "window_argument.h"

#include <math.h>
#include <spikekit/distributions.h>
#include <stdlib.h>
#include <string.h>

/* Bins [first, last) of a correlogram. */
typedef struct bin_range {
    int64_t first, last;
} bin_range;

typedef struct peak_search {
    report_data *data;
    bin_range left_flank, right_flank;
    bin_range synchronous, directed;
} peak_search;

/* The bins whose centre lies in [from, to] ms; the margin is for rounding. */
static bin_range find_bins(const report_data *data, double from, double to)
{
    bin_range range = {0, 0};
    const int64_t n_bins = data->options.n_bins;
    while (range.first < n_bins && data->lags_ms[range.first] < from - 1e-9)
        range.first++;
    range.last = range.first;
    while (range.last < n_bins && data->lags_ms[range.last] <= to + 1e-9)
        range.last++;
    return range;
}

static int64_t sum(const int64_t *counts, bin_range range)
{
    int64_t total = 0;
    for (int64_t k = range.first; k < range.last; k++)
        total += counts[k];
    return total;
}

static int64_t highest(const int64_t *counts, bin_range range)
{
    int64_t best = range.first;
    for (int64_t k = range.first + 1; k < range.last; k++)
        if (counts[k] > counts[best])
            best = k;
    return best;
}

/* How far the counts stay above half the height of the peak, in bins. */
static int64_t half_width(const int64_t *counts, int64_t n_bins, int64_t bin,
                          double expected)
{
    const double half = expected + ((double)counts[bin] - expected) / 2;
    int64_t first = bin, last = bin;
    while (first > 0 && (double)counts[first - 1] >= half)
        first--;
    while (last + 1 < n_bins && (double)counts[last + 1] >= half)
        last++;
    return last - first + 1;
}

static int goes_before(const report_peak *a, const report_peak *b)
{
    if (a->log_p != b->log_p)
        return a->log_p < b->log_p;
    if (a->source != b->source)
        return a->source < b->source;
    return a->target < b->target;
}

/* Puts a peak into its place of the list, the last one falling off a full list. */
static spk_status keep(report_peaks *peaks, const report_peak *peak,
                       const int64_t *counts, int64_t n_bins)
{
    peaks->n_significant++;
    if (peaks->room == 0)
        return SPK_OK;
    if (peaks->n == peaks->room && !goes_before(peak, &peaks->items[peaks->n - 1]))
        return SPK_OK;
    int64_t *copy = peaks->n == peaks->room ? peaks->items[--peaks->n].counts
                                            : malloc((size_t)n_bins * sizeof *copy);
    if (copy == NULL)
        return SPK_ERR_MEMORY;
    memcpy(copy, counts, (size_t)n_bins * sizeof *copy);
    int64_t place = peaks->n++;
    for (; place > 0 && goes_before(peak, &peaks->items[place - 1]); place--)
        peaks->items[place] = peaks->items[place - 1];
    peaks->items[place] = *peak;
    peaks->items[place].counts = copy;
    return SPK_OK;
}

static double distance(const report_unit *a, const report_unit *b)
{
    const double across = a->x_um - b->x_um;
    return hypot(isnan(across) ? 0 : across, a->y_um - b->y_um);
}

/* Near units share channels: a sorter then misses one of two overlapping spikes, or finds
 * one spike twice. */
static int32_t find_overlap(const peak_search *search, const int64_t *counts,
                            double expected, double distance_um)
{
    if (!(distance_um <= REPORT_NEAR_UM))
        return 0;
    const double cutoff = log(0.001);
    const double n = (double)(search->synchronous.last - search->synchronous.first);
    const int64_t count = sum(counts, search->synchronous);
    if (spk_poisson_log_lower(count, expected * n) < cutoff)
        return -1;
    return spk_poisson_log_upper(count, expected * n) < cutoff ? 1 : 0;
}

/* Tests the highest bin of a range and keeps it if it is significant. */
static spk_status test_range(const peak_search *search, const int64_t *counts,
                             bin_range range, double expected, int64_t source,
                             int64_t target, report_peaks *peaks)
{
    const report_data *data = search->data;
    const int64_t n_bins = data->options.n_bins;
    const int64_t bin = highest(counts, range);
    const double count = (double)counts[bin];
    /* Two standard deviations are far from any cutoff: saves nearly all tail evaluations. */
    if (count < expected + 2 * sqrt(expected))
        return SPK_OK;
    /* The shoulder of a higher bin outside the range is no peak of this kind. */
    if ((bin > 0 && counts[bin - 1] > counts[bin]) ||
        (bin + 1 < n_bins && counts[bin + 1] > counts[bin]))
        return SPK_OK;
    const double log_p = spk_poisson_log_upper(counts[bin], expected);
    if (!(log_p < data->log_cutoff))
        return SPK_OK;
    report_peak peak = {
        .source = (int32_t)source,
        .target = (int32_t)target,
        .bin = bin,
        .count = counts[bin],
        .expected = expected,
        .log_p = log_p,
        .lag_ms = data->lags_ms[bin],
        .width_ms = data->bin_ms * (double)half_width(counts, n_bins, bin, expected),
        .distance_um = distance(&data->units[source], &data->units[target]),
    };
    peak.overlap = find_overlap(search, counts, expected, peak.distance_um);
    if (peaks == &search->data->directed) {
        const int64_t middle = highest(counts, search->synchronous);
        peak.also_synchronous =
            spk_poisson_log_upper(counts[middle], expected) < data->log_cutoff;
    }
    return keep(peaks, &peak, counts, n_bins);
}

static spk_status take_row(void *user, int64_t row, const int64_t *counts)
{
    const peak_search *search = user;
    report_data *data = search->data;
    const int64_t n_bins = data->options.n_bins;
    memcpy(data->auto_counts + row * n_bins, counts + row * n_bins,
           (size_t)n_bins * sizeof *counts);
    if (data->n_tests == 0)
        return SPK_OK;
    for (int64_t target = 0; target < data->n_units; target++) {
        if (target == row)
            continue;
        const int64_t *pair = counts + target * n_bins;
        /* The 1 added keeps a correlogram of few spikes from expecting none. */
        const double expected =
            (double)(sum(pair, search->left_flank) + sum(pair, search->right_flank) + 1) /
            (double)data->n_flank_bins;
        spk_status status = test_range(search, pair, search->directed, expected, row,
                                       target, &data->directed);
        if (status == SPK_OK && row < target)
            status = test_range(search, pair, search->synchronous, expected, row, target,
                                &data->synchronous);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

/* Lays the ranges of bins and counts the tests. */
static void plan(peak_search *search)
{
    report_data *data = search->data;
    const double reach = data->lags_ms[data->options.n_bins - 1];
    const int64_t centre = data->options.n_bins / 2;
    const double n = (double)data->n_units;
    search->left_flank = find_bins(data, -reach, -REPORT_FLANK_MS);
    search->right_flank = find_bins(data, REPORT_FLANK_MS, reach);
    search->synchronous =
        find_bins(data, -REPORT_SYNCHRONOUS_MS + 1e-6, REPORT_SYNCHRONOUS_MS - 1e-6);
    if (search->synchronous.first == search->synchronous.last) {
        search->synchronous.first = centre;
        search->synchronous.last = centre + 1;
    }
    search->directed = find_bins(data, data->lags_ms[search->synchronous.last - 1] + 1e-6,
                                 REPORT_PEAK_MS);
    data->n_flank_bins = search->left_flank.last - search->left_flank.first +
                         search->right_flank.last - search->right_flank.first;
    const int64_t n_directed = search->directed.last - search->directed.first;
    if (data->n_flank_bins < 10 || n_directed < 1) {
        data->n_flank_bins = 0;
        return;
    }
    const double n_tests =
        n * (n - 1) *
        ((double)n_directed +
         0.5 * (double)(search->synchronous.last - search->synchronous.first));
    data->n_tests = (int64_t)n_tests;
    data->log_cutoff = n_tests > 0 ? log(REPORT_ALPHA) - log(n_tests) : 0;
}

int report_data_count(spk_context *ctx, double window_ms, double bin_ms,
                      int64_t max_peaks, report_data *data)
{
    const spk_spikes *spikes = &data->selection.spikes;
    peak_search search = {.data = data};
    spk_correlogram_options_init(&data->options, sizeof data->options);
    spk_status status = SPK_OK;
    const int code =
        window_argument_set("report", ctx, SPK_CORRELOGRAM_SPIKEKIT,
                            spikes->sampling_rate_hz, window_ms, bin_ms, &data->options);
    if (code != COMMAND_OK)
        return code;
    const int64_t n_bins = data->options.n_bins;
    if (n_bins > REPORT_MAX_BINS)
        return command_fail_usage("report",
                                  "--window-ms / --bin-ms: expected at most %d bins, "
                                  "found %lld",
                                  REPORT_MAX_BINS, (long long)n_bins);
    data->bin_ms = 1000 * (double)data->options.bin_samples / spikes->sampling_rate_hz;
    data->lags_ms = calloc((size_t)n_bins, sizeof *data->lags_ms);
    data->auto_counts =
        calloc((size_t)(data->n_units * n_bins) + 1, sizeof *data->auto_counts);
    data->directed.items = calloc((size_t)max_peaks + 1, sizeof *data->directed.items);
    data->synchronous.items =
        calloc((size_t)max_peaks + 1, sizeof *data->synchronous.items);
    if (data->lags_ms == NULL || data->auto_counts == NULL ||
        data->directed.items == NULL || data->synchronous.items == NULL) {
        command_say("report", "not enough memory");
        return COMMAND_FAILED;
    }
    data->directed.room = data->synchronous.room = max_peaks;
    status = spk_correlogram_lags(ctx, &data->options, spikes->sampling_rate_hz,
                                  data->lags_ms);
    if (status == SPK_OK) {
        for (int64_t k = 0; k < n_bins; k++)
            data->lags_ms[k] *= 1000;
        plan(&search);
        status = spk_correlogram_count_rows(ctx, spikes, &data->options, 0, data->n_units,
                                            take_row, &search);
    }
    return status == SPK_OK ? COMMAND_OK : command_fail("report", ctx, status);
}
