/* The manual page and --help tell of the same options, subcommands and exit codes. */
#include "cli/fixture.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static char *read_source(const char *name)
{
    char *text = NULL;
    size_t len = 0;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_file_read(source_path(name), 1 << 20, &text, &len, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return text;
}

/* Length of an option's name at `p`. */
static size_t name_len(const char *p)
{
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || (p[n] == '-' && n > 0))
        n++;
    return n;
}

/* Every "PREFIXname" in `text` is there as "OTHERname" in `other`, as a whole word. */
static void compare(case_report *r, const char *text, const char *prefix,
                    const char *other, const char *other_prefix)
{
    for (const char *p = text; (p = strstr(p, prefix)) != NULL; p++) {
        char name[64], wanted[80];
        const size_t n = name_len(p + strlen(prefix));
        if (n == 0 || n >= sizeof name)
            continue;
        memcpy(name, p + strlen(prefix), n);
        name[n] = '\0';
        (void)snprintf(wanted, sizeof wanted, "%s%s", other_prefix, name);
        const char *at = other;
        while ((at = strstr(at, wanted)) != NULL &&
               name_len(at + strlen(other_prefix)) != n)
            at++;
        if (at != NULL)
            case_pass(r);
        else
            case_fail(r, name, "told of in only one of --help and man/zagg.1");
    }
}

static void options(void **state)
{
    const fixture *f = *state;
    case_report r = {.set = "options"};
    char *page = read_source("man/zagg.1");
    char *help = shell_ok(
        f->dir,
        "for c in run worker deploy fetch check catalog 'catalog fetch' 'catalog "
        "convert' "
        "'catalog info' 'catalog extract' shardmap 'shardmap build' 'shardmap info' "
        "'shardmap convert' 'shardmap diff' 'shardmap subset' 'shardmap closest' status "
        "config version cell h5 'h5 ls' 'h5 cat' 'h5 check' inspect export view verify; "
        "do zagg $c --help; done; "
        "zagg --help; echo ' --version'");
    compare(&r, help, " --", page, "Fl -");
    compare(&r, page, "Fl -", help, " --");
    report_end(&r, 50);
    zg_free(help);
    zagg_bytes_free(page);
}

static void exit_codes(void **state)
{
    static const char *const CODES[] = {"\n.It 0\n",  "\n.It 1\n",     "\n.It 2\n",
                                        "\n.It 3\n",  "\n.It 4 , 5\n", "\n.It 6\n",
                                        "\n.It 130\n"};
    (void)state;
    char *page = read_source("man/zagg.1");
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++)
        if (strstr(page, CODES[i]) == NULL)
            fail_msg("man/zagg.1 does not tell of%s", CODES[i]);
    zagg_bytes_free(page);
}

static void commands(void **state)
{
    const fixture *f = *state;
    case_report r = {.set = "commands"};
    char *page = read_source("man/zagg.1");
    char *help =
        shell_ok(f->dir, "zagg --help | sed -n '/^Commands:/,/^$/s/^  \\([a-z0-9]*\\) "
                         ".*/zagg \\1 /p'");
    compare(&r, help, "zagg ", page, ".Ss zagg ");
    compare(&r, page, ".Ss zagg ", help, "zagg ");
    report_end(&r, 8);
    zg_free(help);
    zagg_bytes_free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options),
        cmocka_unit_test(exit_codes),
        cmocka_unit_test(commands),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
