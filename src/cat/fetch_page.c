/* Pages of an item search: the features, and the link to the next page (STAC API, item
 * search; upstream's reading of it, catalog.md 1.1). */
#include "cat/fetch.h"
#include "text/text.h"

#include <string.h>
#include <strings.h>

void zg_fetch_page_free(zg_fetch_page *page)
{
    zg_vec_free(&page->items);
    zg_fetch_request_free(&page->next);
}

/* ---- the link ---- */

static char *text_copy(const zagg_value *v)
{
    return v != NULL && v->kind == ZAGG_STR ? zg_strndup(v->str, v->str_len) : NULL;
}

/* Members of `base` with those of `over`, which win. */
static const zagg_value *merged(zg_maker *m, const zagg_value *base,
                                const zagg_value *over)
{
    zg_object out;
    zg_object_begin(&out, m);
    for (size_t i = 0; i < base->n; i++) {
        const zagg_value *v = zagg_value_get(over, base->members[i].key->str);
        zg_object_put(&out, base->members[i].key->str,
                      v != NULL ? v : base->members[i].value);
    }
    for (size_t i = 0; i < over->n; i++)
        if (zagg_value_get(base, over->members[i].key->str) == NULL)
            zg_object_put(&out, over->members[i].key->str, over->members[i].value);
    return zg_object_end(&out);
}

static const zagg_value EMPTY = {.kind = ZAGG_MAP};

/* The body of a POST link as JSON text. */
static zagg_status next_body(zagg_arena *arena, const zagg_value *link,
                             const zg_fetch_request *asked, char **out, zagg_err *err)
{
    const zagg_value *body = zagg_value_get_set(link, "body"), *before = NULL;
    zg_maker m;
    zg_str text;
    if (body == NULL)
        body = &EMPTY;
    if (body->kind != ZAGG_MAP)
        return zagg_err_set(err, ZAGG_EFORMAT, "the next link's body is no object");
    zg_make_begin(&m, arena, err);
    if (asked->body != NULL && zagg_value_truthy(zagg_value_get(link, "merge"))) {
        ZAGG_TRY(zagg_json_parse(arena, asked->body, strlen(asked->body), "body", &before,
                                 err));
        if (before->kind == ZAGG_MAP && before->n > 0)
            body = merged(&m, before, body);
        ZAGG_TRY(m.status);
    }
    zg_str_init(&text, 0);
    zagg_status status = zg_json_write(&text, body, (zg_json_style){.indent = -1}, err);
    if (status == ZAGG_OK && (*out = zg_str_take(&text)) == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a request");
    zg_str_free(&text);
    return status;
}

/* A server must not send us elsewhere than to the web, nor from https to http. */
static zagg_status check_href(const zg_fetch_request *asked, const char *href,
                              zagg_err *err)
{
    const bool secure = strncasecmp(href, "https://", 8) == 0;
    if (!secure && strncasecmp(href, "http://", 7) != 0)
        return zagg_err_set(err, ZAGG_EFORMAT, "the next link leads to '%.100s'", href);
    if (!secure && strncasecmp(asked->url, "https://", 8) == 0)
        return zagg_err_set(err, ZAGG_EFORMAT, "the next link leads from https to http");
    return ZAGG_OK;
}

static zagg_status take_link(zagg_arena *arena, const zagg_value *link,
                             const zg_fetch_request *asked, zg_fetch_page *page,
                             zagg_err *err)
{
    const zagg_value *href = zagg_value_get(link, "href");
    const zagg_value *method = zagg_value_get_set(link, "method");
    if (href == NULL || href->kind != ZAGG_STR)
        return zagg_err_set(err, ZAGG_EFORMAT, "the next link has no href");
    ZAGG_TRY(check_href(asked, href->str, err));
    zg_fetch_request next = {.post = asked->post};
    if (method != NULL && method->kind == ZAGG_STR)
        next.post = strcasecmp(method->str, "POST") == 0;
    next.url = text_copy(href);
    zagg_status status = next.url != NULL
                             ? ZAGG_OK
                             : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a request");
    if (status == ZAGG_OK && next.post)
        status = next_body(arena, link, asked, &next.body, err);
    if (status != ZAGG_OK) {
        zg_fetch_request_free(&next);
        return status;
    }
    page->next = next;
    page->has_next = true;
    return ZAGG_OK;
}

/* The first link that is next. */
static zagg_status take_links(const zagg_value *links, zagg_arena *arena,
                              const zg_fetch_request *asked, zg_fetch_page *page,
                              zagg_err *err)
{
    for (size_t i = 0; links->kind == ZAGG_LIST && i < links->n; i++)
        if (zagg_value_is(zagg_value_get(links->items[i], "rel"), "next"))
            return take_link(arena, links->items[i], asked, page, err);
    return ZAGG_OK;
}

/* ---- the page ---- */

zagg_status zg_fetch_note_list(zg_scan *s, zg_vec *items)
{
    bool first = true, more = false;
    items->len = 0;
    if (zg_scan_peek(s) == 'n') /* null */
        return zg_scan_skip(s);
    for (;;) {
        ZAGG_TRY(zg_scan_element(s, &first, &more));
        if (!more)
            return ZAGG_OK;
        (void)zg_scan_peek(s);
        if (!zg_vec_append(items, &s->at, 1))
            return zagg_err_set(s->err, ZAGG_ENOMEM, "no memory for a page");
        ZAGG_TRY(zg_scan_skip(s));
    }
}

static zagg_status scan_page(zg_scan *s, zagg_arena *arena, const zagg_value **links,
                             zg_fetch_page *page)
{
    bool first = true, more = false;
    zg_slice key;
    for (;;) {
        ZAGG_TRY(zg_scan_member(s, &first, &key, &more));
        if (!more)
            break;
        if (zg_slice_is(&key, "features")) {
            ZAGG_TRY(zg_fetch_note_list(s, &page->items));
        } else if (zg_slice_is(&key, "links")) {
            ZAGG_TRY(zg_scan_value(s, arena, links));
        } else if (zg_slice_is(&key, "numberMatched") && zg_scan_peek(s) >= '0' &&
                   zg_scan_peek(s) <= '9') {
            ZAGG_TRY(zg_scan_u64(s, &page->total));
        } else {
            ZAGG_TRY(zg_scan_skip(s));
        }
    }
    if (zg_scan_peek(s) == '\0' && s->at == s->len)
        return ZAGG_OK;
    return zg_scan_fault(s, "the end");
}

zagg_status zg_fetch_read_page(const char *text, size_t len,
                               const zg_fetch_request *asked, zg_fetch_page *out,
                               zagg_err *err)
{
    zg_fetch_page page = {.text = text, .len = len};
    zg_scan s = {.text = text, .len = len, .err = err};
    const zagg_value *links = &EMPTY;
    zagg_arena *arena = NULL;
    zg_vec_init(&page.items, sizeof(size_t), 0);
    zagg_status status = zagg_arena_new(0, &arena, err);
    if (status == ZAGG_OK)
        status = scan_page(&s, arena, &links, &page);
    if (status == ZAGG_OK)
        status = take_links(links, arena, asked, &page, err);
    zagg_arena_free(arena);
    if (page.items.len == 0) { /* an empty page is the last one, whatever it links to */
        zg_fetch_request_free(&page.next);
        page.has_next = false;
    }
    if (status != ZAGG_OK)
        zg_fetch_page_free(&page);
    else
        *out = page;
    return status;
}
