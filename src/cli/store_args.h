/* What the commands share that look into stores. */
#ifndef ZG_CLI_STORE_ARGS_H
#define ZG_CLI_STORE_ARGS_H

#include "cli/net_args.h"
#include "cli/options.h"
#include "zagg/config.h"
#include "zagg/io.h"

#include <stdio.h>

/** A store and the status folder beside it. */
typedef struct cli_store {
    zagg_net *net; /* of s3:// stores, else NULL */
    zagg_sink *sink;
    zagg_sink *status; /* STORE.status; NULL where there is none */
    char *name;        /* last part of the path */
} cli_store;

/** Takes STORE, once. */
int cli_take_store(const cli_command *command, const char **path, const char *value);
/** Says that STORE is missing; the exit code. */
int cli_need_store(const cli_command *command);
/** Open what `path` names, a folder or s3://BUCKET/NAME; NOTFOUND where there is no such
 * folder. Close in any case. */
zagg_status cli_store_open(cli_store *s, const char *path, const net_args *net,
                           zagg_err *err);
void cli_store_close(cli_store *s);
/** The store of a run, heap: what was asked for, else the config's, and the product's
 * name behind it. CONFIG where there is none. */
zagg_status cli_run_store(const char *asked, const zagg_pipeline *pipeline, char **out,
                          zagg_err *err);
/** Print the error; the exit code. */
int cli_store_fail(const cli_command *command, zagg_status status, const zagg_err *err);

/** Text with its control characters as \xNN, so that a store's names cannot steer a
 * terminal. */
void cli_print_text(FILE *to, const char *text);

#endif
