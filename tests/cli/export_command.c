/* zagg export from outside: messages, rows, boxes, fields, files that appear whole or not
 * at all. What readers make of the files: tests/peer/export.py. */
#include "cli/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The stores s (scalar fields) and t (digests). */
static int make_stores(void **state)
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

static const cli_case CASES[] = {
    {"help", "zagg export --help", 0, "Usage: zagg export STORE -o FILE *--quantiles*",
     NULL},
    {"no store", "zagg export -o a.csv", 2, NULL,
     "zagg export: STORE is missing; see zagg export --help\n"},
    {"no file", "zagg export s", 2, NULL,
     "zagg export: -o FILE is missing; see zagg export --help\n"},
    {"no format", "zagg export s -o a.txt", 2, NULL,
     "zagg export: a.txt: ends in none of .parquet, .csv and .ndjson; say --format\n"},
    {"another format", "zagg export s -o a.csv --format xlsx", 2, NULL,
     "zagg export: --format: found 'xlsx'; must be parquet, csv or ndjson\n"},
    {"Parquet to standard output", "zagg export s -o - --format parquet", 2, NULL,
     "zagg export: Parquet cannot go to standard output: name a file; see zagg export "
     "--help\n"},
    {"box of three", "zagg export s -o a.csv --bbox 1,2,3", 2, NULL,
     "zagg export: --bbox: found '1,2,3'; must be west,south,east,north in degrees, "
     "south "
     "below north\n"},
    {"box upside down", "zagg export s -o a.csv --bbox=1,2,3,1", 2, NULL, "*--bbox*\n"},
    {"box beyond the pole", "zagg export s -o a.csv --bbox=1,2,3,91", 2, NULL,
     "*--bbox*\n"},
    {"another geometry", "zagg export s -o a.csv --geometry line", 2, NULL,
     "zagg export: --geometry: found 'line'; must be polygon, point or none\n"},
    {"quantile above 1", "zagg export s -o a.csv --quantiles 2", 2, NULL,
     "zagg export: --quantiles: found '2'; must be numbers from 0 to 1 with commas "
     "between them, 64 at most\n"},
    {"no such store", "zagg export nope -o a.csv", 1, NULL,
     "zagg export: nope: there is no such folder\n"},
    {"no such field", "zagg export s -o a.csv --fields count,nope", 2, NULL,
     "zagg export: --fields: there is no field 'nope'; 16: count, h_max, h_mean\n"},
    {"a coordinate as field", "zagg export s -o a.csv --fields morton", 2, NULL,
     "zagg export: --fields: there is no field 'morton'; 16: *\n"},
    {"no such group", "zagg export s -o a.csv --group 17", 2, NULL,
     "zagg export: --group: there is no group '17' in s\n"},
    {"no such folder", "zagg export s -o no/a.csv", 1, NULL,
     "zagg export: no/a.csv: cannot be written: No such file or directory\n"},
    {"a folder", "zagg export s -o g", 2, NULL, "*say --format\n"},
    {"a folder as CSV", "zagg export s -o g --format csv", 1, NULL,
     "zagg export: g: is a folder; name a file\n"},
    {"nothing was written so far", "ls -A | grep -c '[.]csv\\|[.]tmp'", 1, "0\n", NULL},
    {"it says how many", "zagg export s -o a.csv", 0, NULL,
     "zagg export: * cells in a.csv\n"},
    {"it does not overwrite", "zagg export s -o a.csv", 1, NULL,
     "zagg export: a.csv: is there already; --force replaces it\n"},
    {"unless it should", "zagg export s -o a.csv --force -q", 0, NULL, NULL},
    {"standard output is the same", "zagg export s -q -o - | cmp - a.csv", 0, NULL, NULL},
    {"head", "head -1 a.csv", 0,
     "cell,morton,cell_id,lon,lat,count,h_max,h_mean,geometry\n", NULL},
    {"outlines", "sed 1d a.csv | grep -vc ',\"POLYGON ((-.*))\"$'", 1, "0\n", NULL},
    {"points",
     "zagg export s -q -o - --geometry point | sed 1d | grep -vc "
     "',\"POINT (-[0-9.]* [0-9.]*)\"$'",
     1, "0\n", NULL},
    {"fields and no geometry",
     "zagg export s -q -o - --fields h_mean --geometry none | head -1", 0,
     "cell,morton,cell_id,lon,lat,h_mean\n", NULL},
    {"rows do not depend on fields",
     "zagg export s -q -o - --fields h_mean --geometry none | cut -d, -f1 >b; cut -d, "
     "-f1 "
     "a.csv | cmp - b",
     0, NULL, NULL},
    {"quantiles", "zagg export t -q -o - --quantiles 0.1,0.025 --geometry none | head -1",
     0, "cell,morton,cell_id,lon,lat,count*,h_tdigest_q10,h_tdigest_q2_5\n", NULL},
    {"digests", "zagg export t -q -o - --fields h_tdigest | sed -n 2p", 0,
     "*,\"[*,*]\",\"POLYGON *\n", NULL},
    {"features", "zagg export s -q -o a.ndjson && head -1 a.ndjson", 0,
     "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[-*]]]},"
     "\"properties\":{\"cell\":\"*\",\"morton\":\"*\",\"cell_id\":\"*\",\"lon\":-*}}\n",
     NULL},
    {"compressed", "zagg export s -q -o a.csv.gz && gzip -dc a.csv.gz | cmp - a.csv", 0,
     NULL, NULL},
    {"the format can be said",
     "zagg export s -q -o a.txt --format csv && cmp a.txt a.csv", 0, NULL, NULL},
    {"a full disk", "zagg export s -o - >/dev/full", 1, NULL,
     "zagg export: standard output: cannot be written: No space left on device*\n*"},
    {"a full quota",
     "(ulimit -f 8; trap '' XFSZ; zagg export s -q -o big.ndjson; echo $?; ls big.ndjson "
     ".big*)",
     2, "1\n", "zagg export: big.ndjson: cannot be written: File too large*"},
    {"a damaged chunk",
     "cp -r s d; c=$(ls d/16/count/c/* | head -1); truncate -s -1 $c; zagg export d -o "
     "d.csv; echo $?; ls -A | grep -c 'd.csv'",
     1, "1\n0\n", "zagg export: *16/count/c/*\n"},
    {"the library is named", "zagg version -v | grep -c '^exports: .*csv, ndjson'", 0,
     "1\n", NULL},
};

static void texts(void **state)
{
    check_cases(*state, "texts", CASES, sizeof CASES / sizeof CASES[0]);
}

static uint64_t number_of(const fixture *f, const char *command)
{
    char *out = shell_ok(f->dir, "%s", command);
    const uint64_t n = strtoull(out, NULL, 10);
    zg_free(out);
    return n;
}

/* As many rows as zagg inspect counts cells with data, and as many observations. */
static void rows(void **state)
{
    const fixture *f = *state;
    const uint64_t cells = number_of(
        f, "zagg inspect s --json --array count | tr ',' '\\n' | grep "
           "'\"cells_with_data\"' | tr -cd '0-9\\n' | awk '{s += $1} END {print s}'");
    assert_true(cells > 0);
    const uint64_t got =
        number_of(f, "zagg export s -q -o - --geometry none | sed 1d | wc -l");
    assert_int_equal(got, cells);
    /* whole chunks of 4^3 cells */
    const uint64_t all = number_of(
        f, "zagg export s -q -o - --all-cells --geometry none | sed 1d | wc -l");
    assert_true(all > cells && all % 64 == 0);
    /* no data is added by them */
    assert_int_equal(number_of(f,
                               "zagg export s -q -o - --all-cells --geometry none | awk "
                               "-F, 'NR > 1 && $6 > 0' | wc -l"),
                     cells);
}

/* A box gives the rows of the whole whose centre lies in it. */
static void boxes(void **state)
{
    const fixture *f = *state;
    char command[1024];
    char *range = shell_ok(
        f->dir, "%s",
        "zagg export s -q -o - --geometry none | awk -F, 'NR > 1 {n++; x += $4; y += "
        "$5} END {printf \"%.4f %.4f\", x / n, y / n}'");
    double x, y;
    char *end;
    x = strtod(range, &end);
    y = strtod(end, NULL);
    zg_free(range);
    static const double SIZES[][4] = {{-0.01, -0.01, 0.01, 0.01},
                                      {-0.5, -0.5, 0, 0},
                                      {0, -10, 30, 0},
                                      {-0.002, -0.1, 0.002, 0.1},
                                      {50, -10, 60, 10}};
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        const double w = x + SIZES[i][0], s = y + SIZES[i][1], e = x + SIZES[i][2],
                     n = y + SIZES[i][3];
        (void)snprintf(
            command, sizeof command,
            "zagg export s -q -o - --geometry none --bbox=%.6f,%.6f,%.6f,%.6f >b; "
            "zagg export s -q -o - --geometry none | awk -F, 'NR == 1 || ($4 >= "
            "%.6f && $5 >= %.6f && $4 <= %.6f && $5 <= %.6f)' | cmp - b && cat b "
            "| wc -l",
            w, s, e, n, w, s, e, n);
        const uint64_t found = number_of(f, command);
        assert_true(i == 4 ? found == 1 : found > 1);
        /* the same place a turn further, and all but it across the antimeridian */
        (void)snprintf(
            command, sizeof command,
            "zagg export s -q -o - --geometry none --bbox=%.6f,%.6f,%.6f,%.6f | cmp "
            "- b",
            w + 360, s, e + 360, n);
        zg_free(shell_ok(f->dir, "%s", command));
    }
    (void)snprintf(
        command, sizeof command,
        "a=$(zagg export s -q -o - --bbox=%.7f,-90,%.7f,90 | wc -l); b=$(zagg "
        "export s -q -o - --bbox=%.7f,-90,%.7f,90 | wc -l); c=$(zagg export s -q "
        "-o - | sed 's/\".*//' | wc -l); test $a -gt 1 && test $b -gt 1 && test "
        "$((a + b)) = $((c + 1))",
        x - 0.00123457, x + 0.00123457, x + 0.00123457, x - 0.00123457);
    zg_free(shell_ok(f->dir, "%s", command));
}

/* Parquet where this zagg has it, else the reason. */
static void parquet(void **state)
{
    const fixture *f = *state;
    char *version = shell_ok(f->dir, "zagg version -v");
    const bool has = strstr(version, "\ncarquet ") != NULL;
    zg_free(version);
    const cli_case with[] = {
        {"written", "zagg export s -o a.parquet", 0, NULL,
         "zagg export: * cells in a.parquet\n"},
        {"magic", "head -c 4 a.parquet; tail -c 4 a.parquet", 0, "PAR1PAR1", NULL},
        {"no gzip around it",
         "zagg export s -q -o p.csv.gz --format parquet && head -c 4 "
         "p.csv.gz",
         0, "PAR1", NULL},
        {"a full quota",
         "(ulimit -f 2; trap '' XFSZ; zagg export s -q -o big.parquet; echo $?; ls "
         "big.parquet .big*)",
         2, "1\n", "zagg export: big.parquet: cannot be written: File too large*"}};
    const cli_case without[] = {
        {"refused", "zagg export s -o a.parquet", 1, NULL,
         "zagg export: a.parquet: this zagg was built without Parquet; scripts/deps "
         "brings the library carquet, build zagg again after it, or write .csv or "
         ".ndjson\n"}};
    if (has)
        check_cases(f, "parquet", with, sizeof with / sizeof with[0]);
    else
        check_cases(f, "parquet", without, sizeof without / sizeof without[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(rows),
                                       cmocka_unit_test(boxes),
                                       cmocka_unit_test(parquet)};
    return cmocka_run_group_tests(tests, make_stores, fixture_free);
}
