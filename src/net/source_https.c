/* The way to an https:// object. The hosts of a DAAC send to a signed URL of a bucket,
 * which must not see the token and is good for about an hour: it is kept, so that only
 * the first request of a granule goes the whole way. */
#include "net/source.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    HOPS = 10,
    GRACE_S = 60 /* a URL that is about to expire is not begun with */
};

void zg_way_init(zg_way *way)
{
    pthread_mutex_init(&way->lock, NULL);
}

void zg_way_free(zg_way *way)
{
    zg_secret_free(way->end);
    pthread_mutex_destroy(&way->lock);
}

/* ---- URLs ---- */

/* Value of a query parameter, and its length; NULL where it is missing. */
static const char *parameter(const char *url, const char *name, size_t *len)
{
    const size_t name_len = strlen(name);
    const char *at = strchr(url, '?');
    while (at) {
        at++;
        const size_t n = strcspn(at, "&#");
        if (n > name_len && at[name_len] == '=' && strncmp(at, name, name_len) == 0) {
            *len = n - name_len - 1;
            return at + name_len + 1;
        }
        at = at[n] == '&' ? at + n : NULL;
    }
    return NULL;
}

static bool read_digits(const char *text, size_t n, int64_t *out)
{
    int64_t value = 0;
    if (n == 0 || n > 17)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return true;
}

/* Days from 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    const int64_t era = year / 400, of_era = year - era * 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* "20261127T071500Z". */
static bool read_amz_date(const char *text, size_t len, int64_t *out)
{
    int64_t year, month, day, hour, minute, second;
    if (len != 16 || text[8] != 'T' || text[15] != 'Z' || !read_digits(text, 4, &year) ||
        !read_digits(text + 4, 2, &month) || !read_digits(text + 6, 2, &day) ||
        !read_digits(text + 9, 2, &hour) || !read_digits(text + 11, 2, &minute) ||
        !read_digits(text + 13, 2, &second) || month < 1 || month > 12 || day < 1)
        return false;
    *out = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

time_t zg_url_expires(const char *url)
{
    size_t date_len = 0, seconds_len = 0, at_len = 0;
    const char *date = parameter(url, "X-Amz-Date", &date_len);
    const char *seconds = parameter(url, "X-Amz-Expires", &seconds_len);
    const char *at = parameter(url, "Expires", &at_len);
    int64_t begin, value;
    if (date && seconds && read_amz_date(date, date_len, &begin) &&
        read_digits(seconds, seconds_len, &value))
        return (time_t)(begin + value);
    return at && read_digits(at, at_len, &value) ? (time_t)value : 0;
}

char *zg_url_follow(const char *url, const char *location)
{
    zg_str text;
    zg_url_parts parts;
    zg_str_init(&text, 1u << 16);
    if (strstr(location, "://") && strcspn(location, ":") < strcspn(location, "/?#")) {
        zg_str_add(&text, location);
    } else if (!zg_url_split(url, &parts)) {
        text.failed = true;
    } else if (strncmp(location, "//", 2) == 0) {
        zg_str_addn(&text, parts.scheme, parts.scheme_len);
        zg_str_addf(&text, ":%s", location);
    } else {
        size_t folder = parts.path_len;
        while (folder > 0 && parts.path[folder - 1] != '/')
            folder--;
        zg_str_addn(&text, parts.scheme, parts.scheme_len);
        zg_str_add(&text, "://");
        zg_str_addn(&text, parts.host, parts.host_len);
        if (location[0] == '?')
            zg_str_addn(&text, parts.path, parts.path_len);
        else if (location[0] != '/' && folder > 0)
            zg_str_addn(&text, parts.path, folder);
        else if (location[0] != '/')
            zg_str_addc(&text, '/');
        zg_str_add(&text, location);
    }
    return zg_str_take(&text);
}

/* ---- Earthdata ---- */

static bool ends_with(const char *host, size_t len, const char *domain)
{
    const size_t n = strlen(domain);
    if (len < n || strncasecmp(host + len - n, domain, n) != 0)
        return false;
    return len == n || host[len - n - 1] == '.';
}

/* Is it one of a list with commas? */
static bool is_listed(const char *list, const char *host, size_t len)
{
    while (list && *list) {
        const size_t n = strcspn(list, ",");
        if (n == len && strncasecmp(list, host, n) == 0)
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

bool zg_is_earthdata_host(const char *host, size_t len, bool tls)
{
    if (is_listed(getenv("ZAGG_EARTHDATA_HOSTS"), host, len))
        return true;
    if (len > 4 && strncmp(host + len - 4, ":443", 4) == 0)
        len -= 4;
    return tls && (ends_with(host, len, "earthdata.nasa.gov") ||
                   ends_with(host, len, "earthdatacloud.nasa.gov"));
}

static bool wants_token(const char *url)
{
    zg_url_parts p;
    return zg_url_split(url, &p) &&
           zg_is_earthdata_host(p.host, p.host_len,
                                p.scheme_len == 5 &&
                                    strncasecmp(p.scheme, "https", 5) == 0);
}

/* Whose token a set of calls carries. */
typedef struct bearer {
    const zg_remote *remote;
    char *token; /* the last one sent */
} bearer;

static zagg_status add_token(void *user, const zg_call *call, unsigned attempt,
                             zg_headers *add, char **url_out, zagg_err *err)
{
    bearer *b = user;
    zg_earthdata *edl = NULL;
    zg_str text;
    (void)call;
    (void)attempt;
    (void)url_out;
    ZAGG_TRY(zg_net_earthdata(b->remote->net, &edl, err));
    char *token = NULL;
    ZAGG_TRY(zg_earthdata_token(edl, &token, err));
    zg_secret_free(b->token);
    b->token = token;
    zg_str_init(&text, 1u << 16);
    zg_str_addf(&text, "Bearer %s", token);
    char *value = zg_str_take(&text);
    if (value == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a token");
    zg_headers_add(add, "Authorization", value);
    zg_secret_free(value);
    return ZAGG_OK;
}

static zagg_status refused(const bearer *b, const zg_call *call, zagg_err *err)
{
    /* It knows whose token it is: the answer says what that user may not, or has not
     * agreed to (EULA). */
    if (b->token && call->http_status == 403)
        return zagg_err_set(err, ZAGG_EAUTH,
                            "%.600s; the token was accepted, but its user has no access: "
                            "see the applications and EULAs at "
                            "https://urs.earthdata.nasa.gov",
                            call->err.msg);
    if (b->token)
        return zagg_err_set(err, ZAGG_EAUTH,
                            "%s: Earthdata Login did not accept the token (it has "
                            "expired, or its user has not authorised this archive): see "
                            "https://urs.earthdata.nasa.gov",
                            b->remote->name);
    return zagg_err_set(err, ZAGG_EAUTH,
                        "%s: the server asks for a login; only hosts of Earthdata get a "
                        "token",
                        b->remote->name);
}

/* Another token in the place of one that was refused; without one the refusal is told. */
static zagg_status renew_token(void *user, const zg_call *call, const char *code,
                               bool *again, zagg_err *err)
{
    const bearer *b = user;
    zg_earthdata *edl = NULL;
    const bool may = *again && b->token && call->http_status != 301;
    (void)code;
    *again = false;
    if (may) {
        ZAGG_TRY(zg_net_earthdata(b->remote->net, &edl, err));
        ZAGG_TRY(zg_earthdata_renew(edl, b->token, again, err));
    }
    return *again || call->http_status == 301 || call->http_status == 400
               ? ZAGG_OK
               : refused(b, call, err);
}

/* Calls for ranges of one object. */
typedef struct batch {
    zg_remote *remote;
    const zagg_range *ranges;
    zg_call *calls; /* one a range */
    size_t n;
    bool match;
    bearer bearer;
} batch;

/* Call i to `url`, with the token where that is one for it. */
static void prepare(batch *b, size_t i, const char *url)
{
    zg_call *call = &b->calls[i];
    zg_remote_prepare(b->remote, &b->ranges[i], b->match, call);
    call->url = url;
    call->no_redirects = true;
    if (!wants_token(url))
        return;
    call->authorize = add_token;
    call->renew = renew_token;
    call->user = &b->bearer;
}

static void reset(zg_call *call)
{
    zg_call_free(call);
    *call = (zg_call){0};
}

/* ---- the way ---- */

static bool is_redirect(const zg_call *call)
{
    return call->http_status >= 301 && call->http_status <= 308 &&
           call->http_status != 304 && zg_headers_get(&call->out_headers, "Location");
}

/* 300, 304 and others that do not lead anywhere bring no bytes. */
static zagg_status check_answer(const zg_remote *r, const zg_call *call, zagg_err *err)
{
    if (call->http_status < 300 || call->http_status >= 400)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_EHTTP, "%s: HTTP %ld in the place of data", r->name,
                        call->http_status);
}

/* Where people log in: a token that is no good ends there. */
static bool is_login(const char *url)
{
    const size_t plain = strcspn(url, "?#");
    static const char PAGE[] = "/oauth/authorize";
    return plain >= sizeof PAGE - 1 &&
           strncmp(url + plain - (sizeof PAGE - 1), PAGE, sizeof PAGE - 1) == 0;
}

static bool is_tls(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0;
}

/* The next place of the way, heap: with another token it is the first one. */
static zagg_status next_hop(const zg_remote *r, const zg_call *call, bearer *b,
                            bool *renewed, char **out, zagg_err *err)
{
    const char *location = zg_headers_get(&call->out_headers, "Location");
    char *next = zg_url_follow(call->url, location);
    if (next == NULL)
        return zagg_err_set(err, ZAGG_EHTTP, "%s: redirected to something that is no URL",
                            r->name);
    zagg_status status = ZAGG_OK;
    bool again = !*renewed;
    if (is_login(next)) {
        status = renew_token(b, call, "", &again, err);
        zg_secret_free(next);
        next = NULL;
        *renewed = true;
        if (status == ZAGG_OK && !(next = zg_strdup(r->url)))
            status = zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read it", r->name);
    } else if (is_tls(call->url) && !is_tls(next)) {
        zg_secret_free(next);
        return zagg_err_set(err, ZAGG_EHTTP,
                            "%s: redirected from https:// to an address that is not",
                            r->name);
    }
    if (status == ZAGG_OK)
        *out = next;
    return status;
}

/* Remember where the way ends: NULL, and it is the object's own URL. Takes `end`. */
static void keep_way(zg_remote *r, char *end)
{
    const time_t expires = end ? zg_url_expires(end) : 0;
    pthread_mutex_lock(&r->way.lock);
    zg_secret_free(r->way.end);
    r->way.end = end;
    r->way.expires = expires;
    r->way.known = true;
    pthread_mutex_unlock(&r->way.lock);
}

/* The end of the way, if it is known and still good for a request: heap. */
static bool known_way(zg_remote *r, char **end)
{
    zg_way *way = &r->way;
    pthread_mutex_lock(&way->lock);
    bool known = way->known;
    if (known && way->expires && time(NULL) + GRACE_S >= way->expires)
        known = false;
    *end = known ? zg_strdup(way->end ? way->end : r->url) : NULL;
    pthread_mutex_unlock(&way->lock);
    return *end != NULL;
}

static void forget_way(zg_remote *r)
{
    pthread_mutex_lock(&r->way.lock);
    r->way.known = false;
    pthread_mutex_unlock(&r->way.lock);
}

/* The first call from the object's own URL on, through all redirects. */
static zagg_status go_all_the_way(batch *b, zagg_err *err)
{
    zg_remote *r = b->remote;
    zg_call *call = &b->calls[0];
    char *url = NULL; /* where redirects led */
    bool renewed = false;
    for (int hop = 0; hop <= HOPS; hop++) {
        prepare(b, 0, url ? url : r->url);
        zagg_status status = zg_http_send(zg_net_http(r->net), call, 1, err);
        if (!is_redirect(call)) {
            call->url = r->url; /* the other one ends here */
            if (status == ZAGG_OK)
                status = check_answer(r, call, err);
            if (status != ZAGG_OK)
                zg_secret_free(url);
            else
                keep_way(r, url);
            return status;
        }
        char *next = NULL;
        status = next_hop(r, call, &b->bearer, &renewed, &next, err);
        reset(call);
        zg_secret_free(url);
        url = next;
        if (status != ZAGG_OK)
            return status;
    }
    zg_secret_free(url);
    return zagg_err_set(err, ZAGG_EHTTP, "%s: redirected more than %d times", r->name,
                        (int)HOPS);
}

/* ---- sending ---- */

/* A URL that was good once, and is not any more. S3 says 400 where the session of its
 * signer has ended. */
static bool may_have_expired(const zg_call *call)
{
    return call->http_status == 400 || call->http_status == 401 ||
           call->http_status == 403 || is_redirect(call);
}

/* Calls from `first` on straight to the end of the way. */
static zagg_status send_straight(batch *b, size_t first, const char *end, zagg_err *err)
{
    for (size_t i = first; i < b->n; i++)
        prepare(b, i, end);
    const zagg_status status =
        zg_http_send(zg_net_http(b->remote->net), b->calls + first, b->n - first, err);
    for (size_t i = first; i < b->n; i++)
        b->calls[i].url = b->remote->url;
    return status;
}

/* Where the way is not known the first call finds it. */
static zagg_status send_all(batch *b, zagg_err *err)
{
    zg_remote *r = b->remote;
    char *end = NULL;
    size_t first = 0;
    if (!known_way(r, &end)) {
        ZAGG_TRY(go_all_the_way(b, err));
        first = 1;
        if (b->n == 1)
            return ZAGG_OK;
        if (!known_way(r, &end) && !(end = zg_strdup(r->url)))
            return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read it", r->name);
    }
    const zagg_status status = send_straight(b, first, end, err);
    zg_secret_free(end);
    return status;
}

zagg_status zg_https_send(zg_remote *r, const zagg_range *ranges, size_t n, bool match,
                          zg_call *calls, zagg_err *err)
{
    batch b = {r, ranges, calls, n, match, {r, NULL}};
    char *end = NULL;
    const bool was_known = known_way(r, &end);
    zg_secret_free(end);
    zagg_status status = send_all(&b, err);
    bool expired = false;
    for (size_t i = 0; was_known && i < n; i++)
        expired |= may_have_expired(&calls[i]);
    if (expired) {
        /* Those that came are asked for again: there is one set of calls in an hour. */
        forget_way(r);
        for (size_t i = 0; i < n; i++)
            reset(&calls[i]);
        status = send_all(&b, err);
    }
    for (size_t i = 0; status == ZAGG_OK && i < n; i++)
        status = is_redirect(&calls[i])
                     ? zagg_err_set(err, ZAGG_EHTTP,
                                    "%s: the server redirects where it did not before",
                                    r->name)
                     : check_answer(r, &calls[i], err);
    zg_secret_free(b.bearer.token);
    return status;
}
