/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "files/session_state.h"

#include <math.h>
#include <string.h>

/* Hoare's selection: afterwards values[k] is the k-th smallest, none before it is larger and
 * none after it smaller. The middle of three as pivot; on average O(n). */
static double select_kth(double *values, int64_t n, int64_t k)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        double a = values[low], b = values[low + (high - low) / 2], c = values[high];
        double pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        int64_t i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i <= j) {
                double swap = values[i];
                values[i++] = values[j];
                values[j--] = swap;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            break;
    }
    return values[k];
}

/* NaN without values; the mean of the middle two of an even number. */
static double median(double *values, int64_t n)
{
    if (n == 0)
        return NAN;
    double upper = select_kth(values, n, n / 2);
    if (n % 2 == 1)
        return upper;
    double lower = values[0];
    for (int64_t k = 1; k < n / 2; k++)
        lower = values[k] > lower ? values[k] : lower;
    return lower + (upper - lower) / 2;
}

/* Medians over the spikes of each unit, spikes without a position (NaN) left out. */
static spk_status from_spikes(spk_context *ctx, const spk_session *session,
                              double *positions)
{
    const spk_spikes *spikes = &session->spikes;
    int64_t n = spikes->n_spikes, n_units = spikes->n_units;
    spk_status status = SPK_OK;
    int64_t *ends = spk__alloc(ctx, n_units + 1, sizeof *ends);
    double *xy = spk__alloc(ctx, 2 * n, sizeof *xy);
    double *grouped = spk__alloc(ctx, n, sizeof *grouped);
    if (ends == NULL || xy == NULL || grouped == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    status = spk__array_read_double(ctx, "spike positions", session->spike_positions, 0,
                                    2 * n, xy);
    if (status != SPK_OK)
        goto cleanup;
    for (int axis = 0; axis < 2; axis++) {
        memset(ends, 0, (size_t)(n_units + 1) * sizeof *ends);
        for (int64_t k = 0; k < n; k++)
            ends[spikes->units[k] + 1] += !isnan(xy[2 * k + axis]);
        for (int64_t u = 0; u < n_units; u++)
            ends[u + 1] += ends[u];
        /* While values are put in their places, ends[u] runs from the unit's start to the
         * next one's. */
        for (int64_t k = 0; k < n; k++)
            if (!isnan(xy[2 * k + axis]))
                grouped[ends[spikes->units[k]]++] = xy[2 * k + axis];
        for (int64_t u = 0; u < n_units; u++) {
            int64_t start = u == 0 ? 0 : ends[u - 1];
            positions[2 * u + axis] = median(grouped + start, ends[u] - start);
        }
    }
cleanup:
    spk__free(ends);
    spk__free(xy);
    spk__free(grouped);
    return status;
}

/* Row `row` of an array, NaN beyond it. */
static double value_at(const spk_array *array, int64_t row, int64_t n_columns,
                       int64_t column)
{
    double value = NAN;
    if (array == NULL || row < 0 || row >= array->shape[0])
        return NAN;
    /* Cannot fail: numbers convert. */
    if (spk__array_read_double(NULL, "", array, row * n_columns + column, 1, &value) !=
        SPK_OK)
        return NAN;
    return value;
}

/* ALF: the row of a unit is its id. */
static void from_clusters(const spk_session *session, double *positions)
{
    for (int64_t u = 0; u < session->spikes.n_units; u++) {
        int64_t id = session->unit_ids[u];
        double channel = value_at(session->unit_channels, id, 1, 0);
        int64_t row = channel >= 0 && channel < 0x1p31 ? (int64_t)channel : -1;
        double depth = value_at(session->unit_depths, id, 1, 0);
        positions[2 * u] = value_at(session->channel_positions, row, 2, 0);
        positions[2 * u + 1] =
            isnan(depth) ? value_at(session->channel_positions, row, 2, 1) : depth;
    }
}

spk_status spk_session_unit_positions(spk_context *ctx, spk_session *session,
                                      double *positions_um)
{
    SPK_REQUIRE(ctx, session != NULL, SPK_ERR_ARGUMENT, "session must not be NULL");
    int64_t n_units = session->spikes.n_units;
    SPK_REQUIRE(ctx, positions_um != NULL || n_units == 0, SPK_ERR_ARGUMENT,
                "positions_um must not be NULL");
    int has_clusters =
        session->unit_depths != NULL ||
        (session->unit_channels != NULL && session->channel_positions != NULL);
    SPK_REQUIRE(ctx, session->spike_positions != NULL || has_clusters, SPK_ERR_NOT_FOUND,
                "%s: expected positions of spikes or units, found none", session->path);
    if (session->unit_positions == NULL) {
        double *positions = spk__alloc(ctx, n_units, 2 * sizeof *positions);
        if (positions == NULL)
            return spk__fail_memory(ctx);
        spk_status status = SPK_OK;
        if (session->spike_positions != NULL)
            status = from_spikes(ctx, session, positions);
        else
            from_clusters(session, positions);
        if (status != SPK_OK) {
            spk__free(positions);
            return status;
        }
        session->unit_positions = positions;
    }
    if (n_units > 0)
        memcpy(positions_um, session->unit_positions,
               (size_t)n_units * 2 * sizeof *positions_um);
    return SPK_OK;
}

spk_status spk__session_channel_xy(spk_context *ctx, spk_session *session,
                                   const double **positions_um)
{
    const spk_array *positions = session->channel_positions;
    *positions_um = NULL;
    if (positions == NULL)
        return SPK_OK;
    if (positions->dtype == SPK_DTYPE_FLOAT64 && spk__array_is_plain(positions)) {
        *positions_um = positions->data;
        return SPK_OK;
    }
    double *copy = spk__alloc(ctx, positions->n_elements, sizeof *copy);
    spk_status status = spk__session_keep(ctx, session, copy);
    if (status == SPK_OK)
        status = spk__array_read_double(ctx, "channel_positions.npy", positions, 0,
                                        positions->n_elements, copy);
    if (status == SPK_OK)
        *positions_um = copy;
    return status;
}
