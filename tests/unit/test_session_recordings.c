/* SPDX-License-Identifier: BSD-3-Clause */
/* Real recordings, when the folder of data is there; counts are those of their READMEs. */
#define _POSIX_C_SOURCE 200809L
#include "suite.h"

#include <math.h>
#include <spikekit/session.h>
#include <stdlib.h>
#include <unistd.h>

static spk_context *ctx;
static const char *data;
static char paths[2][1024];

static const char *place(int slot, const char *name)
{
    snprintf(paths[slot], sizeof paths[slot], "%s/%s", data, name);
    return paths[slot];
}

static int is_there(const char *name)
{
    if (access(place(0, name), R_OK) == 0)
        return 1;
    printf("skipped: %s is not there\n", place(0, name));
    return 0;
}

static int64_t count_quality(const spk_session *s, const char *quality)
{
    int64_t n = 0;
    for (int64_t u = 0; u < spk_session_spikes(s)->n_units; u++)
        n += strcmp(spk_session_quality(s, u), quality) == 0;
    return n;
}

static void kilosort4(void)
{
    spk_session *s;
    if (!is_there("ks4_ibl_zfm02370"))
        return;
    CU_ASSERT_FATAL(spk_session_open(ctx, place(0, "ks4_ibl_zfm02370"), NULL, &s) ==
                    SPK_OK);
    const spk_spikes *spikes = spk_session_spikes(s);
    CU_ASSERT(spikes->n_spikes == 290360 && spikes->n_units == 403);
    CU_ASSERT(spikes->samples[0] == 58 && spikes->samples[290359] == 2699982);
    CU_ASSERT(spikes->sampling_rate_hz == 30000 && spikes->stop_sample == 2699983);
    CU_ASSERT_EQUAL(count_quality(s, "good"), 253);
    CU_ASSERT_EQUAL(count_quality(s, "mua"), 150);
    int64_t contamination = spk_session_find_label(s, "ContamPct");
    CU_ASSERT_STRING_EQUAL(spk_session_label_text(s, contamination, 0), "66.4");
    CU_ASSERT_EQUAL(spk_session_find_label(s, "group"), -1); /* its header says KSLabel */
    CU_ASSERT_EQUAL(spk_session_channel_positions(s)->shape[0], 383);
    double *xy = malloc(2 * 403 * sizeof *xy);
    CU_ASSERT_EQUAL(spk_session_unit_positions(ctx, s, xy), SPK_OK);
    int n_outside = 0;
    for (int u = 0; u < 403; u++)
        n_outside += !(xy[2 * u] > -50 && xy[2 * u] < 120 && xy[2 * u + 1] > -50 &&
                       xy[2 * u + 1] < 3900);
    CU_ASSERT_EQUAL(n_outside, 0);
    free(xy);
    spk_session_close(s);
}

static void kilosort2(void)
{
    spk_session *s;
    if (!is_there("bombcell_toy_ks2"))
        return;
    CU_ASSERT_FATAL(spk_session_open(ctx, place(0, "bombcell_toy_ks2"), NULL, &s) ==
                    SPK_OK);
    const spk_spikes *spikes = spk_session_spikes(s);
    CU_ASSERT(spikes->n_spikes == 94565 && spikes->n_units == 15);
    CU_ASSERT(spikes->samples[0] == 9761 && spikes->samples[94564] == 134276218);
    CU_ASSERT(spikes->sampling_rate_hz == 30000); /* from the .ap.meta */
    CU_ASSERT_EQUAL(spk_session_n_labels(s), 0);
    spk_session_close(s);
}

static void alf(void)
{
    spk_session *s;
    spk_session_options options;
    int64_t counts[3] = {0};
    if (!is_there("ibl_slidingrp_unit"))
        return;
    spk_session_options_init(&options, sizeof options);
    options.sampling_rate_hz = 30000;
    CU_ASSERT_FATAL(spk_session_open(ctx, place(0, "ibl_slidingrp_unit"), &options, &s) ==
                    SPK_OK);
    const spk_spikes *spikes = spk_session_spikes(s);
    CU_ASSERT(spikes->n_spikes == 47748 && spikes->n_units == 3);
    for (int64_t k = 0; k < spikes->n_spikes; k++)
        counts[spikes->units[k]]++;
    CU_ASSERT(counts[0] == 107 && counts[1] == 29767 && counts[2] == 17874);
    CU_ASSERT_EQUAL(spk_session_unit_ids(s)[0], 167);
    spk_session_close(s);
}

static void pairs_in_seconds(void)
{
    static const struct {
        const char *times, *units;
        int64_t n_spikes, n_units;
    } cases[] = {
        {"nelpy_linear_track/spike_times_s.npy", "nelpy_linear_track/spike_clusters.npy",
         28829, 31},
        {"pynapple_phy_A8604/spike_times_s.npy", "pynapple_phy_A8604/spike_clusters.npy",
         21354, 3},
        {"retinal_waves_hdmea/Maccione2014_P11_m1r2.spike_times_s.npy",
         "retinal_waves_hdmea/Maccione2014_P11_m1r2.spike_clusters.npy", 664716, 1152},
        {"cellexplorer_units/mouse1_180502a.spike_times_s.npy",
         "cellexplorer_units/mouse1_180502a.spike_clusters.npy", 600667, 6},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        spk_session *s;
        if (!is_there(cases[k].times))
            continue;
        CU_ASSERT_FATAL(spk_session_open_arrays(ctx, place(0, cases[k].times),
                                                place(1, cases[k].units), NULL,
                                                &s) == SPK_OK);
        CU_ASSERT_EQUAL(spk_session_spikes(s)->n_spikes, cases[k].n_spikes);
        CU_ASSERT_EQUAL(spk_session_spikes(s)->n_units, cases[k].n_units);
        CU_ASSERT(spk_session_spikes(s)->sampling_rate_hz == 1e9);
        spk_session_close(s);
    }
}

static const suite_test tests[] = {
    {"Kilosort 4", kilosort4},
    {"Kilosort 2", kilosort2},
    {"ALF", alf},
    {"pairs in seconds", pairs_in_seconds},
};

int main(void)
{
    data = getenv("SPK_DATA");
    if (data == NULL)
        data = "../../shared/data"; /* from tests/ */
    if (spk_context_create(&ctx) != SPK_OK)
        return 1;
    int result =
        suite_run("session_recordings", tests, (int)(sizeof tests / sizeof tests[0]));
    spk_context_destroy(ctx);
    return result;
}
