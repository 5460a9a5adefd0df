/* Items out of JSON text: see json_items.h.
 *
 * A buffer holds the text from the value that is being read on. Where the text in it ends
 * too early, more is read and the value is read anew, which happens once a buffer. */
#include "cat/json_items.h"

#include <string.h>

enum { FIRST_BUFFER_BYTES = 1 << 20 };

typedef enum place { AT_TOP = 0, IN_LIST, BEHIND_LIST } place;

struct zg_json_items {
    zg_text_source *text;
    const char *name;
    zg_vec buffer;   /* char */
    size_t at;       /* in the buffer: what has been told ends here */
    uint64_t before; /* bytes of the text that have left the buffer */
    uint64_t lines;  /* and their line ends */
    bool at_end;     /* of the text */
    place where;
    bool first; /* of the list: no element has been told */
    bool started;
    unsigned depth;
};

zagg_status zg_json_items_new(zg_text_source *text, const char *name, zg_json_items **out,
                              zagg_err *err)
{
    zg_json_items *items = zg_alloc(1, sizeof *items);
    if (items == NULL) {
        zg_text_source_free(text);
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read it", name);
    }
    items->text = text;
    items->name = name;
    zg_vec_init(&items->buffer, 1, 0);
    *out = items;
    return ZAGG_OK;
}

void zg_json_items_free(zg_json_items *items)
{
    if (items == NULL)
        return;
    zg_text_source_free(items->text);
    zg_vec_free(&items->buffer);
    zg_free(items);
}

uint64_t zg_json_items_at(const zg_json_items *items)
{
    return items->before + items->at;
}

/* ---- the buffer ---- */

static uint64_t count_lines(const char *text, size_t len)
{
    uint64_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    return n;
}

/* Forget what has been told. */
static void drop_told(zg_json_items *items)
{
    char *data = items->buffer.data;
    if (items->at == 0)
        return;
    items->before += items->at;
    items->lines += count_lines(data, items->at);
    items->buffer.len -= items->at;
    memmove(data, data + items->at, items->buffer.len);
    items->at = 0;
}

/* More text behind what is there; the buffer grows where a value fills it. */
static zagg_status fill(zg_json_items *items, zagg_err *err)
{
    size_t n = 0;
    drop_told(items);
    size_t room = items->buffer.cap - items->buffer.len;
    if (items->buffer.len >= ZG_ITEM_MAX_BYTES)
        return zagg_err_set(
            err, ZAGG_ERANGE, "%s: line %llu: an item of more than %zu MiB", items->name,
            (unsigned long long)items->lines + 1, ZG_ITEM_MAX_BYTES >> 20);
    if (room < items->buffer.cap / 2 || room == 0) {
        const size_t want =
            items->buffer.cap == 0 ? FIRST_BUFFER_BYTES : 2 * items->buffer.cap;
        if (!zg_vec_reserve(&items->buffer, want))
            return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read it",
                                items->name);
        room = items->buffer.cap - items->buffer.len;
    }
    ZAGG_TRY(zg_text_source_read(
        items->text, (char *)items->buffer.data + items->buffer.len, room, &n, err));
    items->buffer.len += n;
    items->at_end = n == 0;
    return ZAGG_OK;
}

static zg_scan scan_here(const zg_json_items *items, zagg_err *err)
{
    return (zg_scan){.text = items->buffer.data,
                     .len = items->buffer.len,
                     .at = items->at,
                     .depth = items->depth,
                     .err = err};
}

/* The fault that a scan met, with its place in front. */
static zagg_status at_line(const zg_json_items *items, const zg_scan *s,
                           zagg_status status)
{
    const uint64_t line = items->lines + count_lines(items->buffer.data, s->at) + 1;
    return zagg_err_context(s->err, status, "%s: line %llu", items->name,
                            (unsigned long long)line);
}

/* ---- what comes next ---- */

typedef zagg_status (*step_fn)(zg_json_items *items, zg_scan *s, zg_item_reader *reader,
                               bool *told);

/* Take one step of reading as a whole, as often as it needs more text. */
static zagg_status take_step(zg_json_items *items, step_fn step, zg_item_reader *reader,
                             bool *told, zagg_err *err)
{
    const zagg_arena_mark mark = zagg_arena_get_mark(reader->arena);
    for (;;) {
        zagg_err fault = ZAGG_ERR_INIT;
        zg_scan s = scan_here(items, &fault);
        const zg_json_items was = *items;
        const zagg_status status = step(items, &s, reader, told);
        if (status == ZAGG_OK) {
            items->at = s.at;
            items->depth = s.depth;
            return ZAGG_OK;
        }
        if (!s.at_end || items->at_end) {
            (void)at_line(items, &s, status);
            if (err != NULL)
                *err = fault;
            return status;
        }
        items->where = was.where;
        items->first = was.first;
        zagg_arena_release(reader->arena, mark);
        ZAGG_TRY(fill(items, err));
    }
}

static zagg_status scan_item(zg_json_items *items, zg_scan *s, zg_item_reader *reader,
                             bool *told)
{
    ZAGG_TRY(zg_item_scan(reader, s));
    if (reader->found == ZG_FOUND_COLLECTION) {
        if (items->where == IN_LIST)
            return zagg_err_set(s->err, ZAGG_EFORMAT, "a collection inside a collection");
        items->where = IN_LIST;
        items->first = true;
    }
    *told = true;
    return ZAGG_OK;
}

static zagg_status step_list(zg_json_items *items, zg_scan *s, zg_item_reader *reader,
                             bool *told)
{
    bool more = false;
    ZAGG_TRY(zg_scan_element(s, &items->first, &more));
    if (more)
        return scan_item(items, s, reader, told);
    items->where = BEHIND_LIST;
    return ZAGG_OK;
}

/* Members of the collection behind its features. */
static zagg_status step_behind(zg_json_items *items, zg_scan *s, zg_item_reader *reader,
                               bool *told)
{
    bool first = false, more = false;
    zg_slice key;
    ZAGG_TRY(zg_scan_member(s, &first, &key, &more));
    if (!more) {
        items->where = AT_TOP;
        return ZAGG_OK;
    }
    if (!zg_slice_is(&key, "zagg:catalog_meta"))
        return zg_scan_skip(s);
    ZAGG_TRY(zg_scan_value(s, reader->arena, &reader->meta));
    reader->found = ZG_FOUND_META;
    *told = true;
    return ZAGG_OK;
}

/* Blanks between values; *end where there is nothing else. */
static zagg_status skip_to_value(zg_json_items *items, bool *end, zagg_err *err)
{
    for (;;) {
        zg_scan s = scan_here(items, err);
        if (!items->started && s.len >= 3 && memcmp(s.text, "\xef\xbb\xbf", 3) == 0)
            s.at = 3; /* a byte order mark */
        items->started = items->started || s.len >= 3;
        (void)zg_scan_peek(&s);
        items->at = s.at;
        if (s.at < s.len) {
            *end = false;
            return ZAGG_OK;
        }
        if (items->at_end) {
            *end = true;
            return ZAGG_OK;
        }
        ZAGG_TRY(fill(items, err));
    }
}

zagg_status zg_json_items_next(zg_json_items *items, zg_item_reader *reader, bool *more,
                               zagg_err *err)
{
    static const step_fn STEPS[] = {scan_item, step_list, step_behind};
    bool told = false;
    while (!told) {
        if (items->where == AT_TOP) {
            bool end = false;
            ZAGG_TRY(skip_to_value(items, &end, err));
            if (end) {
                *more = false;
                return ZAGG_OK;
            }
        }
        ZAGG_TRY(take_step(items, STEPS[items->where], reader, &told, err));
    }
    *more = true;
    return ZAGG_OK;
}
