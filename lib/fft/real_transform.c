/* SPDX-License-Identifier: BSD-3-Clause */
#include "fft/real_transform.h"

#include "base/check.h"
#include "base/memory.h"

#include <fftw3.h>
#include <inttypes.h>
#include <pthread.h>

/* FFTW plans and destroys plans one at a time in a process; it runs them on any thread. */
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

struct spk__real_transform {
    fftw_plan forward;
    fftw_plan backward;
};

spk_status spk__real_transform_create(spk_context *ctx, int64_t n,
                                      spk__real_transform **transform)
{
    const unsigned flags = FFTW_ESTIMATE | FFTW_UNALIGNED;
    SPK_REQUIRE(ctx, n >= 1 && n <= (int64_t)1 << 28, SPK_ERR_ARGUMENT,
                "a transform must be of 1 .. 2^28 values, got %" PRId64, n);
    spk__real_transform *made = spk__alloc_zero(ctx, 1, sizeof *made);
    double *x = spk__alloc(ctx, n, sizeof *x);
    fftw_complex *spectrum = spk__alloc(ctx, n / 2 + 1, sizeof *spectrum);
    spk_status status = SPK_OK;
    if (made == NULL || x == NULL || spectrum == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    pthread_mutex_lock(&planner);
    made->forward =
        fftw_plan_dft_r2c_1d((int)n, x, spectrum, flags | FFTW_PRESERVE_INPUT);
    made->backward = fftw_plan_dft_c2r_1d((int)n, spectrum, x, flags);
    pthread_mutex_unlock(&planner);
    if (made->forward == NULL || made->backward == NULL) {
        status = spk__fail_memory(ctx);
        goto cleanup;
    }
    *transform = made;
    made = NULL;
cleanup:
    spk__free(spectrum);
    spk__free(x);
    spk__real_transform_destroy(made);
    return status;
}

void spk__real_transform_destroy(spk__real_transform *transform)
{
    if (transform == NULL)
        return;
    pthread_mutex_lock(&planner);
    if (transform->forward != NULL)
        fftw_destroy_plan(transform->forward);
    if (transform->backward != NULL)
        fftw_destroy_plan(transform->backward);
    pthread_mutex_unlock(&planner);
    spk__free(transform);
}

void spk__real_transform_forward(const spk__real_transform *transform, double *x,
                                 double (*spectrum)[2])
{
    fftw_execute_dft_r2c(transform->forward, x, spectrum);
}

void spk__real_transform_backward(const spk__real_transform *transform,
                                  double (*spectrum)[2], double *x)
{
    fftw_execute_dft_c2r(transform->backward, spectrum, x);
}
