/* zagg catalog from outside: granules described and served by a STAC API of the tests,
 * searched for there, and the map that comes of it; what goes wrong on the way. */
#include "cli/fixture.h"

#include <stdio.h>
#include <string.h>

#define DATES "--start-date 2018-01-01 --end-date 2030-01-01"
#define BOX "--bbox -77,38,-76,40"
#define SEARCH "--short-name ATL03 " DATES " " BOX

/* items.ndjson: four granules of zagg-synth, under https and s3. */
static int make_items(void **state)
{
    if (fixture_new(state) != 0)
        return -1;
    const fixture *f = *state;
    zg_free(shell_ok(f->dir,
                     "zagg-synth --out d --granules 4 --photons 3000 --quiet && "
                     "zagg catalog extract d -o local.ndjson --max-workers 2 >out && "
                     "zagg catalog extract d -q -o items.ndjson --href-prefix "
                     "https://h.invalid/d --href-prefix s3://b/d/ && "
                     "zagg config show atl03_scalar_healpix >h.yaml"));
    return 0;
}

/* A command with the server behind $api, under these options. */
static run_result with_server(const fixture *f, const char *options, const char *command)
{
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_addf(
        &text,
        "rm -f in out; mkfifo in out; python3 -B %s --items items.ndjson %s <in >out "
        "& exec 3>in 4<out; read -r ready port <&4; api=http://127.0.0.1:$port; ( %s "
        "); code=$?; exec 3>&-; wait; exit $code",
        source_path("tests/net/stac_server.py"), options, command);
    const run_result r = shell_in(f->dir, text.data);
    zg_str_free(&text);
    return r;
}

static void expect(const fixture *f, const char *options, const char *command, int status,
                   const char *out, const char *err)
{
    run_result r = with_server(f, options, command);
    if (r.status != status || !text_matches(out, r.out) || !text_matches(err, r.err))
        fail_msg("%s: exit %d\n%s\n%s", command, r.status, r.out, r.err);
    run_result_free(&r);
}

/* ---- usage ---- */

static const cli_case CASES[] = {
    {"help", "zagg catalog --help", 0,
     "Usage: zagg catalog --config FILE*--whole-shards*", NULL},
    {"no config", "zagg catalog " SEARCH, 2, NULL,
     "zagg catalog: give the pipeline config with --config; see zagg catalog --help\n"},
    {"no product", "zagg catalog --config h.yaml " DATES " " BOX, 2, NULL,
     "zagg catalog: provide --short-name; see zagg catalog --help\n"},
    {"no dates",
     "zagg catalog --config h.yaml --short-name A --start-date 2020-01-01 " BOX, 2, NULL,
     "zagg catalog: provide --cycle or both --start-date and --end-date; see zagg "
     "catalog "
     "--help\n"},
    {"no area", "zagg catalog --config h.yaml --short-name A --cycle 22", 2, NULL,
     "zagg catalog: provide --polygon or --bbox; see zagg catalog --help\n"},
    {"two areas of the mask",
     "zagg catalog --config h.yaml " SEARCH " --aoi-wkt x --aoi-wkb y", 2, NULL,
     "zagg catalog: provide at most one of --aoi-wkt / --aoi-wkb; see zagg catalog "
     "--help\n"},
    {"in and out", "zagg catalog --config h.yaml --catalog-in a --catalog-out b", 2, NULL,
     "zagg catalog: --catalog-in fetches nothing that --catalog-out could keep; *"},
    {"cycle in words", "zagg catalog --config h.yaml --short-name A --cycle two " BOX, 2,
     NULL, "zagg catalog: --cycle: found 'two'; must be a whole number from 1 to 999\n"},
    {"no such source", "zagg catalog fetch --source ftp", 2, NULL,
     "zagg catalog fetch: --source: found 'ftp'; must be cmr-stac, cmr or stac\n"},
    {"stac without a root", "zagg catalog fetch --source stac -o x.ndjson " DATES " " BOX,
     2, NULL, "zagg catalog fetch: --source stac needs --root and --collection; *"},
    {"no output", "zagg catalog fetch " SEARCH, 2, NULL,
     "zagg catalog fetch: give the catalog to write with -o\n"},
    {"unknown command", "zagg catalog nope", 2, NULL,
     "zagg catalog: nope: unknown command; there are fetch, convert, info and extract\n"},
    {"days",
     "zagg catalog fetch --short-name A --start-date 2020-02-30 --end-date "
     "2020-03-01 " BOX " -o x.ndjson",
     2, NULL, "zagg catalog fetch: dates must be of the form YYYY-MM-DD\n"},
    {"box", "zagg catalog fetch --short-name A --cycle 22 --bbox 1,2,3 -o x.ndjson", 1,
     NULL,
     "zagg catalog fetch: '1,2,3' is no box; write WEST,SOUTH,EAST,NORTH in degrees\n"},
    {"form", "zagg catalog fetch " SEARCH " -o x.csv", 2, NULL,
     "zagg catalog fetch: x.csv: ends with no form of a catalog: *"},
    {"folder", "zagg catalog fetch " SEARCH " -o no/x.ndjson", 1, NULL,
     "zagg catalog fetch: no/x.ndjson: cannot create it: *"},
    {"there already", "zagg catalog fetch " SEARCH " -o items.ndjson", 1, NULL,
     "zagg catalog fetch: items.ndjson is there already; --force to write over it\n"},
    {"config before search", "zagg catalog --config nope.yaml " SEARCH, 1, NULL,
     "zagg catalog: *nope.yaml*"},
    {"dry run",
     "zagg catalog --config h.yaml --short-name ATL03 --cycle 22 --bbox "
     "-76.7,38.8,-76.5,39 "
     "--dry-run",
     0,
     "GET "
     "https://cmr.earthdata.nasa.gov/stac/NSIDC_CPRD/search?collections=ATL03_007&bbox="
     "-76.7%2C38.8%2C-76.5%2C39.0&datetime=2024-01-06T00%3A00%3A00Z%2F2024-04-06T23%3A59%"
     "3A59Z&limit=2000\nShardMap -> shardmap_ATL03_2024-01-06_2024-04-06.json\n",
     NULL},
    {"dry run of stac",
     "zagg catalog fetch --source stac --root https://h/v1/ --collection a --collection "
     "b "
     "--max-cloud-cover 20 " DATES " --bbox '(1, 2, 3, 4)' --dry-run",
     0,
     "POST https://h/v1/search\n  {\"collections\": [\"a\", \"b\"], \"bbox\": [1.0, 2.0, "
     "3.0, "
     "4.0], \"datetime\": \"2018-01-01T00:00:00Z/2030-01-01T23:59:59Z\", \"limit\": 250, "
     "\"query\": {\"eo:cloud_cover\": {\"lt\": 20.0}}}\n",
     NULL},
    {"info of nothing", "zagg catalog info", 2, NULL,
     "zagg catalog info: write `zagg catalog info FILE`\n"},
    {"info of a config", "zagg catalog info h.yaml", 1, NULL,
     "zagg catalog info: catalog: h.yaml: line 1: '{' must stand here *"},
    {"info of a map", "zagg catalog info m.json", 1, NULL,
     "zagg catalog info: catalog: m.json: line *: this is a shard map; a catalog is "
     "needed "
     "(STAC items)\n"},
    {"info", "zagg catalog info items.ndjson", 0,
     "form          NDJSON\nitems         4\ncollections   4 ATL03_006\nfirst         2*"
     "\nlast          2*\nbbox          -76.*\nfootprints    4 polygons\n*hrefs         "
     "4 "
     "https\n              4 s3\n",
     NULL},
    {"info as JSON", "zagg catalog info items.ndjson --json | grep -c '\"items\": 4,'", 0,
     "1\n", NULL},
    {"convert of one", "zagg catalog convert a", 2, NULL,
     "zagg catalog convert: write `zagg catalog convert FROM TO`\n"},
    {"convert to itself", "zagg catalog convert items.ndjson items.ndjson", 1, NULL,
     "zagg catalog convert: items.ndjson is there already; --force to write over it\n"},
    {"convert",
     "zagg catalog convert items.ndjson a.json && zagg catalog convert a.json "
     "b.ndjson.gz && "
     "zagg catalog convert b.ndjson.gz c.ndjson && cmp c.ndjson items.ndjson",
     0, "a.json: 4 items\nb.ndjson.gz: 4 items\nc.ndjson: 4 items\n", NULL},
    {"convert a part",
     "zagg catalog convert items.ndjson d.ndjson --bbox 100,0,101,1; wc -l <d.ndjson", 0,
     "d.ndjson: 0 items\n0\n", NULL},
    {"convert in place",
     "cp items.ndjson e.ndjson; zagg catalog convert e.ndjson e.ndjson --force && cmp "
     "e.ndjson items.ndjson",
     0, "e.ndjson: 4 items\n", NULL},
    {"convert with an index",
     "zagg catalog convert items.ndjson i.ndjson --index-footprints 9 && grep -c "
     "'\"footprint_cells\":\\[[0-9]' i.ndjson && head -n 1 i.ndjson",
     0, "i.ndjson: 4 items\n4\n{\"zagg:catalog_meta\":{\"footprint_cells_order\":9}}\n",
     NULL},
    {"order of an index",
     "zagg catalog convert items.ndjson i.ndjson --index-footprints 19", 2, NULL,
     "*--index-footprints: found '19'; must be a whole number from 1 to 18\n"},
    {"index of what is there",
     "zagg catalog --config h.yaml --catalog-in items.ndjson --index-footprints 9", 2,
     NULL, "zagg catalog: --index-footprints is for what is fetched; *"},
    {"extract of nothing", "zagg catalog extract -o x.ndjson", 2, NULL,
     "zagg catalog extract: name granules: files, folders, patterns or URLs; *"},
    {"extract with a path for a prefix",
     "zagg catalog extract d -o x.ndjson --href-prefix d", 2, NULL,
     "zagg catalog extract: --href-prefix must be an s3:// or https:// URL; *"},
    {"extract of no granules", "mkdir -p none; zagg catalog extract none -o x.ndjson", 1,
     NULL, "zagg catalog extract: --granules none: no granule (*.h5) in there\n"},
    {"extract of some",
     "mkdir -p some; cp d/*0000_00000606*.h5 some/; head -c 1000 some/*.h5 >some/cut.h5; "
     "zagg catalog extract some -o x.ndjson; code=$?; wc -l <x.ndjson; exit $code",
     1, "x.ndjson: 1 items\n1\n", "zagg catalog extract: *cut.h5*\n"},
    {"extract of the damaged", "zagg catalog extract some/cut.h5 -o y.ndjson", 1, NULL,
     "zagg catalog extract: *cut.h5*\nzagg catalog extract: none of the 1 granules could "
     "be "
     "read\n"},
    {"extract of lines",
     "zagg catalog extract d --lines -o l.ndjson && grep -c MultiLineString l.ndjson", 0,
     "l.ndjson: 4 items\n4\n", NULL}};

static void usage(void **state)
{
    check_cases(*state, "catalog", CASES, sizeof CASES / sizeof CASES[0]);
}

/* ---- searching ---- */

#define RUN "zagg catalog --config h.yaml --root $api/stac " SEARCH " --force "

/* The map is that of the catalog without a server in between. */
static void search_and_map(void **state)
{
    const fixture *f = *state;
    zg_free(shell_ok(f->dir, "zagg shardmap build --config h.yaml --catalog items.ndjson "
                             "--bbox -77,38,-76,40 -o want.json --force"));
    expect(f, "--page 2 --log log", RUN "-o got.json --catalog-out kept.ndjson.gz", 0,
           "Fetched 4 granules (ATL03_007)\nCatalog -> kept.ndjson.gz\nShardMap: * "
           "shards, * "
           "pairs (backend=mortie) -> got.json\n",
           "*");
    zg_free(shell_ok(f->dir, "zagg shardmap diff want.json got.json"));
    zg_free(shell_ok(f->dir,
                     "test $(grep -c GET log) = 2 && test ! -e got.json.catalog.ndjson "
                     "&& ! ls | grep partial"));
    expect(
        f, "", RUN "-o i.json --index-footprints 11 --catalog-out i.ndjson.gz", 0,
        "Fetched 4 granules (ATL03_007)\nIndexed footprint_cells at order 11\nCatalog -> "
        "i.ndjson.gz\nShardMap: *",
        "*");
    zg_free(shell_ok(f->dir, "zagg shardmap diff want.json i.json && zagg catalog info "
                             "i.ndjson.gz | grep '4 items with footprint_cells'"));
    expect(f, "", RUN "-o again.json --form compact -q", 0, "", "*");
    zg_free(shell_ok(f->dir, "zagg shardmap diff want.json again.json"));
    /* --catalog-in asks nobody */
    zg_free(shell_ok(f->dir,
                     "zagg catalog --config h.yaml --catalog-in kept.ndjson.gz -o "
                     "in.json && zagg shardmap diff want.json in.json"));
}

static void other_sources(void **state)
{
    const fixture *f = *state;
    expect(
        f, "--page 3",
        "zagg catalog fetch --source cmr --root $api " SEARCH " -o cmr.ndjson --force && "
        "zagg catalog fetch --source stac --root $api/api --collection ATL03_006 " DATES
        " " BOX " -o stac.ndjson --force",
        0,
        "Fetched 4 granules (ATL03_007)\nCatalog -> cmr.ndjson\nFetched 4 granules "
        "(ATL03_006)\nCatalog -> stac.ndjson\n",
        "");
    zg_free(shell_ok(f->dir,
                     "tail -n +2 stac.ndjson | cmp - items.ndjson; test $(grep -c "
                     "'\"data_s3\"' cmr.ndjson) = 4"));
}

/* The box around the shards is larger than the area. */
static void whole_shards(void **state)
{
    const fixture *f = *state;
    char *text = shell_ok(f->dir, "zagg catalog --config h.yaml " SEARCH
                                  " --whole-shards --dry-run 2>&1");
    assert_true(text_matches("searching the box around * shards: -77.*", text));
    assert_null(strstr(text, "bbox=-77.0%2C38.0"));
    zg_free(text);
}

/* ---- servers that misbehave ---- */

static void faults(void **state)
{
    const fixture *f = *state;
    static const struct {
        const char *options;
        int status;
        const char *err;
    } FAULTS[] = {
        {"--fault throttle", 0, "*"},
        {"--fault busy", 0, "*"},
        {"--fault html", 0,
         "*content-type 'text/html' is not JSON; asked for again in 2 s*"},
        {"--page 1 --fault loop", 1,
         "*: the link to page 3 leads back to an earlier page\n"},
        {"--page 1 --fault stale", 1,
         "*the last 3 pages hold nothing new: the server's next links go in a circle\n"},
        {"--page 1 --fault half", 5, "*page 3: *no such cursor*"},
        {"--fault huge", 1, "*page 1: item 0 of the page: an item that is no object\n"},
    };
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        expect(f, FAULTS[i].options,
               "zagg catalog fetch --root $api/stac " SEARCH
               " -o f.ndjson --force --restart",
               FAULTS[i].status, FAULTS[i].status == 0 ? "Fetched 4 granules*" : "",
               FAULTS[i].err);
        zg_free(shell_ok(f->dir, "rm -f f.ndjson*"));
    }
}

/* A second run goes on where the first one stopped. */
static void going_on(void **state)
{
    const fixture *f = *state;
    expect(f, "--page 1 --fault flaky --log log2",
           "zagg catalog fetch --root $api/stac " SEARCH " -o g.ndjson; echo $?; "
           "zagg catalog fetch --root $api/stac " SEARCH " -o g.ndjson",
           0, "5\nFetched 4 granules (ATL03_007)\nCatalog -> g.ndjson\n",
           "*page 3: *\ngoing on behind page 2, 2 items\n");
    char *n = shell_ok(f->dir, "grep -c GET log2; wc -l <g.ndjson; ! ls | grep partial");
    assert_string_equal(n, "5\n5\n");
    zg_free(n);
}

static void no_server(void **state)
{
    const fixture *f = *state;
    expect(f, "", "zagg catalog fetch --root $api/other " SEARCH " -o n.ndjson", 1, "",
           "zagg catalog fetch: *page 1: *404*");
    expect(f, "",
           "zagg catalog fetch --root $api/stac --short-name ATL03 " DATES
           " --bbox 0,0,1,1 -o n.ndjson",
           1, "",
           "zagg catalog fetch: No granules for ATL03_007 over (0.0, 0.0, 1.0, 1.0) in "
           "2018-01-01..2030-01-01\n");
    zg_free(shell_ok(f->dir, "! ls | grep '^n\\.'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage),         cmocka_unit_test(search_and_map),
        cmocka_unit_test(other_sources), cmocka_unit_test(whole_shards),
        cmocka_unit_test(faults),        cmocka_unit_test(going_on),
        cmocka_unit_test(no_server),
    };
    return cmocka_run_group_tests(tests, make_items, fixture_free);
}
