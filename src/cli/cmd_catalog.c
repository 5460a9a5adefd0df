/* zagg catalog: granules found and described, and the shard map made of them. */
#include "cli/cmd_catalog.h"

#include "cli/cli.h"
#include "cli/store_args.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} ACTIONS[] = {{"fetch", catalog_fetch},
               {"convert", catalog_convert},
               {"info", catalog_info},
               {"extract", catalog_extract}};

int main_catalog(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof ACTIONS / sizeof ACTIONS[0]; i++)
        if (strcmp(argv[1], ACTIONS[i].name) == 0)
            return ACTIONS[i].run(argc - 1, argv + 1);
    return catalog_build(argc, argv);
}

/* ---- shared ---- */

int catalog_fail(const cli_command *command, zagg_status status, const zagg_err *err)
{
    fprintf(stderr, "zagg %s: ", command->name);
    cli_print_text(stderr, err->msg);
    fputc('\n', stderr);
    return cli_exit_code(status);
}

zagg_status catalog_may_write(const char *path, bool force, zagg_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return ZAGG_OK;
    if (!S_ISREG(st.st_mode)) /* a rename would replace a device */
        return zagg_err_set(err, ZAGG_EEXISTS, "%s is no ordinary file", path);
    if (force)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_EEXISTS,
                        "%s is there already; --force to write over it", path);
}

zagg_status catalog_can_write(const char *path, zagg_err *err)
{
    zagg_catalog_writer *writer = NULL;
    ZAGG_TRY(zagg_catalog_writer_new(path, NULL, &writer, err));
    zagg_catalog_writer_abandon(writer);
    return ZAGG_OK;
}

int catalog_take_path(const cli_command *command, const char **first, const char **second,
                      const char *value)
{
    const char **slot = *first == NULL                      ? first
                        : second != NULL && *second == NULL ? second
                                                            : NULL;
    if (slot != NULL) {
        *slot = value;
        return 0;
    }
    fprintf(stderr, "zagg %s: %s: unexpected argument\n", command->name, value);
    return EXIT_USAGE;
}
