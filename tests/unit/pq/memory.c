/* Every allocation is refused once: reading, writing, pages, footprints end with ENOMEM
 * and leave nothing behind. */
#include "cat/fetch.h"
#include "cat/swath.h"
#include "pq/pq.h"
#include "support/program.h"
#include "zagg/catalog.h"

#include <stdio.h>
#include <string.h>

static char *dir;

static const char ITEM[] =
    "{\"type\":\"Feature\",\"id\":\"a\\u00e9\",\"collection\":\"C\",\"geometry\":{"
    "\"type\":"
    "\"MultiPolygon\",\"coordinates\":[[[[0,1],[2,1],[2,3],[0,1]],[[0,1],[2,1],[2,3],[0,"
    "1]]]]"
    "},\"bbox\":[0,1,2,3],\"properties\":{\"datetime\":\"2019-01-05T16:33:08Z\",\"k\":7,"
    "\"footprint_cells\":[7,8],\"o\":{\"p\":[1.5]}},\"links\":[{\"rel\":\"self\"}],"
    "\"assets\":"
    "{\"data\":{\"href\":\"h\",\"roles\":[\"data\"]}}}\n";

static const char *in_dir(const char *name)
{
    static char paths[4][512];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static int setup(void **state)
{
    (void)state;
    zg_pq_install();
    dir = make_temp_dir();
    if (dir == NULL)
        return -1;
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_addf(&text, "{\"zagg:catalog_meta\":{\"time_key\":\"k\"}}\n%s%s", ITEM, ITEM);
    write_text(dir, "a.ndjson", text.data);
    zg_str_free(&text);
    zg_free(shell_ok(dir, "gzip -k a.ndjson"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    remove_tree(dir);
    zg_free(dir);
    return 0;
}

typedef zagg_status (*job)(zagg_err *err);

/* Whether the allocation that was to be refused was never asked for. */
static bool still_pending(int64_t most)
{
    for (int64_t i = 0; i <= most; i++)
        if (zg_alloc_refused())
            return true;
    return false;
}

/* `most`: allocations that the job makes at most. */
static void sweep(job run, int64_t most)
{
    int64_t n = 1;
    for (bool over = false; !over; n++) {
        zagg_err err = ZAGG_ERR_INIT;
        zg_alloc_fail_nth(n);
        const zagg_status status = run(&err);
        over = still_pending(most);
        zg_alloc_fail_nth(0);
        if (status != ZAGG_OK && (status != ZAGG_ENOMEM || err.msg[0] == '\0' || over))
            fail_msg("allocation %lld: %s", (long long)n, err.msg);
        assert_true(n <= most);
    }
    assert_true(n > 3);
}

static zagg_status copy_item(void *user, const zagg_item *item, zagg_err *err)
{
    return zagg_catalog_writer_add(user, item->whole, err);
}

static zagg_status convert(const char *from, const char *to, zagg_err *err)
{
    zagg_catalog *c = NULL;
    zagg_catalog_writer *w = NULL;
    const zagg_catalog_opts opts = {.whole = true, .assets = true};
    ZAGG_TRY(zagg_catalog_open(from, &opts, &c, err));
    zagg_status status = zagg_catalog_writer_new(to, zagg_catalog_meta(c), &w, err);
    if (status == ZAGG_OK) {
        status = zagg_catalog_read(c, copy_item, w, err);
        if (status == ZAGG_OK)
            status = zagg_catalog_writer_finish(w, err);
        else
            zagg_catalog_writer_abandon(w);
    }
    zagg_catalog_close(c);
    return status;
}

static zagg_status to_gzip(zagg_err *err)
{
    return convert(in_dir("a.ndjson.gz"), in_dir("b.ndjson.gz"), err);
}

static zagg_status to_collection(zagg_err *err)
{
    return convert(in_dir("a.ndjson"), in_dir("b.json"), err);
}

static zagg_status to_table(zagg_err *err)
{
    return convert(in_dir("a.ndjson"), in_dir("b.parquet"), err);
}

static zagg_status from_table(zagg_err *err)
{
    return convert(in_dir("b.parquet"), in_dir("c.ndjson"), err);
}

static void catalogs(void **state)
{
    (void)state;
    sweep(to_gzip, 3000);
    sweep(to_collection, 3000);
    sweep(to_table, 3000);
    sweep(from_table, 3000);
    zg_free(shell_ok(dir, "! ls -a | grep tmp"));
}

static zagg_status shapes(zagg_err *err)
{
    static const char WKT[] =
        "MULTIPOLYGON(((170 0,-170 0,-170 5,170 0)),((1 2,3 4,5 6)))";
    static const double BOX[4] = {-180, -60, 180, 60};
    zagg_arena *arena = NULL;
    zagg_shape s;
    double box[4];
    bool any = false;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = zagg_shape_from_wkt(arena, WKT, sizeof WKT - 1, 0, &s, err);
    if (status == ZAGG_OK)
        status = zagg_shape_bbox(&s, box, &any, err);
    if (status == ZAGG_OK)
        status = zagg_shape_from_bbox(arena, BOX, &s, err);
    if (status == ZAGG_OK)
        status = zagg_shape_from_wkb(arena, "010100000000000000000000000000000000000000",
                                     42, 0, &s, err);
    zagg_arena_free(arena);
    return status;
}

static zagg_status pages(zagg_err *err)
{
    static char url[] = "http://h/p", body[] = "{\"a\": 1}";
    static const char PAGE[] = "{\"features\":[{\"type\":\"Feature\",\"assets\":{\"x\":{"
                               "\"href\":\"https://a.h5\","
                               "\"roles\":[\"data\"]}}}],\"links\":[{\"rel\":\"next\","
                               "\"href\":\"http://h/q\",\"method\""
                               ":\"POST\",\"merge\":true,\"body\":{\"b\":2}}]}";
    const zg_fetch_request asked = {.post = true, .url = url, .body = body};
    zg_fetch_page page;
    const zagg_status status =
        zg_fetch_read_page(PAGE, sizeof PAGE - 1, &asked, &page, err);
    if (status == ZAGG_OK)
        zg_fetch_page_free(&page);
    return status;
}

static zagg_status granule(zagg_err *err)
{
    static const char ENTRY[] =
        "{\"title\":\"A\",\"polygons\":[[\"59 178 58 179.5 57 -179 59 "
        "178\"]],\"time_start\":"
        "\"x\",\"links\":[{\"rel\":\"/data#\",\"href\":\"https://h/A.h5\"}]}";
    zagg_arena *arena = NULL;
    const zagg_value *entry = NULL, *item = NULL;
    zg_maker m;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zg_scan s = {.text = ENTRY, .len = sizeof ENTRY - 1, .err = err};
    zagg_status status = zg_scan_value(&s, arena, &entry);
    zg_make_begin(&m, arena, err);
    if (status == ZAGG_OK)
        status = zg_fetch_item_of_granule(&m, entry, "C", &item, err);
    if (status == ZAGG_OK) {
        (void)zg_fetch_normalize(&m, item, false);
        status = m.status;
    }
    zagg_arena_free(arena);
    return status;
}

static zagg_status footprint(zagg_err *err)
{
    static const double LAT[] = {1, 2, 3, 4}, LON[] = {5, 5.1, 5.3, 5.6};
    const zg_track track = {LAT, LON, 4};
    zagg_arena *arena = NULL;
    const zagg_value *v = NULL;
    zg_maker m;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zg_make_begin(&m, arena, err);
    zagg_status status = zg_swath_polygon(&m, &track, 1, 0.005, &v, err);
    if (status == ZAGG_OK)
        status = zg_swath_lines(&m, &track, 1, 0.005, &v, err);
    zagg_arena_free(arena);
    return status;
}

static void parts(void **state)
{
    (void)state;
    sweep(shapes, 200);
    sweep(pages, 200);
    sweep(granule, 200);
    sweep(footprint, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(catalogs),
                                       cmocka_unit_test(parts)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
