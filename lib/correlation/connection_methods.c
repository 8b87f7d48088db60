/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of methods, and what they share. */
#include "base/check.h"
#include "correlation/connection_method.h"

#include <math.h>
#include <spikekit/distributions.h>
#include <stdio.h>
#include <string.h>

/* In the order of spk_connection_method, NULL where a value has no method. */
static const spk__connection_method *const METHODS[] = {
    [SPK_CONNECTION_HOLLOW] = &spk__connection_hollow,
    [SPK_CONNECTION_ENGLISH] = &spk__connection_english,
    [SPK_CONNECTION_KOPELOWITZ] = &spk__connection_kopelowitz,
    [SPK_CONNECTION_DECONVOLUTION] = &spk__connection_deconvolution,
    [SPK_CONNECTION_GLMCC] = &spk__connection_glmcc,
    [SPK_CONNECTION_GLMCC_LR] = &spk__connection_glmcc_lr,
    [SPK_CONNECTION_REFRACTORY] = &spk__connection_refractory,
    [SPK_CONNECTION_JITTER] = &spk__connection_jitter,
};

enum {
    N_METHODS = sizeof METHODS / sizeof METHODS[0]
};

const spk__connection_method *spk__connection_method_of(int32_t method)
{
    return method >= 0 && method < N_METHODS ? METHODS[method] : NULL;
}

const spk_connection_method_info *spk_connections_method(int32_t method)
{
    const spk__connection_method *found = spk__connection_method_of(method);
    return found != NULL ? &found->info : NULL;
}

spk_status spk_connections_method_from_name(spk_context *ctx, const char *name,
                                            int32_t *method)
{
    char names[256] = "";
    size_t used = 0;
    SPK_REQUIRE(ctx, name != NULL && method != NULL, SPK_ERR_ARGUMENT,
                "name and method must not be NULL");
    for (int32_t m = 0; m < N_METHODS; m++) {
        if (METHODS[m] == NULL)
            continue;
        if (strcmp(name, METHODS[m]->info.name) == 0) {
            *method = m;
            return SPK_OK;
        }
        const int n = snprintf(names + used, sizeof names - used, "%s%s",
                               used == 0 ? "" : ", ", METHODS[m]->info.name);
        used += n > 0 && used + (size_t)n < sizeof names ? (size_t)n : 0;
    }
    return spk__fail(ctx, SPK_ERR_NOT_FOUND, "method must be one of %s, got '%s'", names,
                     name);
}

spk_connection spk__connection_blank(int32_t source, int32_t target, int32_t sign)
{
    return (spk_connection){
        .source = source,
        .target = target,
        .sign = sign,
        .latency_s = NAN,
        .count = NAN,
        .expected = NAN,
        .log_p = NAN,
        .log_q = NAN,
        .transmission = NAN,
        .transmission_lower = NAN,
        .transmission_upper = NAN,
        .effect = NAN,
    };
}

void spk__connection_set_transmission(spk_connection *test, int64_t count,
                                      double expected, int64_t n_source)
{
    const double n = (double)n_source;
    test->transmission = ((double)count - expected) / n;
    test->transmission_lower =
        (count > 0 ? spk_poisson_mean(count - 1, 0.975) : 0.0) / n - expected / n;
    test->transmission_upper = spk_poisson_mean(count, 0.025) / n - expected / n;
}
