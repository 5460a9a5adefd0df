/* zagg export from outside, beyond the messages of store_commands.c: boxes, and files
 * that appear whole or not at all. What other readers make of them: tests/peer. */
#include "cli/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT "zagg export s -o - --format csv "

static int make_store(void **state)
{
    if (fixture_new(state) != 0)
        return -1;
    const fixture *f = *state;
    zg_free(shell_ok(f->dir, "zagg run -q --config c.yaml --catalog m.json --store s"));
    return 0;
}

static const cli_case FILES[] = {
    {"a device", "zagg export s -o /dev/null --format csv --force", 1, NULL,
     "zagg export: /dev/null is no ordinary file\n"},
    {"a folder", "zagg export s -o g --format csv --force", 1, NULL,
     "zagg export: g is no ordinary file\n"},
    {"a full disk", EXPORT ">/dev/full", 1, NULL,
     "zagg export: stdout: cannot write: No space left on device*"},
    {"a full quota, CSV",
     "(ulimit -f 2; trap '' XFSZ; zagg export s -o q.csv; echo $?; ls -A | grep -c "
     "q.csv)",
     1, "1\n0\n", "zagg export: q.csv: cannot write: File too large*"},
    {"a full quota, GeoJSON",
     "(ulimit -f 2; trap '' XFSZ; zagg export s -o q.ndjson; echo $?; ls -A | grep -c "
     "q.ndjson)",
     1, "1\n0\n", "zagg export: q.ndjson: cannot write: File too large*"},
    {"what was there stays",
     "echo mine >q.csv; (ulimit -f 2; trap '' XFSZ; zagg export s -o "
     "q.csv --force; cat q.csv; ls -A | grep -c q.csv)",
     0, "mine\n1\n", "zagg export: q.csv: cannot write: File too large*"},
    {"a damaged chunk",
     "cp -r s d; c=$(ls d/16/count/c/* | head -1); truncate -s -1 $c; zagg export d -o "
     "d.csv; echo $?; ls -A | grep -c d.csv",
     1, "1\n0\n", "zagg export: *16/count/c/*\n"},
};

static void files(void **state)
{
    check_cases(*state, "files", FILES, sizeof FILES / sizeof FILES[0]);
}

static bool has_parquet(const fixture *f)
{
    char *out = shell_ok(f->dir, "zagg export s -o has.parquet 2>&1 || true");
    const bool has = strstr(out, "has.parquet: ") == out;
    zg_free(out);
    return has;
}

static void parquet(void **state)
{
    static const cli_case CASES[] = {
        {"magic", "head -c 4 has.parquet; tail -c 4 has.parquet", 0, "PAR1PAR1", NULL},
        {"a full quota",
         "(ulimit -f 2; trap '' XFSZ; zagg export s -o q.parquet; echo $?; ls -A | grep "
         "-c "
         "q.parquet)",
         1, "1\n0\n", "zagg export: q.parquet: cannot write: File too large*"}};
    if (has_parquet(*state))
        check_cases(*state, "parquet", CASES, sizeof CASES / sizeof CASES[0]);
    else
        printf("skipped: this zagg has no Parquet\n");
}

static uint64_t number_of(const fixture *f, const char *command)
{
    char *out = shell_ok(f->dir, "%s", command);
    const uint64_t n = strtoull(out, NULL, 10);
    zg_free(out);
    return n;
}

/* A box gives the rows of the whole whose centre lies in it, whatever shards and chunks
 * are passed over for it. */
static void boxes(void **state)
{
    const fixture *f = *state;
    static const double SIZES[][4] = {{-0.01, -0.01, 0.01, 0.01},
                                      {-0.5, -0.5, 0, 0},
                                      {0, -10, 30, 0},
                                      {-0.002, -0.1, 0.002, 0.1},
                                      {50, -10, 60, 10}};
    char command[1024];
    char *middle =
        shell_ok(f->dir, "%s",
                 EXPORT "--geometry none | awk -F, 'NR > 1 {n++; x += $4; y += $5} "
                        "END {printf \"%.4f %.4f\", x / n, y / n}'");
    char *end;
    const double x = strtod(middle, &end), y = strtod(end, NULL);
    zg_free(middle);
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        const double w = x + SIZES[i][0], s = y + SIZES[i][1], e = x + SIZES[i][2],
                     n = y + SIZES[i][3];
        (void)snprintf(command, sizeof command,
                       EXPORT
                       "--geometry none --bbox=%.6f,%.6f,%.6f,%.6f >b; " EXPORT
                       "--geometry none | awk -F, 'NR == 1 || ($4 >= %.6f && $5 >= "
                       "%.6f && $4 <= %.6f && $5 <= %.6f)' | cmp - b && wc -l <b",
                       w, s, e, n, w, s, e, n);
        const uint64_t found = number_of(f, command);
        assert_true(i == 4 ? found == 1 : found > 1);
    }
    /* one box and the rest of the world, which crosses the antimeridian */
    (void)snprintf(command, sizeof command,
                   "a=$(" EXPORT "--bbox=%.7f,-90,%.7f,90 | wc -l); b=$(" EXPORT
                   "--bbox=%.7f,-90,%.7f,90 | wc -l); c=$(" EXPORT
                   "| wc -l); test $a -gt 1 && "
                   "test $b -gt 1 && test $((a + b)) = $((c + 1))",
                   x - 0.00123457, x + 0.00123457, x + 0.00123457, x - 0.00123457);
    zg_free(shell_ok(f->dir, "%s", command));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(files), cmocka_unit_test(parquet),
                                       cmocka_unit_test(boxes)};
    return cmocka_run_group_tests(tests, make_store, fixture_free);
}
