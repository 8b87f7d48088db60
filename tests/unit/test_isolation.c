/* SPDX-License-Identifier: BSD-3-Clause */
#include "blas_races.h"
#include "files/array_convert.h"
#include "suite.h"

#include <float.h>
#include <math.h>
#include <spikekit/metrics.h>
#include <spikekit/random.h>
#include <stdlib.h>

static spk_context *ctx;

enum {
    MAX_SPIKES = 1200,
    MAX_UNITS = 12,
    MAX_CHANNELS = 24,
    MAX_DIMENSIONS = 24
};

/* A recording with features. */
typedef struct recording {
    spk_spikes spikes;
    int64_t samples[MAX_SPIKES];
    int32_t units[MAX_SPIKES];
    float values[MAX_SPIKES * MAX_DIMENSIONS];
    int32_t rows[MAX_SPIKES];
    int32_t channels[MAX_UNITS * 8];
    double positions[2 * MAX_CHANNELS];
    spk_array array;
    spk_features features;
    spk_metrics_input input;
} recording;

static void finish(recording *r, int n_spikes, int n_units, int n_rows, int n_components,
                   int n_local, int n_channels)
{
    const int64_t shape[3] = {n_spikes, n_components, n_local};
    for (int s = 0; s < n_spikes; s++)
        r->samples[s] = 10 * (int64_t)s;
    for (int c = 0; c < n_channels; c++) {
        r->positions[2 * c] = 0;
        r->positions[2 * c + 1] = 20 * c;
    }
    r->spikes = (spk_spikes){.n_spikes = n_spikes,
                             .samples = r->samples,
                             .n_units = n_units,
                             .units = r->units,
                             .sampling_rate_hz = 30000,
                             .stop_sample = 10 * (int64_t)n_spikes};
    CU_ASSERT_FATAL(spk__array_describe(ctx, SPK_DTYPE_FLOAT32, 0, 3, shape, &r->array) ==
                    SPK_OK);
    r->array.data = r->values;
    r->features = (spk_features){.values = &r->array,
                                 .n_rows = n_rows,
                                 .n_components = n_components,
                                 .n_local = n_local,
                                 .n_channels = n_channels,
                                 .channels = r->channels,
                                 .rows = r->rows,
                                 .channel_positions_um = r->positions};
    spk_metrics_input_init(&r->input, sizeof r->input);
    r->input.spikes = &r->spikes;
    r->input.features = &r->features;
}

static const char *const names[] = {"isolation_distance", "l_ratio",
                                    "l_ratio_colonell",   "d_prime",
                                    "nn_hit_rate",        "nn_miss_rate",
                                    "nn_hit_rate_allen",  "nn_miss_rate_allen",
                                    "silhouette",         "silhouette_full",
                                    "silhouette_allen",   "isolation_distance_bombcell",
                                    "l_ratio_bombcell"};

enum {
    ISOLATION,
    L_RATIO,
    L_COLONELL,
    D_PRIME,
    HIT,
    MISS,
    HIT_ALLEN,
    MISS_ALLEN,
    SILHOUETTE,
    FULL,
    WORST,
    ISOLATION_BOMBCELL,
    L_BOMBCELL,
    N_NAMES
};

/* All columns, [N_NAMES][n_units], with some settings. */
static spk_status compute(spk_context *c, const spk_metrics_input *input,
                          const spk_metrics_setting *settings, int64_t n_settings,
                          double *values)
{
    spk_metrics_options options;
    spk_metrics *metrics = NULL;
    spk_metrics_options_init(&options, sizeof options);
    options.names = names;
    options.n_names = N_NAMES;
    options.settings = settings;
    options.n_settings = n_settings;
    const spk_status status = spk_metrics_compute(c, input, &options, &metrics);
    if (status != SPK_OK)
        return status;
    for (int k = 0; k < N_NAMES; k++)
        memcpy(values + k * input->spikes->n_units,
               spk_metrics_values(metrics, spk_metrics_find(metrics, names[k])),
               (size_t)input->spikes->n_units * sizeof *values);
    spk_metrics_destroy(metrics);
    return SPK_OK;
}

/* ---- the definitions, as plainly as can be ---- */

typedef struct cloud {
    double x[MAX_SPIKES][MAX_DIMENSIONS]; /* the unit's spikes, then the others */
    int units[MAX_SPIKES];
    int n_own, n, n_d;
} cloud;

static int row_of(const recording *r, int unit)
{
    int counts[MAX_UNITS] = {0}, best = 0;
    for (int s = 0; s < r->spikes.n_spikes; s++)
        counts[r->rows[s]] += r->units[s] == unit;
    for (int k = 1; k < r->features.n_rows; k++)
        best = counts[k] > counts[best] ? k : best;
    return best;
}

static double feature(const recording *r, int s, int p, int channel)
{
    const int64_t n_local = r->features.n_local;
    for (int64_t k = 0; k < n_local; k++)
        if (r->channels[r->rows[s] * n_local + k] == channel)
            return r->values[(s * r->features.n_components + p) * n_local + k];
    return 0;
}

static int main_channel_of(const recording *r, int unit)
{
    const int32_t *row = r->channels + row_of(r, unit) * r->features.n_local;
    int best = -1;
    double longest = -1;
    for (int k = 0; k < r->features.n_local; k++) {
        double length = 0;
        for (int p = 0; p < r->features.n_components && row[k] >= 0; p++) {
            double sum = 0;
            int n = 0;
            for (int s = 0; s < r->spikes.n_spikes; s++)
                if (r->units[s] == unit) {
                    sum += feature(r, s, p, row[k]);
                    n++;
                }
            length += sum / n * (sum / n);
        }
        if (row[k] >= 0 && length > longest) {
            longest = length;
            best = row[k];
        }
    }
    return best;
}

static int has_spikes(const recording *r, int unit)
{
    for (int s = 0; s < r->spikes.n_spikes; s++)
        if (r->units[s] == unit)
            return 1;
    return 0;
}

/* n_bombcell > 0: so many first channels, and units whose row has the first. */
static void make_cloud(const recording *r, int unit, int n_bombcell, cloud *c)
{
    const spk_features *f = &r->features;
    const int32_t *row = r->channels + row_of(r, unit) * f->n_local;
    int space[8], n_space = 0, around[MAX_UNITS] = {0};
    for (int k = 0; k < f->n_local; k++)
        if (row[k] >= 0 && (n_bombcell == 0 || n_space < n_bombcell))
            space[n_space++] = row[k];
    for (int v = 0; v < r->spikes.n_units; v++) {
        if (v == unit || !has_spikes(r, v))
            continue;
        const int32_t *other = r->channels + row_of(r, v) * f->n_local;
        if (n_bombcell > 0)
            for (int k = 0; k < f->n_local; k++)
                around[v] |= other[k] == space[0];
        else
            for (int k = 0; k < n_space; k++)
                around[v] |= main_channel_of(r, v) == space[k];
    }
    c->n = c->n_own = 0;
    c->n_d = n_space * (int)f->n_components;
    for (int pass = 0; pass < 2; pass++)
        for (int s = 0; s < r->spikes.n_spikes; s++) {
            if (pass == 0 ? r->units[s] != unit : !around[r->units[s]])
                continue;
            for (int p = 0; p < f->n_components; p++)
                for (int k = 0; k < n_space; k++)
                    c->x[c->n][p * n_space + k] = feature(r, s, p, space[k]);
            c->units[c->n++] = r->units[s];
            c->n_own += pass == 0;
        }
}

static double distance(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int d = 0; d < n; d++)
        sum += (a[d] - b[d]) * (a[d] - b[d]);
    return sqrt(sum);
}

static void mean_of(const cloud *c, int first, int stop, double *mean)
{
    for (int d = 0; d < c->n_d; d++) {
        mean[d] = 0;
        for (int i = first; i < stop; i++)
            mean[d] += c->x[i][d] / (stop - first);
    }
}

static void add_scatter(const cloud *c, int first, int stop, double a[][MAX_DIMENSIONS])
{
    double mean[MAX_DIMENSIONS];
    mean_of(c, first, stop, mean);
    for (int s = first; s < stop; s++)
        for (int i = 0; i < c->n_d; i++)
            for (int j = 0; j < c->n_d; j++)
                a[i][j] += (c->x[s][i] - mean[i]) * (c->x[s][j] - mean[j]);
}

/* a^-1 b by elimination with pivots. */
static void solve(int n, double a[][MAX_DIMENSIONS], const double *b, double *x)
{
    double m[MAX_DIMENSIONS][MAX_DIMENSIONS + 1];
    for (int i = 0; i < n; i++) {
        memcpy(m[i], a[i], (size_t)n * sizeof(double));
        m[i][n] = b[i];
    }
    for (int k = 0; k < n; k++) {
        int pivot = k;
        for (int i = k + 1; i < n; i++)
            pivot = fabs(m[i][k]) > fabs(m[pivot][k]) ? i : pivot;
        for (int j = 0; j <= n; j++) {
            const double swap = m[k][j];
            m[k][j] = m[pivot][j];
            m[pivot][j] = swap;
        }
        for (int i = 0; i < n; i++) {
            const double ratio = m[i][k] / m[k][k];
            for (int j = k; j <= n && i != k; j++)
                m[i][j] -= ratio * m[k][j];
        }
    }
    for (int k = 0; k < n; k++)
        x[k] = m[k][n] / m[k][k];
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* 1 - F for even degrees of freedom: e^-y sum y^k / k! */
static double tail(double x, int dof)
{
    double term = exp(-x / 2), sum = 0;
    for (int k = 1; k <= dof / 2; k++) {
        sum += term;
        term *= x / 2 / k;
    }
    return sum;
}

static void oracle_distances(const cloud *c, double ridge, int rank, double *isolation,
                             double *sum_of_tails)
{
    static double squares[MAX_SPIKES];
    double a[MAX_DIMENSIONS][MAX_DIMENSIONS] = {{0}}, mean[MAX_DIMENSIONS];
    const int n = c->n - c->n_own;
    *isolation = *sum_of_tails = NAN;
    if (c->n_own <= c->n_d || n == 0)
        return;
    add_scatter(c, 0, c->n_own, a);
    mean_of(c, 0, c->n_own, mean);
    for (int i = 0; i < c->n_d; i++)
        for (int j = 0; j < c->n_d; j++)
            a[i][j] = a[i][j] / (c->n_own - 1) + (i == j ? ridge : 0);
    *sum_of_tails = 0;
    for (int s = 0; s < n; s++) {
        double away[MAX_DIMENSIONS], w[MAX_DIMENSIONS];
        squares[s] = 0;
        for (int d = 0; d < c->n_d; d++)
            away[d] = c->x[c->n_own + s][d] - mean[d];
        solve(c->n_d, a, away, w);
        for (int d = 0; d < c->n_d; d++)
            squares[s] += away[d] * w[d];
        *sum_of_tails += tail(squares[s], c->n_d);
    }
    qsort(squares, (size_t)n, sizeof *squares, by_size);
    if (rank < n)
        *isolation = squares[rank];
}

static double oracle_d_prime(const cloud *c)
{
    double a[MAX_DIMENSIONS][MAX_DIMENSIONS] = {{0}}, m1[MAX_DIMENSIONS];
    double m2[MAX_DIMENSIONS], apart[MAX_DIMENSIONS], w[MAX_DIMENSIONS];
    double mean[2] = {0}, variance[2] = {0};
    const int n[2] = {c->n_own, c->n - c->n_own};
    if (n[1] == 0)
        return NAN;
    add_scatter(c, 0, c->n_own, a);
    add_scatter(c, c->n_own, c->n, a);
    mean_of(c, 0, c->n_own, m1);
    mean_of(c, c->n_own, c->n, m2);
    for (int d = 0; d < c->n_d; d++)
        apart[d] = m1[d] - m2[d];
    solve(c->n_d, a, apart, w);
    for (int pass = 0; pass < 2; pass++)
        for (int s = 0; s < c->n; s++) {
            double y = 0;
            const int k = s >= c->n_own;
            for (int d = 0; d < c->n_d; d++)
                y += w[d] * c->x[s][d];
            if (pass == 0)
                mean[k] += y / n[k];
            else
                variance[k] += (y - mean[k]) * (y - mean[k]) / n[k];
        }
    return (mean[0] - mean[1]) / sqrt((variance[0] + variance[1]) / 2);
}

static void oracle_rates(const cloud *c, int k, double *hit, double *miss)
{
    int count[2] = {0};
    *hit = *miss = NAN;
    if (c->n == c->n_own || c->n <= k)
        return;
    for (int i = 0; i < c->n; i++) {
        int used[MAX_SPIKES] = {0};
        for (int r = 0; r < k; r++) {
            int best = -1;
            for (int j = 0; j < c->n; j++)
                if (j != i && !used[j] &&
                    (best < 0 || distance(c->x[i], c->x[j], c->n_d) <
                                     distance(c->x[i], c->x[best], c->n_d)))
                    best = j;
            used[best] = 1;
            count[i >= c->n_own] += best < c->n_own;
        }
    }
    *hit = count[0] / (double)(k * c->n_own);
    *miss = count[1] / (double)(k * (c->n - c->n_own));
}

static double score(double a, double b)
{
    return a == b ? 0 : (b - a) / fmax(a, b);
}

/* Mean distance from row i to the spikes of a unit, itself left out. */
static double mean_distance(const cloud *c, int i, int unit)
{
    double sum = 0;
    int n = 0;
    for (int j = 0; j < c->n; j++)
        if (j != i && c->units[j] == unit) {
            sum += distance(c->x[i], c->x[j], c->n_d);
            n++;
        }
    return n == 0 ? NAN : sum / n;
}

static void oracle_silhouettes(const cloud *c, int unit, int n_units, double *simple,
                               double *full, double *worst)
{
    double own[MAX_DIMENSIONS], nearest = INFINITY;
    *simple = *full = *worst = NAN;
    if (c->n == c->n_own)
        return;
    mean_of(c, 0, c->n_own, own);
    double sum = 0;
    for (int i = 0; i < c->n_own; i++) {
        double b = INFINITY;
        for (int v = 0; v < n_units; v++)
            if (v != unit && mean_distance(c, i, v) < b)
                b = mean_distance(c, i, v);
        sum += score(mean_distance(c, i, unit), b);
    }
    if (c->n_own > 1)
        *full = sum / c->n_own;
    for (int v = 0; v < n_units; v++) {
        double centroid[MAX_DIMENSIONS] = {0}, mean = 0, scores = 0, pair = 0;
        int n = 0;
        for (int j = c->n_own; j < c->n; j++)
            if (c->units[j] == v)
                n++;
        if (v == unit || n == 0)
            continue;
        for (int j = c->n_own; j < c->n; j++)
            for (int d = 0; d < c->n_d && c->units[j] == v; d++)
                centroid[d] += c->x[j][d] / n;
        for (int i = 0; i < c->n_own; i++) {
            const double b = distance(c->x[i], centroid, c->n_d);
            mean += b / c->n_own;
            scores += score(distance(c->x[i], own, c->n_d), b) / c->n_own;
        }
        if (mean < nearest) {
            nearest = mean;
            *simple = scores;
        }
        for (int i = 0; i < c->n; i++) {
            const int other = c->units[i] == unit ? v : unit;
            if ((c->units[i] == unit && c->n_own > 1) || (c->units[i] == v && n > 1))
                pair +=
                    score(mean_distance(c, i, c->units[i]), mean_distance(c, i, other));
        }
        if (c->n_own + n > 2 && !(*worst < pair / (c->n_own + n)))
            *worst = pair / (c->n_own + n);
    }
}

static void oracle(const recording *r, double *values)
{
    static cloud c;
    const int n_units = (int)r->spikes.n_units;
    for (int u = 0; u < n_units; u++) {
        double v[N_NAMES], sum;
        for (int k = 0; k < N_NAMES; k++)
            v[k] = NAN;
        if (has_spikes(r, u)) {
            make_cloud(r, u, 0, &c);
            const int n = c.n - c.n_own, rank = n < c.n_own ? n : c.n_own;
            oracle_distances(&c, 0, rank - 1, &v[ISOLATION], &sum);
            if (rank < 2)
                v[ISOLATION] = sum = NAN;
            v[L_RATIO] = sum / c.n_own;
            v[L_COLONELL] = sum / n;
            v[D_PRIME] = oracle_d_prime(&c);
            oracle_rates(&c, 5, &v[HIT], &v[MISS]);
            oracle_rates(&c, 3, &v[HIT_ALLEN], &v[MISS_ALLEN]);
            oracle_silhouettes(&c, u, n_units, &v[SILHOUETTE], &v[FULL], &v[WORST]);
            make_cloud(r, u, 2, &c);
            oracle_distances(&c, 1e-10, c.n_own, &v[ISOLATION_BOMBCELL], &sum);
            v[L_BOMBCELL] = sum / c.n_own;
        }
        for (int k = 0; k < N_NAMES; k++)
            values[k * n_units + u] = v[k];
    }
}

static void compare(const double *found, const double *wanted, int n_units, double eps)
{
    for (int k = 0; k < N_NAMES; k++)
        for (int u = 0; u < n_units; u++) {
            const double a = found[k * n_units + u], b = wanted[k * n_units + u];
            if (isnan(a) && isnan(b))
                continue;
            if (!(fabs(a - b) <= eps * (1 + fabs(b)))) {
                printf("%s of unit %d: %.17g, wanted %.17g\n", names[k], u, a, b);
                CU_FAIL("differs from the definition");
            }
        }
}

/* ---- tests ---- */

/* Random clouds, largest on the first channel: merged units of several templates, templates with missing channels, units
 * of one spike and of none. */
static void make_random(recording *r, uint32_t stream)
{
    enum {
        N_ROWS = 9,
        N_LOCAL = 4,
        N_COMPONENTS = 2,
        N_CHANNELS = 10,
        N_SPIKES = 420
    };
    static const int32_t unit_of[N_ROWS] = {0, 1, 2, 3, 3, 4, 6, 7, 7};
    double means[N_ROWS][N_COMPONENTS * N_LOCAL];
    spk_random random = {.seed = 8, .stream = stream};
    for (int t = 0; t < N_ROWS; t++)
        for (int k = 0; k < N_LOCAL; k++)
            r->channels[t * N_LOCAL + k] = (t + (k + 1) / 2 * (k % 2 ? 1 : -1) + 9) % 10;
    r->channels[2 * N_LOCAL + 3] = -1;
    r->channels[5 * N_LOCAL + 1] = -1;
    for (int t = 0; t < N_ROWS; t++)
        for (int k = 0; k < N_COMPONENTS * N_LOCAL; k++)
            means[t][k] = 1.5 * spk_random_normal(&random) + (k % N_LOCAL == 0 ? 4 : 0);
    for (int s = 0; s < N_SPIKES; s++) {
        int t = (int)(spk_random_uniform(&random) * N_ROWS);
        if (unit_of[t] == 6)
            t = 1;
        if (s == 200)
            t = 6; /* its only spike */
        r->rows[s] = t;
        r->units[s] = unit_of[t];
        for (int k = 0; k < N_COMPONENTS * N_LOCAL; k++)
            r->values[s * N_COMPONENTS * N_LOCAL + k] =
                (float)(means[t][k] + spk_random_normal(&random));
    }
    finish(r, N_SPIKES, 8, N_ROWS, N_COMPONENTS, N_LOCAL, N_CHANNELS);
}

static const spk_metrics_setting two_channels[] = {{"isolation_channels_bombcell", 2}};

static void against_definition(void)
{
    static recording r;
    double found[N_NAMES * MAX_UNITS], wanted[N_NAMES * MAX_UNITS];
    for (uint32_t stream = 0; stream < 3; stream++) {
        make_random(&r, stream);
        CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, two_channels, 1, found), SPK_OK);
        oracle(&r, wanted);
        /* 1e-11: condition numbers up to some 1e3, sums of some 1e3 terms */
        compare(found, wanted, 8, 1e-11);
        CU_ASSERT(isnan(found[ISOLATION * 8 + 5]) && isnan(found[HIT * 8 + 5]));
        CU_ASSERT(isnan(found[ISOLATION * 8 + 6]) && !isnan(found[SILHOUETTE * 8 + 6]));
        CU_ASSERT(!isnan(found[ISOLATION * 8 + 3]));
    }
}

/* Two Gaussian clouds a distance d apart, of unit variance: d' is d, with more spikes closer
 * and closer; nothing is misplaced when d is large. */
static void gaussian_clouds(void)
{
    static recording r;
    for (int far = 0; far < 2; far++) {
        const double d = far ? 30 : 3;
        double found[N_NAMES * 2];
        spk_random random = {.seed = 4};
        for (int s = 0; s < MAX_SPIKES; s++) {
            r.units[s] = r.rows[s] = s % 2;
            for (int k = 0; k < 3; k++)
                r.values[3 * s + k] =
                    (float)(spk_random_normal(&random) + (k == 1 ? 50 + d * (s % 2) : 0));
        }
        for (int t = 0; t < 2; t++)
            for (int k = 0; k < 3; k++)
                r.channels[3 * t + k] = k;
        finish(&r, MAX_SPIKES, 2, 2, 1, 3, 3);
        CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, NULL, 0, found), SPK_OK);
        for (int u = 0; u < 2; u++) {
            /* the standard error of d' is about sqrt((2 + d^2 / 4) / n), n = 600 */
            CU_ASSERT_DOUBLE_EQUAL(found[D_PRIME * 2 + u], d,
                                   4 * sqrt((2 + d * d / 4) / 600));
            if (!far)
                continue;
            CU_ASSERT_EQUAL(found[HIT * 2 + u], 1);
            CU_ASSERT_EQUAL(found[MISS * 2 + u], 0);
            CU_ASSERT(found[L_RATIO * 2 + u] < 1e-60);
            /* n is all of the others: the furthest, some 3 beyond d */
            CU_ASSERT(found[ISOLATION * 2 + u] > d * d);
            CU_ASSERT(found[ISOLATION * 2 + u] < (d + 6) * (d + 6) * 1.3);
            CU_ASSERT(found[SILHOUETTE * 2 + u] > 0.9);
        }
    }
}

/* Scaling and shifting all features changes no rate, ratio, d' or isolation distance. */
static void invariance(void)
{
    static recording r;
    double before[N_NAMES * MAX_UNITS], after[N_NAMES * MAX_UNITS];
    const spk_metrics_setting all_of_it[] = {{"isolation_channels_bombcell", 2},
                                             {"isolation_max_spikes", 1e6},
                                             {"isolation_max_channels", 4},
                                             {"nn_max_spikes", 420},
                                             {"isolation_radius_um", 999999}};
    make_random(&r, 1);
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, two_channels, 1, before), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, all_of_it, 5, after), SPK_OK);
    CU_ASSERT_EQUAL(memcmp(before, after, N_NAMES * 8 * sizeof *before), 0);
    for (int k = 0; k < 420 * 8; k++)
        r.values[k] *= 1024;
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, two_channels, 1, after), SPK_OK);
    for (int u = 0; u < 8; u++) /* bombcell's ridge is not scaled */
        for (int k = ISOLATION_BOMBCELL; k <= L_BOMBCELL; k++)
            after[k * 8 + u] = before[k * 8 + u] = 0;
    compare(after, before, 8, 1e-13);
}

/* Files in another order and type give the same bits. */
static void layouts(void)
{
    static recording r;
    static double turned[MAX_SPIKES * 8];
    static float shuffled[MAX_SPIKES * 8];
    static int64_t order[MAX_SPIKES];
    double before[N_NAMES * MAX_UNITS], after[N_NAMES * MAX_UNITS];
    make_random(&r, 2);
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, NULL, 0, before), SPK_OK);
    for (int s = 0; s < 420; s++) {
        order[s] = (s * 11 + 5) % 420;
        for (int k = 0; k < 8; k++) {
            turned[s + 420 * (k / 4 + 2 * (k % 4))] = r.values[8 * s + k];
            shuffled[8 * order[s] + k] = r.values[8 * s + k];
        }
    }
    r.array.dtype = SPK_DTYPE_FLOAT64;
    r.array.item_size = 8;
    r.array.fortran_order = 1;
    r.array.data = turned;
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, NULL, 0, after), SPK_OK);
    CU_ASSERT_EQUAL(memcmp(before, after, N_NAMES * 8 * sizeof *before), 0);
    r.array.dtype = SPK_DTYPE_FLOAT32;
    r.array.item_size = 4;
    r.array.fortran_order = 0;
    r.array.data = shuffled;
    r.features.order = order;
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, NULL, 0, after), SPK_OK);
    CU_ASSERT_EQUAL(memcmp(before, after, N_NAMES * 8 * sizeof *before), 0);
}

/* Samples of units: as many as asked for, the same for any number of threads, others with
 * another seed. */
static void samples(void)
{
    static recording r;
    double found[4][N_NAMES * MAX_UNITS];
    spk_metrics_setting settings[] = {{"isolation_max_spikes", 30},
                                      {"nn_max_spikes", 100},
                                      {"silhouette_max_spikes", 20},
                                      {"isolation_seed", 0}};
    make_random(&r, 0);
    for (int k = 0; k < 3; k++) {
        CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1 << k), SPK_OK);
        CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, settings, 4, found[k]), SPK_OK);
        CU_ASSERT_EQUAL(memcmp(found[0], found[k], N_NAMES * 8 * sizeof(double)), 0);
    }
    CU_ASSERT_EQUAL(spk_context_set_threads(ctx, 1), SPK_OK);
    settings[3].value = 1;
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, settings, 4, found[3]), SPK_OK);
    CU_ASSERT_NOT_EQUAL(found[3][D_PRIME * 8], found[0][D_PRIME * 8]);
    CU_ASSERT_DOUBLE_EQUAL(found[3][D_PRIME * 8], found[0][D_PRIME * 8], 3);
    /* Two channels make a smaller space, with fewer units around. */
    const spk_metrics_setting narrow[] = {{"isolation_max_channels", 2}};
    const spk_metrics_setting near_by[] = {{"isolation_radius_um", 0}};
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, narrow, 1, found[0]), SPK_OK);
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, near_by, 1, found[1]), SPK_OK);
    CU_ASSERT_NOT_EQUAL(found[0][D_PRIME * 8], found[3][D_PRIME * 8]);
    CU_ASSERT(memcmp(found[0], found[1], N_NAMES * 8 * sizeof(double)) != 0);
}

/* Neighbours among the spikes at places floor(i N / max) of the unit's, then the others. */
static void strided(void)
{
    static recording r;
    static cloud c, few;
    double found[N_NAMES * MAX_UNITS], hit, miss;
    const spk_metrics_setting settings[] = {{"nn_max_spikes", 70}};
    make_random(&r, 1);
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, settings, 1, found), SPK_OK);
    make_cloud(&r, 3, 0, &c);
    const double ratio = 70.0 / c.n;
    few.n_d = c.n_d;
    few.n = 0;
    for (int i = 0; i * (1 / ratio) < c.n - 1; i++) {
        memcpy(few.x[few.n], c.x[(int)(i * (1 / ratio))], sizeof few.x[0]);
        few.n++;
    }
    few.n_own = (int)(c.n_own * ratio);
    oracle_rates(&few, 5, &hit, &miss);
    CU_ASSERT_EQUAL(found[HIT * 8 + 3], hit);
    CU_ASSERT_EQUAL(found[MISS * 8 + 3], miss);
}

/* A feature that does not vary, too few spikes, nothing around, values that are no numbers. */
static void undefined(void)
{
    static recording r;
    double found[N_NAMES * MAX_UNITS];
    make_random(&r, 0);
    for (int s = 0; s < 420; s++)
        if (r.units[s] == 0)
            r.values[8 * s + 1] = 7;
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, NULL, 0, found), SPK_OK);
    CU_ASSERT(isnan(found[ISOLATION * 8]) && isnan(found[L_RATIO * 8]));
    CU_ASSERT(!isnan(found[D_PRIME * 8]) && !isnan(found[HIT * 8]));
    CU_ASSERT(!isnan(found[SILHOUETTE * 8]) && !isnan(found[ISOLATION * 8 + 1]));
    /* one spike of unit 0 is infinite, NaN is 0 */
    make_random(&r, 0);
    for (int s = 0, seen = 0; s < 420 && seen < 2; s++)
        if (r.units[s] == 0)
            r.values[8 * s] = seen++ ? NAN : INFINITY;
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, NULL, 0, found), SPK_OK);
    for (int k = 0; k < N_NAMES; k++)
        CU_ASSERT(isnan(found[k * 8]));
    /* every spike of one unit: none around; all alike: no distances */
    make_random(&r, 0);
    memset(r.units, 0, sizeof r.units);
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, NULL, 0, found), SPK_OK);
    for (int k = 0; k < N_NAMES; k++)
        CU_ASSERT(isnan(found[k * 8]));
    make_random(&r, 0);
    memset(r.values, 0, sizeof r.values);
    CU_ASSERT_EQUAL_FATAL(compute(ctx, &r.input, NULL, 0, found), SPK_OK);
    CU_ASSERT(isnan(found[ISOLATION * 8]) && isnan(found[D_PRIME * 8]));
    /* no units, no spikes */
    finish(&r, 0, 0, 9, 2, 4, 10);
    CU_ASSERT_EQUAL(compute(ctx, &r.input, NULL, 0, found), SPK_OK);
    finish(&r, 0, 3, 9, 2, 4, 10);
    CU_ASSERT_EQUAL(compute(ctx, &r.input, NULL, 0, found), SPK_OK);
    CU_ASSERT(isnan(found[ISOLATION * 3]) && isnan(found[SILHOUETTE * 3 + 2]));
    /* templates without channels */
    make_random(&r, 0);
    for (int k = 0; k < 36; k++)
        r.channels[k] = -1;
    CU_ASSERT_EQUAL(compute(ctx, &r.input, NULL, 0, found), SPK_OK);
    for (int k = 0; k < N_NAMES * 8; k++)
        CU_ASSERT(isnan(found[k]));
}

static void fails(const recording *r, const char *setting, double value,
                  spk_status wanted, const char *words)
{
    double found[N_NAMES * MAX_UNITS];
    const spk_metrics_setting settings[] = {{setting, value}};
    CU_ASSERT_EQUAL(compute(ctx, &r->input, settings, setting == NULL ? 0 : 1, found),
                    wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

static void errors(void)
{
    static recording r;
    make_random(&r, 0);
    fails(&r, "nn_neighbors", 0, SPK_ERR_ARGUMENT, "nn_neighbors must be in 1 .. 1000");
    fails(&r, "isolation_max_spikes", 1, SPK_ERR_ARGUMENT, "isolation_max_spikes");
    fails(&r, "isolation_max_channels", 0, SPK_ERR_ARGUMENT, "isolation_max_channels");
    fails(&r, "nn_neighbors_allen", NAN, SPK_ERR_ARGUMENT, "nn_neighbors_allen");
    r.features.channel_positions_um = NULL;
    fails(&r, "isolation_radius_um", 50, SPK_ERR_NOT_FOUND, "positions");
    r.features.channel_positions_um = r.positions;
    r.rows[7] = 9;
    fails(&r, NULL, 0, SPK_ERR_ARGUMENT, "rows must be 0 .. 8, got 9 at spike 7");
    r.rows[7] = 0;
    r.array.shape[0] = 419;
    r.array.n_elements = 419 * 8;
    fails(&r, NULL, 0, SPK_ERR_ARGUMENT, "a row for each of 420 spikes");
    r.input.features = NULL;
    fails(&r, NULL, 0, SPK_ERR_NOT_FOUND, "needs features of each spike");
}

static spk_status call(spk_context *c, void *argument)
{
    double found[N_NAMES * MAX_UNITS];
    const spk_metrics_setting settings[] = {{"isolation_max_spikes", 30}};
    return compute(c, argument, settings, 1, found);
}

static void allocations(void)
{
    static recording r;
    make_random(&r, 0);
    CU_ASSERT(suite_fail_allocations(call, &r.input) > 40);
}

/* Columns of the golden table; l_ratio_colonell is no peer's. */
static const int golden_columns[] = {
    ISOLATION,          L_RATIO,    D_PRIME,    HIT,  MISS,
    HIT_ALLEN,          MISS_ALLEN, SILHOUETTE, FULL, WORST,
    ISOLATION_BOMBCELL, L_BOMBCELL};

/* SpikeInterface, scikit-learn and bombcell on a Kilosort folder, count for count, and to
 * 1e-11: their inverse of a covariance is less exact than ours. */
static void golden(void)
{
    enum {
        N_UNITS = 8,
        N_GOLDEN = 12
    };
    double wanted[N_UNITS * N_GOLDEN], found[N_NAMES * N_UNITS];
    spk_session *session = NULL;
    spk_npy *npy = NULL;
    spk_metrics_input input;
    CU_ASSERT_FATAL(spk_session_open(ctx, "golden/isolation", NULL, &session) == SPK_OK);
    CU_ASSERT_FATAL(spk_npy_open(ctx, "golden/isolation/expected.npy", &npy) == SPK_OK);
    CU_ASSERT_FATAL(spk_npy_array(npy)->n_elements == N_UNITS * N_GOLDEN);
    CU_ASSERT_FATAL(spk_array_to_double(ctx, spk_npy_array(npy), wanted) == SPK_OK);
    spk_metrics_input_init(&input, sizeof input);
    CU_ASSERT_FATAL(spk_metrics_input_from_session(
                        ctx, session, SPK_METRIC_NEEDS_FEATURES, &input) == SPK_OK);
    CU_ASSERT_FATAL(compute(ctx, &input, NULL, 0, found) == SPK_OK);
    for (int u = 0; u < N_UNITS; u++)
        for (int k = 0; k < N_GOLDEN; k++) {
            const double a = found[golden_columns[k] * N_UNITS + u];
            const double b = wanted[u * N_GOLDEN + k];
            const int is_rate =
                golden_columns[k] >= HIT && golden_columns[k] <= MISS_ALLEN;
            if (isnan(a) && isnan(b))
                continue;
            /* 1 - cdf loses what is below eps, for each spike */
            const double eps =
                is_rate ? 4 * DBL_EPSILON * fabs(b) : 1e-11 * fabs(b) + 500 * DBL_EPSILON;
            if (!(fabs(a - b) <= eps)) {
                printf("%s of unit %d: %.17g, wanted %.17g\n", names[golden_columns[k]],
                       u, a, b);
                CU_FAIL("differs from the peer");
            }
        }
    spk_npy_close(npy);
    spk_session_close(session);
}

int main(void)
{
    const suite_test tests[] = {{"against definition", against_definition},
                                {"Gaussian clouds", gaussian_clouds},
                                {"invariance", invariance},
                                {"layouts", layouts},
                                {"samples", samples},
                                {"strided", strided},
                                {"undefined", undefined},
                                {"errors", errors},
                                {"allocations", allocations},
                                {"golden", golden}};
    if (spk_context_create(&ctx) != SPK_OK)
        return 1;
    const int result =
        suite_run("isolation", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_context_destroy(ctx);
    return result;
}
