/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Templates are three Gaussians: a small hump, the trough, a wide hump. On each channel the
 * shape is sampled later the farther it is along the probe, then scaled so that the channel has
 * just the amplitude of a monopole. The draws are a stream of their own, so that trains do not
 * depend on them.
 */
#include "models/simulation_state.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

enum {
    N_LOCAL = 24,
    DRAWS_PER_UNIT = 8
};

static const double height_um = 20.0; /* of the monopole before the probe */
static const double length_s = 2e-3;
static const double trough_s = 0.7e-3;

typedef struct shape {
    double width_ms, gap_ms, hump, before, after_width_ms, delay_ms_um;
} shape;

static shape draw_shape(const spk_simulation *s, int64_t unit)
{
    spk_random random = {.seed = s->options.seed,
                         .stream = UINT32_MAX - 1,
                         .index = (uint64_t)(unit * DRAWS_PER_UNIT)};
    const int narrow = spk_random_uniform(&random) < 0.3;
    shape w;
    w.width_ms = (narrow ? 0.06 : 0.09) + 0.04 * spk_random_uniform(&random);
    w.gap_ms = (narrow ? 0.2 : 0.4) + 0.25 * spk_random_uniform(&random);
    w.hump = 0.2 + 0.4 * spk_random_uniform(&random);
    w.before = 0.15 * spk_random_uniform(&random);
    w.after_width_ms = w.width_ms * (1.2 + spk_random_uniform(&random));
    w.delay_ms_um = (spk_random_uniform(&random) - 0.3) * 3e-3;
    return w;
}

static double gauss(double t, double width)
{
    return exp(-0.5 * (t / width) * (t / width));
}

static double value_at(const shape *w, double t_ms)
{
    return -gauss(t_ms, w->width_ms) +
           w->hump * gauss(t_ms - w->gap_ms, w->after_width_ms) +
           w->before * gauss(t_ms + 2.5 * w->width_ms, w->width_ms);
}

/* One channel at a distance along the probe, of a peak-to-peak amplitude. */
static void fill_channel(const shape *w, double rate_hz, double along_um,
                         double amplitude, int64_t n_samples, int64_t stride, float *out)
{
    double low = INFINITY, high = -INFINITY;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t k = 0; k < n_samples; k++) {
            const double t_ms =
                1e3 * ((double)k / rate_hz - trough_s) - fabs(along_um) * w->delay_ms_um;
            const double value = value_at(w, t_ms);
            low = value < low ? value : low;
            high = value > high ? value : high;
            if (pass == 1)
                out[k * stride] =
                    high > low ? (float)(value * amplitude / (high - low)) : 0.0F;
        }
}

/* The channels nearest to a place, nearest first. */
static void choose_nearest(const double *positions, int64_t n_channels, double x,
                           double y, int64_t n_local, int32_t *channels)
{
    int64_t n = 0;
    for (int64_t c = 0; c < n_channels; c++) {
        const double d = hypot(positions[2 * c] - x, positions[2 * c + 1] - y);
        int64_t k = n;
        while (k > 0 && hypot(positions[2 * channels[k - 1]] - x,
                              positions[2 * channels[k - 1] + 1] - y) > d) {
            if (k < n_local)
                channels[k] = channels[k - 1];
            k--;
        }
        if (k < n_local)
            channels[k] = (int32_t)c;
        n += n < n_local;
    }
}

spk_status spk__simulation_make_templates(spk_context *ctx, const spk_simulation *s,
                                          int64_t n_channels, const double *positions,
                                          spk__simulation_templates *templates)
{
    const double rate_hz = s->options.sampling_rate_hz;
    const double n_wanted = rint(length_s * rate_hz) + 1;
    const int64_t n_units = s->options.n_units;
    spk__simulation_templates t = {
        .n_samples = n_wanted < 21    ? 21
                     : n_wanted > 241 ? 241
                                      : (int64_t)n_wanted,
        .n_local = n_channels < N_LOCAL ? n_channels : N_LOCAL,
    };
    t.waveforms = spk__alloc(ctx, n_units * t.n_samples * t.n_local, sizeof *t.waveforms);
    t.channels = spk__alloc(ctx, n_units * t.n_local, sizeof *t.channels);
    if (t.waveforms == NULL || t.channels == NULL) {
        spk__free(t.waveforms);
        spk__free(t.channels);
        return spk__fail_memory(ctx);
    }
    for (int64_t u = 0; u < n_units; u++) {
        const shape w = draw_shape(s, u);
        const double x = s->units[u].x_um, y = s->units[u].depth_um;
        int32_t *channels = t.channels + u * t.n_local;
        choose_nearest(positions, n_channels, x, y, t.n_local, channels);
        for (int64_t k = 0; k < t.n_local; k++) {
            const double dx = positions[2 * channels[k]] - x;
            const double dy = positions[2 * channels[k] + 1] - y;
            fill_channel(&w, rate_hz, dy,
                         height_um / sqrt(dx * dx + dy * dy + height_um * height_um),
                         t.n_samples, t.n_local,
                         t.waveforms + u * t.n_samples * t.n_local + k);
        }
    }
    *templates = t;
    return SPK_OK;
}
