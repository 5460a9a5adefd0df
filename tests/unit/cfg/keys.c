/* The key table: in order, the same as docs/config.md says, and what the walk over a
 * config makes of it (warnings about unknown keys). */
#include "cfg/cfg.h"
#include "cfg_test.h"
#include "zagg/io.h"

#include <string.h>

static const char *const states[] = {"implemented", "no-op", "refused"};

static void test_sorted(void **state)
{
    (void)state;
    size_t n = 0;
    const zagg_key *keys = zagg_config_keys(&n);
    assert_true(n > 100);
    for (size_t i = 1; i < n; i++)
        if (strcmp(keys[i - 1].path, keys[i].path) >= 0)
            fail_msg("%s and %s are out of order", keys[i - 1].path, keys[i].path);
    for (size_t i = 0; i < n; i++) {
        assert_true(keys[i].meaning[0] != '\0');
        assert_true(strcmp(keys[i].since, "0.11") == 0 ||
                    strcmp(keys[i].since, "0.61") == 0 ||
                    strcmp(keys[i].since, "zagg") == 0);
    }
}

/* Every parent of a key is in the table, so that the walk gets there. */
static void test_parents(void **state)
{
    (void)state;
    size_t n = 0;
    const zagg_key *keys = zagg_config_keys(&n);
    for (size_t i = 0; i < n; i++) {
        char parent[256];
        (void)snprintf(parent, sizeof parent, "%s", keys[i].path);
        char *cut = strrchr(parent, '.');
        if (strlen(parent) > 2 && strcmp(parent + strlen(parent) - 2, "[]") == 0)
            cut = parent + strlen(parent) - 2;
        if (cut == NULL)
            continue;
        *cut = '\0';
        size_t k = 0;
        while (k < n && strcmp(keys[k].path, parent) != 0)
            k++;
        if (k == n)
            fail_msg("%s has no parent in the table", keys[i].path);
    }
}

/* Rows of the table in docs/config.md, in order, are the table in the code. */
static void test_docs(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    char *text = NULL;
    char row[512];
    size_t len = 0;
    size_t n = 0;
    size_t at = 0;
    const zagg_key *keys = zagg_config_keys(&n);
    if (zagg_file_read(source_path("docs/config.md"), (size_t)1 << 20, &text, &len, &err))
        fail_msg("%s", err.msg);
    char *line = strstr(text, "\n## All keys");
    assert_non_null(line);
    for (line = strchr(line + 1, '\n'); line != NULL && line[1] != '\0';
         line = strchr(line, '\n')) {
        line++;
        size_t end = strcspn(line, "\n");
        if (strncmp(line, "| `", 3) != 0)
            continue;
        if (at == n)
            fail_msg("docs/config.md has a row that the code does not: %.*s", (int)end,
                     line);
        (void)snprintf(row, sizeof row, "| `%s` | %s | %s | %s |", keys[at].path,
                       states[keys[at].state], keys[at].since, keys[at].meaning);
        if (strlen(row) != end || strncmp(row, line, end) != 0)
            fail_msg("docs/config.md says\n%.*s\nbut the code\n%s", (int)end, line, row);
        at++;
    }
    if (at != n)
        fail_msg("docs/config.md lacks %s", keys[at].path);
    zagg_bytes_free(text);
}

typedef struct messages {
    size_t n;
    char text[64][256];
} messages;

static void keep(void *user, zagg_log_level level, const char *message)
{
    messages *m = user;
    assert_int_equal(level, ZAGG_LOG_WARN);
    assert_true(m->n < 64);
    (void)snprintf(m->text[m->n++], sizeof m->text[0], "%s", message);
}

static void load_with_log(const char *text, messages *m)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = NULL;
    zagg_log *log = zagg_log_new(ZAGG_LOG_WARN, keep, m);
    assert_non_null(log);
    if (zagg_pipeline_parse(text, strlen(text), "t.yaml", log, &p, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_pipeline_free(p);
    zagg_log_free(log);
}

static void test_unknown_keys(void **state)
{
    (void)state;
    messages m = {0};
    load_with_log(
        SOURCE "  filtres: []\n"
               "  filters: [{dataset: /q, op: eq, value: 1, colunm: 2}]\n"
               "aggregation:\n"
               "  variables:\n"
               "    n: {function: len, source: h, fil_value: 0, attrs: {any: {x: 1}}}\n"
               "    filtres: {function: min, source: h, params: {}}\n" OUTPUT
               "frobnicate: 1\n"
               "bounds: {spatial: {whatever: 1}}\n",
        &m);
    assert_int_equal(m.n, 4);
    assert_string_equal(m.text[0],
                        "t.yaml:5: data_source.filtres: unknown key, ignored (did "
                        "you mean filters?)");
    assert_string_equal(m.text[1],
                        "t.yaml:6: data_source.filters[0].colunm: unknown key, "
                        "ignored (did you mean column?)");
    assert_string_equal(m.text[2],
                        "t.yaml:9: aggregation.variables.n.fil_value: unknown key, "
                        "ignored (did you mean fill_value?)");
    assert_string_equal(m.text[3], "t.yaml:14: frobnicate: unknown key, ignored");
}

static void test_no_flood(void **state)
{
    (void)state;
    static messages m;
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text, SOURCE FIELDS OUTPUT);
    for (int i = 0; i < 500; i++)
        zg_str_addf(&text, "k%d: 1\n", i);
    assert_false(text.failed);
    load_with_log(text.data, &m);
    assert_int_equal(m.n, 33);
    assert_string_equal(m.text[32], "t.yaml: and 468 more unknown keys");
    zg_str_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted),   cmocka_unit_test(test_parents),
        cmocka_unit_test(test_docs),     cmocka_unit_test(test_unknown_keys),
        cmocka_unit_test(test_no_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
