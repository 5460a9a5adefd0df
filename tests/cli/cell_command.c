/* zagg cell from outside: names of cells there and back, areas, sets, what is refused. */
#include "cli/fixture.h"

#include <stdio.h>
#include <string.h>

#define MUST                                                                             \
    "; must be LAT,LON, a decimal morton id, a packed word, NESTED@ORDER or @FILE\n"

static const cli_case CASES[] = {
    {"a place", "zagg cell 38.89,-76.56 --order 11", 0,
     "id                           word    nested  order          lat           lon\n"
     "433142223344  5347298604950224907  15259055     11  38.87922988  -76.55273438\n",
     NULL},
    {"the latitude of old",
     "zagg cell 38.89,-76.56 --order 11 --latitude geodetic --print id", 0,
     "433142241241\n", NULL},
    {"places below zero", "zagg cell -77.8,166.7 --order 6 --print id", 0, "-4112241\n",
     NULL},
    {"the finest cell is below all others", "zagg cell 38.89,-76.56 --print id", 0,
     "433142223344*\n", NULL},
    {"an id below zero, between options", "zagg cell --order 2 -31123 --print id -31123",
     0, "-311\n-311\n", NULL},
    {"behind the end of options", "zagg cell --print word -- -31123", 0,
     "10403315139225845764\n", NULL},
    {"an id", "zagg cell --print nested -31123", 0, "2054@4\n", NULL},
    {"nested", "zagg cell --print id 2054@4", 0, "-31123\n", NULL},
    {"a word beyond 2^63", "zagg cell --print id 10403315139225845764", 0, "-31123\n",
     NULL},
    {"hex", "zagg cell --print id 0x9060000000000004", 0, "-31123\n", NULL},
    {"a list in a file",
     "printf -- '-31123 2@1\\n 0,0\\n' >ids && zagg cell @ids --order 1 "
     "--print nested",
     0, "32@1\n2@1\n19@1\n", NULL},
    {"JSON", "zagg cell -31123 --json | tr -d ' \\n'", 0,
     "{\"latitude\":\"authalic\",\"cells\":[{\"id\":\"-31123\",\"word\":"
     "10403315139225845764,\"nested\":2054,\"order\":4,\"lat\":-78.33504545202449,"
     "\"lon\":"
     "56.25,\"corners\":[[54.0,-75.40341607007376],[44.99999999999999,-78.33504545202453]"
     ","
     "[59.99999999999999,-81.25843610247409],[67.5,-78.33504545202453]]}]}",
     NULL},
    {"a box", "zagg cell --bbox -76.63,38.83,-76.5,38.94 --order 9 --print id", 0,
     "4331422233\n4331422234\n4331422411\n4331422412\n", NULL},
    {"the same as text, and as a file of it",
     "zagg cell --wkt 'POLYGON ((-76.63 38.83, -76.5 38.83, -76.5 38.94, -76.63 38.94, "
     "-76.63 38.83))' --order 9 --print id >1 && echo 'POLYGON ((-76.63 38.83, -76.5 "
     "38.83, "
     "-76.5 38.94, -76.63 38.94, -76.63 38.83))' >a.wkt && zagg cell --wkt a.wkt --order "
     "9 "
     "--print id | cmp - 1 && wc -l <1",
     0, "4\n", NULL},
    {"a line", "zagg cell --wkt 'LINESTRING (0 0, 1 1)' --order 8 --print id", 0,
     "541111111\n541111112\n541111121\n541111122\n541111211\n541111212\n541111221\n",
     NULL},
    {"a hole",
     "zagg cell --wkt 'POLYGON ((0 0, 20 0, 20 20, 0 20, 0 0), (5 5, 15 5, 15 15, 5 "
     "15, 5 5))' --order 6 --print id >with && zagg cell --wkt 'POLYGON ((0 0, 20 0, "
     "20 20, 0 20, 0 0))' --order 6 --print id >without && zagg cell @without --minus "
     "@with --print id >gone && test $(wc -l <gone) -gt 20 && zagg cell @gone --and "
     "@with --print id",
     0, NULL, NULL},
    {"a rectangle all around is a ring, and it says so",
     "echo '{\"type\": \"Polygon\", \"coordinates\": [[[-180, -88], [180, -88], [180, "
     "-87.7], "
     "[-180, -87.7], [-180, -88]]]}' >ring.json && zagg cell --polygon ring.json --order "
     "5 "
     "--print id | wc -l",
     0, "12\n", "*around the globe*\n"},
    {"the fewest cells", "zagg cell 4@2 5@2 6@2 7@2 33@3 --moc --print nested", 0,
     "1@1\n33@3\n", NULL},
    {"cells of one order", "zagg cell 1@1 --order 2 --flat --print nested", 0,
     "4@2\n5@2\n6@2\n7@2\n", NULL},
    {"sets",
     "zagg cell 0@1 1@1 --and '1@1 2@1' --or 5@1 --minus 4@2 --xor '5@1 7@2' --print "
     "nested",
     0, "5@2\n6@2\n", NULL},
    {"no set is empty text", "zagg cell 0@1 --minus 0@0 --print id", 0, NULL, NULL},

    {"nothing", "zagg cell", 2, NULL,
     "zagg cell: give either cells or an area; see zagg cell --help\n"},
    {"both", "zagg cell 1@1 --bbox 0,0,1,1 --order 3", 2, NULL,
     "zagg cell: give either cells or an area; see zagg cell --help\n"},
    {"an area without an order", "zagg cell --bbox 0,0,1,1", 2, NULL,
     "zagg cell: give the order of the cells, 1 to 29, with --order; see zagg cell "
     "--help\n"},
    {"flat without an order", "zagg cell 1@1 --flat", 2, NULL,
     "zagg cell: --flat needs --order; see zagg cell --help\n"},
    {"both forms", "zagg cell 1@1 --order 2 --flat --moc", 2, NULL,
     "zagg cell: give one of --moc and --flat; see zagg cell --help\n"},
    {"no cell", "zagg cell x", 2, NULL, "zagg cell: found 'x'" MUST},
    {"no digit of ids", "zagg cell 75", 2, NULL, "zagg cell: found '75'" MUST},
    {"beyond 64 bits", "zagg cell 99999999999999999999", 2, NULL,
     "zagg cell: found '99999999999999999999'" MUST},
    {"beyond the last cell", "zagg cell 12@0", 2, NULL,
     "zagg cell: order 0 has 12 cells, no 12@0\n"},
    {"beyond the last order", "zagg cell 12@30", 2, NULL,
     "zagg cell: found '12@30'" MUST},
    {"no place", "zagg cell 95,0", 2, NULL,
     "zagg cell: latitude 95, longitude 0 is no place\n"},
    {"half a place", "zagg cell 38.89,", 2, NULL, "zagg cell: found '38.89,'" MUST},
    {"finer than the cell", "zagg cell 1@1 --order 5", 2, NULL,
     "zagg cell: a cell of order 1 has many of order 5: --flat lists them\n"},
    {"too many of them", "zagg cell 1@1 --order 20 --flat", 1, NULL,
     "zagg cell: *16777216*\n"},
    {"a file in a list", "echo @ids >loop && zagg cell @loop", 2, NULL,
     "zagg cell: loop: found '@ids*'" MUST},
    {"no such file", "zagg cell @none", 1, NULL, "zagg cell: *none*No such file*\n"},
    {"what to print", "zagg cell 1@1 --print x", 2, NULL,
     "zagg cell: --print: found 'x'; must be id, word or nested\n"},
    {"no area", "zagg cell --wkt 'POLYGON (1' --order 3", 1, NULL, "zagg cell: *\n"},
    {"no polygon and no line", "zagg cell --wkt 'POLYGON EMPTY' --order 3 --print id", 0,
     NULL, NULL},
    {"unknown option", "zagg cell --nope", 2, NULL,
     "zagg cell: --nope: unknown option; see zagg cell --help\n"},
};

static void cases(void **state)
{
    check_cases(*state, "cell", CASES, sizeof CASES / sizeof CASES[0]);
}

/** A thousand places: what each form of their cells prints is read back as the same. */
static void there_and_back(void **state)
{
    const fixture *f = *state;
    zg_free(shell_ok(
        f->dir,
        "awk 'BEGIN { srand(3); for (i = 0; i < 1000; i++) printf \"%%.9f,%%.9f\\n\", "
        "180 * "
        "rand() - 90, 720 * rand() - 360 }' >places && zagg cell @places --print id >id "
        "&& "
        "for form in word nested; do zagg cell @places --print $form >$form && zagg cell "
        "@$form --print id | cmp - id || exit 1; done && zagg cell @id --print word | "
        "cmp - "
        "word && test $(sort -u id | wc -l) = 1000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases),
                                       cmocka_unit_test(there_and_back)};
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
