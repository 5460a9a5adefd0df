#include "canon.h"

#include <inttypes.h>
#include <string.h>

static void canon_float(zg_str *out, double v)
{
    char text[32];
    zg_float_repr(v, text);
    zg_str_addf(out, "D%s", text);
}

static void canon_entries(zg_str *out, const zagg_value *v)
{
    zg_str_addc(out, v->kind == ZAGG_LIST ? '[' : '{');
    for (size_t i = 0; i < v->n; i++) {
        if (v->kind == ZAGG_MAP) {
            canon(out, v->members[i].key);
            zg_str_addc(out, ':');
        }
        canon(out, v->kind == ZAGG_LIST ? v->items[i] : v->members[i].value);
        zg_str_addc(out, ',');
    }
    zg_str_addc(out, v->kind == ZAGG_LIST ? ']' : '}');
}

void canon(zg_str *out, const zagg_value *v)
{
    switch (v->kind) {
    case ZAGG_NULL:
        zg_str_addc(out, 'N');
        break;
    case ZAGG_BOOL:
        zg_str_addc(out, v->u.b ? 'T' : 'F');
        break;
    case ZAGG_INT:
        zg_str_addf(out, "I%" PRId64, v->u.i);
        break;
    case ZAGG_UINT:
        zg_str_addf(out, "I%" PRIu64, v->u.u);
        break;
    case ZAGG_BIGINT:
        zg_str_addc(out, 'I');
        zg_str_addn(out, v->str, v->str_len);
        break;
    case ZAGG_FLOAT:
        canon_float(out, v->u.f);
        break;
    case ZAGG_STR:
        zg_str_addc(out, 'S');
        zg_json_add_string(out, v->str, v->str_len);
        break;
    case ZAGG_DATE:
        zg_str_addc(out, '@');
        break;
    case ZAGG_LIST:
    case ZAGG_MAP:
        canon_entries(out, v);
        break;
    }
}

char *canon_of(parse_fn *parse, const char *text, size_t len, zagg_err *message)
{
    zagg_arena *arena = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *root = NULL;
    zg_str out;
    /* exactly as long as said, so that a sanitizer sees every byte read behind the end */
    char *copy = zg_alloc(len ? len : 1, 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    assert_int_equal(zagg_arena_new(0, &arena, &err), ZAGG_OK);
    zg_str_init(&out, 0);
    zagg_status st = parse(arena, copy, len, "text", &root, &err);
    zg_free(copy); /* nothing in the tree may point into the input */
    if (st != ZAGG_OK) {
        assert_null(root);
        assert_int_equal(st, err.status);
        assert_memory_equal(err.msg, "text: ", 6);
        zg_str_addf(&out, "E%s", zagg_status_name(st));
    } else {
        canon(&out, root);
    }
    if (message)
        *message = err;
    zagg_arena_free(arena);
    char *result = zg_str_take(&out);
    assert_non_null(result);
    return result;
}

void assert_canon(parse_fn *parse, const char *text, const char *expected)
{
    zagg_err err;
    char *got = canon_of(parse, text, strlen(text), &err);
    if (strcmp(got, expected) != 0)
        fail_msg("%.80s: %.200s instead of %.200s %s", text, got, expected, err.msg);
    zg_free(got);
}
