/* The command line of zagg deploy, and what it prints. */
#ifndef ZG_CLI_CMD_DEPLOY_H
#define ZG_CLI_CMD_DEPLOY_H

#include "cli/options.h"
#include "cli/progress.h"
#include "deploy/deploy.h"

typedef enum deploy_action {
    DEPLOY_APPLY = 0,
    DEPLOY_ROLLBACK,
    DEPLOY_DELETE,
    DEPLOY_STATUS,
    DEPLOY_LIST,
    DEPLOY_TEMPLATE
} deploy_action;

typedef struct deploy_args {
    deploy_action action;
    const char *package, *arch, *region;
    zg_deploy_opts opts;
    double patience_s, interval_s;
    bool dry_run, yes, json, quiet, verbose;
} deploy_args;

extern const cli_command DEPLOY_COMMAND;

/** 0, CLI_DONE after --help, or the exit code after a line about what is wrong. */
int deploy_args_parse(int argc, char **argv, deploy_args *out);

/* ---- what is printed on stdout ---- */

/** What a deployment or rollback was going to do, and what became of it. */
typedef struct deploy_report {
    const deploy_args *args;
    const char *region;
    const zg_deploy_plan *plan;
    const zg_package *package;   /* NULL: a rollback */
    const zg_deployed *deployed; /* NULL: nothing was done */
    const char *not_asked;       /* why a dry run knows nothing of the account; or NULL */
    const char *error;           /* or NULL */
} deploy_report;
void deploy_print_plan(const deploy_report *r);
void deploy_print_done(const deploy_report *r);
/** Both as one JSON object. NOMEM. */
zagg_status deploy_print_json(const deploy_report *r, zagg_err *err);

/** A stack, and what last failed in it (zg_stack_event; may be empty). */
zagg_status deploy_print_stack(const zg_stack *stack, const char *region,
                               const zg_vec *failures, bool json, zagg_err *err);

/** What there is to go back to. `stack`: NULL where there is none. */
typedef struct deploy_listing {
    const zg_stack *stack;
    const char *bucket, *prefix;
    zg_vec releases, versions; /* zg_release, zg_version */
} deploy_listing;
zagg_status deploy_print_list(const deploy_listing *list, bool json, zagg_err *err);

#endif
