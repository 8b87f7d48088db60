/* SPDX-License-Identifier: BSD-3-Clause */
#include "session_argument.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int fail_memory(const char *name)
{
    command_say(name, "not enough memory");
    return COMMAND_FAILED;
}

/* The library says what is missing; here is the option that gives it. */
static int fail_open(const char *name, const spk_context *ctx, spk_status status)
{
    static const char no_rate[] = "give the sampling rate";
    const char *message = spk_context_message(ctx);
    const size_t n = strlen(message), m = sizeof no_rate - 1;
    if (status == SPK_ERR_CANCELLED)
        return command_fail(name, ctx, status);
    if (n >= m && strcmp(message + n - m, no_rate) == 0)
        command_say(name, "%s: --rate HZ", message);
    else if (strstr(message, "expected sample_rate = a number") != NULL)
        command_say(name, "%s; or give --rate HZ", message);
    else if (status == SPK_ERR_NOT_FOUND && strstr(message, "found none of them") != NULL)
        command_say(name, "%s; or give --times FILE --clusters FILE", message);
    else
        return command_fail(name, ctx, status);
    return COMMAND_FAILED;
}

int session_argument_open(const char *name, spk_context *ctx,
                          const session_arguments *arguments,
                          const operand_list *operands, spk_session **session)
{
    *session = NULL;
    const int pair = arguments->times != NULL || arguments->clusters != NULL;
    if (pair && (arguments->times == NULL || arguments->clusters == NULL))
        return command_fail_usage(name, "--times and --clusters go together");
    if (pair && operands->n > 0)
        return command_fail_usage(name,
                                  "give SESSION or --times and --clusters, not both");
    if (!pair && operands->n == 0)
        return command_fail_usage(name, "SESSION is missing");
    if (operands->n > 1)
        return command_fail_usage(name, "unexpected argument '%s'", operands->items[1]);
    if (arguments->rate_hz < 0.0)
        return command_fail_usage(name, "--rate: expected a positive number, found %g",
                                  arguments->rate_hz);
    if (arguments->duration_s < 0.0)
        return command_fail_usage(name,
                                  "--duration-s: expected a positive number, found %g",
                                  arguments->duration_s);

    spk_session_options options;
    spk_session_options_init(&options, sizeof options);
    options.sampling_rate_hz = arguments->rate_hz;
    options.duration_s = arguments->duration_s;
    options.sort = arguments->sort;
    options.clusters = !arguments->as_sorted;
    const spk_status status =
        pair ? spk_session_open_arrays(ctx, arguments->times, arguments->clusters,
                                       &options, session)
             : spk_session_open(ctx, operands->items[0], &options, session);
    if (status == SPK_ERR_UNSORTED && !arguments->sort) {
        command_say(name, "%s; %s", spk_context_message(ctx),
                    pair ? "unless --times and --clusters are swapped, --sort puts them "
                           "in order"
                         : "--sort puts them in order");
        return COMMAND_FAILED;
    }
    if (status != SPK_OK)
        return fail_open(name, ctx, status);
    const spk_spikes *spikes = spk_session_spikes(*session);
    if (pair && spikes->n_units > 10 && spikes->n_units > spikes->n_spikes / 2)
        command_note(name,
                     "warning: %lld units for %lld spikes; are --times and --clusters "
                     "swapped?",
                     (long long)spikes->n_units, (long long)spikes->n_spikes);
    return COMMAND_OK;
}

int64_t unit_selection_find(const spk_session *session, int64_t unit_id)
{
    const int64_t *ids = spk_session_unit_ids(session);
    int64_t low = 0;
    int64_t high = spk_session_spikes(session)->n_units;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (ids[middle] < unit_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < spk_session_spikes(session)->n_units && ids[low] == unit_id ? low : -1;
}

static int is_quality(const char *text)
{
    static const char *const names[] = {"good", "mua", "noise", "unsorted"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], text) == 0)
            return 1;
    return 0;
}

/* Reads "5" or "5-9" at *text and steps over it and a comma; 0 if it is neither. */
static int read_range(const char **text, int64_t *first, int64_t *last)
{
    char *end = NULL;
    errno = 0;
    if (!isdigit((unsigned char)**text))
        return 0;
    *first = strtoll(*text, &end, 10);
    *last = *first;
    if (*end == '-') {
        *text = end + 1;
        if (!isdigit((unsigned char)**text))
            return 0;
        *last = strtoll(*text, &end, 10);
    }
    if (errno != 0 || *last < *first || (*end != ',' && *end != '\0'))
        return 0;
    if (*end == ',' && end[1] == '\0')
        return 0;
    *text = *end == ',' ? end + 1 : end;
    return 1;
}

/* Marks the units of "1,2,5-9". A single id must be there; a range takes what is there of it,
 * since ids may be sparse, but not nothing. */
static int mark_ids(const char *name, const spk_session *session, const char *text,
                    unsigned char *chosen)
{
    const int64_t *ids = spk_session_unit_ids(session);
    const int64_t n_units = spk_session_spikes(session)->n_units;
    const char *rest = text;
    while (*rest != '\0') {
        int64_t first = 0, last = 0;
        if (!read_range(&rest, &first, &last))
            return command_fail_usage(name,
                                      "expected all, good, mua, noise, unsorted or ids "
                                      "like 1,2,5-9, found '%s'",
                                      text);
        int64_t n = 0;
        for (int64_t u = 0; u < n_units; u++) {
            if (ids[u] >= first && ids[u] <= last) {
                chosen[u] = 1;
                n++;
            }
        }
        if (n == 0) {
            if (first == last)
                command_say(name, "no unit %lld in the session", (long long)first);
            else
                command_say(name, "no unit in %lld-%lld in the session", (long long)first,
                            (long long)last);
            return COMMAND_FAILED;
        }
    }
    return COMMAND_OK;
}

int unit_selection_parse(const char *name, spk_session *session, const char *text,
                         int64_t **places, int64_t *n)
{
    const int64_t n_units = spk_session_spikes(session)->n_units;
    *places = NULL;
    *n = 0;
    if (text[0] == '\0')
        return command_fail_usage(name, "no units given");
    unsigned char *chosen = calloc((size_t)n_units + 1, 1);
    int64_t *list = malloc(((size_t)n_units + 1) * sizeof *list);
    if (chosen == NULL || list == NULL) {
        free(chosen);
        free(list);
        return fail_memory(name);
    }
    int code = COMMAND_OK;
    if (strcmp(text, "all") == 0) {
        memset(chosen, 1, (size_t)n_units);
    } else if (is_quality(text)) {
        for (int64_t u = 0; u < n_units; u++)
            chosen[u] = strcmp(spk_session_quality(session, u), text) == 0;
    } else {
        code = mark_ids(name, session, text, chosen);
    }
    int64_t count = 0;
    for (int64_t u = 0; u < n_units; u++)
        if (chosen[u])
            list[count++] = u;
    free(chosen);
    if (code == COMMAND_OK && count == 0 && strcmp(text, "all") != 0) {
        command_say(name, "no unit of the session is %s", text);
        code = COMMAND_FAILED;
    }
    if (code != COMMAND_OK) {
        free(list);
        return code;
    }
    *places = list;
    *n = count;
    return COMMAND_OK;
}

/* Copies the spikes of the chosen units. map[u] is the new index of unit u, or -1. */
static int copy_spikes(const spk_spikes *spikes, const int32_t *map,
                       unit_selection *selection)
{
    int64_t n = 0;
    for (int64_t s = 0; s < spikes->n_spikes; s++)
        n += map[spikes->units[s]] >= 0;
    int64_t *samples = malloc(((size_t)n + 1) * sizeof *samples);
    int32_t *units = malloc(((size_t)n + 1) * sizeof *units);
    selection->owned[1] = samples;
    selection->owned[2] = units;
    if (samples == NULL || units == NULL)
        return 0;
    /* Every spike is written and only a chosen one moves on: no branch to mispredict. */
    int64_t k = 0;
    for (int64_t s = 0; s < spikes->n_spikes; s++) {
        const int32_t unit = map[spikes->units[s]];
        samples[k] = spikes->samples[s];
        units[k] = unit;
        k += unit >= 0;
    }
    selection->spikes.n_spikes = n;
    selection->spikes.samples = samples;
    selection->spikes.units = units;
    return 1;
}

int unit_selection_make_places(const char *name, spk_session *session,
                               const int64_t *places, int64_t n,
                               unit_selection *selection)
{
    const spk_spikes *spikes = spk_session_spikes(session);
    const int64_t *ids = spk_session_unit_ids(session);
    memset(selection, 0, sizeof *selection);
    selection->spikes = *spikes;
    selection->unit_ids = ids;
    selection->places = malloc(((size_t)n + 1) * sizeof *selection->places);
    if (selection->places == NULL)
        return fail_memory(name);
    for (int64_t i = 0; i < n; i++)
        selection->places[i] = places[i];
    if (n == spikes->n_units)
        return COMMAND_OK;

    int64_t *chosen_ids = malloc(((size_t)n + 1) * sizeof *chosen_ids);
    int32_t *map = malloc(((size_t)spikes->n_units + 1) * sizeof *map);
    selection->owned[0] = chosen_ids;
    int ok = chosen_ids != NULL && map != NULL;
    if (ok) {
        for (int64_t u = 0; u < spikes->n_units; u++)
            map[u] = -1;
        for (int64_t i = 0; i < n; i++) {
            map[places[i]] = (int32_t)i;
            chosen_ids[i] = ids[places[i]];
        }
        selection->unit_ids = chosen_ids;
        selection->spikes.n_units = n;
        ok = copy_spikes(spikes, map, selection);
    }
    free(map);
    if (ok)
        return COMMAND_OK;
    unit_selection_clear(selection);
    return fail_memory(name);
}

int unit_selection_make(const char *name, spk_session *session, const char *text,
                        unit_selection *selection)
{
    int64_t *places = NULL;
    int64_t n = 0;
    memset(selection, 0, sizeof *selection);
    int code = unit_selection_parse(name, session, text, &places, &n);
    if (code == COMMAND_OK)
        code = unit_selection_make_places(name, session, places, n, selection);
    free(places);
    return code;
}

void unit_selection_clear(unit_selection *selection)
{
    free(selection->places);
    for (size_t i = 0; i < sizeof selection->owned / sizeof selection->owned[0]; i++)
        free(selection->owned[i]);
    memset(selection, 0, sizeof *selection);
}
