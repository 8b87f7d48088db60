/* SPDX-License-Identifier: BSD-3-Clause */
#include <spikekit/json.h>

#include "base/check.h"
#include "base/memory.h"
#include "files/number_text.h"
#include "files/utf8.h"
#include "files/write_file.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

struct spk_json {
    json_t *object;
    char *text; /* of the last spk_json_format(); jansson's memory */
};

static void free_text(char *text)
{
    json_free_t release = NULL;
    json_get_alloc_funcs(NULL, &release);
    if (text != NULL)
        release(text);
}

spk_status spk_json_create(spk_context *ctx, spk_json **out)
{
    SPK_REQUIRE(ctx, out != NULL, SPK_ERR_ARGUMENT, "json must not be NULL");
    *out = NULL;
    spk_json *json = spk__alloc_zero(ctx, 1, sizeof *json);
    if (json == NULL)
        return spk__fail_memory(ctx);
    json->object = json_object();
    if (json->object == NULL) {
        spk__free(json);
        return spk__fail_memory(ctx);
    }
    *out = json;
    return SPK_OK;
}

void spk_json_destroy(spk_json *json)
{
    if (json == NULL)
        return;
    json_decref(json->object);
    free_text(json->text);
    spk__free(json);
}

static int is_utf8(const char *text)
{
    size_t n = strlen(text);
    return spk__utf8_check((const uint8_t *)text, n) == n;
}

static spk_status check_key(spk_context *ctx, const spk_json *json, const char *key)
{
    SPK_REQUIRE(ctx, json != NULL, SPK_ERR_ARGUMENT, "json must not be NULL");
    SPK_REQUIRE(ctx, key != NULL && is_utf8(key), SPK_ERR_ARGUMENT,
                "key must be UTF-8 text");
    return SPK_OK;
}

/* Takes over the value, which is NULL when memory ran out. */
static spk_status set(spk_context *ctx, spk_json *json, const char *key, json_t *value)
{
    if (value == NULL || json_object_set_new(json->object, key, value) != 0)
        return spk__fail_memory(ctx);
    return SPK_OK;
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

spk_status spk_json_set_text(spk_context *ctx, spk_json *json, const char *key,
                             const char *value)
{
    spk_status status = check_key(ctx, json, key);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, value != NULL && is_utf8(value), SPK_ERR_ARGUMENT,
                "value of %s must be UTF-8 text", key);
    return set(ctx, json, key, json_string(value));
}

spk_status spk_json_set_integer(spk_context *ctx, spk_json *json, const char *key,
                                int64_t value)
{
    spk_status status = check_key(ctx, json, key);
    return status == SPK_OK ? set(ctx, json, key, json_integer(value)) : status;
}

spk_status spk_json_set_flag(spk_context *ctx, spk_json *json, const char *key,
                             int32_t value)
{
    spk_status status = check_key(ctx, json, key);
    return status == SPK_OK ? set(ctx, json, key, json_boolean(value)) : status;
}

spk_status spk_json_set_number(spk_context *ctx, spk_json *json, const char *key,
                               double value)
{
    spk_status status = check_key(ctx, json, key);
    return status == SPK_OK ? set(ctx, json, key, number(value)) : status;
}

static spk_status set_array(spk_context *ctx, spk_json *json, const char *key, int64_t n,
                            const double *numbers, const int64_t *integers)
{
    spk_status status = check_key(ctx, json, key);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, n >= 0 && (n == 0 || numbers != NULL || integers != NULL),
                SPK_ERR_ARGUMENT, "values of %s must be n >= 0 of them, got n = %lld",
                key, (long long)n);
    json_t *array = json_array();
    for (int64_t k = 0; k < n && array != NULL; k++) {
        json_t *value = numbers != NULL ? number(numbers[k]) : json_integer(integers[k]);
        if (json_array_append_new(array, value) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return set(ctx, json, key, array);
}

spk_status spk_json_set_numbers(spk_context *ctx, spk_json *json, const char *key,
                                int64_t n, const double *values)
{
    return set_array(ctx, json, key, n, values, NULL);
}

spk_status spk_json_set_integers(spk_context *ctx, spk_json *json, const char *key,
                                 int64_t n, const int64_t *values)
{
    return set_array(ctx, json, key, n, NULL, values);
}

spk_status spk_json_set_texts(spk_context *ctx, spk_json *json, const char *key,
                              int64_t n, const char *const *values)
{
    spk_status status = check_key(ctx, json, key);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, n >= 0 && (n == 0 || values != NULL), SPK_ERR_ARGUMENT,
                "values of %s must be n >= 0 of them, got n = %lld", key, (long long)n);
    for (int64_t k = 0; k < n; k++)
        SPK_REQUIRE(ctx, values[k] != NULL && is_utf8(values[k]), SPK_ERR_ARGUMENT,
                    "value of %s must be UTF-8 text", key);
    json_t *array = json_array();
    for (int64_t k = 0; k < n && array != NULL; k++)
        if (json_array_append_new(array, json_string(values[k])) != 0) {
            json_decref(array);
            array = NULL;
        }
    return set(ctx, json, key, array);
}

spk_status spk_json_set_object(spk_context *ctx, spk_json *json, const char *key,
                               const spk_json *value)
{
    spk_status status = check_key(ctx, json, key);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, value != NULL, SPK_ERR_ARGUMENT, "value of %s must not be NULL",
                key);
    return set(ctx, json, key, json_deep_copy(value->object));
}

spk_status spk_json_append_object(spk_context *ctx, spk_json *json, const char *key,
                                  const spk_json *value)
{
    spk_status status = check_key(ctx, json, key);
    if (status != SPK_OK)
        return status;
    SPK_REQUIRE(ctx, value != NULL, SPK_ERR_ARGUMENT, "value of %s must not be NULL",
                key);
    json_t *array = json_object_get(json->object, key);
    SPK_REQUIRE(ctx, array == NULL || json_is_array(array), SPK_ERR_ARGUMENT,
                "%s must be an array to append to", key);
    json_t *copy = json_deep_copy(value->object);
    if (copy == NULL)
        return spk__fail_memory(ctx);
    if (array == NULL) {
        status = set(ctx, json, key, json_array());
        array = json_object_get(json->object, key);
    }
    if (status != SPK_OK) {
        json_decref(copy);
        return status;
    }
    return json_array_append_new(array, copy) == 0 ? SPK_OK : spk__fail_memory(ctx);
}

/* Rewrites each real number, in place, as the shortest text that reads back as the same
 * double: 0.1, where jansson's 17 digits say 0.10000000000000001. */
static void shorten_numbers(char *text)
{
    char *to = text;
    int in_string = 0;
    for (const char *from = text; *from != '\0';) {
        size_t n = in_string ? 0 : strspn(from, "+-.0123456789eE");
        char number[32];
        double value;
        if (n >= sizeof number - 2 || (*from != '-' && (*from < '0' || *from > '9')))
            n = 0; /* a letter of true, false or null, say */
        if (n == 0) {
            if (*from == '\\' && in_string)
                *to++ = *from++;
            else if (*from == '"')
                in_string = !in_string;
            *to++ = *from++;
            continue;
        }
        memcpy(number, from, n);
        number[n] = '\0';
        if (strpbrk(number, ".eE") != NULL && spk__text_to_double(number, &value)) {
            spk__double_to_text(value, number);
            if (strpbrk(number, ".eE") == NULL)
                strcat(number, ".0"); /* still a real number */
        }
        /* Never longer: jansson writes 1e300 where printf writes 1e+300. */
        size_t length = strlen(number) <= n ? strlen(number) : n;
        memmove(to, strlen(number) <= n ? number : from, length);
        to += length;
        from += n;
    }
    *to = '\0';
}

spk_status spk_json_format(spk_context *ctx, spk_json *json, int32_t indent,
                           const char **text)
{
    SPK_REQUIRE(ctx, json != NULL && text != NULL, SPK_ERR_ARGUMENT,
                "json and text must not be NULL");
    *text = NULL;
    SPK_REQUIRE(ctx, indent >= 0 && indent <= JSON_MAX_INDENT, SPK_ERR_ARGUMENT,
                "indent must be in 0 .. %d, got %d", JSON_MAX_INDENT, (int)indent);
    /* With 17 digits every double reads back as itself. */
    char *formatted =
        json_dumps(json->object, JSON_INDENT((size_t)indent) | JSON_PRESERVE_ORDER |
                                     JSON_REAL_PRECISION(17));
    if (formatted == NULL)
        return spk__fail_memory(ctx);
    shorten_numbers(formatted);
    free_text(json->text);
    json->text = formatted;
    *text = formatted;
    return SPK_OK;
}

spk_status spk_json_write(spk_context *ctx, const char *path, spk_json *json)
{
    const char *text;
    spk__write_file *file = NULL;
    SPK_REQUIRE(ctx, path != NULL, SPK_ERR_ARGUMENT, "path must not be NULL");
    spk_status status = spk_json_format(ctx, json, 2, &text);
    if (status != SPK_OK || (status = spk__write_open(ctx, path, &file)) != SPK_OK)
        return status;
    if ((status = spk__write_append(ctx, file, text, strlen(text))) != SPK_OK ||
        (status = spk__write_append(ctx, file, "\n", 1)) != SPK_OK) {
        spk__write_discard(file);
        return status;
    }
    return spk__write_finish(ctx, file);
}
