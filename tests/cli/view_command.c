/* zagg view from outside: messages, exit codes, and files that appear whole or not at
 * all. What pages show and do: tests/view and tests/unit/view. */
#include "cli/fixture.h"

#include <stdio.h>
#include <string.h>

/* The store s; items.ndjson, a catalog of one item; e.ndjson, one without items; a.wkt.
 */
static int make_store(void **state)
{
    if (fixture_new(state) != 0)
        return -1;
    const fixture *f = *state;
    zg_free(shell_ok(f->dir, "zagg run -q --config c.yaml --catalog m.json --store s"));
    zg_free(shell_ok(f->dir, "zagg config show atl03_tdigest_healpix >t.yaml && "
                             "zagg run -q --config t.yaml --granules g --store t"));
    write_text(f->dir, "items.ndjson",
               "{\"type\": \"Feature\", \"id\": \"G.h5\", \"properties\": {\"datetime\": "
               "\"2020-05-01T00:00:00Z\"}, \"geometry\": {\"type\": \"Polygon\", "
               "\"coordinates\": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}, \"assets\": {}}\n");
    write_text(f->dir, "e.json", "{\"type\": \"FeatureCollection\", \"features\": []}");
    write_text(f->dir, "a.wkt", "POLYGON ((0 0, 1 0, 1 1, 0 0))");
    return 0;
}

static const cli_case CASES[] = {
    {"nothing", "zagg view", 2, NULL,
     "zagg view: name a shard map, a catalog or a store; see zagg view --help\n"},
    {"no file to write", "zagg view m.json", 2, NULL,
     "zagg view: give the file to write with -o; see zagg view --help\n"},
    {"another ending", "zagg view m.json -o x.svg", 2, NULL,
     "zagg view: the file to write must end with .html or .png; see zagg view --help\n"},
    {"nothing but an ending", "zagg view m.json -o .html", 2, NULL,
     "zagg view: the file to write must end with .html or .png; see zagg view --help\n"},
    {"two sources", "zagg view m.json s -o x.html", 2, NULL,
     "zagg view: s: one map, catalog or store only; see zagg view --help\n"},
    {"another projection", "zagg view m.json -o x.html --projection mercator", 2, NULL,
     "zagg view: --projection: found 'mercator'; must be auto, north, south or lonlat\n"},
    {"no such source", "zagg view nope -o x.html", 1, NULL, "zagg view: *nope*\n"},
    {"a config", "zagg view c.yaml -o x.html", 3, NULL, "zagg view: c.yaml: *\n"},
    {"a folder of something else", "zagg view g -o x.html", 1, NULL,
     "zagg view: *no store is there*\n"},
    {"no such folder to write to", "zagg view m.json -o no/x.html", 1, NULL,
     "zagg view: no/x.html: cannot create: No such file or directory\n"},
    {"a shard map", "zagg view m.json -o x.html && grep -c '<canvas' x.html", 0,
     "x.html: * shapes by granules\n1\n", NULL},
    {"not over a file", "zagg view m.json -o x.html", 1, NULL,
     "zagg view: x.html is there already; --force to write over it\n"},
    {"over a file", "zagg view m.json -o x.html --force", 0, "x.html: *\n", NULL},
    {"not over a folder",
     "mkdir d.html; zagg view m.json -o d.html --force; rmdir d.html", 0, NULL,
     "zagg view: d.html is no ordinary file\n"},
    {"a field of a map", "zagg view m.json -o y.html --field h_mean", 2, NULL,
     "zagg view: *m.json: shards are coloured by their count of granules; --field is for "
     "stores and catalogs\n"},
    {"a picture", "zagg view m.json -o x.png && head -c 4 x.png | tail -c 3", 0,
     "x.png: * shapes by granules\nPNG", NULL},
    {"the same bytes", "zagg view m.json -o y.png >/dev/null && cmp x.png y.png", 0, "",
     NULL},
    {"a catalog", "zagg view items.ndjson -o c.html --aoi a.wkt", 0,
     "c.html: 1 shapes by date\n", NULL},
    {"a catalog by count", "zagg view items.ndjson -o cc.html --field count", 0,
     "cc.html: * shapes by granules\n", NULL},
    {"a field of a catalog", "zagg view items.ndjson -o y.html --field h", 2, NULL,
     "zagg view: --field h: a catalog is coloured by date or count\n"},
    {"a catalog without items",
     "zagg view e.json -o e.html && grep -c 'the catalog has no items' e.html", 0,
     "e.html: 0 shapes by date\n1\n", NULL},
    {"footprints", "zagg view m.json -o f.html --catalog items.ndjson", 0, "f.html: *\n",
     NULL},
    {"footprints of no catalog", "zagg view m.json -o y.html --catalog nope", 1, NULL,
     "zagg view: *nope*\n"},
    {"an area that is none", "zagg view m.json -o y.html --aoi m.json", 3, NULL,
     "zagg view: m.json*\n"},
    {"a store", "zagg view s -o s.html", 0, "s.html: * shapes by count\n", NULL},
    {"a store by a field", "zagg view s -o h.png --field h_mean", 0,
     "h.png: * shapes by h_mean\n", NULL},
    {"a digest", "zagg view t -o d.html --field h_tdigest", 0,
     "d.html: * shapes by h_tdigest (median)\n", NULL},
    {"part of a digest", "zagg view t -o y.html --field 'h_tdigest[1]'", 2, NULL,
     "zagg view: --field h_tdigest[1]: is ragged and has no values to choose from; there "
     "is count, *\n"},
    {"no such field", "zagg view s -o y.html --field nope", 2, NULL,
     "zagg view: --field nope: there is no such field; there is count, *h_mean*\n"},
    {"no field", "zagg view s -o y.html --field morton", 2, NULL,
     "zagg view: --field morton: is coordinate, no field of cells; there is count*\n"},
    {"beyond a value", "zagg view s -o y.html --field 'h_mean[1]'", 2, NULL,
     "zagg view: --field h_mean[1]: holds one value a cell; there is count*\n"},
    {"no such group", "zagg view s -o y.html --group 7", 2, NULL,
     "zagg view: *--group 7: there is no such group of cells\n"},
    {"a damaged store",
     "cp -r s d; c=$(ls d/16/count/c/* | head -1); truncate -s -1 $c; zagg view d -o "
     "bad.html; echo $?; ls -A | grep -c bad.html",
     1, "1\n0\n", "zagg view: *16/count/c/*\n"},
    {"a full quota",
     "(ulimit -f 2; trap '' XFSZ; zagg view m.json -o q.html; echo $?; ls -A | grep -c "
     "q.html)",
     1, "1\n0\n", "zagg view: q.html: cannot write*: File too large\n"},
    {"a full quota, picture",
     "(ulimit -f 2; trap '' XFSZ; zagg view m.json -o q.png; echo $?; ls -A | grep -c "
     "q.png)",
     1, "1\n0\n", "zagg view: q.png: cannot write*: File too large\n"},
    {"help", "zagg view --help", 0,
     "Usage: zagg view SHARDMAP|CATALOG|STORE -o FILE [OPTIONS]\n*--projection*", NULL},
};

static void cases(void **state)
{
    check_cases(*state, "view", CASES, sizeof CASES / sizeof CASES[0]);
}

/* Stores whose cells hold nothing that has a colour, or nothing at all. */
static void without_values(void **state)
{
    const fixture *f = *state;
    zg_free(shell_ok(
        f->dir, "cp -r s n; rm -r n/16/h_mean/c; zagg view n -o n.html --field h_mean "
                "| grep -q 'shapes by h_mean' && grep -q 'no cell holds data in "
                "h_mean' n.html && zagg view n -o n.png --field h_mean"));
    zg_free(shell_ok(f->dir,
                     "cp -r s m; rm -r m/16/*/c; zagg view m -o m.html && grep -q "
                     "'the store has no shards' m.html && zagg view m -o m.png"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases),
                                       cmocka_unit_test(without_values)};
    return cmocka_run_group_tests(tests, make_store, fixture_free);
}
