/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE /* mkdtemp */
#include "files/number_text.h"
#include "files/table_text.h"
#include "files/utf8.h"
#include "scratch.h"
#include "suite.h"

#include <locale.h>
#include <math.h>
#include <spikekit/table.h>

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

static spk_status parse(char separator, const char *text, spk_table **table)
{
    size_t n = strlen(text);
    uint8_t *exact = malloc(n + 1);
    memcpy(exact, text, n);
    *table = NULL;
    spk_status status = spk__table_parse(ctx, "x", separator, exact, n, table);
    free(exact);
    return status;
}

static void reads_by_hand(void)
{
    spk_table *t;
    CU_ASSERT_EQUAL(parse('\t',
                          "\xef\xbb\xbf"
                          "cluster_id\tgroup\r\n3\tgood\r\n\r\n12.0\t\n-4\t\"x\"",
                          &t),
                    SPK_OK);
    CU_ASSERT(spk_table_n_rows(t) == 3 && spk_table_n_columns(t) == 2);
    CU_ASSERT_STRING_EQUAL(spk_table_column_name(t, 0), "cluster_id");
    CU_ASSERT_EQUAL(spk_table_find_column(t, "group"), 1);
    CU_ASSERT_EQUAL(spk_table_find_column(t, "none"), -1);
    CU_ASSERT_EQUAL(spk_table_find_column(t, NULL), -1);
    CU_ASSERT_STRING_EQUAL(spk_table_text(t, 0, 1), "good");
    CU_ASSERT_STRING_EQUAL(spk_table_text(t, 1, 1), "");
    CU_ASSERT_STRING_EQUAL(spk_table_text(t, 2, 1), "\"x\""); /* no quotes in .tsv */
    CU_ASSERT_PTR_NULL(spk_table_text(t, 3, 0));
    CU_ASSERT_PTR_NULL(spk_table_text(t, -1, 0));
    CU_ASSERT_PTR_NULL(spk_table_text(t, 0, 2));
    CU_ASSERT_PTR_NULL(spk_table_column_name(t, -1));
    spk_table_destroy(t);

    CU_ASSERT_EQUAL(parse(',', "a,\"b,\"\"c\"\"\"\n\"x\r\ny\",\n,2", &t), SPK_OK);
    CU_ASSERT(spk_table_n_rows(t) == 2 && spk_table_n_columns(t) == 2);
    CU_ASSERT_STRING_EQUAL(spk_table_column_name(t, 1), "b,\"c\"");
    CU_ASSERT_STRING_EQUAL(spk_table_text(t, 0, 0), "x\r\ny");
    CU_ASSERT_STRING_EQUAL(spk_table_text(t, 0, 1), "");
    CU_ASSERT_STRING_EQUAL(spk_table_text(t, 1, 1), "2");
    spk_table_destroy(t);

    static const char *const empty[] = {"", "\n", "\r\n\n", "\xef\xbb\xbf"};
    for (int k = 0; k < 4; k++) {
        CU_ASSERT_EQUAL(parse('\t', empty[k], &t), SPK_OK);
        CU_ASSERT(spk_table_n_rows(t) == 0 && spk_table_n_columns(t) == 0);
        spk_table_destroy(t);
    }
    CU_ASSERT_EQUAL(parse('\t', "a\tb\t", &t), SPK_OK);
    CU_ASSERT(spk_table_n_rows(t) == 0 && spk_table_n_columns(t) == 3);
    spk_table_destroy(t);
    CU_ASSERT(spk_table_n_rows(NULL) == 0 && spk_table_n_columns(NULL) == 0);
}

static void reading_errors(void)
{
    static const struct {
        char separator;
        const char *text, *words;
    } cases[] = {
        {'\t', "a\tb\n1\n", "x: line 2: expected 2 cells as in the first line, found 1"},
        {'\t', "a\n\n1\t2", "line 3: expected 1 cells as in the first line, found 2"},
        {'\t', "a\nb\n\xff", "line 3: expected UTF-8, found byte 0xff"},
        {'\t', "a\n\xc0\xaf", "line 2: expected UTF-8"},
        {'\t', "\xed\xa0\x80", "line 1: expected UTF-8"},
        {',', "a\n\"b", "line 2: expected a closing quote"},
        {',', "a\n\"b\"c", "line 2: expected a separator after"},
        {',', "a,b\n\"1\n2\",3,4",
         "line 2: expected 2 cells as in the first line, found 3"},
    };
    spk_table *t;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        fails(parse(cases[k].separator, cases[k].text, &t), SPK_ERR_FORMAT,
              cases[k].words);
        CU_ASSERT_PTR_NULL(t);
    }
    fails(spk__table_parse(ctx, "x", ',', (const uint8_t *)"a\0b", 3, &t), SPK_ERR_FORMAT,
          "found byte 0x00");
    fails(spk_table_read(ctx, scratch_path(&folder, "none.tsv"), &t), SPK_ERR_NOT_FOUND,
          "none.tsv: No such file");
    fails(spk_table_read(ctx, folder.folder, &t), SPK_ERR_IO, "Is a directory");
    fails(spk_table_read(ctx, NULL, &t), SPK_ERR_ARGUMENT, "path");
    fails(spk_table_read(ctx, "x", NULL), SPK_ERR_ARGUMENT, "table");
}

static void numbers(void)
{
    static const struct {
        const char *text;
        double number; /* HUGE_VAL with is_number 0: an error */
        int64_t integer;
        int is_number, is_integer;
    } cases[] = {
        {"12", 12, 12, 1, 1},
        {"12.0", 12, 12, 1, 1},
        {" -3 ", -3, -3, 1, 1},
        {"+7", 7, 7, 1, 1},
        {"1e3", 1000, 1000, 1, 1},
        {"2.5", 2.5, 0, 1, 0},
        {".5e1", 5, 5, 1, 1},
        {"9223372036854775807", 0x1p63, INT64_MAX, 1, 1},
        {"-9223372036854775808", -0x1p63, INT64_MIN, 1, 1},
        {"9223372036854775808", 0x1p63, 0, 1, 0},
        {"1e300", 1e300, 0, 1, 0},
        {"inf", HUGE_VAL, 0, 1, 0},
        {"-Infinity", -HUGE_VAL, 0, 1, 0},
        {"0x10", 0, 0, 0, 0},
        {"1,5", 0, 0, 0, 0},
        {"1 2", 0, 0, 0, 0},
        {"good", 0, 0, 0, 0},
        {"-", 0, 0, 0, 0},
        {"1e", 0, 0, 0, 0},
        {"nan(1)", 0, 0, 0, 0},
    };
    spk_table *t;
    const char *names[] = {"x"};
    CU_ASSERT_FATAL(spk_table_create(ctx, 1, names, &t) == SPK_OK);
    const int64_t n = sizeof cases / sizeof cases[0];
    for (int64_t k = 0; k < n; k++) {
        const char *cells[] = {cases[k].text};
        double number = 0;
        int64_t integer = 0;
        CU_ASSERT_EQUAL(spk_table_append(ctx, t, cells), SPK_OK);
        spk_status status = spk_table_number(ctx, t, k, 0, &number);
        CU_ASSERT_EQUAL(status, cases[k].is_number ? SPK_OK : SPK_ERR_FORMAT);
        CU_ASSERT(!cases[k].is_number || number == cases[k].number);
        status = spk_table_integer(ctx, t, k, 0, &integer);
        CU_ASSERT_EQUAL(status, cases[k].is_integer ? SPK_OK : SPK_ERR_FORMAT);
        CU_ASSERT(!cases[k].is_integer || integer == cases[k].integer);
    }
    static const char *const undefined[] = {"", " ", "nan", "NaN", "-nan"};
    for (int64_t k = 0; k < 5; k++) {
        double number = 0;
        int64_t integer;
        CU_ASSERT_EQUAL(spk_table_append(ctx, t, &undefined[k]), SPK_OK);
        CU_ASSERT_EQUAL(spk_table_number(ctx, t, n + k, 0, &number), SPK_OK);
        CU_ASSERT(isnan(number));
        fails(spk_table_integer(ctx, t, n + k, 0, &integer), SPK_ERR_FORMAT, "of x: ");
    }
    double number;
    int64_t integer;
    fails(spk_table_number(ctx, t, -1, 0, &number), SPK_ERR_ARGUMENT, "row -1");
    fails(spk_table_number(ctx, t, 0, 1, &number), SPK_ERR_ARGUMENT, "column 1");
    fails(spk_table_integer(ctx, t, 999, 0, &integer), SPK_ERR_ARGUMENT, "row 999");
    fails(spk_table_integer(ctx, t, 0, 0, NULL), SPK_ERR_ARGUMENT, "row 0");
    fails(spk_table_number(ctx, t, 16, 0, &number), SPK_ERR_FORMAT,
          "row 16 of x: expected a number, found 'good'");
    spk_table_destroy(t);
}

static void other_locales(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8",
                                        "de_DE"};
    double value;
    char text[32];
    int k = 0;
    while (k < 4 && setlocale(LC_ALL, names[k]) == NULL)
        k++;
    if (k == 4)
        printf("skipped: no locale with a decimal comma here\n");
    CU_ASSERT(spk__text_to_double("2.5", &value) && value == 2.5);
    CU_ASSERT(!spk__text_to_double("2,5", &value));
    spk__double_to_text(2.5, text);
    CU_ASSERT_STRING_EQUAL(text, "2.5");
    setlocale(LC_ALL, "C");
}

static void shortest_numbers(void)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {30000, "30000"},
                 {1.0 / 3, "0.3333333333333333"},
                 {1e300, "1e+300"},
                 {29999.954, "29999.954"},
                 {-0.0, "-0"},
                 {HUGE_VAL, "inf"},
                 {NAN, "nan"}};
    char text[32];
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        spk__double_to_text(cases[k].value, text);
        CU_ASSERT_STRING_EQUAL(text, cases[k].text);
    }
    uint64_t bits = 1;
    for (int k = 0; k < 2000; k++) {
        double value, back;
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&value, &bits, sizeof value);
        spk__double_to_text(value, text);
        CU_ASSERT(spk__text_to_double(text, &back));
        CU_ASSERT(isnan(value) ? isnan(back) : value == back);
    }
}

static void utf8_by_definition(void)
{
    for (uint32_t c = 1; c <= 0x10ffff; c += c < 0x900 ? 1 : 17) {
        char text[4];
        uint32_t back = 0;
        int is_surrogate = c >= 0xd800 && c < 0xe000;
        size_t n = spk__utf8_put(c, text);
        CU_ASSERT_EQUAL(n, c < 0x80 ? 1u : c < 0x800 ? 2u : c < 0x10000 ? 3u : 4u);
        size_t read = spk__utf8_next((const uint8_t *)text, n, &back);
        CU_ASSERT_EQUAL(read, is_surrogate ? 0 : n);
        CU_ASSERT(is_surrogate || back == c);
        for (size_t cut = 0; cut < n; cut++)
            CU_ASSERT_EQUAL(spk__utf8_next((const uint8_t *)text, cut, &back), 0);
    }
    /* Each bad byte is found wherever it stands among eight at a time. */
    uint8_t text[40];
    for (size_t k = 0; k < sizeof text; k++) {
        memset(text, 'a', sizeof text);
        CU_ASSERT_EQUAL(spk__utf8_check(text, sizeof text), sizeof text);
        text[k] = 0;
        CU_ASSERT_EQUAL(spk__utf8_check(text, sizeof text), k);
        text[k] = 0x80;
        CU_ASSERT_EQUAL(spk__utf8_check(text, sizeof text), k);
    }
}

static void writes_and_reads_back(void)
{
    static const char *const names[] = {"id", "text"};
    static const char *const rows[][2] = {{"1", "plain"},
                                          {"", ""},
                                          {"3", "a,b \"c\""},
                                          {"4", "\xce\xbc"},
                                          {"5", "two\nlines"}};
    for (int csv = 0; csv < 2; csv++) {
        spk_table *t, *u;
        int64_t n_rows = csv ? 5 : 4; /* a .tsv cell has no line breaks */
        const char *path = scratch_path(&folder, csv ? "x.csv" : "x.tsv");
        CU_ASSERT_FATAL(spk_table_create(ctx, 2, names, &t) == SPK_OK);
        for (int64_t r = 0; r < n_rows; r++)
            CU_ASSERT_EQUAL(spk_table_append(ctx, t, rows[r]), SPK_OK);
        CU_ASSERT_EQUAL(spk_table_write(ctx, path, t), SPK_OK);
        CU_ASSERT_FATAL(spk_table_read(ctx, path, &u) == SPK_OK);
        CU_ASSERT_EQUAL(spk_table_n_rows(u), n_rows);
        for (int64_t r = 0; r < n_rows; r++)
            for (int64_t c = 0; c < 2; c++)
                CU_ASSERT_STRING_EQUAL(spk_table_text(u, r, c), rows[r][c]);
        spk_table_destroy(u);
        if (!csv) {
            CU_ASSERT_EQUAL(spk_table_append(ctx, t, rows[4]), SPK_OK);
            fails(spk_table_write(ctx, path, t), SPK_ERR_ARGUMENT, "tab or line break");
        }
        spk_table_destroy(t);
    }
    CU_ASSERT_EQUAL(scratch_count(&folder), 2);
    /* A lone empty cell survives in .csv. */
    spk_table *t;
    const char *empty[] = {""};
    CU_ASSERT_FATAL(spk_table_create(ctx, 1, names, &t) == SPK_OK);
    CU_ASSERT_EQUAL(spk_table_append(ctx, t, empty), SPK_OK);
    const char *path = scratch_path(&folder, "x.csv");
    CU_ASSERT_EQUAL(spk_table_write(ctx, path, t), SPK_OK);
    spk_table_destroy(t);
    CU_ASSERT_FATAL(spk_table_read(ctx, path, &t) == SPK_OK);
    CU_ASSERT_EQUAL(spk_table_n_rows(t), 1);
    spk_table_destroy(t);
    scratch_clear(&folder);
}

static void argument_errors(void)
{
    const char *names[] = {"a", "b"}, *bad[] = {"a", "\xff"}, *missing[] = {"a", NULL};
    spk_table *t;
    fails(spk_table_create(ctx, 0, names, &t), SPK_ERR_ARGUMENT, "n_columns = 0");
    fails(spk_table_create(ctx, 1, NULL, &t), SPK_ERR_ARGUMENT, "names");
    fails(spk_table_create(ctx, 1, names, NULL), SPK_ERR_ARGUMENT, "table");
    fails(spk_table_create(ctx, 2, bad, &t), SPK_ERR_ARGUMENT, "cell 1 must be UTF-8");
    CU_ASSERT_PTR_NULL(t);
    CU_ASSERT_FATAL(spk_table_create(ctx, 2, names, &t) == SPK_OK);
    fails(spk_table_append(ctx, t, missing), SPK_ERR_ARGUMENT, "cell 1");
    fails(spk_table_append(ctx, t, NULL), SPK_ERR_ARGUMENT, "cells");
    fails(spk_table_append(ctx, NULL, names), SPK_ERR_ARGUMENT, "table");
    CU_ASSERT_EQUAL(spk_table_n_rows(t), 0); /* no half row */
    fails(spk_table_write(ctx, NULL, t), SPK_ERR_ARGUMENT, "path");
    fails(spk_table_write(ctx, "x", NULL), SPK_ERR_ARGUMENT, "table");
    fails(spk_table_write(ctx, scratch_path(&folder, "no/x.tsv"), t), SPK_ERR_NOT_FOUND,
          "");
    spk_table_destroy(t);
    spk_table_destroy(NULL);
}

static spk_status write_table(spk_context *c, void *path)
{
    const char *names[] = {"a", "b"};
    spk_table *t = NULL;
    spk_status status = spk_table_create(c, 2, names, &t);
    for (int k = 0; k < 200 && status == SPK_OK; k++)
        status = spk_table_append(c, t, names);
    if (status == SPK_OK)
        status = spk_table_write(c, path, t);
    spk_table_destroy(t);
    return status;
}

static spk_status read_table(spk_context *c, void *path)
{
    spk_table *t;
    spk_status status = spk_table_read(c, path, &t);
    spk_table_destroy(t);
    return status;
}

static void allocation_failures(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path(&folder, "x.tsv"));
    CU_ASSERT(suite_fail_allocations(write_table, path) > 8);
    CU_ASSERT_EQUAL(scratch_count(&folder), 1);
    CU_ASSERT(suite_fail_allocations(read_table, path) > 3);
    scratch_clear(&folder);
}

static const suite_test tests[] = {
    {"reads by hand", reads_by_hand},
    {"reading errors", reading_errors},
    {"numbers", numbers},
    {"other locales", other_locales},
    {"shortest numbers", shortest_numbers},
    {"UTF-8 by definition", utf8_by_definition},
    {"writes and reads back", writes_and_reads_back},
    {"argument errors", argument_errors},
    {"allocation failures", allocation_failures},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK || !scratch_open(&folder))
        return 1;
    int result = suite_run("table", tests, (int)(sizeof tests / sizeof tests[0]));
    scratch_close(&folder);
    spk_context_destroy(ctx);
    return result;
}
