/* AWS Signature Version 4: AWS documentation, "Create a signed AWS API request". */
#include "net/sign.h"

#include "net/secret_text.h"

#include <nettle/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_HEADERS = 256, MOST_PARAMETERS = 256, MOST_URL = 64 * 1024 };

static const char ALGORITHM[] = "AWS4-HMAC-SHA256";

/* One header as it is signed; borrowed texts. */
typedef struct field {
    const char *name, *value;
    size_t name_len, value_len;
    size_t place; /* headers of one name keep their order */
} field;

typedef struct signer {
    const zg_sign_request *request;
    zg_url_parts url;
    char moment[17]; /* "20260630T120000Z"; the day is its beginning */
    char *host;
    const char *payload;
    bool is_s3, adds_payload; /* the header is not among those given */
    field fields[MOST_HEADERS];
    size_t n_fields;
    zg_str scope, canonical, to_sign, authorization;
} signer;

/* ---- headers ---- */

static bool same_name(const field *f, const char *name)
{
    return strlen(name) == f->name_len && strncasecmp(name, f->name, f->name_len) == 0;
}

/* What proxies and libcurl change or add on the way, and what is made here. */
static bool is_left_out(const field *f)
{
    static const char *const names[] = {"accept-encoding",
                                        "authorization",
                                        "connection",
                                        "expect",
                                        "host",
                                        "transfer-encoding",
                                        "user-agent",
                                        "x-amz-date",
                                        "x-amzn-trace-id",
                                        "x-amz-security-token"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (same_name(f, names[i]))
            return true;
    return false;
}

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && strchr(" \t\r\n", (*text)[0]) != NULL) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && strchr(" \t\r\n", (*text)[*len - 1]) != NULL)
        (*len)--;
}

static bool add_field(signer *s, field f)
{
    if (s->n_fields == MOST_HEADERS)
        return false;
    f.place = s->n_fields;
    s->fields[s->n_fields++] = f;
    return true;
}

static bool add_own(signer *s, const char *name, const char *value)
{
    return add_field(s, (field){.name = name,
                                .value = value,
                                .name_len = strlen(name),
                                .value_len = strlen(value)});
}

static int compare_fields(const void *a, const void *b)
{
    const field *x = a, *y = b;
    const size_t least = x->name_len < y->name_len ? x->name_len : y->name_len;
    const int order = strncasecmp(x->name, y->name, least);
    if (order != 0)
        return order;
    if (x->name_len != y->name_len)
        return x->name_len < y->name_len ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static zagg_status collect_fields(signer *s, zagg_err *err)
{
    const zg_headers *given = s->request->headers;
    bool ok = true;
    for (size_t i = 0; given != NULL && i < given->lines.len && ok; i++) {
        const char *line = *ZG_VEC_AT(&given->lines, char *, i);
        const char *colon = strchr(line, ':');
        if (colon == NULL)
            continue;
        field f = {.name = line,
                   .name_len = (size_t)(colon - line),
                   .value = colon + 1,
                   .value_len = strlen(colon + 1)};
        trim(&f.value, &f.value_len);
        if (!is_left_out(&f))
            ok = add_field(s, f);
    }
    ok = ok && add_own(s, "host", s->host) && add_own(s, "x-amz-date", s->moment);
    if (s->adds_payload)
        ok = ok && add_own(s, "x-amz-content-sha256", s->payload);
    if (s->request->keys->token != NULL)
        ok = ok && add_own(s, "x-amz-security-token", s->request->keys->token);
    if (!ok)
        return zagg_err_set(err, ZAGG_ERANGE, "a request with more than %d headers",
                            MOST_HEADERS);
    qsort(s->fields, s->n_fields, sizeof *s->fields, compare_fields);
    return ZAGG_OK;
}

static bool starts_name(const signer *s, size_t i)
{
    return i == 0 || s->fields[i - 1].name_len != s->fields[i].name_len ||
           strncasecmp(s->fields[i - 1].name, s->fields[i].name, s->fields[i].name_len) !=
               0;
}

static void put_name(zg_str *out, const field *f)
{
    for (size_t i = 0; i < f->name_len; i++) {
        const char c = f->name[i];
        zg_str_addc(out, (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c));
    }
}

/* Runs of blanks count as one. */
static void put_value(zg_str *out, const field *f)
{
    for (size_t i = 0; i < f->value_len; i++)
        if (i == 0 || f->value[i] != ' ' || f->value[i - 1] != ' ')
            zg_str_addc(out, f->value[i]);
}

static void put_names(zg_str *out, const signer *s)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (starts_name(s, i)) {
            if (i > 0)
                zg_str_addc(out, ';');
            put_name(out, &s->fields[i]);
        }
}

static void put_fields(zg_str *out, const signer *s)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        if (starts_name(s, i)) {
            put_name(out, &s->fields[i]);
            zg_str_addc(out, ':');
        } else {
            zg_str_addc(out, ',');
        }
        put_value(out, &s->fields[i]);
        if (i + 1 == s->n_fields || starts_name(s, i + 1))
            zg_str_addc(out, '\n');
    }
}

/* ---- path and query ---- */

/* Where the part before the last one of `out` begins: what ".." leads back to. */
static size_t parent_len(const zg_str *out, size_t root)
{
    size_t n = out->len;
    if (n > root)
        n--; /* its '/' */
    while (n > root && out->data[n - 1] != '/')
        n--;
    return n;
}

/* Without empty parts, "." and "..", each part encoded once more. */
static void put_normal_path(zg_str *out, const char *path, size_t len)
{
    const size_t root = out->len + 1;
    zg_str_addc(out, '/');
    for (size_t i = 0; i < len && !out->failed;) {
        size_t n = 0;
        while (i + n < len && path[i + n] != '/')
            n++;
        if (n == 2 && memcmp(path + i, "..", 2) == 0) {
            out->len = parent_len(out, root);
            out->data[out->len] = '\0';
        } else if (n > 0 && !(n == 1 && path[i] == '.')) {
            for (size_t k = 0; k < n; k++) {
                const char one[2] = {path[i + k], '\0'};
                zg_url_encode(out, one, false);
            }
            if (i + n < len)
                zg_str_addc(out, '/');
        }
        i += n + 1;
    }
}

static void put_path(zg_str *out, const signer *s)
{
    if (!s->is_s3)
        put_normal_path(out, s->url.path, s->url.path_len);
    else if (s->url.path_len == 0)
        zg_str_addc(out, '/');
    else
        zg_str_addn(out, s->url.path, s->url.path_len);
}

/* "key=value", encoded; sorting must see the two apart, as '=' is greater than digits. */
typedef struct parameter {
    char *text;
    size_t key_len;
} parameter;

static int compare_parameters(const void *a, const void *b)
{
    const parameter *x = a, *y = b;
    const size_t least = x->key_len < y->key_len ? x->key_len : y->key_len;
    const int order = memcmp(x->text, y->text, least);
    if (order != 0)
        return order;
    if (x->key_len != y->key_len)
        return x->key_len < y->key_len ? -1 : 1;
    return strcmp(x->text, y->text);
}

static bool add_parameter(const char *text, size_t len, parameter *out)
{
    zg_str encoded;
    const char *equals = memchr(text, '=', len);
    const size_t key_len = equals != NULL ? (size_t)(equals - text) : len;
    zg_str_init(&encoded, 3 * len + 1);
    zg_url_reencode(&encoded, text, key_len);
    out->key_len = encoded.len;
    zg_str_addc(&encoded, '=');
    if (equals != NULL)
        zg_url_reencode(&encoded, equals + 1, len - key_len - 1);
    out->text = zg_str_take(&encoded);
    return out->text != NULL;
}

static zagg_status put_query(zg_str *out, const signer *s, zagg_err *err)
{
    parameter parameters[MOST_PARAMETERS];
    size_t n = 0;
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < s->url.query_len && status == ZAGG_OK;) {
        const char *at = s->url.query + i;
        const char *end = memchr(at, '&', s->url.query_len - i);
        const size_t len = end != NULL ? (size_t)(end - at) : s->url.query_len - i;
        if (n == MOST_PARAMETERS)
            status =
                zagg_err_set(err, ZAGG_ERANGE, "a request with more than %d parameters",
                             MOST_PARAMETERS);
        else if (len > 0 && !add_parameter(at, len, &parameters[n++]))
            status = zagg_err_set(err, ZAGG_ENOMEM, "no memory to sign a request");
        i += len + 1;
    }
    if (status == ZAGG_OK)
        qsort(parameters, n, sizeof *parameters, compare_parameters);
    for (size_t i = 0; i < n; i++) {
        if (status == ZAGG_OK && i > 0)
            zg_str_addc(out, '&');
        if (status == ZAGG_OK)
            zg_str_add(out, parameters[i].text);
        zg_free(parameters[i].text);
    }
    return status;
}

/* ---- the three texts ---- */

static zagg_status put_canonical(signer *s, zagg_err *err)
{
    zg_str *out = &s->canonical;
    zg_str_add(out, s->request->method);
    zg_str_addc(out, '\n');
    put_path(out, s);
    zg_str_addc(out, '\n');
    ZAGG_TRY(put_query(out, s, err));
    zg_str_addc(out, '\n');
    put_fields(out, s);
    zg_str_addc(out, '\n');
    put_names(out, s);
    zg_str_addc(out, '\n');
    zg_str_add(out, s->payload);
    return ZAGG_OK;
}

static void put_to_sign(signer *s)
{
    char hash[65];
    zg_sha256_hex(s->canonical.data, s->canonical.len, hash);
    zg_str_addf(&s->to_sign, "%s\n%s\n%s\n%s", ALGORITHM, s->moment, s->scope.data, hash);
}

static void hmac(const uint8_t *key, size_t key_len, const char *text, size_t len,
                 uint8_t out[32])
{
    struct hmac_sha256_ctx ctx;
    hmac_sha256_set_key(&ctx, key_len, key);
    hmac_sha256_update(&ctx, len, (const uint8_t *)text);
    hmac_sha256_digest(&ctx, 32, out);
    zg_secret_wipe(&ctx, sizeof ctx);
}

static void put_authorization(signer *s)
{
    const zg_sign_request *r = s->request;
    uint8_t key[32];
    char signature[65];
    zg_str secret;
    zg_secret_text_init(&secret, strlen(r->keys->secret_key) + 4);
    zg_str_add(&secret, "AWS4");
    zg_str_add(&secret, r->keys->secret_key);
    s->authorization.failed |= secret.failed;
    hmac((const uint8_t *)secret.data, secret.len, s->moment, 8, key);
    zg_secret_text_free(&secret);
    hmac(key, sizeof key, r->region, strlen(r->region), key);
    hmac(key, sizeof key, r->service, strlen(r->service), key);
    hmac(key, sizeof key, "aws4_request", 12, key);
    hmac(key, sizeof key, s->to_sign.data, s->to_sign.len, key);
    zg_hex(key, sizeof key, signature);
    zg_secret_wipe(key, sizeof key);
    zg_str_addf(&s->authorization, "%s Credential=%s/%s, SignedHeaders=", ALGORITHM,
                r->keys->access_key, s->scope.data);
    put_names(&s->authorization, s);
    zg_str_addf(&s->authorization, ", Signature=%s", signature);
    zg_secret_wipe(signature, sizeof signature);
}

/* ---- a signer ---- */

/* The host as libcurl sends it: without a port that the scheme has anyway. */
static char *sent_host(const zg_url_parts *url)
{
    size_t len = url->host_len;
    const bool tls = url->scheme_len == 5 && strncasecmp(url->scheme, "https", 5) == 0;
    const char *port = tls ? ":443" : ":80";
    const size_t n = strlen(port);
    if (len > n && memcmp(url->host + len - n, port, n) == 0)
        len -= n;
    return zg_strndup(url->host, len);
}

static bool write_moment(time_t now, char out[17])
{
    struct tm utc;
    return gmtime_r(&now, &utc) != NULL && utc.tm_year <= 9999 - 1900 &&
           strftime(out, 17, "%Y%m%dT%H%M%SZ", &utc) == 16;
}

/* The most bytes of a canonical request: so that its buffer never moves. */
static size_t canonical_room(const signer *s)
{
    size_t room = 1024 + 6 * (s->url.path_len + s->url.query_len) +
                  strlen(s->request->method) + strlen(s->payload);
    for (size_t i = 0; i < s->n_fields; i++)
        room += 2 * s->fields[i].name_len + s->fields[i].value_len + 4;
    return room;
}

static void choose_payload(signer *s)
{
    static const char of_nothing[] =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const char *given = s->request->headers != NULL
                            ? zg_headers_get(s->request->headers, "x-amz-content-sha256")
                            : NULL;
    s->payload = given != NULL                        ? given
                 : s->request->payload_sha256 != NULL ? s->request->payload_sha256
                                                      : of_nothing;
    s->adds_payload = s->is_s3 && given == NULL;
}

static zagg_status write_texts(signer *s, zagg_err *err)
{
    const zg_sign_request *r = s->request;
    const size_t room = canonical_room(s);
    zg_secret_text_init(&s->canonical, room);
    zg_str_init(&s->to_sign, 0);
    zg_str_init(&s->scope, 0);
    zg_secret_text_init(&s->authorization, room + strlen(r->keys->access_key) + 256 +
                                               strlen(r->region) + strlen(r->service));
    zg_str_addf(&s->scope, "%.8s/%s/%s/aws4_request", s->moment, r->region, r->service);
    ZAGG_TRY(put_canonical(s, err));
    put_to_sign(s);
    put_authorization(s);
    if (s->canonical.failed || s->to_sign.failed || s->scope.failed ||
        s->authorization.failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to sign a request");
    return ZAGG_OK;
}

static void signer_free(signer *s)
{
    zg_secret_text_free(&s->canonical);
    zg_secret_text_free(&s->authorization);
    zg_str_free(&s->to_sign);
    zg_str_free(&s->scope);
    zg_free(s->host);
    zg_free(s);
}

static zagg_status signer_new(const zg_sign_request *r, signer **out, zagg_err *err)
{
    signer *s = zg_alloc(1, sizeof *s);
    if (s == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to sign a request");
    zagg_status status = ZAGG_OK;
    s->request = r;
    s->is_s3 = strcmp(r->service, "s3") == 0;
    if (strlen(r->url) > MOST_URL || !zg_url_split(r->url, &s->url))
        status =
            zagg_err_set(err, ZAGG_EARG, "'%.200s' is no URL that can be signed", r->url);
    else if (r->keys->secret_key == NULL || !write_moment(r->now, s->moment))
        status = zagg_err_set(err, ZAGG_EARG, "no secret key, or no date, to sign with");
    else if ((s->host = sent_host(&s->url)) == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory to sign a request");
    if (status == ZAGG_OK) {
        choose_payload(s);
        status = collect_fields(s, err);
    }
    if (status == ZAGG_OK)
        status = write_texts(s, err);
    if (status != ZAGG_OK) {
        signer_free(s);
        return status;
    }
    *out = s;
    return ZAGG_OK;
}

zagg_status zg_sign_v4(const zg_sign_request *request, zg_headers *add, zagg_err *err)
{
    signer *s = NULL;
    if (request->keys == NULL || request->keys->access_key == NULL)
        return ZAGG_OK;
    ZAGG_TRY(signer_new(request, &s, err));
    zg_headers_add(add, "x-amz-date", s->moment);
    if (s->adds_payload)
        zg_headers_add(add, "x-amz-content-sha256", s->payload);
    if (request->keys->token != NULL)
        zg_headers_add(add, "x-amz-security-token", request->keys->token);
    zg_headers_add(add, "Authorization", s->authorization.data);
    signer_free(s);
    return add->failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory to sign a request")
                       : ZAGG_OK;
}

zagg_status zg_sign_v4_texts(const zg_sign_request *request, char **canonical,
                             char **to_sign, char **authorization, zagg_err *err)
{
    signer *s = NULL;
    ZAGG_TRY(signer_new(request, &s, err));
    *canonical = zg_str_take(&s->canonical);
    *to_sign = zg_str_take(&s->to_sign);
    *authorization = zg_str_take(&s->authorization);
    signer_free(s);
    return ZAGG_OK;
}
