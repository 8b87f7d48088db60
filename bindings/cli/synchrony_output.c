/* SPDX-License-Identifier: BSD-3-Clause */
#include "synchrony_request.h"
#include "table_output.h"

#include <math.h>
#include <spikekit/array.h>
#include <spikekit/count_correlation.h>
#include <spikekit/json.h>
#include <spikekit/version.h>
#include <stdlib.h>
#include <string.h>

static const char NAME[] = "synchrony";

enum {
    FIXED_COLUMNS = 6 /* unit_a, unit_b, distance_um, sttc, sttc_expected, sttc_p */
};

#define TRY(call)                                                                        \
    do {                                                                                 \
        if ((status = (call)) != SPK_OK)                                                 \
            goto cleanup;                                                                \
    } while (0)

static double width_ms(const synchrony_request *r, int64_t samples)
{
    return (double)samples / r->selection.spikes.sampling_rate_hz * 1e3;
}

static double sttc_of(const synchrony_request *r, int64_t pair)
{
    if (r->arguments->near_um >= 0 && r->expected_sttc == NULL)
        return r->sttc[pair];
    return r->sttc[r->pairs[pair][0] * r->selection.spikes.n_units + r->pairs[pair][1]];
}

/* Twice the smaller p, at most 1. */
static double two_sided(const synchrony_request *r, int64_t at)
{
    if (isnan(r->p_upper[at]))
        return NAN;
    return fmin(1.0, 2.0 * fmin(r->p_upper[at], r->p_lower[at]));
}

/* ---- tables ---- */

static spk_status append_pair(const synchrony_request *r, spk_table *table, int64_t pair,
                              char (*cells)[TABLE_CELL_SIZE], const char **row)
{
    const int32_t a = r->pairs[pair][0], b = r->pairs[pair][1];
    const int64_t n = r->selection.spikes.n_units;
    int64_t c = 0;
    snprintf(cells[c++], TABLE_CELL_SIZE, "%lld", (long long)r->selection.unit_ids[a]);
    snprintf(cells[c++], TABLE_CELL_SIZE, "%lld", (long long)r->selection.unit_ids[b]);
    if (r->positions != NULL)
        snprintf(cells[c++], TABLE_CELL_SIZE, "%.6g",
                 hypot(r->positions[2 * a] - r->positions[2 * b],
                       r->positions[2 * a + 1] - r->positions[2 * b + 1]));
    table_output_number(sttc_of(r, pair), cells[c++]);
    if (r->expected_sttc != NULL) {
        table_output_number(r->expected_sttc[a * n + b], cells[c++]);
        table_output_number(two_sided(r, a * n + b), cells[c++]);
    }
    for (int64_t k = 0; k < r->n_widths; k++)
        table_output_number(r->correlations[(k * n + a) * n + b], cells[c++]);
    for (int64_t k = 0; k < c; k++)
        row[k] = cells[k];
    return spk_table_append(r->ctx, table, row);
}

static spk_status make_pair_table(const synchrony_request *r, spk_table **table)
{
    const size_t room = FIXED_COLUMNS + (size_t)r->n_widths;
    char(*cells)[TABLE_CELL_SIZE] = malloc(room * sizeof *cells);
    const char **row = malloc(room * sizeof *row);
    char(*names)[64] = malloc(room * sizeof *names);
    spk_status status = SPK_ERR_MEMORY;
    int64_t c = 0;
    if (cells == NULL || row == NULL || names == NULL)
        goto cleanup;
    row[c++] = "unit_a";
    row[c++] = "unit_b";
    if (r->positions != NULL)
        row[c++] = "distance_um";
    row[c++] = "sttc";
    if (r->expected_sttc != NULL) {
        row[c++] = "sttc_expected";
        row[c++] = "sttc_p";
    }
    for (int64_t k = 0; k < r->n_widths; k++) {
        snprintf(names[k], sizeof names[k], "correlation_%gms",
                 width_ms(r, r->bin_samples[k]));
        row[c++] = names[k];
    }
    TRY(spk_table_create(r->ctx, c, row, table));
    for (int64_t p = 0; p < r->n_pairs; p++)
        TRY(append_pair(r, *table, p, cells, row));
cleanup:
    free(names);
    free(row);
    free(cells);
    return status;
}

static spk_status make_complexity_table(const synchrony_request *r, spk_table **table)
{
    static const char *const names[] = {"n_units", "n_bins", "expected", "ratio"};
    char cells[4][TABLE_CELL_SIZE];
    const char *const row[4] = {cells[0], cells[1], cells[2], cells[3]};
    spk_status status = spk_table_create(r->ctx, 4, names, table);
    for (int64_t k = 0; status == SPK_OK && k < r->n_sizes; k++) {
        /* the last row is of so many or more */
        snprintf(cells[0], TABLE_CELL_SIZE, k + 1 < r->n_sizes ? "%lld" : "%lld+",
                 (long long)k);
        snprintf(cells[1], TABLE_CELL_SIZE, "%lld", (long long)r->sizes[k]);
        table_output_number(r->expected[k], cells[2]);
        table_output_number(
            r->expected[k] > 0 ? (double)r->sizes[k] / r->expected[k] : NAN, cells[3]);
        status = spk_table_append(r->ctx, *table, row);
    }
    return status;
}

static int write_table(const synchrony_request *r)
{
    const char *path = r->arguments->output;
    spk_table *table = NULL;
    spk_status status = r->arguments->complexity ? make_complexity_table(r, &table)
                                                 : make_pair_table(r, &table);
    if (status == SPK_OK && path != NULL)
        status = spk_table_write(r->ctx, path, table);
    else if (status == SPK_OK)
        table_output_print(table);
    spk_table_destroy(table);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, r->ctx, status);
}

/* ---- .npz ---- */

static spk_status add(const synchrony_request *r, spk_npz_writer *writer,
                      const char *name, int32_t dtype, const void *data,
                      int32_t n_dimensions, int64_t a, int64_t b, int64_t c)
{
    const int64_t shape[3] = {a, b, c};
    const size_t item = dtype == SPK_DTYPE_INT32 ? 4 : 8;
    const spk_status status =
        spk_npz_writer_begin(r->ctx, writer, name, dtype, n_dimensions, shape);
    if (status != SPK_OK)
        return status;
    return spk_npz_writer_append(r->ctx, writer, data, item * (size_t)(a * b * c));
}

static spk_status make_meta(const synchrony_request *r, char **text)
{
    const synchrony_arguments *a = r->arguments;
    const spk_spikes *spikes = &r->selection.spikes;
    spk_json *json = NULL;
    const char *formatted = NULL;
    spk_status status = SPK_OK;
    *text = NULL;
    TRY(spk_json_create(r->ctx, &json));
    TRY(spk_json_set_text(r->ctx, json, "spikekit", spk_version()));
    TRY(spk_json_set_text(r->ctx, json, "command", NAME));
    TRY(spk_json_set_number(r->ctx, json, "window_ms", a->window_ms));
    TRY(spk_json_set_integer(r->ctx, json, "window_samples", r->window_samples));
    TRY(spk_json_set_text(r->ctx, json, "tiling", a->tiling));
    TRY(spk_json_set_text(r->ctx, json, "units", a->units));
    if (a->near_um >= 0)
        TRY(spk_json_set_number(r->ctx, json, "near_um", a->near_um));
    if (a->surrogates > 0) {
        char seed[24];
        snprintf(seed, sizeof seed, "%llu", (unsigned long long)a->seed);
        TRY(spk_json_set_integer(r->ctx, json, "surrogates", a->surrogates));
        TRY(spk_json_set_number(r->ctx, json, "jitter_ms", a->jitter_ms));
        TRY(spk_json_set_text(r->ctx, json, "seed", seed));
    }
    if (r->within != NULL)
        TRY(spk_json_set_integer(r->ctx, json, "epochs_samples",
                                 spk_epochs_duration(r->within)));
    TRY(spk_json_set_integer(r->ctx, json, "complexity_bin_samples",
                             r->complexity_bin_samples));
    TRY(spk_json_set_integer(r->ctx, json, "block_bins", r->block_bins));
    TRY(spk_json_set_integer(r->ctx, json, "n_units", spikes->n_units));
    TRY(spk_json_set_integer(r->ctx, json, "n_spikes", spikes->n_spikes));
    TRY(spk_json_set_number(r->ctx, json, "sampling_rate_hz", spikes->sampling_rate_hz));
    TRY(spk_json_format(r->ctx, json, 0, &formatted));
    *text = malloc(strlen(formatted) + 1);
    if (*text == NULL)
        status = SPK_ERR_MEMORY;
    else
        strcpy(*text, formatted);
cleanup:
    spk_json_destroy(json);
    return status;
}

static spk_status add_pairs(const synchrony_request *r, spk_npz_writer *writer)
{
    const int64_t n = r->selection.spikes.n_units;
    spk_status status = SPK_OK;
    int64_t *ids = malloc(((size_t)r->n_pairs * 2 + 1) * sizeof *ids);
    if (ids == NULL)
        return SPK_ERR_MEMORY;
    if (r->expected_sttc != NULL) {
        const double *const more[] = {r->expected_sttc, r->p_upper, r->p_lower};
        static const char *const names[] = {"sttc_expected", "sttc_p_upper",
                                            "sttc_p_lower"};
        for (int k = 0; k < 3; k++)
            TRY(add(r, writer, names[k], SPK_DTYPE_FLOAT64, more[k], 2, n, n, 1));
    }
    if (r->arguments->near_um < 0 || r->expected_sttc != NULL) {
        TRY(add(r, writer, "sttc", SPK_DTYPE_FLOAT64, r->sttc, 2, n, n, 1));
    } else {
        for (int64_t p = 0; p < 2 * r->n_pairs; p++)
            ids[p] = r->selection.unit_ids[r->pairs[p / 2][p % 2]];
        TRY(add(r, writer, "pairs", SPK_DTYPE_INT64, ids, 2, r->n_pairs, 2, 1));
        TRY(add(r, writer, "sttc", SPK_DTYPE_FLOAT64, r->sttc, 1, r->n_pairs, 1, 1));
    }
cleanup:
    free(ids);
    return status;
}

static int write_npz(const synchrony_request *r)
{
    const int64_t n = r->selection.spikes.n_units, w = r->n_widths;
    spk_npz_writer *writer = NULL;
    char *meta = NULL;
    double *bin_s = malloc(((size_t)w + 1) * sizeof *bin_s);
    spk_status status = bin_s == NULL ? SPK_ERR_MEMORY : make_meta(r, &meta);
    if (status != SPK_OK)
        goto cleanup;
    for (int64_t k = 0; k < w; k++)
        bin_s[k] = (double)r->bin_samples[k] / r->selection.spikes.sampling_rate_hz;
    TRY(spk_npz_writer_create(r->ctx, r->arguments->output, 0, &writer));
    TRY(add(r, writer, "unit_ids", SPK_DTYPE_INT64, r->selection.unit_ids, 1, n, 1, 1));
    if (r->positions != NULL)
        TRY(add(r, writer, "positions_um", SPK_DTYPE_FLOAT64, r->positions, 2, n, 2, 1));
    TRY(add_pairs(r, writer));
    TRY(add(r, writer, "correlations", SPK_DTYPE_FLOAT64, r->correlations, 3, w, n, n));
    TRY(add(r, writer, "covariances", SPK_DTYPE_FLOAT64, r->covariances, 3, w, n, n));
    TRY(add(r, writer, "bin_s", SPK_DTYPE_FLOAT64, bin_s, 1, w, 1, 1));
    TRY(add(r, writer, "n_bins", SPK_DTYPE_INT64, r->n_bins, 1, w, 1, 1));
    TRY(add(r, writer, "complexity", SPK_DTYPE_INT64, r->sizes, 1, r->n_sizes, 1, 1));
    TRY(add(r, writer, "complexity_expected", SPK_DTYPE_FLOAT64, r->expected, 1,
            r->n_sizes, 1, 1));
    TRY(spk_npz_writer_add_text(r->ctx, writer, "meta", meta));
    status = spk_npz_writer_finish(r->ctx, writer);
cleanup:
    spk_npz_writer_destroy(writer);
    free(meta);
    free(bin_s);
    return status == SPK_OK ? COMMAND_OK : command_fail(NAME, r->ctx, status);
}

/* ---- what is in it ---- */

static void note_pairs(const synchrony_request *r)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t p = 0; p < r->n_pairs; p++) {
        const double value = sttc_of(r, p);
        n += !isnan(value);
        sum += isnan(value) ? 0 : value;
    }
    char mean[64] = "";
    if (n > 0)
        snprintf(mean, sizeof mean, ", mean STTC %.4f", sum / (double)n);
    command_note(NAME, "%s: %lld pair%s of %lld unit%s%s", r->arguments->output,
                 (long long)r->n_pairs, r->n_pairs == 1 ? "" : "s",
                 (long long)r->selection.spikes.n_units,
                 r->selection.spikes.n_units == 1 ? "" : "s", mean);
}

int synchrony_output_write(const synchrony_request *r)
{
    const char *path = r->arguments->output;
    if (path != NULL && table_output_is_of_session(r->session, path)) {
        command_say(NAME, "%s: is of the session, and is not replaced", path);
        return COMMAND_FAILED;
    }
    const int code =
        path != NULL && synchrony_ends_with(path, ".npz") ? write_npz(r) : write_table(r);
    if (code == COMMAND_OK && path != NULL && r->arguments->complexity)
        command_note(NAME, "%s: up to %lld units in a bin of %g ms", path,
                     (long long)r->n_sizes - 2, width_ms(r, r->complexity_bin_samples));
    else if (code == COMMAND_OK && path != NULL)
        note_pairs(r);
    return code;
}
