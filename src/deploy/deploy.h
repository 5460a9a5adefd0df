/* What `zagg deploy` does, apart from its command line: plans of changes to the stack of
 * the worker, packages in their bucket, published versions of the function.
 * docs/deployment.md. */
#ifndef ZG_DEPLOY_DEPLOY_H
#define ZG_DEPLOY_DEPLOY_H

#include "deploy/package.h"
#include "deploy/stack.h"

/* Parameters of the template; upstream's names where it has them. */
typedef enum zg_param {
    ZG_PARAM_FUNCTION_NAME = 0,
    ZG_PARAM_ARCHITECTURE,
    ZG_PARAM_ARTIFACT_BUCKET,
    ZG_PARAM_FUNCTION_KEY,
    ZG_PARAM_OUTPUT_BUCKET,
    ZG_PARAM_CREATE_OUTPUT_BUCKET,
    ZG_PARAM_CREATE_ROLE,
    ZG_PARAM_ROLE_ARN,
    ZG_PARAM_MEMORY,
    ZG_PARAM_TIMEOUT,
    ZG_PARAM_DISK,
    ZG_PARAM_VARIANTS,
    ZG_PARAM_LOG_DAYS,
    ZG_PARAM_N
} zg_param;
extern const char *const zg_param_names[ZG_PARAM_N];

/* ---- packages in their bucket, and versions of the function ---- */

typedef struct zg_release {
    char name[ZG_RELEASE_MAX], sha256[65];
    uint64_t bytes;
} zg_release;

/** Packages below s3://BUCKET/PREFIX, sorted by name: elements of `out` are zg_release.
 */
zagg_status zg_releases_list(zg_cloud *cloud, const char *bucket, const char *prefix,
                             zg_vec *out, zagg_err *err);
/** Put a package there unless it is there with as many bytes: *there. */
zagg_status zg_release_put(zg_cloud *cloud, const char *bucket, const char *prefix,
                           const zg_package *package, bool *there, zagg_err *err);
/** Is it there with as many bytes? */
zagg_status zg_release_is_there(zg_cloud *cloud, const char *bucket, const char *prefix,
                                const zg_package *package, bool *there, zagg_err *err);

typedef struct zg_version {
    char number[24];                  /* "$LATEST" for what runs */
    char description[ZG_RELEASE_MAX]; /* the release, as zagg writes it */
    char sha256[65];                  /* of its package, as hex; "" where not told */
    char modified[40];
} zg_version;

/** Published versions of a function and what runs now, in the order in which Lambda tells
 * them: elements of `out` are zg_version. NOTFOUND: no such function. */
zagg_status zg_versions_list(zg_cloud *cloud, const char *function, zg_vec *out,
                             zagg_err *err);
/** Publish what runs now, which must be the package with this hash: a version of equal
 * code and settings that is the newest one is given again. Waits while the function is
 * being changed. `number`: at least 24 bytes. */
zagg_status zg_version_publish(zg_cloud *cloud, const char *function, const char *release,
                               const char *sha256, char *number, zagg_err *err);

/* ---- plans ---- */

typedef struct zg_deploy_opts {
    const char *stack;
    const char *bucket, *prefix;    /* NULL: as the stack has it; prefix then "zagg" */
    const char *service_role;       /* CloudFormation's; NULL: the caller's rights */
    const zg_package *package;      /* NULL: a rollback */
    const char *rollback;           /* a release, or the number of a version */
    const char *values[ZG_PARAM_N]; /* NULL: as the stack has it, else the template's */
} zg_deploy_opts;

/** One parameter, or "template", that the stack is to have otherwise. */
typedef struct zg_change {
    char *name, *before,
        *after; /* owned; before NULL: had none; after NULL: the default */
} zg_change;

typedef struct zg_deploy_plan {
    bool exists;
    zg_stack stack;        /* where it exists */
    char *bucket, *prefix; /* of packages; owned */
    char *key;             /* of this package in the bucket; owned */
    char release[ZG_RELEASE_MAX], sha256[65];
    bool object_there; /* in the bucket already */
    bool template_differs;
    char *body;                        /* template; NULL: the stack's own. Owned */
    zg_stack_param params[ZG_PARAM_N]; /* as they are sent; texts of opts and plan */
    size_t n_params;
    zg_vec changes; /* zg_change */
} zg_deploy_plan;

/** Look at the stack and settle what is to be sent. Changes nothing. `opts` and what it
 * names must outlive the plan. `offline` (dry runs without keys): nothing is asked, as
 * for a new stack. Errors: CONFIG (bucket missing, a state of the stack in which it
 * cannot be changed, with what to do), NOTFOUND (a rollback to what is not there), others
 * of the calls. */
zagg_status zg_deploy_plan_make(zg_cloud *cloud, const zg_deploy_opts *opts, bool offline,
                                zg_deploy_plan *out, zagg_err *err);
void zg_deploy_plan_free(zg_deploy_plan *plan);

typedef struct zg_deployed {
    zg_stack stack;   /* as it came to rest */
    bool nothing;     /* it was as it should be */
    char version[24]; /* published; "" without */
    double elapsed_s;
} zg_deployed;
/** Put the package, change the stack, wait for its end (at most `patience_s`), publish a
 * version. `out` is filled as far as things went, and freed with zg_stack_free of its
 * stack, in any case. */
zagg_status zg_deploy_plan_apply(zg_cloud *cloud, const zg_deploy_opts *opts,
                                 zg_deploy_plan *plan, double patience_s,
                                 zg_deployed *out, zagg_err *err);

/** Delete the stack and wait for its end. NOTFOUND: there is none. */
zagg_status zg_deploy_delete(zg_cloud *cloud, const zg_stack *stack,
                             const char *service_role, double patience_s,
                             zg_deployed *out, zagg_err *err);

#endif
