/* Element types and their numpy names, which Zarr v3 uses as well. */
#include "zagg/dtype.h"

#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtype_table[] = {
    [ZAGG_DT_NONE] = {"", 0},       [ZAGG_DT_BOOL] = {"bool", 1},
    [ZAGG_DT_I8] = {"int8", 1},     [ZAGG_DT_I16] = {"int16", 2},
    [ZAGG_DT_I32] = {"int32", 4},   [ZAGG_DT_I64] = {"int64", 8},
    [ZAGG_DT_U8] = {"uint8", 1},    [ZAGG_DT_U16] = {"uint16", 2},
    [ZAGG_DT_U32] = {"uint32", 4},  [ZAGG_DT_U64] = {"uint64", 8},
    [ZAGG_DT_F32] = {"float32", 4}, [ZAGG_DT_F64] = {"float64", 8},
};

enum { N_DTYPES = (int)(sizeof dtype_table / sizeof dtype_table[0]) };

static bool dtype_known(zagg_dtype t)
{
    return (unsigned)t < (unsigned)N_DTYPES;
}

size_t zagg_dtype_size(zagg_dtype t)
{
    return dtype_known(t) ? dtype_table[t].size : 0;
}

const char *zagg_dtype_name(zagg_dtype t)
{
    return dtype_known(t) ? dtype_table[t].name : "";
}

zagg_dtype zagg_dtype_from_name(const char *name)
{
    for (int t = ZAGG_DT_NONE + 1; name != NULL && t < N_DTYPES; t++) {
        if (strcmp(name, dtype_table[t].name) == 0)
            return (zagg_dtype)t;
    }
    return ZAGG_DT_NONE;
}

bool zagg_dtype_is_float(zagg_dtype t)
{
    return t == ZAGG_DT_F32 || t == ZAGG_DT_F64;
}

bool zagg_dtype_is_signed_int(zagg_dtype t)
{
    return t >= ZAGG_DT_I8 && t <= ZAGG_DT_I64;
}

bool zagg_dtype_is_unsigned_int(zagg_dtype t)
{
    return t >= ZAGG_DT_U8 && t <= ZAGG_DT_U64;
}
