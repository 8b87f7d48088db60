/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_BASE_DISPATCH_H
#define SPIKEKIT_BASE_DISPATCH_H

/* A function so marked is compiled for x86-64 levels 4, 3 and 1, and the loader picks by
 * processor. Only for integer work: every version must give the same. Sanitizers cannot run
 * before the loader has picked. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                   \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SPK__CLONES                                                                      \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SPK__CLONES
#endif

#endif
