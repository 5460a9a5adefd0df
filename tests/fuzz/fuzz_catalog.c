/* Any bytes as a catalog (the first byte 'i'; gzip, too) or as a page of a server ('s' of
 * STAC, 'c' of CMR). Items given as a whole are those that the parser of JSON sees, and
 * what is written of them is read again as the same. */
#include "cat/fetch.h"
#include "cat/json_items.h"
#include "fuzz/fuzz.h"
#include "text/text.h"

#include <string.h>

#define ARENA_BYTES ((size_t)64 << 20)
#define TEXT_BYTES ((size_t)16 << 20)

static const zg_json_style COMPACT = {.indent = -1, .compact = true};

/* What is written of an item is an item, and the same one. */
static void check_item(zagg_arena *arena, const zagg_item *item)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_str first, second;
    const zagg_value *parsed = NULL;
    zg_str_init(&first, TEXT_BYTES);
    zg_str_init(&second, TEXT_BYTES);
    fuzz_check(zg_json_write(&first, item->whole, COMPACT, &err) == ZAGG_OK);
    if (!first.failed &&
        zagg_json_parse(arena, first.data, first.len, "fuzz", &parsed, NULL) == ZAGG_OK) {
        fuzz_check(zg_json_write(&second, parsed, COMPACT, &err) == ZAGG_OK);
        fuzz_check(first.len == second.len &&
                   memcmp(first.data, second.data, first.len) == 0);
    }
    zg_str_free(&first);
    zg_str_free(&second);
}

static void fuzz_items(zagg_arena *arena, const uint8_t *data, size_t size)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_source *source = NULL;
    zg_text_source *text = NULL;
    zg_json_items *items = NULL;
    zg_shape_builder shape;
    if (zagg_source_open_mem(data, size, &source, NULL) != ZAGG_OK ||
        zg_text_source_new(source, &text, NULL) != ZAGG_OK ||
        zg_json_items_new(text, "fuzz", &items, NULL) != ZAGG_OK)
        return;
    zg_shape_begin(&shape, 10000);
    zg_item_reader reader = {
        .arena = arena, .shape = &shape, .time_key = "k", .assets = true, .whole = true};
    uint64_t at = 0;
    for (;;) {
        bool more = false;
        const zagg_status status = zg_json_items_next(items, &reader, &more, &err);
        if (status != ZAGG_OK)
            fuzz_check_error(status, &err);
        if (status != ZAGG_OK || !more)
            break;
        fuzz_check(zg_json_items_at(items) > at);
        at = zg_json_items_at(items);
        if (reader.found == ZG_FOUND_ITEM)
            check_item(arena, &reader.item);
    }
    zg_json_items_free(items);
    zg_shape_free(&shape);
    zg_vec_free(&reader.cells);
}

static void check_page(zagg_arena *arena, const zg_fetch_page *page, int cmr)
{
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < page->items.len; i++) {
        const zagg_value *raw = NULL, *item = NULL;
        zg_maker m;
        zg_scan s = {.text = page->text,
                     .len = page->len,
                     .at = *ZG_VEC_AT(&page->items, size_t, i),
                     .err = &err};
        if (zg_scan_value(&s, arena, &raw) != ZAGG_OK || raw->kind != ZAGG_MAP)
            continue;
        zg_make_begin(&m, arena, &err);
        if (cmr)
            (void)zg_fetch_item_of_granule(&m, raw, "C_1", &item, &err);
        else
            item = zg_fetch_normalize(&m, raw, true);
        fuzz_check(cmr || m.status != ZAGG_OK || item->kind == ZAGG_MAP);
    }
    fuzz_check(!page->has_next || page->next.url != NULL);
}

static void fuzz_page(zagg_arena *arena, const char *text, size_t size, int cmr)
{
    static char url[] = "http://h/p", body[] = "{\"a\": 1}";
    zagg_err err = ZAGG_ERR_INIT;
    const zg_fetch_request asked = {.post = !cmr, .url = url, .body = cmr ? NULL : body};
    const zg_headers none = {.failed = false};
    zg_fetch_page page;
    const zagg_status status =
        cmr ? zg_fetch_read_granules(text, size, &asked, &none, &page, &err)
            : zg_fetch_read_page(text, size, &asked, &page, &err);
    if (status != ZAGG_OK) {
        fuzz_check_error(status, &err);
        return;
    }
    check_page(arena, &page, cmr);
    zg_fetch_page_free(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zagg_arena *arena = NULL;
    if (size == 0 || zagg_arena_new(ARENA_BYTES, &arena, NULL) != ZAGG_OK)
        return 0;
    if (data[0] == 's' || data[0] == 'c')
        fuzz_page(arena, (const char *)data + 1, size - 1, data[0] == 'c');
    else
        fuzz_items(arena, data + 1, size - 1);
    zagg_arena_free(arena);
    return 0;
}
