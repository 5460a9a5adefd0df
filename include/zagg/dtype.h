/* Element types shared by HDF5 datasets, columns and Zarr arrays. */
#ifndef ZAGG_DTYPE_H
#define ZAGG_DTYPE_H

#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum zagg_dtype {
    ZAGG_DT_NONE = 0,
    ZAGG_DT_BOOL,
    ZAGG_DT_I8,
    ZAGG_DT_I16,
    ZAGG_DT_I32,
    ZAGG_DT_I64,
    ZAGG_DT_U8,
    ZAGG_DT_U16,
    ZAGG_DT_U32,
    ZAGG_DT_U64,
    ZAGG_DT_F32,
    ZAGG_DT_F64
} zagg_dtype;

/** One element of a variable-length array: `len` bytes at any address. */
typedef struct zagg_bytes_view {
    const void *data; /* may be NULL where len is 0 */
    size_t len;
} zagg_bytes_view;

/** Bytes of one element (0 for NONE). */
ZAGG_API size_t zagg_dtype_size(zagg_dtype t);
/** numpy / Zarr name: "bool", "int8", ..., "float64"; "" for NONE. Static text. */
ZAGG_API const char *zagg_dtype_name(zagg_dtype t);
/** Type of an exact numpy name ("float32", "uint64", ...); NONE for any other text. */
ZAGG_API zagg_dtype zagg_dtype_from_name(const char *name);
ZAGG_API bool zagg_dtype_is_float(zagg_dtype t);
ZAGG_API bool zagg_dtype_is_signed_int(zagg_dtype t);
ZAGG_API bool zagg_dtype_is_unsigned_int(zagg_dtype t);

#ifdef __cplusplus
}
#endif
#endif
