/* Expected values of the conformance trees. */
#include "golden/spec_values.h"

#include <stdlib.h>
#include <string.h>

/* A whole number, or its decimal text. */
uint64_t spec_whole(const zagg_value *v)
{
    uint64_t n = 0;
    if (v != NULL && v->kind == ZAGG_STR)
        return strtoull(v->str, NULL, 10);
    assert_true(zagg_value_u64(v, &n));
    return n;
}

const zagg_value *spec_need(const zagg_value *map, const char *key)
{
    const zagg_value *v = zagg_value_get(map, key);
    if (v == NULL)
        fail_msg("the expected values have no %s", key);
    return v;
}

/* First and last nanosecond of a time word. */
void spec_decode_time(uint64_t word, uint64_t ns[2])
{
    const uint64_t start = (word >> 32) << 31, rest = word & 0x7fffffff;
    const bool instant = (word >> 31 & 1) != 0;
    ns[0] = start + (instant ? rest : 0);
    ns[1] = instant ? ns[0] : rest << 32;
}

/* A span lies in what its word says, which is rounded outward by less than its units. */
bool spec_spans(uint64_t word, const zagg_value *span)
{
    uint64_t ns[2];
    const uint64_t first = spec_whole(span->items[0]) + SPEC_TOC_ORIGIN_NS;
    const uint64_t last = spec_whole(span->items[1]) + SPEC_TOC_ORIGIN_NS;
    spec_decode_time(word, ns);
    return ns[0] <= first && first - ns[0] < (uint64_t)1 << 31 && last <= ns[1] &&
           ns[1] - last <= (uint64_t)1 << 32;
}

bool spec_same_number(zagg_dtype dtype, const void *element, const zagg_value *v)
{
    double d = 0;
    uint64_t u = 0;
    if (zagg_dtype_is_float(dtype)) {
        if (!zagg_value_number(v, &d))
            return false;
        return dtype == ZAGG_DT_F32
                   ? zagg_store_number(dtype, element) == (double)(float)d
                   : zagg_store_number(dtype, element) == d;
    }
    memcpy(&u, element, zagg_dtype_size(dtype));
    return u == spec_whole(v);
}

/* A payload: a list of rows, each a number or a list of them. */
bool spec_same_rows(const zagg_store_field_info *f, const zagg_bytes_view *payload,
                    const zagg_value *rows)
{
    const size_t size = zagg_dtype_size(f->dtype);
    if (rows->kind != ZAGG_LIST || payload->len != rows->n * f->width * size)
        return false;
    for (size_t i = 0; i < rows->n; i++)
        for (size_t k = 0; k < f->width; k++) {
            const zagg_value *v = rows->items[i];
            const char *at = (const char *)payload->data + (i * f->width + k) * size;
            if (!spec_same_number(f->dtype, at, f->width > 1 ? v->items[k] : v))
                return false;
        }
    return true;
}

double spec_weight_of(const zagg_bytes_view *payload)
{
    double sum = 0;
    for (size_t at = 0; at + 8 <= payload->len; at += 8) {
        float weight;
        memcpy(&weight, (const char *)payload->data + at + 4, sizeof weight);
        sum += (double)weight;
    }
    return sum;
}

static uint8_t digit64(char c)
{
    static const char DIGITS[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(DIGITS, c);
    assert_true(at != NULL && c != '\0');
    return (uint8_t)(at - DIGITS);
}

size_t spec_decode64(const char *text, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; text[i] != '\0' && text[i] != '='; i++) {
        const uint8_t v = digit64(text[i]);
        const unsigned shift = (unsigned)(i % 4) * 2;
        if (i % 4 > 0)
            out[n++] |= (uint8_t)(v >> (6 - shift));
        if (i % 4 < 3)
            out[n] = (uint8_t)(v << (2 + shift));
    }
    return n;
}
