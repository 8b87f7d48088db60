/* SPDX-License-Identifier: BSD-3-Clause */
/* The frame of the metrics table: catalogue, choice of columns, refusals, memory. */
#define _POSIX_C_SOURCE 200809L

#include "suite.h"

#include <ctype.h>
#include <math.h>
#include <spikekit/metrics.h>

static spk_context *ctx;

static const int64_t samples[] = {-5, 10, 10, 30, 300, 400};
static const int32_t units[] = {0, 1, 0, 0, 2, 0};
static const spk_spikes table = {.n_spikes = 6,
                                 .n_units = 4,
                                 .samples = samples,
                                 .units = units,
                                 .sampling_rate_hz = 100,
                                 .start_sample = -10,
                                 .stop_sample = 490};

static spk_metrics_input input_of(const spk_spikes *spikes)
{
    spk_metrics_input input;
    spk_metrics_input_init(&input, sizeof input);
    input.spikes = spikes;
    return input;
}

static spk_metrics_options no_options(void)
{
    spk_metrics_options options;
    spk_metrics_options_init(&options, sizeof options);
    return options;
}

static void fails(spk_status found, spk_status wanted, const char *words)
{
    CU_ASSERT_EQUAL(found, wanted);
    if (strstr(spk_context_message(ctx), words) == NULL) {
        printf("expected '%s' in '%s'\n", words, spk_context_message(ctx));
        CU_FAIL("message");
    }
}

static void test_hand_worked(void)
{
    static const char *const names[] = {"num_spikes", "firing_rate", "firing_rate_span"};
    const spk_metrics_input input = input_of(&table);
    spk_metrics_options options = no_options();
    spk_metrics *metrics = NULL;
    options.names = names;
    options.n_names = 3;
    CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(ctx, &input, &options, &metrics), SPK_OK);
    CU_ASSERT_EQUAL(spk_metrics_n_units(metrics), 4);
    CU_ASSERT_EQUAL_FATAL(spk_metrics_n_columns(metrics), 3);
    static const double counts[] = {4, 1, 1, 0};
    for (int u = 0; u < 4; u++) {
        CU_ASSERT_EQUAL(spk_metrics_values(metrics, 0)[u], counts[u]);
        /* 500 samples at 100 Hz; from -5 to 400 are 4.05 s */
        const double rate = spk_metrics_values(metrics, 1)[u];
        CU_ASSERT(counts[u] > 0 ? rate == counts[u] / 5.0 : isnan(rate));
        CU_ASSERT_EQUAL(spk_metrics_values(metrics, 2)[u], counts[u] / 4.05);
    }
    CU_ASSERT_EQUAL(spk_metrics_find(metrics, "firing_rate"), 1);
    CU_ASSERT_EQUAL(spk_metrics_find(metrics, "nothing"), -1);
    CU_ASSERT_EQUAL(spk_metrics_find(metrics, NULL), -1);
    CU_ASSERT_STRING_EQUAL(spk_metrics_metric(metrics, 1)->unit, "Hz");
    CU_ASSERT_PTR_NULL(spk_metrics_values(metrics, 3));
    CU_ASSERT_PTR_NULL(spk_metrics_name(metrics, -1));
    spk_metrics_destroy(metrics);
    spk_metrics_destroy(NULL);
    CU_ASSERT_EQUAL(spk_metrics_n_columns(NULL), 0);
}

/* Nonzero: the words are lower-case names such as file names allow. */
static int is_name(const char *text, const char *more)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && strchr(more, *c) == NULL)
            return 0;
    return *text != '\0';
}

static void test_catalogue(void)
{
    const int64_t n = spk_metrics_catalog_length();
    CU_ASSERT(n >= 3);
    CU_ASSERT_PTR_NULL(spk_metrics_catalog(-1));
    CU_ASSERT_PTR_NULL(spk_metrics_catalog(n));
    for (int64_t m = 0; m < n; m++) {
        const spk_metric *metric = spk_metrics_catalog(m);
        CU_ASSERT(is_name(metric->name, ""));
        CU_ASSERT(is_name(metric->group, ""));
        CU_ASSERT(strlen(metric->name) < 64);
        CU_ASSERT(metric->unit[0] != '\0' && metric->undefined[0] != '\0');
        CU_ASSERT(metric->summary[strlen(metric->summary) - 1] == '.');
        CU_ASSERT(metric->peers[0] == '\0' || is_name(metric->peers, " :"));
        for (int64_t other = 0; other < n; other++)
            if (strcmp(metric->group, spk_metrics_catalog(other)->name) == 0 &&
                strcmp(metric->group, spk_metrics_catalog(other)->group) != 0) {
                printf("%s is a group and a metric of another\n", metric->group);
                CU_FAIL("a name says one thing");
            }
        for (int64_t other = 0; other < m; other++)
            if (strcmp(metric->name, spk_metrics_catalog(other)->name) == 0) {
                printf("%s stands twice\n", metric->name);
                CU_FAIL("names are unique");
            }
    }
    for (int64_t p = 0; p < spk_metrics_parameter_catalog_length(); p++) {
        const spk_metrics_parameter *parameter = spk_metrics_parameter_catalog(p);
        CU_ASSERT(is_name(parameter->name, ""));
        CU_ASSERT(parameter->summary[strlen(parameter->summary) - 1] == '.');
        CU_ASSERT(parameter->minimum <= parameter->default_value &&
                  parameter->default_value <= parameter->maximum);
        for (int64_t other = 0; other < p; other++)
            CU_ASSERT(
                strcmp(parameter->name, spk_metrics_parameter_catalog(other)->name) != 0);
    }
    CU_ASSERT_PTR_NULL(spk_metrics_parameter_catalog(-1));
    CU_ASSERT_PTR_NULL(
        spk_metrics_parameter_catalog(spk_metrics_parameter_catalog_length()));
}

static void test_peer_names(void)
{
    char name[64];
    const spk_metric metric = {.peers = "ab:one b:two abc:three"};
    CU_ASSERT(spk_metrics_peer_name(&metric, "b", name));
    CU_ASSERT_STRING_EQUAL(name, "two");
    CU_ASSERT(spk_metrics_peer_name(&metric, "abc", name));
    CU_ASSERT_STRING_EQUAL(name, "three");
    CU_ASSERT(!spk_metrics_peer_name(&metric, "a", name));
    CU_ASSERT(!spk_metrics_peer_name(&metric, "", name));
    CU_ASSERT(!spk_metrics_peer_name(&metric, "one", name));
    CU_ASSERT(!spk_metrics_peer_name(NULL, "b", name));
    CU_ASSERT(!spk_metrics_peer_name(&metric, NULL, name));
}

static void test_match(void)
{
    const spk_metric metric = {
        .name = "own", .peers = "ab:one abc:three", .group = "presence"};
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, NULL, "own"), 1);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, NULL, "ab:one"), 1);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, NULL, "one"), 0);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, NULL, "b:one"), 0);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, NULL, "abc:thre"), 0);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, NULL, ""), 0);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, NULL, NULL), 0);
    CU_ASSERT_EQUAL(spk_metrics_match(NULL, NULL, "own"), 0);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, "abc", "three"), 1);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, "abc", "own"), 0);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, "b", "presence"), 0);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, NULL, "presence"), 2);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, NULL, "completeness"), 2);
    CU_ASSERT_EQUAL(spk_metrics_match(&metric, NULL, "contamination"), 0);
}

/* A topic is no name of anything else, its groups are there, and it gives all of them. */
static void test_topics(void)
{
    CU_ASSERT_PTR_NULL(spk_metrics_topic_catalog(-1));
    CU_ASSERT_PTR_NULL(spk_metrics_topic_catalog(spk_metrics_topic_catalog_length()));
    for (int64_t t = 0; t < spk_metrics_topic_catalog_length(); t++) {
        const spk_metrics_topic *topic = spk_metrics_topic_catalog(t);
        spk_metrics_input input = input_of(&table);
        spk_metrics_options options = no_options();
        spk_metrics *metrics = NULL;
        char groups[256], *rest = groups;
        int64_t n_groups = 0, n_wanted = 0;
        CU_ASSERT(is_name(topic->name, ""));
        CU_ASSERT(topic->summary[strlen(topic->summary) - 1] == '.');
        snprintf(groups, sizeof groups, "%s", topic->groups);
        for (char *group = strtok_r(groups, " ", &rest); group != NULL;
             group = strtok_r(NULL, " ", &rest)) {
            int64_t n = 0;
            for (int64_t m = 0; m < spk_metrics_catalog_length(); m++) {
                const spk_metric *metric = spk_metrics_catalog(m);
                const int is_in = strcmp(metric->group, group) == 0;
                CU_ASSERT(strcmp(metric->name, topic->name) != 0);
                CU_ASSERT(strcmp(metric->group, topic->name) != 0);
                CU_ASSERT(!is_in || spk_metrics_match(metric, NULL, topic->name) == 2);
                n += is_in;
                n_wanted += is_in && !metric->is_slow && metric->needs == 0;
            }
            CU_ASSERT(n > 0);
            n_groups++;
        }
        CU_ASSERT(n_groups > 1);
        options.names = &topic->name;
        options.n_names = 1;
        CU_ASSERT_EQUAL(spk_metrics_compute(ctx, &input, &options, &metrics), SPK_OK);
        CU_ASSERT_EQUAL(spk_metrics_n_columns(metrics), n_wanted);
        spk_metrics_destroy(metrics);
    }
}

/* A definition's table has no two columns of one name, and each is also had under ours. */
static void test_definitions(void)
{
    static const char *const tools[] = {"spikeinterface", "allen",    "ibl",
                                        "bombcell",       "kilosort", "cellexplorer"};
    for (size_t t = 0; t < sizeof tools / sizeof tools[0]; t++) {
        char names[512][64];
        int n = 0;
        for (int64_t m = 0; m < spk_metrics_catalog_length() && n < 512; m++)
            n += spk_metrics_peer_name(spk_metrics_catalog(m), tools[t], names[n]);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < i; j++)
                if (strcmp(names[i], names[j]) == 0) {
                    printf("%s: %s stands twice\n", tools[t], names[i]);
                    CU_FAIL("a tool's names are unique");
                }
    }
}

static void test_refusals(void)
{
    spk_metrics *metrics = NULL;
    spk_metrics_input input = input_of(&table);
    spk_metrics_options options = no_options();
    const char *name = "nothing";
    options.names = &name;
    options.n_names = 1;
    fails(spk_metrics_compute(ctx, &input, &options, &metrics), SPK_ERR_NOT_FOUND,
          "no metric or group 'nothing'");
    int32_t needs = 0;
    fails(spk_metrics_needs(ctx, &options, &needs), SPK_ERR_NOT_FOUND, "nothing");
    options.definition = "allen";
    fails(spk_metrics_compute(ctx, &input, &options, &metrics), SPK_ERR_NOT_FOUND,
          "among those of allen");
    options = no_options();
    options.definition = "nobody";
    fails(spk_metrics_compute(ctx, &input, &options, &metrics), SPK_ERR_NOT_FOUND,
          "no definition 'nobody'");
    spk_metrics_setting setting = {"nothing", 1};
    options = no_options();
    options.settings = &setting;
    options.n_settings = 1;
    fails(spk_metrics_compute(ctx, &input, &options, &metrics), SPK_ERR_NOT_FOUND,
          "no parameter 'nothing'");
    options = no_options();
    options.struct_size = 8;
    fails(spk_metrics_compute(ctx, &input, &options, &metrics), SPK_ERR_ARGUMENT,
          "spk_metrics_options_init");
    fails(spk_metrics_compute(ctx, NULL, NULL, &metrics), SPK_ERR_ARGUMENT, "input");
    fails(spk_metrics_compute(ctx, &input, NULL, NULL), SPK_ERR_ARGUMENT, "metrics");
    input.struct_size = 0;
    fails(spk_metrics_compute(ctx, &input, NULL, &metrics), SPK_ERR_ARGUMENT,
          "spk_metrics_input_init");
    static const double five[5] = {1, 2, 3, 4, 5};
    const spk_array amplitudes = {.dtype = SPK_DTYPE_FLOAT64,
                                  .n_dimensions = 1,
                                  .shape = {5, 1, 1, 1, 1, 1, 1, 1},
                                  .n_elements = 5,
                                  .item_size = 8,
                                  .data = five};
    input = input_of(&table);
    input.amplitudes = &amplitudes;
    fails(spk_metrics_compute(ctx, &input, NULL, &metrics), SPK_ERR_ARGUMENT,
          "amplitudes: expected a row for each of 6 spikes, found shape (5,)");
    input = input_of(&table);
    input.spike_positions = &amplitudes;
    fails(spk_metrics_compute(ctx, &input, NULL, &metrics), SPK_ERR_ARGUMENT,
          "spike_positions: expected a row for each of 6 spikes, found shape (5,)");
    CU_ASSERT_PTR_NULL(metrics);
}

/* A metric that is named must be had; one that is not named is left out. */
static void test_missing_input(void)
{
    spk_metrics_input input = input_of(&table);
    for (int64_t m = 0; m < spk_metrics_catalog_length(); m++) {
        const spk_metric *metric = spk_metrics_catalog(m);
        spk_metrics *metrics = NULL;
        spk_metrics_options options = no_options();
        options.names = &metric->name;
        options.n_names = 1;
        const spk_status status = spk_metrics_compute(ctx, &input, &options, &metrics);
        if (metric->needs != 0)
            fails(status, SPK_ERR_NOT_FOUND, "which this recording does not have");
        else
            CU_ASSERT_EQUAL(status, SPK_OK);
        spk_metrics_destroy(metrics);
    }
}

static void test_nothing_there(void)
{
    spk_spikes none = {.sampling_rate_hz = 30000};
    for (int64_t n_units = 0; n_units < 3; n_units += 2) {
        none.n_units = n_units;
        const spk_metrics_input input = input_of(&none);
        spk_metrics *metrics = NULL;
        CU_ASSERT_EQUAL_FATAL(spk_metrics_compute(ctx, &input, NULL, &metrics), SPK_OK);
        CU_ASSERT_EQUAL(spk_metrics_n_units(metrics), n_units);
        const int64_t c = spk_metrics_find(metrics, "num_spikes");
        for (int64_t u = 0; u < n_units; u++)
            CU_ASSERT_EQUAL(spk_metrics_values(metrics, c)[u], 0);
        spk_metrics_destroy(metrics);
    }
}

static spk_status compute_all(spk_context *own, void *argument)
{
    const spk_metrics_input input = input_of(argument);
    spk_metrics *metrics = NULL;
    const spk_status status = spk_metrics_compute(own, &input, NULL, &metrics);
    spk_metrics_destroy(metrics);
    return status;
}

static void test_allocation_failures(void)
{
    CU_ASSERT(suite_fail_allocations(compute_all, (void *)&table) >= 8);
}

static const suite_test tests[] = {
    {"hand-worked", test_hand_worked},
    {"catalogue", test_catalogue},
    {"names of tools", test_peer_names},
    {"words that match", test_match},
    {"topics", test_topics},
    {"definitions", test_definitions},
    {"refusals", test_refusals},
    {"missing input", test_missing_input},
    {"nothing there", test_nothing_there},
    {"allocation failures", test_allocation_failures},
};

int main(void)
{
    if (spk_context_create(&ctx) != SPK_OK)
        return 1;
    const int result = suite_run("metrics", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_context_destroy(ctx);
    return result;
}
