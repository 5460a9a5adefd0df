/* Sets of byte spans, and their record as lines of text:
 *
 *     zagg-spans/1
 *     url https://host/path/GRANULE.h5
 *     etag "5d41402a"
 *     size 7340032
 *     span 0 262144                  first byte, and the one behind the last
 *     span 1048576 1179648
 *     sha256 HEX                     of all lines above
 *
 * The checksum finds what a failing disk or an editor did: a span that is claimed
 * wrongly would be read as zeros. */
#include "io/spans.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_SPANS = 1 << 20 };

static const char FIRST_LINE[] = "zagg-spans/1";

void zg_spans_init(zg_spans *s)
{
    zg_vec_init(&s->list, sizeof(zg_byte_span), MAX_SPANS);
    s->bytes = 0;
}

void zg_spans_free(zg_spans *s)
{
    zg_vec_free(&s->list);
    s->bytes = 0;
}

/* Number of the first span that ends at `at` or behind it. */
static size_t first_reaching(const zg_spans *s, uint64_t at)
{
    size_t lo = 0, hi = s->list.len;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (ZG_VEC_AT(&s->list, zg_byte_span, mid)->end >= at)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

static bool insert(zg_spans *s, size_t at, zg_byte_span span)
{
    if (zg_vec_push(&s->list) == NULL)
        return false;
    zg_byte_span *list = s->list.data;
    memmove(list + at + 1, list + at, (s->list.len - 1 - at) * sizeof *list);
    list[at] = span;
    s->bytes += span.end - span.begin;
    return true;
}

bool zg_spans_add(zg_spans *s, uint64_t begin, uint64_t end)
{
    if (begin >= end)
        return true;
    const size_t first = first_reaching(s, begin);
    zg_byte_span *list = s->list.data;
    size_t last = first;
    while (last < s->list.len && list[last].begin <= end)
        last++;
    if (first == last)
        return insert(s, first, (zg_byte_span){begin, end});
    const uint64_t from = list[first].begin < begin ? list[first].begin : begin;
    const uint64_t to = list[last - 1].end > end ? list[last - 1].end : end;
    for (size_t i = first; i < last; i++)
        s->bytes -= list[i].end - list[i].begin;
    s->bytes += to - from;
    list[first] = (zg_byte_span){from, to};
    memmove(list + first + 1, list + last, (s->list.len - last) * sizeof *list);
    s->list.len -= last - first - 1;
    return true;
}

bool zg_spans_hole(const zg_spans *s, uint64_t begin, uint64_t end, zg_byte_span *out)
{
    if (begin >= end)
        return false;
    const zg_byte_span *list = s->list.data;
    size_t i = first_reaching(s, begin + 1);
    if (i < s->list.len && list[i].begin <= begin)
        begin = list[i++].end;
    if (begin >= end)
        return false;
    out->begin = begin;
    out->end = i < s->list.len && list[i].begin < end ? list[i].begin : end;
    return true;
}

bool zg_spans_around(const zg_spans *s, uint64_t at, uint64_t *begin, uint64_t *end)
{
    const zg_byte_span *list = s->list.data;
    const size_t i = at < UINT64_MAX ? first_reaching(s, at + 1) : s->list.len;
    if (i == s->list.len || list[i].begin > at)
        return false;
    *begin = list[i].begin;
    *end = list[i].end;
    return true;
}

/* ---- records ---- */

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

/* Without what may be secret: a user part, and a query, which signs presigned URLs. */
static char *plain_url(const char *url)
{
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    const size_t len = strcspn(url, "?#");
    const char *at = memchr(host, '@', strcspn(host, "/?#"));
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_addn(&text, url, (size_t)(host - url));
    const char *rest = at != NULL ? at + 1 : host;
    if (rest < url + len)
        zg_str_addn(&text, rest, (size_t)(url + len - rest));
    return zg_str_take(&text);
}

zagg_status zg_copy_record_new(const char *url, const char *etag, uint64_t size,
                               zg_copy_record *out, zagg_err *err)
{
    if (!is_printable(url) || !is_printable(etag != NULL ? etag : ""))
        return zagg_err_set(err, ZAGG_EARG,
                            "the address or the ETag of a granule holds control "
                            "characters");
    zg_copy_record r = {
        plain_url(url), zg_strdup(etag != NULL ? etag : ""), size, {{0}, 0}};
    zg_spans_init(&r.there);
    if (r.url == NULL || r.etag == NULL) {
        zg_copy_record_free(&r);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the record of a copy");
    }
    *out = r;
    return ZAGG_OK;
}

void zg_copy_record_free(zg_copy_record *record)
{
    zg_free(record->url);
    zg_free(record->etag);
    zg_spans_free(&record->there);
    record->url = NULL;
    record->etag = NULL;
}

void zg_copy_record_write(const zg_copy_record *record, zg_str *out)
{
    char hex[65];
    const size_t start = out->len;
    zg_str_addf(out, "%s\nurl %s\netag %s\nsize %" PRIu64 "\n", FIRST_LINE, record->url,
                record->etag, record->size);
    for (size_t i = 0; i < record->there.list.len; i++) {
        const zg_byte_span *s = ZG_VEC_AT(&record->there.list, zg_byte_span, i);
        zg_str_addf(out, "span %" PRIu64 " %" PRIu64 "\n", s->begin, s->end);
    }
    if (out->failed)
        return;
    zg_sha256_hex(out->data + start, out->len - start, hex);
    zg_str_addf(out, "sha256 %s\n", hex);
}

/* ---- parsing ---- */

typedef struct parser {
    const char *text, *name;
    size_t len, at, line;
} parser;

static zagg_status wrong(const parser *p, const char *what, zagg_err *err)
{
    return zagg_err_set(
        err, ZAGG_EFORMAT,
        "%s: line %zu: %s; it is no record of a copy that zagg fetch made "
        "(remove it only if the file beside it is whole)",
        p->name, p->line, what);
}

/* The line behind `word` and a blank, up to its end; NULL where the next line is
 * another. */
static const char *take_line(parser *p, const char *word, size_t *len)
{
    const size_t word_len = strlen(word);
    const char *from = p->text + p->at;
    const char *end = memchr(from, '\n', p->len - p->at);
    if (end == NULL || (size_t)(end - from) <= word_len ||
        memcmp(from, word, word_len) != 0 || from[word_len] != ' ')
        return NULL;
    p->at += (size_t)(end - from) + 1;
    p->line++;
    *len = (size_t)(end - from) - word_len - 1;
    return from + word_len + 1;
}

/* Decimal digits only, no longer than they need be. */
static bool take_number(const char **text, const char *end, uint64_t *out)
{
    const char *from = *text, *p = from;
    uint64_t v = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        if (!zg_mul_u64(v, 10, &v) || !zg_add_u64(v, (uint64_t)(*p - '0'), &v))
            return false;
    if (p == from || (*from == '0' && p > from + 1))
        return false;
    *text = p;
    *out = v;
    return true;
}

static zagg_status parse_head(parser *p, zg_copy_record *r, zagg_err *err)
{
    size_t url_len = 0, etag_len = 0, len = 0;
    const size_t first = sizeof FIRST_LINE; /* its line end in place of the NUL */
    if (p->len < first || memcmp(p->text, FIRST_LINE, first - 1) != 0 ||
        p->text[first - 1] != '\n')
        return wrong(p, "must be zagg-spans/1", err);
    p->at = first;
    p->line = 2;
    const char *url = take_line(p, "url", &url_len);
    if (url == NULL || url_len == 0)
        return wrong(p, "must be the url", err);
    const char *etag = take_line(p, "etag", &etag_len);
    if (etag == NULL)
        return wrong(p, "must be the etag", err);
    const char *size = take_line(p, "size", &len);
    if (size == NULL)
        return wrong(p, "must be the size", err);
    const char *end = size + len;
    if (!take_number(&size, end, &r->size) || size != end || r->size > INT64_MAX) {
        p->line--;
        return wrong(p, "must be a size in bytes", err);
    }
    r->url = zg_strndup(url, url_len);
    r->etag = zg_strndup(etag, etag_len);
    if (r->url == NULL || r->etag == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for it", p->name);
    if (strlen(r->url) != url_len || strlen(r->etag) != etag_len ||
        !is_printable(r->url) || !is_printable(r->etag))
        return wrong(p, "the lines above hold control characters", err);
    return ZAGG_OK;
}

static zagg_status parse_span(parser *p, const char *text, size_t len, zg_copy_record *r,
                              zagg_err *err)
{
    const char *end = text + len;
    zg_byte_span span;
    const zg_spans *there = &r->there;
    const size_t n = there->list.len;
    const uint64_t least =
        n > 0 ? ZG_VEC_AT(&there->list, zg_byte_span, n - 1)->end + 1 : 0;
    bool ok = take_number(&text, end, &span.begin) && text < end && *text++ == ' ' &&
              take_number(&text, end, &span.end) && text == end;
    p->line--;
    if (!ok || span.begin >= span.end || span.end > r->size || span.begin < least)
        return wrong(p, "must be a span behind the last one and inside the size", err);
    p->line++;
    if (!zg_spans_add(&r->there, span.begin, span.end))
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for its spans, or too many",
                            p->name);
    return ZAGG_OK;
}

zagg_status zg_copy_record_parse(const char *text, size_t len, const char *name,
                                 zg_copy_record *out, zagg_err *err)
{
    parser p = {text, name, len, 0, 1};
    zg_copy_record r = {0};
    size_t n = 0;
    char hex[65];
    zg_spans_init(&r.there);
    zagg_status status = parse_head(&p, &r, err);
    for (const char *line; status == ZAGG_OK && (line = take_line(&p, "span", &n));)
        status = parse_span(&p, line, n, &r, err);
    if (status == ZAGG_OK) {
        zg_sha256_hex(text, p.at, hex);
        const char *sum = take_line(&p, "sha256", &n);
        if (sum == NULL)
            status = wrong(&p, "must be a span or the checksum", err);
        else if (n != 64 || memcmp(sum, hex, 64) != 0 || p.at != len)
            status = wrong(&p, "the checksum is not that of the lines above", err);
    }
    if (status != ZAGG_OK) {
        zg_copy_record_free(&r);
        return status;
    }
    *out = r;
    return ZAGG_OK;
}
