/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_FILES_JSON_READER_H
#define SPIKEKIT_FILES_JSON_READER_H

#include <spikekit/context.h>
#include <stdint.h>

/*
 * JSON that was read: a tree of nodes, all owned by the root. Questions to a node of another
 * kind, or to NULL, have the answer "nothing".
 */
typedef struct spk__json_node spk__json_node;

/** Reads a file. @return SPK_OK; SPK_ERR_NOT_FOUND; SPK_ERR_IO; SPK_ERR_FORMAT ("path: line 3:
 *  ...") */
spk_status spk__json_read(spk_context *ctx, const char *path, spk__json_node **root);

/** Frees the whole tree. NULL is fine. */
void spk__json_release(spk__json_node *root);

int spk__json_is_object(const spk__json_node *node);
int spk__json_is_array(const spk__json_node *node);

/** The value of a key of an object; NULL. */
const spk__json_node *spk__json_member(const spk__json_node *node, const char *key);

/** Elements of an array, or keys of an object; otherwise 0. */
int64_t spk__json_length(const spk__json_node *node);

/** An element of an array; NULL. */
const spk__json_node *spk__json_item(const spk__json_node *node, int64_t item);

/** A key of an object in the order of the file, and its value; NULL. */
const char *spk__json_key(const spk__json_node *node, int64_t item,
                          const spk__json_node **value);

/** Nonzero for a whole number, or a text that is one. */
int spk__json_integer(const spk__json_node *node, int64_t *value);

/** Nonzero for a number. */
int spk__json_number(const spk__json_node *node, double *value);

/** The text of a string; NULL. */
const char *spk__json_text(const spk__json_node *node);

#endif
