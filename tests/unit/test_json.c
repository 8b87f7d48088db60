/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "scratch.h"
#include "suite.h"

#include <math.h>
#include <spikekit/json.h>

static spk_context *ctx;
static scratch folder;

static void fails(spk_status found, spk_status wanted, const char *words)
{
    CU_ASSERT_EQUAL(found, wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

static void by_hand(void)
{
    const double numbers[] = {0.5, NAN, -INFINITY, 3};
    const int64_t integers[] = {INT64_MIN, 0, INT64_MAX};
    spk_json *json, *inner;
    const char *text;
    CU_ASSERT_FATAL(spk_json_create(ctx, &json) == SPK_OK);
    CU_ASSERT_FATAL(spk_json_create(ctx, &inner) == SPK_OK);
    CU_ASSERT_EQUAL(spk_json_format(ctx, json, 0, &text), SPK_OK);
    CU_ASSERT_STRING_EQUAL(text, "{}");
    CU_ASSERT_EQUAL(spk_json_set_text(ctx, json, "z", "a\"\n\xce\xbc"), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_integer(ctx, json, "a", -7), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_number(ctx, json, "m", 0.25), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_number(ctx, json, "nan", NAN), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_numbers(ctx, json, "n", 4, numbers), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_integers(ctx, json, "i", 3, integers), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_integers(ctx, json, "e", 0, NULL), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_integer(ctx, inner, "x", 1), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_object(ctx, json, "o", inner), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_append_object(ctx, json, "l", inner), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_integer(ctx, inner, "x", 2), SPK_OK); /* copies stay */
    CU_ASSERT_EQUAL(spk_json_append_object(ctx, json, "l", inner), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_integer(ctx, json, "a", -8),
                    SPK_OK); /* keeps its place */
    CU_ASSERT_EQUAL(spk_json_format(ctx, json, 0, &text), SPK_OK);
    CU_ASSERT_STRING_EQUAL(
        text, "{\"z\": \"a\\\"\\n\xce\xbc\", \"a\": -8, \"m\": 0.25, \"nan\": null, "
              "\"n\": [0.5, null, null, 3.0], "
              "\"i\": [-9223372036854775808, 0, 9223372036854775807], \"e\": [], "
              "\"o\": {\"x\": 1}, \"l\": [{\"x\": 1}, {\"x\": 2}]}");
    spk_json_destroy(json);
    spk_json_destroy(inner);
}

static void numbers_read_back(void)
{
    uint64_t bits = 1;
    spk_json *json;
    CU_ASSERT_FATAL(spk_json_create(ctx, &json) == SPK_OK);
    for (int k = 0; k < 500; k++) {
        double value;
        const char *text;
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        CU_ASSERT_EQUAL(spk_json_set_number(ctx, json, "x", value), SPK_OK);
        CU_ASSERT_EQUAL(spk_json_format(ctx, json, 0, &text), SPK_OK);
        CU_ASSERT(strtod(text + 6, NULL) == value);
    }
    spk_json_destroy(json);
}

static spk_status write_json(spk_context *c, void *path)
{
    spk_json *json = NULL;
    spk_status status = spk_json_create(c, &json);
    if (status == SPK_OK)
        status = spk_json_set_integer(c, json, "x", 1);
    if (status == SPK_OK)
        status = spk_json_write(c, path, json);
    spk_json_destroy(json);
    return status;
}

static void writes(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path(&folder, "x.json"));
    CU_ASSERT_EQUAL(write_json(ctx, path), SPK_OK);
    char *text = scratch_read(path, NULL);
    CU_ASSERT_STRING_EQUAL(text, "{\n  \"x\": 1\n}\n");
    free(text);
    CU_ASSERT(suite_fail_allocations(write_json, path) >= 4);
    CU_ASSERT_EQUAL(scratch_count(&folder), 1);
    scratch_clear(&folder);
    if (access("/dev/full", W_OK) == 0)
        fails(write_json(ctx, "/dev/full"), SPK_ERR_IO, "/dev/full: ");
}

static void errors(void)
{
    const double number = 1;
    const char *text;
    spk_json *json, *inner;
    CU_ASSERT_FATAL(spk_json_create(ctx, &json) == SPK_OK);
    CU_ASSERT_FATAL(spk_json_create(ctx, &inner) == SPK_OK);
    fails(spk_json_create(ctx, NULL), SPK_ERR_ARGUMENT, "json");
    fails(spk_json_set_text(ctx, json, "a", "\xff"), SPK_ERR_ARGUMENT, "value of a");
    fails(spk_json_set_text(ctx, json, "a", NULL), SPK_ERR_ARGUMENT, "value of a");
    fails(spk_json_set_text(ctx, json, NULL, "a"), SPK_ERR_ARGUMENT, "key");
    fails(spk_json_set_text(ctx, NULL, "a", "a"), SPK_ERR_ARGUMENT, "json");
    fails(spk_json_set_integer(ctx, json, "\xff", 1), SPK_ERR_ARGUMENT, "key");
    fails(spk_json_set_number(ctx, NULL, "a", 1), SPK_ERR_ARGUMENT, "json");
    fails(spk_json_set_numbers(ctx, json, "a", -1, &number), SPK_ERR_ARGUMENT, "n = -1");
    fails(spk_json_set_numbers(ctx, json, "a", 1, NULL), SPK_ERR_ARGUMENT, "n = 1");
    fails(spk_json_set_integers(ctx, json, "a", 1, NULL), SPK_ERR_ARGUMENT, "n = 1");
    fails(spk_json_set_object(ctx, json, "a", NULL), SPK_ERR_ARGUMENT, "value of a");
    fails(spk_json_append_object(ctx, json, "a", NULL), SPK_ERR_ARGUMENT, "value of a");
    CU_ASSERT_EQUAL(spk_json_set_integer(ctx, json, "a", 1), SPK_OK);
    fails(spk_json_append_object(ctx, json, "a", inner), SPK_ERR_ARGUMENT, "an array");
    fails(spk_json_format(ctx, NULL, 0, &text), SPK_ERR_ARGUMENT, "json");
    fails(spk_json_format(ctx, json, 0, NULL), SPK_ERR_ARGUMENT, "text");
    fails(spk_json_format(ctx, json, -1, &text), SPK_ERR_ARGUMENT, "got -1");
    fails(spk_json_write(ctx, NULL, json), SPK_ERR_ARGUMENT, "path");
    fails(spk_json_write(ctx, scratch_path(&folder, "no/x.json"), json),
          SPK_ERR_NOT_FOUND, "No such file");
    spk_json_destroy(json);
    spk_json_destroy(inner);
    spk_json_destroy(NULL);
    CU_ASSERT_EQUAL(spk__memory_in_use(ctx), 0);
}

/* Numbers are as short as they can be; text that looks like one is left alone. */
static void short_numbers(void)
{
    spk_json *json = NULL;
    const char *text = NULL;
    const double values[] = {0.1, -0.0003, 1e300, 1.0 / 3.0, 3840.0, -2.5e-7};
    CU_ASSERT_EQUAL_FATAL(spk_json_create(NULL, &json), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_numbers(NULL, json, "v", 6, values), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_text(NULL, json, "t", "\"0.10000000000000001, \\"),
                    SPK_OK);
    CU_ASSERT_EQUAL(spk_json_set_integer(NULL, json, "n", -12), SPK_OK);
    CU_ASSERT_EQUAL(spk_json_format(NULL, json, 0, &text), SPK_OK);
    CU_ASSERT_STRING_EQUAL(text, "{\"v\": [0.1, -0.0003, 1e+300, "
                                 "0.3333333333333333, 3840.0, -2.5e-07], "
                                 "\"t\": \"\\\"0.10000000000000001, \\\\\", \"n\": -12}");
    spk_json_destroy(json);
}

static const suite_test tests[] = {
    {"short numbers", short_numbers},
    {"by hand", by_hand},
    {"numbers read back", numbers_read_back},
    {"writes", writes},
    {"errors", errors},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK || !scratch_open(&folder))
        return 1;
    int result = suite_run("json", tests, (int)(sizeof tests / sizeof tests[0]));
    scratch_close(&folder);
    spk_context_destroy(ctx);
    return result;
}
