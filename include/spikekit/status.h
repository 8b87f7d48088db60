/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_STATUS_H
#define SPIKEKIT_STATUS_H

#if defined(__GNUC__)
#define SPK_API __attribute__((visibility("default")))
#define SPK_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SPK_API
#define SPK_MUST_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What a function returns. Values are pinned: new ones are appended, none is reused.
 * The words that go with a failure are in the context, spk_context_message().
 */
typedef enum spk_status {
    SPK_OK = 0,
    SPK_ERR_ARGUMENT = 1,    /**< an argument is out of its documented range */
    SPK_ERR_MEMORY = 2,      /**< memory could not be allocated */
    SPK_ERR_OVERFLOW = 3,    /**< a size, time or count does not fit its type */
    SPK_ERR_UNSORTED = 4,    /**< spike times or epochs are not in order */
    SPK_ERR_IO = 5,          /**< the system could not read or write a file */
    SPK_ERR_FORMAT = 6,      /**< a file does not hold what its format asks for */
    SPK_ERR_NOT_FOUND = 7,   /**< a file, member, column or unit is absent */
    SPK_ERR_UNSUPPORTED = 8, /**< valid, but this build or function does not do it */
    SPK_ERR_CANCELLED = 9    /**< the cancel callback asked to stop */
} spk_status;

/** The name of a status, "SPK_ERR_ARGUMENT" say; "SPK_ERR_UNKNOWN" for any other value. */
SPK_API const char *spk_status_name(spk_status status);

#ifdef __cplusplus
}
#endif
#endif
