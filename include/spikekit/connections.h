/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_CONNECTIONS_H
#define SPIKEKIT_CONNECTIONS_H

/*
 * Which peaks and troughs of correlograms are real: one table for every method.
 *
 * Each ordered pair source -> target is tested for an excess (sign +1), a lack (sign -1), or
 * both, of target spikes at short latencies after source spikes. A row is one such
 * test: where the extreme lag is, how many pairs it holds and how many were expected, p, q and
 * the transmission probability. Methods differ in what they expect and in the exact null
 * hypothesis; they are compared on known truth in docs/connections.md.
 *
 * p and q are natural logarithms, right far below the smallest double.
 */

#include <spikekit/context.h>
#include <spikekit/epochs.h>
#include <spikekit/spikes.h>
#include <spikekit/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How an excess or a lack is judged. Defaults of each are in spk_connections_method(). */
typedef enum spk_connection_method {
    /** Counts against a hollow kernel's mean of the neighbouring lags, Poisson mid-p of the
     *  most extreme bin, times the bins tested. A lack that lasts longer than the kernel is
     *  wide predicts itself: for inhibition of 10 ms take bin_s 0.002, width_s 0.03, window_s
     *  0.3 and max_latency_s 0.01. Stark & Abeles (2009) */
    SPK_CONNECTION_HOLLOW = 0,
    /** The rules of English et al. (2017), as CellExplorer and buzcode apply them: above the
     *  hollow kernel's limit, and above the anti-causal peak. `transmission` is not theirs,
     *  which sums what is above the kernel's prediction at 0.8 to 4.8 ms and is never
     *  negative: it is over the latencies tested, of either sign, and beyond what the bins that
     *  are not tested predict, as for HOLLOW. */
    SPK_CONNECTION_ENGLISH = 1,
    /** Three bins in a row beyond a normal limit taken from the outer lags: their rule, which
     *  `significant` keeps. p is the larger of the normal's and a Poisson count's, so that few
     *  pairs stay few. Kopelowitz & Cohen (2014) */
    SPK_CONNECTION_KOPELOWITZ = 2,
    /** A hollow median's test after both autocorrelograms were divided out of the
     *  correlogram. An excess must also be one over the mean of longer lags, since the median
     *  of few pairs is 0; p, unlike `significant`, minds their deviation too, since the division
     *  adds noise. Spivak, Levi, Sloin, Someck & Stark (2022) */
    SPK_CONNECTION_DECONVOLUTION = 3,
    /** A generalized linear model of the correlogram, judged by its coupling's size.
     *  Kobayashi et al. (2019) */
    SPK_CONNECTION_GLMCC = 4,
    /** The same model, judged by the ratio of likelihoods with and without the coupling. */
    SPK_CONNECTION_GLMCC_LR = 5,
    /** Exact p under interval jitter of the target, for the most extreme bin, times the bins
     *  tested. It tests and hardly estimates: a peak is part of what is jittered, so that the
     *  share (latencies tested) / width_s of it is expected and missing from `transmission`.
     *  Amarasingham et al. (2012); Jeck & Niebur (2015) */
    SPK_CONNECTION_JITTER = 6,
    /** Kilosort's test of a refractory period that two units share: they may be one neuron.
     *  Lack only, on both sides of lag 0 at once: each pair of units is tested once, with
     *  source < target, whichever direction `pairs` names. For i = 1, 2, ... the pairs in the i
     *  bins from min_latency_s on are compared with the shoulder. `significant`: some ratio to
     *  Kilosort's shoulder (the largest of three) is below 0.25 and some normal probability
     *  below alpha; the least ratio is the effect. p: the pairs given those and the pairs in
     *  the 40 bins beyond max_latency_s, both sides, are binomial; the least tail times the
     *  number of i; `count` and `expected` are of that i, `latency_s` its last bin. */
    SPK_CONNECTION_REFRACTORY = 7
} spk_connection_method;

/** What a method is called and which numbers it uses where the options leave them open. */
typedef struct spk_connection_method_info {
    const char *name;     /**< "hollow", "english", ... */
    const char *summary;  /**< one sentence */
    double bin_s;         /**< bin of the correlogram [s] */
    double window_s;      /**< its full width [s] */
    double min_latency_s; /**< bins with their centre from here ... */
    double max_latency_s; /**< ... to here are tested */
    double width_s; /**< time scale of the null: kernel, jitter window [s]; NaN: none */
    double alpha;   /**< level of the method's own rule; NaN: it has none */
    /** Tested by default: +1, -1, or 0 for both. Methods that expect what is seen near by have
     *  +1: beside a strong peak they expect too much, and most lacks they claim are such
     *  shadows. */
    int32_t signs;
    int32_t skip_center; /**< what spk_connections_options.skip_center = -1 stands for */
} spk_connection_method_info;

/** The description of a method; NULL for an unknown value. */
SPK_API const spk_connection_method_info *spk_connections_method(int32_t method);

/**
 * The method of a name.
 * @return SPK_OK; SPK_ERR_NOT_FOUND (the message lists the names)
 */
SPK_API SPK_MUST_CHECK spk_status spk_connections_method_from_name(spk_context *ctx,
                                                                   const char *name,
                                                                   int32_t *method);

/** Fill with spk_connections_options_init(&options, sizeof options), then change fields.
 *  NaN stands for the method's own value. */
typedef struct spk_connections_options {
    size_t struct_size; /**< set by init */
    int32_t method;     /**< an spk_connection_method; default HOLLOW */
    int32_t signs;      /**< +1 excess, -1 lack, 0 both, 2 the method's own; default 2 */
    double bin_s;       /**< default NaN; rounded to samples */
    double window_s;    /**< default NaN; full width, made of whole bins */
    double min_latency_s; /**< default NaN; at least 0 */
    double max_latency_s; /**< default NaN; within the window */
    double width_s;       /**< default NaN; above 0 */
    double alpha; /**< level of the method's own rule; default NaN; in (0, 1); an error
                               *   where the method has none */
    /** Rows with a larger p, and not significant by the method's own rule, are counted as tests
     *  but not kept; default 0.01; 1 keeps all. q is exact where it is at most max_p; a larger
     *  one may be less with all rows, but not less than max_p. In (0, 1]. */
    double max_p;
    const spk_epochs *epochs; /**< default NULL: the whole recording */
    const int32_t *pairs; /**< [n_pairs][2] ordered pairs of unit indices, source first,
                               *   source != target; default NULL: all */
    int64_t n_pairs;      /**< read when pairs is not NULL */
    /** Without `pairs`: a shard, first_source .. last_source - 1 of the units; default 0 and
     *  -1, all. Each pair belongs to one unit (its source or, where a method judges both
     *  directions at once, either), so shards that together name every unit once find the rows
     *  of one call; spk_connections_adjust() then gives their q. */
    int64_t first_source;
    int64_t last_source;
    /** 1: the bin at lag 0 is left out of what the background is estimated from, for pairs on
     *  the same electrodes, where a sorter misses spikes that overlap; latencies tested must be
     *  beyond it. HOLLOW, ENGLISH and DECONVOLUTION only. 0: it counts like any other. Default
     *  -1, the method's own: 1 for ENGLISH, 0 for all others. */
    int32_t skip_center;
} spk_connections_options;

SPK_API void spk_connections_options_init(spk_connections_options *options,
                                          size_t struct_size);

/** One test. */
typedef struct spk_connection {
    int32_t source;      /**< unit index */
    int32_t target;      /**< unit index */
    int32_t sign;        /**< +1: an excess was tested, -1: a lack */
    int32_t significant; /**< 1: by the method's own rule at alpha */
    double latency_s;    /**< centre of the most extreme bin tested [s] */
    double count;        /**< pairs in it */
    double expected;     /**< pairs expected in it */
    double log_p;        /**< ln p of the test: all bins of the pair and sign together */
    double log_q; /**< ln q, Benjamini & Hochberg (1995), over all tests of the call */
    /** (pairs - expected) / spikes of the source over the latencies tested: extra target spikes
     *  a source spike; negative for a lack. NaN where the method expects no counts. */
    double transmission;
    double transmission_lower; /**< 95 % limits, exact for Poisson counts, given the */
    double transmission_upper; /**< expectation; NaN as above */
    double
        effect; /**< the method's own measure: J of GLMCC, z of Kopelowitz & Cohen, STG of
                    *   the deconvolution; NaN where there is none */
} spk_connection;

/** The table; read-only. */
typedef struct spk_connections spk_connections;

/**
 * Tests pairs of units.
 *
 * Rows are by source, then target, excess before lack. A pair in which a unit has no spike in
 * the epochs, or for which the method's conditions fail, is not tested and has no row.
 *
 * @param[in]  ctx          threads, progress, cancel; holds the message on error
 * @param[in]  spikes       valid spike table, borrowed for the call
 * @param[in]  options      NULL for the defaults
 * @param[out] connections  destroy with spk_connections_destroy()
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, option out of range, latencies with no bin, window
 *         longer than the recording, a sign that the method does not test, a bin at lag 0 that
 *         it cannot leave out); the errors of
 *         spk_correlogram_count(); SPK_ERR_MEMORY; SPK_ERR_CANCELLED
 * Cost:    methods of correlograms: spk_correlogram_count_rows(), then some 1 us a pair;
 *          others see their headers. Extra memory: that of the count, spk_trains, and 220
 *          bytes a row that is kept; DECONVOLUTION 16 bytes a bin of each unit
 * Threads: workers own sources or pairs; the same rows for any number of threads
 * Source:  each method's, above
 */
SPK_API SPK_MUST_CHECK spk_status spk_connections_find(
    spk_context *ctx, const spk_spikes *spikes, const spk_connections_options *options,
    spk_connections **connections);

/** Frees. NULL is fine. */
SPK_API void spk_connections_destroy(spk_connections *connections);

/** The rows that were kept: [spk_connections_n_rows()]. */
SPK_API const spk_connection *spk_connections_rows(const spk_connections *connections);
SPK_API int64_t spk_connections_n_rows(const spk_connections *connections);
/** Tests made, kept or not. */
SPK_API int64_t spk_connections_n_tests(const spk_connections *connections);
/** The options with the method's own values filled in, whole bins, signs -1, 0 or 1, and
 *  skip_center 0 or 1. */
SPK_API const spk_connections_options *
spk_connections_resolved(const spk_connections *connections);

/**
 * Writes log_q of rows joined from several calls: q_i = min over j with p_j >= p_i of
 * n_tests p_j / rank_j, at most 1.
 *
 * @param[in]     ctx      holds the message on error
 * @param[in]     n_tests  tests of all calls together, >= n_rows
 * @param[in,out] rows     [n_rows] log_q is overwritten
 * @param[in]     n_rows   >= 0
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_MEMORY
 * Cost:   O(n_rows log n_rows)
 * Source: Benjamini & Hochberg (1995) J. R. Stat. Soc. B 57:289-300
 */
SPK_API SPK_MUST_CHECK spk_status spk_connections_adjust(spk_context *ctx,
                                                         int64_t n_tests,
                                                         spk_connection *rows,
                                                         int64_t n_rows);

/**
 * One pair as a picture: the correlogram with what the method expected of it. Fill its arrays
 * with spk_connections_curve().
 *
 * Limits are drawn at the method's alpha; a row's `significant` may need more or less than a
 * count beyond them:
 *   HOLLOW         Poisson quantiles at alpha / (bins tested), of the whole P(N >= count). It
 *                  judges by the mid-p: a count at or just within the limit may be significant
 *   ENGLISH        Poisson quantiles at alpha / (twice the bins up to the last latency): its
 *                  first rule; the second, around the anti-causal peak, is not drawn
 *   KOPELOWITZ     mean and two-sided normal limits: three bins in a row beyond are its rule
 *   DECONVOLUTION  in the bins tested only
 *   GLMCC, ..._LR  none
 *   JITTER         the whole P(S >= count) at alpha / (bins tested); it judges by the mid-p
 *   REFRACTORY     below only, in the bins tested of both sides: a quarter of Kilosort's
 *                  shoulder, which the mean of the first i bins, not one bin, must be below;
 *                  `expected` is the pooled shoulder of p
 */
typedef struct spk_connection_curve {
    double *lags_s;   /**< [n_bins] centre of each bin */
    double *counts;   /**< [n_bins] source -> target; of DECONVOLUTION the divided ones */
    double *expected; /**< [n_bins] NaN where the method expects nothing */
    double *lower;    /**< [n_bins] a limit of counts for a lack, see above; NaN: none */
    double *upper;    /**< [n_bins] the same for an excess; NaN: none */
} spk_connection_curve;

/**
 * The number of bins of the curve of a pair with these options.
 * @return SPK_OK; as spk_connections_find()
 */
SPK_API SPK_MUST_CHECK spk_status
spk_connections_curve_length(spk_context *ctx, const spk_spikes *spikes,
                             const spk_connections_options *options, int64_t *n_bins);

/**
 * The correlogram of one pair with the method's expectation and limits.
 *
 * @param[in]  ctx      holds the message on error
 * @param[in]  spikes   valid spike table
 * @param[in]  options  as for spk_connections_find(); pairs and sources are not read
 * @param[in]  source   unit index
 * @param[in]  target   unit index, another one
 * @param[in]  curve    arrays of spk_connections_curve_length() elements, which are written
 * @return SPK_OK; as spk_connections_find()
 * Cost: O(n_spikes)
 */
SPK_API SPK_MUST_CHECK spk_status spk_connections_curve(
    spk_context *ctx, const spk_spikes *spikes, const spk_connections_options *options,
    int32_t source, int32_t target, const spk_connection_curve *curve);

#ifdef __cplusplus
}
#endif
#endif
