/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPIKEKIT_ARRAY_H
#define SPIKEKIT_ARRAY_H

#include <spikekit/context.h>
#include <spikekit/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Element types of arrays in files. */
typedef enum spk_dtype {
    SPK_DTYPE_BOOL = 0,
    SPK_DTYPE_INT8 = 1,
    SPK_DTYPE_INT16 = 2,
    SPK_DTYPE_INT32 = 3,
    SPK_DTYPE_INT64 = 4,
    SPK_DTYPE_UINT8 = 5,
    SPK_DTYPE_UINT16 = 6,
    SPK_DTYPE_UINT32 = 7,
    SPK_DTYPE_UINT64 = 8,
    SPK_DTYPE_FLOAT16 = 9,
    SPK_DTYPE_FLOAT32 = 10,
    SPK_DTYPE_FLOAT64 = 11,
    SPK_DTYPE_TEXT = 12 /**< numpy 'U' (UCS-4) or 'S' (bytes); item_size tells the width */
} spk_dtype;

enum {
    SPK_ARRAY_MAX_DIMENSIONS = 8
};

/**
 * A view of an array: row-major and in the machine's byte order unless the two flags say
 * otherwise (a mapped file is not copied to change them). Borrows its data.
 */
typedef struct spk_array {
    int32_t dtype;                           /**< an spk_dtype */
    int32_t n_dimensions;                    /**< 0 (a scalar) .. 8 */
    int64_t shape[SPK_ARRAY_MAX_DIMENSIONS]; /**< unused ones are 1 */
    int64_t n_elements;                      /**< product of shape */
    int32_t item_size;                       /**< bytes an element */
    int32_t fortran_order;                   /**< nonzero: column-major */
    int32_t swapped;                         /**< nonzero: the other byte order */
    int32_t reserved;                        /**< 0 */
    const void *data;                        /**< first element; NULL only if n_elements is 0 */
} spk_array;

/** Bytes of one element; 0 for SPK_DTYPE_TEXT and unknown values. */
SPK_API int32_t spk_dtype_size(int32_t dtype);

/** numpy's name, "int64" say; NULL for unknown values. */
SPK_API const char *spk_dtype_name(int32_t dtype);

/**
 * Converts to row-major int64 in the machine's byte order. Floats must hold whole numbers.
 * @param[out] out  [n_elements]
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL); SPK_ERR_FORMAT (text; NaN, infinite or fractional
 *         value, the message names the first); SPK_ERR_OVERFLOW (beyond int64)
 */
SPK_API SPK_MUST_CHECK spk_status spk_array_to_int64(spk_context *ctx,
                                                     const spk_array *array, int64_t *out);

/** Converts to row-major double; int64 beyond 2^53 is rounded. NaN and infinity pass.
 *  @return as spk_array_to_int64() */
SPK_API SPK_MUST_CHECK spk_status spk_array_to_double(spk_context *ctx,
                                                      const spk_array *array, double *out);

/* ---- .npy files: versions 1, 2 and 3 ---- */

/** An open .npy file, mapped read-only. */
typedef struct spk_npy spk_npy;

/**
 * Maps a .npy file. Reads every bool, integer and float type, text, both byte orders, C and
 * Fortran order. Bytes after the data are tolerated. Never runs or unpickles anything.
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND; SPK_ERR_IO; SPK_ERR_FORMAT (not npy,
 *         hostile header, object dtype, truncated data: path, expected, found);
 *         SPK_ERR_UNSUPPORTED (structured or other dtype); SPK_ERR_OVERFLOW; SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_npy_open(spk_context *ctx, const char *path,
                                               spk_npy **npy);

/** The array in the file, valid until spk_npy_close(). */
SPK_API const spk_array *spk_npy_array(const spk_npy *npy);

/** Unmaps and frees. NULL is fine. */
SPK_API void spk_npy_close(spk_npy *npy);

/** Writes an array as .npy, beside the path first, then renamed over it.
 *  @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_IO; SPK_ERR_MEMORY */
SPK_API SPK_MUST_CHECK spk_status spk_npy_write(spk_context *ctx, const char *path,
                                                const spk_array *array);

/** A .npy file being written piece by piece. */
typedef struct spk_npy_writer spk_npy_writer;

/**
 * Starts a file of known shape; append exactly its bytes, then finish. The path appears only
 * at finish; destroying before discards what was written.
 * @param[in] shape  [n_dimensions], row-major, little-endian on disk
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_OVERFLOW; SPK_ERR_IO; SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_npy_writer_create(spk_context *ctx, const char *path,
                                                        int32_t dtype, int32_t n_dimensions,
                                                        const int64_t *shape,
                                                        spk_npy_writer **writer);
SPK_API SPK_MUST_CHECK spk_status spk_npy_writer_append(spk_context *ctx,
                                                        spk_npy_writer *writer,
                                                        const void *data, size_t n_bytes);
/** @return SPK_OK; SPK_ERR_ARGUMENT (bytes missing or too many); SPK_ERR_IO */
SPK_API SPK_MUST_CHECK spk_status spk_npy_writer_finish(spk_context *ctx,
                                                        spk_npy_writer *writer);
/** Frees; discards the file if it was not finished. NULL is fine. */
SPK_API void spk_npy_writer_destroy(spk_npy_writer *writer);

/* ---- .npz archives: zip of .npy members, stored or deflated, zip64 ---- */

/** An open .npz archive. */
typedef struct spk_npz spk_npz;

/**
 * Opens an archive and checks its directory: names (no absolute path, no ".."), no
 * overlapping members, sizes that the file can hold.
 * @return as spk_npy_open()
 */
SPK_API SPK_MUST_CHECK spk_status spk_npz_open(spk_context *ctx, const char *path,
                                               spk_npz **npz);
SPK_API int64_t spk_npz_n_members(const spk_npz *npz);
/** Name without ".npy"; NULL out of range. */
SPK_API const char *spk_npz_name(const spk_npz *npz, int64_t member);
/**
 * The array of a member. Stored members are mapped, deflated ones inflated once and kept;
 * either is valid until spk_npz_close(). The checksum is verified on first use.
 * @return SPK_OK; SPK_ERR_NOT_FOUND; as spk_npy_open()
 */
SPK_API SPK_MUST_CHECK spk_status spk_npz_array(spk_context *ctx, spk_npz *npz,
                                                const char *name, const spk_array **array);
SPK_API void spk_npz_close(spk_npz *npz);

/** An archive being written. The path appears only at finish. */
typedef struct spk_npz_writer spk_npz_writer;

/** @param[in] deflate  0: stored, so that others can map it; 1..9: zlib level
 *  @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_IO; SPK_ERR_MEMORY */
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_create(spk_context *ctx, const char *path,
                                                        int32_t deflate,
                                                        spk_npz_writer **writer);
/** Starts a member `name` (without ".npy") of known shape; append exactly its bytes, in as
 *  many pieces as wanted, before the next member or finish. */
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_begin(spk_context *ctx,
                                                       spk_npz_writer *writer,
                                                       const char *name, int32_t dtype,
                                                       int32_t n_dimensions,
                                                       const int64_t *shape);
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_append(spk_context *ctx,
                                                        spk_npz_writer *writer,
                                                        const void *data, size_t n_bytes);
/** Adds a whole array. */
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_add(spk_context *ctx,
                                                     spk_npz_writer *writer,
                                                     const char *name,
                                                     const spk_array *array);
/** Adds a UTF-8 string as a 0-dimensional numpy text array, so that str(npz[name]) is it. */
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_add_text(spk_context *ctx,
                                                          spk_npz_writer *writer,
                                                          const char *name,
                                                          const char *text);
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_finish(spk_context *ctx,
                                                        spk_npz_writer *writer);
SPK_API void spk_npz_writer_destroy(spk_npz_writer *writer);

#ifdef __cplusplus
}
#endif
#endif
