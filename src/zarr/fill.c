/* Fill values: from a config or a document, into a document, and the empty-chunk rule.
 * Follows zarr-python 3: integers take integral numbers that fit, floats take numbers and
 * the texts of Python's float(), bool takes truth. */
#include "zarr/layout.h"

#include <math.h>
#include <string.h>

static const char why_no_float[] = "is no number (nor NaN, Infinity, -Infinity)";
static const char why_no_int[] = "is no whole number";
static const char why_no_fit[] = "does not fit the data type";

/* ASCII blanks off both ends, as Python's float() and int() do. */
static void trim(const char **text, size_t *len)
{
    while (*len > 0 && strchr(" \t\n\r\f\v", **text) != NULL && **text != '\0') {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && strchr(" \t\n\r\f\v", (*text)[*len - 1]) != NULL &&
           (*text)[*len - 1] != '\0')
        (*len)--;
}

static bool same_word(const char *text, size_t len, const char *word)
{
    if (len != strlen(word))
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        if (c != word[i])
            return false;
    }
    return true;
}

static bool float_of_text(const char *text, size_t len, double *out)
{
    trim(&text, &len);
    const char *word = text;
    size_t word_len = len;
    bool negative = len > 0 && text[0] == '-';
    if (len > 0 && (text[0] == '-' || text[0] == '+')) {
        word++;
        word_len--;
    }
    if (same_word(word, word_len, "nan"))
        *out = (double)NAN;
    else if (same_word(word, word_len, "inf") || same_word(word, word_len, "infinity"))
        *out = negative ? -(double)INFINITY : (double)INFINITY;
    else
        return zg_float_parse(text, len, out);
    return true;
}

static const char *float_of(const zagg_value *v, double *out)
{
    switch (v->kind) {
    case ZAGG_BOOL:
        *out = v->u.b ? 1.0 : 0.0;
        return NULL;
    case ZAGG_INT:
        *out = (double)v->u.i;
        return NULL;
    case ZAGG_UINT:
        *out = (double)v->u.u;
        return NULL;
    case ZAGG_FLOAT:
        *out = v->u.f;
        return NULL;
    case ZAGG_BIGINT:
    case ZAGG_STR:
        return float_of_text(v->str, v->str_len, out) ? NULL : why_no_float;
    default:
        return why_no_float;
    }
}

/* A whole number as sign and magnitude. */
typedef struct whole {
    bool negative;
    uint64_t magnitude;
} whole;

static const char *whole_of_text(const char *text, size_t len, whole *out)
{
    trim(&text, &len);
    size_t at = len > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    uint64_t m = 0;
    if (at == len)
        return why_no_int;
    out->negative = text[0] == '-';
    for (; at < len; at++) {
        if (text[at] < '0' || text[at] > '9')
            return why_no_int;
        if (!zg_mul_u64(m, 10, &m) || !zg_add_u64(m, (uint64_t)(text[at] - '0'), &m))
            return why_no_fit;
    }
    out->magnitude = m;
    return NULL;
}

static const char *whole_of(const zagg_value *v, whole *out)
{
    const double two_64 = 18446744073709551616.0;
    *out = (whole){false, 0};
    switch (v->kind) {
    case ZAGG_BOOL:
        out->magnitude = v->u.b;
        return NULL;
    case ZAGG_INT:
        out->negative = v->u.i < 0;
        out->magnitude = out->negative ? 0 - (uint64_t)v->u.i : (uint64_t)v->u.i;
        return NULL;
    case ZAGG_UINT:
        out->magnitude = v->u.u;
        return NULL;
    case ZAGG_FLOAT:
        if (!isfinite(v->u.f) || v->u.f != trunc(v->u.f))
            return why_no_int;
        if (fabs(v->u.f) >= two_64)
            return why_no_fit;
        out->negative = v->u.f < 0;
        out->magnitude = (uint64_t)fabs(v->u.f);
        return NULL;
    case ZAGG_BIGINT:
    case ZAGG_STR:
        return whole_of_text(v->str, v->str_len, out);
    default:
        return why_no_int;
    }
}

/* Two's complement of the type's width; the low bytes are those of 64 bits. */
static const char *store_whole(zagg_dtype dtype, whole w, uint8_t fill[8])
{
    unsigned bits = (unsigned)zagg_dtype_size(dtype) * 8;
    bool is_signed = zagg_dtype_is_signed_int(dtype);
    uint64_t top =
        is_signed ? ((uint64_t)1 << (bits - 1)) - 1 : UINT64_MAX >> (64 - bits);
    uint64_t most = w.negative ? (is_signed ? top + 1 : 0) : top;
    if (w.magnitude > most)
        return why_no_fit;
    uint64_t stored = w.negative ? 0 - w.magnitude : w.magnitude;
    memset(fill, 0, 8);
    memcpy(fill, &stored, bits / 8);
    return NULL;
}

const char *zg_zarr_fill_parse(zagg_dtype dtype, const zagg_value *value, uint8_t fill[8])
{
    const char *why = NULL;
    if (dtype == ZAGG_DT_BOOL) {
        memset(fill, 0, 8);
        fill[0] = zagg_value_truthy(value);
    } else if (zagg_dtype_is_float(dtype)) {
        double v = 0;
        why = float_of(value, &v);
        if (why != NULL)
            return why;
        float narrow = (float)v;
        memset(fill, 0, 8);
        if (dtype == ZAGG_DT_F32)
            memcpy(fill, &narrow, sizeof narrow);
        else
            memcpy(fill, &v, sizeof v);
    } else {
        whole w;
        why = whole_of(value, &w);
        if (why == NULL)
            why = store_whole(dtype, w, fill);
    }
    return why;
}

zagg_status zagg_zarr_fill_from_value(zagg_dtype dtype, const zagg_value *value,
                                      const char *key, uint8_t fill[8], zagg_err *err)
{
    static const zagg_value absent = {.kind = ZAGG_STR, .str = "NaN", .str_len = 3};
    uint8_t element[8];
    if (zagg_dtype_size(dtype) == 0)
        return zagg_err_set(err, ZAGG_EARG, "%s: no data type to fill", key);
    const char *why = zg_zarr_fill_parse(dtype, value == NULL ? &absent : value, element);
    if (why != NULL && value == NULL)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: the default fill value NaN %s; give %s one of its own",
                            key, why, zagg_dtype_name(dtype));
    if (why != NULL)
        return zagg_err_set(err, ZAGG_ECONFIG, "%s: the fill value %s (%s)", key, why,
                            zagg_dtype_name(dtype));
    memcpy(fill, element, sizeof element);
    return ZAGG_OK;
}

static void write_float(zg_json_out *w, double v)
{
    if (isnan(v))
        zg_json_str(w, "NaN");
    else if (isinf(v))
        zg_json_str(w, v < 0 ? "-Infinity" : "Infinity");
    else
        zg_json_double(w, v);
}

void zg_zarr_fill_write(zg_json_out *w, zagg_dtype dtype, const uint8_t fill[8])
{
    uint64_t bits;
    size_t size = zagg_dtype_size(dtype);
    memcpy(&bits, fill, sizeof bits);
    if (dtype == ZAGG_DT_BOOL) {
        zg_json_bool(w, fill[0] != 0);
    } else if (dtype == ZAGG_DT_F32) {
        float v;
        memcpy(&v, fill, sizeof v);
        write_float(w, (double)v);
    } else if (dtype == ZAGG_DT_F64) {
        double v;
        memcpy(&v, fill, sizeof v);
        write_float(w, v);
    } else {
        unsigned unused = 64 - 8 * (unsigned)size;
        bits <<= unused;
        if (zagg_dtype_is_unsigned_int(dtype)) {
            zg_json_u64(w, bits >> unused);
        } else {
            bool negative = bits >> 63 != 0;
            uint64_t magnitude = (negative ? 0 - bits : bits) >> unused;
            zg_json_i64(w, negative ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude);
        }
    }
}

static bool all_nan_f32(const unsigned char *data, size_t n)
{
    bool all = true;
    for (size_t i = 0; i < n && all; i++) {
        uint32_t bits;
        memcpy(&bits, data + i * sizeof bits, sizeof bits);
        all = (bits & UINT32_C(0x7fffffff)) > UINT32_C(0x7f800000);
    }
    return all;
}

static bool all_nan_f64(const unsigned char *data, size_t n)
{
    bool all = true;
    for (size_t i = 0; i < n && all; i++) {
        uint64_t bits;
        memcpy(&bits, data + i * sizeof bits, sizeof bits);
        all = (bits & (UINT64_MAX >> 1)) > UINT64_C(0x7ff0000000000000);
    }
    return all;
}

static bool all_empty(const zagg_bytes_view *data, size_t n)
{
    bool all = true;
    for (size_t i = 0; i < n && all; i++)
        all = data[i].len == 0;
    return all;
}

bool zagg_zarr_all_fill(const zagg_zarr_array *array, const void *data, size_t n)
{
    size_t size = zagg_dtype_size(array->dtype);
    const unsigned char *bytes = data;
    if (n == 0)
        return true;
    if (array->kind == ZAGG_ZARR_VLEN)
        return all_empty(data, n);
    if (array->dtype == ZAGG_DT_F32 && all_nan_f32(array->fill, 1))
        return all_nan_f32(bytes, n);
    if (array->dtype == ZAGG_DT_F64 && all_nan_f64(array->fill, 1))
        return all_nan_f64(bytes, n);
    /* Apart from NaN and 0.0 (which is compared by its bits) equal values have equal
     * bits: the first element is the fill, and every other equals the one before it. */
    return memcmp(bytes, array->fill, size) == 0 &&
           memcmp(bytes, bytes + size, (n - 1) * size) == 0;
}
