/* zagg inspect and zagg verify from outside, on stores that zagg wrote: what they print,
 * what they find in damaged copies, and that their numbers are those of the run. */
#include "cli/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The store s, from the fixture's granules, and the first of its shards' ids. */
static int make_store(void **state)
{
    if (fixture_new(state) != 0)
        return -1;
    const fixture *f = *state;
    zg_free(shell_ok(f->dir, "zagg run -q --config c.yaml --catalog m.json --store s"));
    zg_free(shell_ok(f->dir, "zagg config show atl03_tdigest_healpix | sed "
                             "'s/^output:/output:\\n  store_layout: flat/' >t.yaml && "
                             "zagg run -q --config t.yaml --granules g --store t"));
    return 0;
}

/* ---- what is printed ---- */

static const cli_case CASES[] = {
    {"no store", "zagg inspect", 2, NULL,
     "zagg inspect: STORE is missing; see zagg inspect --help\n"},
    {"two stores", "zagg verify s s", 2, NULL,
     "zagg verify: s: one STORE only; see zagg verify --help\n"},
    {"no such store", "zagg verify nope", 1, NULL,
     "zagg verify: nope: there is no such folder\n"},
    {"a file", "zagg inspect c.yaml", 1, NULL,
     "zagg inspect: c.yaml: there is no such folder\n"},
    {"a folder of something else", "zagg inspect g", 1, NULL,
     "zagg inspect: store *g: no store is there: neither zarr.json nor "
     "morton_hive.json\n"},
    {"verifying something else", "zagg verify g", 1, "*no store is there*1 problem*",
     NULL},
    {"help of inspect", "zagg inspect --help", 0,
     "Usage: zagg inspect STORE [OPTIONS]\n*--quantiles*", NULL},
    {"help of verify", "zagg verify --help", 0,
     "Usage: zagg verify STORE [OPTIONS]\n*--quiet*", NULL},
    {"unknown option", "zagg verify s --nope", 2, NULL,
     "zagg verify: --nope: unknown option; see zagg verify --help\n"},
    {"half a place", "zagg inspect s --lat 3", 2, NULL,
     "zagg inspect: --lat and --lon go together; see zagg inspect --help\n"},
    {"latitude in words", "zagg inspect s --lat north --lon 2", 2, NULL,
     "zagg inspect: --lat: found 'north'; must be a number from -90 to 90\n"},
    {"latitude beyond the pole", "zagg inspect s --lat 90.5 --lon 2", 2, NULL,
     "zagg inspect: --lat: found '90.5'; must be a number from -90 to 90\n"},
    {"quantile above 1", "zagg inspect s --cell 1 --quantiles 0.5,2", 2, NULL,
     "zagg inspect: --quantiles: found '0.5,2'; must be numbers from 0 to 1 with commas "
     "between them, 64 at most\n"},
    {"quantiles of no cell", "zagg inspect s --quantiles 0.5", 2, NULL,
     "zagg inspect: --quantiles are those of a cell: --cell or --lat and --lon; see zagg "
     "inspect --help\n"},
    {"two cells", "zagg inspect s --cell 1 --lat 3 --lon 3", 2, NULL,
     "zagg inspect: --cell and --lat name two cells; see zagg inspect --help\n"},
    {"no cell", "zagg inspect s --cell 99", 2, NULL,
     "zagg inspect: --cell: found '99'; must be a morton id or word of order 16 or "
     "finer, or NESTED@ORDER\n"},
    {"cell too coarse", "zagg inspect s --cell 4331422233", 2, NULL,
     "zagg inspect: --cell: found '4331422233'; must be *\n"},
    {"no such array", "zagg inspect s --array nope", 1, NULL,
     "zagg inspect: s: there is no array 'nope'\n"},
    {"a place without data", "zagg inspect s --lat 0 --lon 0", 1, NULL,
     "zagg inspect: no shard with data holds cell *\n"},
    {"arrays", "zagg inspect s | grep -c '  *\\(scalar\\|coordinate\\) '", 0, "4\n",
     NULL},
    {"grid", "zagg inspect s | sed -n 3p", 0,
     "Group 16: HEALPix cells of order 16, chunks of order 13, shards of order 11; "
     "authalic latitude\n",
     NULL},
    {"one array", "zagg inspect s --array count | grep -c h_mean", 1, "0\n", NULL},
    {"sound", "zagg verify s", 0,
     "s: * objects, * kB, * shards; * chunks decode; hashes: 0 of arrays, * of objects\n"
     "s: no problems\n",
     NULL},
    {"sound, without its records", "cp -r s u; zagg verify u", 0,
     "unverifiable: u: no SHA-256 of its objects was recorded (no STORE.status)\n"
     "u: * objects, * kB, * shards; * chunks decode; hashes: 0 of arrays, 0 of objects\n"
     "u: no problems, 1 unverifiable\n",
     NULL},
    {"sound and quiet", "zagg verify s/ -q", 0, NULL, NULL},
    {"JSON of a sound store", "zagg verify u --json", 0,
     "{\"store\": \"u\", \"findings\": [{\"kind\": \"unverifiable\", *}], \"objects\": "
     "*, "
     "\"problems\": 0, \"unverifiable\": 1, \"not_recorded\": 0}\n",
     NULL},
    {"export: no store", "zagg export -o x.csv", 2, NULL,
     "zagg export: STORE is missing; see zagg export --help\n"},
    {"export: no file", "zagg export s", 2, NULL,
     "zagg export: give the file to write with -o\n"},
    {"export: unknown ending", "zagg export s -o x.shp", 2, NULL,
     "zagg export: 'x.shp' ends with no known format (.parquet, .csv, .ndjson); give "
     "--format\n"},
    {"export: a box of three", "zagg export s -o x.csv --bbox 1,2,3", 2, NULL,
     "zagg export: --bbox: found '1,2,3'; must be WEST,SOUTH,EAST,NORTH *\n"},
    {"export: no such field", "zagg export s -o x.csv --fields count,nope; ls x.csv*", 2,
     NULL, "zagg export: --fields: no field nope; see zagg inspect\n*"},
    {"export: a coordinate", "zagg export s -o x.csv --fields morton", 2, NULL,
     "zagg export: --fields: morton has no value for each cell\n"},
    {"export: a file that is there", "touch there.csv; zagg export s -o there.csv", 1,
     NULL, "zagg export: there.csv is there already; --force to write over it\n"},
    {"export: a folder that is not", "zagg export s -o no/x.csv", 1, NULL,
     "zagg export: no/x.csv: cannot create: No such file or directory\n"},
    {"export: full disk", "zagg export s -o - --format csv >/dev/full", 1, NULL,
     "*No space left on device*"},
    {"export: every cell with data, a row each",
     "zagg export s -o all.csv -- && test $(($(wc -l <all.csv) - 1)) = "
     "$(zagg inspect s --json | grep -o '\"cells_with_data\": [0-9]*' | "
     "awk '{n += $2} END {print n}')",
     0, "all.csv: * rows\n", NULL},
    {"export: columns",
     "zagg export s -o - --format csv --fields count --geometry none "
     "| head -1",
     0, "cell,morton,cell_id,lon,lat,count\n", NULL},
    {"export: quantiles",
     "zagg export t -o - --format csv --quantiles 0.1,0.5 "
     "--geometry point | head -1",
     0, "*,h_tdigest_q10,h_tdigest_q50,geometry\n", NULL},
    {"export: nothing in the box",
     "zagg export s -o - --format ndjson --bbox 0,0,1,1 | "
     "wc -l",
     0, "0\n", NULL},
    {"a full disk", "zagg inspect s >/dev/full", 1, NULL,
     "zagg: cannot write to standard output: No space left on device\n"},
};

static void texts(void **state)
{
    check_cases(*state, "texts", CASES, sizeof CASES / sizeof CASES[0]);
}

/* ---- damage ---- */

/* Each damages a copy d of the store, in which $c is a chunk of count. */
static const cli_case DAMAGES[] = {
    {"a chunk is short", "truncate -s -1 d/$c", 1, "16/count/c/*: *\n", NULL},
    {"a foreign object", "echo x >d/16/note.txt", 1,
     "16/note.txt: unexpected: nothing in the store belongs there\n", NULL},
    {"a foreign object in an array", "echo x >d/16/count/c/x", 1,
     "16/count/c/x: unexpected: nothing in the store belongs there\n", NULL},
    {"a key outside the grid", "cp d/$c d/16/count/c/99999999999", 1,
     "16/count/c/99999999999: unexpected: nothing in the store belongs there\n", NULL},
    {"a document that is no JSON", "echo '{' >d/16/count/zarr.json", 1,
     "*16/count/zarr.json: *\n", NULL},
    {"a document of another type", "sed -i s/int32/int31/ d/16/count/zarr.json", 1,
     "*16/count/zarr.json: data type 'int31' is not one that zagg reads\n", NULL},
    {"a document that is missing", "rm d/16/count/zarr.json", 1, "*16/count/*\n", NULL},
    {"another level", "sed -i 's/level\": 16/level\": 15/' d/16/zarr.json", 1, "*16*\n",
     NULL},
    {"another convention", "sed -i 's/authalic-wgs84/authalic-wgs72/' d/16/zarr.json", 1,
     "16/zarr.json: dggs.latitude is no convention that is known\n*", NULL},
    {"coordinates of another place",
     "set -- d/16/morton/c/*; printf '\\1' | dd of=$1 bs=1 seek=8 conv=notrunc "
     "2>/dev/null",
     1, "16/morton/c/*: *element 1 is *, not * of its place\n", NULL},
    {"no coordinates", "rm -r d/16/morton/c", 1,
     "16: cell * of shard *: its chunk holds data, but no coordinates are stored\n",
     NULL},
    {"the root is missing", "rm d/zarr.json", 1, "d: no store is there*\n", NULL},
};

static void damages(void **state)
{
    const fixture *f = *state;
    cli_case cases[sizeof DAMAGES / sizeof DAMAGES[0]];
    char commands[sizeof DAMAGES / sizeof DAMAGES[0]][512];
    for (size_t i = 0; i < sizeof DAMAGES / sizeof DAMAGES[0]; i++) {
        cases[i] = DAMAGES[i];
        (void)snprintf(commands[i], sizeof commands[i],
                       "rm -rf d; cp -r s d; c=$(cd s; ls 16/count/c/* | head -1); "
                       "(%s) && zagg verify -q d | sort -u | head -1; "
                       "zagg verify -q d >/dev/null",
                       DAMAGES[i].command);
        cases[i].command = commands[i];
    }
    check_cases(f, "damages", cases, sizeof cases / sizeof cases[0]);
}

/* ---- numbers ---- */

/* Makes d, a copy of s, and the record of all its objects. */
static const char RECORD[] =
    "rm -rf d d.status; cp -r s d; mkdir -p d.status; cd d; sep=\n"
    "{ printf '{\"objects\": ['\n"
    "  find . -type f | sed 's/^..//' | while read k; do\n"
    "    printf '%s{\"key\":\"%s\",\"bytes\":%d,\"sha256\":\"%s\"}' \"$sep\" $k "
    "$(stat -c %s $k) $(sha256sum <$k | cut -d' ' -f1); sep=,\n"
    "  done\n"
    "  printf ']}'; } >../d.status/objects.json\n";

/* A record with the hash of every object, as a run leaves it; then one object changes. */
static void records(void **state)
{
    static const cli_case RECORDS[] = {
        {"all are recorded", "zagg verify d", 0, "d: * of objects\nd: no problems\n",
         NULL},
        {"white space changes", "echo >>d/16/zarr.json; zagg verify -q d", 1,
         "16/zarr.json: * bytes, recorded with * in *d.status/objects.json\n", NULL},
        {"as many other bytes",
         "cp s/16/zarr.json d/16; sed -i '1s/^{$/ /' d/16/count/zarr.json; sed -i "
         "'2s/^ /{/' d/16/count/zarr.json; zagg verify -q d",
         1, "16/count/zarr.json: its SHA-256 is not the one recorded in *\n", NULL},
        {"an object is gone",
         "cp s/16/count/zarr.json d/16/count; rm $(ls d/16/h_max/c/* | head -1); zagg "
         "verify -q d",
         1, "16/h_max/c/*: missing, though recorded in *d.status/objects.json\n", NULL},
        {"a record that is no JSON",
         "rm -r d; cp -r s d; mkdir -p d.status/shards; echo '[' "
         ">d.status/shards/1.json; "
         "zagg verify -q d",
         1, "*d.status/shards/1.json: *\n", NULL},
        {"objects without a record",
         "rm d.status/shards/1.json; printf '{\"objects\": []}' >d.status/objects.json; "
         "zagg verify d | grep -c '^not recorded: '; zagg verify -q d",
         0, "*\n", NULL},
    };
    const fixture *f = *state;
    write_text(f->dir, "record.sh", RECORD);
    zg_free(shell_ok(f->dir, "sh record.sh"));
    check_cases(f, "records", RECORDS, sizeof RECORDS / sizeof RECORDS[0]);
}

static const zagg_value *array_named(const zagg_value *store, const char *name)
{
    const zagg_value *groups = zagg_value_get(store, "groups");
    const zagg_value *arrays = zagg_value_get(groups->items[0], "arrays");
    for (size_t i = 0; i < arrays->n; i++)
        if (zagg_value_is(zagg_value_get(arrays->items[i], "name"), name))
            return arrays->items[i];
    fail_msg("no array %s", name);
    return NULL;
}

/* Cells, observations and objects are those that the run counted. */
static void numbers(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    double mean = 0;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    char *run = shell_ok(f->dir, "rm -rf n; zagg run -q --json --config c.yaml --catalog "
                                 "m.json --store n");
    char *seen = shell_ok(f->dir, "zagg inspect n --json");
    const zagg_value *summary = json_of(arena, run), *store = json_of(arena, seen);
    const zagg_value *count = array_named(store, "count");
    const zagg_value *results = zagg_value_get(summary, "results");
    uint64_t cells = 0;
    for (size_t i = 0; i < results->n; i++)
        cells += json_u64(results->items[i], "cells_with_data");
    assert_int_equal(json_u64(count, "cells"), cells);
    assert_true(zagg_value_number(zagg_value_get(count, "mean"), &mean));
    const double observations = mean * (double)cells;
    const double expected = (double)json_u64(summary, "total_obs");
    assert_true(observations > expected - 0.5 && observations < expected + 0.5);
    char *n = shell_ok(f->dir, "find n -type f | wc -l");
    assert_int_equal(json_u64(store, "objects"), strtoull(n, NULL, 10));
    zg_free(n);
    zg_free(run);
    zg_free(seen);
    zagg_arena_free(arena);
}

/* The cell with the most observations, by its id, its word and its place. */
static void cells(void **state)
{
    static const cli_case SAME[] = {
        {"by id", "zagg inspect s --json --cell $(cat id) | cmp - j", 0, NULL, NULL},
        {"by word", "zagg inspect s --json --cell $(cat word) | cmp - j", 0, NULL, NULL},
        {"by number", "zagg inspect s --json --cell $(cat nested)@16 | cmp - j", 0, NULL,
         NULL},
        {"by a finer number",
         "zagg inspect s --json --cell $(($(cat nested) * 16 + 7))@18 | cmp - j", 0, NULL,
         NULL},
        {"one array", "zagg inspect s --cell $(cat id) --array count | tail -1", 0,
         "  count  *\n", NULL},
    };
    const fixture *f = *state;
    /* a photon's place, whose cell holds data */
    zg_free(shell_ok(
        f->dir,
        "zagg h5 cat g/a.h5 gt1l/heights/lat_ph -n 0 >lat; zagg h5 cat g/a.h5 "
        "gt1l/heights/lon_ph -n 0 >lon; paste -d' ' lat lon | while read a o; do zagg "
        "inspect s --json --lat $a --lon $o >j 2>/dev/null && break; done; test -s j && "
        "sed 's/.*\"cell\": \"\\([^\"]*\\).*/\\1/' j >id && sed 's/.*\"word\": "
        "\"\\([^\"]*\\).*/\\1/' j >word && sed 's/.*\"cell_id\": \\([0-9]*\\).*/\\1/' j "
        ">nested"));
    check_cases(f, "cells", SAME, sizeof SAME / sizeof SAME[0]);
}

/* Quantiles of a digest lie between its lowest and highest centroid, and ascend. */
static void digests(void **state)
{
    static const cli_case DIGESTS[] = {
        {"statistics", "zagg inspect t --array h_tdigest | grep -c '^  h_tdigest '", 0,
         "2\n", NULL},
        {"quantiles",
         "zagg inspect t --cell $(zagg inspect t --json --lat $(head -1 lat) --lon "
         "$(head "
         "-1 lon) | sed 's/.*\"cell\": \"\\([^\"]*\\).*/\\1/') --quantiles 0,0.5,1 "
         "--array "
         "h_tdigest | tail -1",
         0, "  h_tdigest  *\n", NULL},
        {"verified", "zagg verify -q t", 0, NULL, NULL},
    };
    check_cases(*state, "digests", DIGESTS, sizeof DIGESTS / sizeof DIGESTS[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),   cmocka_unit_test(damages), cmocka_unit_test(records),
        cmocka_unit_test(numbers), cmocka_unit_test(cells),   cmocka_unit_test(digests),
    };
    return cmocka_run_group_tests(tests, make_store, fixture_free);
}
