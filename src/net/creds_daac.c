/* Keys for the protected buckets of NASA's archives (DAACs), about an hour's, for the
 * token of an Earthdata Login. */
#include "net/creds_parts.h"
#include "net/secret_text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MOST_ANSWER = 64 * 1024, MOST_TOKEN = 16 * 1024 };

static const zg_keys_names NAMES = {.access_key = "accessKeyId",
                                    .secret_key = "secretAccessKey",
                                    .token = "sessionToken",
                                    .expires = "expiration"};

static const struct {
    const char *name, *url, *title;
} DAACS[] = {
    {"gesdisc", "https://data.gesdisc.earthdata.nasa.gov/s3credentials",
     "gesdisc (Earthdata)"},
    {"lpdaac", "https://data.lpdaac.earthdatacloud.nasa.gov/s3credentials",
     "lpdaac (Earthdata)"},
    {"nsidc", "https://data.nsidc.earthdatacloud.nasa.gov/s3credentials",
     "nsidc (Earthdata)"},
};

typedef struct daac {
    zg_http *http;
    zg_earthdata *edl;
    char *url;
    const char *title;
    char *token; /* of the last attempt */
} daac;

/* ---- the call ---- */

static zagg_status authorize(void *user, const zg_call *call, unsigned attempt,
                             zg_headers *add, char **url_out, zagg_err *err)
{
    daac *d = user;
    char *token = NULL;
    zg_str bearer;
    (void)call, (void)attempt, (void)url_out;
    ZAGG_TRY(zg_earthdata_token(d->edl, &token, err));
    zg_secret_free(d->token);
    d->token = token;
    zg_secret_text_init(&bearer, strlen(token) + 7);
    zg_str_addf(&bearer, "Bearer %s", token);
    if (!bearer.failed)
        zg_headers_add(add, "Authorization", bearer.data);
    const bool failed = bearer.failed || add->failed;
    zg_secret_text_free(&bearer);
    return failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a token") : ZAGG_OK;
}

/* A token that ended shows as 401, or as the way to the login page. */
static zagg_status renew(void *user, const zg_call *call, const char *code, bool *again,
                         zagg_err *err)
{
    daac *d = user;
    (void)code;
    *again = false;
    if (d->token == NULL || call->http_status == 400 || call->http_status == 403)
        return ZAGG_OK;
    return zg_earthdata_renew(d->edl, d->token, again, err);
}

/* ---- answers ---- */

/* In any case, within the first 64 KiB. */
static bool mentions(const char *text, size_t len, const char *word)
{
    const size_t n = strlen(word);
    for (size_t i = 0; text != NULL && i + n <= len; i++)
        if (strncasecmp(text + i, word, n) == 0)
            return true;
    return false;
}

static bool is_page(const zg_call *call)
{
    const char *type = zg_headers_get(&call->out_headers, "Content-Type");
    size_t i = 0;
    while (i < call->out_len && strchr(" \t\r\n", call->out_body[i]) != NULL)
        i++;
    return (type != NULL && strncasecmp(type, "text/html", 9) == 0) ||
           (i < call->out_len && call->out_body[i] == '<');
}

static bool wants_agreement(const zg_call *call)
{
    const char *url = call->final_url != NULL ? call->final_url : "";
    return mentions(call->out_body, call->out_len, "eula") ||
           mentions(url, strlen(url), "eula");
}

static bool wants_approval(const zg_call *call)
{
    const char *url = call->final_url != NULL ? call->final_url : "";
    return mentions(url, strlen(url), "approve_app") ||
           mentions(call->out_body, call->out_len, "not authorized this application") ||
           mentions(call->out_body, call->out_len, "approve_app");
}

/* Why there are no keys, as its user can mend it. */
static zagg_status tell_refusal(const daac *d, const zg_call *call, const char *because,
                                zagg_err *err)
{
    char source[300];
    zg_earthdata_source(d->edl, source, sizeof source);
    if (wants_agreement(call))
        return zagg_err_set(err, ZAGG_EAUTH,
                            "%s gives no keys: a licence (EULA) has to be accepted "
                            "first; sign in at https://urs.earthdata.nasa.gov, accept it "
                            "under 'EULAs', and try again (account: %s)",
                            d->url, source);
    if (wants_approval(call))
        return zagg_err_set(err, ZAGG_EAUTH,
                            "%s gives no keys: the account has not approved this archive "
                            "yet; open this URL once in a browser and approve it "
                            "(account: %s)",
                            d->url, source);
    if (call->http_status == 403)
        return zagg_err_set(err, ZAGG_EAUTH, "%s gives no keys to the account of %s: %s",
                            d->url, source, because);
    return zagg_err_set(err, ZAGG_EAUTH,
                        "%s does not take the Earthdata token of %s, which is wrong or "
                        "has ended: %s",
                        d->url, source, because);
}

static zagg_status fetch(void *user, zg_aws_keys *out, zagg_err *err)
{
    daac *d = user;
    zg_call call = {.method = "GET",
                    .url = d->url,
                    .max_body = MOST_ANSWER,
                    .authorize = authorize,
                    .renew = renew,
                    .user = d};
    zagg_status status = zg_http_send(d->http, &call, 1, err);
    if (status == ZAGG_EAUTH && call.http_status != 0)
        status = tell_refusal(d, &call, call.err.msg, err);
    else if (status == ZAGG_OK && is_page(&call))
        status = tell_refusal(d, &call, "it answers with a page for people", err);
    else if (status != ZAGG_OK)
        status = zg_refused(&call, err, "keys of", d->title);
    else
        status =
            zg_aws_keys_of_json(call.out_body, call.out_len, d->url, &NAMES, out, err);
    zg_call_free(&call);
    zg_secret_free(d->token);
    d->token = NULL;
    return status;
}

/* ---- the source ---- */

static const char *name(void *user)
{
    return ((daac *)user)->title;
}

static void daac_free(void *user)
{
    daac *d = user;
    zg_free(d->url);
    zg_secret_free(d->token);
    zg_free(d);
}

static zagg_status daac_new(zg_http *http, zg_earthdata *edl, size_t at, daac **out,
                            zagg_err *err)
{
    const char *url = zg_env("ZAGG_S3CREDENTIALS_URL");
    zg_url_parts parts;
    if (url == NULL)
        url = DAACS[at].url;
    else if (!zg_url_split(url, &parts) || strncasecmp(url, "http", 4) != 0)
        return zagg_err_set(err, ZAGG_ECONFIG, "ZAGG_S3CREDENTIALS_URL is no URL");
    daac *d = zg_alloc(1, sizeof *d);
    char *copy = zg_strdup(url);
    if (d == NULL || copy == NULL) {
        zg_free(d);
        zg_free(copy);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for credentials");
    }
    *d = (daac){.http = http, .edl = edl, .url = copy, .title = DAACS[at].title};
    *out = d;
    return ZAGG_OK;
}

zagg_status zg_creds_daac(zg_http *http, zg_earthdata *edl, const char *daac_name,
                          zg_creds **out, zagg_err *err)
{
    static const zg_creds_source source = {
        .fetch = fetch, .name = name, .free = daac_free, .renewable = true};
    daac *d = NULL;
    for (size_t i = 0; i < sizeof DAACS / sizeof *DAACS; i++)
        if (strcmp(DAACS[i].name, daac_name) == 0) {
            ZAGG_TRY(daac_new(http, edl, i, &d, err));
            return zg_creds_of_source(&source, d, DAACS[i].title, out, err);
        }
    return zagg_err_set(err, ZAGG_ECONFIG,
                        "no archive '%.60s' gives keys: nsidc, lpdaac or gesdisc",
                        daac_name);
}
