/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_BASE_LIBRARY_VERSIONS_H
#define SPIKEKIT_BASE_LIBRARY_VERSIONS_H

/*
 * The versions of the linked libraries, as each tells itself at run time. A library's headers
 * are seen by one folder only, so that folder defines its function; base only declares them,
 * for spk_build_description().
 */

const char *spk__fft_version(void);           /* lib/fft */
const char *spk__linalg_version(void);        /* lib/linalg */
const char *spk__distributions_version(void); /* lib/distributions */
const char *spk__zlib_version(void);          /* lib/files, and the next two */
const char *spk__jansson_version(void);
unsigned spk__xxhash_version(void); /* 10000 major + 100 minor + patch */

#endif
