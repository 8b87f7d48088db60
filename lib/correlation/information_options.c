/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/information_options.h"

#include "base/check.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    MOST_DELAY = 100000,
    MOST_DELAYS = 1024,
    MOST_SURROGATES = 1000000
};

void spk_information_options_init(spk_information_options *options, size_t struct_size)
{
    spk_information_options defaults = {
        .struct_size = struct_size,
        .bin_s = 0.001,
        .target_history = 1,
        .source_history = 1,
        .first_delay = -1,
        .last_delay = -1,
        .bias = SPK_INFORMATION_MILLER_MADOW,
    };
    if (options != NULL)
        memcpy(options, &defaults,
               struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

spk_status spk__information_options_check(spk_context *ctx, spk_information_options *o,
                                          int is_transfer)
{
    if (o->first_delay == -1)
        o->first_delay = is_transfer;
    if (o->last_delay == -1)
        o->last_delay = o->first_delay;
    SPK_REQUIRE(ctx, o->bin_s > 0 && isfinite(o->bin_s), SPK_ERR_ARGUMENT,
                "bin_s must be above 0, got %g", o->bin_s);
    SPK_REQUIRE(ctx,
                !is_transfer || (o->target_history >= 1 &&
                                 o->target_history <= SPK__MOST_TARGET_HISTORY),
                SPK_ERR_ARGUMENT, "target_history must be in 1 .. %d, got %" PRId64,
                (int)SPK__MOST_TARGET_HISTORY, o->target_history);
    SPK_REQUIRE(ctx,
                !is_transfer || (o->source_history >= 1 &&
                                 o->source_history <= SPK__MOST_SOURCE_HISTORY),
                SPK_ERR_ARGUMENT, "source_history must be in 1 .. %d, got %" PRId64,
                (int)SPK__MOST_SOURCE_HISTORY, o->source_history);
    SPK_REQUIRE(ctx,
                o->first_delay >= is_transfer && o->first_delay <= o->last_delay &&
                    o->last_delay <= MOST_DELAY &&
                    o->last_delay - o->first_delay < MOST_DELAYS,
                SPK_ERR_ARGUMENT,
                "first_delay and last_delay must be in %d .. %d, rising, and at most %d "
                "apart, got %" PRId64 " and %" PRId64,
                is_transfer, (int)MOST_DELAY, (int)MOST_DELAYS - 1, o->first_delay,
                o->last_delay);
    SPK_REQUIRE(
        ctx, o->bias >= SPK_INFORMATION_PLUG_IN && o->bias <= SPK_INFORMATION_SURROGATES,
        SPK_ERR_ARGUMENT, "bias must be in 0 .. 2, got %d", (int)o->bias);
    SPK_REQUIRE(ctx, o->n_surrogates >= 0 && o->n_surrogates <= MOST_SURROGATES,
                SPK_ERR_ARGUMENT, "n_surrogates must be in 0 .. %d, got %" PRId64,
                (int)MOST_SURROGATES, o->n_surrogates);
    SPK_REQUIRE(ctx, o->bias != SPK_INFORMATION_SURROGATES || o->n_surrogates > 0,
                SPK_ERR_ARGUMENT, "bias 2 needs n_surrogates above 0");
    return SPK_OK;
}
