/* Answers of CloudFormation: XML, read element by element. CloudFormation API reference,
 * DescribeStacks and DescribeStackEvents. */
#include "deploy/stack.h"
#include "net/xml.h"

#include <string.h>

enum { MAX_PAIRS = 256, MAX_EVENTS = 20000 };

static void pair_free(zg_pair *p)
{
    zg_free(p->key);
    zg_free(p->value);
}

static void pairs_free(zg_vec *pairs)
{
    for (size_t i = 0; i < pairs->len; i++)
        pair_free(ZG_VEC_AT(pairs, zg_pair, i));
    zg_vec_free(pairs);
}

void zg_stack_free(zg_stack *s)
{
    zg_free(s->id);
    zg_free(s->name);
    zg_free(s->status);
    zg_free(s->reason);
    zg_free(s->changed);
    pairs_free(&s->params);
    pairs_free(&s->outputs);
    *s = (zg_stack){.id = NULL};
}

const char *zg_pair_get(const zg_vec *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->len; i++)
        if (strcmp(ZG_VEC_AT(pairs, zg_pair, i)->key, key) == 0)
            return ZG_VEC_AT(pairs, zg_pair, i)->value;
    return NULL;
}

/* Put a text into the place of another. */
static zagg_status set(char **slot, const char *text, zagg_err *err)
{
    char *copy = zg_strdup(text);
    if (copy == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an answer");
    zg_one_line(copy);
    zg_free(*slot);
    *slot = copy;
    return ZAGG_OK;
}

/* Texts that an answer did not have. */
static zagg_status fill(char **slots[], size_t n, zagg_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (*slots[i] == NULL)
            ZAGG_TRY(set(slots[i], "", err));
    return ZAGG_OK;
}

/* ---- DescribeStacks ---- */

#define STACK "DescribeStacksResponse/DescribeStacksResult/Stacks/member"

typedef struct stack_reading {
    zg_stack stack;
    zg_pair pair; /* that is open */
    size_t n;
} stack_reading;

static zagg_status end_pair(stack_reading *r, zg_vec *pairs, zagg_err *err)
{
    char **slots[] = {&r->pair.key, &r->pair.value};
    ZAGG_TRY(fill(slots, 2, err));
    if (pairs->len == MAX_PAIRS)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "CloudFormation: the answer has parameters without end");
    zg_pair *p = zg_vec_push(pairs);
    if (p == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an answer");
    *p = r->pair;
    r->pair = (zg_pair){.key = NULL};
    return ZAGG_OK;
}

static zagg_status stack_element(void *user, const char *path, const char *text,
                                 zagg_err *err)
{
    stack_reading *r = user;
    const size_t above = sizeof STACK - 1;
    if (strncmp(path, STACK, above) != 0)
        return ZAGG_OK;
    if (path[above] == '\0') {
        r->n++;
        return ZAGG_OK;
    }
    const char *name = path + above + 1;
    zg_stack *s = &r->stack;
    const struct {
        const char *name;
        char **slot;
    } texts[] = {{"StackId", &s->id},
                 {"StackName", &s->name},
                 {"StackStatus", &s->status},
                 {"StackStatusReason", &s->reason},
                 {"CreationTime", &s->changed},
                 {"LastUpdatedTime", &s->changed}, /* comes behind the other */
                 {"Parameters/member/ParameterKey", &r->pair.key},
                 {"Parameters/member/ParameterValue", &r->pair.value},
                 {"Outputs/member/OutputKey", &r->pair.key},
                 {"Outputs/member/OutputValue", &r->pair.value}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(name, texts[i].name) == 0)
            return set(texts[i].slot, text, err);
    if (strcmp(name, "Parameters/member") == 0)
        return end_pair(r, &s->params, err);
    if (strcmp(name, "Outputs/member") == 0)
        return end_pair(r, &s->outputs, err);
    return ZAGG_OK;
}

zagg_status zg_stack_parse(const char *xml, size_t len, zg_stack *out, zagg_err *err)
{
    stack_reading r = {.n = 0};
    zg_stack *s = &r.stack;
    char **slots[] = {&s->id, &s->name, &s->status, &s->reason, &s->changed};
    zg_vec_init(&s->params, sizeof(zg_pair), MAX_PAIRS);
    zg_vec_init(&s->outputs, sizeof(zg_pair), MAX_PAIRS);
    zagg_status status = zg_xml_read(xml, len, "CloudFormation", stack_element, &r, err);
    if (status == ZAGG_OK && (r.n != 1 || s->id == NULL || s->status == NULL))
        status =
            zagg_err_set(err, ZAGG_EFORMAT,
                         "CloudFormation: the answer tells of %zu stacks, not of one "
                         "with an id and a state",
                         r.n);
    if (status == ZAGG_OK)
        status = fill(slots, sizeof slots / sizeof slots[0], err);
    pair_free(&r.pair);
    if (status == ZAGG_OK)
        *out = *s;
    else
        zg_stack_free(s);
    return status;
}

/* ---- DescribeStackEvents ---- */

#define EVENTS "DescribeStackEventsResponse/DescribeStackEventsResult"

typedef struct events_reading {
    zg_stack_event event; /* that is open */
    zg_vec *events;
    char *next;
} events_reading;

void zg_stack_event_free(zg_stack_event *e)
{
    zg_free(e->id);
    zg_free(e->time);
    zg_free(e->resource);
    zg_free(e->kind);
    zg_free(e->status);
    zg_free(e->reason);
    *e = (zg_stack_event){.id = NULL};
}

void zg_stack_events_free(zg_vec *events)
{
    for (size_t i = 0; i < events->len; i++)
        zg_stack_event_free(ZG_VEC_AT(events, zg_stack_event, i));
    zg_vec_free(events);
}

static zagg_status end_event(events_reading *r, zagg_err *err)
{
    zg_stack_event *e = &r->event;
    char **slots[] = {&e->id, &e->time, &e->resource, &e->kind, &e->status, &e->reason};
    if (e->id == NULL || e->id[0] == '\0')
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "CloudFormation: the answer has an event without an id");
    ZAGG_TRY(fill(slots, sizeof slots / sizeof slots[0], err));
    if (r->events->len >= MAX_EVENTS)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "CloudFormation: the answer has events without end");
    zg_stack_event *to = zg_vec_push(r->events);
    if (to == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an answer");
    *to = *e;
    *e = (zg_stack_event){.id = NULL};
    return ZAGG_OK;
}

static zagg_status event_element(void *user, const char *path, const char *text,
                                 zagg_err *err)
{
    events_reading *r = user;
    zg_stack_event *e = &r->event;
    const struct {
        const char *path;
        char **slot;
    } texts[] = {{EVENTS "/NextToken", &r->next},
                 {EVENTS "/StackEvents/member/EventId", &e->id},
                 {EVENTS "/StackEvents/member/Timestamp", &e->time},
                 {EVENTS "/StackEvents/member/LogicalResourceId", &e->resource},
                 {EVENTS "/StackEvents/member/ResourceType", &e->kind},
                 {EVENTS "/StackEvents/member/ResourceStatus", &e->status},
                 {EVENTS "/StackEvents/member/ResourceStatusReason", &e->reason}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(path, texts[i].path) == 0)
            return set(texts[i].slot, text, err);
    if (strcmp(path, EVENTS "/StackEvents/member") == 0)
        return end_event(r, err);
    return ZAGG_OK;
}

zagg_status zg_stack_events_parse(const char *xml, size_t len, zg_vec *events,
                                  char **next, zagg_err *err)
{
    events_reading r = {.events = events};
    const zagg_status status =
        zg_xml_read(xml, len, "CloudFormation", event_element, &r, err);
    zg_stack_event_free(&r.event);
    if (status == ZAGG_OK && r.next != NULL && r.next[0] != '\0') {
        *next = r.next;
        return ZAGG_OK;
    }
    zg_free(r.next);
    if (status == ZAGG_OK)
        *next = NULL;
    return status;
}

/* ---- one element ---- */

typedef struct element_reading {
    const char *path;
    char *text;
} element_reading;

/* As it is: a template has lines. */
static zagg_status one_element(void *user, const char *path, const char *text,
                               zagg_err *err)
{
    element_reading *r = user;
    if (r->text != NULL || strcmp(path, r->path) != 0)
        return ZAGG_OK;
    r->text = zg_strdup(text);
    return r->text != NULL ? ZAGG_OK
                           : zagg_err_set(err, ZAGG_ENOMEM, "no memory for an answer");
}

zagg_status zg_xml_element(const char *xml, size_t len, const char *path, char **out,
                           zagg_err *err)
{
    element_reading r = {.path = path};
    zagg_status status = zg_xml_read(xml, len, "CloudFormation", one_element, &r, err);
    if (status == ZAGG_OK && r.text == NULL)
        status = zagg_err_set(err, ZAGG_ENOTFOUND, "CloudFormation: the answer has no %s",
                              path);
    if (status == ZAGG_OK)
        *out = r.text;
    else
        zg_free(r.text);
    return status;
}
