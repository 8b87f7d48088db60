/* SPDX-License-Identifier: BSD-3-Clause */
/* What SpikeInterface makes of adversarial tables, from golden/comparison/: equal, bit by
 * bit. */
#include "suite.h"

#include <math.h>
#include <spikekit/array.h>
#include <spikekit/comparison.h>
#include <stdlib.h>

static const spk_array *array_of(spk_npz *npz, int k, const char *name)
{
    char full[64];
    const spk_array *array = NULL;
    snprintf(full, sizeof full, "%02d_%s", k, name);
    CU_ASSERT_EQUAL_FATAL(spk_npz_array(NULL, npz, full, &array), SPK_OK);
    return array;
}

static spk_spikes table_of(spk_npz *npz, int k, const char *side, int64_t n_units)
{
    char name[32];
    snprintf(name, sizeof name, "%s_samples", side);
    const spk_array *samples = array_of(npz, k, name);
    snprintf(name, sizeof name, "%s_units", side);
    const spk_array *units = array_of(npz, k, name);
    return (spk_spikes){
        samples->n_elements, n_units, samples->data, units->data, 30000.0, 0, 100000};
}

static spk_comparison *compare(const spk_spikes *a, const spk_spikes *b,
                               spk_comparison_options *o, int32_t truth, int32_t score)
{
    spk_comparison *c = NULL;
    o->truth = truth;
    o->score = score;
    CU_ASSERT_EQUAL_FATAL(spk_comparison_create(NULL, a, b, o, &c), SPK_OK);
    return c;
}

static double sum_of(const spk_comparison *c, const int32_t *match, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += match[i] < 0 ? 0.0 : spk_comparison_agreement(c, i, match[i]);
    return sum;
}

static int check_case(spk_npz *npz, int k)
{
    const int64_t *sizes = array_of(npz, k, "sizes")->data;
    const int64_t n_a = sizes[0], n_b = sizes[1];
    const spk_spikes a = table_of(npz, k, "a", n_a), b = table_of(npz, k, "b", n_b);
    const int64_t *truth_matches = array_of(npz, k, "truth")->data;
    const int64_t *both_matches = array_of(npz, k, "both")->data;
    const double *agreements = array_of(npz, k, "agreements")->data;
    const double *distances = array_of(npz, k, "distances")->data;
    const int32_t *best = array_of(npz, k, "best")->data;
    const int32_t *assigned = array_of(npz, k, "assigned")->data;
    const int32_t *classes = array_of(npz, k, "classes")->data;
    spk_comparison_options o;
    spk_comparison_options_init(&o, sizeof o);
    o.delta_samples = sizes[2];
    spk_comparison *truth = compare(&a, &b, &o, 1, SPK_COMPARISON_COUNT);
    spk_comparison *both = compare(&a, &b, &o, 0, SPK_COMPARISON_COUNT);
    spk_comparison *boxes = compare(&a, &b, &o, 1, SPK_COMPARISON_DISTANCE);
    for (int64_t p = 0; p < n_a * n_b; p++) {
        const int64_t i = p / n_b, j = p % n_b;
        CU_ASSERT_EQUAL(spk_comparison_matches(truth, i, j), truth_matches[p]);
        CU_ASSERT_EQUAL(spk_comparison_matches(both, i, j), both_matches[p]);
        CU_ASSERT_EQUAL(spk_comparison_agreement(truth, i, j), agreements[p]);
        const double found = spk_comparison_agreement(boxes, i, j);
        /* Without a match ours is 0, theirs 0 or 0 / 0. */
        CU_ASSERT(found == distances[p] ||
                  (isnan(distances[p]) && (isnan(found) || truth_matches[p] == 0)));
    }
    const spk_comparison_unit *units_a = spk_comparison_units_a(truth);
    int same = 1;
    double sum = 0;
    for (int64_t i = 0; i < n_a; i++) {
        CU_ASSERT_EQUAL(units_a[i].best_match, best[i]);
        same &= units_a[i].assigned_match == assigned[i];
        if (units_a[i].assigned_match >= 0)
            sum += units_a[i].assigned_agreement;
    }
    CU_ASSERT_DOUBLE_EQUAL(sum, sum_of(truth, assigned, n_a), 1e-12);
    for (int64_t j = 0; same && j < n_b; j++)
        CU_ASSERT_EQUAL(spk_comparison_units_b(truth)[j].classes, classes[j]);
    spk_comparison_destroy(truth);
    spk_comparison_destroy(both);
    spk_comparison_destroy(boxes);
    return same;
}

static void equal_to_spikeinterface(void)
{
    spk_npz *npz = NULL;
    const spk_array *n_cases = NULL;
    CU_ASSERT_EQUAL_FATAL(spk_npz_open(NULL, "golden/comparison/comparison.npz", &npz),
                          SPK_OK);
    CU_ASSERT_EQUAL_FATAL(spk_npz_array(NULL, npz, "n_cases", &n_cases), SPK_OK);
    const int n = (int)*(const int64_t *)n_cases->data;
    int n_same = 0;
    CU_ASSERT_EQUAL(n, 16);
    for (int k = 0; k < n; k++)
        n_same += check_case(npz, k);
    CU_ASSERT(n_same >= n - 2); /* the others are ties */
    spk_npz_close(npz);
}

static const suite_test tests[] = {
    {"equal to SpikeInterface", equal_to_spikeinterface},
};
SUITE_MAIN("comparison, golden", tests)
