/* What the tests of the command line share: a folder with two small granules (g/a.h5,
 * g/b.h5), a config (c.yaml) and a shard map (m.json), and cases in tables. */
#ifndef ZAGG_TESTS_CLI_FIXTURE_H
#define ZAGG_TESTS_CLI_FIXTURE_H

#include "support/program.h"

#define FIXTURE_KEYS 64

typedef struct fixture {
    char *dir;
    uint64_t keys[FIXTURE_KEYS]; /* shards that g/a.h5 reaches */
    size_t n_keys;
} fixture;

/** The config of c.yaml. */
extern const char FIXTURE_CONFIG[];

/** Group setup and teardown; the state is a fixture. */
int fixture_new(void **state);
int fixture_free(void **state);

/** Write a shard map of the fixture's shards, all with the same granules. NULL members
 * take what fits c.yaml: latitude token, its own grid, g/a.h5. */
typedef struct map_parts {
    const char *metadata, *signature, *granules;
} map_parts;
void write_map(const fixture *f, const char *name, map_parts parts);

/** One command and all that it must print; '*' in `out` and `err` stands for anything,
 * NULL for nothing. */
typedef struct cli_case {
    const char *name, *command;
    int status;
    const char *out, *err;
} cli_case;
void check_cases(const fixture *f, const char *set, const cli_case *cases, size_t n);

/** assert_same_trees of two folders in the fixture's. */
void assert_same_stores(const fixture *f, const char *expected, const char *actual);

/** The JSON object that a command prints. */
const zagg_value *json_of(zagg_arena *arena, const char *text);
/** A whole number of it. */
uint64_t json_u64(const zagg_value *object, const char *key);

#endif
