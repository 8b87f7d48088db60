/* SPDX-License-Identifier: BSD-3-Clause */
/* Where units are: as the session says, or else where their templates are large. */
#include "report_data.h"

#include <math.h>
#include <spikekit/templates.h>
#include <stdlib.h>

static spk_status place_templates(spk_context *ctx, const spk_templates *templates,
                                  const spk_spikes *spikes, double *positions_um)
{
    spk_unit_templates *units = NULL;
    spk_templates_locations_options options;
    spk_templates_locations_options_init(&options, sizeof options);
    options.method = SPK_LOCATION_CENTER_OF_MASS;
    double *locations = malloc(((size_t)spikes->n_units * 4 + 1) *
                               sizeof *locations); /* x, y, z, alpha */
    spk_status status = locations == NULL
                            ? SPK_ERR_MEMORY
                            : spk_unit_templates_create(ctx, templates, spikes, &units);
    if (status == SPK_OK)
        status = spk_templates_locations(ctx, units, &options, locations);
    for (int64_t u = 0; status == SPK_OK && u < spikes->n_units; u++) {
        positions_um[2 * u] = locations[4 * u];
        positions_um[2 * u + 1] = locations[4 * u + 1];
    }
    spk_unit_templates_destroy(units);
    free(locations);
    return status;
}

spk_status report_positions_find(spk_context *ctx, spk_session *session,
                                 double *positions_um, report_position_source *source)
{
    const spk_spikes *spikes = spk_session_spikes(session);
    const spk_templates *templates = NULL;
    *source = REPORT_POSITIONS_SESSION;
    spk_status status = spk_session_unit_positions(ctx, session, positions_um);
    if (status != SPK_ERR_NOT_FOUND)
        return status;
    *source = REPORT_POSITIONS_NONE;
    for (int64_t i = 0; i < 2 * spikes->n_units; i++)
        positions_um[i] = (double)NAN;
    status = spk_session_templates(ctx, session, &templates);
    if (status != SPK_OK || templates == NULL || templates->channel_positions_um == NULL)
        return status;
    *source = REPORT_POSITIONS_TEMPLATES;
    return place_templates(ctx, templates, spikes, positions_um);
}
