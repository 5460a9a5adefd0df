/* Calls to CloudFormation and Lambda on behalf of `zagg deploy`. */
#ifndef ZG_DEPLOY_CLOUD_H
#define ZG_DEPLOY_CLOUD_H

#include "dispatch/aws.h"
#include "zagg/net.h"

/** One thread. */
typedef struct zg_cloud {
    zagg_net *net;      /* borrowed; for buckets and keys */
    const char *region; /* the net's */
    zagg_log *log;      /* borrowed; may be NULL */
    const volatile int *stop;
    double interval_s; /* between two looks at a stack */
    zg_http *http;     /* its own: these services may take their time */
    zg_aws_service formation, lambda;
} zg_cloud;

/** `net`, `log` and `stop` must outlive it. Nothing is asked yet. Errors: CONFIG, NOMEM.
 */
zagg_status zg_cloud_open(zagg_net *net, zagg_log *log, const volatile int *stop,
                          double interval_s, zg_cloud *out, zagg_err *err);
void zg_cloud_close(zg_cloud *cloud);

/** Sleep; CANCELLED as soon as there is a stop. */
zagg_status zg_cloud_wait(const zg_cloud *cloud, double seconds, zagg_err *err);

/** A question to CloudFormation: "Action=NAME&Version=...&KEY=VALUE". */
typedef struct zg_form {
    zg_str text;
} zg_form;
void zg_form_init(zg_form *form, const char *action);
/** `key` holds letters, digits and dots. */
void zg_form_add(zg_form *form, const char *key, const char *value);
void zg_form_free(zg_form *form);

typedef struct zg_answer_text {
    char *text; /* owned, NUL behind it */
    size_t len;
    char code[64]; /* of an error, as AWS names it; "" */
} zg_answer_text;
void zg_answer_text_free(zg_answer_text *answer);

/** Sends it, and again where CloudFormation has too much to do (Throttling, which comes
 * as HTTP 400): up to eight times, with full jitter. Other faults are sent again as
 * zg_http_send says; the caller sees to it that a question does no harm when it comes
 * twice (ClientRequestToken). `out->code` is set where the call fails with a code.
 * Errors: AUTH (with what is to be done), HTTP, IO, CANCELLED, NOMEM. */
zagg_status zg_cloud_formation(zg_cloud *cloud, const zg_form *form, zg_answer_text *out,
                               zagg_err *err);
/** A call to Lambda, whose answer is JSON. NOTFOUND where there is no such function. */
zagg_status zg_cloud_lambda(zg_cloud *cloud, const char *method, const char *path,
                            const char *body, zg_answer_text *out, zagg_err *err);

/** Text of a server on one line, for terminals: control characters become blanks. */
void zg_one_line(char *text);

#endif
