/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests that multiply matrices on several threads. OpenBLAS hands out its work buffers under
 * a lock of its own in assembly, which ThreadSanitizer cannot see: a buffer that one thread gave
 * back and another took looks like a race inside OpenBLAS's kernels. */
#ifndef SPIKEKIT_TESTS_BLAS_RACES_H
#define SPIKEKIT_TESTS_BLAS_RACES_H

#if defined(__SANITIZE_THREAD__)
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return "race:gemm_*copy\nrace:gemm_kernel\nrace:gemm_beta\n"
           "race:trsm_*copy\nrace:trsm_kernel\n";
}
#endif

#endif
