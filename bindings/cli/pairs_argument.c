/* SPDX-License-Identifier: BSD-3-Clause */
#include "pairs_argument.h"

#include <errno.h>
#include <spikekit/correlogram.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail_memory(const char *name)
{
    command_say(name, "not enough memory");
    return COMMAND_FAILED;
}

static int compare_int64(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t places_make_distinct(int64_t *values, int64_t n)
{
    int64_t kept = 0;
    if (n > 0)
        qsort(values, (size_t)n, sizeof *values, compare_int64);
    for (int64_t i = 0; i < n; i++)
        if (kept == 0 || values[kept - 1] != values[i])
            values[kept++] = values[i];
    return kept;
}

int32_t unit_selection_index(const unit_selection *selection, int64_t place)
{
    const int64_t *found =
        bsearch(&place, selection->places, (size_t)selection->spikes.n_units,
                sizeof place, compare_int64);
    return found != NULL ? (int32_t)(found - selection->places) : -1;
}

/* "a:b,c:d" into pairs of places in the session. */
static int parse_places(const char *name, const spk_session *session, const char *text,
                        int64_t **places, int64_t *n_pairs)
{
    int64_t room = 1;
    for (const char *c = text; *c != '\0'; c++)
        room += *c == ',';
    int64_t *list = malloc((size_t)room * 2 * sizeof *list);
    if (list == NULL)
        return fail_memory(name);
    const char *rest = text;
    for (int64_t i = 0; i < 2 * room; i++) {
        char *end = NULL;
        errno = 0;
        const int digit = *rest >= '0' && *rest <= '9';
        const long long id = digit ? strtoll(rest, &end, 10) : 0;
        const char expected = i == 2 * room - 1 ? '\0' : i % 2 == 0 ? ':' : ',';
        if (!digit || errno != 0 || *end != expected) {
            free(list);
            return command_fail_usage(
                name, "--pairs: expected unit ids like 3:7,3:12, found '%s'", text);
        }
        list[i] = unit_selection_find(session, id);
        if (list[i] < 0) {
            free(list);
            command_say(name, "no unit %lld in the session", id);
            return COMMAND_FAILED;
        }
        rest = end + 1;
    }
    *places = list;
    *n_pairs = room;
    return COMMAND_OK;
}

int pairs_argument_parse(const char *name, spk_session *session, const char *text,
                         unit_selection *selection, int32_t (**pairs)[2],
                         int64_t *n_pairs)
{
    int64_t *places = NULL;
    int64_t n = 0;
    int code = parse_places(name, session, text, &places, &n);
    if (code != COMMAND_OK)
        return code;
    int64_t *distinct = malloc((size_t)n * 2 * sizeof *distinct);
    int32_t(*list)[2] = malloc((size_t)n * sizeof *list);
    if (distinct == NULL || list == NULL) {
        code = fail_memory(name);
    } else {
        memcpy(distinct, places, (size_t)n * 2 * sizeof *distinct);
        const int64_t n_units = places_make_distinct(distinct, 2 * n);
        code = unit_selection_make_places(name, session, distinct, n_units, selection);
    }
    for (int64_t p = 0; p < n && code == COMMAND_OK; p++)
        for (int side = 0; side < 2; side++)
            list[p][side] = unit_selection_index(selection, places[2 * p + side]);
    free(distinct);
    free(places);
    if (code != COMMAND_OK) {
        free(list);
        return code;
    }
    *pairs = list;
    *n_pairs = n;
    return COMMAND_OK;
}

int pairs_argument_near(const char *name, spk_context *ctx, spk_session *session,
                        const unit_selection *selection, double near_um,
                        int32_t (**pairs)[2], int64_t *n_pairs)
{
    const int64_t n = selection->spikes.n_units;
    const int64_t n_all = spk_session_spikes(session)->n_units;
    double *positions = malloc(((size_t)n_all + 1) * 2 * sizeof *positions);
    if (positions == NULL)
        return fail_memory(name);
    spk_status status = spk_session_unit_positions(ctx, session, positions);
    if (status != SPK_OK) {
        free(positions);
        command_say(name, "--near: %s", spk_context_message(ctx));
        return COMMAND_FAILED;
    }
    /* places rise, so this moves every position down or not at all */
    for (int64_t u = 0; u < n; u++)
        for (int c = 0; c < 2; c++)
            positions[2 * u + c] = positions[2 * selection->places[u] + c];
    int32_t(*list)[2] = NULL;
    int64_t n_found = 0;
    status =
        spk_correlogram_find_near_pairs(ctx, positions, n, 2, near_um, NULL, &n_found);
    if (status == SPK_OK) {
        list = malloc(((size_t)n_found + 1) * sizeof *list);
        if (list == NULL) {
            free(positions);
            return fail_memory(name);
        }
        status = spk_correlogram_find_near_pairs(ctx, positions, n, 2, near_um, list,
                                                 &n_found);
    }
    free(positions);
    if (status != SPK_OK) {
        free(list);
        return command_fail(name, ctx, status);
    }
    *pairs = list;
    *n_pairs = n_found;
    return COMMAND_OK;
}

int shard_argument_parse(const char *name, const char *text, int64_t *shard,
                         int64_t *n_shards)
{
    char rest = 0;
    long long k = 0, n = 0;
    if (strspn(text, "0123456789/") != strlen(text) ||
        sscanf(text, "%18lld/%18lld%c", &k, &n, &rest) != 2 || k < 1 || k > n ||
        n > 1000000000)
        return command_fail_usage(
            name, "--shard: expected K/N with 1 <= K <= N, found '%s'", text);
    *shard = k;
    *n_shards = n;
    return COMMAND_OK;
}

int64_t shard_argument_edge(int64_t n, int64_t k, int64_t n_shards)
{
    return n / n_shards * k + n % n_shards * k / n_shards;
}
