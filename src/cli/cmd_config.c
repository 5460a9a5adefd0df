/* zagg config list | show NAME */
#include "cli/cli.h"
#include "cli/options.h"
#include "zagg/config.h"

#include <stdio.h>
#include <string.h>

typedef struct config_args {
    const char *action, *name;
} config_args;

static const cli_option OPTIONS[] = {{0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "config", "config list | show NAME",
    "List the built-in pipeline configs, or print one as YAML to start from.", OPTIONS,
    "  zagg config show atl03_scalar_healpix > atl03.yaml"};

static int take(void *user, int id, const char *value)
{
    config_args *a = user;
    (void)id;
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

static int show(const char *name)
{
    const char *text = zagg_config_builtin(name);
    if (!text) {
        fprintf(stderr, "zagg config: %s: no such built-in config; there are", name);
        const char *const *names = zagg_config_builtin_names();
        for (size_t i = 0; names[i]; i++)
            fprintf(stderr, "%s %s", i ? "," : "", names[i]);
        fprintf(stderr, "\n");
        return EXIT_FAILED;
    }
    fputs(text, stdout);
    return EXIT_OK;
}

int main_config(int argc, char **argv)
{
    config_args a = {NULL, NULL};
    const int rc = cli_parse(&COMMAND, argc, argv, take, &a);
    if (rc != 0)
        return rc == CLI_DONE ? EXIT_OK : rc;
    if (a.action && strcmp(a.action, "list") == 0 && !a.name) {
        const char *const *names = zagg_config_builtin_names();
        for (size_t i = 0; names[i]; i++)
            printf("%s\n", names[i]);
        return EXIT_OK;
    }
    if (a.action && strcmp(a.action, "show") == 0 && a.name)
        return show(a.name);
    fprintf(stderr, "zagg config: write `zagg config list` or `zagg config show NAME`\n");
    return EXIT_USAGE;
}
