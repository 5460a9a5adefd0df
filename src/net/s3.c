/* A bucket: URLs of its keys, and how calls to it are signed. */
#include "net/s3.h"

#include "net/creds_parts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A call that was refused may have been signed with the keys before those that came in
 * the last NEW_KEYS_S. */
enum { NEW_KEYS_S = 60, MOST_URL = 16 * 1024 };

struct zg_s3 {
    zg_http *http;
    zg_creds *creds;
    char *bucket, *acl, *sse, *sse_kms_key;
    char *base; /* of every URL that is given out: endpoint and bucket */
    bool custom, path_style, requester_pays;
    pthread_mutex_t lock; /* of what follows */
    char *region;
    char *base_now;   /* where calls go; as `base` until S3 named another region */
    bool moved;       /* it has */
    zg_aws_keys last; /* what was signed with last */
    bool changed;     /* the keys of `last` took the place of others at `changed_at` */
    double changed_at;
};

/* ---- a bucket ---- */

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a bucket");
}

/* Fit to be the first part of a host's name, with a certificate that covers it. */
static bool is_host_label(const char *bucket)
{
    const size_t n = strlen(bucket);
    return n <= 63 && strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static zagg_status choose_style(zg_s3 *s3, zagg_err *err)
{
    const char *asked = zg_env("ZAGG_S3_ADDRESSING");
    if (asked == NULL)
        s3->path_style =
            s3->custom || zg_creds_are_given(s3->creds) || !is_host_label(s3->bucket);
    else if (strcmp(asked, "path") == 0 || strcmp(asked, "virtual") == 0)
        s3->path_style = asked[0] == 'p';
    else
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "ZAGG_S3_ADDRESSING is '%.40s': write path or virtual",
                            asked);
    return ZAGG_OK;
}

/* Endpoint and bucket, without a '/' at the end. */
static char *make_base(const zg_s3 *s3, const char *endpoint)
{
    zg_url_parts parts;
    zg_str out;
    zg_str_init(&out, 0);
    if (s3->path_style || !zg_url_split(endpoint, &parts)) {
        zg_str_addf(&out, "%s/%s", endpoint, s3->bucket);
    } else {
        zg_str_addn(&out, endpoint, parts.scheme_len);
        zg_str_addf(&out, "://%s.%s", s3->bucket, parts.host);
    }
    return zg_str_take(&out);
}

static bool copy_text(const char *from, char **to)
{
    *to = from != NULL ? zg_strdup(from) : NULL;
    return from == NULL || *to != NULL;
}

static bool copy_texts(const zg_s3_opts *opts, zg_s3 *s3)
{
    return copy_text(opts->bucket, &s3->bucket) && copy_text(opts->acl, &s3->acl) &&
           copy_text(opts->sse, &s3->sse) &&
           copy_text(opts->sse_kms_key, &s3->sse_kms_key) &&
           copy_text(opts->region, &s3->region);
}

static zagg_status fill(const zg_s3_opts *opts, zg_s3 *s3, zagg_err *err)
{
    char *endpoint = NULL;
    s3->http = opts->http;
    s3->creds = opts->creds;
    s3->requester_pays = opts->requester_pays;
    if (!copy_texts(opts, s3))
        return no_memory(err);
    ZAGG_TRY(
        zg_aws_endpoint("s3", s3->region, opts->endpoint, &endpoint, &s3->custom, err));
    const zagg_status status = choose_style(s3, err);
    if (status == ZAGG_OK) {
        s3->base = make_base(s3, endpoint);
        s3->base_now = make_base(s3, endpoint);
    }
    zg_free(endpoint);
    if (status == ZAGG_OK && (s3->base == NULL || s3->base_now == NULL))
        return no_memory(err);
    return status;
}

zagg_status zg_s3_new(const zg_s3_opts *opts, zg_s3 **out, zagg_err *err)
{
    zg_s3 *s3 = zg_alloc(1, sizeof *s3);
    if (s3 == NULL)
        return no_memory(err);
    (void)pthread_mutex_init(&s3->lock, NULL);
    const zagg_status status = fill(opts, s3, err);
    if (status != ZAGG_OK)
        zg_s3_free(s3);
    else
        *out = s3;
    return status;
}

void zg_s3_free(zg_s3 *s3)
{
    if (s3 == NULL)
        return;
    zg_free(s3->bucket);
    zg_free(s3->acl);
    zg_free(s3->sse);
    zg_free(s3->sse_kms_key);
    zg_free(s3->base);
    zg_free(s3->region);
    zg_free(s3->base_now);
    zg_aws_keys_free(&s3->last);
    (void)pthread_mutex_destroy(&s3->lock);
    zg_free(s3);
}

const char *zg_s3_bucket(const zg_s3 *s3)
{
    return s3->bucket;
}

zagg_status zg_s3_url(const zg_s3 *s3, const char *key, const char *query, char **out,
                      zagg_err *err)
{
    zg_str url;
    zg_str_init(&url, MOST_URL);
    zg_str_add(&url, s3->base);
    if (key[0] != '\0' || !s3->path_style)
        zg_str_addc(&url, '/');
    zg_url_encode(&url, key, true);
    if (query[0] != '\0') {
        zg_str_addc(&url, '?');
        zg_str_add(&url, query);
    }
    char *text = zg_str_take(&url);
    if (text == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "s3://%s/%.200s: no memory for its URL",
                            s3->bucket, key);
    *out = text;
    return ZAGG_OK;
}

/* ---- headers ---- */

void zg_s3_put_headers(const zg_s3 *s3, zg_headers *headers)
{
    if (s3->acl != NULL)
        zg_headers_add(headers, "x-amz-acl", s3->acl);
    if (s3->sse != NULL)
        zg_headers_add(headers, "x-amz-server-side-encryption", s3->sse);
    if (s3->sse_kms_key != NULL)
        zg_headers_add(headers, "x-amz-server-side-encryption-aws-kms-key-id",
                       s3->sse_kms_key);
}

void zg_s3_common_headers(const zg_s3 *s3, zg_headers *headers)
{
    if (s3->requester_pays)
        zg_headers_add(headers, "x-amz-request-payer", "requester");
}

/* ---- signing an attempt ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Notes which keys are in use, and gives the region and, where S3 named another one, the
 * URL of this attempt. */
static zagg_status note_attempt(zg_s3 *s3, const zg_call *call, const zg_aws_keys *keys,
                                char **region, char **url, zagg_err *err)
{
    const size_t n = strlen(s3->base);
    zg_aws_keys copy = {0};
    zg_str moved;
    ZAGG_TRY(zg_aws_keys_copy(keys, &copy, err));
    zg_str_init(&moved, MOST_URL);
    (void)pthread_mutex_lock(&s3->lock);
    if (s3->last.access_key != NULL &&
        !(same_text(s3->last.access_key, copy.access_key) &&
          same_text(s3->last.token, copy.token))) {
        s3->changed = true;
        s3->changed_at = zg_clock_mono_s();
    }
    const zg_aws_keys before = s3->last;
    s3->last = copy;
    *region = zg_strdup(s3->region);
    const bool is_moved =
        strcmp(s3->base, s3->base_now) != 0 && strncmp(call->url, s3->base, n) == 0;
    if (is_moved)
        zg_str_addf(&moved, "%s%s", s3->base_now, call->url + n);
    (void)pthread_mutex_unlock(&s3->lock);
    copy = before;
    zg_aws_keys_free(&copy);
    *url = is_moved ? zg_str_take(&moved) : NULL;
    return *region == NULL || (is_moved && *url == NULL) ? no_memory(err) : ZAGG_OK;
}

/* Headers of a call that say who asks go to the host of its own URL only: repeated for
 * the one that the call has been moved to. */
static void repeat_headers(const zg_headers *from, zg_headers *add)
{
    for (size_t i = 0; i < from->lines.len; i++) {
        const char *line = *ZG_VEC_AT(&from->lines, char *, i);
        const size_t len = strcspn(line, ":");
        if (strncasecmp(line, "x-amz-", 6) != 0 || line[len] != ':')
            continue;
        char *name = zg_strndup(line, len);
        const char *value = line + len + 1 + strspn(line + len + 1, " \t");
        if (name == NULL)
            add->failed = true;
        else
            zg_headers_add(add, name, value);
        zg_free(name);
    }
}

static zagg_status sign(const zg_call *call, const char *url, const char *region,
                        const zg_aws_keys *keys, zg_headers *add, zagg_err *err)
{
    char hash[65];
    const bool hashed = zg_headers_get(&call->headers, "x-amz-content-sha256") != NULL;
    zg_sign_request request = {.method = call->method,
                               .url = url,
                               .service = "s3",
                               .region = region,
                               .headers = &call->headers,
                               .keys = keys,
                               .now = time(NULL)};
    if (call->body_len > 0 && !hashed) {
        zg_sha256_hex(call->body, call->body_len, hash);
        request.payload_sha256 = hash;
    }
    return zg_sign_v4(&request, add, err);
}

static zagg_status authorize(void *user, const zg_call *call, unsigned attempt,
                             zg_headers *add, char **url_out, zagg_err *err)
{
    zg_s3 *s3 = user;
    zg_aws_keys keys = {0};
    char *region = NULL, *url = NULL;
    (void)attempt;
    zagg_status status = zg_creds_get(s3->creds, &keys, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "keys for s3://%s", s3->bucket);
    status = note_attempt(s3, call, &keys, &region, &url, err);
    if (status == ZAGG_OK)
        status = sign(call, url != NULL ? url : call->url, region, &keys, add, err);
    if (status == ZAGG_OK && url != NULL)
        repeat_headers(&call->headers, add);
    zg_aws_keys_free(&keys);
    zg_free(region);
    if (status == ZAGG_OK)
        *url_out = url;
    else
        zg_free(url);
    return status;
}

/* ---- another region ---- */

/* The region that an answer says the bucket is in; NULL: it does not. Owned. */
static char *region_of_answer(const zg_call *call)
{
    static const char *const name[] = {"Region"};
    const char *header = zg_headers_get(&call->out_headers, "x-amz-bucket-region");
    char *region = NULL;
    if (header != NULL)
        region = zg_strdup(header);
    else if (call->out_body != NULL && zg_xml_texts(call->out_body, call->out_len, name,
                                                    1, &region, NULL) != ZAGG_OK)
        region = NULL;
    if (region != NULL &&
        (strlen(region) < 5 || strlen(region) > 40 ||
         strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(region))) {
        zg_secret_free(region);
        region = NULL;
    }
    return region;
}

/* From now on calls go there. A custom endpoint stays where it is. */
static zagg_status move_to(zg_s3 *s3, char *region, zagg_err *err)
{
    char *endpoint = NULL, *base = NULL;
    bool custom = false;
    if (!s3->custom) {
        const zagg_status status =
            zg_aws_endpoint("s3", region, NULL, &endpoint, &custom, err);
        if (status == ZAGG_OK)
            base = make_base(s3, endpoint);
        zg_free(endpoint);
        if (base == NULL) {
            zg_free(region);
            return status != ZAGG_OK ? status : no_memory(err);
        }
    }
    (void)pthread_mutex_lock(&s3->lock);
    char *old_region = s3->region, *old_base = base != NULL ? s3->base_now : NULL;
    s3->region = region;
    s3->moved = true;
    if (base != NULL)
        s3->base_now = base;
    (void)pthread_mutex_unlock(&s3->lock);
    zg_free(old_region);
    zg_free(old_base);
    return ZAGG_OK;
}

/* Whether an answer names a region that calls do not go to yet. A call that was signed
 * before another one learnt it is done again as well. */
static zagg_status follow_region(zg_s3 *s3, const zg_call *call, bool *again,
                                 zagg_err *err)
{
    if (call->http_status != 301 && call->http_status != 400)
        return ZAGG_OK;
    char *region = region_of_answer(call);
    if (region == NULL)
        return ZAGG_OK;
    (void)pthread_mutex_lock(&s3->lock);
    const bool known = strcmp(s3->region, region) == 0;
    const bool moved = s3->moved;
    (void)pthread_mutex_unlock(&s3->lock);
    if (known) {
        zg_free(region);
        *again = moved;
        return ZAGG_OK;
    }
    ZAGG_TRY(move_to(s3, region, err));
    *again = true;
    return ZAGG_OK;
}

/* ---- a refusal ---- */

static bool is_one_of(const char *code, const char *const *codes)
{
    for (; *codes != NULL; codes++)
        if (strcmp(code, *codes) == 0)
            return true;
    return false;
}

static bool ended(const zg_aws_keys *keys)
{
    return keys->expires != 0 && keys->expires <= time(NULL);
}

/* Newer keys, where it was the keys that S3 did not take. */
static zagg_status renew_keys(zg_s3 *s3, const zg_call *call, const char *code,
                              bool *again, zagg_err *err)
{
    static const char *const old[] = {"ExpiredToken", "ExpiredTokenException",
                                      "InvalidToken", "TokenRefreshRequired", NULL};
    zg_aws_keys stale = {0};
    (void)pthread_mutex_lock(&s3->lock);
    const bool just_changed =
        s3->changed && zg_clock_mono_s() - s3->changed_at < NEW_KEYS_S;
    zagg_status status = zg_aws_keys_copy(&s3->last, &stale, err);
    (void)pthread_mutex_unlock(&s3->lock);
    const bool refused =
        is_one_of(code, old) || ((call->http_status == 401 || call->http_status == 403) &&
                                 (ended(&stale) || just_changed));
    if (status == ZAGG_OK && refused && just_changed)
        *again = true;
    else if (status == ZAGG_OK && refused)
        status = zg_creds_renew(s3->creds, &stale, again, err);
    zg_aws_keys_free(&stale);
    return status == ZAGG_OK
               ? status
               : zagg_err_context(err, status, "s3://%s: new keys", s3->bucket);
}

/* How far this machine's clock is from the server's, of a few words. */
static void describe_clock(const zg_call *call, char *out, size_t len)
{
    const char *date = zg_headers_get(&call->out_headers, "Date");
    time_t theirs = 0;
    if (date == NULL || !zg_time_parse_http(date, &theirs)) {
        (void)snprintf(out, len, "the clock of this machine is wrong: set it");
        return;
    }
    const double off = difftime(time(NULL), theirs);
    const double size = off < 0 ? -off : off;
    (void)snprintf(out, len,
                   "the clock of this machine is %.0f %s %s the server's: set it",
                   size < 600 ? size : size / 60, size < 600 ? "s" : "minutes",
                   off < 0 ? "behind" : "ahead of");
}

static const char *advice_for_denial(const zg_s3 *s3, const char *keys)
{
    if (strcmp(keys, "anonymous") == 0)
        return "the bucket is not open to everyone: keys are needed";
    if (strstr(keys, "Earthdata") != NULL)
        return "these keys read only the buckets of this DAAC, and only from inside "
               "AWS's "
               "region us-west-2; elsewhere read by https";
    return s3->requester_pays
               ? "they must be allowed to do this"
               : "they must be allowed to do this, and a bucket that its readers pay for "
                 "wants to be told so (requester pays)";
}

static void write_advice(zg_s3 *s3, const zg_call *call, const char *code,
                         const char *keys, char out[256])
{
    static const char *const old[] = {"ExpiredToken", "ExpiredTokenException",
                                      "TokenRefreshRequired", NULL};
    char when[21];
    (void)pthread_mutex_lock(&s3->lock);
    const time_t expires = s3->last.expires;
    (void)pthread_mutex_unlock(&s3->lock);
    if (strcmp(code, "RequestTimeTooSkewed") == 0) {
        describe_clock(call, out, 256);
    } else if (expires != 0 && expires <= time(NULL)) {
        zg_time_write(expires, when);
        (void)snprintf(out, 256, "they ended at %s: get new ones", when);
    } else if (is_one_of(code, old)) {
        (void)snprintf(out, 256, "they have ended: get new ones");
    } else if (strcmp(code, "InvalidToken") == 0) {
        (void)snprintf(out, 256, "the session token is not that of these keys");
    } else if (strcmp(code, "InvalidAccessKeyId") == 0) {
        (void)snprintf(out, 256, "the server does not know this access key");
    } else if (strcmp(code, "SignatureDoesNotMatch") == 0) {
        (void)snprintf(out, 256, "the secret key is not that of the access key");
    } else if (strncmp(code, "Authorization", 13) == 0) {
        (void)snprintf(out, 256, "the bucket is perhaps in another region");
    } else {
        (void)snprintf(out, 256, "%s", advice_for_denial(s3, keys));
    }
}

/* The transfer's own text says what was asked and what S3 answered. */
static zagg_status refused(void *user, const zg_call *call, const char *code,
                           zagg_err *err)
{
    static const char *const of_keys[] = {"AuthorizationHeaderMalformed", "ExpiredToken",
                                          "ExpiredTokenException",        "InvalidToken",
                                          "TokenRefreshRequired",         NULL};
    zg_s3 *s3 = user;
    char advice[256];
    if (call->http_status != 401 && call->http_status != 403 && !is_one_of(code, of_keys))
        return ZAGG_OK;
    const char *keys = zg_creds_name(s3->creds);
    write_advice(s3, call, code, keys, advice);
    return zagg_err_set(err, ZAGG_EAUTH, "%s (keys: %s): %s", call->err.msg, keys,
                        advice);
}

static zagg_status renew(void *user, const zg_call *call, const char *code, bool *again,
                         zagg_err *err)
{
    zg_s3 *s3 = user;
    *again = false;
    ZAGG_TRY(follow_region(s3, call, again, err));
    return *again ? ZAGG_OK : renew_keys(s3, call, code, again, err);
}

void zg_s3_sign_calls(zg_s3 *s3, zg_call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        calls[i].authorize = authorize;
        calls[i].renew = renew;
        calls[i].refused = refused;
        calls[i].user = s3;
    }
}

void zg_s3_sign_call_hashed(zg_s3 *s3, zg_call *call, const char *payload_sha256)
{
    zg_headers_add(&call->headers, "x-amz-content-sha256", payload_sha256);
    zg_s3_sign_calls(s3, call, 1);
}
