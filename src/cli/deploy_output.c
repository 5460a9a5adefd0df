/* What zagg deploy prints: plans, results, stacks, lists. */
#include "cli/cli.h"
#include "cli/cmd_deploy.h"
#include "text/text.h"

#include <stdio.h>
#include <string.h>

static void line(const char *name, const char *value)
{
    printf("  %-22s%s\n", name, value);
}

/* ---- plans ---- */

static void print_package(const deploy_report *r)
{
    const zg_package *p = r->package;
    char zipped[32], unpacked[32];
    if (p != NULL)
        printf("  %-22s%s: %s, %s zipped, %s unpacked\n", "package", p->file, p->arch,
               cli_bytes(p->len, zipped), cli_bytes(p->unpacked, unpacked));
    line("release", r->plan->release);
    printf("  %-22ss3://%s/%s%s\n", "object", r->plan->bucket, r->plan->key,
           r->plan->object_there ? " (there already)" : "");
}

static void print_change(const zg_deploy_plan *p, const zg_change *c)
{
    if (!p->exists)
        line(c->name, c->after[0] ? c->after : "''");
    else
        printf("  %-22s%s -> %s\n", c->name,
               c->before == NULL ? "(none)"
               : c->before[0]    ? c->before
                                 : "''",
               c->after[0] ? c->after : "''");
}

static const char *value_of(const zg_deploy_plan *p, zg_param which)
{
    const char *name = zg_param_names[which];
    for (size_t i = 0; i < p->n_params; i++)
        if (strcmp(p->params[i].key, name) == 0)
            return p->params[i].value;
    return NULL;
}

/* A role that may write nowhere is seldom meant. */
static bool writes_nowhere(const zg_deploy_plan *p)
{
    const char *bucket = value_of(p, ZG_PARAM_OUTPUT_BUCKET);
    const char *make = value_of(p, ZG_PARAM_CREATE_OUTPUT_BUCKET);
    const char *role = value_of(p, ZG_PARAM_CREATE_ROLE);
    return (bucket == NULL || bucket[0] == '\0') &&
           (make == NULL || strcmp(make, "true") != 0) &&
           (role == NULL || strcmp(role, "false") != 0);
}

void deploy_print_plan(const deploy_report *r)
{
    const zg_deploy_plan *p = r->plan;
    if (p->exists)
        printf("Stack %s in %s: to be changed (%s since %s)\n", r->args->opts.stack,
               r->region, p->stack.status, p->stack.changed);
    else
        printf("Stack %s in %s: to be made\n", r->args->opts.stack, r->region);
    if (r->not_asked != NULL)
        printf("  (the account was not asked: %s)\n", r->not_asked);
    print_package(r);
    for (size_t i = 0; i < p->changes.len; i++)
        print_change(p, ZG_VEC_AT(&p->changes, zg_change, i));
    if (p->exists && p->changes.len == 0)
        printf("  nothing changes\n");
    if (writes_nowhere(p))
        printf(
            "  no --output-bucket: the role of the function may write into no bucket\n");
}

void deploy_print_done(const deploy_report *r)
{
    const zg_deployed *d = r->deployed;
    const zg_vec *outputs = &d->stack.outputs;
    if (d->nothing)
        printf("Stack %s: %s, as it was\n", r->args->opts.stack, d->stack.status);
    else
        printf("Stack %s: %s after %.0f s\n", r->args->opts.stack, d->stack.status,
               d->elapsed_s);
    for (size_t i = 0; i < outputs->len; i++)
        line(ZG_VEC_AT(outputs, zg_pair, i)->key, ZG_VEC_AT(outputs, zg_pair, i)->value);
    if (d->version[0])
        printf("  %-22s%s (%s)\n", "version", d->version, r->plan->release);
}

static void json_pairs(zg_json_out *w, const char *name, const zg_vec *pairs)
{
    zg_json_key(w, name);
    zg_json_open_map(w);
    for (size_t i = 0; i < pairs->len; i++)
        zg_json_put_str(w, ZG_VEC_AT(pairs, zg_pair, i)->key,
                        ZG_VEC_AT(pairs, zg_pair, i)->value);
    zg_json_close_map(w);
}

static zagg_status print_json(zg_str *text, zagg_err *err)
{
    const bool failed = text->failed;
    if (!failed)
        printf("%s\n", text->data);
    zg_str_free(text);
    return failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the JSON result")
                  : ZAGG_OK;
}

static void json_package(zg_json_out *w, const zg_package *p)
{
    zg_json_key(w, "package");
    if (p == NULL) {
        zg_json_null(w);
        return;
    }
    zg_json_open_map(w);
    zg_json_put_str(w, "file", p->file);
    zg_json_put_str(w, "architecture", p->arch);
    zg_json_put_u64(w, "zipped_bytes", p->len);
    zg_json_put_u64(w, "unpacked_bytes", p->unpacked);
    zg_json_close_map(w);
}

static void json_plan(zg_json_out *w, const zg_deploy_plan *p)
{
    char object[1300];
    (void)snprintf(object, sizeof object, "s3://%s/%s", p->bucket, p->key);
    zg_json_put_str(w, "action", p->exists ? "update" : "create");
    zg_json_put_str(w, "release", p->release);
    zg_json_put_str(w, "sha256", p->sha256);
    zg_json_put_str(w, "object", object);
    zg_json_key(w, "changes");
    zg_json_open_list(w);
    for (size_t i = 0; i < p->changes.len; i++) {
        const zg_change *c = ZG_VEC_AT(&p->changes, zg_change, i);
        zg_json_open_map(w);
        zg_json_put_str(w, "name", c->name);
        zg_json_put_str(w, "before", c->before);
        zg_json_put_str(w, "after", c->after);
        zg_json_close_map(w);
    }
    zg_json_close_list(w);
}

zagg_status deploy_print_json(const deploy_report *r, zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    const zg_deployed *d = r->deployed;
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "stack", r->args->opts.stack);
    zg_json_put_str(&w, "region", r->region);
    json_plan(&w, r->plan);
    json_package(&w, r->package);
    zg_json_key(&w, "dry_run");
    zg_json_bool(&w, r->args->dry_run);
    zg_json_put_str(&w, "not_asked", r->not_asked);
    if (d != NULL) {
        zg_json_put_str(&w, "status", d->stack.status);
        zg_json_put_str(&w, "stack_id", d->stack.id);
        zg_json_key(&w, "changed");
        zg_json_bool(&w, !d->nothing);
        json_pairs(&w, "outputs", &d->stack.outputs);
        zg_json_put_str(&w, "version", d->version[0] ? d->version : NULL);
        zg_json_put_double(&w, "elapsed_s", d->elapsed_s);
    }
    zg_json_put_str(&w, "error", r->error);
    zg_json_close_map(&w);
    return print_json(&text, err);
}

/* ---- stacks ---- */

static zagg_status stack_json(const zg_stack *s, const char *region,
                              const zg_vec *failures, zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "stack", s->name);
    zg_json_put_str(&w, "region", region);
    zg_json_put_str(&w, "stack_id", s->id);
    zg_json_put_str(&w, "status", s->status);
    zg_json_put_str(&w, "reason", s->reason[0] ? s->reason : NULL);
    zg_json_put_str(&w, "changed_at", s->changed);
    json_pairs(&w, "parameters", &s->params);
    json_pairs(&w, "outputs", &s->outputs);
    zg_json_key(&w, "failures");
    zg_json_open_list(&w);
    for (size_t i = 0; i < failures->len; i++) {
        const zg_stack_event *e = ZG_VEC_AT(failures, zg_stack_event, i);
        zg_json_open_map(&w);
        zg_json_put_str(&w, "at", e->time);
        zg_json_put_str(&w, "resource", e->resource);
        zg_json_put_str(&w, "type", e->kind);
        zg_json_put_str(&w, "status", e->status);
        zg_json_put_str(&w, "reason", e->reason);
        zg_json_close_map(&w);
    }
    zg_json_close_list(&w);
    zg_json_close_map(&w);
    return print_json(&text, err);
}

zagg_status deploy_print_stack(const zg_stack *s, const char *region,
                               const zg_vec *failures, bool json, zagg_err *err)
{
    if (json)
        return stack_json(s, region, failures, err);
    printf("Stack %s in %s: %s since %s%s%s\n", s->name, region, s->status, s->changed,
           s->reason[0] ? ": " : "", s->reason);
    for (size_t i = 0; i < s->params.len; i++) {
        const zg_pair *p = ZG_VEC_AT(&s->params, zg_pair, i);
        line(p->key, p->value[0] ? p->value : "''");
    }
    for (size_t i = 0; i < s->outputs.len; i++) {
        const zg_pair *p = ZG_VEC_AT(&s->outputs, zg_pair, i);
        if (zg_pair_get(&s->params, p->key) == NULL)
            line(p->key, p->value);
    }
    for (size_t i = 0; i < failures->len; i++) {
        const zg_stack_event *e = ZG_VEC_AT(failures, zg_stack_event, i);
        printf("  %s %s %s: %s\n", e->time, e->resource, e->status, e->reason);
    }
    return ZAGG_OK;
}

/* ---- packages and versions ---- */

static bool is_in_use(const deploy_listing *l, const zg_release *r)
{
    char release[ZG_RELEASE_MAX], sha256[65];
    size_t len;
    const char *key =
        l->stack != NULL
            ? zg_pair_get(&l->stack->params, zg_param_names[ZG_PARAM_FUNCTION_KEY])
            : NULL;
    return key != NULL && zg_release_of_key(key, release, sha256, &len) &&
           strcmp(sha256, r->sha256) == 0;
}

/* Numbers of the versions that were made of a package: "3, 5". */
static void numbers_of(const deploy_listing *l, const zg_release *r, zg_str *out)
{
    for (size_t i = 0; i < l->versions.len; i++) {
        const zg_version *v = ZG_VEC_AT(&l->versions, zg_version, i);
        if (strcmp(v->sha256, r->sha256) == 0 && strcmp(v->number, "$LATEST") != 0)
            zg_str_addf(out, "%s%s", out->len > 0 ? ", " : "", v->number);
    }
}

static zagg_status list_json(const deploy_listing *l, zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "bucket", l->bucket);
    zg_json_put_str(&w, "prefix", l->prefix);
    zg_json_key(&w, "releases");
    zg_json_open_list(&w);
    for (size_t i = 0; i < l->releases.len; i++) {
        const zg_release *r = ZG_VEC_AT(&l->releases, zg_release, i);
        zg_json_open_map(&w);
        zg_json_put_str(&w, "release", r->name);
        zg_json_put_str(&w, "sha256", r->sha256);
        zg_json_put_u64(&w, "bytes", r->bytes);
        zg_json_key(&w, "in_use");
        zg_json_bool(&w, is_in_use(l, r));
        zg_json_close_map(&w);
    }
    zg_json_close_list(&w);
    zg_json_key(&w, "versions");
    zg_json_open_list(&w);
    for (size_t i = 0; i < l->versions.len; i++) {
        const zg_version *v = ZG_VEC_AT(&l->versions, zg_version, i);
        zg_json_open_map(&w);
        zg_json_put_str(&w, "version", v->number);
        zg_json_put_str(&w, "release", v->description);
        zg_json_put_str(&w, "sha256", v->sha256);
        zg_json_put_str(&w, "modified_at", v->modified);
        zg_json_close_map(&w);
    }
    zg_json_close_list(&w);
    zg_json_close_map(&w);
    return print_json(&text, err);
}

zagg_status deploy_print_list(const deploy_listing *l, bool json, zagg_err *err)
{
    if (json)
        return list_json(l, err);
    printf("Packages in s3://%s/%s\n", l->bucket, l->prefix);
    for (size_t i = 0; i < l->releases.len; i++) {
        const zg_release *r = ZG_VEC_AT(&l->releases, zg_release, i);
        char bytes[32];
        zg_str numbers;
        zg_str_init(&numbers, 0);
        numbers_of(l, r, &numbers);
        printf("  %-40s %10s%s%s%s\n", r->name, cli_bytes(r->bytes, bytes),
               numbers.len > 0 ? "  versions " : "", numbers.data,
               is_in_use(l, r) ? "  in use" : "");
        zg_str_free(&numbers);
    }
    if (l->releases.len == 0)
        printf("  none\n");
    return ZAGG_OK;
}
