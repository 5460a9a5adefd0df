/* zagg deploy: the worker onto AWS Lambda. */
#include "cli/cmd_deploy.h"

#include "cli/cli.h"
#include "deploy/template.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FAILURES = 10 };

static volatile int stop_flag;

static void on_signal(int number)
{
    zg_stop(&stop_flag);
    signal(number, SIG_DFL);
}

typedef struct deploy_session {
    deploy_args args;
    progress progress;
    zagg_net *net;
    zg_cloud cloud;
    zg_package package;
    bool has_package;
    zagg_err err;
} deploy_session;

static int fail(deploy_session *s, int code)
{
    progress_end(&s->progress);
    fprintf(stderr, "zagg deploy: %s\n", s->err.msg);
    return code;
}

/* ---- the package ---- */

static int load_package(deploy_session *s)
{
    char file[160];
    const deploy_args *a = &s->args;
    (void)snprintf(file, sizeof file, "build/lambda/zagg-%s-lambda-%s.zip", ZAGG_VERSION,
                   a->arch != NULL ? a->arch : "arm64");
    const zagg_status status =
        zg_package_load(a->package != NULL ? a->package : file, a->arch, ZAGG_VERSION,
                        &s->package, &s->err);
    if (status == ZAGG_OK) {
        s->has_package = true;
        s->args.opts.package = &s->package;
        return EXIT_OK;
    }
    if (status == ZAGG_ENOTFOUND && a->package == NULL)
        zagg_err_set(&s->err, status,
                     "there is no %s: make it (make lambda), or name the package "
                     "(--package)",
                     file);
    return cli_load_code(status);
}

/* ---- deployments and rollbacks ---- */

/* A dry run tells what it can without an account. */
static zagg_status make_plan(deploy_session *s, zg_deploy_plan *plan, zagg_err *why,
                             bool *offline)
{
    const zg_deploy_opts *o = &s->args.opts;
    const zagg_status status = zg_deploy_plan_make(&s->cloud, o, false, plan, &s->err);
    *offline = s->args.dry_run && o->package != NULL &&
               (status == ZAGG_EAUTH || status == ZAGG_EHTTP || status == ZAGG_EIO);
    if (!*offline)
        return status;
    *why = s->err;
    return zg_deploy_plan_make(&s->cloud, o, true, plan, &s->err);
}

/* A stack that came to rest elsewhere is no fault of the network. */
static int failed_code(const zg_deployed *d, zagg_status status)
{
    const bool at_rest = d != NULL && d->stack.status != NULL &&
                         d->stack.status[0] != '\0' && !zg_stack_is_busy(d->stack.status);
    return at_rest && status == ZAGG_EHTTP ? EXIT_FAILED : cli_exit_code(status);
}

static int report(deploy_session *s, const deploy_report *r, zagg_status status)
{
    zagg_err own = ZAGG_ERR_INIT;
    progress_end(&s->progress);
    if (s->args.json && deploy_print_json(r, &own) != ZAGG_OK) {
        s->err = own;
        return fail(s, EXIT_FAILED);
    }
    if (status != ZAGG_OK)
        return fail(s, failed_code(r->deployed, status));
    if (!s->args.json && r->deployed != NULL)
        deploy_print_done(r);
    return EXIT_OK;
}

static int deploy(deploy_session *s)
{
    zg_deploy_plan plan;
    zg_deployed deployed = {.nothing = false};
    zagg_err why = ZAGG_ERR_INIT;
    bool offline = false;
    zagg_status status = make_plan(s, &plan, &why, &offline);
    if (status != ZAGG_OK)
        return fail(s, cli_exit_code(status));
    deploy_report r = {.args = &s->args,
                       .region = s->cloud.region,
                       .plan = &plan,
                       .package = s->args.opts.package,
                       .not_asked = offline ? why.msg : NULL};
    if (!s->args.json) {
        deploy_print_plan(&r);
        fflush(stdout);
    }
    if (!s->args.dry_run) {
        status = zg_deploy_plan_apply(&s->cloud, &s->args.opts, &plan, s->args.patience_s,
                                      &deployed, &s->err);
        r.deployed = &deployed;
        r.error = status == ZAGG_OK ? NULL : s->err.msg;
    }
    const int code = report(s, &r, status);
    zg_stack_free(&deployed.stack);
    zg_deploy_plan_free(&plan);
    return code;
}

/* ---- the other things ---- */

static bool confirmed(const deploy_session *s, const zg_stack *stack)
{
    char answer[16] = "";
    if (s->args.yes)
        return true;
    if (!isatty(STDIN_FILENO))
        return false;
    fprintf(stderr, "Delete stack %s (%s)? [y/N] ", stack->name, stack->id);
    fflush(stderr);
    if (fgets(answer, sizeof answer, stdin) == NULL)
        answer[0] = '\0';
    answer[strcspn(answer, "\r\n")] = '\0';
    return strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0;
}

/* What is left behind, and costs a little. */
static void print_left(const zg_stack *stack)
{
    const char *bucket =
        zg_pair_get(&stack->params, zg_param_names[ZG_PARAM_ARTIFACT_BUCKET]);
    const char *make =
        zg_pair_get(&stack->params, zg_param_names[ZG_PARAM_CREATE_OUTPUT_BUCKET]);
    const char *output = zg_pair_get(&stack->outputs, "OutputBucket");
    if (bucket != NULL)
        printf("  packages stay in s3://%s\n", bucket);
    if (make != NULL && strcmp(make, "true") == 0 && output != NULL)
        printf("  stores stay in s3://%s\n", output);
}

static int delete_stack(deploy_session *s, const zg_stack *stack)
{
    zg_deployed deployed;
    if (s->args.dry_run) {
        printf("Stack %s in %s: to be deleted (%s)\n", stack->name, s->cloud.region,
               stack->status);
        print_left(stack);
        return EXIT_OK;
    }
    if (!confirmed(s, stack)) {
        zagg_err_set(&s->err, ZAGG_ECANCELLED,
                     "stack %s was not deleted: --yes says that it may be", stack->name);
        return fail(s, EXIT_FAILED);
    }
    const zagg_status status =
        zg_deploy_delete(&s->cloud, stack, s->args.opts.service_role, s->args.patience_s,
                         &deployed, &s->err);
    if (status == ZAGG_OK && !s->args.json) {
        printf("Stack %s: deleted after %.0f s\n", stack->name, deployed.elapsed_s);
        print_left(stack);
    } else if (status == ZAGG_OK) {
        printf(
            "{\"stack\": \"%s\", \"region\": \"%s\", \"status\": \"DELETE_COMPLETE\"}\n",
            stack->name, s->cloud.region);
    }
    const int code =
        status == ZAGG_OK ? EXIT_OK : fail(s, failed_code(&deployed, status));
    zg_stack_free(&deployed.stack);
    return code;
}

static bool ended_badly(const char *status)
{
    return strstr(status, "FAILED") != NULL || strstr(status, "ROLLBACK") != NULL;
}

/* The last things that failed, oldest first; those that were only given up do not tell.
 */
static void keep_failures(zg_vec *events)
{
    size_t n = 0;
    for (size_t i = 0; i < events->len; i++) {
        zg_stack_event *e = ZG_VEC_AT(events, zg_stack_event, i);
        const size_t len = strlen(e->status);
        const bool failed = len > 7 && strcmp(e->status + len - 7, "_FAILED") == 0 &&
                            strstr(e->reason, "cancelled") == NULL;
        if (failed) {
            const zg_stack_event kept = *e;
            *e = *ZG_VEC_AT(events, zg_stack_event, n);
            *ZG_VEC_AT(events, zg_stack_event, n++) = kept;
        }
    }
    for (size_t i = n; i < events->len; i++)
        zg_stack_event_free(ZG_VEC_AT(events, zg_stack_event, i));
    events->len = n;
    for (size_t i = 0; n > MAX_FAILURES && i < n - MAX_FAILURES; i++)
        zg_stack_event_free(ZG_VEC_AT(events, zg_stack_event, i));
    if (n > MAX_FAILURES) {
        memmove(events->data, ZG_VEC_AT(events, zg_stack_event, n - MAX_FAILURES),
                MAX_FAILURES * sizeof(zg_stack_event));
        events->len = MAX_FAILURES;
    }
}

static int show_status(deploy_session *s, const zg_stack *stack)
{
    zg_vec failures;
    const bool bad = ended_badly(stack->status);
    zagg_status status = ZAGG_OK;
    zg_vec_init(&failures, sizeof(zg_stack_event), 0);
    if (bad)
        status = zg_stack_events_since(&s->cloud, stack->id, "", &failures, &s->err);
    if (status == ZAGG_OK) {
        keep_failures(&failures);
        status =
            deploy_print_stack(stack, s->cloud.region, &failures, s->args.json, &s->err);
        zg_stack_events_free(&failures);
    }
    if (status != ZAGG_OK)
        return fail(s, cli_exit_code(status));
    return bad ? EXIT_FAILED : EXIT_OK;
}

static zagg_status list_versions(deploy_session *s, deploy_listing *l)
{
    const char *function =
        l->stack != NULL
            ? zg_pair_get(&l->stack->params, zg_param_names[ZG_PARAM_FUNCTION_NAME])
            : NULL;
    if (function == NULL)
        return ZAGG_OK;
    const zagg_status status =
        zg_versions_list(&s->cloud, function, &l->versions, &s->err);
    return status == ZAGG_ENOTFOUND ? ZAGG_OK : status;
}

static int show_list(deploy_session *s, const zg_stack *stack)
{
    const char *key =
        stack != NULL ? zg_pair_get(&stack->params, zg_param_names[ZG_PARAM_FUNCTION_KEY])
                      : NULL;
    char release[ZG_RELEASE_MAX], sha256[65], prefix[600] = "zagg";
    size_t len;
    deploy_listing l = {.stack = stack, .bucket = s->args.opts.bucket};
    if (l.bucket == NULL && stack != NULL)
        l.bucket = zg_pair_get(&stack->params, zg_param_names[ZG_PARAM_ARTIFACT_BUCKET]);
    if (l.bucket == NULL) {
        zagg_err_set(&s->err, ZAGG_ECONFIG,
                     "there is no stack %s: name the bucket of packages (--bucket)",
                     s->args.opts.stack);
        return fail(s, EXIT_CONFIG);
    }
    if (key != NULL && zg_release_of_key(key, release, sha256, &len) && len > 0)
        (void)snprintf(prefix, sizeof prefix, "%.*s", (int)len, key);
    l.prefix = s->args.opts.prefix != NULL ? s->args.opts.prefix : prefix;
    zagg_status status =
        zg_releases_list(&s->cloud, l.bucket, l.prefix, &l.releases, &s->err);
    if (status == ZAGG_OK)
        status = list_versions(s, &l);
    if (status == ZAGG_OK)
        status = deploy_print_list(&l, s->args.json, &s->err);
    zg_vec_free(&l.releases);
    zg_vec_free(&l.versions);
    return status == ZAGG_OK ? EXIT_OK : fail(s, cli_exit_code(status));
}

static int on_stack(deploy_session *s)
{
    zg_stack stack;
    const bool list = s->args.action == DEPLOY_LIST;
    const zagg_status status =
        zg_stack_describe(&s->cloud, s->args.opts.stack, &stack, &s->err);
    if (status == ZAGG_ENOTFOUND && list)
        return show_list(s, NULL);
    if (status != ZAGG_OK)
        return fail(s, cli_exit_code(status));
    const int code = list                              ? show_list(s, &stack)
                     : s->args.action == DEPLOY_DELETE ? delete_stack(s, &stack)
                                                       : show_status(s, &stack);
    zg_stack_free(&stack);
    return code;
}

/* ---- the program ---- */

static int with_cloud(deploy_session *s)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    const zagg_net_opts opts = {
        .region = s->args.region, .stop = &stop_flag, .log = s->progress.log};
    zagg_status status = zagg_net_new(&opts, &s->net, &s->err);
    if (status == ZAGG_OK)
        status = zg_cloud_open(s->net, s->progress.log, &stop_flag, s->args.interval_s,
                               &s->cloud, &s->err);
    if (status != ZAGG_OK)
        return fail(s, cli_exit_code(status));
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    const int code = s->args.action == DEPLOY_APPLY || s->args.action == DEPLOY_ROLLBACK
                         ? deploy(s)
                         : on_stack(s);
    zg_cloud_close(&s->cloud);
    return code;
}

static int print_template(void)
{
    for (size_t i = 0; zg_deploy_template_parts[i] != NULL; i++)
        fputs(zg_deploy_template_parts[i], stdout);
    return EXIT_OK;
}

int main_deploy(int argc, char **argv)
{
    deploy_session s = {.err = ZAGG_ERR_INIT};
    int code = deploy_args_parse(argc, argv, &s.args);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    if (s.args.action == DEPLOY_TEMPLATE)
        return print_template();
    if (progress_init(&s.progress, s.args.quiet, s.args.verbose, false, &s.err) !=
        ZAGG_OK) {
        fprintf(stderr, "zagg deploy: %s\n", s.err.msg);
        return EXIT_FAILED;
    }
    code = s.args.action == DEPLOY_APPLY ? load_package(&s) : EXIT_OK;
    code = code == EXIT_OK ? with_cloud(&s) : fail(&s, code);
    zagg_net_free(s.net);
    progress_free(&s.progress);
    if (s.has_package)
        zg_package_free(&s.package);
    return code;
}
