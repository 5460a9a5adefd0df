/* Taking objects away: one by one, or all below a prefix, a thousand in a request. */
#include "net/s3_sink.h"
#include "net/xml.h"

#include <nettle/base64.h>
#include <nettle/md5.h>
#include <string.h>

enum { BATCH_KEYS = 1000, BATCH_TRIES = 4 };

static zagg_status remove_raw(const zg_s3_sink *s, const char *raw_key, zagg_err *err)
{
    zg_s3_call c;
    zagg_status status = zg_s3_call_init_raw(s, &c, "DELETE", raw_key, "", err);
    c.call.quiet_404 = true;
    if (status == ZAGG_OK)
        status = zg_s3_call_send(s, &c, err);
    zg_s3_call_free(&c);
    return status;
}

zagg_status zg_s3_remove(void *self, const char *key, zagg_err *err)
{
    const zg_s3_sink *s = self;
    char *raw = NULL;
    ZAGG_TRY(zg_s3_raw_key(s, key, &raw, err));
    const zagg_status status = remove_raw(s, raw, err);
    zg_free(raw);
    return status;
}

/* ---- batches ---- */

typedef struct batch {
    const zg_s3_sink *sink;
    zg_str text; /* of the request, its end missing */
    size_t n;
    /* what the server could not remove: the first one, and how many */
    char *key, *code, *message; /* of the element that is open, then of the first one */
    size_t n_failed;
    bool again; /* the same may succeed */
} batch;

static void batch_begin(batch *b)
{
    zg_str_init(&b->text, 0);
    zg_str_add(&b->text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                         "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                         "<Quiet>true</Quiet>");
    b->n = 0;
}

static void forget_failures(batch *b)
{
    zg_free(b->key);
    zg_free(b->code);
    zg_free(b->message);
    b->key = b->code = b->message = NULL;
    b->n_failed = 0;
    b->again = false;
}

static void batch_end(batch *b)
{
    zg_str_free(&b->text);
    forget_failures(b);
}

static bool may_succeed(const char *code)
{
    static const char *const CODES[] = {"InternalError", "SlowDown", "ServiceUnavailable",
                                        "RequestTimeout", "OperationAborted"};
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++)
        if (strcmp(code, CODES[i]) == 0)
            return true;
    return false;
}

/* The first text stays. */
static zagg_status keep(batch *b, char **slot, const char *text, zagg_err *err)
{
    if (*slot != NULL || b->n_failed > 0)
        return ZAGG_OK;
    *slot = zg_strdup(text);
    return *slot != NULL ? ZAGG_OK
                         : zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", b->sink->name);
}

static zagg_status take_element(void *user, const char *path, const char *text,
                                zagg_err *err)
{
    batch *b = user;
    if (strcmp(path, "DeleteResult/Error/Key") == 0)
        return keep(b, &b->key, text, err);
    if (strcmp(path, "DeleteResult/Error/Message") == 0)
        return keep(b, &b->message, text, err);
    if (strcmp(path, "DeleteResult/Error/Code") == 0) {
        b->again |= may_succeed(text);
        return keep(b, &b->code, text, err);
    }
    if (strcmp(path, "DeleteResult/Error") == 0)
        b->n_failed++;
    else if (strncmp(path, "DeleteResult", 12) != 0)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s: the server's answer to a removal is no DeleteResult",
                            b->sink->name);
    return ZAGG_OK;
}

static zagg_status send_once(batch *b, zagg_err *err)
{
    uint8_t digest[MD5_DIGEST_SIZE];
    char md5[BASE64_ENCODE_RAW_LENGTH(MD5_DIGEST_SIZE) + 1];
    struct md5_ctx ctx;
    zg_s3_call c;
    md5_init(&ctx);
    md5_update(&ctx, b->text.len, (const uint8_t *)b->text.data);
    md5_digest(&ctx, sizeof digest, digest);
    base64_encode_raw(md5, sizeof digest, digest);
    md5[sizeof md5 - 1] = '\0';
    zagg_status status = zg_s3_call_init(b->sink, &c, "POST", NULL, "delete=", err);
    zg_headers_add(&c.call.headers, "Content-MD5", md5);
    zg_headers_add(&c.call.headers, "Content-Type", "application/xml");
    c.call.body = b->text.data;
    c.call.body_len = b->text.len;
    c.call.max_body = ZG_S3_MAX_ANSWER;
    if (status == ZAGG_OK)
        status = zg_s3_call_send(b->sink, &c, err);
    if (status == ZAGG_OK && c.call.out_len > 0)
        status = zg_xml_read(c.call.out_body, c.call.out_len, b->sink->name, take_element,
                             b, err);
    zg_s3_call_free(&c);
    return status;
}

static zagg_status tell_failures(const batch *b, zagg_err *err)
{
    const char *code = b->code != NULL ? b->code : "no reason";
    return zagg_err_set(
        err, strcmp(code, "AccessDenied") == 0 ? ZAGG_EAUTH : ZAGG_EHTTP,
        "%s: %zu objects could not be removed, the first one %.300s: %.60s%s%.200s",
        b->sink->name, b->n_failed, b->key != NULL ? b->key : "?", code,
        b->message != NULL ? ": " : "", b->message != NULL ? b->message : "");
}

static zagg_status batch_send(batch *b, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    if (b->n == 0)
        return ZAGG_OK;
    zg_str_add(&b->text, "</Delete>");
    if (b->text.failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to remove objects",
                            b->sink->name);
    for (int tries = 0; status == ZAGG_OK && tries < BATCH_TRIES; tries++) {
        forget_failures(b);
        status = send_once(b, err);
        if (!b->again)
            break;
    }
    if (status == ZAGG_OK && b->n_failed > 0)
        status = tell_failures(b, err);
    zg_str_free(&b->text);
    batch_begin(b);
    return status;
}

/* XML has no way to write most control characters. */
static bool has_controls(const char *key)
{
    for (const char *c = key; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return true;
    return false;
}

static zagg_status add_key(void *user, const char *raw_key, uint64_t size, bool folder,
                           zagg_err *err)
{
    batch *b = user;
    (void)size;
    (void)folder;
    if (has_controls(raw_key))
        return remove_raw(b->sink, raw_key, err);
    zg_str_add(&b->text, "<Object><Key>");
    zg_xml_add_escaped(&b->text, raw_key);
    zg_str_add(&b->text, "</Key></Object>");
    return ++b->n < BATCH_KEYS ? ZAGG_OK : batch_send(b, err);
}

zagg_status zg_s3_remove_prefix(void *self, const char *prefix, zagg_err *err)
{
    const zg_s3_sink *s = self;
    batch b = {.sink = s};
    char *raw = NULL;
    ZAGG_TRY(zg_s3_raw_key(s, prefix, &raw, err));
    batch_begin(&b);
    zagg_status status = zg_s3_list_pages(s, raw, false, add_key, &b, err);
    if (status == ZAGG_OK)
        status = batch_send(&b, err);
    batch_end(&b);
    zg_free(raw);
    return status;
}
