/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of the ALF naming: [_namespace_]object.attribute[.label or uuid].npy
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/session_state.h"

#include <math.h>
#include <string.h>

/* Nonzero: the name is `part` ("spikes.times") with any namespace before and label after. */
static int is_alf_name(const char *name, const char *part)
{
    if (name[0] == '_') {
        const char *close = strchr(name + 1, '_');
        if (close == NULL)
            return 0;
        name = close + 1;
    }
    size_t n = strlen(part);
    return strncmp(name, part, n) == 0 && name[n] == '.' &&
           spk__ends_with(name + n, ".npy");
}

const char *spk__alf_find(const spk__folder *folder, const char *part)
{
    const char *found = NULL;
    for (int64_t k = 0; k < folder->n_names; k++) {
        const char *name = folder->names[k];
        if (is_alf_name(name, part) && (found == NULL || strlen(name) < strlen(found)))
            found = name;
    }
    return found;
}

int spk__is_alf(const spk__folder *folder)
{
    return spk__alf_find(folder, "spikes.times") != NULL ||
           spk__alf_find(folder, "spikes.samples") != NULL;
}

/* The rate from spikes that have both a sample and a time: the ratio of what they span,
 * rounded to a millionth of a hertz. 0 if it cannot be told. */
static spk_status derive_rate(spk_context *ctx, const char *samples_path,
                              const spk_array *samples, const char *times_path,
                              const spk_array *times, double *rate_hz)
{
    int64_t n = samples->n_elements, first_sample, last_sample;
    double first_time, last_time;
    spk_status status;
    *rate_hz = 0;
    SPK_REQUIRE(ctx, times->n_elements == n, SPK_ERR_FORMAT,
                "%s: expected %lld values as in %s, found %lld", times_path, (long long)n,
                samples_path, (long long)times->n_elements);
    if (n < 2)
        return SPK_OK;
    if ((status = spk__array_read_int64(ctx, samples_path, samples, 0, 1,
                                        &first_sample)) != SPK_OK ||
        (status = spk__array_read_int64(ctx, samples_path, samples, n - 1, 1,
                                        &last_sample)) != SPK_OK ||
        (status = spk__array_read_double(ctx, times_path, times, 0, 1, &first_time)) !=
            SPK_OK ||
        (status = spk__array_read_double(ctx, times_path, times, n - 1, 1, &last_time)) !=
            SPK_OK)
        return status;
    double rate = ((double)last_sample - (double)first_sample) / (last_time - first_time);
    if (isfinite(rate) && rate > 0)
        *rate_hz = rint(rate * 1e6) / 1e6;
    return SPK_OK;
}

static spk_status set_times(spk_context *ctx, spk_session *session, const char *path,
                            const spk__folder *folder, const char **times_path)
{
    const char *samples_name = spk__alf_find(folder, "spikes.samples");
    const char *times_name = spk__alf_find(folder, "spikes.times");
    const char *samples_path = NULL;
    const spk_array *samples = NULL, *times = NULL;
    double rate = session->options.sampling_rate_hz;
    spk_status status = SPK_OK;
    if (times_name != NULL && (samples_name == NULL || rate == 0)) {
        status = spk__session_map(ctx, session, path, times_name, &times, times_path);
        if (status == SPK_OK)
            status = spk__session_check_vector(ctx, *times_path, times);
    }
    if (status == SPK_OK && samples_name != NULL) {
        status =
            spk__session_map(ctx, session, path, samples_name, &samples, &samples_path);
        if (status == SPK_OK)
            status = spk__session_check_vector(ctx, samples_path, samples);
    }
    if (status != SPK_OK)
        return status;
    if (samples == NULL) {
        session->spikes.sampling_rate_hz = rate > 0 ? rate : SPK__NANOSECONDS_HZ;
        return spk__session_set_seconds(ctx, session, *times_path, times,
                                        session->spikes.sampling_rate_hz);
    }
    if (rate == 0 && times != NULL)
        status = derive_rate(ctx, samples_path, samples, *times_path, times, &rate);
    if (status != SPK_OK)
        return status;
    *times_path = samples_path;
    SPK_REQUIRE(ctx, rate > 0, SPK_ERR_FORMAT,
                "%s: expected spikes.times beside it to tell the sampling rate; give the "
                "sampling rate",
                samples_path);
    session->spikes.sampling_rate_hz = rate;
    return spk__session_set_samples(ctx, session, samples_path, samples);
}

static spk_status set_units(spk_context *ctx, spk_session *session, const char *path,
                            const spk__folder *folder)
{
    const char *clusters = spk__alf_find(folder, "spikes.clusters");
    const char *templates = spk__alf_find(folder, "spikes.templates"), *name = templates;
    const char *ids_path;
    const spk_array *ids;
    if (clusters != NULL && (session->options.clusters || templates == NULL))
        name = clusters;
    if (!session->options.clusters && templates == NULL)
        name = NULL;
    SPK_REQUIRE(ctx, name != NULL, SPK_ERR_NOT_FOUND,
                "%s: expected spikes.%s.npy, found none", path,
                session->options.clusters ? "clusters" : "templates");
    spk_status status = spk__session_map(ctx, session, path, name, &ids, &ids_path);
    if (status == SPK_OK)
        status = spk__session_set_units(ctx, session, ids_path, ids);
    if (status == SPK_OK && name == templates)
        session->spike_templates = ids;
    return status;
}

static spk_status read_extras(spk_context *ctx, spk_session *session, const char *path,
                              const spk__folder *folder)
{
    const int64_t n = session->spikes.n_spikes;
    const struct {
        const char *part;
        int64_t n_rows, n_columns;
        const spk_array **array;
    } extras[] = {
        {"spikes.templates", n, 0, &session->spike_templates},
        {"spikes.amps", n, 0, &session->amplitudes},
        {"clusters.depths", -1, 0, &session->unit_depths},
        {"clusters.channels", -1, 0, &session->unit_channels},
        {"channels.localCoordinates", -1, 2, &session->channel_positions},
        {"channels.rawInd", -1, 0, &session->channel_map},
    };
    for (size_t k = 0; k < sizeof extras / sizeof extras[0]; k++) {
        const char *name = spk__alf_find(folder, extras[k].part);
        if (*extras[k].array != NULL || name == NULL)
            continue;
        spk_status status =
            spk__session_map_rows(ctx, session, path, name, extras[k].n_rows,
                                  extras[k].n_columns, extras[k].array);
        if (status != SPK_OK)
            return status;
    }
    return SPK_OK;
}

spk_status spk__session_open_alf(spk_context *ctx, const char *path,
                                 const spk__folder *folder,
                                 const spk_session_options *options, spk_session **out)
{
    spk_session *session = NULL;
    const char *times_path = NULL;
    spk_status status = spk__session_start(ctx, "alf", path, options, &session);
    if (status != SPK_OK)
        return status;
    if ((status = set_times(ctx, session, path, folder, &times_path)) != SPK_OK ||
        (status = set_units(ctx, session, path, folder)) != SPK_OK ||
        (status = read_extras(ctx, session, path, folder)) != SPK_OK ||
        (status = spk__session_finish_spikes(ctx, session, times_path, -1)) != SPK_OK)
        goto cleanup;
    status = spk__session_read_labels(ctx, session, path, folder);
cleanup:
    if (status == SPK_OK)
        *out = session;
    else
        spk_session_close(session);
    return status;
}
