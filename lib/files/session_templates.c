/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Templates of a Kilosort, phy or ALF folder: opened when first asked for, and kept. The
 * waveforms stay in the mapped file. Kilosort's are whitened and come with the matrix that
 * takes them back; ALF's are not.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/session_state.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What is open of the templates before it is handed out. */
typedef struct opening {
    spk_context *ctx;
    spk_session *session;
    const char *folder;
    spk__folder names;
    const char *path; /* of the templates, kept by the session */
    spk_templates *out;
} opening;

/* ---- whitening ---- */

/* Inverts a matrix of n x n in place, Gauss-Jordan with the largest pivot of the column.
 * Returns the column without a pivot, -1 when all went well. */
static int64_t invert(double *a, int64_t n, int64_t *order)
{
    /* A pivot below the rounding of the largest entry is what a singular matrix leaves. */
    double least = 0;
    for (int64_t i = 0; i < n * n; i++)
        least = fmax(least, fabs(a[i]));
    least *= (double)n * DBL_EPSILON;
    for (int64_t k = 0; k < n; k++) {
        int64_t best = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[best * n + k]))
                best = i;
        order[k] = best;
        const double pivot = a[best * n + k];
        if (!(fabs(pivot) > least) || !isfinite(pivot))
            return k;
        for (int64_t j = 0; j < n && best != k; j++) {
            const double swap = a[k * n + j];
            a[k * n + j] = a[best * n + j];
            a[best * n + j] = swap;
        }
        a[k * n + k] = 1.0;
        for (int64_t j = 0; j < n; j++)
            a[k * n + j] /= pivot;
        for (int64_t i = 0; i < n; i++) {
            const double factor = a[i * n + k];
            if (i == k || factor == 0.0)
                continue;
            a[i * n + k] = 0.0;
            for (int64_t j = 0; j < n; j++)
                a[i * n + j] -= factor * a[k * n + j];
        }
    }
    for (int64_t k = n - 1; k >= 0; k--)
        for (int64_t i = 0; i < n && order[k] != k; i++) {
            const double swap = a[i * n + k];
            a[i * n + k] = a[i * n + order[k]];
            a[i * n + order[k]] = swap;
        }
    return -1;
}

/* A square matrix of a file, as doubles that the session keeps. */
static spk_status read_square(opening *o, const char *name, int64_t n, double **out,
                              const char **path)
{
    const spk_array *array = NULL;
    spk_status status =
        spk__session_map_rows(o->ctx, o->session, o->folder, name, n, n, &array);
    if (status != SPK_OK)
        return status;
    *path = o->session->inputs[o->session->n_inputs - 1];
    double *matrix = spk__alloc(o->ctx, n * n, sizeof *matrix);
    if ((status = spk__session_keep(o->ctx, o->session, matrix)) != SPK_OK)
        return status;
    if ((status = spk__array_read_double(o->ctx, *path, array, 0, n * n, matrix)) !=
        SPK_OK)
        return status;
    for (int64_t k = 0; k < n * n; k++)
        if (!isfinite(matrix[k]))
            return spk__fail(o->ctx, SPK_ERR_FORMAT,
                             "%s: expected finite numbers, found %g at index %lld", *path,
                             matrix[k], (long long)k);
    *out = matrix;
    return SPK_OK;
}

static spk_status read_inverse(opening *o, const char *name, int64_t n, double ridge,
                               double **out)
{
    const char *path = NULL;
    double *matrix = NULL;
    spk_status status = read_square(o, name, n, &matrix, &path);
    if (status != SPK_OK)
        return status;
    for (int64_t k = 0; k < n; k++)
        matrix[k * n + k] += ridge;
    int64_t *order = spk__alloc(o->ctx, n, sizeof *order);
    if (order == NULL)
        return spk__fail_memory(o->ctx);
    const int64_t bad = invert(matrix, n, order);
    spk__free(order);
    if (bad >= 0)
        return spk__fail(o->ctx, SPK_ERR_FORMAT,
                         "%s: expected a matrix that has an inverse, found none from "
                         "column %lld on",
                         path, (long long)bad);
    *out = matrix;
    return SPK_OK;
}

/* A multiple of the identity: what Kilosort 4 wrote for phy before it wrote its matrix. */
static int is_scalar(const double *matrix, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            if (matrix[i * n + j] != (i == j ? matrix[0] : 0.0))
                return 0;
    return 1;
}

static spk_status read_unwhiten(opening *o)
{
    const int64_t n = o->out->n_channels;
    const char *path = NULL;
    double *matrix = NULL;
    spk_status status = SPK_OK;
    if (spk__folder_has(&o->names, "whitening_mat_inv.npy"))
        status = read_square(o, "whitening_mat_inv.npy", n, &matrix, &path);
    else if (spk__folder_has(&o->names, "whitening_mat.npy"))
        status = read_inverse(o, "whitening_mat.npy", n, 0.0, &matrix);
    else
        spk__log(o->ctx, SPK_LOG_INFO,
                 "%s: no whitening matrix beside it; templates are taken as they are",
                 o->path);
    if (status == SPK_OK && matrix != NULL && is_scalar(matrix, n) &&
        spk__folder_has(&o->names, "whitening_mat_dat.npy")) {
        spk__log(o->ctx, SPK_LOG_INFO,
                 "%s/whitening_mat_inv.npy: a placeholder; whitening_mat_dat.npy is "
                 "inverted in its place",
                 o->folder);
        status = read_inverse(o, "whitening_mat_dat.npy", n, 1e-5, &matrix);
    }
    o->out->unwhiten = matrix;
    return status;
}

/* ---- waveforms and channels ---- */

static spk_status map_waveforms(opening *o, const char *name)
{
    const spk_array *values = NULL;
    char shape[128];
    spk_status status =
        spk__session_map(o->ctx, o->session, o->folder, name, &values, &o->path);
    if (status != SPK_OK)
        return status;
    spk__array_shape_text(values, shape);
    SPK_REQUIRE(o->ctx, values->n_dimensions == 3, SPK_ERR_FORMAT,
                "%s: expected shape (templates, samples, channels), found %s", o->path,
                shape);
    SPK_REQUIRE(o->ctx,
                values->dtype == SPK_DTYPE_FLOAT32 || values->dtype == SPK_DTYPE_FLOAT64,
                SPK_ERR_FORMAT, "%s: expected float32 or float64, found %s", o->path,
                spk_dtype_name(values->dtype));
    SPK_REQUIRE(o->ctx,
                values->shape[1] > 0 && values->shape[2] > 0 &&
                    values->shape[0] <= INT32_MAX && values->shape[2] <= INT32_MAX,
                SPK_ERR_FORMAT, "%s: expected samples and channels, found shape %s",
                o->path, shape);
    o->out->values = values;
    o->out->n_templates = values->shape[0];
    o->out->n_samples = values->shape[1];
    o->out->n_local = values->shape[2];
    return SPK_OK;
}

/* Rows of the whitening matrix, 0 if there is none. It is opened again when read. */
static spk_status count_whitened(opening *o, int64_t *n)
{
    static const char *const names[] = {"whitening_mat_inv.npy", "whitening_mat.npy"};
    *n = 0;
    for (int k = 0; k < 2 && *n == 0; k++) {
        spk_npy *npy = NULL;
        if (!spk__folder_has(&o->names, names[k]))
            continue;
        char *full = spk__path_join(o->ctx, o->folder, names[k]);
        if (full == NULL)
            return spk__fail_memory(o->ctx);
        const spk_status status = spk_npy_open(o->ctx, full, &npy);
        spk__free(full);
        if (status != SPK_OK)
            return status;
        *n = spk_npy_array(npy)->n_dimensions > 0 ? spk_npy_array(npy)->shape[0] : 0;
        spk_npy_close(npy);
    }
    return SPK_OK;
}

/* Channels of each template where only some are stored. `n_channels` is 0 if neither
 * positions nor a whitening matrix tell it; otherwise n_channels means padding, as -1. */
static spk_status read_channels(opening *o, const char *name)
{
    spk_templates *t = o->out;
    const int64_t n = t->n_templates * t->n_local;
    const spk_array *array = NULL;
    spk_status status = spk__session_map_rows(o->ctx, o->session, o->folder, name,
                                              t->n_templates, t->n_local, &array);
    if (status != SPK_OK)
        return status;
    const char *path = o->session->inputs[o->session->n_inputs - 1];
    int32_t *channels = spk__alloc(o->ctx, n, sizeof *channels);
    if ((status = spk__session_keep(o->ctx, o->session, channels)) != SPK_OK)
        return status;
    const int64_t limit = t->n_channels > 0 ? t->n_channels : INT32_MAX;
    int64_t largest = -1;
    for (int64_t k = 0; k < n; k++) {
        int64_t channel = 0;
        if ((status = spk__array_read_int64(o->ctx, path, array, k, 1, &channel)) !=
            SPK_OK)
            return status;
        if (channel < -1 || channel > limit)
            return spk__fail(o->ctx, SPK_ERR_FORMAT,
                             "%s: expected channels in 0 .. %lld or -1, found %lld at "
                             "index %lld",
                             path, (long long)limit - 1, (long long)channel,
                             (long long)k);
        channels[k] = channel == limit ? -1 : (int32_t)channel;
        if (channels[k] > largest)
            largest = channels[k];
    }
    t->channels = channels;
    if (t->n_channels == 0)
        t->n_channels = largest + 1;
    return SPK_OK;
}

static spk_status set_channels(opening *o, const char *indices, int64_t n_whitened)
{
    spk_templates *t = o->out;
    const spk_array *positions = o->session->channel_positions;
    if (indices == NULL) {
        t->n_channels = t->n_local;
        SPK_REQUIRE(o->ctx, n_whitened == 0 || n_whitened == t->n_channels,
                    SPK_ERR_FORMAT,
                    "%s: expected %lld channels as the whitening matrix has, found %lld",
                    o->path, (long long)n_whitened, (long long)t->n_channels);
        SPK_REQUIRE(o->ctx, positions == NULL || positions->shape[0] == t->n_channels,
                    SPK_ERR_FORMAT,
                    "%s: expected %lld channels as there are channel positions, found "
                    "%lld",
                    o->path, (long long)positions->shape[0], (long long)t->n_channels);
        return SPK_OK;
    }
    t->n_channels = positions != NULL ? positions->shape[0] : n_whitened;
    SPK_REQUIRE(o->ctx, n_whitened == 0 || n_whitened == t->n_channels, SPK_ERR_FORMAT,
                "%s: expected a whitening matrix of %lld channels as there are channel "
                "positions, found %lld",
                o->path, (long long)t->n_channels, (long long)n_whitened);
    return read_channels(o, indices);
}

static spk_status open_all(opening *o)
{
    const int is_alf = strcmp(o->session->format, "alf") == 0;
    const char *name, *indices;
    int64_t n_whitened = 0;
    spk_status status = SPK_OK;
    if (is_alf) {
        name = spk__alf_find(&o->names, "templates.waveforms");
        indices = spk__alf_find(&o->names, "templates.waveformsChannels");
    } else {
        name = spk__folder_has(&o->names, "templates.npy") ? "templates.npy" : NULL;
        indices =
            spk__folder_has(&o->names, "template_ind.npy") ? "template_ind.npy" : NULL;
    }
    if (name == NULL)
        return SPK_OK;
    if (o->session->spike_templates == NULL) {
        spk__log(o->ctx, SPK_LOG_WARNING,
                 "%s/%s: no template of each spike beside it; left out", o->folder, name);
        return SPK_OK;
    }
    if ((status = map_waveforms(o, name)) != SPK_OK)
        return status;
    if (!is_alf && (status = count_whitened(o, &n_whitened)) != SPK_OK)
        return status;
    if ((status = set_channels(o, indices, n_whitened)) != SPK_OK)
        return status;
    if (!is_alf && (status = read_unwhiten(o)) != SPK_OK)
        return status;
    if ((status = spk__session_channel_xy(o->ctx, o->session,
                                          &o->out->channel_positions_um)) != SPK_OK)
        return status;
    status = spk__session_template_rows(o->ctx, o->session, name, o->out->n_templates,
                                        &o->out->spike_templates);
    const double rate_hz = o->session->spikes.sampling_rate_hz;
    o->out->sampling_rate_hz = rate_hz == SPK__NANOSECONDS_HZ ? 0.0 : rate_hz;
    return status;
}

spk_status spk_session_templates(spk_context *ctx, spk_session *session,
                                 const spk_templates **templates)
{
    SPK_REQUIRE(ctx, templates != NULL, SPK_ERR_ARGUMENT, "templates must not be NULL");
    *templates = NULL;
    SPK_REQUIRE(ctx, session != NULL, SPK_ERR_ARGUMENT, "session must not be NULL");
    const int is_folder =
        strcmp(session->format, "kilosort") == 0 || strcmp(session->format, "alf") == 0;
    if (is_folder && !session->looked_for_templates) {
        const spk__session_mark mark = spk__session_mark_now(session);
        opening o = {.ctx = ctx, .session = session, .folder = session->path};
        o.out = spk__alloc_zero(ctx, 1, sizeof *o.out);
        spk_status status = spk__session_keep(ctx, session, o.out);
        if (status == SPK_OK)
            status = spk__folder_read(ctx, session->path, &o.names);
        if (status == SPK_OK)
            status = open_all(&o);
        spk__folder_free(&o.names);
        if (status != SPK_OK) {
            spk__session_undo(session, mark);
            return status;
        }
        session->looked_for_templates = 1;
        session->templates = o.out->values == NULL ? NULL : o.out;
    }
    *templates = session->templates;
    return SPK_OK;
}
