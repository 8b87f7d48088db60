/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps of the curate command: each looks at the units as those before it left them. */
#include "curate.h"

#include <errno.h>
#include <math.h>
#include <spikekit/duplicates.h>
#include <spikekit/merging.h>
#include <spikekit/table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MANY_UNITS = 5, /* a group of more is worth a look */
    FAR_UM = 200    /* so is one that reaches farther */
};

/* ---- lists of ids ---- */

/* Reads a whole number at *at and steps over it. 0 if there is none. */
static int read_id(const char **at, int64_t *id)
{
    char *end;
    errno = 0;
    if (**at < '0' || **at > '9')
        return 0;
    *id = strtoll(*at, &end, 10);
    *at = end;
    return errno == 0;
}

static int fail_list(const char *name, const char *expected, const char *text)
{
    return command_fail_usage(CURATE_NAME, "--%s: expected %s, found '%s'", name,
                              expected, text);
}

static int remove_listed(const curate_arguments *a, spk_context *ctx, curate_state *s)
{
    const char *at = a->remove;
    for (;;) {
        int64_t id;
        if (!read_id(&at, &id) || (*at != ',' && *at != '\0'))
            return fail_list("remove", "ids such as 4,8", a->remove);
        const spk_status status = spk_curation_remove(ctx, s->curation, id);
        if (status != SPK_OK)
            return command_fail(CURATE_NAME, ctx, status);
        if (*at++ == '\0')
            return COMMAND_OK;
    }
}

/* A unit in two groups: most likely one group was meant. The text is well formed. */
static int check_merges(const char *text)
{
    const char *at = text;
    while (*at != '\0') {
        int64_t id = -1, other = -1;
        const char *start = at, *rest;
        (void)read_id(&at, &id);
        for (rest = at; *rest != '\0';) {
            rest++;
            const char *again = rest;
            (void)read_id(&rest, &other);
            if (other != id)
                continue;
            const char *between = memchr(start, ',', (size_t)(again - start));
            return command_fail_usage(
                CURATE_NAME, "--merges: %lld is in %s; %s", (long long)id,
                between == NULL ? "a merge twice" : "two merges",
                between == NULL ? "name it once"
                                : "write one merge of all these units, such as 3+4+5");
        }
        at += *at != '\0';
    }
    return COMMAND_OK;
}

static int merge_listed(const curate_arguments *a, spk_context *ctx, curate_state *s)
{
    int64_t *ids = malloc((strlen(a->merges) + 1) * sizeof *ids);
    int code = ids == NULL ? curate_fail_memory() : COMMAND_OK;
    const char *at = a->merges;
    int64_t n = 0;
    if (code == COMMAND_OK && strspn(at, "0123456789+,") == strlen(at))
        code = check_merges(at);
    while (code == COMMAND_OK) {
        if (!read_id(&at, &ids[n]) || (*at != '+' && *at != ',' && *at != '\0')) {
            code = fail_list("merges", "groups such as 3+7,12+15", a->merges);
            break;
        }
        n++;
        if (*at == '+') {
            at++;
            continue;
        }
        const spk_status status =
            spk_curation_merge(ctx, s->curation, n, ids, a->censor_ms, -1, NULL);
        if (status != SPK_OK)
            code = command_fail(CURATE_NAME, ctx, status);
        n = 0;
        if (*at++ == '\0')
            break;
    }
    free(ids);
    return code;
}

/* ---- duplicates ---- */

static int remove_duplicates(const curate_arguments *a, spk_context *ctx, curate_state *s)
{
    const int64_t n_units = spk_curation_n_units(s->curation);
    int64_t *ids = malloc(((size_t)n_units + 1) * sizeof *ids);
    spk_status status = SPK_OK;
    if (ids == NULL)
        return curate_fail_memory();
    spk_curation_unit_ids(s->curation, ids);
    for (int64_t u = 0; u < n_units && status == SPK_OK; u++) {
        int64_t n = 0;
        status = spk_curation_censor(ctx, s->curation, ids[u], a->censor_ms, &n);
        s->n_duplicates += n;
    }
    free(ids);
    return status == SPK_OK ? COMMAND_OK : command_fail(CURATE_NAME, ctx, status);
}

static int remove_redundant(spk_context *ctx, curate_state *s)
{
    unit_table t;
    int code = curate_make_table(ctx, s, &t);
    uint8_t *drop = code == COMMAND_OK ? calloc((size_t)t.spikes.n_units + 1, 1) : NULL;
    if (code == COMMAND_OK && drop == NULL)
        code = curate_fail_memory();
    if (code == COMMAND_OK) {
        spk_status status = spk_redundant_find(ctx, &t.spikes, NULL, drop, NULL, 0, NULL);
        for (int64_t u = 0; u < t.spikes.n_units && status == SPK_OK; u++)
            if (drop[u])
                status = spk_curation_remove(ctx, s->curation, t.ids[u]);
        if (status != SPK_OK)
            code = command_fail(CURATE_NAME, ctx, status);
    }
    free(drop);
    curate_clear_table(&t);
    return code;
}

/* ---- merging by a preset ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int64_t n)
{
    if (n == 0)
        return NAN;
    qsort(values, (size_t)n, sizeof *values, by_value);
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* The median position of each unit's spikes; NULL where that is not known. */
static int find_positions(const unit_table *t, double **positions)
{
    const int64_t n = t->spikes.n_spikes, n_units = t->spikes.n_units;
    *positions = NULL;
    if (t->positions == NULL)
        return COMMAND_OK;
    int64_t *next = malloc(((size_t)n_units + 2) * sizeof *next);
    double *values = malloc(((size_t)n + 1) * sizeof *values);
    double *found = malloc((2 * (size_t)n_units + 1) * sizeof *found);
    if (next == NULL || values == NULL || found == NULL) {
        free(next);
        free(values);
        free(found);
        return curate_fail_memory();
    }
    for (int axis = 0; axis < 2; axis++) {
        const double *xy = t->positions + axis;
        memset(next, 0, ((size_t)n_units + 2) * sizeof *next);
        for (int64_t i = 0; i < n; i++)
            next[t->units[i] + 2] += isfinite(xy[2 * i]) != 0;
        for (int64_t u = 0; u < n_units; u++)
            next[u + 2] += next[u + 1];
        for (int64_t i = 0; i < n; i++)
            if (isfinite(xy[2 * i]))
                values[next[t->units[i] + 1]++] = xy[2 * i];
        for (int64_t u = 0; u < n_units; u++)
            found[2 * u + axis] = median(values + next[u], next[u + 1] - next[u]);
    }
    free(next);
    free(values);
    *positions = found;
    return COMMAND_OK;
}

static int compare_templates(spk_context *ctx, const curate_state *s, const unit_table *t,
                             double **similarity)
{
    *similarity = NULL;
    if (t->templates_of == NULL)
        return COMMAND_OK;
    const size_t n_units = (size_t)t->spikes.n_units;
    spk_templates templates = *s->input.templates;
    spk_unit_templates *of_units = NULL;
    spk_templates_similarity_options options;
    *similarity = malloc((n_units * n_units + 1) * sizeof **similarity);
    if (*similarity == NULL)
        return curate_fail_memory();
    templates.spike_templates = t->templates_of;
    spk_templates_similarity_options_init(&options, sizeof options);
    options.method = SPK_SIMILARITY_L1; /* as SpikeInterface's presets take it */
    spk_status status = spk_unit_templates_create(ctx, &templates, &t->spikes, &of_units);
    if (status == SPK_OK)
        status = spk_templates_similarity(ctx, of_units, &options, *similarity, NULL);
    spk_unit_templates_destroy(of_units);
    return status == SPK_OK ? COMMAND_OK : command_fail(CURATE_NAME, ctx, status);
}

static const char *what_lacks(int32_t step)
{
    switch (step) {
    case SPK_MERGE_SIMILARITY:
        return "templates";
    case SPK_MERGE_SNR:
        return "the units' signal-to-noise ratios";
    default:
        return "positions of the units or of their spikes";
    }
}

static void note_skipped(const spk_merge_candidates *candidates)
{
    int n_skipped = 0;
    const int32_t *steps = spk_merge_candidates_steps(candidates);
    for (int64_t k = 0; k < spk_merge_candidates_n_steps(candidates); k++)
        if (spk_merge_candidates_skipped(candidates, steps[k])) {
            command_note(CURATE_NAME,
                         "--merge: %s is skipped: it needs %s, which this session does "
                         "not have",
                         spk_merge_step_name(steps[k]), what_lacks(steps[k]));
            n_skipped++;
        }
    if (n_skipped > 0)
        command_note(CURATE_NAME,
                     "--merge: without %s more pairs pass than the preset means to let",
                     n_skipped == 1 ? "this step" : "these steps");
}

/* Pairs that pass make chains, whose ends need have nothing to do with each other. */
static void warn_of_chain(const unit_table *t, const double *positions,
                          const int32_t *units, int64_t n)
{
    double widest = 0;
    for (int64_t i = 0; i < n && positions != NULL; i++)
        for (int64_t j = 0; j < i; j++) {
            const double *p = positions + 2 * (size_t)units[i];
            const double *q = positions + 2 * (size_t)units[j];
            const double apart = hypot(p[0] - q[0], p[1] - q[1]);
            widest = apart > widest ? apart : widest; /* NaN is not */
        }
    if (n <= MANY_UNITS && widest <= FAR_UM)
        return;
    char span[64] = "";
    if (positions != NULL)
        snprintf(span, sizeof span, " that span %.0f um", widest);
    command_note(
        CURATE_NAME,
        "warning: --merge: %lld units%s become one, unit %lld among them: a chain "
        "of pairs; look at it before you keep it",
        (long long)n, span, (long long)t->ids[units[0]]);
}

static spk_status merge_groups(const curate_arguments *a, spk_context *ctx,
                               curate_state *s, const unit_table *t,
                               const double *positions,
                               const spk_merge_candidates *candidates, int64_t *ids)
{
    const int64_t *offsets = spk_merge_candidates_group_offsets(candidates);
    const int32_t *units = spk_merge_candidates_group_units(candidates);
    spk_status status = SPK_OK;
    for (int64_t g = 0; g < spk_merge_candidates_n_groups(candidates) && status == SPK_OK;
         g++) {
        const int64_t n = offsets[g + 1] - offsets[g];
        for (int64_t k = 0; k < n; k++)
            ids[k] = t->ids[units[offsets[g] + k]];
        warn_of_chain(t, positions, units + offsets[g], n);
        status = spk_curation_merge(ctx, s->curation, n, ids, a->censor_ms, -1, NULL);
    }
    return status;
}

static int merge_found(const curate_arguments *a, spk_context *ctx, curate_state *s)
{
    unit_table t = {.ids = NULL};
    spk_merging_input input;
    spk_merging_options options;
    spk_merge_candidates *candidates = NULL;
    double *positions = NULL, *similarity = NULL;
    spk_merging_input_init(&input, sizeof input);
    spk_merging_options_init(&options, sizeof options);
    spk_status status = spk_merge_preset_from_name(ctx, a->merge, &options.preset);
    if (status != SPK_OK)
        return command_fail_usage(CURATE_NAME, "--merge: %s", spk_context_message(ctx));
    int code = curate_make_table(ctx, s, &t);
    if (code == COMMAND_OK)
        code = find_positions(&t, &positions);
    if (code == COMMAND_OK)
        code = compare_templates(ctx, s, &t, &similarity);
    int64_t *ids = malloc(((size_t)t.spikes.n_units + 1) * sizeof *ids);
    if (code == COMMAND_OK && ids == NULL)
        code = curate_fail_memory();
    if (code == COMMAND_OK) {
        const spk_array amplitudes = curate_amplitudes(&t), xy = curate_positions(&t);
        input.spikes = &t.spikes;
        input.positions_um = positions;
        input.similarity = similarity;
        input.amplitudes = t.amplitudes == NULL ? NULL : &amplitudes;
        input.spike_positions = t.positions == NULL ? NULL : &xy;
        status = spk_merging_find(ctx, &input, &options, &candidates);
        if (status == SPK_OK) {
            note_skipped(candidates);
            status = merge_groups(a, ctx, s, &t, positions, candidates, ids);
        }
        if (status != SPK_OK)
            code = command_fail(CURATE_NAME, ctx, status);
    }
    spk_merge_candidates_destroy(candidates);
    free(ids);
    free(positions);
    free(similarity);
    curate_clear_table(&t);
    return code;
}

/* ---- splitting by a table ---- */

/* Splits the unit whose first row is `first`; rows of the same unit may be anywhere. */
static int split_one(spk_context *ctx, curate_state *s, const char *path,
                     const spk_table *table, const int64_t columns[3], int64_t first,
                     int64_t id)
{
    spk_curation_unit unit;
    spk_status status = spk_curation_unit_get(ctx, s->curation, id, &unit);
    if (status != SPK_OK)
        return command_fail(CURATE_NAME, ctx, status);
    int32_t *labels = calloc((size_t)unit.n_spikes + 1, sizeof *labels);
    if (labels == NULL)
        return curate_fail_memory();
    int code = COMMAND_OK;
    for (int64_t r = first; r < spk_table_n_rows(table) && code == COMMAND_OK; r++) {
        int64_t of, spike, part;
        status = spk_table_integer(ctx, table, r, columns[0], &of);
        if (status == SPK_OK && of != id)
            continue;
        if (status == SPK_OK)
            status = spk_table_integer(ctx, table, r, columns[1], &spike);
        if (status == SPK_OK)
            status = spk_table_integer(ctx, table, r, columns[2], &part);
        if (status != SPK_OK) {
            command_say(CURATE_NAME, "%s: %s", path, spk_context_message(ctx));
            code = COMMAND_FAILED;
        } else if (spike < 0 || spike >= unit.n_spikes || part < INT32_MIN ||
                   part > INT32_MAX) {
            command_say(CURATE_NAME,
                        "%s: line %lld: expected one of the %lld spikes of unit %lld, "
                        "found spike %lld",
                        path, (long long)spk_table_line(table, r),
                        (long long)unit.n_spikes, (long long)id, (long long)spike);
            code = COMMAND_FAILED;
        } else {
            labels[spike] = (int32_t)part;
        }
    }
    if (code == COMMAND_OK) {
        status = spk_curation_split(ctx, s->curation, id, labels, 0, NULL, NULL, NULL);
        if (status != SPK_OK) {
            command_say(CURATE_NAME, "%s: unit %lld: %s", path, (long long)id,
                        spk_context_message(ctx));
            code = COMMAND_FAILED;
        }
    }
    free(labels);
    return code;
}

static int split_listed(const curate_arguments *a, spk_context *ctx, curate_state *s)
{
    static const char *const names[] = {"cluster_id", "spike", "part"};
    spk_table *table = NULL;
    int64_t columns[3], n_done = 0;
    spk_status status = spk_table_read(ctx, a->split, &table);
    if (status != SPK_OK)
        return command_fail(CURATE_NAME, ctx, status);
    int code = COMMAND_OK;
    for (int c = 0; c < 3 && code == COMMAND_OK; c++)
        if ((columns[c] = spk_table_find_column(table, names[c])) < 0) {
            command_say(CURATE_NAME, "%s: column '%s' is missing", a->split, names[c]);
            code = COMMAND_FAILED;
        }
    int64_t *done = malloc(((size_t)spk_table_n_rows(table) + 1) * sizeof *done);
    if (code == COMMAND_OK && done == NULL)
        code = curate_fail_memory();
    for (int64_t r = 0; r < spk_table_n_rows(table) && code == COMMAND_OK; r++) {
        int64_t id;
        int is_done = 0;
        if (spk_table_integer(ctx, table, r, columns[0], &id) != SPK_OK) {
            command_say(CURATE_NAME, "%s: %s", a->split, spk_context_message(ctx));
            code = COMMAND_FAILED;
            break;
        }
        for (int64_t d = 0; d < n_done; d++)
            is_done |= done[d] == id;
        if (is_done)
            continue;
        code = split_one(ctx, s, a->split, table, columns, r, id);
        done[n_done++] = id;
    }
    free(done);
    spk_table_destroy(table);
    return code;
}

int curate_take_steps(const curate_arguments *a, spk_context *ctx, curate_state *s)
{
    int code = COMMAND_OK;
    if (a->remove_duplicates)
        code = remove_duplicates(a, ctx, s);
    if (code == COMMAND_OK && a->remove_redundant)
        code = remove_redundant(ctx, s);
    if (code == COMMAND_OK && a->curation != NULL) {
        spk_status status =
            spk_curation_apply(ctx, s->curation, a->curation, a->censor_ms);
        if (status == SPK_OK)
            status = spk_curation_read_labels(ctx, a->curation, &s->by_hand);
        if (status != SPK_OK)
            code = command_fail(CURATE_NAME, ctx, status);
    }
    if (code == COMMAND_OK && a->remove != NULL)
        code = remove_listed(a, ctx, s);
    if (code == COMMAND_OK && a->merge != NULL)
        code = merge_found(a, ctx, s);
    if (code == COMMAND_OK && a->merges != NULL)
        code = merge_listed(a, ctx, s);
    if (code == COMMAND_OK && a->split != NULL)
        code = split_listed(a, ctx, s);
    return code;
}
