/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods that move whole runs: the spikes stay in order but for one cut. */
#include "spikes/surrogates_state.h"

/* Earlier or later by so many samples. */
typedef struct shift {
    int is_earlier;
    uint64_t by;
} shift;

static uint64_t run_length(const spk_train *train, int64_t run)
{
    return (uint64_t)train->run_stops[run] - (uint64_t)train->run_starts[run];
}

/* Later by least .. length - least. */
static shift draw_on_circle(const spk__surrogate_draw *draw, int64_t place,
                            uint64_t length)
{
    const uint64_t least = (uint64_t)draw->plan->least;
    if (least == 0)
        return (shift){0, spk__surrogate_offset(&draw->at, place, length)};
    if (least > length / 2)
        return (shift){0, length / 2};
    return (shift){
        0, least + spk__surrogate_offset(&draw->at, place, length - 2 * least + 1)};
}

static shift draw_shift(const spk__surrogate_draw *draw, int64_t place)
{
    const uint64_t width = (uint64_t)draw->plan->width;
    const uint64_t least = (uint64_t)draw->plan->least;
    const uint64_t each_way = width - least + 1;
    const uint64_t k =
        spk__surrogate_offset(&draw->at, place, 2 * each_way - (least == 0));
    if (k < each_way)
        return (shift){1, width - k};
    return (shift){0, least + (k - each_way) + (least == 0)};
}

static shift shift_of(const spk__surrogate_draw *draw, int64_t place, uint64_t length)
{
    return draw->plan->width == INT64_MAX ? draw_on_circle(draw, place, length)
                                          : draw_shift(draw, place);
}

/* Around the circle that the run makes. */
static void turn(const spk_train *train, int64_t run, shift by, int64_t *out)
{
    const uint64_t length = run_length(train, run);
    const uint64_t rest = by.by % length;
    const uint64_t later = by.is_earlier && rest > 0 ? length - rest : rest;
    const int64_t end = train->run_offsets[run + 1];
    int64_t low = train->run_offsets[run], high = end;
    while (low < high) { /* the first that comes in at the start */
        const int64_t middle = low + (high - low) / 2;
        if ((uint64_t)train->samples[middle] - (uint64_t)train->run_starts[run] >=
            length - later)
            high = middle;
        else
            low = middle + 1;
    }
    for (int64_t i = low; i < end; i++)
        *out++ = (int64_t)((uint64_t)train->samples[i] - (length - later));
    for (int64_t i = train->run_offsets[run]; i < low; i++)
        *out++ = (int64_t)((uint64_t)train->samples[i] + later);
}

/* Without those that leave; how many there are. */
static int64_t move_and_drop(const spk_train *train, int64_t run, shift by, int64_t *out)
{
    int64_t n = 0;
    for (int64_t i = train->run_offsets[run]; i < train->run_offsets[run + 1]; i++) {
        const uint64_t sample = (uint64_t)train->samples[i];
        const uint64_t room = by.is_earlier
                                  ? sample - (uint64_t)train->run_starts[run]
                                  : (uint64_t)train->run_stops[run] - 1 - sample;
        if (by.by <= room)
            out[n++] = (int64_t)(by.is_earlier ? sample - by.by : sample + by.by);
    }
    return n;
}

spk_status spk__surrogate_shift(const spk__surrogate_draw *draw, int64_t *samples,
                                int64_t *n)
{
    const spk_train *train = &draw->train;
    const int is_common = draw->plan->options.method == SPK_SURROGATE_TRAIN_DITHER;
    uint64_t longest = 1;
    for (int64_t r = 0; r < train->n_runs; r++)
        longest = run_length(train, r) > longest ? run_length(train, r) : longest;
    shift by = shift_of(draw, 0, longest);
    *n = 0;
    for (int64_t r = 0; r < train->n_runs; r++) {
        if (!is_common)
            by = shift_of(draw, r, run_length(train, r));
        if (draw->plan->options.edges == SPK_SURROGATE_DROP) {
            *n += move_and_drop(train, r, by, samples + *n);
        } else {
            turn(train, r, by, samples + *n);
            *n += train->run_offsets[r + 1] - train->run_offsets[r];
        }
    }
    return SPK_OK;
}
