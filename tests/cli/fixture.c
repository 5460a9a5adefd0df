/* Small granules, a config and a shard map for the tests of the command line. */
#include "cli/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char FIXTURE_CONFIG[] =
    "data_source:\n"
    "  reader: h5coro\n"
    "  driver: s3\n"
    "  groups: [gt1l, gt1r, gt2l]\n"
    "  coordinates:\n"
    "    latitude: '/{group}/heights/lat_ph'\n"
    "    longitude: '/{group}/heights/lon_ph'\n"
    "  variables:\n"
    "    h_ph: '/{group}/heights/h_ph'\n"
    "  filters:\n"
    "    - {dataset: '/{group}/heights/signal_conf_ph', column: 0, op: ge, value: 2}\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons:\n"
    "      path: '/{group}/heights'\n"
    "      coordinates: {latitude: lat_ph, longitude: lon_ph}\n"
    "      link: null\n"
    "    segments:\n"
    "      path: '/{group}/geolocation'\n"
    "      coordinates:\n"
    "        {latitude: reference_photon_lat, longitude: reference_photon_lon}\n"
    "      link:\n"
    "        to: photons\n"
    "        index_beg: '/{group}/geolocation/ph_index_beg'\n"
    "        count: '/{group}/geolocation/segment_ph_cnt'\n"
    "        index_base: 1\n"
    "  read_plan: {spatial_index: segments, pad: 1}\n"
    "aggregation:\n"
    "  coordinates:\n"
    "    morton: {dtype: uint64, fill_value: 0}\n"
    "  variables:\n"
    "    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}\n"
    "    h_mean: {function: mean, source: h_ph, dtype: float32}\n"
    "    h_max: {function: max, source: h_ph, dtype: float32}\n"
    "output:\n"
    "  store_layout: flat\n"
    "  grid: {type: healpix, indexing_scheme: nested, parent_order: 11,\n"
    "         chunk_inner: 13, child_order: 16}\n";

const zagg_value *json_of(zagg_arena *arena, const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *root = NULL;
    if (zagg_json_parse(arena, text, strlen(text), "output", &root, &err) != ZAGG_OK)
        fail_msg("%s in: %s", err.msg, text);
    assert_int_equal(root->kind, ZAGG_MAP);
    return root;
}

uint64_t json_u64(const zagg_value *object, const char *key)
{
    uint64_t v = 0;
    const zagg_value *member = zagg_value_get(object, key);
    if (member == NULL || !zagg_value_u64(member, &v))
        fail_msg("%s is not there or no whole number", key);
    return v;
}

static void read_keys(fixture *f)
{
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    char *text = shell_ok(
        f->dir, "zagg run -q --json --config c.yaml --granules g/a.h5 --store keys");
    const zagg_value *results = zagg_value_get(json_of(arena, text), "results");
    assert_non_null(results);
    assert_in_range(results->n, 2, FIXTURE_KEYS);
    for (f->n_keys = 0; f->n_keys < results->n; f->n_keys++)
        f->keys[f->n_keys] = json_u64(results->items[f->n_keys], "shard_key");
    zg_free(text);
    zagg_arena_free(arena);
}

int fixture_new(void **state)
{
    fixture *f = zg_alloc(1, sizeof *f);
    assert_non_null(f);
    f->dir = make_temp_dir();
    zg_free(shell_ok(f->dir,
                     "zagg-synth --quiet --out g --granules 2 --photons 3000 --beams 2 "
                     "--chunk 500 && set -- g/*.h5 && mv $1 g/a.h5 && mv $2 g/b.h5"));
    write_text(f->dir, "c.yaml", FIXTURE_CONFIG);
    read_keys(f);
    write_map(f, "m.json", (map_parts){NULL, NULL, NULL});
    *state = f;
    return 0;
}

int fixture_free(void **state)
{
    fixture *f = *state;
    remove_tree(f->dir);
    zg_free(f->dir);
    zg_free(f);
    return 0;
}

void write_map(const fixture *f, const char *name, map_parts parts)
{
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text, "{\"shard_keys\": [");
    for (size_t i = 0; i < f->n_keys; i++)
        zg_str_addf(&text, "%s%" PRIu64, i ? ", " : "", f->keys[i]);
    zg_str_add(&text, "],\n \"granules\": [");
    for (size_t i = 0; i < f->n_keys; i++)
        zg_str_addf(&text, "%s[%s]", i ? ", " : "",
                    parts.granules ? parts.granules : "{\"s3\": \"g/a.h5\"}");
    zg_str_addf(&text, "],\n \"grid_signature\": %s,\n \"metadata\": %s}\n",
                parts.signature
                    ? parts.signature
                    : "{\"type\": \"healpix\", \"indexing_scheme\": \"nested\", "
                      "\"parent_order\": 11, \"child_order\": 16, "
                      "\"layout\": \"fullsphere\"}",
                parts.metadata ? parts.metadata : "{\"latitude\": \"authalic-wgs84\"}");
    assert_false(text.failed);
    write_text(f->dir, name, text.data);
    zg_str_free(&text);
}

void assert_same_stores(const fixture *f, const char *expected, const char *actual)
{
    char a[4096], b[4096];
    (void)snprintf(a, sizeof a, "%s/%s", f->dir, expected);
    (void)snprintf(b, sizeof b, "%s/%s", f->dir, actual);
    assert_same_trees(a, b);
}

void check_cases(const fixture *f, const char *set, const cli_case *cases, size_t n)
{
    case_report r = {.set = set};
    for (size_t i = 0; i < n; i++) {
        const cli_case *c = &cases[i];
        run_result run = shell_in(f->dir, c->command);
        if (run.status != c->status)
            case_fail(&r, c->name, "exit %d instead of %d: %s%s", run.status, c->status,
                      run.out, run.err);
        else if (!text_matches(c->out ? c->out : "", run.out))
            case_fail(&r, c->name, "printed: %s", run.out);
        else if (!text_matches(c->err ? c->err : "", run.err))
            case_fail(&r, c->name, "standard error: %s", run.err);
        else
            case_pass(&r);
        run_result_free(&run);
    }
    report_end(&r, n);
}
