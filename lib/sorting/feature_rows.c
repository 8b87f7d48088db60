/* SPDX-License-Identifier: BSD-3-Clause */
#include "sorting/feature_rows.h"

#include "base/check.h"
#include "files/array_convert.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static spk_status check_shape(spk_context *ctx, const spk_features *f, int64_t n_spikes)
{
    SPK_REQUIRE(ctx, f->values != NULL, SPK_ERR_ARGUMENT, "features: values is NULL");
    const spk_array *values = f->values;
    spk_status status = spk__array_check(ctx, values);
    if (status != SPK_OK)
        return status;
    char shape[128];
    spk__array_shape_text(values, shape);
    SPK_REQUIRE(ctx,
                values->dtype >= SPK_DTYPE_FLOAT16 && values->dtype <= SPK_DTYPE_FLOAT64,
                SPK_ERR_ARGUMENT, "features: expected floats, found %s",
                spk_dtype_name(values->dtype));
    SPK_REQUIRE(ctx,
                f->n_rows >= 0 && f->n_components > 0 && f->n_local > 0 &&
                    f->n_channels >= 0 && f->n_channels <= INT32_MAX,
                SPK_ERR_ARGUMENT,
                "features: n_rows and n_channels must be >= 0, n_components and n_local "
                "> 0, got %" PRId64 ", %" PRId64 ", %" PRId64 " and %" PRId64,
                f->n_rows, f->n_channels, f->n_components, f->n_local);
    SPK_REQUIRE(ctx,
                values->n_dimensions == 3 && values->shape[1] == f->n_components &&
                    values->shape[2] == f->n_local,
                SPK_ERR_ARGUMENT,
                "features: expected shape (n, %" PRId64 ", %" PRId64 "), found %s",
                f->n_components, f->n_local, shape);
    SPK_REQUIRE(ctx, n_spikes < 0 || values->shape[0] == n_spikes, SPK_ERR_ARGUMENT,
                "features: expected a row for each of %" PRId64 " spikes, found shape %s",
                n_spikes, shape);
    return SPK_OK;
}

spk_status spk__features_check(spk_context *ctx, const spk_features *f, int64_t n_spikes)
{
    SPK_REQUIRE(ctx, f != NULL, SPK_ERR_ARGUMENT, "features is NULL");
    const spk_status status = check_shape(ctx, f, n_spikes);
    if (status != SPK_OK)
        return status;
    const int64_t n = f->values->shape[0];
    SPK_REQUIRE(ctx, f->channels != NULL || f->n_rows == 0, SPK_ERR_ARGUMENT,
                "features: channels is NULL");
    SPK_REQUIRE(ctx, f->rows != NULL || n == 0, SPK_ERR_ARGUMENT,
                "features: rows is NULL");
    for (int64_t r = 0; r < f->n_rows; r++)
        for (int64_t k = 0; k < f->n_local; k++) {
            const int32_t channel = f->channels[r * f->n_local + k];
            SPK_REQUIRE(ctx, channel >= -1 && channel < f->n_channels, SPK_ERR_ARGUMENT,
                        "features: channels must be -1 .. %" PRId64 ", got %" PRId32
                        " in row %" PRId64,
                        f->n_channels - 1, channel, r);
        }
    for (int64_t s = 0; s < n; s++) {
        SPK_REQUIRE(ctx, f->rows[s] >= 0 && f->rows[s] < f->n_rows, SPK_ERR_ARGUMENT,
                    "features: rows must be 0 .. %" PRId64 ", got %" PRId32
                    " at spike %" PRId64,
                    f->n_rows - 1, f->rows[s], s);
        SPK_REQUIRE(ctx, f->order == NULL || (f->order[s] >= 0 && f->order[s] < n),
                    SPK_ERR_ARGUMENT,
                    "features: order must be 0 .. %" PRId64 ", got %" PRId64
                    " at spike %" PRId64,
                    n - 1, f->order[s], s);
    }
    return SPK_OK;
}

spk__feature_rows spk__feature_rows_of(const spk_features *features)
{
    const spk_array *values = features->values;
    const ptrdiff_t size = values->item_size;
    spk__feature_rows rows = {.features = features};
    if (values->fortran_order) {
        rows.spike_stride = size;
        rows.component_stride = size * values->shape[0];
        rows.local_stride = rows.component_stride * values->shape[1];
    } else {
        rows.local_stride = size;
        rows.component_stride = size * values->shape[2];
        rows.spike_stride = rows.component_stride * values->shape[1];
    }
    rows.is_plain_float = values->dtype == SPK_DTYPE_FLOAT32 && !values->swapped;
    return rows;
}

/* Any float type and byte order, one element at a time. */
static double read_element(const spk_array *values, const uint8_t *at)
{
    spk_array one = {.dtype = values->dtype,
                     .n_elements = 1,
                     .item_size = values->item_size,
                     .swapped = values->swapped,
                     .data = at};
    double value = NAN;
    (void)spk__array_read_double(NULL, "", &one, 0, 1, &value); /* floats convert */
    return value;
}

void spk__feature_rows_read(const spk__feature_rows *rows, int64_t spike,
                            int64_t component, double *out)
{
    const spk_features *f = rows->features;
    const int64_t row = f->order == NULL ? spike : f->order[spike];
    const uint8_t *at = (const uint8_t *)f->values->data + row * rows->spike_stride +
                        component * rows->component_stride;
    if (rows->is_plain_float) {
        for (int64_t k = 0; k < f->n_local; k++, at += rows->local_stride) {
            float value;
            memcpy(&value, at, sizeof value);
            out[k] = isnan(value) ? 0 : value;
        }
        return;
    }
    for (int64_t k = 0; k < f->n_local; k++, at += rows->local_stride) {
        const double value = read_element(f->values, at);
        out[k] = isnan(value) ? 0 : value;
    }
}
