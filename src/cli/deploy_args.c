/* Options of zagg deploy. */
#include "cli/cli.h"
#include "cli/cmd_deploy.h"
#include "text/text.h"

#include <stdio.h>
#include <string.h>

enum {
    OPT_STACK = 256,
    OPT_BUCKET,
    OPT_PREFIX,
    OPT_PACKAGE,
    OPT_ARCH,
    OPT_MEMORY,
    OPT_TIMEOUT,
    OPT_DISK,
    OPT_SIZE_VARIANTS,
    OPT_FUNCTION_NAME,
    OPT_ROLE,
    OPT_OUTPUT_BUCKET,
    OPT_CREATE_OUTPUT_BUCKET,
    OPT_LOG_DAYS,
    OPT_SERVICE_ROLE,
    OPT_REGION,
    OPT_DRY_RUN,
    OPT_STATUS,
    OPT_LIST,
    OPT_ROLLBACK,
    OPT_DELETE,
    OPT_TEMPLATE,
    OPT_WAIT,
    OPT_INTERVAL,
    OPT_JSON
};

static const cli_option OPTIONS[] = {
    {OPT_STACK, "stack", "NAME", "of the CloudFormation stack (default: zagg)"},
    {OPT_BUCKET, "bucket", "NAME",
     "of packages, in the stack's region; needed for a new\nstack"},
    {OPT_PREFIX, "prefix", "KEY",
     "what keys of packages begin with (default: as the stack\nhas it, else zagg)"},
    {OPT_PACKAGE, "package", "FILE",
     "zip of `make lambda` (default:\nbuild/lambda/zagg-" ZAGG_VERSION
     "-lambda-ARCH.zip)"},
    {OPT_ARCH, "arch", "NAME",
     "arm64 or x86_64, which the package must be made for\n(default: as the package, "
     "arm64 where none is named)"},
    {OPT_MEMORY, "memory", "MB", "128 to 10240 (default of a new stack: 2048)"},
    {OPT_TIMEOUT, "timeout", "S", "seconds for a shard, 1 to 900 (720)"},
    {OPT_DISK, "disk", "MB", "of /tmp, 512 to 10240 (512)"},
    {OPT_SIZE_VARIANTS, "size-variants", "yes|no",
     "also functions of 2048, 4096 and 8192 MB, with and\nwithout more disk, for configs "
     "with `worker:` (no)"},
    {OPT_FUNCTION_NAME, "function-name", "NAME", "of the function (process-shard)"},
    {OPT_ROLE, "role", "ARN",
     "that the function runs as; `create`: one of the stack's\nown (create)"},
    {OPT_OUTPUT_BUCKET, "output-bucket", "NAME",
     "that the role of the stack may write stores into"},
    {OPT_CREATE_OUTPUT_BUCKET, "create-output-bucket", NULL,
     "make that bucket; it stays when the stack is deleted"},
    {OPT_LOG_DAYS, "log-days", "N", "until lines of the log are deleted (30)"},
    {OPT_SERVICE_ROLE, "service-role", "ARN",
     "what CloudFormation acts as (default: whoever calls)"},
    {OPT_REGION, "region", "NAME",
     "of the stack (default: AWS_REGION, the profile's,\nus-west-2)"},
    {OPT_DRY_RUN, "dry-run", NULL, "print what would be done; nothing is changed"},
    {OPT_STATUS, "status", NULL, "tell what the stack is, and what failed in it last"},
    {OPT_LIST, "list", NULL, "tell which packages and versions there are"},
    {OPT_ROLLBACK, "rollback", "VERSION",
     "go back to a package: a version's number, or a release"},
    {OPT_DELETE, "delete", NULL, "delete the stack"},
    {OPT_TEMPLATE, "template", NULL, "print the template of the stack"},
    {OPT_WAIT, "wait", "S", "wait so long at most (1800)"},
    {OPT_INTERVAL, "interval", "S", "seconds between two looks at the stack (3)"},
    {'y', "yes", NULL, "do not ask before --delete"},
    {OPT_JSON, "json", NULL, "print the result as one JSON object"},
    {'q', "quiet", NULL, "no progress, only warnings and errors"},
    {'v', "verbose", NULL, "also debugging messages"},
    {0, NULL, NULL, NULL}};

const cli_command DEPLOY_COMMAND = {
    "deploy",
    "deploy [--bucket NAME] [--status | --list | --rollback VERSION | --delete] "
    "[OPTIONS]",
    "Put the worker onto AWS Lambda: look through its package, put it into a bucket, "
    "make "
    "or\nchange a CloudFormation stack, wait for its end, publish a version of the "
    "function. What\nis not named stays as the stack has it. Exit code 0: the stack is "
    "as "
    "it was asked to be;\n1: it failed, or cannot be changed; 3: the package or the "
    "settings do not do; 4, 5:\nkeys, rights, network; 130: interrupted, while "
    "CloudFormation goes on.",
    OPTIONS,
    "  zagg deploy --bucket my-artifacts --output-bucket my-stores --dry-run\n"
    "  zagg deploy --bucket my-artifacts --output-bucket my-stores\n"
    "  zagg deploy --memory 4096\n"
    "  zagg deploy --list\n"
    "  zagg deploy --rollback 3\n"
    "  zagg deploy --delete"};

static int refuse(const char *option, const char *value, const char *allowed)
{
    fprintf(stderr, "zagg deploy: --%s: found '%s'; must be %s\n", option, value,
            allowed);
    return EXIT_USAGE;
}

/* ---- single values ---- */

static bool only(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static int take_stack(deploy_args *a, const char *value)
{
    a->opts.stack = value;
    const bool good = strlen(value) <= 128 && value[0] != '\0' &&
                      strchr(LETTERS, value[0]) != NULL &&
                      only(value, LETTERS DIGITS "-");
    return good ? 0
                : refuse("stack", value,
                         "a letter, then up to 127 letters, digits and '-'");
}

static int take_bucket(const char *option, const char *value, const char **to)
{
    *to = value;
    const size_t n = strlen(value);
    return n >= 3 && n <= 63 && only(value, "abcdefghijklmnopqrstuvwxyz" DIGITS ".-")
               ? 0
               : refuse(option, value, "the name of a bucket, without s3://");
}

static int take_prefix(deploy_args *a, const char *value)
{
    a->opts.prefix = value;
    const size_t n = strlen(value);
    const bool good = n > 0 && n <= 512 && value[0] != '/' && value[n - 1] != '/' &&
                      strstr(value, "//") == NULL && only(value, LETTERS DIGITS "-_./");
    return good ? 0
                : refuse("prefix", value,
                         "letters, digits, '-', '_', '.', and '/' between them");
}

static int take_function(deploy_args *a, const char *value)
{
    a->opts.values[ZG_PARAM_FUNCTION_NAME] = value;
    const size_t n = strlen(value);
    return n > 0 && n <= 54 && only(value, LETTERS DIGITS "-_")
               ? 0
               : refuse("function-name", value, "1 to 54 letters, digits, '-' and '_'");
}

static bool is_role(const char *value)
{
    return strncmp(value, "arn:aws", 7) == 0 && strstr(value, ":iam::") != NULL &&
           strstr(value, ":role/") != NULL;
}

static int take_role(deploy_args *a, const char *value)
{
    const bool make = strcmp(value, "create") == 0;
    if (!make && !is_role(value))
        return refuse("role", value, "create, or arn:aws:iam::ACCOUNT:role/NAME");
    a->opts.values[ZG_PARAM_CREATE_ROLE] = make ? "true" : "false";
    a->opts.values[ZG_PARAM_ROLE_ARN] = make ? "" : value;
    return 0;
}

static int take_service_role(deploy_args *a, const char *value)
{
    a->opts.service_role = value;
    return is_role(value)
               ? 0
               : refuse("service-role", value, "arn:aws:iam::ACCOUNT:role/NAME");
}

/* A number that goes on as the text that it is. */
static int take_number(deploy_args *a, zg_param which, const char *option,
                       const char *value, long long lo, long long hi)
{
    long long n;
    a->opts.values[which] = value;
    return cli_integer(&DEPLOY_COMMAND, option, value, lo, hi, &n) ? 0 : EXIT_USAGE;
}

static int take_seconds(const char *option, const char *value, double least, double *out)
{
    return zg_float_parse(value, strlen(value), out) && *out >= least && *out <= 86400
               ? 0
               : refuse(option, value, "a number of seconds, at most 86400");
}

static int take_log_days(deploy_args *a, const char *value)
{
    static const char *const DAYS[] = {"1",   "3",   "5",   "7",    "14",  "30",
                                       "60",  "90",  "120", "150",  "180", "365",
                                       "400", "545", "731", "1827", "3653"};
    a->opts.values[ZG_PARAM_LOG_DAYS] = value;
    for (size_t i = 0; i < sizeof DAYS / sizeof DAYS[0]; i++)
        if (strcmp(value, DAYS[i]) == 0)
            return 0;
    return refuse("log-days", value,
                  "one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, "
                  "1827, 3653");
}

static int take_arch(deploy_args *a, const char *value)
{
    a->arch = value;
    return strcmp(value, "arm64") == 0 || strcmp(value, "x86_64") == 0
               ? 0
               : refuse("arch", value, "arm64 or x86_64");
}

static int take_variants(deploy_args *a, const char *value)
{
    const bool yes = strcmp(value, "yes") == 0;
    a->opts.values[ZG_PARAM_VARIANTS] = yes ? "true" : "false";
    return yes || strcmp(value, "no") == 0 ? 0
                                           : refuse("size-variants", value, "yes or no");
}

/* ---- all of them ---- */

static int take_action(deploy_args *a, deploy_action action)
{
    if (a->action != DEPLOY_APPLY && a->action != action) {
        fprintf(stderr, "zagg deploy: one of --status, --list, --rollback, --delete and "
                        "--template at a time\n");
        return EXIT_USAGE;
    }
    a->action = action;
    return 0;
}

static int take_setting(deploy_args *a, int id, const char *value)
{
    switch (id) {
    case OPT_ARCH:
        return take_arch(a, value);
    case OPT_MEMORY:
        return take_number(a, ZG_PARAM_MEMORY, "memory", value, 128, 10240);
    case OPT_TIMEOUT:
        return take_number(a, ZG_PARAM_TIMEOUT, "timeout", value, 1, 900);
    case OPT_DISK:
        return take_number(a, ZG_PARAM_DISK, "disk", value, 512, 10240);
    case OPT_SIZE_VARIANTS:
        return take_variants(a, value);
    case OPT_FUNCTION_NAME:
        return take_function(a, value);
    case OPT_ROLE:
        return take_role(a, value);
    case OPT_OUTPUT_BUCKET:
        return take_bucket("output-bucket", value,
                           &a->opts.values[ZG_PARAM_OUTPUT_BUCKET]);
    case OPT_CREATE_OUTPUT_BUCKET:
        a->opts.values[ZG_PARAM_CREATE_OUTPUT_BUCKET] = "true";
        return 0;
    case OPT_LOG_DAYS:
        return take_log_days(a, value);
    default:
        fprintf(stderr, "zagg deploy: %s: not expected here; see zagg deploy --help\n",
                value);
        return EXIT_USAGE;
    }
}

static int take_flag(deploy_args *a, int id)
{
    switch (id) {
    case OPT_STATUS:
        return take_action(a, DEPLOY_STATUS);
    case OPT_LIST:
        return take_action(a, DEPLOY_LIST);
    case OPT_DELETE:
        return take_action(a, DEPLOY_DELETE);
    case OPT_TEMPLATE:
        return take_action(a, DEPLOY_TEMPLATE);
    case OPT_DRY_RUN:
        a->dry_run = true;
        return 0;
    case OPT_JSON:
        a->json = true;
        return 0;
    case 'y':
        a->yes = true;
        return 0;
    case 'q':
        a->quiet = true;
        return 0;
    case 'v':
        a->verbose = true;
        return 0;
    default:
        return CLI_DONE;
    }
}

static int take(void *user, int id, const char *value)
{
    deploy_args *a = user;
    const int flag = take_flag(a, id);
    if (flag != CLI_DONE)
        return flag;
    switch (id) {
    case OPT_STACK:
        return take_stack(a, value);
    case OPT_BUCKET:
        return take_bucket("bucket", value, &a->opts.bucket);
    case OPT_PREFIX:
        return take_prefix(a, value);
    case OPT_PACKAGE:
        a->package = value;
        return 0;
    case OPT_ROLLBACK:
        a->opts.rollback = value;
        return take_action(a, DEPLOY_ROLLBACK);
    case OPT_SERVICE_ROLE:
        return take_service_role(a, value);
    case OPT_REGION:
        a->region = value;
        return 0;
    case OPT_WAIT:
        return take_seconds("wait", value, 0, &a->patience_s);
    case OPT_INTERVAL:
        return take_seconds("interval", value, 0.01, &a->interval_s);
    default:
        return take_setting(a, id, value);
    }
}

/* What a deployment alone takes. */
static int check(const deploy_args *a)
{
    bool settings = a->package != NULL || a->arch != NULL;
    for (size_t i = 0; i < ZG_PARAM_N; i++)
        settings = settings || a->opts.values[i] != NULL;
    if (settings && a->action != DEPLOY_APPLY) {
        fprintf(stderr, "zagg deploy: settings and --package go with a deployment, not "
                        "with --status, --list, --rollback, --delete or --template\n");
        return EXIT_USAGE;
    }
    return 0;
}

int deploy_args_parse(int argc, char **argv, deploy_args *out)
{
    *out = (deploy_args){.opts.stack = "zagg", .patience_s = 1800, .interval_s = 3};
    const int code = cli_parse(&DEPLOY_COMMAND, argc, argv, take, out);
    return code != 0 ? code : check(out);
}
