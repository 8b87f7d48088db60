/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/check.h"
#include "base/memory.h"
#include "files/array_convert.h"
#include "linalg/product.h"
#include "sorting/unit_templates.h"

#include <inttypes.h>
#include <string.h>

spk_status spk__templates_check(spk_context *ctx, const spk_templates *t)
{
    SPK_REQUIRE(ctx, t != NULL, SPK_ERR_ARGUMENT, "templates is NULL");
    SPK_REQUIRE(ctx, t->values != NULL, SPK_ERR_ARGUMENT, "templates: values is NULL");
    const spk_status status = spk__array_check(ctx, t->values);
    if (status != SPK_OK)
        return status;
    char shape[128];
    spk__array_shape_text(t->values, shape);
    SPK_REQUIRE(ctx, spk_dtype_size(t->values->dtype) > 0, SPK_ERR_ARGUMENT,
                "templates: expected numbers, found %s",
                spk_dtype_name(t->values->dtype));
    SPK_REQUIRE(
        ctx,
        t->values->n_dimensions == 3 && t->values->shape[0] == t->n_templates &&
            t->values->shape[1] == t->n_samples && t->values->shape[2] == t->n_local,
        SPK_ERR_ARGUMENT,
        "templates: expected shape (%" PRId64 ", %" PRId64 ", %" PRId64 "), found %s",
        t->n_templates, t->n_samples, t->n_local, shape);
    SPK_REQUIRE(ctx,
                t->n_samples > 0 && t->n_channels > 0 && t->n_samples <= INT32_MAX &&
                    t->n_channels <= INT32_MAX,
                SPK_ERR_ARGUMENT,
                "templates: expected samples and channels, found %" PRId64
                " and %" PRId64,
                t->n_samples, t->n_channels);
    SPK_REQUIRE(ctx, t->channels != NULL || t->n_local == t->n_channels, SPK_ERR_ARGUMENT,
                "templates: n_local must be n_channels without channels, got %" PRId64
                " and %" PRId64,
                t->n_local, t->n_channels);
    for (int64_t k = 0; t->channels != NULL && k < t->n_templates * t->n_local; k++)
        SPK_REQUIRE(
            ctx, t->channels[k] >= -1 && t->channels[k] < t->n_channels, SPK_ERR_ARGUMENT,
            "templates: channels[%" PRId64 "] must be in -1 .. %" PRId64 ", got %" PRId32,
            k, t->n_channels - 1, t->channels[k]);
    return SPK_OK;
}

int64_t spk__templates_scratch(const spk_templates *t)
{
    return t->n_samples * (t->n_local > t->n_channels ? t->n_local : t->n_channels);
}

/* Where a template is stored on some channels: those of its matrix alone. */
static void add_sparse(const spk_templates *t, const int32_t *channels, double weight,
                       const double *stored, double *sum)
{
    for (int64_t s = 0; s < t->n_samples; s++) {
        const double *from = stored + s * t->n_local;
        double *to = sum + s * t->n_channels;
        for (int64_t k = 0; k < t->n_local; k++) {
            const double value = weight * from[k];
            if (channels[k] < 0 || value == 0.0)
                continue;
            if (t->unwhiten == NULL) {
                to[channels[k]] += value;
                continue;
            }
            const double *row = t->unwhiten + channels[k] * t->n_channels;
            for (int64_t j = 0; j < t->n_local; j++)
                if (channels[j] >= 0)
                    to[channels[j]] += value * row[channels[j]];
        }
    }
}

void spk__templates_add(const spk_templates *t, int64_t template_index, double weight,
                        double *scratch, double *sum)
{
    const int64_t n = t->n_samples * t->n_local;
    /* Numbers of any type become doubles without fail: the array was checked. */
    if (spk__array_read_double(NULL, "templates", t->values, template_index * n, n,
                               scratch) != SPK_OK)
        return;
    if (t->channels != NULL) {
        add_sparse(t, t->channels + template_index * t->n_local, weight, scratch, sum);
        return;
    }
    for (int64_t k = 0; k < n; k++)
        sum[k] += weight * scratch[k];
}

void spk__templates_finish(const spk_templates *t, double *scratch, double *sum)
{
    if (t->channels != NULL || t->unwhiten == NULL)
        return;
    const int64_t n = t->n_channels;
    memcpy(scratch, sum, (size_t)(t->n_samples * n) * sizeof *sum);
    spk__linalg_product(t->n_samples, n, n, scratch, t->unwhiten, sum);
}

spk_status spk_templates_read(spk_context *ctx, const spk_templates *templates,
                              int64_t template_index, double *waveform)
{
    const spk_status status = spk__templates_check(ctx, templates);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, waveform != NULL, SPK_ERR_ARGUMENT, "waveform is NULL");
    SPK_REQUIRE(ctx, template_index >= 0 && template_index < templates->n_templates,
                SPK_ERR_ARGUMENT,
                "template_index must be in 0 .. %" PRId64 ", got %" PRId64,
                templates->n_templates - 1, template_index);
    double *scratch = spk__alloc(ctx, spk__templates_scratch(templates), sizeof *scratch);
    if (scratch == NULL)
        return spk__fail_memory(ctx);
    memset(waveform, 0,
           (size_t)(templates->n_samples * templates->n_channels) * sizeof *waveform);
    spk__templates_add(templates, template_index, 1.0, scratch, waveform);
    spk__templates_finish(templates, scratch, waveform);
    spk__free(scratch);
    return SPK_OK;
}
