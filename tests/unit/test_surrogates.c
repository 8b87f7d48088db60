/* SPDX-License-Identifier: BSD-3-Clause */
/* Each method against its definition, with the random numbers of the definition. */
#include "suite.h"
#include "surrogate_words.h"

#include <math.h>
#include <spikekit/spikekit.h>

enum {
    N_METHODS = 12,
    MOST = 4000
};

/* What a definition draws from. */
typedef struct oracle {
    const spk_surrogates_options *options;
    double rate_hz;
    spk_train train;
    numbered first, second;
    int64_t origin; /* start of the recording */
    double *h;      /* of ISI_DITHER and JOINT_ISI */
    int64_t *out;
    int64_t n;
} oracle;

static int64_t rounded(double seconds, double rate_hz)
{
    return (int64_t)fmin(fmax(rint(seconds * rate_hz), 1), 0x1p53);
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Anywhere in low .. high. */
static int64_t within(const numbered *of, int64_t i, int64_t low, int64_t high)
{
    return low + (int64_t)numbered_below(of, i, (uint64_t)(high - low) + 1);
}

static int64_t shortest_interval(const spk_train *t, int64_t shortest)
{
    for (int64_t r = 0; r < t->n_runs; r++)
        for (int64_t i = t->run_offsets[r] + 1; i < t->run_offsets[r + 1]; i++)
            shortest = least_of(shortest, t->samples[i] - t->samples[i - 1]);
    return shortest;
}

static void oracle_dither(oracle *o, int64_t first, int64_t end, int64_t start,
                          int64_t stop)
{
    const int64_t w = rounded(o->options->width_s, o->rate_hz);
    for (int64_t i = first; i < end; i++) {
        const int64_t t = o->train.samples[i];
        if (o->options->edges == SPK_SURROGATE_KEEP) {
            o->out[o->n++] =
                within(&o->first, i, most_of(t - w, start), least_of(t + w, stop - 1));
        } else {
            const int64_t to = within(&o->first, i, t - w, t + w);
            if (to >= start && to < stop)
                o->out[o->n++] = to;
        }
    }
}

static void oracle_refractory(oracle *o, int64_t first, int64_t end, int64_t start,
                              int64_t stop)
{
    const int64_t w = rounded(o->options->width_s, o->rate_hz);
    const int64_t dead = shortest_interval(
        &o->train, (int64_t)rint(o->options->refractory_s * o->rate_hz));
    int64_t order[MOST], *x = o->out + o->n;
    for (int64_t k = 0; first + k < end; k++) {
        const int64_t j = within(&o->second, first + k, 0, k);
        order[k] = order[j];
        order[j] = k;
        x[k] = o->train.samples[first + k];
    }
    for (int64_t k = 0; first + k < end; k++) {
        const int64_t i = order[k], t = x[i];
        const int64_t low = i == 0 ? start : x[i - 1] + dead;
        const int64_t high = first + i + 1 == end ? stop - 1 : x[i + 1] - dead;
        x[i] = within(&o->first, first + i, most_of(t - w, low), least_of(t + w, high));
    }
    o->n += end - first;
}

static void oracle_shift(oracle *o, int64_t run, int64_t first, int64_t end,
                         int64_t start, int64_t stop)
{
    const int is_common = o->options->method == SPK_SURROGATE_TRAIN_DITHER;
    const int64_t place = is_common ? 0 : run,
                  least = (int64_t)rint(o->options->least_s * o->rate_hz);
    int64_t longest = stop - start, by;
    for (int64_t r = 0; is_common && r < o->train.n_runs; r++)
        longest = most_of(longest, o->train.run_stops[r] - o->train.run_starts[r]);
    if (isinf(o->options->width_s) && least == 0) {
        by = within(&o->first, place, 0, longest - 1);
    } else if (isinf(o->options->width_s)) {
        by = least > longest / 2 ? longest / 2
                                 : within(&o->first, place, least, longest - least);
    } else {
        /* the shifts allowed, in order */
        const int64_t w = rounded(o->options->width_s, o->rate_hz);
        int64_t n = 0, k = 0;
        for (int64_t s = -w; s <= w; s++)
            n += llabs(s) >= least;
        k = within(&o->first, place, 0, n - 1);
        for (by = -w;; by++)
            if (llabs(by) >= least && k-- == 0)
                break;
    }
    for (int64_t i = first; i < end; i++) {
        int64_t to = o->train.samples[i] + by;
        if (o->options->edges == SPK_SURROGATE_KEEP) {
            to = start + (to - start) % (stop - start);
            to += to < start ? stop - start : 0;
        }
        if (to >= start && to < stop)
            o->out[o->n++] = to;
    }
}

static void oracle_jitter(oracle *o, int64_t first, int64_t end, int64_t start,
                          int64_t stop)
{
    const int64_t w = rounded(o->options->width_s, o->rate_hz);
    for (int64_t i = first; i < end; i++) {
        const int64_t low = start + (o->train.samples[i] - start) / w * w;
        o->out[o->n++] = within(&o->first, i, low, least_of(low + w, stop) - 1);
    }
}

static void oracle_shuffle(oracle *o, int64_t first, int64_t end, int64_t start)
{
    int64_t intervals[MOST], from = start, at = start;
    if (o->options->method == SPK_SURROGATE_INTERVAL_SHUFFLE && first < end)
        o->out[o->n++] = from = at = o->train.samples[first++];
    for (int64_t i = first; i < end; i++) {
        const int64_t j = within(&o->first, i, 0, i - first);
        intervals[i - first] = intervals[j];
        intervals[j] = o->train.samples[i] - from;
        from = o->train.samples[i];
    }
    for (int64_t i = first; i < end; i++)
        o->out[o->n++] = at += intervals[i - first];
}

static void oracle_bins(oracle *o, int64_t first, int64_t end, int64_t start,
                        int64_t stop)
{
    const int64_t b = rounded(o->options->bin_s, o->rate_hz);
    const int64_t n_window =
        most_of(1, (int64_t)rint(o->options->width_s / o->options->bin_s));
    const int64_t n_whole = (stop - start) / b;
    int64_t window = -1, n = 0, n_used = 0, old = -1, to = 0, free_bins[MOST];
    for (int64_t i = first; i < end; i++) {
        const int64_t bin = (o->train.samples[i] - start) / b;
        if (bin != old && bin < n_whole) {
            if (bin / n_window != window) {
                window = bin / n_window;
                n = least_of(n_window, n_whole - window * n_window);
                n_used = 0;
                for (int64_t k = 0; k < n; k++)
                    free_bins[k] = window * n_window + k;
            }
            /* one of those not yet taken */
            const int64_t j = within(&o->second, i, n_used, n - 1);
            to = free_bins[j];
            free_bins[j] = free_bins[n_used++];
        }
        old = bin;
        if (bin == n_whole)
            to = bin;
        o->out[o->n++] = within(&o->first, i, start + to * b,
                                least_of(start + (to + 1) * b, stop) - 1);
    }
}

static void oracle_poisson(oracle *o, int64_t first, int64_t end, int64_t start,
                           int64_t stop, int64_t *n_copies)
{
    const double sigma = o->options->width_s * o->rate_hz;
    const int64_t length = stop - start;
    for (int64_t i = first; i < end; i++) {
        /* the least k with v < 2^32 P(N <= k), v the word */
        const double v = (double)numbered_word(&o->first, i);
        int64_t k = 0;
        for (double p = exp(-1), sum = p; v >= floor(sum * 0x1p32) && k < 12; sum += p)
            p /= (double)++k;
        for (; k > 0; k--, ++*n_copies) {
            uint32_t w[4];
            numbered_block(&o->second, *n_copies / 2, 0, w);
            const double u =
                ((double)((w[0] + ((uint64_t)w[1] << 32)) >> 12) + 0.5) * 0x1p-52;
            const double a =
                ((double)((w[2] + ((uint64_t)w[3] << 32)) >> 12) + 0.5) * 0x1p-52;
            const double z =
                sqrt(-2 * log(u)) * (*n_copies % 2 == 0 ? cos(6.283185307179586 * a)
                                                        : sin(6.283185307179586 * a));
            int64_t at = o->train.samples[i] - start + llrint(sigma * z);
            while (at < 0 || at >= length)
                at = at < 0 ? -1 - at : 2 * length - 1 - at;
            o->out[o->n++] = start + at;
        }
    }
}

/* h of the header, by its words. */
static void oracle_histogram(const oracle *o, int64_t b, int64_t dead, double *h)
{
    const int64_t n = o->options->n_bins;
    const double sigma = o->options->sigma_s * o->rate_hz / (double)b;
    double *counts = calloc((size_t)n, sizeof *counts);
    double *other = calloc((size_t)(n * n), sizeof *other);
    memset(h, 0, (size_t)(n * n) * sizeof *h);
    for (int64_t r = 0; r < o->train.n_runs; r++)
        for (int64_t i = o->train.run_offsets[r] + 1; i < o->train.run_offsets[r + 1];
             i++) {
            const int64_t p = (o->train.samples[i] - o->train.samples[i - 1]) / b;
            if (p < n)
                counts[p]++;
            if (i + 1 == o->train.run_offsets[r + 1])
                continue;
            const int64_t q = (o->train.samples[i + 1] - o->train.samples[i]) / b;
            if (p < n && q < n)
                h[p * n + q]++;
        }
    for (int64_t k = 0; k < n * n; k++) {
        if (o->options->method == SPK_SURROGATE_ISI_DITHER)
            h[k] = counts[k / n] * counts[k % n];
        if (o->options->has_sqrt)
            h[k] = sqrt(h[k]);
    }
    const int64_t first = o->options->has_cutoff ? least_of(n, dead / b) : 0;
    const int64_t reach = (int64_t)(4 * sigma + 0.5), part = n - first;
    for (int way = 0; way < 2 && sigma > 0; way++) {
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = 0; q < n; q++) {
                double sum = 0, norm = 0;
                other[p * n + q] = 0;
                for (int64_t k = -reach; k <= reach && p >= first && q >= first; k++) {
                    const double weight = exp(-0.5 * (double)(k * k) / sigma / sigma);
                    int64_t at = (way ? q : p) - first + k;
                    while (at < 0 || at >= part)
                        at = at < 0 ? -1 - at : 2 * part - 1 - at;
                    at += first;
                    sum += weight * (way ? h[p * n + at] : h[at * n + q]);
                    norm += weight;
                }
                if (p >= first && q >= first)
                    other[p * n + q] = sum / norm;
            }
        memcpy(h, other, (size_t)(n * n) * sizeof *h);
    }
    free(other);
    free(counts);
}

static int64_t oracle_move(const oracle *o, const double *h, int64_t b, int64_t dead,
                           int64_t i, int64_t x, int64_t sum)
{
    const int64_t n = o->options->n_bins, w = rounded(o->options->width_s, o->rate_hz);
    const int64_t p = x / b, d = p + (sum - x) / b;
    int64_t low = 1, high = 0;
    if (d < n) {
        const int64_t reach = o->options->is_windowed ? w / b : n;
        double total = 0, sum_h = 0;
        int64_t to = -1;
        for (int64_t k = most_of(0, p - reach); k <= least_of(d, p + reach); k++)
            total += h[k * n + d - k];
        const double wanted = (double)numbered_word(&o->first, i) * 0x1p-32 * total;
        for (int64_t k = most_of(0, p - reach); k <= least_of(d, p + reach); k++) {
            sum_h += h[k * n + d - k];
            if (to < 0 && sum_h > wanted)
                to = k;
        }
        if (to >= 0) {
            low = most_of(most_of(to * b, dead), sum - (d - to + 1) * b + 1);
            high = least_of(least_of((to + 1) * b - 1, sum - dead), sum - (d - to) * b);
        }
    }
    if (low > high) {
        low = most_of(dead, x - w);
        high = least_of(sum - dead, x + w);
    }
    return within(&o->second, i, low, high);
}

static int64_t joint_bin(const oracle *o)
{
    return rounded(o->options->truncation_s / (double)o->options->n_bins, o->rate_hz);
}

static int64_t joint_dead(const oracle *o)
{
    return shortest_interval(&o->train,
                             (int64_t)rint(o->options->refractory_s * o->rate_hz));
}

static void oracle_joint(oracle *o, int64_t first, int64_t end)
{
    const int64_t b = joint_bin(o), dead = joint_dead(o);
    int64_t *x = o->out;
    for (int64_t i = first; i < end; i++)
        x[i] = o->train.samples[i];
    for (int64_t from = 1; from <= 2; from++)
        for (int64_t i = first + from; i + 1 < end; i += 2)
            x[i] = x[i - 1] +
                   oracle_move(o, o->h, b, dead, i, x[i] - x[i - 1], x[i + 1] - x[i - 1]);
    o->n += end - first;
}

/* Sample by sample: where the expected number passes each spike's share of it. */
static void oracle_rate(oracle *o, int64_t origin)
{
    const double *rates = o->options->rates_hz + o->first.unit * 5;
    double mean = 0, shares[MOST];
    spk_random at = {.seed = o->options->seed,
                     .stream = o->first.unit,
                     .index = (uint64_t)o->first.index + ((2 * UINT64_C(11) + 1) << 56)};
    for (int pass = 0; pass < 2; pass++) {
        double sum = 0;
        for (int64_t r = 0; r < o->train.n_runs; r++)
            for (int64_t t = o->train.run_starts[r]; t < o->train.run_stops[r]; t++) {
                const int64_t bin = (t - origin) / o->options->rate_bin_samples;
                const double next = sum + (bin < 5 ? rates[bin] / o->rate_hz : 0);
                for (int64_t k = 0; pass == 1 && next > sum && k < o->n; k++)
                    if (shares[k] * mean >= sum && shares[k] * mean < next)
                        o->out[k] = t;
                sum = next;
            }
        if (pass == 1)
            continue;
        mean = sum;
        o->n = spk_random_poisson(&at, mean);
        CU_ASSERT_FATAL(o->n < MOST);
        for (int64_t k = 0; k < o->n; k++) {
            uint32_t w[4];
            numbered_block(&o->second, k, 0, w);
            const uint64_t bits = (w[0] + ((uint64_t)w[1] << 32)) >> 12;
            shares[k] = ((double)bits + 0.5) * 0x1p-52;
        }
    }
}

static void run_oracle(oracle *o)
{
    int64_t n_copies = 0;
    o->n = 0;
    if (o->options->method == SPK_SURROGATE_RATE)
        oracle_rate(o, o->origin);
    for (int64_t r = 0; o->options->method != SPK_SURROGATE_RATE && r < o->train.n_runs;
         r++) {
        const int64_t first = o->train.run_offsets[r], end = o->train.run_offsets[r + 1];
        const int64_t start = o->train.run_starts[r], stop = o->train.run_stops[r];
        switch (o->options->method) {
        case SPK_SURROGATE_DITHER:
            if (o->options->refractory_s > 0)
                oracle_refractory(o, first, end, start, stop);
            else
                oracle_dither(o, first, end, start, stop);
            break;
        case SPK_SURROGATE_TRAIN_DITHER:
        case SPK_SURROGATE_TRIAL_SHIFT:
            oracle_shift(o, r, first, end, start, stop);
            break;
        case SPK_SURROGATE_JITTER:
            oracle_jitter(o, first, end, start, stop);
            break;
        case SPK_SURROGATE_ISI_SHUFFLE:
        case SPK_SURROGATE_INTERVAL_SHUFFLE:
            oracle_shuffle(o, first, end, start);
            break;
        case SPK_SURROGATE_BIN_SHUFFLE:
            oracle_bins(o, first, end, start, stop);
            break;
        case SPK_SURROGATE_RANDOMISE:
            for (int64_t i = first; i < end; i++)
                o->out[o->n++] = within(&o->first, i, start, stop - 1);
            break;
        case SPK_SURROGATE_POISSON:
            oracle_poisson(o, first, end, start, stop, &n_copies);
            break;
        default:
            oracle_joint(o, first, end);
        }
    }
    qsort(o->out, (size_t)o->n, sizeof *o->out, compare_samples);
}

static void check_draw(const spk_surrogates *s, oracle *o, int64_t unit, int64_t index)
{
    int64_t expected[4 * MOST], found[4 * MOST], n = -1;
    o->out = expected;
    o->first = (numbered){o->options->seed, o->options->method, 0, (uint32_t)unit, index};
    o->second = o->first;
    o->second.second = 1;
    run_oracle(o);
    const int64_t room = spk_surrogates_room(s, unit, index);
    CU_ASSERT(o->options->edges == SPK_SURROGATE_DROP ? room >= o->n : room == o->n);
    found[room] = -77;
    CU_ASSERT_EQUAL(spk_surrogates_draw(NULL, s, unit, index, found, &n), SPK_OK);
    CU_ASSERT_EQUAL(found[room], -77);
    CU_ASSERT_EQUAL(n, o->n);
    CU_ASSERT(n == o->n && memcmp(expected, found, (size_t)n * sizeof *found) == 0);
}

/* All units and some indices of one set of options. */
static void check_options(const tried *t, const spk_surrogates_options *options)
{
    static const int64_t indices[] = {0, 1, 4000000000, ((int64_t)1 << 48) - 1};
    spk_surrogates *s = make_surrogates(t->trains, options);
    for (int64_t u = 0; u < t->spikes.n_units; u++) {
        oracle o = {.options = options,
                    .rate_hz = t->spikes.sampling_rate_hz,
                    .origin = t->spikes.start_sample,
                    .train = spk_trains_unit(t->trains, u)};
        if (options->method == SPK_SURROGATE_ISI_DITHER ||
            options->method == SPK_SURROGATE_JOINT_ISI) {
            o.h = malloc((size_t)(options->n_bins * options->n_bins) * sizeof *o.h);
            oracle_histogram(&o, joint_bin(&o), joint_dead(&o), o.h);
        }
        for (int k = 0; k < 4; k++)
            check_draw(s, &o, u, indices[k]);
        free(o.h);
    }
    spk_surrogates_destroy(s);
}

/* For up to three units: a step, little, and nothing. */
static const double RATES[3][5] = {{30, 0, 100, 5, 0}, {0.1, 0.1, 0.1, 0, 0}, {0}};

static spk_surrogates_options options_of(int32_t method, double width_s)
{
    spk_surrogates_options o;
    spk_surrogates_options_init(&o, sizeof o);
    o.method = method;
    o.seed = 0x0123456789abcdef;
    o.width_s = width_s;
    o.rates_hz = &RATES[0][0];
    o.n_rate_bins = 5;
    o.rate_bin_samples = 1777;
    o.refractory_s =
        method == SPK_SURROGATE_ISI_DITHER || method == SPK_SURROGATE_JOINT_ISI ? 0.004
                                                                                : 0;
    return o;
}

/* Trains of a kind: sparse, bursting, all at one sample, dense, empty; with gaps or not. */
static tried make_tried(int kind, spk_random *random)
{
    static const int64_t starts[] = {-1000, 500, 2100, 5000, 9000, 20000};
    static const int64_t stops[] = {400, 2000, 2101, 5000 + 37, 20000, 20500};
    const spk_epochs epochs = {6, starts, stops};
    int64_t samples[1000], at = -1000;
    const int64_t n = kind == 4 ? 0 : kind == 5 ? 2 : 1000;
    for (int64_t i = 0; i < n; i++) {
        const double u = spk_random_uniform(random);
        at += kind == 0   ? (int64_t)(25 * spk_random_exponential(random))
              : kind == 1 ? (u < 0.7 ? (int64_t)(u * 5) : (int64_t)(u * 60))
              : kind == 2 ? 0
              : kind == 3 ? (int64_t)(u * 3)
                          : 1500;
        samples[i] = at < 20499 ? at : 20499;
    }
    return try_spikes(n, samples, 3, 1000, -1000, 20500, kind % 2 ? &epochs : NULL);
}

static void follow_their_definitions(void)
{
    spk_random random = {.seed = 5};
    for (int kind = 0; kind < 6; kind++) {
        tried t = make_tried(kind, &random);
        for (int32_t m = 0; m < N_METHODS; m++) {
            spk_surrogates_options o = options_of(m, kind == 3 ? 0.4 : 0.015);
            check_options(&t, &o);
        }
        end_tried(&t);
    }
}

/* More spikes than random words are made at a time, and runs that end between. */
static void across_chunks(void)
{
    static const int64_t starts[] = {0, 12000, 31000}, stops[] = {11000, 31000, 40000};
    const spk_epochs epochs = {3, starts, stops};
    spk_random random = {.seed = 9};
    int64_t samples[2900];
    for (int i = 0; i < 2900; i++)
        samples[i] = (int64_t)(40000 * spk_random_uniform(&random));
    tried t = try_spikes(2900, samples, 1, 1000, 0, 40000, &epochs);
    CU_ASSERT_FATAL(spk_trains_unit(t.trains, 0).n_spikes > 2 * 1024);
    for (int32_t m = 0; m < N_METHODS; m++) {
        spk_surrogates_options o = options_of(m, 0.015);
        check_options(&t, &o);
    }
    spk_surrogates_options o = options_of(SPK_SURROGATE_DITHER, 0.015);
    o.refractory_s = 0.002;
    check_options(&t, &o);
    end_tried(&t);
}

static void follow_their_options(void)
{
    spk_random random = {.seed = 6};
    for (int kind = 0; kind < 4; kind++) {
        tried t = make_tried(kind, &random);
        spk_surrogates_options o = options_of(SPK_SURROGATE_DITHER, 0.02);
        o.edges = SPK_SURROGATE_DROP;
        check_options(&t, &o);
        o = options_of(SPK_SURROGATE_DITHER, 1000);
        check_options(&t, &o);
        o = options_of(SPK_SURROGATE_DITHER, 0.02);
        o.refractory_s = 0.003;
        check_options(&t, &o);
        for (int32_t m = 0; m < 2; m++) {
            const int32_t method =
                m ? SPK_SURROGATE_TRIAL_SHIFT : SPK_SURROGATE_TRAIN_DITHER;
            for (int edges = 0; edges < 2; edges++) {
                o = options_of(method, 3);
                o.edges = edges;
                check_options(&t, &o);
                o.least_s = 2.5;
                check_options(&t, &o);
                o.least_s = 3;
                check_options(&t, &o);
            }
            o = options_of(method, INFINITY);
            check_options(&t, &o);
            o.least_s = 0.3;
            check_options(&t, &o);
        }
        for (int k = 0; k < 32; k++) {
            o = options_of(k % 2 ? SPK_SURROGATE_ISI_DITHER : SPK_SURROGATE_JOINT_ISI,
                           0.01);
            o.is_windowed = k / 2 % 2;
            o.has_cutoff = k / 4 % 2;
            o.has_sqrt = k / 8 % 2;
            o.sigma_s = k / 16 % 2 ? 0 : 0.003;
            o.truncation_s = 0.06;
            o.n_bins = k % 3 ? 20 : 1 + k;
            check_options(&t, &o);
        }
        o = options_of(SPK_SURROGATE_BIN_SHUFFLE, 0.1);
        o.bin_s = 0.007;
        check_options(&t, &o);
        o.width_s = 0.001;
        check_options(&t, &o);
        end_tried(&t);
    }
}

/* Long recordings: offsets of more than 32 bits, and of so many that words are rejected. */
static void long_ranges(void)
{
    static const int64_t lengths[] = {(int64_t)3 << 30, (int64_t)1 << 32,
                                      ((int64_t)1 << 32) + 1, (int64_t)3 << 40,
                                      (int64_t)3 << 60};
    spk_random random = {.seed = 7};
    for (int k = 0; k < 5; k++) {
        int64_t samples[300];
        for (int i = 0; i < 300; i++)
            samples[i] = -5 + (int64_t)(spk_random_uniform(&random) * (double)lengths[k]);
        tried t = try_spikes(300, samples, 1, 1e9, -5, lengths[k] - 5, NULL);
        spk_surrogates_options o = options_of(SPK_SURROGATE_RANDOMISE, 1);
        check_options(&t, &o);
        o = options_of(SPK_SURROGATE_JITTER, (double)lengths[k] * 0.75e-9);
        check_options(&t, &o);
        o = options_of(SPK_SURROGATE_DITHER, (double)lengths[k] * 0.375e-9);
        check_options(&t, &o);
        o = options_of(SPK_SURROGATE_ISI_SHUFFLE, 1);
        check_options(&t, &o);
        o = options_of(SPK_SURROGATE_TRAIN_DITHER, INFINITY);
        check_options(&t, &o);
        end_tried(&t);
    }
}

/* The whole of int64: no difference overflows. */
static void widest_recording(void)
{
    static const int64_t samples[] = {INT64_MIN, INT64_MIN + 1, -1,           0,
                                      5,         INT64_MAX - 2, INT64_MAX - 1};
    tried t = try_spikes(7, samples, 1, 30000, INT64_MIN, INT64_MAX, NULL);
    for (int32_t m = 0; m < N_METHODS; m++) {
        spk_surrogates_options o = options_of(m, m == 1 || m == 7 ? INFINITY : 1e12);
        o.bin_s = 1e9;
        spk_surrogates *s = make_surrogates(t.trains, &o);
        int64_t out[100], n = 0;
        CU_ASSERT_FATAL(spk_surrogates_room(s, 0, 3) < 100);
        CU_ASSERT_EQUAL(spk_surrogates_draw(NULL, s, 0, 3, out, &n), SPK_OK);
        CU_ASSERT(m == SPK_SURROGATE_POISSON || m == SPK_SURROGATE_RATE || n == 7);
        for (int64_t i = 1; i < n; i++)
            CU_ASSERT(out[i - 1] <= out[i] && out[i] < INT64_MAX);
        spk_surrogates_destroy(s);
    }
    end_tried(&t);
}

/* ---- worked by hand ---- */

static void by_hand(void)
{
    static const int64_t samples[] = {10, 30, 35, 90};
    tried t = try_spikes(4, samples, 1, 1000, 0, 100, NULL);
    int64_t out[4];
    /* shifts of 100 ms and no less are once round the circle */
    spk_surrogates_options o = options_of(SPK_SURROGATE_TRAIN_DITHER, 0.1);
    o.least_s = 0.1;
    spk_surrogates *s = make_surrogates(t.trains, &o);
    CU_ASSERT_EQUAL(spk_surrogates_draw(NULL, s, 0, 0, out, NULL), SPK_OK);
    CU_ASSERT_EQUAL(memcmp(out, samples, sizeof out), 0);
    spk_surrogates_destroy(s);
    /* of 20 ms, the ones behind come in at the other end */
    o.width_s = o.least_s = 0.02;
    s = make_surrogates(t.trains, &o);
    int seen[2] = {0};
    for (int64_t k = 0; k < 20; k++) {
        static const int64_t later[] = {10, 30, 50, 55}, earlier[] = {10, 15, 70, 90};
        CU_ASSERT_EQUAL(spk_surrogates_draw(NULL, s, 0, k, out, NULL), SPK_OK);
        const int is_later = memcmp(out, later, sizeof out) == 0;
        CU_ASSERT(is_later || memcmp(out, earlier, sizeof out) == 0);
        seen[is_later]++;
    }
    CU_ASSERT(seen[0] > 0 && seen[1] > 0);
    spk_surrogates_destroy(s);
    end_tried(&t);
}

/* ---- many at once, tables ---- */

static void many_are_single_ones(void)
{
    spk_random random = {.seed = 8};
    tried t = make_tried(1, &random);
    for (int32_t m = 0; m < N_METHODS; m++) {
        spk_surrogates_options o = options_of(m, 0.02);
        o.edges = m < 2;
        spk_surrogates *s = make_surrogates(t.trains, &o);
        for (int32_t threads = 1; threads <= 4; threads *= 2) {
            spk_context *ctx = NULL;
            int64_t offsets[41], counts[40], one[MOST];
            CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
            CU_ASSERT_EQUAL(spk_context_set_threads(ctx, threads), SPK_OK);
            CU_ASSERT_EQUAL(spk_surrogates_offsets(ctx, s, 1, 3, 5, 9, offsets), SPK_OK);
            int64_t *samples = calloc((size_t)offsets[8] + 1, sizeof *samples);
            CU_ASSERT_EQUAL(
                spk_surrogates_draw_many(ctx, s, 1, 3, 5, 9, offsets, samples, counts),
                SPK_OK);
            for (int64_t k = 0; k < 8; k++) {
                int64_t n;
                CU_ASSERT_EQUAL(
                    spk_surrogates_draw(NULL, s, 1 + k / 4, 5 + k % 4, one, &n), SPK_OK);
                CU_ASSERT_EQUAL(n, counts[k]);
                CU_ASSERT(offsets[k] + n <= offsets[k + 1]);
                CU_ASSERT_EQUAL(
                    memcmp(one, samples + offsets[k], (size_t)n * sizeof *one), 0);
            }
            free(samples);
            spk_context_destroy(ctx);
        }
        spk_surrogates_destroy(s);
    }
    end_tried(&t);
}

static void tables_hold_all_units(void)
{
    spk_random random = {.seed = 9};
    tried t = make_tried(1, &random);
    for (int32_t m = 0; m < N_METHODS; m++) {
        spk_surrogates_options o = options_of(m, 0.02);
        o.edges = m < 2;
        spk_surrogates *s = make_surrogates(t.trains, &o);
        const int64_t room = spk_surrogates_table_room(s, 2);
        int64_t *samples = malloc(((size_t)room + 1) * sizeof *samples);
        int32_t *units = malloc(((size_t)room + 1) * sizeof *units);
        spk_spikes table;
        CU_ASSERT_EQUAL_FATAL(spk_surrogates_table(NULL, s, 2, samples, units, &table),
                              SPK_OK);
        CU_ASSERT_EQUAL(spk_spikes_check(NULL, &table), SPK_OK);
        int64_t total = 0;
        for (int64_t u = 0; u < 3; u++) {
            int64_t one[MOST], n, k = 0;
            CU_ASSERT_EQUAL(spk_surrogates_draw(NULL, s, u, 2, one, &n), SPK_OK);
            for (int64_t i = 0; i < table.n_spikes; i++)
                if (units[i] == u) {
                    CU_ASSERT(k < n && one[k] == samples[i]);
                    k++;
                }
            CU_ASSERT_EQUAL(k, n);
            total += n;
        }
        CU_ASSERT_EQUAL(total, table.n_spikes);
        CU_ASSERT(table.n_units == 3 && table.start_sample == -1000 &&
                  table.stop_sample == 20500 && table.sampling_rate_hz == 1000);
        free(units);
        free(samples);
        spk_surrogates_destroy(s);
    }
    end_tried(&t);
}

/* Other units, or fewer, leave a unit's surrogates as they were; seeds and indices do not. */
static void depend_on_seed_unit_and_index(void)
{
    int64_t samples[400], a[1000], b[1000];
    for (int i = 0; i < 400; i++)
        samples[i] = 20 * i;
    tried one = try_spikes(400, samples, 1, 1000, 0, 8000, NULL);
    for (int32_t m = 0; m < N_METHODS; m++) {
        spk_surrogates_options o = options_of(m, 0.5);
        spk_surrogates *s = make_surrogates(one.trains, &o);
        o.seed++;
        spk_surrogates *other = make_surrogates(one.trains, &o);
        int64_t n, n_other;
        CU_ASSERT_EQUAL(spk_surrogates_draw(NULL, s, 0, 0, a, &n), SPK_OK);
        CU_ASSERT_EQUAL(spk_surrogates_draw(NULL, s, 0, 1, b, &n_other), SPK_OK);
        /* the equal intervals of this train have but one order */
        const int is_same = n == n_other && memcmp(a, b, (size_t)n * sizeof *a) == 0;
        CU_ASSERT_EQUAL(is_same, m == SPK_SURROGATE_INTERVAL_SHUFFLE);
        CU_ASSERT_EQUAL(spk_surrogates_draw(NULL, other, 0, 0, b, &n_other), SPK_OK);
        CU_ASSERT(m == SPK_SURROGATE_INTERVAL_SHUFFLE || m == SPK_SURROGATE_ISI_SHUFFLE ||
                  n != n_other || memcmp(a, b, (size_t)n * sizeof *a) != 0);
        spk_surrogates_destroy(other);
        spk_surrogates_destroy(s);
    }
    end_tried(&one);
}

/* ---- what may go wrong ---- */

static void errors(void)
{
    spk_random random = {.seed = 10};
    tried t = make_tried(0, &random);
    spk_context *ctx = NULL;
    spk_surrogates *s = NULL;
    int64_t offsets[10], samples[MOST], n;
    spk_spikes table;
    CU_ASSERT_EQUAL_FATAL(spk_context_create(&ctx), SPK_OK);
    static const struct {
        const char *message;
        int field;
        double value;
    } table_of[] = {
        {"method must be in 0 .. 11, got 12", 0, 12},
        {"method must be in 0 .. 11, got -1", 0, -1},
        {"edges must be 0 or 1, got 2", 1, 2},
        {"width_s must be above 0, got 0", 2, 0},
        {"width_s must be above 0, got -1", 2, -1},
        {"width_s may be infinite for shifts that keep all spikes only", 2, INFINITY},
        {"least_s must be in 0 .. width_s, got -1", 3, -1},
        {"least_s must be in 0 .. width_s, got 1", 3, 1},
        {"least_s must be in 0 .. width_s, got nan", 3, NAN},
        {"refractory_s must be >= 0, got -1", 4, -1},
        {"refractory_s must be >= 0, got inf", 4, INFINITY},
        {"bin_s must be above 0, got 0", 5, 0},
        {"truncation_s must be above 0, got nan", 6, NAN},
        {"n_bins must be in 1 .. 4096, got 0", 7, 0},
        {"n_bins must be in 1 .. 4096, got 4097", 7, 4097},
        {"sigma_s must be >= 0, got -1", 8, -1},
        {"options: not filled by spk_surrogates_options_init()", 9, 0},
        {"edges must be 0 with a refractory period", 10, 0},
        {"rates_hz must be given with n_rate_bins and rate_bin_samples >= 1, got 0 and 0",
         12, 0},
        {"rates_hz must be >= 0, found -1 for unit 1", 13, -1},
        {"rates_hz must be >= 0, found nan for unit 1", 13, NAN},
        {"rates_hz: expected at most 1e9 spikes of a unit, found 2.15e+13 for unit 1", 13,
         1e12},
        {"width_s must be below 1048576 bins, got 1.5e+07", 11, 0},
    };
    for (size_t k = 0; k < sizeof table_of / sizeof table_of[0]; k++) {
        spk_surrogates_options o;
        spk_surrogates_options_init(&o, sizeof o);
        const double v = table_of[k].value;
        double *doubles[] = {&o.width_s,      &o.least_s, &o.refractory_s, &o.bin_s,
                             &o.truncation_s, NULL,       &o.sigma_s};
        const double rates[3] = {0, v, 0};
        switch (table_of[k].field) {
        case 0:
            o.method = (int32_t)v;
            break;
        case 1:
            o.edges = (int32_t)v;
            break;
        case 7:
            o.n_bins = (int64_t)v;
            break;
        case 9:
            o.struct_size = 8;
            break;
        case 10:
            o.edges = SPK_SURROGATE_DROP;
            o.refractory_s = 0.001;
            break;
        case 12:
        case 13:
            o.method = SPK_SURROGATE_RATE;
            o.rates_hz = table_of[k].field == 13 ? rates : NULL;
            o.n_rate_bins = o.rate_bin_samples = table_of[k].field == 13;
            o.rate_bin_samples *= 30000;
            break;
        case 11:
            o.method = SPK_SURROGATE_BIN_SHUFFLE;
            o.width_s = 0.015;
            o.bin_s = 1e-9;
            break;
        default:
            *doubles[table_of[k].field - 2] = v;
        }
        CU_ASSERT_EQUAL(spk_surrogates_create(ctx, t.trains, &o, &s), SPK_ERR_ARGUMENT);
        CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), table_of[k].message);
    }
    CU_ASSERT_EQUAL(spk_surrogates_create(ctx, NULL, NULL, &s), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_create(ctx, t.trains, NULL, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_PTR_NULL(s);
    CU_ASSERT_EQUAL_FATAL(spk_surrogates_create(ctx, t.trains, NULL, &s), SPK_OK);
    CU_ASSERT_EQUAL(spk_surrogates_draw(ctx, NULL, 0, 0, samples, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_draw(ctx, s, 3, 0, samples, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_STRING_EQUAL(spk_context_message(ctx), "unit must be in 0 .. 2, got 3");
    CU_ASSERT_EQUAL(spk_surrogates_draw(ctx, s, -1, 0, samples, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_draw(ctx, s, 0, -1, samples, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_draw(ctx, s, 0, (int64_t)1 << 48, samples, &n),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_draw(ctx, s, 0, 0, NULL, &n), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_room(NULL, 0, 0), 0);
    CU_ASSERT_EQUAL(spk_surrogates_room(s, 3, 0), 0);
    CU_ASSERT_EQUAL(spk_surrogates_offsets(ctx, s, 0, 1, 0, 1, NULL), SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_offsets(ctx, NULL, 0, 1, 0, 1, offsets),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_offsets(ctx, s, 0, 4, 0, 1, offsets),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_offsets(ctx, s, 2, 1, 0, 1, offsets),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_offsets(ctx, s, 0, 1, 2, 1, offsets),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_offsets(ctx, s, 0, 1, -1, 1, offsets),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_offsets(ctx, s, 1, 1, 0, 1, offsets), SPK_OK);
    CU_ASSERT_EQUAL(offsets[0], 0);
    CU_ASSERT_EQUAL(spk_surrogates_draw_many(ctx, s, 1, 1, 0, 1, offsets, NULL, NULL),
                    SPK_OK);
    CU_ASSERT_EQUAL(spk_surrogates_offsets(ctx, s, 0, 1, 0, 1, offsets), SPK_OK);
    CU_ASSERT_EQUAL(spk_surrogates_draw_many(ctx, s, 0, 1, 0, 1, offsets, NULL, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_draw_many(ctx, s, 0, 1, 0, 1, NULL, samples, NULL),
                    SPK_ERR_ARGUMENT);
    int32_t units[1];
    CU_ASSERT_EQUAL(spk_surrogates_table(ctx, s, 0, NULL, units, &table),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_table(ctx, NULL, 0, samples, units, &table),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_table(ctx, s, -1, samples, units, &table),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_table(ctx, s, 0, samples, units, NULL),
                    SPK_ERR_ARGUMENT);
    CU_ASSERT_EQUAL(spk_surrogates_table_room(NULL, 0), 0);
    spk_surrogates_destroy(s);
    spk_surrogates_destroy(NULL);
    spk_surrogates_options_init(NULL, 100);
    spk_context_destroy(ctx);
    end_tried(&t);
}

typedef struct allocation_case {
    const tried *t;
    spk_surrogates_options options;
} allocation_case;

static spk_status make_table(spk_context *ctx, void *argument)
{
    const allocation_case *c = argument;
    int64_t *samples = malloc(3 * MOST * sizeof *samples);
    int32_t *units = malloc(3 * MOST * sizeof *units);
    spk_surrogates *s = NULL;
    spk_spikes table;
    spk_status status = spk_surrogates_create(ctx, c->t->trains, &c->options, &s);
    if (status == SPK_OK)
        status = spk_surrogates_table(ctx, s, 0, samples, units, &table);
    spk_surrogates_destroy(s);
    free(units);
    free(samples);
    return status;
}

static void failed_allocations(void)
{
    spk_random random = {.seed = 11};
    tried t = make_tried(3, &random);
    for (int32_t m = 0; m < N_METHODS; m++) {
        allocation_case c = {&t, options_of(m, 1)};
        if (m == SPK_SURROGATE_DITHER)
            c.options.refractory_s = 0.001;
        CU_ASSERT(suite_fail_allocations(make_table, &c) >= 6);
    }
    end_tried(&t);
}

static const suite_test tests[] = {
    {"follow their definitions", follow_their_definitions},
    {"across chunks", across_chunks},
    {"follow their options", follow_their_options},
    {"long ranges", long_ranges},
    {"widest recording", widest_recording},
    {"by hand", by_hand},
    {"many are single ones", many_are_single_ones},
    {"tables hold all units", tables_hold_all_units},
    {"depend on seed, unit and index", depend_on_seed_unit_and_index},
    {"errors", errors},
    {"failed allocations", failed_allocations},
};
SUITE_MAIN("surrogates", tests)
