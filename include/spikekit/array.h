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
    SPK_DTYPE_TEXT = 12, /**< numpy 'U': item_size / 4 UCS-4 characters, padded with 0 */
    SPK_DTYPE_BYTES = 13 /**< numpy 'S': item_size bytes, padded with 0 */
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
    const void *data;                        /**< aligned; NULL only if n_elements is 0 */
} spk_array;

/** Bytes of one element; 0 for text, bytes and unknown values. */
SPK_API int32_t spk_dtype_size(int32_t dtype);

/** numpy's name, "int64" say, or "text" or "bytes"; NULL for unknown values. */
SPK_API const char *spk_dtype_name(int32_t dtype);

/**
 * Converts to row-major int64 in the machine's byte order. Floats must hold whole numbers.
 * @param[out] out  [n_elements]
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, or an array that is not consistent in itself);
 *         SPK_ERR_FORMAT (text or bytes; NaN, infinite or fractional value, the
 *         message names the first); SPK_ERR_OVERFLOW (beyond int64)
 * Cost: O(n_elements), no extra memory
 */
SPK_API SPK_MUST_CHECK spk_status spk_array_to_int64(spk_context *ctx,
                                                     const spk_array *array,
                                                     int64_t *out);

/** Converts to row-major double; int64 beyond 2^53 is rounded. NaN and infinity pass.
 *  @return as spk_array_to_int64() */
SPK_API SPK_MUST_CHECK spk_status spk_array_to_double(spk_context *ctx,
                                                      const spk_array *array,
                                                      double *out);

/* ---- .npy files: versions 1, 2 and 3 ---- */

/** An open .npy file, mapped read-only. */
typedef struct spk_npy spk_npy;

/**
 * Maps a .npy file. Reads every bool, integer and float type, text, both byte orders, C and
 * Fortran order, up to 8 dimensions and headers up to 1 MiB. Bytes after the data are
 * tolerated. Never runs or unpickles anything. Data that lie at an address unfit for their
 * type, which numpy does not write, are copied.
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND; SPK_ERR_IO; SPK_ERR_FORMAT (not npy,
 *         hostile header, object dtype, truncated data: path, expected, found);
 *         SPK_ERR_UNSUPPORTED (structured or other dtype, more than 8 dimensions, a version
 *         above 3.0); SPK_ERR_OVERFLOW (shape beyond 2^63 bytes); SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_npy_open(spk_context *ctx, const char *path,
                                               spk_npy **npy);

/** The array in the file, valid until spk_npy_close(). */
SPK_API const spk_array *spk_npy_array(const spk_npy *npy);

/** Unmaps and frees. NULL is fine. */
SPK_API void spk_npy_close(spk_npy *npy);

/**
 * Writes an array as .npy: row-major, in the machine's byte order, beside the path first
 * ("<path>.part-<process>"), then renamed over it. A symbolic link is followed; a device or
 * pipe is written directly.
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND (no such folder); SPK_ERR_IO ("path: No
 *         space left on device" for one); SPK_ERR_MEMORY
 * Cost: extra memory 1 MiB; the size of the array when it is not row-major or is swapped
 */
SPK_API SPK_MUST_CHECK spk_status spk_npy_write(spk_context *ctx, const char *path,
                                                const spk_array *array);

/** A .npy file being written piece by piece. */
typedef struct spk_npy_writer spk_npy_writer;

/**
 * Starts a file of known shape; append exactly its bytes, then finish. The path appears only
 * at finish; destroying before discards what was written.
 * @param[in] dtype  any but text and bytes
 * @param[in] shape  [n_dimensions], row-major, in the machine's byte order
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_OVERFLOW; SPK_ERR_NOT_FOUND (no such folder);
 *         SPK_ERR_IO; SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_npy_writer_create(spk_context *ctx,
                                                        const char *path, int32_t dtype,
                                                        int32_t n_dimensions,
                                                        const int64_t *shape,
                                                        spk_npy_writer **writer);
/** @return SPK_OK; SPK_ERR_ARGUMENT (NULL, more bytes than the shape has); SPK_ERR_IO */
SPK_API SPK_MUST_CHECK spk_status spk_npy_writer_append(spk_context *ctx,
                                                        spk_npy_writer *writer,
                                                        const void *data, size_t n_bytes);
/** The file appears. Call once; only destroy may follow.
 *  @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bytes missing, called before); SPK_ERR_IO */
SPK_API SPK_MUST_CHECK spk_status spk_npy_writer_finish(spk_context *ctx,
                                                        spk_npy_writer *writer);
/** Frees; discards the file if it was not finished. NULL is fine. */
SPK_API void spk_npy_writer_destroy(spk_npy_writer *writer);

/* ---- .npz archives: zip of .npy members, stored or deflated, zip64 ---- */

/** An open .npz archive. */
typedef struct spk_npz spk_npz;

/**
 * Opens an archive and checks its directory: names (UTF-8, relative, no "..", no two alike),
 * no overlapping members, sizes that the file can hold or that deflate can reach (1032 times
 * the compressed size). Encrypted and split archives and methods other than stored and
 * deflated are SPK_ERR_UNSUPPORTED. Folders in the archive are skipped.
 * @return as spk_npy_open()
 */
SPK_API SPK_MUST_CHECK spk_status spk_npz_open(spk_context *ctx, const char *path,
                                               spk_npz **npz);
SPK_API int64_t spk_npz_n_members(const spk_npz *npz);
/** Name without ".npy", in the order of the archive's directory; NULL out of range. */
SPK_API const char *spk_npz_name(const spk_npz *npz, int64_t member);
/**
 * The array of a member. Stored members are used in place (copied where an address is unfit
 * for the type), deflated ones inflated once and kept; either is valid until spk_npz_close().
 * The checksum is verified on first use.
 * @return SPK_OK; SPK_ERR_NOT_FOUND; SPK_ERR_FORMAT (also a checksum that differs); otherwise
 *         as spk_npy_open()
 */
SPK_API SPK_MUST_CHECK spk_status spk_npz_array(spk_context *ctx, spk_npz *npz,
                                                const char *name,
                                                const spk_array **array);
/** Unmaps and frees. NULL is fine. */
SPK_API void spk_npz_close(spk_npz *npz);

/** An archive being written. The path appears only at finish. */
typedef struct spk_npz_writer spk_npz_writer;

/**
 * Starts an archive. Members beyond 4 GB are written as zip64; the data of stored ones begin
 * at a multiple of 64 bytes. Times in it are fixed, so equal data give equal files. The path
 * must not be a pipe.
 * @param[in] deflate  0: stored, so that others can map it; 1..9: zlib level
 * @return SPK_OK; SPK_ERR_ARGUMENT; SPK_ERR_NOT_FOUND (no such folder); SPK_ERR_IO;
 *         SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_create(spk_context *ctx,
                                                        const char *path, int32_t deflate,
                                                        spk_npz_writer **writer);
/**
 * Starts a member `name` (without ".npy") of known shape; append exactly its bytes, in as
 * many pieces as wanted, before the next member or finish.
 * @return SPK_OK; SPK_ERR_ARGUMENT (NULL, a name that is empty, used before, absolute, has
 *         "..", or is not UTF-8; text or bytes dtype; the member before lacks bytes);
 *         SPK_ERR_OVERFLOW; SPK_ERR_IO; SPK_ERR_MEMORY
 */
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_begin(spk_context *ctx,
                                                       spk_npz_writer *writer,
                                                       const char *name, int32_t dtype,
                                                       int32_t n_dimensions,
                                                       const int64_t *shape);
/** @return SPK_OK; SPK_ERR_ARGUMENT (NULL, no member begun, more bytes than the shape has);
 *         SPK_ERR_IO */
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_append(spk_context *ctx,
                                                        spk_npz_writer *writer,
                                                        const void *data, size_t n_bytes);
/** Adds a whole array. @return as spk_npz_writer_begin() */
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_add(spk_context *ctx,
                                                     spk_npz_writer *writer,
                                                     const char *name,
                                                     const spk_array *array);
/** Adds a UTF-8 string as a 0-dimensional numpy text array, so that str(npz[name]) is it.
 *  @return as spk_npz_writer_begin() */
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_add_text(spk_context *ctx,
                                                          spk_npz_writer *writer,
                                                          const char *name,
                                                          const char *text);
/** The file appears. Call once; only destroy may follow.
 *  @return SPK_OK; SPK_ERR_ARGUMENT (NULL, bytes missing, called before); SPK_ERR_IO */
SPK_API SPK_MUST_CHECK spk_status spk_npz_writer_finish(spk_context *ctx,
                                                        spk_npz_writer *writer);
/** Frees; discards the file if it was not finished. NULL is fine. */
SPK_API void spk_npz_writer_destroy(spk_npz_writer *writer);

#ifdef __cplusplus
}
#endif
#endif
