/* What the files of zagg check share. */
#ifndef ZG_CLI_CHECK_H
#define ZG_CLI_CHECK_H

#include "cli/net_args.h"
#include "text/text.h"
#include "zagg/net.h"
#include "zagg/run.h"

typedef struct check {
    const char *config, *catalog, *granule, *store, *driver;
    net_args net_args;
    bool json, verbose, latitude_given;
    zagg_latitude latitude;
    zagg_log *log;
    zagg_pipeline *pipeline; /* NULL: none was given, or it is wrong; also below */
    zagg_grid *grid;
    zagg_worker *worker;
    zagg_shardmap *map;
    zagg_net *net;
    char *store_path; /* with what the config puts behind it */
    int code;         /* of the first failure */
    zg_str text;
    zg_json_out w;
} check;

/** Tell how one of the things that are tried went; `code` is the exit code for it. */
void check_ok(check *c, const char *what, const char *text);
void check_failed(check *c, const char *what, int code, const zagg_err *why);
/** What else to do about an error, where its text does not say; NULL. Static text. */
const char *check_hint(const zagg_err *why);

/** The engine, made when first needed. */
zagg_status check_open_net(check *c, zagg_err *err);
/** Exit code of an error about something behind a network. */
int check_remote_code(zagg_status status);

/* One each; what was not asked for is left out. */
void check_config(check *c);
void check_catalog(check *c); /* its grid and latitude, too */
void check_granule(check *c);
void check_store(check *c); /* its disk, too */

#endif
