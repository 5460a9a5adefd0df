/* Pages and pictures of shard maps: what is in them is what the map says, whatever its
 * names are; the same bytes each time; and whatever memory is refused, an error. */
#include "support/support.h"
#include "text/text.h"
#include "view/scene.h"
#include "view/view.h"

#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

static const char NASTY[] =
    "</script><!--<script>alert('1')&amp;\"\\ \xe2\x80\xa8\xe2\x80\xa9"
    "\xff \x01 ]]> \xc3\xa4";

static zagg_shardmap *parse(const char *text)
{
    zagg_shardmap *map = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_shardmap_parse(text, strlen(text), "maps/a.json", &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return map;
}

/* HEALPix shards of an order around a cell, each with one granule more than the one
 * before; names may be anything. */
static char *map_text(size_t n, unsigned order, const char *name)
{
    zg_str out;
    zg_json_out w;
    zg_str_init(&out, 0);
    zg_json_begin(&w, &out, -1);
    zg_json_open_map(&w);
    zg_json_key(&w, "metadata");
    zg_json_open_map(&w);
    zg_json_put_str(&w, "short_name", name);
    zg_json_put_str(&w, "latitude", "authalic-wgs84");
    zg_json_close_map(&w);
    zg_json_key(&w, "grid_signature");
    zg_json_open_map(&w);
    zg_json_put_str(&w, "type", "healpix");
    zg_json_put_u64(&w, "parent_order", order);
    zg_json_put_u64(&w, "child_order", order + 4);
    zg_json_put_str(&w, "layout", "fullsphere");
    zg_json_close_map(&w);
    zg_json_key(&w, "shard_keys");
    zg_json_open_list(&w);
    for (size_t i = 0; i < n; i++)
        zg_json_u64(&w, zagg_word_from_nested(i, order));
    zg_json_close_list(&w);
    zg_json_key(&w, "granules");
    zg_json_open_list(&w);
    for (size_t i = 0; i < n; i++) {
        zg_json_open_list(&w);
        for (size_t k = 0; k <= (n < 100 ? i : 0); k++) {
            char id[512];
            (void)snprintf(id, sizeof id, "%s %zu", name, k);
            zg_json_open_map(&w);
            zg_json_put_str(&w, "id", id);
            zg_json_put_str(&w, "s3", "s3://b/x.h5");
            zg_json_close_map(&w);
        }
        zg_json_close_list(&w);
    }
    zg_json_close_list(&w);
    zg_json_close_map(&w);
    assert_false(out.failed);
    return zg_str_take(&out);
}

typedef zagg_status (*writer)(const zg_scene *scene, FILE *file, zagg_err *err);

/* The caller's (free). */
static char *drawn(const zagg_shardmap *map, const zg_view_opts *opts, writer write,
                   size_t *len)
{
    zg_scene *scene = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    char *text = NULL;
    FILE *file = open_memstream(&text, len);
    assert_non_null(file);
    zagg_status status = zg_view_shardmap(map, opts, &scene, &err);
    if (status == ZAGG_OK)
        status = write(scene, file, &err);
    assert_int_equal(fclose(file), 0);
    zg_scene_free(scene);
    if (status != ZAGG_OK)
        fail_msg("%s", err.msg);
    return text;
}

static const zagg_value *data_of(zagg_arena *arena, const char *page)
{
    static const char OPEN[] = "<script type=\"application/json\" id=\"data\">";
    const char *from = strstr(page, OPEN);
    const zagg_value *v = NULL;
    assert_non_null(from);
    from += strlen(OPEN);
    const char *to = strstr(from, "</script>");
    assert_non_null(to);
    for (const char *c = from; c < to; c++)
        assert_true(*c != '<' && *c != '>' && *c != '&' && (unsigned char)*c < 0x80 &&
                    (unsigned char)*c >= 0x20);
    assert_int_equal(zagg_json_parse(arena, from, (size_t)(to - from), "page", &v, NULL),
                     ZAGG_OK);
    return v;
}

static size_t times(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        n++;
    return n;
}

static void names_cannot_leave(void **state)
{
    (void)state;
    const zg_view_opts opts = {.title = NASTY};
    zagg_arena *arena;
    size_t len;
    char *text = map_text(5, 6, NASTY);
    zagg_shardmap *map = parse(text);
    char *page = drawn(map, &opts, zg_view_html, &len);
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *v = data_of(arena, page);
    assert_int_equal(times(page, "</script>"), 2);
    assert_int_equal(times(page, "<script"), 2);
    assert_int_equal(times(page, "<!--"), 0);
    assert_int_equal(times(page, "http"), 1); /* http-equiv: it names no server */
    /* nothing was lost but bytes that are no text */
    assert_non_null(
        strstr(zg_value_text(v, "title"), "</script><!--<script>alert('1')&amp;"));
    assert_int_equal(zagg_value_get(v, "labels")->n, 5);
    assert_int_equal(zagg_value_get(v, "granules")->n, 5);
    assert_non_null(
        strstr(zagg_value_get(v, "granules")->items[4]->items[0]->str, "]]> \xc3\xa4 4"));
    zagg_arena_free(arena);
    zagg_shardmap_free(map);
    free(page);
    zg_free(text);
}

static void members_and_values(void **state)
{
    (void)state;
    const zg_view_opts opts = {.title = NULL};
    zagg_arena *arena;
    size_t len;
    char *text = map_text(9, 4, "g");
    zagg_shardmap *map = parse(text);
    char *page = drawn(map, &opts, zg_view_html, &len);
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *v = data_of(arena, page);
    assert_string_equal(zg_value_text(v, "title"), "a.json");
    for (uint64_t i = 0; i < 9; i++) {
        char key[32], decimal[33];
        uint64_t value;
        const uint64_t word = zagg_word_from_nested(i, 4);
        (void)snprintf(key, sizeof key, "%llu", (unsigned long long)word);
        assert_int_equal(zagg_word_decimal(word, decimal, NULL), ZAGG_OK);
        assert_string_equal(zagg_value_get(v, "keys")->items[i]->str, key);
        assert_string_equal(zagg_value_get(v, "labels")->items[i]->str, decimal);
        assert_true(zagg_value_u64(zagg_value_get(v, "values")->items[i], &value));
        assert_int_equal(value, i + 1);
        assert_int_equal(zagg_value_get(v, "members")->items[i]->n, i + 1);
        assert_int_equal(zagg_value_get(v, "shapes")->items[i]->n, 1);
    }
    size_t again;
    char *second = drawn(map, &opts, zg_view_html, &again);
    assert_int_equal(len, again);
    assert_memory_equal(page, second, len);
    zagg_arena_free(arena);
    zagg_shardmap_free(map);
    free(second);
    free(page);
    zg_free(text);
}

/* 49,152 shards become groups of four, and the page says so. */
static void too_many_shards(void **state)
{
    (void)state;
    const zg_view_opts opts = {.title = NULL};
    zagg_arena *arena;
    size_t len;
    char *text = map_text((size_t)12 << 12, 6, "g");
    zagg_shardmap *map = parse(text);
    char *page = drawn(map, &opts, zg_view_html, &len);
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *v = data_of(arena, page);
    assert_int_equal(zagg_value_get(v, "labels")->n, (size_t)12 << 10);
    assert_non_null(strstr(zagg_value_get(v, "notes")->items[0]->str,
                           "49152 shards are too many for a page: they are shown in "
                           "12288 groups of up to 4 neighbours"));
    assert_null(zagg_value_get(v, "members"));
    print_message("page of 49,152 shards: %zu bytes\n", len);
    assert_true(len < (size_t)4 << 20);
    zagg_arena_free(arena);
    zagg_shardmap_free(map);
    free(page);
    zg_free(text);
}

static void refused(const char *text, const char *want)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_scene *scene = NULL;
    const zg_view_opts opts = {.title = NULL};
    zagg_shardmap *map = parse(text);
    const zagg_status status = zg_view_shardmap(map, &opts, &scene, &err);
    assert_int_equal(status, ZAGG_ECONFIG);
    assert_null(scene);
    if (strstr(err.msg, want) == NULL)
        fail_msg("%s", err.msg);
    zagg_shardmap_free(map);
}

static void maps_without_a_place(void **state)
{
    (void)state;
    refused("{\"metadata\": {}, \"grid_signature\": null, \"shard_keys\": [7], "
            "\"granules\": [[]]}",
            "has no grid_signature");
    refused("{\"metadata\": {}, \"grid_signature\": {\"type\": \"healpix\", "
            "\"parent_order\": 4, \"child_order\": 8, \"layout\": \"fullsphere\"}, "
            "\"shard_keys\": [12345], \"granules\": [[]]}",
            "12345");
    refused("{\"metadata\": {}, \"grid_signature\": {\"type\": \"flat earth\"}, "
            "\"shard_keys\": [1], \"granules\": [[]]}",
            "");
}

static void pictures(void **state)
{
    (void)state;
    const zg_view_opts opts = {.title = NASTY};
    size_t len, again, dark = 0, light = 0;
    char *text = map_text(16, 5, NASTY);
    zagg_shardmap *map = parse(text);
    char *png = drawn(map, &opts, zg_view_png, &len);
    char *second = drawn(map, &opts, zg_view_png, &again);
    assert_int_equal(len, again);
    assert_memory_equal(png, second, len);
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_memory(&image, png, len) != 0);
    image.format = PNG_FORMAT_RGB;
    assert_true(image.width == 1200 && image.height == 900);
    uint8_t *pixels = zg_alloc(PNG_IMAGE_SIZE(image), 1);
    assert_non_null(pixels);
    assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL) != 0);
    for (size_t i = 0; i < (size_t)1200 * 900; i++) {
        dark += memcmp(pixels + 3 * i, zg_ramp[0], 3) == 0;
        light += memcmp(pixels + 3 * i, zg_ramp[ZG_RAMP_STOPS - 1], 3) == 0;
    }
    /* the shards with the fewest and most granules, and the ends of the legend */
    assert_true(dark > 1000 && light > 1000);
    zg_free(pixels);
    zagg_shardmap_free(map);
    free(second);
    free(png);
    zg_free(text);
}

static void full_disk(void **state)
{
    (void)state;
    static const writer WRITERS[] = {zg_view_html, zg_view_png};
    const zg_view_opts opts = {.title = NULL};
    char *text = map_text(3, 5, "g");
    zagg_shardmap *map = parse(text);
    for (size_t i = 0; i < 2; i++) {
        zg_scene *scene = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        FILE *file = fopen("/dev/full", "wb");
        assert_non_null(file);
        setvbuf(file, NULL, _IONBF, 0);
        assert_int_equal(zg_view_shardmap(map, &opts, &scene, &err), ZAGG_OK);
        assert_int_equal(WRITERS[i](scene, file, &err), ZAGG_EIO);
        assert_non_null(strstr(err.msg, "No space left on device"));
        fclose(file);
        zg_scene_free(scene);
    }
    zagg_shardmap_free(map);
    zg_free(text);
}

static void without_memory(void **state)
{
    (void)state;
    static const writer WRITERS[] = {zg_view_html, zg_view_png};
    const double lon[] = {0, 50, 50}, lat[] = {0, 0, 50};
    const zagg_ring ring = {lat, lon, 3};
    const zagg_shape_part part = {ZAGG_SHAPE_POLYGON, &ring, 1};
    const zagg_shape aoi = {&part, 1};
    const zg_view_opts opts = {.aoi = &aoi};
    char *text = map_text(6, 5, "g");
    zagg_shardmap *map = parse(text);
    for (size_t i = 0; i < 2; i++) {
        bool done = false;
        int64_t nth = 0;
        while (!done) {
            zg_scene *scene = NULL;
            zagg_err err = ZAGG_ERR_INIT;
            FILE *file = fopen("/dev/null", "wb");
            assert_non_null(file);
            zg_alloc_fail_nth(++nth);
            zagg_status status = zg_view_shardmap(map, &opts, &scene, &err);
            if (status == ZAGG_OK)
                status = WRITERS[i](scene, file, &err);
            zg_alloc_fail_nth(0);
            done = status == ZAGG_OK;
            if (!done && status != ZAGG_ENOMEM)
                fail_msg("refusal %lld gives %d: %s", (long long)nth, (int)status,
                         err.msg);
            zg_scene_free(scene);
            fclose(file);
        }
        print_message("%lld allocations refused\n", (long long)nth - 1);
        assert_true(nth > 10);
    }
    zagg_shardmap_free(map);
    zg_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_cannot_leave), cmocka_unit_test(members_and_values),
        cmocka_unit_test(too_many_shards),    cmocka_unit_test(maps_without_a_place),
        cmocka_unit_test(pictures),           cmocka_unit_test(full_disk),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
