/* Signing, keys that end, and error types. AWS documentation, "Signing AWS API requests";
 * Lambda API reference, "Common errors". */
#include "dispatch/aws.h"

#include "zagg/value.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

zagg_status zg_aws_service_open(const char *name, const char *region, zg_creds *creds,
                                zg_aws_service *out, zagg_err *err)
{
    bool custom;
    *out = (zg_aws_service){.name = name, .creds = creds, .region = zg_strdup(region)};
    if (out->region == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the name of a region");
    return zg_aws_endpoint(name, region, NULL, &out->endpoint, &custom, err);
}

void zg_aws_service_close(zg_aws_service *service)
{
    zg_free(service->region);
    zg_free(service->endpoint);
    *service = (zg_aws_service){0};
}

static zagg_status authorize(void *user, const zg_call *call, unsigned attempt,
                             zg_headers *add, char **url_out, zagg_err *err)
{
    zg_aws_call *c = user;
    char hash[65];
    (void)attempt, (void)url_out;
    zg_aws_keys_free(&c->last);
    ZAGG_TRY(zg_creds_get(c->service->creds, &c->last, err));
    zg_sha256_hex(call->body, call->body_len, hash);
    const zg_sign_request request = {.method = call->method,
                                     .url = call->url,
                                     .service = c->service->name,
                                     .region = c->service->region,
                                     .headers = &call->headers,
                                     .payload_sha256 = hash,
                                     .keys = &c->last,
                                     .now = time(NULL)};
    return zg_sign_v4(&request, add, err);
}

static zagg_status renew(void *user, const zg_call *call, const char *code, bool *again,
                         zagg_err *err)
{
    zg_aws_call *c = user;
    char type[64];
    *again = false;
    zg_aws_error_type(call, type);
    if (type[0] == '\0') /* services that answer with XML */
        (void)snprintf(type, sizeof type, "%.63s", code);
    if (strcmp(type, "ExpiredTokenException") != 0 &&
        strcmp(type, "UnrecognizedClientException") != 0 &&
        strcmp(type, "ExpiredToken") != 0)
        return ZAGG_OK;
    return zg_creds_renew(c->service->creds, &c->last, again, err);
}

/* Whose keys were refused; never the keys. */
static zagg_status refused(void *user, const zg_call *call, const char *code,
                           zagg_err *err)
{
    zg_aws_call *c = user;
    (void)code;
    if (call->err.status != ZAGG_EAUTH)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_EAUTH, "%s; the keys are of: %s", call->err.msg,
                        zg_creds_name(c->service->creds));
}

zagg_status zg_aws_call_init(zg_aws_service *service, zg_aws_call *out,
                             const char *method, const char *path, const void *body,
                             size_t body_len, zagg_err *err)
{
    zg_str url;
    zg_str_init(&url, 0);
    zg_str_addf(&url, "%s%s", service->endpoint, path);
    *out = (zg_aws_call){.service = service, .url = zg_str_take(&url)};
    if (out->url == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a request");
    out->call.method = method;
    out->call.url = out->url;
    out->call.body = body;
    out->call.body_len = body_len;
    out->call.no_redirects = true;
    out->call.authorize = authorize;
    out->call.renew = renew;
    out->call.refused = refused;
    out->call.user = out;
    return ZAGG_OK;
}

void zg_aws_call_free(zg_aws_call *call)
{
    zg_call_free(&call->call);
    zg_aws_keys_free(&call->last);
    zg_free(call->url);
    call->url = NULL;
}

static void body_type(const zg_call *call, char out[64])
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    if (call->out_len == 0 || zagg_arena_new(0, &arena, NULL) != ZAGG_OK)
        return;
    if (zagg_json_parse(arena, call->out_body, call->out_len, "error", &root, NULL) ==
        ZAGG_OK) {
        const zagg_value *type = zagg_value_get_set(root, "__type");
        if (type != NULL && type->kind == ZAGG_STR)
            (void)snprintf(out, 64, "%s", type->str);
    }
    zagg_arena_free(arena);
}

void zg_aws_error_type(const zg_call *call, char out[64])
{
    const char *type = zg_headers_get(&call->out_headers, "x-amzn-ErrorType");
    out[0] = '\0';
    if (type != NULL)
        (void)snprintf(out, 64, "%s", type);
    else if (call->http_status >= 400)
        body_type(call, out);
    out[strcspn(out, ":")] = '\0';
}
