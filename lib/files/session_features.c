/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The features stay in the mapped file. What is small (the channels of each template, the
 * positions) is read and checked; the templates of the spikes are checked against it.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/session_state.h"

#include <string.h>

static const char features_name[] = "pc_features.npy";
static const char channels_name[] = "pc_feature_ind.npy";

static spk_status has_file(spk_context *ctx, const spk_session *session, const char *name,
                           int *has)
{
    char *path = spk__path_join(ctx, session->path, name);
    if (path == NULL)
        return spk__fail_memory(ctx);
    *has = spk__file_size(path) >= 0;
    spk__free(path);
    return SPK_OK;
}

/* Nonzero: the folder has features and all that says what they are of. */
static spk_status has_features(spk_context *ctx, const spk_session *session, int *has)
{
    int has_channels = 0;
    *has = 0;
    if (strcmp(session->format, "kilosort") != 0)
        return SPK_OK;
    spk_status status = has_file(ctx, session, features_name, has);
    if (status != SPK_OK || !*has)
        return status;
    if ((status = has_file(ctx, session, channels_name, &has_channels)) != SPK_OK)
        return status;
    *has = has_channels && session->spike_templates != NULL;
    if (!*has)
        spk__log(ctx, SPK_LOG_WARNING,
                 "%s/%s is not used: %s, which says what channels it is of, is not there",
                 session->path, features_name,
                 has_channels ? "spike_templates.npy" : channels_name);
    return SPK_OK;
}

static spk_status map_values(spk_context *ctx, spk_session *session,
                             spk_features *features)
{
    const char *path = NULL;
    const spk_array *values = NULL;
    char shape[128];
    spk_status status =
        spk__session_map(ctx, session, session->path, features_name, &values, &path);
    if (status != SPK_OK)
        return status;
    spk__array_shape_text(values, shape);
    SPK_REQUIRE(ctx,
                values->dtype >= SPK_DTYPE_FLOAT16 && values->dtype <= SPK_DTYPE_FLOAT64,
                SPK_ERR_FORMAT, "%s: expected floats, found %s", path,
                spk_dtype_name(values->dtype));
    SPK_REQUIRE(
        ctx, values->n_dimensions == 3 && values->shape[1] > 0 && values->shape[2] > 0,
        SPK_ERR_FORMAT, "%s: expected shape (spikes, components, channels), found %s",
        path, shape);
    SPK_REQUIRE(ctx, values->shape[0] == session->spikes.n_spikes, SPK_ERR_FORMAT,
                "%s: expected %lld rows, one for each spike, found shape %s", path,
                (long long)session->spikes.n_spikes, shape);
    features->values = values;
    features->n_components = values->shape[1];
    features->n_local = values->shape[2];
    return SPK_OK;
}

/* -1, which unsigned types hold as their largest value, is no channel. */
static spk_status check_channels(spk_context *ctx, const char *path, uint64_t none,
                                 const int64_t *found, spk_features *features,
                                 int32_t *channels)
{
    const int64_t n = features->n_rows * features->n_local;
    int64_t highest = -1;
    for (int64_t k = 0; k < n; k++) {
        int64_t channel = (uint64_t)found[k] == none ? -1 : found[k];
        SPK_REQUIRE(ctx,
                    channel >= -1 && channel < INT32_MAX &&
                        (features->n_channels == 0 || channel < features->n_channels),
                    SPK_ERR_FORMAT,
                    "%s: expected channels 0 .. %lld, or -1 for none, found %lld in row "
                    "%lld",
                    path,
                    features->n_channels == 0 ? (long long)INT32_MAX - 1
                                              : (long long)features->n_channels - 1,
                    (long long)channel, (long long)(k / features->n_local));
        highest = channel > highest ? channel : highest;
        channels[k] = (int32_t)channel;
    }
    if (features->n_channels == 0)
        features->n_channels = highest + 1;
    return SPK_OK;
}

static spk_status read_channels(spk_context *ctx, spk_session *session,
                                spk_features *features)
{
    const char *path = NULL;
    const spk_array *array = NULL;
    char shape[128];
    spk_status status =
        spk__session_map(ctx, session, session->path, channels_name, &array, &path);
    if (status != SPK_OK)
        return status;
    spk__array_shape_text(array, shape);
    SPK_REQUIRE(ctx, array->n_dimensions == 2 && array->shape[1] == features->n_local,
                SPK_ERR_FORMAT,
                "%s: expected shape (templates, %lld), as many channels as %s has, found "
                "%s",
                path, (long long)features->n_local, features_name, shape);
    features->n_rows = array->shape[0];
    int32_t *channels = spk__alloc(ctx, array->n_elements, sizeof *channels);
    if ((status = spk__session_keep(ctx, session, channels)) != SPK_OK)
        return status;
    int64_t *found = spk__alloc(ctx, array->n_elements, sizeof *found);
    if (found == NULL)
        return spk__fail_memory(ctx);
    status = spk__array_read_int64(ctx, path, array, 0, array->n_elements, found);
    if (status == SPK_OK)
        status = check_channels(ctx, path,
                                array->dtype == SPK_DTYPE_UINT32   ? UINT32_MAX
                                : array->dtype == SPK_DTYPE_UINT16 ? UINT16_MAX
                                                                   : UINT64_MAX,
                                found, features, channels);
    spk__free(found);
    features->channels = channels;
    return status;
}

static spk_status open_features(spk_context *ctx, spk_session *session,
                                spk_features *features)
{
    if (session->channel_positions != NULL)
        features->n_channels = session->channel_positions->shape[0];
    else if (session->channel_map != NULL)
        features->n_channels = session->channel_map->n_elements;
    features->order = session->order;
    spk_status status = map_values(ctx, session, features);
    if (status == SPK_OK)
        status = read_channels(ctx, session, features);
    if (status == SPK_OK)
        status = spk__session_template_rows(ctx, session, channels_name, features->n_rows,
                                            &features->rows);
    if (status == SPK_OK)
        status = spk__session_channel_xy(ctx, session, &features->channel_positions_um);
    return status;
}

spk_status spk_session_features(spk_context *ctx, spk_session *session,
                                const spk_features **features)
{
    SPK_REQUIRE(ctx, session != NULL, SPK_ERR_ARGUMENT, "session must not be NULL");
    SPK_REQUIRE(ctx, features != NULL, SPK_ERR_ARGUMENT, "features must not be NULL");
    *features = NULL;
    if (!session->looked_for_features) {
        int has = 0;
        spk_status status = has_features(ctx, session, &has);
        if (status != SPK_OK)
            return status;
        if (has) {
            const spk__session_mark mark = spk__session_mark_now(session);
            spk_features *found = spk__alloc_zero(ctx, 1, sizeof *found);
            status = spk__session_keep(ctx, session, found);
            if (status == SPK_OK)
                status = open_features(ctx, session, found);
            if (status != SPK_OK) {
                spk__session_undo(session, mark);
                return status;
            }
            session->features = found;
        }
        session->looked_for_features = 1;
    }
    *features = session->features;
    return SPK_OK;
}
