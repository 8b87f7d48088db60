/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All files are first written into a folder of their own: the new one, under another name, or,
 * with --phy, one inside the session's, from which they are then moved out.
 */
#define _XOPEN_SOURCE 700

#include "curate.h"
#include "folder_output.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <spikekit/array.h>
#include <spikekit/table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CELL_SIZE = 32,
    ORIGIN_SIZE = 256,
    N_FIXED = 6 /* columns of curation.tsv before the metrics */
};

static char *join(const char *folder, const char *name)
{
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s/%s", folder, name);
    return path;
}

/* ---- the table ---- */

/* The shortest text that reads back as the same number; empty for NaN. */
static void number_text(double value, char text[CELL_SIZE])
{
    text[0] = '\0';
    for (int digits = 6; digits <= 17 && !isnan(value); digits++) {
        snprintf(text, CELL_SIZE, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return;
    }
}

/* How a unit came to be: "3+7" of a merge, "12/" of a split; empty if it was there. */
static void origin_text(const spk_curation *c, int64_t id, char text[ORIGIN_SIZE])
{
    size_t used = 0;
    text[0] = '\0';
    for (int64_t k = spk_curation_n_steps(c) - 1; k >= 0; k--) {
        const spk_curation_step step = spk_curation_step_at(c, k);
        int is_new = 0;
        for (int64_t n = 0; n < step.n_new; n++)
            is_new |= step.new_ids[n] == id;
        if (!is_new || step.kind == SPK_CURATION_CENSOR)
            continue;
        for (int64_t o = 0; o < step.n_old && used < ORIGIN_SIZE - 1; o++)
            used += (size_t)snprintf(text + used, ORIGIN_SIZE - used, "%s%lld%s",
                                     o == 0 ? "" : "+", (long long)step.old_ids[o],
                                     step.kind == SPK_CURATION_SPLIT ? "/" : "");
        return;
    }
}

static spk_status fill_row(spk_context *ctx, const curate_state *s, int64_t u,
                           char (*numbers)[CELL_SIZE], const char **cells,
                           spk_table *table)
{
    char origin[ORIGIN_SIZE];
    spk_curation_unit unit;
    const int64_t n_metrics = spk_metrics_n_columns(s->metrics);
    spk_status status = spk_curation_unit_get(ctx, s->curation, s->now.ids[u], &unit);
    if (status != SPK_OK)
        return status;
    snprintf(numbers[0], CELL_SIZE, "%lld", (long long)s->now.ids[u]);
    number_text(s->passed == NULL ? NAN : s->passed[u], numbers[1]);
    snprintf(numbers[2], CELL_SIZE, "%lld", (long long)unit.n_spikes);
    origin_text(s->curation, s->now.ids[u], origin);
    cells[0] = numbers[0];
    cells[1] = s->labels == NULL ? "" : s->labels[u];
    cells[2] = s->reasons == NULL ? "" : s->reasons[u];
    cells[3] = numbers[1];
    cells[4] = numbers[2];
    cells[5] = origin;
    for (int64_t m = 0; m < n_metrics; m++) {
        number_text(spk_metrics_values(s->metrics, m)[u], numbers[3 + m]);
        cells[N_FIXED + m] = numbers[3 + m];
    }
    return spk_table_append(ctx, table, cells);
}

static int write_table(spk_context *ctx, const curate_arguments *a, const curate_state *s,
                       const char *path)
{
    const size_t n_metrics = (size_t)spk_metrics_n_columns(s->metrics);
    const char **cells = malloc((N_FIXED + n_metrics) * sizeof *cells);
    char(*numbers)[CELL_SIZE] = malloc((3 + n_metrics) * sizeof *numbers);
    spk_table *table = NULL;
    int code = cells == NULL || numbers == NULL ? curate_fail_memory() : COMMAND_OK;
    if (code == COMMAND_OK) {
        cells[0] = "cluster_id";
        cells[1] = curate_label_name(a);
        cells[2] = "decided_by";
        cells[3] = "passed";
        cells[4] = "n_spikes";
        cells[5] = "made_of";
        for (size_t m = 0; m < n_metrics; m++)
            cells[N_FIXED + m] = spk_metrics_name(s->metrics, (int64_t)m);
        spk_status status =
            spk_table_create(ctx, N_FIXED + (int64_t)n_metrics, cells, &table);
        for (int64_t u = 0; u < s->now.spikes.n_units && status == SPK_OK; u++)
            status = fill_row(ctx, s, u, numbers, cells, table);
        if (status == SPK_OK)
            status = spk_table_write(ctx, path, table);
        if (status != SPK_OK)
            code = command_fail(CURATE_NAME, ctx, status);
    }
    spk_table_destroy(table);
    free(cells);
    free(numbers);
    return code;
}

/* ---- what phy reads ---- */

/* The id under which removed spikes stay in the session's folder. */
static int64_t id_of_removed(const curate_state *s)
{
    const int64_t *before = spk_session_unit_ids(s->session);
    int64_t largest = -1;
    for (int64_t u = 0; u < s->input.spikes->n_units; u++)
        largest = before[u] > largest ? before[u] : largest;
    for (int64_t k = 0; k < spk_curation_n_steps(s->curation); k++) {
        const spk_curation_step step = spk_curation_step_at(s->curation, k);
        for (int64_t n = 0; n < step.n_new; n++)
            largest = step.new_ids[n] > largest ? step.new_ids[n] : largest;
    }
    return largest + 1;
}

static int has_removed(const curate_state *s)
{
    return s->now.spikes.n_spikes < s->input.spikes->n_spikes;
}

static int has_new_units(const spk_curation *curation)
{
    for (int64_t k = 0; k < spk_curation_n_steps(curation); k++) {
        const int32_t kind = spk_curation_step_at(curation, k).kind;
        if (kind == SPK_CURATION_MERGE || kind == SPK_CURATION_SPLIT)
            return 1;
    }
    return 0;
}

/* The labels, and with --phy that of the removed spikes in them. */
static spk_status write_labels(spk_context *ctx, const curate_arguments *a,
                               const curate_state *s, const char *folder)
{
    const int64_t n = s->now.spikes.n_units, extra = a->phy && has_removed(s);
    int64_t *ids = malloc(((size_t)n + 1) * sizeof *ids);
    const char **texts = malloc(((size_t)n + 1) * sizeof *texts);
    const char *const field = curate_label_name(a);
    spk_status status = SPK_ERR_MEMORY;
    if (ids != NULL && texts != NULL) {
        for (int64_t u = 0; u < n; u++) {
            ids[u] = s->now.ids[u];
            texts[u] = s->labels == NULL ? "" : s->labels[u];
        }
        ids[n] = id_of_removed(s);
        texts[n] = "noise"; /* as in cluster_group.tsv */
        status = spk_phy_write_columns(ctx, folder, n + extra, ids, 1, &field, texts, 1);
    }
    free(ids);
    free(texts);
    return status;
}

static spk_status write_clusters(spk_context *ctx, const curate_state *s,
                                 const char *path)
{
    const int64_t n = s->input.spikes->n_spikes, removed = id_of_removed(s);
    int64_t *clusters = malloc(((size_t)n + 1) * sizeof *clusters), largest = removed;
    if (clusters == NULL)
        return SPK_ERR_MEMORY;
    for (int64_t i = 0; i < n; i++)
        clusters[i] = removed;
    for (int64_t i = 0; i < s->now.spikes.n_spikes; i++) {
        const int64_t id = s->now.ids[s->now.units[i]];
        clusters[s->now.kept[i]] = id;
        largest = id > largest ? id : largest;
    }
    /* int32 as Kilosort has it, unless an id asks for more */
    const int narrow = largest <= INT32_MAX;
    for (int64_t i = 0; narrow && i < n; i++) {
        const int32_t id = (int32_t)clusters[i];
        memcpy((char *)clusters + (size_t)i * sizeof id, &id, sizeof id);
    }
    const spk_array array = {.dtype = narrow ? SPK_DTYPE_INT32 : SPK_DTYPE_INT64,
                             .n_dimensions = 1,
                             .shape = {n, 1, 1, 1, 1, 1, 1, 1},
                             .n_elements = n,
                             .item_size = narrow ? 4 : 8,
                             .data = clusters};
    const spk_status status = spk_npy_write(ctx, path, &array);
    free(clusters);
    return status;
}

static spk_status write_phy(spk_context *ctx, const curate_state *s, const char *folder)
{
    const spk_array *probe = spk_session_channel_positions(s->session);
    const int64_t n = s->now.spikes.n_spikes;
    spk_phy_extras extras;
    spk_phy_extras_init(&extras, sizeof extras);
    /* Of a folder, spk_phy_carry() takes the rows of the files. */
    const char *format = spk_session_format(s->session);
    const int is_carried = strcmp(format, "kilosort") == 0 || strcmp(format, "alf") == 0;
    const size_t n_values = is_carried ? 0 : 2 * (size_t)n;
    float *positions = malloc((n_values + 1) * sizeof *positions);
    double *channels = NULL;
    spk_status status = positions == NULL ? SPK_ERR_MEMORY : SPK_OK;
    extras.amplitudes = is_carried ? NULL : s->now.amplitudes;
    if (status == SPK_OK && s->now.positions != NULL && !is_carried) {
        for (int64_t i = 0; i < 2 * n; i++)
            positions[i] = (float)s->now.positions[i];
        extras.spike_positions_um = positions;
    }
    if (status == SPK_OK && probe != NULL && probe->n_dimensions == 2 &&
        probe->shape[1] == 2) {
        channels = malloc(((size_t)probe->n_elements + 1) * sizeof *channels);
        status =
            channels == NULL ? SPK_ERR_MEMORY : spk_array_to_double(ctx, probe, channels);
        extras.channel_positions_um = channels;
        extras.n_channels = probe->shape[0];
    }
    if (status == SPK_OK)
        status = spk_phy_write(ctx, folder, &s->now.spikes, s->now.ids, &extras, 1);
    if (status == SPK_OK)
        status = spk_phy_carry(ctx, folder, s->session, n, s->now.kept,
                               !has_new_units(s->curation));
    free(positions);
    free(channels);
    return status;
}

/* Writes everything into a folder. */
static int write_files(spk_context *ctx, const curate_arguments *a, const curate_state *s,
                       const char *folder)
{
    char *table = join(folder, "curation.tsv"), *json = join(folder, "curation.json");
    char *clusters = join(folder, "spike_clusters.npy");
    char *groups = join(folder, "cluster_group.tsv");
    char *old_groups = join(spk_session_path(s->session), "cluster_group.tsv");
    const int steps = spk_curation_n_steps(s->curation) > 0;
    int code = COMMAND_OK;
    spk_status status = SPK_OK;
    if (table == NULL || json == NULL || clusters == NULL || groups == NULL ||
        old_groups == NULL)
        code = curate_fail_memory();
    if (code == COMMAND_OK && !a->phy)
        status = write_phy(ctx, s, folder);
    if (code == COMMAND_OK && status == SPK_OK && a->phy && steps)
        status = write_clusters(ctx, s, clusters);
    if (code == COMMAND_OK && status == SPK_OK && a->phy && steps)
        status = curate_write_groups(ctx, s, has_removed(s) ? id_of_removed(s) : -1,
                                     old_groups, groups);
    if (code == COMMAND_OK && status == SPK_OK && !a->phy)
        status = curate_write_inherited(
            ctx, s->labels == NULL ? NULL : curate_label_name(a), s, folder);
    if (code == COMMAND_OK && status == SPK_OK && s->labels != NULL)
        status = write_labels(ctx, a, s, folder);
    if (code == COMMAND_OK && status == SPK_OK)
        status = spk_curation_write(ctx, s->curation, json,
                                    s->labels == NULL ? NULL : curate_label_name(a),
                                    s->labels);
    if (code == COMMAND_OK && status == SPK_ERR_MEMORY)
        code = curate_fail_memory();
    else if (code == COMMAND_OK && status != SPK_OK)
        code = command_fail(CURATE_NAME, ctx, status);
    if (code == COMMAND_OK)
        code = write_table(ctx, a, s, table);
    free(table);
    free(json);
    free(clusters);
    free(groups);
    free(old_groups);
    return code;
}

/* ---- into a folder that is there ---- */

/* Calls `each` for the files of the staging folder until one answers otherwise than OK. */
static int for_each_file(const char *staging, const char *folder,
                         int (*each)(const char *from, const char *to))
{
    DIR *directory = opendir(staging);
    int code = COMMAND_OK;
    if (directory == NULL)
        return COMMAND_OK;
    for (const struct dirent *e = readdir(directory); e != NULL && code == COMMAND_OK;
         e = readdir(directory)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        char *from = join(staging, e->d_name), *to = join(folder, e->d_name);
        code = from == NULL || to == NULL ? curate_fail_memory() : each(from, to);
        free(from);
        free(to);
    }
    closedir(directory);
    return code;
}

static int refuse_existing(const char *from, const char *to)
{
    struct stat about;
    (void)from;
    if (lstat(to, &about) != 0)
        return COMMAND_OK;
    command_say(CURATE_NAME, "%s: File exists; --overwrite replaces it", to);
    return COMMAND_FAILED;
}

static int refuse_folder(const char *from, const char *to)
{
    struct stat about;
    (void)from;
    if (lstat(to, &about) != 0 || !S_ISDIR(about.st_mode))
        return COMMAND_OK;
    command_say(CURATE_NAME, "%s: Is a directory", to);
    return COMMAND_FAILED;
}

static int move_file(const char *from, const char *to)
{
    if (rename(from, to) == 0)
        return COMMAND_OK;
    command_say(CURATE_NAME, "%s: %s", to, strerror(errno));
    return COMMAND_FAILED;
}

static int remove_file(const char *from, const char *to)
{
    (void)to;
    (void)unlink(from);
    return COMMAND_OK;
}

/* Files of a row a spike or of templates: one that is not written anew would not fit. */
static int drop_stale(const char *staging, const char *folder)
{
    static const char *const names[] = {
        "amplitudes.npy",        "spike_positions.npy",   "templates.npy",
        "template_ind.npy",      "templates_ind.npy",     "pc_features.npy",
        "pc_feature_ind.npy",    "template_features.npy", "template_feature_ind.npy",
        "whitening_mat.npy",     "whitening_mat_inv.npy", "whitening_mat_dat.npy",
        "similar_templates.npy", "channel_map.npy",       "channel_positions.npy",
        "channel_shanks.npy",    "channel_groups.npy"};
    struct stat about;
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        char *new = join(staging, names[k]), *old = join(folder, names[k]);
        if (new != NULL && old != NULL &&lstat(new, &about) != 0)
            (void)unlink(old);
        const int failed = new == NULL || old == NULL;
        free(new);
        free(old);
        if (failed)
            return curate_fail_memory();
    }
    return COMMAND_OK;
}

/* A folder for -o --overwrite must be one that this command made, not a sorter's. */
static int check_own(const curate_state *s, const char *folder)
{
    struct stat about, session;
    char *marker = join(folder, "curation.json"),
         *times = join(folder, "spike_times.npy");
    int code = marker == NULL || times == NULL ? curate_fail_memory() : COMMAND_OK;
    const int is_session =
        stat(folder, &about) == 0 && stat(spk_session_path(s->session), &session) == 0 &&
        about.st_dev == session.st_dev && about.st_ino == session.st_ino;
    if (code == COMMAND_OK &&
        (is_session || (lstat(marker, &about) != 0 && lstat(times, &about) == 0))) {
        command_say(CURATE_NAME, "%s: %s; choose another folder%s", folder,
                    is_session ? "the session itself" : "a sorter's folder",
                    is_session ? " or --phy" : "");
        code = COMMAND_FAILED;
    }
    free(marker);
    free(times);
    return code;
}

static int write_into(const curate_arguments *a, spk_context *ctx, const curate_state *s,
                      const char *folder)
{
    char *staging = join(folder, ".curate-XXXXXX");
    if (staging == NULL)
        return curate_fail_memory();
    if (mkdtemp(staging) == NULL) {
        command_say(CURATE_NAME, "%s: %s", folder, strerror(errno));
        free(staging);
        return COMMAND_FAILED;
    }
    int code = write_files(ctx, a, s, staging);
    if (code == COMMAND_OK)
        code = for_each_file(staging, folder,
                             a->overwrite ? refuse_folder : refuse_existing);
    if (code == COMMAND_OK && command_interrupted())
        code = COMMAND_INTERRUPTED;
    if (code == COMMAND_OK && !a->phy)
        code = drop_stale(staging, folder);
    if (code == COMMAND_OK)
        code = for_each_file(staging, folder, move_file);
    (void)for_each_file(staging, folder, remove_file);
    (void)rmdir(staging);
    free(staging);
    return code;
}

int curate_write(const curate_arguments *a, spk_context *ctx, curate_state *s)
{
    folder_output folder;
    if (a->phy)
        return write_into(a, ctx, s, spk_session_path(s->session));
    int code = folder_output_begin(CURATE_NAME, a->output, a->overwrite, &folder);
    if (code != COMMAND_OK)
        return code;
    if (strcmp(folder.path, folder.final_path) == 0) {
        code = check_own(s, folder.path);
        if (code == COMMAND_OK)
            code = write_into(a, ctx, s, folder.path);
    } else {
        code = write_files(ctx, a, s, folder.path);
    }
    if (code == COMMAND_OK)
        code = folder_output_commit(CURATE_NAME, &folder);
    folder_output_end(&folder);
    return code;
}

/* ---- in words ---- */

static void print_ids(const int64_t *ids, int64_t n, const char *between)
{
    for (int64_t k = 0; k < n; k++)
        printf("%s%lld", k == 0 ? "" : between, (long long)ids[k]);
}

static void print_steps(const curate_state *s)
{
    for (int64_t k = 0; k < spk_curation_n_steps(s->curation); k++) {
        const spk_curation_step step = spk_curation_step_at(s->curation, k);
        if (step.kind == SPK_CURATION_CENSOR)
            continue;
        if (step.kind == SPK_CURATION_REMOVE) {
            printf("removed\t%lld\n", (long long)step.old_ids[0]);
            continue;
        }
        printf("%s\t", step.kind == SPK_CURATION_MERGE ? "merged" : "split");
        print_ids(step.old_ids, step.n_old, "+");
        printf("\t-> ");
        print_ids(step.new_ids, step.n_new, ", ");
        if (step.n_spikes_removed > 0)
            printf("\t(%lld spikes that were twice removed)",
                   (long long)step.n_spikes_removed);
        printf("\n");
    }
    if (s->n_duplicates > 0)
        printf("duplicates\t%lld spikes removed\n", (long long)s->n_duplicates);
}

static void print_labels(const curate_arguments *a, const curate_state *s)
{
    for (int64_t u = 0; u < s->now.spikes.n_units; u++) {
        int64_t n = 0, is_first = 1;
        for (int64_t v = 0; v < s->now.spikes.n_units; v++) {
            const int same = strcmp(s->labels[v], s->labels[u]) == 0;
            n += same;
            is_first &= !(same && v < u);
        }
        if (is_first)
            printf("%s\t%s\t%lld\n", curate_label_name(a),
                   s->labels[u][0] == '\0' ? "none" : s->labels[u], (long long)n);
    }
}

void curate_print_summary(const curate_arguments *a, const curate_state *s)
{
    if (a->run.quiet)
        return;
    printf("units\t%lld\t-> %lld\n", (long long)s->input.spikes->n_units,
           (long long)s->now.spikes.n_units);
    printf("spikes\t%lld\t-> %lld\n", (long long)s->input.spikes->n_spikes,
           (long long)s->now.spikes.n_spikes);
    print_steps(s);
    if (s->labels != NULL)
        print_labels(a, s);
    if (a->dry_run)
        printf("written\tnothing (--dry-run)\n");
    else
        printf("written\t%s\n", a->phy ? spk_session_path(s->session) : a->output);
}
