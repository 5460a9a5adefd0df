/* Keys from where this program runs: a container's endpoint (ECS, EKS) and the instance's
 * metadata (IMDSv2). AWS SDKs and Tools Reference Guide, "Container credential provider"
 * and "IMDS credential provider". */
#include "net/creds_parts.h"
#include "net/secret_text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MOST_ANSWER = 64 * 1024, MOST_TOKEN = 16 * 1024, MOST_ROLE = 128 };

static const zg_keys_names NAMES = {.access_key = "AccessKeyId",
                                    .secret_key = "SecretAccessKey",
                                    .token = "Token",
                                    .expires = "Expiration"};

/* These hosts are on this machine or next to it: they answer at once or are not there,
 * and no proxy leads to them. */
static zagg_status near_http(zg_http **out, zagg_err *err)
{
    const zg_http_opts opts = {.max_connections = 1,
                               .connect_s = 1,
                               .stall_s = 2,
                               .attempts = 2,
                               .backoff_s = 0.1,
                               .direct = true};
    return zg_http_new(&opts, out, err);
}

/* A JSON answer may say why there are no keys. */
static zagg_status read_answer(const zg_call *call, const char *from, zg_aws_keys *out,
                               zagg_err *err)
{
    char code[64], text[300];
    zg_http_explain(call->out_body, call->out_len, code, text, sizeof text);
    if (code[0] != '\0' && strcasecmp(code, "Success") != 0)
        return zagg_err_set(err, ZAGG_EAUTH, "%s gives no keys: %s", from, text);
    return zg_aws_keys_of_json(call->out_body, call->out_len, from, &NAMES, out, err);
}

/* ---- container ---- */

static bool is_near_v4(const char *host)
{
    struct in_addr a;
    if (inet_pton(AF_INET, host, &a) != 1)
        return false;
    const uint32_t ip = ntohl(a.s_addr);
    return ip >> 24 == 127 || ip == 0xA9FEAA02u || ip == 0xA9FEAA17u;
}

/* This machine, or the addresses of ECS and EKS (169.254.170.2 and .23, fd00:ec2::23):
 * the token goes to no other host in plain text. */
static bool is_near(const zg_url_parts *url)
{
    char host[64];
    size_t n = 0;
    if (url->host[0] == '[') {
        while (n < url->host_len && url->host[n] != ']')
            n++;
        n += n < url->host_len;
    } else {
        while (n < url->host_len && url->host[n] != ':')
            n++;
    }
    if (n >= sizeof host)
        return false;
    memcpy(host, url->host, n);
    host[n] = '\0';
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           strcasecmp(host, "[fd00:ec2::23]") == 0 || is_near_v4(host);
}

static zagg_status container_url(const char *relative, const char *full, char **out,
                                 zagg_err *err)
{
    zg_url_parts parts;
    zg_str url;
    if (relative != NULL && relative[0] != '/')
        return zagg_err_set(err, ZAGG_EAUTH,
                            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with "
                            "'/'");
    zg_str_init(&url, 0);
    if (relative != NULL)
        zg_str_addf(&url, "http://169.254.170.2%s", relative);
    else
        zg_str_add(&url, full);
    if (!url.failed && (!zg_url_split(url.data, &parts) ||
                        (strncasecmp(url.data, "https://", 8) != 0 &&
                         !(strncasecmp(url.data, "http://", 7) == 0 && is_near(&parts)))))
        return zg_str_free(&url),
               zagg_err_set(err, ZAGG_EAUTH,
                            "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https:// nor "
                            "http:// at this machine, 169.254.170.2, 169.254.170.23 or "
                            "[fd00:ec2::23]");
    *out = zg_str_take(&url);
    return *out != NULL ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a URL");
}

/* The file is read each time: its token is replaced as it ends. */
static zagg_status add_container_token(zg_headers *headers, zagg_err *err)
{
    const char *path = zg_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = zg_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    char *text = NULL;
    size_t len = 0;
    if (path != NULL) {
        ZAGG_TRY(zg_secret_file_read(path, MOST_TOKEN, &text, &len, err));
        text[strcspn(text, "\r\n")] = '\0';
        token = text;
    }
    bool ok = true;
    for (const char *p = token; p != NULL && *p != '\0'; p++)
        ok = ok && *p >= ' ' && *p <= '~'; /* may be "Basic ..." or "Bearer ..." */
    if (token != NULL && ok)
        zg_headers_add(headers, "Authorization", token);
    zg_secret_file_free(text, len);
    return ok ? ZAGG_OK
              : zagg_err_set(err, ZAGG_EAUTH, "%s holds characters that no token has",
                             path != NULL ? path : "AWS_CONTAINER_AUTHORIZATION_TOKEN");
}

static zagg_status ask_container(zg_http *http, const char *url, zg_aws_keys *out,
                                 zagg_err *err)
{
    zg_http *near = NULL;
    zg_call call = {
        .method = "GET", .url = url, .max_body = MOST_ANSWER, .no_redirects = true};
    zagg_status status = add_container_token(&call.headers, err);
    if (status == ZAGG_OK && strncasecmp(url, "http://", 7) == 0)
        status = near_http(&near, err);
    if (status == ZAGG_OK) {
        status = zg_http_send(near != NULL ? near : http, &call, 1, err);
        status = status == ZAGG_OK
                     ? read_answer(&call, "the container's endpoint", out, err)
                     : zg_refused(&call, err, "container", "endpoint");
    }
    zg_call_free(&call);
    zg_http_free(near);
    return status;
}

zagg_status zg_creds_container(zg_http *http, zg_place *place, zg_str *tried,
                               zagg_err *err)
{
    const char *relative = zg_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = zg_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    char *url = NULL;
    if (relative == NULL && full == NULL) {
        zg_str_add(tried, "; no container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI)");
        return ZAGG_OK;
    }
    ZAGG_TRY(container_url(relative, full, &url, err));
    const zagg_status status = ask_container(http, url, &place->keys, err);
    zg_free(url);
    place->found = status == ZAGG_OK;
    (void)snprintf(place->name, sizeof place->name, "container");
    return status;
}

/* ---- instance ---- */

typedef struct instance {
    zg_http *http;
    char base[300];
    char *token;
    zg_place *place;
    zg_str *tried;
    zagg_err *err;
} instance;

static zagg_status choose_base(instance *in)
{
    const char *given = zg_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = zg_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    zg_url_parts parts;
    if (given == NULL)
        given = mode != NULL && strcasecmp(mode, "IPv6") == 0 ? "http://[fd00:ec2::254]"
                                                              : "http://169.254.169.254";
    size_t len = strlen(given);
    if (len >= sizeof in->base || !zg_url_split(given, &parts) ||
        strncasecmp(given, "http", 4) != 0)
        return zagg_err_set(in->err, ZAGG_EAUTH,
                            "AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL");
    while (given[len - 1] == '/')
        len--;
    memcpy(in->base, given, len);
    in->base[len] = '\0';
    return ZAGG_OK;
}

/* *answered is false where nothing is there, or it has nothing for us; that is noted. */
static zagg_status ask(instance *in, const char *method, const char *path, char **body,
                       size_t *len, bool *answered)
{
    char url[600];
    zagg_err failed = ZAGG_ERR_INIT;
    (void)snprintf(url, sizeof url, "%s%s", in->base, path);
    zg_call call = {
        .method = method, .url = url, .max_body = MOST_ANSWER, .no_redirects = true};
    if (in->token != NULL)
        zg_headers_add(&call.headers, "X-aws-ec2-metadata-token", in->token);
    else
        zg_headers_add(&call.headers, "X-aws-ec2-metadata-token-ttl-seconds", "21600");
    const zagg_status status = zg_http_send(in->http, &call, 1, &failed);
    *answered = status == ZAGG_OK && call.http_status < 300;
    if (*answered) {
        *body = call.out_body;
        *len = call.out_len;
        call.out_body = NULL;
    } else if (status == ZAGG_OK) {
        zg_str_addf(in->tried, "; instance: %s answers HTTP %ld", url, call.http_status);
    } else if (status == ZAGG_ENOMEM || status == ZAGG_ECANCELLED) {
        zg_call_free(&call);
        if (in->err != NULL)
            *in->err = failed;
        return status;
    } else {
        zg_secret_hide(failed.msg, in->token);
        zg_str_addf(in->tried, "; instance: %.300s", failed.msg);
    }
    zg_call_free(&call);
    return ZAGG_OK;
}

/* The first line of the list of roles. */
static bool role_of(const char *list, char out[MOST_ROLE + 1])
{
    const size_t n = strcspn(list, "\r\n");
    if (n == 0 || n > MOST_ROLE)
        return false;
    memcpy(out, list, n);
    out[n] = '\0';
    return strspn(out, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                       "+=,.@_-") == n;
}

static zagg_status ask_role(instance *in, const char *role, bool *answered)
{
    static const char path[] = "/latest/meta-data/iam/security-credentials/";
    char url[sizeof path + MOST_ROLE];
    char *body = NULL;
    size_t len = 0;
    (void)snprintf(url, sizeof url, "%s%s", path, role);
    ZAGG_TRY(ask(in, "GET", url, &body, &len, answered));
    if (!*answered)
        return ZAGG_OK;
    const zg_call call = {.out_body = body, .out_len = len};
    const zagg_status status =
        read_answer(&call, "the instance's metadata", &in->place->keys, in->err);
    zg_secret_file_free(body, len);
    (void)snprintf(in->place->name, sizeof in->place->name, "instance role %s", role);
    in->place->found = status == ZAGG_OK;
    return status;
}

static zagg_status ask_instance(instance *in)
{
    char role[MOST_ROLE + 1], *list = NULL;
    size_t len = 0;
    bool answered = false;
    ZAGG_TRY(ask(in, "PUT", "/latest/api/token", &in->token, &len, &answered));
    if (!answered)
        return ZAGG_OK;
    if (!zg_secret_is_word(in->token, MOST_TOKEN))
        return zagg_err_set(in->err, ZAGG_EAUTH,
                            "the instance's metadata: what came is no token");
    ZAGG_TRY(ask(in, "GET", "/latest/meta-data/iam/security-credentials/", &list, &len,
                 &answered));
    if (!answered)
        return ZAGG_OK;
    const bool has_role = role_of(list, role);
    zg_free(list);
    if (!has_role) {
        zg_str_add(in->tried, "; instance: it has no role");
        return ZAGG_OK;
    }
    return ask_role(in, role, &answered);
}

zagg_status zg_creds_instance(zg_place *place, zg_str *tried, zagg_err *err)
{
    instance in = {.place = place, .tried = tried, .err = err};
    if (zg_env_true("AWS_EC2_METADATA_DISABLED")) {
        zg_str_add(tried, "; instance: AWS_EC2_METADATA_DISABLED is set");
        return ZAGG_OK;
    }
    ZAGG_TRY(choose_base(&in));
    ZAGG_TRY(near_http(&in.http, err));
    const zagg_status status = ask_instance(&in);
    zg_http_free(in.http);
    zg_secret_free(in.token);
    return status;
}
