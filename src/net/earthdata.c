/* Earthdata Login: the token that NASA's servers take. */
#include "net/creds_parts.h"
#include "net/secret_text.h"
#include "text/text.h"

#include <nettle/base64.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MOST_TOKEN = 16 * 1024, MOST_NETRC = 1 << 20, MOST_ANSWER = 64 * 1024 };

static const char HOST[] = "urs.earthdata.nasa.gov";

struct zg_earthdata {
    zg_http *http;
    char *url; /* of the login, without a '/' at its end */
    pthread_mutex_t lock;
    char *token;
    bool by_password; /* a new one can be asked for */
    char source[300]; /* whose token or password it is, for messages */
};

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for Earthdata Login");
}

static zagg_status choose_url(zg_earthdata *edl, zagg_err *err)
{
    const char *given = zg_env("ZAGG_EARTHDATA_URL");
    zg_url_parts parts;
    if (given == NULL)
        given = "https://urs.earthdata.nasa.gov";
    size_t len = strlen(given);
    if (!zg_url_split(given, &parts) || strncasecmp(given, "http", 4) != 0)
        return zagg_err_set(err, ZAGG_ECONFIG, "ZAGG_EARTHDATA_URL is no URL");
    while (given[len - 1] == '/')
        len--;
    edl->url = zg_strndup(given, len);
    return edl->url != NULL ? ZAGG_OK : no_memory(err);
}

zagg_status zg_earthdata_new(zg_http *http, zg_earthdata **out, zagg_err *err)
{
    zg_earthdata *edl = zg_alloc(1, sizeof *edl);
    if (edl == NULL)
        return no_memory(err);
    edl->http = http;
    (void)pthread_mutex_init(&edl->lock, NULL);
    const zagg_status status = choose_url(edl, err);
    if (status != ZAGG_OK)
        zg_earthdata_free(edl);
    else
        *out = edl;
    return status;
}

void zg_earthdata_free(zg_earthdata *edl)
{
    if (edl == NULL)
        return;
    zg_free(edl->url);
    zg_secret_free(edl->token);
    (void)pthread_mutex_destroy(&edl->lock);
    zg_free(edl);
}

/* ---- who asks: all of this with the lock held ---- */

static zagg_status copy_login(const char *user, const char *password, zg_netrc_login *out,
                              zagg_err *err)
{
    out->login = zg_strdup(user);
    out->password = zg_strdup(password);
    if (out->login != NULL && out->password != NULL)
        return ZAGG_OK;
    zg_netrc_login_free(out);
    return no_memory(err);
}

static zagg_status tell_nothing_found(const char *netrc, zagg_err *err)
{
    return zagg_err_set(
        err, ZAGG_EAUTH,
        "no Earthdata Login: set EARTHDATA_TOKEN; or EARTHDATA_USERNAME and "
        "EARTHDATA_PASSWORD; or put 'machine %s login NAME password PASSWORD' into "
        "%.300s",
        HOST, netrc != NULL ? netrc : "a file that NETRC names");
}

static zagg_status find_in_netrc(zg_earthdata *edl, const char *path, zg_netrc_login *out,
                                 zagg_err *err)
{
    char *text = NULL;
    size_t len = 0;
    bool found = false;
    zagg_status status = zg_secret_file_read(path, MOST_NETRC, &text, &len, err);
    if (status == ZAGG_ENOTFOUND)
        return tell_nothing_found(path, err);
    if (status == ZAGG_OK)
        status = zg_netrc_find(text, len, path, HOST, out, &found, err);
    zg_secret_file_free(text, len);
    if (status != ZAGG_OK)
        return status;
    if (!found)
        return tell_nothing_found(path, err);
    (void)snprintf(edl->source, sizeof edl->source, "netrc file %.280s", path);
    if (out->login != NULL && out->password != NULL)
        return ZAGG_OK;
    zg_netrc_login_free(out);
    return zagg_err_set(err, ZAGG_EAUTH,
                        "%.300s: the entry for %s lacks its login or "
                        "its password",
                        path, HOST);
}

static zagg_status find_login(zg_earthdata *edl, zg_netrc_login *out, zagg_err *err)
{
    const char *user = zg_env("EARTHDATA_USERNAME");
    const char *password = zg_env("EARTHDATA_PASSWORD");
    char *path = NULL;
    if ((user == NULL) != (password == NULL))
        return zagg_err_set(err, ZAGG_EAUTH, "%s is set, but %s is not",
                            user != NULL ? "EARTHDATA_USERNAME" : "EARTHDATA_PASSWORD",
                            user != NULL ? "EARTHDATA_PASSWORD" : "EARTHDATA_USERNAME");
    if (user != NULL) {
        (void)snprintf(edl->source, sizeof edl->source,
                       "EARTHDATA_USERNAME and EARTHDATA_PASSWORD");
        return copy_login(user, password, out, err);
    }
    ZAGG_TRY(zg_env_path("NETRC", ".netrc", &path, err));
    const zagg_status status =
        path == NULL ? tell_nothing_found(NULL, err) : find_in_netrc(edl, path, out, err);
    zg_free(path);
    return status;
}

/* ---- asking for a token ---- */

static zagg_status add_basic(const zg_netrc_login *login, zg_headers *headers,
                             zagg_err *err)
{
    zg_str plain, value;
    const size_t len = strlen(login->login) + strlen(login->password) + 1;
    const size_t encoded = BASE64_ENCODE_RAW_LENGTH(len);
    zg_secret_text_init(&plain, len);
    zg_secret_text_init(&value, encoded + 6);
    zg_str_add(&plain, login->login);
    zg_str_addc(&plain, ':');
    zg_str_add(&plain, login->password);
    zg_str_add(&value, "Basic ");
    if (!plain.failed && !value.failed) {
        base64_encode_raw(value.data + 6, len, (const uint8_t *)plain.data);
        value.data[6 + encoded] = '\0';
        zg_headers_add(headers, "Authorization", value.data);
    }
    const bool failed = plain.failed || value.failed || headers->failed;
    zg_secret_text_free(&plain);
    zg_secret_text_free(&value);
    return failed ? no_memory(err) : ZAGG_OK;
}

static zagg_status read_token(const zg_earthdata *edl, const zg_call *call, char **out,
                              zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = zg_json_parse_secret(arena, call->out_body, call->out_len,
                                              "Earthdata Login", &root, NULL);
    const zagg_value *token = zagg_value_get_set(root, "access_token");
    char *copy = NULL;
    if (status == ZAGG_OK && token != NULL && token->kind == ZAGG_STR &&
        strlen(token->str) == token->str_len && zg_secret_is_word(token->str, MOST_TOKEN))
        copy = zg_strdup(token->str);
    else if (status != ZAGG_ENOMEM)
        status = zagg_err_set(err, ZAGG_EAUTH, "%s: the answer holds no access_token",
                              edl->url);
    zagg_arena_free(arena);
    if (status != ZAGG_OK)
        return status == ZAGG_ENOMEM ? no_memory(err) : status;
    *out = copy;
    return copy != NULL ? ZAGG_OK : no_memory(err);
}

static zagg_status post_login(const zg_earthdata *edl, const zg_netrc_login *login,
                              char **out, zagg_err *err)
{
    zg_str url;
    zg_str_init(&url, 0);
    zg_str_addf(&url, "%s/api/users/find_or_create_token", edl->url);
    if (url.failed)
        return no_memory(err);
    zg_call call = {
        .method = "POST", .url = url.data, .max_body = MOST_ANSWER, .no_redirects = true};
    zagg_status status = add_basic(login, &call.headers, err);
    if (status == ZAGG_OK)
        status = zg_http_send(edl->http, &call, 1, err);
    zg_secret_hide(call.err.msg, login->password);
    if (status != ZAGG_OK && err != NULL)
        zg_secret_hide(err->msg, login->password);
    if (status == ZAGG_EAUTH && call.http_status == 401)
        status = zagg_err_set(err, ZAGG_EAUTH,
                              "Earthdata Login does not take the user name and password "
                              "of %s (%.300s)",
                              edl->source, call.err.msg);
    else if (status == ZAGG_OK)
        status = read_token(edl, &call, out, err);
    zg_call_free(&call);
    zg_str_free(&url);
    return status;
}

static zagg_status keep_token(zg_earthdata *edl, const char *token, const char *source,
                              zagg_err *err)
{
    (void)snprintf(edl->source, sizeof edl->source, "%s", source);
    edl->by_password = false;
    if (!zg_secret_is_word(token, MOST_TOKEN))
        return zagg_err_set(err, ZAGG_EAUTH,
                            "%s holds characters that no token has (blanks, line ends), "
                            "or is too long",
                            source);
    edl->token = zg_strdup(token);
    return edl->token != NULL ? ZAGG_OK : no_memory(err);
}

zagg_status zg_earthdata_give(zg_earthdata *edl, const char *token, zagg_err *err)
{
    return keep_token(edl, token, "edl_token of s3_credentials", err);
}

static zagg_status find_token(zg_earthdata *edl, zagg_err *err)
{
    const char *given = zg_env("EARTHDATA_TOKEN");
    zg_netrc_login login = {0};
    if (given != NULL)
        return keep_token(edl, given, "EARTHDATA_TOKEN", err);
    ZAGG_TRY(find_login(edl, &login, err));
    edl->by_password = true;
    const zagg_status status = post_login(edl, &login, &edl->token, err);
    zg_netrc_login_free(&login);
    return status;
}

/* ---- tokens ---- */

zagg_status zg_earthdata_token(zg_earthdata *edl, char **out, zagg_err *err)
{
    (void)pthread_mutex_lock(&edl->lock);
    zagg_status status = edl->token != NULL ? ZAGG_OK : find_token(edl, err);
    if (status == ZAGG_OK) {
        char *copy = zg_strdup(edl->token);
        if (copy != NULL)
            *out = copy;
        else
            status = no_memory(err);
    }
    (void)pthread_mutex_unlock(&edl->lock);
    return status;
}

zagg_status zg_earthdata_renew(zg_earthdata *edl, const char *token, bool *again,
                               zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    (void)pthread_mutex_lock(&edl->lock);
    if (edl->token != NULL && strcmp(edl->token, token) == 0 && edl->by_password) {
        zg_secret_free(edl->token);
        edl->token = NULL;
    }
    if (edl->token == NULL)
        status = find_token(edl, err);
    *again = status == ZAGG_OK && strcmp(edl->token, token) != 0;
    (void)pthread_mutex_unlock(&edl->lock);
    return status;
}

void zg_earthdata_source(zg_earthdata *edl, char *out, size_t len)
{
    (void)pthread_mutex_lock(&edl->lock);
    (void)snprintf(out, len, "%s", edl->source);
    (void)pthread_mutex_unlock(&edl->lock);
}
