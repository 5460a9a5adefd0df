/* Signed calls to services of AWS: lambda, monitoring (CloudWatch), sts. */
#ifndef ZG_DISPATCH_AWS_H
#define ZG_DISPATCH_AWS_H

#include "net/creds.h"
#include "net/http.h"

/** A service of a region. One thread. */
typedef struct zg_aws_service {
    const char *name; /* as signatures have it; static text */
    zg_creds *creds;  /* borrowed */
    char *region, *endpoint;
} zg_aws_service;
zagg_status zg_aws_service_open(const char *name, const char *region, zg_creds *creds,
                                zg_aws_service *out, zagg_err *err);
void zg_aws_service_close(zg_aws_service *service);

/** One call; must stay where it is while it is under way. */
typedef struct zg_aws_call {
    zg_call call; /* the first member: a zg_flight gives this back */
    zg_aws_service *service;
    char *url;
    zg_aws_keys last; /* signed with these */
} zg_aws_call;
/** `path` with its query, encoded as it is sent. The body is borrowed. */
zagg_status zg_aws_call_init(zg_aws_service *service, zg_aws_call *out,
                             const char *method, const char *path, const void *body,
                             size_t body_len, zagg_err *err);
void zg_aws_call_free(zg_aws_call *call);

/** x-amzn-ErrorType of an answer without what follows a ':', else the __type of its JSON
 * body; "" where it has neither. */
void zg_aws_error_type(const zg_call *call, char out[64]);

#endif
