#include "export/values.h"

#include "text/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { FLUSH_BYTES = 1 << 16 };

void zg_values_add_number(zg_str *out, double v)
{
    char text[32];
    zg_str_addn(out, text, zg_float_repr(v, text));
}

static void add_integer(zg_str *out, zagg_dtype dtype, const void *element)
{
    uint64_t u = 0;
    int64_t i = 0;
    if (dtype == ZAGG_DT_U64) {
        memcpy(&u, element, sizeof u);
        zg_str_addf(out, "%" PRIu64, u);
    } else if (dtype == ZAGG_DT_I64) {
        memcpy(&i, element, sizeof i);
        zg_str_addf(out, "%" PRId64, i);
    } else { /* up to 32 bits: exact as a double */
        zg_str_addf(out, "%" PRId64, (int64_t)zagg_store_number(dtype, element));
    }
}

static void add_element(zg_str *out, zagg_dtype dtype, const void *element,
                        const char *none)
{
    char text[32];
    if (dtype == ZAGG_DT_BOOL) {
        zg_str_add(out, *(const uint8_t *)element != 0 ? "true" : "false");
    } else if (!zagg_dtype_is_float(dtype)) {
        add_integer(out, dtype, element);
    } else {
        const double v = zagg_store_number(dtype, element);
        if (!isfinite(v))
            zg_str_add(out, none);
        else if (dtype == ZAGG_DT_F32)
            zg_str_addn(out, text, zg_float32_repr((float)v, text));
        else
            zg_values_add_number(out, v);
    }
}

void zg_values_add_scalar(zg_str *out, const zg_column *column, const zg_values *values,
                          size_t row, const char *none)
{
    const size_t size = zagg_dtype_size(column->dtype);
    add_element(out, column->dtype, (const char *)values->data + row * size, none);
}

void zg_values_add_list(zg_str *out, const zg_column *column, const zg_values *values,
                        size_t row)
{
    const size_t size = zagg_dtype_size(column->dtype);
    zg_str_addc(out, '[');
    for (int32_t i = values->offsets[row]; i < values->offsets[row + 1]; i++) {
        zg_str_add(out, i > values->offsets[row] ? "," : "");
        add_element(out, column->dtype, (const char *)values->data + (size_t)i * size,
                    "null");
    }
    zg_str_addc(out, ']');
}

zagg_status zg_values_flush(zg_str *text, FILE *file, bool now, zagg_err *err)
{
    if (text->failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to write a table");
    if (text->len == 0 || (!now && text->len < FLUSH_BYTES))
        return ZAGG_OK;
    if (fwrite(text->data, 1, text->len, file) != text->len)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot write");
    zg_str_free(text);
    zg_str_init(text, 0);
    return ZAGG_OK;
}
