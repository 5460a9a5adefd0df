/* Digests of the rows of a cell. */
#include "stats/digest_impl.h"
#include "stats/sort.h"

#include <math.h>

/* ---- float32 rows with nothing beside them ---- */

#define EXPONENT_OF_NOT_FINITE UINT32_C(0x7f800000)

typedef struct f32_keys {
    uint32_t *keys;
    size_t n;
    bool minus_zero; /* one of them is -0 */
} f32_keys;

/* Keys of the finite rows that take part. */
static void keys_of_rows(const zagg_digest_rows *rows, f32_keys *out)
{
    const float *values = rows->values;
    uint32_t *keys = out->keys;
    uint32_t minus_zero = 0, not_finite = 0;
    for (size_t i = 0; i < rows->n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        uint32_t key = zg_key_of_f32(values[i]);
        minus_zero |= key == ZG_KEY_OF_MINUS_ZERO;
        not_finite |= (bits & EXPONENT_OF_NOT_FINITE) == EXPONENT_OF_NOT_FINITE;
        keys[i] = key;
    }
    out->n = rows->n;
    out->minus_zero = minus_zero != 0;
    if (not_finite == 0 && rows->where == NULL)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < rows->n; i++) {
        bool in = rows->where == NULL || rows->where[i] != 0;
        keys[kept] = keys[i];
        kept += in & (isfinite(values[i]) != 0);
    }
    out->n = kept;
}

/* *done is false where -0 takes part: its place among equal values then matters. */
static zagg_status build_f32(zagg_digest_memory *memory, const zagg_digest_rows *rows,
                             double delta, bool *done, zagg_digest *out, zagg_err *err)
{
    f32_keys sorted;
    uint32_t *work = zg_digest_room(memory, ZG_BUF_WORK, rows->n, sizeof *work, err);
    sorted.keys = zg_digest_room(memory, ZG_BUF_KEYS, rows->n, sizeof *work, err);
    double *values = zg_digest_room(memory, ZG_BUF_VALUES, rows->n, sizeof *values, err);
    if (sorted.keys == NULL || work == NULL || values == NULL)
        return ZAGG_ENOMEM;
    keys_of_rows(rows, &sorted);
    *done = !sorted.minus_zero;
    if (sorted.minus_zero)
        return ZAGG_OK;
    if (sorted.n == 0) {
        *out = (zagg_digest){.n = 0};
        return ZAGG_OK;
    }
    zg_sort_u32(sorted.keys, sorted.n, work);
    for (size_t i = 0; i < sorted.n; i++)
        values[i] = (double)zg_f32_of_key(sorted.keys[i]);
    const zg_subcentroids sub = {.n = sorted.n, .values = values};
    return zg_digest_compress(memory, &sub, delta, out, err);
}

/* ---- any rows ---- */

double zg_value_at(zagg_dtype dtype, const void *values, size_t i)
{
    switch (dtype) {
#define VALUE(DT, T)                                                                     \
    case DT:                                                                             \
        return (double)((const T *)values)[i];
        VALUE(ZAGG_DT_I8, int8_t)
        VALUE(ZAGG_DT_I16, int16_t)
        VALUE(ZAGG_DT_I32, int32_t)
        VALUE(ZAGG_DT_I64, int64_t)
        VALUE(ZAGG_DT_U8, uint8_t)
        VALUE(ZAGG_DT_U16, uint16_t)
        VALUE(ZAGG_DT_U32, uint32_t)
        VALUE(ZAGG_DT_U64, uint64_t)
        VALUE(ZAGG_DT_F32, float)
        VALUE(ZAGG_DT_F64, double)
#undef VALUE
    default:
        return ((const uint8_t *)values)[i] != 0 ? 1 : 0;
    }
}

/* The rows that take part, one behind the other. */
static size_t gather(const zagg_digest_rows *rows, const zg_subcentroids *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->n; i++) {
        double x = zg_value_at(rows->dtype, rows->values, i);
        bool in = (rows->where == NULL || rows->where[i] != 0) && isfinite(x);
        out->values[kept] = x;
        if (rows->weights != NULL) {
            out->weights[kept] = rows->weights[i];
            in = in && rows->weights[i] > 0 && isfinite(rows->weights[i]);
        }
        if (rows->locations != NULL)
            out->locations[kept] = rows->locations[i];
        if (rows->times != NULL)
            out->times[kept] = rows->times[i];
        kept += in;
    }
    return kept;
}

static zagg_status check_words(const zagg_digest_rows *rows, const uint64_t *words,
                               const char *channel, zagg_err *err)
{
    for (size_t i = 0; words != NULL && i < rows->n; i++) {
        if (words[i] == 0 && (rows->where == NULL || rows->where[i] != 0))
            return zg_refuse_word(channel, i, err);
    }
    return ZAGG_OK;
}

static zagg_status build_any(zagg_digest_memory *memory, const zagg_digest_rows *rows,
                             double delta, zagg_digest *out, zagg_err *err)
{
    const unsigned with = (rows->weights != NULL ? ZG_WITH_WEIGHTS : 0U) |
                          (rows->locations != NULL ? ZG_WITH_LOCATIONS : 0U) |
                          (rows->times != NULL ? ZG_WITH_TIMES : 0U);
    zg_subcentroids kept, sorted;
    ZAGG_TRY(zg_subcentroids_room(memory, with, rows->n, &kept, err));
    kept.n = gather(rows, &kept);
    if (kept.n == 0) {
        *out = (zagg_digest){.n = 0};
        return ZAGG_OK;
    }
    ZAGG_TRY(zg_subcentroids_sort(memory, &kept, false, &sorted, err));
    return zg_digest_compress(memory, &sorted, delta, out, err);
}

zagg_status zagg_digest_build(zagg_digest_memory *memory, const zagg_digest_rows *rows,
                              double delta, zagg_digest *out, zagg_err *err)
{
    ZAGG_TRY(zg_check_delta(delta, err));
    ZAGG_TRY(zg_check_rows(rows->n, err));
    if (zagg_dtype_size(rows->dtype) == 0)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "a digest of values without a type");
    ZAGG_TRY(check_words(rows, rows->locations, "locations", err));
    ZAGG_TRY(check_words(rows, rows->times, "times", err));
    if (rows->dtype == ZAGG_DT_F32 && rows->weights == NULL && rows->locations == NULL &&
        rows->times == NULL) {
        bool done;
        ZAGG_TRY(build_f32(memory, rows, delta, &done, out, err));
        if (done)
            return ZAGG_OK;
    }
    return build_any(memory, rows, delta, out, err);
}
