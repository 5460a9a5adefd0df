/* docs/expressions.md names every function, and none that is not there. */
#include "expr/fn.h"
#include "support/support.h"

#include <string.h>

/* The text between two headings. */
static char *section(char *page, const char *from, const char *to)
{
    char *start = strstr(page, from);
    assert_non_null(start);
    char *end = strstr(start, to);
    assert_non_null(end);
    *end = '\0';
    return start;
}

/* `name` or `name(...)` */
static bool is_named(const char *text, const char *name)
{
    const size_t len = strlen(name);
    for (const char *at = text; (at = strchr(at, '`')) != NULL; at++)
        if (strncmp(at + 1, name, len) == 0 && (at[len + 1] == '`' || at[len + 1] == '('))
            return true;
    return false;
}

/* Words in backticks that could be functions. */
static void check_words(const char *text)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    for (const char *at = text; (at = strchr(at, '`')) != NULL;) {
        const size_t len = strspn(++at, LETTERS);
        if (len > 1 && (at[len] == '`' || at[len] == '(') && !zx_find_fn(at, len))
            fail_msg("docs/expressions.md: %.*s is no function", (int)len, at);
        at = strchr(at, '`');
        assert_non_null(at++);
    }
}

static void test_documented(void **state)
{
    char *page;
    size_t n;
    (void)state;
    assert_int_equal(zagg_file_read(source_path("docs/expressions.md"), (size_t)1 << 20,
                                    &page, &n, NULL),
                     ZAGG_OK);
    char *all = section(page, "## Functions", "## Limits");
    check_words(all);
    for (size_t t = 0; t < ZX_N_TABLES; t++)
        for (const zx_fn *fn = ZX_TABLES[t]; fn->name; fn++)
            if (!is_named(all, fn->name))
                fail_msg("docs/expressions.md lacks %s", fn->name);
    char *methods = section(all, "Methods are", "**Tier 2");
    for (size_t t = 0; t < ZX_N_TABLES; t++)
        for (const zx_fn *fn = ZX_TABLES[t]; fn->name; fn++)
            if (is_named(methods, fn->name) != fn->method)
                fail_msg("docs/expressions.md: method %s", fn->name);
    zagg_bytes_free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_documented)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
