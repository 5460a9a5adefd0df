/* Keys of a role, from AWS's Security Token Service: AWS documentation, "AssumeRole" and
 * "AssumeRoleWithWebIdentity". */
#include "net/creds_parts.h"
#include "net/secret_text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_TOKEN = 64 * 1024, MOST_ANSWER = 256 * 1024 };

/* ---- the form ---- */

static void add_parameter(zg_str *form, const char *name, const char *value)
{
    if (value == NULL)
        return;
    zg_str_addc(form, '&');
    zg_str_add(form, name);
    zg_str_addc(form, '=');
    zg_url_encode(form, value, false);
}

static void write_form(const zg_role *role, const char *token, zg_str *form)
{
    char session[40], duration[24];
    size_t room = 1024 + 3 * strlen(role->arn);
    if (role->session_name != NULL)
        room += 3 * strlen(role->session_name);
    if (role->external_id != NULL)
        room += 3 * strlen(role->external_id);
    if (token != NULL)
        room += 3 * strlen(token);
    zg_secret_text_init(form, room);
    (void)snprintf(session, sizeof session, "zagg-%ld", (long)getpid());
    (void)snprintf(duration, sizeof duration, "%ld", role->duration_s);
    zg_str_add(form, "Action=AssumeRole");
    zg_str_add(form, token != NULL ? "WithWebIdentity" : "");
    add_parameter(form, "Version", "2011-06-15");
    add_parameter(form, "RoleArn", role->arn);
    add_parameter(form, "RoleSessionName",
                  role->session_name != NULL ? role->session_name : session);
    add_parameter(form, "ExternalId", role->external_id);
    add_parameter(form, "WebIdentityToken", token);
    add_parameter(form, "DurationSeconds", role->duration_s > 0 ? duration : NULL);
}

/* ---- the call ---- */

typedef struct signer {
    const zg_aws_keys *keys; /* NULL: the token of the form says who asks */
    const char *region;
} signer;

static zagg_status authorize(void *user, const zg_call *call, unsigned attempt,
                             zg_headers *add, char **url_out, zagg_err *err)
{
    const signer *s = user;
    char hash[65];
    (void)attempt, (void)url_out;
    zg_sha256_hex(call->body, call->body_len, hash);
    const zg_sign_request request = {.method = call->method,
                                     .url = call->url,
                                     .service = "sts",
                                     .region = s->region,
                                     .headers = &call->headers,
                                     .payload_sha256 = hash,
                                     .keys = s->keys,
                                     .now = time(NULL)};
    return zg_sign_v4(&request, add, err);
}

static zagg_status read_answer(const zg_call *call, const char *arn, zg_aws_keys *out,
                               zagg_err *err)
{
    static const char *const names[] = {"AccessKeyId", "SecretAccessKey", "SessionToken",
                                        "Expiration"};
    char *texts[4];
    zg_aws_keys keys = {0};
    zagg_status status =
        zg_xml_texts(call->out_body, call->out_len, names, 4, texts, err);
    if (status != ZAGG_OK)
        return status == ZAGG_ENOMEM
                   ? status
                   : zagg_err_set(err, ZAGG_EAUTH,
                                  "STS for role %.200s: the answer is no XML", arn);
    keys.access_key = texts[0];
    keys.secret_key = texts[1];
    keys.token = texts[2];
    if (keys.token == NULL || texts[3] == NULL || !zg_time_parse(texts[3], &keys.expires))
        status = zagg_err_set(err, ZAGG_EAUTH,
                              "STS for role %.200s: the answer lacks the session token, "
                              "or when it ends",
                              arn);
    else
        status = zg_aws_keys_check(&keys, "the answer of STS", err);
    zg_free(texts[3]);
    if (status == ZAGG_OK)
        *out = keys;
    else
        zg_aws_keys_free(&keys);
    return status;
}

static zagg_status send_form(zg_http *http, const char *region, const zg_role *role,
                             const zg_str *form, zg_aws_keys *out, zagg_err *err)
{
    char *endpoint = NULL;
    bool custom;
    zg_str url;
    signer s = {.keys = role->token_file == NULL ? role->base : NULL, .region = region};
    ZAGG_TRY(zg_aws_endpoint("sts", region, NULL, &endpoint, &custom, err));
    zg_str_init(&url, 0);
    zg_str_addf(&url, "%s/", endpoint);
    zg_free(endpoint);
    if (url.failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a request");
    zg_call call = {.method = "POST",
                    .url = url.data,
                    .body = form->data,
                    .body_len = form->len,
                    .max_body = MOST_ANSWER,
                    .no_redirects = true,
                    .authorize = authorize,
                    .user = &s};
    zg_headers_add(&call.headers, "Content-Type", "application/x-www-form-urlencoded");
    zagg_status status = zg_http_send(http, &call, 1, err);
    if (status != ZAGG_OK)
        status = zg_refused(&call, err, "STS for role", role->arn);
    else
        status = read_answer(&call, role->arn, out, err);
    zg_call_free(&call);
    zg_str_free(&url);
    return status;
}

/* The token without the line end that files have. */
static zagg_status read_token(const char *path, char **text, size_t *len, zagg_err *err)
{
    ZAGG_TRY(zg_secret_file_read(path, MOST_TOKEN, text, len, err));
    size_t n = *len;
    while (n > 0 && ((*text)[n - 1] == '\n' || (*text)[n - 1] == '\r'))
        (*text)[--n] = '\0';
    if (zg_secret_is_word(*text, MOST_TOKEN))
        return ZAGG_OK;
    zg_secret_file_free(*text, *len);
    *text = NULL;
    return zagg_err_set(err, ZAGG_EAUTH, "%s holds no web identity token", path);
}

zagg_status zg_sts_assume(zg_http *http, const char *region, const zg_role *role,
                          zg_aws_keys *out, zagg_err *err)
{
    char *token = NULL;
    size_t token_len = 0;
    zg_str form;
    zagg_status status = ZAGG_OK;
    if (role->token_file != NULL)
        ZAGG_TRY(read_token(role->token_file, &token, &token_len, err));
    write_form(role, token, &form);
    if (form.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a request");
    else
        status = send_form(http, region, role, &form, out, err);
    if (status != ZAGG_OK && err != NULL)
        zg_secret_hide(err->msg, token);
    zg_secret_file_free(token, token_len);
    zg_secret_text_free(&form);
    return status;
}
