/* SPDX-License-Identifier: BSD-3-Clause */
/* The files of --shard 1/N .. N/N, about to be joined. */
#ifndef SPIKEKIT_CLI_SHARD_PARTS_H
#define SPIKEKIT_CLI_SHARD_PARTS_H

#include "command.h"
#include "options.h"

#include <spikekit/array.h>
#include <stdint.h>

typedef struct shard_part {
    const char *path;
    spk_npz *npz;
    int64_t shard, n_shards;
    int64_t first, last; /**< its rows */
} shard_part;

/** Opens the files, sorts them by shard and checks that all shards are there, each once, and
 *  follow one another. Close with shard_parts_close(), also after a failure.
 *  @return COMMAND_OK or an exit status */
int shard_parts_open(const char *name, spk_context *ctx, const operand_list *paths,
                     shard_part **parts);
void shard_parts_close(shard_part *parts, int64_t n);

/** Whether a part has an array of that name. */
int shard_part_has(const shard_part *part, const char *member);

/** The UTF-8 of a numpy text scalar (UCS-4); the caller frees. NULL if it is none. */
char *shard_part_text(const spk_array *array);

/** Checks that the texts `meta` of two parts, x and y, are the same; names the key in which
 *  they differ. @return COMMAND_OK or an exit status */
int shard_parts_same_meta(const char *name, const shard_part *a, const shard_part *b,
                          const spk_array *x, const spk_array *y);

#endif
