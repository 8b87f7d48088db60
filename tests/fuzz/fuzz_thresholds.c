/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a table of thresholds; what was understood labels two units. */
#include "base/memory.h"
#include "fuzz.h"

#include <math.h>
#include <spikekit/labels.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"num_spikes", "bombcell:nPeaks", "own"};
    static const double values[] = {100, NAN, 3, 1, -INFINITY, 0};
    spk_context *ctx = NULL;
    spk_thresholds *thresholds = NULL;
    char *text = malloc(size + 1);
    if (text == NULL || spk_context_create(&ctx) != SPK_OK) {
        free(text);
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (spk_thresholds_parse(ctx, text, 3, names, &thresholds) == SPK_OK) {
        const int64_t n_labels = spk_thresholds_n_labels(thresholds);
        int32_t labels[2];
        int64_t rows[2];
        char words[256];
        fuzz_require(n_labels > 0 && spk_thresholds_n_rows(thresholds) >= n_labels);
        for (int64_t r = 0; r < spk_thresholds_n_rows(thresholds); r++) {
            const spk_threshold *row = spk_thresholds_row(thresholds, r);
            fuzz_require(row->minimum <= row->maximum);
            spk_threshold_describe(row, words);
            fuzz_require(memchr(words, '\0', sizeof words) != NULL);
        }
        if (spk_labels_assign(ctx, thresholds, 2, 3, names, values, labels, rows, NULL,
                              NULL) == SPK_OK)
            for (int u = 0; u < 2; u++)
                fuzz_require(labels[u] >= -1 && labels[u] < n_labels &&
                             (labels[u] < 0) == (rows[u] < 0));
    }
    spk_thresholds_destroy(thresholds);
    free(text);
    fuzz_require(spk__memory_in_use(ctx) == 0);
    spk_context_destroy(ctx);
    return 0;
}
