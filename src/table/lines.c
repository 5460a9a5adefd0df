/* What CSV and NDJSON share: pieces of text and numbers in them. */
#include "table/writer.h"
#include "text/text.h"

#include <math.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 20 };

zagg_status zg_table_flush(zg_table_writer *w, zg_str *text, bool all, zagg_err *err)
{
    if (text->failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rows of a table");
    if (text->len == 0 || (!all && text->len < PIECE_BYTES))
        return ZAGG_OK;
    ZAGG_TRY(zg_output_write(&w->output, text->data, text->len, err));
    text->len = 0;
    return ZAGG_OK;
}

static void add_u64(zg_str *out, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    zg_str_addn(out, digits + at, sizeof digits - at);
}

static void add_i64(zg_str *out, int64_t v)
{
    if (v < 0)
        zg_str_addc(out, '-');
    add_u64(out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

#define LOAD(type, data, i)                                                              \
    type v;                                                                              \
    memcpy(&v, (const char *)(data) + (i) * sizeof v, sizeof v)

/* Element i of an integer type. */
static void add_integer(zg_str *out, zagg_dtype dtype, const void *data, size_t i)
{
    const size_t size = zagg_dtype_size(dtype);
    uint64_t bits = 0;
    memcpy(&bits, (const char *)data + i * size, size);
    if (zagg_dtype_is_signed_int(dtype)) {
        const unsigned unused = (unsigned)(64 - 8 * size);
        const uint64_t sign = (uint64_t)1 << 63;
        const bool negative = (bits << unused & sign) != 0;
        add_i64(out, negative && unused > 0
                         ? (int64_t)(bits | ~(uint64_t)0 << (64 - unused))
                         : (int64_t)bits);
    } else {
        add_u64(out, bits);
    }
}

void zg_table_add_number(zg_str *out, zagg_dtype dtype, const void *data, size_t i)
{
    char text[32];
    if (dtype == ZAGG_DT_F64) {
        LOAD(double, data, i);
        zg_str_addn(out, text, zg_float_repr(v, text));
    } else if (dtype == ZAGG_DT_F32) {
        LOAD(float, data, i);
        zg_str_addn(out, text, zg_float32_repr(v, text));
    } else if (dtype == ZAGG_DT_BOOL) {
        zg_str_add(out, ((const uint8_t *)data)[i] != 0 ? "true" : "false");
    } else {
        add_integer(out, dtype, data, i);
    }
}

bool zg_table_is_finite(zagg_dtype dtype, const void *data, size_t i)
{
    if (dtype == ZAGG_DT_F64) {
        LOAD(double, data, i);
        return isfinite(v);
    }
    if (dtype == ZAGG_DT_F32) {
        LOAD(float, data, i);
        return isfinite(v);
    }
    return true;
}
