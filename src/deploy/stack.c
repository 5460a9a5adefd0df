/* CloudFormation API reference: CreateStack, UpdateStack, DeleteStack and what tells of
 * them. A question may be asked twice, as answers get lost: each change has a token of
 * its own by which CloudFormation knows it again. */
#include "deploy/stack.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PAGES = 200 };

/* ---- questions ---- */

static zagg_status ask_about(zg_cloud *cloud, const char *action, const char *name,
                             zg_answer_text *out, zagg_err *err)
{
    zg_form form;
    zg_form_init(&form, action);
    zg_form_add(&form, "StackName", name);
    zagg_status status = zg_cloud_formation(cloud, &form, out, err);
    zg_form_free(&form);
    if (status == ZAGG_EHTTP && strcmp(out->code, "ValidationError") == 0 &&
        err != NULL && strstr(err->msg, "does not exist") != NULL)
        status = zagg_err_set(err, ZAGG_ENOTFOUND, "there is no stack %s in %s", name,
                              cloud->region);
    return status;
}

zagg_status zg_stack_describe(zg_cloud *cloud, const char *name, zg_stack *out,
                              zagg_err *err)
{
    zg_answer_text answer;
    zagg_err own = ZAGG_ERR_INIT;
    err = err != NULL ? err : &own;
    zagg_status status = ask_about(cloud, "DescribeStacks", name, &answer, err);
    if (status == ZAGG_OK)
        status = zg_stack_parse(answer.text, answer.len, out, err);
    zg_answer_text_free(&answer);
    return status;
}

zagg_status zg_stack_template(zg_cloud *cloud, const char *name, char **out,
                              zagg_err *err)
{
    zg_answer_text answer;
    zagg_status status = ask_about(cloud, "GetTemplate", name, &answer, err);
    if (status == ZAGG_OK)
        status = zg_xml_element(answer.text, answer.len,
                                "GetTemplateResponse/GetTemplateResult/TemplateBody", out,
                                err);
    zg_answer_text_free(&answer);
    return status;
}

/* ---- events ---- */

static zagg_status events_page(zg_cloud *cloud, const char *name, zg_vec *events,
                               char **token, zagg_err *err)
{
    zg_answer_text answer;
    zg_form form;
    char *next = NULL;
    zg_form_init(&form, "DescribeStackEvents");
    zg_form_add(&form, "StackName", name);
    if (*token != NULL)
        zg_form_add(&form, "NextToken", *token);
    zagg_status status = zg_cloud_formation(cloud, &form, &answer, err);
    if (status == ZAGG_OK)
        status = zg_stack_events_parse(answer.text, answer.len, events, &next, err);
    zg_form_free(&form);
    zg_answer_text_free(&answer);
    if (status == ZAGG_OK) {
        zg_free(*token);
        *token = next;
    }
    return status;
}

/* Index of the event with this id from `begin` on, or the number of events. */
static size_t find_event(const zg_vec *events, size_t begin, const char *id)
{
    size_t i = begin;
    while (i < events->len && strcmp(ZG_VEC_AT(events, zg_stack_event, i)->id, id) != 0)
        i++;
    return i;
}

static void drop_from(zg_vec *events, size_t n)
{
    for (size_t i = n; i < events->len; i++)
        zg_stack_event_free(ZG_VEC_AT(events, zg_stack_event, i));
    events->len = n;
}

static void reverse(zg_vec *events)
{
    for (size_t i = 0, j = events->len; i + 1 < j; i++) {
        j--;
        const zg_stack_event e = *ZG_VEC_AT(events, zg_stack_event, i);
        *ZG_VEC_AT(events, zg_stack_event, i) = *ZG_VEC_AT(events, zg_stack_event, j);
        *ZG_VEC_AT(events, zg_stack_event, j) = e;
    }
}

zagg_status zg_stack_events_since(zg_cloud *cloud, const char *name, const char *id,
                                  zg_vec *events, zagg_err *err)
{
    char *token = NULL;
    size_t found = 0;
    zagg_status status = ZAGG_OK;
    zg_vec_init(events, sizeof(zg_stack_event), 0);
    for (int page = 0; page < MAX_PAGES && status == ZAGG_OK; page++) {
        const size_t had = events->len;
        status = events_page(cloud, name, events, &token, err);
        found = find_event(events, had, id);
        if (found < events->len || token == NULL)
            break;
    }
    zg_free(token);
    if (status != ZAGG_OK) {
        zg_stack_events_free(events);
        return status;
    }
    if (found < events->len)
        drop_from(events, found);
    reverse(events);
    return ZAGG_OK;
}

zagg_status zg_stack_newest_event(zg_cloud *cloud, const char *name, char **out,
                                  zagg_err *err)
{
    char *token = NULL;
    zg_vec events;
    zg_vec_init(&events, sizeof(zg_stack_event), 0);
    zagg_status status = events_page(cloud, name, &events, &token, err);
    if (status == ZAGG_OK) {
        *out = zg_strdup(events.len > 0 ? ZG_VEC_AT(&events, zg_stack_event, 0)->id : "");
        if (*out == NULL)
            status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for an event");
    }
    zg_free(token);
    zg_stack_events_free(&events);
    return status;
}

/* ---- changes ---- */

static void add_params(zg_form *form, const zg_stack_change *c)
{
    char key[64];
    for (size_t i = 0; i < c->n_params; i++) {
        (void)snprintf(key, sizeof key, "Parameters.member.%zu.ParameterKey", i + 1);
        zg_form_add(form, key, c->params[i].key);
        (void)snprintf(key, sizeof key, "Parameters.member.%zu.ParameterValue", i + 1);
        zg_form_add(form, key, c->params[i].value);
    }
}

static void begin_change(zg_form *form, const char *action, const char *name,
                         const char *service_role)
{
    char token[33];
    zg_unique_id(token);
    zg_form_init(form, action);
    zg_form_add(form, "StackName", name);
    zg_form_add(form, "ClientRequestToken", token);
    if (service_role != NULL)
        zg_form_add(form, "RoleARN", service_role);
}

static void fill_change(zg_form *form, const zg_stack_change *c)
{
    zg_form_add(form, "Capabilities.member.1", "CAPABILITY_IAM");
    if (c->body != NULL)
        zg_form_add(form, "TemplateBody", c->body);
    else
        zg_form_add(form, "UsePreviousTemplate", "true");
    add_params(form, c);
}

zagg_status zg_stack_create(zg_cloud *cloud, const zg_stack_change *change, char **id,
                            zagg_err *err)
{
    zg_answer_text answer;
    zg_form form;
    begin_change(&form, "CreateStack", change->name, change->service_role);
    zg_form_add(&form, "OnFailure", "DELETE");
    fill_change(&form, change);
    zagg_status status = zg_cloud_formation(cloud, &form, &answer, err);
    if (status == ZAGG_OK)
        status = zg_xml_element(answer.text, answer.len,
                                "CreateStackResponse/CreateStackResult/StackId", id, err);
    else if (strcmp(answer.code, "AlreadyExistsException") == 0)
        status = zagg_err_set(err, ZAGG_EEXISTS, "there is a stack %s in %s already",
                              change->name, cloud->region);
    zg_form_free(&form);
    zg_answer_text_free(&answer);
    return status;
}

zagg_status zg_stack_update(zg_cloud *cloud, const zg_stack_change *change, bool *nothing,
                            zagg_err *err)
{
    zg_answer_text answer;
    zg_form form;
    zagg_err own = ZAGG_ERR_INIT;
    err = err != NULL ? err : &own;
    *nothing = false;
    begin_change(&form, "UpdateStack", change->name, change->service_role);
    fill_change(&form, change);
    zagg_status status = zg_cloud_formation(cloud, &form, &answer, err);
    if (status == ZAGG_EHTTP && strcmp(answer.code, "ValidationError") == 0 &&
        strstr(err->msg, "No updates are to be performed") != NULL) {
        *nothing = true;
        status = ZAGG_OK;
    }
    zg_form_free(&form);
    zg_answer_text_free(&answer);
    return status;
}

zagg_status zg_stack_delete(zg_cloud *cloud, const char *name, const char *service_role,
                            zagg_err *err)
{
    zg_answer_text answer;
    zg_form form;
    begin_change(&form, "DeleteStack", name, service_role);
    const zagg_status status = zg_cloud_formation(cloud, &form, &answer, err);
    zg_form_free(&form);
    zg_answer_text_free(&answer);
    return status;
}
