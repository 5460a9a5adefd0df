/* A plan carried out: the package, the stack, a version. */
#include "deploy/deploy.h"

#include <stdio.h>
#include <string.h>

static zagg_status create(zg_cloud *cloud, const zg_stack_change *change,
                          double patience_s, zg_deployed *out, zagg_err *err)
{
    char *id;
    ZAGG_TRY(zg_stack_create(cloud, change, &id, err));
    const zagg_status status =
        zg_stack_wait(cloud, id, "", "CREATE_COMPLETE", patience_s, &out->stack, err);
    zg_free(id);
    return status;
}

static zagg_status update(zg_cloud *cloud, const zg_stack_change *change,
                          const zg_stack *stack, double patience_s, zg_deployed *out,
                          zagg_err *err)
{
    char *since;
    ZAGG_TRY(zg_stack_newest_event(cloud, stack->id, &since, err));
    zagg_status status = zg_stack_update(cloud, change, &out->nothing, err);
    if (status == ZAGG_OK && out->nothing)
        status = zg_stack_describe(cloud, stack->id, &out->stack, err);
    else if (status == ZAGG_OK)
        status = zg_stack_wait(cloud, stack->id, since, "UPDATE_COMPLETE", patience_s,
                               &out->stack, err);
    zg_free(since);
    return status;
}

zagg_status zg_deploy_plan_apply(zg_cloud *cloud, const zg_deploy_opts *opts,
                                 zg_deploy_plan *plan, double patience_s,
                                 zg_deployed *out, zagg_err *err)
{
    const double began_s = zg_clock_mono_s();
    const zg_stack_change change = {.name = opts->stack,
                                    .body = plan->body,
                                    .service_role = opts->service_role,
                                    .params = plan->params,
                                    .n_params = plan->n_params};
    *out = (zg_deployed){.nothing = false};
    if (opts->package != NULL)
        ZAGG_TRY(zg_release_put(cloud, plan->bucket, plan->prefix, opts->package,
                                &plan->object_there, err));
    zagg_status status = plan->exists
                             ? update(cloud, &change, &plan->stack, patience_s, out, err)
                             : create(cloud, &change, patience_s, out, err);
    if (status == ZAGG_OK) {
        const char *function = zg_pair_get(&out->stack.outputs, "FunctionName");
        status = function != NULL
                     ? zg_version_publish(cloud, function, plan->release, plan->sha256,
                                          out->version, err)
                     : zagg_err_set(err, ZAGG_EFORMAT,
                                    "the stack does not tell the name of its function");
    }
    out->elapsed_s = zg_clock_mono_s() - began_s;
    return status;
}

zagg_status zg_deploy_delete(zg_cloud *cloud, const zg_stack *stack,
                             const char *service_role, double patience_s,
                             zg_deployed *out, zagg_err *err)
{
    const double began_s = zg_clock_mono_s();
    char *since;
    *out = (zg_deployed){.nothing = false};
    ZAGG_TRY(zg_stack_newest_event(cloud, stack->id, &since, err));
    zagg_status status = zg_stack_delete(cloud, stack->id, service_role, err);
    if (status == ZAGG_OK)
        status = zg_stack_wait(cloud, stack->id, since, "DELETE_COMPLETE", patience_s,
                               &out->stack, err);
    zg_free(since);
    out->elapsed_s = zg_clock_mono_s() - began_s;
    return status;
}
