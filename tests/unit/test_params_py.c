/* SPDX-License-Identifier: BSD-3-Clause */
#include "files/params_py.h"
#include "suite.h"

#include <stdlib.h>

static spk_context *ctx;

static void fails(spk_status found, spk_status wanted, const char *words)
{
    CU_ASSERT_EQUAL(found, wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

static spk__params_py *parse(const char *text)
{
    spk__params_py *params = NULL;
    size_t n = strlen(text);
    uint8_t *exact = malloc(n + 1);
    memcpy(exact, text, n);
    CU_ASSERT_FATAL(spk__params_py_parse(ctx, "params.py", exact, n, &params) == SPK_OK);
    free(exact);
    return params;
}

static void what_kilosort_writes(void)
{
    spk__params_py *p = parse("dat_path = r'C:\\data\\new.bin'\nn_channels_dat = 385\n"
                              "dtype = 'int16'\noffset = 0\nsample_rate = 30000.\n"
                              "hp_filtered = False");
    double value;
    int64_t n;
    const char *const *texts;
    CU_ASSERT_EQUAL(spk__params_py_number(ctx, p, "sample_rate", &value), SPK_OK);
    CU_ASSERT(value == 30000);
    CU_ASSERT_EQUAL(spk__params_py_number(ctx, p, "n_channels_dat", &value), SPK_OK);
    CU_ASSERT(value == 385);
    CU_ASSERT_EQUAL(spk__params_py_texts(ctx, p, "dat_path", &n, &texts), SPK_OK);
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_STRING_EQUAL(texts[0], "C:\\data\\new.bin");
    CU_ASSERT_EQUAL(spk__params_py_texts(ctx, p, "dtype", &n, &texts), SPK_OK);
    CU_ASSERT_STRING_EQUAL(texts[0], "int16");
    fails(spk__params_py_number(ctx, p, "none", &value), SPK_ERR_NOT_FOUND,
          "params.py: expected none = a number, found none");
    fails(spk__params_py_number(ctx, p, "dtype", &value), SPK_ERR_FORMAT,
          "something else");
    fails(spk__params_py_texts(ctx, p, "offset", &n, &texts), SPK_ERR_FORMAT,
          "expected offset = a text or a list");
    fails(spk__params_py_texts(ctx, p, "none", &n, &texts), SPK_ERR_NOT_FOUND, "none");
    spk__params_py_destroy(p);
    spk__params_py_destroy(NULL);
}

static void numbers(void)
{
    static const struct {
        const char *text;
        int is_number;
        double value;
    } cases[] = {
        {"sample_rate=29999.954", 1, 29999.954},
        {"sample_rate\t=  3_0000", 1, 30000},
        {"sample_rate = -1.5e3 # comment", 1, -1500},
        {"sample_rate = .5;", 1, 0.5},
        {"sample_rate = True", 1, 1},
        {"sample_rate = False\r\n", 1, 0},
        {"sample_rate = 1\nsample_rate = 2", 1, 2},
        {"\xef\xbb\xbfsample_rate = 5", 1, 5},
        {"x = [\n1,\nsample_rate]\nsample_rate = 4", 1, 4},
        {"\"\"\"\nsample_rate = 3\n\"\"\"\nsample_rate = 4", 1, 4},
        {"x = '''\nsample_rate = 3\n'''\nsample_rate = 4", 1, 4},
        {"if True:\n    sample_rate = 3\nsample_rate = 4", 1, 4},
        {"sample_rate = 1\nsample_rate = f(2)", 0, 0},
        {"sample_rate = 30000 * 2", 0, 0},
        {"sample_rate = 1e999", 0, 0},
        {"sample_rate = inf", 0, 0},
        {"sample_rate = nan", 0, 0},
        {"sample_rate = 0x10", 0, 0},
        {"sample_rate = Truely", 0, 0},
        {"sample_rate = None", 0, 0},
        {"sample_rate = ", 0, 0},
        {"sample_rate = 1111111111222222222233333333334444444444555555555566666666667", 1,
         1.1111111112222222e60},
        {"sample_rate = "
         "11111111112222222222333333333344444444445555555555666666666677777",
         0, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        double value = 0;
        spk__params_py *p = parse(cases[k].text);
        spk_status status = spk__params_py_number(ctx, p, "sample_rate", &value);
        CU_ASSERT_EQUAL(status, cases[k].is_number ? SPK_OK : SPK_ERR_FORMAT);
        if (value != cases[k].value)
            printf("%s: %g\n", cases[k].text, value);
        CU_ASSERT(value == cases[k].value);
        spk__params_py_destroy(p);
    }
    static const char *const nothing[] = {"",
                                          "sample_rate == 3",
                                          "sample_rate",
                                          " sample_rate = 3",
                                          "sample_rate_2 = 3",
                                          "# sample_rate = 3",
                                          "sample_rate: float = 3",
                                          "sample_rate += 3",
                                          "\"\"\" sample_rate = 3",
                                          "self.sample_rate = 3"};
    for (size_t k = 0; k < sizeof nothing / sizeof nothing[0]; k++) {
        double value;
        spk__params_py *p = parse(nothing[k]);
        fails(spk__params_py_number(ctx, p, "sample_rate", &value), SPK_ERR_NOT_FOUND,
              "");
        spk__params_py_destroy(p);
    }
}

static void texts(void)
{
    static const struct {
        const char *text;
        int64_t n; /* -1: not texts */
        const char *first, *last;
    } cases[] = {
        {"dat_path = 'a'", 1, "a", "a"},
        {"dat_path = \"it's\"", 1, "it's", "it's"},
        {"dat_path = ''", 1, "", ""},
        {"dat_path = '''a\n'b' '''", 1, "a\n'b' ", "a\n'b' "},
        {"dat_path = u'\\x41\\u03bc\\n\\101\\\\'", 1, "A\xce\xbc\nA\\", "A\xce\xbc\nA\\"},
        {"dat_path = '\\U0001F600\\q\\\n.'", 1, "\xf0\x9f\x98\x80\\q.",
         "\xf0\x9f\x98\x80\\q."},
        {"dat_path = R'a\\'b'", 1, "a\\'b", "a\\'b"},
        {"dat_path = ['a', \"b\"]", 2, "a", "b"},
        {"dat_path = ['a',\n  # more\n  'c' ,\n]  # end", 2, "a", "c"},
        {"dat_path = ('a', 'b')", 2, "a", "b"},
        {"dat_path = ('a')", 1, "a", "a"},
        {"dat_path = []", 0, NULL, NULL},
        {"dat_path = 'a' 'b'", -1, NULL, NULL},
        {"dat_path = 'a' + 'b'", -1, NULL, NULL},
        {"dat_path = ['a' 'b']", -1, NULL, NULL},
        {"dat_path = ['a', 3]", -1, NULL, NULL},
        {"dat_path = ['a'", -1, NULL, NULL},
        {"dat_path = 'a", -1, NULL, NULL},
        {"dat_path = 'a\n'", -1, NULL, NULL},
        {"dat_path = 'a\\", -1, NULL, NULL},
        {"dat_path = '\\x4'", -1, NULL, NULL},
        {"dat_path = '\\0'", -1, NULL, NULL},
        {"dat_path = '\\Uffffffff'", -1, NULL, NULL},
        {"dat_path = b'a'", -1, NULL, NULL},
        {"dat_path = f'a'", -1, NULL, NULL},
        {"dat_path = open('/etc/passwd').read()", -1, NULL, NULL},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        int64_t n = -1;
        const char *const *found = NULL;
        spk__params_py *p = parse(cases[k].text);
        spk_status status = spk__params_py_texts(ctx, p, "dat_path", &n, &found);
        CU_ASSERT_EQUAL(status, cases[k].n < 0 ? SPK_ERR_FORMAT : SPK_OK);
        CU_ASSERT_EQUAL(n, cases[k].n);
        if (n > 0) {
            CU_ASSERT_STRING_EQUAL(found[0], cases[k].first);
            CU_ASSERT_STRING_EQUAL(found[n - 1], cases[k].last);
        }
        spk__params_py_destroy(p);
    }
}

static void other_encodings(void)
{
    /* Latin-1 in a comment does no harm; in a text that is needed it is an error. */
    int64_t n;
    double value;
    const char *const *found;
    spk__params_py *p = parse("# f\xfcr\ndat_path = 'f\xfcr'\nsample_rate = 3");
    CU_ASSERT_EQUAL(spk__params_py_number(ctx, p, "sample_rate", &value), SPK_OK);
    fails(spk__params_py_texts(ctx, p, "dat_path", &n, &found), SPK_ERR_FORMAT,
          "expected dat_path in UTF-8");
    spk__params_py_destroy(p);
    p = parse("dat_path = '\\ud800'");
    fails(spk__params_py_texts(ctx, p, "dat_path", &n, &found), SPK_ERR_FORMAT, "UTF-8");
    spk__params_py_destroy(p);
}

static void hostile_files(void)
{
    enum {
        SIZE = SPK__PARAMS_PY_LIMIT
    };
    static const char *const pieces[] = {"'''\\'",  "x='''''' \n",     "dat_path=['',\n",
                                         "\\\n",    "sample_rate=1\n", "[",
                                         "'''''''", "\"\"\"\"\"\"\n"};
    uint8_t *bytes = malloc(SIZE + 1);
    for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
        size_t n = strlen(pieces[k]);
        spk__params_py *p = NULL;
        for (size_t at = 0; at < SIZE; at++)
            bytes[at] = (uint8_t)pieces[k][at % n];
        CU_ASSERT_EQUAL(spk__params_py_parse(ctx, "x", bytes, SIZE, &p), SPK_OK);
        spk__params_py_destroy(p);
        p = NULL;
        fails(spk__params_py_parse(ctx, "x", bytes, SIZE + 1, &p), SPK_ERR_FORMAT,
              "at most 1048576 bytes");
    }
    free(bytes);
}

static spk_status parse_and_destroy(spk_context *c, void *text)
{
    spk__params_py *p = NULL;
    spk_status status = spk__params_py_parse(c, "x", text, strlen(text), &p);
    spk__params_py_destroy(p);
    return status;
}

static void allocation_failures(void)
{
    char text[] = "dat_path = ['a', 'b', 'c']\ndtype = 'int16'\nx = ['a']\n'doc'\n";
    CU_ASSERT(suite_fail_allocations(parse_and_destroy, text) > 10);
}

static const suite_test tests[] = {
    {"what Kilosort writes", what_kilosort_writes},
    {"numbers", numbers},
    {"texts", texts},
    {"other encodings", other_encodings},
    {"hostile files", hostile_files},
    {"allocation failures", allocation_failures},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK)
        return 1;
    int result = suite_run("params_py", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_context_destroy(ctx);
    return result;
}
