/* A granule behind a URL as a source: ranges of one version of an object, side by side.
 *
 * The first request brings the size, the version and the beginning of the object, where a
 * file describes itself. Whatever comes later must be of that version: a granule that is
 * replaced while it is read would give rows of neither. */
#include "net/source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Of the first request: more than a reader needs of most granules to know its way. */
#define HEAD_BYTES ((size_t)1 << 20)
/* Of a file whose first bytes are in the cache: enough to learn its version. */
#define PROBE_BYTES ((size_t)64)
/* Of one set of requests, so that several readers have some under way. */
#define BATCH_BYTES ((uint64_t)64 << 20)

void zg_remote_prepare(const zg_remote *r, const zagg_range *range, bool match,
                       zg_call *call)
{
    *call = (zg_call){.method = "GET",
                      .url = r->url,
                      .ranged = true,
                      .range_offset = range->offset,
                      .range_len = range->len,
                      .range_may_end = !r->opened,
                      .into = range->out};
    /* A weak ETag never matches (RFC 9110, 13.1.1): those are compared in the answer. */
    if (match && r->etag && r->etag[0] == '"')
        zg_headers_add(&call->headers, "If-Match", r->etag);
    if (r->s3)
        zg_s3_common_headers(r->s3, &call->headers);
}

static zagg_status send(zg_remote *r, const zagg_range *ranges, size_t n, bool match,
                        zg_call *calls, zagg_err *err)
{
    zagg_status status;
    if (r->s3) {
        for (size_t i = 0; i < n; i++)
            zg_remote_prepare(r, &ranges[i], match, &calls[i]);
        zg_s3_sign_calls(r->s3, calls, n);
        status = zg_http_send(zg_net_http(r->net), calls, n, err);
    } else {
        status = zg_https_send(r, ranges, n, match, calls, err);
    }
    /* The bucket's address, or where redirects led, is not what anybody asked for. */
    if (status != ZAGG_OK && err && strncmp(err->msg, r->name, strlen(r->name)) != 0)
        zagg_err_context(err, status, "%s", r->name);
    return status;
}

static void free_calls(zg_call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        zg_call_free(&calls[i]);
    zg_free(calls);
}

static zagg_status no_memory(const zg_remote *r, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read it", r->name);
}

/* ---- versions ---- */

/* Weak and strong ETags of one text name the same version (RFC 9110, 8.8.3.2). */
static bool same_etag(const char *a, const char *b)
{
    a += strncmp(a, "W/", 2) == 0 ? 2 : 0;
    b += strncmp(b, "W/", 2) == 0 ? 2 : 0;
    return strcmp(a, b) == 0;
}

static zagg_status changed(const zg_remote *r, const char *now, uint64_t size_now,
                           zagg_err *err)
{
    if (r->etag && now && !same_etag(r->etag, now))
        return zagg_err_set(err, ZAGG_EHTTP,
                            "%s: changed while it was read (ETag %.80s then, %.80s now); "
                            "run again",
                            r->name, r->etag, now);
    if (size_now != r->size && size_now != 0)
        return zagg_err_set(err, ZAGG_EHTTP,
                            "%s: changed while it was read (%" PRIu64
                            " bytes then, %" PRIu64 " now); run again",
                            r->name, r->size, size_now);
    return zagg_err_set(err, ZAGG_EHTTP, "%s: changed while it was read; run again",
                        r->name);
}

/* The server says that the version is gone, but not which one took its place. */
static zagg_status ask_what_changed(zg_remote *r, zagg_err *err)
{
    char byte;
    const zagg_range range = {0, 1, &byte};
    zg_call call = {0};
    const zagg_status status = send(r, &range, 1, false, &call, NULL);
    const bool told = status == ZAGG_OK;
    const zagg_status result =
        changed(r, told ? zg_headers_get(&call.out_headers, "ETag") : NULL,
                told ? call.total_len : 0, err);
    zg_call_free(&call);
    return result;
}

static zagg_status check_version(const zg_remote *r, const zg_call *call, zagg_err *err)
{
    const char *etag = zg_headers_get(&call->out_headers, "ETag");
    const char *modified = zg_headers_get(&call->out_headers, "Last-Modified");
    const bool other =
        call->total_len != r->size || (r->etag && etag && !same_etag(r->etag, etag)) ||
        (!r->etag && r->modified && modified && strcmp(r->modified, modified) != 0);
    return other ? changed(r, etag, call->total_len, err) : ZAGG_OK;
}

/* Of an answer that was of no use: how long it says that the object is; 0: it does not.
 */
static uint64_t told_total(const zg_call *call)
{
    const char *range = zg_headers_get(&call->out_headers, "Content-Range");
    const char *slash = range ? strrchr(range, '/') : NULL;
    return slash && (call->http_status == 206 || call->http_status == 416)
               ? strtoull(slash + 1, NULL, 10)
               : 0;
}

/* ---- failures ---- */

/* A stop, and a lack of memory, say nothing about the server. */
static bool is_vain(zagg_status status)
{
    return status == ZAGG_EIO || status == ZAGG_EHTTP || status == ZAGG_EAUTH ||
           status == ZAGG_ENOTFOUND;
}

/* `why` is what the calls came to. */
static void note_failures(zg_remote *r, const zagg_range *ranges, const zg_call *calls,
                          size_t n, const zagg_err *why)
{
    bool noted = false;
    for (size_t i = 0; i < n; i++) {
        if (!is_vain(calls[i].status))
            continue;
        noted = true;
        zg_vain_note(&r->vain, ranges[i].offset, ranges[i].len, calls[i].attempts,
                     &calls[i].err);
    }
    if (!noted && is_vain(why->status)) /* on the way to the object */
        zg_vain_note(&r->vain, ranges[0].offset, ranges[0].len, 1, why);
}

/* Another version stays one for whatever is read later. */
static zagg_status give_up(zg_remote *r, zagg_status status, zagg_err *err)
{
    if (status == ZAGG_EHTTP)
        zg_vain_note(&r->vain, 0, UINT64_MAX, zg_http_attempts(zg_net_http(r->net)), err);
    return status;
}

static zagg_status judge(zg_remote *r, const zagg_range *ranges, const zg_call *calls,
                         size_t n, zagg_status status, zagg_err *err)
{
    for (size_t i = 0; i < n && status != ZAGG_OK; i++) {
        const uint64_t total = told_total(&calls[i]);
        if (calls[i].http_status == 412)
            return give_up(r, ask_what_changed(r, err), err);
        if (total != 0 && total != r->size)
            return give_up(r, changed(r, NULL, total, err), err);
    }
    if (status != ZAGG_OK) {
        note_failures(r, ranges, calls, n, err);
        return status;
    }
    for (size_t i = 0; i < n && status == ZAGG_OK; i++)
        status = check_version(r, &calls[i], err);
    return status == ZAGG_OK ? ZAGG_OK : give_up(r, status, err);
}

/* ---- reading ---- */

/* As many ranges as are asked for together. */
static zagg_status fetch_batch(zg_remote *r, const zagg_range *ranges, size_t n,
                               uint64_t bytes, zagg_err *err)
{
    const unsigned most = zg_http_attempts(zg_net_http(r->net));
    ZAGG_TRY(zg_vain_check(&r->vain, ranges, n, most, err));
    zg_call *calls = zg_alloc(n, sizeof *calls);
    if (calls == NULL)
        return no_memory(r, err);
    zagg_status status = zg_net_room_take(r->net, (size_t)bytes, err);
    if (status == ZAGG_OK) {
        zagg_err why = ZAGG_ERR_INIT;
        status = send(r, ranges, n, true, calls, &why);
        zg_net_room_give(r->net, (size_t)bytes);
        status = judge(r, ranges, calls, n, status, &why);
        if (status != ZAGG_OK && err != NULL)
            *err = why;
    }
    free_calls(calls, n);
    return status;
}

static zagg_status fetch(zg_remote *r, const zagg_range *ranges, size_t n, bool metadata,
                         zagg_err *err)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n;) {
        const size_t first = i;
        uint64_t bytes = 0;
        for (; i < n && (i == first || bytes + ranges[i].len <= BATCH_BYTES); i++)
            bytes += ranges[i].len;
        ZAGG_TRY(fetch_batch(r, ranges + first, i - first, bytes, err));
        all += bytes;
    }
    if (metadata)
        zg_http_count_metadata(zg_net_http(r->net), all);
    return ZAGG_OK;
}

/* What the head holds is copied; *rest gets what is left of the ranges. */
static size_t take_from_head(const zg_remote *r, const zagg_range *ranges, size_t n,
                             zagg_range *rest)
{
    size_t n_rest = 0;
    for (size_t i = 0; i < n; i++) {
        zagg_range left = ranges[i];
        if (left.offset < r->head_len) {
            const size_t have = r->head_len - (size_t)left.offset;
            const size_t take = left.len < have ? left.len : have;
            memcpy(left.out, r->head + left.offset, take);
            left = (zagg_range){left.offset + take, left.len - take,
                                (char *)left.out + take};
        }
        if (left.len > 0)
            rest[n_rest++] = left;
    }
    return n_rest;
}

static zagg_status read_ranges(zg_remote *r, const zagg_range *ranges, size_t n,
                               bool metadata, zagg_err *err)
{
    zagg_range one, *rest = n == 1 ? &one : zg_alloc(n, sizeof *rest);
    if (rest == NULL)
        return no_memory(r, err);
    zagg_status status = ZAGG_OK;
    size_t n_rest = take_from_head(r, ranges, n, rest);
    if (n_rest > 0 && r->cached)
        n_rest = zg_cache_take(r->cached, rest, n_rest);
    if (n_rest > 0) {
        status = fetch(r, rest, n_rest, metadata, err);
        if (status == ZAGG_OK && r->cached)
            zg_cache_keep(r->cached, rest, n_rest);
    }
    if (rest != &one)
        zg_free(rest);
    return status;
}

static zagg_status remote_read_at(void *self, uint64_t offset, size_t len, void *out,
                                  zagg_err *err)
{
    const zagg_range range = {offset, len, out};
    return read_ranges(self, &range, 1, false, err);
}

static zagg_status remote_read_many(void *self, const zagg_range *spans, size_t n,
                                    zagg_err *err)
{
    return read_ranges(self, spans, n, false, err);
}

static zagg_status remote_read_metadata(void *self, const zagg_range *spans, size_t n,
                                        zagg_err *err)
{
    return read_ranges(self, spans, n, true, err);
}

void zg_remote_close(void *self)
{
    zg_remote *r = self;
    zg_cache_object_close(r->cached);
    zg_way_free(&r->way);
    zg_vain_free(&r->vain);
    zg_secret_free(r->url);
    zg_free(r->name);
    zg_free(r->etag);
    zg_free(r->modified);
    zg_free(r->head);
    zg_free(r);
}

static const zagg_source_vtable VTABLE = {.read_at = remote_read_at,
                                          .close = zg_remote_close,
                                          .read_many = remote_read_many,
                                          .read_metadata = remote_read_metadata};

/* ---- opening ---- */

/* An object without bytes has no range: 416, and its size in Content-Range. */
static bool is_empty_object(const zg_call *call)
{
    const char *range = zg_headers_get(&call->out_headers, "Content-Range");
    return call->http_status == 416 && range && strcmp(range, "bytes */0") == 0;
}

static zagg_status copy_header(const zg_remote *r, const zg_call *call, const char *name,
                               char **out, zagg_err *err)
{
    const char *value = zg_headers_get(&call->out_headers, name);
    if (value == NULL || value[0] == '\0')
        return ZAGG_OK;
    *out = zg_strdup(value);
    return *out ? ZAGG_OK : no_memory(r, err);
}

static zagg_status learn_version(zg_remote *r, const zg_call *call, zagg_err *err)
{
    r->size = call->total_len;
    r->head_len = call->out_len;
    r->opened = true;
    ZAGG_TRY(copy_header(r, call, "ETag", &r->etag, err));
    return copy_header(r, call, "Last-Modified", &r->modified, err);
}

zagg_status zg_remote_read_head(zg_remote *r, size_t bytes, zagg_err *err)
{
    zg_call call = {0};
    r->head = zg_realloc(NULL, bytes, 1);
    if (r->head == NULL)
        return no_memory(r, err);
    const zagg_range range = {0, bytes, r->head};
    zagg_status status = zg_net_room_take(r->net, bytes, err);
    if (status == ZAGG_OK) {
        status = send(r, &range, 1, false, &call, err);
        zg_net_room_give(r->net, bytes);
        if (status == ZAGG_OK)
            status = learn_version(r, &call, err);
        else if (is_empty_object(&call))
            status = ZAGG_OK; /* nothing that could be read: its reader says so */
        zg_call_free(&call);
    }
    if (status == ZAGG_OK)
        zg_http_count_metadata(zg_net_http(r->net), r->head_len);
    return status;
}

/* The head from the cache, or asked for. Without an ETag or a date versions cannot be
 * told apart, and nothing is kept. */
static zagg_status use_cache(zg_remote *r, zagg_err *err)
{
    const char *version = r->etag ? r->etag : r->modified;
    if (version == NULL)
        return ZAGG_OK;
    return zg_cache_object_open(zg_net_cache(r->net), r->name, version, r->size,
                                &r->cached, err);
}

/* What is missing of a head that began with a probe. */
static zagg_status widen_head(zg_remote *r, zagg_err *err)
{
    const size_t want = r->size < HEAD_BYTES ? (size_t)r->size : HEAD_BYTES;
    const size_t have = r->head_len;
    if (have >= want)
        return ZAGG_OK;
    unsigned char *head = zg_realloc(r->head, want, 1);
    if (head == NULL)
        return no_memory(r, err);
    r->head = head;
    r->head_len = 0; /* of it everything is read, so that the cache has all of it */
    const zagg_range range = {0, want, head};
    ZAGG_TRY(read_ranges(r, &range, 1, true, err));
    r->head_len = want;
    return ZAGG_OK;
}

static void shrink_head(zg_remote *r)
{
    unsigned char *head = r->head_len ? zg_realloc(r->head, r->head_len, 1) : NULL;
    if (head)
        r->head = head;
}

static zagg_status open_object(zg_remote *r, zagg_err *err)
{
    zg_cache *cache = zg_net_cache(r->net);
    const bool probe = cache && zg_cache_knows(cache, r->name);
    ZAGG_TRY(zg_remote_read_head(r, probe ? PROBE_BYTES : HEAD_BYTES, err));
    if (cache)
        ZAGG_TRY(use_cache(r, err));
    if (probe)
        ZAGG_TRY(widen_head(r, err));
    else if (r->cached && r->head_len)
        zg_cache_keep(r->cached, &(zagg_range){0, r->head_len, r->head}, 1);
    shrink_head(r);
    return ZAGG_OK;
}

static zagg_status name_s3(zg_remote *r, const char *url, zagg_err *err)
{
    char *bucket = NULL, *key = NULL;
    ZAGG_TRY(zg_s3_split(url, false, &bucket, &key, err));
    zagg_status status = zg_net_source_bucket(r->net, bucket, &r->s3, err);
    if (status == ZAGG_OK)
        status = zg_s3_url(r->s3, key, "", &r->url, err);
    zg_free(bucket);
    zg_free(key);
    r->name = status == ZAGG_OK ? zg_strdup(url) : NULL;
    if (status == ZAGG_OK && r->name == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory to open %s", url);
    return status;
}

static zagg_status name_https(zg_remote *r, const char *url, zagg_err *err)
{
    zg_url_parts parts;
    const size_t plain = strcspn(url, "?#");
    if (!zg_url_split(url, &parts) || parts.host_len == 0)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%.*s: not a URL that can be read: it must be "
                            "https://HOST/PATH without a user",
                            (int)plain, url);
    r->name = zg_strndup(url, plain);
    r->url = zg_strndup(url, strcspn(url, "#"));
    if (r->name == NULL || r->url == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to open a URL");
    return ZAGG_OK;
}

zagg_status zg_remote_source(zg_remote *r, zagg_source **out, zagg_err *err)
{
    return zagg_source_open_custom(&VTABLE, r, r->size, r->name, out, err);
}

zagg_status zg_remote_new(zagg_net *net, const char *url, zg_remote **out, zagg_err *err)
{
    if (!zagg_url_is_remote(url))
        return zagg_err_set(err, ZAGG_EARG, "%s: must be s3://BUCKET/KEY or https://",
                            url);
    zg_remote *r = zg_alloc(1, sizeof *r);
    if (r == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to open a URL");
    r->net = net;
    zg_way_init(&r->way);
    zg_vain_init(&r->vain);
    const zagg_status status =
        strncmp(url, "s3://", 5) == 0 ? name_s3(r, url, err) : name_https(r, url, err);
    if (status == ZAGG_OK)
        *out = r;
    else
        zg_remote_close(r);
    return status;
}

zagg_status zagg_net_open_source(zagg_net *net, const char *url, zagg_source **out,
                                 zagg_err *err)
{
    zg_remote *r = NULL;
    ZAGG_TRY(zg_remote_new(net, url, &r, err));
    const zagg_status status = open_object(r, err);
    if (status == ZAGG_OK)
        return zg_remote_source(r, out, err);
    zg_remote_close(r);
    return status;
}
