/* The parts of zagg catalog. */
#ifndef ZG_CLI_CMD_CATALOG_H
#define ZG_CLI_CMD_CATALOG_H

#include "cli/options.h"
#include "zagg/catalog.h"

int catalog_build(int argc, char **argv);
int catalog_fetch(int argc, char **argv);
int catalog_extract(int argc, char **argv);
int catalog_convert(int argc, char **argv);
int catalog_info(int argc, char **argv);

/** Write the catalog anew, with the cells of its footprints. */
zagg_status catalog_index(const char *path, unsigned order, zagg_err *err);

/** Print "zagg NAME: message"; the exit code. Control characters become \xNN. */
int catalog_fail(const cli_command *command, zagg_status status, const zagg_err *err);
/** Whether `path` may be written: EXISTS where a file is there and `force` is not, or
 * something that is no ordinary file. */
zagg_status catalog_may_write(const char *path, bool force, zagg_err *err);
/** Whether a catalog can be written there: its form is known, and the folder is there.
 */
zagg_status catalog_can_write(const char *path, zagg_err *err);
/** Two positional arguments, one after the other; NULL slots are not there. */
int catalog_take_path(const cli_command *command, const char **first, const char **second,
                      const char *value);

#endif
