/* The generator of golden/reducers.json (its "spec" member says the same): splitmix64
 * draws, shaped in double arithmetic, cast to the element type. */
#include "golden/reducer_cases.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reducer_case {
    const char *reducer, *dtype_name, *dist, *out_dtype, *out;
    zagg_dtype dtype;
    size_t n;
    uint64_t seed;
    double p1, p2;
    size_t nan_mod;
    const zagg_value *params;
    char name[96];
} reducer_case;

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static double draw_unit(uint64_t *state)
{
    return (double)(draw(state) >> 11) * 0x1p-53;
}

static void put_int(zagg_dtype dtype, void *values, size_t i, int64_t v)
{
    switch (zagg_dtype_size(dtype)) {
    case 1:
        ((uint8_t *)values)[i] = (uint8_t)v;
        break;
    case 2:
        ((uint16_t *)values)[i] = (uint16_t)v;
        break;
    case 4:
        ((uint32_t *)values)[i] = (uint32_t)v;
        break;
    default:
        ((uint64_t *)values)[i] = (uint64_t)v;
        break;
    }
}

static void put(zagg_dtype dtype, void *values, size_t i, double v)
{
    if (dtype == ZAGG_DT_F32)
        ((float *)values)[i] = (float)v;
    else if (dtype == ZAGG_DT_F64)
        ((double *)values)[i] = v;
    else
        put_int(dtype, values, i, (int64_t)v);
}

static void generate(const reducer_case *c, void *values)
{
    uint64_t state = c->seed;
    for (size_t i = 0; i < c->n; i++) {
        if (c->dist[0] == 'I') {
            int64_t low = (int64_t)c->p1, high = (int64_t)c->p2;
            uint64_t span = (uint64_t)(high - low) + 1;
            put_int(c->dtype, values, i, low + (int64_t)(draw(&state) % span));
            continue;
        }
        double u = draw_unit(&state), v;
        if (c->dist[0] == 'U') {
            v = c->p1 + u * (c->p2 - c->p1);
        } else {
            for (int k = 1; k < 4; k++)
                u += draw_unit(&state);
            v = c->p1 + c->p2 * (u - 2.0);
        }
        put(c->dtype, values, i, c->nan_mod > 0 && i % c->nan_mod == 1 ? (double)NAN : v);
    }
}

static zagg_dtype generate_weights(const reducer_case *c, void *weights)
{
    zagg_dtype dtype = c->dtype == ZAGG_DT_F32 ? ZAGG_DT_F32 : ZAGG_DT_F64;
    uint64_t state = c->seed + 1;
    for (size_t i = 0; i < c->n; i++) {
        double s = 0.05 + draw_unit(&state) * 1.95;
        if (dtype == ZAGG_DT_F32) {
            float narrow = (float)s;
            ((float *)weights)[i] = 1.0F / (narrow * narrow);
        } else {
            ((double *)weights)[i] = 1.0 / (s * s);
        }
    }
    return dtype;
}

static uint64_t whole(const zagg_value *v)
{
    uint64_t u = 0;
    assert_true(zagg_value_u64(v, &u));
    return u;
}

static double number(const zagg_value *v)
{
    double d = 0;
    assert_true(zagg_value_number(v, &d));
    return d;
}

static reducer_case read_case(const zagg_value *row)
{
    assert_int_equal(row->n, 11);
    const zagg_value *const *f = row->items;
    reducer_case c = {.reducer = f[0]->str,
                      .dtype_name = f[1]->str,
                      .dtype = zagg_dtype_from_name(f[1]->str),
                      .n = (size_t)whole(f[2]),
                      .seed = whole(f[3]),
                      .dist = f[4]->str,
                      .p1 = number(f[5]),
                      .p2 = number(f[6]),
                      .nan_mod = (size_t)whole(f[7]),
                      .params = f[8],
                      .out_dtype = f[9]->str,
                      .out = f[10]->str};
    assert_int_not_equal(c.dtype, ZAGG_DT_NONE);
    snprintf(c.name, sizeof c.name, "%s/%s/%zu/%" PRIu64, c.reducer, c.dtype_name, c.n,
             c.seed);
    return c;
}

void scalar_text(zg_scalar s, char out[64])
{
    if (zagg_dtype_is_float(s.dtype))
        snprintf(out, 64, "%a", s.v.f);
    else if (zagg_dtype_is_unsigned_int(s.dtype))
        snprintf(out, 64, "%" PRIu64, s.v.u);
    else
        snprintf(out, 64, "%" PRId64, s.v.i);
}

bool scalar_is(zg_scalar s, const char *dtype, const char *value, bool zero_sign)
{
    if (strcmp(zagg_dtype_name(s.dtype), dtype) != 0)
        return false;
    if (zagg_dtype_is_float(s.dtype)) {
        double v = golden_double(value);
        if (v == 0 && s.v.f == 0 && zero_sign)
            return signbit(v) == signbit(s.v.f);
        return same_double(v, s.v.f);
    }
    char text[64];
    scalar_text(s, text);
    return strcmp(text, value) == 0;
}

static void check_result(case_report *report, const reducer_case *c, zagg_status status,
                         zg_scalar s, const zagg_err *err)
{
    char text[64];
    if (strcmp(c->out_dtype, "error") == 0) {
        if (status != ZAGG_ERANGE || err->msg[0] == '\0')
            case_fail(report, c->name, "status %s, expected numpy's %s",
                      zagg_status_name(status), c->out);
        else
            case_pass(report);
        return;
    }
    if (status != ZAGG_OK) {
        case_fail(report, c->name, "%s", err->msg);
        return;
    }
    bool extreme = strstr(c->reducer, "min") != NULL || strstr(c->reducer, "max") != NULL;
    scalar_text(s, text);
    if (!scalar_is(s, c->out_dtype, c->out, !extreme))
        case_fail(report, c->name, "%s %s, expected %s %s", zagg_dtype_name(s.dtype),
                  text, c->out_dtype, c->out);
    else
        case_pass(report);
}

static void run_case(case_report *report, zagg_arena *arena, const reducer_case *c)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zg_reducer *r = NULL;
    void *values, *weights, *scratch;
    zg_scalar out = {0};
    if (zg_reducer_compile(arena, c->reducer, c->params, &r, &err) != ZAGG_OK) {
        case_fail(report, c->name, "%s", err.msg);
        return;
    }
    size_t scratch_bytes = zg_reducer_scratch_bytes(r, c->dtype, c->n);
    assert_int_equal(
        zagg_arena_alloc(arena, c->n, zagg_dtype_size(c->dtype), &values, &err), ZAGG_OK);
    assert_int_equal(zagg_arena_alloc(arena, c->n, sizeof(double), &weights, &err),
                     ZAGG_OK);
    assert_int_equal(zagg_arena_alloc(arena, 1, scratch_bytes, &scratch, &err), ZAGG_OK);
    generate(c, values);
    zagg_dtype weights_dtype = ZAGG_DT_NONE;
    if (zg_reducer_weights(r) != NULL)
        weights_dtype = generate_weights(c, weights);
    zagg_status status =
        zg_reduce(r, c->dtype, values, c->n, weights_dtype, weights, scratch, &out, &err);
    check_result(report, c, status, out, &err);
}

void run_reducer_cases(case_report *report, const char *path)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, &err), ZAGG_OK);
    const zagg_value *cases = zagg_value_get(golden_json(arena, path), "cases");
    assert_non_null(cases);
    for (size_t i = 0; i < cases->n; i++) {
        zagg_arena_mark mark = zagg_arena_get_mark(arena);
        reducer_case c = read_case(cases->items[i]);
        run_case(report, arena, &c);
        zagg_arena_release(arena, mark);
    }
    zagg_arena_free(arena);
}
