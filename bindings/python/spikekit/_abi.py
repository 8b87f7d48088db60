# SPDX-License-Identifier: BSD-3-Clause
"""Every public struct, callback and function of the C library, in the order of its headers.

A comment gives the C prototype of each function. Failing functions raise (`_errors`), text
comes back as str. All below the line is made by `./dev abi`; tests compare it with the headers
and the compiler.
"""

from ctypes import (
    CFUNCTYPE,
    POINTER as P,
    Structure,
    c_char as character,
    c_char_p as text,
    c_double as double,
    c_float as float32,
    c_int as enum,
    c_int32 as int32,
    c_int64 as int64,
    c_size_t as size,
    c_uint8 as uint8,
    c_uint32 as uint32,
    c_uint64 as uint64,
    c_void_p as address,
)

from ._library import open_library
from ._types import ArrayParameter, StatusCheck, decode_result

LIBRARY_PATH, _library = open_library()

status = enum  # the type of spk_status and every other enum
check_status = StatusCheck()

int32_in, int32_out = ArrayParameter(int32, False), ArrayParameter(int32, True)
int64_in, int64_out = ArrayParameter(int64, False), ArrayParameter(int64, True)
uint8_in, uint8_out = ArrayParameter(uint8, False), ArrayParameter(uint8, True)
uint32_in, uint32_out = ArrayParameter(uint32, False), ArrayParameter(uint32, True)
double_in, double_out = ArrayParameter(double, False), ArrayParameter(double, True)


def PP(kind):
    return P(P(kind))


def function(name, result, *parameters):
    """Declares one function; `STATUS` as its result means: raise unless it is SPK_OK."""
    try:
        declared = getattr(_library, name)
    except AttributeError:
        raise ImportError(f"{LIBRARY_PATH}: the library has no {name}()") from None
    declared.argtypes = parameters
    if result is STATUS:
        declared.restype = status
        declared.errcheck = check_status
    else:
        declared.restype = result
        if result is text:
            declared.errcheck = decode_result
    return declared


STATUS = object()


def _opaque(name):
    return type(name, (Structure,), {"__module__": __name__})


# ---- made from the headers by ./dev abi -------------------------------------------------

spk_bursts = _opaque("spk_bursts")
spk_comparison = _opaque("spk_comparison")
spk_connections = _opaque("spk_connections")
spk_consensus = _opaque("spk_consensus")
spk_context = _opaque("spk_context")
spk_curation = _opaque("spk_curation")
spk_json = _opaque("spk_json")
spk_merge_candidates = _opaque("spk_merge_candidates")
spk_metrics = _opaque("spk_metrics")
spk_npy = _opaque("spk_npy")
spk_npy_writer = _opaque("spk_npy_writer")
spk_npz = _opaque("spk_npz")
spk_npz_writer = _opaque("spk_npz_writer")
spk_session = _opaque("spk_session")
spk_simulation = _opaque("spk_simulation")
spk_surrogates = _opaque("spk_surrogates")
spk_table = _opaque("spk_table")
spk_thresholds = _opaque("spk_thresholds")
spk_trains = _opaque("spk_trains")
spk_unit_templates = _opaque("spk_unit_templates")
context = P(spk_context)


# ---- status.h ---------------------------------------------------------------------------

# const char *spk_status_name(spk_status status)
spk_status_name = function("spk_status_name", text, status)


# ---- context.h --------------------------------------------------------------------------

# void (*spk_log_callback)(void *user, spk_log_level level, const char *message)
spk_log_callback = CFUNCTYPE(None, address, enum, text)
# void (*spk_progress_callback)(void *user, const char *activity, double fraction)
spk_progress_callback = CFUNCTYPE(None, address, text, double)
# int32_t (*spk_cancel_callback)(void *user)
spk_cancel_callback = CFUNCTYPE(int32, address)
# spk_status spk_context_create(spk_context **context)
spk_context_create = function("spk_context_create", STATUS, PP(spk_context))
# void spk_context_destroy(spk_context *ctx)
spk_context_destroy = function("spk_context_destroy", None, context)
# spk_status spk_context_set_threads(spk_context *ctx, int32_t n_threads)
spk_context_set_threads = function("spk_context_set_threads", STATUS, context, int32)
# int32_t spk_context_threads(const spk_context *ctx)
spk_context_threads = function("spk_context_threads", int32, P(spk_context))
# void spk_context_set_log(spk_context *ctx, spk_log_callback log, void *user)
spk_context_set_log = function(
    "spk_context_set_log", None, context, spk_log_callback, address
)
# void spk_context_set_progress(spk_context *ctx, spk_progress_callback progress,
#     void *user)
spk_context_set_progress = function(
    "spk_context_set_progress", None, context, spk_progress_callback, address
)
# void spk_context_set_cancel(spk_context *ctx, spk_cancel_callback cancel, void *user)
spk_context_set_cancel = function(
    "spk_context_set_cancel", None, context, spk_cancel_callback, address
)
# const char *spk_context_message(const spk_context *ctx)
spk_context_message = function("spk_context_message", text, P(spk_context))
check_status.message = spk_context_message


# ---- epochs.h ---------------------------------------------------------------------------


class spk_epochs(Structure):
    _fields_ = [
        ("n_epochs", int64),
        ("starts", P(int64)),
        ("stops", P(int64)),
    ]


# spk_status spk_epochs_check(spk_context *ctx, const spk_epochs *epochs)
spk_epochs_check = function("spk_epochs_check", STATUS, context, P(spk_epochs))
# spk_status spk_epochs_normalize(spk_context *ctx, int64_t *starts, int64_t *stops,
#     int64_t n, int64_t *n_epochs)
spk_epochs_normalize = function(
    "spk_epochs_normalize", STATUS, context, int64_out, int64_out, int64, int64_out
)
# spk_status spk_epochs_intersect(spk_context *ctx, const spk_epochs *a,
#     const spk_epochs *b, int64_t *starts, int64_t *stops, int64_t *n_epochs)
spk_epochs_intersect = function(
    "spk_epochs_intersect", STATUS, context, P(spk_epochs), P(spk_epochs), int64_out,
    int64_out, int64_out
)
# int64_t spk_epochs_duration(const spk_epochs *epochs)
spk_epochs_duration = function("spk_epochs_duration", int64, P(spk_epochs))


# ---- spikes.h ---------------------------------------------------------------------------


class spk_spikes(Structure):
    _fields_ = [
        ("n_spikes", int64),
        ("n_units", int64),
        ("samples", P(int64)),
        ("units", P(int32)),
        ("sampling_rate_hz", double),
        ("start_sample", int64),
        ("stop_sample", int64),
    ]


# spk_status spk_spikes_check(spk_context *ctx, const spk_spikes *spikes)
spk_spikes_check = function("spk_spikes_check", STATUS, context, P(spk_spikes))
# spk_status spk_spikes_order(spk_context *ctx, int64_t n, const int64_t *samples,
#     int64_t *order)
spk_spikes_order = function(
    "spk_spikes_order", STATUS, context, int64, int64_in, int64_out
)
# spk_status spk_spikes_count(spk_context *ctx, const spk_spikes *spikes, int64_t *counts)
spk_spikes_count = function("spk_spikes_count", STATUS, context, P(spk_spikes), int64_out)
# spk_status spk_spikes_group(spk_context *ctx, const spk_spikes *spikes,
#     int64_t *offsets, int64_t *samples, int64_t *indices)
spk_spikes_group = function(
    "spk_spikes_group", STATUS, context, P(spk_spikes), int64_out, int64_out, int64_out
)
# spk_status spk_spikes_restrict(spk_context *ctx, const spk_spikes *spikes,
#     const spk_epochs *epochs, int64_t *samples, int32_t *units, spk_spikes *restricted)
spk_spikes_restrict = function(
    "spk_spikes_restrict", STATUS, context, P(spk_spikes), P(spk_epochs), int64_out,
    int32_out, P(spk_spikes)
)

class spk_binning_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("bin_samples", int64),
        ("epochs", P(spk_epochs)),
    ]


# void spk_binning_options_init(spk_binning_options *options, size_t struct_size)
spk_binning_options_init = function(
    "spk_binning_options_init", None, P(spk_binning_options), size
)
# spk_status spk_spikes_bin_length(spk_context *ctx, const spk_spikes *spikes,
#     const spk_binning_options *options, int64_t *n_bins)
spk_spikes_bin_length = function(
    "spk_spikes_bin_length", STATUS, context, P(spk_spikes), P(spk_binning_options),
    int64_out
)
# spk_status spk_spikes_bin_dense(spk_context *ctx, const spk_spikes *spikes,
#     const spk_binning_options *options, int32_t *counts)
spk_spikes_bin_dense = function(
    "spk_spikes_bin_dense", STATUS, context, P(spk_spikes), P(spk_binning_options),
    int32_out
)
# spk_status spk_spikes_bin_sparse(spk_context *ctx, const spk_spikes *spikes,
#     const spk_binning_options *options, int64_t *offsets, int64_t *bins,
#     int32_t *counts)
spk_spikes_bin_sparse = function(
    "spk_spikes_bin_sparse", STATUS, context, P(spk_spikes), P(spk_binning_options),
    int64_out, int64_out, int32_out
)


# ---- alignment.h ------------------------------------------------------------------------


class spk_alignment_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("start_s", double),
        ("stop_s", double),
        ("bin_s", double),
        ("epochs", P(spk_epochs)),
    ]


# void spk_alignment_options_init(spk_alignment_options *options, size_t struct_size)
spk_alignment_options_init = function(
    "spk_alignment_options_init", None, P(spk_alignment_options), size
)

class spk_alignment_window(Structure):
    _fields_ = [
        ("n_bins", int64),
        ("first_sample", int64),
        ("bin_samples", int64),
    ]


# spk_status spk_alignment_find_window(spk_context *ctx, double sampling_rate_hz,
#     const spk_alignment_options *options, spk_alignment_window *window)
spk_alignment_find_window = function(
    "spk_alignment_find_window", STATUS, context, double, P(spk_alignment_options),
    P(spk_alignment_window)
)
# spk_status spk_alignment_exposure(spk_context *ctx, const spk_spikes *spikes,
#     int64_t n_events, const int64_t *events, const spk_alignment_options *options,
#     int64_t *exposure, uint8_t *is_whole)
spk_alignment_exposure = function(
    "spk_alignment_exposure", STATUS, context, P(spk_spikes), int64, int64_in,
    P(spk_alignment_options), int64_out, uint8_out
)
# spk_status spk_alignment_count(spk_context *ctx, const spk_spikes *spikes,
#     int64_t n_events, const int64_t *events, const spk_alignment_options *options,
#     int32_t *counts)
spk_alignment_count = function(
    "spk_alignment_count", STATUS, context, P(spk_spikes), int64, int64_in,
    P(spk_alignment_options), int32_out
)
# spk_status spk_alignment_raster(spk_context *ctx, const spk_spikes *spikes,
#     int64_t n_events, const int64_t *events, const spk_alignment_options *options,
#     int64_t *offsets, int64_t *lags)
spk_alignment_raster = function(
    "spk_alignment_raster", STATUS, context, P(spk_spikes), int64, int64_in,
    P(spk_alignment_options), int64_out, int64_out
)


# ---- array.h ----------------------------------------------------------------------------


class spk_array(Structure):
    _fields_ = [
        ("dtype", int32),
        ("n_dimensions", int32),
        ("shape", int64 * 8),
        ("n_elements", int64),
        ("item_size", int32),
        ("fortran_order", int32),
        ("swapped", int32),
        ("reserved", int32),
        ("data", address),
    ]


# int32_t spk_dtype_size(int32_t dtype)
spk_dtype_size = function("spk_dtype_size", int32, int32)
# const char *spk_dtype_name(int32_t dtype)
spk_dtype_name = function("spk_dtype_name", text, int32)
# spk_status spk_array_to_int64(spk_context *ctx, const spk_array *array, int64_t *out)
spk_array_to_int64 = function(
    "spk_array_to_int64", STATUS, context, P(spk_array), int64_out
)
# spk_status spk_array_to_double(spk_context *ctx, const spk_array *array, double *out)
spk_array_to_double = function(
    "spk_array_to_double", STATUS, context, P(spk_array), double_out
)
# spk_status spk_npy_open(spk_context *ctx, const char *path, spk_npy **npy)
spk_npy_open = function("spk_npy_open", STATUS, context, text, PP(spk_npy))
# const spk_array *spk_npy_array(const spk_npy *npy)
spk_npy_array = function("spk_npy_array", P(spk_array), P(spk_npy))
# void spk_npy_close(spk_npy *npy)
spk_npy_close = function("spk_npy_close", None, P(spk_npy))
# spk_status spk_npy_write(spk_context *ctx, const char *path, const spk_array *array)
spk_npy_write = function("spk_npy_write", STATUS, context, text, P(spk_array))
# spk_status spk_npy_writer_create(spk_context *ctx, const char *path, int32_t dtype,
#     int32_t n_dimensions, const int64_t *shape, spk_npy_writer **writer)
spk_npy_writer_create = function(
    "spk_npy_writer_create", STATUS, context, text, int32, int32, int64_in,
    PP(spk_npy_writer)
)
# spk_status spk_npy_writer_append(spk_context *ctx, spk_npy_writer *writer,
#     const void *data, size_t n_bytes)
spk_npy_writer_append = function(
    "spk_npy_writer_append", STATUS, context, P(spk_npy_writer), address, size
)
# spk_status spk_npy_writer_finish(spk_context *ctx, spk_npy_writer *writer)
spk_npy_writer_finish = function(
    "spk_npy_writer_finish", STATUS, context, P(spk_npy_writer)
)
# void spk_npy_writer_destroy(spk_npy_writer *writer)
spk_npy_writer_destroy = function("spk_npy_writer_destroy", None, P(spk_npy_writer))
# spk_status spk_npz_open(spk_context *ctx, const char *path, spk_npz **npz)
spk_npz_open = function("spk_npz_open", STATUS, context, text, PP(spk_npz))
# int64_t spk_npz_n_members(const spk_npz *npz)
spk_npz_n_members = function("spk_npz_n_members", int64, P(spk_npz))
# const char *spk_npz_name(const spk_npz *npz, int64_t member)
spk_npz_name = function("spk_npz_name", text, P(spk_npz), int64)
# spk_status spk_npz_array(spk_context *ctx, spk_npz *npz, const char *name,
#     const spk_array **array)
spk_npz_array = function(
    "spk_npz_array", STATUS, context, P(spk_npz), text, PP(spk_array)
)
# void spk_npz_close(spk_npz *npz)
spk_npz_close = function("spk_npz_close", None, P(spk_npz))
# spk_status spk_npz_writer_create(spk_context *ctx, const char *path, int32_t deflate,
#     spk_npz_writer **writer)
spk_npz_writer_create = function(
    "spk_npz_writer_create", STATUS, context, text, int32, PP(spk_npz_writer)
)
# spk_status spk_npz_writer_begin(spk_context *ctx, spk_npz_writer *writer,
#     const char *name, int32_t dtype, int32_t n_dimensions, const int64_t *shape)
spk_npz_writer_begin = function(
    "spk_npz_writer_begin", STATUS, context, P(spk_npz_writer), text, int32, int32,
    int64_in
)
# spk_status spk_npz_writer_append(spk_context *ctx, spk_npz_writer *writer,
#     const void *data, size_t n_bytes)
spk_npz_writer_append = function(
    "spk_npz_writer_append", STATUS, context, P(spk_npz_writer), address, size
)
# spk_status spk_npz_writer_add(spk_context *ctx, spk_npz_writer *writer,
#     const char *name, const spk_array *array)
spk_npz_writer_add = function(
    "spk_npz_writer_add", STATUS, context, P(spk_npz_writer), text, P(spk_array)
)
# spk_status spk_npz_writer_add_text(spk_context *ctx, spk_npz_writer *writer,
#     const char *name, const char *text)
spk_npz_writer_add_text = function(
    "spk_npz_writer_add_text", STATUS, context, P(spk_npz_writer), text, text
)
# spk_status spk_npz_writer_finish(spk_context *ctx, spk_npz_writer *writer)
spk_npz_writer_finish = function(
    "spk_npz_writer_finish", STATUS, context, P(spk_npz_writer)
)
# void spk_npz_writer_destroy(spk_npz_writer *writer)
spk_npz_writer_destroy = function("spk_npz_writer_destroy", None, P(spk_npz_writer))


# ---- trains.h ---------------------------------------------------------------------------


class spk_periods(Structure):
    _fields_ = [
        ("n_units", int64),
        ("offsets", P(int64)),
        ("starts", P(int64)),
        ("stops", P(int64)),
    ]


class spk_trains_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("epochs", P(spk_epochs)),
        ("periods", P(spk_periods)),
    ]


# void spk_trains_options_init(spk_trains_options *options, size_t struct_size)
spk_trains_options_init = function(
    "spk_trains_options_init", None, P(spk_trains_options), size
)

class spk_train(Structure):
    _fields_ = [
        ("n_spikes", int64),
        ("samples", P(int64)),
        ("indices", P(uint32)),
        ("n_runs", int64),
        ("run_starts", P(int64)),
        ("run_stops", P(int64)),
        ("run_offsets", P(int64)),
        ("duration_samples", int64),
    ]


# spk_status spk_trains_create(spk_context *ctx, const spk_spikes *spikes,
#     const spk_trains_options *options, spk_trains **trains)
spk_trains_create = function(
    "spk_trains_create", STATUS, context, P(spk_spikes), P(spk_trains_options),
    PP(spk_trains)
)
# void spk_trains_destroy(spk_trains *trains)
spk_trains_destroy = function("spk_trains_destroy", None, P(spk_trains))
# const spk_spikes *spk_trains_spikes(const spk_trains *trains)
spk_trains_spikes = function("spk_trains_spikes", P(spk_spikes), P(spk_trains))
# spk_train spk_trains_unit(const spk_trains *trains, int64_t unit)
spk_trains_unit = function("spk_trains_unit", spk_train, P(spk_trains), int64)


# ---- bursts.h ---------------------------------------------------------------------------

# const char *spk_burst_method_name(int32_t method)
spk_burst_method_name = function("spk_burst_method_name", text, int32)

class spk_bursts_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("method", int32),
        ("min_spikes", int32),
        ("start_interval_s", double),
        ("interval_s", double),
        ("gap_s", double),
        ("min_duration_s", double),
        ("cap_s", double),
        ("void_parameter", double),
        ("min_surprise", double),
    ]


# void spk_bursts_options_init(spk_bursts_options *options, size_t struct_size)
spk_bursts_options_init = function(
    "spk_bursts_options_init", None, P(spk_bursts_options), size
)

class spk_burst(Structure):
    _fields_ = [
        ("first_spike", int64),
        ("n_spikes", int64),
        ("start_sample", int64),
        ("stop_sample", int64),
        ("surprise", double),
    ]


class spk_bursts_summary(Structure):
    _fields_ = [
        ("n_bursts", int64),
        ("n_burst_spikes", int64),
        ("spike_share", double),
        ("bursts_per_min", double),
        ("mean_spikes", double),
        ("mean_duration_s", double),
        ("mean_interval_s", double),
        ("mean_gap_s", double),
        ("threshold_s", double),
    ]


# spk_status spk_bursts_detect(spk_context *ctx, const spk_trains *trains,
#     const spk_bursts_options *options, spk_bursts **bursts)
spk_bursts_detect = function(
    "spk_bursts_detect", STATUS, context, P(spk_trains), P(spk_bursts_options),
    PP(spk_bursts)
)
# void spk_bursts_destroy(spk_bursts *bursts)
spk_bursts_destroy = function("spk_bursts_destroy", None, P(spk_bursts))
# const int64_t *spk_bursts_offsets(const spk_bursts *bursts)
spk_bursts_offsets = function("spk_bursts_offsets", P(int64), P(spk_bursts))
# const spk_burst *spk_bursts_list(const spk_bursts *bursts)
spk_bursts_list = function("spk_bursts_list", P(spk_burst), P(spk_bursts))
# const spk_bursts_summary *spk_bursts_summaries(const spk_bursts *bursts)
spk_bursts_summaries = function(
    "spk_bursts_summaries", P(spk_bursts_summary), P(spk_bursts)
)


# ---- comparison.h -----------------------------------------------------------------------


class spk_comparison_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("delta_ms", double),
        ("delta_samples", int64),
        ("truth", int32),
        ("symmetric", int32),
        ("score", int32),
        ("matching", int32),
        ("match_score", double),
        ("chance_score", double),
        ("well_detected_score", double),
        ("redundant_score", double),
        ("overmerged_score", double),
        ("confidence_level", double),
        ("epochs", P(spk_epochs)),
    ]


# void spk_comparison_options_init(spk_comparison_options *options, size_t struct_size)
spk_comparison_options_init = function(
    "spk_comparison_options_init", None, P(spk_comparison_options), size
)

class spk_comparison_unit(Structure):
    _fields_ = [
        ("n_spikes", int64),
        ("best_match", int32),
        ("assigned_match", int32),
        ("best_agreement", double),
        ("assigned_agreement", double),
        ("n_possible", int32),
        ("classes", int32),
    ]


class spk_comparison_performance(Structure):
    _fields_ = [
        ("match", int32),
        ("reserved", int32),
        ("tp", int64),
        ("fn", int64),
        ("fp", int64),
        ("accuracy", double),
        ("recall", double),
        ("precision", double),
        ("false_discovery", double),
        ("miss_rate", double),
        ("recall_lower", double),
        ("recall_upper", double),
        ("precision_lower", double),
        ("precision_upper", double),
    ]


class spk_comparison_pairs(Structure):
    _fields_ = [
        ("n_units_a", int64),
        ("n_units_b", int64),
        ("n_pairs", int64),
        ("offsets", P(int64)),
        ("partners", P(int32)),
        ("matches", P(int64)),
        ("agreements", P(double)),
    ]


# spk_status spk_comparison_create(spk_context *ctx, const spk_spikes *a,
#     const spk_spikes *b, const spk_comparison_options *options,
#     spk_comparison **comparison)
spk_comparison_create = function(
    "spk_comparison_create", STATUS, context, P(spk_spikes), P(spk_spikes),
    P(spk_comparison_options), PP(spk_comparison)
)
# void spk_comparison_destroy(spk_comparison *comparison)
spk_comparison_destroy = function("spk_comparison_destroy", None, P(spk_comparison))
# int64_t spk_comparison_delta(const spk_comparison *comparison)
spk_comparison_delta = function("spk_comparison_delta", int64, P(spk_comparison))
# spk_comparison_pairs spk_comparison_get_pairs(const spk_comparison *comparison)
spk_comparison_get_pairs = function(
    "spk_comparison_get_pairs", spk_comparison_pairs, P(spk_comparison)
)
# const spk_comparison_unit *spk_comparison_units_a(const spk_comparison *comparison)
spk_comparison_units_a = function(
    "spk_comparison_units_a", P(spk_comparison_unit), P(spk_comparison)
)
# const spk_comparison_unit *spk_comparison_units_b(const spk_comparison *comparison)
spk_comparison_units_b = function(
    "spk_comparison_units_b", P(spk_comparison_unit), P(spk_comparison)
)
# const spk_comparison_performance *spk_comparison_get_performance(
#     const spk_comparison *comparison)
spk_comparison_get_performance = function(
    "spk_comparison_get_performance", P(spk_comparison_performance), P(spk_comparison)
)
# int64_t spk_comparison_matches(const spk_comparison *comparison, int64_t i, int64_t j)
spk_comparison_matches = function(
    "spk_comparison_matches", int64, P(spk_comparison), int64, int64
)
# double spk_comparison_agreement(const spk_comparison *comparison, int64_t i, int64_t j)
spk_comparison_agreement = function(
    "spk_comparison_agreement", double, P(spk_comparison), int64, int64
)
# spk_status spk_comparison_confusion(spk_context *ctx, const spk_comparison *comparison,
#     int32_t *order_a, int32_t *order_b, int64_t *counts)
spk_comparison_confusion = function(
    "spk_comparison_confusion", STATUS, context, P(spk_comparison), int32_out, int32_out,
    int64_out
)


# ---- complexity.h -----------------------------------------------------------------------


class spk_complexity_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("bin_samples", int64),
        ("counted", int32),
        ("spread", int64),
        ("block_bins", int64),
        ("epochs", P(spk_epochs)),
    ]


# void spk_complexity_options_init(spk_complexity_options *options, size_t struct_size)
spk_complexity_options_init = function(
    "spk_complexity_options_init", None, P(spk_complexity_options), size
)
# spk_status spk_complexity_length(spk_context *ctx, const spk_spikes *spikes,
#     const spk_complexity_options *options, int64_t *length)
spk_complexity_length = function(
    "spk_complexity_length", STATUS, context, P(spk_spikes), P(spk_complexity_options),
    int64_out
)
# spk_status spk_complexity_count(spk_context *ctx, const spk_spikes *spikes,
#     const spk_complexity_options *options, int64_t length, int64_t *counts)
spk_complexity_count = function(
    "spk_complexity_count", STATUS, context, P(spk_spikes), P(spk_complexity_options),
    int64, int64_out
)
# spk_status spk_complexity_expect(spk_context *ctx, const spk_spikes *spikes,
#     const spk_complexity_options *options, int64_t length, double *expected)
spk_complexity_expect = function(
    "spk_complexity_expect", STATUS, context, P(spk_spikes), P(spk_complexity_options),
    int64, double_out
)


# ---- connections.h ----------------------------------------------------------------------


class spk_connection_method_info(Structure):
    _fields_ = [
        ("name", text),
        ("summary", text),
        ("bin_s", double),
        ("window_s", double),
        ("min_latency_s", double),
        ("max_latency_s", double),
        ("width_s", double),
        ("alpha", double),
        ("signs", int32),
        ("skip_center", int32),
    ]


# const spk_connection_method_info *spk_connections_method(int32_t method)
spk_connections_method = function(
    "spk_connections_method", P(spk_connection_method_info), int32
)
# spk_status spk_connections_method_from_name(spk_context *ctx, const char *name,
#     int32_t *method)
spk_connections_method_from_name = function(
    "spk_connections_method_from_name", STATUS, context, text, int32_out
)

class spk_connections_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("method", int32),
        ("signs", int32),
        ("bin_s", double),
        ("window_s", double),
        ("min_latency_s", double),
        ("max_latency_s", double),
        ("width_s", double),
        ("alpha", double),
        ("max_p", double),
        ("epochs", P(spk_epochs)),
        ("pairs", P(int32)),
        ("n_pairs", int64),
        ("first_source", int64),
        ("last_source", int64),
        ("skip_center", int32),
    ]


# void spk_connections_options_init(spk_connections_options *options, size_t struct_size)
spk_connections_options_init = function(
    "spk_connections_options_init", None, P(spk_connections_options), size
)

class spk_connection(Structure):
    _fields_ = [
        ("source", int32),
        ("target", int32),
        ("sign", int32),
        ("significant", int32),
        ("latency_s", double),
        ("count", double),
        ("expected", double),
        ("log_p", double),
        ("log_q", double),
        ("transmission", double),
        ("transmission_lower", double),
        ("transmission_upper", double),
        ("effect", double),
    ]


# spk_status spk_connections_find(spk_context *ctx, const spk_spikes *spikes,
#     const spk_connections_options *options, spk_connections **connections)
spk_connections_find = function(
    "spk_connections_find", STATUS, context, P(spk_spikes), P(spk_connections_options),
    PP(spk_connections)
)
# void spk_connections_destroy(spk_connections *connections)
spk_connections_destroy = function("spk_connections_destroy", None, P(spk_connections))
# const spk_connection *spk_connections_rows(const spk_connections *connections)
spk_connections_rows = function(
    "spk_connections_rows", P(spk_connection), P(spk_connections)
)
# int64_t spk_connections_n_rows(const spk_connections *connections)
spk_connections_n_rows = function("spk_connections_n_rows", int64, P(spk_connections))
# int64_t spk_connections_n_tests(const spk_connections *connections)
spk_connections_n_tests = function("spk_connections_n_tests", int64, P(spk_connections))
# const spk_connections_options *spk_connections_resolved(
#     const spk_connections *connections)
spk_connections_resolved = function(
    "spk_connections_resolved", P(spk_connections_options), P(spk_connections)
)
# spk_status spk_connections_adjust(spk_context *ctx, int64_t n_tests,
#     spk_connection *rows, int64_t n_rows)
spk_connections_adjust = function(
    "spk_connections_adjust", STATUS, context, int64, P(spk_connection), int64
)

class spk_connection_curve(Structure):
    _fields_ = [
        ("lags_s", P(double)),
        ("counts", P(double)),
        ("expected", P(double)),
        ("lower", P(double)),
        ("upper", P(double)),
    ]


# spk_status spk_connections_curve_length(spk_context *ctx, const spk_spikes *spikes,
#     const spk_connections_options *options, int64_t *n_bins)
spk_connections_curve_length = function(
    "spk_connections_curve_length", STATUS, context, P(spk_spikes),
    P(spk_connections_options), int64_out
)
# spk_status spk_connections_curve(spk_context *ctx, const spk_spikes *spikes,
#     const spk_connections_options *options, int32_t source, int32_t target,
#     const spk_connection_curve *curve)
spk_connections_curve = function(
    "spk_connections_curve", STATUS, context, P(spk_spikes), P(spk_connections_options),
    int32, int32, P(spk_connection_curve)
)


# ---- consensus.h ------------------------------------------------------------------------

# spk_status spk_consensus_create(spk_context *ctx, const spk_spikes *sortings,
#     int64_t n_sortings, const spk_comparison_options *options,
#     spk_consensus **consensus)
spk_consensus_create = function(
    "spk_consensus_create", STATUS, context, P(spk_spikes), int64,
    P(spk_comparison_options), PP(spk_consensus)
)
# void spk_consensus_destroy(spk_consensus *consensus)
spk_consensus_destroy = function("spk_consensus_destroy", None, P(spk_consensus))
# int64_t spk_consensus_n_sortings(const spk_consensus *consensus)
spk_consensus_n_sortings = function("spk_consensus_n_sortings", int64, P(spk_consensus))
# int64_t spk_consensus_n_units(const spk_consensus *consensus)
spk_consensus_n_units = function("spk_consensus_n_units", int64, P(spk_consensus))
# const int32_t *spk_consensus_members(const spk_consensus *consensus)
spk_consensus_members = function("spk_consensus_members", P(int32), P(spk_consensus))
# const int32_t *spk_consensus_n_members(const spk_consensus *consensus)
spk_consensus_n_members = function("spk_consensus_n_members", P(int32), P(spk_consensus))
# const double *spk_consensus_agreements(const spk_consensus *consensus)
spk_consensus_agreements = function(
    "spk_consensus_agreements", P(double), P(spk_consensus)
)
# spk_status spk_consensus_trains_length(spk_context *ctx, const spk_spikes *sortings,
#     int64_t n_sortings, int64_t *length)
spk_consensus_trains_length = function(
    "spk_consensus_trains_length", STATUS, context, P(spk_spikes), int64, int64_out
)
# spk_status spk_consensus_trains(spk_context *ctx, const spk_consensus *consensus,
#     const spk_spikes *sortings, int32_t least_findings, int32_t least_members,
#     int64_t *samples, int32_t *units, spk_spikes *spikes)
spk_consensus_trains = function(
    "spk_consensus_trains", STATUS, context, P(spk_consensus), P(spk_spikes), int32,
    int32, int64_out, int32_out, P(spk_spikes)
)


# ---- correlogram.h ----------------------------------------------------------------------


class spk_correlogram_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("convention", int32),
        ("n_bins", int64),
        ("bin_samples", int64),
        ("bin_s", double),
        ("epochs", P(spk_epochs)),
        ("references", P(int32)),
        ("n_references", int64),
        ("targets", P(int32)),
        ("n_targets", int64),
    ]


# void spk_correlogram_options_init(spk_correlogram_options *options, size_t struct_size)
spk_correlogram_options_init = function(
    "spk_correlogram_options_init", None, P(spk_correlogram_options), size
)
# spk_status spk_correlogram_options_set_window(spk_context *ctx,
#     spk_correlogram_options *options, int32_t convention, double sampling_rate_hz,
#     double window_s, double bin_s)
spk_correlogram_options_set_window = function(
    "spk_correlogram_options_set_window", STATUS, context, P(spk_correlogram_options),
    int32, double, double, double
)
# spk_status spk_correlogram_convention_from_name(spk_context *ctx, const char *name,
#     int32_t *convention)
spk_correlogram_convention_from_name = function(
    "spk_correlogram_convention_from_name", STATUS, context, text, int32_out
)
# const char *spk_correlogram_convention_name(int32_t convention)
spk_correlogram_convention_name = function("spk_correlogram_convention_name", text, int32)
# spk_status spk_correlogram_lags(spk_context *ctx,
#     const spk_correlogram_options *options, double sampling_rate_hz, double *lags_s)
spk_correlogram_lags = function(
    "spk_correlogram_lags", STATUS, context, P(spk_correlogram_options), double,
    double_out
)
# spk_status spk_correlogram_length(spk_context *ctx, const spk_spikes *spikes,
#     const spk_correlogram_options *options, int64_t *length)
spk_correlogram_length = function(
    "spk_correlogram_length", STATUS, context, P(spk_spikes), P(spk_correlogram_options),
    int64_out
)
# spk_status spk_correlogram_count(spk_context *ctx, const spk_spikes *spikes,
#     const spk_correlogram_options *options, int64_t *counts)
spk_correlogram_count = function(
    "spk_correlogram_count", STATUS, context, P(spk_spikes), P(spk_correlogram_options),
    int64_out
)
# spk_status (*spk_correlogram_row_callback)(void *user, int64_t row,
#     const int64_t *counts)
spk_correlogram_row_callback = CFUNCTYPE(status, address, int64, P(int64))
# spk_status spk_correlogram_count_rows(spk_context *ctx, const spk_spikes *spikes,
#     const spk_correlogram_options *options, int64_t first, int64_t last,
#     spk_correlogram_row_callback callback, void *user)
spk_correlogram_count_rows = function(
    "spk_correlogram_count_rows", STATUS, context, P(spk_spikes),
    P(spk_correlogram_options), int64, int64, spk_correlogram_row_callback, address
)
# spk_status spk_correlogram_count_pairs(spk_context *ctx, const spk_spikes *spikes,
#     const spk_correlogram_options *options, const int32_t (*pairs)[2], int64_t n_pairs,
#     int64_t *counts)
spk_correlogram_count_pairs = function(
    "spk_correlogram_count_pairs", STATUS, context, P(spk_spikes),
    P(spk_correlogram_options), int32_in, int64, int64_out
)
# spk_status spk_correlogram_count_auto(spk_context *ctx, const spk_spikes *spikes,
#     const spk_correlogram_options *options, int64_t *counts)
spk_correlogram_count_auto = function(
    "spk_correlogram_count_auto", STATUS, context, P(spk_spikes),
    P(spk_correlogram_options), int64_out
)
# spk_status spk_correlogram_find_near_pairs(spk_context *ctx,
#     const double *positions_um, int64_t n_units, int32_t n_dimensions,
#     double distance_um, int32_t (*pairs)[2], int64_t *n_pairs)
spk_correlogram_find_near_pairs = function(
    "spk_correlogram_find_near_pairs", STATUS, context, double_in, int64, int32, double,
    int32_out, int64_out
)
# spk_status spk_correlogram_exposure(spk_context *ctx, const spk_spikes *spikes,
#     const spk_correlogram_options *options, double *exposure_s)
spk_correlogram_exposure = function(
    "spk_correlogram_exposure", STATUS, context, P(spk_spikes),
    P(spk_correlogram_options), double_out
)
# spk_status spk_correlogram_normalize(spk_context *ctx, const spk_spikes *spikes,
#     const spk_correlogram_options *options, int32_t normalization, int64_t n_reference,
#     int64_t n_target, const double *exposure_s, const int64_t *counts, double *values)
spk_correlogram_normalize = function(
    "spk_correlogram_normalize", STATUS, context, P(spk_spikes),
    P(spk_correlogram_options), int32, int64, int64, double_in, int64_in, double_out
)
# spk_status spk_correlogram_merge(spk_context *ctx,
#     const spk_correlogram_options *options, int64_t n_units, int64_t i, int64_t j,
#     int64_t *counts)
spk_correlogram_merge = function(
    "spk_correlogram_merge", STATUS, context, P(spk_correlogram_options), int64, int64,
    int64, int64_out
)


# ---- count_correlation.h ----------------------------------------------------------------


class spk_count_correlation_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("epochs", P(spk_epochs)),
    ]


# void spk_count_correlation_options_init(spk_count_correlation_options *options,
#     size_t struct_size)
spk_count_correlation_options_init = function(
    "spk_count_correlation_options_init", None, P(spk_count_correlation_options), size
)
# spk_status spk_count_correlation_estimate(spk_context *ctx, const spk_spikes *spikes,
#     const int64_t *bin_samples, int64_t n_widths,
#     const spk_count_correlation_options *options, double *correlations,
#     double *covariances, double *means, int64_t *n_bins)
spk_count_correlation_estimate = function(
    "spk_count_correlation_estimate", STATUS, context, P(spk_spikes), int64_in, int64,
    P(spk_count_correlation_options), double_out, double_out, double_out, int64_out
)
# void spk_correlation_limits(double correlation, double n_effective, double level,
#     double *lower, double *upper)
spk_correlation_limits = function(
    "spk_correlation_limits", None, double, double, double, double_out, double_out
)

class spk_correlation_summary(Structure):
    _fields_ = [
        ("n_units", int64),
        ("n_pairs", int64),
        ("mean", double),
        ("lower", double),
        ("upper", double),
        ("mean_z", double),
        ("sd_z", double),
        ("standard_error_z", double),
        ("n_effective", double),
    ]


# spk_status spk_correlation_summarize(spk_context *ctx, const double *correlations,
#     int64_t n_units, double level, spk_correlation_summary *summary)
spk_correlation_summarize = function(
    "spk_correlation_summarize", STATUS, context, double_in, int64, double,
    P(spk_correlation_summary)
)


# ---- merging.h --------------------------------------------------------------------------

# const char *spk_merge_step_name(int32_t step)
spk_merge_step_name = function("spk_merge_step_name", text, int32)
# spk_status spk_merge_preset_from_name(spk_context *ctx, const char *name,
#     int32_t *preset)
spk_merge_preset_from_name = function(
    "spk_merge_preset_from_name", STATUS, context, text, int32_out
)
# const char *spk_merge_preset_name(int32_t preset)
spk_merge_preset_name = function("spk_merge_preset_name", text, int32)

class spk_merging_input(Structure):
    _fields_ = [
        ("struct_size", size),
        ("spikes", P(spk_spikes)),
        ("positions_um", P(double)),
        ("similarity", P(double)),
        ("snr", P(double)),
        ("amplitudes", P(spk_array)),
        ("spike_positions", P(spk_array)),
    ]


# void spk_merging_input_init(spk_merging_input *input, size_t struct_size)
spk_merging_input_init = function(
    "spk_merging_input_init", None, P(spk_merging_input), size
)

class spk_merging_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("preset", int32),
        ("evaluate_all", int32),
        ("steps", P(int32)),
        ("n_steps", int64),
        ("epochs", P(spk_epochs)),
        ("min_spikes", int64),
        ("min_snr", double),
        ("max_contamination", double),
        ("refractory_ms", double),
        ("censored_ms", double),
        ("max_distance_um", double),
        ("max_dissimilarity", double),
        ("correlogram_window_ms", double),
        ("correlogram_bin_ms", double),
        ("correlogram_censor_ms", double),
        ("correlogram_sigma_ms", double),
        ("correlogram_peak_share", double),
        ("max_correlogram_difference", double),
        ("presence_bin_s", double),
        ("min_presence_distance_s", double),
        ("n_neighbors", int64),
        ("min_neighbors", int64),
        ("max_cross_contamination", double),
        ("min_cross_p", double),
        ("quality_balance", double),
        ("slay_k1", double),
        ("slay_k2", double),
        ("slay_threshold", double),
        ("flank_from_ms", double),
        ("flank_to_ms", double),
        ("refractory_null", double),
        ("max_refractory_ratio", double),
        ("refractory_level", double),
        ("with_unit", int64),
    ]


# void spk_merging_options_init(spk_merging_options *options, size_t struct_size)
spk_merging_options_init = function(
    "spk_merging_options_init", None, P(spk_merging_options), size
)

class spk_merge_value_info(Structure):
    _fields_ = [
        ("name", text),
        ("unit", text),
        ("step", int32),
        ("decides", int32),
    ]


# const spk_merge_value_info *spk_merge_value_describe(int32_t value)
spk_merge_value_describe = function(
    "spk_merge_value_describe", P(spk_merge_value_info), int32
)

class spk_merge_pair(Structure):
    _fields_ = [
        ("a", int32),
        ("b", int32),
        ("failed_step", int32),
        ("reserved", int32),
        ("values", double * 17),
    ]


# spk_status spk_merging_find(spk_context *ctx, const spk_merging_input *input,
#     const spk_merging_options *options, spk_merge_candidates **candidates)
spk_merging_find = function(
    "spk_merging_find", STATUS, context, P(spk_merging_input), P(spk_merging_options),
    PP(spk_merge_candidates)
)
# void spk_merge_candidates_destroy(spk_merge_candidates *candidates)
spk_merge_candidates_destroy = function(
    "spk_merge_candidates_destroy", None, P(spk_merge_candidates)
)
# int64_t spk_merge_candidates_n_pairs(const spk_merge_candidates *candidates)
spk_merge_candidates_n_pairs = function(
    "spk_merge_candidates_n_pairs", int64, P(spk_merge_candidates)
)
# const spk_merge_pair *spk_merge_candidates_pairs(const spk_merge_candidates *candidates)
spk_merge_candidates_pairs = function(
    "spk_merge_candidates_pairs", P(spk_merge_pair), P(spk_merge_candidates)
)
# int64_t spk_merge_candidates_n_steps(const spk_merge_candidates *candidates)
spk_merge_candidates_n_steps = function(
    "spk_merge_candidates_n_steps", int64, P(spk_merge_candidates)
)
# const int32_t *spk_merge_candidates_steps(const spk_merge_candidates *candidates)
spk_merge_candidates_steps = function(
    "spk_merge_candidates_steps", P(int32), P(spk_merge_candidates)
)
# int32_t spk_merge_candidates_skipped(const spk_merge_candidates *candidates,
#     int32_t step)
spk_merge_candidates_skipped = function(
    "spk_merge_candidates_skipped", int32, P(spk_merge_candidates), int32
)
# int64_t spk_merge_candidates_n_groups(const spk_merge_candidates *candidates)
spk_merge_candidates_n_groups = function(
    "spk_merge_candidates_n_groups", int64, P(spk_merge_candidates)
)
# const int64_t *spk_merge_candidates_group_offsets(
#     const spk_merge_candidates *candidates)
spk_merge_candidates_group_offsets = function(
    "spk_merge_candidates_group_offsets", P(int64), P(spk_merge_candidates)
)
# const int32_t *spk_merge_candidates_group_units(const spk_merge_candidates *candidates)
spk_merge_candidates_group_units = function(
    "spk_merge_candidates_group_units", P(int32), P(spk_merge_candidates)
)
# spk_status spk_merge_join_pairs(spk_context *ctx, int64_t n_units,
#     const int32_t (*pairs)[2], int64_t n_pairs, int64_t *offsets, int32_t *units,
#     int64_t *n_groups)
spk_merge_join_pairs = function(
    "spk_merge_join_pairs", STATUS, context, int64, int32_in, int64, int64_out, int32_out,
    int64_out
)


# ---- features.h -------------------------------------------------------------------------


class spk_features(Structure):
    _fields_ = [
        ("values", P(spk_array)),
        ("n_rows", int64),
        ("n_components", int64),
        ("n_local", int64),
        ("n_channels", int64),
        ("channels", P(int32)),
        ("rows", P(int32)),
        ("channel_positions_um", P(double)),
        ("order", P(int64)),
    ]


# spk_status spk_features_depths(spk_context *ctx, const spk_features *features,
#     int32_t weight, double *depth_um)
spk_features_depths = function(
    "spk_features_depths", STATUS, context, P(spk_features), int32, double_out
)


# ---- templates.h ------------------------------------------------------------------------


class spk_templates(Structure):
    _fields_ = [
        ("values", P(spk_array)),
        ("n_templates", int64),
        ("n_samples", int64),
        ("n_local", int64),
        ("n_channels", int64),
        ("channels", P(int32)),
        ("unwhiten", P(double)),
        ("channel_positions_um", P(double)),
        ("spike_templates", P(int32)),
        ("sampling_rate_hz", double),
    ]


# spk_status spk_templates_read(spk_context *ctx, const spk_templates *templates,
#     int64_t template_index, double *waveform)
spk_templates_read = function(
    "spk_templates_read", STATUS, context, P(spk_templates), int64, double_out
)
# spk_status spk_unit_templates_create(spk_context *ctx, const spk_templates *templates,
#     const spk_spikes *spikes, spk_unit_templates **unit_templates)
spk_unit_templates_create = function(
    "spk_unit_templates_create", STATUS, context, P(spk_templates), P(spk_spikes),
    PP(spk_unit_templates)
)
# void spk_unit_templates_destroy(spk_unit_templates *unit_templates)
spk_unit_templates_destroy = function(
    "spk_unit_templates_destroy", None, P(spk_unit_templates)
)
# int64_t spk_unit_templates_n_units(const spk_unit_templates *unit_templates)
spk_unit_templates_n_units = function(
    "spk_unit_templates_n_units", int64, P(spk_unit_templates)
)
# spk_status spk_templates_unit(spk_context *ctx,
#     const spk_unit_templates *unit_templates, int64_t unit, double *waveform)
spk_templates_unit = function(
    "spk_templates_unit", STATUS, context, P(spk_unit_templates), int64, double_out
)
# spk_status spk_templates_amplitudes(spk_context *ctx,
#     const spk_unit_templates *unit_templates, int32_t *main_channels,
#     double *peak_to_peak)
spk_templates_amplitudes = function(
    "spk_templates_amplitudes", STATUS, context, P(spk_unit_templates), int32_out,
    double_out
)

class spk_templates_similarity_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("method", int32),
        ("support", int32),
        ("radius_um", double),
        ("max_lag_samples", int64),
    ]


# void spk_templates_similarity_options_init(spk_templates_similarity_options *options,
#     size_t struct_size)
spk_templates_similarity_options_init = function(
    "spk_templates_similarity_options_init", None, P(spk_templates_similarity_options),
    size
)
# spk_status spk_templates_similarity(spk_context *ctx,
#     const spk_unit_templates *unit_templates,
#     const spk_templates_similarity_options *options, double *similarity, int32_t *lags)
spk_templates_similarity = function(
    "spk_templates_similarity", STATUS, context, P(spk_unit_templates),
    P(spk_templates_similarity_options), double_out, int32_out
)

class spk_templates_locations_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("method", int32),
        ("radius_um", double),
        ("max_distance_um", double),
        ("grid_um", double),
        ("grid_margin_um", double),
        ("grid_decay_um", double),
        ("grid_sigma_ms", double),
        ("grid_percent", double),
        ("peak_sample", int64),
    ]


# void spk_templates_locations_options_init(spk_templates_locations_options *options,
#     size_t struct_size)
spk_templates_locations_options_init = function(
    "spk_templates_locations_options_init", None, P(spk_templates_locations_options), size
)
# spk_status spk_templates_locations(spk_context *ctx,
#     const spk_unit_templates *unit_templates,
#     const spk_templates_locations_options *options, double *locations)
spk_templates_locations = function(
    "spk_templates_locations", STATUS, context, P(spk_unit_templates),
    P(spk_templates_locations_options), double_out
)


# ---- session.h --------------------------------------------------------------------------


class spk_session_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("sampling_rate_hz", double),
        ("duration_s", double),
        ("sort", int32),
        ("clusters", int32),
    ]


# void spk_session_options_init(spk_session_options *options, size_t struct_size)
spk_session_options_init = function(
    "spk_session_options_init", None, P(spk_session_options), size
)
# spk_status spk_session_open(spk_context *ctx, const char *path,
#     const spk_session_options *options, spk_session **session)
spk_session_open = function(
    "spk_session_open", STATUS, context, text, P(spk_session_options), PP(spk_session)
)
# spk_status spk_session_open_arrays(spk_context *ctx, const char *times_path,
#     const char *units_path, const spk_session_options *options, spk_session **session)
spk_session_open_arrays = function(
    "spk_session_open_arrays", STATUS, context, text, text, P(spk_session_options),
    PP(spk_session)
)
# spk_status spk_session_create(spk_context *ctx, const spk_spikes *spikes,
#     const int64_t *unit_ids, spk_session **session)
spk_session_create = function(
    "spk_session_create", STATUS, context, P(spk_spikes), int64_in, PP(spk_session)
)
# void spk_session_close(spk_session *session)
spk_session_close = function("spk_session_close", None, P(spk_session))
# const spk_spikes *spk_session_spikes(const spk_session *session)
spk_session_spikes = function("spk_session_spikes", P(spk_spikes), P(spk_session))
# const int64_t *spk_session_unit_ids(const spk_session *session)
spk_session_unit_ids = function("spk_session_unit_ids", P(int64), P(spk_session))
# const char *spk_session_format(const spk_session *session)
spk_session_format = function("spk_session_format", text, P(spk_session))
# const char *spk_session_path(const spk_session *session)
spk_session_path = function("spk_session_path", text, P(spk_session))
# const spk_array *spk_session_amplitudes(const spk_session *session)
spk_session_amplitudes = function("spk_session_amplitudes", P(spk_array), P(spk_session))
# const spk_array *spk_session_spike_positions(const spk_session *session)
spk_session_spike_positions = function(
    "spk_session_spike_positions", P(spk_array), P(spk_session)
)
# const spk_array *spk_session_spike_templates(const spk_session *session)
spk_session_spike_templates = function(
    "spk_session_spike_templates", P(spk_array), P(spk_session)
)
# const spk_array *spk_session_channel_positions(const spk_session *session)
spk_session_channel_positions = function(
    "spk_session_channel_positions", P(spk_array), P(spk_session)
)
# const spk_array *spk_session_channel_map(const spk_session *session)
spk_session_channel_map = function(
    "spk_session_channel_map", P(spk_array), P(spk_session)
)
# spk_status spk_session_unit_positions(spk_context *ctx, spk_session *session,
#     double *positions_um)
spk_session_unit_positions = function(
    "spk_session_unit_positions", STATUS, context, P(spk_session), double_out
)
# spk_status spk_session_features(spk_context *ctx, spk_session *session,
#     const spk_features **features)
spk_session_features = function(
    "spk_session_features", STATUS, context, P(spk_session), PP(spk_features)
)
# spk_status spk_session_templates(spk_context *ctx, spk_session *session,
#     const spk_templates **templates)
spk_session_templates = function(
    "spk_session_templates", STATUS, context, P(spk_session), PP(spk_templates)
)
# int64_t spk_session_n_labels(const spk_session *session)
spk_session_n_labels = function("spk_session_n_labels", int64, P(spk_session))
# const char *spk_session_label_name(const spk_session *session, int64_t label)
spk_session_label_name = function("spk_session_label_name", text, P(spk_session), int64)
# const char *spk_session_label_text(const spk_session *session, int64_t label,
#     int64_t unit)
spk_session_label_text = function(
    "spk_session_label_text", text, P(spk_session), int64, int64
)
# int64_t spk_session_find_label(const spk_session *session, const char *name)
spk_session_find_label = function("spk_session_find_label", int64, P(spk_session), text)
# const char *spk_session_quality(const spk_session *session, int64_t unit)
spk_session_quality = function("spk_session_quality", text, P(spk_session), int64)
# int64_t spk_session_n_inputs(const spk_session *session)
spk_session_n_inputs = function("spk_session_n_inputs", int64, P(spk_session))
# const char *spk_session_input_path(const spk_session *session, int64_t input)
spk_session_input_path = function("spk_session_input_path", text, P(spk_session), int64)
# spk_status spk_session_input_digest(spk_context *ctx, const spk_session *session,
#     int64_t input, char digest[33])
spk_session_input_digest = function(
    "spk_session_input_digest", STATUS, context, P(spk_session), int64, P(character)
)

class spk_phy_extras(Structure):
    _fields_ = [
        ("struct_size", size),
        ("amplitudes", P(double)),
        ("spike_positions_um", P(float32)),
        ("channel_positions_um", P(double)),
        ("n_channels", int64),
        ("labels", P(text)),
        ("templates", P(float32)),
        ("n_template_samples", int64),
        ("n_template_channels", int64),
        ("template_channels", P(int32)),
    ]


# void spk_phy_extras_init(spk_phy_extras *extras, size_t struct_size)
spk_phy_extras_init = function("spk_phy_extras_init", None, P(spk_phy_extras), size)
# spk_status spk_phy_write(spk_context *ctx, const char *folder,
#     const spk_spikes *spikes, const int64_t *unit_ids, const spk_phy_extras *extras,
#     int32_t overwrite)
spk_phy_write = function(
    "spk_phy_write", STATUS, context, text, P(spk_spikes), int64_in, P(spk_phy_extras),
    int32
)
# spk_status spk_phy_carry(spk_context *ctx, const char *folder,
#     const spk_session *session, int64_t n_spikes, const int64_t *kept,
#     int32_t same_units)
spk_phy_carry = function(
    "spk_phy_carry", STATUS, context, text, P(spk_session), int64, int64_in, int32
)
# spk_status spk_phy_write_columns(spk_context *ctx, const char *folder, int64_t n_units,
#     const int64_t *unit_ids, int64_t n_columns, const char *const *fields,
#     const char *const *texts, int32_t overwrite)
spk_phy_write_columns = function(
    "spk_phy_write_columns", STATUS, context, text, int64, int64_in, int64, P(text),
    P(text), int32
)


# ---- metrics.h --------------------------------------------------------------------------


class spk_metric(Structure):
    _fields_ = [
        ("name", text),
        ("peers", text),
        ("group", text),
        ("unit", text),
        ("summary", text),
        ("undefined", text),
        ("needs", int32),
        ("is_slow", int32),
    ]


# int64_t spk_metrics_catalog_length(void)
spk_metrics_catalog_length = function("spk_metrics_catalog_length", int64)
# const spk_metric *spk_metrics_catalog(int64_t index)
spk_metrics_catalog = function("spk_metrics_catalog", P(spk_metric), int64)
# int32_t spk_metrics_peer_name(const spk_metric *metric, const char *definition,
#     char name[64])
spk_metrics_peer_name = function(
    "spk_metrics_peer_name", int32, P(spk_metric), text, P(character)
)

class spk_metrics_topic(Structure):
    _fields_ = [
        ("name", text),
        ("groups", text),
        ("summary", text),
    ]


# int64_t spk_metrics_topic_catalog_length(void)
spk_metrics_topic_catalog_length = function("spk_metrics_topic_catalog_length", int64)
# const spk_metrics_topic *spk_metrics_topic_catalog(int64_t index)
spk_metrics_topic_catalog = function(
    "spk_metrics_topic_catalog", P(spk_metrics_topic), int64
)
# int32_t spk_metrics_match(const spk_metric *metric, const char *definition,
#     const char *word)
spk_metrics_match = function("spk_metrics_match", int32, P(spk_metric), text, text)

class spk_metrics_parameter(Structure):
    _fields_ = [
        ("name", text),
        ("group", text),
        ("unit", text),
        ("summary", text),
        ("default_value", double),
        ("minimum", double),
        ("maximum", double),
    ]


# int64_t spk_metrics_parameter_catalog_length(void)
spk_metrics_parameter_catalog_length = function(
    "spk_metrics_parameter_catalog_length", int64
)
# const spk_metrics_parameter *spk_metrics_parameter_catalog(int64_t index)
spk_metrics_parameter_catalog = function(
    "spk_metrics_parameter_catalog", P(spk_metrics_parameter), int64
)

class spk_metrics_input(Structure):
    _fields_ = [
        ("struct_size", size),
        ("spikes", P(spk_spikes)),
        ("amplitudes", P(spk_array)),
        ("spike_positions", P(spk_array)),
        ("templates", P(spk_templates)),
        ("features", P(spk_features)),
    ]


# void spk_metrics_input_init(spk_metrics_input *input, size_t struct_size)
spk_metrics_input_init = function(
    "spk_metrics_input_init", None, P(spk_metrics_input), size
)
# spk_status spk_metrics_input_from_session(spk_context *ctx, spk_session *session,
#     int32_t needs, spk_metrics_input *input)
spk_metrics_input_from_session = function(
    "spk_metrics_input_from_session", STATUS, context, P(spk_session), int32,
    P(spk_metrics_input)
)

class spk_metrics_setting(Structure):
    _fields_ = [
        ("name", text),
        ("value", double),
    ]


class spk_metrics_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("definition", text),
        ("names", P(text)),
        ("n_names", int64),
        ("settings", P(spk_metrics_setting)),
        ("n_settings", int64),
        ("epochs", P(spk_epochs)),
        ("periods", P(spk_periods)),
    ]


# void spk_metrics_options_init(spk_metrics_options *options, size_t struct_size)
spk_metrics_options_init = function(
    "spk_metrics_options_init", None, P(spk_metrics_options), size
)
# spk_status spk_metrics_needs(spk_context *ctx, const spk_metrics_options *options,
#     int32_t *needs)
spk_metrics_needs = function(
    "spk_metrics_needs", STATUS, context, P(spk_metrics_options), int32_out
)
# spk_status spk_metrics_compute(spk_context *ctx, const spk_metrics_input *input,
#     const spk_metrics_options *options, spk_metrics **metrics)
spk_metrics_compute = function(
    "spk_metrics_compute", STATUS, context, P(spk_metrics_input), P(spk_metrics_options),
    PP(spk_metrics)
)
# void spk_metrics_destroy(spk_metrics *metrics)
spk_metrics_destroy = function("spk_metrics_destroy", None, P(spk_metrics))
# int64_t spk_metrics_n_units(const spk_metrics *metrics)
spk_metrics_n_units = function("spk_metrics_n_units", int64, P(spk_metrics))
# int64_t spk_metrics_n_columns(const spk_metrics *metrics)
spk_metrics_n_columns = function("spk_metrics_n_columns", int64, P(spk_metrics))
# const char *spk_metrics_name(const spk_metrics *metrics, int64_t column)
spk_metrics_name = function("spk_metrics_name", text, P(spk_metrics), int64)
# const spk_metric *spk_metrics_metric(const spk_metrics *metrics, int64_t column)
spk_metrics_metric = function("spk_metrics_metric", P(spk_metric), P(spk_metrics), int64)
# const double *spk_metrics_values(const spk_metrics *metrics, int64_t column)
spk_metrics_values = function("spk_metrics_values", P(double), P(spk_metrics), int64)
# int64_t spk_metrics_find(const spk_metrics *metrics, const char *name)
spk_metrics_find = function("spk_metrics_find", int64, P(spk_metrics), text)


# ---- table.h ----------------------------------------------------------------------------

# spk_status spk_table_read(spk_context *ctx, const char *path, spk_table **table)
spk_table_read = function("spk_table_read", STATUS, context, text, PP(spk_table))
# spk_status spk_table_create(spk_context *ctx, int64_t n_columns,
#     const char *const *names, spk_table **table)
spk_table_create = function(
    "spk_table_create", STATUS, context, int64, P(text), PP(spk_table)
)
# spk_status spk_table_append(spk_context *ctx, spk_table *table,
#     const char *const *cells)
spk_table_append = function("spk_table_append", STATUS, context, P(spk_table), P(text))
# spk_status spk_table_write(spk_context *ctx, const char *path, const spk_table *table)
spk_table_write = function("spk_table_write", STATUS, context, text, P(spk_table))
# void spk_table_destroy(spk_table *table)
spk_table_destroy = function("spk_table_destroy", None, P(spk_table))
# int64_t spk_table_n_rows(const spk_table *table)
spk_table_n_rows = function("spk_table_n_rows", int64, P(spk_table))
# int64_t spk_table_n_columns(const spk_table *table)
spk_table_n_columns = function("spk_table_n_columns", int64, P(spk_table))
# const char *spk_table_column_name(const spk_table *table, int64_t column)
spk_table_column_name = function("spk_table_column_name", text, P(spk_table), int64)
# int64_t spk_table_find_column(const spk_table *table, const char *name)
spk_table_find_column = function("spk_table_find_column", int64, P(spk_table), text)
# int64_t spk_table_line(const spk_table *table, int64_t row)
spk_table_line = function("spk_table_line", int64, P(spk_table), int64)
# const char *spk_table_text(const spk_table *table, int64_t row, int64_t column)
spk_table_text = function("spk_table_text", text, P(spk_table), int64, int64)
# spk_status spk_table_integer(spk_context *ctx, const spk_table *table, int64_t row,
#     int64_t column, int64_t *value)
spk_table_integer = function(
    "spk_table_integer", STATUS, context, P(spk_table), int64, int64, int64_out
)
# spk_status spk_table_number(spk_context *ctx, const spk_table *table, int64_t row,
#     int64_t column, double *value)
spk_table_number = function(
    "spk_table_number", STATUS, context, P(spk_table), int64, int64, double_out
)


# ---- curation.h -------------------------------------------------------------------------


class spk_curation_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("unit_ids", P(int64)),
        ("amplitudes", P(spk_array)),
        ("spike_positions", P(spk_array)),
        ("templates", P(spk_templates)),
        ("refractory_s", double),
        ("presence_bin_s", double),
        ("amplitude_bins", int64),
        ("n_bins", int64),
        ("bin_s", double),
    ]


# void spk_curation_options_init(spk_curation_options *options, size_t struct_size)
spk_curation_options_init = function(
    "spk_curation_options_init", None, P(spk_curation_options), size
)
# spk_status spk_curation_create(spk_context *ctx, const spk_spikes *spikes,
#     const spk_curation_options *options, spk_curation **curation)
spk_curation_create = function(
    "spk_curation_create", STATUS, context, P(spk_spikes), P(spk_curation_options),
    PP(spk_curation)
)
# void spk_curation_destroy(spk_curation *curation)
spk_curation_destroy = function("spk_curation_destroy", None, P(spk_curation))
# spk_status spk_curation_merge(spk_context *ctx, spk_curation *curation,
#     int64_t n_units, const int64_t *unit_ids, double censor_ms, int64_t new_id,
#     int64_t *merged_id)
spk_curation_merge = function(
    "spk_curation_merge", STATUS, context, P(spk_curation), int64, int64_in, double,
    int64, int64_out
)
# spk_status spk_curation_censor(spk_context *ctx, spk_curation *curation,
#     int64_t unit_id, double censor_ms, int64_t *n_removed)
spk_curation_censor = function(
    "spk_curation_censor", STATUS, context, P(spk_curation), int64, double, int64_out
)
# spk_status spk_curation_split(spk_context *ctx, spk_curation *curation,
#     int64_t unit_id, const int32_t *labels, int64_t n_new_ids, const int64_t *new_ids,
#     int64_t *n_parts, int64_t *part_ids)
spk_curation_split = function(
    "spk_curation_split", STATUS, context, P(spk_curation), int64, int32_in, int64,
    int64_in, int64_out, int64_out
)
# spk_status spk_curation_remove(spk_context *ctx, spk_curation *curation,
#     int64_t unit_id)
spk_curation_remove = function(
    "spk_curation_remove", STATUS, context, P(spk_curation), int64
)
# spk_status spk_curation_undo(spk_context *ctx, spk_curation *curation)
spk_curation_undo = function("spk_curation_undo", STATUS, context, P(spk_curation))

class spk_curation_step(Structure):
    _fields_ = [
        ("kind", int32),
        ("reserved", int32),
        ("n_old", int64),
        ("old_ids", P(int64)),
        ("n_new", int64),
        ("new_ids", P(int64)),
        ("n_spikes_removed", int64),
        ("censor_samples", int64),
    ]


# int64_t spk_curation_n_steps(const spk_curation *curation)
spk_curation_n_steps = function("spk_curation_n_steps", int64, P(spk_curation))
# spk_curation_step spk_curation_step_at(const spk_curation *curation, int64_t step)
spk_curation_step_at = function(
    "spk_curation_step_at", spk_curation_step, P(spk_curation), int64
)
# int64_t spk_curation_n_units(const spk_curation *curation)
spk_curation_n_units = function("spk_curation_n_units", int64, P(spk_curation))
# void spk_curation_unit_ids(const spk_curation *curation, int64_t *unit_ids)
spk_curation_unit_ids = function(
    "spk_curation_unit_ids", None, P(spk_curation), int64_out
)
# int64_t spk_curation_n_spikes(const spk_curation *curation)
spk_curation_n_spikes = function("spk_curation_n_spikes", int64, P(spk_curation))
# spk_status spk_curation_spikes(spk_context *ctx, const spk_curation *curation,
#     int64_t *indices, int32_t *units)
spk_curation_spikes = function(
    "spk_curation_spikes", STATUS, context, P(spk_curation), int64_out, int32_out
)

class spk_curation_unit(Structure):
    _fields_ = [
        ("unit_id", int64),
        ("n_spikes", int64),
        ("samples", P(int64)),
        ("indices", P(uint32)),
        ("n_short_intervals", int64),
        ("n_refractory_pairs", int64),
        ("n_presence_bins", int64),
        ("presence", P(int64)),
        ("n_amplitude_bins", int64),
        ("amplitude_counts", P(int64)),
        ("amplitude_low", double),
        ("amplitude_high", double),
        ("n_amplitudes", int64),
        ("amplitude_mean", double),
        ("amplitude_std", double),
        ("amplitude_min", double),
        ("amplitude_max", double),
        ("n_positions", int64),
        ("x_um", double),
        ("y_um", double),
    ]


# spk_status spk_curation_unit_get(spk_context *ctx, const spk_curation *curation,
#     int64_t unit_id, spk_curation_unit *unit)
spk_curation_unit_get = function(
    "spk_curation_unit_get", STATUS, context, P(spk_curation), int64, P(spk_curation_unit)
)
# int64_t spk_curation_n_bins(const spk_curation *curation)
spk_curation_n_bins = function("spk_curation_n_bins", int64, P(spk_curation))
# spk_status spk_curation_correlograms(spk_context *ctx, const spk_curation *curation,
#     int64_t unit_id, int64_t n_targets, const int64_t *targets, int64_t *counts)
spk_curation_correlograms = function(
    "spk_curation_correlograms", STATUS, context, P(spk_curation), int64, int64, int64_in,
    int64_out
)
# spk_status spk_curation_metrics(spk_context *ctx, const spk_curation *curation,
#     int64_t n_units, const int64_t *unit_ids, const spk_metrics_options *options,
#     spk_metrics **metrics)
spk_curation_metrics = function(
    "spk_curation_metrics", STATUS, context, P(spk_curation), int64, int64_in,
    P(spk_metrics_options), PP(spk_metrics)
)
# spk_status spk_curation_candidates(spk_context *ctx, const spk_curation *curation,
#     int64_t unit_id, int64_t n_others, const int64_t *others, const double *similarity,
#     const spk_merging_options *options, int64_t *unit_ids, int64_t *n_units,
#     spk_merge_candidates **candidates)
spk_curation_candidates = function(
    "spk_curation_candidates", STATUS, context, P(spk_curation), int64, int64, int64_in,
    double_in, P(spk_merging_options), int64_out, int64_out, PP(spk_merge_candidates)
)
# spk_status spk_curation_apply(spk_context *ctx, spk_curation *curation,
#     const char *path, double censor_ms)
spk_curation_apply = function(
    "spk_curation_apply", STATUS, context, P(spk_curation), text, double
)
# spk_status spk_curation_read_labels(spk_context *ctx, const char *path,
#     spk_table **labels)
spk_curation_read_labels = function(
    "spk_curation_read_labels", STATUS, context, text, PP(spk_table)
)
# spk_status spk_curation_write(spk_context *ctx, const spk_curation *curation,
#     const char *path, const char *label, const char *const *labels)
spk_curation_write = function(
    "spk_curation_write", STATUS, context, P(spk_curation), text, text, P(text)
)


# ---- distributions.h --------------------------------------------------------------------

# double spk_poisson_log_upper(int64_t count, double mean)
spk_poisson_log_upper = function("spk_poisson_log_upper", double, int64, double)
# double spk_poisson_log_lower(int64_t count, double mean)
spk_poisson_log_lower = function("spk_poisson_log_lower", double, int64, double)
# double spk_poisson_log_mid_upper(int64_t count, double mean)
spk_poisson_log_mid_upper = function("spk_poisson_log_mid_upper", double, int64, double)
# double spk_poisson_log_mid_lower(int64_t count, double mean)
spk_poisson_log_mid_lower = function("spk_poisson_log_mid_lower", double, int64, double)
# int64_t spk_poisson_quantile(double probability, double mean)
spk_poisson_quantile = function("spk_poisson_quantile", int64, double, double)
# int64_t spk_poisson_quantile_upper(double log_probability, double mean)
spk_poisson_quantile_upper = function("spk_poisson_quantile_upper", int64, double, double)
# double spk_poisson_mean(int64_t count, double probability)
spk_poisson_mean = function("spk_poisson_mean", double, int64, double)
# void spk_binomial_limits(int64_t count, int64_t n, double level, double *lower,
#     double *upper)
spk_binomial_limits = function(
    "spk_binomial_limits", None, int64, int64, double, double_out, double_out
)
# spk_status spk_false_discovery_adjust(spk_context *ctx, const double *log_p, int64_t n,
#     int64_t n_tests, double *log_q)
spk_false_discovery_adjust = function(
    "spk_false_discovery_adjust", STATUS, context, double_in, int64, int64, double_out
)


# ---- drift.h ----------------------------------------------------------------------------


class spk_drift_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("interval_s", double),
        ("min_spikes", int64),
    ]


# void spk_drift_options_init(spk_drift_options *options, size_t struct_size)
spk_drift_options_init = function(
    "spk_drift_options_init", None, P(spk_drift_options), size
)
# spk_status spk_drift_length(spk_context *ctx, const spk_trains *trains,
#     const spk_drift_options *options, int64_t *n_intervals)
spk_drift_length = function(
    "spk_drift_length", STATUS, context, P(spk_trains), P(spk_drift_options), int64_out
)
# spk_status spk_drift_medians(spk_context *ctx, const spk_trains *trains,
#     const spk_array *values, int64_t column, const spk_drift_options *options,
#     double *medians, int64_t *counts)
spk_drift_medians = function(
    "spk_drift_medians", STATUS, context, P(spk_trains), P(spk_array), int64,
    P(spk_drift_options), double_out, int64_out
)


# ---- duplicates.h -----------------------------------------------------------------------


class spk_duplicates_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("convention", int32),
        ("keep", int32),
        ("period_ms", double),
        ("seed", uint64),
    ]


# void spk_duplicates_options_init(spk_duplicates_options *options, size_t struct_size)
spk_duplicates_options_init = function(
    "spk_duplicates_options_init", None, P(spk_duplicates_options), size
)
# spk_status spk_duplicates_find_within(spk_context *ctx, const spk_spikes *spikes,
#     const spk_duplicates_options *options, uint8_t *drop, int64_t *counts)
spk_duplicates_find_within = function(
    "spk_duplicates_find_within", STATUS, context, P(spk_spikes),
    P(spk_duplicates_options), uint8_out, int64_out
)

class spk_duplicates_across_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("convention", int32),
        ("rule", int32),
        ("period_ms", double),
        ("min_coincidences", int64),
        ("min_chance_ratio", double),
        ("unit_amplitudes", P(double)),
    ]


# void spk_duplicates_across_options_init(spk_duplicates_across_options *options,
#     size_t struct_size)
spk_duplicates_across_options_init = function(
    "spk_duplicates_across_options_init", None, P(spk_duplicates_across_options), size
)
# spk_status spk_duplicates_find_across(spk_context *ctx, const spk_spikes *spikes,
#     const int32_t (*pairs)[2], int64_t n_pairs,
#     const spk_duplicates_across_options *options, uint8_t *drop, int64_t (*counts)[2])
spk_duplicates_find_across = function(
    "spk_duplicates_find_across", STATUS, context, P(spk_spikes), int32_in, int64,
    P(spk_duplicates_across_options), uint8_out, int64_out
)

class spk_redundant_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("keep", int32),
        ("reserved", int32),
        ("delta_ms", double),
        ("min_agreement", double),
        ("min_shared", double),
        ("shifts", P(int64)),
        ("amplitudes", P(double)),
    ]


# void spk_redundant_options_init(spk_redundant_options *options, size_t struct_size)
spk_redundant_options_init = function(
    "spk_redundant_options_init", None, P(spk_redundant_options), size
)

class spk_redundant_pair(Structure):
    _fields_ = [
        ("a", int32),
        ("b", int32),
        ("removed", int32),
        ("reserved", int32),
        ("n_matches", int64),
        ("agreement", double),
        ("shared", double),
    ]


# spk_status spk_redundant_find(spk_context *ctx, const spk_spikes *spikes,
#     const spk_redundant_options *options, uint8_t *drop, spk_redundant_pair *pairs,
#     int64_t max_pairs, int64_t *n_pairs)
spk_redundant_find = function(
    "spk_redundant_find", STATUS, context, P(spk_spikes), P(spk_redundant_options),
    uint8_out, P(spk_redundant_pair), int64, int64_out
)


# ---- fano.h -----------------------------------------------------------------------------


class spk_fano_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("n_windows", int64),
        ("windows_s", P(double)),
        ("ddof", int32),
        ("lags", int64),
        ("confidence", double),
    ]


# void spk_fano_options_init(spk_fano_options *options, size_t struct_size)
spk_fano_options_init = function("spk_fano_options_init", None, P(spk_fano_options), size)

class spk_fano(Structure):
    _fields_ = [
        ("n_windows", int64),
        ("mean", double),
        ("variance", double),
        ("fano", double),
        ("standard_error", double),
        ("lower", double),
        ("upper", double),
    ]


# spk_status spk_fano_counts(spk_context *ctx, int64_t n, const int64_t *counts,
#     const spk_fano_options *options, spk_fano *fano)
spk_fano_counts = function(
    "spk_fano_counts", STATUS, context, int64, int64_in, P(spk_fano_options), P(spk_fano)
)
# spk_status spk_fano_estimate(spk_context *ctx, const spk_trains *trains,
#     const spk_fano_options *options, spk_fano *fano)
spk_fano_estimate = function(
    "spk_fano_estimate", STATUS, context, P(spk_trains), P(spk_fano_options), P(spk_fano)
)


# ---- firing.h ---------------------------------------------------------------------------


class spk_isi_histogram_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("n_bins", int64),
        ("log10_first_s", double),
        ("log10_width", double),
    ]


# void spk_isi_histogram_options_init(spk_isi_histogram_options *options,
#     size_t struct_size)
spk_isi_histogram_options_init = function(
    "spk_isi_histogram_options_init", None, P(spk_isi_histogram_options), size
)
# spk_status spk_isi_histogram_length(spk_context *ctx, const spk_trains *trains,
#     const spk_isi_histogram_options *options, int64_t *length)
spk_isi_histogram_length = function(
    "spk_isi_histogram_length", STATUS, context, P(spk_trains),
    P(spk_isi_histogram_options), int64_out
)
# spk_status spk_isi_histogram_edges(spk_context *ctx,
#     const spk_isi_histogram_options *options, double *edges_s)
spk_isi_histogram_edges = function(
    "spk_isi_histogram_edges", STATUS, context, P(spk_isi_histogram_options), double_out
)
# spk_status spk_isi_histogram_count(spk_context *ctx, const spk_trains *trains,
#     const spk_isi_histogram_options *options, int64_t *counts)
spk_isi_histogram_count = function(
    "spk_isi_histogram_count", STATUS, context, P(spk_trains),
    P(spk_isi_histogram_options), int64_out
)
# spk_status spk_isi_histogram_density(spk_context *ctx,
#     const spk_isi_histogram_options *options, int64_t n_spikes, const int64_t *counts,
#     double *density)
spk_isi_histogram_density = function(
    "spk_isi_histogram_density", STATUS, context, P(spk_isi_histogram_options), int64,
    int64_in, double_out
)

class spk_acg_fit(Structure):
    _fields_ = [
        ("tau_decay_ms", double),
        ("tau_rise_ms", double),
        ("decay_hz", double),
        ("rise_ratio", double),
        ("asymptote_hz", double),
        ("refractory_ms", double),
        ("tau_burst_ms", double),
        ("burst_hz", double),
        ("r_square", double),
        ("converged", int32),
    ]


# spk_status spk_acg_fit_estimate(spk_context *ctx, double bin_ms, int64_t n_bins,
#     const double *acg_hz, spk_acg_fit *fit)
spk_acg_fit_estimate = function(
    "spk_acg_fit_estimate", STATUS, context, double, int64, double_in, P(spk_acg_fit)
)
# spk_status spk_acg_fit_curve(spk_context *ctx, const spk_acg_fit *fit, int64_t n_lags,
#     const double *lags_ms, double *acg_hz)
spk_acg_fit_curve = function(
    "spk_acg_fit_curve", STATUS, context, P(spk_acg_fit), int64, double_in, double_out
)


# ---- glmcc.h ----------------------------------------------------------------------------


class spk_glmcc_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("bin_s", double),
        ("n_bins", int64),
        ("tau_s", double),
        ("first_delay_bins", int64),
        ("last_delay_bins", int64),
        ("excluded_bins", int64),
        ("smoothness", double),
        ("rule", int32),
        ("convention", int32),
        ("threshold_scale", double),
        ("threshold_count", double),
        ("least_count", double),
        ("critical_ratio", double),
        ("psp_excitatory_mv", double),
        ("psp_inhibitory_mv", double),
    ]


# void spk_glmcc_options_init(spk_glmcc_options *options, size_t struct_size)
spk_glmcc_options_init = function(
    "spk_glmcc_options_init", None, P(spk_glmcc_options), size
)
# void spk_glmcc_options_set_rule(spk_glmcc_options *options, int32_t rule)
spk_glmcc_options_set_rule = function(
    "spk_glmcc_options_set_rule", None, P(spk_glmcc_options), int32
)

class spk_glmcc_result(Structure):
    _fields_ = [
        ("coupling", double * 2),
        ("standard_error", double * 2),
        ("threshold", double * 2),
        ("likelihood_ratio", double * 2),
        ("log_p", double * 2),
        ("psp_mv", double * 2),
        ("significant", int32 * 2),
        ("delay_bins", int64),
        ("bin_s", double),
        ("log_likelihood", double),
        ("log_posterior", double),
        ("n_iterations", int64),
        ("converged", int32),
    ]


# spk_status spk_glmcc_length(spk_context *ctx, const spk_glmcc_options *options,
#     int64_t *n_sums)
spk_glmcc_length = function(
    "spk_glmcc_length", STATUS, context, P(spk_glmcc_options), int64_out
)
# spk_status spk_glmcc_count(spk_context *ctx, const spk_trains *trains, int64_t unit_i,
#     int64_t unit_j, const spk_glmcc_options *options, double *counts, double *sums)
spk_glmcc_count = function(
    "spk_glmcc_count", STATUS, context, P(spk_trains), int64, int64, P(spk_glmcc_options),
    double_out, double_out
)
# spk_status spk_glmcc_fit_counts(spk_context *ctx, const double *counts,
#     const double *sums, const spk_glmcc_options *options, spk_glmcc_result *result,
#     double *background)
spk_glmcc_fit_counts = function(
    "spk_glmcc_fit_counts", STATUS, context, double_in, double_in, P(spk_glmcc_options),
    P(spk_glmcc_result), double_out
)
# spk_status spk_glmcc_fit_pairs(spk_context *ctx, const spk_trains *trains,
#     const int32_t (*pairs)[2], int64_t n_pairs, const spk_glmcc_options *options,
#     spk_glmcc_result *results, double *backgrounds)
spk_glmcc_fit_pairs = function(
    "spk_glmcc_fit_pairs", STATUS, context, P(spk_trains), int32_in, int64,
    P(spk_glmcc_options), P(spk_glmcc_result), double_out
)
# spk_status spk_glmcc_expect(spk_context *ctx, const spk_glmcc_options *options,
#     const spk_glmcc_result *result, const double *background, double *expected)
spk_glmcc_expect = function(
    "spk_glmcc_expect", STATUS, context, P(spk_glmcc_options), P(spk_glmcc_result),
    double_in, double_out
)


# ---- surrogates.h -----------------------------------------------------------------------


class spk_surrogates_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("method", int32),
        ("edges", int32),
        ("seed", uint64),
        ("width_s", double),
        ("least_s", double),
        ("refractory_s", double),
        ("bin_s", double),
        ("truncation_s", double),
        ("n_bins", int64),
        ("sigma_s", double),
        ("is_windowed", int32),
        ("has_cutoff", int32),
        ("has_sqrt", int32),
        ("rates_hz", P(double)),
        ("n_rate_bins", int64),
        ("rate_bin_samples", int64),
    ]


# void spk_surrogates_options_init(spk_surrogates_options *options, size_t struct_size)
spk_surrogates_options_init = function(
    "spk_surrogates_options_init", None, P(spk_surrogates_options), size
)
# spk_status spk_surrogates_create(spk_context *ctx, const spk_trains *trains,
#     const spk_surrogates_options *options, spk_surrogates **surrogates)
spk_surrogates_create = function(
    "spk_surrogates_create", STATUS, context, P(spk_trains), P(spk_surrogates_options),
    PP(spk_surrogates)
)
# void spk_surrogates_destroy(spk_surrogates *surrogates)
spk_surrogates_destroy = function("spk_surrogates_destroy", None, P(spk_surrogates))
# int64_t spk_surrogates_room(const spk_surrogates *surrogates, int64_t unit,
#     int64_t index)
spk_surrogates_room = function(
    "spk_surrogates_room", int64, P(spk_surrogates), int64, int64
)
# spk_status spk_surrogates_draw(spk_context *ctx, const spk_surrogates *surrogates,
#     int64_t unit, int64_t index, int64_t *samples, int64_t *n_spikes)
spk_surrogates_draw = function(
    "spk_surrogates_draw", STATUS, context, P(spk_surrogates), int64, int64, int64_out,
    int64_out
)
# spk_status spk_surrogates_offsets(spk_context *ctx, const spk_surrogates *surrogates,
#     int64_t first_unit, int64_t last_unit, int64_t first, int64_t last,
#     int64_t *offsets)
spk_surrogates_offsets = function(
    "spk_surrogates_offsets", STATUS, context, P(spk_surrogates), int64, int64, int64,
    int64, int64_out
)
# spk_status spk_surrogates_draw_many(spk_context *ctx, const spk_surrogates *surrogates,
#     int64_t first_unit, int64_t last_unit, int64_t first, int64_t last,
#     const int64_t *offsets, int64_t *samples, int64_t *counts)
spk_surrogates_draw_many = function(
    "spk_surrogates_draw_many", STATUS, context, P(spk_surrogates), int64, int64, int64,
    int64, int64_in, int64_out, int64_out
)
# int64_t spk_surrogates_table_room(const spk_surrogates *surrogates, int64_t index)
spk_surrogates_table_room = function(
    "spk_surrogates_table_room", int64, P(spk_surrogates), int64
)
# spk_status spk_surrogates_table(spk_context *ctx, const spk_surrogates *surrogates,
#     int64_t index, int64_t *samples, int32_t *units, spk_spikes *table)
spk_surrogates_table = function(
    "spk_surrogates_table", STATUS, context, P(spk_surrogates), int64, int64_out,
    int32_out, P(spk_spikes)
)


# ---- information.h ----------------------------------------------------------------------


class spk_information_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("bin_s", double),
        ("target_history", int64),
        ("source_history", int64),
        ("first_delay", int64),
        ("last_delay", int64),
        ("bias", int32),
        ("n_surrogates", int64),
        ("surrogates", P(spk_surrogates_options)),
    ]


# void spk_information_options_init(spk_information_options *options, size_t struct_size)
spk_information_options_init = function(
    "spk_information_options_init", None, P(spk_information_options), size
)
# spk_status spk_mutual_information_estimate(spk_context *ctx, const spk_trains *trains,
#     const spk_information_options *options, int64_t first_unit, int64_t last_unit,
#     double *information, double *p)
spk_mutual_information_estimate = function(
    "spk_mutual_information_estimate", STATUS, context, P(spk_trains),
    P(spk_information_options), int64, int64, double_out, double_out
)
# spk_status spk_transfer_entropy_estimate(spk_context *ctx, const spk_trains *trains,
#     const spk_information_options *options, int64_t first_unit, int64_t last_unit,
#     double *entropy, double *p)
spk_transfer_entropy_estimate = function(
    "spk_transfer_entropy_estimate", STATUS, context, P(spk_trains),
    P(spk_information_options), int64, int64, double_out, double_out
)

class spk_information_peak(Structure):
    _fields_ = [
        ("value", double),
        ("delay", int64),
        ("coincidence", double),
    ]


# spk_status spk_information_peaks(spk_context *ctx, int64_t n_pairs, int64_t n_delays,
#     const double *values, int64_t window_delays, spk_information_peak *peaks)
spk_information_peaks = function(
    "spk_information_peaks", STATUS, context, int64, int64, double_in, int64,
    P(spk_information_peak)
)


# ---- intervals.h ------------------------------------------------------------------------


class spk_intervals_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("lvr_refractory_s", double),
        ("confidence", double),
    ]


# void spk_intervals_options_init(spk_intervals_options *options, size_t struct_size)
spk_intervals_options_init = function(
    "spk_intervals_options_init", None, P(spk_intervals_options), size
)

class spk_intervals_summary(Structure):
    _fields_ = [
        ("n_intervals", int64),
        ("n_zero", int64),
        ("mean_s", double),
        ("sd_s", double),
        ("min_s", double),
        ("q1_s", double),
        ("median_s", double),
        ("q3_s", double),
        ("max_s", double),
        ("mad_s", double),
        ("cv", double),
        ("cv2", double),
        ("lv", double),
        ("lvr", double),
    ]


# spk_status spk_intervals_summarize(spk_context *ctx, const spk_trains *trains,
#     const spk_intervals_options *options, spk_intervals_summary *summary)
spk_intervals_summarize = function(
    "spk_intervals_summarize", STATUS, context, P(spk_trains), P(spk_intervals_options),
    P(spk_intervals_summary)
)

class spk_serial_correlation(Structure):
    _fields_ = [
        ("lag", int64),
        ("n_pairs", int64),
        ("pearson", double),
        ("pearson_lower", double),
        ("pearson_upper", double),
        ("spearman", double),
        ("spearman_lower", double),
        ("spearman_upper", double),
    ]


# spk_status spk_intervals_correlate(spk_context *ctx, const spk_trains *trains,
#     int64_t n_lags, const spk_intervals_options *options,
#     spk_serial_correlation *result)
spk_intervals_correlate = function(
    "spk_intervals_correlate", STATUS, context, P(spk_trains), int64,
    P(spk_intervals_options), P(spk_serial_correlation)
)
# spk_status spk_intervals_count(spk_context *ctx, const spk_trains *trains,
#     double bin_s, int64_t n_bins, int64_t *counts)
spk_intervals_count = function(
    "spk_intervals_count", STATUS, context, P(spk_trains), double, int64, int64_out
)


# ---- jitter.h ---------------------------------------------------------------------------


class spk_jitter_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("interval_s", double),
        ("window_s", double),
        ("bin_s", double),
        ("from_s", double),
        ("to_s", double),
        ("jittered", int32),
    ]


# void spk_jitter_options_init(spk_jitter_options *options, size_t struct_size)
spk_jitter_options_init = function(
    "spk_jitter_options_init", None, P(spk_jitter_options), size
)

class spk_jitter_layout(Structure):
    _fields_ = [
        ("interval_samples", int64),
        ("bin_samples", int64),
        ("n_bins", int64),
        ("first_lag", int64),
        ("first_test", int64),
        ("n_tests", int64),
    ]


# spk_status spk_jitter_length(spk_context *ctx, double sampling_rate_hz,
#     const spk_jitter_options *options, spk_jitter_layout *layout)
spk_jitter_length = function(
    "spk_jitter_length", STATUS, context, double, P(spk_jitter_options),
    P(spk_jitter_layout)
)
# spk_status spk_jitter_correlogram(spk_context *ctx, const spk_trains *trains,
#     const int32_t (*pairs)[2], int64_t n_pairs, const spk_jitter_options *options,
#     int64_t *counts, double *expected, double *variance)
spk_jitter_correlogram = function(
    "spk_jitter_correlogram", STATUS, context, P(spk_trains), int32_in, int64,
    P(spk_jitter_options), int64_out, double_out, double_out
)

class spk_jitter_result(Structure):
    _fields_ = [
        ("count", int64),
        ("expected", double),
        ("variance", double),
        ("log_equal", double),
        ("log_upper", double),
        ("log_lower", double),
        ("log_mid_upper", double),
        ("log_mid_lower", double),
    ]


# spk_status spk_jitter_test(spk_context *ctx, const spk_trains *trains,
#     const int32_t (*pairs)[2], int64_t n_pairs, const spk_jitter_options *options,
#     spk_jitter_result *results)
spk_jitter_test = function(
    "spk_jitter_test", STATUS, context, P(spk_trains), int32_in, int64,
    P(spk_jitter_options), P(spk_jitter_result)
)
# spk_status spk_jitter_synchrony(spk_context *ctx, const spk_trains *trains,
#     const int32_t (*pairs)[2], int64_t n_pairs, const spk_jitter_options *options,
#     spk_jitter_result *results)
spk_jitter_synchrony = function(
    "spk_jitter_synchrony", STATUS, context, P(spk_trains), int32_in, int64,
    P(spk_jitter_options), P(spk_jitter_result)
)

class spk_jitter_draws(Structure):
    _fields_ = [
        ("struct_size", size),
        ("n_draws", int64),
        ("seed", uint64),
        ("alpha", double),
    ]


# void spk_jitter_draws_init(spk_jitter_draws *draws, size_t struct_size)
spk_jitter_draws_init = function("spk_jitter_draws_init", None, P(spk_jitter_draws), size)

class spk_jitter_band(Structure):
    _fields_ = [
        ("count", int64),
        ("expected", double),
        ("variance", double),
        ("p_upper", double),
        ("p_lower", double),
        ("global_upper", double),
        ("global_lower", double),
    ]


# spk_status spk_jitter_monte_carlo(spk_context *ctx, const spk_trains *trains,
#     int32_t reference, int32_t target, const spk_jitter_options *options,
#     const spk_jitter_draws *draws, spk_jitter_band *bands, double *p)
spk_jitter_monte_carlo = function(
    "spk_jitter_monte_carlo", STATUS, context, P(spk_trains), int32, int32,
    P(spk_jitter_options), P(spk_jitter_draws), P(spk_jitter_band), double_out
)

class spk_jitter_trials(Structure):
    _fields_ = [
        ("struct_size", size),
        ("starts", P(int64)),
        ("n_trials", int64),
        ("duration_s", double),
        ("predictor", int32),
    ]


# void spk_jitter_trials_init(spk_jitter_trials *trials, size_t struct_size)
spk_jitter_trials_init = function(
    "spk_jitter_trials_init", None, P(spk_jitter_trials), size
)
# spk_status spk_jitter_predict(spk_context *ctx, const spk_trains *trains,
#     const int32_t (*pairs)[2], int64_t n_pairs, const spk_jitter_options *options,
#     const spk_jitter_trials *trials, int64_t *counts, double *predicted,
#     double *corrected)
spk_jitter_predict = function(
    "spk_jitter_predict", STATUS, context, P(spk_trains), int32_in, int64,
    P(spk_jitter_options), P(spk_jitter_trials), int64_out, double_out, double_out
)


# ---- trials.h ---------------------------------------------------------------------------


class spk_trials(Structure):
    _fields_ = [
        ("n_trials", int64),
        ("n_units", int64),
        ("n_bins", int64),
        ("counts", P(int32)),
        ("exposure", P(int64)),
        ("bin_samples", int64),
        ("sampling_rate_hz", double),
        ("n_conditions", int64),
        ("conditions", P(int32)),
    ]


# spk_status spk_trials_check(spk_context *ctx, const spk_trials *trials)
spk_trials_check = function("spk_trials_check", STATUS, context, P(spk_trials))


# ---- jpsth.h ----------------------------------------------------------------------------


class spk_jpsth_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("predictor", int32),
        ("reach_bins", int64),
        ("confidence", double),
    ]


# void spk_jpsth_options_init(spk_jpsth_options *options, size_t struct_size)
spk_jpsth_options_init = function(
    "spk_jpsth_options_init", None, P(spk_jpsth_options), size
)

class spk_jpsth(Structure):
    _fields_ = [
        ("coincidences", P(int64)),
        ("predicted", P(double)),
        ("coefficients", P(double)),
        ("correlogram", P(int64)),
        ("correlogram_predicted", P(double)),
        ("correlogram_sd", P(double)),
        ("histogram", P(int64)),
        ("histogram_predicted", P(double)),
        ("histogram_sd", P(double)),
        ("n_trials", int64),
        ("band", double),
    ]


# spk_status spk_jpsth_estimate(spk_context *ctx, const spk_trials *trials,
#     int64_t condition, int64_t unit_i, int64_t unit_j,
#     const spk_jpsth_options *options, spk_jpsth *jpsth)
spk_jpsth_estimate = function(
    "spk_jpsth_estimate", STATUS, context, P(spk_trials), int64, int64, int64,
    P(spk_jpsth_options), P(spk_jpsth)
)


# ---- json.h -----------------------------------------------------------------------------

# spk_status spk_json_create(spk_context *ctx, spk_json **json)
spk_json_create = function("spk_json_create", STATUS, context, PP(spk_json))
# void spk_json_destroy(spk_json *json)
spk_json_destroy = function("spk_json_destroy", None, P(spk_json))
# spk_status spk_json_set_text(spk_context *ctx, spk_json *json, const char *key,
#     const char *value)
spk_json_set_text = function(
    "spk_json_set_text", STATUS, context, P(spk_json), text, text
)
# spk_status spk_json_set_integer(spk_context *ctx, spk_json *json, const char *key,
#     int64_t value)
spk_json_set_integer = function(
    "spk_json_set_integer", STATUS, context, P(spk_json), text, int64
)
# spk_status spk_json_set_flag(spk_context *ctx, spk_json *json, const char *key,
#     int32_t value)
spk_json_set_flag = function(
    "spk_json_set_flag", STATUS, context, P(spk_json), text, int32
)
# spk_status spk_json_set_number(spk_context *ctx, spk_json *json, const char *key,
#     double value)
spk_json_set_number = function(
    "spk_json_set_number", STATUS, context, P(spk_json), text, double
)
# spk_status spk_json_set_numbers(spk_context *ctx, spk_json *json, const char *key,
#     int64_t n, const double *values)
spk_json_set_numbers = function(
    "spk_json_set_numbers", STATUS, context, P(spk_json), text, int64, double_in
)
# spk_status spk_json_set_integers(spk_context *ctx, spk_json *json, const char *key,
#     int64_t n, const int64_t *values)
spk_json_set_integers = function(
    "spk_json_set_integers", STATUS, context, P(spk_json), text, int64, int64_in
)
# spk_status spk_json_set_texts(spk_context *ctx, spk_json *json, const char *key,
#     int64_t n, const char *const *values)
spk_json_set_texts = function(
    "spk_json_set_texts", STATUS, context, P(spk_json), text, int64, P(text)
)
# spk_status spk_json_set_object(spk_context *ctx, spk_json *json, const char *key,
#     const spk_json *value)
spk_json_set_object = function(
    "spk_json_set_object", STATUS, context, P(spk_json), text, P(spk_json)
)
# spk_status spk_json_append_object(spk_context *ctx, spk_json *json, const char *key,
#     const spk_json *value)
spk_json_append_object = function(
    "spk_json_append_object", STATUS, context, P(spk_json), text, P(spk_json)
)
# spk_status spk_json_format(spk_context *ctx, spk_json *json, int32_t indent,
#     const char **text)
spk_json_format = function(
    "spk_json_format", STATUS, context, P(spk_json), int32, P(text)
)
# spk_status spk_json_write(spk_context *ctx, const char *path, spk_json *json)
spk_json_write = function("spk_json_write", STATUS, context, text, P(spk_json))


# ---- labels.h ---------------------------------------------------------------------------


class spk_threshold(Structure):
    _fields_ = [
        ("label", text),
        ("metric", text),
        ("together", text),
        ("minimum", double),
        ("maximum", double),
        ("above_minimum", int32),
        ("below_maximum", int32),
        ("absolute", int32),
        ("nan_fails", int32),
        ("label_index", int32),
        ("reserved", int32),
        ("line", int64),
    ]


# int64_t spk_thresholds_n_presets(void)
spk_thresholds_n_presets = function("spk_thresholds_n_presets", int64)
# const char *spk_thresholds_preset_name(int64_t preset)
spk_thresholds_preset_name = function("spk_thresholds_preset_name", text, int64)
# const char *spk_thresholds_preset_summary(int64_t preset)
spk_thresholds_preset_summary = function("spk_thresholds_preset_summary", text, int64)
# const char *spk_thresholds_preset_text(int64_t preset)
spk_thresholds_preset_text = function("spk_thresholds_preset_text", text, int64)
# spk_status spk_thresholds_read(spk_context *ctx, const char *source, int64_t n_names,
#     const char *const *names, spk_thresholds **thresholds)
spk_thresholds_read = function(
    "spk_thresholds_read", STATUS, context, text, int64, P(text), PP(spk_thresholds)
)
# spk_status spk_thresholds_parse(spk_context *ctx, const char *text, int64_t n_names,
#     const char *const *names, spk_thresholds **thresholds)
spk_thresholds_parse = function(
    "spk_thresholds_parse", STATUS, context, text, int64, P(text), PP(spk_thresholds)
)
# void spk_thresholds_destroy(spk_thresholds *thresholds)
spk_thresholds_destroy = function("spk_thresholds_destroy", None, P(spk_thresholds))
# int64_t spk_thresholds_n_rows(const spk_thresholds *thresholds)
spk_thresholds_n_rows = function("spk_thresholds_n_rows", int64, P(spk_thresholds))
# const spk_threshold *spk_thresholds_row(const spk_thresholds *thresholds, int64_t row)
spk_thresholds_row = function(
    "spk_thresholds_row", P(spk_threshold), P(spk_thresholds), int64
)
# int64_t spk_thresholds_n_labels(const spk_thresholds *thresholds)
spk_thresholds_n_labels = function("spk_thresholds_n_labels", int64, P(spk_thresholds))
# const char *spk_thresholds_label(const spk_thresholds *thresholds, int64_t label)
spk_thresholds_label = function("spk_thresholds_label", text, P(spk_thresholds), int64)
# const spk_metric *spk_thresholds_metric(const spk_thresholds *thresholds, int64_t row)
spk_thresholds_metric = function(
    "spk_thresholds_metric", P(spk_metric), P(spk_thresholds), int64
)
# void spk_threshold_describe(const spk_threshold *threshold, char text[256])
spk_threshold_describe = function(
    "spk_threshold_describe", None, P(spk_threshold), P(character)
)
# spk_status spk_thresholds_columns(spk_context *ctx, const spk_thresholds *thresholds,
#     int64_t n_names, const char *const *names, int64_t *columns)
spk_thresholds_columns = function(
    "spk_thresholds_columns", STATUS, context, P(spk_thresholds), int64, P(text),
    int64_out
)
# spk_status spk_labels_assign(spk_context *ctx, const spk_thresholds *thresholds,
#     int64_t n_units, int64_t n_names, const char *const *names, const double *values,
#     int32_t *labels, int64_t *rows, double *passed, int64_t *failed)
spk_labels_assign = function(
    "spk_labels_assign", STATUS, context, P(spk_thresholds), int64, int64, P(text),
    double_in, int32_out, int64_out, double_out, int64_out
)


# ---- noise_correlation.h ----------------------------------------------------------------


class spk_noise_correlation_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("pooling", int32),
        ("control", int32),
        ("shift", int64),
        ("seed", uint64),
        ("min_trials", int64),
        ("confidence", double),
    ]


# void spk_noise_correlation_options_init(spk_noise_correlation_options *options,
#     size_t struct_size)
spk_noise_correlation_options_init = function(
    "spk_noise_correlation_options_init", None, P(spk_noise_correlation_options), size
)

class spk_noise_correlation(Structure):
    _fields_ = [
        ("correlations", P(double)),
        ("dof", P(int64)),
        ("lower", P(double)),
        ("upper", P(double)),
        ("rates_hz", P(double)),
    ]


# spk_status spk_noise_correlation_estimate(spk_context *ctx, const spk_trials *trials,
#     const spk_noise_correlation_options *options, spk_noise_correlation *noise)
spk_noise_correlation_estimate = function(
    "spk_noise_correlation_estimate", STATUS, context, P(spk_trials),
    P(spk_noise_correlation_options), P(spk_noise_correlation)
)
# spk_status spk_signal_correlation_estimate(spk_context *ctx, const spk_trials *trials,
#     double *correlations)
spk_signal_correlation_estimate = function(
    "spk_signal_correlation_estimate", STATUS, context, P(spk_trials), double_out
)

class spk_noise_match_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("octaves", double),
        ("n_repeats", int64),
        ("confidence", double),
        ("seed", uint64),
    ]


# void spk_noise_match_options_init(spk_noise_match_options *options, size_t struct_size)
spk_noise_match_options_init = function(
    "spk_noise_match_options_init", None, P(spk_noise_match_options), size
)

class spk_noise_pairs(Structure):
    _fields_ = [
        ("n_pairs", int64),
        ("rates_hz", P(double)),
        ("correlations", P(double)),
    ]


class spk_noise_match(Structure):
    _fields_ = [
        ("n_pairs", int64 * 2),
        ("n_matched", int64),
        ("mean_z", double * 2),
        ("difference", double),
        ("matched_z", double * 2),
        ("matched_difference", double),
        ("error", double),
        ("lower", double),
        ("upper", double),
    ]


# spk_status spk_noise_correlation_match(spk_context *ctx, const spk_noise_pairs *first,
#     const spk_noise_pairs *second, const spk_noise_match_options *options,
#     spk_noise_match *match)
spk_noise_correlation_match = function(
    "spk_noise_correlation_match", STATUS, context, P(spk_noise_pairs),
    P(spk_noise_pairs), P(spk_noise_match_options), P(spk_noise_match)
)


# ---- periods.h --------------------------------------------------------------------------


class spk_periods_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("period_s", double),
        ("spikes_per_period", double),
        ("min_periods", int64),
        ("margin_periods", double),
        ("max_false_positives", double),
        ("max_false_negatives", double),
        ("min_valid_s", double),
        ("refractory_ms", double),
        ("censored_ms", double),
        ("cutoff_bins", int64),
        ("cutoff_smoothing_bins", double),
        ("cutoff_min_spikes_per_bin", double),
        ("epochs", P(spk_epochs)),
    ]


# void spk_periods_options_init(spk_periods_options *options, size_t struct_size)
spk_periods_options_init = function(
    "spk_periods_options_init", None, P(spk_periods_options), size
)
# spk_status spk_periods_length(spk_context *ctx, const spk_spikes *spikes,
#     const spk_periods_options *options, int64_t *n_periods)
spk_periods_length = function(
    "spk_periods_length", STATUS, context, P(spk_spikes), P(spk_periods_options),
    int64_out
)
# spk_status spk_periods_rates(spk_context *ctx, const spk_spikes *spikes,
#     const spk_array *amplitudes, const spk_periods_options *options, int64_t *offsets,
#     int64_t *starts, int64_t *stops, double *false_positives, double *false_negatives)
spk_periods_rates = function(
    "spk_periods_rates", STATUS, context, P(spk_spikes), P(spk_array),
    P(spk_periods_options), int64_out, int64_out, int64_out, double_out, double_out
)
# spk_status spk_periods_estimate(spk_context *ctx, const spk_spikes *spikes,
#     const spk_array *amplitudes, const spk_periods_options *options, int64_t *offsets,
#     int64_t *starts, int64_t *stops)
spk_periods_estimate = function(
    "spk_periods_estimate", STATUS, context, P(spk_spikes), P(spk_array),
    P(spk_periods_options), int64_out, int64_out, int64_out
)


# ---- psth.h -----------------------------------------------------------------------------


class spk_psth_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("trials", int32),
        ("limits", int32),
        ("confidence", double),
        ("kernel", int32),
        ("smooth_s", double),
        ("n_resamples", int64),
        ("seed", uint64),
    ]


# void spk_psth_options_init(spk_psth_options *options, size_t struct_size)
spk_psth_options_init = function("spk_psth_options_init", None, P(spk_psth_options), size)

class spk_psth(Structure):
    _fields_ = [
        ("n_trials", P(int64)),
        ("counts", P(int64)),
        ("rates", P(double)),
        ("lower", P(double)),
        ("upper", P(double)),
    ]


# spk_status spk_psth_estimate(spk_context *ctx, const spk_trials *trials,
#     const spk_psth_options *options, spk_psth *psth)
spk_psth_estimate = function(
    "spk_psth_estimate", STATUS, context, P(spk_trials), P(spk_psth_options), P(spk_psth)
)
# spk_status spk_psth_align(spk_context *ctx, const spk_spikes *spikes, int64_t n_events,
#     const int64_t *events, int64_t n_conditions, const int32_t *conditions,
#     const spk_alignment_options *alignment, const spk_psth_options *options,
#     spk_psth *psth)
spk_psth_align = function(
    "spk_psth_align", STATUS, context, P(spk_spikes), int64, int64_in, int64, int32_in,
    P(spk_alignment_options), P(spk_psth_options), P(spk_psth)
)


# ---- random.h ---------------------------------------------------------------------------


class spk_random(Structure):
    _fields_ = [
        ("seed", uint64),
        ("stream", uint32),
        ("index", uint64),
    ]


# void spk_random_block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
spk_random_block = function("spk_random_block", None, uint32_in, uint32_in, uint32_out)
# double spk_random_uniform(spk_random *random)
spk_random_uniform = function("spk_random_uniform", double, P(spk_random))
# double spk_random_normal(spk_random *random)
spk_random_normal = function("spk_random_normal", double, P(spk_random))
# double spk_random_exponential(spk_random *random)
spk_random_exponential = function("spk_random_exponential", double, P(spk_random))
# double spk_random_gamma(spk_random *random, double shape)
spk_random_gamma = function("spk_random_gamma", double, P(spk_random), double)
# int64_t spk_random_poisson(spk_random *random, double mean)
spk_random_poisson = function("spk_random_poisson", int64, P(spk_random), double)


# ---- rates.h ----------------------------------------------------------------------------


class spk_rate(Structure):
    _fields_ = [
        ("n_spikes", int64),
        ("duration_s", double),
        ("rate_hz", double),
        ("lower_hz", double),
        ("upper_hz", double),
        ("dispersion", double),
        ("wide_lower_hz", double),
        ("wide_upper_hz", double),
    ]


# spk_status spk_rates_mean(spk_context *ctx, const spk_trains *trains,
#     double confidence, spk_rate *rates)
spk_rates_mean = function(
    "spk_rates_mean", STATUS, context, P(spk_trains), double, P(spk_rate)
)
# const char *spk_kernel_name(int32_t kernel)
spk_kernel_name = function("spk_kernel_name", text, int32)

class spk_rates_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("kernel", int32),
        ("inverted", int32),
        ("sigma_s", double),
        ("sigmas_s", P(double)),
        ("step_s", double),
        ("cutoff", double),
        ("centred", int32),
        ("binned", int32),
        ("edges", int32),
        ("confidence", double),
    ]


# void spk_rates_options_init(spk_rates_options *options, size_t struct_size)
spk_rates_options_init = function(
    "spk_rates_options_init", None, P(spk_rates_options), size
)
# spk_status spk_rates_length(spk_context *ctx, const spk_trains *trains,
#     const spk_rates_options *options, int64_t *n_points)
spk_rates_length = function(
    "spk_rates_length", STATUS, context, P(spk_trains), P(spk_rates_options), int64_out
)
# spk_status spk_rates_times(spk_context *ctx, const spk_trains *trains,
#     const spk_rates_options *options, double *times_s)
spk_rates_times = function(
    "spk_rates_times", STATUS, context, P(spk_trains), P(spk_rates_options), double_out
)
# spk_status spk_rates_estimate(spk_context *ctx, const spk_trains *trains,
#     int64_t first, int64_t last, const spk_rates_options *options, double *rates,
#     double *lower, double *upper)
spk_rates_estimate = function(
    "spk_rates_estimate", STATUS, context, P(spk_trains), int64, int64,
    P(spk_rates_options), double_out, double_out, double_out
)

class spk_bandwidth_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("method", int32),
        ("min_s", double),
        ("max_s", double),
    ]


# void spk_bandwidth_options_init(spk_bandwidth_options *options, size_t struct_size)
spk_bandwidth_options_init = function(
    "spk_bandwidth_options_init", None, P(spk_bandwidth_options), size
)
# spk_status spk_bandwidth_cost(spk_context *ctx, const spk_trains *trains, int64_t unit,
#     int64_t n, const double *sigmas_s, double *costs)
spk_bandwidth_cost = function(
    "spk_bandwidth_cost", STATUS, context, P(spk_trains), int64, int64, double_in,
    double_out
)
# spk_status spk_bandwidth_estimate(spk_context *ctx, const spk_trains *trains,
#     const spk_bandwidth_options *options, double *sigmas_s)
spk_bandwidth_estimate = function(
    "spk_bandwidth_estimate", STATUS, context, P(spk_trains), P(spk_bandwidth_options),
    double_out
)
# spk_status spk_bin_width_estimate(spk_context *ctx, const spk_trains *trains,
#     const spk_bandwidth_options *options, double *bins_s)
spk_bin_width_estimate = function(
    "spk_bin_width_estimate", STATUS, context, P(spk_trains), P(spk_bandwidth_options),
    double_out
)


# ---- refractory.h -----------------------------------------------------------------------


class spk_refractory_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("step_s", double),
        ("n_periods", int64),
        ("shortest_s", double),
        ("n_contaminations", int64),
        ("contamination_step", double),
        ("confidence", double),
        ("model", int32),
    ]


# void spk_refractory_options_init(spk_refractory_options *options, size_t struct_size)
spk_refractory_options_init = function(
    "spk_refractory_options_init", None, P(spk_refractory_options), size
)

class spk_refractory_estimate(Structure):
    _fields_ = [
        ("step_s", double),
        ("contamination", double),
        ("period_s", double),
        ("max_confidence", double),
    ]


# spk_status spk_refractory_confidence(spk_context *ctx, const spk_trains *trains,
#     int64_t unit, const spk_refractory_options *options, int64_t *pairs,
#     double *confidence, spk_refractory_estimate *estimate)
spk_refractory_confidence = function(
    "spk_refractory_confidence", STATUS, context, P(spk_trains), int64,
    P(spk_refractory_options), int64_out, double_out, P(spk_refractory_estimate)
)


# ---- significance.h ---------------------------------------------------------------------


class spk_predictor_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("kernel", int32),
        ("skip_center", int32),
        ("window_bins", int64),
        ("hollow_fraction", double),
    ]


# void spk_predictor_options_init(spk_predictor_options *options, size_t struct_size)
spk_predictor_options_init = function(
    "spk_predictor_options_init", None, P(spk_predictor_options), size
)
# spk_status spk_predictor_kernel_from_name(spk_context *ctx, const char *name,
#     int32_t *kernel)
spk_predictor_kernel_from_name = function(
    "spk_predictor_kernel_from_name", STATUS, context, text, int32_out
)
# const char *spk_predictor_kernel_name(int32_t kernel)
spk_predictor_kernel_name = function("spk_predictor_kernel_name", text, int32)
# spk_status spk_predictor_length(spk_context *ctx, const spk_predictor_options *options,
#     int64_t *length)
spk_predictor_length = function(
    "spk_predictor_length", STATUS, context, P(spk_predictor_options), int64_out
)
# spk_status spk_predictor_weights(spk_context *ctx,
#     const spk_predictor_options *options, double *weights)
spk_predictor_weights = function(
    "spk_predictor_weights", STATUS, context, P(spk_predictor_options), double_out
)
# spk_status spk_correlogram_predict(spk_context *ctx, int64_t n_correlograms,
#     int64_t n_bins, const int64_t *counts, const spk_predictor_options *options,
#     double *predicted)
spk_correlogram_predict = function(
    "spk_correlogram_predict", STATUS, context, int64, int64, int64_in,
    P(spk_predictor_options), double_out
)
# spk_status spk_correlogram_tails(spk_context *ctx, int64_t n_values,
#     const int64_t *counts, const double *predicted, double *log_upper,
#     double *log_lower)
spk_correlogram_tails = function(
    "spk_correlogram_tails", STATUS, context, int64, int64_in, double_in, double_out,
    double_out
)
# spk_status spk_correlogram_bounds(spk_context *ctx, int64_t n_values,
#     const double *predicted, double alpha, int64_t n_tests, double *lower,
#     double *upper)
spk_correlogram_bounds = function(
    "spk_correlogram_bounds", STATUS, context, int64, double_in, double, int64,
    double_out, double_out
)
# spk_status spk_correlogram_deconvolve(spk_context *ctx, int64_t n_correlograms,
#     int64_t n_bins, const int64_t *counts, const int64_t *auto_source,
#     const int64_t *n_source, const int64_t *auto_target, const int64_t *n_target,
#     double *deconvolved)
spk_correlogram_deconvolve = function(
    "spk_correlogram_deconvolve", STATUS, context, int64, int64, int64_in, int64_in,
    int64_in, int64_in, int64_in, double_out
)


# ---- simulation.h -----------------------------------------------------------------------


class spk_simulation_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("seed", uint64),
        ("n_units", int64),
        ("duration_s", double),
        ("sampling_rate_hz", double),
        ("rate_median_hz", double),
        ("rate_sigma", double),
        ("refractory_s", double),
        ("burst_share", double),
        ("burst_size", double),
        ("burst_interval_s", double),
        ("drift_sigma", double),
        ("drift_time_s", double),
        ("connection_share", double),
        ("inhibitory_share", double),
        ("connection_strength", double),
        ("connection_latency_s", double),
        ("connection_jitter_s", double),
        ("inhibition_s", double),
        ("contamination_max", double),
        ("missed_max", double),
        ("probe_length_um", double),
        ("connection_sigma", double),
        ("modulation_sigma", double),
        ("modulation_time_s", double),
        ("modulation_hz", double),
        ("modulation_groups", int64),
        ("modulation_opposed", double),
        ("common_groups", int64),
        ("common_size", int64),
        ("common_rate_hz", double),
        ("common_strength", double),
        ("common_latency_s", double),
        ("common_jitter_s", double),
    ]


# void spk_simulation_options_init(spk_simulation_options *options, size_t struct_size)
spk_simulation_options_init = function(
    "spk_simulation_options_init", None, P(spk_simulation_options), size
)

class spk_simulation_unit(Structure):
    _fields_ = [
        ("base_rate_hz", double),
        ("contamination", double),
        ("missed", double),
        ("x_um", double),
        ("depth_um", double),
        ("amplitude", double),
        ("n_true_spikes", int64),
        ("n_missed", int64),
        ("n_foreign", int64),
        ("bursting", int32),
        ("modulation_group", int32),
        ("modulation", double),
    ]


class spk_simulation_connection(Structure):
    _fields_ = [
        ("source", int32),
        ("target", int32),
        ("latency_s", double),
        ("strength", double),
        ("extra_pairs", double),
    ]


class spk_simulation_common_input(Structure):
    _fields_ = [
        ("group", int32),
        ("unit", int32),
        ("latency_s", double),
        ("strength", double),
        ("n_extra", int64),
    ]


# spk_status spk_simulation_run(spk_context *ctx, const spk_simulation_options *options,
#     spk_simulation **simulation)
spk_simulation_run = function(
    "spk_simulation_run", STATUS, context, P(spk_simulation_options), PP(spk_simulation)
)
# void spk_simulation_destroy(spk_simulation *simulation)
spk_simulation_destroy = function("spk_simulation_destroy", None, P(spk_simulation))
# const spk_spikes *spk_simulation_spikes(const spk_simulation *simulation)
spk_simulation_spikes = function(
    "spk_simulation_spikes", P(spk_spikes), P(spk_simulation)
)
# const spk_simulation_unit *spk_simulation_units(const spk_simulation *simulation)
spk_simulation_units = function(
    "spk_simulation_units", P(spk_simulation_unit), P(spk_simulation)
)
# const spk_simulation_connection *spk_simulation_connections(
#     const spk_simulation *simulation, int64_t *n)
spk_simulation_connections = function(
    "spk_simulation_connections", P(spk_simulation_connection), P(spk_simulation),
    int64_out
)
# const spk_simulation_common_input *spk_simulation_common_inputs(
#     const spk_simulation *simulation, int64_t *n)
spk_simulation_common_inputs = function(
    "spk_simulation_common_inputs", P(spk_simulation_common_input), P(spk_simulation),
    int64_out
)
# const double *spk_simulation_amplitudes(const spk_simulation *simulation)
spk_simulation_amplitudes = function(
    "spk_simulation_amplitudes", P(double), P(spk_simulation)
)
# const float *spk_simulation_positions(const spk_simulation *simulation)
spk_simulation_positions = function(
    "spk_simulation_positions", P(float32), P(spk_simulation)
)
# const uint8_t *spk_simulation_foreign(const spk_simulation *simulation)
spk_simulation_foreign = function("spk_simulation_foreign", P(uint8), P(spk_simulation))
# spk_status spk_simulation_write(spk_context *ctx, const char *folder,
#     const spk_simulation *simulation, int32_t overwrite)
spk_simulation_write = function(
    "spk_simulation_write", STATUS, context, text, P(spk_simulation), int32
)


# ---- synchrony.h ------------------------------------------------------------------------


class spk_sttc_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("window_s", double),
        ("window_samples", int64),
        ("tiling", int32),
        ("epochs", P(spk_epochs)),
        ("references", P(int32)),
        ("n_references", int64),
        ("targets", P(int32)),
        ("n_targets", int64),
    ]


# void spk_sttc_options_init(spk_sttc_options *options, size_t struct_size)
spk_sttc_options_init = function("spk_sttc_options_init", None, P(spk_sttc_options), size)
# spk_status spk_sttc_window(spk_context *ctx, const spk_sttc_options *options,
#     double sampling_rate_hz, int64_t *window_samples)
spk_sttc_window = function(
    "spk_sttc_window", STATUS, context, P(spk_sttc_options), double, int64_out
)
# spk_status spk_sttc_estimate(spk_context *ctx, const spk_spikes *spikes,
#     const spk_sttc_options *options, double *values)
spk_sttc_estimate = function(
    "spk_sttc_estimate", STATUS, context, P(spk_spikes), P(spk_sttc_options), double_out
)
# spk_status spk_sttc_estimate_pairs(spk_context *ctx, const spk_trains *trains,
#     const int32_t (*pairs)[2], int64_t n_pairs, const spk_sttc_options *options,
#     double *values)
spk_sttc_estimate_pairs = function(
    "spk_sttc_estimate_pairs", STATUS, context, P(spk_trains), int32_in, int64,
    P(spk_sttc_options), double_out
)

class spk_sttc_parts(Structure):
    _fields_ = [
        ("sttc", double),
        ("near_a", double),
        ("near_b", double),
        ("tiled_a", double),
        ("tiled_b", double),
        ("n_a", int64),
        ("n_b", int64),
        ("n_near_a", int64),
        ("n_near_b", int64),
    ]


# spk_status spk_sttc_estimate_parts(spk_context *ctx, const spk_trains *trains,
#     int32_t unit_a, int32_t unit_b, const spk_sttc_options *options,
#     spk_sttc_parts *parts)
spk_sttc_estimate_parts = function(
    "spk_sttc_estimate_parts", STATUS, context, P(spk_trains), int32, int32,
    P(spk_sttc_options), P(spk_sttc_parts)
)
# spk_status spk_sttc_estimate_profile(spk_context *ctx, const spk_trains *trains,
#     const int32_t (*pairs)[2], int64_t n_pairs, const int64_t *window_samples,
#     int64_t n_windows, const spk_sttc_options *options, double *values)
spk_sttc_estimate_profile = function(
    "spk_sttc_estimate_profile", STATUS, context, P(spk_trains), int32_in, int64,
    int64_in, int64, P(spk_sttc_options), double_out
)

class spk_sttc_significance(Structure):
    _fields_ = [
        ("values", P(double)),
        ("means", P(double)),
        ("sds", P(double)),
        ("p_upper", P(double)),
        ("p_lower", P(double)),
    ]


# spk_status spk_sttc_test(spk_context *ctx, const spk_spikes *spikes,
#     const spk_surrogates *surrogates, int64_t first, int64_t last,
#     const spk_sttc_options *options, const spk_sttc_significance *found)
spk_sttc_test = function(
    "spk_sttc_test", STATUS, context, P(spk_spikes), P(spk_surrogates), int64, int64,
    P(spk_sttc_options), P(spk_sttc_significance)
)


# ---- timescale.h ------------------------------------------------------------------------


class spk_timescale_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("bin_s", double),
        ("window_s", double),
        ("max_lag_s", double),
        ("first_lag", int64),
        ("centre", int32),
        ("corrected", int32),
        ("n_bootstrap", int64),
        ("seed", uint64),
        ("confidence", double),
    ]


# void spk_timescale_options_init(spk_timescale_options *options, size_t struct_size)
spk_timescale_options_init = function(
    "spk_timescale_options_init", None, P(spk_timescale_options), size
)

class spk_timescale(Structure):
    _fields_ = [
        ("n_trials", int64),
        ("first_lag", int64),
        ("tau_s", double),
        ("amplitude", double),
        ("offset", double),
        ("r_square", double),
        ("standard_error_s", double),
        ("lower_s", double),
        ("upper_s", double),
        ("bias_s", double),
        ("decay_p", double),
    ]


# spk_status spk_timescale_estimate(spk_context *ctx, const spk_trains *trains,
#     int64_t n_trials, const int64_t *starts, const spk_timescale_options *options,
#     spk_timescale *timescales, double *acf)
spk_timescale_estimate = function(
    "spk_timescale_estimate", STATUS, context, P(spk_trains), int64, int64_in,
    P(spk_timescale_options), P(spk_timescale), double_out
)
# spk_status spk_timescale_length(spk_context *ctx, const spk_trains *trains,
#     int32_t with_trials, const spk_timescale_options *options, int64_t *n_lags)
spk_timescale_length = function(
    "spk_timescale_length", STATUS, context, P(spk_trains), int32,
    P(spk_timescale_options), int64_out
)
# spk_status spk_timescale_integral(spk_context *ctx, const spk_trains *trains,
#     double bin_s, double max_lag_s, double *timescales_s)
spk_timescale_integral = function(
    "spk_timescale_integral", STATUS, context, P(spk_trains), double, double, double_out
)


# ---- trial_fano.h -----------------------------------------------------------------------


class spk_trial_fano_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("window_bins", int64),
        ("step_bins", int64),
        ("ddof", int32),
        ("confidence", double),
    ]


# void spk_trial_fano_options_init(spk_trial_fano_options *options, size_t struct_size)
spk_trial_fano_options_init = function(
    "spk_trial_fano_options_init", None, P(spk_trial_fano_options), size
)

class spk_trial_fano(Structure):
    _fields_ = [
        ("n_trials", P(int64)),
        ("means", P(double)),
        ("variances", P(double)),
        ("fano", P(double)),
        ("lower", P(double)),
        ("upper", P(double)),
    ]


# spk_status spk_trial_fano_length(spk_context *ctx, int64_t n_bins,
#     const spk_trial_fano_options *options, int64_t *n_windows)
spk_trial_fano_length = function(
    "spk_trial_fano_length", STATUS, context, int64, P(spk_trial_fano_options), int64_out
)
# spk_status spk_trial_fano_estimate(spk_context *ctx, const spk_trials *trials,
#     const spk_trial_fano_options *options, spk_trial_fano *fano)
spk_trial_fano_estimate = function(
    "spk_trial_fano_estimate", STATUS, context, P(spk_trials), P(spk_trial_fano_options),
    P(spk_trial_fano)
)

class spk_matched_fano_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("window_bins", int64),
        ("step_bins", int64),
        ("mean_spacing", double),
        ("n_repeats", int64),
        ("is_weighted", int32),
        ("confidence", double),
        ("seed", uint64),
    ]


# void spk_matched_fano_options_init(spk_matched_fano_options *options,
#     size_t struct_size)
spk_matched_fano_options_init = function(
    "spk_matched_fano_options_init", None, P(spk_matched_fano_options), size
)

class spk_matched_fano(Structure):
    _fields_ = [
        ("n_points", int64),
        ("n_points_all", int64),
        ("mean", double),
        ("mean_all", double),
        ("fano", double),
        ("lower", double),
        ("upper", double),
        ("fano_all", double),
        ("lower_all", double),
        ("upper_all", double),
    ]


# spk_status spk_matched_fano_estimate(spk_context *ctx, const spk_trials *trials,
#     const spk_matched_fano_options *options, spk_matched_fano *fano)
spk_matched_fano_estimate = function(
    "spk_matched_fano_estimate", STATUS, context, P(spk_trials),
    P(spk_matched_fano_options), P(spk_matched_fano)
)


# ---- version.h --------------------------------------------------------------------------

# const char *spk_version(void)
spk_version = function("spk_version", text)
# const char *spk_build_description(void)
spk_build_description = function("spk_build_description", text)


# ---- waveform.h -------------------------------------------------------------------------


class spk_waveform_options(Structure):
    _fields_ = [
        ("struct_size", size),
        ("sampling_rate_hz", double),
        ("recovery_s", double),
        ("swap_ratio", double),
        ("channel_positions_um", P(double)),
    ]


# void spk_waveform_options_init(spk_waveform_options *options, size_t struct_size)
spk_waveform_options_init = function(
    "spk_waveform_options_init", None, P(spk_waveform_options), size
)

class spk_waveform_features(Structure):
    _fields_ = [
        ("peak_channel", int64),
        ("peak_sample", int64),
        ("trough_sample", int64),
        ("tip_sample", int64),
        ("half_peak_before_sample", int64),
        ("half_peak_after_sample", int64),
        ("recovery_sample", int64),
        ("is_inverted", int32),
        ("is_swapped", int32),
        ("peak", double),
        ("trough", double),
        ("tip", double),
        ("half_peak_before", double),
        ("half_peak_after", double),
        ("recovery", double),
        ("peak_to_trough_ratio", double),
        ("peak_to_trough_ratio_log", double),
        ("peak_to_trough_duration_s", double),
        ("half_peak_duration_s", double),
        ("depolarisation_slope", double),
        ("repolarisation_slope", double),
        ("recovery_slope", double),
        ("spatial_spread_um", double),
    ]


# spk_status spk_waveform_measure(spk_context *ctx, const double *waveform,
#     int64_t n_samples, int64_t n_channels, const spk_waveform_options *options,
#     spk_waveform_features *features)
spk_waveform_measure = function(
    "spk_waveform_measure", STATUS, context, double_in, int64, int64,
    P(spk_waveform_options), P(spk_waveform_features)
)
