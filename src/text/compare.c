/* Equality and hashing of values by Python's rules: numbers compare across kinds and
 * exactly (no rounding of integers to double), maps compare without regard to order. */
#include "text/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A number as sign and magnitude where it is an integer of 64 bits. */
typedef struct whole {
    bool ok, negative;
    uint64_t magnitude;
} whole;

static whole whole_of(const zagg_value *v)
{
    const double two_64 = 18446744073709551616.0;
    whole w = {.ok = true};
    switch (v->kind) {
    case ZAGG_BOOL:
        w.magnitude = v->u.b;
        break;
    case ZAGG_INT:
        w.negative = v->u.i < 0;
        w.magnitude = w.negative ? 0 - (uint64_t)v->u.i : (uint64_t)v->u.i;
        break;
    case ZAGG_UINT:
        w.magnitude = v->u.u;
        break;
    case ZAGG_FLOAT:
        w.ok = fabs(v->u.f) < two_64 && trunc(v->u.f) == v->u.f;
        w.negative = w.ok && v->u.f < 0;
        w.magnitude = w.ok ? (uint64_t)fabs(v->u.f) : 0;
        break;
    default:
        w.ok = false;
    }
    return w;
}

static bool is_number(const zagg_value *v)
{
    return v->kind == ZAGG_BOOL || v->kind == ZAGG_INT || v->kind == ZAGG_UINT ||
           v->kind == ZAGG_BIGINT || v->kind == ZAGG_FLOAT;
}

static bool text_equal(const zagg_value *a, const zagg_value *b)
{
    return a->str_len == b->str_len && memcmp(a->str, b->str, a->str_len) == 0;
}

/* Digits of a finite float without fraction; "%.0f" is exact and has no decimal point. */
static bool bigint_equals_float(const zagg_value *big, double f)
{
    char text[352];
    if (!isfinite(f))
        return false;
    int n = snprintf(text, sizeof text, "%.0f", f);
    return n > 0 && (size_t)n == big->str_len && memcmp(text, big->str, (size_t)n) == 0 &&
           trunc(f) == f;
}

static bool number_equal(const zagg_value *a, const zagg_value *b)
{
    whole wa = whole_of(a), wb = whole_of(b);
    if (wa.ok != wb.ok)
        return false;
    if (wa.ok)
        return wa.magnitude == wb.magnitude &&
               (wa.negative == wb.negative || wa.magnitude == 0);
    if (a->kind == ZAGG_FLOAT && b->kind == ZAGG_FLOAT)
        return a->u.f == b->u.f;
    if (a->kind == ZAGG_FLOAT)
        return bigint_equals_float(b, a->u.f);
    if (b->kind == ZAGG_FLOAT)
        return bigint_equals_float(a, b->u.f);
    return text_equal(a, b);
}

/* Trees written in the same order are compared in one pass, others in n^2/2 steps. */
static bool map_equal(const zagg_value *a, const zagg_value *b)
{
    if (a->n != b->n)
        return false;
    size_t at = 0;
    for (size_t i = 0; i < a->n; i++) {
        size_t tried = 0;
        while (tried < b->n && !zagg_value_equal(a->members[i].key, b->members[at].key)) {
            at = (at + 1) % b->n;
            tried++;
        }
        if (tried == b->n || !zagg_value_equal(a->members[i].value, b->members[at].value))
            return false;
        at = (at + 1) % b->n;
    }
    return true;
}

bool zagg_value_equal(const zagg_value *a, const zagg_value *b)
{
    if (!a || !b)
        return a == b;
    if (is_number(a) && is_number(b))
        return number_equal(a, b);
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case ZAGG_NULL:
        return true;
    case ZAGG_LIST:
        if (a->n != b->n)
            return false;
        for (size_t i = 0; i < a->n; i++) {
            if (!zagg_value_equal(a->items[i], b->items[i]))
                return false;
        }
        return true;
    case ZAGG_MAP:
        return map_equal(a, b);
    default:
        return text_equal(a, b);
    }
}

/* Finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

static uint64_t hash_text(const char *text, size_t len)
{
    uint64_t h = mix(len + 1);
    for (size_t i = 0; i < len; i++)
        h = mix(h ^ (unsigned char)text[i]);
    return h;
}

uint64_t zg_value_hash(const zagg_value *v)
{
    whole w = whole_of(v);
    if (w.ok)
        return mix(w.magnitude + (w.negative ? 0x9e3779b97f4a7c15U : 0));
    if (v->kind == ZAGG_FLOAT) {
        char text[352];
        int n = snprintf(text, sizeof text, "%.0f", v->u.f);
        return hash_text(text, n > 0 ? (size_t)n : 0);
    }
    return v->kind == ZAGG_NULL ? mix(0x6e756c6c) : hash_text(v->str, v->str_len);
}

/* Slot of the key's first occurrence or the free slot where it goes. */
static size_t find_slot(const size_t *slots, size_t n_slots, const zagg_member *members,
                        const zagg_value *key)
{
    size_t at = (size_t)zg_value_hash(key) & (n_slots - 1);
    while (slots[at] != 0 && !zagg_value_equal(members[slots[at] - 1].key, key))
        at = (at + 1) & (n_slots - 1);
    return at;
}

zagg_status zg_unique_members(zagg_member *members, size_t n, size_t *out, zagg_err *err)
{
    size_t small[64] = {0}, *slots = small, n_slots = 64, kept = 0;
    while (n_slots / 2 < n) {
        if (!zg_mul_size(n_slots, 2, &n_slots))
            return zagg_err_set(err, ZAGG_ENOMEM, "map of %zu keys is too large", n);
    }
    if (n_slots > 64) {
        slots = zg_alloc(n_slots, sizeof *slots);
        if (!slots)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a map of %zu keys", n);
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = find_slot(slots, n_slots, members, members[i].key);
        if (slots[at] != 0) {
            members[slots[at] - 1].value = members[i].value;
        } else {
            members[kept++] = members[i];
            slots[at] = kept;
        }
    }
    if (slots != small)
        zg_free(slots);
    *out = kept;
    return ZAGG_OK;
}
