/* What zagg h5 ls, cat and check share. */
#ifndef ZG_CLI_CMD_H5_H
#define ZG_CLI_CMD_H5_H

#include "base/base.h"
#include "cli/options.h"
#include "text/text.h"
#include "zagg/h5.h"

int h5_ls(int argc, char **argv);
int h5_cat(int argc, char **argv);
int h5_check(int argc, char **argv);

/** A granule opened for one command. */
typedef struct h5_file {
    zagg_source *source;
    zagg_h5 *h5;
    zagg_err err;
} h5_file;
zagg_status h5_file_open(h5_file *f, const char *path);
void h5_file_close(h5_file *f);

/** Print the message of f->err behind the name of the command; the exit code for it. */
int h5_fail(const h5_file *f, const cli_command *command, zagg_status status);

/** FILE and PATH out of the positional arguments: 0, or the exit code after a line. */
int h5_take_path(const cli_command *command, const char **file, const char **path,
                 const char *value);
/** 0, or the exit code after a line that says that FILE is missing. */
int h5_need(const cli_command *command, const char *value, const char *what);

/** Append text of a file with control characters as \xNN: names may hold anything. */
void h5_add_text(zg_str *out, const char *text);
/** "100000 x 5"; "scalar" without dimensions. */
void h5_add_shape(zg_str *out, const uint64_t *dims, unsigned rank, const char *by);
/** JSON list of dimensions. */
void h5_json_dims(zg_json_out *w, const uint64_t *dims, unsigned rank);

#endif
