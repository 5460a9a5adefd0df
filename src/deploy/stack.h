/* A CloudFormation stack: what it is, what happened to it, and changing it. */
#ifndef ZG_DEPLOY_STACK_H
#define ZG_DEPLOY_STACK_H

#include "deploy/cloud.h"

/** A parameter or an output; texts owned, never NULL. */
typedef struct zg_pair {
    char *key, *value;
} zg_pair;

typedef struct zg_stack {
    char *id, *name, *status, *reason,
        *changed;           /* owned, never NULL; `changed`: ISO time */
    zg_vec params, outputs; /* zg_pair */
} zg_stack;
void zg_stack_free(zg_stack *stack);
/** Value of a parameter or an output, or NULL. */
const char *zg_pair_get(const zg_vec *pairs, const char *key);

typedef struct zg_stack_event {
    char *id, *time, *resource, *kind, *status, *reason; /* owned, never NULL */
} zg_stack_event;
void zg_stack_event_free(zg_stack_event *event);
void zg_stack_events_free(zg_vec *events);

/* ---- answers, apart from any server ---- */

/** The stack of an answer to DescribeStacks. FORMAT for what is none, has not exactly one
 * stack, no id or no status, or more than 256 parameters or outputs. */
zagg_status zg_stack_parse(const char *xml, size_t len, zg_stack *out, zagg_err *err);
/** Events of an answer to DescribeStackEvents, newest first, behind those that are in
 * `events` (zg_stack_event); *next: of the page behind it (owned), NULL: this is the last
 * one. */
zagg_status zg_stack_events_parse(const char *xml, size_t len, zg_vec *events,
                                  char **next, zagg_err *err);
/** The text of one element, by its path; NOTFOUND without it. Owned. */
zagg_status zg_xml_element(const char *xml, size_t len, const char *path, char **out,
                           zagg_err *err);

/* ---- questions ---- */

/** By name or id. NOTFOUND: there is none. */
zagg_status zg_stack_describe(zg_cloud *cloud, const char *name, zg_stack *out,
                              zagg_err *err);
/** Events that are newer than the one with this id ("": all, at most some thousands),
 * oldest first. */
zagg_status zg_stack_events_since(zg_cloud *cloud, const char *name, const char *id,
                                  zg_vec *events, zagg_err *err);
/** Id of the newest event, owned; "" without any. */
zagg_status zg_stack_newest_event(zg_cloud *cloud, const char *name, char **out,
                                  zagg_err *err);
/** The text of its template, owned. */
zagg_status zg_stack_template(zg_cloud *cloud, const char *name, char **out,
                              zagg_err *err);

/* ---- changes ---- */

/** A parameter as it is sent. */
typedef struct zg_stack_param {
    const char *key, *value;
} zg_stack_param;

typedef struct zg_stack_change {
    const char *name;         /* of the stack */
    const char *body;         /* template; NULL: the one that it has */
    const char *service_role; /* what CloudFormation acts as; NULL: as the caller */
    const zg_stack_param *params;
    size_t n_params;
} zg_stack_change;
/** The stack's id, owned. A new stack that cannot be made is taken away again. EEXISTS:
 * there is one of that name. */
zagg_status zg_stack_create(zg_cloud *cloud, const zg_stack_change *change, char **id,
                            zagg_err *err);
/** *nothing: it is as it should be already, and no change was begun. */
zagg_status zg_stack_update(zg_cloud *cloud, const zg_stack_change *change, bool *nothing,
                            zagg_err *err);
zagg_status zg_stack_delete(zg_cloud *cloud, const char *name, const char *service_role,
                            zagg_err *err);

/** Wait until a stack, by id, has come to rest, and log every event newer than `since` as
 * it happens. *out as far as it is known; free it in any case. HTTP where it came to rest
 * in another state than `goal` ("CREATE_COMPLETE"), naming the resource that failed first
 * and why; CANCELLED on a stop and RANGE beyond `patience_s`, both of which leave the
 * stack to CloudFormation, which goes on. */
zagg_status zg_stack_wait(zg_cloud *cloud, const char *id, const char *since,
                          const char *goal, double patience_s, zg_stack *out,
                          zagg_err *err);

/** Is something being done to a stack in this state? */
bool zg_stack_is_busy(const char *status);

#endif
