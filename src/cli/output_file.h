/* A file that a command writes: there is a whole one, or none. */
#ifndef ZG_CLI_OUTPUT_FILE_H
#define ZG_CLI_OUTPUT_FILE_H

#include "zagg/status.h"

#include <stdio.h>

/** Writes all of it into `file`; `user` is the caller's. */
typedef zagg_status (*cli_write_fn)(void *user, FILE *file, zagg_err *err);

/** What `write` writes goes into a file beside `path`, which takes its name when it is
 * whole and on the disk, and goes when anything fails. IO, NOMEM, or what `write` says.
 */
zagg_status cli_output_write(const char *path, cli_write_fn write, void *user,
                             zagg_err *err);

/** IO, with what errno says of `path`. */
zagg_status cli_output_cannot(const char *what, const char *path, zagg_err *err);

#endif
