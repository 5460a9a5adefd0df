/* Fetching: page after page until there is none, items to a file beside the catalog, then
 * the catalog itself. */
#include "cat/fetch.h"

#include "cat/fetch_http.h"
#include "cat/times.h"
#include "text/text.h"
#include "zagg/catalog.h"
#include "zagg/search.h"

#include <errno.h>
#include <string.h>

/* So many pages in a row without anything new: the server goes round. */
enum { MAX_STALE_PAGES = 3, N_EXAMPLES = 5 };

typedef struct fetch {
    const zagg_search_query *q;
    const zagg_search_opts *opts;
    const char *path;
    double boxes[2][4];
    unsigned n_boxes;
    char *collection;        /* of CMR: "ATL03_007" */
    zagg_arena *arena;       /* of the query's value */
    const zagg_value *query; /* what is compared when going on */
    zg_http *http;
    zg_fetch_files files;
    zg_fetch_state state;
    zagg_arena *page_arena; /* one item at a time */
    zg_str line;
    unsigned stale; /* pages in a row without anything new */
    bool noted;     /* there is a state to go on from */
    uint64_t resumed, total;
} fetch;

/* ---- the query ---- */

static const char *or_else(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

static zagg_status check_query(const zagg_search_query *q, zagg_err *err)
{
    int64_t first = 0, last = 0;
    const bool stac = q->source == ZAGG_SEARCH_STAC;
    if (stac ? q->root == NULL || q->n_collections == 0 : q->short_name == NULL)
        return zagg_err_set(err, ZAGG_EARG,
                            stac ? "a search needs a root and collections"
                                 : "a search needs the short name of a product");
    if (q->start_date == NULL || q->end_date == NULL ||
        !zg_date_parse(q->start_date, &first) || !zg_date_parse(q->end_date, &last))
        return zagg_err_set(err, ZAGG_EARG, "dates must be of the form YYYY-MM-DD");
    if (first > last)
        return zagg_err_set(err, ZAGG_EARG, "%s is after %s", q->start_date, q->end_date);
    return ZAGG_OK;
}

/* A box over the antimeridian is two: not every server takes W > E. */
static void part_box(fetch *f)
{
    const double *b = f->q->bbox;
    f->n_boxes = b[0] > b[2] ? 2 : 1;
    memcpy(f->boxes[0], b, sizeof f->boxes[0]);
    if (f->n_boxes == 2) {
        memcpy(f->boxes[1], b, sizeof f->boxes[1]);
        f->boxes[0][2] = 180.0;
        f->boxes[1][0] = -180.0;
    }
}

static const zagg_value *texts(zg_maker *m, const char *const *list, size_t n)
{
    const zagg_value *items[64];
    if (list == NULL)
        return zg_make_null(m);
    if (n > sizeof items / sizeof items[0])
        n = sizeof items / sizeof items[0];
    for (size_t i = 0; i < n; i++)
        items[i] = zg_make_text(m, list[i]);
    return zg_make_list(m, items, n);
}

/* What the catalog says of itself, in upstream's order, but for what is known at the end.
 */
static void put_query(const fetch *f, zg_maker *m, zg_object *o)
{
    const zagg_search_query *q = f->q;
    if (q->source == ZAGG_SEARCH_STAC) {
        zg_object_put(o, "source", zg_make_text(m, "STAC"));
        size_t len = strlen(q->root);
        while (len > 0 && q->root[len - 1] == '/')
            len--;
        zg_object_put(o, "root", zg_make_bytes(m, q->root, len));
        zg_object_put(o, "collections", texts(m, q->collections, q->n_collections));
    } else {
        const bool stac = q->source == ZAGG_SEARCH_CMR_STAC;
        zg_object_put(o, "source",
                      zg_make_text(m, stac ? "CMR-STAC" : "CMR (granules.json)"));
        zg_object_put(o, "provider", zg_make_text(m, or_else(q->provider, "NSIDC_CPRD")));
        zg_object_put(o, "collection", zg_make_text(m, f->collection));
        zg_object_put(o, "short_name", zg_make_text(m, q->short_name));
        zg_object_put(o, "version", zg_make_text(m, or_else(q->version, "007")));
    }
    zg_object_put(o, "start_date", zg_make_text(m, q->start_date));
    zg_object_put(o, "end_date", zg_make_text(m, q->end_date));
    zg_object_put(o, "bbox", zg_make_doubles(m, q->bbox, 4));
    if (q->source != ZAGG_SEARCH_STAC) {
        zg_object_put(o, "preserve_thumbnails", zg_make_bool(m, q->preserve_thumbnails));
        return;
    }
    zg_object_put(o, "time_key", zg_make_text(m, q->time_key));
    zg_object_put(o, "max_cloud_cover",
                  q->has_max_cloud_cover ? zg_make_double(m, q->max_cloud_cover)
                                         : zg_make_null(m));
    zg_object_put(o, "assets", texts(m, q->assets, q->n_assets));
}

static zagg_status make_query_value(fetch *f, zagg_err *err)
{
    zg_maker m;
    zg_object o;
    zg_make_begin(&m, f->arena, err);
    zg_object_begin(&o, &m);
    put_query(f, &m, &o);
    zg_object_put(&o, "server", zg_make_text(&m, or_else(f->q->root, "")));
    zg_object_put(&o, "page_items", zg_make_u64(&m, f->opts->page_items));
    f->query = zg_object_end(&o);
    return m.status;
}

/* ---- items of a page ---- */

static zagg_status note_skipped(fetch *f, const zagg_value *item, zagg_err *err)
{
    const uint64_t n = f->state.skipped++;
    if (n >= N_EXAMPLES)
        return ZAGG_OK;
    f->state.examples[n] = zg_strdup(or_else(zg_value_text(item, "id"), ""));
    return f->state.examples[n] != NULL ? ZAGG_OK
                                        : zagg_err_set(err, ZAGG_ENOMEM, "no memory");
}

/* The item as it is kept; NULL: it is left out. */
static zagg_status make_item(fetch *f, const zagg_value *raw, zg_maker *m,
                             const zagg_value **out, zagg_err *err)
{
    if (raw->kind != ZAGG_MAP)
        return zagg_err_set(err, ZAGG_EFORMAT, "an item that is no object");
    if (f->q->source == ZAGG_SEARCH_CMR)
        return zg_fetch_item_of_granule(m, raw, f->collection, out, err);
    if (!zagg_value_is(zagg_value_get(raw, "type"), "Feature"))
        return zagg_err_set(err, ZAGG_EFORMAT, "an item that is no Feature");
    if (f->q->source == ZAGG_SEARCH_CMR_STAC)
        *out = zg_fetch_normalize(m, raw, f->q->preserve_thumbnails);
    else if (f->q->assets != NULL)
        *out = zg_fetch_subset(m, raw, f->q->assets, f->q->n_assets);
    else
        *out = raw;
    return m->status;
}

static zagg_status keep_item(fetch *f, const zagg_value *item, zagg_err *err)
{
    static const zg_json_style COMPACT = {.indent = -1, .compact = true};
    bool known = false;
    f->line.len = 0;
    ZAGG_TRY(zg_json_write(&f->line, item, COMPACT, err));
    zg_str_addc(&f->line, '\n');
    if (f->line.failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an item");
    ZAGG_TRY(zg_fetch_see(&f->state.got, f->line.data, f->line.len, &known, err));
    if (known) {
        f->state.duplicates++;
        return ZAGG_OK;
    }
    if (fwrite(f->line.data, 1, f->line.len, f->files.out) != f->line.len)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "%s: cannot write it",
                                  f->files.items);
    f->state.items++;
    f->state.bytes += f->line.len;
    return ZAGG_OK;
}

static zagg_status take_item(fetch *f, const zg_fetch_page *page, size_t at,
                             zagg_err *err)
{
    const zagg_value *raw = NULL, *item = NULL;
    zg_maker m;
    zg_scan s = {.text = page->text, .len = page->len, .at = at, .err = err};
    ZAGG_TRY(zg_scan_value(&s, f->page_arena, &raw));
    zg_make_begin(&m, f->page_arena, err);
    ZAGG_TRY(make_item(f, raw, &m, &item, err));
    return item != NULL ? keep_item(f, item, err) : note_skipped(f, raw, err);
}

static zagg_status take_items(fetch *f, const zg_fetch_page *page, zagg_err *err)
{
    const uint64_t before = f->state.items + f->state.skipped;
    for (size_t i = 0; i < page->items.len; i++) {
        const zagg_arena_mark mark = zagg_arena_get_mark(f->page_arena);
        const zagg_status status =
            take_item(f, page, *ZG_VEC_AT(&page->items, size_t, i), err);
        zagg_arena_release(f->page_arena, mark);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "item %zu of the page", i);
    }
    const bool any = f->state.items + f->state.skipped > before;
    f->stale = any || page->items.len == 0 ? 0 : f->stale + 1;
    if (f->stale >= MAX_STALE_PAGES)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "the last %u pages hold nothing new: the server's next links "
                            "go in a circle",
                            f->stale);
    return ZAGG_OK;
}

/* ---- pages ---- */

static zagg_status begin_box(fetch *f, zagg_err *err)
{
    zg_fetch_request_free(&f->state.request);
    return zg_fetch_first(f->q, f->opts, f->boxes[f->state.box], &f->state.request, err);
}

/* A request that was made before in this fetch gives the same page again. */
static zagg_status check_circle(fetch *f, zagg_err *err)
{
    const zg_fetch_request *r = &f->state.request;
    zg_str text;
    bool known = false;
    zg_str_init(&text, 0);
    zg_str_addf(&text, "%d\n%s\n%s\n%s", r->post, r->url, or_else(r->body, ""),
                or_else(r->search_after, ""));
    zagg_status status =
        text.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a request")
                    : zg_fetch_see(&f->state.asked, text.data, text.len, &known, err);
    zg_str_free(&text);
    if (status == ZAGG_OK && known)
        status = zagg_err_set(err, ZAGG_EFORMAT,
                              "the link to page %llu leads back to an earlier page",
                              (unsigned long long)f->state.pages + 1);
    return status;
}

static zagg_status go_on(fetch *f, zg_fetch_page *page, zagg_err *err)
{
    zg_fetch_request_free(&f->state.request);
    if (page->has_next) {
        f->state.request = page->next;
        page->next = (zg_fetch_request){.post = false};
        return check_circle(f, err);
    }
    if (f->state.box + 1 < f->n_boxes) {
        f->state.box++;
        return begin_box(f, err);
    }
    f->state.done = true;
    return ZAGG_OK;
}

static zagg_status take_page(fetch *f, const zg_fetch_answer *answer, zagg_err *err)
{
    zg_fetch_page page;
    const zg_fetch_request *r = &f->state.request;
    ZAGG_TRY(f->q->source == ZAGG_SEARCH_CMR
                 ? zg_fetch_read_granules(answer->text, answer->len, r, &answer->headers,
                                          &page, err)
                 : zg_fetch_read_page(answer->text, answer->len, r, &page, err));
    zagg_status status = take_items(f, &page, err);
    if (page.total > f->total)
        f->total = page.total;
    if (status == ZAGG_OK) {
        f->state.pages++;
        status = go_on(f, &page, err);
    }
    zg_fetch_page_free(&page);
    return status;
}

static void tell(const fetch *f)
{
    const zagg_search_progress p = {f->state.pages, f->state.items, f->total};
    if (f->opts->progress != NULL)
        f->opts->progress(f->opts->user, &p);
}

/* The URL, without what stands behind '?', for messages. */
static zagg_status at_page(const fetch *f, zagg_status status, zagg_err *err)
{
    const char *url = or_else(f->state.request.url, "search");
    return zagg_err_context(err, status, "%.*s: page %llu", (int)strcspn(url, "?"), url,
                            (unsigned long long)f->state.pages + 1);
}

static zagg_status one_page(fetch *f, zagg_err *err)
{
    zg_fetch_answer answer = {.text = NULL};
    zagg_status status = zg_fetch_ask(f->http, f->opts, &f->state.request, &answer, err);
    if (status == ZAGG_OK) {
        /* what a failure leaves behind the last note is cut off by the next fetch */
        status = take_page(f, &answer, err);
        zg_fetch_answer_free(&answer);
    }
    return status == ZAGG_OK ? ZAGG_OK : at_page(f, status, err);
}

/* A place to go on that the server no longer knows: from the beginning then. */
static bool is_stale_place(const fetch *f, const zagg_err *err)
{
    return f->resumed > 0 && f->state.pages > 0 &&
           (err->status == ZAGG_EHTTP || err->status == ZAGG_ENOTFOUND);
}

static zagg_status restart(fetch *f, zagg_err *err)
{
    bool resumed = false;
    f->resumed = 0;
    ZAGG_TRY(zg_fetch_files_open(&f->files, f->query, true, &f->state, &resumed, err));
    ZAGG_TRY(begin_box(f, err));
    return check_circle(f, err);
}

static zagg_status all_pages(fetch *f, zagg_err *err)
{
    bool first = true;
    while (!f->state.done) {
        zagg_err fault = ZAGG_ERR_INIT;
        zagg_status status = one_page(f, &fault);
        if (status != ZAGG_OK && first && is_stale_place(f, &fault)) {
            zagg_log_write(f->opts->log, ZAGG_LOG_WARN, "%s; the fetch begins anew",
                           fault.msg);
            ZAGG_TRY(restart(f, err));
            first = false;
            continue;
        }
        first = false;
        if (status != ZAGG_OK) {
            if (err != NULL)
                *err = fault;
            return status;
        }
        ZAGG_TRY(zg_fetch_files_note(&f->files, f->query, &f->state, err));
        f->noted = true;
        tell(f);
    }
    return ZAGG_OK;
}

/* ---- the catalog ---- */

static zagg_status make_meta(fetch *f, const zagg_value **out, zagg_err *err)
{
    zg_maker m;
    zg_object o, skipped;
    zg_make_begin(&m, f->arena, err);
    zg_object_begin(&o, &m);
    put_query(f, &m, &o);
    zg_object_put(&o, "total_granules", zg_make_u64(&m, f->state.items));
    if (f->state.skipped > 0) {
        size_t n = 0;
        while (n < N_EXAMPLES && f->state.examples[n] != NULL)
            n++;
        zg_object_begin(&skipped, &m);
        zg_object_put(&skipped, "count", zg_make_u64(&m, f->state.skipped));
        zg_object_put(&skipped, "examples",
                      texts(&m, (const char *const *)f->state.examples, n));
        zg_object_put(&o, "skipped_items", zg_object_end(&skipped));
    }
    *out = zg_object_end(&o);
    return m.status;
}

static zagg_status add_item(void *user, const zagg_item *item, zagg_err *err)
{
    return zagg_catalog_writer_add(user, item->whole, err);
}

static zagg_status write_catalog(fetch *f, zagg_err *err)
{
    const zagg_value *meta = NULL;
    zagg_catalog *items = NULL;
    zagg_catalog_writer *writer = NULL;
    const zagg_catalog_opts opts = {.whole = true};
    ZAGG_TRY(make_meta(f, &meta, err));
    ZAGG_TRY(zagg_catalog_open(f->files.items, &opts, &items, err));
    zagg_status status = zagg_catalog_writer_new(f->path, meta, &writer, err);
    if (status == ZAGG_OK) {
        status = zagg_catalog_read(items, add_item, writer, err);
        if (status == ZAGG_OK)
            status = zagg_catalog_writer_finish(writer, err);
        else
            zagg_catalog_writer_abandon(writer);
    }
    zagg_catalog_close(items);
    return status;
}

/* As upstream says it. */
static zagg_status nothing_found(const fetch *f, zagg_err *err)
{
    const zagg_search_query *q = f->q;
    zg_str box;
    zg_str_init(&box, 0);
    zg_fetch_box_text(&box, q->bbox, ", ");
    const zagg_status status =
        f->state.skipped > 0
            ? zagg_err_set(err, ZAGG_ENOTFOUND,
                           "none of the %llu items found has all of the assets that were "
                           "asked for",
                           (unsigned long long)f->state.skipped)
            : zagg_err_set(err, ZAGG_ENOTFOUND, "No granules for %s over (%s) in %s..%s",
                           f->collection != NULL ? f->collection : q->collections[0],
                           box.data, q->start_date, q->end_date);
    zg_str_free(&box);
    return status;
}

/* ---- the whole ---- */

static zagg_status begin(fetch *f, zagg_err *err)
{
    bool resumed = false;
    void *first = NULL;
    zg_str name;
    ZAGG_TRY(zagg_arena_new(0, &f->arena, err));
    ZAGG_TRY(zagg_arena_new(0, &f->page_arena, err));
    ZAGG_TRY(zagg_arena_alloc(f->page_arena, 1, 1, &first, err));
    if (f->q->source != ZAGG_SEARCH_STAC) {
        zg_str_init(&name, 0);
        zg_str_addf(&name, "%s_%s", f->q->short_name, or_else(f->q->version, "007"));
        f->collection = zg_str_take(&name);
        zg_str_free(&name);
        if (f->collection == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a search");
    }
    part_box(f);
    ZAGG_TRY(make_query_value(f, err));
    ZAGG_TRY(zg_fetch_files_init(f->path, &f->files, err));
    ZAGG_TRY(zg_fetch_files_open(&f->files, f->query, f->opts->restart, &f->state,
                                 &resumed, err));
    f->resumed = resumed ? f->state.items : 0;
    f->noted = resumed;
    if (resumed)
        zagg_log_write(
            f->opts->log, ZAGG_LOG_INFO, "going on behind page %llu, %llu items",
            (unsigned long long)f->state.pages, (unsigned long long)f->state.items);
    else
        ZAGG_TRY(begin_box(f, err));
    if (f->state.done)
        return ZAGG_OK;
    ZAGG_TRY(check_circle(f, err));
    return zg_fetch_http_new(f->opts, &f->http, err);
}

static zagg_status run(fetch *f, zagg_search_result *out, zagg_err *err)
{
    ZAGG_TRY(begin(f, err));
    ZAGG_TRY(all_pages(f, err));
    if (f->state.items == 0)
        return nothing_found(f, err);
    ZAGG_TRY(write_catalog(f, err));
    *out = (zagg_search_result){.pages = f->state.pages,
                                .items = f->state.items,
                                .resumed = f->resumed,
                                .duplicates = f->state.duplicates,
                                .skipped = f->state.skipped};
    if (f->state.duplicates > 0)
        zagg_log_write(f->opts->log, ZAGG_LOG_WARN,
                       "%llu items came more than once; each is kept once",
                       (unsigned long long)f->state.duplicates);
    if (f->state.skipped > 0)
        zagg_log_write(f->opts->log, ZAGG_LOG_WARN,
                       "%llu items lack assets that were asked for and are left out",
                       (unsigned long long)f->state.skipped);
    return ZAGG_OK;
}

zagg_status zagg_search(const zagg_search_query *query, const zagg_search_opts *opts,
                        const char *path, zagg_search_result *out, zagg_err *err)
{
    static const zagg_search_opts NONE = {.log = NULL};
    if (query == NULL || path == NULL || out == NULL)
        return zagg_err_set(err, ZAGG_EARG, "zagg_search: NULL argument");
    ZAGG_TRY(check_query(query, err));
    fetch f = {.q = query, .opts = opts != NULL ? opts : &NONE, .path = path};
    zg_str_init(&f.line, 0);
    const zagg_status status = run(&f, out, err);
    const bool nothing = f.state.done && f.state.items == 0;
    const bool remove = status == ZAGG_OK || nothing || !f.noted;
    zg_fetch_files_end(&f.files, remove);
    zg_fetch_state_free(&f.state);
    zg_http_free(f.http);
    zg_str_free(&f.line);
    zg_free(f.collection);
    zagg_arena_free(f.arena);
    zagg_arena_free(f.page_arena);
    return status;
}

zagg_status zagg_cycle_dates(long cycle, char start[16], char end[16], zagg_err *err)
{
    enum { LAUNCH = 17817, CYCLE_DAYS = 91, LAST_CYCLE = 999 }; /* 2018-10-13 */
    if (cycle < 1 || cycle > LAST_CYCLE)
        return zagg_err_set(err, ZAGG_ERANGE, "a cycle is a number from 1 to %d",
                            LAST_CYCLE);
    const int64_t first = LAUNCH + (int64_t)(cycle - 1) * CYCLE_DAYS;
    zg_date_format(first, start);
    zg_date_format(first + CYCLE_DAYS, end);
    return ZAGG_OK;
}
