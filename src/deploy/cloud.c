/* CloudFormation API reference, "Making query requests" and "Common errors". */
#include "deploy/cloud.h"

#include "net/net.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TRIES = 8, MAX_ANSWER = 8 << 20 };
#define LONGEST_PAUSE_S 20.0
#define ANSWER_S 60.0 /* so long they may be silent */

zagg_status zg_cloud_open(zagg_net *net, zagg_log *log, const volatile int *stop,
                          double interval_s, zg_cloud *out, zagg_err *err)
{
    zg_creds *creds;
    const zg_http_opts http = {.stall_s = ANSWER_S, .stop = stop, .log = log};
    *out = (zg_cloud){.net = net,
                      .region = zg_net_region(net),
                      .log = log,
                      .stop = stop,
                      .interval_s = interval_s};
    ZAGG_TRY(zg_net_ambient_creds(net, &creds, err));
    ZAGG_TRY(zg_http_new(&http, &out->http, err));
    zagg_status status =
        zg_aws_service_open("cloudformation", out->region, creds, &out->formation, err);
    if (status == ZAGG_OK)
        status = zg_aws_service_open("lambda", out->region, creds, &out->lambda, err);
    if (status != ZAGG_OK)
        zg_cloud_close(out);
    return status;
}

void zg_cloud_close(zg_cloud *cloud)
{
    zg_aws_service_close(&cloud->formation);
    zg_aws_service_close(&cloud->lambda);
    zg_http_free(cloud->http);
    *cloud = (zg_cloud){.net = NULL};
}

zagg_status zg_cloud_wait(const zg_cloud *cloud, double seconds, zagg_err *err)
{
    const struct timespec slice = {.tv_nsec = 50000000};
    const double until = zg_clock_mono_s() + seconds;
    while (!zg_is_stopped(cloud->stop) && zg_clock_mono_s() < until)
        nanosleep(&slice, NULL);
    return zg_is_stopped(cloud->stop) ? zagg_err_set(err, ZAGG_ECANCELLED, "interrupted")
                                      : ZAGG_OK;
}

/* ---- forms ---- */

void zg_form_init(zg_form *form, const char *action)
{
    zg_str_init(&form->text, 0);
    zg_str_addf(&form->text, "Action=%s&Version=2010-05-15", action);
}

/* As forms are: blanks are '+'. */
void zg_form_add(zg_form *form, const char *key, const char *value)
{
    zg_str_addf(&form->text, "&%s=", key);
    for (; *value != '\0'; value++) {
        const char text[2] = {*value, '\0'};
        if (*value == ' ')
            zg_str_addc(&form->text, '+');
        else
            zg_url_encode(&form->text, text, false);
    }
}

void zg_form_free(zg_form *form)
{
    zg_str_free(&form->text);
}

void zg_answer_text_free(zg_answer_text *answer)
{
    zg_free(answer->text);
    *answer = (zg_answer_text){.text = NULL};
}

/* ---- calls ---- */

static zagg_status take(const zg_call *call, zg_answer_text *out, zagg_err *err)
{
    out->text = zg_strndup(call->out_body != NULL ? call->out_body : "", call->out_len);
    out->len = call->out_len;
    return out->text != NULL ? ZAGG_OK
                             : zagg_err_set(err, ZAGG_ENOMEM, "no memory for an answer");
}

static void take_code(const zg_call *call, zg_answer_text *out)
{
    char text[8];
    zg_aws_error_type(call, out->code);
    if (out->code[0] == '\0')
        zg_http_explain(call->out_body, call->out_len, out->code, text, sizeof text);
}

static zagg_status send_once(zg_cloud *cloud, zg_aws_call *c, zg_answer_text *out,
                             zagg_err *err)
{
    c->call.max_body = MAX_ANSWER;
    const zagg_status status = zg_http_send(cloud->http, &c->call, 1, err);
    if (status == ZAGG_OK)
        return take(&c->call, out, err);
    take_code(&c->call, out);
    return status;
}

/* Who may not is told what would let him. */
static zagg_status explain(zagg_status status, zagg_err *err)
{
    if (status != ZAGG_EAUTH || err == NULL || strstr(err->msg, "not authorized") == NULL)
        return status;
    char had[sizeof err->msg];
    (void)snprintf(had, sizeof had, "%s", err->msg);
    return zagg_err_set(err, status,
                        "%s; deploy/aws/policies/deploy.json lists the rights "
                        "that are needed",
                        had);
}

static bool is_throttled(const char *code)
{
    static const char *const CODES[] = {"Throttling", "ThrottlingException",
                                        "RequestLimitExceeded",
                                        "TooManyRequestsException"};
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++)
        if (strcmp(code, CODES[i]) == 0)
            return true;
    return false;
}

zagg_status zg_cloud_formation(zg_cloud *cloud, const zg_form *form, zg_answer_text *out,
                               zagg_err *err)
{
    double pause_s = cloud->interval_s;
    *out = (zg_answer_text){.text = NULL};
    if (form->text.failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a question");
    for (int i = 1;; i++) {
        zg_aws_call c;
        zg_answer_text answer = {.text = NULL};
        zagg_status status = zg_aws_call_init(&cloud->formation, &c, "POST", "/",
                                              form->text.data, form->text.len, err);
        if (status == ZAGG_OK) {
            zg_headers_add(&c.call.headers, "Content-Type",
                           "application/x-www-form-urlencoded; charset=utf-8");
            status = send_once(cloud, &c, &answer, err);
        }
        zg_aws_call_free(&c);
        *out = answer;
        if (status == ZAGG_OK || i == TRIES || !is_throttled(answer.code))
            return explain(status, err);
        zagg_log_write(cloud->log, ZAGG_LOG_DEBUG, "CloudFormation has too much to do");
        ZAGG_TRY(zg_cloud_wait(cloud, pause_s * zg_http_random(cloud->http), err));
        pause_s = 2 * pause_s < LONGEST_PAUSE_S ? 2 * pause_s : LONGEST_PAUSE_S;
    }
}

zagg_status zg_cloud_lambda(zg_cloud *cloud, const char *method, const char *path,
                            const char *body, zg_answer_text *out, zagg_err *err)
{
    zg_aws_call c;
    *out = (zg_answer_text){.text = NULL};
    zagg_status status = zg_aws_call_init(&cloud->lambda, &c, method, path, body,
                                          body != NULL ? strlen(body) : 0, err);
    if (status == ZAGG_OK) {
        if (body != NULL)
            zg_headers_add(&c.call.headers, "Content-Type", "application/json");
        status = send_once(cloud, &c, out, err);
    }
    zg_aws_call_free(&c);
    return explain(status, err);
}

void zg_one_line(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c != '\0'; c++) {
        if (*c < ' ' || *c == 0x7f)
            *c = ' ';
        if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) /* U+0080 to U+009F */
            c[0] = c[1] = ' ';
    }
}
