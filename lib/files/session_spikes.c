/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times and units become the spike table, in place where the file's type is the table's. One
 * pass looks at each array; only files out of order cost more.
 */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/session_state.h"
#include "files/sort.h"
#include "files/unit_index.h"

#include <math.h>

enum {
    BLOCK = 4096,
    SUSPECT_S = 360000 /* 100 h: no recording, but samples of one */
};

spk_status spk__session_check_vector(spk_context *ctx, const char *path,
                                     const spk_array *array)
{
    char shape[128];
    spk__array_shape_text(array, shape);
    SPK_REQUIRE(
        ctx,
        array->n_dimensions == 1 || (array->n_dimensions == 2 && array->shape[1] == 1),
        SPK_ERR_FORMAT, "%s: expected shape (n,) or (n, 1), found %s", path, shape);
    SPK_REQUIRE(ctx, spk_dtype_size(array->dtype) > 0, SPK_ERR_FORMAT,
                "%s: expected numbers, found %s", path, spk_dtype_name(array->dtype));
    return SPK_OK;
}

static spk_status check_unsigned(spk_context *ctx, const char *path,
                                 const spk_array *times)
{
    const int64_t *samples = times->data;
    int64_t n = times->n_elements, all = 0;
    for (int64_t k = 0; k < n; k++)
        all |= samples[k];
    if (all >= 0)
        return SPK_OK;
    int64_t k = 0;
    while (samples[k] >= 0)
        k++;
    return spk__fail(ctx, SPK_ERR_OVERFLOW,
                     "%s: expected times within int64, found %llu at index %lld", path,
                     (unsigned long long)samples[k], (long long)k);
}

spk_status spk__session_set_samples(spk_context *ctx, spk_session *session,
                                    const char *path, const spk_array *times)
{
    spk_status status = spk__session_check_vector(ctx, path, times);
    if (status != SPK_OK)
        return status;
    session->spikes.n_spikes = times->n_elements;
    if (spk__array_is_plain(times) &&
        (times->dtype == SPK_DTYPE_INT64 || times->dtype == SPK_DTYPE_UINT64)) {
        session->spikes.samples = times->data;
        return times->dtype == SPK_DTYPE_UINT64 ? check_unsigned(ctx, path, times)
                                                : SPK_OK;
    }
    int64_t *samples = spk__alloc(ctx, times->n_elements, sizeof *samples);
    if ((status = spk__session_keep(ctx, session, samples)) != SPK_OK)
        return status;
    session->spikes.samples = samples;
    return spk__array_read_int64(ctx, path, times, 0, times->n_elements, samples);
}

spk_status spk__session_set_seconds(spk_context *ctx, spk_session *session,
                                    const char *path, const spk_array *times,
                                    double rate_hz)
{
    spk_status status = spk__session_check_vector(ctx, path, times);
    if (status != SPK_OK)
        return status;
    const int64_t n = times->n_elements;
    int64_t *samples = spk__alloc(ctx, n, sizeof *samples);
    if ((status = spk__session_keep(ctx, session, samples)) != SPK_OK)
        return status;
    session->spikes.n_spikes = n;
    session->spikes.samples = samples;
    double block[BLOCK], latest_s = 0.0;
    for (int64_t first = 0; first < n; first += BLOCK) {
        int64_t length = n - first < BLOCK ? n - first : BLOCK;
        status = spk__array_read_double(ctx, path, times, first, length, block);
        if (status != SPK_OK)
            return status;
        for (int64_t k = 0; k < length; k++) {
            double sample = rint(block[k] * rate_hz);
            if (!(fabs(sample) < 0x1p62)) {
                int is_finite = isfinite(block[k]);
                return spk__fail(ctx, is_finite ? SPK_ERR_OVERFLOW : SPK_ERR_FORMAT,
                                 "%s: expected times %s, found %g at index %lld", path,
                                 is_finite ? "below 2^62 samples" : "that are finite",
                                 block[k], (long long)(first + k));
            }
            samples[first + k] = (int64_t)sample;
            latest_s = fmax(latest_s, block[k]);
        }
    }
    if (latest_s > SUSPECT_S)
        spk__log(
            ctx, SPK_LOG_WARNING,
            "%s: times of type %s are taken for seconds, the last is at %.0f h; if they "
            "are samples, save them as whole numbers",
            path, spk_dtype_name(times->dtype), latest_s / 3600.0);
    return SPK_OK;
}

spk_status spk__session_set_units(spk_context *ctx, spk_session *session,
                                  const char *path, const spk_array *ids)
{
    spk__unit_index index;
    spk_status status = spk__session_check_vector(ctx, path, ids);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, ids->n_elements == session->spikes.n_spikes, SPK_ERR_FORMAT,
                "%s: expected %lld values, one for each spike time, found %lld", path,
                (long long)session->spikes.n_spikes, (long long)ids->n_elements);
    if ((status = spk__unit_index_make(ctx, path, ids, &index)) != SPK_OK)
        return status;
    if ((status = spk__session_keep(ctx, session, index.unit_ids)) != SPK_OK) {
        spk__free(index.block);
        return status;
    }
    if (index.block != NULL &&
        (status = spk__session_keep(ctx, session, index.block)) != SPK_OK)
        return status;
    session->unit_ids = index.unit_ids;
    session->spikes.n_units = index.n_units;
    session->spikes.units = index.units;
    return SPK_OK;
}

/* The first k with samples[k] < samples[k - 1]; n if in order. */
static int64_t find_disorder(const int64_t *samples, int64_t n)
{
    for (int64_t first = 1; first < n; first += BLOCK) {
        int64_t last = n - first < BLOCK ? n : first + BLOCK;
        int64_t bad = 0;
        for (int64_t k = first; k < last; k++)
            bad |= samples[k] < samples[k - 1];
        if (bad)
            for (int64_t k = first; k < last; k++)
                if (samples[k] < samples[k - 1])
                    return k;
    }
    return n;
}

/* Gives an array of the session its rows in the new order. */
static spk_status permute(spk_context *ctx, spk_session *session, const spk_array *array,
                          const int64_t *order)
{
    if (array == NULL)
        return SPK_OK;
    void *rows = spk__alloc(ctx, (int64_t)spk__array_bytes(array), 1);
    spk_status status = spk__session_keep(ctx, session, rows);
    if (status != SPK_OK)
        return status;
    spk__array_take_rows(array, order, rows);
    spk_array *own = &session->arrays[array - session->arrays];
    own->data = rows;
    own->swapped = 0;
    own->fortran_order = 0;
    return SPK_OK;
}

static spk_status sort_spikes(spk_context *ctx, spk_session *session)
{
    spk_spikes *spikes = &session->spikes;
    int64_t n = spikes->n_spikes;
    int64_t *order = spk__alloc(ctx, n, sizeof *order);
    spk_status status = spk__session_keep(ctx, session, order);
    if (status != SPK_OK)
        return status;
    int64_t *samples = spk__alloc(ctx, n, sizeof *samples);
    if ((status = spk__session_keep(ctx, session, samples)) != SPK_OK)
        return status;
    int32_t *units = spk__alloc(ctx, n, sizeof *units);
    if ((status = spk__session_keep(ctx, session, units)) != SPK_OK ||
        (status = spk__stable_order(ctx, spikes->samples, n, order)) != SPK_OK)
        return status;
    session->order = order;
    for (int64_t k = 0; k < n; k++) {
        samples[k] = spikes->samples[order[k]];
        units[k] = spikes->units[order[k]];
    }
    spikes->samples = samples;
    spikes->units = units;
    if ((status = permute(ctx, session, session->amplitudes, order)) != SPK_OK ||
        (status = permute(ctx, session, session->spike_positions, order)) != SPK_OK)
        return status;
    return permute(ctx, session, session->spike_templates, order);
}

/* The templates as int32, in place if the type allows. Negative ones are left for the caller
 * to find; what int32 cannot hold is -1 then. */
static spk_status set_template_rows(spk_context *ctx, spk_session *session)
{
    const spk_array *templates = session->spike_templates;
    const int64_t n = templates->n_elements;
    if (spk__array_is_plain(templates) &&
        (templates->dtype == SPK_DTYPE_INT32 || templates->dtype == SPK_DTYPE_UINT32)) {
        session->template_rows = templates->data;
        return SPK_OK;
    }
    int32_t *rows = spk__alloc(ctx, n, sizeof *rows);
    if (rows == NULL)
        return spk__fail_memory(ctx);
    int64_t block[BLOCK];
    for (int64_t first = 0; first < n; first += BLOCK) {
        int64_t length = n - first < BLOCK ? n - first : BLOCK;
        spk_status status = spk__array_read_int64(ctx, "spike_templates.npy", templates,
                                                  first, length, block);
        if (status != SPK_OK) {
            spk__free(rows);
            return status;
        }
        for (int64_t k = 0; k < length; k++)
            rows[first + k] =
                block[k] < 0 || block[k] > INT32_MAX ? -1 : (int32_t)block[k];
    }
    spk_status status = spk__session_keep(ctx, session, rows);
    if (status == SPK_OK)
        session->template_rows = rows;
    return status;
}

spk_status spk__session_template_rows(spk_context *ctx, spk_session *session,
                                      const char *table, int64_t n_rows,
                                      const int32_t **rows)
{
    if (session->template_rows == NULL) {
        spk_status status = set_template_rows(ctx, session);
        if (status != SPK_OK)
            return status;
    }
    const int32_t *all = session->template_rows;
    const int64_t n = session->spikes.n_spikes;
    for (int64_t k = 0; k < n; k++) {
        if (all[k] >= 0 && all[k] < n_rows)
            continue;
        int64_t found = all[k];
        (void)spk__array_read_int64(NULL, "", session->spike_templates, k, 1, &found);
        return spk__fail(ctx, SPK_ERR_FORMAT,
                         "%s/spike_templates.npy: expected templates 0 .. %lld, the rows "
                         "of %s, found %lld at spike %lld",
                         session->path, (long long)(n_rows - 1), table, (long long)found,
                         (long long)k);
    }
    *rows = all;
    return SPK_OK;
}

static spk_status set_extent(spk_context *ctx, spk_session *session,
                             const char *times_path, int64_t n_raw_samples)
{
    spk_spikes *spikes = &session->spikes;
    int64_t n = spikes->n_spikes, stop = n_raw_samples < 0 ? 0 : n_raw_samples;
    int is_known = n_raw_samples >= 0;
    if (session->options.duration_s > 0) {
        double duration = rint(session->options.duration_s * spikes->sampling_rate_hz);
        SPK_REQUIRE(ctx, duration < 0x1p62, SPK_ERR_OVERFLOW,
                    "duration_s must be below 2^62 samples, got %g",
                    session->options.duration_s);
        stop = (int64_t)duration;
        is_known = 1;
    }
    spikes->start_sample = n > 0 && spikes->samples[0] < 0 ? spikes->samples[0] : 0;
    spikes->stop_sample = stop;
    if (n == 0 || spikes->samples[n - 1] < stop)
        return SPK_OK;
    int64_t last = spikes->samples[n - 1];
    SPK_REQUIRE(ctx, last < INT64_MAX, SPK_ERR_OVERFLOW,
                "%s: expected times below 2^63 - 1, found %lld", times_path,
                (long long)last);
    if (is_known)
        spk__log(
            ctx, SPK_LOG_WARNING,
            "%s: the last spike, at sample %lld, is past the recording's %lld samples; "
            "the recording is taken to end after it",
            times_path, (long long)last, (long long)stop);
    spikes->stop_sample = last + 1;
    return SPK_OK;
}

spk_status spk__session_finish_spikes(spk_context *ctx, spk_session *session,
                                      const char *times_path, int64_t n_raw_samples)
{
    const spk_spikes *spikes = &session->spikes;
    int64_t bad = find_disorder(spikes->samples, spikes->n_spikes);
    if (bad < spikes->n_spikes) {
        SPK_REQUIRE(ctx, session->options.sort, SPK_ERR_UNSORTED,
                    "%s: expected times in order, found %lld at index %lld after %lld",
                    times_path, (long long)spikes->samples[bad], (long long)bad,
                    (long long)spikes->samples[bad - 1]);
        spk__log(ctx, SPK_LOG_INFO, "%s: times were out of order from index %lld; sorted",
                 times_path, (long long)bad);
        spk_status status = sort_spikes(ctx, session);
        if (status != SPK_OK)
            return status;
    }
    return set_extent(ctx, session, times_path, n_raw_samples);
}
