/* What a stack has, what it is to have, and what is sent. */
#include "deploy/deploy.h"
#include "deploy/template.h"

#include <stdio.h>
#include <string.h>

const char *const zg_param_names[ZG_PARAM_N] = {
    "FunctionName",        "Architecture",
    "ArtifactBucket",      "FunctionS3Key",
    "OutputBucketName",    "CreateOutputBucket",
    "CreateExecutionRole", "ExecutionRoleArn",
    "MemorySize",          "Timeout",
    "EphemeralStorage",    "SizeVariants",
    "LogRetentionDays"};

#define DEFAULT_PREFIX "zagg"

char *zg_deploy_template(void)
{
    zg_str text;
    zg_str_init(&text, 0);
    for (size_t i = 0; zg_deploy_template_parts[i] != NULL; i++)
        zg_str_add(&text, zg_deploy_template_parts[i]);
    return zg_str_take(&text);
}

static void change_free(zg_change *c)
{
    zg_free(c->name);
    zg_free(c->before);
    zg_free(c->after);
}

void zg_deploy_plan_free(zg_deploy_plan *p)
{
    for (size_t i = 0; i < p->changes.len; i++)
        change_free(ZG_VEC_AT(&p->changes, zg_change, i));
    zg_vec_free(&p->changes);
    if (p->exists)
        zg_stack_free(&p->stack);
    zg_free(p->bucket);
    zg_free(p->prefix);
    zg_free(p->key);
    zg_free(p->body);
    *p = (zg_deploy_plan){.exists = false};
}

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a plan");
}

/* ---- the stack as it is ---- */

/* Can it be changed? Else: what to do about it. */
static zagg_status check_state(const zg_stack *s, zagg_err *err)
{
    if (zg_stack_is_busy(s->status) && strcmp(s->status, "REVIEW_IN_PROGRESS") != 0)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "stack %s is being changed (%s): wait for its end (zagg deploy "
            "--status)",
            s->name, s->status);
    if (strcmp(s->status, "UPDATE_ROLLBACK_FAILED") == 0)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "stack %s is %s: continue its rollback in the console of "
                            "CloudFormation, or delete it (zagg deploy --delete)",
                            s->name, s->status);
    static const char *const DEAD[] = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED",
                                       "CREATE_FAILED", "DELETE_FAILED",
                                       "REVIEW_IN_PROGRESS"};
    for (size_t i = 0; i < sizeof DEAD / sizeof DEAD[0]; i++)
        if (strcmp(s->status, DEAD[i]) == 0)
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "stack %s is %s and cannot be changed: delete it (zagg "
                                "deploy --delete), then deploy again",
                                s->name, s->status);
    return ZAGG_OK;
}

static zagg_status look_at_stack(zg_cloud *cloud, const zg_deploy_opts *o,
                                 zg_deploy_plan *p, zagg_err *err)
{
    const zagg_status status = zg_stack_describe(cloud, o->stack, &p->stack, err);
    if (status == ZAGG_ENOTFOUND && o->package != NULL)
        return ZAGG_OK;
    ZAGG_TRY(status);
    p->exists = true;
    return check_state(&p->stack, err);
}

static const char *had(const zg_deploy_plan *p, zg_param which)
{
    return p->exists ? zg_pair_get(&p->stack.params, zg_param_names[which]) : NULL;
}

/* ---- where packages are ---- */

static char *prefix_of_stack(const zg_deploy_plan *p)
{
    char release[ZG_RELEASE_MAX], sha256[65];
    size_t len;
    const char *key = had(p, ZG_PARAM_FUNCTION_KEY);
    if (key != NULL && zg_release_of_key(key, release, sha256, &len) && len > 0)
        return zg_strndup(key, len);
    return zg_strdup(DEFAULT_PREFIX);
}

static zagg_status settle_place(const zg_deploy_opts *o, zg_deploy_plan *p, zagg_err *err)
{
    const char *bucket = o->bucket != NULL ? o->bucket : had(p, ZG_PARAM_ARTIFACT_BUCKET);
    if (bucket == NULL)
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "there is no stack %s yet: name the bucket that its package is "
            "put into (--bucket)",
            o->stack);
    p->bucket = zg_strdup(bucket);
    p->prefix = o->prefix != NULL ? zg_strdup(o->prefix) : prefix_of_stack(p);
    return p->bucket != NULL && p->prefix != NULL ? ZAGG_OK : no_memory(err);
}

/* ---- the release ---- */

static bool is_number(const char *text)
{
    return text[0] != '\0' && strlen(text) < 12 &&
           strspn(text, "0123456789") == strlen(text);
}

/* Hash of the package of a published version. */
static zagg_status hash_of_version(zg_cloud *cloud, const zg_deploy_plan *p,
                                   const char *number, char sha256[65], zagg_err *err)
{
    zg_vec versions;
    const char *function = had(p, ZG_PARAM_FUNCTION_NAME);
    if (function == NULL)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "stack %s has no FunctionName: it is not zagg's",
                            p->stack.name);
    ZAGG_TRY(zg_versions_list(cloud, function, &versions, err));
    sha256[0] = '\0';
    for (size_t i = 0; i < versions.len; i++) {
        const zg_version *v = ZG_VEC_AT(&versions, zg_version, i);
        if (strcmp(v->number, number) == 0)
            memcpy(sha256, v->sha256, sizeof v->sha256);
    }
    zg_vec_free(&versions);
    return sha256[0] != '\0'
               ? ZAGG_OK
               : zagg_err_set(
                     err, ZAGG_ENOTFOUND,
                     "%s has no version %s; zagg deploy --list tells which there "
                     "are",
                     function, number);
}

static zagg_status find_release(zg_cloud *cloud, const zg_deploy_opts *o,
                                zg_deploy_plan *p, zagg_err *err)
{
    char sha256[65] = "";
    zg_vec releases;
    if (is_number(o->rollback))
        ZAGG_TRY(hash_of_version(cloud, p, o->rollback, sha256, err));
    ZAGG_TRY(zg_releases_list(cloud, p->bucket, p->prefix, &releases, err));
    for (size_t i = 0; i < releases.len; i++) {
        const zg_release *r = ZG_VEC_AT(&releases, zg_release, i);
        if (sha256[0] ? strcmp(r->sha256, sha256) == 0
                      : strcmp(r->name, o->rollback) == 0) {
            memcpy(p->release, r->name, sizeof p->release);
            memcpy(p->sha256, r->sha256, sizeof p->sha256);
        }
    }
    zg_vec_free(&releases);
    if (p->release[0] != '\0')
        return ZAGG_OK;
    return zagg_err_set(
        err, ZAGG_ENOTFOUND,
        "the package of %s is not in s3://%s/%s; zagg deploy --list tells "
        "which there are",
        o->rollback, p->bucket, p->prefix);
}

static zagg_status settle_release(zg_cloud *cloud, const zg_deploy_opts *o, bool offline,
                                  zg_deploy_plan *p, zagg_err *err)
{
    char key[1200];
    if (o->package == NULL) {
        ZAGG_TRY(find_release(cloud, o, p, err));
        p->object_there = true;
    } else {
        memcpy(p->release, o->package->release, sizeof p->release);
        memcpy(p->sha256, o->package->sha256, sizeof p->sha256);
        if (!offline)
            ZAGG_TRY(zg_release_is_there(cloud, p->bucket, p->prefix, o->package,
                                         &p->object_there, err));
    }
    if (!zg_release_key(p->prefix, p->release, p->sha256, key, sizeof key))
        return zagg_err_set(err, ZAGG_ECONFIG, "the prefix of packages is too long");
    p->key = zg_strdup(key);
    return p->key != NULL ? ZAGG_OK : no_memory(err);
}

/* "VERSION-ARCH-HASH". */
static const char *arch_of_release(const char *release)
{
    return strstr(release, "-x86_64-") != NULL ? "x86_64" : "arm64";
}

/* ---- parameters ---- */

static zagg_status note_change(zg_deploy_plan *p, const char *name, const char *before,
                               const char *after, zagg_err *err)
{
    zg_change *c = zg_vec_push(&p->changes);
    if (c == NULL)
        return no_memory(err);
    c->name = zg_strdup(name);
    c->before = before != NULL ? zg_strdup(before) : NULL;
    c->after = zg_strdup(after);
    return c->name != NULL && c->after != NULL && (before == NULL || c->before != NULL)
               ? ZAGG_OK
               : no_memory(err);
}

/* What is asked for; NULL: the stack keeps its own, or takes the template's. */
static const char *wanted(const zg_deploy_opts *o, const zg_deploy_plan *p,
                          zg_param which)
{
    switch (which) {
    case ZG_PARAM_ARTIFACT_BUCKET:
        return p->bucket;
    case ZG_PARAM_FUNCTION_KEY:
        return p->key;
    case ZG_PARAM_ARCHITECTURE:
        return o->package != NULL ? o->package->arch : arch_of_release(p->release);
    default:
        return o->values[which];
    }
}

static zagg_status settle_params(const zg_deploy_opts *o, zg_deploy_plan *p,
                                 zagg_err *err)
{
    for (size_t i = 0; i < ZG_PARAM_N; i++) {
        const char *before = had(p, (zg_param)i), *after = wanted(o, p, (zg_param)i);
        if (after == NULL && before == NULL)
            continue;
        p->params[p->n_params++] =
            (zg_stack_param){.key = zg_param_names[i], .value = after ? after : before};
        if (after != NULL && (before == NULL || strcmp(before, after) != 0))
            ZAGG_TRY(note_change(p, zg_param_names[i], before, after, err));
    }
    return ZAGG_OK;
}

/* ---- the template ---- */

/* Only an answer tells: who may not ask is not told of a difference. */
static zagg_status settle_template(zg_cloud *cloud, const zg_deploy_opts *o,
                                   zg_deploy_plan *p, zagg_err *err)
{
    char *now = NULL;
    if (o->package == NULL) /* a rollback is of the package, and of nothing else */
        return ZAGG_OK;
    p->body = zg_deploy_template();
    if (p->body == NULL)
        return no_memory(err);
    if (!p->exists)
        return ZAGG_OK;
    zagg_err asked = ZAGG_ERR_INIT;
    if (zg_stack_template(cloud, o->stack, &now, &asked) != ZAGG_OK) {
        zagg_log_write(cloud->log, ZAGG_LOG_DEBUG,
                       "The stack's template is not known: %s", asked.msg);
        return ZAGG_OK;
    }
    p->template_differs = strcmp(now, p->body) != 0;
    zg_free(now);
    return p->template_differs
               ? note_change(p, "template", "another", "this program's", err)
               : ZAGG_OK;
}

zagg_status zg_deploy_plan_make(zg_cloud *cloud, const zg_deploy_opts *opts, bool offline,
                                zg_deploy_plan *out, zagg_err *err)
{
    zg_deploy_plan p = {.exists = false};
    zg_vec_init(&p.changes, sizeof(zg_change), 0);
    zagg_status status = offline ? ZAGG_OK : look_at_stack(cloud, opts, &p, err);
    if (status == ZAGG_OK)
        status = settle_place(opts, &p, err);
    if (status == ZAGG_OK)
        status = settle_release(cloud, opts, offline, &p, err);
    if (status == ZAGG_OK)
        status = settle_params(opts, &p, err);
    if (status == ZAGG_OK)
        status = settle_template(cloud, opts, &p, err);
    if (status == ZAGG_OK)
        *out = p;
    else
        zg_deploy_plan_free(&p);
    return status;
}
