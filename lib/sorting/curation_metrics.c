/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics of a few units: those of a recording that has their spikes alone. */
#include "base/check.h"
#include "base/memory.h"
#include "sorting/curation_excerpt.h"
#include "sorting/metric_group.h"

#include <inttypes.h>
#include <string.h>

/* Groups and metrics that look at the spikes of other units. */
static const char *const of_all_units[] = {"synchrony", "isolation", (const char *)0};

static int takes_others(const spk_metric *metric)
{
    if (metric->needs & SPK_METRIC_NEEDS_FEATURES)
        return 1;
    for (int k = 0; of_all_units[k] != NULL; k++)
        if (strcmp(metric->name, of_all_units[k]) == 0 ||
            strcmp(metric->group, of_all_units[k]) == 0)
            return 1;
    return 0;
}

static int has_input(const spk_curation *c, const spk_metric *metric)
{
    const int32_t has =
        (c->options.amplitudes != NULL ? SPK_METRIC_NEEDS_AMPLITUDES : 0) |
        (c->options.spike_positions != NULL ? SPK_METRIC_NEEDS_POSITIONS : 0) |
        (c->options.templates != NULL ? SPK_METRIC_NEEDS_TEMPLATES : 0);
    return (metric->needs & ~has) == 0;
}

/* Whether a metric is wanted by name (2), or as one of a group or of all (1). */
static int is_wanted(const spk_metrics_options *options, const spk_metric *metric)
{
    int wanted = options->names == NULL && !metric->is_slow;
    for (int64_t k = 0; options->names != NULL && k < options->n_names; k++) {
        const int32_t match =
            spk_metrics_match(metric, options->definition, options->names[k]);
        if (match == 1)
            return 2;
        wanted |= match == 2 && !metric->is_slow;
    }
    return wanted;
}

/* Lists what is wanted, without what takes other units or has no input, unless it was named. */
static spk_status choose_names(spk_context *ctx, const spk_curation *c,
                               const spk_metrics_options *options, const char **names,
                               int64_t *n_names)
{
    const spk_metric *metric;
    int32_t needs;
    /* Finds the names that are not known. */
    const spk_status status = spk_metrics_needs(ctx, options, &needs);
    if (status != SPK_OK)
        return status;
    *n_names = 0;
    for (int64_t m = 0; (metric = spk_metrics_catalog(m)) != NULL; m++) {
        const int wanted = is_wanted(options, metric);
        SPK_REQUIRE(ctx, wanted < 2 || !takes_others(metric), SPK_ERR_NOT_FOUND,
                    "%s takes the spikes of other units: compute it from the whole table",
                    metric->name);
        if (wanted == 2 || (wanted && !takes_others(metric) && has_input(c, metric)))
            names[(*n_names)++] = metric->name;
    }
    return SPK_OK;
}

spk_status spk_curation_metrics(spk_context *ctx, const spk_curation *c, int64_t n_units,
                                const int64_t *unit_ids, const spk_metrics_options *given,
                                spk_metrics **metrics)
{
    SPK_REQUIRE(ctx, c != NULL && metrics != NULL, SPK_ERR_ARGUMENT,
                "curation and metrics must not be NULL");
    SPK_REQUIRE(ctx, n_units >= 0 && (unit_ids != NULL || n_units == 0), SPK_ERR_ARGUMENT,
                "unit_ids must be n_units >= 0 of them, got n_units = %" PRId64, n_units);
    spk_metrics_options options;
    spk_metrics_options_init(&options, sizeof options);
    if (given != NULL)
        options = *given;
    SPK_REQUIRE(ctx, options.periods == NULL && options.definition == NULL,
                SPK_ERR_ARGUMENT, "periods and definition must be NULL");
    spk__curation_excerpt e = {0};
    int64_t n_names = 0;
    spk_metrics_input input;
    spk_status status =
        options.epochs == NULL ? SPK_OK : spk_epochs_check(ctx, options.epochs);
    if (status != SPK_OK)
        return status;
    int64_t *slots = spk__alloc(ctx, n_units, sizeof *slots);
    const char **names = spk__alloc(ctx, spk_metrics_catalog_length(), sizeof *names);
    if (slots == NULL || names == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    for (int64_t u = 0; u < n_units; u++) {
        slots[u] = spk__curation_find(c, unit_ids[u]);
        if (slots[u] == SPK__NO_SLOT) {
            status = spk__fail(ctx, SPK_ERR_NOT_FOUND, "no unit %" PRId64, unit_ids[u]);
            goto cleanup;
        }
    }
    if ((status = choose_names(ctx, c, &options, names, &n_names)) != SPK_OK ||
        (status = spk__curation_excerpt_make(ctx, c, options.epochs, 1, n_units, slots,
                                             &e)) != SPK_OK ||
        (status = spk__curation_excerpt_values(ctx, c, &e)) != SPK_OK)
        goto cleanup;
    options.names = names;
    options.n_names = n_names;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = &e.spikes;
    input.amplitudes = e.amplitudes == NULL ? NULL : &e.amplitude_array;
    input.spike_positions = e.positions == NULL ? NULL : &e.position_array;
    input.templates = e.spike_templates == NULL ? NULL : &e.templates;
    status = spk_metrics_compute(ctx, &input, &options, metrics);
    if (status == SPK_OK)
        spk__metrics_keep_units(*metrics, n_units);
cleanup:
    spk__curation_excerpt_free(&e);
    spk__free(names);
    spk__free(slots);
    return status;
}
