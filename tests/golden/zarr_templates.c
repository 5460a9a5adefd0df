/* Golden sets grids/templates_v0_11.json and templates_v0_61.json: every zarr.json that
 * upstream emits for the benchmark configs is parsed and written again, to the same
 * bytes. Each array must also equal its description by our own reading of the text. */
#include "support/support.h"
#include "zarr/layout.h"

#include <stdio.h>
#include <string.h>

static void compare_texts(case_report *r, const char *name, const zagg_value *expected,
                          char *text, size_t len)
{
    if (len == expected->str_len && memcmp(text, expected->str, len) == 0)
        case_pass(r);
    else
        case_fail(r, name, "wrote\n%s\ninstead of\n%s", text, expected->str);
    zagg_bytes_free(text);
}

static void check_group(case_report *r, const char *name, const zagg_value *doc,
                        const zagg_value *expected)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_str attributes;
    zg_json_style style = {.indent = -1, .compact = true};
    char *text = NULL;
    size_t len = 0;
    zg_str_init(&attributes, 0);
    zagg_status status =
        zg_json_write(&attributes, zagg_value_get(doc, "attributes"), style, &err);
    if (status == ZAGG_OK)
        status = zagg_zarr_group_json(attributes.data, &text, &len, &err);
    zg_str_free(&attributes);
    if (status == ZAGG_OK)
        compare_texts(r, name, expected, text, len);
    else
        case_fail(r, name, "%s", err.msg);
}

/* Upstream's fields read here a second time, not through the module's parser. */
static const char *misread(const zagg_value *doc, const zagg_zarr_array *a)
{
    const zagg_value *shape = zagg_value_get(doc, "shape");
    const zagg_value *object =
        zagg_value_get(zagg_value_get(zagg_value_get(doc, "chunk_grid"), "configuration"),
                       "chunk_shape");
    const zagg_value *codec = zagg_value_get(doc, "codecs")->items[0];
    bool sharded = zagg_value_is(zagg_value_get(codec, "name"), "sharding_indexed");
    if (a->rank != shape->n || a->sharded != sharded)
        return "rank or sharding misread";
    const bool vlen = a->kind == ZAGG_ZARR_VLEN;
    if (!zagg_value_is(zagg_value_get(doc, "data_type"),
                       vlen ? "variable_length_bytes" : zagg_dtype_name(a->dtype)))
        return "data type misread";
    if (a->zstd != vlen || (vlen && a->zstd_level != 3))
        return "codecs misread";
    for (size_t d = 0; d < shape->n; d++) {
        uint64_t length = 0, extent = 0;
        if (!zagg_value_u64(shape->items[d], &length) || length != a->shape[d])
            return "shape misread";
        if (!zagg_value_u64(object->items[d], &extent) ||
            extent != (sharded ? a->shard[d] : a->chunk[d]))
            return "chunk shape misread";
    }
    return NULL;
}

static void check_array(case_report *r, const char *name, const zagg_value *doc,
                        const zagg_value *expected, zagg_arena *arena)
{
    zagg_zarr_array a;
    zagg_err err = ZAGG_ERR_INIT;
    char *text = NULL;
    size_t len = 0;
    zagg_status status = zg_zarr_array_parse(doc, "array", name, arena, &a, &err);
    const char *why = status == ZAGG_OK ? misread(doc, &a) : err.msg;
    if (why == NULL && zagg_zarr_array_json(&a, &text, &len, &err) != ZAGG_OK)
        why = err.msg;
    if (why == NULL)
        compare_texts(r, name, expected, text, len);
    else
        case_fail(r, name, "%s", why);
}

static void check_document(case_report *r, const char *name, const zagg_value *expected)
{
    zagg_arena *arena = NULL;
    const zagg_value *doc = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    if (zagg_json_parse(arena, expected->str, expected->str_len, name, &doc, &err) !=
        ZAGG_OK)
        case_fail(r, name, "%s", err.msg);
    else if (zg_zarr_is_node(doc, "group"))
        check_group(r, name, doc, expected);
    else
        check_array(r, name, doc, expected, arena);
    zagg_arena_free(arena);
}

static void check_file(const char *file, size_t at_least)
{
    case_report r = {.set = file};
    zagg_arena *arena = NULL;
    if (!golden_available(file))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *configs = golden_json(arena, golden_path(file));
    for (size_t i = 0; i < configs->n; i++) {
        const zagg_value *documents = configs->members[i].value;
        for (size_t j = 0; j < documents->n; j++) {
            char name[256];
            const char *key = documents->members[j].key->str;
            if (strstr(key, "zarr.json") == NULL)
                continue; /* sizes of x and y chunks */
            (void)snprintf(name, sizeof name, "%s/%s", configs->members[i].key->str, key);
            check_document(&r, name, documents->members[j].value);
        }
    }
    zagg_arena_free(arena);
    report_end(&r, at_least);
}

static void templates_v0_11(void **state)
{
    (void)state;
    check_file("grids/templates_v0_11.json", 24);
}

static void templates_v0_61(void **state)
{
    (void)state;
    check_file("grids/templates_v0_61.json", 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_v0_11),
        cmocka_unit_test(templates_v0_61),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
