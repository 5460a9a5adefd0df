/* zagg config list | show NAME [--compat zagg-0.11] */
#include "cli/cli.h"
#include "cli/options.h"
#include "zagg/config.h"

#include <stdio.h>
#include <string.h>

typedef struct config_args {
    const char *action, *name;
    zagg_compat compat;
} config_args;

enum { OPT_COMPAT = 256 };
static const cli_option OPTIONS[] = {
    {OPT_COMPAT, "compat", "VERSION",
     "zagg-0.11: the configs that version came with, as they\nwere then"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "config", "config list | show NAME [--compat VERSION]",
    "List the built-in pipeline configs, or print one as YAML to start from.", OPTIONS,
    "  zagg config show atl03_scalar_healpix > atl03.yaml\n"
    "  zagg config show atl06 --compat zagg-0.11"};

static int take(void *user, int id, const char *value)
{
    config_args *a = user;
    if (id == OPT_COMPAT) {
        if (strcmp(value, "zagg-0.11") != 0) {
            fprintf(stderr, "zagg config: --compat: %s: must be zagg-0.11\n", value);
            return EXIT_USAGE;
        }
        a->compat = ZAGG_COMPAT_0_11;
        return 0;
    }
    if (!a->action)
        a->action = value;
    else if (!a->name)
        a->name = value;
    else {
        fprintf(stderr, "zagg config: %s: unexpected argument\n", value);
        return EXIT_USAGE;
    }
    return 0;
}

static int list(zagg_compat compat)
{
    const char *const *names = zagg_config_builtin_names();
    int widest = 0;
    for (size_t i = 0; names[i]; i++)
        if ((int)strlen(names[i]) > widest)
            widest = (int)strlen(names[i]);
    for (size_t i = 0; names[i]; i++)
        if (zagg_config_builtin_compat(names[i], compat))
            printf("%-*s  %s\n", widest, names[i], zagg_config_builtin_purpose(names[i]));
    return EXIT_OK;
}

static int show(const char *name, zagg_compat compat)
{
    const char *text = zagg_config_builtin_compat(name, compat);
    if (!text) {
        const char *separator = "";
        const char *const *names = zagg_config_builtin_names();
        fprintf(stderr, "zagg config: %s: no such built-in config%s; there are ", name,
                compat == ZAGG_COMPAT_0_11 ? " in zagg 0.11" : "");
        for (size_t i = 0; names[i]; i++) {
            if (!zagg_config_builtin_compat(names[i], compat))
                continue;
            fprintf(stderr, "%s%s", separator, names[i]);
            separator = ", ";
        }
        fprintf(stderr, "\n");
        return EXIT_FAILED;
    }
    fputs(text, stdout);
    return EXIT_OK;
}

int main_config(int argc, char **argv)
{
    config_args a = {NULL, NULL, ZAGG_COMPAT_NONE};
    const int rc = cli_parse(&COMMAND, argc, argv, take, &a);
    if (rc != 0)
        return rc == CLI_DONE ? EXIT_OK : rc;
    if (a.action && strcmp(a.action, "list") == 0 && !a.name)
        return list(a.compat);
    if (a.action && strcmp(a.action, "show") == 0 && a.name)
        return show(a.name, a.compat);
    fprintf(stderr, "zagg config: write `zagg config list` or `zagg config show NAME`\n");
    return EXIT_USAGE;
}
