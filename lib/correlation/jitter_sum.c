/* SPDX-License-Identifier: BSD-3-Clause */
#include "correlation/jitter_sum.h"

#include "base/check.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void spk__jitter_sum_clear(spk__jitter_sum *sum)
{
    sum->base = sum->n_coins = sum->n_dice = sum->n_levels = 0;
}

void spk__jitter_sum_free(spk__jitter_sum *sum)
{
    spk__free(sum->coins);
    spk__free(sum->dice);
    spk__free(sum->values);
    spk__free(sum->probabilities);
    spk__free(sum->tilted);
    memset(sum, 0, sizeof *sum);
}

static int compare_coins(const void *a, const void *b)
{
    const spk__jitter_coin *x = a, *y = b;
    if (x->p != y->p)
        return x->p < y->p ? -1 : 1;
    return (x->q > y->q) - (x->q < y->q);
}

/* Coins of one kind become one: there are as many kinds as bins have samples, or little more,
 * but as many coins as a recording has intervals. */
static void merge_coins(spk__jitter_sum *sum)
{
    spk__jitter_coin *coins = sum->coins;
    int64_t n = 0;
    if (sum->n_coins > 0)
        qsort(coins, (size_t)sum->n_coins, sizeof *coins, compare_coins);
    for (int64_t i = 0; i < sum->n_coins; i++) {
        if (n > 0 && compare_coins(&coins[n - 1], &coins[i]) == 0)
            coins[n - 1].m += coins[i].m;
        else
            coins[n++] = coins[i];
    }
    sum->n_coins = n;
}

spk_status spk__jitter_sum_add_coin(spk_context *ctx, spk__jitter_sum *sum,
                                    int64_t weight, int64_t total, int64_t m)
{
    if (weight == 0 || m == 0)
        return SPK_OK;
    if (weight == total) {
        sum->base += m;
        return SPK_OK;
    }
    int is_full = 0;
    if (sum->n_coins == sum->coins_room) {
        merge_coins(sum);
        is_full = 2 * sum->n_coins >= sum->coins_room;
    }
    if (is_full) {
        const int64_t room = 64 + sum->coins_room * 2;
        spk__jitter_coin *coins = spk__realloc(ctx, sum->coins, room, sizeof *coins);
        if (coins == NULL)
            return spk__fail_memory(ctx);
        sum->coins = coins;
        sum->coins_room = room;
    }
    sum->coins[sum->n_coins++] = (spk__jitter_coin){
        (double)weight / (double)total, (double)(total - weight) / (double)total, m};
    return SPK_OK;
}

static spk_status make_room(spk_context *ctx, spk__jitter_sum *sum, int64_t n)
{
    if (sum->n_levels + n > sum->levels_room) {
        const int64_t room = 64 + (sum->n_levels + n) * 2;
        int64_t *values = spk__realloc(ctx, sum->values, room, sizeof *values);
        if (values != NULL)
            sum->values = values;
        double *probabilities =
            spk__realloc(ctx, sum->probabilities, room, sizeof *probabilities);
        if (probabilities != NULL)
            sum->probabilities = probabilities;
        double *tilted = spk__realloc(ctx, sum->tilted, room, sizeof *tilted);
        if (tilted != NULL)
            sum->tilted = tilted;
        if (values == NULL || probabilities == NULL || tilted == NULL)
            return spk__fail_memory(ctx);
        sum->levels_room = room;
    }
    if (sum->n_dice == sum->dice_room) {
        const int64_t room = 16 + sum->dice_room * 2;
        spk__jitter_die *dice = spk__realloc(ctx, sum->dice, room, sizeof *dice);
        if (dice == NULL)
            return spk__fail_memory(ctx);
        sum->dice = dice;
        sum->dice_room = room;
    }
    return SPK_OK;
}

spk_status spk__jitter_sum_add_die(spk_context *ctx, spk__jitter_sum *sum,
                                   const int64_t *values, const double *weights,
                                   int64_t n, int64_t m)
{
    double total = 0.0;
    if (n == 0 || m == 0)
        return SPK_OK;
    const spk_status status = make_room(ctx, sum, n);
    if (status != SPK_OK)
        return status;
    for (int64_t i = 0; i < n; i++)
        total += weights[i];
    sum->base += m * values[0];
    if (n == 1)
        return SPK_OK;
    for (int64_t i = 0; i < n; i++) {
        sum->values[sum->n_levels + i] = values[i] - values[0];
        sum->probabilities[sum->n_levels + i] = weights[i] / total;
    }
    sum->dice[sum->n_dice++] = (spk__jitter_die){sum->n_levels, n, m};
    sum->n_levels += n;
    return SPK_OK;
}

double spk__log_add(double a, double b)
{
    const double high = a > b ? a : b, low = a > b ? b : a;
    return low == -INFINITY ? high : high + log1p(exp(low - high));
}

void spk__jitter_sum_range(const spk__jitter_sum *sum, int64_t *least, int64_t *most)
{
    *least = *most = sum->base;
    for (int64_t i = 0; i < sum->n_coins; i++)
        *most += sum->coins[i].m;
    for (int64_t i = 0; i < sum->n_dice; i++) {
        const spk__jitter_die *die = &sum->dice[i];
        *most += die->m * sum->values[die->first + die->n - 1];
    }
}

void spk__jitter_sum_moments(const spk__jitter_sum *sum, double *mean, double *variance)
{
    double first = 0.0, second = 0.0;
    for (int64_t i = 0; i < sum->n_coins; i++) {
        const spk__jitter_coin *coin = &sum->coins[i];
        first += (double)coin->m * coin->p;
        second += (double)coin->m * (coin->p * coin->q);
    }
    for (int64_t i = 0; i < sum->n_dice; i++) {
        const spk__jitter_die *die = &sum->dice[i];
        double mu = 0.0, spread = 0.0;
        for (int64_t l = die->first; l < die->first + die->n; l++)
            mu += sum->probabilities[l] * (double)sum->values[l];
        for (int64_t l = die->first; l < die->first + die->n; l++) {
            const double off = (double)sum->values[l] - mu;
            spread += sum->probabilities[l] * off * off;
        }
        first += (double)die->m * mu;
        second += (double)die->m * spread;
    }
    *mean = (double)sum->base + first;
    *variance = second;
}
