/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <spikekit/status.h>

/* Callers in other languages hold these numbers and names. */
static void values_and_names_are_pinned(void)
{
    static const struct {
        spk_status status;
        int value;
        const char *name;
    } pinned[] = {{SPK_OK, 0, "SPK_OK"},
                  {SPK_ERR_ARGUMENT, 1, "SPK_ERR_ARGUMENT"},
                  {SPK_ERR_MEMORY, 2, "SPK_ERR_MEMORY"},
                  {SPK_ERR_OVERFLOW, 3, "SPK_ERR_OVERFLOW"},
                  {SPK_ERR_UNSORTED, 4, "SPK_ERR_UNSORTED"},
                  {SPK_ERR_IO, 5, "SPK_ERR_IO"},
                  {SPK_ERR_FORMAT, 6, "SPK_ERR_FORMAT"},
                  {SPK_ERR_NOT_FOUND, 7, "SPK_ERR_NOT_FOUND"},
                  {SPK_ERR_UNSUPPORTED, 8, "SPK_ERR_UNSUPPORTED"},
                  {SPK_ERR_CANCELLED, 9, "SPK_ERR_CANCELLED"}};
    for (size_t i = 0; i < sizeof pinned / sizeof pinned[0]; i++) {
        CU_ASSERT_EQUAL((int)pinned[i].status, pinned[i].value);
        CU_ASSERT_STRING_EQUAL(spk_status_name(pinned[i].status), pinned[i].name);
    }
}

static void other_values_are_unknown(void)
{
    CU_ASSERT_STRING_EQUAL(spk_status_name((spk_status)10), "SPK_ERR_UNKNOWN");
    CU_ASSERT_STRING_EQUAL(spk_status_name((spk_status)-1), "SPK_ERR_UNKNOWN");
}

static const suite_test tests[] = {
    {"values and names are pinned", values_and_names_are_pinned},
    {"other values are unknown", other_values_are_unknown},
};
SUITE_MAIN("status", tests)
