/* SPDX-License-Identifier: BSD-3-Clause */
/* What the library would refuse in its own words is refused here in those of the shell. */
#include "command.h"
#include "connect.h"
#include "window_argument.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAME "connect"

static double given_or(double given, double otherwise)
{
    return isnan(given) ? otherwise : given;
}

int connect_check_join(const connect_arguments *a)
{
    const struct {
        const char *option;
        int is_given;
    } others[] = {
        {"--method", a->method != NULL},
        {"--signs", a->signs != NULL},
        {"--bin-ms", !isnan(a->bin_ms)},
        {"--window-ms", !isnan(a->window_ms)},
        {"--min-latency-ms", !isnan(a->min_latency_ms)},
        {"--max-latency-ms", !isnan(a->max_latency_ms)},
        {"--width-ms", !isnan(a->width_ms)},
        {"--skip-center", a->skip_center != NULL},
        {"--alpha", !isnan(a->alpha)},
        {"--epochs", a->epochs != NULL},
        {"--units", strcmp(a->units, "all") != 0},
        {"--near", a->near_um >= 0.0},
        {"--pairs", a->pairs != NULL},
    };
    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
        if (others[k].is_given)
            return command_fail_usage(
                NAME, "--join takes the parts as they were made; leave out %s",
                others[k].option);
    return COMMAND_OK;
}

int connect_check_method(const connect_arguments *a,
                         const spk_connection_method_info *info)
{
    if (!isnan(a->width_ms) && isnan(info->width_s))
        return command_fail_usage(NAME, "--width-ms: method %s has none; leave it out",
                                  info->name);
    if (!isnan(a->alpha) && isnan(info->alpha))
        return command_fail_usage(NAME, "--alpha: method %s has none; leave it out",
                                  info->name);
    if (!isnan(a->width_ms) && !(a->width_ms > 0.0 && isfinite(a->width_ms)))
        return command_fail_usage(NAME, "--width-ms: expected more than 0 ms, found %g",
                                  a->width_ms);
    if (!isnan(a->alpha) && !(a->alpha > 0.0 && a->alpha < 1.0))
        return command_fail_usage(
            NAME, "--alpha: expected a level between 0 and 1, found %g", a->alpha);
    return COMMAND_OK;
}

static int check_latencies(const connect_arguments *a,
                           const spk_connection_method_info *info, double rate,
                           const spk_correlogram_options *bins)
{
    const double min_ms = given_or(a->min_latency_ms, 1e3 * info->min_latency_s);
    const double max_ms = given_or(a->max_latency_ms, 1e3 * info->max_latency_s);
    const int64_t b = bins->bin_samples, centre = bins->n_bins / 2;
    if (!(min_ms >= 0.0))
        return command_fail_usage(
            NAME, "--min-latency-ms: expected 0 ms or more, found %g", min_ms);
    if (!(max_ms >= min_ms))
        return command_fail_usage(
            NAME, "--max-latency-ms: expected at least --min-latency-ms, %g ms, found %g",
            min_ms, max_ms);
    const double low = round(min_ms / 1e3 * rate), high = round(max_ms / 1e3 * rate);
    if (centre == 0)
        return command_fail_usage(
            NAME, "--bin-ms: expected at most half of --window-ms, found %g ms",
            1e3 * (double)b / rate);
    if (high > (double)(centre * b))
        return isnan(a->max_latency_ms)
                   ? command_fail_usage(NAME,
                                        "--window-ms: expected at least twice "
                                        "--max-latency-ms, %g ms, found %g",
                                        2 * max_ms,
                                        given_or(a->window_ms, 1e3 * info->window_s))
                   : command_fail_usage(
                         NAME,
                         "--max-latency-ms: expected at most half of --window-ms, %g "
                         "ms, found %g",
                         1e3 * (double)(centre * b) / rate, max_ms);
    if (ceil(low / (double)b) > floor(high / (double)b))
        return command_fail_usage(
            NAME, "--max-latency-ms: no bin of %g ms has its centre from %g to %g ms",
            1e3 * (double)b / rate, min_ms, max_ms);
    return COMMAND_OK;
}

int connect_check_values(spk_context *ctx, const connect_arguments *a,
                         const spk_connection_method_info *info, const spk_spikes *spikes,
                         const spk_epochs *epochs)
{
    const double rate = spikes->sampling_rate_hz;
    const double window_ms = given_or(a->window_ms, 1e3 * info->window_s);
    const double bin_ms = given_or(a->bin_ms, 1e3 * info->bin_s);
    spk_correlogram_options bins;
    spk_correlogram_options_init(&bins, sizeof bins);
    int code = window_argument_set(NAME, ctx, SPK_CORRELOGRAM_SPIKEKIT, rate, window_ms,
                                   bin_ms, &bins);
    if (code != COMMAND_OK ||
        (code = check_latencies(a, info, rate, &bins)) != COMMAND_OK)
        return code;
    const int64_t samples = bins.n_bins * bins.bin_samples;
    const int64_t duration = epochs != NULL ? spk_epochs_duration(epochs)
                                            : spikes->stop_sample - spikes->start_sample;
    if (spikes->n_spikes > 0 && samples > duration) {
        if (!isnan(a->window_ms))
            return command_fail_usage(
                NAME, "--window-ms: expected at most the recording, %g ms, found %g",
                1e3 * (double)duration / rate, window_ms);
        command_say(NAME, "the recording is shorter, %g ms, than --window-ms, %g ms",
                    1e3 * (double)duration / rate, window_ms);
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

/* The library's names of options, which it gives in seconds. */
int connect_fail(spk_context *ctx, spk_status status)
{
    static const char *const names[][2] = {
        {"max_latency_s", "--max-latency-ms"},
        {"min_latency_s", "--min-latency-ms"},
        {"window_s", "--window-ms"},
        {"width_s", "--width-ms"},
        {"bin_s", "--bin-ms"},
    };
    const char *message = spk_context_message(ctx);
    char method[32] = "";
    int sign = 0;
    if (sscanf(message, "method %31s tests sign %d only", method, &sign) == 2)
        return command_fail_usage(NAME, "--signs: method %s tests %s only", method,
                                  sign > 0 ? "excess" : "lack");
    if (strncmp(message, "skip_center must be 0", 21) == 0)
        return command_fail_usage(NAME, "--skip-center: expected no%s", message + 21);
    if (status == SPK_ERR_OVERFLOW && strstr(message, "samples") != NULL) {
        command_say(NAME,
                    "the times are on too fine a grid for this method: %s; --rate 30000 "
                    "takes times in seconds to a coarser one",
                    message);
        return COMMAND_FAILED;
    }
    if (status != SPK_ERR_ARGUMENT)
        return command_fail(NAME, ctx, status);
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        const size_t n = strlen(names[k][0]);
        if (strncmp(message, names[k][0], n) == 0)
            return command_fail_usage(NAME, "%s%s:%s", names[k][1],
                                      names[k][0][n - 2] == '_' ? " (here in s)" : "",
                                      message + n);
    }
    return command_fail(NAME, ctx, status);
}

const char *connect_why_none(const spk_spikes *spikes, const spk_epochs *epochs,
                             const int32_t *pairs, int64_t n_pairs)
{
    int64_t n_firing = 0, last_unit = -1;
    if (spikes->n_units < 2)
        return spikes->n_units == 0 ? "no unit is chosen" : "a single unit is chosen";
    if (pairs != NULL && n_pairs == 0)
        return "no two units are so near";
    int64_t e = 0;
    for (int64_t s = 0; s < spikes->n_spikes && n_firing < 2; s++) {
        while (epochs != NULL && e < epochs->n_epochs &&
               epochs->stops[e] <= spikes->samples[s])
            e++;
        if (epochs != NULL &&
            (e == epochs->n_epochs || spikes->samples[s] < epochs->starts[e]))
            continue;
        if (spikes->units[s] != last_unit)
            n_firing++;
        last_unit = spikes->units[s];
    }
    if (n_firing < 2)
        return epochs != NULL ? "fewer than two units have spikes within --epochs"
                              : "fewer than two units have spikes";
    return "no pair has enough spikes for the method";
}
