/* Golden set grids/signatures.json: what identifies the grid of each benchmark config
 * (the part that a shard map records), its shapes and its fields, as upstream 0.11 and
 * 0.61 say. */
#include "support/program.h"
#include "text/text.h"
#include "zagg/run.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 512, N_CONFIGS = 9 };

typedef struct signature_case {
    case_report *r;
    const char *name;
    const zagg_pipeline *pipeline;
    const zagg_grid *grid;
    bool good;
} signature_case;

static void expect(signature_case *c, const char *what, bool ok)
{
    if (!ok)
        case_fail(c->r, c->name, "%s", what);
    c->good &= ok;
}

/* A shard map with this signature belongs to the config; with another number it does not.
 */
static void check_spatial(signature_case *c, const zagg_value *signature)
{
    const zg_json_style style = {-1, false, false};
    const bool healpix = zagg_grid_get_info(c->grid)->kind == ZAGG_GRID_HEALPIX;
    const char *number = healpix ? "\"child_order\": 19" : "\"shape\": [1200";
    const char *other = healpix ? "\"child_order\": 18" : "\"shape\": [1201";
    zagg_shardmap *map = NULL;
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text, "{\"shard_keys\": [], \"granules\": [], \"grid_signature\": ");
    assert_int_equal(zg_json_write(&text, signature, style, NULL), ZAGG_OK);
    zg_str_add(&text, "}");
    for (int changed = 0; changed < 2; changed++) {
        zagg_err err = ZAGG_ERR_INIT;
        char *json = changed ? replaced(text.data, number, other) : zg_strdup(text.data);
        assert_int_equal(zagg_shardmap_parse(json, strlen(json), c->name, &map, &err),
                         ZAGG_OK);
        const zagg_status status = zagg_run_check_signature(c->grid, map, &err);
        expect(c, changed ? "a changed signature passes" : err.msg,
               status == (changed ? ZAGG_ECONFIG : ZAGG_OK));
        zagg_shardmap_free(map);
        zg_free(json);
    }
    zg_str_free(&text);
}

static bool same_list(const zagg_value *list, const uint64_t *values, size_t n)
{
    bool same = list && list->kind == ZAGG_LIST && list->n == n;
    for (size_t i = 0; same && i < n; i++) {
        uint64_t v;
        same = zagg_value_u64(list->items[i], &v) && v == values[i];
    }
    return same;
}

static void check_shapes(signature_case *c, const zagg_value *v)
{
    const zagg_grid_info *info = zagg_grid_get_info(c->grid);
    const zagg_value *extent = zagg_value_get(v, "extent");
    const zagg_value *sharded = zagg_value_get(v, "sharded");
    uint64_t n, chunks[2];
    for (unsigned d = 0; d < info->rank; d++)
        chunks[d] = info->shape[d] / info->chunk_shape[d];
    expect(c, "array_shape",
           same_list(zagg_value_get(v, "array_shape"), info->shape, info->rank));
    expect(c, "chunk_shape",
           same_list(zagg_value_get(v, "chunk_shape"), info->chunk_shape, info->rank));
    expect(c, "chunk_grid_shape",
           same_list(zagg_value_get(v, "chunk_grid_shape"), chunks, info->rank));
    expect(c, "chunks_per_shard",
           zagg_value_u64(zagg_value_get(v, "chunks_per_shard"), &n) &&
               n == info->chunks_per_shard);
    expect(c, "sharded", sharded && sharded->u.b == info->sharded);
    expect(c, "group_path", zagg_value_is(zagg_value_get(v, "group_path"), info->group));
    expect(c, "extent",
           (extent != NULL) == (info->kind != ZAGG_GRID_HEALPIX) &&
               (!extent || extent->n == 4));
    for (size_t i = 0; extent && i < extent->n; i++)
        expect(c, "extent", extent->items[i]->u.f == info->bounds[i]);
}

static const zagg_field *field_named(const zagg_pipeline *p, const zagg_value *name)
{
    for (size_t i = 0; i < p->n_fields; i++)
        if (zagg_value_is(name, p->fields[i].name))
            return &p->fields[i];
    return NULL;
}

static void check_fields(signature_case *c, const zagg_value *fields)
{
    static const char *const KINDS[] = {"scalar", "vector", "ragged"};
    expect(c, "number of fields", fields && fields->n == c->pipeline->n_fields);
    for (size_t i = 0; fields && i < fields->n; i++) {
        const zagg_value *v = fields->items[i];
        const zagg_field *f = field_named(c->pipeline, zagg_value_get(v, "name"));
        expect(c, "a field is missing", f != NULL);
        if (!f)
            continue;
        const uint64_t *shape = (const uint64_t *)f->shape;
        expect(c, f->name, zagg_value_is(zagg_value_get(v, "kind"), KINDS[f->kind]));
        expect(c, f->name,
               zagg_value_is(zagg_value_get(v, "dtype"), zagg_dtype_name(f->dtype)));
        expect(c, f->name,
               same_list(zagg_value_get(v, "trailing_shape"), shape,
                         f->kind == ZAGG_FIELD_VECTOR ? f->n_shape : 0));
        expect(c, f->name,
               same_list(zagg_value_get(v, "inner_shape"), shape,
                         f->kind == ZAGG_FIELD_RAGGED ? f->n_shape : 0));
    }
}

/* One config of one upstream. */
static void check_config(case_report *r, const char *config, const zagg_value *entry,
                         bool old)
{
    char name[PATH_BYTES];
    zagg_pipeline *pipeline = NULL;
    zagg_grid *grid = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    char *text = NULL;
    (void)snprintf(name, sizeof name, "%s, %s", config, old ? "0.11" : "0.61");
    char path[PATH_BYTES];
    size_t len = 0;
    (void)snprintf(path, sizeof path, "data/benchmark/configs/%s.yaml", config);
    if (zagg_file_read(shared_path(path), (size_t)1 << 20, &text, &len, &err) !=
        ZAGG_OK) {
        case_skip(r, name, "its config is not in the folder of the benchmark");
        return;
    }
    char *yaml = old ? replaced(text, "\noutput:\n", "\noutput:\n  compat: zagg-0.11\n")
                     : zg_strdup(text);
    zagg_bytes_free(text);
    zagg_status status =
        zagg_pipeline_parse(yaml, strlen(yaml), name, NULL, &pipeline, &err);
    if (status == ZAGG_OK)
        status = zagg_grid_from_pipeline(
            pipeline, old ? ZAGG_LATITUDE_GEODETIC : ZAGG_LATITUDE_AUTHALIC, &grid, &err);
    if (status != ZAGG_OK) {
        case_fail(r, name, "%s", err.msg);
    } else {
        const zagg_value *v = zagg_value_get(entry, old ? "v0_11" : "v0_61");
        signature_case c = {r, name, pipeline, grid, true};
        check_spatial(&c, zagg_value_get(v, "spatial_signature"));
        check_shapes(&c, v);
        check_fields(&c, zagg_value_get(zagg_value_get(v, "signature"), "output_fields"));
        if (c.good)
            case_pass(r);
    }
    zg_free(yaml);
    zagg_grid_free(grid);
    zagg_pipeline_free(pipeline);
}

static void signatures(void **state)
{
    (void)state;
    case_report r = {.set = "grids/signatures.json"};
    zagg_arena *arena = NULL;
    if (!golden_available("grids/signatures.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = golden_json(arena, golden_path("grids/signatures.json"));
    assert_true(root->n >= N_CONFIGS);
    for (size_t i = 0; i < root->n; i++)
        for (int old = 0; old < 2; old++)
            check_config(&r, root->members[i].key->str, root->members[i].value, old);
    zagg_arena_free(arena);
    report_end(&r, 2 * N_CONFIGS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signatures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
