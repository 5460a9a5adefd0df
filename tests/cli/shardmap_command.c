/* zagg shardmap from outside: messages, forms that run, comparisons and parts. */
#include "cli/fixture.h"
#include "zagg/geo.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/** A catalog of g/a.h5 (around all of its shards) and of a granule far away. */
static void write_catalog(const fixture *f)
{
    double box[4] = {360.0, 90.0, -360.0, -90.0}, one[4];
    zg_str text;
    for (size_t i = 0; i < f->n_keys; i++) {
        zagg_geo_cell_bbox(zagg_word_nested(f->keys[i]), 11, ZAGG_LATITUDE_AUTHALIC, one);
        for (int k = 0; k < 2; k++) {
            box[k] = fmin(box[k], one[k]);
            box[k + 2] = fmax(box[k + 2], one[k + 2]);
        }
    }
    zg_str_init(&text, 0);
    zg_str_addf(
        &text,
        "{\"zagg:catalog_meta\": {\"source\": \"test\", \"short_name\": \"ATL03\", "
        "\"start_date\": \"2019-01-01\", \"end_date\": \"2019-01-31\", "
        "\"collection\": \"ATL03_007\", \"bbox\": [%.17g, %.17g, %.17g, %.17g]}}\n",
        box[0], box[1], box[2], box[3]);
    const struct {
        const char *name;
        double west, south, east, north;
    } ITEMS[] = {{"a.h5", box[0], box[1], box[2], box[3]},
                 {"far.h5", 100, -50, 101, -49}};
    for (int i = 0; i < 2; i++)
        zg_str_addf(
            &text,
            "{\"type\": \"Feature\", \"id\": \"%s\", \"geometry\": {\"type\": "
            "\"Polygon\", \"coordinates\": [[[%.17g, %.17g], [%.17g, %.17g], [%.17g, "
            "%.17g], [%.17g, %.17g], [%.17g, %.17g]]]}, \"properties\": "
            "{\"start_datetime\": \"2019-01-0%dT00:00:00Z\"}, \"links\": [], "
            "\"assets\": {\"data_s3\": {\"href\": \"g/%s\", \"roles\": [\"data\"]}}}\n",
            ITEMS[i].name, ITEMS[i].west, ITEMS[i].south, ITEMS[i].east, ITEMS[i].south,
            ITEMS[i].east, ITEMS[i].north, ITEMS[i].west, ITEMS[i].north, ITEMS[i].west,
            ITEMS[i].south, i + 1, ITEMS[i].name);
    assert_false(text.failed);
    write_text(f->dir, "cat.ndjson", text.data);
    zg_str_free(&text);
}

static int setup(void **state)
{
    const int rc = fixture_new(state);
    const fixture *f = *state;
    write_catalog(f);
    zg_free(shell_ok(f->dir,
                     "zagg shardmap build -q --config c.yaml --catalog cat.ndjson -o "
                     "map.json"));
    return rc;
}

static const cli_case CASES[] = {
    {"no command", "zagg shardmap", 2, NULL,
     "zagg shardmap: write `zagg shardmap build --config FILE --catalog FILE` or `zagg "
     "shardmap info MAP`; --help tells more\n"},
    {"unknown command", "zagg shardmap nope", 2, NULL,
     "zagg shardmap: nope: unknown command; there are build, info, convert, diff, "
     "subset and closest\n"},
    {"help", "zagg shardmap --help", 0, "Usage: zagg shardmap build | info *", NULL},
    {"no config", "zagg shardmap build --catalog cat.ndjson", 2, NULL,
     "zagg shardmap build: give the pipeline config with --config; see zagg shardmap "
     "build "
     "--help\n"},
    {"no catalog", "zagg shardmap build --config c.yaml", 2, NULL,
     "zagg shardmap build: give either --catalog or --granules; see *\n"},
    {"both areas of the mask",
     "zagg shardmap build --config c.yaml --catalog cat.ndjson --aoi-wkt x --aoi-wkb y",
     2, NULL,
     "zagg shardmap build: provide at most one of --aoi-wkt / --aoi-wkb; see *\n"},
    {"backend", "zagg shardmap build --config c.yaml --catalog cat.ndjson --backend s2",
     2, NULL,
     "zagg shardmap build: --backend: found 's2'; must be auto, mortie or spherely\n"},
    {"box",
     "zagg shardmap build --config c.yaml --catalog cat.ndjson --bbox 1,2,3 -o x.json", 3,
     NULL,
     "zagg shardmap build: '1,2,3' is no box; write WEST,SOUTH,EAST,NORTH in "
     "degrees\n"},
    {"map for a catalog",
     "zagg shardmap build --config c.yaml --catalog m.json -o x.json", 3, NULL,
     "zagg shardmap build: catalog: m.json: line 1: this is a shard map; a catalog is "
     "needed (STAC items)\n"},
    {"no such catalog", "zagg shardmap build --config c.yaml --catalog no.json -o x.json",
     1, NULL, "zagg shardmap build: *no.json*No such file or directory\n"},
    {"beams without geodesics or with",
     "zagg shardmap build --config c.yaml --catalog cat.ndjson --footprint beams -o "
     "b.json",
     0, "ShardMap: * shards, * pairs (backend=mortie) -> b.json\n", NULL},
    {"default name", "zagg shardmap build --config c.yaml --catalog cat.ndjson", 0,
     "ShardMap: * shards, * pairs (backend=mortie) -> "
     "shardmap_ATL03_2019-01-01_2019-01-31.json\n",
     NULL},
    {"not over a file",
     "zagg shardmap build --config c.yaml --catalog cat.ndjson -o map.json", 1, NULL,
     "zagg shardmap build: map.json is there already; --force to write over it\n"},
    {"both spellings of a box",
     "zagg shardmap build -q --config c.yaml --catalog cat.ndjson --bbox -10,-10,-9,-9 "
     "-o "
     "1.json && zagg shardmap build -q --config c.yaml --catalog cat.ndjson "
     "--bbox=-10,-10,-9,-9 -o 2.json && zagg shardmap diff 1.json 2.json",
     0, "the same: 0 shards only in the first*", NULL},
    {"an empty map is one", "zagg shardmap info 1.json --json | grep '\"shards\"'", 0,
     "  \"shards\": 0,\n", NULL},
    {"polygon, not the box",
     "echo '{\"type\": \"Polygon\", \"coordinates\": [[[100, -50], [100.1, -50], [100.1, "
     "-49.9], [100, -50]]]}' >p.json && zagg shardmap build --config c.yaml --catalog "
     "cat.ndjson --polygon p.json --bbox 1,1,2,2 -o far.json",
     0, "ShardMap: * shards, * pairs (backend=mortie) -> far.json\n", NULL},
    {"other shards", "zagg shardmap diff map.json far.json -q", 1, NULL, NULL},
    {"closest without a store", "zagg shardmap closest map.json x.json", 2, NULL,
     "zagg shardmap closest: give the map, the file to write, and a store with "
     "--reference\n"},
    {"no time", "zagg shardmap closest map.json x.json --reference s --max-time-offset 2",
     2, NULL,
     "zagg shardmap closest: --max-time-offset: found '2'; must be a time such as 90s, "
     "30m, "
     "12h or 2d\n"},
    {"a store without a cover of time",
     "mkdir -p bare; zagg shardmap closest map.json x.json --reference bare", 1, NULL,
     "zagg shardmap closest: bare has no coverage.toc, which tells when its shards were "
     "observed: *\n"},
    {"a cover of another kind",
     "mkdir -p odd; echo '{\"spec\": \"x/2\", \"order\": 11}' >odd/coverage.toc; zagg "
     "shardmap closest map.json x.json --reference odd",
     3, NULL,
     "zagg shardmap closest: odd: coverage.toc is no cover of the revision "
     "zagg-coverage-toc-cover/1\n"},
    {"a cover of nothing",
     "mkdir -p none; echo '{\"spec\": \"zagg-coverage-toc-cover/1\", \"order\": 11, "
     "\"shards\": {}}' >none/coverage.toc; zagg shardmap closest map.json closest.json "
     "--reference none && grep -c '\"epochs_total\": 0,' closest.json",
     0, "ShardMap: 0 shards, 0 pairs for 0 of 0 epochs -> closest.json\n1\n", NULL},
    {"a cover of other shards",
     "mkdir -p nine; echo '{\"spec\": \"zagg-coverage-toc-cover/1\", \"order\": 9, "
     "\"shards\": {}}' >nine/coverage.toc; zagg shardmap closest map.json x.json "
     "--reference nine",
     3, NULL, "zagg shardmap closest: *of order 9, those of the map are not\n"},
    {"no GeoJSON",
     "zagg shardmap build --config c.yaml --catalog cat.ndjson --polygon c.yaml "
     "-o x.json",
     3, NULL, "zagg shardmap build: *c.yaml*\n"},
    {"info", "zagg shardmap info map.json", 0,
     "grid       HEALPix: shards of order 11, cells of order 16; latitude authalic\n"
     "shards     *\ngranules   1 (1 ids), * pairs*metadata\n  source: \"test\"\n*  "
     "latitude: "
     "\"authalic-wgs84\"\n",
     NULL},
    {"info of shards", "zagg shardmap info m.json --shards | tail -1", 0, "* * 1\n",
     NULL},
    {"info of a config", "zagg shardmap info c.yaml", 3, NULL, "zagg shardmap info: *\n"},
    {"compact and back",
     "zagg shardmap convert map.json map.json.gz && zagg shardmap convert map.json.gz "
     "back.json && cmp map.json back.json && zagg shardmap convert --legacy map.json.gz "
     "legacy.gz && cmp map.json legacy.gz",
     0, "ShardMap: * -> map.json.gz\nShardMap: *", NULL},
    {"form", "zagg shardmap convert map.json x.json --form xml", 2, NULL,
     "zagg shardmap convert: --form: found 'xml'; must be json, compact or parquet\n"},
    {"coarser shards",
     "zagg shardmap convert map.json o9.json --parent-order 9 && zagg "
     "shardmap info o9.json | head -1",
     0,
     "ShardMap: * -> o9.json\ngrid       HEALPix: shards of order 9, cells of order 16; "
     "latitude authalic\n",
     NULL},
    {"finer shards need a catalog",
     "zagg shardmap convert map.json o12.json --parent-order 12", 3, NULL,
     "zagg shardmap convert: *to split shards the catalog of the map is needed*\n"},
    {"finer shards",
     "zagg shardmap convert map.json o12.json --parent-order 12 --catalog cat.ndjson", 0,
     "ShardMap: * -> o12.json\n", NULL},
    {"latitudes differ",
     "zagg shardmap build -q --config c.yaml --catalog cat.ndjson --latitude geodetic -o "
     "geo.json; zagg shardmap diff map.json geo.json | head -1",
     0, "! the keys are of different latitudes: authalic and geodetic\n", NULL},
    {"subset of one", "zagg shardmap subset map.json one.json --max-shards 1", 0,
     "ShardMap: 1 shards, 1 pairs of * -> one.json\n", NULL},
    {"subset of a time",
     "zagg shardmap subset map.json none.json --start-date 2019-01-02", 0,
     "ShardMap: 0 shards, 0 pairs of * -> none.json\n", NULL},
    {"no such shard", "zagg shardmap subset map.json x.json --shard 12", 3, NULL,
     "zagg shardmap subset: *\n"},
    {"no shard at all", "zagg shardmap subset map.json x.json --shard nope", 3, NULL,
     "zagg shardmap subset: shard 'nope' not in catalog\n"},
    {"two maps", "zagg shardmap diff map.json", 2, NULL,
     "zagg shardmap diff: give two maps\n"},
    {"sibling without file",
     "zagg shardmap build --config c.yaml --catalog cat.ndjson --sibling l2a", 2, NULL,
     "zagg shardmap build: --sibling: found 'l2a'; must be NAME=FILE\n"},
    {"siblings",
     "zagg shardmap build --config c.yaml --catalog cat.ndjson --sibling "
     "l2a=cat.ndjson -o s.json",
     0, "ShardMap: 0 shards, 0 pairs (backend=mortie) -> s.json\n",
     "*2 granules are left out because they are without pair (2 of them have no l2a)*"}};

static void cases(void **state)
{
    check_cases(*state, "shardmap", CASES, sizeof CASES / sizeof CASES[0]);
}

/** Maps of the catalog, compact ones and those of granules give the store that --granules
 * gives. */
static void runs(void **state)
{
    static const char *const MAPS[] = {"map.json", "run.json.gz", "granules.json"};
    const fixture *f = *state;
    zg_free(shell_ok(f->dir,
                     "zagg run -q --config c.yaml --granules g/a.h5 --store expected "
                     "&& zagg shardmap convert map.json run.json.gz && zagg shardmap "
                     "build -q --config c.yaml --granules g/a.h5 -o granules.json"));
    for (size_t i = 0; i < 3; i++) {
        char store[32];
        (void)snprintf(store, sizeof store, "store%zu", i);
        zg_free(shell_ok(
            f->dir, "zagg run -q --config c.yaml --driver file --catalog %s --store %s",
            MAPS[i], store));
        assert_same_stores(f, "expected", store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases), cmocka_unit_test(runs)};
    return cmocka_run_group_tests(tests, setup, fixture_free);
}
