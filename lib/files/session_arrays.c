/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/session_state.h"

#include <math.h>
#include <string.h>

spk_status spk_session_open_arrays(spk_context *ctx, const char *times_path,
                                   const char *units_path,
                                   const spk_session_options *options, spk_session **out)
{
    SPK_REQUIRE(ctx, out != NULL, SPK_ERR_ARGUMENT, "session must not be NULL");
    *out = NULL;
    SPK_REQUIRE(ctx, times_path != NULL && units_path != NULL, SPK_ERR_ARGUMENT,
                "times_path and units_path must not be NULL");
    spk_session *session = NULL;
    const spk_array *times, *ids;
    spk_status status = spk__session_start(ctx, "arrays", times_path, options, &session);
    if (status != SPK_OK)
        return status;
    status = spk__session_map(ctx, session, NULL, times_path, &times, NULL);
    if (status != SPK_OK)
        goto cleanup;
    double rate = session->options.sampling_rate_hz;
    int is_seconds =
        times->dtype >= SPK_DTYPE_FLOAT16 && times->dtype <= SPK_DTYPE_FLOAT64;
    if (!is_seconds && rate == 0) {
        status = spk__fail(ctx, SPK_ERR_ARGUMENT,
                           "%s: times are whole numbers, samples; give the sampling rate",
                           times_path);
        goto cleanup;
    }
    session->spikes.sampling_rate_hz = rate > 0 ? rate : SPK__NANOSECONDS_HZ;
    status = is_seconds ? spk__session_set_seconds(ctx, session, times_path, times,
                                                   session->spikes.sampling_rate_hz)
                        : spk__session_set_samples(ctx, session, times_path, times);
    if (status != SPK_OK ||
        (status = spk__session_map(ctx, session, NULL, units_path, &ids, NULL)) !=
            SPK_OK ||
        (status = spk__session_set_units(ctx, session, units_path, ids)) != SPK_OK)
        goto cleanup;
    status = spk__session_finish_spikes(ctx, session, times_path, -1);
cleanup:
    if (status == SPK_OK)
        *out = session;
    else
        spk_session_close(session);
    return status;
}

/* The promises of spk_spikes, and ids that rise. */
static spk_status check_table(spk_context *ctx, const spk_spikes *spikes,
                              const int64_t *unit_ids)
{
    SPK_REQUIRE(ctx, spikes != NULL, SPK_ERR_ARGUMENT, "spikes must not be NULL");
    int64_t n = spikes->n_spikes;
    SPK_REQUIRE(ctx, n >= 0 && spikes->n_units >= 0 && spikes->n_units <= INT32_MAX,
                SPK_ERR_ARGUMENT, "n_spikes and n_units must be >= 0, got %lld and %lld",
                (long long)n, (long long)spikes->n_units);
    SPK_REQUIRE(ctx, n == 0 || (spikes->samples != NULL && spikes->units != NULL),
                SPK_ERR_ARGUMENT, "samples and units must not be NULL");
    SPK_REQUIRE(ctx, spikes->sampling_rate_hz > 0 && isfinite(spikes->sampling_rate_hz),
                SPK_ERR_ARGUMENT, "sampling_rate_hz must be positive and finite, got %g",
                spikes->sampling_rate_hz);
    SPK_REQUIRE(ctx, spikes->start_sample <= spikes->stop_sample, SPK_ERR_ARGUMENT,
                "start_sample must be <= stop_sample, got %lld and %lld",
                (long long)spikes->start_sample, (long long)spikes->stop_sample);
    for (int64_t k = 0; k < n; k++) {
        SPK_REQUIRE(ctx, spikes->units[k] >= 0 && spikes->units[k] < spikes->n_units,
                    SPK_ERR_ARGUMENT, "units[%lld] must be in 0 .. n_units - 1, got %d",
                    (long long)k, (int)spikes->units[k]);
        SPK_REQUIRE(ctx, k == 0 || spikes->samples[k] >= spikes->samples[k - 1],
                    SPK_ERR_UNSORTED, "samples[%lld] must be >= the one before, got %lld",
                    (long long)k, (long long)spikes->samples[k]);
    }
    SPK_REQUIRE(ctx,
                n == 0 || (spikes->samples[0] >= spikes->start_sample &&
                           spikes->samples[n - 1] < spikes->stop_sample),
                SPK_ERR_ARGUMENT, "samples must be in start_sample .. stop_sample - 1");
    for (int64_t u = 1; unit_ids != NULL && u < spikes->n_units; u++)
        SPK_REQUIRE(ctx, unit_ids[u] > unit_ids[u - 1], SPK_ERR_ARGUMENT,
                    "unit_ids[%lld] must be above the one before, got %lld", (long long)u,
                    (long long)unit_ids[u]);
    return SPK_OK;
}

/* A copy that the session keeps. */
static spk_status keep_copy(spk_context *ctx, spk_session *session, const void *data,
                            int64_t count, size_t size, void **copy)
{
    *copy = spk__alloc(ctx, count, size);
    spk_status status = spk__session_keep(ctx, session, *copy);
    if (status == SPK_OK && count > 0 && data != NULL)
        memcpy(*copy, data, (size_t)count * size);
    return status;
}

spk_status spk_session_create(spk_context *ctx, const spk_spikes *spikes,
                              const int64_t *unit_ids, spk_session **out)
{
    SPK_REQUIRE(ctx, out != NULL, SPK_ERR_ARGUMENT, "session must not be NULL");
    *out = NULL;
    spk_session *session = NULL;
    void *samples, *units, *ids;
    spk_status status = check_table(ctx, spikes, unit_ids);
    if (status != SPK_OK ||
        (status = spk__session_start(ctx, "memory", "", NULL, &session)) != SPK_OK)
        return status;
    int64_t n = spikes->n_spikes, n_units = spikes->n_units;
    if ((status = keep_copy(ctx, session, spikes->samples, n, sizeof(int64_t),
                            &samples)) != SPK_OK ||
        (status = keep_copy(ctx, session, spikes->units, n, sizeof(int32_t), &units)) !=
            SPK_OK ||
        (status = keep_copy(ctx, session, unit_ids, n_units, sizeof(int64_t), &ids)) !=
            SPK_OK) {
        spk_session_close(session);
        return status;
    }
    session->spikes = *spikes;
    session->spikes.samples = samples;
    session->spikes.units = units;
    session->unit_ids = ids;
    for (int64_t u = 0; unit_ids == NULL && u < n_units; u++)
        session->unit_ids[u] = u;
    *out = session;
    return SPK_OK;
}
