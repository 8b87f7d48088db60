/* SPDX-License-Identifier: BSD-3-Clause */
#include "files/json_reader.h"

#include "base/check.h"
#include "files/map.h"
#include "files/number_text.h"

#include <jansson.h>

static const json_t *json_of(const spk__json_node *node)
{
    return (const json_t *)node;
}

static const spk__json_node *node_of(const json_t *json)
{
    return (const spk__json_node *)json;
}

spk_status spk__json_read(spk_context *ctx, const char *path, spk__json_node **root)
{
    spk__map map = {0};
    json_error_t error;
    const spk_status status = spk__map_open(ctx, path, &map);
    if (status != SPK_OK)
        return status;
    json_t *json =
        json_loadb((const char *)map.data, map.size, JSON_REJECT_DUPLICATES, &error);
    spk__map_close(&map);
    SPK_REQUIRE(ctx, json != NULL, SPK_ERR_FORMAT, "%s: line %d: %s", path, error.line,
                error.text);
    *root = (spk__json_node *)json;
    return SPK_OK;
}

void spk__json_release(spk__json_node *root)
{
    json_decref((json_t *)root);
}

int spk__json_is_object(const spk__json_node *node)
{
    return json_is_object(json_of(node));
}

int spk__json_is_array(const spk__json_node *node)
{
    return json_is_array(json_of(node));
}

const spk__json_node *spk__json_member(const spk__json_node *node, const char *key)
{
    return node_of(json_object_get(json_of(node), key));
}

int64_t spk__json_length(const spk__json_node *node)
{
    return (int64_t)(json_is_array(json_of(node)) ? json_array_size(json_of(node))
                                                  : json_object_size(json_of(node)));
}

const spk__json_node *spk__json_item(const spk__json_node *node, int64_t item)
{
    return item < 0 ? NULL : node_of(json_array_get(json_of(node), (size_t)item));
}

const char *spk__json_key(const spk__json_node *node, int64_t item,
                          const spk__json_node **value)
{
    json_t *object = (json_t *)json_of(node);
    void *at = json_is_object(object) ? json_object_iter(object) : NULL;
    for (int64_t k = 0; k < item && at != NULL; k++)
        at = json_object_iter_next(object, at);
    *value = at == NULL ? NULL : node_of(json_object_iter_value(at));
    return at == NULL ? NULL : json_object_iter_key(at);
}

int spk__json_integer(const spk__json_node *node, int64_t *value)
{
    const json_t *json = json_of(node);
    if (json_is_string(json))
        return spk__text_to_int64(json_string_value(json), value);
    if (json_is_integer(json))
        *value = json_integer_value(json);
    return json_is_integer(json);
}

int spk__json_number(const spk__json_node *node, double *value)
{
    if (!json_is_number(json_of(node)))
        return 0;
    *value = json_number_value(json_of(node));
    return 1;
}

const char *spk__json_text(const spk__json_node *node)
{
    return json_string_value(json_of(node));
}
