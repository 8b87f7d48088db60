/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * OpenBLAS's serial build takes its work space from a table that it does not lock: two threads
 * within calls of their own may be given the same one, and their products are then wrong. The
 * linker's --wrap (cmake/dependencies.cmake) leads its calls for work space here, to one at a
 * time. The products themselves run side by side.
 */
#include <pthread.h>

void *__real_blas_memory_alloc(int position);
void __real_blas_memory_free(void *space);
void *__wrap_blas_memory_alloc(int position);
void __wrap_blas_memory_free(void *space);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void *__wrap_blas_memory_alloc(int position)
{
    pthread_mutex_lock(&lock);
    void *space = __real_blas_memory_alloc(position);
    pthread_mutex_unlock(&lock);
    return space;
}

void __wrap_blas_memory_free(void *space)
{
    pthread_mutex_lock(&lock);
    __real_blas_memory_free(space);
    pthread_mutex_unlock(&lock);
}
